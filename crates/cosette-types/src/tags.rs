//! Tags of objects and buckets: small pairs of words, each key once, in the order of the keys.

use std::collections::BTreeMap;
use std::collections::btree_map;

use crate::error::{Error, Why};
use crate::limits;

const KEY: &str = "tag key";
const VALUE: &str = "tag value";
const SET: &str = "set of tags";

/// Tags. Each has a key of its own; how many there may be depends on what they are put on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    /// No tags.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a tag.
    ///
    /// # Errors
    /// When key or value are too long, hold a character that no tag may hold, or the key is empty or
    /// there already.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), Error> {
        check(KEY, key, limits::TAG_KEY_CHARS_MAX)?;
        check(VALUE, value, limits::TAG_VALUE_CHARS_MAX)?;
        if key.is_empty() {
            return Err(Error::new(KEY, Why::Empty));
        }
        match self.0.entry(key.to_owned()) {
            btree_map::Entry::Occupied(_) => {
                Err(Error::malformed(SET, "key=value with each key once"))
            }
            btree_map::Entry::Vacant(place) => {
                place.insert(value.to_owned());
                Ok(())
            }
        }
    }

    /// Refuses more tags than an object may have.
    ///
    /// # Errors
    /// When there are more than [`limits::OBJECT_TAGS_MAX`].
    pub fn for_object(self) -> Result<Self, Error> {
        self.bounded(limits::OBJECT_TAGS_MAX)
    }

    /// Refuses more tags than a bucket may have.
    ///
    /// # Errors
    /// When there are more than [`limits::BUCKET_TAGS_MAX`].
    pub fn for_bucket(self) -> Result<Self, Error> {
        self.bounded(limits::BUCKET_TAGS_MAX)
    }

    fn bounded(self, limit: usize) -> Result<Self, Error> {
        if self.0.len() <= limit {
            Ok(self)
        } else {
            Err(Error::new(SET, Why::TooMany { limit }))
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of a key.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Keys and values in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// Letters and digits of any language, blanks, and the few signs that the documents list.
fn check(what: &'static str, text: &str, limit: usize) -> Result<(), Error> {
    if text.chars().count() > limit {
        return Err(Error::new(what, Why::TooManyCharacters { limit }));
    }
    let legal = |letter: char| letter.is_alphanumeric() || " +-_=.:/@".contains(letter);
    if text.chars().all(legal) {
        Ok(())
    } else {
        Err(Error::new(what, Why::BadCharacter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_have_their_limits() {
        let insert = |key: &str, value: &str| Tags::new().insert(key, value).map_err(|e| e.why);
        let limit = limits::TAG_KEY_CHARS_MAX;
        assert_eq!(insert(&"键".repeat(limit), ""), Ok(()));
        let why = Why::TooManyCharacters { limit };
        assert_eq!(insert(&"k".repeat(limit + 1), ""), Err(why));
        let limit = limits::TAG_VALUE_CHARS_MAX;
        assert_eq!(insert("k", &"v".repeat(limit)), Ok(()));
        let why = Why::TooManyCharacters { limit };
        assert_eq!(insert("k", &"v".repeat(limit + 1)), Err(why));
        assert_eq!(insert("", "v"), Err(Why::Empty));
        assert_eq!(insert("a +-_=.:/@9", "中"), Ok(()));
        for bad in ["a&b", "a\n", "a?", "a*", "a\u{0}"] {
            assert_eq!(insert(bad, ""), Err(Why::BadCharacter), "{bad:?}");
            assert_eq!(insert("k", bad), Err(Why::BadCharacter), "{bad:?}");
        }
    }

    #[test]
    fn a_key_is_there_once_and_there_are_not_too_many() {
        let mut tags = Tags::new();
        tags.insert("a", "1").unwrap();
        assert!(tags.insert("a", "2").is_err());
        assert_eq!(tags.value("a"), Some("1"));
        for n in 1..limits::OBJECT_TAGS_MAX {
            tags.insert(&format!("k{n}"), "").unwrap();
        }
        assert!(tags.clone().for_object().is_ok());
        tags.insert("one more", "").unwrap();
        assert!(tags.clone().for_object().is_err());
        for n in tags.len()..limits::BUCKET_TAGS_MAX {
            tags.insert(&format!("b{n}"), "").unwrap();
        }
        assert!(tags.clone().for_bucket().is_ok());
        tags.insert("too many", "").unwrap();
        assert!(tags.for_bucket().is_err());
    }
}
