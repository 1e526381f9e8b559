//! `opendal`, its S3 and its COS back ends with their own signers.

use std::time::Duration;

use opendal::services::{Cos, S3};
use opendal::{ErrorKind, HttpTransporter, OperationContext, Operator};

use crate::house::{BUCKET, House, MIB, REGION, pattern};
use crate::wire::Wire;

/// One of each back end, with its name.
fn operators(house: &House) -> [(&'static str, Operator); 2] {
    let cos = Cos::default()
        .disable_config_load()
        .bucket(BUCKET)
        .endpoint(&format!("http://cos.{REGION}.myqcloud.com"))
        .secret_id(&house.id)
        .secret_key(&house.secret);
    let s3 = S3::default()
        .disable_config_load()
        .disable_ec2_metadata()
        .bucket(BUCKET)
        .region(REGION)
        .endpoint(&format!("http://{}", house.address))
        .access_key_id(&house.id)
        .secret_access_key(&house.secret);
    [
        ("cos", Operator::new(cos).unwrap()),
        ("s3", Operator::new(s3).unwrap()),
    ]
    .map(|(name, operator)| {
        let wire = HttpTransporter::new(Wire(house.address));
        (
            name,
            operator.with_context(OperationContext::new().with_http_transport(wire)),
        )
    })
}

async fn read(operator: &Operator, at: &str) -> Vec<u8> {
    operator.read(at).await.unwrap().to_vec()
}

#[tokio::test]
async fn uploads_reads_lists_and_deletes() {
    let house = House::open().await;
    for (dialect, operator) in operators(&house) {
        for name in ["a/1.jpg", "a/b/2 中文+%.jpg", "c"] {
            let written = operator
                .write_with(name, "picture")
                .content_type("image/jpeg");
            written.await.unwrap();
            assert_eq!(read(&operator, name).await, b"picture", "{dialect}");
        }
        let stat = operator.stat("c").await.unwrap();
        assert_eq!(stat.content_length(), 7);
        assert_eq!(stat.content_type(), Some("image/jpeg"));
        let part = operator.read_with("c").range(1..4).await.unwrap();
        assert_eq!(part.to_vec(), b"ict");
        let listed = operator.list_with("a/").recursive(true).await.unwrap();
        let mut names: Vec<&str> = listed.iter().map(|entry| entry.path()).collect();
        names.retain(|name| !name.ends_with('/'));
        assert_eq!(names, ["a/1.jpg", "a/b/2 中文+%.jpg"], "{dialect}");
        operator.delete("c").await.unwrap();
        assert!(!operator.exists("c").await.unwrap());
        operator
            .delete_iter(["a/1.jpg", "a/b/2 中文+%.jpg"])
            .await
            .unwrap();
        let missing = operator.stat("a/1.jpg").await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound, "{dialect}");
    }
    house.close().await;
}

#[tokio::test]
async fn copies() {
    let house = House::open().await;
    for (dialect, operator) in operators(&house) {
        let from = format!("{dialect}/中文 1.jpg");
        let written = operator
            .write_with(&from, "picture")
            .content_type("image/jpeg");
        written.await.unwrap();
        let to = format!("{dialect}/copy");
        operator.copy(&from, &to).await.unwrap();
        assert_eq!(read(&operator, &to).await, b"picture", "{dialect}");
        let stat = operator.stat(&to).await.unwrap();
        assert_eq!(stat.content_type(), Some("image/jpeg"));
        operator.write(&to, "kept").await.unwrap();
        let there = operator
            .copy_with(&from, &to)
            .if_not_exists(true)
            .await
            .unwrap_err();
        let refused = [ErrorKind::ConditionNotMatch, ErrorKind::AlreadyExists];
        assert!(refused.contains(&there.kind()), "{dialect}: {there}");
        assert_eq!(read(&operator, &to).await, b"kept", "{dialect}");
        let missing = operator.copy("nothing", "b").await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound, "{dialect}: {missing}");
        assert!(!operator.exists("b").await.unwrap());
    }
    house.close().await;
}

#[tokio::test]
async fn writes_on_a_condition() {
    let house = House::open().await;
    for (dialect, operator) in operators(&house) {
        let at = format!("{dialect}/k");
        operator
            .write_with(&at, "one")
            .if_not_exists(true)
            .await
            .unwrap();
        let again = operator
            .write_with(&at, "two")
            .if_not_exists(true)
            .await
            .unwrap_err();
        assert_eq!(
            again.kind(),
            ErrorKind::ConditionNotMatch,
            "{dialect}: {again}"
        );
        assert_eq!(read(&operator, &at).await, b"one", "{dialect}");
        let stat = operator.stat(&at).await.unwrap();
        let etag = stat.etag().unwrap();
        operator.read_with(&at).if_match(etag).await.unwrap();
        let same = operator
            .read_with(&at)
            .if_none_match(etag)
            .await
            .unwrap_err();
        assert_eq!(
            same.kind(),
            ErrorKind::ConditionNotMatch,
            "{dialect}: {same}"
        );
    }
    house.close().await;
}

#[tokio::test]
async fn parts_become_one_object() {
    let house = House::open().await;
    for (dialect, operator) in operators(&house) {
        let at = format!("{dialect}/large");
        let bytes = pattern(2 * 5 * MIB + 7);
        let mut writer = operator
            .writer_with(&at)
            .chunk(5 * MIB)
            .concurrent(3)
            .await
            .unwrap();
        for piece in bytes.chunks(MIB) {
            writer.write(piece.to_vec()).await.unwrap();
        }
        writer.close().await.unwrap();
        assert!(read(&operator, &at).await == bytes, "{dialect}");
        operator.copy(&at, &format!("{at} too")).await.unwrap();
        assert!(
            read(&operator, &format!("{at} too")).await == bytes,
            "{dialect}"
        );
    }
    house.close().await;
}

#[tokio::test]
async fn versions() {
    let house = House::open().await.with_versions().await;
    for (dialect, operator) in operators(&house) {
        let at = format!("{dialect}/k");
        operator.write(&at, "old").await.unwrap();
        let old = operator.stat(&at).await.unwrap();
        let old = old.version().unwrap().to_owned();
        operator.write(&at, "new").await.unwrap();
        let got = operator.read_with(&at).version(&old).await.unwrap();
        assert_eq!(got.to_vec(), b"old", "{dialect}");
        let listed = operator.list_with(&at).versions(true).await.unwrap();
        assert_eq!(listed.len(), 2, "{dialect}");
        operator.delete_with(&at).version(&old).await.unwrap();
        let gone = operator.read_with(&at).version(&old).await.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound, "{dialect}: {gone}");
        assert_eq!(read(&operator, &at).await, b"new", "{dialect}");
    }
    house.close().await;
}

#[tokio::test]
async fn addresses_that_carry_their_signature() {
    let house = House::open().await;
    let wire = Wire(house.address);
    let minute = Duration::from_secs(60);
    for (dialect, operator) in operators(&house) {
        let at = format!("{dialect}/中文 1.jpg");
        let put = operator.presign_write(&at, minute).await.unwrap();
        let put = wire.visit("PUT", &put.uri().to_string(), b"picture").await;
        assert_eq!(put.status(), 200, "{dialect}: {:?}", put.body());
        let get = operator.presign_read(&at, minute).await.unwrap();
        let get = get.uri().to_string();
        let got = wire.visit("GET", &get, b"").await;
        assert_eq!(got.body().as_ref(), b"picture", "{dialect}");
        assert_eq!(
            wire.visit("PUT", &get, b"other").await.status(),
            403,
            "{dialect}"
        );
        assert_eq!(read(&operator, &at).await, b"picture", "{dialect}");
    }
    house.close().await;
}
