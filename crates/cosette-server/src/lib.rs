//! A COS-compatible server in which a copy of any size is one small durable transaction.
//!
//! This room joins the protocol to the store: it owns sockets, tasks and the clock, decides who may
//! do what, and turns facts of the store into answers. The path of a request is `service.rs`.

mod access;
pub mod admin;
mod admin_http;
mod auth;
mod body;
pub mod config;
mod connection;
pub mod embedded;
mod error;
mod keep_alive;
pub mod keys;
mod lifecycle;
pub mod limits;
pub mod listen;
mod log;
mod memory;
pub mod metrics;
mod ops;
mod payload;
mod places;
mod policy;
mod prefix_jobs;
mod quota;
mod request_id;
mod service;
mod spelling;
mod sts;
pub mod tls;
pub mod users;

pub use admin_http::serve_admin;
pub use auth::{Account, Accounts};
pub use body::{Body, BoxError};
pub use config::Config;
pub use cosette_store::{Clock, SystemClock};
pub use embedded::{Embedded, OpenError, Opened};
pub use lifecycle::{LifecycleRound, LifecycleSettings};
pub use limits::Limits;
pub use listen::{Listener, serve, serve_tls};
pub use metrics::Metrics;
pub use service::Service;
pub use tls::Tls;
