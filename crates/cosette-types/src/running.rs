//! The checksums that clients of S3 choose, computed piece by piece.

use std::fmt;

use crc_fast::CrcAlgorithm;
use sha2::Digest as _;

use crate::checksum::{Checksum, ChecksumAlgorithm};

/// The CRC behind an algorithm; `None` where it is none.
pub fn crc_of(algorithm: ChecksumAlgorithm) -> Option<CrcAlgorithm> {
    match algorithm {
        ChecksumAlgorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
        ChecksumAlgorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
        ChecksumAlgorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => None,
    }
}

/// A value of a CRC as its bytes, the highest first.
pub fn crc_bytes(algorithm: ChecksumAlgorithm, value: u64) -> Vec<u8> {
    let all = value.to_be_bytes();
    let first = all.len().saturating_sub(algorithm.bytes());
    all.get(first..).unwrap_or_default().to_vec()
}

/// A checksum of bytes that come piece by piece.
pub struct RunningChecksum {
    algorithm: ChecksumAlgorithm,
    state: State,
}

enum State {
    Crc(Box<crc_fast::Digest>),
    Sha1(sha1::Sha1),
    Sha256(Box<sha2::Sha256>),
}

impl RunningChecksum {
    /// Of no bytes yet.
    pub fn new(algorithm: ChecksumAlgorithm) -> Self {
        let state = match (crc_of(algorithm), algorithm) {
            (Some(crc), _) => State::Crc(Box::new(crc_fast::Digest::new(crc))),
            (None, ChecksumAlgorithm::Sha1) => State::Sha1(sha1::Sha1::new()),
            (None, _) => State::Sha256(Box::default()),
        };
        Self { algorithm, state }
    }

    /// What it is computed by.
    pub const fn algorithm(&self) -> ChecksumAlgorithm {
        self.algorithm
    }

    /// More bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc(digest) => digest.update(bytes),
            State::Sha1(digest) => digest.update(bytes),
            State::Sha256(digest) => digest.update(bytes),
        }
    }

    /// The value of all of them.
    pub fn value(self) -> Vec<u8> {
        match self.state {
            State::Crc(digest) => crc_bytes(self.algorithm, digest.finalize()),
            State::Sha1(digest) => digest.finalize().to_vec(),
            State::Sha256(digest) => digest.finalize().to_vec(),
        }
    }

    /// The checksum of all of them.
    pub fn finish(self) -> Checksum {
        Checksum::full(self.algorithm, &self.value())
    }
}

impl fmt::Debug for RunningChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunningChecksum({})", self.algorithm)
    }
}

/// The value of some bytes at once.
pub fn value_of(algorithm: ChecksumAlgorithm, all: &[u8]) -> Vec<u8> {
    let mut running = RunningChecksum::new(algorithm);
    running.update(all);
    running.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::hex;

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
            let mut running = RunningChecksum::new(algorithm);
            running.update(b"1234");
            running.update(b"56789");
            let made = running.finish();
            assert_eq!(made.bytes(), Some(value_of(algorithm, b"123456789")));
        }
    }
}
