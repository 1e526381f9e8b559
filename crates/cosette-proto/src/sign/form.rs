//! The signature of a form: over its policy, which says what else the form may hold.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cosette_types::Timestamp;
use subtle::ConstantTimeEq;

use super::v4::FormV4;
use super::{Credentials, SecretKey, Validity, canonical, q_sign, v4};
use crate::dialect::{Dialect, Field};
use crate::error::{Error, ErrorCode};
use crate::form::{Form, PostPolicy, Sizes};

/// A signature as a form presents it.
#[derive(Debug, Clone)]
pub struct PresentedForm {
    /// The policy's field as sent.
    policy: String,
    kind: Kind,
    token: Option<String>,
}

#[derive(Debug, Clone)]
enum Kind {
    QSign {
        secret_id: String,
        key_time: String,
        signature: String,
    },
    V4(FormV4),
}

impl PresentedForm {
    /// Finds the signature of a form; `None` when it has neither one nor a policy.
    ///
    /// # Errors
    /// `AccessDenied` when a part of it is missing or not readable.
    pub fn find(form: &Form) -> Result<Option<Self>, Error> {
        let dialect = form.dialect();
        let policy = form.get(crate::form::POLICY);
        let (dialect, policy) = match (dialect, policy) {
            (None, None) => return Ok(None),
            (Some(dialect), Some(policy)) => (dialect, policy),
            (Some(_), None) => return Err(malformed("the form has no policy")),
            (None, Some(_)) => return Err(malformed("its policy is not signed")),
        };
        let kind = match dialect {
            Dialect::Cos => {
                let member = |name: &str| {
                    let value = form.get(name).map(str::to_owned);
                    value.ok_or_else(|| malformed(&format!("{name} is missing")))
                };
                if member("q-sign-algorithm")? != "sha1" {
                    return Err(malformed("q-sign-algorithm must be sha1"));
                }
                Kind::QSign {
                    secret_id: member("q-ak")?,
                    key_time: member("q-key-time")?,
                    signature: member("q-signature")?.to_ascii_lowercase(),
                }
            }
            Dialect::S3 => Kind::V4(FormV4::read(form)?),
        };
        let token = form.get(dialect.name(Field::SecurityToken));
        Ok(Some(Self {
            policy: policy.to_owned(),
            kind,
            token: token.map(str::to_owned),
        }))
    }

    /// The id of the key that was used; no secret.
    pub fn secret_id(&self) -> &str {
        match &self.kind {
            Kind::QSign { secret_id, .. } => secret_id,
            Kind::V4(v4) => v4.access_key(),
        }
    }

    /// The token of temporary credentials, if there is one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Verifies the signature with the key that [`PresentedForm::secret_id`] names, and then holds the
    /// form against what was signed. Gives how large its file may be.
    ///
    /// # Errors
    /// `SignatureDoesNotMatch`, `RequestTimeTooSkewed`, `InvalidPolicyDocument`, or `AccessDenied`
    /// naming what does not hold.
    pub fn verify(
        &self,
        form: &Form,
        bucket: &str,
        secret_key: &SecretKey,
        now: Timestamp,
    ) -> Result<Sizes, Error> {
        let (dialect, ours, theirs) = match &self.kind {
            Kind::QSign {
                key_time,
                signature,
                ..
            } => {
                q_sign::check_time(q_sign::read_time(key_time)?, now)?;
                let key = canonical::sign_key(secret_key, key_time);
                let ours = cos_signature(&key, &crate::form::decode(&self.policy)?);
                (Dialect::Cos, ours, signature.as_str())
            }
            Kind::V4(v4) => {
                v4.check_time(now)?;
                (
                    Dialect::S3,
                    v4.signature_of(secret_key, &self.policy),
                    v4.signature(),
                )
            }
        };
        if !bool::from(ours.as_bytes().ct_eq(theirs.as_bytes())) {
            return Err(Error::new(ErrorCode::SignatureDoesNotMatch));
        }
        PostPolicy::of_field(&self.policy)?.permits(form, bucket, dialect, now)
    }
}

/// The fields that sign a form, the policy included, to be added to those that the policy allows. The
/// conditions on the fields of the signature itself are added to it.
pub fn sign_form(
    credentials: &Credentials,
    policy: PostPolicy,
    dialect: Dialect,
    region: &str,
    (validity, now): (Validity, Timestamp),
) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut policy = policy;
    let mut add = |policy: PostPolicy, name: &str, condition: &str, value: String| {
        fields.push((name.to_owned(), value.clone()));
        policy.equals(condition, value)
    };
    let token = credentials.token.clone();
    if let Some(token) = token {
        let name = dialect.name(Field::SecurityToken);
        policy = add(policy, name, name, token);
    }
    match dialect {
        Dialect::Cos => {
            let time = validity.to_string();
            let algorithm = "q-sign-algorithm";
            policy = add(policy, algorithm, algorithm, "sha1".to_owned());
            policy = add(policy, "q-ak", "q-ak", credentials.secret_id.clone());
            policy = add(policy, "q-key-time", "q-sign-time", time.clone());
            let document = policy.document();
            let key = canonical::sign_key(&credentials.secret_key, &time);
            let signature = cos_signature(&key, document.as_bytes());
            fields.push(("policy".to_owned(), STANDARD.encode(document)));
            fields.push(("q-signature".to_owned(), signature));
        }
        Dialect::S3 => {
            for (name, value) in v4::form_fields(credentials, region, now) {
                policy = add(policy, name, name, value);
            }
            let encoded = STANDARD.encode(policy.document());
            let signature = v4::sign_policy(credentials, region, now, &encoded);
            fields.push(("policy".to_owned(), encoded));
            fields.push(signature);
        }
    }
    fields
}

fn cos_signature(sign_key: &str, document: &[u8]) -> String {
    let hash = canonical::sha1_hex_of(document);
    canonical::hmac_sha1(sign_key, &hash)
}

fn malformed(why: &str) -> Error {
    let words = format!("The form's signature cannot be read: {why}.");
    Error::with(ErrorCode::AccessDenied, words)
}
