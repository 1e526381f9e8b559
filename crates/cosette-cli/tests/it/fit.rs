//! Flags that would do nothing are refused: who gives one expects that it does something.

use crate::world::{World, cos, text};

// `rm cos://b/k --exclude k` removed k, and `mv … --min-size 1GiB` moved what is smaller: filters counted only with -r,
// and nothing said so.
#[test]
fn a_filter_without_r_is_refused_and_nothing_is_touched() {
    let world = World::with_bucket();
    world.put("k", "small");
    let before = world.everything();
    let (one, other) = (cos("k"), cos("moved/"));
    for (flag, value) in [
        ("--include", "x"),
        ("--exclude", "k"),
        ("--include-regex", "x"),
        ("--exclude-regex", "k"),
        ("--min-size", "1GiB"),
        ("--max-size", "1"),
        ("--newer-than", "1s"),
        ("--older-than", "7d"),
    ] {
        for words in [
            &["rm", one.as_str()][..],
            &["rm", &one, "--all-versions"],
            &["mv", &one, &other],
            &["cp", &one, &other],
            &["cp", &one, &other, "--all-versions"],
            &["cp", &one, "file"],
            &["cp", "file", &other],
            &["plan", "-o", "x", "mv", &one, &other],
            &["plan", "-o", "x", "rm", &one],
        ] {
            let told = world.refused(2, &[words, &[flag, value]].concat());
            assert!(text(&told, "error").contains("-r"), "{told}");
        }
    }
    // A plan of what is under a name, of which nothing said so.
    world.refused(2, &["plan", "-o", "x", "rm", &one]);
    assert_eq!(world.everything(), before);
    assert!(!world.path("x").exists());
    // Lists name many objects, and filters choose among them.
    world.put("p/a", "1");
    world.put("p/b", "22");
    let list = world.file("list", "a\nb\n");
    let words = ["cp", &cos("p/"), &cos("q/"), "--names-from", &list];
    world.ok(&[&words[..], &["--min-size", "2"]].concat());
    assert!(world.has("q/b") && !world.has("q/a"));
}

// `cp` and `sync` of files passed over --set-header and --set-meta.
#[test]
fn a_header_that_is_set_is_set_on_uploads_too() {
    let world = World::with_bucket();
    let file = world.file("d/a.txt", "bytes");
    let set = [
        "--set-header",
        "Cache-Control:max-age=60",
        "--set-meta",
        "author:ann",
    ];
    let (one, many, synced) = (cos("one"), cos("many/"), cos("synced/"));
    for words in [
        &["cp", file.as_str(), &one][..],
        &["cp", "-r", "d", &many, "--meta", "more:1"],
        &["sync", "d", &synced],
    ] {
        world.ok(&[words, &set[..]].concat());
    }
    for key in ["one", "many/a.txt", "synced/a.txt"] {
        let facts = world.stat(key);
        assert_eq!(facts["CacheControl"], "max-age=60", "{facts}");
        assert_eq!(facts["Metadata"]["author"], "ann", "{facts}");
        assert_eq!(facts["ContentType"], "text/plain", "{facts}");
    }
    assert_eq!(world.stat("many/a.txt")["Metadata"]["more"], "1");
    let web = "http://127.0.0.1:1/x";
    for source in ["-", web] {
        let told = world.refused(2, &[&["cp", source, &one][..], &set[..]].concat());
        assert!(text(&told, "error").contains("--meta"), "{told}");
    }
}

// These ended with 0, and the flag had done nothing.
#[test]
fn a_flag_about_what_is_not_there_is_refused() {
    let world = World::with_bucket();
    world.put("p/a", "bytes");
    let file = world.file("d/f", "bytes");
    let before = world.everything();
    let (one, prefix, other) = (cos("p/a"), cos("p/"), cos("q/"));
    let of_object = [
        &["--version-id", "null"][..],
        &["--source-region", "ap-beijing"],
        &["--remove-header", "Expires"],
        &["--remove-meta", "a"],
        &["--copy-acl"],
        &["--copy-tags", "none"],
    ];
    let conditions = [
        &["--if-match", "*"][..],
        &["--if-none-match", "*"],
        &["--if-modified-since", "2024-05-01T00:00:00Z"],
        &["--if-unmodified-since", "2024-05-01T00:00:00Z"],
    ];
    let of_target = [
        &["--storage-class", "ARCHIVE"][..],
        &["--metadata-directive", "Replaced"],
        &["--meta", "a:1"],
        &["--content-type", "text/plain"],
        &["--acl", "private"],
        &["--set-meta", "a:1"],
        &["--set-header", "Expires:0"],
        &["--copy-acl"],
    ];
    let refuse = |words: &[&str], flags: &[&str]| {
        let told = world.refused(2, &[words, flags].concat());
        assert!(text(&told, "error").contains(flags[0]), "{told}");
    };
    let upload = ["cp", file.as_str(), &other];
    for flags in of_object.iter().chain(&conditions) {
        refuse(&upload, flags);
        refuse(&["cp", "-r", "d", &other], flags);
        refuse(&["cp", "-", &cos("k")], flags);
    }
    for flags in of_object {
        refuse(&["sync", "d", &other], flags);
    }
    for flags in of_target {
        refuse(&["cp", &one, "out"], flags);
        refuse(&["cp", &one, "-"], flags);
        refuse(&["cp", "-r", &prefix, "out"], flags);
        refuse(&["sync", &prefix, "out"], flags);
    }
    let rule = ["--rename", "a=>b"];
    for words in [
        &["cp", one.as_str(), &other][..],
        &["mv", &one, &other],
        &["plan", "-o", "x", "cp", &file, &other],
    ] {
        refuse(words, &rule);
    }
    let told = world.refused(2, &[&["sync", &prefix, &other], &rule[..]].concat());
    assert!(text(&told, "error").contains("--rename"), "{told}");
    refuse(&["sync", &prefix, &other], &["--version-id", "null"]);
    assert_eq!(world.everything(), before);
    assert!(!world.path("out").exists() && !world.path("x").exists());
}
