//! One entry, from where the journal says it stands to its end.

use cosette_types::{CopySource, ETag, Timestamp, VersionId};

use super::engine::Settings;
use super::entry::{Entry, Place, Seen, Wanted, WantedAcl, WantedMetadata, Work};
use super::event::Event;
use super::journal::{Copied, Failure, Recorder, Skip, Standing, Step};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Missing};
use crate::{Directive, ObjectReply, Output};

/// How an entry ended.
#[derive(Debug)]
pub(super) enum Finish {
    Done,
    Skipped(Skip),
    Failed(Failure),
}

/// Why an entry does not go on.
enum Halt {
    /// It is left alone.
    Skip(Skip),
    /// It failed; the target may be there.
    Fail(Error, bool),
    /// The journal cannot be written: nothing may go on.
    Journal(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Fail(error, false)
    }
}

/// Carries entries out.
pub(super) struct Worker<'a> {
    source: &'a Client,
    target: &'a Client,
    settings: &'a Settings,
    recorder: &'a Recorder,
    listener: &'a (dyn Fn(&Event) + Send + Sync),
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        source: Option<&'a Client>,
        target: &'a Client,
        settings: &'a Settings,
        recorder: &'a Recorder,
        listener: &'a (dyn Fn(&Event) + Send + Sync),
    ) -> Self {
        Self {
            source: source.unwrap_or(target),
            target,
            settings,
            recorder,
            listener,
        }
    }

    /// # Errors
    /// When the journal cannot be written any more.
    pub(super) async fn perform(
        &self,
        number: u64,
        entry: &Entry,
        wanted: &Wanted,
        standing: Standing,
    ) -> Result<Finish, Error> {
        (self.listener)(&Event::Started {
            entry: number,
            work: entry.work.name(),
            source: entry.subject(),
            target: entry.target(),
            size: entry.seen.size,
        });
        let (finish, step) = match self.steps(number, entry, wanted, standing).await {
            Ok(()) => (Finish::Done, Step::Done),
            Err(Halt::Skip(why)) => (Finish::Skipped(why), Step::Skipped { why }),
            Err(Halt::Fail(error, copied)) => {
                let failure = Failure::of(&error, copied);
                (Finish::Failed(failure.clone()), Step::Failed(failure))
            }
            Err(Halt::Journal(error)) => return Err(error),
        };
        self.recorder.note(number, &step).await?;
        Ok(finish)
    }

    async fn steps(
        &self,
        number: u64,
        entry: &Entry,
        wanted: &Wanted,
        standing: Standing,
    ) -> Result<(), Halt> {
        match &entry.work {
            Work::Copy { source, target } => {
                if standing.verified.is_none() {
                    self.copy(source, target, &entry.seen, wanted).await?;
                }
                Ok(())
            }
            Work::Move { source, target } => {
                self.move_object(number, (source, target), entry, wanted, standing)
                    .await
            }
            Work::Delete { source } => self.delete(source, &entry.seen).await,
            Work::Upload { .. } | Work::Download { .. } => Err(Error::new(
                ErrorKind::Invalid,
                "this version carries out copies, moves and removals only",
            )
            .into()),
        }
    }

    async fn move_object(
        &self,
        number: u64,
        (source, target): (&Place, &Place),
        entry: &Entry,
        wanted: &Wanted,
        standing: Standing,
    ) -> Result<(), Halt> {
        if (&source.bucket, &source.key) == (&target.bucket, &target.key) {
            let words = "source and target are one object: moving it would delete it";
            return Err(Error::invalid("target", words).into());
        }
        if standing.source_deleted {
            return Ok(());
        }
        let (copied, resumed) = match standing.verified {
            Some(copied) => (copied, true),
            None => {
                let copied = self.copy(source, target, &entry.seen, wanted).await?;
                let step = Step::Verified(copied);
                self.recorder
                    .settle(number, &step)
                    .await
                    .map_err(Halt::Journal)?;
                let Step::Verified(copied) = step else {
                    return Ok(());
                };
                (copied, false)
            }
        };
        let kept = |error: Error| Halt::Fail(error, true);
        match self.head(self.source, source).await {
            Ok(now) if is_what_was_copied(&now, &copied) => {}
            Ok(_) => {
                let words = "the source was written after it was copied; both are kept";
                return Err(kept(
                    Error::new(ErrorKind::PreconditionFailed, words).about(&source.to_string()),
                ));
            }
            // Either an earlier run removed it, or somebody else did: it is not there.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) => {
                return match resumed {
                    true => Ok(()),
                    false => Err(kept(error)),
                };
            }
            Err(error) => return Err(kept(error)),
        }
        self.prove(target, &copied).await.map_err(kept)?;
        self.remove(source).await.map_err(kept)?;
        Ok(())
    }

    async fn copy(
        &self,
        source: &Place,
        target: &Place,
        seen: &Seen,
        wanted: &Wanted,
    ) -> Result<Copied, Halt> {
        let found = self.head(self.source, source).await?;
        unchanged(seen, &found, source)?;
        let mut call = self
            .target
            .slice_copy()
            .bucket(&target.bucket)
            .key(&target.key)
            .copy_source(CopySource {
                bucket: source.bucket.clone(),
                region: source.region.clone(),
                key: source.key.clone(),
                version_id: source.version_id.clone(),
            })
            .copy_source_if_match(&found.etag)
            .storage_class(wanted.storage_class.unwrap_or(found.storage_class))
            .forbid_overwrite(wanted.forbid_overwrite);
        if let Some(region) = &target.region {
            call = call.region(region);
        }
        if wanted.metadata != WantedMetadata::Keep {
            let metadata = wanted.metadata.of(&found.metadata);
            let metadata = metadata.map_err(|why| Error::invalid("metadata", why))?;
            call = call
                .metadata_directive(Directive::Replaced)
                .metadata(metadata);
        }
        if let WantedAcl::Set(acl) = &wanted.acl {
            call.plan.acl = acl.clone();
        }
        if let Some(bytes) = self.settings.part_size {
            call = call.chunk_size(bytes);
        }
        if let Some(bytes) = self.settings.slice_size {
            call = call.slice_size(bytes);
        }
        let made = match call.send().await {
            Ok(made) => made,
            Err(error) if error.code() == Some("FileAlreadyExists") => {
                return Err(Halt::Skip(Skip::TargetExists));
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Copied {
            etag: Some(made.etag.clone()),
            crc64: made.crc64,
            version_id: made.version_id.clone(),
            source_etag: Some(found.etag.clone()),
            source_version_id: found.version_id.clone(),
            source_modified: Some(found.last_modified),
        })
    }

    async fn delete(&self, source: &Place, seen: &Seen) -> Result<(), Halt> {
        match self.head(self.source, source).await {
            Ok(found) => unchanged(seen, &found, source)?,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound(Missing::Key)) => {
                return Err(Halt::Skip(Skip::SourceGone));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(self.remove(source).await?)
    }

    async fn remove(&self, source: &Place) -> Result<(), Error> {
        let mut call = self
            .source
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

    async fn prove(&self, target: &Place, copied: &Copied) -> Result<(), Error> {
        let mut place = target.clone();
        place.version_id.clone_from(&copied.version_id);
        let found = self.head(self.target, &place).await?;
        let same = copied.etag.as_ref().is_none_or(|etag| *etag == found.etag)
            && copied.crc64.is_none_or(|crc| Some(crc) == found.crc64);
        match same {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::Conflict,
                "the target is not the copy any more: somebody wrote to it; the source is kept",
            )
            .about(&target.to_string())),
        }
    }

    async fn head(&self, client: &Client, place: &Place) -> Result<Output<ObjectReply>, Error> {
        let mut call = client.head_object().bucket(&place.bucket).key(&place.key);
        if let Some(region) = &place.region {
            call = call.region(region);
        }
        if let Some(version) = &place.version_id {
            call = call.version_id(version);
        }
        call.send().await
    }
}

/// Whether the source is the one that the plan saw.
fn unchanged(seen: &Seen, found: &ObjectReply, place: &Place) -> Result<(), Error> {
    fn same<T: PartialEq>(seen: Option<&T>, found: Option<&T>) -> bool {
        seen.is_none_or(|seen| found == Some(seen))
    }
    let date = |time: Option<Timestamp>| time.map(|time| time.secs());
    let whole = same::<ETag>(seen.etag.as_ref(), Some(&found.etag))
        && same(seen.crc64.as_ref(), found.crc64.as_ref())
        && same(
            date(seen.last_modified).as_ref(),
            Some(&found.last_modified.secs()),
        )
        && same::<VersionId>(seen.version_id.as_ref(), found.version_id.as_ref())
        && (seen.etag.is_none() || seen.size == found.size());
    match whole {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::PreconditionFailed,
            "the source is not the one that the plan saw; nothing was changed",
        )
        .about(&place.to_string())),
    }
}

fn is_what_was_copied(now: &ObjectReply, copied: &Copied) -> bool {
    copied.source_etag.as_ref() == Some(&now.etag)
        && copied.source_modified == Some(now.last_modified)
        && copied.source_version_id == now.version_id
}
