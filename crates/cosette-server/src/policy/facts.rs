//! What conditions of policies ask about a request: read once from its head, and only when a policy
//! is there to ask.

use std::net::IpAddr;
use std::sync::OnceLock;

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
    whole: OnceLock<Facts>,
}

impl<'a> Circumstances<'a> {
    pub(crate) fn new(head: &'a Head, peer: Peer, now: Timestamp) -> Self {
        Self {
            head: Some(head),
            peer,
            now,
            whole: OnceLock::new(),
        }
    }

    /// Of work in the background, which comes from nowhere.
    pub(crate) fn of_job(now: Timestamp) -> Self {
        Self {
            head: None,
            peer: Peer::default(),
            now,
            whole: OnceLock::new(),
        }
    }

    /// All facts, for what the request itself is about.
    pub(super) fn facts(&self) -> &Facts {
        self.whole.get_or_init(|| self.read())
    }

    /// The facts of a plain read, or removal, of this version by the same caller: what a copy asks of
    /// its source, and a list of deletes of each entry. The parameters and headers of the request are
    /// about its target, not about this one.
    pub(super) fn of_version(&self, version_id: Option<&VersionId>) -> Facts {
        let id = version_id.map(|id| Fact::Text(id.as_str().to_owned()));
        self.of_caller().with(Key::VersionId, id)
    }

    fn of_caller(&self) -> Facts {
        Facts::default()
            .with(Key::SourceIp, self.peer.address.map(Fact::Address))
            .with(Key::SecureTransport, Some(Fact::Truth(self.peer.secure)))
            .with(Key::CurrentTime, Some(Fact::Time(self.now)))
            .with(Key::Referer, self.header(header::REFERER.as_str()))
            .with(Key::UserAgent, self.header(header::USER_AGENT.as_str()))
    }

    fn read(&self) -> Facts {
        let dialect = self.head.map(|head| head.dialect).unwrap_or_default();
        let field = |field| self.header(dialect.name(field));
        self.of_caller()
            .with(Key::Prefix, self.parameter("prefix"))
            .with(Key::Delimiter, self.parameter("delimiter"))
            .with(Key::MaxKeys, self.parameter("max-keys"))
            .with(Key::VersionId, self.parameter("versionId"))
            .with(
                Key::ResponseContentType,
                self.parameter("response-content-type"),
            )
            .with(Key::Acl, field(Field::Acl))
            .with(Key::StorageClass, field(Field::StorageClass))
            .with(Key::CopySource, field(Field::CopySource))
            .with(Key::MetadataDirective, field(Field::MetadataDirective))
            .with(Key::ForbidOverwrite, field(Field::ForbidOverwrite))
            .with(Key::ContentType, self.header(header::CONTENT_TYPE.as_str()))
            .with(
                Key::ContentLength,
                self.header(header::CONTENT_LENGTH.as_str()),
            )
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
