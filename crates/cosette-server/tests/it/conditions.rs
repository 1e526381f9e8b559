//! Conditions on a copy's source, for whole copies and for parts: what does not hold is 412, and
//! nothing else.

use crate::harness::{Call, Server, md5};

const SAME: &str = "Mon, 06 May 2024 07:08:09 GMT";
const EARLIER: &str = "Mon, 06 May 2024 07:08:08 GMT";
const LATER: &str = "Mon, 06 May 2024 07:08:10 GMT";

const MATCH: &str = "x-cos-copy-source-If-Match";
const NONE_MATCH: &str = "x-cos-copy-source-If-None-Match";
const MODIFIED: &str = "x-cos-copy-source-If-Modified-Since";
const UNMODIFIED: &str = "x-cos-copy-source-If-Unmodified-Since";

/// A server with a source that is `abc` and was made at `SAME`, and an upload to copy parts into.
async fn prepared() -> (Server, String) {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    server.put("/target", "old").ok().await;
    server.advance(100);
    let upload = server.upload("/part").await;
    (server, upload)
}

async fn check(server: &Server, upload: &str, conditions: &[(&str, &str)], holds: bool) {
    for copy in [
        server.copy("a", "/target"),
        server.copy_part("a", "/part", upload, 1),
    ] {
        let mut copy: Call<'_> = copy;
        for (name, value) in conditions {
            copy = copy.header(name, *value);
        }
        if holds {
            copy.ok().await;
        } else {
            let refused = copy.refused(412, "PreconditionFailed").await;
            assert_eq!(refused.xml().name, "Error");
        }
    }
}

// seed: S30, S31, S32, S33, S93, S94, S95, S96
#[tokio::test]
async fn each_condition_by_itself() {
    let (server, upload) = prepared().await;
    let tag = md5(b"abc");
    let bare = tag.trim_matches('"').to_owned();
    for (name, value, holds) in [
        (MODIFIED, EARLIER, true),
        (MODIFIED, SAME, false),
        (MODIFIED, LATER, false),
        (UNMODIFIED, EARLIER, false),
        (UNMODIFIED, SAME, true),
        (UNMODIFIED, LATER, true),
        // As the result of a copy tells the time, and as mail writes it.
        (MODIFIED, "2024-05-06T07:08:08.000Z", true),
        (MODIFIED, "2024-05-06T07:08:09.000Z", false),
        (UNMODIFIED, "2024-05-06T07:08:09Z", true),
        (UNMODIFIED, "2024-05-06T07:08:08Z", false),
        (UNMODIFIED, "Mon, 06 May 2024 07:08:09 +0000", true),
        (UNMODIFIED, "Mon, 06 May 2024 07:08:08 -0000", false),
        (MATCH, tag.as_str(), true),
        (MATCH, bare.as_str(), true),
        (MATCH, "*", true),
        (MATCH, "\"22ca88419e2ed4721c23807c678adbe4c08a7880\"", false),
        (
            NONE_MATCH,
            "\"22ca88419e2ed4721c23807c678adbe4c08a7880\"",
            true,
        ),
        (NONE_MATCH, tag.as_str(), false),
        (NONE_MATCH, bare.as_str(), false),
        (NONE_MATCH, "*", false),
    ] {
        check(&server, &upload, &[(name, value)], holds).await;
        check(&server, &upload, &[(&name.to_lowercase(), value)], holds).await;
    }
    server.end().await;
}

// seed: S34, S35, S97
#[tokio::test]
async fn the_legal_pairs_hold_only_together() {
    let (server, upload) = prepared().await;
    let tag = md5(b"abc");
    for (since, since_holds) in [(EARLIER, true), (SAME, false)] {
        for (none, none_holds) in [("\"other\"", true), (tag.as_str(), false)] {
            let both = [(MODIFIED, since), (NONE_MATCH, none)];
            check(&server, &upload, &both, since_holds && none_holds).await;
        }
    }
    for (since, since_holds) in [(SAME, true), (EARLIER, false)] {
        for (matching, match_holds) in [(tag.as_str(), true), ("\"other\"", false)] {
            let both = [(UNMODIFIED, since), (MATCH, matching)];
            check(&server, &upload, &both, since_holds && match_holds).await;
        }
    }
    server.end().await;
}

// seed: S36, S98
#[tokio::test]
async fn in_any_other_mix_no_condition_is_skipped() {
    let (server, upload) = prepared().await;
    let tag = md5(b"abc");
    let one = |name: &'static str| -> [(&'static str, String, bool); 2] {
        let (good, bad) = match name {
            MATCH => (tag.clone(), "\"other\"".to_owned()),
            NONE_MATCH => ("\"other\"".to_owned(), tag.clone()),
            MODIFIED => (EARLIER.to_owned(), SAME.to_owned()),
            _ => (SAME.to_owned(), EARLIER.to_owned()),
        };
        [(name, good, true), (name, bad, false)]
    };
    for mix in [
        vec![MATCH, NONE_MATCH],
        vec![MATCH, MODIFIED],
        vec![NONE_MATCH, UNMODIFIED],
        vec![MODIFIED, UNMODIFIED],
        vec![MATCH, NONE_MATCH, MODIFIED],
        vec![MATCH, NONE_MATCH, MODIFIED, UNMODIFIED],
    ] {
        for chosen in 0..1_u32 << mix.len() {
            let picked: Vec<_> = mix
                .iter()
                .enumerate()
                .map(|(nth, name)| one(name)[usize::from(chosen >> nth & 1 == 1)].clone())
                .collect();
            let holds = picked.iter().all(|(_, _, holds)| *holds);
            let headers: Vec<_> = picked.iter().map(|(n, v, _)| (*n, v.as_str())).collect();
            check(&server, &upload, &headers, holds).await;
        }
    }
    for (name, nonsense) in [
        (MODIFIED, "yesterday"),
        (UNMODIFIED, "2024-05-06"),
        (UNMODIFIED, "Mon, 06 May 2024 07:08:09 +0800"),
        (MATCH, "\"a"),
    ] {
        let copy = server.copy("a", "/target").header(name, nonsense);
        copy.refused(400, "InvalidArgument").await;
    }
    server.end().await;
}
