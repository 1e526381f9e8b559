//! The store as those who build on it see it, over drivers in memory, real files and simulated disks.
//!
//! One program, because each would compile and link the store's generic code once more.
//! `cargo test -p cosette-store --test it races::` runs one file's tests.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails where it stands; its helpers too"
)]

mod buckets;
mod checksums;
mod clocks;
mod common;
mod copies;
mod crash;
mod directory;
mod encryption;
mod extents;
mod folder;
mod fsck;
mod incidents;
mod interleavings;
mod lifecycle;
mod linearizability;
mod listings;
mod meta_conformance;
mod model;
mod moves;
mod objects;
mod races;
mod rot;
mod schedules;
mod simulation;
mod unknown;
mod upkeep;
mod uploads;
