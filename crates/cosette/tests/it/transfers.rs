//! Uploads, downloads, listings and presigned URLs against a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cosette::{Body, ErrorKind, Missing, ObjectToDelete, VersionItem};
use futures_util::{StreamExt, stream};

use crate::house::{EXAMPLE, Fault, House, SOURCE};

const MIB: usize = 1 << 20;

fn bytes(len: usize) -> Vec<u8> {
    (0..len)
        .map(|n| u8::try_from(n * 7 % 251).unwrap())
        .collect()
}

fn pieces(of: Vec<u8>) -> Body {
    let pieces: Vec<_> = of.chunks(300_001).map(Bytes::copy_from_slice).collect();
    Body::stream(stream::iter(
        pieces.into_iter().map(Ok::<_, std::io::Error>),
    ))
}

#[tokio::test]
async fn bytes_files_and_streams_of_any_size_arrive() {
    let house = House::new().await;
    let client = house.client();
    for (len, parts) in [(0, 0), (1, 0), (MIB, 0), (MIB + 1, 2), (3 * MIB + 5, 4)] {
        let file = house.folder().join("file");
        std::fs::write(&file, bytes(len)).unwrap();
        let upload = || {
            client
                .upload()
                .bucket(EXAMPLE)
                .key("k")
                .part_size(MIB as u64)
                .meta("n", "1")
        };
        for upload in [
            upload().body(bytes(len)),
            upload().file(&file),
            upload().body(pieces(bytes(len))),
        ] {
            let stored = upload.send().await.unwrap();
            assert_eq!((stored.size, stored.parts), (len as u64, parts));
            let head = house.head(EXAMPLE, "k").await;
            assert_eq!((head.size(), head.crc64), (len as u64, Some(stored.crc64)));
            assert!(head.metadata.user.get("n").is_some());
            assert_eq!(house.bytes(EXAMPLE, "k").await, bytes(len));
        }
    }
}

#[tokio::test]
async fn an_upload_that_fails_leaves_no_parts() {
    let house = House::new().await;
    let client = house.client();
    house.faults(|asked| match asked.query.get("partNumber") {
        Some("2") => Fault::Answer(403, "AccessDenied"),
        _ => Fault::None,
    });
    let upload = client
        .upload()
        .bucket(EXAMPLE)
        .key("k")
        .part_size(MIB as u64);
    let error = upload.body(bytes(5 * MIB)).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    house.no_faults();
    assert_eq!(house.uploads(EXAMPLE).await, 0);
    let cut = stream::iter([
        Ok(Bytes::from(bytes(2 * MIB))),
        Err(std::io::Error::other("cut")),
    ]);
    let upload = client
        .upload()
        .bucket(EXAMPLE)
        .key("k")
        .part_size(MIB as u64);
    let error = upload.body(Body::stream(cut)).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local, "{error}");
    assert_eq!(house.uploads(EXAMPLE).await, 0);
    assert!(!house.exists(EXAMPLE, "k").await);
}

#[tokio::test]
async fn a_download_arrives_whole_or_not_at_all() {
    let house = House::new().await;
    let client = house.client();
    let file = house.folder().join("here");
    for len in [0, 1, MIB, 3 * MIB + 5] {
        house.put(EXAMPLE, "k", bytes(len)).await;
        let download = || {
            client
                .download()
                .bucket(EXAMPLE)
                .key("k")
                .part_size(MIB as u64)
        };
        let mut all = Vec::new();
        let object = download().to_writer(&mut all).await.unwrap();
        assert_eq!((object.size(), &all), (len as u64, &bytes(len)));
        download().to_file(&file).await.unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), bytes(len));
    }
    let absent = client
        .download()
        .bucket(EXAMPLE)
        .key("absent")
        .to_file(&file)
        .await
        .unwrap_err();
    assert_eq!(absent.kind(), ErrorKind::NotFound(Missing::Key));
    // The object that is being read is replaced: what arrives is never a mix.
    house.faults(
        move |asked| match asked.headers.get("range").map(|range| range.as_bytes()) {
            Some(b"bytes=1048576-2097151") => Fault::Meanwhile(EXAMPLE, "k", "newer"),
            _ => Fault::None,
        },
    );
    let download = client
        .download()
        .bucket(EXAMPLE)
        .key("k")
        .part_size(MIB as u64);
    let error = download.to_file(&file).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    house.no_faults();
    assert_eq!(std::fs::read(&file).unwrap(), bytes(3 * MIB + 5));
    let left: Vec<_> = std::fs::read_dir(house.folder()).unwrap().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[tokio::test]
async fn a_range_whose_connection_is_cut_is_taken_up_again() {
    let house = House::new().await;
    house.put(EXAMPLE, "k", bytes(MIB)).await;
    let (inner, cuts) = (house.clone(), Arc::new(AtomicUsize::new(0)));
    let flaky = cosette::transport::from_fn(move |request| {
        let (inner, cuts) = (inner.clone(), cuts.clone());
        async move {
            let get = request.method() == http::Method::GET;
            let reply = cosette::Transport::call(&inner, request).await?;
            let reply = reply.map(
                |body| match get && cuts.fetch_add(1, Ordering::SeqCst) < 2 {
                    // A third of what is left arrives, then the connection is gone.
                    true => {
                        let some =
                            body.map(|chunk| chunk.map(|bytes| bytes.slice(..bytes.len() / 3)));
                        let cut = stream::once(async { Err(cosette_cut()) });
                        Body::stream(
                            some.take(1)
                                .map(|chunk| chunk.map_err(Into::into))
                                .chain(cut),
                        )
                    }
                    false => body,
                },
            );
            Ok::<_, cosette::BodyError>(reply)
        }
    });
    let client = house.client_over(flaky);
    let mut all = Vec::new();
    client
        .download()
        .bucket(EXAMPLE)
        .key("k")
        .to_writer(&mut all)
        .await
        .unwrap();
    assert_eq!(all, bytes(MIB));
    let gets = house
        .asked()
        .into_iter()
        .filter(|asked| asked.operation == "GetObject")
        .count();
    assert_eq!(gets, 3);
}

fn cosette_cut() -> cosette::BodyError {
    "the connection is gone".into()
}

#[tokio::test]
async fn a_read_gives_a_range_a_stream_and_conditions() {
    let house = House::new().await;
    let client = house.client();
    house.put(EXAMPLE, "k", "0123456789").await;
    let get = || client.get_object().bucket(EXAMPLE).key("k");
    let part = get()
        .range("bytes=2-4")
        .response_content_type("text/x")
        .send()
        .await
        .unwrap();
    assert_eq!((part.status, part.size()), (206, 10));
    assert_eq!(part.headers["content-type"], "text/x");
    assert_eq!(part.value.body.bytes(9).await.unwrap(), "234");
    let etag = house.head(EXAMPLE, "k").await.etag.clone();
    let known = get().if_none_match(&etag).send().await.unwrap();
    assert!(known.not_modified && known.status == 304);
    let error = get().if_match("\"other\"").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    let head = client
        .head_object()
        .bucket(EXAMPLE)
        .key("k")
        .if_match("\"other\"");
    assert_eq!(
        head.send().await.unwrap_err().code(),
        Some("PreconditionFailed")
    );
}

#[tokio::test]
async fn listings_go_on_over_pages() {
    let house = House::versioned().await;
    let client = house.client();
    let keys = ["a/1", "a/2", "b%20+ 中", "c//d", "e"];
    for key in keys {
        house.put(EXAMPLE, key, "x").await;
    }
    let list = || client.get_bucket().bucket(EXAMPLE).max_keys(2_u16);
    let objects = list().objects().all().await.unwrap();
    let seen: Vec<_> = objects.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(seen, keys);
    assert_eq!(house.count("GetBucket"), 3);
    let mut pages = list().delimiter("/").pages();
    let (mut folded, mut plain) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await.unwrap() {
        folded.extend(page.common_prefixes.clone());
        plain.extend(page.contents.iter().map(|object| object.key.to_string()));
    }
    assert_eq!(folded, ["a/", "c/"]);
    assert_eq!(plain, ["b%20+ 中", "e"]);
    client
        .delete_object()
        .bucket(EXAMPLE)
        .key("e")
        .send()
        .await
        .unwrap();
    let versions = client
        .list_object_versions()
        .bucket(EXAMPLE)
        .max_keys(2_u16);
    let versions = versions.versions().all().await.unwrap();
    let markers = versions
        .iter()
        .filter(|item| matches!(item, VersionItem::DeleteMarker(_)))
        .count();
    assert_eq!((versions.len(), markers), (6, 1));
    for _ in 0..3 {
        client
            .multipart_init()
            .bucket(EXAMPLE)
            .key("u")
            .send()
            .await
            .unwrap();
    }
    let uploads = client
        .multipart_list()
        .bucket(EXAMPLE)
        .max_uploads(1_u16)
        .uploads();
    assert_eq!(uploads.all().await.unwrap().len(), 3);
    // A bad argument is the first thing the stream says.
    let error = client
        .get_bucket()
        .bucket("nope")
        .objects()
        .next()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn several_keys_go_in_one_request() {
    let house = House::new().await;
    house.put(EXAMPLE, "a", "x").await;
    let key = |key: &str| ObjectToDelete {
        key: key.to_owned(),
        ..ObjectToDelete::default()
    };
    let call = house.client().delete_multiple_object().bucket(EXAMPLE);
    let deleted = call
        .objects(vec![key("a"), key("never")])
        .send()
        .await
        .unwrap();
    assert_eq!((deleted.deleted.len(), deleted.failed.len()), (2, 0));
    assert!(!house.exists(EXAMPLE, "a").await);
}

#[tokio::test]
async fn buckets_are_made_asked_and_removed() {
    let house = House::new().await;
    let client = house.client();
    let buckets = client.get_service().send().await.unwrap();
    let names: Vec<_> = buckets
        .buckets
        .iter()
        .map(|bucket| bucket.name.as_str())
        .collect();
    assert_eq!(names, [EXAMPLE, SOURCE]);
    let head = client.head_bucket().bucket(EXAMPLE).send().await.unwrap();
    assert_eq!(head.status, 200);
    let location = client
        .get_bucket_location()
        .bucket(EXAMPLE)
        .send()
        .await
        .unwrap();
    assert_eq!(location.as_str(), "ap-guangzhou");
    let status = client
        .get_bucket_versioning()
        .bucket(EXAMPLE)
        .send()
        .await
        .unwrap();
    assert_eq!(status.value, None);
    let acl = client
        .get_bucket_acl()
        .bucket(EXAMPLE)
        .send()
        .await
        .unwrap();
    assert!(!acl.acl.owner.owner_uin().is_empty());
    house.put(EXAMPLE, "a", "x").await;
    let full = client
        .delete_bucket()
        .bucket(EXAMPLE)
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (full.kind(), full.code()),
        (ErrorKind::Conflict, Some("BucketNotEmpty"))
    );
    client.delete_bucket().bucket(SOURCE).send().await.unwrap();
    let gone = client
        .head_bucket()
        .bucket(SOURCE)
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (gone.kind(), gone.code()),
        (ErrorKind::NotFound(Missing::Bucket), Some("NoSuchBucket"))
    );
}

#[tokio::test]
async fn a_presigned_url_needs_no_keys() {
    let house = House::new().await;
    let client = house.client();
    house.put(EXAMPLE, "目录/图片 1.jpg", "fish").await;
    let get = client.get_object().bucket(EXAMPLE).key("目录/图片 1.jpg");
    let signed = get.response_content_type("image/png");
    let signed = signed.presign(std::time::Duration::from_secs(300)).unwrap();
    assert_eq!(signed.method, http::Method::GET);
    assert_eq!(house.get(&signed.url).await, "fish");
    let other = signed.url.replace("image%2Fpng", "text%2Fplain");
    let host = format!("{EXAMPLE}.cos.ap-guangzhou.myqcloud.com");
    let request = http::Request::get(other)
        .header("host", host)
        .body(Body::empty())
        .unwrap();
    let refused = cosette::Transport::call(&house, request).await.unwrap();
    assert_eq!(refused.status(), 403);
    let unsigned = house.anonymous().get_object().bucket(EXAMPLE).key("k");
    let error = unsigned
        .presign(std::time::Duration::from_secs(300))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}
