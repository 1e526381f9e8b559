//! What clients of S3 ask of a read beside the operation, and are told beside its reply: a part by its
//! number, and the checksum that was kept. COS has neither, so the operations' messages have not.

use cosette_types::{Checksum, PartNumber};
use http::header::RANGE;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::dialect::{Dialect, amz};
use crate::error::{Error, ErrorCode};
use crate::head::Head;
use crate::sign::checksum_header;

/// What a read is asked beside the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadAside {
    /// The one part that is meant.
    pub part_number: Option<PartNumber>,
    /// Whether the checksum is to be told.
    pub checksum: bool,
}

impl ReadAside {
    /// Reads it; nothing in the COS dialect.
    ///
    /// # Errors
    /// `InvalidArgument` for a number that no part has, `InvalidRequest` for a range beside it.
    pub fn of(head: &Head) -> Result<Self, Error> {
        if head.dialect != Dialect::S3 {
            return Ok(Self::default());
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
        })
    }
}

/// Tells the checksum of a whole object.
pub fn tell_checksum(headers: &mut HeaderMap, checksum: &Checksum) {
    if let Ok(value) = HeaderValue::from_str(&checksum.value) {
        let name = HeaderName::from_static(checksum_header(checksum.algorithm));
        headers.insert(name, value);
        let whole = HeaderValue::from_static(amz::FULL_OBJECT);
        headers.insert(HeaderName::from_static(amz::CHECKSUM_TYPE), whole);
    }
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

    #[test]
    fn is_of_one_dialect_and_within_bounds() {
        let s3 = ("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        let part = |number: u64| ReadAside {
            part_number: Some(number.try_into().unwrap()),
            checksum: false,
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
