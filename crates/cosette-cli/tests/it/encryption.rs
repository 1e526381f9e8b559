//! Encryption: with the service's key, with a key in a file, and keys that nobody sees.

use serde_json::Value;

use crate::world::{BUCKET, World, cos, text};

/// Bytes of a key as its file holds them, and their base64.
const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
const KEY_BASE64: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Two files with one key, and one with another.
fn keys(world: &World) -> [String; 3] {
    let files = [
        world.file("raw.key", KEY),
        world.file("text.key", format!("{KEY_BASE64}\n")),
        world.file("other.key", [7; 32]),
    ];
    #[cfg(unix)]
    for file in &files {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    files
}

fn sse(stat: &Value) -> [Option<&str>; 2] {
    ["ServerSideEncryption", "SSECustomerAlgorithm"].map(|name| stat.get(name)?.as_str())
}

#[test]
fn raw_requests_encrypt_and_read_with_keys_from_files() {
    let world = World::with_bucket();
    let [raw, text_file, other] = keys(&world);
    let body = world.file("a", "secret bytes");
    let put = |key: &str, flags: &[&str]| {
        world.api(
            "put-object",
            &[&["--key", key, "--file", &body], flags].concat(),
        )
    };
    put("managed", &["--sse", "cos"]);
    assert_eq!(sse(&world.stat("managed")), [Some("AES256"), None]);
    put("aes", &["--sse", "AES256"]);
    assert_eq!(sse(&world.stat("aes")), [Some("AES256"), None]);
    put("own", &["--sse-c-key-file", &raw]);
    // Base64 in the file is the same key.
    let told = world.api(
        "head-object",
        &["--key", "own", "--sse-c-key-file", &text_file],
    );
    assert_eq!(sse(&told), [None, Some("AES256")], "{told}");
    world.api_refused(
        2,
        "head-object",
        &["--key", "own", "--sse-c-key-file", &body],
    );
    let before = world.everything();
    let wrong = world.run(&[
        "api",
        "get-object",
        "--bucket",
        BUCKET,
        "--key",
        "own",
        "--sse-c-key-file",
        &other,
    ]);
    assert_ne!(wrong.code, 0);
    assert!(!wrong.stdout.contains("secret"), "{}", wrong.stdout);
    assert_ne!(
        world
            .run(&["api", "get-object", "--bucket", BUCKET, "--key", "own"])
            .code,
        0
    );
    assert_eq!(world.everything(), before);
}

/// A world with an object that is encrypted with the first key.
fn own() -> (World, [String; 3], String) {
    let world = World::with_bucket();
    let files = keys(&world);
    let body = world.file("a", "secret bytes");
    let put = [
        "--key",
        "own",
        "--file",
        &body,
        "--sse-c-key-file",
        &files[0],
    ];
    world.api("put-object", &put);
    (world, files, body)
}

#[test]
fn a_raw_copy_goes_from_one_key_to_another() {
    let (world, [raw, _, other], _) = own();
    let source = cos("own");
    let copy = [
        "--key",
        "copy",
        "--copy-source",
        &source,
        "--copy-source-sse-c-key-file",
        &raw,
        "--sse-c-key-file",
        &other,
    ];
    world.api("put-object-copy", &copy);
    let out = world.path("out").display().to_string();
    world.api(
        "get-object",
        &["--key", "copy", "--sse-c-key-file", &other, "--file", &out],
    );
    assert_eq!(std::fs::read(&out).unwrap(), b"secret bytes");
}

#[test]
fn a_raw_copy_keeps_how_its_source_is_encrypted() {
    let world = World::with_bucket();
    let body = world.file("a", "secret bytes");
    for (key, flags) in [("plain", &[][..]), ("managed", &["--sse", "cos"])] {
        world.api(
            "put-object",
            &[&["--key", key, "--file", &body], flags].concat(),
        );
        let source = cos(key);
        let copy = ["--key", "copy", "--copy-source", &source];
        world.api("put-object-copy", &copy);
        assert_eq!(sse(&world.stat("copy"))[0], None, "{key}");
        let kept = [&copy[..], &["--sse-directive", "Copy"]].concat();
        world.api("put-object-copy", &kept);
        assert_eq!(sse(&world.stat("copy")), sse(&world.stat(key)), "{key}");
        let both = [&kept[..], &["--sse", "cos"]].concat();
        world.api_refused(2, "put-object-copy", &both);
        let other = [&copy[..], &["--sse-directive", "Replaced"]].concat();
        world.api_refused(2, "put-object-copy", &other);
    }
}

#[test]
fn raw_parts_are_encrypted_with_the_key_of_their_upload() {
    let (world, [raw, text_file, _], body) = own();
    let source = cos("own");
    let out = world.path("out").display().to_string();
    let begun = world.api(
        "multipart-init",
        &["--key", "parts", "--sse-c-key-file", &raw],
    );
    let id = text(&begun, "UploadId");
    let part = world.api(
        "upload-part",
        &[
            "--key",
            "parts",
            "--upload-id",
            id,
            "--part-number",
            "1",
            "--file",
            &body,
            "--sse-c-key-file",
            &raw,
        ],
    );
    let copied = world.api(
        "upload-part-copy",
        &[
            "--key",
            "parts",
            "--upload-id",
            id,
            "--part-number",
            "1",
            "--copy-source",
            &source,
            "--copy-source-sse-c-key-file",
            &text_file,
            "--sse-c-key-file",
            &raw,
        ],
    );
    assert_eq!(text(&part, "ETag").len(), text(&copied, "ETag").len());
    let parts = format!("1:{}", text(&copied, "ETag"));
    world.api(
        "multipart-complete",
        &["--key", "parts", "--upload-id", id, "--part", &parts],
    );
    world.api(
        "get-object",
        &["--key", "parts", "--sse-c-key-file", &raw, "--file", &out],
    );
    assert_eq!(std::fs::read(&out).unwrap(), b"secret bytes");
}

#[test]
fn a_bucket_says_how_its_objects_are_encrypted() {
    let world = World::with_bucket();
    let missing = world.api_refused(3, "get-bucket-encryption", &[]);
    assert!(
        missing
            .to_string()
            .contains("NoSuchEncryptionConfiguration")
            || missing
                .to_string()
                .contains("ServerSideEncryptionConfigurationNotFoundError"),
        "{missing}"
    );
    world.api("put-bucket-encryption", &[]);
    assert_eq!(
        text(&world.api("get-bucket-encryption", &[]), "SSEAlgorithm"),
        "AES256"
    );
    world.put("a", "a");
    assert_eq!(sse(&world.stat("a"))[0], Some("AES256"));
    world.api("delete-bucket-encryption", &[]);
    world.put("b", "b");
    assert_eq!(sse(&world.stat("b"))[0], None);
    assert_eq!(
        sse(&world.stat("a"))[0],
        Some("AES256"),
        "objects stay as they are"
    );
}

#[test]
fn a_file_that_is_no_key_is_refused_and_a_key_is_never_an_argument() {
    let world = World::with_bucket();
    world.put("a", "a");
    let before = world.everything();
    let body = world.file("body", "b");
    for (name, bytes) in [
        ("short", &KEY[..31]),
        ("long", &[KEY, &b"x"[..]].concat()),
        ("empty", &b""[..]),
        ("huge", &[b'A'; 2000]),
    ] {
        let file = world.file(name, bytes);
        let told = world.api_refused(
            2,
            "put-object",
            &["--key", "x", "--file", &body, "--sse-c-key-file", &file],
        );
        let told = told.to_string();
        assert!(
            told.contains("holds no key") && !told.contains("0123456789abcdef"),
            "{told}"
        );
    }
    let both = [
        "--key",
        "x",
        "--file",
        &body,
        "--sse",
        "cos",
        "--sse-c-key-file",
        &body,
    ];
    world.api_refused(2, "put-object", &both);
    for flag in [
        "--sse-c-key",
        "--sse-customer-key",
        "--copy-source-sse-c-key",
    ] {
        world.api_refused(
            2,
            "put-object",
            &["--key", "x", "--file", &body, flag, KEY_BASE64],
        );
    }
    assert_eq!(world.everything(), before);
}

#[test]
fn the_server_has_settings_for_its_keys() {
    let world = World::new();
    let example = world.ok(&["config", "example"]).stdout;
    for name in [
        "#encryption_keys = \"\"",
        "#customer_keys_in_the_open = false",
    ] {
        assert!(example.contains(name), "{example}");
    }
    let keys = world.path("elsewhere/encryption.keys");
    std::fs::create_dir_all(keys.parent().unwrap()).unwrap();
    let text = format!("encryption_keys = {:?}\n", keys.display().to_string());
    let file = world.file("server.toml", &text);
    // It is made at the first start.
    world.ok(&["config", "check", &file]);
    world.file("elsewhere/encryption.keys", "no key\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let told = world.refused(2, &["config", "check", &file]);
    assert!(told.to_string().contains("encryption.keys"), "{told}");
    std::fs::remove_file(&keys).unwrap();

    // What a folder is told it finds again: the keys are not beside the data.
    let world = world.set("COSETTE_SERVE_ENCRYPTION_KEYS", &keys.display().to_string());
    let server = world.serve();
    assert!(keys.exists() && !world.data().join("encryption.keys").exists());
    drop(server);
    assert_eq!(world.json(&["fsck"])["clean"], true);
    world.ok(&["mb", &cos("")]);
    let body = world.file("a", "secret bytes");
    world.api(
        "put-object",
        &["--key", "a", "--file", &body, "--sse", "cos"],
    );
    assert!(!world.data().join("encryption.keys").exists());
    let _server = world.serve();
    assert_eq!(world.bytes("a"), b"secret bytes");
}

/// How an object is encrypted that only the key in a file opens.
fn of_customer(world: &World, key: &str, file: &str) -> [Option<String>; 2] {
    let told = world.json(&["stat", &cos(key), "--customer-key-file", file]);
    sse(&told).map(|word| word.map(str::to_owned))
}

const OWN: [Option<&str>; 2] = [None, Some("AES256")];
const SERVICE: [Option<&str>; 2] = [Some("AES256"), None];

#[test]
fn one_object_is_copied_and_moved_with_keys_from_files() {
    let world = World::with_bucket();
    let [raw, text_file, other] = keys(&world);
    let body = world.file("a", "secret bytes");
    world.ok(&["cp", &body, &cos("managed"), "--encryption", "AES256"]);
    assert_eq!(sse(&world.stat("managed")), SERVICE);
    world.ok(&["cp", &body, &cos("own"), "--customer-key-file", &raw]);
    assert_eq!(
        of_customer(&world, "own", &text_file),
        OWN.map(|it| it.map(str::to_owned))
    );
    // Kept, given anew, given up.
    let source = ["--source-customer-key-file", &raw];
    let from = |to: &str, flags: &[&str]| {
        world.ok(&[&["cp", &cos("own"), &cos(to)], &source[..], flags].concat());
    };
    from("kept", &[]);
    from("other", &["--customer-key-file", &other]);
    from("service", &["--encryption", "cos"]);
    from("plain", &["--encryption", "bucket"]);
    for (key, file) in [("kept", &raw), ("other", &other)] {
        let told = world.ok(&["cat", &cos(key), "--customer-key-file", file]);
        assert_eq!(told.bytes, b"secret bytes");
    }
    assert_eq!(sse(&world.stat("service")), SERVICE);
    assert_eq!(sse(&world.stat("plain")), [None, None]);
    world.ok(&[&["mv", &cos("kept"), &cos("moved")], &source[..]].concat());
    assert!(!world.has("kept"));
    world.ok(&["cp", &cos("managed"), &cos("managed-2")]);
    assert_eq!(sse(&world.stat("managed-2")), SERVICE);
    world.ok(&[
        "mv",
        &cos("managed-2"),
        &cos("managed-3"),
        "--encryption",
        "bucket",
    ]);
    assert_eq!(sse(&world.stat("managed-3")), [None, None]);
    // Down again, into a file and into a pipe.
    let out = world.path("out").display().to_string();
    world.ok(&[&["cp", &cos("moved"), &out], &source[..]].concat());
    assert_eq!(std::fs::read(&out).unwrap(), b"secret bytes");
    let told = world.ok(&[&["cp", &cos("moved"), "-"], &source[..]].concat());
    assert_eq!(told.bytes, b"secret bytes");
    // In place, which is a change.
    world.ok(&["cp", &cos("plain"), &cos("plain"), "--encryption", "cos"]);
    assert_eq!(sse(&world.stat("plain")), SERVICE);
    let before = world.everything();
    for wrong in [
        vec!["cp", &cos("moved"), &out, "--customer-key-file", &raw],
        vec!["cp", &body, &cos("x"), "--source-customer-key-file", &raw],
        vec![
            "cp",
            &body,
            &cos("x"),
            "--encryption",
            "cos",
            "--customer-key-file",
            &raw,
        ],
        vec!["cp", &body, &cos("x"), "--customer-key", KEY_BASE64],
    ] {
        assert_eq!(world.refused(2, &wrong)["kind"], "usage", "{wrong:?}");
    }
    assert_ne!(world.run(&["cp", &cos("moved"), &cos("x")]).code, 0);
    assert_eq!(world.everything(), before);
}

/// Some objects of every kind under `p/`: the last two have the customer's key.
fn mixed(world: &World, raw: &str) {
    let body = world.file("a", "secret bytes");
    for (key, flags) in [
        ("p/managed", &["--encryption", "cos"][..]),
        ("p/plain", &[][..]),
        ("own/1", &["--customer-key-file", raw][..]),
        ("own/2", &["--customer-key-file", raw][..]),
    ] {
        world.ok(&[&["cp", &body, &cos(key)], flags].concat());
    }
}

/// Nothing that any command kept has the key.
fn assert_no_file_has_the_key(world: &World) {
    let state = world.path(".local/state/cosette");
    let mut folders = vec![state];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let read = std::fs::read(&path).unwrap();
            let has = |what: &[u8]| read.windows(what.len()).any(|found| found == what);
            assert!(!has(KEY) && !has(KEY_BASE64.as_bytes()), "{path:?}");
        }
    }
}

#[test]
fn many_objects_keep_how_they_are_encrypted() {
    let world = World::with_bucket();
    let [raw, _, other] = keys(&world);
    mixed(&world, &raw);
    world.ok(&["cp", "-r", &cos("p/"), &cos("q/")]);
    assert_eq!(sse(&world.stat("q/managed")), SERVICE);
    assert_eq!(sse(&world.stat("q/plain")), [None, None]);
    world.ok(&["sync", &cos("p/"), &cos("r/")]);
    assert_eq!(sse(&world.stat("r/managed")), SERVICE);
    world.ok(&["cp", "-r", &cos("p/"), &cos("s/"), "--encryption", "bucket"]);
    assert_eq!(sse(&world.stat("s/managed")), [None, None]);
    // With a customer's key; another one for the targets; and taken back.
    let source = ["--source-customer-key-file", &raw];
    world.ok(&[&["mv", "-r", &cos("own/"), &cos("kept/")], &source[..]].concat());
    let own = OWN.map(|it| it.map(str::to_owned));
    assert_eq!(of_customer(&world, "kept/1", &raw), own);
    let anew = ["--customer-key-file", &other];
    world.ok(&[
        &["mv", "-r", &cos("kept/"), &cos("anew/")],
        &source[..],
        &anew,
    ]
    .concat());
    assert_eq!(of_customer(&world, "anew/2", &other), own);
    assert!(!world.has("kept/2"));
    let jobs = world.json(&["jobs"]);
    let last = text(jobs.as_array().unwrap().last().unwrap(), "job").to_owned();
    world.ok(&["undo", &last]);
    assert_eq!(of_customer(&world, "kept/2", &raw), own);
    // Files, up and down.
    world.file("tree/x", "x bytes");
    let tree = world.path("tree").display().to_string();
    world.ok(&["cp", "-r", &tree, &cos("up/"), "--customer-key-file", &raw]);
    assert_eq!(of_customer(&world, "up/x", &raw), own);
    let back = world.path("back").display().to_string();
    world.ok(&[&["sync", &cos("up/"), &back], &source[..]].concat());
    assert_eq!(std::fs::read(world.path("back/x")).unwrap(), b"x bytes");
    assert_no_file_has_the_key(&world);
}

#[test]
fn a_plan_asks_for_the_key_again() {
    let world = World::with_bucket();
    let [raw, text_file, other] = keys(&world);
    mixed(&world, &raw);
    let plan = [
        "plan",
        "-o",
        "move.plan",
        "mv",
        "-r",
        &cos("own/"),
        &cos("to/"),
    ];
    let source = ["--source-customer-key-file", &raw];
    world.ok(&[&plan[..], &source].concat());
    let kept = std::fs::read(world.path("move.plan")).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains(KEY_BASE64));
    std::fs::remove_file(&raw).unwrap();
    let before = world.everything();
    // The file is gone, or has another key.
    let gone = world.refused(2, &["apply", "move.plan"]).to_string();
    assert!(gone.contains("--source-customer-key-file"), "{gone}");
    let wrong = ["apply", "move.plan", source[0], &other];
    let wrong = world.refused(2, &wrong).to_string();
    assert!(wrong.contains("MD5"), "{wrong}");
    assert_eq!(world.everything(), before);
    assert_eq!(world.json(&["jobs"]), Value::Array(Vec::new()));
    // What was begun is taken up with the key of the plan, wherever it lies now.
    let apply = [
        "apply",
        "move.plan",
        "--source-customer-key-file",
        &text_file,
    ];
    let halted = world
        .command(&apply)
        .env("COSETTE_HALT", "after:2")
        .output();
    assert_eq!(halted.unwrap().status.code(), Some(99));
    let asked = world.refused(2, &["resume"]).to_string();
    assert!(asked.contains("--source-customer-key-file"), "{asked}");
    world.ok(&["resume", source[0], &text_file]);
    let own = OWN.map(|it| it.map(str::to_owned));
    for key in ["to/1", "to/2"] {
        assert_eq!(of_customer(&world, key, &text_file), own);
    }
    assert!(!world.has("own/1") && !world.has("own/2"));
    assert_no_file_has_the_key(&world);
}
