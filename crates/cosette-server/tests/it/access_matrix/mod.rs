//! Authorization, case by case: every operation, by every kind of caller, under every kind of grant,
//! in a bucket of the caller's account and in one of another. What is to be expected is worked out
//! here by plain rules that share nothing with the server's; and whatever is refused must not have
//! made the store commit or write anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cosette_proto::Dialect;
use cosette_proto::sign::{Credentials, SecretKey};
use cosette_server::Config;
use cosette_server::users::{Reply, Request};
use cosette_store::meta::{Boxed, Meta, MetaError, MiniTxn, Outcome, Snapshot};

use crate::harness::{BUCKET, Call, SECOND_UIN, SUFFIX, Server, content_md5, root, second};
use crate::post::Form;
use rules::{GIVEN, Given, OPERATIONS, Operation, WAYS, Way, Who, can_come, expected};

mod rules;

/// Fewest cases that a run must have.
const CASES_MIN: usize = 15_000;

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
            let put = |path| server.put(path, "abc").bucket(bucket).by(owner.clone());
            versions.insert(bucket, put("/k").ok().await.version());
            put("/acl").ok().await;
            let cold = put("/cold").header("x-cos-storage-class", "ARCHIVE");
            cold.ok().await;
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

    /// The request in the COS dialect, by nobody yet. What it does where it is allowed leaves what the
    /// cases after it are about as it was, but for the grants.
    fn call(&self, bucket: &'static str, operation: &Operation) -> Call<'_> {
        let (name, method, path, ..) = *operation;
        let version = &self.versions[bucket];
        let source = format!("{bucket}.{SUFFIX}/k");
        let (target, path) = match path.strip_prefix("OPEN") {
            Some(path) => (OPEN, path),
            None => (bucket, path),
        };
        let path = path.replace("VERSION", version);
        let path = path.replace("UPLOAD", &self.upload);
        let call = |path: &str| self.server.call(method, path).bucket(target);
        let copied =
            |path: &str, source: &str| call(path).body("").header("x-cos-copy-source", source);
        match name {
            "copy" | "copy out" | "copy part" => copied(&path, &source),
            "copy with tags" => copied(&path, &source)
                .header("x-cos-tagging-directive", "Replaced")
                .header("x-cos-tagging", "a=b"),
            "copy version out" => copied(&path, &format!("{source}?versionId={version}")),
            "copy part out" => copied(
                &format!("{path}?partNumber=1&uploadId={}", self.upload),
                &source,
            ),
            "move" => call(&path)
                .body("")
                .header("x-cos-rename-source", "/not-there"),
            "put acl" | "put bucket acl" => call(&path).body("").header("x-cos-acl", "private"),
            "attributes" => call(&path).header("x-cos-object-attributes", "ETag"),
            _ if name.ends_with("with tags") => {
                call(&path).body("x").header("x-cos-tagging", "a=b")
            }
            _ => match document(name, bucket) {
                Some(text) => call(&path)
                    .header("Content-MD5", content_md5(text.as_bytes()))
                    .body(text),
                None if method == "PUT" || method == "POST" => {
                    call(&path).body(if name == "put bucket" { "" } else { "x" })
                }
                None => call(&path),
            },
        }
    }

    fn credentials(&self, who: Who) -> Option<Credentials> {
        Some(match who {
            Who::Root => root(),
            Who::Second => second(),
            Who::Ann => self.ann.clone(),
            Who::AnnForAWhile => self.session.clone(),
            Who::AnnToRead => self.session_to_read.clone(),
            Who::Nobody => return None,
            Who::NotAnn => Credentials {
                secret_key: SecretKey::new("guessed"),
                ..self.ann.clone()
            },
        })
    }

    /// The request as it comes.
    fn request(&self, way: Way, bucket: &'static str, operation: &Operation) -> Call<'_> {
        let credentials = self.credentials(way.who());
        if operation.0 == "post" {
            let dialect = if way.is_v4() {
                Dialect::S3
            } else {
                Dialect::Cos
            };
            let form = Form::of("x").with("key", "posted");
            let form = match &credentials {
                Some(by) => form.signed(dialect, &self.server, by),
                None => form,
            };
            return form.call(&self.server).bucket(bucket);
        }
        self.sent_by(way, self.call(bucket, operation))
    }

    fn sent_by<'a>(&self, way: Way, call: Call<'a>) -> Call<'a> {
        let Some(credentials) = self.credentials(way.who()) else {
            return call.anonymous();
        };
        let token = credentials.token.clone();
        let call = match way.is_v4() {
            true => call.into_s3().v4("UNSIGNED-PAYLOAD"),
            false => call,
        };
        // In the other dialect the signer adds it.
        let call = match token {
            Some(token) if !way.is_v4() => call.header("x-cos-security-token", token),
            _ => call,
        };
        let call = call.by(credentials);
        match way.is_presigned() {
            true => call.into_presigned(),
            false => call,
        }
    }

    /// Waits for a job that was begun, which would write while other cases are looked at.
    async fn job_ended(&self, way: Way, bucket: &'static str, id: &str) {
        let path = format!("/?prefix-job={id}");
        loop {
            let call = self.server.get(&path).bucket(bucket);
            let job = self.sent_by(way, call).ok().await;
            if job.value("State") != "Running" {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// The document that a request carries.
fn document(name: &str, bucket: &str) -> Option<String> {
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let text = match name {
        "delete many" => "<Delete><Object><Key>junk</Key></Object></Delete>",
        "complete" => {
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>\
             <ETag>&quot;900150983cd24fb0d6963f7d28e17f72&quot;</ETag></Part></CompleteMultipartUpload>"
        }
        "restore" => "<RestoreRequest><Days>1</Days></RestoreRequest>",
        "put tags" | "put bucket tags" => tags,
        "put versioning" => {
            "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        }
        "put cors" => {
            "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>\
             <AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"
        }
        "put lifecycle" => {
            "<LifecycleConfiguration><Rule><Status>Enabled</Status>\
             <Expiration><Days>1000</Days></Expiration></Rule></LifecycleConfiguration>"
        }
        "put encryption" => {
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
             <SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>\
             </ServerSideEncryptionConfiguration>"
        }
        "put policy" => {
            let nobody = "qcs::cam::uin/100000000009:uin/100000000009";
            let statement = cos_statement("allow", nobody, "cos:GetObject", bucket, "");
            return Some(format!(r#"{{"version":"2.0","statement":[{statement}]}}"#));
        }
        "start job" => {
            return Some(format!(
                "<PrefixJob><Kind>Move</Kind><SourceBucket>{bucket}</SourceBucket>\
                 <SourcePrefix>nothing/</SourcePrefix><TargetPrefix>moved/</TargetPrefix></PrefixJob>"
            ));
        }
        _ => return None,
    };
    Some(text.to_owned())
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
                for operation in OPERATIONS
                    .iter()
                    .filter(|operation| can_come(way, operation))
                {
                    let allowed = expected(way, given, bucket == HOME, operation);
                    let call = matrix.request(way, bucket, operation);
                    let before = matrix.commits.load(Ordering::SeqCst);
                    let written = matrix.server.written_bytes();
                    let answer = call.send().await;
                    let name = operation.0;
                    let what = format!("{name} by {way:?} with {given:?} in {bucket}");
                    assert_eq!(answer.status != 403, allowed, "{what}: {}", answer.text());
                    // What is not understood is refused before anybody asks whether it may be done.
                    let is_said = answer.status != 400 && answer.status < 500;
                    assert!(is_said, "{what}: {}", answer.text());
                    cases += 1;
                    if !allowed {
                        denied += 1;
                        let after = matrix.commits.load(Ordering::SeqCst);
                        assert_eq!(after, before, "{what} touched the store");
                        assert_eq!(matrix.server.written_bytes(), written, "{what} wrote bytes");
                        continue;
                    }
                    match name {
                        "put policy" | "delete policy" | "put bucket acl" => {
                            matrix.give(bucket, given).await;
                        }
                        "start job" => matrix.job_ended(way, bucket, &answer.value("Id")).await,
                        _ => {}
                    }
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
