//! Who asks. Every request passes here once, before anything else is decided about it.

use std::collections::HashMap;

use cosette_proto::sign::{Presented, SecretKey, Signed};
use cosette_proto::{ErrorCode, Head};
use cosette_types::{AppId, BucketName, Owner, Timestamp};

use crate::error::Error;
use crate::keys::{KeyPair, ROOT_UIN};

/// One account, or one sub-account, with its keys.
#[derive(Debug, Clone)]
pub struct Account {
    key_pair: KeyPair,
    user: Owner,
    reach: Reach,
}

/// Whose buckets an account may make and use as its own.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
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

/// All accounts that may sign, by key id.
#[derive(Debug, Clone)]
pub struct Accounts(HashMap<String, Account>);

impl Accounts {
    /// The root account alone.
    pub fn of_root(key_pair: &KeyPair) -> Self {
        let user = Owner::root(ROOT_UIN).expect("the root account's uin is a number");
        let root = Account {
            key_pair: key_pair.clone(),
            user,
            reach: Reach::All,
        };
        Self(HashMap::from([(key_pair.secret_id.clone(), root)]))
    }

    /// Adds an account.
    ///
    /// # Errors
    /// Gives the key id back when it is taken.
    pub fn add(&mut self, account: Account) -> Result<(), String> {
        let id = account.key_pair.secret_id.clone();
        if self.0.contains_key(&id) {
            return Err(id);
        }
        self.0.insert(id, account);
        Ok(())
    }
}

/// Who asks. Only [`authenticate`] makes one.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Who);

#[derive(Debug, Clone)]
enum Who {
    Anonymous,
    Account { user: Owner, reach: Reach },
}

impl Caller {
    /// A user that signed before, for work that outlives its request; `None` once he has no key.
    pub(crate) fn again(accounts: &Accounts, user: &Owner) -> Option<Self> {
        let mut all = accounts.0.values();
        let account = all.find(|account| account.user == *user)?;
        let (user, reach) = (account.user.clone(), account.reach.clone());
        Some(Self(Who::Account { user, reach }))
    }

    /// The user that signed; `None` for an anonymous request.
    pub(crate) fn user(&self) -> Option<&Owner> {
        match &self.0 {
            Who::Anonymous => None,
            Who::Account { user, .. } => Some(user),
        }
    }

    /// Whether this is the root account, which may do everything.
    pub(crate) fn is_root(&self) -> bool {
        matches!(
            self.0,
            Who::Account {
                reach: Reach::All,
                ..
            }
        )
    }

    /// Whether a bucket of this name is the caller's to make: one with another account's number is
    /// not. A sub-account makes none: that takes a policy of its account.
    pub(crate) fn makes_bucket(&self, name: &BucketName) -> bool {
        match &self.0 {
            Who::Anonymous => false,
            Who::Account { user, reach } => match reach {
                Reach::All => true,
                Reach::Of(own) => {
                    user.is_root_account() && name.app_id().is_none_or(|id| id == *own)
                }
            },
        }
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
    accounts: &Accounts,
    now: Timestamp,
) -> Result<(Caller, Signed), Error> {
    let Some(presented) = Presented::find(head)? else {
        return Ok((Caller(Who::Anonymous), Signed::default()));
    };
    refuse_token(&presented)?;
    let Some(account) = accounts.0.get(presented.secret_id()) else {
        // The work of a verification is done for an unknown key too, so that the time an answer
        // takes does not tell which key ids exist.
        let _ = presented.verify(head, &SecretKey::new("no key"), now);
        return Err(Error::new(ErrorCode::InvalidAccessKeyId));
    };
    let signed = presented.verify(head, &account.key_pair.secret_key, now)?;
    let (user, reach) = (account.user.clone(), account.reach.clone());
    Ok((Caller(Who::Account { user, reach }), signed))
}

/// Temporary credentials are not given out here, so no token is one of ours. Ignored, it would let a
/// request pass with less than it claims to be bound to.
fn refuse_token(presented: &Presented) -> Result<(), Error> {
    if presented.token().is_none() {
        return Ok(());
    }
    let words = "The security token is unknown: this server gives out no temporary credentials.";
    Err(Error::with(ErrorCode::ExpiredToken, words))
}
