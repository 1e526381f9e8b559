//! The body of a request of the S3 dialect: how it is framed, and what its bytes must add up to.
//!
//! Bytes are handed on as they come, before all of them are verified: who takes them in must not
//! publish anything before [`BodyCheck::finish`] has agreed.

use std::fmt;

use bytes::{Bytes, BytesMut};
use sha1::Digest as _;

use super::Signed;
use super::checksum::{self, Checksum, ChecksumAlgorithm, RunningChecksum, checksum_header};
use super::v4::{ChunkKey, Sha256, UNSIGNED, hex};
use crate::dialect::{Dialect, amz};
use crate::error::{Error, ErrorCode};
use crate::head::Head;

mod chunked;

use chunked::Chunked;

/// How a body is sent: what the header with its hash says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As it is, with no word about its bytes.
    Unsigned,
    /// As it is; the header is its SHA-256.
    Hashed,
    /// In chunks.
    Chunks {
        /// Whether each has a signature.
        signed: bool,
        /// Whether headers follow the last one.
        trailers: bool,
    },
}

impl Form {
    fn of(text: &str) -> Option<Self> {
        let chunks = |signed, trailers| Some(Self::Chunks { signed, trailers });
        match text {
            UNSIGNED => Some(Self::Unsigned),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => chunks(false, true),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => chunks(true, false),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => chunks(true, true),
            digits => {
                let hash = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                hash.then_some(Self::Hashed)
            }
        }
    }
}

/// Where a client said what a checksum is to be.
#[derive(Debug)]
enum Sent {
    /// In a header.
    Value(String),
    /// Behind the body.
    Trailing,
    /// Nowhere: we want to know it.
    Nowhere,
}

/// Reads a body out of its frame and verifies it.
pub struct BodyCheck {
    chunks: Option<Chunked>,
    /// The SHA-256 that the head's signature covers.
    hash: Option<(Box<Sha256>, String)>,
    /// The checksum that is computed, and what it is held against.
    checksum: Option<(RunningChecksum, Sent)>,
    decoded_bytes: Option<u64>,
}

impl fmt::Debug for BodyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyCheck")
            .field("chunks", &self.chunks.is_some())
            .field("hash", &self.hash.is_some())
            .field("checksum", &self.checksum)
            .finish_non_exhaustive()
    }
}

impl BodyCheck {
    /// What is to be done with the body of a request; `None` when it is taken as it comes.
    /// `checksums` says whether the head's checksum is one of the body: on Complete it is one of the
    /// object.
    ///
    /// # Errors
    /// `InvalidArgument` for an unknown form of body, `InvalidRequest` for a checksum that cannot be
    /// one, `MissingContentLength` for chunks without the length of their content.
    pub fn of(head: &Head, signed: &Signed, checksums: bool) -> Result<Option<Self>, Error> {
        if head.dialect != Dialect::S3 {
            return Ok(None);
        }
        let text = |name: &str| head.headers.get(name).map(|value| value.to_str());
        let said = match text(amz::CONTENT_SHA256) {
            None => head.query.get(amz::CONTENT_SHA256).unwrap_or(UNSIGNED),
            Some(said) => said.map(str::trim).unwrap_or_default(),
        };
        let form = Form::of(said).ok_or_else(|| {
            let name = amz::CONTENT_SHA256;
            Error::argument(format!(
                "The header {name} is neither a SHA-256 nor a form of body that is known."
            ))
        })?;
        let trailers = matches!(form, Form::Chunks { trailers: true, .. });
        let checksum = match checksums {
            true => announced(head, trailers)?,
            false => None,
        };
        let chunks = match form {
            Form::Chunks { signed: true, .. } => {
                let key = signed.chunks().ok_or_else(|| {
                    let words = "Signed chunks need a request that is signed.";
                    Error::with(ErrorCode::InvalidRequest, words)
                })?;
                Some(Chunked::new(Some(key), trailers))
            }
            Form::Chunks { signed: false, .. } => Some(Chunked::new(None, trailers)),
            Form::Unsigned | Form::Hashed => None,
        };
        let hash = (form == Form::Hashed).then(|| (Box::default(), said.to_ascii_lowercase()));
        let decoded_bytes = match chunks {
            Some(_) => Some(decoded_bytes(head)?),
            None => None,
        };
        let nothing = chunks.is_none() && hash.is_none() && checksum.is_none();
        Ok((!nothing).then_some(Self {
            chunks,
            hash,
            checksum,
            decoded_bytes,
        }))
    }

    /// The check, with a checksum of this algorithm: if the client sent none, it is computed.
    ///
    /// # Errors
    /// `InvalidRequest` when the client sent one of another algorithm.
    pub fn computing(check: Option<Self>, algorithm: ChecksumAlgorithm) -> Result<Self, Error> {
        let mut check = check.unwrap_or(Self {
            chunks: None,
            hash: None,
            checksum: None,
            decoded_bytes: None,
        });
        match &check.checksum {
            Some((running, _)) if running.algorithm() != algorithm => {
                let sent = running.algorithm();
                let words = format!(
                    "The upload was begun with checksums of {algorithm}, and this one is of {sent}."
                );
                return Err(Error::with(ErrorCode::InvalidRequest, words));
            }
            Some(_) => {}
            None => check.checksum = Some((RunningChecksum::new(algorithm), Sent::Nowhere)),
        }
        Ok(check)
    }

    /// How many bytes the body has without its frame, where it has one.
    pub const fn decoded_bytes(&self) -> Option<u64> {
        self.decoded_bytes
    }

    /// Takes in what arrived and gives back the content in it; empty when there is none yet.
    ///
    /// # Errors
    /// `InvalidRequest` for a broken frame, `SignatureDoesNotMatch` for a chunk that is not the
    /// signer's.
    pub fn feed(&mut self, bytes: Bytes) -> Result<Bytes, Error> {
        let content = match &mut self.chunks {
            None => bytes,
            Some(chunks) => {
                let mut pieces = Vec::new();
                chunks.feed(bytes, &mut pieces)?;
                join(pieces)
            }
        };
        if let Some((hash, _)) = &mut self.hash {
            hash.update(&content);
        }
        if let Some((running, _)) = &mut self.checksum {
            running.update(&content);
        }
        Ok(content)
    }

    /// Verifies the whole; gives the checksum that the client sent or that was to be computed, if any.
    ///
    /// # Errors
    /// `IncompleteBody` when chunks are missing, `XAmzContentSHA256Mismatch`, `BadDigest`, or
    /// `InvalidRequest` when the announced trailer did not come.
    pub fn finish(self) -> Result<Option<Checksum>, Error> {
        let mut trailing = None;
        if let Some(chunks) = self.chunks {
            trailing = chunks.finish()?;
        }
        if let Some((hash, wanted)) = self.hash
            && hex(&hash.finalize()) != wanted
        {
            return Err(Error::new(ErrorCode::XAmzContentSHA256Mismatch));
        }
        let Some((running, value)) = self.checksum else {
            return Ok(None);
        };
        let algorithm = running.algorithm();
        let sent = match value {
            Sent::Nowhere => return Ok(Some(running.finish())),
            Sent::Value(value) => value,
            Sent::Trailing => {
                let sent = trailing.filter(|sent| sent.algorithm == algorithm);
                sent.ok_or_else(|| {
                    let words = format!("The trailer {} did not come.", checksum_header(algorithm));
                    Error::with(ErrorCode::InvalidRequest, words)
                })?
                .value
            }
        };
        let made = running.finish();
        if made.value == sent {
            Ok(Some(made))
        } else {
            let name = algorithm.as_str();
            let words = format!("The {name} you specified did not match the calculated checksum.");
            Err(Error::with(ErrorCode::BadDigest, words))
        }
    }
}

fn join(pieces: Vec<Bytes>) -> Bytes {
    match <[Bytes; 1]>::try_from(pieces) {
        Ok([one]) => one,
        Err(pieces) => {
            let mut whole = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
            for piece in pieces {
                whole.extend_from_slice(&piece);
            }
            whole.freeze()
        }
    }
}

fn decoded_bytes(head: &Head) -> Result<u64, Error> {
    let value = head.headers.get(amz::DECODED_CONTENT_LENGTH);
    let number = value
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| {
        let name = amz::DECODED_CONTENT_LENGTH;
        let words = format!("A body in chunks needs the header {name}.");
        Error::with(ErrorCode::MissingContentLength, words)
    })
}

/// The checksum that a request announces: with its value in a header, or by the name of a trailer.
fn announced(head: &Head, trailers: bool) -> Result<Option<(RunningChecksum, Sent)>, Error> {
    let refuse = |words: String| Err(Error::with(ErrorCode::InvalidRequest, words));
    let mut found = None;
    for algorithm in ChecksumAlgorithm::ALL {
        let name = checksum_header(algorithm);
        let mut values = head.headers.get_all(name).iter();
        let (Some(value), more) = (values.next(), values.next()) else {
            continue;
        };
        let value = value.to_str().unwrap_or_default().trim();
        if !checksum::could_be(algorithm, value) {
            return refuse(format!("Value for {name} header is invalid."));
        }
        if more.is_some() || found.is_some() {
            return refuse("Expecting a single checksum header, multiple found.".to_owned());
        }
        found = Some((
            RunningChecksum::new(algorithm),
            Sent::Value(value.to_owned()),
        ));
    }
    let named = head.headers.get(amz::TRAILER).filter(|_| trailers);
    let Some(named) = named.and_then(|value| value.to_str().ok()) else {
        return Ok(found);
    };
    for name in named.split(',').map(str::trim) {
        match checksum::of_header(name) {
            None => return refuse(format!("The trailer {name} is not known.")),
            Some(_) if found.is_some() => {
                return refuse("Expecting a single checksum, multiple found.".to_owned());
            }
            Some(algorithm) => found = Some((RunningChecksum::new(algorithm), Sent::Trailing)),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
