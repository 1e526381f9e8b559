//! A server of one test: its own store in memory, its own clock, its own port, and requests written
//! byte by byte on sockets.

mod call;
mod socket;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cosette_proto::sign::{Credentials, SecretKey, Validity};
use cosette_server::keys::KeyPair;
use cosette_server::listen::{Stopper, stopper};
use cosette_server::users::{Refusal, Reply, Request};
use cosette_server::{Account, Accounts, Clock, Config, Listener, Service, serve};
use cosette_store::extents::Extents;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::Meta;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::{BucketFilter, ListObjects, ListUploads, ListVersions, Options, Store};
use cosette_types::{Owner, Timestamp};
use futures_util::StreamExt;
use md5::{Digest, Md5};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

pub(crate) use call::Call;
pub(crate) use socket::{Answer, Connection};

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
    pub(crate) service: Service,
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
        Self::over(config, |meta| Arc::new(meta)).await
    }

    /// Over a driver that does more than the one in memory.
    pub(crate) async fn over(
        config: Config,
        driver: impl FnOnce(MemoryMeta) -> Arc<dyn Meta>,
    ) -> Self {
        let drivers = (MemoryMeta::new(), MemoryExtents::new());
        let server = Self::of(config, drivers, driver).await;
        server.put_bucket(BUCKET).await;
        server
    }

    /// The server that comes after this one was killed without any warning. This one refuses all
    /// changes from now on.
    pub(crate) async fn killed(&self, config: Config) -> Self {
        let drivers = (self.meta.crash(0), self.extents.crash(false));
        Self::of(config, drivers, |meta| Arc::new(meta)).await
    }

    async fn of(
        config: Config,
        (meta, extents): (MemoryMeta, MemoryExtents),
        driver: impl FnOnce(MemoryMeta) -> Arc<dyn Meta>,
    ) -> Self {
        let clock = Arc::new(TestClock(AtomicU64::new(START * 1_000_000)));
        let options = Options {
            clock: clock.clone(),
            background_sweep: false,
            encryption_keys: Arc::new(encryption_keys()),
            ..Options::default()
        };
        let drivers = (driver(meta.clone()), Arc::new(extents.clone()));
        let store = Store::with_drivers(drivers.0, drivers.1, options)
            .await
            .unwrap();
        let service = Service::new(store.clone(), accounts(), config, clock.clone());
        let service = service.await.unwrap();
        let listener = Listener::tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.address().unwrap();
        let (stopper, stop) = stopper();
        let serving = tokio::spawn(serve(listener, service.clone(), stop));
        Self {
            address,
            store,
            meta,
            extents,
            service,
            clock,
            stopper,
            serving,
        }
    }

    /// Does what an operator asks for.
    pub(crate) async fn administer(&self, request: Request) -> Reply {
        self.service.administer(request).await.unwrap()
    }

    /// Credentials that an operator asks for.
    pub(crate) async fn credentials(&self, request: Request) -> Credentials {
        let Reply::Credentials(made) = self.administer(request).await else {
            panic!("no credentials");
        };
        Credentials {
            secret_id: made.secret_id,
            secret_key: made.secret_key,
            token: made.token,
        }
    }

    /// What an operator asks for in vain.
    pub(crate) async fn refusal(&self, request: Request) -> Refusal {
        self.service.administer(request).await.unwrap_err()
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
            v4: None,
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

    /// The MD5 of the first mebibyte of an object.
    async fn digest_of(&self, version: &cosette_store::ObjectVersion) -> Vec<u8> {
        let span = cosette_types::Span::whole(version.size.min(MIB as u64));
        let mut bytes = std::pin::pin!(self.store.read(version, span));
        let mut digest = Md5::new();
        while let Some(piece) = bytes.next().await {
            match piece {
                Ok(piece) => digest.update(piece),
                // Its ETag, which the listing tells, has to do.
                Err(cosette_store::Error::CustomerKeyNeeded) => break,
                Err(error) => panic!("{error}"),
            }
        }
        digest.finalize().to_vec()
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
                let digest = self.digest_of(&version).await;
                writeln!(
                    dump,
                    "{:?} {:?} {:?} {:?} {:x?}",
                    version.metadata, version.tags, version.acl, version.owner, digest
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
        Connection::of(TcpStream::connect(self.address).await.unwrap())
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

/// The keys of every store of these tests.
fn encryption_keys() -> cosette_store::EncryptionKeys {
    let line = format!("00000000000000aa {}", "5a".repeat(32));
    cosette_store::EncryptionKeys::parse(&line).unwrap()
}
