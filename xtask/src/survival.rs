//! `cargo xtask survival`: moves that are cut off in every way, and how often that was; with `--long`
//! ten thousand times, or as often as is said.

use std::time::Duration;

use crate::cargo;
use crate::counts::Counts;
use crate::exec::{self, Finished, Result};
use crate::report::Report;
use crate::test::Floors;

const LIMIT: Duration = Duration::from_secs(30 * 60);
const LONG_LIMIT: Duration = Duration::from_secs(8 * 60 * 60);

/// Runs the tests of survival and counts their cuts. A long run has so many of them, half of them at exact
/// records of the journal.
pub(crate) fn run(report: &mut Report, long: Option<&str>) -> Result<()> {
    let (name, floor) = match long {
        None => ("survival", Floors::read()?.of("survival")),
        Some(cuts) => ("survival long", cuts.parse()?),
    };
    report.begin(name);
    report.suite(name, floor, cuts(name, long));
    Ok(())
}

fn cuts(name: &str, long: Option<&str>) -> Result<(Counts, Finished)> {
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
    if let Some(cuts) = long {
        tests.env("COSETTE_SURVIVAL_RUNS", cuts);
    }
    let limit = if long.is_some() { LONG_LIMIT } else { LIMIT };
    let told = exec::run(name, &mut tests, limit)?;
    let lines = told.output.lines();
    for line in lines.filter(|line| line.contains("survival result:")) {
        crate::report::say(format_args!("    {line}"));
    }
    Ok((Counts::of_survival(&told.output), told))
}
