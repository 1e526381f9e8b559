//! Conditions, in the words of both dialects.

use cosette_types::Timestamp;
use cosette_types::policy::{Condition, Key, Kind, Order, Pattern, Test};

use super::json::Json;
use super::{Malformed, Tongue};
use crate::date;
use crate::dialect::Dialect;

/// What an operator does, in neither dialect's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Text,
    TextAnyCase,
    Like,
    Address,
    Truth,
    Number(Order),
    Time(Order),
}

/// The operators: the COS dialect's word, the S3 dialect's, what it does, whether it negates.
const OPERATORS: &[(&str, &str, Operator, bool)] = &[
    ("string_equal", "StringEquals", Operator::Text, false),
    ("string_not_equal", "StringNotEquals", Operator::Text, true),
    (
        "string_equal_ignore_case",
        "StringEqualsIgnoreCase",
        Operator::TextAnyCase,
        false,
    ),
    (
        "string_not_equal_ignore_case",
        "StringNotEqualsIgnoreCase",
        Operator::TextAnyCase,
        true,
    ),
    ("string_like", "StringLike", Operator::Like, false),
    ("string_not_like", "StringNotLike", Operator::Like, true),
    ("ip_equal", "IpAddress", Operator::Address, false),
    ("ip_not_equal", "NotIpAddress", Operator::Address, true),
    ("bool_equal", "Bool", Operator::Truth, false),
    (
        "numeric_equal",
        "NumericEquals",
        Operator::Number(Order::Equal),
        false,
    ),
    (
        "numeric_not_equal",
        "NumericNotEquals",
        Operator::Number(Order::Equal),
        true,
    ),
    (
        "numeric_less_than",
        "NumericLessThan",
        Operator::Number(Order::Less),
        false,
    ),
    (
        "numeric_less_than_equal",
        "NumericLessThanEquals",
        Operator::Number(Order::LessOrEqual),
        false,
    ),
    (
        "numeric_greater_than",
        "NumericGreaterThan",
        Operator::Number(Order::Greater),
        false,
    ),
    (
        "numeric_greater_than_equal",
        "NumericGreaterThanEquals",
        Operator::Number(Order::GreaterOrEqual),
        false,
    ),
    (
        "date_equal",
        "DateEquals",
        Operator::Time(Order::Equal),
        false,
    ),
    (
        "date_not_equal",
        "DateNotEquals",
        Operator::Time(Order::Equal),
        true,
    ),
    (
        "date_less_than",
        "DateLessThan",
        Operator::Time(Order::Less),
        false,
    ),
    (
        "date_less_than_equal",
        "DateLessThanEquals",
        Operator::Time(Order::LessOrEqual),
        false,
    ),
    (
        "date_greater_than",
        "DateGreaterThan",
        Operator::Time(Order::Greater),
        false,
    ),
    (
        "date_greater_than_equal",
        "DateGreaterThanEquals",
        Operator::Time(Order::GreaterOrEqual),
        false,
    ),
];

impl Operator {
    const fn kind(self) -> Kind {
        match self {
            Self::Text | Self::TextAnyCase | Self::Like => Kind::Text,
            Self::Address => Kind::Address,
            Self::Truth => Kind::Truth,
            Self::Number(_) => Kind::Number,
            Self::Time(_) => Kind::Time,
        }
    }

    fn find(word: &str, tongue: Tongue) -> Option<(Self, bool)> {
        let found = OPERATORS.iter().find(|(cos, s3, ..)| match tongue {
            Tongue::Cos => cos.eq_ignore_ascii_case(word),
            Tongue::S3 => s3.eq_ignore_ascii_case(word),
        });
        found.map(|(_, _, operator, negated)| (*operator, *negated))
    }
}

/// The key that a word names.
fn key(word: &str, tongue: Tongue) -> Option<Key> {
    let word = word.to_ascii_lowercase();
    let (service, name) = word.split_once(':')?;
    let [cos_header, _, s3_header] = Dialect::semantic_prefixes();
    let (own, header) = match tongue {
        Tongue::Cos => ("cos", cos_header),
        Tongue::S3 => ("s3", s3_header),
    };
    if service == own
        && let Some(field) = name.strip_prefix(header)
    {
        return match field {
            "acl" => Some(Key::Acl),
            "storage-class" => Some(Key::StorageClass),
            "copy-source" => Some(Key::CopySource),
            "metadata-directive" => Some(Key::MetadataDirective),
            "forbid-overwrite" => Some(Key::ForbidOverwrite),
            _ => None,
        };
    }
    if service == own {
        let found = match name {
            "prefix" => Key::Prefix,
            "delimiter" => Key::Delimiter,
            "max-keys" => Key::MaxKeys,
            "versionid" => Key::VersionId,
            "response-content-type" => Key::ResponseContentType,
            "content-type" => Key::ContentType,
            "content-length" => Key::ContentLength,
            "secure-transport" => Key::SecureTransport,
            _ => return None,
        };
        return Some(found);
    }
    match (tongue, service, name) {
        (Tongue::Cos, "qcs", "ip") | (Tongue::S3, "aws", "sourceip") => Some(Key::SourceIp),
        (Tongue::Cos, "qcs", "current_time") | (Tongue::S3, "aws", "currenttime") => {
            Some(Key::CurrentTime)
        }
        (Tongue::S3, "aws", "securetransport") => Some(Key::SecureTransport),
        (Tongue::S3, "aws", "referer") => Some(Key::Referer),
        (Tongue::S3, "aws", "useragent") => Some(Key::UserAgent),
        _ => None,
    }
}

/// Reads the conditions of a statement.
pub(super) fn read(conditions: Json, tongue: Tongue) -> Result<Vec<Condition>, Malformed> {
    let mut read = Vec::new();
    for (word, tests) in conditions.members("a condition")?.rest() {
        let (plain, if_exists) = if_exists(&word, tongue);
        let (operator, negated) = Operator::find(plain, tongue)
            .ok_or_else(|| Malformed(format!("the condition operator {word} is unknown")))?;
        let tests = tests.members("a condition's operator")?.rest();
        if tests.is_empty() {
            return Err(Malformed(format!(
                "the condition {word} asks about nothing"
            )));
        }
        for (name, values) in tests {
            let key = key(&name, tongue)
                .ok_or_else(|| Malformed(format!("the condition key {name} is unknown")))?;
            if key.kind() != operator.kind() {
                let words = format!("the condition operator {word} is not for the key {name}");
                return Err(Malformed(words));
            }
            read.push(Condition {
                key,
                test: test(operator, &name, values, tongue)?,
                negated,
                if_exists,
            });
        }
    }
    Ok(read)
}

fn if_exists(word: &str, tongue: Tongue) -> (&str, bool) {
    let endings: &[&str] = match tongue {
        Tongue::Cos => &["_if_exist", "_if_exists"],
        Tongue::S3 => &["IfExists"],
    };
    for ending in endings {
        let cut = word.len().saturating_sub(ending.len());
        if let (Some(plain), Some(rest)) = (word.get(..cut), word.get(cut..))
            && rest.eq_ignore_ascii_case(ending)
        {
            return (plain, true);
        }
    }
    (word, false)
}

fn test(operator: Operator, of: &str, values: Json, tongue: Tongue) -> Result<Test, Malformed> {
    let values = values.list();
    if values.is_empty() {
        return Err(Malformed(format!("the condition on {of} has no values")));
    }
    let texts = || -> Result<Vec<String>, Malformed> {
        let each = values.iter().map(|value| text_of(value, of));
        each.map(|text| tongue.refuse_variables(text?)).collect()
    };
    Ok(match operator {
        Operator::Text => Test::Text(texts()?),
        Operator::TextAnyCase => Test::TextAnyCase(texts()?),
        Operator::Like => Test::Like(
            texts()?
                .into_iter()
                .map(|text| tongue.pattern(text))
                .collect(),
        ),
        Operator::Address => {
            let blocks = texts()?.into_iter().map(|text| {
                text.parse()
                    .map_err(|error| Malformed(format!("{text} in the condition on {of}: {error}")))
            });
            Test::Address(blocks.collect::<Result<_, _>>()?)
        }
        Operator::Number(order) => {
            let numbers = texts()?.into_iter().map(|text| {
                text.parse()
                    .map_err(|_| Malformed(format!("{text} in the condition on {of} is no number")))
            });
            Test::Number(order, numbers.collect::<Result<_, _>>()?)
        }
        Operator::Time(order) => {
            let times = texts()?.into_iter().map(|text| {
                moment(&text)
                    .ok_or_else(|| Malformed(format!("{text} in the condition on {of} is no time")))
            });
            Test::Time(order, times.collect::<Result<_, _>>()?)
        }
        Operator::Truth => match texts()?.as_slice() {
            [one] if one.eq_ignore_ascii_case("true") => Test::Truth(true),
            [one] if one.eq_ignore_ascii_case("false") => Test::Truth(false),
            _ => return Err(Malformed(format!("the condition on {of} is true or false"))),
        },
    })
}

fn moment(text: &str) -> Option<Timestamp> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits {
        // Far beyond any date, and small enough to count in microseconds.
        let secs = text.parse::<u64>().ok().filter(|secs| *secs < 1 << 40)?;
        return Some(Timestamp::from_secs(secs));
    }
    date::parse(text)
}

fn text_of(value: &Json, of: &str) -> Result<String, Malformed> {
    match value {
        Json::Text(text) => Ok(text.clone()),
        Json::Bool(truth) => Ok(truth.to_string()),
        Json::Number(Some(number)) => Ok(number.to_string()),
        _ => Err(Malformed(format!(
            "a value of the condition on {of} is neither text nor whole number nor truth"
        ))),
    }
}

impl Tongue {
    /// A pattern as this dialect writes it.
    pub(super) fn pattern(self, text: String) -> Pattern {
        match self {
            Self::Cos => Pattern::with_stars(text),
            Self::S3 => Pattern::with_stars_and_question_marks(text),
        }
    }

    /// The S3 dialect has variables, which we do not fill in: taken as text, they would match
    /// something else than was meant.
    pub(super) fn refuse_variables(self, text: String) -> Result<String, Malformed> {
        if self == Self::S3 && text.contains("${") {
            return Err(Malformed(format!(
                "policy variables are not supported: {text}"
            )));
        }
        Ok(text)
    }
}
