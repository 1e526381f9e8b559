//! The crash box: the real program under power cuts, kills and the like. What it does is in its own
//! crate; here each of its parts becomes a suite with a floor.

use std::process::Command;
use std::time::Duration;

use crate::counts::Counts;
use crate::exec::{self, Finished, Result};
use crate::report::Report;
use crate::test::{Floors, cargo_run, step};
use crate::{server, target};

/// What it consists of.
const PARTS: [&str; 8] = [
    "trace", "kills", "cuts", "full", "syncs", "clock", "memory", "load",
];
/// What an hour is for, besides.
const LONG_PARTS: [&str; 1] = ["cuts-xfs"];
const LIMIT: Duration = Duration::from_secs(15 * 60);
const LONG_LIMIT: Duration = Duration::from_secs(3 * 60 * 60);

/// Builds what is needed and runs the parts named among the words, or all.
pub(crate) fn run(report: &mut Report, words: &[&str]) -> Result<()> {
    let floors = Floors::read()?;
    let packages = [
        "build",
        "--package",
        "cosette-cli",
        "--package",
        "cosette-crashbox",
        "--locked",
    ];
    if step(report, "build", || cargo_run("build", packages)) {
        all(report, &floors, words);
    }
    Ok(())
}

/// Runs the parts named among the words, or all; everything is built.
pub(crate) fn all(report: &mut Report, floors: &Floors, words: &[&str]) {
    let long = words.contains(&"--long");
    let known = || PARTS.into_iter().chain(LONG_PARTS);
    let mut parts: Vec<&str> = known().filter(|part| words.contains(part)).collect();
    let flags: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !known().any(|part| part == *word))
        .collect();
    if parts.is_empty() {
        parts = PARTS.to_vec();
        parts.extend(LONG_PARTS.iter().filter(|_| long));
    }
    for part in parts {
        let name = format!("box {part}");
        report.begin(&name);
        match one(&name, part, &flags, long) {
            Ok((counts, told)) if counts.skipped > 0 && counts.passed + counts.failed == 0 => {
                report.not_possible(&name, counts, &told);
            }
            told => {
                report.suite(&name, floors.of(&name), told);
            }
        }
    }
}

fn one(name: &str, part: &str, flags: &[&str], long: bool) -> Result<(Counts, Finished)> {
    let mut command = Command::new(target().join("debug").join("cosette-crashbox"));
    command.arg(server::binary()).args(flags).arg(part);
    let limit = if long { LONG_LIMIT } else { LIMIT };
    let told = exec::run(name, &mut command, limit)?;
    for line in told.output.lines().filter(|line| !line.is_empty()) {
        crate::report::say(format_args!("    {line}"));
    }
    Ok((Counts::of_box(&told.output), told))
}
