//! Entries one of whose ends is a local file.

use std::path::Path;
use std::time::UNIX_EPOCH;

use cosette_proto::ops::ObjectReply;
use cosette_types::{Crc64, Metadata, Region, Timestamp};

use super::{Halt, Made, Task, is_encrypted_as, is_gone, local, of_source, unchanged};
use crate::body::Body;
use crate::client::Client;
use crate::download::Known;
use crate::error::{Error, ErrorKind};
use crate::proof::Proof;
use crate::reply::Output;
use crate::transfer::entry::{Place, WantedAcl};
use crate::transfer::event::{Event, Strategy};
use crate::transfer::journal::{Copied, OpenUpload, Skip};
use crate::upload::Uploaded;

/// Up to this size an object is read in one request, without being looked at before.
const SMALL_BYTES: u64 = 8 << 20;

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
                // From the first look at the file on: threads that wait for the disk are memory, too.
                let _streaming = self.worker.files.acquire().await.ok();
                let before = match self.unchanged_file(source).await {
                    Ok(before) => before,
                    Err(halt) => {
                        // Nobody goes on with what an earlier run sent of it.
                        self.drop_upload(target).await?;
                        return Err(halt);
                    }
                };
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
        let words = "the file is not the one that the plan saw";
        let error = Error::new(ErrorKind::PreconditionFailed, words);
        Err(error.about(&source.display().to_string()).into())
    }

    async fn send_file(&self, source: &Path, target: &Place) -> Result<Copied, Halt> {
        let earlier = self.standing.upload.as_ref();
        let stored = match self.store_file(source, target, earlier).await {
            // The upload of the earlier run is no longer there, or was completed by it.
            Err(error) if earlier.is_some() && is_gone(&error) => {
                match self.sent_before(source, target).await? {
                    Some(stored) => stored,
                    None => {
                        self.tracker().gone().await.map_err(Halt::Journal)?;
                        self.store_file(source, target, None).await?
                    }
                }
            }
            stored => stored?,
        };
        let entry = self.number;
        if stored.resumed_bytes > 0 {
            self.tell(&Event::Resumed {
                entry,
                bytes: stored.resumed_bytes,
                started_over: false,
            });
        }
        self.tell(&Event::Strategy {
            entry,
            strategy: Strategy::Streamed,
        });
        let copied = Copied {
            etag: Some(stored.etag.clone()),
            crc64: Some(stored.crc64),
            version_id: stored.version_id.clone(),
            source_etag: None,
            source_version_id: None,
            source_modified: None,
        };
        let stored = Box::new(stored);
        self.tell(&Event::Uploaded { entry, stored });
        Ok(copied)
    }

    /// Whether the target has the bytes of the file and is what it shall be: then an earlier run
    /// completed its upload, and the answer was lost with that run.
    async fn sent_before(
        &self,
        source: &Path,
        target: &Place,
    ) -> Result<Option<Output<Uploaded>>, Halt> {
        let key = self.keys.target.as_ref();
        let there = match self.head(self.worker.target, target, key).await {
            Ok(there) => there,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let metadata = self.wanted.metadata.of(&Metadata::default());
        let class = self.wanted.storage_class.unwrap_or_default();
        let alike = there.size() == self.entry.seen.size
            && there.etag.part_count().is_some()
            && there.storage_class == class
            && is_encrypted_as(&there, self.keys.asked.as_ref())
            && metadata.is_ok_and(|metadata| {
                let mut found = there.metadata.clone();
                // Without a wish the service chooses one.
                if metadata.content.content_type.is_none() {
                    found.content.content_type = None;
                }
                metadata == found
            });
        let Some(crc64) = there.crc64.filter(|_| alike) else {
            return Ok(None);
        };
        let sums = Body::file(source).await?.sums(false);
        let same = sums.await?.crc64 == crc64;
        tracing::debug!(%target, same, "an upload of an earlier run is gone");
        Ok(same.then(|| there.map(|object| self.uploaded_before(object, target, crc64))))
    }

    /// The object that an earlier run made of the file.
    fn uploaded_before(&self, object: ObjectReply, target: &Place, crc64: Crc64) -> Uploaded {
        let client = self.worker.target;
        let region = target.region.as_ref().or(client.region());
        let location = |region: &Region| {
            let endpoint = client.endpoint();
            endpoint.location(&target.bucket, region, &target.key)
        };
        let size = object.size();
        Uploaded {
            location: region.map(location).unwrap_or_default(),
            bucket: target.bucket.clone(),
            key: target.key.clone(),
            parts: usize::try_from(object.etag.part_count().unwrap_or_default())
                .unwrap_or_default(),
            etag: object.etag,
            version_id: object.version_id.filter(|id| !id.is_null()),
            crc64,
            size,
            proof: Proof::Crc64,
            resumed_bytes: size,
        }
    }

    /// Stores the file; with an upload of an earlier run, whose parts are compared with the file's.
    async fn store_file(
        &self,
        source: &Path,
        target: &Place,
        earlier: Option<&OpenUpload>,
    ) -> Result<Output<Uploaded>, Error> {
        let mut call = self.worker.target.upload().file(source);
        call.draft.context.region.clone_from(&target.region);
        let metadata = self.wanted.metadata.of(&Metadata::default());
        let plan = &mut call.plan;
        plan.bucket = Some(target.bucket.clone());
        plan.key = Some(target.key.clone());
        plan.metadata = metadata.map_err(|why| Error::invalid("metadata", why))?;
        plan.storage_class = self.wanted.storage_class;
        plan.encryption.clone_from(&self.keys.asked);
        plan.forbid_overwrite = Some(self.wanted.forbid_overwrite);
        plan.part_size = self.worker.settings.part_size;
        plan.parallel = self.worker.settings.parallel_parts;
        if let Some(open) = earlier {
            plan.part_size = Some(open.part_bytes);
            plan.resume = Some(open.upload_id.clone());
        }
        plan.tracker = Some(self.tracker());
        plan.report = self.report();
        if let WantedAcl::Set(acl) = &self.wanted.acl {
            plan.acl = acl.clone();
        }
        call.send().await
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
        let _streaming = self.worker.files.acquire().await.ok();
        if self.wanted.forbid_overwrite
            && tokio::fs::try_exists(target)
                .await
                .map_err(|why| local(target, why))?
        {
            return Err(Halt::Skip(Skip::TargetExists));
        }
        let client = self.worker.source;
        if let Some(folder) = target.parent() {
            let made = tokio::fs::create_dir_all(folder).await;
            made.map_err(|why| local(folder, why))?;
        }
        let known = self.known(client, source).await?;
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
        if let Some(key) = &self.keys.source {
            call = call.customer_key(key.clone());
        }
        let call = call.reporting(self.report()).knowing(known);
        let got = call.resumable(true).to_file(target).await?;
        let copied = of_source(&got);
        if got.resumed_bytes > 0 || got.started_over {
            self.tell(&Event::Resumed {
                entry: self.number,
                bytes: got.resumed_bytes,
                started_over: got.started_over,
            });
        }
        self.tell(&Event::Proved {
            entry: self.number,
            proof: got.proof,
        });
        self.tell(&Event::Strategy {
            entry: self.number,
            strategy: Strategy::Streamed,
        });
        Ok(Copied {
            crc64: got.crc64,
            ..copied
        })
    }

    /// What is known of the source before it is read: as the plan saw it where its tag pins that,
    /// which saves looking at each of many small objects.
    async fn known(&self, client: &Client, source: &Place) -> Result<Known, Error> {
        let seen = &self.entry.seen;
        let part = self.worker.settings.part_size;
        let small = seen.size <= part.unwrap_or(SMALL_BYTES).min(SMALL_BYTES);
        if let Some(etag) = seen.etag.clone().filter(|_| small) {
            let (seen, place, size) = (seen.clone(), source.clone(), seen.size);
            return Ok(Known::Seen {
                etag,
                size,
                check: Box::new(move |found| unchanged(&seen, found, &place)),
            });
        }
        let key = self.keys.source.as_ref();
        let found = self.head(client, source, key).await?;
        unchanged(seen, &found, source)?;
        Ok(Known::Found(Box::new(found)))
    }
}
