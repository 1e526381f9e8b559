//! Which of the objects under a name are meant: globs, patterns, sizes and ages, and how the names
//! that are meant are written at the target.

mod glob;
mod rename;

use cosette_types::Timestamp;
use regex::Regex;

use crate::args::SelectArgs;
use crate::failure::{Failure, Result};

pub(crate) use glob::{Glob, beginning};
pub(crate) use rename::Rename;

/// The facts of an object or file that flags can ask about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    /// Its name below the source.
    pub(crate) name: &'a str,
    pub(crate) size: u64,
    pub(crate) modified: Timestamp,
}

/// What is taken and what is left out. Without any flag everything is taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    size_min: Option<u64>,
    size_max: Option<u64>,
    newer_than: Option<Timestamp>,
    older_than: Option<Timestamp>,
}

#[derive(Debug, Clone)]
enum Pattern {
    Glob(Glob),
    Regex(Regex),
}

impl Pattern {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Glob(glob) => glob.matches_name(name),
            Self::Regex(regex) => regex.is_match(name),
        }
    }
}

impl Selection {
    /// `now` is what ages such as `7d` count from.
    pub(crate) fn new(args: &SelectArgs, now: Timestamp) -> Result<Self> {
        let patterns = |globs: &[String], regexes: &[String]| -> Result<Vec<Pattern>> {
            let globs = globs.iter().map(|text| Glob::new(text).map(Pattern::Glob));
            let regexes = regexes.iter().map(|text| regex(text).map(Pattern::Regex));
            globs.chain(regexes).collect()
        };
        let time = |moment: &Option<Moment>| moment.as_ref().map(|moment| moment.at(now));
        Ok(Self {
            include: patterns(&args.include, &args.include_regex)?,
            exclude: patterns(&args.exclude, &args.exclude_regex)?,
            size_min: args.min_size,
            size_max: args.max_size,
            newer_than: time(&args.newer_than),
            older_than: time(&args.older_than),
        })
    }

    /// Whether an object is meant. What is excluded is out, whatever includes it.
    pub(crate) fn takes(&self, candidate: &Candidate<'_>) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|one| one.matches(candidate.name));
        (self.include.is_empty() || any(&self.include))
            && !any(&self.exclude)
            && self.size_min.is_none_or(|least| candidate.size >= least)
            && self.size_max.is_none_or(|most| candidate.size <= most)
            && self
                .newer_than
                .is_none_or(|time| candidate.modified >= time)
            && self.older_than.is_none_or(|time| candidate.modified < time)
    }
}

/// A time, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    At(Timestamp),
    /// So many seconds before now.
    Ago(u64),
}

impl Moment {
    /// `2024-05-01T00:00:00Z`, an HTTP date, or an age: `90s`, `15m`, `12h`, `7d`, `4w`.
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, String> {
        let bad = || {
            format!(
                "`{text}` is no time; write an age such as 12h, 7d or 4w, or a time such as 2024-05-01T00:00:00Z"
            )
        };
        if let Some(time) = cosette::date::parse(text.trim()) {
            return Ok(Self::At(time));
        }
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| bad())?;
        let seconds: u64 = match unit.trim() {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return Err(bad()),
        };
        number.checked_mul(seconds).map(Self::Ago).ok_or_else(bad)
    }

    fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(seconds) => Timestamp::from_secs(now.secs().saturating_sub(seconds)),
        }
    }
}

fn regex(text: &str) -> Result<Regex> {
    Regex::new(text).map_err(|why| Failure::usage(format!("regular expression `{text}`: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(args: SelectArgs, name: &str, size: u64, modified: u64) -> bool {
        let now = Timestamp::from_secs(1_000_000);
        let selection = Selection::new(&args, now).unwrap();
        selection.takes(&Candidate {
            name,
            size,
            modified: Timestamp::from_secs(modified),
        })
    }

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn without_flags_everything_is_taken() {
        assert!(takes(SelectArgs::default(), "", 0, 0));
        assert!(takes(SelectArgs::default(), "a/b", u64::MAX, 9_999_999));
    }

    #[test]
    fn what_is_excluded_is_out_whatever_includes_it() {
        let args = || SelectArgs {
            include: texts(&["*.jpg", "docs/*"]),
            exclude: texts(&["tmp/*"]),
            exclude_regex: texts(&["^secret"]),
            ..SelectArgs::default()
        };
        for (name, wanted) in [
            ("a.jpg", true),
            ("deep/er/a.jpg", true),
            ("docs/readme", true),
            ("readme", false),
            ("tmp/a.jpg", false),
            ("secrets/a.jpg", false),
            ("not/secret/a.jpg", true),
        ] {
            assert_eq!(takes(args(), name, 1, 1), wanted, "{name}");
        }
    }

    #[test]
    fn sizes_and_ages_have_their_limits_inside() {
        let args = || SelectArgs {
            min_size: Some(10),
            max_size: Some(20),
            newer_than: Some(Moment::Ago(100)),
            older_than: Some(Moment::At(Timestamp::from_secs(999_950))),
            ..SelectArgs::default()
        };
        assert!(takes(args(), "a", 10, 999_900) && takes(args(), "a", 20, 999_949));
        for (size, modified) in [(9, 999_900), (21, 999_900), (10, 999_899), (10, 999_950)] {
            assert!(!takes(args(), "a", size, modified), "{size} {modified}");
        }
    }

    #[test]
    fn a_moment_is_a_time_or_an_age() {
        assert_eq!(Moment::parse("7d"), Ok(Moment::Ago(604_800)));
        assert_eq!(Moment::parse("90s"), Ok(Moment::Ago(90)));
        assert_eq!(
            Moment::parse("1970-01-02T00:00:00Z"),
            Ok(Moment::At(Timestamp::from_secs(86_400)))
        );
        for bad in [
            "",
            "d",
            "7",
            "7y",
            "-1d",
            "yesterday",
            "99999999999999999999w",
        ] {
            assert!(Moment::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bad_pattern_is_named() {
        let args = SelectArgs {
            include_regex: texts(&["("]),
            ..SelectArgs::default()
        };
        let told = Selection::new(&args, Timestamp::from_secs(0)).unwrap_err();
        assert!(told.to_string().contains("`(`"), "{told}");
    }
}
