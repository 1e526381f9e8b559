//! How the words travel: every message of the protocol, once for both directions.
//!
//! An operation's request and reply live in one file under [`ops`], with `encode` and `decode` side by
//! side; server and SDK use the same code, so neither can understand what the other does not say.
//! Nothing here opens a socket, reads a clock or waits: time and randomness arrive as arguments.

pub mod aside;
pub mod copy_source;
pub mod date;
pub mod dialect;
pub mod error;
pub mod fields;
pub mod form;
pub mod head;
pub mod host;
pub mod limits;
pub mod message;
pub mod ops;
pub mod percent;
pub mod policy;
pub mod route;
pub mod sign;
pub mod xml;

pub use dialect::{Dialect, Field};
pub use error::{Error, ErrorCode, ErrorDocument};
pub use head::{Head, Place};
pub use host::{Hosts, Style};
pub use message::{Message, Query, Reply, Request, Target, Unreadable};
pub use ops::{Operation, OperationName};
