//! Finding comments like `seed: S07` and the test that each stands above.

use crate::source::Source;

/// One test that shows one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) row: String,
    pub(crate) file: String,
    pub(crate) name: String,
}

/// A kind of comment: the word that it begins with, and how its list is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) word: &'static str,
    pub(crate) parse: fn(&str) -> Result<Vec<String>, String>,
}

/// Rows of the seed.
pub(super) const SEED: Kind = Kind {
    word: "seed:",
    parse: |list| rows_of(list, 'S'),
};

impl Mention {
    /// The test's name as a link from a page under `docs/`.
    pub(crate) fn link(&self) -> String {
        let name = self.name.replace('|', "\\|").replace(['[', ']', '`'], "");
        format!("[{name}](../{})", self.file)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Rust,
    Script,
    Python,
}

impl Language {
    fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "rs" => Some(Self::Rust),
            "js" | "mjs" | "cjs" => Some(Self::Script),
            "py" => Some(Self::Python),
            _ => None,
        }
    }
}

/// Every mention in a file, and what is wrong with its comments.
pub(crate) fn in_file(source: &Source, kind: Kind) -> (Vec<Mention>, Vec<String>) {
    let (mut mentions, mut problems) = (Vec::new(), Vec::new());
    let Some(language) = Language::of(&source.path) else {
        return (mentions, problems);
    };
    let lines: Vec<&str> = source.text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let Some(list) = list_in(line, language, kind.word) else {
            continue;
        };
        let at = format!("{}:{}", source.path, index + 1);
        let rows = match (kind.parse)(list) {
            Ok(rows) => rows,
            Err(why) => {
                problems.push(format!("{at}: {why}"));
                continue;
            }
        };
        match name_for(&lines, index, language) {
            Some(name) if language == Language::Rust && never_run(&lines, index, &name) => {
                problems.push(format!("{at}: `{name}` is no test, and nothing calls it"));
            }
            Some(name) => mentions.extend(rows.into_iter().map(|row| Mention {
                row,
                file: source.path.clone(),
                name: name.clone(),
            })),
            None => problems.push(format!("{at}: this `{}` stands above no test", kind.word)),
        }
    }
    (mentions, problems)
}

/// What follows the word if the line is such a comment, also inside a doc example.
fn list_in<'a>(line: &'a str, language: Language, word: &str) -> Option<&'a str> {
    let line = line.trim_start();
    let line = match language {
        Language::Python => line.strip_prefix('#')?,
        Language::Script => line.strip_prefix("//")?,
        Language::Rust => {
            let line = line
                .strip_prefix("///")
                .or_else(|| line.strip_prefix("//!"))
                .unwrap_or(line);
            let line = line.trim_start();
            let line = line.strip_prefix("# ").unwrap_or(line);
            line.strip_prefix("//")?
        }
    };
    line.trim_start().strip_prefix(word)
}

/// `S30, S93, S10-S12` as single ids.
pub(crate) fn rows_of(list: &str, letter: char) -> Result<Vec<String>, String> {
    let wrong = |item: &str| format!("`{item}` is no row like {letter}07 or {letter}10-{letter}12");
    let number = |text: &str| {
        text.trim()
            .strip_prefix(letter)
            .and_then(|n| n.parse::<u16>().ok())
    };
    let mut rows = Vec::new();
    let items = list
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    for item in items {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (Some(first), Some(last)) = (number(first), number(last)) else {
            return Err(wrong(item));
        };
        if first > last {
            return Err(wrong(item));
        }
        rows.extend((first..=last).map(|row| format!("{letter}{row:02}")));
    }
    if rows.is_empty() {
        Err("no row is named".to_owned())
    } else {
        Ok(rows)
    }
}

/// The name of what the comment at `index` stands above, or else stands in.
fn name_for(lines: &[&str], index: usize, language: Language) -> Option<String> {
    let line = lines.get(index)?.trim_start();
    if line.starts_with("//!") {
        return Some("module example".to_owned());
    }
    let in_docs = line.starts_with("///");
    let below = lines.get(index + 1..)?;
    let mut code = below
        .iter()
        .map(|line| line.trim())
        .filter(|line| !is_passed_over(line, language));
    let next = code.next();
    let second = code.next().unwrap_or_default();
    let own = next.and_then(|line| match language {
        Language::Rust if in_docs => item_name(line).map(|name| format!("{name} (example)")),
        Language::Rust => function_name(line).or_else(|| literal_case(line, second)),
        Language::Python => word_after(line, "def "),
        Language::Script => script_name(line, second),
    });
    own.or_else(|| {
        lines
            .get(..index)?
            .iter()
            .rev()
            .find_map(|line| enclosing(line, language))
    })
}

/// Lines that may stand between the comment and its test.
fn is_passed_over(line: &str, language: Language) -> bool {
    line.is_empty()
        || match language {
            Language::Rust => line.starts_with("//") || line.starts_with("#["),
            Language::Python => line.starts_with('#') || line.starts_with('@'),
            Language::Script => line.starts_with("//") || line.starts_with('*'),
        }
}

fn enclosing(line: &str, language: Language) -> Option<String> {
    match language {
        Language::Rust => function_name(line),
        Language::Python => word_after(line, "def "),
        Language::Script => test_call(line).and_then(literal),
    }
}

fn function_name(line: &str) -> Option<String> {
    let code = line.split("//").next()?;
    let is_definition = code.trim_start().starts_with("fn ") || code.contains(" fn ");
    is_definition.then(|| word_after(code, "fn ")).flatten()
}

/// The item under a doc comment. In a macro's list, `Request(call_name) => …`, it is the call.
fn item_name(line: &str) -> Option<String> {
    let kinds = [
        "fn ", "struct ", "enum ", "trait ", "mod ", "type ", "const ",
    ];
    let kind = kinds.into_iter().find_map(|kind| word_after(line, kind));
    kind.or_else(|| word_after(line, "("))
        .or_else(|| word_after(line, ""))
}

/// A row of a table of cases, `("name", …)` or `case("name", …)`, is named by its first text.
fn literal_case(line: &str, second: &str) -> Option<String> {
    let opens = line.starts_with('(') || line.starts_with("Case") || line.starts_with("case");
    opens
        .then(|| literal(line).or_else(|| literal(second)))
        .flatten()
}

fn script_name(line: &str, second: &str) -> Option<String> {
    if let Some(call) = test_call(line) {
        return literal(call).or_else(|| literal(second));
    }
    let named = line
        .split_once("name:")
        .or_else(|| line.split_once("title:"))
        .map(|(_, rest)| rest);
    named
        .and_then(literal)
        .or_else(|| word_after(line, "function "))
        .or_else(|| {
            line.starts_with(['[', '{', '\'', '"', '`'])
                .then(|| literal(line))
                .flatten()
        })
}

/// The part of a line from the call of a test function on.
fn test_call(line: &str) -> Option<&str> {
    let calls = ["test(", "it(", "t.test(", "describe(", "sample(", "check("];
    let line = line.trim_start();
    let line = line.strip_prefix("await ").unwrap_or(line);
    calls
        .into_iter()
        .find(|call| line.starts_with(call))
        .map(|_| line)
}

fn word_after(line: &str, mark: &str) -> Option<String> {
    let (_, rest) = line.split_once(mark)?;
    let word: String = rest
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!word.is_empty()).then_some(word)
}

/// The first string literal of a line, of any of the three quotes.
fn literal(line: &str) -> Option<String> {
    let (start, quote) = line
        .char_indices()
        .find(|(_, c)| matches!(c, '"' | '\'' | '`'))?;
    let mut text = String::new();
    let mut escaped = false;
    for c in line.get(start + quote.len_utf8()..)?.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => {
                escaped = true;
                continue;
            }
            c if c == quote => return (!text.is_empty()).then_some(text),
            _ => {}
        }
        text.push(c);
    }
    None
}

/// Whether a function has no test attribute and is named nowhere else in its file.
fn never_run(lines: &[&str], index: usize, name: &str) -> bool {
    if name.contains(' ')
        || !lines
            .iter()
            .any(|line| function_name(line).as_deref() == Some(name))
    {
        return false;
    }
    let attribute = |line: &&&str| {
        let line = line.trim();
        line.starts_with("#[") && line.contains("test")
    };
    let beside = |line: &&&str| is_passed_over(line.trim(), Language::Rust);
    let above = lines
        .get(..index)
        .into_iter()
        .flatten()
        .rev()
        .take_while(beside)
        .any(|l| attribute(&l));
    let below = lines
        .get(index..)
        .into_iter()
        .flatten()
        .take_while(beside)
        .any(|l| attribute(&l));
    let inside = lines.iter().enumerate().any(|(at, line)| {
        function_name(line).as_deref() == Some(name)
            && lines
                .get(..at)
                .into_iter()
                .flatten()
                .rev()
                .take_while(beside)
                .any(|l| attribute(&l))
    });
    let calls = lines.iter().filter(|line| line.contains(name)).count();
    !above && !below && !inside && calls < 2
}
