//! How much room the disk has left, and when to stop growing.
//!
//! A full disk must not take the store down: an engine that cannot write its journal refuses all
//! work until reopened, and deletes need room too. So growth stops while there is still room, and
//! everything stops a little later.

use std::os::fd::AsFd;

use crate::planted::Bug;

/// Most bytes kept free for what is not growth.
const RESERVE_BYTES_MAX: u64 = 256 << 20;
/// Most bytes kept free for the engine's own work.
const FLOOR_BYTES_MAX: u64 = 96 << 20;
/// On a small disk the reserve is this share of it: one part in twenty.
const RESERVE_SHARE: u64 = 20;
/// On a small disk the floor is this share of it: one part in fifty.
const FLOOR_SHARE: u64 = 50;
/// Most bytes kept free for what makes room.
const LAST_BYTES_MAX: u64 = 8 << 20;
/// On a small disk that is this share of it: one part in two hundred.
const LAST_SHARE: u64 = 200;
/// Fewest files that can still be made while growth goes on, and on a small disk the share of them.
const FILES_MAX: u64 = 256;
const FILES_SHARE: u64 = 50;
/// Fewest files that can still be made while anything but deleting goes on.
const FILES_FLOOR_MAX: u64 = 64;
const FILES_FLOOR_SHARE: u64 = 200;

/// The room left on the disk that holds the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    free_bytes: u64,
    total_bytes: u64,
    /// Files that can still be made.
    free_files: u64,
    /// Files that there can be; none where the file system sets no bound.
    total_files: u64,
}

impl Room {
    /// Of a disk that is not the system's.
    #[must_use]
    pub fn new(free_bytes: u64, total_bytes: u64) -> Self {
        Self {
            free_bytes,
            total_bytes,
            free_files: 0,
            total_files: 0,
        }
    }

    /// How large the disk is.
    pub(crate) const fn total_bytes(self) -> u64 {
        self.total_bytes
    }

    /// The room that is left if so much more is taken up.
    pub(crate) const fn without(self, bytes: u64) -> Self {
        Self {
            free_bytes: self.free_bytes.saturating_sub(bytes),
            ..self
        }
    }

    /// Asks the file system that `file` lives on.
    ///
    /// # Errors
    /// Those of the system.
    pub fn of(file: impl AsFd) -> std::io::Result<Self> {
        let facts = rustix::fs::fstatvfs(file)?;
        Ok(Self {
            free_bytes: facts.f_bavail.saturating_mul(facts.f_frsize),
            total_bytes: facts.f_blocks.saturating_mul(facts.f_frsize),
            free_files: facts.f_favail,
            total_files: facts.f_files,
        })
    }

    /// Bytes left.
    #[must_use]
    pub fn free_bytes(self) -> u64 {
        self.free_bytes
    }

    /// Whether object bytes may still be added.
    #[must_use]
    pub fn allows_growth(self) -> bool {
        if Bug::GrowsToTheEnd.is_planted() {
            return true;
        }
        self.free_bytes >= RESERVE_BYTES_MAX.min(self.total_bytes / RESERVE_SHARE)
            && self.free_files >= FILES_MAX.min(self.total_files / FILES_SHARE)
    }

    /// Whether small changes may still be made.
    #[must_use]
    pub fn allows_changes(self) -> bool {
        self.free_bytes >= FLOOR_BYTES_MAX.min(self.total_bytes / FLOOR_SHARE)
            && self.free_files >= FILES_FLOOR_MAX.min(self.total_files / FILES_FLOOR_SHARE)
    }

    /// Whether what makes room may still be done.
    #[must_use]
    pub fn allows_deletes(self) -> bool {
        self.free_bytes >= LAST_BYTES_MAX.min(self.total_bytes / LAST_SHARE)
    }
}

#[cfg(test)]
mod tests {
    use super::Room;

    // catches: GrowsToTheEnd
    #[test]
    fn growth_stops_before_changes_do() {
        let check = |free_mib: u64, total_mib: u64, growth: bool, changes: bool| {
            let room = Room::new(free_mib << 20, total_mib << 20);
            assert_eq!(
                room.allows_growth(),
                growth,
                "{free_mib} of {total_mib} MiB"
            );
            assert_eq!(
                room.allows_changes(),
                changes,
                "{free_mib} of {total_mib} MiB"
            );
        };
        check(300, 1 << 20, true, true);
        check(200, 1 << 20, false, true);
        check(90, 1 << 20, false, false);
        check(6, 100, true, true);
        check(4, 100, false, true);
        check(1, 100, false, false);
        assert!(Room::new(1 << 20, 100 << 20).allows_deletes());
        assert!(!Room::new(1 << 18, 100 << 20).allows_deletes());
    }

    #[test]
    fn files_run_out_too() {
        let room = |free_files| Room {
            free_files,
            total_files: 10_000,
            ..Room::new(1 << 40, 1 << 40)
        };
        let check = |room: Room| (room.allows_growth(), room.allows_changes());
        assert_eq!(check(room(300)), (true, true));
        assert_eq!(check(room(100)), (false, true));
        assert_eq!(check(room(10)), (false, false));
        assert!(room(0).allows_deletes());
    }
}
