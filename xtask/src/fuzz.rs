//! `cargo xtask fuzz`: every fuzz target for some minutes, by `cargo fuzz` where a nightly compiler and
//! that command are at hand, else by the plain runner, which needs neither.

use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::exec::{self, Finished, Result};
use crate::report::Report;
use crate::{cargo, root, target};

/// What a target may take beyond its time: its build, its last input.
const MARGIN: Duration = Duration::from_secs(20 * 60);

/// Runs each target, as many at a time as there are processors.
pub(crate) fn run(report: &mut Report, minutes: u64) -> Result<()> {
    let time = Duration::from_secs(minutes * 60);
    report.begin("build");
    let mut build = cargo(["build", "--package", "cosette-fuzz", "--locked"]);
    if !report.step("build", exec::run("build", &mut build, MARGIN)) {
        return Ok(());
    }
    let listed = exec::stdout_of(&mut runner())?;
    let names: Vec<String> = listed.lines().map(str::to_owned).collect();
    let guided = has_cargo_fuzz();
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    for some in names.chunks(at_once) {
        let running: Vec<_> = some
            .iter()
            .map(|name| {
                let own = name.clone();
                (name, thread::spawn(move || one(&own, time, guided)))
            })
            .collect();
        for (name, running) in running {
            report.begin(name);
            let ran = running
                .join()
                .unwrap_or_else(|_| Err("its thread panicked".into()));
            report.step(name, ran);
        }
    }
    Ok(())
}

fn one(name: &str, time: Duration, guided: bool) -> Result<Finished> {
    let secs = time.as_secs().to_string();
    let mut command = if guided {
        let mut fuzz = Command::new("cargo");
        fuzz.current_dir(root())
            .args(["+nightly", "fuzz", "run", name, "--"])
            .arg(format!("-max_total_time={secs}"));
        fuzz
    } else {
        let mut plain = runner();
        // Another run finds other inputs; which ones it was is in a file that its failure names.
        plain.args([name, &secs, &std::process::id().to_string()]);
        plain
    };
    exec::run(name, &mut command, time + MARGIN)
}

fn runner() -> Command {
    Command::new(target().join("debug").join("cosette-fuzz"))
}

fn has_cargo_fuzz() -> bool {
    let told = Command::new("cargo")
        .args(["+nightly", "fuzz", "--version"])
        .output();
    told.is_ok_and(|told| told.status.success())
}
