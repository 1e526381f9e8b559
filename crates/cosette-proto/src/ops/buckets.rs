//! PUT, HEAD and DELETE Bucket, and GET Bucket location: short requests without documents.

use cosette_types::{AclHeaders, BucketName, Region};

/// Makes a bucket in the region of the host that the request is sent to. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBucket {
    /// Its name.
    pub bucket: BucketName,
    /// Who else may use it.
    pub acl: AclHeaders,
}

/// Asks whether a bucket exists and may be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadBucket {
    /// The bucket.
    pub bucket: BucketName,
}

/// The bucket exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadBucketReply {
    /// The region it was made in.
    pub region: Option<Region>,
}

/// Removes a bucket that holds nothing: no object, version, delete marker or open upload.
/// The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteBucket {
    /// The bucket.
    pub bucket: BucketName,
}

/// Asks for the region a bucket was made in; the reply is a [`Region`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketLocation {
    /// The bucket.
    pub bucket: BucketName,
}
