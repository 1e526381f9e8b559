//! What is done with a service that can do more than COS, and with one that cannot.

use std::sync::atomic::{AtomicUsize, Ordering};

use cosette::transfer::{Engine, Entry, Job, Place, PlanHead, PlanWriter, Summary, Work};
use cosette::{Capability, Client, CompletedPart, MoveOutcome};
use cosette_types::Tags;

use crate::house::{EXAMPLE, Fault, House, OWNER, REGION, SOURCE, source};
use crate::jobs::{place, seen};

const KEY: &str = "a/1.jpg";

pub(crate) fn asking(house: &House) -> Client {
    house
        .builder()
        .credentials(house.root())
        .ask_capabilities(true)
        .build()
        .unwrap()
}

async fn house() -> House {
    let house = House::new().await;
    house.put(SOURCE, KEY, "fish").await;
    house.forget();
    house
}

async fn moved(client: &Client, bucket: &str, key: &str) -> MoveOutcome {
    let call = client.move_object().bucket(bucket).key(key);
    call.copy_source(source(SOURCE, KEY)).send().await.unwrap()
}

/// A job of one entry.
async fn run(house: &House, client: Client, name: &str, work: Work) -> Summary {
    let object = house.head(SOURCE, KEY).await;
    let plan = house.folder().join(format!("{name}.plan"));
    let mut writer = PlanWriter::create(&plan, &PlanHead::new("mv")).unwrap();
    writer.add(&Entry::new(work, seen(&object))).unwrap();
    writer.finish().unwrap();
    let job = Job::create(house.folder().join(name), &plan).unwrap();
    house.forget();
    let ran = tokio::spawn(async move { Engine::new(client).run(job).await });
    ran.await.unwrap().unwrap()
}

fn moving(bucket: &str, key: &str) -> Work {
    Work::Move {
        source: place(SOURCE, KEY),
        target: place(bucket, key),
    }
}

/// Somebody writes the source right before it would be deleted.
fn written_before_the_delete(house: &House) {
    house.faults(|asked| match asked.operation {
        "DeleteObject" => Fault::Meanwhile(SOURCE, KEY, "newer"),
        _ => Fault::None,
    });
}

#[tokio::test]
async fn a_source_written_right_before_its_delete_is_never_deleted() {
    let house = house().await;
    written_before_the_delete(&house);
    let outcome = moved(&asking(&house), EXAMPLE, "b").await;
    assert!(
        matches!(outcome, MoveOutcome::CopiedButSourceChanged { .. }),
        "{outcome:?}"
    );
    assert_eq!(
        house.operations().as_slice(),
        [
            "HeadObject",
            "PutObjectCopy",
            "HeadObject",
            "GetCapabilities",
            "DeleteObject",
            // Somebody's.
            "PutObject",
            "HeadObject"
        ]
    );
    assert_eq!(house.bytes(SOURCE, KEY).await, "newer");
    assert_eq!(house.bytes(EXAMPLE, "b").await, "fish");
    // As an entry of a job.
    house.no_faults();
    house.put(SOURCE, KEY, "fish again").await;
    let planned = house.clone();
    let object = house.head(SOURCE, KEY).await;
    written_before_the_delete(&house);
    let summary = run(&planned, asking(&house), "mv", moving(EXAMPLE, "c")).await;
    assert_eq!((summary.done, summary.failed), (0, 1));
    assert_eq!(house.bytes(SOURCE, KEY).await, "newer");
    assert_eq!(house.bytes(EXAMPLE, "c").await, "fish again");
    assert_eq!(object.size(), 10);
    // A plan that only removes.
    house.no_faults();
    house.put(SOURCE, KEY, "fish once more").await;
    written_before_the_delete(&house);
    let work = Work::Delete {
        source: place(SOURCE, KEY),
    };
    let summary = run(&house, asking(&house), "rm", work.clone()).await;
    assert_eq!((summary.done, summary.failed), (0, 1));
    assert_eq!(house.bytes(SOURCE, KEY).await, "newer");
    // Left in peace it is one request.
    house.no_faults();
    let summary = run(&house, asking(&house), "rm-2", work).await;
    assert_eq!((summary.done, summary.failed), (1, 0));
    assert_eq!(house.operations(), ["GetCapabilities", "DeleteObject"]);
    assert!(!house.exists(SOURCE, KEY).await);
}

#[tokio::test]
async fn a_delete_whose_answer_was_lost_was_made() {
    let house = house().await;
    let lost = AtomicUsize::new(0);
    house.faults(move |asked| match asked.operation {
        "DeleteObject" if lost.fetch_add(1, Ordering::SeqCst) == 0 => Fault::AnswerLost,
        _ => Fault::None,
    });
    assert!(moved(&asking(&house), EXAMPLE, "b").await.is_moved());
    assert_eq!(house.count("DeleteObject"), 2);
    assert!(!house.exists(SOURCE, KEY).await);
}

#[tokio::test]
async fn a_move_within_a_bucket_is_one_request_unless_forbidden() {
    let house = house().await;
    let client = asking(&house);
    let outcome = moved(&client, SOURCE, "b").await;
    assert!(outcome.is_moved());
    assert_eq!(
        house.operations(),
        ["HeadObject", "GetCapabilities", "RenameObject"]
    );
    let copied = outcome.copied();
    assert_eq!(copied.strategy, cosette::transfer::Strategy::Rename);
    assert_eq!(copied.size, 4);
    assert!(!house.exists(SOURCE, KEY).await);
    assert_eq!(house.bytes(SOURCE, "b").await, "fish");
    // What is known is not asked again; what was forbidden is not done.
    house.put(SOURCE, KEY, "fish").await;
    house.forget();
    let outcome = moved(&client.without(Capability::Rename), SOURCE, "c").await;
    assert!(outcome.is_moved());
    assert_eq!(
        house.operations(),
        ["HeadObject", "PutObjectCopy", "HeadObject", "DeleteObject"]
    );
}

#[tokio::test]
async fn an_acl_of_its_own_goes_along_with_a_rename_only_if_that_is_said() {
    let house = house().await;
    let client = asking(&house);
    client.capabilities().await;
    let granted = async || {
        let put = house.client().put_object().bucket(SOURCE).key(KEY);
        let put = put.grant_read(format!("id=\"{OWNER}\""));
        put.body("fish").send().await.unwrap();
        house.forget();
    };
    let inherits = async |key: &str| {
        let acl = house.client().get_object_acl().bucket(SOURCE).key(key);
        acl.send().await.unwrap().inherits
    };
    granted().await;
    assert!(moved(&client, SOURCE, "b").await.is_moved());
    assert_eq!(house.operations(), ["HeadObject", "RenameObject"]);
    assert!(inherits("b").await);
    // One that is given, and one that is kept.
    let call = |key: &str| {
        let call = client.move_object().bucket(SOURCE).key(key);
        call.copy_source(source(SOURCE, KEY))
    };
    granted().await;
    let sent = call("c").acl("private").send().await.unwrap();
    assert!(sent.is_moved() && !inherits("c").await);
    assert_eq!(house.count("RenameObject"), 1);
    granted().await;
    let sent = call("d").keep_acl().send().await.unwrap();
    assert!(sent.is_moved() && !inherits("d").await);
    assert_eq!(house.count("RenameObject"), 1);
    // Where the service cannot be told, the source's would go along unasked: it is copied.
    let other = client.without(Capability::RenameAcl);
    granted().await;
    assert!(moved(&other, SOURCE, "e").await.is_moved());
    assert_eq!(house.count("RenameObject"), 0);
    assert!(inherits("e").await);
    house.put(SOURCE, KEY, "fish").await;
    house.forget();
    assert!(moved(&other, SOURCE, "f").await.is_moved());
    assert_eq!(
        house.operations(),
        ["HeadObject", "GetObjectACL", "RenameObject"]
    );
}

#[tokio::test]
async fn a_rename_whose_answer_was_lost_is_asked_for_again_and_gets_it() {
    let house = house().await;
    let lost = AtomicUsize::new(0);
    house.faults(move |asked| match asked.operation {
        "RenameObject" if lost.fetch_add(1, Ordering::SeqCst) < 2 => Fault::AnswerLost,
        _ => Fault::None,
    });
    assert!(moved(&asking(&house), SOURCE, "b").await.is_moved());
    assert_eq!(house.count("RenameObject"), 3);
    assert_eq!(house.bytes(SOURCE, "b").await, "fish");
}

#[tokio::test]
async fn entries_of_a_job_are_renames_where_that_makes_the_same_target() {
    let house = house().await;
    let summary = run(&house, asking(&house), "one", moving(SOURCE, "b")).await;
    assert_eq!(summary.done, 1);
    assert_eq!(house.operations(), ["GetCapabilities", "RenameObject"]);
    // The journal says what became of it.
    let mut made = Vec::new();
    Job::each_done(house.folder().join("one"), |_, _, copied| {
        made.push(copied.cloned());
    })
    .unwrap();
    let there = house.head(SOURCE, "b").await;
    let copied = made.pop().flatten().unwrap();
    assert_eq!(copied.etag.as_ref(), Some(&there.etag));
    // Tags that shall stay behind do not go along.
    let put = house.client().put_object().bucket(SOURCE).key(KEY);
    put.tag("a", "1").body("fish").send().await.unwrap();
    let object = house.head(SOURCE, KEY).await;
    let plan = house.folder().join("without.plan");
    let mut head = PlanHead::new("mv");
    head.wanted.tags = cosette::transfer::WantedTags::Without;
    let mut writer = PlanWriter::create(&plan, &head).unwrap();
    writer
        .add(&Entry::new(moving(SOURCE, "c"), seen(&object)))
        .unwrap();
    writer.finish().unwrap();
    let job = Job::create(house.folder().join("without"), &plan).unwrap();
    house.forget();
    let summary = Engine::new(asking(&house)).run(job).await.unwrap();
    assert_eq!((summary.done, house.count("RenameObject")), (1, 0));
    let tags = house.client().get_object_tagging().bucket(SOURCE).key("c");
    assert_eq!(tags.send().await.unwrap().tags, Tags::new());
}

#[tokio::test]
async fn a_service_that_does_not_know_the_question_is_asked_once_and_used_as_cos() {
    let house = house().await;
    for (status, code) in [
        (403, "AccessDenied"),
        (404, "NoSuchKey"),
        (405, "MethodNotAllowed"),
        (501, "NotImplemented"),
    ] {
        let client = asking(&house);
        for _ in 0..2 {
            house.no_faults();
            house.put(SOURCE, KEY, "fish").await;
            house.forget();
            house.faults(move |asked| match asked.operation {
                "GetCapabilities" => Fault::Answer(status, code),
                _ => Fault::None,
            });
            assert!(moved(&client, SOURCE, "b").await.is_moved());
        }
        assert_eq!(
            house.operations(),
            [
                "HeadObject",
                "PutObjectCopy",
                "HeadObject",
                "HeadObject",
                "DeleteObject"
            ],
            "{status}"
        );
        assert!(client.capabilities().await.has.is_empty());
    }
    // One that cannot answer now is asked again later.
    let client = asking(&house);
    house.faults(|asked| match asked.operation {
        "GetCapabilities" => Fault::Answer(503, "SlowDown"),
        _ => Fault::None,
    });
    assert!(client.capabilities().await.has.is_empty());
    house.no_faults();
    assert!(
        client
            .capabilities()
            .await
            .has
            .contains(&Capability::Rename)
    );
    // Hosts of the public COS are not asked; a caller may say otherwise, either way.
    house.forget();
    assert!(house.client().capabilities().await.has.is_empty());
    let told = house
        .builder()
        .credentials(house.root())
        .ask_capabilities(false);
    let local = told.endpoint("http://127.0.0.1:1".parse().unwrap());
    assert!(local.build().unwrap().capabilities().await.has.is_empty());
    assert_eq!(house.operations(), [""; 0]);
}

#[tokio::test]
async fn a_job_copies_more_than_five_gibibytes_in_one_request_where_the_service_can() {
    const PART: usize = 64 << 20;
    let house = house().await;
    let client = asking(&house);
    house.put(SOURCE, "part", vec![7_u8; PART]).await;
    let init = client.multipart_init().bucket(SOURCE).key(KEY);
    let upload = init.send().await.unwrap().value.upload_id;
    let mut parts = Vec::new();
    for number in 1..=81_u32 {
        let call = client.upload_part_copy().bucket(SOURCE).key(KEY);
        let call = call.upload_id(&upload).part_number(number);
        let part = call
            .copy_source(source(SOURCE, "part"))
            .send()
            .await
            .unwrap();
        parts.push(CompletedPart {
            part_number: u64::from(number).try_into().unwrap(),
            etag: part.value.etag,
            checksum: None,
        });
    }
    let complete = client.multipart_complete().bucket(SOURCE).key(KEY);
    let done = complete
        .upload_id(&upload)
        .parts(parts)
        .send()
        .await
        .unwrap();
    let large = moving(EXAMPLE, "large");
    let summary = run(&house, client.clone(), "large", large).await;
    assert_eq!((summary.done, summary.failed), (1, 0));
    assert_eq!(house.count("PutObjectCopy"), 1);
    assert_eq!(house.count("UploadPartCopy"), 0);
    assert_eq!(house.head(EXAMPLE, "large").await.etag, done.etag);
    // A call goes by the size that it was told, or by the default.
    let back = || {
        let call = client.slice_copy().bucket(SOURCE).key("large");
        call.copy_source(source(EXAMPLE, "large"))
            .chunk_size(1 << 30)
    };
    assert_eq!(back().send().await.unwrap().parts, 6);
    let whole = back().slice_size(u64::MAX).send().await.unwrap();
    assert_eq!((whole.parts, &whole.etag), (0, &done.etag));
}

#[tokio::test]
async fn a_service_with_a_host_for_each_bucket_judges_deletes_too() {
    let domain = format!("cos.{REGION}.example.com");
    let house = House::with_domains(&[&domain]).await;
    for (nth, (template, region)) in [
        (format!("http://{{bucket}}.{domain}"), true),
        // The host names a region, and only the places of the plan say which.
        ("http://{bucket}.cos.{region}.example.com".to_owned(), false),
    ]
    .into_iter()
    .enumerate()
    {
        let client = || {
            let builder = Client::builder()
                .transport(house.clone())
                .clock(house.clock.clone())
                .credentials(house.root())
                .endpoint(template.parse().unwrap());
            let builder = match region {
                true => builder.region(REGION),
                false => builder,
            };
            builder.build().unwrap().without(Capability::Rename)
        };
        house.put(SOURCE, KEY, "fish").await;
        written_before_the_delete(&house);
        let client_of_one = client();
        let call = client_of_one.move_object().bucket(EXAMPLE).region(REGION);
        let call = call.key("b").copy_source(source(SOURCE, KEY));
        let outcome = call.send().await.unwrap();
        assert!(
            matches!(outcome, MoveOutcome::CopiedButSourceChanged { .. }),
            "{template} {outcome:?}"
        );
        assert_eq!(house.bytes(SOURCE, KEY).await, "newer");
        assert_eq!(house.count("GetCapabilities"), 1, "{template}");
        // As a job, whose places name the region.
        house.no_faults();
        house.put(SOURCE, KEY, "fish again").await;
        let at = |bucket: &str, key: &str| Place {
            region: Some(REGION.parse().unwrap()),
            ..place(bucket, key)
        };
        let object = house.head(SOURCE, KEY).await;
        let plan = house.folder().join(format!("{nth}.plan"));
        let mut writer = PlanWriter::create(&plan, &PlanHead::new("mv")).unwrap();
        let work = Work::Move {
            source: at(SOURCE, KEY),
            target: at(EXAMPLE, "c"),
        };
        writer.add(&Entry::new(work, seen(&object))).unwrap();
        writer.finish().unwrap();
        let job = Job::create(house.folder().join(format!("{nth}.job")), &plan).unwrap();
        written_before_the_delete(&house);
        let engine = Engine::new(client());
        let ran = tokio::spawn(async move { engine.run(job).await });
        let summary = ran.await.unwrap().unwrap();
        assert_eq!((summary.done, summary.failed), (0, 1), "{template}");
        house.no_faults();
        assert_eq!(house.bytes(SOURCE, KEY).await, "newer", "{template}");
        house.forget();
    }
}
