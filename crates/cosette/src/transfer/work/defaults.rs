//! How buckets encrypt what nobody says anything of: asked once for each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cosette_types::BucketName;
use tokio::sync::OnceCell;

use super::Task;
use crate::transfer::entry::Place;

/// What is known of buckets. A job has targets in few of them.
#[derive(Debug, Default)]
pub(crate) struct Defaults(Mutex<HashMap<BucketName, Arc<OnceCell<bool>>>>);

impl Defaults {
    fn of(&self, bucket: &BucketName) -> Arc<OnceCell<bool>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(bucket.clone()).or_default().clone()
    }
}

impl Task<'_> {
    /// Whether everything in the target's bucket is encrypted with a key of the service anyway. Then it
    /// makes no difference whether a source that no customer's key opens is encrypted. Who may not ask
    /// looks at each source.
    pub(super) async fn encrypts_by_default(&self, target: &Place) -> bool {
        let ask = async || {
            let client = self.worker.target;
            let mut call = client.get_bucket_encryption().bucket(&target.bucket);
            if let Some(region) = &target.region {
                call = call.region(region);
            }
            call.send().await.is_ok()
        };
        *self
            .worker
            .defaults
            .of(&target.bucket)
            .get_or_init(ask)
            .await
    }
}
