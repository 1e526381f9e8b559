//! Which requests a slice copy sends, and what it does when one of them fails.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cosette::{Error, ErrorKind, Output, Progress, SliceCopied, SliceCopy};

use crate::clock::TestClock;
use crate::script::{BUCKET, SOURCE, Script, Step};

const MD5: &str = "\"ee8de918d05640145b18f70f4c3aa602\"";
const THREE: &str = "\"aa259a62513358f69e98e72e59856d88-3\"";
const MIB: u64 = 1 << 20;

fn slice(script: &Script) -> SliceCopy {
    script
        .client()
        .slice_copy()
        .bucket(BUCKET)
        .key("b/1.jpg")
        .copy_source(SOURCE)
        .parallel(1)
}

/// Three parts, as a service without checksums answers.
fn three_parts() -> [Step; 6] {
    [
        Step::head(3 * MIB, MD5),
        Step::begun(),
        Step::part_copied("\"p1\""),
        Step::part_copied("\"p2\""),
        Step::part_copied("\"p3\""),
        Step::completed(THREE),
    ]
}

async fn in_parts(script: &Script) -> Result<Output<SliceCopied>, Error> {
    slice(script).slice_size(0).send().await
}

#[tokio::test]
async fn every_part_carries_the_sources_tag_and_its_range() {
    let script = Script::of(three_parts());
    let copied = in_parts(&script).await.unwrap();
    assert_eq!((copied.parts, copied.etag.part_count()), (3, Some(3)));
    let seen = script.seen();
    let ranges: Vec<_> = seen[2..5]
        .iter()
        .map(|part| {
            assert_eq!(part.header("x-cos-copy-source-if-match"), Some(MD5));
            assert_eq!(part.header("x-cos-copy-source"), Some(SOURCE));
            part.header("x-cos-copy-source-range").unwrap().to_owned()
        })
        .collect();
    assert_eq!(
        ranges,
        [
            "bytes=0-1048575",
            "bytes=1048576-2097151",
            "bytes=2097152-3145727"
        ]
    );
    let complete = String::from_utf8(seen[5].body.to_vec()).unwrap();
    assert!(complete.contains("p1") && complete.contains("p2") && complete.contains("p3"));
}

#[tokio::test]
async fn one_request_carries_the_sources_tag_too() {
    let script = Script::of([Step::head(3 * MIB, MD5), Step::copied(MD5)]);
    let copied = slice(&script).slice_size(3 * MIB).send().await.unwrap();
    assert_eq!(
        (copied.parts, script.asked().as_str()),
        (0, "HeadObject PutObjectCopy")
    );
    assert_eq!(
        script.seen()[1].header("x-cos-copy-source-if-match"),
        Some(MD5)
    );
}

// seed: S136
#[tokio::test]
async fn a_part_that_fails_for_good_ends_the_copy_and_the_upload() {
    let script = Script::of([
        Step::head(3 * MIB, MD5),
        Step::begun(),
        Step::part_copied("\"p1\""),
        Step::error(412, "PreconditionFailed"),
        Step::reply(204, ""),
    ]);
    let error = in_parts(&script).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::PreconditionFailed, Some(412))
    );
    assert_eq!(error.code(), Some("PreconditionFailed"));
    assert_eq!(error.upload_id(), None);
    assert!(
        script
            .asked()
            .ends_with("UploadPartCopy UploadPartCopy AbortMultipartUpload")
    );
}

#[tokio::test]
async fn parts_are_kept_on_request_and_found_again() {
    let script = Script::of([
        Step::head(3 * MIB, MD5),
        Step::begun(),
        Step::part_copied("\"p1\""),
        Step::error(403, "AccessDenied"),
    ]);
    let call = slice(&script).slice_size(0).keep_parts_on_failure(true);
    let error = call.send().await.unwrap_err();
    let upload_id = error.upload_id().unwrap().clone();
    assert!(error.to_string().contains("upload U is kept"), "{error}");

    // Part 2 is there with another size, so only part 1 is taken as it is.
    let part = |number: u8, size: u64| {
        format!(
            "<Part><PartNumber>{number}</PartNumber>\
             <LastModified>2020-03-25T10:07:14.000Z</LastModified>\
             <ETag>\"p{number}\"</ETag><Size>{size}</Size></Part>"
        )
    };
    let there = format!(
        "<ListPartsResult><Bucket>{BUCKET}</Bucket><Key>b/1.jpg</Key><UploadId>U</UploadId>\
         <PartNumberMarker>0</PartNumberMarker>{}{}<StorageClass>Standard</StorageClass>\
         <MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated></ListPartsResult>",
        part(1, MIB),
        part(2, 5)
    );
    let script = Script::of([
        Step::head(3 * MIB, MD5),
        Step::ok(&there),
        Step::part_copied("\"p2\""),
        Step::part_copied("\"p3\""),
        Step::completed(THREE),
    ]);
    let (events, listen) = listener();
    let call = slice(&script)
        .slice_size(0)
        .resume(upload_id)
        .on_progress(listen);
    call.send().await.unwrap();
    let loaded: Vec<_> = events
        .lock()
        .unwrap()
        .iter()
        .map(|event| event.loaded)
        .collect();
    assert_eq!(loaded, [0, MIB, 2 * MIB, 3 * MIB]);
}

#[tokio::test]
async fn a_condition_that_fails_is_found_before_anything_is_begun() {
    for slice_size in [0, 3 * MIB] {
        let script = Script::of([Step::head(3 * MIB, MD5)]);
        let call = slice(&script)
            .slice_size(slice_size)
            .copy_source_if_none_match(MD5);
        let error = call.send().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::PreconditionFailed, Some(412))
        );
        assert_eq!(script.asked(), "HeadObject");
    }
}

#[tokio::test]
async fn bytes_that_differ_are_never_published() {
    let sum = |step: Step, crc: u64| step.header("x-cos-hash-crc64ecma", &crc.to_string());
    let part = |tag: &str, crc: u64| {
        Step::ok(&format!(
            "<CopyPartResult><ETag>{tag}</ETag><LastModified>2017-09-04T04:45:45Z</LastModified>\
             <CRC64>{crc}</CRC64></CopyPartResult>"
        ))
    };
    let script = Script::of([
        sum(Step::head(2 * MIB, MD5), 99),
        Step::begun(),
        part("\"p1\"", 1),
        part("\"p2\"", 2),
        Step::reply(204, ""),
    ]);
    let error = in_parts(&script).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(
        script.asked().ends_with("AbortMultipartUpload"),
        "{}",
        script.asked()
    );

    let script = Script::of([
        sum(Step::head(2 * MIB, MD5), 99),
        Step::begun(),
        Step::part_copied("\"p1\""),
        Step::part_copied("\"p2\""),
        sum(Step::completed("\"x-2\""), 98),
    ]);
    assert_eq!(
        in_parts(&script).await.unwrap_err().kind(),
        ErrorKind::Corrupt
    );
}

#[tokio::test]
async fn an_archived_source_is_refused_before_anything_is_begun() {
    let head = || Step::head(3 * MIB, MD5).header("x-cos-storage-class", "ARCHIVE");
    let script = Script::of([head()]);
    let error = in_parts(&script).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Archived, Some(403))
    );
    let mut restored = three_parts();
    restored[0] = head().header(
        "x-cos-restore",
        "ongoing-request=\"false\", expiry-date=\"x\"",
    );
    in_parts(&Script::of(restored)).await.unwrap();
}

#[tokio::test]
async fn an_object_onto_itself_needs_a_reason() {
    let itself = || {
        let script = Script::default();
        let call = script
            .client()
            .slice_copy()
            .bucket("sourcebucket-1250000000")
            .key("a/1.jpg");
        (call.copy_source(SOURCE), script)
    };
    let (call, script) = itself();
    let error = call.send().await.unwrap_err();
    assert_eq!(
        (error.kind(), script.asked().as_str()),
        (ErrorKind::Invalid, "")
    );
    assert!(error.message().contains("Replaced"), "{error}");
}

type Events = Arc<Mutex<Vec<Progress>>>;

fn listener() -> (Events, impl Fn(Progress) + Send + Sync + 'static) {
    let events = Events::default();
    let theirs = events.clone();
    (events, move |progress| {
        theirs.lock().unwrap().push(progress)
    })
}

// seed: S132, S133, S134, S135
#[tokio::test]
async fn progress_counts_bytes_over_the_time_they_took() {
    let clock = TestClock::new();
    let mut steps = Vec::from(three_parts());
    // A part that is lost once counts once.
    steps.insert(3, Step::Lost);
    let script = Script::of(steps);
    let (events, listen) = listener();
    let ticks = clock.clone();
    let client = script.client_with(&clock);
    let call = client
        .slice_copy()
        .bucket(BUCKET)
        .key("b/1.jpg")
        .copy_source(SOURCE);
    let call = call.slice_size(0).parallel(1).on_progress(move |progress| {
        listen(progress);
        ticks.advance(Duration::from_secs(2));
    });
    call.send().await.unwrap();
    let events = events.lock().unwrap();
    let loaded: Vec<_> = events
        .iter()
        .map(|event| (event.loaded, event.total))
        .collect();
    let total = 3 * MIB;
    assert_eq!(
        loaded,
        [(0, total), (MIB, total), (2 * MIB, total), (total, total)]
    );
    let percents: Vec<_> = events.iter().map(|event| event.percent).collect();
    assert_eq!(percents, [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    assert_eq!((events[0].speed, events[1].speed), (0.0, MIB as f64 / 2.0));
    // Then the wait before the repeat passed too.
    let waited: f64 = clock.waits().iter().map(Duration::as_secs_f64).sum();
    let speed = events[3].speed;
    let wanted = total as f64 / (6.0 + waited);
    assert!(
        (speed - wanted).abs() < 1.0 && waited > 0.0,
        "{speed} {wanted}"
    );
}

// seed: S132, S133, S135
#[tokio::test]
async fn progress_is_the_same_on_the_short_path_and_for_nothing() {
    for size in [0, 5] {
        let script = Script::of([Step::head(size, MD5), Step::copied(MD5)]);
        let (events, listen) = listener();
        slice(&script).on_progress(listen).send().await.unwrap();
        let events = events.lock().unwrap();
        let seen: Vec<_> = events
            .iter()
            .map(|event| (event.loaded, event.percent))
            .collect();
        assert_eq!(seen, [(0, 0.0), (size, 1.0)]);
        assert!(
            events
                .iter()
                .all(|event| event.total == size && event.speed >= 0.0)
        );
    }
}
