//! A service that answers as a script says, and remembers what it was asked.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cosette::{Body, BoxFuture, Client, Credentials, RetryPolicy, Transport, TransportError};
use cosette_proto::{Head, Hosts, Query, route};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};

use crate::clock::TestClock;

pub(crate) const BUCKET: &str = "examplebucket-1250000000";
pub(crate) const SOURCE: &str = "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg";

/// One answer.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Reply(u16, HeaderMap, Bytes),
    /// The connection is lost after the request was sent.
    Lost,
    /// There is no connection.
    Refused,
    /// No answer ever.
    Silence,
}

impl Step {
    pub(crate) fn ok(document: &str) -> Self {
        Self::reply(200, document)
    }

    pub(crate) fn reply(status: u16, document: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("x-cos-request-id", HeaderValue::from_static("NWU3"));
        Self::Reply(status, headers, Bytes::from(document.to_owned()))
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        Self::reply(status, &error(code, "In other words."))
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Reply(_, headers, _) = &mut self {
            headers.insert(name, value.parse().unwrap());
        }
        self
    }

    /// The answer to HEAD: an object of that size and tag.
    pub(crate) fn head(size: u64, etag: &str) -> Self {
        Self::reply(200, "")
            .header("content-length", &size.to_string())
            .header("etag", etag)
            .header("last-modified", "Fri, 10 Apr 2020 18:17:25 GMT")
    }

    pub(crate) fn copied(etag: &str) -> Self {
        Self::ok(&format!(
            "<CopyObjectResult><ETag>{etag}</ETag>\
             <LastModified>2020-04-10T18:20:30.000Z</LastModified></CopyObjectResult>"
        ))
    }

    pub(crate) fn part_copied(etag: &str) -> Self {
        Self::ok(&format!(
            "<CopyPartResult><ETag>{etag}</ETag>\
             <LastModified>2017-09-04T04:45:45</LastModified></CopyPartResult>"
        ))
    }

    pub(crate) fn begun() -> Self {
        Self::ok(&format!(
            "<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>b/1.jpg</Key>\
             <UploadId>U</UploadId></InitiateMultipartUploadResult>"
        ))
    }

    pub(crate) fn completed(etag: &str) -> Self {
        Self::ok(&format!(
            "<CompleteMultipartUploadResult><Location>http://h/b/1.jpg</Location>\
             <Bucket>{BUCKET}</Bucket><Key>b/1.jpg</Key><ETag>{etag}</ETag>\
             </CompleteMultipartUploadResult>"
        ))
    }
}

pub(crate) fn error(code: &str, message: &str) -> String {
    format!(
        "<?xml version='1.0' encoding='utf-8' ?>\n<Error><Code>{code}</Code>\
         <Message>{message}</Message><Resource>h/k</Resource><RequestId>NWU3</RequestId>\
         <TraceId>OGVm</TraceId></Error>"
    )
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// `PutObjectCopy`, …
    pub(crate) operation: &'static str,
    pub(crate) uri: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) async fn of(request: Request<Body>) -> Self {
        let (parts, body) = request.into_parts();
        let head = Head::decode(&parts, &Hosts::default()).unwrap();
        let operation = route::resolve(&head).unwrap().as_str();
        // A body that cannot be read is what a service sees of a client that fails.
        let body = body.bytes(1 << 30).await.unwrap_or_default();
        Self {
            operation,
            uri: parts.uri.to_string(),
            query: head.query,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// The service; clones are the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script(Arc<State>);

#[derive(Debug, Default)]
struct State {
    steps: Mutex<VecDeque<Step>>,
    seen: Mutex<Vec<Seen>>,
}

impl Script {
    pub(crate) fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        let script = Self::default();
        script.0.steps.lock().unwrap().extend(steps);
        script
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(&TestClock::new())
    }

    pub(crate) fn client_with(&self, clock: &TestClock) -> Client {
        Client::builder()
            .credentials(Credentials::new("AKIDexample", "secret"))
            .region("ap-guangzhou")
            .transport(self.clone())
            .clock(clock.clone())
            .retry(RetryPolicy {
                attempts_max: 3,
                ..RetryPolicy::default()
            })
            .build()
            .unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.seen.lock().unwrap().clone()
    }

    /// The operations that were asked for, separated by blanks.
    pub(crate) fn asked(&self) -> String {
        let mut names = String::new();
        for seen in self.0.seen.lock().unwrap().iter() {
            let blank = if names.is_empty() { "" } else { " " };
            write!(names, "{blank}{}", seen.operation).unwrap();
        }
        names
    }

    /// That every step of the script was asked for.
    pub(crate) fn is_done(&self) -> bool {
        self.0.steps.lock().unwrap().is_empty()
    }
}

impl Transport for Script {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        let state = self.0.clone();
        Box::pin(async move {
            let next = state.steps.lock().unwrap().pop_front();
            if matches!(next, Some(Step::Refused)) {
                return Err(TransportError::not_sent("connection refused"));
            }
            let seen = Seen::of(request).await;
            let step = next.unwrap_or_else(|| panic!("not in the script: {seen:?}"));
            state.seen.lock().unwrap().push(seen);
            match step {
                Step::Reply(status, headers, document) => {
                    let mut reply = Response::new(Body::from(document));
                    *reply.status_mut() = StatusCode::from_u16(status).unwrap();
                    *reply.headers_mut() = headers;
                    Ok(reply)
                }
                Step::Lost => Err(TransportError::lost("connection reset")),
                Step::Refused => Err(TransportError::not_sent("connection refused")),
                Step::Silence => std::future::pending().await,
            }
        })
    }
}
