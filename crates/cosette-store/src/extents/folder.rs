//! One process holds a store's folder at a time.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// The right to open the store in a folder; given back when dropped, by the kernel if need be.
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    /// Closing the file gives the lock back.
    _file: File,
}

/// Why a folder could not be locked.
#[derive(Debug, Clone)]
pub enum LockError {
    /// Another process (or another part of this one) has the store open.
    Held,
    /// The folder cannot be made or its lock file cannot be opened.
    Io(Arc<str>),
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held => f.write_str("another process has this store open"),
            Self::Io(cause) => write!(f, "the store's folder cannot be locked: {cause}"),
        }
    }
}

impl std::error::Error for LockError {}

impl FolderLock {
    /// Locks a folder, making it if it is not there, for its owner only. Returns at once.
    ///
    /// # Errors
    /// [`LockError::Held`] when somebody has it.
    pub fn acquire(folder: &Path) -> Result<Self, LockError> {
        let failed =
            |error: io::Error| LockError::Io(format!("{}: {error}", folder.display()).into());
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(folder.join("lock"))
            .map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self {
                path: folder.to_owned(),
                _file: file,
            }),
            // The kernel says EWOULDBLOCK for a lock that is held.
            Err(Errno::WOULDBLOCK) => Err(LockError::Held),
            Err(error) => Err(failed(error.into())),
        }
    }

    /// The folder that is locked.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.path
    }
}

/// Makes a folder, for its owner only, and those it is in; they are there for good afterwards.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    make_folder(parent)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => {}
        other => other?,
    }
    OpenOptions::new().read(true).open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{FolderLock, LockError};

    #[test]
    fn a_folder_is_held_once_and_free_again_after_drop() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("new").join("store");
        let held = FolderLock::acquire(&folder).unwrap();
        assert!(matches!(FolderLock::acquire(&folder), Err(LockError::Held)));
        drop(held);
        assert_eq!(FolderLock::acquire(&folder).unwrap().folder(), folder);
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_an_error_not_a_held_lock() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        std::fs::write(&file, b"x").unwrap();
        assert!(matches!(FolderLock::acquire(&file), Err(LockError::Io(_))));
    }
}
