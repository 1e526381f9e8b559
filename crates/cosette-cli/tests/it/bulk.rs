//! Many objects at once: plans, filters, rules, lists, jobs that are carried on and taken back.

use serde_json::Value;

use crate::world::{World, cos, text};

fn filled(keys: &[&str]) -> World {
    let world = World::with_bucket();
    for key in keys {
        world.put(key, key);
    }
    world
}

fn keys(world: &World, prefix: &str) -> Vec<String> {
    let listed = world.json(&["ls", "-r", &cos(prefix)]);
    let entries = listed.as_array().unwrap().iter();
    entries.map(|entry| text(entry, "Key").to_owned()).collect()
}

fn job(world: &World) -> String {
    let jobs = world.json(&["jobs"]);
    text(jobs.as_array().unwrap().last().unwrap(), "job").to_owned()
}

#[test]
fn a_dry_run_prints_the_plan_and_does_nothing() {
    let world = filled(&["p/a", "p/b", "q"]);
    let before = world.everything();
    let ran = world.ok(&["mv", "-r", &cos("p/"), &cos("moved/"), "--dry-run"]);
    assert_eq!(
        ran.stdout,
        format!(
            "move  {} -> {}  3 B\nmove  {} -> {}  3 B\n2 objects, 6 B, 2 removals; up to 2 requests: 2 copy\n",
            cos("p/a"),
            cos("moved/a"),
            cos("p/b"),
            cos("moved/b")
        )
    );
    let plan = world.json(&["rm", "-r", &cos("p/"), "--dry-run"]);
    assert_eq!(plan["summary"]["removals"], 2);
    assert_eq!(text(&plan["plan"][1], "source"), cos("p/b"));
    assert_eq!(plan["summary"]["requestsByKind"]["delete"], 2);
    assert_eq!(world.everything(), before);
    assert_eq!(world.json(&["jobs"]), Value::Array(Vec::new()));
}

#[test]
fn a_plan_is_applied_to_what_it_saw_and_to_nothing_else() {
    let world = filled(&["p/a", "p/b", "p/c"]);
    world.ok(&[
        "plan",
        "-o",
        "move.plan",
        "mv",
        "-r",
        &cos("p/"),
        &cos("q/"),
    ]);
    let again = [
        "plan",
        "-o",
        "move.plan",
        "mv",
        "-r",
        &cos("p/"),
        &cos("q/"),
    ];
    assert_eq!(world.refused(9, &again)["kind"], "local");
    let shown = world.ok(&["plan", "--show", "move.plan"]).stdout;
    assert_eq!(
        shown,
        world
            .ok(&["mv", "-r", &cos("p/"), &cos("q/"), "--dry-run"])
            .stdout
    );
    world.put("p/b", "changed since");
    world.put("p/new", "not planned");
    let ran = world.run(&["apply", "move.plan", "--output", "json"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert_eq!(ran.error()["report"]["done"], 2);
    assert_eq!(keys(&world, ""), ["p/b", "p/new", "q/a", "q/c"]);
    assert_eq!(world.bytes("p/b"), b"changed since");
    // The advice stands there once.
    let failure = text(&ran.error()["report"]["failures"][0], "error").to_owned();
    assert_eq!(
        failure.matches("nothing was changed").count(),
        1,
        "{failure}"
    );
    // A plan that was tampered with or cut off, wherever, is a file that is wrong; it is not carried out.
    let plan = std::fs::read_to_string(world.path("move.plan")).unwrap();
    let lines = plan.match_indices('\n').map(|(at, _)| at + 1);
    let before = world.everything();
    let cuts = lines
        .flat_map(|at| [at - 7, at])
        .filter(|at| *at < plan.len());
    let cut = cuts.chain([0]).map(|at| plan[..at].to_owned());
    for wrong in cut.chain([plan.replace("\"q/a\"", "\"x/a\""), "a text\n".to_owned()]) {
        std::fs::write(world.path("move.plan"), &wrong).unwrap();
        let told = world.refused(9, &["apply", "move.plan"]);
        let told = text(&told, "error");
        assert!(told.contains("move.plan"), "{told}");
        assert!(told.matches("make").count() <= 1, "{told}");
        world.refused(9, &["plan", "--show", "move.plan"]);
    }
    assert_eq!(world.everything(), before);
}

#[test]
fn filters_take_names_sizes_and_patterns() {
    let world = filled(&["p/a.jpg", "p/b/c.jpg", "p/b/c.txt", "p/tmp/d.jpg"]);
    world.ok(&[
        "cp",
        "-r",
        &cos("p/"),
        &cos("q/"),
        "--include",
        "*.jpg",
        "--exclude",
        "tmp/*",
    ]);
    assert_eq!(keys(&world, "q/"), ["q/a.jpg", "q/b/c.jpg"]);
    world.ok(&["cp", "-r", &cos("p/b/*.txt"), &cos("r/")]);
    assert_eq!(keys(&world, "r/"), ["r/c.txt"]);
    world.ok(&["rm", "-r", &cos("p/"), "--include-regex", r"^b/.*\.jpg$"]);
    assert_eq!(keys(&world, "p/"), ["p/a.jpg", "p/b/c.txt", "p/tmp/d.jpg"]);
    let none = ["cp", "-r", &cos("p/"), &cos("s/"), "--min-size", "1KiB"];
    assert_eq!(world.run(&none).code, 3);
    assert_eq!(
        world
            .run(&["cp", "-r", &cos("p/"), &cos("s/"), "--older-than", "1d"])
            .code,
        3
    );
    let sum = world.json(&["du", &cos("p/"), "--exclude", "tmp/*"]);
    assert_eq!((&sum["Objects"], &sum["Bytes"]), (&2.into(), &16.into()));
}

#[test]
fn a_rule_renames_and_sources_that_would_meet_are_refused_before_anything_is_done() {
    let world = filled(&["p/2024-05/a", "p/2024-06/b", "p/x"]);
    world.ok(&[
        "cp",
        "-r",
        &cos("p/"),
        &cos("q/"),
        "--rename",
        r"^(\d+)-(\d+)/(.*)$=>$3/$1/$2",
    ]);
    assert_eq!(keys(&world, "q/"), ["q/a/2024/05", "q/b/2024/06", "q/x"]);
    let before = world.everything();
    for (target, rule) in [
        ("r/", ".*=>same"),
        ("p/", "^2024-05/a$=>x"),
        ("r/", "^x$=>"),
    ] {
        let told = world.refused(2, &["mv", "-r", &cos("p/"), &cos(target), "--rename", rule]);
        assert_eq!(told["kind"], "usage", "{rule}");
    }
    assert_eq!(world.everything(), before);
    world.ok(&["mv", "-r", &cos("p/"), &cos("p/"), "--rename", "^x$=>y"]);
    assert_eq!(keys(&world, "p/"), ["p/2024-05/a", "p/2024-06/b", "p/y"]);
}

#[test]
fn lists_and_manifests_name_the_sources() {
    let world = filled(&["p/a", "p/b c", "p/d", "other"]);
    let list = world.file("names", "a\n\nb c\r\n");
    world.ok(&["cp", &cos("p/"), &cos("q/"), "--names-from", &list]);
    assert_eq!(keys(&world, "q/"), ["q/a", "q/b c"]);
    let bucket = crate::world::BUCKET;
    let manifest = world.file(
        "manifest.csv",
        format!("{bucket},p%2Fb%20c\n{bucket},p/d,\n"),
    );
    world.ok(&["mv", &cos("p/"), &cos("r/"), "--manifest", &manifest]);
    assert_eq!(
        keys(&world, ""),
        ["other", "p/a", "q/a", "q/b c", "r/b c", "r/d"]
    );
    let before = world.everything();
    for (name, row) in [
        ("one", "elsewhere-1250000000,p/a\n"),
        ("two", &format!("{bucket},other\n")),
        ("three", &format!("{bucket},%zz\n")),
        // An inventory with other columns and no row that names them.
        ("four", &format!("{bucket},p/a,3,2026-11-23T00:00:00Z\n")),
    ] {
        let file = world.file(name, row);
        let told = world.refused(2, &["mv", &cos("p/"), &cos("s/"), "--manifest", &file]);
        assert!(text(&told, "error").contains("row 1"), "{told}");
    }
    let packed = world.file("packed.csv.gz", [0x1f, 0x8b, 8, 0]);
    let told = world.refused(2, &["mv", &cos("p/"), &cos("s/"), "--manifest", &packed]);
    assert!(text(&told, "error").contains("gunzip"), "{told}");
    let inventory = world.file(
        "inventory.csv",
        format!(
            "Appid, Bucket, Key, Size, IsDeleteMarker\n1,{bucket},p/gone,0,true\n1,{bucket},p/a,3,false\n"
        ),
    );
    let told = world.json(&[
        "cp",
        &cos("p/"),
        &cos("s/"),
        "--manifest",
        &inventory,
        "--dry-run",
    ]);
    assert_eq!(told["summary"]["entries"], 1, "{told}");
    let missing = world.file("missing", "a\nnone\n");
    let told = world.refused(3, &["mv", &cos("p/"), &cos("s/"), "--names-from", &missing]);
    assert!(text(&told, "error").contains("p/none"), "{told}");
    let twice = world.file("twice", "a\na\n");
    world.refused(2, &["mv", &cos("p/"), &cos("s/"), "--names-from", &twice]);
    assert_eq!(world.everything(), before);
}

#[test]
fn what_is_there_is_left_alone_when_asked() {
    let world = filled(&["p/a", "p/b", "q/a"]);
    let sum = world.json(&["cp", "-r", &cos("p/"), &cos("q/"), "--no-overwrite"]);
    assert_eq!((&sum["done"], &sum["skipped"]), (&1.into(), &1.into()));
    assert_eq!(world.bytes("q/a"), b"q/a");
    let sum = world.json(&["cp", &cos("p/a"), &cos("q/b"), "--no-overwrite"]);
    assert_eq!(sum["skipped"], 1);
}

#[test]
fn failures_are_kept_and_tried_again() {
    let world = filled(&["p/a", "p/b"]);
    world.ok(&[
        "cp",
        &cos("p/a"),
        &cos("p/frozen"),
        "--storage-class",
        "ARCHIVE",
    ]);
    let words = ["mv", "-r", &cos("p/"), &cos("q/"), "--copy-delete"];
    assert_eq!(world.run(&words).code, 7);
    let id = job(&world);
    let report = world.json(&["jobs", &id]);
    assert_eq!(report["job"]["done"], 2);
    assert_eq!(text(&report["notDone"][0], "source"), cos("p/frozen"));
    assert_eq!(report["notDone"][0]["failure"]["kind"], "archived");
    // It is a plain object by now, of another tag: the job does not touch it.
    world.ok(&["rm", &cos("p/frozen")]);
    let ran = world.run(&["resume"]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    world.ok(&["jobs", "--forget", &id]);
    assert_eq!(world.run(&["resume"]).code, 3);
    assert_eq!(keys(&world, ""), ["q/a", "q/b"]);
}

#[test]
fn a_move_that_was_taken_back_goes_forward_by_taking_that_back() {
    let world = filled(&["p/a", "p/b"]);
    world.ok(&["mv", "-r", &cos("p/"), &cos("q/")]);
    let forth = job(&world);
    world.ok(&["undo", &forth]);
    assert_eq!(keys(&world, ""), ["p/a", "p/b"]);
    let back = job(&world);
    let refused = world.refused(2, &["undo", &forth]);
    assert!(
        refused
            .to_string()
            .contains(&format!("cosette undo {back}")),
        "{refused}"
    );
    world.ok(&["undo", &back]);
    assert_eq!(keys(&world, ""), ["q/a", "q/b"]);
}

#[test]
fn a_move_is_taken_back_but_not_over_what_came_since() {
    let world = filled(&["p/a", "p/b", "p/c"]);
    world.ok(&["mv", "-r", &cos("p/"), &cos("q/")]);
    let id = job(&world);
    world.put("p/b", "somebody's");
    world.put("q/c", "written over");
    let before = world.everything();
    world.ok(&["undo", &id, "--dry-run"]);
    assert_eq!(world.everything(), before);
    assert_eq!(world.run(&["undo", &id]).code, 7);
    assert_eq!(keys(&world, ""), ["p/a", "p/b", "q/b", "q/c"]);
    assert_eq!(world.bytes("p/b"), b"somebody's");
    // What it could not take back waits in its own job; a second one would find nothing to move.
    let jobs = world.json(&["jobs"]).as_array().unwrap().len();
    let back = job(&world);
    let refused = world.refused(2, &["undo", &id]);
    assert!(
        refused
            .to_string()
            .contains(&format!("cosette resume {back}")),
        "{refused}"
    );
    assert_eq!(world.json(&["jobs"]).as_array().unwrap().len(), jobs);
    assert_eq!(world.run(&["undo", "no-such-job"]).code, 3);
    assert_eq!(world.run(&["undo", "../jobs"]).code, 3);
}

#[test]
fn sync_copies_what_differs_and_removes_only_within_its_limit() {
    let world = filled(&["p/a", "p/b/c"]);
    let sync = |more: &[&str]| {
        let (source, target) = (cos("p/"), cos("q/"));
        let words = [&["sync", source.as_str(), target.as_str()], more].concat();
        world.run(&[words.as_slice(), &["--output", "json"]].concat())
    };
    let done = |ran: crate::world::Ran| {
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str::<Value>(&ran.stdout).unwrap()["done"].clone()
    };
    assert_eq!(done(sync(&[])), 2);
    assert_eq!(done(sync(&[])), 0);
    assert_eq!(done(sync(&["--checksum"])), 0);
    world.put("p/a", "P/A");
    assert_eq!(done(sync(&["--size-only"])), 0);
    assert_eq!(done(sync(&["--checksum"])), 1);
    assert_eq!(world.bytes("q/a"), b"P/A");
    for key in ["q/old1", "q/old2", "q/keep.txt"] {
        world.put(key, key);
    }
    assert_eq!(done(sync(&[])), 0);
    let before = world.everything();
    assert_eq!(
        sync(&["--delete", "--max-delete", "1", "--exclude", "*.txt"]).code,
        2
    );
    assert_eq!(world.everything(), before);
    assert_eq!(
        done(sync(&[
            "--delete",
            "--max-delete",
            "2",
            "--exclude",
            "*.txt"
        ])),
        2
    );
    assert_eq!(keys(&world, "q/"), ["q/a", "q/b/c", "q/keep.txt"]);
}

#[test]
fn sync_is_between_folders_and_buckets_too() {
    let world = World::with_bucket();
    for name in ["site/index.html", "site/css/a.css"] {
        world.file(name, name);
    }
    assert_eq!(world.json(&["sync", "site", &cos("web")])["done"], 2);
    assert_eq!(world.json(&["sync", "site", &cos("web")])["done"], 0);
    assert_eq!(world.stat("web/css/a.css")["ContentType"], "text/css");
    assert_eq!(world.json(&["sync", &cos("web"), "back"])["done"], 2);
    assert_eq!(
        world.json(&["sync", &cos("web"), "back", "--checksum"])["done"],
        0
    );
    world.file("back/index.html", "site/index.HTML");
    assert_eq!(
        world.json(&["sync", &cos("web"), "back", "--checksum"])["done"],
        1
    );
    assert_eq!(
        std::fs::read_to_string(world.path("back/index.html")).unwrap(),
        "site/index.html"
    );
}

// `sync --delete` from a mistyped prefix or an empty folder removed everything at the target, and ended with 0.
#[test]
fn sync_from_nothing_removes_nothing() {
    let world = filled(&["site/a", "target/a", "target/b"]);
    world.file("mirror/a", "a");
    std::fs::create_dir(world.path("empty")).unwrap();
    let before = world.everything();
    let target = cos("target/");
    let sync = ["--delete", "--max-delete", "5"];
    for source in [cos("siet/").as_str(), "empty"] {
        let told = world.refused(3, &[&["sync", source, &target], &sync[..]].concat());
        assert!(
            text(&told, "error").contains(&format!("rm -r {target}")),
            "{told}"
        );
    }
    let none = ["--include", "*.txt"];
    let source = cos("site/");
    world.refused(3, &[&["sync", &source, &target], &sync[..], &none].concat());
    let unmounted = ["sync", "no-such-folder", &target];
    world.refused(9, &[&unmounted[..], &sync].concat());
    assert_eq!(world.everything(), before);
    // Without --delete nothing is lost, and nothing is to be done.
    for source in [cos("siet/").as_str(), "empty"] {
        assert_eq!(world.json(&["sync", source, &target])["done"], 0);
    }
    // What is on this machine is not removed, and a flag that says so is refused.
    for more in [&[][..], &["--dry-run"]] {
        let words = ["sync", &source, "mirror", "--delete"];
        let told = world.refused(2, &[&words[..], more].concat());
        assert!(text(&told, "error").contains("never removed"), "{told}");
    }
    let list = world.file("list", "b\na\n");
    let words = ["sync", &source, &target, "--delete", "--names-from", &list];
    world.refused(2, &words);
    assert_eq!(world.everything(), before);
    assert!(world.path("mirror/a").is_file());
    assert_eq!(
        world.json(&["sync", &source, &target, "--delete"])["done"],
        2
    );
    assert_eq!(keys(&world, "target/"), ["target/a"]);
}

// A folder that became a symbolic link was passed over, "skipped" was 0, and `sync --delete` removed what had been
// copied from it.
#[cfg(unix)]
#[test]
fn what_is_passed_over_is_counted_and_kept_at_the_target() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::with_bucket();
    for name in ["d/a", "d/locked/1", "d/locked/2", "d/lockedness", "d/link"] {
        world.file(name, name);
    }
    let target = cos("t/");
    assert_eq!(world.json(&["cp", "-r", "d", &target])["skipped"], 0);
    std::fs::rename(world.path("d/locked"), world.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("d/locked")).unwrap();
    for name in ["d/link", "d/lockedness"] {
        std::fs::remove_file(world.path(name)).unwrap();
    }
    std::os::unix::fs::symlink(world.path("d/a"), world.path("d/link")).unwrap();
    let name = std::ffi::OsStr::from_bytes(b"no\xffname");
    std::fs::write(world.path("d").join(name), "bytes").unwrap();
    let sum = world.json(&["cp", "-r", "d", &target]);
    assert_eq!((&sum["done"], &sum["skipped"]), (&1.into(), &3.into()));
    assert_eq!(world.json(&["sync", "d", &target])["skipped"], 3);
    let ran = world.ok(&["sync", "d", &target, "--delete"]);
    assert!(
        ran.stdout.contains("1 objects") && ran.stdout.contains("3 left alone"),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains("3 objects at the target are kept"),
        "{ran:?}"
    );
    assert_eq!(
        keys(&world, "t/"),
        ["t/a", "t/link", "t/locked/1", "t/locked/2"]
    );
    let ran = world.ok(&["sync", "d", &target, "--delete"]);
    assert!(
        ran.stdout.contains("nothing to do") && ran.stdout.contains("3 left alone"),
        "{ran:?}"
    );
    let ran = world.ok(&["cp", "-r", "d", &target]);
    assert!(ran.stdout.contains("3 left alone"), "{ran:?}");
}

#[test]
fn manual_pages_are_made_for_every_command() {
    let world = World::new();
    assert!(world.ok(&["man"]).stdout.contains("cosette"));
    world.ok(&["man", "--dir", "man1"]);
    for page in ["cosette.1", "cosette-cp.1", "cosette-api-put-object-copy.1"] {
        assert!(world.path("man1").join(page).is_file(), "{page}");
    }
}
