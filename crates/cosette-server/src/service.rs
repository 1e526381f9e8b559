//! One request: from its head to its answer.
//!
//! [`Service::answer`] is the path; each step gives back something stronger than it took. Its caller
//! turns either outcome into a response and cannot fail itself.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use cosette_proto::aside::tell_checksum;
use cosette_proto::fields::brings_customer_key;
use cosette_proto::sign::BodyCheck;
use cosette_proto::{
    Dialect, ErrorCode, ErrorDocument, Field, Head, Hosts, Operation, Reply, date, route,
};
use cosette_store::{Clock, Store};
use cosette_types::{BucketName, Timestamp};
use futures_util::FutureExt;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, request};
use tokio::sync::Semaphore;

use crate::access::Access;
use crate::auth::{self, Accounts};
use crate::body::{Body, BoxError};
use crate::config::Config;
use crate::connection::Refusal;
use crate::error::Error;
use crate::keep_alive::{self, Pace};
use crate::lifecycle::{Lifecycle, LifecycleRound, Rounds};
use crate::limits::{self, Limits};
use crate::log::{AccessLog, Entry, Logged, Seat};
use crate::memory::BodyMemory;
use crate::metrics::{Metrics, Told};
use crate::ops::{self, Answer, Context};
use crate::payload::{self, Arriving};
use crate::policy::{self, Circumstances, Court, Peer};
use crate::prefix_jobs::Jobs;
use crate::quota::Quotas;
use crate::request_id::{RequestId, RequestIds};
use crate::spelling::Spelling;
use crate::sts;
use crate::users;

/// The service, without a socket. Clones are the same service.
#[derive(Debug, Clone)]
pub struct Service(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    access: Arc<Access>,
    config: Config,
    hosts: Hosts,
    clock: Arc<dyn Clock>,
    ids: RequestIds,
    access_log: Option<Arc<AccessLog>>,
    spelling: Spelling,
    jobs: Jobs,
    lifecycle: Arc<Lifecycle>,
    rounds: Rounds,
    metrics: Arc<Metrics>,
    /// A seat for each request under way.
    seats: Arc<Semaphore>,
    memory: BodyMemory,
    quotas: Quotas,
    stopping: AtomicBool,
}

/// What a response needs of its request beside the outcome.
#[derive(Clone)]
struct Asked {
    id: RequestId,
    resource: String,
    /// The bucket that it is about, once that is known.
    bucket: Option<BucketName>,
    dialect: Dialect,
}

/// An outcome that is about to be sent.
struct Settled {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

impl Service {
    /// A service over a store.
    ///
    /// # Errors
    /// When the access log cannot be opened, or what is kept of users cannot be read.
    pub async fn new(
        store: Store,
        accounts: Accounts,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let access_log = config
            .access_log
            .as_deref()
            .map(AccessLog::open)
            .transpose()?;
        let access = Access::open(store.clone(), accounts)
            .await
            .map_err(|error| std::io::Error::other(error.cause().unwrap_or_default().to_owned()))?;
        let access = Arc::new(access);
        let metrics: Arc<Metrics> = Arc::default();
        let lifecycle = Arc::new(Lifecycle {
            store: store.clone(),
            clock: Arc::clone(&clock),
            settings: config.lifecycle,
            metrics: Arc::clone(&metrics),
        });
        Ok(Self(Arc::new(Inner {
            hosts: Hosts::new(config.domains.iter().map(String::as_str)),
            access_log: access_log.map(Arc::new),
            ids: RequestIds::new(),
            spelling: Spelling::learn().await,
            jobs: Jobs::begin(&store, &access, &clock),
            rounds: Rounds::begin(&lifecycle),
            lifecycle,
            metrics,
            seats: Arc::new(Semaphore::new(
                config.limits.requests_max.min(Semaphore::MAX_PERMITS),
            )),
            memory: BodyMemory::new(&config.limits),
            quotas: Quotas::new(&config.limits),
            stopping: AtomicBool::new(false),
            store,
            access,
            config,
            clock,
        })))
    }

    /// Ends what works in the background; requests are answered as before.
    pub(crate) async fn end_jobs(&self) {
        self.0.jobs.end().await;
        self.0.rounds.end().await;
    }

    /// Applies the lifecycle rules of all buckets once, now, beside the rounds in the background.
    ///
    /// # Errors
    /// When the store could not be read or changed; what was done stays done.
    pub async fn apply_lifecycle(&self) -> std::io::Result<LifecycleRound> {
        let made = self.0.lifecycle.round().await;
        made.map_err(|error| std::io::Error::other(error.to_string()))
    }

    /// Answers a request: any request, always, with its id.
    pub async fn call<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let now = self.0.clock.now();
        if is_of_operator(&parts) {
            return self.operate(body, now).await;
        }
        let id = self.0.ids.next(now);
        let mut entry = Entry::begin(&parts, &id.id, now);
        let mut asked = Asked {
            id,
            resource: entry.resource(),
            bucket: None,
            dialect: Dialect::default(),
        };
        let body = Arriving::new(body, &self.0.config.limits, &self.0.metrics)
            .held_back(expects_continue(&parts));
        let unread = body.unread();
        let mut body = Some(body);
        let seat = Seat::take(&self.0.seats, &self.0.metrics);
        let answering = async {
            match &seat {
                Some(_) => self.answer(&parts, &mut body, &mut entry, &mut asked).await,
                None => Err(Error::new(ErrorCode::SlowDown)),
            }
        };
        let outcome = AssertUnwindSafe(answering)
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(Error::internal("the request's handler panicked")));
        let mut settled = match outcome {
            Ok(settled) => settled,
            Err(error) => self.refusal(&error, &asked),
        };
        self.allow_origin(&parts, &asked, &mut settled).await;
        // What stands behind a body that nobody has read cannot be told from it. And who is too much
        // for this server is to go, perhaps to another behind the same name.
        let failed = settled.status.is_client_error() || settled.status.is_server_error();
        if (unread.is_some() && failed)
            || settled.status == StatusCode::SERVICE_UNAVAILABLE
            || self.is_crowded()
        {
            settled
                .headers
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        self.dress(settled, &asked, entry, seat)
    }

    /// Whether more than half of the places for connections are taken. Whoever is answered then goes: clients
    /// that keep hundreds of idle connections would otherwise shut out those that come after them.
    fn is_crowded(&self) -> bool {
        let taken = self.0.metrics.connections.load(Ordering::Relaxed);
        let places = u64::try_from(self.0.config.limits.connections_max).unwrap_or(u64::MAX);
        taken.saturating_mul(2) > places
    }

    /// Answers a head that nobody may read.
    pub(crate) fn refuse(&self, refusal: Refusal) -> Response<Body> {
        let now = self.0.clock.now();
        let asked = Asked {
            id: self.0.ids.next(now),
            resource: String::new(),
            bucket: None,
            dialect: Dialect::default(),
        };
        let entry = Entry::refused(&asked.id.id, refusal.is_head, now);
        let mut settled = self.refusal(&Error::with(refusal.code, refusal.words), &asked);
        settled
            .headers
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
        self.dress(settled, &asked, entry, None)
    }

    /// The upper bounds.
    pub(crate) fn limits(&self) -> &Limits {
        &self.0.config.limits
    }

    /// Opens the access log anew, if there is one: somebody has moved the file that was written.
    pub fn reopen_access_log(&self) {
        if let Some(Err(error)) = self.0.access_log.as_ref().map(|log| log.reopen()) {
            tracing::error!(%error, "the access log cannot be opened anew; the file before goes on");
        }
    }

    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    /// From now on whoever asks is told that this service is about to end.
    pub(crate) fn stopping(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    /// Why requests should be sent elsewhere, if they should.
    pub async fn not_ready(&self) -> Option<&'static str> {
        if self.0.stopping.load(Ordering::Relaxed) {
            return Some("stopping");
        }
        match self.0.store.health().await {
            Err(_) => Some("the store cannot be read"),
            Ok(health) if health.is_poisoned => Some("poisoned: a sync failed, restart the server"),
            Ok(health) if !health.allows_growth => Some("full: no room for objects on the disk"),
            Ok(_) => None,
        }
    }

    /// All that is counted, in the text format of Prometheus.
    pub async fn metrics_text(&self) -> String {
        let told = Told {
            body_memory_bytes: self.0.memory.taken_bytes() as u64,
            ready: self.not_ready().await.is_none(),
            store: self.0.store.health().await.ok(),
            commits: self.0.store.commit_stats(),
        };
        self.0.metrics.told(&told)
    }

    /// The store that it is a service of.
    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// Does what an operator asks for.
    ///
    /// # Errors
    /// When it was not done, with words that say why.
    pub async fn administer(
        &self,
        request: users::Request,
    ) -> Result<users::Reply, users::Refusal> {
        self.0.access.administer(request, self.0.clock.now()).await
    }

    /// A request of an operator, over the socket in the folder.
    async fn operate<B>(&self, body: B, now: Timestamp) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let body = Arriving::new(body, &self.0.config.limits, &self.0.metrics)
            .whole(limits::ADMIN_REQUEST_BYTES_MAX)
            .await;
        let answered = match body.map(|body| serde_json::from_slice(&body)) {
            Ok(Ok(request)) => self.0.access.administer(request, now).await,
            Ok(Err(error)) => Err(users::Refusal::wrong(format!("not a request: {error}"))),
            Err(error) => Err(error.into()),
        };
        Response::new(Body::whole(users::Reply::write(&answered)))
    }

    /// Gives out temporary credentials, or says in the way of that API why not.
    async fn federate(
        &self,
        parts: &request::Parts,
        body: Option<Arriving>,
        asked: &Asked,
    ) -> Result<Settled, Error> {
        let body = body.ok_or_else(|| Error::internal("the body was read before"))?;
        let body = body.whole(limits::ADMIN_REQUEST_BYTES_MAX).await?;
        let (this, id) = (&*self.0, &asked.id.id);
        let answer = sts::answer(&this.access, parts, &body, id, this.clock.now()).await;
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Ok(Settled {
            status: StatusCode::OK,
            headers,
            body: Body::whole(answer.to_string().into()),
        })
    }

    async fn answer(
        &self,
        parts: &request::Parts,
        body: &mut Option<Arriving>,
        entry: &mut Entry,
        asked: &mut Asked,
    ) -> Result<Settled, Error> {
        let this = &*self.0;
        if sts::is_asked(parts) {
            return self.federate(parts, body.take(), asked).await;
        }
        let mut head = Head::decode(parts, &this.hosts)?;
        asked.resource = head.resource();
        asked.bucket = head.bucket_name();
        asked.dialect = head.dialect;
        let (mut caller, signed) = auth::authenticate(&head, &this.access, this.clock.now())?;
        entry.caller = Some(caller.name());
        head.take_parameters(caller.user().is_some())?;
        let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
        let in_the_open = !peer.is_private() && !this.config.customer_keys_in_the_open;
        if in_the_open {
            refuse_open_keys(&parts.headers)?;
        }
        let name = route::resolve(&head)?;
        entry.operation(name);
        let check = BodyCheck::of(&head, &signed, name.checksums_its_body())?;
        let mut payload = payload::open(&head, name.payload(), check, body, &this.memory).await?;
        if let Some(form) = payload.form() {
            head.dialect = form.dialect().unwrap_or(head.dialect);
            asked.dialect = head.dialect;
            let bucket = head.place.bucket().unwrap_or_default();
            let now = this.clock.now();
            let sizes;
            (caller, sizes) = auth::authenticate_form(caller, form, bucket, &this.access, now)?;
            entry.caller = Some(caller.name());
            payload.keep_to(sizes);
        }
        let verified = payload.verified();
        let op = Operation::decode(name, &head.request(payload.document())?, head.dialect)?;
        // What a form says in its fields is judged as what others say in their headers.
        let judged = match payload.form() {
            Some(form) => Some(head.with_form(form)?),
            None => None,
        };
        let judged = judged.as_ref().unwrap_or(&head);
        if in_the_open {
            refuse_open_keys(&judged.headers)?;
        }
        let circumstances = Circumstances::new(judged, peer, this.clock.now());
        // Whatever the request takes long over is committed only if its credentials are still good.
        let store = this.store.until(caller.expires());
        let court = Court {
            store: &store,
            access: &this.access,
            host_region: head.region.as_ref(),
            dialect: head.dialect,
            region: &this.config.region,
            circumstances: &circumstances,
        };
        let op = policy::permit(court, caller, op).await?;
        let context = Context {
            store: &store,
            access: &this.access,
            head: &head,
            region: &this.config.region,
            restore_delay: this.config.restore_delay,
            jobs: &this.jobs,
            quotas: &this.quotas,
        };
        let answer = ops::run(&context, op, payload).await?;
        let mut settled = self.settle(answer, asked).await?;
        if let (Some(checksum), Dialect::S3) = (verified.checksum(), head.dialect) {
            // As S3 does: what was sent with a body and was right is told back.
            tell_checksum(&mut settled.headers, checksum);
        }
        Ok(settled)
    }

    /// A page of another origin gets to see a reply, errors included, if a rule of the bucket says so.
    async fn allow_origin(&self, parts: &request::Parts, asked: &Asked, settled: &mut Settled) {
        let origin = parts.headers.get(header::ORIGIN);
        let origin = origin.and_then(|origin| origin.to_str().ok());
        // The reply to a preflight says by itself what is allowed.
        if let (Some(origin), Some(bucket)) = (origin, &asked.bucket)
            && parts.method != Method::OPTIONS
        {
            let method = parts.method.as_str();
            let headers = ops::cors::reply_headers(&self.0.store, bucket, origin, method).await;
            settled.headers.extend(headers);
        }
    }

    /// Waits for what takes long, but not for longer than a connection can stand.
    async fn settle(&self, answer: Answer, asked: &Asked) -> Result<Settled, Error> {
        match answer {
            Answer::Reply(reply) => Ok(reply.into()),
            Answer::Bytes(reply, body) => Ok(Settled {
                body,
                ..reply.into()
            }),
            Answer::Long(work) => {
                let config = &self.0.config;
                let pace = Pace {
                    after: config.keep_alive_after,
                    every: config.keep_alive_every,
                };
                let asked = asked.clone();
                let failed = move |error: &Error| {
                    note(error, &asked.id);
                    document(error, &asked).encode(asked.dialect)
                };
                match keep_alive::hold(work, pace, failed).await? {
                    keep_alive::Head::Settled(reply) => Ok(reply.into()),
                    keep_alive::Head::Padded(body) => {
                        let mut headers = HeaderMap::new();
                        headers.insert(header::CONTENT_TYPE, XML);
                        Ok(Settled {
                            status: StatusCode::OK,
                            headers,
                            body,
                        })
                    }
                }
            }
        }
    }

    fn refusal(&self, error: &Error, asked: &Asked) -> Settled {
        note(error, &asked.id);
        let document = document(error, asked);
        let mut headers = error.headers(asked.dialect);
        headers.insert(header::CONTENT_TYPE, XML);
        put(
            &mut headers,
            asked.dialect,
            Field::TraceId,
            &document.trace_id,
        );
        if error.code() == ErrorCode::SlowDown || error.code() == ErrorCode::ServiceUnavailable {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let body = Body::whole(document.encode(asked.dialect));
        Settled {
            status: error.spelled(asked.dialect).1,
            headers,
            body,
        }
    }

    /// What every response has, and the line in the log at its end.
    fn dress(
        &self,
        settled: Settled,
        asked: &Asked,
        mut entry: Entry,
        seat: Option<Seat>,
    ) -> Response<Body> {
        let Settled {
            status,
            mut headers,
            body,
        } = settled;
        let server = match asked.dialect {
            Dialect::Cos => "tencent-cos",
            Dialect::S3 => "cosette",
        };
        headers.insert(header::SERVER, HeaderValue::from_static(server));
        if let Ok(date) = HeaderValue::from_str(&date::rfc1123(self.0.clock.now())) {
            headers.insert(header::DATE, date);
        }
        put(&mut headers, asked.dialect, Field::RequestId, &asked.id.id);
        if status == StatusCode::NOT_MODIFIED || asked.dialect == Dialect::S3 {
            put(
                &mut headers,
                asked.dialect,
                Field::TraceId,
                &asked.id.trace(),
            );
        }
        // A HEAD has its errors, too, without a body.
        let body = if entry.is_head() { Body::empty() } else { body };
        entry.status = status.as_u16();
        let logged = Logged::new(
            body,
            entry,
            self.0.access_log.clone(),
            Arc::clone(&self.0.metrics),
            seat,
        );
        let body = Body::logged(logged);
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        self.0.spelling.apply(&mut response);
        response
    }
}

const XML: HeaderValue = HeaderValue::from_static("application/xml");

impl From<Reply> for Settled {
    fn from(reply: Reply) -> Self {
        let Reply {
            status,
            mut headers,
            payload,
        } = reply;
        if payload.is_some() && !headers.contains_key(header::CONTENT_TYPE) {
            headers.insert(header::CONTENT_TYPE, XML);
        }
        Self {
            status,
            headers,
            body: payload.map_or_else(Body::empty, Body::whole),
        }
    }
}

/// A key that travels where others can read it is no secret any more.
fn refuse_open_keys(headers: &HeaderMap) -> Result<(), Error> {
    if brings_customer_key(headers) {
        let words = "A customer's key must travel over TLS. The key of this request did not: others \
                     may know it now.";
        return Err(Error::with(ErrorCode::InvalidArgument, words));
    }
    Ok(())
}

/// The operator's requests come over the socket in the folder and name a host that nobody has.
fn is_of_operator(parts: &request::Parts) -> bool {
    let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
    let host = parts.headers.get(header::HOST).map(HeaderValue::as_bytes);
    peer.folder && host == Some(users::HOST.as_bytes())
}

/// A client that waits for `100 Continue` has not sent what is unread.
fn expects_continue(parts: &request::Parts) -> bool {
    parts.headers.contains_key(header::EXPECT)
}

fn put(headers: &mut HeaderMap, dialect: Dialect, field: Field, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(dialect.name(field)), value);
    }
}

fn document(error: &Error, asked: &Asked) -> ErrorDocument {
    ErrorDocument {
        code: error.spelled(asked.dialect).0.to_owned(),
        message: printable(error.message()),
        resource: printable(&asked.resource),
        request_id: asked.id.id.clone(),
        trace_id: asked.id.trace(),
        server_time: None,
    }
}

/// A text of the caller's without the characters that no document can carry.
fn printable(text: &str) -> String {
    let letter = |letter: char| {
        if letter.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            letter
        }
    };
    text.chars().map(letter).collect()
}

/// The cause of a failure goes to the log, under the id that the caller knows.
fn note(error: &Error, id: &RequestId) {
    let is_ours = error.code() != ErrorCode::NotImplemented;
    if error.code().status().is_server_error() && is_ours {
        let cause = error.cause().unwrap_or_default();
        tracing::error!(request_id = %id.id, code = %error.code(), cause, "a request failed");
    }
}
