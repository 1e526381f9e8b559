//! The narrow seam to the disk: one directory of files, and the few things drivers do with them.
//!
//! The real disk is one implementation; the other is simulated, and loses, keeps or tears at a
//! crash whatever was not synced, so that the very code that runs on the real one can be tried
//! against every way a power cut may end.

mod ballast;
mod real;
mod room;
pub mod simulated;

use std::fmt;
use std::io;
use std::sync::Arc;

pub(crate) use ballast::Ballast;
pub use real::RealDirectory;
pub use room::Room;

/// A directory of files. Names have no separators in them.
pub trait Directory: Send + Sync + fmt::Debug {
    /// Whether calls may wait for a device, so that they must not be made by tasks.
    fn waits(&self) -> bool;

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// `NotFound` if it is not there.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Makes an empty file, for its owner only. Its entry is there for good after [`Self::sync`].
    ///
    /// # Errors
    /// `AlreadyExists` if it is there.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Removes a file, for good after [`Self::sync`]. Whoever has it open may go on using it.
    ///
    /// # Errors
    /// `NotFound` if it is not there.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// The names of all files, in any order.
    ///
    /// # Errors
    /// Those of the disk.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Makes all entries durable.
    ///
    /// # Errors
    /// Those of the disk. What is durable is then unknown, and asking again would not tell.
    fn sync(&self) -> io::Result<()>;

    /// How much room is left.
    ///
    /// # Errors
    /// Those of the disk.
    fn room(&self) -> io::Result<Room>;
}

/// An open file.
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Its length in bytes.
    ///
    /// # Errors
    /// Those of the disk.
    fn length(&self) -> io::Result<u64>;

    /// Bytes that it takes up on the disk; holes take none.
    ///
    /// # Errors
    /// Those of the disk.
    fn allocated_bytes(&self) -> io::Result<u64>;

    /// Fills all of `bytes` from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file ends before.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes`; the file grows if need be.
    ///
    /// # Errors
    /// Those of the disk; some of the bytes may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file off, or lets it grow by a hole.
    ///
    /// # Errors
    /// Those of the disk.
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// The first byte at or after `offset` that is not in a hole; `None` if there is none.
    ///
    /// # Errors
    /// Those of the disk.
    fn next_data(&self, offset: u64) -> io::Result<Option<u64>>;

    /// Makes a hole; the file keeps its length. `false` where the file system cannot.
    ///
    /// # Errors
    /// Those of the disk.
    fn punch(&self, offset: u64, bytes: u64) -> io::Result<bool>;

    /// Makes the file's bytes durable, and of what is known about it what is needed to read them.
    ///
    /// # Errors
    /// Those of the disk. What is durable is then unknown, and asking again would not tell.
    fn sync_data(&self) -> io::Result<()>;

    /// Makes the file's bytes durable, and all that is known about it.
    ///
    /// # Errors
    /// As [`Self::sync_data`].
    fn sync_all(&self) -> io::Result<()>;
}

/// Does work that may wait for a disk away from the tasks, or here if it never waits. The error says
/// how the work ended if it did not finish.
pub(crate) async fn away<T: Send + 'static>(
    waits: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    if !waits {
        // Others get their turn where they would have it if this took time.
        tokio::task::yield_now().await;
        return Ok(work());
    }
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| format!("disk work ended: {error}"))
}
