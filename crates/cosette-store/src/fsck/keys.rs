//! Heads against versions, versions and parts against their references, uploads against their parts.

use bytes::Bytes;
use cosette_types::VersionTime;
use cosette_types::checksum::hex;

use super::Check;
use crate::codec::Record;
use crate::error::Error;
use crate::ops::bucket_settings::Versioning;
use crate::records::{
    BodyRecord, Head, PartRecord, Pending, Referrer, Summary, UploadRecord, UploadState,
    VersionRecord,
};
use crate::tables::{self, BodyId, BucketId, LinkId, Table, UploadRef};

/// What is known of the versions of one key while they go by, newest first.
#[derive(Debug)]
pub(super) struct OneKey {
    /// Bucket and key, as in the key of its head.
    name: Bytes,
    newest: Summary,
    versions: usize,
    null: Option<VersionTime>,
    nulls: usize,
}

impl Check<'_> {
    pub(super) async fn row_of_key(
        &mut self,
        table: Table,
        row: &Bytes,
        value: &[u8],
    ) -> Result<(), Error> {
        if table == Table::Version {
            return self
                .version(row.slice(1..), VersionRecord::from_value(value)?)
                .await;
        }
        Head::from_value(value)?;
        let name = row.slice(1..);
        let versions = Table::Version.key(&[&name, &[0]]);
        if !self.any(&versions).await? {
            self.problem(format!("{name:?}: a head without versions"));
        }
        Ok(())
    }

    async fn version(&mut self, row: Bytes, version: VersionRecord) -> Result<(), Error> {
        match row.get(16..).and_then(tables::parse_version) {
            Some((key, time)) if time == version.time => {
                let name = row.slice(..16 + key.len());
                self.one_more(name, &version).await?;
            }
            _ => self.problem(format!("version row {row:?} has another time than its key")),
        }
        let Some(object) = &version.object else {
            return Ok(());
        };
        let body: Option<BodyRecord> = self.record(&tables::body(object.body)).await?;
        match body {
            None => self.problem(format!("{row:?}: its body is missing")),
            Some(body) if body.size != object.size => {
                self.problem(format!("{row:?}: its body has another size"));
            }
            Some(body) if body.crc64 != object.crc64 => {
                self.problem(format!("{row:?}: its body has another CRC-64"));
            }
            Some(_) => {}
        }
        let is_it = |referrer: &Referrer| {
            let Referrer::Version(bucket, key, time) = referrer else {
                return false;
            };
            tables::version(*bucket, key, *time).get(1..) == Some(&row)
        };
        let name = format!("{row:?}");
        self.has_reference(&name, (object.body, object.link), is_it)
            .await
    }

    /// Whoever holds a body by a link is who the link is of.
    async fn has_reference(
        &mut self,
        name: &str,
        (body, link): (BodyId, LinkId),
        is_it: impl Fn(&Referrer) -> bool,
    ) -> Result<(), Error> {
        let referrer: Option<Referrer> = self.record(&tables::reference(body, link)).await?;
        match referrer {
            None => self.problem(format!("{name}: its reference is missing")),
            Some(referrer) if !is_it(&referrer) => {
                self.problem(format!("{name}: its reference is another's"));
            }
            Some(_) => {}
        }
        Ok(())
    }

    async fn one_more(&mut self, name: Bytes, version: &VersionRecord) -> Result<(), Error> {
        if self.key.as_ref().is_none_or(|key| key.name != name) {
            self.end_of_key().await?;
            self.key = Some(OneKey {
                name,
                newest: version.summary(),
                versions: 0,
                null: None,
                nulls: 0,
            });
        }
        if let Some(key) = &mut self.key {
            key.versions += 1;
            if version.null {
                key.nulls += 1;
                key.null = Some(version.time);
            }
        }
        Ok(())
    }

    /// All versions of a key have gone by: its head names the newest and the `null` one.
    pub(super) async fn end_of_key(&mut self) -> Result<(), Error> {
        let Some(key) = self.key.take() else {
            return Ok(());
        };
        let name = &key.name;
        let head = match self.record::<Head>(&Table::Head.key(&[name])).await {
            Ok(Some(head)) => head,
            Ok(None) => {
                self.problem(format!("{name:?}: versions without a head"));
                return Ok(());
            }
            // The damaged row itself is told of.
            Err(Error::Corrupt { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        if key.nulls > 1 || key.null != head.null {
            self.problem(format!("{name:?}: the head does not name the null version"));
        }
        if key.newest != head.current {
            self.problem(format!("{name:?}: the head is not the newest version's"));
        }
        if head.last < head.current.time {
            self.problem(format!("{name:?}: the head's time runs behind"));
        }
        let bucket = name.first_chunk::<16>().map(|id| BucketId(*id));
        match bucket.and_then(|id| self.buckets.get(&id)) {
            None => self.problem(format!("{name:?}: versions in no bucket")),
            Some(Versioning::Unversioned) if key.versions > 1 || key.nulls == 0 => {
                self.problem(format!("{name:?}: versions in an unversioned bucket"));
            }
            Some(_) => {}
        }
        Ok(())
    }

    pub(super) async fn part(&mut self, row: &Bytes, value: &[u8]) -> Result<(), Error> {
        let damaged = || Error::corrupt("a damaged key");
        let upload = UploadRef(tables::id_at(row, 0).ok_or_else(damaged)?);
        let number = u16::from_be_bytes(*row.last_chunk::<2>().ok_or_else(damaged)?);
        let part = PartRecord::from_value(value)?;
        let name = format!("part {number} of {}", hex(&upload.0));
        let body: Option<BodyRecord> = self.record(&tables::body(part.body)).await?;
        match body {
            None => self.problem(format!("{name}: its body is missing")),
            Some(body) if body.size != part.size || body.crc64 != part.crc64 => {
                self.problem(format!("{name}: its body is another"));
            }
            Some(_) => {}
        }
        let is_it = |referrer: &Referrer| matches!(referrer, Referrer::Part(of, part) if *of == upload && part.get() == number);
        self.has_reference(&name, (part.body, part.link), is_it)
            .await
    }

    pub(super) async fn upload(&mut self, row: &Bytes, value: &[u8]) -> Result<(), Error> {
        let upload = UploadRecord::from_value(value)?;
        let id = upload.id;
        let bucket = tables::id_at(row, 0).map(BucketId);
        if bucket.is_none_or(|bucket| !self.buckets.contains_key(&bucket)) {
            self.problem(format!("upload {}: in no bucket", hex(&id.0)));
        }
        if self.is_there(&tables::leftover(id)).await? {
            self.problem(format!("upload {}: ended and not ended", hex(&id.0)));
        }
        if let UploadState::Completing(epoch, body) = upload.state {
            let pending: Option<Pending> = self.record(&tables::pending(epoch, body)).await?;
            if !matches!(pending, Some(Pending::Completing(..))) {
                self.problem(format!("upload {}: completing for ever", hex(&id.0)));
            }
        }
        Ok(())
    }
}
