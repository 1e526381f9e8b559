//! Copies an object of any size: a few rows, no byte of it.
//!
//! Only where the target is to be encrypted otherwise than the source, the bytes are written again
//! before; then the same transaction follows.
//!
//! The source is read, its conditions judged and the target written at one instant. The new
//! reference is written by the commit that may remove the old one, so that an object can be copied
//! onto itself.

use std::sync::Arc;

use cosette_types::{
    BucketName, Checksum, CopySource, Crc64, CustomerKey, Directive, ETag, Encryption, Facts,
    Grant, Metadata, ObjectKey, Owner, Preconditions, Span, StorageClass, Tags, Timestamp,
    VersionId,
};

use super::restore_object::RestoreState;
use super::rewrite::{Old, Rewritten, rewrite};
use crate::encryption::{EncryptedWith, Protection, check_key};
use crate::error::Error;
use crate::limits;
use crate::planted::Bug;
use crate::records::{BucketRecord, EncryptionRecord, Extras, ObjectRecord, VersionRecord};
use crate::store::{Core, Store};
use crate::tables::{self, BodyId, LinkId};
use crate::txn::{Plan, Turns, Txn};
use crate::versions::{NewVersion, Versions};

/// An object to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyObject {
    /// What is copied; its region is not looked at.
    pub source: CopySource,
    /// The target's bucket.
    pub bucket: BucketName,
    /// The target's key.
    pub key: ObjectKey,
    /// Whose the target will be.
    pub owner: Owner,
    /// What must hold of the source.
    pub preconditions: Preconditions,
    /// Whether the target has the source's metadata, or `metadata`.
    pub directive: Directive,
    /// The target's metadata under [`Directive::Replaced`]; else not looked at.
    pub metadata: Metadata,
    /// The target's class, if asked for; else [`StorageClass::Standard`], whatever the source's is.
    pub storage_class: Option<StorageClass>,
    /// The target's own grants; `None` inherits its bucket's.
    pub acl: Option<Vec<Grant>>,
    /// Whether the target has the source's tags, or `tags`.
    pub tagging_directive: Directive,
    /// The target's tags under [`Directive::Replaced`]; else not looked at.
    pub tags: Tags,
    /// Refuses to replace an existing object. Without effect once the bucket was ever versioned.
    pub forbid_overwrite: bool,
    /// What must hold of the object that it replaces.
    pub target_preconditions: Preconditions,
    /// How the target is to be encrypted, if it is, whatever the source is.
    pub encryption: Option<Encryption>,
    /// Without `encryption`: the target is encrypted with the store's key if the source is, and not if
    /// the source is not. A customer's key is not kept so. Else not looked at.
    pub keep_encryption: bool,
    /// The customer's key that the source is encrypted with, if it is.
    pub source_key: Option<CustomerKey>,
}

/// An object that was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The target's tag: the source's.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When the copy was made.
    pub last_modified: Timestamp,
    /// The target's version id, if versioning is enabled there (not if suspended).
    pub version_id: Option<VersionId>,
    /// The id of the version that was copied, if the source's bucket was ever versioned.
    pub source_version_id: Option<VersionId>,
    /// How the target is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
    /// The checksum of its bytes, if the source has one.
    pub checksum: Option<Checksum>,
}

impl Store {
    /// Copies a version of an object.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`] (of either end), [`Error::NoSuchKey`], [`Error::KeyIsDeleted`],
    /// [`Error::NoSuchVersion`], [`Error::VersionIsDeleteMarker`], [`Error::MalformedVersionId`],
    /// [`Error::PreconditionFailed`], [`Error::Archived`], [`Error::Appendable`], [`Error::ObjectExists`],
    /// [`Error::TargetPreconditionFailed`].
    /// [`Error::SelfCopyWithoutChange`]: onto itself without [`Directive::Replaced`], a class asked
    /// for, or an older version named. [`Error::CustomerKeyNeeded`], [`Error::CustomerKeyWrong`],
    /// [`Error::CustomerKeyNotApplicable`] of the source; [`Error::NoEncryptionKey`];
    /// [`Error::TargetEncryptionNeeded`].
    pub async fn copy_object(&self, request: CopyObject) -> Result<Copied, Error> {
        self.detached(|core| async move { copy_object(&core, &request).await })
            .await
    }
}

async fn copy_object(core: &Arc<Core>, request: &CopyObject) -> Result<Copied, Error> {
    let mut attempt = Attempt {
        request,
        protection: core.protection(request.encryption.as_ref()).await?,
        written: None,
    };
    for _ in 0..=limits::REWRITES_MAX {
        let outcome = core.run(&attempt).await;
        let nothing_published = match &outcome {
            Ok(outcome) => outcome.is_none(),
            Err(error) => error.is_refusal(),
        };
        if let Some((_, written)) = attempt.written.take().filter(|_| nothing_published) {
            written.give_up(core).await?;
        }
        match outcome? {
            Some(copied) => return Ok(copied),
            // Boxed: it is rare, and as large as all the rest.
            None => attempt.written = Some(Box::pin(attempt.write_again(core)).await?),
        }
    }
    Err(Error::Conflict)
}

/// A copy, with what was written for it.
struct Attempt<'a> {
    request: &'a CopyObject,
    protection: Protection,
    /// The bytes of this body, encrypted as the target is to be.
    written: Option<(BodyId, Rewritten)>,
}

impl Attempt<'_> {
    async fn write_again(&self, core: &Arc<Core>) -> Result<(BodyId, Rewritten), Error> {
        let request = self.request;
        // Entered before the snapshot is taken, so that the body cannot go before it is leased.
        let entry = core.leases.enter();
        let mut txn = core.begin().await?;
        let source = Source::find(&mut txn, &request.source).await?;
        drop(txn);
        source.check(&request.preconditions)?;
        source.check_copyable(core.now())?;
        source.check_key(request.source_key.as_ref())?;
        let object = source.object;
        let lease = Arc::new(entry.lease(object.body));
        let old = Old {
            body: object.body,
            span: Span::whole(object.size),
            lease: &lease,
            customer_key: request.source_key.as_ref(),
        };
        let written = rewrite(core, &old, &self.protection).await?;
        if written.crc64() == object.crc64 {
            return Ok((object.body, written));
        }
        written.give_up(core).await?;
        Err(Error::corrupt("a body's bytes do not have its CRC-64"))
    }
}

impl Plan for Attempt<'_> {
    /// `None` if the bytes have to be written again first.
    type Made = Option<Copied>;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Option<Copied>, Error> {
        let request = self.request;
        let target = txn.live_bucket(&request.bucket).await?;
        let source = Source::find(txn, &request.source).await?;
        if request.is_onto_itself() && source.current && !request.changes_something() {
            return Err(Error::SelfCopyWithoutChange);
        }
        source.check(&request.preconditions)?;
        source.check_copyable(core.now())?;
        source.check_key(request.source_key.as_ref())?;
        let versions = Versions::load(txn, &target, &request.key).await?;
        versions.forbid_overwrite(request.forbid_overwrite)?;
        versions.check_target(&request.target_preconditions)?;
        let (body, encryption) = match &self.written {
            _ if request.keeps_encryption() || source.is_kept_as(&self.protection) => {
                let kept = source.object.extras.encryption.clone();
                if let (true, Some(EncryptionRecord::Customer(_))) =
                    (request.keeps_encryption(), &kept)
                {
                    return Err(Error::TargetEncryptionNeeded);
                }
                (source.object.body, kept)
            }
            _ if Bug::SharedAcrossKeys.is_planted() => {
                (source.object.body, self.protection.record())
            }
            Some((of, written))
                if *of == source.object.body || Bug::RewriteOfAnother.is_planted() =>
            {
                (written.publish(core, txn).await?, self.protection.record())
            }
            _ => return Ok(None),
        };
        let mut object = request.copy_of(&source.object, LinkId(core.new_id()?));
        let encrypted_with = encryption.as_ref().map(EncryptionRecord::told);
        object.extras.encryption = encryption;
        if object.body == source.object.body {
            object.body = body;
        }
        let new = NewVersion {
            now: core.now(),
            owner: request.owner.clone(),
            object: Some(object),
        };
        let version = versions.add(core, txn, new).await?;
        if let (true, Some(object)) = (request.is_onto_itself(), &version.object)
            && Bug::SelfCopyFreesItself.is_planted()
        {
            txn.delete(tables::reference(object.body, object.link));
            txn.mark(tables::free_body(object.body, object.link));
        }
        Ok(Some(Copied {
            etag: source.object.etag.clone(),
            crc64: source.object.crc64,
            last_modified: version.last_modified,
            version_id: version.new_id(),
            source_version_id: source.shown_id(),
            encrypted_with,
            checksum: source.object.extras.checksum,
        }))
    }

    fn turns(&self) -> Turns<'_> {
        let request = self.request;
        Turns {
            reads: Some((&request.source.bucket, request.source.key.as_str())),
            ..Turns::at(&request.bucket, &request.key)
        }
    }

    fn committing(&self) {
        if let Some((_, written)) = &self.written {
            written.committing();
        }
    }

    fn refused(&self) {
        if let Some((_, written)) = &self.written {
            written.refused();
        }
    }
}

impl CopyObject {
    fn is_onto_itself(&self) -> bool {
        self.source.bucket == self.bucket && self.source.key == self.key
    }

    /// Whether the bytes stay encrypted as they are, so that none is written again.
    fn keeps_encryption(&self) -> bool {
        self.keep_encryption && self.encryption.is_none()
    }

    /// Whether a copy onto itself is one that was asked for. A class counts even if it is the one
    /// that the object has: a retry after a lost answer must succeed.
    fn changes_something(&self) -> bool {
        self.directive == Directive::Replaced
            || self.tagging_directive == Directive::Replaced
            || self.storage_class.is_some()
            || self.encryption.is_some()
    }

    /// The target: the same body under a reference of its own.
    fn copy_of(&self, source: &ObjectRecord, mut link: LinkId) -> ObjectRecord {
        let mut body = source.body;
        if self.is_onto_itself() && Bug::SelfCopySharesReference.is_planted() {
            link = source.link;
        }
        if self.directive == Directive::Replaced && Bug::ReplaceLosesData.is_planted() {
            body = BodyId([0; 16]);
        }
        ObjectRecord {
            body,
            link,
            size: source.size,
            etag: source.etag.clone(),
            crc64: source.crc64,
            class: self.storage_class.unwrap_or_default(),
            metadata: match self.directive {
                Directive::Copy => source.metadata.clone(),
                Directive::Replaced => self.metadata.clone(),
            },
            acl: self.acl.clone(),
            extras: Extras {
                // The bytes are the same, however they are encrypted.
                checksum: source.extras.checksum.clone(),
                ..Extras::of_tags(match self.tagging_directive {
                    Directive::Copy => source.extras.tags.clone(),
                    Directive::Replaced => self.tags.clone(),
                })
            },
        }
    }
}

/// The version that a copy reads, found once: what is judged is what is copied.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) bucket: BucketRecord,
    pub(crate) version: VersionRecord,
    pub(crate) object: ObjectRecord,
    /// Whether it is the key's current version.
    pub(crate) current: bool,
}

impl Source {
    /// Finds it. The transaction commits only if it is still there then, and still what was asked
    /// for; so its body is referred to at that instant.
    pub(crate) async fn find(txn: &mut Txn, source: &CopySource) -> Result<Self, Error> {
        let bucket = txn.bucket(&source.bucket).await?;
        let versions = Versions::load(txn, &bucket, &source.key).await?;
        let (version, object) = versions.find(txn, source.version_id.as_ref()).await?;
        let current = versions.is_current(&version);
        Ok(Self {
            bucket,
            version,
            object,
            current,
        })
    }

    /// Judges the conditions on it.
    pub(crate) fn check(&self, preconditions: &Preconditions) -> Result<(), Error> {
        let facts = Facts {
            etag: self.object.etag.clone(),
            last_modified: self.version.last_modified,
        };
        if preconditions.hold(&facts) {
            Ok(())
        } else {
            Err(Error::PreconditionFailed)
        }
    }

    /// Archived bytes must be restored before they are copied, and what is appended to is not shared.
    pub(crate) fn check_copyable(&self, now: Timestamp) -> Result<(), Error> {
        let (class, extras) = (self.object.class, &self.object.extras);
        let state = extras.restore.and_then(|record| record.state(now));
        let restored = matches!(state, Some(RestoreState::Readable { .. }));
        if extras.appendable {
            Err(Error::Appendable)
        } else if class.is_archived() && !restored {
            Err(Error::Archived { class })
        } else {
            Ok(())
        }
    }

    /// Whether a customer's key, or none, is what it takes to read it.
    pub(crate) fn check_key(&self, customer_key: Option<&CustomerKey>) -> Result<(), Error> {
        check_key(self.object.extras.encryption.as_ref(), customer_key)
    }

    /// Whether its bytes are encrypted as they would be under this, so that they can be shared.
    pub(crate) fn is_kept_as(&self, protection: &Protection) -> bool {
        protection.is_as(self.object.extras.encryption.as_ref())
    }

    /// The id that clients are shown.
    pub(crate) fn shown_id(&self) -> Option<VersionId> {
        self.version.shown_id(self.bucket.versioning)
    }
}
