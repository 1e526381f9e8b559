//! A move within a bucket in one request, where the service has it.

use std::hash::{BuildHasher, Hasher, RandomState};

use cosette_proto::ops::{Capability, DeleteObjectReply, GetObjectAcl, MoveObject, ObjectReply};
use cosette_types::{AclHeaders, Directive, Preconditions, Text};

use super::MoveOutcome;
use crate::copier::Copier;
use crate::error::Error;
use crate::proof::Proof;
use crate::reply::Output;
use crate::slice_copy::SliceCopied;
use crate::transfer::Strategy;

/// Renames, if that is all that is wanted and the service can. `None` if it must be a copy.
pub(super) async fn in_one_request(
    copier: &Copier,
    source: &Output<ObjectReply>,
) -> Result<Option<MoveOutcome>, Error> {
    let region = copier.plain.region.as_ref();
    if !changes_nothing_but_the_key(copier, source)
        || !copier.client.can(Capability::Rename, region).await
    {
        return Ok(None);
    }
    let Some(acl) = acl(copier).await else {
        return Ok(None);
    };
    copier.hold_of(source)?;
    let message = MoveObject {
        bucket: copier.bucket.clone(),
        key: copier.key.clone(),
        source_key: copier.source.key.clone(),
        source_preconditions: copier.pin(source),
        forbid_overwrite: copier.plan.forbid_overwrite.unwrap_or_default(),
        target_preconditions: Preconditions::default(),
        acl,
        client_token: token(),
    };
    let moved = match copier.client.perform(&copier.plain, &message, None).await {
        Ok(moved) => moved,
        // The service does not know it after all, or not for this object.
        Err(failed) if matches!(failed.error.status(), Some(405 | 501)) => return Ok(None),
        Err(failed) => return Err(failed.error),
    };
    let reply = moved.value.clone();
    let copied = SliceCopied {
        etag: reply.etag.unwrap_or_else(|| source.etag.clone()),
        version_id: reply.version_id,
        source_version_id: source.version_id.clone().filter(|id| !id.is_null()),
        crc64: source.crc64,
        strategy: Strategy::Rename,
        proof: Proof::SameObject,
        ..copier.described(source.size())
    };
    let deleted = DeleteObjectReply {
        version_id: None,
        delete_marker: false,
    };
    Ok(Some(MoveOutcome::Moved {
        copied: moved.clone().map(|_| copied),
        deleted: moved.map(|_| deleted),
    }))
}

fn changes_nothing_but_the_key(copier: &Copier, source: &ObjectReply) -> bool {
    let plan = &copier.plan;
    copier.source.bucket == copier.bucket
        && copier.source.version_id.is_none()
        && !copier.must_stream()
        && !copier.reads_for_itself()
        && !copier.has_headers()
        && plan.directive != Some(Directive::Replaced)
        && plan.tagging_directive != Some(Directive::Replaced)
        && plan.edits.is_empty()
        && plan.encryption.is_none()
        && plan.keep_encryption
        && plan
            .storage_class
            .is_none_or(|class| class == source.storage_class)
}

/// What a rename must say for the target to have the ACL that is wanted. Where the service cannot be told
/// any, the object's own goes along: then there must be none, unless it is wanted.
async fn acl(copier: &Copier) -> Option<AclHeaders> {
    let wanted = &copier.plan.acl;
    let region = copier.plain.region.as_ref();
    if copier.plan.keep_acl {
        return Some(AclHeaders::NONE);
    }
    if copier.client.can(Capability::RenameAcl, region).await {
        return Some(if wanted.is_empty() {
            AclHeaders::DEFAULT_ACL
        } else {
            wanted.clone()
        });
    }
    if !wanted.is_empty() {
        return None;
    }
    let message = GetObjectAcl {
        bucket: copier.source.bucket.clone(),
        key: copier.source.key.clone(),
        version_id: None,
    };
    let acl = copier.reader.perform(&copier.reading, &message, None).await;
    acl.is_ok_and(|acl| acl.inherits)
        .then_some(AclHeaders::NONE)
}

/// Unlike that of any other move: the keys of the standard library's hasher are random.
fn token() -> Option<Text> {
    let random = || RandomState::new().build_hasher().finish();
    format!("move-{:016x}{:016x}", random(), random())
        .parse()
        .ok()
}
