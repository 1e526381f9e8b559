//! The real binary as the suites meet it: started on a free port, told to stop, its logs read afterwards.

use std::collections::hash_map::RandomState;
use std::env;
use std::fs;
use std::hash::BuildHasher;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::json;

use crate::certificates::Certificates;
use crate::exec::{self, Result};
use crate::target;

/// SHA-1 in hexadecimal, the shorter of the two dialects' signatures.
const DIGEST_DIGITS_MIN: usize = 40;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// The line that says a server is ready, before its address.
const READY: &str = "listening on ";

/// A key pair of one account.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// The accounts that every suite may use. Their uins and APPIDs are agreed with the suites.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    pub(crate) root: Keys,
    pub(crate) second: Keys,
    pub(crate) sub: Keys,
}

impl Keys {
    /// Keys that no run before this one had.
    pub(crate) fn random() -> Self {
        let part = || format!("{:016x}", RandomState::new().hash_one(0));
        Self {
            id: format!("AKID{}{}", part(), part()),
            secret: format!("{}{}", part(), part()),
        }
    }
}

impl Accounts {
    pub(crate) fn random() -> Self {
        Self {
            root: Keys::random(),
            second: Keys::random(),
            sub: Keys::random(),
        }
    }

    /// The text of an `--accounts` file: a second owner, and a sub-account of the root owner.
    fn file(&self) -> String {
        json!([
            {
                "secret_id": self.second.id, "secret_key": self.second.secret,
                "owner_uin": "100000000002", "sub_uin": "100000000002", "app_id": "1250000001",
            },
            {
                "secret_id": self.sub.id, "secret_key": self.sub.secret,
                "owner_uin": "100000000001", "sub_uin": "100000000011", "app_id": "1250000000",
            },
        ])
        .to_string()
    }
}

/// The files of one run of a server.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// A new empty folder under the build's directory; an old one of this name goes.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let root = crate::scratch().join("run").join(name);
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        fs::create_dir_all(&root)?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub(crate) fn access_log(&self) -> PathBuf {
        self.root.join("access.log")
    }

    /// Of a server that speaks TLS.
    pub(crate) fn certificates(&self) -> PathBuf {
        self.root.join("tls")
    }

    fn server_log(&self) -> PathBuf {
        self.root.join("server.log")
    }

    fn accounts(&self) -> PathBuf {
        self.root.join("accounts.json")
    }

    /// Nothing but the logs is worth keeping of a run that went well.
    pub(crate) fn tidy_up(&self) -> Result<()> {
        Ok(fs::remove_dir_all(self.data())?)
    }
}

/// A running server. Dropping it without [`Server::stop`] kills it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) endpoint: String,
    pub(crate) folder: Folder,
    pid: u32,
    ended: Receiver<std::io::Result<ExitStatus>>,
    stdout: Option<JoinHandle<Vec<String>>>,
    stopped: bool,
}

/// The built binary.
pub(crate) fn binary() -> PathBuf {
    target().join("debug").join("cosette")
}

/// The built binary as a command without anything that a person has configured.
pub(crate) fn cosette() -> Command {
    let mut command = Command::new(binary());
    let ours = ["COSETTE_", "COS_", "TENCENTCLOUD_"];
    for (name, _) in env::vars_os() {
        if ours
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
    command
}

impl Server {
    /// Starts the binary on a free loopback port, with certificates of its own if it is to speak TLS,
    /// and waits until it says that it listens.
    pub(crate) fn start(name: &str, accounts: &Accounts, with_tls: bool) -> Result<Self> {
        let folder = Folder::new(name)?;
        private_file(&folder.accounts(), &accounts.file())?;
        let mut command = cosette();
        if with_tls {
            let files = Certificates::make(&folder.certificates())?;
            command.arg("serve").arg("--tls-cert").arg(files.chain());
            command.arg("--tls-key").arg(files.key());
        } else {
            command.arg("serve");
        }
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(folder.data())
            .arg("--accounts")
            .arg(folder.accounts())
            .arg("--access-log")
            .arg(folder.access_log())
            .env("COSETTE_ROOT_SECRET_ID", &accounts.root.id)
            .env("COSETTE_ROOT_SECRET_KEY", &accounts.root.secret)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.server_log())?)
            .spawn()
            .map_err(|why| format!("{}: {why}", binary().display()))?;
        let pid = child.id();
        let stdout = child.stdout.take().ok_or("the server has no stdout")?;
        let (first_line, stdout) = read_aside(stdout);
        let ended = exec::wait_aside(child);
        let mut server = Self {
            endpoint: String::new(),
            folder,
            pid,
            ended,
            stdout: Some(stdout),
            stopped: false,
        };
        let line = first_line.recv_timeout(START_LIMIT).unwrap_or_default();
        match line.strip_prefix(READY) {
            Some(endpoint) => server.endpoint = endpoint.to_owned(),
            None => {
                let log = fs::read_to_string(server.folder.server_log()).unwrap_or_default();
                return Err(format!("no `{READY}…` from the server, but `{line}`\n{log}").into());
            }
        }
        Ok(server)
    }

    /// Asks the server to stop and checks all that it leaves: its status, its stdout, its logs and its data.
    ///
    /// Gives back what is wrong, in words.
    pub(crate) fn stop(mut self, accounts: &Accounts) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        exec::terminate(self.pid)?;
        let status = exec::ended_within(&self.ended, self.pid, STOP_LIMIT)?;
        self.stopped = true;
        if !status.success() {
            problems.push(format!(
                "after SIGTERM the server ended with {status}, not with 0"
            ));
        }
        let stdout = self
            .stdout
            .take()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default();
        if stdout.len() != 1 {
            problems.push(format!("stdout has more than the one line: {stdout:?}"));
        }
        for log in [self.folder.server_log(), self.folder.access_log()] {
            let text =
                fs::read_to_string(&log).map_err(|why| format!("{}: {why}", log.display()))?;
            let leaks = leaks(&text, accounts);
            problems.extend(
                leaks
                    .iter()
                    .map(|leak| format!("{}: {leak}", log.display())),
            );
        }
        problems.extend(self.fsck()?);
        Ok(problems)
    }

    /// Every link of the store checked from both ends, by the binary itself.
    fn fsck(&self) -> Result<Option<String>> {
        let help = exec::stdout_of(cosette().arg("--help"))?;
        if !help
            .lines()
            .any(|line| line.trim_start().starts_with("fsck"))
        {
            return Ok(None);
        }
        let mut fsck = cosette();
        let told = exec::run(
            "fsck",
            fsck.args(["fsck", "--data"]).arg(self.folder.data()),
            STOP_LIMIT,
        )?;
        Ok((!told.success).then(|| format!("fsck: {}\n{}", told.status, told.output)))
    }

    /// What the server wrote to its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.server_log()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.stopped {
            // The run has failed already; what matters is that nothing is left behind.
            let _ = exec::ended_within(&self.ended, self.pid, Duration::ZERO);
        }
    }
}

/// Gives the first line at once, and all lines when the pipe closes.
fn read_aside(stdout: ChildStdout) -> (Receiver<String>, JoinHandle<Vec<String>>) {
    let (sender, first) = mpsc::channel();
    let lines = thread::spawn(move || {
        let mut lines = Vec::new();
        for line in BufReader::new(stdout)
            .lines()
            .map_while(std::io::Result::ok)
        {
            if lines.is_empty() {
                // Whoever waited may have given up.
                let _ = sender.send(line.clone());
            }
            lines.push(line);
        }
        lines
    });
    (first, lines)
}

/// Secrets and signatures that stand in a log, each named by its line and not shown again.
fn leaks(log: &str, accounts: &Accounts) -> Vec<String> {
    let Accounts { root, second, sub } = accounts;
    let secrets = [&root.secret, &second.secret, &sub.secret];
    let mut leaks = Vec::new();
    for (index, line) in log.lines().enumerate() {
        if secrets.iter().any(|secret| line.contains(secret.as_str())) {
            leaks.push(format!("line {} holds a secret key", index + 1));
        } else if holds_signature(line) {
            leaks.push(format!("line {} holds a signature", index + 1));
        }
    }
    leaks
}

/// Whether a parameter named `…signature` stands there with a digest for its value.
fn holds_signature(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    line.match_indices("signature").any(|(at, word)| {
        let after = line.get(at + word.len()..).unwrap_or_default();
        // `=`, `%3D`, `": "` and the like may stand between.
        let mut values = after
            .char_indices()
            .take(8)
            .filter_map(|(start, _)| after.get(start..));
        let digits = |text: &str| text.chars().take_while(char::is_ascii_hexdigit).count();
        values.any(|value| digits(value) >= DIGEST_DIGITS_MIN)
    })
}

/// Writes a file that only its owner may read.
fn private_file(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_signatures_in_a_log_are_found() {
        let accounts = Accounts::random();
        let digest = "0123456789abcdef0123456789abcdef01234567";
        let found = |log: &str| leaks(log, &accounts).len();
        assert_eq!(found(&format!("ok\nkey {}\n", accounts.sub.secret)), 1);
        assert_eq!(found(&format!("q-signature={digest}")), 1);
        assert_eq!(
            found(&format!("?sign=q-signature%3D{}", digest.to_uppercase())),
            1
        );
        assert_eq!(
            found(&format!("\"x-amz-signature\": \"{digest}{digest}\"")),
            1
        );
        assert_eq!(found("q-signature=redacted&q-ak=AKIDx"), 0);
        assert_eq!(found(&format!("etag {digest} SignatureDoesNotMatch")), 0);
    }

    #[test]
    fn keys_are_new_each_time() {
        let (one, other) = (Keys::random(), Keys::random());
        assert!(one.secret != other.secret && one.id != other.id);
        assert_eq!(one.secret.len(), 32);
    }
}
