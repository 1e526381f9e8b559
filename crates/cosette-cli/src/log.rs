//! The server's log on standard error, written by a thread of its own.
//!
//! Who logs a line puts it into a buffer and goes on; the thread writes what has gathered, many lines
//! at a time. No line is lost: who logs faster than standard error takes it waits, and the end of
//! the program waits for the thread.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes that may wait to be written.
const WAITING_BYTES_MAX: usize = 1 << 20;
/// How long lines gather before they are written: what follows within that time costs no wake-up.
const GATHERING: Duration = Duration::from_millis(5);

/// The thread that writes. Dropped, it has written everything.
#[derive(Debug)]
pub(crate) struct LogThread {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Takes lines for the thread. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct LogWriter(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Lines>,
    /// Told when there is something to write for a thread that sleeps, or nothing will come any more.
    arrived: Condvar,
    /// Told when the buffer was emptied.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    waiting: Vec<u8>,
    sleeps: bool,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        // A panic under this lock would have left whole lines.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, mut to: impl Write) {
        let mut taken = Vec::new();
        loop {
            let mut lines = self.lock();
            while lines.waiting.is_empty() && !lines.closed {
                lines.sleeps = true;
                lines = wait(&self.arrived, lines);
                lines.sleeps = false;
                if !lines.closed {
                    let gathering = self.arrived.wait_timeout(lines, GATHERING);
                    lines = gathering.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
            if lines.waiting.is_empty() {
                return;
            }
            std::mem::swap(&mut lines.waiting, &mut taken);
            drop(lines);
            self.emptied.notify_all();
            // Nobody can be told that standard error is gone.
            let _ = to.write_all(&taken).and_then(|()| to.flush());
            taken.clear();
        }
    }
}

fn wait<'a>(told: &Condvar, lines: MutexGuard<'a, Lines>) -> MutexGuard<'a, Lines> {
    told.wait(lines).unwrap_or_else(PoisonError::into_inner)
}

impl LogThread {
    /// Starts a thread that writes there.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub(crate) fn start(to: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let working = Arc::clone(&shared);
        let named = std::thread::Builder::new().name("log".into());
        let thread = named.spawn(move || working.work(to))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    pub(crate) fn writer(&self) -> LogWriter {
        LogWriter(Arc::clone(&self.shared))
    }
}

impl Drop for LogThread {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.arrived.notify_all();
        if let Some(thread) = self.thread.take() {
            // If it panicked there is nobody to tell.
            let _ = thread.join();
        }
        self.shared.emptied.notify_all();
    }
}

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock();
        while lines.waiting.len() >= WAITING_BYTES_MAX && !lines.closed {
            lines = wait(&self.0.emptied, lines);
        }
        if lines.closed {
            drop(lines);
            return io::stderr().write(line);
        }
        lines.waiting.extend_from_slice(line);
        let wake = lines.sleeps;
        lines.sleeps = false;
        drop(lines);
        if wake {
            self.0.arrived.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps what is written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Little at a time, as a pipe that is nearly full.
            let some = &bytes[..bytes.len().min(1000)];
            self.0.lock().unwrap().extend_from_slice(some);
            Ok(some.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_line_is_lost_and_none_is_torn() {
        let kept = Kept::default();
        let log = LogThread::start(kept.clone()).unwrap();
        let each = 40_000;
        std::thread::scope(|scope| {
            for number in 0..4 {
                let mut writer = log.writer();
                scope.spawn(move || {
                    for at in 0..each {
                        writer
                            .write_all(format!("{number} {at}\n").as_bytes())
                            .unwrap();
                    }
                });
            }
        });
        drop(log);
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let mut next = [0; 4];
        for line in text.lines() {
            let (number, at) = line.split_once(' ').unwrap();
            let place = &mut next[number.parse::<usize>().unwrap()];
            assert_eq!(at.parse(), Ok(*place), "{line}");
            *place += 1;
        }
        assert_eq!(next, [each; 4]);
    }
}
