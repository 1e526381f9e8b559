//! The rows of a key: its head, and each of its versions.

use cosette_types::{
    Checksum, ChecksumKind, Crc64, DeclaredChecksum, ETag, Grant, Metadata, Owner, StorageClass,
    Tags, Timestamp, VersionId, VersionTime,
};

use crate::codec::{Damaged, Decoder, Encoder, Record};
use crate::ops::bucket_settings::Versioning;
use crate::records::EncryptionRecord;
use crate::records::checksum::{CHECKSUM, COMPOSITE, DECLARED};
use crate::tables::{BodyId, LinkId};

/// What is current of a key, and the key's one meeting point: every change to any of its versions
/// checks this row and rewrites it with a later time. A key without versions has no head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// Later than every change before.
    pub(crate) last: VersionTime,
    /// The `null` version, if there is one.
    pub(crate) null: Option<VersionTime>,
    /// The newest version.
    pub(crate) current: Summary,
}

/// What a listing shows of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) time: VersionTime,
    pub(crate) last_modified: Timestamp,
    pub(crate) owner: Owner,
    /// `None` for a delete marker.
    pub(crate) object: Option<SummaryObject>,
}

/// What a listing shows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SummaryObject {
    pub(crate) size: u64,
    pub(crate) etag: ETag,
    pub(crate) class: StorageClass,
    /// Which checksum it has, by an algorithm that its client chose.
    pub(crate) checksum: Option<ChecksumKind>,
}

/// A version or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionRecord {
    /// As in the row's key.
    pub(crate) time: VersionTime,
    /// Whether clients know it as `null`.
    pub(crate) null: bool,
    pub(crate) last_modified: Timestamp,
    pub(crate) owner: Owner,
    /// `None` for a delete marker.
    pub(crate) object: Option<ObjectRecord>,
}

/// What a version has that a delete marker has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectRecord {
    pub(crate) body: BodyId,
    pub(crate) link: LinkId,
    pub(crate) size: u64,
    pub(crate) etag: ETag,
    pub(crate) crc64: Crc64,
    pub(crate) class: StorageClass,
    pub(crate) metadata: Metadata,
    pub(crate) acl: Option<Vec<Grant>>,
    pub(crate) extras: Extras,
}

/// What few objects have. Each is kept as a code and its fields behind everything else, so that
/// objects without any are as short as ever, and as rows written before there were any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Extras {
    pub(crate) tags: Tags,
    /// Whether it may be appended to: then its body is its own.
    pub(crate) appendable: bool,
    pub(crate) restore: Option<RestoreRecord>,
    /// How its bytes are encrypted, if they are: all of them in the same way.
    pub(crate) encryption: Option<EncryptionRecord>,
    /// A checksum of its bytes, by an algorithm that its client chose.
    pub(crate) checksum: Option<Checksum>,
    /// Of an upload: the checksum that its object is to have.
    pub(crate) declared: Option<DeclaredChecksum>,
}

/// When an archived object can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RestoreRecord {
    pub(crate) ready: Timestamp,
    pub(crate) expires: Timestamp,
}

const TAGS: u8 = 1;
const APPENDABLE: u8 = 2;
const RESTORE: u8 = 3;
const ENCRYPTION: u8 = 8;

impl Extras {
    pub(crate) fn of_tags(tags: Tags) -> Self {
        Self {
            tags,
            ..Self::default()
        }
    }

    pub(crate) fn encode(&self, to: &mut Encoder) {
        if !self.tags.is_empty() {
            to.byte(TAGS);
            to.tags(&self.tags);
        }
        if self.appendable {
            to.byte(APPENDABLE);
        }
        if let Some(restore) = self.restore {
            to.byte(RESTORE);
            to.moment(restore.ready);
            to.moment(restore.expires);
        }
        if let Some(encryption) = &self.encryption {
            to.byte(ENCRYPTION);
            to.encryption(encryption);
        }
        if let Some(checksum) = &self.checksum {
            to.checksum(checksum);
        }
        if let Some(declared) = self.declared {
            to.byte(DECLARED);
            to.declared_checksum(declared);
        }
    }

    /// Reads all that is left.
    pub(crate) fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        let mut extras = Self::default();
        while !from.is_empty() {
            match from.byte()? {
                TAGS => extras.tags = from.tags()?,
                APPENDABLE => extras.appendable = true,
                RESTORE => {
                    extras.restore = Some(RestoreRecord {
                        ready: from.moment()?,
                        expires: from.moment()?,
                    });
                }
                ENCRYPTION => extras.encryption = Some(from.encryption()?),
                code @ (CHECKSUM | COMPOSITE) => extras.checksum = Some(from.checksum(code)?),
                DECLARED => extras.declared = Some(from.declared_checksum()?),
                _ => return Err(Damaged("written by a later version")),
            }
        }
        Ok(extras)
    }
}

impl VersionRecord {
    /// What a listing shows of it.
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            time: self.time,
            last_modified: self.last_modified,
            owner: self.owner.clone(),
            object: self.object.as_ref().map(|object| SummaryObject {
                size: object.size,
                etag: object.etag.clone(),
                class: object.class,
                checksum: object.extras.checksum.as_ref().map(Checksum::which),
            }),
        }
    }

    /// The id under which it can be asked for, whatever the bucket's versioning.
    pub(crate) fn id(&self) -> VersionId {
        if self.null {
            VersionId::null()
        } else {
            VersionId::of(self.time)
        }
    }

    /// The id that the answer to a write shows: only where versioning is enabled.
    pub(crate) fn new_id(&self) -> Option<VersionId> {
        (!self.null).then(|| self.id())
    }

    /// The id that clients are shown.
    pub(crate) fn shown_id(&self, versioning: Versioning) -> Option<VersionId> {
        (versioning != Versioning::Unversioned).then(|| self.id())
    }
}

impl Encoder {
    fn time(&mut self, time: VersionTime) {
        self.number(time.0);
    }
}

impl Decoder<'_> {
    fn time(&mut self) -> Result<VersionTime, Damaged> {
        self.number().map(VersionTime)
    }
}

impl Record for Head {
    const WHAT: &'static str = "head row";

    fn encode(&self, to: &mut Encoder) {
        to.time(self.last);
        to.option(self.null, Encoder::time);
        to.time(self.current.time);
        to.moment(self.current.last_modified);
        to.owner(&self.current.owner);
        to.option(self.current.object.as_ref(), |to, object| {
            to.number(object.size);
            to.etag(&object.etag);
            to.class(object.class);
            // At the end, as an extra: rows without one are as short as ever.
            if let Some(which) = object.checksum {
                to.checksum_kind(which);
            }
        });
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            last: from.time()?,
            null: from.option(Decoder::time)?,
            current: Summary {
                time: from.time()?,
                last_modified: from.moment()?,
                owner: from.owner()?,
                object: from.option(|from| {
                    Ok(SummaryObject {
                        size: from.number()?,
                        etag: from.etag()?,
                        class: from.class()?,
                        checksum: match from.is_empty() {
                            true => None,
                            false => Some(from.checksum_kind()?),
                        },
                    })
                })?,
            },
        })
    }
}

impl Record for VersionRecord {
    const WHAT: &'static str = "version row";

    fn encode(&self, to: &mut Encoder) {
        to.time(self.time);
        to.flag(self.null);
        to.moment(self.last_modified);
        to.owner(&self.owner);
        to.option(self.object.as_ref(), |to, object| {
            to.fixed(&object.body.0);
            to.fixed(&object.link.0);
            to.number(object.size);
            to.etag(&object.etag);
            to.crc64(object.crc64);
            to.class(object.class);
            to.metadata(&object.metadata);
            to.acl(object.acl.as_ref());
            object.extras.encode(to);
        });
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            time: from.time()?,
            null: from.flag()?,
            last_modified: from.moment()?,
            owner: from.owner()?,
            object: from.option(|from| {
                Ok(ObjectRecord {
                    body: BodyId(from.fixed()?),
                    link: LinkId(from.fixed()?),
                    size: from.number()?,
                    etag: from.etag()?,
                    crc64: from.crc64()?,
                    class: from.class()?,
                    metadata: from.metadata()?,
                    acl: from.acl()?,
                    extras: Extras::decode(from)?,
                })
            })?,
        })
    }
}
