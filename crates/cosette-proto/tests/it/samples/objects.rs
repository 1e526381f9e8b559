//! Objects: put, get, head.

use cosette_proto::ops::{
    ContentRange, GetObject, HeadObject, ObjectReply, ObjectType, PutObject, PutObjectReply,
    ResponseOverrides,
};
use cosette_types::{
    AclHeaders, CannedAcl, Crc64, ETagMatch, Md5, Metadata, Preconditions, ReadRange, StorageClass,
    Tags,
};
use proptest::option;
use proptest::prelude::*;

use super::{Example, Sample, april, bucket, etag, key, text, version};
use crate::generators as any;

const CRC: Option<Crc64> = Some(Crc64(16_749_565_679_157_681_890));

impl Sample for PutObject {
    fn requests() -> BoxedStrategy<Self> {
        let object = (any::bucket(), any::key(), any::metadata());
        let acl = any::acl_headers(CannedAcl::is_for_objects);
        (
            object,
            option::of(any::storage_class()),
            acl,
            option::of(any::md5()),
            proptest::bool::ANY,
            (any::tags(), any::target_conditions()),
        )
            .prop_map(
                |(
                    object,
                    storage_class,
                    acl,
                    content_md5,
                    forbid_overwrite,
                    (tags, preconditions),
                )| {
                    let (bucket, key, metadata) = object;
                    Self {
                        encryption: any::encryption_for(&key),
                        bucket,
                        key,
                        metadata,
                        storage_class,
                        acl,
                        content_md5,
                        tags,
                        forbid_overwrite,
                        preconditions,
                    }
                },
            )
            .boxed()
    }

    fn replies() -> BoxedStrategy<PutObjectReply> {
        (any::etag(), option::of(any::crc64()), any::made_version())
            .prop_map(|(etag, crc64, version_id)| PutObjectReply {
                etag,
                crc64,
                version_id,
                encrypted_with: None,
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let plain = || Self {
            encryption: None,
            bucket: bucket(),
            key: key("exampleobject"),
            metadata: Metadata::default(),
            storage_class: None,
            acl: AclHeaders::default(),
            content_md5: None,
            tags: Tags::new(),
            forbid_overwrite: false,
            preconditions: Preconditions::default(),
        };
        let mut everything = plain();
        everything.key = key("目录/图片 1.jpg");
        let content = &mut everything.metadata.content;
        content.cache_control = text("max-age=600");
        content.content_disposition = text("attachment; filename=\"1.jpg\"");
        content.content_encoding = text("gzip");
        content.content_language = text("zh-CN");
        content.content_type = text("image/jpeg");
        content.expires = text("Thu, 16 May 2019 06:45:51 GMT");
        everything
            .metadata
            .user
            .insert("author", "Zhang San".parse().unwrap())
            .unwrap();
        everything.storage_class = Some(StorageClass::MazStandard);
        everything.acl.canned = Some(CannedAcl::Private);
        everything.content_md5 = Some(Md5(*b"0123456789abcdef"));
        everything.forbid_overwrite = true;
        everything.tags.insert("项目", "a+b").unwrap();
        everything.preconditions.if_none_match = Some(ETagMatch::Any);
        let reply = |version_id| PutObjectReply {
            etag: etag("ee8de918d05640145b18f70f4c3aa602"),
            crc64: CRC,
            version_id,
            encrypted_with: None,
        };
        let versioned = reply(version("MTg0NDUxNTc0NDYxOTI4MzU0MDI"));
        vec![
            Example {
                name: "plain",
                request: plain(),
                reply: reply(None),
            },
            Example {
                name: "everything",
                request: everything,
                reply: versioned,
            },
        ]
    }
}

fn content_ranges() -> impl Strategy<Value = ContentRange> {
    (any::byte_range(), 0..1_000_u64).prop_map(|(range, more)| ContentRange {
        first: range.first(),
        last: range.last(),
        size: range.last() + 1 + more,
    })
}

fn object_replies() -> impl Strategy<Value = ObjectReply> {
    let outcome = prop_oneof![
        Just((true, 0, None)),
        proptest::num::u64::ANY.prop_map(|bytes| (false, bytes, None)),
        content_ranges().prop_map(|range| (false, range.last - range.first + 1, Some(range))),
    ];
    let facts = (
        any::etag(),
        any::time(),
        any::metadata(),
        any::storage_class(),
    );
    let kind = prop_oneof![Just(ObjectType::Normal), Just(ObjectType::Appendable)];
    let restore = option::of(any::text());
    let rest = (
        option::of(any::crc64()),
        option::of(any::version_id()),
        kind,
        restore,
        0..=10_u16,
    );
    (outcome, facts, rest).prop_map(|(outcome, facts, rest)| {
        let (not_modified, content_length, content_range) = outcome;
        let (etag, last_modified, metadata, storage_class) = facts;
        let (crc64, version_id, object_type, restore, tagging_count) = rest;
        ObjectReply {
            not_modified,
            content_length,
            content_range,
            etag,
            last_modified,
            metadata,
            storage_class,
            crc64,
            version_id,
            tagging_count,
            object_type,
            restore,
            encrypted_with: None,
        }
    })
}

fn object_reply() -> ObjectReply {
    let mut metadata = Metadata::default();
    metadata.content.content_type = text("image/jpeg");
    metadata
        .user
        .insert("author", "Zhang San".parse().unwrap())
        .unwrap();
    ObjectReply {
        not_modified: false,
        content_length: 16,
        content_range: None,
        etag: etag("ee8de918d05640145b18f70f4c3aa602"),
        last_modified: april(),
        metadata,
        storage_class: StorageClass::Standard,
        crc64: CRC,
        version_id: None,
        tagging_count: 0,
        object_type: ObjectType::Normal,
        restore: None,
        encrypted_with: None,
    }
}

impl Sample for GetObject {
    fn requests() -> BoxedStrategy<Self> {
        let one = || option::of(any::unicode_text());
        let overrides =
            (one(), one(), one(), one(), one(), one()).prop_map(|all| ResponseOverrides {
                content_type: all.0,
                content_language: all.1,
                expires: all.2,
                cache_control: all.3,
                content_disposition: all.4,
                content_encoding: all.5,
            });
        let object = (any::bucket(), any::key(), option::of(any::version_id()));
        (
            object,
            option::of(any::read_range()),
            any::preconditions(),
            overrides,
        )
            .prop_map(|(object, range, preconditions, overrides)| {
                let (bucket, key, version_id) = object;
                Self {
                    customer_key: any::customer_key_for(&key),
                    bucket,
                    key,
                    version_id,
                    range,
                    preconditions,
                    overrides,
                }
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<ObjectReply> {
        object_replies().boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let plain = || Self {
            customer_key: None,
            bucket: bucket(),
            key: key("exampleobject"),
            version_id: None,
            range: None,
            preconditions: Preconditions::default(),
            overrides: ResponseOverrides::default(),
        };
        let mut everything = plain();
        everything.version_id = version("MTg0NDUxNTc0NDYxOTI4MzU0MDI");
        everything.range = Some(ReadRange::FromTo(4, 7));
        everything.preconditions.if_match = Some(etag("ee8de918d05640145b18f70f4c3aa602").into());
        everything.overrides.content_type = text("application/octet-stream");
        everything.overrides.cache_control = text("max-age=600");
        let partial = ObjectReply {
            content_length: 4,
            content_range: Some(ContentRange {
                first: 4,
                last: 7,
                size: 16,
            }),
            storage_class: StorageClass::StandardIa,
            version_id: everything.version_id.clone(),
            ..object_reply()
        };
        let mut conditional = plain();
        conditional.preconditions.if_none_match =
            Some(etag("ee8de918d05640145b18f70f4c3aa602").into());
        let unmodified = ObjectReply {
            not_modified: true,
            content_length: 0,
            ..object_reply()
        };
        vec![
            Example {
                name: "plain",
                request: plain(),
                reply: object_reply(),
            },
            Example {
                name: "range",
                request: everything,
                reply: partial,
            },
            Example {
                name: "not_modified",
                request: conditional,
                reply: unmodified,
            },
        ]
    }
}

impl Sample for HeadObject {
    fn requests() -> BoxedStrategy<Self> {
        let object = (any::bucket(), any::key(), option::of(any::version_id()));
        (object, option::of(any::read_range()), any::preconditions())
            .prop_map(|((bucket, key, version_id), range, preconditions)| Self {
                customer_key: any::customer_key_for(&key),
                bucket,
                key,
                version_id,
                range,
                preconditions,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<ObjectReply> {
        object_replies().boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let request = Self {
            customer_key: None,
            bucket: bucket(),
            key: key("exampleobject"),
            version_id: None,
            range: None,
            preconditions: Preconditions::default(),
        };
        let expiry = "ongoing-request=\"false\", expiry-date=\"Sat, 28 Dec 2019 00:00:00 GMT\"";
        let reply = ObjectReply {
            storage_class: StorageClass::Archive,
            restore: text(expiry),
            ..object_reply()
        };
        vec![Example {
            name: "restored",
            request,
            reply,
        }]
    }
}
