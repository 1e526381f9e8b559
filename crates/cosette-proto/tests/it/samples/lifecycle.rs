//! Lifecycle rules.

use cosette_proto::ops::{
    DeleteBucketLifecycle, GetBucketLifecycle, LifecycleConfiguration, PutBucketLifecycle,
};
use cosette_types::lifecycle::{
    Due, Expiration, LifecycleFilter, LifecycleRule, NoncurrentExpiration, NoncurrentTransition,
    Transition,
};
use cosette_types::{StorageClass, Tags};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Example, Sample, april, bucket};
use crate::generators as any;

fn class() -> impl Strategy<Value = StorageClass> {
    select(vec![
        StorageClass::StandardIa,
        StorageClass::Archive,
        StorageClass::DeepArchive,
    ])
}

fn filter() -> impl Strategy<Value = LifecycleFilter> {
    let sizes = (option::of(0..1000_u64), option::of(1000..2000_u64));
    (any::prefix(), any::tags(), sizes).prop_map(|(prefix, tags, sizes)| LifecycleFilter {
        prefix,
        tags,
        larger_than: sizes.0,
        smaller_than: sizes.1,
    })
}

/// Rules that are legal: what goes does so after it got another class.
fn rules() -> impl Strategy<Value = Vec<LifecycleRule>> {
    let moves = vec((0..100_u32, class()), 0..3);
    let at = prop_oneof![
        (101..200_u32).prop_map(Due::Days),
        any::time().prop_map(Due::Date),
    ];
    let noncurrent = vec((0..9_u32, class(), 0..3_u32), 0..3);
    let gone = option::of((1..9_u32, 0..3_u32));
    let rule = (proptest::bool::ANY, filter(), moves, at, noncurrent, gone);
    vec(rule, 1..4).prop_map(|all| {
        let rules = (0..).zip(all).map(|(number, all)| {
            let (enabled, filter, moves, at, noncurrent, gone) = all;
            let transitions = moves.into_iter().map(|(days, class)| Transition {
                due: match at {
                    Due::Days(_) => Due::Days(days),
                    Due::Date(date) => Due::Date(date),
                },
                class,
            });
            let noncurrent = noncurrent.into_iter();
            LifecycleRule {
                id: (number > 0).then(|| format!("rule {number} & <more>")),
                enabled,
                filter,
                transitions: transitions.collect(),
                expiration: Some(Expiration::At(at)),
                noncurrent_transitions: noncurrent
                    .map(|(days, class, newer_kept)| NoncurrentTransition {
                        days,
                        class,
                        newer_kept,
                    })
                    .collect(),
                noncurrent_expiration: gone
                    .map(|(days, newer_kept)| NoncurrentExpiration { days, newer_kept }),
                abort_uploads_days: None,
            }
        });
        rules.collect()
    })
}

fn example() -> LifecycleConfiguration {
    let mut tags = Tags::new();
    tags.insert("项目", "a").unwrap();
    let logs = LifecycleRule {
        id: Some("logs".to_owned()),
        enabled: true,
        filter: LifecycleFilter {
            prefix: "logs/".to_owned(),
            tags,
            ..LifecycleFilter::default()
        },
        transitions: vec![Transition {
            due: Due::Days(30),
            class: StorageClass::Archive,
        }],
        expiration: Some(Expiration::At(Due::Days(365))),
        ..LifecycleRule::default()
    };
    let rest = LifecycleRule {
        id: Some("rest".to_owned()),
        enabled: false,
        expiration: Some(Expiration::LoneMarkers),
        noncurrent_transitions: vec![NoncurrentTransition {
            days: 7,
            class: StorageClass::StandardIa,
            newer_kept: 0,
        }],
        noncurrent_expiration: Some(NoncurrentExpiration {
            days: 30,
            newer_kept: 2,
        }),
        abort_uploads_days: Some(7),
        ..LifecycleRule::default()
    };
    let end = LifecycleRule {
        enabled: true,
        expiration: Some(Expiration::At(Due::Date(april()))),
        ..LifecycleRule::default()
    };
    LifecycleConfiguration {
        rules: vec![logs, rest, end],
    }
}

impl Sample for PutBucketLifecycle {
    fn requests() -> BoxedStrategy<Self> {
        (any::bucket(), rules())
            .prop_map(|(bucket, rules)| Self {
                bucket,
                configuration: LifecycleConfiguration { rules },
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "rules",
            request: Self {
                bucket: bucket(),
                configuration: example(),
            },
            reply: (),
        }]
    }
}

impl Sample for GetBucketLifecycle {
    fn requests() -> BoxedStrategy<Self> {
        any::bucket().prop_map(|bucket| Self { bucket }).boxed()
    }

    fn replies() -> BoxedStrategy<LifecycleConfiguration> {
        let rules = rules();
        rules
            .prop_map(|rules| LifecycleConfiguration { rules })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "rules",
            request: Self { bucket: bucket() },
            reply: example(),
        }]
    }
}

impl Sample for DeleteBucketLifecycle {
    fn requests() -> BoxedStrategy<Self> {
        any::bucket().prop_map(|bucket| Self { bucket }).boxed()
    }

    fn replies() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self { bucket: bucket() },
            reply: (),
        }]
    }
}
