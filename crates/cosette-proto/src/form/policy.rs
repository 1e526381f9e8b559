//! What the signer of a form allows: until when, which fields with which values, how large a file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cosette_types::Timestamp;

use super::{FILE, Form, KEY, POLICY};
use crate::date;
use crate::dialect::{Dialect, Field, amz};
use crate::error::{Error, ErrorCode};
use crate::limits::POST_POLICY_CONDITIONS_MAX;
use crate::policy::json::Json;

/// A policy of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostPolicy {
    expires: Timestamp,
    conditions: Vec<Condition>,
}

/// One thing that must hold of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    /// The field has this value.
    Equals(String, String),
    /// Its value begins so.
    StartsWith(String, String),
    /// The file has so many bytes.
    Size(Sizes),
}

/// How large a file may be, in bytes, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The smallest.
    pub min: u64,
    /// The largest.
    pub max: u64,
}

impl Sizes {
    /// Any size.
    pub const ALL: Self = Self {
        min: 0,
        max: u64::MAX,
    };
}

impl PostPolicy {
    /// A policy that allows nothing yet but a form without fields.
    pub const fn until(expires: Timestamp) -> Self {
        Self {
            expires,
            conditions: Vec::new(),
        }
    }

    /// With a field that has this value.
    #[must_use]
    pub fn equals(mut self, field: &str, value: impl Into<String>) -> Self {
        let field = field.to_ascii_lowercase();
        self.conditions.push(Condition::Equals(field, value.into()));
        self
    }

    /// With a field whose value begins so; any value for an empty beginning.
    #[must_use]
    pub fn starts_with(mut self, field: &str, prefix: impl Into<String>) -> Self {
        let field = field.to_ascii_lowercase();
        let condition = Condition::StartsWith(field, prefix.into());
        self.conditions.push(condition);
        self
    }

    /// With a file of so many bytes.
    #[must_use]
    pub fn sizes(mut self, sizes: Sizes) -> Self {
        self.conditions.push(Condition::Size(sizes));
        self
    }

    /// The document, as it is signed.
    pub fn document(&self) -> String {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let conditions = self.conditions.iter().map(|condition| match condition {
            Condition::Equals(field, value) => format!("{{{}:{}}}", text(field), text(value)),
            Condition::StartsWith(field, prefix) => {
                let field = format!("${field}");
                format!("[\"starts-with\",{},{}]", text(&field), text(prefix))
            }
            Condition::Size(Sizes { min, max }) => {
                format!("[\"content-length-range\",{min},{max}]")
            }
        });
        let conditions: Vec<_> = conditions.collect();
        format!(
            "{{\"expiration\":\"{}\",\"conditions\":[{}]}}",
            date::iso(self.expires),
            conditions.join(",")
        )
    }

    /// Reads the field of a form that holds one: base64 of a JSON document.
    ///
    /// # Errors
    /// `InvalidPolicyDocument`.
    pub fn of_field(text: &str) -> Result<Self, Error> {
        Self::read(&decode(text)?)
    }

    /// Reads a document.
    ///
    /// # Errors
    /// `InvalidPolicyDocument`.
    pub fn read(document: &[u8]) -> Result<Self, Error> {
        let parsed = Json::parse(document).and_then(|json| {
            let mut members = json.members("it")?;
            let expiration = members.need("expiration")?.text("expiration")?;
            let conditions = members.need("conditions")?;
            members.end()?;
            Ok((expiration, conditions))
        });
        let (expiration, conditions) = parsed.map_err(|why| invalid(&why.0))?;
        let expires = date::parse(&expiration)
            .ok_or_else(|| invalid("its expiration is not a time like 2026-12-31T12:00:00.000Z"))?;
        let Json::List(list) = conditions else {
            return Err(invalid("its conditions must be a list"));
        };
        let mut conditions = Vec::new();
        for condition in list {
            match condition {
                Json::Object(pairs) => {
                    for (field, value) in pairs {
                        let value = value.text("a condition").map_err(|why| invalid(&why.0))?;
                        conditions.push(Condition::Equals(field.to_ascii_lowercase(), value));
                    }
                }
                Json::List(words) => conditions.push(of_list(words)?),
                _ => return Err(invalid("a condition is neither an object nor a list")),
            }
            if conditions.len() > POST_POLICY_CONDITIONS_MAX {
                let why = format!("it has more than {POST_POLICY_CONDITIONS_MAX} conditions");
                return Err(invalid(&why));
            }
        }
        Ok(Self {
            expires,
            conditions,
        })
    }

    /// Holds a form against the policy. Every field must be covered by a condition, but for those of
    /// the signature, the file, and what a form of S3 says is to be ignored.
    ///
    /// # Errors
    /// `AccessDenied`, naming what does not hold.
    pub fn permits(
        &self,
        form: &Form,
        bucket: &str,
        dialect: Dialect,
        now: Timestamp,
    ) -> Result<Sizes, Error> {
        if now > self.expires {
            return Err(refused("it has expired"));
        }
        let value_of = |field: &str| match field {
            "bucket" => bucket.to_owned(),
            KEY => form.key().unwrap_or_default(),
            // A form of COS says once from when to when its key is good, a policy calls it as
            // headers do.
            "q-sign-time" => form.get("q-key-time").unwrap_or_default().to_owned(),
            other => form.get(other).unwrap_or_default().to_owned(),
        };
        let mut sizes = Sizes::ALL;
        for condition in &self.conditions {
            let (field, holds) = match condition {
                Condition::Equals(field, wanted) => (field, value_of(field) == *wanted),
                Condition::StartsWith(field, prefix) => {
                    (field, value_of(field).starts_with(prefix.as_str()))
                }
                Condition::Size(range) => {
                    sizes.min = sizes.min.max(range.min);
                    sizes.max = sizes.max.min(range.max);
                    continue;
                }
            };
            if !holds {
                return Err(refused(&format!("the condition on {field} does not hold")));
            }
        }
        for (name, _) in form.fields() {
            let name = name.to_ascii_lowercase();
            if !needs_no_condition(&name, dialect) && !self.covers(&name) {
                let why = format!("it has no condition on the form's field {name}");
                return Err(refused(&why));
            }
        }
        if dialect == Dialect::Cos {
            for name in ["q-sign-algorithm", "q-ak", "q-sign-time"] {
                if !self.covers(name) {
                    return Err(refused(&format!("it has no condition on {name}")));
                }
            }
        }
        Ok(sizes)
    }

    fn covers(&self, name: &str) -> bool {
        self.conditions.iter().any(|condition| match condition {
            Condition::Equals(field, _) | Condition::StartsWith(field, _) => field == name,
            Condition::Size(_) => false,
        })
    }
}

/// Whether a field, in lower case, belongs to the signature of a form rather than to its object.
pub(crate) fn is_of_signature(name: &str) -> bool {
    let s3 = [
        amz::QUERY_ALGORITHM,
        amz::QUERY_CREDENTIAL,
        amz::QUERY_DATE,
        amz::QUERY_SIGNATURE,
    ];
    let token = |dialect: Dialect| dialect.name(Field::SecurityToken) == name;
    name == POLICY
        || is_q_sign(name)
        || s3.into_iter().any(|s3| name.eq_ignore_ascii_case(s3))
        || Dialect::ALL.into_iter().any(token)
}

fn is_q_sign(name: &str) -> bool {
    matches!(
        name,
        "q-sign-algorithm" | "q-ak" | "q-key-time" | "q-sign-time" | "q-signature"
    )
}

/// Fields that a policy need not name: they are held against the key that signed it. Of S3's only the
/// signature itself is one.
fn needs_no_condition(name: &str, dialect: Dialect) -> bool {
    let own = match dialect {
        Dialect::Cos => is_q_sign(name),
        Dialect::S3 => {
            name.eq_ignore_ascii_case(amz::QUERY_SIGNATURE) || name.starts_with("x-ignore-")
        }
    };
    own || name == POLICY || name == FILE || name == dialect.name(Field::SecurityToken)
}

fn of_list(words: Vec<Json>) -> Result<Condition, Error> {
    let wrong = || invalid("a condition in a list must have three members");
    let [operator, field, value] = <[Json; 3]>::try_from(words).map_err(|_| wrong())?;
    let operator = operator
        .text("an operator")
        .map_err(|why| invalid(&why.0))?;
    if operator.eq_ignore_ascii_case("content-length-range") {
        let (min, max) = (size(&field)?, size(&value)?);
        if min > max {
            return Err(invalid("content-length-range ends before it begins"));
        }
        return Ok(Condition::Size(Sizes { min, max }));
    }
    let text = |json: Json| json.text("a condition").map_err(|why| invalid(&why.0));
    let (field, value) = (text(field)?, text(value)?);
    let field = field
        .strip_prefix('$')
        .ok_or_else(|| invalid("a field in a condition must be written $name"))?
        .to_ascii_lowercase();
    match operator.to_ascii_lowercase().as_str() {
        "eq" => Ok(Condition::Equals(field, value)),
        "starts-with" => Ok(Condition::StartsWith(field, value)),
        other => Err(invalid(&format!("it has an unknown operator {other:?}"))),
    }
}

/// A number, or the text of one.
fn size(value: &Json) -> Result<u64, Error> {
    let number = match value {
        Json::Number(number) => *number,
        Json::Text(text) => text.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| invalid("content-length-range must have two numbers of bytes"))
}

/// The document in the field of a form.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Error> {
    let plain: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD
        .decode(plain)
        .map_err(|_| invalid("it is not base64"))
}

fn invalid(why: &str) -> Error {
    let words = format!("The policy of the form cannot be read: {why}.");
    Error::with(ErrorCode::InvalidPolicyDocument, words)
}

fn refused(why: &str) -> Error {
    let words = format!("Invalid according to Policy: {why}.");
    Error::with(ErrorCode::AccessDenied, words)
}
