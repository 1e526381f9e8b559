//! What was begun and what was answered, on another disk than the one that loses its power.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::Result;

/// A file of lines; kept when a run fails.
#[derive(Debug)]
pub(crate) struct Acks {
    path: PathBuf,
    file: Mutex<File>,
}

impl Acks {
    pub(crate) fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir();
        let path = path.join(format!("cosette-box-{}-{name}.log", std::process::id()));
        let file = Mutex::new(File::create(&path)?);
        Ok(Self { path, file })
    }

    /// One line, with the system before this returns.
    pub(crate) fn note(&self, what: &str, words: &str) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(file.write_all(format!("{what} {words}\n").as_bytes())?)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All was well: nobody needs it any more.
    pub(crate) fn remove(&self) {
        // If it stays, it is a file more in the folder for such files.
        let _ = std::fs::remove_file(&self.path);
    }
}
