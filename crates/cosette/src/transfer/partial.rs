//! A file in the making: an object that arrives in ranges, and the record of those that are there.
//!
//! Beside the file's place lie the bytes (`.NAME.cosette-part`) and a record (`.NAME.cosette-ranges`)
//! of which object they are of, by its ETag, version, size and time, and of each range that was
//! written, with its CRC-64. Who goes on reads what is on the disk and keeps the ranges that still
//! have that CRC-64. So nothing is synced before the end: what a crash took of the bytes or of the
//! record is only fetched again. One process at a time holds the bytes, by a lock on their file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cosette_types::{BucketName, Crc64, ETag, ObjectKey, Timestamp, VersionId};
use serde::{Deserialize, Serialize};

use super::limits;
use super::log::{Appender, Records, local};
use super::wire::crc_in;
use crate::checksum::{Summing, crc64};
use crate::error::{Error, ErrorKind};

/// The version of the format that is written.
const FORMAT: u32 = 1;
const PART: &str = ".cosette-part";
const RANGES: &str = ".cosette-ranges";
/// Longest name that file systems take.
const NAME_BYTES_MAX: usize = 255;
/// How much is read at a time when bytes are compared.
const READ_BYTES: usize = 128 << 10;
/// How often a file is opened again that another process has finished in between.
const TRIES: u32 = 8;

/// The object that the bytes are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) bucket: BucketName,
    pub(crate) key: ObjectKey,
    pub(crate) version_id: Option<VersionId>,
    pub(crate) etag: ETag,
    pub(crate) size: u64,
    pub(crate) modified: Timestamp,
}

/// What an earlier download left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Left {
    /// Bytes that are kept.
    pub(crate) bytes: u64,
    /// Whether there were some of another object, which are gone.
    pub(crate) of_another: bool,
}

/// A file that several threads write to, until it is closed: whoever comes later, for a download that
/// was given up, finds nothing to write to.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<Mutex<Option<File>>>);

impl Shared {
    pub(crate) fn new(file: File) -> Self {
        Self(Arc::new(Mutex::new(Some(file))))
    }

    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut File) -> std::io::Result<T>,
    ) -> std::io::Result<T> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *file {
            Some(file) => work(file),
            None => Err(std::io::Error::other("the download was given up")),
        }
    }

    fn close(&self) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(file.take());
    }
}

/// A file in the making. Its lock is let go of when it is dropped, whoever else may still write.
#[derive(Debug)]
pub(crate) struct Partial {
    file: Shared,
    path: PathBuf,
    ranges_path: PathBuf,
    log: Appender,
    size: u64,
    /// First byte, number and CRC-64 of what is there; none overlap.
    there: BTreeMap<u64, (u64, Crc64)>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Form {
    Object {
        format: u32,
        bucket: String,
        key: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        etag: String,
        size: u64,
        modified_micros: u64,
    },
    Range {
        first: u64,
        bytes: u64,
        crc64: String,
    },
}

impl Form {
    fn of(origin: &Origin) -> Self {
        Self::Object {
            format: FORMAT,
            bucket: origin.bucket.to_string(),
            key: origin.key.as_str().to_owned(),
            version: origin.version_id.as_ref().map(ToString::to_string),
            etag: origin.etag.value().to_owned(),
            size: origin.size,
            modified_micros: origin.modified.micros(),
        }
    }

    fn json(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|why| Error::invalid("record of ranges", why))
    }
}

impl Partial {
    /// Opens what will be at `place`. With `resume` what an earlier download left of the same object
    /// is compared and kept; all else is thrown away. It reads files: not for a thread that must not
    /// wait.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] when another process is making the same file.
    pub(crate) fn open(place: &Path, origin: &Origin, resume: bool) -> Result<(Self, Left), Error> {
        let (path, ranges_path) = (beside(place, PART), beside(place, RANGES));
        let mut file = hold(&path)?;
        let found = match resume {
            true => read(&ranges_path, origin),
            false => Found::Nothing,
        };
        let mut left = Left::default();
        let mut there = BTreeMap::new();
        match found {
            Found::Same(ranges) => {
                there = compared(&mut file, ranges).map_err(|why| local(&path, why))?;
                left.bytes = there.values().map(|(bytes, _)| bytes).sum();
            }
            Found::Another => left.of_another = true,
            Found::Nothing => {}
        }
        if there.is_empty() {
            file.set_len(0).map_err(|why| local(&path, why))?;
        }
        match std::fs::remove_file(&ranges_path) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
                return Err(local(&ranges_path, why));
            }
            _ => {}
        }
        let mut log = Appender::create(&ranges_path)?;
        log.append(&Form::of(origin).json()?)?;
        let mut partial = Self {
            file: Shared::new(file),
            path,
            ranges_path,
            log,
            size: origin.size,
            there: BTreeMap::new(),
        };
        for (first, (bytes, crc)) in there {
            partial.put(first, bytes, crc)?;
        }
        partial.log.flush()?;
        Ok((partial, left))
    }

    pub(crate) fn file(&self) -> Shared {
        self.file.clone()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// From where to before where bytes are missing.
    pub(crate) fn missing(&self) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut at = 0;
        for (first, (bytes, _)) in &self.there {
            if *first > at {
                gaps.push((at, *first));
            }
            at = first.saturating_add(*bytes);
        }
        if at < self.size {
            gaps.push((at, self.size));
        }
        gaps
    }

    /// A range is written.
    pub(crate) fn note(&mut self, first: u64, bytes: u64, crc: Crc64) -> Result<(), Error> {
        self.put(first, bytes, crc)?;
        self.log.flush()
    }

    fn put(&mut self, first: u64, bytes: u64, crc: Crc64) -> Result<(), Error> {
        let form = Form::Range {
            first,
            bytes,
            crc64: crc.to_string(),
        };
        self.log.append(&form.json()?)?;
        self.there.insert(first, (bytes, crc));
        Ok(())
    }

    /// The CRC-64 of all bytes, once none is missing.
    pub(crate) fn crc64(&self) -> Crc64 {
        let ranges = self.there.values();
        ranges.fold(Crc64::EMPTY, |whole, (bytes, crc)| whole.then(*crc, *bytes))
    }

    /// Syncs the bytes and puts the file at its place.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when that fails; what arrived stays for another download.
    pub(crate) async fn finish(self, place: &Path) -> Result<(), Error> {
        let place = place.to_owned();
        let told = place.clone();
        let finished = tokio::task::spawn_blocking(move || {
            self.file.with(|file| file.sync_all())?;
            std::fs::rename(&self.path, &place)?;
            // Without the bytes the record says nothing any more.
            let _ = std::fs::remove_file(&self.ranges_path);
            Ok(())
        });
        let finished = finished
            .await
            .unwrap_or_else(|why| Err(std::io::Error::other(why)));
        finished.map_err(|why| local(&told, why))
    }

    /// Lets go of it; what arrived is kept for another download, or not.
    pub(crate) fn leave(self, keep: bool) {
        if !keep {
            // Best effort: the error that led here is the one to report.
            let _ = std::fs::remove_file(&self.ranges_path);
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        self.file.close();
    }
}

/// What a record says.
enum Found {
    Nothing,
    Another,
    Same(Vec<(u64, u64, Crc64)>),
}

/// What cannot be read says nothing, and its bytes are fetched again.
fn read(path: &Path, origin: &Origin) -> Found {
    let Ok(mut records) = Records::open(path) else {
        return Found::Nothing;
    };
    let mut json = Vec::new();
    let (mut ranges, mut same) = (Vec::new(), false);
    while ranges.len() < limits::RANGES_MAX && records.next(&mut json).unwrap_or_default() {
        match serde_json::from_slice::<Form>(&json) {
            Ok(form @ Form::Object { .. }) if !same => {
                if form != Form::of(origin) {
                    return Found::Another;
                }
                same = true;
            }
            Ok(Form::Range {
                first,
                bytes,
                crc64,
            }) if same => {
                let end = first.checked_add(bytes).filter(|end| *end <= origin.size);
                match (end, crc_in(Some(crc64))) {
                    (Some(_), Ok(Some(crc))) if bytes > 0 => ranges.push((first, bytes, crc)),
                    _ => break,
                }
            }
            _ => break,
        }
    }
    match same {
        true => Found::Same(ranges),
        false => Found::Nothing,
    }
}

/// The ranges whose bytes are on the disk as they were written.
fn compared(
    file: &mut File,
    ranges: Vec<(u64, u64, Crc64)>,
) -> std::io::Result<BTreeMap<u64, (u64, Crc64)>> {
    let mut there: BTreeMap<u64, (u64, Crc64)> = BTreeMap::new();
    let mut buffer = vec![0; READ_BYTES];
    for (first, bytes, wanted) in ranges {
        let end = first.saturating_add(bytes);
        let before = there.range(..end).next_back();
        if before.is_some_and(|(at, (len, _))| at.saturating_add(*len) > first) {
            continue;
        }
        file.seek(SeekFrom::Start(first))?;
        let mut summing = Summing::new(false);
        let mut left = bytes;
        while left > 0 {
            let want = usize::try_from(left).map_or(READ_BYTES, |left| left.min(READ_BYTES));
            let Some(piece) = buffer.get_mut(..want) else {
                break;
            };
            let read = file.read(piece)?;
            if read == 0 {
                break;
            }
            summing.update(piece.get(..read).unwrap_or_default());
            left = left.saturating_sub(read as u64);
        }
        if left == 0 && summing.end().crc64 == wanted {
            there.insert(first, (bytes, wanted));
        }
    }
    Ok(there)
}

/// The file of that name, for this process alone.
fn hold(path: &Path) -> Result<File, Error> {
    let told = |why| local(path, why);
    // What somebody else has put there may lead anywhere.
    if std::fs::symlink_metadata(path).is_ok_and(|it| !it.is_file()) {
        return Err(local(path, "it is no regular file; remove it"));
    }
    for _ in 0..TRIES {
        let mut open = OpenOptions::new();
        open.read(true).write(true).create(true).truncate(false);
        let file = open.open(path).map_err(told)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(why)) => return Err(told(why)),
        }
        // Whoever had it may have finished it meanwhile: then this is no longer the file in the making.
        if is_at(&file, path).map_err(told)? {
            return Ok(file);
        }
    }
    let words = format!("{}: another process is making this file", path.display());
    Err(Error::new(ErrorKind::Busy, words))
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let held = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (held.dev(), held.ino())),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(why) => Err(why),
    }
}

/// Elsewhere a file that is open is not renamed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> std::io::Result<bool> {
    Ok(true)
}

/// A hidden name in the same folder, the same for the same place.
fn beside(place: &Path, end: &str) -> PathBuf {
    let name = place.file_name().unwrap_or_default();
    let mut hidden = OsString::from(".");
    if name.len() + end.len() < NAME_BYTES_MAX {
        hidden.push(name);
    } else {
        hidden.push(format!("{:016x}", crc64(name.as_encoded_bytes()).0));
    }
    hidden.push(end);
    place.with_file_name(hidden)
}
