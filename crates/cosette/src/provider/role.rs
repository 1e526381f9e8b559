//! The role of the instance that this runs on.

use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::{HeaderValue, Request};

use super::{CredentialProvider, Issued, KEYS_BYTES_MAX, temporary_keys, without};
use crate::body::Body;
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
use crate::transport::{HttpTransport, Transport};

/// The metadata service of an instance: reachable from the instance only.
const HOST_NAME: &str = "metadata.tencentyun.com";
const PATH: &str = "/latest/meta-data/cam/security-credentials/";
/// It is near, or it is not there.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest name of a role.
const ROLE_BYTES_MAX: usize = 256;

/// Temporary keys of the role that is bound to the instance.
#[derive(Debug, Clone)]
pub struct InstanceRole {
    role: Option<String>,
    transport: Arc<dyn Transport>,
}

impl Default for InstanceRole {
    fn default() -> Self {
        Self::new()
    }
}

impl InstanceRole {
    /// Of whichever role is bound.
    pub fn new() -> Self {
        Self {
            role: None,
            transport: Arc::new(HttpTransport::new()),
        }
    }

    /// Of this role.
    #[must_use]
    pub fn of(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Asked by another way.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Arc::new(transport);
        self
    }

    async fn ask(&self, role: &str) -> Result<Vec<u8>, Error> {
        let mut request = Request::new(Body::empty());
        let uri = format!("http://{HOST_NAME}{PATH}{role}").parse();
        *request.uri_mut() = uri.map_err(|why| Error::invalid("role", why))?;
        let host = HeaderValue::from_static(HOST_NAME);
        request.headers_mut().insert(HOST, host);
        let asked = async {
            let reply = self.transport.call(request).await;
            let reply = reply.map_err(|why| {
                Error::new(ErrorKind::Network, format!("{HOST_NAME}: {why}")).with_cause(why.into())
            })?;
            if !reply.status().is_success() {
                return Err(without(&format!("{HOST_NAME} answered {}", reply.status())));
            }
            let bytes = reply.into_body().bytes(KEYS_BYTES_MAX).await?;
            Ok(bytes.to_vec())
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await;
        answer.unwrap_or_else(|_| {
            let words = format!("{HOST_NAME} does not answer: this is no instance of the cloud");
            Err(Error::new(ErrorKind::Timeout, words))
        })
    }
}

impl CredentialProvider for InstanceRole {
    fn issue(&self) -> BoxFuture<'_, Result<Issued, Error>> {
        Box::pin(async move {
            let role = match &self.role {
                Some(role) => role.clone(),
                None => {
                    let answer = self.ask("").await?;
                    let names = String::from_utf8(answer).unwrap_or_default();
                    names.lines().next().unwrap_or_default().trim().to_owned()
                }
            };
            // It becomes a part of a path, on a host that trusts whoever asks.
            let legal =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            if role.is_empty() || role.len() > ROLE_BYTES_MAX || !role.bytes().all(legal) {
                return Err(without("no role is bound to the instance"));
            }
            temporary_keys(&self.ask(&role).await?)
        })
    }
}
