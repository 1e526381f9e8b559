//! Signature Version 4, the signature of the S3 dialect: HMAC-SHA256 over a canonical request, with a
//! key that is derived for one day, one region and one service.
//!
//! The region of the scope is not judged: clients that are pointed at another store keep whatever
//! region they were set up with, most often `us-east-1`. The service must be `s3`.

use std::fmt;

use cosette_types::Timestamp;
use http::HeaderMap;
use http::header::{self, HeaderName, HeaderValue};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{CLOCK_SKEW_SECS_MAX, Credentials, SecretKey, Signable};
use crate::date;
use crate::dialect::{Dialect, Field, amz};
use crate::error::{Error, ErrorCode};
use crate::head::Head;
use crate::limits::PRESIGNED_SECS_MAX;
use crate::percent;

mod digest;
mod form;

pub(super) use cosette_types::checksum::hex;
pub(super) use digest::Sha256;
use digest::{Digest32, hmac, sha256_hex};
pub(super) use form::{FormV4, form_fields, sign_policy};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const SERVICE: &str = "s3";
/// The payload hash of a body that is not signed.
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// A signature as presented.
#[derive(Debug, Clone)]
pub(super) struct V4 {
    access_key: String,
    /// `<date>/<region>/s3/aws4_request`
    scope: String,
    signed_headers: Vec<String>,
    signature: String,
    /// When it was signed: as sent, and read.
    time: String,
    at: Timestamp,
    /// How long a presigned request is good for, in seconds.
    expires: Option<u64>,
    /// What was signed as the body's hash.
    payload: String,
    token: Option<String>,
}

/// What a verified signature leaves for the body: the key and the seed of the signatures of its
/// chunks. There is nothing in it where the signature covers the head only.
#[derive(Clone, Default)]
pub struct Signed(Option<ChunkKey>);

/// What the signatures of chunks are made with.
#[derive(Clone)]
pub(super) struct ChunkKey {
    key: Zeroizing<Digest32>,
    time: String,
    scope: String,
    /// The signature before the next one.
    previous: String,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signed(…)")
    }
}

impl fmt::Debug for ChunkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChunkKey(…)")
    }
}

impl Signed {
    /// Nothing of the body is signed by chunks.
    pub(super) const fn head_only() -> Self {
        Self(None)
    }

    pub(super) fn chunks(&self) -> Option<ChunkKey> {
        self.0.clone()
    }
}

impl ChunkKey {
    /// Whether this is the signature of the next chunk, whose bytes have that hash.
    pub(super) fn chunk(&mut self, hash: &str, signature: &str) -> bool {
        let empty = sha256_hex(b"");
        let text = format!(
            "{ALGORITHM}-PAYLOAD\n{}\n{}\n{}\n{empty}\n{hash}",
            self.time, self.scope, self.previous
        );
        self.next(&text, signature)
    }

    /// Whether this is the signature of the trailers, given one per line.
    pub(super) fn trailer(&mut self, lines: &str, signature: &str) -> bool {
        let text = format!(
            "{ALGORITHM}-TRAILER\n{}\n{}\n{}\n{}",
            self.time,
            self.scope,
            self.previous,
            sha256_hex(lines.as_bytes())
        );
        self.next(&text, signature)
    }

    fn next(&mut self, text: &str, signature: &str) -> bool {
        let ours = hex(&hmac(self.key.as_slice(), text.as_bytes()));
        let same = bool::from(ours.as_bytes().ct_eq(signature.as_bytes()));
        self.previous = ours;
        same
    }
}

impl V4 {
    pub(super) fn find(head: &Head) -> Result<Option<Self>, Error> {
        if let Some(value) = head.headers.get(header::AUTHORIZATION)
            && !value.as_bytes().trim_ascii().is_empty()
        {
            let text = value
                .to_str()
                .map_err(|_| malformed_header("it is not text"))?;
            return Self::of_header(head, text.trim()).map(Some);
        }
        if head.query.has(amz::QUERY_ALGORITHM) || head.query.has(amz::QUERY_SIGNATURE) {
            return Self::of_query(head).map(Some);
        }
        Ok(None)
    }

    fn of_header(head: &Head, text: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix(ALGORITHM).ok_or_else(other_algorithm)?;
        let member = |name: &str| {
            let mut pairs = rest
                .split(',')
                .filter_map(|pair| pair.trim().split_once('='));
            pairs
                .find(|(n, _)| *n == name)
                .map(|(_, value)| value)
                .ok_or_else(|| malformed_header(&format!("{name} is missing")))
        };
        let (access_key, scope) = read_credential(member("Credential")?, malformed_header)?;
        let (time, at) = time_of_header(head)?;
        let payload = head
            .headers
            .get(amz::CONTENT_SHA256)
            .and_then(|value| value.to_str().ok());
        let payload = payload.ok_or_else(|| {
            let words = format!("The header {} is missing.", amz::CONTENT_SHA256);
            Error::with(ErrorCode::InvalidRequest, words)
        })?;
        let name = Dialect::S3.name(Field::SecurityToken);
        let token = head.headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            access_key,
            scope,
            signed_headers: read_names(member("SignedHeaders")?),
            signature: member("Signature")?.to_owned(),
            time,
            at,
            expires: None,
            payload: payload.trim().to_owned(),
            token: token.filter(|token| !token.is_empty()).map(str::to_owned),
        }
        .checked(malformed_header)
    }

    fn of_query(head: &Head) -> Result<Self, Error> {
        let member = |name: &str| {
            let value = head.query.get(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| malformed_query(&format!("{name} is missing")))
        };
        if member(amz::QUERY_ALGORITHM)? != ALGORITHM {
            return Err(other_algorithm());
        }
        let (access_key, scope) = read_credential(member(amz::QUERY_CREDENTIAL)?, malformed_query)?;
        let time = member(amz::QUERY_DATE)?.to_owned();
        let at = read_time(&time).ok_or_else(|| malformed_query("its date cannot be read"))?;
        let expires = member(amz::QUERY_EXPIRES)?
            .parse()
            .ok()
            .filter(|secs| (1..=PRESIGNED_SECS_MAX).contains(secs))
            .ok_or_else(|| {
                malformed_query(&format!(
                    "it must be good for 1 to {PRESIGNED_SECS_MAX} seconds"
                ))
            })?;
        let sent = head.headers.get(amz::CONTENT_SHA256);
        let payload = sent
            .and_then(|value| value.to_str().ok())
            .or_else(|| head.query.get(amz::CONTENT_SHA256))
            .unwrap_or(UNSIGNED);
        let token = head.query.get(Dialect::S3.name(Field::SecurityToken));
        Self {
            access_key,
            scope,
            signed_headers: read_names(member(amz::QUERY_SIGNED_HEADERS)?),
            signature: member(amz::QUERY_SIGNATURE)?.to_owned(),
            time,
            at,
            expires: Some(expires),
            payload: payload.to_owned(),
            token: token.filter(|token| !token.is_empty()).map(str::to_owned),
        }
        .checked(malformed_query)
    }

    /// The day of the scope and of the time must be the same, or a key of another day would do; the
    /// host is always signed.
    fn checked(self, malformed: impl Fn(&str) -> Error) -> Result<Self, Error> {
        if self.scope.get(..8) != self.time.get(..8) {
            return Err(malformed("its scope is of another day than its date"));
        }
        if !self.signed_headers.iter().any(|name| name == "host") {
            return Err(malformed("it does not cover the Host header"));
        }
        Ok(self)
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
    ) -> Result<Signed, Error> {
        self.check_time(now)?;
        let key = signing_key(secret_key, &self.scope);
        let query = canonical_query(
            head.query
                .iter()
                .filter(|(name, _)| !name.eq_ignore_ascii_case(amz::QUERY_SIGNATURE)),
        );
        let headers = canonical_headers(&head.headers, &head.host, &self.signed_headers);
        let encoded = percent::encode_path(&head.path);
        // The path is signed as encoded in the one way that the protocol knows, or, by some clients,
        // as they sent it.
        let paths = [encoded.as_str(), head.raw_path.as_str()];
        let mut shown = String::new();
        let matches = paths.iter().any(|path| {
            let canonical = self.canonical_request(head, path, &query, &headers);
            let to_sign = format!(
                "{ALGORITHM}\n{}\n{}\n{}",
                self.time,
                self.scope,
                sha256_hex(&canonical)
            );
            let ours = hex(&hmac(key.as_slice(), to_sign.as_bytes()));
            shown = format!(
                "CanonicalRequest: {:?} StringToSign: {to_sign:?}",
                String::from_utf8_lossy(&canonical)
            );
            bool::from(ours.as_bytes().ct_eq(self.signature.as_bytes()))
        });
        if !matches {
            let words = format!("{} {shown}", ErrorCode::SignatureDoesNotMatch.message());
            return Err(Error::with(ErrorCode::SignatureDoesNotMatch, words));
        }
        self.check_cover(head)?;
        Ok(Signed(Some(ChunkKey {
            key,
            time: self.time.clone(),
            scope: self.scope.clone(),
            previous: self.signature.clone(),
        })))
    }

    fn check_time(&self, now: Timestamp) -> Result<(), Error> {
        let (at, now) = (self.at.secs(), now.secs());
        let too_early = at > now.saturating_add(CLOCK_SKEW_SECS_MAX);
        match self.expires {
            Some(secs) if now > at.saturating_add(secs) => {
                Err(Error::with(ErrorCode::AccessDenied, "Request has expired"))
            }
            Some(_) if too_early => {
                let words = "The request is not valid yet.";
                Err(Error::with(ErrorCode::AccessDenied, words))
            }
            None if too_early || at.saturating_add(CLOCK_SKEW_SECS_MAX) < now => {
                Err(Error::new(ErrorCode::RequestTimeTooSkewed))
            }
            _ => Ok(()),
        }
    }

    fn canonical_request(&self, head: &Head, path: &str, query: &str, headers: &[u8]) -> Vec<u8> {
        let mut text = format!("{}\n{path}\n{query}\n", head.method).into_bytes();
        text.extend_from_slice(headers);
        let names = self.signed_headers.join(";");
        text.extend_from_slice(format!("\n{names}\n{}", self.payload).as_bytes());
        text
    }

    /// Refuses headers that have a meaning and are not covered: else whoever holds a presigned PUT
    /// could turn it into a copy of anything the signer may read. Parameters are all covered.
    fn check_cover(&self, head: &Head) -> Result<(), Error> {
        for (name, value) in &head.headers {
            let name = name.as_str();
            let semantic = Dialect::semantic_prefixes()
                .iter()
                .any(|prefix| name.starts_with(prefix));
            let covered = || self.signed_headers.iter().any(|signed| signed == name);
            if semantic && !value.is_empty() && !covered() {
                let words = format!("The header '{name}' is not covered by the signature.");
                return Err(Error::with(ErrorCode::AccessDenied, words));
            }
        }
        Ok(())
    }
}

/// The hash of a body that is signed.
pub fn payload_hash(body: &[u8]) -> String {
    sha256_hex(body)
}

/// Signs a request: the headers to add to it. `payload` is the body's SHA-256 in hexadecimal digits,
/// or the word for a body that is not signed; `request.path` is decoded.
pub fn authorize(
    credentials: &Credentials,
    request: &Signable<'_>,
    region: &str,
    payload: Option<&str>,
    now: Timestamp,
) -> HeaderMap {
    let time = print_time(now);
    let scope = scope(&time, region);
    let payload = payload.unwrap_or(UNSIGNED);
    let mut added = HeaderMap::new();
    let mut add = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            added.insert(HeaderName::from_static(name), value);
        }
    };
    add(amz::DATE, &time);
    add(amz::CONTENT_SHA256, payload);
    if let Some(token) = &credentials.token {
        add(Dialect::S3.name(Field::SecurityToken), token);
    }
    let mut headers = request.headers.clone();
    headers.extend(added.clone());
    let names = names_to_sign(&headers);
    let signature = sign(
        credentials,
        request,
        &headers,
        &names,
        (&time, &scope),
        payload,
    );
    let value = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
        credentials.secret_id,
        names.join(";"),
    );
    if let Ok(value) = HeaderValue::from_str(&value) {
        added.insert(header::AUTHORIZATION, value);
    }
    added
}

/// The parameters that make a URL carry its signature for so many seconds, to be added to those of
/// the operation. The body is not signed; the headers in `request` must be sent along.
pub fn presign_v4(
    credentials: &Credentials,
    request: &Signable<'_>,
    region: &str,
    now: Timestamp,
    secs: u64,
) -> Vec<(String, String)> {
    let time = print_time(now);
    let scope = scope(&time, region);
    let names = names_to_sign(request.headers);
    let mut pairs = vec![
        (amz::QUERY_ALGORITHM, ALGORITHM.to_owned()),
        (
            amz::QUERY_CREDENTIAL,
            format!("{}/{scope}", credentials.secret_id),
        ),
        (amz::QUERY_DATE, time.clone()),
        (amz::QUERY_EXPIRES, secs.min(PRESIGNED_SECS_MAX).to_string()),
        (amz::QUERY_SIGNED_HEADERS, names.join(";")),
    ];
    if let Some(token) = &credentials.token {
        pairs.push((amz::QUERY_TOKEN, token.clone()));
    }
    let query = pairs
        .iter()
        .fold(request.query.clone(), |query, (name, value)| {
            query.with(name, value)
        });
    let with_pairs = Signable {
        query: &query,
        ..*request
    };
    let at = (time.as_str(), scope.as_str());
    let signature = sign(
        credentials,
        &with_pairs,
        request.headers,
        &names,
        at,
        UNSIGNED,
    );
    pairs.push((amz::QUERY_SIGNATURE, signature));
    let owned = |(name, value): (&str, String)| (name.to_owned(), value);
    pairs.into_iter().map(owned).collect()
}

fn sign(
    credentials: &Credentials,
    request: &Signable<'_>,
    headers: &HeaderMap,
    names: &[String],
    (time, scope): (&str, &str),
    payload: &str,
) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let mut canonical = format!(
        "{}\n{}\n{}\n",
        request.method,
        percent::encode_path(request.path),
        canonical_query(request.query.iter())
    )
    .into_bytes();
    canonical.extend_from_slice(&canonical_headers(headers, host, names));
    canonical.extend_from_slice(format!("\n{}\n{payload}", names.join(";")).as_bytes());
    let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{}", sha256_hex(&canonical));
    let key = signing_key(&credentials.secret_key, scope);
    hex(&hmac(key.as_slice(), to_sign.as_bytes()))
}

/// The host and every header with a meaning.
fn names_to_sign(headers: &HeaderMap) -> Vec<String> {
    let plain = ["content-md5", "host", "range"];
    let mut names: Vec<String> = headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| {
            let semantic = Dialect::semantic_prefixes();
            semantic.iter().any(|prefix| name.starts_with(prefix))
                || name.starts_with("if-")
                || plain.contains(name)
        })
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names
}

fn scope(time: &str, region: &str) -> String {
    let day = time.get(..8).unwrap_or_default();
    format!("{day}/{region}/{SERVICE}/{TERMINATOR}")
}

fn signing_key(secret_key: &SecretKey, scope: &str) -> Zeroizing<Digest32> {
    let first = Zeroizing::new(format!("AWS4{}", secret_key.expose()).into_bytes());
    let mut members = scope.split('/');
    let day = members.next().unwrap_or_default();
    members.fold(
        Zeroizing::new(hmac(&first, day.as_bytes())),
        |key, member| Zeroizing::new(hmac(key.as_slice(), member.as_bytes())),
    )
}

fn canonical_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<_> = pairs
        .map(|(name, value)| (percent::encode(name), percent::encode(value)))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// One line for each name; the values of one name joined, their blanks folded.
fn canonical_headers(headers: &HeaderMap, host: &str, names: &[String]) -> Vec<u8> {
    let mut text = Vec::new();
    for name in names {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        if name == "host" {
            text.extend_from_slice(host.as_bytes());
        } else {
            for (at, value) in headers.get_all(name).iter().enumerate() {
                if at > 0 {
                    text.push(b',');
                }
                fold_blanks(value.as_bytes().trim_ascii(), &mut text);
            }
        }
        text.push(b'\n');
    }
    text
}

fn fold_blanks(value: &[u8], to: &mut Vec<u8>) {
    let mut before = 0;
    for byte in value {
        if !(*byte == b' ' && before == b' ') {
            to.push(*byte);
        }
        before = *byte;
    }
}

fn read_names(list: &str) -> Vec<String> {
    let names = list.split(';').filter(|name| !name.is_empty());
    names.map(str::to_ascii_lowercase).collect()
}

/// The key id, which may hold `/`, and the scope.
fn read_credential(
    text: &str,
    malformed: impl Fn(&str) -> Error,
) -> Result<(String, String), Error> {
    let form = "its credential must be <key id>/<yyyymmdd>/<region>/s3/aws4_request";
    let mut members = text.rsplitn(5, '/');
    let mut next = || members.next().filter(|member| !member.is_empty());
    let (terminator, service, region, day, key) = (next(), next(), next(), next(), next());
    let right = terminator == Some(TERMINATOR)
        && service == Some(SERVICE)
        && region.is_some()
        && day.is_some_and(|day| day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()));
    let key = key.filter(|_| right).ok_or_else(|| malformed(form))?;
    let scope = text.get(key.len() + 1..).unwrap_or_default();
    Ok((key.to_owned(), scope.to_owned()))
}

/// When a request with an Authorization header was signed: as the canonical request has it, and read.
fn time_of_header(head: &Head) -> Result<(String, Timestamp), Error> {
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let unreadable = || {
        let words = "The request's date is missing or cannot be read.";
        Error::with(ErrorCode::AccessDenied, words)
    };
    if let Some(time) = text(amz::DATE) {
        let at = read_time(time).ok_or_else(unreadable)?;
        return Ok((time.to_owned(), at));
    }
    let at = text("date")
        .and_then(date::parse_http)
        .ok_or_else(unreadable)?;
    Ok((print_time(at), at))
}

/// Reads `20130524T000000Z`.
fn read_time(text: &str) -> Option<Timestamp> {
    let plain = text.len() == 16 && text.is_ascii();
    let (day, time) = text.split_once('T').filter(|_| plain)?;
    let time = time.strip_suffix('Z')?;
    let (year, month, of_month) = (day.get(..4)?, day.get(4..6)?, day.get(6..8)?);
    let (hour, minute, second) = (time.get(..2)?, time.get(2..4)?, time.get(4..6)?);
    date::parse(&format!(
        "{year}-{month}-{of_month}T{hour}:{minute}:{second}Z"
    ))
}

fn print_time(time: Timestamp) -> String {
    date::iso_seconds(time).replace(['-', ':'], "")
}

fn other_algorithm() -> Error {
    let words = "The authorization mechanism you have provided is not supported. Please use \
                 AWS4-HMAC-SHA256.";
    Error::with(ErrorCode::InvalidRequest, words)
}

fn malformed_header(why: &str) -> Error {
    let words = format!("The Authorization header cannot be read: {why}.");
    Error::with(ErrorCode::AuthorizationHeaderMalformed, words)
}

fn malformed_query(why: &str) -> Error {
    let words = format!("The signature in the query cannot be read: {why}.");
    Error::with(ErrorCode::AuthorizationQueryParametersError, words)
}

#[cfg(test)]
mod tests;

/// The signer's side of chunks, for tests.
#[cfg(test)]
pub(super) mod tests_support {
    use super::{ChunkKey, Zeroizing, sha256_hex};

    pub(in crate::sign) fn chunk_key() -> ChunkKey {
        ChunkKey {
            key: Zeroizing::new([7; 32]),
            time: "20130524T000000Z".to_owned(),
            scope: "20130524/x/s3/aws4_request".to_owned(),
            previous: "seed".to_owned(),
        }
    }

    impl ChunkKey {
        pub(in crate::sign) fn sign_chunk(&mut self, bytes: &[u8]) -> String {
            self.chunk(&sha256_hex(bytes), "");
            self.previous.clone()
        }

        pub(in crate::sign) fn sign_trailer(&mut self, lines: &str) -> String {
            self.trailer(lines, "");
            self.previous.clone()
        }
    }
}
