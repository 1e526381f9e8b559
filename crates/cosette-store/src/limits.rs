//! Every upper bound of this room that is not a driver's, in one place.

use std::time::Duration;

/// Bodies up to this many bytes are rows of the metadata engine (default of `Options`).
pub const TINY_BYTES_DEFAULT: usize = 16 << 10;
/// The largest that a tiny body may be configured to be: it must fit into one row.
pub const TINY_BYTES_MAX: usize = 60 << 10;
/// How long the answers to a completed upload and to a client token are kept, in seconds.
pub const ANSWER_KEPT_SECS: u64 = 24 * 60 * 60;
/// Most keys of a store's key file: the newest encrypts, the others are kept to decrypt.
pub const ENCRYPTION_KEYS_MAX: usize = 1000;
/// Most remembered digests of ranges of one body.
pub const DIGESTS_PER_BODY_MAX: usize = 10_000;
/// Longest client token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 64;
/// Longest name of a directory row, in bytes.
pub const DIRECTORY_KEY_BYTES_MAX: usize = 512;
/// Largest value of a directory row.
pub const DIRECTORY_VALUE_BYTES_MAX: usize = 60 << 10;
/// Most directory rows that change at one instant.
pub const DIRECTORY_CHANGES_MAX: usize = 50;
/// Largest document that may be left with a bucket.
pub const BUCKET_DOCUMENT_BYTES_MAX: usize = 1 << 20;

/// Bytes of one row of such a document.
pub(crate) const BUCKET_DOCUMENT_PIECE_BYTES: usize = 60 << 10;
/// Most prefix jobs under way.
pub const JOBS_RUNNING_MAX: usize = 64;
/// Objects that a prefix job may leave where they were before it gives up.
pub const JOB_LEFT_MAX: u64 = 10_000;
/// How long a prefix job that has ended can be asked for, in seconds.
pub const JOB_KEPT_SECS: u64 = 7 * 24 * 60 * 60;
/// How long it can be asked what a job left where it was, from then on, in seconds.
pub const JOB_LEFT_KEPT_SECS: u64 = 30 * 24 * 60 * 60;

/// Objects that a prefix job looks at together.
pub(crate) const JOB_BATCH_OBJECTS: usize = 64;
/// Checks and writes after which a transaction of several objects takes no more.
pub(crate) const JOB_TXN_ENTRIES: usize = 470;
/// Bytes after which it takes no more: an object's rows are far below the rest.
pub(crate) const JOB_TXN_BYTES: usize = 3 << 20;
/// Most rows that are counted of the sweep's backlog.
pub const BACKLOG_ROWS_MAX: usize = 10_000;

/// Tries of one transaction before it is given up as a conflict.
pub(crate) const TRIES_MAX: u32 = 64;
/// From this try on, a transaction also waits for its turn at the keys that it only reads.
pub(crate) const TRIES_BEFORE_QUEUEING: u32 = 4;
/// Longest pause between two tries, in milliseconds.
pub(crate) const RETRY_PAUSE_MAX_MS: u32 = 50;
/// How long the outcome of a transaction can be looked up, in seconds.
pub(crate) const OUTCOME_KEPT_SECS: u64 = 60 * 60;
/// Most bytes of one PUT: its extents fit into one transaction.
pub(crate) const STAGED_BYTES_MAX: u64 = 8 << 30;
/// Most chained rows of one body.
pub(crate) const CHAIN_ROWS_MAX: usize = 6000;
/// Locks that keys are spread over, for taking turns at hot keys.
pub(crate) const KEY_LOCKS: usize = 1024;
/// Bytes of a body that are written again at a time, when a copy is to be encrypted otherwise.
pub(crate) const REWRITE_STEP_BYTES: u64 = 1 << 30;
/// How often a copy begins anew because its source was replaced while it was being written again.
pub(crate) const REWRITES_MAX: usize = 4;
/// Reads of object bytes under way for one stream.
pub(crate) const READ_AHEAD: usize = 2;
/// Slices of a body that are handed to the threads that hash at a time.
pub(crate) const RANGES_MAX: usize = 64;
/// Bytes of a body's list of parts that stay in the body's own row.
pub(crate) const INLINE_LIST_BYTES_MAX: usize = 24 << 10;
/// Bytes of one row of a longer list.
pub(crate) const CHAIN_ROW_BYTES_MAX: usize = 48 << 10;
/// Rows that one transaction may carry for a body beside its own; more are written before it.
pub(crate) const BODY_WRITES_MAX: usize = 180;
/// Checks and writes of one transaction of the sweep.
pub(crate) const SWEEP_WRITES_MAX: usize = 400;
/// Rows read at once by anything that walks a table.
pub(crate) const SCAN_ROWS: usize = 1000;
/// Bodies whose count of remembered digests is kept in memory.
pub(crate) const DIGEST_COUNTS_MAX: usize = 1024;
/// The background sweep looks for work at least this often.
pub(crate) const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
/// How far ahead of the clock version times are provided for, so that a crash does not let them begin
/// again where they were when the store was last closed.
pub(crate) const TIMES_AHEAD_MICROS: u64 = 60 * 60 * 1_000_000;
/// The same where they are ahead of the clock already, as after a crash: so many may be given until the
/// next sweep.
pub(crate) const TIMES_SPARE: u64 = 10_000_000;
/// Marks of one body that the sweep looks at in one transaction.
pub(crate) const MARKS_MAX: usize = 60;
/// Digests of a body that are forgotten in one transaction. Most bodies have none, and to see that of
/// so few rows is worth no other thread.
pub(crate) const DIGESTS_FORGOTTEN_AT_ONCE: usize = 60;
/// How long the background sweep lets work gather before it begins.
pub(crate) const SWEEP_PAUSE: Duration = Duration::from_millis(200);
/// Damaged extents that a scrub tells of, one by one.
pub const DAMAGES_MAX: usize = 1000;
/// Objects that a scrub names for one damaged extent.
pub const HOLDERS_MAX: usize = 100;
/// Rows that a scrub reads at once: those of tiny extents are large.
pub(crate) const SCRUB_ROWS: usize = 200;
/// Facts that the check holds in memory at the same time: some 35 MiB, and half as much again while the
/// map that holds them grows. More of a kind than that are gathered in several walks.
pub const FSCK_FACTS_MAX: usize = 500_000;
/// Rows of one body's list whose extents the check holds at the same time.
pub(crate) const FSCK_LIST_ROWS: usize = 64;
/// Most bytes of one frame of an export.
pub(crate) const FRAME_BYTES_MAX: usize = (1 << 20) + (64 << 10);
/// Bytes of rows that are gathered for one frame of an export.
pub(crate) const FRAME_ROWS_BYTES: usize = 256 << 10;
/// Bodies that are remembered as perhaps unreferenced while a store is exported; with more of them
/// every body is looked up.
pub(crate) const SUSPECTS_MAX: usize = 100_000;
/// Frames of an export that wait for a reader.
pub(crate) const FRAMES_AHEAD: usize = 4;
/// Bytes of one transaction of an import.
pub(crate) const IMPORT_TXN_BYTES: usize = 1 << 20;
/// Transactions of an import under way.
pub(crate) const IMPORT_TXNS: usize = 8;
/// Extents of an import that are made durable together.
pub(crate) const IMPORT_EXTENTS: usize = 64;
