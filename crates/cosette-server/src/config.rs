//! What an operator may choose.

use std::path::PathBuf;
use std::time::Duration;

use cosette_types::Region;
use cosette_types::limits::PART_BYTES_MIN;

use crate::lifecycle::LifecycleSettings;
use crate::limits::{self, Limits};

/// How a server behaves. [`Config::default`] is a server of one region without own domains.
#[derive(Debug, Clone)]
pub struct Config {
    /// Own domains: `<bucket>.<domain>` is a bucket's host, `<domain>` the service's.
    pub domains: Vec<String>,
    /// The region of buckets that are made through a host that names none.
    pub region: Region,
    /// Least size of a part that is not the last one of its upload.
    pub part_bytes_min: u64,
    /// How long a copy or a complete may take before its 200 is sent ahead of the result.
    pub keep_alive_after: Duration,
    /// The pause between two bytes that keep such an answer alive.
    pub keep_alive_every: Duration,
    /// How long a restore of an archived object takes. The bytes are on the disk all the time: this
    /// is for clients that want to see one take long.
    pub restore_delay: Duration,
    /// When lifecycle rules are applied.
    pub lifecycle: LifecycleSettings,
    /// The file with the keys of the store's own encryption; one in the store's folder if `None`.
    pub encryption_keys: Option<PathBuf>,
    /// Whether keys of customers are taken over connections without TLS from other machines.
    pub customer_keys_in_the_open: bool,
    /// A file that gets one line of JSON for each request.
    pub access_log: Option<PathBuf>,
    /// The upper bounds.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            region: default_region(),
            part_bytes_min: PART_BYTES_MIN,
            keep_alive_after: limits::KEEP_ALIVE_AFTER,
            keep_alive_every: limits::KEEP_ALIVE_EVERY,
            restore_delay: Duration::ZERO,
            lifecycle: LifecycleSettings::default(),
            encryption_keys: None,
            customer_keys_in_the_open: false,
            access_log: None,
            limits: Limits::default(),
        }
    }
}

fn default_region() -> Region {
    "ap-guangzhou"
        .parse()
        .expect("the name of a region of the documents is one")
}
