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

mod checksums;
mod every_access;
mod model;
mod operation;
mod poisoning;
mod prefix_jobs;
mod run;
mod slow;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use crate::common::{self, content};
use operation::{Operation, Place};
use run::{Counts, Run, Weather};

/// Runs in fair weather, and their steps. The programme asks for a million operations; one takes 0.4 ms
/// at the optimisation that the suite is built with, its share of checking the whole store included, so
/// a million would take 200 s of two cores. `cargo xtask crash --long` does ten times as many as this.
const FAIR_RUNS: u64 = 475;
const STEPS: usize = 400;
/// Runs in which the power goes all the time, and their steps; they come first.
const STORMS: u64 = 40;
const STORM_STEPS: usize = 120;
/// All runs that lose their power. The programme asks for two million operations and 50,000 crashes;
/// with its crashes one operation takes 0.5 ms, so that would be 500 s of two cores.
const RUNS: u64 = 1_020;
/// Runs with a clock that jumps, and their steps.
const CLOCK_SEEDS: u64 = 500;
const CLOCK_STEPS: usize = 10;
/// Runs on drivers that take their time, and their steps.
const SLOW_SEEDS: u64 = 20;
const SLOW_STEPS: usize = 60;

/// The seeds to run: one that was asked for, or as many as usual.
fn seeds(usual: u64) -> Vec<u64> {
    match common::number_in("COSETTE_SEED") {
        Some(seed) => vec![seed],
        None => (1..=common::times(usual)).collect(),
    }
}

/// All these runs, on all cores; how often things happened in all of them.
fn random_runs(usual: u64, steps: usize, begin: impl Fn(u64) -> Run + Sync) -> Counts {
    let ends = common::on_all_cores(&seeds(usual), |seed| {
        let run = begin(*seed);
        let steps = if run.weather == Weather::Storm {
            steps.min(STORM_STEPS)
        } else {
            steps
        };
        random_run(*seed, run, steps).0
    });
    let mut counts = Counts::default();
    ends.into_iter().for_each(|one| counts.add(one));
    println!("{counts:?}");
    counts
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

// catches: GapOutlivesPut
#[test]
fn what_is_answered_is_what_the_model_says() {
    let counts = random_runs(FAIR_RUNS, STEPS, |seed| {
        Run::in_weather(seed, Weather::Fair)
    });
    common::tell_count("T1 operations", counts.operations);
}

// incident: R34, R72, R73
// catches: AnswerAtEnqueue, AnswerBeforeSync, TornBatch, NoExtentSync, NoDirectorySync
#[test]
fn what_was_acknowledged_survives_every_crash() {
    let counts = random_runs(RUNS, STEPS, |seed| {
        let weather = if seed <= STORMS {
            Weather::Storm
        } else {
            Weather::Rough
        };
        Run::in_weather(seed, weather)
    });
    common::tell_count("T2 operations", counts.operations);
    common::tell_count("T2 crashes", counts.crashes);
    // Without these it would be luck that nothing is in doubt.
    common::tell_count("T2 crashes while opening", counts.nested);
    common::tell_count("T2 unanswered that happened", counts.happened);
}

/// Of bytes that were written and then refused, and of bytes that somebody still held: a close that
/// went well used to say that nobody need look for them, and they stayed for ever.
// incident: R38
// catches: CloseForgetsRefused
#[test]
fn a_clean_close_leaves_nothing_that_was_refused() {
    for held in [false, true] {
        let mut run = Run::in_weather(1, Weather::Fair);
        let to = Place {
            bucket: "b",
            key: "a",
        };
        let bytes = content(1, 10);
        assert!(run.run(&[Operation::Put { to, bytes }]).is_empty());
        let bytes = content(2, 300_000);
        let staged = if held {
            let store = &run.life().store;
            Some(run.life().wait(common::stage(store, &bytes)))
        } else {
            // Of an object that was put otherwise.
            assert!(run.run(&[Operation::Append { to, bytes }]).is_empty());
            None
        };
        run.close();
        drop(staged);
        let left = run.open_again();
        assert!(left < 100_000, "{left} bytes stayed, held: {held}");
        run.settle(&[]);
        run.end();
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 1000..1003 {
        let run = || random_run(seed, Run::new(seed), STORM_STEPS);
        assert_eq!(run(), run());
    }
}

/// Ten years back or forth at any look: nothing is lost, and versions stay in order.
#[test]
fn the_clock_may_jump_in_the_middle_of_anything() {
    random_runs(CLOCK_SEEDS, CLOCK_STEPS, Run::with_jumping_clock);
    common::tell_count("T13 seeds", seeds(CLOCK_SEEDS).len() as u64);
}

/// Whatever is asked of them, the drivers take up to five seconds for it: everything comes to its
/// end, and it is the end that it has on a fast disk.
// incident: R76
#[test]
fn a_slow_disk_changes_nothing_but_the_time() {
    let waited = common::on_all_cores(&seeds(SLOW_SEEDS), |seed| {
        let run = Run::with_slow_drivers(*seed);
        let slow = run.slow.clone().unwrap();
        random_run(*seed, run, SLOW_STEPS);
        slow.waited()
    });
    let hours = waited.iter().sum::<Duration>().as_secs() / 3_600;
    println!("{} scenarios, {hours} hours of waiting", waited.len());
    common::tell_count("T20 slow scenarios", waited.len() as u64);
}
