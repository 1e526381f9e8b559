//! ACLs and grants, tried by another account and by nobody.

use serde_json::Value;

use crate::world::{BUCKET, Server, World, cos, text};

/// A served bucket with a source, and ways to be somebody.
struct Case {
    world: World,
    server: Server,
}

#[derive(Clone, Copy)]
enum Who {
    Second,
    Sub,
    Nobody,
}

impl Case {
    fn new() -> Self {
        let world = World::with_bucket();
        world.put("s", "bytes");
        let server = world.serve();
        Self { world, server }
    }

    /// The exit code of a command run by somebody over the network.
    fn tried_by(&self, who: Who, args: &[&str]) -> i32 {
        let mut command = self.world.command(args);
        command.args(["--endpoint", &self.server.url]);
        match who {
            Who::Second => command
                .env("COSETTE_SECRET_ID", "AKIDsecond")
                .env("COSETTE_SECRET_KEY", "secondsecret"),
            Who::Sub => command
                .env("COSETTE_SECRET_ID", "AKIDsub")
                .env("COSETTE_SECRET_KEY", "subsecret"),
            Who::Nobody => command.arg("--anonymous"),
        };
        command.output().unwrap().status.code().unwrap()
    }

    fn reads(&self, who: Who, key: &str) -> bool {
        self.tried_by(who, &["cat", &cos(key)]) == 0
    }

    fn writes_acl(&self, who: Who, key: &str) -> bool {
        self.tried_by(
            who,
            &[
                "api",
                "put-object-acl",
                "--bucket",
                BUCKET,
                "--key",
                key,
                "--acl",
                "private",
            ],
        ) == 0
    }

    fn reads_acl(&self, who: Who, key: &str) -> bool {
        self.tried_by(
            who,
            &["api", "get-object-acl", "--bucket", BUCKET, "--key", key],
        ) == 0
    }

    fn copy(&self, key: &str, flags: &[&str]) {
        let source = cos("s");
        self.world.api(
            "put-object-copy",
            &[&["--key", key, "--copy-source", source.as_str()], flags].concat(),
        );
    }

    fn acl(&self, key: &str) -> Value {
        self.world.api("get-object-acl", &["--key", key])
    }

    /// An object made by a multipart copy begun with these flags.
    fn assembled(&self, key: &str, flags: &[&str]) {
        let begun = self
            .world
            .api("multipart-init", &[&["--key", key], flags].concat());
        let id = text(&begun, "UploadId");
        let part = self.world.api(
            "upload-part-copy",
            &[
                "--key",
                key,
                "--upload-id",
                id,
                "--part-number",
                "1",
                "--copy-source",
                &cos("s"),
            ],
        );
        let part = format!("1:{}", text(&part, "ETag"));
        self.world.api(
            "multipart-complete",
            &["--key", key, "--upload-id", id, "--part", &part],
        );
    }
}

// seed: S17, S72
#[test]
fn preset_acls() {
    let case = Case::new();
    for (acl, public) in [
        ("private", false),
        ("public-read", true),
        ("default", false),
    ] {
        case.copy("t", &["--acl", acl]);
        assert_eq!(case.reads(Who::Nobody, "t"), public, "{acl}");
        case.world.ok(&["cp", &cos("s"), &cos("u"), "--acl", acl]);
        assert_eq!(case.reads(Who::Nobody, "u"), public, "{acl}");
        case.assembled("v", &["--acl", acl]);
        assert_eq!(case.reads(Who::Nobody, "v"), public, "{acl}");
    }
    let before = case.acl("t");
    let told = case.world.api_refused(
        2,
        "put-object-copy",
        &[
            "--key",
            "t",
            "--copy-source",
            &cos("s"),
            "--acl",
            "everybody",
        ],
    );
    assert_eq!(told["kind"], "usage");
    assert_eq!(case.acl("t")["Grants"], before["Grants"]);
    let help = case.world.ok(&["api", "put-object-copy", "--help"]).stdout;
    assert!(
        help.contains("public-read") && help.contains("default"),
        "{help}"
    );
}

// seed: S18, S73
#[test]
fn without_an_acl_the_bucket_decides_also_later() {
    let case = Case::new();
    case.copy("t", &[]);
    case.assembled("v", &[]);
    for key in ["t", "v"] {
        assert!(!case.reads(Who::Nobody, key));
    }
    case.world.api("put-bucket-acl", &["--acl", "public-read"]);
    for key in ["t", "v"] {
        assert!(case.reads(Who::Nobody, key), "{key}");
    }
    case.copy("own", &["--acl", "private"]);
    assert!(!case.reads(Who::Nobody, "own"));
}

// seed: S19, S20, S74
#[test]
fn a_read_grant_lets_that_account_read_and_nothing_more() {
    let case = Case::new();
    assert!(!case.reads(Who::Second, "s"));
    case.copy("t", &["--grant-read", "id=\"100000000002\""]);
    case.assembled("v", &["--grant-read", "id=\"100000000002\""]);
    case.world
        .ok(&["cp", &cos("s"), &cos("u"), "--grant-read", "100000000002"]);
    for key in ["t", "u", "v"] {
        assert!(case.reads(Who::Second, key), "{key}");
        assert!(!case.writes_acl(Who::Second, key) && !case.reads_acl(Who::Second, key));
        assert!(!case.reads(Who::Nobody, key));
    }
    let file = case.world.file("w", "other");
    assert_eq!(case.tried_by(Who::Second, &["cp", &file, &cos("t")]), 4);
}

// seed: S21, S23
#[test]
fn several_grantees_by_commas_or_by_repeating_the_flag() {
    let case = Case::new();
    let seed = "id=\"qcs::cam::uin/100000000001:uin/100000000001\", id=\"qcs::cam::uin/100000000001:uin/100000000011\"";
    case.copy("t", &["--grant-read", seed]);
    case.copy(
        "u",
        &[
            "--grant-read",
            "id=\"qcs::cam::uin/100000000001:uin/100000000001\"",
            "--grant-read",
            "id=\"qcs::cam::uin/100000000001:uin/100000000011\"",
        ],
    );
    let readers = |key: &str| {
        let acl = case.acl(key);
        let grants = acl["Grants"].as_array().unwrap();
        let readers = grants.iter().filter(|grant| grant["Permission"] == "READ");
        readers
            .map(|grant| text(&grant["Grantee"], "ID").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(readers("t").len(), 2);
    assert_eq!(readers("t"), readers("u"));
    for bad in ["bob", "id=100000000002", "uid=\"1\"", "id=\"\""] {
        let told = case.world.api_refused(
            2,
            "put-object-copy",
            &[
                "--key",
                "x",
                "--copy-source",
                &cos("s"),
                "--grant-read",
                bad,
            ],
        );
        assert_eq!(told["kind"], "usage", "{bad}");
    }
}

// seed: S22
#[test]
fn a_grant_to_a_sub_account_reaches_exactly_that_one() {
    let case = Case::new();
    assert!(!case.reads(Who::Sub, "s"));
    case.copy(
        "t",
        &[
            "--grant-read",
            "id=\"qcs::cam::uin/100000000001:uin/100000000011\"",
        ],
    );
    assert!(case.reads(Who::Sub, "t"));
    assert!(!case.reads(Who::Second, "t"));
    case.copy(
        "u",
        &[
            "--grant-read",
            "id=\"qcs::cam::uin/100000000001:uin/100000000012\"",
        ],
    );
    assert!(!case.reads(Who::Sub, "u"));
}

// seed: S24
#[test]
fn a_write_grant_on_an_object_is_the_right_to_write_its_acl() {
    let case = Case::new();
    case.copy("t", &["--grant-write", "id=\"100000000002\""]);
    assert!(!case.reads(Who::Second, "t"));
    assert!(!case.writes_acl(Who::Sub, "t"));
    assert!(case.writes_acl(Who::Second, "t"));
}

// seed: S25, S75
#[test]
fn full_control_is_reading_and_both_of_the_acl() {
    let case = Case::new();
    case.copy("t", &["--grant-full-control", "id=\"100000000002\""]);
    case.assembled("v", &["--grant-full-control", "id=\"100000000002\""]);
    for key in ["t", "v"] {
        let shown = case.acl(key)["Grants"].to_string();
        assert!(
            shown.contains("FULL_CONTROL") && shown.contains("100000000002"),
            "{shown}"
        );
        assert!(case.reads(Who::Second, key) && case.reads_acl(Who::Second, key));
        assert!(case.writes_acl(Who::Second, key));
    }
}
