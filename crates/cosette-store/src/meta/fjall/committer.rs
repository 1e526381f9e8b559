//! The one thread that writes: it drains the queue, validates each transaction against the engine
//! and against the earlier members of its batch, syncs once, and only then answers.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fjall::{Database, PersistMode, Slice};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::failed;
use super::journals::Journals;
use super::view::{Spaces, View};
use crate::extents::room::Room;
use crate::meta::{MetaError, MiniTxn, Outcome, Write};

/// Most transactions of one batch.
const BATCH_TXNS_MAX: usize = 1024;
/// A batch takes no further member once its writes are this large.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// How long to wait for the engine's workers: a minute, in steps of [`WAIT`].
const WAITS_MAX: u32 = 12_000;
const WAIT: Duration = Duration::from_millis(5);

pub(super) type Answer = Result<Outcome, MetaError>;

/// What the store shows to readers; `None` once closed.
pub(super) type Published = Mutex<Option<Arc<View>>>;

/// A transaction in the queue, the room it takes there, and who waits for it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) txn: MiniTxn,
    pub(super) answer: oneshot::Sender<Answer>,
    pub(super) _room: OwnedSemaphorePermit,
}

pub(super) struct Committer {
    pub(super) db: Database,
    pub(super) spaces: Spaces,
    pub(super) published: Arc<Published>,
    pub(super) poisoned: Arc<AtomicBool>,
    /// The store's folder, to ask how much room its disk has.
    pub(super) folder: File,
    pub(super) journals: Journals,
}

impl Committer {
    /// Works until the queue closes, then lets go of the engine.
    pub(super) fn run(self, mut queue: mpsc::Receiver<Request>) -> Result<(), MetaError> {
        while let Some(first) = queue.blocking_recv() {
            let mut size = first.txn.bytes();
            let mut members = vec![first];
            while members.len() < BATCH_TXNS_MAX && size < BATCH_BYTES_MAX {
                let Ok(next) = queue.try_recv() else { break };
                size += next.txn.bytes();
                members.push(next);
            }
            self.answer(members);
        }
        self.finish()
    }

    /// Validates, writes and syncs one batch, then answers each member.
    fn answer(&self, members: Vec<Request>) {
        let answers = match self.commit(members.iter().map(|member| &member.txn)) {
            Ok(answers) => answers,
            Err(error) => vec![Err(error); members.len()],
        };
        for (member, answer) in members.into_iter().zip(answers) {
            // A caller that left does not change what is durable.
            let _ = member.answer.send(answer);
        }
    }

    fn commit<'a>(
        &self,
        txns: impl Iterator<Item = &'a MiniTxn>,
    ) -> Result<Vec<Answer>, MetaError> {
        if self.poisoned.load(Ordering::Acquire) {
            return Err(MetaError::Poisoned);
        }
        let room = Room::of(&self.folder).map_err(|error| failed("statvfs", &error))?;
        let latest = View {
            spaces: self.spaces.clone(),
            at: self.db.snapshot(),
        };
        // All rows of a batch get one sequence number in the engine, so a key may be written once.
        let mut writes: HashMap<Bytes, Option<Bytes>> = HashMap::new();
        let mut answers = Vec::new();
        for txn in txns {
            let answer = self.validate(&latest, &writes, room, txn);
            if matches!(answer, Ok(Outcome::Committed)) {
                for write in &txn.writes {
                    match write {
                        Write::Put(key, value) => writes.insert(key.clone(), Some(value.clone())),
                        Write::Delete(key) => writes.insert(key.clone(), None),
                    };
                }
            }
            answers.push(answer);
        }
        if !writes.is_empty() {
            self.wait_for_workers()
                .and_then(|()| self.write(writes))
                .map_err(|error| {
                    // What reached the disk is unknown; only a replay of the journal can tell.
                    self.poisoned.store(true, Ordering::Release);
                    failed("commit", &error)
                })?;
            self.publish();
        }
        Ok(answers)
    }

    /// How a transaction ends if the batch gets written: what the batch will have written before
    /// it counts.
    fn validate(
        &self,
        latest: &View,
        writes: &HashMap<Bytes, Option<Bytes>>,
        room: Room,
        txn: &MiniTxn,
    ) -> Answer {
        if !self.has_room(room, txn) {
            return Err(MetaError::Full);
        }
        for (key, expect) in &txn.checks {
            let held = match writes.get(key) {
                Some(value) => expect.holds(value.as_deref()),
                None => expect.holds(latest.get(key)?.as_deref()),
            };
            if !held {
                return Ok(Outcome::Conflict);
            }
        }
        Ok(Outcome::Committed)
    }

    fn has_room(&self, room: Room, txn: &MiniTxn) -> bool {
        let grows = |write: &Write| match write {
            Write::Put(key, _) => self.spaces.holds_bytes(key),
            Write::Delete(_) => false,
        };
        room.allows_growth() || (room.allows_changes() && !txn.writes.iter().any(grows))
    }

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

    fn write(&self, writes: HashMap<Bytes, Option<Bytes>>) -> fjall::Result<()> {
        let mut batch = self.db.batch().durability(Some(PersistMode::SyncData));
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

    fn publish(&self) {
        let view = View {
            spaces: self.spaces.clone(),
            at: self.db.snapshot(),
        };
        let mut published = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *published = Some(Arc::new(view));
    }

    /// Lets go of the engine, so that the next open has little to replay.
    fn finish(self) -> Result<(), MetaError> {
        self.published
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if self.poisoned.load(Ordering::Acquire) {
            return Err(MetaError::Poisoned);
        }
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

#[expect(
    clippy::disallowed_methods,
    reason = "the engine tells nobody when its workers are done"
)]
fn wait_a_little() {
    std::thread::sleep(WAIT);
}
