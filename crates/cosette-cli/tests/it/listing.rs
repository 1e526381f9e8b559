//! `ls`, `rm`, `stat`, `mb` and `rb`.

use crate::world::{BUCKET, World, cos, text};

fn with_keys(keys: &[&str]) -> World {
    let world = World::with_bucket();
    for key in keys {
        world.put(key, key);
    }
    world
}

fn lines(world: &World, args: &[&str]) -> Vec<String> {
    world.ok(args).stdout.lines().map(str::to_owned).collect()
}

#[test]
fn a_listing_is_folded_at_slashes_or_is_not() {
    let world = with_keys(&["a", "p/1", "p/q/2", "p2", "z"]);
    assert_eq!(lines(&world, &["ls", &cos("")]), ["a", "p/", "p2", "z"]);
    assert_eq!(lines(&world, &["ls", &cos("p/")]), ["p/1", "p/q/"]);
    assert_eq!(lines(&world, &["ls", "-r", &cos("p")]), ["p/1", "p/q/2"]);
    assert_eq!(lines(&world, &["ls", &cos("p*")]), ["p/", "p2"]);
    assert_eq!(
        lines(&world, &["ls", "-r", &cos("p*")]),
        ["p/1", "p/q/2", "p2"]
    );
    assert_eq!(lines(&world, &["ls"]), [format!("cos://{BUCKET}")]);
    let long = lines(&world, &["ls", "-l", &cos("a")]);
    assert!(
        long[0].contains("1 B") && long[0].contains("STANDARD") && long[0].ends_with(" a"),
        "{long:?}"
    );
}

#[test]
fn a_bare_name_is_the_object_and_its_folder_only() {
    let world = with_keys(&["p", "p-1", "p.txt", "p/1", "p0", "pq"]);
    assert_eq!(lines(&world, &["ls", &cos("p")]), ["p", "p/"]);
    assert_eq!(lines(&world, &["ls", &cos("p.txt")]), ["p.txt"]);
    assert_eq!(world.run(&["ls", &cos("none")]).code, 3);
    assert_eq!(world.run(&["ls", "cos://none-1250000000"]).code, 3);
}

#[test]
fn versions_and_delete_markers_are_listed_and_removed_for_good() {
    let world = with_keys(&["a"]);
    world.api("put-bucket-versioning", &["--status", "Enabled"]);
    world.put("a", "two");
    world.ok(&["rm", &cos("a")]);
    assert!(!world.has("a"));
    let listed = world.json(&["ls", "--versions", &cos("a")]);
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 3);
    let marker = listed
        .iter()
        .find(|entry| entry["DeleteMarker"] == true)
        .unwrap();
    world.ok(&["rm", &cos("a"), "--version-id", text(marker, "VersionId")]);
    assert_eq!(world.bytes("a"), b"two");
    world.ok(&["rm", "-r", "--versions", &cos("a*")]);
    assert_eq!(
        world.json(&["ls", "--versions", "-r", &cos("")]),
        serde_json::json!([])
    );
}

#[test]
fn rm_takes_what_was_named_and_no_more() {
    let world = with_keys(&["p", "p/1", "p/2", "p2"]);
    world.ok(&["rm", "-r", &cos("p")]);
    assert_eq!(lines(&world, &["ls", "-r", &cos("")]), ["p", "p2"]);
    assert_eq!(world.refused(2, &["rm", &cos("")])["kind"], "usage");
    world.ok(&["rm", &cos("p"), &cos("p2")]);
    assert!(lines(&world, &["ls", "-r", &cos("")]).is_empty());
}

#[test]
fn a_bucket_is_removed_only_when_it_is_empty_or_by_force() {
    let world = with_keys(&["a", "b"]);
    world.api("multipart-init", &["--key", "c"]);
    let told = world.refused(5, &["rb", &cos("")]);
    assert_eq!(told["code"], "BucketNotEmpty");
    world.api("put-bucket-versioning", &["--status", "Enabled"]);
    world.ok(&["rm", &cos("a")]);
    world.ok(&["rb", "--force", &cos("")]);
    assert!(lines(&world, &["ls"]).is_empty());
    assert_eq!(world.refused(3, &["rb", &cos("")])["code"], "NoSuchBucket");
}

#[test]
fn stat_of_a_bucket_tells_region_versioning_and_acl() {
    let world = World::new();
    world.ok(&[
        "mb",
        "cos://north-1250000000",
        "--region",
        "ap-beijing",
        "--acl",
        "public-read",
    ]);
    let facts = world.json(&["stat", "cos://north-1250000000"]);
    assert_eq!(
        (text(&facts, "Region"), text(&facts, "Versioning")),
        ("ap-beijing", "never enabled")
    );
    assert!(facts["Grants"].to_string().contains("AllUsers"), "{facts}");
    let told = world.refused(5, &["mb", "cos://north-1250000000"]);
    assert_eq!(told["statusCode"], 409);
}

#[test]
fn every_raw_operation_answers() {
    let world = with_keys(&["a", "b"]);
    let file = world.file("part", "bytes");
    for (operation, flags) in [
        ("head-bucket", &[][..]),
        ("get-bucket-acl", &[]),
        ("put-bucket-acl", &["--acl", "private"]),
        ("get-bucket-versioning", &[]),
        ("put-bucket-versioning", &["--status", "Suspended"]),
        ("get-bucket", &["--delimiter", "/", "--max-keys", "1"]),
        ("list-object-versions", &["--prefix", "a"]),
        ("list-multipart-uploads", &[]),
        ("head-object", &["--key", "a"]),
        ("get-object", &["--key", "a", "--range", "bytes=0-0"]),
        ("put-object-acl", &["--key", "a", "--acl", "private"]),
        ("get-object-acl", &["--key", "a"]),
        ("put-object", &["--key", "c", "--file", &file]),
        ("rename-object", &["--key", "d", "--rename-source", "c"]),
        ("delete-multiple-objects", &["--key", "b", "--key", "d"]),
    ] {
        let answer = world.api(operation, flags);
        assert!(
            answer["statusCode"].as_u64().unwrap() < 300,
            "{operation}: {answer}"
        );
        assert!(
            answer["headers"]["x-cos-request-id"].is_string(),
            "{operation}"
        );
    }
    assert_eq!(lines(&world, &["ls", "-r", &cos("")]), ["a"]);
    let service = world.json(&["api", "get-service"]);
    assert_eq!(service["Buckets"][0]["Name"], BUCKET);
    let begun = world.api("multipart-init", &["--key", "m"]);
    let id = text(&begun, "UploadId");
    let part = world.api(
        "upload-part",
        &[
            "--key",
            "m",
            "--upload-id",
            id,
            "--part-number",
            "1",
            "--file",
            &file,
        ],
    );
    assert!(text(&part, "ETag").starts_with('"'));
    world.api("multipart-abort", &["--key", "m", "--upload-id", id]);
    world.ok(&["rm", &cos("a")]);
    let made = world.json(&["api", "put-bucket", "--bucket", "new-1250000000"]);
    assert_eq!(made["statusCode"], 200);
    world.json(&["api", "delete-bucket", "--bucket", "new-1250000000"]);
}
