//! Taking in bytes: hashed on the way, durable before they are published, gone if they never are.
//!
//! Staged bytes belong to nobody until an operation publishes them. What is dropped instead, or lost
//! in a crash, leaves nothing behind.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use cosette_types::{Checksum, ChecksumAlgorithm, Crc64, Md5};
use futures_util::{Stream, StreamExt};
use tokio::task::JoinSet;

use crate::digest::Digest;
use crate::encryption::{GIVEN_BYTES_MAX, Protection, Sealer, seal_tiny, sealed_length};
use crate::error::Error;
use crate::extents::{Address, EXTENT_BYTES_MAX, ExtentId, ExtentWriter};
use crate::orphans::Orphans;
use crate::planted::Bug;
use crate::records::{BodyRecord, Digests, ExtentRecord, Item, List, SealRecord, Slice};
use crate::store::{Core, Store};
use crate::tables::{self, BodyId};
use crate::tiny;
use crate::txn::Txn;

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
    digests: Digests,
    content: Content,
    extents: StagedExtents,
    protection: Protection,
    checksum: Option<Checksum>,
}

/// Where staged bytes are.
#[derive(Debug)]
enum Content {
    /// In memory, to become a row. No bytes at all are this, too, and become none.
    Tiny(Bytes),
    /// In extents.
    Extents(Vec<ExtentRecord>),
}

/// Extents that go back unless a commit was asked to publish them.
#[derive(Debug)]
struct StagedExtents {
    extents: Vec<(ExtentId, Address)>,
    /// Set while a commit may be publishing them: whoever is not sure must not free.
    committing: AtomicBool,
    orphans: Arc<Orphans>,
}

impl Drop for StagedExtents {
    fn drop(&mut self) {
        if !*self.committing.get_mut() || Bug::CleanupTakesPublished.is_planted() {
            self.orphans.add(self.extents.drain(..));
        }
    }
}

impl Staged {
    /// How many bytes.
    pub fn size(&self) -> u64 {
        self.digests.size
    }

    /// Their MD5.
    pub fn md5(&self) -> Md5 {
        self.digests.md5
    }

    /// Their CRC-64.
    pub fn crc64(&self) -> Crc64 {
        self.digests.crc64
    }

    /// With a checksum of these bytes that the caller has computed: an object made of them keeps it.
    #[must_use]
    pub fn with_checksum(self, checksum: Option<Checksum>) -> Self {
        Self { checksum, ..self }
    }

    pub(crate) fn checksum(&self) -> Option<&Checksum> {
        self.checksum.as_ref()
    }

    pub(crate) fn digests(&self) -> Digests {
        self.digests
    }

    /// What they are, or will be, encrypted with.
    pub(crate) fn protection(&self) -> &Protection {
        &self.protection
    }

    /// Their extents, where they have any; the rows are the caller's to write.
    pub(crate) fn extents(&self) -> impl Iterator<Item = (ExtentId, &ExtentRecord)> {
        let records: &[ExtentRecord] = match &self.content {
            Content::Tiny(_) => &[],
            Content::Extents(records) => records,
        };
        let ids = self.extents.extents.iter().map(|(id, _)| *id);
        ids.zip(records)
    }

    /// A commit is about to be asked to publish them.
    pub(crate) fn committing(&self) {
        self.extents.committing.store(true, Ordering::SeqCst);
    }

    /// The commit was refused for certain.
    pub(crate) fn refused(&self) {
        self.extents.committing.store(false, Ordering::SeqCst);
    }

    /// Writes the body that these bytes are, and its extents; its first reference is the caller's
    /// to write.
    pub(crate) fn publish(&self, core: &Core, txn: &mut Txn) -> Result<BodyId, Error> {
        let body = BodyId(core.new_id()?);
        let record = BodyRecord {
            size: self.digests.size,
            crc64: self.digests.crc64,
            md5: Some(self.digests.md5),
            list: List::Inline(self.items(core, txn, body)?),
        };
        txn.put(tables::body(body), &record);
        Ok(body)
    }

    /// Writes the extents of these bytes as the body's, and tells what is to be put on its list.
    pub(crate) fn items(
        &self,
        core: &Core,
        txn: &mut Txn,
        body: BodyId,
    ) -> Result<Vec<Item>, Error> {
        let mut items = vec![Item::Part(self.digests)];
        match &self.content {
            Content::Tiny(bytes) if bytes.is_empty() => {}
            Content::Tiny(bytes) => {
                let extent = ExtentId(core.new_id()?);
                let key = self.protection.key_for(core, extent)?;
                let sealed = key.is_some() && !Bug::StoredInTheOpen.is_planted();
                let row = match &key {
                    Some((key, seal)) if sealed => tiny::seal(&seal_tiny(key, seal, bytes)?),
                    _ => tiny::seal(bytes),
                };
                txn.put_value(tables::tiny(extent), row);
                txn.mark(tables::slice(extent, body));
                items.push(Item::Slice(Slice {
                    extent,
                    tiny: true,
                    sealed,
                    offset: 0,
                    length: self.digests.size,
                }));
            }
            Content::Extents(_) => {
                for (extent, record) in self.extents() {
                    txn.put(tables::extent(extent), record);
                    txn.mark(tables::slice(extent, body));
                    items.push(Item::Slice(record.whole(extent)));
                }
            }
        }
        Ok(items)
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
        self.stage_as(stream, limits, Protection::default()).await
    }

    /// As [`Store::stage`], for bytes that are to be encrypted. Digests are those of the bytes as they
    /// come.
    ///
    /// # Errors
    /// [`StageError`]; nothing is kept.
    pub async fn stage_as<S, E>(
        &self,
        stream: S,
        limits: StageLimits,
        protection: Protection,
    ) -> Result<Staged, StageError<E>>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Send,
    {
        let core = &self.core;
        core.writable().map_err(StageError::Store)?;
        let limit = limits.bytes_max.min(crate::limits::STAGED_BYTES_MAX);
        if limits.expected_bytes.is_some_and(|bytes| bytes > limit) {
            return Err(StageError::TooLarge { limit });
        }
        let mut intake = Intake::new(core, limits.expected_bytes, protection);
        let mut stream = std::pin::pin!(stream);
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(StageError::Stream)?;
            let received = intake.digest.size() + bytes.len() as u64;
            match limits.expected_bytes {
                Some(expected) if received > expected => {
                    return Err(StageError::Length { expected, received });
                }
                _ if received > limit => return Err(StageError::TooLarge { limit }),
                _ => intake.take(bytes).await.map_err(StageError::Store)?,
            }
        }
        let received = intake.digest.size();
        match limits.expected_bytes {
            Some(expected) if received != expected && !Bug::ShortBodyStored.is_planted() => {
                Err(StageError::Length { expected, received })
            }
            _ => intake.end().await.map_err(StageError::Store),
        }
    }

    /// Gives the space of staged bytes back, before returning.
    ///
    /// # Errors
    /// Only those of the drivers.
    pub async fn discard(&self, staged: Staged) -> Result<(), Error> {
        drop(staged);
        self.detached(|core| async move { core.free_orphans().await })
            .await
            .map(|_| ())
    }
}

/// Bytes being taken in: in memory as long as they may be tiny, then in extents.
pub(crate) struct Intake<'a> {
    core: &'a Arc<Core>,
    expected: Option<u64>,
    digest: Digest,
    tiny: BytesMut,
    tiny_bytes_max: usize,
    open: Option<OpenExtent>,
    done: Vec<ExtentRecord>,
    protection: Protection,
    extents: StagedExtents,
    /// Finished extents are made durable while the next one is filled.
    syncs: JoinSet<Result<(), Error>>,
}

/// An extent that is being filled.
struct OpenExtent {
    id: ExtentId,
    /// Bytes given to it.
    filled: u64,
    writer: Box<dyn ExtentWriter>,
    sealing: Option<(Sealer, SealRecord)>,
}

impl OpenExtent {
    /// Most bytes that may be given to it.
    fn bytes_max(&self) -> u64 {
        match self.sealing {
            Some(_) => GIVEN_BYTES_MAX,
            None => EXTENT_BYTES_MAX,
        }
    }

    async fn give(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.filled += bytes.len() as u64;
        let chunks = match &mut self.sealing {
            Some((sealer, _)) => sealer.push(bytes)?,
            None => vec![bytes],
        };
        for chunk in chunks {
            self.writer.append(chunk).await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<(ExtentId, ExtentRecord), Error> {
        let (length, seal) = match self.sealing {
            Some((sealer, seal)) => {
                self.writer.append(sealer.end()?).await?;
                (sealed_length(self.filled), Some(seal))
            }
            None => (self.filled, None),
        };
        let record = ExtentRecord {
            address: self.writer.finish().await?,
            length,
            seal,
        };
        Ok((self.id, record))
    }
}

impl<'a> Intake<'a> {
    pub(crate) fn new(core: &'a Arc<Core>, expected: Option<u64>, protection: Protection) -> Self {
        Self {
            core,
            expected,
            digest: core.digest(None),
            tiny: BytesMut::new(),
            tiny_bytes_max: core.options.tiny_body_bytes_max,
            open: None,
            done: Vec::new(),
            protection,
            extents: StagedExtents {
                extents: Vec::new(),
                committing: AtomicBool::new(false),
                orphans: Arc::clone(&core.orphans),
            },
            syncs: JoinSet::new(),
        }
    }

    /// The bytes go to extents, however few they are.
    pub(crate) fn never_tiny(mut self) -> Self {
        self.tiny_bytes_max = 0;
        self
    }

    /// With a checksum of this algorithm, if one is wanted; asked before the first byte.
    pub(crate) fn computing(mut self, wanted: Option<ChecksumAlgorithm>) -> Self {
        self.digest = self.core.digest(wanted);
        self
    }

    fn stays_tiny(&self, more: usize) -> bool {
        let most = self.tiny_bytes_max;
        let fits = self.tiny.len() + more <= most;
        let none_yet = self.open.is_none() && self.done.is_empty();
        none_yet && fits && self.expected.is_none_or(|bytes| bytes <= most as u64)
    }

    pub(crate) async fn take(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.digest.update(&bytes).await?;
        if self.stays_tiny(bytes.len()) {
            self.tiny.extend_from_slice(&bytes);
            return Ok(());
        }
        let before = self.tiny.split().freeze();
        for mut bytes in [before, bytes] {
            while !bytes.is_empty() {
                bytes = self.append(bytes).await?;
            }
        }
        Ok(())
    }

    /// Appends what fits into the open extent; gives back the rest.
    async fn append(&mut self, mut bytes: Bytes) -> Result<Bytes, Error> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin().await?,
        };
        let room = usize::try_from(open.bytes_max() - open.filled).unwrap_or(usize::MAX);
        let now = bytes.split_to(room.min(bytes.len()));
        open.give(now).await?;
        if open.filled == open.bytes_max() {
            self.finish(open).await?;
        } else {
            self.open = Some(open);
        }
        Ok(bytes)
    }

    async fn begin(&mut self) -> Result<OpenExtent, Error> {
        let id = ExtentId(self.core.new_id()?);
        let sealing = self.protection.key_for(self.core, id)?;
        let sealing = sealing.filter(|_| !Bug::StoredInTheOpen.is_planted());
        let sealing = sealing.map(|(key, seal)| (Sealer::new(key), seal));
        let done: u64 = self.done.iter().map(ExtentRecord::given_length).sum();
        let left = self.expected.map(|all| all.saturating_sub(done));
        let expected = left.map(|left| match sealing {
            Some(_) => sealed_length(left.min(GIVEN_BYTES_MAX)),
            None => left.min(EXTENT_BYTES_MAX),
        });
        Ok(OpenExtent {
            id,
            filled: 0,
            writer: self.core.extents.begin(id, expected).await?,
            sealing,
        })
    }

    async fn finish(&mut self, open: OpenExtent) -> Result<(), Error> {
        let (id, record) = open.finish().await?;
        let address = record.address.clone();
        self.extents.extents.push((id, address.clone()));
        self.done.push(record);
        let extents = Arc::clone(&self.core.extents);
        self.syncs
            .spawn(async move { Ok(extents.sync(&[address]).await?) });
        Ok(())
    }

    pub(crate) async fn end(mut self) -> Result<Staged, Error> {
        if let Some(open) = self.open.take() {
            self.finish(open).await?;
        }
        while let Some(synced) = self.syncs.join_next().await {
            synced.map_err(Error::io)??;
        }
        let (digests, checksum) = self.digest.finish().await?;
        let content = if self.done.is_empty() {
            Content::Tiny(self.tiny.freeze())
        } else {
            Content::Extents(self.done)
        };
        Ok(Staged {
            digests,
            content,
            extents: self.extents,
            protection: self.protection,
            checksum,
        })
    }
}
