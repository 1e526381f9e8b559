//! Tools of others that a part of the box works with.

use std::process::Stdio;

use tokio::process::Command;

/// Why a tool is not to be had; `None` if `probe`, a line for the shell, says that it is here. Its package
/// is installed if that is possible.
pub(crate) async fn missing(probe: &str, package: &str) -> Option<String> {
    let there = || async {
        let found = Command::new("sh")
            .args(["-c", probe])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        found.await.is_ok_and(|status| status.success())
    };
    if there().await {
        return None;
    }
    let install = format!(
        "apt-get install -y -q {package} || {{ apt-get update -q && apt-get install -y -q {package}; }}"
    );
    // What it says does not matter: whether the tool is there now does.
    let _ = Command::new("sh").args(["-c", &install]).output().await;
    let gone = !there().await;
    gone.then(|| format!("there is no {package}, and it cannot be installed"))
}
