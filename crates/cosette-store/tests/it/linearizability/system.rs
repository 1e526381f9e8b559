//! The store in this process, over drivers whose crash keeps what was answered and nothing else.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::{
    AgeVersion, Aging, EncryptedWith, Error, ListObjects, MoveObject, Options, Protection,
    SeenVersion, StageError, StageLimits, Staged, Store,
};
use cosette_types::{
    CustomerKey, Directive, ETag, ETagMatch, Encryption, Md5, Preconditions, Span, Tags, UploadId,
};
use futures_util::{TryStreamExt, stream};
use md5::Digest as _;

use super::checker::{
    Answer, Key, Kind, Op, State, Value, content_of, kept_as, kind_of, tagged_as,
};
use super::record::System;
use crate::common::jittery::Jittery;
use crate::common::{
    self, TestRandom, bucket, complete_request, copy_part_request, copy_request, key, make_bucket,
    part_request, put_request, source,
};

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

#[derive(Debug)]
pub(crate) struct InProcess {
    random: Arc<TestRandom>,
    options: Options,
    values: Mutex<HashMap<String, Value>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) store: Store,
    meta: MemoryMeta,
    extents: MemoryExtents,
}

/// An upload that waits to be completed with its one part.
#[derive(Debug)]
pub(crate) struct Part {
    name: &'static str,
    upload: UploadId,
    etag: ETag,
}

fn md5_of(bytes: &[u8]) -> Md5 {
    Md5(md5::Md5::digest(bytes).into())
}

/// The bytes that are a value: its number, and more that could only be its own.
fn bytes_of(value: Value) -> Bytes {
    let content = content_of(value);
    let number = u32::try_from(content).unwrap();
    let size = [12, 60, 300, 3000][number as usize % 4];
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend_from_slice(&common::content(content, size));
    bytes.into()
}

/// In two parts, the first of which is as long as it must be.
fn halves_of(value: Value) -> [Bytes; 2] {
    let mut first = bytes_of(value);
    let second = first.split_off(first.len() / 2);
    [first, second]
}

/// The value that bytes are; a mix of two is none.
fn value_of(bytes: &Bytes) -> Value {
    let value = u32::from_be_bytes(*bytes.first_chunk().unwrap()).into();
    assert_eq!(*bytes, bytes_of(value), "these bytes were never written");
    value
}

/// The tags that a value may have: put whole, uploaded in two parts, or copied into one.
fn tags_of(value: Value) -> [ETag; 3] {
    let whole = md5_of(&bytes_of(value));
    let halves = halves_of(value).map(|half| md5_of(&half).0).concat();
    [
        ETag::of_md5(whole),
        ETag::of_parts(md5_of(&halves), 2),
        ETag::of_parts(md5_of(&whole.0), 1),
    ]
}

/// `None` for what only a store that was killed answers.
fn told<T>(result: Result<T, Error>) -> Option<Result<T, Error>> {
    match result {
        Err(Error::Io { .. } | Error::Poisoned | Error::Corrupt { .. }) => None,
        other => Some(other),
    }
}

fn key_numbered(number: u8) -> CustomerKey {
    CustomerKey::new([number; 32])
}

fn asked(kind: Kind) -> Option<Encryption> {
    match kind.key() {
        Some(number) => Some(Encryption::Customer(key_numbered(number))),
        None => (kind == Kind::Managed).then_some(Encryption::Managed),
    }
}

/// Whether a key is not the one, or none is asked for.
fn is_about_keys(error: &Error) -> bool {
    let about = [
        Error::CustomerKeyWrong,
        Error::CustomerKeyNeeded,
        Error::CustomerKeyNotApplicable,
    ];
    about.contains(error)
}

async fn stage(store: &Store, bytes: Bytes, protection: Protection) -> Result<Staged, Error> {
    let limits = StageLimits {
        expected_bytes: Some(bytes.len() as u64),
        bytes_max: u64::MAX,
    };
    let staged = store.stage_as(stream::iter([Ok::<_, Error>(bytes)]), limits, protection);
    staged.await.map_err(|error| match error {
        StageError::Store(error) | StageError::Stream(error) => error,
        other => panic!("{other}"),
    })
}

async fn read(store: &Store, name: &str, with: Option<u8>) -> Result<Answer, Error> {
    let object = match store.object(&bucket("b"), &key(name), None).await {
        Ok(object) => object,
        Err(Error::NoSuchKey) => return Ok(Answer::Held(None)),
        Err(error) => return Err(error),
    };
    let customer_key = with.map(key_numbered);
    match object.check_key(customer_key.as_ref()) {
        Err(error) if is_about_keys(&error) => return Ok(Answer::Refused),
        other => other?,
    }
    let pieces = store.read_with(&object, Span::whole(object.size), customer_key.as_ref());
    let pieces: Vec<Bytes> = pieces.try_collect().await?;
    let tag = object.tags.value("t").map_or(0, |tag| tag.parse().unwrap());
    let kind = match (object.encrypted_with, with) {
        (None, _) => Kind::Open,
        (Some(EncryptedWith::StoreKey), _) => Kind::Managed,
        (Some(EncryptedWith::CustomerKey), Some(1)) => Kind::One,
        (Some(EncryptedWith::CustomerKey), _) => Kind::Two,
    };
    let value = kept_as(value_of(&pieces.concat().into()), kind);
    Ok(Answer::Held(Some(tagged_as(value, tag))))
}

/// Deletes what has this content, as a rule that saw it does.
async fn expire(store: &Store, name: &str, value: Value) -> Result<Answer, Error> {
    let (bucket, key) = (bucket("b"), key(name));
    let bucket_made = store.bucket(&bucket).await?.created;
    loop {
        let object = match store.object(&bucket, &key, None).await {
            Ok(object) if tags_of(value).contains(&object.etag) => object,
            Ok(_) | Err(Error::NoSuchKey) => return Ok(Answer::Refused),
            Err(error) => return Err(error),
        };
        let request = AgeVersion {
            bucket: bucket.clone(),
            bucket_made,
            key: key.clone(),
            seen: SeenVersion {
                version_id: None,
                last_modified: object.last_modified,
                object: Some((object.etag.clone(), object.storage_class)),
                tags: None,
                is_latest: true,
            },
            aging: Aging::Expire,
        };
        if store.age_version(request).await? {
            return Ok(Answer::Done);
        }
    }
}

impl InProcess {
    pub(crate) fn new(seed: u64) -> Self {
        let (mut options, _) = common::options();
        options.random = Arc::new(TestRandom(AtomicU64::new(!seed)));
        Self {
            random: Arc::new(TestRandom(AtomicU64::new(seed << 32))),
            options,
            values: Mutex::default(),
        }
    }

    /// The first life, with an empty bucket.
    pub(crate) async fn first(&self) -> Life {
        let life = self.begin(MemoryMeta::new(), MemoryExtents::new()).await;
        make_bucket(&life.store, "b").await;
        life
    }

    async fn begin(&self, meta: MemoryMeta, extents: MemoryExtents) -> Life {
        let jittery = Jittery {
            meta: meta.clone(),
            random: Arc::clone(&self.random),
        };
        let (jittery, held) = (Arc::new(jittery), Arc::new(extents.clone()));
        let store = Store::with_drivers(jittery, held, self.options.clone());
        Life {
            store: store.await.unwrap(),
            meta,
            extents,
        }
    }

    fn learn(&self, value: Value) {
        let mut values = self.values.lock().unwrap();
        for tag in tags_of(value) {
            values.insert(tag.value().to_owned(), content_of(value));
        }
    }

    fn tagged(&self, tag: &ETag) -> Value {
        self.values.lock().unwrap()[tag.value()]
    }

    async fn put(&self, store: &Store, name: &str, op: Op) -> Result<Answer, Error> {
        let (Op::Put { value, .. } | Op::New { value, .. }) = op else {
            unreachable!("{op:?}")
        };
        self.learn(value);
        let protection = store.protection(asked(kind_of(value)).as_ref()).await?;
        let staged = stage(store, bytes_of(value), protection).await?;
        let mut request = put_request("b", name);
        request.forbid_overwrite = matches!(op, Op::New { .. });
        match store.put_object(request, staged).await {
            Ok(_) => Ok(Answer::Done),
            Err(Error::ObjectExists) => Ok(Answer::Refused),
            Err(error) => Err(error),
        }
    }

    async fn copy(&self, store: &Store, op: Op) -> Result<Answer, Error> {
        let (from, with, only, to, kept) = match op {
            Op::Copy {
                from,
                with,
                to,
                kept,
            } => (from, with, None, to, kept),
            Op::CopyIf {
                from,
                with,
                value,
                to,
                kept,
            } => (from, with, Some(value), to, kept),
            other => unreachable!("{other:?}"),
        };
        let mut request = copy_request(NAMES[from], NAMES[to]);
        request.directive = Directive::Replaced;
        let tags = only.map(|value| ETagMatch::OneOf(tags_of(value).to_vec()));
        request.preconditions.if_match = tags;
        request.encryption = asked(kept);
        request.source_key = with.map(key_numbered);
        loop {
            return match store.copy_object(request.clone()).await {
                Ok(copied) => Ok(Answer::Held(Some(self.tagged(&copied.etag)))),
                Err(Error::NoSuchKey) => Ok(Answer::Held(None)),
                Err(Error::PreconditionFailed) => Ok(Answer::Refused),
                Err(error) if is_about_keys(&error) => Ok(Answer::Refused),
                // Others wrote the source again and again while it was encrypted otherwise.
                Err(Error::Conflict) => continue,
                Err(error) => Err(error),
            };
        }
    }

    async fn rename(&self, store: &Store, from: Key, to: Key) -> Result<Answer, Error> {
        let request = MoveObject {
            source: source(NAMES[from]),
            bucket: bucket("b"),
            key: key(NAMES[to]),
            preconditions: Preconditions::default(),
            forbid_overwrite: false,
            acl: Default::default(),
            client_token: None,
            target_preconditions: Preconditions::default(),
        };
        match store.move_object(request).await {
            Ok(moved) => Ok(Answer::Held(Some(self.tagged(&moved.etag)))),
            Err(Error::NoSuchKey) => Ok(Answer::Held(None)),
            Err(error) => Err(error),
        }
    }

    async fn list(&self, store: &Store) -> Result<Answer, Error> {
        let request = ListObjects {
            limit: 1000,
            ..ListObjects::default()
        };
        let page = store.list_objects(&bucket("b"), &request).await?;
        let mut state = State::default();
        for object in page.objects {
            let at = NAMES.iter().position(|name| *name == object.key).unwrap();
            state[at] = Some(self.tagged(&object.etag));
        }
        Ok(Answer::Listed(state))
    }

    async fn run(&self, store: &Store, op: Op) -> Result<Answer, Error> {
        match op {
            Op::Put { key, .. } | Op::New { key, .. } => self.put(store, NAMES[key], op).await,
            Op::Get { key, with } => read(store, NAMES[key], with).await,
            Op::Look { .. } => unreachable!("asked for by copies of parts only"),
            // As a rule does, or as a client.
            Op::DeleteIf { key: at, value } if self.random.below(2) == 0 => {
                expire(store, NAMES[at], value).await
            }
            Op::DeleteIf { key: at, value } => {
                let (bucket, key) = (bucket("b"), key(NAMES[at]));
                let only = Preconditions {
                    if_match: Some(ETagMatch::OneOf(tags_of(value).to_vec())),
                    ..Preconditions::default()
                };
                match store.delete_object_if(&bucket, &key, None, only).await {
                    Ok(_) => Ok(Answer::Done),
                    Err(Error::TargetPreconditionFailed) => Ok(Answer::Refused),
                    Err(error) => Err(error),
                }
            }
            Op::Tag { key: at, tag } => {
                let (bucket, key) = (bucket("b"), key(NAMES[at]));
                let mut tags = Tags::new();
                tags.insert("t", &tag.to_string()).unwrap();
                match store.set_object_tags(&bucket, &key, None, tags).await {
                    Ok(_) => Ok(Answer::Held(Some(tagged_as(0, tag)))),
                    Err(Error::NoSuchKey) => Ok(Answer::Held(None)),
                    Err(error) => Err(error),
                }
            }
            Op::Delete { key: at } => {
                // Space is given back in the middle of it all.
                if self.random.below(4) == 0 {
                    store.sweep_now().await?;
                }
                let (bucket, key) = (bucket("b"), key(NAMES[at]));
                store.delete_object(&bucket, &key, None).await?;
                Ok(Answer::Done)
            }
            Op::Copy { .. } | Op::CopyIf { .. } => self.copy(store, op).await,
            Op::Move { from, to } => self.rename(store, from, to).await,
            Op::List => self.list(store).await,
        }
    }

    async fn put_parts(&self, store: &Store, name: &str, value: Value) -> Result<Answer, Error> {
        self.learn(value);
        let upload = begin_upload(store, name, kind_of(value)).await?;
        let customer_key = kind_of(value).key().map(key_numbered);
        let mut tags = Vec::new();
        for (part, bytes) in (1..).zip(halves_of(value)) {
            let request = part_request(name, &upload, part);
            let place = (&request.bucket, &request.key, &upload);
            let terms = store.terms_of_part(place, customer_key.as_ref()).await?;
            let staged = stage(store, bytes, terms.protection).await?;
            tags.push((part, store.put_part(request, staged).await?.etag));
        }
        let tags: Vec<_> = tags.iter().map(|(part, tag)| (*part, tag)).collect();
        let request = complete_request(name, &upload, &tags);
        store.complete_upload(request).await?;
        Ok(Answer::Done)
    }

    async fn copy_into(
        &self,
        store: &Store,
        (from, with): (Key, Option<u8>),
        (to, kept): (Key, Kind),
    ) -> Result<(Answer, Option<Part>), Error> {
        let name = NAMES[to];
        let upload = begin_upload(store, name, kept).await?;
        let mut request = copy_part_request(NAMES[from], name, &upload, 1);
        request.source_key = with.map(key_numbered);
        request.customer_key = kept.key().map(key_numbered);
        match store.copy_part(request).await {
            Ok(copied) => {
                let value = self.tagged(&copied.etag);
                let part = Part {
                    name,
                    upload,
                    etag: copied.etag,
                };
                Ok((Answer::Held(Some(value)), Some(part)))
            }
            Err(Error::NoSuchKey) => Ok((Answer::Held(None), None)),
            Err(error) if is_about_keys(&error) => Ok((Answer::Refused, None)),
            Err(error) => Err(error),
        }
    }
}

async fn begin_upload(store: &Store, name: &str, kind: Kind) -> Result<UploadId, Error> {
    let mut request = common::initiate_request(name);
    request.protection = store.protection(asked(kind).as_ref()).await?;
    store.initiate_upload(request).await
}

impl System for InProcess {
    type Life = Life;
    type Part = Part;
    const TAGS: bool = true;

    async fn ask(&self, life: &Life, op: Op) -> Option<Answer> {
        told(self.run(&life.store, op).await).map(Result::unwrap)
    }

    async fn upload(&self, life: &Life, key: Key, value: Value) -> Option<Answer> {
        let put = self.put_parts(&life.store, NAMES[key], value).await;
        told(put).map(Result::unwrap)
    }

    async fn copy_part(
        &self,
        life: &Life,
        from: (Key, Option<u8>),
        to: (Key, Kind),
    ) -> Option<(Answer, Option<Part>)> {
        told(self.copy_into(&life.store, from, to).await).map(Result::unwrap)
    }

    async fn complete(&self, life: &Life, part: Part) -> Option<Answer> {
        let request = complete_request(part.name, &part.upload, &[(1, &part.etag)]);
        let completed = told(life.store.complete_upload(request).await)?;
        completed.unwrap();
        Some(Answer::Done)
    }

    async fn kill(&self, life: Life) -> Life {
        self.begin(life.meta.crash(0), life.extents.crash(false))
            .await
    }
}
