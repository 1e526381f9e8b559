//! Looking into jobs without carrying them on.

use std::collections::BTreeMap;
use std::path::Path;

use super::entry::Entry;
use super::job::{JOURNAL, Job, PLAN};
use super::journal::{self, Copied, Step};
use super::log::Records;
use super::plan::PlanReader;
use crate::error::Error;

impl Job {
    /// The plan of a job, also while another process works on it.
    ///
    /// # Errors
    /// As [`PlanReader::open`].
    pub fn plan_of(folder: impl AsRef<Path>) -> Result<PlanReader, Error> {
        PlanReader::open(folder.as_ref().join(PLAN))
    }

    /// Each entry that is done, in the order of the plan, with what its copy became. `see` gets the
    /// entry's number, the entry, and the proof where one was written down.
    ///
    /// # Errors
    /// As [`Job::report`].
    pub fn each_done(
        folder: impl AsRef<Path>,
        mut see: impl FnMut(u64, &Entry, Option<&Copied>),
    ) -> Result<(), Error> {
        let folder = folder.as_ref();
        let mut plan = Self::plan_of(folder)?;
        let mut proofs: BTreeMap<u64, Option<Copied>> = BTreeMap::new();
        let mut done = BTreeMap::new();
        let mut records = Records::open(&folder.join(JOURNAL))?;
        journal::each_step(&mut records, plan.summary().entries, |entry, step| {
            match step {
                Step::Verified(copied) => {
                    proofs.insert(entry, Some(copied));
                }
                Step::Done => {
                    done.insert(entry, proofs.remove(&entry).flatten());
                }
                _ => {}
            }
            Ok(())
        })?;
        while let Some((number, entry)) = plan.next_entry()? {
            if let Some(proof) = done.get(&number) {
                see(number, &entry, proof.as_ref());
            }
        }
        Ok(())
    }
}
