//! What a segment file looks like, byte for byte; `docs/format.md` tells the same in words.
//!
//! Every header names the segment's random nonce and its own place. Object bytes cannot pass for a
//! header, then, even if somebody uploads a copy of a segment file: the nonce never leaves the store.

use bytes::Bytes;
use crc_fast::CrcAlgorithm;

use crate::extents::{Address, BLOCK_BYTES, EXTENT_BYTES_MAX, ExtentError, ExtentId};

/// Everything begins at a multiple of this.
pub(super) const PAGE: u64 = 4 << 10;
/// A segment takes no extent that would make it longer.
pub(super) const SEGMENT_BYTES_MAX: u64 = 1 << 30;

const SEGMENT_MAGIC: [u8; 8] = *b"cosetsg1";
const LIVE_MAGIC: [u8; 8] = *b"cosetex1";
const FREED_MAGIC: [u8; 8] = *b"cosetfr1";
/// Bytes of an extent's header before its checksums.
const FIXED_BYTES: u64 = 64;
const SUM_BYTES: u64 = 4;
/// Where an extent's header keeps its own checksum.
const HEADER_SUM_AT: usize = 60;
/// Where a segment's header keeps its own checksum.
const SEGMENT_SUM_AT: usize = 32;
/// The first byte of an address.
const ADDRESS_FORMAT: u8 = 1;
const ADDRESS_BYTES: usize = 50;

/// The random mark of one segment file.
pub(super) type Nonce = [u8; 16];

/// The CRC-32C of some bytes.
pub(super) fn sum(bytes: &[u8]) -> u32 {
    let sum = crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes);
    u32::try_from(sum).expect("a CRC-32 has 32 bits")
}

pub(super) fn round_up(bytes: u64) -> u64 {
    bytes.next_multiple_of(PAGE)
}

/// The first page of a segment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) number: u64,
    pub(super) nonce: Nonce,
}

impl SegmentHeader {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut page = Vec::with_capacity(PAGE_BYTES);
        page.extend_from_slice(&SEGMENT_MAGIC);
        page.extend_from_slice(&self.number.to_le_bytes());
        page.extend_from_slice(&self.nonce);
        let sum = sum(&page);
        page.extend_from_slice(&sum.to_le_bytes());
        page.resize(PAGE_BYTES, 0);
        page
    }

    pub(super) fn decode(page: &[u8]) -> Option<Self> {
        let (head, rest) = page.split_at_checked(SEGMENT_SUM_AT)?;
        if sum(head) != u32_at(rest, 0)? || !head.starts_with(&SEGMENT_MAGIC) {
            return None;
        }
        Some(Self {
            number: u64_at(head, 8)?,
            nonce: array_at(head, 16)?,
        })
    }
}

/// [`PAGE`] as a length in memory.
const PAGE_BYTES: usize = 4 << 10;

/// What stands before an extent's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExtentHeader {
    pub(super) place: Place,
    /// Marked as given back, where the file system cannot punch holes.
    pub(super) freed: bool,
    /// The CRC-32C of each block.
    pub(super) sums: Vec<u32>,
}

/// Where an extent is: what its address says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: ExtentId,
    pub(super) segment: u64,
    pub(super) nonce: Nonce,
    /// Where its header begins.
    pub(super) offset: u64,
    /// Bytes of content.
    pub(super) length: u64,
    /// Pages of the header.
    pub(super) header_pages: u8,
}

/// Pages of a header with room for the checksums of `length` bytes.
pub(super) fn header_pages(length: u64) -> u8 {
    let bytes = FIXED_BYTES + length.div_ceil(BLOCK_BYTES) * SUM_BYTES;
    u8::try_from(bytes.div_ceil(PAGE)).expect("an extent has at most 1024 checksums")
}

impl Place {
    pub(super) fn header_bytes(&self) -> u64 {
        u64::from(self.header_pages) * PAGE
    }

    /// Where the content begins.
    pub(super) fn content(&self) -> u64 {
        self.offset + self.header_bytes()
    }

    /// Bytes of header and content in whole pages.
    pub(super) fn taken(&self) -> u64 {
        self.header_bytes() + round_up(self.length)
    }

    fn is_sound(&self) -> bool {
        let blocks_fit = header_pages(self.length.min(EXTENT_BYTES_MAX)) <= self.header_pages;
        self.length <= EXTENT_BYTES_MAX
            && blocks_fit
            && self.header_pages <= header_pages(EXTENT_BYTES_MAX)
            && self.offset.is_multiple_of(PAGE)
            && self.offset >= PAGE
            && self.offset <= SEGMENT_BYTES_MAX
    }

    pub(super) fn encode(&self) -> Address {
        let mut bytes = Vec::with_capacity(ADDRESS_BYTES);
        let (marked, _) = self.nonce.split_at(8);
        bytes.push(ADDRESS_FORMAT);
        bytes.push(self.header_pages);
        bytes.extend_from_slice(marked);
        bytes.extend_from_slice(&self.id.0);
        for number in [self.segment, self.offset, self.length] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        Address(Bytes::from(bytes))
    }

    /// What an address says; the second half of the nonce is not in it and stays zero.
    pub(super) fn decode(address: &Address) -> Result<Self, ExtentError> {
        let bytes = address.0.as_ref();
        let decode = || {
            let [ADDRESS_FORMAT, header_pages] = array_at::<2>(bytes, 0)? else {
                return None;
            };
            let mut nonce = Nonce::default();
            nonce.split_at_mut(8).0.copy_from_slice(bytes.get(2..10)?);
            let place = Self {
                id: ExtentId(array_at(bytes, 10)?),
                segment: u64_at(bytes, 26)?,
                nonce,
                offset: u64_at(bytes, 34)?,
                length: u64_at(bytes, 42)?,
                header_pages,
            };
            (bytes.len() == ADDRESS_BYTES && place.is_sound()).then_some(place)
        };
        decode().ok_or_else(|| ExtentError::Corrupt("an address of another driver".into()))
    }

    /// Whether this is the place an address names.
    pub(super) fn is_named_by(&self, address: &Self) -> bool {
        let full = Self {
            nonce: self.nonce,
            ..*address
        };
        self.nonce.first_chunk::<8>() == address.nonce.first_chunk::<8>() && *self == full
    }
}

impl ExtentHeader {
    pub(super) fn encode(&self) -> Vec<u8> {
        let length = usize::from(self.place.header_pages) * PAGE_BYTES;
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(if self.freed {
            &FREED_MAGIC
        } else {
            &LIVE_MAGIC
        });
        bytes.extend_from_slice(&self.place.id.0);
        bytes.extend_from_slice(&self.place.nonce);
        bytes.extend_from_slice(&self.place.offset.to_le_bytes());
        bytes.extend_from_slice(&self.place.length.to_le_bytes());
        bytes.extend_from_slice(&[self.place.header_pages, 0, 0, 0, 0, 0, 0, 0]);
        for block in &self.sums {
            bytes.extend_from_slice(&block.to_le_bytes());
        }
        bytes.resize(length, 0);
        let sum = sum(&bytes);
        if let Some(field) = bytes.get_mut(HEADER_SUM_AT..HEADER_SUM_AT + 4) {
            field.copy_from_slice(&sum.to_le_bytes());
        }
        bytes
    }

    /// How many pages to read for the header that begins with this page, if one does.
    pub(super) fn pages_from(first_page: &[u8]) -> Option<u8> {
        let magic = first_page.get(..8)?;
        let pages = *first_page.get(56)?;
        let sound = (1..=header_pages(EXTENT_BYTES_MAX)).contains(&pages);
        (sound && (magic == LIVE_MAGIC || magic == FREED_MAGIC)).then_some(pages)
    }

    /// Reads the header whose pages these are. `None` if it is not whole, or not of this segment.
    pub(super) fn decode(bytes: &[u8], segment: SegmentHeader) -> Option<Self> {
        let magic = bytes.get(..8)?;
        let freed = magic == FREED_MAGIC;
        let mut unsigned = bytes.to_vec();
        unsigned.get_mut(HEADER_SUM_AT..HEADER_SUM_AT + 4)?.fill(0);
        if !(freed || magic == LIVE_MAGIC) || sum(&unsigned) != u32_at(bytes, HEADER_SUM_AT)? {
            return None;
        }
        let place = Place {
            id: ExtentId(array_at(bytes, 8)?),
            segment: segment.number,
            nonce: array_at(bytes, 24)?,
            offset: u64_at(bytes, 40)?,
            length: u64_at(bytes, 48)?,
            header_pages: *bytes.get(56)?,
        };
        if place.nonce != segment.nonce || !place.is_sound() {
            return None;
        }
        let blocks = usize::try_from(place.length.div_ceil(BLOCK_BYTES)).ok()?;
        let sums = bytes.get(64..)?.chunks_exact(4).take(blocks);
        let sums: Vec<u32> = sums.filter_map(|four| u32_at(four, 0)).collect();
        (sums.len() == blocks).then_some(Self { place, freed, sums })
    }
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::{ExtentHeader, Place, SegmentHeader, header_pages, sum};
    use crate::extents::{Address, BLOCK_BYTES, EXTENT_BYTES_MAX, ExtentId};

    fn header(length: u64) -> (SegmentHeader, ExtentHeader) {
        let segment = SegmentHeader {
            number: 7,
            nonce: *b"0123456789abcdef",
        };
        let place = Place {
            id: ExtentId([9; 16]),
            segment: 7,
            nonce: segment.nonce,
            offset: 8192,
            length,
            header_pages: header_pages(length),
        };
        let blocks = u32::try_from(length.div_ceil(BLOCK_BYTES)).unwrap();
        let sums = (0..blocks).collect();
        (
            segment,
            ExtentHeader {
                place,
                freed: false,
                sums,
            },
        )
    }

    #[test]
    fn the_checksum_is_crc_32c() {
        assert_eq!(sum(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn headers_come_back_as_they_were() {
        for length in [
            0,
            1,
            BLOCK_BYTES,
            BLOCK_BYTES + 1,
            63 << 20,
            EXTENT_BYTES_MAX,
        ] {
            let (segment, mut header) = header(length);
            assert_eq!(
                ExtentHeader::decode(&header.encode(), segment).as_ref(),
                Some(&header)
            );
            header.freed = true;
            assert_eq!(
                ExtentHeader::decode(&header.encode(), segment).as_ref(),
                Some(&header)
            );
        }
        assert_eq!(
            (header_pages(63 << 20), header_pages(EXTENT_BYTES_MAX)),
            (1, 2)
        );
        let (segment, _) = header(0);
        assert_eq!(SegmentHeader::decode(&segment.encode()), Some(segment));
    }

    #[test]
    fn a_changed_bit_or_a_foreign_segment_is_no_header() {
        let (segment, header) = header(3 * BLOCK_BYTES);
        let good = header.encode();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            assert_eq!(ExtentHeader::decode(&bad, segment), None, "byte {at}");
        }
        let foreign = SegmentHeader {
            nonce: [0; 16],
            ..segment
        };
        assert_eq!(ExtentHeader::decode(&good, foreign), None);
        assert_eq!(ExtentHeader::decode(&good[..100], segment), None);
    }

    #[test]
    fn addresses_name_one_place() {
        let (_, header) = header(100);
        let address = header.place.encode();
        let named = Place::decode(&address).unwrap();
        assert!(header.place.is_named_by(&named));
        let elsewhere = Place {
            offset: 4096,
            ..header.place
        };
        assert!(!elsewhere.is_named_by(&named));
        let other = Place {
            id: ExtentId([8; 16]),
            ..header.place
        };
        assert!(!other.is_named_by(&named));
        let recreated = Place {
            nonce: [1; 16],
            ..header.place
        };
        assert!(!recreated.is_named_by(&named));
        for bytes in [&b""[..], b"x", &[1; 49], &[2; 50], &[0xff; 50]] {
            assert!(Place::decode(&Address(bytes.to_vec().into())).is_err());
        }
    }
}
