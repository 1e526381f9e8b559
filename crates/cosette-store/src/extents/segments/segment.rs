//! One segment while it is written to: the ranges its writers fill, and the syncs they share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::blocking;
use super::format::{Nonce, SegmentHeader};
use super::space::{Space, failed};
use crate::disk::DiskFile;
use crate::extents::ExtentError;
use crate::planted::Bug;

/// A segment that is being written to.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) nonce: Nonce,
    pub(super) file: Arc<dyn DiskFile>,
    /// Whether no further extents will come.
    pub(super) retired: AtomicBool,
    writers: AtomicUsize,
    /// Extents finished so far.
    finished: AtomicU64,
    /// Of these, how many are known to be synced.
    synced: AtomicU64,
    /// Whose turn it is to sync; those waiting find their extents synced by then.
    turn: tokio::sync::Mutex<()>,
}

impl Segment {
    pub(super) fn new(header: SegmentHeader, file: Arc<dyn DiskFile>) -> Self {
        Self {
            number: header.number,
            nonce: header.nonce,
            file,
            retired: AtomicBool::new(false),
            writers: AtomicUsize::new(0),
            finished: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Whether nobody writes to it any more and all of it is durable.
    pub(super) fn is_idle(&self) -> bool {
        self.retired.load(Ordering::Acquire)
            && self.writers.load(Ordering::Acquire) == 0
            && self.synced.load(Ordering::Acquire) == self.finished.load(Ordering::Acquire)
    }

    /// Makes every extent that was finished before this call durable.
    pub(super) async fn sync(self: &Arc<Self>, space: &Arc<Space>) -> Result<(), ExtentError> {
        if Bug::NoExtentSync.is_planted() {
            return Ok(());
        }
        let mine = self.finished.load(Ordering::Acquire);
        let _turn = self.turn.lock().await;
        space.check()?;
        if self.synced.load(Ordering::Acquire) >= mine {
            return Ok(());
        }
        let (segment, space) = (Arc::clone(self), Arc::clone(space));
        blocking(space.folder.waits(), move || {
            let all = segment.finished.load(Ordering::Acquire);
            segment.file.sync_data().map_err(|error| {
                // What reached the disk is unknown, and asking again would not tell.
                space.poison();
                failed("sync", &error)
            })?;
            segment.synced.fetch_max(all, Ordering::AcqRel);
            Ok(())
        })
        .await
    }

    /// One more writer has a range of it.
    pub(super) fn enter(&self) {
        self.writers.fetch_add(1, Ordering::AcqRel);
    }

    /// An extent is written, and waits to be synced.
    pub(super) fn note_finished(&self) {
        self.finished.fetch_add(1, Ordering::AcqRel);
    }

    /// A writer is done with its range, one way or the other.
    pub(super) fn leave(&self) {
        self.writers.fetch_sub(1, Ordering::AcqRel);
    }

    pub(super) fn writers(&self) -> usize {
        self.writers.load(Ordering::Acquire)
    }
}

/// A range of a segment that one writer fills.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) space: Arc<Space>,
    pub(super) segment: Arc<Segment>,
    /// The lane it is in.
    pub(super) index: usize,
    pub(super) offset: u64,
    pub(super) bytes: u64,
    pub(super) finished: bool,
}

impl Region {
    /// Ends the range after the bytes that were used; they can be synced from now on.
    pub(super) fn finish(mut self, used: u64) {
        self.segment.note_finished();
        self.finished = true;
        self.give_back(used);
    }

    fn give_back(&self, used: u64) {
        let Self {
            segment,
            index,
            offset,
            bytes,
            ..
        } = self;
        self.space
            .give_back(*index, segment, offset + bytes, offset + used);
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if !self.finished {
            // If this fails, the bytes stay until the next open or until the segment is dead.
            let _ = self
                .space
                .folder
                .punch(self.segment.file.as_ref(), self.offset, self.bytes);
            self.give_back(0);
        }
        self.segment.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::OwnedFd;
    use std::sync::Arc;

    use super::Segment;
    use crate::extents::segments::SegmentExtents;
    use crate::extents::segments::format::SegmentHeader;
    use crate::extents::{ExtentError, ExtentId, Extents};

    #[tokio::test]
    async fn a_failed_sync_stops_all_writing() {
        let folder = tempfile::tempdir().unwrap();
        let extents = SegmentExtents::open(folder.path().to_owned())
            .await
            .unwrap();
        let mut writer = extents.begin(ExtentId([1; 16]), None).await.unwrap();
        writer.append(b"before".to_vec().into()).await.unwrap();
        let address = writer.finish().await.unwrap();
        extents.sync(std::slice::from_ref(&address)).await.unwrap();
        let begun = extents.begin(ExtentId([2; 16]), None).await.unwrap();
        // A pipe cannot be synced.
        let (_reader, pipe) = std::io::pipe().unwrap();
        let header = SegmentHeader {
            number: 9,
            nonce: [0; 16],
        };
        let broken = Arc::new(Segment::new(
            header,
            Arc::new(File::from(OwnedFd::from(pipe))),
        ));
        broken.note_finished();
        let end = broken.sync(&extents.space).await;
        assert!(matches!(end, Err(ExtentError::Io(_))), "{end:?}");
        // Not tried again, as it might seem to work.
        let poisoned = |end: Result<(), ExtentError>| {
            assert!(matches!(end, Err(ExtentError::Poisoned)), "{end:?}");
        };
        poisoned(broken.sync(&extents.space).await);
        poisoned(extents.begin(ExtentId([3; 16]), None).await.map(drop));
        poisoned(begun.finish().await.map(drop));
        poisoned(extents.sync(std::slice::from_ref(&address)).await);
        poisoned(extents.free(std::slice::from_ref(&address)).await);
        assert_eq!(extents.read(&address, 0, 6).await.unwrap(), b"before"[..]);
        poisoned(extents.close().await);
        // The next open looks through what was open.
        assert!(folder.path().join("open-segments").exists());
    }
}
