//! Latencies in buckets whose width grows with the value: fixed memory, and an error below 1 %.

use std::time::Duration;

/// Buckets of each power of two: 2^7, so that a bucket is at most 1/128 of its value wide.
const PRECISION_BITS: u32 = 7;
const PER_POWER: usize = 1 << PRECISION_BITS;
/// Above 2^42 ns (73 minutes) everything is in the last bucket; the maximum is kept exactly.
const VALUE_BITS_MAX: u32 = 42;
const BUCKETS: usize = PER_POWER * (VALUE_BITS_MAX - PRECISION_BITS + 1) as usize;

/// How long things took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    sum_nanos: u128,
    min_nanos: u64,
    max_nanos: u64,
}

/// The latencies between two limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// The shortest that belongs to it.
    pub from: Duration,
    /// The shortest that does not any more.
    pub to: Duration,
    /// How many there are.
    pub count: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: vec![0; BUCKETS],
            count: 0,
            sum_nanos: 0,
            min_nanos: u64::MAX,
            max_nanos: 0,
        }
    }
}

impl Histogram {
    /// Adds one latency.
    pub fn add(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(index(nanos)) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum_nanos += u128::from(nanos);
        self.min_nanos = self.min_nanos.min(nanos);
        self.max_nanos = self.max_nanos.max(nanos);
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for (own, other) in self.buckets.iter_mut().zip(&other.buckets) {
            *own += other;
        }
        self.count += other.count;
        self.sum_nanos += other.sum_nanos;
        self.min_nanos = self.min_nanos.min(other.min_nanos);
        self.max_nanos = self.max_nanos.max(other.max_nanos);
    }

    /// How many latencies there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The shortest; zero if there is none.
    pub const fn min(&self) -> Duration {
        match self.count {
            0 => Duration::ZERO,
            _ => Duration::from_nanos(self.min_nanos),
        }
    }

    /// The longest; zero if there is none.
    pub const fn max(&self) -> Duration {
        Duration::from_nanos(self.max_nanos)
    }

    /// The mean; zero if there is none.
    pub fn mean(&self) -> Duration {
        let mean = self.sum_nanos.checked_div(u128::from(self.count));
        Duration::from_nanos(u64::try_from(mean.unwrap_or(0)).unwrap_or(u64::MAX))
    }

    /// The latency that this many of ten thousand are not above: 9,990 for p99.9. Within 1 %, and
    /// never above the longest.
    pub fn quantile(&self, of_ten_thousand: u64) -> Duration {
        let rank = (u128::from(self.count) * u128::from(of_ten_thousand)).div_ceil(10_000);
        let rank = u64::try_from(rank).unwrap_or(u64::MAX).max(1);
        let mut seen = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                let highest = upper(at).saturating_sub(1);
                return Duration::from_nanos(highest.clamp(self.min_nanos, self.max_nanos));
            }
        }
        self.max()
    }

    /// The buckets that hold something, in order.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> {
        let filled = self.buckets.iter().enumerate();
        filled
            .filter(|(_, count)| **count > 0)
            .map(|(at, count)| Bucket {
                from: Duration::from_nanos(lower(at)),
                to: Duration::from_nanos(upper(at)),
                count: *count,
            })
    }
}

/// Where a value belongs. The first 2^8 buckets are one value wide; from there each power of two
/// has 2^7.
fn index(nanos: u64) -> usize {
    let bits = u64::BITS - nanos.leading_zeros();
    let shift = bits.saturating_sub(PRECISION_BITS + 1);
    let power = usize::try_from(shift).unwrap_or(0) * PER_POWER;
    let within = usize::try_from(nanos >> shift).unwrap_or(0);
    (power + within).min(BUCKETS - 1)
}

/// The least value of a bucket.
fn lower(at: usize) -> u64 {
    let (power, within) = match at / PER_POWER {
        0 => (0, at),
        power => (power - 1, at - (power - 1) * PER_POWER),
    };
    u64::try_from(within).unwrap_or(u64::MAX) << power
}

/// The least value above a bucket.
fn upper(at: usize) -> u64 {
    lower(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(value: u64) -> Duration {
        Duration::from_nanos(value)
    }

    #[test]
    fn every_value_is_between_the_limits_of_its_bucket() {
        let mut value = 0_u64;
        while value < 1 << 41 {
            let at = index(value);
            assert!(lower(at) <= value && value < upper(at), "{value} in {at}");
            // The width of a bucket is below one hundredth of what is in it.
            assert!(upper(at) - lower(at) <= 1 + value / 100, "{value}");
            value += 1 + value / 57;
        }
    }

    #[test]
    fn buckets_follow_each_other_without_gap() {
        for at in 1..BUCKETS {
            assert!(lower(at - 1) < lower(at), "{at}");
            assert_eq!(index(lower(at)), at);
            assert_eq!(index(lower(at) - 1), at - 1);
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_values() {
        let mut histogram = Histogram::default();
        for value in (1..=10_000_u64).rev() {
            histogram.add(nanos(value * 1_000));
        }
        for (part, exact) in [
            (5_000, 5_000),
            (9_000, 9_000),
            (9_990, 9_990),
            (9_999, 9_999),
        ] {
            let found = histogram.quantile(part).as_nanos();
            let exact = exact * 1_000;
            assert!(
                found >= exact && found <= exact + exact / 100,
                "{part}: {found}"
            );
        }
        assert_eq!(histogram.quantile(10_000), nanos(10_000_000));
        assert_eq!(
            (histogram.min(), histogram.max()),
            (nanos(1_000), nanos(10_000_000))
        );
        assert_eq!(histogram.mean(), nanos(5_000_500));
    }

    #[test]
    fn one_value_is_every_quantile() {
        let mut histogram = Histogram::default();
        histogram.add(nanos(123_456_789));
        for part in [0, 1, 5_000, 10_000] {
            assert_eq!(histogram.quantile(part), nanos(123_456_789));
        }
    }

    #[test]
    fn nothing_and_the_longest_have_their_place() {
        let mut histogram = Histogram::default();
        assert_eq!(
            (histogram.quantile(5_000), histogram.mean()),
            (Duration::ZERO, Duration::ZERO)
        );
        assert_eq!(histogram.buckets().count(), 0);
        histogram.add(Duration::MAX);
        assert_eq!(histogram.quantile(5_000), nanos(u64::MAX));
    }

    #[test]
    fn merged_is_as_if_added_to_one() {
        let (mut one, mut two, mut both) = (
            Histogram::default(),
            Histogram::default(),
            Histogram::default(),
        );
        for value in [1, 70, 900, 80_000, 5_000_000] {
            one.add(nanos(value));
            two.add(nanos(value * 3));
            both.add(nanos(value));
            both.add(nanos(value * 3));
        }
        one.merge(&two);
        assert_eq!(one, both);
        assert_eq!(one.buckets().map(|bucket| bucket.count).sum::<u64>(), 10);
    }
}
