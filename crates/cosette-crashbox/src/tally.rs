//! What was tried and what came of it, in words that `cargo xtask` reads.

use std::io::Write;

use crate::clock;

/// The outcome of one part of the box.
#[derive(Debug)]
pub(crate) struct Tally {
    name: &'static str,
    began: std::time::Instant,
    passed: u64,
    failed: u64,
    skipped: u64,
    /// Figures, for people.
    told: Vec<String>,
}

impl Tally {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            began: clock::now(),
            passed: 0,
            failed: 0,
            skipped: 0,
            told: Vec::new(),
        }
    }

    /// Something that cannot be tried here, so many times.
    pub(crate) fn skipped(name: &'static str, times: u64, why: &str) -> Self {
        let mut tally = Self::new(name);
        tally.skipped = times;
        tally.say(&format!("not possible here: {why}"));
        tally
    }

    pub(crate) fn passed(&mut self) {
        self.passed += 1;
    }

    pub(crate) fn failed(&mut self, why: &str) {
        self.failed += 1;
        print(&format!("{}: FAILED: {why}", self.name));
    }

    /// One check: passed, or failed with the words of the error.
    pub(crate) fn check(&mut self, what: &str, outcome: crate::Result<()>) {
        match outcome {
            Ok(()) => self.passed(),
            Err(why) => self.failed(&format!("{what}: {why}")),
        }
    }

    pub(crate) fn say(&mut self, figure: &str) {
        self.told.push(figure.to_owned());
    }

    pub(crate) fn is_good(&self) -> bool {
        self.failed == 0
    }

    /// Tells of it: figures first, then the line that is counted.
    pub(crate) fn close(&self) {
        for figure in &self.told {
            print(&format!("{}: {figure}", self.name));
        }
        let Self {
            passed,
            failed,
            skipped,
            ..
        } = self;
        let secs = self.began.elapsed().as_secs_f64();
        print(&format!(
            "box result: {}: {passed} passed; {failed} failed; {skipped} skipped; {secs:.1} s",
            self.name
        ));
    }
}

/// Prints one line at once, also into a pipe.
pub(crate) fn print(line: &str) {
    // Nobody may be reading any more; the exit code still tells.
    let _ = writeln!(std::io::stdout(), "{line}");
}
