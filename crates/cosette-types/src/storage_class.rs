//! Storage classes: an attribute of a version.
//!
//! What a request may ask for is a class that is known here. What a service tells of its objects may be
//! a class of its own, which is kept as it was told: a listing must not become unreadable by it.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Why};
use crate::limits;

/// The storage class of an object. `STANDARD` is the default of every write, copies included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum StorageClass {
    /// `STANDARD`
    #[default]
    Standard,
    /// `STANDARD_IA`
    StandardIa,
    /// `INTELLIGENT_TIERING`
    IntelligentTiering,
    /// `ARCHIVE`: must be restored before it is read or copied.
    Archive,
    /// `DEEP_ARCHIVE`: must be restored before it is read or copied.
    DeepArchive,
    /// `MAZ_STANDARD`
    MazStandard,
    /// `MAZ_STANDARD_IA`
    MazStandardIa,
    /// `MAZ_INTELLIGENT_TIERING`
    MazIntelligentTiering,
    /// One that only the service knows, as S3's `GLACIER_IR`.
    Other(OtherClass),
}

/// The name of a class that a service told and that is not known here: ASCII letters, digits, `_` and `-`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherClass {
    /// Filled up with zeros, which no name has.
    name: [u8; limits::OTHER_CLASS_BYTES_MAX],
}

impl OtherClass {
    /// The name as it was told.
    pub fn as_str(&self) -> &str {
        let end = self.name.iter().position(|byte| *byte == 0);
        let name = self.name.get(..end.unwrap_or(self.name.len()));
        std::str::from_utf8(name.unwrap_or_default()).unwrap_or_default()
    }
}

impl FromStr for OtherClass {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if text.is_empty() || !text.bytes().all(plain) {
            return Err(Error::new("storage class", Why::Unknown));
        }
        let mut name = [0; limits::OTHER_CLASS_BYTES_MAX];
        match name.get_mut(..text.len()) {
            Some(place) => place.copy_from_slice(text.as_bytes()),
            None => {
                return Err(Error::new(
                    "storage class",
                    Why::TooLong {
                        limit: limits::OTHER_CLASS_BYTES_MAX,
                    },
                ));
            }
        }
        Ok(Self { name })
    }
}

impl fmt::Debug for OtherClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl StorageClass {
    /// All classes that are known, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Standard,
        Self::StandardIa,
        Self::IntelligentTiering,
        Self::Archive,
        Self::DeepArchive,
        Self::MazStandard,
        Self::MazStandardIa,
        Self::MazIntelligentTiering,
    ];

    /// The class's name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(other) => other.as_str(),
            known => known.known_name().unwrap_or_default(),
        }
    }

    /// The name of a class that is known here; `None` for one that only a service knows.
    pub const fn known_name(self) -> Option<&'static str> {
        Some(match self {
            Self::Standard => "STANDARD",
            Self::StandardIa => "STANDARD_IA",
            Self::IntelligentTiering => "INTELLIGENT_TIERING",
            Self::Archive => "ARCHIVE",
            Self::DeepArchive => "DEEP_ARCHIVE",
            Self::MazStandard => "MAZ_STANDARD",
            Self::MazStandardIa => "MAZ_STANDARD_IA",
            Self::MazIntelligentTiering => "MAZ_INTELLIGENT_TIERING",
            Self::Other(_) => return None,
        })
    }

    /// The class that a service tells: one that is known, else the service's own by its name.
    ///
    /// # Errors
    /// When it is no name of a class.
    pub fn told(text: &str) -> Result<Self, Error> {
        text.parse().or_else(|_| text.parse().map(Self::Other))
    }

    /// How cold it is: objects are moved to colder classes by rules, never to warmer ones.
    pub const fn coldness(self) -> u8 {
        match self {
            // No rule moves anything to or from what is not known.
            Self::Standard | Self::MazStandard | Self::Other(_) => 0,
            Self::StandardIa | Self::MazStandardIa => 1,
            Self::IntelligentTiering | Self::MazIntelligentTiering => 2,
            Self::Archive => 3,
            Self::DeepArchive => 4,
        }
    }

    /// Whether objects of this class must be restored before they can be read or copied.
    pub const fn is_archived(self) -> bool {
        matches!(self, Self::Archive | Self::DeepArchive)
    }
}

impl FromStr for StorageClass {
    type Err = Error;

    /// A class that is known. Letter case does not matter: some replies write `Standard_IA`.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str().eq_ignore_ascii_case(text))
            .ok_or(Error::new("storage class", Why::Unknown))
    }
}

impl fmt::Display for StorageClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_read_in_any_letter_case() {
        for class in StorageClass::ALL {
            assert_eq!(class.as_str().to_lowercase().parse(), Ok(class));
        }
        assert!("GLACIER".parse::<StorageClass>().is_err());
    }

    #[test]
    fn a_class_of_the_service_is_told_by_its_name_and_never_asked_for() {
        for name in ["GLACIER_IR", "REDUCED_REDUNDANCY", "EXPRESS_ONEZONE", "x-1"] {
            let told = StorageClass::told(name).unwrap();
            assert_eq!(told.to_string(), name);
            assert!(told.known_name().is_none() && !told.is_archived());
            assert!(name.parse::<StorageClass>().is_err());
        }
        let known = StorageClass::told("standard_ia").unwrap();
        assert_eq!(known, StorageClass::StandardIa);
        for wrong in ["", "GLACIER IR", "\0", "A<B", "é"] {
            assert!(StorageClass::told(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_name_of_a_class_has_an_end() {
        let longest = "A".repeat(limits::OTHER_CLASS_BYTES_MAX);
        assert_eq!(StorageClass::told(&longest).unwrap().as_str(), longest);
        assert!(StorageClass::told(&format!("{longest}A")).is_err());
    }
}
