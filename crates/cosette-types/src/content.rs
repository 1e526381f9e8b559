//! What travels with an object's bytes: content headers and user metadata.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::{Error, Why};
use crate::limits;

/// The value of a header as it was sent: bytes, usually text. It comes back byte for byte.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Vec<u8>);

impl Text {
    /// From a header's bytes, outer blanks removed.
    ///
    /// # Errors
    /// When it holds a control character other than a tab, is empty, or is too long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        const WHAT: &str = "header value";
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() {
            return Err(Error::new(WHAT, Why::Empty));
        }
        if bytes.len() > limits::USER_METADATA_BYTES_MAX * 4 {
            let limit = limits::USER_METADATA_BYTES_MAX * 4;
            return Err(Error::new(WHAT, Why::TooLong { limit }));
        }
        if bytes
            .iter()
            .any(|b| (*b < 0x20 && *b != b'\t') || *b == 0x7f)
        {
            return Err(Error::new(WHAT, Why::BadCharacter));
        }
        Ok(Self(bytes.to_vec()))
    }

    /// The bytes as sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, with U+FFFD where the bytes are not UTF-8.
    pub fn to_text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl std::str::FromStr for Text {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_text(), f)
    }
}

/// The headers of RFC 2616 that are stored with an object and returned as given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContentHeaders {
    /// `Cache-Control`
    pub cache_control: Option<Text>,
    /// `Content-Disposition`
    pub content_disposition: Option<Text>,
    /// `Content-Encoding`; stored, never applied.
    pub content_encoding: Option<Text>,
    /// `Content-Language`
    pub content_language: Option<Text>,
    /// `Content-Type`
    pub content_type: Option<Text>,
    /// `Expires`; ends the validity of caches, never the object.
    pub expires: Option<Text>,
}

/// User-defined metadata: names (lower case, without the `x-cos-meta-` prefix) and values.
///
/// Names hold letters, digits and `-`; names and values together have at most
/// [`limits::USER_METADATA_BYTES_MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserMetadata(BTreeMap<String, Text>);

impl UserMetadata {
    /// Nothing.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds one entry; the name is lower-cased. An entry of that name is replaced.
    ///
    /// # Errors
    /// When the name holds another character than a letter, a digit, `-`, or `.`, or is empty; or
    /// when all entries together would be larger than the limit.
    pub fn insert(&mut self, name: &str, value: Text) -> Result<(), Error> {
        if name.is_empty() {
            return Err(Error::new("user metadata name", Why::Empty));
        }
        // `_` is not documented as legal, yet some clients send it; what HTTP takes, comes back.
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if !name.bytes().all(legal) {
            return Err(Error::new("user metadata name", Why::BadCharacter));
        }
        let name = name.to_ascii_lowercase();
        let old = self
            .0
            .get(&name)
            .map_or(0, |old| name.len() + old.as_bytes().len());
        if self.size_bytes() - old + name.len() + value.as_bytes().len()
            > limits::USER_METADATA_BYTES_MAX
        {
            let limit = limits::USER_METADATA_BYTES_MAX;
            return Err(Error::new("user metadata", Why::TooLong { limit }));
        }
        self.0.insert(name, value);
        Ok(())
    }

    /// The value of a name in lower case.
    pub fn get(&self, name: &str) -> Option<&Text> {
        self.0.get(name)
    }

    /// Removes an entry; says whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// All entries in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes of all names and values: what the limit counts.
    pub fn size_bytes(&self) -> usize {
        self.0
            .iter()
            .map(|(name, value)| name.len() + value.as_bytes().len())
            .sum()
    }
}

/// All that a metadata directive copies or replaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// The content headers.
    pub content: ContentHeaders,
    /// The user-defined entries.
    pub user: UserMetadata,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_metadata_ends_at_2048_bytes() {
        let mut metadata = UserMetadata::new();
        let value = |bytes: usize| Text::from_bytes("v".repeat(bytes).as_bytes()).unwrap();
        metadata.insert("A", value(1000)).unwrap();
        metadata.insert("bb", value(1045)).unwrap();
        assert_eq!(metadata.size_bytes(), 2048);
        assert!(metadata.insert("c", value(1)).is_err());
        // Replacing counts the new value only.
        metadata.insert("a", value(1000)).unwrap();
        assert!(metadata.insert("a", value(1001)).is_err());
        assert_eq!(metadata.get("a").map(Text::to_text), Some("v".repeat(1000)));
    }

    #[test]
    fn header_text_is_kept_byte_for_byte() {
        assert_eq!(Text::from_bytes(b" \xffa ").unwrap().as_bytes(), b"\xffa");
        for bad in [&b""[..], b"  ", b"a\nb", b"a\0b", b"\x7f"] {
            assert!(Text::from_bytes(bad).is_err(), "{bad:?}");
        }
        assert!(
            UserMetadata::new()
                .insert("a b", "v".parse().unwrap())
                .is_err()
        );
    }
}
