//! Entity tags: what a store says identifies the bytes.

use std::fmt;
use std::str::FromStr;

use crate::checksum::Md5;
use crate::error::{Error, Why};
use crate::limits;

/// An entity tag. Its text form has double quotes at both ends; they are part of the value on the
/// wire and kept out of [`ETag::value`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ETag(String);

impl ETag {
    /// The tag of an object that was put in one request: the MD5 of its bytes.
    pub fn of_md5(md5: Md5) -> Self {
        Self(md5.to_string())
    }

    /// The tag of an assembled object: a digest over its parts' digests, and their number.
    pub fn of_parts(digest: Md5, parts: usize) -> Self {
        Self(format!("{digest}-{parts}"))
    }

    /// The tag without quotes.
    pub fn value(&self) -> &str {
        &self.0
    }

    /// The MD5 that the tag is, if it looks like one.
    pub fn md5(&self) -> Option<Md5> {
        let digits = self.0.as_bytes();
        let pairs = digits.chunks_exact(2).map(|pair| {
            let text = std::str::from_utf8(pair).ok()?;
            let plain = pair.iter().all(u8::is_ascii_hexdigit);
            u8::from_str_radix(text, 16).ok().filter(|_| plain)
        });
        let bytes: Vec<u8> = pairs.collect::<Option<_>>()?;
        let whole = digits.len().is_multiple_of(2);
        bytes.try_into().ok().filter(|_| whole).map(Md5)
    }

    /// How many parts the object was assembled from, if the tag says so (`"…-3"`).
    pub fn part_count(&self) -> Option<u32> {
        let (_, count) = self.0.rsplit_once('-')?;
        count
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| count.parse().ok())?
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl FromStr for ETag {
    type Err = Error;

    /// Reads a tag with or without its quotes (also as `&quot;`, as some clients send it).
    fn from_str(text: &str) -> Result<Self, Error> {
        const WHAT: &str = "ETag";
        let text = text.trim();
        let text = text.strip_prefix("W/").unwrap_or(text);
        let bare = ["\"", "&quot;"]
            .iter()
            .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
            .unwrap_or(text);
        if bare.is_empty() {
            return Err(Error::new(WHAT, Why::Empty));
        }
        if bare.len() > limits::ID_BYTES_MAX {
            return Err(Error::new(
                WHAT,
                Why::TooLong {
                    limit: limits::ID_BYTES_MAX,
                },
            ));
        }
        if !bare
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'"' && b != b',')
        {
            return Err(Error::new(WHAT, Why::BadCharacter));
        }
        Ok(Self(bare.to_owned()))
    }
}

/// The value of an If-Match or If-None-Match: `*`, or tags separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ETagMatch {
    /// `*`: any existing object.
    Any,
    /// One of these.
    OneOf(Vec<ETag>),
}

impl ETagMatch {
    /// Whether an existing object with this tag is meant.
    pub fn matches(&self, etag: &ETag) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.contains(etag),
        }
    }
}

impl From<ETag> for ETagMatch {
    fn from(etag: ETag) -> Self {
        Self::OneOf(vec![etag])
    }
}

impl FromStr for ETagMatch {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        text.split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self::OneOf)
    }
}

impl fmt::Display for ETagMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::OneOf(tags) => {
                for (nth, tag) in tags.iter().enumerate() {
                    let comma = if nth == 0 { "" } else { ", " };
                    write!(f, "{comma}{tag}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_kept_out_of_the_value_and_printed() {
        for text in ["\"22ca88\"", "22ca88", "&quot;22ca88&quot;", " \"22ca88\" "] {
            let tag: ETag = text.parse().unwrap();
            assert_eq!(
                (tag.value(), tag.to_string().as_str()),
                ("22ca88", "\"22ca88\"")
            );
        }
        // The seed's sample has 40 digits.
        assert!(
            "\"22ca88419e2ed4721c23807c678adbe4c08a7880\""
                .parse::<ETag>()
                .is_ok()
        );
        for bad in ["", "\"\"", "\"a", "a b", "\u{e9}"] {
            assert!(bad.parse::<ETag>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn part_count_is_readable() {
        assert_eq!(
            "\"aa-10000\"".parse::<ETag>().unwrap().part_count(),
            Some(10_000)
        );
        assert_eq!("\"aa\"".parse::<ETag>().unwrap().part_count(), None);
        assert_eq!("\"aa-\"".parse::<ETag>().unwrap().part_count(), None);
    }

    #[test]
    fn matches_any_or_one_of() {
        let tag: ETag = "aa".parse().unwrap();
        assert!("*".parse::<ETagMatch>().unwrap().matches(&tag));
        assert!("\"bb\", \"aa\"".parse::<ETagMatch>().unwrap().matches(&tag));
        assert!(!"bb".parse::<ETagMatch>().unwrap().matches(&tag));
    }
}
