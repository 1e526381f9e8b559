//! What the operator of a store asks about its users: their keys, their policies, and temporary
//! credentials.
//!
//! It is asked through the process that has the folder: by [`crate::Embedded`] itself, or over the
//! socket in the folder, which only the folder's owner can use. Who can use that socket can read the
//! folder as well, so no signature is asked for there; and there is no other way in.

use std::fmt;

use bytes::Bytes;
use cosette_proto::sign::SecretKey;
use http::{Method, Request as HttpRequest, header};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The host that requests of an operator are sent to, on the folder's socket.
pub const HOST: &str = "operator.cosette.invalid";

/// What an operator asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// All users.
    ListUsers,
    /// A user.
    GetUser {
        /// Its name.
        name: String,
    },
    /// Makes a user: a sub-user of the root account, or of the account named; with an APPID an
    /// account of its own.
    CreateUser {
        /// Its name.
        name: String,
        /// The uin of the account it belongs to.
        account: Option<String>,
        /// The number in the names of a new account's buckets.
        app_id: Option<String>,
    },
    /// Removes a user, its keys and its policies.
    DeleteUser {
        /// Its name.
        name: String,
    },
    /// Lets a user's keys be used, or not.
    SetEnabled {
        /// Its name.
        name: String,
        /// Whether they can be used.
        enabled: bool,
    },
    /// Makes a key pair.
    CreateKey {
        /// For whom.
        name: String,
        /// Whether all other keys of the user are revoked at the same instant.
        replace: bool,
    },
    /// Removes a key pair.
    RevokeKey {
        /// Whose.
        name: String,
        /// Which.
        secret_id: String,
    },
    /// Attaches a policy to a user, in place of one of that name.
    PutPolicy {
        /// To whom.
        name: String,
        /// The policy's name.
        policy: String,
        /// The policy.
        document: String,
    },
    /// A policy of a user.
    GetPolicy {
        /// Whose.
        name: String,
        /// The policy's name.
        policy: String,
    },
    /// Detaches a policy from a user.
    DeletePolicy {
        /// From whom.
        name: String,
        /// The policy's name.
        policy: String,
    },
    /// Gives out temporary credentials of a user.
    CreateToken {
        /// Whose.
        name: String,
        /// How long they last.
        secs: u64,
        /// What they are narrowed to.
        policy: Option<String>,
    },
    /// Seals tokens with a new key from now on.
    RotateTokens {
        /// Whether all that were given out end now.
        revoke: bool,
    },
}

/// What an operator is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It is done.
    Done,
    /// All users, by name.
    Users(Vec<UserFacts>),
    /// A user as it is now.
    User(UserFacts),
    /// A policy as it was written.
    Policy(String),
    /// Credentials, this once.
    Credentials(Credentials),
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFacts {
    /// Its name.
    pub name: String,
    /// Its uin, as ACLs and policies write it.
    pub uin: String,
    /// The uin of its account; its own, if it is one.
    pub account: String,
    /// The number of its account; none for the root account's users.
    pub app_id: Option<String>,
    /// Whether its keys can be used.
    pub enabled: bool,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// Its keys, without the secrets.
    pub keys: Vec<KeyFacts>,
    /// The names of its policies.
    pub policies: Vec<String>,
}

/// A key pair, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    /// Its id.
    pub secret_id: String,
    /// When it was made, in seconds since 1970.
    pub created: u64,
}

/// Credentials. They can be had once: nothing shows a secret key again.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// Travels with every request.
    pub secret_id: String,
    /// Signs, and never travels.
    #[serde(with = "exposed")]
    pub secret_key: SecretKey,
    /// Travels with every request, if they are temporary.
    pub token: Option<String>,
    /// Until when they are good, in seconds since 1970.
    pub expires: Option<u64>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("secret_id", &self.secret_id)
            .finish_non_exhaustive()
    }
}

/// A secret key on its way to the operator.
mod exposed {
    use cosette_proto::sign::SecretKey;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(key: &SecretKey, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(key.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretKey, D::Error> {
        String::deserialize(from).map(SecretKey::new)
    }
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// There is no such user, key or policy.
    NotFound,
    /// There is one already, or something still depends on it.
    Exists,
    /// What was asked for cannot be.
    Wrong,
    /// The server could not do it.
    Failed,
}

/// What was not done, and why. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind of it.
    pub why: Why,
    /// Words for the operator.
    pub message: String,
}

impl Refusal {
    fn new(why: Why, message: impl Into<String>) -> Self {
        Self {
            why,
            message: message.into(),
        }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Why::NotFound, message)
    }

    pub(crate) fn exists(message: impl Into<String>) -> Self {
        Self::new(Why::Exists, message)
    }

    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self::new(Why::Wrong, message)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let why = if error.code().status().is_server_error() {
            Why::Failed
        } else {
            Why::Wrong
        };
        // The operator may know the cause: the store is his.
        Self::new(why, error.cause().unwrap_or(error.message()))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// What stands in the body of an answer on the socket.
type Answered = Result<Reply, Refusal>;

impl Request {
    /// As it is sent over the folder's socket.
    ///
    /// # Errors
    /// Never, in fact: what is asked for can be written.
    pub fn to_http<B: From<Vec<u8>>>(&self) -> Result<HttpRequest<B>, Refusal> {
        let failed = |error: &dyn fmt::Display| Refusal::new(Why::Failed, error.to_string());
        let body = serde_json::to_vec(self).map_err(|error| failed(&error))?;
        HttpRequest::builder()
            .method(Method::POST)
            .uri(format!("http://{HOST}/"))
            .header(header::HOST, HOST)
            .header(header::CONTENT_LENGTH, body.len())
            .body(B::from(body))
            .map_err(|error| failed(&error))
    }
}

impl Reply {
    /// Reads the body of an answer.
    ///
    /// # Errors
    /// What the server refused, or that it is no answer.
    pub fn read(body: &[u8]) -> Answered {
        serde_json::from_slice(body).unwrap_or_else(|_| {
            let words = "the server did not understand the request; it may be an older one";
            Err(Refusal::new(Why::Failed, words))
        })
    }

    pub(crate) fn write(answered: &Answered) -> Bytes {
        serde_json::to_vec(answered).unwrap_or_default().into()
    }
}
