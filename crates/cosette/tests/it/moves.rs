//! Moves against a store.

use std::sync::atomic::{AtomicUsize, Ordering};

use cosette::{Client, ErrorKind, Missing, MoveOutcome, Mover, Permission, StorageClass, Text};

use crate::house::{EXAMPLE, Fault, House, OWNER, SOURCE, source};

const MIB: usize = 1 << 20;

/// The seed's second sample.
fn sample(client: &Client) -> Mover {
    let call = client.move_object().bucket(EXAMPLE).key("b/1.jpg");
    call.copy_source(source(SOURCE, "a/1.jpg"))
}

async fn house() -> House {
    let house = House::new().await;
    let put = house
        .client()
        .put_object()
        .bucket(SOURCE)
        .key("a/1.jpg")
        .body("fish");
    let put = put
        .content_type("image/jpeg")
        .meta("n", "1")
        .storage_class("STANDARD_IA");
    put.send().await.unwrap();
    house.forget();
    house
}

// seed: S51, S53, S54, S58
// incident: R43
#[tokio::test]
async fn a_move_changes_the_identifier_and_nothing_else() {
    let house = house().await;
    let before = house.head(SOURCE, "a/1.jpg").await;
    house.forget();
    let outcome = sample(&house.client()).send().await.unwrap();
    let MoveOutcome::Moved { copied, deleted } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((copied.status, deleted.status), (200, 204));
    let writes: Vec<_> = house
        .operations()
        .into_iter()
        .filter(|name| *name != "HeadObject")
        .collect();
    assert_eq!(writes, ["PutObjectCopy", "DeleteObject"]);
    let delete = house.asked().pop().unwrap();
    assert!(delete.host.starts_with(SOURCE) && delete.path == "/a/1.jpg");
    assert!(!house.exists(SOURCE, "a/1.jpg").await);
    assert_eq!(house.bytes(EXAMPLE, "b/1.jpg").await, "fish");
    let after = house.head(EXAMPLE, "b/1.jpg").await;
    assert_eq!(
        (after.storage_class, &after.metadata),
        (before.storage_class, &before.metadata)
    );
}

// seed: S54, S57
#[tokio::test]
async fn the_two_raw_calls_move_as_well() {
    let house = house().await;
    let client = house.client();
    let copy = client.put_object_copy().bucket(EXAMPLE).key("b/1.jpg");
    copy.copy_source(source(SOURCE, "a/1.jpg"))
        .send()
        .await
        .unwrap();
    let deleted = client
        .delete_object()
        .bucket(SOURCE)
        .key("a/1.jpg")
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.status, 204);
    assert!(!house.exists(SOURCE, "a/1.jpg").await && house.exists(EXAMPLE, "b/1.jpg").await);
    // The sample as written deletes a key that is not there, which is no error.
    let again = client
        .delete_object()
        .bucket(EXAMPLE)
        .key("a/1.jpg")
        .send()
        .await
        .unwrap();
    assert_eq!(again.status, 204);
}

// seed: S55
#[tokio::test]
async fn a_copy_that_fails_leaves_the_source() {
    let house = house().await;
    let client = house.client();
    let other = || sample(&client).copy_source_if_match("\"other\"");
    assert_eq!(other().send().await.unwrap_err().status(), Some(412));
    let nowhere = sample(&client)
        .bucket("nobucket-1250000000")
        .send()
        .await
        .unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::NotFound(Missing::Bucket));
    house
        .second()
        .put_bucket()
        .bucket("second-1250000001")
        .send()
        .await
        .unwrap();
    let denied = sample(&house.second())
        .bucket("second-1250000001")
        .send()
        .await
        .unwrap_err();
    assert_eq!(denied.status(), Some(403));
    assert_eq!(house.count("DeleteObject"), 0);
    assert!(house.exists(SOURCE, "a/1.jpg").await);
}

// seed: S56
#[tokio::test]
async fn a_source_that_may_only_be_read_is_copied_and_stays() {
    let house = house().await;
    let (client, second) = (house.client(), house.second());
    let acl = client.put_object_acl().bucket(SOURCE).key("a/1.jpg");
    acl.grant_read(format!("id=\"{OWNER}\""))
        .send()
        .await
        .unwrap();
    second
        .put_bucket()
        .bucket("second-1250000001")
        .send()
        .await
        .unwrap();
    let outcome = sample(&second)
        .bucket("second-1250000001")
        .send()
        .await
        .unwrap();
    let MoveOutcome::CopiedButNotDeleted { copied, error } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Denied, Some("DeleteObject"))
    );
    assert_eq!(copied.bucket.as_str(), "second-1250000001");
    assert!(house.exists(SOURCE, "a/1.jpg").await);
    assert_eq!(house.bytes("second-1250000001", "b/1.jpg").await, "fish");
}

// seed: S59
#[tokio::test]
async fn a_large_source_moves_in_parts() {
    let house = House::new().await;
    let bytes = vec![7; 2 * MIB + 1];
    let put = house
        .client()
        .put_object()
        .bucket(SOURCE)
        .key("a/1.jpg")
        .body(bytes.clone());
    put.meta("n", "1")
        .storage_class("STANDARD_IA")
        .send()
        .await
        .unwrap();
    house.forget();
    let outcome = sample(&house.client())
        .slice_size(MIB as u64)
        .send()
        .await
        .unwrap();
    assert!(
        outcome.is_moved() && outcome.copied().parts == 3,
        "{outcome:?}"
    );
    let operations = house.operations();
    assert_eq!(operations.last(), Some(&"DeleteObject"));
    let head = house.head(EXAMPLE, "b/1.jpg").await;
    assert_eq!(head.storage_class, StorageClass::StandardIa);
    assert_eq!(
        head.metadata.user.get("n").map(Text::to_text).as_deref(),
        Some("1")
    );
    assert_eq!(house.bytes(EXAMPLE, "b/1.jpg").await, bytes);
    assert!(!house.exists(SOURCE, "a/1.jpg").await);
}

#[tokio::test]
async fn with_versions_the_source_is_marked_and_a_named_one_removed() {
    let house = House::versioned().await;
    let client = house.client();
    let put = |bytes: &'static str| {
        client
            .put_object()
            .bucket(SOURCE)
            .key("a/1.jpg")
            .body(bytes)
    };
    let first = put("first").send().await.unwrap().value.version_id.unwrap();
    put("second").send().await.unwrap();
    let outcome = sample(&client).send().await.unwrap();
    let MoveOutcome::Moved { deleted, .. } = &outcome else {
        panic!("{outcome:?}")
    };
    assert!(deleted.delete_marker);
    // The old identifier is gone for readers; what was there can be named.
    assert!(!house.exists(SOURCE, "a/1.jpg").await);
    let older = format!("{}?versionId={first}", source(SOURCE, "a/1.jpg"));
    let outcome = sample(&client)
        .key("older")
        .copy_source(older)
        .send()
        .await
        .unwrap();
    assert!(outcome.is_moved());
    assert_eq!(house.bytes(EXAMPLE, "older").await, "first");
    let get = client
        .get_object()
        .bucket(SOURCE)
        .key("a/1.jpg")
        .version_id(first);
    assert_eq!(get.send().await.unwrap_err().status(), Some(404));
}

// incident: R44
#[tokio::test]
async fn a_source_written_between_copy_and_delete_is_kept() {
    let house = house().await;
    let client = house.client();
    let heads = AtomicUsize::new(0);
    // The third look is the one at the source again: by then somebody has written it.
    house.faults(move |asked| match asked.operation {
        "HeadObject" if heads.fetch_add(1, Ordering::SeqCst) == 2 => {
            Fault::Meanwhile(SOURCE, "a/1.jpg", "newer")
        }
        _ => Fault::None,
    });
    let outcome = sample(&client).send().await.unwrap();
    assert!(
        matches!(outcome, MoveOutcome::CopiedButSourceChanged { .. }),
        "{outcome:?}"
    );
    assert_eq!(house.count("DeleteObject"), 0);
    assert_eq!(house.bytes(SOURCE, "a/1.jpg").await, "newer");
    assert_eq!(house.bytes(EXAMPLE, "b/1.jpg").await, "fish");
}

#[tokio::test]
async fn the_acl_moves_on_request() {
    let house = house().await;
    let client = house.client();
    let acl = client.put_object_acl().bucket(SOURCE).key("a/1.jpg");
    acl.grant_read(format!("id=\"{OWNER}\""))
        .send()
        .await
        .unwrap();
    assert!(sample(&client).keep_acl().send().await.unwrap().is_moved());
    let acl = client
        .get_object_acl()
        .bucket(EXAMPLE)
        .key("b/1.jpg")
        .send()
        .await
        .unwrap();
    let granted = acl
        .acl
        .grants
        .iter()
        .any(|grant| grant.permission == Permission::Read);
    assert!(!acl.inherits && granted);
    // Without asking, the target inherits.
    let back = client.move_object().bucket(SOURCE).key("a/1.jpg");
    back.copy_source(source(EXAMPLE, "b/1.jpg"))
        .send()
        .await
        .unwrap();
    let acl = client
        .get_object_acl()
        .bucket(SOURCE)
        .key("a/1.jpg")
        .send()
        .await
        .unwrap();
    assert!(acl.inherits);
}

#[tokio::test]
async fn a_rename_is_one_request_where_the_service_has_it() {
    let house = house().await;
    let client = house.client();
    client
        .rename_object()
        .bucket(SOURCE)
        .key("c")
        .source_key("a/1.jpg")
        .send()
        .await
        .unwrap();
    assert_eq!(house.operations(), ["RenameObject"]);
    assert!(!house.exists(SOURCE, "a/1.jpg").await);
    assert_eq!(house.bytes(SOURCE, "c").await, "fish");
}
