//! Many objects: several at a time, each with its own outcome, and one sum at the end.

use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};

use super::single::Done;
use crate::failure::{Failure, Kind, Result};
use crate::output::{Output, bytes};

/// Objects at a time when nothing else is said.
const PARALLEL_DEFAULT: usize = 8;
/// Failures that the sum at the end repeats; each was told when it happened.
const FAILURES_MAX: usize = 1000;

/// What became of many.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    done: u64,
    bytes: u64,
    failed: u64,
    failures: Vec<Value>,
    last: Option<Failure>,
}

impl Tally {
    fn count(&mut self, outcome: Result<Done>, output: &Output) -> Result<()> {
        match outcome {
            Ok(done) => {
                self.done += 1;
                self.bytes += done.bytes;
                output.done(&done.text)
            }
            // Nobody reads us any more: the rest need not be told either.
            Err(failure) if failure.is_silent() => Err(failure),
            Err(failure) => {
                output.failure(&failure);
                self.failed += 1;
                if self.failures.len() < FAILURES_MAX {
                    self.failures.push(failure.to_json());
                }
                self.last = Some(failure);
                Ok(())
            }
        }
    }

    /// The sum: a success if nothing failed.
    pub(crate) fn end(self, verb: &str, output: &Output) -> Result<()> {
        let sum = json!({
            "done": self.done,
            "bytes": self.bytes,
            "failed": self.failed,
            "failures": self.failures,
        });
        let Some(last) = self.last else {
            let text = format!("{verb} {} objects, {}", self.done, bytes(self.bytes));
            return if output.is_json() {
                output.json(&sum)
            } else {
                output.done(&text)
            };
        };
        let told = format!(
            "{} objects {verb}, {} failed; each failure is above",
            self.done, self.failed
        );
        // If nothing at all was done and only one thing failed, its kind says more.
        let kind = if self.done == 0 && self.failed == 1 {
            last.kind()
        } else {
            Kind::Partial
        };
        Err(Failure::new(kind, told).with_report(sum))
    }
}

/// Runs jobs, several at a time, as they come.
///
/// # Errors
/// When the jobs themselves end early (a listing that breaks), with what was done until then.
pub(crate) async fn run<J, F, O>(
    jobs: impl Stream<Item = Result<J>>,
    parallel: Option<u16>,
    output: &Output,
    run: F,
) -> Result<Tally>
where
    F: Fn(J) -> O,
    O: Future<Output = Result<Done>>,
{
    let parallel = parallel.map_or(PARALLEL_DEFAULT, usize::from);
    let run = &run;
    let outcomes = jobs.map(|job| async move {
        match job {
            Ok(job) => Ok(run(job).await),
            Err(broken) => Err(broken),
        }
    });
    let mut outcomes = std::pin::pin!(outcomes.buffer_unordered(parallel));
    let mut tally = Tally::default();
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(outcome) => tally.count(outcome, output)?,
            Err(broken) => {
                let told = format!("after {} objects", tally.done);
                let kind = if tally.done > 0 {
                    Kind::Partial
                } else {
                    broken.kind()
                };
                return Err(broken.during(told).of_kind(kind));
            }
        }
    }
    Ok(tally)
}
