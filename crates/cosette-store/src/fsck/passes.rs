//! What is named from one end only, so that a look at single rows cannot show it: compared in sums,
//! or gathered a part at a time, in as many passes as it takes to hold no more than allowed.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use cosette_types::checksum::hex;

use super::Check;
use crate::codec::Record;
use crate::error::Error;
use crate::extents::ExtentId;
use crate::records::{ExtentRecord, JobRecord, UploadRecord};
use crate::tables::{self, BodyId, Table, UploadRef};

/// Rows that only an expiry row removes.
const EXPIRING: [Table; 5] = [
    Table::Answer,
    Table::Token,
    Table::Outcome,
    Table::Job,
    Table::JobFailure,
];

/// Numbers that stand for names, and sums of them: two sets have equal sums if they are equal, and
/// otherwise by chance of one in 2 to the 128.
#[derive(Debug, Default)]
pub(super) struct Names {
    hashers: [RandomState; 2],
    listed: u128,
    linked: u128,
}

impl Names {
    /// The number that stands for a name.
    pub(super) fn of(&self, name: &[u8]) -> u128 {
        let [high, low] = self.hashers.each_ref().map(|hasher| hasher.hash_one(name));
        u128::from(high) << 64 | u128::from(low)
    }

    fn of_link(&self, extent: ExtentId, body: BodyId) -> u128 {
        self.of(&[extent.0, body.0].concat())
    }

    /// A body has slices of an extent.
    pub(super) fn listed(&mut self, extent: ExtentId, body: BodyId) {
        self.listed = self.listed.wrapping_add(self.of_link(extent, body));
    }

    /// An extent is linked to a body.
    pub(super) fn linked(&mut self, extent: ExtentId, body: BodyId) {
        self.linked = self.linked.wrapping_add(self.of_link(extent, body));
    }
}

impl Check<'_> {
    fn rows_of(&self, table: Table) -> usize {
        self.report.rows_of(char::from(table.byte()))
    }

    /// How often a table with so many rows is walked.
    fn passes(&self, rows: usize) -> u128 {
        rows.div_ceil(self.facts_max).max(1) as u128
    }

    /// Every link of an extent is to a body that has slices of it. The other way round was looked up
    /// body by body; so if there are as many, they are the same.
    pub(super) async fn links(&mut self) -> Result<(), Error> {
        if self.names.listed == self.names.linked {
            return Ok(());
        }
        let mut walk = self.walk(Table::Slice);
        while let Some(rows) = walk.page().await? {
            for (row, _) in &rows {
                let ids = tables::id_at(row, 0).zip(tables::id_at(row, 16));
                let Some((extent, body)) = ids.map(|(one, two)| (ExtentId(one), BodyId(two)))
                else {
                    continue;
                };
                if self.is_between(body).await? {
                    continue;
                }
                match self.has_slice(body, extent).await {
                    Ok(true) | Err(Error::Corrupt { .. }) => {}
                    Ok(false) => {
                        let (extent, body) = (hex(&extent.0), hex(&body.0));
                        self.problem(format!("extent {extent}: a link of body {body} to nothing"));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// No two extents are in the same place.
    pub(super) async fn addresses(&mut self) -> Result<(), Error> {
        let passes = self.passes(self.rows_of(Table::Extent));
        for pass in 0..passes {
            let mut places = HashMap::new();
            let mut walk = self.walk(Table::Extent);
            while let Some(rows) = walk.page().await? {
                for (row, value) in &rows {
                    let record = ExtentRecord::from_value(value).ok();
                    let Some((record, id)) = record.zip(tables::id_at(row, 0)) else {
                        continue;
                    };
                    let place = self.names.of(&record.address.0);
                    if place % passes != pass {
                        continue;
                    }
                    if let Some(other) = places.insert(place, id) {
                        let (one, other) = (hex(&id), hex(&other));
                        self.problem(format!("extents {one} and {other} are in one place"));
                    }
                }
            }
            self.holding(places.len());
        }
        Ok(())
    }

    /// Every part is of an upload that is open, or of one that ended.
    pub(super) async fn parts_of_uploads(&mut self) -> Result<(), Error> {
        let passes = self.passes(self.rows_of(Table::Upload));
        for pass in 0..passes {
            let mut uploads = HashSet::new();
            let mut walk = self.walk(Table::Upload);
            while let Some(rows) = walk.page().await? {
                for (_, value) in &rows {
                    if let Ok(upload) = UploadRecord::from_value(value)
                        && self.names.of(&upload.id.0) % passes == pass
                    {
                        uploads.insert(upload.id);
                    }
                }
            }
            self.holding(uploads.len());
            self.parts_of(|names, upload| {
                names.of(&upload.0) % passes != pass || uploads.contains(&upload)
            })
            .await?;
        }
        Ok(())
    }

    /// Looks at the first part of each upload, which stands for all of them.
    async fn parts_of(
        &mut self,
        is_known: impl Fn(&Names, UploadRef) -> bool,
    ) -> Result<(), Error> {
        let all = Table::Part.key(&[]);
        let mut start = Some(all.clone());
        while let Some(from) = start {
            let rows = crate::txn::scan(self.snapshot, &all, from, 1).await?;
            let Some(id) = rows.first().and_then(|(row, _)| tables::id_at(row, 0)) else {
                break;
            };
            let upload = UploadRef(id);
            if !is_known(&self.names, upload) && !self.is_there(&tables::leftover(upload)).await? {
                self.problem(format!("parts of {}: belong to no upload", hex(&id)));
            }
            start = tables::after_prefix(&tables::parts(upload));
        }
        Ok(())
    }

    /// Every row that is kept for a while is named by a row that says until when.
    pub(super) async fn expiring(&mut self) -> Result<(), Error> {
        let rows = EXPIRING.map(|table| self.rows_of(table)).iter().sum();
        let passes = self.passes(rows);
        for pass in 0..passes {
            let mut kept = HashSet::new();
            for table in EXPIRING {
                let mut walk = self.walk(table);
                while let Some(rows) = walk.page().await? {
                    for (row, value) in &rows {
                        let name = self.names.of(row);
                        if name % passes == pass && expires(table, value) {
                            kept.insert(name);
                        }
                    }
                }
            }
            self.holding(kept.len());
            let mut walk = self.walk(Table::Expiry);
            while let Some(rows) = walk.page().await? {
                for (_, named) in &rows {
                    kept.remove(&self.names.of(named));
                }
            }
            self.never_expire(&kept).await?;
        }
        Ok(())
    }

    async fn never_expire(&mut self, kept: &HashSet<u128>) -> Result<(), Error> {
        if kept.is_empty() {
            return Ok(());
        }
        for table in EXPIRING {
            let mut walk = self.walk(table);
            while let Some(rows) = walk.page().await? {
                for (row, _) in &rows {
                    if kept.contains(&self.names.of(row)) {
                        let row = String::from_utf8_lossy(row).into_owned();
                        self.problem(format!("row {row:?} will never expire"));
                    }
                }
            }
        }
        Ok(())
    }
}

/// A job is kept for as long as it runs.
fn expires(table: Table, value: &[u8]) -> bool {
    let running = |job: JobRecord| job.ended.is_none();
    table != Table::Job || !JobRecord::from_value(value).is_ok_and(running)
}
