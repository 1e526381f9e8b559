use std::collections::BTreeMap;

use super::*;

fn bucket() -> BucketName {
    "photos-1250000000".parse().unwrap()
}

fn region() -> Region {
    "ap-guangzhou".parse().unwrap()
}

fn user(sub: &str) -> Owner {
    Owner::sub("1", sub).unwrap()
}

fn statement(effect: Effect, path: &str) -> Statement {
    Statement {
        effect,
        principals: Principals::Of(vec![Principal::User(user("2"))]),
        actions: [Action::GetObject, Action::GetBucket].into_iter().collect(),
        resources: Resources::Of(vec![ResourcePattern::Cos {
            region: None,
            app_id: None,
            path: Pattern::with_stars(path),
        }]),
        conditions: Vec::new(),
    }
}

fn says(statements: &[Statement], sub: &str, action: Action, key: Option<&str>) -> Option<Effect> {
    let (bucket, region, facts, user) = (bucket(), region(), BTreeMap::new(), user(sub));
    let resource = match key {
        Some(key) => Resource::Object(&bucket, &region, key),
        None => Resource::Bucket(&bucket, &region),
    };
    let policy = Policy {
        statements: statements.to_vec(),
    };
    policy.says(&Question {
        user: Some(&user),
        action,
        resource,
        facts: &facts,
    })
}

#[test]
fn a_denial_wins_in_whatever_order() {
    let allow = statement(Effect::Allow, "photos-1250000000/*");
    let deny = statement(Effect::Deny, "photos-1250000000/secret/*");
    for order in [[allow.clone(), deny.clone()], [deny, allow]] {
        let ask = |key| says(&order, "2", Action::GetObject, Some(key));
        assert_eq!(ask("secret/a"), Some(Effect::Deny));
        assert_eq!(ask("a"), Some(Effect::Allow));
        assert_eq!(says(&order, "3", Action::GetObject, Some("a")), None);
        assert_eq!(says(&order, "2", Action::PutObject, Some("a")), None);
    }
}

#[test]
fn a_bucket_itself_is_not_one_of_its_prefixes() {
    let whole = [statement(Effect::Allow, "photos-1250000000/*")];
    let prefix = [statement(Effect::Allow, "photos-1250000000/a/*")];
    assert_eq!(
        says(&whole, "2", Action::GetBucket, None),
        Some(Effect::Allow)
    );
    assert_eq!(says(&prefix, "2", Action::GetBucket, None), None);
    let s3 = |text: &str| ResourcePattern::S3(Pattern::with_stars_and_question_marks(text));
    let (bucket, region) = (bucket(), region());
    assert!(s3("photos-1250000000").matches(Resource::Bucket(&bucket, &region)));
    assert!(!s3("photos-1250000000/*").matches(Resource::Bucket(&bucket, &region)));
    assert!(s3("photos-1250000000/*").matches(Resource::Object(&bucket, &region, "k")));
    assert!(!s3("photos-1250000000").matches(Resource::Object(&bucket, &region, "k")));
}

#[test]
fn the_region_and_the_number_must_be_those_named() {
    let (bucket, other) = (bucket(), "ap-beijing".parse().unwrap());
    let pattern = |region: Option<&str>, app_id: Option<&str>| ResourcePattern::Cos {
        region: region.map(|text| text.parse().unwrap()),
        app_id: app_id.map(|text| text.parse().unwrap()),
        path: Pattern::with_stars("photos-1250000000/*"),
    };
    let object = |region| Resource::Object(&bucket, region, "k");
    let here = region();
    assert!(pattern(Some("ap-guangzhou"), Some("1250000000")).matches(object(&here)));
    assert!(!pattern(Some("ap-guangzhou"), None).matches(object(&other)));
    assert!(!pattern(None, Some("1250000001")).matches(object(&here)));
    assert!(!pattern(None, None).matches(Resource::Service));
    assert!(ResourcePattern::Any.matches(Resource::Service));
}

#[test]
fn everybody_but_some_includes_who_does_not_sign() {
    let (bucket, region, facts) = (bucket(), region(), BTreeMap::new());
    let but = Statement {
        principals: Principals::NotOf(vec![Principal::Account("1".to_owned())]),
        ..statement(Effect::Deny, "*")
    };
    let policy = Policy {
        statements: vec![but],
    };
    let ask = |user: Option<&Owner>| {
        policy.says(&Question {
            user,
            action: Action::GetObject,
            resource: Resource::Object(&bucket, &region, "k"),
            facts: &facts,
        })
    };
    assert_eq!(ask(None), Some(Effect::Deny));
    assert_eq!(ask(Some(&user("7"))), None);
    assert_eq!(ask(Some(&Owner::root("2").unwrap())), Some(Effect::Deny));
}
