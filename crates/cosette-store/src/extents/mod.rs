//! The second seam: immutable runs of bytes, written once, synced, read in ranges, freed.
//!
//! Bodies larger than a tiny one live here. An extent never moves, so an address never changes and a
//! reader never races with a compactor. Object keys never become file names: a driver's only
//! path-forming function takes integers.
//!
//! What a driver promises:
//! 1. After `sync` of an address, its bytes survive loss of power (directory entries included).
//! 2. `read` gives the bytes that were written, or an error: each block is checked.
//! 3. `free` gives the space back; it is called once no reader and no row refers to the extent.
//! 4. Memory per writer and per reader is bounded, whatever the extent's length.

pub mod folder;
pub mod memory;
pub mod segments;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::meta::Boxed;

/// Longest extent; longer bodies are lists of extents.
pub const EXTENT_BYTES_MAX: u64 = 64 << 20;
/// Bytes covered by one checksum; reads touch and check whole blocks.
pub const BLOCK_BYTES: u64 = 64 << 10;

/// The random name of an extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtentId(pub [u8; 16]);

/// Where a driver put an extent, in the driver's own words; kept in the extent's row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address(pub Bytes);

/// A failure of the driver itself.
#[derive(Debug, Clone)]
pub enum ExtentError {
    /// The disk failed; the text is for the log.
    Io(Arc<str>),
    /// What is stored is not what was written; the text says where.
    Corrupt(Arc<str>),
    /// A sync failed before: no more writes until reopened.
    Poisoned,
    /// There is no room for more bytes.
    Full,
}

impl fmt::Display for ExtentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(cause) => write!(f, "extent I/O failed: {cause}"),
            Self::Corrupt(place) => write!(f, "stored bytes are damaged: {place}"),
            Self::Poisoned => {
                f.write_str("an earlier sync failed; the store takes no writes until reopened")
            }
            Self::Full => f.write_str("no room left for object bytes"),
        }
    }
}

impl std::error::Error for ExtentError {}

/// An extent being written. Dropping it unfinished leaves bytes that no row refers to; the driver
/// gives them back when it is next opened, if not before.
pub trait ExtentWriter: Send + fmt::Debug {
    /// Appends bytes; at most [`EXTENT_BYTES_MAX`] in all.
    fn append(&mut self, bytes: Bytes) -> Boxed<'_, Result<(), ExtentError>>;

    /// Ends the extent. Its bytes are readable at the address, and durable after `sync`.
    fn finish(self: Box<Self>) -> Boxed<'static, Result<Address, ExtentError>>;
}

/// A range of an extent, read piece by piece.
pub trait RangeReader: Send + fmt::Debug {
    /// Reads the next piece, which is some tens of KiB, into `buffer` and says where in it the piece
    /// is; empty at the end. Waits for the device.
    ///
    /// # Errors
    /// As [`Extents::read`]: bytes are those that were written, or there are none.
    fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Range<usize>, ExtentError>;
}

/// A driver for immutable runs of bytes.
pub trait Extents: Send + Sync + fmt::Debug {
    /// Whether its bytes may have to be waited for, so that threads are worth having.
    fn waits(&self) -> bool {
        false
    }

    /// A range for a thread that may wait, so that bytes need not pass from task to task; `None`
    /// where only tasks can read.
    fn range(
        &self,
        _address: &Address,
        _offset: u64,
        _length: u64,
    ) -> Option<Box<dyn RangeReader>> {
        None
    }

    /// Begins an extent. `expected_bytes`, when known, is the most that will be appended; it lets a
    /// driver choose where the extent goes.
    fn begin(
        &self,
        id: ExtentId,
        expected_bytes: Option<u64>,
    ) -> Boxed<'_, Result<Box<dyn ExtentWriter>, ExtentError>>;

    /// Makes finished extents durable; concurrent calls share syncs.
    fn sync<'a>(&'a self, addresses: &'a [Address]) -> Boxed<'a, Result<(), ExtentError>>;

    /// Reads `length` bytes from `offset` of an extent: all of them, or an error. At most
    /// [`READ_BYTES_MAX`] a call.
    fn read<'a>(
        &'a self,
        address: &'a Address,
        offset: u64,
        length: u64,
    ) -> Boxed<'a, Result<Bytes, ExtentError>>;

    /// Gives the space of extents back, durably. An address that was freed before is no error.
    fn free<'a>(&'a self, addresses: &'a [Address]) -> Boxed<'a, Result<(), ExtentError>>;

    /// Calls `live` for the id of every extent found on the medium at open that may never have been
    /// published, and frees those it denies. Called once, before the first write.
    fn recover<'a>(
        &'a self,
        live: &'a (dyn Fn(ExtentId) -> Boxed<'a, Result<bool, ExtentError>> + Send + Sync),
    ) -> Boxed<'a, Result<(), ExtentError>>;

    /// Bytes that live extents and their headers take up on the medium, for tests and operators.
    fn allocated_bytes(&self) -> Boxed<'_, Result<u64, ExtentError>>;

    /// Bytes of object content written through this driver since it was opened.
    fn written_bytes(&self) -> u64;

    /// Whether a sync failed, so that it takes no more writes until reopened.
    fn is_poisoned(&self) -> bool {
        false
    }

    /// Finishes what is under way and lets go of the files. No call may follow. By then every
    /// finished extent is either referred to by a durable row or freed: after a close there is
    /// nothing left for [`Extents::recover`] to look at.
    fn close(&self) -> Boxed<'_, Result<(), ExtentError>>;
}

/// Most bytes of one [`Extents::read`]: enough that going to another thread for them costs little,
/// and few enough that what was read is still in a processor's cache when it is sent on.
pub const READ_BYTES_MAX: u64 = 512 << 10;
