//! The bytes of every operation as sent, as files: `tests/wire/<operation>/<example>.<kind>.http`.
//!
//! Lines end plainly and headers are sorted, for review. `COSETTE_BLESS=1` rewrites the files; read the
//! difference before committing it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cosette_proto::{Dialect, OperationName, Style};

use crate::samples::{Example, Sample, for_operation};
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
        files.extend(check_s3(&folder, &example));
    }
    files
}

/// The same exchange in the S3 dialect.
fn check_s3<M: Sample>(folder: &Path, example: &Example<M>) -> [PathBuf; 2] {
    const S3: Dialect = Dialect::S3;
    let request = folder.join(format!("{}.s3.request.http", example.name));
    let sent = example.request.encode(S3);
    same(&request, &text::of_request(&sent, Style::Path));
    let (name, received) = text::receive_in(S3, &fs::read(&request).unwrap()).unwrap();
    assert_eq!(name, M::NAME);
    let read = M::decode(&received, S3).unwrap();
    assert_eq!(read.encode(S3), sent, "{}", request.display());

    let reply = folder.join(format!("{}.s3.reply.http", example.name));
    let sent = M::encode_reply(&example.reply, S3);
    same(&reply, &text::of_reply(&sent));
    let received = text::read_reply(&fs::read(&reply).unwrap());
    let read = M::decode_reply(&received, S3).unwrap();
    assert_eq!(M::encode_reply(&read, S3), sent, "{}", reply.display());
    [request, reply]
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
