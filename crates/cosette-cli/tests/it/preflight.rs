//! What is told and found out before the first write.

use std::process::Command;

use serde_json::{Value, json};

use crate::world::{BUCKET, World, cos, text};

fn filled() -> World {
    let world = World::with_bucket();
    for key in ["p/a", "p/b", "p/c"] {
        world.put(key, key);
    }
    world.ok(&["cp", &cos("p/c"), &cos("p/c"), "--storage-class", "ARCHIVE"]);
    world
}

fn found(checks: &Value) -> Vec<&str> {
    let checks = checks.as_array().unwrap().iter();
    checks.map(|check| text(check, "found")).collect()
}

#[test]
fn a_dry_run_counts_requests_and_archived_sources_and_tells_the_charge() {
    let world = filled();
    let before = world.everything();
    let cp = ["cp", "-r", &cos("p/"), &cos("q/"), "--dry-run"];
    let told = world.json(&[&cp[..], &["--price-per-10000", "write=5000,read=10000"]].concat());
    let sum = &told["summary"];
    assert_eq!(sum["archived"], 1, "{told}");
    let kinds = json!({ "head": 0, "get": 0, "put": 0, "copy": 3, "part": 0, "delete": 0 });
    assert_eq!(
        (&sum["requests"], &sum["requestsByKind"]),
        (&json!(3), &kinds)
    );
    assert_eq!(
        (&sum["chargeForRequests"], &sum["bytesThroughHere"]),
        (&json!(1.5), &json!(0))
    );
    assert_eq!(found(&told["preflight"]), ["yes", "yes", "yes"]);
    let told = world.ok(&[&cp[..], &["--price-per-10000", "2"]].concat());
    let last = told.stdout.lines().last().unwrap();
    assert!(
        last.ends_with("up to 3 requests: 3 copy; 1 archived sources; 0.0006 for requests"),
        "{last}"
    );
    // A plan that is kept tells the same, then and later.
    let kept = ["plan", "-o", "x.plan", "mv", "-r", &cos("p/"), &cos("q/")];
    let kept = world.json(&kept);
    assert_eq!(found(&kept["preflight"]), ["yes"; 4]);
    let shown = ["plan", "--show", "x.plan", "--price-per-10000", "10000"];
    let shown = world.json(&shown);
    assert_eq!(shown["summary"]["requestsByKind"], kept["requestsByKind"]);
    assert_eq!(shown["summary"]["chargeForRequests"], json!(3.0), "{shown}");
    // Their names change at one instant: nobody need restore anything before.
    assert_eq!(shown["summary"]["archived"], 0, "{shown}");
    for wrong in ["x", "-1", "list=3"] {
        world.refused(2, &[&cp[..], &["--price-per-10000", wrong]].concat());
    }
    // Nothing was written for any of it, and nothing is left.
    assert_eq!(world.everything(), before);
    assert_eq!(world.json(&["jobs"]), Value::Array(Vec::new()));
}

#[test]
fn a_bucket_that_is_not_there_is_found_before_the_job() {
    let world = filled();
    let before = world.everything();
    let none = "cos://none-1250000000/q/";
    let source = cos("p/");
    for words in [
        &["cp", "-r", &source, none][..],
        &["mv", "-r", &source, none],
        &["sync", &source, none],
    ] {
        // A listing of the target finds it first in a sync.
        let told = world.refused(3, words).to_string();
        assert!(
            told.contains("NoSuchBucket") || told.contains("no such bucket"),
            "{told}"
        );
    }
    assert_eq!(world.json(&["jobs"]), Value::Array(Vec::new()));
    let told = world.json(&["cp", "-r", &cos("p/"), none, "--dry-run"]);
    assert_eq!(found(&told["preflight"]), ["yes", "no"]);
    let told = world.ok(&["cp", "-r", &cos("p/"), none, "--dry-run"]);
    assert!(
        told.stderr.contains("there is no such bucket"),
        "{}",
        told.stderr
    );
    // Whoever insists is told of each object.
    let ran = world.run(&["cp", "-r", &cos("p/"), none, "--no-preflight"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert_eq!(world.everything(), before);
}

#[test]
fn rights_that_lack_are_found_without_writing_anything() {
    let world = filled();
    world.ok(&[
        "api",
        "put-bucket-acl",
        "--bucket",
        BUCKET,
        "--acl",
        "public-read",
    ]);
    let server = world.serve();
    let before = world.everything();
    let as_second = |words: &[&str]| -> Command {
        let words = [words, &["--endpoint", &server.url, "--output", "json"]].concat();
        let mut command = world.command(&words);
        command.env("COSETTE_SECRET_ID", "AKIDsecond");
        command.env("COSETTE_SECRET_KEY", "secondsecret");
        command
    };
    let mut dry = as_second(&["mv", "-r", &cos("p/"), &cos("q/"), "--dry-run"]);
    let dry = dry.output().unwrap();
    let told: Value = serde_json::from_slice(&dry.stdout).unwrap();
    assert_eq!(
        found(&told["preflight"]),
        ["yes", "yes", "no", "no"],
        "{told}"
    );
    let mut ran = as_second(&["mv", "-r", &cos("p/"), &cos("q/")]);
    let ran = ran.output().unwrap();
    assert_eq!(ran.status.code(), Some(4));
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(told.contains("nothing was done"), "{told}");
    assert_eq!(world.json(&["jobs"]), Value::Array(Vec::new()));
    assert_eq!(world.everything(), before);
}

/// What a plan counts is what its run sends.
#[test]
fn the_requests_that_a_plan_counts_are_those_that_are_sent() {
    let world = World::with_bucket();
    for number in 0..3 {
        world.put(&format!("p/{number}"), "bytes");
    }
    let server = world.serve();
    let key = std::fs::read(world.data().join("root-key.json")).unwrap();
    let key: Value = serde_json::from_slice(&key).unwrap();
    let run = |words: &[&str]| {
        let words = [words, &["--endpoint", &server.url, "--output", "json"]].concat();
        let mut command = world.command(&words);
        command.env("COSETTE_SECRET_ID", text(&key, "secret_id"));
        command.env("COSETTE_SECRET_KEY", text(&key, "secret_key"));
        let ran = command.output().unwrap();
        assert!(ran.status.success(), "{words:?} {ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    let logged = || std::fs::read_to_string(world.path("access.log")).unwrap();
    let down = world.path("down").display().to_string();
    for (number, words) in [
        &["cp", "-r", &cos("p/"), &cos("q/")][..],
        &["cp", "-r", &cos("p/"), &cos("q/"), "--copy-acl"],
        &["cp", "-r", &cos("p/"), &cos("q/"), "--set-meta", "a:1"],
        &["mv", "-r", &cos("q/"), &cos("r/")],
        &["mv", "-r", &cos("r/"), &cos("s/"), "--copy-delete"],
        &[
            "mv",
            "-r",
            &cos("s/"),
            &cos("t/"),
            "--storage-class",
            "STANDARD_IA",
        ],
        &["sync", &cos("p/"), &down],
        &["rm", "-r", &cos("t/")],
    ]
    .into_iter()
    .enumerate()
    {
        let file = format!("{number}.plan");
        let told = run(&[&["plan", "-o", &file], words].concat());
        let told: Value = serde_json::from_str(&told).unwrap();
        let before = logged().len();
        run(&["apply", &file, "--no-preflight"]);
        let log = logged();
        let sent = |operation: &str| {
            let named = format!("\"{operation}\"");
            log[before..].matches(&named).count()
        };
        let kinds = json!({
            "head": sent("HeadObject"),
            "get": sent("GetObject") + sent("GetObjectACL"),
            "put": sent("PutObject") + sent("PutObjectACL"),
            "copy": sent("PutObjectCopy") + sent("RenameObject"),
            "part": 0,
            "delete": sent("DeleteObject"),
        });
        // An ACL is written only where there is one.
        let mut counted = told["requestsByKind"].clone();
        if words.contains(&"--copy-acl") {
            assert_eq!(counted["put"], 3);
            counted["put"] = json!(0);
        }
        assert_eq!(counted, kinds, "{words:?} {}", &log[before..]);
    }
    assert_eq!(server.stop(), Some(0));
}
