//! An append-only file of checksummed records, one a line: what plans and journals are kept in.
//!
//! ```text
//! <crc64, 16 hex> <length, 8 hex> <number> <durable> <json>\n
//! ```
//!
//! The CRC-64 and the length are those of what follows them. `number` counts records from 0;
//! `durable` is how many records were known to be on the disk when this one was written. That tells
//! two kinds of damage apart when a file is read again: a record that no later record knew to be
//! durable was cut off by a crash and is dropped with all that follows; any other damage means that
//! something which was acknowledged is lost, and the file is refused. JSON holds no raw line break,
//! so reading finds its way again after any damage.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::checksum::crc64;
use crate::error::{Error, ErrorKind};
use crate::transfer::limits::RECORD_BYTES_MAX;

/// What stands before the JSON takes at most so much.
const FRAME_BYTES_MAX: usize = 80;

/// Writes records at the end of a file.
#[derive(Debug)]
pub(super) struct Appender {
    path: PathBuf,
    file: File,
    waiting: Vec<u8>,
    written: u64,
    durable: u64,
    /// After a failed write or sync nothing can be said of what the disk has.
    broken: bool,
}

/// Reads records from the beginning of a file.
#[derive(Debug)]
pub(super) struct Records {
    path: PathBuf,
    file: BufReader<File>,
    /// Where the next record begins.
    offset: u64,
    number: u64,
    ended: bool,
}

/// A line that could be read.
struct Framed<'a> {
    number: u64,
    durable: u64,
    json: &'a [u8],
}

pub(super) fn local(
    path: &Path,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::local(&path.display().to_string(), why)
}

fn damaged(path: &Path, words: &str) -> Error {
    Error::new(ErrorKind::Damaged, format!("{}: {words}", path.display()))
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), Error> {
    sync_names_in(path).map_err(|why| local(path, why))
}

pub(super) fn sync_names_in(folder: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).open(folder)?.sync_all()
}

impl Appender {
    /// A new file.
    pub(super) fn create(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new().append(true).create_new(true).open(path);
        Ok(Self {
            path: path.to_owned(),
            file: file.map_err(|why| local(path, why))?,
            waiting: Vec::new(),
            written: 0,
            durable: 0,
            broken: false,
        })
    }

    /// Goes on after `records`, which have been read to their end. What was cut off is removed.
    pub(super) fn after(records: Records) -> Result<Self, Error> {
        let Records {
            path,
            offset,
            number,
            ..
        } = records;
        let open = OpenOptions::new().append(true).open(&path);
        let file = open.map_err(|why| local(&path, why))?;
        file.set_len(offset)
            .and_then(|()| file.sync_all())
            .map_err(|why| local(&path, why))?;
        Ok(Self {
            path,
            file,
            waiting: Vec::new(),
            written: number,
            durable: number,
            broken: false,
        })
    }

    /// Adds a record, in memory at first.
    pub(super) fn append(&mut self, json: &[u8]) -> Result<(), Error> {
        if json.len() + FRAME_BYTES_MAX > RECORD_BYTES_MAX {
            let words = format!("a record is longer than {RECORD_BYTES_MAX} bytes");
            return Err(Error::new(ErrorKind::Invalid, words));
        }
        let mut framed = format!("{} {} ", self.written, self.durable).into_bytes();
        framed.extend_from_slice(json);
        let head = format!("{:016x} {:08x} ", crc64(&framed).0, framed.len());
        self.waiting.extend_from_slice(head.as_bytes());
        self.waiting.extend_from_slice(&framed);
        self.waiting.push(b'\n');
        self.written += 1;
        Ok(())
    }

    /// Takes back the last bytes that wait, as if writing had ended there.
    #[cfg(all(feature = "halts", debug_assertions))]
    pub(super) fn tear(&mut self, bytes: usize) {
        let kept = self.waiting.len().saturating_sub(bytes);
        self.waiting.truncate(kept);
    }

    /// How many bytes wait for [`Appender::flush`].
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Hands all records to the operating system.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        if self.broken {
            return Err(local(&self.path, "an earlier write failed"));
        }
        let written = self.file.write_all(&self.waiting);
        self.waiting.clear();
        written.map_err(|why| self.broke(why))
    }

    /// Makes all records durable.
    pub(super) fn sync(&mut self) -> Result<(), Error> {
        self.flush()?;
        if self.durable < self.written {
            self.file.sync_data().map_err(|why| self.broke(why))?;
            self.durable = self.written;
        }
        Ok(())
    }

    fn broke(&mut self, why: io::Error) -> Error {
        self.broken = true;
        local(&self.path, why)
    }
}

impl Records {
    /// The records of a file.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new().read(true).open(path);
        let file = file.map_err(|why| local(path, why))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(256 << 10, file),
            offset: 0,
            number: 0,
            ended: false,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The next record into `json`; false at the end, and where a crash cut the file off.
    pub(super) fn next(&mut self, json: &mut Vec<u8>) -> Result<bool, Error> {
        if self.ended {
            return Ok(false);
        }
        let mut line = Vec::new();
        let read = self.line(&mut line)?;
        match parse(&line) {
            Some(framed) if framed.number == self.number => {
                json.clear();
                json.extend_from_slice(framed.json);
                self.offset += read;
                self.number += 1;
                Ok(true)
            }
            _ if line.is_empty() => {
                self.ended = true;
                Ok(false)
            }
            _ => self.after_damage(line),
        }
    }

    /// Whether the file has more than could be read.
    pub(super) fn is_cut(&mut self) -> Result<bool, Error> {
        let len = self.file.get_ref().metadata();
        Ok(len.map_err(|why| local(&self.path, why))?.len() > self.offset)
    }

    /// Damage at the record that was expected: was it ever acknowledged?
    fn after_damage(&mut self, mut line: Vec<u8>) -> Result<bool, Error> {
        self.ended = true;
        while !line.is_empty() {
            if relied_on(&line).is_some_and(|durable| durable > self.number) {
                let words = format!(
                    "record {} at byte {} is damaged, and later records rely on it",
                    self.number, self.offset
                );
                return Err(damaged(&self.path, &words));
            }
            self.line(&mut line)?;
        }
        Ok(false)
    }

    /// The next line, or as much of it as a record may have.
    fn line(&mut self, line: &mut Vec<u8>) -> Result<u64, Error> {
        line.clear();
        let mut bounded = (&mut self.file).take(RECORD_BYTES_MAX as u64);
        let read = bounded.read_until(b'\n', line);
        read.map(|bytes| bytes as u64)
            .map_err(|why| local(&self.path, why))
    }

    /// From the beginning again.
    pub(super) fn rewind(&mut self) -> Result<(), Error> {
        let back = self.file.seek(SeekFrom::Start(0));
        back.map_err(|why| local(&self.path, why))?;
        (self.offset, self.number, self.ended) = (0, 0, false);
        Ok(())
    }

    pub(super) fn damaged(&self, words: &str) -> Error {
        damaged(&self.path, &format!("record {}: {words}", self.number))
    }
}

fn parse(line: &[u8]) -> Option<Framed<'_>> {
    let line = line.strip_suffix(b"\n")?;
    let (crc, rest) = split(line)?;
    let (len, framed) = split(rest)?;
    let crc = u64::from_str_radix(std::str::from_utf8(crc).ok()?, 16).ok()?;
    let len = usize::from_str_radix(std::str::from_utf8(len).ok()?, 16).ok()?;
    if len != framed.len() || crc64(framed).0 != crc {
        return None;
    }
    let (number, rest) = split(framed)?;
    let (durable, json) = split(rest)?;
    Some(Framed {
        number: std::str::from_utf8(number).ok()?.parse().ok()?,
        durable: std::str::from_utf8(durable).ok()?.parse().ok()?,
        json,
    })
}

/// How many records a readable record knew to be durable. The damage may be to a line break: then a
/// record begins somewhere in the line.
fn relied_on(line: &[u8]) -> Option<u64> {
    (0..line.len())
        .filter(|at| line.get(at + 16) == Some(&b' '))
        .find_map(|at| parse(line.get(at..)?))
        .map(|framed| framed.durable)
}

/// What stands before the first blank, and what after it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == b' ')?;
    let (before, rest) = bytes.split_at(at);
    Some((before, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five records; after the second and the fourth everything was made durable.
    fn written(path: &Path) -> Vec<u8> {
        let mut log = Appender::create(path).unwrap();
        for (number, sync) in [(0, false), (1, true), (2, false), (3, true), (4, false)] {
            log.append(format!("{{\"n\":{number}}}").as_bytes())
                .unwrap();
            if sync {
                log.sync().unwrap();
            }
        }
        log.flush().unwrap();
        std::fs::read(path).unwrap()
    }

    fn read(path: &Path) -> Result<u64, ErrorKind> {
        let mut records = Records::open(path).map_err(|error| error.kind())?;
        let mut json = Vec::new();
        while records.next(&mut json).map_err(|error| error.kind())? {}
        Ok(records.number)
    }

    /// Where each record begins, and the end.
    fn borders(bytes: &[u8]) -> Vec<usize> {
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        std::iter::once(0)
            .chain(ends.map(|(at, _)| at + 1))
            .collect()
    }

    #[test]
    fn a_cut_at_any_byte_leaves_the_records_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let bytes = written(&path);
        let borders = borders(&bytes);
        for cut in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let whole = borders.iter().filter(|border| **border <= cut).count() - 1;
            assert_eq!(read(&path), Ok(whole as u64), "{cut}");
        }
    }

    #[test]
    fn damage_of_what_was_durable_is_refused_and_of_the_rest_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let bytes = written(&path);
        let borders = borders(&bytes);
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            let record = borders.iter().filter(|border| **border <= at).count() as u64 - 1;
            // The last record knew that four are durable, and nothing relies on itself.
            let wanted = if record < 4 {
                Err(ErrorKind::Damaged)
            } else {
                Ok(record)
            };
            assert_eq!(read(&path), wanted, "byte {at} of record {record}");
        }
    }

    #[test]
    fn what_was_cut_off_is_removed_before_more_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let bytes = written(&path);
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let mut records = Records::open(&path).unwrap();
        let mut json = Vec::new();
        while records.next(&mut json).unwrap() {}
        assert!(records.is_cut().unwrap());
        let mut log = Appender::after(records).unwrap();
        log.append(b"{\"again\":true}").unwrap();
        log.sync().unwrap();
        assert_eq!((log.written, log.waiting(), read(&path)), (5, 0, Ok(5)));
    }

    #[test]
    fn a_record_has_a_longest_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Appender::create(&path).unwrap();
        let longest = vec![b'1'; RECORD_BYTES_MAX - FRAME_BYTES_MAX];
        log.append(&longest).unwrap();
        let longer = vec![b'1'; RECORD_BYTES_MAX - FRAME_BYTES_MAX + 1];
        assert_eq!(log.append(&longer).unwrap_err().kind(), ErrorKind::Invalid);
        log.sync().unwrap();
        assert_eq!(read(&path), Ok(1));
    }
}
