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
