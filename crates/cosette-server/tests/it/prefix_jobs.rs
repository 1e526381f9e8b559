//! Prefix jobs: every object arrives once or is reported, with the rights of who began the job.

use cosette_proto::xml::Element;

use crate::harness::{BUCKET, Call, OTHER, Server, second};

fn wish(kind: &str, bucket: &str, from: &str, to: &str, more: &str) -> String {
    format!(
        "<PrefixJob><Kind>{kind}</Kind><SourceBucket>{bucket}</SourceBucket>\
         <SourcePrefix>{from}</SourcePrefix><TargetPrefix>{to}</TargetPrefix>{more}</PrefixJob>"
    )
}

/// Begins a job and gives its id.
async fn begin(call: Call<'_>) -> String {
    call.ok().await.xml().value("Id").unwrap().to_owned()
}

/// Asks until the job has ended. Each answer gives the job a turn, so nothing waits for a time.
async fn ended(server: &Server, bucket: &str, id: &str) -> Element {
    loop {
        let call = server.get(&format!("/?prefix-job={id}")).bucket(bucket);
        let job = call.ok().await.xml();
        if job.value("State") != Some("Running") {
            return job;
        }
        tokio::task::yield_now().await;
    }
}

fn left(job: &Element) -> Vec<(String, String)> {
    let text = |element: &Element, name| element.child_text(name).unwrap().to_owned();
    let left = job.children("Left");
    left.map(|one| (text(one, "Key"), text(one, "Code")))
        .collect()
}

async fn fill(server: &Server, prefix: &str, count: usize) {
    for n in 0..count {
        let put = server.put(&format!("/{prefix}{n:03}"), format!("bytes {n}"));
        put.header("x-cos-meta-n", n.to_string()).ok().await;
    }
}

#[tokio::test]
async fn a_move_takes_every_object_below_the_prefix_and_no_other() {
    let server = Server::start().await;
    fill(&server, "a/", 150).await;
    server.put("/b", "beside").ok().await;
    server.put("/a/007/deep?x=1", "deep").ok().await;
    server.put("/old/a/003", "in the way").ok().await;
    let start = server.post("/?prefix-job", wish("Move", BUCKET, "a/", "old/a/", ""));
    let id = begin(start).await;
    let job = ended(&server, BUCKET, &id).await;
    assert_eq!(job.value("State"), Some("Done"));
    assert_eq!(
        (job.value("Done"), job.value("Failed")),
        (Some("151"), Some("0"))
    );
    for n in 0..150 {
        let got = server.get(&format!("/old/a/{n:03}")).ok().await;
        assert_eq!(got.text(), format!("bytes {n}"));
        assert_eq!(got.header("x-cos-meta-n"), Some(n.to_string().as_str()));
    }
    assert_eq!(server.bytes("/old/a/007/deep").await, b"deep");
    assert_eq!(server.bytes("/b").await, b"beside");
    let rest = server.get("/?prefix=a/").ok().await.text();
    assert!(!rest.contains("<Contents>"), "{rest}");
    let listed = server.get("/?prefix-jobs").ok().await.xml();
    assert_eq!(listed.children("PrefixJob").count(), 1);
    server.end().await;
}

#[tokio::test]
async fn a_copy_leaves_the_sources_and_inherits_the_acl() {
    let server = Server::with_two_buckets().await;
    fill(&server, "a/", 3).await;
    let put = server.put("/a/x", "x").header("x-cos-acl", "public-read");
    let put = put.header("x-cos-tagging", "t=1");
    put.header("x-cos-storage-class", "STANDARD_IA").ok().await;
    let start = server.post("/?prefix-job", wish("Copy", BUCKET, "a/", "a/", ""));
    let id = begin(start.bucket(OTHER)).await;
    let job = ended(&server, OTHER, &id).await;
    assert_eq!(job.value("Done"), Some("4"));
    assert_eq!(server.bytes("/a/x").await, b"x");
    let copy = server.head("/a/x").bucket(OTHER).ok().await;
    assert_eq!(copy.header("x-cos-storage-class"), Some("STANDARD_IA"));
    assert_eq!(copy.header("x-cos-tagging-count"), Some("1"));
    let hidden = server.get("/a/x").bucket(OTHER).anonymous();
    hidden.refused(403, "AccessDenied").await;
    // It is asked for where it writes, and nowhere else.
    let elsewhere = server.get(&format!("/?prefix-job={id}"));
    elsewhere.refused(404, "NoSuchJob").await;
    server.end().await;
}

#[tokio::test]
async fn what_cannot_go_is_reported_and_stays() {
    let server = Server::start().await;
    fill(&server, "a/", 2).await;
    server.put("/b/001", "in the way").ok().await;
    server.post("/a/log?append&position=0", "x").ok().await;
    let put = server.put("/a/cold", "x");
    put.header("x-cos-storage-class", "ARCHIVE").ok().await;
    let key = "k".repeat(849);
    server.put(&format!("/a/{}", &key[2..]), "long").ok().await;
    let more = "<ForbidOverwrite>true</ForbidOverwrite>";
    let wish = wish("Copy", BUCKET, "a/", "b/longer/../", more);
    let id = begin(server.post("/?prefix-job", wish.replace("b/longer/../", "b/"))).await;
    let job = ended(&server, BUCKET, &id).await;
    assert_eq!(
        (job.value("Done"), job.value("Failed")),
        (Some("2"), Some("3"))
    );
    let told = [
        ("a/001", "FileAlreadyExists"),
        ("a/cold", "InvalidObjectState"),
        ("a/log", "MethodNotAllowed"),
    ];
    let told = told.map(|(key, code)| (key.to_owned(), code.to_owned()));
    assert_eq!(left(&job), told);
    let id = begin(server.post("/?prefix-job", wish)).await;
    let job = ended(&server, BUCKET, &id).await;
    let long = left(&job)
        .into_iter()
        .filter(|(_, code)| code == "InvalidObjectName");
    assert_eq!(long.count(), 1);
    server.end().await;
}

#[tokio::test]
async fn a_job_can_do_what_its_owner_can() {
    let server = Server::start().await;
    server
        .put("/?acl", "")
        .header("x-cos-acl", "public-read-write")
        .ok()
        .await;
    server.put("/a/open", "x").ok().await;
    let put = server.put("/a/secret", "x");
    put.header("x-cos-acl", "private").ok().await;
    let mine = "mine-1250000001";
    server.put("/", "").bucket(mine).by(second()).ok().await;
    let start = server.post("/?prefix-job", wish("Copy", BUCKET, "a/", "", ""));
    let id = begin(start.bucket(mine).by(second())).await;
    let job = loop {
        let get = server.get(&format!("/?prefix-job={id}")).bucket(mine);
        let job = get.by(second()).ok().await.xml();
        if job.value("State") != Some("Running") {
            break job;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(
        left(&job),
        [("a/secret".to_owned(), "AccessDenied".to_owned())]
    );
    let got = server.get("/open").bucket(mine).by(second()).ok().await;
    assert_eq!(got.body, b"x");
    server.end().await;
}

#[tokio::test]
async fn a_job_that_cannot_be_is_refused() {
    let server = Server::with_two_buckets().await;
    server.put("/a/x", "x").ok().await;
    let start = |document: String| server.post("/?prefix-job", document);
    for (from, to) in [
        ("a/", "a/"),
        ("a/", "a/b/"),
        ("a/b/", "a/"),
        ("", "b/"),
        ("a", "ab"),
    ] {
        let document = wish("Move", BUCKET, from, to, "");
        start(document).refused(400, "InvalidRequest").await;
    }
    let none = wish("Move", "none-1250000000", "a/", "b/", "");
    start(none).refused(404, "NoSuchBucket").await;
    let plain = || wish("Move", BUCKET, "a/", "b/", "");
    for stranger in [start(plain()).by(second()), start(plain()).anonymous()] {
        stranger.refused(403, "AccessDenied").await;
    }
    for wrong in [
        wish("Link", BUCKET, "a/", "b/", ""),
        wish(
            "Move",
            BUCKET,
            "a/",
            "b/",
            "<ForbidOverwrite>x</ForbidOverwrite>",
        ),
        "<PrefixJob/>".to_owned(),
    ] {
        start(wrong).refused(400, "MalformedXML").await;
    }
    let most = cosette_proto::limits::JOB_PREFIX_BYTES_MAX;
    let long = "p".repeat(most + 1);
    let wrong = wish("Move", BUCKET, &long, "b/", "");
    start(wrong).refused(400, "InvalidArgument").await;
    begin(start(wish("Move", BUCKET, &long[1..], "b/", ""))).await;
    for method in ["GET", "DELETE"] {
        for id in ["00112233445566778899aabbccddeeff", "x"] {
            let call = server.call(method, &format!("/?prefix-job={id}"));
            call.refused(404, "NoSuchJob").await;
        }
    }
    assert_eq!(server.bytes("/a/x").await, b"x");
    server.end().await;
}

#[tokio::test]
async fn the_same_token_finds_the_same_job_and_a_job_can_be_stopped() {
    let server = Server::start().await;
    fill(&server, "a/", 5).await;
    let start = |to: &str| {
        let call = server.post("/?prefix-job", wish("Move", BUCKET, "a/", to, ""));
        call.header("x-cos-client-token", "once")
    };
    let id = begin(start("b/")).await;
    ended(&server, BUCKET, &id).await;
    fill(&server, "a/", 5).await;
    assert_eq!(begin(start("b/")).await, id);
    start("c/").refused(400, "InvalidRequest").await;
    // One that has ended stays as it is.
    let stop = server
        .delete(&format!("/?prefix-job={id}"))
        .ok()
        .await
        .xml();
    assert_eq!(
        (stop.value("State"), stop.value("Done")),
        (Some("Done"), Some("5"))
    );
    assert_eq!(server.bytes("/a/000").await, b"bytes 0");
    server.end().await;
}

#[tokio::test]
async fn with_versions_a_move_leaves_delete_markers() {
    let server = Server::versioned().await;
    fill(&server, "a/", 3).await;
    server.put("/a/000", "newer").ok().await;
    server.delete("/a/002").ok().await;
    let start = server.post("/?prefix-job", wish("Move", BUCKET, "a/", "b/", ""));
    let id = begin(start).await;
    let job = ended(&server, BUCKET, &id).await;
    assert_eq!(job.value("Done"), Some("2"));
    assert_eq!(server.bytes("/b/000").await, b"newer");
    server.get("/a/000").refused(404, "NoSuchKey").await;
    let versions = server.get("/?versions&prefix=a/000").ok().await.xml();
    assert_eq!(versions.children("Version").count(), 2);
    assert_eq!(versions.children("DeleteMarker").count(), 1);
    server.end().await;
}

/// A job works as its user, later: it would neither be narrowed as the credentials are, nor end with
/// them. What may list a bucket and write one prefix could have everything copied there.
// security: S16
#[tokio::test]
async fn temporary_credentials_begin_no_job() {
    use cosette_server::users::Request;
    let server = Server::start().await;
    fill(&server, "a/", 3).await;
    let (name, policy) = ("ann".to_owned(), "p".to_owned());
    let all = r#"{"version":"2.0","statement":{"effect":"allow","action":"*","resource":"*"}}"#;
    let create = Request::CreateUser {
        name: name.clone(),
        account: None,
        app_id: None,
    };
    server.administer(create).await;
    let attach = Request::PutPolicy {
        name: name.clone(),
        policy,
        document: all.to_owned(),
    };
    server.administer(attach).await;
    let key = Request::CreateKey {
        name: name.clone(),
        replace: false,
    };
    let ann = server.credentials(key).await;
    let narrow = format!(
        r#"{{"version":"2.0","statement":[
        {{"effect":"allow","action":"cos:GetBucket","resource":"qcs::cos:*:uid/*:{BUCKET}/"}},
        {{"effect":"allow","action":"cos:PutObject","resource":"qcs::cos:*:uid/*:{BUCKET}/b/*"}}]}}"#
    );
    for policy in [Some(narrow), None] {
        let token = Request::CreateToken {
            name: name.clone(),
            secs: 600,
            policy,
        };
        let session = server.credentials(token).await;
        let token = session.token.clone().unwrap();
        let start = server.post("/?prefix-job", wish("Copy", BUCKET, "a/", "b/", ""));
        let start = start.by(session).header("x-cos-security-token", token);
        start.refused(403, "AccessDenied").await;
    }
    let listed = server.get("/?prefix-jobs").by(ann.clone()).ok().await.xml();
    assert_eq!(listed.children("PrefixJob").count(), 0);
    let start = server.post("/?prefix-job", wish("Copy", BUCKET, "a/", "b/", ""));
    begin(start.by(ann)).await;
    server.end().await;
}
