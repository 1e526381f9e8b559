//! Checksums that clients of the S3 dialect send with an upload, in a header or behind the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
pub use cosette_types::{Checksum, ChecksumAlgorithm};
use sha1::Digest as _;

use super::v4::Sha256;
use crate::dialect::amz;

/// The header, or trailer, that carries a checksum.
pub const fn checksum_header(algorithm: ChecksumAlgorithm) -> &'static str {
    match algorithm {
        ChecksumAlgorithm::Crc32 => amz::CHECKSUM_CRC32,
        ChecksumAlgorithm::Crc32c => amz::CHECKSUM_CRC32C,
        ChecksumAlgorithm::Crc64Nvme => amz::CHECKSUM_CRC64NVME,
        ChecksumAlgorithm::Sha1 => amz::CHECKSUM_SHA1,
        ChecksumAlgorithm::Sha256 => amz::CHECKSUM_SHA256,
    }
}

/// The algorithm whose header has that name.
pub(super) fn of_header(name: &str) -> Option<ChecksumAlgorithm> {
    let mut all = ChecksumAlgorithm::ALL.into_iter();
    all.find(|algorithm| checksum_header(*algorithm).eq_ignore_ascii_case(name))
}

/// Whether a text is the base64 of a value of this algorithm.
pub(crate) fn could_be(algorithm: ChecksumAlgorithm, text: &str) -> bool {
    let decoded = STANDARD.decode(text);
    decoded.is_ok_and(|bytes| bytes.len() == algorithm.bytes())
}

/// A checksum of bytes that come piece by piece.
pub struct Running(Kind);

enum Kind {
    Crc(ChecksumAlgorithm, Box<crc_fast::Digest>),
    Sha1(sha1::Sha1),
    Sha256(Box<Sha256>),
}

impl Running {
    /// Of no bytes yet.
    pub fn new(algorithm: ChecksumAlgorithm) -> Self {
        use crc_fast::{CrcAlgorithm, Digest};
        let crc = |kind| Kind::Crc(algorithm, Box::new(Digest::new(kind)));
        Self(match algorithm {
            ChecksumAlgorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
            ChecksumAlgorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
            ChecksumAlgorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme),
            ChecksumAlgorithm::Sha1 => Kind::Sha1(sha1::Sha1::new()),
            ChecksumAlgorithm::Sha256 => Kind::Sha256(Box::default()),
        })
    }

    pub(super) const fn algorithm(&self) -> ChecksumAlgorithm {
        match self.0 {
            Kind::Crc(algorithm, _) => algorithm,
            Kind::Sha1(_) => ChecksumAlgorithm::Sha1,
            Kind::Sha256(_) => ChecksumAlgorithm::Sha256,
        }
    }

    /// More bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Kind::Crc(_, digest) => digest.update(bytes),
            Kind::Sha1(digest) => digest.update(bytes),
            Kind::Sha256(digest) => digest.update(bytes),
        }
    }

    /// The checksum of all of them.
    pub fn finish(self) -> Checksum {
        let algorithm = self.algorithm();
        let value = match self.0 {
            Kind::Crc(_, digest) => {
                let value = digest.finalize().to_be_bytes();
                let last = value.len() - algorithm.bytes();
                STANDARD.encode(value.get(last..).unwrap_or_default())
            }
            Kind::Sha1(digest) => STANDARD.encode(digest.finalize()),
            Kind::Sha256(digest) => STANDARD.encode(digest.finalize()),
        };
        Checksum::of_all(algorithm, value)
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Running({})", self.algorithm().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values_of_the_catalogues() {
        for (algorithm, hex) in [
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
            let mut running = Running::new(algorithm);
            running.update(b"1234");
            running.update(b"56789");
            let made = running.finish();
            let bytes = STANDARD.decode(&made.value).unwrap();
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digits, hex, "{algorithm:?}");
            assert!(could_be(algorithm, &made.value));
            assert!(!could_be(algorithm, ""));
            assert_eq!(of_header(checksum_header(algorithm)), Some(algorithm));
        }
    }
}
