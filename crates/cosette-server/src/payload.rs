//! The body of a request: a bounded document, or the bytes of an object, which stay a stream.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use cosette_proto::form::{FileReader, Form, FormReader, Sizes};
use cosette_proto::limits::{FORM_BYTES_MAX, FORM_EPILOGUE_BYTES_MAX};
use cosette_proto::route::PayloadKind;
use cosette_proto::sign::{BodyCheck, Checksum, ChecksumAlgorithm};
use cosette_proto::{ErrorCode, Head};
use cosette_types::limits::PUT_BYTES_MAX;
use futures_util::Stream;
use http::{Method, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use tokio::runtime::Handle;
use tokio::time::{Duration, Instant};

use crate::body::BoxError;
use crate::error::Error;
use crate::limits::{self, Limits};
use crate::memory::{BodyMemory, Share};
use crate::metrics::Metrics;

/// A request's body as it arrives.
#[derive(Debug)]
pub(crate) struct Arriving {
    body: UnsyncBoxBody<Bytes, BoxError>,
    bounds: Bounds,
    metrics: Arc<Metrics>,
    /// How long the client has kept us waiting.
    waited: Duration,
    received: u64,
    unread: Unread,
    /// Whether what is left of it is read when nobody wants it.
    is_drained: bool,
    /// Its part of the memory for all bodies.
    share: Option<Share>,
}

/// The bounds that an operator chose, as far as they are of one body.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    grace: Duration,
    bytes_per_sec_min: u64,
    document_bytes_max: usize,
}

/// Whether there is something of a body that nobody has read.
#[derive(Debug, Clone)]
pub(crate) struct Unread(Arc<AtomicBool>);

impl Unread {
    pub(crate) fn is_some(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Arriving {
    pub(crate) fn new<B>(body: B, limits: &Limits, metrics: &Arc<Metrics>) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let unread = Unread(Arc::new(AtomicBool::new(!body.is_end_stream())));
        let body = body.map_err(Into::into).boxed_unsync();
        Self {
            body,
            bounds: Bounds {
                grace: limits.body_grace,
                bytes_per_sec_min: limits.body_bytes_per_sec_min.max(1),
                document_bytes_max: limits.document_bytes_max,
            },
            metrics: Arc::clone(metrics),
            waited: Duration::ZERO,
            received: 0,
            unread,
            is_drained: true,
            share: None,
        }
    }

    /// Of a client that waits for `100 Continue`, which the first look at the body sends.
    pub(crate) fn held_back(mut self, held_back: bool) -> Self {
        self.is_drained = !held_back;
        self
    }

    pub(crate) fn unread(&self) -> Unread {
        self.unread.clone()
    }

    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.is_drained = true;
        loop {
            let earned = self.received / self.bounds.bytes_per_sec_min;
            let allowed = self.bounds.grace + Duration::from_secs(earned);
            // Only the time that the client takes counts, not the time that the disk does.
            let began = Instant::now();
            let until = began + allowed.saturating_sub(self.waited);
            let frame = tokio::time::timeout_at(until, self.body.frame()).await;
            self.waited += began.elapsed();
            let frame = frame.map_err(|_| {
                Metrics::count(&self.metrics.slow);
                self.is_drained = false;
                Error::new(ErrorCode::RequestTimeout)
            })?;
            match frame {
                None => {
                    self.unread.0.store(false, Ordering::Relaxed);
                    return Ok(None);
                }
                // The connection broke, or its chunks are not chunks: what came is not the body.
                Some(Err(_)) => {
                    self.is_drained = false;
                    return Err(Error::new(ErrorCode::IncompleteBody));
                }
                Some(Ok(frame)) => {
                    let Ok(bytes) = frame.into_data() else {
                        continue;
                    };
                    self.received = self.received.saturating_add(bytes.len() as u64);
                    self.metrics.received(bytes.len() as u64);
                    return Ok(Some(bytes));
                }
            }
        }
    }

    /// All of it, if it is not larger than so many bytes.
    pub(crate) async fn whole(mut self, bytes_max: usize) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        while let Some(bytes) = self.next().await? {
            if whole.len() + bytes.len() > bytes_max {
                return Err(Error::new(ErrorCode::EntityTooLarge));
            }
            whole.extend_from_slice(&bytes);
        }
        Ok(whole.freeze())
    }
}

/// A client that is still sending would lose our answer to the reset of its connection, so whoever
/// gives up on a body, at whatever point, leaves the rest of it to be thrown away.
impl Drop for Arriving {
    fn drop(&mut self) {
        if !self.is_drained || !self.unread.is_some() {
            return;
        }
        // Without a runtime the program is ending.
        if let Ok(runtime) = Handle::try_current() {
            let nothing = Empty::new().map_err(|never| match never {});
            let body = std::mem::replace(&mut self.body, nothing.boxed_unsync());
            runtime.spawn(drain(body));
        }
    }
}

/// Reads what is left and throws it away, within bounds.
async fn drain(mut body: UnsyncBoxBody<Bytes, BoxError>) {
    let until = Instant::now() + limits::REFUSED_TIMEOUT;
    let mut left = limits::REFUSED_BYTES_MAX;
    while left > 0 {
        let Ok(Some(Ok(frame))) = tokio::time::timeout_at(until, body.frame()).await else {
            return;
        };
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len) as u64);
    }
}

/// What an operation gets of its request's body.
#[derive(Debug)]
pub(crate) enum Payload {
    /// Nothing that it would look at.
    None,
    /// A document.
    Document {
        bytes: Bytes,
        /// The memory that it was given.
        _share: Share,
    },
    /// The bytes of an object.
    Object(ObjectBytes),
    /// A form: what stands before its file, and the bytes of that.
    Form {
        form: Box<Form>,
        /// As it was sent.
        opening: Bytes,
        bytes: ObjectBytes,
    },
}

impl Payload {
    /// The document, if this is one.
    pub(crate) fn document(&self) -> Option<Bytes> {
        match self {
            Self::Document { bytes, .. } => Some(bytes.clone()),
            Self::Form { opening, .. } => Some(opening.clone()),
            Self::None | Self::Object(_) => None,
        }
    }

    /// Where a checksum of the bytes will be, once they are in.
    pub(crate) fn verified(&self) -> Verified {
        match self {
            Self::Object(bytes) => bytes.verified(),
            Self::None | Self::Document { .. } | Self::Form { .. } => Verified::default(),
        }
    }

    /// The form, if this is one.
    pub(crate) fn form(&self) -> Option<&Form> {
        match self {
            Self::Form { form, .. } => Some(form),
            Self::None | Self::Document { .. } | Self::Object(_) => None,
        }
    }

    /// The signer of a form says how large its file may be.
    pub(crate) fn keep_to(&mut self, sizes: Sizes) {
        if let Self::Form { bytes, .. } = self {
            bytes.sizes = sizes;
        }
    }
}

/// The bytes of an object, still to come.
#[derive(Debug)]
pub(crate) struct ObjectBytes {
    /// How many there will be, if the request says so.
    pub(crate) expected: Option<u64>,
    /// How many there may be.
    pub(crate) sizes: Sizes,
    body: Checked,
}

/// The checksum that a client sent with a body, once it was found to be right.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verified(Arc<OnceLock<Checksum>>);

impl Verified {
    pub(crate) fn checksum(&self) -> Option<&Checksum> {
        self.0.get()
    }
}

/// A body out of its frame, held against what was said of it. Its end is there only if all of it was
/// right: so nothing is published before.
#[derive(Debug)]
struct Checked {
    body: Arriving,
    check: Option<Box<BodyCheck>>,
    verified: Verified,
    /// In a form: what its file is read by, and what arrived of it together with the fields.
    file: Option<(FileReader, VecDeque<Bytes>)>,
}

impl Checked {
    /// The next bytes of the object; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let arrived = self.file.as_mut().and_then(|(_, queue)| queue.pop_front());
            let bytes = match arrived {
                Some(bytes) => Some(bytes),
                None => self.content().await?,
            };
            match (bytes, &mut self.file) {
                (Some(bytes), Some((reader, _))) => {
                    let bytes = reader.feed(bytes)?;
                    if !bytes.is_empty() {
                        return Ok(Some(bytes));
                    }
                }
                (None, Some((reader, _))) => {
                    reader.finish()?;
                    return Ok(None);
                }
                (bytes, None) => return Ok(bytes),
            }
        }
    }

    /// The next bytes out of the body's own frame; `None` at the end.
    async fn content(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let Some(bytes) = self.body.next().await? else {
                if let Some(checksum) = self
                    .check
                    .take()
                    .map(|check| check.finish())
                    .transpose()?
                    .flatten()
                {
                    // Nobody else writes there.
                    let _ = self.verified.0.set(checksum);
                }
                return Ok(None);
            };
            let bytes = match &mut self.check {
                Some(check) => check.feed(bytes)?,
                None => bytes,
            };
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }
}

impl ObjectBytes {
    /// Where a checksum of the bytes will be, once they are in.
    pub(crate) fn verified(&self) -> Verified {
        self.body.verified.clone()
    }

    /// With a checksum of this algorithm, computed if the client sent none.
    ///
    /// # Errors
    /// `InvalidRequest` if it sent one of another.
    pub(crate) fn with_checksum(mut self, algorithm: ChecksumAlgorithm) -> Result<Self, Error> {
        let check = self.body.check.take().map(|check| *check);
        let check = BodyCheck::computing(check, algorithm)?;
        self.body.check = Some(Box::new(check));
        Ok(self)
    }

    /// The bytes as they come.
    pub(crate) fn stream(self) -> impl Stream<Item = Result<Bytes, Error>> + Send {
        futures_util::stream::try_unfold(self.body, |mut body| async move {
            Ok(body.next().await?.map(|bytes| (bytes, body)))
        })
    }
}

/// How long a body says it is.
enum Length {
    Known(u64),
    /// In chunks that end by themselves.
    Chunked,
    /// Nothing was said: there is no body.
    Unsaid,
}

/// Opens the body as the operation needs it; gives it back when nobody will read it.
///
/// # Errors
/// `MissingContentLength`, `EntityTooLarge` before a byte is read, `MalformedXML` for a document
/// that is too large.
pub(crate) async fn open(
    head: &Head,
    kind: PayloadKind,
    check: Option<BodyCheck>,
    body: &mut Option<Arriving>,
    memory: &BodyMemory,
) -> Result<Payload, Error> {
    let length = length(head)?;
    match kind {
        PayloadKind::None => Ok(Payload::None),
        PayloadKind::Object => {
            let framed = check.as_ref().and_then(BodyCheck::decoded_bytes);
            let expected = match length {
                Length::Unsaid => return Err(Error::new(ErrorCode::MissingContentLength)),
                _ if framed.is_some() => framed,
                Length::Known(bytes) => Some(bytes),
                Length::Chunked => None,
            };
            if expected.is_some_and(|bytes| bytes > PUT_BYTES_MAX) {
                return Err(Error::new(ErrorCode::EntityTooLarge));
            }
            let body = stream(body, check, memory.stream(expected).await?)?;
            Ok(Payload::Object(ObjectBytes {
                expected,
                sizes: Sizes::ALL,
                body,
            }))
        }
        PayloadKind::Form => {
            let reader = FormReader::of(&head.headers)?;
            let expected = match length {
                Length::Unsaid => return Err(Error::new(ErrorCode::MissingContentLength)),
                Length::Known(bytes) => Some(bytes),
                Length::Chunked => None,
            };
            let around = (FORM_BYTES_MAX + FORM_EPILOGUE_BYTES_MAX) as u64;
            if expected.is_some_and(|bytes| bytes > PUT_BYTES_MAX + around) {
                return Err(Error::new(ErrorCode::EntityTooLarge));
            }
            let body = stream(body, check, memory.stream(expected).await?)?;
            open_form(reader, body).await
        }
        PayloadKind::Document { bytes_max } => match length {
            // What a PUT has to say may stand in its headers.
            Length::Unsaid if head.method == Method::PUT => Ok(Payload::None),
            Length::Unsaid => Err(Error::new(ErrorCode::MissingContentLength)),
            Length::Known(_) | Length::Chunked => {
                let body = body
                    .as_mut()
                    .ok_or_else(|| Error::internal("a body was opened twice"))?;
                let bytes_max = bytes_max.min(body.bounds.document_bytes_max);
                let expected = match length {
                    Length::Known(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX),
                    Length::Chunked | Length::Unsaid => bytes_max,
                };
                if expected > bytes_max {
                    return Err(too_large(bytes_max));
                }
                let share = memory.document(expected).await?;
                let bytes = read_document(body, check, bytes_max).await?;
                Ok(Payload::Document {
                    bytes,
                    _share: share,
                })
            }
        },
    }
}

/// A body that stays a stream, with its share of the memory.
fn stream(
    body: &mut Option<Arriving>,
    check: Option<BodyCheck>,
    share: Share,
) -> Result<Checked, Error> {
    let mut body = body
        .take()
        .ok_or_else(|| Error::internal("a body was opened twice"))?;
    body.share = Some(share);
    Ok(Checked {
        body,
        check: check.map(Box::new),
        verified: Verified::default(),
        file: None,
    })
}

/// Reads a form up to its file.
async fn open_form(mut reader: FormReader, mut body: Checked) -> Result<Payload, Error> {
    let opened = loop {
        let Some(bytes) = body.content().await? else {
            let words = "The body ended before the form's file.";
            return Err(Error::with(ErrorCode::IncompleteBody, words));
        };
        match reader.feed(bytes)? {
            Ok(opened) => break opened,
            Err(more) => reader = more,
        }
    };
    body.file = Some((opened.file, opened.arrived.into()));
    Ok(Payload::Form {
        form: Box::new(opened.form),
        opening: opened.opening,
        bytes: ObjectBytes {
            expected: None,
            sizes: Sizes::ALL,
            body,
        },
    })
}

fn too_large(bytes_max: usize) -> Error {
    let words = format!("The document is larger than {bytes_max} bytes.");
    Error::with(ErrorCode::MalformedXML, words)
}

async fn read_document(
    body: &mut Arriving,
    mut check: Option<BodyCheck>,
    bytes_max: usize,
) -> Result<Bytes, Error> {
    let mut document = BytesMut::new();
    let mut received = 0;
    while let Some(bytes) = body.next().await? {
        received += bytes.len();
        // What frames a document is small, but counts.
        if received > bytes_max {
            return Err(too_large(bytes_max));
        }
        match &mut check {
            Some(check) => document.extend_from_slice(&check.feed(bytes)?),
            None => document.extend_from_slice(&bytes),
        }
    }
    check.map(BodyCheck::finish).transpose()?;
    Ok(document.freeze())
}

fn length(head: &Head) -> Result<Length, Error> {
    if head.headers.contains_key(header::TRANSFER_ENCODING) {
        return Ok(Length::Chunked);
    }
    let Some(value) = head.headers.get(header::CONTENT_LENGTH) else {
        return Ok(Length::Unsaid);
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .map(Length::Known)
        .ok_or_else(|| {
            Error::with(
                ErrorCode::InvalidArgument,
                "The Content-Length is no number.",
            )
        })
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;

    use super::*;

    fn body_of(
        stream: impl Stream<Item = Bytes> + Send + 'static,
    ) -> UnsyncBoxBody<Bytes, BoxError> {
        use futures_util::StreamExt;
        let frames = stream.map(|bytes| Ok(http_body::Frame::data(bytes)));
        StreamBody::new(frames).boxed_unsync()
    }

    fn arriving_at(
        bytes_per_sec_min: u64,
        stream: impl Stream<Item = Bytes> + Send + 'static,
    ) -> Arriving {
        let limits = Limits {
            body_bytes_per_sec_min: bytes_per_sec_min,
            ..Limits::default()
        };
        Arriving::new(body_of(stream), &limits, &Arc::default())
    }

    fn arriving(stream: impl Stream<Item = Bytes> + Send + 'static) -> Arriving {
        arriving_at(limits::BODY_BYTES_PER_SEC_MIN, stream)
    }

    /// Bytes of one size, one piece a second.
    fn steady(bytes: usize) -> impl Stream<Item = Bytes> + Send {
        futures_util::stream::unfold((), move |()| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Bytes::from(vec![0; bytes]), ()))
        })
    }

    /// As slow as it may be, a byte a second slower, and a thousand times slower.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_too_slow_is_given_up() {
        let grace = limits::BODY_GRACE;
        // Whole seconds are earned: of the grace a second is gone with the first byte that is missing.
        let nearly = (grace - Duration::from_secs(1)) * 1000;
        for (bytes, given_up) in [(1000, None), (999, Some(nearly)), (1, Some(grace))] {
            let mut body = arriving_at(1000, steady(bytes));
            let began = Instant::now();
            let mut ended = None;
            while ended.is_none() && began.elapsed() < grace * 2000 {
                ended = body.next().await.err();
            }
            let code = ended.as_ref().map(Error::code);
            let timeout = given_up.map(|_| ErrorCode::RequestTimeout);
            assert_eq!(code, timeout, "{bytes} bytes a second");
            if let Some(given_up) = given_up {
                let after = began.elapsed();
                let around = given_up..=given_up + Duration::from_secs(2);
                assert!(around.contains(&after), "{bytes}: after {after:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn our_own_slowness_is_not_the_clients() {
        let mut quick = arriving(futures_util::stream::repeat(Bytes::from_static(b"a")));
        for _ in 0..10 {
            tokio::time::sleep(limits::BODY_GRACE).await;
            assert!(quick.next().await.unwrap().is_some());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_thrown_away_is_bounded() {
        let forever = futures_util::stream::repeat(Bytes::from_static(&[0; 1 << 16]));
        drain(body_of(forever)).await;
        let never = futures_util::stream::pending();
        let began = Instant::now();
        drain(body_of(never)).await;
        assert_eq!(began.elapsed().as_secs(), limits::REFUSED_TIMEOUT.as_secs());
    }
}
