//! Rules for pages of other origins, preflights, and what a store can do.

use cosette_proto::ops::{
    Capabilities, Capability, CorsConfiguration, DeleteBucketCors, GetBucketCors, GetCapabilities,
    OptionsObject, OptionsObjectReply, PutBucketCors,
};
use cosette_types::{CorsMethod, CorsRule};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Example, Sample, bucket, key};
use crate::generators as any;

fn methods() -> impl Strategy<Value = Vec<CorsMethod>> {
    vec(select(CorsMethod::ALL.to_vec()), 1..4)
}

fn configurations() -> impl Strategy<Value = CorsConfiguration> {
    let origin = "https?://[a-z0-9]{1,9}[*]?[.]com|[*]";
    let header = "[*]|[A-Za-z-]{1,12}|x-cos-[*]";
    let rule = (
        option::of("[a-z0-9 ]{0,6}[a-z0-9]"),
        vec(origin, 1..3),
        methods(),
        vec(header, 0..3),
        vec("[A-Za-z-]{1,12}", 0..3),
        option::of(proptest::num::u32::ANY),
    );
    let rule = rule.prop_map(|(id, origins, methods, headers, expose, age)| CorsRule {
        id: id.map(|id| id.trim().to_owned()),
        allowed_origins: origins,
        allowed_methods: methods,
        allowed_headers: headers,
        expose_headers: expose,
        max_age_secs: age,
    });
    (vec(rule, 1..4), proptest::bool::ANY)
        .prop_map(|(rules, vary)| CorsConfiguration { rules, vary })
}

fn example() -> CorsConfiguration {
    CorsConfiguration {
        rules: vec![CorsRule {
            id: Some("pages".to_owned()),
            allowed_origins: vec!["https://*.example.com".to_owned()],
            allowed_methods: vec![CorsMethod::Put, CorsMethod::Get],
            allowed_headers: vec!["*".to_owned()],
            expose_headers: vec!["ETag".to_owned(), "Content-Length".to_owned()],
            max_age_secs: Some(600),
        }],
        vary: false,
    }
}

impl Sample for PutBucketCors {
    fn requests() -> BoxedStrategy<Self> {
        (any::bucket(), configurations())
            .prop_map(|(bucket, configuration)| Self {
                bucket,
                configuration,
            })
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
                configuration: example(),
            },
            reply: (),
        }]
    }
}

impl Sample for GetBucketCors {
    fn requests() -> BoxedStrategy<Self> {
        any::bucket().prop_map(|bucket| Self { bucket }).boxed()
    }

    fn replies() -> BoxedStrategy<CorsConfiguration> {
        configurations().boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self { bucket: bucket() },
            reply: example(),
        }]
    }
}

impl Sample for DeleteBucketCors {
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

impl Sample for OptionsObject {
    fn requests() -> BoxedStrategy<Self> {
        let key = option::of(any::key());
        let origin = "https?://[a-z0-9]{1,9}[.]com(:[1-9][0-9]{0,3})?|null";
        let headers = vec("[a-z][a-z-]{0,11}", 0..3);
        (any::bucket(), key, origin, "[A-Z]{3,7}", headers)
            .prop_map(|(bucket, key, origin, method, headers)| Self {
                bucket,
                key,
                origin,
                method,
                headers,
            })
            .boxed()
    }

    fn replies() -> BoxedStrategy<OptionsObjectReply> {
        let names = || vec("[A-Za-z][A-Za-z-]{0,11}", 0..3);
        let origin = prop_oneof!["[*]", "https?://[a-z0-9]{1,9}[.]com"];
        (
            origin,
            methods(),
            names(),
            names(),
            option::of(proptest::num::u32::ANY),
        )
            .prop_map(
                |(allow_origin, allow_methods, headers, expose, age)| OptionsObjectReply {
                    allow_origin,
                    allow_methods,
                    allow_headers: headers,
                    expose_headers: expose,
                    max_age_secs: age,
                },
            )
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self {
                bucket: bucket(),
                key: Some(key("exampleobject")),
                origin: "https://www.example.com".to_owned(),
                method: "PUT".to_owned(),
                headers: vec!["x-cos-acl".to_owned(), "content-type".to_owned()],
            },
            reply: OptionsObjectReply {
                allow_origin: "https://www.example.com".to_owned(),
                allow_methods: vec![CorsMethod::Put, CorsMethod::Get],
                allow_headers: vec!["x-cos-acl".to_owned(), "content-type".to_owned()],
                expose_headers: vec!["ETag".to_owned()],
                max_age_secs: Some(600),
            },
        }]
    }
}

impl Sample for GetCapabilities {
    fn requests() -> BoxedStrategy<Self> {
        Just(Self).boxed()
    }

    fn replies() -> BoxedStrategy<Capabilities> {
        let has = btree_set(select(Capability::ALL.to_vec()), 0..8);
        (option::of("[0-9]{1,3}[.][0-9]{1,3}"), has)
            .prop_map(|(version, has)| Capabilities { version, has })
            .boxed()
    }

    fn examples() -> Vec<Example<Self>> {
        vec![Example {
            name: "plain",
            request: Self,
            reply: Capabilities {
                version: Some("0.1.0".to_owned()),
                has: Capability::ALL.into(),
            },
        }]
    }
}
