//! `cargo xtask crash --seed N`: the random runs of the store's tests once more, from the seed that a failure printed.

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
