//! Signatures: q-sign in the COS dialect (HMAC-SHA1 over a canonical request), Signature Version 4
//! in the S3 dialect, whose bodies may be signed too, and its Version 2 in presigned addresses.
//!
//! The signer chooses which headers and parameters the signature covers. So the verifier
//! ([`Presented::verify`]) refuses every header and parameter with a meaning that is not covered:
//! else whoever holds a presigned PUT could turn it into a copy of anything the signer may read.

mod body;
mod canonical;
mod checksum;
mod form;
mod presented;
mod q_sign;
mod v2;
mod v4;

use std::fmt;

use cosette_types::Timestamp;
use http::{HeaderMap, Method};
use zeroize::Zeroizing;

use crate::dialect::{Dialect, Field};
use crate::message::Query;

pub use body::BodyCheck;
pub use canonical::Lists;
pub(crate) use checksum::could_be as could_be_checksum;
pub use checksum::{Checksum, ChecksumAlgorithm, RunningChecksum, checksum_header};
pub use form::{PresentedForm, sign_form};
pub use presented::Presented;
pub use v4::{Signed, authorize, payload_hash, presign_v4};

/// How far a client's clock may be ahead of ours, in seconds; in the S3 dialect also behind.
pub const CLOCK_SKEW_SECS_MAX: u64 = 15 * 60;

/// A secret key. It has no `Debug` or `Display` of its content and is wiped when dropped.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<String>);

impl SecretKey {
    /// Takes a key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(Zeroizing::new(key.into()))
    }

    /// The key itself, for the one who must write it down.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// What a client signs with.
#[derive(Clone)]
pub struct Credentials {
    /// Names the key; no secret.
    pub secret_id: String,
    /// The key.
    pub secret_key: SecretKey,
    /// The token of temporary credentials.
    pub token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|_| "…");
        f.debug_struct("Credentials")
            .field("secret_id", &self.secret_id)
            .field("secret_key", &self.secret_key)
            .field("token", &token)
            .finish()
    }
}

/// From when to when a signature is good, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub start: u64,
    /// The last second.
    pub end: u64,
}

impl Validity {
    /// From a minute before `now`, since clocks differ, for `secs` seconds.
    pub const fn lasting(now: Timestamp, secs: u64) -> Self {
        Self {
            start: now.secs().saturating_sub(60),
            end: now.secs().saturating_add(secs),
        }
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};{}", self.start, self.end)
    }
}

/// What a signature is over.
#[derive(Debug, Clone, Copy)]
pub struct Signable<'a> {
    /// The HTTP method.
    pub method: &'a Method,
    /// The decoded path with its leading slash.
    pub path: &'a str,
    /// The parameters of the operation; those of signatures are passed over.
    pub query: &'a Query,
    /// The headers, Host included.
    pub headers: &'a HeaderMap,
}

/// The value of an Authorization header that covers the host, every header with a meaning, and every
/// parameter.
pub fn authorization(
    credentials: &Credentials,
    request: &Signable<'_>,
    validity: Validity,
) -> String {
    let pairs = pairs(credentials, request, validity, &Lists::for_signing(request));
    pairs
        .map(|(name, value)| format!("{name}={value}"))
        .join("&")
}

/// The parameters that make a URL carry its signature, to be added to those of the operation. Of the
/// headers in `request` (the host at least) those with a meaning are covered: the URL's user must
/// send the same.
pub fn presign(
    credentials: &Credentials,
    request: &Signable<'_>,
    validity: Validity,
) -> Vec<(String, String)> {
    let pairs = pairs(credentials, request, validity, &Lists::for_signing(request));
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value)).into();
    if let Some(token) = &credentials.token {
        pairs.push((
            Dialect::Cos.name(Field::SecurityToken).to_owned(),
            token.clone(),
        ));
    }
    pairs
}

fn pairs(
    credentials: &Credentials,
    request: &Signable<'_>,
    validity: Validity,
    lists: &Lists,
) -> [(&'static str, String); 7] {
    let time = validity.to_string();
    let signature = canonical::signature(
        &canonical::sign_key(&credentials.secret_key, &time),
        &time,
        &canonical::http_string(request, lists),
    );
    [
        ("q-sign-algorithm", "sha1".to_owned()),
        ("q-ak", credentials.secret_id.clone()),
        ("q-sign-time", time.clone()),
        ("q-key-time", time),
        ("q-header-list", lists.headers.join(";")),
        ("q-url-param-list", lists.parameters.join(";")),
        ("q-signature", signature),
    ]
}

#[cfg(test)]
mod vectors;
