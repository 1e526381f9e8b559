//! One entry, from where the journal says it stands to its end.
//!
//! The order is always: look at the source and refuse another one than the plan saw; copy what was
//! looked at; prove the copy; write the proof down, durably; look again; only then remove.

use std::path::Path;

use cosette_proto::fields::EncryptedWith;
use cosette_proto::ops::GetAclReply;
use cosette_types::limits::OBJECT_BYTES_MAX;
use cosette_types::{
    CopySource, CustomerKey, Directive, ETag, Encryption, Metadata, Timestamp, VersionId,
};
use http::HeaderMap;

use super::engine::Settings;
use super::entry::{Entry, Place, Seen, Wanted, WantedAcl, WantedMetadata, WantedTags, Work};
use super::event::Event;
use super::journal::{Copied, Failure, OpenUpload, Recorder, Skip, Standing, Step, Tracker};
use super::keys::Keys;
use super::limits;
use super::names::Names;
use crate::client::Client;
use crate::copier::Copier;
use crate::error::{Error, ErrorKind, Missing};
use crate::progress::Report;
use crate::proof::{self, Proof};
use crate::slice_copy::SliceCopied;
use crate::{ObjectReply, ObjectType, Output};

mod defaults;
mod files;
mod marking;
mod removing;
mod rename;

pub(super) use defaults::Defaults;

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
        match error.code() {
            Some("FileAlreadyExists") => Self::Skip(Skip::TargetExists),
            _ => Self::Fail(error, false),
        }
    }
}

/// What is told of an entry while it is under way.
pub(super) type Listener = std::sync::Arc<dyn Fn(&Event) + Send + Sync>;

/// Carries entries out.
pub(super) struct Worker<'a> {
    pub(super) source: &'a Client,
    pub(super) target: &'a Client,
    pub(super) settings: &'a Settings,
    pub(super) recorder: &'a Recorder,
    pub(super) listener: &'a Listener,
    /// Unlike that of any other job.
    pub(super) token: &'a str,
    /// Whether an earlier run may have done what its journal does not say.
    pub(super) carried_on: bool,
    /// At most so many entries stream at a time: each has parts in memory.
    pub(super) streams: &'a tokio::sync::Semaphore,
    /// The same for entries whose one end is a file: each has small buffers in memory.
    pub(super) files: &'a tokio::sync::Semaphore,
    /// Of files that objects became.
    pub(super) names: &'a Names,
    /// How buckets encrypt what nobody says anything of.
    pub(super) defaults: &'a Defaults,
    pub(super) able: Able,
}

/// What the services can beyond COS that entries use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Able {
    /// The target's: another key in one request.
    pub(super) rename: bool,
    /// The target's: a rename that says which ACL the target has.
    pub(super) rename_acl: bool,
    /// The target's: a copy in one request, whatever the size.
    pub(super) copy_of_any_size: bool,
    /// The target's: a copy that keeps its source's encryption unseen.
    pub(super) copy_encryption: bool,
    /// The source's: a delete of what was seen and of nothing else.
    pub(super) conditional_delete: bool,
}

/// One entry under way.
struct Task<'a> {
    worker: &'a Worker<'a>,
    number: u64,
    entry: &'a Entry,
    wanted: &'a Wanted,
    keys: Keys,
    standing: Standing,
}

/// What a source was copied to.
#[derive(Debug, Clone, Copy)]
enum Made<'a> {
    Object(&'a Place),
    File(&'a Path),
}

impl Worker<'_> {
    /// Whether sources and targets are reached with the same keys at the same service.
    fn is_one_account(&self) -> bool {
        let (source, target) = (self.source, self.target);
        source.endpoint() == target.endpoint() && source.has_keys_of(target)
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
        let run = async {
            let task = Task {
                worker: self,
                number,
                entry,
                wanted,
                keys: Keys::of(wanted, &self.settings.keys)?,
                standing,
            };
            task.run().await
        };
        let (finish, step) = match run.await {
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
}

impl Worker<'_> {
    /// Leaves a version of which an earlier one failed: it would take that one's place.
    pub(super) async fn leave(&self, number: u64, entry: &Entry) -> Result<Finish, Error> {
        let words = "an earlier version of it failed; this one is left, to keep their order";
        let error = Error::new(ErrorKind::Conflict, words).about(&entry.subject());
        let failure = Failure::of(&error, false);
        self.recorder
            .note(number, &Step::Failed(failure.clone()))
            .await?;
        Ok(Finish::Failed(failure))
    }
}

impl Task<'_> {
    async fn run(&self) -> Result<(), Halt> {
        match &self.entry.work {
            Work::Copy { source, target } => match self.standing.verified {
                Some(_) => Ok(()),
                None => self.copy(source, target).await.map(|_| ()),
            },
            Work::Move { source, target } => self.move_object(source, target).await,
            Work::Delete { source } => self.delete(source).await,
            Work::Mark {
                source,
                target,
                remove_source,
            } => self.mark(source, target, *remove_source).await,
            Work::Upload {
                source,
                target,
                remove_source,
            } => self.upload(source, target, *remove_source).await,
            Work::Download {
                source,
                target,
                remove_source,
            } => self.download(source, target, *remove_source).await,
        }
    }

    fn tell(&self, event: &Event) {
        (self.worker.listener)(event);
    }

    /// Bytes that travel, as events.
    fn report(&self) -> Report {
        let (listener, entry) = (self.worker.listener.clone(), self.number);
        let told = std::sync::atomic::AtomicU64::new(0);
        Report::to(move |progress| {
            let before = told.swap(progress.loaded, std::sync::atomic::Ordering::Relaxed);
            let bytes = progress.loaded.saturating_sub(before);
            if bytes > 0 {
                listener(&Event::Advanced { entry, bytes });
            }
        })
    }

    fn tracker(&self) -> Tracker {
        Tracker::new(self.worker.recorder, self.number, self.standing.beginning)
    }

    /// The proof is on the disk when this returns.
    async fn settle(&self, copied: &Copied) -> Result<(), Halt> {
        let step = Step::Verified(copied.clone());
        let settled = self.worker.recorder.settle(self.number, &step).await;
        settled.map_err(Halt::Journal)
    }

    async fn move_object(&self, source: &Place, target: &Place) -> Result<(), Halt> {
        if (&source.bucket, &source.key) == (&target.bucket, &target.key) {
            let words = "source and target are one object: moving it would delete it";
            return Err(Error::invalid("target", words)
                .about(&source.to_string())
                .into());
        }
        if self.standing.source_deleted {
            return Ok(());
        }
        let (copied, resumed) = match &self.standing.verified {
            Some(copied) => (copied.clone(), true),
            None if self.rename(source, target).await? => return Ok(()),
            None => {
                let copied = self.copy(source, target).await?;
                self.settle(&copied).await?;
                (copied, false)
            }
        };
        self.remove_copied(source, Made::Object(target), &copied, resumed)
            .await
    }

    async fn copy(&self, source: &Place, target: &Place) -> Result<Copied, Halt> {
        let mut restarts = 0;
        loop {
            let mut copier = self.copier(source, target)?;
            let assumed = self.as_seen(&copier, target).await;
            let found = match assumed.clone() {
                Some(seen) => {
                    copier.plan.keeps_unseen = self.service_keeps_encryption();
                    seen
                }
                None => {
                    let found = copier.look_at_source().await?;
                    if let Err(error) = unchanged(&self.entry.seen, &found, source) {
                        // Nobody goes on with what an earlier run copied of it.
                        self.drop_upload(target).await?;
                        return Err(error.into());
                    }
                    found
                }
            };
            // An upload that turned out to be gone is not taken up again.
            let resumed = restarts == 0 && self.take_up(&mut copier, &found).await?;
            let acl = copier.acl_to_keep().await?;
            let _streaming = match copier.must_stream() {
                true => self.worker.streams.acquire().await.ok(),
                false => None,
            };
            let made = match copier.copy(&found).await {
                // The upload of the earlier run is no longer there, or was completed by it.
                Err(error) if resumed && is_gone(&error) => {
                    match self.made_before(&copier, &found, source, target).await? {
                        Some(copied) => {
                            // That run may have ended before it gave the copy its ACL.
                            self.give(&copier, acl, copied.version_id.as_ref()).await?;
                            return Ok(copied);
                        }
                        None if restarts < limits::RESTARTS_MAX => {
                            restarts += 1;
                            self.tracker().gone().await.map_err(Halt::Journal)?;
                            continue;
                        }
                        None => return Err(error.into()),
                    }
                }
                made => made?,
            };
            self.give(&copier, acl, made.version_id.as_ref()).await?;
            self.tell(&Event::Strategy {
                entry: self.number,
                strategy: made.strategy,
            });
            let told = match assumed.is_some() {
                // The tag is an MD5, and the copy has the same.
                true => made.etag == found.etag,
                // Else they were compared.
                false => made.crc64.is_some() && found.crc64.is_some(),
            };
            let proof = match (told, assumed.is_some()) {
                (true, true) => Proof::ETag,
                (true, false) => Proof::Crc64,
                (false, _) => {
                    let proved = self.compare_both(&copier, source, &made).await;
                    proved.map_err(|error| Halt::Fail(error, true))?
                }
            };
            self.tell(&Event::Proved {
                entry: self.number,
                proof,
            });
            return Ok(copied(&found, &made));
        }
    }

    /// Gives a copy that was made the ACL that it is to keep, if there is one.
    async fn give(
        &self,
        copier: &Copier,
        acl: Option<GetAclReply>,
        version_id: Option<&VersionId>,
    ) -> Result<(), Halt> {
        match acl {
            Some(acl) => {
                let given = copier.give_acl(acl, version_id).await;
                given.map_err(|error| Halt::Fail(error, true))
            }
            None => Ok(()),
        }
    }

    /// The source as the plan saw it, when that is all a copy needs: the request itself is refused
    /// if the source is another one by then, which saves looking at each of many small objects. Only a
    /// look tells how it is encrypted; it is spared where that makes no difference, and where the service
    /// keeps it by itself.
    async fn as_seen(&self, copier: &Copier, target: &Place) -> Option<Output<ObjectReply>> {
        let seen = &self.entry.seen;
        let etag = seen
            .etag
            .clone()
            .filter(|etag| etag.part_count().is_none())?;
        let slice = copier.slice_size();
        let needs_more = copier.must_stream()
            || copier.reads_for_itself()
            || copier.plan.keep_acl
            || !copier.plan.edits.is_empty()
            || self.standing != Standing::default()
            || seen.size > slice;
        let class = self.wanted.storage_class.or(seen.storage_class)?;
        let last_modified = seen.last_modified?;
        if needs_more || !self.encryption_is_settled(target).await {
            return None;
        }
        Some({
            let object = ObjectReply {
                not_modified: false,
                content_length: seen.size,
                content_range: None,
                etag,
                last_modified,
                metadata: Metadata::default(),
                storage_class: class,
                crc64: seen.crc64,
                version_id: seen.version_id.clone(),
                object_type: ObjectType::Normal,
                restore: None,
                tagging_count: 0,
                encrypted_with: None,
            };
            Output::new(200, HeaderMap::new(), object)
        })
    }

    /// Whether the target gets the encryption that is wanted, however the source turns out to be
    /// encrypted. What a customer's key opens keeps that key: the copy must name it.
    async fn encryption_is_settled(&self, target: &Place) -> bool {
        !self.keys.keep
            || self.service_keeps_encryption()
            || (self.keys.source.is_none() && self.encrypts_by_default(target).await)
    }

    /// Whether the service itself keeps how the source is encrypted, when nobody looked at it.
    fn service_keeps_encryption(&self) -> bool {
        self.keys.keep && self.keys.source.is_none() && self.worker.able.copy_encryption
    }

    /// Looks at both ends: the target has the source's bytes.
    async fn compare_both(
        &self,
        copier: &Copier,
        source: &Place,
        made: &SliceCopied,
    ) -> Result<Proof, Error> {
        let found = copier.look_at_source().await?;
        unchanged(&self.entry.seen, &found, source)?;
        proof::prove(copier, &found, made).await
    }

    fn copier(&self, source: &Place, target: &Place) -> Result<Copier, Error> {
        let Worker {
            source: reader,
            target: client,
            settings,
            able,
            ..
        } = self.worker;
        let mut call = client.slice_copy();
        call.draft.context.region.clone_from(&target.region);
        let plan = &mut call.plan;
        plan.bucket = Some(target.bucket.clone());
        plan.key = Some(target.key.clone());
        plan.source = Some(CopySource {
            bucket: source.bucket.clone(),
            region: source.region.clone(),
            key: source.key.clone(),
            version_id: source.version_id.clone(),
        });
        plan.reader = Some((*reader).clone());
        plan.storage_class = self.wanted.storage_class;
        plan.keep_class = true;
        plan.keep_encryption = self.keys.keep;
        plan.encryption.clone_from(&self.keys.asked);
        plan.source_key.clone_from(&self.keys.source);
        plan.forbid_overwrite = Some(self.wanted.forbid_overwrite);
        let any = able.copy_of_any_size.then_some(OBJECT_BYTES_MAX);
        plan.slice_size = settings.slice_size.or(any);
        plan.chunk_size = settings.part_size;
        match &self.wanted.metadata {
            WantedMetadata::Keep => plan.directive = Some(Directive::Copy),
            WantedMetadata::Replace(metadata) => {
                plan.directive = Some(Directive::Replaced);
                plan.metadata = metadata.clone();
            }
            WantedMetadata::Edit(edits) => plan.edits.clone_from(edits),
        }
        match &self.wanted.acl {
            // One field of an object is changed, and all others are kept.
            WantedAcl::Inherit => {
                let in_place = source.bucket == target.bucket
                    && source.key == target.key
                    && self.worker.is_one_account();
                plan.keep_acl = in_place && matches!(self.wanted.metadata, WantedMetadata::Edit(_));
            }
            WantedAcl::Keep => plan.keep_acl = true,
            WantedAcl::Set(acl) => plan.acl = acl.clone(),
        }
        match self.wanted.tags {
            WantedTags::Auto => plan.tags_if_readable = true,
            WantedTags::Require => {}
            WantedTags::Without => plan.tagging_directive = Some(Directive::Replaced),
        }
        plan.tracker = Some(self.tracker());
        plan.report = self.report();
        Copier::new(call.draft, call.plan)
    }

    /// Goes on with the upload of an earlier run if its parts are of this very source, and removes
    /// it otherwise. True if there is one to go on with.
    async fn take_up(&self, copier: &mut Copier, found: &ObjectReply) -> Result<bool, Halt> {
        let Some(OpenUpload {
            upload_id,
            part_bytes,
            source_etag,
        }) = &self.standing.upload
        else {
            return Ok(false);
        };
        if source_etag.as_ref() == Some(&found.etag) && !copier.must_stream() {
            copier.plan.resume = Some(upload_id.clone());
            copier.plan.chunk_size = Some(*part_bytes);
            // Large enough to be in parts then: it is now.
            copier.plan.slice_size = Some(0);
            return Ok(true);
        }
        match &self.entry.work {
            Work::Copy { target, .. } | Work::Move { target, .. } => self.drop_upload(target).await,
            _ => Ok(()),
        }
        .map(|()| false)
    }

    /// Aborts the upload of an earlier run that nobody goes on with, if there is one.
    async fn drop_upload(&self, target: &Place) -> Result<(), Halt> {
        let Some(open) = &self.standing.upload else {
            return Ok(());
        };
        let client = self.worker.target;
        let call = client.multipart_abort();
        let mut call = call.bucket(&target.bucket).key(&target.key);
        if let Some(region) = &target.region {
            call = call.region(region);
        }
        match call.upload_id(&open.upload_id).send().await {
            Err(error) if !is_gone(&error) => return Err(error.into()),
            _ => {}
        }
        self.tracker().gone().await.map_err(Halt::Journal)
    }

    /// Whether the target is what this copy makes: then an earlier run completed it, and its answer
    /// was lost with that run.
    async fn made_before(
        &self,
        copier: &Copier,
        found: &Output<ObjectReply>,
        source: &Place,
        target: &Place,
    ) -> Result<Option<Copied>, Halt> {
        let key = self.keys.target.as_ref();
        let there = match self.head(&copier.client, target, key).await {
            Ok(there) => there,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let metadata = self.wanted.metadata.of(&found.metadata);
        let class = self.wanted.storage_class.unwrap_or(found.storage_class);
        let same = there.size() == found.size()
            && there.crc64.is_some()
            && there.crc64 == found.crc64
            && there.etag.part_count().is_some()
            && there.storage_class == class
            && is_encrypted_as(&there, copier.encryption(found).as_ref())
            && metadata.is_ok_and(|metadata| metadata == there.metadata);
        tracing::debug!(%source, %target, same, "an upload of an earlier run is gone");
        Ok(same.then(|| Copied {
            etag: Some(there.etag.clone()),
            crc64: there.crc64,
            version_id: there.version_id.clone().filter(|id| !id.is_null()),
            ..of_source(found)
        }))
    }

    async fn head(
        &self,
        client: &Client,
        place: &Place,
        key: Option<&CustomerKey>,
    ) -> Result<Output<ObjectReply>, Error> {
        let mut call = client.head_object().bucket(&place.bucket).key(&place.key);
        if let Some(region) = &place.region {
            call = call.region(region);
        }
        if let Some(version) = &place.version_id {
            call = call.version_id(version);
        }
        if let Some(key) = key {
            call = call.customer_key(key.clone());
        }
        call.send().await
    }
}

/// Whether an object is encrypted as was asked for; it may be in any way when nothing was.
fn is_encrypted_as(there: &ObjectReply, asked: Option<&Encryption>) -> bool {
    asked.is_none_or(|asked| there.encrypted_with == Some(EncryptedWith::of(asked)))
}

fn copied(found: &ObjectReply, made: &SliceCopied) -> Copied {
    Copied {
        etag: Some(made.etag.clone()),
        crc64: made.crc64,
        version_id: made.version_id.clone(),
        source_version_id: made.source_version_id.clone().or(found.version_id.clone()),
        ..of_source(found)
    }
}

fn of_source(found: &ObjectReply) -> Copied {
    Copied {
        etag: None,
        crc64: None,
        version_id: None,
        source_etag: Some(found.etag.clone()),
        source_version_id: found.version_id.clone(),
        source_modified: Some(found.last_modified),
    }
}

fn is_gone(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound(Missing::Upload)
}

/// Whether the source is the one that the plan saw.
fn unchanged(seen: &Seen, found: &ObjectReply, place: &Place) -> Result<(), Error> {
    fn same<T: PartialEq>(seen: Option<&T>, found: Option<&T>) -> bool {
        seen.is_none_or(|seen| found == Some(seen))
    }
    // Listings tell microseconds, HEAD tells seconds.
    let date = |time: Option<Timestamp>| time.map(|time| time.secs());
    let modified = date(Some(found.last_modified));
    // Services of the S3 dialect tell no CRC-64; then the tag must do.
    let told = found.crc64.is_some() || seen.etag.is_none();
    let whole = same::<ETag>(seen.etag.as_ref(), Some(&found.etag))
        && same(seen.crc64.filter(|_| told).as_ref(), found.crc64.as_ref())
        && same(date(seen.last_modified).as_ref(), modified.as_ref())
        && same::<VersionId>(seen.version_id.as_ref(), found.version_id.as_ref())
        && (seen.etag.is_none() || seen.size == found.size());
    if whole {
        return Ok(());
    }
    let words = "the source is not the one that the plan saw";
    Err(Error::new(ErrorKind::PreconditionFailed, words).about(&place.to_string()))
}

fn is_what_was_copied(now: &ObjectReply, copied: &Copied) -> bool {
    // Listings tell microseconds, HEAD tells seconds; a listing tells no version.
    let modified = copied.source_modified.map(|time| time.secs());
    let version = copied.source_version_id.as_ref();
    copied.source_etag.as_ref() == Some(&now.etag)
        && modified == Some(now.last_modified.secs())
        && version.is_none_or(|version| now.version_id.as_ref() == Some(version))
}

/// A file that cannot be read or written.
fn local(path: &Path, why: std::io::Error) -> Halt {
    Halt::Fail(Error::local(&path.display().to_string(), why), false)
}
