//! Server-side encryption as clients see it: with the store's key, with their own, by default.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Digest;

use crate::harness::{BUCKET, Call, Server, part_list};

pub(crate) const SSE: &str = "x-cos-server-side-encryption";
pub(crate) const KEY: [&str; 3] = [
    "x-cos-server-side-encryption-customer-algorithm",
    "x-cos-server-side-encryption-customer-key",
    "x-cos-server-side-encryption-customer-key-md5",
];
const SSE_DIRECTIVE: &str = "x-cos-server-side-encryption-directive";
const SOURCE_KEY_OF_S3: [&str; 3] = [
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key-md5",
];
/// As the official SDK for Python looks for it in a reply.
const KEY_MD5_TOLD: &str = "x-cos-server-side-encryption-customer-key-MD5";
pub(crate) const SOURCE_KEY: [&str; 3] = [
    "x-cos-copy-source-server-side-encryption-customer-algorithm",
    "x-cos-copy-source-server-side-encryption-customer-key",
    "x-cos-copy-source-server-side-encryption-customer-key-md5",
];
/// More than one encrypted chunk, of 65,520 bytes each.
const LONG: usize = 150_000;

fn sum(key: u8) -> String {
    STANDARD.encode(md5::Md5::digest([key; 32]))
}

pub(crate) fn with<'a>(call: Call<'a>, names: [&str; 3], key: u8) -> Call<'a> {
    call.header(names[0], "AES256")
        .header(names[1], STANDARD.encode([key; 32]))
        .header(names[2], sum(key))
}

fn long() -> String {
    (0..LONG)
        .map(|at| char::from(b'a' + u8::try_from(at % 26).unwrap()))
        .collect()
}

#[tokio::test]
async fn what_is_put_encrypted_says_so_and_reads_back() {
    let server = Server::start().await;
    let body = long();
    let put = server.put("/k", &body).header(SSE, "AES256").ok().await;
    assert_eq!(put.header(SSE), Some("AES256"));
    let plain = server.put("/plain", &body).ok().await;
    assert_eq!(plain.header(SSE), None);
    assert_eq!(put.header("ETag"), plain.header("ETag"));
    let head = server.head("/k").ok().await;
    assert_eq!(head.header(SSE), Some("AES256"));
    assert_eq!(
        head.header("x-cos-hash-crc64ecma"),
        server
            .head("/plain")
            .ok()
            .await
            .header("x-cos-hash-crc64ecma")
    );
    let got = server.get("/k").ok().await;
    assert_eq!(got.header(SSE), Some("AES256"));
    assert!(got.body == body.as_bytes());
    for (first, last) in [
        (0, 0),
        (65_519, 65_520),
        (65_000, 140_000),
        (LONG - 1, LONG - 1),
    ] {
        let range = format!("bytes={first}-{last}");
        let part = server.get("/k").header("Range", &range).send().await;
        assert_eq!(part.status, 206);
        assert!(part.body == body.as_bytes()[first..=last], "{range}");
    }
    server
        .get("/k")
        .header(SSE, "AES256")
        .refused(400, "SSEHeaderNotAllowed")
        .await;
    server.end().await;
}

#[tokio::test]
async fn a_customers_key_is_needed_each_time_and_no_other_fits() {
    let server = Server::start().await;
    let body = long();
    let put = with(server.put("/k", &body), KEY, 1).ok().await;
    assert_eq!(put.header(KEY[0]), Some("AES256"));
    assert_eq!(put.header(KEY_MD5_TOLD), Some(sum(1).as_str()));
    assert_eq!((put.header(KEY[1]), put.header(SSE)), (None, None));
    let got = with(server.get("/k"), KEY, 1).ok().await;
    assert!(got.body == body.as_bytes());
    assert_eq!(got.header(KEY_MD5_TOLD), Some(sum(1).as_str()));
    with(server.head("/k"), KEY, 1).ok().await;
    assert_eq!(server.head("/k").send().await.status, 400);
    for (call, code) in [
        (server.get("/k"), "SsecDecryptHeaderInvalid"),
        (with(server.get("/k"), KEY, 2), "SsecDecryptHeaderInvalid"),
    ] {
        call.refused(400, code).await;
    }
    server.put("/plain", "abc").ok().await;
    with(server.get("/plain"), KEY, 1)
        .refused(400, "InvalidRequest")
        .await;
    // A key that was damaged on the way stores nothing.
    with(server.put("/new", "x"), KEY, 1)
        .header(SSE, "AES256")
        .refused(400, "InvalidArgument")
        .await;
    let damaged = server.put("/new", "x").header(KEY[0], "AES256");
    let damaged = damaged
        .header(KEY[1], STANDARD.encode([1; 32]))
        .header(KEY[2], sum(2));
    damaged.refused(400, "InvalidArgument").await;
    server.get("/new").refused(404, "NoSuchKey").await;
    server.end().await;
}

#[tokio::test]
async fn copies_go_from_any_encryption_to_any() {
    let server = Server::start().await;
    let body = long();
    let asked = |call, kind: usize, names| match kind {
        0 => call,
        1 if names == KEY => Call::header(call, SSE, "AES256"),
        1 => call,
        key => with(call, names, u8::try_from(key).unwrap()),
    };
    for from in 0..4 {
        asked(server.put("/from", &body), from, KEY).ok().await;
        for to in 0..4 {
            let copy = asked(server.copy("from", "/to"), from, SOURCE_KEY);
            let reply = asked(copy, to, KEY).ok().await;
            assert_eq!(reply.header(SSE), (to == 1).then_some("AES256"));
            let key = if to < 2 { 0 } else { to };
            let got = asked(server.get("/to"), key, KEY).ok().await;
            assert!(got.body == body.as_bytes(), "{from} to {to}");
            if from > 1 {
                let copy = asked(server.copy("from", "/new"), to, KEY);
                copy.refused(400, "SsecDecryptHeaderInvalid").await;
            }
        }
    }
    server.get("/new").refused(404, "NoSuchKey").await;
    server.end().await;
}

/// A copy that keeps its source's encryption, in both dialects.
fn keeping<'a>(server: &'a Server, s3: bool, source: &str) -> Call<'a> {
    if s3 {
        let copy = server.put(&format!("/{BUCKET}/to"), "").host("127.0.0.1");
        copy.v4("UNSIGNED-PAYLOAD")
            .header("x-amz-copy-source", format!("/{BUCKET}/{source}"))
            .header("x-amz-server-side-encryption-directive", "COPY")
    } else {
        let copy = server.copy(source, "/to");
        copy.header(SSE_DIRECTIVE, "Copy")
    }
}

#[tokio::test]
async fn a_copy_keeps_how_its_source_is_encrypted_where_it_says_so() {
    let server = Server::start().await;
    let body = long();
    server.put("/open", &body).ok().await;
    let managed = server.put("/managed", &body).header(SSE, "AES256");
    managed.ok().await;
    with(server.put("/own", &body), KEY, 1).ok().await;
    for s3 in [false, true] {
        let told = if s3 {
            "x-amz-server-side-encryption"
        } else {
            SSE
        };
        for (name, wanted) in [("open", None), ("managed", Some("AES256"))] {
            let copy = keeping(&server, s3, name).ok().await;
            assert_eq!(copy.header(told), wanted, "{name}, {s3}");
            let got = server.get("/to").ok().await;
            assert_eq!(got.header(SSE), wanted, "{name}, {s3}");
            assert!(got.body == body.as_bytes());
        }
        let names = if s3 { SOURCE_KEY_OF_S3 } else { SOURCE_KEY };
        let refused = with(keeping(&server, s3, "own"), names, 1).send().await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.code(), "InvalidRequest");
        assert!(refused.text().contains("name the target"));
        let code = if s3 {
            "InvalidRequest"
        } else {
            "SsecDecryptHeaderInvalid"
        };
        keeping(&server, s3, "own").refused(400, code).await;
        // Two words about one thing.
        let both = keeping(&server, s3, "open").header(told, "AES256");
        both.refused(400, "InvalidRequest").await;
        assert_eq!(server.head("/to").ok().await.header(SSE), Some("AES256"));
        server.delete("/to").ok().await;
    }
    for word in ["Replaced", "keep"] {
        let copy = server.copy("open", "/to").header(SSE_DIRECTIVE, word);
        copy.refused(400, "InvalidArgument").await;
    }
    let put = server.put("/to", "abc").header(SSE_DIRECTIVE, "Copy");
    put.refused(501, "NotImplemented").await;
    server.get("/to").refused(404, "NoSuchKey").await;
    // What the bucket says goes first.
    let default = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
        <SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>\
        </ServerSideEncryptionConfiguration>";
    server.put("/?encryption", default).ok().await;
    for s3 in [false, true] {
        keeping(&server, s3, "open").ok().await;
        assert_eq!(server.head("/to").ok().await.header(SSE), Some("AES256"));
    }
    server.end().await;
}

#[tokio::test]
async fn an_upload_is_encrypted_as_it_was_begun() {
    let server = Server::start().await;
    let body = "p".repeat(1 << 20);
    for key in [1, 2] {
        let begin = server.post("/up?uploads", "");
        let begun = match key {
            1 => begin.header(SSE, "AES256").ok().await,
            key => with(begin, KEY, key).ok().await,
        };
        let upload = begun.xml().child_text("UploadId").unwrap().to_owned();
        let path = |part| format!("/up?partNumber={part}&uploadId={upload}");
        let (first, second) = match key {
            1 => {
                assert_eq!(begun.header(SSE), Some("AES256"));
                let first = server.put(&path(1), &body).header(SSE, "AES256").ok().await;
                with(server.put(&path(1), "x"), KEY, 1)
                    .refused(400, "InvalidRequest")
                    .await;
                (first, server.put(&path(2), "end").ok().await)
            }
            key => {
                let first = with(server.put(&path(1), &body), KEY, key).ok().await;
                server
                    .put(&path(1), "x")
                    .refused(400, "SsecDecryptHeaderInvalid")
                    .await;
                let managed = server.put(&path(1), "x").header(SSE, "AES256");
                assert_eq!(managed.send().await.status, 400);
                (
                    first,
                    with(server.put(&path(2), "end"), KEY, key).ok().await,
                )
            }
        };
        let tags = [first, second].map(|reply| reply.header("ETag").unwrap().to_owned());
        let list = part_list(&[(1, &tags[0]), (2, &tags[1])]);
        let done = server
            .post(&format!("/up?uploadId={upload}"), &list)
            .ok()
            .await;
        assert_eq!(done.header(SSE), (key == 1).then_some("AES256"));
        let get = server.get("/up");
        let got = if key == 1 {
            get.ok().await
        } else {
            with(get, KEY, key).ok().await
        };
        assert!(got.body == format!("{body}end").as_bytes());
    }
    server.end().await;
}

#[tokio::test]
async fn a_buckets_default_is_for_what_is_put_without_a_word() {
    let server = Server::start().await;
    let bucket = format!("/{BUCKET}");
    let _ = bucket;
    server
        .get("/?encryption")
        .refused(404, "NoSuchEncryptionConfiguration")
        .await;
    let document = |default: &str, algorithm: &str| {
        format!(
            "<ServerSideEncryptionConfiguration><Rule><{default}><SSEAlgorithm>{algorithm}\
             </SSEAlgorithm></{default}></Rule></ServerSideEncryptionConfiguration>"
        )
    };
    let kms = document("ApplySideEncryptionConfiguration", "KMS");
    server
        .put("/?encryption", &kms)
        .refused(501, "NotImplemented")
        .await;
    server
        .put("/?encryption", "<ServerSideEncryptionConfiguration/>")
        .refused(400, "MalformedXML")
        .await;
    server.put("/before", "abc").ok().await;
    assert_eq!(server.head("/before").ok().await.header(SSE), None);
    let wanted = document("ApplyServerSideEncryptionByDefault", "AES256");
    server.put("/?encryption", &wanted).ok().await;
    let kept = server.get("/?encryption").ok().await;
    assert!(kept.text().contains("<SSEAlgorithm>AES256</SSEAlgorithm>"));
    let put = server.put("/k", "abc").ok().await;
    assert_eq!(put.header(SSE), Some("AES256"));
    let copy = server.copy("before", "/copy").ok().await;
    assert_eq!(copy.header(SSE), Some("AES256"));
    let begun = server.post("/up?uploads", "").ok().await;
    assert_eq!(begun.header(SSE), Some("AES256"));
    let upload = begun.xml().child_text("UploadId").unwrap().to_owned();
    server.delete(&format!("/up?uploadId={upload}")).ok().await;
    let own = with(server.put("/own", "abc"), KEY, 1).ok().await;
    assert_eq!(own.header(SSE), None);
    server.delete("/?encryption").ok().await;
    let put = server.put("/after", "abc").ok().await;
    assert_eq!(put.header(SSE), None);
    server.end().await;
}
