//! The S3 dialect: the same calls against a service that speaks it, ours and one that tells no
//! CRC-64 and knows none of our extensions.

use bytes::Bytes;
use cosette::transfer::{Engine, Entry, Event, Job, PlanHead, PlanWriter, Strategy, Work};
use cosette::{
    Body, BoxFuture, Client, Dialect, ErrorKind, ObjectToDelete, Proof, StorageClass, Transport,
    TransportError,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};

use crate::house::{EXAMPLE, Fault, House, SOURCE, source};
use crate::jobs::{place, seen};

/// Where path-style requests go.
const ENDPOINT: &str = "http://127.0.0.1";

/// A service of S3 as strangers have it: without the headers and documents that are ours.
#[derive(Debug, Clone)]
pub(crate) struct Stranger(pub(crate) House);

fn without_ours(headers: &mut HeaderMap) {
    let ours: Vec<_> = headers
        .keys()
        .filter(|name| name.as_str().starts_with("x-cos-"))
        .cloned()
        .collect();
    for name in ours {
        headers.remove(name);
    }
}

impl Transport for Stranger {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        let ours = request.uri().query().unwrap_or_default();
        let ours = ours.contains("cosette-") || ours.contains("renameObject");
        // What a service does not know it passes over.
        assert!(
            !request
                .headers()
                .keys()
                .any(|name| name.as_str().starts_with("x-cos-")),
            "{request:?}"
        );
        let house = self.0.clone();
        Box::pin(async move {
            if ours {
                let refused = crate::script::error("NotImplemented", "No.");
                let mut reply = Response::new(Body::from(refused));
                *reply.status_mut() = StatusCode::NOT_IMPLEMENTED;
                return Ok(reply);
            }
            let reads = request.method() == http::Method::GET;
            let reply = house.call(request).await?;
            let (mut parts, body) = reply.into_parts();
            without_ours(&mut parts.headers);
            if reads {
                return Ok(Response::from_parts(parts, body));
            }
            let document = body.bytes(1 << 20).await.unwrap();
            let text = String::from_utf8(document.to_vec()).unwrap();
            let text = match (text.find("<CRC64>"), text.find("</CRC64>")) {
                (Some(from), Some(to)) => format!("{}{}", &text[..from], &text[to + 8..]),
                _ => text,
            };
            if parts.headers.contains_key("content-length") && !text.is_empty() {
                parts.headers.insert("content-length", text.len().into());
            }
            Ok(Response::from_parts(parts, Body::from(text)))
        })
    }
}

pub(crate) fn s3(house: &House) -> Client {
    s3_over(house, house.clone())
}

/// A client of a service without our extensions.
pub(crate) fn stranger(house: &House) -> Client {
    s3_over(house, Stranger(house.clone()))
}

pub(crate) fn s3_over(house: &House, transport: impl Transport) -> Client {
    house
        .builder()
        .dialect(Dialect::S3)
        .endpoint(ENDPOINT.parse().unwrap())
        .credentials(house.root())
        .transport(transport)
        .build()
        .unwrap()
}

fn from(bucket: &str, key: &str) -> String {
    format!("{bucket}/{key}")
}

#[tokio::test]
async fn the_calls_of_a_copy_work_in_the_other_dialect() {
    let house = House::new().await;
    for client in [s3(&house), stranger(&house)] {
        let bucket = "photos.of-mine";
        client.put_bucket().bucket(bucket).send().await.unwrap();
        let put = client.put_object().bucket(bucket).key("a b/1+.jpg");
        let put = put.body("fish").meta("one", "1").tag("t", "v");
        put.storage_class("ARCHIVE").send().await.unwrap();
        let head = client.head_object().bucket(bucket).key("a b/1+.jpg");
        let head = head.send().await.unwrap();
        assert_eq!(head.storage_class.as_str(), "ARCHIVE");
        assert_eq!(head.tagging_count, 1);
        assert!(head.request_id.is_some());
        let asked = house.asked().pop().unwrap();
        let sent = |name: &str| {
            asked
                .headers
                .get(name)
                .map(|v| v.to_str().unwrap().to_owned())
        };
        assert!(
            sent("authorization")
                .unwrap()
                .starts_with("AWS4-HMAC-SHA256 ")
        );
        let ours = asked
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("x-cos-"));
        assert!(!ours, "{:?}", asked.headers);
        let list = client.get_bucket().bucket(bucket).prefix("a b/");
        let found = list.objects().all().await.unwrap();
        assert_eq!(found[0].key.as_str(), "a b/1+.jpg");
        let tags = client.get_object_tagging().bucket(bucket).key("a b/1+.jpg");
        assert_eq!(tags.send().await.unwrap().tags.iter().count(), 1);
        // Many at once, too.
        let delete = client.delete_multiple_object().bucket(bucket);
        let delete = delete.objects(vec![ObjectToDelete {
            key: "a b/1+.jpg".to_owned(),
            ..ObjectToDelete::default()
        }]);
        assert_eq!(delete.send().await.unwrap().deleted.len(), 1);
        client.delete_bucket().bucket(bucket).send().await.unwrap();
    }
}

#[tokio::test]
async fn what_exists_already_is_told_as_in_cos() {
    let house = House::new().await;
    house.put(EXAMPLE, "there", "old").await;
    house.put(SOURCE, "a", "new").await;
    for client in [house.client(), s3(&house), stranger(&house)] {
        let put = client.put_object().bucket(EXAMPLE).key("there").body("new");
        let refused = put.forbid_overwrite(true).send().await.unwrap_err();
        assert_eq!(refused.code(), Some("FileAlreadyExists"), "{refused}");
        let copy = client.slice_copy().bucket(EXAMPLE).key("there");
        let copy = match client.dialect() {
            Dialect::Cos => copy.copy_source(source(SOURCE, "a")),
            _ => copy.copy_source(from(SOURCE, "a")),
        };
        let refused = copy.forbid_overwrite(true).send().await.unwrap_err();
        assert_eq!(refused.code(), Some("FileAlreadyExists"), "{refused}");
        // A condition on the source is not that one.
        let other = client.put_object().bucket(EXAMPLE).key("there").body("new");
        let refused = other.if_match("\"x\"").send().await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PreconditionFailed);
    }
    assert_eq!(house.bytes(EXAMPLE, "there").await, "old");
}

/// 3 MiB in parts of 1 MiB, whose tag tells nothing of other parts.
async fn in_parts(client: &Client, key: &str) -> Bytes {
    let bytes: Vec<u8> = (0..3_u32 << 20).map(|at| (at * 7 % 251) as u8).collect();
    let upload = client.upload().bucket(SOURCE).key(key).part_size(1 << 20);
    let stored = upload.body(bytes.clone()).send().await.unwrap();
    assert_eq!(stored.parts, 3);
    assert_ne!(stored.proof, Proof::None);
    bytes.into()
}

#[tokio::test]
async fn the_outcome_says_by_what_a_copy_was_proved() {
    let house = House::new().await;
    let (ours, strange) = (s3(&house), stranger(&house));
    let bytes = in_parts(&strange, "parts").await;
    house.put(SOURCE, "small", "fish").await;
    let moved = |client: &Client, key: &str| {
        let call = client.move_object().bucket(EXAMPLE).key(key);
        call.copy_source(from(SOURCE, key))
    };
    for (client, key, slices, proof) in [
        (&ours, "small", false, Proof::Crc64),
        (&strange, "small", false, Proof::ETag),
        (&ours, "parts", true, Proof::Crc64),
        // Cut otherwise than the source, its tag tells nothing: both are read.
        (&strange, "parts", true, Proof::Read),
    ] {
        let mut call = moved(client, key);
        if slices {
            call = call.slice_size(0).chunk_size(2 << 20);
        }
        let outcome = call.send().await.unwrap();
        assert!(outcome.is_moved(), "{key} {outcome:?}");
        assert_eq!(outcome.copied().proof, proof, "{key}");
        house.put(SOURCE, "small", "fish").await;
        in_parts(&strange, "parts").await;
    }
    assert_eq!(house.bytes(EXAMPLE, "parts").await, bytes);
    // Somebody who writes to the source in between is noticed without the extension as well.
    let heads = std::sync::atomic::AtomicUsize::new(0);
    house.faults(move |asked| {
        let source = asked.path.contains("small") && asked.path.contains("sourcebucket");
        let heads = match (asked.operation, source) {
            ("HeadObject", true) => heads.fetch_add(1, std::sync::atomic::Ordering::SeqCst),
            _ => 0,
        };
        match heads {
            1 => Fault::Meanwhile(SOURCE, "small", "newer"),
            _ => Fault::None,
        }
    });
    let outcome = moved(&strange, "small").send().await.unwrap();
    assert!(!outcome.is_moved(), "{outcome:?}");
    house.no_faults();
    assert_eq!(house.bytes(SOURCE, "small").await, "newer");
}

#[tokio::test]
async fn a_job_goes_from_one_dialect_to_the_other_and_back() {
    let house = House::new().await;
    house.put(SOURCE, "a", "fish").await;
    for (name, reader, writer) in [
        ("to-s3", house.client(), stranger(&house)),
        ("to-cos", stranger(&house), house.client()),
        ("within", stranger(&house), stranger(&house)),
    ] {
        let object = house.head(SOURCE, "a").await;
        let plan = house.folder().join(format!("{name}.plan"));
        let mut lines = PlanWriter::create(&plan, &PlanHead::new("mv")).unwrap();
        let work = Work::Move {
            source: place(SOURCE, "a"),
            target: place(EXAMPLE, name),
        };
        let mut known = seen(&object);
        known.crc64 = None;
        lines.add(&Entry::new(work, known)).unwrap();
        lines.finish().unwrap();
        let job = Job::create(house.folder().join(name), &plan).unwrap();
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let hears = told.clone();
        let engine = Engine::new(writer)
            .source_client(reader)
            .on_event(move |event| {
                hears.lock().unwrap().push(event.clone());
            });
        let summary = tokio::spawn(async move { engine.run(job).await });
        let summary = summary.await.unwrap().unwrap();
        assert_eq!((summary.done, summary.failed), (1, 0), "{name} {told:?}");
        assert!(!house.exists(SOURCE, "a").await);
        assert_eq!(house.bytes(EXAMPLE, name).await, "fish");
        let told = std::mem::take(&mut *told.lock().unwrap());
        let strategy = told.iter().find_map(|event| match event {
            Event::Strategy { strategy, .. } => Some(*strategy),
            _ => None,
        });
        let streamed = name != "within";
        assert_eq!(strategy == Some(Strategy::Streamed), streamed, "{name}");
        assert!(told.iter().any(|event| matches!(
            event,
            Event::Proved { proof, .. } if *proof != Proof::None
        )));
        house.put(SOURCE, "a", "fish").await;
    }
}

#[tokio::test]
async fn addresses_of_the_dialect() {
    let house = House::new().await;
    let client = |endpoint: &str| {
        house
            .builder()
            .dialect(Dialect::S3)
            .region("eu-west-1")
            .endpoint(endpoint.parse().unwrap())
            .credentials(house.root())
            .build()
            .unwrap()
    };
    let amazon = "https://{bucket}.s3.{region}.amazonaws.com";
    for (endpoint, bucket, url) in [
        (
            amazon,
            "photos",
            "https://photos.s3.eu-west-1.amazonaws.com/k?",
        ),
        // A certificate covers one label.
        (
            amazon,
            "my.photos",
            "https://s3.eu-west-1.amazonaws.com/my.photos/k?",
        ),
        (ENDPOINT, "photos", "http://127.0.0.1/photos/k?"),
    ] {
        let call = client(endpoint).get_object().bucket(bucket).key("k");
        let signed = call.presign(std::time::Duration::from_secs(60)).unwrap();
        assert!(signed.url.starts_with(url), "{}", signed.url);
        assert!(signed.url.contains("X-Amz-Signature="), "{}", signed.url);
        assert!(signed.url.contains("eu-west-1%2Fs3%2Faws4_request"));
    }
    // A signed address of ours is good for anybody.
    house.put(EXAMPLE, "k", "fish").await;
    let call = s3(&house).get_object().bucket(EXAMPLE).key("k");
    let signed = call.presign(std::time::Duration::from_secs(60)).unwrap();
    assert_eq!(house.get(&signed.url).await, "fish");
    // Names of COS are not those of S3.
    let refused = house.client().get_object().bucket("photos").key("k");
    let refused = refused.send().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}

/// A service with a class of its own: what ours calls STANDARD_IA is GLACIER_IR there. Nobody signs:
/// a header that was signed could not be written otherwise.
#[derive(Debug, Clone)]
struct OtherClasses(House);

fn respelled(headers: &mut HeaderMap, from: &str, to: &'static str) {
    if let Some(value) = headers.get_mut("x-amz-storage-class")
        && value == from
    {
        *value = HeaderValue::from_static(to);
    }
}

impl Transport for OtherClasses {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        let (mut asked, body) = request.into_parts();
        respelled(&mut asked.headers, "GLACIER_IR", "STANDARD_IA");
        // Tells the dialect of a request that nobody signed.
        let unsigned = HeaderValue::from_static("UNSIGNED-PAYLOAD");
        asked.headers.insert("x-amz-content-sha256", unsigned);
        let lists = asked.method == http::Method::GET && asked.uri.query().is_some();
        let house = self.0.clone();
        Box::pin(async move {
            let reply = house.call(Request::from_parts(asked, body)).await?;
            let (mut parts, body) = reply.into_parts();
            respelled(&mut parts.headers, "STANDARD_IA", "GLACIER_IR");
            if !lists {
                return Ok(Response::from_parts(parts, body));
            }
            let text = body.bytes(1 << 20).await.unwrap();
            let text = String::from_utf8(text.to_vec()).unwrap();
            let text = text.replace("STANDARD_IA", "GLACIER_IR");
            parts.headers.insert("content-length", text.len().into());
            Ok(Response::from_parts(parts, Body::from(text)))
        })
    }
}

#[tokio::test]
async fn a_class_that_cos_lacks_is_listed_and_goes_along() {
    let house = House::new().await;
    for bucket in [EXAMPLE, SOURCE] {
        let call = house.client().put_bucket_acl().bucket(bucket);
        call.acl("public-read-write").send().await.unwrap();
    }
    let call = house.client().put_object().bucket(SOURCE).key("a");
    let call = call.storage_class("STANDARD_IA").body("fish");
    call.send().await.unwrap();
    let client = house
        .builder()
        .dialect(Dialect::S3)
        .endpoint(ENDPOINT.parse().unwrap())
        .anonymous()
        .transport(OtherClasses(house.clone()))
        .build()
        .unwrap();
    let told = StorageClass::told("GLACIER_IR").unwrap();
    let listed = client.get_bucket().bucket(SOURCE).send().await.unwrap();
    assert_eq!(listed.contents[0].storage_class, told);
    let head = client.head_object().bucket(SOURCE).key("a").send();
    let head = head.await.unwrap();
    assert_eq!(head.storage_class, told);
    // Copied, moved, and by a job: it is asked for by the name that was told.
    let copy = client.slice_copy().bucket(EXAMPLE).key("copied");
    let copy = copy.copy_source(from(SOURCE, "a")).keep_storage_class();
    copy.send().await.unwrap();
    let moving = client.move_object().bucket(EXAMPLE).key("moved");
    let moving = moving.copy_source(from(EXAMPLE, "copied"));
    assert!(moving.send().await.unwrap().is_moved());
    let plan = house.folder().join("plan");
    let mut writer = PlanWriter::create(&plan, &PlanHead::new("cp")).unwrap();
    let work = Work::Copy {
        source: place(SOURCE, "a"),
        target: place(EXAMPLE, "planned"),
    };
    writer.add(&Entry::new(work, seen(&head))).unwrap();
    writer.finish().unwrap();
    let job = Job::create(house.folder().join("job"), &plan).unwrap();
    let engine = Engine::new(client.clone());
    let ran = tokio::spawn(async move { engine.run(job).await });
    let ran = ran.await.unwrap().unwrap();
    assert_eq!((ran.done, ran.failed), (1, 0));
    for key in ["moved", "planned"] {
        let class = house.head(EXAMPLE, key).await.storage_class;
        assert_eq!(class, StorageClass::StandardIa, "{key}");
    }
    // The other dialect has no such class: STANDARD there.
    let call = house.client().slice_copy().bucket(EXAMPLE).key("cos");
    let call = call.copy_source(source(SOURCE, "a")).source_client(&client);
    call.keep_storage_class().send().await.unwrap();
    let class = house.head(EXAMPLE, "cos").await.storage_class;
    assert_eq!(class, StorageClass::Standard);
    // Ours does not take it, and changes nothing.
    let call = s3(&house).put_object().bucket(EXAMPLE).key("moved");
    let call = call.storage_class(told).body("other").send();
    assert_eq!(call.await.unwrap_err().status(), Some(400));
    assert_eq!(house.bytes(EXAMPLE, "moved").await, "fish");
}
