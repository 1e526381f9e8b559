//! Tags of objects and buckets.

use cosette_proto::ops::{
    DeleteBucketTagging, DeleteObjectTagging, GetBucketTagging, GetObjectTagging,
    GetObjectTaggingReply, ObjectTaggingReply, PutBucketTagging, PutObjectTagging,
};
use cosette_types::Tags;
use proptest::option;
use proptest::prelude::*;

use super::{Example, Sample, bucket, key, version};
use crate::generators as any;

fn tags() -> Tags {
    let mut tags = Tags::new();
    tags.insert("project", "cosette").unwrap();
    tags.insert("级别", "a+b").unwrap();
    tags
}

fn replies() -> BoxedStrategy<ObjectTaggingReply> {
    option::of(any::version_id())
        .prop_map(|version_id| ObjectTaggingReply { version_id })
        .boxed()
}

impl Sample for PutObjectTagging {
    fn requests() -> BoxedStrategy<Self> {
        let object = (any::bucket(), any::key(), option::of(any::version_id()));
        (object, any::tags())
            .prop_map(|((bucket, key, version_id), tags)| Self {
                bucket,
                key,
                version_id,
                tags,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<ObjectTaggingReply> {
        replies()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "of_a_version",
            request: Self {
                bucket: bucket(),
                key: key("exampleobject"),
                version_id: version("MTg0NDUxNTc0NDYxOTI4MzU0MDI"),
                tags: tags(),
            },
            reply: ObjectTaggingReply {
                version_id: version("MTg0NDUxNTc0NDYxOTI4MzU0MDI"),
            },
        }]
    }
}

impl Sample for GetObjectTagging {
    fn requests() -> BoxedStrategy<Self> {
        (any::bucket(), any::key(), option::of(any::version_id()))
            .prop_map(|(bucket, key, version_id)| Self {
                bucket,
                key,
                version_id,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<GetObjectTaggingReply> {
        (any::tags(), option::of(any::version_id()))
            .prop_map(|(tags, version_id)| GetObjectTaggingReply { tags, version_id })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let of = |name, tags| Example {
            name,
            request: Self {
                bucket: bucket(),
                key: key("exampleobject"),
                version_id: None,
            },
            reply: GetObjectTaggingReply {
                tags,
                version_id: None,
            },
        };
        vec![of("plain", tags()), of("none", Tags::new())]
    }
}

impl Sample for DeleteObjectTagging {
    fn requests() -> BoxedStrategy<Self> {
        (any::bucket(), any::key(), option::of(any::version_id()))
            .prop_map(|(bucket, key, version_id)| Self {
                bucket,
                key,
                version_id,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<ObjectTaggingReply> {
        replies()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self {
                bucket: bucket(),
                key: key("exampleobject"),
                version_id: None,
            },
            reply: ObjectTaggingReply { version_id: None },
        }]
    }
}

impl Sample for PutBucketTagging {
    fn requests() -> BoxedStrategy<Self> {
        (any::bucket(), any::tags())
            .prop_map(|(bucket, tags)| Self { bucket, tags })
            .boxed()
    }

    fn replies() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self {
                bucket: bucket(),
                tags: tags(),
            },
            reply: (),
        }]
    }
}

impl Sample for GetBucketTagging {
    fn requests() -> BoxedStrategy<Self> {
        any::bucket().prop_map(|bucket| Self { bucket }).boxed()
    }

    fn replies() -> BoxedStrategy<Tags> {
        any::tags().boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self { bucket: bucket() },
            reply: tags(),
        }]
    }
}

impl Sample for DeleteBucketTagging {
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
