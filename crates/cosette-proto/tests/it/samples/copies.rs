//! Copies and moves.

use cosette_proto::ops::{
    CopyObject, CopyObjectReply, MoveObject, MoveObjectReply, UploadPartCopy, UploadPartCopyReply,
};
use cosette_types::{
    AclHeaders, ByteRange, CannedAcl, CopySource, Crc64, Directive, ETagMatch, Grantee, Metadata,
    Owner, PartNumber, Preconditions, StorageClass, Tags, Timestamp,
};
use proptest::option;
use proptest::prelude::*;

use super::{Example, Sample, april, bucket, etag, key, text, upload_id, version};
use crate::generators as any;

fn source(path: &str) -> CopySource {
    CopySource {
        bucket: "sourcebucket-1250000000".parse().unwrap(),
        region: Some("ap-guangzhou".parse().unwrap()),
        key: key(path),
        version_id: None,
    }
}

fn all_preconditions() -> Preconditions {
    Preconditions {
        if_match: Some(etag("ee8de918d05640145b18f70f4c3aa602").into()),
        if_none_match: Some(etag("0123456789abcdef0123456789abcdef").into()),
        if_modified_since: Some(Timestamp::from_secs(1_586_000_000)),
        if_unmodified_since: Some(april()),
    }
}

impl Sample for CopyObject {
    fn requests() -> BoxedStrategy<Self> {
        // Metadata travels for nothing unless it replaces the source's; reading then drops it.
        let metadata = prop_oneof![
            Just((None, Metadata::default())),
            Just((Some(Directive::Copy), Metadata::default())),
            any::metadata().prop_map(|metadata| (Some(Directive::Replaced), metadata)),
        ];
        let object = (
            any::bucket(),
            any::key(),
            any::copy_source(),
            any::preconditions(),
        );
        let class = option::of(any::storage_class());
        let acl = any::acl_headers(CannedAcl::is_for_objects);
        let tags = prop_oneof![
            Just((None, Tags::new())),
            Just((Some(Directive::Copy), Tags::new())),
            any::tags().prop_map(|tags| (Some(Directive::Replaced), tags)),
        ];
        let any_bool = proptest::bool::ANY;
        let target = (any_bool, any::target_conditions(), any_bool);
        (object, metadata, class, acl, tags, target)
            .prop_map(
                |(object, (directive, metadata), storage_class, acl, tags, target)| {
                    let (tagging_directive, tags) = tags;
                    let (forbid_overwrite, target_preconditions, keeps) = target;
                    let (bucket, key, source, source_preconditions) = object;
                    let encryption = any::encryption_for(&key);
                    Self {
                        keep_encryption: keeps && encryption.is_none(),
                        encryption,
                        source_key: any::customer_key_for(&key),
                        bucket,
                        key,
                        source,
                        source_preconditions,
                        directive,
                        metadata,
                        storage_class,
                        acl,
                        tagging_directive,
                        tags,
                        forbid_overwrite,
                        target_preconditions,
                    }
                },
            )
            .boxed()
    }

    fn replies() -> BoxedStrategy<CopyObjectReply> {
        let crc64 = option::of(any::crc64());
        let source_version = option::of(any::version_id());
        (
            any::etag(),
            crc64,
            any::time(),
            any::made_version(),
            source_version,
        )
            .prop_map(
                |(etag, crc64, last_modified, version_id, source_version_id)| CopyObjectReply {
                    etag,
                    crc64,
                    checksum: None,
                    last_modified,
                    version_id,
                    source_version_id,
                    encrypted_with: None,
                },
            )
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let plain = || Self {
            encryption: None,
            keep_encryption: false,
            source_key: None,
            bucket: bucket(),
            key: key("exampleobject"),
            source: source("example-folder/example(腾讯云).jpg"),
            source_preconditions: Preconditions::default(),
            directive: None,
            metadata: Metadata::default(),
            storage_class: None,
            acl: AclHeaders::default(),
            tagging_directive: None,
            tags: Tags::new(),
            forbid_overwrite: false,
            target_preconditions: Preconditions::default(),
        };
        let reply = || CopyObjectReply {
            etag: etag("ee8de918d05640145b18f70f4c3aa602"),
            crc64: Some(Crc64(16_749_565_679_157_681_890)),
            checksum: None,
            last_modified: april(),
            version_id: None,
            source_version_id: None,
            encrypted_with: None,
        };
        let mut everything = plain();
        everything.source.version_id = version("MTg0NDUxNTc0NDYxOTI4MzU0MDI");
        everything.source_preconditions = all_preconditions();
        everything.directive = Some(Directive::Replaced);
        everything.metadata.content.content_type = text("image/jpeg");
        everything.metadata.content.content_disposition = text("attachment; filename=\"图片.jpg\"");
        everything
            .metadata
            .user
            .insert("author", "Zhang San".parse().unwrap())
            .unwrap();
        everything.storage_class = Some(StorageClass::StandardIa);
        everything.acl = AclHeaders {
            canned: Some(CannedAcl::PublicRead),
            read: vec![
                Grantee::User(Owner::root("100000000001").unwrap()),
                Grantee::User(Owner::sub("100000000001", "100000000011").unwrap()),
            ],
            ..AclHeaders::default()
        };
        everything.tagging_directive = Some(Directive::Replaced);
        everything.tags.insert("project", "a b").unwrap();
        everything.forbid_overwrite = true;
        everything.target_preconditions.if_match = Some(ETagMatch::Any);
        everything.keep_encryption = true;
        let versioned = CopyObjectReply {
            version_id: version("MTg0NDUxNTc0NDYxOTI5MDAwMDA"),
            source_version_id: everything.source.version_id.clone(),
            ..reply()
        };
        vec![
            Example {
                name: "plain",
                request: plain(),
                reply: reply(),
            },
            Example {
                name: "everything",
                request: everything,
                reply: versioned,
            },
        ]
    }
}

impl Sample for UploadPartCopy {
    fn requests() -> BoxedStrategy<Self> {
        let place = (
            any::bucket(),
            any::key(),
            any::upload_id(),
            any::part_number(),
        );
        let range = option::of(any::byte_range());
        (place, any::copy_source(), range, any::preconditions())
            .prop_map(|(place, source, source_range, source_preconditions)| {
                let (bucket, key, upload_id, part_number) = place;
                Self {
                    encryption: any::encryption_for(&key),
                    source_key: any::customer_key_for(&key),
                    bucket,
                    key,
                    upload_id,
                    part_number,
                    source,
                    source_range,
                    source_preconditions,
                }
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<UploadPartCopyReply> {
        let crc64 = option::of(any::crc64());
        (
            any::etag(),
            any::time(),
            crc64,
            option::of(any::version_id()),
        )
            .prop_map(
                |(etag, last_modified, crc64, source_version_id)| UploadPartCopyReply {
                    etag,
                    last_modified,
                    crc64,
                    checksum: None,
                    source_version_id,
                    encrypted_with: None,
                },
            )
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let request = Self {
            encryption: None,
            source_key: None,
            bucket: bucket(),
            key: key("b/1.jpg"),
            upload_id: upload_id(),
            part_number: PartNumber::MIN,
            source: source("a/1.jpg"),
            source_range: Some(ByteRange::new(0, 1_048_575).unwrap()),
            source_preconditions: all_preconditions(),
        };
        let reply = UploadPartCopyReply {
            etag: etag("ba82b57cfdfda8bd17ad4e5879ebb4fe"),
            last_modified: Timestamp::from_secs(1_504_500_345),
            crc64: Some(Crc64(4_510_578_591_875_220_731)),
            checksum: None,
            source_version_id: None,
            encrypted_with: None,
        };
        vec![Example {
            name: "range",
            request,
            reply,
        }]
    }
}

impl Sample for MoveObject {
    fn requests() -> BoxedStrategy<Self> {
        let token = option::of("[!-~]{1,128}".prop_map(|token| token.parse().unwrap()));
        let object = (any::bucket(), any::key(), any::key());
        let target = (proptest::bool::ANY, any::target_conditions());
        let acl = any::acl_headers(CannedAcl::is_for_objects);
        (object, any::preconditions(), target, acl, token)
            .prop_map(
                |(object, source_preconditions, target, acl, client_token)| {
                    let (forbid_overwrite, target_preconditions) = target;
                    let (bucket, key, source_key) = object;
                    Self {
                        bucket,
                        key,
                        source_key,
                        source_preconditions,
                        forbid_overwrite,
                        target_preconditions,
                        acl,
                        client_token,
                    }
                },
            )
            .boxed()
    }

    fn replies() -> BoxedStrategy<MoveObjectReply> {
        (option::of(any::etag()), any::made_version())
            .prop_map(|(etag, version_id)| MoveObjectReply { etag, version_id })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let request = Self {
            bucket: bucket(),
            key: key("b/1.jpg"),
            source_key: key("a/图片 1.jpg"),
            source_preconditions: Preconditions {
                if_match: Some(etag("ee8de918d05640145b18f70f4c3aa602").into()),
                ..Preconditions::default()
            },
            forbid_overwrite: false,
            target_preconditions: Preconditions::default(),
            acl: AclHeaders::default(),
            client_token: text("0d4b1c2e-token"),
        };
        let plain = Self {
            acl: AclHeaders::DEFAULT_ACL,
            client_token: None,
            ..request.clone()
        };
        let reply = MoveObjectReply {
            etag: Some(etag("ee8de918d05640145b18f70f4c3aa602")),
            version_id: None,
        };
        vec![
            Example {
                name: "token",
                request,
                reply: reply.clone(),
            },
            Example {
                name: "without-acl",
                request: plain,
                reply,
            },
        ]
    }
}
