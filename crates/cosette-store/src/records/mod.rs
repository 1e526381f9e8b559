//! What the rows hold, as values. Convertible to bytes here and nowhere else; `docs/format.md`
//! describes the bytes.

mod body;
mod bucket;
mod checksum;
mod encryption;
mod housekeeping;
mod job;
mod upload;
mod version;

pub(crate) use body::{
    BodyRecord, Digests, Item, List, RangeDigests, Slice, decode_items, encode_item,
};
pub(crate) use bucket::{BucketRecord, BucketState};
pub(crate) use checksum::PartSum;
pub(crate) use encryption::{EncryptionRecord, KeyCheck, SealRecord, WrappedBy};
pub(crate) use housekeeping::{
    ExtentRecord, FormatRecord, Happened, Marker, Pending, Referrer, TokenRecord,
};
pub(crate) use job::{JobEnd, JobFailure, JobRecord};
pub(crate) use upload::{AnswerRecord, PartRecord, UploadRecord, UploadState};
pub(crate) use version::{Extras, Head, ObjectRecord, RestoreRecord, Summary, VersionRecord};

use bytes::Bytes;
use cosette_types::{
    BucketName, ContentHeaders, Crc64, ETag, Grant, Grantee, Md5, Metadata, ObjectKey, Owner,
    Permission, StorageClass, Tags, Text, Timestamp, UserMetadata, VersionId,
};

use crate::codec::{Damaged, Decoder, Encoder};

/// An ACL as rows hold it: equal for equal ones, and for those only.
pub(crate) fn acl_value(acl: Option<&Vec<Grant>>) -> Bytes {
    let mut to = Encoder::list();
    to.acl(acl);
    to.into_value()
}

/// Fields that several records have.
impl Encoder {
    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn moment(&mut self, moment: Timestamp) {
        self.number(moment.micros());
    }

    fn owner(&mut self, owner: &Owner) {
        self.text(owner.owner_uin());
        self.text(owner.sub_uin());
    }

    fn grants(&mut self, grants: &[Grant]) {
        self.number(grants.len() as u64);
        for grant in grants {
            match &grant.grantee {
                Grantee::User(user) => {
                    self.byte(0);
                    self.owner(user);
                }
                Grantee::AllUsers => self.byte(1),
                Grantee::AuthenticatedUsers => self.byte(2),
            }
            self.byte(match grant.permission {
                Permission::Read => 0,
                Permission::Write => 1,
                Permission::ReadAcp => 2,
                Permission::WriteAcp => 3,
                Permission::FullControl => 4,
            });
        }
    }

    fn acl(&mut self, acl: Option<&Vec<Grant>>) {
        self.option(acl, |to, grants| to.grants(grants));
    }

    fn class(&mut self, class: StorageClass) {
        self.byte(match class {
            // Requests name only classes that are known: another one is refused where they are read.
            StorageClass::Standard | StorageClass::Other(_) => 0,
            StorageClass::StandardIa => 1,
            StorageClass::IntelligentTiering => 2,
            StorageClass::Archive => 3,
            StorageClass::DeepArchive => 4,
            StorageClass::MazStandard => 5,
            StorageClass::MazStandardIa => 6,
            StorageClass::MazIntelligentTiering => 7,
        });
    }

    fn metadata(&mut self, metadata: &Metadata) {
        let ContentHeaders {
            cache_control,
            content_disposition,
            content_encoding,
            content_language,
            content_type,
            expires,
        } = &metadata.content;
        for header in [
            cache_control,
            content_disposition,
            content_encoding,
            content_language,
            content_type,
            expires,
        ] {
            self.option(header.as_ref(), |to, text| to.bytes(text.as_bytes()));
        }
        self.number(metadata.user.iter().count() as u64);
        for (name, value) in metadata.user.iter() {
            self.text(name);
            self.bytes(value.as_bytes());
        }
    }

    fn tags(&mut self, tags: &Tags) {
        self.number(tags.len() as u64);
        for (key, value) in tags.iter() {
            self.text(key);
            self.text(value);
        }
    }

    fn etag(&mut self, etag: &ETag) {
        self.text(etag.value());
    }

    fn crc64(&mut self, crc64: Crc64) {
        self.long(crc64.0);
    }

    fn version_id(&mut self, id: Option<&VersionId>) {
        self.option(id, |to, id| to.text(id.as_str()));
    }
}

impl Decoder<'_> {
    fn moment(&mut self) -> Result<Timestamp, Damaged> {
        self.number().map(Timestamp::from_micros)
    }

    fn owner(&mut self) -> Result<Owner, Damaged> {
        let owner_uin = self.text()?;
        Owner::sub(owner_uin, self.text()?).map_err(|_| Damaged("an owner that is none"))
    }

    fn grants(&mut self) -> Result<Vec<Grant>, Damaged> {
        self.list_of(|from| {
            let grantee = match from.byte()? {
                0 => Grantee::User(from.owner()?),
                1 => Grantee::AllUsers,
                2 => Grantee::AuthenticatedUsers,
                _ => return Err(Damaged("an unknown grantee")),
            };
            let permission = match from.byte()? {
                0 => Permission::Read,
                1 => Permission::Write,
                2 => Permission::ReadAcp,
                3 => Permission::WriteAcp,
                4 => Permission::FullControl,
                _ => return Err(Damaged("an unknown permission")),
            };
            Ok(Grant {
                grantee,
                permission,
            })
        })
    }

    fn acl(&mut self) -> Result<Option<Vec<Grant>>, Damaged> {
        self.option(Self::grants)
    }

    fn class(&mut self) -> Result<StorageClass, Damaged> {
        let code = usize::from(self.byte()?);
        let class = StorageClass::ALL.get(code).copied();
        class.ok_or(Damaged("an unknown storage class"))
    }

    fn header(&mut self) -> Result<Option<Text>, Damaged> {
        self.option(|from| {
            Text::from_bytes(from.bytes()?).map_err(|_| Damaged("a header value that is none"))
        })
    }

    fn metadata(&mut self) -> Result<Metadata, Damaged> {
        let content = ContentHeaders {
            cache_control: self.header()?,
            content_disposition: self.header()?,
            content_encoding: self.header()?,
            content_language: self.header()?,
            content_type: self.header()?,
            expires: self.header()?,
        };
        let mut user = UserMetadata::new();
        for _ in 0..self.number()? {
            let name = self.text()?;
            let value = Text::from_bytes(self.bytes()?).map_err(|_| Damaged("a metadata value"))?;
            user.insert(name, value)
                .map_err(|_| Damaged("user metadata that is none"))?;
        }
        Ok(Metadata { content, user })
    }

    fn tags(&mut self) -> Result<Tags, Damaged> {
        let mut tags = Tags::new();
        for _ in 0..self.number()? {
            let (key, value) = (self.text()?, self.text()?);
            tags.insert(key, value)
                .map_err(|_| Damaged("a tag that is none"))?;
        }
        Ok(tags)
    }

    /// A bucket's name in either dialect.
    fn bucket_name(&mut self) -> Result<BucketName, Damaged> {
        BucketName::parse_s3(self.text()?).map_err(|_| Damaged("a bucket name that is none"))
    }

    fn etag(&mut self) -> Result<ETag, Damaged> {
        self.parse()
    }

    fn crc64(&mut self) -> Result<Crc64, Damaged> {
        self.long().map(Crc64)
    }

    fn md5(&mut self) -> Result<Md5, Damaged> {
        self.fixed().map(Md5)
    }

    fn version_id(&mut self) -> Result<Option<VersionId>, Damaged> {
        self.option(Self::parse)
    }

    fn key(&mut self) -> Result<ObjectKey, Damaged> {
        ObjectKey::parse_s3(self.text()?).map_err(|_| Damaged("an object key that is none"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_the_codes_of_their_place() {
        for class in StorageClass::ALL {
            let mut to = Encoder::list();
            to.class(class);
            let value = to.into_value();
            let mut from = Decoder::list(&value).unwrap();
            assert_eq!(from.class().unwrap(), class);
        }
    }
}
