//! Files of this machine: read whole, written so that others cannot read them.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::transfer::local::NewFile;

/// A path that means the same from every folder; without a present one it stays as it is.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A text file's content, or `None` if there is no such file.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
        Err(why) => Err(Failure::local(path.display(), why)),
    }
}

/// Whether users other than the owner may read a file.
#[cfg(unix)]
pub(crate) fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

/// Whether users other than the owner may read a file. Not known on this platform.
#[cfg(not(unix))]
pub(crate) fn others_may_read(_path: &Path) -> bool {
    false
}

/// A folder that only its owner may look into, made if it is not there.
pub(crate) fn private_folder(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|why| Failure::local(path.display(), why))
}

/// Puts a file in place, whole or not at all, readable by its owner only; folders are made.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let told = |why: std::io::Error| Failure::local(path.display(), why);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(told)?;
    // Temporary files are made with mode 0600, and the rename keeps it.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(told)?;
    file.write_all(text.as_bytes()).map_err(told)?;
    file.as_file().sync_all().map_err(told)?;
    file.persist(path).map_err(|why| told(why.error))?;
    Ok(())
}

/// All bytes of a file, or of standard input if the path is `-`.
pub(crate) fn read_bytes(path: &Path) -> Result<Bytes> {
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        fs::read(path).map(|all| bytes = all)
    };
    read.map_err(|why| Failure::local(path.display(), why))?;
    Ok(bytes.into())
}

/// Where the bytes of an object go: standard output, or a file that appears when it is whole.
#[derive(Debug)]
pub(crate) enum Sink {
    Stdout(Output),
    File(NewFile, fs::File, PathBuf),
}

impl Sink {
    pub(crate) fn open(path: &Path, output: &Output) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout(output.clone()));
        }
        let file = NewFile::begin(path)?;
        let writer = file.writer()?;
        Ok(Self::File(file, writer, path.to_owned()))
    }

    pub(crate) const fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout(_))
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Stdout(output) => output.raw(bytes),
            Self::File(_, writer, path) => writer
                .write_all(bytes)
                .map_err(|why| Failure::local(path.display(), why)),
        }
    }

    /// Puts a file in place. What was not finished leaves no file.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Self::Stdout(_) => Ok(()),
            Self::File(file, _, _) => file.finish(),
        }
    }
}
