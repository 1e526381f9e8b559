//! Keeping the next open short.
//!
//! The engine replays its newest journal at every open, and begins a new one only at 64 MB: half a
//! second for a command that reads one row. So a close that leaves a long journal writes everything
//! out to tables and empties the journal, which the engine takes for one that was just begun.

use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;

/// A journal up to this long is quicker replayed than written out.
const SHORT_BYTES: u64 = 2 << 20;

/// The journals in the engine's folder.
#[derive(Debug)]
pub(super) struct Journals {
    pub(super) folder: PathBuf,
}

impl Journals {
    /// Whether replaying them would take long. A new journal is made at its full length, so this
    /// holds for every session that began one.
    pub(super) fn are_long(&self) -> bool {
        let lengths = self.paths().map(|paths| {
            paths
                .iter()
                .filter_map(|(_, path)| path.metadata().ok())
                .map(|facts| facts.len())
                .sum()
        });
        // One that cannot be read will be replayed, or will say so.
        lengths.is_ok_and(|sum: u64| sum > SHORT_BYTES)
    }

    /// Empties the newest journal and takes away those before it, which the engine may not have come to
    /// when it was closed. Everything in them must be in tables, and the engine closed.
    pub(super) fn cut(&self) -> io::Result<()> {
        let mut paths = self.paths()?;
        paths.sort_unstable();
        let newest = paths.pop();
        // The oldest first, as the engine does: what is left is always the end of what was written.
        for (_, path) in paths {
            std::fs::remove_file(path)?;
        }
        if let Some((_, path)) = newest {
            let journal = OpenOptions::new().write(true).open(path)?;
            journal.set_len(0)?;
            journal.sync_all()?;
        }
        Ok(())
    }

    fn paths(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let number = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok());
            if let Some(number) =
                number.filter(|_| path.extension().is_some_and(|end| end == "jnl"))
            {
                paths.push((number, path));
            }
        }
        Ok(paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_replay() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["9.jnl", "10.jnl", "11.jnl", "10.other"] {
            std::fs::write(path(name), b"rows").unwrap();
        }
        let journals = Journals {
            folder: folder.path().to_owned(),
        };
        journals.cut().unwrap();
        assert_eq!(journals.paths().unwrap(), [(11, path("11.jnl"))]);
        assert_eq!(path("11.jnl").metadata().unwrap().len(), 0);
        assert_eq!(std::fs::read(path("10.other")).unwrap(), b"rows");
    }
}
