//! A store of one test, served in this process, with a log of what it was asked and faults on order.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cosette::{
    Body, BoxFuture, Client, ClientBuilder, Credentials, ObjectReply, Output, RetryPolicy,
    Transport, TransportError,
};
use cosette_proto::{Head, Hosts, Query, route};
use cosette_server::{Config, Embedded, Opened};
use http::{HeaderMap, Request, Response, StatusCode};

use crate::clock::TestClock;
use crate::script::error;

pub(crate) const EXAMPLE: &str = "examplebucket-1250000000";
pub(crate) const SOURCE: &str = "sourcebucket-1250000000";
pub(crate) const REGION: &str = "ap-guangzhou";
/// The second account.
pub(crate) const OWNER: &str = "100000000002";
/// A sub-account of it.
pub(crate) const SUB: &str = "100000000022";

const ACCOUNTS: &str = r#"[
  {"secret_id":"AKIDsecond","secret_key":"second","owner_uin":"100000000002","app_id":"1250000001"},
  {"secret_id":"AKIDsub","secret_key":"sub","owner_uin":"100000000002","sub_uin":"100000000022",
   "app_id":"1250000001"}
]"#;

/// What happens to a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The service acts, its answer is lost.
    AnswerLost,
    /// The service does not act, and answers so.
    Answer(u16, &'static str),
    /// Before the service acts, somebody writes these bytes to this bucket and key.
    Meanwhile(&'static str, &'static str, &'static str),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) operation: &'static str,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
}

type Faults = Arc<dyn Fn(&Asked) -> Fault + Send + Sync>;

#[derive(Clone)]
pub(crate) struct House {
    embedded: Arc<Embedded>,
    asked: Arc<Mutex<Vec<Asked>>>,
    faults: Arc<Mutex<Option<Faults>>>,
    pub(crate) clock: TestClock,
    hosts: Hosts,
    /// Removed with the last clone.
    folder: Arc<tempfile::TempDir>,
}

impl House {
    /// With the buckets [`EXAMPLE`] and [`SOURCE`].
    pub(crate) async fn new() -> Self {
        Self::with_domains(&[]).await
    }

    /// The same, with domains of its own.
    pub(crate) async fn with_domains(domains: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let accounts = folder.path().join("accounts.json");
        std::fs::write(&accounts, ACCOUNTS).unwrap();
        std::fs::set_permissions(&accounts, PermissionsExt::from_mode(0o600)).unwrap();
        let data = folder.path().join("data");
        let config = Config {
            domains: domains.iter().map(ToString::to_string).collect(),
            ..Config::default()
        };
        let opened = Embedded::open(&data, config, Some(&accounts))
            .await
            .unwrap();
        let Opened::Here(embedded) = opened else {
            panic!("somebody has a new folder")
        };
        let house = Self {
            embedded: Arc::from(embedded),
            asked: Arc::default(),
            faults: Arc::default(),
            clock: TestClock::new(),
            hosts: Hosts::new(domains.iter().copied()),
            folder: Arc::new(folder),
        };
        for bucket in [EXAMPLE, SOURCE] {
            house
                .client()
                .put_bucket()
                .bucket(bucket)
                .send()
                .await
                .unwrap();
        }
        house.forget();
        house
    }

    /// With versioning enabled on both buckets.
    pub(crate) async fn versioned() -> Self {
        let house = Self::new().await;
        for bucket in [EXAMPLE, SOURCE] {
            house.versioning(bucket, "Enabled").await;
        }
        house.forget();
        house
    }

    pub(crate) async fn versioning(&self, bucket: &str, status: &str) {
        let call = self
            .client()
            .put_bucket_versioning()
            .bucket(bucket)
            .status(status);
        call.send().await.unwrap();
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder()
            .region(REGION)
            .transport(self.clone())
            .clock(self.clock.clone())
            .retry(RetryPolicy {
                attempts_max: 3,
                ..RetryPolicy::default()
            })
    }

    pub(crate) fn root(&self) -> Credentials {
        let root = self.embedded.root();
        Credentials::new(&root.secret_id, root.secret_key.expose())
    }

    /// Of the root account.
    pub(crate) fn client(&self) -> Client {
        self.builder().credentials(self.root()).build().unwrap()
    }

    /// Of the root account, by another way.
    pub(crate) fn client_over(&self, transport: impl Transport) -> Client {
        self.builder()
            .credentials(self.root())
            .transport(transport)
            .build()
            .unwrap()
    }

    /// Of the second account.
    pub(crate) fn second(&self) -> Client {
        self.builder()
            .credentials(Credentials::new("AKIDsecond", "second"))
            .build()
            .unwrap()
    }

    /// Of its sub-account.
    pub(crate) fn sub(&self) -> Client {
        self.builder()
            .credentials(Credentials::new("AKIDsub", "sub"))
            .build()
            .unwrap()
    }

    pub(crate) fn anonymous(&self) -> Client {
        self.builder().anonymous().build().unwrap()
    }

    pub(crate) fn faults(&self, faults: impl Fn(&Asked) -> Fault + Send + Sync + 'static) {
        *self.faults.lock().unwrap() = Some(Arc::new(faults));
    }

    pub(crate) fn no_faults(&self) {
        *self.faults.lock().unwrap() = None;
    }

    pub(crate) fn forget(&self) {
        self.asked.lock().unwrap().clear();
    }

    /// What was asked since the last [`House::forget`].
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The operations that were asked for.
    pub(crate) fn operations(&self) -> Vec<&'static str> {
        self.asked().iter().map(|asked| asked.operation).collect()
    }

    /// How often an operation was asked for.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.operations()
            .iter()
            .filter(|one| **one == operation)
            .count()
    }

    pub(crate) async fn put(&self, bucket: &str, key: &str, bytes: impl Into<Body>) {
        let call = self
            .client()
            .put_object()
            .bucket(bucket)
            .key(key)
            .body(bytes);
        call.send().await.unwrap();
    }

    pub(crate) async fn bytes(&self, bucket: &str, key: &str) -> Bytes {
        let object = self
            .client()
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
            .unwrap();
        object.value.body.bytes(1 << 30).await.unwrap()
    }

    /// What anybody gets at a URL.
    pub(crate) async fn get(&self, url: &str) -> Bytes {
        let host = url.parse::<http::Uri>().unwrap().host().unwrap().to_owned();
        let request = Request::get(url)
            .header("host", host)
            .body(Body::empty())
            .unwrap();
        let reply = self.call(request).await.unwrap();
        assert_eq!(reply.status(), StatusCode::OK, "{url}");
        reply.into_body().bytes(1 << 30).await.unwrap()
    }

    pub(crate) async fn head(&self, bucket: &str, key: &str) -> Output<ObjectReply> {
        self.client()
            .head_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn exists(&self, bucket: &str, key: &str) -> bool {
        let head = self
            .client()
            .head_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await;
        match head {
            Ok(_) => true,
            Err(error) if error.status() == Some(404) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// How many uploads are open in a bucket.
    pub(crate) async fn uploads(&self, bucket: &str) -> usize {
        self.client()
            .multipart_list()
            .bucket(bucket)
            .uploads()
            .all()
            .await
            .unwrap()
            .len()
    }
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("House")
    }
}

/// A copy source in the seed's form.
pub(crate) fn source(bucket: &str, encoded_key: &str) -> String {
    format!("{bucket}.cos.{REGION}.myqcloud.com/{encoded_key}")
}

impl Transport for House {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        let house = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let head = Head::decode(&parts, &house.hosts).unwrap();
            let asked = Asked {
                operation: route::resolve(&head).map_or("none", |name| name.as_str()),
                host: head.host,
                path: head.path,
                query: head.query,
                headers: parts.headers.clone(),
            };
            let faults = house.faults.lock().unwrap().clone();
            let fault = faults.map_or(Fault::None, |faults| faults(&asked));
            house.asked.lock().unwrap().push(asked);
            if let Fault::Answer(status, code) = fault {
                let mut reply = Response::new(Body::from(error(code, "As ordered.")));
                *reply.status_mut() = StatusCode::from_u16(status).unwrap();
                reply
                    .headers_mut()
                    .insert("x-cos-request-id", "NWU3".parse().unwrap());
                return Ok(reply);
            }
            if let Fault::Meanwhile(bucket, key, bytes) = fault {
                house.put(bucket, key, bytes).await;
            }
            let reply = house.embedded.call(Request::from_parts(parts, body)).await;
            match fault {
                Fault::AnswerLost => Err(TransportError::lost("the answer is lost")),
                _ => Ok(reply.map(Body::new)),
            }
        })
    }
}
