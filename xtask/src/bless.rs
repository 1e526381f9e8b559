//! `cargo xtask bless`: writes again what is made from something else. Review the difference.

use std::fs;
use std::time::Duration;

use crate::exec::{self, Result};
use crate::report::say;
use crate::{cargo, decisions, operations, proof, root, rows, source};

const LIMIT: Duration = Duration::from_secs(40 * 60);

/// The pages made from tests and other pages: the seed table and the list of decisions.
pub(crate) fn pages() -> Result<bool> {
    let sources = source::read_all(root())?;
    fs::write(root().join(decisions::INDEX), decisions::index(&sources))?;
    operations::bless(root())?;
    proof::bless(root())?;
    let changed = rows::bless(root())?;
    say(format_args!(
        "seed table: {}",
        if changed { "written anew" } else { "as it was" }
    ));
    Ok(true)
}

/// The golden files of the wire, by the tests that compare them.
pub(crate) fn golden() -> Result<bool> {
    let mut test = cargo(["test", "--quiet", "--package", "cosette-proto", "--locked"]);
    let told = exec::run("golden", test.env("COSETTE_BLESS", "1"), LIMIT)?;
    if !told.success {
        say(told.output);
    }
    Ok(told.success)
}
