//! Stretches of keys in which no row is left, so that a scan need not pass over what was deleted.
//!
//! An engine keeps deleted rows, and the marks that hide them, until it merges them away; a scan passes
//! each. Of a prefix that was just emptied of a million keys that is most of a second, for nothing.
//!
//! The one writer of an engine finds the stretches and keeps them beside the view in which it found
//! them. A batch that puts a row into one cuts it, for the view of that batch and all after it. So a
//! stretch is empty in every view that comes with it, and forgetting one costs time and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use super::committer::{View, Writes};
use super::{MetaError, Scan};
use crate::planted::Bug;
use crate::tables;

/// Most stretches that are kept; those with the fewest deletes go.
const GAPS_MAX: usize = 128;

/// What is looked for, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    /// A look is taken after so many deletes.
    deletes: usize,
    /// One in so many deleted keys is where a stretch may begin.
    sample: usize,
}

impl Habit {
    /// A look passes over what was deleted since the last one: some milliseconds of the writer's time.
    pub(super) const USUAL: Self = Self {
        deletes: 4096,
        sample: 64,
    };

    /// Over a simulated disk, whose stores are small.
    pub(super) const EAGER: Self = Self {
        deletes: 4,
        sample: 1,
    };
}

/// Stretches without rows: by the first key of each, where it ends. No two touch.
#[derive(Debug, Clone, Default)]
pub(super) struct Gaps(BTreeMap<Bytes, Gap>);

#[derive(Debug, Clone)]
struct Gap {
    /// The first key behind it.
    end: Bytes,
    /// How many deletes are known to lie in it, roughly.
    deletes: usize,
}

impl Gaps {
    /// The stretch that begins at this key or nearest before it.
    fn before(&self, key: &[u8]) -> Option<(&Bytes, &Gap)> {
        let until = (Bound::Unbounded, Bound::Included(key));
        self.0.range::<[u8], _>(until).next_back()
    }

    fn holding(&self, key: &[u8]) -> Option<(&Bytes, &Gap)> {
        self.before(key).filter(|(_, gap)| *gap.end > *key)
    }

    fn ends_at(&self, key: &[u8]) -> bool {
        self.before(key).is_some_and(|(_, gap)| *gap.end == *key)
    }

    /// The stretches after a batch that writes this.
    pub(super) fn after(self: &Arc<Self>, writes: &Writes) -> Arc<Self> {
        let mut after = Arc::clone(self);
        if self.0.is_empty() || Bug::GapOutlivesPut.is_planted() {
            return after;
        }
        for (key, _) in writes.iter().filter(|(_, value)| value.is_some()) {
            if after.holding(key).is_some() {
                Arc::make_mut(&mut after).cut(key);
            }
        }
        after
    }

    fn cut(&mut self, key: &Bytes) {
        let Some((start, _)) = self.holding(key) else {
            return;
        };
        let start = start.clone();
        let Some(Gap { end, deletes }) = self.0.remove(&start) else {
            return;
        };
        // Nobody knows which side the deletes are on.
        let behind = tables::after(key);
        for (start, end) in [(start, key.clone()), (behind, end)] {
            if start < end {
                self.0.insert(start, Gap { end, deletes });
            }
        }
        self.shrink();
    }

    /// Adds a stretch, joined with those that it touches.
    fn add(&mut self, start: Bytes, end: Bytes, deletes: usize) {
        let mut all = Gap { end, deletes };
        let mut from = start;
        let touched = |gaps: &Self, from: &Bytes, end: &Bytes| {
            let last = gaps.before(end).filter(|(_, gap)| gap.end >= *from);
            last.map(|(start, _)| start.clone())
        };
        while let Some(start) = touched(self, &from, &all.end) {
            if let Some(gap) = self.0.remove(&start) {
                all.end = all.end.max(gap.end);
                all.deletes = all.deletes.saturating_add(gap.deletes);
            }
            from = from.min(start);
        }
        self.0.insert(from, all);
    }

    fn shrink(&mut self) {
        while self.0.len() > GAPS_MAX {
            let least = self.0.iter().min_by_key(|(_, gap)| gap.deletes);
            let Some(start) = least.map(|(start, _)| start.clone()) else {
                return;
            };
            self.0.remove(&start);
        }
    }

    /// The next piece of a range that may hold rows, from `from` on: where it begins and ends. `None` if there
    /// is none.
    fn piece(&self, from: &Bytes, end: Option<&Bytes>) -> Option<(Bytes, Option<Bytes>)> {
        let inside = |key: &&Bytes| end.is_none_or(|end| *key < end);
        let start = self.holding(from).map_or(from, |(_, gap)| &gap.end);
        inside(&start).then(|| {
            let behind = (Bound::Excluded(start.clone()), Bound::Unbounded);
            let next = self.0.range::<Bytes, _>(behind).next();
            let next = next.map(|(next, _)| next).filter(inside);
            (start.clone(), next.or(end).cloned())
        })
    }
}

/// Reads a range around the stretches that are known to be empty.
pub(super) fn scan<V: View>(
    view: &V,
    gaps: &Gaps,
    scan: &Scan,
) -> Result<Vec<(Bytes, Bytes)>, MetaError> {
    if gaps.0.is_empty() {
        return view.scan(scan);
    }
    let (mut found, mut from) = (Vec::new(), scan.start.clone());
    while let Some((start, end)) = gaps.piece(&from, scan.end.as_ref()) {
        let limit = scan.limit - found.len();
        if limit == 0 {
            break;
        }
        let piece = Scan { start, end, limit };
        found.append(&mut view.scan(&piece)?);
        let Some(end) = piece.end else { break };
        from = end;
    }
    Ok(found)
}

/// Watches what is deleted, and finds what that leaves empty.
#[derive(Debug)]
pub(super) struct Lookout {
    /// The tables that are watched, by the first bytes of their keys.
    tables: &'static [u8],
    habit: Habit,
    /// Deletes since the last look.
    deletes: usize,
    /// Where to look.
    samples: BTreeSet<Bytes>,
}

impl Lookout {
    pub(super) fn new(tables: &'static [u8], habit: Habit) -> Self {
        Self {
            tables,
            habit,
            deletes: 0,
            samples: BTreeSet::new(),
        }
    }

    /// Sees what a batch has deleted.
    pub(super) fn note(&mut self, writes: &Writes, gaps: &Gaps) {
        for (key, _) in writes.iter().filter(|(_, value)| value.is_none()) {
            if !key.first().is_some_and(|table| self.tables.contains(table)) {
                continue;
            }
            self.deletes += 1;
            // Where a stretch ended with this row, it goes on now.
            if self.deletes.is_multiple_of(self.habit.sample) || gaps.ends_at(key) {
                self.samples.insert(Bytes::copy_from_slice(key));
            }
        }
    }

    /// The stretches that there are now, if it was time to look.
    pub(super) fn look<V: View>(
        &mut self,
        view: &V,
        gaps: &Gaps,
    ) -> Result<Option<Gaps>, MetaError> {
        if self.deletes < self.habit.deletes {
            return Ok(None);
        }
        self.deletes = 0;
        let mut gaps = gaps.clone();
        for key in std::mem::take(&mut self.samples) {
            if let Some((start, _)) = gaps.holding(&key) {
                let start = start.clone();
                if let Some(gap) = gaps.0.get_mut(&start) {
                    gap.deletes = gap.deletes.saturating_add(self.habit.sample);
                }
                continue;
            }
            let behind = tables::after_prefix(key.get(..1).unwrap_or_default());
            let next = Scan {
                start: key.clone(),
                end: behind.clone(),
                limit: 1,
            };
            let next = scan(view, &gaps, &next)?.into_iter().next();
            let next = next.map(|(key, _)| Bytes::copy_from_slice(&key));
            if let Some(end) = next.or(behind).filter(|end| *end > key) {
                gaps.add(key, end, self.habit.sample);
            }
        }
        gaps.shrink();
        Ok(Some(gaps))
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::Mutex;

    use super::super::hot::Warm;
    use super::*;

    /// Rows whose scans are counted by what they pass over: the deleted ones, too.
    #[derive(Debug, Default)]
    struct Rows {
        live: BTreeMap<Bytes, Bytes>,
        dead: BTreeSet<Bytes>,
        passed: Mutex<usize>,
    }

    impl View for Arc<Rows> {
        fn get(&self, key: &[u8]) -> Result<Option<Bytes>, MetaError> {
            Ok(self.live.get(key).cloned())
        }

        fn scan(&self, scan: &Scan) -> Result<Vec<(Bytes, Bytes)>, MetaError> {
            let end = scan.end.clone().map_or(Bound::Unbounded, Bound::Excluded);
            let range = (Bound::Included(scan.start.clone()), end);
            let found: Vec<_> = self.live.range(range.clone()).take(scan.limit).collect();
            let last = found.last().map(|(key, _)| *key);
            let passed = self.dead.range(range);
            let passed = passed.take_while(|key| found.len() < scan.limit || last >= Some(*key));
            *self.passed.lock().unwrap() += passed.count();
            let own = |(key, value): (&Bytes, &Bytes)| (key.clone(), value.clone());
            Ok(found.into_iter().map(own).collect())
        }
    }

    /// A store of rows and its lookout.
    struct Bench {
        rows: Rows,
        warm: Warm<Arc<Rows>>,
        lookout: Lookout,
    }

    fn key(number: usize) -> Bytes {
        format!("h{number:06}").into()
    }

    impl Bench {
        fn new(habit: Habit) -> Self {
            Self {
                rows: Rows::default(),
                warm: Warm::new(Arc::default(), b""),
                lookout: Lookout::new(b"h", habit),
            }
        }

        fn write(&mut self, keys: impl Iterator<Item = usize>, puts: bool) {
            let value = puts.then(|| Bytes::from_static(b"v"));
            let writes: Writes = keys.map(|nth| (key(nth), value.clone())).collect();
            self.lookout.note(&writes, self.warm.gaps());
            let kept = self.warm.kept_after(&writes);
            for (key, value) in writes {
                match value {
                    Some(value) => drop(self.rows.live.insert(key, value)),
                    None => {
                        self.rows.live.remove(&key);
                        self.rows.dead.insert(key);
                    }
                }
            }
            let rows = Rows {
                live: self.rows.live.clone(),
                dead: self.rows.dead.clone(),
                passed: Mutex::default(),
            };
            self.warm = Warm::over(Arc::new(rows), kept);
            if let Some(gaps) = self.look() {
                self.warm = self.warm.with_gaps(gaps);
            }
        }

        fn look(&mut self) -> Option<Gaps> {
            let found = self.lookout.look(self.warm.view(), self.warm.gaps());
            found.unwrap()
        }

        /// What a scan finds, and how many deleted rows it passes over.
        fn scan(&self, range: Range<usize>, limit: usize) -> (Vec<Bytes>, usize) {
            let scan = Scan {
                start: key(range.start),
                end: Some(key(range.end)),
                limit,
            };
            *self.warm.view().passed.lock().unwrap() = 0;
            let found = self.warm.scan(&scan).unwrap();
            let keys: Vec<_> = found.into_iter().map(|(key, _)| key).collect();
            let plain = self.warm.view().scan(&scan).unwrap();
            let plain: Vec<_> = plain.into_iter().map(|(key, _)| key).collect();
            assert_eq!(keys, plain, "{scan:?}");
            let passed = *self.warm.view().passed.lock().unwrap();
            (keys, passed)
        }
    }

    const SMALL: Habit = Habit {
        deletes: 40,
        sample: 10,
    };

    #[test]
    fn what_was_emptied_is_passed_in_one_step() {
        let mut bench = Bench::new(SMALL);
        bench.write(0..1000, true);
        // Several clients at a time, each at a range of its own.
        for nth in 0..25 {
            for client in 0..4 {
                let first = 100 + client * 200 + nth * 8;
                bench.write(first..first + 8, false);
            }
        }
        // The last of them are found with the next that are deleted.
        bench.write(960..1000, false);
        let (keys, passed) = bench.scan(0..1000, 2000);
        assert_eq!(keys.len(), 160);
        // The plain scan passes over all of them.
        assert!(passed < 840 + SMALL.deletes, "{passed}");
        let (keys, _) = bench.scan(100..900, 1);
        assert_eq!(keys, Vec::<Bytes>::new());
    }

    // catches: GapOutlivesPut
    #[test]
    fn a_row_that_is_put_into_an_empty_stretch_is_found() {
        let mut bench = Bench::new(SMALL);
        bench.write(0..200, true);
        bench.write(50..150, false);
        assert_eq!(bench.warm.gaps().0.len(), 1);
        let before = bench.warm.gaps().clone();
        for put in [100, 51, 149, 50, 120] {
            bench.write(put..put + 1, true);
            let (keys, _) = bench.scan(40..160, 200);
            assert!(keys.contains(&key(put)));
        }
        assert_eq!(before.0.len(), 1, "the view of before is as it was");
        bench.write(100..150, false);
        bench.scan(0..200, 300);
    }

    #[test]
    fn histories_read_as_if_nothing_were_remembered() {
        for seed in 0..60_usize {
            let mut bench = Bench::new(if seed % 2 == 0 { Habit::EAGER } else { SMALL });
            let mut state = seed;
            let mut random = |below: usize| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % below
            };
            for _ in 0..120 {
                let (start, length, puts) = (random(300), random(40), random(3) == 0);
                bench.write(start..start + length, puts);
                let (start, length) = (random(300), random(100));
                bench.scan(start..start + length, 1 + random(50));
                let gaps = bench.warm.gaps();
                let mut last = Bytes::new();
                for (start, gap) in &gaps.0 {
                    assert!(last < *start && *start < gap.end, "{gaps:?}");
                    last = gap.end.clone();
                }
            }
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut bench = Bench::new(Habit::EAGER);
        bench.write(0..3000, true);
        for nth in 0..1400 {
            bench.write(nth * 2..nth * 2 + 1, false);
            assert!(bench.warm.gaps().0.len() <= GAPS_MAX);
        }
        bench.scan(0..3000, 3000);
    }
}
