//! Operations that only the S3 dialect has.

use cosette_proto::ops::{
    GetObjectAttributes, GetObjectAttributesReply, ListObjectsV2, ListObjectsV2Reply,
    ObjectAttribute, ObjectEntry, PartAttributes, PartsAttribute, PartsPage,
};
use cosette_types::{Checksum, ChecksumAlgorithm, ChecksumType, StorageClass, Timestamp};
use proptest::bool::ANY as FLAG;
use proptest::collection::vec;
use proptest::num::u16::ANY as NUMBER;
use proptest::num::u64::ANY as SIZE;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{Example, Sample, april, bucket, etag, key, version};
use crate::generators as any;

impl Sample for ListObjectsV2 {
    fn requests() -> BoxedStrategy<Self> {
        let what = (any::bucket(), any::prefix(), any::delimiter());
        let from = (option::of(any::key_text()), option::of(any::key_text()));
        (what, from, any::page_size(), FLAG, FLAG)
            .prop_map(|(what, from, max_keys, fetch_owner, encoded)| Self {
                bucket: what.0,
                prefix: what.1,
                delimiter: what.2,
                start_after: from.0,
                continue_after: from.1,
                max_keys,
                fetch_owner,
                encoded,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<ListObjectsV2Reply> {
        let owner = option::of(any::list_owner());
        let entry = (
            any::key(),
            any::time(),
            any::etag(),
            SIZE,
            owner,
            any::storage_class(),
        );
        let entry = entry.prop_map(|all| ObjectEntry {
            key: all.0,
            last_modified: all.1,
            etag: all.2,
            size: all.3,
            owner: all.4,
            storage_class: all.5,
            checksum: None,
        });
        let what = (any::bucket(), any::prefix(), any::delimiter());
        let from = (option::of(any::key_text()), option::of(any::key_text()));
        let page = (
            NUMBER,
            FLAG,
            option::of(any::key_text()),
            option::of(any::region()),
        );
        let found = (vec(any::key_text(), 0..3), vec(entry, 0..4));
        (what, from, page, found)
            .prop_map(|(what, from, page, found)| ListObjectsV2Reply {
                bucket: what.0,
                prefix: what.1,
                delimiter: what.2,
                start_after: from.0,
                continue_after: from.1,
                max_keys: page.0,
                encoded: page.1,
                next: page.2,
                common_prefixes: found.0,
                contents: found.1,
                region: page.3,
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let request = Self {
            bucket: bucket(),
            prefix: "a b/".to_owned(),
            delimiter: Some('/'),
            start_after: Some("a b/1".to_owned()),
            continue_after: Some("a b/1 %\u{fc}".to_owned()),
            max_keys: Some(2),
            fetch_owner: true,
            encoded: true,
        };
        let entry = ObjectEntry {
            key: key("a b/2.jpg"),
            last_modified: Timestamp::from_secs(1_607_571_450),
            etag: etag("ee8de918d05640145b18f70f4c3aa602"),
            size: 37,
            owner: Some("1250000000".parse().unwrap()),
            storage_class: StorageClass::Archive,
            checksum: None,
        };
        let reply = ListObjectsV2Reply {
            bucket: bucket(),
            prefix: request.prefix.clone(),
            delimiter: request.delimiter,
            start_after: request.start_after.clone(),
            continue_after: request.continue_after.clone(),
            max_keys: 2,
            encoded: true,
            next: Some("a b/3/".to_owned()),
            common_prefixes: vec!["a b/3/".to_owned()],
            contents: vec![entry],
            region: Some("ap-guangzhou".parse().unwrap()),
        };
        vec![Example {
            name: "second_page",
            request,
            reply,
        }]
    }
}

impl Sample for GetObjectAttributes {
    fn requests() -> BoxedStrategy<Self> {
        let attributes = subsequence(ObjectAttribute::ALL.to_vec(), 1..=5);
        let object = (any::bucket(), any::key(), option::of(any::version_id()));
        let page = (NUMBER, option::of(1_u16..=1000));
        (object, attributes, page)
            .prop_map(|((bucket, key, version_id), attributes, page)| Self {
                bucket,
                key,
                version_id,
                attributes,
                part_number_marker: page.0,
                max_parts: page.1,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<GetObjectAttributesReply> {
        let class = option::of(select(StorageClass::ALL.to_vec()));
        let version = option::of(any::version_id());
        let told = (
            option::of(any::etag()),
            option::of((1_u32..=10_000, option::of(pages()))),
            class,
            option::of(SIZE),
            option::of(checksums()),
        );
        (any::time(), version, told)
            .prop_map(
                |(last_modified, version_id, told)| GetObjectAttributesReply {
                    last_modified,
                    version_id,
                    etag: told.0,
                    checksum: told.4,
                    parts: told.1.map(|(count, page)| PartsAttribute { count, page }),
                    storage_class: told.2,
                    size: told.3,
                },
            )
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let composite = Checksum {
            kind: ChecksumType::Composite,
            ..Checksum::full(ChecksumAlgorithm::Crc32, b"abcd")
        };
        vec![Example {
            name: "of_a_multipart_object",
            request: Self {
                bucket: bucket(),
                key: key("exampleobject"),
                version_id: version("MTg0NDUxNTc1NTE5MTc1NjM4MjA"),
                attributes: ObjectAttribute::ALL.to_vec(),
                part_number_marker: 1,
                max_parts: Some(1),
            },
            reply: GetObjectAttributesReply {
                last_modified: april(),
                version_id: version("MTg0NDUxNTc1NTE5MTc1NjM4MjA"),
                etag: Some(etag("ee8de918d05640145b18f70f4c3aa602-3")),
                checksum: Some(composite),
                parts: Some(PartsAttribute {
                    count: 3,
                    page: Some(PartsPage {
                        part_number_marker: 1,
                        max_parts: 1,
                        next_part_number_marker: Some(2),
                        parts: vec![PartAttributes {
                            part_number: 2_u64.try_into().unwrap(),
                            size: 5_242_880,
                            checksum: Some(Checksum::full(ChecksumAlgorithm::Crc32, b"1234")),
                        }],
                    }),
                }),
                storage_class: Some(StorageClass::Archive),
                size: Some(12_582_912),
            },
        }]
    }
}

fn pages() -> impl Strategy<Value = PartsPage> {
    let part = (any::part_number(), SIZE, option::of(checksums()));
    let part = part.prop_map(|(part_number, size, checksum)| PartAttributes {
        part_number,
        size,
        checksum,
    });
    (NUMBER, NUMBER, option::of(NUMBER), vec(part, 0..4)).prop_map(
        |(part_number_marker, max_parts, next_part_number_marker, parts)| PartsPage {
            part_number_marker,
            max_parts,
            next_part_number_marker,
            parts,
        },
    )
}

fn checksums() -> impl Strategy<Value = Checksum> {
    let algorithm = select(ChecksumAlgorithm::ALL.to_vec());
    (algorithm, proptest::array::uniform32(0_u8..))
        .prop_map(|(algorithm, bytes)| Checksum::full(algorithm, &bytes[..algorithm.bytes()]))
}
