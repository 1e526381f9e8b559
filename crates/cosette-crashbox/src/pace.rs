//! Changes at a given rate, however long each takes: one that begins late has waited, and that counts.
//! Clients that begin when the last answer came would ask less of a server the slower it is.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;

/// When changes are due, and how long after that they were done.
#[derive(Debug)]
pub(crate) struct Pace {
    begun: Instant,
    clients: u64,
    /// Between two changes of all clients together.
    every: Duration,
    took: Mutex<Vec<(Duration, Duration)>>,
}

impl Pace {
    /// So many changes a second, of all clients together.
    pub(crate) fn new(clients: u64, rate: f64) -> Self {
        Self {
            begun: clock::now(),
            clients,
            every: Duration::from_secs_f64(1.0 / rate.max(1.0)),
            took: Mutex::default(),
        }
    }

    fn due(&self, client: u64, nth: u64) -> Duration {
        let place = nth.saturating_mul(self.clients).saturating_add(client);
        self.every.mul_f64(place as f64)
    }

    /// Waits until this change of this client is due; gives when that was.
    pub(crate) async fn wait(&self, client: u64, nth: u64) -> Duration {
        let due = self.due(client, nth);
        clock::pause(due.saturating_sub(self.begun.elapsed())).await;
        due
    }

    pub(crate) fn done(&self, due: Duration) {
        let late = self.begun.elapsed().saturating_sub(due);
        let mut took = self.took.lock().unwrap_or_else(PoisonError::into_inner);
        took.push((due, late));
    }

    /// How long 99 of 100 changes took at most that were due within the first third of the time, and
    /// within the last.
    pub(crate) fn p99_of_thirds(&self) -> Option<(Duration, Duration)> {
        let took = self.took.lock().unwrap_or_else(PoisonError::into_inner);
        let end = took.iter().map(|(due, _)| *due).max()?;
        let p99 = |within: &dyn Fn(Duration) -> bool| {
            let those = took.iter().filter(|(due, _)| within(*due));
            let mut times: Vec<Duration> = those.map(|(_, took)| *took).collect();
            times.sort_unstable();
            times.get(times.len() * 99 / 100).copied()
        };
        let first = p99(&|due| due <= end / 3)?;
        Some((first, p99(&|due| due > end / 3 * 2)?))
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::Duration;

    #[test]
    fn clients_take_turns_and_the_rate_is_of_all_together() {
        let pace = Pace::new(4, 100.0);
        let due: Vec<Duration> = [(0, 0), (3, 0), (0, 1), (1, 25)]
            .map(|(client, nth)| pace.due(client, nth))
            .to_vec();
        let ms = [0, 30, 40, 1010].map(Duration::from_millis);
        assert_eq!(due, ms);
    }

    #[test]
    fn both_ends_are_told_apart() {
        let pace = Pace::new(1, 1.0);
        assert_eq!(pace.p99_of_thirds(), None);
        let mut took = pace.took.lock().unwrap();
        for second in 0..=300 {
            let late = if second <= 100 { 5 } else { 9 };
            took.push((Duration::from_secs(second), Duration::from_millis(late)));
        }
        drop(took);
        let ends = [5, 9].map(Duration::from_millis);
        assert_eq!(pace.p99_of_thirds(), Some(ends.into()));
    }
}
