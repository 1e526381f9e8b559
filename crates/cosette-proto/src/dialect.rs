//! The dialects of the protocol: how each semantic header is spelled, and which dialect a request is
//! of. The only place where a prefix is written.

use cosette_types::StorageClass;
use http::{HeaderMap, header};

use crate::message::Query;

/// A way of speaking the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// Tencent COS: `x-cos-` headers, q-sign signatures.
    #[default]
    Cos,
    /// Amazon S3: `x-amz-` headers, Signature Version 4.
    S3,
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
    /// How the target is, or is to be, encrypted with a key of the service.
    Encryption,
    /// Keep the source's encryption (an extension).
    EncryptionDirective,
    /// The algorithm of a customer's key.
    EncryptionCustomerAlgorithm,
    /// A customer's key.
    EncryptionCustomerKey,
    /// The key's MD5.
    EncryptionCustomerKeyMd5,
    /// The algorithm of the key of a copy's source.
    CopySourceCustomerAlgorithm,
    /// The customer's key of a copy's source.
    CopySourceCustomerKey,
    /// That key's MD5.
    CopySourceCustomerKeyMd5,
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
    /// The source of a move must have this tag (S3).
    RenameSourceIfMatch,
    /// The source of a move must not have this tag (S3).
    RenameSourceIfNoneMatch,
    /// The source of a move must have been modified since (S3).
    RenameSourceIfModifiedSince,
    /// The source of a move must not have been modified since (S3).
    RenameSourceIfUnmodifiedSince,
    /// Which attributes of an object are asked for (S3).
    ObjectAttributes,
    /// Most parts that are told of (S3).
    MaxParts,
    /// Only parts after this number are told of (S3).
    PartNumberMarker,
}

impl Dialect {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Cos, Self::S3];

    /// The dialect that a request speaks: told by its signature, else by headers that only one of
    /// them has. `None` for a request of nobody that could be of either.
    pub fn told(headers: &HeaderMap, query: &Query) -> Option<Self> {
        let text = headers.get(header::AUTHORIZATION).map(|v| v.as_bytes());
        match text.map(<[u8]>::trim_ascii).filter(|text| !text.is_empty()) {
            Some(text) if text.starts_with(b"AWS") => return Some(Self::S3),
            Some(_) => return Some(Self::Cos),
            None => {}
        }
        if query.has("sign") || query.has("q-signature") || query.has("q-ak") {
            return Some(Self::Cos);
        }
        let s3_query = [
            amz::QUERY_ALGORITHM,
            amz::QUERY_SIGNATURE,
            amz::QUERY_V2_KEY,
        ];
        if s3_query.into_iter().any(|name| query.has(name)) || query.has(amz::QUERY_CALL) {
            return Some(Self::S3);
        }
        let has = |prefix: &str| headers.keys().any(|name| name.as_str().starts_with(prefix));
        // What the SDKs of S3 send beside a request, a request that nobody signed too.
        match (has("x-cos-"), has("x-amz-") || has("amz-sdk-")) {
            (true, _) => Some(Self::Cos),
            (false, true) => Some(Self::S3),
            (false, false) => None,
        }
    }

    /// The header's name, in lower case. What S3 has no word for keeps its COS name, as an extension.
    pub const fn name(self, field: Field) -> &'static str {
        match self {
            Self::Cos => cos_name(field),
            Self::S3 => s3_name(field),
        }
    }

    /// What the dialect calls a storage class.
    pub fn class_name(self, class: &StorageClass) -> &str {
        match (self, class) {
            (Self::S3, StorageClass::Archive) => "GLACIER",
            (_, class) => class.as_str(),
        }
    }

    /// The word of COS for what a header of the dialect says.
    pub(crate) fn cos_word(self, field: Field, text: &str) -> &str {
        match (self, field) {
            (Self::S3, Field::StorageClass) if text.eq_ignore_ascii_case("GLACIER") => "ARCHIVE",
            _ => text,
        }
    }

    /// What the dialect calls a word of COS in the value of a header.
    pub(crate) fn word(self, field: Field, word: String) -> String {
        match (self, field, word.as_str()) {
            (Self::S3, Field::StorageClass, "ARCHIVE") => "GLACIER".to_owned(),
            (Self::S3, Field::MetadataDirective | Field::TaggingDirective, "Replaced") => {
                "REPLACE".to_owned()
            }
            (
                Self::S3,
                Field::MetadataDirective | Field::TaggingDirective | Field::EncryptionDirective,
                "Copy",
            ) => "COPY".to_owned(),
            _ => word,
        }
    }

    /// What the names of user metadata headers begin with.
    pub const fn metadata_prefix(self) -> &'static str {
        match self {
            Self::Cos => "x-cos-meta-",
            Self::S3 => "x-amz-meta-",
        }
    }

    /// What the names of server-side encryption headers begin with, of targets and of sources.
    pub const fn encryption_prefixes(self) -> [&'static str; 2] {
        match self {
            Self::Cos => [
                "x-cos-server-side-encryption",
                "x-cos-copy-source-server-side-encryption",
            ],
            Self::S3 => [
                "x-amz-server-side-encryption",
                "x-amz-copy-source-server-side-encryption",
            ],
        }
    }

    /// Whether a word in the header of encryption asks for keys of a key management service.
    pub(crate) fn is_key_service(self, word: &str) -> bool {
        ["cos/kms", "KMS", "aws:kms", "aws:kms:dsse"].contains(&word)
    }

    /// Headers that would change the outcome of a request, did we know them; without a prefix, what
    /// their names begin with. They are refused.
    pub const fn unknown_headers(self) -> &'static [&'static str] {
        match self {
            Self::Cos => &[],
            Self::S3 => &[
                "x-amz-expected-bucket-owner",
                "x-amz-source-expected-bucket-owner",
                "x-amz-object-lock-",
                "x-amz-bucket-object-lock-",
                "x-amz-website-redirect-location",
                "x-amz-write-offset-bytes",
                "x-amz-if-match-",
                "x-amz-bypass-governance-retention",
                "x-amz-mfa",
            ],
        }
    }

    /// What the names of all headers that carry meaning begin with: those that must be signed.
    pub const fn semantic_prefixes() -> [&'static str; 3] {
        ["x-cos-", "x-ci-", "x-amz-"]
    }
}

/// Names of COS that are spelled in a way of their own.
pub mod cos {
    /// How a reply spells the MD5 of a customer's key: the official SDK for Python looks for just that.
    pub const CUSTOMER_KEY_MD5_SPELLED: &str = "x-cos-server-side-encryption-customer-key-MD5";
}

/// Headers and parameters of the S3 dialect that COS has no counterpart for.
pub mod amz {
    /// What the names of its headers begin with.
    pub const PREFIX: &str = "x-amz-";
    /// How a reply spells the MD5 of a customer's key: some clients look for just that.
    pub const CUSTOMER_KEY_MD5_SPELLED: &str = "x-amz-server-side-encryption-customer-key-MD5";
    /// The hash, or the form, of a request's body.
    pub const CONTENT_SHA256: &str = "x-amz-content-sha256";
    /// When a request was signed.
    pub const DATE: &str = "x-amz-date";
    /// The length of a body without its frame.
    pub const DECODED_CONTENT_LENGTH: &str = "x-amz-decoded-content-length";
    /// Names what follows a body.
    pub const TRAILER: &str = "x-amz-trailer";
    /// The signature of what follows a body.
    pub const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";
    /// CRC-32 of a body.
    pub const CHECKSUM_CRC32: &str = "x-amz-checksum-crc32";
    /// CRC-32C of a body.
    pub const CHECKSUM_CRC32C: &str = "x-amz-checksum-crc32c";
    /// CRC-64/NVME of a body.
    pub const CHECKSUM_CRC64NVME: &str = "x-amz-checksum-crc64nvme";
    /// SHA-1 of a body.
    pub const CHECKSUM_SHA1: &str = "x-amz-checksum-sha1";
    /// SHA-256 of a body.
    pub const CHECKSUM_SHA256: &str = "x-amz-checksum-sha256";
    /// What a checksum in a reply is of.
    pub const CHECKSUM_TYPE: &str = "x-amz-checksum-type";
    /// Asks for the checksums of an object that is looked at.
    pub const CHECKSUM_MODE: &str = "x-amz-checksum-mode";
    /// The value of it that asks.
    pub const CHECKSUM_MODE_ENABLED: &str = "ENABLED";
    /// The algorithm of the checksum that an upload's object is to have.
    pub const CHECKSUM_ALGORITHM: &str = "x-amz-checksum-algorithm";
    /// How long the object is to be that Complete makes.
    pub const MP_OBJECT_SIZE: &str = "x-amz-mp-object-size";
    /// How many parts an object has that is read by a part's number.
    pub const PARTS_COUNT: &str = "x-amz-mp-parts-count";
    /// Headers that tell a checksum of an object.
    pub const CHECKSUMS: [&str; 5] = [
        CHECKSUM_CRC64NVME,
        CHECKSUM_CRC32C,
        CHECKSUM_CRC32,
        CHECKSUM_SHA256,
        CHECKSUM_SHA1,
    ];

    /// The algorithm of a signature in the query.
    pub const QUERY_ALGORITHM: &str = "X-Amz-Algorithm";
    /// Its key and scope.
    pub const QUERY_CREDENTIAL: &str = "X-Amz-Credential";
    /// When it was made.
    pub const QUERY_DATE: &str = "X-Amz-Date";
    /// For how many seconds it is good.
    pub const QUERY_EXPIRES: &str = "X-Amz-Expires";
    /// The headers that it covers.
    pub const QUERY_SIGNED_HEADERS: &str = "X-Amz-SignedHeaders";
    /// The signature.
    pub const QUERY_SIGNATURE: &str = "X-Amz-Signature";
    /// The token of temporary credentials.
    pub const QUERY_TOKEN: &str = "X-Amz-Security-Token";
    /// The key of the older signature.
    pub const QUERY_V2_KEY: &str = "AWSAccessKeyId";
    /// The older signature.
    pub const QUERY_V2_SIGNATURE: &str = "Signature";
    /// Until when the older signature is good, in seconds since 1970.
    pub const QUERY_V2_EXPIRES: &str = "Expires";
    /// Repeats the name of the call, for the reader of a log.
    pub const QUERY_CALL: &str = "x-id";
}

/// Whether a parameter, in lower case, is one of those that only the S3 dialect's signature has.
pub(crate) fn is_amz_parameter(name: &str) -> bool {
    name.starts_with("x-amz-") || name == amz::QUERY_CALL
}

/// Parameters, in lower case, that belong to an address or to how a body is sent; and those that clients
/// put there of a body that they do not know yet: its checksum, which would be that of nothing.
const OF_ADDRESSES: [&str; 17] = [
    "x-amz-algorithm",
    "x-amz-content-sha256",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-expires",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
    "x-amz-trailer",
    "x-amz-user-agent",
    amz::CHECKSUM_CRC32,
    amz::CHECKSUM_CRC32C,
    amz::CHECKSUM_CRC64NVME,
    amz::CHECKSUM_SHA1,
    amz::CHECKSUM_SHA256,
];

/// Whether a parameter, in lower case, stands for the header of that name.
pub(crate) fn stands_for_header(name: &str) -> bool {
    name.starts_with(amz::PREFIX) && !OF_ADDRESSES.contains(&name)
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
        Field::Encryption => "x-cos-server-side-encryption",
        Field::EncryptionDirective => "x-cos-server-side-encryption-directive",
        Field::EncryptionCustomerAlgorithm => "x-cos-server-side-encryption-customer-algorithm",
        Field::EncryptionCustomerKey => "x-cos-server-side-encryption-customer-key",
        Field::EncryptionCustomerKeyMd5 => "x-cos-server-side-encryption-customer-key-md5",
        Field::CopySourceCustomerAlgorithm => {
            "x-cos-copy-source-server-side-encryption-customer-algorithm"
        }
        Field::CopySourceCustomerKey => "x-cos-copy-source-server-side-encryption-customer-key",
        Field::CopySourceCustomerKeyMd5 => {
            "x-cos-copy-source-server-side-encryption-customer-key-md5"
        }
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
        Field::RenameSourceIfMatch => "x-cos-rename-source-if-match",
        Field::RenameSourceIfNoneMatch => "x-cos-rename-source-if-none-match",
        Field::RenameSourceIfModifiedSince => "x-cos-rename-source-if-modified-since",
        Field::RenameSourceIfUnmodifiedSince => "x-cos-rename-source-if-unmodified-since",
        Field::ObjectAttributes => "x-cos-object-attributes",
        Field::MaxParts => "x-cos-max-parts",
        Field::PartNumberMarker => "x-cos-part-number-marker",
    }
}

const fn s3_name(field: Field) -> &'static str {
    match field {
        Field::Acl => "x-amz-acl",
        Field::GrantRead => "x-amz-grant-read",
        Field::GrantWrite => "x-amz-grant-write",
        Field::GrantReadAcp => "x-amz-grant-read-acp",
        Field::GrantWriteAcp => "x-amz-grant-write-acp",
        Field::GrantFullControl => "x-amz-grant-full-control",
        Field::CopySource => "x-amz-copy-source",
        Field::CopySourceRange => "x-amz-copy-source-range",
        Field::CopySourceIfMatch => "x-amz-copy-source-if-match",
        Field::CopySourceIfNoneMatch => "x-amz-copy-source-if-none-match",
        Field::CopySourceIfModifiedSince => "x-amz-copy-source-if-modified-since",
        Field::CopySourceIfUnmodifiedSince => "x-amz-copy-source-if-unmodified-since",
        Field::CopySourceVersionId => "x-amz-copy-source-version-id",
        Field::MetadataDirective => "x-amz-metadata-directive",
        Field::Encryption => "x-amz-server-side-encryption",
        Field::EncryptionDirective => "x-amz-server-side-encryption-directive",
        Field::EncryptionCustomerAlgorithm => "x-amz-server-side-encryption-customer-algorithm",
        Field::EncryptionCustomerKey => "x-amz-server-side-encryption-customer-key",
        Field::EncryptionCustomerKeyMd5 => "x-amz-server-side-encryption-customer-key-md5",
        Field::CopySourceCustomerAlgorithm => {
            "x-amz-copy-source-server-side-encryption-customer-algorithm"
        }
        Field::CopySourceCustomerKey => "x-amz-copy-source-server-side-encryption-customer-key",
        Field::CopySourceCustomerKeyMd5 => {
            "x-amz-copy-source-server-side-encryption-customer-key-md5"
        }
        Field::StorageClass => "x-amz-storage-class",
        Field::ForbidOverwrite => "x-cos-forbid-overwrite",
        Field::VersionId => "x-amz-version-id",
        Field::DeleteMarker => "x-amz-delete-marker",
        Field::HashCrc64 => "x-cos-hash-crc64ecma",
        Field::ObjectType => "x-cos-object-type",
        Field::Restore => "x-amz-restore",
        Field::BucketRegion => "x-amz-bucket-region",
        Field::RequestId => "x-amz-request-id",
        Field::TraceId => "x-amz-id-2",
        Field::SecurityToken => "x-amz-security-token",
        Field::RenameSource => "x-amz-rename-source",
        Field::ClientToken => "x-amz-client-token",
        Field::SdkRetry => "x-cos-sdk-retry",
        Field::Tagging => "x-amz-tagging",
        Field::TaggingDirective => "x-amz-tagging-directive",
        Field::TaggingCount => "x-amz-tagging-count",
        Field::NextAppendPosition => "x-amz-next-append-position",
        Field::TrafficLimit => "x-cos-traffic-limit",
        Field::RenameSourceIfMatch => "x-amz-rename-source-if-match",
        Field::RenameSourceIfNoneMatch => "x-amz-rename-source-if-none-match",
        Field::RenameSourceIfModifiedSince => "x-amz-rename-source-if-modified-since",
        Field::RenameSourceIfUnmodifiedSince => "x-amz-rename-source-if-unmodified-since",
        Field::ObjectAttributes => "x-amz-object-attributes",
        Field::MaxParts => "x-amz-max-parts",
        Field::PartNumberMarker => "x-amz-part-number-marker",
    }
}
