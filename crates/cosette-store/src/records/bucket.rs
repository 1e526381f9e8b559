//! The row of a bucket: checked by every write into it.

use cosette_types::{BucketName, Grant, Owner, Region, Timestamp};

use crate::codec::{Damaged, Decoder, Encoder, Record};
use crate::ops::bucket_settings::Versioning;
use crate::tables::{BodyId, BucketId};

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketRecord {
    pub(crate) id: BucketId,
    pub(crate) name: BucketName,
    pub(crate) region: Region,
    pub(crate) owner: Owner,
    pub(crate) acl: Vec<Grant>,
    pub(crate) versioning: Versioning,
    pub(crate) created: Timestamp,
    pub(crate) state: BucketState,
}

/// Whether a bucket may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BucketState {
    Live,
    /// Somebody is finding out whether it is empty, under this pending row.
    Deleting(u64, BodyId),
}

impl Record for BucketRecord {
    const WHAT: &'static str = "bucket row";

    fn encode(&self, to: &mut Encoder) {
        to.fixed(&self.id.0);
        to.bytes(self.name.as_str().as_bytes());
        to.bytes(self.region.as_str().as_bytes());
        to.owner(&self.owner);
        to.grants(&self.acl);
        to.byte(match self.versioning {
            Versioning::Unversioned => 0,
            Versioning::Enabled => 1,
            Versioning::Suspended => 2,
        });
        to.moment(self.created);
        match self.state {
            BucketState::Live => to.byte(0),
            BucketState::Deleting(epoch, pending) => {
                to.byte(1);
                to.number(epoch);
                to.fixed(&pending.0);
            }
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            id: BucketId(from.fixed()?),
            name: from.bucket_name()?,
            region: from.parse()?,
            owner: from.owner()?,
            acl: from.grants()?,
            versioning: match from.byte()? {
                0 => Versioning::Unversioned,
                1 => Versioning::Enabled,
                2 => Versioning::Suspended,
                _ => return Err(Damaged("an unknown state of versioning")),
            },
            created: from.moment()?,
            state: match from.byte()? {
                0 => BucketState::Live,
                1 => BucketState::Deleting(from.number()?, BodyId(from.fixed()?)),
                _ => return Err(Damaged("an unknown state")),
            },
        })
    }
}
