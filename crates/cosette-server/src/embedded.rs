//! The store of a folder, served in this process and on a socket in the folder.
//!
//! A folder is held by one process at a time. Who holds it listens on its socket, so that a second
//! command joins the first one instead of failing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use cosette_store::extents::folder::{FolderLock, LockError};
use cosette_store::{ENCRYPTION_KEY_ROWS, Options, Store, SystemClock};
use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::admin;
use crate::admin_http::serve_admin;
use crate::auth::Accounts;
use crate::body::{Body, BoxError};
use crate::config::Config;
use crate::keys::{self, KeyPair, KeysError, Origin};
use crate::listen::{Listener, Stop, Stopper, serve, serve_tls, stopper};
use crate::service::Service;
use crate::tls::Tls;
use crate::users;

/// Name of the socket in a store's folder.
pub const SOCKET: &str = "cosette.sock";

/// A folder's store, being served.
#[derive(Debug)]
pub struct Embedded {
    service: Service,
    store: Store,
    root: KeyPair,
    origin: Origin,
    stopper: Stopper,
    stop: Stop,
    serving: Vec<JoinHandle<()>>,
    /// Who asks how we are is answered to the end.
    admin: (Stopper, Stop, Vec<JoinHandle<()>>),
}

/// What came of opening a folder.
#[derive(Debug)]
pub enum Opened {
    /// It is ours now.
    Here(Box<Embedded>),
    /// Another process has it, and answers at this socket.
    Elsewhere {
        /// Where to connect.
        socket: PathBuf,
    },
}

/// Why a folder's store cannot be served.
#[derive(Debug)]
pub enum OpenError {
    /// The folder itself.
    Folder(LockError),
    /// What is in it.
    Store(cosette_store::Error),
    /// The keys.
    Keys(KeysError),
    /// The socket or the access log.
    Io(PathBuf, std::io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Keys(error) => error.fmt(f),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for OpenError {}

impl Embedded {
    /// Opens the store in `folder`, or finds out who has it. `accounts` names a file of accounts
    /// beside the root account, whose keys come from the environment or from the folder.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(
        folder: &Path,
        config: Config,
        accounts: Option<&Path>,
    ) -> Result<Opened, OpenError> {
        let socket = folder.join(SOCKET);
        // Makes the folder, and tells "held" from other failures; the store takes the lock itself.
        match FolderLock::acquire(folder) {
            Ok(free) => drop(free),
            Err(LockError::Held) => return Ok(Opened::Elsewhere { socket }),
            Err(error) => return Err(OpenError::Folder(error)),
        }
        let (root, origin) = keys::root_key_pair(folder, |name| std::env::var(name).ok())
            .map_err(OpenError::Keys)?;
        let accounts = keys::accounts(&root, accounts).map_err(OpenError::Keys)?;
        let seal = keys::seal_key(folder).map_err(OpenError::Keys)?;
        let accounts = accounts.sealed_with(seal);
        let keys_file = config.encryption_keys.clone();
        let keys_file = keys_file.unwrap_or_else(|| folder.join(keys::ENCRYPTION_KEYS_FILE));
        let known = keys::encryption_keys(&keys_file).map_err(OpenError::Keys)?;
        let made = known.is_some();
        let encryption_keys = Arc::new(known.unwrap_or_default());
        let options = Options {
            part_bytes_min: config.part_bytes_min,
            encryption_keys: Arc::clone(&encryption_keys),
            ..Options::default()
        };
        let store = match Store::open(folder, options).await {
            Ok(store) => store,
            // Somebody may have been faster.
            Err(error) => {
                return match FolderLock::acquire(folder) {
                    Err(LockError::Held) => Ok(Opened::Elsewhere { socket }),
                    _ => Err(OpenError::Store(error)),
                };
            }
        };
        if !made {
            let used = store.directory_rows(ENCRYPTION_KEY_ROWS.as_bytes()).await;
            let used = used.map_err(OpenError::Store)?;
            if used.is_empty() {
                let new = keys::make_encryption_keys(&keys_file).map_err(OpenError::Keys)?;
                encryption_keys.replace(new.unwrap_or_default());
            } else {
                // Everything else is served; what needs a key says which one it misses.
                tracing::error!(
                    file = %keys_file.display(), keys = used.len(),
                    "the file of the encryption keys is gone: bring it back from a backup"
                );
            }
        }
        Self::start(store, accounts, config, &socket, root, origin).await
    }

    async fn start(
        store: Store,
        accounts: Accounts,
        config: Config,
        socket: &Path,
        root: KeyPair,
        origin: Origin,
    ) -> Result<Opened, OpenError> {
        let log = config.access_log.clone().unwrap_or_default();
        let service = Service::new(store.clone(), accounts, config, Arc::new(SystemClock))
            .await
            .map_err(|error| OpenError::Io(log, error))?;
        let ((stopper, stop), (admin_stopper, admin_stop)) = (stopper(), stopper());
        let mut embedded = Self {
            service,
            store,
            root,
            origin,
            stopper,
            stop,
            serving: Vec::new(),
            admin: (admin_stopper, admin_stop, Vec::new()),
        };
        match Listener::unix(socket) {
            Ok(listener) => embedded.serve_on(listener),
            // Alone it works as well; only nobody can join.
            Err(error) => tracing::warn!(socket = %socket.display(), %error, "no socket"),
        }
        Ok(Opened::Here(Box::new(embedded)))
    }

    /// Serves on one more socket, until [`Embedded::close`].
    pub fn serve_on(&mut self, listener: Listener) {
        let serving = serve(listener, self.service.clone(), self.stop.clone());
        self.serving.push(tokio::spawn(serving));
    }

    /// As [`Embedded::serve_on`], over TLS.
    pub fn serve_tls_on(&mut self, listener: Listener, tls: Tls) {
        let serving = serve_tls(listener, self.service.clone(), self.stop.clone(), tls);
        self.serving.push(tokio::spawn(serving));
    }

    /// Answers what operators ask on one more socket, until all requests are answered.
    pub fn serve_admin_on(&mut self, listener: TcpListener) {
        let (_, stop, serving) = &mut self.admin;
        let admin = serve_admin(listener, self.service.clone(), stop.clone());
        serving.push(tokio::spawn(admin));
    }

    /// From now on this server says that it is not ready, and goes on serving.
    pub fn stopping(&self) {
        self.service.stopping();
    }

    /// Answers a request without a socket.
    pub async fn call<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.service.call(request).await
    }

    /// Answers a request about maintenance, as the socket in the folder does; see [`crate::admin`].
    pub async fn administer<B>(&self, request: &Request<B>) -> Response<Body> {
        admin::answer(&self.store, request).await
    }

    /// Does what an operator asks for: users, their keys and policies.
    ///
    /// # Errors
    /// When it was not done, with words that say why.
    pub async fn administer_users(
        &self,
        request: users::Request,
    ) -> Result<users::Reply, users::Refusal> {
        self.service.administer(request).await
    }

    /// The service, to be called without a socket.
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// The root account's keys.
    pub const fn root(&self) -> &KeyPair {
        &self.root
    }

    /// Where the root account's keys came from.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The store, for maintenance.
    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// Stops listening, lets requests under way end, and closes the store.
    ///
    /// # Errors
    /// When the store cannot finish what is under way in the background.
    pub async fn close(self) -> Result<(), cosette_store::Error> {
        self.stopper.stop();
        for serving in self.serving {
            // A task that panicked has nothing more to finish.
            let _ = serving.await;
        }
        self.service.end_jobs().await;
        let closed = self.store.close().await;
        let (stopper, _, serving) = self.admin;
        stopper.stop();
        for serving in serving {
            let _ = serving.await;
        }
        closed
    }
}
