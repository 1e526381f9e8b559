//! Every upper bound of the server's sockets and bodies, in one place. Those of names, parts and
//! lists are the protocol's own (`cosette_types::limits`).

use std::time::Duration;

/// Most bytes of a request line and its headers together; more is 431.
pub const HEAD_BYTES_MAX: usize = 32 << 10;
/// Most headers of one request; more is 431.
pub const HEADERS_MAX: usize = 100;
/// From the first byte of a request until its head must be whole.
pub const HEAD_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may wait for its next request.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections served at once; the next ones wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 1024;
/// How long a stopping server waits for requests under way.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a body may take before its speed is looked at.
pub const BODY_GRACE: Duration = Duration::from_secs(30);
/// Slowest average speed of a body, in bytes a second, after the grace.
pub const BODY_BYTES_PER_SEC_MIN: u64 = 16 << 10;
/// Largest document of a request.
pub const DOCUMENT_BYTES_MAX: usize = cosette_proto::xml::DOCUMENT_BYTES_MAX;
/// Bytes of a refused request's body that are read and thrown away, so that the client gets to read
/// the refusal before the connection closes under it.
pub const REFUSED_BYTES_MAX: u64 = 64 << 20;
/// How long that may take.
pub const REFUSED_TIMEOUT: Duration = Duration::from_secs(10);

/// From the arrival of a copy or a complete until its status is sent without knowing the result.
pub const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(5);
/// Between two bytes of white space that keep a long answer's connection alive.
pub const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(5);

/// Users that are kept.
pub const USERS_MAX: usize = 10_000;
/// Key pairs of one user.
pub const USER_KEYS_MAX: usize = 5;
/// Policies of one user.
pub const USER_POLICIES_MAX: usize = 10;
/// Longest name of a user or a user's policy.
pub const NAME_BYTES_MAX: usize = 64;
/// Shortest and longest time that temporary credentials last, in seconds.
pub const TOKEN_SECS_MIN: u64 = 60;
/// See [`TOKEN_SECS_MIN`].
pub const TOKEN_SECS_MAX: u64 = 36 * 60 * 60;
/// How long temporary credentials last if nothing is said, in seconds.
pub const TOKEN_SECS_DEFAULT: u64 = 30 * 60;
/// Longest time that temporary credentials of an account's own key last, in seconds.
pub const TOKEN_SECS_OF_ACCOUNT_MAX: u64 = 2 * 60 * 60;
/// How far the time of a request for temporary credentials may be off, in seconds.
pub const STS_SKEW_SECS_MAX: u64 = 5 * 60;
/// Longest token: the largest session policy, as text in JSON and sealed, is well below.
pub const TOKEN_BYTES_MAX: usize = 20 << 10;
/// Parsed policies of buckets that are kept in memory.
pub const PARSED_POLICIES_MAX: usize = 1000;
/// Largest request of an operator, and of temporary credentials.
pub const ADMIN_REQUEST_BYTES_MAX: usize = 64 << 10;

/// Keys of one Delete Multiple Objects that are worked at together.
pub const DELETES_AT_ONCE: usize = 64;
