//! A rule that rewrites names on their way to the target: `PATTERN=>REPLACEMENT`.

use std::borrow::Cow;

use regex::Regex;

use crate::failure::{Failure, Result};

/// A regular expression and what stands for its first match; `$1` or `${name}` is what a group caught.
#[derive(Debug, Clone)]
pub(crate) struct Rename {
    pattern: Regex,
    replacement: String,
}

impl Rename {
    pub(crate) fn new(text: &str) -> Result<Self> {
        let (pattern, replacement) = text.split_once("=>").ok_or_else(|| {
            Failure::usage(format!(
                "`{text}` is no rule; write PATTERN=>REPLACEMENT, as in '^(\\d+)/=>year-$1/'"
            ))
        })?;
        Ok(Self {
            pattern: super::regex(pattern)?,
            replacement: replacement.to_owned(),
        })
    }

    /// The name as the rule writes it; a name without a match stays.
    pub(crate) fn apply<'n>(&self, name: &'n str) -> Cow<'n, str> {
        self.pattern.replace(name, self.replacement.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_match_is_replaced_and_groups_are_named_by_number() {
        let renamed = |rule: &str, name: &str| Rename::new(rule).unwrap().apply(name).into_owned();
        assert_eq!(
            renamed(r"^(\d{4})/(.*)$=>$2/$1", "2024/a.jpg"),
            "a.jpg/2024"
        );
        assert_eq!(renamed("a=>b", "aa"), "ba");
        assert_eq!(renamed("x=>y", "none"), "none");
        assert_eq!(renamed("^tmp/=>", "tmp/a"), "a");
        assert!(Rename::new("nothing").is_err() && Rename::new("(=>x").is_err());
    }
}
