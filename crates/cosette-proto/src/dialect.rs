//! The dialects of the protocol: how each semantic header is spelled. The only place where a prefix
//! is written.

/// A way of speaking the protocol. The S3 dialect joins here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// Tencent COS: `x-cos-` headers, q-sign signatures.
    #[default]
    Cos,
}

/// A semantic header, whatever a dialect calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The preset ACL.
    Acl,
    /// Grantees that may read.
    GrantRead,
    /// Grantees that may write.
    GrantWrite,
    /// Grantees that may read the ACL.
    GrantReadAcp,
    /// Grantees that may write the ACL.
    GrantWriteAcp,
    /// Grantees that may do all.
    GrantFullControl,
    /// The object, or version, that a copy reads.
    CopySource,
    /// The bytes of it that a part copy takes.
    CopySourceRange,
    /// The source's tag must match.
    CopySourceIfMatch,
    /// The source's tag must differ.
    CopySourceIfNoneMatch,
    /// The source must have been modified since.
    CopySourceIfModifiedSince,
    /// The source must not have been modified since.
    CopySourceIfUnmodifiedSince,
    /// The version that was copied.
    CopySourceVersionId,
    /// Keep or replace the source's metadata.
    MetadataDirective,
    /// Storage class.
    StorageClass,
    /// Refuse to replace an existing object.
    ForbidOverwrite,
    /// The version made, read or removed.
    VersionId,
    /// Whether a delete marker was made, met or removed.
    DeleteMarker,
    /// CRC-64 of the whole object.
    HashCrc64,
    /// `normal` or `appendable`.
    ObjectType,
    /// State of a restore.
    Restore,
    /// Region of the bucket.
    BucketRegion,
    /// Names one request.
    RequestId,
    /// Names one failed request, for support.
    TraceId,
    /// Token of temporary credentials.
    SecurityToken,
    /// A move's source.
    RenameSource,
    /// Makes a repeated move give the first answer.
    ClientToken,
    /// Set on requests that an SDK repeats.
    SdkRetry,
    /// Object tags.
    Tagging,
    /// Keep or replace the source's tags.
    TaggingDirective,
    /// How many tags an object has.
    TaggingCount,
    /// How long an object is after an append.
    NextAppendPosition,
    /// Bandwidth limit of one request.
    TrafficLimit,
}

impl Dialect {
    /// The header's name, in lower case.
    pub const fn name(self, field: Field) -> &'static str {
        match self {
            Self::Cos => cos_name(field),
        }
    }

    /// What the names of user metadata headers begin with.
    pub const fn metadata_prefix(self) -> &'static str {
        match self {
            Self::Cos => "x-cos-meta-",
        }
    }

    /// What the names of server-side encryption headers begin with, of targets and of sources.
    pub const fn encryption_prefixes(self) -> [&'static str; 2] {
        match self {
            Self::Cos => [
                "x-cos-server-side-encryption",
                "x-cos-copy-source-server-side-encryption",
            ],
        }
    }

    /// What the names of all headers that carry meaning begin with: those that must be signed.
    pub const fn semantic_prefixes() -> [&'static str; 3] {
        ["x-cos-", "x-ci-", "x-amz-"]
    }
}

const fn cos_name(field: Field) -> &'static str {
    match field {
        Field::Acl => "x-cos-acl",
        Field::GrantRead => "x-cos-grant-read",
        Field::GrantWrite => "x-cos-grant-write",
        Field::GrantReadAcp => "x-cos-grant-read-acp",
        Field::GrantWriteAcp => "x-cos-grant-write-acp",
        Field::GrantFullControl => "x-cos-grant-full-control",
        Field::CopySource => "x-cos-copy-source",
        Field::CopySourceRange => "x-cos-copy-source-range",
        Field::CopySourceIfMatch => "x-cos-copy-source-if-match",
        Field::CopySourceIfNoneMatch => "x-cos-copy-source-if-none-match",
        Field::CopySourceIfModifiedSince => "x-cos-copy-source-if-modified-since",
        Field::CopySourceIfUnmodifiedSince => "x-cos-copy-source-if-unmodified-since",
        Field::CopySourceVersionId => "x-cos-copy-source-version-id",
        Field::MetadataDirective => "x-cos-metadata-directive",
        Field::StorageClass => "x-cos-storage-class",
        Field::ForbidOverwrite => "x-cos-forbid-overwrite",
        Field::VersionId => "x-cos-version-id",
        Field::DeleteMarker => "x-cos-delete-marker",
        Field::HashCrc64 => "x-cos-hash-crc64ecma",
        Field::ObjectType => "x-cos-object-type",
        Field::Restore => "x-cos-restore",
        Field::BucketRegion => "x-cos-bucket-region",
        Field::RequestId => "x-cos-request-id",
        Field::TraceId => "x-cos-trace-id",
        Field::SecurityToken => "x-cos-security-token",
        Field::RenameSource => "x-cos-rename-source",
        Field::ClientToken => "x-cos-client-token",
        Field::SdkRetry => "x-cos-sdk-retry",
        Field::Tagging => "x-cos-tagging",
        Field::TaggingDirective => "x-cos-tagging-directive",
        Field::TaggingCount => "x-cos-tagging-count",
        Field::NextAppendPosition => "x-cos-next-append-position",
        Field::TrafficLimit => "x-cos-traffic-limit",
    }
}
