//! The security rules of `SECURITY.md`, and the tests that show them: a test names its rules in a
//! comment above it, `// security: S1, S2`, and the page names the test in the rule's row.

use std::collections::BTreeSet;

use crate::source::Source;

const PAGE: &str = "SECURITY.md";
const RULES: u8 = 16;
// Spelled in two halves, so that it does not find itself.
const MARK: &str = concat!("// secu", "rity:");

/// Rules without a test, comments above no test, and tests that the page does not name.
pub(crate) fn problems(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut shown = BTreeSet::new();
    let page = sources.iter().find(|source| source.path == PAGE);
    let page = page.map_or("", |source| source.text.as_str());
    for source in sources.iter().filter(|source| source.path.ends_with(".rs")) {
        let lines: Vec<&str> = source.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(list) = line.trim_start().strip_prefix(MARK) else {
                continue;
            };
            let at = format!("{}:{}", source.path, index + 1);
            let Some(test) = test_below(lines.get(index + 1..).unwrap_or_default()) else {
                problems.push(format!("{at}: this comment stands above no test"));
                continue;
            };
            for rule in list.split(',').map(str::trim) {
                if !is_rule(rule) {
                    problems.push(format!("{at}: `{rule}` is no rule from S1 to S{RULES}"));
                } else if !names(page, rule, test) {
                    problems.push(format!("{PAGE}: the row of {rule} does not name `{test}`"));
                }
                shown.insert(rule.to_owned());
            }
        }
    }
    for rule in (1..=RULES).map(|number| format!("S{number}")) {
        if !shown.contains(&rule) {
            problems.push(format!("no test names the security rule {rule}"));
        }
    }
    problems
}

fn is_rule(text: &str) -> bool {
    (1..=RULES).any(|number| text == format!("S{number}"))
}

/// The name of the test that a comment stands above.
fn test_below<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let mut is_test = false;
    for line in lines.iter().map(|line| line.trim_start()) {
        if line.starts_with("#[") {
            is_test |= line.contains("test");
        } else if !line.starts_with("//") {
            let name = line.trim_start_matches("async ").strip_prefix("fn ")?;
            return is_test.then(|| name.split('(').next()).flatten();
        }
    }
    None
}

/// Whether the page has a row of the rule with the test's name in it.
fn names(page: &str, rule: &str, test: &str) -> bool {
    let begins = format!("| {rule} |");
    let mut rows = page.lines().filter(|line| line.starts_with(&begins));
    rows.any(|row| row.contains(&format!("`{test}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: String) -> Source {
        Source {
            path: path.to_owned(),
            text,
        }
    }

    #[test]
    fn every_rule_has_a_test_and_every_test_its_row() {
        let all: Vec<String> = (1..=RULES).map(|number| format!("S{number}")).collect();
        let rows = all
            .iter()
            .map(|rule| format!("| {rule} | so | `holds` |\n"));
        let page: String = rows.collect();
        let test = |rules: &str, below: &str| source("a.rs", format!("{MARK} {rules}\n{below}"));
        let good = "#[tokio::test]\nasync fn holds() {\n";
        let told = |test| problems(&[source(PAGE, page.clone()), test]).len();
        assert_eq!(told(test(&all.join(", "), good)), 0);
        assert_eq!(told(test(&all[1..].join(", "), good)), 1);
        assert_eq!(told(test(&all.join(", "), "#[test]\nfn other() {\n")), 16);
        assert_eq!(told(test(&all.join(", "), "fn helper() {\n")), 17);
        assert_eq!(told(test(&format!("{}, S17", all.join(", ")), good)), 1);
    }
}
