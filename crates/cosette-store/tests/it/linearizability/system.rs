//! The store in this process, over drivers whose crash keeps what was answered and nothing else.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::{
    AgeVersion, Aging, Error, ListObjects, MoveObject, Options, SeenVersion, StageError,
    StageLimits, Staged, Store,
};
use cosette_types::{Directive, ETag, ETagMatch, Md5, Preconditions, Tags, UploadId};
use futures_util::stream;
use md5::Digest as _;

use super::checker::{Answer, Key, Op, State, Value, tagged_as};
use super::record::System;
use crate::common::jittery::Jittery;
use crate::common::{
    self, TestRandom, bucket, complete_request, content, copy_part_request, copy_request, key,
    make_bucket, part_request, put_request, source,
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
    let number = u32::try_from(value).unwrap();
    let size = [12, 60, 300, 3000][number as usize % 4];
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend_from_slice(&content(value, size));
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

async fn stage(store: &Store, bytes: Bytes) -> Result<Staged, Error> {
    let limits = StageLimits {
        expected_bytes: Some(bytes.len() as u64),
        bytes_max: u64::MAX,
    };
    let staged = store.stage(stream::iter([Ok::<_, Error>(bytes)]), limits);
    staged.await.map_err(|error| match error {
        StageError::Store(error) | StageError::Stream(error) => error,
        other => panic!("{other}"),
    })
}

async fn read(store: &Store, name: &str) -> Result<Answer, Error> {
    match store.object(&bucket("b"), &key(name), None).await {
        Ok(object) => {
            let bytes = common::read(store, &object).await?;
            let tag = object.tags.value("t").map_or(0, |tag| tag.parse().unwrap());
            Ok(Answer::Held(Some(tagged_as(value_of(&bytes), tag))))
        }
        Err(Error::NoSuchKey) => Ok(Answer::Held(None)),
        Err(error) => Err(error),
    }
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
            values.insert(tag.value().to_owned(), value);
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
        let staged = stage(store, bytes_of(value)).await?;
        let mut request = put_request("b", name);
        request.forbid_overwrite = matches!(op, Op::New { .. });
        match store.put_object(request, staged).await {
            Ok(_) => Ok(Answer::Done),
            Err(Error::ObjectExists) => Ok(Answer::Refused),
            Err(error) => Err(error),
        }
    }

    async fn copy(
        &self,
        store: &Store,
        (from, to): (Key, Key),
        only: Option<Value>,
    ) -> Result<Answer, Error> {
        let mut request = copy_request(NAMES[from], NAMES[to]);
        request.directive = Directive::Replaced;
        let tags = only.map(|value| ETagMatch::OneOf(tags_of(value).to_vec()));
        request.preconditions.if_match = tags;
        match store.copy_object(request).await {
            Ok(copied) => Ok(Answer::Held(Some(self.tagged(&copied.etag)))),
            Err(Error::NoSuchKey) => Ok(Answer::Held(None)),
            Err(Error::PreconditionFailed) => Ok(Answer::Refused),
            Err(error) => Err(error),
        }
    }

    async fn rename(&self, store: &Store, from: Key, to: Key) -> Result<Answer, Error> {
        let request = MoveObject {
            source: source(NAMES[from]),
            bucket: bucket("b"),
            key: key(NAMES[to]),
            preconditions: Preconditions::default(),
            forbid_overwrite: false,
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
            Op::Get { key } => read(store, NAMES[key]).await,
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
            Op::Copy { from, to } => self.copy(store, (from, to), None).await,
            Op::CopyIf { from, value, to } => self.copy(store, (from, to), Some(value)).await,
            Op::Move { from, to } => self.rename(store, from, to).await,
            Op::List => self.list(store).await,
        }
    }

    async fn put_parts(&self, store: &Store, name: &str, value: Value) -> Result<Answer, Error> {
        self.learn(value);
        let upload = begin_upload(store, name).await?;
        let mut tags = Vec::new();
        for (part, bytes) in (1..).zip(halves_of(value)) {
            let staged = stage(store, bytes).await?;
            let request = part_request(name, &upload, part);
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
        from: Key,
        to: Key,
    ) -> Result<(Answer, Option<Part>), Error> {
        let name = NAMES[to];
        let upload = begin_upload(store, name).await?;
        let request = copy_part_request(NAMES[from], name, &upload, 1);
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
            Err(error) => Err(error),
        }
    }
}

async fn begin_upload(store: &Store, name: &str) -> Result<UploadId, Error> {
    store.initiate_upload(common::initiate_request(name)).await
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

    async fn copy_part(&self, life: &Life, from: Key, to: Key) -> Option<(Answer, Option<Part>)> {
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
