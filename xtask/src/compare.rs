//! `cargo xtask compare`: the command beside coscmd, rclone and aws-cli, in one run, at one server.
//!
//! Each does the same work at the same concurrency on objects of its own. What the client process takes
//! is measured by the system (`wait4`): time on the wall, processor, most memory. A tool that takes three
//! times as long as the fastest so far is stopped, and the table says so. What was done is counted after
//! each run. The table goes into `docs/performance.md`, between its markers.

mod measure;
mod table;
mod tools;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::conformance::{self, Suite};
use crate::exec::{self, Result};
use crate::figures;
use crate::figures::serving::Serving;
use crate::report::say;
use crate::server::Folder;

use measure::{Cost, Outcome};
use tools::{Site, Tool};

/// How the task is called.
pub(crate) const USAGE: &str = "\
cargo xtask compare    cp, mv, uploads and downloads beside coscmd, rclone and aws-cli, into docs/performance.md
                       --objects N (10000)  --files N (1000)  --only TOOL,...  --binary FILE  --dry (prints only)";

/// Objects and files at a time, of every tool.
const CONCURRENCY: &str = "32";
/// No tool is stopped before this.
const LIMIT_MIN: Duration = Duration::from_secs(20);
/// The first tool of a row has no other to be compared with.
const LIMIT_FIRST: Duration = Duration::from_secs(120);
/// A tool that takes so many times as long as the fastest is stopped.
const LIMIT_TIMES: u32 = 3;
const FILE_BYTES: usize = 1 << 20;
const OBJECT_BYTES: usize = 4 << 10;
const HUGE: &str = "huge";
const HUGE_BYTES: u64 = 5 << 30;
const PART_BYTES: usize = 64 << 20;
const PREPARE_LIMIT: Duration = Duration::from_secs(300);

/// What each tool does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Copy,
    Move,
    Huge,
    Upload,
    Download,
}

impl Work {
    pub(crate) const ALL: [Self; 5] = [
        Self::Copy,
        Self::Move,
        Self::Huge,
        Self::Upload,
        Self::Download,
    ];

    /// How much faster than the fastest other one the command is to be.
    pub(crate) const fn goal(self) -> f64 {
        match self {
            Self::Copy | Self::Move | Self::Huge => 3.0,
            Self::Upload | Self::Download => 0.95,
        }
    }
}

/// One measurement.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) work: Work,
    pub(crate) tool: Tool,
    pub(crate) outcome: Outcome,
}

/// What is wanted of this run.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) objects: usize,
    pub(crate) files: usize,
    only: Vec<Tool>,
    binary: Option<PathBuf>,
    dry: bool,
}

impl Wanted {
    fn parse(words: &[&str]) -> Result<Self> {
        let mut wanted = Self {
            objects: 10_000,
            files: 1000,
            only: Tool::ALL.to_vec(),
            binary: None,
            dry: false,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .ok_or_else(|| format!("{word}: its value is missing"))
            };
            match *word {
                "--objects" => wanted.objects = value()?.parse()?,
                "--files" => wanted.files = value()?.parse()?,
                "--binary" => wanted.binary = Some(PathBuf::from(value()?)),
                "--only" => {
                    let tools = value()?.split(',').map(Tool::named);
                    wanted.only = tools.collect::<Result<_>>()?;
                }
                "--dry" => wanted.dry = true,
                other => return Err(format!("{other}: unknown\n{USAGE}").into()),
            }
        }
        Ok(wanted)
    }
}

/// Runs the task; `false` if something could not be measured.
pub(crate) fn run(words: &[&str]) -> Result<bool> {
    let wanted = Wanted::parse(words)?;
    let Some(binary) = (match wanted.binary.clone() {
        Some(binary) => Some(fs::canonicalize(binary)?),
        None => figures::build()?,
    }) else {
        return Ok(false);
    };
    say("==> install");
    conformance::install(&[Suite::Python, Suite::S3])?;
    let folder = Folder::new("compare")?;
    let serving = Serving::start(&binary, &folder.data())?;
    let site = Site::new(binary, folder.root().to_owned(), serving.endpoint.clone())?;
    let measured = prepare(&site, &wanted).and_then(|()| measure_all(&serving, &site, &wanted));
    serving.stop()?;
    // Gigabytes, whether or not it went well.
    fs::remove_dir_all(folder.root())?;
    let cells = measured?;
    let text = table::text(&wanted, &cells);
    say(&text);
    if !wanted.dry && wanted.only.len() == Tool::ALL.len() {
        table::write(&text)?;
        say("written into docs/performance.md");
    }
    Ok(cells
        .iter()
        .all(|cell| !matches!(cell.outcome, Outcome::Failed(_))))
}

/// Makes the sources.
fn prepare(site: &Site, wanted: &Wanted) -> Result<()> {
    say(format_args!(
        "==> prepare: {} objects, {} files",
        wanted.objects, wanted.files
    ));
    site.ours(&["mb", &site.cos("")])?;
    noise(&site.folder.join("small"), wanted.objects, OBJECT_BYTES)?;
    noise(&site.folder.join("files"), wanted.files, FILE_BYTES)?;
    site.ours(&["cp", "-r", "small", &site.cos("src/"), "-q"])?;
    fs::remove_dir_all(site.folder.join("small"))?;
    site.ours(&["cp", "-r", "files", &site.cos("files/"), "-q"])?;
    huge(site)
}

/// Makes an object of 5 GiB of parts that are copies of one: on our server they share their bytes.
fn huge(site: &Site) -> Result<()> {
    noise(&site.folder.join("part"), 1, PART_BYTES)?;
    site.ours(&["cp", "part/00/00000", &site.cos("part"), "-q"])?;
    let there = ["--bucket", tools::BUCKET, "--key", HUGE];
    let init = site.ours(
        &[
            &["api", "multipart-init"],
            &there[..],
            &["--output", "json"],
        ]
        .concat(),
    )?;
    let init: serde_json::Value = serde_json::from_str(&init)?;
    let id = init.pointer("/UploadId").and_then(|id| id.as_str());
    let id = id.ok_or_else(|| format!("no upload id: {init}"))?;
    let (source, mut parts) = (site.cos("part"), Vec::new());
    for number in 1..=HUGE_BYTES / PART_BYTES as u64 {
        let number = number.to_string();
        let part = [
            "--upload-id",
            id,
            "--part-number",
            &number,
            "--copy-source",
            &source,
        ];
        let words = [
            &["api", "upload-part-copy"],
            &there[..],
            &part,
            &["--output", "json"],
        ];
        let told: serde_json::Value = serde_json::from_str(&site.ours(&words.concat())?)?;
        let tag = told.pointer("/ETag").and_then(|tag| tag.as_str());
        parts.push(format!(
            "{number}:{}",
            tag.ok_or_else(|| format!("no tag: {told}"))?
        ));
    }
    let mut words = [
        &["api", "multipart-complete"],
        &there[..],
        &["--upload-id", id],
    ]
    .concat();
    for part in &parts {
        words.extend(["--part", part]);
    }
    site.ours(&words)?;
    Ok(())
}

/// Files of bytes that no tool can compress or skip.
fn noise(folder: &std::path::Path, count: usize, bytes: usize) -> Result<()> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for number in 0..count {
        let within = folder.join(format!("{:02}", number % 20));
        fs::create_dir_all(&within)?;
        let mut text = Vec::with_capacity(bytes + 8);
        while text.len() < bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.extend_from_slice(&state.to_le_bytes());
        }
        text.truncate(bytes);
        fs::write(within.join(format!("{number:05}")), text)?;
    }
    Ok(())
}

fn measure_all(serving: &Serving, site: &Site, wanted: &Wanted) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for work in Work::ALL {
        let mut best: Option<Duration> = None;
        for tool in wanted.only.iter().copied() {
            say(format_args!("==> {work:?}: {}", tool.name()));
            let limit = best.map_or(LIMIT_FIRST, |best| (best * LIMIT_TIMES).max(LIMIT_MIN));
            let command = tool.command(site, work, HUGE);
            // Who comes after a lot of writing is not to pay for it: neither the server's nor the disk's.
            serving.settle()?;
            exec::run("sync", &mut Command::new("sync"), PREPARE_LIMIT)?;
            let outcome = measure::run(site, &command, limit)?;
            let outcome = counted(site, wanted, tool, work, outcome)?;
            if let Outcome::Done(cost) = &outcome {
                best = Some(best.map_or(cost.wall, |best| best.min(cost.wall)));
            }
            say(format_args!("    {outcome}"));
            cells.push(Cell {
                work,
                tool,
                outcome,
            });
            tidy(site, tool, work)?;
        }
    }
    Ok(cells)
}

/// Whether everything is where it should be, however the tool ended.
fn counted(
    site: &Site,
    wanted: &Wanted,
    tool: Tool,
    work: Work,
    outcome: Outcome,
) -> Result<Outcome> {
    let Outcome::Done(cost) = outcome else {
        return Ok(outcome);
    };
    let there = match work {
        Work::Copy => site.count(&format!("{}-copy/", tool.name()))? == wanted.objects,
        Work::Move => {
            site.count(&format!("{}-moved/", tool.name()))? == wanted.objects
                && site.count(&format!("{}-copy/", tool.name()))? == 0
        }
        Work::Huge => site.is_huge(&format!("{}-huge", tool.name())),
        Work::Upload => site.count(&format!("{}-up/", tool.name()))? == wanted.files,
        Work::Download => files_below(&site.folder.join("down"))? == wanted.files,
    };
    Ok(match there {
        true => Outcome::Done(cost),
        false => Outcome::Failed("not all of it was done".to_owned()),
    })
}

fn files_below(folder: &std::path::Path) -> Result<usize> {
    let mut count = 0;
    if !folder.exists() {
        return Ok(0);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        count += if entry.file_type()?.is_dir() {
            files_below(&entry.path())?
        } else {
            1
        };
    }
    Ok(count)
}

/// What the next run must find, and what it must not.
fn tidy(site: &Site, tool: Tool, work: Work) -> Result<()> {
    let name = tool.name();
    match work {
        // What was stopped is filled up: the move is to have all of it.
        Work::Copy => {
            let target = site.cos(&format!("{name}-copy/"));
            site.ours(&["sync", &site.cos("src/"), &target, "-q"])?;
        }
        Work::Move | Work::Huge => {}
        Work::Upload => {
            let prefix = format!("{name}-up/");
            if site.count(&prefix)? > 0 {
                site.ours(&["rm", "-r", &site.cos(&prefix), "-q"])?;
            }
        }
        Work::Download => {
            let down = site.folder.join("down");
            if down.exists() {
                fs::remove_dir_all(down)?;
            }
        }
    }
    Ok(())
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done(Cost {
                wall,
                processor,
                memory,
            }) => write!(
                f,
                "{:.2} s, {:.2} s of processor, {} MiB",
                wall.as_secs_f64(),
                processor.as_secs_f64(),
                memory >> 20
            ),
            Self::Stopped(limit) => write!(f, "stopped after {} s", limit.as_secs()),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// A program of this machine, within a bound that only a broken run meets.
fn prepared(name: &str, command: &mut Command) -> Result<String> {
    let told = exec::run(name, command, PREPARE_LIMIT)?;
    match told.success {
        true => Ok(told.output),
        false => Err(format!("{name}: {}\n{}", told.status, told.output).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_mean_nothing_are_refused() {
        let refused = |words: &[&str]| Wanted::parse(words).unwrap_err().to_string();
        assert!(refused(&["--only", "s4cmd"]).contains("s4cmd"));
        assert!(refused(&["--objects"]).contains("missing"));
        assert!(refused(&["--fast"]).contains("unknown"));
        let wanted = Wanted::parse(&["--objects", "5", "--only", "cosette,rclone"]).unwrap();
        assert_eq!((wanted.objects, wanted.only.len()), (5, 2));
    }
}
