//! The official SDKs, unmodified, against a server: what they need, how they are run, what they report.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::counts::Counts;
use crate::exec::{self, Finished, Result};
use crate::report::Report;
use crate::server::{Accounts, Keys, Server};
use crate::test::Floors;
use crate::{root, scratch};

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// One folder under `conformance/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suite {
    Node,
    Wx,
    Python,
    /// Clients of the S3 dialect, which nobody here made.
    S3,
    /// The browser SDK, in headless Chromium.
    Browser,
    /// Several of them over TLS, each told in its own way whom to trust.
    Tls,
}

impl Suite {
    pub(crate) const ALL: [Self; 6] = [
        Self::Node,
        Self::Wx,
        Self::Python,
        Self::S3,
        Self::Browser,
        Self::Tls,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Wx => "wx",
            Self::Python => "python",
            Self::S3 => "s3",
            Self::Browser => "browser",
            Self::Tls => "tls",
        }
    }

    /// The Python environment of a suite that has one.
    pub(crate) fn venv(self) -> PathBuf {
        scratch().join(self.name())
    }

    fn folder(self) -> PathBuf {
        root().join("conformance").join(self.name())
    }

    /// The command that runs it, without its environment.
    fn command(self) -> Command {
        let mut command = match self {
            Self::Node | Self::Wx | Self::Browser => {
                let mut npm = Command::new("npm");
                npm.args(["test", "--silent"]);
                npm
            }
            Self::Python | Self::S3 | Self::Tls => {
                // Over TLS the clients are those of the other suites.
                let venv = if self == Self::Tls { Self::S3 } else { self }.venv();
                let mut python = Command::new(python_of(&venv));
                python.args(["-m", "unittest", "discover", "--verbose"]);
                python
                    .env("PYTHONDONTWRITEBYTECODE", "1")
                    .env("PATH", path_with(&venv));
                python
            }
        };
        command.current_dir(self.folder());
        command
    }

    fn counts(self, output: &str) -> Counts {
        match self {
            Self::Node | Self::Wx | Self::Browser => Counts::of_node(output),
            Self::Python | Self::S3 | Self::Tls => Counts::of_unittest(output),
        }
    }

    /// Runs it against `endpoint`, whose requests are logged in `request_log`, and whose certificates,
    /// if it has any, are in a folder.
    fn run(
        self,
        endpoint: &str,
        accounts: &Accounts,
        request_log: &Path,
        certificates: &Path,
    ) -> Result<(Counts, Finished)> {
        let mut command = self.command();
        command
            .env("COSETTE_ENDPOINT", endpoint)
            .env("COSETTE_REQUEST_LOG", request_log)
            .env("COSETTE_CERTIFICATES", certificates)
            .env("COSETTE_COS_PYTHON", python_of(&Self::Python.venv()));
        let Accounts { root, second, sub } = accounts;
        let prefixes = [
            ("COSETTE", root),
            ("COSETTE_SECOND", second),
            ("COSETTE_SUB", sub),
        ];
        for (prefix, Keys { id, secret }) in prefixes {
            command.env(format!("{prefix}_SECRET_ID"), id);
            command.env(format!("{prefix}_SECRET_KEY"), secret);
        }
        // The environment's proxy is for the registries; the server is on this machine.
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
        let told = exec::run(self.name(), &mut command, LIMIT)?;
        Ok((self.counts(&told.output), told))
    }

    /// Runs it against a server of its own, and adds what that server left wrong to its output.
    pub(crate) fn run_with_server(self) -> Result<(Counts, Finished)> {
        let accounts = Accounts::random();
        let server = Server::start(self.name(), &accounts, self == Self::Tls)?;
        let log = server.folder.access_log();
        let certificates = server.folder.certificates();
        let (mut counts, mut told) =
            self.run(&server.endpoint.clone(), &accounts, &log, &certificates)?;
        let server_log = server.log();
        let data = server.folder.data();
        let problems = server.stop(&accounts)?;
        if !told.success {
            told.output.push_str(&format!(
                "\n---- the server's log\n{}\n",
                remarkable(&server_log)
            ));
        }
        for problem in &problems {
            counts.failed += 1;
            told.output.push_str(&format!("\n{problem}\n"));
        }
        if told.success && problems.is_empty() {
            fs::remove_dir_all(data)?;
        }
        Ok((counts, told))
    }
}

/// The suites against a server somewhere else; keys and the path of its request log come from the environment.
pub(crate) fn elsewhere(report: &mut Report, endpoint: &str) -> Result<()> {
    let accounts = Accounts {
        root: keys_from_env("COSETTE")?,
        second: keys_from_env("COSETTE_SECOND")?,
        sub: keys_from_env("COSETTE_SUB")?,
    };
    let request_log = PathBuf::from(required("COSETTE_REQUEST_LOG")?);
    // Over TLS a suite changes its server's certificate, which is not ours to do there.
    let mut suites = Suite::ALL.to_vec();
    suites.retain(|suite| *suite != Suite::Tls);
    install(&suites)?;
    for suite in suites {
        report.begin(suite.name());
        let floor = Floors::read()?.of(suite.name());
        report.suite(
            suite.name(),
            floor,
            suite.run(endpoint, &accounts, &request_log, Path::new("")),
        );
    }
    Ok(())
}

fn keys_from_env(prefix: &str) -> Result<Keys> {
    let id = required(&format!("{prefix}_SECRET_ID"))?;
    Ok(Keys {
        id,
        secret: required(&format!("{prefix}_SECRET_KEY"))?,
    })
}

fn required(name: &str) -> Result<String> {
    Ok(env::var(name).map_err(|_| format!("{name} is not set"))?)
}

/// What a server's log says besides its requests, from the end back as far as anybody would read.
fn remarkable(log: &str) -> String {
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| !line.contains(" INFO "))
        .collect();
    lines
        .get(lines.len().saturating_sub(60)..)
        .unwrap_or_default()
        .join("\n")
}

/// Everything the suites need, from npm, PyPI and (for a Python without `venv`) apt.
pub(crate) fn install(suites: &[Suite]) -> Result<Finished> {
    let started = exec::now();
    let mut output = String::new();
    for suite in suites {
        output.push_str(&match suite {
            Suite::Node | Suite::Wx => install_npm(&suite.folder())?,
            Suite::Python => install_python(*suite)?,
            Suite::S3 => format!("{}{}", install_python(*suite)?, install_program("rclone")?),
            Suite::Browser => format!(
                "{}{}",
                install_npm(&suite.folder())?,
                install_program("chromium")?
            ),
            Suite::Tls => {
                let others = install(&[Suite::Node, Suite::Python, Suite::S3])?;
                if !exec::answers("openssl", "version") {
                    apt_install("openssl")?;
                }
                others.output
            }
        });
    }
    let status = "installed".to_owned();
    Ok(Finished {
        success: true,
        status,
        output,
        elapsed: started.elapsed(),
    })
}

/// `npm ci`, unless what is there was made from this very lock file.
fn install_npm(folder: &Path) -> Result<String> {
    let lock = fs::read_to_string(folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules").join(".installed-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(format!("{}: there already\n", folder.display()));
    }
    if !exec::answers("npm", "--version") {
        return Err("npm is missing: the tests need Node.js 20 or later".into());
    }
    let mut npm = Command::new("npm");
    let told = exec::stdout_of(
        npm.current_dir(folder)
            .args(["ci", "--no-audit", "--no-fund"]),
    )?;
    fs::write(stamp, lock)?;
    Ok(told)
}

/// What is no package of npm or PyPI comes from the system: one client of S3, and the browser.
fn install_program(name: &str) -> Result<String> {
    if exec::answers(name, "--version") {
        return Ok(format!("{name}: there already\n"));
    }
    apt_install(name)?;
    Ok(format!("{name}: installed\n"))
}

fn install_python(suite: Suite) -> Result<String> {
    let list = suite.folder().join("requirements.txt");
    let wanted = fs::read_to_string(&list)?;
    let venv_folder = suite.venv();
    let stamp = venv_folder.join("installed-requirements");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok("Python packages: there already\n".to_owned());
    }
    let python = venv(&venv_folder)?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ];
    let told = exec::stdout_of(Command::new(python).args(pip).arg(list))?;
    fs::write(stamp, wanted)?;
    Ok(told)
}

fn path_with(venv: &Path) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [venv.join("bin")]
        .into_iter()
        .chain(env::split_paths(&path));
    env::join_paths(folders).unwrap_or(path)
}

fn python_of(venv: &Path) -> PathBuf {
    venv.join("bin").join("python")
}

/// A Python virtual environment in `folder`, made if it is not there; gives its Python.
pub(crate) fn venv(folder: &Path) -> Result<PathBuf> {
    let python = python_of(folder);
    if has_pip(&python) {
        return Ok(python);
    }
    let make = || {
        exec::stdout_of(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(folder),
        )
    };
    if let Err(why) = make() {
        // Debian keeps what `venv` needs in a package of its own.
        apt_install("python3-venv").map_err(|apt| format!("{why}\n{apt}"))?;
        make()?;
    }
    Ok(python)
}

fn has_pip(python: &Path) -> bool {
    exec::stdout_of(Command::new(python).args(["-m", "pip", "--version"])).is_ok()
}

fn apt_install(package: &str) -> Result<()> {
    let is_root = exec::stdout_of(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || !exec::answers("apt-get", "--version") {
        return Err(format!("please install {package} (only root may, by apt-get)").into());
    }
    let apt = |arguments: &[&str]| {
        exec::stdout_of(
            Command::new("apt-get")
                .env("DEBIAN_FRONTEND", "noninteractive")
                .args(arguments),
        )
    };
    apt(&["update", "-qq"])?;
    apt(&["install", "-y", "-qq", "--no-install-recommends", package])?;
    Ok(())
}
