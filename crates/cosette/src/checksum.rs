//! Checksums of bytes that pass through.

use cosette_types::{Crc64, Md5};
use crc_fast::{CrcAlgorithm, checksum};
use md5::Digest;

/// The MD5 of some bytes.
pub(crate) fn md5(bytes: &[u8]) -> Md5 {
    Md5(md5::Md5::digest(bytes).into())
}

/// The CRC-64 of some bytes.
pub(crate) fn crc64(bytes: &[u8]) -> Crc64 {
    Crc64(checksum(CrcAlgorithm::Crc64Xz, bytes))
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
}
