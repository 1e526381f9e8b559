//! The raw requests of a multipart copy.

use serde_json::Value;

use crate::world::{BUCKET, World, cos, noise, text};

struct Case {
    world: World,
    upload: String,
}

impl Case {
    /// An open upload for `target`, and a source of ten and more bytes.
    fn new() -> Self {
        let world = World::with_bucket();
        world.put("source", b"0123456789abc");
        let begun = world.api("multipart-init", &["--key", "target"]);
        let upload = text(&begun, "UploadId").to_owned();
        Self { world, upload }
    }

    fn flags<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [
            &["--key", "target", "--upload-id", self.upload.as_str()],
            more,
        ]
        .concat()
    }

    fn part(&self, number: &str, more: &[&str]) -> Value {
        let source = cos("source");
        let flags = [
            &["--part-number", number, "--copy-source", source.as_str()],
            more,
        ]
        .concat();
        self.world.api("upload-part-copy", &self.flags(&flags))
    }

    fn part_refused(&self, code: i32, number: &str, more: &[&str]) -> Value {
        let source = cos("source");
        let flags = [
            &["--part-number", number, "--copy-source", source.as_str()],
            more,
        ]
        .concat();
        self.world
            .api_refused(code, "upload-part-copy", &self.flags(&flags))
    }

    fn parts(&self) -> Value {
        self.world.api("list-parts", &self.flags(&[]))["Part"].clone()
    }

    fn complete(&self, parts: &[&str]) -> Value {
        let flags: Vec<&str> = parts.iter().flat_map(|part| ["--part", part]).collect();
        self.world.api("multipart-complete", &self.flags(&flags))
    }
}

// seed: S64, S81, S82, S83
#[test]
fn an_upload_is_begun_and_its_id_kept() {
    let world = World::with_bucket();
    for key in ["1.jpg", "中文 <&>.jpg"] {
        let one = world.api("multipart-init", &["--key", key]);
        let two = world.api("multipart-init", &["--key", key]);
        assert_eq!((text(&one, "Bucket"), text(&one, "Key")), (BUCKET, key));
        assert!(!text(&one, "UploadId").is_empty());
        assert_ne!(one["UploadId"], two["UploadId"]);
        assert_eq!(one["statusCode"], 200);
    }
    let open = world.api("list-multipart-uploads", &[]);
    assert_eq!(open["Upload"].as_array().unwrap().len(), 4);
}

// seed: S65, S85, S110, S10, S40
#[test]
fn what_is_required_and_left_out_is_named_before_anything_is_sent() {
    let world = World::with_bucket();
    let before = world.everything();
    for (operation, complete) in [
        (
            "put-object-copy",
            &["--key=k", "--copy-source=cos://b-1250000000/a"][..],
        ),
        ("multipart-init", &["--key=k"]),
        (
            "upload-part-copy",
            &[
                "--key=k",
                "--upload-id=u",
                "--part-number=1",
                "--copy-source=cos://b-1250000000/a",
            ],
        ),
        (
            "multipart-complete",
            &["--key=k", "--upload-id=u", "--part=1:aa"],
        ),
        ("delete-object", &["--key=k"]),
    ] {
        let bucket = format!("--bucket={BUCKET}");
        let all: Vec<&str> = [&[bucket.as_str()], complete].concat();
        for left_out in &all {
            let flags: Vec<&str> = all
                .iter()
                .copied()
                .filter(|flag| flag != left_out)
                .collect();
            let told = world.refused(2, &[&["api", operation], flags.as_slice()].concat());
            let name = left_out.split('=').next().unwrap();
            assert!(
                text(&told, "error").contains(name),
                "{operation} {name}: {told}"
            );
        }
        let told = world.refused(
            2,
            &[&["api", operation, "--bucket=examplebucket"], complete].concat(),
        );
        assert!(text(&told, "error").contains("APPID"), "{told}");
    }
    assert_eq!(world.everything(), before);
}

// seed: S66, S67, S68, S69, S70, S78
#[test]
fn what_the_beginning_says_is_stored_with_the_object() {
    let world = World::with_bucket();
    world.put("source", "bytes");
    let begun = world.api(
        "multipart-init",
        &[
            "--key",
            "target",
            "--cache-control",
            "max-age=60",
            "--content-disposition",
            "attachment; filename=\"1.jpg\"",
            "--content-encoding",
            "gzip",
            "--content-type",
            "image/jpeg",
            "--expires",
            "Fri, 10 Apr 2099 18:17:25 GMT",
            "--meta",
            "Author:ann",
            "--meta",
            "b:2",
        ],
    );
    let case = Case {
        world,
        upload: text(&begun, "UploadId").to_owned(),
    };
    let part = case.part("1", &[]);
    case.complete(&[&format!("1:{}", text(&part, "ETag"))]);
    let object = case.world.stat("target");
    for (field, value) in [
        ("CacheControl", "max-age=60"),
        ("ContentDisposition", "attachment; filename=\"1.jpg\""),
        ("ContentEncoding", "gzip"),
        ("ContentType", "image/jpeg"),
        ("Expires", "Fri, 10 Apr 2099 18:17:25 GMT"),
    ] {
        assert_eq!(text(&object, field), value);
    }
    assert_eq!(
        object["Metadata"],
        serde_json::json!({"author": "ann", "b": "2"})
    );
    assert_eq!(case.world.bytes("target"), b"bytes");
}

// seed: S71
#[test]
fn an_expiry_in_the_past_removes_nothing() {
    let world = World::with_bucket();
    let file = world.file("s", "bytes");
    world.ok(&[
        "cp",
        &file,
        &cos("a"),
        "--expires",
        "Mon, 01 Jan 2001 00:00:00 GMT",
    ]);
    world.ok(&["cp", &cos("a"), &cos("b")]);
    assert_eq!(
        (world.bytes("a"), world.bytes("b")),
        (b"bytes".to_vec(), b"bytes".to_vec())
    );
    assert_eq!(
        world
            .json(&["ls", "-r", &cos("")])
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

// seed: S84, S101, S102, S91
#[test]
fn a_part_copy_answers_its_tag_and_time() {
    let case = Case::new();
    let part = case.part("1", &["--copy-source-range", "bytes=0-9"]);
    // The MD5 of `0123456789`.
    assert_eq!(text(&part, "ETag"), "\"781e5e245d69b566979b86e28d23f2c7\"");
    assert!(text(&part, "LastModified").ends_with('Z'));
    let listed = &case.parts()[0];
    assert_eq!(
        (&listed["PartNumber"], &listed["Size"]),
        (&"1".into(), &10.into())
    );
    assert_eq!(listed["ETag"], part["ETag"]);
    case.complete(&[&format!("1:{}", text(&part, "ETag"))]);
    assert_eq!(case.world.bytes("target"), b"0123456789");
}

// seed: S87
#[test]
fn a_part_may_come_from_an_earlier_version() {
    let case = Case::new();
    case.world
        .api("put-bucket-versioning", &["--status", "Enabled"]);
    let file = case.world.file("s", "older");
    let old = case.world.json(&["cp", &file, &cos("source")]);
    case.world.put("source", "newer and longer");
    let id = text(&old, "VersionId");
    case.part("1", &["--copy-source-version-id", id]);
    assert_eq!(case.parts()[0]["Size"], 5);
}

// seed: S88
#[test]
fn part_numbers_are_1_to_10000() {
    let case = Case::new();
    case.part("1", &[]);
    case.part("10000", &[]);
    let before = case.parts();
    for bad in ["0", "10001", "-1", "one", ""] {
        let told = case.part_refused(2, bad, &[]);
        assert_eq!(told["kind"], "usage", "{bad}");
    }
    assert_eq!(case.parts(), before);
}

// seed: S89, S108
#[test]
fn an_unknown_aborted_or_completed_upload_is_404() {
    let case = Case::new();
    let part = case.part("1", &[]);
    let listed = format!("1:{}", text(&part, "ETag"));
    case.complete(&[&listed]);
    let gone = case.world.api("multipart-init", &["--key", "target"]);
    let gone = text(&gone, "UploadId").to_owned();
    case.world.api(
        "multipart-abort",
        &["--key", "target", "--upload-id", &gone],
    );
    for id in ["exampleUploadId", gone.as_str(), case.upload.as_str()] {
        let told = case.world.api_refused(
            3,
            "upload-part-copy",
            &[
                "--key",
                "target",
                "--upload-id",
                id,
                "--part-number",
                "1",
                "--copy-source",
                &cos("source"),
            ],
        );
        assert_eq!(
            (&told["statusCode"], &told["code"]),
            (&404.into(), &"NoSuchUpload".into())
        );
        assert_eq!(told["kind"], "notFound");
    }
    let told = case.world.api_refused(
        3,
        "multipart-complete",
        &[
            "--key",
            "target",
            "--upload-id",
            "exampleUploadId",
            "--part",
            "1:exampleETag",
        ],
    );
    assert_eq!(
        (&told["statusCode"], &told["code"]),
        (&404.into(), &"NoSuchUpload".into())
    );
}

// seed: S90, S92
#[test]
fn ranges_have_both_ends_and_none_is_the_whole_object() {
    let case = Case::new();
    case.part("1", &[]);
    case.part("2", &["--copy-source-range", "bytes=10-12"]);
    let sizes = |parts: &Value| {
        parts
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["Size"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(sizes(&case.parts()), [13, 3]);
    for bad in ["bytes=5-", "bytes=-5", "0-9", "text", "bytes=9-0"] {
        assert_eq!(
            case.part_refused(2, "3", &["--copy-source-range", bad])["kind"],
            "usage",
            "{bad}"
        );
    }
    let told = case.part_refused(1, "3", &["--copy-source-range", "bytes=0-13"]);
    assert_eq!(told["statusCode"], 400);
    assert_eq!(sizes(&case.parts()), [13, 3]);
}

// seed: S103, S109
#[test]
fn before_the_complete_the_object_is_not_there() {
    let case = Case::new();
    let part = case.part("1", &[]);
    assert!(!case.world.has("target"));
    case.complete(&[&format!("1:{}", text(&part, "ETag"))]);
    assert!(case.world.has("target"));
}

// seed: S104, S112, S113, S114
#[test]
fn the_list_of_parts_is_verified_and_etags_may_be_quoted_or_not() {
    let case = Case::new();
    case.world.put("source", noise(1 << 20));
    let second = case.part("2", &["--copy-source-range", "bytes=0-4"]);
    let first = case.part("1", &[]);
    let (first, second) = (text(&first, "ETag"), text(&second, "ETag"));
    for (bad, code) in [
        (
            vec!["1:00000000000000000000000000000000".to_owned()],
            "InvalidPart",
        ),
        (vec![format!("3:{first}")], "InvalidPart"),
        (
            vec![format!("2:{second}"), format!("1:{first}")],
            "InvalidPartOrder",
        ),
    ] {
        let flags: Vec<&str> = bad
            .iter()
            .flat_map(|part| ["--part", part.as_str()])
            .collect();
        let told = case
            .world
            .api_refused(1, "multipart-complete", &case.flags(&flags));
        assert_eq!(
            (&told["statusCode"], text(&told, "code")),
            (&400.into(), code)
        );
    }
    let told = case
        .world
        .api_refused(2, "multipart-complete", &case.flags(&[]));
    assert!(text(&told, "error").contains("--part"), "{told}");
    let list = format!(
        r#"[{{"PartNumber":"1","ETag":"{}"}},{{"PartNumber":2,"ETag":{}}}]"#,
        first.trim_matches('"'),
        serde_json::json!(second)
    );
    let path = case.world.file("parts.json", list);
    case.world
        .api("multipart-complete", &case.flags(&["--parts-json", &path]));
    let bytes = case.world.bytes("target");
    assert_eq!(
        (bytes.len(), &bytes[1 << 20..]),
        ((1 << 20) + 5, &noise(1 << 20)[..5])
    );
}

// seed: S111
#[test]
fn a_complete_needs_the_upload_id() {
    let case = Case::new();
    let told = case.world.api_refused(
        2,
        "multipart-complete",
        &["--key", "target", "--part", "1:aa"],
    );
    assert!(text(&told, "error").contains("--upload-id"), "{told}");
}

// seed: S117, S118, S119, S120
#[test]
fn a_complete_prints_the_seeds_fields() {
    let case = Case::new();
    case.world.put("source", noise(1 << 20));
    let tags: Vec<String> = ["1", "2", "3"]
        .iter()
        .map(|n| format!("{n}:{}", text(&case.part(n, &[]), "ETag")))
        .collect();
    case.part("4", &[]);
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let done = case.complete(&tags);
    assert_eq!(
        (text(&done, "Bucket"), text(&done, "Key")),
        (BUCKET, "target")
    );
    assert!(text(&done, "ETag").ends_with("-3\""), "{done}");
    assert_eq!(done["ETag"], case.world.stat("target")["ETag"]);
    assert!(text(&done, "Location").ends_with("/target"), "{done}");
    assert_eq!(done["statusCode"], 200);
}

// seed: S117
#[test]
fn the_location_of_a_result_gives_the_bytes() {
    let world = World::with_bucket();
    world.put("source", "bytes");
    let server = world.serve();
    let key: Value =
        serde_json::from_slice(&std::fs::read(world.data().join("root-key.json")).unwrap())
            .unwrap();
    let world = world
        .set("COSETTE_ENDPOINT", &server.url)
        .set("COSETTE_SECRET_ID", text(&key, "secret_id"))
        .set("COSETTE_SECRET_KEY", text(&key, "secret_key"));
    let begun = world.api(
        "multipart-init",
        &["--key", "a/中 1", "--acl", "public-read"],
    );
    let id = text(&begun, "UploadId");
    let part = world.api(
        "upload-part-copy",
        &[
            "--key",
            "a/中 1",
            "--upload-id",
            id,
            "--part-number",
            "1",
            "--copy-source",
            &cos("source"),
        ],
    );
    let part = format!("1:{}", text(&part, "ETag"));
    let done = world.api(
        "multipart-complete",
        &["--key", "a/中 1", "--upload-id", id, "--part", &part],
    );
    assert_eq!(crate::network::get(text(&done, "Location")), "bytes");
}
