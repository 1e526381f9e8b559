//! The hosts that a bucket is reached by.

use cosette_server::Config;

use crate::harness::{BUCKET, SUFFIX, Server};

fn with_domain() -> Config {
    Config {
        domains: vec!["cos.test:9000".to_owned()],
        ..Config::default()
    }
}

#[tokio::test]
async fn a_bucket_is_reached_by_all_its_hosts() {
    let server = Server::configured(with_domain()).await;
    server.put("/a/k", "abc").ok().await;
    for host in [
        format!("{BUCKET}.{SUFFIX}"),
        format!("{BUCKET}.{SUFFIX}:{}", server.address.port()),
        format!("{BUCKET}.COS.ap-guangzhou.MyQcloud.com"),
        format!("{BUCKET}.cos.ap-guangzhou.tencentcos.cn"),
        format!("{BUCKET}.cos-internal.ap-guangzhou.tencentcos.cn"),
        format!("{BUCKET}.cos.accelerate.myqcloud.com"),
        format!("{BUCKET}.cosgz.myqcloud.com"),
        format!("{BUCKET}.cos.test:9000"),
        format!("{BUCKET}.cos.ap-guangzhou.cos.test"),
        format!("{BUCKET}.localhost:{}", server.address.port()),
    ] {
        let got = server.get("/a/k").host(&host).ok().await;
        assert_eq!(got.body, b"abc", "{host}");
        // And so a copy may name its source; the vendor's hosts as they are documented only.
        let copy = server.copy_from(&format!("{host}/a%2Fk"), "/copy");
        let own = host.contains("localhost") || host.contains("cos.test");
        if own || !host.contains([':', 'Q']) {
            copy.host(&host).ok().await;
            assert_eq!(server.bytes("/copy").await, b"abc", "{host}");
            server.delete("/copy").ok().await;
        } else {
            copy.host(&host).refused(400, "InvalidArgument").await;
        }
    }
    for host in [
        server.address.to_string(),
        "cos.test:9000".to_owned(),
        "cos.ap-guangzhou.myqcloud.com".to_owned(),
        "files.example.org".to_owned(),
    ] {
        let got = server.get(&format!("/{BUCKET}/a/k")).host(&host).ok().await;
        assert_eq!(got.body, b"abc", "{host}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_client_may_take_the_server_for_a_proxy() {
    let server = Server::start().await;
    let uri = format!("http://{BUCKET}.{SUFFIX}/k");
    server.put(&uri, "abc").ok().await;
    assert_eq!(server.get(&uri).ok().await.body, b"abc");
    assert_eq!(server.bytes("/k").await, b"abc");
    let both = server
        .get(&uri)
        .host("other-1250000000.cos.ap-guangzhou.myqcloud.com")
        .anonymous();
    both.refused(400, "InvalidRequest").await;
    server.end().await;
}

// seed: S09, S11
#[tokio::test]
async fn a_bucket_keeps_the_region_it_was_made_in() {
    let server = Server::start().await;
    let beijing = "beijing-1250000000.cos.ap-beijing.myqcloud.com";
    server.put("/", "").host(beijing).ok().await;
    let head = server.head("/").host(beijing).ok().await;
    assert_eq!(head.header("x-cos-bucket-region"), Some("ap-beijing"));
    let elsewhere = server
        .get("/")
        .host("beijing-1250000000.cos.ap-guangzhou.myqcloud.com");
    elsewhere.refused(404, "NoSuchBucket").await;
    let path_style = server
        .get("/beijing-1250000000?location")
        .host("127.0.0.1")
        .ok()
        .await;
    assert_eq!(path_style.xml().text, "ap-beijing");
    // A host that names no region makes buckets in the server's own.
    server
        .put("/here-1250000000", "")
        .host("127.0.0.1")
        .ok()
        .await;
    let here = server
        .get("/here-1250000000/?location")
        .host("127.0.0.1")
        .ok()
        .await;
    assert_eq!(here.xml().text, "ap-guangzhou");
    // Copies go from region to region, both ways; the source's host says where it is.
    server.put("/1.jpg", "abc").host(beijing).ok().await;
    server
        .copy_from(&format!("{beijing}/1.jpg"), "/1.jpg")
        .ok()
        .await;
    let back = server.copy("1.jpg", "/2.jpg").host(beijing).ok().await;
    assert_eq!(back.value("ETag"), crate::harness::md5(b"abc"));
    assert_eq!(server.get("/2.jpg").host(beijing).ok().await.body, b"abc");
    let wrong = server.copy_from(
        "beijing-1250000000.cos.ap-shanghai.myqcloud.com/1.jpg",
        "/3",
    );
    wrong.refused(400, "InvalidArgument").await;
    server.end().await;
}

#[tokio::test]
async fn what_is_no_bucket_is_refused_by_name() {
    let server = Server::start().await;
    for (host, code) in [
        (
            "nobody-1250000000.cos.ap-guangzhou.myqcloud.com",
            (404, "NoSuchBucket"),
        ),
        (
            "examplebucket.cos.ap-guangzhou.myqcloud.com",
            (400, "InvalidBucketName"),
        ),
        (
            "example_bucket-1250000000.cos.ap-guangzhou.myqcloud.com",
            (400, "InvalidBucketName"),
        ),
    ] {
        server.get("/k").host(host).refused(code.0, code.1).await;
        server
            .put("/k", "x")
            .host(host)
            .refused(code.0, code.1)
            .await;
    }
    server.end().await;
}
