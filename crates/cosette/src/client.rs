//! The client: what every call shares. Cloning it is cheap and shares its connections.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use cosette_types::{Region, Timestamp};

use crate::argument::Argument;
use crate::clock::{Clock, SystemClock};
use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::retry::RetryPolicy;
use crate::transport::{HttpTransport, Transport};

/// How long nothing may be heard of a request. Long answers dribble spaces every few seconds.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// A client of a COS service.
///
/// ```no_run
/// # fn main() -> Result<(), cosette::Error> {
/// let client = cosette::Client::builder()
///     .credentials(cosette::Credentials::from_env()?)
///     .region("ap-guangzhou")
///     .build()?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    credentials: Option<Credentials>,
    region: Option<Region>,
    endpoint: Endpoint,
    transport: Arc<dyn Transport>,
    retry: RetryPolicy,
    clock: Arc<dyn Clock>,
    idle_timeout: Duration,
    /// Seconds to add to our clock to have the service's, as learned from a refusal.
    skew_secs: AtomicI64,
}

/// Settings of a [`Client`].
#[derive(Debug, Default)]
#[must_use]
pub struct ClientBuilder {
    credentials: Option<Credentials>,
    anonymous: bool,
    region: Option<Region>,
    endpoint: Option<Endpoint>,
    transport: Option<Arc<dyn Transport>>,
    retry: Option<RetryPolicy>,
    clock: Option<Arc<dyn Clock>>,
    idle_timeout: Option<Duration>,
    invalid: Option<Error>,
}

impl Client {
    /// Settings to start from: the public COS over https, five attempts.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The service it talks to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared.endpoint
    }

    /// The region of calls that name none.
    pub fn region(&self) -> Option<&Region> {
        self.shared.region.as_ref()
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.shared.credentials.as_ref()
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.shared.transport
    }

    pub(crate) fn retry(&self) -> &RetryPolicy {
        &self.shared.retry
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        self.shared.idle_timeout
    }

    /// The time as the service has it.
    pub(crate) fn service_time(&self) -> Timestamp {
        let now = self.shared.clock.now();
        let skew = self.shared.skew_secs.load(Ordering::Relaxed);
        Timestamp::from_secs(now.secs().saturating_add_signed(skew))
    }

    pub(crate) fn set_service_time(&self, service: Timestamp) {
        let own = i64::try_from(self.shared.clock.now().secs()).unwrap_or(i64::MAX);
        let service = i64::try_from(service.secs()).unwrap_or(i64::MAX);
        self.shared
            .skew_secs
            .store(service.saturating_sub(own), Ordering::Relaxed);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.shared.endpoint)
            .field("region", &self.shared.region)
            .field("credentials", &self.shared.credentials)
            .field("transport", &self.shared.transport)
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// The keys to sign with.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Sends requests without a signature: what a public ACL allows.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// The region of calls that name none.
    pub fn region(mut self, region: impl Argument<Region>) -> Self {
        match region.into_argument() {
            Ok(region) => self.region = Some(region),
            Err(why) => self.invalid = Some(Error::invalid("region", why)),
        }
        self
    }

    /// The service to talk to; the public COS over https by default.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// How requests travel; [`HttpTransport`] by default.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// When requests are repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// The clock; the system's by default.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// How long nothing may be heard of a request, whatever its whole duration. 60 s by default.
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle_timeout = Some(time);
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a bad region, and when neither
    /// credentials were given nor [`ClientBuilder::anonymous`].
    pub fn build(self) -> Result<Client, Error> {
        if let Some(error) = self.invalid {
            return Err(error);
        }
        if self.credentials.is_none() && !self.anonymous {
            return Err(Error::missing("credentials"));
        }
        let shared = Shared {
            credentials: self.credentials.filter(|_| !self.anonymous),
            region: self.region,
            endpoint: self.endpoint.unwrap_or_default(),
            transport: self
                .transport
                .unwrap_or_else(|| Arc::new(HttpTransport::new())),
            retry: self.retry.unwrap_or_default(),
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            idle_timeout: self.idle_timeout.unwrap_or(IDLE_TIMEOUT),
            skew_secs: AtomicI64::new(0),
        };
        Ok(Client {
            shared: Arc::new(shared),
        })
    }
}
