//! Users that are kept: making, disabling and removing them, their keys and their policies.

use base64::Engine;
use bytes::Bytes;
use cosette_proto::policy::{self, Attached};
use cosette_store::DirectoryChange;
use cosette_types::{AppId, Timestamp};

use super::records::{KeyRecord, UserRecord, user_row};
use super::seal::{random, random_hex};
use super::token::Holder;
use super::{Access, BASE64, Live, account_of, committed};
use crate::error::Error;
use crate::keys::ROOT_UIN;
use crate::limits;
use crate::users::{Credentials, Refusal, Reply, Request, UserFacts};

impl Access {
    /// Does what an operator asks for.
    ///
    /// # Errors
    /// When it cannot be done, with words for the operator; nothing was changed then.
    pub(crate) async fn administer(
        &self,
        request: Request,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        match request {
            Request::ListUsers => Ok(Reply::Users(self.list())),
            Request::GetUser { name } => self.facts(&name),
            Request::CreateUser {
                name,
                account,
                app_id,
            } => self.create(name, account, app_id, now).await,
            Request::DeleteUser { name } => self.delete(&name).await,
            Request::SetEnabled { name, enabled } => {
                let changed = self.change(&name, |record| {
                    record.enabled = enabled;
                    Ok(())
                });
                changed.await?;
                self.facts(&name)
            }
            Request::CreateKey { name, replace } => self.create_key(&name, replace, now).await,
            Request::RevokeKey { name, secret_id } => {
                let changed = self.change(&name, |record| {
                    let before = record.keys.len();
                    record.keys.retain(|key| key.secret_id != secret_id);
                    if record.keys.len() == before {
                        return Err(Refusal::not_found(format!("{name} has no key {secret_id}")));
                    }
                    Ok(())
                });
                changed.await?;
                self.facts(&name)
            }
            request @ (Request::PutPolicy { .. }
            | Request::GetPolicy { .. }
            | Request::DeletePolicy { .. }) => self.administer_policies(request).await,
            Request::CreateToken { name, secs, policy } => {
                let holder = Holder::User(name.clone());
                if !self.now().users.contains_key(&name) {
                    return Err(no_user(&name));
                }
                let issued = self.issue(holder, policy, secs, now).await?;
                Ok(Reply::Credentials(Credentials {
                    secret_id: issued.secret_id,
                    secret_key: issued.secret_key,
                    token: Some(issued.token),
                    expires: Some(issued.expires.secs()),
                }))
            }
            Request::RotateTokens { revoke } => {
                self.rotate_signing(revoke, now).await?;
                Ok(Reply::Done)
            }
        }
    }

    async fn administer_policies(&self, request: Request) -> Result<Reply, Refusal> {
        match request {
            Request::PutPolicy {
                name,
                policy,
                document,
            } => {
                legal_name(&policy)?;
                policy::read(document.as_bytes(), Attached::User)
                    .map_err(|error| Refusal::wrong(error.message))?;
                let changed = self.change(&name, |record| {
                    record.policies.insert(policy, document);
                    let limit = limits::USER_POLICIES_MAX;
                    if record.policies.len() > limit {
                        return Err(Refusal::wrong(format!(
                            "a user has at most {limit} policies"
                        )));
                    }
                    Ok(())
                });
                changed.await?;
                self.facts(&name)
            }
            Request::GetPolicy { name, policy } => {
                let live = self.now();
                let record = live.users.get(&name).ok_or_else(|| no_user(&name))?;
                let document = record.policies.get(&policy).cloned();
                document.map(Reply::Policy).ok_or_else(|| {
                    Refusal::not_found(format!("{name} has no policy named {policy}"))
                })
            }
            Request::DeletePolicy { name, policy } => {
                let changed = self.change(&name, |record| match record.policies.remove(&policy) {
                    Some(_) => Ok(()),
                    None => Err(Refusal::not_found(format!(
                        "{name} has no policy named {policy}"
                    ))),
                });
                changed.await?;
                self.facts(&name)
            }
            other => Err(Refusal::wrong(format!("{other:?} is not about policies"))),
        }
    }

    fn list(&self) -> Vec<UserFacts> {
        let live = self.now();
        let each = live.users.iter();
        each.map(|(name, record)| told(name, record)).collect()
    }

    fn facts(&self, name: &str) -> Result<Reply, Refusal> {
        let live = self.now();
        let record = live.users.get(name).ok_or_else(|| no_user(name))?;
        Ok(Reply::User(told(name, record)))
    }

    /// Makes a user: of an account that there is, or with a number of its own a new account.
    async fn create(
        &self,
        name: String,
        account: Option<String>,
        app_id: Option<String>,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        legal_name(&name)?;
        let _turn = self.changing.lock().await;
        let mut live = Live::clone(&self.now());
        if live.users.contains_key(&name) {
            return Err(Refusal::exists(format!("there is a user {name} already")));
        }
        let limit = limits::USERS_MAX;
        if live.users.len() >= limit {
            return Err(Refusal::wrong(format!("there are {limit} users already")));
        }
        let uin = self.new_uin(&live)?;
        let (owner_uin, app_id) = match (account, app_id) {
            (None, Some(app_id)) => {
                let app_id: AppId = app_id.parse().map_err(Refusal::of_type)?;
                (uin.clone(), Some(app_id.to_string()))
            }
            (None, None) => (ROOT_UIN.to_owned(), None),
            (Some(account), None) => {
                let app_id = self.app_id_of(&live, &account)?;
                (account, app_id)
            }
            (Some(_), Some(_)) => {
                return Err(Refusal::wrong(
                    "a user of an account has that account's APPID",
                ));
            }
        };
        let record = UserRecord {
            owner_uin,
            sub_uin: uin,
            app_id,
            enabled: true,
            created: now.secs(),
            keys: Vec::new(),
            policies: std::collections::BTreeMap::new(),
        };
        let change = row(&name, None, Some(&record))?;
        committed(
            self.store
                .change_directory(vec![change])
                .await
                .map_err(Error::from)?,
        )?;
        let facts = told(&name, &record);
        self.know(&mut live, name, record)?;
        self.publish(live);
        Ok(Reply::User(facts))
    }

    /// The APPID of an account that is known.
    fn app_id_of(&self, live: &Live, account: &str) -> Result<Option<String>, Refusal> {
        if account == ROOT_UIN {
            return Ok(None);
        }
        let kept = live
            .users
            .values()
            .find(|record| record.sub_uin == account && record.owner_uin == account);
        let found = match kept {
            Some(record) => record.app_id.clone(),
            None => self.fixed.app_id_of(account).map(|id| id.to_string()),
        };
        let none = || Refusal::not_found(format!("there is no account {account}"));
        found.map(Some).ok_or_else(none)
    }

    /// A uin that nobody has or had: they stand in ACLs and policies, so none is given twice.
    fn new_uin(&self, live: &Live) -> Result<String, Refusal> {
        loop {
            let random = random::<8>().ok_or_else(|| Error::internal("no randomness"))?;
            let number = 200_000_000_000 + u64::from_le_bytes(random) % 700_000_000_000;
            let uin = number.to_string();
            let taken = live.user_uins().any(|known| known == uin) || self.fixed.knows(&uin);
            if !taken {
                return Ok(uin);
            }
        }
    }

    async fn delete(&self, name: &str) -> Result<Reply, Refusal> {
        let _turn = self.changing.lock().await;
        let mut live = Live::clone(&self.now());
        let record = live.users.get(name).cloned().ok_or_else(|| no_user(name))?;
        let user = record.user()?;
        let others = live
            .users
            .values()
            .any(|other| other.owner_uin == account_of(&user) && other.sub_uin != record.sub_uin);
        if user.is_root_account() && others {
            return Err(Refusal::exists(format!(
                "{name} is an account that still has users; delete those first"
            )));
        }
        let change = row(name, Some(&record), None)?;
        committed(
            self.store
                .change_directory(vec![change])
                .await
                .map_err(Error::from)?,
        )?;
        Self::forget(&mut live, name);
        self.publish(live);
        Ok(Reply::Done)
    }

    async fn create_key(
        &self,
        name: &str,
        replace: bool,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let failed = || Error::internal("no randomness");
        let secret_id = format!("AKID{}", random_hex::<16>().ok_or_else(failed)?);
        let secret_key =
            cosette_proto::sign::SecretKey::new(random_hex::<20>().ok_or_else(failed)?);
        let sealed = self
            .seal
            .close(&secret_id, secret_key.expose().as_bytes())
            .ok_or_else(failed)?;
        let key = KeyRecord {
            secret_id: secret_id.clone(),
            sealed: BASE64.encode(sealed),
            created: now.secs(),
        };
        let changed = self.change(name, |record| {
            if replace {
                record.keys.clear();
            }
            record.keys.push(key);
            let limit = limits::USER_KEYS_MAX;
            if record.keys.len() > limit {
                return Err(Refusal::wrong(format!(
                    "{name} has {limit} keys already; revoke one first"
                )));
            }
            Ok(())
        });
        changed.await?;
        Ok(Reply::Credentials(Credentials {
            secret_id,
            secret_key,
            token: None,
            expires: None,
        }))
    }

    /// Changes a user, in the store and then for the next request.
    async fn change(
        &self,
        name: &str,
        change: impl FnOnce(&mut UserRecord) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let _turn = self.changing.lock().await;
        let mut live = Live::clone(&self.now());
        let before = live.users.get(name).cloned().ok_or_else(|| no_user(name))?;
        let mut record = before.clone();
        change(&mut record)?;
        let change = row(name, Some(&before), Some(&record))?;
        committed(
            self.store
                .change_directory(vec![change])
                .await
                .map_err(Error::from)?,
        )?;
        self.know(&mut live, name.to_owned(), record)?;
        self.publish(live);
        Ok(())
    }
}

fn row(
    name: &str,
    seen: Option<&UserRecord>,
    value: Option<&UserRecord>,
) -> Result<DirectoryChange, Refusal> {
    let encode = |record: &UserRecord| serde_json::to_vec(record).map(Bytes::from);
    let encode = |record: Option<&UserRecord>| record.map(encode).transpose();
    let value = encode(value).map_err(Error::internal)?;
    let limit = cosette_store::limits::DIRECTORY_VALUE_BYTES_MAX;
    if value.as_ref().is_some_and(|value| value.len() > limit) {
        return Err(Refusal::wrong(format!(
            "what is kept of {name}, policies included, would be larger than {limit} bytes"
        )));
    }
    Ok(DirectoryChange {
        key: user_row(name).into(),
        seen: encode(seen).map_err(Error::internal)?,
        value,
    })
}

/// Names stand in rows, in logs and on command lines.
fn legal_name(name: &str) -> Result<(), Refusal> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
    if (1..=limits::NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(legal)
        && !name.starts_with('-')
    {
        return Ok(());
    }
    Err(Refusal::wrong(format!(
        "a name has 1 to {} letters, digits, '-', '_', '.' or '@', and does not begin with '-'",
        limits::NAME_BYTES_MAX
    )))
}

fn no_user(name: &str) -> Refusal {
    Refusal::not_found(format!("there is no user {name}"))
}

fn told(name: &str, record: &UserRecord) -> UserFacts {
    UserFacts {
        name: name.to_owned(),
        uin: record.sub_uin.clone(),
        account: record.owner_uin.clone(),
        app_id: record.app_id.clone(),
        enabled: record.enabled,
        created: record.created,
        keys: record
            .keys
            .iter()
            .map(|key| crate::users::KeyFacts {
                secret_id: key.secret_id.clone(),
                created: key.created,
            })
            .collect(),
        policies: record.policies.keys().cloned().collect(),
    }
}

impl Refusal {
    fn of_type(error: cosette_types::Error) -> Self {
        Self::wrong(error.to_string())
    }
}
