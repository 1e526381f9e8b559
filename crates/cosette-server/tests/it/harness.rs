//! A server of one test: its own store in memory, its own clock, its own port, and requests written
//! byte by byte on sockets.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cosette_proto::sign::{self, Credentials, SecretKey, Signable, Validity};
use cosette_proto::xml::Element;
use cosette_proto::{Head, Hosts};
use cosette_server::keys::KeyPair;
use cosette_server::listen::{Stopper, stopper};
use cosette_server::{Account, Accounts, Clock, Config, Listener, Service, serve};
use cosette_store::extents::Extents;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::{BucketFilter, ListObjects, ListUploads, ListVersions, Options, Store};
use cosette_types::{Owner, Timestamp};
use futures_util::StreamExt;
use md5::{Digest, Md5};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

pub(crate) const SUFFIX: &str = "cos.ap-guangzhou.myqcloud.com";
/// The bucket that every server begins with.
pub(crate) const BUCKET: &str = "examplebucket-1250000000";
pub(crate) const OTHER: &str = "sourcebucket-1250000000";
/// 2024-05-06T07:08:09Z
pub(crate) const START: u64 = 1_714_979_289;
pub(crate) const MIB: usize = 1 << 20;

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    pub(crate) meta: MemoryMeta,
    pub(crate) extents: MemoryExtents,
    clock: Arc<TestClock>,
    stopper: Stopper,
    serving: JoinHandle<()>,
}

/// Keys of the accounts that every server knows.
pub(crate) fn root() -> Credentials {
    credentials("AKIDroot")
}

/// A second account, of APPID 1250000001.
pub(crate) fn second() -> Credentials {
    credentials("AKIDsecond")
}

/// A sub-account of the second account.
pub(crate) fn sub() -> Credentials {
    credentials("AKIDsub")
}

pub(crate) const SECOND_UIN: &str = "100000000002";
pub(crate) const SUB_UIN: &str = "100000000022";

fn credentials(id: &str) -> Credentials {
    Credentials {
        secret_id: id.to_owned(),
        secret_key: SecretKey::new(format!("secret of {id}")),
        token: None,
    }
}

fn accounts() -> Accounts {
    let pair = |credentials: Credentials| KeyPair {
        secret_id: credentials.secret_id,
        secret_key: credentials.secret_key,
    };
    let mut accounts = Accounts::of_root(&pair(root()));
    let app_id = || "1250000001".parse().unwrap();
    let owner = Owner::root(SECOND_UIN).unwrap();
    accounts
        .add(Account::new(pair(second()), owner, app_id()))
        .unwrap();
    let user = Owner::sub(SECOND_UIN, SUB_UIN).unwrap();
    accounts
        .add(Account::new(pair(sub()), user, app_id()))
        .unwrap();
    accounts
}

impl Server {
    /// A server with the bucket [`BUCKET`] in it.
    pub(crate) async fn start() -> Self {
        Self::configured(Config::default()).await
    }

    /// With another bucket, [`OTHER`], in it too.
    pub(crate) async fn with_two_buckets() -> Self {
        let server = Self::start().await;
        server.put_bucket(OTHER).await;
        server
    }

    /// With versioning enabled on [`BUCKET`].
    pub(crate) async fn versioned() -> Self {
        let server = Self::start().await;
        server.versioning(BUCKET, "Enabled").await;
        server
    }

    pub(crate) async fn configured(config: Config) -> Self {
        let clock = Arc::new(TestClock(AtomicU64::new(START * 1_000_000)));
        let (meta, extents) = (MemoryMeta::new(), MemoryExtents::new());
        let options = Options {
            clock: clock.clone(),
            background_sweep: false,
            ..Options::default()
        };
        let store = Store::with_drivers(Arc::new(meta.clone()), Arc::new(extents.clone()), options)
            .await
            .unwrap();
        let service = Service::new(store.clone(), accounts(), config, clock.clone())
            .await
            .unwrap();
        let listener = Listener::tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.address().unwrap();
        let (stopper, stop) = stopper();
        let serving = tokio::spawn(serve(listener, service, stop));
        let server = Self {
            address,
            store,
            meta,
            extents,
            clock,
            stopper,
            serving,
        };
        server.put_bucket(BUCKET).await;
        server
    }

    /// Stops the server and proves that its store holds together.
    pub(crate) async fn end(self) {
        self.check_with(true).await;
        self.abandon().await;
    }

    /// As [`Server::end`], without reading every byte again: there are too many.
    pub(crate) async fn end_unread(self) {
        self.check_with(false).await;
        self.abandon().await;
    }

    /// Tells the server to stop, and gives its end to wait for.
    pub(crate) fn stop(self) -> impl Future<Output = ()> {
        self.stopper.stop();
        async move { self.end().await }
    }

    /// Stops a server whose store takes no more writes.
    pub(crate) async fn abandon(self) {
        self.stopper.stop();
        self.serving.await.unwrap();
    }

    /// Sends a request that may be answered ahead of its result, and gives the result.
    pub(crate) async fn settled(&self, call: &Call<'_>) -> Answer {
        let answer = call.ok().await;
        assert_eq!(answer.code(), "", "{}", answer.text());
        answer
    }

    /// Everything adds up, and nothing is left over.
    pub(crate) async fn check(&self) {
        self.check_with(false).await;
    }

    async fn check_with(&self, read_bytes: bool) {
        self.store.sweep_now().await.unwrap();
        let report = self.store.fsck(read_bytes).await.unwrap();
        assert!(report.is_clean(), "{report}");
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now().secs()
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, secs: u64) {
        self.clock.0.fetch_add(secs * 1_000_000, Ordering::SeqCst);
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call {
            server: self,
            method: method.to_owned(),
            host: format!("{BUCKET}.{SUFFIX}"),
            path: path.to_owned(),
            headers: Vec::new(),
            unsigned: Vec::new(),
            body: None,
            signer: Some(root()),
            validity: Validity {
                start: self.now() - 60,
                end: self.now() + 900,
            },
        }
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub(crate) fn head(&self, path: &str) -> Call<'_> {
        self.call("HEAD", path)
    }

    pub(crate) fn put(&self, path: &str, body: impl AsRef<[u8]>) -> Call<'_> {
        self.call("PUT", path).body(body)
    }

    pub(crate) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Call<'_> {
        self.call("POST", path).body(body)
    }

    pub(crate) fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path)
    }

    /// A copy within [`BUCKET`] of a key that needs no escape.
    pub(crate) fn copy(&self, source: &str, target: &str) -> Call<'_> {
        self.copy_from(&format!("{BUCKET}.{SUFFIX}/{source}"), target)
    }

    /// A copy from a copy source as sent.
    pub(crate) fn copy_from(&self, source: &str, target: &str) -> Call<'_> {
        self.put(target, "").header("x-cos-copy-source", source)
    }

    /// Copies into a part.
    pub(crate) fn copy_part(&self, source: &str, target: &str, upload: &str, n: u32) -> Call<'_> {
        self.copy(
            source,
            &format!("{target}?partNumber={n}&uploadId={upload}"),
        )
    }

    pub(crate) async fn put_bucket(&self, bucket: &str) {
        self.call("PUT", "/").bucket(bucket).body("").ok().await;
    }

    pub(crate) async fn versioning(&self, bucket: &str, status: &str) {
        let document =
            format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
        self.put("/?versioning", document).bucket(bucket).ok().await;
    }

    /// Begins an upload of [`BUCKET`] and gives its id.
    pub(crate) async fn upload(&self, path: &str) -> String {
        let reply = self.post(&format!("{path}?uploads"), "").ok().await;
        reply.xml().value("UploadId").unwrap().to_owned()
    }

    /// Completes an upload with parts 1, 2, … of these tags.
    pub(crate) fn complete(&self, path: &str, upload: &str, tags: &[String]) -> Call<'_> {
        let parts: Vec<_> = tags
            .iter()
            .zip(1..)
            .map(|(tag, n)| (n, tag.as_str()))
            .collect();
        self.complete_parts(path, upload, &parts)
    }

    pub(crate) fn complete_parts(
        &self,
        path: &str,
        upload: &str,
        parts: &[(u32, &str)],
    ) -> Call<'_> {
        self.post(&format!("{path}?uploadId={upload}"), part_list(parts))
    }

    /// The bytes of an object.
    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        self.get(path).ok().await.body
    }

    pub(crate) async fn exists(&self, path: &str) -> bool {
        match self.head(path).send().await.status {
            200 => true,
            404 => false,
            other => panic!("HEAD {path}: {other}"),
        }
    }

    /// All that the store keeps, as text: buckets, versions with their bytes and properties, uploads
    /// with their parts.
    pub(crate) async fn dump(&self) -> String {
        let all = BucketFilter {
            owner_uin: None,
            region: None,
            marker: None,
            limit: 1000,
        };
        let mut dump = String::new();
        for bucket in self.store.buckets(&all).await.unwrap().buckets {
            writeln!(dump, "{bucket:?}").unwrap();
            let request = ListObjects {
                limit: 1000,
                ..ListObjects::default()
            };
            let objects = self
                .store
                .list_objects(&bucket.name, &request)
                .await
                .unwrap();
            writeln!(dump, "{objects:?}").unwrap();
            let request = ListVersions {
                limit: 1000,
                ..ListVersions::default()
            };
            let versions = self
                .store
                .list_versions(&bucket.name, &request)
                .await
                .unwrap();
            for listed in versions.versions {
                writeln!(dump, "{listed:?}").unwrap();
                if listed.object.is_none() {
                    continue;
                }
                let (key, id) = (listed.key.parse().unwrap(), listed.version_id);
                let version = self
                    .store
                    .object(&bucket.name, &key, id.as_ref())
                    .await
                    .unwrap();
                let span = cosette_types::Span::whole(version.size.min(MIB as u64));
                let mut bytes = std::pin::pin!(self.store.read(&version, span));
                let mut digest = Md5::new();
                while let Some(piece) = bytes.next().await {
                    digest.update(piece.unwrap());
                }
                writeln!(
                    dump,
                    "{:?} {:?} {:?} {:x?}",
                    version.metadata,
                    version.acl,
                    version.owner,
                    digest.finalize()
                )
                .unwrap();
            }
            let request = ListUploads {
                limit: 1000,
                ..ListUploads::default()
            };
            let uploads = self
                .store
                .list_uploads(&bucket.name, &request)
                .await
                .unwrap();
            for upload in uploads.uploads {
                let request = cosette_store::ListParts {
                    bucket: bucket.name.clone(),
                    key: upload.key.parse().unwrap(),
                    upload_id: upload.upload_id.clone(),
                    marker: 0,
                    limit: 1000,
                };
                let parts = self.store.list_parts(&request).await.unwrap();
                writeln!(dump, "{upload:?} {parts:?}").unwrap();
            }
        }
        dump
    }

    /// Bytes of object content that were ever written to the store's extents.
    pub(crate) fn written_bytes(&self) -> u64 {
        self.extents.written_bytes()
    }

    /// Bytes that the store's extents take up.
    pub(crate) async fn store_bytes(&self) -> u64 {
        self.extents.allocated_bytes().await.unwrap()
    }

    /// A connection of one's own.
    pub(crate) async fn connect(&self) -> Connection {
        Connection {
            stream: TcpStream::connect(self.address).await.unwrap(),
            read: Vec::new(),
        }
    }
}

/// The document of Complete.
pub(crate) fn part_list(parts: &[(u32, &str)]) -> String {
    let mut document = String::from("<CompleteMultipartUpload>");
    for (number, tag) in parts {
        let tag = tag.replace('"', "&quot;");
        write!(
            document,
            "<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
        )
        .unwrap();
    }
    document.push_str("</CompleteMultipartUpload>");
    document
}

/// A request that is going to be signed and sent on a connection of its own.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    server: &'a Server,
    method: String,
    host: String,
    path: String,
    headers: Vec<(String, String)>,
    unsigned: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    signer: Option<Credentials>,
    validity: Validity,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
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
        let pairs = sign::presign(&credentials, &signable(&head), self.validity);
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
            let value = sign::authorization(credentials, &signable(&read), self.validity);
            write!(head, "Authorization: {value}\r\n").unwrap();
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
        let written = self.server.written_bytes();
        let answer = self.send().await;
        let what = format!("{} {} {:?}", self.method, self.path, self.headers);
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        if self.method != "HEAD" {
            assert_eq!(answer.code(), code, "{what}: {}", answer.text());
        }
        assert_eq!(self.server.dump().await, before, "{what} changed something");
        let _ = written;
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

/// A connection that bytes are written on.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was read and belongs to no answer yet.
    read: Vec<u8>,
}

/// Longest wait for bytes that must come; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

impl Connection {
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        // A server that has refused already need not take the rest.
        let _ = self.stream.write_all(bytes).await;
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn finish_writing(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Reads some more; `false` at the end.
    async fn more(&mut self) -> bool {
        let mut some = vec![0; 64 << 10];
        let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut some)).await;
        let count = read.expect("bytes in time").unwrap_or(0);
        self.read.extend_from_slice(&some[..count]);
        count > 0
    }

    /// Everything up to these bytes, with them; `None` when the connection ends before.
    pub(crate) async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            let found = self
                .read
                .windows(end.len())
                .position(|window| window == end);
            if let Some(at) = found {
                let rest = self.read.split_off(at + end.len());
                return Some(std::mem::replace(&mut self.read, rest));
            }
            if !self.more().await {
                return None;
            }
        }
    }

    async fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.read.len() < count {
            if !self.more().await {
                return None;
            }
        }
        let rest = self.read.split_off(count);
        Some(std::mem::replace(&mut self.read, rest))
    }

    /// Whether the server closed the connection, with nothing more to read.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.read.is_empty() && !self.more().await
    }

    /// Reads the next answer, however it is framed.
    pub(crate) async fn answer(&mut self, method: &str) -> Option<Answer> {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await?).unwrap();
        let mut answer = Answer::of_head(&head);
        let bodyless = method == "HEAD" || matches!(answer.status, 100..200 | 204 | 304);
        if bodyless {
            return Some(answer);
        }
        if answer.header("Transfer-Encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await? {
                answer.body.extend_from_slice(&chunk);
            }
        } else if let Some(length) = answer.header("Content-Length") {
            answer.body = self.exactly(length.parse().unwrap()).await?;
        } else {
            while self.more().await {}
            answer.body = std::mem::take(&mut self.read);
        }
        Some(answer)
    }

    /// Reads a head.
    pub(crate) async fn answer_head(&mut self) -> Option<Answer> {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await?).unwrap();
        Some(Answer::of_head(&head))
    }

    /// Reads one chunk; `Some(None)` is the last one.
    pub(crate) async fn chunk(&mut self) -> Option<Option<Vec<u8>>> {
        let size = String::from_utf8(self.until(b"\r\n").await?).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = self.exactly(size + 2).await?;
        chunk.truncate(size);
        Some((size > 0).then_some(chunk))
    }
}

/// An answer as it stood on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn of_head(head: &str) -> Self {
        let mut lines = head.trim_end().split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_owned(), value.trim().to_owned())
        });
        Self {
            status,
            headers: headers.collect(),
            body: Vec::new(),
        }
    }

    /// A header by its exact spelling.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(sent, _)| sent == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn etag(&self) -> String {
        self.header("ETag").expect("an ETag").to_owned()
    }

    pub(crate) fn version(&self) -> String {
        self.header("x-cos-version-id")
            .expect("a version id")
            .to_owned()
    }

    /// The headers that belong to the object, not to the answer.
    pub(crate) fn properties(&self) -> BTreeMap<String, String> {
        let of_answer = [
            "Date",
            "Last-Modified",
            "x-cos-request-id",
            "Connection",
            "Server",
        ];
        let headers = self
            .headers
            .iter()
            .filter(|(name, _)| !of_answer.contains(&name.as_str()));
        headers.cloned().collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn xml(&self) -> Element {
        Element::parse(&self.body).unwrap_or_else(|error| panic!("{error:?}: {}", self.text()))
    }

    pub(crate) fn value(&self, name: &str) -> String {
        self.xml()
            .value(name)
            .unwrap_or_else(|| panic!("no {name}: {}", self.text()))
            .to_owned()
    }

    /// The code of an error; empty when this is none.
    pub(crate) fn code(&self) -> String {
        Element::parse(&self.body)
            .ok()
            .filter(|root| root.name == "Error")
            .and_then(|root| root.value("Code").map(str::to_owned))
            .unwrap_or_default()
    }
}

/// The quoted MD5 of some bytes.
pub(crate) fn md5(bytes: &[u8]) -> String {
    let digits: String = Md5::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    format!("\"{digits}\"")
}

/// The base64 MD5 of some bytes.
pub(crate) fn content_md5(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(Md5::digest(bytes))
}

/// Bytes that repeat nowhere near by.
pub(crate) fn bytes(count: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(count);
    bytes
}
