//! The one error of this crate: a fact about what is kept.
//!
//! Not `#[non_exhaustive]`: a new fact must not compile until the server has chosen its answer.

use std::fmt;
use std::sync::Arc;

use cosette_types::{
    BucketName, ChecksumAlgorithm, ChecksumType, Owner, PartNumber, StorageClass, VersionId,
};

use crate::extents::ExtentError;
use crate::meta::MetaError;

/// Why an operation did not happen. Nothing was changed, unless the variant says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// There is no bucket of this name.
    NoSuchBucket {
        /// The name.
        bucket: BucketName,
    },
    /// There is a bucket of this name already.
    BucketExists {
        /// Whose it is.
        owner: Owner,
    },
    /// The bucket holds objects, versions, delete markers or unfinished uploads.
    BucketNotEmpty,
    /// The right to the change ended before it happened ([`crate::Store::until`]).
    Expired,
    /// The key has no current version.
    NoSuchKey,
    /// The key's current version is a delete marker: to readers, the key does not exist.
    KeyIsDeleted {
        /// The marker's id.
        version_id: VersionId,
    },
    /// The key has no version of this id.
    NoSuchVersion,
    /// The version named is a delete marker: it has no bytes to read or copy.
    VersionIsDeleteMarker {
        /// Its id.
        version_id: VersionId,
    },
    /// The text is no version id of this store.
    MalformedVersionId,
    /// There is no such upload of this key: unknown, aborted, or completed.
    NoSuchUpload,
    /// A listed part was never stored, or its ETag is not the one listed.
    InvalidPart {
        /// The part.
        number: PartNumber,
    },
    /// A listed part has another checksum than the one listed, or none of that algorithm.
    PartChecksumDiffers {
        /// The part.
        number: PartNumber,
    },
    /// The parts do not make the checksum that the object was said to have.
    ChecksumDiffers {
        /// Its algorithm.
        algorithm: ChecksumAlgorithm,
    },
    /// A checksum of the object was sent, and its parts tell none to compare it with.
    ChecksumNotKnown {
        /// Its algorithm.
        algorithm: ChecksumAlgorithm,
    },
    /// The object was said to have a checksum of another type than its upload was begun with.
    ChecksumTypeDiffers {
        /// That of the upload.
        kind: ChecksumType,
    },
    /// The parts do not have as many bytes as the object was said to have.
    ObjectSizeDiffers {
        /// How many they have.
        size: u64,
    },
    /// The listed part numbers are not strictly ascending.
    InvalidPartOrder,
    /// No part is listed.
    NoPartsListed,
    /// A part other than the last is smaller than the least size of a part.
    PartTooSmall {
        /// The part.
        number: PartNumber,
        /// Its size.
        size: u64,
    },
    /// The object would be larger than an object may be.
    ObjectTooLarge {
        /// The largest size.
        limit: u64,
    },
    /// The object would be made of more slices of other objects than a body may have.
    TooFragmented,
    /// A precondition on the source does not hold.
    PreconditionFailed,
    /// A precondition on what the write would replace or remove does not hold.
    TargetPreconditionFailed,
    /// A settings document of a bucket is larger than one may be.
    SettingTooLarge {
        /// The largest size.
        limit: usize,
    },
    /// An append that does not begin at the object's end.
    AppendPosition {
        /// Where it would have to begin.
        next: u64,
    },
    /// An append to an object that was put otherwise, or in a bucket with versions.
    NotAppendable,
    /// A copy of an object that may be appended to: its body is its own.
    Appendable,
    /// A restore of an object that is not archived.
    NotArchived {
        /// Its class.
        class: StorageClass,
    },
    /// A restore of an object that is being restored.
    RestoreUnderWay,
    /// There is no prefix job of this id, or it is forgotten.
    NoSuchJob,
    /// A prefix job whose targets could be its sources again.
    PrefixesOverlap,
    /// As many prefix jobs are under way as there may be.
    TooManyJobs,
    /// A copy of an object onto itself that would change nothing.
    SelfCopyWithoutChange,
    /// A move of an object onto itself.
    SelfMove,
    /// The source's class is one that must be restored before it can be copied.
    Archived {
        /// The class.
        class: StorageClass,
    },
    /// The range reaches beyond the end of the source.
    RangeBeyondEnd {
        /// The source's size.
        size: u64,
    },
    /// Overwriting was forbidden, and the key exists.
    ObjectExists,
    /// The client token was used for another move before.
    TokenReused,
    /// The store has no key to encrypt with.
    NoEncryptionKey,
    /// The store's key with which this is encrypted is not among its keys.
    EncryptionKeyMissing {
        /// The key's id.
        id: Arc<str>,
    },
    /// A key of the store is another than the one that had its id.
    EncryptionKeyDiffers {
        /// The key's id.
        id: Arc<str>,
    },
    /// It is encrypted with a customer's key, and none was given.
    CustomerKeyNeeded,
    /// It is encrypted with another customer's key than the one given.
    CustomerKeyWrong,
    /// A customer's key was given for what is not encrypted with one.
    CustomerKeyNotApplicable,
    /// A copy is to keep its source's encryption, and that is a customer's key: the target's must be
    /// named.
    TargetEncryptionNeeded,
    /// Others changed the same things at the same time, again and again; a later try may succeed.
    Conflict,
    /// There is no room for more.
    Full,
    /// A sync failed before: the store takes no writes until it is reopened.
    Poisoned,
    /// What is stored is not what was written.
    Corrupt {
        /// Where and what; for the log.
        what: Arc<str>,
    },
    /// The disk, the engine or the network failed. Whether a write happened may be unknown.
    Io {
        /// For the log.
        cause: Arc<str>,
    },
}

impl Error {
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt {
            what: what.into().into(),
        }
    }

    /// Whether nothing was written for certain: a fact forbade it. After any other error a commit
    /// may have happened.
    pub(crate) fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::Io { .. } | Self::Poisoned | Self::Corrupt { .. }
        )
    }

    pub(crate) fn io(cause: impl fmt::Display) -> Self {
        Self::Io {
            cause: cause.to_string().into(),
        }
    }
}

impl From<MetaError> for Error {
    fn from(error: MetaError) -> Self {
        match error {
            MetaError::Io(cause) => Self::Io { cause },
            MetaError::Poisoned => Self::Poisoned,
            MetaError::Full => Self::Full,
        }
    }
}

impl From<ExtentError> for Error {
    fn from(error: ExtentError) -> Self {
        match error {
            ExtentError::Io(cause) => Self::Io { cause },
            ExtentError::Corrupt(what) => Self::Corrupt { what },
            ExtentError::Poisoned => Self::Poisoned,
            ExtentError::Full => Self::Full,
        }
    }
}

impl fmt::Display for Error {
    #[expect(
        clippy::too_many_lines,
        reason = "a table: a line or two for each fact"
    )]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchBucket { bucket } => write!(f, "there is no bucket {bucket}"),
            Self::BucketExists { owner } => write!(f, "the bucket exists and belongs to {owner}"),
            Self::BucketNotEmpty => f.write_str("the bucket is not empty"),
            Self::Expired => f.write_str("the right to the change ended before it happened"),
            Self::NoSuchKey => f.write_str("the key does not exist"),
            Self::KeyIsDeleted { version_id } => {
                write!(f, "the key is deleted by the marker {version_id}")
            }
            Self::NoSuchVersion => f.write_str("the version does not exist"),
            Self::VersionIsDeleteMarker { version_id } => {
                write!(f, "the version {version_id} is a delete marker")
            }
            Self::MalformedVersionId => f.write_str("the version id is none of this store's"),
            Self::NoSuchUpload => f.write_str("the upload does not exist"),
            Self::InvalidPart { number } => write!(f, "part {number} is not stored with that ETag"),
            Self::PartChecksumDiffers { number } => {
                write!(f, "part {number} is not stored with that checksum")
            }
            Self::ChecksumDiffers { algorithm } => {
                write!(
                    f,
                    "the {algorithm} of the parts together is not the one that was sent"
                )
            }
            Self::ChecksumNotKnown { algorithm } => write!(
                f,
                "the {algorithm} of the object cannot be compared: begin the upload with this \
                 algorithm, and send a checksum with each part"
            ),
            Self::ChecksumTypeDiffers { kind } => {
                write!(f, "the checksum of the object is of the type {kind}")
            }
            Self::ObjectSizeDiffers { size } => {
                write!(
                    f,
                    "the parts together have {size} bytes, not as many as were said"
                )
            }
            Self::InvalidPartOrder => f.write_str("the part numbers are not ascending"),
            Self::NoPartsListed => f.write_str("no part is listed"),
            Self::PartTooSmall { number, size } => {
                write!(f, "part {number} has only {size} bytes and is not the last")
            }
            Self::ObjectTooLarge { limit } => {
                write!(f, "the object would have more than {limit} bytes")
            }
            Self::TooFragmented => f.write_str("the object would have too many slices"),
            Self::PreconditionFailed => f.write_str("a precondition does not hold"),
            Self::AppendPosition { next } => {
                write!(f, "the next append begins at position {next}")
            }
            Self::NotAppendable => f.write_str("the object cannot be appended to"),
            Self::Appendable => f.write_str("an object that is appended to cannot be copied"),
            Self::NotArchived { class } => write!(f, "the object is {class}, not archived"),
            Self::RestoreUnderWay => f.write_str("the object is being restored already"),
            Self::NoSuchJob => f.write_str("the job does not exist"),
            Self::PrefixesOverlap => {
                f.write_str("one prefix begins with the other, so a target could be a source again")
            }
            Self::TooManyJobs => f.write_str("too many prefix jobs are under way"),
            Self::TargetPreconditionFailed => {
                f.write_str("a precondition on the target does not hold")
            }
            Self::SettingTooLarge { limit } => {
                write!(f, "the document is larger than {limit} bytes")
            }
            Self::SelfCopyWithoutChange => {
                f.write_str("a copy of an object onto itself must change something")
            }
            Self::SelfMove => f.write_str("an object cannot be moved onto itself"),
            Self::Archived { class } => write!(f, "the source is {class} and not restored"),
            Self::RangeBeyondEnd { size } => {
                write!(f, "the range reaches beyond the source's {size} bytes")
            }
            Self::ObjectExists => f.write_str("the key exists, and overwriting is forbidden"),
            Self::TokenReused => f.write_str("the client token was used for another move"),
            Self::NoEncryptionKey => f.write_str("the store has no key to encrypt with"),
            Self::EncryptionKeyMissing { id } => write!(
                f,
                "the key {id}, with which this is encrypted, is not in the store's key file"
            ),
            Self::EncryptionKeyDiffers { id } => write!(
                f,
                "the key {id} in the store's key file is not the one that the store was written with"
            ),
            Self::CustomerKeyNeeded => {
                f.write_str("the object is encrypted with a customer's key, which must be given")
            }
            Self::CustomerKeyWrong => f.write_str("the object has another customer's key"),
            Self::CustomerKeyNotApplicable => {
                f.write_str("a customer's key is given, and the object is not encrypted with one")
            }
            Self::TargetEncryptionNeeded => f.write_str(
                "the source is encrypted with a customer's key, which a copy does not keep by itself: \
                 name the target's encryption",
            ),
            Self::Conflict => f.write_str("others kept changing the same things"),
            Self::Full => f.write_str("there is no room left"),
            Self::Poisoned => f.write_str("an earlier sync failed; reopen the store to write"),
            Self::Corrupt { what } => write!(f, "stored data is damaged: {what}"),
            Self::Io { cause } => write!(f, "I/O failed: {cause}"),
        }
    }
}

impl std::error::Error for Error {}
