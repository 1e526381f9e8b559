//! What was measured, for programs.

use std::time::Duration;

use cosette_bench::{Histogram, Measured, Measurement, Plan, Report, rate};
use serde_json::{Map, Value, json};

use super::table::{QUANTILES, ratios};

pub(super) fn value(report: &Report) -> Value {
    let mut value = json!({
        "plan": plan(&report.plan),
        "servers": report.measurements.iter().map(server).collect::<Vec<_>>(),
        "interrupted": report.interrupted,
        "notCleaned": report.not_cleaned,
    });
    let Some(object) = value.as_object_mut() else {
        return value;
    };
    if let Some(raw) = &report.raw {
        let baseline = json!({
            "appendSync": latency(&raw.append_sync),
            "md5BytesPerSecond": rate(raw.md5_bytes, raw.md5_time),
        });
        object.insert("baseline".to_owned(), baseline);
    }
    let ratios = ratios(report).into_iter();
    let ratios: Map<String, Value> = ratios
        .map(|ratio| (ratio.name.to_owned(), json!(ratio.value)))
        .collect();
    if !ratios.is_empty() {
        object.insert("ratios".to_owned(), Value::Object(ratios));
    }
    if let Some(kept) = &report.kept {
        object.insert("kept".to_owned(), json!(kept));
    }
    value
}

fn plan(plan: &Plan) -> Value {
    json!({
        "operation": plan.workload.to_string(),
        "size": plan.size,
        "objects": plan.objects,
        "hot": plan.hot,
        "concurrency": plan.concurrency,
        "threads": plan.threads,
        "partSize": plan.part_size,
        "unaligned": plan.unaligned,
        "folded": plan.folded,
    })
}

fn server(one: &Measurement) -> Value {
    let elapsed = one.tally.elapsed;
    let operations = one.tally.operations.iter();
    let operations: Map<String, Value> = operations
        .map(|(op, measured)| (op.to_string(), operation(measured, elapsed)))
        .collect();
    let points = one.tally.timeline.points().map(|(_, count)| count);
    let mut value = json!({
        "role": one.role.as_str(),
        "endpoint": one.address,
        "seconds": elapsed.as_secs_f64(),
        "operations": operations,
        "timeline": {
            "intervalSeconds": one.tally.timeline.interval().as_secs_f64(),
            "counts": points.collect::<Vec<_>>(),
        },
    });
    if let (Some(object), Some(usage)) = (value.as_object_mut(), &one.usage) {
        let process = json!({
            "processorSeconds": usage.processor.as_secs_f64(),
            "residentBytes": usage.resident_bytes,
        });
        object.insert("process".to_owned(), process);
    }
    value
}

fn operation(measured: &Measured, elapsed: Duration) -> Value {
    let count = measured.latency.count();
    json!({
        "count": count,
        "failed": measured.failed(),
        "errors": measured.errors,
        "bytes": measured.bytes,
        "ratePerSecond": rate(count, elapsed),
        "bytesPerSecond": rate(measured.bytes, elapsed),
        "latencyMs": latency(&measured.latency),
    })
}

fn latency(latency: &Histogram) -> Value {
    let ms = |time: Duration| json!(time.as_secs_f64() * 1e3);
    let quantiles = QUANTILES.map(|(part, name)| (name, ms(latency.quantile(part))));
    let ends = [
        ("min", ms(latency.min())),
        ("mean", ms(latency.mean())),
        ("max", ms(latency.max())),
        ("count", json!(latency.count())),
    ];
    let all = quantiles.into_iter().chain(ends);
    Value::Object(all.map(|(name, value)| (name.to_owned(), value)).collect())
}
