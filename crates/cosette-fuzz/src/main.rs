//! `cosette-fuzz TARGET SECONDS [SEED]`: one target over its corpus and mutations of it, for a time.

use std::process::ExitCode;
use std::time::Duration;

use cosette_fuzz::TARGETS;
use cosette_fuzz::run::{Until, run};

#[expect(clippy::print_stdout, reason = "what the command says is its result")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, secs) = match arguments.as_slice() {
        [name, secs] | [name, secs, _] => (name, secs.parse().ok()),
        _ => {
            for target in TARGETS {
                println!("{}", target.name);
            }
            return ExitCode::SUCCESS;
        }
    };
    let seed = arguments
        .get(2)
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1);
    let target = TARGETS.iter().find(|target| target.name == name);
    let (Some(target), Some(secs)) = (target, secs) else {
        println!("no such target, or no number of seconds: {arguments:?}");
        return ExitCode::FAILURE;
    };
    match run(target, seed, Until::Time(Duration::from_secs(secs))) {
        Ok(ran) => {
            println!(
                "{name}: {} of the corpus and {} made of it hold; the slowest took {:?}",
                ran.corpus, ran.made, ran.slowest
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{name}: the corpus cannot be read: {error}");
            ExitCode::FAILURE
        }
    }
}
