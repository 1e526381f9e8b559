//! One object with every property, copied over every path: the same comes out everywhere.

use cosette::transfer::{
    ContentHeader, Edit, Engine, Entry, Job, PlanHead, PlanWriter, Strategy, Wanted, WantedAcl,
    WantedMetadata, WantedTags, Work,
};
use cosette::{
    Capability, Client, CustomerKey, EncryptedWith, Encryption, GetAclReply, Metadata, ObjectReply,
    Output, Proof, StorageClass, Tags,
};

use crate::house::{EXAMPLE, Fault, House, SOURCE, source};
use crate::jobs::{place, seen};

pub(crate) const MIB: usize = 1 << 20;
pub(crate) const KEY: &str = "all/\u{4e2d} +%.bin";
pub(crate) const ENCODED: &str = "all/%E4%B8%AD%20%2B%25.bin";

fn bytes() -> Vec<u8> {
    (0..3 * MIB + 17)
        .map(|at| u8::try_from(at * 31 % 251).unwrap())
        .collect()
}

/// An object that has everything an object can have.
pub(crate) async fn everything(house: &House) -> Output<ObjectReply> {
    let call = house
        .client()
        .put_object()
        .bucket(SOURCE)
        .key(KEY)
        .body(bytes())
        .cache_control("max-age=7")
        .content_disposition("attachment; filename=\"x\"")
        .content_encoding("identity")
        .content_language("zh-CN")
        .content_type("text/x-\u{e9}")
        .expires("Fri, 10 Apr 2020 18:17:25 GMT")
        .meta("one", "1")
        .meta("two.dots_and", "\u{4e2d} %41 +")
        .storage_class("STANDARD_IA")
        .grant_read("id=\"100000000002\"");
    call.tag("project", "\u{4e2d} + x")
        .tag("empty", "")
        .send()
        .await
        .unwrap();
    let object = house.head(SOURCE, KEY).await;
    assert_eq!(object.metadata.user.iter().count(), 2);
    assert_eq!(object.tagging_count, 2);
    object
}

/// Everything of an object that a copy shall have.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    bytes: bytes::Bytes,
    metadata: Metadata,
    class: StorageClass,
    crc64: Option<cosette::Crc64>,
    acl: GetAclReply,
    tags: Tags,
}

pub(crate) async fn outcome(house: &House, bucket: &str, key: &str) -> Outcome {
    let object = house.head(bucket, key).await;
    let acl = house.client().get_object_acl().bucket(bucket).key(key);
    Outcome {
        bytes: house.bytes(bucket, key).await,
        metadata: object.metadata.clone(),
        class: object.storage_class,
        crc64: object.crc64,
        acl: acl.send().await.unwrap().value,
        tags: tags(house, bucket, key).await,
    }
}

async fn tags(house: &House, bucket: &str, key: &str) -> Tags {
    let call = house.client().get_object_tagging().bucket(bucket).key(key);
    call.send().await.unwrap().value.tags
}

/// The same store under another name, as another service is.
pub(crate) fn elsewhere(house: &House) -> Client {
    house
        .builder()
        .credentials(house.root())
        .endpoint("http://127.0.0.1:1".parse().unwrap())
        .build()
        .unwrap()
}

pub(crate) fn wanted() -> Wanted {
    Wanted {
        acl: WantedAcl::Keep,
        ..Wanted::default()
    }
}

async fn job(house: &House, name: &str, key: &str, wanted: Wanted) -> Job {
    let object = house.head(SOURCE, KEY).await;
    let plan = house.folder().join(format!("{name}.plan"));
    let mut head = PlanHead::new("cp");
    head.wanted = wanted;
    let mut writer = PlanWriter::create(&plan, &head).unwrap();
    let (from, to) = (place(SOURCE, KEY), place(EXAMPLE, key));
    let work = Work::Copy {
        source: from,
        target: to,
    };
    writer.add(&Entry::new(work, seen(&object))).unwrap();
    writer.finish().unwrap();
    Job::create(house.folder().join(name), &plan).unwrap()
}

#[tokio::test]
async fn every_path_of_a_copy_gives_the_same_properties() {
    let house = House::new().await;
    everything(&house).await;
    let whole = outcome(&house, SOURCE, KEY).await;
    let client = house.client();
    let from = source(SOURCE, ENCODED);
    let copy = |key: &str| {
        client
            .slice_copy()
            .bucket(EXAMPLE)
            .key(key)
            .copy_source(&from)
            .keep_acl()
            .keep_storage_class()
    };
    let one = copy("one").send().await.unwrap();
    assert_eq!(one.strategy, Strategy::OneRequest);
    let parts = copy("parts").slice_size(0).send().await.unwrap();
    assert_eq!((parts.strategy, parts.parts), (Strategy::Parts, 4));
    let streamed = copy("streamed").source_client(&elsewhere(&house));
    let streamed = streamed.chunk_size(MIB as u64).send().await.unwrap();
    assert_eq!((streamed.strategy, streamed.parts), (Strategy::Streamed, 4));
    let small = copy("streamed-small").source_client(&elsewhere(&house));
    assert_eq!(small.send().await.unwrap().parts, 0);
    // Cut off after its second part, then taken up.
    house.faults(
        |asked| match (asked.operation, asked.query.get("partNumber")) {
            ("UploadPartCopy", Some("3" | "4")) => Fault::Answer(403, "AccessDenied"),
            _ => Fault::None,
        },
    );
    let cut = copy("resumed").slice_size(0).keep_parts_on_failure(true);
    let cut = cut.send().await.unwrap_err();
    house.no_faults();
    let resumed = copy("resumed").slice_size(0);
    resumed
        .resume(cut.upload_id().unwrap())
        .send()
        .await
        .unwrap();
    // A move keeps all of it as well.
    let moving = copy("to-move").send().await.unwrap();
    assert_eq!(moving.strategy, Strategy::OneRequest);
    let moved = client
        .move_object()
        .bucket(EXAMPLE)
        .key("moved")
        .copy_source(source(EXAMPLE, "to-move"))
        .keep_acl();
    assert!(moved.send().await.unwrap().is_moved());
    // As entries of a plan, each way.
    for (key, engine) in [
        ("plan-one", Engine::new(client.clone())),
        ("plan-parts", Engine::new(client.clone()).slice_size(0)),
        (
            "plan-streamed",
            Engine::new(client.clone()).source_client(elsewhere(&house)),
        ),
    ] {
        let job = job(&house, key, key, wanted()).await;
        let ran = tokio::spawn(async move { engine.run(job).await });
        let summary = ran.await.unwrap().unwrap();
        assert_eq!((summary.done, summary.failed), (1, 0), "{key}");
    }
    for key in [
        "one",
        "parts",
        "streamed",
        "streamed-small",
        "resumed",
        "moved",
        "plan-one",
        "plan-parts",
        "plan-streamed",
    ] {
        assert_eq!(outcome(&house, EXAMPLE, key).await, whole, "{key}");
    }
    assert_eq!(house.uploads(EXAMPLE).await, 0);
}

#[tokio::test]
async fn an_edit_changes_one_field_on_every_path_and_keeps_the_others() {
    let house = House::new().await;
    let object = everything(&house).await;
    let client = house.client();
    let edits = vec![
        Edit::SetHeader(ContentHeader::ContentType, "text/plain".parse().unwrap()),
        Edit::RemoveHeader(ContentHeader::Expires),
        Edit::SetMeta("three".to_owned(), "3".parse().unwrap()),
        Edit::RemoveMeta("ONE".to_owned()),
    ];
    let mut wished = object.metadata.clone();
    wished.content.content_type = Some("text/plain".parse().unwrap());
    wished.content.expires = None;
    wished.user.remove("one");
    wished.user.insert("three", "3".parse().unwrap()).unwrap();
    let edited = Wanted {
        metadata: WantedMetadata::Edit(edits.clone()),
        ..Wanted::default()
    };
    for (key, slice, apart) in [
        ("one", 1 << 30, false),
        ("parts", 0, false),
        ("streamed", 0, true),
    ] {
        let mut call = client
            .slice_copy()
            .bucket(EXAMPLE)
            .key(key)
            .copy_source(source(SOURCE, ENCODED))
            .slice_size(slice);
        if apart {
            call = call.source_client(&elsewhere(&house));
        }
        for edit in edits.clone() {
            call = call.edit(edit);
        }
        call.send().await.unwrap();
        assert_eq!(house.head(EXAMPLE, key).await.metadata, wished, "{key}");
    }
    let job = job(&house, "edited", "planned", edited).await;
    let summary = Engine::new(client).run(job).await.unwrap();
    assert_eq!(summary.done, 1);
    assert_eq!(house.head(EXAMPLE, "planned").await.metadata, wished);
    assert_eq!(house.head(SOURCE, KEY).await.metadata, object.metadata);
}

#[tokio::test]
async fn a_plan_says_whether_tags_go_along() {
    let house = House::new().await;
    everything(&house).await;
    let engines = || {
        let engine = Engine::new(house.client());
        [
            engine.clone(),
            engine.clone().slice_size(0),
            engine.source_client(elsewhere(&house)),
        ]
    };
    for (nth, engine) in engines().into_iter().enumerate() {
        let without = Wanted {
            tags: WantedTags::Without,
            ..Wanted::default()
        };
        let key = format!("without-{nth}");
        let job = job(&house, &key, &key, without).await;
        assert_eq!(engine.run(job).await.unwrap().done, 1);
        assert_eq!(tags(&house, EXAMPLE, &key).await, Tags::new());
    }
    // Who may not read them loses them, or does not copy: the plan says which. In one request the
    // service itself decides.
    house.faults(|asked| match asked.operation {
        "GetObjectTagging" => Fault::Answer(403, "AccessDenied"),
        _ => Fault::None,
    });
    for (wished, done) in [(WantedTags::Auto, 1), (WantedTags::Require, 0)] {
        for (nth, engine) in engines().into_iter().enumerate().skip(1) {
            let wanted = Wanted {
                tags: wished,
                ..Wanted::default()
            };
            let key = format!("{wished:?}-{nth}");
            let job = job(&house, &key, &key, wanted).await;
            assert_eq!(engine.run(job).await.unwrap().done, done, "{key}");
        }
    }
    assert_eq!(house.uploads(EXAMPLE).await, 0);
}

#[tokio::test]
async fn between_accounts_the_bytes_travel_through_us_when_the_service_may_not_read_them() {
    let house = House::new().await;
    everything(&house).await;
    let call = house.second().put_bucket().bucket("other-1250000001");
    call.send().await.unwrap();
    // The second account was granted the right to read it: the service copies.
    let copy = |client: &Client, key: &str, from: &str| {
        let call = client.slice_copy().bucket("other-1250000001").key(key);
        call.copy_source(source(SOURCE, from))
            .source_client(&house.client())
    };
    let allowed = copy(&house.second(), "allowed", ENCODED)
        .send()
        .await
        .unwrap();
    assert_eq!(allowed.strategy, Strategy::OneRequest);
    house.put(SOURCE, "private", "secret").await;
    let refused = copy(&house.second(), "refused", "private")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.strategy, Strategy::Streamed);
    let read = house
        .second()
        .get_object()
        .bucket("other-1250000001")
        .key("refused");
    let read = read
        .send()
        .await
        .unwrap()
        .value
        .body
        .bytes(100)
        .await
        .unwrap();
    assert_eq!(read, "secret");
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one path after the other")]
async fn every_path_gives_the_same_properties_in_the_other_dialect() {
    let house = House::new().await;
    everything(&house).await;
    let whole = outcome(&house, SOURCE, KEY).await;
    let from = format!("{SOURCE}/{ENCODED}");
    for (who, client) in [
        ("ours", crate::s3::s3(&house)),
        ("stranger", crate::s3::stranger(&house)),
    ] {
        let copy = |key: &str| {
            client
                .slice_copy()
                .bucket(EXAMPLE)
                .key(format!("{who}/{key}"))
                .copy_source(&from)
                .keep_acl()
                .keep_storage_class()
        };
        let one = copy("one").send().await.unwrap();
        assert_eq!(one.strategy, Strategy::OneRequest);
        let parts = copy("parts").slice_size(0).send().await.unwrap();
        assert_eq!((parts.strategy, parts.parts), (Strategy::Parts, 4));
        let to_move = copy("to-move").send().await.unwrap();
        assert_eq!(to_move.etag, one.etag);
        house.faults(|asked| match asked.query.get("partNumber") {
            Some("3" | "4") => Fault::Answer(403, "AccessDenied"),
            _ => Fault::None,
        });
        let cut = copy("resumed").slice_size(0).keep_parts_on_failure(true);
        let cut = cut.send().await.unwrap_err();
        house.no_faults();
        let resumed = copy("resumed").slice_size(0);
        let resumed = resumed.resume(cut.upload_id().unwrap());
        resumed.send().await.unwrap();
        // Within a bucket: one request where the service says that it has it.
        let moved = client
            .move_object()
            .bucket(EXAMPLE)
            .key(format!("{who}/moved"))
            .copy_source(format!("{EXAMPLE}/{who}/to-move"))
            .keep_acl();
        let moved = moved.send().await.unwrap();
        assert!(moved.is_moved());
        let renamed = moved.copied().strategy == Strategy::Rename;
        assert_eq!(renamed, who == "ours");
        // From the one dialect to the other, through this process.
        let streamed = client
            .slice_copy()
            .bucket(EXAMPLE)
            .key(format!("{who}/streamed"))
            .copy_source(&from)
            .source_client(&house.client())
            .keep_acl()
            .keep_storage_class()
            .chunk_size(MIB as u64);
        let streamed = streamed.send().await.unwrap();
        assert_eq!((streamed.strategy, streamed.parts), (Strategy::Streamed, 4));
        let back = house
            .client()
            .slice_copy()
            .bucket(EXAMPLE)
            .key(format!("{who}/back"))
            .copy_source(source(SOURCE, ENCODED))
            .source_client(&client)
            .keep_acl()
            .keep_storage_class();
        assert_eq!(back.send().await.unwrap().strategy, Strategy::Streamed);
        by_jobs(&house, &client, who).await;
        for key in [
            "one",
            "parts",
            "resumed",
            "moved",
            "streamed",
            "back",
            "plan-one",
            "plan-parts",
            "plan-streamed",
        ] {
            let key = format!("{who}/{key}");
            assert_eq!(outcome(&house, EXAMPLE, &key).await, whole, "{key}");
        }
    }
    assert_eq!(house.uploads(EXAMPLE).await, 0);
}

/// The same copy by jobs: in one request, in parts, and through this process.
async fn by_jobs(house: &House, client: &Client, who: &str) {
    for (key, engine) in [
        ("plan-one", Engine::new(client.clone())),
        ("plan-parts", Engine::new(client.clone()).slice_size(0)),
        (
            "plan-streamed",
            Engine::new(client.clone()).source_client(house.client()),
        ),
    ] {
        let key = format!("{who}/{key}");
        let job = job(house, &key.replace('/', "-"), &key, wanted()).await;
        let ran = tokio::spawn(async move { engine.run(job).await });
        let summary = ran.await.unwrap().unwrap();
        assert_eq!((summary.done, summary.failed), (1, 0), "{key}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one path after the other")]
async fn every_path_of_a_copy_keeps_how_the_source_is_encrypted() {
    let house = House::new().await;
    let client = house.client();
    let key = CustomerKey::new([7; 32]);
    let from = source(SOURCE, "secret");
    for asked in [Encryption::Managed, Encryption::Customer(key.clone())] {
        let own = asked.customer_key().cloned();
        let put = client.put_object().bucket(SOURCE).key("secret");
        let put = put.server_side_encryption(asked.clone()).body(bytes());
        put.send().await.unwrap();
        let name = |path: &str| format!("{path}-{}", own.is_some());
        let copy = |path: &str| {
            let call = client.slice_copy().bucket(EXAMPLE).key(name(path));
            let call = call.copy_source(&from).chunk_size(MIB as u64);
            match &own {
                Some(key) => call.source_customer_key(key.clone()),
                None => call,
            }
        };
        if own.is_some() {
            let shown = format!("{:?}", copy("shown"));
            assert!(shown.contains("CustomerKey(") && !shown.contains("7, 7"));
        }
        let one = copy("one").send().await.unwrap();
        assert_eq!(one.strategy, Strategy::OneRequest);
        let parts = copy("parts").slice_size(0).send().await.unwrap();
        assert_eq!((parts.strategy, parts.parts), (Strategy::Parts, 4));
        let streamed = copy("streamed").source_client(&elsewhere(&house));
        let streamed = streamed.send().await.unwrap();
        assert_eq!((streamed.strategy, streamed.parts), (Strategy::Streamed, 4));
        let small = copy("small").source_client(&elsewhere(&house));
        assert_eq!(small.chunk_size(1 << 30).send().await.unwrap().parts, 0);
        house.faults(
            |asked| match (asked.operation, asked.query.get("partNumber")) {
                ("UploadPartCopy", Some("3" | "4")) => Fault::Answer(403, "AccessDenied"),
                _ => Fault::None,
            },
        );
        let cut = copy("resumed").slice_size(0).keep_parts_on_failure(true);
        let cut = cut.send().await.unwrap_err();
        house.no_faults();
        let resumed = copy("resumed").slice_size(0);
        let resumed = resumed.resume(cut.upload_id().unwrap());
        resumed.send().await.unwrap();
        // Copied and deleted, as between any two services.
        copy("to-move").send().await.unwrap();
        let plain = client.without(Capability::Rename);
        let call = plain.move_object().bucket(EXAMPLE).key(name("moved"));
        let call = call.copy_source(source(EXAMPLE, &name("to-move")));
        let call = match &own {
            Some(key) => call.source_customer_key(key.clone()),
            None => call,
        };
        assert!(call.send().await.unwrap().is_moved());
        for path in ["one", "parts", "streamed", "small", "resumed", "moved"] {
            let mut read = Vec::new();
            let call = client.download().bucket(EXAMPLE).key(name(path));
            let call = match &own {
                Some(key) => call.customer_key(key.clone()),
                None => call,
            };
            let got = call.to_writer(&mut read).await.unwrap();
            assert_eq!(
                got.encrypted_with,
                Some(EncryptedWith::of(&asked)),
                "{path}"
            );
            assert!(read == bytes(), "{path}");
        }
        // What is given goes before what is kept.
        let other = CustomerKey::new([8; 32]);
        let call = copy("other").slice_size(0);
        let call = call.server_side_encryption(other.clone());
        call.send().await.unwrap();
        let head = client.head_object().bucket(EXAMPLE).key(name("other"));
        let head = head.customer_key(other.clone()).send().await.unwrap();
        let wanted = EncryptedWith::of(&Encryption::Customer(other));
        assert_eq!(head.encrypted_with, Some(wanted));
    }
    // Without the key nothing is read, and nothing is made.
    let call = client.slice_copy().bucket(EXAMPLE).key("no-key");
    assert!(call.copy_source(&from).send().await.is_err());
    assert!(!house.exists(EXAMPLE, "no-key").await);
    // An upload in parts brings the key along with each.
    let call = client
        .upload()
        .bucket(EXAMPLE)
        .key("sent")
        .part_size(MIB as u64);
    let call = call.server_side_encryption(key.clone()).body(bytes());
    assert_eq!(call.send().await.unwrap().parts, 4);
    let mut read = Vec::new();
    let call = client.download().bucket(EXAMPLE).key("sent");
    let got = call.customer_key(key).to_writer(&mut read).await.unwrap();
    assert_eq!(got.proof, Proof::Crc64);
    assert!(read == bytes());
    assert_eq!(house.uploads(EXAMPLE).await, 0);
}
