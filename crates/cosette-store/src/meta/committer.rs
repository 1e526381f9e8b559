//! What embedded drivers share: one committer that drains a queue, validates each transaction
//! against the engine and against the earlier members of its batch, syncs once, and only then
//! answers; and snapshots of the store as the last durable batch left it.
//!
//! The committer is a thread, since an engine may wait for its disk. Over a simulated disk nothing
//! ever waits, and work is done by the task that asks for it: so the same history gives the same
//! run, batches included.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::gaps::{Habit, Lookout};
use super::hot::Warm;
use super::pace::Pace;
use super::{Boxed, MetaError, MiniTxn, Outcome, Scan, Snapshot, Write};
use crate::disk::{self, Room};
use crate::environment::Stopwatch;
use crate::planted::Bug;
use crate::stats::{CommitStats, Commits};
use crate::tables::Table;

/// Most transactions of one batch.
const BATCH_TXNS_MAX: usize = 1024;
/// A batch takes no further member once its writes are this large.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// Most transactions in the queue.
const QUEUE_TXNS_MAX: usize = 1024;
/// Most bytes of transactions in the queue, in units of [`QUEUE_UNIT`].
const QUEUE_UNITS_MAX: u32 = 32 << 10;
/// The unit in which the queue's room is counted.
const QUEUE_UNIT: usize = 1 << 10;

pub(super) type Answer = Result<Outcome, MetaError>;

/// What a batch writes: a value, or none for a key that goes. Ordered, so that equal batches reach
/// the engine in equal order.
pub(super) type Writes = BTreeMap<Bytes, Option<Bytes>>;

/// An engine that holds rows, as its one writer sees it.
pub(super) trait Engine: Send + 'static {
    /// What readers look at.
    type View: View;

    /// The rows as the last write left them.
    fn view(&self) -> Result<Self::View, MetaError>;

    /// The room left on the engine's disk.
    fn room(&self) -> Result<Room, MetaError>;

    /// Whether the row with this key is a body, so that putting it counts as growth.
    fn holds_bytes(&self, key: &[u8]) -> bool;

    /// Writes all of this, or fails; on `Ok` it is durable. Not called again after a failure.
    fn write(&mut self, writes: Writes) -> Result<(), MetaError>;

    /// Lets go of the files. All views are gone or will not be asked again.
    fn close(self) -> Result<(), MetaError>;
}

/// Rows at one moment.
pub(super) trait View: Send + Sync + fmt::Debug + 'static {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, MetaError>;
    fn scan(&self, scan: &Scan) -> Result<Vec<(Bytes, Bytes)>, MetaError>;
}

/// The way to the one writer of an engine.
pub(super) struct Committer<E: Engine> {
    /// `None` once closed.
    desk: Mutex<Option<Desk<E>>>,
    thread: Mutex<Option<JoinHandle<Result<(), MetaError>>>>,
    room: Arc<Semaphore>,
    shared: Arc<Shared<E::View>>,
    /// Of the reads; `None` over a disk that never waits.
    pace: Option<Arc<Pace>>,
}

/// Where transactions are handed in.
enum Desk<E: Engine> {
    /// At the committer's thread.
    Thread(mpsc::Sender<Request>),
    /// At whoever comes next: tasks that commit at the same time share a batch.
    Here(Arc<Here<E>>),
}

struct Here<E: Engine> {
    queue: Mutex<Vec<Request>>,
    worker: Mutex<Option<Worker<E>>>,
}

/// What readers and callers see of the writer's work.
struct Shared<V> {
    /// What the store shows to readers; `None` once closed.
    published: Mutex<Option<Arc<Warm<V>>>>,
    poisoned: AtomicBool,
    /// Transactions that were handed in and are in no batch yet.
    queued: AtomicU64,
    commits: Commits,
}

/// A transaction in the queue, the room it takes there, and who waits for it.
struct Request {
    txn: MiniTxn,
    answer: oneshot::Sender<Answer>,
    _room: OwnedSemaphorePermit,
}

/// The writer.
struct Worker<E: Engine> {
    engine: E,
    shared: Arc<Shared<E::View>>,
    lookout: Lookout,
}

impl<E: Engine> fmt::Debug for Committer<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committer")
            .field("poisoned", &self.shared.poisoned)
            .finish_non_exhaustive()
    }
}

impl<E: Engine> Committer<E> {
    /// Takes over an engine. `waits` says whether its disk may keep a caller waiting.
    pub(super) fn start(engine: E, waits: bool) -> Result<Self, MetaError> {
        let shared = Arc::new(Shared {
            published: Mutex::new(Some(Arc::new(Warm::new(engine.view()?, Table::HOT)))),
            poisoned: AtomicBool::new(false),
            queued: AtomicU64::new(0),
            commits: Commits::default(),
        });
        let worker = Worker {
            engine,
            shared: Arc::clone(&shared),
            lookout: Lookout::new(
                Table::LISTED,
                if waits { Habit::USUAL } else { Habit::EAGER },
            ),
        };
        let (desk, thread) = if waits {
            let (queue, requests) = mpsc::channel(QUEUE_TXNS_MAX);
            let thread = std::thread::Builder::new()
                .name("meta-commit".into())
                .spawn(move || worker.run(requests))
                .map_err(|error| MetaError::Io(format!("open: {error}").into()))?;
            (Desk::Thread(queue), Some(thread))
        } else {
            let here = Here {
                queue: Mutex::default(),
                worker: Mutex::new(Some(worker)),
            };
            (Desk::Here(Arc::new(here)), None)
        };
        Ok(Self {
            desk: Mutex::new(Some(desk)),
            thread: Mutex::new(thread),
            room: Arc::new(Semaphore::new(QUEUE_UNITS_MAX as usize)),
            shared,
            pace: waits.then(Arc::default),
        })
    }

    pub(super) fn snapshot(&self) -> Result<Arc<dyn Snapshot>, MetaError> {
        let view = self.shared.published().clone().ok_or_else(closed)?;
        let pace = self.pace.clone();
        Ok(Arc::new(SnapshotOf { view, pace }))
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.shared.poisoned.load(Ordering::Acquire)
    }

    pub(super) fn stats(&self) -> CommitStats {
        let queued = self.shared.queued.load(Ordering::Relaxed);
        self.shared.commits.view(queued)
    }

    pub(super) async fn commit(&self, txn: MiniTxn) -> Answer {
        if self.shared.poisoned.load(Ordering::Acquire) {
            return Err(MetaError::Poisoned);
        }
        let desk = lock(&self.desk).as_ref().map(Desk::clone);
        let desk = desk.ok_or_else(closed)?;
        let units = u32::try_from(txn.bytes() / QUEUE_UNIT).unwrap_or(u32::MAX);
        let units = units.saturating_add(1).min(QUEUE_UNITS_MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(units).await;
        let room = room.map_err(|_| closed())?;
        let (answer, answered) = oneshot::channel();
        let request = Request {
            txn,
            answer,
            _room: room,
        };
        self.shared.queued.fetch_add(1, Ordering::Relaxed);
        match desk {
            Desk::Thread(queue) => queue.send(request).await.map_err(|_| closed())?,
            Desk::Here(here) => {
                lock(&here.queue).push(request);
                if Bug::AnswerAtEnqueue.is_planted() {
                    return Ok(Outcome::Committed);
                }
                // Whoever is ready to commit as well gets into the same batch.
                tokio::task::yield_now().await;
                here.work_off();
            }
        }
        answered.await.map_err(|_| closed())?
    }

    pub(super) async fn close(&self) -> Result<(), MetaError> {
        let Some(desk) = lock(&self.desk).take() else {
            return Ok(());
        };
        match desk {
            Desk::Here(here) => here.finish(),
            Desk::Thread(queue) => {
                // The thread ends when nobody can send any more.
                drop(queue);
                let thread = lock(&self.thread).take();
                disk::away(true, move || thread.map_or(Ok(()), join))
                    .await
                    .unwrap_or_else(|ended| Err(MetaError::Io(ended.into())))
            }
        }
    }
}

impl<E: Engine> Drop for Committer<E> {
    /// Waits for the writer, so that the files are free once this value is gone.
    fn drop(&mut self) {
        // Nobody is left to hear of a failure; what was answered is durable all the same.
        match lock(&self.desk).take() {
            Some(Desk::Here(here)) => drop(here.finish()),
            Some(Desk::Thread(queue)) => drop(queue),
            None => {}
        }
        if let Some(thread) = lock(&self.thread).take() {
            let _ = join(thread);
        }
    }
}

impl<E: Engine> Desk<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Thread(queue) => Self::Thread(queue.clone()),
            Self::Here(here) => Self::Here(Arc::clone(here)),
        }
    }
}

impl<E: Engine> Here<E> {
    fn work_off(&self) {
        let mut worker = lock(&self.worker);
        let members = std::mem::take(&mut *lock(&self.queue));
        // Once closed, the requests are dropped, which their callers notice.
        if let Some(worker) = worker.as_mut().filter(|_| !members.is_empty()) {
            worker.answer(members);
        }
    }

    fn finish(&self) -> Result<(), MetaError> {
        self.work_off();
        lock(&self.worker).take().map_or(Ok(()), Worker::finish)
    }
}

impl<V> Shared<V> {
    fn published(&self) -> MutexGuard<'_, Option<Arc<Warm<V>>>> {
        lock(&self.published)
    }
}

impl<E: Engine> Worker<E> {
    /// Works until the queue closes, then lets go of the engine.
    fn run(mut self, mut queue: mpsc::Receiver<Request>) -> Result<(), MetaError> {
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
    fn answer(&mut self, members: Vec<Request>) {
        let taken = members.len() as u64;
        self.shared.queued.fetch_sub(taken, Ordering::Relaxed);
        let watch = Stopwatch::start();
        let answers = match self.commit(members.iter().map(|member| &member.txn)) {
            Ok(answers) => answers,
            Err(error) => vec![Err(error); members.len()],
        };
        self.shared.commits.batch(members.len(), watch.elapsed());
        for (member, answer) in members.into_iter().zip(answers) {
            // A caller that left does not change what is durable.
            let _ = member.answer.send(answer);
        }
        self.look_for_gaps();
    }

    /// When enough was deleted, finds what that leaves empty, so that scans need not pass over it.
    fn look_for_gaps(&mut self) {
        let Some(latest) = self.shared.published().clone() else {
            return;
        };
        match self.lookout.look(latest.view(), latest.gaps()) {
            Ok(None) => {}
            // Nobody else writes, so it is still the latest.
            Ok(Some(gaps)) => *self.shared.published() = Some(Arc::new(latest.with_gaps(gaps))),
            // Nothing is lost but time; who needs these rows will see the error, too.
            Err(error) => tracing::debug!(%error, "looking for what is empty"),
        }
    }

    fn commit<'a>(
        &mut self,
        txns: impl Iterator<Item = &'a MiniTxn>,
    ) -> Result<Vec<Answer>, MetaError> {
        if self.shared.poisoned.load(Ordering::Acquire) {
            return Err(MetaError::Poisoned);
        }
        let room = self.engine.room()?;
        // Nobody else writes, so what was published last is the latest.
        let latest = self.shared.published().clone().ok_or_else(closed)?;
        // A key may be written once in a batch: engines give all of it one version.
        let mut writes = Writes::new();
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
            self.lookout.note(&writes, latest.gaps());
            let kept = latest.kept_after(&writes);
            let written = self.engine.write(writes);
            let view = written.and_then(|()| self.engine.view()).inspect_err(|error| {
                // What reached the disk is unknown; only a reopening can tell.
                let poisoned = !Bug::FailedSyncForgotten.is_planted();
                self.shared.poisoned.store(poisoned, Ordering::Release);
                tracing::error!(%error, "a commit failed: no more writes until the store is reopened");
            })?;
            *self.shared.published() = Some(Arc::new(Warm::over(view, kept)));
        }
        Ok(answers)
    }

    /// How a transaction ends if the batch gets written: what the batch will have written before
    /// it counts.
    fn validate(
        &self,
        latest: &Warm<E::View>,
        writes: &Writes,
        room: Room,
        txn: &MiniTxn,
    ) -> Answer {
        if !self.has_room(room, txn) {
            return Err(MetaError::Full);
        }
        for (key, expect) in &txn.checks {
            let earlier = writes.get(key).filter(|_| !Bug::BlindToBatch.is_planted());
            let held = match earlier {
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
            Write::Put(key, _) => self.engine.holds_bytes(key),
            Write::Delete(_) => false,
        };
        if room.allows_growth() {
            return true;
        }
        if txn.writes.iter().any(grows) || Bug::FullDiskRefusesDeletes.is_planted() {
            return false;
        }
        room.allows_changes() || (room.allows_deletes() && makes_room(txn))
    }

    fn finish(self) -> Result<(), MetaError> {
        self.shared.published().take();
        if self.shared.poisoned.load(Ordering::Acquire) {
            return Err(MetaError::Poisoned);
        }
        self.engine.close()
    }
}

/// Whether a transaction takes more rows away than it puts, as everything does that deletes or
/// sweeps; or is the one that opening a store needs.
fn makes_room(txn: &MiniTxn) -> bool {
    let deletes = |write: &&Write| matches!(write, Write::Delete(_));
    let deletes = txn.writes.iter().filter(deletes).count();
    let puts = txn.writes.len() - deletes;
    deletes > puts || (puts == 1 && txn.bytes() <= OPENING_BYTES_MAX)
}

/// Checks and writes of the transaction that opens a store have at most so many bytes.
const OPENING_BYTES_MAX: usize = 128;

/// A view as tasks see it: short reads happen where they are asked for, long ones away from the
/// tasks.
#[derive(Debug)]
struct SnapshotOf<V> {
    view: Arc<Warm<V>>,
    /// `None` over a disk that never waits.
    pace: Option<Arc<Pace>>,
}

impl<V: View> SnapshotOf<V> {
    fn read<T: Send + 'static>(
        &self,
        rows: usize,
        work: impl FnOnce(&Warm<V>) -> Result<T, MetaError> + Send + 'static,
    ) -> Boxed<'_, Result<T, MetaError>> {
        let view = Arc::clone(&self.view);
        Box::pin(async move {
            if let Some(pace) = self.pace.as_ref().filter(|pace| pace.is_quick(rows)) {
                // Nothing here ever waits for another task, so whoever reads on and on must let
                // others have their turn.
                tokio::task::consume_budget().await;
                return pace.measured(|| work(&view));
            }
            let away = disk::away(self.pace.is_some(), move || work(&view)).await;
            away.unwrap_or_else(|ended| Err(MetaError::Io(ended.into())))
        })
    }
}

impl<V: View> Snapshot for SnapshotOf<V> {
    fn get<'a>(&'a self, key: &'a [u8]) -> Boxed<'a, Result<Option<Bytes>, MetaError>> {
        if let Some(kept) = self.view.kept(key) {
            return Box::pin(std::future::ready(Ok(kept)));
        }
        let key = Bytes::copy_from_slice(key);
        self.read(1, move |view| view.get(&key))
    }

    fn multi_get<'a>(
        &'a self,
        keys: &'a [Bytes],
    ) -> Boxed<'a, Result<Vec<Option<Bytes>>, MetaError>> {
        let keys = keys.to_vec();
        self.read(keys.len(), move |view| {
            keys.iter().map(|key| view.get(key)).collect()
        })
    }

    fn scan(&self, scan: Scan) -> Boxed<'_, Result<Vec<(Bytes, Bytes)>, MetaError>> {
        self.read(scan.limit, move |warm| warm.scan(&scan))
    }
}

fn join(thread: JoinHandle<Result<(), MetaError>>) -> Result<(), MetaError> {
    thread
        .join()
        .unwrap_or_else(|_| Err(MetaError::Io("the committer panicked".into())))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic could leave half-way is never used again: its batch was not answered.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> MetaError {
    MetaError::Io("the store is closed".into())
}
