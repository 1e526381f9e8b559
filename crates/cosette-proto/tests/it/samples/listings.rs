//! Listings of a bucket: keys, versions, uploads.

use cosette_proto::ops::{
    DeleteMarkerEntry, ListObjects, ListObjectsReply, ListUploads, ListUploadsReply, ListVersions,
    ListVersionsReply, ObjectEntry, UploadEntry, VersionEntry, VersionItem,
};
use cosette_types::{Owner, StorageClass, Timestamp};
use proptest::bool::ANY as FLAG;
use proptest::collection::vec;
use proptest::num::u16::ANY as NUMBER;
use proptest::num::u64::ANY as SIZE;
use proptest::option;
use proptest::prelude::*;

use super::{Example, Sample, april, bucket, etag, key, upload_id, version};
use crate::generators as any;

impl Sample for ListObjects {
    fn requests() -> BoxedStrategy<Self> {
        let what = (any::bucket(), any::prefix(), any::delimiter());
        (what, option::of(any::key_text()), any::page_size(), FLAG)
            .prop_map(
                |((bucket, prefix, delimiter), marker, max_keys, encoded)| Self {
                    bucket,
                    prefix,
                    delimiter,
                    marker,
                    max_keys,
                    encoded,
                },
            )
            .boxed()
    }

    fn replies() -> BoxedStrategy<ListObjectsReply> {
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
            // Of the S3 dialect alone.
            checksum: None,
        });
        let what = (
            any::bucket(),
            any::prefix(),
            any::delimiter(),
            any::prefix(),
        );
        let page = (
            NUMBER,
            FLAG,
            option::of(any::key_text()),
            option::of(any::region()),
        );
        (what, page, vec(any::key_text(), 0..3), vec(entry, 0..4))
            .prop_map(|(what, page, common_prefixes, contents)| ListObjectsReply {
                bucket: what.0,
                prefix: what.1,
                delimiter: what.2,
                marker: what.3,
                max_keys: page.0,
                encoded: page.1,
                next_marker: page.2,
                common_prefixes,
                contents,
                region: page.3,
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let entry = |text: &str, size| ObjectEntry {
            key: key(text),
            last_modified: Timestamp::from_secs(1_607_571_450),
            etag: etag("ee8de918d05640145b18f70f4c3aa602"),
            size,
            owner: Some("1250000000".parse().unwrap()),
            storage_class: StorageClass::Standard,
            checksum: None,
        };
        let region = Some("ap-guangzhou".parse().unwrap());
        let all = Self {
            bucket: bucket(),
            prefix: String::new(),
            delimiter: None,
            marker: None,
            max_keys: None,
            encoded: false,
        };
        let folders = Self {
            prefix: "照片/2024 x+y".to_owned(),
            delimiter: Some('/'),
            marker: Some("照片/2024 x+y%".to_owned()),
            max_keys: Some(2),
            encoded: true,
            ..all.clone()
        };
        let everything = ListObjectsReply {
            bucket: bucket(),
            prefix: String::new(),
            delimiter: None,
            marker: String::new(),
            max_keys: 1000,
            encoded: false,
            next_marker: None,
            common_prefixes: Vec::new(),
            contents: vec![entry("a & b/1.jpg", 37), entry("exampleobject", 0)],
            region,
        };
        let page = ListObjectsReply {
            prefix: folders.prefix.clone(),
            delimiter: folders.delimiter,
            marker: folders.marker.clone().unwrap(),
            max_keys: 2,
            encoded: true,
            next_marker: Some("照片/2024 x+y/".to_owned()),
            common_prefixes: vec!["照片/2024 x+y/".to_owned()],
            contents: vec![entry("照片/2024 x+y.jpg", 37)],
            ..everything.clone()
        };
        vec![
            Example {
                name: "all",
                request: all,
                reply: everything,
            },
            Example {
                name: "folders",
                request: folders,
                reply: page,
            },
        ]
    }
}

fn version_items() -> impl Strategy<Value = VersionItem> {
    let common = || {
        let owner = option::of(any::list_owner());
        (
            any::key(),
            option::of(any::version_id()),
            FLAG,
            any::time(),
            owner,
        )
    };
    let version = (common(), any::etag(), SIZE, any::storage_class()).prop_map(
        |(common, etag, size, storage_class)| {
            VersionItem::Version(VersionEntry {
                key: common.0,
                version_id: common.1,
                is_latest: common.2,
                last_modified: common.3,
                etag,
                size,
                storage_class,
                owner: common.4,
                checksum: None,
            })
        },
    );
    let marker = common().prop_map(|common| {
        VersionItem::DeleteMarker(DeleteMarkerEntry {
            key: common.0,
            version_id: common.1,
            is_latest: common.2,
            last_modified: common.3,
            owner: common.4,
        })
    });
    prop_oneof![version, marker]
}

impl Sample for ListVersions {
    fn requests() -> BoxedStrategy<Self> {
        let what = (any::bucket(), any::prefix(), any::delimiter());
        let marker = (option::of(any::key_text()), option::of(any::version_id()));
        (what, marker, any::page_size(), FLAG)
            .prop_map(|(what, marker, max_keys, encoded)| Self {
                bucket: what.0,
                prefix: what.1,
                delimiter: what.2,
                key_marker: marker.0,
                version_id_marker: marker.1,
                max_keys,
                encoded,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<ListVersionsReply> {
        let what = (
            any::bucket(),
            any::prefix(),
            any::delimiter(),
            any::prefix(),
        );
        let next = prop_oneof![
            Just((None, None)),
            (any::key_text(), option::of(any::version_id())).prop_map(|(key, id)| (Some(key), id)),
        ];
        let page = (option::of(any::version_id()), NUMBER, FLAG, FLAG, next);
        (
            what,
            page,
            vec(any::key_text(), 0..3),
            vec(version_items(), 0..4),
        )
            .prop_map(|(what, page, common_prefixes, items)| ListVersionsReply {
                bucket: what.0,
                prefix: what.1,
                delimiter: what.2,
                key_marker: what.3,
                version_id_marker: page.0,
                max_keys: page.1,
                encoded: page.2,
                is_truncated: page.3,
                next_key_marker: page.4.0,
                next_version_id_marker: page.4.1,
                common_prefixes,
                items,
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let request = Self {
            bucket: bucket(),
            prefix: "example".to_owned(),
            delimiter: None,
            key_marker: Some("example".to_owned()),
            version_id_marker: None,
            max_keys: Some(3),
            encoded: false,
        };
        let owner = || Some("1250000000".parse().unwrap());
        let marker = DeleteMarkerEntry {
            key: key("exampleobject"),
            version_id: version("MTg0NDUxNTc0NDYxOTI4MzU0MDI"),
            is_latest: true,
            last_modified: april(),
            owner: owner(),
        };
        let entry = |text: &str, version_id, is_latest| {
            VersionItem::Version(VersionEntry {
                key: key(text),
                version_id,
                is_latest,
                last_modified: Timestamp::from_secs(1_586_500_000),
                etag: etag("ee8de918d05640145b18f70f4c3aa602"),
                size: 16,
                storage_class: StorageClass::Standard,
                owner: owner(),
                checksum: None,
            })
        };
        let reply = ListVersionsReply {
            bucket: bucket(),
            prefix: "example".to_owned(),
            delimiter: None,
            key_marker: "example".to_owned(),
            version_id_marker: None,
            max_keys: 3,
            encoded: false,
            is_truncated: true,
            next_key_marker: Some("exampleother".to_owned()),
            next_version_id_marker: version("null"),
            common_prefixes: Vec::new(),
            items: vec![
                VersionItem::DeleteMarker(marker),
                entry(
                    "exampleobject",
                    version("MTg0NDUxNTc1NjIzMTQ1MDAwODg"),
                    false,
                ),
                entry("exampleother", version("null"), true),
            ],
        };
        vec![Example {
            name: "page",
            request,
            reply,
        }]
    }
}

impl Sample for ListUploads {
    fn requests() -> BoxedStrategy<Self> {
        let what = (any::bucket(), any::prefix(), any::delimiter());
        let marker = (option::of(any::key_text()), option::of(any::upload_id()));
        (what, marker, any::page_size(), FLAG)
            .prop_map(|(what, marker, max_uploads, encoded)| Self {
                bucket: what.0,
                prefix: what.1,
                delimiter: what.2,
                key_marker: marker.0,
                upload_id_marker: marker.1,
                max_uploads,
                encoded,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<ListUploadsReply> {
        let people = (option::of(any::owner()), option::of(any::list_owner()));
        let upload = (
            any::key(),
            any::upload_id(),
            people,
            any::storage_class(),
            any::time(),
        );
        let upload = upload.prop_map(|all| UploadEntry {
            key: all.0,
            upload_id: all.1,
            initiator: all.2.0,
            owner: all.2.1,
            storage_class: all.3,
            initiated: all.4,
            checksum: None,
        });
        let what = (
            any::bucket(),
            any::prefix(),
            any::delimiter(),
            any::prefix(),
        );
        let next = prop_oneof![
            Just((None, None)),
            (any::key_text(), option::of(any::upload_id())).prop_map(|(key, id)| (Some(key), id)),
        ];
        let page = (option::of(any::upload_id()), NUMBER, FLAG, FLAG, next);
        (what, page, vec(any::key_text(), 0..3), vec(upload, 0..4))
            .prop_map(|(what, page, common_prefixes, uploads)| ListUploadsReply {
                bucket: what.0,
                prefix: what.1,
                delimiter: what.2,
                key_marker: what.3,
                upload_id_marker: page.0,
                max_uploads: page.1,
                encoded: page.2,
                is_truncated: page.3,
                next_key_marker: page.4.0,
                next_upload_id_marker: page.4.1,
                common_prefixes,
                uploads,
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let request = Self {
            bucket: bucket(),
            prefix: String::new(),
            delimiter: Some('/'),
            key_marker: None,
            upload_id_marker: None,
            max_uploads: Some(1),
            encoded: true,
        };
        let reply = ListUploadsReply {
            bucket: bucket(),
            prefix: String::new(),
            delimiter: Some('/'),
            key_marker: String::new(),
            upload_id_marker: None,
            max_uploads: 1,
            encoded: true,
            is_truncated: true,
            next_key_marker: Some("目录+.jpg".to_owned()),
            next_upload_id_marker: Some(upload_id()),
            common_prefixes: Vec::new(),
            uploads: vec![UploadEntry {
                key: key("目录+.jpg"),
                upload_id: upload_id(),
                initiator: Some(Owner::sub("100000000001", "100000000011").unwrap()),
                owner: Some("1250000000".parse().unwrap()),
                storage_class: StorageClass::Standard,
                initiated: Timestamp::from_secs(1_484_726_657),
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
