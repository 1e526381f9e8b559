//! The check: every row is read, and what refers to what is followed in both directions.
//!
//! It counts nothing that is kept: there are no counters that could drift. It may run at any time on
//! a store in use, because it looks at one snapshot; what is under way then is told apart by its
//! pending row.
//!
//! Its memory is bounded, whatever the store holds. Each row is looked at once, and what it names is
//! looked up; for that both ends of a link name each other. Where only one end does (`passes`), the
//! other is gathered a part at a time, or both are summed up and compared.

mod bodies;
mod keys;
mod passes;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cosette_types::Span;
use cosette_types::checksum::hex;
use futures_util::TryStreamExt;

use self::bodies::Lists;
use self::keys::OneKey;
use self::passes::Names;
use crate::codec::Record;
use crate::digest::Digest;
use crate::error::Error;
use crate::limits;
use crate::meta::Snapshot;
use crate::ops::bucket_settings::Versioning;
use crate::ops::read::{check_stored, read_body};
use crate::records::{
    BodyRecord, BucketRecord, BucketState, FormatRecord, JobFailure, JobRecord, Pending,
};
use crate::recover::parse_pending;
use crate::store::Store;
use crate::tables::{self, BodyId, BucketId, Table};
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
    /// Most facts that were held in memory at the same time, buckets aside.
    pub facts_held: usize,
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
        self.fsck_holding(read_bytes, limits::FSCK_FACTS_MAX).await
    }

    /// As [`Store::fsck`], with at most so many facts in memory at the same time. Fewer take longer:
    /// some tables are then walked more often.
    ///
    /// # Errors
    /// As [`Store::fsck`].
    pub async fn fsck_holding(&self, read_bytes: bool, facts: usize) -> Result<Report, Error> {
        let snapshot = self.core.meta.snapshot().await?;
        let mut check = Check::new(snapshot.as_ref(), facts.max(1));
        check.everything().await?;
        let mut report = check.report;
        drop(snapshot);
        if read_bytes {
            self.read_bodies(&mut report).await?;
        }
        Ok(report)
    }

    /// Reads every body that something refers to. No snapshot is held meanwhile.
    async fn read_bodies(&self, report: &mut Report) -> Result<(), Error> {
        let prefix = Table::Body.key(&[]);
        let mut start = prefix.clone();
        loop {
            let snapshot = self.core.meta.snapshot().await?;
            let most = limits::SCRUB_ROWS;
            let rows = txn::scan(snapshot.as_ref(), &prefix, start, most).await?;
            drop(snapshot);
            for (row, _) in &rows {
                if let Some(id) = tables::id_at(row, 0) {
                    self.read_one(BodyId(id), report).await?;
                }
            }
            start = match rows.last() {
                Some((row, _)) if rows.len() == most => tables::after(row),
                _ => return Ok(()),
            };
        }
    }

    async fn read_one(&self, body: BodyId, report: &mut Report) -> Result<(), Error> {
        // Entered before the snapshot is taken, so that the body cannot go before it is leased; one
        // body at a time, so that the sweep never waits long.
        let entry = self.core.leases.enter();
        let snapshot = self.core.meta.snapshot().await?;
        if txn::is_empty(snapshot.as_ref(), &tables::references(body)).await? {
            return Ok(());
        }
        let record = match txn::row::<BodyRecord>(snapshot.as_ref(), &tables::body(body)).await {
            Ok(Some(record)) => record,
            // Told of by whoever looked at the rows.
            Ok(None) | Err(Error::Corrupt { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let lease = Arc::new(entry.lease(body));
        drop((entry, snapshot));
        let span = Span::whole(record.size);
        let core = &self.core;
        let bytes = read_body(Arc::clone(core), body, span, Arc::clone(&lease), None);
        let problem = match compare(core.digest(None), bytes, &record).await {
            // Only its customer can read it; that it is what was stored can be seen.
            Err(Error::CustomerKeyNeeded) => {
                let checked = check_stored(core, body, record.size).await;
                checked.err().map(|error| error.to_string())
            }
            Err(error) => Some(error.to_string()),
            Ok(problem) => problem,
        };
        drop(lease);
        if let Some(problem) = problem
            && report.problems.len() < PROBLEMS_MAX
        {
            let problem = format!("body {}: {problem}", hex(&body.0));
            report.problems.push(problem);
        }
        report.bodies_read += 1;
        Ok(())
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
    let (found, _) = digest.finish().await?;
    let problem = if found.size != record.size || found.crc64 != record.crc64 {
        Some("its bytes do not have its CRC-64".to_owned())
    } else if record.md5.is_some_and(|md5| md5 != found.md5) {
        Some("its bytes do not have its MD5".to_owned())
    } else {
        None
    };
    Ok(problem)
}

/// What is looked at, and what was found wrong with it.
struct Check<'a> {
    snapshot: &'a dyn Snapshot,
    facts_max: usize,
    report: Report,
    epoch: u64,
    /// Whether no body at all is about to go or to come: then none has to be looked up.
    at_rest: bool,
    buckets: HashMap<BucketId, Versioning>,
    names: Names,
    /// Rows of one key, and of one body, come one after the other.
    key: Option<OneKey>,
    lists: Lists,
}

/// The rows with a prefix, page by page.
struct Walk<'a> {
    snapshot: &'a dyn Snapshot,
    prefix: Bytes,
    /// `None` at the end.
    next: Option<Bytes>,
}

impl<'a> Walk<'a> {
    fn over(snapshot: &'a dyn Snapshot, prefix: Bytes) -> Self {
        Self {
            snapshot,
            next: Some(prefix.clone()),
            prefix,
        }
    }

    /// The next rows; `None` at the end.
    async fn page(&mut self) -> Result<Option<Vec<(Bytes, Bytes)>>, Error> {
        let Some(start) = self.next.take() else {
            return Ok(None);
        };
        let most = limits::SCRUB_ROWS;
        let rows = txn::scan(self.snapshot, &self.prefix, start, most).await?;
        let last = rows.last().filter(|_| rows.len() == most);
        self.next = last.map(|(row, _)| tables::after(row));
        Ok(Some(rows))
    }
}

impl<'a> Check<'a> {
    fn new(snapshot: &'a dyn Snapshot, facts_max: usize) -> Self {
        Self {
            snapshot,
            facts_max,
            report: Report::default(),
            epoch: 0,
            at_rest: false,
            buckets: HashMap::new(),
            names: Names::default(),
            key: None,
            lists: Lists::default(),
        }
    }

    fn problem(&mut self, problem: impl Into<String>) {
        if self.report.problems.len() < PROBLEMS_MAX {
            self.report.problems.push(problem.into());
        }
    }

    /// So many facts are in memory now.
    fn holding(&mut self, facts: usize) {
        self.report.facts_held = self.report.facts_held.max(facts);
    }

    fn walk(&self, table: Table) -> Walk<'a> {
        Walk::over(self.snapshot, table.key(&[]))
    }

    async fn record<R: Record>(&self, row: &[u8]) -> Result<Option<R>, Error> {
        txn::row(self.snapshot, row).await
    }

    async fn is_there(&self, row: &[u8]) -> Result<bool, Error> {
        Ok(self.snapshot.get(row).await?.is_some())
    }

    async fn any(&self, prefix: &Bytes) -> Result<bool, Error> {
        Ok(!txn::is_empty(self.snapshot, prefix).await?)
    }

    async fn everything(&mut self) -> Result<(), Error> {
        self.load_buckets().await?;
        self.at_rest = !self.any(&Table::FreeBody.key(&[])).await?
            && !self.any(&Table::Pending.key(&[])).await?;
        let mut walk = Walk::over(self.snapshot, Bytes::new());
        while let Some(rows) = walk.page().await? {
            for (row, value) in &rows {
                match self.row(row, value).await {
                    Err(why @ Error::Corrupt { .. }) => {
                        self.problem(format!("row {:?}: {why}", String::from_utf8_lossy(row)));
                    }
                    other => other?,
                }
            }
        }
        self.end_of_key().await?;
        self.end_of_digests().await?;
        self.links().await?;
        self.addresses().await?;
        self.parts_of_uploads().await?;
        self.expiring().await
    }

    /// What rows of all tables are compared with.
    async fn load_buckets(&mut self) -> Result<(), Error> {
        let format: Result<Option<FormatRecord>, _> = self.record(&tables::format()).await;
        // A damaged one is told of when its row is looked at.
        self.epoch = format.ok().flatten().map_or(0, |format| format.epoch);
        let mut walk = self.walk(Table::Bucket);
        while let Some(rows) = walk.page().await? {
            for (_, value) in &rows {
                if let Ok(bucket) = BucketRecord::from_value(value) {
                    self.buckets.insert(bucket.id, bucket.versioning);
                }
            }
        }
        Ok(())
    }

    async fn row(&mut self, row: &Bytes, value: &Bytes) -> Result<(), Error> {
        let table = row.first().copied().unwrap_or_default();
        let table = Table::ALL.into_iter().find(|known| known.byte() == table);
        let table = table.ok_or_else(|| Error::corrupt("of no table"))?;
        let count = self.report.rows.entry(char::from(table.byte()));
        *count.or_default() += 1;
        let id = |from| tables::id_at(row, from).ok_or_else(|| Error::corrupt("a damaged key"));
        match table {
            Table::Format if *row == tables::importing() => {
                return Err(Error::corrupt("an import is not finished"));
            }
            Table::Format => {
                FormatRecord::from_value(value)?;
            }
            Table::Bucket => self.bucket(&BucketRecord::from_value(value)?),
            Table::Head | Table::Version => self.row_of_key(table, row, value).await?,
            Table::Body | Table::Chain | Table::Reference | Table::Digest => {
                self.row_of_body(table, BodyId(id(0)?), row, value).await?;
            }
            Table::Extent | Table::Tiny | Table::Slice | Table::Punch => {
                self.row_of_extent(table, row, value).await?;
            }
            Table::Upload => self.upload(row, value).await?,
            Table::Part => self.part(row, value).await?,
            Table::Setting => {
                let bucket = BucketId(id(0)?);
                if !self.buckets.contains_key(&bucket) {
                    let bucket = hex(&bucket.0);
                    self.problem(format!("settings of a bucket {bucket} that is gone"));
                }
            }
            Table::Job => drop(JobRecord::from_value(value)?),
            Table::JobFailure => drop(JobFailure::from_value(value)?),
            Table::Pending => {
                let (epoch, body) = parse_pending(row)?;
                Pending::from_value(value)?;
                if epoch < self.epoch {
                    self.problem(format!("body {}: pending since a dead epoch", hex(&body.0)));
                }
            }
            Table::FreeBody | Table::FreeExtent | Table::Leftover => drop(id(0)?),
            // What is in a directory is the server's business; of the others, only that they go.
            Table::Directory | Table::Expiry | Table::Answer | Table::Token | Table::Outcome => {}
        }
        Ok(())
    }

    fn bucket(&mut self, bucket: &BucketRecord) {
        if let BucketState::Deleting(epoch, _) = bucket.state
            && epoch < self.epoch
        {
            self.problem(format!("bucket {} is left half deleted", bucket.name));
        }
    }

    /// Whether a body is about to go, or about to come: then what hangs on it may be there in part.
    async fn is_between(&self, body: BodyId) -> Result<bool, Error> {
        if self.at_rest {
            return Ok(false);
        }
        Ok(self.any(&tables::free_bodies(body)).await?
            || self.is_there(&tables::pending(self.epoch, body)).await?)
    }
}
