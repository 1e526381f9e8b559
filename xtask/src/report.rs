//! What a person sees of a task: one line for each step, everything of a step that failed, and the sum.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use crate::counts::Counts;
use crate::exec::{Finished, Result};

/// Prints one line at once, also when stdout is a file or a pipe.
pub(crate) fn say(line: impl Display) {
    // Nobody may be reading any more (`| head`); the exit code still tells.
    let _ = writeln!(io::stdout(), "{line}");
}

/// The steps of a run so far.
#[derive(Debug)]
pub(crate) struct Report {
    steps: Vec<Step>,
    logs: PathBuf,
}

#[derive(Debug)]
struct Step {
    name: String,
    counts: Counts,
    elapsed: Duration,
}

impl Report {
    /// A report whose steps leave their whole output under `logs`.
    pub(crate) fn new(logs: PathBuf) -> Self {
        Self {
            steps: Vec::new(),
            logs,
        }
    }

    pub(crate) fn begin(&self, name: &str) {
        say(format_args!("==> {name}"));
    }

    /// Notes a step that holds no tests: it counts only when it fails.
    pub(crate) fn step(&mut self, name: &str, outcome: Result<Finished>) -> bool {
        match outcome {
            Ok(told) => {
                let counts = Counts {
                    failed: u64::from(!told.success),
                    ..Counts::default()
                };
                self.note(name, counts, &told)
            }
            Err(why) => self.broken(name, &why.to_string()),
        }
    }

    /// Notes a step made of tests. No test at all, fewer than `floor`, a skipped one, or a bad exit
    /// status that no test explains, each make it fail.
    pub(crate) fn suite(
        &mut self,
        name: &str,
        floor: u64,
        outcome: Result<(Counts, Finished)>,
    ) -> bool {
        let (counts, mut told) = match outcome {
            Ok(told) => told,
            Err(why) => return self.broken(name, &why.to_string()),
        };
        let (counts, complaints) = counts.judged(floor, told.success);
        for complaint in complaints {
            told.output.push_str(&format!("\n{name}: {complaint}\n"));
        }
        self.note(name, counts, &told)
    }

    /// Notes a suite of which this machine can run nothing: the closing line says so. Where `CI` is
    /// set, it fails, because nobody reads that line there.
    pub(crate) fn not_possible(&mut self, name: &str, counts: Counts, told: &Finished) -> bool {
        if std::env::var_os("CI").is_some_and(|value| !value.is_empty()) {
            return self.broken(name, &format!("not possible here\n{}", told.output));
        }
        say(told.output.trim_end());
        self.note(name, counts, told)
    }

    /// Notes a step that could not even be run.
    pub(crate) fn broken(&mut self, name: &str, why: &str) -> bool {
        let told = Finished {
            success: false,
            status: "not run to its end".to_owned(),
            output: format!("{why}\n"),
            elapsed: Duration::ZERO,
        };
        self.note(
            name,
            Counts {
                failed: 1,
                ..Counts::default()
            },
            &told,
        )
    }

    fn note(&mut self, name: &str, counts: Counts, told: &Finished) -> bool {
        let passed = counts.failed == 0;
        self.keep_log(name, &told.output);
        if !passed {
            say(format_args!("---- {name}: its output"));
            say(told.output.trim_end());
            say(format_args!("---- {name}: {}", told.status));
        }
        let tests = counts.passed + counts.failed;
        let verdict = if passed { "ok" } else { "FAILED" };
        let elapsed = told.elapsed.as_secs_f64();
        if tests > u64::from(!passed) {
            say(format_args!(
                "{verdict:6} {name} ({tests} tests, {elapsed:.1} s)"
            ));
        } else {
            say(format_args!("{verdict:6} {name} ({elapsed:.1} s)"));
        }
        self.steps.push(Step {
            name: name.to_owned(),
            counts,
            elapsed: told.elapsed,
        });
        passed
    }

    /// Logs help after the fact; that one cannot be written must not fail a good run.
    fn keep_log(&self, name: &str, output: &str) {
        let file = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let _ = fs::create_dir_all(&self.logs);
        let _ = fs::write(self.logs.join(format!("{file}.log")), output);
    }

    /// Prints each step with its time and, as the last line, `N passed, N failed`. True if none failed.
    pub(crate) fn close(&self, all: Duration) -> bool {
        say("");
        let mut sum = Counts::default();
        for Step {
            name,
            counts,
            elapsed,
        } in &self.steps
        {
            sum += *counts;
            say(format_args!(
                "{:>8.1} s  {:>5} passed  {:>3} failed  {name}",
                elapsed.as_secs_f64(),
                counts.passed,
                counts.failed
            ));
        }
        say(format_args!(
            "{:>8.1} s  in all; logs in {}",
            all.as_secs_f64(),
            self.logs.display()
        ));
        let left_out = match sum.skipped {
            0 => String::new(),
            skipped => format!(", {skipped} not possible here"),
        };
        say(format_args!(
            "{} passed, {} failed{left_out}",
            sum.passed, sum.failed
        ));
        sum.failed == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(success: bool) -> Finished {
        let status = "exit status: 0".to_owned();
        Finished {
            success,
            status,
            output: String::new(),
            elapsed: Duration::ZERO,
        }
    }

    fn report() -> Report {
        Report::new(std::env::temp_dir().join(format!("cosette-report-{}", std::process::id())))
    }

    #[test]
    fn a_suite_below_its_floor_fails() {
        let mut report = report();
        let counts = Counts {
            passed: 9,
            ..Counts::default()
        };
        assert!(report.suite("nine of ten", 9, Ok((counts, told(true)))));
        assert!(!report.suite("nine of ten", 10, Ok((counts, told(true)))));
        assert!(!report.close(Duration::ZERO));
    }

    #[test]
    fn a_step_that_cannot_run_fails() {
        let mut report = report();
        assert!(!report.step("missing", Err("no such program".into())));
        assert!(!report.close(Duration::ZERO));
    }
}
