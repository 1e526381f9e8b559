//! A sync that fails, of rows or of object bytes: whatever syncs say later, the store takes no change
//! of any kind until it is opened again, and goes on to be read.

use cosette_store::disk::simulated::{Fault, FaultKind};
use cosette_store::{Error, NewBucket};

use super::every_access::{at, operations, prepared};
use super::operation::{Operation, is_of_the_disk};
use super::run::Run;
use crate::common::{self, bucket, content, owner};

/// Changes of buckets, which the operations of a run do not make.
async fn buckets_refused(run: &Run) {
    let store = &run.life().store;
    let new = NewBucket {
        name: bucket("new"),
        region: "ap-guangzhou".parse().unwrap(),
        owner: owner(),
        acl: Vec::new(),
        documents: Vec::new(),
    };
    let made = store.create_bucket(new).await;
    assert_eq!(made.err(), Some(Error::Poisoned), "a new bucket");
    let gone = store.delete_bucket(&bucket("spare")).await;
    assert_eq!(gone.err(), Some(Error::Poisoned), "a bucket's end");
    let acl = store.set_bucket_acl(&bucket("c"), Vec::new()).await;
    assert_eq!(acl.err(), Some(Error::Poisoned), "a bucket's list");
}

/// A put of so many bytes whose first sync fails; every change after it.
fn all_is_refused_after_a_failed_put(size: usize) {
    let prepared = prepared();
    for (number, operation) in operations(&prepared).into_iter().enumerate() {
        if matches!(operation, Operation::Restart) {
            // It is what ends the state.
            continue;
        }
        let mut run = prepared.copy(number as u64);
        run.life()
            .wait(common::make_bucket(&run.life().store, "spare"));
        // This engine reads nothing more of its file after an error, only what it has in memory. (The
        // default one does: the crash box reads everything after a failed sync.)
        assert!(run.model.is_seen_in(&run.see()));
        run.disk.prepare(Fault {
            kind: FaultKind::Sync,
            after: 0,
            sticky: false,
        });
        let put = Operation::Put {
            to: at("c", "a/2"),
            bytes: content(400, size),
        };
        let unanswered = run.run(std::slice::from_ref(&put));
        assert_eq!(unanswered.len(), 1, "the put was acknowledged");
        // Later syncs work, and nobody may believe them.
        run.disk.heal();
        let life = run.life();
        assert!(life.wait(life.store.health()).unwrap().is_poisoned);
        let end = life.wait(operation.run(&life.store, &run.model));
        assert_eq!(end.err(), Some(Error::Poisoned), "{operation:?}");
        life.wait(buckets_refused(&run));
        assert!(run.model.is_seen_in(&run.see()), "what is there is read");
        let closed = run.life().wait(run.life().store.close());
        assert!(closed.is_err_and(|error| is_of_the_disk(&error)));
        run.crash(&unanswered);
        let left = run.run(std::slice::from_ref(&operation));
        assert!(left.is_empty(), "after the next opening: {left:?}");
        run.settle(&[]);
    }
}

// incident: R73
// catches: BytesPoisonOnlyBytes
#[test]
fn a_failed_sync_of_object_bytes_stops_every_change() {
    all_is_refused_after_a_failed_put(90_000);
}

// incident: R73
#[test]
fn a_failed_sync_of_rows_stops_every_change() {
    all_is_refused_after_a_failed_put(30);
}
