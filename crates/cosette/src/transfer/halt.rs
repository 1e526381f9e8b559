//! Where a test stops this process: at one exact record of a journal.
//!
//! `COSETTE_HALT` says at which of the records that this process writes, and how:
//!
//! - `before:N`: the process ends when the N-th record is about to be written, all before it are;
//! - `torn:N`: it ends when half of the N-th record is written;
//! - `after:N`: it ends when the N-th record is written, before anybody hears of that;
//! - `hold:N:FIFO`: when the N-th record is on the disk it goes on no sooner than somebody has opened
//!   the FIFO for writing, and closed it.
//!
//! None of it exists outside test builds: without the feature `halts`, or without debug assertions,
//! the questions are empty functions and the variable is not read.

/// The exit code of a process that ended here.
#[cfg(all(feature = "halts", debug_assertions))]
const HALTED: i32 = 99;

#[cfg(all(feature = "halts", debug_assertions))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Before,
    Torn,
    After,
    Hold,
}

/// Counts records until the one that was asked for.
#[cfg(all(feature = "halts", debug_assertions))]
#[derive(Debug, Default)]
pub(super) struct Halts {
    asked: Option<(How, u64, std::path::PathBuf)>,
    written: u64,
}

#[cfg(all(feature = "halts", debug_assertions))]
impl Halts {
    pub(super) fn new() -> Self {
        let asked = std::env::var("COSETTE_HALT").ok().and_then(|said| {
            let mut words = said.splitn(3, ':');
            let how = match words.next()? {
                "before" => How::Before,
                "torn" => How::Torn,
                "after" => How::After,
                "hold" => How::Hold,
                _ => return None,
            };
            let number = words.next()?.parse().ok()?;
            Some((how, number, words.next().unwrap_or_default().into()))
        });
        Self { asked, written: 0 }
    }

    fn is(&self, how: How, number: u64) -> bool {
        matches!(&self.asked, Some((asked, at, _)) if (*asked, *at) == (how, number))
    }

    /// Before a record is handed to the log.
    pub(super) fn before(&self, log: &mut super::log::Appender) {
        if self.is(How::Before, self.written + 1) {
            // What stands before it in one batch is written.
            let _ = log.flush();
            std::process::exit(HALTED);
        }
    }

    /// After it was handed to the log.
    pub(super) fn after(&mut self, log: &mut super::log::Appender, bytes: usize) {
        self.written += 1;
        if self.is(How::Torn, self.written) {
            log.tear(bytes / 2 + 1);
        }
        if self.is(How::Torn, self.written) || self.is(How::After, self.written) {
            let _ = log.flush();
            std::process::exit(HALTED);
        }
    }

    /// After a batch was written. `before` is how many records there were before it.
    pub(super) fn hold(&mut self, before: u64, log: &mut super::log::Appender) {
        let asked = self.asked.take_if(|(how, number, _)| {
            *how == How::Hold && (before + 1..=self.written).contains(number)
        });
        if let Some((_, _, fifo)) = asked {
            let _ = log.sync();
            let opened = std::fs::OpenOptions::new().read(true).open(fifo);
            let _ = opened.and_then(|mut fifo| std::io::copy(&mut fifo, &mut std::io::sink()));
        }
    }

    pub(super) const fn written(&self) -> u64 {
        self.written
    }
}

/// Nothing ever halts.
#[cfg(not(all(feature = "halts", debug_assertions)))]
#[derive(Debug, Default)]
pub(super) struct Halts;

#[cfg(not(all(feature = "halts", debug_assertions)))]
impl Halts {
    pub(super) const fn new() -> Self {
        Self
    }

    pub(super) const fn before(&self, _: &mut super::log::Appender) {}

    pub(super) const fn after(&mut self, _: &mut super::log::Appender, _: usize) {}

    pub(super) const fn hold(&mut self, _: u64, _: &mut super::log::Appender) {}

    pub(super) const fn written(&self) -> u64 {
        0
    }
}
