//! Files up, objects down, and nothing outside the folder that was named.

use std::fs;

use serde_json::Value;

use crate::world::{World, cos, noise, text};

#[test]
fn files_go_up_and_come_down_whole() {
    let world = World::with_bucket();
    let bytes = noise(40 << 20);
    let file = world.file("in/中文 1.mp4", &bytes);
    let done = world.json(&["cp", &file, &cos("d/")]);
    assert!(done["Parts"].as_u64().unwrap() > 1, "{done}");
    assert_eq!(world.stat("d/中文 1.mp4")["ContentType"], "video/mp4");
    world.ok(&["cp", &cos("d/中文 1.mp4"), "out/"]);
    assert_eq!(fs::read(world.path("out/中文 1.mp4")).unwrap(), bytes);
    world.ok(&["cp", &cos("d/中文 1.mp4"), "named"]);
    assert_eq!(fs::read(world.path("named")).unwrap(), bytes);
    // Nothing unfinished is left.
    assert_eq!(fs::read_dir(world.path("out")).unwrap().count(), 1);
    world.put("empty", "");
    world.ok(&["cp", &cos("empty"), "nothing"]);
    assert_eq!(fs::read(world.path("nothing")).unwrap(), b"");
}

#[test]
fn folders_go_up_and_come_down_by_their_names() {
    let world = World::with_bucket();
    for name in ["tree/a", "tree/b/c", "tree/b/中 d", "other"] {
        world.file(name, name);
    }
    let sum = world.json(&["cp", "-r", "tree", &cos("t/")]);
    assert_eq!((&sum["done"], &sum["failed"]), (&3.into(), &0.into()));
    world.put("t2", "not under t");
    world.ok(&["cp", "-r", &cos("t"), &cos("u")]);
    world.ok(&["cp", "-r", &cos("u"), "back"]);
    for name in ["a", "b/c", "b/中 d"] {
        assert_eq!(
            fs::read_to_string(world.path("back").join(name)).unwrap(),
            format!("tree/{name}")
        );
    }
    assert!(!world.path("back2").exists() && !world.has("u2"));
    let sources = ["tree/a", "other"];
    world.ok(&[&["cp"], &sources[..], &[&cos("flat/")]].concat());
    assert!(world.has("flat/a") && world.has("flat/other"));
    assert_eq!(
        world.refused(2, &["cp", "tree/a", "other", &cos("flat")])["kind"],
        "usage"
    );
    world.file("again/a", "meets the other");
    assert_eq!(
        world.refused(2, &["cp", "tree/a", "again/a", &cos("flat/")])["kind"],
        "usage"
    );
    assert_eq!(
        world.refused(2, &["cp", "tree", &cos("x/")])["kind"],
        "usage"
    );
    assert_eq!(
        world.refused(3, &["cp", "-r", &cos("none/"), "back"])["kind"],
        "notFound"
    );
}

// security: S8
#[test]
fn no_key_is_written_outside_the_target() {
    let world = World::with_bucket();
    let outside = world.path("outside");
    fs::create_dir(&outside).unwrap();
    for key in ["k/../../outside/x", "k/a//b", "k/./c", "k/good", "k/.."] {
        world.put(key, "bytes");
    }
    let ran = world.run(&["cp", "-r", &cos("k/"), "target/in", "--output", "json"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    let report = ran.error()["report"].clone();
    assert_eq!((&report["done"], &report["failed"]), (&1.into(), &4.into()));
    assert_eq!(
        fs::read_to_string(world.path("target/in/good")).unwrap(),
        "bytes"
    );
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(fs::read_dir(world.path("target")).unwrap().count(), 1);
    // A link that lies there leads nowhere either.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, world.path("target/in/way")).unwrap();
        world.put("w/way/x", "bytes");
        assert_eq!(world.run(&["cp", "-r", &cos("w/"), "target/in"]).code, 9);
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
    assert_eq!(
        world.refused(9, &["cp", &cos("k/good"), "target/in/good/x"])["kind"],
        "local"
    );
}

#[test]
fn targets_among_the_sources_are_refused_before_anything_is_copied() {
    let world = World::with_bucket();
    world.put("p/a", "bytes");
    let before = world.everything();
    for (source, target) in [("p/", "p/q/"), ("", "q/"), ("p", "p/")] {
        let told = world.refused(2, &["cp", "-r", &cos(source), &cos(target)]);
        assert_eq!(told["kind"], "usage", "{source} {target}");
    }
    assert_eq!(world.everything(), before);
    world.ok(&[
        "cp",
        "-r",
        &cos("p/"),
        &cos("p/"),
        "--storage-class",
        "STANDARD_IA",
    ]);
    assert_eq!(world.stat("p/a")["StorageClass"], "STANDARD_IA");
}

#[test]
fn standard_input_and_output_are_names_too() {
    let world = World::with_bucket();
    for size in [0, 5, 20 << 20] {
        let bytes = noise(size);
        let ran = world.run_with(&["cp", "-", &cos("in")], &bytes);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(world.ok(&["cp", &cos("in"), "-"]).bytes, bytes);
        assert_eq!(world.bytes("in"), bytes);
    }
    assert_eq!(
        world.ok(&["cat", &cos("in"), "--range", "bytes=0-9"]).bytes,
        noise(10)
    );
    assert_eq!(
        world
            .ok(&["cat", &cos("in"), "--range", "bytes=-3"])
            .bytes
            .len(),
        3
    );
    let raw = world.ok(&[
        "api",
        "get-object",
        "--bucket",
        crate::world::BUCKET,
        "--key",
        "in",
        "--range",
        "bytes=0-9",
        "--file",
        "-",
    ]);
    assert_eq!(raw.bytes, noise(10));
    assert_eq!(world.refused(2, &["cp", "-", &cos("")])["kind"], "usage");
    assert_eq!(world.refused(2, &["cp", "-", "there"])["kind"], "usage");
}

#[test]
fn conditions_hold_for_downloads_too() {
    let world = World::with_bucket();
    world.put("a", "bytes");
    let etag = text(&world.stat("a"), "ETag").to_owned();
    world.ok(&["cp", &cos("a"), "here", "--if-match", &etag]);
    assert_eq!(
        world.refused(5, &["cp", &cos("a"), "there", "--if-none-match", &etag])["kind"],
        "precondition"
    );
    assert_eq!(
        world.refused(5, &["cp", &cos("a"), "there", "--if-match", "aa"])["kind"],
        "precondition"
    );
    assert!(world.path("here").exists() && !world.path("there").exists());
}

#[test]
fn a_missing_file_is_named() {
    let world = World::with_bucket();
    let told = world.refused(9, &["cp", "none.jpg", &cos("a")]);
    assert!(text(&told, "error").contains("none.jpg"), "{told}");
    assert_eq!(told["kind"], "local");
}

const MIB: usize = 1 << 20;

/// Runs a command until its journal has so many records.
fn cut(world: &World, words: &[&str], halt: &str) {
    let halted = world.command(words).env("COSETTE_HALT", halt).output();
    assert_eq!(halted.unwrap().status.code(), Some(99), "{words:?}");
}

fn open_uploads(world: &World) -> Vec<String> {
    let open = world.json(&["ls", "--uploads", &cos("")]);
    let open = open.as_array().unwrap().iter();
    open.map(|upload| text(upload, "UploadId").to_owned())
        .collect()
}

#[test]
fn an_upload_that_was_cut_goes_on_by_the_same_command() {
    let world = World::with_bucket();
    let nothing = Value::Array(Vec::new());
    let bytes = noise(3 * MIB + 5);
    let file = world.file("film", &bytes);
    let target = cos("film");
    let cp = [
        "cp",
        &file,
        &target,
        "--chunk-size",
        "1MiB",
        "--meta",
        "a:b",
    ];
    let whole = |done: &Value, resumed: usize, bytes: &[u8]| {
        assert_eq!(
            (&done["Resumed"], &done["Parts"]),
            (&resumed.into(), &4.into()),
            "{done}"
        );
        assert_eq!(text(done, "Key"), "film");
        assert!(world.bytes("film") == bytes);
        assert_eq!(world.stat("film")["Metadata"]["a"], "b");
        assert!(open_uploads(&world).is_empty());
        assert_eq!(world.json(&["jobs"]), nothing);
    };
    cut(&world, &cp, "after:2");
    let open = open_uploads(&world);
    // The first part, as the run that was cut has sent it.
    let part = world.file("part", &bytes[..MIB]);
    world.api(
        "upload-part",
        &[
            "--key",
            "film",
            "--upload-id",
            &open[0],
            "--part-number",
            "1",
            "--file",
            &part,
        ],
    );
    whole(&world.json(&cp), MIB, &bytes);
    // It was whole, and the run ended before it knew.
    cut(&world, &cp, "before:3");
    whole(&world.json(&cp), bytes.len(), &bytes);
    // By its journal, like any job.
    cut(&world, &cp, "after:2");
    world.ok(&["resume"]);
    assert_eq!(world.json(&["jobs"]), nothing);
    // The file was written since: what was left of the other is given up, and so with other wishes.
    cut(&world, &cp, "after:2");
    let other = noise(3 * MIB + 6);
    world.file("film", &other);
    whole(&world.json(&cp), 0, &other);
    cut(
        &world,
        &["cp", &file, &target, "--chunk-size", "1MiB"],
        "after:2",
    );
    whole(&world.json(&cp), 0, &other);
}

#[test]
fn an_upload_in_parts_that_fails_leaves_no_job() {
    let world = World::with_bucket();
    let file = world.file("film", noise(2 * MIB));
    let none = "cos://none-1250000000/film";
    let told = world.refused(3, &["cp", &file, none, "--chunk-size", "1MiB"]);
    assert_eq!(told["code"], "NoSuchBucket", "{told}");
    assert_eq!(world.json(&["jobs"]), Value::Array(Vec::new()));
}

// A folder that is not there was told as "-r needs a folder", and what a shell gives for <(program) as "Illegal seek".
#[cfg(unix)]
#[test]
fn what_cannot_be_sent_is_told_with_what_to_do() {
    let world = World::with_bucket();
    world.file("file", "bytes");
    let (target, key) = (cos("t/"), cos("k"));
    for words in [
        &["sync", "nodir", target.as_str()][..],
        &["sync", "nodir", &target, "--delete"],
        &["cp", "-r", "./nodir", &target],
    ] {
        let told = world.refused(9, words);
        let told = text(&told, "error");
        assert!(
            told.ends_with("nodir: there is no such file or folder"),
            "{told}"
        );
    }
    for words in [
        &["sync", "file", target.as_str()][..],
        &["cp", "-r", "file", &target],
    ] {
        let told = world.refused(9, words);
        assert!(text(&told, "error").contains("no folder"), "{told}");
    }
    let (reader, _writer) = std::io::pipe().unwrap();
    for more in [&[][..], &["--no-overwrite"]] {
        let words = [&["cp", "/dev/fd/0", key.as_str()][..], more].concat();
        let mut command = world.command(&words);
        let ran = command.stdin(reader.try_clone().unwrap()).output().unwrap();
        let told = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(9), "{told}");
        assert!(told.contains("| cosette cp - cos://"), "{told}");
    }
    world.ok(&["cp", "/dev/null", &cos("empty")]);
    assert_eq!(world.bytes("empty"), b"");
}
