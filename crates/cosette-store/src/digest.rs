//! MD5 and CRC-64 of a stream of bytes.

use bytes::Bytes;
use cosette_types::{Crc64, Md5};
use crc_fast::CrcAlgorithm;
use md5::Digest as _;

use crate::error::Error;
use crate::records::Digests;

/// From this many bytes on, hashing is worth a thread that may block.
const INLINE_BYTES_MAX: usize = 128 << 10;

/// Both digests of the bytes so far.
#[derive(Debug)]
pub(crate) struct Digest {
    state: Option<State>,
    size: u64,
}

#[derive(Debug)]
struct State {
    md5: md5::Md5,
    crc64: crc_fast::Digest,
}

impl State {
    fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.crc64.update(bytes);
    }
}

/// An update was not waited for, or failed.
fn given_up() -> Error {
    Error::io("a digest was given up half-way")
}

impl Digest {
    pub(crate) fn new() -> Self {
        let state = State {
            md5: md5::Md5::new(),
            crc64: crc_fast::Digest::new(CrcAlgorithm::Crc64Xz),
        };
        Self {
            state: Some(state),
            size: 0,
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes in the next bytes, away from the threads that serve others if they are many.
    pub(crate) async fn update(&mut self, bytes: &Bytes) -> Result<(), Error> {
        let mut state = self.state.take().ok_or_else(given_up)?;
        if bytes.len() <= INLINE_BYTES_MAX {
            state.update(bytes);
        } else {
            let bytes = bytes.clone();
            state = tokio::task::spawn_blocking(move || {
                state.update(&bytes);
                state
            })
            .await
            .map_err(Error::io)?;
        }
        self.state = Some(state);
        self.size += bytes.len() as u64;
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Digests, Error> {
        let state = self.state.ok_or_else(given_up)?;
        Ok(Digests {
            size: self.size,
            md5: Md5(state.md5.finalize().into()),
            crc64: Crc64(state.crc64.finalize()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn digests_are_those_of_the_protocol() {
        let mut digest = Digest::new();
        digest
            .update(&Bytes::from_static(b"123456789"))
            .await
            .unwrap();
        let digests = digest.finish().unwrap();
        assert_eq!(digests.crc64, Crc64(11_051_210_869_376_104_954));
        assert_eq!(digests.md5.to_string(), "25f9e794323b453885f5181f1b624d0b");
        assert_eq!(Digest::new().finish().unwrap().crc64, Crc64::EMPTY);
    }
}
