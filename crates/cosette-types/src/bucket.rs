//! Bucket names, the account number in them, and regions.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Why};
use crate::limits;

/// The account's all-digit number at the end of a bucket's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId(String);

impl AppId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AppId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let form = "of 1 to 20 digits, such as 1250000000";
        if text.is_empty() || text.len() > 20 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::malformed("APPID", form));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bucket's whole name: in COS `BucketName-APPID`, as in `examplebucket-1250000000`; in the S3
/// dialect any name that S3 allows ([`BucketName::parse_s3`]).
///
/// In COS the name part holds `a-z`, `0-9` and `-`, neither begins nor ends with `-`, and has at most
/// [`limits::BUCKET_NAME_BYTES_MAX`] bytes; the whole is at most a DNS label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(String);

const BUCKET: &str = "bucket name";
const S3_FORM: &str = "of 3 to 63 lower-case letters, digits, '-' and '.', such as photos \
     (beginning and ending with a letter or digit; no '..', no IP address)";
const BUCKET_FORM: &str = "BucketName-APPID, such as examplebucket-1250000000 \
     (lower-case letters, digits and '-'; not beginning or ending with '-')";

impl BucketName {
    /// Reads a name of the S3 dialect, which need not end in an APPID. Every name of COS is one, and
    /// both dialects mean the same bucket by it.
    ///
    /// # Errors
    /// When neither dialect has such names.
    pub fn parse_s3(text: &str) -> Result<Self, Error> {
        if let Ok(name) = text.parse() {
            return Ok(name);
        }
        if text.is_empty() {
            return Err(Error::new(BUCKET, Why::Empty));
        }
        let limit = limits::BUCKET_LABEL_BYTES_MAX;
        if text.len() > limit {
            return Err(Error::new(BUCKET, Why::TooLong { limit }));
        }
        let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let ends = |label: &str| {
            let bytes = label.as_bytes();
            bytes.first().copied().is_some_and(alphanumeric)
                && bytes.last().copied().is_some_and(alphanumeric)
        };
        let legal = text.len() >= limits::BUCKET_NAME_BYTES_MIN_S3
            && text
                .bytes()
                .all(|b| alphanumeric(b) || b == b'-' || b == b'.')
            && text.split('.').all(ends)
            && text.parse::<std::net::Ipv4Addr>().is_err();
        if legal {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::malformed(BUCKET, S3_FORM))
        }
    }

    /// The whole name, with its APPID if it has one.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before `-APPID`; the whole name where there is none.
    pub fn name(&self) -> &str {
        self.split().map_or(&self.0, |(name, _)| name)
    }

    /// The account number that the name ends in; `None` for a plain name of the S3 dialect.
    pub fn app_id(&self) -> Option<AppId> {
        let (_, digits) = self.split()?;
        Some(AppId(digits.to_owned()))
    }

    fn split(&self) -> Option<(&str, &str)> {
        let (name, digits) = self.0.rsplit_once('-')?;
        digits.parse::<AppId>().ok()?;
        Some((name, digits))
    }
}

impl FromStr for BucketName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || Error::malformed(BUCKET, BUCKET_FORM);
        if text.is_empty() {
            return Err(Error::new(BUCKET, Why::Empty));
        }
        let (name, app_id) = text.rsplit_once('-').ok_or_else(malformed)?;
        app_id.parse::<AppId>().map_err(|_| malformed())?;
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty()
            || !name.bytes().all(legal)
            || name.starts_with('-')
            || name.ends_with('-')
        {
            return Err(malformed());
        }
        let too_long = |limit| Error::new(BUCKET, Why::TooLong { limit });
        if name.len() > limits::BUCKET_NAME_BYTES_MAX {
            return Err(too_long(limits::BUCKET_NAME_BYTES_MAX));
        }
        if text.len() > limits::BUCKET_LABEL_BYTES_MAX {
            return Err(too_long(limits::BUCKET_LABEL_BYTES_MAX));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A region's name, such as `ap-guangzhou`. Legacy short names are read as the region they mean.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

/// Short names of the older hosts, and the region each one means.
const ALIASES: &[(&str, &str)] = &[
    ("cossh", "ap-shanghai"),
    ("cosgz", "ap-guangzhou"),
    ("cosbj", "ap-beijing"),
    ("costj", "ap-beijing-1"),
    ("coscd", "ap-chengdu"),
    ("cossgp", "ap-singapore"),
    ("coshk", "ap-hongkong"),
    ("cosca", "na-toronto"),
    ("cosger", "eu-frankfurt"),
    ("cn-east", "ap-shanghai"),
    ("cn-south", "ap-guangzhou"),
    ("cn-north", "ap-beijing-1"),
    ("cn-southwest", "ap-chengdu"),
    ("sg", "ap-singapore"),
];

impl Region {
    /// The region's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.is_empty() {
            return Err(Error::new("region", Why::Empty));
        }
        if text.len() > limits::BUCKET_LABEL_BYTES_MAX
            || !text.bytes().all(legal)
            || text.starts_with('-')
            || text.ends_with('-')
        {
            return Err(Error::malformed(
                "region",
                "of a region's name, such as ap-guangzhou",
            ));
        }
        let known = ALIASES.iter().find(|(alias, _)| *alias == text);
        Ok(Self(known.map_or(text, |(_, region)| region).to_owned()))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_end_in_an_appid() {
        let bucket: BucketName = "my-bucket-1250000000".parse().unwrap();
        assert_eq!(
            (bucket.name(), bucket.app_id().unwrap().as_str()),
            ("my-bucket", "1250000000")
        );
        let longest = format!("{}-1250000000", "a".repeat(limits::BUCKET_NAME_BYTES_MAX));
        assert!(longest.parse::<BucketName>().is_ok());
        for bad in [
            "",
            "bucket",
            "-1250000000",
            "a--1250000000",
            "-a-1250000000",
            "A-1250000000",
            "a_b-1250000000",
            "a.b-1250000000",
            "a-12500x0000",
            "a-",
            "a/b-1250000000",
            &format!("a{longest}"),
        ] {
            assert!(bad.parse::<BucketName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn s3_names_need_no_appid() {
        let longest = "a".repeat(limits::BUCKET_LABEL_BYTES_MAX);
        for good in [
            "photos",
            "my.bucket",
            "a-b",
            "123",
            "photos-1250000000",
            &longest,
        ] {
            let bucket = BucketName::parse_s3(good).unwrap();
            assert_eq!(bucket.as_str(), good);
        }
        let plain = BucketName::parse_s3("photos").unwrap();
        assert_eq!((plain.name(), plain.app_id()), ("photos", None));
        let both = BucketName::parse_s3("photos-1250000000").unwrap();
        assert_eq!(Ok(both), "photos-1250000000".parse());
        for bad in [
            "",
            "ab",
            "Photos",
            "a_b",
            "-ab",
            "ab-",
            ".ab",
            "ab.",
            "a..b",
            "a.-b",
            "a-.b",
            "192.168.0.1",
            "a/b",
            &format!("{longest}a"),
        ] {
            assert!(BucketName::parse_s3(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn legacy_regions_are_read_as_what_they_mean() {
        assert_eq!("cosgz".parse::<Region>().unwrap().as_str(), "ap-guangzhou");
        assert_eq!(
            "ap-beijing".parse::<Region>().unwrap().as_str(),
            "ap-beijing"
        );
        for bad in ["", "AP", "a.b", "-a", "a-"] {
            assert!(bad.parse::<Region>().is_err(), "{bad:?}");
        }
    }
}
