//! Bytes between files and objects, and between objects: what `cp`, `mv` and `demo` do.

pub(crate) mod download;
pub(crate) mod given;
pub(crate) mod local;
pub(crate) mod many;
pub(crate) mod map;
pub(crate) mod media_type;
mod meter;
pub(crate) mod single;
pub(crate) mod standard_input;
pub(crate) mod web;
pub(crate) mod wishes;

/// What users are told who give metadata that nothing will use.
pub(crate) const IGNORED_METADATA: &str = "the metadata given is ignored and the source's goes along: \
     that is what the directive Copy means; to replace it give --metadata-directive Replaced";
