//! Sealed bytes: AES-256-GCM in chunks, so that a range needs only the chunks that it touches.
//!
//! A run of bytes has a key of its own, made for it and used for nothing else. Its chunks are counted,
//! and the count is the nonce: no nonce can ever be used twice under one key, and a chunk opens only
//! in its place. The last chunk is marked in its nonce, too, so that a run that was cut off does not
//! pass for a whole one.

use bytes::Bytes;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::extents::{BLOCK_BYTES, EXTENT_BYTES_MAX};
use crate::planted::Bug;

/// Bytes of a sealed chunk: as many as one checksum covers, so that one chunk is one block.
pub(crate) const SEALED_BYTES: usize = 64 << 10;
/// Bytes of it that were given: all but the tag.
pub(crate) const CHUNK_BYTES: usize = SEALED_BYTES - MAX_TAG_LEN;
/// Most bytes given to one sealed extent.
pub(crate) const GIVEN_BYTES_MAX: u64 = EXTENT_BYTES_MAX / SEALED_BYTES as u64 * CHUNK_BYTES as u64;

const _: () = assert!(SEALED_BYTES as u64 == BLOCK_BYTES);

/// How long bytes are when sealed.
pub(crate) const fn sealed_length(given: u64) -> u64 {
    given + given.div_ceil(CHUNK_BYTES as u64) * MAX_TAG_LEN as u64
}

/// How many bytes were given, of sealed ones.
pub(crate) const fn given_length(sealed: u64) -> u64 {
    sealed.saturating_sub(sealed.div_ceil(SEALED_BYTES as u64) * MAX_TAG_LEN as u64)
}

/// The key of one run of bytes.
pub(crate) struct DataKey(LessSafeKey);

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl DataKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key);
        Self(LessSafeKey::new(
            key.expect("a key of this length is one of this algorithm"),
        ))
    }

    /// Seals a chunk: it is as long as before, and a tag.
    pub(crate) fn seal(&self, at: u32, last: bool, chunk: &mut Vec<u8>) -> Result<(), Error> {
        self.0
            .seal_in_place_append_tag(nonce(at, last), Aad::empty(), chunk)
            .map_err(|_| Error::io("bytes cannot be encrypted"))
    }

    /// Opens what [`DataKey::seal`] made, in place; gives back how many bytes it is.
    pub(crate) fn open(&self, at: u32, last: bool, chunk: &mut [u8]) -> Result<usize, Error> {
        let opened = self
            .0
            .open_in_place(nonce(at, last), Aad::empty(), chunk)
            .map_err(|_| {
                Error::corrupt(format!(
                    "chunk {at} of encrypted bytes is not the one that was written there"
                ))
            })?;
        Ok(opened.len())
    }

    /// Opens whole chunks that follow each other, beginning with chunk `first`. `end` is the number
    /// of chunks of the whole run.
    pub(crate) fn open_chunks(
        &self,
        sealed: &[u8],
        first: u32,
        end: u32,
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = sealed.to_vec();
        let (mut at, mut from, mut to) = (first, 0, 0);
        while from < bytes.len() {
            let until = (from + SEALED_BYTES).min(bytes.len());
            let chunk = bytes.get_mut(from..until).unwrap_or_default();
            let opened = self.open(at, at + 1 == end, chunk)?;
            bytes.copy_within(from..from + opened, to);
            (at, from, to) = (at + 1, until, to + opened);
        }
        bytes.truncate(to);
        Ok(bytes)
    }
}

fn nonce(at: u32, last: bool) -> Nonce {
    let at = if Bug::ChunksUncounted.is_planted() {
        0
    } else {
        at
    };
    let [a, b, c, d] = at.to_be_bytes();
    let last = u8::from(last);
    let nonce: [u8; NONCE_LEN] = [last, 0, 0, 0, 0, 0, 0, 0, a, b, c, d];
    Nonce::assume_unique_for_key(nonce)
}

/// Seals bytes as they come.
#[derive(Debug)]
pub(crate) struct Sealer {
    key: DataKey,
    at: u32,
    /// At most a chunk, which may be the last.
    gathered: Zeroizing<Vec<u8>>,
}

impl Sealer {
    pub(crate) fn new(key: DataKey) -> Self {
        Self {
            key,
            at: 0,
            gathered: Zeroizing::default(),
        }
    }

    /// Takes the next bytes; gives back the chunks that are full and not the last.
    pub(crate) fn push(&mut self, mut bytes: Bytes) -> Result<Vec<Bytes>, Error> {
        let mut chunks = Vec::new();
        while !bytes.is_empty() {
            if self.gathered.len() == CHUNK_BYTES {
                chunks.push(self.chunk(false)?);
            }
            if self.gathered.capacity() == 0 {
                self.gathered.reserve_exact(SEALED_BYTES);
            }
            let room = CHUNK_BYTES - self.gathered.len();
            let now = bytes.split_to(room.min(bytes.len()));
            self.gathered.extend_from_slice(&now);
        }
        Ok(chunks)
    }

    /// The last chunk.
    pub(crate) fn end(mut self) -> Result<Bytes, Error> {
        self.chunk(true)
    }

    fn chunk(&mut self, last: bool) -> Result<Bytes, Error> {
        // What is sealed in place is not left behind in the open.
        let mut chunk = std::mem::take(&mut *self.gathered);
        self.key.seal(self.at, last, &mut chunk)?;
        self.at += 1;
        Ok(chunk.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(bytes: &[u8], piece: usize) -> Vec<u8> {
        let mut sealer = Sealer::new(DataKey::new(&[7; 32]));
        let mut sealed = Vec::new();
        for piece in bytes.chunks(piece) {
            for chunk in sealer.push(Bytes::copy_from_slice(piece)).unwrap() {
                sealed.extend_from_slice(&chunk);
            }
        }
        sealed.extend_from_slice(&sealer.end().unwrap());
        sealed
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length)
            .map(|at| u8::try_from(at % 251).unwrap())
            .collect()
    }

    fn chunks(sealed: &[u8]) -> u32 {
        u32::try_from(sealed.len().div_ceil(SEALED_BYTES)).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_again_whatever_its_length_and_pieces() {
        let key = DataKey::new(&[7; 32]);
        for length in [
            1,
            2,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            3 * CHUNK_BYTES,
            200_001,
        ] {
            let plain = bytes(length);
            for piece in [1000, CHUNK_BYTES, usize::MAX] {
                let sealed = sealed(&plain, piece);
                assert_eq!(
                    sealed.len() as u64,
                    sealed_length(length as u64),
                    "{length}"
                );
                assert_eq!(given_length(sealed.len() as u64), length as u64, "{length}");
                let end = chunks(&sealed);
                assert_eq!(key.open_chunks(&sealed, 0, end).unwrap(), plain);
                let last = &sealed[(end as usize - 1) * SEALED_BYTES..];
                let opened = key.open_chunks(last, end - 1, end).unwrap();
                assert!(plain.ends_with(&opened) && !opened.is_empty());
            }
        }
        assert_eq!(sealed_length(GIVEN_BYTES_MAX), EXTENT_BYTES_MAX);
        assert_eq!((sealed_length(0), given_length(0)), (0, 0));
    }

    // catches: ChunksUncounted
    #[test]
    fn chunks_open_in_their_place_only_and_the_end_is_the_end() {
        let key = DataKey::new(&[7; 32]);
        let plain = bytes(3 * CHUNK_BYTES);
        let sealed = sealed(&plain, usize::MAX);
        let chunk = |at: usize| sealed[at * SEALED_BYTES..(at + 1) * SEALED_BYTES].to_vec();
        let refused = |bytes: &[u8], first, end| {
            assert!(matches!(
                key.open_chunks(bytes, first, end),
                Err(Error::Corrupt { .. })
            ));
        };
        refused(&[chunk(1), chunk(0), chunk(2)].concat(), 0, 3);
        refused(&[chunk(0), chunk(0), chunk(2)].concat(), 0, 3);
        refused(&chunk(1), 0, 3);
        // Cut off behind a chunk: that one was not the last.
        refused(&[chunk(0), chunk(1)].concat(), 0, 2);
        refused(&[sealed.clone(), chunk(2)].concat(), 0, 4);
        refused(&sealed[..sealed.len() - 1], 0, 3);
        let other = DataKey::new(&[8; 32]);
        assert!(other.open_chunks(&sealed, 0, 3).is_err());
        for bit in [0, 8 * SEALED_BYTES - 1, 8 * sealed.len() - 1] {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            refused(&flipped, 0, 3);
        }
    }
}
