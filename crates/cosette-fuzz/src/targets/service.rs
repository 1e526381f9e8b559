//! Whole requests against a server with its store in memory, signed by a key that may do all, or as
//! raw bytes on a connection: never a failure of the server's own, always an id, and a store that
//! adds up.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use cosette_proto::sign::{self, Credentials, SecretKey, Signable, Validity};
use cosette_proto::{Head, Hosts};
use cosette_server::keys::KeyPair;
use cosette_server::{Accounts, Clock, Config, Service, listen};
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::{Options, Store};
use cosette_types::Timestamp;
use http::request::Parts;
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

use super::request;

/// 2024-05-06T07:08:09Z
const NOW: u64 = 1_714_979_289;
const SECRET: &str = "secret";
const HOST: &str = "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com";
/// Inputs that one store sees: what one leaves behind is what the next one finds.
const INPUTS_PER_STORE: u32 = 64;

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(NOW * 1_000_000)
    }
}

struct World {
    runtime: Runtime,
    store: Store,
    service: Service,
    seen: u32,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// See the module.
pub fn holds(data: &[u8]) {
    WORLD.with_borrow_mut(|world| {
        // A world that an input broke is not used again.
        let mut here = world
            .take()
            .filter(|world| world.seen < INPUTS_PER_STORE)
            .unwrap_or_else(World::new);
        here.seen += 1;
        match data.split_first() {
            // Raw bytes of a connection.
            Some((b'!', raw)) => here.raw(raw),
            _ => here.signed(data),
        }
        *world = Some(here);
    });
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made");
        let (store, service) = runtime.block_on(async {
            let options = Options {
                clock: Arc::new(Still),
                background_sweep: false,
                encryption_keys: Arc::new(encryption_keys()),
                ..Options::default()
            };
            let drivers = (Arc::new(MemoryMeta::new()), Arc::new(MemoryExtents::new()));
            let store = Store::with_drivers(drivers.0, drivers.1, options)
                .await
                .expect("memory can be opened");
            let root = KeyPair {
                secret_id: "AKIDroot".to_owned(),
                secret_key: SecretKey::new(SECRET),
            };
            let service = Service::new(
                store.clone(),
                Accounts::of_root(&root),
                Config::default(),
                Arc::new(Still),
            );
            (store, service.await.expect("there is no log to open"))
        });
        let mut world = Self {
            runtime,
            store,
            service,
            seen: 0,
        };
        for line in [
            "PUT /",
            "PUT /k\n\nkept",
            "PUT /a/b\nx-cos-meta-a: b\n\nkept",
            "PUT /copy\nx-cos-copy-source: examplebucket-1250000000/k",
        ] {
            world.signed(line.as_bytes());
        }
        world
    }

    fn signed(&mut self, data: &[u8]) {
        let Some((mut parts, body)) = request(data) else {
            return;
        };
        if !parts.headers.contains_key("host") {
            parts
                .headers
                .insert("host", HOST.parse().expect("a host is a value"));
        }
        if !parts.headers.contains_key("content-length") {
            parts.headers.insert("content-length", body.len().into());
        }
        sign(&mut parts);
        let request = http::Request::from_parts(parts, Full::new(Bytes::from(body)));
        let (service, store) = (&self.service, &self.store);
        self.runtime.block_on(async {
            let response = service.call(request).await;
            let status = response.status().as_u16();
            let ids = ["x-cos-request-id", "x-amz-request-id"];
            assert!(status < 500 || status == 501, "{status}");
            assert!(
                ids.iter().any(|id| response.headers().contains_key(*id)),
                "{status} without an id"
            );
            let said = response.headers().get("content-length").cloned();
            let body = response
                .into_body()
                .collect()
                .await
                .expect("a body in memory can be read")
                .to_bytes();
            if let Some(said) = said.filter(|_| !body.is_empty()) {
                assert_eq!(
                    said.to_str().ok().and_then(|said| said.parse().ok()),
                    Some(body.len())
                );
            }
            adds_up(store).await;
        });
    }

    fn raw(&mut self, raw: &[u8]) {
        let (service, store) = (self.service.clone(), &self.store);
        self.runtime.block_on(async {
            let (ours, mut theirs) = tokio::io::duplex(64 << 10);
            let (_stopper, stop) = listen::stopper();
            let serving = tokio::spawn(listen::serve_stream(ours, service, stop));
            // Who is refused may not get rid of all his bytes.
            let _ = theirs.write_all(raw).await;
            let _ = theirs.shutdown().await;
            let mut said = Vec::new();
            theirs
                .read_to_end(&mut said)
                .await
                .expect("a pipe can be read");
            serving.await.expect("a connection ends without a panic");
            answers_are_good(&said);
            adds_up(store).await;
        });
    }
}

/// Every status line in what was said is none of a failure. The bodies of these answers hold no line
/// that looks like one: nothing of the kind is stored.
fn answers_are_good(said: &[u8]) {
    for line in said.split(|byte| *byte == b'\n') {
        if let Some(status) = line
            .strip_prefix(b"HTTP/1.1 ")
            .and_then(|rest| rest.get(..3))
        {
            let is_ok = !status.starts_with(b"5") || status == b"501";
            assert!(is_ok, "{}", said.escape_ascii());
        }
    }
}

async fn adds_up(store: &Store) {
    store.sweep_now().await.expect("memory can be swept");
    let report = store.fsck(false).await.expect("memory can be read");
    assert!(report.is_clean(), "{report}");
}

/// Signs as the root account, unless the request brings a signature of its own.
fn sign(parts: &mut Parts) {
    if parts.headers.contains_key("authorization") {
        return;
    }
    let Ok(head) = Head::decode(parts, &Hosts::default()) else {
        return;
    };
    let credentials = Credentials {
        secret_id: "AKIDroot".to_owned(),
        secret_key: SecretKey::new(SECRET),
        token: None,
    };
    let signable = Signable {
        method: &head.method,
        path: &head.path,
        query: &head.query,
        headers: &head.headers,
    };
    let validity = Validity {
        start: NOW - 60,
        end: NOW + 60,
    };
    if let Ok(value) = sign::authorization(&credentials, &signable, validity).parse() {
        parts.headers.insert("authorization", value);
    }
}

fn encryption_keys() -> cosette_store::EncryptionKeys {
    let line = format!("00000000000000aa {}", "5a".repeat(32));
    cosette_store::EncryptionKeys::parse(&line).expect("it is a key")
}
