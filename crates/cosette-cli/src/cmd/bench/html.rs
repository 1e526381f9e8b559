//! What was measured, as one page: tables and plots, nothing from elsewhere, no scripts.

use std::fmt::Write as _;
use std::time::Duration;

use cosette_bench::{Histogram, Measurement, Report, rate};

use super::table::{QUANTILES, digits, facts, headline, ms};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 240.0;
/// Room for the words on the axes.
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 28.0;
const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}td,th{padding:.2rem .7rem;border-bottom:1px solid var(--line);text-align:right}
td:nth-child(-n+2),th:nth-child(-n+2){text-align:left}svg{width:100%;height:auto;overflow:visible}svg text{font-size:12px;fill:currentColor}
.axis{stroke:var(--line)}.s0{color:#2166c4}.s1{color:#c2571a}.s2{color:#5b8c2a}.plot{fill:none;stroke:currentColor;stroke-width:1.6}.key{font-weight:600}";

pub(super) fn page(report: &Report) -> String {
    let title = escape(&headline(&report.plan));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n"
    );
    page.push_str(&tables(report));
    let servers = &report.measurements;
    page.push_str("<h2>Latency</h2>\n<p>How many of the operations took longer than so many milliseconds, both axes logarithmic.</p>\n");
    page.push_str(&latency_plot(servers));
    page.push_str(
        "<h2>Operations per second</h2>\n<p>Over the time in which each server was measured.</p>\n",
    );
    page.push_str(&rate_plot(servers));
    page.push_str("<ul>\n");
    for fact in facts(report) {
        // Writing into a string cannot fail.
        let _ = writeln!(page, "<li>{}</li>", escape(&fact));
    }
    page.push_str("</ul>\n</html>\n");
    page
}

fn tables(report: &Report) -> String {
    let mut table = "<table>\n<tr><th>server<th>operation<th>ops<th>ops/s<th>MB/s".to_owned();
    for (_, name) in QUANTILES {
        let _ = write!(table, "<th>{name} ms");
    }
    table.push_str("<th>max ms<th>failed</tr>\n");
    for (at, one) in report.measurements.iter().enumerate() {
        for (op, measured) in &one.tally.operations {
            let (count, elapsed) = (measured.latency.count(), one.tally.elapsed);
            let name = format!("{} {}", one.role.as_str(), escape(&one.address));
            let _ = write!(
                table,
                "<tr><td class=\"s{at}\">{name}<td>{op}<td>{count}<td>{}<td>{}",
                digits(rate(count, elapsed)),
                digits(rate(measured.bytes, elapsed) / 1e6)
            );
            for (part, _) in QUANTILES {
                let _ = write!(table, "<td>{}", ms(measured.latency.quantile(part)));
            }
            let _ = writeln!(
                table,
                "<td>{}<td>{}</tr>",
                ms(measured.latency.max()),
                measured.failed()
            );
        }
    }
    table.push_str("</table>\n");
    table
}

/// The part of latencies that is above a time, on logarithmic axes: tails can be seen.
fn latency_plot(servers: &[Measurement]) -> String {
    let all: Vec<Histogram> = servers.iter().map(|one| one.tally.latency()).collect();
    let filled = || all.iter().filter(|one| one.count() > 0);
    let shortest = filled().map(Histogram::min).min().unwrap_or_default();
    let longest = filled().map(Histogram::max).max().unwrap_or_default();
    let most = filled().map(Histogram::count).max().unwrap_or(1);
    let x = Log::over(shortest.as_secs_f64() * 1e3, longest.as_secs_f64() * 1e3);
    let y = Log::over(1.0 / wide(most), 1.0);
    let mut svg = frame();
    for tick in x.ticks() {
        let at = LEFT + x.place(tick) * (WIDTH - LEFT);
        svg.push_str(&vertical(at, &format!("{} ms", plain(tick))));
    }
    for tick in y.ticks() {
        let at = (HEIGHT - BOTTOM) * (1.0 - y.place(tick));
        svg.push_str(&horizontal(at, &format!("{}%", plain(tick * 100.0))));
    }
    for (at, (one, latency)) in servers.iter().zip(&all).enumerate() {
        let total = wide(latency.count());
        let mut above = latency.count();
        let points = latency.buckets().map(|bucket| {
            let part = wide(above) / total;
            above = above.saturating_sub(bucket.count);
            (
                LEFT + x.place(bucket.from.as_secs_f64() * 1e3) * (WIDTH - LEFT),
                (HEIGHT - BOTTOM) * (1.0 - y.place(part)),
            )
        });
        let points: Vec<_> = points.collect();
        svg.push_str(&line(at, one, &points));
    }
    svg.push_str("</svg>\n");
    svg
}

fn rate_plot(servers: &[Measurement]) -> String {
    let series: Vec<Vec<(f64, f64)>> = servers.iter().map(rates).collect();
    let points = || series.iter().flatten();
    let end = points().map(|(at, _)| *at).fold(0.1, f64::max);
    let most = points().map(|(_, rate)| *rate).fold(1.0, f64::max);
    let mut svg = frame();
    for quarter in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let at = LEFT + quarter * (WIDTH - LEFT);
        svg.push_str(&vertical(at, &format!("{} s", digits(end * quarter))));
        let at = (HEIGHT - BOTTOM) * (1.0 - quarter);
        svg.push_str(&horizontal(at, &digits(most * quarter)));
    }
    for (at, (one, points)) in servers.iter().zip(&series).enumerate() {
        let placed = points.iter().map(|(time, rate)| {
            (
                LEFT + time / end * (WIDTH - LEFT),
                (HEIGHT - BOTTOM) * (1.0 - rate / most),
            )
        });
        svg.push_str(&line(at, one, &placed.collect::<Vec<_>>()));
    }
    svg.push_str("</svg>\n");
    svg
}

/// Time and rate of each interval; the last, which is cut, is given its true length.
fn rates(one: &Measurement) -> Vec<(f64, f64)> {
    let timeline = &one.tally.timeline;
    let points = timeline.points().map(|(at, count)| {
        let rest = one.tally.elapsed.saturating_sub(at);
        let length = timeline.interval().min(rest).max(Duration::from_millis(1));
        ((at + length / 2).as_secs_f64(), rate(count, length))
    });
    points.collect()
}

fn frame() -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\">\n",
        HEIGHT + 4.0
    )
}

fn vertical(at: f64, words: &str) -> String {
    let foot = HEIGHT - BOTTOM;
    format!(
        "<path class=\"axis\" d=\"M{at:.1} 0V{foot}\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{words}</text>\n",
        HEIGHT - 8.0
    )
}

fn horizontal(at: f64, words: &str) -> String {
    format!(
        "<path class=\"axis\" d=\"M{LEFT} {at:.1}H{WIDTH}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{words}</text>\n",
        LEFT - 6.0,
        at + 4.0
    )
}

fn line(number: usize, one: &Measurement, points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' });
    }
    let key = 16.0 * wide(u64::try_from(number).unwrap_or(0)) + 14.0;
    format!(
        "<g class=\"s{number}\"><path class=\"plot\" d=\"{path}\"/><text class=\"key\" x=\"{}\" y=\"{key}\" text-anchor=\"end\" style=\"fill:currentColor\">{}</text></g>\n",
        WIDTH - 8.0,
        one.role.as_str()
    )
}

/// A logarithmic axis over whole powers of ten.
struct Log {
    first: i32,
    last: i32,
}

impl Log {
    /// Powers from 10^-9 to 10^9 that hold both ends.
    fn over(least: f64, most: f64) -> Self {
        let powers = || -9..=9;
        let first = powers().rev().find(|power| 10_f64.powi(*power) <= least);
        let first = first.unwrap_or(-9);
        let last = powers().find(|power| 10_f64.powi(*power) >= most);
        let last = last.unwrap_or(9).max(first + 1);
        Self { first, last }
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.first..=self.last).map(|power| 10_f64.powi(power))
    }

    /// Where a value is, 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let (first, last) = (f64::from(self.first), f64::from(self.last));
        let power = value.max(f64::MIN_POSITIVE).log10();
        ((power - first) / (last - first)).clamp(0.0, 1.0)
    }
}

fn wide(count: u64) -> f64 {
    rate(count, Duration::from_secs(1))
}

/// A power of ten as people write it.
fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use cosette_bench::{Plan, Role, Tally};

    use super::*;

    #[test]
    fn a_page_needs_nothing_from_elsewhere() {
        let one = Measurement {
            role: Role::Server,
            address: "http://127.0.0.1:9000/?<script>".to_owned(),
            tally: Tally::default(),
            usage: None,
        };
        let report = Report {
            plan: Plan::default(),
            measurements: vec![one],
            raw: None,
            interrupted: false,
            kept: None,
            not_cleaned: Vec::new(),
        };
        let page = page(&report);
        assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
        for absent in ["<script", "src=", "href=", "@import", "NaN", "inf"] {
            assert!(!page.contains(absent), "{absent}");
        }
    }

    #[test]
    fn axes_hold_what_is_drawn() {
        let axis = Log::over(0.03, 42.0);
        assert_eq!((axis.first, axis.last), (-2, 2));
        assert!((axis.place(1.0) - 0.5).abs() < 1e-9);
        assert_eq!(
            axis.ticks().map(plain).collect::<Vec<_>>(),
            ["0.01", "0.1", "1", "10", "100"]
        );
        assert!(Log::over(0.0, 0.0).place(5.0) <= 1.0);
    }
}
