//! Random operations against a model in plain maps: same answers, and a sound store afterwards.
//!
//! Each run prints its seed when it fails; `COSETTE_SEED` replays one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use crate::common::{self, Lab, TestRandom, bucket, content, key, owner};
use bytes::Bytes;
use cosette_store::{
    AbortUpload, Error, ListObjects, ListParts, ListUploads, ListVersions, MoveObject, Versioning,
};
use cosette_types::{
    ByteRange, CopySource, Directive, ETag, Md5, Preconditions, StorageClass, UploadId, VersionId,
};
use md5::Digest as _;

const BUCKETS: [&str; 2] = ["b", "c"];
const KEYS: [&str; 7] = ["a", "a/1", "a/2", "a/b/3", "ab", "b", "b/1"];

/// A version, as the model knows it. The newest is the last.
#[derive(Debug, Clone)]
struct ModelVersion {
    id: VersionId,
    /// `None` for a delete marker.
    object: Option<ModelObject>,
}

#[derive(Debug, Clone, PartialEq)]
struct ModelObject {
    bytes: Bytes,
    etag: ETag,
    class: StorageClass,
}

#[derive(Debug, Default)]
struct ModelBucket {
    versioning: Versioning,
    keys: BTreeMap<String, Vec<ModelVersion>>,
    uploads: BTreeMap<(String, UploadId), BTreeMap<u64, Bytes>>,
}

impl ModelBucket {
    fn add(&mut self, name: &str, id: VersionId, object: Option<ModelObject>) {
        let versions = self.keys.entry(name.to_owned()).or_default();
        if self.versioning != Versioning::Enabled {
            assert!(id.is_null());
            versions.retain(|version| !version.id.is_null());
        }
        versions.push(ModelVersion { id, object });
    }

    fn remove(&mut self, name: &str, id: &VersionId) -> Option<ModelVersion> {
        let versions = self.keys.get_mut(name)?;
        let at = versions.iter().position(|version| version.id == *id)?;
        let removed = versions.remove(at);
        if versions.is_empty() {
            self.keys.remove(name);
        }
        Some(removed)
    }

    /// What a read or a copy finds.
    fn find(&self, name: &str, id: Option<&VersionId>) -> Result<(ModelObject, bool), Error> {
        let versions = self.keys.get(name).map_or(&[][..], Vec::as_slice);
        let (version, current) = match id {
            None => (versions.last().ok_or(Error::NoSuchKey)?, true),
            Some(id) => {
                let found = versions.iter().position(|version| version.id == *id);
                let at = found.ok_or(Error::NoSuchVersion)?;
                (&versions[at], at + 1 == versions.len())
            }
        };
        match (&version.object, id) {
            (Some(object), _) => Ok((object.clone(), current)),
            (None, None) => Err(Error::KeyIsDeleted {
                version_id: version.id.clone(),
            }),
            (None, Some(_)) => Err(Error::VersionIsDeleteMarker {
                version_id: version.id.clone(),
            }),
        }
    }

    fn delete(&mut self, name: &str, made: Option<VersionId>) {
        match self.versioning {
            Versioning::Unversioned => {
                self.keys.remove(name);
            }
            Versioning::Enabled | Versioning::Suspended => {
                self.add(name, made.expect("a marker's id"), None);
            }
        }
    }
}

fn md5_of(bytes: &[u8]) -> Md5 {
    Md5(md5::Md5::digest(bytes).into())
}

fn object(bytes: &Bytes) -> ModelObject {
    ModelObject {
        bytes: bytes.clone(),
        etag: ETag::of_md5(md5_of(bytes)),
        class: StorageClass::Standard,
    }
}

struct Run {
    lab: Lab,
    random: TestRandom,
    model: BTreeMap<&'static str, ModelBucket>,
}

impl Run {
    async fn new(seed: u64) -> Self {
        let lab = Lab::new().await;
        lab.bucket("c").await;
        Self {
            lab,
            random: TestRandom(AtomicU64::new(seed)),
            model: BUCKETS.map(|name| (name, ModelBucket::default())).into(),
        }
    }

    fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.random.below(from.len())]
    }

    fn place(&self) -> (&'static str, &'static str) {
        (self.pick(&BUCKETS), self.pick(&KEYS))
    }

    /// Nothing, tiny, at the border, or in an extent.
    fn bytes(&self) -> Bytes {
        let size = match self.random.below(8) {
            0 => 0,
            1 => 1,
            2..=4 => 8 + self.random.below(56),
            5 => 64,
            6 => 65,
            _ => 100 + self.random.below(5000),
        };
        content(self.random.next(), size)
    }

    /// No version, one of those that exist, `null`, or one that never existed.
    fn version_of(&self, (name, key): (&str, &str)) -> Option<VersionId> {
        let versions = self.model[name].keys.get(key);
        match (self.random.below(6), versions) {
            (0, Some(versions)) => Some(versions[self.random.below(versions.len())].id.clone()),
            (1, _) => Some(VersionId::null()),
            (2, _) => Some(VersionId::of(cosette_types::VersionTime(
                self.random.next() >> 1,
            ))),
            _ => None,
        }
    }

    /// The id of what a write just made.
    fn made(&self, name: &str, shown: Option<VersionId>) -> VersionId {
        let enabled = self.model[name].versioning == Versioning::Enabled;
        assert_eq!(
            shown.is_some(),
            enabled,
            "an id is shown where versioning is enabled"
        );
        shown.unwrap_or_else(VersionId::null)
    }

    async fn step(&mut self) {
        match self.random.below(100) {
            0..20 => self.put().await,
            20..38 => self.copy().await,
            38..46 => self.rename().await,
            46..58 => self.delete().await,
            58..62 => self.set_versioning().await,
            62..66 => self.initiate().await,
            66..76 => self.put_part().await,
            76..86 => self.copy_part().await,
            86..92 => self.complete().await,
            92..94 => self.abort().await,
            94..97 => self.list().await,
            97..99 => {
                self.lab.store.sweep_now().await.unwrap();
            }
            _ => self.lab = self.lab.crash().await,
        }
        let place = self.place();
        self.read(place).await;
    }

    async fn put(&mut self) {
        let (name, to) = self.place();
        let bytes = self.bytes();
        let staged = common::stage(&self.lab.store, &bytes).await;
        let mut request = common::put_request("b", to);
        request.bucket = bucket(name);
        let put = self.lab.store.put_object(request, staged).await.unwrap();
        let object = object(&bytes);
        assert_eq!(put.etag, object.etag);
        let id = self.made(name, put.version_id);
        self.model.get_mut(name).unwrap().add(to, id, Some(object));
    }

    fn source(&self, place: (&'static str, &'static str)) -> CopySource {
        CopySource {
            bucket: bucket(place.0),
            region: None,
            key: key(place.1),
            version_id: self.version_of(place),
        }
    }

    async fn copy(&mut self) {
        let (from, to) = (self.place(), self.place());
        let mut request = common::copy_request(from.1, to.1);
        request.source = self.source(from);
        request.bucket = bucket(to.0);
        if self.random.below(3) == 0 {
            request.directive = Directive::Replaced;
        }
        if self.random.below(4) == 0 {
            request.storage_class = Some(self.pick(&[
                StorageClass::Standard,
                StorageClass::StandardIa,
                StorageClass::Archive,
            ]));
        }
        let wanted = self.model[from.0].find(from.1, request.source.version_id.as_ref());
        let wanted = wanted.and_then(|(object, current)| {
            let asks = request.directive == Directive::Replaced || request.storage_class.is_some();
            if from == to && current && !asks {
                Err(Error::SelfCopyWithoutChange)
            } else if object.class.is_archived() {
                Err(Error::Archived {
                    class: object.class,
                })
            } else {
                Ok(object)
            }
        });
        let class = request.storage_class.unwrap_or_default();
        let copied = self.lab.store.copy_object(request).await;
        match (wanted, copied) {
            (Ok(object), Ok(copied)) => {
                assert_eq!(copied.etag, object.etag);
                let id = self.made(to.0, copied.version_id);
                let object = ModelObject { class, ..object };
                self.model
                    .get_mut(to.0)
                    .unwrap()
                    .add(to.1, id, Some(object));
            }
            (wanted, copied) => assert_eq!(copied.err(), wanted.err(), "copy {from:?} {to:?}"),
        }
    }

    async fn rename(&mut self) {
        let (from, to) = (self.place(), self.place());
        let request = MoveObject {
            source: self.source(from),
            bucket: bucket(to.0),
            key: key(to.1),
            preconditions: Preconditions::default(),
            forbid_overwrite: false,
            target_preconditions: Default::default(),
            acl: Default::default(),
            client_token: None,
        };
        let named = request.source.version_id.clone();
        let wanted = if from == to {
            Err(Error::SelfMove)
        } else {
            self.model[from.0].find(from.1, named.as_ref())
        };
        let moved = self.lab.store.move_object(request).await;
        match (wanted, moved) {
            (Ok((object, _)), Ok(moved)) => {
                let id = self.made(to.0, moved.version_id);
                self.model
                    .get_mut(to.0)
                    .unwrap()
                    .add(to.1, id, Some(object));
                let source = self.model.get_mut(from.0).unwrap();
                match named {
                    Some(id) => assert!(source.remove(from.1, &id).is_some()),
                    None => source.delete(from.1, moved.source.version_id),
                }
            }
            (wanted, moved) => assert_eq!(moved.err(), wanted.err(), "move {from:?} {to:?}"),
        }
    }

    async fn delete(&mut self) {
        let (name, what) = self.place();
        let id = self.version_of((name, what));
        let (bucket, key) = (bucket(name), key(what));
        let deleted = self.lab.store.delete_object(&bucket, &key, id.as_ref());
        let deleted = deleted.await.unwrap();
        let model = self.model.get_mut(name).unwrap();
        match id {
            Some(id) => {
                let removed = model.remove(what, &id);
                let marker = removed.is_some_and(|version| version.object.is_none());
                assert_eq!(deleted.delete_marker, marker);
                assert_eq!(deleted.version_id, Some(id));
            }
            None => {
                let versioned = model.versioning != Versioning::Unversioned;
                assert_eq!(deleted.delete_marker, versioned);
                model.delete(what, deleted.version_id);
            }
        }
    }

    async fn set_versioning(&mut self) {
        let name = self.pick(&BUCKETS);
        let to = self.pick(&[
            Versioning::Enabled,
            Versioning::Enabled,
            Versioning::Suspended,
        ]);
        self.lab
            .store
            .set_versioning(&bucket(name), to)
            .await
            .unwrap();
        self.model.get_mut(name).unwrap().versioning = to;
    }

    async fn read(&mut self, (name, what): (&'static str, &'static str)) {
        let id = self.version_of((name, what));
        let wanted = self.model[name].find(what, id.as_ref());
        let found = self
            .lab
            .store
            .object(&bucket(name), &key(what), id.as_ref())
            .await;
        match (wanted, found) {
            (Ok((object, current)), Ok(found)) => {
                assert_eq!(
                    common::read(&self.lab.store, &found).await.unwrap(),
                    object.bytes
                );
                assert_eq!((found.etag, found.is_latest), (object.etag, current));
                assert_eq!(found.storage_class, object.class);
            }
            (wanted, found) => assert_eq!(found.err(), wanted.err(), "read {name}/{what}"),
        }
    }

    async fn initiate(&mut self) {
        let (name, to) = self.place();
        let request = cosette_store::InitiateUpload {
            bucket: bucket(name),
            key: key(to),
            owner: owner(),
            metadata: Default::default(),
            storage_class: StorageClass::Standard,
            acl: None,
            tags: Default::default(),
            protection: Default::default(),
            checksum: None,
        };
        let id = self.lab.store.initiate_upload(request).await.unwrap();
        let model = self.model.get_mut(name).unwrap();
        model.uploads.insert((to.to_owned(), id), BTreeMap::new());
    }

    fn upload(&self) -> Option<(&'static str, String, UploadId)> {
        let name = self.pick(&BUCKETS);
        let uploads = &self.model[name].uploads;
        let at = self.random.below(uploads.len().max(1));
        let (key, id) = uploads.keys().nth(at)?.clone();
        Some((name, key, id))
    }

    fn store_part(&mut self, name: &str, key: String, id: UploadId, part: u64, bytes: Bytes) {
        let uploads = &mut self.model.get_mut(name).unwrap().uploads;
        uploads.get_mut(&(key, id)).unwrap().insert(part, bytes);
    }

    async fn put_part(&mut self) {
        let Some((name, to, id)) = self.upload() else {
            return;
        };
        let (part, bytes) = (1 + self.random.below(4) as u64, self.bytes());
        let staged = common::stage(&self.lab.store, &bytes).await;
        let mut request = common::part_request(&to, &id, part);
        request.bucket = bucket(name);
        let stored = self.lab.store.put_part(request, staged).await.unwrap();
        assert_eq!(stored.etag, ETag::of_md5(md5_of(&bytes)));
        self.store_part(name, to, id, part, bytes);
    }

    async fn copy_part(&mut self) {
        let Some((name, to, id)) = self.upload() else {
            return;
        };
        let from = self.place();
        let part = 1 + self.random.below(4) as u64;
        let mut request = common::copy_part_request(from.1, &to, &id, part);
        request.bucket = bucket(name);
        request.source = self.source(from);
        let found = self.model[from.0].find(from.1, request.source.version_id.as_ref());
        let size = found.as_ref().map_or(10, |(object, _)| object.bytes.len());
        if self.random.below(3) > 0 {
            let one = self.random.below(size + 1) as u64;
            let two = self.random.below(size + 1) as u64;
            request.range = Some(ByteRange::new(one.min(two), one.max(two)).unwrap());
        }
        let wanted = found.and_then(|(object, _)| {
            if object.class.is_archived() {
                return Err(Error::Archived {
                    class: object.class,
                });
            }
            match request.range {
                None => Ok(object.bytes),
                Some(range) => {
                    let span = range.within(size as u64);
                    let span = span.ok_or(Error::RangeBeyondEnd { size: size as u64 })?;
                    Ok(object.bytes.slice(span.start as usize..span.end as usize))
                }
            }
        });
        match (wanted, self.lab.store.copy_part(request).await) {
            (Ok(bytes), Ok(copied)) => {
                assert_eq!(copied.etag, ETag::of_md5(md5_of(&bytes)));
                self.store_part(name, to, id, part, bytes);
            }
            (wanted, copied) => assert_eq!(copied.err(), wanted.err(), "part of {from:?}"),
        }
    }

    async fn complete(&mut self) {
        let Some((name, to, id)) = self.upload() else {
            return;
        };
        let parts = self.model[name].uploads[&(to.clone(), id.clone())].clone();
        // Some parts may stay unlisted; now and then one is listed that was never stored.
        let mut listed: Vec<(u64, ETag)> = Vec::new();
        let mut bytes = Vec::new();
        let mut tags = Vec::new();
        for (part, content) in &parts {
            if self.random.below(5) > 0 {
                listed.push((*part, ETag::of_md5(md5_of(content))));
                tags.extend_from_slice(&md5_of(content).0);
                bytes.push(content.clone());
            }
        }
        let missing = self.random.below(6) == 0;
        if missing {
            listed.push((9, ETag::of_md5(md5_of(b""))));
        }
        let parts: Vec<_> = listed.iter().map(|(part, etag)| (*part, etag)).collect();
        let mut request = common::complete_request(&to, &id, &parts);
        request.bucket = bucket(name);
        let too_small = bytes.split_last().and_then(|(_, others)| {
            let at = others.iter().position(|part| part.len() < 8)?;
            Some(Error::PartTooSmall {
                number: common::number(listed[at].0),
                size: others[at].len() as u64,
            })
        });
        let wanted = if listed.is_empty() {
            Some(Error::NoPartsListed)
        } else if missing {
            Some(Error::InvalidPart {
                number: common::number(9),
            })
        } else {
            too_small
        };
        let completed = self.lab.store.complete_upload(request.clone()).await;
        if let Some(wanted) = wanted {
            assert_eq!(completed.unwrap_err(), wanted);
            return;
        }
        let completed = completed.unwrap();
        let object = ModelObject {
            etag: ETag::of_parts(md5_of(&tags), bytes.len()),
            bytes: bytes.concat().into(),
            class: StorageClass::Standard,
        };
        assert_eq!(completed.etag, object.etag);
        // A repeat gets the first answer, whatever happened since.
        assert_eq!(
            self.lab.store.complete_upload(request).await.unwrap(),
            completed
        );
        let id_made = completed.version_id.unwrap_or_else(VersionId::null);
        let model = self.model.get_mut(name).unwrap();
        model.uploads.remove(&(to.clone(), id));
        model.add(&to, id_made, Some(object));
    }

    async fn abort(&mut self) {
        let Some((name, to, id)) = self.upload() else {
            return;
        };
        let request = AbortUpload {
            bucket: bucket(name),
            key: key(&to),
            upload_id: id.clone(),
        };
        self.lab.store.abort_upload(request.clone()).await.unwrap();
        let again = self.lab.store.abort_upload(request).await;
        assert_eq!(again.unwrap_err(), Error::NoSuchUpload);
        self.model.get_mut(name).unwrap().uploads.remove(&(to, id));
    }

    async fn list(&mut self) {
        let name = self.pick(&BUCKETS);
        let prefix = self.pick(&["", "a", "a/", "b", "x"]);
        let delimiter = self.pick(&[None, Some("/"), Some("b")]);
        let limit = 1 + self.random.below(4);
        self.list_objects(name, prefix, delimiter, limit).await;
        self.list_versions(name, prefix, delimiter, limit).await;
        self.list_uploads(name, prefix, delimiter, limit).await;
    }

    async fn list_objects(&self, name: &str, prefix: &str, delimiter: Option<&str>, limit: usize) {
        let live = self.model[name].keys.iter().filter(|(_, versions)| {
            versions
                .last()
                .is_some_and(|version| version.object.is_some())
        });
        let wanted = rolled(
            live.map(|(key, _)| (key.as_str(), String::new())),
            prefix,
            delimiter,
        );
        let mut found = Vec::new();
        let mut request = ListObjects {
            prefix: prefix.to_owned(),
            delimiter: delimiter.map(str::to_owned),
            marker: String::new(),
            limit,
        };
        loop {
            let page = self
                .lab
                .store
                .list_objects(&bucket(name), &request)
                .await
                .unwrap();
            let mut items: Vec<(String, String)> = page
                .objects
                .iter()
                .map(|object| (object.key.clone(), String::new()))
                .collect();
            items.extend(
                page.common_prefixes
                    .iter()
                    .map(|p| (p.clone(), "prefix".to_owned())),
            );
            items.sort();
            check_page(&items, limit, page.next_marker.is_some());
            found.extend(items);
            match page.next_marker {
                Some(marker) => request.marker = marker,
                None => break,
            }
        }
        assert_eq!(found, wanted, "{prefix:?} {delimiter:?}");
    }

    async fn list_versions(&self, name: &str, prefix: &str, delimiter: Option<&str>, limit: usize) {
        let model = &self.model[name];
        let all = model.keys.iter().flat_map(|(key, versions)| {
            let newest_first = versions.iter().rev().enumerate();
            newest_first.map(|(nth, version)| {
                (
                    key.as_str(),
                    format!("{} {} {}", version.id, nth == 0, version.object.is_some()),
                )
            })
        });
        let wanted = rolled(all, prefix, delimiter);
        let mut found = Vec::new();
        let mut request = ListVersions {
            prefix: prefix.to_owned(),
            delimiter: delimiter.map(str::to_owned),
            limit,
            ..ListVersions::default()
        };
        loop {
            let page = self
                .lab
                .store
                .list_versions(&bucket(name), &request)
                .await
                .unwrap();
            let mut items: Vec<(String, String)> = Vec::new();
            for version in &page.versions {
                let id = version.version_id.clone().unwrap_or_else(VersionId::null);
                let text = format!("{id} {} {}", version.is_latest, version.object.is_some());
                items.push((version.key.clone(), text));
            }
            items.extend(
                page.common_prefixes
                    .iter()
                    .map(|p| (p.clone(), "prefix".to_owned())),
            );
            items.sort_by(|(one, _), (two, _)| one.cmp(two));
            check_page(&items, limit, page.next_key_marker.is_some());
            found.extend(items);
            let Some(marker) = page.next_key_marker else {
                break;
            };
            request.key_marker = marker;
            request.version_id_marker = page.next_version_id_marker;
        }
        assert_eq!(found, wanted, "{prefix:?} {delimiter:?}");
    }

    async fn list_uploads(&self, name: &str, prefix: &str, delimiter: Option<&str>, limit: usize) {
        let all = self.model[name].uploads.keys();
        let all = all.map(|(key, id)| (key.as_str(), id.to_string()));
        let wanted = rolled(all, prefix, delimiter);
        let mut found = Vec::new();
        let mut request = ListUploads {
            prefix: prefix.to_owned(),
            delimiter: delimiter.map(str::to_owned),
            limit,
            ..ListUploads::default()
        };
        loop {
            let page = self
                .lab
                .store
                .list_uploads(&bucket(name), &request)
                .await
                .unwrap();
            let uploads = page.uploads.iter();
            let mut items: Vec<(String, String)> = uploads
                .map(|upload| (upload.key.clone(), upload.upload_id.to_string()))
                .collect();
            items.extend(
                page.common_prefixes
                    .iter()
                    .map(|p| (p.clone(), "prefix".to_owned())),
            );
            items.sort_by(|(one, _), (two, _)| one.cmp(two));
            check_page(&items, limit, page.next_key_marker.is_some());
            found.extend(items);
            let Some(marker) = page.next_key_marker else {
                break;
            };
            request.key_marker = marker;
            request.upload_id_marker = page.next_upload_id_marker;
        }
        assert_eq!(found, wanted, "{prefix:?} {delimiter:?}");
        for ((to, id), parts) in &self.model[name].uploads {
            let request = ListParts {
                bucket: bucket(name),
                key: key(to),
                upload_id: id.clone(),
                marker: 0,
                limit: 1000,
            };
            let page = self.lab.store.list_parts(&request).await.unwrap();
            let found: Vec<_> = page
                .parts
                .iter()
                .map(|part| (u64::from(part.number.get()), part.size))
                .collect();
            let wanted: Vec<_> = parts
                .iter()
                .map(|(part, bytes)| (*part, bytes.len() as u64))
                .collect();
            assert_eq!(found, wanted);
        }
    }
}

/// A page is full if there is more, and never larger than asked for.
fn check_page(items: &[(String, String)], limit: usize, more: bool) {
    assert!(items.len() <= limit);
    assert!(
        !more || items.len() == limit,
        "a short page that says there is more"
    );
}

/// What a listing should show, from all there is.
fn rolled<'a>(
    all: impl Iterator<Item = (&'a str, String)>,
    prefix: &str,
    delimiter: Option<&str>,
) -> Vec<(String, String)> {
    let mut wanted: Vec<(String, String)> = Vec::new();
    for (key, rest) in all {
        let Some(under) = key.strip_prefix(prefix) else {
            continue;
        };
        let item =
            match delimiter.and_then(|delimiter| Some(under.find(delimiter)? + delimiter.len())) {
                Some(end) => (key[..prefix.len() + end].to_owned(), "prefix".to_owned()),
                None => (key.to_owned(), rest),
            };
        if wanted.last() != Some(&item) {
            wanted.push(item);
        }
    }
    wanted
}

#[tokio::test]
async fn the_store_answers_as_the_model_does() {
    let (seeds, steps) = match std::env::var("COSETTE_SEED") {
        Ok(seed) => (vec![seed.parse().unwrap()], 400),
        Err(_) => ((1..=40).collect::<Vec<u64>>(), 400),
    };
    for seed in seeds {
        println!("COSETTE_SEED={seed}");
        let mut run = Run::new(seed).await;
        for step in 0..steps {
            run.step().await;
            if step % 50 == 49 {
                run.list().await;
                run.lab.sound().await;
            }
        }
        run.lab.empties(&BUCKETS).await;
    }
}
