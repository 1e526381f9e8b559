//! Authorization, case by case: every operation, by every kind of caller, under every kind of grant,
//! in a bucket of the caller's account and in one of another. What is to be expected is worked out
//! here by plain rules that share nothing with the server's; and whatever is refused must not have
//! made the store commit or write anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cosette_proto::sign::{Credentials, SecretKey};
use cosette_server::Config;
use cosette_server::users::{Reply, Request};
use cosette_store::meta::{Boxed, Meta, MetaError, MiniTxn, Outcome, Snapshot};

use crate::harness::{BUCKET, Call, SECOND_UIN, SUFFIX, Server, root, second};

/// Fewest cases that a run must have.
const CASES_MIN: usize = 2_000;

const HOME: &str = "home-1250000001";
/// Everybody may write there.
const OPEN: &str = "open-1250000001";

/// Counts what is asked of the metadata engine to be written.
#[derive(Debug)]
struct Counting<M> {
    meta: M,
    commits: Arc<AtomicU64>,
}

impl<M: Meta> Meta for Counting<M> {
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>> {
        self.meta.snapshot()
    }

    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Result<Outcome, MetaError>> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.meta.commit(txn)
    }

    fn close(&self) -> Boxed<'_, Result<(), MetaError>> {
        self.meta.close()
    }
}

/// How a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Root,
    Second,
    Ann,
    AnnPresigned,
    AnnSession,
    AnnSessionToRead,
    Anonymous,
    Forged,
}

const WAYS: [Way; 8] = [
    Way::Root,
    Way::Second,
    Way::Ann,
    Way::AnnPresigned,
    Way::AnnSession,
    Way::AnnSessionToRead,
    Way::Anonymous,
    Way::Forged,
];

/// What is granted before the requests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    Nothing,
    BucketAllows,
    BucketAllowsButReads,
    VersionsOnly,
    FromHere,
    FromElsewhere,
    UserAllows,
    UserAllowsBucketDeniesPuts,
    PublicRead,
    GrantToWrite,
    EverybodyReads,
}

const GIVEN: [Given; 11] = [
    Given::Nothing,
    Given::BucketAllows,
    Given::BucketAllowsButReads,
    Given::VersionsOnly,
    Given::FromHere,
    Given::FromElsewhere,
    Given::UserAllows,
    Given::UserAllowsBucketDeniesPuts,
    Given::PublicRead,
    Given::GrantToWrite,
    Given::EverybodyReads,
];

/// What is asked for: name, method, path, and the actions it takes in the bucket.
type Operation = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const OPERATIONS: [Operation; 21] = [
    ("get", "GET", "/k", &["GetObject"]),
    ("head", "HEAD", "/k", &["HeadObject"]),
    (
        "get version",
        "GET",
        "/k?versionId=VERSION",
        &["GetObjectVersion"],
    ),
    ("put", "PUT", "/new", &["PutObject"]),
    (
        "put with tags",
        "PUT",
        "/tagged",
        &["PutObject", "PutObjectTagging"],
    ),
    (
        "copy with tags",
        "PUT",
        "/tagged",
        &["PutObject", "PutObjectTagging", "GetObject"],
    ),
    (
        "append with tags",
        "POST",
        "/tagged?append&position=0",
        &["AppendObject", "PutObjectTagging"],
    ),
    (
        "begin upload with tags",
        "POST",
        "/tagged?uploads",
        &["InitiateMultipartUpload", "PutObjectTagging"],
    ),
    ("delete", "DELETE", "/junk", &["DeleteObject"]),
    (
        "delete version",
        "DELETE",
        "/junk?versionId=null",
        &["DeleteObjectVersion"],
    ),
    ("copy", "PUT", "/copied", &["PutObject", "GetObject"]),
    ("copy out", "PUT", "OPEN/out", &["GetObject"]),
    ("copy version out", "PUT", "OPEN/out", &["GetObjectVersion"]),
    ("copy part out", "PUT", "OPEN/part", &["GetObject"]),
    (
        "move",
        "PUT",
        "/moved?rename",
        &["PutObject", "DeleteObject", "GetObject"],
    ),
    ("list", "GET", "/", &["GetBucket"]),
    (
        "list versions",
        "GET",
        "/?versions",
        &["GetBucketObjectVersions"],
    ),
    ("get acl", "GET", "/k?acl", &["GetObjectAcl"]),
    ("put acl", "PUT", "/k?acl", &["PutObjectAcl"]),
    (
        "begin upload",
        "POST",
        "/up?uploads",
        &["InitiateMultipartUpload"],
    ),
    ("delete many", "POST", "/?delete", &["DeleteObject"]),
];

const READS: [&str; 4] = [
    "GetObject",
    "GetObjectVersion",
    "HeadObject",
    "HeadObjectVersion",
];
const LISTS: [&str; 2] = ["GetBucket", "GetBucketObjectVersions"];
const WRITES: [&str; 4] = [
    "PutObject",
    "DeleteObject",
    "DeleteObjectVersion",
    "InitiateMultipartUpload",
];

/// The plain rules.
fn expected(way: Way, given: Given, home: bool, action: &str) -> bool {
    let plain_read = action == "GetObject" || action == "GetObjectVersion";
    let is_ann = !matches!(way, Way::Root | Way::Second | Way::Anonymous | Way::Forged);
    if way == Way::Forged || (way == Way::AnnSessionToRead && !plain_read) {
        return false;
    }
    match given {
        Given::BucketAllowsButReads if is_ann && plain_read => return false,
        Given::UserAllowsBucketDeniesPuts if action == "PutObject" => return false,
        _ => {}
    }
    if way == Way::Root || (way == Way::Second && home) {
        return true;
    }
    match given {
        Given::Nothing | Given::FromElsewhere => false,
        Given::BucketAllows | Given::BucketAllowsButReads | Given::FromHere => is_ann,
        Given::VersionsOnly => is_ann && action == "GetObjectVersion",
        Given::UserAllows | Given::UserAllowsBucketDeniesPuts => is_ann && home,
        Given::PublicRead => READS.contains(&action) || LISTS.contains(&action),
        Given::GrantToWrite => is_ann && WRITES.contains(&action),
        Given::EverybodyReads => plain_read,
    }
}

struct Matrix {
    server: Server,
    commits: Arc<AtomicU64>,
    ann: Credentials,
    ann_uin: String,
    session: Credentials,
    session_to_read: Credentials,
    upload: String,
    versions: BTreeMap<&'static str, String>,
}

fn cos_statement(effect: &str, principal: &str, action: &str, bucket: &str, more: &str) -> String {
    format!(
        r#"{{"effect":"{effect}","principal":{{"qcs":["{principal}"]}},"action":["{action}"],
        "resource":["qcs::cos:*:uid/*:{bucket}/*"]{more}}}"#
    )
}

impl Matrix {
    async fn begin() -> Self {
        let commits = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&commits);
        let server = Server::over(Config::default(), |meta| {
            Arc::new(Counting {
                meta,
                commits: counter,
            })
        });
        let server = server.await;
        for bucket in [HOME, OPEN] {
            server.put("/", "").bucket(bucket).by(second()).ok().await;
        }
        server
            .put("/?acl", "")
            .bucket(OPEN)
            .by(second())
            .header("x-cos-acl", "public-read-write")
            .ok()
            .await;
        let mut versions = BTreeMap::new();
        for (bucket, owner) in [(HOME, second()), (BUCKET, root())] {
            server.versioning(bucket, "Enabled").await;
            let put = server.put("/k", "abc").bucket(bucket).by(owner).ok().await;
            versions.insert(bucket, put.version());
        }
        let begun = server
            .post("/part?uploads", "")
            .bucket(OPEN)
            .by(second())
            .ok()
            .await;
        let made = server
            .administer(Request::CreateUser {
                name: "ann".into(),
                account: Some(SECOND_UIN.into()),
                app_id: None,
            })
            .await;
        let Reply::User(facts) = made else { panic!() };
        let key = Request::CreateKey {
            name: "ann".into(),
            replace: false,
        };
        let ann = server.credentials(key).await;
        let token = |policy: Option<&str>| Request::CreateToken {
            name: "ann".into(),
            secs: 3600,
            policy: policy.map(str::to_owned),
        };
        let session = server.credentials(token(None)).await;
        let read = r#"{"version":"2.0","statement":{"effect":"allow","action":"cos:GetObject","resource":"*"}}"#;
        let session_to_read = server.credentials(token(Some(read))).await;
        Self {
            upload: begun.value("UploadId"),
            commits,
            ann,
            ann_uin: facts.uin,
            session,
            session_to_read,
            versions,
            server,
        }
    }

    fn owner(bucket: &str) -> Credentials {
        if bucket == HOME { second() } else { root() }
    }

    /// Makes the grants of a bucket, and of the user, these and no others.
    async fn give(&self, bucket: &'static str, given: Given) {
        let server = &self.server;
        let ann = format!("qcs::cam::uin/{SECOND_UIN}:uin/{}", self.ann_uin);
        let allow = |more: &str| cos_statement("allow", &ann, "cos:*", bucket, more);
        let from = |block: &str| {
            allow(&format!(
                r#","condition":{{"ip_equal":{{"qcs:ip":"{block}"}}}}"#
            ))
        };
        let anyone = "qcs::cam::anyone:anyone";
        let statements = match given {
            Given::BucketAllows => vec![allow("")],
            Given::BucketAllowsButReads => vec![
                allow(""),
                cos_statement("deny", &ann, "cos:GetObject", bucket, ""),
            ],
            Given::FromHere => vec![from("127.0.0.0/8")],
            Given::FromElsewhere => vec![from("10.0.0.0/8")],
            Given::UserAllowsBucketDeniesPuts => {
                vec![cos_statement("deny", anyone, "cos:PutObject", bucket, "")]
            }
            Given::EverybodyReads => {
                vec![cos_statement("allow", anyone, "cos:GetObject", bucket, "")]
            }
            _ => Vec::new(),
        };
        let policy = match given {
            Given::VersionsOnly => Some(format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",
                "Principal":{{"AWS":"arn:aws:iam::{SECOND_UIN}:user/{}"}},
                "Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::{bucket}/*"}}]}}"#,
                self.ann_uin
            )),
            _ if statements.is_empty() => None,
            _ => Some(format!(
                r#"{{"version":"2.0","statement":[{}]}}"#,
                statements.join(",")
            )),
        };
        let owner = Self::owner(bucket);
        let call = match policy {
            Some(policy) => server.put("/?policy", policy),
            None => server.delete("/?policy"),
        };
        call.bucket(bucket).by(owner.clone()).ok().await;
        let acl = server.put("/?acl", "").bucket(bucket).by(owner);
        let acl = match given {
            Given::PublicRead => acl.header("x-cos-acl", "public-read"),
            Given::GrantToWrite => acl.header("x-cos-grant-write", format!("id=\"{ann}\"")),
            _ => acl.header("x-cos-acl", "private"),
        };
        acl.ok().await;
        let all = r#"{"version":"2.0","statement":{"effect":"allow","action":"*","resource":"*"}}"#;
        let nothing = r#"{"version":"2.0","statement":{"effect":"allow","action":"cos:GetService","resource":"*"}}"#;
        let by_user = matches!(given, Given::UserAllows | Given::UserAllowsBucketDeniesPuts);
        server
            .administer(Request::PutPolicy {
                name: "ann".into(),
                policy: "p".into(),
                document: if by_user { all } else { nothing }.into(),
            })
            .await;
    }

    fn call(&self, bucket: &'static str, operation: &Operation) -> Call<'_> {
        let (name, method, path, _) = *operation;
        let version = &self.versions[bucket];
        let source = format!("{bucket}.{SUFFIX}/k");
        let (target, path) = match path.strip_prefix("OPEN") {
            Some(path) => (OPEN, path),
            None => (bucket, path),
        };
        let path = path.replace("VERSION", version);
        let call = |path: &str| self.server.call(method, path).bucket(target);
        let copied =
            |path: &str, source: &str| call(path).body("").header("x-cos-copy-source", source);
        match name {
            "copy" | "copy out" => copied(&path, &source),
            "copy with tags" => copied(&path, &source)
                .header("x-cos-tagging-directive", "Replaced")
                .header("x-cos-tagging", "a=b"),
            _ if name.ends_with("with tags") => {
                call(&path).body("x").header("x-cos-tagging", "a=b")
            }
            "copy version out" => copied(&path, &format!("{source}?versionId={version}")),
            "copy part out" => copied(
                &format!("{path}?partNumber=1&uploadId={}", self.upload),
                &source,
            ),
            "move" => call(&path)
                .body("")
                .header("x-cos-rename-source", "/not-there"),
            "put acl" => call(&path).body("").header("x-cos-acl", "default"),
            "delete many" => {
                let list = "<Delete><Object><Key>junk</Key></Object></Delete>";
                call(&path)
                    .header("Content-MD5", crate::harness::content_md5(list.as_bytes()))
                    .body(list)
            }
            _ if method == "PUT" || method == "POST" => call(&path).body("x"),
            _ => call(&path),
        }
    }

    fn signed<'a>(&self, way: Way, call: Call<'a>) -> Call<'a> {
        let with = |call: Call<'a>, session: &Credentials| {
            let token = session.token.clone().unwrap();
            call.header("x-cos-security-token", token)
                .by(session.clone())
        };
        match way {
            Way::Root => call.by(root()),
            Way::Second => call.by(second()),
            Way::Ann => call.by(self.ann.clone()),
            Way::AnnPresigned => call.by(self.ann.clone()).into_presigned(),
            Way::AnnSession => with(call, &self.session),
            Way::AnnSessionToRead => with(call, &self.session_to_read),
            Way::Anonymous => call.anonymous(),
            Way::Forged => call.by(Credentials {
                secret_key: SecretKey::new("guessed"),
                ..self.ann.clone()
            }),
        }
    }
}

// security: S4, S16
#[tokio::test]
async fn every_operation_by_every_caller_under_every_grant() {
    let matrix = Matrix::begin().await;
    let (mut cases, mut denied) = (0, 0);
    for bucket in [HOME, BUCKET] {
        for given in GIVEN {
            matrix.give(bucket, given).await;
            for way in WAYS {
                for operation in &OPERATIONS {
                    let home = bucket == HOME;
                    let (name, _, path, actions) = *operation;
                    let mut allowed = actions
                        .iter()
                        .all(|action| expected(way, given, home, action));
                    // The other end of it: everybody may write there, but who is only to read.
                    if path.starts_with("OPEN") {
                        allowed &= way != Way::AnnSessionToRead;
                    }
                    let call = matrix.signed(way, matrix.call(bucket, operation));
                    let before = matrix.commits.load(Ordering::SeqCst);
                    let written = matrix.server.written_bytes();
                    let answer = call.send().await;
                    let what = format!("{name} by {way:?} with {given:?} in {bucket}");
                    assert_eq!(answer.status != 403, allowed, "{what}: {}", answer.text());
                    assert!(answer.status < 500, "{what}: {}", answer.text());
                    if !allowed {
                        denied += 1;
                        let after = matrix.commits.load(Ordering::SeqCst);
                        assert_eq!(after, before, "{what} touched the store");
                        assert_eq!(matrix.server.written_bytes(), written, "{what} wrote bytes");
                    }
                    cases += 1;
                }
            }
        }
        matrix.give(bucket, Given::Nothing).await;
    }
    println!("authorization: {cases} cases, {denied} of them denied");
    assert!(cases >= CASES_MIN, "{cases} cases");
    assert!(denied * 3 >= cases && denied < cases, "{denied} of {cases}");
    matrix.server.end().await;
}
