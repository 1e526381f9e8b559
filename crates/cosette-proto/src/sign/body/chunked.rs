//! `aws-chunked`: a body in chunks, each with its length in front and perhaps a signature, and
//! perhaps headers behind the last one.

use bytes::{Buf, Bytes};
use sha1::Digest as _;

use super::{Checksum, ChunkKey, Error, ErrorCode, Sha256, checksum, hex};
use crate::dialect::amz;
use crate::limits::{CHUNK_LINE_BYTES_MAX, TRAILERS_MAX};

/// A body in chunks as it arrives.
pub(super) struct Chunked {
    at: At,
    /// The line that is being read.
    line: Vec<u8>,
    signer: Option<Signer>,
    trailers: bool,
    lines: usize,
    /// The trailers, one per line, as they are signed.
    signed_lines: String,
    checksum: Option<Checksum>,
}

/// Where in the frame we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// In the line before a chunk.
    Head,
    /// In a chunk of which so many bytes are still to come.
    Content(u64),
    /// In the line end after a chunk.
    ContentEnd,
    /// In the lines after the last chunk.
    Trailers,
    /// Behind it all.
    End,
}

struct Signer {
    key: ChunkKey,
    hash: Sha256,
    /// The signature that the current chunk's head has.
    claimed: String,
    /// Whether the trailers were found signed.
    trailers_verified: bool,
}

fn broken(why: &str) -> Error {
    let words = format!("The body's chunks cannot be read: {why}.");
    Error::with(ErrorCode::InvalidRequest, words)
}

fn forged(what: &str) -> Error {
    let words = format!("The signature of {what} does not match.");
    Error::with(ErrorCode::SignatureDoesNotMatch, words)
}

impl Chunked {
    pub(super) fn new(key: Option<ChunkKey>, trailers: bool) -> Self {
        Self {
            at: At::Head,
            line: Vec::new(),
            signer: key.map(|key| Signer {
                key,
                hash: Sha256::new(),
                claimed: String::new(),
                trailers_verified: false,
            }),
            trailers,
            lines: 0,
            signed_lines: String::new(),
            checksum: None,
        }
    }

    pub(super) fn feed(&mut self, mut bytes: Bytes, content: &mut Vec<Bytes>) -> Result<(), Error> {
        while bytes.has_remaining() {
            match self.at {
                At::Content(left) => {
                    let take = usize::try_from(left).map_or(bytes.len(), |l| l.min(bytes.len()));
                    let piece = bytes.split_to(take);
                    if let Some(signer) = &mut self.signer {
                        signer.hash.update(&piece);
                    }
                    let left = left - piece.len() as u64;
                    content.push(piece);
                    self.at = match left {
                        0 => At::ContentEnd,
                        left => At::Content(left),
                    };
                }
                At::End => return Err(broken("bytes follow its end")),
                At::Head | At::ContentEnd | At::Trailers => {
                    if let Some(line) = self.read_line(&mut bytes)? {
                        self.take_line(&line)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The next line without its end, once all of it is there.
    fn read_line(&mut self, bytes: &mut Bytes) -> Result<Option<String>, Error> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let piece = bytes.split_to(end.map_or(bytes.len(), |end| end + 1));
        self.line.extend_from_slice(&piece);
        if self.line.len() > CHUNK_LINE_BYTES_MAX {
            return Err(broken("a line is too long"));
        }
        if end.is_none() {
            return Ok(None);
        }
        let line = String::from_utf8(std::mem::take(&mut self.line))
            .map_err(|_| broken("a line is not text"))?;
        let line = line.trim_end_matches(['\n', '\r']);
        Ok(Some(line.to_owned()))
    }

    fn take_line(&mut self, line: &str) -> Result<(), Error> {
        match self.at {
            At::Head => self.begin_chunk(line),
            At::ContentEnd if line.is_empty() => {
                self.at = At::Head;
                self.verify_chunk()
            }
            At::ContentEnd => Err(broken("a chunk is longer than its length")),
            At::Trailers => self.take_trailer(line),
            At::Content(_) | At::End => Ok(()),
        }
    }

    fn begin_chunk(&mut self, line: &str) -> Result<(), Error> {
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let size = size.trim();
        let digits = (1..=16).contains(&size.len()) && size.bytes().all(|b| b.is_ascii_hexdigit());
        let size = u64::from_str_radix(size, 16)
            .ok()
            .filter(|_| digits)
            .ok_or_else(|| broken("a chunk's length is no number"))?;
        if let Some(signer) = &mut self.signer {
            let signature = extension.trim().strip_prefix("chunk-signature=");
            let signature = signature.ok_or_else(|| broken("a chunk is not signed"))?;
            signature.clone_into(&mut signer.claimed);
        }
        if size > 0 {
            self.at = At::Content(size);
            return Ok(());
        }
        self.at = At::Trailers;
        self.verify_chunk()
    }

    fn verify_chunk(&mut self) -> Result<(), Error> {
        let Some(signer) = &mut self.signer else {
            return Ok(());
        };
        let hash = hex(&std::mem::take(&mut signer.hash).finalize());
        if signer.key.chunk(&hash, &signer.claimed) {
            Ok(())
        } else {
            Err(forged("a chunk"))
        }
    }

    fn take_trailer(&mut self, line: &str) -> Result<(), Error> {
        let signature_missing = self.trailers
            && self
                .signer
                .as_ref()
                .is_some_and(|signer| !signer.trailers_verified);
        if line.is_empty() {
            // Some clients end the trailers and their signature with an empty line each.
            if !signature_missing {
                self.at = At::End;
            }
            return Ok(());
        }
        self.lines += 1;
        if !self.trailers || self.lines > TRAILERS_MAX {
            return Err(broken("there are trailers that were not announced"));
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| broken("a trailer has no value"))?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if name == amz::TRAILER_SIGNATURE {
            let lines = std::mem::take(&mut self.signed_lines);
            if let Some(signer) = &mut self.signer {
                if !signer.key.trailer(&lines, value) {
                    return Err(forged("the trailers"));
                }
                signer.trailers_verified = true;
            }
            return Ok(());
        }
        self.signed_lines.push_str(&format!("{name}:{value}\n"));
        if let Some(algorithm) = checksum::of_header(&name) {
            self.checksum = Some(Checksum::of_all(algorithm, value.to_owned()));
        }
        Ok(())
    }

    /// The checksum that came behind the chunks, if all of them came.
    pub(super) fn finish(self) -> Result<Option<Checksum>, Error> {
        let unsigned = self
            .signer
            .as_ref()
            .is_some_and(|signer| self.trailers && !signer.trailers_verified);
        // The empty line at the very end is left out by some clients.
        let ended = self.at == At::End || (self.at == At::Trailers && self.line.is_empty());
        if !ended {
            return Err(Error::with(
                ErrorCode::IncompleteBody,
                "The body ends before its last chunk.",
            ));
        }
        if unsigned {
            return Err(forged("the trailers"));
        }
        Ok(self.checksum)
    }
}
