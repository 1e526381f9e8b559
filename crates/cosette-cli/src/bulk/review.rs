//! A plan as people and programs read it, before it is carried out.

use cosette::transfer::{Entry, PlanReader, PlanSummary, Work};
use serde_json::{Value, json};

use crate::failure::Result;
use crate::name;
use crate::output::{Output, bytes};

/// Prints every entry and the sum.
pub(crate) fn print(mut plan: PlanReader, output: &Output) -> Result<()> {
    let summary = plan.summary();
    if output.is_json() {
        return print_json(plan, summary, output);
    }
    while let Some((_, entry)) = plan.next_entry()? {
        output.line(&line(&entry))?;
    }
    output.done(&sentence(summary))
}

/// One value, written as it is read: a plan may be longer than memory.
fn print_json(mut plan: PlanReader, summary: PlanSummary, output: &Output) -> Result<()> {
    output.raw(b"{\"plan\":[")?;
    let mut first = true;
    while let Some((_, entry)) = plan.next_entry()? {
        let comma = if first { "" } else { "," };
        output.raw(format!("{comma}\n{}", fields(&entry)).as_bytes())?;
        first = false;
    }
    let sums = json!({
        "entries": summary.entries,
        "bytes": summary.bytes,
        "removals": summary.removals,
        "requests": requests(summary),
    });
    output.raw(format!("],\"summary\":{sums}}}\n").as_bytes())
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

/// At least so many requests: one look at each source, one copy, one removal. Large objects take one
/// more for each part.
const fn requests(summary: PlanSummary) -> u64 {
    summary
        .entries
        .saturating_mul(2)
        .saturating_add(summary.removals)
}

/// The sum in words.
pub(crate) fn sentence(summary: PlanSummary) -> String {
    format!(
        "{} objects, {}, {} removals; about {} requests or more",
        summary.entries,
        bytes(summary.bytes),
        summary.removals,
        requests(summary)
    )
}
