//! Every bound of the transfer layer on what comes from outside.

/// Longest record of a plan or a journal. A key has at most 850 bytes and metadata 2 KiB; encoding
/// makes them at most six times as long.
pub const RECORD_BYTES_MAX: usize = 256 << 10;
/// Most entries of one plan.
pub const ENTRIES_MAX: u64 = 1 << 40;
/// Longest name of a job.
pub const JOB_ID_BYTES_MAX: usize = 64;
/// Entries that are read from a plan at a time.
pub const ENTRIES_AHEAD: usize = 256;
/// Records that wait for the journal's writer; a producer beyond that waits as well.
pub const RECORDS_WAITING_MAX: usize = 1024;
/// Most ranges of one download that are remembered when it is taken up again; the rest is fetched
/// again.
pub const RANGES_MAX: usize = 1 << 20;
/// Most requests under way at once, whatever is asked for.
pub const CONCURRENCY_MAX: usize = 1024;
/// Most entries whose bytes travel through this process at a time. Each has up to four parts in
/// memory.
pub const STREAMS_MAX: usize = 4;
/// Most entries whose one end is a file that are under way at a time. Each has a buffer of a few
/// hundred KiB in memory for each of up to four connections.
pub const FILES_MAX: usize = 8;
/// Most folders of which a job remembers what of them is durable; beyond that it forgets them all.
pub const FOLDERS_KNOWN_MAX: usize = 4096;
/// With fewer entries in a row that lost their connection a run goes on, however few are under way at a time.
pub const FAILURES_IN_A_ROW_MIN: usize = 16;
/// A run in which nothing went well ends with so many entries whose keys were refused.
pub const REFUSALS_MAX: usize = 3;
/// How often an entry whose source changes while it is copied is looked at again.
pub const RESTARTS_MAX: u32 = 3;
