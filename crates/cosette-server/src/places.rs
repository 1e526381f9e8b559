//! How many connections there are, in all and of each address. Who has no place is closed at once: to
//! let him wait would let a few who hold on keep everybody out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::{Limits, SHARES_OF_THIS_MACHINE};
use crate::metrics::Metrics;

/// The places of one listener.
#[derive(Debug)]
pub(crate) struct Places {
    taken: Arc<Mutex<Taken>>,
    all_max: usize,
    per_address_max: usize,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// A connection's place; free when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    taken: Arc<Mutex<Taken>>,
    address: Option<IpAddr>,
    metrics: Arc<Metrics>,
}

impl Places {
    pub(crate) fn new(limits: &Limits, metrics: &Arc<Metrics>) -> Self {
        Self {
            taken: Arc::default(),
            all_max: limits.connections_max,
            per_address_max: limits.connections_per_address_max,
            metrics: Arc::clone(metrics),
        }
    }

    /// A place for one more, if there is one.
    pub(crate) fn take(&self, address: Option<IpAddr>) -> Option<Place> {
        let address = address.map(|address| address.to_canonical());
        let mut taken = lock(&self.taken);
        if taken.all >= self.all_max {
            Metrics::count(&self.metrics.refused_all);
            return None;
        }
        if let Some(address) = address {
            let of = taken.of.entry(address).or_default();
            if *of >= self.share_of(address) {
                Metrics::count(&self.metrics.refused_address);
                return None;
            }
            *of += 1;
        }
        taken.all += 1;
        Metrics::count(&self.metrics.accepted);
        Metrics::count(&self.metrics.connections);
        Some(Place {
            taken: Arc::clone(&self.taken),
            address,
            metrics: Arc::clone(&self.metrics),
        })
    }

    fn share_of(&self, address: IpAddr) -> usize {
        let shares = match address.is_loopback() {
            true => SHARES_OF_THIS_MACHINE,
            false => 1,
        };
        self.per_address_max.saturating_mul(shares)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.all -= 1;
        if let Some(address) = self.address
            && let Some(of) = taken.of.get_mut(&address)
        {
            *of -= 1;
            if *of == 0 {
                taken.of.remove(&address);
            }
        }
        self.metrics.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(all_max: usize, per_address_max: usize) -> Places {
        let limits = Limits {
            connections_max: all_max,
            connections_per_address_max: per_address_max,
            ..Limits::default()
        };
        Places::new(&limits, &Arc::default())
    }

    #[test]
    fn one_address_has_its_share_and_no_more() {
        let places = places(10, 2);
        let one: IpAddr = [10, 0, 0, 1].into();
        let first = places.take(Some(one)).unwrap();
        // The same address as an IPv6 socket writes it.
        let second = places.take(Some([0, 0, 0, 0, 0, 0xffff, 0x0a00, 1].into()));
        assert!(second.is_some());
        for _ in 0..1000 {
            assert!(places.take(Some(one)).is_none());
        }
        assert_eq!(places.metrics.refused_address.load(Ordering::Relaxed), 1000);
        assert!(places.take(Some([10, 0, 0, 2].into())).is_some());
        assert!(places.take(None).is_some());
        drop(first);
        assert!(places.take(Some(one)).is_some());
        drop(second);
        assert!(lock(&places.taken).of.is_empty(), "nobody is remembered");
    }

    #[test]
    fn this_machine_counts_as_some_addresses() {
        let places = places(100, 2);
        let local: IpAddr = [127, 0, 0, 1].into();
        let held: Vec<_> = (0..2 * SHARES_OF_THIS_MACHINE)
            .map(|_| places.take(Some(local)))
            .collect();
        assert!(held.iter().all(Option::is_some));
        assert!(places.take(Some(local)).is_none());
        assert!(places.take(Some([10, 0, 0, 1].into())).is_some());
    }

    #[test]
    fn all_together_have_no_more_than_there_are() {
        let places = places(3, 3);
        let held: Vec<_> = (1..=3)
            .map(|n| places.take(Some([10, 0, 0, n].into())))
            .collect();
        assert!(held.iter().all(Option::is_some));
        for _ in 0..3000 {
            assert!(places.take(Some([10, 0, 0, 4].into())).is_none());
        }
        assert_eq!(places.metrics.refused_all.load(Ordering::Relaxed), 3000);
        assert_eq!(places.metrics.connections.load(Ordering::Relaxed), 3);
        drop(held);
        assert_eq!(places.metrics.connections.load(Ordering::Relaxed), 0);
        assert!(places.take(None).is_some());
    }
}
