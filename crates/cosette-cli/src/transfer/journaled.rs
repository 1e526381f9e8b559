//! An upload in parts has a journal, like a job of one file: the same command, or `cosette resume`, goes
//! on where it was cut.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cosette::transfer::{
    self, Engine, Entry, Event, Job, Place, PlanHead, PlanWriter, Seen, Wanted, WantedAcl,
    WantedMetadata, Work,
};
use cosette::{AclHeaders, Client, ErrorKind, Metadata, Output as Reply, Uploaded};

use super::local;
use super::meter::Meter;
use super::single::Transfer;
use crate::bulk::jobs::{Jobs, UPLOAD};
use crate::bulk::options::Options;
use crate::bulk::run::told;
use crate::config;
use crate::failure::{Failure, Result};
use crate::name::CosName;
use crate::output::Progress;

/// What is not larger is one request when nothing else is said, and has nothing to go on with.
const PART_BYTES: u64 = 16 << 20;
/// The plan, while its job is made.
const PLAN: &str = ".plan";

/// How an upload ended, as its job told.
#[derive(Default)]
struct Ending {
    stored: Option<Reply<Uploaded>>,
    failure: Option<transfer::Failure>,
}

impl Transfer<'_> {
    /// Whether an upload of a file has parts, so that it can be cut between two.
    pub(super) fn is_in_parts(&self, path: &Path) -> bool {
        let bytes = self.wishes.chunk_size.unwrap_or(PART_BYTES);
        self.options.is_some()
            && std::fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() > bytes)
    }

    /// Uploads a file in parts; what an earlier run of the same command sent of it is not sent again.
    pub(super) async fn upload_in_parts(
        &self,
        client: &Client,
        (path, metadata): (&Path, Metadata),
        target: &CosName,
        progress: &Progress,
    ) -> Result<Reply<Uploaded>> {
        let options = self.options.cloned().unwrap_or_default();
        let (entry, wanted) = self.planned(path, metadata, target)?;
        let jobs = Jobs::find(&config::process_env)?;
        let job = job(&jobs, client, &options, (&entry, &wanted)).await?;
        let folder = job.folder().to_owned();
        let id = job.id().to_owned();
        let ending = Arc::new(Mutex::new(Ending::default()));
        let engine = self.engine(client, &entry, progress, &ending);
        let ran = tokio::select! {
            biased;
            // What was sent stays: the same command goes on with it.
            () = self.connection.stopped() => return Err(Failure::interrupted()),
            ran = engine.run(job) => ran,
        };
        progress.end();
        ran.map_err(|why| Failure::from(why).during(format!("job {id}")))?;
        let ending = std::mem::take(&mut *ending.lock().unwrap_or_else(PoisonError::into_inner));
        match (ending.stored, ending.failure) {
            (Some(stored), None) => {
                let gone = std::fs::remove_dir_all(&folder);
                gone.map_err(|why| Failure::local(folder.display(), why))?;
                Ok(stored)
            }
            (_, failure) => {
                // What failed for good leaves nothing; what cannot be cleared away now is gone on with.
                let cleared = match Job::open(&folder) {
                    Ok(job) => job.abandon(client).await.is_ok(),
                    Err(_) => false,
                };
                if cleared {
                    let gone = std::fs::remove_dir_all(&folder);
                    gone.map_err(|why| Failure::local(folder.display(), why))?;
                }
                let failure = failure.map_or_else(
                    || Failure::local(path.display(), "nothing of it was sent"),
                    |failure| told(&failure, &path.display().to_string()),
                );
                Err(failure)
            }
        }
    }

    fn planned(
        &self,
        path: &Path,
        metadata: Metadata,
        target: &CosName,
    ) -> Result<(Entry, Wanted)> {
        let file = local::found(path)?;
        let work = Work::Upload {
            source: crate::files::absolute(path),
            target: Place {
                bucket: target.bucket.clone(),
                region: target.region.clone(),
                key: target.object_key().map_err(Failure::usage)?,
                version_id: None,
            },
            remove_source: false,
        };
        let seen = Seen {
            size: file.size,
            last_modified: Some(file.modified),
            ..Seen::default()
        };
        let acl = match &self.wishes.acl {
            acl if *acl == AclHeaders::default() => WantedAcl::Inherit,
            acl => WantedAcl::Set(acl.clone()),
        };
        let wanted = self.wishes.keys.of_plan(Wanted {
            storage_class: self.wishes.storage_class,
            metadata: WantedMetadata::Replace(metadata),
            acl,
            ..Wanted::default()
        });
        Ok((Entry::new(work, seen), wanted))
    }

    fn engine(
        &self,
        client: &Client,
        entry: &Entry,
        progress: &Progress,
        ending: &Arc<Mutex<Ending>>,
    ) -> Engine {
        let mut engine = self.wishes.keys.hand_to(Engine::new(client.clone()));
        if let Some(bytes) = self.wishes.chunk_size {
            engine = engine.part_size(bytes);
        }
        if let Some(parts) = self.wishes.parallel {
            engine = engine.parallel_parts(usize::from(parts));
        }
        let mut meter = Meter::new(progress.clone());
        meter.total(entry.seen.size);
        let meter = Mutex::new((meter, 0_u64));
        let ending = Arc::clone(ending);
        engine.on_event(move |event| {
            let mut ending = ending.lock().unwrap_or_else(PoisonError::into_inner);
            match event {
                Event::Advanced { bytes, .. } => {
                    let mut shown = meter.lock().unwrap_or_else(PoisonError::into_inner);
                    let (meter, loaded) = &mut *shown;
                    *loaded = loaded.saturating_add(*bytes);
                    meter.loaded(*loaded);
                }
                Event::Uploaded { stored, .. } => ending.stored = Some(Reply::clone(stored)),
                Event::Failed { failure, .. } => ending.failure = Some(failure.clone()),
                _ => {}
            }
        })
    }
}

/// The job of this very upload, if an earlier run was cut; else a new one. What was left of another file
/// at the same path, or of other wishes, is given up.
async fn job(
    jobs: &Jobs,
    client: &Client,
    options: &Options,
    (entry, wanted): (&Entry, &Wanted),
) -> Result<Job> {
    let mut head = PlanHead::new("cp");
    head.wanted = wanted.clone();
    head.options = options.to_json();
    let what = format!(
        "{} {} {}",
        entry.subject(),
        entry.target().unwrap_or_default(),
        options.place()
    );
    let folder = jobs.folder()?;
    let name = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, what.as_bytes());
    let place = folder.join(format!("{UPLOAD}{name:016x}"));
    if place.is_dir() {
        match Job::open(&place) {
            Ok(earlier) => {
                let mut plan = Job::plan_of(&place)?;
                let same = plan.head().wanted == head.wanted
                    && plan
                        .next_entry()?
                        .is_some_and(|(_, earlier)| earlier == *entry);
                if same && !earlier.state().is_finished() {
                    return Ok(earlier);
                }
                earlier.abandon(client).await?;
            }
            Err(why) if why.kind() == ErrorKind::Busy => return Err(why.into()),
            // A run that ended while it made its job had sent nothing.
            Err(_) => {}
        }
        let gone = std::fs::remove_dir_all(&place);
        gone.map_err(|why| Failure::local(place.display(), why))?;
    }
    let made = tempfile::Builder::new().prefix(PLAN).tempdir_in(folder);
    let made = made.map_err(|why| Failure::local(folder.display(), why))?;
    let path = made.path().join("plan");
    let mut plan = PlanWriter::create(&path, &head)?;
    plan.add(entry)?;
    plan.finish()?;
    Ok(Job::create(&place, &path)?)
}
