//! Bodies against their slices, slices against extents, extents against links; and all of it back.

use std::collections::BTreeSet;

use bytes::Bytes;
use cosette_types::Crc64;
use cosette_types::checksum::hex;

use super::Check;
use crate::codec::Record;
use crate::error::Error;
use crate::extents::ExtentId;
use crate::limits;
use crate::records::{
    BodyRecord, ExtentRecord, Item, List, PartRecord, Referrer, Slice, VersionRecord,
};
use crate::tables::{self, BodyId, LinkId, Table};

/// What is known while rows of one body, or of one extent, go by.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// How many chained rows the body names, and whether it may be there in part.
    chained: Option<(BodyId, usize, bool)>,
    /// Whether the body is there that references name.
    referred: Option<(BodyId, bool)>,
    digests: Option<(BodyId, usize)>,
    /// Whether the extent is there that links are of.
    linked: Option<(ExtentId, bool)>,
    /// The extent that a slice was last of, and its length.
    sliced: Option<(ExtentId, Option<u64>)>,
}

/// What a list adds up to.
#[derive(Debug)]
struct Sums {
    size: u64,
    due: u64,
    crc64: Crc64,
    /// Whether a part has begun, and nothing of it came yet.
    begun: bool,
}

impl Check<'_> {
    pub(super) async fn row_of_body(
        &mut self,
        table: Table,
        body: BodyId,
        row: &Bytes,
        value: &[u8],
    ) -> Result<(), Error> {
        match table {
            Table::Body => self.body(body, &BodyRecord::from_value(value)?).await,
            Table::Chain => {
                crate::body::items_of(value)?;
                self.chained_row(body, row).await
            }
            Table::Reference => {
                let link = tables::id_at(row, 16).ok_or_else(|| Error::corrupt("a damaged key"))?;
                let referrer = Referrer::from_value(value)?;
                self.reference(body, LinkId(link), &referrer).await
            }
            _ => self.one_more_digest(body).await,
        }
    }

    async fn body(&mut self, body: BodyId, record: &BodyRecord) -> Result<(), Error> {
        let name = format!("body {}", hex(&body.0));
        let referred = self.any(&tables::references(body)).await?;
        if !referred {
            // If it is marked, the sweep may be half-way through it.
            if !self.any(&tables::free_bodies(body)).await? {
                self.problem(format!("{name}: nothing refers to it"));
            }
            return Ok(());
        }
        let between = self.is_between(body).await?;
        let rows = match &record.list {
            List::Inline(_) => 1,
            List::Chained(starts) => starts.len(),
        };
        let passes = rows.div_ceil(limits::FSCK_LIST_ROWS).max(1);
        for pass in 0..passes {
            let mut sums = Sums {
                size: 0,
                due: 0,
                crc64: Crc64::EMPTY,
                begun: false,
            };
            let mut linked = BTreeSet::new();
            for number in 0..rows {
                for item in self.items(body, &record.list, number).await? {
                    if let Item::Slice(slice) = &item
                        && self.names.of(&slice.extent.0) % passes as u128 == pass as u128
                    {
                        linked.insert(slice.extent);
                    }
                    if pass == 0 {
                        self.item(&name, &item, &mut sums).await?;
                    }
                }
                let chained = pass == 0 && matches!(record.list, List::Chained(_));
                if chained {
                    self.begins_where_it_says(&name, record, number, sums.size);
                }
            }
            if pass == 0 {
                self.adds_up(&name, record, &sums);
            }
            self.links_of(body, between, &linked).await?;
        }
        Ok(())
    }

    /// The items of one row of a list; none, and a problem, if it is missing.
    async fn items(
        &mut self,
        body: BodyId,
        list: &List,
        number: usize,
    ) -> Result<Vec<Item>, Error> {
        if let List::Inline(items) = list {
            return Ok(items.clone());
        }
        let row = u32::try_from(number).unwrap_or(u32::MAX);
        match self.snapshot.get(&tables::chain(body, row)).await? {
            Some(value) => crate::body::items_of(&value),
            None => {
                self.problem(format!("body {}: row {number} is missing", hex(&body.0)));
                Ok(Vec::new())
            }
        }
    }

    /// `end` is where the row with this number ended: there the next one begins.
    fn begins_where_it_says(&mut self, name: &str, record: &BodyRecord, number: usize, end: u64) {
        let List::Chained(starts) = &record.list else {
            return;
        };
        let first = number == 0 && starts.first().is_some_and(|start| *start != 0);
        let next = number + 1;
        if first || starts.get(next).is_some_and(|start| *start != end) {
            let row = if first { 0 } else { next };
            self.problem(format!("{name}: row {row} begins elsewhere"));
        }
    }

    /// Parts have the sizes they say, and each slice lies in an extent that is there.
    async fn item(&mut self, name: &str, item: &Item, sums: &mut Sums) -> Result<(), Error> {
        match item {
            Item::Part(part) => {
                if sums.size != sums.due {
                    self.problem(format!("{name}: a part of another size than its slices"));
                }
                sums.due += part.size;
                sums.crc64 = sums.crc64.then(part.crc64, part.size);
                sums.begun = true;
            }
            Item::Sum(_) => {
                // Of a part that has just begun.
                if !std::mem::take(&mut sums.begun) {
                    self.problem(format!("{name}: a checksum of no part"));
                }
            }
            Item::Slice(slice) => {
                sums.begun = false;
                sums.size += slice.length;
                let length = self.length_of(slice).await?;
                if length.is_none_or(|length| slice.offset + slice.length > length) {
                    self.problem(format!("{name}: a slice beyond its extent"));
                }
            }
        }
        Ok(())
    }

    async fn length_of(&mut self, slice: &Slice) -> Result<Option<u64>, Error> {
        if let Some((extent, length)) = self.lists.sliced
            && extent == slice.extent
        {
            return Ok(length);
        }
        let length = if slice.tiny {
            let row = self.snapshot.get(&tables::tiny(slice.extent)).await?;
            row.map(|row| crate::tiny::length(&row))
        } else {
            let record: Option<ExtentRecord> = self.record(&tables::extent(slice.extent)).await?;
            record.map(|record| record.given_length())
        };
        self.lists.sliced = Some((slice.extent, length));
        Ok(length)
    }

    fn adds_up(&mut self, name: &str, record: &BodyRecord, sums: &Sums) {
        if sums.size != sums.due || record.size != sums.size {
            self.problem(format!("{name}: its slices are not as long as it is"));
        }
        if record.crc64 != sums.crc64 {
            self.problem(format!("{name}: its parts' CRC-64s are not its own"));
        }
    }

    /// Every extent that a body has slices of knows it.
    async fn links_of(
        &mut self,
        body: BodyId,
        between: bool,
        linked: &BTreeSet<ExtentId>,
    ) -> Result<(), Error> {
        self.holding(linked.len());
        for extent in linked {
            if !self.is_there(&tables::slice(*extent, body)).await? {
                let (extent, body) = (hex(&extent.0), hex(&body.0));
                self.problem(format!("extent {extent}: not linked by body {body}"));
            }
            if !between {
                self.names.listed(*extent, body);
            }
        }
        Ok(())
    }

    async fn chained_row(&mut self, body: BodyId, row: &[u8]) -> Result<(), Error> {
        let (rows, between) = match self.lists.chained {
            Some((known, rows, between)) if known == body => (rows, between),
            _ => {
                let record: Option<BodyRecord> = self.record(&tables::body(body)).await?;
                let rows = match record.map(|record| record.list) {
                    Some(List::Chained(starts)) => starts.len(),
                    _ => 0,
                };
                let between = self.is_between(body).await?;
                self.lists.chained = Some((body, rows, between));
                (rows, between)
            }
        };
        let number = row.last_chunk::<4>().map(|n| u32::from_be_bytes(*n));
        let named = number.is_some_and(|number| (number as usize) < rows);
        if !named && !between {
            let body = hex(&body.0);
            self.problem(format!("body {body}: a chained row that nobody names"));
        }
        Ok(())
    }

    /// Whoever is referred for says so, too.
    async fn reference(
        &mut self,
        body: BodyId,
        link: LinkId,
        referrer: &Referrer,
    ) -> Result<(), Error> {
        let held = match referrer {
            Referrer::Version(bucket, key, time) => {
                let row = tables::version(*bucket, key, *time);
                let version: Option<VersionRecord> = self.record(&row).await?;
                let object = version.and_then(|version| version.object);
                object.is_some_and(|object| object.body == body && object.link == link)
            }
            Referrer::Part(upload, number) => {
                let row = tables::part(*upload, *number);
                let part: Option<PartRecord> = self.record(&row).await?;
                part.is_some_and(|part| part.body == body && part.link == link)
            }
        };
        let name = format!("body {}", hex(&body.0));
        if !held {
            self.problem(format!("{name}: a reference that nobody holds"));
        }
        let there = match self.lists.referred {
            Some((known, there)) if known == body => there,
            _ => self.is_there(&tables::body(body)).await?,
        };
        self.lists.referred = Some((body, there));
        if !there {
            self.problem(format!("{name}: referred to, but missing"));
        }
        Ok(())
    }

    async fn one_more_digest(&mut self, body: BodyId) -> Result<(), Error> {
        match &mut self.lists.digests {
            Some((known, count)) if *known == body => *count += 1,
            _ => {
                self.end_of_digests().await?;
                self.lists.digests = Some((body, 1));
            }
        }
        Ok(())
    }

    pub(super) async fn end_of_digests(&mut self) -> Result<(), Error> {
        let Some((body, count)) = self.lists.digests.take() else {
            return Ok(());
        };
        let there = self.is_there(&tables::body(body)).await?;
        if !there || count > limits::DIGESTS_PER_BODY_MAX {
            self.problem(format!("body {}: {count} digests too many", hex(&body.0)));
        }
        Ok(())
    }

    pub(super) async fn row_of_extent(
        &mut self,
        table: Table,
        row: &Bytes,
        value: &[u8],
    ) -> Result<(), Error> {
        let damaged = || Error::corrupt("a damaged key");
        let extent = ExtentId(tables::id_at(row, 0).ok_or_else(damaged)?);
        match table {
            Table::Slice => {
                let body = BodyId(tables::id_at(row, 16).ok_or_else(damaged)?);
                return self.link(extent, body).await;
            }
            Table::Punch => {
                if self.is_there(&tables::extent(extent)).await? {
                    self.problem(format!("extent {}: freed and not freed", hex(&extent.0)));
                }
                return Ok(());
            }
            Table::Extent => drop(ExtentRecord::from_value(value)?),
            _ => {}
        }
        // Every extent is linked, or about to go.
        let going = Table::FreeExtent.key(&[&extent.0]);
        if !self.any(&tables::slices(extent)).await? && !self.any(&going).await? {
            self.problem(format!("extent {}: no body has it", hex(&extent.0)));
        }
        Ok(())
    }

    async fn link(&mut self, extent: ExtentId, body: BodyId) -> Result<(), Error> {
        let there = match self.lists.linked {
            Some((known, there)) if known == extent => there,
            _ => {
                self.is_there(&tables::extent(extent)).await?
                    || self.is_there(&tables::tiny(extent)).await?
            }
        };
        self.lists.linked = Some((extent, there));
        if !there {
            let (extent, body) = (hex(&extent.0), hex(&body.0));
            self.problem(format!("extent {extent}: linked by {body}, but missing"));
        }
        if !self.is_between(body).await? {
            self.names.linked(extent, body);
        }
        Ok(())
    }

    /// Whether a body that something refers to has a slice of the extent.
    pub(super) async fn has_slice(
        &mut self,
        body: BodyId,
        extent: ExtentId,
    ) -> Result<bool, Error> {
        let record: Option<BodyRecord> = self.record(&tables::body(body)).await?;
        let Some(record) = record else {
            return Ok(false);
        };
        if !self.any(&tables::references(body)).await? {
            return Ok(false);
        }
        let rows = match &record.list {
            List::Inline(_) => 1,
            List::Chained(starts) => starts.len(),
        };
        for number in 0..rows {
            let items = self.items(body, &record.list, number).await?;
            let is_of = |item: &Item| matches!(item, Item::Slice(slice) if slice.extent == extent);
            if items.iter().any(is_of) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
