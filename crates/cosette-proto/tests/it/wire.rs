//! The bytes of every operation as sent, as files: `tests/wire/<operation>/<example>.<kind>.http`.
//!
//! Lines end plainly and headers are sorted, for review. `COSETTE_BLESS=1` rewrites the files; read the
//! difference before committing it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cosette_proto::{Dialect, OperationName, Style};

use crate::samples::{Sample, for_operation};
use crate::text;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire")
}

fn blessing() -> bool {
    std::env::var_os("COSETTE_BLESS").is_some_and(|value| value == "1")
}

/// The text in a file must be this one.
fn same(path: &Path, text: &[u8]) {
    if blessing() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        return;
    }
    let kept = fs::read(path).unwrap_or_default();
    assert_eq!(
        String::from_utf8_lossy(text),
        String::from_utf8_lossy(&kept),
        "{} differs from what is sent now; COSETTE_BLESS=1 rewrites it",
        path.display()
    );
}

fn check<M: Sample>() -> Vec<PathBuf> {
    let folder = folder().join(M::NAME.as_str());
    let examples = M::examples();
    assert!(!examples.is_empty(), "{} has no example", M::NAME);
    let mut files = Vec::new();
    for example in examples {
        let path = folder.join(format!("{}.request.http", example.name));
        let sent = example.request.encode(Dialect::Cos);
        same(&path, &text::of_request(&sent, Style::VirtualHosted));
        let (name, received) = text::receive(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(name, M::NAME);
        let read = M::decode(&received, Dialect::Cos);
        assert_eq!(read.as_ref(), Ok(&example.request), "{}", path.display());
        files.push(path);

        let path = folder.join(format!("{}.reply.http", example.name));
        same(
            &path,
            &text::of_reply(&M::encode_reply(&example.reply, Dialect::Cos)),
        );
        let received = text::read_reply(&fs::read(&path).unwrap());
        let read = M::decode_reply(&received, Dialect::Cos);
        assert_eq!(read.as_ref(), Ok(&example.reply), "{}", path.display());
        files.push(path);
    }
    files
}

#[test]
fn every_operation_is_sent_as_its_files_say() {
    let mut wanted = BTreeSet::new();
    for name in OperationName::ALL {
        wanted.extend(for_operation!(*name, check));
    }
    let found: BTreeSet<_> = fs::read_dir(folder())
        .unwrap()
        .flat_map(|entry| fs::read_dir(entry.unwrap().path()).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(found, wanted, "files of examples that are gone");
}
