//! Which objects under a name are meant, and what they are called at the target.

use clap::Args;

use super::values;
use crate::select::Moment;

const SELECT: &str = "Which objects (with -r)";

/// What is taken and what is left out.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = SELECT)]
pub(crate) struct SelectArgs {
    /// Only names that match a glob: * is any text (with /), ? one character, [a-z], {a,b}. It is about the
    /// name below SOURCE; a pattern without / may also match the last part of it. May be given several times
    #[arg(long, value_name = "GLOB", help_heading = SELECT)]
    pub(crate) include: Vec<String>,
    /// No names that match a glob, whatever includes them
    #[arg(long, value_name = "GLOB", help_heading = SELECT)]
    pub(crate) exclude: Vec<String>,
    /// Only names in which a regular expression is found
    #[arg(long, value_name = "REGEX", help_heading = SELECT)]
    pub(crate) include_regex: Vec<String>,
    /// No names in which a regular expression is found
    #[arg(long, value_name = "REGEX", help_heading = SELECT)]
    pub(crate) exclude_regex: Vec<String>,
    /// At least so many bytes (units KiB, MiB, GiB)
    #[arg(long, value_name = "SIZE", value_parser = values::size, help_heading = SELECT)]
    pub(crate) min_size: Option<u64>,
    /// At most so many bytes
    #[arg(long, value_name = "SIZE", value_parser = values::size, help_heading = SELECT)]
    pub(crate) max_size: Option<u64>,
    /// Modified since: an age (12h, 7d, 4w) or a time (2024-05-01T00:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, help_heading = SELECT)]
    pub(crate) newer_than: Option<Moment>,
    /// Modified before: an age or a time
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, help_heading = SELECT)]
    pub(crate) older_than: Option<Moment>,
}

impl SelectArgs {
    /// Whether any of it was given.
    pub(crate) fn is_given(&self) -> bool {
        self.flag().is_some()
    }

    /// One of the flags that were given.
    pub(crate) fn flag(&self) -> Option<&'static str> {
        let flags = [
            ("--include", !self.include.is_empty()),
            ("--exclude", !self.exclude.is_empty()),
            ("--include-regex", !self.include_regex.is_empty()),
            ("--exclude-regex", !self.exclude_regex.is_empty()),
            ("--min-size", self.min_size.is_some()),
            ("--max-size", self.max_size.is_some()),
            ("--newer-than", self.newer_than.is_some()),
            ("--older-than", self.older_than.is_some()),
        ];
        flags
            .into_iter()
            .find_map(|(flag, given)| given.then_some(flag))
    }
}
