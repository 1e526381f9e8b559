//! The checksum of an object that is made of parts, from those of the parts: no byte is read for it.

use cosette_types::running::{crc_bytes, crc_of, value_of};
use cosette_types::{Checksum, ChecksumType, DeclaredChecksum, PartNumber};

use crate::records::PartRecord;

/// What the parts' checksums make together. `None` if one of them has none of the algorithm that the
/// upload was begun with: of bytes that came without, nothing is said.
///
/// An upload that was begun without an algorithm gets one of all bytes where its parts agree on one that
/// can be joined.
pub(crate) fn joined(
    parts: &[(PartNumber, PartRecord)],
    declared: Option<DeclaredChecksum>,
) -> Option<Checksum> {
    let (algorithm, kind) = match declared {
        Some(declared) => (declared.algorithm(), declared.kind()),
        None => {
            let (_, first) = parts.first()?;
            let algorithm = first.checksum.as_ref()?.algorithm;
            (algorithm, ChecksumType::FullObject)
        }
    };
    let mut values = Vec::with_capacity(parts.len());
    for (_, part) in parts {
        let known = part.checksum.as_ref();
        let known = known.filter(|known| known.algorithm == algorithm)?;
        values.push((known.bytes()?, part.size));
    }
    match kind {
        ChecksumType::Composite => {
            let all: Vec<u8> = values.iter().flat_map(|(value, _)| value.clone()).collect();
            let value = value_of(algorithm, &all);
            Some(Checksum::composite(algorithm, &value, parts.len()))
        }
        ChecksumType::FullObject => {
            let crc = crc_of(algorithm)?;
            let whole = values.iter().fold(0, |before, (value, size)| {
                crc_fast::checksum_combine(crc, before, number(value), *size)
            });
            Some(Checksum::full(algorithm, &crc_bytes(algorithm, whole)))
        }
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use cosette_types::{ChecksumAlgorithm, Crc64, Md5, Timestamp};

    use super::*;
    use crate::tables::{BodyId, LinkId};

    fn part(algorithm: ChecksumAlgorithm, content: &[u8]) -> PartRecord {
        PartRecord {
            body: BodyId([0; 16]),
            link: LinkId([0; 16]),
            size: content.len() as u64,
            md5: Md5([0; 16]),
            crc64: Crc64::EMPTY,
            last_modified: Timestamp::from_secs(0),
            checksum: Some(Checksum::full(algorithm, &value_of(algorithm, content))),
        }
    }

    fn parts(algorithm: ChecksumAlgorithm, contents: &[&[u8]]) -> Vec<(PartNumber, PartRecord)> {
        let numbered = (1_u64..).zip(contents);
        numbered
            .map(|(number, content)| (number.try_into().unwrap(), part(algorithm, content)))
            .collect()
    }

    #[test]
    fn parts_join_to_the_checksum_of_all_bytes_wherever_they_are_cut() {
        let bytes: Vec<u8> = (0..300_u32).map(|n| (n * 7 % 251) as u8).collect();
        for algorithm in ChecksumAlgorithm::ALL {
            let declared = DeclaredChecksum::new(algorithm, Some(ChecksumType::FullObject)).ok();
            let Some(declared) = declared else { continue };
            let whole = Checksum::full(algorithm, &value_of(algorithm, &bytes));
            for cut in [0, 1, 7, 150, 299, 300] {
                let (one, rest) = bytes.split_at(cut);
                let (two, three) = rest.split_at(rest.len() / 3);
                let parts = parts(algorithm, &[one, two, three]);
                assert_eq!(
                    joined(&parts, Some(declared)).as_ref(),
                    Some(&whole),
                    "{cut}"
                );
                assert_eq!(joined(&parts, None).as_ref(), Some(&whole), "{cut}");
            }
        }
    }

    #[test]
    fn a_checksum_of_checksums_is_one_of_their_bytes() {
        // The values of the catalogues for `1234` and `56789`, put together and hashed again.
        for (algorithm, told) in [
            (ChecksumAlgorithm::Crc32, "rBMwBw==-2"),
            (ChecksumAlgorithm::Crc32c, "wClZWQ==-2"),
            (ChecksumAlgorithm::Sha1, "ZPMlzVAPwgmwAy0Yd3tZeXQx43E=-2"),
            (
                ChecksumAlgorithm::Sha256,
                "bnRBBTileCDVQlLT/6fZJGrqcf3O3X6G8kD8V7zZqxQ=-2",
            ),
        ] {
            let declared = DeclaredChecksum::new(algorithm, None).unwrap();
            let parts = parts(algorithm, &[b"1234", b"56789"]);
            let made = joined(&parts, Some(declared)).unwrap();
            assert_eq!(
                (made.value.as_str(), made.kind),
                (told, ChecksumType::Composite)
            );
        }
    }

    #[test]
    fn one_part_without_it_and_nothing_is_said() {
        let all = parts(ChecksumAlgorithm::Crc32, &[b"1234", b"56789"]);
        let declared = DeclaredChecksum::new(ChecksumAlgorithm::Crc32, None).ok();
        assert!(joined(&all, declared).is_some() && joined(&all, None).is_some());
        for missing in [0, 1] {
            let mut parts = all.clone();
            parts[missing].1.checksum = None;
            assert_eq!(joined(&parts, declared), None);
            assert_eq!(joined(&parts, None), None);
            parts[missing].1 = part(ChecksumAlgorithm::Crc32c, b"1234");
            assert_eq!(joined(&parts, declared), None);
            assert_eq!(joined(&parts, None), None);
        }
        let other = DeclaredChecksum::new(ChecksumAlgorithm::Crc32c, None).ok();
        assert_eq!(joined(&all, other), None);
        assert_eq!(
            joined(&parts(ChecksumAlgorithm::Sha256, &[b"1"]), None),
            None
        );
    }
}
