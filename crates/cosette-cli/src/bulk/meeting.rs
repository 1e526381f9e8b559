//! Whether two sources would become one target, or a target is itself a source: the last would win and
//! the others be lost. Of ten million names 160 MB are kept: a hash of each.

use std::hash::{BuildHasher, RandomState};

use cosette::transfer::PlanReader;

use crate::failure::{Failure, Result};

/// Hashes of what was planned so far.
#[derive(Debug, Default)]
pub(super) struct Meetings {
    state: RandomState,
    targets: Vec<u64>,
    /// Only where targets can lie among the sources.
    sources: Vec<u64>,
}

impl Meetings {
    pub(super) fn target(&mut self, name: &str) {
        self.targets.push(self.state.hash_one(name));
    }

    pub(super) fn source(&mut self, name: &str) {
        self.sources.push(self.state.hash_one(name));
    }

    /// An error that names the two, if any meet.
    pub(super) fn check(mut self, plan: impl FnOnce() -> Result<PlanReader>) -> Result<()> {
        self.targets.sort_unstable();
        let twice = self.targets.windows(2).find_map(|pair| match pair {
            [one, other] if one == other => Some(*one),
            _ => None,
        });
        if let Some(hash) = twice {
            let (first, second) = self.two(plan()?, hash)?;
            return Err(Failure::usage(format!(
                "two sources would become one: {first} and {second}; nothing was done"
            )));
        }
        let met = |hash: &&u64| self.targets.binary_search(hash).is_ok();
        if let Some(hash) = self.sources.iter().find(met) {
            let (first, _) = self.two(plan()?, *hash)?;
            return Err(Failure::usage(format!(
                "the target of {first} is itself a source, and would be overwritten; nothing was done"
            )));
        }
        Ok(())
    }

    /// The sources of the first two entries whose target has this hash.
    fn two(&self, plan: PlanReader, hash: u64) -> Result<(String, String)> {
        let mut found = Vec::new();
        for entry in plan {
            let (_, entry) = entry?;
            let target = entry.target();
            if target.is_some_and(|name| self.state.hash_one(name.as_str()) == hash) {
                found.push(entry.subject());
            }
            if found.len() == 2 {
                break;
            }
        }
        let mut found = found.into_iter();
        Ok((
            found.next().unwrap_or_default(),
            found.next().unwrap_or_default(),
        ))
    }
}
