//! ACLs of buckets and objects.

use cosette_proto::ops::{
    AclDocument, GetAclReply, GetBucketAcl, GetObjectAcl, NewAcl, PutBucketAcl, PutObjectAcl,
};
use cosette_types::{AclHeaders, CannedAcl, Grant, Grantee, Owner, Permission};
use proptest::option;
use proptest::prelude::*;

use super::{Example, Sample, bucket, key, version};
use crate::generators as any;

const OF_BUCKETS: &[Permission] = &[
    Permission::Read,
    Permission::Write,
    Permission::ReadAcp,
    Permission::WriteAcp,
    Permission::FullControl,
];
const OF_OBJECTS: &[Permission] = &[
    Permission::Read,
    Permission::ReadAcp,
    Permission::WriteAcp,
    Permission::FullControl,
];

fn documents(permissions: &'static [Permission]) -> impl Strategy<Value = AclDocument> {
    (any::owner(), any::grants(permissions))
        .prop_map(|(owner, grants)| AclDocument { owner, grants })
}

fn new_acls(
    is_legal: fn(CannedAcl) -> bool,
    permissions: &'static [Permission],
) -> impl Strategy<Value = NewAcl> {
    let headers = any::acl_headers(is_legal).prop_filter("something", |acl| !acl.is_empty());
    prop_oneof![
        headers.prop_map(NewAcl::Headers),
        documents(permissions).prop_map(NewAcl::Document)
    ]
}

fn acl_replies(permissions: &'static [Permission]) -> impl Strategy<Value = GetAclReply> {
    (documents(permissions), proptest::bool::ANY)
        .prop_map(|(acl, inherits)| GetAclReply { acl, inherits })
}

fn document() -> AclDocument {
    let grant = |grantee, permission| Grant {
        grantee,
        permission,
    };
    AclDocument {
        owner: Owner::root("100000000001").unwrap(),
        grants: vec![
            grant(Grantee::AllUsers, Permission::Read),
            grant(
                Grantee::User(Owner::root("100000000002").unwrap()),
                Permission::FullControl,
            ),
        ],
    }
}

fn headers() -> NewAcl {
    NewAcl::Headers(AclHeaders {
        canned: Some(CannedAcl::PublicRead),
        read_acp: vec![
            Grantee::User(Owner::root("100000000002").unwrap()),
            Grantee::User(Owner::sub("100000000001", "100000000011").unwrap()),
        ],
        ..AclHeaders::default()
    })
}

impl Sample for PutBucketAcl {
    fn requests() -> BoxedStrategy<Self> {
        (
            any::bucket(),
            new_acls(CannedAcl::is_for_buckets, OF_BUCKETS),
        )
            .prop_map(|(bucket, acl)| Self { bucket, acl })
            .boxed()
    }

    fn replies() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let of = |name, acl| Example {
            name,
            request: Self {
                bucket: bucket(),
                acl,
            },
            reply: (),
        };
        vec![
            of("headers", headers()),
            of("document", NewAcl::Document(document())),
        ]
    }
}

impl Sample for GetBucketAcl {
    fn requests() -> BoxedStrategy<Self> {
        any::bucket().prop_map(|bucket| Self { bucket }).boxed()
    }

    fn replies() -> BoxedStrategy<GetAclReply> {
        acl_replies(OF_BUCKETS).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let reply = GetAclReply {
            acl: document(),
            inherits: false,
        };
        vec![Example {
            name: "plain",
            request: Self { bucket: bucket() },
            reply,
        }]
    }
}

impl Sample for PutObjectAcl {
    fn requests() -> BoxedStrategy<Self> {
        let acl = new_acls(CannedAcl::is_for_objects, OF_OBJECTS);
        (
            any::bucket(),
            any::key(),
            option::of(any::version_id()),
            acl,
        )
            .prop_map(|(bucket, key, version_id, acl)| Self {
                bucket,
                key,
                version_id,
                acl,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let of = |name, version_id, acl| Example {
            name,
            request: Self {
                bucket: bucket(),
                key: key("exampleobject"),
                version_id,
                acl,
            },
            reply: (),
        };
        vec![
            of("headers", None, headers()),
            of(
                "document",
                version("MTg0NDUxNTc0NDYxOTI4MzU0MDI"),
                NewAcl::Document(document()),
            ),
        ]
    }
}

impl Sample for GetObjectAcl {
    fn requests() -> BoxedStrategy<Self> {
        (any::bucket(), any::key(), option::of(any::version_id()))
            .prop_map(|(bucket, key, version_id)| Self {
                bucket,
                key,
                version_id,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<GetAclReply> {
        acl_replies(OF_OBJECTS).boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let request = Self {
            bucket: bucket(),
            key: key("exampleobject"),
            version_id: None,
        };
        let acl = AclDocument {
            grants: Vec::new(),
            ..document()
        };
        vec![Example {
            name: "inherits",
            request,
            reply: GetAclReply {
                acl,
                inherits: true,
            },
        }]
    }
}
