//! PUT, GET and DELETE Bucket lifecycle: what becomes of a bucket's objects with time.
//!
//! What a rule says and is not understood is refused: a rule without one of its conditions would
//! remove what it should have spared.

use std::collections::HashSet;

use cosette_types::lifecycle::{
    Due, Expiration, LifecycleFilter, LifecycleRule, NoncurrentExpiration, NoncurrentTransition,
    Transition,
};
use cosette_types::{BucketName, StorageClass, Tags, Timestamp};
use http::{Method, StatusCode};

use super::OperationName;
use super::document::{malformed, removes_setting};
use crate::date;
use crate::dialect::{Dialect, Field};
use crate::error::{Error, ErrorCode};
use crate::fields::{HeaderWriter, invalid_tag};
use crate::limits;
use crate::message::{Message, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

const LIFECYCLE: &str = "lifecycle";
const ROOT: &str = "LifecycleConfiguration";

/// The rules of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LifecycleConfiguration {
    /// The rules in order.
    pub rules: Vec<LifecycleRule>,
}

/// Replaces the rules of a bucket. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBucketLifecycle {
    /// The bucket.
    pub bucket: BucketName,
    /// The rules it has from then on.
    pub configuration: LifecycleConfiguration,
}

/// Asks for the rules of a bucket; one without any has none to tell (`NoSuchLifecycleConfiguration`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketLifecycle {
    /// The bucket.
    pub bucket: BucketName,
}

/// Removes the rules of a bucket. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteBucketLifecycle {
    /// The bucket.
    pub bucket: BucketName,
}

impl Message for PutBucketLifecycle {
    const NAME: OperationName = OperationName::PutBucketLifecycle;
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Request {
        Request::of_setting(Method::PUT, &self.bucket, LIFECYCLE, dialect)
            .with_document(self.configuration.document(dialect), dialect)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let root = request.root(ROOT, dialect)?;
        let configuration = LifecycleConfiguration::read(&root, dialect)?;
        configuration.check()?;
        Ok(Self {
            bucket: request.bucket()?,
            configuration,
        })
    }

    fn encode_reply((): &(), dialect: Dialect) -> Reply {
        Reply::empty(StatusCode::OK, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
        Ok(())
    }
}

impl Message for GetBucketLifecycle {
    const NAME: OperationName = OperationName::GetBucketLifecycle;
    type Reply = LifecycleConfiguration;

    fn encode(&self, dialect: Dialect) -> Request {
        Request::of_setting(Method::GET, &self.bucket, LIFECYCLE, dialect)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
        })
    }

    fn encode_reply(reply: &LifecycleConfiguration, dialect: Dialect) -> Reply {
        Reply::document(reply.document(dialect), HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<LifecycleConfiguration, Unreadable> {
        Ok(LifecycleConfiguration::read(&reply.root(ROOT)?, dialect)?)
    }
}

removes_setting!(DeleteBucketLifecycle, LIFECYCLE);

impl LifecycleConfiguration {
    /// Reads a document as a bucket gets it.
    ///
    /// # Errors
    /// `MalformedXML`, `InvalidArgument` and `InvalidRequest`, saying what is wrong with it.
    pub fn parse(document: &[u8]) -> Result<Self, Error> {
        let root = Element::rooted(document, ROOT)?;
        let read = Self::read(&root, Dialect::Cos)?;
        read.check()?;
        Ok(read)
    }

    fn document(&self, dialect: Dialect) -> bytes::Bytes {
        Writer::document_in(dialect, ROOT, |root| {
            for rule in &self.rules {
                root.element("Rule", |element| write_rule(element, rule));
            }
        })
    }

    fn read(root: &Element, dialect: Dialect) -> Result<Self, Error> {
        only(root, &["Rule"])?;
        let rules = root.children("Rule").map(|rule| read_rule(rule, dialect));
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
        })
    }

    fn check(&self) -> Result<(), Error> {
        let most = limits::LIFECYCLE_RULES_MAX;
        if self.rules.is_empty() || self.rules.len() > most {
            return Err(malformed(format!("There must be 1 to {most} Rule.")));
        }
        let mut ids = HashSet::new();
        for (number, rule) in (1..).zip(&self.rules) {
            if let Some(id) = &rule.id
                && !ids.insert(id)
            {
                return Err(Error::argument(format!("Two rules have the ID {id}.")));
            }
            check_rule(rule).map_err(|why| {
                let name = rule
                    .id
                    .clone()
                    .unwrap_or_else(|| format!("number {number}"));
                Error::with(why.code, format!("The rule {name}: {}", why.message))
            })?;
        }
        Ok(())
    }
}

fn check_rule(rule: &LifecycleRule) -> Result<(), Error> {
    let refuse = |words: &str| Err(Error::with(ErrorCode::InvalidRequest, words));
    let bytes_max = limits::LIFECYCLE_ID_BYTES_MAX;
    if rule.id.as_ref().is_some_and(|id| id.len() > bytes_max) {
        return Err(Error::argument(format!(
            "its ID is longer than {bytes_max} bytes."
        )));
    }
    let nothing = rule.transitions.is_empty()
        && rule.expiration.is_none()
        && rule.noncurrent_transitions.is_empty()
        && rule.noncurrent_expiration.is_none()
        && rule.abort_uploads_days.is_none();
    if nothing {
        return refuse("it says nothing that is to be done.");
    }
    let filter = &rule.filter;
    let sized = filter.larger_than.is_some() || filter.smaller_than.is_some();
    if rule.abort_uploads_days.is_some() && (sized || !filter.tags.is_empty()) {
        return refuse("uploads have neither tags nor a size that it could ask for.");
    }
    if rule.expiration == Some(Expiration::LoneMarkers) && (sized || !filter.tags.is_empty()) {
        return refuse("delete markers have neither tags nor a size that it could ask for.");
    }
    let classes = rule.transitions.iter().map(|rule| rule.class);
    let earlier = rule.noncurrent_transitions.iter().map(|rule| rule.class);
    for class in classes.chain(earlier) {
        if class.coldness() == 0 {
            let words = format!("{class} is no class to be moved to.");
            return Err(Error::argument(words));
        }
    }
    let days = |due| match due {
        Due::Days(days) => Some(days),
        Due::Date(_) => None,
    };
    if let Some(Expiration::At(due)) = rule.expiration {
        for transition in &rule.transitions {
            let (goes, moves) = (days(due), days(transition.due));
            if goes.is_some() != moves.is_some() {
                return refuse("it mixes Days and Date.");
            }
            if goes.zip(moves).is_some_and(|(goes, moves)| goes <= moves) {
                let words = "its objects would go before they get another class.";
                return Err(Error::argument(words));
            }
        }
        if days(due) == Some(0) {
            return Err(Error::argument("Days of an Expiration must be 1 or more."));
        }
    }
    let expires = rule.noncurrent_expiration.map(|rule| rule.days);
    if expires == Some(0) || rule.abort_uploads_days == Some(0) {
        return Err(Error::argument("its days must be 1 or more."));
    }
    Ok(())
}

/// Refuses children that nobody knows.
fn only(element: &Element, known: &[&str]) -> Result<(), Error> {
    let mut children = element.children.iter().map(|child| child.name.as_str());
    match children.find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(malformed(format!(
            "{name} in {} is not known.",
            element.name
        ))),
    }
}

/// The one child of a name.
fn one<'a>(element: &'a Element, name: &'a str) -> Result<Option<&'a Element>, Error> {
    let mut children = element.children(name);
    match (children.next(), children.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(malformed(format!("{name} is given more than once."))),
    }
}

fn number(element: &Element, name: &str) -> Result<Option<u32>, Error> {
    let Some(text) = element.value(name) else {
        return Ok(None);
    };
    let read = text.trim().parse().ok();
    let days = read.filter(|days| *days <= limits::LIFECYCLE_DAYS_MAX);
    days.map(Some).ok_or_else(|| {
        let most = limits::LIFECYCLE_DAYS_MAX;
        Error::argument(format!("{name} must be a number from 0 to {most}."))
    })
}

fn needed(element: &Element, name: &str) -> Result<u32, Error> {
    let missing = || malformed(format!("{} has no {name}.", element.name));
    number(element, name)?.ok_or_else(missing)
}

fn bytes(element: &Element, name: &str) -> Result<Option<u64>, Error> {
    let text = element.value(name).map(str::trim);
    let read = text.map(str::parse).transpose();
    read.map_err(|_| Error::argument(format!("{name} must be a number of bytes.")))
}

fn class(element: &Element, dialect: Dialect) -> Result<StorageClass, Error> {
    let text = element.value("StorageClass").unwrap_or_default().trim();
    Ok(dialect.cos_word(Field::StorageClass, text).parse()?)
}

/// A moment. The documents of COS show midnight in Beijing.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    match text.strip_suffix("+08:00") {
        Some(local) => {
            let secs = date::parse(local)?.secs();
            Some(Timestamp::from_secs(secs.checked_sub(8 * 3_600)?))
        }
        None => date::parse(text),
    }
}

fn due(element: &Element) -> Result<Option<Due>, Error> {
    let date = element.value("Date").map(|text| {
        moment(text).ok_or_else(|| {
            Error::argument("Date is not a time like 2026-12-31T00:00:00Z.".to_owned())
        })
    });
    match (number(element, "Days")?, date.transpose()?) {
        (Some(_), Some(_)) => Err(malformed(format!(
            "{} has both Days and Date.",
            element.name
        ))),
        (Some(days), None) => Ok(Some(Due::Days(days))),
        (None, Some(date)) => Ok(Some(Due::Date(date))),
        (None, None) => Ok(None),
    }
}

fn read_rule(element: &Element, dialect: Dialect) -> Result<LifecycleRule, Error> {
    only(
        element,
        &[
            "ID",
            "Status",
            "Prefix",
            "Filter",
            "Transition",
            "Expiration",
            "NoncurrentVersionTransition",
            "NoncurrentVersionExpiration",
            "AbortIncompleteMultipartUpload",
        ],
    )?;
    let enabled = match element.value("Status").map(str::trim) {
        Some("Enabled") => true,
        Some("Disabled") => false,
        _ => return Err(malformed("Status is neither Enabled nor Disabled.")),
    };
    let transitions = element.children("Transition").map(|element| {
        only(element, &["Days", "Date", "StorageClass"])?;
        let missing = || malformed("Transition has neither Days nor Date.");
        Ok::<_, Error>(Transition {
            due: due(element)?.ok_or_else(missing)?,
            class: class(element, dialect)?,
        })
    });
    let kept = "NewerNoncurrentVersions";
    let noncurrent = element
        .children("NoncurrentVersionTransition")
        .map(|element| {
            only(element, &["NoncurrentDays", kept, "StorageClass"])?;
            Ok::<_, Error>(NoncurrentTransition {
                days: needed(element, "NoncurrentDays")?,
                class: class(element, dialect)?,
                newer_kept: number(element, kept)?.unwrap_or_default(),
            })
        });
    let noncurrent_expiration = match one(element, "NoncurrentVersionExpiration")? {
        None => None,
        Some(element) => {
            only(element, &["NoncurrentDays", kept])?;
            Some(NoncurrentExpiration {
                days: needed(element, "NoncurrentDays")?,
                newer_kept: number(element, kept)?.unwrap_or_default(),
            })
        }
    };
    let abort_uploads_days = match one(element, "AbortIncompleteMultipartUpload")? {
        None => None,
        Some(element) => {
            only(element, &["DaysAfterInitiation"])?;
            Some(needed(element, "DaysAfterInitiation")?)
        }
    };
    Ok(LifecycleRule {
        id: element.value("ID").map(str::to_owned),
        enabled,
        filter: read_filter(element)?,
        transitions: transitions.collect::<Result<_, _>>()?,
        expiration: read_expiration(element)?,
        noncurrent_transitions: noncurrent.collect::<Result<_, _>>()?,
        noncurrent_expiration,
        abort_uploads_days,
    })
}

fn read_expiration(rule: &Element) -> Result<Option<Expiration>, Error> {
    let Some(element) = one(rule, "Expiration")? else {
        return Ok(None);
    };
    only(element, &["Days", "Date", "ExpiredObjectDeleteMarker"])?;
    let lone = match element.value("ExpiredObjectDeleteMarker").map(str::trim) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            let words = "ExpiredObjectDeleteMarker is neither true nor false.";
            return Err(malformed(words));
        }
    };
    match (due(element)?, lone) {
        (Some(due), false) => Ok(Some(Expiration::At(due))),
        (None, true) => Ok(Some(Expiration::LoneMarkers)),
        (Some(_), true) => Err(malformed(
            "Expiration has ExpiredObjectDeleteMarker beside Days or Date.",
        )),
        (None, false) => Err(malformed(
            "Expiration has none of Days, Date and ExpiredObjectDeleteMarker.",
        )),
    }
}

/// A rule's filter; older documents have a prefix without one.
fn read_filter(rule: &Element) -> Result<LifecycleFilter, Error> {
    const SIZES: [&str; 2] = ["ObjectSizeGreaterThan", "ObjectSizeLessThan"];
    let element = match (one(rule, "Filter")?, rule.child_text("Prefix")) {
        (Some(_), Some(_)) => return Err(malformed("Rule has both Filter and Prefix.")),
        (None, prefix) => {
            return Ok(LifecycleFilter {
                prefix: checked_prefix(prefix.unwrap_or_default())?,
                ..LifecycleFilter::default()
            });
        }
        (Some(element), None) => element,
    };
    only(element, &["And", "Prefix", "Tag", SIZES[0], SIZES[1]])?;
    if element.children.len() > 1 {
        return Err(malformed("A Filter of several conditions needs And."));
    }
    let all = one(element, "And")?.unwrap_or(element);
    if all.name == "And" {
        only(all, &["Prefix", "Tag", SIZES[0], SIZES[1]])?;
    }
    let mut tags = Tags::new();
    for tag in all.children("Tag") {
        only(tag, &["Key", "Value"])?;
        let key = tag.child_text("Key");
        let key = key.ok_or_else(|| malformed("A Tag has no Key."))?;
        tags.insert(key, tag.child_text("Value").unwrap_or_default())
            .map_err(invalid_tag)?;
    }
    Ok(LifecycleFilter {
        prefix: checked_prefix(all.child_text("Prefix").unwrap_or_default())?,
        tags: tags.for_object().map_err(invalid_tag)?,
        larger_than: bytes(all, SIZES[0])?,
        smaller_than: bytes(all, SIZES[1])?,
    })
}

fn checked_prefix(prefix: &str) -> Result<String, Error> {
    let most = cosette_types::limits::KEY_BYTES_MAX_S3;
    if prefix.len() > most {
        return Err(Error::argument(format!(
            "Prefix is longer than {most} bytes."
        )));
    }
    Ok(prefix.to_owned())
}

fn write_rule(element: &mut Writer, rule: &LifecycleRule) {
    element.text_if("ID", rule.id.as_ref());
    element.element("Filter", |element| write_filter(element, &rule.filter));
    element.text("Status", if rule.enabled { "Enabled" } else { "Disabled" });
    let dialect = element.dialect();
    for transition in &rule.transitions {
        element.element("Transition", |element| {
            write_due(element, transition.due);
            element.text("StorageClass", dialect.class_name(&transition.class));
        });
    }
    if let Some(expiration) = rule.expiration {
        element.element("Expiration", |element| match expiration {
            Expiration::At(due) => write_due(element, due),
            Expiration::LoneMarkers => element.text("ExpiredObjectDeleteMarker", true),
        });
    }
    let kept = |newer_kept: u32| (newer_kept > 0).then_some(newer_kept);
    for transition in &rule.noncurrent_transitions {
        element.element("NoncurrentVersionTransition", |element| {
            element.text("NoncurrentDays", transition.days);
            element.text_if("NewerNoncurrentVersions", kept(transition.newer_kept));
            element.text("StorageClass", dialect.class_name(&transition.class));
        });
    }
    if let Some(expiration) = rule.noncurrent_expiration {
        element.element("NoncurrentVersionExpiration", |element| {
            element.text("NoncurrentDays", expiration.days);
            element.text_if("NewerNoncurrentVersions", kept(expiration.newer_kept));
        });
    }
    if let Some(days) = rule.abort_uploads_days {
        element.element("AbortIncompleteMultipartUpload", |element| {
            element.text("DaysAfterInitiation", days);
        });
    }
}

fn write_due(element: &mut Writer, due: Due) {
    match due {
        Due::Days(days) => element.text("Days", days),
        Due::Date(date) => element.text("Date", date::iso_seconds(date)),
    }
}

fn write_filter(element: &mut Writer, filter: &LifecycleFilter) {
    let sizes = [filter.larger_than, filter.smaller_than];
    let conditions = usize::from(!filter.prefix.is_empty())
        + filter.tags.iter().count()
        + sizes.iter().flatten().count();
    let write = |element: &mut Writer| {
        if !filter.prefix.is_empty() || conditions == 0 {
            element.text("Prefix", &filter.prefix);
        }
        for (key, value) in filter.tags.iter() {
            element.element("Tag", |tag| {
                tag.text("Key", key);
                tag.text("Value", value);
            });
        }
        element.text_if("ObjectSizeGreaterThan", filter.larger_than);
        element.text_if("ObjectSizeLessThan", filter.smaller_than);
    };
    if conditions > 1 {
        element.element("And", write);
    } else {
        write(element);
    }
}
