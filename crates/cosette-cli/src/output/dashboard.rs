//! How far a job is: one line at the foot of a terminal, with objects, bytes, rate and time left.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::bytes;

/// The line; without a terminal, nothing.
#[derive(Debug, Clone)]
pub(crate) struct Dashboard {
    bar: Option<ProgressBar>,
    failed: u64,
    bytes: u64,
    bytes_all: u64,
    pace: Option<usize>,
}

impl Dashboard {
    pub(super) fn new(shown: bool) -> Self {
        let bar = shown.then(|| {
            let form = "[{bar:24}] {human_pos}/{human_len} objects, {per_sec}, {eta} left{msg}";
            let style = ProgressStyle::with_template(form).expect("the template is well-formed");
            let bar = ProgressBar::no_length().with_style(style.progress_chars("=> "));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self {
            bar,
            failed: 0,
            bytes: 0,
            bytes_all: 0,
            pace: None,
        }
    }

    /// The job begins, with so much done before.
    pub(crate) fn begin(&mut self, entries: u64, bytes_all: u64, finished: u64) {
        self.bytes_all = bytes_all;
        if let Some(bar) = &self.bar {
            bar.set_length(entries);
            bar.set_position(finished);
            bar.reset_eta();
        }
        self.tell();
    }

    /// More bytes arrived.
    pub(crate) fn advance(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.tell();
    }

    /// One more object is finished.
    pub(crate) fn entry(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// One more failed.
    pub(crate) fn failed(&mut self) {
        self.failed += 1;
        self.tell();
    }

    /// The service asked for less.
    pub(crate) fn paced(&mut self, concurrency: usize) {
        self.pace = Some(concurrency);
        self.tell();
    }

    /// Prints something above the line.
    pub(crate) fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn tell(&self) {
        let Some(bar) = &self.bar else { return };
        let mut text = String::new();
        if self.bytes > 0 {
            text.push_str(&format!(
                ", {} of {}",
                bytes(self.bytes),
                bytes(self.bytes_all)
            ));
        }
        if self.failed > 0 {
            text.push_str(&format!(", {} failed", self.failed));
        }
        if let Some(pace) = self.pace {
            text.push_str(&format!(", slowed to {pace} at a time"));
        }
        bar.set_message(text);
    }
}
