use std::collections::BTreeMap;

use cosette_types::policy::{Condition, Fact, Key, Question, Resource};

use super::*;
use crate::dialect::Dialect;

fn bucket() -> BucketName {
    "examplebucket-1250000000".parse().unwrap()
}

fn of_bucket(document: &str) -> Result<Policy, String> {
    let bucket = bucket();
    read(document.as_bytes(), Attached::Bucket(&bucket)).map_err(|error| {
        assert_eq!(error.code, ErrorCode::MalformedPolicy);
        error.message
    })
}

const COS: &str = r#"{"version":"2.0","Statement":[{"Effect":"allow",
    "Principal":{"qcs":["qcs::cam::uin/100000000001:uin/100000000011"]},
    "Action":["name/cos:GetObject"],
    "Resource":["qcs::cos:ap-guangzhou:uid/1250000000:examplebucket-1250000000/*"],
    "Condition":{"ip_equal":{"qcs:ip":["10.121.2.0/24"]}}}]}"#;

const S3: &str = r#"{"Version":"2012-10-17","Id":"i","Statement":{"Sid":"s","Effect":"Allow",
    "Principal":{"AWS":"arn:aws:iam::100000000001:user/100000000011"},
    "Action":"s3:GetObject*",
    "Resource":"arn:aws:s3:::examplebucket-1250000000/*",
    "Condition":{"IpAddress":{"aws:SourceIp":"10.121.2.0/24"}}}}"#;

fn asks(policy: &Policy, action: Action, sub_uin: &str, address: &str) -> Option<Effect> {
    let (bucket, region) = (bucket(), "ap-guangzhou".parse().unwrap());
    let user = Owner::sub("100000000001", sub_uin).unwrap();
    let address = Fact::Address(address.parse().unwrap());
    policy.says(&Question {
        user: Some(&user),
        action,
        resource: Resource::Object(&bucket, &region, "a/b"),
        facts: &BTreeMap::from([(Key::SourceIp, address)]),
    })
}

#[test]
fn both_dialects_say_the_same() {
    for document in [COS, S3] {
        let policy = of_bucket(document).unwrap();
        let get = |sub, address| asks(&policy, Action::GetObject, sub, address);
        assert_eq!(get("100000000011", "10.121.2.9"), Some(Effect::Allow));
        assert_eq!(get("100000000011", "10.121.3.9"), None);
        assert_eq!(get("100000000012", "10.121.2.9"), None);
        let put = asks(&policy, Action::PutObject, "100000000011", "10.121.2.9");
        assert_eq!(put, None);
    }
}

/// A version is another object: S3's name of an action says which is meant, COS's means both.
#[test]
fn names_of_actions() {
    let actions = |version: &str, action: &str| {
        let (resource, principal) = match version {
            "2.0" => ("*", r#"{"qcs":"*"}"#),
            _ => ("*", r#"{"AWS":"*"}"#),
        };
        let document = format!(
            r#"{{"Version":"{version}","Statement":[{{"Effect":"allow","Principal":{principal},
            "Action":"{action}","Resource":"{resource}"}}]}}"#
        );
        let policy = of_bucket(&document)?;
        let actions = policy.statements.first().unwrap().actions;
        Ok::<Vec<Action>, String>(actions.iter().collect())
    };
    use Action as A;
    let cos = |action: &str| actions("2.0", action).unwrap();
    let s3 = |action: &str| actions("2012-10-17", action).unwrap();
    assert_eq!(
        cos("name/cos:GetObject"),
        [A::GetObject, A::GetObjectVersion]
    );
    assert_eq!(cos("cos:GetObjectVersion"), [A::GetObjectVersion]);
    assert_eq!(
        cos("NAME/COS:headobject"),
        [A::HeadObject, A::HeadObjectVersion]
    );
    assert_eq!(s3("s3:GetObject"), [A::GetObject, A::HeadObject]);
    assert_eq!(
        s3("s3:GetObjectVersion"),
        [A::GetObjectVersion, A::HeadObjectVersion]
    );
    assert_eq!(s3("s3:DeleteObject"), [A::DeleteObject]);
    assert!(s3("s3:PutObject").contains(&A::UploadPartCopy));
    assert!(!cos("name/cos:PutObject").contains(&A::UploadPart));
    assert_eq!(cos("*").len(), A::ALL.len());
    assert_eq!(cos("name/cos:*").len(), A::ALL.len());
    for (version, action) in [
        ("2.0", "name/cos:PutObjectt"),
        ("2.0", "name/ci:GetObject"),
        ("2.0", "GetObject"),
        ("2.0", "s3:GetObject"),
        ("2.0", ""),
        ("2.0", "name/cos:Get?bject"),
        ("2012-10-17", "cos:GetObject"),
        ("2012-10-17", "s3:"),
    ] {
        let refused = actions(version, action).unwrap_err();
        assert!(refused.contains("unknown"), "{action}: {refused}");
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    assert!(of_bucket(COS).is_ok() && of_bucket(S3).is_ok());
    for (document, from, to) in [
        (COS, "2.0", "2.1"),
        (COS, "\"allow\"", "\"permit\""),
        (COS, "\"Action\"", "\"NotAction\""),
        (COS, "\"Action\"", "\"Actions\""),
        (COS, "ip_equal", "ip_like"),
        (COS, "ip_equal", "for_any_value:ip_equal"),
        (COS, "qcs:ip", "qcs:vpc"),
        (COS, "qcs:ip", "cos:prefix"),
        (COS, "10.121.2.0/24", "10.121.2.0/33"),
        (COS, "[\"10.121.2.0/24\"]", "[]"),
        (COS, "[\"10.121.2.0/24\"]", "[null]"),
        (COS, "uin/100000000011", "uin/me"),
        (COS, "qcs::cam", "qcs::sts"),
        (COS, "{\"qcs\":", "{\"AWS\":"),
        (COS, "examplebucket-1250000000/*", "other-1250000000/*"),
        (COS, "examplebucket-1250000000/*", "example*/*"),
        (COS, "uid/1250000000", "uid/1250000001"),
        (COS, "uid/1250000000", "uin/1250000000"),
        (COS, "ap-guangzhou", "ap guangzhou"),
        (
            COS,
            "\"Effect\":\"allow\"",
            "\"Effect\":\"allow\",\"effect\":\"deny\"",
        ),
        (
            COS,
            "\"Effect\":\"allow\"",
            "\"Effect\":\"deny\",\"Effect\":\"allow\"",
        ),
        (
            COS,
            "\"Effect\":\"allow\"",
            "\"Effect\":\"allow\",\"Unknown\":1",
        ),
        (COS, "\"Effect\":\"allow\",", ""),
        (COS, "[\"name/cos:GetObject\"]", "[]"),
        (COS, "[\"name/cos:GetObject\"]", "[1]"),
        (COS, "{\"version\"", "[{\"version\""),
        (S3, "IpAddress", "Null"),
        (S3, "IpAddress", "ForAnyValue:IpAddress"),
        (S3, "aws:SourceIp", "aws:username"),
        (S3, "1250000000/*", "1250000000/${aws:username}/*"),
        (
            S3,
            "arn:aws:s3:::examplebucket",
            "arn:aws:s3:eu:1:examplebucket",
        ),
        (S3, "user/100000000011", "role/100000000011"),
        (
            S3,
            "\"Action\"",
            "\"NotAction\":\"s3:PutObject\",\"Action\"",
        ),
    ] {
        let changed = document.replacen(from, to, 1);
        assert_ne!(changed, document, "{from}");
        assert!(of_bucket(&changed).is_err(), "{from} -> {to}");
    }
    for document in [
        "",
        "{}",
        "[]",
        "null",
        "{\"version\":\"2.0\",\"statement\":[]}",
    ] {
        assert!(of_bucket(document).is_err(), "{document}");
    }
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(of_bucket(&deep).is_err());
}

#[test]
fn a_users_policy_names_nobody_and_any_bucket() {
    let plain = r#"{"version":"2.0","statement":{"effect":"allow","action":"cos:*","resource":
        ["qcs::cos:*:uid/1250000000:prefix//1250000000/photos/2024/*","qcs::cos::uid/*:photos-1.cos.ap-beijing.myqcloud.com/*"]}}"#;
    for attached in [Attached::User, Attached::Session] {
        let policy = read(plain.as_bytes(), attached).unwrap();
        let one = policy.statements.first().unwrap();
        assert_eq!(one.principals, Principals::Attached);
        let Resources::Of(patterns) = &one.resources else {
            panic!()
        };
        let paths: Vec<_> = patterns
            .iter()
            .map(|pattern| match pattern {
                ResourcePattern::Cos { path, .. } => path.as_str(),
                _ => panic!(),
            })
            .collect();
        assert_eq!(paths, ["photos-1250000000/2024/*", "photos-1/*"]);
        assert!(read(COS.as_bytes(), attached).is_err());
    }
    assert!(of_bucket(plain).is_err());
}

/// Operator, key, value, and what is read: the key, whether it is negated, whether it may be absent.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    Result<(Key, bool, bool), ()>,
);

const CONDITIONS: [Case; 15] = [
    (
        "string_like_if_exist",
        "cos:prefix",
        "\"a*\"",
        Ok((Key::Prefix, false, true)),
    ),
    (
        "string_not_equal",
        "cos:versionid",
        "\"v\"",
        Ok((Key::VersionId, true, false)),
    ),
    (
        "bool_equal",
        "cos:secure-transport",
        "true",
        Ok((Key::SecureTransport, false, false)),
    ),
    (
        "bool_equal",
        "cos:secure-transport",
        "\"False\"",
        Ok((Key::SecureTransport, false, false)),
    ),
    ("bool_equal", "cos:secure-transport", "1", Err(())),
    (
        "numeric_less_than_equal",
        "cos:max-keys",
        "100",
        Ok((Key::MaxKeys, false, false)),
    ),
    (
        "numeric_less_than_equal",
        "cos:max-keys",
        "\"1\"",
        Ok((Key::MaxKeys, false, false)),
    ),
    ("numeric_less_than_equal", "cos:max-keys", "-1", Err(())),
    ("numeric_less_than_equal", "cos:max-keys", "1.5", Err(())),
    ("numeric_less_than_equal", "cos:prefix", "1", Err(())),
    (
        "date_less_than",
        "qcs:current_time",
        "\"2030-01-01T00:00:00Z\"",
        Ok((Key::CurrentTime, false, false)),
    ),
    (
        "date_less_than",
        "qcs:current_time",
        "1893456000",
        Ok((Key::CurrentTime, false, false)),
    ),
    (
        "date_less_than",
        "qcs:current_time",
        "18446744073709551615",
        Err(()),
    ),
    ("date_less_than", "qcs:current_time", "\"soon\"", Err(())),
    ("string_equal", "s3:prefix", "\"a\"", Err(())),
];

#[test]
fn operators_and_keys_of_both_dialects() {
    let condition = |tongue, operator: &str, key: &str, value: &str| {
        let json = format!("{{\"{operator}\":{{\"{key}\":{value}}}}}");
        let read = conditions::read(Json::parse(json.as_bytes()).unwrap(), tongue);
        read.map(|mut read| {
            let Condition {
                key,
                negated,
                if_exists,
                ..
            } = read.pop().unwrap();
            (key, negated, if_exists)
        })
    };
    let cos_header = Dialect::semantic_prefixes()[0];
    let s3_header = Dialect::semantic_prefixes()[2];
    let acl = (Key::Acl, false, false);
    let cos = condition(
        Tongue::Cos,
        "string_equal",
        &format!("cos:{cos_header}acl"),
        "\"private\"",
    );
    let s3 = condition(
        Tongue::S3,
        "StringEquals",
        &format!("s3:{s3_header}acl"),
        "\"private\"",
    );
    assert_eq!((cos.clone(), s3), (Ok(acl), cos));
    for (operator, key, value, wanted) in CONDITIONS {
        let read = condition(Tongue::Cos, operator, key, value).map_err(|_| ());
        assert_eq!(read, wanted, "{operator} {key} {value}");
    }
}

#[test]
fn limits_of_documents() {
    let sized = |bytes: usize, attached| {
        let plain =
            r#"{"version":"2.0","statement":{"effect":"deny","action":"*","resource":"*"}}"#;
        let padded = format!("{plain}{}", " ".repeat(bytes - plain.len()));
        read(padded.as_bytes(), attached).is_ok()
    };
    for (attached, limit) in [
        (Attached::User, limits::USER_POLICY_BYTES_MAX),
        (Attached::Session, limits::SESSION_POLICY_BYTES_MAX),
    ] {
        assert!(sized(limit, attached) && !sized(limit + 1, attached));
    }
    let padded =
        |bytes: usize| of_bucket(&format!("{COS}{}", " ".repeat(bytes - COS.len()))).is_ok();
    let limit = limits::BUCKET_POLICY_BYTES_MAX;
    assert!(padded(limit) && !padded(limit + 1) && !padded(limit * 1000));
    let many = |count: usize| {
        let one = r#"{"effect":"deny","action":"*","resource":"*"}"#;
        let all = vec![one; count].join(",");
        let document = format!(r#"{{"version":"2.0","statement":[{all}]}}"#);
        read(document.as_bytes(), Attached::User).is_ok()
    };
    assert!(many(limits::POLICY_STATEMENTS_MAX) && !many(limits::POLICY_STATEMENTS_MAX + 1));
}
