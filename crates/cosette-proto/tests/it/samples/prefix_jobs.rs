//! Prefix jobs.

use cosette_proto::ops::{
    CancelPrefixJob, GetPrefixJob, ListPrefixJobs, PrefixJob, PrefixJobKind, PrefixJobLeft,
    PrefixJobState, PrefixJobWish, StartPrefixJob,
};
use cosette_types::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Example, Sample, april, bucket, text};
use crate::generators as any;

fn wishes() -> impl Strategy<Value = PrefixJobWish> {
    let prefix = || "[a-z0-9/ .&<]{0,12}";
    let kind = select(vec![PrefixJobKind::Copy, PrefixJobKind::Move]);
    (kind, any::bucket(), prefix(), prefix(), proptest::bool::ANY).prop_map(
        |(kind, source_bucket, source_prefix, target_prefix, forbid_overwrite)| PrefixJobWish {
            kind,
            source_bucket,
            source_prefix,
            target_prefix,
            forbid_overwrite,
        },
    )
}

fn jobs() -> impl Strategy<Value = PrefixJob> {
    let states = [
        PrefixJobState::Running,
        PrefixJobState::Done,
        PrefixJobState::Cancelled,
        PrefixJobState::Failed,
    ];
    let number = || proptest::num::u64::ANY;
    let left = (number(), "[a-z0-9/]{1,9}", "[A-Za-z]{1,12}");
    let left = left.prop_map(|(number, key, code)| PrefixJobLeft { number, key, code });
    let told = (select(states.to_vec()), "([a-z]{1,9}( [a-z]{1,9})?)?");
    let times = (any::time(), option::of(any::time()));
    let counts = (number(), number(), number());
    (
        "[0-9a-f]{32}",
        wishes(),
        told,
        times,
        counts,
        vec(left, 0..3),
    )
        .prop_map(
            |(id, wish, (state, why), (created, ended), counts, left)| PrefixJob {
                id,
                wish,
                state,
                why,
                created,
                ended,
                done: counts.0,
                done_bytes: counts.1,
                failed: counts.2,
                left,
            },
        )
}

fn ids() -> impl Strategy<Value = String> {
    "[0-9a-f]{32}"
}

const ID: &str = "00112233445566778899aabbccddeeff";

fn wish() -> PrefixJobWish {
    PrefixJobWish {
        kind: PrefixJobKind::Move,
        source_bucket: bucket(),
        source_prefix: "2023/".to_owned(),
        target_prefix: "old/2023/".to_owned(),
        forbid_overwrite: true,
    }
}

fn job() -> PrefixJob {
    PrefixJob {
        id: ID.to_owned(),
        wish: wish(),
        state: PrefixJobState::Running,
        why: String::new(),
        created: april(),
        ended: None,
        done: 1000,
        done_bytes: 1_048_576,
        failed: 1,
        left: vec![PrefixJobLeft {
            number: 0,
            key: "2023/a.jpg".to_owned(),
            code: "FileAlreadyExists".to_owned(),
        }],
    }
}

impl Sample for StartPrefixJob {
    fn requests() -> BoxedStrategy<Self> {
        let token = option::of("[!-~]{1,128}".prop_map(|token| token.parse().unwrap()));
        (any::bucket(), wishes(), token)
            .prop_map(|(bucket, wish, client_token)| Self {
                bucket,
                wish,
                client_token,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<PrefixJob> {
        jobs().boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "move",
            request: Self {
                bucket: bucket(),
                wish: wish(),
                client_token: text("0d4b1c2e-token"),
            },
            reply: PrefixJob {
                done: 0,
                done_bytes: 0,
                failed: 0,
                left: Vec::new(),
                ..job()
            },
        }]
    }
}

impl Sample for GetPrefixJob {
    fn requests() -> BoxedStrategy<Self> {
        (any::bucket(), ids(), option::of(proptest::num::u64::ANY))
            .prop_map(|(bucket, id, left_marker)| Self {
                bucket,
                id,
                left_marker,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<PrefixJob> {
        jobs().boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "running",
            request: Self {
                bucket: bucket(),
                id: ID.to_owned(),
                left_marker: Some(0),
            },
            reply: job(),
        }]
    }
}

impl Sample for ListPrefixJobs {
    fn requests() -> BoxedStrategy<Self> {
        any::bucket().prop_map(|bucket| Self { bucket }).boxed()
    }

    fn replies() -> BoxedStrategy<Vec<PrefixJob>> {
        vec(jobs(), 0..3).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self { bucket: bucket() },
            reply: vec![PrefixJob {
                state: PrefixJobState::Done,
                ended: Some(Timestamp::from_secs(april().secs() + 5)),
                left: Vec::new(),
                ..job()
            }],
        }]
    }
}

impl Sample for CancelPrefixJob {
    fn requests() -> BoxedStrategy<Self> {
        (any::bucket(), ids())
            .prop_map(|(bucket, id)| Self { bucket, id })
            .boxed()
    }

    fn replies() -> BoxedStrategy<PrefixJob> {
        jobs().boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self {
                bucket: bucket(),
                id: ID.to_owned(),
            },
            reply: PrefixJob {
                state: PrefixJobState::Cancelled,
                left: Vec::new(),
                ..job()
            },
        }]
    }
}
