//! What happens while a job runs, as values: one stream for terminals, JSON and programs.

use serde::Serialize;

use super::journal::{Failure, Skip};
use crate::proof::Proof;
use crate::reply::Output;
use crate::upload::Uploaded;

/// Something that happened. Serialises as one JSON object with a field `event`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The job begins, or goes on.
    Began {
        /// Its id.
        job: String,
        /// Its kind: `cp`, `mv`, …
        kind: String,
        /// Entries of the plan.
        entries: u64,
        /// Bytes of all sources.
        bytes: u64,
        /// Entries that earlier runs did or skipped.
        finished_before: u64,
    },
    /// An entry is begun.
    Started {
        /// Its number in the plan.
        entry: u64,
        /// `copy`, `move`, `delete`, `upload`, `download`.
        work: &'static str,
        /// What it is about.
        source: String,
        /// Where it goes.
        #[serde(skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        /// Bytes of the source.
        size: u64,
    },
    /// How an entry's bytes travel.
    Strategy {
        /// Its number.
        entry: u64,
        /// How.
        strategy: Strategy,
    },
    /// What an earlier run had fetched or sent of an object was looked at.
    Resumed {
        /// Its number.
        entry: u64,
        /// Bytes that are not fetched or sent again.
        bytes: u64,
        /// Whether there were bytes of another object, which were thrown away: the source was
        /// written since.
        started_over: bool,
    },
    /// The copy has the source's bytes.
    Proved {
        /// Its number.
        entry: u64,
        /// By what that is known.
        proof: Proof,
    },
    /// A file is an object now.
    Uploaded {
        /// Its number.
        entry: u64,
        /// The object, as after [`Upload::send`](crate::Upload::send).
        #[serde(skip)]
        stored: Box<Output<Uploaded>>,
    },
    /// More bytes of an entry are where they belong.
    Advanced {
        /// Its number.
        entry: u64,
        /// How many more.
        bytes: u64,
    },
    /// An entry is done.
    Done {
        /// Its number.
        entry: u64,
        /// Bytes of the source.
        size: u64,
    },
    /// An entry was left alone.
    Skipped {
        /// Its number.
        entry: u64,
        /// Why.
        why: Skip,
    },
    /// An entry failed; the others go on.
    Failed {
        /// Its number.
        entry: u64,
        /// What it is about.
        source: String,
        /// Why.
        failure: Failure,
    },
    /// The number of requests that are sent at a time was changed.
    Paced {
        /// Requests at a time.
        concurrency: usize,
        /// Whether the service asked for less.
        throttled: bool,
    },
    /// The job ends, finished or not.
    Ended(Summary),
}

/// How an entry's bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Strategy {
    /// The service copies in one request.
    OneRequest,
    /// The service copies part by part.
    Parts,
    /// The service gives the object another key, at one instant.
    Rename,
    /// Through this process, from one service or account to another.
    Streamed,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Entries of the plan.
    pub entries: u64,
    /// Done, also by earlier runs.
    pub done: u64,
    /// Left alone, also by earlier runs.
    pub skipped: u64,
    /// Failed in this run.
    pub failed: u64,
    /// Bytes of the sources that were done in this run.
    pub bytes: u64,
    /// Whether the run was stopped before its end; it can be resumed.
    pub stopped: bool,
}

impl Summary {
    /// Whether everything was done or skipped.
    pub fn is_complete(&self) -> bool {
        self.done + self.skipped == self.entries
    }
}
