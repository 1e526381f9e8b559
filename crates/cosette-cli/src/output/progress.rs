//! How far a transfer is: a bar on a terminal, JSON lines for programs, or nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

pub(crate) use cosette::Progress as Step;

use crate::clock::Stopwatch;

/// Shows steps. Clones show the same transfer.
#[derive(Debug, Clone)]
pub(crate) struct Progress(Shown);

#[derive(Debug, Clone)]
enum Shown {
    Nothing,
    Bar(ProgressBar),
    Events(Arc<Events>),
}

#[derive(Debug)]
struct Events {
    what: String,
    /// When the last event was printed.
    last: Mutex<Option<Stopwatch>>,
}

/// The least time between two events; the first and the last are always printed.
const PAUSE: Duration = Duration::from_millis(100);

impl Progress {
    pub(super) fn silent() -> Self {
        Self(Shown::Nothing)
    }

    pub(super) fn bar(what: &str) -> Self {
        let form = "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        let style = ProgressStyle::with_template(form).expect("the template is well-formed");
        let bar = ProgressBar::no_length().with_style(style.progress_chars("=> "));
        bar.set_message(what.to_owned());
        Self(Shown::Bar(bar))
    }

    pub(super) fn events(what: &str) -> Self {
        Self(Shown::Events(Arc::new(Events {
            what: what.to_owned(),
            last: Mutex::new(None),
        })))
    }

    /// Shows a step.
    pub(crate) fn step(&self, step: Step) {
        match &self.0 {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                bar.set_length(step.total);
                bar.set_position(step.loaded);
            }
            Shown::Events(events) => events.print(step),
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Shown::Bar(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Events {
    fn print(&self, step: Step) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let soon = last.is_some_and(|last| last.elapsed() < PAUSE);
        if soon && step.loaded < step.total {
            return;
        }
        *last = Some(Stopwatch::start());
        super::write_stderr(
            &json!({
                "event": "progress",
                "what": self.what,
                "loaded": step.loaded,
                "total": step.total,
                "speed": step.speed,
                "percent": step.percent,
            })
            .to_string(),
        );
    }
}
