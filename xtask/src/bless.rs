//! `cargo xtask bless`: writes again what is made from something else. Review the difference.

use std::fs;

use crate::exec::{self, Result};
use crate::report::say;
use crate::{cargo, decisions, root, rows, source};

pub(crate) fn run() -> Result<bool> {
    let sources = source::read_all(root())?;
    let index = decisions::index(&sources);
    fs::write(root().join(decisions::INDEX), index)?;
    let changed = rows::bless(root())?;
    say(format_args!(
        "seed table: {}",
        if changed { "written anew" } else { "as it was" }
    ));
    say("golden wire files: cargo test -p cosette-proto");
    let mut golden = cargo(["test", "--quiet", "--package", "cosette-proto", "--locked"]);
    let limit = std::time::Duration::from_secs(20 * 60);
    let told = exec::run("bless", golden.env("COSETTE_BLESS", "1"), limit)?;
    if !told.success {
        say(told.output);
    }
    Ok(told.success)
}
