//! Copies and moves objects in Tencent Cloud Object Storage (COS) and in COS-compatible stores, at
//! any size, without losing any.
//!
//! [`Client`] has one call for each operation of the service. A call is put together by setters and
//! sent by `send()`; what is required and left out is an error before anything is sent.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
//! # fn main() { example(|client| async move {
//! let copied = client
//!     .slice_copy()
//!     .bucket("examplebucket-1250000000")
//!     .key("b/1.jpg")
//!     .copy_source("sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg")
//!     .send()
//!     .await?;
//! println!("{} has {} bytes, ETag {}", copied.location, copied.size, copied.etag);
//! # Ok(()) }) }
//! ```
//!
//! | to | call |
//! | --- | --- |
//! | copy an object of any size, in one request or in parts | [`Client::slice_copy`] |
//! | move one: copied, proved, then deleted | [`Client::move_object`] |
//! | store and read bytes, files and streams | [`Client::upload`], [`Client::download`] |
//! | send exactly one request | [`Client::put_object_copy`] and the others in [`calls`] |
//! | copy, move or remove many, so that a crash does no harm | [`transfer`] |
//! | list everything | [`GetBucket::objects`](calls::GetBucket::objects) and its like |
//!
//! Every call answers with an [`Output`] (status, headers, request id, value) or an [`Error`], whose
//! [`kind`](Error::kind) says what can be done. Requests travel by any [`Transport`]: TCP and TLS, a
//! Unix socket, or a service in the same process.
//!
//! Absent on purpose: anything that reads a terminal or the `cosette` command's own configuration,
//! and any knowledge of a server's inside.

mod able;
mod argument;
pub mod blocking;
mod body;
pub mod calls;
mod checksum;
mod client;
mod clock;
mod copier;
mod credentials;
mod download;
mod draft;
mod endpoint;
mod error;
mod idle;
mod leftovers;
mod list;
mod move_object;
mod pace;
mod presign;
mod presign_post;
mod progress;
mod proof;
pub mod provider;
mod reconcile;
mod remove;
mod reply;
mod retry;
mod send;
mod slice_copy;
pub mod transfer;
pub mod transport;
mod upload;

pub use argument::Argument;
pub use body::{Body, BodyError};
pub use client::{Client, ClientBuilder};
pub use clock::{BoxFuture, Clock, SystemClock};
pub use credentials::Credentials;
pub use download::{Download, Downloaded};
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind, Missing};
pub use list::Listing;
pub use move_object::{MoveOutcome, Mover};
pub use presign::{Presigned, is_presigned};
pub use presign_post::{PresignPost, PresignedPost};
pub use progress::Progress;
pub use proof::Proof;
pub use reply::Output;
pub use retry::RetryPolicy;
pub use slice_copy::{SliceCopied, SliceCopy};
pub use transport::{HttpTransport, Transport, TransportError};
pub use upload::{Upload, Uploaded};

/// How requests are spelled and signed.
pub use cosette_proto::Dialect;
/// Times as headers, listings and results write them.
pub use cosette_proto::date;
pub use cosette_proto::fields::EncryptedWith;
pub use cosette_proto::ops::{
    AclDocument, AppendObjectReply, BucketEntry, Capabilities, Capability, CompleteUploadReply,
    CompletedPart, ContentRange, CopyObjectReply, CorsConfiguration, DeleteFailure,
    DeleteMarkerEntry, DeleteObjectReply, DeleteObjectsReply, DeletedEntry,
    EncryptionConfiguration, GetAclReply, GetBucketPolicyReply, GetObjectTaggingReply,
    HeadBucketReply, InitiateUploadReply, LifecycleConfiguration, ListBucketsReply,
    ListObjectsReply, ListPartsReply, ListUploadsReply, ListVersionsReply, MoveObjectReply, NewAcl,
    ObjectEntry, ObjectReply, ObjectTaggingReply, ObjectToDelete, ObjectType, OptionsObjectReply,
    PartEntry, PrefixJob, PrefixJobKind, PrefixJobLeft, PrefixJobState, PrefixJobWish,
    PutObjectReply, RestoreObjectReply, RestoreTier, UploadEntry, UploadPartCopyReply,
    UploadPartReply, VersionEntry, VersionItem, VersioningStatus,
};
pub use cosette_types::lifecycle;
pub use cosette_types::{
    AclHeaders, AppId, BucketName, ByteRange, CannedAcl, ContentHeaders, CopySource, CorsMethod,
    CorsRule, Crc64, CustomerKey, Directive, ETag, ETagMatch, Encryption, Grant, Grantee, Md5,
    Metadata, ObjectKey, OtherClass, Owner, PartNumber, Permission, Preconditions, ReadRange,
    Region, StorageClass, Tags, Text, Timestamp, UploadId, UserMetadata, VersionId,
};
