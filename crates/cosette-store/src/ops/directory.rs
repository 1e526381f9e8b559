//! Rows that whoever serves the store keeps in it: users, their keys, policies. They are kept and
//! given back byte for byte, and never read here.

use bytes::Bytes;

use crate::codec::{Damaged, Decoder, Encoder, Record};
use crate::error::Error;
use crate::limits;
use crate::planted::Bug;
use crate::store::{Core, Store};
use crate::tables::{self, Table};
use crate::txn::{self, Plan, Turns, Txn};

/// One change of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryChange {
    /// The row's name, of at most [`limits::DIRECTORY_KEY_BYTES_MAX`] bytes.
    pub key: Bytes,
    /// What the row must hold for any of the changes to happen; `None`: it must not be there.
    pub seen: Option<Bytes>,
    /// What it holds afterwards, at most [`limits::DIRECTORY_VALUE_BYTES_MAX`] bytes; `None` removes
    /// it.
    pub value: Option<Bytes>,
}

/// What a row holds.
#[derive(Debug)]
struct Kept(Bytes);

impl Record for Kept {
    const WHAT: &'static str = "directory row";

    fn encode(&self, to: &mut Encoder) {
        to.bytes(&self.0);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        from.bytes()
            .map(|bytes| Self(Bytes::copy_from_slice(bytes)))
    }
}

impl Store {
    /// A row.
    ///
    /// # Errors
    /// Only those of the drivers.
    pub async fn directory_row(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        let snapshot = self.core.meta.snapshot().await?;
        let row: Option<Kept> = txn::row(snapshot.as_ref(), &tables::directory(key)).await?;
        Ok(row.map(|Kept(bytes)| bytes))
    }

    /// All rows whose names begin with `prefix`, in the order of their names.
    ///
    /// # Errors
    /// Only those of the drivers.
    pub async fn directory_rows(&self, prefix: &[u8]) -> Result<Vec<(Bytes, Bytes)>, Error> {
        let prefix = tables::directory(prefix);
        let snapshot = self.core.meta.snapshot().await?;
        let (mut found, mut start) = (Vec::new(), prefix.clone());
        loop {
            let rows = txn::scan(snapshot.as_ref(), &prefix, start, limits::SCAN_ROWS).await?;
            for (row, value) in &rows {
                let Kept(bytes) = Kept::from_value(value)?;
                found.push((row.slice(Table::Directory.key(&[]).len()..), bytes));
            }
            start = match rows.last() {
                Some((row, _)) if rows.len() == limits::SCAN_ROWS => tables::after(row),
                _ => return Ok(found),
            };
        }
    }

    /// Changes several rows at one instant, if all of them are as they were seen. `false` if one is
    /// not, or a bound does not hold: then nothing was changed.
    ///
    /// # Errors
    /// Only those of the drivers.
    pub async fn change_directory(&self, changes: Vec<DirectoryChange>) -> Result<bool, Error> {
        let changes = Changes(changes);
        self.detached(|core| async move { core.run(&changes).await })
            .await
    }
}

#[derive(Debug)]
struct Changes(Vec<DirectoryChange>);

impl DirectoryChange {
    fn is_bounded(&self) -> bool {
        let value = self.value.as_ref().map_or(0, Bytes::len);
        self.key.len() <= limits::DIRECTORY_KEY_BYTES_MAX
            && value <= limits::DIRECTORY_VALUE_BYTES_MAX
    }
}

/// A row that is to be there from now on.
#[derive(Debug)]
struct Keep(Bytes, Bytes);

impl Plan for Keep {
    type Made = Bytes;

    async fn plan(&self, _: &Core, txn: &mut Txn) -> Result<Bytes, Error> {
        let row = tables::directory(&self.0);
        if let Some(Kept(bytes)) = txn.get(row.clone()).await? {
            return Ok(bytes);
        }
        txn.put(row, &Kept(self.1.clone()));
        Ok(self.1.clone())
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}

impl Core {
    /// What a row holds; `value`, if it was not there.
    pub(crate) async fn keep_in_directory(&self, key: Bytes, value: Bytes) -> Result<Bytes, Error> {
        self.run(&Keep(key, value)).await
    }
}

impl Plan for Changes {
    type Made = bool;

    async fn plan(&self, _: &Core, txn: &mut Txn) -> Result<bool, Error> {
        if self.0.len() > limits::DIRECTORY_CHANGES_MAX
            || !self.0.iter().all(DirectoryChange::is_bounded)
        {
            return Ok(false);
        }
        for change in &self.0 {
            let row: Option<Kept> = txn.get(tables::directory(&change.key)).await?;
            let is_as_seen = row.map(|Kept(bytes)| bytes) == change.seen;
            if !is_as_seen && !Bug::DirectoryUnchecked.is_planted() {
                return Ok(false);
            }
        }
        for change in &self.0 {
            let row = tables::directory(&change.key);
            match &change.value {
                Some(value) => txn.put(row, &Kept(value.clone())),
                None => txn.delete(row),
            }
        }
        Ok(true)
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}
