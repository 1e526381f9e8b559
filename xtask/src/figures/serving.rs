//! The release build as a server, for as long as figures are measured.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use crate::exec::{self, Result};

/// Keys that mean nothing elsewhere.
pub(crate) const SECRET_ID: &str = "AKIDfigures";
pub(crate) const SECRET_KEY: &str = "figures-secret-key";
/// How long a server may take to end: it writes out what it holds in memory.
const STOP_LIMIT: Duration = Duration::from_secs(180);

/// How long it may go on working after a line.
const SETTLING_SECONDS_MAX: u32 = 900;
/// Hundredths of a second of processor time, within a second, that are no work.
const IDLE_TICKS: u64 = 3;

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) endpoint: String,
    pub(crate) pid: u32,
    ended: Receiver<std::io::Result<ExitStatus>>,
    stopped: bool,
}

/// The binary, with the keys of the server and of those who ask it.
pub(crate) fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for who in ["COSETTE_ROOT", "COSETTE"] {
        command.env(format!("{who}_SECRET_ID"), SECRET_ID);
        command.env(format!("{who}_SECRET_KEY"), SECRET_KEY);
    }
    command
}

impl Serving {
    /// Serves `data`; the log goes into a file beside it.
    pub(crate) fn start(binary: &Path, data: &Path) -> Result<Self> {
        let log = fs::File::create(data.with_extension("log"))?;
        let mut child = command(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let pid = child.id();
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let endpoint = line.trim_end().strip_prefix("listening on ");
        Ok(Self {
            endpoint: endpoint.ok_or("the server did not start")?.to_owned(),
            pid,
            ended: exec::wait_aside(child),
            stopped: false,
        })
    }

    /// Its memory by the name that the system has for it (`VmRSS`, `VmHWM`), in bytes.
    pub(crate) fn memory(&self, name: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|text| text.trim().strip_suffix(" kB"));
        let kib: f64 = kib.ok_or("no such figure of the process")?.parse()?;
        Ok(kib * 1024.0)
    }

    /// Waits until it has nothing left to do of what the last line made and removed.
    pub(crate) fn settle(&self) -> Result<()> {
        let mut before = self.ticks()?;
        for _ in 0..SETTLING_SECONDS_MAX {
            wait_a_second();
            let now = self.ticks()?;
            if now.saturating_sub(before) <= IDLE_TICKS {
                return Ok(());
            }
            before = now;
        }
        Err("the server does not come to rest".into())
    }

    /// The time of processors that it has taken, in hundredths of a second.
    fn ticks(&self) -> Result<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // Behind the name, which is the only field that may hold a space.
        let (_, fields) = stat.rsplit_once(')').ok_or("no facts of the process")?;
        let times = fields.split_whitespace().skip(11).take(2);
        let times: Vec<u64> = times
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()?;
        Ok(times.iter().sum())
    }

    pub(crate) fn stop(mut self) -> Result<()> {
        exec::terminate(self.pid)?;
        let status = exec::ended_within(&self.ended, self.pid, STOP_LIMIT)?;
        self.stopped = true;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the server ended with {status}").into())
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the system tells nobody when a process is at rest"
)]
fn wait_a_second() {
    thread::sleep(Duration::from_secs(1));
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.stopped {
            // The run has failed already; what matters is that nothing is left behind.
            let _ = exec::ended_within(&self.ended, self.pid, Duration::ZERO);
        }
    }
}
