//! Policies of buckets.

use bytes::Bytes;
use cosette_proto::ops::{
    DeleteBucketPolicy, GetBucketPolicy, GetBucketPolicyReply, PutBucketPolicy,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::{Example, Sample, bucket};
use crate::generators as any;

const COS: &[u8] = br#"{"Statement":[{"Principal":{"qcs":["qcs::cam::uin/100000000001:uin/100000000011"]},"Effect":"allow","Action":["name/cos:GetObject"],"Resource":["qcs::cos:ap-guangzhou:uid/1250000000:examplebucket-1250000000/*"],"Condition":{"ip_equal":{"qcs:ip":["10.121.2.0/24"]}}}],"version":"2.0"}"#;
const S3: &[u8] = br#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::examplebucket-1250000000/public/*"}]}"#;

fn policies() -> impl Strategy<Value = Bytes> {
    select(&[COS, S3][..]).prop_map(Bytes::from_static)
}

impl Sample for PutBucketPolicy {
    fn requests() -> BoxedStrategy<Self> {
        let bucket = bucket();
        let of = move |policy| Self {
            bucket: bucket.clone(),
            policy,
        };
        policies().prop_map(of).boxed()
    }

    fn replies() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let example = |name, policy| Example {
            name,
            request: Self {
                bucket: bucket(),
                policy: Bytes::from_static(policy),
            },
            reply: (),
        };
        vec![example("cos", COS), example("s3", S3)]
    }
}

impl Sample for GetBucketPolicy {
    fn requests() -> BoxedStrategy<Self> {
        any::bucket().prop_map(|bucket| Self { bucket }).boxed()
    }

    fn replies() -> BoxedStrategy<GetBucketPolicyReply> {
        policies()
            .prop_map(|policy| GetBucketPolicyReply { policy })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self { bucket: bucket() },
            reply: GetBucketPolicyReply {
                policy: Bytes::from_static(COS),
            },
        }]
    }
}

impl Sample for DeleteBucketPolicy {
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
