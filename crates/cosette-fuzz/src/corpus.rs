//! The committed inputs of a target.

use std::path::PathBuf;

/// Where the inputs of a target are.
pub fn folder(target: &str) -> PathBuf {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    root.join(target)
}

/// The inputs of a target, in the order of their names.
///
/// # Errors
/// When the folder or one of its files cannot be read.
pub fn of(target: &str) -> std::io::Result<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder(target))? {
        paths.push(entry?.path());
    }
    paths.sort_unstable();
    paths.into_iter().map(std::fs::read).collect()
}
