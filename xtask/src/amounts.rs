//! How much the tests tried, which no count of tests says: operations, crashes, faults, histories.
//! Each is told as `proof: WHAT: NUMBER` and has a floor of its own in `xtask/floors.json`.

use std::collections::BTreeMap;

use crate::counts::Counts;
use crate::exec::Finished;
use crate::report::say;

const TOLD: &str = "proof: ";
/// What the names of the suite's floors begin with.
pub(crate) const FLOOR: &str = "proof ";

/// What was told, by its name. What several tests told alike is one amount.
fn told(output: &str) -> BTreeMap<&str, u64> {
    let mut amounts = BTreeMap::new();
    for line in output.lines() {
        // The name of the test may stand before it.
        let told = line.split_once(TOLD).map(|(_, told)| told);
        let told = told.and_then(|told| told.rsplit_once(": "));
        let amount =
            told.and_then(|(what, amount)| Some((what, amount.trim().parse::<u64>().ok()?)));
        if let Some((what, amount)) = amount {
            let sum: &mut u64 = amounts.entry(what).or_default();
            *sum += amount;
        }
    }
    amounts
}

/// Each amount that has a floor is one test; one that has none is a mistake.
pub(crate) fn judged<'a>(output: &'a str, mut due: BTreeMap<&'a str, u64>) -> (Counts, Finished) {
    let amounts = told(output);
    let mut counts = Counts::default();
    let mut complaints = String::new();
    for (what, amount) in &amounts {
        let Some(floor) = due.remove(what) else {
            counts.failed += 1;
            complaints.push_str(&format!("{what}: has no floor in xtask/floors.json\n"));
            continue;
        };
        say(format_args!("    {what}: {amount}, at least {floor}"));
        if *amount < floor {
            counts.failed += 1;
            complaints.push_str(&format!("{what}: {amount}, and {floor} are asked for\n"));
        } else {
            counts.passed += 1;
        }
    }
    for (what, floor) in due {
        counts.failed += 1;
        complaints.push_str(&format!("{what}: not told, and {floor} are asked for\n"));
    }
    let told = Finished {
        success: counts.failed == 0,
        status: format!("{} of the amounts are too small", counts.failed),
        output: complaints,
        elapsed: std::time::Duration::ZERO,
    };
    (counts, told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::Floors;

    #[test]
    fn amounts_are_read_wherever_the_runner_puts_them() {
        let output = "test a ... proof: T1 operations: 12\nok\nproof: T3 states: 5\n\
            proof: T3 states: 6\nproof: nonsense: x\n";
        let amounts = told(output);
        assert_eq!(amounts.len(), 2, "{amounts:?}");
        assert_eq!((amounts["T1 operations"], amounts["T3 states"]), (12, 11));
    }

    #[test]
    fn too_little_nothing_and_what_has_no_floor_are_failures() {
        let floors = Floors::of_pairs([("rust", 600), ("proof T1", 10), ("proof T2", 20)]);
        let judge = |output| {
            let (counts, told) = judged(output, floors.beginning_with(FLOOR).collect());
            (counts.passed, counts.failed, told.success)
        };
        assert_eq!(judge("proof: T1: 10\nproof: T2: 21\n"), (2, 0, true));
        assert_eq!(judge("proof: T1: 9\nproof: T2: 21\n"), (1, 1, false));
        assert_eq!(judge("proof: T2: 21\n"), (1, 1, false));
        let more = "proof: T1: 10\nproof: T2: 20\nproof: T9: 1\n";
        assert_eq!(judge(more), (2, 1, false));
    }
}
