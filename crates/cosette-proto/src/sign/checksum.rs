//! Checksums that clients of the S3 dialect send with an upload, in a header or behind the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
pub use cosette_types::{Checksum, ChecksumAlgorithm, RunningChecksum};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_its_header_and_its_length() {
        for algorithm in ChecksumAlgorithm::ALL {
            let made = RunningChecksum::new(algorithm).finish();
            assert!(could_be(algorithm, &made.value), "{algorithm:?}");
            assert!(!could_be(algorithm, ""));
            assert_eq!(of_header(checksum_header(algorithm)), Some(algorithm));
        }
    }
}
