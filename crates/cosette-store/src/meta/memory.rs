//! Rows in memory: the driver of tests, of the model and of simulated crashes.
//!
//! Each key keeps its versions for as long as a living snapshot may look at them, so a snapshot
//! costs nothing and a commit touches its own keys only. What was answered is durable; what is held
//! back by [`MemoryMeta::hold_after`] is volatile, seen by nobody, and lost or kept by
//! [`MemoryMeta::crash`] as the test chooses.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{oneshot, watch};

use super::{Boxed, Meta, MetaError, MiniTxn, Outcome, Scan, Snapshot, Write};

type Answer = Result<Outcome, MetaError>;

/// An ordered key-value store in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryMeta {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// How many commits are held back; tests wait for it.
    held_count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    rows: Rows,
    /// Commits that are still answered at once; `None`: all of them.
    allowed: Option<u64>,
    held: Vec<(MiniTxn, oneshot::Sender<Answer>)>,
    poisoned: bool,
}

impl MemoryMeta {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers `commits` more transactions, then holds the following ones back: their callers wait,
    /// nobody sees their writes, and a crash may lose them.
    pub fn hold_after(&self, commits: u64) {
        self.lock().allowed = Some(commits);
    }

    /// Waits until at least `count` commits are held back.
    pub async fn until_held(&self, count: usize) {
        let mut held = self.shared.held_count.subscribe();
        // The sender lives in `self`, so the channel cannot close while we wait.
        let _ = held.wait_for(|now| *now >= count).await;
    }

    /// Makes what was held back durable, in order, and holds nothing back any more.
    pub fn release(&self) {
        let mut state = self.lock();
        state.allowed = None;
        let held = std::mem::take(&mut state.held);
        for (txn, waiting) in held {
            let outcome = state.rows.commit(txn);
            // A caller that left does not change what is durable.
            let _ = waiting.send(Ok(outcome));
        }
        self.shared.held_count.send_replace(0);
    }

    /// Fails the next sync: what is held back is refused, and so is every later commit.
    pub fn fail_sync(&self) {
        let mut state = self.lock();
        state.poisoned = true;
        for (_, waiting) in std::mem::take(&mut state.held) {
            let _ = waiting.send(Err(MetaError::Poisoned));
        }
        self.shared.held_count.send_replace(0);
    }

    /// The store as the next process finds it after a crash at this moment: everything that was
    /// answered, and the first `kept` of the commits held back. This one takes no more commits.
    #[must_use]
    pub fn crash(&self, kept: usize) -> Self {
        let mut state = self.lock();
        state.poisoned = true;
        let mut rows = state.rows.latest();
        for (index, (txn, waiting)) in std::mem::take(&mut state.held).into_iter().enumerate() {
            if index < kept {
                rows.commit(txn);
            }
            let _ = waiting.send(Err(MetaError::Poisoned));
        }
        self.shared.held_count.send_replace(0);
        drop(state);
        let next = Self::new();
        next.lock().rows = rows;
        next
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(&self, txn: MiniTxn) -> Result<Answer, oneshot::Receiver<Answer>> {
        let mut state = self.lock();
        if state.poisoned {
            return Ok(Err(MetaError::Poisoned));
        }
        match &mut state.allowed {
            Some(0) => {
                let (waiting, answer) = oneshot::channel();
                state.held.push((txn, waiting));
                self.held_count.send_replace(state.held.len());
                return Err(answer);
            }
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(Ok(state.rows.commit(txn)))
    }
}

impl Meta for MemoryMeta {
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>> {
        let at = self.lock().rows.pin();
        let snapshot = MemorySnapshot {
            shared: Arc::clone(&self.shared),
            at,
        };
        Box::pin(std::future::ready(Ok(
            Arc::new(snapshot) as Arc<dyn Snapshot>
        )))
    }

    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Answer> {
        Box::pin(async move {
            match self.shared.submit(txn) {
                Ok(answer) => answer,
                Err(waiting) => waiting.await.unwrap_or(Err(MetaError::Poisoned)),
            }
        })
    }

    fn is_poisoned(&self) -> bool {
        self.lock().poisoned
    }

    fn close(&self) -> Boxed<'_, Result<(), MetaError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[derive(Debug)]
struct MemorySnapshot {
    shared: Arc<Shared>,
    at: u64,
}

impl Drop for MemorySnapshot {
    fn drop(&mut self) {
        self.shared.lock().rows.unpin(self.at);
    }
}

impl Snapshot for MemorySnapshot {
    fn get<'a>(&'a self, key: &'a [u8]) -> Boxed<'a, Result<Option<Bytes>, MetaError>> {
        let value = self.shared.lock().rows.seen(key, self.at);
        Box::pin(std::future::ready(Ok(value)))
    }

    fn multi_get<'a>(
        &'a self,
        keys: &'a [Bytes],
    ) -> Boxed<'a, Result<Vec<Option<Bytes>>, MetaError>> {
        let state = self.shared.lock();
        let values = keys
            .iter()
            .map(|key| state.rows.seen(key, self.at))
            .collect();
        Box::pin(std::future::ready(Ok(values)))
    }

    fn scan(&self, scan: Scan) -> Boxed<'_, Result<Vec<(Bytes, Bytes)>, MetaError>> {
        let rows = self.shared.lock().rows.scan(&scan, self.at);
        Box::pin(std::future::ready(Ok(rows)))
    }
}

/// Every key with the versions that someone may still look at, oldest first.
#[derive(Debug, Default)]
struct Rows {
    keys: BTreeMap<Bytes, Vec<Version>>,
    /// The number of the last commit that wrote.
    last: u64,
    /// Living snapshots by the commit that they show.
    pins: BTreeMap<u64, usize>,
    /// Keys to tidy once no snapshot older than the commit lives.
    superseded: VecDeque<(u64, Bytes)>,
}

#[derive(Debug)]
struct Version {
    commit: u64,
    value: Option<Bytes>,
}

impl Rows {
    fn commit(&mut self, txn: MiniTxn) -> Outcome {
        let holds = |(key, expect): &(Bytes, super::Expect)| {
            expect.holds(self.seen(key, self.last).as_deref())
        };
        if !txn.checks.iter().all(holds) {
            return Outcome::Conflict;
        }
        self.last += 1;
        for write in txn.writes {
            let (key, value) = match write {
                Write::Put(key, value) => (key, Some(value)),
                Write::Delete(key) => (key, None),
            };
            let version = Version {
                commit: self.last,
                value,
            };
            self.keys.entry(key.clone()).or_default().push(version);
            self.superseded.push_back((self.last, key));
        }
        self.tidy();
        Outcome::Committed
    }

    fn seen(&self, key: &[u8], at: u64) -> Option<Bytes> {
        self.keys
            .get(key)
            .and_then(|versions| seen_among(versions, at))
    }

    fn scan(&self, scan: &Scan, at: u64) -> Vec<(Bytes, Bytes)> {
        // A range that ends before it starts is empty; the map would panic.
        if scan.end.as_ref().is_some_and(|end| *end <= scan.start) {
            return Vec::new();
        }
        let end = scan.end.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        self.keys
            .range::<Bytes, _>((Bound::Included(&scan.start), end))
            .filter_map(|(key, versions)| Some((key.clone(), seen_among(versions, at)?)))
            .take(scan.limit)
            .collect()
    }

    fn pin(&mut self) -> u64 {
        *self.pins.entry(self.last).or_default() += 1;
        self.last
    }

    fn unpin(&mut self, at: u64) {
        if let Some(count) = self.pins.get_mut(&at) {
            *count -= 1;
            if *count == 0 {
                self.pins.remove(&at);
                self.tidy();
            }
        }
    }

    /// Drops the versions that no living snapshot can see.
    fn tidy(&mut self) {
        let oldest = self.pins.keys().next().copied().unwrap_or(self.last);
        while self
            .superseded
            .front()
            .is_some_and(|(commit, _)| *commit <= oldest)
        {
            let Some((_, key)) = self.superseded.pop_front() else {
                break;
            };
            let Some(versions) = self.keys.get_mut(&key) else {
                continue;
            };
            let shown = versions.partition_point(|version| version.commit <= oldest);
            versions.drain(..shown.saturating_sub(1));
            if versions.len() == 1 && versions.iter().all(|only| only.value.is_none()) {
                self.keys.remove(&key);
            }
        }
    }

    fn latest(&self) -> Self {
        let now = |(key, versions): (&Bytes, &Vec<Version>)| {
            let value = seen_among(versions, self.last)?;
            Some((
                key.clone(),
                vec![Version {
                    commit: 0,
                    value: Some(value),
                }],
            ))
        };
        Self {
            keys: self.keys.iter().filter_map(now).collect(),
            ..Self::default()
        }
    }
}

fn seen_among(versions: &[Version], at: u64) -> Option<Bytes> {
    versions
        .iter()
        .rev()
        .find(|version| version.commit <= at)?
        .value
        .clone()
}
