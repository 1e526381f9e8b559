//! The scrub: reads every stored byte and compares it with its checksum, so that damage is found
//! while another copy may still exist, and says which objects it hits. Nothing is changed.
//!
//! It may run while the store is in use. Each extent is looked at once, however many objects share
//! it; what is removed meanwhile is passed over.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bytes::Bytes;
use cosette_types::checksum::hex;
use cosette_types::{BucketName, ObjectKey, PartNumber, VersionId};

use crate::codec::Record;
use crate::error::Error;
use crate::extents::{ExtentId, READ_BYTES_MAX};
use crate::limits;
use crate::meta::Snapshot;
use crate::records::{BucketRecord, ExtentRecord, Referrer, VersionRecord};
use crate::store::{Core, Store};
use crate::tables::{self, BodyId, BucketId, Table};
use crate::{tiny, txn};

/// What a scrub found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScrubReport {
    /// Extents read, tiny ones included.
    pub extents: u64,
    /// Bytes read.
    pub bytes: u64,
    /// What is damaged; at most [`limits::DAMAGES_MAX`] are told of.
    pub damages: Vec<Damage>,
    /// Damaged extents, those included that are not told of.
    pub damaged: u64,
}

/// A damaged extent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Its id in hexadecimal, and what is wrong with it.
    pub what: String,
    /// Who has its bytes; at most [`limits::HOLDERS_MAX`] are told of.
    pub holders: Vec<Holder>,
}

/// Somebody who has the bytes of an extent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A version of an object.
    Version {
        /// The bucket; `None` if it has none any more.
        bucket: Option<BucketName>,
        /// The key.
        key: ObjectKey,
        /// The version; `null` where there is no versioning.
        version_id: VersionId,
    },
    /// A part of an unfinished upload.
    Part {
        /// Its number.
        number: PartNumber,
    },
}

impl ScrubReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.damaged == 0
    }
}

impl Store {
    /// Reads every stored byte, at most so many a second if a rate is given.
    ///
    /// # Errors
    /// When the rows that say what is stored cannot be read; damaged bytes are in the report.
    pub async fn scrub(&self, bytes_per_sec_max: Option<u64>) -> Result<ScrubReport, Error> {
        let mut scrub = Scrub {
            core: &self.core,
            rate: bytes_per_sec_max,
            report: ScrubReport::default(),
        };
        scrub.table(Table::Extent).await?;
        scrub.table(Table::Tiny).await?;
        Ok(scrub.report)
    }
}

struct Scrub<'a> {
    core: &'a Core,
    rate: Option<u64>,
    report: ScrubReport,
}

impl Scrub<'_> {
    async fn table(&mut self, table: Table) -> Result<(), Error> {
        let prefix = table.key(&[]);
        let mut start = prefix.clone();
        loop {
            // A page at a time, so that no snapshot grows old.
            let snapshot = self.core.meta.snapshot().await?;
            let most = limits::SCRUB_ROWS;
            let rows = txn::scan(snapshot.as_ref(), &prefix, start, most).await?;
            drop(snapshot);
            let last = rows.last().map(|(row, _)| tables::after(row));
            for (row, value) in &rows {
                let id = tables::id_at(row, 0).map(ExtentId);
                let id = id.ok_or_else(|| Error::corrupt("a row's key is damaged"))?;
                self.report.extents += 1;
                let wrong = match table {
                    Table::Tiny => self.tiny(value).await,
                    _ => self.extent(value).await,
                };
                if let Err(why) = wrong {
                    self.damage(id, row, &why).await?;
                }
            }
            start = match last {
                Some(next) if rows.len() == most => next,
                _ => return Ok(()),
            };
        }
    }

    async fn tiny(&mut self, row: &Bytes) -> Result<(), Error> {
        let bytes = tiny::length(row);
        tiny::open(row)?;
        self.read(bytes).await;
        Ok(())
    }

    async fn extent(&mut self, value: &[u8]) -> Result<(), Error> {
        let record = ExtentRecord::from_value(value)?;
        let mut offset = 0;
        while offset < record.length {
            let length = READ_BYTES_MAX.min(record.length - offset);
            let read = self.core.extents.read(&record.address, offset, length);
            let bytes = read.await?;
            if bytes.len() as u64 != length {
                return Err(Error::corrupt("an extent is shorter than it should be"));
            }
            offset += length;
            self.read(length).await;
        }
        Ok(())
    }

    /// Counts bytes, and waits as long as they may take at least.
    async fn read(&mut self, bytes: u64) {
        self.report.bytes += bytes;
        if let Some(rate) = self.rate.filter(|rate| *rate > 0) {
            let micros = u128::from(bytes) * 1_000_000 / u128::from(rate);
            let micros = u64::try_from(micros).unwrap_or(u64::MAX);
            tokio::time::sleep(Duration::from_micros(micros)).await;
        }
    }

    async fn damage(&mut self, id: ExtentId, row: &Bytes, why: &Error) -> Result<(), Error> {
        let snapshot = self.core.meta.snapshot().await?;
        if snapshot.get(row).await?.is_none() {
            // Removed since the page was read, and its space given back: no damage.
            self.report.extents -= 1;
            return Ok(());
        }
        self.report.damaged += 1;
        if self.report.damages.len() < limits::DAMAGES_MAX {
            let name = hex(&id.0);
            self.report.damages.push(Damage {
                what: format!("extent {name}: {why}"),
                holders: holders(snapshot.as_ref(), id).await?,
            });
        }
        Ok(())
    }
}

/// Who has slices of an extent: the way back from bytes to names.
async fn holders(snapshot: &dyn Snapshot, extent: ExtentId) -> Result<Vec<Holder>, Error> {
    let mut found = BTreeSet::new();
    let mut buckets: HashMap<BucketId, BucketName> = HashMap::new();
    let prefix = tables::slices(extent);
    let slices = txn::scan(snapshot, &prefix, prefix.clone(), limits::HOLDERS_MAX).await?;
    for (row, _) in slices {
        let body = tables::id_at(&row, 16).map(BodyId);
        let body = body.ok_or_else(|| Error::corrupt("a row's key is damaged"))?;
        let prefix = tables::references(body);
        let rows = txn::scan(snapshot, &prefix, prefix.clone(), limits::HOLDERS_MAX).await?;
        for (_, value) in rows {
            match Referrer::from_value(&value)? {
                Referrer::Version(bucket, key, time) => {
                    if buckets.is_empty() {
                        buckets = names(snapshot).await?;
                    }
                    let row = tables::version(bucket, &key, time);
                    let version: Option<VersionRecord> = txn::row(snapshot, &row).await?;
                    let version_id = version.map_or_else(VersionId::null, |found| found.id());
                    found.insert(Holder::Version {
                        bucket: buckets.get(&bucket).cloned(),
                        key,
                        version_id,
                    });
                }
                Referrer::Part(_, number) => {
                    found.insert(Holder::Part { number });
                }
            }
            if found.len() >= limits::HOLDERS_MAX {
                return Ok(found.into_iter().collect());
            }
        }
    }
    Ok(found.into_iter().collect())
}

async fn names(snapshot: &dyn Snapshot) -> Result<HashMap<BucketId, BucketName>, Error> {
    let prefix = Table::Bucket.key(&[]);
    let mut start = prefix.clone();
    let mut names = HashMap::new();
    loop {
        let rows = txn::scan(snapshot, &prefix, start, limits::SCAN_ROWS).await?;
        for (_, value) in &rows {
            let bucket = BucketRecord::from_value(value)?;
            names.insert(bucket.id, bucket.name);
        }
        start = match rows.last() {
            Some((row, _)) if rows.len() == limits::SCAN_ROWS => tables::after(row),
            _ => return Ok(names),
        };
    }
}
