//! The tools: how each is told to do the same.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{CONCURRENCY, Work, prepared};
use crate::conformance::Suite;
use crate::exec::Result;
use crate::figures::serving::{SECRET_ID, SECRET_KEY};

/// The bucket, by the name that it has in both dialects.
pub(super) const BUCKET: &str = "compare-1250000000";
const REGION: &str = "ap-guangzhou";

/// A client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    Cosette,
    Rclone,
    Aws,
    Coscmd,
}

/// Where they all work.
#[derive(Debug)]
pub(crate) struct Site {
    binary: PathBuf,
    pub(super) folder: PathBuf,
    endpoint: String,
}

impl Site {
    pub(super) fn new(binary: PathBuf, folder: PathBuf, endpoint: String) -> Result<Self> {
        let aws = format!(
            "[default]\ns3 =\n  max_concurrent_requests = {CONCURRENCY}\n  max_queue_size = 10000\n"
        );
        fs::write(folder.join("aws.ini"), aws)?;
        let coscmd = format!(
            "[common]\nsecret_id = {SECRET_ID}\nsecret_key = {SECRET_KEY}\nbucket = {BUCKET}\nregion = {REGION}\n\
             max_thread = {CONCURRENCY}\npart_size = 1\nretry = 5\ntimeout = 60\nschema = http\nverify = md5\n\
             anonymous = False\n"
        );
        fs::write(folder.join("cos.conf"), coscmd)?;
        Ok(Self {
            binary,
            folder,
            endpoint,
        })
    }

    /// A key, as our command names it.
    pub(super) fn cos(&self, key: &str) -> String {
        format!("cos://{BUCKET}/{key}")
    }

    fn s3(&self, key: &str) -> String {
        format!("s3://{BUCKET}/{key}")
    }

    /// A program that knows nothing of this machine's settings.
    fn program(&self, path: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(path);
        let foreign = |name: &String| name.starts_with("AWS_") || name.starts_with("RCLONE_");
        for name in std::env::vars().map(|(name, _)| name).filter(foreign) {
            command.env_remove(name);
        }
        for proxy in [
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
        ] {
            command.env_remove(proxy);
        }
        command
            .env("HOME", &self.folder)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    fn cosette(&self) -> Command {
        let mut command = self.program(&self.binary);
        command
            .env("COSETTE_SECRET_ID", SECRET_ID)
            .env("COSETTE_SECRET_KEY", SECRET_KEY)
            .env("COSETTE_ENDPOINT", &self.endpoint);
        command
    }

    /// Our command, as a help and not as a contender: what it prints.
    pub(super) fn ours(&self, words: &[&str]) -> Result<String> {
        let mut command = self.cosette();
        prepared(
            &words.join(" "),
            command.args(words).current_dir(&self.folder),
        )
    }

    /// Whether there is an object of 5 GiB.
    pub(super) fn is_huge(&self, key: &str) -> bool {
        // What is not there is an error.
        let told = self.ours(&["stat", &self.cos(key), "--output", "json"]);
        told.is_ok_and(|told| told.contains(&super::HUGE_BYTES.to_string()))
    }

    /// How many objects are below a prefix.
    pub(super) fn count(&self, prefix: &str) -> Result<usize> {
        let told = self.ours(&["du", &self.cos(prefix), "--output", "json"])?;
        let told: serde_json::Value = serde_json::from_str(&told)?;
        let count = told.pointer("/Objects").and_then(serde_json::Value::as_u64);
        Ok(usize::try_from(
            count.ok_or_else(|| format!("du: {told}"))?,
        )?)
    }
}

impl Tool {
    pub(crate) const ALL: [Self; 4] = [Self::Cosette, Self::Rclone, Self::Aws, Self::Coscmd];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cosette => "cosette",
            Self::Rclone => "rclone",
            Self::Aws => "aws-cli",
            Self::Coscmd => "coscmd",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|tool| tool.name() == name);
        let all = Self::ALL.map(Self::name).join(", ");
        found.ok_or_else(|| format!("{name}: none of {all}").into())
    }

    /// The command line of a piece of work.
    pub(super) fn command(self, site: &Site, work: Work, huge: &str) -> Command {
        match self {
            Self::Cosette => cosette(site, work, huge),
            Self::Rclone => rclone(site, work, huge),
            Self::Aws => aws(site, work, huge),
            Self::Coscmd => coscmd(site, work, huge),
        }
    }
}

fn cosette(site: &Site, work: Work, huge: &str) -> Command {
    let mut command = site.cosette();
    let words = match work {
        Work::Copy => owned(["cp", "-r", &site.cos("src/"), &site.cos("cosette-copy/")]),
        Work::Move => owned([
            "mv",
            "-r",
            &site.cos("cosette-copy/"),
            &site.cos("cosette-moved/"),
        ]),
        Work::Huge => owned([
            "cp",
            "--no-progress",
            &site.cos(huge),
            &site.cos("cosette-huge"),
        ]),
        Work::Upload => owned(["cp", "-r", "files", &site.cos("cosette-up/")]),
        Work::Download => owned(["cp", "-r", &site.cos("files/"), "down"]),
    };
    command.args(words).args(["--parallel", CONCURRENCY, "-q"]);
    command
}

fn rclone(site: &Site, work: Work, huge: &str) -> Command {
    let mut command = site.program("rclone");
    command
        .env("RCLONE_CONFIG", site.folder.join("no-such-file"))
        .env("RCLONE_CONFIG_C_TYPE", "s3")
        .env("RCLONE_CONFIG_C_PROVIDER", "Other")
        .env("RCLONE_CONFIG_C_ACCESS_KEY_ID", SECRET_ID)
        .env("RCLONE_CONFIG_C_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("RCLONE_CONFIG_C_ENDPOINT", &site.endpoint);
    let on = |key: &str| format!("c:{BUCKET}/{key}");
    let words = match work {
        Work::Copy => owned(["copy", &on("src"), &on("rclone-copy")]),
        Work::Move => owned(["move", &on("rclone-copy"), &on("rclone-moved")]),
        Work::Huge => owned(["copyto", &on(huge), &on("rclone-huge")]),
        Work::Upload => owned(["copy", "files", &on("rclone-up")]),
        Work::Download => owned(["copy", &on("files"), "down"]),
    };
    command.args(words).args([
        "--transfers",
        CONCURRENCY,
        "--checkers",
        CONCURRENCY,
        "--quiet",
    ]);
    command
}

fn aws(site: &Site, work: Work, huge: &str) -> Command {
    let mut command = site.program(Suite::S3.venv().join("bin").join("aws"));
    command
        .env("AWS_ACCESS_KEY_ID", SECRET_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", site.folder.join("aws.ini"))
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let words = match work {
        Work::Copy => owned(["cp", &site.s3("src/"), &site.s3("aws-cli-copy/")]),
        Work::Move => owned(["mv", &site.s3("aws-cli-copy/"), &site.s3("aws-cli-moved/")]),
        Work::Huge => owned(["cp", &site.s3(huge), &site.s3("aws-cli-huge")]),
        Work::Upload => owned(["cp", "files", &site.s3("aws-cli-up/")]),
        Work::Download => owned(["cp", &site.s3("files/"), "down"]),
    };
    command
        .args(["--endpoint-url", &site.endpoint, "s3"])
        .args(words);
    if work != Work::Huge {
        command.arg("--recursive");
    }
    command.arg("--only-show-errors");
    command
}

fn coscmd(site: &Site, work: Work, huge: &str) -> Command {
    let mut command = site.program(Suite::Python.venv().join("bin").join("coscmd"));
    // It insists on the hosts of COS, and comes as to a proxy.
    command
        .env("HTTP_PROXY", &site.endpoint)
        .env("http_proxy", &site.endpoint)
        .env("PYTHONIOENCODING", "utf-8")
        .arg("-c")
        .arg(site.folder.join("cos.conf"))
        .arg("-l")
        .arg(site.folder.join("cos.log"));
    let from = |key: &str| format!("{BUCKET}.cos.{REGION}.myqcloud.com/{key}");
    let words = match work {
        Work::Copy => owned(["copy", "-r", &from("src/"), "coscmd-copy/"]),
        Work::Move => owned(["move", "-r", &from("coscmd-copy/"), "coscmd-moved/"]),
        Work::Huge => owned(["copy", "--directive=Copy", &from(huge), "coscmd-huge"]),
        Work::Upload => owned(["upload", "-r", "files/", "coscmd-up/"]),
        Work::Download => owned(["download", "-r", "files/", "down/"]),
    };
    command.args(words);
    command
}

fn owned<const N: usize>(words: [&str; N]) -> [String; N] {
    words.map(str::to_owned)
}
