//! `object_store` in the S3 dialect, `opendal` in both, against a server on a socket.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails where it stands; its helpers too"
)]

mod house;
mod object_store;
mod opendal;
mod wire;
