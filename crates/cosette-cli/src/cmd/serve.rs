//! `serve`: the store in a folder for COS clients on a port.

use std::path::Path;
use std::time::Duration;

use cosette_server::keys::Origin;
use cosette_server::{Config, Embedded, Listener, Opened};
use tracing_subscriber::EnvFilter;

use crate::args::{Global, LogFormat, ServeArgs};
use crate::config;
use crate::connect::refuse_held;
use crate::failure::{Failure, Result};
use crate::log::LogThread;
use crate::output::Output;

/// How long a folder may be held by a command that is about to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts to have the folder.
const PAUSE: Duration = Duration::from_millis(50);
/// What is logged unless `COSETTE_LOG` says otherwise.
const LOG_DEFAULT: &str = "info";

pub(super) async fn serve(global: &Global, args: ServeArgs, output: &Output) -> Result<()> {
    // Ends, with everything written, after all else.
    let _log = log_to_stderr(args.log_format)?;
    if global.endpoint.is_some() || global.profile.is_some() {
        return Err(Failure::usage(
            "serve offers a folder; it takes --data, not --endpoint or --profile",
        ));
    }
    let folder = config::data_folder(global, &config::process_env);
    let mut server = Config {
        domains: args.domain,
        access_log: args.access_log,
        ..Config::default()
    };
    if let Some(region) = &global.region {
        server.region = region.clone();
    }
    let mut stop = Signals::listen()?;
    let mut embedded = open(&folder, server, args.accounts.as_deref()).await?;
    let listener = Listener::tcp(args.listen)
        .await
        .map_err(|why| Failure::local(format!("listening on {}", args.listen), why))?;
    let address = listener.address().unwrap_or(args.listen);
    embedded.serve_on(listener);
    tell_keys(embedded.origin());
    output.raw(format!("listening on http://{address}\n").as_bytes())?;
    stop.wait().await;
    tracing::info!("stopping: requests under way are let finish");
    embedded
        .close()
        .await
        .map_err(|why| Failure::local(folder.display(), why))
}

async fn open(folder: &Path, server: Config, accounts: Option<&Path>) -> Result<Box<Embedded>> {
    let mut waited = Duration::ZERO;
    loop {
        let opened = Embedded::open(folder, server.clone(), accounts).await;
        match opened.map_err(|why| Failure::local(format!("store in {}", folder.display()), why))? {
            Opened::Here(embedded) => return Ok(embedded),
            Opened::Elsewhere { .. } if waited >= PATIENCE => return Err(refuse_held(folder)),
            Opened::Elsewhere { .. } => {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
        }
    }
}

/// Where the root key is; never what it is.
fn tell_keys(origin: &Origin) {
    match origin {
        Origin::Environment => tracing::info!("the root key pair is the environment's"),
        Origin::File(path) => {
            tracing::info!(file = %path.display(), "the root key pair is in a file")
        }
        Origin::Made(path) => {
            tracing::info!(file = %path.display(), "a root key pair was made and is in a file");
        }
    }
}

fn log_to_stderr(format: LogFormat) -> Result<LogThread> {
    let filter = config::process_env("COSETTE_LOG").unwrap_or_else(|| LOG_DEFAULT.to_owned());
    let filter = EnvFilter::builder().parse_lossy(filter);
    let log = LogThread::start(std::io::stderr()).map_err(|why| Failure::local("the log", why))?;
    let writer = log.writer();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || writer.clone());
    match format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(log)
}

/// The signals that ask a server to stop.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// From now on they are not lost.
    #[cfg(unix)]
    fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate());
        Ok(Self {
            terminate: terminate.map_err(|why| Failure::local("SIGTERM", why))?,
        })
    }

    #[cfg(not(unix))]
    fn listen() -> Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        // Without the signal there is no way to stop but the process's end.
        let _ = tokio::signal::ctrl_c().await;
    }
}
