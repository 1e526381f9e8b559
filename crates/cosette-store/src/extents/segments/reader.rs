//! Reading a range of an extent: whole blocks, each checked.

use std::io::{self, ErrorKind};

use bytes::Bytes;

use super::format::{ExtentHeader, PAGE, Place, SegmentHeader, sum};
use super::space::{Space, failed};
use crate::disk::DiskFile;
use crate::extents::{BLOCK_BYTES, ExtentError};

/// The bytes `offset..offset + length` of the extent at `address`.
pub(super) fn read(
    space: &Space,
    address: Place,
    offset: u64,
    length: u64,
) -> Result<Bytes, ExtentError> {
    let end = offset
        .checked_add(length)
        .filter(|end| *end <= address.length);
    let end = end.ok_or_else(|| corrupt(address, "shorter than the row says"))?;
    if length == 0 {
        return Ok(Bytes::new());
    }
    let file = space
        .folder
        .segment(address.segment)
        .map_err(|error| lost(address, &error))?;
    let header = header(file.as_ref(), address)?;
    let first = offset / BLOCK_BYTES;
    let start = first * BLOCK_BYTES;
    let whole_end = end.next_multiple_of(BLOCK_BYTES).min(address.length);
    let blocks = read_exact(
        file.as_ref(),
        address,
        address.content() + start,
        whole_end - start,
    )?;
    let sums = header.sums.get(size(first)..).unwrap_or_default();
    let chunks = blocks.chunks(size(BLOCK_BYTES));
    if sums.len() < chunks.len() {
        return Err(corrupt(address, "a block without checksum"));
    }
    for (index, (block, expected)) in chunks.zip(sums).enumerate() {
        if sum(block) != *expected {
            return Err(corrupt(address, &format!("block {}", size(first) + index)));
        }
    }
    Ok(Bytes::from(blocks).slice(size(offset - start)..size(end - start)))
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
