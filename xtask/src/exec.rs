//! Running other programs: their output is kept, a person sees that they go on, and none outlives its limit.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::report::say;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How long a step may be silent to a person before it says where it is.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How long after `SIGTERM` a program may take before it is killed.
const TERM_GRACE: Duration = Duration::from_secs(30);

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) success: bool,
    pub(crate) status: String,
    pub(crate) output: String,
    pub(crate) elapsed: Duration,
}

enum Event {
    Line(String),
    Closed,
}

/// The one place of this crate that reads the clock.
#[expect(
    clippy::disallowed_methods,
    reason = "tasks tell a person how long they took"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The cargo that runs us, so that its toolchain is used throughout.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs `command` to its end with no stdin and no colours, keeping stdout and stderr in the order they came.
///
/// A program that has not ended after `limit` is told to stop and counts as failed.
pub(crate) fn run(name: &str, command: &mut Command, limit: Duration) -> Result<Finished> {
    let started = now();
    let mut child = command
        .env("NO_COLOR", "1")
        .env("CARGO_TERM_COLOR", "never")
        .env_remove("FORCE_COLOR")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|why| format!("{}: {why}", command.get_program().to_string_lossy()))?;
    let pid = child.id();
    let (sender, events) = mpsc::channel();
    let stdout = child
        .stdout
        .take()
        .map(|pipe| forward(pipe, sender.clone()));
    let stderr = child.stderr.take().map(|pipe| forward(pipe, sender));
    let pipes = usize::from(stdout.is_some()) + usize::from(stderr.is_some());
    let ended = wait_aside(child);

    let (mut output, in_time) = collect(name, &events, pipes, started, limit);
    if !in_time {
        output.push_str(&format!(
            "\n{name}: not finished after {} s\n",
            limit.as_secs()
        ));
        terminate(pid)?;
    }
    let status = ended_within(&ended, pid, TERM_GRACE)?;
    Ok(Finished {
        success: in_time && status.success(),
        status: status.to_string(),
        output,
        elapsed: started.elapsed(),
    })
}

/// Runs `command` and gives its stdout, or an error that carries its stderr.
pub(crate) fn stdout_of(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|why| format!("{program}: {why}"))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{program}: {}\n{told}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether `program --version` (or another harmless flag) can be run at all.
pub(crate) fn answers(program: impl AsRef<Path>, flag: &str) -> bool {
    Command::new(program.as_ref())
        .arg(flag)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Sends `SIGTERM` to one process by its id.
pub(crate) fn terminate(pid: u32) -> Result<()> {
    signal("TERM", pid)
}

fn signal(name: &str, pid: u32) -> Result<()> {
    // The shell's own `kill` is on every Unix; a separate program is not.
    stdout_of(Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid.to_string()]))?;
    Ok(())
}

/// Waits for a child on a thread of its own, so that waiting can have a limit.
pub(crate) fn wait_aside(mut child: Child) -> Receiver<std::io::Result<ExitStatus>> {
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        // Nobody may be listening any more, which is fine.
        let _ = sender.send(child.wait());
    });
    ended
}

/// The child's status, or its end by force when `limit` is over.
pub(crate) fn ended_within(
    ended: &Receiver<std::io::Result<ExitStatus>>,
    pid: u32,
    limit: Duration,
) -> Result<ExitStatus> {
    match ended.recv_timeout(limit) {
        Ok(status) => Ok(status?),
        Err(_) => {
            signal("KILL", pid)?;
            Ok(ended.recv()??)
        }
    }
}

/// Reads lines until the pipe closes; bytes that are not UTF-8 are shown replaced.
fn forward(pipe: impl Read + Send + 'static, to: Sender<Event>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(pipe.read_until(b'\n', &mut line), Ok(count) if count > 0) {
            if to
                .send(Event::Line(String::from_utf8_lossy(&line).into_owned()))
                .is_err()
            {
                return;
            }
            line.clear();
        }
        let _ = to.send(Event::Closed);
    })
}

/// Gathers lines until every pipe is closed; `false` when the limit came first.
fn collect(
    name: &str,
    events: &Receiver<Event>,
    mut pipes: usize,
    started: Instant,
    limit: Duration,
) -> (String, bool) {
    let mut output = String::new();
    let mut last_line = String::new();
    let mut next_beat = HEARTBEAT;
    while pipes > 0 {
        let elapsed = started.elapsed();
        if elapsed >= limit {
            return (output, false);
        }
        match events.recv_timeout(next_beat.min(limit).saturating_sub(elapsed)) {
            Ok(Event::Line(line)) => {
                output.push_str(&line);
                if !line.trim().is_empty() {
                    last_line = line;
                }
            }
            Ok(Event::Closed) => pipes -= 1,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if started.elapsed() >= next_beat {
            next_beat += HEARTBEAT;
            let shown: String = last_line.trim().chars().take(90).collect();
            say(format_args!(
                "    {name}, {} s: {shown}",
                started.elapsed().as_secs()
            ));
        }
    }
    (output, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Finished {
        run("sh", Command::new("sh").args(["-c", script]), limit).unwrap()
    }

    #[test]
    fn output_of_both_pipes_and_the_status_are_kept() {
        let told = sh("echo one; echo two >&2; exit 3", Duration::from_secs(60));
        assert!(!told.success);
        assert!(told.status.contains('3'), "{}", told.status);
        assert!(
            told.output.contains("one\n") && told.output.contains("two\n"),
            "{}",
            told.output
        );
    }

    #[test]
    fn a_program_past_its_limit_is_stopped_and_counts_as_failed() {
        let told = sh("echo begun; exec sleep 600", Duration::from_millis(200));
        assert!(!told.success);
        assert!(told.output.contains("not finished"), "{}", told.output);
    }

    #[test]
    fn a_program_that_cannot_start_is_an_error_naming_it() {
        let why = run(
            "x",
            &mut Command::new("no-such-program-here"),
            Duration::from_secs(1),
        );
        assert!(
            why.unwrap_err()
                .to_string()
                .contains("no-such-program-here")
        );
    }
}
