//! Appends and restores.

use cosette_proto::ops::{
    AppendObject, AppendObjectReply, RestoreObject, RestoreObjectReply, RestoreTier,
};
use cosette_types::{AclHeaders, CannedAcl, Crc64, Metadata, Tags};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Example, Sample, bucket, etag, key, version};
use crate::generators as any;

impl Sample for AppendObject {
    fn requests() -> BoxedStrategy<Self> {
        let object = (any::bucket(), any::key(), proptest::num::u64::ANY);
        let acl = any::acl_headers(CannedAcl::is_for_objects);
        let class = option::of(any::storage_class());
        let rest = (any::tags(), option::of(any::md5()));
        (object, any::metadata(), class, acl, rest)
            .prop_map(|(object, metadata, storage_class, acl, rest)| {
                let (bucket, key, position) = object;
                let (tags, content_md5) = rest;
                Self {
                    encryption: any::encryption_for(&key),
                    bucket,
                    key,
                    position,
                    metadata,
                    storage_class,
                    acl,
                    tags,
                    content_md5,
                }
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<AppendObjectReply> {
        (
            any::etag(),
            option::of(any::crc64()),
            proptest::num::u64::ANY,
        )
            .prop_map(|(etag, crc64, next_position)| AppendObjectReply {
                etag,
                crc64,
                next_position,
                encrypted_with: None,
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self {
                encryption: None,
                bucket: bucket(),
                key: key("exampleobject"),
                position: 16,
                metadata: Metadata::default(),
                storage_class: None,
                acl: AclHeaders::default(),
                tags: Tags::new(),
                content_md5: None,
            },
            reply: AppendObjectReply {
                etag: etag("ee8de918d05640145b18f70f4c3aa602-2"),
                crc64: Some(Crc64(16_749_565_679_157_681_890)),
                next_position: 32,
                encrypted_with: None,
            },
        }]
    }
}

impl Sample for RestoreObject {
    fn requests() -> BoxedStrategy<Self> {
        let tiers = [
            RestoreTier::Expedited,
            RestoreTier::Standard,
            RestoreTier::Bulk,
        ];
        let object = (any::bucket(), any::key(), option::of(any::version_id()));
        (object, 1..=365_u16, option::of(select(tiers.to_vec())))
            .prop_map(|((bucket, key, version_id), days, tier)| Self {
                bucket,
                key,
                version_id,
                days,
                tier,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<RestoreObjectReply> {
        select(vec![
            RestoreObjectReply::Begun,
            RestoreObjectReply::Extended,
        ])
        .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "of_a_version",
            request: Self {
                bucket: bucket(),
                key: key("exampleobject"),
                version_id: version("MTg0NDUxNTc0NDYxOTI4MzU0MDI"),
                days: 3,
                tier: Some(RestoreTier::Bulk),
            },
            reply: RestoreObjectReply::Begun,
        }]
    }
}
