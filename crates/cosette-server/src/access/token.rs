//! Temporary credentials: a key pair, and a token that says whose they are, what they are narrowed
//! to and when they end.
//!
//! Nothing is kept of them: the token itself says it all, sealed with a key that only this server
//! has. It names its key pair's id, so it is worth nothing with another one, and the permanent key or
//! user that it was made for: it ends with that one, too.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use cosette_proto::ErrorCode;
use cosette_proto::policy::{self, Attached};
use cosette_proto::sign::SecretKey;
use cosette_store::DirectoryChange;
use cosette_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::records::{SigningRecord, signing_row};
use super::seal::{KEY_BYTES, Seal, random, random_hex};
use super::{Access, BASE64, Live, Signer, committed, narrowed};
use crate::error::Error;
use crate::limits;

/// Temporary credentials that are given out.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) secret_id: String,
    pub(crate) secret_key: SecretKey,
    pub(crate) token: String,
    pub(crate) expires: Timestamp,
}

/// For whom temporary credentials are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Holder {
    /// Whoever has this permanent key.
    Key(String),
    /// A user that is kept.
    User(String),
}

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    secret_id: String,
    secret_key: String,
    holder: Holder,
    /// Seconds since 1970.
    expires: u64,
    policy: Option<String>,
}

const PURPOSE: &str = "token";

fn not_ours() -> Error {
    let words = "The security token is not one of this server, or not one of this key.";
    Error::with(ErrorCode::ExpiredToken, words)
}

impl Access {
    /// Gives out temporary credentials.
    ///
    /// # Errors
    /// `MalformedPolicy`; `InvalidArgument` for a duration out of bounds; `AccessDenied` when there
    /// is no such holder.
    pub(crate) async fn issue(
        &self,
        holder: Holder,
        policy: Option<String>,
        secs: u64,
        now: Timestamp,
    ) -> Result<Issued, Error> {
        let bounds = limits::TOKEN_SECS_MIN..=limits::TOKEN_SECS_MAX;
        if !bounds.contains(&secs) {
            let words = format!(
                "Temporary credentials last from {} to {} seconds.",
                bounds.start(),
                bounds.end()
            );
            return Err(Error::with(ErrorCode::InvalidArgument, words));
        }
        if let Some(policy) = &policy {
            policy::read(policy.as_bytes(), Attached::Session)?;
        }
        if self.holder(&self.now(), &holder).is_none() {
            return Err(Error::new(ErrorCode::AccessDenied));
        }
        let (signing_id, seal) = self.signing(now).await?;
        let failed = || Error::internal("no randomness");
        let claims = Claims {
            secret_id: format!("AKIDtmp{}", random_hex::<20>().ok_or_else(failed)?),
            secret_key: random_hex::<20>().ok_or_else(failed)?,
            holder,
            expires: now.secs().saturating_add(secs),
            policy,
        };
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&claims).map_err(Error::internal)?);
        let sealed = seal.close(PURPOSE, &plain).ok_or_else(failed)?;
        Ok(Issued {
            token: format!("v1.{signing_id}.{}", URL_SAFE_NO_PAD.encode(sealed)),
            secret_id: claims.secret_id,
            secret_key: SecretKey::new(claims.secret_key),
            expires: Timestamp::from_secs(claims.expires),
        })
    }

    /// Who signs with temporary credentials.
    pub(super) fn redeem(
        &self,
        secret_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Signer, Error> {
        let live = self.now();
        let claims = self.claims(&live, token, now).ok_or_else(not_ours)?;
        if claims.secret_id != secret_id {
            return Err(not_ours());
        }
        let expires = Timestamp::from_secs(claims.expires);
        if now > expires {
            return Err(Error::new(ErrorCode::ExpiredToken));
        }
        let user = self.holder(&live, &claims.holder).ok_or_else(not_ours)?;
        let policy = match &claims.policy {
            Some(text) => Some(policy::read(text.as_bytes(), Attached::Session)?),
            None => None,
        };
        Ok(Signer {
            secret_key: SecretKey::new(claims.secret_key),
            user: narrowed(user, policy, expires),
        })
    }

    fn claims(&self, live: &Live, token: &str, now: Timestamp) -> Option<Claims> {
        if token.len() > limits::TOKEN_BYTES_MAX {
            return None;
        }
        let (signing_id, sealed) = token.strip_prefix("v1.")?.split_once('.')?;
        let record = live.signing.get(signing_id)?;
        if record.until.is_some_and(|until| now.secs() > until) {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let plain = self.unsealed(signing_id, record)?.open(PURPOSE, &sealed)?;
        serde_json::from_slice(&plain).ok()
    }

    fn holder(&self, live: &Live, holder: &Holder) -> Option<crate::auth::User> {
        match holder {
            Holder::Key(id) => self.permanent(id).map(|signer| signer.user),
            Holder::User(name) => live.ready.get(name).cloned(),
        }
    }

    fn unsealed(&self, id: &str, record: &SigningRecord) -> Option<Seal> {
        let sealed = BASE64.decode(&record.sealed).ok()?;
        let key = self.seal.open(&signing_row(id), &sealed)?;
        Some(Seal::new(key.as_slice().try_into().ok()?))
    }

    /// The key that tokens are sealed with now; the first is made when it is needed.
    async fn signing(&self, now: Timestamp) -> Result<(String, Seal), Error> {
        let found = |live: &Live| {
            let current = |(_, record): &(&String, &SigningRecord)| record.until.is_none();
            let mut keys = live.signing.iter().filter(current);
            keys.find_map(|(id, record)| Some((id.clone(), self.unsealed(id, record)?)))
        };
        if let Some(found) = found(&self.now()) {
            return Ok(found);
        }
        self.rotate_signing(false, now).await?;
        found(&self.now()).ok_or_else(|| Error::internal("the signing key cannot be opened"))
    }

    /// Makes tokens be sealed with a new key. Those that were given out are good until they end, or,
    /// if they are to be revoked, no longer.
    pub(crate) async fn rotate_signing(&self, revoke: bool, now: Timestamp) -> Result<(), Error> {
        let _turn = self.changing.lock().await;
        let mut live = Live::clone(&self.now());
        let failed = || Error::internal("no randomness");
        let id = random_hex::<4>().ok_or_else(failed)?;
        let key = zeroize::Zeroizing::new(random::<KEY_BYTES>().ok_or_else(failed)?);
        let sealed = self.seal.close(&signing_row(&id), key.as_slice());
        let new = SigningRecord {
            sealed: BASE64.encode(sealed.ok_or_else(failed)?),
            created: now.secs(),
            until: None,
        };
        let mut changes = Vec::new();
        let encode = |record: &SigningRecord| serde_json::to_vec(record).map(Bytes::from);
        for (old_id, old) in std::mem::take(&mut live.signing) {
            let last = now.secs().saturating_add(limits::TOKEN_SECS_MAX);
            let kept = SigningRecord {
                until: Some(old.until.unwrap_or(last)),
                ..old.clone()
            };
            let goes = revoke || kept.until.is_some_and(|until| until < now.secs());
            changes.push(DirectoryChange {
                key: signing_row(&old_id).into(),
                seen: Some(encode(&old).map_err(Error::internal)?),
                value: if goes {
                    None
                } else {
                    Some(encode(&kept).map_err(Error::internal)?)
                },
            });
            if !goes {
                live.signing.insert(old_id, kept);
            }
        }
        changes.push(DirectoryChange {
            key: signing_row(&id).into(),
            seen: None,
            value: Some(encode(&new).map_err(Error::internal)?),
        });
        live.signing.insert(id, new);
        committed(self.store.change_directory(changes).await?)?;
        self.publish(live);
        Ok(())
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued")
            .field("secret_id", &self.secret_id)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
