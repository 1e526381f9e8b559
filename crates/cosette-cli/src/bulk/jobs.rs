//! The folder of jobs: each job is a folder in it, named by when it began and what it does.

use std::fs;
use std::path::{Path, PathBuf};

use cosette::transfer::{Job, JobState, PlanHead};

use crate::failure::{Failure, Kind, Result};

/// What the names of jobs begin with that are the upload of one file.
pub(crate) const UPLOAD: &str = "upload-";

/// How often a name is tried with a higher number at its end.
const TRIES: u32 = 1000;

/// Where jobs are kept.
#[derive(Debug)]
pub(crate) struct Jobs(PathBuf);

/// A job as the folder shows it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) head: PlanHead,
    pub(crate) state: JobState,
}

impl Jobs {
    /// `COSETTE_STATE`, or the user's state folder.
    pub(crate) fn find(env: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let folder = match (env("COSETTE_STATE"), env("XDG_STATE_HOME"), env("HOME")) {
            (Some(said), _, _) => PathBuf::from(said),
            (None, Some(state), _) => Path::new(&state).join("cosette"),
            (None, None, Some(home)) => Path::new(&home).join(".local/state/cosette"),
            (None, None, None) => {
                return Err(Failure::usage(
                    "no place for the journal: set COSETTE_STATE to a folder",
                ));
            }
        };
        Ok(Self(folder.join("jobs")))
    }

    /// The folder, made if it is not there. Only its owner may look into it: keys are business.
    pub(crate) fn folder(&self) -> Result<&Path> {
        crate::files::private_folder(&self.0)?;
        Ok(&self.0)
    }

    /// Makes a job of a plan.
    pub(crate) fn create(&self, verb: &str, plan: &Path) -> Result<Job> {
        let folder = self.folder()?;
        let now = cosette::date::iso_seconds(crate::clock::now());
        let stamp: String = now.chars().filter(char::is_ascii_digit).collect();
        for number in 1..TRIES {
            let end = if number == 1 {
                String::new()
            } else {
                format!("-{number}")
            };
            let place = folder.join(format!("{stamp}-{verb}{end}"));
            if !place.exists() {
                return Ok(Job::create(place, plan)?);
            }
        }
        Err(Failure::local(
            folder.display(),
            "too many jobs were begun in this second",
        ))
    }

    /// The folder of a job that is there.
    pub(crate) fn place(&self, id: &str) -> Result<PathBuf> {
        let plain = !id.is_empty() && !id.contains(['/', '\\']) && !id.starts_with('.');
        let place = self.0.join(id);
        if !plain || !place.is_dir() {
            let told = format!("there is no job `{id}`; cosette jobs lists them");
            return Err(Failure::new(Kind::NotFound, told));
        }
        Ok(place)
    }

    /// The ids of all jobs, oldest first.
    pub(crate) fn ids(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(why) => return Err(Failure::local(self.0.display(), why)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|why| Failure::local(self.0.display(), why))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && !name.starts_with('.') {
                ids.push(name);
            }
        }
        // Uploads of one file have no time in their names: the newest is some other job.
        ids.sort_by_key(|id| (!id.starts_with(UPLOAD), id.clone()));
        Ok(ids)
    }

    /// A job as it stands.
    pub(crate) fn look(&self, id: &str) -> Result<Listed> {
        let place = self.place(id)?;
        let state = Job::report(&place, |_, _, _| {})?;
        let head = Job::plan_of(&place)?.head().clone();
        let id = id.to_owned();
        Ok(Listed { id, head, state })
    }

    /// The newest job that is not finished.
    pub(crate) fn unfinished(&self) -> Result<String> {
        for id in self.ids()?.into_iter().rev() {
            if self.look(&id).is_ok_and(|job| !job.state.is_finished()) {
                return Ok(id);
            }
        }
        Err(Failure::new(
            Kind::NotFound,
            "no job is waiting to be carried on",
        ))
    }

    /// Forgets a job. What it did stays done.
    pub(crate) fn remove(&self, id: &str) -> Result<()> {
        let place = self.place(id)?;
        // Whoever works on it holds its lock.
        drop(Job::open(&place)?);
        fs::remove_dir_all(&place).map_err(|why| Failure::local(place.display(), why))
    }
}
