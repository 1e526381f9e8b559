//! Answers that may take long: copy, part copy, complete.
//!
//! The status is held back until the result is known, so that a failure has its own status. After
//! some seconds it is sent ahead: 200, the XML declaration, a blank now and then, and in the end the
//! document: the result, or an `<Error>` that clients must look for.

use std::time::Duration;

use bytes::Bytes;
use cosette_proto::Reply;
use cosette_proto::xml::DECLARATION;
use futures_util::Stream;
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::body::{Body, BoxError};
use crate::error::Error;

/// Work that goes on when nobody waits for it any more.
pub(crate) type Long = BoxFuture<'static, Result<Reply, Error>>;

/// What is known of a long answer when its head must be sent.
pub(crate) enum Head {
    /// All of it.
    Settled(Reply),
    /// Nothing yet; the body will tell.
    Padded(Body),
}

/// When to send the head, and how often a blank.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) after: Duration,
    pub(crate) every: Duration,
}

/// Waits for the result, but not longer than the pace says. `failed` makes the document of a failure
/// that comes after the head.
pub(crate) async fn hold(
    work: Long,
    pace: Pace,
    failed: impl FnOnce(&Error) -> Bytes + Send + 'static,
) -> Result<Head, Error> {
    let mut work = tokio::spawn(work);
    match timeout(pace.after, &mut work).await {
        Ok(result) => settle(result).map(Head::Settled),
        Err(_) => {
            let state = State::Beginning(work, Box::new(failed));
            Ok(Head::Padded(Body::stream(padded(state, pace.every), None)))
        }
    }
}

fn settle(result: Result<Result<Reply, Error>, tokio::task::JoinError>) -> Result<Reply, Error> {
    result.unwrap_or_else(|gone| Err(Error::internal(format!("the operation ended: {gone}"))))
}

type Failed = Box<dyn FnOnce(&Error) -> Bytes + Send>;

enum State {
    Beginning(JoinHandle<Result<Reply, Error>>, Failed),
    Waiting(JoinHandle<Result<Reply, Error>>, Failed),
    Ended,
}

fn padded(
    state: State,
    every: Duration,
) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    futures_util::stream::unfold(state, move |state| async move {
        match state {
            State::Beginning(work, failed) => {
                let declaration = Bytes::from_static(DECLARATION.as_bytes());
                Some((Ok(declaration), State::Waiting(work, failed)))
            }
            State::Waiting(mut work, failed) => tokio::select! {
                biased;
                result = &mut work => {
                    let document = match settle(result) {
                        Ok(reply) => reply.payload.unwrap_or_default(),
                        Err(error) => failed(&error),
                    };
                    Some((Ok(without_declaration(document)), State::Ended))
                }
                () = sleep(every) => {
                    Some((Ok(Bytes::from_static(b" ")), State::Waiting(work, failed)))
                }
            },
            State::Ended => None,
        }
    })
}

fn without_declaration(document: Bytes) -> Bytes {
    if document.starts_with(DECLARATION.as_bytes()) {
        document.slice(DECLARATION.len()..)
    } else {
        document
    }
}
