//! A load generator for COS endpoints: how fast copies, moves and everything around them are, beside
//! what the machine could do at best.
//!
//! Lean, so that it can share two cores with what it measures: one connection for each worker, no
//! client library between, no repeats. Every request is signed as the protocol says. What is written
//! is written below a prefix of the run's own, and removed afterwards.
//!
//! Workers wait for each answer before they send the next request (a closed loop), so a server that
//! stalls also slows the load: the latencies are those of a client that waits, not of a flood.

mod clock;
mod connection;
mod error;
mod histogram;
mod objects;
mod payload;
mod plan;
mod prepare;
mod process;
mod random;
mod raw;
mod run;
mod site;
mod slice;
mod stop;
mod tally;
mod timeline;
mod worker;

pub use cosette_proto::Dialect;
pub use cosette_proto::sign::{Credentials, SecretKey};
pub use error::Error;
pub use histogram::{Bucket, Histogram};
pub use plan::{CONCURRENCY_MAX, Op, Plan, Workload};
pub use process::Usage;
pub use raw::Raw;
pub use run::{Job, Measurement, Report, Role, Stops, run};
pub use site::Site;
pub use stop::Stop;
pub use tally::{Measured, Tally, rate};
pub use timeline::Timeline;
