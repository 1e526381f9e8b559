//! The check: every row is read, and what refers to what is followed in both directions.
//!
//! It counts nothing that is kept: there are no counters that could drift. It may run at any time on
//! a store in use, because it looks at one snapshot; what is under way then is told apart by its
//! pending row.

mod bodies;
mod keys;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cosette_types::Span;
use cosette_types::checksum::hex;
use futures_util::TryStreamExt;

use crate::codec::Record;
use crate::digest::Digest;
use crate::error::Error;
use crate::extents::{Address, ExtentId};
use crate::limits;
use crate::meta::Snapshot;
use crate::ops::read::{check_stored, read_body};
use crate::records::{BodyRecord, FormatRecord, JobFailure, JobRecord, Pending, Referrer};
use crate::recover::parse_pending;
use crate::store::Store;
use crate::tables::{self, BodyId, BucketId, LinkId, Table, UploadRef};
use crate::txn;

/// What the check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What is wrong, one sentence each; empty for a sound store.
    pub problems: Vec<String>,
    /// Rows of each table, by the table's byte.
    pub rows: BTreeMap<char, usize>,
    /// Bodies whose bytes were read and compared with their digests.
    pub bodies_read: usize,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Rows of the table with this byte.
    pub fn rows_of(&self, table: char) -> usize {
        self.rows.get(&table).copied().unwrap_or_default()
    }

    /// Rows of all tables but those of the format, of buckets and what is left with them, and of the
    /// directory: none in an emptied store.
    pub fn rows_beside_buckets(&self) -> usize {
        let mut rows = self.rows.iter();
        let beside = rows
            .by_ref()
            .filter(|(table, _)| !['m', 'b', 's', 'o'].contains(table));
        beside.map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// Most problems that are told of; a broken store would fill the memory with them.
const PROBLEMS_MAX: usize = 1000;

impl Store {
    /// Checks the whole store. With `read_bytes`, every body is read, too, and compared with its
    /// digests.
    ///
    /// # Errors
    /// Only those of the drivers; what is wrong is in the report.
    pub async fn fsck(&self, read_bytes: bool) -> Result<Report, Error> {
        let snapshot = self.core.meta.snapshot().await?;
        let mut check = Check::default();
        check.load(snapshot.as_ref()).await?;
        check.keys();
        check.bodies();
        let mut report = check.report;
        if read_bytes {
            for (body, known) in check.bodies {
                // Entered before the snapshot is taken, so that the body cannot go before it is
                // leased; one body at a time, so that the sweep never waits long.
                let entry = self.core.leases.enter();
                let snapshot = self.core.meta.snapshot().await?;
                if txn::is_empty(snapshot.as_ref(), &tables::references(body)).await? {
                    continue;
                }
                let lease = Arc::new(entry.lease(body));
                drop((entry, snapshot));
                let span = Span::whole(known.record.size);
                let core = &self.core;
                let bytes = read_body(Arc::clone(core), body, span, Arc::clone(&lease), None);
                let problem = match compare(core.digest(), bytes, &known.record).await {
                    // Only its customer can read it; that it is what was stored can be seen.
                    Err(Error::CustomerKeyNeeded) => {
                        let checked = check_stored(core, body, known.record.size).await;
                        checked.err().map(|error| error.to_string())
                    }
                    Err(error) => Some(error.to_string()),
                    Ok(problem) => problem,
                };
                drop(lease);
                if let Some(problem) = problem {
                    report
                        .problems
                        .push(format!("body {}: {problem}", hex(&body.0)));
                }
                report.bodies_read += 1;
            }
        }
        report.problems.truncate(PROBLEMS_MAX);
        Ok(report)
    }
}

async fn compare(
    mut digest: Digest,
    bytes: impl futures_util::Stream<Item = Result<Bytes, Error>>,
    record: &BodyRecord,
) -> Result<Option<String>, Error> {
    let mut bytes = std::pin::pin!(bytes);
    while let Some(bytes) = bytes.try_next().await? {
        digest.update(&bytes).await?;
    }
    let found = digest.finish().await?;
    let problem = if found.size != record.size || found.crc64 != record.crc64 {
        Some("its bytes do not have its CRC-64".to_owned())
    } else if record.md5.is_some_and(|md5| md5 != found.md5) {
        Some("its bytes do not have its MD5".to_owned())
    } else {
        None
    };
    Ok(problem)
}

fn all_of(body: BodyId) -> std::ops::RangeInclusive<(BodyId, LinkId)> {
    (body, LinkId([0; 16]))..=(body, LinkId([u8::MAX; 16]))
}

/// Everything read, and what was found wrong with it.
#[derive(Debug, Default)]
struct Check {
    report: Report,
    epoch: u64,
    buckets: HashMap<BucketId, crate::ops::bucket_settings::Versioning>,
    heads: BTreeMap<Bytes, crate::records::Head>,
    versions: BTreeMap<Bytes, crate::records::VersionRecord>,
    bodies: BTreeMap<BodyId, KnownBody>,
    chains: BTreeMap<(BodyId, u32), Vec<crate::records::Item>>,
    references: BTreeMap<(BodyId, LinkId), Referrer>,
    extents: BTreeMap<ExtentId, (Address, u64)>,
    tiny: BTreeMap<ExtentId, u64>,
    slices: BTreeSet<(ExtentId, BodyId)>,
    uploads: BTreeMap<UploadRef, (Bytes, crate::records::UploadRecord)>,
    parts: BTreeMap<(UploadRef, u16), crate::records::PartRecord>,
    digests: BTreeMap<BodyId, usize>,
    pending: BTreeMap<BodyId, (u64, Pending)>,
    leftovers: BTreeSet<UploadRef>,
    free_bodies: BTreeSet<BodyId>,
    free_extents: BTreeSet<ExtentId>,
    punches: BTreeSet<ExtentId>,
    /// Rows that only an expiry row removes, and what expiry rows name.
    expiring: BTreeSet<Bytes>,
    expiries: BTreeSet<Bytes>,
    /// Buckets that documents were left with.
    documented: BTreeSet<BucketId>,
}

#[derive(Debug)]
struct KnownBody {
    record: BodyRecord,
}

impl Check {
    fn problem(&mut self, problem: impl Into<String>) {
        if self.report.problems.len() < PROBLEMS_MAX {
            self.report.problems.push(problem.into());
        }
    }

    async fn load(&mut self, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let mut start = Bytes::new();
        loop {
            let rows = txn::scan(snapshot, &[], start, limits::SCAN_ROWS).await?;
            for (row, value) in &rows {
                if let Err(why) = self.take(row, value) {
                    self.problem(format!("row {:?}: {why}", String::from_utf8_lossy(row)));
                }
            }
            start = match rows.last() {
                Some((row, _)) if rows.len() == limits::SCAN_ROWS => tables::after(row),
                _ => return Ok(()),
            };
        }
    }

    fn take(&mut self, row: &Bytes, value: &[u8]) -> Result<(), Error> {
        let table = row.first().copied().unwrap_or_default();
        let table = Table::ALL.into_iter().find(|known| known.byte() == table);
        let table = table.ok_or_else(|| Error::corrupt("of no table"))?;
        *self
            .report
            .rows
            .entry(char::from(table.byte()))
            .or_default() += 1;
        let id = |from| tables::id_at(row, from).ok_or_else(|| Error::corrupt("a damaged key"));
        match table {
            Table::Format if *row == tables::importing() => {
                return Err(Error::corrupt("an import is not finished"));
            }
            Table::Format => self.epoch = FormatRecord::from_value(value)?.epoch,
            Table::Bucket | Table::Head | Table::Version => self.take_key(table, row, value)?,
            Table::Body => {
                let record = BodyRecord::from_value(value)?;
                self.bodies.insert(BodyId(id(0)?), KnownBody { record });
            }
            Table::Chain => {
                let number = row.last_chunk::<4>().map(|n| u32::from_be_bytes(*n));
                let number = number.unwrap_or_default();
                let items = crate::body::items_of(value)?;
                self.chains.insert((BodyId(id(0)?), number), items);
            }
            Table::Reference => {
                let at = (BodyId(id(0)?), LinkId(id(16)?));
                self.references.insert(at, Referrer::from_value(value)?);
            }
            Table::Extent | Table::Tiny | Table::Slice | Table::Punch | Table::FreeExtent => {
                self.take_extent(table, row, value)?;
            }
            Table::Upload | Table::Part | Table::Leftover => {
                self.take_upload(table, row, value)?;
            }
            Table::Answer | Table::Token | Table::Outcome => {
                self.expiring.insert(row.clone());
            }
            Table::Setting => {
                self.documented.insert(BucketId(id(0)?));
            }
            Table::Job => {
                if JobRecord::from_value(value)?.ended.is_some() {
                    self.expiring.insert(row.clone());
                }
            }
            Table::JobFailure => {
                JobFailure::from_value(value)?;
                self.expiring.insert(row.clone());
            }
            Table::Digest => *self.digests.entry(BodyId(id(0)?)).or_default() += 1,
            Table::Pending => {
                let (epoch, body) = parse_pending(row)?;
                let pending = Pending::from_value(value)?;
                self.pending.insert(body, (epoch, pending));
            }
            Table::FreeBody => {
                self.free_bodies.insert(BodyId(id(0)?));
            }
            // What is in them is the server's business.
            Table::Directory => {}
            Table::Expiry => {
                self.expiries.insert(Bytes::copy_from_slice(value));
            }
        }
        Ok(())
    }
}
