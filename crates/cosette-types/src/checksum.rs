//! Checksums as values: MD5 and CRC-64, and how CRC-64s of neighbours join into one.
//!
//! Computing them over bytes is the work of the rooms that hold bytes.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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

/// How a checksum that a client chose is computed: those of S3.
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

    /// How many bytes a value has.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

impl FromStr for ChecksumAlgorithm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut all = Self::ALL.into_iter();
        all.find(|algorithm| algorithm.as_str() == text)
            .ok_or(Error::new("checksum algorithm", Why::Unknown))
    }
}

impl fmt::Display for ChecksumAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a checksum of an object that was made of parts is computed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChecksumType {
    /// All its bytes.
    FullObject,
    /// The checksums of its parts, one behind the other.
    Composite,
}

impl ChecksumType {
    /// Both.
    pub const ALL: [Self; 2] = [Self::FullObject, Self::Composite];

    /// The name as documents write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }
}

impl FromStr for ChecksumType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.as_str() == text)
            .ok_or(Error::new("checksum type", Why::Unknown))
    }
}

impl fmt::Display for ChecksumType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The checksum that an upload was begun with: which one its object is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeclaredChecksum {
    algorithm: ChecksumAlgorithm,
    kind: ChecksumType,
}

impl DeclaredChecksum {
    /// Without a type, that which the algorithm usually has.
    ///
    /// # Errors
    /// CRC-64/NVME is of all bytes only, SHA-1 and SHA-256 cannot be joined without reading all bytes.
    pub fn new(algorithm: ChecksumAlgorithm, kind: Option<ChecksumType>) -> Result<Self, Error> {
        let usual = match algorithm {
            ChecksumAlgorithm::Crc64Nvme => ChecksumType::FullObject,
            _ => ChecksumType::Composite,
        };
        let kind = kind.unwrap_or(usual);
        let possible = match algorithm {
            ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c => true,
            ChecksumAlgorithm::Crc64Nvme | ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => {
                kind == usual
            }
        };
        if possible {
            Ok(Self { algorithm, kind })
        } else {
            let form = "FULL_OBJECT for CRC64NVME, COMPOSITE for SHA1 and SHA256";
            Err(Error::malformed("checksum type", form))
        }
    }

    /// How it is computed.
    pub const fn algorithm(self) -> ChecksumAlgorithm {
        self.algorithm
    }

    /// What it is computed of.
    pub const fn kind(self) -> ChecksumType {
        self.kind
    }
}

/// Which checksum an object has, without its value: what listings tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChecksumKind {
    /// How it is computed.
    pub algorithm: ChecksumAlgorithm,
    /// What it is computed of.
    pub kind: ChecksumType,
}

/// A checksum of a body, by an algorithm that a client chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// How it is computed.
    pub algorithm: ChecksumAlgorithm,
    /// What it is computed of.
    pub kind: ChecksumType,
    /// Its bytes in base64, as headers have it; behind one of parts, `-` and their number.
    pub value: String,
}

impl Checksum {
    /// One of all bytes.
    pub const fn of_all(algorithm: ChecksumAlgorithm, value: String) -> Self {
        Self {
            algorithm,
            kind: ChecksumType::FullObject,
            value,
        }
    }

    /// One of all bytes, from its own bytes.
    pub fn full(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Self {
        Self::of_all(algorithm, STANDARD.encode(bytes))
    }

    /// One of the checksums of so many parts, from its own bytes.
    pub fn composite(algorithm: ChecksumAlgorithm, bytes: &[u8], parts: usize) -> Self {
        Self {
            algorithm,
            kind: ChecksumType::Composite,
            value: format!("{}-{parts}", STANDARD.encode(bytes)),
        }
    }

    /// Which one it is.
    pub const fn which(&self) -> ChecksumKind {
        ChecksumKind {
            algorithm: self.algorithm,
            kind: self.kind,
        }
    }

    /// Its base64 alone.
    pub fn base64(&self) -> &str {
        let base64 = self.value.split_once('-');
        base64.map_or(self.value.as_str(), |(base64, _)| base64)
    }

    /// Its bytes, if its text is one of them.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let bytes = STANDARD.decode(self.base64()).ok()?;
        (bytes.len() == self.algorithm.bytes()).then_some(bytes)
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
    fn each_algorithm_has_the_types_that_can_be_joined() {
        use ChecksumAlgorithm::{Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
        use ChecksumType::{Composite, FullObject};
        for (algorithm, usual, other) in [
            (Crc32, Composite, true),
            (Crc32c, Composite, true),
            (Crc64Nvme, FullObject, false),
            (Sha1, Composite, false),
            (Sha256, Composite, false),
        ] {
            let declared = DeclaredChecksum::new(algorithm, None).unwrap();
            assert_eq!((declared.algorithm(), declared.kind()), (algorithm, usual));
            for kind in ChecksumType::ALL {
                let made = DeclaredChecksum::new(algorithm, Some(kind));
                assert_eq!(made.is_ok(), kind == usual || other, "{algorithm} {kind}");
            }
        }
    }

    #[test]
    fn a_checksum_of_parts_ends_in_their_number() {
        let all = Checksum::full(ChecksumAlgorithm::Crc32, &[0xcb, 0xf4, 0x39, 0x26]);
        assert_eq!((all.value.as_str(), all.base64()), ("y/Q5Jg==", "y/Q5Jg=="));
        let bytes = all.bytes().unwrap();
        let parts = Checksum::composite(ChecksumAlgorithm::Crc32, &bytes, 12);
        assert_eq!(
            (parts.value.as_str(), parts.base64()),
            ("y/Q5Jg==-12", "y/Q5Jg==")
        );
        assert_eq!(parts.bytes(), Some(bytes));
        for wrong in ["", "y/Q5Jg", "y/Q5JgAA", "no base64"] {
            let one = Checksum::of_all(ChecksumAlgorithm::Crc32, wrong.to_owned());
            assert_eq!(one.bytes(), None, "{wrong}");
        }
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
