//! What was measured, for people.

use std::time::Duration;

use cosette_bench::{Histogram, Measurement, Op, Plan, Raw, Report, Role, rate};

use crate::output::{Table, bytes};

/// The quantiles that are told, of ten thousand, with their names.
pub(super) const QUANTILES: [(u64, &str); 4] = [
    (5_000, "p50"),
    (9_000, "p90"),
    (9_900, "p99"),
    (9_990, "p99.9"),
];

pub(super) fn text(report: &Report) -> String {
    let mut text = format!("{}\n\n{}", headline(&report.plan), latencies(report));
    for line in facts(report).into_iter().chain(errors(report)) {
        text.push('\n');
        text.push_str(&line);
    }
    if report.interrupted {
        text.push_str("\nended before its time");
    }
    if let Some(kept) = &report.kept {
        text.push_str(&format!(
            "\nkept; take the objects again with --reuse {kept}"
        ));
    }
    text
}

/// What was done, in one line.
pub(super) fn headline(plan: &Plan) -> String {
    let sources = match (plan.hot, plan.objects) {
        (true, _) => "one source".to_owned(),
        (false, 1) => "1 object".to_owned(),
        (false, count) => format!("{count} objects"),
    };
    let connections = match plan.concurrency {
        1 => "1 connection".to_owned(),
        many => format!("{many} connections"),
    };
    format!(
        "{}, {} each, {sources}, {connections}",
        plan.workload,
        bytes(plan.size)
    )
}

fn latencies(report: &Report) -> String {
    let mut table = Table::plain("<<>>>>>>>>");
    let head = [
        "", "", "ops", "ops/s", "MB/s", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms",
    ];
    table.row(head);
    for one in &report.measurements {
        let tally = &one.tally;
        for (op, measured) in &tally.operations {
            let name = op.to_string();
            table.row(row(one, &name, &measured.latency, measured.bytes));
        }
        if tally.operations.len() > 1 {
            let bytes = tally.operations.values().map(|one| one.bytes).sum();
            table.row(row(one, "all", &tally.latency(), bytes));
        }
    }
    table.text()
}

fn row(one: &Measurement, name: &str, latency: &Histogram, bytes: u64) -> Vec<String> {
    let elapsed = one.tally.elapsed;
    let mut cells = vec![
        one.role.as_str().to_owned(),
        name.to_owned(),
        latency.count().to_string(),
        digits(rate(latency.count(), elapsed)),
        digits(rate(bytes, elapsed) / 1e6),
    ];
    cells.extend(QUANTILES.map(|(part, _)| ms(latency.quantile(part))));
    cells.push(ms(latency.max()));
    cells
}

/// Raw limits, ratios and the process, a line each.
pub(super) fn facts(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(raw) = &report.raw {
        let sync = &raw.append_sync;
        lines.push(format!(
            "append + fdatasync of {}: p50 {} ms, p99 {} ms",
            bytes(report.plan.size.min(1 << 30)),
            ms(sync.quantile(5_000)),
            ms(sync.quantile(9_900))
        ));
        let speed = rate(raw.md5_bytes, raw.md5_time) / 1e6;
        lines.push(format!("MD5, one core: {} MB/s", digits(speed)));
    }
    for ratio in ratios(report) {
        lines.push(format!("{}: {}", ratio.what, digits(ratio.value)));
    }
    for one in &report.measurements {
        if let Some(usage) = &one.usage {
            let each = usage.processor.as_secs_f64() * 1e6 / count_of(one).max(1.0);
            lines.push(format!(
                "{}: {} us of processor for each operation, {} resident",
                one.role.as_str(),
                digits(each),
                bytes(usage.resident_bytes)
            ));
        }
    }
    lines
}

fn count_of(one: &Measurement) -> f64 {
    // Exact below 2^53, and a rate of one second is its count.
    rate(one.tally.count(), Duration::from_secs(1))
}

fn errors(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for one in &report.measurements {
        for (op, measured) in &one.tally.operations {
            for (code, count) in &measured.errors {
                lines.push(format!(
                    "{} {op}: {count} failed with {code}",
                    one.role.as_str()
                ));
            }
        }
    }
    lines
}

/// One server against another, in the same run.
pub(super) struct Ratio {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) value: f64,
}

pub(super) fn ratios(report: &Report) -> Vec<Ratio> {
    let of = |role: Role| report.measurements.iter().find(|one| one.role == role);
    let Some(server) = of(Role::Server) else {
        return Vec::new();
    };
    let p50 = |one: &Measurement| one.tally.latency().quantile(5_000).as_secs_f64();
    let mut ratios = Vec::new();
    let mut add = |name, what, value: f64| {
        if value.is_finite() {
            ratios.push(Ratio { name, what, value });
        }
    };
    if let Some(versus) = of(Role::Versus) {
        let (rates, times) = (
            server.tally.rate() / versus.tally.rate(),
            p50(server) / p50(versus),
        );
        add("rateToVs", "rate, server to vs", rates);
        add("p50ToVs", "p50, server to vs", times);
    }
    if let Some(raw) = &report.raw {
        for (name, what, value) in against_md5(report, server, raw) {
            add(name, what, value);
        }
    }
    if let Some(hello) = of(Role::Hello) {
        add(
            "rateToHello",
            "rate, server to hello",
            server.tally.rate() / hello.tally.rate(),
        );
        if let Some(raw) = &report.raw {
            let floor = raw.append_sync.quantile(5_000).as_secs_f64() + p50(hello);
            let what = "p50, server to (append + fdatasync) + hello";
            add("p50ToSyncAndHello", what, p50(server) / floor);
        }
    }
    ratios
}

/// What the bytes of PUTs and part copies would cost at best.
fn against_md5(
    report: &Report,
    server: &Measurement,
    raw: &Raw,
) -> Vec<(&'static str, &'static str, f64)> {
    let speed = rate(raw.md5_bytes, raw.md5_time);
    let bytes = server.tally.operations.values().map(|one| one.bytes).sum();
    let size = rate(report.plan.size.min(1 << 30), Duration::from_secs(1));
    match report.plan.workload.alone() {
        Some(Op::Put) => {
            let floor = raw.append_sync.quantile(5_000).as_secs_f64() + size / speed;
            let p50 = server.tally.latency().quantile(5_000).as_secs_f64();
            let what = "p50, server to (append + fdatasync) + MD5";
            vec![("p50ToSyncAndMd5", what, p50 / floor)]
        }
        Some(Op::PartCopy) => {
            let all = rate(bytes, server.tally.elapsed) / speed;
            let mut ratios = vec![("bytesToMd5", "bytes/s, server to MD5 on one core", all)];
            if let Some(usage) = &server.usage {
                let each = rate(bytes, usage.processor) / speed;
                let what = "bytes for each second of processor, server to MD5";
                ratios.push(("bytesPerCoreToMd5", what, each));
            }
            ratios
        }
        _ => Vec::new(),
    }
}

/// Milliseconds with three digits that count.
pub(super) fn ms(time: Duration) -> String {
    digits(time.as_secs_f64() * 1e3)
}

/// A number with three digits that count, or all before the point.
pub(super) fn digits(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        let shown = [12_345.6, 123.4, 12.34, 1.234, 0.1234, 0.0].map(digits);
        assert_eq!(shown, ["12346", "123", "12.3", "1.23", "0.123", "0.000"]);
        assert_eq!(ms(Duration::from_micros(1_234)), "1.23");
    }

    #[test]
    fn a_report_without_measurements_is_a_text_all_the_same() {
        let report = Report {
            plan: Plan::default(),
            measurements: Vec::new(),
            raw: None,
            interrupted: true,
            kept: Some("p/".to_owned()),
            not_cleaned: Vec::new(),
        };
        let text = text(&report);
        assert!(
            text.starts_with("mixed, 4.0 KiB each, 1000 objects, 1 connection\n"),
            "{text}"
        );
        assert!(
            text.ends_with("ended before its time\nkept; take the objects again with --reuse p/")
        );
    }
}
