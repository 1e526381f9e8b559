//! q-sign as a request presents it, and its verification.

use std::borrow::Cow;

use cosette_types::Timestamp;
use http::HeaderValue;
use subtle::ConstantTimeEq;

use super::canonical::{self, Lists, canonical_name, must_be_signed, only_narrows};
use super::{CLOCK_SKEW_SECS_MAX, SecretKey, Signable, Validity};
use crate::dialect::Field;
use crate::error::{Error, ErrorCode};
use crate::head::{Head, Place};
use crate::host::without_port;
use crate::message::Query;
use crate::percent;
use crate::route::{is_semantic_parameter, is_signature_parameter};

/// A signature that a request carries, in its header or in its parameters.
#[derive(Debug, Clone)]
pub(super) struct QSign {
    secret_id: String,
    sign_time: String,
    key_time: String,
    lists: Lists,
    signature: String,
    token: Option<String>,
}

impl QSign {
    /// Finds the signature of a request; `None` when it carries none and so is anonymous. A header
    /// wins over parameters.
    ///
    /// # Errors
    /// `AccessDenied` when what is there is no signature of this kind.
    pub(super) fn find(head: &Head) -> Result<Option<Self>, Error> {
        let token = token(head);
        if let Some(value) = head.headers.get(http::header::AUTHORIZATION)
            && !value.as_bytes().trim_ascii().is_empty()
        {
            let text = value.to_str().map_err(|_| malformed("it is not text"))?;
            return Self::read(&split(text), token).map(Some);
        }
        if let Some(sign) = head.query.get("sign").filter(|sign| !sign.is_empty()) {
            return Self::read(&split(sign), token).map(Some);
        }
        if head.query.has("q-signature") || head.query.has("q-ak") {
            return Self::read(&head.query, token).map(Some);
        }
        Ok(None)
    }

    fn read(pairs: &Query, token: Option<String>) -> Result<Self, Error> {
        let member = |name: &str| {
            pairs
                .get(name)
                .ok_or_else(|| malformed(&format!("{name} is missing")))
        };
        if member("q-sign-algorithm")? != "sha1" {
            return Err(malformed("q-sign-algorithm must be sha1"));
        }
        let list = |name: &str| {
            let names = member(name)?.split(';').filter(|name| !name.is_empty());
            // Names are listed encoded, but a client that encodes the whole list has had them decoded
            // by now.
            let plain = |name: &str| percent::decode(name).unwrap_or_else(|| name.to_owned());
            Ok::<_, Error>(names.map(|name| canonical_name(&plain(name))).collect())
        };
        Ok(Self {
            secret_id: member("q-ak")?.to_owned(),
            sign_time: member("q-sign-time")?.to_owned(),
            key_time: member("q-key-time")?.to_owned(),
            lists: Lists {
                headers: list("q-header-list")?,
                parameters: list("q-url-param-list")?,
            },
            signature: member("q-signature")?.to_ascii_lowercase(),
            token,
        })
    }

    /// The id of the key that was used; no secret.
    pub(super) fn secret_id(&self) -> &str {
        &self.secret_id
    }

    /// The token of temporary credentials, if one was sent.
    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Verifies the signature with the key that [`QSign::secret_id`] names.
    ///
    /// # Errors
    /// `AccessDenied` with the words `Request has expired` or naming what is not covered,
    /// `RequestTimeTooSkewed`, or `SignatureDoesNotMatch` with the text that was signed over, so that
    /// a client's author can find the difference.
    pub(super) fn verify(
        &self,
        head: &Head,
        secret_key: &SecretKey,
        now: Timestamp,
    ) -> Result<(), Error> {
        for time in [&self.sign_time, &self.key_time] {
            check_time(read_time(time)?, now)?;
        }
        let sign_key = canonical::sign_key(secret_key, &self.key_time);
        // Some clients sign the host without its port.
        let hosts = [head.host.as_str(), without_port(&head.host)];
        let mut shown = String::new();
        let matches = hosts.iter().any(|host| {
            let text = self.http_string(head, host);
            let signature = canonical::signature(&sign_key, &self.sign_time, &text);
            shown = text;
            bool::from(signature.as_bytes().ct_eq(self.signature.as_bytes()))
        });
        if !matches {
            let hash = canonical::sha1_hex(&shown);
            let words = format!(
                "{} HttpString: {shown:?} StringToSign: {:?}",
                ErrorCode::SignatureDoesNotMatch.message(),
                format!("sha1\n{}\n{hash}\n", self.sign_time),
            );
            return Err(Error::with(ErrorCode::SignatureDoesNotMatch, words));
        }
        self.check_cover(head)
    }

    fn http_string(&self, head: &Head, host: &str) -> String {
        let mut headers = Cow::Borrowed(&head.headers);
        let sent = headers.get(http::header::HOST).map(HeaderValue::as_bytes);
        if sent != Some(host.as_bytes())
            && let Ok(host) = host.parse()
        {
            headers.to_mut().insert(http::header::HOST, host);
        }
        let request = Signable {
            method: &head.method,
            path: &head.path,
            query: &head.query,
            headers: &headers,
        };
        canonical::http_string(&request, &self.lists)
    }

    /// Refuses headers and parameters that have a meaning and are not covered. An empty header is
    /// absent, so nobody needs to sign it. On the service itself parameters only choose which of the
    /// caller's own buckets are listed, and the official Python client signs none of them.
    fn check_cover(&self, head: &Head) -> Result<(), Error> {
        let refuse = |kind: &str, name: &str| {
            let words = format!("The {kind} '{name}' is not covered by the signature.");
            Err(Error::with(ErrorCode::AccessDenied, words))
        };
        for (name, value) in &head.headers {
            let covered = || self.lists.headers.contains(&canonical_name(name.as_str()));
            let must_be =
                must_be_signed(name.as_str()) && !only_narrows(&head.method, name.as_str());
            if must_be && !value.is_empty() && !covered() {
                return refuse("header", name.as_str());
            }
        }
        if head.place == Place::Service {
            return Ok(());
        }
        for (name, _) in head.query.iter() {
            let covered = || self.lists.parameters.contains(&canonical_name(name));
            if is_semantic_parameter(name) && !is_signature_parameter(name) && !covered() {
                return refuse("parameter", name);
            }
        }
        Ok(())
    }
}

fn malformed(why: &str) -> Error {
    let words = format!("The request's signature cannot be read: {why}.");
    Error::with(ErrorCode::AccessDenied, words)
}

/// The members of an Authorization value. Their values may hold `;` and are taken as they are, or
/// decoded where a client encoded them.
fn split(text: &str) -> Query {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| {
            (
                name.trim().to_owned(),
                percent::decode(value).unwrap_or_else(|| value.to_owned()),
            )
        })
        .collect()
}

fn token(head: &Head) -> Option<String> {
    let name = head.dialect.name(Field::SecurityToken);
    let header = head.headers.get(name).and_then(|value| value.to_str().ok());
    header
        .or_else(|| head.query.get(name))
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
}

pub(super) fn read_time(text: &str) -> Result<Validity, Error> {
    let digits = |text: &str| {
        let plain = (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse::<u64>().ok())?
    };
    let (start, end) = text
        .split_once(';')
        .and_then(|(start, end)| digits(start).zip(digits(end)))
        .ok_or_else(|| malformed("its times must be <start>;<end> in seconds"))?;
    if start >= end {
        return Err(malformed("it ends before it begins"));
    }
    Ok(Validity { start, end })
}

/// These exact words make official clients compare clocks and try again.
pub(super) fn check_time(validity: Validity, now: Timestamp) -> Result<(), Error> {
    if now.secs() > validity.end {
        return Err(Error::with(ErrorCode::AccessDenied, "Request has expired"));
    }
    if validity.start > now.secs().saturating_add(CLOCK_SKEW_SECS_MAX) {
        return Err(Error::new(ErrorCode::RequestTimeTooSkewed));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Credentials, Presented, authorization, presign};
    use super::*;
    use crate::host::Hosts;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn key() -> Credentials {
        Credentials {
            secret_id: "AKIDexample".to_owned(),
            secret_key: SecretKey::new("secret"),
            token: None,
        }
    }

    fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Head {
        let host = "b-1.cos.ap-x.myqcloud.com:9000";
        let mut request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("Host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Head::decode(&parts, &Hosts::default()).unwrap()
    }

    fn signed(mut head: Head, validity: Validity) -> Head {
        let request = Signable {
            method: &head.method,
            path: &head.path,
            query: &head.query,
            headers: &head.headers,
        };
        let value = authorization(&key(), &request, validity);
        head.headers.insert("authorization", value.parse().unwrap());
        head
    }

    fn verify(head: &Head) -> Result<(), ErrorCode> {
        let presented = Presented::find(head)
            .map_err(|error| error.code)?
            .expect("a signature");
        assert_eq!(presented.secret_id(), "AKIDexample");
        presented
            .verify(head, &key().secret_key, NOW)
            .map(drop)
            .map_err(|error| error.code)
    }

    #[test]
    fn what_is_signed_is_verified() {
        let plain = head(
            "PUT",
            "/a%20b/%E4%B8%AD?acl&x=1+2",
            &[("x-cos-acl", "private"), ("range", "")],
        );
        let good = signed(plain, Validity::lasting(NOW, 60));
        assert_eq!(verify(&good), Ok(()));
        for change in [
            |head: &mut Head| head.method = http::Method::DELETE,
            |head: &mut Head| head.path.push('x'),
            |head: &mut Head| head.host = "c-1.cos.ap-x.myqcloud.com:9000".to_owned(),
            |head: &mut Head| {
                drop(
                    head.headers
                        .insert("x-cos-acl", "public-read".parse().unwrap()),
                )
            },
            |head: &mut Head| head.query = Query::new().with("acl", "").with("x", "1 3"),
        ] {
            let mut changed = good.clone();
            change(&mut changed);
            assert_eq!(verify(&changed), Err(ErrorCode::SignatureDoesNotMatch));
        }
    }

    #[test]
    fn what_a_browser_adds_to_a_read_is_nobodys_to_sign() {
        for method in ["GET", "HEAD", "PUT", "DELETE", "POST"] {
            let good = signed(head(method, "/k", &[]), Validity::lasting(NOW, 60));
            for name in ["if-none-match", "if-modified-since", "range", "if-range"] {
                let mut more = good.clone();
                more.headers.insert(name, "bytes=0-".parse().unwrap());
                let wanted = match method {
                    "GET" | "HEAD" => Ok(()),
                    _ => Err(ErrorCode::AccessDenied),
                };
                assert_eq!(verify(&more), wanted, "{method} {name}");
            }
            // What was signed stays what it is.
            let ranged = head(method, "/k", &[("range", "bytes=0-0")]);
            let mut other = signed(ranged, Validity::lasting(NOW, 60));
            other.headers.insert("range", "bytes=0-".parse().unwrap());
            assert_eq!(verify(&other), Err(ErrorCode::SignatureDoesNotMatch));
        }
    }

    #[test]
    fn nothing_with_a_meaning_may_be_added() {
        let good = signed(head("PUT", "/k?prefix=a", &[]), Validity::lasting(NOW, 60));
        for (name, value, wanted) in [
            (
                "x-cos-copy-source",
                "b-1.cos.ap-x.myqcloud.com/secret",
                Err(ErrorCode::AccessDenied),
            ),
            ("x-amz-acl", "public-read", Err(ErrorCode::AccessDenied)),
            ("if-match", "\"a\"", Err(ErrorCode::AccessDenied)),
            ("content-md5", "a", Err(ErrorCode::AccessDenied)),
            ("x-cos-security-token", "t", Ok(())),
            ("content-type", "text/plain", Ok(())),
            ("x-cos-acl", "", Ok(())),
        ] {
            let mut more = good.clone();
            more.headers.insert(name, value.parse().unwrap());
            assert_eq!(verify(&more), wanted, "{name}");
        }
        for (name, wanted) in [
            ("acl", Err(ErrorCode::AccessDenied)),
            ("policy", Err(ErrorCode::AccessDenied)),
            ("versionId", Err(ErrorCode::AccessDenied)),
            ("whatever", Ok(())),
        ] {
            let mut more = good.clone();
            more.query = more.query.with(name, "");
            assert_eq!(verify(&more), wanted, "{name}");
        }
    }

    #[test]
    fn a_list_of_ones_own_buckets_may_be_paged_without_signing_how() {
        let mut list = head("GET", "/", &[]);
        list.place = Place::Service;
        let mut paged = signed(list, Validity::lasting(NOW, 60));
        paged.query = paged.query.with("marker", "").with("max-keys", "2000");
        assert_eq!(verify(&paged), Ok(()));
        paged.place = Place::Bucket("b-1".to_owned());
        assert_eq!(verify(&paged), Err(ErrorCode::AccessDenied));
    }

    #[test]
    fn times_are_kept() {
        let at = |start, end| verify(&signed(head("GET", "/k", &[]), Validity { start, end }));
        let now = NOW.secs();
        assert_eq!(at(now - 10, now), Ok(()));
        assert_eq!(at(now - 10, now - 1), Err(ErrorCode::AccessDenied));
        assert_eq!(at(now + 900, now + 1000), Ok(()));
        assert_eq!(
            at(now + 901, now + 1000),
            Err(ErrorCode::RequestTimeTooSkewed)
        );
        assert_eq!(at(now, now), Err(ErrorCode::AccessDenied));
    }

    #[test]
    fn presigned_in_both_forms() {
        let plain = head("GET", "/k?response-content-type=a", &[]);
        let request = Signable {
            method: &plain.method,
            path: &plain.path,
            query: &plain.query,
            headers: &plain.headers,
        };
        let pairs = presign(&key(), &request, Validity::lasting(NOW, 60));
        let mut presigned = plain.clone();
        for (name, value) in &pairs {
            presigned.query = presigned.query.with(name, value);
        }
        assert_eq!(verify(&presigned), Ok(()));
        let whole: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut legacy = plain;
        legacy.query = legacy.query.with("sign", whole.join("&"));
        assert_eq!(verify(&legacy), Ok(()));
    }

    #[test]
    fn unreadable_signatures_are_denied_and_none_is_anonymous() {
        assert!(
            Presented::find(&head("GET", "/k", &[("authorization", "")]))
                .unwrap()
                .is_none()
        );
        for bad in [
            "Basic abc",
            "q-sign-algorithm=md5&q-ak=a",
            "q-sign-algorithm=sha1&q-ak=a",
            "é",
        ] {
            let head = head("GET", "/k", &[("authorization", bad)]);
            assert_eq!(
                Presented::find(&head).unwrap_err().code,
                ErrorCode::AccessDenied,
                "{bad}"
            );
        }
    }
}
