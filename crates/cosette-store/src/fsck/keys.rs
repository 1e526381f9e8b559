//! Heads against versions, versions and parts against their references, uploads against their parts.

use std::collections::BTreeMap;

use bytes::Bytes;
use cosette_types::VersionTime;

use super::{Check, hex};
use crate::codec::Record;
use crate::error::Error;
use crate::ops::bucket_settings::Versioning;
use crate::records::{
    BucketRecord, BucketState, Head, PartRecord, Pending, Referrer, UploadRecord, UploadState,
    VersionRecord,
};
use crate::tables::{self, BucketId, Table, UploadRef};

impl Check {
    pub(super) fn take_key(
        &mut self,
        table: Table,
        row: &Bytes,
        value: &[u8],
    ) -> Result<(), Error> {
        match table {
            Table::Head => {
                self.heads.insert(row.slice(1..), Head::from_value(value)?);
            }
            Table::Version => {
                let version = VersionRecord::from_value(value)?;
                self.versions.insert(row.slice(1..), version);
            }
            _ => {
                let bucket = BucketRecord::from_value(value)?;
                if let BucketState::Deleting(epoch, _) = bucket.state
                    && epoch < self.epoch
                {
                    self.problem(format!("bucket {} is left half deleted", bucket.name));
                }
                self.buckets.insert(bucket.id, bucket.versioning);
            }
        }
        Ok(())
    }

    pub(super) fn take_upload(
        &mut self,
        table: Table,
        row: &Bytes,
        value: &[u8],
    ) -> Result<(), Error> {
        let damaged = || Error::corrupt("a damaged key");
        let id = tables::id_at(row, 0).ok_or_else(damaged)?;
        match table {
            Table::Part => {
                let number = row.last_chunk::<2>().ok_or_else(damaged)?;
                let at = (UploadRef(id), u16::from_be_bytes(*number));
                self.parts.insert(at, PartRecord::from_value(value)?);
            }
            Table::Leftover => {
                self.leftovers.insert(UploadRef(id));
            }
            _ => {
                let upload = UploadRecord::from_value(value)?;
                self.uploads.insert(upload.id, (row.clone(), upload));
            }
        }
        Ok(())
    }

    /// Follows everything that clients can name.
    pub(super) fn keys(&mut self) {
        self.heads_and_versions();
        self.versions_to_references();
        self.parts_to_references();
        self.upload_states();
        self.references_to_referrers();
        let documented = self.documented.iter();
        let lost = documented.filter(|bucket| !self.buckets.contains_key(bucket));
        let lost: Vec<_> = lost.map(|bucket| hex(&bucket.0)).collect();
        for bucket in lost {
            self.problem(format!("settings of a bucket {bucket} that is gone"));
        }
        for row in self
            .expiring
            .difference(&self.expiries)
            .cloned()
            .collect::<Vec<_>>()
        {
            let row = String::from_utf8_lossy(&row).into_owned();
            self.problem(format!("row {row:?} will never expire"));
        }
    }

    /// Every head names the newest version and the `null` one; every version has a head.
    fn heads_and_versions(&mut self) {
        let mut by_key: BTreeMap<Bytes, Vec<&VersionRecord>> = BTreeMap::new();
        let mut problems = Vec::new();
        for (row, version) in &self.versions {
            match row.get(16..).and_then(tables::parse_version) {
                Some((key, time)) if time == version.time => {
                    let head = row.slice(..16 + key.len());
                    by_key.entry(head).or_default().push(version);
                }
                _ => problems.push(format!("version row {row:?} has another time than its key")),
            }
        }
        for (key, versions) in &by_key {
            let Some(head) = self.heads.get(key) else {
                problems.push(format!("{key:?}: versions without a head"));
                continue;
            };
            let nulls: Vec<VersionTime> = versions
                .iter()
                .filter(|version| version.null)
                .map(|version| version.time)
                .collect();
            if nulls != head.null.into_iter().collect::<Vec<_>>() {
                problems.push(format!("{key:?}: the head does not name the null version"));
            }
            let newest = versions.first().map(|version| version.summary());
            if newest.as_ref() != Some(&head.current) {
                problems.push(format!("{key:?}: the head is not the newest version's"));
            }
            if head.last < head.current.time {
                problems.push(format!("{key:?}: the head's time runs behind"));
            }
            let bucket = key.first_chunk::<16>().map(|id| BucketId(*id));
            match bucket.and_then(|id| self.buckets.get(&id)) {
                None => problems.push(format!("{key:?}: versions in no bucket")),
                Some(Versioning::Unversioned) if versions.len() > 1 || nulls.is_empty() => {
                    problems.push(format!("{key:?}: versions in an unversioned bucket"));
                }
                Some(_) => {}
            }
        }
        for key in self.heads.keys().filter(|key| !by_key.contains_key(*key)) {
            problems.push(format!("{key:?}: a head without versions"));
        }
        problems
            .into_iter()
            .for_each(|problem| self.problem(problem));
    }

    fn versions_to_references(&mut self) {
        let mut problems = Vec::new();
        for (row, version) in &self.versions {
            let Some(object) = &version.object else {
                continue;
            };
            match self.bodies.get(&object.body) {
                None => problems.push(format!("{row:?}: its body is missing")),
                Some(body) if body.record.size != object.size => {
                    problems.push(format!("{row:?}: its body has another size"));
                }
                Some(body) if body.record.crc64 != object.crc64 => {
                    problems.push(format!("{row:?}: its body has another CRC-64"));
                }
                Some(_) => {}
            }
            if !self.references.contains_key(&(object.body, object.link)) {
                problems.push(format!("{row:?}: its reference is missing"));
            }
        }
        problems
            .into_iter()
            .for_each(|problem| self.problem(problem));
    }

    fn parts_to_references(&mut self) {
        let mut problems = Vec::new();
        for ((upload, number), part) in &self.parts {
            let name = format!("part {number} of {}", hex(&upload.0));
            if !self.uploads.contains_key(upload) && !self.leftovers.contains(upload) {
                problems.push(format!("{name}: belongs to no upload"));
            }
            match self.bodies.get(&part.body) {
                None => problems.push(format!("{name}: its body is missing")),
                Some(body) if body.record.size != part.size || body.record.crc64 != part.crc64 => {
                    problems.push(format!("{name}: its body is another"));
                }
                Some(_) => {}
            }
            if !self.references.contains_key(&(part.body, part.link)) {
                problems.push(format!("{name}: its reference is missing"));
            }
        }
        problems
            .into_iter()
            .for_each(|problem| self.problem(problem));
    }

    fn upload_states(&mut self) {
        let mut problems = Vec::new();
        for (id, (row, upload)) in &self.uploads {
            let bucket = tables::id_at(row, 0).map(BucketId);
            if bucket.is_none_or(|bucket| !self.buckets.contains_key(&bucket)) {
                problems.push(format!("upload {}: in no bucket", hex(&id.0)));
            }
            if self.leftovers.contains(id) {
                problems.push(format!("upload {}: ended and not ended", hex(&id.0)));
            }
            if let UploadState::Completing(epoch, body) = upload.state
                && !matches!(self.pending.get(&body),
                    Some((pending, Pending::Completing(..))) if *pending == epoch)
            {
                problems.push(format!("upload {}: completing for ever", hex(&id.0)));
            }
        }
        for (body, (epoch, _)) in &self.pending {
            if *epoch < self.epoch {
                problems.push(format!("body {}: pending since a dead epoch", hex(&body.0)));
            }
        }
        problems
            .into_iter()
            .for_each(|problem| self.problem(problem));
    }

    /// Every reference is held by somebody who says so, too.
    fn references_to_referrers(&mut self) {
        let mut problems = Vec::new();
        for ((body, link), referrer) in &self.references {
            let held = match referrer {
                Referrer::Version(bucket, key, time) => {
                    let row = tables::version(*bucket, key, *time);
                    let version = self.versions.get(&row.slice(1..));
                    let object = version.and_then(|version| version.object.as_ref());
                    object.is_some_and(|object| object.body == *body && object.link == *link)
                }
                Referrer::Part(upload, number) => {
                    let part = self.parts.get(&(*upload, number.get()));
                    part.is_some_and(|part| part.body == *body && part.link == *link)
                }
            };
            if !held {
                problems.push(format!(
                    "body {}: a reference that nobody holds",
                    hex(&body.0)
                ));
            }
            if !self.bodies.contains_key(body) {
                problems.push(format!("body {}: referred to, but missing", hex(&body.0)));
            }
        }
        problems
            .into_iter()
            .for_each(|problem| self.problem(problem));
    }
}
