//! Every setting of `serve`: one row with its name, its default and what it means. The file, the
//! environment, `--set`, `config check`, `config example` and the manual all come from this table, so
//! none can say something else.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use cosette_server::{Config, Limits};
use toml::Value;

use crate::args::LogFormat;

/// What a server is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerSettings {
    pub(crate) listen: SocketAddr,
    pub(crate) allow_plain_http: bool,
    pub(crate) tls_cert: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) admin_listen: Option<SocketAddr>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) domains: Vec<String>,
    pub(crate) region: Option<String>,
    pub(crate) accounts: Option<PathBuf>,
    pub(crate) access_log: Option<PathBuf>,
    pub(crate) log_format: LogFormat,
    pub(crate) shutdown_delay: Duration,
    pub(crate) part_bytes_min: u64,
    pub(crate) encryption_keys: Option<PathBuf>,
    pub(crate) customer_keys_in_the_open: bool,
    pub(crate) lifecycle_interval: Duration,
    pub(crate) lifecycle_day_secs: u64,
    pub(crate) uploads_expire_days: u64,
    pub(crate) limits: Limits,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9000)),
            allow_plain_http: false,
            tls_cert: None,
            tls_key: None,
            admin_listen: None,
            data: None,
            domains: Vec::new(),
            region: None,
            accounts: None,
            access_log: None,
            log_format: LogFormat::default(),
            shutdown_delay: Duration::ZERO,
            part_bytes_min: Config::default().part_bytes_min,
            encryption_keys: None,
            customer_keys_in_the_open: false,
            lifecycle_interval: Config::default().lifecycle.interval,
            lifecycle_day_secs: Config::default().lifecycle.day_secs,
            uploads_expire_days: u64::from(Config::default().lifecycle.uploads_expire_days),
            limits: Limits::default(),
        }
    }
}

/// Where a value goes, and how it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Slot {
    Address(fn(&mut ServerSettings) -> &mut SocketAddr),
    /// An address, or a port alone, which is one of the loopback interface; empty for none.
    LoopbackAddress(fn(&mut ServerSettings) -> &mut Option<SocketAddr>),
    Truth(fn(&mut ServerSettings) -> &mut bool),
    File(fn(&mut ServerSettings) -> &mut Option<PathBuf>),
    Names(fn(&mut ServerSettings) -> &mut Vec<String>),
    Name(fn(&mut ServerSettings) -> &mut Option<String>),
    Format(fn(&mut ServerSettings) -> &mut LogFormat),
    /// Whole seconds.
    Secs(fn(&mut ServerSettings) -> &mut Duration),
    Number(fn(&mut ServerSettings) -> &mut u64),
    Count(fn(&mut ServerSettings) -> &mut usize),
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// As in the file; a name with a dot is in a table.
    pub(crate) name: &'static str,
    pub(crate) slot: Slot,
    /// What it means, in one line.
    pub(crate) help: &'static str,
}

macro_rules! keys {
    ($($name:literal $kind:ident $($field:ident).+ : $help:literal,)*) => {
        /// All settings, in the order of the example.
        pub(crate) const KEYS: &[Key] = &[$(Key {
            name: $name,
            slot: Slot::$kind(|settings| &mut settings.$($field).+),
            help: $help,
        },)*];
    };
}

keys! {
    "listen" Address listen: "Address to listen on; port 0 picks a free one.",
    "allow_plain_http" Truth allow_plain_http: "Whether an address that is not loopback may be served without TLS: behind a proxy that speaks TLS, or in a private network.",
    "tls_cert" File tls_cert: "Certificate and intermediates in PEM; with tls_key. Read anew when the files change and on SIGHUP.",
    "tls_key" File tls_key: "Private key of the certificate in PEM.",
    "admin_listen" LoopbackAddress admin_listen: "Address of /metrics, /health/live and /health/ready; a port alone is one of the loopback interface, empty is none.",
    "data" File data: "Folder of the store; empty is the one that the other commands use.",
    "domains" Names domains: "Own domains: <bucket>.<domain> is a bucket's host.",
    "region" Name region: "Region of buckets made through a host that names none; empty is ap-guangzhou.",
    "accounts" File accounts: "JSON file of accounts beside the root account.",
    "access_log" File access_log: "File that gets one line of JSON for each request; SIGHUP opens it anew.",
    "log_format" Format log_format: "How the log on stderr is written: text or json.",
    "shutdown_delay_secs" Secs shutdown_delay: "How long, after SIGTERM, the server goes on while it says that it is not ready.",
    "part_bytes_min" Number part_bytes_min: "Least size of a part that is not the last one of its upload.",
    "encryption_keys" File encryption_keys: "File with the keys of the store's own encryption (SSE-COS, SSE-S3), made at the first start; empty is encryption.keys in the store's folder. Without it nothing that was encrypted can be read: keep a copy elsewhere.",
    "customer_keys_in_the_open" Truth customer_keys_in_the_open: "Whether keys of customers (SSE-C) are taken over connections without TLS from other machines: only behind a proxy that speaks TLS.",
    "lifecycle_interval_secs" Secs lifecycle_interval: "The pause between two rounds in which lifecycle rules are applied; 0 makes none.",
    "lifecycle_day_secs" Number lifecycle_day_secs: "How long a day of a lifecycle rule is; other than 86400 only to see rules act.",
    "uploads_expire_days" Number uploads_expire_days: "After how many days an unfinished upload is aborted in any bucket; 0 is never.",
    "limits.head_bytes_max" Count limits.head_bytes_max: "Bytes of a request line and its headers; more is 431.",
    "limits.headers_max" Count limits.headers_max: "Headers of one request; more is 431.",
    "limits.head_read_timeout_secs" Secs limits.head_read_timeout: "From the first byte of a request until its head is whole.",
    "limits.idle_timeout_secs" Secs limits.idle_timeout: "How long a connection may wait for its next request.",
    "limits.handshake_timeout_secs" Secs limits.handshake_timeout: "How long the handshake of TLS may take.",
    "limits.connections_max" Count limits.connections_max: "Connections of one listener; more are closed at once, and with more than half of them open each is closed after its answer.",
    "limits.connections_per_address_max" Count limits.connections_per_address_max: "Connections of one client address; more are closed at once. Behind a proxy this is the proxy's; addresses of this machine have four times as many.",
    "limits.drain_timeout_secs" Secs limits.drain_timeout: "How long a stopping server waits for requests under way.",
    "limits.body_grace_secs" Secs limits.body_grace: "How long a client may keep a body waiting, in either direction, before its speed counts.",
    "limits.body_bytes_per_sec_min" Number limits.body_bytes_per_sec_min: "Slowest average speed of a body after that.",
    "limits.document_bytes_max" Count limits.document_bytes_max: "Largest document (XML) of a request; operations have bounds of their own below it.",
    "limits.requests_max" Count limits.requests_max: "Requests under way at once; more are answered 503 SlowDown.",
    "limits.body_memory_bytes_max" Count limits.body_memory_bytes_max: "Memory of all request bodies under way.",
    "limits.body_memory_wait_secs" Secs limits.body_memory_wait: "How long a request waits for its share of that; then 503 SlowDown.",
    "limits.uploads_per_bucket_max" Number limits.uploads_per_bucket_max: "Unfinished uploads of one bucket; more are answered 503 SlowDown.",
    "limits.buckets_per_account_max" Number limits.buckets_per_account_max: "Buckets of one account; more are answered 400 TooManyBuckets.",
}

impl Key {
    /// The variable of the environment that sets it.
    pub(crate) fn variable(&self) -> String {
        format!(
            "COSETTE_SERVE_{}",
            self.name.replace('.', "_").to_ascii_uppercase()
        )
    }

    /// The key of that name.
    pub(crate) fn of(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// Its value as the file writes it.
    pub(crate) fn written(&self, settings: &ServerSettings) -> String {
        let mut settings = settings.clone();
        let s = &mut settings;
        let path = |path: &Option<PathBuf>| {
            path.as_deref()
                .map(|path| path.display().to_string())
                .unwrap_or_default()
        };
        let value = match self.slot {
            Slot::Address(slot) => Value::from(slot(s).to_string()),
            Slot::LoopbackAddress(slot) => Value::from(
                slot(s)
                    .map(|address| address.to_string())
                    .unwrap_or_default(),
            ),
            Slot::Truth(slot) => Value::from(*slot(s)),
            Slot::File(slot) => Value::from(path(slot(s))),
            Slot::Names(slot) => Value::from(slot(s).clone()),
            Slot::Name(slot) => Value::from(slot(s).clone().unwrap_or_default()),
            Slot::Format(slot) => Value::from(format_name(*slot(s))),
            Slot::Secs(slot) => whole(slot(s).as_secs()),
            Slot::Number(slot) => whole(*slot(s)),
            Slot::Count(slot) => whole(*slot(s) as u64),
        };
        value.to_string()
    }

    /// Takes a value of the file.
    pub(crate) fn set(&self, settings: &mut ServerSettings, value: &Value) -> Result<(), String> {
        let text = || {
            value
                .as_str()
                .ok_or_else(|| "must be a text in quotes".to_owned())
        };
        let some_text = || text().map(|text| Some(text).filter(|text| !text.is_empty()));
        let number = || {
            let number = value
                .as_integer()
                .and_then(|number| u64::try_from(number).ok());
            number.ok_or_else(|| "must be a whole number, not below 0".to_owned())
        };
        match self.slot {
            Slot::Address(slot) => *slot(settings) = address(text()?)?,
            Slot::LoopbackAddress(slot) => {
                *slot(settings) = match (value.as_integer(), value.is_str()) {
                    (Some(_), _) => Some(loopback(number()?)?),
                    (None, _) => some_text()?.map(loopback_address).transpose()?,
                };
            }
            Slot::Truth(slot) => {
                *slot(settings) = value.as_bool().ok_or("must be true or false")?
            }
            Slot::File(slot) => *slot(settings) = some_text()?.map(PathBuf::from),
            Slot::Names(slot) => {
                let names = value
                    .as_array()
                    .ok_or("must be a list of texts, such as [\"a\", \"b\"]")?;
                let names = names.iter().map(|name| {
                    name.as_str()
                        .map(str::to_owned)
                        .ok_or("must be a list of texts")
                });
                *slot(settings) = names.collect::<Result<_, _>>()?;
            }
            Slot::Name(slot) => *slot(settings) = some_text()?.map(str::to_owned),
            Slot::Format(slot) => {
                *slot(settings) = match text()? {
                    "text" => LogFormat::Text,
                    "json" => LogFormat::Json,
                    _ => return Err("must be \"text\" or \"json\"".to_owned()),
                };
            }
            Slot::Secs(slot) => *slot(settings) = Duration::from_secs(number()?.min(SECS_MAX)),
            Slot::Number(slot) => *slot(settings) = number()?,
            Slot::Count(slot) => {
                *slot(settings) = usize::try_from(number()?).map_err(|_| "is too large")?
            }
        }
        Ok(())
    }

    /// Takes a value as the environment and the command line write it: without quotes, lists with
    /// commas.
    pub(crate) fn set_text(&self, settings: &mut ServerSettings, text: &str) -> Result<(), String> {
        let value = match self.slot {
            Slot::Truth(_) => {
                Value::from(text.parse::<bool>().map_err(|_| "must be true or false")?)
            }
            Slot::Secs(_) | Slot::Number(_) | Slot::Count(_) => Value::from(
                text.parse::<i64>()
                    .map_err(|_| "must be a whole number, not below 0")?,
            ),
            Slot::Names(_) => Value::from(
                text.split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            ),
            _ => Value::from(text),
        };
        self.set(settings, &value)
    }
}

/// A hundred years; a longer time is as good as for ever.
const SECS_MAX: u64 = 100 * 365 * 24 * 60 * 60;

fn whole(number: u64) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}

const fn format_name(format: LogFormat) -> &'static str {
    match format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "must be an address and a port, such as 127.0.0.1:9000".to_owned())
}

/// An address with its port, or a port alone.
pub(crate) fn loopback_address(text: &str) -> Result<SocketAddr, String> {
    match text.strip_prefix(':').unwrap_or(text).parse::<u64>() {
        Ok(port) => loopback(port),
        Err(_) => address(text),
    }
}

fn loopback(port: u64) -> Result<SocketAddr, String> {
    let port = u16::try_from(port).map_err(|_| "is no port".to_owned())?;
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}
