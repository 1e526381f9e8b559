//! Walking a bucket's keys in byte order, rolled up at a delimiter.
//!
//! A common prefix costs one seek, not a walk over all that is under it: a thousand of them over a
//! million keys are a thousand seeks.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Error;
use crate::limits;
use crate::meta::Snapshot;
use crate::tables::{self, BucketId, Table};
use crate::txn;

/// Which rows, and where to begin.
#[derive(Debug)]
pub(crate) struct Rows<'a, T> {
    pub(crate) table: Table,
    pub(crate) bucket: BucketId,
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: Option<&'a str>,
    pub(crate) start: Start<'a>,
    /// How many rows and common prefixes are wanted at most.
    pub(crate) limit: usize,
    /// The object key in a row's key, after the bucket's id.
    pub(crate) key_of: fn(&[u8]) -> Option<&str>,
    /// What a row says; `None` if it is not there at all, as far as this listing is concerned.
    pub(crate) read: fn(&[u8]) -> Result<Option<T>, Error>,
}

/// Where a listing begins.
#[derive(Debug)]
pub(crate) enum Start<'a> {
    /// After all rows of this key, or of this common prefix; empty for the beginning.
    After(&'a str),
    /// At this row, or the first after it.
    At(Bytes),
}

/// What a listing finds next.
#[derive(Debug)]
pub(crate) enum Found<T> {
    /// A row: the object key, the row's key after the bucket's id, what it says.
    Row(String, Bytes, T),
    /// A common prefix.
    Prefix(String),
}

/// A listing under way.
#[derive(Debug)]
pub(crate) struct Listing<'a, T> {
    snapshot: Arc<dyn Snapshot>,
    rows: Rows<'a, T>,
    /// The table and the bucket.
    base: Bytes,
    /// All rows of the listing begin so.
    range: Bytes,
    /// Where the next scan begins; `None` once all is read.
    cursor: Option<Bytes>,
    batch: VecDeque<(Bytes, Bytes)>,
    batch_size: usize,
}

/// Rows of the first scan after a seek: most often the next seek follows at once.
const FIRST_BATCH: usize = 4;

impl<'a, T> Listing<'a, T> {
    pub(crate) fn new(snapshot: Arc<dyn Snapshot>, rows: Rows<'a, T>) -> Self {
        let base = rows.table.key(&[&rows.bucket.0]);
        let range = join(&base, rows.prefix);
        let start = match &rows.start {
            Start::After("") => Some(range.clone()),
            Start::After(marker) => {
                let marked = join(&base, marker);
                match rolled_up(marker, rows.prefix, rows.delimiter) {
                    Some(common) if common == *marker => tables::after_prefix(&marked),
                    _ if matches!(rows.table, Table::Head) => Some(tables::after(&marked)),
                    // In tables whose keys go on after the object key, a NUL ends that.
                    _ => tables::after_prefix(&tables::after(&marked)),
                }
            }
            Start::At(row) => Some(row.clone()),
        };
        Self {
            snapshot,
            cursor: start.map(|start| start.max(range.clone())),
            base,
            range,
            batch: VecDeque::new(),
            // Without common prefixes one scan finds all that is wanted, and what tells that there is
            // more.
            batch_size: if rows.delimiter.is_some() {
                FIRST_BATCH
            } else {
                (rows.limit + 1).clamp(FIRST_BATCH, limits::SCAN_ROWS + 1)
            },
            rows,
        }
    }

    /// What comes next.
    pub(crate) async fn next(&mut self) -> Result<Option<Found<T>>, Error> {
        loop {
            let Some((row, value)) = self.batch.pop_front() else {
                if self.read_on().await? {
                    continue;
                }
                return Ok(None);
            };
            let Some(said) = (self.rows.read)(&value)? else {
                continue;
            };
            let rest = row.slice(self.base.len()..);
            let key = (self.rows.key_of)(&rest)
                .ok_or_else(|| Error::corrupt("a row's key is damaged"))?
                .to_owned();
            let Some(common) = rolled_up(&key, self.rows.prefix, self.rows.delimiter) else {
                return Ok(Some(Found::Row(key, rest, said)));
            };
            let common = common.to_owned();
            self.skip(&common);
            return Ok(Some(Found::Prefix(common)));
        }
    }

    /// Reads the next rows; `false` if there are none.
    async fn read_on(&mut self) -> Result<bool, Error> {
        let Some(start) = self.cursor.take() else {
            return Ok(false);
        };
        let limit = self.batch_size;
        let rows = txn::scan(self.snapshot.as_ref(), &self.range, start, limit).await?;
        if rows.len() == limit {
            self.cursor = rows.last().map(|(row, _)| tables::after(row));
        }
        self.batch_size = (limit * 4).min(limits::SCAN_ROWS);
        self.batch = rows.into();
        Ok(!self.batch.is_empty())
    }

    /// Goes on behind all rows under a common prefix.
    fn skip(&mut self, common: &str) {
        let under = join(&self.base, common);
        while self
            .batch
            .front()
            .is_some_and(|(row, _)| row.starts_with(&under))
        {
            self.batch.pop_front();
        }
        if self.batch.is_empty() && self.cursor.is_some() {
            self.cursor = tables::after_prefix(&under);
            self.batch_size = FIRST_BATCH;
        }
    }
}

fn join(base: &Bytes, text: &str) -> Bytes {
    [base, text.as_bytes()].concat().into()
}

/// The common prefix that a key is rolled up into.
fn rolled_up<'k>(key: &'k str, prefix: &str, delimiter: Option<&str>) -> Option<&'k str> {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let at = key.strip_prefix(prefix)?.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len())
}

/// A row's key is the object key and nothing more.
pub(crate) fn whole(rest: &[u8]) -> Option<&str> {
    std::str::from_utf8(rest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_rolled_up_at_the_first_delimiter_after_the_prefix() {
        for (key, prefix, delimiter, common) in [
            ("a/b/c", "", Some("/"), Some("a/")),
            ("a/b/c", "a/", Some("/"), Some("a/b/")),
            ("a/b", "a/", Some("/"), None),
            ("ab", "", None, None),
            ("a--b", "", Some("--"), Some("a--")),
            ("x", "y", Some("x"), None),
        ] {
            assert_eq!(rolled_up(key, prefix, delimiter), common, "{key} {prefix}");
        }
    }
}
