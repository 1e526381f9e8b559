//! `cargo xtask crash`: the random runs of the store's tests once more: from the seed that a failure
//! printed, or many times over.

use crate::cargo;
use crate::exec::Result;

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

/// Runs what is random or counted so many times as often as the suite does, optimised.
pub(crate) fn long(times: &str) -> Result<bool> {
    let more = times.parse::<u64>().is_ok_and(|times| times > 1);
    if !more {
        return Err(format!("`{times}` is no number of times above 1").into());
    }
    let mut test = cargo([
        "test",
        "--release",
        "--package",
        "cosette-store",
        "--locked",
        "--test",
        "it",
        "--",
        "simulation::",
        "linearizability::",
        "schedules::",
        "--nocapture",
    ]);
    Ok(test.env("COSETTE_TIMES", times).status()?.success())
}
