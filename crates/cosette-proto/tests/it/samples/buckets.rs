//! Buckets and versioning.

use cosette_proto::ops::{
    BucketEntry, DeleteBucket, GetBucketLocation, GetBucketVersioning, HeadBucket, HeadBucketReply,
    ListBuckets, ListBucketsReply, PutBucket, PutBucketVersioning, VersioningStatus,
};
use cosette_types::{AclHeaders, CannedAcl, Grantee, Owner, Region, Tags, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Example, Sample, bucket};
use crate::generators as any;

fn root() -> Owner {
    Owner::root("100000000001").unwrap()
}

fn guangzhou() -> Region {
    "ap-guangzhou".parse().unwrap()
}

impl Sample for ListBuckets {
    fn requests() -> BoxedStrategy<Self> {
        (
            option::of(any::region()),
            option::of(any::key_text()),
            any::page_size(),
        )
            .prop_map(|(region, marker, max_keys)| Self {
                region,
                marker,
                max_keys,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<ListBucketsReply> {
        let entry = (any::bucket(), any::region(), any::time()).prop_map(
            |(name, location, creation_date)| BucketEntry {
                name,
                location,
                creation_date,
            },
        );
        let next = option::of(any::bucket().prop_map(|name| name.to_string()));
        (any::owner(), vec(entry, 0..4), next)
            .prop_map(|(owner, buckets, next_marker)| ListBucketsReply {
                owner,
                buckets,
                next_marker,
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let entry = |name: &str, location: &str, secs| BucketEntry {
            name: name.parse().unwrap(),
            location: location.parse().unwrap(),
            creation_date: Timestamp::from_secs(secs),
        };
        vec![
            Example {
                name: "all",
                request: Self::default(),
                reply: ListBucketsReply {
                    owner: root(),
                    buckets: vec![
                        entry("examplebucket1-1250000000", "ap-beijing", 1_558_698_590),
                        entry("examplebucket2-1250000000", "ap-guangzhou", 1_558_698_591),
                    ],
                    next_marker: None,
                },
            },
            Example {
                name: "page",
                request: Self {
                    region: Some(guangzhou()),
                    marker: Some("a-1250000000".to_owned()),
                    max_keys: Some(1),
                },
                reply: ListBucketsReply {
                    owner: root(),
                    buckets: vec![entry("b-1250000000", "ap-guangzhou", 1_558_698_591)],
                    next_marker: Some("b-1250000000".to_owned()),
                },
            },
        ]
    }
}

impl Sample for PutBucket {
    fn requests() -> BoxedStrategy<Self> {
        let acl = any::acl_headers(CannedAcl::is_for_buckets);
        (any::bucket(), acl, any::tags())
            .prop_map(|(bucket, acl, tags)| Self { bucket, acl, tags })
            .boxed()
    }

    fn replies() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let acl = AclHeaders {
            canned: Some(CannedAcl::PublicRead),
            write: vec![Grantee::User(
                Owner::sub("100000000001", "100000000011").unwrap(),
            )],
            ..AclHeaders::default()
        };
        let mut tags = Tags::new();
        tags.insert("项目", "a b").unwrap();
        vec![
            Example {
                name: "plain",
                request: Self {
                    bucket: bucket(),
                    acl: AclHeaders::default(),
                    tags: Tags::new(),
                },
                reply: (),
            },
            Example {
                name: "acl",
                request: Self {
                    bucket: bucket(),
                    acl,
                    tags: Tags::new(),
                },
                reply: (),
            },
            Example {
                name: "tags",
                request: Self {
                    bucket: bucket(),
                    acl: AclHeaders::default(),
                    tags,
                },
                reply: (),
            },
        ]
    }
}

impl Sample for HeadBucket {
    fn requests() -> BoxedStrategy<Self> {
        any::bucket().prop_map(|bucket| Self { bucket }).boxed()
    }

    fn replies() -> BoxedStrategy<HeadBucketReply> {
        option::of(any::region())
            .prop_map(|region| HeadBucketReply { region })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let reply = HeadBucketReply {
            region: Some(guangzhou()),
        };
        vec![Example {
            name: "plain",
            request: Self { bucket: bucket() },
            reply,
        }]
    }
}

impl Sample for DeleteBucket {
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

impl Sample for GetBucketLocation {
    fn requests() -> BoxedStrategy<Self> {
        any::bucket().prop_map(|bucket| Self { bucket }).boxed()
    }

    fn replies() -> BoxedStrategy<Region> {
        any::region().boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self { bucket: bucket() },
            reply: guangzhou(),
        }]
    }
}

const STATUSES: [VersioningStatus; 2] = [VersioningStatus::Enabled, VersioningStatus::Suspended];

impl Sample for PutBucketVersioning {
    fn requests() -> BoxedStrategy<Self> {
        (any::bucket(), select(&STATUSES[..]))
            .prop_map(|(bucket, status)| Self { bucket, status })
            .boxed()
    }

    fn replies() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let request = Self {
            bucket: bucket(),
            status: VersioningStatus::Enabled,
        };
        vec![Example {
            name: "enable",
            request,
            reply: (),
        }]
    }
}

impl Sample for GetBucketVersioning {
    fn requests() -> BoxedStrategy<Self> {
        any::bucket().prop_map(|bucket| Self { bucket }).boxed()
    }

    fn replies() -> BoxedStrategy<Option<VersioningStatus>> {
        option::of(select(&STATUSES[..])).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let of = |name, reply| Example {
            name,
            request: Self { bucket: bucket() },
            reply,
        };
        vec![
            of("never", None),
            of("suspended", Some(VersioningStatus::Suspended)),
        ]
    }
}
