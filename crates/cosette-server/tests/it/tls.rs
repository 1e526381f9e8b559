//! TLS: a certificate that changes while the server runs, and clients that do not speak it.

use std::path::Path;
use std::sync::Arc;

use cosette_server::tls::{Tls, TlsFiles};
use cosette_server::{Config, Limits, Listener, listen, serve_tls};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use crate::harness::Server;

/// A certificate of its own for the name `localhost`, written to two files; gives its PEM.
fn certificate(folder: &Path) -> (TlsFiles, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles {
        certificate: folder.join("chain.pem"),
        key: folder.join("key.pem"),
    };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert.pem())
}

/// One request by a client that trusts this certificate only.
async fn asked(
    address: std::net::SocketAddr,
    trusted: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (files, first) = certificate(folder.path());
    let tls = Tls::new(files.clone()).unwrap();
    let listener = Listener::tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.address().unwrap();
    let (stopper, stop) = listen::stopper();
    let serving = tokio::spawn(serve_tls(
        listener,
        server.service.clone(),
        stop,
        tls.clone(),
    ));
    for versions in [[&TLS12], [&TLS13]] {
        let answer = asked(address, &first, &versions).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 403 Forbidden") && answer.contains("x-cos-request-id"),
            "{answer}"
        );
    }
    assert!(!tls.reload_if_changed().unwrap(), "nothing changed");
    // Files that cannot be used change nothing.
    std::fs::write(&files.key, "no key").unwrap();
    assert!(tls.reload_if_changed().is_err());
    assert!(!tls.reload_if_changed().unwrap(), "said once");
    assert!(asked(address, &first, &[&TLS13]).await.is_ok());
    let (_, second) = certificate(folder.path());
    assert!(tls.reload_if_changed().unwrap());
    assert!(asked(address, &second, &[&TLS13]).await.is_ok());
    assert!(asked(address, &first, &[&TLS13]).await.is_err());
    // Another certificate's key is none.
    let other = tempfile::tempdir().unwrap();
    let (others, _) = certificate(other.path());
    let mixed = TlsFiles {
        key: others.key,
        ..files
    };
    assert!(
        Tls::new(mixed)
            .unwrap_err()
            .to_string()
            .contains("not the certificate's key")
    );
    // Who does not speak TLS is told nothing, and nobody is kept waiting by it.
    let mut plain = crate::harness::Connection::of(TcpStream::connect(address).await.unwrap());
    plain
        .write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert!(plain.answer("GET").await.is_none());
    stopper.stop();
    serving.await.unwrap();
    let page = server.service.metrics_text().await;
    assert!(
        page.contains("cosette_connections_refused_total{reason=\"handshake\"}"),
        "{page}"
    );
    server.end().await;
}

/// Who connects and never begins to speak TLS is given up, be they as many as may connect: the time is
/// short here, and they would wait for ever.
#[tokio::test]
async fn a_handshake_that_never_comes_is_given_up() {
    let limits = Limits {
        handshake_timeout: std::time::Duration::from_millis(200),
        ..Limits::default()
    };
    let server = Server::configured(Config {
        limits,
        ..Config::default()
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = certificate(folder.path());
    let listener = Listener::tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.address().unwrap();
    let (stopper, stop) = listen::stopper();
    let tls = Tls::new(files).unwrap();
    let serving = tokio::spawn(serve_tls(listener, server.service.clone(), stop, tls));
    for _ in 0..5 {
        let mut silent = Vec::new();
        for _ in 0..200 {
            let stream = TcpStream::connect(address).await.unwrap();
            silent.push(crate::harness::Connection::of(stream));
        }
        for connection in &mut silent {
            assert!(connection.is_closed().await);
        }
    }
    stopper.stop();
    serving.await.unwrap();
    let page = server.service.metrics_text().await;
    let refused = "cosette_connections_refused_total{reason=\"handshake\"} 1000";
    assert!(page.lines().any(|told| told == refused), "{page}");
    server.end().await;
}
