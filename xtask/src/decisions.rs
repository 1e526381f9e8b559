//! The decision pages: their shape, and the list of them.

use std::fmt::Write as _;

use crate::source::Source;

const FOLDER: &str = "docs/decisions/";

/// The list of the pages, made by `cargo xtask bless`.
pub(crate) const INDEX: &str = "docs/decisions/README.md";

/// The headings of a page, in their order.
const PARTS: [&str; 4] = ["## Context", "## Decision", "## Refused", "## Look again"];

const INTRODUCTION: &str = "\
# Decisions

One page for each choice that somebody will want to reopen: what we faced (Context), what we chose
(Decision), what we refused and why (Refused), and what would make us think again (Look again).
A decision is changed by a new page that names the old one, not by editing history.
`cargo xtask bless` makes this list.

";

/// Pages without their four parts, and a list that is not what it would be if made now.
///
/// A decision that does not say what was refused, and when to look again, is only a habit.
pub(crate) fn problems(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for page in pages(sources) {
        let headings = page.text.lines().map(str::trim_end);
        let found: Vec<&str> = headings.filter(|line| PARTS.contains(line)).collect();
        if found != PARTS {
            problems.push(format!(
                "{}: its parts must be {}",
                page.path,
                PARTS.join(", ")
            ));
        }
    }
    let list = sources
        .iter()
        .find(|source| source.path == INDEX)
        .map(|source| source.text.as_str());
    if list != Some(index(sources).as_str()) {
        problems.push(format!("{INDEX}: out of date; run `cargo xtask bless`"));
    }
    problems
}

/// The list as it should be.
pub(crate) fn index(sources: &[Source]) -> String {
    let mut index = INTRODUCTION.to_owned();
    for page in pages(sources) {
        let file = page.path.trim_start_matches(FOLDER);
        let title = page
            .text
            .lines()
            .find_map(|line| line.strip_prefix("# "))
            .unwrap_or(file);
        // Writing to a String cannot fail.
        let _ = writeln!(index, "- [{title}]({file})");
    }
    index
}

fn pages(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources
        .iter()
        .filter(|source| source.path.starts_with(FOLDER) && source.path != INDEX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_page_has_its_four_parts_in_order_and_is_listed() {
        let whole = format!("# 1. Why\n\n{}\n", PARTS.join("\n\nwords\n\n"));
        let mut sources = vec![file("docs/decisions/0001-why.md", &whole)];
        assert_eq!(problems(&sources).len(), 1);
        sources.push(file(INDEX, &index(&sources)));
        assert_eq!(problems(&sources), Vec::<String>::new());
        assert!(
            sources[1].text.contains("[1. Why](0001-why.md)"),
            "{}",
            sources[1].text
        );

        sources[0].text = whole.replace(PARTS[2], "");
        assert_eq!(problems(&sources).len(), 1);
        sources[0].text = whole.replace(PARTS[0], PARTS[1]);
        assert!(!problems(&sources).is_empty());
    }
}
