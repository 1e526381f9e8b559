//! Reading a range of an extent: whole blocks, each checked.

use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::format::{ExtentHeader, PAGE, Place, SegmentHeader, sum};
use super::space::{Space, failed};
use crate::disk::DiskFile;
use crate::extents::{BLOCK_BYTES, ExtentError, RangeReader};
use crate::planted::Bug;

/// Bytes of one piece of a range: whole blocks that stay in a processor's cache until they are
/// looked at.
const PIECE_BYTES: u64 = 2 * BLOCK_BYTES;

/// The bytes `offset..offset + length` of the extent at `address`.
pub(super) fn read(
    space: &Space,
    address: Place,
    offset: u64,
    length: u64,
) -> Result<Bytes, ExtentError> {
    let end = end_of(address, offset, length)?;
    if length == 0 {
        return Ok(Bytes::new());
    }
    let opened = Opened::at(space, address)?;
    let mut buffer = space.buffers.take(size(length + 2 * BLOCK_BYTES));
    let valid = opened.read(offset..end, buffer.bytes())?;
    Ok(buffer.lend(valid))
}

/// A range that is read piece by piece.
#[derive(Debug)]
pub(super) struct PieceReader {
    space: Arc<Space>,
    address: Place,
    left: Range<u64>,
    opened: Option<Opened>,
}

impl PieceReader {
    pub(super) fn new(space: Arc<Space>, address: Place, offset: u64, length: u64) -> Self {
        Self {
            space,
            address,
            left: offset..offset.saturating_add(length),
            opened: None,
        }
    }
}

impl RangeReader for PieceReader {
    fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Range<usize>, ExtentError> {
        if self.left.is_empty() {
            return Ok(0..0);
        }
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => {
                let Range { start, end } = self.left;
                end_of(self.address, start, end - start)?;
                Opened::at(&self.space, self.address)?
            }
        };
        let start = self.left.start;
        let border = (start / PIECE_BYTES + 1) * PIECE_BYTES;
        self.left.start = border.min(self.left.end);
        let valid = opened.read(start..self.left.start, buffer)?;
        self.opened = Some(opened);
        Ok(valid)
    }
}

fn end_of(address: Place, offset: u64, length: u64) -> Result<u64, ExtentError> {
    let end = offset
        .checked_add(length)
        .filter(|end| *end <= address.length);
    end.ok_or_else(|| corrupt(address, "shorter than the row says"))
}

/// An extent that was found where its address says.
#[derive(Debug)]
struct Opened {
    file: Arc<dyn DiskFile>,
    address: Place,
    sums: Vec<u32>,
}

impl Opened {
    fn at(space: &Space, address: Place) -> Result<Self, ExtentError> {
        let file = space.folder.segment(address.segment);
        let file = file.map_err(|error| lost(address, &error))?;
        let sums = header(file.as_ref(), address)?.sums;
        Ok(Self {
            file,
            address,
            sums,
        })
    }

    /// Reads the blocks that hold a range which is not empty and within the extent; says where in
    /// the buffer the range is.
    fn read(&self, range: Range<u64>, buffer: &mut Vec<u8>) -> Result<Range<usize>, ExtentError> {
        let address = self.address;
        let first = range.start / BLOCK_BYTES;
        let start = first * BLOCK_BYTES;
        let whole_end = range.end.next_multiple_of(BLOCK_BYTES).min(address.length);
        let length = size(whole_end - start);
        if buffer.len() < length {
            buffer.resize(length, 0);
        }
        let blocks = buffer.get_mut(..length).unwrap_or_default();
        self.file
            .read_at(blocks, address.content() + start)
            .map_err(|error| lost(address, &error))?;
        let sums = self.sums.get(size(first)..).unwrap_or_default();
        let chunks = blocks.chunks(size(BLOCK_BYTES));
        if sums.len() < chunks.len() {
            return Err(corrupt(address, "a block without checksum"));
        }
        for (index, (block, expected)) in chunks.zip(sums).enumerate() {
            if sum(block) != *expected && !Bug::ChecksumIgnored.is_planted() {
                return Err(corrupt(address, &format!("block {}", size(first) + index)));
            }
        }
        Ok(size(range.start - start)..size(range.end - start))
    }
}

/// The header at an address, which must be the one that the address was made for.
fn header(file: &dyn DiskFile, address: Place) -> Result<ExtentHeader, ExtentError> {
    let bytes = read_exact(file, address, address.offset, address.header_bytes())?;
    // The address carries half of the nonce; the other half is taken from the header, which the
    // header's own checksum covers.
    let nonce = bytes
        .get(24..40)
        .and_then(|nonce| nonce.try_into().ok())
        .unwrap_or_default();
    let segment = SegmentHeader {
        number: address.segment,
        nonce,
    };
    let header = ExtentHeader::decode(&bytes, segment)
        .ok_or_else(|| corrupt(address, "its header is damaged"))?;
    if header.freed || !header.place.is_named_by(&address) {
        return Err(corrupt(address, "another extent is in its place"));
    }
    Ok(header)
}

fn read_exact(
    file: &dyn DiskFile,
    at: Place,
    offset: u64,
    length: u64,
) -> Result<Vec<u8>, ExtentError> {
    let mut bytes = vec![0; size(length)];
    file.read_at(&mut bytes, offset)
        .map_err(|error| lost(at, &error))?;
    Ok(bytes)
}

/// A length that is at most that of an extent, in memory.
fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn lost(address: Place, error: &io::Error) -> ExtentError {
    match error.kind() {
        ErrorKind::NotFound => corrupt(address, "its segment is not there"),
        ErrorKind::UnexpectedEof => corrupt(address, "its segment ends before it"),
        _ => failed("read", error),
    }
}

fn corrupt(address: Place, what: &str) -> ExtentError {
    let Place {
        segment, offset, ..
    } = address;
    ExtentError::Corrupt(format!("segment {segment}, extent at {offset}: {what}").into())
}

/// What is at an address when it is to be freed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Occupant {
    /// The extent itself.
    Itself(Box<ExtentHeader>),
    /// Something unreadable that nobody else can own.
    Damaged,
    /// It was freed before.
    Nothing,
}

/// Looks who is at an address. A range that had an address is never given out again within its
/// segment, so what is there is the extent or its remains, unless the whole segment was removed and
/// its number used again.
pub(super) fn occupant(
    file: &dyn DiskFile,
    address: Place,
    segment: SegmentHeader,
) -> io::Result<Occupant> {
    let named = Place {
        nonce: segment.nonce,
        segment: segment.number,
        ..address
    };
    if !named.is_named_by(&address) {
        return Ok(Occupant::Nothing);
    }
    if let Some(header) = super::walk::header_at(file, segment, address.offset)? {
        let itself = !header.freed && header.place.is_named_by(&address);
        return Ok(if itself {
            Occupant::Itself(Box::new(header))
        } else {
            Occupant::Nothing
        });
    }
    let mut page = vec![0; size(PAGE)];
    match file.read_at(&mut page, address.offset) {
        Ok(()) if page.iter().any(|byte| *byte != 0) => Ok(Occupant::Damaged),
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(Occupant::Nothing),
    }
}
