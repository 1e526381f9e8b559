//! Looking through a segment for the headers of its extents.

use std::io::{self, ErrorKind};

use super::format::{ExtentHeader, PAGE, Place, SegmentHeader};
use crate::disk::DiskFile;

/// An extent found in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) freed: bool,
}

/// The extents whose headers are whole, in order. Holes and torn writes are passed over.
pub(super) fn extents(file: &dyn DiskFile, segment: SegmentHeader) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut at = PAGE;
    while let Some(data) = file.next_data(at)? {
        // Data within a page that began before `at` does not count: `at` is a whole page.
        at = at.max(data - data % PAGE);
        match header_at(file, segment, at)? {
            Some(ExtentHeader { place, freed, .. }) => {
                found.push(Found { place, freed });
                at += place.taken();
            }
            None => at += PAGE,
        }
    }
    Ok(found)
}

/// The header that begins at `offset`, if a whole one does.
pub(super) fn header_at(
    file: &dyn DiskFile,
    segment: SegmentHeader,
    offset: u64,
) -> io::Result<Option<ExtentHeader>> {
    let Some(first) = page_at(file, offset)? else {
        return Ok(None);
    };
    let Some(pages) = ExtentHeader::pages_from(&first) else {
        return Ok(None);
    };
    let mut bytes = first;
    for page in 1..u64::from(pages) {
        let Some(more) = page_at(file, offset + page * PAGE)? else {
            return Ok(None);
        };
        bytes.extend_from_slice(&more);
    }
    let header = ExtentHeader::decode(&bytes, segment);
    Ok(header.filter(|header| header.place.offset == offset))
}

fn page_at(file: &dyn DiskFile, offset: u64) -> io::Result<Option<Vec<u8>>> {
    let mut page = vec![0; usize::try_from(PAGE).unwrap_or_default()];
    match file.read_at(&mut page, offset) {
        Ok(()) => Ok(Some(page)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
