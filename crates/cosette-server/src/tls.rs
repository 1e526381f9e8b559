//! TLS: one certificate for all names, read from two files and read anew without a restart.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use cosette_store::Clock;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::server::TlsStream;

use crate::metrics::Metrics;

/// A server's side of TLS. Clones share one certificate.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    identity: Arc<Identity>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("certificate", &self.identity.files.certificate)
            .finish_non_exhaustive()
    }
}

/// Where the certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those between it and its root, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug)]
pub struct TlsError {
    file: PathBuf,
    why: String,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.why)
    }
}

impl std::error::Error for TlsError {}

/// What is shown to clients, and which state of the files it was read from.
struct Identity {
    files: TlsFiles,
    shown: RwLock<Arc<CertifiedKey>>,
    read: Mutex<Stamp>,
}

/// Tells one state of the two files from another.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// When one cannot be read, or they are no certificate and its key.
    pub fn new(files: TlsFiles) -> Result<Self, TlsError> {
        let read = stamp(&files);
        let shown = RwLock::new(certified(&files)?);
        let failed = |why: &dyn fmt::Display| TlsError {
            file: files.certificate.clone(),
            why: why.to_string(),
        };
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| failed(&error))?;
        let identity = Arc::new(Identity {
            files,
            shown,
            read: Mutex::new(read),
        });
        let resolver = Arc::clone(&identity) as Arc<dyn ResolvesServerCert>;
        let mut config = config.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            identity,
        })
    }

    /// Reads the files anew. Connections that are open keep what they began with; if the files cannot
    /// be used, so do new ones.
    ///
    /// # Errors
    /// As [`Tls::new`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let stamp = stamp(&self.identity.files);
        *self
            .identity
            .read
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = stamp;
        let certified = certified(&self.identity.files)?;
        *self
            .identity
            .shown
            .write()
            .unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(())
    }

    /// As [`Tls::reload`], if one of the files changed; says whether it did.
    ///
    /// # Errors
    /// As [`Tls::new`], once for each change.
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let before = *self
            .identity
            .read
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if stamp(&self.identity.files) == before {
            return Ok(false);
        }
        self.reload().map(|()| true)
    }

    /// Says in the log and in the metrics what became of reading the files.
    pub fn note(&self, outcome: &Result<bool, TlsError>, metrics: &Metrics, clock: &dyn Clock) {
        use std::sync::atomic::Ordering;
        match outcome {
            Ok(true) => {
                metrics
                    .tls_loaded
                    .store(clock.now().secs(), Ordering::Relaxed);
                tracing::info!(file = %self.identity.files.certificate.display(), "the certificate was read");
            }
            Ok(false) => {}
            Err(error) => {
                Metrics::count(&metrics.tls_failed);
                tracing::error!(%error, "the certificate cannot be read anew; the one before stays in use");
            }
        }
    }

    pub(crate) async fn accept<S>(&self, stream: S) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.acceptor.accept(stream).await
    }
}

fn stamp(files: &TlsFiles) -> Stamp {
    let of = |path: &Path| {
        let facts = std::fs::metadata(path).ok()?;
        Some((facts.modified().ok()?, facts.len()))
    };
    [of(&files.certificate), of(&files.key)]
}

fn certified(files: &TlsFiles) -> Result<Arc<CertifiedKey>, TlsError> {
    let failed = |file: &Path, why: &dyn fmt::Display| TlsError {
        file: file.to_owned(),
        why: why.to_string(),
    };
    let path = &files.certificate;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| failed(path, &error))?;
    if chain.is_empty() {
        return Err(failed(path, &"there is no certificate in it"));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| failed(&files.key, &error))?;
    let key = ring::sign::any_supported_type(&key).map_err(|error| failed(&files.key, &error))?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(|error| {
        failed(
            &files.key,
            &format!("it is not the certificate's key: {error}"),
        )
    })?;
    Ok(Arc::new(certified))
}
