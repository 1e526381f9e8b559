//! Copies of one object, by `cp` and by the raw request.

use crate::world::{BUCKET, World, cos, noise, text};

const SOURCE: &str = "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg";

// seed: S01, S03, S08, S13, S40
#[test]
fn the_sample_copies_one_object_in_one_bucket() {
    let world = World::with_bucket();
    world.put("a/1.jpg", "picture");
    let copied = world.api(
        "put-object-copy",
        &[
            "--region",
            "ap-guangzhou",
            "--key",
            "b/1.jpg",
            "--copy-source",
            SOURCE,
        ],
    );
    assert_eq!(copied["statusCode"], 200);
    assert_eq!(world.bytes("b/1.jpg"), b"picture");
    assert!(world.has("a/1.jpg"));
    world.ok(&["cp", &cos("a/1.jpg"), &cos("c/1.jpg")]);
    world.ok(&["cp", SOURCE, &cos("d/")]);
    assert_eq!(world.bytes("c/1.jpg"), world.bytes("d/1.jpg"));
}

// seed: S02
#[test]
fn a_multipart_copy_is_three_raw_calls() {
    let world = World::with_bucket();
    let bytes = noise(3 << 20);
    world.put("source", &bytes);
    let begun = world.api("multipart-init", &["--key", "target"]);
    let id = text(&begun, "UploadId");
    let mut flags = vec![
        "--key".to_owned(),
        "target".to_owned(),
        "--upload-id".to_owned(),
        id.to_owned(),
    ];
    for (number, range) in [("1", "bytes=0-1048575"), ("2", "bytes=1048576-3145727")] {
        let part = world.api(
            "upload-part-copy",
            &[
                "--key",
                "target",
                "--upload-id",
                id,
                "--part-number",
                number,
                "--copy-source",
                &cos("source"),
                "--copy-source-range",
                range,
            ],
        );
        flags.extend([
            "--part".to_owned(),
            format!("{number}:{}", text(&part, "ETag")),
        ]);
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    world.api("multipart-complete", &flags);
    assert_eq!(world.bytes("target"), bytes);
    let [source, target] = ["source", "target"].map(|key| world.stat(key));
    assert_eq!(
        (&source["CRC64"], &source["Size"]),
        (&target["CRC64"], &target["Size"])
    );
}

// seed: S05
#[test]
fn a_copy_has_the_properties_of_its_source() {
    let world = World::with_bucket();
    let path = world.file("page", "<p>");
    world.ok(&[
        "cp",
        &path,
        &cos("a"),
        "--cache-control",
        "max-age=60",
        "--content-disposition",
        "attachment; filename=\"p.html\"",
        "--content-encoding",
        "identity",
        "--content-language",
        "de",
        "--content-type",
        "text/html",
        "--expires",
        "Fri, 10 Apr 2020 18:17:25 GMT",
        "--meta",
        "author:ann",
        "--meta",
        "Note:a b",
        "--storage-class",
        "STANDARD_IA",
    ]);
    world.ok(&["cp", &cos("a"), &cos("b")]);
    let [mut source, mut target] = ["a", "b"].map(|key| world.stat(key));
    for value in [&mut source, &mut target] {
        let object = value.as_object_mut().unwrap();
        // Its own are the key, the time, and what is of the one request.
        for own in ["Key", "LastModified", "headers"] {
            object.remove(own).unwrap();
        }
    }
    assert_eq!(source, target);
    assert_eq!(source["Metadata"]["note"], "a b");
    assert_eq!(source["StorageClass"], "STANDARD_IA");
}

// seed: S09, S11
#[test]
fn regions_of_source_and_target_are_independent() {
    let world = World::new();
    world.ok(&["mb", "cos://south-1250000000", "--region", "ap-guangzhou"]);
    world.ok(&["mb", "cos://north-1250000000", "--region", "ap-beijing"]);
    let file = world.file("a", "from the south");
    world.ok(&[
        "cp",
        &file,
        "cos://south-1250000000/a",
        "--region",
        "ap-guangzhou",
    ]);
    world.ok(&[
        "cp",
        "cos://south-1250000000/a",
        "cos://north-1250000000/b",
        "--source-region",
        "ap-guangzhou",
        "--region",
        "ap-beijing",
    ]);
    world.ok(&[
        "cp",
        "north-1250000000.cos.ap-beijing.myqcloud.com/b",
        "cos://south-1250000000/c",
        "--region",
        "ap-guangzhou",
    ]);
    let back = world.ok(&["cat", "cos://south-1250000000/c"]);
    assert_eq!(back.stdout, "from the south");
    // Without regions the folder knows where its buckets are.
    world.ok(&["cp", "cos://north-1250000000/b", "cos://south-1250000000/d"]);
    // A host that names another region than the bucket is in does not find it.
    let wrong = world.refused(
        3,
        &["stat", "cos://south-1250000000/a", "--region", "ap-beijing"],
    );
    assert_eq!(wrong["kind"], "notFound");
    let raw = world.json(&[
        "api",
        "put-object-copy",
        "--bucket",
        "north-1250000000",
        "--key",
        "e",
        "--region",
        "ap-beijing",
        "--copy-source",
        "south-1250000000.cos.ap-guangzhou.myqcloud.com/a",
    ]);
    assert_eq!(raw["statusCode"], 200);
}

// seed: S11
#[test]
fn tencent_cloud_needs_a_region_before_anything_is_sent() {
    let world = World::new()
        .set("COSETTE_SECRET_ID", "AKIDx")
        .set("COSETTE_SECRET_KEY", "x");
    let told = world.refused(2, &["stat", &cos("a"), "--endpoint", "cos"]);
    assert!(text(&told, "error").contains("--region"), "{told}");
    let told = world.refused(2, &["stat", &cos("a"), "--region", "", "--endpoint", "cos"]);
    assert_eq!(told["kind"], "usage");
}

// seed: S12
#[test]
fn keys_are_unique_and_a_second_write_replaces_the_first() {
    let world = World::with_bucket();
    for key in ["1.jpg", "a/b/test.txt"] {
        world.put(key, "first");
        world.put(key, "second");
        assert_eq!(world.bytes(key), b"second");
    }
    let listed = world.json(&["ls", "-r", &cos("")]);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let told = world.refused(2, &["api", "head-object", "--bucket", BUCKET, "--key", ""]);
    assert_eq!(told["kind"], "usage");
}

// seed: S14
#[test]
fn chinese_names_and_blanks_are_written_plainly() {
    let world = World::with_bucket();
    for (key, bytes) in [
        ("a/中文 1.jpg", "1"),
        ("a+b%20?&=#", "2"),
        ("表😀//./x", "3"),
    ] {
        world.put(key, bytes);
        world.ok(&["cp", &cos(key), &cos("copy")]);
        assert_eq!(world.bytes("copy"), bytes.as_bytes(), "{key}");
    }
    // The full form is an address: there the key is escaped, by either spelling of the slash.
    for escaped in [
        "a/%E4%B8%AD%E6%96%87%201.jpg",
        "a%2F%E4%B8%AD%E6%96%87%201.jpg",
    ] {
        let source = format!("{BUCKET}.cos.ap-guangzhou.myqcloud.com/{escaped}");
        world.api(
            "put-object-copy",
            &["--key", "copy", "--copy-source", &source],
        );
        assert_eq!(world.bytes("copy"), b"1");
    }
}

// seed: S13, S86
#[test]
fn an_empty_or_malformed_source_sends_nothing() {
    let world = World::with_bucket();
    let before = world.everything();
    for bad in [
        "",
        "cos://",
        "cos://examplebucket/a",
        "nothing",
        &cos(""),
        "x.cos.ap-beijing.myqcloud.com/a",
    ] {
        let told = world.api_refused(2, "put-object-copy", &["--key", "b", "--copy-source", bad]);
        assert_eq!(told["kind"], "usage", "{bad}");
    }
    assert_eq!(world.everything(), before);
}

// seed: S15, S124
#[test]
fn a_version_of_the_source_is_named_by_flag_or_in_the_full_form() {
    let world = World::with_bucket();
    world.api("put-bucket-versioning", &["--status", "Enabled"]);
    let path = world.file("v", "old");
    let old = world.json(&["cp", &path, &cos("a"), "--meta", "age:old"]);
    let id = text(&old, "VersionId").to_owned();
    world.put("a", "new and longer");
    let full = format!("{BUCKET}.cos.ap-guangzhou.myqcloud.com/a?versionId={id}");
    world.ok(&["cp", &cos("a"), &cos("by-flag"), "--version-id", &id]);
    world.ok(&["cp", &full, &cos("by-name")]);
    world.api("put-object-copy", &["--key", "raw", "--copy-source", &full]);
    world.api(
        "put-object-copy",
        &[
            "--key",
            "raw-flag",
            "--copy-source",
            &cos("a"),
            "--copy-source-version-id",
            &id,
        ],
    );
    for key in ["by-flag", "by-name", "raw", "raw-flag"] {
        assert_eq!(world.bytes(key), b"old", "{key}");
        assert_eq!(world.stat(key)["Metadata"]["age"], "old");
    }
    let unknown = "MTg0NDY3NDI1MzAzODkyMjU2MTQ";
    let told = world.run(&["cp", &cos("a"), &cos("none"), "--version-id", unknown]);
    assert_ne!(told.code, 0);
    assert!(!world.has("none"));
}

// seed: S16
#[test]
fn the_source_may_lie_in_another_bucket() {
    let world = World::with_bucket();
    world.ok(&["mb", "cos://sourcebucket-1250000000"]);
    let file = world.file("a", "elsewhere");
    world.ok(&["cp", &file, "cos://sourcebucket-1250000000/a/1.jpg"]);
    world.ok(&[
        "cp",
        "cos://sourcebucket-1250000000/a/1.jpg",
        &cos("b/1.jpg"),
    ]);
    assert_eq!(world.bytes("b/1.jpg"), b"elsewhere");
}
