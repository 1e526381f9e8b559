//! Policies: who may do what to which resource under which conditions. One evaluator for both
//! dialects, for policies of buckets, of users and of sessions.
//!
//! A policy only says allow, deny or nothing. What silence means, and what the owner may, is decided
//! by whoever asks.

mod action;
mod condition;
mod pattern;

pub use action::{Action, ActionSet, Scope};
pub use condition::{Condition, Fact, Facts, Key, Kind, Order, Test};
pub use pattern::{IpBlock, Pattern};

use crate::access::Owner;
use crate::bucket::{AppId, BucketName, Region};

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// Whom a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principals {
    /// Whoever the policy is attached to: policies of users and sessions name nobody.
    Attached,
    /// One of these.
    Of(Vec<Principal>),
    /// Everybody but these.
    NotOf(Vec<Principal>),
}

/// One whom a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Everybody, signed or not.
    Anyone,
    /// One user, or a root account itself.
    User(Owner),
    /// Everybody of an account: its root and all its sub-users.
    Account(String),
}

impl Principal {
    fn is(&self, user: Option<&Owner>) -> bool {
        match self {
            Self::Anyone => true,
            Self::User(wanted) => user == Some(wanted),
            Self::Account(uin) => user.is_some_and(|user| user.owner_uin() == uin),
        }
    }
}

/// Which resources a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourcePattern {
    /// Everything.
    Any,
    /// As the COS dialect writes it.
    Cos {
        /// The region; `None` is any.
        region: Option<Region>,
        /// The account number; `None` is any.
        app_id: Option<AppId>,
        /// `bucket/path`; a bucket itself is `bucket/`.
        path: Pattern,
    },
    /// As the S3 dialect writes it: a bucket itself is `bucket`, an object `bucket/key`.
    S3(Pattern),
}

/// What somebody wants to act upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The service: all buckets.
    Service,
    /// A bucket that is to be made, or that is there, in its region.
    Bucket(&'a BucketName, &'a Region),
    /// An object, or the place of one, by its key.
    Object(&'a BucketName, &'a Region, &'a str),
}

impl ResourcePattern {
    /// Whether the resource is one of these.
    pub fn matches(&self, resource: Resource<'_>) -> bool {
        let (bucket, in_region, key) = match resource {
            Resource::Service => return *self == Self::Any,
            Resource::Bucket(bucket, region) => (bucket, region, None),
            Resource::Object(bucket, region, key) => (bucket, region, Some(key)),
        };
        match self {
            Self::Any => true,
            Self::Cos {
                region,
                app_id,
                path,
            } => {
                region.as_ref().is_none_or(|region| region == in_region)
                    && app_id
                        .as_ref()
                        .is_none_or(|id| bucket.app_id().as_ref() == Some(id))
                    && path.matches(&format!("{bucket}/{}", key.unwrap_or_default()))
            }
            Self::S3(path) => match key {
                Some(key) => path.matches(&format!("{bucket}/{key}")),
                None => path.matches(bucket.as_str()),
            },
        }
    }
}

/// Which resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resources {
    /// Of one of these patterns.
    Of(Vec<ResourcePattern>),
    /// Of none of these patterns.
    NotOf(Vec<ResourcePattern>),
}

impl Resources {
    fn include(&self, resource: Resource<'_>) -> bool {
        let one = |patterns: &[ResourcePattern]| patterns.iter().any(|p| p.matches(resource));
        match self {
            Self::Of(patterns) => one(patterns),
            Self::NotOf(patterns) => !one(patterns),
        }
    }
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it does.
    pub effect: Effect,
    /// Whom it is about.
    pub principals: Principals,
    /// Which actions it is about.
    pub actions: ActionSet,
    /// Which resources it is about.
    pub resources: Resources,
    /// What else must hold: all of these.
    pub conditions: Vec<Condition>,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Its statements; their order means nothing.
    pub statements: Vec<Statement>,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who; `None` is somebody who did not sign.
    pub user: Option<&'a Owner>,
    /// What.
    pub action: Action,
    /// To what.
    pub resource: Resource<'a>,
    /// How.
    pub facts: &'a dyn Facts,
}

impl Statement {
    fn applies(&self, question: &Question<'_>) -> bool {
        let named = |principals: &[Principal]| principals.iter().any(|one| one.is(question.user));
        let principal = match &self.principals {
            Principals::Attached => true,
            Principals::Of(principals) => named(principals),
            Principals::NotOf(principals) => !named(principals),
        };
        principal
            && self.actions.contains(question.action)
            && self.resources.include(question.resource)
            && self.conditions.iter().all(|one| one.holds(question.facts))
    }
}

impl Policy {
    /// What the policy says: a denial wins; `None` if it says nothing about the question.
    pub fn says(&self, question: &Question<'_>) -> Option<Effect> {
        let mut said = None;
        for statement in &self.statements {
            if statement.applies(question) {
                match statement.effect {
                    Effect::Deny => return Some(Effect::Deny),
                    Effect::Allow => said = Some(Effect::Allow),
                }
            }
        }
        said
    }
}

/// What several policies say together: a denial of one of them wins.
pub fn together<'a>(
    policies: impl IntoIterator<Item = &'a Policy>,
    question: &Question<'_>,
) -> Option<Effect> {
    let mut said = None;
    for policy in policies {
        match policy.says(question) {
            Some(Effect::Deny) => return Some(Effect::Deny),
            Some(Effect::Allow) => said = Some(Effect::Allow),
            None => {}
        }
    }
    said
}

#[cfg(test)]
mod tests;
