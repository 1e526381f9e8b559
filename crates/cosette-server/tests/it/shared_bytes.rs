//! A copy writes no byte of an object, whatever the object's size.

use crate::harness::{MIB, Server, bytes, md5};

#[tokio::test]
async fn a_copy_of_one_byte_writes_none() {
    let server = Server::start().await;
    server.put("/a", "x").ok().await;
    server.put("/large", bytes(MIB, 1)).ok().await;
    let before = (server.written_bytes(), server.store_bytes().await);
    for n in 0..10 {
        server.copy("a", &format!("/copy{n}")).ok().await;
        server.copy("large", &format!("/large{n}")).ok().await;
    }
    assert_eq!((server.written_bytes(), server.store_bytes().await), before);
    server.delete("/large").ok().await;
    server.check().await;
    assert!(server.bytes("/large9").await == bytes(MIB, 1));
    server.end().await;
}

/// 5 GiB and a byte out of one MiB, by copying parts of parts.
#[tokio::test]
async fn five_gibibytes_by_part_copies_write_none() {
    let server = Server::start().await;
    let mib = bytes(MIB, 2);
    server.put("/1", &mib).ok().await;
    let before = (server.written_bytes(), server.store_bytes().await);
    // Each step makes an object of so many parts that are the one before.
    let mut source = "1".to_owned();
    for (step, parts) in [(1, 64), (2, 80)] {
        let target = format!("/step{step}");
        let upload = server.upload(&target).await;
        let mut tags = Vec::new();
        for number in 1..=parts {
            let part = server
                .copy_part(&source, &target, &upload, number)
                .ok()
                .await;
            tags.push(part.value("ETag"));
        }
        server.complete(&target, &upload, &tags).ok().await;
        source = target[1..].to_owned();
    }
    let head = server.head("/step2").ok().await;
    assert_eq!(head.header("Content-Length"), Some("5368709120"));
    // One request copies it, though it is as large as a PUT may be, and larger too.
    server.copy("step2", "/copy").ok().await;
    let copy = server.head("/copy").ok().await;
    assert_eq!(copy.etag(), head.etag());
    assert_eq!(
        copy.header("x-cos-hash-crc64ecma"),
        head.header("x-cos-hash-crc64ecma")
    );
    let last = server
        .get("/copy")
        .header("Range", "bytes=-1048576")
        .ok()
        .await;
    assert!(last.body == mib);
    assert_eq!((server.written_bytes(), server.store_bytes().await), before);
    server.end_unread().await;
}

// seed: S112, S120
#[tokio::test]
async fn a_body_of_ten_thousand_parts_is_copied_without_a_byte() {
    let server = Server::start().await;
    let mib = bytes(MIB, 3);
    server.put("/1", &mib).ok().await;
    let upload = server.upload("/many").await;
    let before = (server.written_bytes(), server.store_bytes().await);
    let mut connection = server.connect().await;
    for number in 1..=10_000 {
        let part = server.copy_part("1", "/many", &upload, number);
        connection.write(&part.written_head("keep-alive")).await;
        assert_eq!(connection.answer("PUT").await.unwrap().status, 200);
    }
    let tags = vec![md5(&mib); 10_000];
    let done = server.complete("/many", &upload, &tags).ok().await;
    assert!(done.value("ETag").ends_with("-10000\""));
    let copied = server.copy("many", "/copy").ok().await;
    assert_eq!(copied.value("ETag"), done.value("ETag"));
    let head = server.head("/copy").ok().await;
    assert_eq!(head.header("Content-Length"), Some("10485760000"));
    assert_eq!(head.etag(), done.value("ETag"));
    let middle = server
        .get("/copy")
        .header("Range", "bytes=5242880000-5243928575")
        .ok()
        .await;
    assert!(middle.body == mib);
    assert_eq!((server.written_bytes(), server.store_bytes().await), before);
    for key in ["/many", "/1", "/copy"] {
        server.delete(key).ok().await;
    }
    server.check().await;
    assert_eq!(server.store_bytes().await, 0);
    server.end_unread().await;
}
