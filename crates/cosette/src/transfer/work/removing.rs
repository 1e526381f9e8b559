//! Removing: of sources whose copy is proved, and of what a plan removes.
//!
//! Where the service judges the condition itself, nothing that was not seen can be removed. Elsewhere
//! the object is looked at right before.

use cosette_types::{ETag, Timestamp};

use super::{Halt, Made, Task, files, is_what_was_copied, unchanged};
use crate::error::{Error, ErrorKind, Missing};
use crate::remove::{self, Removal, Sight};
use crate::send::Context;
use crate::transfer::entry::Place;
use crate::transfer::journal::{Copied, Skip};

impl Task<'_> {
    /// Removes a source whose copy is proved, if it is still what was copied and the copy is still
    /// there.
    pub(super) async fn remove_copied(
        &self,
        source: &Place,
        made: Made<'_>,
        copied: &Copied,
        resumed: bool,
    ) -> Result<(), Halt> {
        let kept = |error: Error| Halt::Fail(error, true);
        if let Some(etag) = self.judged_by_the_service(copied.source_etag.as_ref()) {
            if let Err(error) = self.prove(made, copied).await {
                // An earlier run removed the source: what became of its copy since is not our matter.
                let now = self.head(self.worker.source, source, self.keys.source.as_ref());
                let now = now.await;
                let gone = now.is_err_and(|why| matches!(why.kind(), ErrorKind::NotFound(_)));
                return if resumed && gone {
                    Ok(())
                } else {
                    Err(kept(error))
                };
            }
            let removal = self.remove_seen(source, etag, copied.source_modified);
            return match removal.await.map_err(kept)? {
                Removal::Done(_) => Ok(()),
                Removal::Changed => Err(kept(written_meanwhile(source))),
                // An earlier run removed it, or somebody else did since: its copy is all there is.
                Removal::Missing if resumed => Ok(()),
                Removal::Missing => Err(kept(gone_meanwhile(source))),
            };
        }
        let (now, proved) = futures_util::future::join(
            self.head(self.worker.source, source, self.keys.source.as_ref()),
            self.prove(made, copied),
        )
        .await;
        match now {
            Ok(now) if is_what_was_copied(&now, copied) => {}
            Ok(_) => return Err(kept(written_meanwhile(source))),
            // An earlier run removed it, or somebody else did since: its copy is all there is.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) && resumed => {
                return Ok(());
            }
            Err(error) => return Err(kept(error)),
        }
        proved.map_err(kept)?;
        self.remove(source).await.map_err(kept)
    }

    pub(super) async fn delete(&self, source: &Place) -> Result<(), Halt> {
        let seen = &self.entry.seen;
        if let Some(etag) = self.judged_by_the_service(seen.etag.as_ref()) {
            return match self.remove_seen(source, etag, seen.last_modified).await? {
                Removal::Done(_) => Ok(()),
                Removal::Missing => Err(Halt::Skip(Skip::SourceGone)),
                Removal::Changed => Err(another(source).into()),
            };
        }
        // What is removed at a target is encrypted as targets are.
        let key = self.keys.source.as_ref().or(self.keys.target.as_ref());
        match self.head(self.worker.source, source, key).await {
            Ok(found) => unchanged(&self.entry.seen, &found, source)?,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound(Missing::Key | Missing::Version)
                ) =>
            {
                return Err(Halt::Skip(Skip::SourceGone));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(self.remove(source).await?)
    }

    /// The tag by which the service itself tells what to remove, where it can.
    fn judged_by_the_service<'a>(&self, etag: Option<&'a ETag>) -> Option<&'a ETag> {
        etag.filter(|_| self.worker.able.conditional_delete)
    }

    async fn remove_seen(
        &self,
        source: &Place,
        etag: &ETag,
        modified: Option<Timestamp>,
    ) -> Result<Removal, Error> {
        let context = Context {
            region: source.region.clone(),
            ..Context::default()
        };
        let seen = Sight {
            bucket: &source.bucket,
            key: &source.key,
            version_id: source.version_id.as_ref(),
            etag,
            modified,
            customer_key: self.keys.source.as_ref(),
        };
        remove::remove_seen(self.worker.source, &context, seen).await
    }

    pub(super) async fn remove(&self, source: &Place) -> Result<(), Error> {
        let client = self.worker.source;
        let mut call = client
            .delete_object()
            .bucket(&source.bucket)
            .key(&source.key);
        if let Some(region) = &source.region {
            call = call.region(region);
        }
        if let Some(version) = &source.version_id {
            call = call.version_id(version);
        }
        call.send().await.map(|_| ())
    }

    /// What was made is still the copy.
    pub(super) async fn prove(&self, made: Made<'_>, copied: &Copied) -> Result<(), Error> {
        let target = match made {
            Made::Object(target) => target,
            Made::File(path) => {
                files::prove(path, self.entry.seen.size).await?;
                // What the download synced is its bytes, but not yet the names that lead to them.
                return self.worker.names.sync_to(path).await;
            }
        };
        let mut place = target.clone();
        place.version_id.clone_from(&copied.version_id);
        let key = self.keys.target.as_ref();
        let found = self.head(self.worker.target, &place, key).await?;
        let same = copied.etag.as_ref().is_none_or(|etag| *etag == found.etag)
            && copied
                .crc64
                .zip(found.crc64)
                .is_none_or(|(wanted, is)| wanted == is);
        if same {
            return Ok(());
        }
        let words = "the target is not the copy any more: somebody wrote to it; the source is kept";
        Err(Error::new(ErrorKind::Conflict, words).about(&target.to_string()))
    }
}

/// A source that is another one than was copied.
fn written_meanwhile(source: &Place) -> Error {
    let words = "the source was written after it was copied; both are kept";
    Error::new(ErrorKind::PreconditionFailed, words).about(&source.to_string())
}

/// A source that somebody else removed.
fn gone_meanwhile(source: &Place) -> Error {
    let words = "somebody else removed the source after it was copied";
    Error::new(ErrorKind::NotFound(Missing::Key), words).about(&source.to_string())
}

/// A source that is another one than the plan saw.
fn another(source: &Place) -> Error {
    let words = "the source is not the one that the plan saw";
    Error::new(ErrorKind::PreconditionFailed, words).about(&source.to_string())
}
