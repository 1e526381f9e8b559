//! House rules that no compiler holds. Each takes the files and gives back what is wrong, in words.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::exec::{self, Result};
use crate::source::{self, Source};
use crate::{decisions, joined, operations, proof, rooms, rows, security};

const LINES_MAX: usize = 800;

/// Tables may run long: one row per case says more than two files would.
const LONG_TABLES: [&str; 0] = [];

/// Where the wire's header prefixes live.
const PREFIX_HOME: &str = "crates/cosette-proto/src/dialect.rs";

// Spelled in two halves, so that these rules do not find themselves.
const PREFIXES: [&str; 2] = [concat!("x-", "cos-"), concat!("x-", "amz-")];
const UNFINISHED_WORDS: [&str; 2] = [concat!("FIX", "ME"), concat!("XX", "X")];
const UNFINISHED_CODE: [&str; 4] = [
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[", "ignore"),
    concat!("assert!(", "true"),
];
const MACHINE_PATHS: [&str; 4] = [
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
];

const NPM_REGISTRY: &str = "https://registry.npmjs.org/";
const CARGO_REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Everything that is untidy in the project under `root`.
pub(crate) fn problems(root: &Path) -> Result<Vec<String>> {
    let sources = source::read_all(root)?;
    let mut problems = Vec::new();
    problems.extend(prefixes_away_from_home(&sources));
    problems.extend(unfinished(&sources));
    problems.extend(long_files(&sources));
    problems.extend(machine_traces(&sources));
    problems.extend(decisions::problems(&sources));
    problems.extend(unpaired_examples(&sources));
    problems.extend(dead_links(&sources, root));
    problems.extend(rows::problems(&sources)?);
    problems.extend(operations::problems(&sources, root)?);
    problems.extend(security::problems(&sources));
    problems.extend(proof::problems(&sources)?);
    problems.extend(joined::problems(&sources));
    problems.extend(rooms::breaches(&metadata(root)?)?);
    Ok(problems)
}

fn metadata(root: &Path) -> Result<String> {
    let mut command = Command::new(exec::cargo());
    exec::stdout_of(
        command
            .current_dir(root)
            .args(["metadata", "--format-version=1", "--locked"]),
    )
}

/// A header's prefix is the wire's business: one file of `proto` knows it, and tests may spell it.
fn prefixes_away_from_home(sources: &[Source]) -> Vec<String> {
    let tests = source::test_modules(sources);
    let library = sources.iter().filter(|source| {
        // What is made of bytes for fuzzing is no program's text.
        let in_crates = source.is_rust()
            && source.path.starts_with("crates/")
            && !source.path.starts_with("crates/cosette-fuzz/");
        in_crates && !source.is_test() && !tests.contains(&source.path)
    });
    let mut problems = Vec::new();
    for source in library.filter(|source| source.path != PREFIX_HOME) {
        for (number, line) in numbered(&source::strip(&source.text)) {
            let line = line.to_ascii_lowercase();
            for prefix in PREFIXES.iter().filter(|prefix| line.contains(**prefix)) {
                problems.push(format!(
                    "{}:{number}: {prefix} belongs in {PREFIX_HOME}",
                    source.path
                ));
            }
        }
    }
    problems
}

/// Nothing unfinished and nothing switched off is merged.
fn unfinished(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for source in sources.iter().filter(|source| !is_lock(source)) {
        for (number, line) in numbered(&source.text) {
            let words = UNFINISHED_WORDS
                .iter()
                .filter(|word| contains_word(line, word));
            let code = UNFINISHED_CODE
                .iter()
                .filter(|code| source.is_rust() && line.contains(**code));
            for what in words.chain(code) {
                problems.push(format!(
                    "{}:{number}: {what} is not finished work",
                    source.path
                ));
            }
        }
    }
    problems
}

fn long_files(sources: &[Source]) -> Vec<String> {
    let written = [".rs", ".py", ".js", ".mjs", ".cjs"];
    let ours = sources
        .iter()
        .filter(|source| written.iter().any(|end| source.path.ends_with(end)));
    ours.filter(|source| !LONG_TABLES.contains(&source.path.as_str()))
        .map(|source| (source, source.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(source, lines)| {
            format!(
                "{}: {lines} lines; which second subject is in there?",
                source.path
            )
        })
        .collect()
}

/// A path of somebody's machine or a registry of somebody's network works nowhere else.
fn machine_traces(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for source in sources {
        for (number, line) in numbered(&source.text) {
            for path in MACHINE_PATHS
                .iter()
                .filter(|path| contains_path(line, path))
            {
                problems.push(format!(
                    "{}:{number}: {path} is a path of one machine",
                    source.path
                ));
            }
            if let Some(registry) = foreign_registry(&source.path, line) {
                problems.push(format!("{}:{number}: registry {registry}", source.path));
            }
        }
    }
    problems
}

/// The registry that a lock or requirements line names, unless it is the public one.
fn foreign_registry<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    let line = line.trim();
    if path.ends_with("package-lock.json") {
        let resolved = line.strip_prefix("\"resolved\": \"")?;
        return (!resolved.starts_with(NPM_REGISTRY)).then_some(resolved);
    }
    if path.ends_with("Cargo.lock") {
        let source = line.strip_prefix("source = \"")?.trim_end_matches('"');
        return (source != CARGO_REGISTRY).then_some(source);
    }
    let python = path.ends_with(".txt") && path.starts_with("conformance/");
    (python && (line.contains("index-url") || line.contains("://"))).then_some(line)
}

/// A link from one page to another file leads somewhere.
fn dead_links(sources: &[Source], root: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    for page in sources.iter().filter(|source| source.path.ends_with(".md")) {
        let path = root.join(&page.path);
        let folder = path.parent().unwrap_or(root);
        for (number, line) in numbered(&page.text) {
            let dead = local_links(line).filter(|link| !folder.join(link).exists());
            problems.extend(dead.map(|link| format!("{}:{number}: no file {link}", page.path)));
        }
    }
    problems
}

/// The files that a line of a page links to, without the places inside them.
fn local_links(line: &str) -> impl Iterator<Item = &str> {
    let links = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next());
    let local = links.filter(|link| !link.contains("://") && !link.starts_with("mailto:"));
    local
        .filter_map(|link| link.split('#').next())
        .filter(|link| !link.is_empty())
}

/// An example in the semantics page is a test of the same name.
fn unpaired_examples(sources: &[Source]) -> Vec<String> {
    let tests: BTreeSet<&str> = sources
        .iter()
        .filter(|source| source.is_rust() && source.path.starts_with("crates/"))
        .flat_map(|source| source.text.lines())
        .filter_map(|line| line.split_once("fn ").map(|(_, rest)| rest))
        .filter_map(|rest| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
        })
        .collect();
    let page = sources
        .iter()
        .filter(|source| source.path == "docs/semantics.md");
    page.flat_map(|page| numbered(&page.text))
        .filter_map(|(number, line)| example_name(line).map(|name| (number, name)))
        .filter(|(_, name)| !tests.contains(name))
        .map(|(number, name)| format!("docs/semantics.md:{number}: no test is named {name}"))
        .collect()
}

/// The name in a heading like `### example: copy_keeps_the_source`, with or without back-ticks.
fn example_name(line: &str) -> Option<&str> {
    let heading = line.trim_start_matches('#').trim_start();
    let name = heading
        .strip_prefix("example:")
        .or_else(|| heading.strip_prefix("Example:"))?;
    line.starts_with('#').then(|| name.trim().trim_matches('`'))
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

fn is_lock(source: &Source) -> bool {
    source.path.ends_with("package-lock.json") || source.path.ends_with(".lock")
}

fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        let after = line
            .get(at + word.len()..)
            .and_then(|tail| tail.chars().next());
        !part(before) && !part(after)
    })
}

/// Whether an absolute path beginning with `path` is in the line; a folder of that name inside a path is none.
fn contains_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !before
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '}' | '>'))
    })
}

#[cfg(test)]
mod tests;
