//! What the demo works on.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::connect::Connection;
use crate::failure::{Failure, Result};
use crate::transfer::local;

/// A file with at least so many bytes shows what parts are for.
pub(super) const LARGE_BYTES: u64 = 64 << 20;
/// Files of the current project that are taken at most, and how large each may be.
const FILES_MAX: usize = 60;
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Folders that hold what tools make.
const PASSED_OVER: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// A file and the key that it gets.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) path: PathBuf,
    pub(super) key: String,
}

/// The files that were named, else those of the current folder.
pub(super) fn choose(connection: &Connection, named: &[PathBuf]) -> Result<Vec<Subject>> {
    if named.is_empty() {
        return here(connection, Path::new("."));
    }
    let mut taken = HashSet::new();
    let mut subjects = Vec::new();
    for path in named {
        let facts = fs::metadata(path).map_err(|why| Failure::local(path.display(), why))?;
        if !facts.is_file() {
            return Err(Failure::local(path.display(), "it is no file"));
        }
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| Failure::local(path.display(), "its name is no UTF-8"))?;
        let mut key = name.to_owned();
        // Two files of one name both have a place.
        for number in 2.. {
            if taken.insert(key.clone()) {
                break;
            }
            key = format!("{number}/{name}");
        }
        subjects.push(Subject {
            path: path.clone(),
            key,
        });
    }
    Ok(subjects)
}

fn here(connection: &Connection, folder: &Path) -> Result<Vec<Subject>> {
    let skip = |path: &Path, name: &str| {
        name.starts_with('.') || PASSED_OVER.contains(&name) || connection.is_folder(path)
    };
    let (found, _) = local::walk(folder, &skip)?;
    let small = found
        .into_iter()
        .filter(|file| file.size <= FILE_BYTES_MAX)
        .take(FILES_MAX);
    let subjects: Vec<Subject> = small
        .map(|file| Subject {
            path: file.path,
            key: file.relative,
        })
        .collect();
    if subjects.is_empty() {
        return Err(Failure::usage(
            "the current folder holds no files to show anything on; name some: cosette demo FILE…",
        ));
    }
    Ok(subjects)
}

/// One large object: the bytes of files again and again.
pub(super) fn concatenation(paths: &[PathBuf]) -> Result<Bytes> {
    let wanted = usize::try_from(LARGE_BYTES).unwrap_or(usize::MAX);
    let mut once = Vec::new();
    for path in paths {
        once.extend(fs::read(path).map_err(|why| Failure::local(path.display(), why))?);
    }
    if once.is_empty() {
        // All files are empty.
        once.push(0);
    }
    let mut all = Vec::with_capacity(wanted);
    while all.len() < wanted {
        let rest = wanted - all.len();
        all.extend_from_slice(once.get(..rest).unwrap_or(&once));
    }
    Ok(all.into())
}
