//! How entries and steps are written: JSON, whose fields mean the same in every later version.
//!
//! Nothing but these structs decides the format; what they are made from may change freely. Bytes of
//! header values that are not plain ASCII are percent-encoded, keys and names are text as they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cosette_types::{
    AclHeaders, BucketName, Crc64, ETag, Grantee, Md5, Metadata, ObjectKey, StorageClass, Text,
    Timestamp, UserMetadata, VersionId,
};
use serde::{Deserialize, Serialize};

use super::entry::{
    ContentHeader, Edit, Entry, Place, Seen, Wanted, WantedAcl, WantedEncryption, WantedMetadata,
    WantedTags, Work,
};

/// Why something cannot be written, or what was read is not that thing.
pub(super) type Words = String;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EntryForm {
    work: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<PlaceForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<PlaceForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target_file: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    remove_source: bool,
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crc64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified_micros: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wanted: Option<WantedForm>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PlaceForm {
    bucket: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct WantedForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<MetadataForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    edits: Vec<EditForm>,
    #[serde(default, skip_serializing_if = "is_default")]
    keep_acl: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acl: Option<AclForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tags: Option<String>,
    /// `bucket`, `managed` or `customer`; as the source is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encryption: Option<String>,
    /// MD5s of customers' keys, in hexadecimal: of the target's, and of the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_md5: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_key_md5: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    forbid_overwrite: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct MetadataForm {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    user: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EditForm {
    SetHeader(String, String),
    RemoveHeader(String),
    SetMeta(String, String),
    RemoveMeta(String),
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct AclForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    canned: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    read: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    write: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    read_acp: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    write_acp: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    full_control: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn words(why: impl std::fmt::Display) -> Words {
    why.to_string()
}

/// Header bytes as text: what is not plain is percent-encoded, and so is `%`.
fn text_out(text: &Text) -> String {
    let mut out = String::new();
    for byte in text.as_bytes() {
        match byte {
            b'%' | 0..0x20 | 0x7f.. => out.push_str(&format!("%{byte:02X}")),
            plain => out.push(char::from(*plain)),
        }
    }
    out
}

fn text_in(text: &str) -> Result<Text, Words> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        match (first, after.get(..2)) {
            (b'%', Some(hex)) => {
                let hex = std::str::from_utf8(hex).map_err(words)?;
                bytes.push(u8::from_str_radix(hex, 16).map_err(words)?);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'%', None) => return Err("a value ends within an escape".to_owned()),
            (plain, _) => {
                bytes.push(*plain);
                rest = after;
            }
        }
    }
    Text::from_bytes(&bytes).map_err(words)
}

fn path_out(path: &Path) -> Result<String, Words> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| format!("{} is no Unicode text", path.display()))
}

impl PlaceForm {
    fn of(place: &Place) -> Self {
        Self {
            bucket: place.bucket.to_string(),
            region: place.region.as_ref().map(ToString::to_string),
            key: place.key.as_str().to_owned(),
            version: place.version_id.as_ref().map(ToString::to_string),
        }
    }

    fn read(self) -> Result<Place, Words> {
        Ok(Place {
            bucket: BucketName::parse_s3(&self.bucket).map_err(words)?,
            region: self
                .region
                .map(|region| region.parse())
                .transpose()
                .map_err(words)?,
            key: ObjectKey::parse_s3(&self.key).map_err(words)?,
            version_id: version_in(self.version)?,
        })
    }
}

pub(super) fn version_in(text: Option<String>) -> Result<Option<VersionId>, Words> {
    text.map(|id| id.parse()).transpose().map_err(words)
}

pub(super) fn etag_in(text: Option<String>) -> Result<Option<ETag>, Words> {
    text.map(|tag| tag.parse()).transpose().map_err(words)
}

pub(super) fn crc_in(text: Option<String>) -> Result<Option<Crc64>, Words> {
    text.map(|crc| crc.parse()).transpose().map_err(words)
}

fn md5_in(text: &str) -> Result<Md5, Words> {
    let wrong = || format!("{text} is no MD5");
    let mut md5 = [0; 16];
    if text.len() != 2 * md5.len() {
        return Err(wrong());
    }
    for (byte, digits) in md5.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
    }
    Ok(Md5(md5))
}

impl EntryForm {
    pub(super) fn of(entry: &Entry) -> Result<Self, Words> {
        let (mut source, mut source_file, mut target, mut target_file) = (None, None, None, None);
        let mut removes = false;
        match &entry.work {
            Work::Copy {
                source: from,
                target: to,
            }
            | Work::Move {
                source: from,
                target: to,
            } => {
                source = Some(PlaceForm::of(from));
                target = Some(PlaceForm::of(to));
            }
            Work::Delete { source: from } => source = Some(PlaceForm::of(from)),
            Work::Mark {
                source: from,
                target: to,
                remove_source,
            } => {
                source = Some(PlaceForm::of(from));
                target = Some(PlaceForm::of(to));
                removes = *remove_source;
            }
            Work::Upload {
                source: from,
                target: to,
                remove_source,
            } => {
                source_file = Some(path_out(from)?);
                target = Some(PlaceForm::of(to));
                removes = *remove_source;
            }
            Work::Download {
                source: from,
                target: to,
                remove_source,
            } => {
                source = Some(PlaceForm::of(from));
                target_file = Some(path_out(to)?);
                removes = *remove_source;
            }
        }
        let seen = &entry.seen;
        Ok(Self {
            work: entry.work.name().to_owned(),
            source,
            source_file,
            target,
            target_file,
            remove_source: removes,
            size: seen.size,
            etag: seen.etag.as_ref().map(|tag| tag.value().to_owned()),
            crc64: seen.crc64.map(|crc| crc.to_string()),
            modified_micros: seen.last_modified.map(Timestamp::micros),
            seen_version: seen.version_id.as_ref().map(ToString::to_string),
            class: seen.storage_class.map(|class| class.to_string()),
            wanted: entry.wanted.as_ref().map(WantedForm::of),
        })
    }

    pub(super) fn read(self) -> Result<Entry, Words> {
        fn needed<T>(value: Option<T>, what: &str) -> Result<T, Words> {
            value.ok_or_else(|| format!("an entry without {what}"))
        }
        let place = |form: Option<PlaceForm>, what| needed(form, what)?.read();
        let file = |path: Option<String>, what| needed(path, what).map(PathBuf::from);
        let remove_source = self.remove_source;
        let work = match self.work.as_str() {
            "copy" => Work::Copy {
                source: place(self.source, "source")?,
                target: place(self.target, "target")?,
            },
            "move" => Work::Move {
                source: place(self.source, "source")?,
                target: place(self.target, "target")?,
            },
            "delete" => Work::Delete {
                source: place(self.source, "source")?,
            },
            "mark" => Work::Mark {
                source: place(self.source, "source")?,
                target: place(self.target, "target")?,
                remove_source,
            },
            "upload" => Work::Upload {
                source: file(self.source_file, "source_file")?,
                target: place(self.target, "target")?,
                remove_source,
            },
            "download" => Work::Download {
                source: place(self.source, "source")?,
                target: file(self.target_file, "target_file")?,
                remove_source,
            },
            other => return Err(format!("work of an unknown kind: {other}")),
        };
        let seen = Seen {
            size: self.size,
            etag: etag_in(self.etag)?,
            crc64: crc_in(self.crc64)?,
            last_modified: self.modified_micros.map(Timestamp::from_micros),
            version_id: version_in(self.seen_version)?,
            storage_class: self
                .class
                .map(|class| StorageClass::told(&class))
                .transpose()
                .map_err(words)?,
        };
        let wanted = self.wanted.map(WantedForm::read).transpose()?;
        Ok(Entry { work, seen, wanted })
    }
}

impl WantedForm {
    pub(super) fn of(wanted: &Wanted) -> Self {
        let (metadata, edits) = match &wanted.metadata {
            WantedMetadata::Keep => (None, Vec::new()),
            WantedMetadata::Replace(metadata) => (Some(MetadataForm::of(metadata)), Vec::new()),
            WantedMetadata::Edit(edits) => (None, edits.iter().map(EditForm::of).collect()),
        };
        Self {
            class: wanted.storage_class.map(|class| class.to_string()),
            metadata,
            edits,
            keep_acl: wanted.acl == WantedAcl::Keep,
            acl: match &wanted.acl {
                WantedAcl::Set(acl) => Some(AclForm::of(acl)),
                _ => None,
            },
            tags: match wanted.tags {
                WantedTags::Auto => None,
                WantedTags::Require => Some("require".to_owned()),
                WantedTags::Without => Some("without".to_owned()),
            },
            encryption: match wanted.encryption {
                WantedEncryption::Keep => None,
                WantedEncryption::AsBucket => Some("bucket".to_owned()),
                WantedEncryption::Managed => Some("managed".to_owned()),
                WantedEncryption::Customer(_) => Some("customer".to_owned()),
            },
            key_md5: match wanted.encryption {
                WantedEncryption::Customer(md5) => Some(md5.to_string()),
                _ => None,
            },
            source_key_md5: wanted.source_key.map(|md5| md5.to_string()),
            forbid_overwrite: wanted.forbid_overwrite,
        }
    }

    pub(super) fn read(self) -> Result<Wanted, Words> {
        let metadata = match self.metadata {
            Some(metadata) => WantedMetadata::Replace(metadata.read()?),
            None if self.edits.is_empty() => WantedMetadata::Keep,
            None => WantedMetadata::Edit(
                self.edits
                    .into_iter()
                    .map(EditForm::read)
                    .collect::<Result<_, _>>()?,
            ),
        };
        let acl = match (self.keep_acl, self.acl) {
            (true, _) => WantedAcl::Keep,
            (false, Some(acl)) => WantedAcl::Set(acl.read()?),
            (false, None) => WantedAcl::Inherit,
        };
        let tags = match self.tags.as_deref() {
            None => WantedTags::Auto,
            Some("require") => WantedTags::Require,
            Some("without") => WantedTags::Without,
            Some(other) => return Err(format!("tags of an unknown kind: {other}")),
        };
        let key = self.key_md5.as_deref().map(md5_in).transpose()?;
        let encryption = match (self.encryption.as_deref(), key) {
            (None, _) => WantedEncryption::Keep,
            (Some("bucket"), _) => WantedEncryption::AsBucket,
            (Some("managed"), _) => WantedEncryption::Managed,
            (Some("customer"), Some(md5)) => WantedEncryption::Customer(md5),
            (Some("customer"), None) => return Err("a customer's key without key_md5".to_owned()),
            (Some(other), _) => return Err(format!("encryption of an unknown kind: {other}")),
        };
        let source_key = self.source_key_md5.as_deref().map(md5_in).transpose()?;
        Ok(Wanted {
            encryption,
            source_key,
            storage_class: self
                .class
                .map(|class| StorageClass::told(&class))
                .transpose()
                .map_err(words)?,
            metadata,
            acl,
            tags,
            forbid_overwrite: self.forbid_overwrite,
        })
    }
}

impl MetadataForm {
    fn of(metadata: &Metadata) -> Self {
        let header = |header: ContentHeader| {
            let value = header.of_metadata(metadata)?;
            Some((header.as_str().to_owned(), text_out(value)))
        };
        let user = metadata.user.iter();
        Self {
            headers: ContentHeader::ALL.into_iter().filter_map(header).collect(),
            user: user
                .map(|(name, value)| (name.to_owned(), text_out(value)))
                .collect(),
        }
    }

    fn read(self) -> Result<Metadata, Words> {
        let mut metadata = Metadata::default();
        for (name, value) in self.headers {
            Edit::SetHeader(header_in(&name)?, text_in(&value)?)
                .apply(&mut metadata)
                .map_err(words)?;
        }
        let mut user = UserMetadata::new();
        for (name, value) in self.user {
            user.insert(&name, text_in(&value)?).map_err(words)?;
        }
        metadata.user = user;
        Ok(metadata)
    }
}

fn header_in(name: &str) -> Result<ContentHeader, Words> {
    ContentHeader::of(name).ok_or_else(|| format!("{name} is no content header"))
}

impl EditForm {
    fn of(edit: &Edit) -> Self {
        match edit {
            Edit::SetHeader(header, value) => {
                Self::SetHeader(header.as_str().to_owned(), text_out(value))
            }
            Edit::RemoveHeader(header) => Self::RemoveHeader(header.as_str().to_owned()),
            Edit::SetMeta(name, value) => Self::SetMeta(name.clone(), text_out(value)),
            Edit::RemoveMeta(name) => Self::RemoveMeta(name.clone()),
        }
    }

    fn read(self) -> Result<Edit, Words> {
        Ok(match self {
            Self::SetHeader(name, value) => Edit::SetHeader(header_in(&name)?, text_in(&value)?),
            Self::RemoveHeader(name) => Edit::RemoveHeader(header_in(&name)?),
            Self::SetMeta(name, value) => Edit::SetMeta(name, text_in(&value)?),
            Self::RemoveMeta(name) => Edit::RemoveMeta(name),
        })
    }
}

impl AclForm {
    fn of(acl: &AclHeaders) -> Self {
        Self {
            canned: acl.canned.map(|canned| canned.to_string()),
            read: Grantee::print_list(&acl.read),
            write: Grantee::print_list(&acl.write),
            read_acp: Grantee::print_list(&acl.read_acp),
            write_acp: Grantee::print_list(&acl.write_acp),
            full_control: Grantee::print_list(&acl.full_control),
        }
    }

    fn read(self) -> Result<AclHeaders, Words> {
        let list = |text: String| match text.is_empty() {
            true => Ok(Vec::new()),
            false => Grantee::parse_list(&text).map_err(words),
        };
        Ok(AclHeaders {
            canned: self
                .canned
                .map(|canned| canned.parse())
                .transpose()
                .map_err(words)?,
            read: list(self.read)?,
            write: list(self.write)?,
            read_acp: list(self.read_acp)?,
            write_acp: list(self.write_acp)?,
            full_control: list(self.full_control)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(entry: &Entry) -> Entry {
        let text = serde_json::to_string(&EntryForm::of(entry).unwrap()).unwrap();
        let form: EntryForm = serde_json::from_str(&text).unwrap();
        form.read().unwrap()
    }

    fn place(key: &str) -> Place {
        Place::new("b-1250000000".parse().unwrap(), key.parse().unwrap())
    }

    #[test]
    fn every_entry_comes_back_as_it_was() {
        let seen = Seen {
            size: 7,
            etag: Some("\"aa-3\"".parse().unwrap()),
            crc64: Some(Crc64(u64::MAX)),
            last_modified: Some(Timestamp::from_micros(1)),
            version_id: Some(VersionId::null()),
            storage_class: Some(StorageClass::Archive),
        };
        let mut version = place("a b/\u{4e2d}\n\u{1f600}");
        version.region = Some("ap-guangzhou".parse().unwrap());
        version.version_id = Some("MTg0".parse().unwrap());
        let (source, target) = (version, place("../x"));
        let file = PathBuf::from("/tmp/a b");
        let works = [
            Work::Copy {
                source: source.clone(),
                target: target.clone(),
            },
            Work::Move {
                source: source.clone(),
                target: target.clone(),
            },
            Work::Delete {
                source: source.clone(),
            },
            Work::Upload {
                source: file.clone(),
                target,
                remove_source: true,
            },
            Work::Download {
                source,
                target: file,
                remove_source: false,
            },
        ];
        for work in works {
            let entry = Entry::new(work, seen.clone());
            assert_eq!(there_and_back(&entry), entry);
        }
    }

    #[test]
    fn every_wish_comes_back_as_it_was() {
        let value = Text::from_bytes(b"a%\xff\"\\ b").unwrap();
        let mut metadata = Metadata::default();
        metadata.content.content_type = Some(value.clone());
        metadata.user.insert("x.y_z", value.clone()).unwrap();
        let acl = AclHeaders {
            canned: Some("private".parse().unwrap()),
            read: Grantee::parse_list("id=\"100000000001\"").unwrap(),
            ..AclHeaders::default()
        };
        let edits = vec![
            Edit::SetHeader(ContentHeader::Expires, value.clone()),
            Edit::RemoveHeader(ContentHeader::ContentType),
            Edit::SetMeta("a".to_owned(), value),
            Edit::RemoveMeta("b".to_owned()),
        ];
        for wanted in [
            Wanted::default(),
            Wanted {
                metadata: WantedMetadata::Replace(metadata),
                ..Wanted::default()
            },
            Wanted {
                metadata: WantedMetadata::Edit(edits),
                ..Wanted::default()
            },
            Wanted {
                acl: WantedAcl::Keep,
                forbid_overwrite: true,
                ..Wanted::default()
            },
            Wanted {
                acl: WantedAcl::Set(acl),
                tags: WantedTags::Require,
                ..Wanted::default()
            },
            Wanted {
                storage_class: Some(StorageClass::StandardIa),
                tags: WantedTags::Without,
                encryption: WantedEncryption::Managed,
                ..Wanted::default()
            },
            Wanted {
                encryption: WantedEncryption::AsBucket,
                source_key: Some(Md5([0xab; 16])),
                ..Wanted::default()
            },
            Wanted {
                encryption: WantedEncryption::Customer(Md5([7; 16])),
                ..Wanted::default()
            },
        ] {
            let mut entry = Entry::new(Work::Delete { source: place("k") }, Seen::default());
            entry.wanted = Some(wanted);
            assert_eq!(there_and_back(&entry), entry);
        }
    }
}
