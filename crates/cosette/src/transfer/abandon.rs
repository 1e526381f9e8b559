//! Giving a job up: what it left half-way at the service is removed. What it did stays done.

use super::entry::Work;
use super::job::Job;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Missing};

impl Job {
    /// Aborts the uploads that earlier runs left, which nobody will go on with. The job's folder stays
    /// for whoever made it to remove.
    ///
    /// # Errors
    /// What the service said of an upload that is there and cannot be aborted;
    /// [`ErrorKind::Damaged`] when the plan is not as it was written.
    pub async fn abandon(mut self, client: &Client) -> Result<(), Error> {
        while let Some((number, entry)) = self.plan.next_entry()? {
            let Some(open) = self.replayed.standing(number).upload else {
                continue;
            };
            let (Work::Copy { target, .. }
            | Work::Move { target, .. }
            | Work::Mark { target, .. }
            | Work::Upload { target, .. }) = &entry.work
            else {
                continue;
            };
            let call = client.multipart_abort();
            let mut call = call.bucket(&target.bucket).key(&target.key);
            if let Some(region) = &target.region {
                call = call.region(region);
            }
            match call.upload_id(&open.upload_id).send().await {
                Err(error) if error.kind() != ErrorKind::NotFound(Missing::Upload) => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(())
    }
}
