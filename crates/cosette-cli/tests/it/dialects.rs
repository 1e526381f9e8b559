//! Other services than COS: profiles of the S3 dialect, and two stores in one command.

use serde_json::Value;

use crate::world::{BUCKET, Server, World, cos, text};

/// A store that is served, and a configuration with two profiles of it: `there` in the dialect of S3
/// and `cos` in that of COS.
struct There {
    world: World,
    server: Server,
}

impl There {
    fn new() -> Self {
        let world = World::new();
        let server = world.serve();
        There { world, server }
    }

    /// The text of its profiles.
    fn profiles(&self) -> String {
        let root = std::fs::read(self.world.data().join("root-key.json")).unwrap();
        let root: Value = serde_json::from_slice(&root).unwrap();
        let profile = |name: &str, dialect: &str| {
            format!(
                "[profiles.{name}]\nendpoint = \"{}\"\ndialect = \"{dialect}\"\nsecret_id = \"{}\"\nsecret_key = \"{}\"\n",
                self.server.url,
                text(&root, "secret_id"),
                text(&root, "secret_key")
            )
        };
        format!("{}{}", profile("there", "s3"), profile("same", "cos"))
    }
}

fn configure(world: &World, profiles: &str) {
    let file = world.file(".config/cosette/config.toml", profiles);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// A user who has nothing but a profile of somebody's S3.
fn user(there: &There) -> World {
    let world = World::new().set("COSETTE_PROFILE", "there");
    configure(&world, &there.profiles());
    world
}

fn keys(world: &World, name: &str) -> Vec<String> {
    let listed = world.json(&["ls", "-r", name]);
    let entries = listed.as_array().unwrap().iter();
    entries.map(|entry| text(entry, "Key").to_owned()).collect()
}

fn a_service_says_itself_which_classes_it_has(world: &World) {
    let class = |class: &str| {
        let words = ["cp", "trip/1.txt", "s3://photos/k.txt", "--output", "json"];
        world.run(&[&words[..], &["--storage-class", class]].concat())
    };
    let refused = class("GLACIER_IR").error();
    assert!(refused["requestId"].is_string(), "{refused}");
    assert_eq!(class("glacier").code, 0);
    world.ok(&["rm", "s3://photos/k.txt"]);
}

#[test]
fn every_bulk_command_works_in_the_dialect_of_s3() {
    let there = There::new();
    let world = user(&there);
    world.file("trip/1.txt", "one");
    world.file("trip/day 1/海滩.txt", "sand");
    let made = world.ok(&["mb", "s3://photos"]);
    assert_eq!(made.stdout.trim(), "made s3://photos");
    assert_eq!(world.ok(&["ls"]).stdout.trim(), "s3://photos");

    world.ok(&[
        "cp",
        "-r",
        "trip",
        "s3://photos/a/",
        "--storage-class",
        "STANDARD_IA",
    ]);
    assert_eq!(keys(&world, "s3://photos"), ["a/1.txt", "a/day 1/海滩.txt"]);
    world.ok(&[
        "cp",
        "trip/1.txt",
        "s3://photos/b.txt",
        "--meta",
        "author:ann",
    ]);
    let stat = world.json(&["stat", "s3://photos/b.txt"]);
    assert_eq!(stat["Metadata"]["author"], "ann", "{stat}");
    assert_eq!(world.ok(&["cat", "s3://photos/b.txt"]).stdout, "one");
    // A bucket has properties too.
    world.ok(&["stat", "s3://photos"]);

    world.ok(&["cp", "s3://photos/b.txt", "s3://photos/c.txt"]);
    let copied = world.json(&["stat", "s3://photos/c.txt"]);
    assert_eq!(copied["Metadata"]["author"], "ann", "{copied}");
    world.ok(&["mv", "s3://photos/c.txt", "s3://photos/d.txt"]);
    world.ok(&[
        "mv",
        "-r",
        "s3://photos/a/",
        "s3://photos/z/",
        "--set-meta",
        "day:1",
    ]);
    let moved = world.json(&["stat", "s3://photos/z/day 1/海滩.txt"]);
    assert_eq!(moved["Metadata"]["day"], "1", "{moved}");
    assert_eq!(text(&moved, "StorageClass"), "STANDARD_IA");
    let after = ["b.txt", "d.txt", "z/1.txt", "z/day 1/海滩.txt"];
    assert_eq!(keys(&world, "s3://photos"), after);

    a_service_says_itself_which_classes_it_has(&world);

    world.ok(&["sync", "s3://photos/z/", "back"]);
    assert_eq!(
        std::fs::read(world.path("back/day 1/海滩.txt")).unwrap(),
        b"sand"
    );
    world.file("back/new.txt", "new");
    world.ok(&["sync", "back", "s3://photos/z/"]);
    assert!(keys(&world, "s3://photos/z/").contains(&"z/new.txt".to_owned()));
    assert_eq!(world.json(&["du", "s3://photos/z/"])["Objects"], 3);

    // What is planned in a dialect is applied in it.
    world.ok(&[
        "plan",
        "-o",
        "p",
        "mv",
        "-r",
        "s3://photos/z/",
        "s3://photos/y/",
    ]);
    assert!(
        world
            .ok(&["plan", "--show", "p"])
            .stdout
            .contains("s3://photos/z/1.txt -> s3://photos/y/1.txt")
    );
    world.ok(&["apply", "p"]);
    assert_eq!(keys(&world, "s3://photos/z/").len(), 0);
    let undone = world.json(&["jobs"]);
    let job = undone.as_array().unwrap().last().unwrap();
    world.ok(&["undo", text(job, "job")]);
    assert_eq!(keys(&world, "s3://photos/z/").len(), 3);

    world.ok(&["rm", "-r", "s3://photos/"]);
    assert_eq!(keys(&world, "s3://photos").len(), 0);
    world.ok(&["rb", "s3://photos"]);
}

#[test]
fn a_job_that_was_cut_goes_on_in_the_dialect_it_began_in() {
    let there = There::new();
    let world = user(&there);
    world.ok(&["mb", "s3://photos"]);
    for name in ["1", "2", "3"] {
        let file = world.file(name, name);
        world.ok(&["cp", &file, "s3://photos/in/"]);
    }
    // The dialect is a flag here, and resume is not told it again.
    let world = World::new();
    let profiles = there.profiles().replace("dialect = \"s3\"\n", "");
    configure(&world, &profiles);
    let flags = ["--profile", "there", "--dialect", "s3"];
    let cut = [
        &["mv", "-r", "s3://photos/in/", "s3://photos/out/"][..],
        &flags,
    ]
    .concat();
    let mut command = world.command(&cut);
    let code = command
        .env("COSETTE_HALT", "after:2")
        .status()
        .unwrap()
        .code();
    assert_eq!(code, Some(99), "it did not end at the record");
    world.ok(&["resume"]);
    let listed = world.json(&[&["ls", "-r", "s3://photos"][..], &flags].concat());
    let listed: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| text(it, "Key"))
        .collect();
    assert_eq!(listed, ["out/1", "out/2", "out/3"]);
}

#[test]
fn two_profiles_in_one_command_are_two_stores() {
    let there = There::new();
    let away = user(&there);
    away.ok(&["mb", "s3://photos"]);
    let file = away.file("1.txt", "one");
    away.ok(&[
        "cp",
        &file,
        "s3://photos/in/1.txt",
        "--meta",
        "author:ann",
        "--content-type",
        "kind/x",
    ]);
    // Larger than a part of a streamed copy.
    let large = crate::world::noise(9 << 20);
    let file = away.file("2.bin", &large);
    away.ok(&["cp", &file, "s3://photos/in/2.bin"]);

    // The target is the store of this world's folder.
    let home = World::with_bucket();
    configure(&home, &there.profiles());
    home.ok(&[
        "cp",
        "-r",
        "s3://photos/in/",
        &cos("x/"),
        "--from-profile",
        "there",
    ]);
    let stat = home.stat("x/1.txt");
    assert_eq!(stat["Metadata"]["author"], "ann", "{stat}");
    assert_eq!(text(&stat, "ContentType"), "kind/x");
    assert!(home.bytes("x/2.bin") == large);

    // And back: a move removes what it copied, where that was.
    let back = ["--profile", "there", "--from-profile", "home"];
    let url = home.serve();
    let root = std::fs::read(home.data().join("root-key.json")).unwrap();
    let root: Value = serde_json::from_slice(&root).unwrap();
    let profile = format!(
        "{}[profiles.home]\nendpoint = \"{}\"\nsecret_id = \"{}\"\nsecret_key = \"{}\"\n",
        there.profiles(),
        url.url,
        text(&root, "secret_id"),
        text(&root, "secret_key")
    );
    configure(&home, &profile);
    let words = ["mv", "-r", &cos("x/"), "s3://photos/back/"];
    home.ok(&[&words[..], &back].concat());
    assert_eq!(keys(&home, &cos("x/")).len(), 0);
    assert_eq!(
        keys(&away, "s3://photos/back/"),
        ["back/1.txt", "back/2.bin"]
    );
    let stat = away.json(&["stat", "s3://photos/back/1.txt"]);
    assert_eq!(stat["Metadata"]["author"], "ann", "{stat}");
    // One object needs no -r.
    let one = [
        "cp",
        "s3://photos/back/1.txt",
        &cos("one"),
        "--from-profile",
        "there",
    ];
    home.ok(&one);
    assert_eq!(home.bytes("one"), b"one");
}

#[test]
fn one_service_in_both_dialects_is_streamed_where_names_differ() {
    let there = There::new();
    let world = user(&there);
    world.ok(&["mb", "s3://photos"]);
    let file = world.file("1.txt", "one");
    world.ok(&["cp", &file, "s3://photos/1.txt"]);
    let same = ["--profile", "same"];
    world.ok(&[&["mb", &cos("")][..], &same].concat());
    let copy = [
        "cp",
        "-r",
        "s3://photos/",
        &cos("x/"),
        "--from-profile",
        "there",
    ];
    world.ok(&[&copy[..], &same].concat());
    let read = world.ok(&[&["cat", &cos("x/1.txt")][..], &same].concat());
    assert_eq!(read.stdout, "one");
    // The same bucket has its name in both dialects.
    let listed = keys(&world, &format!("s3://{BUCKET}/x/"));
    assert_eq!(listed, ["x/1.txt"]);
}

#[test]
fn a_plain_name_is_refused_where_cos_is_spoken() {
    let world = World::with_bucket();
    world.put("a", "a");
    let before = world.everything();
    for words in [
        &["ls", "s3://photos"][..],
        &["cp", "-r", "s3://photos/", &cos("b/")],
        &["cp", &cos("a"), "s3://photos/a"],
        &["mv", &cos("a"), "s3://photos/a"],
        &["rm", "s3://photos/a"],
        &["plan", "-o", "p", "cp", "-r", &cos("a"), "s3://photos/"],
    ] {
        let told = world.refused(2, words).to_string();
        assert!(told.contains("--dialect s3"), "{words:?} {told}");
    }
    assert_eq!(world.everything(), before);
    assert!(!world.path("p").exists());
    let told = world.refused(2, &["ls", "--endpoint", "s3", "--dialect", "cos"]);
    assert!(told.to_string().contains("Amazon S3"), "{told}");
}

#[test]
fn a_profile_of_s3_is_amazon_unless_it_names_a_server() {
    let world = World::new()
        .set("AWS_ACCESS_KEY_ID", "AKIAenv")
        .set("AWS_SECRET_ACCESS_KEY", "hush-hush");
    let init = [
        "config",
        "init",
        "--profile",
        "aws",
        "--dialect",
        "s3",
        "--from-env",
    ];
    world.ok(&init);
    let shown = world.json(&["config", "show", "--profile", "aws"]);
    let facts = ["place", "dialect", "region"].map(|name| text(&shown, name));
    assert_eq!(facts, ["Amazon S3", "s3", "us-east-1"]);
    assert!(text(&shown, "keys").starts_with("AKIAenv"), "{shown}");
    assert!(!shown.to_string().contains("hush"), "{shown}");
    // Keys of one cloud are never tried at the other.
    let told = world.json(&["config", "show", "--endpoint", "cos"]);
    assert!(text(&told, "keys").contains("no credentials"), "{told}");
    assert_eq!(world.run(&["config", "set", "dialect", "gopher"]).code, 2);
}

/// As the tool's own documents and its program write it.
const COSCLI: &str = "cos:
  base:
    secretid: AKIDcoscli
    secretkey: hush-coscli
    sessiontoken: \"\"
    protocol: https
    mode: \"\"
    cvmrolename: \"\"
    closeautoswitchhost: \"false\"
    disableencryption: \"true\"
  buckets:
  - name: examplebucket-1250000000
    alias: example
    region: ap-chengdu
    endpoint: \"\"
    ofs: false
";
const COSCMD: &str = "[common]
secret_id = AKIDcoscmd
secret_key = hush-coscmd
bucket = examplebucket-1250000000
region = ap-nanjing
max_thread = 5
part_size = 1
retry = 5
timeout = 60
schema = https
verify = md5
anonymous = False
";
const SHARED: &str = "[default]
secret_id = AKIDshared
secret_key = hush-shared
";

#[test]
fn files_of_other_tools_are_used_when_asked_for() {
    let world = World::new();
    world.file(".cos.yaml", COSCLI);
    world.file(".cos.conf", COSCMD);
    world.file(".tencentcloud/credentials", SHARED);
    for (tool, id, region) in [
        ("coscli", "AKIDcoscli", None),
        ("coscmd", "AKIDcoscmd", Some("ap-nanjing")),
        ("tencentcloud", "AKIDshared", None),
    ] {
        let shown = world.json(&["config", "show", "--config-from", tool]);
        assert!(text(&shown, "keys").starts_with(id), "{shown}");
        assert_eq!(
            shown.get("region").and_then(Value::as_str),
            region,
            "{shown}"
        );
        assert_eq!(text(&shown, "place"), "Tencent Cloud COS");
        assert!(!shown.to_string().contains("hush"), "{shown}");
    }
    // A flag says more than the file; a plan remembers whose settings it was made with.
    let flags = ["--config-from", "coscmd", "--region", "ap-beijing"];
    let shown = world.json(&[&["config", "show"][..], &flags].concat());
    assert_eq!(text(&shown, "region"), "ap-beijing");
    let told = world.refused(2, &["ls", "--config-from", "coscmd", "--profile", "x"]);
    assert_eq!(told["kind"], "usage");
    std::fs::remove_file(world.path(".cos.conf")).unwrap();
    let told = world.refused(2, &["ls", "--config-from", "coscmd"]);
    assert!(told.to_string().contains(".cos.conf"), "{told}");
    let left = std::fs::read_to_string(world.path(".cos.yaml")).unwrap();
    assert_eq!(left, COSCLI, "it is never written");
}

#[test]
fn without_keys_of_our_own_those_of_other_tools_serve_for_tencent_cloud_only() {
    let world = World::new();
    // Nothing else is configured: the store is still the folder's, whatever other tools are set up for.
    world.file(".cos.yaml", COSCLI);
    let shown = world.json(&["config", "show"]);
    assert_eq!(text(&shown, "place"), "embedded store");
    let of = |args: &[&str]| {
        let shown = world.json(&[&["config", "show"], args].concat());
        text(&shown, "keys").to_owned()
    };
    assert!(of(&["--endpoint", "cos"]).starts_with("AKIDcoscli"));
    // Another host is not told of them.
    assert!(of(&["--endpoint", "http://127.0.0.1:9"]).contains("no credentials"));
    // In the documented order, and keys that cannot be read are told and passed over.
    world.file(".cos.conf", COSCMD);
    world.file(
        ".cos.yaml",
        COSCLI
            .replace("\"true\"", "\"\"")
            .replace("AKIDcoscli", "yLkk=="),
    );
    assert!(of(&["--endpoint", "cos"]).starts_with("AKIDcoscmd"));
    std::fs::remove_file(world.path(".cos.conf")).unwrap();
    let told = of(&["--endpoint", "cos"]);
    assert!(
        told.contains("disableencryption") && told.contains(".cos.yaml"),
        "{told}"
    );
    world.file(".tencentcloud/credentials", SHARED);
    assert!(of(&["--endpoint", "cos"]).starts_with("AKIDshared"));
    let world = world
        .set("COS_SECRET_ID", "AKIDenv")
        .set("COS_SECRET_KEY", "hush");
    let shown = world.json(&["config", "show", "--endpoint", "cos"]);
    assert!(text(&shown, "keys").starts_with("AKIDenv"), "{shown}");
}

#[test]
fn a_host_in_another_tools_file_is_followed_only_by_who_asks_for_that_file() {
    let world = World::new();
    world.file(".cos.conf", format!("{COSCMD}endpoint = stores.example\n"));
    let shown = |args: &[&str]| world.json(&[&["config", "show"], args].concat());
    let asked = shown(&["--config-from", "coscmd"]);
    assert!(asked.to_string().contains("stores.example"), "{asked}");
    for named in [
        &["--endpoint", "cos"][..],
        &["--endpoint", "cos", "--config-from", "coscmd"],
    ] {
        let shown = shown(named);
        assert_eq!(text(&shown, "place"), "Tencent Cloud COS", "{named:?}");
        assert!(!shown.to_string().contains("stores.example"), "{shown}");
    }
}

#[test]
fn a_bucket_that_coscli_knows_needs_no_region() {
    let world = World::new();
    world.file(".cos.yaml", COSCLI);
    // Signed without being sent: the address tells the region.
    let name = cos("a.txt");
    let signed = world
        .ok(&["presign", &name, "--config-from", "coscli"])
        .stdout;
    assert!(
        signed.contains("examplebucket-1250000000.cos.ap-chengdu.myqcloud.com/a.txt"),
        "{signed}"
    );
    assert!(!signed.contains("hush"));
    let told = world.refused(
        2,
        &[
            "presign",
            "cos://other-1250000000/a",
            "--config-from",
            "coscli",
        ],
    );
    assert!(told.to_string().contains("--region"), "{told}");
}
