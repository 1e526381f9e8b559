//! Signature Version 4 against a second implementation, written from the description alone and sharing
//! nothing with the first but the bare digest: heads signed in a header or in the query, and bodies in
//! signed or unsigned chunks, with and without trailers.

use bytes::Bytes;
use cosette_proto::sign::{
    self, BodyCheck, Checksum, Credentials, Presented, SecretKey, Signable, Signed,
};
use cosette_proto::{Dialect, Head, Hosts};
use cosette_types::Timestamp;
use http::HeaderMap;
use http::request::Parts;

use super::naive_v4::{self, Framed, Framing};
use super::request;

/// 2024-05-06T07:08:09Z
const NOW: u64 = 1_714_979_289;
const TIME: &str = "20240506T070809Z";
const SECRET: &str = "a secret key of 32 characters...";
const SCOPE: &str = "20240506/us-east-1/s3/aws4_request";

/// See the module.
pub fn holds(data: &[u8]) {
    let Some((parts, body)) = request(data) else {
        return;
    };
    let Some(head) = decoded(&parts) else { return };
    let signed = as_it_stands(&parts, &head);
    any_frame(&head, signed.as_ref(), &body);
    signed_by_either(&parts, &head);
    for framing in Framing::ALL {
        framed(&parts, framing, &body);
    }
}

fn decoded(parts: &Parts) -> Option<Head> {
    let head = Head::decode(parts, &Hosts::default()).ok()?;
    (head.dialect == Dialect::S3).then_some(head)
}

fn now() -> Timestamp {
    Timestamp::from_secs(NOW)
}

/// The request with whatever signature it brings: it is accepted only if it is the right one.
fn as_it_stands(parts: &Parts, head: &Head) -> Option<Signed> {
    let presented = Presented::find(head).ok()??;
    let signed = presented
        .verify(head, &SecretKey::new(SECRET), now())
        .ok()?;
    assert!(
        naive_v4::is_good(parts, SECRET),
        "accepted without a good signature"
    );
    Some(signed)
}

/// Any bytes as a body: it is read alike whole and byte by byte.
fn any_frame(head: &Head, signed: Option<&Signed>, body: &[u8]) {
    let unsigned = Signed::default();
    let signed = signed.unwrap_or(&unsigned);
    let whole = read(head, signed, body, body.len().max(1));
    let bytewise = read(head, signed, body, 1);
    // Where a body breaks, what was handed on before depends on how it came.
    match (whole, bytewise) {
        (Ok(whole), Ok(bytewise)) => assert!(whole == bytewise, "it depends on the pieces"),
        (whole, bytewise) => assert_eq!(whole.is_ok(), bytewise.is_ok(), "only in some pieces"),
    }
}

type Content = (Vec<u8>, Option<Checksum>);

fn read(
    head: &Head,
    signed: &Signed,
    body: &[u8],
    piece: usize,
) -> Result<Option<Content>, cosette_proto::Error> {
    let Some(mut check) = BodyCheck::of(head, signed, true)? else {
        return Ok(None);
    };
    let mut content = Vec::new();
    for bytes in body.chunks(piece) {
        content.extend_from_slice(&check.feed(Bytes::copy_from_slice(bytes))?);
    }
    assert!(content.len() <= body.len(), "content came out of nothing");
    Ok(Some((content, check.finish()?)))
}

fn is_presigned(head: &Head) -> bool {
    head.query.iter().any(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.starts_with("x-amz-") || name == "awsaccesskeyid"
    })
}

/// Signs the request without whatever signature it has, with both implementations, in both places.
fn signed_by_either(parts: &Parts, head: &Head) {
    if is_presigned(head) {
        return;
    }
    let credentials = Credentials {
        secret_id: "AKID".to_owned(),
        secret_key: SecretKey::new(SECRET),
        token: None,
    };
    let mut plain = naive_v4::copied(parts);
    for name in [
        "authorization",
        "x-amz-date",
        "x-amz-content-sha256",
        "x-amz-security-token",
    ] {
        plain.headers.remove(name);
    }
    let Some(head) = decoded(&plain).or_else(|| decoded(&dated(&plain))) else {
        return;
    };
    // The host is signed as the server finds it, which may be in the request line.
    let mut headers = head.headers.clone();
    if let Ok(host) = head.host.parse() {
        headers.insert("host", host);
    }
    headers.remove("x-amz-date");
    let signable = Signable {
        method: &head.method,
        path: &head.path,
        query: &head.query,
        headers: &headers,
    };
    let added = sign::authorize(&credentials, &signable, "us-east-1", None, now());
    let mut in_header = naive_v4::copied(&plain);
    in_header.headers.extend(added);
    accepted_once(&in_header);

    let pairs = sign::presign_v4(&credentials, &signable, "us-east-1", now(), 60);
    if let Some(in_query) = with_query(&plain, &pairs) {
        accepted_once(&in_query);
    }
}

fn dated(parts: &Parts) -> Parts {
    let mut dated = naive_v4::copied(parts);
    dated
        .headers
        .insert("x-amz-date", TIME.parse().expect("digits are a value"));
    dated
}

/// Adds parameters to a URI, encoded.
fn with_query(parts: &Parts, pairs: &[(String, String)]) -> Option<Parts> {
    let mut query = parts.uri.query().unwrap_or_default().to_owned();
    for (name, value) in pairs {
        query.push('&');
        query.push_str(&naive_v4::encoded(name, false));
        query.push('=');
        query.push_str(&naive_v4::encoded(value, false));
    }
    let mut more = naive_v4::copied(parts);
    let path = match parts.uri.path() {
        "" => "/",
        path => path,
    };
    let uri = match (parts.uri.scheme_str(), parts.uri.authority()) {
        (Some(scheme), Some(authority)) => format!("{scheme}://{authority}{path}?{query}"),
        _ => format!("{path}?{query}"),
    };
    more.uri = uri.parse().ok()?;
    Some(more)
}

/// What we sign: the second implementation finds it right, the first accepts it, and no other key.
fn accepted_once(parts: &Parts) {
    let Some(head) = decoded(parts) else { return };
    assert!(
        naive_v4::is_good(parts, SECRET),
        "the second implementation signs something else"
    );
    let presented = Presented::find(&head)
        .expect("a signature can be read")
        .expect("it is there");
    if let Err(error) = presented.verify(&head, &SecretKey::new(SECRET), now()) {
        panic!("{error} for what we signed");
    }
    let other = presented.verify(&head, &SecretKey::new("another"), now());
    assert!(other.is_err(), "any key would do");
}

/// The body in a frame that the second implementation made: what comes out is what went in; and when a
/// byte of the frame is another, either nothing comes of it or still the same.
fn framed(parts: &Parts, framing: Framing, body: &[u8]) {
    let mut plain = naive_v4::copied(parts);
    let names: Vec<_> = plain.headers.keys().cloned().collect();
    for name in names {
        let is_ours = name.as_str().starts_with("x-amz-") || name == "authorization";
        if is_ours {
            plain.headers.remove(name);
        }
    }
    let Framed { headers, bytes } = naive_v4::frame(&plain, framing, body, SECRET, TIME, SCOPE);
    let mut sent = naive_v4::copied(&plain);
    put_in(&mut sent.headers, &headers);
    let Some(head) = decoded(&sent) else { return };
    if is_presigned(&head) {
        return;
    }
    let presented = Presented::find(&head)
        .expect("a signature can be read")
        .expect("it is there");
    let signed = match presented.verify(&head, &SecretKey::new(SECRET), now()) {
        Ok(signed) => signed,
        Err(error) => panic!("{error} for what the second implementation signed"),
    };
    for piece in [bytes.len().max(1), 1 + body.len() % 7] {
        let came = read(&head, &signed, &bytes, piece);
        let came = came.expect("a good frame").expect("it is a frame");
        assert_eq!(came.0, body, "{framing:?}");
        assert_eq!(came.1.is_some(), framing.has_trailer(), "{framing:?}");
    }
    // Which byte it is, the input itself says.
    let sum = body.iter().fold(body.len(), |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
    });
    for (at, flip) in [
        (sum % bytes.len().max(1), 1_u8),
        (sum / 7 % bytes.len().max(1), 0x20),
    ] {
        let mut other = bytes.clone();
        if let Some(byte) = other.get_mut(at) {
            *byte ^= flip;
        }
        if let Ok(Some((content, _))) = read(&head, &signed, &other, other.len()) {
            assert_eq!(content, body, "{framing:?} with byte {at} changed");
        }
    }
}

fn put_in(headers: &mut HeaderMap, more: &[(&'static str, String)]) {
    for (name, value) in more {
        if let Ok(value) = value.parse() {
            headers.insert(*name, value);
        }
    }
}
