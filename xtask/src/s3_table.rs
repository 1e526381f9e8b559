//! The operations of the S3 dialect: the table in `docs/compatibility.md`, made from
//! `docs/s3-operations.tsv`, whose rows name the messages they travel in and a test with a client of
//! somebody else's. Every message of the protocol has its row.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::exec::Result;
use crate::source::Source;

const ROWS: &str = "docs/s3-operations.tsv";
const PAGE: &str = "docs/compatibility.md";
const OPERATIONS: &str = "crates/cosette-proto/src/ops/mod.rs";
const SUITE: &str = "conformance/s3/";
const BEGIN: &str =
    "<!-- s3 operations: made by `cargo xtask bless` from docs/s3-operations.tsv -->";
const END: &str = "<!-- s3 operations end -->";
/// What a row says in place of a call that S3 does not have, and of a test that there is not yet.
const NONE: &str = "-";

struct Row<'a> {
    calls: &'a str,
    request: &'a str,
    here: &'a str,
    messages: &'a str,
    test: &'a str,
}

fn rows(text: &str) -> (Vec<Row<'_>>, Vec<String>) {
    let mut problems = Vec::new();
    let mut rows = Vec::new();
    for (at, line) in text.lines().enumerate() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            [calls, request, here, messages, test] => rows.push(Row {
                calls,
                request,
                here,
                messages,
                test,
            }),
            _ => problems.push(format!("{ROWS}:{}: a row has five fields", at + 1)),
        }
    }
    (rows, problems)
}

fn table(rows: &[Row<'_>]) -> String {
    let mut table = "| operation | request | here |\n| --- | --- | --- |\n".to_owned();
    for row in rows.iter().filter(|row| row.calls != NONE) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "| {} | `{}` | {} |",
            row.calls, row.request, row.here
        );
    }
    table
}

/// The page with the table in its place; `None` when it has no such place.
fn page(page: &str, rows: &[Row<'_>]) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n{END}{after}", table(rows)))
}

fn text_of<'a>(sources: &'a [Source], path: &str) -> &'a str {
    let found = sources.iter().find(|source| source.path == path);
    found.map_or("", |source| source.text.as_str())
}

/// Rows that name no test or no message, messages without a row, and a table that is out of date.
pub(crate) fn problems(sources: &[Source], root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join(ROWS))?;
    let (rows, mut problems) = rows(&text);
    let tests: BTreeSet<&str> = sources
        .iter()
        .filter(|source| source.path.starts_with(SUITE))
        .flat_map(|source| source.text.lines())
        .filter_map(|line| line.trim().strip_prefix("def ")?.split('(').next())
        .collect();
    let messages = messages(text_of(sources, OPERATIONS));
    let mut named = BTreeSet::new();
    for row in &rows {
        if row.test != NONE && !tests.contains(row.test) {
            problems.push(format!("{ROWS}: {}: no test {}", row.calls, row.test));
        }
        for message in row.messages.split(", ").filter(|one| *one != NONE) {
            if !messages.contains(message) {
                problems.push(format!("{ROWS}: {}: no message {message}", row.calls));
            }
            named.insert(message);
        }
    }
    for message in messages.difference(&named) {
        problems.push(format!("{ROWS}: {message} has no row"));
    }
    let kept = text_of(sources, PAGE);
    if page(kept, &rows).as_deref() != Some(kept) {
        problems.push(format!("{PAGE}: out of date; run `cargo xtask bless`"));
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

/// Writes the table anew.
pub(crate) fn bless(root: &Path) -> Result<()> {
    let text = fs::read_to_string(root.join(ROWS))?;
    let (rows, _) = rows(&text);
    let kept = fs::read_to_string(root.join(PAGE))?;
    let made = page(&kept, &rows).ok_or_else(|| format!("{PAGE} has no place for {ROWS}"))?;
    fs::write(root.join(PAGE), made)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_between_its_marks() {
        let (rows, problems) = rows("PutObject\tPUT /key\tworks\tPutObject\ttest_put\nshort\n");
        assert_eq!((rows.len(), problems.len()), (1, 1));
        let old = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = page(&old, &rows).unwrap();
        assert!(new.contains("| PutObject | `PUT /key` | works |"), "{new}");
        assert_eq!(page(&new, &rows), Some(new.clone()));
        assert_eq!(page("no marks", &rows), None);
    }

    #[test]
    fn messages_are_read_from_the_declaration() {
        let text = "x\noperations! {\n    /// GET Service\n    ListBuckets => \"GetService\",\n}\n";
        assert_eq!(messages(text), BTreeSet::from(["ListBuckets"]));
    }
}
