//! A request: signed, written byte by byte, sent on a connection of its own.

use std::fmt::Write as _;

use cosette_proto::sign::{self, Credentials, Signable, Validity};
use cosette_proto::{Head, Hosts};
use cosette_types::Timestamp;

use super::{Answer, SUFFIX, Server};

/// A request that is going to be signed and sent on a connection of its own.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(super) server: &'a Server,
    pub(super) method: String,
    pub(super) host: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) unsigned: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) signer: Option<Credentials>,
    pub(super) validity: Validity,
    /// Signed as the S3 dialect does, with this as the hash of the body.
    pub(super) v4: Option<String>,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    /// A header that the signature does not cover.
    pub(crate) fn unsigned(mut self, name: &str, value: &str) -> Self {
        self.unsigned.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    pub(crate) fn bucket(self, bucket: &str) -> Self {
        self.host(&format!("{bucket}.{SUFFIX}"))
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    pub(crate) fn by(mut self, credentials: Credentials) -> Self {
        self.signer = Some(credentials);
        self
    }

    /// Signed as the S3 dialect does; the body's hash, or the word for its form.
    pub(crate) fn v4(mut self, payload: &str) -> Self {
        self.v4 = Some(payload.to_owned());
        self
    }

    pub(crate) fn anonymous(mut self) -> Self {
        self.signer = None;
        self
    }

    pub(crate) fn valid(mut self, start: u64, end: u64) -> Self {
        self.validity = Validity { start, end };
        self
    }

    /// Signed for these parameters, sent with those as well.
    pub(crate) fn presigned(&self) -> String {
        let head = self.head();
        let credentials = self.signer.clone().unwrap();
        let request = signable(&head);
        let now = Timestamp::from_secs(self.server.now());
        let pairs = match self.v4 {
            Some(_) => sign::presign_v4(&credentials, &request, "us-east-1", now, 900),
            None => sign::presign(&credentials, &request, self.validity),
        };
        let mut path = self.path.clone();
        for (name, value) in pairs {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&format!(
                "{name}={}",
                cosette_proto::percent::encode(&value)
            ));
        }
        path
    }

    /// The same request in the words of the S3 dialect, its bucket in the path.
    pub(crate) fn into_s3(mut self) -> Self {
        let bucket = self.host.split('.').next().unwrap_or_default();
        self.path = format!("/{bucket}{}", self.path).replace("?rename", "?renameObject");
        for (name, value) in &mut self.headers {
            *name = name.replace("x-cos-", "x-amz-");
            *value = value.replace(&format!(".{SUFFIX}/"), "/");
        }
        self.host("127.0.0.1")
    }

    /// The same request as who was given its presigned URL sends it.
    pub(crate) fn into_presigned(mut self) -> Self {
        self.path = self.presigned();
        self.signer = None;
        self
    }

    fn head(&self) -> Head {
        let mut request = http::Request::builder()
            .method(self.method.as_str())
            .uri(self.path.as_str())
            .header("host", &self.host);
        for (name, value) in &self.headers {
            request = request.header(
                name,
                http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Head::decode(&parts, &Hosts::default()).unwrap()
    }

    /// The request's bytes, head and body; the head says that the connection closes.
    pub(crate) fn written(&self) -> Vec<u8> {
        let mut bytes = self.written_head("close");
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }

    /// The head's bytes.
    pub(crate) fn written_head(&self, connection: &str) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            self.method, self.path, self.host
        );
        if let Some(credentials) = &self.signer {
            let read = self.head();
            match &self.v4 {
                Some(payload) => {
                    let now = Timestamp::from_secs(self.server.now());
                    let request = signable(&read);
                    let added =
                        sign::authorize(credentials, &request, "us-east-1", Some(payload), now);
                    for (name, value) in &added {
                        write!(head, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
                    }
                }
                None => {
                    let value = sign::authorization(credentials, &signable(&read), self.validity);
                    write!(head, "Authorization: {value}\r\n").unwrap();
                }
            }
        }
        for (name, value) in self.headers.iter().chain(&self.unsigned) {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let framed = |name: &str| {
            let mut sent = self.headers.iter().chain(&self.unsigned);
            sent.any(|(header, _)| header.eq_ignore_ascii_case(name))
        };
        if let Some(body) = &self.body
            && !framed("content-length")
            && !framed("transfer-encoding")
        {
            write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
        }
        write!(head, "Connection: {connection}\r\n\r\n").unwrap();
        head.into_bytes()
    }

    pub(crate) async fn send(&self) -> Answer {
        let mut connection = self.server.connect().await;
        connection.write(&self.written()).await;
        connection
            .answer(&self.method)
            .await
            .unwrap_or_else(|| panic!("no answer to {self:?}"))
    }

    /// Sends it and expects success.
    pub(crate) async fn ok(&self) -> Answer {
        let answer = self.send().await;
        assert!(
            (200..300).contains(&answer.status),
            "{} {}: {} {}",
            self.method,
            self.path,
            answer.status,
            answer.text()
        );
        answer
    }

    /// Sends it and expects this refusal, and that nothing changed.
    pub(crate) async fn refused(&self, status: u16, code: &str) -> Answer {
        let before = self.server.dump().await;
        let answer = self.send().await;
        let what = format!("{} {} {:?}", self.method, self.path, self.headers);
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        if self.method != "HEAD" {
            assert_eq!(answer.code(), code, "{what}: {}", answer.text());
        }
        assert_eq!(self.server.dump().await, before, "{what} changed something");
        answer
    }
}

fn signable(head: &Head) -> Signable<'_> {
    Signable {
        method: &head.method,
        path: &head.path,
        query: &head.query,
        headers: &head.headers,
    }
}
