//! The load generator: what it tells, what it leaves behind, and what it refuses.

use serde_json::Value;

use crate::world::{BUCKET, Server, World, cos};

/// A world with a server, whose keys every command has.
fn served() -> (World, Server) {
    let world = World::new()
        .set("COSETTE_ROOT_SECRET_ID", "AKIDbench")
        .set("COSETTE_ROOT_SECRET_KEY", "bench-secret")
        .set("COSETTE_SECRET_ID", "AKIDbench")
        .set("COSETTE_SECRET_KEY", "bench-secret");
    let server = world.serve();
    (world, server)
}

/// The words of a run against this server.
fn bench<'a>(server: &'a Server, operation: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let bucket = "cos://examplebucket-1250000000";
    [
        &["bench", operation, bucket, "--endpoint", &server.url],
        more,
    ]
    .concat()
}

/// All keys in the bucket; none without the bucket.
fn keys(world: &World, server: &Server) -> Option<Vec<String>> {
    let ran = world.run(&[
        "ls",
        "-r",
        &cos(""),
        "--endpoint",
        &server.url,
        "--output",
        "json",
    ]);
    if ran.code != 0 {
        return None;
    }
    let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
    let entries = listed.as_array().unwrap();
    Some(
        entries
            .iter()
            .map(|entry| entry["Key"].as_str().unwrap().to_owned())
            .collect(),
    )
}

#[test]
fn the_table_tells_what_was_measured_and_nothing_is_left() {
    let (world, server) = served();
    let few = ["--objects", "3", "--count", "8", "-c", "2"];
    for operation in ["copy", "mixed"] {
        let told = world.ok(&bench(&server, operation, &few)).stdout;
        let head = format!("{operation}, 4.0 KiB each, 3 objects, 2 connections\n");
        assert!(told.starts_with(&head), "{told}");
        assert!(told.contains("ops/s") && told.contains("p99 ms"), "{told}");
        assert!(
            told.lines().any(|line| line.starts_with("server")),
            "{told}"
        );
        // The bucket was made for the run, so it went with the objects.
        assert_eq!(keys(&world, &server), None);
    }
}

#[test]
fn the_json_has_the_raw_limits_and_the_ratios_to_them() {
    let (world, server) = served();
    world.ok(&["mb", &cos(""), "--endpoint", &server.url]);
    let folder = world.path("").display().to_string();
    let page = world.path("page.html").display().to_string();
    let more = [
        "--objects",
        "2",
        "--duration",
        "200ms",
        "--rounds",
        "1",
        "--baseline",
        &folder,
    ];
    let told = world.json(&bench(
        &server,
        "put",
        &[&more[..], &["--html", &page]].concat(),
    ));
    let roles: Vec<_> = told["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["role"])
        .collect();
    assert_eq!(roles, ["server", "hello"]);
    let put = &told["servers"][0]["operations"]["put"];
    assert!(
        put["count"].as_u64().unwrap() > 0 && put["failed"] == 0,
        "{put}"
    );
    assert_eq!(
        put["bytes"].as_u64(),
        put["count"].as_u64().map(|count| count * 4096)
    );
    for latency in ["p50", "p99", "max"] {
        assert!(put["latencyMs"][latency].as_f64().unwrap() > 0.0, "{put}");
    }
    assert!(
        told["baseline"]["appendSync"]["count"].as_u64().unwrap() > 0,
        "{told}"
    );
    for ratio in ["rateToHello", "p50ToSyncAndHello", "p50ToSyncAndMd5"] {
        assert!(
            told["ratios"][ratio].as_f64().unwrap() > 0.0,
            "{ratio}: {told}"
        );
    }
    // The bucket was there before, and stays, empty.
    assert_eq!(keys(&world, &server), Some(Vec::new()));
    let page = std::fs::read_to_string(page).unwrap();
    assert!(
        page.starts_with("<!doctype html>") && page.contains("put"),
        "{page}"
    );
}

#[test]
fn a_plan_that_does_not_go_together_changes_nothing() {
    let (world, server) = served();
    for (operation, more, word) in [
        ("put", &["--concurrency", "0"][..], "concurrency"),
        ("copy", &["--threads", "2"], "threads"),
        ("delete", &["--hot"], "hot"),
        ("rename", &["--reuse", "p/"], "prepare new ones"),
        ("get", &["--unaligned"], "unaligned"),
        ("list", &["--count", "0"], "count"),
        ("sing", &[], "sing"),
    ] {
        let told = world.refused(2, &bench(&server, operation, more));
        assert!(told["error"].as_str().unwrap().contains(word), "{told}");
    }
    let key = cos("key");
    let told = world.refused(2, &["bench", "put", &key, "--endpoint", &server.url]);
    assert!(
        told["error"].as_str().unwrap().contains("--target-prefix"),
        "{told}"
    );
    let bucket = cos("");
    let told = world.refused(2, &["bench", "put", bucket.trim_end_matches('/')]);
    assert!(
        told["error"].as_str().unwrap().contains("--endpoint"),
        "{told}"
    );
    assert_eq!(keys(&world, &server), None);
}

#[test]
fn kept_objects_are_found_again_and_stay() {
    let (world, server) = served();
    let few = ["--objects", "5", "--count", "4"];
    let kept = world.json(&bench(&server, "head", &[&few[..], &["--keep"]].concat()));
    let prefix = kept["kept"].as_str().unwrap().to_owned();
    let before = keys(&world, &server).unwrap();
    assert_eq!(before.len(), 5);
    assert!(
        before.iter().all(|key| key.starts_with(&prefix)),
        "{before:?}"
    );
    let again = world.json(&bench(
        &server,
        "copy",
        &[&few[..], &["--reuse", &prefix]].concat(),
    ));
    let copied = &again["servers"][0]["operations"]["copy"];
    assert_eq!(
        (&copied["count"], &copied["failed"]),
        (&4.into(), &0.into())
    );
    // What the second run wrote is gone, what the first one kept is there.
    assert_eq!(keys(&world, &server).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn ctrl_c_reports_what_was_measured_and_cleans_up() {
    let (world, server) = served();
    world.ok(&["mb", &cos(""), "--endpoint", &server.url]);
    let args = bench(&server, "put", &["--duration", "1h", "--output", "json"]);
    let mut command = world.command(&args);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    // Once there is an object the measurement is under way, and Ctrl-C is heard.
    while keys(&world, &server)
        .unwrap()
        .iter()
        .all(|key| !key.contains("/dst/"))
    {
        assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");
    }
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ran = child.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(told["interrupted"], true);
    assert!(
        told["servers"][0]["operations"]["put"]["count"]
            .as_u64()
            .unwrap()
            > 0,
        "{told}"
    );
    let error = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(130), "{error}");
    assert_eq!(keys(&world, &server), Some(Vec::new()), "in {BUCKET}");
}
