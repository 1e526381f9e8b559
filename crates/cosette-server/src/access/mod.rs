//! Whom this server knows: the root account, the accounts of a file, and the users that are kept in
//! the store. What is kept is held in memory, too, and is changed in both at once, so a key that is
//! made or revoked is so for the very next request.

mod records;
pub(crate) mod seal;
pub(crate) mod token;
mod users;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use cosette_proto::ErrorCode;
use cosette_proto::policy::{self, Attached};
use cosette_proto::sign::SecretKey;
use cosette_store::{Bucket, DirectoryChange, Store};
use cosette_types::{AppId, BucketName, Owner, Policy, Timestamp};

use crate::auth::{Accounts, Reach, Session, User};
use crate::error::Error;
use crate::limits;
use records::{SIGNING, SigningRecord, USERS, UserRecord, bucket_policy_row};
use seal::Seal;

/// Whom this server knows.
#[derive(Debug)]
pub(crate) struct Access {
    /// Those that are known as long as the server runs.
    fixed: Accounts,
    store: Store,
    seal: Seal,
    live: RwLock<Arc<Live>>,
    /// Changes of what is kept take turns.
    changing: tokio::sync::Mutex<()>,
    /// Policies of buckets as they were read last, so that each is parsed once.
    parsed: Mutex<HashMap<BucketName, (Bytes, Arc<Policy>)>>,
}

/// What is kept in the store, as it is now.
#[derive(Debug, Clone, Default)]
struct Live {
    users: BTreeMap<String, UserRecord>,
    /// Whose each key is.
    keys: HashMap<String, Arc<Known>>,
    /// Each user ready to ask.
    ready: BTreeMap<String, User>,
    signing: BTreeMap<String, SigningRecord>,
}

/// A key of a user.
#[derive(Debug)]
struct Known {
    name: String,
    secret_key: SecretKey,
}

/// Who may sign with a key, and the key.
#[derive(Debug)]
pub(crate) struct Signer {
    pub(crate) secret_key: SecretKey,
    pub(crate) user: User,
}

impl Access {
    /// Reads what is kept.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) async fn open(store: Store, fixed: Accounts) -> Result<Self, Error> {
        let key = match fixed.seal() {
            Some(key) => key,
            // Of a store without a folder nothing outlives the process.
            None => seal::random().ok_or_else(|| Error::internal("no randomness"))?,
        };
        let access = Self {
            fixed,
            store,
            seal: Seal::new(&key),
            live: RwLock::default(),
            changing: tokio::sync::Mutex::default(),
            parsed: Mutex::default(),
        };
        let mut live = Live::default();
        for (row, value) in access.store.directory_rows(USERS.as_bytes()).await? {
            let name = name_of(&row, USERS)?;
            let record: UserRecord = serde_json::from_slice(&value).map_err(Error::internal)?;
            access.know(&mut live, name, record)?;
        }
        for (row, value) in access.store.directory_rows(SIGNING.as_bytes()).await? {
            let record = serde_json::from_slice(&value).map_err(Error::internal)?;
            live.signing.insert(name_of(&row, SIGNING)?, record);
        }
        access.publish(live);
        Ok(access)
    }

    /// Finds who signs with a key, and with a token if there is one.
    ///
    /// # Errors
    /// `ExpiredToken` for a token that is not one of ours, is not of this key, or is too old.
    pub(crate) fn signer(
        &self,
        secret_id: &str,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Signer>, Error> {
        match token {
            Some(token) => self.redeem(secret_id, token, now).map(Some),
            None => Ok(self.permanent(secret_id)),
        }
    }

    fn permanent(&self, secret_id: &str) -> Option<Signer> {
        if let Some(signer) = self.fixed.signer(secret_id) {
            return Some(signer);
        }
        let live = self.now();
        let known = live.keys.get(secret_id)?;
        Some(Signer {
            secret_key: known.secret_key.clone(),
            user: live.ready.get(&known.name)?.clone(),
        })
    }

    /// A user who can sign now, by any key of his own.
    pub(crate) fn user(&self, user: &Owner) -> Option<User> {
        if let Some(user) = self.fixed.user(user) {
            return Some(user);
        }
        let live = self.now();
        let (name, ready) = live.ready.iter().find(|(_, ready)| ready.owner() == user)?;
        let mut keys = live.keys.values();
        keys.any(|known| known.name == *name).then(|| ready.clone())
    }

    /// The policy of a bucket. One that was left behind by an earlier bucket of the name is none.
    pub(crate) async fn bucket_policy(
        &self,
        bucket: &Bucket,
    ) -> Result<Option<Arc<Policy>>, Error> {
        let Some(text) = self.bucket_policy_text(bucket).await? else {
            return Ok(None);
        };
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, policy)) = parsed.get(&bucket.name)
            && *known == text
        {
            return Ok(Some(Arc::clone(policy)));
        }
        // What cannot be read must not be taken for nothing: it may deny.
        let policy = policy::read(&text, Attached::Bucket(&bucket.name));
        let policy = Arc::new(policy.map_err(|error| Error::internal(error.message))?);
        if parsed.len() >= limits::PARSED_POLICIES_MAX {
            parsed.clear();
        }
        parsed.insert(bucket.name.clone(), (text, Arc::clone(&policy)));
        Ok(Some(policy))
    }

    /// The policy of a bucket as it was written.
    pub(crate) async fn bucket_policy_text(&self, bucket: &Bucket) -> Result<Option<Bytes>, Error> {
        let row = bucket_policy_row(&bucket.name);
        let value = self.store.directory_row(row.as_bytes()).await?;
        Ok(value.and_then(|value| of_this_bucket(bucket, &value)))
    }

    /// Sets or removes the policy of a bucket.
    pub(crate) async fn set_bucket_policy(
        &self,
        bucket: &Bucket,
        policy: Option<Bytes>,
        store: &Store,
    ) -> Result<(), Error> {
        let _turn = self.changing.lock().await;
        let key = Bytes::from(bucket_policy_row(&bucket.name));
        let seen = store.directory_row(&key).await?;
        let value = policy.map(|policy| {
            let made = bucket.created.micros().to_be_bytes();
            Bytes::from([made.as_slice(), &policy].concat())
        });
        if seen.is_none() && value.is_none() {
            return Ok(());
        }
        let change = DirectoryChange { key, seen, value };
        committed(store.change_directory(vec![change]).await?)
    }

    fn now(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, live: Live) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
    }

    /// Makes a user known, in place of what was known of the name.
    fn know(&self, live: &mut Live, name: String, record: UserRecord) -> Result<(), Error> {
        Self::forget(live, &name);
        if record.enabled {
            let policies = record.policies.values().map(|text| {
                policy::read(text.as_bytes(), Attached::User)
                    .map_err(|error| Error::internal(error.message))
            });
            let app_id = record.app_id.as_ref().map(|text| text.parse::<AppId>());
            let reach = match app_id.transpose().map_err(Error::internal)? {
                Some(app_id) => Reach::Of(app_id),
                None => Reach::All,
            };
            let user = User::new(record.user()?, reach, policies.collect::<Result<_, _>>()?);
            live.ready.insert(name.clone(), user);
            for key in &record.keys {
                let sealed = BASE64.decode(&key.sealed).map_err(Error::internal)?;
                // In a store that was imported without its key file, users are without keys.
                let Some(secret_key) = self.seal.open_key(&key.secret_id, &sealed) else {
                    tracing::warn!(key = key.secret_id, "sealed with another key file");
                    continue;
                };
                let known = Known {
                    name: name.clone(),
                    secret_key,
                };
                live.keys.insert(key.secret_id.clone(), Arc::new(known));
            }
        }
        live.users.insert(name, record);
        Ok(())
    }

    fn forget(live: &mut Live, name: &str) {
        live.users.remove(name);
        live.ready.remove(name);
        live.keys.retain(|_, known| known.name != name);
    }
}

/// Users as `auth` needs them.
impl Live {
    fn user_uins(&self) -> impl Iterator<Item = &str> {
        self.users.values().map(|record| record.sub_uin.as_str())
    }
}

fn name_of(row: &[u8], prefix: &str) -> Result<String, Error> {
    let name = row.strip_prefix(prefix.as_bytes()).map(<[u8]>::to_vec);
    name.and_then(|name| String::from_utf8(name).ok())
        .ok_or_else(|| Error::internal("a directory row's name is damaged"))
}

fn of_this_bucket(bucket: &Bucket, value: &Bytes) -> Option<Bytes> {
    let (made, _) = value.split_first_chunk::<8>()?;
    let ours = u64::from_be_bytes(*made) == bucket.created.micros();
    ours.then(|| value.slice(made.len()..))
}

fn committed(done: bool) -> Result<(), Error> {
    if done {
        Ok(())
    } else {
        Err(Error::new(ErrorCode::OperationAborted))
    }
}

/// A user with credentials that end.
fn narrowed(user: User, policy: Option<Policy>, expires: Timestamp) -> User {
    user.with_session(Session::new(policy, expires))
}

/// The uin of the account that a user is of.
fn account_of(user: &Owner) -> &str {
    user.owner_uin()
}
