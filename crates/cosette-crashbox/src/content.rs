//! Contents that say themselves what they are: every 8 bytes can be computed from the stream's
//! name and their place in it, and every sector begins with both. A mixed, shifted or torn object is
//! seen without keeping a copy of it.

use std::fmt::Write as _;

/// Bytes that begin with their stream's name and their own number.
const SECTOR_WORDS: u64 = 64;
const WORD_BYTES: u64 = 8;

/// `len` bytes from `start` on of the endless stream called `stream`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) stream: u64,
    pub(crate) start: u64,
    pub(crate) len: u64,
}

/// What an object holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Content(pub(crate) Vec<Piece>);

impl Content {
    /// The first bytes of a stream.
    pub(crate) fn new(stream: u64, len: u64) -> Self {
        Self(vec![Piece {
            stream,
            start: 0,
            len,
        }])
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|piece| piece.len).sum()
    }

    /// All its bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.len()).unwrap_or_default());
        for piece in &self.0 {
            write(&mut bytes, *piece);
        }
        bytes
    }

    /// What is wrong with these bytes, if they are not it.
    pub(crate) fn differs(&self, bytes: &[u8]) -> Option<String> {
        let expected = self.bytes();
        if expected == bytes {
            return None;
        }
        let at = expected.iter().zip(bytes).position(|(a, b)| a != b);
        let at = at.unwrap_or_else(|| expected.len().min(bytes.len()));
        let mut told = format!(
            "{} bytes instead of {}, the first other one at {at}",
            bytes.len(),
            expected.len()
        );
        let sector = at - at % 512;
        let word = |from: usize| {
            let word = bytes.get(from..)?.first_chunk::<8>()?;
            Some(u64::from_le_bytes(*word))
        };
        if let (Some(stream), Some(number)) = (word(sector), word(sector + 8)) {
            // A string never refuses to be written to.
            let _ = write!(
                told,
                "; its sector calls itself {number} of stream {stream:x}"
            );
        }
        Some(told)
    }
}

fn write(bytes: &mut Vec<u8>, piece: Piece) {
    let end = piece.start + piece.len;
    let mut at = piece.start;
    while at < end {
        let word = word_of(piece.stream, at / WORD_BYTES).to_le_bytes();
        let skip = at % WORD_BYTES;
        let take = (WORD_BYTES - skip).min(end - at);
        let (skip, take) = (index(skip), index(take));
        bytes.extend(word.iter().skip(skip).take(take));
        at += take as u64;
    }
}

fn index(small: u64) -> usize {
    usize::try_from(small).unwrap_or(usize::MAX)
}

const fn word_of(stream: u64, number: u64) -> u64 {
    match number % SECTOR_WORDS {
        0 => stream,
        1 => number / SECTOR_WORDS,
        _ => mix(stream ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
    }
}

const fn mix(value: u64) -> u64 {
    let mut mixed = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// SplitMix64: repeatable from its seed.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below a limit; 0 if the limit is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_of_a_stream_is_a_slice_of_its_bytes() {
        let whole = Content::new(7, 3000).bytes();
        let part = Content(vec![Piece {
            stream: 7,
            start: 517,
            len: 1001,
        }]);
        assert_eq!(part.bytes(), whole[517..1518]);
        assert_eq!(part.differs(&whole[517..1518]), None);
    }

    #[test]
    fn what_is_not_it_is_named() {
        let (one, other) = (Content::new(1, 1024), Content::new(0xabc, 1024));
        let told = one.differs(&other.bytes()).unwrap();
        assert!(told.contains("0 of stream abc"), "{told}");
        assert!(one.differs(&one.bytes()[..1000]).is_some());
        let mut torn = one.bytes();
        torn[512..].fill(0);
        assert!(one.differs(&torn).unwrap().contains("at 512"));
    }
}
