//! Moves: one object afterwards, and one answer to a repeat.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use crate::common::{Lab, bucket, content, get, key, put, source};
use cosette_store::{Error, MoveObject, Versioning};
use cosette_types::{Preconditions, VersionId};

fn move_request(from: &str, to: &str) -> MoveObject {
    MoveObject {
        source: source(from),
        bucket: bucket("b"),
        key: key(to),
        preconditions: Preconditions::default(),
        forbid_overwrite: false,
        target_preconditions: Default::default(),
        client_token: None,
    }
}

// incident: R39
// catches: SelfMoveDeletes
#[tokio::test]
async fn a_move_leaves_one_object() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 100_000)).await;
    put(&lab.store, "t", &content(2, 100_000)).await;
    assert_eq!(
        lab.store
            .move_object(move_request("k", "k"))
            .await
            .unwrap_err(),
        Error::SelfMove
    );
    let moved = lab.store.move_object(move_request("k", "t")).await.unwrap();
    assert_eq!(moved.source, Default::default());
    assert_eq!(
        get(&lab.store, "k", None).await.unwrap_err(),
        Error::NoSuchKey
    );
    assert_eq!(
        get(&lab.store, "t", None).await.unwrap(),
        content(1, 100_000)
    );
    lab.sound().await;
    // With versioning the source keeps its version under a marker; a version named is removed.
    lab.versioning(Versioning::Enabled).await;
    let moved = lab.store.move_object(move_request("t", "u")).await.unwrap();
    assert!(moved.version_id.is_some() && moved.source.delete_marker);
    assert_eq!(
        get(&lab.store, "t", Some(&VersionId::null()))
            .await
            .unwrap(),
        content(1, 100_000)
    );
    let mut named = move_request("t", "v");
    named.source.version_id = Some(VersionId::null());
    lab.store.move_object(named).await.unwrap();
    let gone = get(&lab.store, "t", Some(&VersionId::null())).await;
    assert_eq!(gone.unwrap_err(), Error::NoSuchVersion);
    assert_eq!(
        get(&lab.store, "v", None).await.unwrap(),
        content(1, 100_000)
    );
    lab.sound().await;
    lab.empties(&["b"]).await;
}

// incident: R30
// catches: TokenForgotten
#[tokio::test]
async fn a_repeated_move_gets_the_first_answer() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 100)).await;
    let mut request = move_request("k", "t");
    request.client_token = Some("once".to_owned());
    let first = lab.store.move_object(request.clone()).await.unwrap();
    // Something new under the old name is not touched by the repeat.
    put(&lab.store, "k", &content(2, 100)).await;
    assert_eq!(lab.store.move_object(request.clone()).await.unwrap(), first);
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), content(2, 100));
    let mut other = move_request("k", "u");
    other.client_token = Some("once".to_owned());
    assert_eq!(
        lab.store.move_object(other).await.unwrap_err(),
        Error::TokenReused
    );
    // A day later the token is forgotten.
    lab.clock.advance_secs(24 * 60 * 60 + 10);
    lab.sound().await;
    lab.store.move_object(request).await.unwrap();
    assert_eq!(get(&lab.store, "t", None).await.unwrap(), content(2, 100));
    lab.empties(&["b"]).await;
}
