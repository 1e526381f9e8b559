//! `cargo xtask check`: what is true of the text, before any test runs.

use std::time::Duration;

use crate::exec::{self, Finished, Result};
use crate::report::Report;
use crate::{cargo, deny, root, tidy};

const LIMIT: Duration = Duration::from_secs(30 * 60);

/// The quick steps come first, so that what is cheap to mend is known soon.
pub(crate) fn run(report: &mut Report) -> Result<()> {
    // Every platform's dependencies: the licence of one we do not build for counts too.
    step(report, "fetch", || {
        exec::run("fetch", &mut cargo(["fetch", "--locked"]), LIMIT)
    });
    step(report, "tidy", tidy);
    step(report, "fmt", || {
        component("fmt", "rustfmt")?;
        exec::run("fmt", &mut cargo(["fmt", "--all", "--check"]), LIMIT)
    });
    step(report, "deny", deny::run);
    step(report, "clippy", || {
        component("clippy", "clippy")?;
        let arguments = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ];
        exec::run("clippy", &mut cargo(arguments), LIMIT)
    });
    // After clippy, whose metadata of the dependencies it uses.
    step(report, "doc", || {
        let mut doc = cargo(["doc", "--workspace", "--no-deps", "--locked"]);
        exec::run("doc", doc.env("RUSTDOCFLAGS", "-D warnings"), LIMIT)
    });
    Ok(())
}

fn step(report: &mut Report, name: &str, work: impl FnOnce() -> Result<Finished>) {
    report.begin(name);
    report.step(name, work());
}

fn tidy() -> Result<Finished> {
    let started = exec::now();
    let problems = tidy::problems(root())?;
    Ok(Finished {
        success: problems.is_empty(),
        status: format!("{} problems", problems.len()),
        output: problems.join("\n"),
        elapsed: started.elapsed(),
    })
}

/// A minimal toolchain comes without rustfmt and clippy; rustup can add them.
fn component(subcommand: &str, name: &str) -> Result<()> {
    if cargo([subcommand, "--version"])
        .output()
        .is_ok_and(|told| told.status.success())
    {
        return Ok(());
    }
    let mut add = std::process::Command::new("rustup");
    exec::stdout_of(add.args(["component", "add", name]))
        .map_err(|why| format!("cargo {subcommand} is missing and cannot be added: {why}"))?;
    Ok(())
}
