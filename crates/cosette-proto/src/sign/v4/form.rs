//! Signature Version 4 of a form: over its policy, as sent.

use cosette_types::Timestamp;
use zeroize::Zeroizing;

use super::{
    ALGORITHM, hex, hmac, other_algorithm, print_time, read_credential, read_time, scope,
    signing_key,
};
use crate::dialect::amz;
use crate::error::{Error, ErrorCode};
use crate::form::Form;
use crate::limits::PRESIGNED_SECS_MAX;
use crate::sign::{CLOCK_SKEW_SECS_MAX, Credentials, SecretKey};

/// A signature as a form presents it.
#[derive(Debug, Clone)]
pub(in crate::sign) struct FormV4 {
    access_key: String,
    scope: String,
    at: Timestamp,
    signature: String,
}

impl FormV4 {
    pub(in crate::sign) fn read(form: &Form) -> Result<Self, Error> {
        let member = |name: &str| {
            form.get(name)
                .ok_or_else(|| malformed(&format!("{name} is missing")))
        };
        if form.get(amz::QUERY_ALGORITHM) != Some(ALGORITHM) {
            return Err(other_algorithm());
        }
        let (access_key, scope) = read_credential(member(amz::QUERY_CREDENTIAL)?, malformed)?;
        let time = member(amz::QUERY_DATE)?;
        let at = read_time(time).ok_or_else(|| malformed("its date cannot be read"))?;
        if scope.get(..8) != time.get(..8) {
            return Err(malformed("its scope is of another day than its date"));
        }
        Ok(Self {
            access_key,
            scope,
            at,
            signature: member(amz::QUERY_SIGNATURE)?.to_owned(),
        })
    }

    pub(in crate::sign) fn access_key(&self) -> &str {
        &self.access_key
    }

    pub(in crate::sign) fn signature(&self) -> &str {
        &self.signature
    }

    /// A policy says when it expires, but its signature is good for a week at most.
    pub(in crate::sign) fn check_time(&self, now: Timestamp) -> Result<(), Error> {
        let (at, now) = (self.at.secs(), now.secs());
        if at > now.saturating_add(CLOCK_SKEW_SECS_MAX) {
            return Err(Error::new(ErrorCode::RequestTimeTooSkewed));
        }
        if now > at.saturating_add(PRESIGNED_SECS_MAX) {
            return Err(Error::with(ErrorCode::AccessDenied, "Request has expired"));
        }
        Ok(())
    }

    /// What the signature of this policy, base64 as sent, must be.
    pub(in crate::sign) fn signature_of(&self, secret_key: &SecretKey, policy: &str) -> String {
        signature(&signing_key(secret_key, &self.scope), policy)
    }
}

/// The fields of a signature made now, without the signature itself.
pub(in crate::sign) fn form_fields(
    credentials: &Credentials,
    region: &str,
    now: Timestamp,
) -> [(&'static str, String); 3] {
    let time = print_time(now);
    let credential = format!("{}/{}", credentials.secret_id, scope(&time, region));
    [
        (amz::QUERY_ALGORITHM, ALGORITHM.to_owned()),
        (amz::QUERY_CREDENTIAL, credential),
        (amz::QUERY_DATE, time),
    ]
}

/// The field with the signature of a policy, base64 as it will be sent.
pub(in crate::sign) fn sign_policy(
    credentials: &Credentials,
    region: &str,
    now: Timestamp,
    policy: &str,
) -> (String, String) {
    let scope = scope(&print_time(now), region);
    let key = signing_key(&credentials.secret_key, &scope);
    (amz::QUERY_SIGNATURE.to_owned(), signature(&key, policy))
}

fn signature(key: &Zeroizing<super::Digest32>, policy: &str) -> String {
    hex(&hmac(key.as_slice(), policy.as_bytes()))
}

fn malformed(why: &str) -> Error {
    let words = format!("The form's signature cannot be read: {why}.");
    Error::with(ErrorCode::AccessDenied, words)
}
