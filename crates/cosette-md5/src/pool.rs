//! Threads that hash, and gather streams from all over a program into lanes.
//!
//! A thread goes on with all of its streams side by side, some bytes of each at a time, and takes in
//! new ones in between. A few streams in one thread are as quick as each in its own, so another
//! thread is woken only when those awake have [`FEW`] each.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::{Md5, Piece, update_many};

/// Streams that a thread takes before another one is woken.
const FEW: usize = 4;
/// Most streams of one thread: as many as the widest vectors have lanes.
const MANY: usize = 16;
/// Most bytes of a stream that are taken in at a time, so that new streams need not wait long.
const TURN_BYTES: usize = 64 << 10;
/// Most threads, whatever the machine has.
const THREADS_MAX: usize = 16;

/// Where the bytes of a stream come from. Called by the threads of a pool, so it may wait for a
/// disk; the other streams of the thread wait along.
pub trait Feed: Send + 'static {
    /// Has the next bytes ready; `false` at the end, whatever ended it.
    fn fetch(&mut self) -> bool;

    /// What was fetched last.
    fn bytes(&self) -> &[u8];

    /// All of it was taken in.
    fn done(self: Box<Self>, md5: Md5);
}

/// Threads that hash. They end, at the latest with the streams they have, when this is dropped.
pub struct Pool(Arc<Shared>);

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

struct Shared {
    queue: Mutex<Queue>,
    /// Told when a thread should look at the queue.
    arrived: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Lane>,
    /// Streams that the threads have.
    running: usize,
    /// Threads that have some.
    awake: usize,
    /// Threads at all; they are started when they are needed.
    threads: usize,
    threads_max: usize,
    closed: bool,
}

/// A stream in a thread.
struct Lane {
    md5: Md5,
    feed: Box<dyn Feed>,
    /// How much was taken in of what was fetched.
    at: usize,
}

impl Pool {
    /// A pool of as many threads as there are processors. None is started yet.
    pub fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let queue = Queue {
            threads_max: processors.min(THREADS_MAX),
            ..Queue::default()
        };
        Self(Arc::new(Shared {
            queue: Mutex::new(queue),
            arrived: Condvar::new(),
        }))
    }

    /// Goes on with a stream from what `md5` has taken in. A feed that panics is dropped without
    /// [`Feed::done`].
    pub fn submit(&self, md5: Md5, feed: Box<dyn Feed>) {
        let mut queue = self.0.lock();
        queue.waiting.push_back(Lane { md5, feed, at: 0 });
        let crowded = queue.waiting.len() + queue.running > FEW * queue.awake;
        if !crowded || queue.awake == queue.threads_max {
            // Whoever is awake takes it in within its next turn.
            return;
        }
        if queue.awake == queue.threads && !self.start(&mut queue) && queue.threads == 0 {
            // No thread can be had: then it is done here.
            let lanes = queue.waiting.drain(..).collect();
            drop(queue);
            hash_to_the_end(lanes);
            return;
        }
        drop(queue);
        self.0.arrived.notify_one();
    }

    fn start(&self, queue: &mut Queue) -> bool {
        let shared = Arc::clone(&self.0);
        let named = std::thread::Builder::new().name("md5".into());
        let started = named.spawn(move || shared.work()).is_ok();
        queue.threads += usize::from(started);
        started
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.arrived.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing that may panic is done while holding it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a thread does.
    fn work(&self) {
        let mut lanes = Vec::new();
        loop {
            let mut queue = self.lock();
            if lanes.is_empty() {
                while queue.waiting.is_empty() {
                    if queue.closed {
                        return;
                    }
                    queue = self
                        .arrived
                        .wait(queue)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                queue.awake += 1;
            }
            let all_awake = queue.awake == queue.threads_max;
            let most = if all_awake { MANY } else { FEW };
            while lanes.len() < most
                && let Some(lane) = queue.waiting.pop_front()
            {
                queue.running += 1;
                lanes.push(lane);
            }
            drop(queue);
            let before = lanes.len();
            turn(&mut lanes);
            let mut queue = self.lock();
            queue.running -= before - lanes.len();
            if lanes.is_empty() {
                queue.awake -= 1;
            }
        }
    }
}

/// Takes in some bytes of every stream; those at their end are done.
fn turn(lanes: &mut Vec<Lane>) {
    let mut at = 0;
    while let Some(lane) = lanes.get_mut(at) {
        // Whatever a feed does wrong is its own stream's end, and no other's.
        match catch_unwind(AssertUnwindSafe(|| lane.has_bytes())) {
            Ok(true) => at += 1,
            Ok(false) => {
                let Lane { md5, feed, .. } = lanes.swap_remove(at);
                let _ = catch_unwind(AssertUnwindSafe(|| feed.done(md5)));
            }
            Err(_) => drop(lanes.swap_remove(at)),
        }
    }
    let mut pieces: Vec<_> = lanes.iter_mut().map(Lane::next).collect();
    update_many(&mut pieces);
}

impl Lane {
    /// Whether there are bytes to take in; fetches them if need be.
    fn has_bytes(&mut self) -> bool {
        while self.at >= self.feed.bytes().len() {
            self.at = 0;
            if !self.feed.fetch() {
                return false;
            }
        }
        true
    }

    fn next(&mut self) -> Piece<'_> {
        let bytes = self.feed.bytes().get(self.at..).unwrap_or_default();
        let bytes = bytes.get(..TURN_BYTES).unwrap_or(bytes);
        self.at += bytes.len();
        Piece {
            md5: &mut self.md5,
            bytes,
        }
    }
}

fn hash_to_the_end(mut lanes: Vec<Lane>) {
    while !lanes.is_empty() {
        turn(&mut lanes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    /// Gives `turns` times the same bytes.
    struct Same {
        bytes: Vec<u8>,
        turns: usize,
        panics: bool,
        fetched: bool,
        told: Sender<[u8; 16]>,
    }

    impl Feed for Same {
        fn fetch(&mut self) -> bool {
            assert!(!self.panics, "as asked for");
            self.fetched = self.turns > 0;
            self.turns = self.turns.saturating_sub(1);
            self.fetched
        }

        fn bytes(&self) -> &[u8] {
            if self.fetched { &self.bytes } else { &[] }
        }

        fn done(self: Box<Self>, md5: Md5) {
            self.told.send(md5.finish()).unwrap();
        }
    }

    fn feed(number: u8, panics: bool, told: &Sender<[u8; 16]>) -> Box<Same> {
        Box::new(Same {
            bytes: vec![number; 70_000 + usize::from(number)],
            turns: usize::from(number % 5),
            panics,
            fetched: false,
            told: told.clone(),
        })
    }

    fn expected(number: u8) -> [u8; 16] {
        let length = (70_000 + usize::from(number)) * usize::from(number % 5);
        let mut md5 = Md5::new();
        md5.update(b"before");
        md5.update(&vec![number; length]);
        md5.finish()
    }

    #[test]
    fn many_streams_get_each_its_own_digest() {
        let pool = Pool::new();
        let mut begun = Md5::new();
        begun.update(b"before");
        let streams: Vec<_> = (0..100)
            .map(|number| {
                let (told, hears) = channel();
                pool.submit(begun.clone(), feed(number, false, &told));
                (number, hears)
            })
            .collect();
        for (number, hears) in streams {
            assert_eq!(hears.recv().unwrap(), expected(number), "{number}");
        }
    }

    #[test]
    fn a_feed_that_panics_takes_no_other_stream_along() {
        let pool = Pool::new();
        let mut begun = Md5::new();
        begun.update(b"before");
        let (told, hears) = channel();
        pool.submit(begun.clone(), feed(3, true, &told));
        drop(told);
        assert!(hears.recv().is_err());
        let (told, hears) = channel();
        pool.submit(begun, feed(4, false, &told));
        assert_eq!(hears.recv().unwrap(), expected(4));
    }

    #[test]
    fn what_was_submitted_is_done_after_the_pool_is_dropped() {
        let pool = Pool::new();
        let (told, hears) = channel();
        let mut begun = Md5::new();
        begun.update(b"before");
        for number in 0..40 {
            pool.submit(begun.clone(), feed(number, false, &told));
        }
        drop((pool, told));
        assert_eq!(hears.iter().count(), 40);
    }
}
