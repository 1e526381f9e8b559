//! Makes an archived object readable for a while. Nothing is moved: the bytes are where they always
//! were, and two times say when they may be read.

use cosette_types::{BucketName, ObjectKey, Timestamp, VersionId};

use crate::error::Error;
use crate::records::{Extras, ObjectRecord, RestoreRecord};
use crate::store::{Core, Store};
use crate::tables;
use crate::txn::{Plan, Turns, Txn};
use crate::versions::Versions;

/// An archived object to be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one if `None`.
    pub version_id: Option<VersionId>,
    /// How long it takes until the object can be read.
    pub delay_secs: u64,
    /// How long it can be read from then on.
    pub kept_secs: u64,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restoring {
    /// It has begun.
    Begun,
    /// The object could be read already; only the end has moved.
    Extended,
}

/// Whether an archived object can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreState {
    /// Not yet.
    UnderWay,
    /// Until then.
    Readable {
        /// When it cannot be read any more.
        until: Timestamp,
    },
}

impl RestoreRecord {
    /// The state at a moment; `None` when it is over.
    pub(crate) fn state(self, now: Timestamp) -> Option<RestoreState> {
        if now < self.ready {
            Some(RestoreState::UnderWay)
        } else {
            let until = self.expires;
            (now < until).then_some(RestoreState::Readable { until })
        }
    }
}

impl Store {
    /// Restores an archived object.
    ///
    /// # Errors
    /// [`Error::NotArchived`] for an object of another class; [`Error::RestoreUnderWay`]; else as
    /// [`Store::object`].
    pub async fn restore_object(&self, request: RestoreObject) -> Result<Restoring, Error> {
        self.detached(|core| async move { core.run(&request).await })
            .await
    }
}

impl Plan for RestoreObject {
    type Made = Restoring;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Restoring, Error> {
        let bucket = txn.live_bucket(&self.bucket).await?;
        let versions = Versions::load(txn, &bucket, &self.key).await?;
        let (mut version, object) = versions.find(txn, self.version_id.as_ref()).await?;
        if !object.class.is_archived() {
            return Err(Error::NotArchived {
                class: object.class,
            });
        }
        let now = core.now();
        let later = |from: Timestamp, secs: u64| {
            Timestamp::from_micros(from.micros().saturating_add(secs.saturating_mul(1_000_000)))
        };
        let state = object.extras.restore.and_then(|record| record.state(now));
        let (ready, restoring) = match state {
            Some(RestoreState::UnderWay) => return Err(Error::RestoreUnderWay),
            Some(RestoreState::Readable { .. }) => (now, Restoring::Extended),
            None => (later(now, self.delay_secs), Restoring::Begun),
        };
        let restore = RestoreRecord {
            ready,
            expires: later(ready, self.kept_secs),
        };
        version.object = Some(ObjectRecord {
            extras: Extras {
                restore: Some(restore),
                ..object.extras.clone()
            },
            ..object
        });
        // As for an ACL: the head stays, and copies of this version check its row.
        let row = tables::version(bucket.id, &self.key, version.time);
        txn.put(row, &version);
        Ok(restoring)
    }

    fn turns(&self) -> Turns<'_> {
        Turns::at(&self.bucket, &self.key)
    }
}
