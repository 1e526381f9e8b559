//! Keys to sign with: given, or from the environment.

use cosette_proto::sign::{self, SecretKey};

use crate::error::Error;

/// A key pair, and the token of temporary keys. Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Credentials(sign::Credentials);

/// The families of environment variables that are looked for, in this order: those of the Tencent
/// Cloud SDKs, and those of the COS SDKs in both of their spellings.
const FAMILIES: [[&str; 2]; 3] = [
    ["TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"],
    ["COS_SECRET_ID", "COS_SECRET_KEY"],
    ["COS_SECRETID", "COS_SECRETKEY"],
];

/// Where a token stands, for each family.
const TOKENS: [&[&str]; 3] = [
    &[
        "TENCENTCLOUD_SESSION_TOKEN",
        "TENCENTCLOUD_TOKEN",
        "TENCENTCLOUD_SECURITY_TOKEN",
    ],
    &["COS_SESSION_TOKEN", "COS_TOKEN"],
    &["COS_SESSIONTOKEN", "COS_SESSION_TOKEN"],
];

impl Credentials {
    /// A permanent key pair.
    pub fn new(secret_id: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self(sign::Credentials {
            secret_id: secret_id.into(),
            secret_key: SecretKey::new(secret_key),
            token: None,
        })
    }

    /// The same pair with the token of temporary keys.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.0.token = Some(token.into());
        self
    }

    /// From the environment: `TENCENTCLOUD_SECRET_ID` and `TENCENTCLOUD_SECRET_KEY`, else
    /// `COS_SECRET_ID` and `COS_SECRET_KEY` (or `COS_SECRETID` and `COS_SECRETKEY`), with the
    /// family's token if there is one.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when no family is there, or half of one.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// As [`Credentials::from_env`], with the variables of any lookup.
    ///
    /// # Errors
    /// As there.
    pub fn from_lookup(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let value = |name: &str| variable(name).filter(|value| !value.is_empty());
        for ([id, key], tokens) in FAMILIES.into_iter().zip(TOKENS) {
            match (value(id), value(key)) {
                (Some(secret_id), Some(secret_key)) => {
                    let token = tokens.iter().find_map(|name| value(name));
                    let pair = Self::new(secret_id, secret_key);
                    return Ok(match token {
                        Some(token) => pair.with_token(token),
                        None => pair,
                    });
                }
                (Some(_), None) => return Err(Error::missing(key)),
                (None, Some(_)) => return Err(Error::missing(id)),
                (None, None) => {}
            }
        }
        Err(Error::invalid(
            "credentials",
            "neither TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY nor COS_SECRET_ID and \
             COS_SECRET_KEY are set",
        ))
    }

    /// The id of the key pair, which is no secret.
    pub fn secret_id(&self) -> &str {
        &self.0.secret_id
    }

    /// The secret key itself. Whoever asks must not let it go further than to a file of keys or to a
    /// signer: it is never logged and never shown.
    pub fn expose_secret_key(&self) -> &str {
        self.0.secret_key.expose()
    }

    /// The token of temporary keys, which is as secret as a key.
    pub fn expose_token(&self) -> Option<&str> {
        self.token()
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.0.token.as_deref()
    }

    pub(crate) fn signer(&self) -> &sign::Credentials {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Credentials, Error> {
        Credentials::from_lookup(|name| {
            variables
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn families_are_not_mixed_and_half_a_family_is_named() {
        let both = [
            ("COS_SECRET_ID", "cos"),
            ("COS_SECRET_KEY", "k"),
            ("TENCENTCLOUD_SECRET_ID", "cloud"),
            ("TENCENTCLOUD_SECRET_KEY", "k"),
            ("COS_TOKEN", "t"),
        ];
        let found = from(&both).unwrap();
        assert_eq!((found.secret_id(), found.token()), ("cloud", None));
        let found = from(&both[..2]).unwrap();
        assert_eq!(found.secret_id(), "cos");
        assert_eq!(
            from(&[both[0], both[1], both[4]]).unwrap().token(),
            Some("t")
        );
        let half = from(&[("COS_SECRET_ID", "cos")]).unwrap_err();
        assert!(half.message().contains("COS_SECRET_KEY"), "{half}");
        assert!(from(&[("COS_SECRET_ID", ""), ("COS_SECRET_KEY", "")]).is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let pair = Credentials::new("AKID", "hush-hush").with_token("quiet");
        let text = format!("{pair:?}");
        assert!(
            text.contains("AKID") && !text.contains("hush") && !text.contains("quiet"),
            "{text}"
        );
    }
}
