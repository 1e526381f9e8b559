//! What is done when a store is opened: a new epoch begins, and what earlier ones left half-way is
//! taken back. Every step can be interrupted and done again.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::codec::Record;
use crate::environment::HybridClock;
use crate::error::Error;
use crate::extents::{ExtentError, ExtentId};
use crate::limits;
use crate::meta::Boxed;
use crate::planted::Bug;
use crate::records::{ExtentRecord, FormatRecord, Marker, Pending};
use crate::store::Core;
use crate::tables::{self, BodyId, Table};
use crate::txn;
use cosette_types::VersionTime;

/// The format that this code writes and reads. The first had no checksums of tiny extents; no
/// version of this program was released with it.
pub(crate) const FORMAT_VERSION: u64 = 2;

impl Core {
    /// Counts this opening, and refuses a store of another format.
    pub(crate) async fn begin_epoch(&mut self) -> Result<(), Error> {
        loop {
            let mut txn = self.begin().await?;
            let before: Option<FormatRecord> = txn.get(tables::format()).await?;
            let mut format = before.unwrap_or(FormatRecord {
                version: FORMAT_VERSION,
                epoch: 0,
                floor: self.versions.last(),
            });
            if format.version != FORMAT_VERSION {
                let version = format.version;
                return Err(Error::corrupt(format!("a store of format {version}")));
            }
            if txn.get::<Marker>(tables::importing()).await?.is_some() {
                return Err(Error::corrupt(
                    "an import into this store did not finish; remove the folder and import again",
                ));
            }
            format.epoch += 1;
            let before = format.floor;
            format.floor = self.provided_after(before, 1);
            txn.put(tables::format(), &format);
            if self.commit_as_it_is(txn).await? {
                self.epoch = format.epoch;
                self.versions = HybridClock::after(before);
                self.provided = AtomicU64::new(format.floor.0);
                return Ok(());
            }
        }
    }

    /// Keeps the latest version time, so that ids stay in order even if the clock is set back while
    /// the store is closed. What was provided for and not given is not needed any more.
    pub(crate) async fn keep_clock(&self) -> Result<(), Error> {
        let mut txn = self.begin().await?;
        if let Some(mut format) = txn.get::<FormatRecord>(tables::format()).await? {
            format.floor = self.versions.last();
            txn.put(tables::format(), &format);
            self.commit_as_it_is(txn).await?;
        }
        Ok(())
    }

    /// Sees to it that version times stay below what is written down: whoever opens the store after a
    /// crash begins there, whatever the clock says then. Otherwise the id of a version that was
    /// removed, with its key, could be given to another one.
    pub(crate) async fn provide_times(&self) -> Result<(), Error> {
        if Bug::TimesNotProvided.is_planted() {
            return Ok(());
        }
        loop {
            let mut txn = self.begin().await?;
            let Some(mut format) = txn.get::<FormatRecord>(tables::format()).await? else {
                return Ok(());
            };
            let last = self.versions.last();
            if format.floor < self.provided_after(last, 2) {
                format.floor = self.provided_after(last, 1);
                txn.put(tables::format(), &format);
                if !self.commit_as_it_is(txn).await? {
                    continue;
                }
            }
            self.provided.fetch_max(format.floor.0, Ordering::AcqRel);
            return Ok(());
        }
    }

    /// Whether all version times that were given are below what is written down. They are but for a clock
    /// that has jumped since the last sweep.
    pub(crate) fn times_are_provided(&self) -> bool {
        self.versions.last().0 <= self.provided.load(Ordering::Acquire)
    }

    /// Up to where version times are provided for when `last` was the last one; or, when a half of that
    /// is to be left at least.
    fn provided_after(&self, last: VersionTime, share: u64) -> VersionTime {
        if Bug::TimesNotProvided.is_planted() {
            return last;
        }
        let now = self.now().micros();
        let by_clock = now.saturating_add(limits::TIMES_AHEAD_MICROS / share);
        let spare = last.0.saturating_add(limits::TIMES_SPARE / share);
        VersionTime(by_clock.max(spare))
    }

    /// Lets the driver free what was written and never published.
    pub(crate) async fn recover_extents(&self) -> Result<(), Error> {
        let snapshot = self.meta.snapshot().await?;
        let live = |id: ExtentId| -> Boxed<'_, Result<bool, ExtentError>> {
            let snapshot = snapshot.as_ref();
            Box::pin(async move {
                let row = txn::row::<ExtentRecord>(snapshot, &tables::extent(id)).await;
                row.map(|row| row.is_some())
                    .map_err(|error| ExtentError::Io(error.to_string().into()))
            })
        };
        Ok(self.extents.recover(&live).await?)
    }

    /// Takes back what earlier epochs began and did not end.
    pub(crate) async fn end_dead_epochs(&self) -> Result<(), Error> {
        let prefix = Table::Pending.key(&[]);
        loop {
            let snapshot = self.meta.snapshot().await?;
            let most = limits::SCAN_ROWS;
            let rows = txn::scan(snapshot.as_ref(), &prefix, prefix.clone(), most).await?;
            let mut worked = false;
            for (row, value) in rows {
                let (epoch, body) = parse_pending(&row)?;
                if epoch >= self.epoch {
                    continue;
                }
                worked = true;
                match Pending::from_value(&value)? {
                    Pending::Body => self.discard_begun(epoch, body).await?,
                    Pending::Completing(bucket, key, upload) => {
                        let row = tables::upload(bucket, &key, &upload);
                        self.reopen_upload(&row, epoch, body).await?;
                    }
                    Pending::Deleting(bucket) => {
                        self.restore_bucket(&bucket, epoch, body).await?;
                    }
                }
            }
            if !worked {
                return Ok(());
            }
        }
    }
}

/// The epoch and the body in the key of a pending row.
pub(crate) fn parse_pending(row: &[u8]) -> Result<(u64, BodyId), Error> {
    let epoch = row.get(1..).and_then(|rest| rest.first_chunk::<8>());
    let parsed = epoch
        .map(|epoch| u64::from_be_bytes(*epoch))
        .zip(tables::id_at(row, 8).map(BodyId));
    parsed.ok_or_else(|| Error::corrupt("a pending row's key is damaged"))
}
