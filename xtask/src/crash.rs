//! `cargo xtask crash`: the random runs of the store's tests once more: from the seed that a failure
//! printed, or many times over.

use std::time::Duration;

use crate::counts::Counts;
use crate::exec::{self, Result};
use crate::report::Report;
use crate::test::Floors;
use crate::{amounts, cargo};

/// Runs every test of the store with that seed, and shows what the tests print.
pub(crate) fn run(seed: &str) -> Result<bool> {
    let seed: u64 = seed
        .parse()
        .map_err(|_| format!("`{seed}` is not a seed: a number"))?;
    let mut test = cargo([
        "test",
        "--package",
        "cosette-store",
        "--locked",
        "--",
        "--nocapture",
    ]);
    Ok(test
        .env("COSETTE_SEED", seed.to_string())
        .status()?
        .success())
}

/// How often a long run does it, where nobody says.
pub(crate) const TIMES: u64 = 10;
const LONG_LIMIT: Duration = Duration::from_secs(6 * 60 * 60);
/// What the names of a long run's floors begin with, which are of [`TIMES`] times.
const FLOOR: &str = "long ";
/// Amounts that a long run has more of whatever its times are: it looks at all there is.
const WHOLE: [&str; 2] = ["T3", "T4"];

/// Runs what is random or counted so many times as often as the suite does, optimised, and compares how
/// much it was with what is asked for.
pub(crate) fn long(report: &mut Report, times: u64) -> Result<()> {
    let mut test = cargo([
        "test",
        "--release",
        "--package",
        "cosette-store",
        "--package",
        "cosette-server",
        "--locked",
        "--no-fail-fast",
        "--test",
        "it",
        "--",
        "simulation::",
        "linearizability::",
        "schedules::",
        "--nocapture",
    ]);
    test.env("COSETTE_TIMES", times.to_string());
    report.begin("crash long");
    let told = exec::run("crash long", &mut test, LONG_LIMIT)?;
    let floors = Floors::read()?;
    let due = floors.beginning_with(FLOOR);
    let due = due.map(|(what, floor)| (what, scaled(what, floor, times)));
    let amounts = amounts::judged(&told.output, due.collect());
    report.suite("crash long", 1, Ok((Counts::of_cargo(&told.output), told)));
    report.begin("amounts");
    report.suite("amounts", 1, Ok(amounts));
    Ok(())
}

/// What is asked for of a run of so many times.
fn scaled(what: &str, floor: u64, times: u64) -> u64 {
    if WHOLE.iter().any(|whole| what.starts_with(whole)) {
        floor
    } else {
        floor * times / TIMES
    }
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn a_longer_run_is_asked_for_more_where_it_does_more() {
        assert_eq!(scaled("T1 operations", 100, 10), 100);
        assert_eq!(scaled("T1 operations", 100, 2), 20);
        assert_eq!(scaled("T3 states", 100, 2), 100);
    }
}
