//! A job: a plan and its journal, in a folder of their own.
//!
//! One process at a time works on a job: the journal's file is locked for as long as anything may
//! still be written to it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::journal::{self, Failure, Recorder, Replayed, Skip, Step, Writing};
use super::limits;
use super::log::{self, Records};
use super::plan::{PlanHead, PlanReader, PlanSummary};
use crate::error::{Error, ErrorKind};

pub(super) const PLAN: &str = "plan";
pub(super) const JOURNAL: &str = "journal";
const LOCK: &str = "lock";

/// A job on disk: what shall be done, and what was done of it.
///
/// ```no_run
/// # use cosette::transfer::{Job, PlanWriter, PlanHead, Engine};
/// # async fn example(client: cosette::Client, entries: Vec<cosette::transfer::Entry>) -> Result<(), cosette::Error> {
/// let folder = std::path::Path::new("jobs/2026-01-01");
/// let mut plan = PlanWriter::create("move.plan", &PlanHead::new("mv"))?;
/// for entry in &entries {
///     plan.add(entry)?;
/// }
/// plan.finish()?;
/// let job = Job::create(folder, "move.plan")?;
/// let summary = Engine::new(client).run(job).await?;
/// println!("{} done, {} failed", summary.done, summary.failed);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Job {
    folder: PathBuf,
    id: String,
    pub(super) plan: PlanReader,
    pub(super) replayed: Replayed,
    records: Records,
    lock: File,
}

/// How much of a job is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobState {
    /// Entries of the plan.
    pub entries: u64,
    /// Done.
    pub done: u64,
    /// Left alone for a reason that is no failure.
    pub skipped: u64,
}

/// How one entry ended, in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// It was left alone.
    Skipped(Skip),
    /// It failed, and no later run did it.
    Failed(Failure),
}

impl JobState {
    /// Whether nothing is left to do.
    pub fn is_finished(&self) -> bool {
        self.done + self.skipped == self.entries
    }
}

impl Job {
    /// A job that carries out the plan in a file, of which it keeps a copy of its own. The folder is
    /// made, and its name is the job's id.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when the folder exists or cannot be written; as
    /// [`PlanReader::open`] for the plan.
    pub fn create(folder: impl AsRef<Path>, plan: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let id = id_of(folder)?;
        let local = |why| log::local(folder, why);
        std::fs::create_dir(folder).map_err(local)?;
        let made = Self::fill(folder, &id, plan.as_ref());
        if made.is_err() {
            // Nobody has heard of it; the error that led here is the one to report.
            let _ = std::fs::remove_dir_all(folder);
        }
        made
    }

    /// Fills the folder of a new job. A plan may be long: it is read once, as it lies there.
    fn fill(folder: &Path, id: &str, plan: &Path) -> Result<Self, Error> {
        let local = |why| log::local(folder, why);
        std::fs::copy(plan, folder.join(PLAN)).map_err(|why| log::local(plan, why))?;
        let copied = OpenOptions::new().append(true).open(folder.join(PLAN));
        copied.and_then(|file| file.sync_all()).map_err(local)?;
        let plan = match PlanReader::open(folder.join(PLAN)) {
            Ok(plan) => plan,
            Err(why) => {
                // What is wrong with the file that was named is told of that one.
                PlanReader::open(plan)?;
                return Err(why);
            }
        };
        // The lock's file is there before the journal: a folder with a journal is a whole job.
        let lock = OpenOptions::new()
            .append(true)
            .create(true)
            .open(folder.join(LOCK));
        lock.map_err(local)?;
        journal::create(&folder.join(JOURNAL), id)?;
        log::sync_folder(folder)?;
        if let Some(parent) = folder.parent().filter(|parent| parent.is_dir()) {
            log::sync_folder(parent)?;
        }
        let lock = locked(folder, id)?;
        Self::with(folder, (id.to_owned(), lock), plan)
    }

    /// A job that was created before, to be carried on.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] when another process works on it, [`ErrorKind::Damaged`] when plan or
    /// journal are not as they were written, [`ErrorKind::Local`] when they cannot be read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let id = id_of(folder)?;
        let lock = locked(folder, &id)?;
        let plan = PlanReader::open(folder.join(PLAN))?;
        let mut job = Self::with(folder, (id, lock), plan)?;
        job.replayed.carried_on = true;
        Ok(job)
    }

    fn with(folder: &Path, (id, lock): (String, File), plan: PlanReader) -> Result<Self, Error> {
        let entries = plan.summary().entries;
        let (replayed, records) = journal::replay(&folder.join(JOURNAL), entries)?;
        Ok(Self {
            folder: folder.to_owned(),
            id,
            plan,
            replayed,
            records,
            lock,
        })
    }

    /// Its id: the name of its folder.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What its plan says of itself.
    pub fn head(&self) -> &PlanHead {
        self.plan.head()
    }

    /// How much its plan asks for.
    pub fn summary(&self) -> PlanSummary {
        self.plan.summary()
    }

    /// How much of it is done.
    pub fn state(&self) -> JobState {
        JobState {
            entries: self.plan.summary().entries,
            done: self.replayed.done,
            skipped: self.replayed.skipped,
        }
    }

    /// What a job's journal says of each entry that was not done, in the order of the plan: also
    /// while another process works on it. `see` gets the entry's number and how it ended.
    ///
    /// # Errors
    /// As [`Job::open`], but for [`ErrorKind::Busy`].
    pub fn report(
        folder: impl AsRef<Path>,
        mut see: impl FnMut(u64, &Entry, &Ended),
    ) -> Result<JobState, Error> {
        let folder = folder.as_ref();
        let mut plan = PlanReader::open(folder.join(PLAN))?;
        let entries = plan.summary().entries;
        let mut state = JobState {
            entries,
            done: 0,
            skipped: 0,
        };
        // Failures are few, or all are of one kind: either way they are kept once each.
        let mut ended = std::collections::BTreeMap::new();
        let mut records = Records::open(&folder.join(JOURNAL))?;
        journal::each_step(&mut records, entries, |entry, step| {
            match step {
                Step::Failed(failure) => {
                    ended.insert(entry, Ended::Failed(failure));
                }
                Step::Skipped { why } => {
                    state.skipped += 1;
                    ended.insert(entry, Ended::Skipped(why));
                }
                Step::Done => {
                    state.done += 1;
                    ended.remove(&entry);
                }
                _ => {}
            }
            Ok(())
        })?;
        while let Some((number, entry)) = plan.next_entry()? {
            if let Some(ended) = ended.get(&number) {
                see(number, &entry, ended);
            }
        }
        Ok(state)
    }

    /// The first entry of its plan.
    pub(super) fn first_entry(&mut self) -> Result<Option<Entry>, Error> {
        let first = self.plan.next_entry()?;
        self.plan.rewind()?;
        Ok(first.map(|(_, entry)| entry))
    }

    /// Everything that carries it out needs.
    pub(super) fn begin(self) -> Result<(PlanReader, Replayed, Recorder, Writing), Error> {
        let (recorder, writing) = journal::write_on(self.records, self.lock)?;
        Ok((self.plan, self.replayed, recorder, writing))
    }
}

/// The lock of a job, for as long as the file is open.
fn locked(folder: &Path, id: &str) -> Result<File, Error> {
    let local = |why| log::local(folder, why);
    let lock = OpenOptions::new().append(true).open(folder.join(LOCK));
    let lock = lock.map_err(local)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let words = format!("job {id}: another process works on it");
            Err(Error::new(ErrorKind::Busy, words))
        }
        Err(TryLockError::Error(why)) => Err(local(why)),
    }
}

fn id_of(folder: &Path) -> Result<String, Error> {
    let name = folder.file_name().and_then(|name| name.to_str());
    name.filter(|name| name.len() <= limits::JOB_ID_BYTES_MAX)
        .map(str::to_owned)
        .ok_or_else(|| {
            let words = format!(
                "the folder's name must have 1 to {} bytes",
                limits::JOB_ID_BYTES_MAX
            );
            Error::invalid("job", words)
        })
}
