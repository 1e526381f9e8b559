//! `cargo xtask survival`: moves that are cut off in every way, and how often that was; with `--long`
//! ten thousand times.

use std::time::Duration;

use crate::cargo;
use crate::counts::Counts;
use crate::exec::{self, Finished, Result};
use crate::report::Report;
use crate::test::Floors;

const LIMIT: Duration = Duration::from_secs(30 * 60);
const LONG_LIMIT: Duration = Duration::from_secs(8 * 60 * 60);
/// Cuts of a long run, half of them at exact records of the journal.
const LONG_RUNS: &str = "10000";

/// Runs the tests of survival and counts their cuts.
pub(crate) fn run(report: &mut Report, long: bool) -> Result<()> {
    let name = if long { "survival long" } else { "survival" };
    let floor = Floors::read()?.of(name);
    report.begin(name);
    report.suite(name, floor, cuts(name, long));
    Ok(())
}

fn cuts(name: &str, long: bool) -> Result<(Counts, Finished)> {
    let mut tests = cargo([
        "test",
        "--package",
        "cosette-cli",
        "--locked",
        "--test",
        "it",
        "survival::",
        "--",
        "--nocapture",
    ]);
    if long {
        tests.env("COSETTE_SURVIVAL_RUNS", LONG_RUNS);
    }
    let told = exec::run(name, &mut tests, if long { LONG_LIMIT } else { LIMIT })?;
    let lines = told.output.lines();
    for line in lines.filter(|line| line.contains("survival result:")) {
        crate::report::say(format_args!("    {line}"));
    }
    Ok((Counts::of_survival(&told.output), told))
}
