//! The store on a disk that loses its power: the real segment driver and the redb driver over the
//! simulated disk, random operations and crashes, and a model that says what must be there.
//!
//! One number is one run: a failure prints it and what happened last; `COSETTE_SEED` runs it again,
//! and `COSETTE_TRACE` tells every step. `COSETTE_TIMES` runs so many times more than the suite does.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where it fails, and says what it was at"
)]

#[path = "../common/mod.rs"]
mod common;
mod every_access;
mod model;
mod operation;
mod prefix_jobs;
mod run;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::run::{Counts, Run};

/// Steps of one run.
const STEPS: usize = 120;
/// Runs of the suite.
const RUNS: u64 = 35;
/// A little less than the suite does, so that nothing falls asleep unnoticed. The programme asks for
/// 2 M operations and 50,000 crashes in a minute, at 100,000 operations a second; here the real
/// engine and the real store do 600 to 1,200 a second in the unoptimised build that the suite uses.
const OPERATIONS_MIN: u64 = 5_000;
const CRASHES_MIN: u64 = 600;
const HAPPENED_MIN: u64 = 10;
/// Runs with a clock that jumps, and their steps.
const CLOCK_SEEDS: u64 = 500;
const CLOCK_STEPS: usize = 10;

/// The seeds to run: one that was asked for, or as many as usual.
fn seeds(usual: u64) -> Vec<u64> {
    match common::number_in("COSETTE_SEED") {
        Some(seed) => vec![seed],
        None => (1..=common::times(usual)).collect(),
    }
}

/// A run of so many steps; says what to do to see a failure again.
fn random_run(seed: u64, mut run: Run, steps: usize) -> (Counts, u64) {
    let end = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..steps {
            run.step();
        }
        run.end();
    }));
    if let Err(failure) = end {
        println!(
            "COSETTE_SEED={seed}, {steps} steps, {:?}; what happened last:\n{}",
            run.counts,
            run.story()
        );
        resume_unwind(failure);
    }
    (run.counts, run.disk.trace())
}

// incident: R34, R72, R73
// catches: AnswerAtEnqueue, AnswerBeforeSync, TornBatch, NoExtentSync, NoDirectorySync
#[test]
fn what_was_acknowledged_survives_every_crash() {
    let mut counts = Counts::default();
    let seeds = seeds(RUNS);
    for seed in &seeds {
        counts.add(random_run(*seed, Run::new(*seed), STEPS).0);
    }
    println!("{} runs: {counts:?}", seeds.len());
    if seeds.len() as u64 >= RUNS {
        assert!(counts.operations >= OPERATIONS_MIN, "{counts:?}");
        assert!(counts.crashes >= CRASHES_MIN, "{counts:?}");
        assert!(counts.happened >= HAPPENED_MIN, "{counts:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 1000..1003 {
        let run = || random_run(seed, Run::new(seed), STEPS);
        assert_eq!(run(), run());
    }
}

/// Ten years back or forth at any look: nothing is lost, and versions stay in order.
#[test]
fn the_clock_may_jump_in_the_middle_of_anything() {
    let seeds = seeds(CLOCK_SEEDS);
    let mut counts = Counts::default();
    for seed in &seeds {
        let run = Run::with_jumping_clock(*seed);
        counts.add(random_run(*seed, run, CLOCK_STEPS).0);
    }
    println!("{} seeds of jumping clocks: {counts:?}", seeds.len());
}
