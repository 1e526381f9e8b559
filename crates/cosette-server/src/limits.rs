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
/// How long the handshake of TLS may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections served at once; more are closed at once.
pub const CONNECTIONS_MAX: usize = 1024;
/// Connections of one address; more are closed at once.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 256;
/// How many addresses one of this machine counts as: a proxy may stand there for many, or a program of
/// the operator's own that opens a connection for each of a thousand copies.
pub const SHARES_OF_THIS_MACHINE: usize = 4;
/// How long a stopping server waits for requests under way.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// The pause between two rounds in which lifecycle rules are applied.
pub const LIFECYCLE_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// How long after a start the first round begins.
pub const LIFECYCLE_FIRST: Duration = Duration::from_secs(60);
/// Versions, uploads or buckets that are looked at at once.
pub const LIFECYCLE_PAGE: usize = 1000;
/// The pause after each page: requests go first.
pub const LIFECYCLE_PAUSE: Duration = Duration::from_millis(10);
/// After how many days an unfinished upload is aborted, whatever rules say.
pub const UPLOADS_EXPIRE_DAYS: u32 = 30;

/// How long a client may keep us waiting for a body, in either direction, before its speed is looked at.
pub const BODY_GRACE: Duration = Duration::from_secs(30);
/// Slowest average speed of a body, in bytes a second, after the grace.
pub const BODY_BYTES_PER_SEC_MIN: u64 = 16 << 10;
/// Largest document of a request; operations have bounds of their own below it (1 MiB, but for
/// Complete and Delete Multiple).
pub const DOCUMENT_BYTES_MAX: usize = cosette_proto::limits::COMPLETE_DOCUMENT_BYTES_MAX;
/// Bytes of a refused request's body that are read and thrown away, so that the client gets to read
/// the refusal before the connection closes under it.
pub const REFUSED_BYTES_MAX: u64 = 64 << 20;
/// How long that may take.
pub const REFUSED_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests under way at once; more are asked to come again.
pub const REQUESTS_MAX: usize = 1024;
/// Memory that the bodies of all requests under way may take together.
pub const BODY_MEMORY_BYTES_MAX: usize = 64 << 20;
/// How long a request waits for its share of that before it is asked to come again.
pub const BODY_MEMORY_WAIT: Duration = Duration::from_secs(5);
/// The share of a body that streams: what it holds between the socket and the disk.
pub const STREAM_SHARE_BYTES: usize = 512 << 10;
/// The share of a document for each of its bytes: it is read into a tree.
pub const DOCUMENT_SHARE: usize = 4;

/// Unfinished uploads of one bucket; more are asked to come again.
pub const UPLOADS_PER_BUCKET_MAX: u64 = 10_000;
/// Buckets of one account.
pub const BUCKETS_PER_ACCOUNT_MAX: u64 = 1_000;

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

/// The bounds that an operator may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// See [`HEAD_BYTES_MAX`].
    pub head_bytes_max: usize,
    /// See [`HEADERS_MAX`].
    pub headers_max: usize,
    /// See [`HEAD_READ_TIMEOUT`].
    pub head_read_timeout: Duration,
    /// See [`IDLE_TIMEOUT`].
    pub idle_timeout: Duration,
    /// See [`HANDSHAKE_TIMEOUT`].
    pub handshake_timeout: Duration,
    /// See [`CONNECTIONS_MAX`].
    pub connections_max: usize,
    /// See [`CONNECTIONS_PER_ADDRESS_MAX`].
    pub connections_per_address_max: usize,
    /// See [`DRAIN_TIMEOUT`].
    pub drain_timeout: Duration,
    /// See [`BODY_GRACE`].
    pub body_grace: Duration,
    /// See [`BODY_BYTES_PER_SEC_MIN`].
    pub body_bytes_per_sec_min: u64,
    /// See [`DOCUMENT_BYTES_MAX`]; it never widens the bound of an operation.
    pub document_bytes_max: usize,
    /// See [`REQUESTS_MAX`].
    pub requests_max: usize,
    /// See [`BODY_MEMORY_BYTES_MAX`].
    pub body_memory_bytes_max: usize,
    /// See [`BODY_MEMORY_WAIT`].
    pub body_memory_wait: Duration,
    /// See [`UPLOADS_PER_BUCKET_MAX`].
    pub uploads_per_bucket_max: u64,
    /// See [`BUCKETS_PER_ACCOUNT_MAX`].
    pub buckets_per_account_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes_max: HEAD_BYTES_MAX,
            headers_max: HEADERS_MAX,
            head_read_timeout: HEAD_READ_TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            connections_max: CONNECTIONS_MAX,
            connections_per_address_max: CONNECTIONS_PER_ADDRESS_MAX,
            drain_timeout: DRAIN_TIMEOUT,
            body_grace: BODY_GRACE,
            body_bytes_per_sec_min: BODY_BYTES_PER_SEC_MIN,
            document_bytes_max: DOCUMENT_BYTES_MAX,
            requests_max: REQUESTS_MAX,
            body_memory_bytes_max: BODY_MEMORY_BYTES_MAX,
            body_memory_wait: BODY_MEMORY_WAIT,
            uploads_per_bucket_max: UPLOADS_PER_BUCKET_MAX,
            buckets_per_account_max: BUCKETS_PER_ACCOUNT_MAX,
        }
    }
}
