//! How much room the disk has left, and when to stop growing.
//!
//! A full disk must not take the store down: an engine that cannot write its journal refuses all
//! work until reopened, and deletes need room too. So growth stops while there is still room, and
//! everything stops a little later.

use std::os::fd::AsFd;

/// Most bytes kept free for what is not growth.
const RESERVE_BYTES_MAX: u64 = 256 << 20;
/// Most bytes kept free for the engine's own work.
const FLOOR_BYTES_MAX: u64 = 96 << 20;
/// On a small disk the reserve is this share of it: one part in twenty.
const RESERVE_SHARE: u64 = 20;
/// On a small disk the floor is this share of it: one part in fifty.
const FLOOR_SHARE: u64 = 50;

/// The room left on the disk that holds the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    free_bytes: u64,
    total_bytes: u64,
}

impl Room {
    /// Of a disk that is not the system's.
    #[must_use]
    pub fn new(free_bytes: u64, total_bytes: u64) -> Self {
        Self {
            free_bytes,
            total_bytes,
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
        })
    }

    /// Whether object bytes may still be added.
    #[must_use]
    pub fn allows_growth(self) -> bool {
        self.free_bytes >= RESERVE_BYTES_MAX.min(self.total_bytes / RESERVE_SHARE)
    }

    /// Whether small changes, deletes among them, may still be made.
    #[must_use]
    pub fn allows_changes(self) -> bool {
        self.free_bytes >= FLOOR_BYTES_MAX.min(self.total_bytes / FLOOR_SHARE)
    }
}

#[cfg(test)]
mod tests {
    use super::Room;

    #[test]
    fn growth_stops_before_changes_do() {
        let check = |free_mib: u64, total_mib: u64, growth: bool, changes: bool| {
            let room = Room {
                free_bytes: free_mib << 20,
                total_bytes: total_mib << 20,
            };
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
    }
}
