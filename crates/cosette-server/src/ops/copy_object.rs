//! Copies an object: target and source are judged together, the copy is one transaction.

use cosette_proto::ops::{CopyObject, CopyObjectReply};
use cosette_proto::{Dialect, Message};
use cosette_store::Store;
use cosette_types::{CopySource, ETagMatch, Encryption, Preconditions};

use super::{Answer, Context, encryption, with_content_type};
use crate::error::{About, Error};
use crate::policy::Permit;

pub(super) fn answer(cx: &Context<'_>, permit: &Permit, op: CopyObject) -> Answer {
    let (store, dialect) = (cx.store.clone(), cx.head.dialect);
    let request = request(permit, op, dialect);
    Answer::Long(Box::pin(async move {
        let reply = run(&store, request?).await?;
        Ok(CopyObject::encode_reply(&reply, dialect))
    }))
}

struct Wanted {
    request: cosette_store::CopyObject,
    tells_version: bool,
    guard: Guard,
}

fn request(permit: &Permit, op: CopyObject, dialect: Dialect) -> Result<Wanted, Error> {
    let tells_version = tells_version(&op.source, dialect);
    let guard = Guard::new(permit, &op.source_preconditions);
    let request = cosette_store::CopyObject {
        owner: permit.writer()?,
        acl: op.acl.for_object(&permit.bucket()?.owner)?,
        preconditions: guard.apply(op.source_preconditions),
        source: op.source,
        bucket: op.bucket,
        key: op.key,
        directive: op.directive.unwrap_or_default(),
        metadata: with_content_type(op.metadata),
        storage_class: op.storage_class,
        tagging_directive: op.tagging_directive.unwrap_or_default(),
        tags: op.tags,
        forbid_overwrite: op.forbid_overwrite,
        target_preconditions: op.target_preconditions,
        encryption: op.encryption,
        keep_encryption: op.keep_encryption,
        source_key: op.source_key,
    };
    Ok(Wanted {
        request,
        tells_version,
        guard,
    })
}

async fn run(store: &Store, wanted: Wanted) -> Result<CopyObjectReply, Error> {
    let Wanted {
        mut request,
        tells_version,
        guard,
    } = wanted;
    let asked = request.encryption.take();
    request.encryption = encryption::of_new(store, &request.bucket, asked).await?;
    let key = request.encryption.as_ref();
    let key = key.and_then(Encryption::customer_key).cloned();
    let made = store
        .copy_object(request)
        .await
        .map_err(|fact| guard.explain(fact))?;
    Ok(CopyObjectReply {
        etag: made.etag,
        crc64: Some(made.crc64),
        checksum: made.checksum,
        last_modified: made.last_modified,
        version_id: made.version_id,
        source_version_id: made.source_version_id.filter(|_| tells_version),
        encrypted_with: encryption::told(made.encrypted_with, key.as_ref()),
    })
}

/// Whether a reply says which version was copied: in COS if the request named one, in S3 wherever there
/// are versions, so that a client can hold on to the one that its first part came from.
pub(super) fn tells_version(source: &CopySource, dialect: Dialect) -> bool {
    source.version_id.is_some() || dialect == Dialect::S3
}

/// Keeps a copy to the bytes that its caller was permitted to read.
///
/// Between the permission and the copy the source's key may get other bytes with a stricter ACL. Who
/// may read anything in the source's bucket may read those too. For all others the copy is made on
/// the condition that the bytes are still the same.
#[derive(Debug)]
pub(super) struct Guard(Option<Held>);

#[derive(Debug)]
struct Held {
    etag: cosette_types::ETag,
    /// Whether the caller's own conditions held of what was permitted.
    own_conditions_hold: bool,
}

impl Guard {
    pub(super) fn new(permit: &Permit, conditions: &Preconditions) -> Self {
        Self(permit.source_permitted().map(|(version, etag)| Held {
            etag: etag.clone(),
            own_conditions_hold: conditions.hold(&version.facts()),
        }))
    }

    pub(super) fn apply(&self, mut conditions: Preconditions) -> Preconditions {
        // Conditions that fail by themselves stay as they are: they will fail again.
        if let Some(held) = self.0.as_ref().filter(|held| held.own_conditions_hold) {
            conditions.if_match = Some(ETagMatch::from(held.etag.clone()));
        }
        conditions
    }

    /// The answer to a fact: that the source changed under us is nothing that the caller asked
    /// about, and a later try may succeed.
    pub(super) fn explain(&self, fact: cosette_store::Error) -> Error {
        let ours = self.0.as_ref().is_some_and(|held| held.own_conditions_hold);
        match fact {
            cosette_store::Error::PreconditionFailed if ours => {
                Error::of_store(cosette_store::Error::Conflict, About::Source)
            }
            fact => Error::of_store(fact, About::Source),
        }
    }
}

#[cfg(test)]
mod tests {
    use cosette_proto::ErrorCode;
    use cosette_store::Error as Fact;

    use super::*;

    fn guard(own_conditions_hold: bool) -> Guard {
        let etag = "permitted".parse().unwrap();
        Guard(Some(Held {
            etag,
            own_conditions_hold,
        }))
    }

    #[test]
    fn only_the_bytes_that_were_permitted_are_copied() {
        let asked = Preconditions {
            if_match: Some(ETagMatch::Any),
            ..Preconditions::default()
        };
        let held = guard(true).apply(asked.clone());
        assert!(
            held.if_match
                .unwrap()
                .matches(&"permitted".parse().unwrap())
        );
        let other = "other".parse().unwrap();
        assert!(
            !guard(true)
                .apply(asked.clone())
                .if_match
                .unwrap()
                .matches(&other)
        );
        // Who may read them all is not held to one; who asked in vain is told so.
        assert_eq!(Guard(None).apply(asked.clone()), asked);
        assert_eq!(guard(false).apply(asked.clone()), asked);
    }

    #[test]
    fn a_source_that_changed_meanwhile_is_worth_another_try() {
        let code = |guard: &Guard, fact| guard.explain(fact).code();
        assert_eq!(
            code(&guard(true), Fact::PreconditionFailed),
            ErrorCode::PathConflict
        );
        assert_eq!(
            code(&guard(false), Fact::PreconditionFailed),
            ErrorCode::PreconditionFailed
        );
        assert_eq!(
            code(&Guard(None), Fact::PreconditionFailed),
            ErrorCode::PreconditionFailed
        );
        assert_eq!(code(&guard(true), Fact::NoSuchKey), ErrorCode::NoSuchKey);
    }
}
