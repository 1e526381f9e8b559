//! Bytes between files and objects, and between objects: what `cp`, `mv` and `demo` do.

pub(crate) mod download;
pub(crate) mod given;
mod journaled;
pub(crate) mod local;
pub(crate) mod many;
pub(crate) mod map;
pub(crate) mod media_type;
mod meter;
pub(crate) mod single;
pub(crate) mod standard_input;
pub(crate) mod web;
pub(crate) mod wishes;

/// What users are told when what an earlier download left was of no use.
pub(crate) const STARTED_OVER: &str =
    "the source was written since an earlier download was cut off; it started over";
/// What users are told when nothing but the number of bytes could be compared.
pub(crate) const LENGTH_ONLY: &str =
    "the service told no checksum of its bytes: only their number was compared";

/// What users are told who give metadata that nothing will use.
pub(crate) const IGNORED_METADATA: &str = "the metadata given is ignored and the source's goes along: \
     that is what the directive Copy means; to replace it give --metadata-directive Replaced";
