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
/// Filters that would show buckets that nobody asked for, were they ignored.
const FILTERS: [&str; 4] = ["tagkey", "tagvalue", "create-time", "prefix"];
/// Largest page of the S3 dialect.
const LIST_BUCKETS_MAX_S3: u16 = 10_000;

/// What the dialects call the parameters, and where the next page begins.
struct Names {
    region: &'static str,
    marker: &'static str,
    max_keys: &'static str,
    next: &'static str,
}

impl Names {
    const fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Cos => Self {
                region: "region",
                marker: "marker",
                max_keys: "max-keys",
                next: "NextMarker",
            },
            Dialect::S3 => Self {
                region: "bucket-region",
                marker: "continuation-token",
                max_keys: "max-buckets",
                next: "ContinuationToken",
            },
        }
    }
}

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
        let names = Names::of(dialect);
        let query = Query::new()
            .with_some(names.region, self.region.as_ref())
            .with_some(names.marker, self.marker.as_ref())
            .with_some(names.max_keys, self.max_keys);
        let headers = HeaderWriter::new(dialect).done();
        Request {
            method: Method::GET,
            target: Target::Service,
            query,
            headers,
            payload: None,
        }
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let (query, names) = (&request.query, Names::of(dialect));
        if let Some(name) = FILTERS.into_iter().find(|name| query.text(name).is_some()) {
            return Err(not_implemented(name));
        }
        Ok(Self {
            region: query.parse(names.region)?,
            marker: query.key_text(names.marker)?,
            max_keys: match dialect {
                Dialect::Cos => query.number(names.max_keys, 0..=limits::LIST_BUCKETS_MAX)?,
                Dialect::S3 => query.number(names.max_keys, 0..=LIST_BUCKETS_MAX_S3)?,
            },
        })
    }

    fn encode_reply(reply: &ListBucketsReply, dialect: Dialect) -> Reply {
        let document = Writer::document_in(dialect, ROOT, |root| {
            root.user("Owner", &reply.owner);
            root.element("Buckets", |buckets| {
                for bucket in &reply.buckets {
                    buckets.element("Bucket", |element| {
                        element.text("Name", &bucket.name);
                        element.text(location(dialect), &bucket.location);
                        element.text("CreationDate", creation_date(dialect, bucket.creation_date));
                    });
                }
            });
            if let Some(next) = &reply.next_marker {
                if dialect == Dialect::Cos {
                    root.text("IsTruncated", true);
                }
                root.text(Names::of(dialect).next, next);
            }
        });
        Reply::document(document, HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<ListBucketsReply, Unreadable> {
        let root = reply.root(ROOT)?;
        let owner = root.child("Owner").map(|owner| owner.parse_child("ID"));
        let owner = owner.ok_or_else(|| Unreadable("Owner is missing".into()))??;
        let buckets = root
            .child("Buckets")
            .into_iter()
            .flat_map(|b| b.children("Bucket"));
        let truncated = dialect == Dialect::S3 || root.truth("IsTruncated")?;
        Ok(ListBucketsReply {
            owner,
            buckets: buckets
                .map(|bucket| read_bucket(bucket, dialect))
                .collect::<Result<_, _>>()?,
            next_marker: root
                .value(Names::of(dialect).next)
                .filter(|_| truncated)
                .map(str::to_owned),
        })
    }
}

/// What the dialect calls a bucket's region.
const fn location(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Cos => "Location",
        Dialect::S3 => "BucketRegion",
    }
}

/// Some clients of S3 want the fraction of a second.
fn creation_date(dialect: Dialect, date: Timestamp) -> String {
    match dialect {
        Dialect::Cos => date::iso_seconds(date),
        Dialect::S3 => date::iso(date),
    }
}

fn read_bucket(element: &Element, dialect: Dialect) -> Result<BucketEntry, Unreadable> {
    Ok(BucketEntry {
        name: element.bucket("Name")?,
        location: element.parse_child(location(dialect))?,
        creation_date: element.date("CreationDate")?,
    })
}
