//! Moves an object: the target appears and the source goes at one instant, whatever the size.
//!
//! The target is put as a PUT would; the source is removed as a DELETE would (a version named is
//! itself removed). Metadata, class and owner go along, and the ACL unless another one is given.

use cosette_md5::Md5 as Hasher;
use cosette_types::{
    BucketName, CopySource, Crc64, ETag, Grant, Md5, ObjectKey, Preconditions, Timestamp, VersionId,
};

use super::bucket_settings::Versioning;
use super::copy_object::Source;
use super::delete_object::Deleted;
use crate::error::Error;
use crate::limits;
use crate::planted::Bug;
use crate::records::{ObjectRecord, TokenRecord, acl_value};
use crate::store::{Core, Store};
use crate::tables::{self, LinkId};
use crate::txn::{Plan, Turns, Txn};
use crate::versions::{NewVersion, Versions};

/// An object to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveObject {
    /// What is moved; its region is not looked at.
    pub source: CopySource,
    /// The target's bucket.
    pub bucket: BucketName,
    /// The target's key.
    pub key: ObjectKey,
    /// What must hold of the source.
    pub preconditions: Preconditions,
    /// Refuses to replace an existing object. Without effect once the bucket was ever versioned.
    pub forbid_overwrite: bool,
    /// What must hold of the object that it replaces.
    pub target_preconditions: Preconditions,
    /// What becomes of the ACL.
    pub acl: MovedAcl,
    /// Names this move for a day: a repeat with the same token gets the first answer.
    pub client_token: Option<String>,
}

/// The ACL of what was moved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum MovedAcl {
    /// The one that the source has, or none of its own.
    #[default]
    Kept,
    /// These grants; `None` inherits the bucket's.
    Given(Option<Vec<Grant>>),
}

/// An object that was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its tag.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When it was moved.
    pub last_modified: Timestamp,
    /// The target's version id, if versioning is enabled there (not if suspended).
    pub version_id: Option<VersionId>,
    /// What happened to the source.
    pub source: Deleted,
}

impl Store {
    /// Moves an object.
    ///
    /// # Errors
    /// [`Error::SelfMove`] when source and target are the same bucket and key;
    /// [`Error::TokenReused`] when the token named another move, or is empty or too long; else as
    /// [`Store::copy_object`].
    pub async fn move_object(&self, request: MoveObject) -> Result<Moved, Error> {
        let onto_itself =
            request.source.bucket == request.bucket && request.source.key == request.key;
        if onto_itself && !Bug::SelfMoveDeletes.is_planted() {
            return Err(Error::SelfMove);
        }
        if let Some(token) = &request.client_token
            && !(1..=limits::TOKEN_BYTES_MAX).contains(&token.len())
        {
            return Err(Error::TokenReused);
        }
        self.detached(|core| async move { core.run(&request).await })
            .await
    }
}

impl Plan for MoveObject {
    type Made = Moved;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Moved, Error> {
        let target = txn.live_bucket(&self.bucket).await?;
        let token = self.client_token.as_ref();
        let token = token.filter(|_| !Bug::TokenForgotten.is_planted());
        let token = token.map(|token| tables::token(target.id, token));
        if let Some(row) = &token
            && let Some(answer) = txn.get::<TokenRecord>(row.clone()).await?
        {
            return self.first_answer(answer);
        }
        // Its rows are written, too, so its bucket must be live as well.
        txn.live_bucket(&self.source.bucket).await?;
        let source = Source::find(txn, &self.source).await?;
        source.check(&self.preconditions)?;
        // Where the source stays as a version, two would share a body that may grow.
        if source.object.extras.appendable && source.bucket.versioning != Versioning::Unversioned {
            return Err(Error::Appendable);
        }
        let versions = Versions::load(txn, &target, &self.key).await?;
        versions.forbid_overwrite(self.forbid_overwrite)?;
        versions.check_target(&self.target_preconditions)?;
        let from = Versions::load(txn, &source.bucket, &self.source.key).await?;
        // What is taken away keeps its reference: it only says from then on who refers. So nothing is
        // left for the sweep to look at.
        let takes = from.is_single() && self.source.version_id.is_none();
        let new = NewVersion {
            now: core.now(),
            owner: source.version.owner.clone(),
            object: Some(ObjectRecord {
                link: match takes {
                    true => source.object.link,
                    false => LinkId(core.new_id()?),
                },
                acl: match &self.acl {
                    MovedAcl::Kept => source.object.acl.clone(),
                    MovedAcl::Given(acl) => acl.clone(),
                },
                ..source.object.clone()
            }),
        };
        let version = versions.add(core, txn, new).await?;
        let removed = if takes {
            from.take(txn);
            Deleted::default()
        } else {
            let id = self.source.version_id.as_ref();
            from.delete(core, txn, id).await?
        };
        let moved = Moved {
            etag: source.object.etag,
            crc64: source.object.crc64,
            last_modified: version.last_modified,
            version_id: version.new_id(),
            source: removed,
        };
        if let Some(row) = token {
            self.remember(core, txn, row, &moved)?;
        }
        Ok(moved)
    }

    fn turns(&self) -> Turns<'_> {
        Turns {
            removes: Some((&self.source.bucket, self.source.key.as_str())),
            ..Turns::at(&self.bucket, &self.key)
        }
    }
}

impl MoveObject {
    fn first_answer(&self, answer: TokenRecord) -> Result<Moved, Error> {
        if answer.request != self.digest() {
            return Err(Error::TokenReused);
        }
        Ok(Moved {
            etag: answer.etag,
            crc64: answer.crc64,
            last_modified: answer.last_modified,
            version_id: answer.version_id,
            source: answer.source,
        })
    }

    fn remember(
        &self,
        core: &Core,
        txn: &mut Txn,
        row: bytes::Bytes,
        moved: &Moved,
    ) -> Result<(), Error> {
        let answer = TokenRecord {
            request: self.digest(),
            etag: moved.etag.clone(),
            crc64: moved.crc64,
            last_modified: moved.last_modified,
            version_id: moved.version_id.clone(),
            source: moved.source.clone(),
        };
        txn.put(row.clone(), &answer);
        let gone = core.now().secs() + limits::ANSWER_KEPT_SECS;
        txn.put_value(tables::expiry(gone, core.random()?), row);
        Ok(())
    }

    /// Tells this move from another one with the same token.
    fn digest(&self) -> Md5 {
        let version = self.source.version_id.as_ref();
        let mut digest = Hasher::new();
        for text in [
            self.source.bucket.as_str(),
            self.source.key.as_str(),
            version.map_or("", |id| id.as_str()),
            self.bucket.as_str(),
            self.key.as_str(),
        ] {
            digest.update(text.as_bytes());
            digest.update(&[0]);
        }
        if let MovedAcl::Given(acl) = &self.acl {
            digest.update(&acl_value(acl.as_ref()));
        }
        Md5(digest.finish())
    }
}
