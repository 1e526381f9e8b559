//! The canonical request and the arithmetic over it.

use cosette_types::checksum::hex;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Method};
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::{SecretKey, Signable};
use crate::dialect::Dialect;
use crate::percent;
use crate::route::is_signature_parameter;

/// The names that a signature covers, encoded and in lower case, in byte order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lists {
    /// Of headers.
    pub headers: Vec<String>,
    /// Of parameters.
    pub parameters: Vec<String>,
}

impl Lists {
    /// Every parameter, and every header that official clients sign.
    pub(super) fn for_signing(request: &Signable<'_>) -> Self {
        let mut headers: Vec<_> = request
            .headers
            .iter()
            .filter(|(name, value)| !value.is_empty() && is_signed(name.as_str()))
            .map(|(name, _)| canonical_name(name.as_str()))
            .collect();
        let parameters = request.query.iter().map(|(name, _)| name);
        let mut parameters: Vec<_> = parameters
            .filter(|name| !is_signature_parameter(name))
            .map(canonical_name)
            .collect();
        headers.sort_unstable();
        parameters.sort_unstable();
        Self {
            headers,
            parameters,
        }
    }
}

/// Headers outside the semantic prefixes that official clients sign. `content-type` and
/// `cache-control` are left out, since what stands between may change them.
const SIGNED: &[&str] = &[
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-md5",
    "expect",
    "expires",
    "host",
    "origin",
    "range",
    "transfer-encoding",
];

fn is_signed(name: &str) -> bool {
    SIGNED.contains(&name) || must_be_signed(name)
}

/// Whether a header has a meaning that nobody but the signer may give it.
pub(super) fn must_be_signed(name: &str) -> bool {
    let semantic = Dialect::semantic_prefixes()
        .iter()
        .any(|prefix| name.starts_with(prefix));
    // The token is bound to its key id instead: some official clients do not sign it.
    (semantic && !name.ends_with("-security-token"))
        || name.starts_with("if-")
        || matches!(name, "content-md5" | "range")
}

/// Whether a header only makes less of an answer that the signer allowed. Browsers add these by
/// themselves: their caches ask whether what they have is still good, their players ask for a range.
pub(super) fn only_narrows(method: &Method, name: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD) && (name.starts_with("if-") || name == "range")
}

pub(super) fn canonical_name(name: &str) -> String {
    percent::encode(name).to_ascii_lowercase()
}

/// The text that is hashed: method, path, parameters and headers.
pub(super) fn http_string(request: &Signable<'_>, lists: &Lists) -> String {
    let parameters = pairs(&lists.parameters, |name| {
        let named = request
            .query
            .iter()
            .filter(|(n, _)| canonical_name(n) == name);
        named.map(|(_, value)| value.to_owned()).collect()
    });
    let headers = pairs(&lists.headers, |name| header_values(request.headers, name));
    let method = request.method.as_str().to_ascii_lowercase();
    format!("{method}\n{}\n{parameters}\n{headers}\n", request.path)
}

/// `name=value` pairs joined by `&`. A name listed once for each of its values, as one official
/// client does, takes them in sorted order.
fn pairs(names: &[String], values: impl Fn(&str) -> Vec<String>) -> String {
    let mut pairs = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let nth = names
            .iter()
            .take(at)
            .filter(|earlier| *earlier == name)
            .count();
        let mut values = values(name);
        values.sort_unstable();
        let value = values.get(nth).map(String::as_str).unwrap_or_default();
        pairs.push(format!("{name}={}", percent::encode(value)));
    }
    pairs.join("&")
}

/// Values as clients meant them: UTF-8 where the bytes are, else Latin-1, which is what their HTTP
/// stacks make of characters up to U+00FF after they were signed as text.
fn header_values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    if !name.contains('%') {
        let values = headers.get_all(name).iter();
        return values.map(|value| text(value.as_bytes())).collect();
    }
    // A name with a character that is encoded, such as an asterisk: looked up by what it was, its
    // value would be missed, and anybody could change it.
    let named = headers
        .iter()
        .filter(|(header, _)| canonical_name(header.as_str()) == name);
    named.map(|(_, value)| text(value.as_bytes())).collect()
}

/// The key of one validity, as its 40 hexadecimal digits.
pub(super) fn sign_key(secret_key: &SecretKey, key_time: &str) -> Zeroizing<String> {
    Zeroizing::new(hmac_sha1(secret_key.expose(), key_time))
}

/// The signature, as 40 hexadecimal digits.
pub(super) fn signature(sign_key: &str, sign_time: &str, http_string: &str) -> String {
    hmac_sha1(
        sign_key,
        &format!("sha1\n{sign_time}\n{}\n", sha1_hex(http_string)),
    )
}

pub(super) fn sha1_hex(text: &str) -> String {
    sha1_hex_of(text.as_bytes())
}

pub(super) fn sha1_hex_of(bytes: &[u8]) -> String {
    hex(&Sha1::digest(bytes))
}

pub(super) fn hmac_sha1(key: &str, text: &str) -> String {
    hex(&hmac_sha1_bytes(key, text))
}

pub(super) fn hmac_sha1_bytes(key: &str, text: &str) -> [u8; 20] {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}
