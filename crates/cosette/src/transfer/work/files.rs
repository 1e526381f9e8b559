//! Entries one of whose ends is a local file.

use std::path::Path;
use std::time::UNIX_EPOCH;

use cosette_types::{Metadata, Timestamp};

use super::{Halt, Made, Task, is_gone, is_what_was_copied, local, of_source, unchanged};
use crate::error::{Error, ErrorKind};
use crate::transfer::entry::{Place, WantedAcl};
use crate::transfer::event::{Event, Strategy};
use crate::transfer::journal::{Copied, Skip};

/// What a plan can know of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileFacts {
    size: u64,
    modified: Option<Timestamp>,
}

async fn facts(path: &Path) -> std::io::Result<FileFacts> {
    let found = tokio::fs::metadata(path).await?;
    let since = found.modified()?.duration_since(UNIX_EPOCH).ok();
    let micros = since.and_then(|since| u64::try_from(since.as_micros()).ok());
    Ok(FileFacts {
        size: found.len(),
        modified: micros.map(Timestamp::from_micros),
    })
}

/// The file that an object became is still there.
pub(super) async fn prove(path: &Path, size: u64) -> Result<(), Error> {
    match facts(path).await {
        Ok(there) if there.size == size => Ok(()),
        Ok(_) => {
            let words = "the file is not the copy any more; the object is kept";
            let error = Error::new(ErrorKind::Conflict, words);
            Err(error.about(&path.display().to_string()))
        }
        Err(why) => Err(Error::local(&path.display().to_string(), why)),
    }
}

impl Task<'_> {
    pub(super) async fn upload(
        &self,
        source: &Path,
        target: &Place,
        remove: bool,
    ) -> Result<(), Halt> {
        let (copied, before) = match &self.standing.verified {
            Some(copied) => (copied.clone(), None),
            None => {
                let before = self.unchanged_file(source).await?;
                (self.send_file(source, target).await?, Some(before))
            }
        };
        if !remove || self.standing.source_deleted {
            return Ok(());
        }
        if self.standing.verified.is_none() {
            self.settle(&copied).await?;
        }
        let kept = |error: Error| Halt::Fail(error, true);
        let now = match facts(source).await {
            Ok(now) => now,
            // An earlier run removed it.
            Err(why) if why.kind() == std::io::ErrorKind::NotFound && before.is_none() => {
                return Ok(());
            }
            Err(why) => return Err(kept(Error::local(&source.display().to_string(), why))),
        };
        let seen = &self.entry.seen;
        let same = before.is_none_or(|before| before == now)
            && now.size == seen.size
            && (seen.last_modified.is_none() || seen.last_modified == now.modified);
        if !same {
            let words = "the file was written after it was sent; both are kept";
            let error = Error::new(ErrorKind::PreconditionFailed, words);
            return Err(kept(error.about(&source.display().to_string())));
        }
        let made = Made::Object(target);
        self.prove(made, &copied).await.map_err(kept)?;
        tokio::fs::remove_file(source)
            .await
            .map_err(|why| kept(Error::local(&source.display().to_string(), why)))
    }

    /// The file is the one that the plan saw.
    async fn unchanged_file(&self, source: &Path) -> Result<FileFacts, Halt> {
        let now = facts(source).await.map_err(|why| local(source, why))?;
        let seen = &self.entry.seen;
        let moved = seen.last_modified.is_some() && seen.last_modified != now.modified;
        if now.size == seen.size && !moved {
            return Ok(now);
        }
        let words = "the file is not the one that the plan saw; nothing was changed";
        let error = Error::new(ErrorKind::PreconditionFailed, words);
        Err(error.about(&source.display().to_string()).into())
    }

    async fn send_file(&self, source: &Path, target: &Place) -> Result<Copied, Halt> {
        self.drop_earlier_upload(target).await?;
        let _streaming = self.worker.streams.acquire().await.ok();
        let mut call = self.worker.target.upload().file(source);
        call.draft.context.region.clone_from(&target.region);
        let metadata = self.wanted.metadata.of(&Metadata::default());
        let plan = &mut call.plan;
        plan.bucket = Some(target.bucket.clone());
        plan.key = Some(target.key.clone());
        plan.metadata = metadata.map_err(|why| Error::invalid("metadata", why))?;
        plan.storage_class = self.wanted.storage_class;
        plan.forbid_overwrite = Some(self.wanted.forbid_overwrite);
        plan.part_size = self.worker.settings.part_size;
        plan.tracker = Some(self.tracker());
        plan.report = self.report();
        if let WantedAcl::Set(acl) = &self.wanted.acl {
            plan.acl = acl.clone();
        }
        let stored = call.send().await?;
        self.tell(&Event::Strategy {
            entry: self.number,
            strategy: Strategy::Streamed,
        });
        Ok(Copied {
            etag: Some(stored.etag.clone()),
            crc64: Some(stored.crc64),
            version_id: stored.version_id.clone(),
            source_etag: None,
            source_version_id: None,
            source_modified: None,
        })
    }

    /// Parts of a file carry no proof of which bytes they have: an upload that an earlier run left
    /// is removed, not taken up.
    async fn drop_earlier_upload(&self, target: &Place) -> Result<(), Halt> {
        let Some(open) = &self.standing.upload else {
            return Ok(());
        };
        let client = self.worker.target;
        let mut call = client
            .multipart_abort()
            .bucket(&target.bucket)
            .key(&target.key)
            .upload_id(&open.upload_id);
        if let Some(region) = &target.region {
            call = call.region(region);
        }
        match call.send().await {
            Err(error) if !is_gone(&error) => Err(error.into()),
            _ => self.tracker().gone().await.map_err(Halt::Journal),
        }
    }

    pub(super) async fn download(
        &self,
        source: &Place,
        target: &Path,
        remove: bool,
    ) -> Result<(), Halt> {
        let resumed = self.standing.verified.is_some();
        let copied = match &self.standing.verified {
            Some(copied) => copied.clone(),
            None => self.fetch_file(source, target).await?,
        };
        if !remove || self.standing.source_deleted {
            return Ok(());
        }
        if !resumed {
            self.settle(&copied).await?;
        }
        self.remove_copied(source, Made::File(target), &copied, resumed)
            .await
    }

    async fn fetch_file(&self, source: &Place, target: &Path) -> Result<Copied, Halt> {
        if self.wanted.forbid_overwrite
            && tokio::fs::try_exists(target)
                .await
                .map_err(|why| local(target, why))?
        {
            return Err(Halt::Skip(Skip::TargetExists));
        }
        let client = self.worker.source;
        let found = self.head(client, source).await?;
        unchanged(&self.entry.seen, &found, source)?;
        if let Some(folder) = target.parent() {
            let made = tokio::fs::create_dir_all(folder).await;
            made.map_err(|why| local(folder, why))?;
        }
        let _streaming = self.worker.streams.acquire().await.ok();
        let mut call = client.download().bucket(&source.bucket).key(&source.key);
        if let Some(region) = &source.region {
            call = call.region(region);
        }
        if let Some(version) = &source.version_id {
            call = call.version_id(version);
        }
        if let Some(bytes) = self.worker.settings.part_size {
            call = call.part_size(bytes);
        }
        let got = call.reporting(self.report()).to_file(target).await?;
        let copied = of_source(&found);
        if !is_what_was_copied(&got, &copied) {
            let words = "the source was written while it was read";
            let error = Error::new(ErrorKind::PreconditionFailed, words);
            return Err(error.about(&source.to_string()).into());
        }
        self.tell(&Event::Strategy {
            entry: self.number,
            strategy: Strategy::Streamed,
        });
        Ok(Copied {
            crc64: got.crc64,
            ..copied
        })
    }
}
