//! What results and errors say, in JSON and in words.

use crate::world::{BUCKET, World, cos, text};

// seed: S41, S115, S116, S99, S100, S80
#[test]
fn a_result_is_on_stdout_with_exit_code_0_and_an_error_on_stderr_with_another() {
    let world = World::with_bucket();
    world.put("s", "bytes");
    let good = world.ok(&[
        "api",
        "put-object-copy",
        "--bucket",
        BUCKET,
        "--key",
        "t",
        "--copy-source",
        &cos("s"),
    ]);
    assert!(
        good.stdout.contains("ETag: \"") && good.stderr.is_empty(),
        "{good:?}"
    );
    let bad = world.run(&[
        "api",
        "put-object-copy",
        "--bucket",
        BUCKET,
        "--key",
        "t",
        "--copy-source",
        &cos("x"),
    ]);
    assert!(
        bad.code == 3 && bad.stdout.is_empty() && bad.stderr.starts_with("error: "),
        "{bad:?}"
    );
    for (operation, flags) in [
        (
            "upload-part-copy",
            &[
                "--upload-id",
                "none",
                "--part-number",
                "1",
                "--copy-source",
                "cos://b-1250000000/s",
            ][..],
        ),
        (
            "multipart-complete",
            &["--upload-id", "none", "--part", "1:aa"],
        ),
        ("multipart-abort", &["--upload-id", "none"]),
    ] {
        let told = world.api_refused(3, operation, &[&["--key", "t"], flags].concat());
        assert_eq!(told["statusCode"], 404, "{operation}");
    }
    let told = world.refused(
        3,
        &[
            "api",
            "multipart-init",
            "--bucket",
            "none-1250000000",
            "--key",
            "t",
        ],
    );
    assert_eq!(told["code"], "NoSuchBucket");
}

// seed: S42, S43, S44
#[test]
fn an_error_tells_status_headers_code_message_and_request_id() {
    let world = World::with_bucket();
    let told = world.api_refused(
        3,
        "put-object-copy",
        &["--key", "t", "--copy-source", &cos("none")],
    );
    assert_eq!(
        (&told["statusCode"], &told["code"]),
        (&404.into(), &"NoSuchKey".into())
    );
    assert!(told["statusCode"].is_number() && !text(&told, "message").is_empty());
    assert_eq!(
        text(&told, "requestId"),
        text(&told["headers"], "x-cos-request-id")
    );
    assert_eq!(told["kind"], "notFound");
    let said = world.run(&["stat", &cos("none")]).stderr;
    for word in ["404", BUCKET, "none", "request id", "check the name"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    // A signature that is not accepted.
    let server = world.serve();
    let mut command = world.command(&[
        "stat",
        &cos("a"),
        "--endpoint",
        &server.url,
        "--output",
        "json",
    ]);
    command
        .env("COSETTE_SECRET_ID", "AKIDsecond")
        .env("COSETTE_SECRET_KEY", "wrong-secret-of-mine");
    let denied = command.output().unwrap();
    assert_eq!(denied.status.code(), Some(4));
    let stderr = String::from_utf8(denied.stderr).unwrap();
    assert!(!stderr.contains("wrong-secret-of-mine"), "{stderr}");
    let told: serde_json::Value = serde_json::from_str(stderr.trim()).unwrap();
    assert_eq!(
        (&told["statusCode"], &told["kind"]),
        (&403.into(), &"denied".into())
    );
}

// seed: S45, S46, S47, S48, S50
#[test]
fn a_raw_copy_prints_the_seeds_fields() {
    let world = World::with_bucket();
    world.put("s", "bytes");
    let copied = world.api(
        "put-object-copy",
        &["--key", "t", "--copy-source", &cos("s")],
    );
    assert_eq!(copied["statusCode"], 200);
    assert!(copied["statusCode"].is_number());
    assert!(!text(&copied["headers"], "x-cos-request-id").is_empty());
    let head = world.stat("t");
    assert_eq!(copied["ETag"], head["ETag"]);
    // The MD5 of the bytes, quotes included.
    assert_eq!(copied["ETag"], "\"4b3a6218bb3e3a7303e8a171a60fcf92\"");
    let time = text(&copied, "LastModified");
    assert!(
        time.len() == 24 && time.ends_with("Z") && time.as_bytes()[19] == b'.',
        "{time}"
    );
    assert_eq!(time[..19], text(&head, "LastModified")[..19]);
    assert_eq!(copied.get("VersionId"), None);
}

// seed: S49, S50, S142, S143
#[test]
fn the_version_is_there_only_with_versioning_enabled() {
    let world = World::with_bucket();
    world.put("s", "bytes");
    world.api("put-bucket-versioning", &["--status", "Enabled"]);
    let raw = world.api(
        "put-object-copy",
        &["--key", "t", "--copy-source", &cos("s")],
    );
    let parts = world.json(&["cp", &cos("s"), &cos("t"), "--slice-size", "0"]);
    let whole = world.json(&["cp", &cos("s"), &cos("t")]);
    for made in [&raw, &parts, &whole] {
        let id = text(made, "VersionId");
        assert_eq!(
            world.ok(&["cat", &cos("t"), "--version-id", id]).stdout,
            "bytes"
        );
    }
    assert_eq!((&parts["Parts"], &whole["Parts"]), (&1.into(), &0.into()));
    world.api("put-bucket-versioning", &["--status", "Suspended"]);
    let raw = world.api(
        "put-object-copy",
        &["--key", "t", "--copy-source", &cos("s")],
    );
    let parts = world.json(&["cp", &cos("s"), &cos("t"), "--slice-size", "0"]);
    for made in [raw, parts] {
        assert_eq!(made.get("VersionId"), None, "{made}");
    }
}

// seed: S42
#[test]
fn the_documented_exit_codes_are_in_the_help() {
    let help = World::new().ok(&["--help"]).stdout;
    for line in [
        "0  done",
        "2  usage",
        "3  notFound",
        "4  denied",
        "5  precondition",
        "6  network",
        "7  partial",
        "8  archived",
    ] {
        assert!(help.contains(line), "{line}\n{help}");
    }
}

// A job whose lines could not be written ended with 0, as it does where nobody reads them.
#[cfg(target_os = "linux")]
#[test]
fn lines_that_are_lost_are_told_but_not_where_nobody_reads() {
    let world = World::with_bucket();
    for key in ["p/a", "p/b"] {
        world.put(key, key);
    }
    let to = |stdout: std::process::Stdio, target: &str| {
        let mut command = world.command(&["cp", "-r", &cos("p/"), &cos(target)]);
        let ran = command.stdout(stdout).output().unwrap();
        (ran.status.code(), String::from_utf8(ran.stderr).unwrap())
    };
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let (code, told) = to(full.into(), "full/");
    assert_eq!(code, Some(9), "{told}");
    assert!(
        told.contains("copied 2 objects") && told.contains("standard output"),
        "{told}"
    );
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(
        to(writer.into(), "closed/"),
        (Some(0), String::new()),
        "a closed pipe is no failure"
    );
    // The job was done all the same.
    for key in ["full/a", "full/b", "closed/a", "closed/b"] {
        assert!(world.has(key), "{key}");
    }
}
