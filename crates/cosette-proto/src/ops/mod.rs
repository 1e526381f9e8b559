//! Every operation of the protocol: one file each, request and reply side by side.
//!
//! The bytes of objects are not in these messages: they stay streams beside them (the body of PUT
//! Object and Upload Part, the reply's body of GET Object).

mod abort_upload;
mod acl;
mod append_object;
mod buckets;
mod capabilities;
mod checksum;
mod complete_upload;
mod copy_object;
mod cors;
mod delete_object;
mod delete_objects;
mod document;
mod encryption;
mod get_object;
mod get_object_attributes;
mod initiate_upload;
mod lifecycle;
mod list_buckets;
mod list_objects;
mod list_objects_v2;
mod list_parts;
mod list_uploads;
mod list_versions;
mod move_object;
mod parameters;
mod policy;
mod post_object;
mod prefix_jobs;
mod put_object;
mod restore_object;
mod tagging;
mod upload_part;
mod upload_part_copy;
mod versioning;

pub use abort_upload::AbortUpload;
pub use acl::{
    AclDocument, GetAclReply, GetBucketAcl, GetObjectAcl, NewAcl, PutBucketAcl, PutObjectAcl,
};
pub use append_object::{AppendObject, AppendObjectReply};
pub use buckets::{DeleteBucket, GetBucketLocation, HeadBucket, HeadBucketReply, PutBucket};
pub use capabilities::{Capabilities, Capability, GetCapabilities};
pub use complete_upload::{CompleteUpload, CompleteUploadReply, CompletedPart};
pub use copy_object::{CopyObject, CopyObjectReply};
pub use cors::{
    CorsConfiguration, DeleteBucketCors, GetBucketCors, OptionsObject, OptionsObjectReply,
    PutBucketCors,
};
pub use delete_object::{DeleteObject, DeleteObjectReply};
pub use delete_objects::{
    DeleteFailure, DeleteObjects, DeleteObjectsReply, DeletedEntry, ObjectToDelete,
};
pub use encryption::{
    DeleteBucketEncryption, EncryptionConfiguration, GetBucketEncryption, PutBucketEncryption,
};
pub use get_object::{
    ContentRange, GetObject, HeadObject, ObjectReply, ObjectType, ResponseOverrides,
};
pub use get_object_attributes::{
    GetObjectAttributes, GetObjectAttributesReply, ObjectAttribute, PartAttributes, PartsAttribute,
    PartsPage,
};
pub use initiate_upload::{InitiateUpload, InitiateUploadReply};
pub use lifecycle::{
    DeleteBucketLifecycle, GetBucketLifecycle, LifecycleConfiguration, PutBucketLifecycle,
};
pub use list_buckets::{BucketEntry, ListBuckets, ListBucketsReply};
pub use list_objects::{ListObjects, ListObjectsReply, ListOwner, ObjectEntry};
pub use list_objects_v2::{ListObjectsV2, ListObjectsV2Reply};
pub use list_parts::{ListParts, ListPartsReply, PartEntry};
pub use list_uploads::{ListUploads, ListUploadsReply, UploadEntry};
pub use list_versions::{
    DeleteMarkerEntry, ListVersions, ListVersionsReply, VersionEntry, VersionItem,
};
pub use move_object::{MoveObject, MoveObjectReply};
pub use policy::{DeleteBucketPolicy, GetBucketPolicy, GetBucketPolicyReply, PutBucketPolicy};
pub use post_object::{OnSuccess, PostObject, PostObjectReply, Told, redirect};
pub use prefix_jobs::{
    CancelPrefixJob, GetPrefixJob, ListPrefixJobs, PrefixJob, PrefixJobKind, PrefixJobLeft,
    PrefixJobState, PrefixJobWish, StartPrefixJob,
};
pub use put_object::{PutObject, PutObjectReply};
pub use restore_object::{RestoreObject, RestoreObjectReply, RestoreTier};
pub use tagging::{
    DeleteBucketTagging, DeleteObjectTagging, GetBucketTagging, GetObjectTagging,
    GetObjectTaggingReply, ObjectTaggingReply, PutBucketTagging, PutObjectTagging,
};
pub use upload_part::{UploadPart, UploadPartReply};
pub use upload_part_copy::{UploadPartCopy, UploadPartCopyReply};
pub use versioning::{GetBucketVersioning, PutBucketVersioning, VersioningStatus};

/// Declares the operations once: their names, and the enum of all requests.
macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident => $text:literal,)*) => {
        /// The name of an operation, as documents, logs and policies write it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum OperationName {
            $($(#[$doc])* $variant,)*
        }

        impl OperationName {
            /// All operations.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the COS documents.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl std::fmt::Display for OperationName {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        /// One typed request of any operation.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Operation {
            $($(#[$doc])* $variant($variant),)*
        }

        impl Operation {
            /// Reads a request as the operation that routing found it to be.
            ///
            /// # Errors
            /// With the code and words that the caller gets.
            pub fn decode(
                name: OperationName,
                request: &crate::message::Request,
                dialect: crate::dialect::Dialect,
            ) -> Result<Self, crate::error::Error> {
                use crate::message::Message;
                match name {
                    $(OperationName::$variant => {
                        $variant::decode(request, dialect).map(Self::$variant)
                    })*
                }
            }

            /// Which operation it is.
            pub const fn name(&self) -> OperationName {
                match self {
                    $(Self::$variant(_) => OperationName::$variant,)*
                }
            }
        }
    };
}

operations! {
    /// GET Service
    ListBuckets => "GetService",
    /// GET capabilities (`GET /?cosette-capabilities`)
    GetCapabilities => "GetCapabilities",
    /// PUT Bucket
    PutBucket => "PutBucket",
    /// HEAD Bucket
    HeadBucket => "HeadBucket",
    /// DELETE Bucket
    DeleteBucket => "DeleteBucket",
    /// GET Bucket location
    GetBucketLocation => "GetBucketLocation",
    /// PUT Bucket versioning
    PutBucketVersioning => "PutBucketVersioning",
    /// GET Bucket versioning
    GetBucketVersioning => "GetBucketVersioning",
    /// PUT Bucket acl
    PutBucketAcl => "PutBucketACL",
    /// GET Bucket acl
    GetBucketAcl => "GetBucketACL",
    /// PUT Bucket policy
    PutBucketPolicy => "PutBucketPolicy",
    /// GET Bucket policy
    GetBucketPolicy => "GetBucketPolicy",
    /// DELETE Bucket policy
    DeleteBucketPolicy => "DeleteBucketPolicy",
    /// Start a prefix job (`POST ?prefix-job`)
    StartPrefixJob => "StartPrefixJob",
    /// GET prefix job (`GET ?prefix-job=<id>`)
    GetPrefixJob => "GetPrefixJob",
    /// List prefix jobs (`GET ?prefix-jobs`)
    ListPrefixJobs => "ListPrefixJobs",
    /// Cancel a prefix job (`DELETE ?prefix-job=<id>`)
    CancelPrefixJob => "CancelPrefixJob",
    /// PUT Bucket cors
    PutBucketCors => "PutBucketCORS",
    /// GET Bucket cors
    GetBucketCors => "GetBucketCORS",
    /// DELETE Bucket cors
    DeleteBucketCors => "DeleteBucketCORS",
    /// PUT Bucket lifecycle
    PutBucketLifecycle => "PutBucketLifecycle",
    /// GET Bucket lifecycle
    GetBucketLifecycle => "GetBucketLifecycle",
    /// DELETE Bucket lifecycle
    DeleteBucketLifecycle => "DeleteBucketLifecycle",
    /// PUT Bucket encryption
    PutBucketEncryption => "PutBucketEncryption",
    /// GET Bucket encryption
    GetBucketEncryption => "GetBucketEncryption",
    /// DELETE Bucket encryption
    DeleteBucketEncryption => "DeleteBucketEncryption",
    /// OPTIONS Object
    OptionsObject => "OptionsObject",
    /// PUT Bucket tagging
    PutBucketTagging => "PutBucketTagging",
    /// GET Bucket tagging
    GetBucketTagging => "GetBucketTagging",
    /// DELETE Bucket tagging
    DeleteBucketTagging => "DeleteBucketTagging",
    /// GET Bucket (List Objects)
    ListObjects => "GetBucket",
    /// List Objects V2 (S3)
    ListObjectsV2 => "ListObjectsV2",
    /// GET Bucket Object versions
    ListVersions => "GetBucketObjectVersions",
    /// List Multipart Uploads
    ListUploads => "ListMultipartUploads",
    /// DELETE Multiple Objects
    DeleteObjects => "DeleteMultipleObjects",
    /// PUT Object
    PutObject => "PutObject",
    /// POST Object
    PostObject => "PostObject",
    /// PUT Object - Copy
    CopyObject => "PutObjectCopy",
    /// GET Object
    GetObject => "GetObject",
    /// HEAD Object
    HeadObject => "HeadObject",
    /// Get Object Attributes (S3)
    GetObjectAttributes => "GetObjectAttributes",
    /// DELETE Object
    DeleteObject => "DeleteObject",
    /// Move Object (`PUT ?rename`)
    MoveObject => "RenameObject",
    /// PUT Object acl
    PutObjectAcl => "PutObjectACL",
    /// GET Object acl
    GetObjectAcl => "GetObjectACL",
    /// APPEND Object
    AppendObject => "AppendObject",
    /// POST Object restore
    RestoreObject => "PostObjectRestore",
    /// PUT Object tagging
    PutObjectTagging => "PutObjectTagging",
    /// GET Object tagging
    GetObjectTagging => "GetObjectTagging",
    /// DELETE Object tagging
    DeleteObjectTagging => "DeleteObjectTagging",
    /// Initiate Multipart Upload
    InitiateUpload => "InitiateMultipartUpload",
    /// Upload Part
    UploadPart => "UploadPart",
    /// Upload Part - Copy
    UploadPartCopy => "UploadPartCopy",
    /// Complete Multipart Upload
    CompleteUpload => "CompleteMultipartUpload",
    /// Abort Multipart Upload
    AbortUpload => "AbortMultipartUpload",
    /// List Parts
    ListParts => "ListParts",
}
