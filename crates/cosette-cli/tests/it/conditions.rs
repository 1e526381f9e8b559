//! Conditions on the source: whole copies and parts, raw and by `cp`.

use serde_json::Value;

use crate::world::{World, cos, text};

const LATER: &str = "Fri, 01 Jan 2100 00:00:00 GMT";
const EARLIER: &str = "2001-01-01T00:00:00Z";
const OTHER: &str = "\"00000000000000000000000000000000\"";

/// A world with a source, an open upload, and the source's facts.
struct Case {
    world: World,
    upload: String,
    etag: String,
    time: String,
}

impl Case {
    fn new() -> Self {
        let world = World::with_bucket();
        world.put("s", "bytes");
        let facts = world.stat("s");
        let upload = world.api("multipart-init", &["--key", "t"]);
        let upload = text(&upload, "UploadId").to_owned();
        let (etag, time) = (
            text(&facts, "ETag").to_owned(),
            text(&facts, "LastModified").to_owned(),
        );
        Self {
            world,
            upload,
            etag,
            time,
        }
    }

    /// Makes a copy by the raw request, by `cp` and as a part, under the same conditions.
    fn check(&self, conditions: &[(&str, &str)], holds: bool) {
        let raw: Vec<String> = conditions
            .iter()
            .flat_map(|(name, value)| [format!("--copy-source-{name}"), (*value).to_owned()])
            .collect();
        let raw: Vec<&str> = raw.iter().map(String::as_str).collect();
        let short: Vec<String> = conditions
            .iter()
            .flat_map(|(name, value)| [format!("--{name}"), (*value).to_owned()])
            .collect();
        let short: Vec<&str> = short.iter().map(String::as_str).collect();
        let source = cos("s");
        let copy = [
            &["--key", "c", "--copy-source", source.as_str()],
            raw.as_slice(),
        ]
        .concat();
        let part = [
            &[
                "--key",
                "t",
                "--upload-id",
                self.upload.as_str(),
                "--part-number",
                "1",
                "--copy-source",
                source.as_str(),
            ],
            raw.as_slice(),
        ]
        .concat();
        let target = cos("d");
        let cp = [&["cp", source.as_str(), target.as_str()], short.as_slice()].concat();
        if holds {
            self.world.api("put-object-copy", &copy);
            self.world.api("upload-part-copy", &part);
            self.world.ok(&cp);
            return;
        }
        let before = (self.world.everything(), self.parts());
        for told in [
            self.world.api_refused(5, "put-object-copy", &copy),
            self.world.api_refused(5, "upload-part-copy", &part),
            self.world.refused(5, &cp),
        ] {
            assert_eq!(
                (&told["statusCode"], &told["code"]),
                (&412.into(), &"PreconditionFailed".into())
            );
            assert_eq!(told["kind"], "precondition", "{conditions:?}");
        }
        assert_eq!(
            (self.world.everything(), self.parts()),
            before,
            "{conditions:?}"
        );
    }

    fn parts(&self) -> Value {
        self.world
            .api("list-parts", &["--key", "t", "--upload-id", &self.upload])["Part"]
            .clone()
    }
}

// seed: S30, S96
#[test]
fn if_modified_since() {
    let case = Case::new();
    case.check(&[("if-modified-since", EARLIER)], true);
    case.check(&[("if-modified-since", &case.time)], false);
    case.check(&[("if-modified-since", LATER)], false);
}

// seed: S31, S95
#[test]
fn if_unmodified_since() {
    let case = Case::new();
    case.check(&[("if-unmodified-since", &case.time)], true);
    case.check(&[("if-unmodified-since", LATER)], true);
    case.check(&[("if-unmodified-since", EARLIER)], false);
}

// seed: S32, S93
#[test]
fn if_match() {
    let case = Case::new();
    case.check(&[("if-match", &case.etag)], true);
    case.check(&[("if-match", case.etag.trim_matches('"'))], true);
    case.check(&[("if-match", OTHER)], false);
}

// seed: S33, S94
#[test]
fn if_none_match() {
    let case = Case::new();
    case.check(&[("if-none-match", OTHER)], true);
    case.check(&[("if-none-match", &case.etag)], false);
}

// seed: S34, S97
#[test]
fn modified_since_and_none_match_together() {
    let case = Case::new();
    for (since, first) in [(EARLIER, true), (LATER, false)] {
        for (tag, second) in [(OTHER, true), (case.etag.as_str(), false)] {
            case.check(
                &[("if-modified-since", since), ("if-none-match", tag)],
                first && second,
            );
        }
    }
}

// seed: S35, S97
#[test]
fn unmodified_since_and_match_together() {
    let case = Case::new();
    for (since, first) in [(LATER, true), (EARLIER, false)] {
        for (tag, second) in [(case.etag.as_str(), true), (OTHER, false)] {
            case.check(
                &[("if-unmodified-since", since), ("if-match", tag)],
                first && second,
            );
        }
    }
}

// seed: S36, S98
#[test]
fn in_other_mixes_no_condition_is_skipped_and_the_help_says_which_are_legal() {
    let case = Case::new();
    case.check(
        &[("if-match", &case.etag), ("if-modified-since", LATER)],
        false,
    );
    case.check(&[("if-match", OTHER), ("if-none-match", OTHER)], false);
    case.check(
        &[("if-unmodified-since", EARLIER), ("if-none-match", OTHER)],
        false,
    );
    for command in [
        &["cp", "--help"][..],
        &["api", "put-object-copy", "--help"],
        &["api", "upload-part-copy", "--help"],
    ] {
        let help = case.world.ok(command).stdout;
        assert!(help.contains("may conflict"), "{help}");
    }
}

#[test]
fn a_time_that_is_none_is_a_usage_error() {
    let case = Case::new();
    let told = case.world.api_refused(
        2,
        "put-object-copy",
        &[
            "--key",
            "c",
            "--copy-source",
            &cos("s"),
            "--copy-source-if-modified-since",
            "yesterday",
        ],
    );
    assert!(text(&told, "error").contains("yesterday"));
}
