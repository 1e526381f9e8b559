//! TLS: whose certificates are trusted, and what a failure of it means to people.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use crate::body::BodyError;
use crate::error::Error;

/// Certificates in PEM, of authorities that are trusted beside the usual ones.
pub(super) fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let invalid = |why: String| Error::invalid("root_certificates", &why);
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|why| invalid(format!("no PEM: {why}")))?;
    if found.is_empty() {
        return Err(invalid("there is no certificate in it".to_owned()));
    }
    let mut store = RootCertStore::empty();
    for certificate in &found {
        let added = store.add(certificate.clone());
        added.map_err(|why| invalid(format!("a certificate that no authority can have: {why}")))?;
    }
    Ok(found)
}

/// How connections are made: the Mozilla roots, and these.
pub(super) fn config(authorities: &[CertificateDer<'static>]) -> ClientConfig {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    // They were looked at before, all of them.
    roots.add_parsable_certificates(authorities.iter().cloned());
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has what TLS 1.2 and 1.3 need")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// A failure, and what is most likely meant by it.
#[derive(Debug)]
struct Explained {
    hint: &'static str,
    cause: BodyError,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hint)
    }
}

impl std::error::Error for Explained {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.cause)
    }
}

/// Says what a failed connection most likely means, where its own words do not.
pub(super) fn explained(why: hyper_util::client::legacy::Error, https: bool) -> BodyError {
    let mut cause = why.source();
    let mut hint = None;
    while let Some(error) = cause {
        hint = hint.or_else(|| hint_of(error, https));
        cause = error.source();
    }
    match hint {
        Some(hint) => Box::new(Explained {
            hint,
            cause: why.into(),
        }),
        None => why.into(),
    }
}

fn hint_of(error: &(dyn std::error::Error + 'static), https: bool) -> Option<&'static str> {
    if !https {
        let answer = error.downcast_ref::<hyper::Error>();
        return answer
            .is_some_and(hyper::Error::is_parse)
            .then_some("what answers there does not speak HTTP; if it speaks TLS, write https://");
    }
    // An I/O error tells the sources of what it carries, but not that itself; and it may carry another.
    if let Some(carried) = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        return hint_of(carried, https);
    }
    match error.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidMessage(_) => {
            Some("what answers there does not speak TLS; if it speaks plain HTTP, write http://")
        }
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => Some(
            "nobody who is trusted has signed the server's certificate; name the authority that has \
             (--ca-file of the command, root_certificates of HttpTransport::builder)",
        ),
        _ => None,
    }
}
