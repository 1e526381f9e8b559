//! Replaces the ACL of an object, or of one version of it. Nothing else of it changes.

use cosette_types::{BucketName, Grant, ObjectKey, VersionId};

use crate::error::Error;
use crate::store::Store;

impl Store {
    /// Replaces the grants of the current version or of the version named; `None` inherits the
    /// bucket's.
    ///
    /// # Errors
    /// As [`Store::object`].
    pub async fn set_object_acl(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version_id: Option<&VersionId>,
        acl: Option<Vec<Grant>>,
    ) -> Result<(), Error> {
        Err(Error::io("under construction"))
    }
}
