//! Signatures of the COS dialect against a second implementation, written from the description alone
//! and sharing nothing with the first but the bare digest: it signs what the first accepts, and the
//! first accepts nothing that it would not have signed.

use cosette_proto::sign::{self, Credentials, Presented, SecretKey, Signable, Validity};
use cosette_proto::{Dialect, Head, Hosts};
use cosette_types::Timestamp;
use http::request::Parts;
use sha1::{Digest, Sha1};

use super::request;

/// 2024-05-06T07:08:09Z
const NOW: u64 = 1_714_979_289;
const SECRET: &str = "a secret key of 32 characters...";

/// See the module.
pub fn holds(data: &[u8]) {
    let Some((parts, _)) = request(data) else {
        return;
    };
    let Ok(head) = Head::decode(&parts, &Hosts::default()) else {
        return;
    };
    if head.dialect != Dialect::Cos {
        return;
    }
    let now = Timestamp::from_micros(NOW * 1_000_000);
    let key = SecretKey::new(SECRET);
    if let Ok(Some(presented)) = Presented::find(&head)
        && presented.verify(&head, &key, now).is_ok()
    {
        assert!(is_naively_good(&parts), "accepted without a good signature");
    }
    signed_by_either(&parts, &head, now);
}

/// Signs the request without whatever signature it has, with both, and verifies with the first.
fn signed_by_either(parts: &Parts, head: &Head, now: Timestamp) {
    if head.query.iter().any(|(name, _)| {
        name.to_ascii_lowercase().starts_with("q-") || name.eq_ignore_ascii_case("sign")
    }) {
        return;
    }
    let credentials = Credentials {
        secret_id: "AKID".to_owned(),
        secret_key: SecretKey::new(SECRET),
        token: None,
    };
    let validity = Validity {
        start: NOW - 60,
        end: NOW + 60,
    };
    let signable = Signable {
        method: &head.method,
        path: &head.path,
        query: &head.query,
        headers: &head.headers,
    };
    let ours = sign::authorization(&credentials, &signable, validity);
    // The order of values of a name that is given twice is nowhere described, and nobody needs it: such
    // a request is refused whatever its signature.
    if !is_ambiguous(head) {
        let naive = naive_signature(parts, &fields(&ours));
        assert_eq!(
            field(&fields(&ours), "q-signature"),
            Some(naive.as_str()),
            "of {ours}"
        );
    }
    let mut signed = Parts::from_borrowed(parts);
    let Ok(value) = ours.parse() else { return };
    signed.headers.insert(http::header::AUTHORIZATION, value);
    let Ok(head) = Head::decode(&signed, &Hosts::default()) else {
        return;
    };
    if head.dialect != Dialect::Cos {
        return;
    }
    let presented = Presented::find(&head)
        .expect("a signature can be read")
        .expect("it is there");
    let key = SecretKey::new(SECRET);
    if let Err(error) = presented.verify(&head, &key, now) {
        // A name given twice cannot be covered whole, one that looks encoded is taken for another;
        // anything else that we sign, we accept.
        assert!(is_ambiguous(&head), "{error} for {ours}");
        return;
    }
    let other = SecretKey::new("another key");
    assert!(
        presented.verify(&head, &other, now).is_err(),
        "any key would do"
    );
}

fn is_ambiguous(head: &Head) -> bool {
    let mut names: Vec<String> = head
        .query
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.extend(
        head.headers
            .iter()
            .map(|(name, _)| format!("header {name}")),
    );
    // The second implementation decodes a list before it takes it apart: to it, a name that holds what
    // separates names is two, and one without a letter is none.
    if names
        .iter()
        .any(|name| name.is_empty() || name.contains(['%', ';']))
    {
        return true;
    }
    names.sort_unstable();
    names.windows(2).any(|pair| pair.first() == pair.last())
}

/// A copy of a head, which the library gives no other way to make.
trait FromBorrowed {
    fn from_borrowed(parts: &Parts) -> Self;
}

impl FromBorrowed for Parts {
    fn from_borrowed(parts: &Parts) -> Self {
        let (mut copy, ()) = http::Request::new(()).into_parts();
        copy.method = parts.method.clone();
        copy.uri = parts.uri.clone();
        copy.headers = parts.headers.clone();
        copy
    }
}

type Fields = Vec<(String, String)>;

fn fields(text: &str) -> Fields {
    text.split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.trim().to_owned(), plain(value)))
        .collect()
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Whether the signature that the request carries, wherever it does, is the one it should have.
fn is_naively_good(parts: &Parts) -> bool {
    let header = parts
        .headers
        .get("authorization")
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let query = query_of(parts);
    let fields = match header.filter(|text| !text.trim().is_empty()) {
        Some(text) => fields(text.trim()),
        None => match query
            .iter()
            .find(|(name, value)| name.eq_ignore_ascii_case("sign") && !value.is_empty())
        {
            Some((_, sign)) => fields(sign),
            None => query,
        },
    };
    let given = field(&fields, "q-signature")
        .unwrap_or_default()
        .to_ascii_lowercase();
    // A client may have signed its host without the port.
    let mut without_port = Parts::from_borrowed(parts);
    if let Some(host) = parts
        .headers
        .get("host")
        .and_then(|host| host.to_str().ok())
        && let Some((name, _)) = host.rsplit_once(':')
        && let Ok(name) = name.parse()
    {
        without_port.headers.insert("host", name);
    }
    given == naive_signature(parts, &fields) || given == naive_signature(&without_port, &fields)
}

/// Five lines of the description, one after the other.
fn naive_signature(parts: &Parts, fields: &Fields) -> String {
    let of = |name| field(fields, name).unwrap_or_default();
    let list = |name| {
        of(name)
            .split(';')
            .filter(|name| !name.is_empty())
            // Once encoded or twice, as clients do: a name with a percent sign of its own is none.
            .map(|name| encoded(&plain(name)).to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    let query = query_of(parts);
    let headers: Fields = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), text_of(value.as_bytes())))
        .collect();
    let parameters = joined(&list("q-url-param-list"), &query);
    let headers = joined(&list("q-header-list"), &headers);
    let path = plain(if parts.uri.path().is_empty() {
        "/"
    } else {
        parts.uri.path()
    });
    let method = parts.method.as_str().to_ascii_lowercase();
    let http_string = format!("{method}\n{path}\n{parameters}\n{headers}\n");
    let string_to_sign = format!(
        "sha1\n{}\n{}\n",
        of("q-sign-time"),
        hex(&Sha1::digest(http_string.as_bytes()))
    );
    let sign_key = hex(&hmac(SECRET.as_bytes(), of("q-key-time").as_bytes()));
    hex(&hmac(sign_key.as_bytes(), string_to_sign.as_bytes()))
}

fn query_of(parts: &Parts) -> Fields {
    let query = parts.uri.query().unwrap_or_default().replace('+', "%20");
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

/// `name=value` of each listed name; the n-th mention of a name has the n-th of its values, sorted.
fn joined(names: &[String], pairs: &Fields) -> String {
    let mut text = String::new();
    for (at, name) in names.iter().enumerate() {
        let mut values: Vec<&str> = pairs
            .iter()
            .filter(|(n, _)| encoded(n).to_ascii_lowercase() == *name)
            .map(|(_, value)| value.as_str())
            .collect();
        values.sort_unstable();
        let nth = names.iter().take(at).filter(|other| *other == name).count();
        if at > 0 {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(&encoded(values.get(nth).copied().unwrap_or_default()));
    }
    text
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec())
        .unwrap_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect())
}

fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digits = rest.clone().take(2).collect::<Vec<_>>();
        let escape = std::str::from_utf8(&digits).ok().filter(|digits| {
            digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        });
        match (
            byte,
            escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()),
        ) {
            (b'%', Some(meant)) => {
                bytes.push(meant);
                rest.next();
                rest.next();
            }
            _ => bytes.push(byte),
        }
    }
    text_of(&bytes)
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// HMAC as RFC 2104 writes it, over blocks of 64 bytes.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    let digest;
    let key = if key.len() > block.len() {
        digest = Sha1::digest(key);
        digest.as_slice()
    } else {
        key
    };
    for (byte, key) in block.iter_mut().zip(key) {
        *byte = *key;
    }
    let inner: Vec<u8> = block
        .iter()
        .map(|byte| byte ^ 0x36)
        .chain(text.iter().copied())
        .collect();
    let outer: Vec<u8> = block
        .iter()
        .map(|byte| byte ^ 0x5c)
        .chain(Sha1::digest(inner))
        .collect();
    Sha1::digest(outer).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
