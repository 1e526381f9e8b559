//! Delete markers of a history: one is made at the target, and the one at the source is removed.

use super::{Halt, Task};
use crate::VersioningStatus;
use crate::error::{Error, ErrorKind};
use crate::transfer::entry::Place;
use crate::transfer::journal::{Copied, Step};

impl Task<'_> {
    /// A run that ends before its journal has the marker leaves one that the next run makes again: a
    /// key that is marked twice is as absent as one that is marked once.
    pub(super) async fn mark(
        &self,
        source: &Place,
        target: &Place,
        remove_source: bool,
    ) -> Result<(), Halt> {
        if source.version_id.is_none() {
            // Without a version, removing it would make another one.
            let words = "a delete marker is named by its version";
            return Err(Error::invalid("source", words)
                .about(&source.to_string())
                .into());
        }
        if self.standing.source_deleted {
            return Ok(());
        }
        if self.standing.verified.is_none() {
            self.keeps_versions(target).await?;
            let made = Copied {
                etag: None,
                crc64: None,
                version_id: self.make_marker(target).await?,
                source_etag: None,
                source_version_id: source.version_id.clone(),
                source_modified: self.entry.seen.last_modified,
            };
            let step = Step::Verified(made);
            let settled = self.worker.recorder.settle(self.number, &step).await;
            settled.map_err(Halt::Journal)?;
        }
        if remove_source {
            let removed = self.remove(source).await;
            removed.map_err(|error| Halt::Fail(error, true))?;
        }
        Ok(())
    }

    /// Where no versions are kept, a delete takes the object itself.
    async fn keeps_versions(&self, target: &Place) -> Result<(), Error> {
        let mut call = self
            .worker
            .target
            .get_bucket_versioning()
            .bucket(&target.bucket);
        if let Some(region) = &target.region {
            call = call.region(region);
        }
        if call.send().await?.value == Some(VersioningStatus::Enabled) {
            return Ok(());
        }
        let words =
            "the target's bucket keeps no versions: a delete marker there would be a delete";
        Err(Error::new(ErrorKind::Conflict, words).about(&target.to_string()))
    }

    async fn make_marker(&self, target: &Place) -> Result<Option<crate::VersionId>, Error> {
        let client = self.worker.target;
        let mut call = client
            .delete_object()
            .bucket(&target.bucket)
            .key(&target.key);
        if let Some(region) = &target.region {
            call = call.region(region);
        }
        Ok(call.send().await?.value.version_id)
    }
}
