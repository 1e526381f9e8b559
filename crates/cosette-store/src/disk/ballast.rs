//! A file that is there to be removed: room on a full disk for what makes room.
//!
//! Deleting needs space before it gives any: the engine writes that something is gone before
//! anything is. So some space is taken up while there is plenty, let go of when the disk is full, and
//! taken again once there is room for it.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::Room;
use crate::planted::Bug;

/// Most bytes of ballast.
const BYTES_MAX: u64 = 16 << 20;
/// On a small disk the ballast is this share of it: one part in thirty.
const SHARE: u64 = 30;

/// The file.
#[derive(Debug)]
pub(crate) struct Ballast {
    path: PathBuf,
}

impl Ballast {
    /// A file that may be there or not.
    pub(crate) const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Gives its room to the disk. True if it had any.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn release(&self) -> io::Result<bool> {
        if Bug::BallastKept.is_planted() {
            return Ok(false);
        }
        match std::fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes room up again, if there is so much that growth goes on beside it.
    pub(crate) fn take(&self, room: Room) {
        let bytes = BYTES_MAX.min(room.total_bytes() / SHARE);
        if self.path.exists() || !room.without(bytes).allows_growth() {
            return;
        }
        if let Err(error) = self.fill(bytes) {
            // It is a precaution: without it the store works as well, until the disk is full.
            tracing::debug!(%error, "no ballast");
            let _ = self.release();
        }
    }

    fn fill(&self, bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&self.path)?;
        allocate(&file, bytes)
    }
}

#[cfg(target_os = "linux")]
fn allocate(file: &std::fs::File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    Ok(fallocate(file, FallocateFlags::empty(), 0, bytes)?)
}

#[cfg(not(target_os = "linux"))]
fn allocate(_: &std::fs::File, _: u64) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    // catches: BallastKept
    #[test]
    fn it_is_taken_where_there_is_room_and_given_back_once() {
        let folder = tempfile::tempdir().unwrap();
        let ballast = Ballast::at(folder.path().join("ballast"));
        ballast.take(Room::new(10 << 20, 300 << 20));
        assert!(!ballast.release().unwrap(), "there was no room for it");
        ballast.take(Room::new(200 << 20, 300 << 20));
        let bytes = ballast.path.metadata().unwrap().len();
        assert_eq!(bytes, (300 << 20) / SHARE);
        assert!(ballast.release().unwrap());
        assert!(!ballast.release().unwrap());
    }
}
