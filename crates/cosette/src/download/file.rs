//! Into a file: bytes are written as they come, so that a download has one small buffer in memory.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cosette_proto::ops::ObjectReply;
use cosette_types::Crc64;
use futures_util::StreamExt;

use super::reader::{Reader, Sink};
use super::verify::{self, Verifier};
use super::{Downloaded, cut};
use crate::checksum::Summing;
use crate::error::{Error, ErrorKind};
use crate::progress::{Meter, Report};
use crate::proof::Proof;
use crate::reply::Output;
use crate::transfer::{Origin, Partial, Shared};

/// Bytes that are gathered before they are written.
const WRITE_BYTES: usize = 128 << 10;

/// How an object is cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranges {
    pub(super) bytes: u64,
    pub(super) parallel: usize,
    pub(super) resumable: bool,
}

/// A small object, in one request. `check` sees it before a byte is kept.
pub(super) async fn whole(
    reader: &Reader,
    report: &Report,
    check: &(dyn Fn(&ObjectReply) -> Result<(), Error> + Send + Sync),
    place: &Path,
) -> Result<Output<Downloaded>, Error> {
    let (object, body) = reader.get(None).await?;
    check(&object)?;
    let mut meter = Meter::begin(&reader.client, report, object.size());
    let beside = beside(place);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside);
    let file = file.map_err(|why| local(&beside, why))?;
    let received = async {
        let verifier = Verifier::of(&object, reader.client.dialect());
        let mut sink = FileSink::new(Shared::new(file), 0, &beside, verifier);
        if let Some(last) = object.size().checked_sub(1) {
            reader.take((0, last), Some(body), &mut sink).await?;
        }
        let (file, verifier) = sink.end().await?;
        let proof = verifier.end(&reader.subject())?;
        meter.add(object.size());
        let (from, to) = (beside.clone(), place.to_owned());
        on_disk(&beside, move || {
            file.with(|file| file.sync_all())?;
            std::fs::rename(from, to)
        })
        .await?;
        Ok(proof)
    };
    match received.await {
        Ok(proof) => {
            meter.finish();
            Ok(downloaded(object, proof))
        }
        Err(error) => {
            // Best effort: the error that led here is the one to report.
            let _ = tokio::fs::remove_file(&beside).await;
            Err(error)
        }
    }
}

/// A large object, in ranges; those that an earlier download left are not fetched again.
pub(super) async fn in_ranges(
    reader: &Reader,
    report: &Report,
    object: Output<ObjectReply>,
    ranges: Ranges,
    place: &Path,
) -> Result<Output<Downloaded>, Error> {
    let mut meter = Meter::begin(&reader.client, report, object.size());
    let origin = Origin {
        bucket: reader.bucket.clone(),
        key: reader.key.clone(),
        version_id: object.version_id.clone().or(reader.version_id.clone()),
        etag: object.etag.clone(),
        size: object.size(),
        modified: object.last_modified,
    };
    let (at, resumable) = (place.to_owned(), ranges.resumable);
    let opened = tokio::task::spawn_blocking(move || Partial::open(&at, &origin, resumable));
    let opened = opened
        .await
        .map_err(|why| local(place, std::io::Error::other(why)))?;
    let (mut partial, left) = opened?;
    meter.found(left.bytes);
    let fetched = fetch(reader, (&object, ranges), &mut partial, &mut meter).await;
    let fetched = match fetched {
        Ok(proof) => partial.finish(place).await.map(|()| proof),
        Err(error) => {
            let other = matches!(
                error.kind(),
                ErrorKind::Corrupt | ErrorKind::PreconditionFailed | ErrorKind::NotFound(_)
            );
            partial.leave(ranges.resumable && !other);
            Err(error)
        }
    };
    let proof = fetched?;
    meter.finish();
    let mut downloaded = downloaded(object, proof);
    downloaded.value.resumed_bytes = left.bytes;
    downloaded.value.started_over = left.of_another;
    Ok(downloaded)
}

async fn fetch(
    reader: &Reader,
    (object, ranges): (&Output<ObjectReply>, Ranges),
    partial: &mut Partial,
    meter: &mut Meter<'_>,
) -> Result<Proof, Error> {
    let (file, path) = (partial.file(), partial.path().to_owned());
    let missing = partial.missing().into_iter();
    let missing = missing.flat_map(|gap| cut(gap, ranges.bytes));
    let mut parts = futures_util::stream::iter(missing)
        .map(|(first, last)| {
            let mut sink = FileSink::new(file.clone(), first, &path, Summing::new(false));
            async move {
                reader.take((first, last), None, &mut sink).await?;
                let (_, summing) = sink.end().await?;
                Ok::<_, Error>((first, last, summing.end().crc64))
            }
        })
        .buffer_unordered(ranges.parallel);
    while let Some(part) = parts.next().await {
        let (first, last, crc) = part?;
        let len = last - first + 1;
        partial.note(first, len, crc)?;
        meter.add(len);
    }
    drop(parts);
    let is: Crc64 = partial.crc64();
    if let Some(wanted) = object.crc64 {
        return verify::agree(&reader.subject(), is, wanted).map(|()| Proof::Crc64);
    }
    // What else the service may tell goes over all bytes in order: they are read again.
    let mut verifier = Verifier::of(object, reader.client.dialect());
    let again = on_disk(&path, move || {
        file.with(|file| {
            file.seek(SeekFrom::Start(0))?;
            let mut buffer = vec![0; WRITE_BYTES];
            loop {
                let read = file.read(&mut buffer)?;
                match buffer.get(..read) {
                    Some(bytes) if !bytes.is_empty() => verifier.update(bytes),
                    _ => return Ok(()),
                }
            }
        })?;
        Ok(verifier)
    });
    again.await?.end(&reader.subject())
}

fn downloaded(object: Output<ObjectReply>, proof: Proof) -> Output<Downloaded> {
    object.map(|object| Downloaded {
        object,
        proof,
        resumed_bytes: 0,
        started_over: false,
    })
}

/// Who sees bytes before they are written.
trait See: Send {
    fn see(&mut self, bytes: &[u8]);
}

impl See for Verifier {
    fn see(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

impl See for Summing {
    fn see(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

/// Writes what comes from some byte of a file on.
struct FileSink<S> {
    file: Shared,
    at: u64,
    path: PathBuf,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    see: S,
}

impl<S: See> FileSink<S> {
    fn new(file: Shared, at: u64, path: &Path, see: S) -> Self {
        Self {
            file,
            at,
            path: path.to_owned(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            see,
        }
    }

    async fn write(&mut self) -> Result<(), Error> {
        let (file, at) = (self.file.clone(), self.at);
        let chunks = std::mem::take(&mut self.waiting);
        self.at += std::mem::take(&mut self.waiting_bytes) as u64;
        on_disk(&self.path, move || {
            file.with(|file| {
                file.seek(SeekFrom::Start(at))?;
                chunks.iter().try_for_each(|chunk| file.write_all(chunk))
            })
        })
        .await
    }

    async fn end(mut self) -> Result<(Shared, S), Error> {
        if self.waiting_bytes > 0 {
            self.write().await?;
        }
        Ok((self.file, self.see))
    }
}

impl<S: See> Sink for FileSink<S> {
    async fn take(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.see.see(&bytes);
        self.waiting_bytes += bytes.len();
        self.waiting.push(bytes);
        match self.waiting_bytes >= WRITE_BYTES {
            true => self.write().await,
            false => Ok(()),
        }
    }
}

/// Work on a file, away from the threads that must not wait.
async fn on_disk<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|why| Err(std::io::Error::other(why)));
    done.map_err(|why| local(path, why))
}

fn local(path: &Path, why: std::io::Error) -> Error {
    Error::local(&path.display().to_string(), why)
}

/// A name for the unfinished file, in the same folder so that it can be renamed.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(
        ".{:016x}.part",
        RandomState::new().build_hasher().finish()
    ));
    path.with_file_name(name)
}
