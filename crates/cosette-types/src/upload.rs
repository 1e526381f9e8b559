//! Multipart uploads: their ids and part numbers.

use std::fmt;
use std::str::FromStr;

use crate::checksum::hex;
use crate::error::{Error, Why};
use crate::limits;
use crate::time::Timestamp;

/// The id of a multipart upload; opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(String);

impl UploadId {
    /// An id of the form COS gives: ten digits of epoch seconds and 64 hexadecimal digits.
    pub fn new(now: Timestamp, random: [u8; 32]) -> Self {
        Self(format!("{:010}{}", now.secs(), hex(&random)))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UploadId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        const WHAT: &str = "upload id";
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
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number that decides a part's place in its object: 1 to 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartNumber(u16);

impl PartNumber {
    /// The lowest part number, 1.
    pub const MIN: Self = Self(1);
    /// The highest part number, 10,000.
    pub const MAX: Self = Self(limits::PART_NUMBER_MAX);

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u64> for PartNumber {
    type Error = Error;

    fn try_from(number: u64) -> Result<Self, Error> {
        match u16::try_from(number) {
            Ok(small @ 1..=limits::PART_NUMBER_MAX) => Ok(Self(small)),
            _ => Err(Error::new("part number (1 to 10000)", Why::OutOfRange)),
        }
    }
}

impl FromStr for PartNumber {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::malformed(
                "part number",
                "of a whole number from 1 to 10000",
            ));
        }
        let number: u64 = text
            .parse()
            .map_err(|_| Error::new("part number (1 to 10000)", Why::OutOfRange))?;
        Self::try_from(number)
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_numbers_run_from_1_to_10000() {
        for good in ["1", "10000", "007"] {
            assert!(good.parse::<PartNumber>().is_ok(), "{good}");
        }
        for bad in [
            "0",
            "10001",
            "-1",
            "+1",
            "one",
            "",
            "1.0",
            "99999999999999999999999",
        ] {
            assert!(bad.parse::<PartNumber>().is_err(), "{bad}");
        }
    }

    #[test]
    fn upload_ids_have_the_documented_length() {
        let id = UploadId::new(Timestamp::from_secs(1_585_130_821), [0xab; 32]);
        assert_eq!(id.as_str().len(), 74);
        assert!(id.as_str().starts_with("1585130821abab"));
    }
}
