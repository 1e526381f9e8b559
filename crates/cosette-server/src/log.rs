//! What is written down of each request: one event for the operator's log, and one line of JSON in
//! the access log if there is one. Secrets and signatures are in neither.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use cosette_proto::{OperationName, date, route};
use cosette_types::Timestamp;
use http::request;
use http_body::{Frame, SizeHint};
use serde::{Serialize, Serializer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::body::{Body, BoxError};
use crate::metrics::Metrics;

/// A file that gets one line for each request.
pub(crate) struct AccessLog {
    path: PathBuf,
    file: Mutex<File>,
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessLog")
    }
}

impl AccessLog {
    /// Opens the file to append to, for its owner only.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(Self::file(path)?),
        })
    }

    fn file(path: &Path) -> std::io::Result<File> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
    }

    /// Opens the file anew: somebody has moved the one that was written.
    pub(crate) fn reopen(&self) -> std::io::Result<()> {
        let file = Self::file(&self.path)?;
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
        Ok(())
    }

    fn write(&self, entry: &Entry) {
        let Ok(mut line) = serde_json::to_vec(entry) else {
            return;
        };
        line.push(b'\n');
        // One write of one line; a full disk must not stop the service.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(&line) {
            tracing::error!(%error, "the access log cannot be written");
        }
    }
}

/// What is written down of one request.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    #[serde(serialize_with = "iso")]
    time: Timestamp,
    pub(crate) request_id: String,
    method: String,
    host: String,
    path: String,
    query: String,
    pub(crate) status: u16,
    bytes: u64,
    duration_ms: u64,
    pub(crate) operation: Option<&'static str>,
    pub(crate) caller: Option<String>,
    #[serde(skip)]
    began: Option<Instant>,
}

impl Entry {
    pub(crate) fn begin(parts: &request::Parts, request_id: &str, now: Timestamp) -> Self {
        let sent = parts
            .headers
            .get(http::header::HOST)
            .map(|host| host.as_bytes());
        let named = parts
            .uri
            .authority()
            .map(|authority| authority.as_str().as_bytes());
        let host = String::from_utf8_lossy(named.or(sent).unwrap_or_default());
        Self {
            time: now,
            request_id: request_id.to_owned(),
            method: parts.method.to_string(),
            host: host.into_owned(),
            path: parts.uri.path().to_owned(),
            query: redacted(parts.uri.query().unwrap_or_default()),
            status: 0,
            bytes: 0,
            duration_ms: 0,
            operation: None,
            caller: None,
            began: Some(Instant::now()),
        }
    }

    /// A request whose head nobody may read.
    pub(crate) fn refused(request_id: &str, is_head: bool, now: Timestamp) -> Self {
        Self {
            time: now,
            request_id: request_id.to_owned(),
            method: if is_head { "HEAD" } else { "-" }.to_owned(),
            host: String::new(),
            path: "-".to_owned(),
            query: String::new(),
            status: 0,
            bytes: 0,
            duration_ms: 0,
            operation: None,
            caller: None,
            began: Some(Instant::now()),
        }
    }

    /// Host and path: the resource of error documents when the head cannot be read.
    pub(crate) fn resource(&self) -> String {
        format!("{}{}", self.host, self.path)
    }

    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    pub(crate) fn operation(&mut self, name: OperationName) {
        self.operation = Some(name.as_str());
    }
}

/// As the line has a time.
fn iso<S: Serializer>(time: &Timestamp, line: S) -> Result<S::Ok, S::Error> {
    line.serialize_str(&date::iso(*time))
}

/// A query without what signs it.
fn redacted(query: &str) -> String {
    let one = |pair: &str| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() && is_secret(name) => format!("{name}=redacted"),
        _ => pair.to_owned(),
    };
    query.split('&').map(one).collect::<Vec<_>>().join("&")
}

/// Times, lists and the key's id say nothing that is secret, and help to find a client's mistake.
fn is_secret(name: &str) -> bool {
    let public = [
        "q-sign-algorithm",
        "q-ak",
        "q-sign-time",
        "q-key-time",
        "q-header-list",
        "q-url-param-list",
    ];
    // An encoded name is read as what it means, or it would be a way around.
    let name = cosette_proto::percent::decode_query(name)
        .unwrap_or_default()
        .to_ascii_lowercase();
    route::is_signature_parameter(&name) && !public.contains(&name.as_str())
}

/// A response's body that writes the request down: before the reply ends, so that who has read a
/// reply finds its line, or when nobody reads on.
#[derive(Debug)]
pub(crate) struct Logged {
    body: Body,
    /// Taken when it is written down.
    entry: Option<Entry>,
    access_log: Option<Arc<AccessLog>>,
    metrics: Arc<Metrics>,
    seat: Option<Seat>,
}

/// The place of a request under way; free for the next one when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    metrics: Arc<Metrics>,
    _seat: OwnedSemaphorePermit,
}

impl Seat {
    /// A free place, if there is one.
    pub(crate) fn take(seats: &Arc<Semaphore>, metrics: &Arc<Metrics>) -> Option<Self> {
        let seat = Arc::clone(seats).try_acquire_owned().ok()?;
        Metrics::count(&metrics.in_flight);
        Some(Self {
            metrics: Arc::clone(metrics),
            _seat: seat,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.metrics.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Logged {
    pub(crate) fn new(
        body: Body,
        entry: Entry,
        access_log: Option<Arc<AccessLog>>,
        metrics: Arc<Metrics>,
        seat: Option<Seat>,
    ) -> Self {
        let entry = Some(entry);
        let mut logged = Self {
            body,
            entry,
            access_log,
            metrics,
            seat,
        };
        if http_body::Body::is_end_stream(&logged.body) {
            // Nobody will ask for what is not there.
            logged.write_down();
        }
        logged
    }

    fn write_down(&mut self) {
        let Some(mut entry) = self.entry.take() else {
            return;
        };
        let took = entry.began.map(|began| began.elapsed()).unwrap_or_default();
        self.metrics
            .answered(entry.operation, entry.status, took, entry.bytes);
        self.seat = None;
        entry.duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            target: "cosette::access",
            request_id = %entry.request_id,
            method = %entry.method,
            host = %entry.host,
            path = %entry.path,
            query = %entry.query,
            status = entry.status,
            bytes = entry.bytes,
            duration_ms = entry.duration_ms,
            operation = entry.operation,
            caller = entry.caller.as_deref(),
        );
        if let Some(log) = &self.access_log {
            log.write(&entry);
        }
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        self.write_down();
    }
}

impl http_body::Body for Logged {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let (Some(Ok(frame)), Some(entry)) = (&frame, &mut self.entry) {
            entry.bytes += frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
        }
        if frame.is_none() || self.body.is_end_stream() {
            self.write_down();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_signs_is_not_written_down() {
        let query = "versionId=a&q-ak=AKID&q-signature=abc&sign=q-ak%3Dx&X-COS-Security-Token=t&\
                     q%2Dsignature=abc&q-sign-time=1;2&acl&AWSAccessKeyId=AKID&Signature=abc";
        assert_eq!(
            redacted(query),
            "versionId=a&q-ak=AKID&q-signature=redacted&sign=redacted&\
             X-COS-Security-Token=redacted&q%2Dsignature=redacted&q-sign-time=1;2&acl&\
             AWSAccessKeyId=AKID&Signature=redacted"
        );
    }
}
