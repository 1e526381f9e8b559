//! Who is looking at what: so that nothing is freed under a reader's eyes.
//!
//! A reader *enters* before it takes its snapshot, finds a body, leases it and leaves again. The
//! sweep first sees in a snapshot that a body has no reference, then waits until everybody has left
//! who entered before (the *barrier*): whoever enters later cannot find the body any more. Then it
//! asks whether the body is leased. Both are exact; no time is guessed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::tables::BodyId;

/// All readers of this process.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    state: Mutex<State>,
    left: Notify,
    /// Told when a lease ends that the sweep is waiting for.
    wanted: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    entered: BTreeSet<u64>,
    bodies: HashMap<BodyId, usize>,
    wanted: HashSet<BodyId>,
}

/// Somebody who may hold an older snapshot; leaves when dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    leases: Arc<Leases>,
    ticket: u64,
}

/// A body that is being read; ends when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    leases: Arc<Leases>,
    body: BodyId,
}

impl Leases {
    /// `wanted` is told when there is work for the sweep.
    pub(crate) fn new(wanted: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            wanted,
            ..Self::default()
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Call before taking the snapshot.
    pub(crate) fn enter(self: &Arc<Self>) -> Entry {
        let mut state = self.lock();
        let ticket = state.next;
        state.next += 1;
        state.entered.insert(ticket);
        Entry {
            leases: Arc::clone(self),
            ticket,
        }
    }

    /// Waits until everybody has left who entered before this call.
    pub(crate) async fn barrier(&self) {
        let before = self.lock().next;
        loop {
            let left = self.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            if self.lock().entered.first().is_none_or(|t| *t >= before) {
                return;
            }
            left.await;
        }
    }

    /// Whether somebody reads the body. If so, the sweep is told when that ends.
    pub(crate) fn is_leased(&self, body: BodyId) -> bool {
        let mut state = self.lock();
        let leased = state.bodies.contains_key(&body);
        if leased {
            state.wanted.insert(body);
        }
        leased
    }
}

impl Entry {
    /// Leases a body that was found in a snapshot taken since entering.
    pub(crate) fn lease(&self, body: BodyId) -> Lease {
        *self.leases.lock().bodies.entry(body).or_default() += 1;
        Lease {
            leases: Arc::clone(&self.leases),
            body,
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.leases.lock().entered.remove(&self.ticket);
        self.leases.left.notify_waiters();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.leases.lock();
        let Some(count) = state.bodies.get_mut(&self.body) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            state.bodies.remove(&self.body);
            if state.wanted.remove(&self.body) {
                self.leases.wanted.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn the_barrier_waits_for_those_before_it_only() {
        let leases = Leases::new(Arc::default());
        let before = leases.enter();
        let barrier = leases.barrier();
        tokio::pin!(barrier);
        assert!(barrier.as_mut().now_or_never().is_none());
        let _after = leases.enter();
        drop(before);
        assert!(barrier.as_mut().now_or_never().is_some());
    }

    #[test]
    fn a_body_is_leased_until_the_last_lease_ends() {
        let told = Arc::new(Notify::new());
        let leases = Leases::new(Arc::clone(&told));
        let entry = leases.enter();
        let body = BodyId([1; 16]);
        let (one, two) = (entry.lease(body), entry.lease(body));
        assert!(leases.is_leased(body));
        drop(one);
        assert!(leases.is_leased(body));
        assert!(told.notified().now_or_never().is_none());
        drop(two);
        assert!(!leases.is_leased(body));
        assert!(told.notified().now_or_never().is_some());
    }
}
