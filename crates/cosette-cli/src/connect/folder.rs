//! The store in a folder: in this process, or in the one that has the folder.
//!
//! One process at a time holds a folder and listens on the socket in it. A command that finds the
//! folder held joins there. The holder may end first: it lets requests under way finish, and whoever
//! comes too late opens the folder itself. So it does not matter who came first.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cosette::{Body, BoxFuture, Credentials, HttpTransport, Transport, TransportError};
use cosette_server::embedded::SOCKET;
use cosette_server::keys::{ROOT_KEY_FILE, ROOT_KEY_VARIABLES, root_key_pair};
use cosette_server::{Config, Embedded, LifecycleSettings, Opened, Service, users};
use http::{Request, Response};
use tokio::sync::Mutex;

use crate::config;
use crate::failure::{Failure, Kind, Result};

/// How long a folder may be held by a process that does not answer any more: one that drains its
/// last requests, or that died so recently that the system has not noticed.
const HANDOVER: Duration = Duration::from_secs(40);
/// Largest answer to an operator: the list of all users.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Between two looks at such a folder.
const PAUSE: Duration = Duration::from_millis(20);

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

/// Where requests go now.
#[derive(Debug)]
enum State {
    Here(Box<Embedded>),
    There(Box<HttpTransport>),
    Closed,
}

/// The way that one request takes.
enum Way {
    Here(Service),
    There(Box<HttpTransport>),
}

/// Where the folder's encryption keys are, if not in it: the variable of the server's setting.
const ENCRYPTION_KEYS: &str = "COSETTE_SERVE_ENCRYPTION_KEYS";

impl Folder {
    /// Opens a folder, or joins who has it.
    pub(crate) async fn open(path: &Path) -> Result<Self> {
        let state = open(path).await?;
        Ok(Self {
            path: path.to_owned(),
            state: Arc::new(Mutex::new(state)),
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The root account's keys.
    pub(crate) fn credentials(&self) -> Result<Credentials> {
        let [id, key] = ROOT_KEY_VARIABLES;
        let given = config::process_env(id).is_some();
        if !given && !self.path.join(ROOT_KEY_FILE).exists() {
            return Err(Failure::new(
                Kind::Denied,
                format!(
                    "{} is held by a server whose root key came from its environment; set {id} and {key} here too",
                    self.path.display()
                ),
            ));
        }
        let (pair, _) = root_key_pair(&self.path, config::process_env)
            .map_err(|why| Failure::new(Kind::Local, why.to_string()))?;
        Ok(Credentials::new(pair.secret_id, pair.secret_key.expose()))
    }

    /// Asks whoever has the folder for what only its owner may ask for.
    pub(crate) async fn administer(&self, request: &users::Request) -> Result<users::Reply> {
        let told = |refusal: users::Refusal| {
            let kind = match refusal.why {
                users::Why::NotFound => Kind::NotFound,
                users::Why::Exists => Kind::Precondition,
                users::Why::Wrong => Kind::Usage,
                users::Why::Failed => Kind::Failed,
            };
            Failure::new(kind, refusal.message)
        };
        let broken = |why: &dyn std::fmt::Display| Failure::new(Kind::Network, why.to_string());
        let switch = Switch {
            path: self.path.clone(),
            state: Arc::clone(&self.state),
        };
        let socket = match switch.way().await.map_err(|why| broken(&why))? {
            Way::Here(service) => return service.administer(request.clone()).await.map_err(told),
            Way::There(socket) => socket,
        };
        let asked = request.to_http::<Body>().map_err(told)?;
        let answer = socket.call(asked).await.map_err(|why| broken(&why))?;
        let body = answer.into_body().bytes(ANSWER_BYTES_MAX).await;
        users::Reply::read(&body.map_err(|why| broken(&why))?).map_err(told)
    }

    pub(crate) fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(Switch {
            path: self.path.clone(),
            state: Arc::clone(&self.state),
        })
    }

    /// Lets who joined us finish, and closes the store.
    pub(crate) async fn close(self) -> Result<()> {
        let state = std::mem::replace(&mut *self.state.lock().await, State::Closed);
        match state {
            State::Here(embedded) => {
                // Who joined us may be reading what we write: it must see the end of it first.
                crate::output::let_go_of_stdout();
                let closed = embedded.close().await;
                closed.map_err(|why| Failure::local(self.path.display(), why))
            }
            State::There(_) | State::Closed => Ok(()),
        }
    }
}

/// How a command opens a folder that nobody serves.
pub(crate) fn of_a_command() -> Config {
    Config {
        // A server of the folder may have been told that its keys are elsewhere.
        encryption_keys: config::process_env(ENCRYPTION_KEYS).map(PathBuf::from),
        // Rules are applied by who serves the folder, as its settings say: they are not known here.
        lifecycle: LifecycleSettings {
            interval: Duration::ZERO,
            ..LifecycleSettings::default()
        },
        ..Config::default()
    }
}

async fn open(path: &Path) -> Result<State> {
    let opened = Embedded::open(path, of_a_command(), None).await;
    match opened
        .map_err(|why| Failure::new(Kind::Local, format!("store in {}: {why}", path.display())))?
    {
        Opened::Here(embedded) => Ok(State::Here(embedded)),
        Opened::Elsewhere { socket } => {
            Ok(State::There(Box::new(HttpTransport::unix_socket(socket))))
        }
    }
}

/// An error for a command that needs a folder nobody else has.
pub(crate) fn refuse_held(path: &Path) -> Failure {
    let told = format!(
        "{} is in use by another process; end that one first",
        path.display()
    );
    Failure::new(Kind::Local, told)
}

/// Sends each request to wherever the folder is served now.
#[derive(Debug, Clone)]
struct Switch {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

impl Switch {
    /// The way for one request. A socket that does not answer belongs to a process that is ending or
    /// gone: then the folder is taken as soon as it is free. This is found out before the request is
    /// sent, because a body that is a stream cannot be sent twice.
    async fn way(&self) -> std::result::Result<Way, TransportError> {
        let mut waited = Duration::ZERO;
        loop {
            let there = match &*self.state.lock().await {
                State::Here(embedded) => return Ok(Way::Here(embedded.service().clone())),
                State::There(socket) => socket.clone(),
                State::Closed => return Err(TransportError::not_sent("the store is closed")),
            };
            match answers(&self.path.join(SOCKET)).await {
                Ok(()) => return Ok(Way::There(there)),
                Err(why) if waited >= HANDOVER => return Err(TransportError::not_sent(why)),
                Err(_) => self.look_again().await?,
            }
            tokio::time::sleep(PAUSE).await;
            waited += PAUSE;
        }
    }

    /// Takes the folder if it is free.
    async fn look_again(&self) -> std::result::Result<(), TransportError> {
        let mut state = self.state.lock().await;
        if matches!(*state, State::There(_)) {
            let opened = open(&self.path).await;
            *state = opened.map_err(|why| TransportError::not_sent(why.to_string()))?;
        }
        Ok(())
    }

    async fn send(
        self,
        request: Request<Body>,
    ) -> std::result::Result<Response<Body>, TransportError> {
        match self.way().await? {
            Way::Here(service) => Ok(service.call(request).await.map(Body::new)),
            Way::There(socket) => socket.call(request).await,
        }
    }
}

/// Whether somebody listens on a socket.
#[cfg(unix)]
async fn answers(socket: &Path) -> std::io::Result<()> {
    tokio::net::UnixStream::connect(socket).await.map(drop)
}

#[cfg(not(unix))]
async fn answers(_socket: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

impl Transport for Switch {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, std::result::Result<Response<Body>, TransportError>> {
        Box::pin(self.clone().send(request))
    }
}
