//! The real program, started and ended as a person, an init system or a power cut would.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cosette::{Client, Clock, Credentials, RetryPolicy, SystemClock};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Result;

const KEY_ID: &str = "AKIDcrashbox00000000000000000000";
const KEY: &str = "a key of the crash box alone, kept by nobody";
/// The line that says a server is ready, before its address.
const READY: &str = "listening on ";
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// Most bytes kept of a server's log.
const LOG_BYTES_MAX: usize = 1 << 20;

/// Where the program is, and how it is to be run.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) binary: PathBuf,
    /// Something to run it under, such as `strace` with its flags.
    pub(crate) under: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
}

/// A running server. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    endpoint: String,
    log: Arc<Mutex<String>>,
}

impl Program {
    pub(crate) fn new(binary: PathBuf) -> Self {
        Self {
            binary,
            under: Vec::new(),
            env: Vec::new(),
        }
    }

    fn command(&self) -> Command {
        let mut words = self.under.iter().map(String::as_str);
        let mut command = match words.next() {
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(&self.binary);
                command
            }
            None => Command::new(&self.binary),
        };
        command
            .env("COSETTE_ROOT_SECRET_ID", KEY_ID)
            .env("COSETTE_ROOT_SECRET_KEY", KEY)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Starts a server without waiting for it.
    pub(crate) fn begin(&self, folder: &Path) -> Result<Child> {
        let mut command = self.command();
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command.spawn()?)
    }

    /// Starts a server and waits until it listens.
    pub(crate) async fn serve(&self, folder: &Path) -> Result<Server> {
        let mut child = self.begin(folder)?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let stderr = child.stderr.take().ok_or("no stderr")?;
        let log = Arc::new(Mutex::new(String::new()));
        tokio::spawn(keep(stderr, Arc::clone(&log)));
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(START_LIMIT, lines.next_line()).await??;
        let line = line.unwrap_or_default();
        let Some(endpoint) = line.strip_prefix(READY) else {
            let status = tokio::time::timeout(STOP_LIMIT, child.wait()).await??;
            let log = log.lock().unwrap_or_else(PoisonError::into_inner);
            return Err(format!("no server, but {status}: {line}\n{log}").into());
        };
        Ok(Server {
            endpoint: endpoint.to_owned(),
            child,
            log,
        })
    }

    /// Runs a command of the program to its end; gives its exit status and all that it said.
    pub(crate) async fn run(&self, words: &[&str], folder: &Path) -> Result<(ExitStatus, String)> {
        let mut command = self.command();
        command.args(words).arg("--data").arg(folder);
        let done = command.output().await?;
        let mut told = String::from_utf8_lossy(&done.stdout).into_owned();
        told.push_str(&String::from_utf8_lossy(&done.stderr));
        Ok((done.status, told))
    }

    /// What the program's own check says of a folder, every byte of it read. A server that has the folder
    /// does the checking.
    pub(crate) async fn fsck(&self, folder: &Path) -> Result<()> {
        let (status, told) = self.run(&["fsck", "--read-bytes"], folder).await?;
        if status.success() {
            return Ok(());
        }
        Err(format!("fsck: {status}\n{told}").into())
    }
}

impl Server {
    /// A client that sends each request once.
    pub(crate) fn client(&self) -> Result<Client> {
        self.client_at(SystemClock)
    }

    /// A client that has another clock.
    pub(crate) fn client_at(&self, clock: impl Clock) -> Result<Client> {
        let client = Client::builder()
            .clock(clock)
            .credentials(Credentials::new(KEY_ID, KEY))
            .endpoint(self.endpoint.parse()?)
            .region("ap-guangzhou")
            .retry(RetryPolicy::never())
            .build()?;
        Ok(client)
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Ends it at once.
    pub(crate) async fn kill(mut self) -> Result<()> {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<ExitStatus> {
        let pid = self.child.id().ok_or("it has ended already")?;
        terminate(pid).await?;
        Ok(tokio::time::timeout(STOP_LIMIT, self.child.wait()).await??)
    }
}

impl Server {
    /// The same for a server that runs under something: its own child is the one to tell.
    pub(crate) async fn stop_traced(mut self) -> Result<()> {
        let pid = self.child.id().ok_or("it has ended already")?;
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        let child = children
            .split_whitespace()
            .next()
            .ok_or("it runs nothing")?;
        terminate(child.parse()?).await?;
        tokio::time::timeout(STOP_LIMIT, self.child.wait()).await??;
        Ok(())
    }
}

/// Sends `SIGTERM` to one process by its id.
async fn terminate(pid: u32) -> Result<()> {
    let mut command = Command::new("sh");
    let sent = command
        .args(["-c", "kill -s TERM \"$0\"", &pid.to_string()])
        .status()
        .await?;
    if !sent.success() {
        return Err(format!("process {pid} cannot be told to stop").into());
    }
    Ok(())
}

async fn keep(from: impl tokio::io::AsyncRead + Unpin, to: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(from).lines();
    // What cannot be read any more is not missed: the process has ended.
    while let Ok(Some(line)) = lines.next_line().await {
        let mut log = to.lock().unwrap_or_else(PoisonError::into_inner);
        // Read to its end all the same: a server that cannot log is another test.
        if log.len() < LOG_BYTES_MAX {
            log.push_str(&line);
            log.push('\n');
        }
    }
}
