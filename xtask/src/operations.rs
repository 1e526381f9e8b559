//! The operations of both dialects: the tables in `docs/compatibility.md`, made from rows that name the
//! messages they travel in and tests that show them. Every message of the protocol has its row, and every
//! row its test.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::exec::Result;
use crate::source::Source;

const PAGE: &str = "docs/compatibility.md";
const OPERATIONS: &str = "crates/cosette-proto/src/ops/mod.rs";
/// What a row says in place of an operation, of a message or of a test.
const NONE: &str = "-";
/// What a row may say that nobody can show: there is nothing here to ask.
const NOT_HERE: &str = "not here";

/// One dialect's.
struct Dialect {
    rows: &'static str,
    begin: &'static str,
    end: &'static str,
    /// Where the tests are that a row may name.
    suites: &'static [&'static str],
}

const SERVER: &str = "crates/cosette-server/tests/";

const DIALECTS: [Dialect; 2] = [
    Dialect {
        rows: "docs/cos-operations.tsv",
        begin: "<!-- cos operations: made by `cargo xtask bless` from docs/cos-operations.tsv -->",
        end: "<!-- cos operations end -->",
        suites: &[SERVER],
    },
    // What works is shown by a client of somebody else's; what is not here by the server's own test.
    Dialect {
        rows: "docs/s3-operations.tsv",
        begin: "<!-- s3 operations: made by `cargo xtask bless` from docs/s3-operations.tsv -->",
        end: "<!-- s3 operations end -->",
        suites: &["conformance/s3/", SERVER],
    },
];

struct Row<'a> {
    calls: &'a str,
    request: &'a str,
    here: &'a str,
    messages: &'a str,
    tests: &'a str,
}

impl Dialect {
    fn rows<'a>(&self, text: &'a str) -> (Vec<Row<'a>>, Vec<String>) {
        let mut problems = Vec::new();
        let mut rows = Vec::new();
        for (at, line) in text.lines().enumerate() {
            match line.split('\t').collect::<Vec<_>>()[..] {
                [calls, request, here, messages, tests] => rows.push(Row {
                    calls,
                    request,
                    here,
                    messages,
                    tests,
                }),
                _ => problems.push(format!("{}:{}: a row has five fields", self.rows, at + 1)),
            }
        }
        (rows, problems)
    }

    /// The page with the table in its place; `None` when it has no such place.
    fn page(&self, page: &str, rows: &[Row<'_>]) -> Option<String> {
        let (begin, end) = (self.begin, self.end);
        let (before, rest) = page.split_once(begin)?;
        let (_, after) = rest.split_once(end)?;
        Some(format!("{before}{begin}\n\n{}\n{end}{after}", table(rows)))
    }

    /// Rows that name no test or no message, and messages without a row.
    fn problems(&self, text: &str, messages: &BTreeSet<&str>, sources: &[Source]) -> Vec<String> {
        let (rows, mut problems) = self.rows(text);
        let tests = tests(sources, self.suites);
        let mut named = BTreeSet::new();
        for row in &rows {
            let mut problem = |words: String| {
                problems.push(format!("{}: {}: {words}", self.rows, row.calls));
            };
            for test in row.tests.split(", ") {
                let needs_none = row.calls == NONE || row.here.starts_with(NOT_HERE);
                if !tests.contains(test) && !(test == NONE && needs_none) {
                    problem(format!("no test {test}"));
                }
            }
            for message in row.messages.split(", ").filter(|one| *one != NONE) {
                if !messages.contains(message) {
                    problem(format!("no message {message}"));
                }
                named.insert(message);
            }
        }
        for message in messages.difference(&named) {
            problems.push(format!("{}: {message} has no row", self.rows));
        }
        problems
    }
}

fn table(rows: &[Row<'_>]) -> String {
    let mut table = "| operation | request | here |\n| --- | --- | --- |\n".to_owned();
    for row in rows.iter().filter(|row| row.calls != NONE) {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| {} | {} | {} |", row.calls, row.request, row.here);
    }
    table
}

/// The names of the tests below these folders.
fn tests<'a>(sources: &'a [Source], suites: &[&str]) -> BTreeSet<&'a str> {
    let below = |source: &&Source| suites.iter().any(|suite| source.path.starts_with(suite));
    let lines = sources.iter().filter(below).map(|source| &source.text);
    let named = lines.flat_map(|text| text.lines()).filter_map(|line| {
        let line = line.trim();
        let after = line
            .strip_prefix("def ")
            .or_else(|| line.strip_prefix("async fn "))
            .or_else(|| line.strip_prefix("fn "))?;
        after.split('(').next()
    });
    named.collect()
}

fn text_of<'a>(sources: &'a [Source], path: &str) -> &'a str {
    let found = sources.iter().find(|source| source.path == path);
    found.map_or("", |source| source.text.as_str())
}

/// What is wrong with the rows of both, and tables that are out of date.
pub(crate) fn problems(sources: &[Source], root: &Path) -> Result<Vec<String>> {
    let messages = messages(text_of(sources, OPERATIONS));
    let kept = text_of(sources, PAGE);
    let mut problems = Vec::new();
    for dialect in &DIALECTS {
        let text = fs::read_to_string(root.join(dialect.rows))?;
        problems.extend(dialect.problems(&text, &messages, sources));
        let (rows, _) = dialect.rows(&text);
        if dialect.page(kept, &rows).as_deref() != Some(kept) {
            problems.push(format!(
                "{PAGE}: {} is newer; run `cargo xtask bless`",
                dialect.rows
            ));
        }
    }
    Ok(problems)
}

/// The variants of the table of operations: lines like `PutObject => "PutObject",`.
fn messages(operations: &str) -> BTreeSet<&str> {
    let block = operations
        .rsplit("operations! {")
        .next()
        .unwrap_or_default();
    block
        .lines()
        .filter_map(|line| Some(line.trim().split_once(" => \"")?.0))
        .collect()
}

/// Writes the tables anew.
pub(crate) fn bless(root: &Path) -> Result<()> {
    let mut page = fs::read_to_string(root.join(PAGE))?;
    for dialect in &DIALECTS {
        let text = fs::read_to_string(root.join(dialect.rows))?;
        let (rows, _) = dialect.rows(&text);
        let no_place = || format!("{PAGE} has no place for {}", dialect.rows);
        page = dialect.page(&page, &rows).ok_or_else(no_place)?;
    }
    fs::write(root.join(PAGE), page)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COS: &Dialect = &DIALECTS[0];

    #[test]
    fn the_table_stands_between_its_marks() {
        let (rows, problems) = COS.rows("PUT Object\t`PUT /key`\tworks\tPutObject\ta\nshort\n");
        assert_eq!((rows.len(), problems.len()), (1, 1));
        let old = format!("a\n{}\nold\n{}\nb\n", COS.begin, COS.end);
        let new = COS.page(&old, &rows).unwrap();
        assert!(new.contains("| PUT Object | `PUT /key` | works |"), "{new}");
        assert_eq!(COS.page(&new, &rows), Some(new.clone()));
        assert_eq!(COS.page("no marks", &rows), None);
    }

    #[test]
    fn a_row_needs_a_test_and_a_message_needs_a_row() {
        let source = |path: &str, text: &str| Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let sources = [
            source("crates/cosette-server/tests/it/put.rs", "async fn a() {\n"),
            source("crates/cosette-cli/tests/it/put.rs", "fn elsewhere() {\n"),
        ];
        let messages = BTreeSet::from(["PutObject"]);
        let told = |rows: &str| COS.problems(rows, &messages, &sources).len();
        let row =
            |here: &str, message: &str, test: &str| format!("P\t`/`\t{here}\t{message}\t{test}\n");
        assert_eq!(told(&row("works", "PutObject", "a")), 0);
        assert_eq!(told(&row("works", "PutObject", "a, elsewhere")), 1);
        assert_eq!(told(&row("works", "PutObject", "-")), 1);
        assert_eq!(told(&row("works", "Put", "a")), 2);
        let absent = row("not here", "-", "-");
        assert_eq!(told(&(row("works", "PutObject", "a") + &absent)), 0);
        assert_eq!(told(&absent), 1);
    }

    #[test]
    fn messages_are_read_from_the_declaration() {
        let text = "x\noperations! {\n    /// GET Service\n    ListBuckets => \"GetService\",\n}\n";
        assert_eq!(messages(text), BTreeSet::from(["ListBuckets"]));
    }
}
