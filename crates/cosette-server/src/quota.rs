//! How much one account or one bucket may hold of what costs every listing: buckets, unfinished
//! uploads.
//!
//! The store keeps no counters, for a counter is a row that everybody writes. So what is known here
//! is an upper bound in memory: it grows with each new one, and only when it reaches the limit is
//! counted anew what is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cosette_proto::ErrorCode;
use cosette_store::{BucketFilter, ListUploads, Store};
use cosette_types::{BucketName, Owner};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

use crate::error::Error;
use crate::limits::Limits;

/// Uploads counted at once.
const PAGE: usize = 1000;

/// The bounds, and what is known of the numbers.
#[derive(Debug)]
pub(crate) struct Quotas {
    uploads_max: u64,
    buckets_max: u64,
    uploads: Mutex<HashMap<BucketName, Arc<Uploads>>>,
    /// Buckets are made one after the other, so that two cannot both be the last one allowed.
    making: AsyncMutex<()>,
}

/// What is known of one bucket's unfinished uploads.
#[derive(Debug, Default)]
struct Uploads(AsyncMutex<Bound>);

#[derive(Debug, Default)]
struct Bound {
    /// At most so many are there; `None` before the first count.
    there: Option<u64>,
    /// So many more are being begun, and may be missing in a count.
    beginning: Arc<()>,
}

/// The right to begin one more upload.
#[derive(Debug)]
pub(crate) struct Beginning {
    _one: Arc<()>,
}

impl Quotas {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            uploads_max: limits.uploads_per_bucket_max,
            buckets_max: limits.buckets_per_account_max,
            uploads: Mutex::default(),
            making: AsyncMutex::new(()),
        }
    }

    /// Whether one more upload may begin in a bucket. Kept until it has.
    ///
    /// # Errors
    /// `SlowDown` when there are too many.
    pub(crate) async fn upload(
        &self,
        store: &Store,
        bucket: &BucketName,
    ) -> Result<Beginning, Error> {
        let uploads = {
            let mut known = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(bucket.clone()).or_default())
        };
        let mut bound = uploads.0.lock().await;
        let there = match bound.there {
            Some(there) if there < self.uploads_max => there,
            _ => {
                // One of them is the bound's own.
                let beginning = Arc::strong_count(&bound.beginning) as u64 - 1;
                self.count(store, bucket).await? + beginning
            }
        };
        if there >= self.uploads_max {
            bound.there = Some(there);
            let words = format!(
                "Bucket {bucket} has {} unfinished uploads: complete or abort some.",
                self.uploads_max
            );
            return Err(Error::with(ErrorCode::SlowDown, words));
        }
        bound.there = Some(there + 1);
        Ok(Beginning {
            _one: Arc::clone(&bound.beginning),
        })
    }

    async fn count(&self, store: &Store, bucket: &BucketName) -> Result<u64, Error> {
        let mut count = 0;
        let mut request = ListUploads {
            limit: PAGE,
            ..ListUploads::default()
        };
        while count < self.uploads_max {
            let page = store.list_uploads(bucket, &request).await?;
            count += page.uploads.len() as u64;
            match page.next_key_marker {
                Some(marker) => request.key_marker = marker,
                None => break,
            }
            request.upload_id_marker = page.next_upload_id_marker;
        }
        Ok(count)
    }

    /// Whether an account may make one more bucket. Kept until it has.
    ///
    /// # Errors
    /// `TooManyBuckets`.
    pub(crate) async fn bucket(
        &self,
        store: &Store,
        owner: &Owner,
    ) -> Result<MutexGuard<'_, ()>, Error> {
        let turn = self.making.lock().await;
        let most = usize::try_from(self.buckets_max).unwrap_or(usize::MAX);
        let own = BucketFilter {
            owner_uin: Some(owner.owner_uin().to_owned()),
            region: None,
            marker: None,
            limit: most,
        };
        if store.buckets(&own).await?.buckets.len() >= most {
            let words =
                format!("This account has {most} buckets, which is as many as it may have.");
            return Err(Error::with(ErrorCode::TooManyBuckets, words));
        }
        Ok(turn)
    }
}
