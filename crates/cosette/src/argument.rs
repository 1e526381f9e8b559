//! What the setters of calls take: the type itself, or its text.

use bytes::Bytes;
use cosette_proto::ops::{
    CompletedPart, CorsConfiguration, EncryptionConfiguration, LifecycleConfiguration, NewAcl,
    ObjectToDelete, PrefixJobWish, RestoreTier, VersioningStatus,
};
use cosette_proto::{Dialect, copy_source, date};
use cosette_types::{
    AclHeaders, BucketName, ByteRange, CannedAcl, CopySource, CustomerKey, Directive, ETag,
    ETagMatch, Encryption, Grantee, Md5, ObjectKey, PartNumber, ReadRange, Region, StorageClass,
    Text, Timestamp, UploadId, VersionId,
};

/// A value that can stand for a `T`: a `T`, or its text. Text that is not a `T` makes the call fail
/// before anything is sent.
pub trait Argument<T> {
    /// The value.
    ///
    /// # Errors
    /// Why it is none, in words.
    fn into_argument(self) -> Result<T, String>;

    /// The same for a client of a dialect: in S3 names of buckets are plain, keys may be longer, and
    /// a copy source is `<bucket>/<encoded key>`.
    ///
    /// # Errors
    /// Why it is none, in words.
    fn into_argument_in(self, _dialect: Dialect) -> Result<T, String>
    where
        Self: Sized,
    {
        self.into_argument()
    }
}

/// `T` itself, by value and by reference.
macro_rules! itself {
    ($($ty:ty),* $(,)?) => {$(
        impl Argument<$ty> for $ty {
            fn into_argument(self) -> Result<$ty, String> {
                Ok(self)
            }
        }

        impl Argument<$ty> for &$ty {
            fn into_argument(self) -> Result<$ty, String> {
                Ok(self.clone())
            }
        }
    )*};
}

/// Text, read by a function.
macro_rules! text {
    ($($ty:ty => $read:expr),* $(,)?) => {$(
        impl Argument<$ty> for &str {
            fn into_argument(self) -> Result<$ty, String> {
                let read: fn(&str) -> Result<$ty, String> = $read;
                read(self)
            }
        }

        impl Argument<$ty> for String {
            fn into_argument(self) -> Result<$ty, String> {
                self.as_str().into_argument()
            }
        }

        impl Argument<$ty> for &String {
            fn into_argument(self) -> Result<$ty, String> {
                self.as_str().into_argument()
            }
        }
    )*};
}

/// Text that the dialects read differently.
macro_rules! text_in {
    ($($ty:ty => $read:expr),* $(,)?) => {$(
        impl Argument<$ty> for &str {
            fn into_argument(self) -> Result<$ty, String> {
                self.into_argument_in(Dialect::Cos)
            }

            fn into_argument_in(self, dialect: Dialect) -> Result<$ty, String> {
                let read: fn(&str, Dialect) -> Result<$ty, String> = $read;
                read(self, dialect)
            }
        }

        impl Argument<$ty> for String {
            fn into_argument(self) -> Result<$ty, String> {
                self.as_str().into_argument()
            }

            fn into_argument_in(self, dialect: Dialect) -> Result<$ty, String> {
                self.as_str().into_argument_in(dialect)
            }
        }

        impl Argument<$ty> for &String {
            fn into_argument(self) -> Result<$ty, String> {
                self.as_str().into_argument()
            }

            fn into_argument_in(self, dialect: Dialect) -> Result<$ty, String> {
                self.as_str().into_argument_in(dialect)
            }
        }
    )*};
}

/// A number that must be in range.
macro_rules! number {
    ($($from:ty),*) => {$(
        impl Argument<PartNumber> for $from {
            fn into_argument(self) -> Result<PartNumber, String> {
                u64::try_from(self)
                    .map_err(|_| "the part number (1 to 10000) is out of range".to_owned())
                    .and_then(|number| PartNumber::try_from(number).map_err(words))
            }
        }
    )*};
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

itself!(
    BucketName,
    ByteRange,
    CannedAcl,
    CopySource,
    CorsConfiguration,
    LifecycleConfiguration,
    Directive,
    ETag,
    ETagMatch,
    Md5,
    NewAcl,
    ObjectKey,
    PartNumber,
    PrefixJobWish,
    ReadRange,
    Region,
    RestoreTier,
    StorageClass,
    Text,
    Timestamp,
    UploadId,
    VersionId,
    VersioningStatus,
    Vec<CompletedPart>,
    Vec<Grantee>,
    Vec<ObjectToDelete>,
    Vec<String>,
    String,
    bool,
    char,
    u16,
    u64,
);

text!(
    ByteRange => |text| text.parse().map_err(words),
    CannedAcl => |text| text.parse().map_err(words),
    Directive => |text| text.parse().map_err(words),
    ETag => |text| text.parse().map_err(words),
    ETagMatch => |text| text.parse().map_err(words),
    PartNumber => |text| text.parse().map_err(words),
    ReadRange => |text| text.parse().map_err(words),
    Region => |text| text.parse().map_err(words),
    StorageClass => |text| text.parse().map_err(words),
    Text => |text| text.parse().map_err(words),
    UploadId => |text| text.parse().map_err(words),
    VersionId => |text| text.parse().map_err(words),
    Vec<Grantee> => |text| Grantee::parse_list(text).map_err(words),
    Timestamp => |text| date::parse(text).ok_or_else(|| {
        "the date must be like Fri, 10 Apr 2020 18:17:25 GMT or 2020-04-10T18:17:25Z".to_owned()
    }),
    VersioningStatus => |text| match text {
        "Enabled" => Ok(VersioningStatus::Enabled),
        "Suspended" => Ok(VersioningStatus::Suspended),
        _ => Err("the status must be Enabled or Suspended".to_owned()),
    },
    RestoreTier => |text| RestoreTier::of(text)
        .ok_or_else(|| "the tier must be Expedited, Standard or Bulk".to_owned()),
    char => |text| {
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(one), None) => Ok(one),
            _ => Err("the delimiter must be one character".to_owned()),
        }
    },
);

text_in!(
    BucketName => |text, dialect| match dialect {
        Dialect::Cos => text.parse().map_err(words),
        Dialect::S3 => BucketName::parse_s3(text).map_err(words),
    },
    CopySource => |text, dialect| {
        copy_source::parse_in(text, dialect).map_err(|error| error.message)
    },
    ObjectKey => |text, dialect| match dialect {
        Dialect::Cos => text.parse().map_err(words),
        Dialect::S3 => ObjectKey::parse_s3(text).map_err(words),
    },
);

number!(u16, u32, u64, i32, usize);

itself!(Encryption, CustomerKey, EncryptionConfiguration);

/// A key of your own says by itself what is meant.
impl Argument<Encryption> for CustomerKey {
    fn into_argument(self) -> Result<Encryption, String> {
        Ok(Encryption::Customer(self))
    }
}

impl Argument<String> for &str {
    fn into_argument(self) -> Result<String, String> {
        Ok(self.to_owned())
    }
}

impl Argument<ETagMatch> for ETag {
    fn into_argument(self) -> Result<ETagMatch, String> {
        Ok(self.into())
    }
}

impl Argument<ETagMatch> for &ETag {
    fn into_argument(self) -> Result<ETagMatch, String> {
        Ok(self.clone().into())
    }
}

impl Argument<ReadRange> for ByteRange {
    fn into_argument(self) -> Result<ReadRange, String> {
        Ok(ReadRange::FromTo(self.first(), self.last()))
    }
}

impl Argument<Vec<Grantee>> for Grantee {
    fn into_argument(self) -> Result<Vec<Grantee>, String> {
        Ok(vec![self])
    }
}

impl Argument<NewAcl> for AclHeaders {
    fn into_argument(self) -> Result<NewAcl, String> {
        Ok(NewAcl::Headers(self))
    }
}

impl Argument<Bytes> for &str {
    fn into_argument(self) -> Result<Bytes, String> {
        Ok(Bytes::copy_from_slice(self.as_bytes()))
    }
}

impl Argument<Bytes> for String {
    fn into_argument(self) -> Result<Bytes, String> {
        Ok(self.into())
    }
}

impl Argument<Bytes> for Bytes {
    fn into_argument(self) -> Result<Bytes, String> {
        Ok(self)
    }
}
