//! Whether clients that all work on the same few keys can tell the store from a map that does one
//! thing after the other.
//!
//! `COSETTE_SEED` runs one seed again; `COSETTE_TIMES` runs so many times more than the suite does.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails, and says what it was at"
)]

mod appends;
mod checker;
mod judged;
mod record;
mod system;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::common::{self, TestRandom};
use checker::{Answer, Call, Op};
use record::{Dice, Shape, record};
use system::InProcess;

/// Calls of a history, and how many of these the suite records and judges: the programme's floor.
const CALLS: usize = 2_000;
const HISTORIES: u64 = 40;
const CLIENTS: usize = 8;
const KEYS: usize = 5;
/// In every second history the store is killed before these calls.
const KILLS: [usize; 3] = [500, 1_000, 1_500];

impl Dice for Arc<TestRandom> {
    fn below(&self, bound: usize) -> usize {
        TestRandom::below(self, bound)
    }
}

/// The seeds to run: one that was asked for, or as many as usual.
fn seeds() -> Vec<u64> {
    match common::number_in("COSETTE_SEED") {
        Some(seed) => vec![seed],
        None => (1..=common::times(HISTORIES)).collect(),
    }
}

/// What of a history was answered.
#[derive(Debug, Default)]
struct Told {
    calls: usize,
    /// What customers had encrypted, read or copied with their keys.
    opened: usize,
    /// Reads and copies without the key that it takes, or with another.
    shut: usize,
}

impl Told {
    fn of(calls: &[Call]) -> Self {
        let mut told = Self::default();
        for call in calls {
            let Some((_, answer)) = call.ended else {
                continue;
            };
            told.calls += 1;
            match (call.op, answer) {
                (
                    Op::Get { with, .. } | Op::Look { with, .. } | Op::Copy { with, .. },
                    Answer::Held(Some(_)),
                ) if with.is_some() => told.opened += 1,
                (Op::Get { .. } | Op::Look { .. } | Op::Copy { .. }, Answer::Refused) => {
                    told.shut += 1;
                }
                _ => {}
            }
        }
        told
    }
}

/// Records one history and judges it.
async fn history(seed: u64) -> Told {
    let random = Arc::new(TestRandom(AtomicU64::new(seed)));
    let system = InProcess::new(seed);
    let life = system.first().await;
    let kills: &[usize] = if seed.is_multiple_of(2) { &KILLS } else { &[] };
    let shape = Shape {
        clients: CLIENTS,
        calls: CALLS,
        keys: KEYS,
        kills,
    };
    let (calls, life) = record(system, life, shape, random).await;
    if let Err(impossible) = checker::check(&calls) {
        panic!("COSETTE_SEED={seed}: no order explains {impossible:?}");
    }
    common::sound(&life.store).await;
    Told::of(&calls)
}

// incident: R34, R49, R79, R80
// catches: NoHeadCheck
#[test]
fn every_history_has_an_order() {
    let seeds = seeds();
    let told = common::on_all_cores(&seeds, |seed| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(history(*seed))
    });
    let sum = |of: fn(&Told) -> usize| told.iter().map(of).sum::<usize>();
    let (answered, opened, shut) = (
        sum(|one| one.calls),
        sum(|one| one.opened),
        sum(|one| one.shut),
    );
    common::tell_count("T7 histories", seeds.len() as u64);
    common::tell_count("T7 calls", answered as u64);
    common::tell_count("T7 customers' keys that opened", opened as u64);
    common::tell_count("T7 customers' keys that did not", shut as u64);
    if seeds.len() as u64 >= HISTORIES {
        let all = seeds.len() * CALLS;
        assert!(answered >= all - all / 20, "{answered} of {all} answered");
        assert!(
            opened > all / 100 && shut > all / 100,
            "{opened} opened, {shut} did not"
        );
    }
}
