//! The SDK's promises, through its public face: against a store in this process, and against a
//! service that does what a test's script says.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the lints spare what is marked as a test, not the helpers beside it"
)]

mod able;
mod arguments;
mod clock;
mod copying;
mod cuts;
mod every_path;
mod forms;
mod house;
mod jobs;
mod keys;
mod kills;
mod moves;
mod moving;
mod network;
mod parts;
mod reconcile;
mod resume;
mod s3;
mod same_outcome;
mod script;
mod secrets;
mod signers;
mod slices;
mod sockets;
mod strategy;
mod transfers;
