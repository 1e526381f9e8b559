//! What conditions of policies ask about a request: read from its head when one asks.

use std::net::IpAddr;

use cosette_proto::{Field, Head};
use cosette_types::policy::{Fact, Facts, Key};
use cosette_types::{Timestamp, VersionId};
use http::header;

/// Where a request comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Peer {
    /// The address; none for a request from the same process, or over a socket in a folder.
    pub(crate) address: Option<IpAddr>,
    /// Whether it came over TLS.
    pub(crate) secure: bool,
    /// Whether it came over the socket in the store's folder, which only the folder's owner can use.
    pub(crate) folder: bool,
}

impl Peer {
    /// Whether nobody between it and us can read along: over TLS, or on this machine.
    pub(crate) fn is_private(&self) -> bool {
        self.secure
            || self
                .address
                .is_none_or(|address| address.to_canonical().is_loopback())
    }
}

/// A request as conditions see it.
#[derive(Debug)]
pub(crate) struct Circumstances<'a> {
    /// None where no request asks: a job in the background.
    head: Option<&'a Head>,
    peer: Peer,
    now: Timestamp,
}

impl<'a> Circumstances<'a> {
    pub(crate) fn new(head: &'a Head, peer: Peer, now: Timestamp) -> Self {
        Self {
            head: Some(head),
            peer,
            now,
        }
    }

    /// Of work in the background, which comes from nowhere.
    pub(crate) fn of_job(now: Timestamp) -> Self {
        Self {
            head: None,
            peer: Peer::default(),
            now,
        }
    }

    /// For what is plainly read, or removed, by the same caller: this version.
    pub(super) const fn of_version<'b>(&'b self, id: Option<&'b VersionId>) -> OfVersion<'b> {
        OfVersion {
            circumstances: self,
            id,
        }
    }

    /// What is true of all that the caller asks for.
    fn of_caller(&self, key: Key) -> Option<Fact> {
        match key {
            Key::SourceIp => self.peer.address.map(Fact::Address),
            Key::SecureTransport => Some(Fact::Truth(self.peer.secure)),
            Key::CurrentTime => Some(Fact::Time(self.now)),
            Key::Referer => self.header(header::REFERER.as_str()),
            Key::UserAgent => self.header(header::USER_AGENT.as_str()),
            _ => None,
        }
    }

    fn field(&self, field: Field) -> Option<Fact> {
        let head = self.head?;
        self.header(head.dialect.name(field))
    }

    /// A header that is there and not empty.
    fn header(&self, name: &str) -> Option<Fact> {
        let value = self.head?.headers.get(name)?;
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (!text.is_empty()).then_some(Fact::Text(text))
    }

    /// A parameter that is there and not empty.
    fn parameter(&self, name: &str) -> Option<Fact> {
        let text = self.head?.query.get(name)?;
        (!text.is_empty()).then(|| Fact::Text(text.to_owned()))
    }
}

/// For what the request itself is about.
impl Facts for Circumstances<'_> {
    fn fact(&self, key: Key) -> Option<Fact> {
        match key {
            Key::Prefix => self.parameter("prefix"),
            Key::Delimiter => self.parameter("delimiter"),
            Key::MaxKeys => self.parameter("max-keys"),
            Key::VersionId => self.parameter("versionId"),
            Key::ResponseContentType => self.parameter("response-content-type"),
            Key::Acl => self.field(Field::Acl),
            Key::StorageClass => self.field(Field::StorageClass),
            Key::CopySource => self.field(Field::CopySource),
            Key::MetadataDirective => self.field(Field::MetadataDirective),
            Key::ForbidOverwrite => self.field(Field::ForbidOverwrite),
            Key::ContentType => self.header(header::CONTENT_TYPE.as_str()),
            Key::ContentLength => self.header(header::CONTENT_LENGTH.as_str()),
            Key::SourceIp
            | Key::SecureTransport
            | Key::CurrentTime
            | Key::Referer
            | Key::UserAgent => self.of_caller(key),
        }
    }
}

/// A plain read, or removal, of one version: what a copy asks of its source, and a list of deletes of
/// each entry. The parameters and headers of the request are about its target, not about this one.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfVersion<'a> {
    circumstances: &'a Circumstances<'a>,
    id: Option<&'a VersionId>,
}

impl Facts for OfVersion<'_> {
    fn fact(&self, key: Key) -> Option<Fact> {
        match key {
            Key::VersionId => self.id.map(|id| Fact::Text(id.as_str().to_owned())),
            other => self.circumstances.of_caller(other),
        }
    }
}
