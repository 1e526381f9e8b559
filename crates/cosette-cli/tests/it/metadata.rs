//! Metadata on copies: kept, replaced, and changed in place.

use crate::world::{World, cos, text};

fn with_source() -> World {
    let world = World::with_bucket();
    let path = world.file("s", "bytes");
    world.ok(&[
        "cp",
        &path,
        &cos("s"),
        "--meta",
        "old:1",
        "--content-type",
        "text/plain",
        "--cache-control",
        "max-age=1",
    ]);
    world
}

// seed: S04, S28, S39
#[test]
fn one_request_copies_replaces_the_metadata_and_sets_an_acl() {
    let world = with_source();
    world.api(
        "put-object-copy",
        &[
            "--key",
            "t",
            "--copy-source",
            &cos("s"),
            "--metadata-directive",
            "Replaced",
            "--meta",
            "new:2",
            "--meta",
            "other:3",
            "--content-type",
            "image/png",
            "--acl",
            "public-read",
        ],
    );
    let target = world.stat("t");
    assert_eq!(
        target["Metadata"],
        serde_json::json!({"new": "2", "other": "3"})
    );
    assert_eq!(
        (target["ContentType"].as_str(), target.get("CacheControl")),
        (Some("image/png"), None)
    );
    assert_eq!(
        world.run(&["cat", &cos("t"), "--anonymous"]).stdout,
        "bytes"
    );
    world.ok(&[
        "cp",
        &cos("s"),
        &cos("u"),
        "--metadata-directive",
        "Replaced",
        "--meta",
        "new:2",
        "--acl",
        "public-read",
    ]);
    assert_eq!(world.stat("u")["Metadata"], serde_json::json!({"new": "2"}));
    assert_eq!(world.run(&["cat", &cos("u"), "--anonymous"]).code, 0);
}

// seed: S06
#[test]
fn metadata_is_changed_in_place_with_replaced() {
    let world = with_source();
    let before = world.stat("s");
    world.ok(&[
        "cp",
        &cos("s"),
        &cos("s"),
        "--metadata-directive",
        "Replaced",
        "--meta",
        "new:2",
    ]);
    let after = world.stat("s");
    assert_eq!(after["Metadata"], serde_json::json!({"new": "2"}));
    assert_eq!(
        (&after["ETag"], &after["CRC64"]),
        (&before["ETag"], &before["CRC64"])
    );
    assert_eq!(world.bytes("s"), b"bytes");
}

// seed: S26, S27
#[test]
fn without_replaced_the_metadata_given_is_ignored_and_the_user_is_told() {
    let world = with_source();
    for directive in [&["--metadata-directive", "Copy"][..], &[]] {
        let source = cos("s");
        let flags = [
            "--key",
            "t",
            "--copy-source",
            &source,
            "--meta",
            "new:2",
            "--content-type",
            "image/png",
        ];
        let raw = [
            &["api", "put-object-copy", "--bucket", crate::world::BUCKET],
            &flags[..],
            directive,
        ];
        let raw = raw.concat();
        let told = world.ok(&raw);
        assert!(told.stderr.contains("ignored"), "{}", told.stderr);
        let [from, to] = [cos("s"), cos("u")];
        let told = world.ok(&[
            &["cp", from.as_str(), to.as_str(), "--meta", "new:2"],
            directive,
        ]
        .concat());
        assert!(told.stderr.contains("Replaced"), "{}", told.stderr);
        for key in ["t", "u"] {
            let target = world.stat(key);
            assert_eq!(target["Metadata"], serde_json::json!({"old": "1"}));
            assert_eq!(target["ContentType"], "text/plain");
        }
    }
    let help = world.ok(&["api", "put-object-copy", "--help"]).stdout;
    assert!(
        help.contains("--metadata-directive") && help.contains("[default: Copy]"),
        "{help}"
    );
    let told = world.api_refused(
        2,
        "put-object-copy",
        &[
            "--key",
            "t",
            "--copy-source",
            &cos("s"),
            "--metadata-directive",
            "Merge",
        ],
    );
    assert_eq!(told["kind"], "usage");
}

// seed: S29
#[test]
fn onto_itself_the_metadata_changes_only_with_replaced() {
    let world = with_source();
    let before = world.stat("s");
    let told = world.refused(2, &["cp", &cos("s"), &cos("s"), "--meta", "new:2"]);
    assert!(text(&told, "error").contains("Replaced"), "{told}");
    // The raw request is sent, and the service refuses it.
    let told = world.api_refused(
        1,
        "put-object-copy",
        &["--key", "s", "--copy-source", &cos("s"), "--meta", "new:2"],
    );
    assert_eq!(told["statusCode"], 400);
    assert!(text(&told, "message").contains("Replaced"), "{told}");
    assert_eq!(world.stat("s")["LastModified"], before["LastModified"]);
    world.api(
        "put-object-copy",
        &[
            "--key",
            "s",
            "--copy-source",
            &cos("s"),
            "--meta",
            "new:2",
            "--metadata-directive",
            "Replaced",
        ],
    );
    assert_eq!(world.stat("s")["Metadata"]["new"], "2");
}

// seed: S79
#[test]
fn user_metadata_ends_at_2048_bytes() {
    let world = with_source();
    let fits = format!("m:{}", "v".repeat(2047));
    let more = format!("m:{}", "v".repeat(2048));
    world.api("multipart-init", &["--key", "t", "--meta", &fits]);
    let told = world.api_refused(2, "multipart-init", &["--key", "u", "--meta", &more]);
    assert!(text(&told, "error").contains("2048"), "{told}");
    let uploads = world.json(&["ls", "--uploads", &cos("")]);
    assert_eq!(uploads.as_array().unwrap().len(), 1);
    let flags = [
        "--key",
        "t",
        "--copy-source",
        &cos("s"),
        "--metadata-directive",
        "Replaced",
        "--meta",
    ];
    world.api("put-object-copy", &[&flags[..], &[&fits]].concat());
    world.api_refused(2, "put-object-copy", &[&flags[..], &[&more]].concat());
}
