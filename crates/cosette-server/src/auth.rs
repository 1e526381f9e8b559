//! Who asks. Every request passes here once, before anything else is decided about it.

use std::collections::HashMap;
use std::sync::Arc;

use cosette_proto::form::{Form, Sizes};
use cosette_proto::sign::{Presented, PresentedForm, SecretKey, Signed};
use cosette_proto::{ErrorCode, Head};
use cosette_types::{AppId, BucketName, Owner, Policy, Timestamp};

use crate::access::seal::KEY_BYTES;
use crate::access::{Access, Signer};
use crate::error::Error;
use crate::keys::{KeyPair, ROOT_UIN};

/// One account, or one sub-account, with its keys.
#[derive(Debug, Clone)]
pub struct Account {
    key_pair: KeyPair,
    user: Owner,
    reach: Reach,
}

/// Which buckets an account may make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The root account: all of them.
    All,
    /// Those that end in this number.
    Of(AppId),
}

impl Account {
    /// An account whose buckets end in `app_id`.
    pub fn new(key_pair: KeyPair, user: Owner, app_id: AppId) -> Self {
        Self {
            key_pair,
            user,
            reach: Reach::Of(app_id),
        }
    }
}

/// The accounts that are known as long as the server runs, by key id.
#[derive(Clone)]
pub struct Accounts {
    by_key: HashMap<String, Account>,
    seal: Option<[u8; KEY_BYTES]>,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts")
            .field("by_key", &self.by_key)
            .finish_non_exhaustive()
    }
}

impl Accounts {
    /// The root account alone.
    pub fn of_root(key_pair: &KeyPair) -> Self {
        let user = Owner::root(ROOT_UIN).expect("the root account's uin is a number");
        let root = Account {
            key_pair: key_pair.clone(),
            user,
            reach: Reach::All,
        };
        Self {
            by_key: HashMap::from([(key_pair.secret_id.clone(), root)]),
            seal: None,
        }
    }

    /// Adds an account.
    ///
    /// # Errors
    /// Gives the key id back when it is taken.
    pub fn add(&mut self, account: Account) -> Result<(), String> {
        let id = account.key_pair.secret_id.clone();
        if self.by_key.contains_key(&id) {
            return Err(id);
        }
        self.by_key.insert(id, account);
        Ok(())
    }

    /// With the key that seals the secrets of users kept in the store. Without one, a random one
    /// does, and what is kept is lost with the process.
    #[must_use]
    pub fn sealed_with(mut self, key: [u8; KEY_BYTES]) -> Self {
        self.seal = Some(key);
        self
    }

    pub(crate) const fn seal(&self) -> Option<[u8; KEY_BYTES]> {
        self.seal
    }

    pub(crate) fn signer(&self, secret_id: &str) -> Option<Signer> {
        let account = self.by_key.get(secret_id)?;
        Some(Signer {
            secret_key: account.key_pair.secret_key.clone(),
            user: User::new(account.user.clone(), account.reach.clone(), Vec::new()),
        })
    }

    /// The user itself, as it can sign by its own keys.
    pub(crate) fn user(&self, user: &Owner) -> Option<User> {
        let mut accounts = self.by_key.values();
        let account = accounts.find(|account| account.user == *user)?;
        Some(User::new(
            account.user.clone(),
            account.reach.clone(),
            Vec::new(),
        ))
    }

    /// Whether a uin is somebody's.
    pub(crate) fn knows(&self, uin: &str) -> bool {
        let mut users = self.by_key.values().map(|account| &account.user);
        users.any(|user| user.sub_uin() == uin || user.owner_uin() == uin)
    }

    /// The number of an account.
    pub(crate) fn app_id_of(&self, owner_uin: &str) -> Option<&AppId> {
        let mut accounts = self.by_key.values();
        let account = accounts.find(|account| account.user.owner_uin() == owner_uin)?;
        match &account.reach {
            Reach::All => None,
            Reach::Of(app_id) => Some(app_id),
        }
    }
}

/// Who asks. Only [`authenticate`] makes one.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Who);

#[derive(Debug, Clone)]
enum Who {
    Anonymous,
    User(Box<User>),
}

/// A user as whom requests can be signed. To have one is not to be a caller.
#[derive(Debug, Clone)]
pub(crate) struct User {
    user: Owner,
    reach: Reach,
    /// The policies attached to the user.
    policies: Arc<[Policy]>,
    /// What the credentials are narrowed to.
    session: Option<Arc<Session>>,
}

/// Credentials that end, and may be narrowed.
#[derive(Debug)]
pub(crate) struct Session {
    policy: Option<Policy>,
    expires: Timestamp,
}

impl Session {
    pub(crate) const fn new(policy: Option<Policy>, expires: Timestamp) -> Self {
        Self { policy, expires }
    }
}

impl User {
    pub(crate) fn new(user: Owner, reach: Reach, policies: Vec<Policy>) -> Self {
        Self {
            user,
            reach,
            policies: policies.into(),
            session: None,
        }
    }

    pub(crate) const fn owner(&self) -> &Owner {
        &self.user
    }

    /// Whether it is an account itself, and none of its users.
    pub(crate) fn is_account(&self) -> bool {
        self.user.is_root_account()
    }

    pub(crate) fn with_session(mut self, session: Session) -> Self {
        self.session = Some(Arc::new(session));
        self
    }
}

impl Caller {
    /// A user that signed before, for work that outlives its request; `None` once nobody can sign
    /// as him any more.
    pub(crate) fn again(access: &Access, user: &Owner) -> Option<Self> {
        let user = access.user(user)?;
        Some(Self(Who::User(Box::new(user))))
    }

    fn signed(&self) -> Option<&User> {
        match &self.0 {
            Who::Anonymous => None,
            Who::User(user) => Some(user),
        }
    }

    /// The user that signed; `None` for an anonymous request.
    pub(crate) fn user(&self) -> Option<&Owner> {
        self.signed().map(|user| &user.user)
    }

    /// The account of the user that signed.
    pub(crate) fn account(&self) -> Option<Owner> {
        self.user()
            .and_then(|user| Owner::root(user.owner_uin()).ok())
    }

    /// Whether what belongs to `owner` is the caller's own: he is it, or runs the server.
    pub(crate) fn owns(&self, owner: &Owner) -> bool {
        self.signed().is_some_and(|signed| {
            let runs_the_server = signed.reach == Reach::All && signed.user.is_root_account();
            runs_the_server || signed.user == *owner
        })
    }

    /// Whether the caller is of the account with this uin.
    pub(crate) fn is_of_account(&self, owner_uin: &str) -> bool {
        self.user()
            .is_some_and(|user| user.owner_uin() == owner_uin)
    }

    /// Whether a bucket of this name would be of the caller's account: one with another account's
    /// number is not.
    pub(crate) fn may_name(&self, name: &BucketName) -> bool {
        self.signed().is_some_and(|user| match &user.reach {
            Reach::All => true,
            Reach::Of(own) => name.app_id().is_none_or(|id| id == *own),
        })
    }

    /// Whether a bucket of this name is the caller's to make by right. A sub-account makes none:
    /// that takes a policy of its account.
    pub(crate) fn makes_bucket(&self, name: &BucketName) -> bool {
        self.user().is_some_and(Owner::is_root_account) && self.may_name(name)
    }

    /// The policies attached to the user.
    pub(crate) fn policies(&self) -> &[Policy] {
        self.signed().map_or(&[], |user| &user.policies)
    }

    /// What temporary credentials are narrowed to.
    pub(crate) fn session_policy(&self) -> Option<&Policy> {
        self.signed()?.session.as_ref()?.policy.as_ref()
    }

    /// Until when the credentials are good; `None` for those without an end.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        Some(self.signed()?.session.as_ref()?.expires)
    }

    /// As logs name it.
    pub(crate) fn name(&self) -> String {
        self.user()
            .map_or_else(|| "anonymous".to_owned(), Owner::to_string)
    }
}

/// Finds out who asks, or refuses. Beside the caller stands what verifies a body that is signed too.
pub(crate) fn authenticate(
    head: &Head,
    access: &Access,
    now: Timestamp,
) -> Result<(Caller, Signed), Error> {
    let Some(presented) = Presented::find(head)? else {
        return Ok((Caller(Who::Anonymous), Signed::default()));
    };
    let Some(signer) = access.signer(presented.secret_id(), presented.token(), now)? else {
        // The work of a verification is done for an unknown key too, so that the time an answer
        // takes does not tell which key ids exist.
        let _ = presented.verify(head, &SecretKey::new("no key"), now);
        return Err(Error::new(ErrorCode::InvalidAccessKeyId));
    };
    let signed = presented.verify(head, &signer.secret_key, now)?;
    Ok((Caller(Who::User(Box::new(signer.user))), signed))
}

/// Finds out who sends a form, or refuses. A policy speaks for who signed it, and is held against the
/// form here; without one the form is its sender's, whose request may be signed like any other.
pub(crate) fn authenticate_form(
    sender: Caller,
    form: &Form,
    bucket: &str,
    access: &Access,
    now: Timestamp,
) -> Result<(Caller, Sizes), Error> {
    let Some(presented) = PresentedForm::find(form)? else {
        return Ok((sender, Sizes::ALL));
    };
    if sender.user().is_some() {
        let words = "The request and its form are both signed: only one of them may be.";
        return Err(Error::with(ErrorCode::InvalidRequest, words));
    }
    let Some(signer) = access.signer(presented.secret_id(), presented.token(), now)? else {
        // As above: how long it takes does not tell which keys there are.
        let _ = presented.verify(form, bucket, &SecretKey::new("no key"), now);
        return Err(Error::new(ErrorCode::InvalidAccessKeyId));
    };
    let sizes = presented.verify(form, bucket, &signer.secret_key, now)?;
    Ok((Caller(Who::User(Box::new(signer.user))), sizes))
}
