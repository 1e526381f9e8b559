//! Checksums that clients of the S3 dialect send with an upload, in a header or behind the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Digest as _;

use super::v4::Sha256;
use crate::dialect::amz;

/// How a checksum is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChecksumAlgorithm {
    /// CRC-32, as in ZIP.
    Crc32,
    /// CRC-32C, as in iSCSI.
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// A checksum of all bytes of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// How it is computed.
    pub algorithm: ChecksumAlgorithm,
    /// Its bytes in base64, as headers have it.
    pub value: String,
}

impl ChecksumAlgorithm {
    /// All algorithms.
    pub const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// The name as documents write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header, or trailer, that carries it.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Crc32 => amz::CHECKSUM_CRC32,
            Self::Crc32c => amz::CHECKSUM_CRC32C,
            Self::Crc64Nvme => amz::CHECKSUM_CRC64NVME,
            Self::Sha1 => amz::CHECKSUM_SHA1,
            Self::Sha256 => amz::CHECKSUM_SHA256,
        }
    }

    /// The algorithm whose header has that name.
    pub fn of_header(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|algorithm| algorithm.header().eq_ignore_ascii_case(name))
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// Whether a text is the base64 of a value of this algorithm.
    pub(super) fn could_be(self, text: &str) -> bool {
        STANDARD
            .decode(text)
            .is_ok_and(|bytes| bytes.len() == self.bytes())
    }
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
        Checksum { algorithm, value }
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
            assert!(algorithm.could_be(&made.value));
            assert!(!algorithm.could_be(""));
            let header = algorithm.header();
            assert_eq!(ChecksumAlgorithm::of_header(header), Some(algorithm));
        }
    }
}
