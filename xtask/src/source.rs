//! The text files of the project, and Rust text with its comments and tests taken out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::exec::Result;

/// What tools make, never what we wrote. In a second worktree `.git` is a file.
const MADE: [&str; 5] = ["target", ".git", "node_modules", "__pycache__", ".venv"];

/// One text file of the project; `path` is relative to its root and written with `/`.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the whole file is made of tests, by where it lies.
    pub(crate) fn is_test(&self) -> bool {
        let mut names = self.path.split('/');
        names.any(|name| {
            matches!(
                name,
                "tests" | "tests.rs" | "benches" | "fuzz" | "conformance"
            )
        })
    }
}

/// Every text file under `root`, in the order of their paths.
pub(crate) fn read_all(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if MADE.iter().any(|made| entry.file_name() == *made) {
                continue;
            }
            if kind.is_dir() {
                open.push(entry.path());
                continue;
            }
            if !kind.is_file() {
                continue;
            }
            // What is not UTF-8 is no text of ours.
            let Ok(text) = String::from_utf8(fs::read(entry.path())?) else {
                continue;
            };
            let path = entry.path();
            let path = path
                .strip_prefix(root)?
                .to_string_lossy()
                .replace('\\', "/");
            sources.push(Source { path, text });
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Code,
    LineComment,
    BlockComment(usize),
    Text,
    RawText(usize),
}

/// The files that are modules under `#[cfg(test)]` of another file.
pub(crate) fn test_modules(sources: &[Source]) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
        let folder = match file {
            "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
            _ => format!("{folder}/{}", file.trim_end_matches(".rs")),
        };
        let after = source.text.split("#[cfg(test)]\nmod ").skip(1);
        for name in after.filter_map(|rest| rest.lines().next()?.strip_suffix(';')) {
            modules.insert(format!("{folder}/{name}.rs"));
        }
    }
    modules
}

/// Blanks comments and test modules, keeping every line break so that line numbers stay true.
pub(crate) fn strip(text: &str) -> String {
    let (mut code, bare) = without_comments(text);
    for (start, end) in test_items(&bare) {
        for c in code
            .iter_mut()
            .take(end)
            .skip(start)
            .filter(|c| **c != '\n')
        {
            *c = ' ';
        }
    }
    code.into_iter().collect()
}

/// The text without comments, and once more without the insides of string literals.
fn without_comments(text: &str) -> (Vec<char>, Vec<char>) {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let (mut code, mut bare) = (
        Vec::with_capacity(chars.len()),
        Vec::with_capacity(chars.len()),
    );
    let mut state = State::Code;
    let mut index = 0;
    while index < chars.len() {
        let (c, next) = (at(index), at(index + 1));
        let (width, new_state) = match state {
            State::Code => from_code(&chars, index),
            State::LineComment if c == '\n' => (1, State::Code),
            State::BlockComment(depth) if c == '*' && next == '/' => match depth {
                1 => (2, State::Code),
                _ => (2, State::BlockComment(depth - 1)),
            },
            State::BlockComment(depth) if c == '/' && next == '*' => {
                (2, State::BlockComment(depth + 1))
            }
            State::Text if c == '\\' => (2, State::Text),
            State::Text if c == '"' => (1, State::Code),
            State::RawText(hashes)
                if c == '"' && (1..=hashes).all(|more| at(index + more) == '#') =>
            {
                (1 + hashes, State::Code)
            }
            _ => (1, state),
        };
        let comment = |state| matches!(state, State::LineComment | State::BlockComment(_));
        let literal = |state| matches!(state, State::Text | State::RawText(_));
        for offset in 0..width.min(chars.len() - index) {
            let c = at(index + offset);
            let hidden = c != '\n' && (comment(state) || comment(new_state));
            code.push(if hidden { ' ' } else { c });
            let hidden = hidden || (c != '\n' && (literal(state) || literal(new_state)));
            bare.push(if hidden { ' ' } else { c });
        }
        state = new_state;
        index += width;
    }
    (code, bare)
}

/// What begins at a character of plain code: how many characters it takes, and the state after them.
fn from_code(chars: &[char], index: usize) -> (usize, State) {
    let at = |offset: usize| chars.get(index + offset).copied().unwrap_or('\0');
    let before = index
        .checked_sub(1)
        .and_then(|index| chars.get(index))
        .copied()
        .unwrap_or(' ');
    match (at(0), at(1)) {
        ('/', '/') => (2, State::LineComment),
        ('/', '*') => (2, State::BlockComment(1)),
        ('"', _) => (1, State::Text),
        ('r', '"' | '#') if !before.is_alphanumeric() || before == 'b' => {
            let hashes = (1..).take_while(|offset| at(*offset) == '#').count();
            match at(1 + hashes) {
                '"' => (2 + hashes, State::RawText(hashes)),
                _ => (1, State::Code),
            }
        }
        // A character literal may hold a quote; a lifetime has no closing tick.
        ('\'', '\\') => {
            let length = (2..12).find(|offset| *offset > 2 && at(*offset) == '\'');
            (length.map_or(1, |offset| offset + 1), State::Code)
        }
        ('\'', _) if at(2) == '\'' => (3, State::Code),
        _ => (1, State::Code),
    }
}

/// Where items under `#[cfg(test)]` begin and end.
fn test_items(bare: &[char]) -> Vec<(usize, usize)> {
    let mark: Vec<char> = "#[cfg(test)]".chars().collect();
    let mut items = Vec::new();
    let mut index = 0;
    while let Some(rest) = bare.get(index..).filter(|rest| !rest.is_empty()) {
        if !rest.starts_with(&mark) {
            index += 1;
            continue;
        }
        let mut depth = 0_usize;
        let mut length = rest.len();
        for (offset, c) in rest.iter().enumerate().skip(mark.len()) {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && matches!(c, '}' | ';') {
                length = offset + 1;
                break;
            }
        }
        items.push((index, index + length));
        index += length;
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        let stripped = strip(text);
        assert_eq!(stripped.lines().count(), text.lines().count());
        stripped
    }

    #[test]
    fn comments_go_and_strings_stay() {
        let text =
            "let a = \"// x-y\"; // x-z\n/* x-1 /* x-2 */ x-3 */ let b = r#\"x-4 \" /* \"#;\n";
        let code = code(text);
        assert!(
            code.contains("// x-y") && code.contains("x-4 \" /* "),
            "{code}"
        );
        for gone in ["x-z", "x-1", "x-2", "x-3"] {
            assert!(!code.contains(gone), "{code}");
        }
    }

    #[test]
    fn character_literals_and_lifetimes_open_no_string() {
        let text =
            "fn f<'a>(x: &'a str) { let q = '\"'; let e = '\\''; } // gone\nlet s = \"kept\";";
        let code = code(text);
        assert!(!code.contains("gone") && code.contains("kept"), "{code}");
    }

    #[test]
    fn test_modules_go_with_everything_in_them() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { \"}\"; }\n}\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}";
        let code = code(text);
        assert!(
            !code.contains("fn b") && !code.contains("mod more"),
            "{code}"
        );
        assert!(
            code.contains("fn a") && code.contains("fn c") && code.contains("fn d"),
            "{code}"
        );
    }
}
