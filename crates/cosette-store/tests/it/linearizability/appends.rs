//! Clients that append to the same object and read it. An object that is only
//! appended to only grows, and its length names its state; so a history has an order exactly if no
//! call that began after another had ended saw less than that one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use cosette_store::{AppendObject, Error, Store};
use cosette_types::{Metadata, StorageClass, Tags};

use super::system::InProcess;
use crate::common::{self, TestRandom, bucket, content, key, owner, stage};

const CLIENTS: u64 = 6;
const CALLS: usize = 60;
const HISTORIES: u64 = 20;

/// A call that was answered: when, and the lengths between which it moved the object.
#[derive(Debug, Clone, Copy)]
struct Seen {
    begun: u64,
    ended: u64,
    before: u64,
    after: u64,
}

/// What was appended at a place: told by the place, so that a read can be judged alone.
fn piece(at: u64, client: u64) -> Bytes {
    let size = 1 + usize::try_from((at * 7 + client * 13) % 300).unwrap();
    let mut bytes = client.to_be_bytes().to_vec();
    bytes.extend_from_slice(&content(at << 8 | client, size));
    bytes.into()
}

/// Whether bytes are pieces one after the other, each made for its place.
fn is_whole(bytes: &Bytes) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        let Some(client) = bytes[at..]
            .first_chunk::<8>()
            .map(|n| u64::from_be_bytes(*n))
        else {
            return false;
        };
        let due = piece(at as u64, client);
        if client >= CLIENTS || !bytes[at..].starts_with(&due) {
            return false;
        }
        at += due.len();
    }
    true
}

async fn append(store: &Store, at: u64, client: u64) -> Result<u64, Error> {
    let staged = stage(store, &piece(at, client)).await;
    let request = AppendObject {
        bucket: bucket("b"),
        key: key("log"),
        position: at,
        owner: owner(),
        metadata: Metadata::default(),
        storage_class: StorageClass::Standard,
        acl: None,
        tags: Tags::new(),
    };
    Ok(store.append_object(request, staged).await?.size)
}

async fn client(store: Store, clock: Arc<AtomicU64>, number: u64, seed: u64) -> Vec<Seen> {
    let random = TestRandom(AtomicU64::new(seed * 100 + number));
    let mut seen = Vec::new();
    let mut known = 0;
    for _ in 0..CALLS {
        let begun = clock.fetch_add(1, Ordering::SeqCst);
        let (before, after) = if random.below(3) == 0 {
            let bytes = match common::get(&store, "log", None).await {
                Err(Error::NoSuchKey) => Bytes::new(),
                read => read.unwrap(),
            };
            assert!(
                is_whole(&bytes),
                "what was read was never appended like that"
            );
            (bytes.len() as u64, bytes.len() as u64)
        } else {
            match append(&store, known, number).await {
                Ok(size) => {
                    assert_eq!(size, known + piece(known, number).len() as u64);
                    (known, size)
                }
                Err(Error::AppendPosition { next }) => (next, next),
                Err(error) => panic!("{error:?}"),
            }
        };
        known = after;
        let ended = clock.fetch_add(1, Ordering::SeqCst);
        seen.push(Seen {
            begun,
            ended,
            before,
            after,
        });
    }
    seen
}

/// Two calls that no order explains.
fn impossible(history: &[Seen]) -> Option<(Seen, Seen)> {
    let appends = || history.iter().filter(|one| one.before < one.after);
    for one in history {
        for other in history {
            if one.ended < other.begun && one.after > other.before {
                return Some((*one, *other));
            }
        }
    }
    // Each length was left once.
    let mut left: Vec<Seen> = appends().copied().collect();
    left.sort_by_key(|one| one.before);
    left.windows(2)
        .find(|pair| pair[0].after != pair[1].before)
        .map(|pair| (pair[0], pair[1]))
}

#[test]
fn appends_have_an_order() {
    let seeds: Vec<u64> = (1..=common::times(HISTORIES)).collect();
    let appended = common::on_all_cores(&seeds, |seed| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = InProcess::new(*seed).first().await.store;
            let clock = Arc::new(AtomicU64::new(0));
            let mut clients = tokio::task::JoinSet::new();
            for number in 0..CLIENTS {
                let clock = Arc::clone(&clock);
                clients.spawn(client(store.clone(), clock, number, *seed));
            }
            let history = clients.join_all().await.concat();
            let wrong = impossible(&history);
            assert!(wrong.is_none(), "seed {seed}: no order explains {wrong:?}");
            common::sound(&store).await;
            history.iter().filter(|one| one.before < one.after).count()
        })
    });
    let appended: usize = appended.into_iter().sum();
    assert!(appended > seeds.len() * CALLS / 4, "{appended} appends");
}

#[test]
fn appends_out_of_order_are_noticed() {
    let seen = |begun, ended, before, after| Seen {
        begun,
        ended,
        before,
        after,
    };
    let good = [seen(0, 3, 0, 5), seen(1, 2, 0, 0), seen(4, 5, 5, 9)];
    assert!(impossible(&good).is_none());
    // A read of less than had been appended, two at one place, and one that is lost.
    assert!(impossible(&[seen(0, 1, 0, 5), seen(2, 3, 0, 0)]).is_some());
    assert!(impossible(&[seen(0, 9, 0, 5), seen(0, 9, 0, 7)]).is_some());
    assert!(impossible(&[seen(0, 9, 0, 5), seen(0, 9, 7, 8)]).is_some());
}
