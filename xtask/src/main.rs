//! Tasks of the workspace, in Rust so that there is nothing to port: `cargo xtask` lists them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use exec::Result;
use report::{Report, say};

mod amounts;
mod bless;
mod certificates;
mod check;
mod compare;
mod conformance;
mod counts;
mod crash;
mod crashbox;
mod decisions;
mod deny;
mod exec;
mod figures;
mod fuzz;
mod joined;
mod operations;
mod planted;
mod proof;
mod report;
mod rooms;
mod rows;
mod security;
mod serve;
mod server;
mod source;
mod survival;
mod test;
mod tidy;

const HELP: &str = "\
cargo xtask check      formatting, lints, docs, house rules, dependencies; before each commit
                       with the name of a step (tidy, fmt, deny, clippy, doc), only that
cargo xtask test       check, every test, and the official SDKs against the real server; all that CI runs
                       with the name of a suite (node, wx, python, s3, browser, tls, box), only that
cargo xtask box        the real program under power cuts, kills, full disks and little memory; with the name
                       of a part only that, with --long for an hour, with --seed N once more
cargo xtask bless      writes again what is made from tests: the seed table, the list of decisions
                       bless golden: the wire's golden files
cargo xtask planted    each known bug, put in place, must be caught by the tests that say so; with a name, only that
cargo xtask survival   a move that is killed at every record of its journal, and more; --long [N]: ten thousand
                       times, or N
cargo xtask crash --seed N
                       the store's random runs and crashes once more, from a seed that a failure printed
cargo xtask crash --long [TIMES]
                       the same ten times (or TIMES) as often as the suite does, optimised, and
                       with every pair of operations
cargo xtask fuzz       every fuzz target for ten minutes (or --minutes N), two at a time on two processors
cargo xtask serve      a server with example keys on 127.0.0.1:9000 (or --listen ADDRESS), data under target/
cargo xtask conform --endpoint URL
                       the official SDKs' suites against a server elsewhere; conformance/README.md says
                       which keys it takes from the environment";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["check"] => reported(|report| {
            check::run(report);
            Ok(())
        }),
        ["check", step] => reported(|report| check::one(report, step)),
        ["test"] => reported(test::run),
        ["test", "box"] => reported(|report| crashbox::run(report, &[])),
        ["box", words @ ..] => reported(|report| crashbox::run(report, words)),
        ["test", suite] => reported(|report| test::one(report, suite)),
        ["survival"] => reported(|report| survival::run(report, None)),
        ["survival", "--long"] => reported(|report| survival::run(report, Some("10000"))),
        ["survival", "--long", cuts] => reported(|report| survival::run(report, Some(cuts))),
        ["planted"] => reported(|report| planted::run(report, None)),
        ["planted", bug] => reported(|report| planted::run(report, Some(bug))),
        ["bless"] => bless::pages(),
        ["bless", "golden"] => bless::golden(),
        ["serve"] => serve::run("127.0.0.1:9000"),
        ["serve", "--listen", address] => serve::run(address),
        ["fuzz"] => reported(|report| fuzz::run(report, 10)),
        ["fuzz", "--minutes", minutes] => match minutes.parse() {
            Ok(minutes) => reported(|report| fuzz::run(report, minutes)),
            Err(_) => Err(format!("`{minutes}` is no number of minutes").into()),
        },
        ["crash", "--seed", seed] => crash::run(seed),
        ["crash", "--long"] => reported(|report| crash::long(report, crash::TIMES)),
        ["crash", "--long", times] => match times.parse() {
            Ok(times) if times > 1 => reported(|report| crash::long(report, times)),
            _ => Err(format!("`{times}` is no number of times above 1").into()),
        },
        ["conform", "--endpoint", url] => reported(|report| conformance::elsewhere(report, url)),
        ["figures", rest @ ..] => figures::run(rest),
        ["compare", rest @ ..] => compare::run(rest),
        ["help" | "--help" | "-h"] => {
            say(format_args!(
                "{HELP}\n{}\n{}",
                figures::USAGE,
                compare::USAGE
            ));
            Ok(true)
        }
        _ => {
            say(format_args!(
                "{HELP}\n{}\n{}",
                figures::USAGE,
                compare::USAGE
            ));
            Ok(false)
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            say(format_args!("xtask: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs a task made of steps and closes with their sum.
fn reported(task: impl FnOnce(&mut Report) -> Result<()>) -> Result<bool> {
    let started = exec::now();
    let mut report = Report::new(scratch().join("logs"));
    if let Err(why) = task(&mut report) {
        report.broken("xtask", &why.to_string());
    }
    Ok(report.close(started.elapsed()))
}

/// The workspace's root: the directory that holds this crate.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Where tasks put what they install and log.
pub(crate) fn scratch() -> PathBuf {
    target().join("xtask")
}

/// A cargo command at the workspace's root.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(exec::cargo());
    command.current_dir(root()).args(arguments);
    command
}
