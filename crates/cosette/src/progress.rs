//! How far a transfer is, in numbers.

use std::fmt;
use std::sync::Arc;

use cosette_types::Timestamp;

use crate::client::Client;

/// How far a transfer is. The first event has `loaded` 0, the last one `loaded == total`; no event
/// goes back behind the one before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Bytes done.
    pub loaded: u64,
    /// Bytes of the whole object.
    pub total: u64,
    /// Bytes done per second since the transfer began; what a resume found done does not count.
    pub speed: f64,
    /// The part that is done, from 0 to 1: 0.5 is half of it. 1 at the end, also of an empty object.
    pub percent: f64,
}

/// Who wants to know.
#[derive(Clone, Default)]
pub(crate) struct Report(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl Report {
    pub(crate) fn to(listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Report"
        } else {
            "no Report"
        })
    }
}

/// Counts, and tells who wants to know.
#[derive(Debug)]
pub(crate) struct Meter<'a> {
    client: &'a Client,
    report: &'a Report,
    began: Timestamp,
    loaded: u64,
    /// Done before this transfer began.
    found: u64,
    /// Unknown for a stream until its end.
    total: Option<u64>,
}

impl<'a> Meter<'a> {
    /// Begins, with an event of 0 bytes. A stream's length may not be known: then the next event is
    /// the last.
    pub(crate) fn begin(
        client: &'a Client,
        report: &'a Report,
        total: impl Into<Option<u64>>,
    ) -> Self {
        let total = total.into();
        let began = client.clock().now();
        let meter = Self {
            client,
            report,
            began,
            loaded: 0,
            found: 0,
            total,
        };
        meter.tell(0.0);
        meter
    }

    /// More bytes were found done.
    pub(crate) fn found(&mut self, bytes: u64) {
        self.found = self.found.saturating_add(bytes);
        self.add(bytes);
    }

    /// More bytes are done. The event of the last ones waits for [`Meter::finish`]: before the
    /// object is there, not everything is done.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.loaded = self.loaded.saturating_add(bytes);
        if let Some(total) = self.total.filter(|total| self.loaded < *total) {
            self.tell(self.loaded as f64 / total as f64);
        }
    }

    /// The object is there.
    pub(crate) fn finish(mut self) {
        self.loaded = *self.total.get_or_insert(self.loaded);
        self.tell(1.0);
    }

    fn tell(&self, percent: f64) {
        let Some(listener) = &self.report.0 else {
            return;
        };
        let passed = self
            .client
            .clock()
            .now()
            .micros()
            .saturating_sub(self.began.micros());
        let done = self.loaded.saturating_sub(self.found);
        let speed = if passed == 0 {
            0.0
        } else {
            done as f64 * 1e6 / passed as f64
        };
        listener(Progress {
            loaded: self.loaded,
            total: self.total.unwrap_or_default(),
            speed,
            percent,
        });
    }
}
