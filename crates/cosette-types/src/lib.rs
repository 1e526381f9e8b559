//! What the words of object storage mean: names, versions, ranges, preconditions and their rules.
//!
//! Everything here is a value: parse once at the edge, carry the type. There is deliberately no I/O,
//! no clock, no async, and no wire or disk format in this crate; those rooms convert at their edge.

pub mod access;
pub mod bucket;
pub mod checksum;
pub mod content;
pub mod copy;
pub mod cors;
pub mod encryption;
mod error;
pub mod etag;
pub mod key;
pub mod lifecycle;
pub mod limits;
pub mod policy;
pub mod precondition;
pub mod range;
pub mod running;
pub mod storage_class;
pub mod tags;
pub mod time;
pub mod upload;
pub mod version;

pub use access::{AclHeaders, CannedAcl, Grant, Grantee, Owner, Permission};
pub use bucket::{AppId, BucketName, Region};
pub use checksum::{
    Checksum, ChecksumAlgorithm, ChecksumKind, ChecksumType, Crc64, DeclaredChecksum, Md5,
};
pub use content::{ContentHeaders, Metadata, Text, UserMetadata};
pub use copy::{CopySource, Directive};
pub use cors::{CorsMethod, CorsRule};
pub use encryption::{CustomerKey, Encryption};
pub use error::{Error, Why};
pub use etag::{ETag, ETagMatch};
pub use key::ObjectKey;
pub use policy::{Action, Policy};
pub use precondition::{Facts, Preconditions, ReadOutcome};
pub use range::{ByteRange, ReadRange, Span};
pub use running::RunningChecksum;
pub use storage_class::{OtherClass, StorageClass};
pub use tags::Tags;
pub use time::Timestamp;
pub use upload::{PartNumber, UploadId};
pub use version::{VersionId, VersionTime};
