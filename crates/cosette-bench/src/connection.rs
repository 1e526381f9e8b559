//! One connection that is kept open, and one request after the other on it. Nothing is repeated: a
//! connection that broke is opened again for the next request.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use cosette_proto::{ErrorDocument, Message, Reply};
use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use crate::error::Refused;
use crate::payload::Payload;
use crate::site::Site;

/// Largest document that is kept: a page of 1,000 long keys is below 4 MiB.
const DOCUMENT_BYTES_MAX: usize = 16 << 20;
/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What is kept of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The number of its bytes: those of an object.
    Count,
    /// Its document, which may be an error even with a status that says otherwise.
    Document,
}

/// An answer that is no error.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    /// How many bytes its body had.
    pub(crate) bytes: u64,
}

/// A connection to a site.
#[derive(Debug)]
pub(crate) struct Connection {
    site: Arc<Site>,
    sender: Option<SendRequest<Payload>>,
    timeout: Duration,
}

impl Connection {
    /// A connection that opens when it is first needed. `timeout` is for one request, answer included.
    pub(crate) const fn new(site: Arc<Site>, timeout: Duration) -> Self {
        Self {
            site,
            sender: None,
            timeout,
        }
    }

    pub(crate) fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// Opens it, if it is not open.
    pub(crate) async fn open(&mut self) -> Result<(), Refused> {
        if let Some(sender) = &mut self.sender
            && sender.ready().await.is_ok()
        {
            return Ok(());
        }
        let dialling = tokio::time::timeout(CONNECT_TIMEOUT, dial(&self.site));
        match dialling.await {
            Ok(Ok(sender)) => {
                self.sender = Some(sender);
                Ok(())
            }
            Ok(Err(why)) => Err(Refused::connection("cannot connect", why)),
            Err(_) => Err(Refused::connection("cannot connect", "no answer in time")),
        }
    }

    /// Sends a request and takes its whole answer.
    pub(crate) async fn exchange(
        &mut self,
        request: http::Request<Payload>,
        keep: Keep,
    ) -> Result<Answer, Refused> {
        self.open().await?;
        let Some(sender) = &mut self.sender else {
            return Err(Refused::connection("cannot connect", ""));
        };
        let answered = tokio::time::timeout(self.timeout, converse(sender, request, keep)).await;
        match answered {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Broken::Refused(refused))) => Err(refused),
            Ok(Err(Broken::Connection(why))) => {
                self.sender = None;
                Err(Refused::connection("connection lost", why))
            }
            Err(_) => {
                // What comes late belongs to no request any more.
                self.sender = None;
                Err(Refused::connection("timeout", "no whole answer in time"))
            }
        }
    }

    /// Sends a message and takes its whole answer.
    pub(crate) async fn send<M: Message>(
        &mut self,
        message: &M,
        body: Payload,
        keep: Keep,
    ) -> Result<Answer, Refused> {
        let request = self.site.request(message, body).map_err(Refused::unsent)?;
        self.exchange(request, keep).await
    }

    /// Sends a message and reads its reply.
    pub(crate) async fn ask<M: Message>(
        &mut self,
        message: &M,
        body: Payload,
    ) -> Result<M::Reply, Refused> {
        let answer = self.send(message, body, Keep::Document).await?;
        M::decode_reply(&answer.reply, self.site.dialect)
            .map_err(|why| Refused::unreadable(format!("{}: {why}", M::NAME)))
    }
}

/// Why there is no answer to use.
enum Broken {
    Refused(Refused),
    Connection(hyper::Error),
}

async fn dial(
    site: &Site,
) -> Result<SendRequest<Payload>, Box<dyn std::error::Error + Send + Sync>> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    let mut connector: HttpsConnector<HttpConnector> = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    let socket = connector.call(site.dial.clone()).await?;
    let (sender, connection) = http1::Builder::new().handshake(socket).await?;
    // A connection that breaks shows in the request under way.
    tokio::spawn(async move { connection.await.ok() });
    Ok(sender)
}

async fn converse(
    sender: &mut SendRequest<Payload>,
    request: http::Request<Payload>,
    keep: Keep,
) -> Result<Answer, Broken> {
    let response = sender
        .send_request(request)
        .await
        .map_err(Broken::Connection)?;
    let fine = response.status().is_success();
    let keep = if fine { keep } else { Keep::Document };
    let answer = take(response, keep).await.map_err(Broken::Connection)?;
    let document = answer.reply.payload.as_deref().unwrap_or_default();
    // Only what could be an error is parsed; its root element decides.
    let suspicious = !fine || document.windows(7).take(256).any(|part| part == b"<Error>");
    let told = suspicious.then(|| ErrorDocument::read(document)).flatten();
    match told {
        Some(told) => Err(Broken::Refused(Refused {
            code: told.code,
            message: told.message,
            unreachable: false,
        })),
        None if !fine => Err(Broken::Refused(Refused {
            code: format!("HTTP {}", answer.reply.status.as_u16()),
            message: String::new(),
            unreachable: false,
        })),
        None => Ok(answer),
    }
}

async fn take(response: Response<Incoming>, keep: Keep) -> Result<Answer, hyper::Error> {
    let (parts, mut body) = response.into_parts();
    let (mut bytes, mut document, mut pieces) = (0, Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        bytes += u64::try_from(data.len()).unwrap_or(0);
        if keep == Keep::Count {
            continue;
        }
        if document.is_empty() && pieces.is_empty() {
            // Nearly every document comes in one piece, which needs no copy.
            document = data;
        } else if pieces.len() < DOCUMENT_BYTES_MAX {
            pieces.extend_from_slice(&std::mem::take(&mut document));
            pieces.extend_from_slice(&data);
        }
    }
    let document = if pieces.is_empty() {
        document
    } else {
        pieces.freeze()
    };
    let reply = Reply {
        status: parts.status,
        headers: parts.headers,
        payload: Some(document).filter(|document| !document.is_empty()),
    };
    Ok(Answer { reply, bytes })
}
