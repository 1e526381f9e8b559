//! Version ids: opaque to clients, a version time to our own store.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::error::{Error, Why};
use crate::limits;

/// The moment that orders the versions of one key, in microseconds; strictly growing per key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionTime(pub u64);

/// The id of one version of an object, or `null` for the unversioned slot.
///
/// Opaque: another store's ids pass through unread. An id of our own store is the unpadded base64 of
/// the decimal text of 2^64-1 less the version time, as COS makes them: newer ids sort lower.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(String);

impl VersionId {
    /// The text of the unversioned slot's id.
    pub const NULL: &str = "null";

    /// The id of the unversioned slot, `null`.
    pub fn null() -> Self {
        Self(Self::NULL.to_owned())
    }

    /// The id of the version made at `time`.
    pub fn of(time: VersionTime) -> Self {
        Self(STANDARD_NO_PAD.encode((u64::MAX - time.0).to_string()))
    }

    /// Whether this is the unversioned slot.
    pub fn is_null(&self) -> bool {
        self.0 == Self::NULL
    }

    /// The version time in an id of the form of [`VersionId::of`]; `None` for any other id.
    pub fn time(&self) -> Option<VersionTime> {
        let digits = STANDARD_NO_PAD.decode(&self.0).ok()?;
        let inverse: u64 = std::str::from_utf8(&digits).ok()?.parse().ok()?;
        let time = VersionTime(u64::MAX - inverse);
        (Self::of(time) == *self).then_some(time)
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VersionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        const WHAT: &str = "version id";
        if text.is_empty() {
            return Err(Error::new(WHAT, Why::Empty));
        }
        if text.len() > limits::ID_BYTES_MAX {
            return Err(Error::new(
                WHAT,
                Why::TooLong {
                    limit: limits::ID_BYTES_MAX,
                },
            ));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::new(WHAT, Why::BadCharacter));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_documented_sample() {
        // Source of the pair: the protocol's own sample, 2020-04-11T17:51:56.716Z.
        let id: VersionId = "MTg0NDUxNTc0NDYxOTI4MzU0MDI".parse().unwrap();
        assert_eq!(
            id.time(),
            Some(VersionTime(u64::MAX - 18_445_157_446_192_835_402))
        );
        assert_eq!(VersionId::of(id.time().unwrap()), id);
    }

    #[test]
    fn foreign_ids_stay_opaque() {
        for foreign in ["null", "abc==", "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY", "MDE"] {
            assert_eq!(
                foreign.parse::<VersionId>().unwrap().time(),
                None,
                "{foreign}"
            );
        }
        assert!("".parse::<VersionId>().is_err());
        assert!("a b".parse::<VersionId>().is_err());
    }
}
