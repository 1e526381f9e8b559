//! One transaction: read a snapshot, plan, commit if everything read is still so.
//!
//! What is read with [`Txn::get`] becomes a check of the commit; scans and [`Txn::peek`] do not. A
//! plan that meets a conflict is made again from a new snapshot. Plans for one key take turns inside
//! the process, so that a hot key costs one attempt each instead of a storm of them.

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cosette_types::{BucketName, ObjectKey, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

use crate::codec::Record;
use crate::error::Error;
use crate::limits;
use crate::meta::{
    Expect, KEY_BYTES_MAX, MiniTxn, Outcome, Scan, Snapshot, TXN_BYTES_MAX, TXN_ENTRIES_MAX,
    VALUE_BYTES_MAX, Write,
};
use crate::planted::Bug;
use crate::records::{BucketRecord, BucketState, Happened, Marker, Pending};
use crate::store::Core;
use crate::tables::{self, BodyId, Table};

tokio::task_local! {
    /// After that, if it ever ends, no plan of this change is committed.
    static UNTIL: Option<Timestamp>;
}

/// A change whose right ends at a moment, or never.
pub(crate) fn until<F: Future>(
    moment: Option<Timestamp>,
    change: F,
) -> impl Future<Output = F::Output> {
    UNTIL.scope(moment, change)
}

/// What is to happen at one instant.
#[derive(Debug)]
pub(crate) struct Txn {
    snapshot: Arc<dyn Snapshot>,
    seen: BTreeMap<Bytes, Option<Bytes>>,
    writes: BTreeMap<Bytes, Option<Bytes>>,
}

impl Txn {
    pub(crate) fn new(snapshot: Arc<dyn Snapshot>) -> Self {
        Self {
            snapshot,
            seen: BTreeMap::new(),
            writes: BTreeMap::new(),
        }
    }

    /// A row whose value, or absence, must not have changed when the transaction commits.
    pub(crate) async fn get<R: Record>(&mut self, key: Bytes) -> Result<Option<R>, Error> {
        let value = self.get_value(key).await?;
        value.map(|value| R::from_value(&value)).transpose()
    }

    /// As [`Txn::get`], of a row that is no record.
    pub(crate) async fn get_value(&mut self, key: Bytes) -> Result<Option<Bytes>, Error> {
        debug_assert!(!self.writes.contains_key(&key), "read after write");
        if let Some(value) = self.seen.get(&key) {
            return Ok(value.clone());
        }
        let value = self.snapshot.get(&key).await?;
        self.seen.insert(key, value.clone());
        Ok(value)
    }

    /// A row that may have changed when the transaction commits.
    pub(crate) async fn peek<R: Record>(&self, key: &Bytes) -> Result<Option<R>, Error> {
        let value = self.snapshot.get(key).await?;
        value.map(|value| R::from_value(&value)).transpose()
    }

    /// Rows that begin with `prefix`, from `start` on; not checked.
    pub(crate) async fn scan(
        &self,
        prefix: &[u8],
        start: Bytes,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, Error> {
        scan(self.snapshot.as_ref(), prefix, start, limit).await
    }

    pub(crate) fn snapshot(&self) -> &Arc<dyn Snapshot> {
        &self.snapshot
    }

    pub(crate) fn put<R: Record>(&mut self, key: Bytes, record: &R) {
        self.put_value(key, record.to_value());
    }

    pub(crate) fn put_value(&mut self, key: Bytes, value: Bytes) {
        self.writes.insert(key, Some(value));
    }

    pub(crate) fn mark(&mut self, key: Bytes) {
        self.put(key, &Marker);
    }

    pub(crate) fn delete(&mut self, key: Bytes) {
        self.set(key, None);
    }

    pub(crate) fn set(&mut self, key: Bytes, value: Option<Bytes>) {
        self.writes.insert(key, value);
    }

    /// How many writes there are.
    pub(crate) fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether another object's rows might be too much.
    pub(crate) fn is_nearly_full(&self) -> bool {
        let bytes = |rows: &BTreeMap<Bytes, Option<Bytes>>| -> usize {
            let sizes = rows
                .iter()
                .map(|(key, value)| key.len() + value.as_ref().map_or(0, Bytes::len));
            sizes.sum()
        };
        self.seen.len() + self.writes.len() > limits::JOB_TXN_ENTRIES
            || bytes(&self.seen) + bytes(&self.writes) > limits::JOB_TXN_BYTES
    }

    /// The bucket, for reading. One that is being deleted still exists: it may turn out not empty.
    pub(crate) async fn bucket(&mut self, name: &BucketName) -> Result<BucketRecord, Error> {
        let found = self.get(tables::bucket(name)).await?;
        found.ok_or_else(|| Error::NoSuchBucket {
            bucket: name.clone(),
        })
    }

    /// The bucket, for writing into it. While it is being deleted, nobody knows yet whether it will
    /// exist: a conflict, tried again.
    pub(crate) async fn live_bucket(&mut self, name: &BucketName) -> Result<BucketRecord, Error> {
        let bucket = self.bucket(name).await?;
        match bucket.state {
            BucketState::Live => Ok(bucket),
            BucketState::Deleting(..) => Err(Error::Conflict),
        }
    }

    /// What was under way is published by this transaction, which only happens while the pending row
    /// is there: if not, the sweep has begun to give it back.
    pub(crate) async fn end_pending(&mut self, epoch: u64, body: BodyId) -> Result<(), Error> {
        let row = tables::pending(epoch, body);
        let missing = self.get::<Pending>(row.clone()).await?.is_none();
        if missing && !Bug::NoPendingRow.is_planted() {
            return Err(Error::corrupt("a pending row is missing"));
        }
        self.delete(row);
        Ok(())
    }

    /// Holds the limits that drivers rely on. To go beyond them would lose atomicity somewhere, so
    /// it is a defect of this crate, not a failure to report.
    fn into_mini(self, id: [u8; 16]) -> MiniTxn {
        let checks = self.seen.into_iter().map(|(key, value)| match value {
            Some(value) => (key, Expect::Same(value)),
            None => (key, Expect::Absent),
        });
        let writes = self.writes.into_iter().map(|(key, value)| match value {
            Some(value) => {
                assert!(value.len() <= VALUE_BYTES_MAX, "a row too large");
                assert!(key.len() <= KEY_BYTES_MAX, "a key too large");
                Write::Put(key, value)
            }
            None => Write::Delete(key),
        });
        let txn = MiniTxn {
            id,
            checks: checks.collect(),
            writes: writes.collect(),
        };
        let entries = txn.checks.len() + txn.writes.len();
        assert!(entries <= TXN_ENTRIES_MAX, "a transaction too long");
        assert!(txn.bytes() <= TXN_BYTES_MAX, "a transaction too large");
        txn
    }
}

/// Rows that begin with `prefix`, from `start` on.
pub(crate) async fn scan(
    snapshot: &dyn Snapshot,
    prefix: &[u8],
    start: Bytes,
    limit: usize,
) -> Result<Vec<(Bytes, Bytes)>, Error> {
    let end = tables::after_prefix(prefix);
    if end.as_ref().is_some_and(|end| start >= *end) {
        return Ok(Vec::new());
    }
    Ok(snapshot.scan(Scan { start, end, limit }).await?)
}

/// Whether no row begins with `prefix`.
pub(crate) async fn is_empty(snapshot: &dyn Snapshot, prefix: &Bytes) -> Result<bool, Error> {
    Ok(scan(snapshot, prefix, prefix.clone(), 1).await?.is_empty())
}

/// A row of a snapshot.
pub(crate) async fn row<R: Record>(
    snapshot: &dyn Snapshot,
    key: &[u8],
) -> Result<Option<R>, Error> {
    let value = snapshot.get(key).await?;
    value.map(|value| R::from_value(&value)).transpose()
}

/// Rows that are work for the sweep.
const FREEING: [u8; 4] = [
    Table::Leftover.byte(),
    Table::FreeBody.byte(),
    Table::FreeExtent.byte(),
    Table::Punch.byte(),
];

/// A change, planned anew for each attempt.
pub(crate) trait Plan: Sync {
    /// What is answered once the change is durable.
    type Made: Send;

    /// Reads what it needs and says what is to be written. A fact that forbids the change is an
    /// error; [`Error::Conflict`] asks for another attempt.
    fn plan(
        &self,
        core: &Core,
        txn: &mut Txn,
    ) -> impl Future<Output = Result<Self::Made, Error>> + Send;

    /// The key that it changes, and the one that it only reads, for taking turns.
    fn turns(&self) -> Turns<'_>;

    /// The commit is about to be asked for: from now on, what the writes name may be published.
    fn committing(&self) {}

    /// The commit was refused: nothing is published.
    fn refused(&self) {}
}

/// Keys at which plans take turns.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Turns<'a> {
    /// Changed by the plan.
    pub(crate) changes: Option<(&'a BucketName, &'a str)>,
    /// Changed by the plan, too.
    pub(crate) removes: Option<(&'a BucketName, &'a str)>,
    /// Read by the plan. Readers queue only once they keep meeting conflicts, so that ten thousand
    /// copies of one object do not wait for each other.
    pub(crate) reads: Option<(&'a BucketName, &'a str)>,
}

impl<'a> Turns<'a> {
    /// A plan that changes one key.
    pub(crate) fn at(bucket: &'a BucketName, key: &'a ObjectKey) -> Self {
        Self {
            changes: Some((bucket, key.as_str())),
            ..Self::default()
        }
    }
}

/// Locks for taking turns: many keys share one, so memory is bounded.
#[derive(Debug)]
pub(crate) struct KeyLocks {
    /// Hashed before each key, so that nobody can choose keys that share a lock.
    secret: u64,
    locks: Vec<Mutex<()>>,
}

impl KeyLocks {
    /// `repeatable` for simulations: keys that share a lock then do so in every run.
    pub(crate) fn new(repeatable: bool) -> Self {
        let secret = if repeatable {
            0
        } else {
            RandomState::new().hash_one(0)
        };
        Self {
            secret,
            locks: (0..limits::KEY_LOCKS).map(|_| Mutex::new(())).collect(),
        }
    }

    fn place(&self, key: impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.secret, key).hash(&mut hasher);
        hasher.finish()
    }

    /// Takes the turn at these keys; in one order for everybody, so nobody waits in a circle.
    async fn take<'a>(&'a self, keys: &[Option<impl Hash>]) -> Vec<MutexGuard<'a, ()>> {
        let places = limits::KEY_LOCKS as u64;
        let mut wanted: Vec<_> = keys
            .iter()
            .flatten()
            .map(|key| self.place(key) % places)
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        if Bug::NoHeadCheck.is_planted() {
            wanted.clear();
        }
        let mut turns = Vec::with_capacity(wanted.len());
        for place in wanted {
            if let Some(lock) = usize::try_from(place).ok().and_then(|p| self.locks.get(p)) {
                turns.push(lock.lock().await);
            }
        }
        turns
    }
}

impl Core {
    /// A transaction that sees everything committed before this call.
    pub(crate) async fn begin(&self) -> Result<Txn, Error> {
        Ok(Txn::new(self.meta.snapshot().await?))
    }

    /// Makes the change happen: plans and commits until it does, or a fact forbids it.
    pub(crate) async fn run<P: Plan>(&self, plan: &P) -> Result<P::Made, Error> {
        // Even where nothing would be written: an answer would say that all is well.
        self.writable()?;
        let turns = plan.turns();
        let mut taken = self.locks.take(&[turns.changes, turns.removes]).await;
        for attempt in 0..limits::TRIES_MAX {
            if attempt == limits::TRIES_BEFORE_QUEUEING && turns.reads.is_some() {
                taken.clear();
                let keys = [turns.changes, turns.removes, turns.reads];
                taken = self.locks.take(&keys).await;
            }
            let mut txn = self.begin().await?;
            match plan.plan(self, &mut txn).await {
                Ok(made) => {
                    if txn.writes.is_empty() {
                        return Ok(made);
                    }
                    // Here and not before: the change may have taken long to prepare.
                    let until = UNTIL.try_with(|until| *until).unwrap_or_default();
                    if until.is_some_and(|until| self.now() > until) {
                        return Err(Error::Expired);
                    }
                    plan.committing();
                    if self.commit(txn).await? {
                        return Ok(made);
                    }
                    plan.refused();
                }
                Err(Error::Conflict) => {}
                Err(error) => return Err(error),
            }
            self.pause(attempt).await?;
        }
        Err(Error::Conflict)
    }

    /// Commits; `false` if something that was read has changed, and nothing was written. Version times
    /// in it are below what is written down, even if the clock has jumped.
    pub(crate) async fn commit(&self, txn: Txn) -> Result<bool, Error> {
        if !txn.writes.is_empty() && !self.times_are_provided() {
            self.provide_times().await?;
        }
        self.commit_as_it_is(txn).await
    }

    /// Commits what has no version times in it, or is what provides for them.
    pub(crate) async fn commit_as_it_is(&self, mut txn: Txn) -> Result<bool, Error> {
        if txn.writes.is_empty() {
            return Ok(true);
        }
        self.writable()?;
        let id = self.random()?;
        if self.options.resolve_unknown_outcomes {
            txn.seen.insert(tables::outcome(id), None);
            self.leave_outcome(&mut txn, id, Happened(true))?;
        }
        let frees = txn.writes.iter().any(|(key, value)| {
            let table = key.first().copied().unwrap_or_default();
            value.is_some() && FREEING.contains(&table)
        });
        let committed = match self.meta.commit(txn.into_mini(id)).await? {
            Outcome::Committed => true,
            Outcome::Conflict => false,
            Outcome::Unknown => self.resolve(id).await?,
        };
        if committed && frees {
            self.work.notify_one();
        }
        Ok(committed)
    }

    /// Writes without looking: for rows that nobody else changes. The caller holds the limits.
    pub(crate) async fn write(&self, writes: &[(Bytes, Option<Bytes>)]) -> Result<(), Error> {
        for attempt in 0..limits::TRIES_MAX {
            let mut txn = self.begin().await?;
            txn.writes.extend(writes.iter().cloned());
            if self.commit(txn).await? {
                return Ok(());
            }
            self.pause(attempt).await?;
        }
        Err(Error::Conflict)
    }

    /// Finds out whether a transaction happened, and sees to it that it never will if it did not:
    /// whoever first writes the row of its id decides.
    async fn resolve(&self, id: [u8; 16]) -> Result<bool, Error> {
        let unknown = || Error::io("the outcome of a commit is unknown");
        if !self.options.resolve_unknown_outcomes {
            return Err(unknown());
        }
        if Bug::UnknownIsFailure.is_planted() {
            return Ok(false);
        }
        for attempt in 0..limits::TRIES_MAX {
            let mut fence = self.begin().await?;
            if let Some(Happened(happened)) = fence.get(tables::outcome(id)).await? {
                return Ok(happened);
            }
            self.leave_outcome(&mut fence, id, Happened(false))?;
            let fence = fence.into_mini(self.random()?);
            if self.meta.commit(fence).await? == Outcome::Committed {
                return Ok(false);
            }
            // The transaction arrived before the fence, or the fence's own outcome was lost: the
            // next look tells.
            self.pause(attempt).await?;
        }
        Err(unknown())
    }

    fn leave_outcome(&self, txn: &mut Txn, id: [u8; 16], happened: Happened) -> Result<(), Error> {
        let row = tables::outcome(id);
        let gone = self.options.clock.now().secs() + limits::OUTCOME_KEPT_SECS;
        txn.put_value(tables::expiry(gone, self.random()?), row.clone());
        txn.put(row, &happened);
        Ok(())
    }

    /// A pause before the next attempt: none at first, then random and growing.
    async fn pause(&self, attempt: u32) -> Result<(), Error> {
        if attempt < 2 {
            tokio::task::yield_now().await;
            return Ok(());
        }
        let random: [u8; 2] = self.random()?;
        let most = (1u32 << attempt.min(16)).min(limits::RETRY_PAUSE_MAX_MS);
        let pause = u32::from(u16::from_le_bytes(random)) * most / u32::from(u16::MAX);
        tokio::time::sleep(Duration::from_millis(pause.into())).await;
        Ok(())
    }
}
