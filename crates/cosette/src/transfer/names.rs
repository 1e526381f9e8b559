//! The names that lead to files, made durable before what the files were copied from goes.
//!
//! A file whose bytes are synced is found after a power cut only if the folder with its name was
//! synced, too, after it got that name; and so up to the root for folders that were made on the way.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::limits::FOLDERS_KNOWN_MAX;
use super::log::{local, sync_names_in};
use crate::error::Error;

/// Makes the names in a folder durable.
pub(super) type SyncFolder = Arc<dyn Fn(&Path) -> io::Result<()> + Send + Sync>;

/// What is known to be durable of the folders of one run.
///
/// Files that come into a folder at the same time share its sync, and the way up to the root is
/// synced once.
pub(super) struct Names {
    sync: SyncFolder,
    folders: Mutex<HashMap<PathBuf, Arc<Folder>>>,
}

#[derive(Debug, Default)]
struct Folder {
    /// How often somebody asked, each after a name had come into it.
    asked: AtomicU64,
    /// Up to which of these everything is durable. Held while it is synced.
    durable: tokio::sync::Mutex<u64>,
    /// Whether its own name is durable, and those of all folders above.
    is_rooted: AtomicBool,
}

/// As the disk does.
pub(super) fn on_disk() -> SyncFolder {
    Arc::new(sync_names_in)
}

/// The folder of a file or a folder; of a name alone it is the one where we are.
fn above(path: &Path) -> Option<&Path> {
    let above = path.parent()?;
    Some(match above.as_os_str().is_empty() {
        true => Path::new("."),
        false => above,
    })
}

impl Names {
    pub(super) fn new(sync: SyncFolder) -> Self {
        Self {
            sync,
            folders: Mutex::default(),
        }
    }

    /// Makes all names durable that lead to a file which is there.
    pub(super) async fn sync_to(&self, file: &Path) -> Result<(), Error> {
        let mut climbed = Vec::new();
        let mut next = above(file);
        while let Some(path) = next {
            let folder = self.folder(path);
            let synced = self.sync_once(path, &folder).await;
            synced.map_err(|why| local(path, why))?;
            if folder.is_rooted.load(Ordering::SeqCst) {
                break;
            }
            climbed.push(folder);
            next = match path == Path::new(".") {
                true => None,
                false => above(path),
            };
        }
        for folder in climbed {
            folder.is_rooted.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    fn folder(&self, path: &Path) -> Arc<Folder> {
        let folders = self.folders.lock();
        let mut folders = folders.unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = folders.get(path) {
            return Arc::clone(folder);
        }
        if folders.len() >= FOLDERS_KNOWN_MAX {
            // Who does not know syncs once more.
            folders.clear();
        }
        let folder = Arc::<Folder>::default();
        folders.insert(path.to_owned(), Arc::clone(&folder));
        folder
    }

    /// Syncs a folder, unless a sync that began after this was asked for did.
    async fn sync_once(&self, path: &Path, folder: &Folder) -> io::Result<()> {
        let turn = folder.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut durable = folder.durable.lock().await;
        if *durable >= turn {
            return Ok(());
        }
        let all = folder.asked.load(Ordering::SeqCst);
        let (sync, at) = (Arc::clone(&self.sync), path.to_owned());
        let synced = tokio::task::spawn_blocking(move || sync(&at)).await;
        match synced.map_err(io::Error::other)? {
            // A folder that may not be read was not made by us.
            Err(why) if why.kind() != io::ErrorKind::PermissionDenied => return Err(why),
            _ => {}
        }
        *durable = all;
        Ok(())
    }
}
