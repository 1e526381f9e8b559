//! Taking in bytes: hashed on the way, durable before they are published, gone if they never are.
//!
//! Staged bytes belong to nobody until an operation publishes them. What is dropped instead, or lost
//! in a crash, leaves nothing behind.

use std::fmt;

use bytes::Bytes;
use cosette_types::{Crc64, Md5};
use futures_util::Stream;

use crate::error::Error;
use crate::store::Store;

/// What is known and allowed of bytes to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageLimits {
    /// How many bytes are announced; any other number is an error.
    pub expected_bytes: Option<u64>,
    /// Most bytes to take.
    pub bytes_max: u64,
}

/// Why bytes were not staged. Nothing of them is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageError<E> {
    /// The stream failed.
    Stream(E),
    /// The stream ended before, or went on beyond, what was announced.
    Length {
        /// What was announced.
        expected: u64,
        /// What came, at least.
        received: u64,
    },
    /// More bytes than allowed.
    TooLarge {
        /// Most bytes allowed.
        limit: u64,
    },
    /// The store failed.
    Store(Error),
}

impl<E: fmt::Display> fmt::Display for StageError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => write!(f, "the bytes stopped coming: {error}"),
            Self::Length { expected, received } => {
                write!(f, "{expected} bytes were announced, {received} came")
            }
            Self::TooLarge { limit } => write!(f, "more than {limit} bytes"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for StageError<E> {}

/// Bytes that are durable and not yet published. Dropping them gives their space back in the
/// background.
#[derive(Debug)]
pub struct Staged {
    size: u64,
    md5: Md5,
    crc64: Crc64,
}

impl Staged {
    /// How many bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Their MD5.
    pub fn md5(&self) -> Md5 {
        self.md5
    }

    /// Their CRC-64.
    pub fn crc64(&self) -> Crc64 {
        self.crc64
    }
}

impl Store {
    /// Takes in a stream of bytes, in bounded memory.
    ///
    /// # Errors
    /// [`StageError`]; nothing is kept.
    pub async fn stage<S, E>(&self, stream: S, limits: StageLimits) -> Result<Staged, StageError<E>>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Send,
    {
        Err(StageError::Store(Error::io("under construction")))
    }

    /// Gives the space of staged bytes back, before returning.
    ///
    /// # Errors
    /// Only those of the drivers.
    pub async fn discard(&self, staged: Staged) -> Result<(), Error> {
        Err(Error::io("under construction"))
    }
}
