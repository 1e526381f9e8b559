//! `cargo xtask check`: what is true of the text, before any test runs.

use std::time::Duration;

use crate::exec::{self, Finished, Result};
use crate::report::Report;
use crate::{cargo, deny, root, tidy};

const LIMIT: Duration = Duration::from_secs(30 * 60);

type Step = fn() -> Result<Finished>;

/// The steps, in their order: the quick ones come first, so that what is cheap to mend is known soon.
const STEPS: [(&str, Step); 6] = [
    ("fetch", fetch),
    ("tidy", tidy),
    ("fmt", fmt),
    ("deny", deny::run),
    ("clippy", clippy),
    ("doc", doc),
];

/// Runs every step, also after one has failed.
pub(crate) fn run(report: &mut Report) {
    for (name, step) in STEPS {
        report.begin(name);
        report.step(name, step());
    }
}

/// Runs the step named.
pub(crate) fn one(report: &mut Report, name: &str) -> Result<()> {
    let Some((name, step)) = STEPS.into_iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        return Err(format!("`{name}` is none of: {}", known.join(", ")).into());
    };
    report.step(name, step());
    Ok(())
}

/// The dependencies of every platform: the licence of one that is not built here counts too.
fn fetch() -> Result<Finished> {
    exec::run("fetch", &mut cargo(["fetch", "--locked"]), LIMIT)
}

fn fmt() -> Result<Finished> {
    component("fmt", "rustfmt")?;
    let arguments = ["fmt", "--all", "--check", "--", "--color", "never"];
    exec::run("fmt", &mut cargo(arguments), LIMIT)
}

fn clippy() -> Result<Finished> {
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
}

/// Comes after clippy, whose metadata of the dependencies it uses.
fn doc() -> Result<Finished> {
    let mut doc = cargo(["doc", "--workspace", "--no-deps", "--locked"]);
    exec::run("doc", doc.env("RUSTDOCFLAGS", "-D warnings"), LIMIT)
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
