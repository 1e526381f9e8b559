//! A disk of our own that can lose its power: a file system in a file, mounted through a loop device.
//!
//! The power cut is the file system's own shutdown request: from then on nothing reaches the disk
//! that was not there, and what the kernel kept in memory is gone with the next mount. It needs no
//! virtual machine, but it needs the rights to mount.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::Result;

/// Keeps what was logged by the file system when the power goes; 2 loses that, too.
pub(crate) const FLUSH_LOG: u32 = 1;
/// Loses everything that was not synced.
pub(crate) const LOSE_LOG: u32 = 2;

/// Where disk images are kept: in memory if the system has such a place, as disks are slow.
const MEMORY: &str = "/dev/shm";

/// Asks the kernel; Rust has no safe call for it. `0x8004587D` is `_IOR('X', 125, u32)`.
const HELPER: &str = "
import sys, os, fcntl, struct
for line in sys.stdin:
    flag, path = line.rstrip('\\n').split(' ', 1)
    try:
        file = os.open(path, os.O_RDONLY)
        fcntl.ioctl(file, 0x8004587D, struct.pack('I', int(flag)))
        os.close(file)
        print('done', flush=True)
    except OSError as why:
        print(why, flush=True)
";

/// The file systems that disks are tried with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileSystem {
    Ext4,
    Xfs,
}

impl FileSystem {
    const fn maker(self) -> (&'static str, &'static [&'static str]) {
        match self {
            // No blocks for root alone: others here are root, too.
            Self::Ext4 => (
                "mkfs.ext4",
                &["-q", "-F", "-m", "0", "-E", "lazy_itable_init=1"],
            ),
            Self::Xfs => ("mkfs.xfs", &["-q", "-f"]),
        }
    }
}

/// A mounted disk. Dropped, it is unmounted and gone.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    device: String,
    mounted: bool,
    _switch: Child,
    press: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Disk {
    /// Makes a disk of so many MiB. XFS images lie on a real disk, as in memory they are slow.
    pub(crate) async fn new(name: &str, kind: FileSystem, mib: u64) -> Result<Self> {
        let parent = match kind {
            FileSystem::Ext4 if Path::new(MEMORY).is_dir() => PathBuf::from(MEMORY),
            _ => std::env::temp_dir(),
        };
        let folder = parent.join(format!("cosette-box-{}-{name}", std::process::id()));
        std::fs::create_dir_all(folder.join("disk"))?;
        let image = folder.join("image");
        let file = std::fs::File::create(&image)?;
        file.set_len(mib << 20)?;
        drop(file);
        let (maker, flags) = kind.maker();
        tool(Command::new(maker).args(flags).arg(&image)).await?;
        let mut losetup = Command::new("losetup");
        let device = tool(losetup.args(["--find", "--show"]).arg(&image)).await?;
        let mut switch = Command::new("python3")
            .args(["-u", "-c", HELPER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let press = switch.stdin.take().ok_or("no stdin")?;
        let stdout = switch.stdout.take().ok_or("no stdout")?;
        let mut disk = Self {
            folder,
            device: device.trim().to_owned(),
            mounted: false,
            _switch: switch,
            press,
            answers: BufReader::new(stdout).lines(),
        };
        disk.mount().await?;
        Ok(disk)
    }

    /// Where it is mounted.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("disk")
    }

    pub(crate) async fn mount(&mut self) -> Result<()> {
        let mut mount = Command::new("mount");
        tool(mount.arg(&self.device).arg(self.root())).await?;
        self.mounted = true;
        Ok(())
    }

    pub(crate) async fn unmount(&mut self) -> Result<()> {
        tool(Command::new("umount").arg(self.root())).await?;
        self.mounted = false;
        Ok(())
    }

    /// Takes the power away. Nothing works on the disk until it is unmounted and mounted again.
    pub(crate) async fn cut(&mut self, flag: u32) -> Result<()> {
        let line = format!("{flag} {}\n", self.root().display());
        self.press.write_all(line.as_bytes()).await?;
        match self.answers.next_line().await?.as_deref() {
            Some("done") => Ok(()),
            other => Err(format!("the power cannot be cut: {other:?}").into()),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            // Also if a server that was just killed has not gone yet. There is nobody to tell if it
            // fails; what is left can be seen with `losetup`.
            let _ = std::process::Command::new("umount")
                .arg("-l")
                .arg(self.root())
                .output();
        }
        let _ = std::process::Command::new("losetup")
            .args(["-d", &self.device])
            .output();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Why there can be no disk here; `None` if there can.
pub(crate) async fn missing(kind: FileSystem) -> Option<String> {
    let (maker, _) = kind.maker();
    let need = [maker, "losetup", "mount", "umount", "python3"];
    for program in need {
        let found = Command::new("sh")
            .args(["-c", "command -v \"$0\"", program])
            .output()
            .await;
        if !found.is_ok_and(|found| found.status.success()) {
            return Some(format!("there is no {program}"));
        }
    }
    match Disk::new("probe", kind, 320).await {
        Ok(mut disk) => disk.cut(LOSE_LOG).await.err().map(|why| why.to_string()),
        Err(why) => Some(why.to_string()),
    }
}

/// Runs a tool; gives its stdout, or its stderr as the error.
pub(crate) async fn tool(command: &mut Command) -> Result<String> {
    let name = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let done = command
        .output()
        .await
        .map_err(|why| format!("{name}: {why}"))?;
    if !done.status.success() {
        let told = String::from_utf8_lossy(&done.stderr);
        return Err(format!("{name}: {}: {}", done.status, told.trim()).into());
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
