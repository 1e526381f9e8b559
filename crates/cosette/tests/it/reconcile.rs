//! After a lost answer: what is there decides.

use cosette::{Client, ErrorKind, Output};
use cosette::{CompleteUploadReply, CopyObjectReply, Error};

use crate::clock::TestClock;
use crate::script::{BUCKET, SOURCE, Script, Step};

const MD5: &str = "\"ee8de918d05640145b18f70f4c3aa602\"";
const TWO_PARTS: &str = "\"aa259a62513358f69e98e72e59856d88-2\"";
/// 2020-04-10T18:17:25Z
const NOW: u64 = 1_586_542_645;

fn client(script: &Script) -> Client {
    script.client_with(&TestClock::at(NOW))
}

async fn complete(script: &Script) -> Result<Output<CompleteUploadReply>, Error> {
    let client = client(script);
    let call = client
        .multipart_complete()
        .bucket(BUCKET)
        .key("b/1.jpg")
        .upload_id("U");
    call.part(1, MD5).part(2, MD5).send().await
}

async fn copy(script: &Script) -> Result<Output<CopyObjectReply>, Error> {
    let client = client(script);
    let call = client
        .put_object_copy()
        .bucket(BUCKET)
        .key("b/1.jpg")
        .copy_source(SOURCE);
    call.forbid_overwrite(true).send().await
}

/// The target, as it is now by the service's clock.
fn target(etag: &str, modified: &str) -> Step {
    Step::head(3, etag)
        .header("date", "Fri, 10 Apr 2020 18:17:26 GMT")
        .header("last-modified", modified)
}

const JUST_NOW: &str = "Fri, 10 Apr 2020 18:17:25 GMT";
const BEFORE: &str = "Fri, 10 Apr 2020 18:00:00 GMT";

#[tokio::test]
async fn a_complete_whose_answer_was_lost_is_looked_for() {
    let script = Script::of([
        Step::Lost,
        Step::error(404, "NoSuchUpload"),
        target(TWO_PARTS, JUST_NOW).header("x-cos-version-id", "V"),
    ]);
    let completed = complete(&script).await.unwrap();
    assert_eq!(
        (completed.etag.to_string().as_str(), completed.status),
        (TWO_PARTS, 200)
    );
    assert_eq!(
        completed
            .version_id
            .as_ref()
            .map(ToString::to_string)
            .as_deref(),
        Some("V")
    );
    assert!(
        completed.location.ends_with(".myqcloud.com/b/1.jpg"),
        "{}",
        completed.location
    );
    assert_eq!(
        script.asked(),
        "CompleteMultipartUpload CompleteMultipartUpload HeadObject"
    );
}

#[tokio::test]
async fn an_upload_that_was_never_there_is_an_error() {
    let script = Script::of([Step::error(404, "NoSuchUpload")]);
    let error = complete(&script).await.unwrap_err();
    assert_eq!(error.code(), Some("NoSuchUpload"));
    // An old object, or one of other parts, is not what was asked for.
    for other in [
        target(TWO_PARTS, BEFORE),
        target(MD5, JUST_NOW),
        Step::reply(404, ""),
    ] {
        let script = Script::of([Step::Lost, Step::error(404, "NoSuchUpload"), other]);
        let error = complete(&script).await.unwrap_err();
        assert_eq!(error.code(), Some("NoSuchUpload"));
        assert!(script.is_done());
    }
}

#[tokio::test]
async fn a_copy_that_finds_its_own_target_succeeded() {
    let sums = |step: Step, crc: &str| step.header("x-cos-hash-crc64ecma", crc);
    let script = Script::of([
        Step::Lost,
        Step::error(409, "FileAlreadyExists"),
        sums(target(MD5, JUST_NOW), "7"),
        sums(Step::head(3, MD5), "7"),
    ]);
    let copied = copy(&script).await.unwrap();
    assert_eq!(copied.etag.to_string(), MD5);
    assert_eq!(copied.version_id, None);
    for (found, source) in [
        (sums(target(MD5, BEFORE), "7"), None),
        (
            sums(target(MD5, JUST_NOW), "8"),
            Some(sums(Step::head(3, MD5), "7")),
        ),
        (target(MD5, JUST_NOW), Some(Step::head(3, MD5))),
    ] {
        let steps = [Step::Lost, Step::error(409, "FileAlreadyExists"), found];
        let script = Script::of(steps.into_iter().chain(source));
        let error = copy(&script).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(script.is_done());
    }
    let script = Script::of([Step::error(409, "FileAlreadyExists")]);
    assert_eq!(copy(&script).await.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn what_a_lost_attempt_did_already_is_done() {
    let gone = || Script::of([Step::Lost, Step::error(404, "NoSuchUpload")]);
    let script = gone();
    let abort = client(&script)
        .multipart_abort()
        .bucket(BUCKET)
        .key("k")
        .upload_id("U");
    abort.send().await.unwrap();
    let script = Script::of([Step::error(404, "NoSuchUpload")]);
    let abort = client(&script)
        .multipart_abort()
        .bucket(BUCKET)
        .key("k")
        .upload_id("U");
    assert_eq!(abort.send().await.unwrap_err().status(), Some(404));
    let script = Script::of([Step::Lost, Step::error(409, "BucketAlreadyOwnedByYou")]);
    client(&script)
        .put_bucket()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    let script = Script::of([Step::Lost, Step::error(404, "NoSuchBucket")]);
    client(&script)
        .delete_bucket()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
}
