//! The one error of this crate: this text is not that thing.

use std::fmt;

/// A text or number that is not the thing it was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The thing it was read as, in the field's words ("part number").
    pub what: &'static str,
    /// Why it is not one.
    pub why: Why,
}

/// Why a text is not the thing it was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Nothing was given.
    Empty,
    /// More than the named limit.
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// More characters than the named limit.
    TooManyCharacters {
        /// The limit.
        limit: usize,
    },
    /// More entries than the named limit.
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// A character that the thing may not hold.
    BadCharacter,
    /// A number outside its range.
    OutOfRange,
    /// None of the values that exist.
    Unknown,
    /// Not of the form it must have; the text says which form that is.
    Malformed(&'static str),
}

impl Error {
    pub(crate) const fn new(what: &'static str, why: Why) -> Self {
        Self { what, why }
    }

    pub(crate) const fn malformed(what: &'static str, form: &'static str) -> Self {
        Self::new(what, Why::Malformed(form))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what;
        match &self.why {
            Why::Empty => write!(f, "the {what} is empty"),
            Why::TooLong { limit } => write!(f, "the {what} is longer than {limit} bytes"),
            Why::TooManyCharacters { limit } => {
                write!(f, "the {what} is longer than {limit} characters")
            }
            Why::TooMany { limit } => write!(f, "the {what} has more than {limit}"),
            Why::BadCharacter => write!(f, "the {what} holds a character it may not hold"),
            Why::OutOfRange => write!(f, "the {what} is out of range"),
            Why::Unknown => write!(f, "the {what} is none of the values that exist"),
            Why::Malformed(form) => write!(f, "the {what} must have the form {form}"),
        }
    }
}

impl std::error::Error for Error {}
