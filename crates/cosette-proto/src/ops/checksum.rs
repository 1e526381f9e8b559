//! The elements of documents that name a checksum. They are of the S3 dialect alone: a document of COS
//! says nothing of them.

use cosette_types::{Checksum, ChecksumAlgorithm, ChecksumKind, ChecksumType, DeclaredChecksum};

use crate::dialect::Dialect;
use crate::error::{Error, ErrorCode};
use crate::xml::{Element, Writer};

const ALGORITHM: &str = "ChecksumAlgorithm";
pub(super) const TYPE: &str = "ChecksumType";

const fn element_of(algorithm: ChecksumAlgorithm) -> &'static str {
    match algorithm {
        ChecksumAlgorithm::Crc32 => "ChecksumCRC32",
        ChecksumAlgorithm::Crc32c => "ChecksumCRC32C",
        ChecksumAlgorithm::Crc64Nvme => "ChecksumCRC64NVME",
        ChecksumAlgorithm::Sha1 => "ChecksumSHA1",
        ChecksumAlgorithm::Sha256 => "ChecksumSHA256",
    }
}

impl Writer {
    /// A checksum and what it is of.
    pub(super) fn checksum(&mut self, checksum: Option<&Checksum>) {
        self.part_checksum(checksum);
        if let Some(checksum) = checksum.filter(|_| self.dialect() == Dialect::S3) {
            self.text(TYPE, checksum.kind);
        }
    }

    /// A checksum of a part: it is of all its bytes, so nothing is said of that.
    pub(super) fn part_checksum(&mut self, checksum: Option<&Checksum>) {
        self.checksum_value(checksum.filter(|_| self.dialect() == Dialect::S3));
    }

    /// Its value alone, whatever the document's dialect.
    pub(super) fn checksum_value(&mut self, checksum: Option<&Checksum>) {
        if let Some(checksum) = checksum {
            self.text(element_of(checksum.algorithm), &checksum.value);
        }
    }

    /// Which one the object is to have.
    pub(super) fn declared_checksum(&mut self, declared: Option<DeclaredChecksum>) {
        self.checksum_kind(declared.map(|declared| ChecksumKind {
            algorithm: declared.algorithm(),
            kind: declared.kind(),
        }));
    }

    /// Which one an object has.
    pub(super) fn checksum_kind(&mut self, which: Option<ChecksumKind>) {
        if let Some(which) = which.filter(|_| self.dialect() == Dialect::S3) {
            self.text(ALGORITHM, which.algorithm);
            self.text(TYPE, which.kind);
        }
    }
}

impl Element {
    /// The first that is named.
    pub(super) fn checksum(&self) -> Option<Checksum> {
        self.checksums().next()
    }

    /// The one that is named.
    pub(super) fn only_checksum(&self) -> Result<Option<Checksum>, Error> {
        let mut all = self.checksums();
        let first = all.next();
        if all.next().is_some() {
            let words = "A part has more than one checksum.";
            return Err(Error::with(ErrorCode::InvalidRequest, words));
        }
        Ok(first)
    }

    fn checksums(&self) -> impl Iterator<Item = Checksum> + '_ {
        let said: Option<ChecksumType> = self.value(TYPE).and_then(|text| text.parse().ok());
        ChecksumAlgorithm::ALL
            .into_iter()
            .filter_map(move |algorithm| {
                let value = self.value(element_of(algorithm))?.to_owned();
                let of_parts = value.contains('-').then_some(ChecksumType::Composite);
                Some(Checksum {
                    algorithm,
                    kind: said.or(of_parts).unwrap_or(ChecksumType::FullObject),
                    value,
                })
            })
    }

    /// Which one the object is to have; `None` if it is not said, or of a kind that is not known.
    pub(super) fn declared_checksum(&self) -> Option<DeclaredChecksum> {
        let algorithm = self.value(ALGORITHM)?.parse().ok()?;
        let kind = self.value(TYPE).and_then(|text| text.parse().ok());
        DeclaredChecksum::new(algorithm, kind).ok()
    }

    /// Which one an object has; `None` if it is not said, or of a kind that is not known.
    pub(super) fn checksum_kind(&self) -> Option<ChecksumKind> {
        let algorithm = self.value(ALGORITHM)?.parse().ok()?;
        let kind = self.value(TYPE).and_then(|text| text.parse().ok());
        // Stores that know only one type do not say it.
        let kind = kind.unwrap_or(ChecksumType::FullObject);
        Some(ChecksumKind { algorithm, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_checksum_there_is_is_told_in_one_dialect() {
        for algorithm in ChecksumAlgorithm::ALL {
            for kind in ChecksumType::ALL {
                let which = ChecksumKind { algorithm, kind };
                for (dialect, told) in [(Dialect::S3, Some(which)), (Dialect::Cos, None)] {
                    let document = Writer::document_in(dialect, "Contents", |root| {
                        root.checksum_kind(Some(which));
                    });
                    let root = Element::parse(&document).unwrap();
                    assert_eq!(root.checksum_kind(), told, "{algorithm} {kind}");
                    let declared = DeclaredChecksum::new(algorithm, Some(kind)).ok();
                    assert_eq!(
                        root.declared_checksum(),
                        declared.filter(|_| told.is_some())
                    );
                }
            }
        }
        // Some stores do not say of what it is, and some say what nobody knows.
        for (text, told) in [
            ("<ChecksumAlgorithm>CRC32</ChecksumAlgorithm>", true),
            ("<ChecksumAlgorithm>XXHASH3</ChecksumAlgorithm>", false),
        ] {
            let root = Element::parse(format!("<Contents>{text}</Contents>").as_bytes()).unwrap();
            assert_eq!(root.checksum_kind().is_some(), told, "{text}");
        }
    }
}
