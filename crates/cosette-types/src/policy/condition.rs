//! Conditions of a statement: what must be true of a request beside its caller, action and resource.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::pattern::{IpBlock, Pattern};
use crate::time::Timestamp;

/// A fact about a request that a condition may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The address that the request comes from.
    SourceIp,
    /// Whether it came over TLS.
    SecureTransport,
    /// The time.
    CurrentTime,
    /// The parameter `prefix`.
    Prefix,
    /// The parameter `delimiter`.
    Delimiter,
    /// The parameter `max-keys`.
    MaxKeys,
    /// The parameter `versionId`.
    VersionId,
    /// The parameter `response-content-type`.
    ResponseContentType,
    /// The preset ACL that the request sets.
    Acl,
    /// The storage class that the request sets.
    StorageClass,
    /// The copy source as sent.
    CopySource,
    /// The metadata directive.
    MetadataDirective,
    /// Whether overwriting is forbidden.
    ForbidOverwrite,
    /// The Content-Type header.
    ContentType,
    /// The Content-Length header.
    ContentLength,
    /// The Referer header.
    Referer,
    /// The User-Agent header.
    UserAgent,
}

impl Key {
    /// All keys.
    pub const ALL: [Self; 17] = [
        Self::SourceIp,
        Self::SecureTransport,
        Self::CurrentTime,
        Self::Prefix,
        Self::Delimiter,
        Self::MaxKeys,
        Self::VersionId,
        Self::ResponseContentType,
        Self::Acl,
        Self::StorageClass,
        Self::CopySource,
        Self::MetadataDirective,
        Self::ForbidOverwrite,
        Self::ContentType,
        Self::ContentLength,
        Self::Referer,
        Self::UserAgent,
    ];

    /// What its values are.
    pub const fn kind(self) -> Kind {
        match self {
            Self::SourceIp => Kind::Address,
            Self::SecureTransport => Kind::Truth,
            Self::CurrentTime => Kind::Time,
            Self::MaxKeys | Self::ContentLength => Kind::Number,
            _ => Kind::Text,
        }
    }
}

/// What the values of a key are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Texts.
    Text,
    /// Whole numbers.
    Number,
    /// Addresses.
    Address,
    /// `true` or `false`.
    Truth,
    /// Moments.
    Time,
}

/// How numbers and times are compared: the request's value to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The same.
    Equal,
    /// Smaller, earlier.
    Less,
    /// Not larger, not later.
    LessOrEqual,
    /// Larger, later.
    Greater,
    /// Not smaller, not earlier.
    GreaterOrEqual,
}

impl Order {
    fn holds<T: Ord>(self, asked: &T, wanted: &T) -> bool {
        match self {
            Self::Equal => asked == wanted,
            Self::Less => asked < wanted,
            Self::LessOrEqual => asked <= wanted,
            Self::Greater => asked > wanted,
            Self::GreaterOrEqual => asked >= wanted,
        }
    }
}

/// What a fact is compared with: it holds when it holds of one of the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// One of these texts.
    Text(Vec<String>),
    /// One of these texts, whatever the letter case.
    TextAnyCase(Vec<String>),
    /// Of one of these patterns.
    Like(Vec<Pattern>),
    /// In one of these blocks.
    Address(Vec<IpBlock>),
    /// In this order to one of these numbers.
    Number(Order, Vec<u64>),
    /// In this order to one of these moments.
    Time(Order, Vec<Timestamp>),
    /// This truth.
    Truth(bool),
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What is asked about.
    pub key: Key,
    /// What it is compared with.
    pub test: Test,
    /// Whether the test must fail instead of hold.
    pub negated: bool,
    /// Whether the condition also holds of a request that does not have the fact.
    pub if_exists: bool,
}

/// A fact of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A text.
    Text(String),
    /// An address.
    Address(IpAddr),
    /// A truth.
    Truth(bool),
    /// A moment.
    Time(Timestamp),
}

/// What can be asked about one request. Nothing is read of it that no condition asks about: most
/// requests meet no policy at all.
pub trait Facts: fmt::Debug + Sync {
    /// A fact, if the request has it.
    fn fact(&self, key: Key) -> Option<Fact>;
}

/// Facts that are written down.
impl Facts for BTreeMap<Key, Fact> {
    fn fact(&self, key: Key) -> Option<Fact> {
        self.get(&key).cloned()
    }
}

impl Condition {
    /// Whether it holds of a request. Of one without the fact only a negated condition holds, or one
    /// that says so: what is allowed on a condition is not allowed to who says nothing, and what is
    /// denied unless something holds is denied to him.
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        match facts.fact(self.key) {
            None => self.if_exists || self.negated,
            Some(fact) => self.test.holds(&fact) != self.negated,
        }
    }
}

impl Test {
    fn holds(&self, fact: &Fact) -> bool {
        match (self, fact) {
            (Self::Text(texts), Fact::Text(fact)) => texts.iter().any(|text| text == fact),
            (Self::TextAnyCase(texts), Fact::Text(fact)) => {
                texts.iter().any(|text| text.eq_ignore_ascii_case(fact))
            }
            (Self::Like(patterns), Fact::Text(fact)) => {
                patterns.iter().any(|pattern| pattern.matches(fact))
            }
            (Self::Number(order, numbers), Fact::Text(fact)) => fact
                .parse::<u64>()
                .is_ok_and(|fact| numbers.iter().any(|number| order.holds(&fact, number))),
            (Self::Address(blocks), Fact::Address(fact)) => {
                blocks.iter().any(|block| block.contains(*fact))
            }
            (Self::Truth(truth), Fact::Truth(fact)) => truth == fact,
            (Self::Time(order, times), Fact::Time(fact)) => {
                times.iter().any(|time| order.holds(fact, time))
            }
            // A policy is only read where test and key are of one kind.
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(negated: bool, if_exists: bool) -> Condition {
        Condition {
            key: Key::Prefix,
            test: Test::Like(vec![Pattern::with_stars("a/*")]),
            negated,
            if_exists,
        }
    }

    #[test]
    fn what_is_not_there_satisfies_only_a_negation() {
        let none = BTreeMap::new();
        let with = |text: &str| BTreeMap::from([(Key::Prefix, Fact::Text(text.into()))]);
        for (negated, if_exists, of_none, of_inside, of_outside) in [
            (false, false, false, true, false),
            (false, true, true, true, false),
            (true, false, true, false, true),
            (true, true, true, false, true),
        ] {
            let condition = condition(negated, if_exists);
            assert_eq!(condition.holds(&none), of_none);
            assert_eq!(condition.holds(&with("a/b")), of_inside);
            assert_eq!(condition.holds(&with("b")), of_outside);
        }
    }

    #[test]
    fn numbers_that_are_none_are_in_no_order() {
        let test = |text: &str| {
            let test = Test::Number(Order::LessOrEqual, vec![10]);
            test.holds(&Fact::Text(text.to_owned()))
        };
        assert!(test("10") && test("0") && !test("11") && !test("") && !test("-1") && !test("1e1"));
    }
}
