//! What clients ask beside an operation, and are told beside its reply: whether a range still fits; and
//! in S3 a part by its number, the checksum that was kept, that which an upload's object is to have. COS
//! has no word for it, so the operations' messages have none.

use cosette_types::{
    Checksum, ChecksumAlgorithm, ChecksumType, DeclaredChecksum, ETag, Facts, PartNumber, Timestamp,
};
use http::header::{IF_RANGE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::date;
use crate::dialect::{Dialect, amz};
use crate::error::{Error, ErrorCode};
use crate::head::Head;
use crate::sign::{checksum_header, could_be_checksum};

/// What a read is asked beside the operation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadAside {
    /// The one part that is meant.
    pub part_number: Option<PartNumber>,
    /// Whether the checksum is to be told.
    pub checksum: bool,
    /// What the range that is asked for goes on from.
    pub if_range: Option<IfRange>,
}

/// What a reader has the beginning of: only of that a range is of use to him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfRange {
    /// The object with this tag.
    Tag(ETag),
    /// The object that was last modified in this second.
    Time(Timestamp),
    /// None that can be told for certain.
    Unknown,
}

impl IfRange {
    /// Reads it from its header (RFC 9110, 13.1.5): a weak tag, a date that is none and more than one of
    /// them are no object's.
    fn of(head: &Head) -> Option<Self> {
        let mut sent = head.headers.get_all(IF_RANGE).iter();
        let (first, more) = (sent.next()?, sent.next());
        let text = first.to_str().ok().filter(|_| more.is_none());
        let read = text.and_then(|text| match text.trim() {
            tag if tag.starts_with('"') => tag.parse().ok().map(Self::Tag),
            date => date::parse_http(date).map(Self::Time),
        });
        Some(read.unwrap_or(Self::Unknown))
    }

    /// Whether it is this object.
    pub fn is(&self, object: &Facts) -> bool {
        match self {
            Self::Tag(tag) => *tag == object.etag,
            Self::Time(time) => time.secs() == object.last_modified.secs(),
            Self::Unknown => false,
        }
    }
}

impl ReadAside {
    /// Reads it; in the COS dialect only what belongs to a range.
    ///
    /// # Errors
    /// `InvalidArgument` for a number that no part has, `InvalidRequest` for a range beside it.
    pub fn of(head: &Head) -> Result<Self, Error> {
        let if_range = IfRange::of(head);
        if head.dialect != Dialect::S3 {
            return Ok(Self {
                if_range,
                ..Self::default()
            });
        }
        let part_number = match head.query.get("partNumber") {
            None => None,
            Some(_) if head.headers.contains_key(RANGE) => {
                let words = "A range and a part number cannot both be asked for.";
                return Err(Error::with(ErrorCode::InvalidRequest, words));
            }
            Some(text) => Some(text.parse().map_err(|why| {
                Error::argument(format!("The parameter partNumber is not right: {why}."))
            })?),
        };
        let mode = head.headers.get(amz::CHECKSUM_MODE);
        Ok(Self {
            part_number,
            checksum: mode
                .is_some_and(|mode| mode.as_bytes() == amz::CHECKSUM_MODE_ENABLED.as_bytes()),
            if_range,
        })
    }
}

/// Tells the checksum of a whole object.
pub fn tell_checksum(headers: &mut HeaderMap, checksum: &Checksum) {
    if let Ok(value) = HeaderValue::from_str(&checksum.value) {
        let name = HeaderName::from_static(checksum_header(checksum.algorithm));
        headers.insert(name, value);
        let kind = HeaderValue::from_static(checksum.kind.as_str());
        headers.insert(HeaderName::from_static(amz::CHECKSUM_TYPE), kind);
    }
}

/// The checksum that the object of an upload is to have, as the upload's beginning says.
///
/// # Errors
/// `InvalidRequest` for an algorithm or a type that is not known, or that do not go together.
pub fn declared_checksum(head: &Head) -> Result<Option<DeclaredChecksum>, Error> {
    if head.dialect != Dialect::S3 {
        return Ok(None);
    }
    let kind = said(head, amz::CHECKSUM_TYPE)?;
    match said::<ChecksumAlgorithm>(head, amz::CHECKSUM_ALGORITHM)? {
        Some(algorithm) => match DeclaredChecksum::new(algorithm, kind) {
            Ok(declared) => Ok(Some(declared)),
            Err(why) => Err(refused(format!("For {algorithm} {why}."))),
        },
        None if kind.is_some() => {
            let (kind, algorithm) = (amz::CHECKSUM_TYPE, amz::CHECKSUM_ALGORITHM);
            let words = format!("The header {kind} is without the header {algorithm}.");
            Err(refused(words))
        }
        None => Ok(None),
    }
}

/// Tells it.
pub fn tell_declared(headers: &mut HeaderMap, declared: DeclaredChecksum) {
    for (name, word) in [
        (amz::CHECKSUM_ALGORITHM, declared.algorithm().as_str()),
        (amz::CHECKSUM_TYPE, declared.kind().as_str()),
    ] {
        let value = HeaderValue::from_static(word);
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// What a reply tells of it.
pub(crate) fn declared_in(headers: &HeaderMap) -> Option<DeclaredChecksum> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let algorithm = text(amz::CHECKSUM_ALGORITHM)?.parse().ok()?;
    let kind = text(amz::CHECKSUM_TYPE).and_then(|text| text.parse().ok());
    DeclaredChecksum::new(algorithm, kind).ok()
}

/// What a Complete says of the object that it is to make.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompleteAside {
    /// Its checksum: the algorithm, and the base64 of the value. Behind one of parts may stand their number.
    pub checksum: Option<(ChecksumAlgorithm, String)>,
    /// What that is computed of.
    pub kind: Option<ChecksumType>,
    /// Its size in bytes.
    pub size: Option<u64>,
}

impl CompleteAside {
    /// Reads it; nothing in the COS dialect.
    ///
    /// # Errors
    /// `InvalidRequest` for more than one checksum and for what cannot be one, `InvalidArgument` for a
    /// size that is no number.
    pub fn of(head: &Head) -> Result<Self, Error> {
        if head.dialect != Dialect::S3 {
            return Ok(Self::default());
        }
        let mut checksum = None;
        for algorithm in ChecksumAlgorithm::ALL {
            let name = checksum_header(algorithm);
            for value in head.headers.get_all(name) {
                let value = value.to_str().unwrap_or_default().trim();
                let base64 = match value.split_once('-') {
                    Some((base64, parts)) if parts.parse::<PartNumber>().is_ok() => base64,
                    _ => value,
                };
                if !could_be_checksum(algorithm, base64) {
                    return Err(refused(format!("Value for {name} header is invalid.")));
                }
                if checksum.is_some() {
                    return Err(refused("More than one checksum was sent.".to_owned()));
                }
                checksum = Some((algorithm, value.to_owned()));
            }
        }
        let size = head.headers.get(amz::MP_OBJECT_SIZE).map(|value| {
            let number = value
                .to_str()
                .ok()
                .and_then(|text| text.trim().parse().ok());
            number.ok_or_else(|| {
                Error::argument(format!("The header {} is no number.", amz::MP_OBJECT_SIZE))
            })
        });
        Ok(Self {
            checksum,
            kind: said(head, amz::CHECKSUM_TYPE)?,
            size: size.transpose()?,
        })
    }
}

/// A word of a header; in capitals or not.
fn said<T: std::str::FromStr<Err = cosette_types::Error>>(
    head: &Head,
    name: &str,
) -> Result<Option<T>, Error> {
    let Some(value) = head.headers.get(name) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    match text.to_ascii_uppercase().parse() {
        Ok(word) => Ok(Some(word)),
        Err(why) => Err(refused(format!("The header {name} is not right: {why}."))),
    }
}

fn refused(words: String) -> Error {
    Error::with(ErrorCode::InvalidRequest, words)
}

/// Tells of how many parts an object was made.
pub fn tell_parts(headers: &mut HeaderMap, count: u32) {
    headers.insert(HeaderName::from_static(amz::PARTS_COUNT), count.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Hosts;

    fn read(uri: &str, headers: &[(&str, &str)]) -> Result<ReadAside, ErrorCode> {
        let mut request = http::Request::builder().uri(uri).header("Host", "h");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let head = Head::decode(&parts, &Hosts::default()).unwrap();
        ReadAside::of(&head).map_err(|error| error.code)
    }

    const S3: (&str, &str) = ("x-amz-content-sha256", "UNSIGNED-PAYLOAD");

    fn head(headers: &[(&str, &str)]) -> Head {
        let mut request = http::Request::builder()
            .uri("/b-1/k?uploads")
            .header("Host", "h");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Head::decode(&parts, &Hosts::default()).unwrap()
    }

    #[test]
    fn an_upload_says_which_checksum_its_object_is_to_have() {
        let declared =
            |said: &[(&str, &str)]| declared_checksum(&head(said)).map_err(|error| error.code);
        let new = |algorithm, kind| DeclaredChecksum::new(algorithm, kind).unwrap();
        let crc32 = ("x-amz-checksum-algorithm", "CRC32");
        let full = ("x-amz-checksum-type", "FULL_OBJECT");
        let crc32_of_parts = new(ChecksumAlgorithm::Crc32, None);
        let crc32_of_all = new(ChecksumAlgorithm::Crc32, Some(ChecksumType::FullObject));
        assert_eq!(declared(&[S3, crc32]), Ok(Some(crc32_of_parts)));
        assert_eq!(declared(&[S3, crc32, full]), Ok(Some(crc32_of_all)));
        let lower = ("x-amz-checksum-algorithm", "crc64nvme");
        let nvme = new(ChecksumAlgorithm::Crc64Nvme, None);
        assert_eq!(declared(&[S3, lower]), Ok(Some(nvme)));
        assert_eq!(declared(&[S3]), Ok(None));
        assert_eq!(declared(&[crc32, ("x-cos-acl", "private")]), Ok(None));
        let algorithm = |word| ("x-amz-checksum-algorithm", word);
        for wrong in [
            [full, S3],
            [algorithm("MD5"), S3],
            [algorithm(""), S3],
            [crc32, ("x-amz-checksum-type", "ALL")],
            [algorithm("SHA256"), full],
            [algorithm("CRC64NVME"), ("x-amz-checksum-type", "COMPOSITE")],
        ] {
            let said = [&wrong[..], &[S3]].concat();
            assert_eq!(declared(&said), Err(ErrorCode::InvalidRequest), "{wrong:?}");
        }
        let mut told = HeaderMap::new();
        tell_declared(&mut told, crc32_of_all);
        assert_eq!(declared_in(&told), Some(crc32_of_all));
    }

    #[test]
    fn a_complete_says_what_it_is_to_make() {
        let said = |said: &[(&str, &str)]| {
            CompleteAside::of(&head(&[said, &[S3]].concat())).map_err(|error| error.code)
        };
        let crc32 = |value| ("x-amz-checksum-crc32", value);
        let all = said(&[
            crc32("y/Q5Jg==-10000"),
            ("x-amz-checksum-type", "COMPOSITE"),
            ("x-amz-mp-object-size", "0"),
        ]);
        let wanted = CompleteAside {
            checksum: Some((ChecksumAlgorithm::Crc32, "y/Q5Jg==-10000".to_owned())),
            kind: Some(ChecksumType::Composite),
            size: Some(0),
        };
        assert_eq!(all, Ok(wanted));
        assert_eq!(said(&[]), Ok(CompleteAside::default()));
        for (wrong, code) in [
            (crc32(""), ErrorCode::InvalidRequest),
            (crc32("y/Q5Jg=="), ErrorCode::InvalidRequest),
            (crc32("y/Q5Jg==-10001"), ErrorCode::InvalidRequest),
            (crc32("y/Q5JgAA"), ErrorCode::InvalidRequest),
            (("x-amz-checksum-type", "PART"), ErrorCode::InvalidRequest),
            (("x-amz-mp-object-size", "-1"), ErrorCode::InvalidArgument),
            (("x-amz-mp-object-size", "1e3"), ErrorCode::InvalidArgument),
        ] {
            let twice = ("x-amz-checksum-crc32c", "y/Q5Jg==");
            let more = if wrong.1 == "y/Q5Jg==" { twice } else { S3 };
            assert_eq!(said(&[wrong, more]), Err(code), "{wrong:?}");
        }
    }

    #[test]
    fn is_of_one_dialect_and_within_bounds() {
        let s3 = ("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        let part = |number: u64| ReadAside {
            part_number: Some(number.try_into().unwrap()),
            ..ReadAside::default()
        };
        assert_eq!(read("/b-1/k?partNumber=1", &[s3]), Ok(part(1)));
        assert_eq!(read("/b-1/k?partnumber=10000", &[s3]), Ok(part(10_000)));
        for number in ["0", "10001", "-1", "", "1.5", "99999999999999999999"] {
            let uri = format!("/b-1/k?partNumber={number}");
            assert_eq!(read(&uri, &[s3]), Err(ErrorCode::InvalidArgument), "{uri}");
            assert_eq!(read(&uri, &[]), Ok(ReadAside::default()), "{uri}");
        }
        let both = read("/b-1/k?partNumber=1", &[s3, ("range", "bytes=0-1")]);
        assert_eq!(both, Err(ErrorCode::InvalidRequest));
        let mode = |value| read("/b-1/k", &[s3, ("x-amz-checksum-mode", value)]).unwrap();
        assert!(mode("ENABLED").checksum && !mode("enabled").checksum);
        assert!(!read("/b-1/k", &[("x-amz-meta-a", "b")]).unwrap().checksum);
    }
}
