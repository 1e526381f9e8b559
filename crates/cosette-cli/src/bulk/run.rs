//! Carries a job out and shows how far it is.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cosette::transfer::{self, Ended, Engine, Event, Job, Summary};
use cosette::{Capability, Proof};
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;

use super::options::Options;
use super::plan::Verb;
use super::{Left, Sides, review};
use crate::clock::Stopwatch;
use crate::failure::{Answer, Failure, Kind, Result};
use crate::keys::TransferKeys;
use crate::output::{Dashboard, Output, bytes};
use crate::transfer::{LENGTH_ONLY, STARTED_OVER, local};

/// Failures that the sum at the end repeats; each was told when it happened, and the journal has all.
const FAILURES_MAX: usize = 1000;
/// The least time between two progress events.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a line about what was done may wait for others: one by one they would be a tenth of the work.
const LINES_WAIT: Duration = Duration::from_millis(100);
/// Lines do not wait beyond so many bytes.
const LINES_BYTES: usize = 16 << 10;

/// What is known while a job runs.
struct Watch {
    output: Output,
    dashboard: Dashboard,
    /// Lines of the entries under way, for when they are done.
    lines: HashMap<u64, String>,
    /// Lines of what is done, to be printed together.
    done: String,
    failures: Vec<Value>,
    last: Option<Failure>,
    refused: u64,
    passed: u64,
    /// Set when our output is lost: nobody reads it any more, or there is no room for it.
    unprinted: Option<Failure>,
    told: Stopwatch,
    finished: u64,
    failed: u64,
    entries: u64,
    bytes: u64,
}

/// Runs a job to its end, to Ctrl-C, or until nothing more can be done.
///
/// `left` are sources that the plan does not have.
pub(crate) async fn run(
    sides: Sides<'_>,
    job: Job,
    keys: &TransferKeys,
    left: &Left,
    output: &Output,
) -> Result<()> {
    let options = Options::of(job.head())?;
    let verb = Verb::of(&job.head().kind).unwrap_or(Verb::Copy);
    if let Some(folder) = &options.folder {
        make_ways(job.folder(), folder)?;
    }
    let (id, folder) = (job.id().to_owned(), job.folder().to_owned());
    let target = match options.copy_delete {
        true => sides.target.any_client()?.without(Capability::Rename),
        false => sides.target.any_client()?,
    };
    let engine = options.tune(Engine::new(target));
    let engine = if sides.apart {
        engine.source_client(sides.source.any_client()?)
    } else {
        engine
    };
    let engine = keys.hand_to(engine);
    let watch = Arc::new(Mutex::new(Watch::new(output, left)));
    let seen = Arc::clone(&watch);
    let engine = engine.on_event(move |event| {
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .see(event);
    });
    let stop = engine.stop_handle();
    let mut running = std::pin::pin!(engine.run(job));
    let mut asked = false;
    let mut printing = tokio::time::interval(LINES_WAIT);
    printing.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let locked = || watch.lock().unwrap_or_else(PoisonError::into_inner);
    let ran = loop {
        tokio::select! {
            ran = &mut running => break ran,
            _ = printing.tick() => locked().print(),
            signal = tokio::signal::ctrl_c() => {
                signal.map_err(|why| Failure::local("waiting for Ctrl-C", why))?;
                locked().print();
                if asked {
                    return Err(interrupted(&id));
                }
                asked = true;
                output.note("ending what is under way; Ctrl-C again ends at once");
                stop.stop();
            }
        }
    };
    let mut watch = locked();
    watch.print();
    watch.dashboard.end();
    let unprinted = watch.unprinted.take();
    let ended = ran
        .map_err(|why| Failure::from(why).during(format!("job {id} (cosette resume {id} goes on)")))
        .and_then(|summary| {
            let keeps = verb == Verb::Move || options.all_versions;
            end(&mut watch, summary, (verb, keeps), &id, &folder)
        });
    tell(ended, unprinted, output)
}

/// Tells how a job ended. `unprinted` is why lines about what it did were lost.
fn tell(ended: Result<(String, Value)>, unprinted: Option<Failure>, output: &Output) -> Result<()> {
    match (ended, unprinted) {
        (Err(why), Some(unprinted)) => {
            if !unprinted.is_silent() {
                output.failure(&unprinted);
            }
            // What became of the job is the graver word.
            Err(why)
        }
        (Ok(_), Some(closed)) if closed.is_silent() => Err(closed),
        (Ok((text, sum)), Some(unprinted)) => Err(unprinted
            .during(format!("{text}; what was done could not be printed"))
            .with_report(sum)),
        (Ok((_, sum)), None) if output.is_json() => output.json(&sum),
        (Ok((text, _)), None) => output.done(&text),
        (Err(why), None) => Err(why),
    }
}

/// Makes the folders that downloads go to, and refuses ways out of the one that was named.
fn make_ways(job: &Path, folder: &Path) -> Result<()> {
    for entry in Job::plan_of(job)? {
        let (_, entry) = entry?;
        if let transfer::Work::Download { target, .. } = &entry.work {
            local::make_way(folder, target)?;
        }
    }
    Ok(())
}

fn interrupted(id: &str) -> Failure {
    let told = format!("interrupted; what was done is in the journal: cosette resume {id}");
    Failure::new(Kind::Interrupted, told)
}

/// The sum of a job of which all was done, in words and as JSON.
fn end(
    watch: &mut Watch,
    summary: Summary,
    (verb, keeps): (Verb, bool),
    id: &str,
    folder: &Path,
) -> Result<(String, Value)> {
    let failed = summary.failed + watch.refused;
    let skipped = summary.skipped + watch.passed;
    let sum = json!({
        "job": id,
        "done": summary.done,
        "skipped": skipped,
        "bytes": summary.bytes,
        "failed": failed,
        "failures": std::mem::take(&mut watch.failures),
    });
    if summary.stopped {
        return Err(interrupted(id).with_report(sum));
    }
    let done = verb.done();
    let skipped = match skipped {
        0 => String::new(),
        skipped => format!(", {skipped} left alone"),
    };
    if let Some(last) = watch.last.take() {
        let told = format!(
            "{} objects {done}{skipped}, {failed} failed; each failure is above. Again for those: cosette resume {id}",
            summary.done
        );
        // If nothing at all was done and only one thing failed, its kind says more.
        let alone = summary.done == 0 && failed == 1;
        let kind = if alone { last.kind() } else { Kind::Partial };
        return Err(Failure::new(kind, told).with_report(sum));
    }
    if !keeps {
        // Nothing is left to carry on, nothing to take back, and nothing to look up.
        let gone = std::fs::remove_dir_all(folder);
        gone.map_err(|why| Failure::local(folder.display(), why))?;
    }
    let text = format!(
        "{done} {} objects, {}{skipped}",
        summary.done,
        bytes(summary.bytes)
    );
    Ok((text, sum))
}

impl Watch {
    fn new(output: &Output, left: &Left) -> Self {
        let told = left.refused.iter().take(FAILURES_MAX);
        Self {
            refused: u64::try_from(left.refused.len()).unwrap_or(u64::MAX),
            passed: left.passed,
            output: output.clone(),
            dashboard: output.dashboard(),
            lines: HashMap::new(),
            done: String::new(),
            failures: told.map(Failure::to_json).collect(),
            last: left.refused.last().cloned(),
            unprinted: None,
            told: Stopwatch::start(),
            finished: 0,
            failed: 0,
            entries: 0,
            bytes: 0,
        }
    }

    fn see(&mut self, event: &Event) {
        match event {
            Event::Began {
                entries,
                bytes,
                finished_before,
                ..
            } => {
                self.entries = *entries;
                self.finished = *finished_before;
                self.dashboard.begin(*entries, *bytes, *finished_before);
            }
            Event::Started {
                entry,
                work,
                source,
                target,
                ..
            } => {
                self.lines
                    .insert(*entry, line(work, source, target.as_deref()));
            }
            Event::Advanced { bytes, .. } => self.dashboard.advance(*bytes),
            Event::Resumed {
                entry,
                started_over: true,
                ..
            } => self.remark(*entry, STARTED_OVER),
            Event::Proved {
                entry,
                proof: Proof::None,
            } => self.remark(*entry, LENGTH_ONLY),
            Event::Done { entry, size } => {
                self.finished += 1;
                self.bytes = self.bytes.saturating_add(*size);
                self.dashboard.entry();
                self.done
                    .push_str(&self.lines.remove(entry).unwrap_or_default());
                self.done.push('\n');
                if self.done.len() > LINES_BYTES {
                    self.print();
                }
            }
            Event::Skipped { entry, why } => {
                self.finished += 1;
                self.dashboard.entry();
                self.print();
                let line = self.lines.remove(entry).unwrap_or_default();
                self.output.note(&format!("{line}: {}", reason(*why)));
            }
            Event::Failed {
                entry,
                source,
                failure,
            } => {
                self.failed += 1;
                self.dashboard.failed();
                self.print();
                let line = self.lines.remove(entry);
                let failure = told(failure, line.as_deref().unwrap_or(source));
                self.dashboard.above(|| self.output.failure(&failure));
                if self.failures.len() < FAILURES_MAX {
                    self.failures.push(failure.to_json());
                }
                self.last = Some(failure);
            }
            Event::Paced {
                concurrency,
                throttled: true,
            } => {
                self.dashboard.paced(*concurrency);
            }
            _ => {}
        }
        self.progress();
    }

    /// Tells something about an entry that goes on.
    fn remark(&mut self, entry: u64, words: &str) {
        self.print();
        let line = self.lines.get(&entry).map_or("", String::as_str);
        self.output.note(&format!("{line}: {words}"));
    }

    /// Tells what was done since the last time.
    fn print(&mut self) {
        let lines = std::mem::take(&mut self.done);
        if !lines.is_empty() {
            let print = || self.output.done(lines.trim_end_matches('\n'));
            let printed = self.dashboard.above(print);
            // The job goes on, and the first failure says why.
            self.unprinted = self.unprinted.take().or(printed.err());
        }
    }

    /// For programs: how far it is, once in a while.
    fn progress(&mut self) {
        if self.told.elapsed() < PAUSE {
            return;
        }
        self.told = Stopwatch::start();
        self.output.event(&json!({
            "event": "progress",
            "finished": self.finished,
            "failed": self.failed,
            "entries": self.entries,
            "bytes": self.bytes,
        }));
    }
}

fn line(work: &str, source: &str, target: Option<&str>) -> String {
    let cos = crate::name::shown;
    match (work, target) {
        ("upload", Some(target)) => format!("{source} -> {}", cos(target)),
        ("download", Some(target)) => format!("{} -> {target}", cos(source)),
        ("mark", Some(target)) => format!("delete marker {} -> {}", cos(source), cos(target)),
        (_, Some(target)) => format!("{} -> {}", cos(source), cos(target)),
        (_, None) => format!("removed {}", cos(source)),
    }
}

const fn reason(why: transfer::Skip) -> &'static str {
    match why {
        transfer::Skip::TargetExists => "left alone: the target exists",
        transfer::Skip::SourceGone => "left alone: the source is gone",
        _ => "left alone",
    }
}

/// A failure of one entry, as this program tells failures.
pub(crate) fn told(failure: &transfer::Failure, what: &str) -> Failure {
    let kind = match failure.kind.as_str() {
        "network" | "timeout" => Kind::Network,
        "denied" => Kind::Denied,
        "no_such_bucket" | "no_such_key" | "no_such_version" | "no_such_upload" | "not_found" => {
            Kind::NotFound
        }
        "precondition_failed" | "conflict" => Kind::Precondition,
        "archived" => Kind::Archived,
        "local" => Kind::Local,
        _ => Kind::Failed,
    };
    let kind = if failure.copied { Kind::Partial } else { kind };
    let copied = if failure.copied {
        "copied, but the source is still there, and both are whole: "
    } else {
        ""
    };
    let answer = Answer {
        code: failure.code.clone(),
        message: Some(failure.message.clone()),
        request_id: failure.request_id.clone(),
        ..Answer::default()
    };
    Failure::new(kind, format!("{what}: {copied}{}", failure.message)).with_answer(answer)
}

/// Writes a line of JSON for each entry that was not done.
pub(crate) fn report(job: &Path, mut write: impl FnMut(Value) -> Result<()>) -> Result<()> {
    let mut ended = Ok(());
    Job::report(job, |_, entry, how| {
        let mut value = review::fields(entry);
        if let Some(object) = value.as_object_mut() {
            match how {
                Ended::Skipped(why) => object.insert("skipped".to_owned(), json!(reason(*why))),
                Ended::Failed(failure) => {
                    let failure = serde_json::to_value(failure).unwrap_or_default();
                    object.insert("failure".to_owned(), failure)
                }
                _ => None,
            };
        }
        if ended.is_ok() {
            ended = write(value);
        }
    })?;
    ended
}
