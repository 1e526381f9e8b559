//! What shows that the tests are worth something: `docs/testing.md` says which test guards against
//! which incident of another store, and which test catches which planted bug.
//!
//! A test names the incidents it stands for in a comment above it, `// incident: R07, R16`, and the
//! planted bugs that it catches, `// catches: FreeUnderLease`. The incidents stand in
//! `docs/incidents.tsv`, the bugs in the store's `planted.rs`; both tables are made from these.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::exec::Result;
use crate::rows::mention::{self, Kind, Mention};
use crate::source::{self, Source};

const INCIDENTS: &str = "docs/incidents.tsv";
const BUGS: &str = "crates/cosette-store/src/planted.rs";
const PAGE: &str = "docs/testing.md";
/// Incidents R01 to R82 were gathered; their list only grows.
const INCIDENTS_MIN: usize = 82;
/// How many bugs must be planted at least, and how many incidents they stand for.
const BUGS_MIN: usize = 56;
/// How many tests a cell names before it only counts them.
const NAMED_MAX: usize = 3;

const INCIDENT: Kind = Kind {
    word: "incident:",
    parse: |list| mention::rows_of(list, 'R'),
};

const CATCHES: Kind = Kind {
    word: "catches:",
    parse: |list| {
        let names = list.split(',').map(str::trim);
        let names: Vec<String> = names.filter(|n| !n.is_empty()).map(str::to_owned).collect();
        if names.is_empty() {
            return Err("no bug is named".to_owned());
        }
        Ok(names)
    },
};

/// A table of the page: between which marks it stands.
struct Table {
    begin: &'static str,
    end: &'static str,
}

const INCIDENT_TABLE: Table = Table {
    begin: "<!-- incidents: made by `cargo xtask bless` from docs/incidents.tsv and the tests -->",
    end: "<!-- end of the incidents -->",
};

const BUG_TABLE: Table = Table {
    begin: "<!-- planted bugs: made by `cargo xtask bless` from the store's planted.rs and the tests -->",
    end: "<!-- end of the planted bugs -->",
};

/// A bug that can be planted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bug {
    pub(crate) name: String,
    does: String,
    incidents: Vec<String>,
    /// The tests that claim to catch it.
    pub(crate) caught_by: Vec<Mention>,
}

/// What went wrong elsewhere.
#[derive(Debug, PartialEq, Eq)]
struct Incident {
    id: String,
    went_wrong: String,
    seen: String,
    /// Why it needs no test here.
    excuse: Option<String>,
    guarded_by: Vec<Mention>,
}

/// Both lists with every test that names something of them.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) bugs: Vec<Bug>,
    incidents: Vec<Incident>,
    problems: Vec<String>,
}

/// Incidents without a test, bugs that nothing catches, and tables that are out of date.
pub(crate) fn problems(sources: &[Source]) -> Result<Vec<String>> {
    let book = Book::read(sources)?;
    let mut problems = book.problems.clone();
    for bug in book.bugs.iter().filter(|bug| bug.caught_by.is_empty()) {
        problems.push(format!("{BUGS}: no test says `catches: {}`", bug.name));
    }
    for incident in &book.incidents {
        match (&incident.excuse, incident.guarded_by.is_empty()) {
            (None, true) => problems.push(format!(
                "{INCIDENTS}: no test says `incident: {}`, nor does its row say why none is needed",
                incident.id
            )),
            (Some(_), false) => problems.push(format!(
                "{INCIDENTS}: {} is excused, and has a test",
                incident.id
            )),
            _ => {}
        }
    }
    if book.bugs.len() < BUGS_MIN || book.incidents.len() < INCIDENTS_MIN {
        problems.push(format!(
            "{} planted bugs and {} incidents, and there were {BUGS_MIN} and {INCIDENTS_MIN}",
            book.bugs.len(),
            book.incidents.len()
        ));
    }
    let page = text_of(sources, PAGE)?;
    if page != book.page(page)? {
        problems.push(format!(
            "{PAGE}: its tables are out of date; run `cargo xtask bless`"
        ));
    }
    Ok(problems)
}

/// Writes the tables anew.
pub(crate) fn bless(root: &Path) -> Result<()> {
    let sources = source::read_all(root)?;
    let page = text_of(&sources, PAGE)?;
    fs::write(root.join(PAGE), Book::read(&sources)?.page(page)?)?;
    Ok(())
}

impl Book {
    pub(crate) fn read(sources: &[Source]) -> Result<Self> {
        let mut problems = Vec::new();
        let mut named = |kind: Kind| {
            let mut by_row: BTreeMap<String, Vec<Mention>> = BTreeMap::new();
            for source in sources
                .iter()
                .filter(|source| !source.path.starts_with("xtask/"))
            {
                let (mentions, wrong) = mention::in_file(source, kind);
                problems.extend(wrong);
                for mention in mentions {
                    let tests = by_row.entry(mention.row.clone()).or_default();
                    if !tests.contains(&mention) {
                        tests.push(mention);
                    }
                }
            }
            by_row
        };
        let (mut catching, mut guarding) = (named(CATCHES), named(INCIDENT));
        let mut bugs = bugs_in(text_of(sources, BUGS)?);
        for bug in &mut bugs {
            bug.caught_by = catching.remove(&bug.name).unwrap_or_default();
        }
        let (mut incidents, wrong) = incidents_in(text_of(sources, INCIDENTS)?);
        problems.extend(wrong);
        for bug in &bugs {
            for id in &bug.incidents {
                if !incidents.iter().any(|incident| incident.id == *id) {
                    problems.push(format!(
                        "{BUGS}: {} stands for {id}, which is no row",
                        bug.name
                    ));
                }
            }
        }
        for incident in &mut incidents {
            incident.guarded_by = guarding.remove(&incident.id).unwrap_or_default();
        }
        for mention in catching
            .into_values()
            .chain(guarding.into_values())
            .flatten()
        {
            let Mention { row, file, name } = mention;
            problems.push(format!("{file}: {name} names {row}, which is not known"));
        }
        Ok(Self {
            bugs,
            incidents,
            problems,
        })
    }

    /// The page with its tables as they should be.
    fn page(&self, page: &str) -> Result<String> {
        let page = BUG_TABLE.put(page, &self.bug_table())?;
        INCIDENT_TABLE.put(&page, &self.incident_table())
    }

    fn bug_table(&self) -> String {
        let mut table = String::from(
            "| bug | what it does | incidents | caught by |\n| --- | --- | --- | --- |\n",
        );
        for bug in &self.bugs {
            // Writing to a String cannot fail.
            let _ = writeln!(
                table,
                "| `{}` | {} | {} | {} |",
                bug.name,
                bug.does,
                bug.incidents.join(", "),
                links(&bug.caught_by)
            );
        }
        table
    }

    fn incident_table(&self) -> String {
        let mut table = String::from(
            "| row | what went wrong | seen in | test here, or why none |\n| --- | --- | --- | --- |\n",
        );
        for row in &self.incidents {
            let shown = match &row.excuse {
                Some(why) => why.clone(),
                None => links(&row.guarded_by),
            };
            let Incident {
                id,
                went_wrong,
                seen,
                ..
            } = row;
            let _ = writeln!(table, "| {id} | {went_wrong} | {seen} | {shown} |");
        }
        table
    }
}

impl Table {
    fn put(&self, page: &str, table: &str) -> Result<String> {
        let Self { begin, end } = self;
        let no_mark = || format!("{PAGE}: no line `{begin}` with a line `{end}` after it");
        let (head, rest) = page.split_once(begin).ok_or_else(no_mark)?;
        let (_, tail) = rest.split_once(end).ok_or_else(no_mark)?;
        Ok(format!("{head}{begin}\n\n{table}\n{end}{tail}"))
    }
}

fn links(tests: &[Mention]) -> String {
    let mut words: Vec<String> = tests.iter().take(NAMED_MAX).map(Mention::link).collect();
    if let Some(more) = tests.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        words.push(format!("and {more} more"));
    }
    words.join(", ")
}

/// The bugs in the store's list: documented names, `/// What it does. (R01, R02)` above `Name,`.
fn bugs_in(text: &str) -> Vec<Bug> {
    let list = text.split_once("\nbugs! {").map_or("", |(_, list)| list);
    let list = list.split_once("\n}").map_or(list, |(list, _)| list);
    let mut bugs = Vec::new();
    let mut words = String::new();
    for line in list.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix("///") {
            words.push_str(more);
        } else if let Some(name) = line.strip_suffix(',') {
            let said = std::mem::take(&mut words);
            let (does, incidents) = said.rsplit_once('(').unwrap_or((&said, ""));
            let incidents = incidents.trim_end_matches(')').split(',').map(str::trim);
            bugs.push(Bug {
                name: name.to_owned(),
                does: does.trim().to_owned(),
                incidents: incidents
                    .filter(|id| !id.is_empty())
                    .map(str::to_owned)
                    .collect(),
                caught_by: Vec::new(),
            });
        }
    }
    bugs
}

/// Rows of id, what went wrong, where it was seen, and perhaps why no test is needed.
fn incidents_in(text: &str) -> (Vec<Incident>, Vec<String>) {
    let (mut incidents, mut problems) = (Vec::new(), Vec::new());
    let rows = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    for line in rows {
        let mut fields = line.split('\t').map(|field| field.trim().to_owned());
        let mut field = || fields.next().unwrap_or_default();
        let incident = Incident {
            id: field(),
            went_wrong: field(),
            seen: field(),
            excuse: Some(field()).filter(|why| !why.is_empty()),
            guarded_by: Vec::new(),
        };
        let expected = format!("R{:02}", incidents.len() + 1);
        if incident.id != expected || incident.went_wrong.is_empty() {
            problems.push(format!(
                "{INCIDENTS}: `{line}` where {expected} should stand"
            ));
        }
        incidents.push(incident);
    }
    (incidents, problems)
}

fn text_of<'a>(sources: &'a [Source], path: &str) -> Result<&'a str> {
    let found = sources.iter().find(|source| source.path == path);
    Ok(found
        .map(|source| source.text.as_str())
        .ok_or_else(|| format!("{path} is missing"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "x\nbugs! {\n    /// It forgets. (R01, R02)\n    Forgets,\n    /// It lies\n    /// twice.\n    Lies,\n}\n";

    fn book(test: &str, incidents: &str) -> Book {
        let file = |path: &str, text: &str| Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let sources = [
            file(BUGS, LIST),
            file(INCIDENTS, incidents),
            file("crates/cosette-store/tests/a.rs", test),
        ];
        Book::read(&sources).unwrap()
    }

    #[test]
    fn bugs_and_incidents_are_read_with_their_tests() {
        let test = "// catches: Lies, Forgets\n// incident: R01\n#[test]\nfn holds() {}\n";
        let book = book(
            test,
            "# comment\nR01\tlost\ta/b#1\nR02\tlost again\tc\tno such thing here\n",
        );
        assert_eq!(book.problems, Vec::<String>::new());
        let told: Vec<_> = book
            .bugs
            .iter()
            .map(|bug| (&*bug.name, &*bug.does))
            .collect();
        assert_eq!(
            told,
            [("Forgets", "It forgets."), ("Lies", "It lies twice.")]
        );
        assert_eq!(book.bugs[0].incidents, ["R01", "R02"]);
        assert!(book.bugs.iter().all(|bug| bug.caught_by[0].name == "holds"));
        assert!(
            book.incident_table()
                .contains("| [holds](../crates/cosette-store/tests/a.rs) |")
        );
        assert!(book.incident_table().contains("| c | no such thing here |"));
    }

    #[test]
    fn what_is_not_known_is_a_problem() {
        let book = book(
            "// catches: Steals\n// incident: R09\n#[test]\nfn holds() {}\n",
            "R01\tlost\ta/b#1\nR03\tshifted\tc\n",
        );
        let about = |what: &str| book.problems.iter().any(|problem| problem.contains(what));
        for what in ["Steals", "R09", "where R02 should stand", "stands for R02"] {
            assert!(about(what), "{what}: {:?}", book.problems);
        }
    }
}
