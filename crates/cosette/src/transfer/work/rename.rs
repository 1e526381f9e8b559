//! Moves within a bucket at one instant, where the service has them.
//!
//! Nothing is ever at both places or at none, so there is nothing to prove and nothing to write down
//! before. A rename whose answer was lost is asked for again with the same token, and what is at the
//! target tells the rest.

use cosette_proto::ops::MoveObject;
use cosette_types::{AclHeaders, Preconditions};

use super::{Halt, Task};
use crate::error::{ErrorKind, Missing};
use crate::send::Context;
use crate::transfer::entry::{Place, WantedAcl, WantedEncryption, WantedMetadata, WantedTags};
use crate::transfer::event::{Event, Strategy};
use crate::transfer::journal::{Copied, Step};

impl Task<'_> {
    /// Renames, if that is all that is wanted and the service can. False if it must be a copy.
    pub(super) async fn rename(&self, source: &Place, target: &Place) -> Result<bool, Halt> {
        let seen = &self.entry.seen;
        let Some(etag) = seen
            .etag
            .as_ref()
            .filter(|_| self.is_a_rename(source, target))
        else {
            return Ok(false);
        };
        let Some(acl) = self.acl_of_a_rename(source).await else {
            return Ok(false);
        };
        let client = self.worker.target;
        let token = format!("{}/{}", self.worker.token, self.number);
        let message = MoveObject {
            bucket: target.bucket.clone(),
            key: target.key.clone(),
            source_key: source.key.clone(),
            source_preconditions: Preconditions {
                if_match: Some(etag.clone().into()),
                if_unmodified_since: seen.last_modified,
                ..Preconditions::default()
            },
            forbid_overwrite: self.wanted.forbid_overwrite,
            target_preconditions: Preconditions::default(),
            acl,
            client_token: token.parse().ok(),
        };
        let context = Context {
            region: target.region.clone(),
            ..Context::default()
        };
        let moved = client.perform(&context, &message, None).await;
        let version_id = match moved.map_err(|failed| failed.error) {
            Ok(moved) => moved.value.version_id,
            // The service does not know it, or not for this object.
            Err(error) if matches!(error.status(), Some(405 | 501)) => return Ok(false),
            // An earlier run did it, or an earlier try, and the answer was lost; or nobody did.
            Err(error)
                if error.kind() == ErrorKind::NotFound(Missing::Key)
                    && (self.worker.carried_on || error.attempts() > 1) =>
            {
                let there = self.head(client, target, self.keys.target.as_ref()).await;
                let moved = there
                    .ok()
                    .filter(|there| there.etag == *etag && there.size() == seen.size);
                match moved {
                    Some(there) => there.value.version_id.filter(|id| !id.is_null()),
                    None => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        };
        // Nothing depends on it; whoever reads the journal later learns what became of it.
        let made = Step::Verified(Copied {
            etag: Some(etag.clone()),
            crc64: seen.crc64,
            version_id,
            source_etag: Some(etag.clone()),
            source_version_id: seen.version_id.clone(),
            source_modified: seen.last_modified,
        });
        let noted = self.worker.recorder.note(self.number, &made).await;
        noted.map_err(Halt::Journal)?;
        self.tell(&Event::Strategy {
            entry: self.number,
            strategy: Strategy::Rename,
        });
        Ok(true)
    }

    /// Whether nothing but the key changes.
    fn is_a_rename(&self, source: &Place, target: &Place) -> bool {
        let wanted = self.wanted;
        let class = wanted.storage_class;
        (self.worker.settings.rename || self.worker.able.rename)
            && source.bucket == target.bucket
            && source.version_id.is_none()
            && wanted.metadata == WantedMetadata::Keep
            && wanted.tags != WantedTags::Without
            && wanted.encryption == WantedEncryption::Keep
            && (class.is_none() || class == self.entry.seen.storage_class)
            && self.worker.is_one_account()
            && self.standing.upload.is_none()
            && self.standing.beginning.is_none()
    }

    /// What a rename must say for the target to have the ACL that is wanted. Where the service cannot be
    /// told any, the object's own goes along: then there must be none, unless it is wanted.
    async fn acl_of_a_rename(&self, source: &Place) -> Option<AclHeaders> {
        match &self.wanted.acl {
            WantedAcl::Keep => return Some(AclHeaders::NONE),
            WantedAcl::Set(acl) => return self.worker.able.rename_acl.then(|| acl.clone()),
            WantedAcl::Inherit if self.worker.able.rename_acl => {
                return Some(AclHeaders::DEFAULT_ACL);
            }
            WantedAcl::Inherit if self.worker.settings.rename => return Some(AclHeaders::NONE),
            WantedAcl::Inherit => {}
        }
        let client = self.worker.source;
        let mut call = client
            .get_object_acl()
            .bucket(&source.bucket)
            .key(&source.key);
        if let Some(region) = &source.region {
            call = call.region(region);
        }
        let inherits = match call.send().await {
            Ok(acl) => acl.inherits,
            // An earlier run may have renamed it already: the rename itself finds that out.
            Err(error) => error.kind() == ErrorKind::NotFound(Missing::Key),
        };
        inherits.then_some(AclHeaders::NONE)
    }
}
