//! MD5 and CRC-64 of a stream of bytes, and a checksum that a client chose.
//!
//! A short stream is hashed by the task that has it. Longer ones go to a pool of threads, which
//! hashes streams from all requests side by side: that is several times the speed of one after the
//! other. What goes there is gathered first, and hashed while the next bytes come in.

use std::ops::Range;
use std::sync::Arc;
use std::vec::IntoIter;

use bytes::Bytes;
use cosette_md5::{Feed, Md5 as Hasher, Pool};
use cosette_types::{Checksum, ChecksumAlgorithm, Crc64, Md5, RunningChecksum};
use crc_fast::CrcAlgorithm;
use tokio::sync::oneshot;

use crate::error::Error;
use crate::extents::{ExtentError, RangeReader};
use crate::records::Digests;

/// A stream up to this long is hashed by its task.
const INLINE_BYTES_MAX: usize = 128 << 10;
/// Bytes gathered of a longer one before they are hashed.
const GATHERED_BYTES: usize = 256 << 10;
/// Pieces gathered at most: many small ones must not take more room than their bytes.
const GATHERED_PIECES_MAX: usize = 256;

/// The digests of the bytes so far.
#[derive(Debug)]
pub(crate) struct Digest {
    /// Where long streams are hashed; `None` where everything happens in tasks.
    pool: Option<Arc<Pool>>,
    held: Held,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    size: u64,
}

/// Where the state is.
#[derive(Debug)]
enum Held {
    Here(Box<State>),
    /// With the pool, which gives it back.
    Away(oneshot::Receiver<Result<State, ExtentError>>),
    /// It was not waited for, or did not come back.
    Lost,
}

#[derive(Debug)]
struct State {
    md5: Hasher,
    sums: Sums,
}

/// What is computed beside the MD5.
#[derive(Debug)]
struct Sums {
    crc64: crc_fast::Digest,
    checksum: Option<RunningChecksum>,
}

impl Sums {
    fn update(&mut self, bytes: &[u8]) {
        self.crc64.update(bytes);
        if let Some(checksum) = &mut self.checksum {
            checksum.update(bytes);
        }
    }
}

impl State {
    fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sums.update(bytes);
    }
}

/// An update was not waited for, or failed.
fn given_up() -> Error {
    Error::io("a digest was given up half-way")
}

impl Digest {
    /// Of no bytes yet; with a checksum of this algorithm, if one is wanted.
    pub(crate) fn new(pool: Option<Arc<Pool>>, wanted: Option<ChecksumAlgorithm>) -> Self {
        let state = State {
            md5: Hasher::new(),
            sums: Sums {
                crc64: crc_fast::Digest::new(CrcAlgorithm::Crc64Xz),
                checksum: wanted.map(RunningChecksum::new),
            },
        };
        Self {
            pool,
            held: Held::Here(Box::new(state)),
            gathered: Vec::new(),
            gathered_bytes: 0,
            size: 0,
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes in the next bytes; they may be hashed later.
    pub(crate) async fn update(&mut self, bytes: &Bytes) -> Result<(), Error> {
        self.size += bytes.len() as u64;
        if let Held::Here(state) = &mut self.held
            && (self.pool.is_none() || self.size <= INLINE_BYTES_MAX as u64)
        {
            state.update(bytes);
            return Ok(());
        }
        self.gathered.push(bytes.clone());
        self.gathered_bytes += bytes.len();
        if self.gathered_bytes >= GATHERED_BYTES || self.gathered.len() >= GATHERED_PIECES_MAX {
            self.send_gathered().await?;
        }
        Ok(())
    }

    /// Takes in the bytes of ranges, read by the threads that hash them.
    pub(crate) async fn read(&mut self, ranges: Vec<Box<dyn RangeReader>>) -> Result<(), Error> {
        self.send_gathered().await?;
        let before = self.state().await?;
        let (back, held) = oneshot::channel();
        let reading = Reading {
            ranges: ranges.into_iter(),
            now: None,
            buffer: Vec::new(),
            valid: 0..0,
            sums: before.sums,
            read: 0,
            failed: None,
            back,
        };
        let pool = self.pool.as_ref().ok_or_else(given_up)?;
        pool.submit(before.md5, Box::new(reading));
        self.held = Held::Away(held);
        let after = self.state().await?;
        self.size = after.md5.length();
        self.held = Held::Here(after);
        Ok(())
    }

    /// Hands what was gathered to the pool, once that is done with what it got before.
    async fn send_gathered(&mut self) -> Result<(), Error> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let state = self.state().await?;
        let (back, held) = oneshot::channel();
        let pieces = Pieces {
            pieces: std::mem::take(&mut self.gathered).into_iter(),
            now: Bytes::new(),
            sums: state.sums,
            back,
        };
        self.gathered_bytes = 0;
        let pool = self.pool.as_ref().ok_or_else(given_up)?;
        pool.submit(state.md5, Box::new(pieces));
        self.held = Held::Away(held);
        Ok(())
    }

    /// The state, when it is back.
    async fn state(&mut self) -> Result<Box<State>, Error> {
        match std::mem::replace(&mut self.held, Held::Lost) {
            Held::Here(state) => Ok(state),
            Held::Away(back) => Ok(Box::new(back.await.map_err(|_| given_up())??)),
            Held::Lost => Err(given_up()),
        }
    }

    /// What they are, and the checksum that was wanted.
    pub(crate) async fn finish(mut self) -> Result<(Digests, Option<Checksum>), Error> {
        self.send_gathered().await?;
        let State { md5, sums } = *self.state().await?;
        let digests = Digests {
            size: self.size,
            md5: Md5(md5.finish()),
            crc64: Crc64(sums.crc64.finalize()),
        };
        Ok((digests, sums.checksum.map(RunningChecksum::finish)))
    }
}

/// Bytes that are in memory, on their way through the pool.
struct Pieces {
    pieces: IntoIter<Bytes>,
    now: Bytes,
    sums: Sums,
    back: oneshot::Sender<Result<State, ExtentError>>,
}

impl Feed for Pieces {
    fn fetch(&mut self) -> bool {
        let Some(next) = self.pieces.next() else {
            return false;
        };
        self.sums.update(&next);
        self.now = next;
        true
    }

    fn bytes(&self) -> &[u8] {
        &self.now
    }

    fn done(self: Box<Self>, md5: Hasher) {
        let sums = self.sums;
        // Whoever gave the stream up does not want it any more.
        let _ = self.back.send(Ok(State { md5, sums }));
    }
}

/// Bytes that the pool reads.
struct Reading {
    ranges: IntoIter<Box<dyn RangeReader>>,
    now: Option<Box<dyn RangeReader>>,
    buffer: Vec<u8>,
    /// Where in the buffer the bytes are.
    valid: Range<usize>,
    sums: Sums,
    read: u64,
    failed: Option<ExtentError>,
    back: oneshot::Sender<Result<State, ExtentError>>,
}

impl Reading {
    fn read_on(&mut self) -> Result<bool, ExtentError> {
        loop {
            let Some(range) = &mut self.now else {
                self.now = self.ranges.next();
                if self.now.is_none() {
                    return Ok(false);
                }
                continue;
            };
            self.valid = range.read(&mut self.buffer)?;
            if !self.valid.is_empty() {
                return Ok(true);
            }
            self.now = None;
        }
    }
}

impl Feed for Reading {
    fn fetch(&mut self) -> bool {
        let more = self.read_on().unwrap_or_else(|error| {
            self.valid = 0..0;
            self.failed = Some(error);
            false
        });
        let bytes = self.buffer.get(self.valid.clone()).unwrap_or_default();
        self.sums.update(bytes);
        self.read += bytes.len() as u64;
        more
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.valid.clone()).unwrap_or_default()
    }

    fn done(self: Box<Self>, md5: Hasher) {
        let sums = self.sums;
        let outcome = match self.failed {
            Some(error) => Err(error),
            None => Ok(State { md5, sums }),
        };
        // Whoever gave the stream up does not want it any more.
        let _ = self.back.send(outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cosette_types::running::value_of;

    const WANTED: ChecksumAlgorithm = ChecksumAlgorithm::Sha256;

    async fn digests(pool: Option<Arc<Pool>>, pieces: &[Bytes]) -> (Digests, Option<Checksum>) {
        let mut digest = Digest::new(pool, Some(WANTED));
        for piece in pieces {
            digest.update(piece).await.unwrap();
        }
        digest.finish().await.unwrap()
    }

    #[tokio::test]
    async fn digests_are_those_of_the_protocol() {
        let (digests, checksum) = digests(None, &[Bytes::from_static(b"123456789")]).await;
        let value = value_of(WANTED, b"123456789");
        assert_eq!(checksum, Some(Checksum::full(WANTED, &value)));
        assert_eq!(digests.crc64, Crc64(11_051_210_869_376_104_954));
        assert_eq!(digests.md5.to_string(), "25f9e794323b453885f5181f1b624d0b");
        let (empty, none) = Digest::new(None, None).finish().await.unwrap();
        assert_eq!((empty.crc64, none), (Crc64::EMPTY, None));
    }

    #[tokio::test]
    async fn a_stream_is_hashed_the_same_wherever_it_is() {
        let pool = Arc::new(Pool::new());
        for (length, count) in [
            (1, 300),
            (1000, 1000),
            (70_000, 9),
            (300_000, 2),
            (128 << 10, 1),
        ] {
            let piece = |at: u8| Bytes::from(vec![at; length]);
            let pieces: Vec<_> = (0..count)
                .map(|at| piece(u8::try_from(at % 251).unwrap()))
                .collect();
            let here = digests(None, &pieces).await;
            assert_eq!(digests(Some(Arc::clone(&pool)), &pieces).await, here);
            assert_eq!(here.0.size, (length * count) as u64);
        }
    }

    /// Gives some bytes, then an error or the end.
    #[derive(Debug)]
    struct Range5 {
        left: usize,
        fails: bool,
    }

    impl RangeReader for Range5 {
        fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Range<usize>, ExtentError> {
            *buffer = b"xx12345x".to_vec();
            match (self.left, self.fails) {
                (0, true) => Err(ExtentError::Corrupt("as asked for".into())),
                (0, false) => Ok(0..0),
                _ => {
                    self.left -= 1;
                    Ok(2..7)
                }
            }
        }
    }

    #[tokio::test]
    async fn ranges_that_the_pool_reads_are_one_stream_with_what_came_before() {
        let read = async |fails: bool| {
            let mut digest = Digest::new(Some(Arc::default()), Some(WANTED));
            digest.update(&Bytes::from_static(b"0")).await?;
            let range = |left, fails| Box::new(Range5 { left, fails }) as Box<dyn RangeReader>;
            digest
                .read(vec![range(1, false), range(0, false), range(2, fails)])
                .await?;
            digest.finish().await
        };
        let expected = digests(None, &[Bytes::from_static(b"0123451234512345")]).await;
        assert_eq!(read(false).await.unwrap(), expected);
        assert!(matches!(read(true).await, Err(Error::Corrupt { .. })));
    }
}
