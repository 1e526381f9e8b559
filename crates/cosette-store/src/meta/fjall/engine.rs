//! The engine as its one writer sees it: batches that are durable when they are written, and a close
//! that leaves little to replay.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use fjall::{Database, PersistMode, Slice};

use super::failed;
use super::journals::Journals;
use super::view::{Spaces, View};
use crate::disk::{Ballast, Room};
use crate::meta::MetaError;
use crate::meta::committer::{Engine, Writes};
use crate::planted::Bug;

/// How long to wait for the engine's workers: a minute, in steps of [`WAIT`].
const WAITS_MAX: u32 = 12_000;
const WAIT: Duration = Duration::from_millis(5);

pub(super) struct FjallEngine {
    pub(super) db: Database,
    pub(super) spaces: Arc<Spaces>,
    /// The store's folder, to ask how much room its disk has.
    pub(super) folder: File,
    /// Room for deletes on a full disk.
    pub(super) ballast: Option<Ballast>,
    pub(super) journals: Journals,
}

impl Engine for FjallEngine {
    type View = View;

    fn view(&self) -> Result<View, MetaError> {
        Ok(View {
            spaces: Arc::clone(&self.spaces),
            at: self.db.snapshot(),
        })
    }

    fn room(&self) -> Result<Room, MetaError> {
        room_with(&self.folder, self.ballast.as_ref()).map_err(|error| failed("statvfs", &error))
    }

    fn holds_bytes(&self, key: &[u8]) -> bool {
        self.spaces.holds_bytes(key)
    }

    fn write(&mut self, writes: Writes) -> Result<(), MetaError> {
        self.wait_for_workers()
            .and_then(|()| self.write_batch(writes))
            .map_err(|error| failed("commit", &error))
    }

    fn close(self) -> Result<(), MetaError> {
        let Self {
            db,
            spaces,
            journals,
            ..
        } = self;
        db.persist(PersistMode::SyncAll)
            .map_err(|error| failed("sync", &error))?;
        // If this fails, what was not written out is still in the journal.
        let flushed = journals.are_long() && spaces.flush().unwrap_or(false);
        // Only now nobody writes to the journals any more.
        drop((db, spaces));
        if flushed {
            journals.cut().map_err(|error| failed("close", &error))
        } else {
            Ok(())
        }
    }
}

/// The room on the disk of a folder. The ballast goes when that is too little, and comes back when
/// there is enough.
pub(super) fn room_with(folder: &File, ballast: Option<&Ballast>) -> io::Result<Room> {
    let room = Room::of(folder)?;
    let Some(ballast) = ballast else {
        return Ok(room);
    };
    if room.allows_changes() {
        ballast.take(room);
        return Ok(room);
    }
    if ballast.release()? {
        tracing::warn!("the disk is full: room is made for deletes");
        return Room::of(folder);
    }
    Ok(room)
}

impl FjallEngine {
    /// Waits until the engine has written out enough of what it holds in memory. It would wait by
    /// itself, but for ever if its workers have failed.
    fn wait_for_workers(&self) -> fjall::Result<()> {
        for _ in 0..WAITS_MAX {
            // Writes nothing; says whether a worker has failed.
            self.db.persist(PersistMode::Buffer)?;
            if !self.spaces.are_behind() {
                return Ok(());
            }
            wait_a_little();
        }
        Err(fjall::Error::Io(io::Error::new(
            io::ErrorKind::TimedOut,
            "the engine does not write out any more",
        )))
    }

    fn write_batch(&self, writes: Writes) -> fjall::Result<()> {
        let durability = if Bug::AnswerBeforeSync.is_planted() {
            PersistMode::Buffer
        } else {
            PersistMode::SyncData
        };
        let mut batch = self.db.batch().durability(Some(durability));
        for (key, value) in writes {
            let space = self.spaces.of(&key);
            // Copied, since a row that is a slice of a network buffer would keep all of it in
            // memory for as long as the engine keeps the row there.
            let key = Slice::new(&key);
            match value {
                Some(value) => batch.insert(space, key, Slice::new(&value)),
                None => batch.remove(space, key),
            }
        }
        batch.commit()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the engine tells nobody when its workers are done"
)]
fn wait_a_little() {
    std::thread::sleep(WAIT);
}
