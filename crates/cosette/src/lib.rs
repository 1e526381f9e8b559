//! Copies and moves objects in Tencent Cloud Object Storage (COS) and in COS-compatible stores, at
//! any size, without losing any.
//!
//! [`Client`] has one call for each operation; calls are put together by setters and sent by
//! `send()`.
//!
//! Absent on purpose: anything that reads a terminal or a configuration file (the `cosette` command
//! does), and any knowledge of a server's inside.

mod argument;
mod body;
pub mod calls;
mod checksum;
mod client;
mod clock;
mod credentials;
mod download;
mod draft;
mod endpoint;
mod error;
mod idle;
mod list;
mod move_object;
mod presign;
mod progress;
mod reconcile;
mod reply;
mod retry;
mod send;
mod slice_copy;
pub mod transport;
mod upload;

pub use argument::Argument;
pub use body::{Body, BodyError};
pub use client::{Client, ClientBuilder};
pub use clock::{BoxFuture, Clock, SystemClock};
pub use credentials::Credentials;
pub use download::Download;
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind, Missing};
pub use list::Listing;
pub use move_object::{MoveOutcome, Mover};
pub use presign::Presigned;
pub use progress::Progress;
pub use reply::Output;
pub use retry::RetryPolicy;
pub use slice_copy::{SliceCopied, SliceCopy};
pub use transport::{HttpTransport, Transport, TransportError};
pub use upload::{Upload, Uploaded};

/// Times as headers, listings and results write them.
pub use cosette_proto::date;
pub use cosette_proto::ops::{
    AclDocument, BucketEntry, CompleteUploadReply, CompletedPart, ContentRange, CopyObjectReply,
    DeleteFailure, DeleteMarkerEntry, DeleteObjectReply, DeleteObjectsReply, DeletedEntry,
    GetAclReply, HeadBucketReply, InitiateUploadReply, ListBucketsReply, ListObjectsReply,
    ListPartsReply, ListUploadsReply, ListVersionsReply, MoveObjectReply, NewAcl, ObjectEntry,
    ObjectReply, ObjectToDelete, ObjectType, PartEntry, PutObjectReply, UploadEntry,
    UploadPartCopyReply, UploadPartReply, VersionEntry, VersionItem, VersioningStatus,
};
pub use cosette_types::{
    AclHeaders, AppId, BucketName, ByteRange, CannedAcl, ContentHeaders, CopySource, Crc64,
    Directive, ETag, ETagMatch, Grant, Grantee, Md5, Metadata, ObjectKey, Owner, PartNumber,
    Permission, Preconditions, ReadRange, Region, StorageClass, Text, Timestamp, UploadId,
    UserMetadata, VersionId,
};
