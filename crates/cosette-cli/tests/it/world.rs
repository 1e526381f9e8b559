//! A world for one test: a folder of its own, the program, and servers that end with the test.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const BUCKET: &str = "examplebucket-1250000000";

/// A folder that is home, data and working directory of every command.
pub(crate) struct World {
    folder: TempDir,
    env: Vec<(String, String)>,
}

/// What a command left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) bytes: Vec<u8>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            env: Vec::new(),
        }
    }

    /// A world with the bucket of the examples in it.
    pub(crate) fn with_bucket() -> Self {
        let world = Self::new();
        world.ok(&["mb", &cos("")]);
        world
    }

    /// The same world for commands with further variables.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file and gives its path as text.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// Puts an object with these bytes.
    pub(crate) fn put(&self, key: &str, bytes: impl AsRef<[u8]>) {
        let path = self.file("put", bytes);
        self.ok(&[
            "api",
            "put-object",
            "--bucket",
            BUCKET,
            "--key",
            key,
            "--file",
            &path,
        ]);
    }

    /// The command, about to be run with no environment but this world's.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cosette"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("COSETTE_DATA", self.data())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&self.command(args).output().unwrap())
    }

    /// Runs with these bytes on standard input.
    pub(crate) fn run_with(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(args);
        let piped = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // A command that refuses its arguments does not read.
            let _ = stdin.write_all(&input);
        });
        let ran = Ran::of(&child.wait_with_output().unwrap());
        writer.join().unwrap();
        ran
    }

    /// Runs a command that must succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}\n{}\n{}", ran.stdout, ran.stderr);
        ran
    }

    /// The one JSON value of a command that must succeed.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let args = [args, &["--output", "json"]].concat();
        let ran = self.ok(&args);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|why| panic!("{why}: {}", ran.stdout))
    }

    /// The error object of a command that must fail with this exit code; stdout must be empty.
    pub(crate) fn refused(&self, code: i32, args: &[&str]) -> Value {
        let args = [args, &["--output", "json"]].concat();
        let ran = self.run(&args);
        assert_eq!(ran.code, code, "{args:?}\n{}\n{}", ran.stdout, ran.stderr);
        assert_eq!(ran.stdout, "", "{args:?}");
        ran.error()
    }

    /// A raw request about the bucket of the examples.
    pub(crate) fn api(&self, operation: &str, flags: &[&str]) -> Value {
        self.json(&[&["api", operation, "--bucket", BUCKET], flags].concat())
    }

    /// A raw request that must fail with this exit code.
    pub(crate) fn api_refused(&self, code: i32, operation: &str, flags: &[&str]) -> Value {
        self.refused(
            code,
            &[&["api", operation, "--bucket", BUCKET], flags].concat(),
        )
    }

    /// The properties of an object in the bucket of the examples.
    pub(crate) fn stat(&self, key: &str) -> Value {
        self.json(&["stat", &cos(key)])
    }

    /// Whether an object is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        match self.run(&["stat", &cos(key)]).code {
            0 => true,
            3 => false,
            other => panic!("stat ended with {other}"),
        }
    }

    /// The bytes of an object in the bucket of the examples.
    pub(crate) fn bytes(&self, key: &str) -> Vec<u8> {
        self.ok(&["cat", &cos(key)]).bytes
    }

    /// Everything that tells whether something was changed: keys with their tags, and uploads.
    pub(crate) fn everything(&self) -> (Value, Value) {
        (
            self.json(&["ls", "-r", &cos("")]),
            self.json(&["ls", "--uploads", &cos("")]),
        )
    }

    /// Serves the data folder on a free port, with the accounts of the examples.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// The same, with these flags too.
    pub(crate) fn serve_with(&self, flags: &[&str]) -> Server {
        let accounts = self.path("accounts.json");
        private(&accounts, ACCOUNTS);
        let mut command = self.command(&[
            OsStr::new("serve"),
            OsStr::new("--listen"),
            OsStr::new("127.0.0.1:0"),
        ]);
        command
            .arg("--data")
            .arg(self.data())
            .arg("--accounts")
            .arg(accounts);
        command.arg("--access-log").arg(self.path("access.log"));
        command.args(flags);
        Server::start(command)
    }
}

/// A second owner, and a sub-account of the root owner.
const ACCOUNTS: &str = r#"[
  {"secret_id":"AKIDsecond","secret_key":"secondsecret","owner_uin":"100000000002","sub_uin":"100000000002","app_id":"1250000001"},
  {"secret_id":"AKIDsub","secret_key":"subsecret","owner_uin":"100000000001","sub_uin":"100000000011","app_id":"1250000000"}
]"#;

fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// `cos://` and a key in the bucket of the examples.
pub(crate) fn cos(key: &str) -> String {
    format!("cos://{BUCKET}/{key}")
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            bytes: output.stdout.clone(),
        }
    }

    /// The last error object on stderr.
    pub(crate) fn error(&self) -> Value {
        self.events()
            .pop()
            .unwrap_or_else(|| panic!("no error: {}", self.stderr))
    }

    /// Every JSON line on stderr.
    pub(crate) fn events(&self) -> Vec<Value> {
        let parse =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        self.stderr.lines().map(parse).collect()
    }
}

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim_end()
            .strip_prefix("listening on ")
            .expect("the ready line")
            .to_owned();
        Self { child, url }
    }

    /// Asks it to stop, and gives back its exit code.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Some bytes that repeat nowhere soon.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(count);
    bytes
}

/// A text field of a JSON object.
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no {name} in {value}"))
}
