//! `cargo xtask test`: everything that says whether this tree is good, in one command.

use std::collections::BTreeMap;
use std::fs;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::conformance::{self, Suite};
use crate::counts::Counts;
use crate::exec::{self, Finished, Result};
use crate::report::Report;
use crate::server::{self, Folder};
use crate::{amounts, cargo, check, crashbox, planted, root};

const LIMIT: Duration = Duration::from_secs(40 * 60);
const DEMO_LIMIT: Duration = Duration::from_secs(10 * 60);

/// How many tests each suite has at least, so that none can quietly stop being run.
#[derive(Debug)]
pub(crate) struct Floors(BTreeMap<String, u64>);

impl Floors {
    pub(crate) fn read() -> Result<Self> {
        let text = fs::read_to_string(root().join("xtask").join("floors.json"))?;
        Ok(Self(serde_json::from_str(&text)?))
    }

    /// The floors whose names begin so, by the rest of their names.
    pub(crate) fn beginning_with<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, u64)> {
        let floors = self.0.iter();
        floors.filter_map(move |(name, floor)| Some((name.strip_prefix(prefix)?, *floor)))
    }

    #[cfg(test)]
    pub(crate) fn of_pairs<const N: usize>(pairs: [(&str, u64); N]) -> Self {
        Self(pairs.map(|(name, floor)| (name.to_owned(), floor)).into())
    }

    /// A suite nobody gave a floor cannot pass.
    pub(crate) fn of(&self, suite: &str) -> u64 {
        self.0.get(suite).copied().unwrap_or(u64::MAX)
    }
}

pub(crate) fn run(report: &mut Report) -> Result<()> {
    let floors = Floors::read()?;
    // The registries answer while the compiler works.
    let installing = thread::spawn(|| conformance::install(&Suite::ALL));
    check::run(report);

    // All targets at once, so that tests and the binary share one set of dependencies and features.
    // With the switch for planted bugs, which nothing turns on but their own run.
    let build = [
        "build",
        "--workspace",
        "--all-targets",
        "--locked",
        "--features",
        planted::FEATURE,
    ];
    let built = step(report, "build", || cargo_run("build", build));
    if built {
        let tests = [
            "test",
            "--workspace",
            "--all-targets",
            "--locked",
            "--no-fail-fast",
            "--features",
            planted::FEATURE,
        ];
        report.begin("rust");
        let told = cargo_test("rust", tests);
        let amounts = told.as_ref().ok().map(|(_, told)| {
            let due = floors.beginning_with(amounts::FLOOR);
            amounts::judged(&told.output, due.collect())
        });
        report.suite("rust", floors.of("rust"), told);
        if let Some(amounts) = amounts {
            report.begin("amounts");
            report.suite("amounts", 1, Ok(amounts));
        }
        planted::run(report, None)?;
        let docs = [
            "test",
            "--workspace",
            "--doc",
            "--locked",
            "--no-fail-fast",
            "--features",
            planted::FEATURE,
        ];
        suite(report, &floors, "doc examples", || {
            cargo_test("doc examples", docs)
        });
    }
    let installed = step(report, "install", || joined(installing));
    if built && installed {
        // Each has a server of its own, and all of them wait more than they work.
        let running = Suite::ALL.map(|one| (one, thread::spawn(move || one.run_with_server())));
        for (one, running) in running {
            suite(report, &floors, one.name(), || joined(running));
        }
        step(report, "demo", demo);
    }
    if built {
        crashbox::all(report, &floors, &[]);
    }
    Ok(())
}

/// Builds the binary and runs one suite of the official SDKs against it.
pub(crate) fn one(report: &mut Report, name: &str) -> Result<()> {
    let Some(one) = Suite::ALL.into_iter().find(|suite| suite.name() == name) else {
        return Err(format!(
            "`{name}` is none of: {}",
            Suite::ALL.map(Suite::name).join(", ")
        )
        .into());
    };
    let build = ["build", "--package", "cosette-cli", "--locked"];
    if step(report, "build", || cargo_run("build", build))
        && step(report, "install", || conformance::install(&[one]))
    {
        suite(report, &Floors::read()?, name, || one.run_with_server());
    }
    Ok(())
}

/// What a thread found out, a panic of its own included.
fn joined<T>(thread: JoinHandle<Result<T>>) -> Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err("its thread panicked".into()))
}

pub(crate) fn step(
    report: &mut Report,
    name: &str,
    work: impl FnOnce() -> Result<Finished>,
) -> bool {
    report.begin(name);
    report.step(name, work())
}

fn suite(
    report: &mut Report,
    floors: &Floors,
    name: &str,
    work: impl FnOnce() -> Result<(Counts, Finished)>,
) {
    report.begin(name);
    report.suite(name, floors.of(name), work());
}

pub(crate) fn cargo_run<const N: usize>(name: &str, arguments: [&str; N]) -> Result<Finished> {
    exec::run(name, &mut cargo(arguments), LIMIT)
}

fn cargo_test<const N: usize>(name: &str, arguments: [&str; N]) -> Result<(Counts, Finished)> {
    let told = cargo_run(name, arguments)?;
    Ok((Counts::of_cargo(&told.output), told))
}

/// The newcomer's first command, with a home and a store of its own; twice, for its store stays.
fn demo() -> Result<Finished> {
    let folder = Folder::new("demo")?;
    let run = || {
        let mut command = server::cosette();
        command
            .current_dir(root())
            .env("HOME", folder.root())
            .arg("demo")
            .arg("--data")
            .arg(folder.data());
        exec::run("demo", &mut command, DEMO_LIMIT)
    };
    let first = run()?;
    if !first.success {
        return Ok(first);
    }
    let second = run()?;
    if second.success {
        folder.tidy_up()?;
    }
    Ok(Finished {
        elapsed: first.elapsed + second.elapsed,
        ..second
    })
}
