//! One call for each operation, named as the seed and the official SDKs name it.
//!
//! A call is put together by setters and sent by `send()`. Setters take a value or its text. What is
//! required and left out, and what is not legal, is an error that names it before anything is sent.

mod acl;
mod setters;

mod buckets;
mod objects;
mod uploads;

pub use buckets::{
    CancelPrefixJob, DeleteBucket, DeleteBucketCors, DeleteBucketEncryption, DeleteBucketLifecycle,
    DeleteBucketPolicy, DeleteBucketTagging, DeleteMultipleObject, GetBucket, GetBucketAcl,
    GetBucketCors, GetBucketEncryption, GetBucketLifecycle, GetBucketLocation, GetBucketPolicy,
    GetBucketTagging, GetBucketVersioning, GetCapabilities, GetPrefixJob, GetService, HeadBucket,
    ListObjectVersions, ListPrefixJobs, MultipartList, OptionsObject, PutBucket, PutBucketAcl,
    PutBucketCors, PutBucketEncryption, PutBucketLifecycle, PutBucketPolicy, PutBucketTagging,
    PutBucketVersioning, StartPrefixJob,
};
pub use objects::{
    AppendObject, DeleteObject, DeleteObjectTagging, GetObject, GetObjectAcl, GetObjectTagging,
    HeadObject, ObjectWithBody, PutObject, PutObjectAcl, PutObjectCopy, PutObjectTagging,
    RenameObject, RestoreObject,
};
pub use uploads::{
    MultipartAbort, MultipartComplete, MultipartInit, MultipartListPart, MultipartUpload,
    UploadPartCopy,
};

pub(crate) use setters::{
    acl_setters, common_setters, condition_setter, metadata_setters, source_condition_setters,
    tag_setters,
};
