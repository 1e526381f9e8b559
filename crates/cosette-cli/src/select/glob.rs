//! Globs over names of keys, where `/` is a character like any other: `*` is any text, `?` one
//! character, `[a-z]` one of a set, `{a,b}` either; a backslash takes the meaning of the next away.

use globset::{GlobBuilder, GlobMatcher};

use crate::failure::{Failure, Result};

/// A compiled glob.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    matcher: GlobMatcher,
    /// It has no `/`, so it may also be about the last name alone.
    of_last_name: bool,
}

impl Glob {
    pub(crate) fn new(text: &str) -> Result<Self> {
        let glob = GlobBuilder::new(text)
            .literal_separator(false)
            .backslash_escape(true)
            .build()
            .map_err(|why| Failure::usage(format!("pattern `{text}`: {}", why.kind())))?;
        Ok(Self {
            matcher: glob.compile_matcher(),
            of_last_name: !text.contains('/'),
        })
    }

    /// Whether it matches a whole key.
    pub(crate) fn matches(&self, key: &str) -> bool {
        self.matcher.is_match(key)
    }

    /// Whether it matches a name, or, having no `/`, the last part of it.
    pub(crate) fn matches_name(&self, name: &str) -> bool {
        self.matches(name)
            || (self.of_last_name
                && name
                    .rsplit('/')
                    .next()
                    .is_some_and(|last| self.matches(last)))
    }
}

/// The text before the first character with a meaning: what every match begins with.
pub(crate) fn beginning(text: &str) -> &str {
    let end = text.find(['*', '?', '[', '{', '\\']);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_is_a_character_like_any_other() {
        let matches = |pattern: &str, name: &str| Glob::new(pattern).unwrap().matches_name(name);
        for (pattern, name, wanted) in [
            ("*.jpg", "a/b/c.jpg", true),
            ("logs/2024-??/*", "logs/2024-05/a/b", true),
            ("logs/2024-??/*", "old/logs/2024-05/a", false),
            ("tmp", "a/tmp", true),
            ("a/tmp", "b/a/tmp", false),
            ("[a-c]x", "bx", true),
            ("{a,b}*", "bee", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
        ] {
            assert_eq!(matches(pattern, name), wanted, "{pattern} {name}");
        }
        assert!(Glob::new("[").is_err());
    }

    #[test]
    fn every_match_begins_with_the_beginning() {
        assert_eq!(beginning("logs/2024-*/x"), "logs/2024-");
        assert_eq!(beginning("plain"), "plain");
        assert_eq!(beginning("*"), "");
    }
}
