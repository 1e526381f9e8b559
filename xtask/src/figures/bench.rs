//! Runs of `cosette bench` against one server, and the objects that they read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Map, Value};

use super::serving::{Serving, command};
use crate::exec::{self, Result};
use crate::report::say;

const BUCKET: &str = "cos://bench-1250000000";
/// The longest of all runs: a million objects put.
const RUN_LIMIT: Duration = Duration::from_secs(3600);

/// Objects that are prepared once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Very many of 4 KiB.
    Many,
    /// One of 5 GiB, in parts of 64 MiB.
    Huge,
    /// One of 1 GiB.
    Large,
}

impl Kept {
    const ALL: [Self; 3] = [Self::Many, Self::Huge, Self::Large];

    const fn name(self) -> &'static str {
        match self {
            Self::Many => "many",
            Self::Huge => "huge",
            Self::Large => "large",
        }
    }
}

/// The server, the folder, and where the kept objects are.
#[derive(Debug)]
pub(super) struct Bench {
    binary: PathBuf,
    folder: PathBuf,
    serving: Option<Serving>,
    objects: u64,
    /// The prefixes of the kept objects.
    prefixes: Map<String, Value>,
}

/// What one run has told.
#[derive(Debug)]
pub(super) struct Told(Value);

impl Bench {
    pub(super) fn new(binary: PathBuf, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let known = fs::read_to_string(folder.join("prefixes.json")).unwrap_or_default();
        Ok(Self {
            binary,
            folder: folder.to_owned(),
            serving: None,
            objects: 0,
            prefixes: serde_json::from_str(&known).unwrap_or_default(),
        })
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Puts what is not there yet.
    pub(super) fn prepare(&mut self, objects: u64) -> Result<()> {
        self.objects = objects;
        for kept in Kept::ALL {
            let many = format!("{}-{objects}", kept.name());
            let name = if kept == Kept::Many {
                many
            } else {
                kept.name().to_owned()
            };
            if self.prefixes.contains_key(&name) {
                continue;
            }
            say(format_args!("==> preparing objects: {name}"));
            let count = objects.to_string();
            let mut words: Vec<&str> = match kept {
                Kept::Many => vec!["head", "-c", "32", "--objects", &count],
                Kept::Huge => vec!["part-copy", "--size", "5GiB", "--objects", "1"],
                Kept::Large => vec!["head", "--size", "1GiB", "--objects", "1"],
            };
            words.extend(["--count", "1", "--keep"]);
            let prefix = self
                .run(&words)?
                .0
                .get("kept")
                .cloned()
                .ok_or("nothing was kept")?;
            self.prefixes.insert(name, prefix);
            self.remember()?;
        }
        Ok(())
    }

    fn remember(&self) -> Result<()> {
        let text = serde_json::to_string(&self.prefixes)?;
        Ok(fs::write(self.folder.join("prefixes.json"), text)?)
    }

    pub(super) fn prefix(&self, kept: Kept) -> Result<String> {
        let name = match kept {
            Kept::Many => format!("many-{}", self.objects),
            other => other.name().to_owned(),
        };
        let prefix = self.prefixes.get(&name).and_then(Value::as_str);
        Ok(prefix.ok_or("no objects were kept")?.to_owned())
    }

    /// The server; started if need be.
    pub(super) fn serving(&mut self) -> Result<&Serving> {
        if self.serving.is_none() {
            self.serving = Some(Serving::start(&self.binary, &self.data())?);
        }
        self.serving.as_ref().ok_or_else(|| "no server".into())
    }

    /// Waits until the server, if there is one, is at rest.
    pub(super) fn settle(&self) -> Result<()> {
        self.serving.as_ref().map_or(Ok(()), Serving::settle)
    }

    pub(super) fn stop(&mut self) -> Result<()> {
        self.serving.take().map_or(Ok(()), Serving::stop)
    }

    /// The binary without a server, on the same folder.
    pub(super) fn alone(&mut self, words: &[&str]) -> Result<Command> {
        self.stop()?;
        let mut command = command(&self.binary);
        command.args(words).arg("--data").arg(self.data());
        Ok(command)
    }

    /// A run over the kept objects.
    pub(super) fn over(&mut self, kept: Kept, words: &[&str]) -> Result<Told> {
        let prefix = self.prefix(kept)?;
        let count = match kept {
            Kept::Many => self.objects.to_string(),
            Kept::Huge | Kept::Large => "1".to_owned(),
        };
        let size = match kept {
            Kept::Many => "4KiB",
            Kept::Huge => "5GiB",
            Kept::Large => "1GiB",
        };
        let kept = ["--reuse", &prefix, "--objects", &count, "--size", size];
        self.run(&[words, &kept].concat())
    }

    /// Any run.
    pub(super) fn run(&mut self, words: &[&str]) -> Result<Told> {
        let (endpoint, pid) = {
            let serving = self.serving()?;
            (serving.endpoint.clone(), serving.pid.to_string())
        };
        let (operation, more) = words.split_first().ok_or("no operation")?;
        let mut bench = command(&self.binary);
        bench
            .args(["bench", operation, BUCKET, "--endpoint", &endpoint])
            .args(["--process", &pid, "--output", "json", "--quiet"])
            .args(more);
        let told = exec::run("bench", &mut bench, RUN_LIMIT)?;
        if !told.success {
            return Err(format!(
                "bench {}: {}\n{}",
                words.join(" "),
                told.status,
                told.output
            )
            .into());
        }
        let line = told.output.lines().find(|line| line.starts_with('{'));
        Ok(Told(serde_json::from_str(line.unwrap_or_default())?))
    }

    /// Where raw writes are measured: the disk of the store.
    pub(super) fn baseline(&self) -> String {
        self.folder.display().to_string()
    }

    /// Removes everything below the many objects' prefix; they have to be prepared again.
    pub(super) fn remove_many(&mut self) -> Result<String> {
        let prefix = self.prefix(Kept::Many)?;
        self.prefixes.remove(&format!("many-{}", self.objects));
        self.remember()?;
        self.remove(&prefix)?;
        Ok(prefix)
    }

    /// Removes everything below a prefix.
    pub(super) fn remove(&mut self, prefix: &str) -> Result<()> {
        let endpoint = self.serving()?.endpoint.clone();
        let mut rm = command(&self.binary);
        rm.args(["rm", "-r", "--endpoint", &endpoint, "--quiet"]);
        rm.arg(format!("{BUCKET}/{prefix}"));
        let told = exec::run("rm", &mut rm, RUN_LIMIT)?;
        if told.success {
            Ok(())
        } else {
            Err(format!("rm: {}\n{}", told.status, told.output).into())
        }
    }

    /// Has the server copy or move a prefix by itself; objects in a second, until it says that it is done.
    pub(super) fn prefix_job(&mut self, kind: &str, source: &str, target: &str) -> Result<f64> {
        let endpoint = self.serving()?.endpoint.clone();
        let mut job = command(&self.binary);
        job.args(["prefix-jobs", kind, "--wait", "--endpoint", &endpoint]);
        job.args(["--output", "json"]);
        job.arg(format!("{BUCKET}/{source}"));
        job.arg(format!("{BUCKET}/{target}"));
        let told = exec::run("prefix-jobs", &mut job, RUN_LIMIT)?;
        if !told.success {
            return Err(format!("prefix-jobs: {}\n{}", told.status, told.output).into());
        }
        let line = told.output.lines().find(|line| line.starts_with('{'));
        let ended: Value = serde_json::from_str(line.unwrap_or_default())?;
        let done = ended.get("Done");
        if done.and_then(Value::as_u64) != Some(self.objects) {
            return Err(format!("not all of {} objects: {ended}", self.objects).into());
        }
        let done = done.and_then(Value::as_f64).unwrap_or_default();
        Ok(done / told.elapsed.as_secs_f64())
    }
}

impl Told {
    fn at(&self, pointer: &str) -> Result<f64> {
        let found = self.0.pointer(pointer).and_then(Value::as_f64);
        found.ok_or_else(|| format!("no {pointer} in {}", self.0).into())
    }

    fn operation(&self, of: usize, name: &str) -> Result<f64> {
        let operations = self.0.pointer(&format!("/servers/{of}/operations"));
        let one = operations
            .and_then(Value::as_object)
            .and_then(|all| all.keys().next());
        let one = one.ok_or("the run did nothing")?;
        self.at(&format!("/servers/{of}/operations/{one}/{name}"))
    }

    /// Milliseconds.
    pub(super) fn p50(&self) -> Result<f64> {
        self.operation(0, "latencyMs/p50")
    }

    /// Milliseconds.
    pub(super) fn p99(&self) -> Result<f64> {
        self.operation(0, "latencyMs/p99")
    }

    /// Operations in a second.
    pub(super) fn rate(&self) -> Result<f64> {
        self.operation(0, "ratePerSecond")
    }

    /// Bytes in a second.
    pub(super) fn bytes(&self) -> Result<f64> {
        self.operation(0, "bytesPerSecond")
    }

    /// Milliseconds of the bare server.
    pub(super) fn hello_p50(&self) -> Result<f64> {
        self.operation(1, "latencyMs/p50")
    }

    /// Operations in a second of the bare server.
    pub(super) fn hello_rate(&self) -> Result<f64> {
        self.operation(1, "ratePerSecond")
    }

    /// Milliseconds of an append and its sync.
    pub(super) fn sync_p50(&self) -> Result<f64> {
        self.at("/baseline/appendSync/p50")
    }

    /// A ratio by its name.
    pub(super) fn ratio(&self, name: &str) -> Result<f64> {
        self.at(&format!("/ratios/{name}"))
    }

    /// Processor time of the server, in seconds for each second.
    pub(super) fn cores(&self) -> Result<f64> {
        Ok(self.at("/servers/0/process/processorSeconds")? / self.at("/servers/0/seconds")?)
    }
}
