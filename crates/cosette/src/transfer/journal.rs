//! What was done, written down before anything relies on it.
//!
//! A journal begins with a head and goes on with steps of entries. One thread writes; whoever needs a
//! step to be on the disk waits for it, and all that wait at a time share one sync. Steps that only
//! save work after a crash are not waited for.
//!
//! The rules, which [`Recorder`] and the steps together keep:
//!
//! - before an upload is begun its entry says so, and its id is durable before the first part: what a
//!   crash leaves behind is known;
//! - before a source is removed, the proof of its copy is durable;
//! - what is torn at the end of the file never happened; any other damage refuses the whole file.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::thread::JoinHandle;

use cosette_types::{Crc64, ETag, Timestamp, UploadId, VersionId};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::halt::Halts;
use super::limits;
use super::log::{self, Appender, Records};
use super::wire::{crc_in, etag_in, version_in};
use crate::error::{Error, ErrorKind};

/// The version of the format that is written.
const FORMAT: u32 = 1;

/// What happened to an entry.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// An upload for it is about to be begun: after a crash there may be one that has no id here.
    Beginning {
        /// When, by the service's clock.
        at: Timestamp,
    },
    /// Its parts are copied or sent into this upload.
    Copying {
        /// The upload.
        upload_id: UploadId,
        /// Bytes of each part but the last.
        part_bytes: u64,
        /// The source's ETag that every part is pinned to.
        source_etag: Option<ETag>,
    },
    /// The upload is completed or aborted, and no longer there.
    UploadGone,
    /// The target is there, and is the copy. From here on the source may go.
    Verified(Copied),
    /// The source is removed.
    SourceDeleted,
    /// All is done.
    Done,
    /// It was left alone, for a reason that is no failure.
    Skipped {
        /// Why.
        why: Skip,
    },
    /// It failed; nothing of the source was removed.
    Failed(Failure),
}

/// What a copy became.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// The target's ETag.
    pub etag: Option<ETag>,
    /// The target's CRC-64.
    pub crc64: Option<Crc64>,
    /// The target's version, where its bucket has versioning.
    pub version_id: Option<VersionId>,
    /// The source's ETag when it was copied.
    pub source_etag: Option<ETag>,
    /// The source's version when it was copied.
    pub source_version_id: Option<VersionId>,
    /// When the source that was copied was written.
    pub source_modified: Option<Timestamp>,
}

/// Why an entry was left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Skip {
    /// There is something at the target, and it shall not be overwritten.
    TargetExists,
    /// What should be removed is not there any more.
    SourceGone,
}

/// Why an entry failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// The kind, as [`ErrorKind::name`] has it.
    pub kind: String,
    /// The service's code, if it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What happened, in words.
    pub message: String,
    /// The id of the deciding request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Whether the target was made all the same: then source and target both exist.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copied: bool,
}

/// Where an entry stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Standing {
    /// Set while an upload may be there whose id is not known.
    pub(super) beginning: Option<Timestamp>,
    /// The upload that is there.
    pub(super) upload: Option<OpenUpload>,
    /// Set when the copy is proved.
    pub(super) verified: Option<Copied>,
    /// Set when the source is removed.
    pub(super) source_deleted: bool,
}

/// An upload that an earlier run left.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OpenUpload {
    pub(super) upload_id: UploadId,
    pub(super) part_bytes: u64,
    pub(super) source_etag: Option<ETag>,
}

/// What a journal says of all entries. Memory: a bit for each entry, and the standing of those that
/// were under way.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    finished: Vec<u64>,
    open: BTreeMap<u64, Standing>,
    /// Unlike that of any other job.
    pub(super) token: String,
    pub(super) done: u64,
    pub(super) skipped: u64,
    /// Whether there was a run before this one.
    pub(super) carried_on: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Form {
    Job {
        format: u32,
        id: String,
        token: String,
    },
    Step {
        entry: u64,
        #[serde(flatten)]
        step: StepForm,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum StepForm {
    Beginning {
        at_micros: u64,
    },
    Copying {
        upload: String,
        part_bytes: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_etag: Option<String>,
    },
    UploadGone,
    Verified {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        etag: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        crc64: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_etag: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_version: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_modified_micros: Option<u64>,
    },
    SourceDeleted,
    Done,
    Skipped {
        why: Skip,
    },
    Failed(Failure),
}

impl StepForm {
    fn of(step: &Step) -> Self {
        match step {
            Step::Beginning { at } => Self::Beginning {
                at_micros: at.micros(),
            },
            Step::Copying {
                upload_id,
                part_bytes,
                source_etag,
            } => Self::Copying {
                upload: upload_id.to_string(),
                part_bytes: *part_bytes,
                source_etag: source_etag.as_ref().map(|tag| tag.value().to_owned()),
            },
            Step::UploadGone => Self::UploadGone,
            Step::Verified(copied) => Self::Verified {
                etag: copied.etag.as_ref().map(|tag| tag.value().to_owned()),
                crc64: copied.crc64.map(|crc| crc.to_string()),
                version: copied.version_id.as_ref().map(ToString::to_string),
                source_etag: copied
                    .source_etag
                    .as_ref()
                    .map(|tag| tag.value().to_owned()),
                source_version: copied.source_version_id.as_ref().map(ToString::to_string),
                source_modified_micros: copied.source_modified.map(Timestamp::micros),
            },
            Step::SourceDeleted => Self::SourceDeleted,
            Step::Done => Self::Done,
            Step::Skipped { why } => Self::Skipped { why: *why },
            Step::Failed(failure) => Self::Failed(failure.clone()),
        }
    }

    fn read(self) -> Result<Step, String> {
        Ok(match self {
            Self::Beginning { at_micros } => Step::Beginning {
                at: Timestamp::from_micros(at_micros),
            },
            Self::Copying {
                upload,
                part_bytes,
                source_etag,
            } => Step::Copying {
                upload_id: upload
                    .parse()
                    .map_err(|why: cosette_types::Error| why.to_string())?,
                part_bytes,
                source_etag: etag_in(source_etag)?,
            },
            Self::UploadGone => Step::UploadGone,
            Self::Verified {
                etag,
                crc64,
                version,
                source_etag,
                source_version,
                source_modified_micros,
            } => Step::Verified(Copied {
                etag: etag_in(etag)?,
                crc64: crc_in(crc64)?,
                version_id: version_in(version)?,
                source_etag: etag_in(source_etag)?,
                source_version_id: version_in(source_version)?,
                source_modified: source_modified_micros.map(Timestamp::from_micros),
            }),
            Self::SourceDeleted => Step::SourceDeleted,
            Self::Done => Step::Done,
            Self::Skipped { why } => Step::Skipped { why },
            Self::Failed(failure) => Step::Failed(failure),
        })
    }
}

impl Failure {
    /// An error, as a journal keeps it.
    pub(super) fn of(error: &Error, copied: bool) -> Self {
        let mut message = error.to_string();
        // The service chooses its words; the journal bounds them.
        if message.len() > limits::RECORD_BYTES_MAX / 16 {
            let mut end = limits::RECORD_BYTES_MAX / 16;
            while !message.is_char_boundary(end) {
                end -= 1;
            }
            message.truncate(end);
        }
        Self {
            kind: error.kind().name().to_owned(),
            code: error.code().map(str::to_owned),
            message,
            request_id: error.request_id().map(str::to_owned),
            copied,
        }
    }
}

impl Replayed {
    /// Whether an entry needs no more work.
    pub(super) fn is_finished(&self, entry: u64) -> bool {
        let (word, bit) = place(entry);
        self.finished.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// Where an entry stands that is not finished.
    pub(super) fn standing(&mut self, entry: u64) -> Standing {
        self.open.remove(&entry).unwrap_or_default()
    }

    fn apply(&mut self, entry: u64, step: Step) {
        let standing = self.open.entry(entry).or_default();
        match step {
            Step::Beginning { at } => standing.beginning = Some(at),
            Step::Copying {
                upload_id,
                part_bytes,
                source_etag,
            } => {
                standing.beginning = None;
                standing.upload = Some(OpenUpload {
                    upload_id,
                    part_bytes,
                    source_etag,
                });
            }
            Step::UploadGone => (standing.beginning, standing.upload) = (None, None),
            Step::Verified(copied) => {
                *standing = Standing {
                    verified: Some(copied),
                    ..Standing::default()
                };
            }
            Step::SourceDeleted => standing.source_deleted = true,
            Step::Done => {
                self.finish(entry);
                self.done += 1;
            }
            Step::Skipped { .. } => {
                self.finish(entry);
                self.skipped += 1;
            }
            // What it left behind is still there; the next run tries it again.
            Step::Failed(_) => {
                if *standing == Standing::default() {
                    self.open.remove(&entry);
                }
            }
        }
    }

    fn finish(&mut self, entry: u64) {
        self.open.remove(&entry);
        let (word, bit) = place(entry);
        if self.finished.len() <= word {
            self.finished.resize(word + 1, 0);
        }
        if let Some(bits) = self.finished.get_mut(word) {
            *bits |= bit;
        }
    }
}

/// Word and bit of an entry.
fn place(entry: u64) -> (usize, u64) {
    let word = usize::try_from(entry / 64).unwrap_or(usize::MAX - 1);
    (word, 1 << (entry % 64))
}

/// Hands records to the thread that writes. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    sender: mpsc::Sender<Order>,
}

/// Ends the writing.
#[derive(Debug)]
pub(super) struct Writing {
    thread: Option<JoinHandle<Result<(), Error>>>,
}

struct Order {
    json: Vec<u8>,
    /// Who waits until it is on the disk.
    durable: Option<oneshot::Sender<Result<(), String>>>,
}

/// The keys of the standard library's hasher are random, which is all that a name needs.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Begins a journal.
pub(super) fn create(path: &Path, id: &str) -> Result<(), Error> {
    let mut log = Appender::create(path)?;
    let head = Form::Job {
        format: FORMAT,
        id: id.to_owned(),
        token: format!("{:016x}{:016x}", random(), random()),
    };
    log.append(&serde_json::to_vec(&head).map_err(|why| Error::invalid("journal", why))?)?;
    log.sync()
}

/// Reads a journal to its end. `entries` is how many the plan has.
pub(super) fn replay(path: &Path, entries: u64) -> Result<(Replayed, Records), Error> {
    let mut records = Records::open(path)?;
    let mut replayed = Replayed::default();
    let token = each_step(&mut records, entries, |entry, step| {
        replayed.apply(entry, step);
        Ok(())
    })?;
    replayed.token = token;
    Ok((replayed, records))
}

/// Every step of a journal, in order. Gives back the job's token.
pub(super) fn each_step(
    records: &mut Records,
    entries: u64,
    mut see: impl FnMut(u64, Step) -> Result<(), Error>,
) -> Result<String, Error> {
    let mut json = Vec::new();
    let mut head = None;
    while records.next(&mut json)? {
        let form = serde_json::from_slice(&json);
        match form.map_err(|why| records.damaged(&why.to_string()))? {
            Form::Job { format, .. } if format > FORMAT => {
                let words = format!("its format is {format}, which this version does not know");
                return Err(Error::invalid("journal", words));
            }
            Form::Job { token, .. } if head.is_none() => head = Some(token),
            Form::Step { entry, step } if head.is_some() && entry < entries => {
                let step = step.read().map_err(|why| records.damaged(&why))?;
                see(entry, step)?;
            }
            _ => return Err(records.damaged("it does not belong here")),
        }
    }
    head.ok_or_else(|| records.damaged("the head is not there"))
}

/// Writes at the end of a journal. `held` is let go of when the last record is on the disk.
pub(super) fn write_on(
    records: Records,
    held: impl Send + 'static,
) -> Result<(Recorder, Writing), Error> {
    let path = records.path().to_owned();
    let log = Appender::after(records)?;
    let (sender, orders) = mpsc::channel(limits::RECORDS_WAITING_MAX);
    let thread = std::thread::Builder::new()
        .name("cosette-journal".to_owned())
        .spawn(move || {
            let written = write(log, orders);
            drop(held);
            written
        })
        .map_err(|why| log::local(&path, why))?;
    let writing = Writing {
        thread: Some(thread),
    };
    Ok((Recorder { sender }, writing))
}

/// Takes what is there, writes it at once, and syncs when anybody waits for that.
fn write(mut log: Appender, mut orders: mpsc::Receiver<Order>) -> Result<(), Error> {
    let mut waiting = Vec::new();
    let mut halts = Halts::new();
    while let Some(first) = orders.blocking_recv() {
        let before = halts.written();
        let mut outcome = append(&mut log, &first.json, &mut halts);
        waiting.extend(first.durable);
        while let Ok(next) = orders.try_recv() {
            outcome = outcome.and_then(|()| append(&mut log, &next.json, &mut halts));
            waiting.extend(next.durable);
        }
        outcome = outcome.and_then(|()| match waiting.is_empty() {
            true => log.flush(),
            false => log.sync(),
        });
        halts.hold(before, &mut log);
        for one in waiting.drain(..) {
            // Whoever does not wait any more needs no answer.
            let _ = one.send(outcome.as_ref().map_err(ToString::to_string).copied());
        }
        outcome?;
    }
    log.sync()
}

fn append(log: &mut Appender, json: &[u8], halts: &mut Halts) -> Result<(), Error> {
    halts.before(log);
    log.append(json)?;
    halts.after(log, json.len());
    Ok(())
}

impl Recorder {
    /// Writes a step down, in its turn.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when the journal cannot be written any more.
    pub(super) async fn note(&self, entry: u64, step: &Step) -> Result<(), Error> {
        self.order(entry, step, None).await
    }

    /// Writes a step down; resolves when it is on the disk.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when it may not be.
    pub(super) async fn settle(&self, entry: u64, step: &Step) -> Result<(), Error> {
        let (done, durable) = oneshot::channel();
        self.order(entry, step, Some(done)).await?;
        match durable.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(Error::new(ErrorKind::Local, why)),
            Err(_) => Err(ended()),
        }
    }

    async fn order(
        &self,
        entry: u64,
        step: &Step,
        durable: Option<oneshot::Sender<Result<(), String>>>,
    ) -> Result<(), Error> {
        let form = Form::Step {
            entry,
            step: StepForm::of(step),
        };
        let json = serde_json::to_vec(&form).map_err(|why| Error::invalid("journal", why))?;
        let order = Order { json, durable };
        self.sender.send(order).await.map_err(|_| ended())
    }
}

/// Writes down the uploads of one entry. See [`crate::leftovers`].
#[derive(Debug, Clone)]
pub(crate) struct Tracker {
    recorder: Recorder,
    entry: u64,
    earlier: Option<Timestamp>,
}

impl Tracker {
    /// `earlier` is since when an earlier run may have begun an upload that it has no id of.
    pub(super) fn new(recorder: &Recorder, entry: u64, earlier: Option<Timestamp>) -> Self {
        Self {
            recorder: recorder.clone(),
            entry,
            earlier,
        }
    }

    pub(crate) fn earlier(&self) -> Option<Timestamp> {
        self.earlier
    }

    /// An upload is about to be begun; resolves when the disk knows.
    pub(crate) async fn beginning(&self, at: Timestamp) -> Result<(), Error> {
        let step = Step::Beginning { at };
        self.recorder.settle(self.entry, &step).await
    }

    /// Its id is known; resolves when the disk knows it too.
    pub(crate) async fn copying(
        &self,
        upload_id: &UploadId,
        part_bytes: u64,
        source_etag: Option<&ETag>,
    ) -> Result<(), Error> {
        let step = Step::Copying {
            upload_id: upload_id.clone(),
            part_bytes,
            source_etag: source_etag.cloned(),
        };
        self.recorder.settle(self.entry, &step).await
    }

    /// It is no longer there.
    pub(crate) async fn gone(&self) -> Result<(), Error> {
        self.recorder.note(self.entry, &Step::UploadGone).await
    }
}

fn ended() -> Error {
    Error::new(
        ErrorKind::Local,
        "the journal cannot be written any more; an earlier write failed",
    )
}

impl Writing {
    /// Resolves when everything is on the disk. All recorders must be gone.
    pub(super) async fn end(mut self) -> Result<(), Error> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        match joined {
            Ok(Ok(written)) => written,
            _ => Err(ended()),
        }
    }
}
