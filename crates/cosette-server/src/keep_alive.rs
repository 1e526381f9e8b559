//! Answers that may take long: copy, part copy, complete.
//!
//! The status is held back until the result is known, so that a failure has its own status. After
//! some seconds it is sent ahead: 200, the XML declaration, a blank now and then, and in the end the
//! document: the result, or an `<Error>` that clients must look for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use cosette_proto::Reply;
use cosette_proto::xml::DECLARATION;
use futures_util::Stream;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
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
    let mut work = UnderWay(Some(work));
    if let Ok(result) = timeout(pace.after, &mut work).await {
        return result.map(Head::Settled);
    }
    let work = work.0.take().ok_or_else(|| Error::internal(ENDED))?;
    let state = State::Beginning(tokio::spawn(work), Box::new(failed));
    Ok(Head::Padded(Body::stream(padded(state, pace.every), None)))
}

const ENDED: &str = "the operation has ended before";

/// Work that somebody waits for. It is done by who waits, since most is done at once; if he goes away
/// it goes on by itself.
struct UnderWay(Option<Long>);

impl Future for UnderWay {
    type Output = Result<Reply, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // What panics is not to go on.
        let Some(mut work) = self.0.take() else {
            return Poll::Ready(Err(Error::internal(ENDED)));
        };
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() {
            self.0 = Some(work);
        }
        polled
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // Without a runtime the program is ending.
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(work);
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

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_goes_on_when_nobody_waits_for_it_any_more() {
        for after in [Duration::ZERO, Duration::from_secs(3600)] {
            let every = Duration::from_secs(3600);
            let (go, told) = oneshot::channel::<()>();
            let (done, outcome) = oneshot::channel();
            let work: Long = Box::pin(async move {
                told.await.ok();
                done.send(()).ok();
                Err(Error::internal("nobody reads this"))
            });
            let mut held = Box::pin(hold(work, Pace { after, every }, |_| Bytes::new()));
            let waited = timeout(Duration::from_millis(10), &mut held).await;
            assert_eq!(waited.is_ok(), after.is_zero());
            drop((waited, held));
            go.send(()).unwrap();
            outcome.await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_panics_is_over() {
        let pace = Pace {
            after: Duration::from_secs(3600),
            every: Duration::from_secs(3600),
        };
        let held = hold(Box::pin(async { panic!("on purpose") }), pace, |_| {
            Bytes::new()
        });
        let ended = tokio::spawn(async move { held.await.map(|_| ()).is_ok() }).await;
        assert!(ended.unwrap_err().is_panic());
    }
}
