//! How many requests are sent at a time, how many in a second, and how many bytes.
//!
//! The number at a time is found by trying: it grows while requests succeed and are waited for, and
//! is cut when the service asks for less or answers far slower than it can. One cut answers all
//! complaints about requests that were sent before it. Who waits is served in turn.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use cosette_proto::OperationName;
use futures_util::StreamExt;
use http_body_util::BodyExt;
use tokio::sync::Notify;

use crate::body::{Body, BodyError};
use crate::clock::Clock;

/// Requests at a time to begin with.
const START: f64 = 8.0;
/// What is left of the number after a cut.
const CUT: f64 = 0.7;
/// So many times its best time, and a request is slow.
const SLOW_TIMES: u64 = 4;
/// A request that takes less is never slow.
const SLOW_MICROS_MIN: u64 = 50_000;
/// What is sent of a body at a time, when bytes are counted.
const CHUNK_BYTES: usize = 64 << 10;

/// Bounds on the requests of a client. Clones share them.
#[derive(Clone)]
pub(crate) struct Pace(Arc<Inner>);

struct Inner {
    most: f64,
    requests: Option<Rate>,
    bytes: Option<Rate>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    freed: Notify,
    /// Is told of changes: requests at a time, and whether the service asked for less.
    changed: Box<dyn Fn(usize, bool) + Send + Sync>,
}

struct State {
    limit: f64,
    under_way: usize,
    /// When as many were under way as may be.
    full: u64,
    /// When the number was cut last: who was sent before has no more to say.
    cut: u64,
    /// Until the first cut the number doubles instead of growing by one.
    found: bool,
    told: usize,
    times: HashMap<OperationName, Times>,
}

/// Microseconds that requests of one kind take.
#[derive(Clone, Copy)]
struct Times {
    best: u64,
    recent: u64,
}

/// Units in a second, given out one after another.
struct Rate {
    per_second: u64,
    next_micros: Mutex<u64>,
}

/// The right to send one request.
pub(crate) struct Permit {
    pace: Pace,
    began: u64,
}

/// How a request went, for the pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was answered.
    Fine,
    /// The service asks for less, or does not keep up.
    Overload,
    /// It says nothing of the load: refused, or lost on the way.
    Other,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pace {
    pub(crate) fn new(
        most: usize,
        requests_per_second: Option<u64>,
        bytes_per_second: Option<u64>,
        clock: Arc<dyn Clock>,
        changed: impl Fn(usize, bool) + Send + Sync + 'static,
    ) -> Self {
        let most = most.max(1) as f64;
        Self(Arc::new(Inner {
            most,
            requests: requests_per_second.map(Rate::new),
            bytes: bytes_per_second.map(Rate::new),
            clock,
            state: Mutex::new(State {
                limit: START.min(most),
                under_way: 0,
                full: 0,
                cut: 0,
                found: false,
                told: 0,
                times: HashMap::new(),
            }),
            freed: Notify::new(),
            changed: Box::new(changed),
        }))
    }

    /// Resolves when one more request may be sent.
    pub(crate) async fn permit(&self) -> Permit {
        if let Some(rate) = &self.0.requests {
            let wait = rate.take(1, self.now());
            if !wait.is_zero() {
                self.0.clock.sleep(wait).await;
            }
        }
        loop {
            let mut freed = std::pin::pin!(self.0.freed.notified());
            // Asked for before looking: what is freed in between is not missed.
            freed.as_mut().enable();
            {
                let mut state = locked(&self.0.state);
                if state.under_way < whole(state.limit) {
                    state.under_way += 1;
                    // Several may go when the number has grown.
                    if state.under_way < whole(state.limit) {
                        self.0.freed.notify_one();
                    } else {
                        state.full = self.now();
                    }
                    break;
                }
            }
            freed.await;
        }
        Permit {
            pace: self.clone(),
            began: self.now(),
        }
    }

    /// The body, sent no faster than it may be.
    pub(crate) fn slowed(&self, body: Body) -> Body {
        if self.0.bytes.is_none() || body.is_empty() {
            return body;
        }
        let pace = self.clone();
        let len = body.len();
        let chunks = body.into_data_stream().flat_map(|read| {
            let pieces = match read {
                Ok(bytes) => pieces(bytes).into_iter().map(Ok).collect::<Vec<_>>(),
                Err(why) => vec![Err::<Bytes, BodyError>(why)],
            };
            futures_util::stream::iter(pieces)
        });
        let slowed = chunks.then(move |piece| {
            let pace = pace.clone();
            async move {
                if let (Ok(bytes), Some(rate)) = (&piece, &pace.0.bytes) {
                    let wait = rate.take(bytes.len() as u64, pace.now());
                    if !wait.is_zero() {
                        pace.0.clock.sleep(wait).await;
                    }
                }
                piece
            }
        });
        match len {
            Some(len) => Body::sized(len, slowed),
            None => Body::stream(slowed),
        }
    }

    fn now(&self) -> u64 {
        self.0.clock.now().micros()
    }
}

impl Permit {
    /// The request is over.
    pub(crate) fn end(self, operation: OperationName, verdict: Verdict) {
        let inner = &*self.pace.0;
        let now = self.pace.now();
        let told = {
            let mut state = locked(&inner.state);
            match verdict {
                Verdict::Fine => {
                    let slow = state.is_slow(operation, now.saturating_sub(self.began));
                    state.fine(inner.most, self.began, now, slow);
                }
                Verdict::Overload => state.cut(self.began, now),
                Verdict::Other => {}
            }
            let limit = whole(state.limit);
            (limit != state.told).then(|| {
                state.told = limit;
                limit
            })
        };
        if let Some(limit) = told {
            (inner.changed)(limit, verdict == Verdict::Overload);
        }
    }
}

impl Drop for Permit {
    /// Also when the request was dropped before its end.
    fn drop(&mut self) {
        let mut state = locked(&self.pace.0.state);
        state.under_way = state.under_way.saturating_sub(1);
        drop(state);
        self.pace.0.freed.notify_one();
    }
}

impl State {
    fn fine(&mut self, most: f64, began: u64, now: u64, slow: bool) {
        if slow {
            return self.cut(began, now);
        }
        // What is not made use of says nothing about more.
        if self.full < began {
            return;
        }
        let more = if self.found { 1.0 / self.limit } else { 1.0 };
        self.limit = (self.limit + more).min(most);
    }

    fn cut(&mut self, began: u64, now: u64) {
        if began < self.cut {
            return;
        }
        self.limit = (self.limit * CUT).max(1.0);
        (self.cut, self.found) = (now, true);
    }

    /// Whether requests of this kind have become far slower than they can be.
    fn is_slow(&mut self, operation: OperationName, took: u64) -> bool {
        let fresh = Times {
            best: took,
            recent: took,
        };
        let times = self.times.entry(operation).or_insert(fresh);
        times.recent = (times.recent * 7 + took) / 8;
        // The best is forgotten slowly: objects differ, and so do the times of day.
        times.best = times
            .best
            .saturating_add(times.best / 256 + 1)
            .min(took.max(1));
        times.recent > SLOW_MICROS_MIN && times.recent > times.best.saturating_mul(SLOW_TIMES)
    }
}

impl Rate {
    fn new(per_second: u64) -> Self {
        Self {
            per_second: per_second.max(1),
            next_micros: Mutex::new(0),
        }
    }

    /// Takes `units`; gives back how long to wait before they may be used.
    fn take(&self, units: u64, now: u64) -> Duration {
        let mut next = locked(&self.next_micros);
        let at = (*next).max(now);
        let cost = u128::from(units) * 1_000_000 / u128::from(self.per_second);
        *next = at.saturating_add(u64::try_from(cost).unwrap_or(u64::MAX));
        Duration::from_micros(at - now)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 1 to limits::CONCURRENCY_MAX"
)]
fn whole(limit: f64) -> usize {
    limit as usize
}

fn pieces(mut bytes: Bytes) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    while bytes.len() > CHUNK_BYTES {
        pieces.push(bytes.split_to(CHUNK_BYTES));
    }
    pieces.push(bytes);
    pieces
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = locked(&self.0.state);
        f.debug_struct("Pace")
            .field("limit", &state.limit)
            .field("under_way", &state.under_way)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{BoxFuture, SystemClock};
    use cosette_types::Timestamp;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Time that passes when somebody sleeps.
    #[derive(Debug, Default, Clone)]
    struct Jumping(Arc<AtomicU64>);

    impl Clock for Jumping {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::SeqCst))
        }

        fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
            let micros = u64::try_from(time.as_micros()).unwrap();
            self.0.fetch_add(micros, Ordering::SeqCst);
            Box::pin(std::future::ready(()))
        }
    }

    fn limit(pace: &Pace) -> usize {
        whole(locked(&pace.0.state).limit)
    }

    /// A round in which as many are sent as may be, and each takes `micros`.
    async fn round(pace: &Pace, clock: &Jumping, micros: u64, verdict: Verdict) {
        let mut permits = Vec::new();
        for _ in 0..limit(pace) {
            permits.push(pace.permit().await);
        }
        clock.0.fetch_add(micros, Ordering::SeqCst);
        for permit in permits {
            permit.end(OperationName::HeadObject, verdict);
        }
    }

    #[tokio::test]
    async fn it_grows_while_all_is_fine_up_to_the_most() {
        let clock = Jumping::default();
        let pace = Pace::new(100, None, None, Arc::new(clock.clone()), |_, _| {});
        assert_eq!(limit(&pace), 8);
        for _ in 0..6 {
            round(&pace, &clock, 1_000, Verdict::Fine).await;
        }
        assert_eq!(limit(&pace), 100);
    }

    #[tokio::test]
    async fn one_round_of_complaints_is_one_cut_and_growth_is_slow_after_it() {
        let clock = Jumping::default();
        let pace = Pace::new(100, None, None, Arc::new(clock.clone()), |_, _| {});
        for _ in 0..6 {
            round(&pace, &clock, 1_000, Verdict::Fine).await;
        }
        round(&pace, &clock, 1_000, Verdict::Overload).await;
        assert_eq!(limit(&pace), 70);
        round(&pace, &clock, 1_000, Verdict::Fine).await;
        assert_eq!(limit(&pace), 70, "by one in a round");
        round(&pace, &clock, 1_000, Verdict::Fine).await;
        assert_eq!(limit(&pace), 71);
        for _ in 0..40 {
            round(&pace, &clock, 1_000, Verdict::Overload).await;
        }
        assert_eq!(limit(&pace), 1, "never none");
    }

    #[tokio::test]
    async fn a_service_that_grows_slow_is_sent_less() {
        let clock = Jumping::default();
        let pace = Pace::new(64, None, None, Arc::new(clock.clone()), |_, _| {});
        for _ in 0..6 {
            round(&pace, &clock, 10_000, Verdict::Fine).await;
        }
        assert_eq!(limit(&pace), 64);
        for _ in 0..8 {
            round(&pace, &clock, 900_000, Verdict::Fine).await;
        }
        assert!(limit(&pace) < 32, "{}", limit(&pace));
    }

    #[tokio::test]
    async fn who_waits_goes_when_another_ends_or_is_dropped() {
        let pace = Pace::new(1, None, None, Arc::new(SystemClock), |_, _| {});
        let first = pace.permit().await;
        let other = pace.clone();
        let waiting = tokio::spawn(async move { other.permit().await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting
            .await
            .unwrap()
            .end(OperationName::HeadObject, Verdict::Fine);
    }

    #[tokio::test]
    async fn no_more_requests_and_bytes_in_a_second_than_may_be() {
        let clock = Jumping::default();
        let pace = Pace::new(
            64,
            Some(10),
            Some(1 << 20),
            Arc::new(clock.clone()),
            |_, _| {},
        );
        for _ in 0..21 {
            pace.permit()
                .await
                .end(OperationName::HeadObject, Verdict::Fine);
        }
        assert_eq!(clock.now().micros(), 2_000_000);
        let body = pace.slowed(Body::from(vec![7; 3 << 20]));
        assert_eq!(body.len(), Some(3 << 20));
        let read = body.bytes(4 << 20).await.unwrap();
        assert_eq!(read.len(), 3 << 20);
        let took = clock.now().micros() - 2_000_000;
        assert!((2_900_000..=3_000_000).contains(&took), "{took}");
    }
}
