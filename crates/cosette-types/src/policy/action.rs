//! What policies name: the actions of both dialects, as one list.

use std::fmt;

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The service or a bucket.
    Bucket,
    /// An object.
    Object,
}

/// Declares the actions once: the variant, its scope, the names that policies of the COS dialect
/// write (without `name/cos:`), and those of the S3 dialect (without `s3:`). One name may stand for
/// several actions, and one action may have several names.
macro_rules! actions {
    ($($variant:ident $scope:ident [$($cos:literal),*] [$($s3:literal),*],)*) => {
        /// One thing that a caller may or may not do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $(#[doc = concat!("`", stringify!($variant), "`")] $variant,)*
        }

        impl Action {
            /// All actions.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// What it is about.
            pub const fn scope(self) -> Scope {
                match self { $(Self::$variant => Scope::$scope,)* }
            }

            /// Its names in policies of the COS dialect.
            pub const fn cos_names(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($cos),*],)* }
            }

            /// Its names in policies of the S3 dialect.
            pub const fn s3_names(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($s3),*],)* }
            }
        }
    };
}

actions! {
    GetService Bucket ["GetService"] ["ListAllMyBuckets"],
    PutBucket Bucket ["PutBucket"] ["CreateBucket"],
    HeadBucket Bucket ["HeadBucket"] ["ListBucket"],
    DeleteBucket Bucket ["DeleteBucket"] ["DeleteBucket"],
    GetBucket Bucket ["GetBucket"] ["ListBucket"],
    GetBucketLocation Bucket ["GetBucketLocation"] ["GetBucketLocation"],
    GetBucketObjectVersions Bucket ["GetBucketObjectVersions"] ["ListBucketVersions"],
    ListMultipartUploads Bucket ["ListMultipartUploads"] ["ListBucketMultipartUploads"],
    PutBucketVersioning Bucket ["PutBucketVersioning"] ["PutBucketVersioning"],
    GetBucketVersioning Bucket ["GetBucketVersioning"] ["GetBucketVersioning"],
    PutBucketAcl Bucket ["PutBucketACL"] ["PutBucketAcl"],
    GetBucketAcl Bucket ["GetBucketACL"] ["GetBucketAcl"],
    PutBucketPolicy Bucket ["PutBucketPolicy"] ["PutBucketPolicy"],
    GetBucketPolicy Bucket ["GetBucketPolicy"] ["GetBucketPolicy"],
    DeleteBucketPolicy Bucket ["DeleteBucketPolicy"] ["DeleteBucketPolicy"],
    PutBucketCors Bucket ["PutBucketCORS"] ["PutBucketCORS"],
    GetBucketCors Bucket ["GetBucketCORS"] ["GetBucketCORS"],
    DeleteBucketCors Bucket ["DeleteBucketCORS"] ["PutBucketCORS"],
    PutBucketLifecycle Bucket ["PutBucketLifecycle"] ["PutLifecycleConfiguration"],
    GetBucketLifecycle Bucket ["GetBucketLifecycle"] ["GetLifecycleConfiguration"],
    DeleteBucketLifecycle Bucket ["DeleteBucketLifecycle"] ["PutLifecycleConfiguration"],
    PutBucketTagging Bucket ["PutBucketTagging"] ["PutBucketTagging"],
    GetBucketTagging Bucket ["GetBucketTagging"] ["GetBucketTagging"],
    DeleteBucketTagging Bucket ["DeleteBucketTagging"] ["PutBucketTagging"],
    PutBucketEncryption Bucket ["PutBucketEncryption"] ["PutEncryptionConfiguration"],
    GetBucketEncryption Bucket ["GetBucketEncryption"] ["GetEncryptionConfiguration"],
    DeleteBucketEncryption Bucket ["DeleteBucketEncryption"] ["PutEncryptionConfiguration"],
    GetObject Object ["GetObject"] ["GetObject"],
    GetObjectVersion Object ["GetObject", "GetObjectVersion"] ["GetObjectVersion"],
    HeadObject Object ["HeadObject"] ["GetObject"],
    HeadObjectVersion Object ["HeadObject", "HeadObjectVersion"] ["GetObjectVersion"],
    PutObject Object ["PutObject"] ["PutObject"],
    PostObject Object ["PostObject"] ["PutObject"],
    AppendObject Object ["AppendObject"] ["PutObject"],
    InitiateMultipartUpload Object ["InitiateMultipartUpload"] ["PutObject"],
    UploadPart Object ["UploadPart"] ["PutObject"],
    UploadPartCopy Object ["UploadPartCopy"] ["PutObject"],
    CompleteMultipartUpload Object ["CompleteMultipartUpload"] ["PutObject"],
    AbortMultipartUpload Object ["AbortMultipartUpload"] ["AbortMultipartUpload"],
    ListParts Object ["ListParts"] ["ListMultipartUploadParts"],
    DeleteObject Object ["DeleteObject", "DeleteMultipleObjects"] ["DeleteObject"],
    DeleteObjectVersion Object
        ["DeleteObject", "DeleteMultipleObjects", "DeleteObjectVersion"] ["DeleteObjectVersion"],
    PutObjectAcl Object ["PutObjectACL"] ["PutObjectAcl"],
    PutObjectVersionAcl Object ["PutObjectACL", "PutObjectVersionACL"] ["PutObjectVersionAcl"],
    GetObjectAcl Object ["GetObjectACL"] ["GetObjectAcl"],
    GetObjectVersionAcl Object ["GetObjectACL", "GetObjectVersionACL"] ["GetObjectVersionAcl"],
    PutObjectTagging Object ["PutObjectTagging"] ["PutObjectTagging"],
    PutObjectVersionTagging Object
        ["PutObjectTagging", "PutObjectVersionTagging"] ["PutObjectVersionTagging"],
    GetObjectTagging Object ["GetObjectTagging"] ["GetObjectTagging"],
    GetObjectVersionTagging Object
        ["GetObjectTagging", "GetObjectVersionTagging"] ["GetObjectVersionTagging"],
    DeleteObjectTagging Object ["DeleteObjectTagging"] ["DeleteObjectTagging"],
    DeleteObjectVersionTagging Object
        ["DeleteObjectTagging", "DeleteObjectVersionTagging"] ["DeleteObjectVersionTagging"],
    RestoreObject Object ["PostObjectRestore"] ["RestoreObject"],
    OptionsObject Object ["OptionsObject"] [],
}

impl Action {
    /// The action on one named version that stands beside this one on the current version.
    #[must_use]
    pub const fn of_version(self) -> Self {
        match self {
            Self::GetObject => Self::GetObjectVersion,
            Self::HeadObject => Self::HeadObjectVersion,
            Self::DeleteObject => Self::DeleteObjectVersion,
            Self::PutObjectAcl => Self::PutObjectVersionAcl,
            Self::GetObjectAcl => Self::GetObjectVersionAcl,
            Self::PutObjectTagging => Self::PutObjectVersionTagging,
            Self::GetObjectTagging => Self::GetObjectVersionTagging,
            Self::DeleteObjectTagging => Self::DeleteObjectVersionTagging,
            other => other,
        }
    }

    /// Whether it is about a bucket's policy: the owner's rights to it can never be taken away, or
    /// one wrong policy would lock everybody out for good.
    pub const fn is_about_policy(self) -> bool {
        matches!(
            self,
            Self::PutBucketPolicy | Self::GetBucketPolicy | Self::DeleteBucketPolicy
        )
    }

    const fn bit(self) -> u64 {
        1 << self as u32
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cos_names().last().copied().unwrap_or_default())
    }
}

/// Some actions.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ActionSet(u64);

// One bit for each action.
const _: () = assert!(Action::ALL.len() <= 64);

impl ActionSet {
    /// All actions.
    pub fn all() -> Self {
        Action::ALL.iter().copied().collect()
    }

    /// Whether the action is one of them.
    pub const fn contains(self, action: Action) -> bool {
        self.0 & action.bit() != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These and those.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// All actions but these.
    #[must_use]
    pub fn complement(self) -> Self {
        Self(Self::all().0 & !self.0)
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL
            .iter()
            .copied()
            .filter(move |action| self.contains(*action))
    }
}

impl FromIterator<Action> for ActionSet {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        Self(
            actions
                .into_iter()
                .fold(0, |set, action| set | action.bit()),
        )
    }
}

impl fmt::Debug for ActionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in() {
        for action in Action::ALL {
            let one: ActionSet = [*action].into_iter().collect();
            assert_eq!(one.iter().collect::<Vec<_>>(), [*action]);
            assert!(!one.complement().contains(*action));
            assert_eq!(one.union(one.complement()), ActionSet::all());
        }
        assert!(ActionSet::default().is_empty());
    }

    #[test]
    fn a_version_is_an_action_of_its_own() {
        assert_eq!(Action::GetObject.of_version(), Action::GetObjectVersion);
        assert_eq!(Action::PutObject.of_version(), Action::PutObject);
        for action in Action::ALL {
            assert_eq!(action.of_version().of_version(), action.of_version());
            assert_eq!(action.of_version().scope(), action.scope());
        }
    }
}
