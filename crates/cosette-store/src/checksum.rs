//! The checksums that clients of S3 choose, computed piece by piece.

use std::fmt;

use cosette_types::{Checksum, ChecksumAlgorithm};
use crc_fast::CrcAlgorithm;
use ring::digest;

/// The CRC behind an algorithm; `None` where it is none.
pub(crate) fn crc_of(algorithm: ChecksumAlgorithm) -> Option<CrcAlgorithm> {
    match algorithm {
        ChecksumAlgorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
        ChecksumAlgorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
        ChecksumAlgorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => None,
    }
}

/// A value of a CRC as its bytes, the highest first.
pub(crate) fn crc_bytes(algorithm: ChecksumAlgorithm, value: u64) -> Vec<u8> {
    let all = value.to_be_bytes();
    let first = all.len().saturating_sub(algorithm.bytes());
    all.get(first..).unwrap_or_default().to_vec()
}

/// A checksum of bytes that come piece by piece.
pub(crate) struct Running {
    algorithm: ChecksumAlgorithm,
    state: State,
}

enum State {
    Crc(Box<crc_fast::Digest>),
    Sha(Box<digest::Context>),
}

impl Running {
    /// Of no bytes yet.
    pub(crate) fn new(algorithm: ChecksumAlgorithm) -> Self {
        let sha = match algorithm {
            ChecksumAlgorithm::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            _ => &digest::SHA256,
        };
        let state = match crc_of(algorithm) {
            Some(crc) => State::Crc(Box::new(crc_fast::Digest::new(crc))),
            None => State::Sha(Box::new(digest::Context::new(sha))),
        };
        Self { algorithm, state }
    }

    /// More bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc(digest) => digest.update(bytes),
            State::Sha(digest) => digest.update(bytes),
        }
    }

    /// The value of all of them.
    pub(crate) fn value(self) -> Vec<u8> {
        match self.state {
            State::Crc(digest) => crc_bytes(self.algorithm, digest.finalize()),
            State::Sha(digest) => digest.finish().as_ref().to_vec(),
        }
    }

    /// The checksum of all of them.
    pub(crate) fn finish(self) -> Checksum {
        Checksum::full(self.algorithm, &self.value())
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({})", self.algorithm)
    }
}

/// The value of some bytes at once.
pub(crate) fn value_of(algorithm: ChecksumAlgorithm, all: &[u8]) -> Vec<u8> {
    let mut running = Running::new(algorithm);
    running.update(all);
    running.value()
}

#[cfg(test)]
mod tests {
    use cosette_types::checksum::hex;

    use super::*;

    #[test]
    fn check_values_of_the_catalogues() {
        for (algorithm, digits) in [
            (ChecksumAlgorithm::Crc32, "cbf43926"),
            (ChecksumAlgorithm::Crc32c, "e3069283"),
            (ChecksumAlgorithm::Crc64Nvme, "ae8b14860a799888"),
            (
                ChecksumAlgorithm::Sha1,
                "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
            ),
            (
                ChecksumAlgorithm::Sha256,
                "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
            ),
        ] {
            assert_eq!(hex(&value_of(algorithm, b"123456789")), digits);
            let mut running = Running::new(algorithm);
            running.update(b"1234");
            running.update(b"56789");
            let made = running.finish();
            assert_eq!(made.bytes(), Some(value_of(algorithm, b"123456789")));
        }
    }
}
