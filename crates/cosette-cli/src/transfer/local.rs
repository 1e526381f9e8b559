//! Files as sources and targets of copies.
//!
//! A key is somebody else's text. What arrives from a bucket is written below the folder that was named
//! and nowhere else: no `..`, no absolute path, no way out through a symbolic link that lies there.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use cosette_types::{Crc64, Timestamp};
use tempfile::NamedTempFile;

use crate::failure::{Failure, Result};

/// A file found below a folder, with its name as a key would write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) relative: String,
    pub(crate) size: u64,
    pub(crate) modified: Timestamp,
}

/// Something below a folder that is not copied: a symbolic link, a device, a name that cannot be a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Its name as a key would write it, with replacement characters where it is no UTF-8.
    pub(crate) relative: String,
    /// What it is, and why it is not copied.
    pub(crate) told: String,
}

/// Every regular file below a folder, in the order of names, without what is to be skipped by path
/// or name; and what was passed over.
///
/// Symbolic links are not followed: they may lead anywhere, also in circles.
pub(crate) fn walk(
    folder: &Path,
    skip: &dyn Fn(&Path, &str) -> bool,
) -> Result<(Vec<Found>, Vec<Passed>)> {
    let (mut found, mut passed) = (Vec::new(), Vec::new());
    let mut open = vec![(folder.to_path_buf(), String::new())];
    while let Some((directory, prefix)) = open.pop() {
        let told = |why: std::io::Error| Failure::local(directory.display(), why);
        for entry in fs::read_dir(&directory).map_err(told)? {
            let entry = entry.map_err(told)?;
            let path = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str().map(str::to_owned) else {
                passed.push(Passed {
                    relative: format!("{prefix}{}", name.to_string_lossy()),
                    told: format!("{} is no UTF-8 and cannot be a key", path.display()),
                });
                continue;
            };
            if skip(&path, &name) {
                continue;
            }
            let relative = format!("{prefix}{name}");
            let facts = entry
                .metadata()
                .map_err(|why| Failure::local(path.display(), why))?;
            if facts.is_dir() {
                open.push((path, format!("{relative}/")));
            } else if facts.is_file() {
                found.push(Found {
                    path,
                    relative,
                    size: facts.len(),
                    modified: modified(&facts),
                });
            } else {
                let told = format!("{} is no regular file", path.display());
                passed.push(Passed { relative, told });
            }
        }
    }
    found.sort_by(|a, b| a.relative.cmp(&b.relative));
    Ok((found, passed))
}

/// One regular file, with its own name as a key would write it.
pub(crate) fn found(path: &Path) -> Result<Found> {
    let facts = regular(path)?;
    let name = path.file_name().and_then(|name| name.to_str());
    Ok(Found {
        path: path.to_owned(),
        relative: name.unwrap_or_default().to_owned(),
        size: facts.len(),
        modified: modified(&facts),
    })
}

/// The facts of a file that can be sent: an upload asks for its size first, and may read a part of it again.
pub(crate) fn regular(path: &Path) -> Result<fs::Metadata> {
    let facts = fs::metadata(path).map_err(|why| Failure::local(path.display(), why))?;
    if facts.is_dir() {
        let told = format!("{} is a folder; give -r for what is in it", path.display());
        return Err(Failure::usage(told));
    }
    // People make empty objects of /dev/null.
    if !facts.is_file() && path != Path::new("/dev/null") {
        return Err(Failure::local(
            path.display(),
            "no regular file, which is what can be sent; of what a program writes: PROGRAM | cosette cp - cos://BUCKET/KEY",
        ));
    }
    Ok(facts)
}

/// A folder of which all is to be taken.
pub(crate) fn is_folder(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(facts) if facts.is_dir() => Ok(()),
        Ok(_) => Err(Failure::local(
            path.display(),
            "it is no folder, and all that is in one was asked for",
        )),
        Err(why) if why.kind() == ErrorKind::NotFound => Err(Failure::local(
            path.display(),
            "there is no such file or folder",
        )),
        Err(why) => Err(Failure::local(path.display(), why)),
    }
}

/// When a file was last written; a file system that cannot tell says long ago.
fn modified(facts: &fs::Metadata) -> Timestamp {
    let since = facts
        .modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let micros = since.map_or(0, |since| since.as_micros());
    Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

/// The CRC-64 of a file's bytes.
pub(crate) fn crc64(path: &Path) -> Result<Crc64> {
    use std::io::Read;
    let told = |why: std::io::Error| Failure::local(path.display(), why);
    let mut file = fs::OpenOptions::new().read(true).open(path).map_err(told)?;
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Xz);
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = file.read(&mut buffer).map_err(told)?;
        match buffer.get(..read) {
            Some(bytes) if !bytes.is_empty() => digest.update(bytes),
            _ => return Ok(Crc64(digest.finalize())),
        }
    }
}

/// The path below a folder that a key's text names; an error in words if it names none.
pub(crate) fn path_below(folder: &Path, relative: &str) -> std::result::Result<PathBuf, String> {
    let refused = |why: &str| {
        Err(format!(
            "`{relative}` cannot be a path below {}: {why}",
            folder.display()
        ))
    };
    if relative.is_empty() {
        return refused("it is empty");
    }
    if relative.contains('\0') || (cfg!(windows) && relative.contains(['\\', ':'])) {
        return refused("it holds a character that no file name may hold");
    }
    let segments = relative.strip_suffix('/').unwrap_or(relative);
    for segment in segments.split('/') {
        match segment {
            "" => return refused("a part of it is empty"),
            "." | ".." => return refused("`.` and `..` are no names of files"),
            _ => {}
        }
    }
    let path = Path::new(segments);
    if !path
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return refused("it is not relative");
    }
    Ok(folder.join(path))
}

/// Makes the folders on the way to `path`, which lies below `folder`, and checks that none of them
/// leads out of it.
pub(crate) fn make_way(folder: &Path, path: &Path) -> Result<()> {
    let Ok(relative) = path.strip_prefix(folder) else {
        return Err(Failure::local(
            path.display(),
            "it does not lie below the target",
        ));
    };
    let mut at = folder.to_path_buf();
    make_folder(&at)?;
    let parents = relative
        .parent()
        .map(Path::components)
        .into_iter()
        .flatten();
    for part in parents {
        at.push(part);
        match fs::symlink_metadata(&at) {
            Ok(facts) if facts.is_dir() => {}
            Ok(facts) if facts.is_symlink() => {
                return Err(Failure::local(
                    at.display(),
                    "a symbolic link; nothing is written through it",
                ));
            }
            Ok(_) => {
                return Err(Failure::local(
                    at.display(),
                    "a file where a folder must be",
                ));
            }
            Err(why) if why.kind() == ErrorKind::NotFound => make_folder(&at)?,
            Err(why) => return Err(Failure::local(at.display(), why)),
        }
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(|why| Failure::local(path.display(), why))
}

/// A file in the making: beside its place, and put there whole when it is finished.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: NamedTempFile,
    place: PathBuf,
}

/// A file that is put in the place of a device would take it away from everybody.
const NO_FILE: &str =
    "it is no file but a device, a pipe or a socket; write the object to standard output instead";

impl NewFile {
    /// Begins a file that will be at `place`.
    pub(crate) fn begin(place: &Path) -> Result<Self> {
        let told = |why: std::io::Error| Failure::local(place.display(), why);
        let words = match fs::metadata(place) {
            Ok(there) if there.is_dir() => Some("a folder of this name is there"),
            Ok(there) if !there.is_file() => Some(NO_FILE),
            _ => None,
        };
        if let Some(words) = words {
            return Err(Failure::local(place.display(), words));
        }
        let folder = place
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".cosette-").suffix(".part");
        // As any new file: what the user's umask leaves of it.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(told)?;
        Ok(Self {
            file,
            place: place.to_owned(),
        })
    }

    /// A handle to write with.
    pub(crate) fn writer(&self) -> Result<fs::File> {
        self.file
            .reopen()
            .map_err(|why| Failure::local(self.place.display(), why))
    }

    /// Syncs the bytes and puts the file at its place. Without this call nothing is left.
    pub(crate) fn finish(self) -> Result<()> {
        let told = |why: std::io::Error| Failure::local(self.place.display(), why);
        self.file.as_file().sync_all().map_err(told)?;
        self.file
            .persist(&self.place)
            .map_err(|why| told(why.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leads_out_of_the_folder() {
        let folder = Path::new("/target");
        for bad in [
            "",
            "/",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "./a",
            "a//b",
            "/etc/passwd",
            "a/\0",
            "//a",
            "a/.",
        ] {
            assert!(path_below(folder, bad).is_err(), "{bad:?}");
        }
        for (good, path) in [
            ("a", "/target/a"),
            ("a/b c", "/target/a/b c"),
            ("...", "/target/..."),
            ("d/", "/target/d"),
        ] {
            assert_eq!(path_below(folder, good).unwrap(), Path::new(path));
        }
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link() {
        let outside = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("way")).unwrap();
        let path = path_below(folder.path(), "way/a").unwrap();
        assert!(make_way(folder.path(), &path).is_err());
        let path = path_below(folder.path(), "new/a").unwrap();
        make_way(folder.path(), &path).unwrap();
        assert!(folder.path().join("new").is_dir());
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing() {
        use std::io::Write;
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        let file = NewFile::begin(&place).unwrap();
        file.writer().unwrap().write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let file = NewFile::begin(&place).unwrap();
        file.writer().unwrap().write_all(b"whole").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_walk_finds_files_in_order_and_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("b/中.txt"), "1").unwrap();
        fs::write(folder.path().join("a"), "22").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
        let (found, passed) = walk(folder.path(), &|_, _| false).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|f| (f.relative.as_str(), f.size))
            .collect();
        assert_eq!(names, [("a", 2), ("b/中.txt", 1)]);
        assert_eq!(passed.len(), usize::from(cfg!(unix)));
    }
}
