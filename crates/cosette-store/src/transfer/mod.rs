//! Export and import: a whole store as one stream of bytes, for every driver the same; which is also
//! its backup.
//!
//! The stream is rows and the bytes of extents, cut into frames. Every frame's checksum covers the one
//! before it, so none can be damaged, missing, doubled or in another place without being seen, and a
//! last frame says how much there was. Bytes that objects share are in it once. What a store makes
//! again by itself (where extents lie, who has slices of them, what is to be swept) is not in it.
//! `docs/format.md` describes every byte.

mod export;
mod import;

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use crc_fast::CrcAlgorithm;

use crate::error::Error;
use crate::limits;

/// What every export begins with; the digit is the version of the format.
const MAGIC: &[u8; 16] = b"cosette-export-1";
/// A frame's kind and length.
const HEAD_BYTES: usize = 5;
const SUM_BYTES: usize = 4;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The first one: about the store.
    Head,
    /// Rows.
    Rows,
    /// An extent begins: its id and length.
    Extent,
    /// The next bytes of the extent.
    Data,
    /// The last one: how much there was.
    End,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Head, Self::Rows, Self::Extent, Self::Data, Self::End];

    const fn byte(self) -> u8 {
        match self {
            Self::Head => b'H',
            Self::Rows => b'R',
            Self::Extent => b'X',
            Self::Data => b'D',
            Self::End => b'E',
        }
    }
}

/// How much was moved from one store to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Rows.
    pub rows: u64,
    /// Extents, without those that are rows.
    pub extents: u64,
    /// Bytes of these extents.
    pub bytes: u64,
}

/// Why an export was not taken in. The store holds nothing of it that anybody could see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportError<E> {
    /// The stream failed.
    Stream(E),
    /// The store has something in it already. Nothing was written.
    NotEmpty,
    /// It is no export, or one of a later version. Nothing was written.
    NotAnExport,
    /// It is damaged or ends too early.
    Damaged {
        /// How many bytes of it were good.
        at: u64,
        /// What is wrong there.
        why: String,
    },
    /// The store failed.
    Store(Error),
}

impl<E: fmt::Display> fmt::Display for ImportError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => write!(f, "the export stopped coming: {error}"),
            Self::NotEmpty => f.write_str(
                "the store is not empty; an import makes a whole store, in a new folder",
            ),
            Self::NotAnExport => {
                f.write_str("this is no export, or one that a later version has written")
            }
            Self::Damaged { at, why } => {
                write!(
                    f,
                    "the export is damaged behind its first {at} bytes: {why}"
                )
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for ImportError<E> {}

impl<E> From<Error> for ImportError<E> {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// The sum of a frame, which covers that of the frame before.
fn chain(before: u32, head: &[u8], payload: &[u8]) -> u32 {
    let mut digest = crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(&before.to_be_bytes());
    digest.update(head);
    digest.update(payload);
    // A CRC-32 has 32 bits.
    u32::try_from(digest.finalize()).unwrap_or(u32::MAX)
}

/// Makes frames.
#[derive(Debug, Default)]
struct Framer {
    sum: u32,
}

impl Framer {
    fn frame(&mut self, kind: Kind, payload: &[u8]) -> Bytes {
        // Payloads are gathered up to their limit and no further.
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let mut frame = BytesMut::with_capacity(HEAD_BYTES + payload.len() + SUM_BYTES);
        frame.put_u8(kind.byte());
        frame.put_u32(length);
        self.sum = chain(self.sum, &frame, payload);
        frame.put_slice(payload);
        frame.put_u32(self.sum);
        frame.freeze()
    }
}

/// Finds frames in bytes that come in pieces of any size.
#[derive(Debug, Default)]
struct Deframer {
    bytes: BytesMut,
    sum: u32,
    /// Bytes of whole frames so far.
    good: u64,
}

impl Deframer {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether the stream begins as an export does, once enough of it is there.
    fn magic(&mut self) -> Option<bool> {
        let found = self.bytes.first_chunk::<16>()?;
        let right = found == MAGIC;
        drop(self.bytes.split_to(MAGIC.len()));
        self.good += MAGIC.len() as u64;
        Some(right)
    }

    /// The next frame, if all of it is there.
    fn next(&mut self) -> Result<Option<(Kind, Bytes)>, String> {
        let Some(head) = self.bytes.first_chunk::<HEAD_BYTES>().copied() else {
            return Ok(None);
        };
        let [byte, length @ ..] = head;
        let kind = Kind::ALL.into_iter().find(|kind| kind.byte() == byte);
        let kind = kind.ok_or("a frame of an unknown kind")?;
        let length = u32::from_be_bytes(length) as usize;
        if length > limits::FRAME_BYTES_MAX {
            return Err("a frame longer than there are".to_owned());
        }
        if self.bytes.len() < HEAD_BYTES + length + SUM_BYTES {
            return Ok(None);
        }
        drop(self.bytes.split_to(HEAD_BYTES));
        let payload = self.bytes.split_to(length).freeze();
        let kept = self.bytes.split_to(SUM_BYTES);
        let sum = chain(self.sum, &head, &payload);
        if kept.as_ref() != sum.to_be_bytes() {
            return Err("a frame has another checksum".to_owned());
        }
        self.sum = sum;
        self.good += (HEAD_BYTES + length + SUM_BYTES) as u64;
        Ok(Some((kind, payload)))
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(bytes: &[u8], step: usize) -> Result<Vec<(Kind, Bytes)>, String> {
        let mut deframer = Deframer::default();
        let mut found = Vec::new();
        for piece in bytes.chunks(step) {
            deframer.add(piece);
            while let Some(frame) = deframer.next()? {
                found.push(frame);
            }
        }
        Ok(found)
    }

    #[test]
    fn frames_come_back_and_every_flipped_bit_is_seen() {
        let mut framer = Framer::default();
        let one = framer.frame(Kind::Rows, b"abc");
        let two = framer.frame(Kind::End, b"");
        let both = [one.as_ref(), two.as_ref()].concat();
        let expected = vec![
            (Kind::Rows, Bytes::from_static(b"abc")),
            (Kind::End, Bytes::new()),
        ];
        for step in 1..=both.len() {
            assert_eq!(frames(&both, step).unwrap(), expected);
        }
        for bit in 0..both.len() * 8 {
            let mut flipped = both.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let found = frames(&flipped, flipped.len());
            assert!(found.is_err() || found.unwrap().len() < 2, "bit {bit}");
        }
        let swapped = [two.as_ref(), one.as_ref()].concat();
        assert!(frames(&swapped, 64).is_err());
    }
}
