//! The checksums that clients of S3 send: which uploads are begun with which, and what an object must have.
//!
//! Computed here over the bytes at once, so that what the store joins is held against another way.

use cosette_types::{Checksum, ChecksumAlgorithm, ChecksumType, DeclaredChecksum};
use crc_fast::CrcAlgorithm;
use ring::digest::{SHA256, digest};

/// What an upload of this key is begun with; every kind of joining is among them.
pub(crate) fn declared_for(key: &str) -> Option<DeclaredChecksum> {
    use ChecksumAlgorithm::{Crc32, Crc32c, Crc64Nvme, Sha256};
    let (algorithm, kind) = match key {
        "a" => (Crc32, ChecksumType::FullObject),
        "a/1" => (Crc32c, ChecksumType::Composite),
        "a/2" => (Sha256, ChecksumType::Composite),
        "b/1" => (Crc64Nvme, ChecksumType::FullObject),
        _ => return None,
    };
    Some(DeclaredChecksum::new(algorithm, Some(kind)).unwrap())
}

/// What is sent with a part. Into an upload that was begun with nothing, some send one and some none.
pub(crate) fn checksum_of_part(key: &str, bytes: &[u8]) -> Option<Checksum> {
    match declared_for(key) {
        Some(declared) => Some(of_all(declared.algorithm(), bytes)),
        None => checksum_of_put(bytes),
    }
}

/// What is sent with an object.
pub(crate) fn checksum_of_put(bytes: &[u8]) -> Option<Checksum> {
    (!bytes.len().is_multiple_of(3)).then(|| of_all(ChecksumAlgorithm::Crc32, bytes))
}

/// What a part has that is a copy of these bytes; `whole` is the checksum of their object, if it is all of
/// it. Into an upload that was begun with nothing only that comes along.
pub(crate) fn checksum_of_copy(
    key: &str,
    bytes: &[u8],
    whole: Option<&Checksum>,
) -> Option<Checksum> {
    match declared_for(key) {
        Some(declared) => Some(of_all(declared.algorithm(), bytes)),
        None => whole
            .filter(|known| known.kind == ChecksumType::FullObject)
            .cloned(),
    }
}

/// What an object has that is made of these parts: bytes and checksum of each.
pub(crate) fn checksum_of_parts(
    key: &str,
    parts: &[(&[u8], Option<&Checksum>)],
) -> Option<Checksum> {
    let first = parts.first()?.1?;
    let (algorithm, kind) = match declared_for(key) {
        Some(declared) => (declared.algorithm(), declared.kind()),
        None => (first.algorithm, ChecksumType::FullObject),
    };
    let all = parts.iter().map(|(_, known)| *known);
    let all: Option<Vec<&Checksum>> = all.collect();
    let all = all.filter(|all| all.iter().all(|known| known.algorithm == algorithm))?;
    Some(match kind {
        ChecksumType::FullObject => {
            let bytes: Vec<u8> = parts.iter().flat_map(|(bytes, _)| bytes.to_vec()).collect();
            of_all(algorithm, &bytes)
        }
        ChecksumType::Composite => {
            let values: Vec<u8> = all
                .iter()
                .flat_map(|known| known.bytes().unwrap())
                .collect();
            Checksum::composite(algorithm, &value_of(algorithm, &values), parts.len())
        }
    })
}

fn of_all(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Checksum {
    Checksum::full(algorithm, &value_of(algorithm, bytes))
}

fn value_of(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Vec<u8> {
    let crc = |kind| {
        let value = crc_fast::checksum(kind, bytes).to_be_bytes();
        value[8 - algorithm.bytes()..].to_vec()
    };
    match algorithm {
        ChecksumAlgorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
        ChecksumAlgorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
        ChecksumAlgorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme),
        ChecksumAlgorithm::Sha1 => unreachable!("no upload is begun with it"),
        ChecksumAlgorithm::Sha256 => digest(&SHA256, bytes).as_ref().to_vec(),
    }
}
