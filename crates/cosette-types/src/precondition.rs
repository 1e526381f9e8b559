//! Preconditions: what must hold before an operation acts, as pure rules.

use crate::etag::{ETag, ETagMatch};
use crate::time::Timestamp;

/// The four conditions on an object. All that are given must hold; none outranks another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preconditions {
    /// Its tag must be one of these.
    pub if_match: Option<ETagMatch>,
    /// Its tag must be none of these.
    pub if_none_match: Option<ETagMatch>,
    /// It must have been modified after this second.
    pub if_modified_since: Option<Timestamp>,
    /// It must not have been modified after this second.
    pub if_unmodified_since: Option<Timestamp>,
}

/// What preconditions are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The object's tag.
    pub etag: ETag,
    /// When it was last modified.
    pub last_modified: Timestamp,
}

/// What a read does under its preconditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOutcome {
    /// The object is sent.
    Proceed,
    /// 304: the reader has it already.
    NotModified,
    /// 412: a condition is unmet.
    Failed,
}

impl Preconditions {
    /// Whether none is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether all of them hold of a copy's source. A copy knows no "not modified": what does not
    /// hold fails, whichever of the four it is.
    pub fn hold(&self, of: &Facts) -> bool {
        self.matches(of) && self.unmodified(of) && self.differs(of) && self.modified(of)
    }

    /// Whether all of them hold of what a write would replace or remove; `None` when there is nothing.
    /// `If-None-Match: *` is "only if there is nothing", and nothing never matches `If-Match`.
    /// If-Modified-Since is about reading and is not judged.
    pub fn hold_of_target(&self, of: Option<&Facts>) -> bool {
        match of {
            Some(of) => self.matches(of) && self.differs(of) && self.unmodified(of),
            None => self.if_match.is_none(),
        }
    }

    /// What a GET or HEAD does. A failed If-Match or If-Unmodified-Since wins over "not modified";
    /// If-None-Match, when given, decides alone over If-Modified-Since (RFC 9110, 13.2.2).
    pub fn read(&self, of: &Facts) -> ReadOutcome {
        if !self.matches(of) || (self.if_match.is_none() && !self.unmodified(of)) {
            return ReadOutcome::Failed;
        }
        let fresh = if self.if_none_match.is_some() {
            self.differs(of)
        } else {
            self.modified(of)
        };
        if fresh {
            ReadOutcome::Proceed
        } else {
            ReadOutcome::NotModified
        }
    }

    fn matches(&self, of: &Facts) -> bool {
        self.if_match
            .as_ref()
            .is_none_or(|wanted| wanted.matches(&of.etag))
    }

    fn differs(&self, of: &Facts) -> bool {
        self.if_none_match
            .as_ref()
            .is_none_or(|known| !known.matches(&of.etag))
    }

    fn modified(&self, of: &Facts) -> bool {
        self.if_modified_since
            .is_none_or(|since| of.last_modified.secs() > since.secs())
    }

    fn unmodified(&self, of: &Facts) -> bool {
        self.if_unmodified_since
            .is_none_or(|since| of.last_modified.secs() <= since.secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        // Half a second past the tenth: dates compare at whole seconds.
        Facts {
            etag: "aa".parse().unwrap(),
            last_modified: Timestamp::from_micros(10_500_000),
        }
    }

    fn conditions(tag: [Option<&str>; 2], since: [Option<u64>; 2]) -> Preconditions {
        let [if_match, if_none_match] = tag.map(|t| t.map(|t| t.parse().unwrap()));
        let [if_modified_since, if_unmodified_since] = since.map(|s| s.map(Timestamp::from_secs));
        Preconditions {
            if_match,
            if_none_match,
            if_modified_since,
            if_unmodified_since,
        }
    }

    #[test]
    fn a_copy_needs_every_condition() {
        let hold = |tag, since| conditions(tag, since).hold(&facts());
        let (same, other) = (Some("aa"), Some("bb"));
        assert!(hold([None, None], [None, None]));
        for (tag, wanted) in [
            ([same, None], true),
            ([other, None], false),
            ([None, other], true),
            ([None, same], false),
            ([same, other], true),
            ([other, other], false),
        ] {
            assert_eq!(hold(tag, [None, None]), wanted, "{tag:?}");
        }
        for (since, wanted) in [
            ([Some(9), None], true),
            ([Some(10), None], false),
            ([Some(11), None], false),
            ([None, Some(9)], false),
            ([None, Some(10)], true),
            ([None, Some(11)], true),
        ] {
            assert_eq!(hold([None, None], since), wanted, "{since:?}");
        }
        // No condition hides another: a matching tag does not excuse a date that fails.
        assert!(!hold([same, None], [None, Some(9)]));
        assert!(!hold([None, other], [Some(10), None]));
    }

    #[test]
    fn a_write_looks_at_what_it_would_replace() {
        let hold = |tag: [Option<&str>; 2], unmodified, there: bool| {
            let facts = facts();
            conditions(tag, [None, unmodified]).hold_of_target(there.then_some(&facts))
        };
        assert!(hold([None, None], None, false) && hold([None, None], None, true));
        for (tag, wanted) in [("aa", true), ("bb", false), ("*", true)] {
            assert_eq!(hold([Some(tag), None], None, true), wanted, "{tag}");
            assert!(!hold([Some(tag), None], None, false), "{tag}");
            assert_eq!(hold([None, Some(tag)], None, true), !wanted, "{tag}");
            assert!(hold([None, Some(tag)], None, false), "{tag}");
        }
        assert!(hold([None, None], Some(10), true) && !hold([None, None], Some(9), true));
    }

    #[test]
    fn a_read_may_be_not_modified() {
        let read = |tag, since| conditions(tag, since).read(&facts());
        assert_eq!(
            read([None, Some("aa")], [None, None]),
            ReadOutcome::NotModified
        );
        assert_eq!(
            read([None, Some("bb")], [Some(99), None]),
            ReadOutcome::Proceed
        );
        assert_eq!(
            read([None, None], [Some(10), None]),
            ReadOutcome::NotModified
        );
        assert_eq!(read([Some("bb"), None], [None, None]), ReadOutcome::Failed);
        assert_eq!(
            read([Some("aa"), None], [None, Some(9)]),
            ReadOutcome::Proceed
        );
        assert_eq!(read([None, None], [None, Some(9)]), ReadOutcome::Failed);
    }
}
