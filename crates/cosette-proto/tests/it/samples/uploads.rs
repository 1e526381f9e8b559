//! Multipart uploads, beside the copies into them.

use cosette_proto::ops::{
    AbortUpload, CompleteUpload, CompleteUploadReply, CompletedPart, InitiateUpload,
    InitiateUploadReply, ListParts, ListPartsReply, PartEntry, UploadPart, UploadPartReply,
};
use cosette_types::{
    AclHeaders, CannedAcl, Crc64, Metadata, Owner, PartNumber, Preconditions, StorageClass, Tags,
    Timestamp,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{Example, Sample, bucket, etag, key, text, upload_id};
use crate::generators as any;

impl Sample for InitiateUpload {
    fn requests() -> BoxedStrategy<Self> {
        let class = option::of(any::storage_class());
        let acl = any::acl_headers(CannedAcl::is_for_objects);
        let object = (any::bucket(), any::key());
        (object, any::metadata(), class, acl, any::tags())
            .prop_map(|((bucket, key), metadata, storage_class, acl, tags)| Self {
                encryption: any::encryption_for(&key),
                bucket,
                key,
                metadata,
                storage_class,
                acl,
                tags,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<InitiateUploadReply> {
        (any::bucket(), any::key(), any::upload_id())
            .prop_map(|(bucket, key, upload_id)| InitiateUploadReply {
                bucket,
                key,
                upload_id,
                checksum: None,
                encrypted_with: None,
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let mut metadata = Metadata::default();
        metadata.content.content_type = text("image/jpeg");
        metadata
            .user
            .insert("author", "Zhang San".parse().unwrap())
            .unwrap();
        let request = Self {
            encryption: None,
            bucket: bucket(),
            key: key("exampleobject"),
            metadata,
            storage_class: Some(StorageClass::StandardIa),
            acl: AclHeaders {
                canned: Some(CannedAcl::Default),
                ..AclHeaders::default()
            },
            tags: Tags::new(),
        };
        let reply = InitiateUploadReply {
            bucket: bucket(),
            key: key("exampleobject"),
            upload_id: upload_id(),
            checksum: None,
            encrypted_with: None,
        };
        vec![Example {
            name: "metadata",
            request,
            reply,
        }]
    }
}

impl Sample for UploadPart {
    fn requests() -> BoxedStrategy<Self> {
        let place = (
            any::bucket(),
            any::key(),
            any::upload_id(),
            any::part_number(),
        );
        (place, option::of(any::md5()))
            .prop_map(
                |((bucket, key, upload_id, part_number), content_md5)| Self {
                    encryption: any::encryption_for(&key),
                    bucket,
                    key,
                    upload_id,
                    part_number,
                    content_md5,
                },
            )
            .boxed()
    }

    fn replies() -> BoxedStrategy<UploadPartReply> {
        (any::etag(), option::of(any::crc64()))
            .prop_map(|(etag, crc64)| UploadPartReply {
                etag,
                crc64,
                encrypted_with: None,
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let request = Self {
            encryption: None,
            bucket: bucket(),
            key: key("exampleobject"),
            upload_id: upload_id(),
            part_number: PartNumber::MAX,
            content_md5: None,
        };
        let reply = UploadPartReply {
            etag: etag("39270a968a357d24207e9911162507eb"),
            crc64: Some(Crc64(4_510_578_591_875_220_731)),
            encrypted_with: None,
        };
        vec![Example {
            name: "plain",
            request,
            reply,
        }]
    }
}

impl Sample for CompleteUpload {
    fn requests() -> BoxedStrategy<Self> {
        let part =
            (any::part_number(), any::etag()).prop_map(|(part_number, etag)| CompletedPart {
                part_number,
                etag,
                checksum: None,
            });
        let object = (any::bucket(), any::key(), any::upload_id());
        let target = (proptest::bool::ANY, any::target_conditions());
        (object, vec(part, 1..6), target)
            .prop_map(|((bucket, key, upload_id), parts, target)| Self {
                bucket,
                key,
                upload_id,
                parts,
                forbid_overwrite: target.0,
                preconditions: target.1,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<CompleteUploadReply> {
        let object = (any::bucket(), any::key(), any::etag());
        (
            any::key_text(),
            object,
            option::of(any::crc64()),
            option::of(any::version_id()),
        )
            .prop_map(
                |(location, (bucket, key, etag), crc64, version_id)| CompleteUploadReply {
                    location,
                    bucket,
                    key,
                    etag,
                    crc64,
                    checksum: None,
                    version_id,
                    encrypted_with: None,
                },
            )
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let part = |number: u64, tag: &str| CompletedPart {
            part_number: number.try_into().unwrap(),
            etag: etag(tag),
            checksum: None,
        };
        let request = Self {
            bucket: bucket(),
            key: key("exampleobject"),
            upload_id: upload_id(),
            parts: vec![
                part(1, "39270a968a357d24207e9911162507eb"),
                part(2, "d899fbd1e06109ea2e4550f5751c88d6"),
                part(3, "70d9d9d3d4b5d5b8dfc8a6cfe5a6b9d1"),
            ],
            forbid_overwrite: false,
            preconditions: Preconditions::default(),
        };
        let host = "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com";
        let reply = CompleteUploadReply {
            location: format!("http://{host}/exampleobject"),
            bucket: bucket(),
            key: key("exampleobject"),
            etag: etag("aa259a62513358f69e98e72e59856d88-3"),
            crc64: Some(Crc64(15_612_412_187_142_136_178)),
            checksum: None,
            version_id: None,
            encrypted_with: None,
        };
        vec![Example {
            name: "three_parts",
            request,
            reply,
        }]
    }
}

impl Sample for AbortUpload {
    fn requests() -> BoxedStrategy<Self> {
        (any::bucket(), any::key(), any::upload_id())
            .prop_map(|(bucket, key, upload_id)| Self {
                bucket,
                key,
                upload_id,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let request = Self {
            bucket: bucket(),
            key: key("exampleobject"),
            upload_id: upload_id(),
        };
        vec![Example {
            name: "plain",
            request,
            reply: (),
        }]
    }
}

impl Sample for ListParts {
    fn requests() -> BoxedStrategy<Self> {
        let object = (any::bucket(), any::key(), any::upload_id());
        let page = (
            proptest::num::u16::ANY,
            option::of(1..=1000_u16),
            proptest::bool::ANY,
        );
        (object, page)
            .prop_map(|((bucket, key, upload_id), page)| Self {
                bucket,
                key,
                upload_id,
                part_number_marker: page.0,
                max_parts: page.1,
                encoded: page.2,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<ListPartsReply> {
        let part = (
            any::part_number(),
            any::time(),
            any::etag(),
            proptest::num::u64::ANY,
        )
            .prop_map(|(part_number, last_modified, etag, size)| PartEntry {
                part_number,
                last_modified,
                etag,
                size,
                checksum: None,
            });
        let people = (option::of(any::owner()), option::of(any::list_owner()));
        let object = (
            any::bucket(),
            any::key(),
            any::upload_id(),
            any::storage_class(),
        );
        let number = || proptest::num::u16::ANY;
        let page = (
            number(),
            number(),
            proptest::bool::ANY,
            option::of(number()),
        );
        (object, people, page, vec(part, 0..4))
            .prop_map(|(object, (initiator, owner), page, parts)| {
                let (bucket, key, upload_id, storage_class) = object;
                ListPartsReply {
                    bucket,
                    key,
                    upload_id,
                    initiator,
                    owner,
                    storage_class,
                    checksum: None,
                    part_number_marker: page.0,
                    max_parts: page.1,
                    encoded: page.2,
                    next_part_number_marker: page.3,
                    parts,
                }
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let request = Self {
            bucket: bucket(),
            key: key("目录/exampleobject"),
            upload_id: upload_id(),
            part_number_marker: 1,
            max_parts: Some(1),
            encoded: true,
        };
        let reply = ListPartsReply {
            bucket: bucket(),
            key: key("目录/exampleobject"),
            upload_id: upload_id(),
            initiator: Some(Owner::sub("100000000001", "100000000011").unwrap()),
            owner: Some("1250000000".parse().unwrap()),
            storage_class: StorageClass::Standard,
            checksum: None,
            part_number_marker: 1,
            max_parts: 1,
            encoded: true,
            next_part_number_marker: Some(2),
            parts: vec![PartEntry {
                part_number: 2_u64.try_into().unwrap(),
                last_modified: Timestamp::from_secs(1_585_130_834),
                etag: etag("39270a968a357d24207e9911162507eb"),
                size: 1_048_576,
                checksum: None,
            }],
        };
        vec![Example {
            name: "page",
            request,
            reply,
        }]
    }
}
