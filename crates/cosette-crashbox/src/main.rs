//! The crash box: breaks the real program on purpose and looks at what is left.
//!
//! It starts the built binary as a user would, on a disk of its own, with clients that write down
//! what they were told. Then the power goes, the process is killed, the disk fills up or memory is
//! short. `cargo xtask test box` runs it in the size of CI, `cargo xtask box --long` for an hour.

mod acks;
mod clock;
mod content;
mod crashes;
mod disk;
mod full;
mod jumps;
mod load;
mod memory;
mod pace;
mod server;
mod syncs;
mod tally;
mod tools;
mod trace;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use crashes::End;
use disk::FileSystem;
use server::Program;
use tally::{Tally, print};

/// Any failure, in words.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Result<T> = std::result::Result<T, Error>;

const HELP: &str = "\
cosette-crashbox BINARY [--long] [--cycles N] [--seed N] [PART...]
parts: trace, kills, cuts, full, syncs, clock, memory, load; with --long cuts-xfs, too; all unless some are named";

/// All that are run unless some are named.
const PARTS: [&str; 8] = [
    "trace", "kills", "cuts", "full", "syncs", "clock", "memory", "load",
];
/// And these if there is time.
const LONG_PARTS: [&str; 1] = ["cuts-xfs"];

/// What is to be done.
#[derive(Debug)]
struct Plan {
    program: Program,
    long: bool,
    cycles: Option<u64>,
    seed: u64,
    parts: Vec<String>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let plan = match plan(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(why) => {
            print(&format!("{why}\n{HELP}"));
            return ExitCode::FAILURE;
        }
    };
    print(&format!("seed {}", plan.seed));
    let mut good = true;
    for part in &plan.parts {
        let tally = run(&plan, part).await;
        tally.close();
        good &= tally.is_good();
    }
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn plan(words: impl Iterator<Item = String>) -> Result<Plan> {
    let mut words = words;
    let binary = PathBuf::from(words.next().ok_or("which binary?")?);
    let mut plan = Plan {
        program: Program::new(binary),
        long: false,
        cycles: None,
        seed: clock::seed(),
        parts: Vec::new(),
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--long" => plan.long = true,
            "--cycles" => plan.cycles = Some(words.next().ok_or("how many?")?.parse()?),
            "--seed" => plan.seed = words.next().ok_or("which seed?")?.parse()?,
            _ => plan.parts.push(word),
        }
    }
    if plan.parts.is_empty() {
        let more = LONG_PARTS.iter().filter(|_| plan.long);
        let all = PARTS.iter().chain(more);
        plan.parts = all.map(|part| (*part).to_owned()).collect();
    }
    Ok(plan)
}

async fn run(plan: &Plan, part: &str) -> Tally {
    let of = |short, long| plan.cycles.unwrap_or(if plan.long { long } else { short });
    match part {
        "kills" => crashes::run(&plan.program, End::Kill, of(150, 5000), plan.seed).await,
        "cuts" => cuts(plan, "power cuts", FileSystem::Ext4, of(150, 8000)).await,
        "cuts-xfs" => cuts(plan, "power cuts on XFS", FileSystem::Xfs, of(20, 500)).await,
        "trace" => match trace::missing().await {
            Some(why) => Tally::skipped("syncs before answers", 9, &why),
            None => trace::run(&plan.program).await,
        },
        "full" => match disk::missing(FileSystem::Ext4).await {
            Some(why) => Tally::skipped("full disk", of(4, 40), &why),
            None => full::run(&plan.program, of(4, 40)).await,
        },
        "syncs" => match syncs::missing().await {
            Some(why) => Tally::skipped("failed syncs", syncs::scenarios(), &why),
            None => syncs::run(&plan.program).await,
        },
        "clock" => match jumps::missing().await {
            Some(why) => Tally::skipped("clock", of(21, 200) + 1, &why),
            None => jumps::run(&plan.program, of(21, 200)).await,
        },
        "memory" => memory::run(&plan.program, of(64, 1000)).await,
        "load" => {
            let time = std::time::Duration::from_secs(of(45, 3600));
            load::run(&plan.program, time, plan.seed).await
        }
        other => {
            let mut tally = Tally::new("box");
            tally.failed(&format!("there is no part called {other}\n{HELP}"));
            tally
        }
    }
}

async fn cuts(plan: &Plan, name: &'static str, kind: FileSystem, cycles: u64) -> Tally {
    match disk::missing(kind).await {
        Some(why) => Tally::skipped(name, cycles, &why),
        None => crashes::run(&plan.program, End::PowerCut(kind), cycles, plan.seed).await,
    }
}
