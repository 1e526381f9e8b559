//! Temporary credentials over HTTP: `GetFederationToken` of Tencent Cloud's STS API, version
//! 2018-08-13, signed with TC3-HMAC-SHA256, at the root of any service host.
//!
//! It is told from requests of the store by its action header, which no client of the store sends.
//! Only permanent keys may ask. What is given out may do what its key may and the policy allows.

use cosette_proto::sign::SecretKey;
use cosette_proto::{date, percent};
use cosette_types::Timestamp;
use http::{Method, request};
use ring::{digest, hmac};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Access;
use crate::access::token::{Holder, Issued};
use crate::error::Error;
use crate::limits;
use cosette_types::checksum::hex;

const ACTION: &str = "x-tc-action";
const VERSION: &str = "x-tc-version";
const TIMESTAMP: &str = "x-tc-timestamp";
const ALGORITHM: &str = "TC3-HMAC-SHA256";
const SERVICE: &str = "sts";

/// Whether a request is one for temporary credentials.
pub(crate) fn is_asked(parts: &request::Parts) -> bool {
    parts.method == Method::POST && parts.uri.path() == "/" && parts.headers.contains_key(ACTION)
}

/// Why there are none: code and words.
struct Refused(&'static str, String);

fn refused<T>(code: &'static str, words: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(code, words.into()))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    name: String,
    policy: String,
    duration_seconds: Option<u64>,
}

/// Answers one; also a refusal is status 200, as in all of that API.
pub(crate) async fn answer(
    access: &Access,
    parts: &request::Parts,
    body: &[u8],
    request_id: &str,
    now: Timestamp,
) -> Value {
    match federate(access, parts, body, now).await {
        Ok(issued) => json!({"Response": {
            "Credentials": {
                "Token": issued.token,
                "TmpSecretId": issued.secret_id,
                "TmpSecretKey": issued.secret_key.expose(),
            },
            "ExpiredTime": issued.expires.secs(),
            "Expiration": date::iso_seconds(issued.expires),
            "RequestId": request_id,
        }}),
        Err(Refused(code, message)) => json!({"Response": {
            "Error": {"Code": code, "Message": message},
            "RequestId": request_id,
        }}),
    }
}

async fn federate(
    access: &Access,
    parts: &request::Parts,
    body: &[u8],
    now: Timestamp,
) -> Result<Issued, Refused> {
    let secret_id = authenticate(access, parts, body, now)?;
    if header(parts, ACTION) != Some("GetFederationToken") {
        return refused("InvalidAction", "The only action is GetFederationToken.");
    }
    if header(parts, VERSION) != Some("2018-08-13") {
        return refused("NoSuchVersion", "The only version is 2018-08-13.");
    }
    let asked: Asked = serde_json::from_slice(body)
        .or_else(|error| refused("InvalidParameter", format!("The request: {error}.")))?;
    if asked.name.is_empty() || !asked.name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return refused(
            "InvalidParameter",
            "The Name must consist of letters and digits.",
        );
    }
    let policy = match percent::decode(&asked.policy) {
        Some(policy) => policy,
        None => return refused("InvalidParameter", "The Policy is not URL-encoded."),
    };
    let secs = asked.duration_seconds.unwrap_or(limits::TOKEN_SECS_DEFAULT);
    let of_account = access
        .signer(&secret_id, None, now)
        .ok()
        .flatten()
        .is_some_and(|signer| signer.user.is_account());
    let longest = if of_account {
        limits::TOKEN_SECS_OF_ACCOUNT_MAX
    } else {
        limits::TOKEN_SECS_MAX
    };
    if secs > longest {
        let words = format!("The DurationSeconds of this key are at most {longest}.");
        return refused("InvalidParameter", words);
    }
    let issued = access.issue(Holder::Key(secret_id), Some(policy), secs, now);
    issued.await.or_else(|error: Error| {
        if error.code().status().is_server_error() {
            tracing::error!(cause = error.cause().unwrap_or_default(), "no credentials");
            return refused("InternalError", "An internal error has occurred.");
        }
        refused("InvalidParameter", error.message())
    })
}

fn header<'a>(parts: &'a request::Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

/// The parts of an Authorization header.
struct Presented<'a> {
    secret_id: &'a str,
    date: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

fn presented(parts: &request::Parts) -> Option<Presented<'_>> {
    let value = header(parts, "authorization")?.strip_prefix(ALGORITHM)?;
    let member = |name: &str| {
        let mut members = value.split(',').map(str::trim);
        members.find_map(|member| member.strip_prefix(name)?.strip_prefix('='))
    };
    let mut scope = member("Credential")?.split('/');
    let (secret_id, date) = (scope.next()?, scope.next()?);
    let rest = [scope.next()?, scope.next()?];
    if rest != [SERVICE, "tc3_request"] || scope.next().is_some() {
        return None;
    }
    Some(Presented {
        secret_id,
        date,
        signed_headers: member("SignedHeaders")?,
        signature: member("Signature")?,
    })
}

/// The id of the permanent key that signed.
fn authenticate(
    access: &Access,
    parts: &request::Parts,
    body: &[u8],
    now: Timestamp,
) -> Result<String, Refused> {
    let Some(presented) = presented(parts) else {
        return refused(
            "AuthFailure.InvalidAuthorization",
            "There is no TC3 signature.",
        );
    };
    let time = header(parts, TIMESTAMP).and_then(|text| text.parse::<u64>().ok());
    let Some(time) = time.filter(|time| time.abs_diff(now.secs()) <= limits::STS_SKEW_SECS_MAX)
    else {
        return refused(
            "AuthFailure.SignatureExpire",
            "The timestamp is not of now.",
        );
    };
    if !date::iso(Timestamp::from_secs(time)).starts_with(&format!("{}T", presented.date)) {
        return refused(
            "AuthFailure.SignatureFailure",
            "The date is not the timestamp's.",
        );
    }
    let Some(canonical) = canonical(parts, &presented, body) else {
        let words = "content-type and host must be signed, and each signed header sent once.";
        return refused("AuthFailure.SignatureFailure", words);
    };
    let scope = format!("{}/{SERVICE}/tc3_request", presented.date);
    let text = format!(
        "{ALGORITHM}\n{time}\n{scope}\n{}",
        sha256(canonical.as_bytes())
    );
    let signer = access.signer(presented.secret_id, None, now).ok().flatten();
    // An unknown key costs the same as a wrong signature.
    let unknown = SecretKey::new("no key");
    let secret_key = signer
        .as_ref()
        .map_or(&unknown, |signer| &signer.secret_key);
    let matches = verifies(secret_key, presented.date, &text, presented.signature);
    if signer.is_none() {
        return refused("AuthFailure.SecretIdNotFound", "The SecretId is not found.");
    }
    if !matches {
        return refused(
            "AuthFailure.SignatureFailure",
            "The signature is not the request's.",
        );
    }
    Ok(presented.secret_id.to_owned())
}

fn canonical(parts: &request::Parts, presented: &Presented<'_>, body: &[u8]) -> Option<String> {
    let mut headers = String::new();
    let mut required = ["content-type", "host"].to_vec();
    for name in presented.signed_headers.split(';') {
        let mut values = parts.headers.get_all(name).iter();
        let (value, None) = (values.next()?.to_str().ok()?, values.next()) else {
            return None;
        };
        headers.push_str(&format!("{name}:{}\n", value.trim().to_ascii_lowercase()));
        required.retain(|required| *required != name);
    }
    if !required.is_empty() {
        return None;
    }
    let query = parts.uri.query().unwrap_or_default();
    let (signed, body) = (presented.signed_headers, sha256(body));
    Some(format!("POST\n/\n{query}\n{headers}\n{signed}\n{body}"))
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn verifies(secret_key: &SecretKey, date: &str, text: &str, signature: &str) -> bool {
    let first = zeroize::Zeroizing::new(format!("TC3{}", secret_key.expose()));
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes());
    for piece in [date, SERVICE, "tc3_request"] {
        let next = hmac::sign(&key, piece.as_bytes());
        key = hmac::Key::new(hmac::HMAC_SHA256, next.as_ref());
    }
    let digits = signature.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    let signature: Option<Vec<u8>> = digits.collect();
    // Compares in constant time.
    hmac::verify(&key, text.as_bytes(), &signature.unwrap_or_default()).is_ok()
}
