//! Object keys: opaque text, never normalised.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Why};
use crate::limits;

/// The unique name of an object in its bucket: 1 to 850 bytes of UTF-8 (1,024 in the S3 dialect).
///
/// A key does not begin with `/` or `\` and holds none of the control characters 0x18 to 0x1B, nor
/// NUL. `a//b`, `./a` and `a/../b` are distinct keys like any other: nothing is cleaned up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// Reads a key of the S3 dialect, which may be longer.
    ///
    /// # Errors
    /// As for [`FromStr`], with the longer bound.
    pub fn parse_s3(text: &str) -> Result<Self, Error> {
        Self::parse_up_to(text, limits::KEY_BYTES_MAX_S3)
    }

    fn parse_up_to(text: &str, limit: usize) -> Result<Self, Error> {
        const WHAT: &str = "object key";
        if text.is_empty() {
            return Err(Error::new(WHAT, Why::Empty));
        }
        if text.len() > limit {
            return Err(Error::new(WHAT, Why::TooLong { limit }));
        }
        if text.starts_with(['/', '\\']) {
            return Err(Error::malformed(
                WHAT,
                "of a key that does not begin with '/' or '\\'",
            ));
        }
        if text.bytes().any(|b| b == 0 || (0x18..=0x1b).contains(&b)) {
            return Err(Error::new(WHAT, Why::BadCharacter));
        }
        Ok(Self(text.to_owned()))
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ObjectKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse_up_to(text, limits::KEY_BYTES_MAX)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_opaque_but_bounded() {
        let longest = "k".repeat(limits::KEY_BYTES_MAX);
        for good in [
            "1.jpg",
            "a/b/test.txt",
            "a//b",
            "../a",
            ".",
            "a/",
            "中文 1.jpg",
            "%41",
            &longest,
        ] {
            assert_eq!(good.parse::<ObjectKey>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "/a",
            "\\a",
            "a\u{18}",
            "a\u{1b}b",
            "a\0",
            &format!("{longest}k"),
        ] {
            assert!(bad.parse::<ObjectKey>().is_err(), "{bad:?}");
        }
        assert!(ObjectKey::parse_s3(&"k".repeat(1024)).is_ok());
        assert!(ObjectKey::parse_s3(&"k".repeat(1025)).is_err());
    }
}
