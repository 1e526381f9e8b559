//! Lifecycle rules: how they are kept, and what they do as time passes.

use cosette_proto::limits::LIFECYCLE_RULES_MAX;
use cosette_server::LifecycleRound;

use crate::harness::{BUCKET, Server, second};

const DAY: u64 = 86_400;
const EXPIRES: &str = "<Expiration><Days>1</Days></Expiration>";

fn document(rules: &[&str]) -> String {
    let rules: Vec<_> = rules
        .iter()
        .map(|rule| format!("<Rule><Status>Enabled</Status>{rule}</Rule>"))
        .collect();
    let rules = rules.concat();
    format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>")
}

async fn rules(server: &Server, rules: &[&str]) {
    server.put("/?lifecycle", document(rules)).ok().await;
}

async fn round(server: &Server) -> LifecycleRound {
    server.service.apply_lifecycle().await.unwrap()
}

#[tokio::test]
async fn rules_are_kept_told_and_removed() {
    let server = Server::start().await;
    let absent = "NoSuchLifecycleConfiguration";
    server.get("/?lifecycle").refused(404, absent).await;
    let all = [
        "<ID>a</ID><Filter><And><Prefix>logs/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>\
         <ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></And></Filter>\
         <Transition><Days>1</Days><StorageClass>ARCHIVE</StorageClass></Transition>\
         <Expiration><Days>2</Days></Expiration>",
        "<Filter><Prefix>x</Prefix></Filter><Expiration><Date>2030-01-01T00:00:00+08:00</Date></Expiration>",
        "<Prefix>old</Prefix><AbortIncompleteMultipartUpload><DaysAfterInitiation>3\
         </DaysAfterInitiation></AbortIncompleteMultipartUpload>",
    ];
    rules(&server, &all).await;
    let told = server.get("/?lifecycle").ok().await;
    let root = told.xml();
    assert_eq!(root.children("Rule").count(), 3);
    assert!(told.text().contains("<Date>2029-12-31T16:00:00Z</Date>"));
    assert!(told.text().contains("<StorageClass>ARCHIVE</StorageClass>"));
    // What is told can be set again as it is; S3 calls the class otherwise.
    server.put("/?lifecycle", told.body.clone()).ok().await;
    let s3 = server.get("/?lifecycle").v4("UNSIGNED-PAYLOAD").ok().await;
    assert!(
        s3.text().contains("<StorageClass>GLACIER</StorageClass>"),
        "{}",
        s3.text()
    );
    server
        .put("/?lifecycle", document(&all))
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    server.delete("/?lifecycle").ok().await;
    server.get("/?lifecycle").refused(404, absent).await;
    server.delete("/?lifecycle").ok().await;
    server.end().await;
}

/// Rules by which nothing may be done, and how they are refused.
fn wrong_rules() -> Vec<(String, &'static str)> {
    let expires = EXPIRES;
    let tag = "<Tag><Key>k</Key><Value>v</Value></Tag>";
    let uploads = "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
    vec![
        (String::new(), "InvalidRequest"),
        ("<Expiration/>".to_owned(), "MalformedXML"),
        (
            "<Expiration><Days>0</Days></Expiration>".to_owned(),
            "InvalidArgument",
        ),
        (
            "<Expiration><Days>-1</Days></Expiration>".to_owned(),
            "InvalidArgument",
        ),
        (
            "<Expiration><Days>2147483648</Days></Expiration>".to_owned(),
            "InvalidArgument",
        ),
        (
            "<Expiration><Date>soon</Date></Expiration>".to_owned(),
            "InvalidArgument",
        ),
        (
            "<Expiration><Days>1</Days><Date>2030-01-01T00:00:00Z</Date></Expiration>".to_owned(),
            "MalformedXML",
        ),
        (format!("<Unheard/>{expires}"), "MalformedXML"),
        (
            format!("<Filter><Suffix>a</Suffix></Filter>{expires}"),
            "MalformedXML",
        ),
        (
            format!("<Filter><Prefix>a</Prefix>{tag}</Filter>{expires}"),
            "MalformedXML",
        ),
        (
            format!("<Filter/><Prefix>a</Prefix>{expires}"),
            "MalformedXML",
        ),
        (format!("<Filter>{tag}</Filter>{uploads}"), "InvalidRequest"),
        (
            format!(
                "<Filter>{tag}</Filter><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
            ),
            "InvalidRequest",
        ),
        (
            "<Transition><Days>1</Days><StorageClass>STANDARD</StorageClass></Transition>"
                .to_owned(),
            "InvalidArgument",
        ),
        (
            "<Transition><Days>1</Days><StorageClass>GOLD</StorageClass></Transition>".to_owned(),
            "InvalidArgument",
        ),
        (
            format!(
                "<Transition><Days>1</Days><StorageClass>ARCHIVE</StorageClass></Transition>{expires}"
            ),
            "InvalidArgument",
        ),
        (format!("{expires}{expires}"), "MalformedXML"),
        (
            format!("<ID>{}</ID>{expires}", "i".repeat(256)),
            "InvalidArgument",
        ),
    ]
}

#[tokio::test]
async fn rules_that_are_not_understood_are_refused() {
    let server = Server::start().await;
    let expires = EXPIRES;
    rules(&server, &[expires]).await;
    let kept = server.get("/?lifecycle").ok().await.body;
    for (rule, code) in wrong_rules() {
        let answer = server
            .put("/?lifecycle", document(&[&rule]))
            .refused(400, code)
            .await;
        assert!(answer.text().len() > 50, "{rule}");
    }
    for (text, code) in [
        ("<LifecycleConfiguration/>".to_owned(), "MalformedXML"),
        ("<Other/>".to_owned(), "MalformedXML"),
        (
            format!("<LifecycleConfiguration><Rule>{expires}</Rule></LifecycleConfiguration>"),
            "MalformedXML",
        ),
        (
            document(&["<ID>a</ID><Expiration><Days>1</Days></Expiration>"; 2]),
            "InvalidArgument",
        ),
    ] {
        server.put("/?lifecycle", text).refused(400, code).await;
    }
    assert_eq!(server.get("/?lifecycle").ok().await.body, kept);
    let most = vec![expires; LIFECYCLE_RULES_MAX];
    server.put("/?lifecycle", document(&most)).ok().await;
    let more = vec![expires; LIFECYCLE_RULES_MAX + 1];
    server
        .put("/?lifecycle", document(&more))
        .refused(400, "MalformedXML")
        .await;
    server
        .put("/k?lifecycle", "x")
        .refused(405, "MethodNotAllowed")
        .await;
    server.end().await;
}

#[tokio::test]
async fn objects_expire_by_prefix_tag_and_size() {
    let server = Server::start().await;
    for key in ["/logs/a", "/logs/b", "/keep"] {
        server.put(key, "0123456789").ok().await;
    }
    server
        .put("/tagged", "abc")
        .header("x-cos-tagging", "k=v")
        .ok()
        .await;
    server
        .put("/other", "abc")
        .header("x-cos-tagging", "k=w")
        .ok()
        .await;
    rules(
        &server,
        &[
            "<Filter><Prefix>logs/</Prefix></Filter><Expiration><Days>1</Days></Expiration>",
            "<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter><Expiration><Days>1</Days></Expiration>",
            "<Filter><And><Prefix>keep</Prefix><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan></And></Filter>\
             <Expiration><Days>1</Days></Expiration>",
        ],
    )
    .await;
    assert_eq!(round(&server).await, LifecycleRound::default());
    server.advance(2 * DAY);
    server.put("/logs/b", "newer").ok().await;
    let made = round(&server).await;
    assert_eq!((made.expired, made.removed), (2, 0));
    for (key, there) in [
        ("/logs/a", false),
        ("/logs/b", true),
        ("/keep", true),
        ("/tagged", false),
        ("/other", true),
    ] {
        assert_eq!(server.exists(key).await, there, "{key}");
    }
    assert_eq!(round(&server).await, LifecycleRound::default());
    let told = server.service.metrics_text().await;
    assert!(told.contains("cosette_lifecycle_actions_total{action=\"expired\"} 2"));
    server.end().await;
}

#[tokio::test]
async fn versions_and_markers_go_as_rules_say() {
    let server = Server::versioned().await;
    for text in ["1", "2", "3", "4"] {
        server.put("/k", text).ok().await;
        server.advance(1);
    }
    rules(
        &server,
        &[
            "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays>\
             <NewerNoncurrentVersions>1</NewerNoncurrentVersions></NoncurrentVersionExpiration>",
            "<Expiration><Days>30</Days></Expiration>",
        ],
    )
    .await;
    server.advance(2 * DAY);
    let made = round(&server).await;
    assert_eq!((made.expired, made.removed), (0, 2));
    assert_eq!(server.bytes("/k").await, b"4");
    // The object expires to a delete marker; behind it everything is an earlier version.
    server.advance(40 * DAY);
    assert_eq!(round(&server).await.expired, 1);
    assert!(!server.exists("/k").await);
    let listed = server.get("/?versions").ok().await;
    assert_eq!(listed.xml().children("DeleteMarker").count(), 1);
    assert_eq!(listed.xml().children("Version").count(), 2);
    // A marker has no tags that a rule could ask for.
    server.put("/k", "5").ok().await;
    let tagged = "<Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter>\
        <NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>";
    rules(&server, &[tagged]).await;
    server.advance(2 * DAY);
    assert_eq!(round(&server).await, LifecycleRound::default());
    server.delete("/k").ok().await;
    rules(
        &server,
        &[
            "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>",
            "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>",
        ],
    )
    .await;
    server.advance(2 * DAY);
    let mut removed = 0;
    for _ in 0..3 {
        removed += round(&server).await.removed;
    }
    // Three objects, the earlier marker, and then the last.
    assert_eq!(removed, 5);
    let listed = server.get("/?versions").ok().await;
    assert_eq!(listed.xml().children("DeleteMarker").count(), 0);
    assert_eq!(listed.xml().children("Version").count(), 0);
    server.end().await;
}

#[tokio::test]
async fn a_colder_class_changes_nothing_else() {
    let server = Server::versioned().await;
    server.put("/k", "old").ok().await;
    server
        .put("/k", "abc")
        .header("x-cos-meta-a", "b")
        .ok()
        .await;
    let before = server.head("/k").ok().await;
    rules(
        &server,
        &[
            "<Transition><Days>1</Days><StorageClass>STANDARD_IA</StorageClass></Transition>\
           <Transition><Days>3</Days><StorageClass>ARCHIVE</StorageClass></Transition>\
           <NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays>\
           <StorageClass>DEEP_ARCHIVE</StorageClass></NoncurrentVersionTransition>",
        ],
    )
    .await;
    server.advance(2 * DAY);
    assert_eq!(round(&server).await.moved, 2);
    let after = server.head("/k").ok().await;
    assert_eq!(after.header("x-cos-storage-class"), Some("STANDARD_IA"));
    for name in ["ETag", "Last-Modified", "x-cos-version-id", "x-cos-meta-a"] {
        assert_eq!(after.header(name), before.header(name), "{name}");
    }
    assert_eq!(server.bytes("/k").await, b"abc");
    let listed = server.get("/?versions").ok().await.text();
    assert!(listed.contains("DEEP_ARCHIVE"), "{listed}");
    server.advance(2 * DAY);
    assert_eq!(round(&server).await.moved, 1);
    server.get("/k").refused(403, "InvalidObjectState").await;
    server.end().await;
}

#[tokio::test]
async fn unfinished_uploads_go() {
    let server = Server::start().await;
    let early = server.upload("/a/early").await;
    let kept = server.upload("/b").await;
    let part = format!("/a/early?partNumber=1&uploadId={early}");
    server.put(&part, "part").ok().await;
    rules(
        &server,
        &[
            "<Filter><Prefix>a/</Prefix></Filter><AbortIncompleteMultipartUpload>\
           <DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
        ],
    )
    .await;
    server.advance(2 * DAY);
    assert_eq!(round(&server).await.uploads, 1);
    server.put(&part, "late").refused(404, "NoSuchUpload").await;
    let listed = server.get("/?uploads").ok().await.text();
    assert!(listed.contains(&kept) && !listed.contains(&early));
    // Without any rule, too, nothing is left unfinished for ever.
    server.delete("/?lifecycle").ok().await;
    server.advance(27 * DAY);
    assert_eq!(round(&server).await.uploads, 0);
    server.advance(3 * DAY);
    assert_eq!(round(&server).await.uploads, 1);
    server.call("DELETE", "/").bucket(BUCKET).ok().await;
    server.end().await;
}
