//! The folder of segment files: the one place that knows their names and touches the disk's
//! directory. Names are made of integers only.

use std::collections::{BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;

use super::format::{PAGE, SegmentHeader, sum};
use crate::extents::folder::make_folder;
use crate::extents::room::Room;

/// Segment files kept open for reading.
const FILES_MAX: usize = 128;
/// Names the segments that may hold what was never published.
const OPEN_LIST: &str = "open-segments";
/// Bytes of one entry of that list: a segment's number and a checksum.
const ENTRY_BYTES: usize = 12;

/// A folder of segment files.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// The folder itself, to sync its entries and to ask for room.
    entries: File,
    opened: Mutex<HashMap<u64, Arc<File>>>,
    /// Whether the file system can punch holes, as far as we know.
    punches: AtomicBool,
}

impl Folder {
    /// Opens a folder, making it if it is not there.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        make_folder(&path)?;
        let entries = OpenOptions::new().read(true).open(&path)?;
        Ok(Self {
            path,
            entries,
            opened: Mutex::default(),
            punches: AtomicBool::new(true),
        })
    }

    pub(super) fn room(&self) -> io::Result<Room> {
        Room::of(&self.entries)
    }

    /// The numbers of all segments.
    pub(super) fn numbers(&self) -> io::Result<BTreeSet<u64>> {
        let mut numbers = BTreeSet::new();
        for entry in std::fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".segment"));
            if let Some(number) = number.and_then(|text| u64::from_str_radix(text, 16).ok()) {
                numbers.insert(number);
            }
        }
        Ok(numbers)
    }

    fn segment_path(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number:016x}.segment"))
    }

    /// A segment's file, for reading and writing.
    pub(super) fn segment(&self, number: u64) -> io::Result<Arc<File>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = opened.get(&number) {
            return Ok(Arc::clone(file));
        }
        let path = self.segment_path(number);
        let file = Arc::new(OpenOptions::new().read(true).write(true).open(path)?);
        if opened.len() >= FILES_MAX {
            // Any will do: one in use lives on in its users' hands.
            let some = opened.keys().next().copied();
            some.and_then(|number| opened.remove(&number));
        }
        opened.insert(number, Arc::clone(&file));
        Ok(file)
    }

    /// Makes a segment file; it is there for good after [`Self::sync_entries`].
    pub(super) fn create(&self, header: SegmentHeader) -> io::Result<Arc<File>> {
        let file = OpenOptions::new()
            .create_new(true)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(self.segment_path(header.number))?;
        file.write_all_at(&header.encode(), 0)?;
        file.sync_all()?;
        Ok(Arc::new(file))
    }

    pub(super) fn remove(&self, number: u64) -> io::Result<()> {
        self.opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&number);
        absent_is_fine(std::fs::remove_file(self.segment_path(number)))
    }

    pub(super) fn sync_entries(&self) -> io::Result<()> {
        self.entries.sync_all()
    }

    /// Bytes that all segment files take up.
    pub(super) fn allocated_bytes(&self) -> io::Result<u64> {
        let mut sum = 0;
        for number in self.numbers()? {
            match std::fs::metadata(self.segment_path(number)) {
                // The kernel counts in units of 512 bytes, whatever the file system's blocks.
                Ok(facts) => sum += facts.blocks() * 512,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sum)
    }

    /// Gives the space of a range back; `false` where the file system cannot.
    pub(super) fn punch(&self, file: &File, offset: u64, bytes: u64) -> io::Result<bool> {
        if bytes == 0 || !self.punches() {
            return Ok(self.punches());
        }
        match punch_hole(file, offset, bytes) {
            Ok(()) => Ok(true),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                self.punches.store(false, Ordering::Relaxed);
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
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
        let list = match std::fs::read(self.path.join(OPEN_LIST)) {
            Ok(list) => list,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(error) => return Err(error),
        };
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
        let path = self.path.join(OPEN_LIST);
        let mut list = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        // A torn entry before this one would shift it; entries count only at their multiples.
        let length = list.metadata()?.len();
        let torn = length % ENTRY_BYTES as u64;
        list.set_len(length - torn)?;
        list.write_all(&entry)?;
        list.sync_all()?;
        self.sync_entries()
    }

    /// Says that every segment holds only what is published.
    pub(super) fn clear_open_list(&self) -> io::Result<()> {
        absent_is_fine(std::fs::remove_file(self.path.join(OPEN_LIST)))?;
        self.sync_entries()
    }
}

/// Reads and checks the first page of a segment.
pub(super) fn segment_header(file: &File, number: u64) -> io::Result<Option<SegmentHeader>> {
    let mut page = vec![0; usize::try_from(PAGE).unwrap_or_default()];
    match file.read_exact_at(&mut page, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    Ok(SegmentHeader::decode(&page).filter(|header| header.number == number))
}

/// The first byte at or after `offset` that is not in a hole; `None` if there is none.
pub(super) fn next_data(file: &File, offset: u64) -> io::Result<Option<u64>> {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(offset)) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NXIO) => Ok(None),
        // A file system that knows no holes: everything is data.
        Err(Errno::INVAL | Errno::OPNOTSUPP) => {
            let length = file.metadata()?.len();
            Ok((offset < length).then_some(offset))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(target_os = "linux")]
fn punch_hole(file: &File, offset: u64, bytes: u64) -> Result<(), Errno> {
    use rustix::fs::{FallocateFlags, fallocate};
    fallocate(
        file,
        FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE,
        offset,
        bytes,
    )
}

#[cfg(not(target_os = "linux"))]
fn punch_hole(_: &File, _: u64, _: u64) -> Result<(), Errno> {
    Err(Errno::OPNOTSUPP)
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
