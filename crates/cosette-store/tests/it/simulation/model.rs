//! What a store should hold, in plain maps; and what one was seen to hold.
//!
//! The model also says what may have happened when nobody was told: an operation whose answer was
//! lost is applied with ids that are not known yet.

use std::collections::BTreeMap;

use bytes::Bytes;
use cosette_store::{Aging, EncryptedWith, Error, Versioning};
use cosette_types::{Checksum, ETag, Md5, StorageClass, VersionId};
use md5::Digest as _;

use super::checksums::{checksum_of_copy, checksum_of_part, checksum_of_parts, checksum_of_put};
use super::operation::{
    Done, Operation, Place, Upload, of_appended, of_bytes, of_copy, of_upload, told,
};
use crate::common::number;

pub(crate) const BUCKETS: [&str; 2] = ["b", "c"];

/// What a key, a part or a version holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) bytes: Bytes,
    pub(crate) etag: ETag,
    /// The value of its one tag; empty if it has none.
    pub(crate) tag: String,
    /// Whether it has an ACL of its own.
    pub(crate) open: bool,
    pub(crate) appendable: bool,
    pub(crate) class: StorageClass,
    /// Whether it was restored, of a class that must be.
    pub(crate) restored: bool,
    pub(crate) encrypted: Option<EncryptedWith>,
    /// The checksum that a client sent, or that those of the parts make.
    pub(crate) checksum: Option<Checksum>,
}

/// One version; a delete marker has no content. Its id is not known if its making was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) id: Option<VersionId>,
    pub(crate) content: Option<Content>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) versioning: Versioning,
    /// Versions by key; the newest is the last.
    pub(crate) keys: BTreeMap<String, Vec<Version>>,
    /// Parts by upload.
    pub(crate) uploads: BTreeMap<Upload, BTreeMap<u64, Content>>,
    /// Its document; empty if it has none.
    pub(crate) document: Bytes,
    /// Whether everybody may read all of it.
    pub(crate) open: bool,
    /// The keys of uploads that were begun without an answer.
    pub(crate) unknown_uploads: Vec<String>,
}

/// All buckets by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Model(pub(crate) BTreeMap<String, Bucket>);

pub(crate) fn md5_of(bytes: &[u8]) -> Md5 {
    Md5(md5::Md5::digest(bytes).into())
}

pub(crate) fn content_of(bytes: &Bytes) -> Content {
    Content {
        bytes: bytes.clone(),
        etag: ETag::of_md5(md5_of(bytes)),
        tag: String::new(),
        open: false,
        appendable: false,
        class: StorageClass::Standard,
        restored: false,
        encrypted: told(of_bytes(bytes).as_ref()),
        checksum: None,
    }
}

impl Model {
    pub(crate) fn new() -> Self {
        Self(
            BUCKETS
                .map(|name| (name.to_owned(), Bucket::default()))
                .into(),
        )
    }

    pub(crate) fn bucket(&self, name: &str) -> &Bucket {
        &self.0[name]
    }

    fn bucket_mut(&mut self, name: &str) -> &mut Bucket {
        self.0.get_mut(name).unwrap()
    }

    /// The tag of what a delete would remove.
    pub(crate) fn etag(&self, place: &Place, id: Option<&VersionId>) -> Option<ETag> {
        Some(self.find(place, id).ok()?.0.etag)
    }

    /// Whether a copy is encrypted otherwise than its source, so that the bytes are written again.
    pub(crate) fn writes_again(&self, operation: &Operation) -> bool {
        match operation {
            Operation::Copy {
                from,
                version,
                to,
                replaced,
            } => self.find(from, version.as_ref()).is_ok_and(|(source, _)| {
                let encryption = of_copy((from, to), *replaced, source.encrypted);
                told(encryption.as_ref()) != source.encrypted
            }),
            Operation::CopyPart { upload, from, .. } => {
                let target = told(of_upload(&upload.key).as_ref());
                let source = self.find(from, None);
                source.is_ok_and(|(source, _)| target != source.encrypted)
            }
            _ => false,
        }
    }

    /// What a read or a copy finds, and whether it is the current version.
    fn find(&self, place: &Place, id: Option<&VersionId>) -> Result<(Content, bool), Error> {
        let versions = self.bucket(place.bucket).keys.get(place.key);
        let versions = versions.map_or(&[][..], Vec::as_slice);
        let (version, current) = match id {
            None => (versions.last().ok_or(Error::NoSuchKey)?, true),
            Some(id) => {
                let at = versions.iter().position(|one| one.id.as_ref() == Some(id));
                let at = at.ok_or(Error::NoSuchVersion)?;
                (&versions[at], at + 1 == versions.len())
            }
        };
        let marker = version.id.clone().unwrap_or_else(VersionId::null);
        match (&version.content, id) {
            (Some(content), _) => Ok((content.clone(), current)),
            (None, None) => Err(Error::KeyIsDeleted { version_id: marker }),
            (None, Some(_)) => Err(Error::VersionIsDeleteMarker { version_id: marker }),
        }
    }

    /// Applies an operation; the error is what it must answer instead. `done` is what it answered,
    /// if it did.
    #[expect(clippy::too_many_lines, reason = "one arm for each operation")]
    pub(crate) fn apply(
        &mut self,
        operation: &Operation,
        done: Option<&Done>,
    ) -> Result<(), Error> {
        match operation {
            Operation::Put { to, bytes } => {
                let content = Content {
                    checksum: checksum_of_put(bytes),
                    ..content_of(bytes)
                };
                self.add(to, done, Some(content));
            }
            Operation::Copy {
                from,
                version,
                to,
                replaced,
            } => {
                let (content, current) = self.find(from, version.as_ref())?;
                if from == to && current && !replaced {
                    return Err(Error::SelfCopyWithoutChange);
                }
                if content.appendable {
                    return Err(Error::Appendable);
                }
                let encryption = of_copy((from, to), *replaced, content.encrypted);
                let content = Content {
                    class: StorageClass::Standard,
                    encrypted: told(encryption.as_ref()),
                    open: false,
                    ..content
                };
                self.add(to, done, Some(content));
            }
            Operation::Move { from, version, to } => {
                if from == to {
                    return Err(Error::SelfMove);
                }
                let (content, _) = self.find(from, version.as_ref())?;
                let versioned = self.bucket(from.bucket).versioning != Versioning::Unversioned;
                if content.appendable && versioned {
                    return Err(Error::Appendable);
                }
                self.add(to, done, Some(content));
                let removed = done.map(|done| Done {
                    version: done.source_version.clone(),
                    ..Done::default()
                });
                self.delete(from, version.as_ref(), removed.as_ref());
            }
            Operation::Append { to, bytes } => self.append(to, bytes)?,
            Operation::Tag { at, version, tag } => {
                self.find(at, version.as_ref())?;
                self.content_mut(at, version.as_ref()).tag.clone_from(tag);
            }
            Operation::Acl { at, version, open } => {
                self.find(at, version.as_ref())?;
                self.content_mut(at, version.as_ref()).open = *open;
            }
            Operation::BucketAcl { bucket, open } => self.bucket_mut(bucket).open = *open,
            Operation::DeleteIf { at, version, etag } => {
                let found = self.find(at, version.as_ref()).ok();
                if found.is_none_or(|(content, _)| content.etag != *etag) {
                    return Err(Error::TargetPreconditionFailed);
                }
                self.delete(at, version.as_ref(), done);
            }
            Operation::Archive { to, bytes } => {
                let content = Content {
                    class: StorageClass::Archive,
                    ..content_of(bytes)
                };
                self.add(to, done, Some(content));
            }
            Operation::Restore { at, version } => {
                let (content, _) = self.find(at, version.as_ref())?;
                let class = content.class;
                if !class.is_archived() {
                    return Err(Error::NotArchived { class });
                }
                self.content_mut(at, version.as_ref()).restored = true;
            }
            Operation::Age {
                at,
                version,
                aging,
                stale,
            } => {
                let aged = !stale && self.age(at, version.as_ref(), *aging, done);
                if let Some(done) = done {
                    assert_eq!(done.aged, aged, "{operation:?}");
                }
            }
            Operation::Document { bucket, bytes } => {
                self.bucket_mut(bucket).document = bytes.clone();
            }
            Operation::Delete { at, version } => self.delete(at, version.as_ref(), done),
            Operation::Versioning { bucket, to } => self.bucket_mut(bucket).versioning = *to,
            Operation::Initiate { at } => {
                let bucket = self.bucket_mut(at.bucket);
                match done.and_then(|done| done.upload.clone()) {
                    Some(id) => {
                        let upload = Upload {
                            key: at.key.to_owned(),
                            id,
                        };
                        bucket.uploads.insert(upload, BTreeMap::new());
                    }
                    None => bucket.unknown_uploads.push(at.key.to_owned()),
                }
            }
            Operation::PutPart {
                bucket,
                upload,
                part,
                bytes,
            } => {
                let content = Content {
                    checksum: checksum_of_part(&upload.key, bytes),
                    ..content_of(bytes)
                };
                self.set_part(bucket, upload, *part, content);
            }
            Operation::CopyPart {
                bucket,
                upload,
                part,
                from,
                range,
            } => {
                let (content, _) = self.find(from, None)?;
                if content.appendable {
                    return Err(Error::Appendable);
                }
                let size = content.bytes.len();
                let bytes = match *range {
                    None => content.bytes.clone(),
                    Some((_, last)) if last >= size => {
                        return Err(Error::RangeBeyondEnd { size: size as u64 });
                    }
                    Some((first, last)) => content.bytes.slice(first..=last),
                };
                let is_whole = bytes.len() == size;
                let known = content.checksum.as_ref().filter(|_| is_whole);
                let content = Content {
                    checksum: checksum_of_copy(&upload.key, &bytes, known),
                    ..content_of(&bytes)
                };
                self.set_part(bucket, upload, *part, content);
            }
            Operation::Complete {
                bucket,
                upload,
                parts,
            } => {
                self.complete(bucket, upload, parts, done)?;
            }
            Operation::Abort { bucket, upload } => {
                self.bucket_mut(bucket).uploads.remove(upload);
            }
            Operation::Sweep | Operation::Jump { .. } | Operation::Restart => {}
        }
        Ok(())
    }

    /// Of a version that is there.
    fn content_mut(&mut self, at: &Place, version: Option<&VersionId>) -> &mut Content {
        let versions = self.bucket_mut(at.bucket).keys.get_mut(at.key).unwrap();
        let named = |one: &&mut Version| version.is_none() || one.id.as_ref() == version;
        let version = versions.iter_mut().rev().find(named).unwrap();
        version.content.as_mut().unwrap()
    }

    /// Does what a rule says of a version; whether it was there.
    fn age(
        &mut self,
        at: &Place,
        id: Option<&VersionId>,
        aging: Aging,
        done: Option<&Done>,
    ) -> bool {
        let bucket = self.bucket_mut(at.bucket);
        let Some(versions) = bucket.keys.get_mut(at.key) else {
            return false;
        };
        let named = |one: &Version| id.is_none() || one.id.as_ref() == id;
        let Some(nth) = versions.iter().rposition(named) else {
            return false;
        };
        let is_current = nth + 1 == versions.len();
        let is_alone = versions.len() == 1;
        match (aging, &mut versions[nth].content) {
            (Aging::Move(class), Some(content)) => {
                content.class = class;
                content.restored = false;
            }
            (Aging::Expire, Some(_)) if is_current => self.delete(at, None, done),
            (Aging::Expire, _) if !is_current => {
                versions.remove(nth);
            }
            (Aging::RemoveLoneMarker, None) if is_alone => {
                bucket.keys.remove(at.key);
            }
            _ => return false,
        }
        true
    }

    fn append(&mut self, to: &Place, bytes: &Bytes) -> Result<(), Error> {
        let bucket = self.bucket_mut(to.bucket);
        if bucket.versioning != Versioning::Unversioned {
            return Err(Error::NotAppendable);
        }
        let versions = bucket.keys.get_mut(to.key);
        let Some(content) = versions.and_then(|versions| versions.last_mut()?.content.as_mut())
        else {
            let content = Content {
                appendable: true,
                encrypted: told(of_appended(bytes).as_ref()),
                ..content_of(bytes)
            };
            self.add(to, None, Some(content));
            return Ok(());
        };
        if !content.appendable {
            return Err(Error::NotAppendable);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let before = content.etag.part_count().unwrap_or(1);
        let tags = [content.etag.value().as_bytes(), &md5_of(bytes).0].concat();
        content.etag = ETag::of_parts(md5_of(&tags), before as usize + 1);
        content.bytes = [content.bytes.as_ref(), bytes].concat().into();
        Ok(())
    }

    fn add(&mut self, at: &Place, done: Option<&Done>, content: Option<Content>) {
        let bucket = self.bucket_mut(at.bucket);
        let versions = bucket.keys.entry(at.key.to_owned()).or_default();
        let id = if bucket.versioning == Versioning::Enabled {
            done.and_then(|done| done.version.clone())
        } else {
            let null = Some(VersionId::null());
            versions.retain(|version| version.id != null);
            null
        };
        versions.push(Version { id, content });
    }

    fn delete(&mut self, at: &Place, version: Option<&VersionId>, done: Option<&Done>) {
        let bucket = self.bucket_mut(at.bucket);
        match version {
            Some(_) => {
                if let Some(versions) = bucket.keys.get_mut(at.key) {
                    versions.retain(|one| one.id.as_ref() != version);
                    if versions.is_empty() {
                        bucket.keys.remove(at.key);
                    }
                }
            }
            None if bucket.versioning == Versioning::Unversioned => {
                bucket.keys.remove(at.key);
            }
            None => self.add(at, done, None),
        }
    }

    fn set_part(&mut self, bucket: &str, upload: &Upload, part: u64, content: Content) {
        let uploads = &mut self.bucket_mut(bucket).uploads;
        uploads.get_mut(upload).unwrap().insert(part, content);
    }

    fn complete(
        &mut self,
        bucket: &'static str,
        upload: &Upload,
        listed: &[u64],
        done: Option<&Done>,
    ) -> Result<(), Error> {
        let parts = &self.bucket(bucket).uploads[upload];
        if listed.is_empty() {
            return Err(Error::NoPartsListed);
        }
        let chosen: Vec<&Content> = listed.iter().map(|part| &parts[part]).collect();
        for (part, content) in listed.iter().zip(&chosen).take(listed.len() - 1) {
            if content.bytes.len() < 8 {
                return Err(Error::PartTooSmall {
                    number: number(*part),
                    size: content.bytes.len() as u64,
                });
            }
        }
        let mut tags = Vec::new();
        let mut bytes = Vec::new();
        for content in &chosen {
            tags.extend_from_slice(&md5_of(&content.bytes).0);
            bytes.extend_from_slice(&content.bytes);
        }
        let known = chosen
            .iter()
            .map(|part| (part.bytes.as_ref(), part.checksum.as_ref()));
        let content = Content {
            checksum: checksum_of_parts(&upload.key, &known.collect::<Vec<_>>()),
            etag: ETag::of_parts(md5_of(&tags), chosen.len()),
            bytes: bytes.into(),
            encrypted: told(of_upload(&upload.key).as_ref()),
            ..content_of(&Bytes::new())
        };
        self.bucket_mut(bucket).uploads.remove(upload);
        let keys = ["a", "a/1", "a/2", "b", "b/1"];
        let key = keys.into_iter().find(|key| *key == upload.key).unwrap();
        self.add(&Place { bucket, key }, done, Some(content));
        Ok(())
    }

    /// Whether this is what was seen, ids that are not known aside.
    pub(crate) fn is_seen_in(&self, seen: &Self) -> bool {
        self.0.iter().all(|(name, bucket)| {
            let found = seen.bucket(name);
            let same_version = |(one, other): (&Version, &Version)| {
                one.content == other.content && (one.id.is_none() || one.id == other.id)
            };
            let same_versions = |key: &String, versions: &Vec<Version>| {
                let seen = found.keys.get(key).map_or(&[][..], Vec::as_slice);
                seen.len() == versions.len() && versions.iter().zip(seen).all(same_version)
            };
            let mut keys = bucket.keys.iter();
            bucket.versioning == found.versioning
                && bucket.document == found.document
                && bucket.open == found.open
                && bucket.keys.len() == found.keys.len()
                && keys.all(|(key, versions)| same_versions(key, versions))
                && bucket.has_uploads_of(found)
        })
    }
}

impl Model {
    /// Fills in the ids that were not known.
    pub(crate) fn learn(&mut self, seen: &Self) {
        for (name, bucket) in &mut self.0 {
            let found = seen.bucket(name);
            for (key, versions) in &mut bucket.keys {
                for (version, seen) in versions.iter_mut().zip(&found.keys[key]) {
                    version.id.clone_from(&seen.id);
                }
            }
            bucket.unknown_uploads.clear();
            for upload in found.uploads.keys() {
                bucket.uploads.entry(upload.clone()).or_default();
            }
        }
    }
}

impl Bucket {
    fn has_uploads_of(&self, seen: &Self) -> bool {
        // Of parts, only their tags and checksums are seen.
        let same = |known: &BTreeMap<u64, Content>, parts: &BTreeMap<u64, Content>| {
            let tags = |parts: &BTreeMap<u64, Content>| -> Vec<(u64, ETag, Option<Checksum>)> {
                let tags = parts
                    .iter()
                    .map(|(part, content)| (*part, content.etag.clone(), content.checksum.clone()));
                tags.collect()
            };
            tags(known) == tags(parts)
        };
        let mut unknown = Vec::new();
        for (upload, parts) in &seen.uploads {
            match self.uploads.get(upload) {
                Some(known) if same(known, parts) => {}
                None if parts.is_empty() => unknown.push(upload.key.clone()),
                _ => return false,
            }
        }
        let mut begun = self.unknown_uploads.clone();
        begun.sort();
        unknown.sort();
        let missing = |upload: &Upload| !seen.uploads.contains_key(upload);
        begun == unknown && !self.uploads.keys().any(missing)
    }
}
