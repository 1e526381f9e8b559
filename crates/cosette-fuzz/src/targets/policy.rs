//! Policies of buckets, users and sessions, in both dialects: what is read decides every question as a
//! second evaluator does, which walks the JSON itself and shares nothing with the first but the names
//! of the actions; and what is no policy is refused.

use cosette_proto::policy::{Attached, read};
use std::collections::BTreeMap;

use cosette_types::policy::{Action, Effect, Fact, Key, Question, Resource};
use cosette_types::{BucketName, Owner, Region, Timestamp};
use serde_json::Value;

use super::glob::matches;

const BUCKET: &str = "examplebucket-1250000000";
const APP_ID: &str = "1250000000";
const REGION: &str = "ap-guangzhou";
/// 2024-05-06T07:08:09Z
const NOW: u64 = 1_714_979_289;
/// Statements above which the second evaluator is not asked: it is slow on purpose.
const STATEMENTS_MAX: usize = 12;

/// See the module.
pub fn holds(data: &[u8]) {
    let bucket: BucketName = BUCKET.parse().expect("the name of a bucket");
    let json: Option<Value> = serde_json::from_slice(data).ok();
    for attached in [Attached::Bucket(&bucket), Attached::User, Attached::Session] {
        let Ok(policy) = read(data, attached) else {
            continue;
        };
        let json = json.as_ref().expect("what was read is JSON");
        let statements = list(member(json, "Statement").expect("a policy has statements"));
        assert_eq!(policy.statements.len(), statements.len());
        if statements.len() > STATEMENTS_MAX {
            continue;
        }
        let names_people = matches!(attached, Attached::Bucket(_));
        for asked in questions(json) {
            let Some(wanted) = decide(json, names_people, &asked) else {
                continue;
            };
            let said = asked.put_to(|question| policy.says(question), &bucket);
            assert_eq!(said, wanted, "{asked:?}");
        }
    }
}

/// A question in plain words.
#[derive(Debug, Clone)]
struct Asked {
    /// Root and user; nobody for who did not sign.
    user: Option<(&'static str, &'static str)>,
    action: Action,
    /// `None` is the bucket itself.
    key: Option<String>,
    facts: Vec<(Key, String)>,
}

impl Asked {
    fn put_to<T>(&self, of: impl FnOnce(&Question<'_>) -> T, bucket: &BucketName) -> T {
        let user = self
            .user
            .map(|(root, sub)| Owner::sub(root, sub).expect("digits are the name of a user"));
        let region: Region = REGION.parse().expect("the name of a region");
        let told = |(key, text): &(Key, String)| {
            let fact = match key {
                Key::SourceIp => Fact::Address(text.parse().expect("an address")),
                Key::SecureTransport => Fact::Truth(text == "true"),
                Key::CurrentTime => Fact::Time(Timestamp::from_secs(NOW)),
                _ => Fact::Text(text.clone()),
            };
            (*key, fact)
        };
        let facts: BTreeMap<_, _> = self.facts.iter().map(told).collect();
        of(&Question {
            user: user.as_ref(),
            action: self.action,
            resource: match &self.key {
                None => Resource::Bucket(bucket, &region),
                Some(key) => Resource::Object(bucket, &region, key),
            },
            facts: &facts,
        })
    }
}

/// Questions about every action, with users, keys and facts that the policy may be about.
fn questions(json: &Value) -> Vec<Asked> {
    let users = [
        None,
        Some(("100000000001", "100000000001")),
        Some(("100000000001", "100000000011")),
        Some(("100000000002", "100000000002")),
    ];
    let mut keys = vec![None, Some("k".to_owned()), Some("a/b/c".to_owned())];
    let mut texts = Vec::new();
    collect_texts(json, &mut texts);
    for text in &texts {
        if let Some((_, key)) = text.split_once('/') {
            keys.push(Some(key.replace('*', "any/thing").replace('?', "\u{4e2d}")));
        }
    }
    let set = |number: usize| -> Vec<(Key, String)> {
        let at = |from: usize| {
            let text = texts.get((number + from) % texts.len().max(1));
            text.map_or_else(String::new, |text| text.replace('*', "x"))
        };
        match number % 4 {
            0 => Vec::new(),
            1 => vec![
                (Key::SourceIp, "10.1.2.3".to_owned()),
                (Key::SecureTransport, "true".to_owned()),
                (Key::CurrentTime, NOW.to_string()),
                (Key::MaxKeys, "10".to_owned()),
                (Key::ContentLength, "1024".to_owned()),
                (Key::Prefix, "a/b".to_owned()),
                (Key::Acl, "public-read".to_owned()),
            ],
            2 => Key::ALL
                .into_iter()
                .enumerate()
                .filter(|(_, key)| key.kind() == cosette_types::policy::Kind::Text)
                .map(|(from, key)| (key, at(from)))
                .collect(),
            _ => vec![
                (Key::SourceIp, "192.168.7.9".to_owned()),
                (Key::SecureTransport, "false".to_owned()),
                (Key::MaxKeys, "no number".to_owned()),
                (Key::UserAgent, "CURL/8".to_owned()),
            ],
        }
    };
    let mut asked = Vec::new();
    for (number, action) in Action::ALL.iter().enumerate() {
        for round in 0..keys.len().min(6) {
            asked.push(Asked {
                user: users.get((number + round) % users.len()).copied().flatten(),
                action: *action,
                key: keys.get((number + round) % keys.len()).cloned().flatten(),
                facts: set(number / 3 + round),
            });
        }
    }
    asked
}

fn collect_texts(json: &Value, to: &mut Vec<String>) {
    match json {
        Value::String(text) if to.len() < 40 && text.len() < 100 => to.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect_texts(value, to)),
        Value::Object(members) => members.values().for_each(|value| collect_texts(value, to)),
        _ => {}
    }
}

/// What the second evaluator says: `None` where it does not know how to read something.
fn decide(json: &Value, names_people: bool, asked: &Asked) -> Option<Option<Effect>> {
    let cos = member(json, "Version")?.as_str()? == "2.0";
    let (mut allowed, mut denied) = (false, false);
    for statement in list(member(json, "Statement")?) {
        let applies = (!names_people || is_about(json, &statement, asked, cos)?)
            && names_action(&statement, asked.action, cos)?
            && names_resource(&statement, asked.key.as_deref(), cos)?
            && conditions_hold(&statement, asked, cos)?;
        if applies {
            match member(&statement, "Effect")?.as_str()? {
                effect if effect.eq_ignore_ascii_case("deny") => denied = true,
                _ => allowed = true,
            }
        }
    }
    Some(match (denied, allowed) {
        (true, _) => Some(Effect::Deny),
        (false, true) => Some(Effect::Allow),
        (false, false) => None,
    })
}

fn member<'a>(json: &'a Value, name: &str) -> Option<&'a Value> {
    let members = json.as_object()?;
    let mut found = members.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value)
}

fn list(json: &Value) -> Vec<Value> {
    match json {
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    }
}

fn texts(json: &Value) -> Option<Vec<String>> {
    list(json)
        .iter()
        .map(|value| value.as_str().map(str::to_owned))
        .collect()
}

fn is_about(json: &Value, statement: &Value, asked: &Asked, cos: bool) -> Option<bool> {
    let (principal, not) = match (
        member(statement, "Principal"),
        member(statement, "NotPrincipal"),
    ) {
        (Some(principal), _) => (principal, false),
        (None, Some(not)) if !cos => (not, true),
        _ => (member(json, "Principal")?, false),
    };
    let names = match principal {
        Value::String(_) => vec!["*".to_owned()],
        object => texts(member(object, if cos { "qcs" } else { "AWS" })?)?,
    };
    let mut found = false;
    for name in names {
        found |= match name.as_str() {
            "*" | "qcs::cam::anyone:anyone" => true,
            name => asked
                .user
                .is_some_and(|(root, sub)| is_named(name, root, sub)),
        };
    }
    Some(found != not)
}

/// The spellings of one user.
fn is_named(name: &str, root: &str, sub: &str) -> bool {
    let whole = format!("qcs::cam::uin/{root}:uin/*");
    let one = format!("qcs::cam::uin/{root}:uin/{sub}");
    let user = format!("arn:aws:iam::{root}:user/{sub}");
    let is_root = root == sub && (name == root || name == format!("arn:aws:iam::{root}:root"));
    name == whole || name == one || name == user || is_root
}

fn names_action(statement: &Value, action: Action, cos: bool) -> Option<bool> {
    let (actions, not) = match member(statement, "Action") {
        Some(actions) => (actions, false),
        None => (member(statement, "NotAction")?, true),
    };
    let names = if cos {
        action.cos_names()
    } else {
        action.s3_names()
    };
    let mut found = false;
    for text in texts(actions)? {
        let text = text.to_ascii_lowercase();
        let text = text.strip_prefix("name/").filter(|_| cos).unwrap_or(&text);
        let Some(pattern) = text.strip_prefix(if cos { "cos:" } else { "s3:" }) else {
            found |= text == "*";
            continue;
        };
        found |= names
            .iter()
            .any(|name| matches(pattern, &name.to_ascii_lowercase(), !cos));
    }
    Some(found != not)
}

fn names_resource(statement: &Value, key: Option<&str>, cos: bool) -> Option<bool> {
    let (resources, not) = match member(statement, "Resource") {
        Some(resources) => (resources, false),
        None => (member(statement, "NotResource")?, true),
    };
    let mut found = false;
    for text in texts(resources)? {
        found |= text == "*"
            || if cos {
                is_in_cos(&text, key)
            } else {
                is_in_s3(&text, key)
            };
    }
    Some(found != not)
}

fn is_in_s3(text: &str, key: Option<&str>) -> bool {
    let path = text.strip_prefix("arn:aws:s3:::").unwrap_or_default();
    let wanted = key.map_or_else(|| BUCKET.to_owned(), |key| format!("{BUCKET}/{key}"));
    matches(path, &wanted, true)
}

fn is_in_cos(text: &str, key: Option<&str>) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [_, _, _, region, account, path] = parts.as_slice() else {
        return false;
    };
    let here = ["", "*", REGION].contains(region);
    let ours = ["", "*", "uid/*"].contains(account) || *account == format!("uid/{APP_ID}");
    let path = match path.strip_prefix("prefix//") {
        Some(old) => {
            let parts: Vec<&str> = old.splitn(3, '/').collect();
            let of = |at: usize| parts.get(at).copied();
            format!(
                "{}-{}/{}",
                of(1).unwrap_or(""),
                of(0).unwrap_or(""),
                of(2).unwrap_or("*")
            )
        }
        None if *path == "*" => "*".to_owned(),
        None => {
            let (host, rest) = path.split_once('/').unwrap_or((path, ""));
            let bucket = match host.split_once('.') {
                Some((bucket, domain)) if domain.ends_with(".myqcloud.com") => bucket,
                _ => host,
            };
            format!("{bucket}/{rest}")
        }
    };
    let wanted = format!("{BUCKET}/{}", key.unwrap_or_default());
    here && ours && matches(&path, &wanted, false)
}

fn conditions_hold(statement: &Value, asked: &Asked, cos: bool) -> Option<bool> {
    let Some(conditions) = member(statement, "Condition") else {
        return Some(true);
    };
    for (word, tests) in conditions.as_object()? {
        for (name, values) in tests.as_object()? {
            if !condition_holds(word, name, values, asked, cos)? {
                return Some(false);
            }
        }
    }
    Some(true)
}

fn condition_holds(
    word: &str,
    name: &str,
    values: &Value,
    asked: &Asked,
    cos: bool,
) -> Option<bool> {
    let word = word.to_ascii_lowercase().replace('_', "");
    let plain = word
        .trim_end_matches("ifexists")
        .trim_end_matches("ifexist");
    let if_exists = plain.len() < word.len();
    let negated = plain.contains("not");
    let operator = plain.replace("not", "").replace("equals", "equal");
    let key = key_of(name)?;
    let Some((_, fact)) = asked.facts.iter().find(|(known, _)| *known == key) else {
        return Some(if_exists || negated);
    };
    let mut found = false;
    for value in list(values) {
        let value = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        found |= one_holds(&operator, &value, fact, cos)?;
    }
    Some(found != negated)
}

fn one_holds(operator: &str, value: &str, fact: &str, cos: bool) -> Option<bool> {
    if let Some(order) = operator.strip_prefix("numeric") {
        return Some(match fact.parse::<u64>() {
            Ok(fact) => in_order(order, fact, value.parse().ok()?),
            Err(_) => false,
        });
    }
    if let Some(order) = operator.strip_prefix("date") {
        // Dates in words are for a calendar, which this evaluator has not.
        return Some(in_order(order, fact.parse().ok()?, value.parse().ok()?));
    }
    Some(match operator {
        "stringequal" => value == fact,
        "stringequalignorecase" => value.eq_ignore_ascii_case(fact),
        "stringlike" => matches(value, fact, !cos),
        "bool" | "boolequal" => value.eq_ignore_ascii_case(fact),
        "ipaddress" | "ipequal" => is_in_block(value, fact)?,
        _ => return None,
    })
}

fn in_order(order: &str, asked: u64, wanted: u64) -> bool {
    match order {
        "lessthan" => asked < wanted,
        "lessthanequal" => asked <= wanted,
        "greaterthan" => asked > wanted,
        "greaterthanequal" => asked >= wanted,
        _ => asked == wanted,
    }
}

/// Addresses of four numbers only.
fn is_in_block(block: &str, address: &str) -> Option<bool> {
    let (block, length) = block.split_once('/').unwrap_or((block, "32"));
    let number = |text: &str| -> Option<u64> {
        let parts: Option<Vec<u64>> = text.split('.').map(|part| part.parse().ok()).collect();
        let parts = parts.filter(|parts| parts.len() == 4)?;
        Some(parts.iter().fold(0, |all, part| all * 256 + part))
    };
    let length: u32 = length.parse().ok().filter(|length| *length <= 32)?;
    let below = 32 - length;
    Some(number(block)? >> below == number(address)? >> below)
}

fn key_of(name: &str) -> Option<Key> {
    let lower = name.to_ascii_lowercase();
    let (_, name) = lower.split_once(':')?;
    let header = name
        .strip_prefix("x-cos-")
        .or_else(|| name.strip_prefix("x-amz-"));
    Some(match header.unwrap_or(name) {
        "acl" => Key::Acl,
        "storage-class" => Key::StorageClass,
        "copy-source" => Key::CopySource,
        "metadata-directive" => Key::MetadataDirective,
        "forbid-overwrite" => Key::ForbidOverwrite,
        "prefix" => Key::Prefix,
        "delimiter" => Key::Delimiter,
        "max-keys" => Key::MaxKeys,
        "versionid" => Key::VersionId,
        "response-content-type" => Key::ResponseContentType,
        "content-type" => Key::ContentType,
        "content-length" => Key::ContentLength,
        "secure-transport" | "securetransport" => Key::SecureTransport,
        "ip" | "sourceip" => Key::SourceIp,
        "current_time" | "currenttime" => Key::CurrentTime,
        "referer" => Key::Referer,
        "useragent" => Key::UserAgent,
        _ => return None,
    })
}
