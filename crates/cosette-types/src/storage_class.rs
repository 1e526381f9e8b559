//! Storage classes: an attribute of a version.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Why};

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
}

impl StorageClass {
    /// All classes, in the order of the documentation.
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
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::StandardIa => "STANDARD_IA",
            Self::IntelligentTiering => "INTELLIGENT_TIERING",
            Self::Archive => "ARCHIVE",
            Self::DeepArchive => "DEEP_ARCHIVE",
            Self::MazStandard => "MAZ_STANDARD",
            Self::MazStandardIa => "MAZ_STANDARD_IA",
            Self::MazIntelligentTiering => "MAZ_INTELLIGENT_TIERING",
        }
    }

    /// How cold it is: objects are moved to colder classes by rules, never to warmer ones.
    pub const fn coldness(self) -> u8 {
        match self {
            Self::Standard | Self::MazStandard => 0,
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

    /// Letter case does not matter: some replies write `Standard_IA`.
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
}
