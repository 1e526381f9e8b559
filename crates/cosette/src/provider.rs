//! Where keys come from, and fresh ones before they expire.
//!
//! A provider is asked when keys are needed, again shortly before they expire, and once more when the
//! service refuses them as expired. Nothing that a provider reads is logged.

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cosette_types::Timestamp;

use crate::clock::{BoxFuture, Clock};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};

mod files;
mod role;
mod sts;

pub use role::InstanceRole;
pub use sts::temporary_keys;

/// Keys are asked for again when they are good for less than this.
const MARGIN: Duration = Duration::from_secs(300);
/// Largest file or answer with keys that is read.
const KEYS_BYTES_MAX: usize = 1 << 20;

/// Keys, and until when they are good.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The keys.
    pub credentials: Credentials,
    /// When they expire; never, when absent.
    pub expires: Option<Timestamp>,
}

impl From<Credentials> for Issued {
    fn from(credentials: Credentials) -> Self {
        Self {
            credentials,
            expires: None,
        }
    }
}

/// Gives keys.
pub trait CredentialProvider: fmt::Debug + Send + Sync + 'static {
    /// The keys to sign with from now on.
    ///
    /// # Errors
    /// Why there are none.
    fn issue(&self) -> BoxFuture<'_, Result<Issued, Error>>;
}

/// Keys from a function, such as one that asks a service of your own for temporary ones.
///
/// ```
/// # use cosette::{Credentials, provider};
/// let provider = provider::from_fn(|| async {
///     let answer = r#"{"Response":{"Credentials":{"Token":"t","TmpSecretId":"AKID","TmpSecretKey":"k"},
///         "ExpiredTime":1893456000,"RequestId":"r"}}"#;
///     provider::temporary_keys(answer.as_bytes())
/// });
/// # let _ = provider;
/// ```
pub fn from_fn<F, Fut>(issue: F) -> impl CredentialProvider
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Issued, Error>> + Send + 'static,
{
    FromFn(issue)
}

struct FromFn<F>(F);

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function that gives keys")
    }
}

impl<F, Fut> CredentialProvider for FromFn<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Issued, Error>> + Send + 'static,
{
    fn issue(&self) -> BoxFuture<'_, Result<Issued, Error>> {
        Box::pin((self.0)())
    }
}

/// Keys from the environment, as [`Credentials::from_env`] finds them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Environment;

impl CredentialProvider for Environment {
    fn issue(&self) -> BoxFuture<'_, Result<Issued, Error>> {
        Box::pin(std::future::ready(
            Credentials::from_env().map(Issued::from),
        ))
    }
}

/// Keys from the files of other tools, read again each time.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    CosYaml,
    CosConf,
    Shared { profile: String },
    Aws { profile: String },
}

impl KeyFile {
    /// The file of coscli, usually `~/.cos.yaml`. Keys that coscli has encrypted cannot be read: let
    /// it write them plainly (`coscli config set --close_auto_switch_host` and
    /// `disableencryption: "true"`), or use another source.
    pub fn cos_yaml(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            form: Form::CosYaml,
        }
    }

    /// The file of coscmd, usually `~/.cos.conf`.
    pub fn cos_conf(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            form: Form::CosConf,
        }
    }

    /// The file that Tencent Cloud's SDKs share, usually `~/.tencentcloud/credentials`.
    pub fn shared(path: impl Into<PathBuf>, profile: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            form: Form::Shared {
                profile: profile.into(),
            },
        }
    }

    /// The file that the tools of Amazon S3 share, usually `~/.aws/credentials`.
    pub fn aws(path: impl Into<PathBuf>, profile: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            form: Form::Aws {
                profile: profile.into(),
            },
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The keys in the text of such a file, for whoever has read it already.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when it has none, or none that can be read.
    pub fn parse(&self, text: &str) -> Result<Credentials, Error> {
        let found = match &self.form {
            Form::CosYaml => files::cos_yaml(text),
            Form::CosConf => files::ini(text, "common"),
            Form::Shared { profile } | Form::Aws { profile } => files::ini(text, profile),
        };
        found
            .map_err(|why| Error::invalid("credentials", format!("{}: {why}", self.path.display())))
    }
}

impl CredentialProvider for KeyFile {
    fn issue(&self) -> BoxFuture<'_, Result<Issued, Error>> {
        Box::pin(async move {
            let local = |why| Error::local(&self.path.display().to_string(), why);
            let size = tokio::fs::metadata(&self.path).await.map_err(local)?.len();
            if size > KEYS_BYTES_MAX as u64 {
                let words = format!("{} is too large for a file of keys", self.path.display());
                return Err(Error::invalid("credentials", words));
            }
            let text = tokio::fs::read_to_string(&self.path).await.map_err(local)?;
            self.parse(&text).map(Issued::from)
        })
    }
}

/// The first of several that has keys. One that was found stays the one that is asked.
#[derive(Debug, Default)]
pub struct Chain {
    providers: Vec<Box<dyn CredentialProvider>>,
    found: Mutex<Option<usize>>,
}

impl Chain {
    /// One without providers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also asks `provider`, after those before it.
    #[must_use]
    pub fn or(mut self, provider: impl CredentialProvider) -> Self {
        self.providers.push(Box::new(provider));
        self
    }

    /// The usual places, in the usual order: the environment, `~/.cos.yaml`, `~/.cos.conf`,
    /// `~/.tencentcloud/credentials`, `/etc/tencentcloud/credentials`. The role of an instance is not
    /// asked for, since that needs the network: add it by [`Chain::or`].
    pub fn usual(home: Option<&Path>) -> Self {
        let mut chain = Self::new().or(Environment);
        if let Some(home) = home {
            chain = chain
                .or(KeyFile::cos_yaml(home.join(".cos.yaml")))
                .or(KeyFile::cos_conf(home.join(".cos.conf")))
                .or(KeyFile::shared(
                    home.join(".tencentcloud/credentials"),
                    "default",
                ));
        }
        chain.or(KeyFile::shared("/etc/tencentcloud/credentials", "default"))
    }
}

impl CredentialProvider for Chain {
    fn issue(&self) -> BoxFuture<'_, Result<Issued, Error>> {
        Box::pin(async move {
            let found = || self.found.lock().unwrap_or_else(PoisonError::into_inner);
            let known = *found();
            if let Some(provider) = known.and_then(|nth| self.providers.get(nth)) {
                return provider.issue().await;
            }
            let mut reasons = Vec::new();
            for (nth, provider) in self.providers.iter().enumerate() {
                match provider.issue().await {
                    Ok(issued) => {
                        *found() = Some(nth);
                        return Ok(issued);
                    }
                    Err(error) => reasons.push(error.message().to_owned()),
                }
            }
            let words = format!("no place has keys: {}", reasons.join("; "));
            Err(Error::invalid("credentials", words))
        })
    }
}

/// Keys as they were issued last, and who issues the next.
#[derive(Clone)]
pub(crate) struct Keys(Arc<KeysInner>);

struct KeysInner {
    provider: Box<dyn CredentialProvider>,
    /// Held while the provider is asked: all that wait get what one of them gets.
    asking: tokio::sync::Mutex<()>,
    last: Mutex<Option<Issued>>,
}

impl Keys {
    pub(crate) fn new(provider: impl CredentialProvider) -> Self {
        Self(Arc::new(KeysInner {
            provider: Box::new(provider),
            asking: tokio::sync::Mutex::new(()),
            last: Mutex::new(None),
        }))
    }

    /// What was issued last.
    pub(crate) fn last(&self) -> Option<Issued> {
        let last = self.0.last.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keys that are good for a while. `refused` are some that the service says are not.
    pub(crate) async fn fresh(
        &self,
        clock: &dyn Clock,
        refused: Option<&Credentials>,
    ) -> Result<Credentials, Error> {
        let good = |issued: &Issued| {
            let micros = u64::try_from(MARGIN.as_micros()).unwrap_or(u64::MAX);
            let soon = clock.now().micros().saturating_add(micros);
            issued.expires.is_none_or(|end| end.micros() > soon) && !is_refused(issued, refused)
        };
        if let Some(issued) = self.last().filter(good) {
            return Ok(issued.credentials);
        }
        let _asking = self.0.asking.lock().await;
        if let Some(issued) = self.last().filter(good) {
            return Ok(issued.credentials);
        }
        match self.0.provider.issue().await {
            Ok(issued) => {
                let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
                *last = Some(issued.clone());
                Ok(issued.credentials)
            }
            // Those that are still good for a moment are better than none.
            Err(error) => match self.last().filter(|issued| {
                let end = issued.expires.map_or(u64::MAX, Timestamp::micros);
                end > clock.now().micros() && !is_refused(issued, refused)
            }) {
                Some(issued) => {
                    tracing::warn!(%error, "no fresh keys; the old ones expire soon");
                    Ok(issued.credentials)
                }
                None => Err(error),
            },
        }
    }
}

fn is_refused(issued: &Issued, refused: Option<&Credentials>) -> bool {
    refused.is_some_and(|refused| {
        let (now, then) = (&issued.credentials, refused);
        now.secret_id() == then.secret_id() && now.token() == then.token()
    })
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.provider.fmt(f)
    }
}

/// An answer that has no keys.
fn without(what: &str) -> Error {
    Error::new(ErrorKind::Denied, format!("no keys were issued: {what}"))
}
