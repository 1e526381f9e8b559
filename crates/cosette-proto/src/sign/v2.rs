//! Signature Version 2 of a presigned request: HMAC-SHA1 over a few lines, in three parameters. boto3 and
//! aws-cli make it by default in `us-east-1` and other old regions. In a header it is refused: whoever
//! signs there has Version 4.
//!
//! It covers the headers of S3 and the parameters that select an operation. Whatever else has a meaning
//! is refused, as in the other signatures.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cosette_types::Timestamp;
use http::header::{self, CONTENT_TYPE};
use subtle::ConstantTimeEq;

use super::canonical::{hmac_sha1_bytes, must_be_signed, only_narrows};
use super::{CLOCK_SKEW_SECS_MAX, SecretKey};
use crate::dialect::{Dialect, Field, amz};
use crate::error::{Error, ErrorCode};
use crate::fields::CONTENT_MD5;
use crate::head::{Head, Place};
use crate::host::Style;
use crate::limits::PRESIGNED_SECS_MAX;
use crate::route::is_semantic_parameter;

/// The parameters that the signature covers.
const COVERED: &[&str] = &[
    "acl",
    "cors",
    "delete",
    "encryption",
    "lifecycle",
    "location",
    "partNumber",
    "policy",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "tagging",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
];

/// A signature as presented.
#[derive(Debug, Clone)]
pub(super) struct V2 {
    access_key: String,
    signature: String,
    /// Until when the request is good: as sent, and read.
    expires: String,
    until: u64,
    token: Option<String>,
}

impl V2 {
    /// Finds the signature of a presigned request; `None` when there is none of this version.
    pub(super) fn find(head: &Head) -> Result<Option<Self>, Error> {
        let authorization = head.headers.get(header::AUTHORIZATION);
        let in_header =
            authorization.is_some_and(|value| !value.as_bytes().trim_ascii().is_empty());
        let newer = [amz::QUERY_ALGORITHM, amz::QUERY_SIGNATURE];
        if in_header
            || newer.into_iter().any(|name| head.query.has(name))
            || !head.query.has(amz::QUERY_V2_KEY)
        {
            return Ok(None);
        }
        let member = |name: &str| {
            let value = head.query.get(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| malformed(&format!("{name} is missing")))
        };
        let expires = member(amz::QUERY_V2_EXPIRES)?;
        let until = expires.parse().ok();
        let token = head.query.get(Dialect::S3.name(Field::SecurityToken));
        Ok(Some(Self {
            access_key: member(amz::QUERY_V2_KEY)?.to_owned(),
            signature: member(amz::QUERY_V2_SIGNATURE)?.to_owned(),
            expires: expires.to_owned(),
            until: until.ok_or_else(|| malformed("Expires is not a time in seconds"))?,
            token: token.filter(|token| !token.is_empty()).map(str::to_owned),
        }))
    }

    pub(super) fn access_key(&self) -> &str {
        &self.access_key
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(super) fn verify(
        &self,
        head: &Head,
        secret_key: &SecretKey,
        now: Timestamp,
    ) -> Result<(), Error> {
        if now.secs() > self.until {
            return Err(Error::with(ErrorCode::AccessDenied, "Request has expired"));
        }
        let most = PRESIGNED_SECS_MAX + CLOCK_SKEW_SECS_MAX;
        if self.until > now.secs().saturating_add(most) {
            let words =
                format!("A presigned request is good for {PRESIGNED_SECS_MAX} seconds at most.");
            return Err(Error::with(ErrorCode::AccessDenied, words));
        }
        let text = self.string_to_sign(head, &resource(head));
        let signed = |text: &str| {
            let ours = STANDARD.encode(hmac_sha1_bytes(secret_key.expose(), text));
            bool::from(ours.as_bytes().ct_eq(self.signature.as_bytes()))
        };
        // boto3 ends the path of a bucket in a slash before it signs, and sends it without.
        let in_full = || {
            let bare = matches!(head.place, Place::Bucket(_)) && !head.raw_path.ends_with('/');
            bare.then(|| {
                let mut with_slash = head.clone();
                with_slash.raw_path.push('/');
                self.string_to_sign(head, &resource(&with_slash))
            })
        };
        if !signed(&text) && !in_full().is_some_and(|text| signed(&text)) {
            let words = format!(
                "{} StringToSign: {text:?}",
                ErrorCode::SignatureDoesNotMatch.message()
            );
            return Err(Error::with(ErrorCode::SignatureDoesNotMatch, words));
        }
        check_cover(head)
    }

    fn string_to_sign(&self, head: &Head, resource: &str) -> String {
        // What a client would send as a header it puts into the address, where it can.
        let plain = |name: &str| match head.headers.get(name) {
            Some(value) => String::from_utf8_lossy(value.as_bytes()).trim().to_owned(),
            None => head.query.get(name).unwrap_or_default().to_owned(),
        };
        let mut amz: BTreeMap<String, String> = head
            .query
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .filter(|(name, _)| name.starts_with(amz::PREFIX))
            .collect();
        for name in head.headers.keys() {
            if name.as_str().starts_with(amz::PREFIX) {
                let values: Vec<_> = head.headers.get_all(name).iter().collect();
                let values = values
                    .iter()
                    .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
                let joined = values.collect::<Vec<_>>().join(",");
                amz.insert(name.as_str().to_owned(), joined);
            }
        }
        let lines: String = amz
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        format!(
            "{}\n{}\n{}\n{}\n{lines}{resource}",
            head.method,
            plain(CONTENT_MD5),
            plain(CONTENT_TYPE.as_str()),
            self.expires,
        )
    }
}

/// The bucket and the path as it was sent, with the parameters that are covered.
fn resource(head: &Head) -> String {
    let mut resource = match (head.style, head.place.bucket()) {
        (Style::VirtualHosted, Some(bucket)) => format!("/{bucket}{}", head.raw_path),
        _ => head.raw_path.clone(),
    };
    let mut covered: Vec<_> = head
        .query
        .iter()
        .filter(|(name, _)| COVERED.contains(name))
        .collect();
    covered.sort_unstable();
    let mut separator = '?';
    for (name, value) in covered {
        resource.push(separator);
        resource.push_str(name);
        if !value.is_empty() {
            resource.push('=');
            resource.push_str(value);
        }
        separator = '&';
    }
    resource
}

/// Refuses what has a meaning and is not covered. What was moved from a header into the address is.
fn check_cover(head: &Head) -> Result<(), Error> {
    let refuse = |kind: &str, name: &str| {
        let words = format!("The {kind} '{name}' is not covered by the signature.");
        Err(Error::with(ErrorCode::AccessDenied, words))
    };
    for (name, value) in &head.headers {
        let name = name.as_str();
        let covered = name.starts_with(amz::PREFIX) || name == CONTENT_MD5;
        let must_be = must_be_signed(name) && !only_narrows(&head.method, name);
        if must_be && !covered && !value.is_empty() {
            return refuse("header", name);
        }
    }
    for (name, _) in head.query.iter() {
        if is_semantic_parameter(name) && !COVERED.contains(&name) {
            return refuse("parameter", name);
        }
    }
    Ok(())
}

fn malformed(why: &str) -> Error {
    let words = format!("The signature in the query cannot be read: {why}.");
    Error::with(ErrorCode::AuthorizationQueryParametersError, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Hosts;
    use crate::message::Query;

    const KEY: &str = "secret";
    /// A day before the addresses of these tests end.
    const NOW: u64 = 1_175_053_520;

    fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Head {
        let mut request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("host", "johnsmith.s3.amazonaws.com");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Head::decode(&parts, &Hosts::new(["s3.amazonaws.com"])).unwrap()
    }

    fn verify(head: &Head, now: u64) -> Result<(), ErrorCode> {
        let presented = V2::find(head).unwrap().unwrap();
        let key = SecretKey::new(KEY);
        let verified = presented.verify(head, &key, Timestamp::from_secs(now));
        verified.map_err(|error| error.code)
    }

    /// A request with the signature of what it has.
    fn signed(method: &str, path: &str, query: &str, headers: &[(&str, &str)]) -> Head {
        let uri = |signature: &str| {
            let signature = crate::percent::encode(signature);
            format!("{path}?{query}AWSAccessKeyId=AKIA&Expires=1175139620&Signature={signature}")
        };
        let unsigned = head(method, &uri("x"), headers);
        let presented = V2::find(&unsigned).unwrap().unwrap();
        let text = presented.string_to_sign(&unsigned, &resource(&unsigned));
        let signature = STANDARD.encode(hmac_sha1_bytes(KEY, &text));
        head(method, &uri(&signature), headers)
    }

    #[test]
    fn the_published_example() {
        // Of the manual of S3: a query string that is signed.
        let uri = "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&\
                   Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620";
        let head = head("GET", uri, &[]);
        let presented = V2::find(&head).unwrap().unwrap();
        assert_eq!(
            presented.string_to_sign(&head, &resource(&head)),
            "GET\n\n\n1175139620\n/johnsmith/photos/puppy.jpg"
        );
        let key = SecretKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let at = |secs| presented.verify(&head, &key, Timestamp::from_secs(secs));
        assert!(at(NOW).is_ok());
        assert_eq!(
            at(1_175_139_621).unwrap_err().message,
            "Request has expired"
        );
        let early = 1_175_139_620 - PRESIGNED_SECS_MAX - CLOCK_SKEW_SECS_MAX;
        assert!(at(early).is_ok() && at(early - 1).is_err());
        assert_eq!(verify(&head, NOW), Err(ErrorCode::SignatureDoesNotMatch));
    }

    #[test]
    fn what_is_covered_is_all_that_may_have_a_meaning() {
        let query = "versionId=a&response-content-type=x%2Fy&x-amz-security-token=t%2B&";
        let one = signed(
            "GET",
            "/a%20b",
            query,
            &[("range", "bytes=0-1"), ("if-match", "a")],
        );
        let presented = V2::find(&one).unwrap().unwrap();
        assert_eq!(
            presented.string_to_sign(&one, &resource(&one)),
            "GET\n\n\n1175139620\nx-amz-security-token:t+\n\
             /johnsmith/a%20b?response-content-type=x/y&versionId=a"
        );
        assert_eq!(presented.token(), Some("t+"));
        assert_eq!(verify(&one, NOW), Ok(()));
        // A header of S3 is in the text: to add one is to change it.
        let put = signed(
            "PUT",
            "/k",
            "",
            &[("x-amz-acl", "private"), ("content-type", "a/b")],
        );
        assert_eq!(verify(&put, NOW), Ok(()));
        let mut copied = put.clone();
        let source = "/b-1/k".parse().unwrap();
        copied.headers.insert("x-amz-copy-source", source);
        assert_eq!(verify(&copied, NOW), Err(ErrorCode::SignatureDoesNotMatch));
        for (method, query, header) in [
            ("PUT", "", ("if-none-match", "*")),
            ("PUT", "", ("range", "bytes=0-1")),
            ("PUT", "", ("x-cos-forbid-overwrite", "true")),
            ("PUT", "partnumber=1&uploadId=a&", ("a", "b")),
            ("GET", "list-type=2&", ("a", "b")),
            ("GET", "prefix=a&", ("a", "b")),
        ] {
            let loose = signed(method, "/k", query, &[header]);
            assert_eq!(
                verify(&loose, NOW),
                Err(ErrorCode::AccessDenied),
                "{query}{header:?}"
            );
        }
        let moved = signed("PUT", "/k", "x-amz-acl=public-read&", &[]);
        assert_eq!(verify(&moved, NOW), Ok(()));
        let mut other = moved.clone();
        other.query = Query::new().with("x-amz-acl", "private");
        for (name, value) in moved.query.iter().skip(1) {
            other.query = other.query.with(name, value);
        }
        assert_eq!(verify(&other, NOW), Err(ErrorCode::SignatureDoesNotMatch));
    }

    #[test]
    fn a_bucket_may_be_signed_with_a_slash_behind_it() {
        let sent = |path: &str, signed: &str| {
            let text = format!("GET\n\n\n1175139620\n{signed}");
            let signature = STANDARD.encode(hmac_sha1_bytes(KEY, &text));
            let signature = crate::percent::encode(&signature);
            let uri = format!(
                "{path}location=&AWSAccessKeyId=AKIA&Expires=1175139620&Signature={signature}"
            );
            let mut head = head("GET", &uri, &[]);
            head.place = Place::Bucket("b-1".to_owned());
            head.style = Style::Path;
            verify(&head, NOW)
        };
        assert_eq!(sent("/b-1?", "/b-1?location"), Ok(()));
        assert_eq!(sent("/b-1?", "/b-1/?location"), Ok(()));
        assert_eq!(sent("/b-1/?", "/b-1/?location"), Ok(()));
        let other = Err(ErrorCode::SignatureDoesNotMatch);
        assert_eq!(sent("/b-1/?", "/b-1?location"), other);
        assert_eq!(sent("/b-1?", "/b-2/?location"), other);
    }

    #[test]
    fn what_is_none_of_this_version_is_left_to_others() {
        let none = |uri: &str, headers: &[(&str, &str)]| V2::find(&head("GET", uri, headers));
        assert!(none("/k", &[]).unwrap().is_none());
        let both = "/k?AWSAccessKeyId=a&X-Amz-Signature=b";
        assert!(none(both, &[]).unwrap().is_none());
        let query = "/k?AWSAccessKeyId=a&Signature=b&Expires=1";
        let v4 = [("authorization", "AWS4-HMAC-SHA256 x")];
        assert!(none(query, &v4).unwrap().is_none());
        for cut in [
            "/k?AWSAccessKeyId=a&Signature=b",
            "/k?AWSAccessKeyId=a&Expires=1",
            "/k?AWSAccessKeyId=&Signature=b&Expires=1",
            "/k?AWSAccessKeyId=a&Signature=b&Expires=tomorrow",
        ] {
            assert!(none(cut, &[]).is_err(), "{cut}");
        }
    }
}
