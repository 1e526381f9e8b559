//! When a run can only fail: it ends then, and does not try each of a million entries.

use super::limits;
use super::work::Finish;
use crate::error::{Error, ErrorKind};

/// What services say of keys that are no good: it holds for every request.
const OF_KEYS: [&str; 5] = [
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
];

/// How much more of the same a run bears.
#[derive(Debug)]
pub(super) struct Patience {
    /// With so many failures in a row all that was under way has failed.
    most: usize,
    in_a_row: usize,
    /// Whether anything went well in this run.
    worked: bool,
}

impl Patience {
    pub(super) fn new(concurrency: usize) -> Self {
        Self {
            most: concurrency.max(limits::FAILURES_IN_A_ROW_MIN),
            in_a_row: 0,
            worked: false,
        }
    }

    /// Sees how an entry ended: why nothing more should be begun, if that is so.
    pub(super) fn see(&mut self, finish: &Finish) -> Option<Error> {
        let Finish::Failed(failure) = finish else {
            (self.in_a_row, self.worked) = (0, true);
            return None;
        };
        let of_keys = failure
            .code
            .as_deref()
            .is_some_and(|code| OF_KEYS.contains(&code));
        let mut losses = [ErrorKind::Network, ErrorKind::Timeout].into_iter();
        let lost = losses.find(|kind| kind.name() == failure.kind);
        let Some(kind) = lost.or(of_keys.then_some(ErrorKind::Denied)) else {
            // What one object is refused says nothing of another.
            self.in_a_row = 0;
            return None;
        };
        self.in_a_row += 1;
        let most = match of_keys && !self.worked {
            true => limits::REFUSALS_MAX,
            false => self.most,
        };
        (self.in_a_row >= most).then(|| {
            let words = format!(
                "{} objects in a row failed, the last so: {}. No more are begun",
                self.in_a_row, failure.message
            );
            Error::new(kind, words)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::Failure;
    use super::*;

    fn failed(kind: ErrorKind, code: Option<&str>) -> Finish {
        let error = Error::new(kind, "why");
        let mut failure = Failure::of(&error, false);
        failure.code = code.map(str::to_owned);
        Finish::Failed(failure)
    }

    /// After how many ends it gives up.
    fn gives_up(ends: impl Iterator<Item = Finish>) -> Option<usize> {
        let mut patience = Patience::new(16);
        let mut ends = ends.take(200);
        let at = ends.position(|end| patience.see(&end).is_some());
        at.map(|at| at + 1)
    }

    #[test]
    fn a_run_that_can_only_fail_ends() {
        use std::iter::repeat_with;
        let lost = || failed(ErrorKind::Network, None);
        assert_eq!(gives_up(repeat_with(lost)), Some(16));
        let mixed = |nth| match nth % 15 {
            0 => Finish::Done,
            _ => lost(),
        };
        assert_eq!(gives_up((0..).map(mixed)), None);
        let keys = || failed(ErrorKind::Denied, Some("SignatureDoesNotMatch"));
        assert_eq!(gives_up(repeat_with(keys)), Some(limits::REFUSALS_MAX));
        // Keys that were good: they may have been changed, or it is about some names only.
        let later = std::iter::once(Finish::Done).chain(repeat_with(keys));
        assert_eq!(gives_up(later), Some(17));
        for kind in [
            ErrorKind::Denied,
            ErrorKind::PreconditionFailed,
            ErrorKind::Rejected,
        ] {
            assert_eq!(
                gives_up(repeat_with(|| failed(kind, Some("AccessDenied")))),
                None
            );
        }
    }
}
