//! The checksums of S3 where an object is made of parts: what each part was sent with, what they make
//! together, and what a Complete says of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cosette_proto::sign::{ChecksumAlgorithm, RunningChecksum, checksum_header};

use crate::harness::{Answer, BUCKET, Call, MIB, Server, bytes};

fn s3(call: Call<'_>) -> Call<'_> {
    call.host("127.0.0.1").v4("UNSIGNED-PAYLOAD")
}

fn at(key: &str) -> String {
    format!("/{BUCKET}/{key}")
}

/// The base64 of the checksum of some bytes.
fn sum(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> String {
    let mut running = RunningChecksum::new(algorithm);
    running.update(bytes);
    running.finish().value
}

/// That of the checksums of parts, with their number.
fn sum_of_sums(algorithm: ChecksumAlgorithm, parts: &[&[u8]]) -> String {
    let sums = parts.iter().map(|part| sum(algorithm, part));
    let sums: Vec<u8> = sums.flat_map(|sum| STANDARD.decode(sum).unwrap()).collect();
    format!("{}-{}", sum(algorithm, &sums), parts.len())
}

/// An upload of one key, begun with an algorithm and a type, or with nothing.
struct Upload<'a> {
    server: &'a Server,
    path: String,
    id: String,
    element: String,
    /// What Complete lists.
    listed: String,
}

impl<'a> Upload<'a> {
    async fn begin(server: &'a Server, key: &str, said: &[(&str, &str)]) -> (Self, Answer) {
        let path = at(key);
        let begin = s3(server.post(&format!("{path}?uploads"), ""));
        let begin = said
            .iter()
            .fold(begin, |call, (name, value)| call.header(name, *value));
        let begun = begin.ok().await;
        let named = said.iter().find(|(name, _)| name.ends_with("algorithm"));
        let upload = Self {
            server,
            path,
            id: begun.value("UploadId"),
            element: format!(
                "Checksum{}",
                named.map_or("CRC32", |(_, algorithm)| algorithm)
            ),
            listed: String::new(),
        };
        (upload, begun)
    }

    fn part(&self, number: u32, body: &[u8]) -> Call<'a> {
        let path = format!("{}?partNumber={number}&uploadId={}", self.path, self.id);
        s3(self.server.put(&path, body))
    }

    fn list(&mut self, number: u32, etag: &str, checksum: Option<&str>) {
        let etag = etag.replace('"', "&quot;");
        let element = &self.element;
        let checksum = checksum.map_or_else(String::new, |value| {
            format!("<{element}>{value}</{element}>")
        });
        self.listed.push_str(&format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag>{checksum}</Part>"
        ));
    }

    fn complete(&self) -> Call<'a> {
        let list = format!(
            "<CompleteMultipartUpload>{}</CompleteMultipartUpload>",
            self.listed
        );
        s3(self
            .server
            .post(&format!("{}?uploadId={}", self.path, self.id), list))
    }

    async fn parts(&self) -> Answer {
        s3(self
            .server
            .get(&format!("{}?uploadId={}", self.path, self.id)))
        .ok()
        .await
    }
}

async fn told(
    server: &Server,
    key: &str,
    algorithm: ChecksumAlgorithm,
) -> (Option<String>, Option<String>) {
    let head = s3(server.head(&at(key))).header("x-amz-checksum-mode", "ENABLED");
    let head = head.ok().await;
    let read = s3(server.get(&at(key))).header("x-amz-checksum-mode", "ENABLED");
    let read = read.ok().await;
    let header = |answer: &Answer, name: &str| answer.header(name).map(str::to_owned);
    let name = checksum_header(algorithm);
    assert_eq!(header(&head, name), header(&read, name), "{key}");
    (header(&read, name), header(&read, "x-amz-checksum-type"))
}

#[tokio::test]
async fn parts_make_the_checksum_that_the_upload_was_begun_with() {
    use ChecksumAlgorithm::{Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
    let server = Server::start().await;
    let (one, two) = (bytes(MIB, 1), bytes(1000, 2));
    let whole = [one.as_slice(), two.as_slice()].concat();
    for (nth, (algorithm, asked, kind)) in (0..).zip([
        (Crc32, "", "COMPOSITE"),
        (Crc32, "FULL_OBJECT", "FULL_OBJECT"),
        (Crc32c, "COMPOSITE", "COMPOSITE"),
        (Crc32c, "FULL_OBJECT", "FULL_OBJECT"),
        (Crc64Nvme, "", "FULL_OBJECT"),
        (Sha1, "", "COMPOSITE"),
        (Sha256, "COMPOSITE", "COMPOSITE"),
    ]) {
        let key = format!("k{nth}");
        let wanted = match kind {
            "FULL_OBJECT" => sum(algorithm, &whole),
            _ => sum_of_sums(algorithm, &[&one, &two]),
        };
        let (name, element) = (checksum_header(algorithm), algorithm.as_str());
        let mut said = vec![("x-amz-checksum-algorithm", element)];
        said.extend((!asked.is_empty()).then_some(("x-amz-checksum-type", asked)));
        let (mut upload, begun) = Upload::begin(&server, &key, &said).await;
        assert_eq!(begun.header("x-amz-checksum-algorithm"), Some(element));
        assert_eq!(begun.header("x-amz-checksum-type"), Some(kind));
        // What was not sent is computed: with the second part nothing is said.
        let sums = [sum(algorithm, &one), sum(algorithm, &two)];
        let first = upload.part(1, &one).header(name, &sums[0]).ok().await;
        let second = upload.part(2, &two).ok().await;
        for (answer, sum) in [&first, &second].into_iter().zip(&sums) {
            assert_eq!(answer.header(name), Some(sum.as_str()));
        }
        let parts = upload.parts().await.text().to_owned();
        for text in [
            format!(
                "<ChecksumAlgorithm>{element}</ChecksumAlgorithm><ChecksumType>{kind}</ChecksumType>"
            ),
            format!("<Checksum{element}>{}</Checksum{element}>", sums[0]),
            format!("<Checksum{element}>{}</Checksum{element}>", sums[1]),
        ] {
            assert!(parts.contains(&text), "{text}: {parts}");
        }
        upload.list(1, &first.etag(), Some(&sums[0]));
        upload.list(2, &second.etag(), None);
        let complete = upload.complete().header(name, &wanted);
        let complete = complete
            .header("x-amz-checksum-type", kind)
            .header("x-amz-mp-object-size", whole.len().to_string());
        // A repeat gets the first answer.
        for _ in 0..2 {
            let made = server.settled(&complete).await;
            assert_eq!(made.value(&format!("Checksum{element}")), wanted);
            assert_eq!(made.value("ChecksumType"), kind);
        }
        let wrong = upload.complete().header(name, sum(algorithm, b"else"));
        wrong.refused(400, "BadDigest").await;

        // It goes where the bytes go.
        let copy = s3(server.put(&at("copy"), "")).header("x-amz-copy-source", at(&key));
        let copied = copy.ok().await;
        assert_eq!(copied.value(&format!("Checksum{element}")), wanted);
        assert_eq!(copied.value("ChecksumType"), kind);
        for key in [key.as_str(), "copy"] {
            let (value, told_kind) = told(&server, key, algorithm).await;
            assert_eq!(
                (value.as_deref(), told_kind.as_deref()),
                (Some(wanted.as_str()), Some(kind))
            );
        }
        let attributes = s3(server.get(&at("copy?attributes")));
        let attributes = attributes
            .header("x-amz-object-attributes", "Checksum")
            .ok()
            .await;
        let (base64, _) = wanted.split_once('-').unwrap_or((&wanted, ""));
        let text = format!("<Checksum{element}>{base64}</Checksum{element}><ChecksumType>{kind}<");
        assert!(attributes.text().contains(&text), "{}", attributes.text());
    }
    // COS has no word for it.
    let by_cos = server.copy("k1", "/by-cos").ok().await;
    assert!(!by_cos.text().contains("Checksum"), "{}", by_cos.text());
    server.end().await;
}

#[tokio::test]
async fn an_upload_begun_with_no_checksum_gets_what_its_parts_agree_on() {
    use ChecksumAlgorithm::{Crc32, Crc32c, Sha256};
    let server = Server::start().await;
    let (one, two) = (bytes(MIB, 1), bytes(1000, 2));
    let whole = [one.as_slice(), two.as_slice()].concat();
    let full = (Some(sum(Crc32, &whole)), Some("FULL_OBJECT".to_owned()));
    for (nth, (sent, wanted)) in (0..).zip([
        ([Some(Crc32), Some(Crc32)], full),
        ([Some(Crc32), Some(Crc32c)], (None, None)),
        ([Some(Crc32), None], (None, None)),
        ([None, Some(Crc32)], (None, None)),
        ([Some(Sha256), Some(Sha256)], (None, None)),
        ([None, None], (None, None)),
    ]) {
        let key = format!("k{nth}");
        let (mut upload, begun) = Upload::begin(&server, &key, &[]).await;
        assert_eq!(begun.header("x-amz-checksum-algorithm"), None);
        for ((number, body), sent) in (1..).zip([&one, &two]).zip(sent) {
            let part = upload.part(number, body);
            let part = match sent {
                Some(algorithm) => part.header(checksum_header(algorithm), sum(algorithm, body)),
                None => part,
            };
            upload.list(number, &part.ok().await.etag(), None);
        }
        if wanted.0.is_none() {
            // What cannot be compared is not taken as if it had been.
            let complete = upload
                .complete()
                .header("x-amz-checksum-crc32", sum(Crc32, &whole));
            complete.refused(400, "InvalidRequest").await;
        }
        server.settled(&upload.complete()).await;
        assert_eq!(told(&server, &key, Crc32).await, wanted, "{sent:?}");
    }
    server.end().await;
}

#[tokio::test]
async fn what_a_complete_says_must_be_so() {
    use ChecksumAlgorithm::{Crc32, Crc32c};
    let server = Server::start().await;
    s3(server.put(&at("k"), "before")).ok().await;
    let (one, two) = (bytes(MIB, 1), bytes(1000, 2));
    let declared = [("x-amz-checksum-algorithm", "CRC32")];
    let (mut upload, _) = Upload::begin(&server, "k", &declared).await;
    // A part's own checksum is of the upload's algorithm, and right.
    let other = upload
        .part(1, &one)
        .header("x-amz-checksum-crc32c", sum(Crc32c, &one));
    other.refused(400, "InvalidRequest").await;
    let wrong = upload
        .part(1, &one)
        .header("x-amz-checksum-crc32", sum(Crc32, &two));
    wrong.refused(400, "BadDigest").await;
    let mut etags = Vec::new();
    for (number, body) in [(1, &one), (2, &two)] {
        etags.push(upload.part(number, body).ok().await.etag());
    }
    // Each part's in the list.
    for (listed, code) in [
        (sum(Crc32, &two), "InvalidPart"),
        ("y/Q5J".to_owned(), "InvalidPart"),
        ("x".repeat(10_000), "InvalidPart"),
    ] {
        upload.listed.clear();
        upload.list(1, &etags[0], Some(&listed));
        upload.list(2, &etags[1], None);
        upload.complete().refused(400, code).await;
    }
    upload.listed.clear();
    upload.list(1, &etags[0], Some(&sum(Crc32, &one)));
    let twice = upload
        .listed
        .replace("</Part>", "<ChecksumSHA1>x</ChecksumSHA1></Part>");
    let once = std::mem::replace(&mut upload.listed, twice);
    upload.complete().refused(400, "InvalidRequest").await;
    upload.listed = once;
    upload.list(2, &etags[1], None);
    // The object's own.
    let right = sum_of_sums(Crc32, &[&one, &two]);
    let more = format!("{}-3", right.trim_end_matches("-2"));
    let size = (one.len() + two.len()).to_string();
    for (name, value, code) in [
        ("x-amz-checksum-crc32", sum(Crc32, &one), "BadDigest"),
        ("x-amz-checksum-crc32", more, "BadDigest"),
        ("x-amz-checksum-crc32c", sum(Crc32c, &one), "InvalidRequest"),
        ("x-amz-checksum-crc32", "y/Q5J".to_owned(), "InvalidRequest"),
        (
            "x-amz-checksum-type",
            "FULL_OBJECT".to_owned(),
            "InvalidRequest",
        ),
        ("x-amz-checksum-type", "SOME".to_owned(), "InvalidRequest"),
        (
            "x-amz-mp-object-size",
            (one.len() + 1).to_string(),
            "InvalidRequest",
        ),
        (
            "x-amz-mp-object-size",
            format!("{size}a"),
            "InvalidArgument",
        ),
    ] {
        upload
            .complete()
            .header(name, value)
            .refused(400, code)
            .await;
    }
    // With the number of parts or without.
    let base64 = right.trim_end_matches("-2");
    let complete = upload.complete().header("x-amz-checksum-crc32", base64);
    server
        .settled(&complete.header("x-amz-mp-object-size", size))
        .await;
    assert_eq!(told(&server, "k", Crc32).await.0, Some(right));
    server.end().await;
}

#[tokio::test]
async fn an_upload_is_begun_with_what_can_be_joined() {
    let server = Server::start().await;
    for said in [
        ("x-amz-checksum-algorithm", "MD5"),
        ("x-amz-checksum-type", "COMPOSITE"),
    ] {
        let begin = s3(server.post(&format!("{}?uploads", at("k")), ""));
        begin
            .header(said.0, said.1)
            .refused(400, "InvalidRequest")
            .await;
    }
    let begin = s3(server.post(&format!("{}?uploads", at("k")), ""));
    let begin = begin.header("x-amz-checksum-algorithm", "SHA256");
    let begin = begin.header("x-amz-checksum-type", "FULL_OBJECT");
    begin.refused(400, "InvalidRequest").await;
    server.end().await;
}

#[tokio::test]
async fn a_copied_part_brings_the_checksum_of_a_whole_source() {
    use ChecksumAlgorithm::Crc32;
    let server = Server::start().await;
    let one = bytes(MIB, 1);
    let put = s3(server.put(&at("source"), &one));
    put.header("x-amz-checksum-crc32", sum(Crc32, &one))
        .ok()
        .await;
    let full = [
        ("x-amz-checksum-algorithm", "CRC32"),
        ("x-amz-checksum-type", "FULL_OBJECT"),
    ];
    let whole = [one.as_slice(), one.as_slice()].concat();
    for (key, range, wanted) in [
        ("all", None, Some(sum(Crc32, &whole))),
        ("some", Some("bytes=0-1048574"), None),
    ] {
        let (mut upload, _) = Upload::begin(&server, key, &full).await;
        let part = upload
            .part(1, b"")
            .header("x-amz-copy-source", at("source"));
        let copied = part.ok().await;
        assert_eq!(copied.value("ChecksumCRC32"), sum(Crc32, &one));
        upload.list(1, &copied.value("ETag"), Some(&sum(Crc32, &one)));
        let part = upload
            .part(2, b"")
            .header("x-amz-copy-source", at("source"));
        let part = match range {
            Some(range) => part.header("x-amz-copy-source-range", range),
            None => part,
        };
        let copied = part.ok().await;
        upload.list(2, &copied.value("ETag"), None);
        assert_eq!(copied.text().contains("ChecksumCRC32"), range.is_none());
        let made = server.settled(&upload.complete()).await;
        assert_eq!(made.text().contains("ChecksumCRC32"), wanted.is_some());
        assert_eq!(told(&server, key, Crc32).await.0, wanted);
    }
    server.end().await;
}
