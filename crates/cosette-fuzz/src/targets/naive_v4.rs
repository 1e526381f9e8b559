//! Signature Version 4 and its framing of bodies, from their description.

use http::request::Parts;
use sha2::{Digest, Sha256};

/// How a body is sent in chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Signed,
    SignedWithTrailer,
    UnsignedWithTrailer,
}

impl Framing {
    pub(super) const ALL: [Self; 3] = [
        Self::Signed,
        Self::SignedWithTrailer,
        Self::UnsignedWithTrailer,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Signed => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Self::SignedWithTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Self::UnsignedWithTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        }
    }

    pub(super) const fn has_trailer(self) -> bool {
        !matches!(self, Self::Signed)
    }
}

/// A body in its frame, and the headers to send with it.
pub(super) struct Framed {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) bytes: Vec<u8>,
}

/// A copy of a head, which the library gives no other way to make.
pub(super) fn copied(parts: &Parts) -> Parts {
    let (mut copy, ()) = http::Request::new(()).into_parts();
    copy.method = parts.method.clone();
    copy.uri = parts.uri.clone();
    copy.headers = parts.headers.clone();
    copy
}

/// Signs the head and puts the body into chunks whose lengths come from its own bytes.
pub(super) fn frame(
    parts: &Parts,
    framing: Framing,
    body: &[u8],
    secret: &str,
    time: &str,
    scope: &str,
) -> Framed {
    let mut headers = vec![
        ("x-amz-date", time.to_owned()),
        ("x-amz-content-sha256", framing.word().to_owned()),
        ("x-amz-decoded-content-length", body.len().to_string()),
    ];
    if framing.has_trailer() {
        headers.push(("x-amz-trailer", "x-amz-checksum-crc32".to_owned()));
    }
    let mut all = copied(parts);
    for (name, value) in &headers {
        all.headers
            .insert(*name, value.parse().expect("plain text is a value"));
    }
    let mut names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.push("host");
    names.sort_unstable();
    let names = names.join(";");
    let key = signing_key(secret, scope);
    let seed = signature(
        &all,
        &names,
        framing.word(),
        time,
        scope,
        &key,
        &path_of(&all),
    );
    headers.push((
        "authorization",
        format!(
            "AWS4-HMAC-SHA256 Credential=AKID/{scope}, SignedHeaders={names}, Signature={seed}"
        ),
    ));
    let bytes = chunks(framing, body, &key, time, scope, seed);
    Framed { headers, bytes }
}

fn chunks(
    framing: Framing,
    body: &[u8],
    key: &[u8],
    time: &str,
    scope: &str,
    seed: String,
) -> Vec<u8> {
    let signed = framing != Framing::UnsignedWithTrailer;
    let mut previous = seed;
    let mut next = |kind: &str, rest: &str| {
        let text = format!("AWS4-HMAC-SHA256-{kind}\n{time}\n{scope}\n{previous}\n{rest}");
        previous = hex(&hmac(key, text.as_bytes()));
        previous.clone()
    };
    let mut bytes = Vec::new();
    let mut rest = body;
    loop {
        let wish = rest.first().map_or(0, |byte| usize::from(*byte) + 1);
        let (chunk, after) = rest.split_at(wish.min(rest.len()));
        bytes.extend_from_slice(format!("{:x}", chunk.len()).as_bytes());
        if signed {
            let hashes = format!(
                "{}\n{}",
                hex(&Sha256::digest(b"")),
                hex(&Sha256::digest(chunk))
            );
            let signature = next("PAYLOAD", &hashes);
            bytes.extend_from_slice(format!(";chunk-signature={signature}").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        if chunk.is_empty() {
            break;
        }
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
        rest = after;
    }
    if framing.has_trailer() {
        let line = format!(
            "x-amz-checksum-crc32:{}",
            base64(&crc32(body).to_be_bytes())
        );
        bytes.extend_from_slice(format!("{line}\r\n").as_bytes());
        if signed {
            let lines = hex(&Sha256::digest(format!("{line}\n").as_bytes()));
            let signature = next("TRAILER", &lines);
            bytes.extend_from_slice(format!("x-amz-trailer-signature:{signature}\r\n").as_bytes());
        }
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// Whether the signature that a request carries, wherever it does, is the one it should have.
pub(super) fn is_good(parts: &Parts, secret: &str) -> bool {
    let header = |name: &str| {
        let value = parts.headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let query = query_of(parts);
    let parameter = |name: &str| {
        let mut found = query.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.clone())
    };
    let sent = header("x-amz-content-sha256");
    let (credential, names, given, time, payload) =
        match header("authorization").filter(|value| !value.trim().is_empty()) {
            Some(text) => {
                let rest = text
                    .trim()
                    .strip_prefix("AWS4-HMAC-SHA256")
                    .unwrap_or_default();
                let member = |name: &str| {
                    let pairs = rest
                        .split(',')
                        .filter_map(|pair| pair.trim().split_once('='));
                    let mut found = pairs.filter(|(n, _)| *n == name);
                    found
                        .next()
                        .map(|(_, value)| value.to_owned())
                        .unwrap_or_default()
                };
                let time = header("x-amz-date");
                // Who sends a plain Date is not looked into again.
                let Some(time) = time else { return true };
                let of = (
                    member("Credential"),
                    member("SignedHeaders"),
                    member("Signature"),
                );
                (
                    of.0,
                    of.1,
                    of.2,
                    time,
                    sent.map(|sent| sent.trim().to_owned()),
                )
            }
            None => {
                let of = |name| parameter(name).unwrap_or_default();
                let payload = sent.or_else(|| parameter("x-amz-content-sha256"));
                (
                    of("X-Amz-Credential"),
                    of("X-Amz-SignedHeaders"),
                    of("X-Amz-Signature"),
                    of("X-Amz-Date"),
                    Some(payload.unwrap_or_else(|| "UNSIGNED-PAYLOAD".to_owned())),
                )
            }
        };
    let members: Vec<&str> = credential.rsplitn(5, '/').collect();
    let scope: Vec<&str> = members.iter().take(4).rev().copied().collect();
    let scope = scope.join("/");
    let names = names.to_ascii_lowercase();
    let names: Vec<&str> = names.split(';').filter(|name| !name.is_empty()).collect();
    let names = names.join(";");
    let payload = payload.unwrap_or_default();
    let key = signing_key(secret, &scope);
    let paths = [path_of(parts), raw_path(parts).to_owned()];
    paths
        .iter()
        .any(|path| signature(parts, &names, &payload, &time, &scope, &key, path) == given)
}

fn signature(
    parts: &Parts,
    names: &str,
    payload: &str,
    time: &str,
    scope: &str,
    key: &[u8],
    path: &str,
) -> String {
    let mut pairs: Vec<(String, String)> = query_of(parts)
        .into_iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("x-amz-signature"))
        .map(|(name, value)| (encoded(&name, false), encoded(&value, false)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut text = format!("{}\n{path}\n{}\n", parts.method, pairs.join("&")).into_bytes();
    for name in names.split(';') {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        text.extend_from_slice(&header_values(parts, name));
        text.push(b'\n');
    }
    text.extend_from_slice(format!("\n{names}\n{payload}").as_bytes());
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hex(&Sha256::digest(&text))
    );
    hex(&hmac(key, to_sign.as_bytes()))
}

/// The values of a header, each without blanks around it and with runs of blanks made one.
fn header_values(parts: &Parts, name: &str) -> Vec<u8> {
    let host = parts
        .headers
        .get("host")
        .map(|host| host.as_bytes().to_vec());
    if name == "host" {
        let line = parts
            .uri
            .authority()
            .map(|authority| authority.as_str().as_bytes().to_vec());
        return host.or(line).unwrap_or_default();
    }
    let mut values: Vec<Vec<u8>> = Vec::new();
    for value in parts.headers.get_all(name) {
        let mut folded: Vec<u8> = Vec::new();
        for byte in value.as_bytes().trim_ascii() {
            if !(*byte == b' ' && folded.last() == Some(&b' ')) {
                folded.push(*byte);
            }
        }
        values.push(folded);
    }
    values.join(&b","[..])
}

fn raw_path(parts: &Parts) -> &str {
    match parts.uri.path() {
        "" => "/",
        path => path,
    }
}

fn path_of(parts: &Parts) -> String {
    encoded(&plain(raw_path(parts)), true)
}

fn query_of(parts: &Parts) -> Vec<(String, String)> {
    let query = parts.uri.query().unwrap_or_default().replace('+', "%20");
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| *first == b'%');
        let meant = escape
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(meant.unwrap_or(*first));
        rest = match meant {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Every byte escaped but the unreserved ones, and slashes in a path.
pub(super) fn encoded(text: &str, is_path: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || (is_path && byte == b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn signing_key(secret: &str, scope: &str) -> Vec<u8> {
    let first = format!("AWS4{secret}").into_bytes();
    scope
        .split('/')
        .fold(first, |key, member| hmac(&key, member.as_bytes()))
}

/// HMAC as RFC 2104 writes it, over blocks of 64 bytes.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    let digest = Sha256::digest(key);
    let key = if key.len() > block.len() {
        digest.as_slice()
    } else {
        key
    };
    for (byte, key) in block.iter_mut().zip(key) {
        *byte = *key;
    }
    let padded = |with: u8| block.iter().map(move |byte| byte ^ with);
    let inner: Vec<u8> = padded(0x36).chain(text.iter().copied()).collect();
    let outer: Vec<u8> = padded(0x5c).chain(Sha256::digest(inner)).collect();
    Sha256::digest(outer).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// CRC-32 of ZIP, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

fn base64(bytes: &[u8]) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let of = |at: usize| three.get(at).copied().map_or(0, u32::from);
        let bits = (of(0) << 16) | (of(1) << 8) | of(2);
        for at in 0..4 {
            let index = usize::try_from((bits >> (18 - 6 * at)) & 63).unwrap_or(0);
            let letter = letters.get(index).copied().unwrap_or(b'A');
            out.push(if at as usize > three.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    out
}
