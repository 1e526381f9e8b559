//! GET and HEAD Object: ranges, conditions, overrides.

use crate::harness::{Server, md5};

#[tokio::test]
async fn ranges_of_http() {
    let server = Server::start().await;
    server.put("/k", "0123456789").ok().await;
    for (range, wanted, told) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=2-5", "2345", "bytes 2-5/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=5-100", "56789", "bytes 5-9/10"),
    ] {
        let got = server.get("/k").header("Range", range).ok().await;
        assert_eq!((got.status, got.text().as_str()), (206, wanted), "{range}");
        assert_eq!(got.header("Content-Range"), Some(told));
        assert_eq!(got.etag(), md5(b"0123456789"));
        let head = server.head("/k").header("Range", range).ok().await;
        assert_eq!(
            (head.status, head.header("Content-Range")),
            (206, Some(told))
        );
        assert_eq!(
            head.header("Content-Length"),
            Some(wanted.len().to_string().as_str())
        );
    }
    // What is no range is none.
    for none in ["bytes=5-2", "lines=1-2", "bytes=a-b", ""] {
        let got = server.get("/k").header("Range", none).ok().await;
        assert_eq!((got.status, got.body.len()), (200, 10), "{none}");
    }
    let beyond = server
        .get("/k")
        .header("Range", "bytes=10-")
        .refused(416, "InvalidRange")
        .await;
    assert_eq!(beyond.header("Content-Range"), Some("bytes */10"));
    server.end().await;
}

#[tokio::test]
async fn a_range_goes_on_only_with_what_its_reader_has() {
    let server = Server::start().await;
    let tag = server.put("/k", "0123456789").ok().await.etag();
    let date = server.head("/k").ok().await;
    let date = date.header("Last-Modified").unwrap();
    for (of, whole) in [
        (tag.as_str(), false),
        (date, false),
        ("\"other\"", true),
        (format!("W/{tag}").as_str(), true),
        ("Fri, 10 Apr 2020 18:17:25 GMT", true),
        ("yesterday", true),
    ] {
        let get = server.get("/k").header("Range", "bytes=5-");
        let got = get.header("If-Range", of).ok().await;
        let wanted = if whole { (200, 10) } else { (206, 5) };
        assert_eq!((got.status, got.body.len()), wanted, "{of}");
    }
    let get = server.get("/k").header("Range", "bytes=10-");
    let get = get.header("If-Range", "\"other\"").ok().await;
    assert_eq!(get.status, 200);
    server.end().await;
}

#[tokio::test]
async fn conditions_of_http() {
    let server = Server::start().await;
    server.put("/k", "abc").ok().await;
    let tag = md5(b"abc");
    let (same, later) = (
        "Mon, 06 May 2024 07:08:09 GMT",
        "Mon, 06 May 2024 07:08:10 GMT",
    );
    let earlier = "Mon, 06 May 2024 07:08:08 GMT";
    for (name, value, status) in [
        ("If-Match", tag.as_str(), 200),
        ("If-Match", "\"other\"", 412),
        ("If-None-Match", tag.as_str(), 304),
        ("If-None-Match", "\"other\"", 200),
        ("If-Modified-Since", same, 304),
        ("If-Modified-Since", later, 304),
        ("If-Modified-Since", earlier, 200),
        ("If-Unmodified-Since", same, 200),
        ("If-Unmodified-Since", earlier, 412),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = server.call(method, "/k").header(name, value).send().await;
            assert_eq!(answer.status, status, "{method} {name}: {value}");
            if status == 304 {
                assert_eq!((answer.etag(), answer.body.len()), (tag.clone(), 0));
                assert!(answer.header("x-cos-trace-id").is_some());
            }
        }
    }
    server.end().await;
}

#[tokio::test]
async fn a_signed_request_may_change_the_headers_of_its_reply() {
    let server = Server::start().await;
    server
        .put("/k", "abc")
        .header("x-cos-acl", "public-read")
        .ok()
        .await;
    let query = "/k?response-content-type=text%2Fhtml&response-content-language=zh\
                 &response-expires=x&response-cache-control=no-store\
                 &response-content-disposition=attachment&response-content-encoding=br";
    let got = server.get(query).ok().await;
    for (name, value) in [
        ("Content-Type", "text/html"),
        ("Content-Language", "zh"),
        ("Expires", "x"),
        ("Cache-Control", "no-store"),
        ("Content-Disposition", "attachment"),
        ("Content-Encoding", "br"),
    ] {
        assert_eq!(got.header(name), Some(value));
    }
    server
        .get(query)
        .anonymous()
        .refused(400, "InvalidRequest")
        .await;
    assert_eq!(server.get("/k").anonymous().ok().await.body, b"abc");
    server.end().await;
}

// seed: S71
#[tokio::test]
async fn expires_ends_caches_not_objects() {
    let server = Server::start().await;
    let past = "Thu, 01 Jan 1970 00:00:00 GMT";
    server.put("/k", "abc").header("Expires", past).ok().await;
    server.advance(400 * 24 * 3600);
    server.check().await;
    let got = server.get("/k").ok().await;
    assert_eq!(
        (got.body.as_slice(), got.header("Expires")),
        (&b"abc"[..], Some(past))
    );
    assert!(server.get("/").ok().await.text().contains("<Key>k</Key>"));
    let copied = server.copy("k", "/copy").ok().await;
    assert_eq!(copied.value("ETag"), md5(b"abc"));
    assert_eq!(
        server.head("/copy").ok().await.header("Expires"),
        Some(past)
    );
    server.end().await;
}
