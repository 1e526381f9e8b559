//! What happens when the network, the service or the clocks fail.

use std::time::Duration;

use bytes::Bytes;
use cosette::{Body, Error, ErrorKind, Missing};
use futures_util::stream;

use crate::clock::TestClock;
use crate::script::{BUCKET, SOURCE, Script, Step, error};

const TAG: &str = "\"ee8de918d05640145b18f70f4c3aa602\"";

async fn copy(script: &Script) -> Result<cosette::Output<cosette::CopyObjectReply>, Error> {
    let client = script.client();
    client
        .put_object_copy()
        .bucket(BUCKET)
        .key("b/1.jpg")
        .copy_source(SOURCE)
        .send()
        .await
}

// seed: S42, S99, S115, S136
#[tokio::test]
async fn network_and_service_errors_are_told_apart() {
    let refused = Script::of([Step::Refused, Step::Refused, Step::Refused]);
    let error = copy(&refused).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Network, None));
    assert_eq!(
        (error.attempts(), error.code(), error.request_id()),
        (3, None, None)
    );
    let text = error.to_string();
    assert!(
        text.contains("connection refused") && text.contains("b/1.jpg"),
        "{text}"
    );

    let absent = Script::of([Step::error(404, "NoSuchKey")]);
    let error = copy(&absent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound(Missing::Key));
    assert_eq!(error.status(), Some(404));
    assert_eq!(
        (error.code(), error.request_id()),
        (Some("NoSuchKey"), Some("NWU3"))
    );
    assert_eq!(error.headers().get("x-cos-request-id").unwrap(), "NWU3");
}

/// One `<Error>` with status 200 for each call that can be answered so.
async fn embedded(code: &str) -> [(Error, usize); 3] {
    let script = || Script::of(vec![Step::ok(&error(code, "In other words.")); 3]);
    let (copied, part, completed) = (script(), script(), script());
    let copy = copy(&copied).await.unwrap_err();
    let part_copy = part
        .client()
        .upload_part_copy()
        .bucket(BUCKET)
        .key("b/1.jpg")
        .upload_id("U")
        .part_number(1)
        .copy_source(SOURCE);
    let part_copy = part_copy.send().await.unwrap_err();
    let complete = completed
        .client()
        .multipart_complete()
        .bucket(BUCKET)
        .key("b/1.jpg");
    let complete = complete
        .upload_id("U")
        .part(1, TAG)
        .send()
        .await
        .unwrap_err();
    [
        (copy, copied.seen().len()),
        (part_copy, part.seen().len()),
        (complete, completed.seen().len()),
    ]
}

// seed: S41, S43, S44, S80, S100, S107, S116, S137
// incident: R68
#[tokio::test]
async fn a_200_that_carries_an_error_is_an_error() {
    for (error, sent) in embedded("AccessDenied").await {
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::Denied, Some(200))
        );
        assert_eq!(error.code(), Some("AccessDenied"));
        assert!(error.headers().contains_key("x-cos-request-id"));
        assert_eq!(sent, 1, "{error}");
    }
    for (error, sent) in embedded("InternalError").await {
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Unavailable, 3)
        );
        assert_eq!(sent, 3, "{error}");
    }
}

// incident: R54
#[tokio::test]
async fn a_200_without_a_result_is_an_error() {
    for document in [
        "",
        "  \n ",
        "<html/>",
        "<CopyPartResult/>",
        "<CopyObjectResult/>",
    ] {
        let script = Script::of([Step::ok(document)]);
        let error = copy(&script).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable, "{document:?}");
        assert_eq!(error.status(), Some(200));
    }
}

// seed: S106
#[tokio::test]
async fn blanks_before_a_result_are_not_part_of_it() {
    let result = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n    \n<CopyObjectResult><ETag>{TAG}</ETag>\
         <LastModified>2020-04-10T18:20:30Z</LastModified></CopyObjectResult>"
    );
    for padded in [result.clone(), format!("  \n  {result}")] {
        let script = Script::of([Step::ok(&padded)]);
        assert_eq!(copy(&script).await.unwrap().etag.to_string(), TAG);
    }
}

#[tokio::test]
async fn what_may_pass_is_sent_again_with_growing_waits() {
    for step in [
        Step::Lost,
        Step::Refused,
        Step::error(500, "InternalError"),
        Step::error(503, "SlowDown"),
        Step::error(503, "ServiceUnavailable"),
        Step::error(409, "PathConflict"),
        Step::ok(&error("SlowDown", "Slow down.")),
        Step::Reply(
            502,
            http::HeaderMap::new(),
            Bytes::from_static(b"<html>bad gateway"),
        ),
    ] {
        let clock = TestClock::new();
        let script = Script::of([step.clone(), step.clone(), Step::copied(TAG)]);
        let client = script.client_with(&clock);
        let call = client
            .put_object_copy()
            .bucket(BUCKET)
            .key("b/1.jpg")
            .copy_source(SOURCE);
        call.send()
            .await
            .unwrap_or_else(|error| panic!("{step:?}: {error}"));
        assert!(script.is_done());
        let waits = clock.waits();
        assert_eq!(waits.len(), 2);
        assert!(
            waits
                .iter()
                .all(|wait| (50..=200).contains(&wait.as_millis())),
            "{waits:?}"
        );
        // A repeat says that it is one, under the signature.
        let repeat = script.seen().pop().unwrap();
        assert_eq!(repeat.header("x-cos-sdk-retry"), Some("true"));
        assert!(
            repeat
                .header("authorization")
                .unwrap()
                .contains("x-cos-sdk-retry")
        );
    }
}

#[tokio::test]
async fn what_cannot_pass_is_sent_once() {
    for (status, code, kind) in [
        (400, "InvalidArgument", ErrorKind::Rejected),
        (403, "AccessDenied", ErrorKind::Denied),
        (403, "SignatureDoesNotMatch", ErrorKind::Denied),
        (404, "NoSuchUpload", ErrorKind::NotFound(Missing::Upload)),
        (404, "NoSuchBucket", ErrorKind::NotFound(Missing::Bucket)),
        (404, "NoSuchVersion", ErrorKind::NotFound(Missing::Version)),
        (409, "FileAlreadyExists", ErrorKind::Conflict),
        (412, "PreconditionFailed", ErrorKind::PreconditionFailed),
        (403, "InvalidObjectState", ErrorKind::Archived),
        (501, "NotImplemented", ErrorKind::Unavailable),
    ] {
        let script = Script::of([Step::error(status, code)]);
        let error = copy(&script).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (kind, Some(status)),
            "{code}"
        );
        assert_eq!(error.attempts(), 1);
        assert!(script.is_done());
    }
}

#[tokio::test]
async fn a_stream_is_not_sent_twice_but_bytes_and_files_are() {
    let put = |script: &Script, body: Body| {
        script
            .client()
            .put_object()
            .bucket(BUCKET)
            .key("k")
            .body(body)
            .send()
    };
    let stored = || Step::reply(200, "").header("etag", TAG);
    let script = Script::of([Step::Lost, stored()]);
    put(&script, Body::from("bytes")).await.unwrap();
    assert!(script.seen().iter().all(|seen| seen.body == "bytes"));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "bytes of a file").unwrap();
    let script = Script::of([Step::Lost, stored()]);
    put(&script, Body::file(&path).await.unwrap())
        .await
        .unwrap();
    assert!(
        script
            .seen()
            .iter()
            .all(|seen| seen.body == "bytes of a file")
    );
    assert_eq!(script.seen()[1].header("content-length"), Some("15"));

    let once = Body::stream(stream::iter([Ok::<_, std::io::Error>(Bytes::from("once"))]));
    let script = Script::of([Step::Lost]);
    let error = put(&script, once).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Network, 1));
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_our_own_fault() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "bytes").unwrap();
    let body = Body::file(&path).await.unwrap();
    std::fs::write(&path, "b").unwrap();
    let script = Script::of([Step::Lost]);
    let client = script.client();
    let error = client
        .put_object()
        .bucket(BUCKET)
        .key("k")
        .body(body)
        .send()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Local, 1));
    let error = Body::file(folder.path().join("absent")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
}

#[tokio::test]
async fn a_clock_that_is_off_is_repaired_once() {
    // 2020-04-10T18:17:25Z by the service, an hour later by us.
    let clock = TestClock::at(1_586_542_645 + 3600);
    let late = || {
        Step::reply(403, &error("AccessDenied", "Request has expired"))
            .header("date", "Fri, 10 Apr 2020 18:17:25 GMT")
    };
    let script = Script::of([late(), Step::copied(TAG), Step::copied(TAG)]);
    let client = script.client_with(&clock);
    let call = || {
        client
            .put_object_copy()
            .bucket(BUCKET)
            .key("b/1.jpg")
            .copy_source(SOURCE)
    };
    call().send().await.unwrap();
    call().send().await.unwrap();
    let starts: Vec<_> = script
        .seen()
        .iter()
        .map(|seen| {
            let signature = seen.header("authorization").unwrap();
            let time = signature.split("q-sign-time=").nth(1).unwrap();
            time.split(';').next().unwrap().parse::<u64>().unwrap()
        })
        .collect();
    assert_eq!(starts[0] - starts[1], 3600);
    // The next call begins with the right time.
    assert_eq!(starts[1], starts[2]);
    assert!(clock.waits().is_empty());

    let script = Script::of([late(), late()]);
    let client = script.client_with(&clock);
    let call = client
        .put_object_copy()
        .bucket(BUCKET)
        .key("b/1.jpg")
        .copy_source(SOURCE);
    assert_eq!(call.send().await.unwrap_err().kind(), ErrorKind::Denied);
    assert!(script.is_done());
}

#[tokio::test]
async fn silence_ends_and_dribbled_blanks_do_not() {
    tokio::time::pause();
    let script = Script::of([Step::Silence, Step::Silence, Step::Silence]);
    let error = copy(&script).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 3));

    // A result that takes ten minutes, with a blank every five seconds, as COS does it.
    let service = cosette::transport::from_fn(|_| async {
        let result = format!(
            "<CopyObjectResult><ETag>{TAG}</ETag><LastModified>2020-04-10T18:20:30Z\
             </LastModified></CopyObjectResult>"
        );
        let blanks = stream::unfold(0, move |n: u64| {
            let chunk = if n < 120 {
                " ".to_owned()
            } else {
                result.clone()
            };
            async move {
                tokio::time::sleep(Duration::from_secs(5)).await;
                (n <= 120).then_some((Ok::<_, std::io::Error>(Bytes::from(chunk)), n + 1))
            }
        });
        Ok::<_, std::io::Error>(http::Response::new(Body::stream(blanks)))
    });
    let client = cosette::Client::builder()
        .anonymous()
        .region("ap-guangzhou")
        .transport(service)
        .idle_timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    let copied = client
        .put_object_copy()
        .bucket(BUCKET)
        .key("b/1.jpg")
        .copy_source(SOURCE);
    assert_eq!(copied.send().await.unwrap().etag.to_string(), TAG);
}
