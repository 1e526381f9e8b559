//! How many tests ran, read from what the test runners print.

use std::ops::AddAssign;

/// Tests of one suite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Ignored, skipped, cancelled or "to do": a test that did not run has shown nothing.
    pub(crate) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl Counts {
    /// Sums the `test result:` lines of `cargo test`.
    pub(crate) fn of_cargo(output: &str) -> Self {
        let mut sum = Self::default();
        for line in output
            .lines()
            .filter(|line| line.starts_with("test result:"))
        {
            sum.passed += number_before(line, " passed");
            sum.failed += number_before(line, " failed");
            sum.skipped += number_before(line, " ignored");
        }
        sum
    }

    /// Sums the closing lines of `node --test`, `# pass 3` (TAP) and `ℹ pass 3` (spec) alike.
    pub(crate) fn of_node(output: &str) -> Self {
        let mut sum = Self::default();
        for line in output.lines() {
            let Some(told) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else {
                continue;
            };
            let Some((what, count)) = told.split_once(' ') else {
                continue;
            };
            let Ok(count) = count.trim().parse::<u64>() else {
                continue;
            };
            match what {
                "pass" => sum.passed += count,
                "fail" => sum.failed += count,
                "skipped" | "cancelled" | "todo" => sum.skipped += count,
                _ => {}
            }
        }
        sum
    }

    /// Reads what Python's `unittest` prints last: `Ran 3 tests in 0.1s`, then `OK` or `FAILED (…)`.
    pub(crate) fn of_unittest(output: &str) -> Self {
        let mut sum = Self::default();
        let mut ran = 0;
        for line in output.lines() {
            if let Some(rest) = line.strip_prefix("Ran ") {
                ran += rest
                    .split(' ')
                    .next()
                    .and_then(|n| n.parse::<u64>().ok())
                    .unwrap_or(0);
            } else if line.starts_with("OK") || line.starts_with("FAILED") {
                let told = line
                    .split_once('(')
                    .map_or("", |(_, told)| told.trim_end_matches(')'));
                for (what, count) in told.split(", ").filter_map(|item| item.split_once('=')) {
                    let count = count.parse::<u64>().unwrap_or(0);
                    match what {
                        "failures" | "errors" | "unexpected successes" => sum.failed += count,
                        _ => sum.skipped += count,
                    }
                }
            }
        }
        sum.passed = ran.saturating_sub(sum.failed + sum.skipped);
        sum
    }

    /// Sums the `box result:` lines of the crash box.
    pub(crate) fn of_box(output: &str) -> Self {
        Self::of_lines(output, "box result:")
    }

    /// Sums the `survival result:` lines of the moves that are cut off. The runner may have said
    /// something before them on the same line.
    pub(crate) fn of_survival(output: &str) -> Self {
        Self::of_lines(output, "survival result:")
    }

    fn of_lines(output: &str, mark: &str) -> Self {
        let mut sum = Self::default();
        for line in output.lines().filter_map(|line| line.split_once(mark)) {
            sum.passed += number_before(line.1, " passed");
            sum.failed += number_before(line.1, " failed");
            sum.skipped += number_before(line.1, " skipped");
        }
        sum
    }

    /// The counts with everything wrong about the whole suite counted as a failure, and words for it.
    pub(crate) fn judged(mut self, floor: u64, good_exit: bool) -> (Self, Vec<String>) {
        let mut complaints = Vec::new();
        let ran = self.passed + self.failed;
        if ran == 0 {
            complaints.push("no test ran".to_owned());
        } else if ran < floor {
            complaints.push(format!(
                "{ran} tests ran, and xtask/floors.json asks for {floor}"
            ));
        }
        if self.skipped > 0 {
            complaints.push(format!("{} tests were left out", self.skipped));
        }
        if !good_exit && self.failed == 0 {
            complaints.push("the runner failed, though no test did".to_owned());
        }
        self.failed += u64::try_from(complaints.len()).unwrap_or(u64::MAX);
        (self, complaints)
    }
}

fn number_before(line: &str, what: &str) -> u64 {
    let Some((head, _)) = line.split_once(what) else {
        return 0;
    };
    let digits = head
        .rsplit(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap_or_default();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn cargo_results_are_summed_over_binaries() {
        let output = "running 2 tests\ntest a ... ok\n\
            test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out\n";
        assert_eq!(Counts::of_cargo(output), counts(15, 2, 1));
        assert_eq!(
            Counts::of_cargo("error: could not compile"),
            counts(0, 0, 0)
        );
    }

    #[test]
    fn node_results_are_read_in_both_reporters() {
        let tap = "ok 1 - x\n# tests 7\n# suites 0\n# pass 4\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 0\n# duration_ms 5.1\n";
        assert_eq!(Counts::of_node(tap), counts(4, 1, 2));
        assert_eq!(
            Counts::of_node("ℹ tests 2\nℹ pass 2\nℹ fail 0\n"),
            counts(2, 0, 0)
        );
        assert_eq!(
            Counts::of_node("# Subtest: pass 9 things\n"),
            counts(0, 0, 0)
        );
    }

    #[test]
    fn unittest_results_are_read() {
        assert_eq!(
            Counts::of_unittest("....\nRan 4 tests in 0.2s\n\nOK\n"),
            counts(4, 0, 0)
        );
        assert_eq!(
            Counts::of_unittest("Ran 1 test in 0.2s\n\nOK (skipped=1)\n"),
            counts(0, 0, 1)
        );
        let failed = "Ran 9 tests in 1s\n\nFAILED (failures=2, errors=3, skipped=1)\n";
        assert_eq!(Counts::of_unittest(failed), counts(3, 5, 1));
        let odd = "Ran 5 tests in 1s\n\nFAILED (errors=1, expected failures=1)\n";
        assert_eq!(Counts::of_unittest(odd), counts(3, 1, 1));
    }

    #[test]
    fn box_results_are_read() {
        let output = "kills: 400 changes acknowledged\n\
            box result: kills: 15 passed; 1 failed; 0 skipped; 5.3 s\n\
            box result: power cuts: 0 passed; 0 failed; 150 skipped; 0.0 s\n";
        assert_eq!(Counts::of_box(output), counts(15, 1, 150));
    }

    #[test]
    fn survival_results_are_read_wherever_they_stand() {
        let output = "test a ... survival result: exact steps: 399 passed; 0 failed; 0 skipped\n\
            survival result: full disks: 19 passed; 1 failed; 0 skipped\n";
        assert_eq!(Counts::of_survival(output), counts(418, 1, 0));
    }

    #[test]
    fn a_silent_an_empty_and_a_skipping_suite_are_failures() {
        assert_eq!(counts(0, 0, 0).judged(0, true).0.failed, 1);
        assert_eq!(counts(5, 0, 0).judged(5, true).0.failed, 0);
        assert_eq!(counts(5, 0, 1).judged(5, true).0.failed, 1);
        assert_eq!(counts(5, 0, 0).judged(5, false).0.failed, 1);
        assert_eq!(counts(5, 2, 0).judged(5, false).0.failed, 2);
    }
}
