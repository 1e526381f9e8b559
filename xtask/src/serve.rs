//! `cargo xtask serve`: a server to try things on, with example keys that are printed and mean nothing elsewhere.

use std::process::Command;
use std::time::Duration;

use crate::exec::{self, Result};
use crate::report::say;
use crate::server::binary;
use crate::{cargo, scratch};

const SECRET_ID: &str = "AKIDexample";
const SECRET_KEY: &str = "example-secret-key-for-this-machine-only";

/// Builds the binary and runs it until it is told to stop.
pub(crate) fn run(listen: &str) -> Result<bool> {
    let build = ["build", "--package", "cosette-cli", "--locked"];
    let told = exec::run("build", &mut cargo(build), Duration::from_secs(40 * 60))?;
    if !told.success {
        say(told.output);
        return Ok(false);
    }
    let data = scratch().join("serve");
    say(format_args!("export COSETTE_ENDPOINT=http://{listen}"));
    say(format_args!("export COSETTE_SECRET_ID={SECRET_ID}"));
    say(format_args!("export COSETTE_SECRET_KEY={SECRET_KEY}"));
    let status = Command::new(binary())
        .args(["serve", "--listen", listen, "--data"])
        .arg(data)
        .env("COSETTE_ROOT_SECRET_ID", SECRET_ID)
        .env("COSETTE_ROOT_SECRET_KEY", SECRET_KEY)
        .status()?;
    Ok(status.success())
}
