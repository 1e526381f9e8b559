//! What Cosette keeps: versions, uploads, bodies and the extents that hold their bytes.
//!
//! Two narrow seams carry everything: [`meta::Meta`], an ordered key-value store with snapshots and
//! one conditional commit, and [`extents::Extents`], write-once runs of bytes. What is above them is
//! written once, whatever the drivers are. This crate knows no HTTP, no XML and no signatures.

pub mod extents;
pub mod meta;
