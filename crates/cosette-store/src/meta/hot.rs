//! Rows that nearly every request reads and hardly any writes: buckets, their settings, who may do
//! what. They are kept in memory beside the view that they were read from.
//!
//! Views share what is kept for as long as no batch writes to one of these tables; the view of a
//! batch that does begins with nothing. So what is kept is what the view itself would say, whoever
//! reads through whichever view.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;

use super::committer::{View, Writes};
use super::gaps::{self, Gaps};
use super::{MetaError, Scan};
use crate::planted::Bug;

/// Most bytes of keys and values that are kept. A caller can ask for names that nobody has, and
/// that there is none is kept, too: when it is full, it begins anew.
const HOT_BYTES_MAX: usize = 4 << 20;
/// What a row takes beside its key and value, roughly.
const ROW_OVERHEAD: usize = 128;

/// A view, the rows that were read from it most, and where it is known to have none.
#[derive(Debug)]
pub(super) struct Warm<V> {
    view: Arc<V>,
    kept: Kept,
}

/// What is kept beside a view.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    hot: Arc<Hot>,
    gaps: Arc<Gaps>,
}

#[derive(Debug)]
pub(super) struct Hot {
    /// The tables whose rows are kept, by the first byte of their keys.
    tables: &'static [u8],
    rows: RwLock<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    by_key: HashMap<Bytes, Option<Bytes>>,
    bytes: usize,
}

impl<V: View> Warm<V> {
    pub(super) fn new(view: V, tables: &'static [u8]) -> Self {
        let kept = Kept {
            hot: Arc::new(Hot::new(tables)),
            gaps: Arc::default(),
        };
        Self::over(view, kept)
    }

    /// The view after a batch, with what [`Self::kept_after`] says stays.
    pub(super) fn over(view: V, kept: Kept) -> Self {
        let view = Arc::new(view);
        Self { view, kept }
    }

    /// What is still true after a batch that writes this.
    pub(super) fn kept_after(&self, writes: &Writes) -> Kept {
        let Kept { hot, gaps } = &self.kept;
        let touched = writes.keys().any(|key| hot.keeps(key));
        let hot = if touched && !Bug::StaleHotRow.is_planted() {
            Arc::new(Hot::new(hot.tables))
        } else {
            Arc::clone(hot)
        };
        let gaps = gaps.after(writes);
        Kept { hot, gaps }
    }

    /// The same view, with what was found to be empty in it.
    pub(super) fn with_gaps(&self, gaps: Gaps) -> Self {
        let kept = Kept {
            hot: Arc::clone(&self.kept.hot),
            gaps: Arc::new(gaps),
        };
        let view = Arc::clone(&self.view);
        Self { view, kept }
    }

    pub(super) fn gaps(&self) -> &Gaps {
        &self.kept.gaps
    }

    pub(super) fn scan(&self, scan: &Scan) -> Result<Vec<(Bytes, Bytes)>, MetaError> {
        gaps::scan(self.view.as_ref(), self.gaps(), scan)
    }

    /// A row, if it is kept.
    pub(super) fn kept(&self, key: &[u8]) -> Option<Option<Bytes>> {
        if !self.kept.hot.keeps(key) {
            return None;
        }
        let rows = self
            .kept
            .hot
            .rows
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        rows.by_key.get(key).cloned()
    }

    /// Reads a row, and keeps it if it is of the right kind.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Bytes>, MetaError> {
        if let Some(kept) = self.kept(key) {
            return Ok(kept);
        }
        let value = self.view.get(key)?;
        if self.kept.hot.keeps(key) {
            self.kept.hot.keep(key, value.as_ref());
        }
        Ok(value)
    }

    pub(super) fn view(&self) -> &V {
        &self.view
    }
}

impl Hot {
    fn new(tables: &'static [u8]) -> Self {
        Self {
            tables,
            rows: RwLock::default(),
        }
    }

    fn keeps(&self, key: &[u8]) -> bool {
        key.first().is_some_and(|table| self.tables.contains(table))
    }

    fn keep(&self, key: &[u8], value: Option<&Bytes>) {
        let size = key.len() + value.map_or(0, Bytes::len) + ROW_OVERHEAD;
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        if rows.bytes + size > HOT_BYTES_MAX {
            *rows = Rows::default();
        }
        rows.bytes += size;
        // A copy of its own: what the engine gave may be a piece of something larger.
        let value = value.map(|value| Bytes::copy_from_slice(value));
        if rows
            .by_key
            .insert(Bytes::copy_from_slice(key), value)
            .is_some()
        {
            rows.bytes -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A view that says how often it was asked.
    #[derive(Debug)]
    struct Asked(std::sync::atomic::AtomicUsize, &'static str);

    impl View for Asked {
        fn get(&self, key: &[u8]) -> Result<Option<Bytes>, MetaError> {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok((key != b"bnone").then(|| Bytes::from_static(self.1.as_bytes())))
        }

        fn scan(&self, _: &Scan) -> Result<Vec<(Bytes, Bytes)>, MetaError> {
            Ok(Vec::new())
        }
    }

    fn view(value: &'static str) -> Asked {
        Asked(0.into(), value)
    }

    fn asked(warm: &Warm<Asked>) -> usize {
        warm.view().0.load(std::sync::atomic::Ordering::Relaxed)
    }

    // catches: StaleHotRow
    #[test]
    fn a_row_is_read_once_until_its_table_is_written() {
        let one = Warm::new(view("one"), b"b");
        for _ in 0..3 {
            assert_eq!(one.get(b"bx").unwrap().unwrap(), "one");
            assert_eq!(one.get(b"bnone").unwrap(), None);
            assert_eq!(one.get(b"hx").unwrap().unwrap(), "one");
        }
        assert_eq!(asked(&one), 1 + 1 + 3);
        let other = Writes::from([(Bytes::from_static(b"hx"), None)]);
        let two = Warm::over(view("two"), one.kept_after(&other));
        assert_eq!(two.get(b"bx").unwrap().unwrap(), "one", "nobody wrote it");
        let own = Writes::from([(Bytes::from_static(b"by"), None)]);
        let three = Warm::over(view("three"), two.kept_after(&own));
        assert_eq!(three.get(b"bx").unwrap().unwrap(), "three");
        assert_eq!(one.get(b"bx").unwrap().unwrap(), "one");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let warm = Warm::new(view("value"), b"b");
        for nth in 0..100_000 {
            warm.get(format!("b{nth}").as_bytes()).unwrap();
            let rows = warm.kept.hot.rows.read().unwrap();
            assert!(rows.bytes <= HOT_BYTES_MAX);
        }
    }
}
