//! `cargo xtask figures`: every figure of `docs/performance.md`, measured by the release build on this machine.
//!
//! The objects are prepared once, in a folder that later runs take again. Each line is a run or a few of
//! `cosette bench` against a server of its own folder, and is judged by ratios of what was measured together.
//! Results are kept as JSON, so that lines can be measured one at a time and told together.

mod bench;
mod lines;
pub(crate) mod serving;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::exec::{self, Result};
use crate::report::say;
use crate::{cargo, scratch, target};

pub(crate) const USAGE: &str = "\
cargo xtask figures [--seconds N] [--objects N] [--only LINE,…] [--folder DIR] [--binary FILE] [--prepare]
                       every figure of docs/performance.md; rates are measured for N seconds (120), lines by
                       name alone, another build by its file; --prepare only prepares the objects";

/// How long the release build may take.
const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// How long a rate is measured.
    pub(crate) seconds: u64,
    /// Objects in the store.
    pub(crate) objects: u64,
    /// The lines, by name; all if there is none.
    only: Vec<String>,
    folder: PathBuf,
    /// The binary, if it is not to be built.
    binary: Option<PathBuf>,
    prepare: bool,
}

impl Wanted {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut wanted = Self {
            seconds: 120,
            objects: 1_000_000,
            only: Vec::new(),
            folder: scratch().join("figures"),
            binary: None,
            prepare: false,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .ok_or_else(|| format!("{word}: a value is missing"))
            };
            match *word {
                "--seconds" => wanted.seconds = value()?.parse()?,
                "--objects" => wanted.objects = value()?.parse()?,
                "--only" => wanted.only = value()?.split(',').map(str::to_owned).collect(),
                "--folder" => wanted.folder = PathBuf::from(value()?),
                "--binary" => wanted.binary = Some(PathBuf::from(value()?)),
                "--prepare" => wanted.prepare = true,
                other => return Err(format!("{other}: unknown\n{USAGE}").into()),
            }
        }
        let known = |name: &String| lines::ALL.iter().any(|line| line.name == name);
        if let Some(name) = wanted.only.iter().find(|name| !known(name)) {
            let all: Vec<_> = lines::ALL.iter().map(|line| line.name).collect();
            return Err(format!("{name}: none of {}", all.join(", ")).into());
        }
        Ok(wanted)
    }

    fn wants(&self, name: &str) -> bool {
        !self.prepare && (self.only.is_empty() || self.only.iter().any(|only| only == name))
    }
}

/// What a line has measured.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// The number that is compared with the goal.
    pub(crate) value: f64,
    /// What it was made of, in words.
    pub(crate) words: String,
}

/// Runs the task; `false` if a line could not be measured.
pub(crate) fn run(arguments: &[&str]) -> Result<bool> {
    let wanted = Wanted::parse(arguments)?;
    let Some(binary) = wanted
        .binary
        .clone()
        .map_or_else(build, |file| Ok(Some(file)))?
    else {
        return Ok(false);
    };
    let mut bench = bench::Bench::new(binary, &wanted.folder)?;
    bench.prepare(wanted.objects)?;
    let mut results = results(&wanted.folder);
    let mut all_well = true;
    for line in lines::ALL.iter().filter(|line| wanted.wants(line.name)) {
        bench.settle()?;
        say(format_args!("==> {}: {}", line.name, line.what));
        match (line.measure)(&mut bench, &wanted) {
            Ok(figure) => {
                say(format_args!("    {}", figure.words));
                let reached = line.goal.is_reached(figure.value);
                results.insert(
                    line.name.to_owned(),
                    json!({
                        "what": line.what,
                        "goal": line.goal.words(),
                        "value": figure.value,
                        "reached": reached,
                        "measured": figure.words,
                        "seconds": wanted.seconds,
                        "objects": wanted.objects,
                    }),
                );
                keep(&wanted.folder, &results)?;
            }
            Err(why) => {
                all_well = false;
                say(format_args!("    not measured: {why}"));
            }
        }
    }
    bench.stop()?;
    say(table(&results));
    say(Value::Object(results));
    Ok(all_well)
}

/// The release build; none if it fails.
pub(crate) fn build() -> Result<Option<PathBuf>> {
    let build = ["build", "--release", "--package", "cosette-cli", "--locked"];
    say("==> release build");
    let told = exec::run("build", &mut cargo(build), BUILD_LIMIT)?;
    if !told.success {
        say(told.output);
        return Ok(None);
    }
    Ok(Some(target().join("release").join("cosette")))
}

fn file(folder: &Path) -> PathBuf {
    folder.join("figures.json")
}

/// What earlier runs have measured.
fn results(folder: &Path) -> Map<String, Value> {
    let text = fs::read_to_string(file(folder)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn keep(folder: &Path, results: &Map<String, Value>) -> Result<()> {
    fs::write(file(folder), serde_json::to_string_pretty(results)?)?;
    Ok(())
}

/// Goal and measurement, a line each.
fn table(results: &Map<String, Value>) -> String {
    let mut text = String::from("\n| what | goal | measured | |\n| --- | --- | --- | --- |");
    for line in lines::ALL {
        let Some(result) = results.get(line.name) else {
            continue;
        };
        let word = |name: &str| result.get(name).and_then(Value::as_str).unwrap_or_default();
        let reached = result.get("reached") == Some(&Value::Bool(true));
        let verdict = if reached { "reached" } else { "not reached" };
        let (goal, measured) = (word("goal"), word("measured"));
        text.push_str(&format!(
            "\n| {} | {goal} | {measured} | {verdict} |",
            line.what
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_measured_is_refused_before_anything_is_built() {
        let refused = |words: &[&str]| Wanted::parse(words).unwrap_err().to_string();
        assert!(refused(&["--only", "head,nothing"]).contains("nothing: none of"));
        assert!(refused(&["--seconds"]).contains("missing"));
        assert!(refused(&["--fast"]).contains("unknown"));
        let wanted = Wanted::parse(&["--seconds", "5", "--only", "head,list"]).unwrap();
        assert!(wanted.seconds == 5 && wanted.wants("list") && !wanted.wants("get"));
    }

    #[test]
    fn the_table_has_a_line_for_each_result_and_no_other() {
        let line = &lines::ALL[0];
        let result = json!({"what": line.what, "goal": "≤ 3", "measured": "2.5", "reached": true});
        let results = Map::from_iter([(line.name.to_owned(), result)]);
        let text = table(&results);
        assert_eq!(text.lines().count(), 4);
        assert!(text.ends_with("| ≤ 3 | 2.5 | reached |"), "{text}");
    }

    #[test]
    fn lines_have_names_of_their_own() {
        let names: std::collections::BTreeSet<_> =
            lines::ALL.iter().map(|line| line.name).collect();
        assert_eq!(names.len(), lines::ALL.len());
    }
}
