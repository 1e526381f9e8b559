//! The row of a tiny extent: its bytes, and behind them their CRC-32C. Engines check what they keep,
//! or not; bytes read back are those written, or an error, on every one of them.

use bytes::{Bytes, BytesMut};
use crc_fast::CrcAlgorithm;

use crate::error::Error;

/// Bytes of the checksum.
const SUM_BYTES: usize = 4;

/// The row's value for these bytes.
pub(crate) fn seal(bytes: &[u8]) -> Bytes {
    let mut row = BytesMut::with_capacity(bytes.len() + SUM_BYTES);
    row.extend_from_slice(bytes);
    row.extend_from_slice(&sum(bytes));
    row.freeze()
}

/// The bytes in a row's value, if they are those that were written.
pub(crate) fn open(row: &Bytes) -> Result<Bytes, Error> {
    match row.split_last_chunk::<SUM_BYTES>() {
        Some((bytes, kept)) if sum(bytes) == *kept => Ok(row.slice(..bytes.len())),
        _ => Err(Error::corrupt("a tiny extent has another checksum")),
    }
}

/// How many bytes a row's value holds.
pub(crate) fn length(row: &[u8]) -> u64 {
    row.len().saturating_sub(SUM_BYTES) as u64
}

fn sum(bytes: &[u8]) -> [u8; SUM_BYTES] {
    let sum = crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes);
    // A CRC-32 has 32 bits.
    u32::try_from(sum).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_seen() {
        let row = seal(b"sand");
        assert_eq!(open(&row).unwrap(), "sand");
        assert_eq!(length(&row), 4);
        for bit in 0..row.len() * 8 {
            let mut flipped = row.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&flipped.into()).is_err(), "bit {bit}");
        }
        assert!(open(&Bytes::from_static(b"abc")).is_err());
    }
}
