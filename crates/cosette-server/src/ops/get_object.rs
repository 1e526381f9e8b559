//! Reads an object: the version that was permitted, as a stream that its reader paces.

use cosette_proto::aside::{ReadAside, tell_checksum, tell_parts};
use cosette_proto::ops::{
    ContentRange, GetObject, HeadObject, ObjectReply, ObjectType, ResponseOverrides,
};
use cosette_proto::{ErrorCode, Message, Reply, date};
use cosette_store::{ObjectVersion, RestoreState, Store};
use cosette_types::{
    Checksum, CustomerKey, Metadata, PartNumber, Preconditions, ReadOutcome, ReadRange, Span, Text,
};
use futures_util::{StreamExt, TryStreamExt};

use super::{Answer, Context, encryption};
use crate::body::Body;
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn get(
    cx: &Context<'_>,
    permit: &Permit,
    op: &GetObject,
) -> Result<Answer, Error> {
    let version = permit.object()?;
    let key = op.customer_key.as_ref();
    let aside = Aside::of(cx, version).await?;
    let wanted = aside.wanted(op.range);
    let (mut reply, span) = read(version, &op.preconditions, wanted, key)?;
    overridden(&mut reply.metadata, &op.overrides);
    let mut head = GetObject::encode_reply(&reply, cx.head.dialect);
    aside.tell(version, &reply, &mut head);
    if reply.not_modified {
        return Ok(Answer::Reply(head));
    }
    if !version.is_readable() {
        return Err(Error::archived(version.storage_class));
    }
    let mut bytes = Box::pin(cx.store.read_with(version, span, key).peekable());
    if version.encrypted_with.is_some()
        && let Some(Err(error)) = bytes.as_mut().peek().await
    {
        // A key that is missing is told as long as there is a status to tell it with.
        return Err(error.clone().into());
    }
    let bytes = bytes.inspect_err(|error| {
        // The status is sent; all that is left is to break off, and to say why here.
        tracing::error!(%error, "the bytes of an object cannot be read");
    });
    Ok(Answer::Bytes(
        head,
        Body::stream(bytes.map_err(Into::into), Some(span.len())),
    ))
}

pub(super) async fn head(
    cx: &Context<'_>,
    permit: &Permit,
    op: &HeadObject,
) -> Result<Answer, Error> {
    let version = permit.object()?;
    let key = op.customer_key.as_ref();
    let aside = Aside::of(cx, version).await?;
    let wanted = aside.wanted(op.range);
    let (reply, _) = read(version, &op.preconditions, wanted, key)?;
    let mut head = HeadObject::encode_reply(&reply, cx.head.dialect);
    aside.tell(version, &reply, &mut head);
    Ok(Answer::Reply(head))
}

/// What is asked and told beside a read.
struct Aside {
    part: Option<Part>,
    checksum: bool,
    /// The range is of another object than this one.
    range_is_stale: bool,
}

/// The one part that is read.
struct Part {
    span: Span,
    /// How many there are; `None` of an object that was put at once.
    count: Option<u32>,
    /// Its own, where one was kept.
    checksum: Option<Checksum>,
}

impl Part {
    /// What was put at once is one part; so is what was written again, which forgets where its parts
    /// began.
    async fn find(
        store: &Store,
        version: &ObjectVersion,
        number: PartNumber,
    ) -> Result<Self, Error> {
        let none = || Error::new(ErrorCode::InvalidPartNumber);
        let wanted = u32::from(number.get());
        match store.parts_of(version, wanted..=wanted).await? {
            None if wanted == 1 => Ok(Self {
                span: Span::whole(version.size),
                count: None,
                checksum: None,
            }),
            None => Err(none()),
            Some(mut found) => {
                let part = found.parts.pop().ok_or_else(none)?;
                Ok(Self {
                    span: part.span,
                    count: Some(found.count),
                    checksum: part.checksum,
                })
            }
        }
    }
}

/// Which bytes are read.
#[derive(Clone, Copy)]
enum Wanted {
    Whole,
    Range(ReadRange),
    /// A part that is there.
    Part(Span),
}

impl Aside {
    async fn of(cx: &Context<'_>, version: &ObjectVersion) -> Result<Self, Error> {
        let asked = ReadAside::of(cx.head)?;
        let part = match asked.part_number {
            None => None,
            Some(number) => Some(Part::find(cx.store, version, number).await?),
        };
        let goes_on = asked.if_range.is_none_or(|of| of.is(&version.facts()));
        Ok(Self {
            part,
            checksum: asked.checksum,
            range_is_stale: !goes_on,
        })
    }

    fn wanted(&self, range: Option<ReadRange>) -> Wanted {
        match (&self.part, range) {
            // Of nothing at all there is no range to tell.
            (Some(part), _) if !part.span.is_empty() => Wanted::Part(part.span),
            (None, Some(range)) if !self.range_is_stale => Wanted::Range(range),
            _ => Wanted::Whole,
        }
    }

    /// A checksum is told with the bytes that it is of.
    fn tell(&self, version: &ObjectVersion, reply: &ObjectReply, head: &mut Reply) {
        if let Some(count) = self.part.as_ref().and_then(|part| part.count) {
            tell_parts(&mut head.headers, count);
        }
        if reply.not_modified || !self.checksum {
            return;
        }
        let Some(of_object) = &version.checksum else {
            return;
        };
        let is_whole = reply.content_length == version.size;
        match self.part.as_ref().and_then(|part| part.checksum.clone()) {
            // The type is that of the object: it says what was made of the part's.
            Some(of_part) => tell_checksum(
                &mut head.headers,
                &Checksum {
                    kind: of_object.kind,
                    ..of_part
                },
            ),
            None if is_whole => tell_checksum(&mut head.headers, of_object),
            None => {}
        }
    }
}

fn read(
    version: &ObjectVersion,
    conditions: &Preconditions,
    wanted: Wanted,
    key: Option<&CustomerKey>,
) -> Result<(ObjectReply, Span), Error> {
    let encrypted_with = encryption::of_object(version, key)?;
    let not_modified = match conditions.read(&version.facts()) {
        ReadOutcome::Proceed => false,
        ReadOutcome::NotModified => true,
        ReadOutcome::Failed => return Err(cosette_store::Error::PreconditionFailed.into()),
    };
    let whole = Span::whole(version.size);
    let part = match wanted {
        _ if not_modified => None,
        Wanted::Whole => None,
        Wanted::Range(range) => {
            let span = range.within(version.size);
            Some(span.ok_or_else(|| Error::range(version.size))?)
        }
        Wanted::Part(span) => Some(span),
    };
    let content_range = part.map(|span| ContentRange {
        first: span.start,
        last: span.end.saturating_sub(1),
        size: version.size,
    });
    let span = part.unwrap_or(whole);
    let reply = ObjectReply {
        not_modified,
        content_length: span.len(),
        content_range,
        etag: version.etag.clone(),
        last_modified: version.last_modified,
        metadata: version.metadata.clone(),
        storage_class: version.storage_class,
        crc64: Some(version.crc64),
        version_id: version.version_id.clone(),
        tagging_count: u16::try_from(version.tags.len()).unwrap_or(u16::MAX),
        object_type: if version.appendable {
            ObjectType::Appendable
        } else {
            ObjectType::Normal
        },
        restore: version.restore.and_then(restore_text),
        encrypted_with,
    };
    Ok((reply, span))
}

fn restore_text(state: RestoreState) -> Option<Text> {
    let text = match state {
        RestoreState::UnderWay => "ongoing-request=\"true\"".to_owned(),
        RestoreState::Readable { until } => {
            let until = date::rfc1123(until);
            format!("ongoing-request=\"false\", expiry-date=\"{until}\"")
        }
    };
    text.parse().ok()
}

fn overridden(metadata: &mut Metadata, overrides: &ResponseOverrides) {
    let content = &mut metadata.content;
    for (stored, wanted) in [
        (&mut content.content_type, &overrides.content_type),
        (&mut content.content_language, &overrides.content_language),
        (&mut content.expires, &overrides.expires),
        (&mut content.cache_control, &overrides.cache_control),
        (
            &mut content.content_disposition,
            &overrides.content_disposition,
        ),
        (&mut content.content_encoding, &overrides.content_encoding),
    ] {
        if wanted.is_some() {
            stored.clone_from(wanted);
        }
    }
}
