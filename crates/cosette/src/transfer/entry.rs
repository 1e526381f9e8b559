//! What is to be done: one entry of a plan.
//!
//! An entry says what was seen of its source when the plan was made; who carries it out refuses a
//! source that is another one by then.

use std::path::PathBuf;

use cosette_types::{
    AclHeaders, BucketName, Crc64, CustomerKey, ETag, Md5, Metadata, ObjectKey, Region,
    StorageClass, Text, Timestamp, VersionId,
};

use super::keys::md5_of;

/// One thing to do to one object or file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is done.
    pub work: Work,
    /// What was seen of the source.
    pub seen: Seen,
    /// What the target shall be; the plan's own wishes when absent.
    pub wanted: Option<Wanted>,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// The target gets the source's bytes and properties.
    Copy {
        /// What is copied.
        source: Place,
        /// What it becomes.
        target: Place,
    },
    /// The same, and the source is removed once the copy is proved.
    Move {
        /// What is moved.
        source: Place,
        /// What it becomes.
        target: Place,
    },
    /// The object is removed if it is still the one that was seen; a named version for good.
    Delete {
        /// What is removed.
        source: Place,
    },
    /// A delete marker takes the target's place in its history, as one did at the source. Only where the
    /// target's bucket keeps versions.
    Mark {
        /// The marker at the source, named by its version.
        source: Place,
        /// Where one is made.
        target: Place,
        /// Whether the source's is removed then.
        remove_source: bool,
    },
    /// A local file becomes an object.
    Upload {
        /// The file.
        source: PathBuf,
        /// What it becomes.
        target: Place,
        /// Whether the file is removed once the object is proved.
        remove_source: bool,
    },
    /// An object becomes a local file.
    Download {
        /// What is read.
        source: Place,
        /// The file.
        target: PathBuf,
        /// Whether the object is removed once the file is proved and synced.
        remove_source: bool,
    },
}

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Its bucket.
    pub bucket: BucketName,
    /// The bucket's region; the client's when absent.
    pub region: Option<Region>,
    /// Its key.
    pub key: ObjectKey,
    /// One version of it, addressed as such. A current object is addressed without.
    pub version_id: Option<VersionId>,
}

/// What was seen of a source when the plan was made. What is not known is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Bytes.
    pub size: u64,
    /// Its ETag.
    pub etag: Option<ETag>,
    /// Its CRC-64.
    pub crc64: Option<Crc64>,
    /// When it was written.
    pub last_modified: Option<Timestamp>,
    /// The version that was current.
    pub version_id: Option<VersionId>,
    /// Its class.
    pub storage_class: Option<StorageClass>,
}

/// What the target shall be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// The target's class; the source's when absent (STANDARD for a file).
    pub storage_class: Option<StorageClass>,
    /// Its content headers and user metadata.
    pub metadata: WantedMetadata,
    /// Its ACL.
    pub acl: WantedAcl,
    /// Its tags.
    pub tags: WantedTags,
    /// How it is encrypted.
    pub encryption: WantedEncryption,
    /// The MD5 of the customer's key that the source is encrypted with, if it is. The key itself is
    /// given to the [`Engine`](super::Engine).
    pub source_key: Option<Md5>,
    /// Whether a target that exists already is left alone; then the entry is skipped.
    pub forbid_overwrite: bool,
}

/// The content headers and user metadata that a target shall have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WantedMetadata {
    /// The source's.
    #[default]
    Keep,
    /// These, and nothing of the source's.
    Replace(Metadata),
    /// The source's, changed in these fields and in no other.
    Edit(Vec<Edit>),
}

/// A change of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A content header gets a value.
    SetHeader(ContentHeader, Text),
    /// A content header is dropped.
    RemoveHeader(ContentHeader),
    /// An entry of user metadata gets a value.
    SetMeta(String, Text),
    /// An entry of user metadata is dropped.
    RemoveMeta(String),
}

/// The headers that are kept with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentHeader {
    /// `Cache-Control`
    CacheControl,
    /// `Content-Disposition`
    ContentDisposition,
    /// `Content-Encoding`
    ContentEncoding,
    /// `Content-Language`
    ContentLanguage,
    /// `Content-Type`
    ContentType,
    /// `Expires`
    Expires,
}

/// The ACL that a target shall have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WantedAcl {
    /// Its bucket's.
    #[default]
    Inherit,
    /// The source's own, if it has one. Needs the rights to read it there and to write it here.
    Keep,
    /// This one.
    Set(AclHeaders),
}

/// The tags that a target shall have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WantedTags {
    /// The source's, where the service has tags and they may be read.
    #[default]
    Auto,
    /// The source's; a copy that cannot have them fails.
    Require,
    /// None.
    Without,
}

/// How a target shall be encrypted. A plan never has a key: see
/// [`Engine::customer_key`](super::Engine::customer_key).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WantedEncryption {
    /// As its source is: with a key of the service, with the customer's key that the source has, or as
    /// its bucket says. A file's is as its bucket says.
    #[default]
    Keep,
    /// As its bucket says, however the source is encrypted.
    AsBucket,
    /// With a key of the service (SSE-COS, SSE-S3).
    Managed,
    /// With the customer's key that has this MD5 (SSE-C).
    Customer(Md5),
}

impl WantedEncryption {
    /// With this key.
    pub fn with(key: &CustomerKey) -> Self {
        Self::Customer(md5_of(key))
    }
}

impl Wanted {
    /// The source is encrypted with this key.
    #[must_use]
    pub fn source_encrypted_with(mut self, key: &CustomerKey) -> Self {
        self.source_key = Some(md5_of(key));
        self
    }
}

impl Entry {
    /// An entry with the plan's wishes.
    pub fn new(work: Work, seen: Seen) -> Self {
        Self {
            work,
            seen,
            wanted: None,
        }
    }

    /// What it is about, for people: `bucket/key` of the source, or the file.
    pub fn subject(&self) -> String {
        match &self.work {
            Work::Copy { source, .. }
            | Work::Move { source, .. }
            | Work::Delete { source }
            | Work::Mark { source, .. }
            | Work::Download { source, .. } => source.to_string(),
            Work::Upload { source, .. } => source.display().to_string(),
        }
    }

    /// Where it goes, for people; `None` for a removal.
    pub fn target(&self) -> Option<String> {
        match &self.work {
            Work::Copy { target, .. }
            | Work::Move { target, .. }
            | Work::Mark { target, .. }
            | Work::Upload { target, .. } => Some(target.to_string()),
            Work::Download { target, .. } => Some(target.display().to_string()),
            Work::Delete { .. } => None,
        }
    }

    /// Whether carrying it out removes something.
    pub fn removes(&self) -> bool {
        match &self.work {
            Work::Copy { .. } => false,
            Work::Move { .. } | Work::Delete { .. } => true,
            Work::Mark { remove_source, .. }
            | Work::Upload { remove_source, .. }
            | Work::Download { remove_source, .. } => *remove_source,
        }
    }
}

impl Work {
    /// Its name: `copy`, `move`, `delete`, `upload`, `download`, `mark`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Copy { .. } => "copy",
            Self::Move { .. } => "move",
            Self::Delete { .. } => "delete",
            Self::Mark { .. } => "mark",
            Self::Upload { .. } => "upload",
            Self::Download { .. } => "download",
        }
    }
}

impl Place {
    /// The current object of a key, in the client's region.
    pub fn new(bucket: BucketName, key: ObjectKey) -> Self {
        Self {
            bucket,
            region: None,
            key,
            version_id: None,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)?;
        match &self.version_id {
            Some(version) => write!(f, " (version {version})"),
            None => Ok(()),
        }
    }
}

impl ContentHeader {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::CacheControl,
        Self::ContentDisposition,
        Self::ContentEncoding,
        Self::ContentLanguage,
        Self::ContentType,
        Self::Expires,
    ];

    /// As it is written in a message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CacheControl => "Cache-Control",
            Self::ContentDisposition => "Content-Disposition",
            Self::ContentEncoding => "Content-Encoding",
            Self::ContentLanguage => "Content-Language",
            Self::ContentType => "Content-Type",
            Self::Expires => "Expires",
        }
    }

    /// The header of that name, in any letter case.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|header| header.as_str().eq_ignore_ascii_case(name))
    }

    /// Its value among an object's.
    pub fn of_metadata(self, metadata: &Metadata) -> Option<&Text> {
        let content = &metadata.content;
        match self {
            Self::CacheControl => content.cache_control.as_ref(),
            Self::ContentDisposition => content.content_disposition.as_ref(),
            Self::ContentEncoding => content.content_encoding.as_ref(),
            Self::ContentLanguage => content.content_language.as_ref(),
            Self::ContentType => content.content_type.as_ref(),
            Self::Expires => content.expires.as_ref(),
        }
    }

    fn place(self, metadata: &mut Metadata) -> &mut Option<Text> {
        let content = &mut metadata.content;
        match self {
            Self::CacheControl => &mut content.cache_control,
            Self::ContentDisposition => &mut content.content_disposition,
            Self::ContentEncoding => &mut content.content_encoding,
            Self::ContentLanguage => &mut content.content_language,
            Self::ContentType => &mut content.content_type,
            Self::Expires => &mut content.expires,
        }
    }
}

impl Edit {
    /// Makes the change.
    ///
    /// # Errors
    /// When the user metadata would be longer than it may be, or a name is not legal.
    pub fn apply(&self, metadata: &mut Metadata) -> Result<(), cosette_types::Error> {
        match self {
            Self::SetHeader(header, value) => *header.place(metadata) = Some(value.clone()),
            Self::RemoveHeader(header) => *header.place(metadata) = None,
            Self::SetMeta(name, value) => metadata.user.insert(name, value.clone())?,
            Self::RemoveMeta(name) => {
                metadata.user.remove(&name.to_ascii_lowercase());
            }
        }
        Ok(())
    }
}

impl WantedMetadata {
    /// The target's metadata, given the source's.
    ///
    /// # Errors
    /// When an edit makes it illegal.
    pub fn of(&self, source: &Metadata) -> Result<Metadata, cosette_types::Error> {
        match self {
            Self::Keep => Ok(source.clone()),
            Self::Replace(metadata) => Ok(metadata.clone()),
            Self::Edit(edits) => {
                let mut metadata = source.clone();
                edits
                    .iter()
                    .try_for_each(|edit| edit.apply(&mut metadata))?;
                Ok(metadata)
            }
        }
    }
}
