//! Objects that grow by appends.

use cosette_proto::limits;

use crate::harness::{OTHER, Server, bytes, md5, second};

#[tokio::test]
async fn each_append_begins_where_the_last_one_ended() {
    let server = Server::start().await;
    let mut whole = Vec::new();
    let mut tags = Vec::new();
    // Nothing, tiny ones, one that is an extent of its own, and tiny ones again.
    for (seed, size) in [0, 3, 1, 40_000, 17, 0, 5].into_iter().enumerate() {
        let piece = bytes(size, seed as u64);
        let append = server.post(&format!("/log?append&position={}", whole.len()), &piece);
        let told = append.header("x-cos-meta-a", "first only").ok().await;
        whole.extend_from_slice(&piece);
        let next = whole.len().to_string();
        assert_eq!(
            told.header("x-cos-next-append-position"),
            Some(next.as_str())
        );
        tags.push(told.header("ETag").unwrap().to_owned());
        assert_eq!(server.bytes("/log").await, whole);
    }
    let head = server.head("/log").ok().await;
    assert_eq!(head.header("x-cos-object-type"), Some("appendable"));
    assert_eq!(head.header("x-cos-meta-a"), Some("first only"));
    assert_eq!(head.header("ETag"), tags.last().map(String::as_str));
    assert_eq!(tags[0], md5(b""));
    assert!(tags[1].ends_with("-2\"") && tags[1] != tags[2], "{tags:?}");
    let put = server.put("/whole", &whole).ok().await;
    let crc64 = put.header("x-cos-hash-crc64ecma");
    assert_eq!(head.header("x-cos-hash-crc64ecma"), crc64);
    let range = server.get("/log").header("Range", "bytes=2-5").ok().await;
    assert_eq!(range.body, &whole[2..=5]);
    let listed = server.get("/").ok().await.text();
    assert!(
        listed.contains(&format!("<Size>{}</Size>", whole.len())),
        "{listed}"
    );
    server.end().await;
}

#[tokio::test]
async fn an_append_elsewhere_or_to_another_kind_of_object_changes_nothing() {
    let server = Server::with_two_buckets().await;
    server.post("/log?append&position=0", "abc").ok().await;
    for position in [0, 2, 4] {
        let append = server.post(&format!("/log?append&position={position}"), "x");
        append.refused(409, "AppendPositionErr").await;
    }
    let append = server.post("/new?append&position=1", "x");
    append.refused(409, "AppendPositionErr").await;
    server.put("/plain", "abc").ok().await;
    let append = server.post("/plain?append&position=3", "x");
    append.refused(409, "ObjectNotAppendable").await;
    for (path, code) in [
        ("/log?append", "InvalidArgument"),
        ("/log?append&position=-1", "InvalidArgument"),
        ("/log?append&position=x", "InvalidArgument"),
    ] {
        server.post(path, "x").refused(400, code).await;
    }
    let append = server.post("/log?append&position=3", "x");
    append
        .clone()
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    let wrong = append
        .clone()
        .header("Content-MD5", crate::harness::content_md5(b"y"));
    wrong.refused(400, "BadDigest").await;
    for method in ["PUT", "DELETE"] {
        let call = server.call(method, "/log?append&position=3").body("");
        call.refused(405, "MethodNotAllowed").await;
    }
    // With versions, what is there stays as it is.
    server.versioning(OTHER, "Enabled").await;
    let append = server.post("/log?append&position=0", "x").bucket(OTHER);
    append.refused(409, "ObjectNotAppendable").await;
    server.end().await;
}

#[tokio::test]
async fn what_is_appended_to_is_moved_and_replaced_but_not_copied() {
    let server = Server::start().await;
    server.post("/log?append&position=0", "abc").ok().await;
    server
        .copy("log", "/b")
        .refused(405, "MethodNotAllowed")
        .await;
    let upload = server.upload("/b").await;
    let part = server.copy_part("log", "/b", &upload, 1);
    part.refused(405, "MethodNotAllowed").await;
    server.delete(&format!("/b?uploadId={upload}")).ok().await;
    let moved = server
        .put("/moved?rename", "")
        .header("x-cos-rename-source", "/log");
    moved.ok().await;
    server.post("/moved?append&position=3", "def").ok().await;
    assert_eq!(server.bytes("/moved").await, b"abcdef");
    // A PUT makes it an object like any other.
    server.put("/moved", "new").ok().await;
    let head = server.head("/moved").ok().await;
    assert_eq!(head.header("x-cos-object-type"), Some("normal"));
    let append = server.post("/moved?append&position=3", "x");
    append.refused(409, "ObjectNotAppendable").await;
    server.copy("moved", "/b").ok().await;
    server.end().await;
}

#[tokio::test]
async fn of_appends_at_one_place_one_wins() {
    let server = Server::start().await;
    server.post("/log?append&position=0", "abc").ok().await;
    let calls: Vec<_> = (0..8)
        .map(|n| server.post("/log?append&position=3", format!("{n}")))
        .collect();
    let answers = futures_util::future::join_all(calls.iter().map(|call| call.send())).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 1);
    assert_eq!(server.bytes("/log").await.len(), 4);
    server.end().await;
}

fn wish(days: impl std::fmt::Display, tier: &str) -> String {
    format!(
        "<RestoreRequest><Days>{days}</Days><CASJobParameters><Tier>{tier}</Tier>\
         </CASJobParameters></RestoreRequest>"
    )
}

const DAY: u64 = 24 * 60 * 60;

#[tokio::test]
async fn an_archived_object_is_readable_after_its_restore_until_that_ends() {
    let config = cosette_server::Config {
        restore_delay: std::time::Duration::from_secs(300),
        ..cosette_server::Config::default()
    };
    let server = Server::configured(config).await;
    let put = server
        .put("/a", "abc")
        .header("x-cos-storage-class", "ARCHIVE");
    put.ok().await;
    server.get("/a").refused(403, "InvalidObjectState").await;
    server
        .copy("a", "/b")
        .refused(403, "InvalidObjectState")
        .await;
    let restore = |days: u16| server.post("/a?restore", wish(days, "Standard"));
    assert_eq!(restore(2).ok().await.status, 202);
    let state = server.head("/a").ok().await;
    assert_eq!(
        state.header("x-cos-restore"),
        Some("ongoing-request=\"true\"")
    );
    server.get("/a").refused(403, "InvalidObjectState").await;
    restore(2).refused(409, "RestoreAlreadyInProgress").await;
    server.advance(300);
    let state = server.head("/a").ok().await;
    assert_eq!(
        state.header("x-cos-restore"),
        Some("ongoing-request=\"false\", expiry-date=\"Wed, 08 May 2024 07:13:09 GMT\"")
    );
    assert_eq!(state.header("x-cos-storage-class"), Some("ARCHIVE"));
    assert_eq!(server.bytes("/a").await, b"abc");
    // The copy is no archived object, and has nothing of the restore.
    server.copy("a", "/b").ok().await;
    assert_eq!(server.head("/b").ok().await.header("x-cos-restore"), None);
    // Asked again, it only lasts longer.
    server.advance(DAY);
    assert_eq!(restore(2).ok().await.status, 200);
    server.advance(2 * DAY - 1);
    assert_eq!(server.bytes("/a").await, b"abc");
    server.advance(1);
    server.get("/a").refused(403, "InvalidObjectState").await;
    assert_eq!(server.head("/a").ok().await.header("x-cos-restore"), None);
    assert_eq!(restore(1).ok().await.status, 202);
    server.end().await;
}

#[tokio::test]
async fn a_restore_that_cannot_be_is_refused() {
    let server = Server::start().await;
    server.put("/plain", "abc").ok().await;
    let deep = server.put("/deep", "abc");
    deep.header("x-cos-storage-class", "DEEP_ARCHIVE")
        .ok()
        .await;
    let restore = |path: &str, document: String| server.post(path, document);
    let plain = restore("/plain?restore", wish(1, "Standard"));
    plain.refused(405, "RestoreNonArchiveObject").await;
    let none = restore("/none?restore", wish(1, "Standard"));
    none.refused(404, "NoSuchKey").await;
    let most = limits::RESTORE_DAYS_MAX;
    for wrong in [
        wish(1, "Expedited"),
        wish(0, "Bulk"),
        wish(most + 1, "Bulk"),
        wish("two", "Bulk"),
        wish(1, "Soon"),
    ] {
        restore("/deep?restore", wrong)
            .refused(400, "InvalidArgument")
            .await;
    }
    let empty = restore("/deep?restore", "<RestoreRequest/>".to_owned());
    empty.refused(400, "MalformedXML").await;
    let by_other = restore("/deep?restore", wish(1, "Bulk")).by(second());
    by_other.refused(403, "AccessDenied").await;
    restore("/deep?restore", wish(most, "Bulk")).ok().await;
    assert_eq!(server.bytes("/deep").await, b"abc");
    server.end().await;
}
