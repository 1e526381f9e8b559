//! Extents that were written and will never be published: to be freed in the background.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::error::Error;
use crate::extents::{Address, ExtentId};
use crate::planted::Bug;
use crate::records::ExtentRecord;
use crate::store::Core;
use crate::{tables, txn};

/// The queue of them. What is in it when the process ends is found by the driver's recovery.
#[derive(Debug)]
pub(crate) struct Orphans {
    queue: Mutex<Vec<(ExtentId, Address)>>,
    work: Arc<Notify>,
}

impl Orphans {
    pub(crate) fn new(work: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::default(),
            work,
        })
    }

    pub(crate) fn add(&self, extents: impl IntoIterator<Item = (ExtentId, Address)>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.extend(extents);
        if !queue.is_empty() {
            self.work.notify_one();
        }
    }

    fn take(&self) -> Vec<(ExtentId, Address)> {
        std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Core {
    /// Frees orphans; says how many.
    pub(crate) async fn free_orphans(&self) -> Result<usize, Error> {
        let orphans = self.orphans.take();
        let count = orphans.len();
        if let Err(error) = self.free_unpublished(&orphans).await {
            self.orphans.add(orphans);
            return Err(error);
        }
        Ok(count)
    }

    /// Before closing: frees what was written and refused. `false` if somebody still holds bytes that
    /// may yet be refused.
    pub(crate) async fn free_refused(&self) -> Result<bool, Error> {
        if Bug::CloseForgetsRefused.is_planted() {
            return Ok(true);
        }
        // Asked first: who lets go of bytes later than this is seen here, who did before is in the
        // queue.
        let only_ours = Arc::strong_count(&self.orphans) == 1;
        self.free_orphans().await?;
        Ok(only_ours)
    }

    /// Frees extents that no commit was ever asked to publish. That no row names them is looked up
    /// all the same: to free a published one would be the worst thing this program can do.
    pub(crate) async fn free_unpublished(
        &self,
        extents: &[(ExtentId, Address)],
    ) -> Result<(), Error> {
        let snapshot = self.meta.snapshot().await?;
        let mut free = Vec::with_capacity(extents.len());
        for (id, address) in extents {
            let row: Option<ExtentRecord> =
                txn::row(snapshot.as_ref(), &tables::extent(*id)).await?;
            if row.is_none() || Bug::CleanupTakesPublished.is_planted() {
                free.push(address.clone());
            }
        }
        if !free.is_empty() {
            self.extents.free(&free).await?;
        }
        Ok(())
    }
}
