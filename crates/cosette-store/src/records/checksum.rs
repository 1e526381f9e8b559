//! How the checksums of S3 are kept: behind the fields that every row has, as a code and what it says.

use cosette_types::{Checksum, ChecksumAlgorithm, ChecksumKind, ChecksumType, DeclaredChecksum};

use crate::codec::{Damaged, Decoder, Encoder};

/// A checksum of all bytes.
pub(super) const CHECKSUM: u8 = 16;
/// A checksum of the checksums of parts.
pub(super) const COMPOSITE: u8 = 17;
/// The checksum that the object of an upload is to have.
pub(super) const DECLARED: u8 = 18;

const fn code_of(algorithm: ChecksumAlgorithm) -> u8 {
    match algorithm {
        ChecksumAlgorithm::Crc32 => 1,
        ChecksumAlgorithm::Crc32c => 2,
        ChecksumAlgorithm::Crc64Nvme => 3,
        ChecksumAlgorithm::Sha1 => 4,
        ChecksumAlgorithm::Sha256 => 5,
    }
}

fn algorithm_of(code: u8) -> Result<ChecksumAlgorithm, Damaged> {
    let mut all = ChecksumAlgorithm::ALL.into_iter();
    all.find(|algorithm| code_of(*algorithm) == code)
        .ok_or(Damaged("a checksum of an unknown kind"))
}

const fn code_of_type(kind: ChecksumType) -> u8 {
    match kind {
        ChecksumType::FullObject => CHECKSUM,
        ChecksumType::Composite => COMPOSITE,
    }
}

fn type_of(code: u8) -> Result<ChecksumType, Damaged> {
    let mut all = ChecksumType::ALL.into_iter();
    all.find(|kind| code_of_type(*kind) == code)
        .ok_or(Damaged("a checksum of an unknown type"))
}

/// Longest value that an algorithm has.
const VALUE_BYTES_MAX: usize = 32;

/// A checksum of a part of an object, as the list of a body has it: there are many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartSum {
    algorithm: ChecksumAlgorithm,
    /// Its bytes, and zeros behind them.
    value: [u8; VALUE_BYTES_MAX],
}

impl PartSum {
    /// `None` for a text that is no checksum.
    pub(crate) fn of(checksum: &Checksum) -> Option<Self> {
        let bytes = checksum.bytes()?;
        let mut value = [0; VALUE_BYTES_MAX];
        value.get_mut(..bytes.len())?.copy_from_slice(&bytes);
        let algorithm = checksum.algorithm;
        Some(Self { algorithm, value })
    }

    pub(crate) fn checksum(&self) -> Checksum {
        Checksum::full(self.algorithm, self.bytes())
    }

    fn bytes(&self) -> &[u8] {
        let bytes = self.value.get(..self.algorithm.bytes());
        bytes.unwrap_or_default()
    }
}

impl Encoder {
    pub(super) fn part_sum(&mut self, sum: &PartSum) {
        self.byte(code_of(sum.algorithm));
        self.bytes(sum.bytes());
    }

    /// Which checksum, without its value: two codes.
    pub(super) fn checksum_kind(&mut self, which: ChecksumKind) {
        self.byte(code_of_type(which.kind));
        self.byte(code_of(which.algorithm));
    }

    /// A code and the checksum.
    pub(super) fn checksum(&mut self, checksum: &Checksum) {
        self.byte(code_of_type(checksum.kind));
        self.byte(code_of(checksum.algorithm));
        self.bytes(checksum.value.as_bytes());
    }

    pub(super) fn declared_checksum(&mut self, declared: DeclaredChecksum) {
        self.checksum_kind(ChecksumKind {
            algorithm: declared.algorithm(),
            kind: declared.kind(),
        });
    }
}

impl Decoder<'_> {
    pub(super) fn part_sum(&mut self) -> Result<PartSum, Damaged> {
        let algorithm = algorithm_of(self.byte()?)?;
        let bytes = self.bytes()?;
        PartSum::of(&Checksum::full(algorithm, bytes))
            .ok_or(Damaged("a checksum of another length"))
    }

    pub(super) fn checksum_kind(&mut self) -> Result<ChecksumKind, Damaged> {
        let kind = type_of(self.byte()?)?;
        let algorithm = algorithm_of(self.byte()?)?;
        Ok(ChecksumKind { algorithm, kind })
    }

    /// What may stand at the end of a row: a code and a checksum.
    pub(super) fn last_checksum(&mut self) -> Result<Option<Checksum>, Damaged> {
        if self.is_empty() {
            return Ok(None);
        }
        let code = self.byte()?;
        self.checksum(code).map(Some)
    }

    /// A checksum whose code was read.
    pub(super) fn checksum(&mut self, code: u8) -> Result<Checksum, Damaged> {
        Ok(Checksum {
            kind: type_of(code)?,
            algorithm: algorithm_of(self.byte()?)?,
            value: self.text()?.to_owned(),
        })
    }

    pub(super) fn declared_checksum(&mut self) -> Result<DeclaredChecksum, Damaged> {
        let ChecksumKind { algorithm, kind } = self.checksum_kind()?;
        DeclaredChecksum::new(algorithm, Some(kind))
            .map_err(|_| Damaged("a checksum that cannot be joined"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Extras;

    fn read(value: &[u8]) -> Result<Extras, Damaged> {
        Extras::decode(&mut Decoder::list(value).unwrap())
    }

    fn written(extras: &Extras) -> bytes::Bytes {
        let mut to = Encoder::list();
        extras.encode(&mut to);
        to.into_value()
    }

    #[test]
    fn a_checksum_is_read_as_it_was_written_whatever_stands_beside_it() {
        for (code, algorithm) in (1..).zip(ChecksumAlgorithm::ALL) {
            for (type_code, kind) in [
                (16, ChecksumType::FullObject),
                (17, ChecksumType::Composite),
            ] {
                let extras = Extras {
                    appendable: true,
                    checksum: Some(Checksum {
                        algorithm,
                        kind,
                        value: "y/Q5Jg==".to_owned(),
                    }),
                    ..Extras::default()
                };
                let value = written(&extras);
                assert_eq!(read(&value).unwrap(), extras);
                // The codes are on disks: they stay.
                assert!(value.ends_with(b"y/Q5Jg=="));
                assert_eq!(
                    value[value.len() - 11..][..2],
                    [type_code, code],
                    "{algorithm}"
                );
            }
        }
        let mut later = Encoder::list();
        for byte in [CHECKSUM, 6] {
            later.byte(byte);
        }
        later.bytes(b"x");
        assert!(read(&later.into_value()).is_err());
    }

    #[test]
    fn a_checksum_of_a_part_is_read_as_it_was_written() {
        for algorithm in ChecksumAlgorithm::ALL {
            let bytes = vec![7; algorithm.bytes()];
            let sum = PartSum::of(&Checksum::full(algorithm, &bytes)).unwrap();
            let mut to = Encoder::list();
            to.part_sum(&sum);
            let value = to.into_value();
            let length = u8::try_from(bytes.len()).unwrap();
            assert_eq!(
                value[1..],
                [&[code_of(algorithm), length][..], &bytes].concat()
            );
            let read = Decoder::list(&value).unwrap().part_sum().unwrap();
            assert_eq!(
                (read, read.checksum()),
                (sum, Checksum::full(algorithm, &bytes))
            );
            let mut short = value.to_vec();
            short[2] -= 1;
            assert!(Decoder::list(&short).unwrap().part_sum().is_err());
        }
        let none = Checksum::of_all(ChecksumAlgorithm::Crc32, "none".into());
        assert_eq!(PartSum::of(&none), None);
    }

    #[test]
    fn what_an_upload_was_begun_with_is_read_as_it_was_written() {
        for algorithm in ChecksumAlgorithm::ALL {
            for kind in ChecksumType::ALL {
                let Ok(declared) = DeclaredChecksum::new(algorithm, Some(kind)) else {
                    let bytes = [1, DECLARED, code_of_type(kind), code_of(algorithm)];
                    assert!(read(&bytes).is_err(), "{algorithm} {kind}");
                    continue;
                };
                let extras = Extras {
                    declared: Some(declared),
                    ..Extras::default()
                };
                let value = written(&extras);
                assert_eq!(*value, [1, 18, code_of_type(kind), code_of(algorithm)]);
                assert_eq!(read(&value).unwrap(), extras);
            }
        }
        assert!(read(&[1, DECLARED, 15, 1]).is_err());
    }
}
