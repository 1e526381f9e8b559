//! Where extents go: the open segments, and the ranges of them that writers own.
//!
//! Small extents share one segment, so that one sync serves many. Long ones go to a few others
//! (lanes), so that a small extent's sync does not wait for the bytes of every upload under way.
//! A writer owns its range alone and needs no lock to fill it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::buffers::Buffers;
use super::files::{Folder, segment_header};
use super::format::{PAGE, SEGMENT_BYTES_MAX, SegmentHeader, round_up};
use super::segment::{Region, Segment};
use crate::extents::{ExtentError, ExtentId};

/// Segments that long extents are written to at the same time.
const STREAM_LANES: usize = 4;
/// Segments of earlier sessions that are looked at for room to go on in.
const SPARE_MAX: usize = 2 * (STREAM_LANES + 1);

/// All segments, and those that are being written to.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) folder: Folder,
    pub(super) buffers: Arc<Buffers>,
    open: Mutex<Open>,
    /// Segments with writers, or with bytes that may not be synced. Never locked while waiting for
    /// the disk.
    unsynced: Mutex<BTreeMap<u64, Arc<Segment>>>,
    poisoned: AtomicBool,
    pub(super) written_bytes: AtomicU64,
}

#[derive(Debug)]
struct Open {
    /// The shared segment, then the lanes.
    lanes: [Lane; STREAM_LANES + 1],
    next_number: u64,
    /// Older segments to go on in; `None` until first needed.
    spare: Option<Vec<u64>>,
    /// Left open by a crash and not yet looked through.
    unclean: BTreeSet<u64>,
    /// Whether this session wrote to the list of open segments.
    listed: bool,
    closed: bool,
}

#[derive(Debug, Default)]
struct Lane {
    segment: Option<Arc<Segment>>,
    /// Where the next extent goes.
    cursor: u64,
}

/// Which segments an extent may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whole in memory when it gets its place.
    Small,
    /// Written as it comes.
    Stream,
}

impl Space {
    pub(super) fn open(folder: Folder) -> io::Result<Self> {
        let unclean = folder.open_list()?;
        let last = folder
            .numbers()?
            .last()
            .copied()
            .max(unclean.last().copied());
        let open = Open {
            lanes: Default::default(),
            next_number: last.map_or(1, |last| last + 1),
            spare: None,
            unclean,
            listed: false,
            closed: false,
        };
        Ok(Self {
            folder,
            buffers: Arc::default(),
            open: Mutex::new(open),
            unsynced: Mutex::default(),
            poisoned: AtomicBool::new(false),
            written_bytes: AtomicU64::new(0),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // A panic under this lock could only leave a range that nobody fills.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_unsynced(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Segment>>> {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn check(&self) -> Result<(), ExtentError> {
        if self.poisoned.load(Ordering::Acquire) {
            Err(ExtentError::Poisoned)
        } else {
            Ok(())
        }
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    pub(super) fn poison(&self) {
        if !self.poisoned.swap(true, Ordering::AcqRel) {
            tracing::error!(
                "a sync of object bytes failed: no more writes until the store is reopened"
            );
        }
    }

    /// Refuses to grow on a disk that is nearly full.
    pub(super) fn check_room(&self) -> Result<(), ExtentError> {
        self.check()?;
        let room = self
            .folder
            .room()
            .map_err(|error| failed("statvfs", &error))?;
        if room.allows_growth() {
            Ok(())
        } else {
            Err(ExtentError::Full)
        }
    }

    /// Gives a writer a range of a segment for itself.
    pub(super) fn reserve(
        self: &Arc<Self>,
        kind: Kind,
        id: ExtentId,
        bytes: u64,
    ) -> Result<Region, ExtentError> {
        let mut open = self.lock();
        if open.closed {
            return Err(ExtentError::Io("the store is closed".into()));
        }
        let index = match kind {
            Kind::Small => 0,
            Kind::Stream => open.calmest_lane(),
        };
        let lane_of = |open: &Open| {
            let lane = open.lanes.get(index)?;
            let fits = lane.cursor + bytes <= SEGMENT_BYTES_MAX;
            lane.segment.clone().filter(|_| fits)
        };
        let segment = match lane_of(&open) {
            Some(segment) => segment,
            None => self
                .next_segment(&mut open, index, id, bytes)
                .map_err(|error| self.not_made(&error))?,
        };
        let lane = open
            .lanes
            .get_mut(index)
            .expect("the lane was looked at above");
        let offset = lane.cursor;
        lane.cursor += bytes;
        segment.enter();
        Ok(Region {
            space: Arc::clone(self),
            segment,
            index,
            offset,
            bytes,
            finished: false,
        })
    }

    /// A segment could not be made. Unless there was no room for it, a sync of it or of the folder
    /// may have failed, and a later one would not make up for that.
    fn not_made(&self, error: &io::Error) -> ExtentError {
        let failed = failed("new segment", error);
        if !matches!(failed, ExtentError::Full) {
            self.poison();
        }
        failed
    }

    /// Puts a segment with room for `bytes` into a lane: one of an earlier session, or a new one.
    fn next_segment(
        &self,
        open: &mut Open,
        index: usize,
        id: ExtentId,
        bytes: u64,
    ) -> io::Result<Arc<Segment>> {
        if open.spare.is_none() {
            let numbers = self.folder.numbers()?;
            let left_open = |number: &u64| !open.unclean.contains(number);
            open.spare = Some(
                numbers
                    .into_iter()
                    .rev()
                    .take(SPARE_MAX)
                    .filter(left_open)
                    .rev()
                    .collect(),
            );
        }
        let reopened = self.reopen_spare(open, bytes)?;
        let (segment, cursor) = match reopened {
            Some(found) => found,
            None => {
                let number = open.next_number;
                open.next_number += 1;
                // Ids are random and never leave the store: just what a nonce needs to be.
                let header = SegmentHeader {
                    number,
                    nonce: id.0,
                };
                (Segment::new(header, self.folder.create(header)?), PAGE)
            }
        };
        open.listed = true;
        self.folder.list_as_open(segment.number)?;
        let segment = Arc::new(segment);
        self.lock_unsynced()
            .insert(segment.number, Arc::clone(&segment));
        if let Some(lane) = open.lanes.get_mut(index) {
            if let Some(full) = &lane.segment {
                full.retired.store(true, Ordering::Release);
            }
            *lane = Lane {
                segment: Some(Arc::clone(&segment)),
                cursor,
            };
        }
        Ok(segment)
    }

    fn reopen_spare(&self, open: &mut Open, bytes: u64) -> io::Result<Option<(Segment, u64)>> {
        while let Some(number) = open.spare.as_mut().and_then(Vec::pop) {
            let file = match self.folder.segment(number) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let cursor = round_up(file.length()?).max(PAGE);
            let header = segment_header(file.as_ref(), number)?;
            if let Some(header) = header.filter(|_| cursor + bytes <= SEGMENT_BYTES_MAX) {
                return Ok(Some((Segment::new(header, file), cursor)));
            }
        }
        Ok(None)
    }

    /// The segment with this number, if bytes of it may not be synced.
    pub(super) fn unsynced(&self, number: u64) -> Option<Arc<Segment>> {
        self.lock_unsynced().get(&number).cloned()
    }

    /// Lets the next extent begin at `used`, where the last one ended, if none has begun behind it.
    pub(super) fn give_back(&self, index: usize, owned: &Arc<Segment>, end: u64, used: u64) {
        let mut open = self.lock();
        if let Some(lane) = open.lanes.get_mut(index) {
            let here = lane
                .segment
                .as_ref()
                .is_some_and(|segment| Arc::ptr_eq(segment, owned));
            if here && lane.cursor == end {
                lane.cursor = used;
            }
        }
    }

    /// Whether there are segments that nobody writes to any more.
    pub(super) fn has_idle(&self) -> bool {
        self.lock_unsynced()
            .values()
            .any(|segment| segment.is_idle())
    }

    /// After a sync: lets go of segments that nobody writes to any more.
    pub(super) fn let_go_of_idle(&self) -> io::Result<()> {
        let mut gone = Vec::new();
        self.lock_unsynced().retain(|number, segment| {
            let idle = segment.is_idle();
            gone.extend(idle.then_some(*number));
            !idle
        });
        for number in gone {
            self.remove_if_dead(number)?;
        }
        Ok(())
    }

    /// Removes a segment's file if nothing is in it and nobody writes to it.
    pub(super) fn remove_if_dead(&self, number: u64) -> io::Result<()> {
        // Held so that nobody reopens the segment meanwhile.
        let open = self.lock();
        if self.lock_unsynced().contains_key(&number) {
            return Ok(());
        }
        let file = match self.folder.segment(number) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let dead = if self.folder.punches() {
            file.next_data(PAGE)?.is_none()
        } else {
            let header = segment_header(file.as_ref(), number)?;
            let Some(header) = header else { return Ok(()) };
            super::walk::extents(file.as_ref(), header)?
                .iter()
                .all(|extent| extent.freed)
        };
        if !dead {
            return Ok(());
        }
        self.folder.remove(number)?;
        drop(open);
        self.folder.sync_entries()
    }

    /// Segments left open by a crash.
    pub(super) fn unclean(&self) -> BTreeSet<u64> {
        self.lock().unclean.clone()
    }

    /// Says that they have been looked through.
    pub(super) fn mark_clean(&self) -> io::Result<()> {
        let mut open = self.lock();
        open.unclean.clear();
        if !open.listed {
            self.folder.clear_open_list()?;
        }
        Ok(())
    }

    /// Refuses further writers, syncs everything, and says that nothing is left to look through.
    pub(super) fn close(&self) -> Result<(), ExtentError> {
        self.check()?;
        {
            let mut open = self.lock();
            open.closed = true;
            open.lanes = Default::default();
        }
        let segments = std::mem::take(&mut *self.lock_unsynced());
        for segment in segments.values() {
            segment.file.sync_all().map_err(|error| {
                self.poison();
                failed("sync", &error)
            })?;
        }
        // A writer that is still there may yet write: then the next open has to look.
        let quiet = segments.values().all(|segment| segment.writers() == 0);
        let open = self.lock();
        if quiet && open.unclean.is_empty() && open.listed {
            self.folder
                .clear_open_list()
                .map_err(|error| failed("close", &error))?;
        }
        Ok(())
    }
}

impl Open {
    /// The lane whose sync would have the least to wait for.
    fn calmest_lane(&self) -> usize {
        let rank = |(index, lane): (usize, &Lane)| match &lane.segment {
            // One that is open and idle is better than a new file, and that better than company.
            Some(segment) => match segment.writers() {
                0 => (0, index),
                writers => (writers + 1, index),
            },
            None => (1, index),
        };
        self.lanes
            .iter()
            .enumerate()
            .skip(1)
            .map(rank)
            .min()
            .map_or(1, |(_, index)| index)
    }
}

/// An error of the disk, in this driver's words.
pub(super) fn failed(what: &str, error: &io::Error) -> ExtentError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ExtentError::Full,
        _ => ExtentError::Io(format!("{what}: {error}").into()),
    }
}
