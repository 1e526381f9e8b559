//! Storage classes: given, by default, and changed in place.

use crate::world::{BUCKET, World, cos, noise, text};

fn class_of(world: &World, key: &str) -> String {
    text(&world.stat(key), "StorageClass").to_owned()
}

// seed: S37, S76
#[test]
fn each_class_is_what_stat_and_the_listing_show() {
    let world = World::with_bucket();
    world.put("s", "bytes");
    for class in ["STANDARD", "STANDARD_IA", "ARCHIVE"] {
        world.api(
            "put-object-copy",
            &[
                "--key",
                "t",
                "--copy-source",
                &cos("s"),
                "--storage-class",
                class,
            ],
        );
        assert_eq!(class_of(&world, "t"), class);
        let listed = world.api("get-bucket", &["--prefix", "t"]);
        assert_eq!(listed["Contents"][0]["StorageClass"], class);
        world.ok(&["cp", &cos("s"), &cos("u"), "--storage-class", class]);
        assert_eq!(class_of(&world, "u"), class);
        let begun = world.api("multipart-init", &["--key", "v", "--storage-class", class]);
        let id = text(&begun, "UploadId");
        let part = world.api(
            "upload-part-copy",
            &[
                "--key",
                "v",
                "--upload-id",
                id,
                "--part-number",
                "1",
                "--copy-source",
                &cos("s"),
            ],
        );
        let part = format!("1:{}", text(&part, "ETag"));
        world.api(
            "multipart-complete",
            &["--key", "v", "--upload-id", id, "--part", &part],
        );
        assert_eq!(class_of(&world, "v"), class);
    }
    let told = world.api_refused(
        2,
        "put-object-copy",
        &[
            "--key",
            "t",
            "--copy-source",
            &cos("s"),
            "--storage-class",
            "COLD",
        ],
    );
    assert!(text(&told, "error").contains("STANDARD_IA"), "{told}");
    // A class that only services of S3 have is refused before anything is sent to one of COS.
    let before = world.everything();
    let file = world.file("f", "bytes");
    let (old, new) = (cos("s"), cos("new"));
    for words in [
        &["cp", &file, &new][..],
        &["cp", &old, &new],
        &["mv", &old, &new],
        &["cp", "-r", &cos(""), "cos://other-1250000000/"],
        &["api", "multipart-init", "--bucket", BUCKET, "--key", "x"],
    ] {
        let words = [words, &["--storage-class", "GLACIER_IR"]].concat();
        let told = world.refused(2, &words);
        assert!(text(&told, "error").contains("S3 dialect"), "{told}");
    }
    assert_eq!(world.everything(), before);
}

// seed: S38, S77
#[test]
fn the_raw_requests_make_standard_objects_and_cp_and_mv_keep_the_class() {
    let world = World::with_bucket();
    let file = world.file("s", "bytes");
    world.ok(&["cp", &file, &cos("s"), "--storage-class", "STANDARD_IA"]);
    world.api(
        "put-object-copy",
        &["--key", "raw", "--copy-source", &cos("s")],
    );
    assert_eq!(class_of(&world, "raw"), "STANDARD");
    let begun = world.api("multipart-init", &["--key", "parts"]);
    let listed = world.api(
        "list-parts",
        &["--key", "parts", "--upload-id", text(&begun, "UploadId")],
    );
    assert_eq!(
        text(&listed, "StorageClass").to_ascii_uppercase(),
        "STANDARD"
    );
    world.ok(&["cp", &cos("s"), &cos("copied")]);
    assert_eq!(class_of(&world, "copied"), "STANDARD_IA");
    world.ok(&["mv", &cos("s"), &cos("moved")]);
    assert_eq!(class_of(&world, "moved"), "STANDARD_IA");
    let says = |args: &[&str]| world.ok(args).stdout.replace("\n", " ");
    assert!(says(&["cp", "--help"]).contains("Metadata and storage class are kept"));
    assert!(says(&["mv", "--help"]).contains("Metadata and storage class go along"));
    assert!(
        says(&["api", "put-object-copy", "--help"]).contains("STANDARD, whatever the source's is")
    );
}

// seed: S60
#[test]
fn the_class_changes_in_place_also_a_second_time() {
    let world = World::with_bucket();
    let file = world.file("s", "bytes");
    world.ok(&["cp", &file, &cos("s"), "--meta", "a:1"]);
    let before = world.stat("s");
    for directive in [&[][..], &["--metadata-directive", "Copy"], &[]] {
        let source = cos("s");
        let flags = [
            "--key",
            "s",
            "--copy-source",
            &source,
            "--storage-class",
            "STANDARD_IA",
        ];
        world.api("put-object-copy", &[&flags[..], directive].concat());
        world.ok(&["cp", &source, &source, "--storage-class", "STANDARD_IA"]);
        let after = world.stat("s");
        assert_eq!(after["StorageClass"], "STANDARD_IA");
        for same in ["ETag", "CRC64", "Metadata", "Size"] {
            assert_eq!(after[same], before[same]);
        }
    }
}

// seed: S61, S62
#[test]
fn the_sample_archives_a_root_key_which_then_needs_a_restore() {
    let world = World::with_bucket();
    world.put("1.jpg", "bytes");
    world.ok(&[
        "cp",
        &cos("1.jpg"),
        &cos("1.jpg"),
        "--storage-class",
        "ARCHIVE",
    ]);
    assert_eq!(class_of(&world, "1.jpg"), "ARCHIVE");
    let told = world.refused(8, &["cp", &cos("1.jpg"), &cos("2.jpg")]);
    assert_eq!(
        (&told["statusCode"], &told["code"]),
        (&403.into(), &"InvalidObjectState".into())
    );
    assert_eq!(told["kind"], "archived");
    assert!(text(&told, "error").contains("restore"), "{told}");
    assert!(!world.has("2.jpg"));
    let told = world.refused(8, &["cat", &cos("1.jpg")]);
    assert_eq!(told["kind"], "archived");
    let told = world.run(&["cp", &cos("1.jpg"), "here"]);
    assert!(
        told.code == 8 && told.stderr.contains("restore"),
        "{}",
        told.stderr
    );
    assert!(!world.path("here").exists());
}

// seed: S63
#[test]
fn the_class_changes_in_place_below_and_above_the_slice_size() {
    let world = World::with_bucket();
    let bytes = noise(2 << 20);
    world.put("s", &bytes);
    world.ok(&[
        "cp",
        &cos("s"),
        &cos("s"),
        "--storage-class",
        "STANDARD_IA",
        "--slice-size",
        "2MiB",
    ]);
    assert_eq!(class_of(&world, "s"), "STANDARD_IA");
    let done = world.json(&[
        "cp",
        &cos("s"),
        &cos("s"),
        "--storage-class",
        "INTELLIGENT_TIERING",
        "--slice-size",
        "1MiB",
    ]);
    assert_eq!(done["Parts"], 2);
    assert_eq!(class_of(&world, "s"), "INTELLIGENT_TIERING");
    assert_eq!(world.bytes("s"), bytes);
    assert_eq!(
        world
            .json(&["ls", "-r", &format!("cos://{BUCKET}")])
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
