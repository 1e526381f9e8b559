//! Reads: the two keyspaces of the engine as one ordered space of keys.

use std::fmt;

use bytes::Bytes;
use fjall::{AbstractTree, Keyspace, Readable};

use super::failed;
use crate::meta::committer;
use crate::meta::{MetaError, Scan};
use crate::planted::Bug;

/// Memtables that may wait to be written out when a batch begins; it can add two.
const MEMTABLES_WAITING_MAX: usize = 2;
/// Runs of tables that may wait to be compacted when a batch begins.
const RUNS_WAITING_MAX: usize = 18;

/// Where rows live: tiny bodies apart from all others, so that listing and looking up never read
/// or compact past object bytes.
#[derive(Clone)]
pub(super) struct Spaces {
    pub(super) rows: Keyspace,
    pub(super) bytes: Keyspace,
    /// Keys that begin with this byte are in `bytes`.
    pub(super) bytes_prefix: u8,
}

impl Spaces {
    pub(super) fn of(&self, key: &[u8]) -> &Keyspace {
        if self.holds_bytes(key) {
            &self.bytes
        } else {
            &self.rows
        }
    }

    /// Writes out what only the journal and memory hold; whether nothing of that is left.
    pub(super) fn flush(&self) -> fjall::Result<bool> {
        let mut nothing_left = true;
        for space in [&self.rows, &self.bytes] {
            // Here and now, not by the engine's workers, who could not tell us of a failure. No
            // old value is dropped on the way.
            space.tree.flush_active_memtable(0)?;
            nothing_left &=
                space.tree.active_memtable().is_empty() && space.tree.sealed_memtable_count() == 0;
        }
        Ok(nothing_left)
    }

    /// Whether the engine's workers are so far behind that another batch might have to wait for
    /// them within the engine, which does so from four memtables or twenty runs on.
    pub(super) fn are_behind(&self) -> bool {
        [&self.rows, &self.bytes].iter().any(|space| {
            space.sealed_memtable_count() >= MEMTABLES_WAITING_MAX
                || space.tree.l0_run_count() >= RUNS_WAITING_MAX
        })
    }

    pub(super) fn holds_bytes(&self, key: &[u8]) -> bool {
        key.first() == Some(&self.bytes_prefix)
    }
}

/// The store as one durable batch left it.
pub(super) struct View {
    pub(super) spaces: Spaces,
    pub(super) at: fjall::Snapshot,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("at", &self.at.seqno())
            .finish_non_exhaustive()
    }
}

impl committer::View for View {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, MetaError> {
        if Bug::ReadAtLatest.is_planted() {
            let value = self.spaces.of(key).get(key);
            let value = value.map_err(|error| failed("get", &error))?;
            return Ok(value.map(Bytes::from));
        }
        let value = self
            .at
            .get(self.spaces.of(key), key)
            .map_err(|error| failed("get", &error))?;
        Ok(value.map(Bytes::from))
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<(Bytes, Bytes)>, MetaError> {
        let mut found = Vec::new();
        for (keyspace, start, end) in self.stretches(scan) {
            let wanted = scan.limit.saturating_sub(found.len());
            // A range that ends before it starts is empty; the engine would panic.
            if wanted == 0 || end.as_ref().is_some_and(|end| *end <= start) {
                continue;
            }
            let range = (
                std::ops::Bound::Included(start),
                end.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded),
            );
            for row in self.at.range::<Bytes, _>(keyspace, range).take(wanted) {
                let (key, value) = row.into_inner().map_err(|error| failed("scan", &error))?;
                found.push((Bytes::from(key), Bytes::from(value)));
            }
        }
        Ok(found)
    }
}

impl View {
    /// A range as stretches of one keyspace each: before, within and behind the rows of tiny
    /// bodies.
    fn stretches(&self, scan: &Scan) -> [(&Keyspace, Bytes, Option<Bytes>); 3] {
        let prefix = self.spaces.bytes_prefix;
        let first = Bytes::copy_from_slice(&[prefix]);
        let behind = prefix
            .checked_add(1)
            .map(|next| Bytes::copy_from_slice(&[next]));
        let earlier = |a: Option<Bytes>, b: Option<Bytes>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let Spaces { rows, bytes, .. } = &self.spaces;
        let (start, end) = (&scan.start, &scan.end);
        let before_end = earlier(end.clone(), Some(first.clone()));
        let within_end = earlier(end.clone(), behind.clone());
        // With the highest byte as the prefix nothing is behind it: an empty stretch.
        let (behind_start, behind_end) = behind
            .map_or((first.clone(), Some(first.clone())), |behind| {
                (behind.max(start.clone()), end.clone())
            });
        [
            (rows, start.clone(), before_end),
            (bytes, start.clone().max(first), within_end),
            (rows, behind_start, behind_end),
        ]
    }
}
