//! The rows that no client sees: format, extents, references, what is under way.

use bytes::Bytes;
use cosette_types::{
    BucketName, Crc64, ETag, Md5, ObjectKey, PartNumber, Timestamp, UploadId, VersionId,
    VersionTime,
};

use crate::codec::{Damaged, Decoder, Encoder, Record};
use crate::encryption::given_length;
use crate::extents::{Address, ExtentId};
use crate::ops::delete_object::Deleted;
use crate::records::{SealRecord, Slice};
use crate::tables::{BucketId, UploadRef};

/// The store itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormatRecord {
    /// The version of the whole format.
    pub(crate) version: u64,
    /// Counts how often the store was opened: what an earlier epoch began and did not end is dead.
    pub(crate) epoch: u64,
    /// No version time given in earlier epochs is later.
    pub(crate) floor: VersionTime,
}

/// Where an extent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExtentRecord {
    pub(crate) address: Address,
    /// As it is stored.
    pub(crate) length: u64,
    /// The key of its bytes, if they are encrypted.
    pub(crate) seal: Option<SealRecord>,
}

impl ExtentRecord {
    /// All of it, as a slice.
    pub(crate) fn whole(&self, extent: ExtentId) -> Slice {
        Slice {
            extent,
            tiny: false,
            sealed: self.seal.is_some(),
            offset: 0,
            length: self.given_length(),
        }
    }

    /// How many bytes slices can have of it.
    pub(crate) fn given_length(&self) -> u64 {
        match self.seal {
            Some(_) => given_length(self.length),
            None => self.length,
        }
    }
}

/// Who holds a reference to a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Referrer {
    /// A version of an object.
    Version(BucketId, ObjectKey, VersionTime),
    /// A part of an upload.
    Part(UploadRef, PartNumber),
}

/// What is under way and not yet published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pending {
    /// A body whose longer list is being written.
    Body,
    /// An upload being completed; its body's longer list may have been begun.
    Completing(BucketId, ObjectKey, UploadId),
    /// A bucket being deleted.
    Deleting(BucketName),
}

/// The answer to a move with a client token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenRecord {
    /// A digest of what was asked for.
    pub(crate) request: Md5,
    pub(crate) etag: ETag,
    pub(crate) crc64: Crc64,
    pub(crate) last_modified: Timestamp,
    pub(crate) version_id: Option<VersionId>,
    pub(crate) source: Deleted,
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Happened(pub(crate) bool);

/// A row whose existence says it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker;

impl Record for FormatRecord {
    const WHAT: &'static str = "format row";

    fn encode(&self, to: &mut Encoder) {
        to.number(self.version);
        to.number(self.epoch);
        to.number(self.floor.0);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            version: from.number()?,
            epoch: from.number()?,
            floor: VersionTime(from.number()?),
        })
    }
}

impl Record for ExtentRecord {
    const WHAT: &'static str = "extent row";

    fn encode(&self, to: &mut Encoder) {
        to.bytes(&self.address.0);
        to.number(self.length);
        if let Some(seal) = &self.seal {
            seal.encode(to);
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            address: Address(Bytes::copy_from_slice(from.bytes()?)),
            length: from.number()?,
            seal: match from.is_empty() {
                true => None,
                false => Some(SealRecord::decode(from)?),
            },
        })
    }
}

impl Record for Referrer {
    const WHAT: &'static str = "reference row";

    fn encode(&self, to: &mut Encoder) {
        match self {
            Self::Version(bucket, key, time) => {
                to.byte(0);
                to.fixed(&bucket.0);
                to.bytes(key.as_str().as_bytes());
                to.number(time.0);
            }
            Self::Part(upload, number) => {
                to.byte(1);
                to.fixed(&upload.0);
                to.number(u64::from(number.get()));
            }
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(match from.byte()? {
            0 => Self::Version(
                BucketId(from.fixed()?),
                from.key()?,
                VersionTime(from.number()?),
            ),
            1 => Self::Part(
                UploadRef(from.fixed()?),
                PartNumber::try_from(from.number()?)
                    .map_err(|_| Damaged("a part number that is none"))?,
            ),
            _ => return Err(Damaged("an unknown referrer")),
        })
    }
}

impl Record for Pending {
    const WHAT: &'static str = "pending row";

    fn encode(&self, to: &mut Encoder) {
        match self {
            Self::Body => to.byte(0),
            Self::Completing(bucket, key, upload) => {
                to.byte(1);
                to.fixed(&bucket.0);
                to.bytes(key.as_str().as_bytes());
                to.bytes(upload.as_str().as_bytes());
            }
            Self::Deleting(bucket) => {
                to.byte(2);
                to.bytes(bucket.as_str().as_bytes());
            }
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(match from.byte()? {
            0 => Self::Body,
            1 => Self::Completing(BucketId(from.fixed()?), from.key()?, from.parse()?),
            2 => Self::Deleting(from.bucket_name()?),
            _ => return Err(Damaged("an unknown kind")),
        })
    }
}

impl Record for TokenRecord {
    const WHAT: &'static str = "token row";

    fn encode(&self, to: &mut Encoder) {
        to.fixed(&self.request.0);
        to.etag(&self.etag);
        to.crc64(self.crc64);
        to.moment(self.last_modified);
        to.version_id(self.version_id.as_ref());
        to.version_id(self.source.version_id.as_ref());
        to.flag(self.source.delete_marker);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            request: from.md5()?,
            etag: from.etag()?,
            crc64: from.crc64()?,
            last_modified: from.moment()?,
            version_id: from.version_id()?,
            source: Deleted {
                version_id: from.version_id()?,
                delete_marker: from.flag()?,
            },
        })
    }
}

impl Record for Happened {
    const WHAT: &'static str = "outcome row";

    fn encode(&self, to: &mut Encoder) {
        to.flag(self.0);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        from.flag().map(Self)
    }
}

impl Record for Marker {
    const WHAT: &'static str = "marker row";

    fn encode(&self, _: &mut Encoder) {}

    fn decode(_: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self)
    }
}
