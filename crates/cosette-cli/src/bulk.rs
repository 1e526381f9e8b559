//! Many objects at once: what a command line asks for becomes a plan, the plan a job, and a job can be
//! carried on by another run of this program.

pub(crate) mod history;
pub(crate) mod jobs;
mod list;
mod meeting;
pub(crate) mod options;
pub(crate) mod plan;
pub(crate) mod preflight;
pub(crate) mod review;
pub(crate) mod run;
mod source;
mod sync;
pub(crate) mod tally;

pub(crate) use plan::{Left, Request, Verb};

use crate::connect::Connection;

/// Where sources are read and where targets are written: one store, or two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides<'a> {
    pub(crate) source: &'a Connection,
    pub(crate) target: &'a Connection,
    /// Whether they are two.
    pub(crate) apart: bool,
}

impl<'a> Sides<'a> {
    /// Sources from another store, if there is one.
    pub(crate) fn new(target: &'a Connection, source: Option<&'a Connection>) -> Self {
        Self {
            source: source.unwrap_or(target),
            target,
            apart: source.is_some(),
        }
    }
}
