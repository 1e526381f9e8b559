//! Bodies against their slices, slices against extents, extents against links; and all of it back.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use cosette_types::Crc64;

use super::{Check, all_of, hex};
use crate::codec::Record;
use crate::error::Error;
use crate::extents::ExtentId;
use crate::limits;
use crate::records::{ExtentRecord, Item, List};
use crate::tables::{self, BodyId, Table};

impl Check {
    pub(super) fn take_extent(
        &mut self,
        table: Table,
        row: &Bytes,
        value: &[u8],
    ) -> Result<(), Error> {
        let damaged = || Error::corrupt("a damaged key");
        let extent = ExtentId(tables::id_at(row, 0).ok_or_else(damaged)?);
        match table {
            Table::Tiny => {
                self.tiny.insert(extent, crate::tiny::length(value));
            }
            Table::Slice => {
                let body = BodyId(tables::id_at(row, 16).ok_or_else(damaged)?);
                self.slices.insert((extent, body));
            }
            Table::Punch => {
                self.punches.insert(extent);
            }
            Table::FreeExtent => {
                self.free_extents.insert(extent);
            }
            _ => {
                let record = ExtentRecord::from_value(value)?;
                let length = record.given_length();
                self.extents.insert(extent, (record.address, length));
            }
        }
        Ok(())
    }

    /// Follows everything that clients cannot name.
    pub(super) fn bodies(&mut self) {
        let mut problems = Vec::new();
        let mut linked = BTreeSet::new();
        for (body, known) in &self.bodies {
            let referred = self.references.range(all_of(*body)).next().is_some();
            let marked = self.free_bodies.contains(body);
            if !referred && !marked {
                problems.push(format!("body {}: nothing refers to it", hex(&body.0)));
            }
            if !referred {
                // The sweep may be half-way through it.
                continue;
            }
            let items = match &known.record.list {
                List::Inline(items) => items.clone(),
                List::Chained(starts) => self.chained(*body, starts, &mut problems),
            };
            self.list(*body, &items, &mut linked, &mut problems);
        }
        self.links(&linked, &mut problems);
        self.addresses(&mut problems);
        for (body, number) in self.chains.keys() {
            let chained = self.bodies.get(body).map(|known| &known.record.list);
            let named = matches!(chained, Some(List::Chained(starts))
                if (*number as usize) < starts.len());
            if !named && !self.pending.contains_key(body) && !self.free_bodies.contains(body) {
                problems.push(format!(
                    "body {}: a chained row that nobody names",
                    hex(&body.0)
                ));
            }
        }
        for (body, count) in &self.digests {
            if !self.bodies.contains_key(body) || *count > limits::DIGESTS_PER_BODY_MAX {
                problems.push(format!("body {}: {count} digests too many", hex(&body.0)));
            }
        }
        problems
            .into_iter()
            .for_each(|problem| self.problem(problem));
    }

    fn chained(&self, body: BodyId, starts: &[u64], problems: &mut Vec<String>) -> Vec<Item> {
        let mut items = Vec::new();
        let mut position = 0;
        for (number, start) in starts.iter().enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            if *start != position {
                problems.push(format!(
                    "body {}: row {number} begins elsewhere",
                    hex(&body.0)
                ));
            }
            match self.chains.get(&(body, number)) {
                None => problems.push(format!("body {}: row {number} is missing", hex(&body.0))),
                Some(row) => {
                    position += row.iter().map(length).sum::<u64>();
                    items.extend_from_slice(row);
                }
            }
        }
        items
    }

    /// The list adds up: parts have the sizes they say, the body is all of them, and each slice
    /// lies in an extent that is there and linked.
    fn list(
        &self,
        body: BodyId,
        items: &[Item],
        linked: &mut BTreeSet<(ExtentId, BodyId)>,
        problems: &mut Vec<String>,
    ) {
        let name = format!("body {}", hex(&body.0));
        let (mut size, mut crc64, mut due) = (0, Crc64::EMPTY, 0);
        for item in items {
            match item {
                Item::Part(part) => {
                    if size != due {
                        problems.push(format!("{name}: a part of another size than its slices"));
                    }
                    due += part.size;
                    crc64 = crc64.then(part.crc64, part.size);
                }
                Item::Slice(slice) => {
                    size += slice.length;
                    linked.insert((slice.extent, body));
                    let length = if slice.tiny {
                        self.tiny.get(&slice.extent).copied()
                    } else {
                        self.extents.get(&slice.extent).map(|(_, length)| *length)
                    };
                    if length.is_none_or(|length| slice.offset + slice.length > length) {
                        problems.push(format!("{name}: a slice beyond its extent"));
                    }
                }
            }
        }
        let record = self.bodies.get(&body).map(|known| &known.record);
        if size != due || record.is_none_or(|record| record.size != size) {
            problems.push(format!("{name}: its slices are not as long as it is"));
        }
        if record.is_none_or(|record| record.crc64 != crc64) {
            problems.push(format!("{name}: its parts' CRC-64s are not its own"));
        }
    }

    /// Links and slices say the same; every extent is linked, or about to go.
    fn links(&self, linked: &BTreeSet<(ExtentId, BodyId)>, problems: &mut Vec<String>) {
        for (extent, body) in linked.difference(&self.slices) {
            let (extent, body) = (hex(&extent.0), hex(&body.0));
            problems.push(format!("extent {extent}: not linked by body {body}"));
        }
        for (extent, body) in self.slices.difference(linked) {
            let going = self.free_bodies.contains(body) || self.pending.contains_key(body);
            if !going {
                let (extent, body) = (hex(&extent.0), hex(&body.0));
                problems.push(format!("extent {extent}: a link of body {body} to nothing"));
            }
        }
        let held: BTreeSet<ExtentId> = self.slices.iter().map(|(extent, _)| *extent).collect();
        for extent in self.extents.keys().chain(self.tiny.keys()) {
            if !held.contains(extent) && !self.free_extents.contains(extent) {
                problems.push(format!("extent {}: no body has it", hex(&extent.0)));
            }
        }
        for (extent, body) in &self.slices {
            if !self.extents.contains_key(extent) && !self.tiny.contains_key(extent) {
                let (extent, body) = (hex(&extent.0), hex(&body.0));
                problems.push(format!("extent {extent}: linked by {body}, but missing"));
            }
        }
    }

    /// No two extents are in the same place, and none that is to be punched is still named.
    fn addresses(&self, problems: &mut Vec<String>) {
        let mut places = BTreeMap::new();
        for (extent, (address, _)) in &self.extents {
            if let Some(other) = places.insert(address.0.clone(), extent) {
                let (one, other) = (hex(&extent.0), hex(&other.0));
                problems.push(format!("extents {one} and {other} are in one place"));
            }
        }
        for extent in &self.punches {
            if self.extents.contains_key(extent) {
                problems.push(format!("extent {}: freed and not freed", hex(&extent.0)));
            }
        }
    }
}

fn length(item: &Item) -> u64 {
    match item {
        Item::Part(_) => 0,
        Item::Slice(slice) => slice.length,
    }
}
