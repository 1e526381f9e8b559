//! `serve`: the store in a folder for COS clients on a port.

use std::path::Path;
use std::time::Duration;

use cosette_server::keys::{Origin, check_encryption_keys};
use cosette_server::tls::{Tls, TlsFiles};
use cosette_server::{Config, Embedded, LifecycleSettings, Listener, Opened, SystemClock};
use keys::ServerSettings;
use tracing_subscriber::EnvFilter;

use crate::args::{Global, LogFormat, ServeArgs};
use crate::config;
use crate::connect::refuse_held;
use crate::failure::{Failure, Result};
use crate::fields::Object;
use crate::log::LogThread;
use crate::output::Output;

pub(super) mod file;
pub(crate) mod keys;

/// How long a folder may be held by a command that is about to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts to have the folder.
const PAUSE: Duration = Duration::from_millis(50);
/// What is logged unless `COSETTE_LOG` says otherwise.
const LOG_DEFAULT: &str = "info";
/// Between two looks at the certificate's files.
const LOOK_EVERY: Duration = Duration::from_secs(10);

pub(super) async fn serve(global: &Global, args: ServeArgs, output: &Output) -> Result<()> {
    let mut settings = file::resolve(&args, global.region.as_ref(), &config::process_env)?;
    // Ends, with everything written, after all else.
    let _log = log_to_stderr(settings.log_format)?;
    if global.endpoint.is_some() || global.profile.is_some() {
        return Err(Failure::usage(
            "serve offers a folder; it takes --data, not --endpoint or --profile",
        ));
    }
    // The flag and the variable that all commands know come before the file.
    let folder = match settings.data.take() {
        Some(folder) if global.data.is_none() && config::process_env("COSETTE_DATA").is_none() => {
            folder
        }
        _ => config::data_folder(global, &config::process_env),
    };
    let mut signals = Signals::listen()?;
    let tls = tls_of(&settings)?;
    let mut embedded = open(
        &folder,
        server_config(&settings)?,
        settings.accounts.as_deref(),
    )
    .await?;
    let listener = Listener::tcp(settings.listen)
        .await
        .map_err(|why| Failure::local(format!("listening on {}", settings.listen), why))?;
    let address = listener.address().unwrap_or(settings.listen);
    let scheme = if tls.is_some() { "https" } else { "http" };
    match tls.clone() {
        Some(tls) => {
            tls.note(&Ok(true), embedded.service().metrics(), &SystemClock);
            embedded.serve_tls_on(listener, tls);
        }
        None => embedded.serve_on(listener),
    }
    serve_admin(&mut embedded, &settings).await?;
    tell_keys(embedded.origin());
    output.raw(format!("listening on {scheme}://{address}\n").as_bytes())?;
    until_stopped(&embedded, &mut signals, tls.as_ref()).await;
    if !settings.shutdown_delay.is_zero() {
        embedded.stopping();
        tracing::info!("not ready any more; stopping after a while");
        tokio::time::sleep(settings.shutdown_delay).await;
    }
    tracing::info!("stopping: requests under way are let finish");
    embedded
        .close()
        .await
        .map_err(|why| Failure::local(folder.display(), why))
}

/// Looks at a file of settings, and at the files that it names.
pub(crate) fn check(path: &Path, output: &Output) -> Result<()> {
    let mut settings = ServerSettings::default();
    file::read(path, &mut settings)?;
    file::judge(&settings)?;
    tls_of(&settings)?;
    server_config(&settings)?;
    if let Some(accounts) = &settings.accounts {
        std::fs::metadata(accounts).map_err(|why| Failure::local(accounts.display(), why))?;
    }
    // It may be made at the first start; one that is there must be one of keys.
    if let Some(keys) = &settings.encryption_keys {
        check_encryption_keys(keys).map_err(|why| Failure::usage(why.to_string()))?;
    }
    let shown = path.display().to_string();
    output.result(
        &format!("{shown}: good"),
        &Object::new().text("file", &shown).done(),
    )
}

fn server_config(settings: &ServerSettings) -> Result<Config> {
    let mut server = Config {
        domains: settings.domains.clone(),
        access_log: settings.access_log.clone(),
        part_bytes_min: settings.part_bytes_min,
        encryption_keys: settings.encryption_keys.clone(),
        customer_keys_in_the_open: settings.customer_keys_in_the_open,
        lifecycle: LifecycleSettings {
            interval: settings.lifecycle_interval,
            day_secs: settings.lifecycle_day_secs,
            uploads_expire_days: u32::try_from(settings.uploads_expire_days).unwrap_or(u32::MAX),
        },
        limits: settings.limits.clone(),
        ..Config::default()
    };
    if let Some(region) = &settings.region {
        server.region = region
            .parse()
            .map_err(|why| Failure::usage(format!("region: {why}")))?;
    }
    Ok(server)
}

fn tls_of(settings: &ServerSettings) -> Result<Option<Tls>> {
    let (Some(certificate), Some(key)) = (settings.tls_cert.clone(), settings.tls_key.clone())
    else {
        return Ok(None);
    };
    let files = TlsFiles { certificate, key };
    Tls::new(files)
        .map(Some)
        .map_err(|why| Failure::usage(format!("TLS: {why}")))
}

async fn serve_admin(embedded: &mut Embedded, settings: &ServerSettings) -> Result<()> {
    let Some(address) = settings.admin_listen else {
        return Ok(());
    };
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|why| Failure::local(format!("listening on {address}"), why))?;
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!(%address, "metrics and health are told");
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "other machines can read the metrics");
    }
    embedded.serve_admin_on(listener);
    Ok(())
}

/// Waits for the end, and looks after files that others change meanwhile.
async fn until_stopped(embedded: &Embedded, signals: &mut Signals, tls: Option<&Tls>) {
    let (service, clock) = (embedded.service(), SystemClock);
    loop {
        #[cfg(unix)]
        let terminated = Signals::terminated(&mut signals.terminate);
        #[cfg(not(unix))]
        let terminated = Signals::terminated();
        let asked = tokio::select! {
            () = terminated => return,
            () = signals.hang_up.recv() => true,
            () = tokio::time::sleep(LOOK_EVERY), if tls.is_some() => false,
        };
        if asked {
            service.reopen_access_log();
        }
        if let Some(tls) = tls {
            let read = if asked {
                tls.reload().map(|()| true)
            } else {
                tls.reload_if_changed()
            };
            tls.note(&read, service.metrics(), &clock);
        }
    }
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

/// The signals that a server listens to.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    hang_up: HangUp,
}

/// The one that asks for files to be read anew.
struct HangUp {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl HangUp {
    #[cfg(unix)]
    async fn recv(&mut self) {
        self.signal.recv().await;
    }

    #[cfg(not(unix))]
    async fn recv(&mut self) {
        std::future::pending().await
    }
}

impl Signals {
    /// From now on they are not lost.
    #[cfg(unix)]
    fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen =
            |kind: SignalKind, name: &str| signal(kind).map_err(|why| Failure::local(name, why));
        Ok(Self {
            terminate: listen(SignalKind::terminate(), "SIGTERM")?,
            hang_up: HangUp {
                signal: listen(SignalKind::hangup(), "SIGHUP")?,
            },
        })
    }

    #[cfg(not(unix))]
    fn listen() -> Result<Self> {
        Ok(Self { hang_up: HangUp {} })
    }

    #[cfg(unix)]
    async fn terminated(terminate: &mut tokio::signal::unix::Signal) {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }

    #[cfg(not(unix))]
    async fn terminated() {
        // Without the signal there is no way to stop but the process's end.
        let _ = tokio::signal::ctrl_c().await;
    }
}
