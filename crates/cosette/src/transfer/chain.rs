//! The versions of one key, one after the other: an order that is part of what is moved.
//!
//! A plan that moves histories has the versions of a key in a row, the oldest first. The next of them
//! begins when the one before is done; when one fails, those after it are left, for they would
//! take its place in the order. Entries that name no version are not held up.

use cosette_types::{BucketName, ObjectKey};

use super::entry::{Entry, Work};

/// Whether an entry may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing is before it.
    Now,
    /// The version before it is under way.
    Later,
    /// The version before it failed.
    Never,
}

/// The versions that were last met in the plan.
#[derive(Debug, Default)]
pub(super) struct Chain {
    target: Option<(BucketName, ObjectKey)>,
    running: Option<u64>,
    broken: bool,
}

impl Chain {
    /// Whether an entry may begin; if so, it is the one under way.
    pub(super) fn turn(&mut self, number: u64, entry: &Entry) -> Turn {
        let Some(target) = target_of(entry) else {
            *self = Self::default();
            return Turn::Now;
        };
        let same = self
            .target
            .as_ref()
            .is_some_and(|it| (&it.0, &it.1) == target);
        if same && self.broken {
            return Turn::Never;
        }
        if same && self.running.is_some() {
            return Turn::Later;
        }
        *self = Self {
            target: Some((target.0.clone(), target.1.clone())),
            running: Some(number),
            broken: false,
        };
        Turn::Now
    }

    /// An entry is done with.
    pub(super) fn ended(&mut self, number: u64, failed: bool) {
        if self.running == Some(number) {
            self.running = None;
            self.broken = failed;
        }
    }
}

/// The target of a version; `None` for what is not a part of a history.
fn target_of(entry: &Entry) -> Option<(&BucketName, &ObjectKey)> {
    match &entry.work {
        Work::Copy { source, target } | Work::Move { source, target } => {
            let named = source.version_id.is_some();
            named.then_some((&target.bucket, &target.key))
        }
        Work::Mark { target, .. } => Some((&target.bucket, &target.key)),
        Work::Delete { .. } | Work::Upload { .. } | Work::Download { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Place, Seen};
    use super::*;

    fn entry(version: Option<&str>, target: &str) -> Entry {
        let place = |key: &str| Place::new("b-1250000000".parse().unwrap(), key.parse().unwrap());
        let mut source = place("source");
        source.version_id = version.map(|id| id.parse().unwrap());
        Entry::new(
            Work::Copy {
                source,
                target: place(target),
            },
            Seen::default(),
        )
    }

    #[test]
    fn versions_of_one_key_go_one_after_the_other() {
        let mut chain = Chain::default();
        let first = entry(Some("1"), "a");
        assert_eq!(chain.turn(1, &first), Turn::Now);
        assert_eq!(chain.turn(2, &entry(Some("2"), "a")), Turn::Later);
        // The end of something else changes nothing.
        chain.ended(9, false);
        assert_eq!(chain.turn(2, &entry(Some("2"), "a")), Turn::Later);
        chain.ended(1, false);
        assert_eq!(chain.turn(2, &entry(Some("2"), "a")), Turn::Now);
        chain.ended(2, true);
        assert_eq!(chain.turn(3, &entry(Some("3"), "a")), Turn::Never);
        assert_eq!(chain.turn(4, &entry(Some("4"), "a")), Turn::Never);
        // Another key has an order of its own.
        assert_eq!(chain.turn(5, &entry(Some("5"), "b")), Turn::Now);
    }

    #[test]
    fn what_names_no_version_is_not_held_up() {
        let mut chain = Chain::default();
        for number in 1..4 {
            assert_eq!(chain.turn(number, &entry(None, "a")), Turn::Now);
        }
    }
}
