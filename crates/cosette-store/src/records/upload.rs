//! The rows of an upload: the upload itself, its parts, and the answer once it is completed.

use cosette_types::{
    Checksum, Crc64, ETag, Grant, Md5, Metadata, Owner, StorageClass, Timestamp, VersionId,
};

use crate::codec::{Damaged, Decoder, Encoder, Record};
use crate::encryption::EncryptedWith;
use crate::records::Extras;
use crate::tables::{BodyId, LinkId, UploadRef};

/// An unfinished upload. Every part checks this row, so changing it freezes the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadRecord {
    pub(crate) id: UploadRef,
    pub(crate) owner: Owner,
    pub(crate) initiated: Timestamp,
    pub(crate) class: StorageClass,
    pub(crate) metadata: Metadata,
    pub(crate) acl: Option<Vec<Grant>>,
    /// What else the object will have.
    pub(crate) extras: Extras,
    pub(crate) state: UploadState,
}

/// Where an unfinished upload is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadState {
    /// Takes parts.
    Open,
    /// Being completed under this pending row; the body it is to have.
    Completing(u64, BodyId),
}

/// A part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartRecord {
    pub(crate) body: BodyId,
    pub(crate) link: LinkId,
    pub(crate) size: u64,
    pub(crate) md5: Md5,
    pub(crate) crc64: Crc64,
    pub(crate) last_modified: Timestamp,
    /// A checksum of all its bytes, by an algorithm that its client chose.
    pub(crate) checksum: Option<Checksum>,
}

/// The answer to a completed upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnswerRecord {
    /// A digest of the part list that was completed.
    pub(crate) list: Md5,
    pub(crate) etag: ETag,
    pub(crate) crc64: Crc64,
    pub(crate) version_id: Option<VersionId>,
    pub(crate) last_modified: Timestamp,
    pub(crate) encrypted_with: Option<EncryptedWith>,
    /// The object's.
    pub(crate) checksum: Option<Checksum>,
}

impl Record for UploadRecord {
    const WHAT: &'static str = "upload row";

    fn encode(&self, to: &mut Encoder) {
        to.fixed(&self.id.0);
        to.owner(&self.owner);
        to.moment(self.initiated);
        to.class(self.class);
        to.metadata(&self.metadata);
        to.acl(self.acl.as_ref());
        match self.state {
            UploadState::Open => to.byte(0),
            UploadState::Completing(epoch, body) => {
                to.byte(1);
                to.number(epoch);
                to.fixed(&body.0);
            }
        }
        self.extras.encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            id: UploadRef(from.fixed()?),
            owner: from.owner()?,
            initiated: from.moment()?,
            class: from.class()?,
            metadata: from.metadata()?,
            acl: from.acl()?,
            state: match from.byte()? {
                0 => UploadState::Open,
                1 => UploadState::Completing(from.number()?, BodyId(from.fixed()?)),
                _ => return Err(Damaged("an unknown state")),
            },
            extras: Extras::decode(from)?,
        })
    }
}

impl Record for PartRecord {
    const WHAT: &'static str = "part row";

    fn encode(&self, to: &mut Encoder) {
        to.fixed(&self.body.0);
        to.fixed(&self.link.0);
        to.number(self.size);
        to.fixed(&self.md5.0);
        to.crc64(self.crc64);
        to.moment(self.last_modified);
        // As an extra: parts without one are as they always were.
        if let Some(checksum) = &self.checksum {
            to.checksum(checksum);
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            body: BodyId(from.fixed()?),
            link: LinkId(from.fixed()?),
            size: from.number()?,
            md5: from.md5()?,
            crc64: from.crc64()?,
            last_modified: from.moment()?,
            checksum: from.last_checksum()?,
        })
    }
}

impl Record for AnswerRecord {
    const WHAT: &'static str = "answer row";

    fn encode(&self, to: &mut Encoder) {
        to.fixed(&self.list.0);
        to.etag(&self.etag);
        to.crc64(self.crc64);
        to.version_id(self.version_id.as_ref());
        to.moment(self.last_modified);
        // As extras: answers of objects that have none are as they always were.
        match self.encrypted_with {
            None => {}
            Some(EncryptedWith::StoreKey) => to.byte(1),
            Some(EncryptedWith::CustomerKey) => to.byte(2),
        }
        if let Some(checksum) = &self.checksum {
            to.checksum(checksum);
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        let mut answer = Self {
            list: from.md5()?,
            etag: from.etag()?,
            crc64: from.crc64()?,
            version_id: from.version_id()?,
            last_modified: from.moment()?,
            encrypted_with: None,
            checksum: None,
        };
        while !from.is_empty() {
            match from.byte()? {
                1 => answer.encrypted_with = Some(EncryptedWith::StoreKey),
                2 => answer.encrypted_with = Some(EncryptedWith::CustomerKey),
                code => answer.checksum = Some(from.checksum(code)?),
            }
        }
        Ok(answer)
    }
}
