//! Policies as they travel: JSON documents of the COS dialect (version `2.0`) and of the S3 dialect
//! (version `2012-10-17`), read into the one [`Policy`] that is evaluated.
//!
//! A policy is read strictly. Whatever is not understood is refused with `MalformedPolicy` when the
//! policy is set: a condition that is passed over would allow what its author meant to forbid.

mod conditions;
pub(crate) mod json;

use cosette_types::policy::{
    Action, ActionSet, Effect, Pattern, Principal, Principals, ResourcePattern, Resources,
    Statement,
};
use cosette_types::{AppId, BucketName, Owner, Policy, Region};

use crate::error::{Error, ErrorCode};
use crate::limits;
use json::{Json, Members};

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attached<'a> {
    /// A bucket: it names whom it is about, and is about nothing but this bucket.
    Bucket(&'a BucketName),
    /// A user: it names nobody, since it is about the user.
    User,
    /// Temporary credentials: as for a user.
    Session,
}

impl Attached<'_> {
    const fn bytes_max(self) -> usize {
        match self {
            Self::Bucket(_) => limits::BUCKET_POLICY_BYTES_MAX,
            Self::User => limits::USER_POLICY_BYTES_MAX,
            Self::Session => limits::SESSION_POLICY_BYTES_MAX,
        }
    }
}

/// Why a document is no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

/// The dialect that a policy is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tongue {
    Cos,
    S3,
}

/// Reads a policy.
///
/// # Errors
/// `MalformedPolicy`, with words that say what is wrong with it.
pub fn read(document: &[u8], attached: Attached<'_>) -> Result<Policy, Error> {
    let limit = attached.bytes_max();
    let read = if document.len() > limit {
        Err(Malformed(format!("it is larger than {limit} bytes")))
    } else {
        Json::parse(document).and_then(|json| policy(json, attached))
    };
    read.map_err(|Malformed(why)| {
        let words = format!("The policy is not one: {why}.");
        Error::with(ErrorCode::MalformedPolicy, words)
    })
}

fn policy(json: Json, attached: Attached<'_>) -> Result<Policy, Malformed> {
    let mut members = json.members("the policy")?;
    let tongue = match members.need("Version")?.text("Version")?.as_str() {
        "2.0" => Tongue::Cos,
        "2012-10-17" | "2008-10-17" => Tongue::S3,
        _ => {
            return Err(Malformed(
                "its Version is neither 2.0 nor 2012-10-17".to_owned(),
            ));
        }
    };
    // Names for people.
    members.take("Id").map(|id| id.text("Id")).transpose()?;
    let principal = match tongue {
        // Old documents name once whom all statements are about.
        Tongue::Cos => members.take("Principal"),
        Tongue::S3 => None,
    };
    let statements = members.need("Statement")?.list();
    members.end()?;
    let limit = limits::POLICY_STATEMENTS_MAX;
    if statements.is_empty() || statements.len() > limit {
        return Err(Malformed(format!("it must have 1 to {limit} statements")));
    }
    let reader = Reader { tongue, attached };
    let statements = statements
        .into_iter()
        .map(|json| reader.statement(json, principal.clone()))
        .collect::<Result<_, _>>()?;
    Ok(Policy { statements })
}

struct Reader<'a> {
    tongue: Tongue,
    attached: Attached<'a>,
}

impl Reader<'_> {
    fn statement(&self, json: Json, principal: Option<Json>) -> Result<Statement, Malformed> {
        let mut members = json.members("a statement")?;
        members.take("Sid").map(|id| id.text("Sid")).transpose()?;
        let effect = members.need("Effect")?.text("Effect")?;
        let effect = match effect.to_ascii_lowercase().as_str() {
            "allow" => Effect::Allow,
            "deny" => Effect::Deny,
            _ => {
                return Err(Malformed(format!(
                    "the effect {effect} is neither allow nor deny"
                )));
            }
        };
        let conditions = match members.take("Condition") {
            Some(conditions) => conditions::read(conditions, self.tongue)?,
            None => Vec::new(),
        };
        let statement = Statement {
            effect,
            principals: self.principals(&mut members, principal)?,
            actions: self.actions(&mut members)?,
            resources: self.resources(&mut members)?,
            conditions,
        };
        members.end()?;
        Ok(statement)
    }

    /// A member, or the one that says the opposite, which the S3 dialect has.
    fn either(&self, members: &mut Members, name: &str) -> Result<(Json, bool), Malformed> {
        let not = match self.tongue {
            Tongue::Cos => None,
            Tongue::S3 => members.take(&format!("Not{name}")),
        };
        match (members.take(name), not) {
            (Some(one), None) => Ok((one, false)),
            (None, Some(not)) => Ok((not, true)),
            (Some(_), Some(_)) => Err(Malformed(format!("a statement has {name} and Not{name}"))),
            (None, None) => Err(Malformed(format!("a statement has no {name}"))),
        }
    }

    fn principals(
        &self,
        members: &mut Members,
        of_all: Option<Json>,
    ) -> Result<Principals, Malformed> {
        let own = self.either(members, "Principal");
        let (json, not) = match self.attached {
            Attached::User | Attached::Session => {
                return match (own, of_all) {
                    (Err(_), None) => Ok(Principals::Attached),
                    _ => Err(Malformed(
                        "a policy of a user or a session names no Principal".to_owned(),
                    )),
                };
            }
            Attached::Bucket(_) => match (own, of_all) {
                (Ok(_), Some(_)) => {
                    return Err(Malformed("Principal is named twice".to_owned()));
                }
                (Ok(own), None) => own,
                (Err(_), Some(of_all)) => (of_all, false),
                (Err(none), None) => return Err(none),
            },
        };
        let principals = self.principal_list(json)?;
        Ok(if not {
            Principals::NotOf(principals)
        } else {
            Principals::Of(principals)
        })
    }

    fn principal_list(&self, json: Json) -> Result<Vec<Principal>, Malformed> {
        if json == Json::Text("*".to_owned()) {
            return Ok(vec![Principal::Anyone]);
        }
        let mut members = json.members("Principal")?;
        let system = match self.tongue {
            Tongue::Cos => "qcs",
            Tongue::S3 => "AWS",
        };
        let texts = members.need(system)?.texts("Principal")?;
        members.end()?;
        texts.iter().map(|text| self.principal(text)).collect()
    }

    fn principal(&self, text: &str) -> Result<Principal, Malformed> {
        let unknown = || Malformed(format!("the principal {text} is not one"));
        if text == "*" {
            return Ok(Principal::Anyone);
        }
        let user = |owner: Result<Owner, _>| owner.map(Principal::User).map_err(|_| unknown());
        match self.tongue {
            Tongue::Cos => {
                if text == "qcs::cam::anyone:anyone" {
                    return Ok(Principal::Anyone);
                }
                let rest = text.strip_prefix("qcs::cam::").ok_or_else(unknown)?;
                let whole = rest
                    .strip_prefix("uin/")
                    .and_then(|r| r.strip_suffix(":uin/*"));
                match whole {
                    Some(uin) => {
                        let account = Owner::root(uin).map_err(|_| unknown())?;
                        Ok(Principal::Account(account.owner_uin().to_owned()))
                    }
                    None => user(text.parse()),
                }
            }
            Tongue::S3 => {
                let Some(rest) = text.strip_prefix("arn:aws:iam::") else {
                    return user(Owner::root(text));
                };
                let (uin, who) = rest.split_once(':').ok_or_else(unknown)?;
                match who.strip_prefix("user/") {
                    Some(sub_uin) => user(Owner::sub(uin, sub_uin)),
                    None if who == "root" => user(Owner::root(uin)),
                    None => Err(unknown()),
                }
            }
        }
    }

    fn actions(&self, members: &mut Members) -> Result<ActionSet, Malformed> {
        let (json, not) = self.either(members, "Action")?;
        let mut actions = ActionSet::default();
        for text in json.texts("Action")? {
            let found = self.action(&text);
            if found.is_empty() {
                return Err(Malformed(format!("the action {text} is unknown")));
            }
            actions = actions.union(found);
        }
        Ok(if not { actions.complement() } else { actions })
    }

    /// The actions that a text names; none if nobody knows it.
    fn action(&self, text: &str) -> ActionSet {
        if text == "*" {
            return ActionSet::all();
        }
        let lower = text.to_ascii_lowercase();
        let name = match self.tongue {
            Tongue::Cos => lower
                .strip_prefix("name/")
                .unwrap_or(&lower)
                .strip_prefix("cos:"),
            Tongue::S3 => lower.strip_prefix("s3:"),
        };
        let Some(name) = name else {
            return ActionSet::default();
        };
        let pattern = self.tongue.pattern(name.to_owned());
        let named = |names: &[&str]| {
            let mut names = names.iter().map(|name| name.to_ascii_lowercase());
            names.any(|name| pattern.matches(&name))
        };
        let each = Action::ALL.iter().copied();
        let found = each.filter(|action| match self.tongue {
            Tongue::Cos => named(action.cos_names()),
            Tongue::S3 => named(action.s3_names()),
        });
        found.collect()
    }

    fn resources(&self, members: &mut Members) -> Result<Resources, Malformed> {
        let (json, not) = self.either(members, "Resource")?;
        let patterns = json
            .texts("Resource")?
            .into_iter()
            .map(|text| self.resource(self.tongue.refuse_variables(text)?))
            .collect::<Result<_, _>>()?;
        Ok(if not {
            Resources::NotOf(patterns)
        } else {
            Resources::Of(patterns)
        })
    }

    fn resource(&self, text: String) -> Result<ResourcePattern, Malformed> {
        if text == "*" {
            return Ok(ResourcePattern::Any);
        }
        let unknown = || Malformed(format!("the resource {text} is not one"));
        let pattern = match self.tongue {
            Tongue::Cos => cos_resource(&text).ok_or_else(unknown)?,
            Tongue::S3 => {
                let path = text.strip_prefix("arn:aws:s3:::").ok_or_else(unknown)?;
                if path.is_empty() || path.starts_with('/') {
                    return Err(unknown());
                }
                ResourcePattern::S3(self.tongue.pattern(path.to_owned()))
            }
        };
        let Attached::Bucket(bucket) = self.attached else {
            return Ok(pattern);
        };
        if is_of(&pattern, bucket) {
            Ok(pattern)
        } else {
            Err(Malformed(format!(
                "the resource {text} is not of the bucket {bucket}"
            )))
        }
    }
}

/// `qcs::cos:<region>:uid/<APPID>:<bucket>/<path>`, also with the bucket's host in place of its name
/// or with the path written `prefix//<APPID>/<name>/<path>`, as old documents have it.
fn cos_resource(text: &str) -> Option<ResourcePattern> {
    let mut parts = text.splitn(6, ':');
    if [parts.next()?, parts.next()?, parts.next()?] != ["qcs", "", "cos"] {
        return None;
    }
    let (region, account, path) = (parts.next()?, parts.next()?, parts.next()?);
    let region = match region {
        "" | "*" => None,
        region => Some(region.parse::<Region>().ok()?),
    };
    let app_id = match account {
        "" | "*" | "uid/*" => None,
        account => Some(account.strip_prefix("uid/")?.parse::<AppId>().ok()?),
    };
    let path = match path.strip_prefix("prefix//") {
        Some(old) => {
            let mut parts = old.splitn(3, '/');
            let (app_id, name) = (parts.next()?, parts.next()?);
            format!("{name}-{app_id}/{}", parts.next().unwrap_or("*"))
        }
        None => match path.split_once('/') {
            _ if path.is_empty() || path.starts_with('/') => return None,
            None if path == "*" => "*".to_owned(),
            None => format!("{}/", bucket_of_host(path)),
            Some((bucket, rest)) => format!("{}/{rest}", bucket_of_host(bucket)),
        },
    };
    Some(ResourcePattern::Cos {
        region,
        app_id,
        path: Pattern::with_stars(path),
    })
}

fn bucket_of_host(text: &str) -> &str {
    match text.split_once('.') {
        Some((bucket, host)) if host.ends_with(".myqcloud.com") => bucket,
        _ => text,
    }
}

/// Whether a pattern names nothing outside a bucket.
fn is_of(pattern: &ResourcePattern, bucket: &BucketName) -> bool {
    let (path, app_id) = match pattern {
        ResourcePattern::Any => return true,
        ResourcePattern::Cos { path, app_id, .. } => (path.as_str(), app_id.as_ref()),
        ResourcePattern::S3(path) => (path.as_str(), None),
    };
    let named = path.split_once('/').map_or(path, |(bucket, _)| bucket);
    (path == "*" || named == bucket.as_str())
        && app_id.is_none_or(|id| bucket.as_str().ends_with(&format!("-{id}")))
}

#[cfg(test)]
mod tests;
