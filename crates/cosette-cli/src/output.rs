//! Everything that this program prints. Results go to stdout; notes, progress and errors to stderr.
//!
//! With `--output json` a command prints one JSON value on stdout (a listing: one), and errors and
//! progress events are JSON lines on stderr, so that a pipe reads nothing but results. A reader that
//! goes away (`cosette ls | head -1`) ends the program quietly.

mod dashboard;
mod progress;
mod table;

use std::io::{self, ErrorKind, IsTerminal, Write};

use serde_json::{Value, json};

use crate::args::{Format, Global};
use crate::failure::{Failure, Kind, Result};

pub(crate) use dashboard::Dashboard;
pub(crate) use progress::{Progress, Step};
pub(crate) use table::{Table, bytes, duration};

/// How to print, as the flags say.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    progress: bool,
    stderr_is_terminal: bool,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            format: global.output,
            quiet: global.quiet,
            progress: !global.quiet && !global.no_progress,
            stderr_is_terminal: io::stderr().is_terminal(),
        }
    }

    /// For a command line that could not be read but asked for JSON.
    pub(crate) const fn json_only() -> Self {
        Self {
            format: Format::Json,
            quiet: false,
            progress: false,
            stderr_is_terminal: false,
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    pub(crate) const fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Progress that nobody sees.
    pub(crate) fn no_progress(&self) -> Progress {
        Progress::silent()
    }

    /// The result of a command, as text for people or as one JSON value.
    pub(crate) fn result(&self, text: &str, json: &Value) -> Result<()> {
        match self.format {
            Format::Json => self.json(json),
            Format::Text if text.is_empty() => Ok(()),
            Format::Text => write_stdout(format!("{}\n", text.trim_end_matches('\n')).as_bytes()),
        }
    }

    /// One line of a result for people; nothing with JSON.
    pub(crate) fn line(&self, text: &str) -> Result<()> {
        match self.format {
            Format::Json => Ok(()),
            Format::Text => write_stdout(format!("{text}\n").as_bytes()),
        }
    }

    /// One line for people about what was done; nothing with JSON or `--quiet`.
    pub(crate) fn done(&self, text: &str) -> Result<()> {
        if self.quiet { Ok(()) } else { self.line(text) }
    }

    /// A JSON value on a line of its own, whatever the format is.
    pub(crate) fn json(&self, value: &Value) -> Result<()> {
        write_stdout(format!("{value}\n").as_bytes())
    }

    /// Bytes of an object.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<()> {
        write_stdout(bytes)
    }

    /// Facts about bytes that went to stdout: they go to stderr, with JSON only.
    pub(crate) fn aside(&self, value: &Value) {
        if self.is_json() {
            write_stderr(&value.to_string());
        }
    }

    /// Something that the user should know, though the command goes on.
    pub(crate) fn note(&self, text: &str) {
        if self.quiet {
            return;
        }
        let line = match self.format {
            Format::Json => json!({"event": "note", "message": text}).to_string(),
            Format::Text => format!("note: {text}"),
        };
        write_stderr(&line);
    }

    /// Tells a person that the silence which follows is work.
    pub(crate) fn waits(&self, what: &str) {
        if !self.quiet && !self.is_json() {
            write_stderr(what);
        }
    }

    /// A failure, of the command or of one object of many.
    pub(crate) fn failure(&self, failure: &Failure) {
        let line = match self.format {
            Format::Json => failure.to_json().to_string(),
            Format::Text => format!("error: {failure}"),
        };
        write_stderr(&line);
    }

    /// An event for programs; nothing for people, or without progress.
    pub(crate) fn event(&self, event: &Value) {
        if self.progress && self.is_json() {
            write_stderr(&event.to_string());
        }
    }

    /// How far a job is, for people at a terminal.
    pub(crate) fn dashboard(&self) -> Dashboard {
        Dashboard::new(self.progress && !self.is_json() && self.stderr_is_terminal)
    }

    /// Progress of something whose size is known, or will be.
    pub(crate) fn progress(&self, what: &str) -> Progress {
        match self.format {
            _ if !self.progress => Progress::silent(),
            Format::Json => Progress::events(what),
            Format::Text if self.stderr_is_terminal => Progress::bar(what),
            Format::Text => Progress::silent(),
        }
    }
}

/// Whether the words of a command line ask for JSON.
pub(crate) fn asked_for_json(args: impl Iterator<Item = String>) -> bool {
    let args: Vec<String> = args.collect();
    let pair = args
        .windows(2)
        .any(|pair| matches!(pair, [name, value] if name == "--output" && value == "json"));
    pair || args.iter().any(|arg| arg == "--output=json")
}

/// Ends our side of standard output, so that who reads it sees the end while we are still here.
#[cfg(unix)]
pub(crate) fn let_go_of_stdout() {
    let _ = io::stdout().flush();
    if let Ok(nowhere) = std::fs::OpenOptions::new().write(true).open("/dev/null") {
        // Without it a reader waits for our end; nothing else depends on it.
        let _ = rustix::stdio::dup2_stdout(nowhere);
    }
}

/// Ends our side of standard output. Nobody can join on this platform, so nobody waits.
#[cfg(not(unix))]
pub(crate) fn let_go_of_stdout() {}

/// Whether a person could answer a question.
pub(crate) fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// A question to a person.
pub(crate) fn ask(question: &str) {
    // If stderr is gone there is nobody to ask; the answer is read all the same.
    let _ = write!(io::stderr(), "{question}");
}

fn write_stdout(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(why) if why.kind() == ErrorKind::BrokenPipe => Err(Failure::closed_pipe()),
        Err(why) => Err(Failure::new(Kind::Local, format!("standard output: {why}"))),
    }
}

fn write_stderr(line: &str) {
    // Nothing can be told to anybody if stderr is gone; the exit code still tells.
    let _ = writeln!(io::stderr(), "{line}");
}
