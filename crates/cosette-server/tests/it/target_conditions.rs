//! Conditions on what a write replaces or removes: an extension, judged in the write's own transaction.

use crate::harness::{Call, Server, md5, part_list};

/// Each kind of write of `/t`, which holds `old`.
async fn writes(server: &Server) -> Vec<Call<'_>> {
    server.put("/t", "old").ok().await;
    server.put("/a", "abc").ok().await;
    let upload = server.upload("/t").await;
    let part = server.copy_part("a", "/t", &upload, 1).ok().await;
    let etag = part.xml().value("ETag").unwrap().to_owned();
    let list = part_list(&[(1, &etag)]);
    vec![
        server.put("/t", "new"),
        server.copy("a", "/t"),
        server.post(&format!("/t?uploadId={upload}"), list),
        server
            .put("/t?rename", "")
            .header("x-cos-rename-source", "/a"),
    ]
}

#[tokio::test]
async fn each_write_can_name_what_it_replaces() {
    let server = Server::start().await;
    let old = md5(b"old");
    for nth in 0..4 {
        for (name, value, holds) in [
            ("If-Match", "\"other\"", false),
            ("If-None-Match", "*", false),
            ("If-None-Match", old.as_str(), false),
            (
                "If-Unmodified-Since",
                "Mon, 06 May 2024 07:08:08 GMT",
                false,
            ),
            ("If-Match", old.as_str(), true),
            ("If-Match", "*", true),
            ("If-None-Match", "\"other\"", true),
            ("If-Unmodified-Since", "Mon, 06 May 2024 07:08:09 GMT", true),
        ] {
            let call = writes(&server).await.remove(nth).header(name, value);
            if holds {
                call.ok().await;
                assert_ne!(server.bytes("/t").await, b"old", "{name}: {value}");
            } else {
                call.refused(412, "PreconditionFailed").await;
            }
        }
    }
    server.end().await;
}

#[tokio::test]
async fn a_key_is_made_once() {
    let server = Server::start().await;
    let put = |bytes: &str| server.put("/lock", bytes).header("If-None-Match", "*");
    put("first").ok().await;
    put("second").refused(412, "PreconditionFailed").await;
    assert_eq!(server.bytes("/lock").await, b"first");
    let put = server.put("/none", "x").header("If-Match", "*");
    put.refused(412, "PreconditionFailed").await;
    server.end().await;
}

#[tokio::test]
async fn of_many_at_once_one_wins() {
    let server = Server::start().await;
    let calls: Vec<_> = (0..16)
        .map(|n| {
            server
                .put("/lock", format!("{n}"))
                .header("If-None-Match", "*")
        })
        .collect();
    let answers = futures_util::future::join_all(calls.iter().map(Call::send)).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 412).count();
    assert_eq!((made, refused), (1, 15));
    server.end().await;
}

#[tokio::test]
async fn a_delete_can_name_what_it_removes() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    let delete = |etag: &str| server.delete("/a").header("If-Match", etag);
    delete("\"other\"").refused(412, "PreconditionFailed").await;
    delete(&md5(b"abc")).ok().await;
    assert!(!server.exists("/a").await);
    delete(&md5(b"abc"))
        .refused(412, "PreconditionFailed")
        .await;
    server.end().await;
}

#[tokio::test]
async fn with_versions_a_delete_is_about_the_one_named_or_the_current_one() {
    let server = Server::versioned().await;
    let first = server.put("/a", "one").ok().await;
    let first = first.header("x-cos-version-id").unwrap();
    server.put("/a", "two").ok().await;
    let named = format!("/a?versionId={first}");
    let delete = |path: &str, bytes: &[u8]| server.delete(path).header("If-Match", md5(bytes));
    delete("/a", b"one")
        .refused(412, "PreconditionFailed")
        .await;
    delete(&named, b"two")
        .refused(412, "PreconditionFailed")
        .await;
    delete(&named, b"one").ok().await;
    delete(&named, b"one")
        .refused(412, "PreconditionFailed")
        .await;
    delete("/a", b"two").ok().await;
    // Under a delete marker there is nothing.
    delete("/a", b"two")
        .refused(412, "PreconditionFailed")
        .await;
    let put = server.put("/a", "three").header("If-None-Match", "*");
    put.ok().await;
    server.end().await;
}

#[tokio::test]
async fn a_condition_that_a_write_cannot_have_is_refused() {
    let server = Server::start().await;
    let date = "Mon, 06 May 2024 07:08:09 GMT";
    let put = server.put("/a", "x").header("If-Modified-Since", date);
    put.refused(501, "NotImplemented").await;
    let put = server.put("/a", "x").header("If-Unmodified-Since", "soon");
    put.refused(400, "InvalidArgument").await;
    let begin = server.post("/a?uploads", "").header("If-None-Match", "*");
    begin.refused(501, "NotImplemented").await;
    server.end().await;
}
