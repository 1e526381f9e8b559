//! PUT and GET acl, of buckets and of objects.

use cosette_types::{AclHeaders, BucketName, Grant, ObjectKey, Owner, VersionId};

/// The document form of an ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclDocument {
    /// Whose the resource is.
    pub owner: Owner,
    /// What others may do. The owner's own grant may be listed or not.
    pub grants: Vec<Grant>,
}

/// A new ACL: by headers, or as a document. Headers win; a document beside them is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewAcl {
    /// A preset, grants, or both.
    Headers(AclHeaders),
    /// The document in the request's body.
    Document(AclDocument),
}

/// Replaces a bucket's ACL. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBucketAcl {
    /// The bucket.
    pub bucket: BucketName,
    /// Its new ACL.
    pub acl: NewAcl,
}

/// Asks for a bucket's ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketAcl {
    /// The bucket.
    pub bucket: BucketName,
}

/// Replaces the ACL of an object, or of one version of it. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutObjectAcl {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
    /// The new ACL.
    pub acl: NewAcl,
}

/// Asks for the ACL of an object, or of one version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetObjectAcl {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
}

/// An ACL as it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAclReply {
    /// The ACL.
    pub acl: AclDocument,
    /// An object without an ACL of its own (header `acl: default`): the bucket's rules apply.
    pub inherits: bool,
}
