//! Which requests a move sends, and how it ends.

use cosette::{Error, ErrorKind, MoveOutcome, Mover};

use crate::script::{BUCKET, SOURCE, Script, Step};

const MD5: &str = "\"ee8de918d05640145b18f70f4c3aa602\"";

fn seen() -> Step {
    Step::head(5, MD5).header("x-cos-hash-crc64ecma", "7")
}

fn mover(script: &Script) -> Mover {
    script
        .client()
        .move_object()
        .bucket(BUCKET)
        .key("b/1.jpg")
        .copy_source(SOURCE)
}

async fn moved(steps: impl IntoIterator<Item = Step>) -> (Result<MoveOutcome, Error>, Script) {
    let script = Script::of(steps);
    let outcome = mover(&script).send().await;
    assert!(script.is_done(), "{outcome:?}");
    (outcome, script)
}

// seed: S52, S53
#[tokio::test]
async fn a_move_is_a_copy_then_a_delete_of_what_was_copied() {
    let (outcome, script) = moved([
        seen(),
        Step::copied(MD5),
        seen(),
        seen(),
        Step::reply(204, ""),
    ])
    .await;
    assert!(outcome.unwrap().is_moved());
    assert_eq!(
        script.asked(),
        "HeadObject PutObjectCopy HeadObject HeadObject DeleteObject"
    );
    // What is deleted comes from the copy source.
    let delete = script.seen().pop().unwrap();
    assert!(
        delete
            .uri
            .ends_with("//sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg")
    );
    // The class is kept by being named.
    assert_eq!(
        script.seen()[1].header("x-cos-storage-class"),
        Some("STANDARD")
    );
}

// seed: S55
#[tokio::test]
async fn a_copy_that_fails_deletes_nothing() {
    for (step, status) in [
        (Step::error(412, "PreconditionFailed"), 412),
        (Step::error(403, "AccessDenied"), 403),
        (Step::error(404, "NoSuchBucket"), 404),
        (Step::ok(&crate::script::error("AccessDenied", "No.")), 200),
    ] {
        let (outcome, script) = moved([seen(), step]).await;
        assert_eq!(outcome.unwrap_err().status(), Some(status));
        assert_eq!(script.asked(), "HeadObject PutObjectCopy");
    }
    let (outcome, _) = moved([Step::reply(404, "")]).await;
    assert_eq!(outcome.unwrap_err().code(), Some("NoSuchKey"));
}

// seed: S56
#[tokio::test]
async fn a_delete_that_is_denied_is_an_outcome() {
    let denied = Step::error(403, "AccessDenied");
    let (outcome, _) = moved([seen(), Step::copied(MD5), seen(), seen(), denied]).await;
    let Ok(MoveOutcome::CopiedButNotDeleted { copied, error }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (copied.key.as_str(), error.kind()),
        ("b/1.jpg", ErrorKind::Denied)
    );
}

#[tokio::test]
async fn a_source_that_changed_meanwhile_is_kept() {
    let other = Step::head(5, "\"other\"");
    let touched = seen().header("last-modified", "Fri, 10 Apr 2020 18:17:26 GMT");
    for now in [other, touched, Step::reply(404, "")] {
        let (outcome, script) = moved([seen(), Step::copied(MD5), seen(), now]).await;
        assert!(
            matches!(outcome, Ok(MoveOutcome::CopiedButSourceChanged { .. })),
            "{outcome:?}"
        );
        assert!(!script.asked().contains("DeleteObject"));
    }
}

#[tokio::test]
async fn a_copy_that_is_not_proved_keeps_the_source() {
    let shorter = Step::head(4, MD5).header("x-cos-hash-crc64ecma", "7");
    let other = Step::head(5, MD5).header("x-cos-hash-crc64ecma", "8");
    // Without checksums, tags that are no MD5 prove nothing.
    let unknown = Step::head(5, "\"other\"");
    for target in [shorter, other, unknown] {
        let (outcome, script) = moved([seen(), Step::copied(MD5), target]).await;
        let Ok(MoveOutcome::CopiedButNotDeleted { error, .. }) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(!script.asked().contains("DeleteObject"));
    }
    // A plain MD5 is proof enough for objects from before the checksum.
    let plain = || Step::head(5, MD5);
    let steps = [
        plain(),
        Step::copied(MD5),
        plain(),
        plain(),
        Step::reply(204, ""),
    ];
    assert!(moved(steps).await.0.unwrap().is_moved());
}

#[tokio::test]
async fn a_named_version_is_removed_for_good() {
    let script = Script::of([seen(), Step::copied(MD5), seen(), Step::reply(204, "")]);
    let call = script.client().move_object().bucket(BUCKET).key("b/1.jpg");
    let outcome = call
        .copy_source(format!("{SOURCE}?versionId=V1"))
        .send()
        .await
        .unwrap();
    assert!(outcome.is_moved());
    let seen = script.seen();
    assert_eq!(seen[0].query.get("versionId"), Some("V1"));
    assert_eq!(seen[3].query.get("versionId"), Some("V1"));
    assert_eq!(
        script.asked(),
        "HeadObject PutObjectCopy HeadObject DeleteObject"
    );
}

#[tokio::test]
async fn onto_itself_is_refused_before_anything_is_sent() {
    for same in [
        "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg",
        "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a%2F%31.jpg",
        "sourcebucket-1250000000.cos.ap-beijing.myqcloud.com/a/1.jpg?versionId=V1",
        "/sourcebucket-1250000000/a/1.jpg",
    ] {
        let script = Script::default();
        let call = script
            .client()
            .move_object()
            .bucket("sourcebucket-1250000000")
            .key("a/1.jpg");
        let error = call
            .copy_source(same)
            .storage_class("ARCHIVE")
            .send()
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), script.asked().as_str()),
            (ErrorKind::Invalid, ""),
            "{same}"
        );
    }
}
