//! A bucket's default encryption.

use cosette_proto::ops::{
    DeleteBucketEncryption, EncryptionConfiguration, GetBucketEncryption, PutBucketEncryption,
};
use proptest::prelude::*;

use super::{Example, Sample, bucket};
use crate::generators as any;

impl Sample for PutBucketEncryption {
    fn requests() -> BoxedStrategy<Self> {
        let with = |bucket| Self {
            bucket,
            configuration: EncryptionConfiguration::Managed,
        };
        any::bucket().prop_map(with).boxed()
    }

    fn replies() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self {
                bucket: bucket(),
                configuration: EncryptionConfiguration::Managed,
            },
            reply: (),
        }]
    }
}

impl Sample for GetBucketEncryption {
    fn requests() -> BoxedStrategy<Self> {
        any::bucket().prop_map(|bucket| Self { bucket }).boxed()
    }

    fn replies() -> BoxedStrategy<EncryptionConfiguration> {
        Just(EncryptionConfiguration::Managed).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self { bucket: bucket() },
            reply: EncryptionConfiguration::Managed,
        }]
    }
}

impl Sample for DeleteBucketEncryption {
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
