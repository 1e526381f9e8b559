//! Certificates that no run before this one had: two authorities, each with one certificate for all
//! names by which the suites call a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::exec::{self, Result};

const NAMES: &str = "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:*.cos.ap-guangzhou.myqcloud.com";

/// A folder with `ca-1.pem`, `chain-1.pem`, `key-1.pem`, the same with `2`, and the files that a
/// server is given, which are at first those of 1.
#[derive(Debug)]
pub(crate) struct Certificates {
    pub(crate) folder: PathBuf,
}

impl Certificates {
    pub(crate) fn make(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let made = Self {
            folder: folder.to_owned(),
        };
        for number in ["1", "2"] {
            made.authority(number)?;
        }
        fs::copy(folder.join("chain-1.pem"), made.chain())?;
        fs::copy(folder.join("key-1.pem"), made.key())?;
        Ok(made)
    }

    pub(crate) fn chain(&self) -> PathBuf {
        self.folder.join("chain.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    /// An authority that certifies one key, and itself.
    fn authority(&self, number: &str) -> Result<()> {
        let file = |name: &str| self.folder.join(format!("{name}-{number}.pem"));
        let mut root = request();
        root.args(["-subj", &format!("/CN=authority {number} of a test")])
            .args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"])
            .arg("-keyout")
            .arg(file("ca-key"))
            .arg("-out")
            .arg(file("ca"));
        exec::stdout_of(&mut root)?;
        let mut server = request();
        server
            .args(["-subj", "/CN=localhost", "-addext", NAMES])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-addext", "extendedKeyUsage=serverAuth"])
            .arg("-CA")
            .arg(file("ca"))
            .arg("-CAkey")
            .arg(file("ca-key"))
            .arg("-keyout")
            .arg(file("key"))
            .arg("-out")
            .arg(file("chain"));
        exec::stdout_of(&mut server)?;
        Ok(())
    }
}

/// A new key and its certificate, good for two days.
fn request() -> Command {
    let mut openssl = Command::new("openssl");
    openssl
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "2", "-batch"]);
    openssl
}
