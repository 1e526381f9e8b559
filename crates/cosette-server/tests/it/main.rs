//! The server as its clients see it: raw requests on sockets, exact answers, and after each test a
//! store that holds together.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails where it stands; its helpers too"
)]

mod access_matrix;
mod acl;
mod append;
mod bad_input;
mod buckets;
mod complete;
mod conditions;
mod copy;
mod corpus;
mod cors;
mod embedded;
mod encryption;
mod far_beyond;
mod faults;
mod get;
mod harness;
mod hosts;
mod keep_alive;
mod lifecycle;
mod limits;
mod linearizability;
mod listing;
mod log;
mod moving;
mod panics;
mod part_copy;
mod policies;
mod post;
mod prefix_jobs;
mod put;
mod s3;
mod s3_checksums;
mod semantics;
mod shared_bytes;
mod signatures;
mod slice;
mod sts;
mod tagging;
mod target_conditions;
mod times;
mod tls;
mod upload;
mod users;
mod versions;
mod wire;
