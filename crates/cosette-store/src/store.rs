//! The store: opening, closing, and what all operations share.

use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

use cosette_md5::Pool;
use cosette_types::{ChecksumAlgorithm, Timestamp, limits as protocol};
use futures_util::FutureExt;
use tokio::sync::Notify;

use crate::background::Background;
use crate::completing::Completions;
use crate::digest::Digest;
use crate::disk::Ballast;
use crate::encryption::{EncryptionKeys, KeyId};
use crate::environment::{Clock, HybridClock, Random, SystemClock, SystemRandom};
use crate::error::Error;
use crate::extents::Extents;
use crate::extents::folder::FolderLock;
use crate::extents::segments::SegmentExtents;
use crate::lease::Leases;
use crate::limits;
use crate::meta::Meta;
use crate::meta::fjall::FjallMeta;
use crate::orphans::Orphans;
use crate::planted::Bug;
use crate::tables::{self, BodyId, Table};
use crate::txn::{self, KeyLocks};

/// How a store behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where random ids come from.
    pub random: Arc<dyn Random>,
    /// Bodies up to this many bytes are rows, not extents; at most [`limits::TINY_BYTES_MAX`].
    pub tiny_body_bytes_max: usize,
    /// Least size of a part that is not the last of its upload.
    pub part_bytes_min: u64,
    /// Whether space is given back in the background. Without it, [`Store::sweep_now`] does it.
    pub background_sweep: bool,
    /// Whether each transaction leaves a row by which an unknown outcome can be resolved. For
    /// drivers that may answer `Unknown`; embedded ones never do.
    pub resolve_unknown_outcomes: bool,
    /// The keys of the store's own encryption. Without any, what asks for it is refused.
    pub encryption_keys: Arc<EncryptionKeys>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            tiny_body_bytes_max: limits::TINY_BYTES_DEFAULT,
            part_bytes_min: protocol::PART_BYTES_MIN,
            background_sweep: true,
            resolve_unknown_outcomes: false,
            encryption_keys: Arc::default(),
        }
    }
}

/// All buckets, objects and uploads of one folder (or of two drivers). Clones are the same store.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) core: Arc<Core>,
    /// Ends the background sweep with the last clone.
    pub(crate) background: Arc<Background>,
    /// After that nothing is committed any more through this clone.
    until: Option<Timestamp>,
}

/// What operations and the sweep share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) meta: Arc<dyn Meta>,
    pub(crate) extents: Arc<dyn Extents>,
    pub(crate) options: Options,
    /// How often the store was opened; names what is under way.
    pub(crate) epoch: u64,
    pub(crate) versions: HybridClock,
    /// The version time that is written down: whoever opens the store after a crash begins there.
    pub(crate) provided: AtomicU64,
    pub(crate) locks: KeyLocks,
    pub(crate) leases: Arc<Leases>,
    pub(crate) completions: Completions,
    pub(crate) orphans: Arc<Orphans>,
    /// Told when there is work for the sweep.
    pub(crate) work: Arc<Notify>,
    /// The store is closing: whoever works in the background should end soon.
    pub(crate) stopping: AtomicBool,
    /// Held by every change under way; closing waits for all of them.
    pub(crate) changes: Arc<tokio::sync::RwLock<()>>,
    /// One sweep at a time.
    pub(crate) sweeping: tokio::sync::Mutex<()>,
    /// How many digests are remembered of some bodies.
    pub(crate) digest_counts: Mutex<HashMap<BodyId, usize>>,
    /// The key of the store that is known to be written down.
    pub(crate) known_key: Mutex<Option<KeyId>>,
    /// Threads that hash; `None` where everything happens in tasks.
    pub(crate) hashing: Option<Arc<Pool>>,
    /// The right to the folder, for as long as anything uses it.
    _folder: Option<FolderLock>,
}

impl Store {
    /// Opens the store in a folder, or makes one there.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be used or another process has it open.
    pub async fn open(folder: &Path, options: Options) -> Result<Self, Error> {
        let path = folder.to_owned();
        let lock = tokio::task::spawn_blocking(move || FolderLock::acquire(&path))
            .await
            .map_err(Error::io)?
            .map_err(Error::io)?;
        let ballast = Some(Ballast::at(folder.join("ballast")));
        let meta = FjallMeta::open_with(folder.join("meta"), Table::Tiny.byte(), ballast).await?;
        let extents = SegmentExtents::open(folder.join("extents")).await?;
        Self::begin(Arc::new(meta), Arc::new(extents), options, Some(lock)).await
    }

    /// Opens the store that two drivers hold.
    ///
    /// # Errors
    /// Those of the drivers; [`Error::Corrupt`] for a store of a later format.
    pub async fn with_drivers(
        meta: Arc<dyn Meta>,
        extents: Arc<dyn Extents>,
        options: Options,
    ) -> Result<Self, Error> {
        Self::begin(meta, extents, options, None).await
    }

    async fn begin(
        meta: Arc<dyn Meta>,
        extents: Arc<dyn Extents>,
        options: Options,
        folder: Option<FolderLock>,
    ) -> Result<Self, Error> {
        if options.tiny_body_bytes_max > limits::TINY_BYTES_MAX {
            return Err(Error::io("tiny bodies are configured larger than a row"));
        }
        let work = Arc::new(Notify::new());
        let waits = extents.waits();
        let hashing = waits.then(Arc::default);
        let mut core = Core {
            meta,
            extents,
            options,
            epoch: 0,
            versions: HybridClock::default(),
            provided: AtomicU64::new(0),
            locks: KeyLocks::new(!waits),
            leases: Leases::new(Arc::clone(&work)),
            completions: Completions::default(),
            orphans: Orphans::new(Arc::clone(&work)),
            work,
            stopping: AtomicBool::new(false),
            changes: Arc::default(),
            sweeping: tokio::sync::Mutex::default(),
            digest_counts: Mutex::default(),
            known_key: Mutex::default(),
            hashing,
            _folder: folder,
        };
        core.begin_epoch().await?;
        let core = Arc::new(core);
        core.recover_extents().await?;
        core.end_dead_epochs().await?;
        let background = Background::begin(&core);
        Ok(Self {
            core,
            background: Arc::new(background),
            until: None,
        })
    }

    /// The same store for somebody whose right to change it ends at a moment: a change that has not
    /// been committed by then is not, however long ago it was begun.
    #[must_use]
    pub fn until(&self, moment: Option<Timestamp>) -> Self {
        Self {
            until: moment,
            ..self.clone()
        }
    }

    /// Finishes what is under way, changes whose callers left included, and lets go of the files.
    /// Other clones answer with errors from then on.
    ///
    /// # Errors
    /// Those of the drivers.
    pub async fn close(&self) -> Result<(), Error> {
        self.background.end().await;
        let _no_changes = self.core.changes.write().await;
        let all_freed = self.core.free_refused().await;
        // Each is tried, whatever became of the others: a poisoned store lets go of its files, too.
        let kept = self.core.keep_clock().await;
        let meta = self.core.meta.close().await;
        // Closed well, the driver says that there is nothing to look for. Where there may be, because
        // somebody holds bytes still or a commit is in doubt, the next opening looks, as after a crash.
        let extents = if matches!(all_freed, Ok(true)) && kept.is_ok() && meta.is_ok() {
            self.core.extents.close().await
        } else {
            Ok(())
        };
        all_freed?;
        kept?;
        meta?;
        extents?;
        Ok(())
    }

    /// Runs a change to its end, even if the caller stops waiting for it: half of a change is a
    /// state that nobody should have to think about.
    pub(crate) async fn detached<T, F>(&self, work: impl FnOnce(Arc<Core>) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let under_way = Arc::clone(&self.core.changes).read_owned().await;
        let work = work(Arc::clone(&self.core));
        // No `async` block around it: one that awaits what it was given has room for it twice.
        let work = txn::until(self.until, work).map(|done| {
            drop(under_way);
            done
        });
        match tokio::spawn(work).await {
            Ok(result) => result,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Error::io("the program is ending")),
            },
        }
    }
}

impl Core {
    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// Refuses every change after a failed sync, be it of rows or of object bytes: what the disk
    /// holds and what the system believes may differ from then on, and a change that rests on it
    /// could not be kept. What was acknowledged is read back when the store is opened again.
    pub(crate) fn writable(&self) -> Result<(), Error> {
        let of_bytes = self.extents.is_poisoned() && !Bug::BytesPoisonOnlyBytes.is_planted();
        if of_bytes || self.meta.is_poisoned() {
            return Err(Error::Poisoned);
        }
        Ok(())
    }

    /// A digest of no bytes yet, with a checksum of this algorithm if one is wanted.
    pub(crate) fn digest(&self, wanted: Option<ChecksumAlgorithm>) -> Digest {
        Digest::new(self.hashing.clone(), wanted)
    }

    /// A new id.
    pub(crate) fn new_id(&self) -> Result<[u8; 16], Error> {
        Ok(tables::id_of(self.now(), self.random()?))
    }

    /// Random bytes.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.options.random.fill(&mut bytes)?;
        Ok(bytes)
    }
}
