//! How much was done when: counts in equal intervals, in fixed memory however long a run is.

use std::time::Duration;

/// More intervals than this are joined in pairs.
const INTERVALS_MAX: usize = 600;
const FIRST_INTERVAL: Duration = Duration::from_millis(100);

/// Operations ended in each interval since the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    interval: Duration,
    counts: Vec<u64>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            interval: FIRST_INTERVAL,
            counts: Vec::new(),
        }
    }
}

impl Timeline {
    /// Counts one that ended so long after the beginning.
    pub fn add(&mut self, at: Duration) {
        self.add_many(at, 1);
    }

    fn add_many(&mut self, at: Duration, count: u64) {
        while self.slot(at) >= INTERVALS_MAX {
            self.halve();
        }
        let slot = self.slot(at);
        if self.counts.len() <= slot {
            self.counts.resize(slot + 1, 0);
        }
        if let Some(counted) = self.counts.get_mut(slot) {
            *counted += count;
        }
    }

    fn slot(&self, at: Duration) -> usize {
        usize::try_from(at.as_nanos() / self.interval.as_nanos().max(1)).unwrap_or(usize::MAX)
    }

    fn halve(&mut self) {
        self.interval *= 2;
        let joined = self.counts.chunks(2).map(|pair| pair.iter().sum());
        self.counts = joined.collect();
    }

    /// Adds another that began so long after this one.
    pub fn merge(&mut self, other: &Self, begun: Duration) {
        for (at, count) in other.points().filter(|(_, count)| *count > 0) {
            // The middle of an interval is in the right one here too, whatever the two widths.
            self.add_many(begun + at + other.interval / 2, count);
        }
    }

    /// How long an interval is.
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// Each interval's beginning, and how many ended in it.
    pub fn points(&self) -> impl Iterator<Item = (Duration, u64)> {
        let mut at = Duration::ZERO;
        self.counts.iter().map(move |count| {
            let begun = at;
            at += self.interval;
            (begun, *count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_takes_no_more_room_than_a_short_one() {
        let mut timeline = Timeline::default();
        for second in 0..86_400 {
            timeline.add(Duration::from_secs(second));
        }
        assert!(timeline.counts.len() <= INTERVALS_MAX);
        assert_eq!(
            timeline.points().map(|(_, count)| count).sum::<u64>(),
            86_400
        );
    }

    #[test]
    fn merging_moves_the_second_behind_the_first() {
        let (mut first, mut second) = (Timeline::default(), Timeline::default());
        first.add(Duration::from_millis(50));
        second.add(Duration::from_millis(50));
        second.add(Duration::from_millis(150));
        first.merge(&second, Duration::from_secs(1));
        let filled: Vec<_> = first.points().filter(|(_, count)| *count > 0).collect();
        let ms = Duration::from_millis;
        assert_eq!(filled, [(ms(0), 1), (ms(1_000), 1), (ms(1_100), 1)]);
    }
}
