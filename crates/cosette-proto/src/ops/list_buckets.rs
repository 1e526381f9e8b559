//! GET Service: the buckets of an account, over all regions or in one.

use cosette_types::{BucketName, Owner, Region, Timestamp, limits};
use http::Method;

use super::OperationName;
use crate::date;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::fields::{HeaderWriter, not_implemented};
use crate::message::{Message, Query, Reply, Request, Target, Unreadable};
use crate::xml::{Element, Writer};

const ROOT: &str = "ListAllMyBucketsResult";
const REGION: &str = "region";
const MARKER: &str = "marker";
const MAX_KEYS: &str = "max-keys";
/// Filters that would show buckets that nobody asked for, were they ignored.
const FILTERS: [&str; 3] = ["tagkey", "tagvalue", "create-time"];

/// Lists the caller's buckets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListBuckets {
    /// Only buckets of this region.
    pub region: Option<Region>,
    /// Only buckets after this name.
    pub marker: Option<String>,
    /// Most buckets to return; 2,000 when absent.
    pub max_keys: Option<u16>,
}

/// One bucket in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketEntry {
    /// Its name.
    pub name: BucketName,
    /// Its region.
    pub location: Region,
    /// When it was made, to the second.
    pub creation_date: Timestamp,
}

/// The buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListBucketsReply {
    /// Whose buckets.
    pub owner: Owner,
    /// In the order of their names.
    pub buckets: Vec<BucketEntry>,
    /// Where the next page begins, when there is one.
    pub next_marker: Option<String>,
}

impl Message for ListBuckets {
    const NAME: OperationName = OperationName::ListBuckets;
    type Reply = ListBucketsReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new()
            .with_some(REGION, self.region.as_ref())
            .with_some(MARKER, self.marker.as_ref())
            .with_some(MAX_KEYS, self.max_keys);
        let headers = HeaderWriter::new(dialect).done();
        Request {
            method: Method::GET,
            target: Target::Service,
            query,
            headers,
            payload: None,
        }
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        let query = &request.query;
        if let Some(name) = FILTERS.into_iter().find(|name| query.text(name).is_some()) {
            return Err(not_implemented(name));
        }
        Ok(Self {
            region: query.parse(REGION)?,
            marker: query.key_text(MARKER)?,
            max_keys: query.number(MAX_KEYS, 0..=limits::LIST_BUCKETS_MAX)?,
        })
    }

    fn encode_reply(reply: &ListBucketsReply, dialect: Dialect) -> Reply {
        let document = Writer::document(ROOT, |root| {
            root.user("Owner", &reply.owner);
            root.element("Buckets", |buckets| {
                for bucket in &reply.buckets {
                    buckets.element("Bucket", |element| {
                        element.text("Name", &bucket.name);
                        element.text("Location", &bucket.location);
                        element.text("CreationDate", date::iso_seconds(bucket.creation_date));
                    });
                }
            });
            if let Some(next) = &reply.next_marker {
                root.text("IsTruncated", true);
                root.text("NextMarker", next);
            }
        });
        Reply::document(document, HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<ListBucketsReply, Unreadable> {
        let root = reply.root(ROOT)?;
        let owner = root.child("Owner").map(|owner| owner.parse_child("ID"));
        let owner = owner.ok_or_else(|| Unreadable("Owner is missing".into()))??;
        let buckets = root
            .child("Buckets")
            .into_iter()
            .flat_map(|b| b.children("Bucket"));
        let truncated = root.truth("IsTruncated")?;
        Ok(ListBucketsReply {
            owner,
            buckets: buckets.map(read_bucket).collect::<Result<_, _>>()?,
            next_marker: root
                .value("NextMarker")
                .filter(|_| truncated)
                .map(str::to_owned),
        })
    }
}

fn read_bucket(element: &Element) -> Result<BucketEntry, Unreadable> {
    Ok(BucketEntry {
        name: element.parse_child("Name")?,
        location: element.parse_child("Location")?,
        creation_date: element.date("CreationDate")?,
    })
}
