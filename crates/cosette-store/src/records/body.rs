//! The rows of a body: an immutable list of parts, each a list of slices of extents.

use cosette_types::{Checksum, Crc64, Md5};

use crate::codec::{Damaged, Decoder, Encoder, Record};
use crate::extents::ExtentId;
use crate::records::PartSum;

/// A body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BodyRecord {
    pub(crate) size: u64,
    pub(crate) crc64: Crc64,
    /// The MD5 of all its bytes, if it is known.
    pub(crate) md5: Option<Md5>,
    pub(crate) list: List,
}

/// Where a body's list of parts and slices is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum List {
    /// In the body's own row.
    Inline(Vec<Item>),
    /// In chained rows; for each, the offset in the body at which it begins.
    Chained(Vec<u64>),
}

/// An element of the list: a part is followed by its checksum, if one is kept, and by its slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// Here begins a stored part.
    Part(Digests),
    /// The checksum of the part that has just begun, where that of the object is one of its parts'.
    Sum(PartSum),
    /// The next bytes.
    Slice(Slice),
}

/// What is known of a run of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) size: u64,
    pub(crate) md5: Md5,
    pub(crate) crc64: Crc64,
}

/// A run of bytes of an extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) extent: ExtentId,
    /// Whether the extent's bytes are a row.
    pub(crate) tiny: bool,
    /// Whether the extent's bytes are encrypted. Offset and length are those of the bytes as given.
    pub(crate) sealed: bool,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// Appends one item to a list.
pub(crate) fn encode_item(to: &mut Encoder, item: &Item) {
    match item {
        Item::Part(digests) => {
            to.byte(0);
            encode_digests(to, digests);
        }
        Item::Sum(sum) => {
            to.byte(5);
            to.part_sum(sum);
        }
        Item::Slice(slice) => {
            to.byte(match (slice.tiny, slice.sealed) {
                (false, false) => 1,
                (true, false) => 2,
                (false, true) => 3,
                (true, true) => 4,
            });
            to.fixed(&slice.extent.0);
            to.number(slice.offset);
            to.number(slice.length);
        }
    }
}

fn encode_digests(to: &mut Encoder, digests: &Digests) {
    to.number(digests.size);
    to.fixed(&digests.md5.0);
    to.crc64(digests.crc64);
}

fn decode_digests(from: &mut Decoder<'_>) -> Result<Digests, Damaged> {
    Ok(Digests {
        size: from.number()?,
        md5: from.md5()?,
        crc64: from.crc64()?,
    })
}

/// Reads items to the end.
pub(crate) fn decode_items(from: &mut Decoder<'_>) -> Result<Vec<Item>, Damaged> {
    let mut items = Vec::new();
    while !from.is_empty() {
        items.push(match from.byte()? {
            0 => Item::Part(decode_digests(from)?),
            kind @ 1..=4 => Item::Slice(Slice {
                extent: ExtentId(from.fixed()?),
                tiny: kind % 2 == 0,
                sealed: kind > 2,
                offset: from.number()?,
                length: from.number()?,
            }),
            5 => Item::Sum(from.part_sum()?),
            _ => return Err(Damaged("an unknown item")),
        });
    }
    Ok(items)
}

impl Record for BodyRecord {
    const WHAT: &'static str = "body row";

    fn encode(&self, to: &mut Encoder) {
        to.number(self.size);
        to.crc64(self.crc64);
        to.option(self.md5, |to, md5| to.fixed(&md5.0));
        match &self.list {
            List::Inline(items) => {
                to.byte(0);
                for item in items {
                    encode_item(to, item);
                }
            }
            List::Chained(starts) => {
                to.byte(1);
                to.number(starts.len() as u64);
                let mut last = 0;
                for start in starts {
                    to.number(start - last);
                    last = *start;
                }
            }
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            size: from.number()?,
            crc64: from.crc64()?,
            md5: from.option(Decoder::md5)?,
            list: match from.byte()? {
                0 => List::Inline(decode_items(from)?),
                1 => {
                    let mut start = 0u64;
                    List::Chained(from.list_of(|from| {
                        let step = from.number()?;
                        start = start
                            .checked_add(step)
                            .ok_or(Damaged("an offset too large"))?;
                        Ok(start)
                    })?)
                }
                _ => return Err(Damaged("an unknown kind of list")),
            },
        })
    }
}

/// What is remembered of a range that had to be read for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RangeDigests {
    pub(crate) digests: Digests,
    /// The checksum that was wanted then.
    pub(crate) checksum: Option<Checksum>,
}

impl Record for RangeDigests {
    const WHAT: &'static str = "digest row";

    fn encode(&self, to: &mut Encoder) {
        encode_digests(to, &self.digests);
        // As an extra: rows without one are as they always were.
        if let Some(checksum) = &self.checksum {
            to.checksum(checksum);
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            digests: decode_digests(from)?,
            checksum: from.last_checksum()?,
        })
    }
}
