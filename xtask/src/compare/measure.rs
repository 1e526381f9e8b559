//! One run of one tool, and what its process took.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::tools::Site;
use crate::exec::{self, Result};

/// Starts a program, waits for it, and tells what the system counted. Nothing in the standard library
/// gives that to us; Python is there for the other tools anyway. The memory is at least what the
/// interpreter itself has when it starts the program, some 10 MiB.
const WAIT: &str = "\
import json, os, signal, subprocess, sys, time
told, log, limit = sys.argv[1], sys.argv[2], float(sys.argv[3])
started = time.monotonic()
with open(log, 'wb') as out:
    child = subprocess.Popen(sys.argv[4:], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
stopped = []
def stop(*_):
    stopped.append(True)
    child.kill()
signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, limit)
_, status, usage = os.wait4(child.pid, 0)
json.dump({'wall': time.monotonic() - started, 'processor': usage.ru_utime + usage.ru_stime,
           'memory': usage.ru_maxrss * 1024, 'stopped': bool(stopped),
           'code': os.waitstatus_to_exitcode(status)}, open(told, 'w'))
";

/// What a client process took.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
    /// Bytes, at most.
    pub(crate) memory: u64,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done(Cost),
    /// It took too long to be in the running.
    Stopped(Duration),
    Failed(String),
}

/// Runs `command` for at most `limit`.
pub(super) fn run(site: &Site, command: &Command, limit: Duration) -> Result<Outcome> {
    let (told, log) = (site.folder.join("told.json"), site.folder.join("tool.log"));
    let mut python = Command::new("python3");
    python
        .args(["-I", "-S", "-c", WAIT])
        .args([&told, &log])
        .arg(limit.as_secs_f64().to_string())
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(&site.folder);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => python.env(name, value),
            None => python.env_remove(name),
        };
    }
    let waited = exec::run("tool", &mut python, limit + Duration::from_secs(60))?;
    if !waited.success {
        return Err(format!("waiting for a tool: {}", waited.output).into());
    }
    let told: Value = serde_json::from_str(&fs::read_to_string(&told)?)?;
    let number = |name: &str| told.get(name).and_then(Value::as_f64).unwrap_or_default();
    if told.get("stopped") == Some(&Value::Bool(true)) {
        return Ok(Outcome::Stopped(limit));
    }
    if number("code") != 0.0 {
        let log = fs::read_to_string(&log).unwrap_or_default();
        let last = log.lines().rev().find(|line| !line.trim().is_empty());
        let code = number("code");
        return Ok(Outcome::Failed(format!(
            "exit code {code}: {}",
            last.unwrap_or_default()
        )));
    }
    Ok(Outcome::Done(Cost {
        wall: Duration::from_secs_f64(number("wall")),
        processor: Duration::from_secs_f64(number("processor")),
        memory: told
            .get("memory")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
    }))
}
