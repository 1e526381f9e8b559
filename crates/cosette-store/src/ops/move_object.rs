//! Moves an object: the target appears and the source goes at one instant, whatever the size.
//!
//! The target is put as a PUT would; the source is removed as a DELETE would (a version named is
//! itself removed). Metadata, class, ACL and owner go along.

use cosette_types::{
    BucketName, CopySource, Crc64, ETag, ObjectKey, Preconditions, Timestamp, VersionId,
};

use super::delete_object::Deleted;
use crate::error::Error;
use crate::store::Store;

/// An object to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveObject {
    /// What is moved; its region is not looked at.
    pub source: CopySource,
    /// The target's bucket.
    pub bucket: BucketName,
    /// The target's key.
    pub key: ObjectKey,
    /// What must hold of the source.
    pub preconditions: Preconditions,
    /// Refuses to replace an existing object. Without effect once the bucket was ever versioned.
    pub forbid_overwrite: bool,
    /// Names this move for a day: a repeat with the same token gets the first answer.
    pub client_token: Option<String>,
}

/// An object that was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its tag.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When it was moved.
    pub last_modified: Timestamp,
    /// The target's version id, if versioning is enabled there (not if suspended).
    pub version_id: Option<VersionId>,
    /// What happened to the source.
    pub source: Deleted,
}

impl Store {
    /// Moves an object.
    ///
    /// # Errors
    /// [`Error::SelfMove`] when source and target are the same bucket and key;
    /// [`Error::TokenReused`] when the token named another move, or is empty or too long; else as
    /// [`Store::copy_object`].
    pub async fn move_object(&self, request: MoveObject) -> Result<Moved, Error> {
        Err(Error::io("under construction"))
    }
}
