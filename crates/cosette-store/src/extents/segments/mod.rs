//! Extents in segment files of one folder: the driver of the embedded store.
//!
//! Segments are append-only files of about 1 GiB. An extent is a header and its bytes, at a multiple
//! of 4 KiB; each block of 64 KiB has a CRC-32C, checked by every read that touches it. Nothing is
//! ever moved: space comes back by punching holes, and a segment with nothing left in it is removed.
//!
//! What may have been written but not published is found after a crash by walking the headers of
//! the segments that were open then; a clean close leaves none. `docs/format.md` describes every
//! byte.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::future::try_join_all;

use self::files::Folder;
use self::format::Place;
use self::reader::PieceReader;
use self::space::{Space, failed};
use self::writer::SegmentWriter;
use super::{Address, ExtentError, ExtentId, ExtentWriter, Extents, READ_BYTES_MAX, RangeReader};
use crate::disk::{self, Directory, RealDirectory};
use crate::meta::Boxed;

mod buffers;
mod files;
mod format;
mod reader;
mod recovery;
mod segment;
mod space;
mod walk;
mod writer;

/// Extents in a folder of segment files.
#[derive(Debug)]
pub struct SegmentExtents {
    space: Arc<Space>,
}

impl SegmentExtents {
    /// Opens the extents in `folder`, making it if it is not there. After a crash,
    /// [`Extents::recover`] must come before the first write.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn open(folder: PathBuf) -> Result<Self, ExtentError> {
        let directory = blocking(true, move || {
            RealDirectory::open(folder).map_err(|error| failed("open", &error))
        });
        Self::open_in(Arc::new(directory.await?)).await
    }

    /// Opens the extents in a directory of any disk.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn open_in(directory: Arc<dyn Directory>) -> Result<Self, ExtentError> {
        let folder = Folder::new(directory);
        blocking(folder.waits(), move || {
            let space = Space::open(folder).map_err(|error| failed("open", &error))?;
            Ok(Self {
                space: Arc::new(space),
            })
        })
        .await
    }
}

impl Extents for SegmentExtents {
    fn waits(&self) -> bool {
        self.space.folder.waits()
    }

    fn range(&self, address: &Address, offset: u64, length: u64) -> Option<Box<dyn RangeReader>> {
        // An address that cannot be read is told of by the read of it.
        let place = Place::decode(address).ok().filter(|_| self.waits())?;
        let space = Arc::clone(&self.space);
        Some(Box::new(PieceReader::new(space, place, offset, length)))
    }

    fn begin(
        &self,
        id: ExtentId,
        expected_bytes: Option<u64>,
    ) -> Boxed<'_, Result<Box<dyn ExtentWriter>, ExtentError>> {
        Box::pin(async move {
            let space = Arc::clone(&self.space);
            space.check_room()?;
            Ok(Box::new(SegmentWriter::new(space, id, expected_bytes)) as Box<dyn ExtentWriter>)
        })
    }

    fn sync<'a>(&'a self, addresses: &'a [Address]) -> Boxed<'a, Result<(), ExtentError>> {
        Box::pin(async move {
            self.space.check()?;
            let mut segments = Vec::new();
            for address in addresses {
                segments.push(Place::decode(address)?.segment);
            }
            segments.sort_unstable();
            segments.dedup();
            // A segment that is not there any more has been synced when it was let go of.
            let unsynced = segments
                .iter()
                .filter_map(|number| self.space.unsynced(*number));
            let syncs: Vec<_> = unsynced
                .map(|segment| async move { segment.sync(&self.space).await })
                .collect();
            try_join_all(syncs).await?;
            if !self.space.has_idle() {
                return Ok(());
            }
            let space = Arc::clone(&self.space);
            blocking(self.space.folder.waits(), move || {
                space
                    .let_go_of_idle()
                    .map_err(|error| failed("sync", &error))
            })
            .await
        })
    }

    fn read<'a>(
        &'a self,
        address: &'a Address,
        offset: u64,
        length: u64,
    ) -> Boxed<'a, Result<Bytes, ExtentError>> {
        Box::pin(async move {
            if length > READ_BYTES_MAX {
                return Err(ExtentError::Io(
                    "a read of more than one call may ask for".into(),
                ));
            }
            let place = Place::decode(address)?;
            let space = Arc::clone(&self.space);
            blocking(self.space.folder.waits(), move || {
                reader::read(&space, place, offset, length)
            })
            .await
        })
    }

    fn free<'a>(&'a self, addresses: &'a [Address]) -> Boxed<'a, Result<(), ExtentError>> {
        Box::pin(async move {
            let places: Result<Vec<Place>, _> = addresses.iter().map(Place::decode).collect();
            let (space, places) = (Arc::clone(&self.space), places?);
            blocking(self.space.folder.waits(), move || {
                recovery::free(&space, &places)
            })
            .await
        })
    }

    fn recover<'a>(
        &'a self,
        live: &'a (dyn Fn(ExtentId) -> Boxed<'a, Result<bool, ExtentError>> + Send + Sync),
    ) -> Boxed<'a, Result<(), ExtentError>> {
        Box::pin(recovery::recover(&self.space, live))
    }

    fn allocated_bytes(&self) -> Boxed<'_, Result<u64, ExtentError>> {
        let space = Arc::clone(&self.space);
        Box::pin(blocking(self.space.folder.waits(), move || {
            space
                .folder
                .allocated_bytes()
                .map_err(|error| failed("stat", &error))
        }))
    }

    fn written_bytes(&self) -> u64 {
        self.space.written_bytes.load(Ordering::Relaxed)
    }

    fn is_poisoned(&self) -> bool {
        self.space.is_poisoned()
    }

    fn close(&self) -> Boxed<'_, Result<(), ExtentError>> {
        let space = Arc::clone(&self.space);
        Box::pin(blocking(self.space.folder.waits(), move || space.close()))
    }
}

/// Runs work that may wait for the disk away from the tasks.
async fn blocking<T: Send + 'static>(
    waits: bool,
    work: impl FnOnce() -> Result<T, ExtentError> + Send + 'static,
) -> Result<T, ExtentError> {
    disk::away(waits, work)
        .await
        .unwrap_or_else(|ended| Err(ExtentError::Io(ended.into())))
}
