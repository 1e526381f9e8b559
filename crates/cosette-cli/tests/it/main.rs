//! The real program: its standard output, its standard error, its exit code.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the lints spare what is marked as a test, not the helpers beside it"
)]

mod access;
mod around;
mod bench;
mod bulk;
mod class;
mod conditions;
mod config;
mod copy;
mod demo;
mod dialects;
mod encryption;
mod files;
mod fit;
mod history;
mod joining;
mod keeping;
mod listing;
#[cfg(target_os = "linux")]
mod memory;
mod metadata;
mod moving;
mod multipart;
mod network;
mod operating;
mod preflight;
mod readme;
mod results;
mod slices;
mod survival;
mod tls;
mod upkeep;
mod usage;
mod users;
mod web;
mod world;
