//! The judgement: one question, one answer, in one order for every operation.
//!
//! 1. A policy that denies: of the bucket, of the user, of the session. Nothing overrules it, but
//!    that an owner's right to his bucket's policy cannot be taken away.
//! 2. A session must allow what its user does; its user must be allowed it as well.
//! 3. The bucket's owner, and whoever runs the server, may.
//! 4. The bucket's policy allows.
//! 5. A policy of the user allows, within the user's own account.
//! 6. An ACL grants.

use std::sync::Arc;

use cosette_store::Bucket;
use cosette_types::policy::{self, Effect, Facts, Question, Resource};
use cosette_types::{Action, Grant, Grantee, Permission, Policy};

use crate::auth::Caller;

/// A bucket with the policy that is attached to it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) bucket: Bucket,
    pub(super) policy: Option<Arc<Policy>>,
}

/// Which grant of an ACL is as good as the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByAcl {
    /// One of the bucket.
    OfBucket(Permission),
    /// One of the object, if it is there.
    OfObject(Permission),
    /// None: that takes the owner, or a policy.
    None,
}

/// What ACLs can grant.
pub(super) const fn by_acl(action: Action) -> ByAcl {
    use Action as A;
    match action {
        A::HeadBucket
        | A::GetBucket
        | A::GetBucketLocation
        | A::GetBucketObjectVersions
        | A::ListMultipartUploads => ByAcl::OfBucket(Permission::Read),
        A::GetBucketAcl => ByAcl::OfBucket(Permission::ReadAcp),
        A::PutBucketAcl => ByAcl::OfBucket(Permission::WriteAcp),
        A::PutObject
        | A::PostObject
        | A::AppendObject
        | A::InitiateMultipartUpload
        | A::UploadPart
        | A::UploadPartCopy
        | A::CompleteMultipartUpload
        | A::AbortMultipartUpload
        | A::ListParts
        | A::DeleteObject
        | A::DeleteObjectVersion => ByAcl::OfBucket(Permission::Write),
        A::GetObject | A::GetObjectVersion | A::HeadObject | A::HeadObjectVersion => {
            ByAcl::OfObject(Permission::Read)
        }
        A::GetObjectAcl | A::GetObjectVersionAcl => ByAcl::OfObject(Permission::ReadAcp),
        A::PutObjectAcl | A::PutObjectVersionAcl => ByAcl::OfObject(Permission::WriteAcp),
        A::GetService
        | A::PutBucket
        | A::DeleteBucket
        | A::PutBucketVersioning
        | A::GetBucketVersioning
        | A::PutBucketPolicy
        | A::GetBucketPolicy
        | A::DeleteBucketPolicy
        | A::PutBucketCors
        | A::GetBucketCors
        | A::DeleteBucketCors
        | A::PutBucketLifecycle
        | A::GetBucketLifecycle
        | A::DeleteBucketLifecycle
        | A::PutBucketTagging
        | A::GetBucketTagging
        | A::DeleteBucketTagging
        | A::PutBucketEncryption
        | A::GetBucketEncryption
        | A::DeleteBucketEncryption
        | A::PutObjectTagging
        | A::PutObjectVersionTagging
        | A::GetObjectTagging
        | A::GetObjectVersionTagging
        | A::DeleteObjectTagging
        | A::DeleteObjectVersionTagging
        | A::RestoreObject
        | A::OptionsObject => ByAcl::None,
    }
}

/// What was asked, with everything that decides it but ACLs.
#[derive(Debug)]
pub(super) struct Case<'a> {
    pub(super) caller: &'a Caller,
    pub(super) action: Action,
    pub(super) resource: Resource<'a>,
    pub(super) facts: &'a dyn Facts,
}

/// What policies and ownership say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may be done.
    Allowed,
    /// It may not, whatever an ACL says.
    Denied,
    /// It may if an ACL grants it.
    IfGranted,
}

impl Verdict {
    /// With what the ACLs say.
    pub(super) fn or(self, granted: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Allowed => true,
            Self::Denied => false,
            Self::IfGranted => granted(),
        }
    }
}

impl Case<'_> {
    fn question(&self) -> Question<'_> {
        Question {
            user: self.caller.user(),
            action: self.action,
            resource: self.resource,
            facts: self.facts,
        }
    }

    /// What a session says of it: `None` where there is none, or it allows.
    fn session_denies(&self) -> bool {
        let policy = self.caller.session_policy();
        policy.is_some_and(|policy| policy.says(&self.question()) != Some(Effect::Allow))
    }

    /// For what is in no bucket yet: the service, and buckets to be made. `by_right` says whether it
    /// is the caller's without a policy.
    pub(super) fn of_account(&self, by_right: bool, own_account: bool) -> bool {
        let by_user = policy::together(self.caller.policies(), &self.question());
        if by_user == Some(Effect::Deny) || self.session_denies() {
            return false;
        }
        by_right || (own_account && by_user == Some(Effect::Allow))
    }

    /// For a bucket and what is in it.
    pub(super) fn in_bucket(&self, place: &Place) -> Verdict {
        let question = self.question();
        let owns = self.caller.owns(&place.bucket.owner);
        let by_bucket = place
            .policy
            .as_ref()
            .and_then(|policy| policy.says(&question));
        let by_user = policy::together(self.caller.policies(), &question);
        let held = owns && self.action.is_about_policy();
        if (by_bucket == Some(Effect::Deny) && !held) || by_user == Some(Effect::Deny) {
            return Verdict::Denied;
        }
        if self.session_denies() {
            return Verdict::Denied;
        }
        let at_home = self.caller.is_of_account(place.bucket.owner.owner_uin());
        if owns || by_bucket == Some(Effect::Allow) || (at_home && by_user == Some(Effect::Allow)) {
            return Verdict::Allowed;
        }
        Verdict::IfGranted
    }
}

/// Whether an ACL grants something to the caller.
pub(super) fn grants(acl: &[Grant], caller: &Caller, wanted: Permission) -> bool {
    acl.iter().any(|grant| {
        let meant = match &grant.grantee {
            Grantee::AllUsers => true,
            Grantee::AuthenticatedUsers => caller.user().is_some(),
            Grantee::User(user) => caller.user() == Some(user),
        };
        meant && grant.permission.allows(wanted)
    })
}
