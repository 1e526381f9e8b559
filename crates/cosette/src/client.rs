//! The client: what every call shares. Cloning it is cheap and shares its connections.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use cosette_proto::Dialect;
use cosette_proto::ops::Capabilities;
use cosette_types::{Region, Timestamp};

use crate::able::Able;
use crate::argument::Argument;
use crate::clock::{Clock, SystemClock};
use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::pace::Pace;
use crate::provider::{CredentialProvider, Keys};
use crate::retry::RetryPolicy;
use crate::transport::{HttpTransport, Transport};

/// How long nothing may be heard of a request. Long answers dribble spaces every few seconds.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The region that signatures of S3 name when none is given.
const S3_REGION: &str = "us-east-1";

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

#[derive(Clone)]
struct Shared {
    credentials: Option<Credentials>,
    /// Who gives the keys, when they are not given once and for all.
    keys: Option<Keys>,
    region: Option<Region>,
    endpoint: Endpoint,
    dialect: Dialect,
    transport: Arc<dyn Transport>,
    retry: RetryPolicy,
    clock: Arc<dyn Clock>,
    idle_timeout: Duration,
    /// Seconds to add to our clock to have the service's, as learned from a refusal.
    skew_secs: Arc<AtomicI64>,
    /// Bounds on requests, where there are any.
    pace: Option<Pace>,
    able: Able,
}

/// Settings of a [`Client`].
#[derive(Debug, Default)]
#[must_use]
pub struct ClientBuilder {
    credentials: Option<Credentials>,
    keys: Option<Keys>,
    anonymous: bool,
    region: Option<Region>,
    endpoint: Option<Endpoint>,
    dialect: Dialect,
    transport: Option<Arc<dyn Transport>>,
    retry: Option<RetryPolicy>,
    clock: Option<Arc<dyn Clock>>,
    idle_timeout: Option<Duration>,
    asks: Option<bool>,
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

    /// The dialect that it speaks.
    pub fn dialect(&self) -> Dialect {
        self.shared.dialect
    }

    /// The region of calls that name none.
    pub fn region(&self) -> Option<&Region> {
        self.shared.region.as_ref()
    }

    /// The keys that were used last; `None` for an anonymous client, and before a provider was asked.
    pub(crate) fn credentials(&self) -> Option<Credentials> {
        match &self.shared.keys {
            Some(keys) => keys.last().map(|issued| issued.credentials),
            None => self.shared.credentials.clone(),
        }
    }

    /// Asks the provider for keys, if there is one and those that are there expire soon. Requests do
    /// so by themselves; only what is signed without being sent needs it before.
    ///
    /// # Errors
    /// What the provider meets.
    pub async fn refresh_credentials(&self) -> Result<(), Error> {
        self.keys_in_force(None).await.map(|_| ())
    }

    /// Keys that are good for a while; `refused` are some that the service says have expired.
    pub(crate) async fn keys_in_force(
        &self,
        refused: Option<&Credentials>,
    ) -> Result<Option<Credentials>, Error> {
        match &self.shared.keys {
            Some(keys) => keys.fresh(self.clock(), refused).await.map(Some),
            None => Ok(self.shared.credentials.clone()),
        }
    }

    /// Whether other keys can be had when these are refused.
    pub(crate) fn has_provider(&self) -> bool {
        self.shared.keys.is_some()
    }

    /// Whether both sign with the same keys.
    pub(crate) fn has_keys_of(&self, other: &Self) -> bool {
        let id = |client: &Self| client.credentials().map(|pair| pair.secret_id().to_owned());
        let one = Arc::ptr_eq(&self.shared, &other.shared);
        one || (id(self).is_some() && id(self) == id(other))
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

    /// The same client, with bounds on its requests. Connections and what was learned of the
    /// service's clock are shared.
    pub(crate) fn paced(&self, pace: Pace) -> Self {
        let mut shared = Shared::clone(&self.shared);
        shared.pace = Some(pace);
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The same client with another policy.
    pub(crate) fn retrying(&self, retry: RetryPolicy) -> Self {
        let mut shared = Shared::clone(&self.shared);
        shared.retry = retry;
        Self {
            shared: Arc::new(shared),
        }
    }

    pub(crate) fn with_able(&self, able: Able) -> Self {
        let mut shared = Shared::clone(&self.shared);
        shared.able = able;
        Self {
            shared: Arc::new(shared),
        }
    }

    pub(crate) fn able(&self) -> &Able {
        &self.shared.able
    }

    pub(crate) fn pace(&self) -> Option<&Pace> {
        self.shared.pace.as_ref()
    }

    pub(crate) fn shared_clock(&self) -> Arc<dyn Clock> {
        self.shared.clock.clone()
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

    /// Who gives the keys to sign with, and fresh ones before they expire.
    pub fn credentials_from(mut self, provider: impl CredentialProvider) -> Self {
        self.keys = Some(Keys::new(provider));
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

    /// How requests are spelled and signed: as COS has it, or as Amazon S3 and the many stores that
    /// are like it. In S3 the region is `us-east-1` and the service that of Amazon when none is given.
    ///
    /// ```
    /// # fn main() -> Result<(), cosette::Error> {
    /// let client = cosette::Client::builder()
    ///     .dialect(cosette::Dialect::S3)
    ///     .endpoint("http://127.0.0.1:9000".parse()?)
    ///     .credentials(cosette::Credentials::new("id", "key"))
    ///     .build()?;
    /// let copy = client.slice_copy().bucket("photos").key("b/1.jpg").copy_source("photos/a/1.jpg");
    /// # let _ = copy;
    /// # Ok(())
    /// # }
    /// ```
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
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

    /// Whether the service is asked what it can do beyond COS ([`Client::capabilities`]). Without
    /// this it is, unless the endpoint is one of the public COS. `true` also asks behind such a host:
    /// for a transport that leads to another service. With `false` everything is done by the requests
    /// that COS has.
    pub fn ask_capabilities(mut self, ask: bool) -> Self {
        self.asks = Some(ask);
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
        if self.credentials.is_none() && self.keys.is_none() && !self.anonymous {
            return Err(Error::missing("credentials"));
        }
        let is_s3 = self.dialect == Dialect::S3;
        let endpoint = match self.endpoint {
            Some(endpoint) => endpoint,
            None if is_s3 => Endpoint::s3(),
            None => Endpoint::cos(),
        };
        let region = match self.region {
            None if is_s3 => {
                let usual = S3_REGION.parse();
                Some(usual.map_err(|why: cosette_types::Error| Error::invalid("region", why))?)
            }
            region => region,
        };
        let able = match self.asks.unwrap_or(!endpoint.is_public()) {
            true => Able::default(),
            false => Able::known(Capabilities::default()),
        };
        let shared = Shared {
            credentials: self.credentials.filter(|_| !self.anonymous),
            keys: self.keys.filter(|_| !self.anonymous),
            region,
            endpoint,
            dialect: self.dialect,
            transport: self
                .transport
                .unwrap_or_else(|| Arc::new(HttpTransport::new())),
            retry: self.retry.unwrap_or_default(),
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            idle_timeout: self.idle_timeout.unwrap_or(IDLE_TIMEOUT),
            skew_secs: Arc::new(AtomicI64::new(0)),
            pace: None,
            able,
        };
        Ok(Client {
            shared: Arc::new(shared),
        })
    }
}
