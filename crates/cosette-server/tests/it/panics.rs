//! A bug that panics ends one request, with its id, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cosette_server::Config;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::meta::{Boxed, Meta, MetaError, MiniTxn, Outcome, Snapshot};

use crate::harness::Server;

/// A driver with a bug: told to, it panics.
#[derive(Debug)]
struct Buggy {
    meta: MemoryMeta,
    in_snapshot: Arc<AtomicBool>,
    in_commit: Arc<AtomicBool>,
}

impl Meta for Buggy {
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>> {
        assert!(
            !self.in_snapshot.swap(false, Ordering::SeqCst),
            "a bug in a test"
        );
        self.meta.snapshot()
    }

    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Result<Outcome, MetaError>> {
        assert!(
            !self.in_commit.swap(false, Ordering::SeqCst),
            "a bug in a test"
        );
        self.meta.commit(txn)
    }

    fn close(&self) -> Boxed<'_, Result<(), MetaError>> {
        self.meta.close()
    }
}

// security: S12
#[tokio::test]
async fn a_panic_is_a_500_of_one_request() {
    let (in_snapshot, in_commit) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
    let server = Server::over(Config::default(), |meta| {
        let (in_snapshot, in_commit) = (in_snapshot.clone(), in_commit.clone());
        Arc::new(Buggy {
            meta,
            in_snapshot,
            in_commit,
        })
    })
    .await;
    server.put("/a", "abc").ok().await;
    for (flag, call) in [
        (&in_snapshot, server.get("/a")),
        (&in_commit, server.copy("a", "/b")),
    ] {
        flag.store(true, Ordering::SeqCst);
        let answer = call.send().await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (500, "InternalError")
        );
        assert!(answer.header("x-cos-request-id").is_some());
        // The caller learns nothing of the cause.
        assert!(!answer.text().contains("bug"));
        call.ok().await;
    }
    server.end().await;
}
