//! Forms of browsers.

use cosette_proto::Dialect;
use cosette_proto::form::{PostPolicy, Sizes};
use cosette_proto::ops::{OnSuccess, PostObject, PostObjectReply, Told};
use cosette_proto::sign::{Credentials, SecretKey, Validity, sign_form};
use cosette_types::{AclHeaders, CannedAcl, Crc64, Encryption, Metadata, StorageClass, Tags};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Example, Sample, april, bucket, etag, key, text, version};
use crate::generators as any;

impl Sample for PostObject {
    fn requests() -> BoxedStrategy<Self> {
        // The fields of a form are text.
        let one = || option::of(any::unicode_text());
        let name = "[a-z0-9._-]{1,12}";
        let metadata = (one(), one(), name, any::unicode_text()).prop_map(|all| {
            let mut metadata = Metadata::default();
            metadata.content.content_type = all.0;
            metadata.content.expires = all.1;
            metadata.user.insert(&all.2, all.3).unwrap();
            metadata
        });
        let object = (any::bucket(), any::key(), metadata);
        let acl = any::acl_headers(CannedAcl::is_for_objects);
        let class = option::of(any::storage_class());
        let rest = (any::tags(), option::of(any::md5()), proptest::bool::ANY);
        let on_success = select(vec![
            OnSuccess::NoContent,
            OnSuccess::Ok,
            OnSuccess::Created,
            OnSuccess::Redirect("https://example.com/done?a=b".to_owned()),
        ]);
        let boundary = "[0-9a-zA-Z'()+_,./:=? -]{0,60}[0-9a-z]";
        let signature = select(vec![Vec::new(), signature(Dialect::Cos)]);
        (object, class, acl, rest, on_success, (boundary, signature))
            .prop_map(
                |(object, storage_class, acl, rest, on_success, (boundary, signature))| {
                    let (bucket, key, metadata) = object;
                    let (tags, content_md5, forbid_overwrite) = rest;
                    Self {
                        encryption: any::encryption_for(&key),
                        bucket,
                        key,
                        metadata,
                        storage_class,
                        acl,
                        tags,
                        content_md5,
                        forbid_overwrite,
                        on_success,
                        signature,
                        boundary,
                    }
                },
            )
            .boxed()
    }

    fn replies() -> BoxedStrategy<PostObjectReply> {
        let names = (any::bucket(), any::key());
        let told = prop_oneof![
            Just(Told::NoContent),
            Just(Told::Ok),
            Just(Told::SeeOther),
            names.prop_map(|(bucket, key)| Told::Created { bucket, key }),
        ];
        let crc64 = option::of(any::crc64());
        (any::etag(), crc64, any::made_version(), told)
            .prop_map(|(etag, crc64, version_id, told)| PostObjectReply {
                etag,
                crc64,
                version_id,
                encrypted_with: None,
                location: "http://h/%E4%B8%AD".to_owned(),
                told,
            })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        let plain = Self {
            bucket: bucket(),
            key: key("exampleobject"),
            metadata: Metadata::default(),
            storage_class: None,
            acl: AclHeaders::default(),
            tags: Tags::new(),
            content_md5: None,
            forbid_overwrite: false,
            encryption: None,
            on_success: OnSuccess::NoContent,
            signature: signature(Dialect::Cos),
            boundary: "----cosette5f1c".to_owned(),
        };
        let mut everything = plain.clone();
        everything.key = key("目录/图片 1.jpg");
        everything.metadata.content.content_type = text("image/jpeg");
        let user = &mut everything.metadata.user;
        user.insert("author", "Zhang San".parse().unwrap()).unwrap();
        everything.storage_class = Some(StorageClass::StandardIa);
        everything.acl.canned = Some(CannedAcl::Private);
        everything.tags.insert("项目", "a+b").unwrap();
        everything.encryption = Some(Encryption::Managed);
        everything.on_success = OnSuccess::Created;
        everything.signature = Vec::new();
        let location =
            "http://examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com/exampleobject";
        let reply = |told| PostObjectReply {
            etag: etag("ee8de918d05640145b18f70f4c3aa602"),
            crc64: Some(Crc64(16_749_565_679_157_681_890)),
            version_id: version("MTg0NDUxNTc0NDYxOTI4MzU0MDI"),
            encrypted_with: None,
            location: location.to_owned(),
            told,
        };
        vec![
            Example {
                name: "signed",
                request: plain,
                reply: reply(Told::NoContent),
            },
            Example {
                name: "of_nobody",
                request: everything,
                reply: reply(Told::Created {
                    bucket: bucket(),
                    key: key("exampleobject"),
                }),
            },
        ]
    }
}

/// The fields that a signer of a form adds.
fn signature(dialect: Dialect) -> Vec<(String, String)> {
    let credentials = Credentials {
        secret_id: "AKIDexample".to_owned(),
        secret_key: SecretKey::new("secret"),
        token: None,
    };
    let policy = PostPolicy::until(april())
        .starts_with("key", "")
        .sizes(Sizes { min: 0, max: 100 });
    let when = (Validity::lasting(april(), 60), april());
    sign_form(&credentials, policy, dialect, "ap-guangzhou", when)
}
