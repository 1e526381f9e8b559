//! The seed document, row by row: which test shows each row in each face, and the table that says so.
//!
//! A test names its rows in a comment above it, `// seed: S30, S93` (`# seed:` in Python). The rows
//! stand in `docs/seed-rows.tsv`: id, operation, what it says, then for a face without a test a field
//! like `cli=not applicable: why`. The table in `docs/compatibility.md` is made from both.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::exec::Result;
use crate::source::{self, Source};

pub(crate) mod mention;

use mention::Mention;

const ROWS: &str = "docs/seed-rows.tsv";
const PAGE: &str = "docs/compatibility.md";
const BEGIN: &str =
    "<!-- seed rows: made by `cargo xtask bless` from docs/seed-rows.tsv and the tests -->";
const END: &str = "<!-- end of the seed rows -->";

/// The seed has rows S01 to S143.
const ROW_COUNT: u16 = 143;

/// Only these may be put off; everything else is whole.
const MAY_WAIT_FOR: [&str; 3] = ["bucket policy", "sub-account", "archive restore"];

/// How many tests a cell of the table names before it only counts them.
const NAMED_MAX: usize = 3;

/// Where a row is shown to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Face {
    Server,
    Sdk,
    Cli,
}

impl Face {
    const ALL: [Self; 3] = [Self::Server, Self::Sdk, Self::Cli];

    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Sdk => "sdk",
            Self::Cli => "cli",
        }
    }

    /// The face whose promises a file's tests show.
    fn of(path: &str) -> Option<Self> {
        if path.starts_with("crates/cosette-server/") || path.starts_with("conformance/") {
            Some(Self::Server)
        } else if path.starts_with("crates/cosette/") {
            Some(Self::Sdk)
        } else if path.starts_with("crates/cosette-cli/") {
            Some(Self::Cli)
        } else {
            None
        }
    }
}

/// One statement of the seed.
#[derive(Debug)]
struct Row {
    id: String,
    operation: String,
    says: String,
    /// Why a face has no test, by face: `later: …` or `not applicable: …`.
    excused: BTreeMap<Face, String>,
}

/// The rows with every test that names them.
#[derive(Debug)]
struct Book {
    rows: Vec<Row>,
    shown: BTreeMap<(String, Face), Vec<Mention>>,
    problems: Vec<String>,
}

/// Rows without a test, tests naming no row, and a table that is not what it would be if made now.
pub(crate) fn problems(sources: &[Source]) -> Result<Vec<String>> {
    let book = Book::read(sources)?;
    let mut problems = book.problems.clone();
    for face in Face::ALL {
        let shown = |row: &Row| book.shown.contains_key(&(row.id.clone(), face));
        let missing = book
            .rows
            .iter()
            .filter(|row| !shown(row) && !row.excused.contains_key(&face));
        let missing: Vec<&str> = missing.map(|row| row.id.as_str()).collect();
        if !missing.is_empty() {
            let (face, missing) = (face.name(), missing.join(", "));
            problems.push(format!(
                "no test of the {face} names in `seed:` the rows {missing}"
            ));
        }
    }
    let page = text_of(sources, PAGE)?;
    if page != with_table(page, &book.table())? {
        problems.push(format!(
            "{PAGE}: its table is out of date; run `cargo xtask bless`"
        ));
    }
    Ok(problems)
}

/// Writes the table anew. True if the page changed.
pub(crate) fn bless(root: &Path) -> Result<bool> {
    let sources = source::read_all(root)?;
    let book = Book::read(&sources)?;
    let page = text_of(&sources, PAGE)?;
    let blessed = with_table(page, &book.table())?;
    fs::write(root.join(PAGE), &blessed)?;
    Ok(blessed != page)
}

impl Book {
    fn read(sources: &[Source]) -> Result<Self> {
        let (rows, mut problems) = parse_rows(text_of(sources, ROWS)?);
        let known: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let mut shown: BTreeMap<(String, Face), Vec<Mention>> = BTreeMap::new();
        for source in sources {
            let Some(face) = Face::of(&source.path) else {
                continue;
            };
            let (mentions, wrong) = mention::in_file(source, mention::SEED);
            problems.extend(wrong);
            for mention in mentions {
                if !known.contains(mention.row.as_str()) {
                    let Mention { row, file, name } = &mention;
                    problems.push(format!("{file}: {name} names {row}, which is no row"));
                    continue;
                }
                let tests = shown.entry((mention.row.clone(), face)).or_default();
                if !tests.contains(&mention) {
                    tests.push(mention);
                }
            }
        }
        Ok(Self {
            rows,
            shown,
            problems,
        })
    }

    fn table(&self) -> String {
        let mut table = String::from(
            "| row | operation | what the seed says | server | SDK | CLI |\n\
             | --- | --- | --- | --- | --- | --- |\n",
        );
        for row in &self.rows {
            let cells = Face::ALL.map(|face| self.cell(row, face));
            let Row {
                id,
                operation,
                says,
                ..
            } = row;
            // Writing to a String cannot fail.
            let _ = writeln!(
                table,
                "| {id} | {operation} | {says} | {} |",
                cells.join(" | ")
            );
        }
        table
    }

    fn cell(&self, row: &Row, face: Face) -> String {
        let tests = self
            .shown
            .get(&(row.id.clone(), face))
            .map_or(&[][..], Vec::as_slice);
        let mut words: Vec<String> = tests.iter().take(NAMED_MAX).map(Mention::link).collect();
        if let Some(more) = tests.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
            words.push(format!("and {more} more"));
        }
        words.extend(row.excused.get(&face).cloned());
        if words.is_empty() {
            "none yet".to_owned()
        } else {
            words.join(", ")
        }
    }
}

fn parse_rows(text: &str) -> (Vec<Row>, Vec<String>) {
    let mut rows: Vec<Row> = Vec::new();
    let mut problems = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let mut fields = line.split('\t');
        let mut field = || fields.next().unwrap_or_default().trim().to_owned();
        let (id, operation, says) = (field(), field(), field());
        let mut excused = BTreeMap::new();
        for excuse in fields.filter(|field| !field.trim().is_empty()) {
            match parse_excuse(excuse) {
                Ok((face, why)) => drop(excused.insert(face, why)),
                Err(why) => problems.push(format!("{ROWS}: {id}: {why}")),
            }
        }
        let expected = format!("S{:02}", rows.len() + 1);
        if id != expected {
            problems.push(format!("{ROWS}: `{id}` where {expected} should stand"));
        }
        if operation.is_empty() || says.is_empty() {
            problems.push(format!("{ROWS}: {id} says nothing"));
        }
        rows.push(Row {
            id,
            operation,
            says,
            excused,
        });
    }
    if rows.len() != usize::from(ROW_COUNT) {
        problems.push(format!(
            "{ROWS}: {} rows, and the seed has {ROW_COUNT}",
            rows.len()
        ));
    }
    (rows, problems)
}

fn parse_excuse(field: &str) -> std::result::Result<(Face, String), String> {
    let wrong = || format!("`{field}` is not like `cli=not applicable: why`");
    let (face, why) = field.split_once('=').ok_or_else(wrong)?;
    let face = Face::ALL
        .into_iter()
        .find(|known| known.name() == face.trim())
        .ok_or_else(wrong)?;
    let (kind, reason) = why.split_once(": ").ok_or_else(wrong)?;
    match kind.trim() {
        "not applicable" => {}
        "later" if MAY_WAIT_FOR.iter().any(|what| reason.contains(what)) => {}
        "later" => return Err(format!("only {} may wait", MAY_WAIT_FOR.join(", "))),
        _ => return Err(wrong()),
    }
    Ok((face, why.trim().to_owned()))
}

fn text_of<'a>(sources: &'a [Source], path: &str) -> Result<&'a str> {
    let found = sources.iter().find(|source| source.path == path);
    Ok(found
        .map(|source| source.text.as_str())
        .ok_or_else(|| format!("{path} is missing"))?)
}

/// The page with the text between its two marks replaced by the table.
fn with_table(page: &str, table: &str) -> Result<String> {
    let no_mark = || format!("{PAGE}: no line `{BEGIN}` with a line `{END}` after it");
    let (head, rest) = page.split_once(BEGIN).ok_or_else(no_mark)?;
    let (_, tail) = rest.split_once(END).ok_or_else(no_mark)?;
    Ok(format!("{head}{BEGIN}\n\n{table}\n{END}{tail}"))
}

#[cfg(test)]
mod tests;
