//! Tags, restores, conditions, appends, rules for pages, and prefix jobs, by the commands that people
//! type. A folder's own server does the work: also what an earlier command left it to do.

use crate::world::{BUCKET, World, cos, text};

#[test]
fn tags_of_objects_and_buckets() {
    let world = World::with_bucket();
    world.put("a", "x");
    world.ok(&["tag", &cos("a"), "project=cosette", "level=1"]);
    assert_eq!(
        world.ok(&["tag", &cos("a")]).stdout,
        "level=1\nproject=cosette\n"
    );
    // A copy has them too, a big one as well.
    world.ok(&["cp", &cos("a"), &cos("b")]);
    assert_eq!(
        world.ok(&["tag", &cos("b")]).stdout,
        "level=1\nproject=cosette\n"
    );
    world.ok(&["tag", "--clear", &cos("a")]);
    let none = world.json(&["tag", &cos("a")]);
    assert_eq!(none["TagSet"].as_array().unwrap().len(), 0);
    world.ok(&["tag", &cos(""), "team=storage"]);
    let told = world.json(&["tag", &cos("")]);
    assert_eq!(text(&told["TagSet"][0], "Value"), "storage");
    assert_eq!(world.run(&["tag", &cos("a"), "no-value"]).code, 2);
}

#[test]
fn conditions_appends_and_restores() {
    let world = World::with_bucket();
    let file = world.file("f", "abc");
    let put = |flags: &[&str]| {
        let flags = [&["--key", "lock", "--file", file.as_str()], flags].concat();
        world.run(&[&["api", "put-object", "--bucket", BUCKET], flags.as_slice()].concat())
    };
    assert_eq!(put(&["--if-none-match", "*"]).code, 0);
    assert_ne!(put(&["--if-none-match", "*"]).code, 0);
    let append = |position: &str| {
        let flags = ["--key", "log", "--file", &file, "--position", position];
        world.api("append-object", &flags)
    };
    append("0");
    assert_eq!(append("3")["NextAppendPosition"], "6");
    assert_eq!(world.bytes("log"), b"abcabc");
    let cold = [
        "--key",
        "cold",
        "--file",
        &file,
        "--storage-class",
        "ARCHIVE",
    ];
    world.api("put-object", &cold);
    assert_ne!(world.run(&["cat", &cos("cold")]).code, 0);
    world.ok(&["restore", &cos("cold"), "--days", "2"]);
    assert_eq!(world.bytes("cold"), b"abc");
}

#[test]
fn a_prefix_is_moved_by_the_store_itself() {
    let world = World::with_bucket();
    for n in 0..5 {
        world.put(&format!("2023/{n}"), format!("{n}"));
    }
    let job = world.json(&[
        "prefix-jobs",
        "move",
        &cos("2023/"),
        &cos("old/2023/"),
        "--wait",
    ]);
    assert_eq!((text(&job, "State"), &job["Done"]), ("Done", &5.into()));
    assert_eq!(world.bytes("old/2023/4"), b"4");
    assert!(!world.has("2023/4"));
    let listed = world.json(&["prefix-jobs", "list", &cos("")]);
    assert_eq!(text(&listed["PrefixJob"][0], "Id"), text(&job, "Id"));
    let shown = world.json(&["prefix-jobs", "show", &cos(""), text(&job, "Id")]);
    assert_eq!(shown["Failed"], 0);
    let can = world.json(&["api", "get-capabilities"]);
    let can = can["Capability"].as_array().unwrap();
    assert!(can.contains(&"prefix-jobs".into()));
}

#[test]
fn an_address_that_carries_its_signature() {
    let world = World::with_bucket();
    world.put("a b", "bytes");
    let url = world.json(&["presign", &cos("a b")]);
    assert!(text(&url, "Url").contains("q-signature="));
    assert_eq!(url["ExpiresSeconds"], 900);
    assert_eq!(world.run(&["presign", &cos("")]).code, 2);
}
