//! `serve` and `fsck`: the store as such.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Offer the store in a folder to COS clients on a port
#[derive(Debug, Default, Args)]
#[command(after_help = "\
When the server is ready, stdout gets one line: listening on http://ADDRESS
(https:// with TLS). Logs go to stderr. SIGTERM or Ctrl-C ends it after the requests that are under way;
SIGHUP reads the certificate and opens the access log anew.

All settings and their defaults: cosette config example. To look at a file of them: cosette config check.

The root key pair comes from COSETTE_ROOT_SECRET_ID and COSETTE_ROOT_SECRET_KEY; without them the first
start makes one and keeps it in the folder. Buckets are found by host
(examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com and the like), by own domain, as examplebucket-1250000000.localhost,
or by the first segment of the path.

--accounts names a JSON file of further accounts, readable by its owner only:
  [{\"secret_id\":\"…\",\"secret_key\":\"…\",\"owner_uin\":\"100000000002\",\"app_id\":\"1250000001\"}]
With a sub_uin other than owner_uin an entry is a sub-account of that owner.

Examples:
  cosette serve
  cosette serve --listen 127.0.0.1:0 --data ./store
  cosette serve --listen 0.0.0.0:443 --domain cos.example.com --tls-cert chain.pem --tls-key key.pem
  cosette serve --server-config /etc/cosette/server.toml --set limits.requests_max=200")]
pub(crate) struct ServeArgs {
    /// Address to listen on; port 0 picks a free one [default: 127.0.0.1:9000]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Own domain: its subdomains are buckets. May be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) domain: Vec<String>,
    /// File of further accounts
    #[arg(long, value_name = "FILE")]
    pub(crate) accounts: Option<PathBuf>,
    /// File that gets one line of JSON for each request
    #[arg(long, value_name = "FILE")]
    pub(crate) access_log: Option<PathBuf>,
    /// How the log on stderr is written [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// Certificate for TLS, with its intermediates, in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate, in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Serve other machines without TLS: behind a proxy that speaks it, or in a network of your own
    #[arg(long)]
    pub(crate) allow_plain_http: bool,
    /// Address of /metrics, /health/live and /health/ready; a port alone is one of 127.0.0.1
    #[arg(long, value_name = "ADDRESS", value_parser = crate::cmd::loopback_address)]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// File of settings [env: COSETTE_SERVER_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(crate) server_config: Option<PathBuf>,
    /// Any setting of that file. May be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object for each line
    Json,
}

/// Check every link of a store from both ends
#[derive(Debug, Args)]
#[command(after_help = "\
The store may be in use: then whoever serves it checks. Exit code 0 only if nothing is wrong.

Examples:
  cosette fsck
  cosette fsck --data ./store --read-bytes --output json")]
pub(crate) struct FsckArgs {
    /// Read every stored byte too, and compare it with its digests
    #[arg(long)]
    pub(crate) read_bytes: bool,
}

/// Read every stored byte, and name the objects that damaged ones belong to
#[derive(Debug, Args)]
#[command(after_help = "\
The store may be in use: then whoever serves it reads. Nothing is changed. Exit code 0 only if
nothing is damaged. Bytes that objects share are read once.

Examples:
  cosette scrub
  cosette scrub --data ./store --rate 50MiB --output json")]
pub(crate) struct ScrubArgs {
    /// Most bytes to read in a second, such as 50MiB; as fast as it goes unless given
    #[arg(long, value_name = "SIZE", value_parser = super::values::size)]
    pub(crate) rate: Option<u64>,
}

/// Write a whole store as one file: its backup, or the way to another machine or format
#[derive(Debug, Args)]
#[command(after_help = "\
The store may be in use: the file is what it was at one moment. Bytes that objects share are in it
once. Keys and accounts of the server are not in it.

Examples:
  cosette export -o backup.cosette
  cosette export --data ./store | ssh elsewhere cosette import -")]
pub(crate) struct ExportArgs {
    /// File to write; `-` is standard output
    #[arg(short, long = "to", value_name = "FILE", default_value = "-")]
    pub(crate) output_file: PathBuf,
}

/// Make a store of an exported file, in a folder that has none
#[derive(Debug, Args)]
#[command(after_help = "\
A file that is damaged or ends too early is refused; the folder's store then does not open, and the
folder has to go.

Examples:
  cosette import backup.cosette --data ./restored
  ssh elsewhere cosette export | cosette import - --data ./copy")]
pub(crate) struct ImportArgs {
    /// File to read; `-` is standard input
    pub(crate) file: PathBuf,
}
