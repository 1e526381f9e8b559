//! The folder of segment files: the one place that knows their names and touches the disk's
//! directory. Names are made of integers only.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::format::{PAGE, SegmentHeader, sum};
use crate::disk::{Directory, DiskFile, Room};
use crate::planted::Bug;

/// Segment files kept open for reading.
const FILES_MAX: usize = 128;
/// Names the segments that may hold what was never published.
const OPEN_LIST: &str = "open-segments";
/// Bytes of one entry of that list: a segment's number and a checksum.
const ENTRY_BYTES: usize = 12;

/// A folder of segment files.
#[derive(Debug)]
pub(super) struct Folder {
    directory: Arc<dyn Directory>,
    opened: Mutex<HashMap<u64, Arc<dyn DiskFile>>>,
    /// Whether the file system can punch holes, as far as we know.
    punches: AtomicBool,
}

impl Folder {
    pub(super) fn new(directory: Arc<dyn Directory>) -> Self {
        Self {
            directory,
            opened: Mutex::default(),
            punches: AtomicBool::new(true),
        }
    }

    /// Whether its calls may wait for a device.
    pub(super) fn waits(&self) -> bool {
        self.directory.waits()
    }

    pub(super) fn room(&self) -> io::Result<Room> {
        self.directory.room()
    }

    /// The numbers of all segments.
    pub(super) fn numbers(&self) -> io::Result<BTreeSet<u64>> {
        let names = self.directory.names()?;
        let number = |name: &String| u64::from_str_radix(name.strip_suffix(".segment")?, 16).ok();
        Ok(names.iter().filter_map(number).collect())
    }

    /// A segment's file, for reading and writing.
    pub(super) fn segment(&self, number: u64) -> io::Result<Arc<dyn DiskFile>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = opened.get(&number) {
            return Ok(Arc::clone(file));
        }
        let file = self.directory.open(&segment_name(number))?;
        if opened.len() >= FILES_MAX {
            // Any will do: one in use lives on in its users' hands.
            let some = opened.keys().next().copied();
            some.and_then(|number| opened.remove(&number));
        }
        opened.insert(number, Arc::clone(&file));
        Ok(file)
    }

    /// Makes a segment file; it is there for good after [`Self::sync_entries`].
    pub(super) fn create(&self, header: SegmentHeader) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.directory.create(&segment_name(header.number))?;
        file.write_at(&header.encode(), 0)?;
        file.sync_all()?;
        Ok(file)
    }

    pub(super) fn remove(&self, number: u64) -> io::Result<()> {
        self.opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&number);
        absent_is_fine(self.directory.remove(&segment_name(number)))
    }

    pub(super) fn sync_entries(&self) -> io::Result<()> {
        if Bug::NoDirectorySync.is_planted() {
            return Ok(());
        }
        self.directory.sync()
    }

    /// Bytes that all segment files take up.
    pub(super) fn allocated_bytes(&self) -> io::Result<u64> {
        let mut sum = 0;
        for number in self.numbers()? {
            match self.segment(number) {
                Ok(file) => sum += file.allocated_bytes()?,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sum)
    }

    /// Gives the space of a range back; `false` where the file system cannot.
    pub(super) fn punch(&self, file: &dyn DiskFile, offset: u64, bytes: u64) -> io::Result<bool> {
        if bytes == 0 || !self.punches() {
            return Ok(self.punches());
        }
        let punched = file.punch(offset, bytes)?;
        if !punched {
            self.punches.store(false, Ordering::Relaxed);
        }
        Ok(punched)
    }

    pub(super) fn punches(&self) -> bool {
        self.punches.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(super) fn pretend_not_to_punch(&self) {
        self.punches.store(false, Ordering::Relaxed);
    }

    /// The segments that may hold what was never published: those written to since the last clean
    /// close.
    pub(super) fn open_list(&self) -> io::Result<BTreeSet<u64>> {
        let file = match self.directory.open(OPEN_LIST) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(error) => return Err(error),
        };
        let length = usize::try_from(file.length()?).map_err(io::Error::other)?;
        let mut list = vec![0; length];
        file.read_at(&mut list, 0)?;
        // An entry that is not whole was never synced, and nothing was written under it.
        let whole = list.chunks_exact(ENTRY_BYTES).filter_map(|entry| {
            let (number, check) = entry.split_first_chunk::<8>()?;
            (sum(number).to_le_bytes() == check).then(|| u64::from_le_bytes(*number))
        });
        Ok(whole.collect())
    }

    /// Puts a segment on that list for good, and makes all entries of the folder durable.
    pub(super) fn list_as_open(&self, number: u64) -> io::Result<()> {
        let mut entry = number.to_le_bytes().to_vec();
        entry.extend_from_slice(&sum(&entry).to_le_bytes());
        let list = match self.directory.open(OPEN_LIST) {
            Err(error) if error.kind() == ErrorKind::NotFound => self.directory.create(OPEN_LIST),
            other => other,
        }?;
        // A torn entry before this one would shift it; entries count only at their multiples.
        let length = list.length()?;
        list.write_at(&entry, length - length % ENTRY_BYTES as u64)?;
        list.sync_all()?;
        self.sync_entries()
    }

    /// Says that every segment holds only what is published.
    pub(super) fn clear_open_list(&self) -> io::Result<()> {
        absent_is_fine(self.directory.remove(OPEN_LIST))?;
        self.sync_entries()
    }
}

fn segment_name(number: u64) -> String {
    format!("{number:016x}.segment")
}

/// Reads and checks the first page of a segment.
pub(super) fn segment_header(
    file: &dyn DiskFile,
    number: u64,
) -> io::Result<Option<SegmentHeader>> {
    let mut page = vec![0; usize::try_from(PAGE).unwrap_or_default()];
    match file.read_at(&mut page, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    Ok(SegmentHeader::decode(&page).filter(|header| header.number == number))
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
