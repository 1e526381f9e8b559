//! One stream: whole blocks go into the state, what is left waits for more.

use crate::{BLOCK, INITIAL, State};
use crate::{many, scalar};

/// The MD5 of a stream of bytes, so far.
#[derive(Debug, Clone)]
pub struct Md5 {
    pub(crate) state: State,
    /// Bytes taken in, those that wait included.
    length: u64,
    /// What does not fill a block yet, at its beginning.
    waiting: [u8; BLOCK],
}

impl Default for Md5 {
    fn default() -> Self {
        Self::new()
    }
}

impl Md5 {
    /// Of no bytes.
    pub const fn new() -> Self {
        Self {
            state: INITIAL,
            length: 0,
            waiting: [0; BLOCK],
        }
    }

    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> [u8; 16] {
        let mut md5 = Self::new();
        md5.update(bytes);
        md5.finish()
    }

    /// How many bytes were taken in.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Takes in the next bytes, alone.
    pub fn update(&mut self, bytes: &[u8]) {
        let bytes = self.top_up(bytes);
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        many::compress_alone(&mut self.state, blocks);
        self.count(blocks.len());
        self.keep(rest);
    }

    /// The digest.
    pub fn finish(mut self) -> [u8; 16] {
        let bits = self.length.wrapping_mul(8).to_le_bytes();
        let mut padding = [0; 2 * BLOCK];
        let filled = self.filled();
        // A one, zeros, and the length in the last eight bytes of a block.
        let blocks = if filled < BLOCK - 8 { 1 } else { 2 };
        let all = padding.get_mut(..blocks * BLOCK).unwrap_or_default();
        for (to, from) in all
            .iter_mut()
            .zip(self.waiting.iter().take(filled).chain(&[0x80]))
        {
            *to = *from;
        }
        if let Some(end) = all.last_chunk_mut::<8>() {
            *end = bits;
        }
        scalar::compress(&mut self.state, all.as_chunks::<BLOCK>().0);
        let mut digest = [0; 16];
        for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(self.state) {
            *bytes = word.to_le_bytes();
        }
        digest
    }

    /// Bytes that wait.
    fn filled(&self) -> usize {
        usize::try_from(self.length % 64).unwrap_or_default()
    }

    /// Fills the block that is begun; gives back what is left, with which a block begins if any is
    /// left at all.
    pub(crate) fn top_up<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let filled = self.filled();
        if filled == 0 {
            return bytes;
        }
        let (now, rest) = bytes.split_at(bytes.len().min(BLOCK - filled));
        for (to, from) in self.waiting.iter_mut().skip(filled).zip(now) {
            *to = *from;
        }
        self.length += now.len() as u64;
        if self.filled() == 0 && !now.is_empty() {
            scalar::compress(&mut self.state, &[self.waiting]);
        }
        rest
    }

    /// So many blocks went into the state.
    pub(crate) fn count(&mut self, blocks: usize) {
        self.length += (blocks * BLOCK) as u64;
    }

    /// Keeps what fills no block; no bytes wait yet.
    pub(crate) fn keep(&mut self, rest: &[u8]) {
        let filled = self.filled();
        for (to, from) in self.waiting.iter_mut().skip(filled).zip(rest) {
            *to = *from;
        }
        self.length += rest.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use md5::Digest;
    use proptest::prelude::*;

    fn hex(bytes: &[u8]) -> String {
        let digest = Md5::of(bytes);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_digests_of_the_standard() {
        // RFC 1321, A.5.
        assert_eq!(hex(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex(b"a"), "0cc175b9c0f1b6a831c399e269772661");
        assert_eq!(hex(b"message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
        let digits = "1234567890".repeat(8);
        assert_eq!(hex(digits.as_bytes()), "57edf4a22be3c955ac49da2e2107b67a");
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(pieces in prop::collection::vec(
            prop::collection::vec(any::<u8>(), 0..200), 0..8)) {
            let (mut ours, mut theirs) = (Md5::new(), md5::Md5::new());
            for piece in &pieces {
                ours.update(piece);
                theirs.update(piece);
            }
            let length: usize = pieces.iter().map(Vec::len).sum();
            prop_assert_eq!(ours.length(), length as u64);
            prop_assert_eq!(ours.finish().to_vec(), theirs.finalize().to_vec());
        }
    }

    #[test]
    fn every_length_around_a_block() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..=bytes.len() {
            let bytes = &bytes[..length];
            assert_eq!(Md5::of(bytes)[..], md5::Md5::digest(bytes)[..], "{length}");
        }
    }
}
