//! Moving an object: copied, proved, and only then removed at its old place.
//!
//! COS has no call that changes an object's name, so a move is a copy and a delete. What is deleted
//! comes from what was copied, never from a second argument. Nothing is deleted that was not proved
//! to be at the target. Where the service can more, it is used: one request that gives an object
//! another key, and a delete that the service itself makes depend on what was copied.

use cosette_proto::ops::{DeleteObject, DeleteObjectReply, GetAclReply, ObjectReply};
use cosette_types::{Directive, Preconditions};

use crate::calls::{
    acl_setters, common_setters, condition_setter, metadata_setters, source_condition_setters,
    tag_setters,
};
use crate::client::Client;
use crate::copier::Copier;
use crate::draft::Draft;
use crate::error::{Error, ErrorKind, Missing};
use crate::proof::prove;
use crate::remove::{self, Removal, Sight};
use crate::reply::Output;
use crate::slice_copy::{Plan, SliceCopied, plan_setter, plan_setters};

mod rename;

/// A move, being put together. See [`Client::move_object`].
#[derive(Debug)]
#[must_use = "a call does nothing until it is sent"]
pub struct Mover {
    draft: Draft,
    plan: Plan,
}

/// How a move ended. In each case the target has the source's bytes.
#[derive(Debug)]
#[non_exhaustive]
pub enum MoveOutcome {
    /// The source is gone from its old place.
    Moved {
        /// The copy.
        copied: Output<SliceCopied>,
        /// The answer to the delete; when the move was one request, to that.
        deleted: Output<DeleteObjectReply>,
    },
    /// The source was written or removed by somebody else after it was copied; what is there now was
    /// not copied, and was left alone.
    CopiedButSourceChanged {
        /// The copy.
        copied: Output<SliceCopied>,
    },
    /// The source is still there: the copy could not be proved, or the delete was refused or lost.
    CopiedButNotDeleted {
        /// The copy.
        copied: Output<SliceCopied>,
        /// Why.
        error: Error,
    },
}

impl MoveOutcome {
    /// The copy, which each outcome has.
    pub fn copied(&self) -> &Output<SliceCopied> {
        match self {
            Self::Moved { copied, .. }
            | Self::CopiedButSourceChanged { copied }
            | Self::CopiedButNotDeleted { copied, .. } => copied,
        }
    }

    /// Whether the source is gone from its old place.
    pub fn is_moved(&self) -> bool {
        matches!(self, Self::Moved { .. })
    }
}

impl Client {
    /// Moves an object to another key or bucket: copies it as [`Client::slice_copy`] does, proves
    /// the copy (size and CRC-64), then deletes the source that was copied. Metadata and storage
    /// class are kept unless others are given.
    ///
    /// Within a bucket it is one request at one instant where the service has that and nothing but
    /// the key changes ([`Client::capabilities`]; [`Client::without`] forbids it).
    ///
    /// Before the delete the source is looked at again, unless the service itself deletes only what
    /// was copied: COS does not, so there the time of one request is left in which a write of somebody
    /// else to the source would be deleted. A bucket with versioning keeps it even then.
    ///
    /// In a bucket with versioning the delete leaves a delete marker; a source that names a version
    /// has that version removed. Source and target must not be one object.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(|client| async move {
    /// // seed: S54
    /// // Move a/1.jpg to b/1.jpg.
    /// let outcome = client
    ///     .move_object()
    ///     .bucket("examplebucket-1250000000")
    ///     .region("ap-guangzhou")
    ///     .key("b/1.jpg")
    ///     .copy_source("sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg")
    ///     .send()
    ///     .await?;
    /// assert!(outcome.is_moved());
    /// # Ok(()) }) }
    /// ```
    pub fn move_object(&self) -> Mover {
        Mover {
            draft: Draft::new(self),
            plan: Plan::new(),
        }
    }
}

impl Mover {
    plan_setters!();

    /// Moves the object.
    ///
    /// # Errors
    /// When the copy failed: then nothing was deleted. [`ErrorKind::Invalid`] when source and target
    /// are one object: then nothing was sent. What goes wrong after the copy is an outcome.
    pub async fn send(self) -> Result<MoveOutcome, Error> {
        let same = self.plan.source.as_ref().is_some_and(|source| {
            Some(&source.bucket) == self.plan.bucket.as_ref()
                && Some(&source.key) == self.plan.key.as_ref()
        });
        if same {
            self.draft.check()?;
            let words = "source and target are one object: moving it would delete it";
            return Err(Error::invalid("copy_source", words));
        }
        let mut copier = Copier::new(self.draft, self.plan)?;
        let source = copier.look_at_source().await?;
        copier.plan.directive.get_or_insert(Directive::Copy);
        copier.plan.keep_class = true;
        let acl = copier.acl_to_keep().await?;
        if let Some(moved) = rename::in_one_request(&copier, &source).await? {
            return Ok(moved);
        }
        let copied = copier.copy(&source).await?;
        finish(&copier, &source, acl, copied).await
    }
}

/// From a copy that was answered to a source that is gone.
async fn finish(
    copier: &Copier,
    source: &Output<ObjectReply>,
    acl: Option<GetAclReply>,
    mut copied: Output<SliceCopied>,
) -> Result<MoveOutcome, Error> {
    let ready = async {
        let proof = prove(copier, source, &copied).await?;
        if let Some(acl) = acl {
            copier.give_acl(acl, copied.version_id.as_ref()).await?;
        }
        Ok(proof)
    };
    match ready.await {
        Ok(proof) => copied.value.proof = proof,
        Err(error) => return Ok(MoveOutcome::CopiedButNotDeleted { copied, error }),
    }
    if remove::is_conditional(&copier.reader, copier.reading.region.as_ref()).await {
        return Ok(delete_copied(copier, source, copied).await);
    }
    // A named version never changes; anything else may have been written meanwhile.
    if copier.source.version_id.is_none() {
        match copier.look_at_source().await {
            Ok(now) if is_same(source, &now) => {}
            Ok(_) => return Ok(MoveOutcome::CopiedButSourceChanged { copied }),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound(Missing::Key)) => {
                return Ok(MoveOutcome::CopiedButSourceChanged { copied });
            }
            Err(error) => return Ok(MoveOutcome::CopiedButNotDeleted { copied, error }),
        }
    }
    let message = DeleteObject {
        bucket: copier.source.bucket.clone(),
        key: copier.source.key.clone(),
        version_id: copier.source.version_id.clone(),
        preconditions: Preconditions::default(),
    };
    Ok(
        match copier.reader.perform(&copier.reading, &message, None).await {
            Ok(deleted) => MoveOutcome::Moved { copied, deleted },
            Err(failed) => MoveOutcome::CopiedButNotDeleted {
                copied,
                error: failed.error,
            },
        },
    )
}

/// The service deletes what was copied, or says that it is not there any more.
async fn delete_copied(
    copier: &Copier,
    source: &ObjectReply,
    copied: Output<SliceCopied>,
) -> MoveOutcome {
    let seen = Sight {
        bucket: &copier.source.bucket,
        key: &copier.source.key,
        version_id: copier.source.version_id.as_ref(),
        etag: &source.etag,
        modified: Some(source.last_modified),
        customer_key: copier.plan.source_key.as_ref(),
    };
    match remove::remove_seen(&copier.reader, &copier.reading, seen).await {
        Ok(Removal::Done(deleted)) => MoveOutcome::Moved { copied, deleted },
        Ok(Removal::Changed | Removal::Missing) => MoveOutcome::CopiedButSourceChanged { copied },
        Err(error) => MoveOutcome::CopiedButNotDeleted { copied, error },
    }
}

/// Whether the object is the one that was seen: same bytes, same write.
fn is_same(seen: &ObjectReply, now: &ObjectReply) -> bool {
    seen.etag == now.etag
        && seen.size() == now.size()
        && seen.crc64 == now.crc64
        && seen.last_modified == now.last_modified
        && seen.version_id == now.version_id
}
