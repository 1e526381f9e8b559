//! Reads: the keyspaces of the engine as one ordered space of keys.

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

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

/// Where rows live: the tables with many rows each in a keyspace of its own, all others together.
///
/// The engine merges what is new into every old row between the first new key and the last. Were all
/// tables in one keyspace, that would be nearly all of them, always.
pub(super) struct Spaces {
    pub(super) rows: Keyspace,
    /// Those with keys that begin with a certain byte, by that byte.
    pub(super) apart: Vec<(u8, Keyspace)>,
    /// Keys that begin with this byte are tiny bodies.
    pub(super) bytes_prefix: u8,
}

impl Spaces {
    pub(super) fn of(&self, key: &[u8]) -> &Keyspace {
        let mut apart = self.apart.iter();
        let own = apart.find(|(byte, _)| key.first() == Some(byte));
        own.map_or(&self.rows, |(_, space)| space)
    }

    fn all(&self) -> impl Iterator<Item = &Keyspace> {
        std::iter::once(&self.rows).chain(self.apart.iter().map(|(_, space)| space))
    }

    /// Writes out what only the journal and memory hold; whether nothing of that is left.
    pub(super) fn flush(&self) -> fjall::Result<bool> {
        let mut nothing_left = true;
        for space in self.all() {
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
        self.all().any(|space| {
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
    pub(super) spaces: Arc<Spaces>,
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
        for (keyspace, start, end) in self.spaces.stretches(scan) {
            let wanted = scan.limit.saturating_sub(found.len());
            if wanted == 0 {
                break;
            }
            let range = (
                Bound::Included(start),
                end.map_or(Bound::Unbounded, Bound::Excluded),
            );
            for row in self.at.range::<Bytes, _>(keyspace, range).take(wanted) {
                let (key, value) = row.into_inner().map_err(|error| failed("scan", &error))?;
                found.push((Bytes::from(key), Bytes::from(value)));
            }
        }
        Ok(found)
    }
}

impl Spaces {
    /// A range as stretches of one keyspace each, in the order of keys. None is empty by its bounds,
    /// at which the engine would panic.
    fn stretches(&self, scan: &Scan) -> Vec<(&Keyspace, Bytes, Option<Bytes>)> {
        let mut stretches = Vec::new();
        let mut from = Some(scan.start.clone());
        for (byte, space) in &self.apart {
            let first = Bytes::copy_from_slice(&[*byte]);
            let behind = byte
                .checked_add(1)
                .map(|next| Bytes::copy_from_slice(&[next]));
            let Some(start) = from.take() else { break };
            if behind.as_ref().is_none_or(|behind| start < *behind) {
                stretches.push((&self.rows, start.clone(), Some(first.clone())));
                stretches.push((space, start.clone().max(first), behind.clone()));
            }
            // With the highest byte nothing is behind it.
            from = behind.map(|behind| behind.max(start));
        }
        stretches.extend(from.map(|start| (&self.rows, start, None)));
        for (_, _, end) in &mut stretches {
            *end = match (end.take(), scan.end.clone()) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        stretches.retain(|(_, start, end)| end.as_ref().is_none_or(|end| start < end));
        stretches
    }
}
