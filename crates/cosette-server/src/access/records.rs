//! What is kept of users, in rows of the store. `docs/format.md` describes them.

use std::collections::BTreeMap;

use cosette_types::Owner;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A user: a sub-user of an account, or the account itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UserRecord {
    pub(super) owner_uin: String,
    pub(super) sub_uin: String,
    /// The account's number; none for the root account's users, who may be given any.
    pub(super) app_id: Option<String>,
    pub(super) enabled: bool,
    /// Seconds since 1970.
    pub(super) created: u64,
    pub(super) keys: Vec<KeyRecord>,
    /// Policies by name, as they were written.
    pub(super) policies: BTreeMap<String, String>,
}

/// A key pair of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    pub(super) secret_id: String,
    /// The secret key, sealed; base64.
    pub(super) sealed: String,
    pub(super) created: u64,
}

/// A key that seals tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SigningRecord {
    /// Sealed; base64.
    pub(super) sealed: String,
    pub(super) created: u64,
    /// Until when its tokens are taken; none for the one that makes tokens now.
    pub(super) until: Option<u64>,
}

impl UserRecord {
    pub(super) fn user(&self) -> Result<Owner, Error> {
        Owner::sub(&self.owner_uin, &self.sub_uin).map_err(Error::internal)
    }
}

pub(super) const USERS: &str = "user/";
pub(super) const SIGNING: &str = "signing/";
pub(super) const BUCKET_POLICIES: &str = "bucket-policy/";

pub(super) fn user_row(name: &str) -> String {
    format!("{USERS}{name}")
}

pub(super) fn signing_row(id: &str) -> String {
    format!("{SIGNING}{id}")
}

pub(super) fn bucket_policy_row(bucket: &cosette_types::BucketName) -> String {
    format!("{BUCKET_POLICIES}{bucket}")
}
