//! Bounds of documents and signatures on the wire.

/// Largest document of Complete: 10,000 parts are just under 1 MiB with tags of 32 digits, and just
/// under 3 MiB with a checksum beside each, as clients of the S3 dialect send them.
pub const COMPLETE_DOCUMENT_BYTES_MAX: usize = 4 << 20;
/// Largest document of Delete Multiple: 1,000 keys of 850 bytes, escaped.
pub const DELETE_DOCUMENT_BYTES_MAX: usize = 2 << 20;
/// Largest policy of a bucket.
pub const BUCKET_POLICY_BYTES_MAX: usize = 20 << 10;
/// Largest policy of a user.
pub const USER_POLICY_BYTES_MAX: usize = 6 << 10;
/// Largest policy that temporary credentials are narrowed to: it travels in their token.
pub const SESSION_POLICY_BYTES_MAX: usize = 6 << 10;
/// Most statements of a policy.
pub const POLICY_STATEMENTS_MAX: usize = 100;
/// Most rules of a bucket for pages of other origins.
pub const CORS_RULES_MAX: usize = 100;
/// Most lifecycle rules of a bucket.
pub const LIFECYCLE_RULES_MAX: usize = 1_000;
/// Longest name of a lifecycle rule.
pub const LIFECYCLE_ID_BYTES_MAX: usize = 255;
/// Most days, and most versions, that a lifecycle rule counts.
pub const LIFECYCLE_DAYS_MAX: u32 = i32::MAX.unsigned_abs();
/// Most days for which an archived object is restored.
pub const RESTORE_DAYS_MAX: u16 = 365;
/// Longest prefix that a prefix job takes keys from or gives them, in bytes.
pub const JOB_PREFIX_BYTES_MAX: usize = 850;
/// Largest document of any other request.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// How long a presigned request of the S3 dialect may be good for: a week.
pub const PRESIGNED_SECS_MAX: u64 = 7 * 24 * 60 * 60;
/// Longest line that frames a chunk of a body, or holds one of its trailers.
pub const CHUNK_LINE_BYTES_MAX: usize = 512;
/// Most lines after the last chunk of a body.
pub const TRAILERS_MAX: usize = 16;
/// Most bytes of a form before its file: fields, and what frames them.
pub const FORM_BYTES_MAX: usize = 64 << 10;
/// Most fields of a form.
pub const FORM_FIELDS_MAX: usize = 100;
/// Longest value of a field of a form: a policy is the longest.
pub const FORM_FIELD_BYTES_MAX: usize = 32 << 10;
/// Longest head of a part of a form.
pub const FORM_PART_HEAD_BYTES_MAX: usize = 4 << 10;
/// Longest border between the parts of a form.
pub const FORM_BOUNDARY_BYTES_MAX: usize = 70;
/// Most bytes that may follow the file of a form.
pub const FORM_EPILOGUE_BYTES_MAX: usize = 64 << 10;
/// Most conditions of the policy of a form.
pub const POST_POLICY_CONDITIONS_MAX: usize = 200;
