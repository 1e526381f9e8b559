//! Deletes: of one object, of many.

use cosette_proto::ops::{
    DeleteFailure, DeleteObject, DeleteObjectReply, DeleteObjects, DeleteObjectsReply,
    DeletedEntry, ObjectToDelete,
};
use cosette_types::{ETagMatch, Preconditions};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{Example, Sample, bucket, key, version};
use crate::generators as any;

impl Sample for DeleteObject {
    fn requests() -> BoxedStrategy<Self> {
        let object = (any::bucket(), any::key(), option::of(any::version_id()));
        (object, any::target_conditions())
            .prop_map(|((bucket, key, version_id), preconditions)| Self {
                bucket,
                key,
                version_id,
                preconditions,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<DeleteObjectReply> {
        (option::of(any::version_id()), proptest::bool::ANY)
            .prop_map(|(version_id, delete_marker)| DeleteObjectReply {
                version_id,
                delete_marker,
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let of = |name, version_id, reply| Example {
            name,
            request: Self {
                bucket: bucket(),
                key: key("exampleobject"),
                version_id,
                preconditions: Preconditions::default(),
            },
            reply,
        };
        let id = || version("MTg0NDUxNTc1NjIzMTQ1MDAwODg");
        vec![
            of(
                "plain",
                None,
                DeleteObjectReply {
                    version_id: None,
                    delete_marker: false,
                },
            ),
            of(
                "marker_made",
                None,
                DeleteObjectReply {
                    version_id: id(),
                    delete_marker: true,
                },
            ),
            of(
                "version",
                id(),
                DeleteObjectReply {
                    version_id: id(),
                    delete_marker: false,
                },
            ),
        ]
    }
}

impl Sample for DeleteObjects {
    fn requests() -> BoxedStrategy<Self> {
        let key = prop_oneof![any::key_text(), Just(String::new())];
        let only_if = option::of(any::etag().prop_map(ETagMatch::from));
        let object = (key, option::of(any::version_id()), only_if);
        let object = object.prop_map(|(key, version_id, if_match)| ObjectToDelete {
            key,
            version_id,
            if_match,
        });
        (any::bucket(), vec(object, 1..6), proptest::bool::ANY)
            .prop_map(|(bucket, objects, quiet)| Self {
                bucket,
                objects,
                quiet,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<DeleteObjectsReply> {
        let id = || option::of(any::version_id());
        let deleted =
            (any::key_text(), id(), proptest::bool::ANY, id()).prop_map(|all| DeletedEntry {
                key: all.0,
                version_id: all.1,
                delete_marker: all.2,
                delete_marker_version_id: all.3,
            });
        let failure = (any::key_text(), id(), "[A-Za-z]{1,20}", "[ -~]{1,40}").prop_map(|all| {
            DeleteFailure {
                key: all.0,
                version_id: all.1,
                code: all.2,
                message: all.3,
            }
        });
        (vec(deleted, 0..4), vec(failure, 0..4))
            .prop_map(|(deleted, failed)| DeleteObjectsReply { deleted, failed })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let objects = vec![
            ObjectToDelete {
                key: "a/1.jpg".to_owned(),
                ..ObjectToDelete::default()
            },
            ObjectToDelete {
                key: "中文 & <2>.jpg".to_owned(),
                version_id: version("MTg0NDUxNTc1NjIzMTQ1MDAwODg"),
                if_match: None,
            },
        ];
        let reply = DeleteObjectsReply {
            deleted: vec![DeletedEntry {
                key: "a/1.jpg".to_owned(),
                version_id: None,
                delete_marker: true,
                delete_marker_version_id: version("MTg0NDUxNTc0NDYxOTI4MzU0MDI"),
            }],
            failed: vec![DeleteFailure {
                key: "中文 & <2>.jpg".to_owned(),
                version_id: version("MTg0NDUxNTc1NjIzMTQ1MDAwODg"),
                code: "AccessDenied".to_owned(),
                message: "Access Denied.".to_owned(),
            }],
        };
        let quiet = Self {
            bucket: bucket(),
            objects: objects.clone(),
            quiet: true,
        };
        vec![
            Example {
                name: "two",
                request: Self {
                    bucket: bucket(),
                    objects,
                    quiet: false,
                },
                reply,
            },
            Example {
                name: "quiet",
                request: quiet,
                reply: DeleteObjectsReply::default(),
            },
        ]
    }
}
