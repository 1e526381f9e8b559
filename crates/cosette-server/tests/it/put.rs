//! PUT Object: all of it or nothing.

use crate::harness::{MIB, Server, bytes, content_md5, md5};

// seed: S12, S65
#[tokio::test]
async fn a_second_put_replaces_the_first() {
    let server = Server::start().await;
    for key in ["/1.jpg", "/a/b/test.txt"] {
        let first = server
            .put(key, "first")
            .header("x-cos-meta-a", "1")
            .ok()
            .await;
        assert_eq!(first.etag(), md5(b"first"));
        assert_eq!(first.header("x-cos-version-id"), None);
        server.put(key, "second").ok().await;
        let got = server.get(key).ok().await;
        assert_eq!(
            (got.body.as_slice(), got.header("x-cos-meta-a")),
            (&b"second"[..], None)
        );
    }
    server.end().await;
}

#[tokio::test]
async fn bytes_come_back_whatever_their_number() {
    let server = Server::start().await;
    for count in [0, 1, 16 << 10, (16 << 10) + 1, MIB, 3 * MIB + 17] {
        let body = bytes(count, 7);
        let put = server
            .put("/k", &body)
            .header("Content-MD5", content_md5(&body))
            .ok()
            .await;
        assert_eq!(put.etag(), md5(&body));
        let got = server.get("/k").ok().await;
        assert!(got.body == body, "{count} bytes");
        assert_eq!(
            got.header("Content-Length"),
            Some(count.to_string().as_str())
        );
        assert_eq!(
            got.header("x-cos-hash-crc64ecma"),
            put.header("x-cos-hash-crc64ecma")
        );
        assert_eq!(got.header("Content-Type"), Some("application/octet-stream"));
    }
    server.end().await;
}

#[tokio::test]
async fn overwriting_can_be_forbidden() {
    let server = Server::start().await;
    let put = |body: &str| {
        server
            .put("/k", body)
            .header("x-cos-forbid-overwrite", "true")
    };
    put("first").ok().await;
    put("second").refused(409, "FileAlreadyExists").await;
    assert_eq!(server.bytes("/k").await, b"first");
    server.end().await;
}

// incident: R64
#[tokio::test]
async fn keys_are_never_cleaned_up() {
    let server = Server::start().await;
    let keys = [
        "/a//b",
        "/./a",
        "/a/../b",
        "/a/./b",
        "/.%2Fx",
        "/%E4%B8%AD%E6%96%87%20%F0%9F%98%80",
        "/a+b",
        "/a%2Bb%2525",
        "/a%3Fb%23c%26d",
        "/a%00b".trim_end_matches("%00b"),
        "/dir/",
    ];
    for key in keys {
        server.put(key, key).ok().await;
    }
    for key in keys {
        assert_eq!(server.bytes(key).await, key.as_bytes(), "{key}");
    }
    // An escaped slash is a slash.
    assert_eq!(server.bytes("/a%2F%2Fb").await, b"/a//b");
    server.end().await;
}
