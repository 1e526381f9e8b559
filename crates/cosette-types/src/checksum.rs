//! Checksums as values: MD5 and CRC-64, and how CRC-64s of neighbours join into one.
//!
//! Computing them over bytes is the work of the rooms that hold bytes.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Why};

/// Bytes as hexadecimal digits in lower case, two each.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(digits);
    text
}

/// An MD5 digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Md5(pub [u8; 16]);

impl fmt::Display for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// A CRC-64/XZ value: what COS calls `crc64ecma`. Its text is the unsigned decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Crc64(pub u64);

/// The reflected polynomial of CRC-64/XZ.
const POLYNOMIAL: u64 = 0xC96C_5795_D787_0F42;

impl Crc64 {
    /// The value of no bytes.
    pub const EMPTY: Self = Self(0);

    /// The value of `self`'s bytes followed by `next_bytes` bytes whose value is `next`.
    ///
    /// Appending n bytes multiplies the first value by x^(8n) modulo the polynomial, so the cost
    /// grows with the logarithm of the length only.
    pub fn then(self, next: Self, next_bytes: u64) -> Self {
        if next_bytes == 0 {
            return self;
        }
        Self(multiply(self.0, power_of_x8(next_bytes)) ^ next.0)
    }
}

/// The product of two polynomials modulo the CRC's; the highest bit stands for x^0.
const fn multiply(a: u64, mut b: u64) -> u64 {
    let mut product = 0;
    let mut bit = 1 << 63;
    while bit != 0 {
        if a & bit != 0 {
            product ^= b;
        }
        b = if b & 1 == 1 {
            (b >> 1) ^ POLYNOMIAL
        } else {
            b >> 1
        };
        bit >>= 1;
    }
    product
}

/// x^(8 * bytes) modulo the polynomial.
const fn power_of_x8(mut bytes: u64) -> u64 {
    let mut square = 1 << (63 - 8);
    let mut power = 1 << 63;
    while bytes != 0 {
        if bytes & 1 == 1 {
            power = multiply(power, square);
        }
        square = multiply(square, square);
        bytes >>= 1;
    }
    power
}

impl FromStr for Crc64 {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse()
            .map(Self)
            .map_err(|_| Error::new("CRC-64 (a decimal number)", Why::OutOfRange))
    }
}

impl fmt::Display for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit, straight from the definition: the independent twin of the fast ones.
    fn crc64(bytes: &[u8]) -> Crc64 {
        let mut crc = u64::MAX;
        for byte in bytes {
            crc ^= u64::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 {
                    (crc >> 1) ^ POLYNOMIAL
                } else {
                    crc >> 1
                };
            }
        }
        Crc64(!crc)
    }

    #[test]
    fn documented_values() {
        assert_eq!(crc64(b"123456789"), Crc64(11_051_210_869_376_104_954));
        assert_eq!(
            crc64(b"[Object Content]"),
            Crc64(16_749_565_679_157_681_890)
        );
        assert_eq!(crc64(b""), Crc64::EMPTY);
    }

    #[test]
    fn neighbours_join_at_every_border() {
        let bytes: Vec<u8> = (0..300_u32).map(|n| (n * 7 % 251) as u8).collect();
        for border in 0..=bytes.len() {
            let (left, right) = bytes.split_at(border);
            assert_eq!(
                crc64(left).then(crc64(right), right.len() as u64),
                crc64(&bytes)
            );
        }
    }
}
