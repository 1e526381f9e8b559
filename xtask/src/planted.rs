//! `cargo xtask planted`: each known bug, put in place, must make the tests fail that claim to catch
//! it. A suite that has never failed proves nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::exec::{self, Finished, Result};
use crate::proof::{Book, Bug};
use crate::report::{Report, say};
use crate::{cargo, root, source};

/// Builds the tests with the switch; the same build as `cargo xtask test` makes.
pub(crate) const FEATURE: &str = "cosette-store/planted";
const BUILD_LIMIT: Duration = Duration::from_secs(40 * 60);
/// A bug that makes a test hang is not caught by it.
const LIMIT: Duration = Duration::from_secs(120);
/// Bugs tried at the same time.
const WORKERS: usize = 2;

/// The programs of the store's tests, by name.
type Programs = BTreeMap<String, PathBuf>;

/// Tries every bug, or the one named.
pub(crate) fn run(report: &mut Report, only: Option<&str>) -> Result<()> {
    let mut bugs = Book::read(&source::read_all(root())?)?.bugs;
    bugs.retain(|bug| only.is_none_or(|name| name == bug.name));
    if bugs.is_empty() {
        return Err(format!("no bug is called {}", only.unwrap_or_default()).into());
    }
    report.begin("planted bugs");
    let started = exec::now();
    let programs = programs()?;
    let next = Mutex::new(bugs.iter());
    let lines = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                // The lock is let go of before the bug is tried.
                let take = || next.lock().ok()?.next();
                while let Some(bug) = take() {
                    let outcome = caught(bug, &programs);
                    if let Ok(mut lines) = lines.lock() {
                        lines.push((bug, outcome));
                    }
                }
            });
        }
    });
    let mut output = String::new();
    let mut failed = 0;
    let lines = lines.into_inner().unwrap_or_default();
    for (bug, outcome) in &lines {
        if let Err(why) = outcome {
            failed += 1;
            output.push_str(&format!("{}: {why}\n", bug.name));
        }
    }
    let caught = lines.len() - failed;
    say(format_args!(
        "    {caught} of {} planted bugs caught",
        bugs.len()
    ));
    let told = Finished {
        success: failed == 0 && lines.len() == bugs.len(),
        status: format!("{caught} of {} planted bugs caught", bugs.len()),
        output,
        elapsed: started.elapsed(),
    };
    report.step("planted bugs", Ok(told));
    Ok(())
}

/// Whether every test that claims to catch the bug fails with it, because of it.
fn caught(bug: &Bug, programs: &Programs) -> Result<()> {
    let mut by_program: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for test in &bug.caught_by {
        let (program, module) =
            place_of(&test.file).ok_or_else(|| format!("{} has no program", test.file))?;
        let name = format!("{module}::{}", test.name);
        by_program.entry(program).or_default().push(name);
    }
    if by_program.is_empty() {
        return Err("no test says that it catches it".into());
    }
    for (program, tests) in by_program {
        let path = programs
            .get(program)
            .ok_or_else(|| format!("`{program}` was not built"))?;
        let mut command = std::process::Command::new(path);
        command
            .arg("--exact")
            .args(&tests)
            .current_dir(root().join("crates").join("cosette-store"))
            // What a failing property's smallest case is does not matter here.
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("PROPTEST_FAILURE_PERSISTENCE", "off")
            .env("COSETTE_PLANTED", &bug.name);
        let told = exec::run(&bug.name, &mut command, LIMIT)?;
        if !told.output.contains("was reached") {
            return Err(format!("never reached by {}", tests.join(", ")).into());
        }
        for test in tests {
            let failed = |line: &str| {
                let name = line
                    .strip_prefix("test ")
                    .and_then(|line| line.split(' ').next());
                name == Some(test.as_str()) && line.ends_with("FAILED")
            };
            if !told.output.lines().any(failed) {
                return Err(format!("not caught by {test}:\n{}", told.output).into());
            }
        }
    }
    Ok(())
}

/// The program in which a file's tests are, and their module there: the crate's tests of itself, which
/// stand in a module `tests` of their file, or those of it from without.
fn place_of(file: &str) -> Option<(&'static str, String)> {
    let inside = file.strip_prefix("crates/cosette-store/")?;
    let module = |path: &str| {
        let path = path.strip_suffix(".rs")?;
        let path = path.strip_suffix("/mod").unwrap_or(path);
        Some(path.replace('/', "::"))
    };
    if let Some(test) = inside.strip_prefix("tests/it/") {
        return Some(("it", module(test)?));
    }
    let module = module(inside.strip_prefix("src/")?)?;
    let inner = if module.ends_with("tests") {
        ""
    } else {
        "::tests"
    };
    Some(("cosette_store", format!("{module}{inner}")))
}

/// Builds the tests, and finds their programs.
fn programs() -> Result<Programs> {
    let mut build = cargo([
        "test",
        "--workspace",
        "--all-targets",
        "--locked",
        "--no-run",
        "--features",
        FEATURE,
        "--message-format=json",
    ]);
    let told = exec::run("planted", &mut build, BUILD_LIMIT)?;
    if !told.success {
        return Err(format!("the tests do not build:\n{}", told.output).into());
    }
    let mut programs = Programs::new();
    for line in told.output.lines().filter(|line| line.starts_with('{')) {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else {
            continue;
        };
        let text = |path: &str| message.pointer(path).and_then(|value| value.as_str());
        let ours = text("/manifest_path").is_some_and(|path| path.contains("cosette-store"));
        let is_test = message
            .pointer("/profile/test")
            .and_then(|test| test.as_bool());
        if let (true, Some(true), Some(name), Some(program)) =
            (ours, is_test, text("/target/name"), text("/executable"))
        {
            programs.insert(name.to_owned(), program.into());
        }
    }
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn a_tests_place_is_found_by_its_file() {
        let place = |file: &str| {
            let (program, module) = place_of(&format!("crates/cosette-store/{file}"))?;
            Some(format!("{program} {module}"))
        };
        assert_eq!(place("tests/it/races.rs").as_deref(), Some("it races"));
        assert_eq!(
            place("tests/it/simulation/mod.rs").as_deref(),
            Some("it simulation")
        );
        assert_eq!(
            place("tests/it/simulation/run.rs").as_deref(),
            Some("it simulation::run")
        );
        assert_eq!(
            place("src/lease.rs").as_deref(),
            Some("cosette_store lease::tests")
        );
        assert_eq!(
            place("src/meta/fjall/tests.rs").as_deref(),
            Some("cosette_store meta::fjall::tests")
        );
        assert_eq!(place_of("crates/cosette/src/lib.rs"), None);
    }
}
