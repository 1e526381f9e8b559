//! What was measured: how many, how long each, how many bytes, which errors.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::Refused;
use crate::histogram::Histogram;
use crate::plan::Op;
use crate::timeline::Timeline;

/// Codes that are told apart; what comes after is `other`.
const CODES_MAX: usize = 32;

/// One operation's part of a measurement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measured {
    /// How long those took that were answered as they should be.
    pub latency: Histogram,
    /// Bytes of objects that they sent or received.
    pub bytes: u64,
    /// How many were not, by code.
    pub errors: BTreeMap<String, u64>,
}

impl Measured {
    /// How many were not answered as they should be.
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    fn merge(&mut self, other: &Self) {
        self.latency.merge(&other.latency);
        self.bytes += other.bytes;
        for (code, count) in &other.errors {
            self.count_error(code, *count);
        }
    }

    fn count_error(&mut self, code: &str, count: u64) {
        let known = self.errors.contains_key(code) || self.errors.len() < CODES_MAX;
        let code = if known { code } else { "other" };
        *self.errors.entry(code.to_owned()).or_default() += count;
    }
}

/// All operations of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// By operation.
    pub operations: BTreeMap<Op, Measured>,
    /// Operations that ended well, over the time in which it was measured.
    pub timeline: Timeline,
    /// How long it was measured.
    pub elapsed: Duration,
    /// What the service said with the first error of all.
    pub first_error: Option<String>,
}

impl Tally {
    /// An operation ended well: when, after how long, and how many bytes it moved.
    pub(crate) fn done(&mut self, op: Op, at: Duration, took: Duration, bytes: u64) {
        let measured = self.operations.entry(op).or_default();
        measured.latency.add(took);
        measured.bytes += bytes;
        self.timeline.add(at);
        self.elapsed = self.elapsed.max(at);
    }

    /// An operation failed.
    pub(crate) fn failed(&mut self, op: Op, at: Duration, refused: Refused) {
        let measured = self.operations.entry(op).or_default();
        measured.count_error(&refused.code, 1);
        self.elapsed = self.elapsed.max(at);
        if self.first_error.is_none() {
            self.first_error = Some(crate::Error::from(refused).to_string());
        }
    }

    /// Adds what another worker measured at the same time.
    pub(crate) fn join(&mut self, other: &Self) {
        self.add(other, Duration::ZERO);
        self.elapsed = self.elapsed.max(other.elapsed);
    }

    /// Adds what was measured afterwards.
    pub(crate) fn append(&mut self, later: &Self) {
        self.add(later, self.elapsed);
        self.elapsed += later.elapsed;
    }

    fn add(&mut self, other: &Self, begun: Duration) {
        for (op, measured) in &other.operations {
            self.operations.entry(*op).or_default().merge(measured);
        }
        self.timeline.merge(&other.timeline, begun);
        if self.first_error.is_none() {
            self.first_error.clone_from(&other.first_error);
        }
    }

    /// How many ended well.
    pub fn count(&self) -> u64 {
        let counts = self.operations.values().map(|one| one.latency.count());
        counts.sum()
    }

    /// How many failed.
    pub fn failures(&self) -> u64 {
        self.operations.values().map(Measured::failed).sum()
    }

    /// All operations' latencies together.
    pub fn latency(&self) -> Histogram {
        let mut all = Histogram::default();
        for measured in self.operations.values() {
            all.merge(&measured.latency);
        }
        all
    }

    /// How many ended well in a second.
    pub fn rate(&self) -> f64 {
        rate(self.count(), self.elapsed)
    }
}

/// So many in so long, in a second.
#[expect(
    clippy::cast_precision_loss,
    reason = "a rate is shown with three digits or four"
)]
pub fn rate(count: u64, time: Duration) -> f64 {
    if time.is_zero() {
        return 0.0;
    }
    count as f64 / time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn one(op: Op, at: Duration) -> Tally {
        let mut tally = Tally::default();
        tally.done(op, at, SECOND / 2, 10);
        tally
    }

    #[test]
    fn workers_join_and_slices_follow() {
        let mut slice = one(Op::Get, SECOND);
        slice.join(&one(Op::Put, SECOND * 2));
        assert_eq!((slice.elapsed, slice.count()), (SECOND * 2, 2));
        let mut run = slice.clone();
        run.append(&slice);
        assert_eq!((run.elapsed, run.count()), (SECOND * 4, 4));
        assert!((run.rate() - 1.0).abs() < 1e-9);
        assert_eq!(run.latency().count(), 4);
    }

    #[test]
    fn many_codes_take_bounded_room() {
        let mut tally = Tally::default();
        for number in 0..1000 {
            let refused = Refused::connection(&format!("code {number}"), "words");
            tally.failed(Op::Get, SECOND, refused);
        }
        let measured = tally.operations.get(&Op::Get).unwrap();
        assert_eq!(
            (measured.errors.len(), measured.failed()),
            (CODES_MAX + 1, 1000)
        );
        assert_eq!(tally.first_error.as_deref(), Some("code 0: words"));
    }
}
