//! Bounds of documents on the wire.

/// Largest document of Complete: 10,000 parts are just under 1 MiB with tags of 32 digits.
pub const COMPLETE_DOCUMENT_BYTES_MAX: usize = 2 << 20;
/// Largest document of Delete Multiple: 1,000 keys of 850 bytes, escaped.
pub const DELETE_DOCUMENT_BYTES_MAX: usize = 2 << 20;
/// Most rules of a bucket for pages of other origins.
pub const CORS_RULES_MAX: usize = 100;
/// Most days for which an archived object is restored.
pub const RESTORE_DAYS_MAX: u16 = 365;
/// Longest prefix that a prefix job takes keys from or gives them, in bytes.
pub const JOB_PREFIX_BYTES_MAX: usize = 850;
/// Largest document of any other request.
pub const DOCUMENT_BYTES_MAX: usize = 64 << 10;
