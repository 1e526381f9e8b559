//! Why a run did not happen, and why one request failed.

use std::fmt;

/// A run that could not be made, or not ended as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// The same, with what was being done before its words.
    pub(crate) fn during(self, what: impl fmt::Display) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// A request that was not answered as it should be: counted by its code, never repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The service's code, `HTTP <status>` where it gave none, or what became of the connection.
    pub(crate) code: String,
    /// What the service said.
    pub(crate) message: String,
    /// Whether nobody could be reached at all.
    pub(crate) unreachable: bool,
}

impl Refused {
    pub(crate) fn connection(code: &str, message: impl fmt::Display) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_string(),
            unreachable: true,
        }
    }

    /// An answer that is not what its operation answers with.
    pub(crate) fn unreadable(message: String) -> Self {
        Self {
            code: "unreadable answer".to_owned(),
            message,
            unreachable: false,
        }
    }

    /// A request that could not be made.
    pub(crate) fn unsent(why: Error) -> Self {
        Self {
            code: "cannot be sent".to_owned(),
            message: why.0,
            unreachable: false,
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused.message.as_str() {
            "" => Self(refused.code),
            message => Self(format!("{}: {message}", refused.code)),
        }
    }
}
