//! JSON in which nothing is said twice. A member that is there twice would mean one thing to us and
//! another to whoever reviewed the policy, so it is refused; and so is a member that nobody knows.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Malformed;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As written, if it is a whole number.
    Number(Option<u64>),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    pub(crate) fn parse(document: &[u8]) -> Result<Self, Malformed> {
        serde_json::from_slice(document)
            .map_err(|error| Malformed(format!("it is not readable as JSON: {error}")))
    }

    pub(crate) fn members(self, of: &'static str) -> Result<Members, Malformed> {
        let Self::Object(members) = self else {
            return Err(Malformed(format!("{of} must be an object")));
        };
        let mut seen: Vec<String> = Vec::with_capacity(members.len());
        for (name, _) in &members {
            let name = name.to_ascii_lowercase();
            if seen.contains(&name) {
                return Err(Malformed(format!("{of} has {name} twice")));
            }
            seen.push(name);
        }
        Ok(Members { of, members })
    }

    /// A list, or one value that stands for a list of one.
    pub(crate) fn list(self) -> Vec<Self> {
        match self {
            Self::List(values) => values,
            one => vec![one],
        }
    }

    pub(crate) fn text(self, of: &str) -> Result<String, Malformed> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(Malformed(format!("{of} must be a text"))),
        }
    }

    /// The texts of a list that is not empty.
    pub(crate) fn texts(self, of: &str) -> Result<Vec<String>, Malformed> {
        let values = self.list();
        if values.is_empty() {
            return Err(Malformed(format!("{of} is empty")));
        }
        values.into_iter().map(|value| value.text(of)).collect()
    }
}

/// The members of an object. Their names are compared without regard to letter case.
#[derive(Debug)]
pub(crate) struct Members {
    of: &'static str,
    members: Vec<(String, Json)>,
}

impl Members {
    pub(crate) fn take(&mut self, name: &str) -> Option<Json> {
        let place = self
            .members
            .iter()
            .position(|(member, _)| member.eq_ignore_ascii_case(name))?;
        Some(self.members.swap_remove(place).1)
    }

    pub(crate) fn need(&mut self, name: &str) -> Result<Json, Malformed> {
        let of = self.of;
        self.take(name)
            .ok_or_else(|| Malformed(format!("{of} has no {name}")))
    }

    /// All members that are left.
    pub(crate) fn rest(self) -> Vec<(String, Json)> {
        self.members
    }

    /// Nothing may be left that nobody understood.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        match self.members.first() {
            None => Ok(()),
            Some((name, _)) => Err(Malformed(format!("{} has an unknown {name}", self.of))),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(Some(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(u64::try_from(value).ok()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number(None))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element()? {
            list.push(value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Json::Object(object))
    }
}
