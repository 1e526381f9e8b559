//! The sweep: gives back what nothing refers to, and only that.
//!
//! A reference that goes leaves a mark. The sweep sees in a snapshot that a marked body has no
//! reference, waits until nobody holds an older snapshot, asks for leases, and looks again: no
//! reference, and no new mark. So no reference existed at any time in between, and as references are
//! made from references only, none can ever come again. Then the body's rows go, durably; extents
//! without any body left follow the same way, and only then is their space given back. Every step can
//! be repeated, so a crash between two of them loses nothing and leaves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::body::{items_of, unlink};
use crate::codec::Record;
use crate::error::Error;
use crate::extents::ExtentId;
use crate::limits;
use crate::meta::Snapshot;
use crate::planted::Bug;
use crate::records::{BodyRecord, ExtentRecord, Happened, Item, List, PartRecord};
use crate::store::{Core, Store};
use crate::tables::{self, BodyId, Table, UploadRef};
use crate::txn::{self, Txn};
use bytes::Bytes;

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepReport {
    /// Bodies removed.
    pub bodies: usize,
    /// Extents whose space was given back, tiny ones included.
    pub extents: usize,
    /// Parts of ended uploads that were unlinked.
    pub parts: usize,
    /// Answers and tokens whose time was over.
    pub expired: usize,
    /// Bodies that nothing refers to, but somebody still reads.
    pub waiting: usize,
}

impl Store {
    /// Gives back all that can be given back now.
    ///
    /// # Errors
    /// Only those of the drivers; what was not done is done by the next sweep.
    pub async fn sweep_now(&self) -> Result<SweepReport, Error> {
        self.detached(|core| async move { core.sweep().await })
            .await
    }
}

impl Core {
    pub(crate) async fn sweep(&self) -> Result<SweepReport, Error> {
        let _one_at_a_time = self.sweeping.lock().await;
        match self.provide_times().await {
            // What gives room back comes first; the next sweep tries again.
            Ok(()) | Err(Error::Full) => {}
            Err(error) => return Err(error),
        }
        let mut report = SweepReport::default();
        loop {
            let orphans = self.free_orphans().await?;
            let parts = self.unlink_leftovers().await?;
            let expired = self.expire().await?;
            report.waiting = 0;
            let bodies = self.free_bodies(&mut report).await?;
            let extents = self.free_extents(&mut report).await?;
            let punched = self.punch().await?;
            report.parts += parts;
            report.expired += expired;
            report.extents += orphans;
            let worked = orphans + parts + expired + bodies + extents + punched > 0;
            if !worked || self.is_stopping() {
                return Ok(report);
            }
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Unlinks the parts of uploads that ended.
    async fn unlink_leftovers(&self) -> Result<usize, Error> {
        let mut count = 0;
        let prefix = Table::Leftover.key(&[]);
        let snapshot = self.meta.snapshot().await?;
        let uploads = txn::scan(
            snapshot.as_ref(),
            &prefix,
            prefix.clone(),
            limits::SCAN_ROWS,
        )
        .await?;
        for (leftover, _) in uploads {
            let id = tables::id_at(&leftover, 0).ok_or_else(damaged_key)?;
            let prefix = tables::parts(UploadRef(id));
            loop {
                let mut txn = self.begin().await?;
                let most = limits::SWEEP_WRITES_MAX / 3;
                let rows = txn.scan(&prefix, prefix.clone(), most).await?;
                for (row, value) in &rows {
                    crate::uploads::unlink_part(&mut txn, &PartRecord::from_value(value)?);
                    txn.delete(row.clone());
                }
                count += rows.len();
                let last = rows.len() < most;
                if last {
                    txn.delete(leftover.clone());
                    count += 1;
                }
                self.commit(txn).await?;
                if last || self.is_stopping() {
                    break;
                }
            }
        }
        Ok(count)
    }

    /// Removes rows whose time is over.
    async fn expire(&self) -> Result<usize, Error> {
        let now = self.now().secs();
        let prefix = Table::Expiry.key(&[]);
        let snapshot = self.meta.snapshot().await?;
        let most = limits::SWEEP_WRITES_MAX / 2;
        let rows = txn::scan(snapshot.as_ref(), &prefix, prefix.clone(), most).await?;
        let mut writes = BTreeMap::new();
        for (row, expired) in rows {
            let time = row.get(1..9).and_then(|time| time.first_chunk::<8>());
            if u64::from_be_bytes(*time.ok_or_else(damaged_key)?) > now {
                break;
            }
            writes.insert(row, None);
            writes.insert(expired, None);
        }
        let writes: Vec<_> = writes.into_iter().collect();
        if !writes.is_empty() {
            self.write(&writes).await?;
        }
        Ok(writes.len())
    }

    /// Removes the bodies that nothing refers to.
    async fn free_bodies(&self, report: &mut SweepReport) -> Result<usize, Error> {
        let prefix = Table::FreeBody.key(&[]);
        let mut start = prefix.clone();
        let mut worked = 0;
        while !self.is_stopping() {
            let snapshot = self.meta.snapshot().await?;
            let rows = txn::scan(snapshot.as_ref(), &prefix, start, limits::SCAN_ROWS).await?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            // On from here, whatever of it stays: to begin anew would be to pass over all that was
            // deleted so far, again and again.
            start = tables::after(last);
            let mut bodies: BTreeMap<BodyId, Vec<Bytes>> = BTreeMap::new();
            for (row, _) in rows {
                let body = BodyId(tables::id_at(&row, 0).ok_or_else(damaged_key)?);
                bodies.entry(body).or_default().push(row);
            }
            worked += self.free_some_bodies(snapshot, bodies, report).await?;
        }
        Ok(worked)
    }

    /// Frees those of these bodies that it can, each of which comes with marks that were found.
    async fn free_some_bodies(
        &self,
        before: Arc<dyn Snapshot>,
        bodies: BTreeMap<BodyId, Vec<Bytes>>,
        report: &mut SweepReport,
    ) -> Result<usize, Error> {
        let mut worked = 0;
        let mut unused = Vec::new();
        let mut needless = Vec::new();
        for (body, mut found) in bodies {
            if !txn::is_empty(before.as_ref(), &tables::references(body)).await? {
                needless.append(&mut found);
                continue;
            }
            let marks = marks(before.as_ref(), body).await?;
            if marks.len() == limits::MARKS_MAX {
                // Too many for one transaction; the first is enough to come back to the body.
                needless.extend(found.into_iter().filter(|mark| Some(mark) != marks.first()));
            } else {
                unused.push((body, marks));
            }
        }
        for marks in needless.chunks(limits::SWEEP_WRITES_MAX) {
            let writes: Vec<_> = marks.iter().map(|mark| (mark.clone(), None)).collect();
            self.write(&writes).await?;
            worked += marks.len();
        }
        // Whoever could find the body entered before now. First the barrier, then the leases, then
        // the second look: in any other order a reference made from a lease could be missed.
        drop(before);
        if unused.is_empty() {
            return Ok(worked);
        }
        if !Bug::NoBarrier.is_planted() {
            self.leases.barrier().await;
        }
        let found = unused.len();
        let leased = |body| self.leases.is_leased(body) && !Bug::FreeUnderLease.is_planted();
        unused.retain(|(body, _)| !leased(*body));
        report.waiting += found - unused.len();
        let after = self.meta.snapshot().await?;
        let mut batch = self.begin().await?;
        for (body, seen) in unused {
            let unreferenced = txn::is_empty(after.as_ref(), &tables::references(body)).await?;
            let unchanged = unreferenced && marks(after.as_ref(), body).await? == seen;
            if unchanged || Bug::NoSecondLook.is_planted() {
                batch = self.remove_body(batch, body, seen).await?;
                report.bodies += 1;
            }
            worked += 1;
        }
        self.commit(batch).await?;
        Ok(worked)
    }

    /// Adds the removal of a body to a transaction, which is committed and begun anew when full.
    async fn remove_body(
        &self,
        mut batch: Txn,
        body: BodyId,
        marks: Vec<Bytes>,
    ) -> Result<Txn, Error> {
        let row = tables::body(body);
        let mut slices: BTreeSet<(ExtentId, bool)> = BTreeSet::new();
        if let Some(record) = batch.peek::<BodyRecord>(&row).await? {
            self.forget_digests(body).await?;
            match record.list {
                List::Inline(items) => {
                    slices.extend(items.into_iter().filter_map(|item| match item {
                        Item::Slice(slice) => Some((slice.extent, slice.tiny)),
                        Item::Part(_) | Item::Sum(_) => None,
                    }))
                }
                List::Chained(_) => self.remove_chain(body).await?,
            }
        }
        let more = 2 * slices.len() + marks.len() + 1;
        if batch.len() + more > limits::SWEEP_WRITES_MAX + limits::MARKS_MAX {
            self.commit(batch).await?;
            batch = self.begin().await?;
        }
        for (extent, tiny) in slices {
            for (row, value) in unlink(extent, tiny, body) {
                batch.set(row, value);
            }
        }
        for mark in marks {
            batch.delete(mark);
        }
        batch.delete(row);
        Ok(batch)
    }

    /// Removes a body's chained rows, each after the links that it names.
    async fn remove_chain(&self, body: BodyId) -> Result<(), Error> {
        let prefix = tables::chains(body);
        loop {
            let snapshot = self.meta.snapshot().await?;
            let rows = txn::scan(snapshot.as_ref(), &prefix, prefix.clone(), 1).await?;
            let Some((row, value)) = rows.first() else {
                return Ok(());
            };
            self.unlink_slices(body, items_of(value)?).await?;
            self.write(&[(row.clone(), None)]).await?;
        }
    }

    async fn forget_digests(&self, body: BodyId) -> Result<(), Error> {
        let prefix = tables::digests(body);
        loop {
            let snapshot = self.meta.snapshot().await?;
            let most = limits::DIGESTS_FORGOTTEN_AT_ONCE;
            let rows = txn::scan(snapshot.as_ref(), &prefix, prefix.clone(), most).await?;
            let last = rows.len() < most;
            if !rows.is_empty() {
                let writes: Vec<_> = rows.into_iter().map(|(row, _)| (row, None)).collect();
                self.write(&writes).await?;
            }
            if last {
                return Ok(());
            }
        }
    }

    /// Removes the extents that no body has slices of.
    async fn free_extents(&self, report: &mut SweepReport) -> Result<usize, Error> {
        let prefix = Table::FreeExtent.key(&[]);
        let mut start = prefix.clone();
        let mut worked = 0;
        while !self.is_stopping() {
            let snapshot = self.meta.snapshot().await?;
            // Each may take three writes.
            let most = limits::SWEEP_WRITES_MAX / 3;
            let rows = txn::scan(snapshot.as_ref(), &prefix, start, most).await?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            start = tables::after(last);
            worked += rows.len();
            let mut writes = BTreeMap::new();
            for (row, value) in rows {
                let extent = ExtentId(tables::id_at(&row, 0).ok_or_else(damaged_key)?);
                writes.insert(row, None);
                let used = !txn::is_empty(snapshot.as_ref(), &tables::slices(extent)).await?;
                if used && !Bug::FreeSharedExtent.is_planted() {
                    continue;
                }
                if let Happened(true) = Happened::from_value(&value)? {
                    if writes.insert(tables::tiny(extent), None).is_none() {
                        report.extents += 1;
                    }
                } else if let Some(address) = snapshot.get(&tables::extent(extent)).await? {
                    writes.insert(tables::extent(extent), None);
                    writes.insert(tables::punch(extent), Some(address));
                }
            }
            let writes: Vec<_> = writes.into_iter().collect();
            self.write(&writes).await?;
        }
        if worked > 0 {
            report.extents += self.punch().await?;
        }
        Ok(worked)
    }

    /// Gives the space back of extents that no row names any more.
    async fn punch(&self) -> Result<usize, Error> {
        let prefix = Table::Punch.key(&[]);
        let mut start = prefix.clone();
        let mut count = 0;
        loop {
            let snapshot = self.meta.snapshot().await?;
            let most = limits::SWEEP_WRITES_MAX;
            let rows = txn::scan(snapshot.as_ref(), &prefix, start, most).await?;
            let Some((last, _)) = rows.last() else {
                return Ok(count);
            };
            start = tables::after(last);
            let mut addresses = Vec::with_capacity(rows.len());
            for (_, value) in &rows {
                addresses.push(ExtentRecord::from_value(value)?.address);
            }
            self.extents.free(&addresses).await?;
            count += rows.len();
            let writes: Vec<_> = rows.into_iter().map(|(row, _)| (row, None)).collect();
            self.write(&writes).await?;
        }
    }
}

async fn marks(snapshot: &dyn Snapshot, body: BodyId) -> Result<Vec<Bytes>, Error> {
    let prefix = tables::free_bodies(body);
    let rows = txn::scan(snapshot, &prefix, prefix.clone(), limits::MARKS_MAX).await?;
    Ok(rows.into_iter().map(|(row, _)| row).collect())
}

fn damaged_key() -> Error {
    Error::corrupt("a row's key is damaged")
}
