//! Which keys a run uses. All of them are below a prefix that no other run has, so that what is
//! removed at the end is what this run has made.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use cosette_types::{ByteRange, ObjectKey};

use crate::error::Error;
use crate::plan::Plan;
use crate::random::Random;

/// Sources of one folder, so that folded listings have something to fold.
const PER_FOLDER: u64 = 1000;
/// The last segment of the prefix of sources.
const SOURCES: &str = "src/";

/// The keys of one server's part of a run, and what became of them.
#[derive(Debug)]
pub(crate) struct Objects {
    /// What all keys begin with that this run makes.
    prefix: String,
    /// What the sources begin with: the same, or that of an earlier run.
    sources: String,
    pub(crate) count: u64,
    /// How often each object was moved, where the workload moves.
    moved: Vec<AtomicU32>,
    /// The next prepared object that is deleted.
    next: AtomicU64,
    /// How many keys were written so far: numbers the targets.
    written: AtomicU64,
}

impl Objects {
    pub(crate) fn new(plan: &Plan, run: &str, moves: bool) -> Result<Self, Error> {
        let prefix = format!("{}cosette-bench-{run}/", plan.prefix);
        let sources = plan.reuse.clone().unwrap_or_else(|| prefix.clone());
        let moved = if moves { plan.objects } else { 0 };
        let objects = Self {
            prefix,
            sources: format!("{sources}{SOURCES}"),
            count: plan.objects,
            moved: (0..moved).map(|_| AtomicU32::new(0)).collect(),
            next: AtomicU64::new(0),
            written: AtomicU64::new(0),
        };
        // Whatever the prefix makes of keys, the first shows it.
        parse(&objects.target_text(0))?;
        parse(&objects.source_text(0))?;
        Ok(objects)
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What the sources begin with.
    pub(crate) fn source_prefix(&self) -> &str {
        &self.sources
    }

    fn source_text(&self, number: u64) -> String {
        let (folder, within) = (number / PER_FOLDER, number % PER_FOLDER);
        format!("{}{folder:06}/{within:03}", self.sources)
    }

    fn target_text(&self, number: u64) -> String {
        format!("{}dst/{number:010}", self.prefix)
    }

    /// The key of a prepared object.
    pub(crate) fn source(&self, number: u64) -> ObjectKey {
        parse(&self.source_text(number)).expect("the first of them was a key, and none is longer")
    }

    /// A key that nothing was written to before.
    pub(crate) fn fresh(&self) -> ObjectKey {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        parse(&self.target_text(number)).expect("the first of them was a key, and none is longer")
    }

    /// A prepared object that was not given out before; none when all were.
    pub(crate) fn take(&self) -> Option<ObjectKey> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.count).then(|| self.source(number))
    }

    /// Where a movable object is, and where it goes next: there and back.
    pub(crate) fn journey(&self, number: u64) -> (ObjectKey, ObjectKey) {
        let slot = usize::try_from(number)
            .ok()
            .and_then(|at| self.moved.get(at));
        let times = slot.map_or(0, |moved| moved.load(Ordering::Relaxed));
        let away = format!("{}mov/{number:010}", self.prefix);
        let (home, away) = (
            self.source(number),
            parse(&away).expect("as long as a target's key"),
        );
        if times % 2 == 0 {
            (home, away)
        } else {
            (away, home)
        }
    }

    /// The object has arrived.
    pub(crate) fn arrived(&self, number: u64) {
        let slot = usize::try_from(number)
            .ok()
            .and_then(|at| self.moved.get(at));
        if let Some(moved) = slot {
            moved.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn parse(text: &str) -> Result<ObjectKey, Error> {
    text.parse()
        .map_err(|why| Error::new(format!("key {text}: {why}")))
}

/// The range of a part copy: one part of the source, or as many bytes that cut across two.
pub(crate) fn range(plan: &Plan, random: &mut Random) -> ByteRange {
    let part = plan.part_size.min(plan.size).max(1);
    let whole = (plan.size / part).max(1);
    let first = if plan.unaligned {
        random.below(whole - 1) * part + 1 + random.below(part - 1)
    } else {
        random.below(whole) * part
    };
    ByteRange::new(first, first + part - 1).expect("a part has a byte at least")
}

/// The ranges of all parts of an object.
pub(crate) fn parts(plan: &Plan) -> impl Iterator<Item = ByteRange> {
    let (size, part) = (plan.size, plan.part_size.max(1));
    // To cut across the stored parts the first is longer by a byte, and so every other begins late.
    let shift = u64::from(plan.unaligned);
    let mut next = 0;
    std::iter::from_fn(move || {
        let first = next;
        let end = first + part + if first == 0 { shift } else { 0 };
        next = end.min(size);
        ByteRange::new(first, next.checked_sub(1)?)
            .ok()
            .filter(|_| first < size)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(size: u64, unaligned: bool) -> Plan {
        Plan {
            workload: "slice-copy".parse().unwrap(),
            size,
            unaligned,
            part_size: 1 << 20,
            ..Plan::default()
        }
    }

    #[test]
    fn parts_cover_the_object_without_gap() {
        for size in [1, 1 << 20, (1 << 20) + 1, 5 << 20] {
            for unaligned in [false, true] {
                let mut next = 0;
                for range in parts(&plan(size, unaligned)) {
                    assert_eq!(range.first(), next, "{size}");
                    assert!(range.last() < size && range.last() - range.first() <= 1 << 20);
                    next = range.last() + 1;
                }
                assert_eq!(next, size);
            }
        }
    }

    #[test]
    fn ranges_are_parts_or_cut_across_them() {
        let mut random = Random::new(3);
        for _ in 0..1000 {
            let aligned = range(&plan(5 << 20, false), &mut random);
            assert_eq!(
                (aligned.first() % (1 << 20), aligned.last() % (1 << 20)),
                (0, (1 << 20) - 1)
            );
            let across = range(&plan(5 << 20, true), &mut random);
            assert!(!across.first().is_multiple_of(1 << 20) && across.last() < 5 << 20);
            assert_eq!(across.last() - across.first(), (1 << 20) - 1);
        }
        let small = range(&plan(5, false), &mut random);
        assert_eq!((small.first(), small.last()), (0, 4));
    }

    #[test]
    fn objects_travel_there_and_back() {
        let plan = plan(1, false);
        let objects = Objects::new(&plan, "r", true).unwrap();
        let (home, away) = objects.journey(7);
        objects.arrived(7);
        assert_eq!(objects.journey(7), (away, home.clone()));
        assert_eq!(home, objects.source(7));
        assert_eq!(
            objects.source(1_234_567).as_str(),
            "cosette-bench-r/src/001234/567"
        );
        assert_ne!(objects.fresh(), objects.fresh());
    }

    #[test]
    fn a_prepared_object_is_taken_once() {
        let plan = Plan {
            objects: 2,
            ..plan(1, false)
        };
        let objects = Objects::new(&plan, "r", false).unwrap();
        assert!(objects.take().is_some() && objects.take().is_some());
        assert_eq!(objects.take(), None);
    }
}
