//! A server on a socket, with buckets.

use std::net::SocketAddr;

use cosette_server::{Config, Embedded, Listener, Opened};
use tempfile::TempDir;

pub(crate) const BUCKET: &str = "examplebucket-1250000000";
pub(crate) const REGION: &str = "ap-guangzhou";
pub(crate) const MIB: usize = 1 << 20;

pub(crate) struct House {
    embedded: Embedded,
    pub(crate) address: SocketAddr,
    pub(crate) id: String,
    pub(crate) secret: String,
    _folder: TempDir,
}

impl House {
    /// With one bucket.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let opened = Embedded::open(&data, Config::default(), None)
            .await
            .unwrap();
        let Opened::Here(mut embedded) = opened else {
            panic!("nobody else knows this folder")
        };
        let listener = Listener::tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.address().unwrap();
        embedded.serve_on(listener);
        let root = embedded.root();
        let house = Self {
            address,
            id: root.secret_id.clone(),
            secret: root.secret_key.expose().to_owned(),
            _folder: folder,
            embedded: *embedded,
        };
        let made = house.client().put_bucket().bucket(BUCKET).send().await;
        made.unwrap();
        house
    }

    /// Our own client, for what the others cannot ask for.
    pub(crate) fn client(&self) -> cosette::Client {
        cosette::Client::builder()
            .credentials(cosette::Credentials::new(&self.id, &self.secret))
            .region(REGION)
            .endpoint(format!("http://{}", self.address).parse().unwrap())
            .build()
            .unwrap()
    }

    pub(crate) async fn with_versions(self) -> Self {
        let client = self.client();
        let call = client.put_bucket_versioning().bucket(BUCKET);
        call.status("Enabled").send().await.unwrap();
        self
    }

    pub(crate) async fn close(self) {
        self.embedded.close().await.unwrap();
    }
}

/// Bytes that differ from place to place.
pub(crate) fn pattern(bytes: usize) -> Vec<u8> {
    let byte = |at: usize| u8::try_from((at * 31 + (at >> 8)) & 0xff).unwrap();
    (0..bytes).map(byte).collect()
}
