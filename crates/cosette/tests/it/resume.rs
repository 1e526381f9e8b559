//! Uploads and downloads that were cut off, and go on from what is there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cosette::transfer::{Engine, Entry, Job, PlanHead, PlanWriter, Seen, Summary, Work};
use cosette::{
    Client, Credentials, Dialect, ErrorKind, ObjectReply, Output, Proof, Timestamp, transport,
};
use tokio::sync::Notify;

use crate::house::{EXAMPLE, Fault, House};
use crate::jobs::{place, seen};
use crate::kills::{Killing, reopen};

const MIB: usize = 1 << 20;
const KEY: &str = "film.bin";

fn bytes(len: usize, seed: usize) -> Vec<u8> {
    (0..len)
        .map(|at| u8::try_from((at * 31 + at / MIB + seed) % 251).unwrap())
        .collect()
}

fn of_file(path: &Path) -> Seen {
    let facts = std::fs::metadata(path).unwrap();
    let since = facts.modified().unwrap();
    let since = since.duration_since(std::time::UNIX_EPOCH).unwrap();
    let micros = u64::try_from(since.as_micros()).unwrap();
    Seen {
        size: facts.len(),
        last_modified: Some(Timestamp::from_micros(micros)),
        ..Seen::default()
    }
}

/// A job of one entry; gives back its folder.
fn job(house: &House, name: &str, work: Work, seen: Seen) -> PathBuf {
    let plan = house.folder().join(format!("{name}.plan"));
    let mut writer = PlanWriter::create(&plan, &PlanHead::new("cp")).unwrap();
    writer.add(&Entry::new(work, seen)).unwrap();
    writer.finish().unwrap();
    let folder = house.folder().join(format!("{name}.job"));
    Job::create(&folder, &plan).unwrap();
    folder
}

fn upload_of(house: &House, name: &str, file: &Path) -> PathBuf {
    let work = Work::Upload {
        source: file.to_owned(),
        target: place(EXAMPLE, KEY),
        remove_source: false,
    };
    job(house, name, work, of_file(file))
}

fn engine(client: Client) -> Engine {
    Engine::new(client).part_size(MIB as u64)
}

/// Runs a job until its process dies at its `at`th request; `None` if it did not come to that.
async fn die_at(house: &House, folder: &Path, at: usize, acts: bool) -> Option<()> {
    let killing = Killing {
        house: house.clone(),
        left: Arc::new(AtomicUsize::new(at)),
        acts,
        dead: Arc::new(Notify::new()),
    };
    let engine = engine(house.client_over(killing.clone()));
    let job = reopen(folder).await;
    tokio::select! {
        ended = engine.run(job) => {
            ended.unwrap();
            None
        }
        () = killing.dead.notified() => Some(()),
    }
}

async fn resume(house: &House, folder: &Path) -> Summary {
    let engine = engine(house.client());
    engine.run(reopen(folder).await).await.unwrap()
}

#[tokio::test]
async fn an_upload_killed_at_every_request_goes_on_to_its_end() {
    let house = House::new().await;
    let file = house.folder().join("film");
    let content = bytes(3 * MIB + 5, 0);
    std::fs::write(&file, &content).unwrap();
    for acts in [false, true] {
        for at in 1.. {
            let call = house.client().delete_object().bucket(EXAMPLE).key(KEY);
            call.send().await.unwrap();
            let folder = upload_of(&house, &format!("{acts}{at}"), &file);
            let died = die_at(&house, &folder, at, acts).await;
            let summary = resume(&house, &folder).await;
            assert_eq!((summary.done, summary.failed), (1, 0), "{acts} {at}");
            assert!(house.bytes(EXAMPLE, KEY).await == content, "{acts} {at}");
            assert_eq!(house.uploads(EXAMPLE).await, 0, "{acts} {at}");
            if died.is_none() {
                assert!(at > 6, "only {at} requests");
                break;
            }
        }
    }
}

/// Four parts are there, and the process died before it could complete the upload.
async fn cut_before_complete(house: &House, name: &str, file: &Path) -> PathBuf {
    let folder = upload_of(house, name, file);
    die_at(house, &folder, 6, false).await.unwrap();
    assert_eq!(house.uploads(EXAMPLE).await, 1);
    house.forget();
    folder
}

#[tokio::test]
async fn parts_that_are_there_are_not_sent_again() {
    let house = House::versioned().await;
    let file = house.folder().join("film");
    let content = bytes(3 * MIB + 5, 0);
    std::fs::write(&file, &content).unwrap();
    let folder = cut_before_complete(&house, "j", &file).await;
    assert_eq!(resume(&house, &folder).await.done, 1);
    assert_eq!(house.count("UploadPart"), 0);
    assert_eq!(house.count("InitiateMultipartUpload"), 0);
    assert!(house.bytes(EXAMPLE, KEY).await == content);
    // An upload that was completed, and whose answer was lost, is not made a second time.
    let folder = upload_of(&house, "k", &file);
    die_at(&house, &folder, 6, true).await.unwrap();
    house.forget();
    assert_eq!(resume(&house, &folder).await.done, 1);
    assert_eq!(house.count("UploadPart"), 0);
    let versions = house.client().list_object_versions().bucket(EXAMPLE);
    assert_eq!(versions.versions().all().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_file_that_changed_since_is_not_mixed_with_what_was_sent_of_it() {
    let house = House::new().await;
    let file = house.folder().join("film");
    let mut content = bytes(3 * MIB + 5, 0);
    std::fs::write(&file, &content).unwrap();
    let folder = cut_before_complete(&house, "j", &file).await;
    content[2 * MIB + 7] ^= 1;
    std::fs::write(&file, &content).unwrap();
    let later = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(2_000_000_000);
    let touched = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    touched.set_modified(later).unwrap();
    // The plan saw another file: it is refused, and nothing is left of the first.
    assert_eq!(resume(&house, &folder).await.failed, 1);
    assert!(!house.exists(EXAMPLE, KEY).await);
    assert_eq!(house.uploads(EXAMPLE).await, 0);
    // Whoever goes on with an upload by its id sends the part that differs, and no other.
    std::fs::write(&file, bytes(3 * MIB + 5, 0)).unwrap();
    cut_before_complete(&house, "k", &file).await;
    std::fs::write(&file, &content).unwrap();
    let client = house.client();
    let open = client.multipart_list().bucket(EXAMPLE).uploads().all();
    let open = open.await.unwrap();
    house.forget();
    let call = client.upload().bucket(EXAMPLE).key(KEY).file(&file);
    let stored = call.resume(&open[0].upload_id).send().await.unwrap();
    assert_eq!((stored.parts, stored.proof), (4, Proof::Crc64));
    let sent: Vec<_> = house
        .asked()
        .into_iter()
        .filter(|asked| asked.operation == "UploadPart")
        .map(|asked| asked.query.get("partNumber").unwrap().to_owned())
        .collect();
    assert_eq!(sent, ["3"]);
    assert!(house.bytes(EXAMPLE, KEY).await == content);
}

#[tokio::test]
async fn an_upload_that_is_gone_or_whose_target_is_taken_ends_well() {
    let house = House::new().await;
    let file = house.folder().join("film");
    let content = bytes(3 * MIB + 5, 0);
    std::fs::write(&file, &content).unwrap();
    // Somebody aborted it: it is made anew.
    let folder = cut_before_complete(&house, "gone", &file).await;
    let client = house.client();
    let open = client.multipart_list().bucket(EXAMPLE).uploads().all();
    for upload in open.await.unwrap() {
        let call = client.multipart_abort().bucket(EXAMPLE).key(KEY);
        call.upload_id(&upload.upload_id).send().await.unwrap();
    }
    assert_eq!(resume(&house, &folder).await.done, 1);
    assert!(house.bytes(EXAMPLE, KEY).await == content);
    // Somebody wrote to the target: as without a cut, the later one stays.
    let folder = cut_before_complete(&house, "taken", &file).await;
    house.put(EXAMPLE, KEY, "theirs").await;
    assert_eq!(resume(&house, &folder).await.done, 1);
    assert!(house.bytes(EXAMPLE, KEY).await == content);
    // Somebody aborted it and wrote to the target: that is not what was to be made.
    let folder = cut_before_complete(&house, "both", &file).await;
    let open = client.multipart_list().bucket(EXAMPLE).uploads().all();
    let call = client.multipart_abort().bucket(EXAMPLE).key(KEY);
    let id = &open.await.unwrap()[0].upload_id;
    call.upload_id(id).send().await.unwrap();
    house.put(EXAMPLE, KEY, "theirs").await;
    assert_eq!(resume(&house, &folder).await.done, 1);
    assert!(house.bytes(EXAMPLE, KEY).await == content);
    assert_eq!(house.uploads(EXAMPLE).await, 0);
}

/// What lies in the folder of a download beside the files that were asked for.
fn hidden(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

async fn stored(house: &House, content: &[u8]) -> Output<ObjectReply> {
    house.put(EXAMPLE, KEY, content.to_owned()).await;
    house.head(EXAMPLE, KEY).await
}

#[tokio::test]
async fn a_download_killed_at_every_request_goes_on_to_its_end() {
    let house = House::new().await;
    let content = bytes(3 * MIB + 5, 0);
    let object = stored(&house, &content).await;
    for at in 1.. {
        let down = house.folder().join(format!("down{at}"));
        let target = down.join("film");
        let work = Work::Download {
            source: place(EXAMPLE, KEY),
            target: target.clone(),
            remove_source: false,
        };
        let folder = job(&house, &format!("d{at}"), work, seen(&object));
        let died = die_at(&house, &folder, at, true).await;
        assert_eq!(target.exists(), died.is_none());
        house.forget();
        let summary = resume(&house, &folder).await;
        assert_eq!((summary.done, summary.failed), (1, 0), "{at}");
        assert!(std::fs::read(&target).unwrap() == content, "{at}");
        assert_eq!(hidden(&down), [""; 0], "{at}");
        if died.is_none() {
            assert!(at > 4, "only {at} requests");
            break;
        }
    }
}

/// A download whose third range fails.
async fn cut_download(house: &House, target: &Path) {
    house.faults(|asked| {
        let range = asked.headers.get("range").map(|range| range.as_bytes());
        match range {
            Some(b"bytes=2097152-3145727") => Fault::Answer(403, "AccessDenied"),
            _ => Fault::None,
        }
    });
    let call = download(house).parallel(1);
    let error = call.to_file(target).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    house.no_faults();
    house.forget();
}

fn download(house: &House) -> cosette::Download {
    let call = house.client().download().bucket(EXAMPLE).key(KEY);
    call.part_size(MIB as u64).resumable(true)
}

#[tokio::test]
async fn what_is_on_the_disk_is_compared_before_it_counts() {
    let house = House::new().await;
    let content = bytes(3 * MIB + 5, 0);
    stored(&house, &content).await;
    let down = house.folder().join("down");
    std::fs::create_dir(&down).unwrap();
    let target = down.join("film");
    let part = down.join(".film.cosette-part");
    let ranges = down.join(".film.cosette-ranges");
    type Harm<'a> = &'a dyn Fn();
    let flip = || {
        let mut there = std::fs::read(&part).unwrap();
        there[MIB + 3] ^= 1;
        std::fs::write(&part, there).unwrap();
    };
    let shorten = || {
        let there = std::fs::read(&part).unwrap();
        std::fs::write(&part, &there[..MIB + 100]).unwrap();
    };
    let tear = || {
        let there = std::fs::read(&ranges).unwrap();
        std::fs::write(&ranges, &there[..there.len() - 5]).unwrap();
    };
    let forget = || std::fs::remove_file(&ranges).unwrap();
    let nonsense = || std::fs::write(&ranges, "not a record").unwrap();
    let cases: [(Harm<'_>, usize); 6] = [
        (&|| {}, 2),
        (&flip, 1),
        (&shorten, 1),
        (&tear, 1),
        (&forget, 0),
        (&nonsense, 0),
    ];
    for (nth, (harm, kept)) in cases.into_iter().enumerate() {
        cut_download(&house, &target).await;
        harm();
        let got = download(&house).to_file(&target).await.unwrap();
        assert_eq!(got.resumed_bytes, (kept * MIB) as u64, "{nth}");
        assert!(!got.started_over, "{nth}");
        assert_eq!(house.count("GetObject"), 4 - kept, "{nth}");
        assert_eq!(got.proof, Proof::Crc64);
        assert!(std::fs::read(&target).unwrap() == content, "{nth}");
        assert_eq!(hidden(&down), [""; 0]);
        std::fs::remove_file(&target).unwrap();
    }
}

#[tokio::test]
async fn a_download_of_a_source_that_changed_starts_over_and_says_so() {
    let house = House::new().await;
    stored(&house, &bytes(3 * MIB + 5, 0)).await;
    let down = house.folder().join("down");
    std::fs::create_dir(&down).unwrap();
    let target = down.join("film");
    cut_download(&house, &target).await;
    let newer = bytes(3 * MIB + 5, 9);
    stored(&house, &newer).await;
    let got = download(&house).to_file(&target).await.unwrap();
    assert_eq!((got.resumed_bytes, got.started_over), (0, true));
    assert!(std::fs::read(&target).unwrap() == newer);
    // It changes while it is read: nothing of it is kept.
    house.faults(|asked| {
        let range = asked.headers.get("range").map(|range| range.as_bytes());
        match range {
            Some(b"bytes=2097152-3145727") => Fault::Meanwhile(EXAMPLE, KEY, "newest"),
            _ => Fault::None,
        }
    });
    std::fs::remove_file(&target).unwrap();
    let error = download(&house).parallel(1).to_file(&target).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::PreconditionFailed);
    assert!(!target.exists());
    assert_eq!(hidden(&down), [""; 0]);
}

#[tokio::test]
async fn two_do_not_make_one_file_and_nobody_writes_through_a_link() {
    let house = House::new().await;
    stored(&house, &bytes(3 * MIB + 5, 0)).await;
    let down = house.folder().join("down");
    std::fs::create_dir(&down).unwrap();
    let target = down.join("film");
    let part = down.join(".film.cosette-part");
    let held = std::fs::File::create(&part).unwrap();
    held.lock().unwrap();
    let error = download(&house).to_file(&target).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    drop(held);
    std::fs::remove_file(&part).unwrap();
    let elsewhere = house.folder().join("elsewhere");
    std::fs::write(&elsewhere, "theirs").unwrap();
    std::os::unix::fs::symlink(&elsewhere, &part).unwrap();
    let error = download(&house).to_file(&target).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    assert_eq!(std::fs::read(&elsewhere).unwrap(), b"theirs");
}

/// A service of the S3 dialect with one object, of which it tells what the test says.
fn telling(headers: &'static [(&'static str, &'static str)], content: &'static [u8]) -> Client {
    let served = Arc::new(AtomicUsize::new(0));
    let service = transport::from_fn(move |request: http::Request<cosette::Body>| {
        served.fetch_add(1, Ordering::Relaxed);
        let reply = http::Response::builder()
            .header("last-modified", "Fri, 10 Apr 2020 18:17:25 GMT")
            .header("content-length", content.len());
        let mut reply = headers
            .iter()
            .fold(reply, |reply, (name, value)| reply.header(*name, *value));
        if let Some(range) = request.headers().get("range") {
            let range = range.to_str().unwrap().trim_start_matches("bytes=");
            let (first, last) = range.split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            let told = format!("bytes {first}-{last}/{}", content.len());
            reply = reply.status(206).header("content-range", told);
            reply
                .headers_mut()
                .unwrap()
                .insert("content-length", (last - first + 1).into());
            let body = cosette::Body::from(Bytes::from_static(&content[first..=last]));
            return std::future::ready(Ok::<_, std::convert::Infallible>(
                reply.body(body).unwrap(),
            ));
        }
        let body = match *request.method() {
            http::Method::HEAD => cosette::Body::empty(),
            _ => cosette::Body::from(Bytes::from_static(content)),
        };
        std::future::ready(Ok(reply.body(body).unwrap()))
    });
    Client::builder()
        .dialect(Dialect::S3)
        .endpoint("http://127.0.0.1:9".parse().unwrap())
        .credentials(Credentials::new("id", "key"))
        .transport(service)
        .build()
        .unwrap()
}

#[tokio::test]
async fn what_the_service_tells_proves_a_download() {
    const CONTENT: &[u8] = b"123456789";
    const MD5: &str = "\"25f9e794323b453885f5181f1b624d0b\"";
    const OTHER: &str = "\"00000000000000000000000000000000\"";
    const PARTS: &str = "\"25f9e794323b453885f5181f1b624d0b-2\"";
    type Told = &'static [(&'static str, &'static str)];
    let cases: [(Told, Result<Proof, ErrorKind>); 9] = [
        (&[("etag", MD5)], Ok(Proof::ETag)),
        (&[("etag", OTHER)], Err(ErrorKind::Corrupt)),
        (&[("etag", PARTS)], Ok(Proof::None)),
        // The check values of the catalogues.
        (
            &[("etag", PARTS), ("x-amz-checksum-crc32", "y/Q5Jg==")],
            Ok(Proof::Checksum),
        ),
        (
            &[
                ("etag", PARTS),
                ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
            ],
            Ok(Proof::Checksum),
        ),
        (
            &[("etag", MD5), ("x-amz-checksum-crc32", "y/Q5Jw==")],
            Err(ErrorKind::Corrupt),
        ),
        // Of parts, it says nothing of the whole.
        (
            &[
                ("etag", PARTS),
                ("x-amz-checksum-crc32", "y/Q5Jw=="),
                ("x-amz-checksum-type", "COMPOSITE"),
            ],
            Ok(Proof::None),
        ),
        // Encrypted with keys of its own, a tag is no MD5.
        (
            &[("etag", OTHER), ("x-amz-server-side-encryption", "aws:kms")],
            Ok(Proof::None),
        ),
        (
            &[("etag", OTHER), ("x-amz-server-side-encryption", "AES256")],
            Err(ErrorKind::Corrupt),
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("here");
    for (told, wanted) in cases {
        let client = telling(told, CONTENT);
        // In one request, in ranges, and to a writer.
        for part in [100, 2, 0] {
            let call = client.download().bucket("photos").key("k");
            let got = match part {
                0 => call.part_size(4).to_writer(&mut Vec::new()).await,
                part => call.part_size(part).to_file(&file).await,
            };
            let got = got.map(|got| got.proof).map_err(|error| error.kind());
            assert_eq!(got, wanted, "{told:?} {part}");
            let expected = wanted.is_ok() && part > 0;
            assert_eq!(file.exists(), expected, "{told:?} {part}");
            if expected {
                assert_eq!(std::fs::read(&file).unwrap(), CONTENT);
                std::fs::remove_file(&file).unwrap();
            }
            assert_eq!(hidden(folder.path()), [""; 0]);
        }
    }
}
