//! Moves: one request where the service has it, elsewhere a copy that is proved, then a deletion of exactly
//! what was copied.

use crate::world::{BUCKET, World, cos, noise, text};

// seed: S07, S51, S53
#[test]
fn after_a_move_the_old_identifier_is_gone_and_the_new_one_gives_the_bytes() {
    let world = World::with_bucket();
    let file = world.file("s", "bytes");
    world.ok(&[
        "cp",
        &file,
        &cos("a/1.jpg"),
        "--meta",
        "author:ann",
        "--storage-class",
        "STANDARD_IA",
    ]);
    let before = world.stat("a/1.jpg");
    let done = world.json(&["mv", &cos("a/1.jpg"), &cos("b/1.jpg")]);
    assert_eq!(done["Moved"], true);
    assert!(!world.has("a/1.jpg"));
    let after = world.stat("b/1.jpg");
    for same in [
        "ETag",
        "CRC64",
        "Metadata",
        "StorageClass",
        "ContentType",
        "Size",
    ] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(world.bytes("b/1.jpg"), b"bytes");
}

// seed: S52
#[test]
fn a_move_needs_nothing_but_copy_and_delete() {
    let world = World::with_bucket();
    world.put("a", "bytes");
    let server = world.serve();
    let url = server.url.clone();
    let key: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.data().join("root-key.json")).unwrap())
            .unwrap();
    let words = [
        "mv",
        &cos("a"),
        &cos("b"),
        "--copy-delete",
        "--endpoint",
        &url,
    ];
    let mut command = world.command(&words);
    command.env("COSETTE_SECRET_ID", text(&key, "secret_id"));
    command.env("COSETTE_SECRET_KEY", text(&key, "secret_key"));
    assert!(command.output().unwrap().status.success());
    assert_eq!(server.stop(), Some(0));
    let log = std::fs::read_to_string(world.path("access.log")).unwrap();
    assert!(
        log.contains("PutObjectCopy") && log.contains("DeleteObject"),
        "{log}"
    );
    assert!(
        !log.contains("MoveObject") && !log.to_lowercase().contains("rename"),
        "{log}"
    );
    let order = |word: &str| log.find(word).unwrap();
    assert!(
        order("\"PutObjectCopy\"") < order("\"DeleteObject\""),
        "{log}"
    );
}

#[test]
fn a_server_deletes_what_was_copied_and_nothing_else_whichever_host_is_used() {
    // With a region the hosts are those of COS, without one the path names the bucket.
    for region in [&[][..], &["--region", "ap-guangzhou"]] {
        let world = World::with_bucket();
        world.put("p/a", "bytes");
        world.put("q/a", "bytes");
        let server = world.serve();
        let url = server.url.clone();
        let key = std::fs::read(world.data().join("root-key.json")).unwrap();
        let key: serde_json::Value = serde_json::from_slice(&key).unwrap();
        for words in [
            &["mv", &cos("p/a"), &cos("b")][..],
            &["mv", "-r", "--no-preflight", &cos("q/"), &cos("r/")],
        ] {
            let more = ["--copy-delete", "--endpoint", &url];
            let mut command = world.command(&[words, region, &more].concat());
            command.env("COSETTE_SECRET_ID", text(&key, "secret_id"));
            command.env("COSETTE_SECRET_KEY", text(&key, "secret_key"));
            assert!(command.output().unwrap().status.success());
        }
        assert_eq!(server.stop(), Some(0));
        let log = std::fs::read_to_string(world.path("access.log")).unwrap();
        let count = |operation: &str| log.matches(&format!("\"{operation}\"")).count();
        // Each command asks once; then no source is looked at again before it is deleted.
        assert_eq!(count("GetCapabilities"), 2, "{region:?} {log}");
        assert_eq!(count("DeleteObject"), 2, "{region:?} {log}");
        let heads = |key: &str| {
            let of = |line: &&str| line.contains("\"HeadObject\"") && line.contains(key);
            log.lines().filter(of).count()
        };
        assert!(heads("p/a") <= 1 && heads("q/a") <= 1, "{region:?} {log}");
    }
}

// seed: S52
#[test]
fn a_move_within_a_bucket_is_one_request_where_the_service_has_it() {
    let world = World::with_bucket();
    let file = world.file("s", "bytes");
    // An ACL of its own goes along only where that is asked for, as with a copy.
    for key in ["a", "p/a", "q/a", "r/a"] {
        world.ok(&["cp", &file, &cos(key), "--acl", "public-read"]);
    }
    let server = world.serve();
    let url = server.url.clone();
    let key = std::fs::read(world.data().join("root-key.json")).unwrap();
    let key: serde_json::Value = serde_json::from_slice(&key).unwrap();
    let run = |words: &[&str]| {
        let mut command = world.command(&[words, &["--endpoint", &url]].concat());
        command.env("COSETTE_SECRET_ID", text(&key, "secret_id"));
        command.env("COSETTE_SECRET_KEY", text(&key, "secret_key"));
        let ran = command.output().unwrap();
        assert!(ran.status.success(), "{words:?} {ran:?}");
    };
    run(&["mv", &cos("a"), &cos("b")]);
    run(&["mv", "-r", &cos("p/"), &cos("moved/p/")]);
    run(&["mv", "-r", &cos("q/"), &cos("moved/q/"), "--copy-acl"]);
    run(&["mv", "-r", &cos("r/"), &cos("moved/r/"), "--acl", "private"]);
    assert_eq!(server.stop(), Some(0));
    let log = std::fs::read_to_string(world.path("access.log")).unwrap();
    let count = |operation: &str| log.matches(&format!("\"{operation}\"")).count();
    let asked = ["RenameObject", "PutObjectCopy", "GetObjectACL"].map(count);
    assert_eq!(asked, [4, 0, 0], "{log}");
    let deletes =
        |line: &&str| line.contains("\"DeleteObject\"") && line.contains("\"status\":204");
    assert_eq!(log.lines().filter(deletes).count(), 0, "{log}");
    let public = |key: &str| {
        let acl = world.api("get-object-acl", &["--key", key]).to_string();
        acl.contains("AllUsers")
    };
    let there = ["b", "moved/p/a", "moved/q/a", "moved/r/a"].map(public);
    assert_eq!(there, [false, false, true, false]);
    for gone in ["a", "p/a", "q/a", "r/a"] {
        assert!(!world.has(gone), "{gone}");
    }
}

// seed: S54, S57
#[test]
fn the_sample_as_two_raw_calls() {
    let world = World::with_bucket();
    world.put("a/1.jpg", "bytes");
    world.api(
        "put-object-copy",
        &["--key", "b/1.jpg", "--copy-source", &cos("a/1.jpg")],
    );
    let deleted = world.api("delete-object", &["--key", "a/1.jpg"]);
    assert_eq!(deleted["statusCode"], 204);
    assert!(!world.has("a/1.jpg") && world.has("b/1.jpg"));
    world.ok(&["rm", &cos("b/1.jpg")]);
    assert!(!world.has("b/1.jpg"));
    // As the service has it, removing what is not there is no error.
    world.ok(&["rm", &cos("b/1.jpg")]);
    let told = world.refused(2, &["api", "delete-object", "--bucket", BUCKET]);
    assert!(text(&told, "error").contains("--key"), "{told}");
}

// seed: S55
#[test]
fn if_the_copy_fails_nothing_is_deleted() {
    let world = World::with_bucket();
    world.put("a", "bytes");
    let told = world.refused(3, &["mv", &cos("a"), "cos://none-1250000000/a"]);
    assert_eq!(told["code"], "NoSuchBucket");
    assert_eq!(world.bytes("a"), b"bytes");
    world.refused(3, &["mv", &cos("none"), &cos("b")]);
    assert!(!world.has("b"));
    world.ok(&["cp", &cos("a"), &cos("a"), "--storage-class", "ARCHIVE"]);
    // It must be restored before it is copied; its name can be changed as it is.
    world.refused(8, &["mv", &cos("a"), &cos("b"), "--copy-delete"]);
    assert!(world.has("a") && !world.has("b"));
    world.ok(&["mv", &cos("a"), &cos("b")]);
    assert!(!world.has("a") && world.has("b"));
}

// seed: S56
// incident: R51
#[test]
fn a_deletion_that_is_denied_is_told_and_both_objects_are_there() {
    let world = World::with_bucket();
    let file = world.file("s", "bytes");
    world.ok(&["cp", &file, &cos("a"), "--grant-read", "100000000002"]);
    let server = world.serve();
    let second = |args: &[&str]| {
        let mut command = world.command(args);
        command.args(["--endpoint", &server.url, "--output", "json"]);
        command
            .env("COSETTE_SECRET_ID", "AKIDsecond")
            .env("COSETTE_SECRET_KEY", "secondsecret");
        command.output().unwrap()
    };
    assert!(second(&["mb", "cos://mine-1250000001"]).status.success());
    let moved = second(&["mv", &cos("a"), "cos://mine-1250000001/a"]);
    assert_eq!(moved.status.code(), Some(7));
    let stderr = String::from_utf8(moved.stderr).unwrap();
    let told: serde_json::Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    assert!(text(&told, "error").contains("still there"), "{told}");
    assert_eq!(
        (&told["kind"], &told["code"]),
        (&"partial".into(), &"AccessDenied".into())
    );
    assert_eq!(told["report"]["Moved"], false);
    assert!(world.has("a"));
    assert!(
        second(&["stat", "cos://mine-1250000001/a"])
            .status
            .success()
    );
}

// seed: S58
#[test]
fn what_is_deleted_comes_from_the_copy_source() {
    let world = World::with_bucket();
    world.ok(&["mb", "cos://sourcebucket-1250000000"]);
    let file = world.file("s", "bytes");
    world.ok(&["cp", &file, "cos://sourcebucket-1250000000/a/1.jpg"]);
    world.put("a/1.jpg", "another object of the same key");
    world.ok(&[
        "mv",
        "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg",
        &cos("b/1.jpg"),
    ]);
    assert_eq!(world.bytes("b/1.jpg"), b"bytes");
    assert_eq!(world.bytes("a/1.jpg"), b"another object of the same key");
    assert_eq!(
        world
            .run(&["stat", "cos://sourcebucket-1250000000/a/1.jpg"])
            .code,
        3
    );
}

// seed: S59
#[test]
fn a_source_above_the_slice_size_moves_in_parts() {
    let world = World::with_bucket();
    let bytes = noise(3 << 20);
    let file = world.file("s", &bytes);
    world.ok(&[
        "cp",
        &file,
        &cos("a"),
        "--meta",
        "author:ann",
        "--storage-class",
        "STANDARD_IA",
    ]);
    let parts = ["--slice-size", "1MiB", "--copy-delete"];
    let done = world.json(&[&["mv", &cos("a"), &cos("b")], &parts[..]].concat());
    assert_eq!(done["Parts"], 3);
    assert!(!world.has("a"));
    assert_eq!(world.bytes("b"), bytes);
    let after = world.stat("b");
    assert_eq!(
        (&after["StorageClass"], &after["Metadata"]["author"]),
        (&"STANDARD_IA".into(), &"ann".into())
    );
}

// incident: R39
#[test]
fn a_move_onto_itself_is_refused_and_deletes_nothing() {
    let world = World::with_bucket();
    world.put("d/a", "bytes");
    for target in ["d/a", "d/"] {
        let told = world.refused(2, &["mv", &cos("d/a"), &cos(target)]);
        assert!(text(&told, "error").contains("one object"), "{told}");
    }
    world.refused(2, &["mv", "-r", &cos("d"), &cos("d/")]);
    assert_eq!(world.bytes("d/a"), b"bytes");
}

#[test]
fn a_prefix_moves_object_by_object_and_failures_are_told_one_by_one() {
    let world = World::with_bucket();
    for key in ["p/a", "p/b/c", "p2", "q"] {
        world.put(key, key);
    }
    world.ok(&[
        "cp",
        &cos("p/a"),
        &cos("p/frozen"),
        "--storage-class",
        "ARCHIVE",
    ]);
    let (from, to) = (cos("p"), cos("moved/"));
    let words = ["mv", "-r", &from, &to, "--copy-delete", "--output", "json"];
    let ran = world.run(&words);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    let report = &ran.error()["report"];
    assert_eq!((&report["done"], &report["failed"]), (&2.into(), &1.into()));
    assert!(
        report["failures"][0]["error"]
            .as_str()
            .unwrap()
            .contains("p/frozen")
    );
    for (key, there) in [
        ("p/a", false),
        ("p/b/c", false),
        ("p/frozen", true),
        ("p2", true),
        ("q", true),
        ("moved/a", true),
        ("moved/b/c", true),
        ("moved/frozen", false),
    ] {
        assert_eq!(world.has(key), there, "{key}");
    }
    assert_eq!(world.run(&["mv", "-r", &cos("none/"), &cos("x/")]).code, 3);
}

#[test]
fn a_version_that_is_named_is_itself_removed() {
    let world = World::with_bucket();
    world.api("put-bucket-versioning", &["--status", "Enabled"]);
    let file = world.file("s", "old");
    let old = world.json(&["cp", &file, &cos("a")]);
    world.put("a", "new");
    world.ok(&[
        "mv",
        &cos("a"),
        &cos("b"),
        "--version-id",
        text(&old, "VersionId"),
    ]);
    assert_eq!(
        (world.bytes("b"), world.bytes("a")),
        (b"old".to_vec(), b"new".to_vec())
    );
    let versions = world.json(&["ls", "--versions", &cos("a")]);
    assert_eq!(versions.as_array().unwrap().len(), 1, "{versions}");
}
