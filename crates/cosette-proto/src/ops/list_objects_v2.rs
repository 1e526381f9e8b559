//! List Objects, second version (the S3 dialect's; COS has the first only): a page of keys, where the
//! next page begins at a token.

use cosette_types::{BucketName, Region};
use http::Method;

use super::document::KeyCoding;
use super::list_objects::{read_entry, write_entry};
use super::{ObjectEntry, OperationName};
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::percent;
use crate::xml::Writer;

const ROOT: &str = "ListBucketResult";
const LIST_TYPE: &str = "list-type";
const START_AFTER: &str = "start-after";
const CONTINUATION_TOKEN: &str = "continuation-token";
const FETCH_OWNER: &str = "fetch-owner";
const MAX_KEYS: &str = "max-keys";

/// Lists keys in the byte order of UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListObjectsV2 {
    /// The bucket.
    pub bucket: BucketName,
    /// Only keys that begin so; empty for all.
    pub prefix: String,
    /// Keys that hold it after the prefix are folded into one common prefix. One character.
    pub delimiter: Option<char>,
    /// Only what comes after this key.
    pub start_after: Option<String>,
    /// Only what comes after this entry of an earlier page; wins over `start_after`. It travels as a
    /// token that nobody is to read.
    pub continue_after: Option<String>,
    /// Most keys and common prefixes together; 1,000 when absent.
    pub max_keys: Option<u16>,
    /// Whether the reply names owners.
    pub fetch_owner: bool,
    /// Whether keys in the reply's document are percent-encoded (`encoding-type=url`).
    pub encoded: bool,
}

/// A page of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListObjectsV2Reply {
    /// The bucket.
    pub bucket: BucketName,
    /// As asked for.
    pub prefix: String,
    /// As asked for.
    pub delimiter: Option<char>,
    /// As asked for.
    pub start_after: Option<String>,
    /// As asked for.
    pub continue_after: Option<String>,
    /// The page size in force.
    pub max_keys: u16,
    /// Whether keys in the document are percent-encoded; the values here never are.
    pub encoded: bool,
    /// The last entry of this page; set exactly when there is more.
    pub next: Option<String>,
    /// What was folded, in order.
    pub common_prefixes: Vec<String>,
    /// The objects, in order.
    pub contents: Vec<ObjectEntry>,
    /// The bucket's region (a header).
    pub region: Option<Region>,
}

/// Where a page begins, as text that any query and any document can hold.
fn token(after: &str) -> String {
    format!("1-{}", percent::encode(after).replace('%', "="))
}

fn read_token(text: &str) -> Option<String> {
    percent::decode(&text.strip_prefix("1-")?.replace('=', "%"))
}

impl Message for ListObjectsV2 {
    const NAME: OperationName = OperationName::ListObjectsV2;
    type Reply = ListObjectsV2Reply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new()
            .with(LIST_TYPE, "2")
            .with_listing(&self.prefix, self.delimiter, self.encoded)
            .with_some(START_AFTER, self.start_after.as_ref())
            .with_some(
                CONTINUATION_TOKEN,
                self.continue_after.as_ref().map(|after| token(after)),
            )
            .with_some(MAX_KEYS, self.max_keys)
            .with_some(FETCH_OWNER, self.fetch_owner.then_some("true"));
        let headers = HeaderWriter::new(dialect).done();
        Request::of_bucket(Method::GET, &self.bucket, query, headers)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let query = &request.query;
        let unknown = || Error::argument("The continuation token provided is incorrect.");
        let continue_after = match query.get(CONTINUATION_TOKEN) {
            None => None,
            Some(text) => Some(read_token(text).ok_or_else(unknown)?),
        };
        Ok(Self {
            bucket: request.bucket()?,
            prefix: query.prefix()?,
            delimiter: query.delimiter()?,
            start_after: query.key_text(START_AFTER)?,
            continue_after,
            max_keys: query.page_size(MAX_KEYS, dialect)?,
            fetch_owner: query.text(FETCH_OWNER) == Some("true"),
            encoded: query.encoded()?,
        })
    }

    fn encode_reply(reply: &ListObjectsV2Reply, dialect: Dialect) -> Reply {
        let coding = KeyCoding {
            encoded: reply.encoded,
        };
        let delimiter = reply.delimiter.map(String::from);
        let entries = reply.contents.len() + reply.common_prefixes.len();
        let document = Writer::document_in(dialect, ROOT, |root| {
            root.text("Name", &reply.bucket);
            root.text_if("EncodingType", reply.encoded.then_some("url"));
            root.text("Prefix", coding.write(&reply.prefix));
            root.text_if(
                "Delimiter",
                delimiter.as_ref().map(|text| coding.write(text)),
            );
            root.text_if(
                "StartAfter",
                reply.start_after.as_ref().map(|after| coding.write(after)),
            );
            root.text_if(
                "ContinuationToken",
                reply.continue_after.as_ref().map(|after| token(after)),
            );
            root.text("KeyCount", entries);
            root.text("MaxKeys", reply.max_keys);
            root.text("IsTruncated", reply.next.is_some());
            root.text_if(
                "NextContinuationToken",
                reply.next.as_ref().map(|next| token(next)),
            );
            for entry in &reply.contents {
                root.element("Contents", |element| write_entry(element, entry, coding));
            }
            root.common_prefixes(&reply.common_prefixes, coding);
        });
        let headers =
            HeaderWriter::new(dialect).with_some(Field::BucketRegion, reply.region.as_ref());
        Reply::document(document, headers)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<ListObjectsV2Reply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        let root = reply.root(ROOT)?;
        let coding = KeyCoding::of(&root);
        let contents = root
            .children("Contents")
            .map(|element| read_entry(element, coding));
        let token = |name: &str| -> Result<Option<String>, Unreadable> {
            let foreign = || Unreadable(format!("{name} is a token of another server"));
            let text = root.value(name);
            text.map(|text| read_token(text).ok_or_else(foreign))
                .transpose()
        };
        Ok(ListObjectsV2Reply {
            bucket: root.bucket("Name")?,
            prefix: coding.text(&root, "Prefix")?,
            delimiter: coding.delimiter(&root)?,
            start_after: coding.some(&root, "StartAfter")?,
            continue_after: token("ContinuationToken")?,
            max_keys: root.parse_child("MaxKeys")?,
            encoded: coding.encoded,
            next: match root.truth("IsTruncated")? {
                true => token("NextContinuationToken")?,
                false => None,
            },
            common_prefixes: coding.common_prefixes(&root)?,
            contents: contents.collect::<Result<_, _>>()?,
            region: headers.parse(Field::BucketRegion)?,
        })
    }
}
