//! Moves: one object afterwards, and one answer to a repeat.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use crate::common::{Lab, bucket, content, get, key, put, source};
use cosette_store::{Error, MoveObject, MovedAcl, Versioning};
use cosette_types::{Grant, Grantee, Permission, Preconditions, VersionId};

fn move_request(from: &str, to: &str) -> MoveObject {
    MoveObject {
        source: source(from),
        bucket: bucket("b"),
        key: key(to),
        preconditions: Preconditions::default(),
        forbid_overwrite: false,
        target_preconditions: Default::default(),
        acl: Default::default(),
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

#[tokio::test]
async fn a_moved_object_has_the_acl_that_is_said_or_its_own() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 100)).await;
    let grants = vec![Grant {
        grantee: Grantee::AllUsers,
        permission: Permission::Read,
    }];
    let acl = async |name: &str| {
        let found = lab.store.object(&bucket("b"), &key(name), None).await;
        found.unwrap().acl
    };
    let moved = |from: &str, to: &str, acl: &MovedAcl| MoveObject {
        acl: acl.clone(),
        client_token: Some("once".to_owned()),
        ..move_request(from, to)
    };
    let given = MovedAcl::Given(Some(grants.clone()));
    let first = moved("k", "t", &given);
    lab.store.move_object(first.clone()).await.unwrap();
    assert_eq!(acl("t").await, Some(grants.clone()));
    // The token names this very request: another ACL is another one.
    for other in [MovedAcl::Kept, MovedAcl::Given(None)] {
        let again = lab.store.move_object(moved("k", "t", &other)).await;
        assert_eq!(again.unwrap_err(), Error::TokenReused);
    }
    lab.store.move_object(first).await.unwrap();
    lab.store.move_object(move_request("t", "u")).await.unwrap();
    assert_eq!(acl("u").await, Some(grants));
    let mut bare = move_request("u", "v");
    bare.acl = MovedAcl::Given(None);
    lab.store.move_object(bare).await.unwrap();
    assert_eq!(acl("v").await, None);
    lab.sound().await;
    lab.empties(&["b"]).await;
}

/// A move leaves the body's one reference and nothing for the sweep to look at.
#[tokio::test]
async fn a_move_without_versions_frees_nothing() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 100_000)).await;
    let rows = async |lab: &Lab| {
        let report = lab.store.fsck(false).await.unwrap();
        ['r', 'g'].map(|table| report.rows_of(table))
    };
    let before = rows(&lab).await;
    for (from, to) in [("k", "t"), ("t", "u"), ("u", "k")] {
        lab.store.move_object(move_request(from, to)).await.unwrap();
    }
    assert_eq!(rows(&lab).await, before);
    lab.sound().await;
    lab.empties(&["b"]).await;
}
