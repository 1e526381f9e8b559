//! What the server counts of itself, and how it tells it: the text format that Prometheus reads.
//!
//! All families are known when this is compiled, so they are plain atomics without a registry: to
//! count costs a few additions, and the table of families is what the manual shows.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cosette_proto::OperationName;
use cosette_store::{Histogram, HistogramView};

/// One family of numbers: its name, its kind, and what it says.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// As queries name it.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// One line.
    pub help: &'static str,
}

macro_rules! families {
    ($($ident:ident $name:literal $kind:literal $help:literal,)*) => {
        $(const $ident: Family = Family { name: $name, kind: $kind, help: $help };)*
        /// All families, in the order in which they are told.
        pub const FAMILIES: &[Family] = &[$($ident,)*];
    };
}

families! {
    REQUESTS "cosette_requests_total" "counter" "Requests answered, by operation and class of status (2xx, 4xx, …).",
    SECONDS "cosette_request_duration_seconds" "histogram" "From the arrival of a request's head to the end of its answer, by operation.",
    RECEIVED "cosette_received_bytes_total" "counter" "Bytes of request bodies that were read.",
    SENT "cosette_sent_bytes_total" "counter" "Bytes of response bodies that were sent.",
    IN_FLIGHT "cosette_requests_in_flight" "gauge" "Requests under way.",
    BODY_MEMORY "cosette_body_memory_bytes" "gauge" "Memory set aside for request bodies under way.",
    CONNECTIONS "cosette_connections" "gauge" "Open connections.",
    ACCEPTED "cosette_connections_accepted_total" "counter" "Connections that were accepted and served.",
    REFUSED "cosette_connections_refused_total" "counter" "Connections closed at once, by reason: all (too many in all), address (too many of one address), handshake (no TLS).",
    SLOW "cosette_slow_clients_total" "counter" "Clients given up because a head, a body or the taking of an answer took too long.",
    TLS_LOADED "cosette_tls_loaded_timestamp_seconds" "gauge" "When the certificate in use was read; 0 without TLS.",
    TLS_FAILED "cosette_tls_reload_failures_total" "counter" "Certificates that could not be read anew; the one before stays in use.",
    COMMITS "cosette_commit_duration_seconds" "histogram" "From a batch's beginning to its being durable.",
    BATCH "cosette_commit_batch_size" "histogram" "Transactions that one sync made durable.",
    QUEUE "cosette_commit_queue_depth" "gauge" "Transactions that wait for the committer.",
    SWEEP "cosette_sweep_backlog" "gauge" "Rows that the sweep has still to give back, up to 10000.",
    FREE "cosette_store_free_bytes" "gauge" "Bytes left on the disk that holds the store.",
    GROWTH "cosette_store_growth_allowed" "gauge" "1 while object bytes may be added, 0 when the disk is full.",
    POISONED "cosette_store_poisoned" "gauge" "1 after a failed sync: no writes until the server is started anew.",
    ROUNDS "cosette_lifecycle_rounds_total" "counter" "Rounds in which lifecycle rules were applied.",
    AGED "cosette_lifecycle_actions_total" "counter" "What they did, by action: expired (current versions), removed (earlier versions and delete markers), moved (to another class), uploads (aborted).",
    READY "cosette_ready" "gauge" "1 while /health/ready says yes.",
}

/// Upper ends of the buckets of request durations, in microseconds.
const DURATION_BOUNDS: [u64; 14] = [
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    5_000_000,
    30_000_000,
    300_000_000,
];
/// Requests that were refused before anybody knew what they ask for.
const NO_OPERATION: &str = "none";
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The numbers.
#[derive(Debug)]
pub struct Metrics {
    operations: HashMap<&'static str, OfOperation>,
    received: AtomicU64,
    sent: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) refused_all: AtomicU64,
    pub(crate) refused_address: AtomicU64,
    pub(crate) refused_handshake: AtomicU64,
    pub(crate) slow: AtomicU64,
    pub(crate) tls_loaded: AtomicU64,
    pub(crate) tls_failed: AtomicU64,
    pub(crate) lifecycle_rounds: AtomicU64,
    pub(crate) lifecycle_expired: AtomicU64,
    pub(crate) lifecycle_removed: AtomicU64,
    pub(crate) lifecycle_moved: AtomicU64,
    pub(crate) lifecycle_uploads: AtomicU64,
}

#[derive(Debug)]
struct OfOperation {
    classes: [AtomicU64; 5],
    durations: Histogram,
}

/// What is asked of others when the numbers are told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) body_memory_bytes: u64,
    pub(crate) ready: bool,
    pub(crate) store: Option<cosette_store::Health>,
    pub(crate) commits: Option<cosette_store::CommitStats>,
}

impl Default for Metrics {
    fn default() -> Self {
        let names = OperationName::ALL.iter().map(|name| name.as_str());
        let operations = names.chain([NO_OPERATION]).map(|name| {
            let fresh = OfOperation {
                classes: Default::default(),
                durations: Histogram::new(&DURATION_BOUNDS),
            };
            (name, fresh)
        });
        Self {
            operations: operations.collect(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            refused_all: AtomicU64::new(0),
            refused_address: AtomicU64::new(0),
            refused_handshake: AtomicU64::new(0),
            slow: AtomicU64::new(0),
            tls_loaded: AtomicU64::new(0),
            tls_failed: AtomicU64::new(0),
            lifecycle_rounds: AtomicU64::new(0),
            lifecycle_expired: AtomicU64::new(0),
            lifecycle_removed: AtomicU64::new(0),
            lifecycle_moved: AtomicU64::new(0),
            lifecycle_uploads: AtomicU64::new(0),
        }
    }
}

impl Metrics {
    /// One more.
    pub(crate) fn count(number: &AtomicU64) {
        number.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was answered.
    pub(crate) fn answered(&self, operation: Option<&str>, status: u16, took: Duration, sent: u64) {
        self.sent.fetch_add(sent, Ordering::Relaxed);
        let name = operation.unwrap_or(NO_OPERATION);
        let of = self
            .operations
            .get(name)
            .or_else(|| self.operations.get(NO_OPERATION));
        let Some(of) = of else { return };
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(class) = of.classes.get(class) {
            Self::count(class);
        }
        of.durations
            .observe(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Bytes of a request's body were read.
    pub(crate) fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// All numbers as text.
    pub(crate) fn told(&self, told: &Told) -> String {
        let mut text = Text(String::new());
        self.tell_requests(&mut text);
        text.plain(RECEIVED, read(&self.received));
        text.plain(SENT, read(&self.sent));
        text.plain(IN_FLIGHT, read(&self.in_flight));
        text.plain(BODY_MEMORY, told.body_memory_bytes);
        text.plain(CONNECTIONS, read(&self.connections));
        text.plain(ACCEPTED, read(&self.accepted));
        text.begin(REFUSED);
        for (reason, number) in [
            ("all", &self.refused_all),
            ("address", &self.refused_address),
            ("handshake", &self.refused_handshake),
        ] {
            text.line(REFUSED.name, &format!("reason=\"{reason}\""), read(number));
        }
        text.plain(SLOW, read(&self.slow));
        text.plain(TLS_LOADED, read(&self.tls_loaded));
        text.plain(TLS_FAILED, read(&self.tls_failed));
        if let Some(commits) = &told.commits {
            text.begin(COMMITS);
            text.histogram(COMMITS.name, "", &commits.micros, Unit::Micros);
            text.begin(BATCH);
            text.histogram(BATCH.name, "", &commits.members, Unit::Plain);
            text.plain(QUEUE, commits.queued);
        }
        if let Some(store) = &told.store {
            text.plain(SWEEP, store.sweep_backlog);
            text.plain(FREE, store.free_bytes);
            text.plain(GROWTH, u64::from(store.allows_growth));
            text.plain(POISONED, u64::from(store.is_poisoned));
        }
        text.plain(ROUNDS, read(&self.lifecycle_rounds));
        text.begin(AGED);
        for (action, number) in [
            ("expired", &self.lifecycle_expired),
            ("removed", &self.lifecycle_removed),
            ("moved", &self.lifecycle_moved),
            ("uploads", &self.lifecycle_uploads),
        ] {
            text.line(AGED.name, &format!("action=\"{action}\""), read(number));
        }
        text.plain(READY, u64::from(told.ready));
        text.0
    }

    fn tell_requests(&self, text: &mut Text) {
        let mut operations: Vec<_> = self.operations.iter().collect();
        operations.sort_unstable_by_key(|(name, _)| **name);
        text.begin(REQUESTS);
        for (name, of) in &operations {
            for (class, number) in CLASSES.iter().zip(&of.classes) {
                let number = read(number);
                // A series for each pair that never was would be most of the page.
                if number > 0 {
                    let labels = format!("operation=\"{name}\",status=\"{class}\"");
                    text.line(REQUESTS.name, &labels, number);
                }
            }
        }
        text.begin(SECONDS);
        for (name, of) in &operations {
            let durations = of.durations.view();
            if durations.count > 0 {
                let labels = format!("operation=\"{name}\"");
                text.histogram(SECONDS.name, &labels, &durations, Unit::Micros);
            }
        }
    }
}

fn read(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}

/// The page being written.
struct Text(String);

#[derive(Clone, Copy)]
enum Unit {
    Plain,
    /// Counted in microseconds, told in seconds.
    Micros,
}

impl Text {
    fn begin(&mut self, family: Family) {
        let Family { name, kind, help } = family;
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn plain(&mut self, family: Family, number: u64) {
        self.begin(family);
        self.line(family.name, "", number);
    }

    fn line(&mut self, name: &str, labels: &str, number: u64) {
        let _ = if labels.is_empty() {
            writeln!(self.0, "{name} {number}")
        } else {
            writeln!(self.0, "{name}{{{labels}}} {number}")
        };
    }

    fn histogram(&mut self, name: &str, labels: &str, view: &HistogramView, unit: Unit) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut below = 0;
        for (bound, count) in view.bounds.iter().zip(&view.counts) {
            below += count;
            let bound = in_unit(*bound, unit);
            let _ = writeln!(
                self.0,
                "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {below}"
            );
        }
        let all = view.count;
        let _ = writeln!(self.0, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {all}");
        let braces = |labels: &str| match labels {
            "" => String::new(),
            labels => format!("{{{labels}}}"),
        };
        let (labels, sum) = (braces(labels), in_unit(view.sum, unit));
        let _ = writeln!(
            self.0,
            "{name}_sum{labels} {sum}\n{name}_count{labels} {all}"
        );
    }
}

fn in_unit(number: u64, unit: Unit) -> String {
    match unit {
        Unit::Plain => number.to_string(),
        Unit::Micros => {
            let text = format!("{}.{:06}", number / 1_000_000, number % 1_000_000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_prometheus_reads() {
        let metrics = Metrics::default();
        metrics.answered(Some("PutObject"), 200, Duration::from_micros(700), 5);
        metrics.answered(Some("PutObject"), 503, Duration::from_secs(1000), 0);
        metrics.answered(None, 431, Duration::ZERO, 7);
        metrics.received(9);
        let page = metrics.told(&Told::default());
        for line in [
            "# TYPE cosette_requests_total counter",
            "cosette_requests_total{operation=\"PutObject\",status=\"2xx\"} 1",
            "cosette_requests_total{operation=\"PutObject\",status=\"5xx\"} 1",
            "cosette_requests_total{operation=\"none\",status=\"4xx\"} 1",
            "cosette_request_duration_seconds_bucket{operation=\"PutObject\",le=\"0.0005\"} 0",
            "cosette_request_duration_seconds_bucket{operation=\"PutObject\",le=\"0.001\"} 1",
            "cosette_request_duration_seconds_bucket{operation=\"PutObject\",le=\"300\"} 1",
            "cosette_request_duration_seconds_bucket{operation=\"PutObject\",le=\"+Inf\"} 2",
            "cosette_request_duration_seconds_sum{operation=\"PutObject\"} 1000.0007",
            "cosette_request_duration_seconds_count{operation=\"PutObject\"} 2",
            "cosette_received_bytes_total 9",
            "cosette_sent_bytes_total 12",
            "cosette_connections_refused_total{reason=\"address\"} 0",
        ] {
            assert!(
                page.lines().any(|told| told == line),
                "{line}\nnot in\n{page}"
            );
        }
        // A name stands once, with its kind before its numbers.
        let kinds = page.lines().filter(|line| line.starts_with("# TYPE"));
        let mut kinds: Vec<_> = kinds.collect();
        let all = kinds.len();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), all);
    }

    #[test]
    fn names_follow_the_custom() {
        for family in FAMILIES {
            assert!(family.name.starts_with("cosette_"));
            assert_eq!(
                family.kind == "counter",
                family.name.ends_with("_total"),
                "{}",
                family.name
            );
        }
    }
}
