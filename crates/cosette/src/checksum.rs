//! Checksums of bytes that pass through.

use cosette_types::{Crc64, Md5};
use crc_fast::{CrcAlgorithm, checksum};
use md5::Digest;

/// The CRC-64 of some bytes.
pub(crate) fn crc64(bytes: &[u8]) -> Crc64 {
    Crc64(checksum(CrcAlgorithm::Crc64Xz, bytes))
}

/// What is known of bytes by their sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) crc64: Crc64,
    /// If it was asked for.
    pub(crate) md5: Option<Md5>,
}

/// Sums of bytes that come piece by piece.
pub(crate) struct Summing {
    crc64: crc_fast::Digest,
    md5: Option<md5::Md5>,
}

impl Summing {
    pub(crate) fn new(with_md5: bool) -> Self {
        Self {
            crc64: crc_fast::Digest::new(CrcAlgorithm::Crc64Xz),
            md5: with_md5.then(md5::Md5::new),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.crc64.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    pub(crate) fn end(self) -> Sums {
        Sums {
            crc64: Crc64(self.crc64.finalize()),
            md5: self.md5.map(|md5| Md5(md5.finalize().into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_value() {
        assert_eq!(
            crc64(b"[Object Content]"),
            Crc64(16_749_565_679_157_681_890)
        );
        assert_eq!(crc64(b""), Crc64::EMPTY);
    }

    #[test]
    fn pieces_have_the_sums_of_the_whole() {
        let bytes = b"remember the milk";
        for with_md5 in [false, true] {
            let mut summing = Summing::new(with_md5);
            bytes.chunks(5).for_each(|piece| summing.update(piece));
            let sums = summing.end();
            assert_eq!(sums.crc64, crc64(bytes));
            assert_eq!(
                sums.md5,
                with_md5.then(|| Md5(md5::Md5::digest(bytes).into()))
            );
        }
    }
}
