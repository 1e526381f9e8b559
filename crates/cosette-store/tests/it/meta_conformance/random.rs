//! Random histories: what a driver answers is what a map answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use cosette_store::meta::{Expect, MiniTxn, Outcome, Scan, Snapshot, Write};
use futures_util::future::join_all;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};

use super::{BYTES_PREFIX, Driver};

#[derive(Debug, Clone)]
enum Step {
    /// Transactions sent together.
    Commit(Vec<MiniTxn>),
    /// Keep a snapshot and compare it to the end.
    Keep,
    /// Let go of the oldest snapshot.
    Forget,
    Scan(Scan),
    Reopen,
}

fn key() -> impl Strategy<Value = Bytes> {
    // Few keys, so that they meet; before, in and behind the keyspace of tiny bodies.
    let first = prop::sample::select(vec![b'a', b'l', BYTES_PREFIX, b'n', 0xff]);
    (first, prop::collection::vec(0_u8..3, 0..3)).prop_map(|(first, mut rest)| {
        rest.insert(0, first);
        Bytes::from(rest)
    })
}

fn small_value() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(0_u8..3, 0..3).prop_map(Bytes::from)
}

fn random_txn() -> impl Strategy<Value = MiniTxn> {
    let expect = prop_oneof![3 => Just(Expect::Absent), 1 => small_value().prop_map(Expect::Same)];
    let checks = prop::collection::vec((key(), expect), 0..3);
    let writes =
        prop::collection::btree_map(key(), prop::option::weighted(0.7, small_value()), 0..4);
    (any::<[u8; 16]>(), checks, writes).prop_map(|(id, checks, writes)| MiniTxn {
        id,
        checks,
        writes: writes
            .into_iter()
            .map(|(key, value)| match value {
                Some(value) => Write::Put(key, value),
                None => Write::Delete(key),
            })
            .collect(),
    })
}

fn step() -> impl Strategy<Value = Step> {
    let scan = (key(), prop::option::of(key()), 0_usize..20)
        .prop_map(|(start, end, limit)| Step::Scan(Scan { start, end, limit }));
    prop_oneof![
        12 => prop::collection::vec(random_txn(), 1..5).prop_map(Step::Commit),
        2 => Just(Step::Keep),
        1 => Just(Step::Forget),
        4 => scan,
        1 => Just(Step::Reopen),
    ]
}

type Model = BTreeMap<Bytes, Bytes>;

fn apply(model: &mut Model, txn: &MiniTxn) -> Outcome {
    let holds = |(key, expect): &(Bytes, Expect)| match expect {
        Expect::Absent => !model.contains_key(key),
        Expect::Same(value) => model.get(key) == Some(value),
    };
    if !txn.checks.iter().all(holds) {
        return Outcome::Conflict;
    }
    for write in &txn.writes {
        match write {
            Write::Put(key, value) => model.insert(key.clone(), value.clone()),
            Write::Delete(key) => model.remove(key),
        };
    }
    Outcome::Committed
}

async fn compare(snapshot: &dyn Snapshot, model: &Model, scan: Scan) {
    let within = |key: &Bytes| *key >= scan.start && scan.end.as_ref().is_none_or(|end| key < end);
    let expected: Vec<_> = model
        .iter()
        .filter(|(key, _)| within(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .take(scan.limit)
        .collect();
    assert_eq!(
        snapshot.scan(scan.clone()).await.unwrap(),
        expected,
        "{scan:?}"
    );
    for (key, value) in &expected {
        assert_eq!(snapshot.get(key).await.unwrap().as_ref(), Some(value));
    }
}

async fn replay(mut driver: Driver, steps: &[Step]) {
    let everything = || Scan {
        start: Bytes::new(),
        end: None,
        limit: usize::MAX,
    };
    let mut model = Model::new();
    let mut kept: Vec<(Arc<dyn Snapshot>, Model)> = Vec::new();
    for step in steps {
        match step {
            Step::Commit(txns) => {
                let expected: Vec<_> = txns.iter().map(|txn| apply(&mut model, txn)).collect();
                let meta = driver.meta();
                let ends = join_all(txns.iter().map(|txn| meta.commit(txn.clone()))).await;
                let ends: Vec<_> = ends.into_iter().map(Result::unwrap).collect();
                assert_eq!(ends, expected);
            }
            Step::Keep => kept.push((driver.meta().snapshot().await.unwrap(), model.clone())),
            Step::Forget => drop((!kept.is_empty()).then(|| kept.remove(0))),
            Step::Scan(scan) => {
                compare(
                    &*driver.meta().snapshot().await.unwrap(),
                    &model,
                    scan.clone(),
                )
                .await;
            }
            Step::Reopen => {
                kept.clear();
                driver = driver.reopen().await;
            }
        }
        for (snapshot, model) in &kept {
            compare(&**snapshot, model, everything()).await;
        }
    }
    compare(
        &*driver.meta().snapshot().await.unwrap(),
        &model,
        everything(),
    )
    .await;
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work);
}

proptest! {
    // A failure prints the shortest history that shows it, and the seed to run it again.
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_histories_in_memory(steps in prop::collection::vec(step(), 1..40)) {
        run(async { replay(Driver::memory(), &steps).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Each driver must answer as the model does, and so as all the others; what they hold at the end
    /// is the same, too.
    #[test]
    fn random_histories_on_every_driver(steps in prop::collection::vec(step(), 1..40)) {
        run(async {
            for driver in Driver::all().await {
                replay(driver, &steps).await;
            }
        });
    }
}
