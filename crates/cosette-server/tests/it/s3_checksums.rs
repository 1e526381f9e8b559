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

/// A part copied from anywhere has the checksum that its upload was begun with: told by what is kept,
/// or computed from the bytes, once.
#[tokio::test]
async fn a_copied_part_has_the_checksum_that_its_upload_was_begun_with() {
    use ChecksumAlgorithm::{Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
    let server = Server::start().await;
    let one = bytes(MIB + 1000, 1);
    let put = s3(server.put(&at("source"), &one));
    put.header("x-amz-checksum-crc32", sum(Crc32, &one))
        .ok()
        .await;
    let written = server.written_bytes();
    for algorithm in [Crc32, Crc32c, Crc64Nvme, Sha1, Sha256] {
        let element = format!("Checksum{}", algorithm.as_str());
        let said = [("x-amz-checksum-algorithm", algorithm.as_str())];
        let (mut upload, _) = Upload::begin(&server, "target", &said).await;
        let ranges = [(0, one.len()), (0, MIB), (MIB - 7, one.len())];
        // The second time it is remembered.
        for again in [false, true] {
            for (number, (first, end)) in (1..).zip(ranges) {
                let part = upload
                    .part(number, b"")
                    .header("x-amz-copy-source", at("source"));
                let part = match end - first == one.len() {
                    true => part,
                    false => part.header(
                        "x-amz-copy-source-range",
                        format!("bytes={first}-{}", end - 1),
                    ),
                };
                let copied = part.ok().await;
                let wanted = sum(algorithm, &one[first..end]);
                assert_eq!(copied.value(&element), wanted, "{algorithm} {again}");
                if again {
                    upload.list(number, &copied.value("ETag"), Some(&wanted));
                }
            }
        }
        let made = server.settled(&upload.complete()).await;
        let pieces = ranges.map(|(first, end)| &one[first..end]);
        let wanted = match algorithm {
            Crc64Nvme => sum(algorithm, &pieces.concat()),
            _ => sum_of_sums(algorithm, &pieces),
        };
        assert_eq!(made.value(&element), wanted, "{algorithm}");
    }
    assert_eq!(server.written_bytes(), written, "no byte was written");
    server.end().await;
}

/// Ranges that were copied into an upload begun with nothing are known by their MD5 only: what else may be
/// remembered of them must not be told, or it would depend on who copied before.
#[tokio::test]
async fn a_copied_range_has_no_checksum_that_nobody_asked_for() {
    use ChecksumAlgorithm::{Crc32, Sha256};
    let server = Server::start().await;
    let one = bytes(MIB + 1000, 1);
    let put = s3(server.put(&at("source"), &one));
    put.header("x-amz-checksum-crc32", sum(Crc32, &one))
        .ok()
        .await;
    let asked = [("x-amz-checksum-algorithm", "SHA256")];
    for said in [&[][..], &asked, &[]] {
        let (mut upload, _) = Upload::begin(&server, "target", said).await;
        let part = upload
            .part(1, b"")
            .header("x-amz-copy-source", at("source"))
            .header("x-amz-copy-source-range", format!("bytes=1-{MIB}"));
        let copied = part.ok().await;
        let told = copied.text().contains("Checksum");
        assert_eq!(told, !said.is_empty(), "{}", copied.text());
        upload.list(1, &copied.value("ETag"), None);
        let made = server.settled(&upload.complete()).await;
        assert_eq!(made.text().contains("Checksum"), told, "{}", made.text());
        let wanted = told.then(|| sum_of_sums(Sha256, &[&one[1..=MIB]]));
        assert_eq!(self::told(&server, "target", Sha256).await.0, wanted);
    }
    // Of a whole source it is as it was sent, if it was.
    let (upload, _) = Upload::begin(&server, "target", &[]).await;
    let part = upload
        .part(1, b"")
        .header("x-amz-copy-source", at("source"));
    let copied = part.ok().await;
    assert_eq!(copied.value("ChecksumCRC32"), sum(Crc32, &one));
    server
        .delete(&format!("/target?uploadId={}", upload.id))
        .ok()
        .await;
    server.end().await;
}

/// Makes an object of these parts.
async fn made_of(server: &Server, key: &str, said: &[(&str, &str)], parts: &[&[u8]]) {
    let (mut upload, _) = Upload::begin(server, key, said).await;
    // Numbers with gaps: afterwards they are counted in their order.
    for (number, body) in (1..).step_by(3).zip(parts) {
        let etag = upload.part(number, body).ok().await.etag();
        upload.list(number, &etag, None);
    }
    server.settled(&upload.complete()).await;
}

#[tokio::test]
async fn the_parts_of_a_composite_checksum_are_told() {
    use ChecksumAlgorithm::Sha256;
    let server = Server::start().await;
    let [one, two, three] = [bytes(MIB, 1), bytes(MIB + 1, 2), bytes(10, 3)];
    let parts: [&[u8]; 3] = [&one, &two, &three];
    let composite = [("x-amz-checksum-algorithm", "SHA256")];
    made_of(&server, "k", &composite, &parts).await;
    // They go where the bytes go.
    let copy = s3(server.put(&at("copy"), "")).header("x-amz-copy-source", at("k"));
    copy.ok().await;
    let attributes = |key: &str, asked: &[(&str, &str)]| {
        let call = s3(server.get(&at(&format!("{key}?attributes"))));
        let call = call.header("x-amz-object-attributes", "ObjectParts");
        asked
            .iter()
            .fold(call, |call, (name, value)| call.header(name, *value))
    };
    let told = |number: usize, body: &[u8]| {
        format!(
            "<Part><PartNumber>{number}</PartNumber><Size>{}</Size>\
             <ChecksumSHA256>{}</ChecksumSHA256></Part>",
            body.len(),
            sum(Sha256, body)
        )
    };
    let all: Vec<_> = (1..).zip(parts).map(|(n, body)| told(n, body)).collect();
    let [max, marker] = ["x-amz-max-parts", "x-amz-part-number-marker"];
    for key in ["k", "copy"] {
        for (asked, listed, next) in [
            (&[][..], &all[..], None),
            (&[(max, "3")], &all[..], None),
            (&[(max, "2")], &all[..2], Some("2")),
            (&[(max, "1"), (marker, "1")], &all[1..2], Some("2")),
            (&[(max, "99999"), (marker, "2")], &all[2..], None),
            (&[(marker, "3")], &[], None),
            (&[(marker, "4000000000")], &[], None),
        ] {
            let answer = attributes(key, asked).ok().await;
            let parts = answer.xml().child("ObjectParts").unwrap().clone();
            assert_eq!(parts.value("PartsCount"), Some("3"));
            assert_eq!(parts.value("NextPartNumberMarker"), next, "{asked:?}");
            let truncated = next.is_some().to_string();
            assert_eq!(parts.value("IsTruncated"), Some(truncated.as_str()));
            let count = parts.children("Part").count();
            let text = answer.text();
            assert!(
                count == listed.len() && text.contains(&listed.concat()),
                "{asked:?}: {text}"
            );
        }
        for (name, value) in [(max, "0"), (max, "x"), (marker, "-1"), (max, "5000000000")] {
            let refused = attributes(key, &[(name, value)]);
            refused.refused(400, "InvalidArgument").await;
        }
        // A part that is read by itself has its own.
        for (number, body) in (1..).zip(parts) {
            let read = s3(server.get(&at(&format!("{key}?partNumber={number}"))));
            let read = read.header("x-amz-checksum-mode", "ENABLED").ok().await;
            assert_eq!(read.body, body);
            let header = read.header("x-amz-checksum-sha256");
            assert_eq!(header, Some(sum(Sha256, body).as_str()), "{number}");
            assert_eq!(read.header("x-amz-checksum-type"), Some("COMPOSITE"));
        }
    }
    // What is kept of a part serves a copy of it.
    let (upload, _) = Upload::begin(&server, "again", &composite).await;
    let range = format!("bytes={MIB}-{}", 2 * MIB);
    let part = upload.part(1, b"").header("x-amz-copy-source", at("k"));
    let copied = part.header("x-amz-copy-source-range", range).ok().await;
    assert_eq!(copied.value("ChecksumSHA256"), sum(Sha256, &two));
    let abort = format!("/again?uploadId={}", upload.id);
    server.delete(&abort).ok().await;
    server.end().await;
}

#[tokio::test]
async fn a_checksum_of_all_bytes_says_nothing_of_parts() {
    let server = Server::start().await;
    let [one, two] = [bytes(MIB, 1), bytes(10, 2)];
    let full = [
        ("x-amz-checksum-algorithm", "CRC32"),
        ("x-amz-checksum-type", "FULL_OBJECT"),
    ];
    for said in [&full[..], &[]] {
        made_of(&server, "k", said, &[&one, &two]).await;
        let attributes = s3(server.get(&at("k?attributes")));
        let attributes = attributes.header("x-amz-object-attributes", "ObjectParts");
        let answer = attributes.header("x-amz-max-parts", "2").ok().await;
        let only = "<ObjectParts><PartsCount>2</PartsCount></ObjectParts>";
        assert!(answer.text().contains(only), "{}", answer.text());
        let read = s3(server.get(&at("k?partNumber=2")));
        let read = read.header("x-amz-checksum-mode", "ENABLED").ok().await;
        assert_eq!(read.header("x-amz-checksum-crc32"), None);
    }
    server.end().await;
}

#[tokio::test]
async fn listings_tell_which_checksum_there_is() {
    use ChecksumAlgorithm::Crc64Nvme;
    let server = Server::versioned().await;
    let body = bytes(MIB, 1);
    s3(server.put(&at("none"), "x")).ok().await;
    let put = s3(server.put(&at("put"), "x"));
    put.header("x-amz-checksum-crc64nvme", sum(Crc64Nvme, b"x"))
        .ok()
        .await;
    let copy = s3(server.put(&at("copy"), "")).header("x-amz-copy-source", at("put"));
    copy.ok().await;
    let composite = [("x-amz-checksum-algorithm", "SHA1")];
    made_of(&server, "parts", &composite, &[&body, b"end"]).await;
    let (upload, _) = Upload::begin(&server, "parts", &composite).await;
    server.post("/plain?uploads", "").ok().await;
    let listed = |element: &cosette_proto::xml::Element| {
        let text = |name| element.value(name).map(str::to_owned);
        (
            text("Key").unwrap(),
            text("ChecksumAlgorithm").zip(text("ChecksumType")),
        )
    };
    let of = |key: &str, kind: Option<(&str, &str)>| {
        let kind = kind.map(|(one, other)| (one.to_owned(), other.to_owned()));
        (key.to_owned(), kind)
    };
    let full = Some(("CRC64NVME", "FULL_OBJECT"));
    let objects = [
        of("copy", full),
        of("none", None),
        of("parts", Some(("SHA1", "COMPOSITE"))),
        of("put", full),
    ];
    for (query, entries) in [
        ("?list-type=2", "Contents"),
        ("", "Contents"),
        ("?versions", "Version"),
    ] {
        let answer = s3(server.get(&format!("/{BUCKET}{query}"))).ok().await;
        let found: Vec<_> = answer.xml().children(entries).map(listed).collect();
        assert_eq!(found, objects, "{query}");
    }
    let answer = s3(server.get(&format!("/{BUCKET}?uploads"))).ok().await;
    let found: Vec<_> = answer.xml().children("Upload").map(listed).collect();
    let uploads = [of("parts", Some(("SHA1", "COMPOSITE"))), of("plain", None)];
    assert_eq!(found, uploads);
    // COS has no word for it.
    for query in ["", "?versions", "?uploads"] {
        let answer = server.get(&format!("/{query}")).ok().await;
        assert!(!answer.text().contains("Checksum"), "{}", answer.text());
    }
    let abort = format!("/parts?uploadId={}", upload.id);
    server.delete(&abort).ok().await;
    server.end().await;
}
