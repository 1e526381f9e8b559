//! Standard input as a stream of chunks.

use std::io::Read;

use bytes::Bytes;
use futures_util::stream;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks that may wait to be sent.
const WAITING_MAX: usize = 4;

/// The same as [`chunks`], until the user wants no more: then it is cut off, and what reads it fails.
pub(crate) fn until(
    stopped: impl Future<Output = ()> + Send + 'static,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let cut = stream::once(async move {
        stopped.await;
        Err(std::io::Error::other("interrupted"))
    });
    let whole = chunks().map(Some).chain(stream::iter([None]));
    let either = stream::select(whole, cut.map(Some));
    either
        .take_while(|chunk| std::future::ready(chunk.is_some()))
        .filter_map(std::future::ready)
}

/// Everything that arrives, until its end. Reading blocks, so a thread of its own does it.
pub(crate) fn chunks() -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        loop {
            let mut chunk = vec![0; CHUNK_BYTES];
            let read = stdin.read(&mut chunk).map(|count| {
                chunk.truncate(count);
                Bytes::from(chunk)
            });
            let ended = read.as_ref().map_or(true, Bytes::is_empty);
            let nobody = match read {
                Ok(chunk) if chunk.is_empty() => true,
                read => sender.blocking_send(read).is_err(),
            };
            if ended || nobody {
                return;
            }
        }
    });
    let chunks = stream::unfold(receiver, |mut receiver| async move {
        let chunk = receiver.recv().await?;
        Some((chunk, receiver))
    });
    // Who reads a body may ask again after its end.
    chunks.fuse()
}
