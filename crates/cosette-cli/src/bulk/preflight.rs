//! A look before the first write: is the target's bucket there, and are the rights that the plan needs?
//!
//! Nothing is ever written for it. Whether something may be written or removed is asked only of services
//! that judge conditions on that: with one that cannot hold, they refuse it after they have looked at the
//! rights. Elsewhere it is not known before it is tried.

use std::path::Path;

use cosette::transfer::{Entry, Place, PlanReader, Work};
use cosette::{Capability, CustomerKey, ETag, ErrorKind, Missing};
use serde_json::{Value, json};

use super::Sides;
use crate::connect::Connection;
use crate::failure::{Failure, Kind, Result};
use crate::name;
use crate::transfer::given::given;

/// Entries that are looked at to find one of each kind.
const ENTRIES_MAX: usize = 1000;
/// The tag of no object: an MD5 that nothing has that anybody can make.
const NO_OBJECT: &str = "00000000000000000000000000000000";

/// What a check told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Fine,
    /// The plan cannot be carried out: why, in words.
    Wrong(Kind, String),
    /// The service tells only whoever tries.
    NotKnown,
}

/// One thing that was looked at.
#[derive(Debug)]
pub(crate) struct Check {
    what: &'static str,
    subject: String,
    found: Found,
}

/// The first of what a plan reads, writes and removes.
#[derive(Debug, Default)]
struct Firsts {
    read: Option<Place>,
    write: Option<Place>,
    remove: Option<Place>,
}

impl Firsts {
    fn of(entries: &[Entry]) -> Self {
        let mut firsts = Self::default();
        entries.iter().for_each(|entry| firsts.add(entry));
        firsts
    }

    fn add(&mut self, entry: &Entry) {
        let (read, write) = match &entry.work {
            Work::Copy { source, target } | Work::Move { source, target } => {
                (Some(source), Some(target))
            }
            Work::Download { source, .. } => (Some(source), None),
            Work::Upload { target, .. } | Work::Mark { target, .. } => (None, Some(target)),
            Work::Delete { .. } => (None, None),
        };
        let remove = match &entry.work {
            Work::Move { source, .. } | Work::Delete { source } => Some(source),
            Work::Download { source, .. } | Work::Mark { source, .. } if entry.removes() => {
                Some(source)
            }
            _ => None,
        };
        for (first, place) in [
            (&mut self.read, read),
            (&mut self.write, write),
            (&mut self.remove, remove),
        ] {
            if first.is_none() {
                *first = place.cloned();
            }
        }
    }
}

/// Looks at what a plan needs, by its first entries.
///
/// # Errors
/// When the service cannot be reached.
pub(crate) async fn look(
    sides: Sides<'_>,
    plan: &Path,
    source_key: Option<&CustomerKey>,
) -> Result<Vec<Check>> {
    let firsts = Firsts::of(&PlanReader::first_entries(plan, ENTRIES_MAX)?);
    let mut checks = Vec::new();
    if let Some(place) = &firsts.read {
        let found = can_read(sides.source, place, source_key).await?;
        checks.push(Check::new("a source may be read", place, found));
    }
    if let Some(place) = &firsts.write {
        let found = bucket_is_there(sides.target, place).await?;
        let there = !matches!(found, Found::Wrong(..));
        checks.push(Check::new("the target's bucket is there", place, found));
        if there {
            let found = can_write(sides.target, place).await?;
            checks.push(Check::new("a target may be written", place, found));
        }
    }
    if let Some(place) = &firsts.remove {
        let found = can_remove(sides.source, place).await?;
        checks.push(Check::new("a source may be removed", place, found));
    }
    Ok(checks)
}

impl Check {
    fn new(what: &'static str, place: &Place, found: Found) -> Self {
        Self {
            what,
            subject: name::shown(&place.to_string()),
            found,
        }
    }

    /// What would stop the plan, for people.
    pub(crate) fn wrong(&self) -> Option<String> {
        let Self { what, subject, .. } = self;
        match &self.found {
            Found::Wrong(_, why) => Some(format!("{what}: no: {subject}: {why}")),
            Found::Fine | Found::NotKnown => None,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let (found, why) = match &self.found {
            Found::Fine => ("yes", None),
            Found::Wrong(_, why) => ("no", Some(why)),
            Found::NotKnown => ("not known", None),
        };
        json!({ "check": self.what, "subject": self.subject, "found": found, "why": why })
    }

    /// # Errors
    /// When the plan cannot be carried out.
    pub(crate) fn holds(&self) -> Result<()> {
        match &self.found {
            Found::Wrong(kind, why) => Err(Failure::new(
                *kind,
                format!(
                    "{}: {why}, and the first entries of the plan need it; nothing was done. To try all the \
                     same give --no-preflight",
                    self.subject
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// What an answer to a request tells that could not succeed, or did.
fn judged<T>(answer: std::result::Result<T, cosette::Error>, denied: &str) -> Result<Found> {
    match answer {
        Ok(_) => Ok(Found::Fine),
        Err(error) => match error.kind() {
            ErrorKind::Denied => Ok(Found::Wrong(Kind::Denied, denied.to_owned())),
            ErrorKind::NotFound(Missing::Bucket) => Ok(Found::Wrong(
                Kind::NotFound,
                "there is no such bucket".to_owned(),
            )),
            ErrorKind::Network | ErrorKind::Timeout => Err(error.into()),
            _ => Ok(Found::NotKnown),
        },
    }
}

async fn can_read(
    connection: &Connection,
    place: &Place,
    key: Option<&CustomerKey>,
) -> Result<Found> {
    let client = connection.client(place.region.as_ref())?;
    let call = client.head_object().bucket(&place.bucket).key(&place.key);
    let call = given!(
        call,
        version_id = place.version_id.as_ref(),
        customer_key = key.cloned()
    );
    judged(call.send().await, "it may not be read")
}

async fn bucket_is_there(connection: &Connection, place: &Place) -> Result<Found> {
    let client = connection.client(place.region.as_ref())?;
    let asked = client.head_bucket().bucket(&place.bucket).send().await;
    match &asked {
        // Who may not look at a bucket may still be allowed to write into it.
        Err(error) if error.kind() == ErrorKind::Denied => Ok(Found::NotKnown),
        // The answer to HEAD has no words.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) => Ok(Found::Wrong(
            Kind::NotFound,
            "there is no such bucket".to_owned(),
        )),
        _ => judged(asked, ""),
    }
}

/// The condition makes the service refuse it whatever the rights are; without them it refuses earlier.
async fn can_write(connection: &Connection, place: &Place) -> Result<Found> {
    let client = connection.client(place.region.as_ref())?;
    let able = client.capabilities().await;
    if !able.has.contains(&Capability::ConditionalWrite) {
        return Ok(Found::NotKnown);
    }
    let call = client.put_object().bucket(&place.bucket).key(&place.key);
    let refused = call.if_match(no_object()?).body("").send().await;
    refused_for_the_condition(refused, "nothing may be written there")
}

async fn can_remove(connection: &Connection, place: &Place) -> Result<Found> {
    let client = connection.client(place.region.as_ref())?;
    let able = client.capabilities().await;
    if !able.has.contains(&Capability::ConditionalDelete) {
        return Ok(Found::NotKnown);
    }
    let call = client.delete_object().bucket(&place.bucket).key(&place.key);
    let call = given!(call, version_id = place.version_id.as_ref());
    let refused = call.if_match(no_object()?).send().await;
    refused_for_the_condition(refused, "it may not be removed")
}

fn no_object() -> Result<ETag> {
    Ok(NO_OBJECT.parse()?)
}

fn refused_for_the_condition<T>(
    answer: std::result::Result<T, cosette::Error>,
    denied: &str,
) -> Result<Found> {
    let by_condition = |error: &cosette::Error| {
        matches!(
            error.kind(),
            ErrorKind::PreconditionFailed | ErrorKind::NotFound(Missing::Key | Missing::Version)
        )
    };
    match answer {
        Err(error) if by_condition(&error) => Ok(Found::Fine),
        answer => judged(answer, denied),
    }
}
