//! One thing that a client asks of a store, and how it is asked.

use bytes::Bytes;
use cosette_store::Error;
use cosette_store::{
    AbortUpload, AgeVersion, Aging, AppendObject, BucketDocument, ChosenPart, CompleteUpload,
    EncryptedWith, ExpectedObject, InitiateUpload, ListVersions, ListedVersion, MoveObject,
    ObjectVersion, Protection, RestoreObject, SeenVersion, StageError, StageLimits, Staged, Store,
    Versioning,
};
use cosette_types::{
    ByteRange, CopySource, CustomerKey, Directive, ETag, ETagMatch, Encryption, Grant, Grantee,
    Metadata, Permission, Preconditions, Span, StorageClass, Tags, Timestamp, UploadId, VersionId,
};
use futures_util::{TryStreamExt, stream};

use super::checksums::{checksum_of_part, checksum_of_put, declared_for};
use super::model::Model;
use crate::common::{
    bucket, copy_part_request, copy_request, key, number, owner, part_request, put_request,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: &'static str,
    pub(crate) key: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) id: UploadId,
}

#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Put {
        to: Place,
        bytes: Bytes,
    },
    /// At the end of what is there.
    Append {
        to: Place,
        bytes: Bytes,
    },
    Copy {
        from: Place,
        version: Option<VersionId>,
        to: Place,
        replaced: bool,
    },
    Move {
        from: Place,
        version: Option<VersionId>,
        to: Place,
    },
    Delete {
        at: Place,
        version: Option<VersionId>,
    },
    /// Deletes what has this tag.
    DeleteIf {
        at: Place,
        version: Option<VersionId>,
        etag: ETag,
    },
    /// A put of a class that must be restored before it is read.
    Archive {
        to: Place,
        bytes: Bytes,
    },
    /// At once, and for good.
    Restore {
        at: Place,
        version: Option<VersionId>,
    },
    /// What a rule says; it does nothing if what it judged was made at another time.
    Age {
        at: Place,
        version: Option<VersionId>,
        aging: Aging,
        stale: bool,
    },
    /// Replaces a document of a bucket; an empty one removes it.
    Document {
        bucket: &'static str,
        bytes: Bytes,
    },
    /// Replaces all tags by one.
    Tag {
        at: Place,
        version: Option<VersionId>,
        tag: String,
    },
    /// Lets everybody read it, or leaves it to the bucket.
    Acl {
        at: Place,
        version: Option<VersionId>,
        open: bool,
    },
    /// Lets everybody read all of a bucket, or nobody.
    BucketAcl {
        bucket: &'static str,
        open: bool,
    },
    Versioning {
        bucket: &'static str,
        to: Versioning,
    },
    Initiate {
        at: Place,
    },
    PutPart {
        bucket: &'static str,
        upload: Upload,
        part: u64,
        bytes: Bytes,
    },
    /// The range is first and last byte.
    CopyPart {
        bucket: &'static str,
        upload: Upload,
        part: u64,
        from: Place,
        range: Option<(usize, usize)>,
    },
    Complete {
        bucket: &'static str,
        upload: Upload,
        parts: Vec<u64>,
    },
    Abort {
        bucket: &'static str,
        upload: Upload,
    },
    Sweep,
    /// The clock jumps by so many seconds.
    Jump {
        secs: i64,
    },
    /// The store is closed and opened again.
    Restart,
}

/// What an operation answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Done {
    pub(crate) version: Option<VersionId>,
    /// Of a move: what became of the source.
    pub(crate) source_version: Option<VersionId>,
    pub(crate) upload: Option<UploadId>,
    /// Of what a rule says: whether it was done.
    pub(crate) aged: bool,
}

impl Done {
    fn made(version: Option<VersionId>) -> Self {
        Self {
            version,
            ..Self::default()
        }
    }
}

impl Operation {
    /// For the log of a run: short.
    pub(crate) fn told(&self) -> String {
        let text = match self {
            Self::Put { to, bytes } => format!("put {} bytes to {to:?}", bytes.len()),
            Self::Append { to, bytes } => format!("append {} bytes to {to:?}", bytes.len()),
            Self::Archive { to, bytes } => format!("archive {} bytes at {to:?}", bytes.len()),
            Self::Document { bucket, bytes } => {
                format!("a document of {} bytes for {bucket}", bytes.len())
            }
            Self::PutPart {
                bucket,
                upload,
                part,
                bytes,
            } => {
                format!(
                    "put part {part}, {} bytes, of {bucket} {upload:?}",
                    bytes.len()
                )
            }
            other => format!("{other:?}"),
        };
        text.replace("Place ", "").replace("Upload ", "")
    }

    /// The keys and uploads that it looks at or changes: two operations without a common one do not
    /// see each other.
    pub(crate) fn touches(&self) -> Vec<String> {
        let place = |place: &Place| format!("{}/{}", place.bucket, place.key);
        let upload = |bucket: &str, upload: &Upload| format!("{bucket}/{}", upload.key);
        match self {
            Self::Put { to, .. } | Self::Append { to, .. } | Self::Archive { to, .. } => {
                vec![place(to)]
            }
            Self::Copy { from, to, .. } | Self::Move { from, to, .. } => {
                vec![place(from), place(to)]
            }
            Self::Delete { at, .. }
            | Self::DeleteIf { at, .. }
            | Self::Restore { at, .. }
            | Self::Age { at, .. }
            | Self::Tag { at, .. }
            | Self::Acl { at, .. }
            | Self::Initiate { at } => vec![place(at)],
            Self::Document { bucket, .. } => vec![format!("{bucket}?document")],
            Self::BucketAcl { bucket, .. } => vec![format!("{bucket}?acl")],
            Self::PutPart {
                bucket,
                upload: one,
                ..
            }
            | Self::Complete {
                bucket,
                upload: one,
                ..
            }
            | Self::Abort {
                bucket,
                upload: one,
            } => vec![upload(bucket, one)],
            Self::CopyPart {
                bucket,
                upload: one,
                from,
                ..
            } => vec![upload(bucket, one), place(from)],
            Self::Sweep => vec!["sweep".to_owned()],
            Self::Versioning { .. } | Self::Jump { .. } | Self::Restart => Vec::new(),
        }
    }

    /// Whether it may only run alone.
    pub(crate) fn is_alone(&self) -> bool {
        self.touches().is_empty()
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each operation")]
    /// Asks the store. `model` tells the tags of the parts to list.
    pub(crate) async fn run(&self, store: &Store, model: &Model) -> Result<Done, Error> {
        match self {
            Self::Put { to, bytes } => {
                let protection = store.protection(of_bytes(bytes).as_ref()).await?;
                let staged = stage(store, bytes, protection).await?;
                let staged = staged.with_checksum(checksum_of_put(bytes));
                let mut request = put_request("b", to.key);
                request.bucket = bucket(to.bucket);
                let put = store.put_object(request, staged).await?;
                assert_eq!(put.etag, super::model::content_of(bytes).etag);
                Ok(Done::made(put.version_id))
            }
            Self::Append { to, bytes } => append(store, model, to, bytes).await,
            Self::Copy {
                from,
                version,
                to,
                replaced,
            } => {
                let mut request = copy_request(from.key, to.key);
                request.source = source(from, version.as_ref());
                request.bucket = bucket(to.bucket);
                if *replaced {
                    request.directive = Directive::Replaced;
                }
                let now = encryption_of(store, from, version.as_ref()).await?;
                request.source_key = key_to(now);
                request.encryption = of_copy((from, to), *replaced, now);
                Ok(Done::made(store.copy_object(request).await?.version_id))
            }
            Self::Move { from, version, to } => {
                move_object(store, from, version.as_ref(), to).await
            }
            Self::Delete { at, version } => {
                let (bucket, key) = (bucket(at.bucket), key(at.key));
                let deleted = store.delete_object(&bucket, &key, version.as_ref()).await?;
                Ok(Done::made(deleted.version_id))
            }
            Self::DeleteIf { at, version, etag } => {
                let only = Preconditions {
                    if_match: Some(ETagMatch::OneOf(vec![etag.clone()])),
                    ..Preconditions::default()
                };
                let (bucket, key) = (bucket(at.bucket), key(at.key));
                let id = version.as_ref();
                let deleted = store.delete_object_if(&bucket, &key, id, only).await?;
                Ok(Done::made(deleted.version_id))
            }
            Self::Archive { to, bytes } => {
                let protection = store.protection(of_bytes(bytes).as_ref()).await?;
                let staged = stage(store, bytes, protection).await?;
                let mut request = put_request("b", to.key);
                request.bucket = bucket(to.bucket);
                request.storage_class = StorageClass::Archive;
                Ok(Done::made(
                    store.put_object(request, staged).await?.version_id,
                ))
            }
            Self::Restore { at, version } => restore(store, at, version.as_ref()).await,
            Self::Age {
                at,
                version,
                aging,
                stale,
            } => age(store, (at, version.as_ref()), *aging, *stale).await,
            Self::Document {
                bucket: name,
                bytes,
            } => {
                let document = Some(bytes.clone());
                let about = BucketDocument::Cors;
                store
                    .set_bucket_document(&bucket(name), about, document)
                    .await?;
                Ok(Done::default())
            }
            Self::Tag { at, version, tag } => {
                let mut tags = Tags::new();
                tags.insert("tag", tag).unwrap();
                let (bucket, key) = (bucket(at.bucket), key(at.key));
                let id = version.as_ref();
                store.set_object_tags(&bucket, &key, id, tags).await?;
                Ok(Done::default())
            }
            Self::Acl { at, version, open } => {
                let (bucket, key) = (bucket(at.bucket), key(at.key));
                let acl = open.then(|| vec![everybody_reads()]);
                let id = version.as_ref();
                store.set_object_acl(&bucket, &key, id, acl).await?;
                Ok(Done::default())
            }
            Self::BucketAcl { bucket: name, open } => {
                let acl = open.then(everybody_reads).into_iter().collect();
                store.set_bucket_acl(&bucket(name), acl).await?;
                Ok(Done::default())
            }
            Self::Versioning { bucket: name, to } => {
                store.set_versioning(&bucket(name), *to).await?;
                Ok(Done::default())
            }
            Self::Initiate { at } => {
                let asked = of_upload(at.key);
                let request = InitiateUpload {
                    bucket: bucket(at.bucket),
                    key: key(at.key),
                    owner: owner(),
                    metadata: Metadata::default(),
                    storage_class: StorageClass::Standard,
                    acl: None,
                    tags: Default::default(),
                    protection: store.protection(asked.as_ref()).await?,
                    checksum: declared_for(at.key),
                };
                let upload = Some(store.initiate_upload(request).await?);
                Ok(Done {
                    upload,
                    ..Done::default()
                })
            }
            Self::Sweep => store.sweep_now().await.map(|_| Done::default()),
            of_upload => of_upload.run_in_upload(store, model).await,
        }
    }

    async fn run_in_upload(&self, store: &Store, model: &Model) -> Result<Done, Error> {
        match self {
            Self::PutPart {
                bucket: name,
                upload,
                part,
                bytes,
            } => {
                let mut request = part_request(&upload.key, &upload.id, *part);
                request.bucket = bucket(name);
                let place = (&request.bucket, &request.key, &request.upload_id);
                let customer_key = of_upload(&upload.key);
                let customer_key = customer_key.as_ref().and_then(Encryption::customer_key);
                let terms = store.terms_of_part(place, customer_key).await?;
                assert_eq!(terms.checksum, declared_for(&upload.key));
                let staged = stage(store, bytes, terms.protection).await?;
                let staged = staged.with_checksum(checksum_of_part(&upload.key, bytes));
                store.put_part(request, staged).await?;
                Ok(Done::default())
            }
            Self::CopyPart {
                bucket: name,
                upload,
                part,
                from,
                range,
            } => {
                let mut request = copy_part_request(from.key, &upload.key, &upload.id, *part);
                request.source = source(from, None);
                request.bucket = bucket(name);
                request.range =
                    range.map(|(first, last)| ByteRange::new(first as u64, last as u64).unwrap());
                let target = told(of_upload(&upload.key).as_ref());
                request.source_key = key_to(encryption_of(store, from, None).await?);
                request.customer_key = key_to(target);
                store.copy_part(request).await?;
                Ok(Done::default())
            }
            Self::Complete {
                bucket: name,
                upload,
                parts,
            } => {
                let stored = &model.bucket(name).uploads[upload];
                let parts = parts.iter().map(|part| ChosenPart {
                    number: number(*part),
                    etag: stored[part].etag.clone(),
                    checksum: stored[part].checksum.clone(),
                });
                let parts = parts.collect();
                complete(store, name, upload, parts).await
            }
            Self::Abort {
                bucket: name,
                upload,
            } => {
                let request = AbortUpload {
                    bucket: bucket(name),
                    key: key(&upload.key),
                    upload_id: upload.id.clone(),
                };
                store.abort_upload(request).await?;
                Ok(Done::default())
            }
            other => unreachable!("{other:?} is not asked of an upload"),
        }
    }
}

async fn append(store: &Store, model: &Model, to: &Place, bytes: &Bytes) -> Result<Done, Error> {
    let versions = model.bucket(to.bucket).keys.get(to.key);
    let current = versions.and_then(|versions| versions.last()?.content.as_ref());
    let request = AppendObject {
        bucket: bucket(to.bucket),
        key: key(to.key),
        position: current.map_or(0, |content| content.bytes.len() as u64),
        owner: owner(),
        metadata: Metadata::default(),
        storage_class: StorageClass::Standard,
        acl: None,
        tags: Tags::new(),
    };
    let place = (&request.bucket, &request.key);
    let asked = match current.map(|content| content.encrypted) {
        // Only to be told that nothing is appended to it.
        Some(Some(EncryptedWith::CustomerKey)) => Some(Encryption::Customer(customer_key())),
        _ => of_appended(bytes),
    };
    let protection = store.protection_of_append(place, asked.as_ref()).await?;
    let staged = stage(store, bytes, protection).await?;
    store.append_object(request, staged).await?;
    Ok(Done::default())
}

async fn restore(store: &Store, at: &Place, version: Option<&VersionId>) -> Result<Done, Error> {
    let request = RestoreObject {
        bucket: bucket(at.bucket),
        key: key(at.key),
        version_id: version.cloned(),
        delay_secs: 0,
        kept_secs: u64::MAX,
    };
    match store.restore_object(request).await {
        // Where the clock ran back it is not restored yet, but it was asked for.
        Ok(_) | Err(Error::RestoreUnderWay) => Ok(Done::default()),
        Err(error) => Err(error),
    }
}

async fn age(
    store: &Store,
    (at, version): (&Place, Option<&VersionId>),
    aging: Aging,
    stale: bool,
) -> Result<Done, Error> {
    let name = bucket(at.bucket);
    let Some(judged) = listed(store, at, version).await? else {
        return Ok(Done::default());
    };
    let made = judged.last_modified.micros() + u64::from(stale);
    let seen = SeenVersion {
        version_id: judged.version_id,
        last_modified: Timestamp::from_micros(made),
        object: judged.object.map(|(_, etag, class)| (etag, class)),
        tags: None,
        is_latest: judged.is_latest,
    };
    let request = AgeVersion {
        bucket_made: store.bucket(&name).await?.created,
        bucket: name,
        key: key(at.key),
        seen,
        aging,
    };
    let aged = store.age_version(request).await?;
    let current = listed(store, at, None).await?;
    Ok(Done {
        // Of the marker, if there is one now.
        version: current.and_then(|current| current.version_id),
        aged,
        ..Done::default()
    })
}

/// As a listing has it.
async fn listed(
    store: &Store,
    at: &Place,
    version: Option<&VersionId>,
) -> Result<Option<ListedVersion>, Error> {
    let all = ListVersions {
        prefix: at.key.to_owned(),
        limit: 1000,
        ..ListVersions::default()
    };
    let page = store.list_versions(&bucket(at.bucket), &all).await?;
    let is_named = |one: &ListedVersion| match version {
        None => one.is_latest,
        Some(id) => one
            .version_id
            .as_ref()
            .map_or(id.is_null(), |own| own == id),
    };
    let mut versions = page.versions.into_iter();
    Ok(versions.find(|one| one.key == at.key && is_named(one)))
}

async fn move_object(
    store: &Store,
    from: &Place,
    version: Option<&VersionId>,
    to: &Place,
) -> Result<Done, Error> {
    let request = MoveObject {
        source: source(from, version),
        bucket: bucket(to.bucket),
        key: key(to.key),
        preconditions: Preconditions::default(),
        forbid_overwrite: false,
        target_preconditions: Default::default(),
        acl: Default::default(),
        client_token: None,
    };
    let moved = store.move_object(request).await?;
    Ok(Done {
        version: moved.version_id,
        source_version: moved.source.version_id,
        ..Done::default()
    })
}

async fn complete(
    store: &Store,
    name: &str,
    upload: &Upload,
    parts: Vec<ChosenPart>,
) -> Result<Done, Error> {
    let request = CompleteUpload {
        bucket: bucket(name),
        key: key(&upload.key),
        upload_id: upload.id.clone(),
        parts,
        expected: ExpectedObject::default(),
        forbid_overwrite: false,
        target_preconditions: Default::default(),
    };
    let completed = store.complete_upload(request.clone()).await?;
    match store.complete_upload(request).await {
        Ok(again) => assert_eq!(again, completed, "a repeat gets the first answer"),
        // The disk may have failed in between.
        Err(error) => assert!(is_of_the_disk(&error), "a repeat got {error:?}"),
    }
    Ok(Done::made(completed.version_id))
}

/// Whether an error may come from a disk that fails; any other is an answer.
pub(crate) fn is_of_the_disk(error: &Error) -> bool {
    matches!(error, Error::Io { .. } | Error::Poisoned | Error::Full)
}

fn source(place: &Place, version: Option<&VersionId>) -> CopySource {
    CopySource {
        bucket: bucket(place.bucket),
        region: None,
        key: key(place.key),
        version_id: version.cloned(),
    }
}

/// The one grant that is ever made.
fn everybody_reads() -> Grant {
    Grant {
        grantee: Grantee::AllUsers,
        permission: Permission::Read,
    }
}

/// The key of the one customer.
fn customer_key() -> CustomerKey {
    CustomerKey::new([7; 32])
}

/// The key that must be given for what is encrypted like this.
fn key_to(encrypted: Option<EncryptedWith>) -> Option<CustomerKey> {
    (encrypted == Some(EncryptedWith::CustomerKey)).then(customer_key)
}

/// What a store tells of what was to be encrypted like this.
pub(crate) fn told(asked: Option<&Encryption>) -> Option<EncryptedWith> {
    asked.map(|asked| match asked {
        Encryption::Managed => EncryptedWith::StoreKey,
        Encryption::Customer(_) => EncryptedWith::CustomerKey,
    })
}

/// Some objects are not encrypted, some with the store's key, and some with the customer's.
pub(crate) fn of_bytes(bytes: &Bytes) -> Option<Encryption> {
    match bytes.len() % 3 {
        0 => None,
        1 => Some(Encryption::Managed),
        _ => Some(Encryption::Customer(customer_key())),
    }
}

/// Customers' keys are not for what is appended to.
pub(crate) fn of_appended(bytes: &Bytes) -> Option<Encryption> {
    of_bytes(bytes).map(|_| Encryption::Managed)
}

pub(crate) fn of_upload(key: &str) -> Option<Encryption> {
    match key {
        "a" | "a/2" => Some(Encryption::Managed),
        "b" => Some(Encryption::Customer(customer_key())),
        _ => None,
    }
}

/// Some copies keep the encryption and share the bytes, others write them again, from each kind to the
/// next.
pub(crate) fn of_copy(
    (from, to): (&Place, &Place),
    replaced: bool,
    now: Option<EncryptedWith>,
) -> Option<Encryption> {
    let customers = || Encryption::Customer(customer_key());
    match (now, replaced && from != to) {
        // A copy onto itself that asks for nothing.
        _ if from == to && !replaced => None,
        (None, false) | (Some(EncryptedWith::CustomerKey), true) => None,
        (Some(EncryptedWith::StoreKey), false) | (None, true) => Some(Encryption::Managed),
        (Some(EncryptedWith::CustomerKey), false) | (Some(EncryptedWith::StoreKey), true) => {
            Some(customers())
        }
    }
}

/// How something is encrypted, if it is there.
async fn encryption_of(
    store: &Store,
    at: &Place,
    version: Option<&VersionId>,
) -> Result<Option<EncryptedWith>, Error> {
    match store
        .object(&bucket(at.bucket), &key(at.key), version)
        .await
    {
        Ok(object) => Ok(object.encrypted_with),
        Err(error) if is_of_the_disk(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Reads an object, with the customer's key if it takes that.
pub(crate) async fn read(store: &Store, object: &ObjectVersion) -> Result<Bytes, Error> {
    let customer_key = key_to(object.encrypted_with);
    let pieces = store.read_with(object, Span::whole(object.size), customer_key.as_ref());
    let pieces: Vec<Bytes> = pieces.try_collect().await?;
    let bytes: Bytes = pieces.concat().into();
    assert_eq!(bytes.len() as u64, object.size);
    Ok(bytes)
}

async fn stage(store: &Store, bytes: &Bytes, protection: Protection) -> Result<Staged, Error> {
    let pieces: Vec<_> = bytes
        .chunks(70_001)
        .map(|piece| Ok::<_, Error>(Bytes::copy_from_slice(piece)))
        .collect();
    let limits = StageLimits {
        expected_bytes: Some(bytes.len() as u64),
        bytes_max: u64::MAX,
    };
    let staged = store.stage_as(stream::iter(pieces), limits, protection);
    let staged = staged.await;
    staged.map_err(|error| match error {
        StageError::Store(error) | StageError::Stream(error) => error,
        StageError::Length { .. } | StageError::TooLarge { .. } => panic!("{error}"),
    })
}
