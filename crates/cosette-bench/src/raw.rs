//! The raw limits of the machine, measured beside a server in the same run: what a durable write
//! costs, how fast one core makes MD5, and what a server costs that does nothing.

use std::convert::Infallible;
use std::io::{Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use md5::{Digest, Md5};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Moment;
use crate::error::Error;
use crate::histogram::Histogram;
use crate::payload::Noise;
use crate::stop::Stop;

/// The file begins anew when it is that large.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// The raw limits that no server takes part in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Raw {
    /// Appending the bytes of one object to a file and syncing its data.
    pub append_sync: Histogram,
    /// Bytes that one core made the MD5 of.
    pub md5_bytes: u64,
    /// In that time.
    pub md5_time: Duration,
}

/// Appends as many bytes as an object has, syncs, and again; blocks for `time`.
pub(crate) fn append_and_sync(
    raw: &mut Raw,
    folder: &Path,
    bytes: u64,
    noise: &Noise,
    time: Duration,
    stop: &Stop,
) -> Result<(), Error> {
    let failed = |why: std::io::Error| Error::new(format!("{}: {why}", folder.display()));
    let mut file = tempfile::tempfile_in(folder).map_err(failed)?;
    let mut written = 0;
    let begun = Moment::now();
    while begun.elapsed() < time && !stop.is_stopped() {
        if written + bytes > FILE_BYTES_MAX && written > 0 {
            file.set_len(0).map_err(failed)?;
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            written = 0;
        }
        let started = Moment::now();
        append(&mut file, bytes, noise).map_err(failed)?;
        file.sync_data().map_err(failed)?;
        raw.append_sync.add(started.elapsed());
        written += bytes;
    }
    Ok(())
}

fn append(file: &mut std::fs::File, bytes: u64, noise: &Noise) -> std::io::Result<()> {
    let mut left = bytes;
    while left > 0 {
        let block = noise.block();
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        file.write_all(block.get(..len).unwrap_or_default())?;
        left -= u64::try_from(len).unwrap_or(left);
    }
    Ok(())
}

/// Makes MD5 on one core; blocks for `time`.
pub(crate) fn md5(raw: &mut Raw, noise: &Noise, time: Duration, stop: &Stop) {
    let block = noise.block();
    let mut digest = Md5::new();
    let begun = Moment::now();
    while begun.elapsed() < time && !stop.is_stopped() {
        digest.update(block);
        raw.md5_bytes += u64::try_from(block.len()).unwrap_or(0);
    }
    // The result is not wanted; that it was made is.
    std::hint::black_box(digest.finalize());
    raw.md5_time += begun.elapsed();
}

/// A server that takes any request whole and answers `hello`: the least that HTTP costs here.
#[derive(Debug)]
pub(crate) struct Hello {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Hello {
    /// Starts it on a free port of this machine.
    pub(crate) async fn start() -> Result<Self, Error> {
        let failed = |why: std::io::Error| Error::new(format!("the bare server: {why}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let serving = tokio::spawn(serve(listener));
        Ok(Self { address, serving })
    }

    pub(crate) fn uri(&self) -> Uri {
        let text = format!("http://{}/", self.address);
        text.parse().expect("an address and a slash are a URI")
    }
}

impl Drop for Hello {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener) {
    // Dropped with this task, and the connections with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        connections.spawn(async move {
            http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service_fn(hello))
                .await
                .ok();
        });
    }
}

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    Ok(Response::new(Full::new(Bytes::from_static(b"hello"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn the_raw_limits_are_measured_in_any_folder() {
        let folder = tempfile::tempdir().unwrap();
        let noise = Noise::new(&mut Random::new(1));
        let (mut raw, stop) = (Raw::default(), Stop::default());
        let time = Duration::from_millis(20);
        append_and_sync(&mut raw, folder.path(), 4096, &noise, time, &stop).unwrap();
        md5(&mut raw, &noise, time, &stop);
        assert!(raw.append_sync.count() > 0 && raw.md5_bytes > 0);
        let nowhere = folder.path().join("absent");
        let refused = append_and_sync(&mut raw, &nowhere, 1, &noise, time, &stop);
        assert!(refused.unwrap_err().to_string().contains("absent"));
    }
}
