//! A plan as people and programs read it, before it is carried out.

use std::path::Path;

use cosette::transfer::{Entry, PlanReader, PlanSummary, Work};
use serde_json::{Value, json};

use super::preflight::Check;
use super::tally::{Counting, Prices, Tally};
use crate::failure::{Failure, Kind, Result};
use crate::name;
use crate::output::{Output, bytes};

/// What is told of a plan beside its entries.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    pub(crate) prices: Option<Prices>,
    /// What a look at the stores told, where there was one.
    pub(crate) checks: Vec<Check>,
}

/// Opens a plan that a person named. Whatever is wrong with it is wrong with a file on this machine, however it
/// came about: cut off within a line, between two, or before the first.
pub(crate) fn open(path: &Path) -> Result<PlanReader> {
    PlanReader::open(path).map_err(|why| Failure::from(why).of_kind(Kind::Local))
}

/// Prints every entry and the sum.
pub(crate) fn print(mut plan: PlanReader, beside: &Beside, output: &Output) -> Result<()> {
    let summary = plan.summary();
    if output.is_json() {
        return print_json(plan, summary, beside, output);
    }
    let mut counting = Counting::new(plan.head())?;
    while let Some((_, entry)) = plan.next_entry()? {
        counting.add(&entry);
        output.line(&line(&entry))?;
    }
    warn(&beside.checks, output);
    output.done(&sentence(summary, counting.tally, beside.prices))
}

/// Tells what would stop the plan.
pub(crate) fn warn(checks: &[Check], output: &Output) {
    for check in checks {
        if let Some(why) = check.wrong() {
            output.note(&why);
        }
    }
}

/// One value, written as it is read: a plan may be longer than memory.
fn print_json(
    mut plan: PlanReader,
    summary: PlanSummary,
    beside: &Beside,
    output: &Output,
) -> Result<()> {
    let mut counting = Counting::new(plan.head())?;
    output.raw(b"{\"plan\":[")?;
    let mut first = true;
    while let Some((_, entry)) = plan.next_entry()? {
        counting.add(&entry);
        let comma = if first { "" } else { "," };
        output.raw(format!("{comma}\n{}", fields(&entry)).as_bytes())?;
        first = false;
    }
    let mut sums = json!({
        "entries": summary.entries,
        "bytes": summary.bytes,
        "removals": summary.removals,
    });
    counting.tally.put_into(&mut sums, beside.prices);
    let checks: Vec<Value> = beside.checks.iter().map(Check::to_json).collect();
    let checks = Value::Array(checks);
    output.raw(format!("],\"summary\":{sums},\"preflight\":{checks}}}\n").as_bytes())
}

fn line(entry: &Entry) -> String {
    let (work, source) = (entry.work.name(), source(entry));
    match target(entry) {
        Some(target) => format!("{work}  {source} -> {target}  {}", bytes(entry.seen.size)),
        None => format!("{work}  {source}  {}", bytes(entry.seen.size)),
    }
}

/// An entry's source as the command line names it.
pub(crate) fn source(entry: &Entry) -> String {
    match entry.work {
        Work::Upload { .. } => entry.subject(),
        _ => name::shown(&entry.subject()),
    }
}

/// An entry's target as the command line names it.
pub(crate) fn target(entry: &Entry) -> Option<String> {
    let target = entry.target()?;
    Some(match entry.work {
        Work::Download { .. } => target,
        _ => name::shown(&target),
    })
}

pub(crate) fn fields(entry: &Entry) -> Value {
    let mut value = json!({
        "work": entry.work.name(),
        "source": source(entry),
        "size": entry.seen.size,
    });
    if let Some(object) = value.as_object_mut() {
        if let Some(target) = target(entry) {
            object.insert("target".to_owned(), json!(target));
        }
        if let Some(etag) = &entry.seen.etag {
            object.insert("etag".to_owned(), json!(etag.to_string()));
        }
        if let Some(class) = entry.seen.storage_class {
            object.insert("storageClass".to_owned(), json!(class.to_string()));
        }
    }
    value
}

/// The sum in words.
pub(crate) fn sentence(summary: PlanSummary, tally: Tally, prices: Option<Prices>) -> String {
    format!(
        "{} objects, {}, {} removals; {}",
        summary.entries,
        bytes(summary.bytes),
        summary.removals,
        tally.sentence(prices)
    )
}
