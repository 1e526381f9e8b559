//! Whole histories: versions move in the order in which they were written, delete markers keep their
//! places, and a kill in between loses none and swaps none.

use serde_json::Value;

use crate::world::{BUCKET, World, cos, text};

const OTHER: &str = "otherbucket-1250000000";
/// The exit code of a program that ended at the record of its journal that a test named.
const HALTED: i32 = 99;

fn other(key: &str) -> String {
    format!("cos://{OTHER}/{key}")
}

/// Two buckets that keep versions, and two keys with a past.
fn world() -> World {
    let world = World::with_bucket();
    world.ok(&["mb", &other("")]);
    for bucket in [BUCKET, OTHER] {
        world.ok(&[
            "api",
            "put-bucket-versioning",
            "--bucket",
            bucket,
            "--status",
            "Enabled",
        ]);
    }
    for step in ["one", "two", "", "three"] {
        write(&world, "p/a", step);
    }
    for step in ["old", "", "new", ""] {
        write(&world, "p/b", step);
    }
    world
}

/// A new version; no bytes are a delete marker.
fn write(world: &World, key: &str, bytes: &str) {
    if bytes.is_empty() {
        world.ok(&["rm", &cos(key)]);
    } else {
        world.put(key, bytes);
    }
}

/// Every key with the bytes of its versions, the oldest first; a marker has none.
fn history(world: &World, name: &str) -> Vec<(String, String)> {
    let listed = world.json(&["versions", "-r", name]);
    let bucket = name
        .strip_prefix("cos://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let mut all: Vec<(String, String)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let key = text(entry, "Key").to_owned();
            if entry.get("DeleteMarker").is_some() {
                return (key, String::new());
            }
            let name = format!("cos://{bucket}/{key}");
            let id = text(entry, "VersionId");
            (key, world.ok(&["cat", &name, "--version-id", id]).stdout)
        })
        .collect();
    all.reverse();
    // Keys in their order, each with its oldest version first.
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

fn under(prefix: &str) -> Vec<(String, String)> {
    let versions = |key: &str, all: &[&str]| -> Vec<(String, String)> {
        let key = format!("{prefix}{key}");
        all.iter()
            .map(|bytes| (key.clone(), (*bytes).to_owned()))
            .collect()
    };
    [
        versions("a", &["one", "two", "", "three"]),
        versions("b", &["old", "", "new", ""]),
    ]
    .concat()
}

#[test]
fn versions_move_in_their_order_with_their_delete_markers() {
    let world = world();
    assert_eq!(history(&world, &cos("p/")), under("p/"));
    let words = ["mv", "-r", "--all-versions", &cos("p/"), &other("q/")];
    let planned = world.json(&[&words[..], &["--dry-run"]].concat());
    assert_eq!(planned["plan"].as_array().unwrap().len(), 8, "{planned}");
    assert_eq!(
        history(&world, &cos("p/")),
        under("p/"),
        "a dry run does nothing"
    );
    let job = world.json(&words);
    assert_eq!(history(&world, &other("")), under("q/"));
    assert_eq!(history(&world, &cos("")), []);
    // Which version became which can be looked up, and it is not taken back by halves.
    let told = world.json(&["jobs", text(&job, "job")]);
    assert_eq!(told["versions"].as_array().unwrap().len(), 8, "{told}");
    let refused = world.refused(2, &["undo", text(&job, "job")]);
    assert!(refused.to_string().contains("--all-versions"), "{refused}");

    // One key, and copies leave the source as it is.
    world.ok(&["cp", "--all-versions", &other("q/a"), &cos("x/")]);
    let copied: Vec<String> = history(&world, &cos(""))
        .into_iter()
        .map(|it| it.1)
        .collect();
    assert_eq!(copied, ["one", "two", "", "three"]);
    assert_eq!(history(&world, &other("")), under("q/"));
}

#[test]
fn a_version_whose_predecessor_failed_is_left_where_it_is() {
    let world = world();
    let file = world.file("cold", "cold");
    let put = [
        "--key",
        "p/c",
        "--file",
        &file,
        "--storage-class",
        "ARCHIVE",
    ];
    world.api("put-object", &put);
    write(&world, "p/c", "warm");
    let ran = world.run(&["mv", "-r", "--all-versions", &cos("p/"), &other("q/")]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert!(ran.stderr.contains("keep their order"), "{}", ran.stderr);
    assert_eq!(history(&world, &other("")), under("q/"), "the others went");
    let left = world.json(&["versions", "-r", &cos("")]);
    let left: Vec<&str> = left
        .as_array()
        .unwrap()
        .iter()
        .map(|it| text(it, "Key"))
        .collect();
    assert_eq!(left, ["p/c", "p/c"], "nothing of it was removed");
}

#[test]
fn a_history_that_is_killed_at_each_record_goes_on_in_its_order() {
    let world = world();
    let (mut from, mut to) = ((BUCKET, "p/"), (OTHER, "q/"));
    for record in 1.. {
        let name = |(bucket, prefix): (&str, &str)| format!("cos://{bucket}/{prefix}");
        let mut command = world.command(&["mv", "-r", "--all-versions", &name(from), &name(to)]);
        let code = command
            .env("COSETTE_HALT", format!("after:{record}"))
            .output()
            .unwrap()
            .status
            .code();
        let halted = code == Some(HALTED);
        if halted {
            let resumed = world.run(&["resume"]);
            assert!(
                matches!(resumed.code, 0 | 3),
                "{record}: {}",
                resumed.stderr
            );
        } else {
            assert_eq!(code, Some(0), "{record}");
        }
        // What was made before the journal had it may be there twice in a row.
        let mut found = history(&world, &name(to));
        found.dedup();
        assert_eq!(found, under(to.1), "killed after record {record}");
        assert_eq!(
            history(&world, &name(from)),
            [],
            "killed after record {record}"
        );
        (from, to) = (to, from);
        if !halted {
            assert!(record > 8, "each version has a record of its own");
            return;
        }
    }
}

#[test]
fn a_history_goes_only_where_histories_are_kept() {
    let world = world();
    world.ok(&["mb", "cos://plain-1250000000"]);
    let before = history(&world, &cos(""));
    for words in [
        &[
            "mv",
            "-r",
            "--all-versions",
            &cos("p/"),
            "cos://plain-1250000000/q/",
        ][..],
        &[
            "cp",
            "-r",
            "--all-versions",
            &cos("p/"),
            "cos://plain-1250000000/q/",
        ],
        &["mv", "-r", "--all-versions", &cos("p/"), &cos("p/")],
        &["mv", "-r", "--all-versions", &cos("p/"), &cos("p/q/")],
        &["mv", "--all-versions", &cos("p/a"), &cos("p/a")],
        &[
            "mv",
            "-r",
            "--all-versions",
            &cos("p/"),
            &other("q/"),
            "--no-overwrite",
        ],
        &[
            "mv",
            "-r",
            "--all-versions",
            &cos("p/"),
            &other("q/"),
            "--min-size",
            "1",
        ],
        &[
            "mv",
            "-r",
            "--all-versions",
            &cos("p/"),
            &other("q/"),
            "--rename",
            "a=>b",
        ],
        &["cp", "-r", "--all-versions", ".", &other("q/")],
        &["sync", "--all-versions", &cos("p/"), &other("q/")],
        &["plan", "-o", "x", "rm", "-r", "--all-versions", &cos("p/")],
    ] {
        let refused = world.refused(2, words);
        assert_eq!(refused["kind"], "usage", "{words:?}");
    }
    assert_eq!(history(&world, &cos("")), before);
    assert_eq!(history(&world, &other("")), []);
    assert_eq!(
        world.json(&["ls", "-r", "cos://plain-1250000000"]),
        Value::Array(vec![])
    );
}

#[test]
fn every_version_of_one_key_is_removed_and_no_other() {
    let world = world();
    write(&world, "p/ab", "longer name");
    world.ok(&["rm", "--all-versions", &cos("p/a")]);
    let left = history(&world, &cos(""));
    assert_eq!(left.len(), 5, "{left:?}");
    assert!(left.iter().all(|(key, _)| key != "p/a"));
    world.ok(&["rm", "-r", "--all-versions", &cos("p/")]);
    assert_eq!(history(&world, &cos("")), []);
}

#[test]
fn an_acl_is_shown_and_set() {
    let world = World::with_bucket();
    world.put("a", "a");
    assert_eq!(world.json(&["acl", &cos("a")])["ACL"], "default");
    let set = world.json(&["acl", &cos("a"), "--acl", "public-read"]);
    assert!(set["Grants"].to_string().contains("AllUsers"), "{set}");
    let granted = world.json(&["acl", &cos(""), "--grant-read", "100000000011"]);
    assert!(
        granted["Grants"].to_string().contains("100000000011"),
        "{granted}"
    );
    let before = world.json(&["acl", &cos("a")]);
    world.refused(2, &["acl", &cos("a"), "--acl", "public-read-write"]);
    world.refused(2, &["acl", &cos(""), "--version-id", "null"]);
    assert_eq!(world.json(&["acl", &cos("a")]), before);
    assert_eq!(world.refused(3, &["acl", &cos("none")])["kind"], "notFound");
}
