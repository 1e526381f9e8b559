//! How the checksums of S3 are kept: behind the fields that every row has, as a code and what it says.

use cosette_types::{Checksum, ChecksumAlgorithm, ChecksumType, DeclaredChecksum};

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

impl Encoder {
    /// A code and the checksum.
    pub(super) fn checksum(&mut self, checksum: &Checksum) {
        self.byte(code_of_type(checksum.kind));
        self.byte(code_of(checksum.algorithm));
        self.bytes(checksum.value.as_bytes());
    }

    pub(super) fn declared_checksum(&mut self, declared: DeclaredChecksum) {
        self.byte(code_of_type(declared.kind()));
        self.byte(code_of(declared.algorithm()));
    }
}

impl Decoder<'_> {
    /// A checksum whose code was read.
    pub(super) fn checksum(&mut self, code: u8) -> Result<Checksum, Damaged> {
        Ok(Checksum {
            kind: type_of(code)?,
            algorithm: algorithm_of(self.byte()?)?,
            value: self.text()?.to_owned(),
        })
    }

    pub(super) fn declared_checksum(&mut self) -> Result<DeclaredChecksum, Damaged> {
        let kind = type_of(self.byte()?)?;
        DeclaredChecksum::new(algorithm_of(self.byte()?)?, Some(kind))
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
