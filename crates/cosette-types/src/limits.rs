//! Every upper bound that a name, a number or a list of the protocol has, in one place.
//!
//! Bounds of a server's sockets, queues and caches are its own (`cosette-server`'s `limits`).

/// Longest object key in the COS dialect, in bytes of UTF-8.
pub const KEY_BYTES_MAX: usize = 850;
/// Longest object key in the S3 dialect, and the longest that a store keeps.
pub const KEY_BYTES_MAX_S3: usize = 1024;
/// Longest `BucketName` part of a bucket's name, without `-APPID`.
pub const BUCKET_NAME_BYTES_MAX: usize = 50;
/// Longest whole bucket label `BucketName-APPID`: a DNS label.
pub const BUCKET_LABEL_BYTES_MAX: usize = 63;
/// Shortest bucket name of the S3 dialect.
pub const BUCKET_NAME_BYTES_MIN_S3: usize = 3;
/// Bytes of all user metadata of one object: each name's part after `x-cos-meta-` plus its value.
pub const USER_METADATA_BYTES_MAX: usize = 2048;
/// Bytes of one content header's value.
pub const CONTENT_HEADER_BYTES_MAX: usize = 1024;
/// Longest name of a storage class that only a service knows.
pub const OTHER_CLASS_BYTES_MAX: usize = 32;
/// Highest part number of an upload.
pub const PART_NUMBER_MAX: u16 = 10_000;
/// Smallest part that is not the last one of its upload, checked when the upload completes.
pub const PART_BYTES_MIN: u64 = 1 << 20;
/// Largest body of one PUT Object or Upload Part.
pub const PUT_BYTES_MAX: u64 = 5 << 30;
/// Largest object an upload may make: 10,000 parts of 5 GiB each.
pub const OBJECT_BYTES_MAX: u64 = PUT_BYTES_MAX * PART_NUMBER_MAX as u64;
/// Most entries on one page of any listing but that of buckets, and the default.
pub const LIST_ENTRIES_MAX: u16 = 1000;
/// Most buckets on one page, and the default. The official Python client always asks for so many.
pub const LIST_BUCKETS_MAX: u16 = 2000;
/// Most keys of one Delete Multiple Objects.
pub const DELETE_KEYS_MAX: usize = 1000;
/// Most grants in one ACL.
pub const GRANTS_MAX: usize = 100;
/// Most tags of one object.
pub const OBJECT_TAGS_MAX: usize = 10;
/// Most tags of one bucket.
pub const BUCKET_TAGS_MAX: usize = 50;
/// Longest key of a tag, in characters.
pub const TAG_KEY_CHARS_MAX: usize = 128;
/// Longest value of a tag, in characters.
pub const TAG_VALUE_CHARS_MAX: usize = 256;
/// Longest version or upload id taken from outside.
pub const ID_BYTES_MAX: usize = 256;
/// Smallest part of a slice copy; smaller wishes are raised to it.
pub const CHUNK_BYTES_MIN: u64 = 1 << 20;
/// Default part size of a slice copy (the seed's `ChunkSize`).
pub const CHUNK_BYTES_DEFAULT: u64 = 1 << 20;
/// Default size up to which a slice copy is one request (the seed's `SliceSize`).
pub const SLICE_BYTES_DEFAULT: u64 = 5 << 30;
