//! Running a target without a fuzzer: over its corpus, then over mutations of it.

use std::time::Duration;

use crate::clock::Stopwatch;
use crate::mutate::{Random, mutated};
use crate::{Target, corpus};

/// What a run came to.
#[derive(Debug, Clone, Copy)]
pub struct Ran {
    /// Inputs of the corpus.
    pub corpus: usize,
    /// Inputs made of them.
    pub made: u64,
    /// The longest time that one input took.
    pub slowest: Duration,
}

/// When a run ends.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// After so many inputs were made.
    Inputs(u64),
    /// After so much time.
    Time(Duration),
}

/// No input may take longer.
pub const INPUT_TIME_MAX: Duration = Duration::from_secs(10);

/// Runs a target; an input that breaks it is written to a file whose name is in the panic's message.
///
/// # Errors
/// When the corpus cannot be read.
pub fn run(target: &Target, seed: u64, until: Until) -> std::io::Result<Ran> {
    let corpus = corpus::of(target.name)?;
    let whole = Stopwatch::start();
    let mut ran = Ran {
        corpus: corpus.len(),
        made: 0,
        slowest: Duration::ZERO,
    };
    for input in &corpus {
        one(target, input, &mut ran);
    }
    let mut random = Random::new(seed);
    loop {
        let is_over = match until {
            Until::Inputs(inputs) => ran.made >= inputs,
            Until::Time(time) => whole.elapsed() >= time,
        };
        if is_over {
            return Ok(ran);
        }
        one(target, &mutated(&corpus, &mut random), &mut ran);
        ran.made += 1;
    }
}

fn one(target: &Target, input: &[u8], ran: &mut Ran) {
    let watch = Stopwatch::start();
    let outcome = std::panic::catch_unwind(|| (target.body)(input));
    let took = watch.elapsed();
    ran.slowest = ran.slowest.max(took);
    let broken = match outcome {
        Err(_) => "does not hold",
        Ok(()) if took > INPUT_TIME_MAX => "takes too long",
        Ok(()) => return,
    };
    let path = std::env::temp_dir().join(format!(
        "cosette-fuzz-{}-{}",
        target.name,
        std::process::id()
    ));
    // If it cannot be written, its text in the message has to do.
    let _ = std::fs::write(&path, input);
    panic!(
        "{} {broken} of {}: \"{}\"",
        target.name,
        path.display(),
        input.escape_ascii()
    );
}
