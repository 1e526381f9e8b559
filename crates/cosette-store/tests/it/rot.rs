//! Bits that go bad in the files of the default engine, where rows and tiny bodies are: what is read
//! is what was written, or an error says that it cannot be; nothing is gone without a word.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use cosette_store::{Error, Store};

use crate::common::{self, TestRandom, content, copy, get, make_bucket, put};

/// Bits that go bad, one by one.
const FLIPS: u64 = 150;
const OBJECTS: u64 = 40;

async fn open(folder: &Path) -> Result<Store, Error> {
    Store::open(folder, common::options().0).await
}

/// A closed store, and what it holds. Its journal is empty: all rows are in tables.
async fn filled(folder: &Path) -> BTreeMap<String, Bytes> {
    let store = open(folder).await.unwrap();
    make_bucket(&store, "b").await;
    let mut held = BTreeMap::new();
    for number in 0..OBJECTS {
        let size = if number % 8 == 7 { 9_000 } else { 60 };
        let (name, bytes) = (format!("k/{number}"), content(number, size));
        put(&store, &name, &bytes).await;
        let copied = format!("copy/{number}");
        copy(&store, &name, &copied).await.unwrap();
        held.insert(name, bytes.clone());
        held.insert(copied, bytes);
    }
    store.close().await.unwrap();
    held
}

/// All files below a folder that have bytes, by their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let about = entry.metadata().unwrap();
        if about.is_dir() {
            found.extend(files(&entry.path()));
        } else if about.len() > 0 {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.metadata().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else if entry.file_name() != "ballast" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn flip(file: &Path, random: &TestRandom) -> String {
    let mut bytes = std::fs::read(file).unwrap();
    let bit = random.below(bytes.len() * 8);
    *bytes.get_mut(bit / 8).unwrap() ^= 1 << (bit % 8);
    std::fs::write(file, bytes).unwrap();
    format!("bit {bit} of {}", file.display())
}

/// What became of a flip.
#[derive(Debug, Default)]
struct Ends {
    refused: u64,
    noticed: u64,
    harmless: u64,
}

async fn read_all(store: &Store, held: &BTreeMap<String, Bytes>, what: &str) -> bool {
    let mut noticed = false;
    for (name, bytes) in held {
        match get(store, name, None).await {
            Ok(read) => assert!(read == *bytes, "{what}: {name} reads otherwise"),
            Err(Error::Corrupt { .. } | Error::Io { .. }) => noticed = true,
            Err(error) => panic!("{what}: {name}: {error:?}"),
        }
    }
    noticed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_of_the_engines_files_is_never_served() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let held = filled(&whole).await;
    let random = TestRandom(AtomicU64::new(9));
    let mut ends = Ends::default();
    for number in 0..FLIPS {
        let bad = folder.path().join(number.to_string());
        copy_folder(&whole, &bad);
        let files = files(&bad.join("meta"));
        let file = files.get(random.below(files.len())).unwrap();
        let what = flip(file, &random);
        match open(&bad).await {
            Err(Error::Corrupt { .. } | Error::Io { .. }) => ends.refused += 1,
            Err(error) => panic!("{what}: {error:?}"),
            Ok(store) => {
                let noticed = read_all(&store, &held, &what).await;
                ends.noticed += u64::from(noticed);
                ends.harmless += u64::from(!noticed);
                // What cannot be read cannot always be written out either.
                let _ = store.close().await;
            }
        }
        std::fs::remove_dir_all(bad).unwrap();
    }
    assert!(ends.refused + ends.noticed > FLIPS / 10, "{ends:?}");
    common::tell_count("T15 flips in the engine's files", FLIPS);
}
