//! The path of every request: encode, address, sign, send, judge; again if that may help.

use bytes::Bytes;
use cosette_proto::sign::{self, Signable, Validity};
use cosette_proto::{
    Dialect, ErrorCode, ErrorDocument, Field, Message, OperationName, Reply, Request, Target, date,
    percent,
};
use cosette_types::{Region, Timestamp};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, DATE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use crate::body::Body;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::idle::{self, Watch};
use crate::pace::Verdict;
use crate::reply::{self, Output};

mod s3;

/// How long a signature is good: long enough for any queue between us and the service.
const SIGNATURE_SECS: u64 = 3600;
/// A clock this far off is worth repairing.
const SKEW_SECS_MIN: u64 = 30;
/// Largest document of a reply: a page of 1,000 keys of 850 bytes, encoded, is under 4 MiB.
const REPLY_DOCUMENT_BYTES_MAX: usize = 16 << 20;

/// What services say of keys that were good before.
const EXPIRED: [&str; 3] = ["ExpiredToken", "InvalidAccessKeyId", "InvalidToken"];

const AGENT: &str = concat!("cosette/", env!("CARGO_PKG_VERSION"));

/// What a request needs beside its message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    /// The region of the call; the client's when absent.
    pub(crate) region: Option<Region>,
    /// Headers that no setter knows.
    pub(crate) headers: HeaderMap,
}

/// A request on its way.
struct Exchange<'a> {
    operation: OperationName,
    request: Request,
    context: &'a Context,
    /// Whether the bytes of a successful reply are left to the caller.
    streamed: bool,
    /// The hash of the body, where it is signed.
    payload_hash: Option<String>,
}

/// A reply that is no error.
#[derive(Debug)]
pub(crate) struct Received {
    status: StatusCode,
    headers: HeaderMap,
    document: Bytes,
    /// The object's bytes, when they are left to the caller.
    pub(crate) body: Body,
}

/// A request that failed for good.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// Whether an earlier attempt, or this one, may have been carried out.
    pub(crate) ambiguous: bool,
    /// When the first attempt was sent, by our clock.
    pub(crate) since: Timestamp,
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

/// One attempt that failed.
struct Failure {
    error: Error,
    retry: bool,
    ambiguous: bool,
    /// The service's time, if it was ours that was refused.
    service_time: Option<Timestamp>,
}

impl Failure {
    /// Sending again would change nothing.
    fn of(error: Error) -> Self {
        Self {
            error,
            retry: false,
            ambiguous: false,
            service_time: None,
        }
    }

    /// The service may have acted; sending again may help.
    fn lost(error: Error) -> Self {
        Self {
            error,
            retry: true,
            ambiguous: true,
            service_time: None,
        }
    }
}

impl Received {
    /// The value, as the operation reads it.
    pub(crate) fn read<M: Message>(&self, dialect: Dialect) -> Result<Output<M::Reply>, Error> {
        let reply = Reply {
            status: self.status,
            headers: self.headers.clone(),
            payload: Some(self.document.clone()).filter(|document| !document.is_empty()),
        };
        let value = M::decode_reply(&reply, dialect).map_err(|unreadable| {
            Error::new(ErrorKind::Unreadable, unreadable.to_string())
                .with_reply(self.status, self.headers.clone())
        })?;
        Ok(Output::new(
            self.status.as_u16(),
            self.headers.clone(),
            value,
        ))
    }
}

impl Client {
    /// Sends a message whose reply is a document or nothing.
    pub(crate) async fn perform<M: Message>(
        &self,
        context: &Context,
        message: &M,
        body: Option<Body>,
    ) -> Result<Output<M::Reply>, Failed> {
        let told = self.perform_told(context, message, body).await;
        told.map(|(output, _)| output)
    }

    /// The same, and whether an earlier attempt may have been carried out as well.
    pub(crate) async fn perform_told<M: Message>(
        &self,
        context: &Context,
        message: &M,
        body: Option<Body>,
    ) -> Result<(Output<M::Reply>, bool), Failed> {
        let mut request = message.encode(self.dialect());
        let only_if_new = match self.dialect() {
            Dialect::Cos => false,
            Dialect::S3 => s3::in_its_words(M::NAME, &mut request),
        };
        let target = request.target.clone();
        let subject = subject(&target);
        let exchange = Exchange {
            operation: M::NAME,
            request,
            context,
            streamed: false,
            payload_hash: None,
        };
        let since = self.clock().now();
        let (received, ambiguous, found) = match self.exchange(exchange, body).await {
            Ok((received, ambiguous)) => (received, ambiguous, false),
            Err(failed) => match already_done(M::NAME, &failed) {
                Some(received) => (received, true, true),
                None if only_if_new => return Err(self.explained(context, &target, failed).await),
                None => return Err(failed),
            },
        };
        let mut output = received.read::<M>(self.dialect()).map_err(|error| Failed {
            error: error.with_operation(M::NAME, &subject),
            ambiguous: true,
            since,
        })?;
        if found {
            output.status = StatusCode::NO_CONTENT.as_u16();
        }
        Ok((output, ambiguous))
    }

    /// Sends a message whose reply has the bytes of an object beside it.
    pub(crate) async fn fetch<M: Message>(
        &self,
        context: &Context,
        message: &M,
    ) -> Result<(Output<M::Reply>, Body), Error> {
        let request = message.encode(self.dialect());
        let subject = subject(&request.target);
        let exchange = Exchange {
            operation: M::NAME,
            request,
            context,
            streamed: true,
            payload_hash: None,
        };
        let (received, _) = self.exchange(exchange, None).await?;
        let output = received
            .read::<M>(self.dialect())
            .map_err(|error| error.with_operation(M::NAME, &subject))?;
        Ok((output, received.body))
    }

    async fn exchange(
        &self,
        mut exchange: Exchange<'_>,
        body: Option<Body>,
    ) -> Result<(Received, bool), Failed> {
        let since = self.clock().now();
        let subject = subject(&exchange.request.target);
        let document = exchange.request.payload.clone();
        let mut body = body.or_else(|| document.map(Body::from));
        if self.dialect() == Dialect::S3 {
            let encrypted = self.endpoint().is_https();
            exchange.payload_hash = s3::payload_hash(body.as_ref(), encrypted);
        }
        let (mut attempt, mut ambiguous, mut repaired) = (0, false, false);
        let mut renewed = false;
        loop {
            attempt += 1;
            let again = body.as_ref().map(Body::try_clone);
            let permit = match self.pace() {
                Some(pace) => Some(pace.permit().await),
                None => None,
            };
            let attempted = self.attempt(&exchange, body.take(), attempt > 1).await;
            if let Some(permit) = permit {
                permit.end(exchange.operation, verdict(&attempted));
            }
            let failure = match attempted {
                Ok(received) => return Ok((received, ambiguous)),
                Err(failure) => failure,
            };
            ambiguous |= failure.ambiguous;
            tracing::debug!(operation = %exchange.operation, attempt, error = %failure.error);
            let repeatable = !matches!(again, Some(None));
            body = again.flatten();
            if repeatable && !repaired && self.repair_clock(&failure) {
                repaired = true;
                continue;
            }
            if repeatable && !renewed && self.renew_keys(&failure).await {
                renewed = true;
                continue;
            }
            if !failure.retry || !repeatable || attempt >= self.retry().attempts_max {
                let error = failure.error.with_attempts(attempt);
                let error = error.with_operation(exchange.operation, &subject);
                return Err(Failed {
                    error,
                    ambiguous,
                    since,
                });
            }
            let delay = self.retry().delay(attempt, Some(failure.error.headers()));
            self.clock().sleep(delay).await;
        }
    }

    /// Asks for other keys when the service says that these have expired. True if there are some.
    async fn renew_keys(&self, failure: &Failure) -> bool {
        let expired = failure
            .error
            .code()
            .is_some_and(|code| EXPIRED.contains(&code));
        let refused = self
            .credentials()
            .filter(|_| expired && self.has_provider());
        match refused {
            Some(refused) => self.keys_in_force(Some(&refused)).await.is_ok(),
            None => false,
        }
    }

    /// Takes the service's time when it refused ours. True if another attempt may succeed.
    fn repair_clock(&self, failure: &Failure) -> bool {
        let Some(service) = failure.service_time else {
            return false;
        };
        if service.secs().abs_diff(self.service_time().secs()) < SKEW_SECS_MIN {
            return false;
        }
        self.set_service_time(service);
        true
    }

    async fn attempt(
        &self,
        exchange: &Exchange<'_>,
        body: Option<Body>,
        again: bool,
    ) -> Result<Received, Failure> {
        let watch = Watch::default();
        // Under the watch of idleness: what is held back by us is no silence of the service.
        let body = match (body, self.pace()) {
            (Some(body), Some(pace)) => Some(pace.slowed(body)),
            (body, _) => body,
        };
        let keys = self.keys_in_force(None).await.map_err(Failure::of)?;
        let request = self
            .signed(exchange, body, again, (&watch, keys.as_ref()))
            .map_err(Failure::of)?;
        // Only who reads an object can be told that it has not changed; of anything else this would
        // not say what became.
        let reads = matches!(
            exchange.operation,
            OperationName::GetObject | OperationName::HeadObject
        );
        let call = self.transport().call(request);
        let reply = match idle::limited(self.idle_timeout(), &watch, call).await {
            Some(Ok(reply)) => reply,
            Some(Err(why)) => {
                // A body that could not be read is our side's fault, however it shows.
                if let Some(local) = watch.local_failure() {
                    return Err(Failure::of(local));
                }
                let ambiguous = !why.not_sent;
                let error = Error::new(ErrorKind::Network, why.to_string()).with_cause(why.into());
                return Err(Failure {
                    ambiguous,
                    ..Failure::lost(error)
                });
            }
            None => return Err(timed_out(self.idle_timeout())),
        };
        let (parts, body) = reply.into_parts();
        let mut body = idle::limit(body, self.idle_timeout());
        if let Some(pace) = self.pace() {
            body = pace.slowed(body);
        }
        let (status, headers) = (parts.status, parts.headers);
        let fine = status.is_success() || (reads && status == StatusCode::NOT_MODIFIED);
        if fine && exchange.streamed {
            return Ok(Received {
                status,
                headers,
                document: Bytes::new(),
                body,
            });
        }
        let document = match body.bytes(REPLY_DOCUMENT_BYTES_MAX).await {
            Ok(document) => document,
            // An error is told by its status, even if its document is cut.
            Err(_) if !fine => Bytes::new(),
            Err(error) => {
                return Err(Failure::lost(error.with_reply(status, headers)));
            }
        };
        let told = ErrorDocument::read(&document);
        if fine && told.is_none() {
            return Ok(Received {
                status,
                headers,
                document,
                body: Body::empty(),
            });
        }
        Err(judge(exchange.operation, status, headers, told))
    }

    /// The HTTP request, addressed and signed.
    fn signed(
        &self,
        exchange: &Exchange<'_>,
        body: Option<Body>,
        again: bool,
        (watch, keys): (&Watch, Option<&Credentials>),
    ) -> Result<http::Request<Body>, Error> {
        let Exchange {
            request, context, ..
        } = exchange;
        // The client's region is that of its buckets. The list of all buckets has a host of its own,
        // where there is one: only a call that names a region asks for less.
        let whole_service = request.target == Target::Service && self.endpoint().has_service_host();
        let region = context
            .region
            .as_ref()
            .or(self.region().filter(|_| !whole_service));
        let address = self.endpoint().address(&request.target, region)?;
        let path_and_query = request.path_and_query(address.style);
        let mut headers = request.headers.clone();
        headers.extend(context.headers.clone());
        headers.insert(HOST, value("endpoint", address.authority.as_str())?);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let body = body.unwrap_or_default();
        let writes = request.method == Method::PUT || request.method == Method::POST;
        if let Some(len) = body.len().filter(|_| writes) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
        }
        let cos = self.dialect() == Dialect::Cos;
        if again && cos {
            let retry = HeaderName::from_static(Dialect::Cos.name(Field::SdkRetry));
            headers.insert(retry, HeaderValue::from_static("true"));
        }
        if let Some(credentials) = keys {
            if let Some(token) = credentials.token().filter(|_| cos) {
                let name = HeaderName::from_static(Dialect::Cos.name(Field::SecurityToken));
                headers.insert(name, secret(value("token", token)?));
            }
            let raw_path = path_and_query.split('?').next().unwrap_or_default();
            let path = percent::decode(raw_path).unwrap_or_default();
            let signable = Signable {
                method: &request.method,
                path: &path,
                query: &request.query,
                headers: &headers,
            };
            if cos {
                let validity = Validity::lasting(self.service_time(), SIGNATURE_SECS);
                let signature = sign::authorization(credentials.signer(), &signable, validity);
                headers.insert(AUTHORIZATION, secret(value("credentials", &signature)?));
            } else {
                let signed = sign::authorize(
                    credentials.signer(),
                    &signable,
                    s3::region(region.or(self.region())),
                    exchange.payload_hash.as_deref(),
                    self.service_time(),
                );
                headers.extend(signed);
            }
        }
        let uri = Uri::builder()
            .scheme(address.scheme)
            .authority(address.authority)
            .path_and_query(path_and_query)
            .build()
            .map_err(|why| Error::invalid("key", why))?;
        let mut built = http::Request::new(idle::watch(body, watch));
        *built.method_mut() = request.method.clone();
        *built.uri_mut() = uri;
        *built.headers_mut() = headers;
        Ok(built)
    }
}

/// What an attempt says of the load.
fn verdict(attempted: &Result<Received, Failure>) -> Verdict {
    match attempted {
        Ok(_) => Verdict::Fine,
        Err(failure) => match failure.error.kind() {
            ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::Timeout => Verdict::Overload,
            _ => Verdict::Other,
        },
    }
}

fn value(argument: &str, text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|why| Error::invalid(argument, why))
}

fn secret(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

fn timed_out(limit: std::time::Duration) -> Failure {
    let message = format!("nothing was heard for {} s", limit.as_secs_f32());
    Failure::lost(Error::new(ErrorKind::Timeout, message))
}

/// What an error reply means: also one that travels with status 200.
fn judge(
    operation: OperationName,
    status: StatusCode,
    headers: HeaderMap,
    told: Option<ErrorDocument>,
) -> Failure {
    let service_time = skewed(status, &headers, told.as_ref(), operation);
    let code = told
        .as_ref()
        .and_then(|document| ErrorCode::of(&document.code));
    // What carries neither a request id nor a document does not come from the service: something
    // between us and it answered.
    let stranger = told.is_none() && reply::request_id(&headers).is_none();
    let overload = status == StatusCode::TOO_MANY_REQUESTS;
    let failing = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
    let retry = code.is_some_and(ErrorCode::is_transient) || overload || failing || stranger;
    let slow_down = code == Some(ErrorCode::SlowDown) || overload;
    let ambiguous = (status.is_success() || failing || stranger) && !slow_down;
    let mut error = Error::of_reply(status, headers, told);
    if stranger && failing {
        // The kind says so too: it is the network's fault, not the service's.
        error = error.with_kind(ErrorKind::Network);
    } else if is_head(operation) {
        error = head_error(error, operation, status);
    }
    Failure {
        error,
        retry,
        ambiguous,
        service_time,
    }
}

/// The service's time, if its reply says that ours is wrong. HEAD has no document that would tell
/// this refusal from others, so there the time itself must.
fn skewed(
    status: StatusCode,
    headers: &HeaderMap,
    told: Option<&ErrorDocument>,
    operation: OperationName,
) -> Option<Timestamp> {
    let refused = match told {
        Some(told) => {
            told.code == "RequestTimeTooSkewed"
                || (told.code == "AccessDenied" && told.message == "Request has expired")
        }
        None => status == StatusCode::FORBIDDEN && is_head(operation),
    };
    refused.then_some(())?;
    told.and_then(|told| date::parse(told.server_time.as_deref()?))
        .or_else(|| date::parse_http(headers.get(DATE)?.to_str().ok()?))
}

const fn is_head(operation: OperationName) -> bool {
    matches!(
        operation,
        OperationName::HeadBucket | OperationName::HeadObject
    )
}

/// HEAD has no error document: the status alone must say it.
fn head_error(error: Error, operation: OperationName, status: StatusCode) -> Error {
    let (code, words) = match status.as_u16() {
        404 if operation == OperationName::HeadBucket => {
            (ErrorCode::NoSuchBucket, ErrorCode::NoSuchBucket.message())
        }
        404 => (
            ErrorCode::NoSuchKey,
            "there is no such key, version or bucket",
        ),
        403 => (ErrorCode::AccessDenied, ErrorCode::AccessDenied.message()),
        412 => (
            ErrorCode::PreconditionFailed,
            ErrorCode::PreconditionFailed.message(),
        ),
        _ => return error,
    };
    error.with_code(ErrorKind::of(status, Some(code.as_str())), code, words)
}

/// A repeat that finds the work of a lost attempt: the operations whose reply is empty.
fn already_done(operation: OperationName, failed: &Failed) -> Option<Received> {
    let done = match operation {
        OperationName::AbortUpload => "NoSuchUpload",
        OperationName::DeleteBucket => "NoSuchBucket",
        OperationName::PutBucket => "BucketAlreadyOwnedByYou",
        _ => return None,
    };
    (failed.ambiguous && failed.error.code() == Some(done)).then(|| Received {
        status: StatusCode::NO_CONTENT,
        headers: failed.error.headers().clone(),
        document: Bytes::new(),
        body: Body::empty(),
    })
}

/// Bucket and key, as errors name them.
pub(crate) fn subject(target: &Target) -> String {
    match target {
        Target::Service => String::new(),
        Target::Bucket(bucket) => bucket.to_string(),
        Target::Object(bucket, key) => format!("{bucket}/{key}"),
    }
}
