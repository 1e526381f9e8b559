//! `GET /?cosette-capabilities` on a service host: what this store can do that COS cannot, so that
//! clients need not find out by failing. COS itself answers with a list of buckets.

use std::collections::BTreeSet;

use http::Method;

use super::OperationName;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::fields::HeaderWriter;
use crate::message::{Message, Query, Reply, Request, Target, Unreadable};
use crate::xml::{Element, Writer};

const CAPABILITIES: &str = "cosette-capabilities";
const ROOT: &str = "CosetteCapabilities";

/// Something that a store may be able to do beyond the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// `PUT ?rename` moves an object of any bucket in one durable step, with a client token.
    Rename,
    /// A rename gives the target the ACL that its headers describe; with `default` none of its own.
    RenameAcl,
    /// Conditions on what PUT, copy, Complete and rename replace.
    ConditionalWrite,
    /// Conditions on what DELETE removes.
    ConditionalDelete,
    /// One request copies an object of any size, in the same time.
    CopyOfAnySize,
    /// A copy keeps its source's encryption by a directive, without anybody looking at the source.
    CopyEncryption,
    /// A repeated Complete gets the first answer.
    RepeatableComplete,
    /// The server moves or copies all objects below a prefix by itself.
    PrefixJobs,
    /// Buckets can keep versions.
    Versions,
}

/// Asks what the store can do. Needs no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GetCapabilities;

/// What it can do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The server's version; `None` for a store that does not know the question.
    pub version: Option<String>,
    /// What it has; names that are not known here are left out.
    pub has: BTreeSet<Capability>,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Rename,
        Self::RenameAcl,
        Self::ConditionalWrite,
        Self::ConditionalDelete,
        Self::CopyOfAnySize,
        Self::CopyEncryption,
        Self::RepeatableComplete,
        Self::PrefixJobs,
        Self::Versions,
    ];

    /// As the document names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rename => "rename",
            Self::RenameAcl => "rename-acl",
            Self::ConditionalWrite => "conditional-write",
            Self::ConditionalDelete => "conditional-delete",
            Self::CopyOfAnySize => "copy-of-any-size",
            Self::CopyEncryption => "copy-encryption",
            Self::RepeatableComplete => "repeatable-complete",
            Self::PrefixJobs => "prefix-jobs",
            Self::Versions => "versions",
        }
    }

    fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

impl Message for GetCapabilities {
    const NAME: OperationName = OperationName::GetCapabilities;
    type Reply = Capabilities;

    fn encode(&self, dialect: Dialect) -> Request {
        Request {
            method: Method::GET,
            target: Target::Service,
            query: Query::new().with(CAPABILITIES, ""),
            headers: HeaderWriter::new(dialect).done(),
            payload: None,
        }
    }

    fn decode(_: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self)
    }

    fn encode_reply(reply: &Capabilities, dialect: Dialect) -> Reply {
        let document = Writer::document(ROOT, |root| {
            root.text_if("Version", reply.version.as_ref());
            for capability in &reply.has {
                root.text("Capability", capability.as_str());
            }
        });
        Reply::document(document, HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<Capabilities, Unreadable> {
        let payload = reply.payload.as_deref().unwrap_or_default();
        let root = Element::parse(payload).map_err(|malformed| Unreadable(malformed.0))?;
        if root.name != ROOT {
            return Ok(Capabilities::default());
        }
        let names = root.children("Capability").map(|child| child.text.trim());
        Ok(Capabilities {
            version: root.value("Version").map(str::to_owned),
            has: names.filter_map(Capability::of).collect(),
        })
    }
}
