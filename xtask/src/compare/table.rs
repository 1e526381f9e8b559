//! What was measured, as a table of `docs/performance.md`.

use std::fs;

use super::measure::{Cost, Outcome};
use super::tools::Tool;
use super::{CONCURRENCY, Cell, Wanted, Work};
use crate::exec::{Result, stdout_of};
use crate::root;

const BEGIN: &str = "<!-- compare -->\n";
const END: &str = "<!-- end of compare -->";

/// A number of a run.
type Number = fn(&Cost) -> f64;

/// The table, and above it when and on what it was made.
pub(super) fn text(wanted: &Wanted, cells: &[Cell]) -> String {
    let mut text = format!("Measured {}.\n\n", circumstances());
    text.push_str("| work | | ");
    text.push_str(&Tool::ALL.map(Tool::name).join(" | "));
    text.push_str(" | ratio | goal |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for work in Work::ALL {
        let of = |tool: Tool| {
            let cell = cells
                .iter()
                .find(|cell| (cell.work, cell.tool) == (work, tool));
            cell.map(|cell| &cell.outcome)
        };
        let rows: [(&str, Number); 3] = [
            ("seconds", |cost| cost.wall.as_secs_f64()),
            ("of processor", |cost| cost.processor.as_secs_f64()),
            ("MiB", mebibytes),
        ];
        for (number, (unit, value)) in rows.into_iter().enumerate() {
            let shown = Tool::ALL.map(|tool| shown(of(tool), value, number));
            let ratio = ratio(Tool::ALL.map(|tool| of(tool).and_then(|told| done(told, value))));
            // Where all the others were stopped it is at least this.
            let least = (number == 0).then(|| at_least(Tool::ALL.map(of))).flatten();
            let (ratio, sign) = match (ratio, least) {
                (None, Some(least)) => (Some(least), "> "),
                (ratio, _) => (ratio, ""),
            };
            let (what, goal) = match number {
                0 => (words(work, wanted), format!("≥ {}", work.goal())),
                _ => (String::new(), "> 1".to_owned()),
            };
            let verdict = ratio.map_or_else(String::new, |ratio| {
                let wanted = if number == 0 { work.goal() } else { 1.0 };
                let word = if ratio >= wanted {
                    "reached"
                } else {
                    "not reached"
                };
                format!("{goal}: {word}")
            });
            let ratio = ratio.map_or_else(String::new, |ratio| format!("{sign}{ratio:.2}"));
            text.push_str(&format!(
                "| {what} | {unit} | {} | {ratio} | {verdict} |\n",
                shown.join(" | ")
            ));
        }
    }
    text.push_str(&format!(
        "\nThe ratio is the best of the others to cosette. Each tool had {CONCURRENCY} objects at a time; one that took \
         three times as long as the fastest before it was stopped (\"> 20\").\n"
    ));
    text
}

fn words(work: Work, wanted: &Wanted) -> String {
    match work {
        Work::Copy => format!("copy of a prefix, {} × 4 KiB", wanted.objects),
        Work::Move => format!("move of a prefix, {} × 4 KiB", wanted.objects),
        Work::Huge => "copy of 5 GiB".to_owned(),
        Work::Upload => format!("upload of {} × 1 MiB", wanted.files),
        Work::Download => format!("download of {} × 1 MiB", wanted.files),
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people, to a decimal")]
fn mebibytes(cost: &Cost) -> f64 {
    cost.memory as f64 / f64::from(1 << 20)
}

fn done(outcome: &Outcome, value: Number) -> Option<f64> {
    match outcome {
        Outcome::Done(cost) => Some(value(cost)),
        Outcome::Stopped(_) | Outcome::Failed(_) => None,
    }
}

fn shown(outcome: Option<&Outcome>, value: Number, row: usize) -> String {
    match outcome {
        None => String::new(),
        Some(Outcome::Done(cost)) => match value(cost) {
            large if large >= 100.0 => format!("{large:.0}"),
            small => format!("{small:.2}"),
        },
        Some(Outcome::Stopped(limit)) if row == 0 => format!("> {}", limit.as_secs()),
        Some(Outcome::Failed(why)) if row == 0 => format!("failed: {}", why.replace('|', "/")),
        Some(_) => String::new(),
    }
}

/// The least of the others to ours.
fn ratio([ours, others @ ..]: [Option<f64>; 4]) -> Option<f64> {
    let least = others.into_iter().flatten().reduce(f64::min)?;
    Some(least / ours?)
}

/// The same where the others were stopped: by when.
fn at_least([ours, others @ ..]: [Option<&Outcome>; 4]) -> Option<f64> {
    let stopped = others.into_iter().flatten().filter_map(|told| match told {
        Outcome::Stopped(limit) => Some(limit.as_secs_f64()),
        Outcome::Done(_) | Outcome::Failed(_) => None,
    });
    let ours = ours.and_then(|told| done(told, |cost| cost.wall.as_secs_f64()))?;
    Some(stopped.reduce(f64::min)? / ours)
}

/// When, of which commit, and on what.
fn circumstances() -> String {
    let told = |program: &str, words: &[&str]| {
        let told = stdout_of(
            std::process::Command::new(program)
                .args(words)
                .current_dir(root()),
        );
        told.map_or_else(|_| "?".to_owned(), |told| told.trim().to_owned())
    };
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("?", |(_, model)| model.trim());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    format!(
        "{} at {} on {} processors ({model}), load {load} at the end; the server is on the same machine",
        told("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        told("git", &["rev-parse", "--short", "HEAD"]),
        told("nproc", &[]),
    )
}

/// Puts the table into the page.
pub(super) fn write(text: &str) -> Result<()> {
    let path = root().join("docs").join("performance.md");
    let page = fs::read_to_string(&path)?;
    Ok(fs::write(path, placed(&page, text)?)?)
}

fn placed(page: &str, text: &str) -> Result<String> {
    let parts = page
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or("docs/performance.md has no place for the comparison")?;
    Ok(format!("{before}{BEGIN}{text}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_takes_the_place_of_the_last_one() {
        let page = format!("a\n{BEGIN}old\n{END}\nb\n");
        let placed = placed(&page, "new\n").unwrap();
        assert_eq!(placed, format!("a\n{BEGIN}new\n{END}\nb\n"));
        assert!(super::placed("no markers", "x").is_err());
    }

    #[test]
    fn the_ratio_is_that_of_the_best_other() {
        assert_eq!(ratio([Some(2.0), Some(8.0), Some(6.0), None]), Some(3.0));
        assert_eq!(ratio([None, Some(8.0), None, None]), None);
        let limit = |secs| Outcome::Stopped(std::time::Duration::from_secs(secs));
        let ours = Outcome::Done(Cost {
            wall: std::time::Duration::from_secs(2),
            processor: std::time::Duration::ZERO,
            memory: 0,
        });
        let (sooner, later) = (limit(20), limit(30));
        let told = [Some(&ours), Some(&sooner), Some(&later), None];
        assert_eq!(at_least(told), Some(10.0));
    }
}
