//! Listings: order, pages, folding, encoding.

use std::collections::BTreeSet;

use cosette_proto::percent;

use crate::harness::{Answer, Server};

fn keys(answer: &Answer) -> Vec<String> {
    let root = answer.xml();
    root.children("Contents")
        .map(|c| c.value("Key").unwrap().to_owned())
        .collect()
}

fn prefixes(answer: &Answer) -> Vec<String> {
    let root = answer.xml();
    root.children("CommonPrefixes")
        .map(|c| c.value("Prefix").unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_page_folds_what_is_below_the_delimiter() {
    let server = Server::start().await;
    for key in ["/a", "/b/1", "/b/2", "/b/c/3", "/c", "/%E4%B8%AD"] {
        server.put(key, key).ok().await;
    }
    let all = server.get("/").ok().await;
    assert_eq!(keys(&all), ["a", "b/1", "b/2", "b/c/3", "c", "中"]);
    assert_eq!(all.header("x-cos-bucket-region"), Some("ap-guangzhou"));
    let root = all.xml();
    for (name, value) in [
        ("Name", crate::harness::BUCKET),
        ("MaxKeys", "1000"),
        ("IsTruncated", "false"),
    ] {
        assert_eq!(root.value(name), Some(value));
    }
    let first = root.child("Contents").unwrap();
    assert_eq!(
        first.value("LastModified"),
        Some("2024-05-06T07:08:09.000Z")
    );
    assert_eq!(first.value("Size"), Some("2"));
    assert_eq!(first.value("StorageClass"), Some("STANDARD"));
    assert_eq!(
        first.child("Owner").unwrap().value("ID"),
        Some("1250000000")
    );
    let folded = server.get("/?delimiter=%2F").ok().await;
    assert_eq!(
        (keys(&folded), prefixes(&folded)),
        (
            vec!["a".to_owned(), "c".to_owned(), "中".to_owned()],
            vec!["b/".to_owned()]
        )
    );
    let below = server.get("/?prefix=b/&delimiter=/").ok().await;
    assert_eq!(
        (keys(&below).len(), prefixes(&below)),
        (2, vec!["b/c/".to_owned()])
    );
    let page = server.get("/?max-keys=2&delimiter=/").ok().await;
    assert_eq!(page.value("NextMarker"), "b/");
    let next = server.get("/?max-keys=2&delimiter=/&marker=b/").ok().await;
    assert_eq!((keys(&next).len(), prefixes(&next).len()), (2, 0));
    assert_eq!(keys(&server.get("/?max-keys=0").ok().await).len(), 0);
    for bad in [
        "max-keys=-1",
        "max-keys=x",
        "max-keys=1001",
        "encoding-type=base64",
    ] {
        server
            .get(&format!("/?{bad}"))
            .refused(400, "InvalidArgument")
            .await;
    }
    server
        .get("/?delimiter=ab")
        .refused(400, "InvalidDelimiter")
        .await;
    server.end().await;
}

/// What a listing gives back, page after page, is what was put.
#[tokio::test]
async fn listing_equals_a_model_for_odd_keys() {
    let server = Server::start().await;
    let pieces = [
        "a", "/", "//", ".", "..", "%", "%41", "+", " ", "中", "😀", "&<\"", "-", "~",
    ];
    let mut model = BTreeSet::new();
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    while model.len() < 60 {
        let key: String = (0..=next() % 5)
            .map(|_| pieces[next() % pieces.len()])
            .collect();
        if !key.starts_with('/') {
            model.insert(key);
        }
    }
    for key in &model {
        server
            .put(&format!("/{}", percent::encode_path(key)), key)
            .ok()
            .await;
    }
    for (prefix, size) in [("", 7), ("a", 3), ("%", 100), ("..", 1)] {
        let mut listed = Vec::new();
        let mut marker = String::new();
        loop {
            let query = format!(
                "/?encoding-type=url&prefix={}&marker={marker}&max-keys={size}",
                percent::encode(prefix)
            );
            let page = server.get(&query).ok().await;
            listed.extend(keys(&page).iter().map(|key| percent::decode(key).unwrap()));
            let Some(after) = page.xml().value("NextMarker").map(str::to_owned) else {
                break;
            };
            assert!(keys(&page).len() <= size);
            marker = after;
        }
        let wanted: Vec<_> = model
            .iter()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect();
        assert_eq!(listed, wanted, "prefix {prefix:?}");
    }
    server.end().await;
}

#[tokio::test]
async fn unfinished_uploads_are_listed() {
    let server = Server::start().await;
    let class = "STANDARD_IA";
    server
        .post("/b?uploads", "")
        .header("x-cos-storage-class", class)
        .ok()
        .await;
    let a = server.upload("/a").await;
    let listed = server.get("/?uploads").ok().await;
    let root = listed.xml();
    let found: Vec<_> = root
        .children("Upload")
        .map(|u| u.value("Key").unwrap().to_owned())
        .collect();
    assert_eq!(found, ["a", "b"]);
    let first = root.child("Upload").unwrap();
    assert_eq!(first.value("UploadId"), Some(a.as_str()));
    assert_eq!(first.value("Initiated"), Some("2024-05-06T07:08:09.000Z"));
    let page = server.get("/?uploads&max-uploads=1").ok().await;
    assert_eq!(page.value("IsTruncated"), "true");
    assert_eq!(
        (
            page.value("NextKeyMarker"),
            page.value("NextUploadIdMarker")
        ),
        ("a".into(), a)
    );
    server.end().await;
}
