//! What is encrypted reads back as what was written, with its key and with no other; copies share
//! bytes under the same key only; and nothing of it lies about in the open.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

use std::sync::Arc;

use crate::common::{
    self, Lab, bucket, complete_request, content, copy_part_request, copy_request, encryption_keys,
    initiate_request, key, owner, part_request, put_request, source, stage_as,
};
use bytes::Bytes;
use cosette_store::extents::Extents;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::{
    AppendObject, Candidate, EncryptedWith, EncryptionKeys, Error, MoveObject, NewPrefixJob,
    PrefixJobKind, PrefixJobState, Store, Verdict,
};
use cosette_types::{
    ByteRange, CustomerKey, Encryption, Preconditions, Span, StorageClass, UploadId,
};
use futures_util::{StreamExt, TryStreamExt, stream};

/// Bytes of plain text in an encrypted chunk.
const CHUNK: usize = 65_520;

/// The kinds of encryption: none, the store's key, and two customers'.
const KINDS: [Kind; 4] = [
    Kind::Open,
    Kind::Managed,
    Kind::Customer(1),
    Kind::Customer(2),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Managed,
    Customer(u8),
}

impl Kind {
    fn key(self) -> Option<CustomerKey> {
        match self {
            Self::Customer(n) => Some(CustomerKey::new([n; 32])),
            Self::Open | Self::Managed => None,
        }
    }

    fn asked(self) -> Option<Encryption> {
        match self {
            Self::Open => None,
            Self::Managed => Some(Encryption::Managed),
            Self::Customer(_) => self.key().map(Encryption::Customer),
        }
    }

    fn told(self) -> Option<EncryptedWith> {
        match self {
            Self::Open => None,
            Self::Managed => Some(EncryptedWith::StoreKey),
            Self::Customer(_) => Some(EncryptedWith::CustomerKey),
        }
    }
}

async fn put(store: &Store, name: &str, bytes: &Bytes, kind: Kind) {
    let protection = store.protection(kind.asked().as_ref()).await.unwrap();
    let staged = stage_as(store, bytes, protection).await;
    store
        .put_object(put_request("b", name), staged)
        .await
        .unwrap();
}

async fn read(store: &Store, name: &str, span: Span, kind: Kind) -> Result<Bytes, Error> {
    let version = store.object(&bucket("b"), &key(name), None).await?;
    assert_eq!(version.encrypted_with, kind.told(), "{name}");
    version.check_key(kind.key().as_ref())?;
    let pieces = store.read_with(&version, span, kind.key().as_ref());
    let pieces: Vec<Bytes> = pieces.try_collect().await?;
    Ok(pieces.concat().into())
}

async fn holds(store: &Store, name: &str, bytes: &Bytes, kind: Kind) {
    let found = read(store, name, Span::whole(bytes.len() as u64), kind).await;
    assert!(found.unwrap() == *bytes, "{name} as {kind:?}");
}

/// Everything that is kept of objects, as it is kept.
async fn kept(store: &Store) -> Vec<u8> {
    let pieces: Vec<Bytes> = store.export().try_collect().await.unwrap();
    pieces.concat()
}

fn is_in(bytes: &[u8], kept: &[u8]) -> bool {
    let some = &bytes[..bytes.len().min(40)];
    kept.windows(some.len()).any(|window| window == some)
}

/// Bytes written so far: to extents, and rows of tiny ones.
async fn written(lab: &Lab) -> (u64, usize) {
    let report = lab.store.fsck(false).await.unwrap();
    (lab.extents.written_bytes(), report.rows_of('x'))
}

// catches: StoredInTheOpen
#[tokio::test]
async fn any_range_reads_back_and_nothing_is_kept_in_the_open() {
    let lab = Lab::new().await;
    let store = &lab.store;
    for kind in [Kind::Managed, Kind::Customer(1)] {
        for size in [
            0,
            1,
            64,
            65,
            CHUNK - 1,
            CHUNK,
            CHUNK + 1,
            3 * CHUNK + 7,
            600_000,
        ] {
            let bytes = content(size as u64, size);
            put(store, "k", &bytes, kind).await;
            holds(store, "k", &bytes, kind).await;
            let borders = [
                0,
                1,
                CHUNK - 1,
                CHUNK,
                CHUNK + 1,
                2 * CHUNK,
                8 * CHUNK,
                size,
            ];
            for start in borders {
                for end in borders
                    .into_iter()
                    .filter(|end| start < *end && *end <= size)
                {
                    let span = Span {
                        start: start as u64,
                        end: end as u64,
                    };
                    let found = read(store, "k", span, kind).await.unwrap();
                    assert!(found == bytes[start..end], "{start} to {end} of {size}");
                }
            }
            if size > 1 {
                assert!(!is_in(&bytes, &kept(store).await), "{size} bytes, {kind:?}");
            }
        }
    }
    let open = content(5, 50);
    put(store, "k", &open, Kind::Open).await;
    assert!(
        is_in(&open, &kept(store).await),
        "what is not encrypted is found so"
    );
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn the_right_key_and_no_other() {
    let lab = Lab::new().await;
    let store = &lab.store;
    for size in [0, 10, 100_000] {
        let bytes = content(1, size);
        put(store, "customer", &bytes, Kind::Customer(1)).await;
        put(store, "managed", &bytes, Kind::Managed).await;
        put(store, "open", &bytes, Kind::Open).await;
        let version = async |name: &str| store.object(&bucket("b"), &key(name), None).await;
        let (one, two) = (Kind::Customer(1).key(), Kind::Customer(2).key());
        let customer = version("customer").await.unwrap();
        assert_eq!(customer.check_key(one.as_ref()), Ok(()));
        assert_eq!(
            customer.check_key(two.as_ref()),
            Err(Error::CustomerKeyWrong)
        );
        assert_eq!(customer.check_key(None), Err(Error::CustomerKeyNeeded));
        for name in ["managed", "open"] {
            let version = version(name).await.unwrap();
            assert_eq!(version.check_key(None), Ok(()));
            let needless = version.check_key(one.as_ref());
            assert_eq!(needless, Err(Error::CustomerKeyNotApplicable));
        }
        if size > 0 {
            // Whoever does not ask gets no bytes either.
            let span = Span::whole(customer.size);
            for (key, why) in [
                (None, Error::CustomerKeyNeeded),
                (two, Error::CustomerKeyWrong),
            ] {
                let mut bytes = std::pin::pin!(store.read_with(&customer, span, key.as_ref()));
                assert_eq!(bytes.next().await, Some(Err(why)));
            }
        }
    }
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn no_byte_is_served_that_was_not_written() {
    let lab = Lab::new().await;
    let bytes = content(1, 3 * CHUNK);
    put(&lab.store, "k", &bytes, Kind::Managed).await;
    for at in [0, 70_000, 3 * 65_536 - 1] {
        lab.extents.flip_bit(at);
        let whole = Span::whole(bytes.len() as u64);
        let read = read(&lab.store, "k", whole, Kind::Managed).await;
        assert!(matches!(read, Err(Error::Corrupt { .. })), "{at}");
        lab.extents.flip_bit(at);
    }
    holds(&lab.store, "k", &bytes, Kind::Managed).await;
    lab.sound().await;
}

// catches: SharedAcrossKeys
#[tokio::test]
async fn a_copy_shares_bytes_under_the_same_key_and_rewrites_them_else() {
    let lab = Lab::new().await;
    let store = &lab.store;
    for size in [0, 40, 200_000] {
        let bytes = content(size as u64, size);
        for from in KINDS {
            put(store, "source", &bytes, from).await;
            let etag = store
                .object(&bucket("b"), &key("source"), None)
                .await
                .unwrap()
                .etag;
            for to in KINDS {
                let before = written(&lab).await;
                let mut request = copy_request("source", "target");
                request.encryption = to.asked();
                request.source_key = from.key();
                let copied = store.copy_object(request).await.unwrap();
                assert_eq!((copied.encrypted_with, &copied.etag), (to.told(), &etag));
                holds(store, "target", &bytes, to).await;
                let shared = written(&lab).await == before;
                assert_eq!(
                    shared,
                    from == to || size == 0,
                    "{from:?} to {to:?}, {size}"
                );
                if shared && size > 0 && from != Kind::Open {
                    assert!(!is_in(&bytes, &kept(store).await));
                }
                store
                    .delete_object(&bucket("b"), &key("target"), None)
                    .await
                    .unwrap();
                store.sweep_now().await.unwrap();
            }
        }
    }
    lab.empties(&["b"]).await;
}

// incident: R05
#[tokio::test]
async fn a_copy_that_was_written_again_and_its_source_live_by_themselves() {
    let ends = [("source", Kind::Open), ("target", Kind::Managed)];
    for ((gone, _), (left, kind)) in [(ends[0], ends[1]), (ends[1], ends[0])] {
        for size in [40, 200_000] {
            let lab = Lab::new().await;
            let bytes = content(1, size);
            put(&lab.store, "source", &bytes, Kind::Open).await;
            let mut request = copy_request("source", "target");
            request.encryption = Kind::Managed.asked();
            lab.store.copy_object(request).await.unwrap();
            let (name, gone) = (bucket("b"), key(gone));
            let deleted = lab.store.delete_object(&name, &gone, None);
            deleted.await.unwrap();
            lab.sound().await;
            holds(&lab.store, left, &bytes, kind).await;
            lab.empties(&["b"]).await;
        }
    }
}

#[tokio::test]
async fn a_copy_that_keeps_the_encryption_shares_the_bytes_whatever_it_is() {
    let lab = Lab::new().await;
    let store = &lab.store;
    for size in [0, 40, 200_000] {
        let bytes = content(size as u64, size);
        for kind in [Kind::Open, Kind::Managed] {
            put(store, "source", &bytes, kind).await;
            let before = written(&lab).await;
            let mut request = copy_request("source", "target");
            request.keep_encryption = true;
            let copied = store.copy_object(request.clone()).await.unwrap();
            assert_eq!(copied.encrypted_with, kind.told());
            assert_eq!(written(&lab).await, before, "{kind:?}, {size}");
            holds(store, "target", &bytes, kind).await;
            // What is asked for goes before what is kept.
            for asked in [Kind::Managed, Kind::Customer(1)] {
                request.encryption = asked.asked();
                let copied = store.copy_object(request.clone()).await.unwrap();
                assert_eq!(copied.encrypted_with, asked.told());
                holds(store, "target", &bytes, asked).await;
            }
        }
    }
    // The copies live on alone.
    let bytes = content(7, 200_000);
    put(store, "source", &bytes, Kind::Managed).await;
    let mut request = copy_request("source", "target");
    request.keep_encryption = true;
    store.copy_object(request).await.unwrap();
    put(store, "source", &content(8, 10), Kind::Open).await;
    store.sweep_now().await.unwrap();
    holds(store, "target", &bytes, Kind::Managed).await;
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn a_customers_key_is_not_kept_by_itself() {
    let lab = Lab::new().await;
    let store = &lab.store;
    let bytes = content(3, 1000);
    put(store, "source", &bytes, Kind::Customer(1)).await;
    put(store, "managed", &bytes, Kind::Managed).await;
    put(store, "target", &Bytes::from_static(b"old"), Kind::Open).await;
    let before = written(&lab).await;
    for (from, with, why) in [
        ("source", Kind::Customer(1), Error::TargetEncryptionNeeded),
        ("source", Kind::Open, Error::CustomerKeyNeeded),
        ("source", Kind::Customer(2), Error::CustomerKeyWrong),
        (
            "managed",
            Kind::Customer(1),
            Error::CustomerKeyNotApplicable,
        ),
    ] {
        let mut request = copy_request(from, "target");
        request.keep_encryption = true;
        request.source_key = with.key();
        assert_eq!(store.copy_object(request).await, Err(why));
    }
    assert_eq!(written(&lab).await, before);
    holds(store, "target", &Bytes::from_static(b"old"), Kind::Open).await;
    lab.sound().await;
}

#[tokio::test]
async fn a_copy_onto_itself_changes_the_encryption() {
    let lab = Lab::new().await;
    let bytes = content(3, 100_000);
    put(&lab.store, "k", &bytes, Kind::Open).await;
    let mut now = Kind::Open;
    for next in [
        Kind::Managed,
        Kind::Customer(1),
        Kind::Customer(2),
        Kind::Managed,
    ] {
        let mut request = copy_request("k", "k");
        request.encryption = next.asked();
        request.source_key = now.key();
        lab.store.copy_object(request).await.unwrap();
        holds(&lab.store, "k", &bytes, next).await;
        now = next;
    }
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn a_refused_copy_leaves_everything_as_it_was() {
    let lab = Lab::new().await;
    let store = &lab.store;
    let bytes = content(3, 1000);
    put(store, "source", &bytes, Kind::Customer(1)).await;
    put(store, "open", &bytes, Kind::Open).await;
    let before = written(&lab).await;
    let cases = [
        ("source", Kind::Open, Error::CustomerKeyNeeded),
        ("source", Kind::Customer(2), Error::CustomerKeyWrong),
        ("open", Kind::Customer(1), Error::CustomerKeyNotApplicable),
    ];
    for (from, with, why) in cases {
        for to in KINDS {
            let mut request = copy_request(from, "target");
            request.encryption = to.asked();
            request.source_key = with.key();
            assert_eq!(store.copy_object(request).await, Err(why.clone()));
        }
    }
    let mut request = copy_request("open", "source");
    request.encryption = Kind::Managed.asked();
    request.forbid_overwrite = true;
    assert_eq!(store.copy_object(request).await, Err(Error::ObjectExists));
    store.sweep_now().await.unwrap();
    let after = written(&lab).await;
    assert_eq!(after.1, before.1);
    holds(store, "source", &bytes, Kind::Customer(1)).await;
    let target = store.object(&bucket("b"), &key("target"), None).await;
    assert_eq!(target.err(), Some(Error::NoSuchKey));
    lab.sound().await;
}

async fn initiate(store: &Store, name: &str, kind: Kind) -> UploadId {
    let mut request = initiate_request(name);
    request.protection = store.protection(kind.asked().as_ref()).await.unwrap();
    store.initiate_upload(request).await.unwrap()
}

#[tokio::test]
async fn parts_of_any_kind_become_one_object_of_the_uploads_kind() {
    let lab = Lab::new().await;
    let store = &lab.store;
    let (long, tiny) = (content(1, 3 * CHUNK), content(2, 50));
    for to in KINDS {
        let upload = initiate(store, "whole", to).await;
        let place = (&bucket("b"), &key("whole"), &upload);
        let terms = store.terms_of_part(place, to.key().as_ref()).await;
        let staged = stage_as(store, &long, terms.unwrap().protection).await;
        let stored = store
            .put_part(part_request("whole", &upload, 1), staged)
            .await;
        let (mut tags, mut wanted) = (vec![stored.unwrap().etag], long.to_vec());
        for from in KINDS {
            put(store, "source", &long, from).await;
            put(store, "tiny", &tiny, from).await;
            for (name, bytes, range) in [
                ("source", &long, Some((CHUNK - 3, 2 * CHUNK + 5))),
                ("source", &long, None),
                ("tiny", &tiny, Some((3, 20))),
            ] {
                let before = written(&lab).await;
                let part = tags.len() as u64 + 1;
                let mut request = copy_part_request(name, "whole", &upload, part);
                let (first, last) = range.unwrap_or((0, bytes.len() - 1));
                request.range =
                    range.map(|(first, last)| ByteRange::new(first as u64, last as u64).unwrap());
                (request.source_key, request.customer_key) = (from.key(), to.key());
                let copied = store.copy_part(request).await.unwrap();
                assert_eq!(copied.encrypted_with, to.told());
                assert_eq!(
                    written(&lab).await == before,
                    from == to,
                    "{from:?}, {to:?}"
                );
                tags.push(copied.etag);
                wanted.extend_from_slice(&bytes[first..=last]);
            }
        }
        let parts: Vec<_> = (1..).zip(&tags).collect();
        let request = complete_request("whole", &upload, &parts);
        let completed = store.complete_upload(request.clone()).await.unwrap();
        assert_eq!(completed.encrypted_with, to.told());
        assert_eq!(store.complete_upload(request).await.unwrap(), completed);
        holds(store, "whole", &wanted.into(), to).await;
        lab.store.sweep_now().await.unwrap();
    }
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn parts_need_the_uploads_key() {
    let lab = Lab::new().await;
    let store = &lab.store;
    put(store, "source", &content(1, 1000), Kind::Open).await;
    for kind in KINDS {
        let upload = initiate(store, "k", kind).await;
        let place = (&bucket("b"), &key("k"), &upload);
        for with in [Kind::Open, Kind::Customer(1), Kind::Customer(2)] {
            let terms = store.terms_of_part(place, with.key().as_ref()).await;
            let mut request = copy_part_request("source", "k", &upload, 1);
            request.customer_key = with.key();
            let copied = store.copy_part(request).await;
            let wanted = match (kind, with) {
                (Kind::Customer(_), Kind::Open) => Some(Error::CustomerKeyNeeded),
                (Kind::Customer(_), _) if kind != with => Some(Error::CustomerKeyWrong),
                (Kind::Open | Kind::Managed, Kind::Customer(_)) => {
                    Some(Error::CustomerKeyNotApplicable)
                }
                _ => None,
            };
            assert_eq!(terms.as_ref().err(), wanted.as_ref(), "{kind:?}, {with:?}");
            assert_eq!(copied.err(), wanted, "{kind:?}, {with:?}");
        }
    }
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn five_gibibytes_are_copied_under_one_key_without_a_byte_written() {
    let lab = Lab::new().await;
    let store = &lab.store;
    let (bytes, parts) = (content(1, 1 << 20), 5 << 10);
    put(store, "piece", &bytes, Kind::Managed).await;
    let upload = initiate(store, "large", Kind::Managed).await;
    let before = written(&lab).await;
    let copied: Vec<_> = stream::iter(1..=parts)
        .map(|part| copy_part_request("piece", "large", &upload, part))
        .then(|request| store.copy_part(request))
        .try_collect()
        .await
        .unwrap();
    let listed: Vec<_> = (1..)
        .zip(copied.iter().map(|copied| &copied.etag))
        .collect();
    let request = complete_request("large", &upload, &listed);
    store.complete_upload(request).await.unwrap();
    let mut request = copy_request("large", "copy");
    request.encryption = Kind::Managed.asked();
    store.copy_object(request).await.unwrap();
    assert_eq!(written(&lab).await, before);
    let version = store
        .object(&bucket("b"), &key("copy"), None)
        .await
        .unwrap();
    assert_eq!(version.size, 5 << 30);
    let end = Span {
        start: version.size - (1 << 20),
        end: version.size,
    };
    assert!(read(store, "copy", end, Kind::Managed).await.unwrap() == bytes);
    drop(version);
    lab.checked_by_hand();
}

#[tokio::test]
async fn what_is_appended_is_encrypted_as_the_object_is() {
    let lab = Lab::new().await;
    let store = &lab.store;
    for (name, kind) in [("open", Kind::Open), ("managed", Kind::Managed)] {
        let mut wanted = Vec::new();
        for (n, size) in [70_000, 20, 1, 200_000].into_iter().enumerate() {
            let bytes = content(n as u64, size);
            // Only the first says how: the others ask for what they like.
            let asked = if n == 0 { kind } else { KINDS[n % 2] };
            let place = (&bucket("b"), &key(name));
            let protection = store
                .protection_of_append(place, asked.asked().as_ref())
                .await;
            let staged = stage_as(store, &bytes, protection.unwrap()).await;
            let request = AppendObject {
                bucket: bucket("b"),
                key: key(name),
                position: wanted.len() as u64,
                owner: owner(),
                metadata: Default::default(),
                storage_class: StorageClass::Standard,
                acl: None,
                tags: Default::default(),
            };
            store.append_object(request, staged).await.unwrap();
            wanted.extend_from_slice(&bytes);
        }
        holds(store, name, &wanted.into(), kind).await;
    }
    lab.empties(&["b"]).await;
}

// catches: JobForgetsEncryption
#[tokio::test]
async fn what_only_moves_references_keeps_the_encryption_and_needs_no_key() {
    let lab = Lab::new().await;
    let store = &lab.store;
    let bytes = content(1, 100_000);
    for (n, kind) in KINDS.into_iter().enumerate() {
        put(store, &format!("a/{n}"), &bytes, kind).await;
    }
    let wish = |kind, from: &str, to: &str| NewPrefixJob {
        kind,
        owner: owner(),
        source_bucket: bucket("b"),
        source_prefix: from.to_owned(),
        target_bucket: bucket("b"),
        target_prefix: to.to_owned(),
        forbid_overwrite: false,
        client_token: None,
    };
    let before = written(&lab).await;
    for wish in [
        wish(PrefixJobKind::Copy, "a/", "copy/"),
        wish(PrefixJobKind::Move, "copy/", "moved/"),
    ] {
        let mut job = store.start_prefix_job(wish).await.unwrap();
        while job.state == PrefixJobState::Running {
            let batch = store.prefix_batch(&job.id).await.unwrap();
            let go = |candidate: Candidate| (candidate, Verdict::Go);
            let batch = batch.into_iter().map(go).collect();
            job = store.advance_prefix_job(&job.id, batch).await.unwrap();
        }
        assert_eq!((job.done, job.failed), (4, 0));
    }
    for (n, kind) in KINDS.into_iter().enumerate() {
        holds(store, &format!("moved/{n}"), &bytes, kind).await;
        let request = MoveObject {
            source: source(&format!("moved/{n}")),
            bucket: bucket("b"),
            key: key(&format!("again/{n}")),
            preconditions: Preconditions::default(),
            forbid_overwrite: false,
            target_preconditions: Default::default(),
            acl: Default::default(),
            client_token: None,
        };
        store.move_object(request).await.unwrap();
        holds(store, &format!("again/{n}"), &bytes, kind).await;
    }
    assert_eq!(written(&lab).await, before);
    lab.sound().await;
}

#[tokio::test]
async fn an_export_is_encrypted_and_its_import_reads_with_the_keys() {
    let lab = Lab::new().await;
    let bytes = content(1, 200_000);
    let tiny = content(2, 50);
    for (n, kind) in KINDS.into_iter().enumerate().skip(1) {
        put(&lab.store, &format!("{n}"), &bytes, kind).await;
        put(&lab.store, &format!("tiny/{n}"), &tiny, kind).await;
    }
    let exported = kept(&lab.store).await;
    assert!(!is_in(&bytes, &exported) && !is_in(&tiny, &exported));
    let copy = Lab::over(MemoryMeta::new(), MemoryExtents::new()).await;
    let pieces = exported.chunks(70_001).map(Bytes::copy_from_slice);
    let pieces = pieces.map(Ok::<_, std::convert::Infallible>);
    copy.store.import(stream::iter(pieces)).await.unwrap();
    for (n, kind) in KINDS.into_iter().enumerate().skip(1) {
        holds(&copy.store, &format!("{n}"), &bytes, kind).await;
        holds(&copy.store, &format!("tiny/{n}"), &tiny, kind).await;
    }
    copy.empties(&["b"]).await;
    lab.sound().await;
}

#[tokio::test]
async fn keys_are_rotated_and_a_missing_one_is_named() {
    let lab = Lab::new().await;
    let (old, new) = (content(1, 100_000), content(2, 50));
    let reopened = async |keys: EncryptionKeys| {
        let options = cosette_store::Options {
            encryption_keys: Arc::new(keys),
            ..lab.options.clone()
        };
        common::open(&lab.meta, &lab.extents, &options).await
    };
    put(&lab.store, "old", &old, Kind::Managed).await;
    lab.store.close().await.unwrap();
    let store = reopened(encryption_keys(2)).await;
    put(&store, "new", &new, Kind::Managed).await;
    holds(&store, "old", &old, Kind::Managed).await;
    store.close().await.unwrap();
    // Only the first key: what was encrypted with the second is named, the rest is served.
    let store = reopened(encryption_keys(1)).await;
    holds(&store, "old", &old, Kind::Managed).await;
    let missing = read(&store, "new", Span::whole(50), Kind::Managed).await;
    let id = "0000000000000002".into();
    assert_eq!(missing, Err(Error::EncryptionKeyMissing { id }));
    store.close().await.unwrap();
    let store = reopened(EncryptionKeys::default()).await;
    let none = store.protection(Some(&Encryption::Managed)).await;
    assert_eq!(none.err(), Some(Error::NoEncryptionKey));
    store.close().await.unwrap();
    // Another key under the same id neither writes nor reads.
    let other = format!("0000000000000001 {}", "ab".repeat(32));
    let store = reopened(EncryptionKeys::parse(&other).unwrap()).await;
    let differs = Error::EncryptionKeyDiffers {
        id: "0000000000000001".into(),
    };
    let protection = store.protection(Some(&Encryption::Managed)).await;
    assert_eq!(protection.err(), Some(differs.clone()));
    let garbled = read(&store, "old", Span::whole(9), Kind::Managed).await;
    assert_eq!(garbled, Err(differs));
    store.close().await.unwrap();
    let store = reopened(encryption_keys(2)).await;
    common::sound(&store).await;
    lab.checked_by_hand();
}

#[tokio::test]
async fn a_check_without_the_customers_key_sees_damage() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 100_000), Kind::Customer(1)).await;
    put(&lab.store, "tiny", &content(1, 20), Kind::Customer(1)).await;
    let report = lab.store.fsck(true).await.unwrap();
    assert!(report.is_clean() && report.bodies_read == 2, "{report}");
    assert!(lab.store.scrub(None).await.unwrap().is_clean());
    lab.sound().await;
}
