//! POST Object: stores the file of a browser's form, as its fields say.

use cosette_types::{
    AclHeaders, BucketName, Crc64, ETag, Encryption, Md5, Metadata, ObjectKey, StorageClass, Tags,
    VersionId,
};
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{Method, StatusCode, Uri};

use super::OperationName;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{EncryptedWith, EncryptionHeaders, HeaderReader, HeaderWriter};
use crate::form::{Form, FormReader, FormWriter, KEY, is_of_signature};
use crate::head::read_key;
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::percent;
use crate::xml::Writer;

const STATUS: &str = "success_action_status";
const REDIRECT: &str = "success_action_redirect";
const OLD_REDIRECT: &str = "redirect";
const FILE_NAME: &str = "${filename}";
/// What a form of S3 calls the document of its object's tags.
const TAGGING: &str = "tagging";

/// Stores the file of a form. Beside what a PUT says, a form says how its sender wants to be
/// answered, and carries what signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key, with the file's name in place where the form asked for it.
    pub key: ObjectKey,
    /// What is stored with the bytes.
    pub metadata: Metadata,
    /// Its class; STANDARD when absent.
    pub storage_class: Option<StorageClass>,
    /// Its ACL; inherited when empty.
    pub acl: AclHeaders,
    /// Its tags.
    pub tags: Tags,
    /// The MD5 that the file must have.
    pub content_md5: Option<Md5>,
    /// Whether an object that exists already is an error.
    pub forbid_overwrite: bool,
    /// How it is to be encrypted; as the bucket says when absent.
    pub encryption: Option<Encryption>,
    /// How to answer.
    pub on_success: OnSuccess,
    /// The policy and its signature, as fields; none in a form of nobody.
    pub signature: Vec<(String, String)>,
    /// What stands between the parts of the form; must not occur in the file.
    pub boundary: String,
}

/// How a form wants its success told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum OnSuccess {
    /// 204 without a document.
    #[default]
    NoContent,
    /// 200 without a document.
    Ok,
    /// 201 with a document.
    Created,
    /// 303 to this page, which is told bucket, key and tag.
    Redirect(String),
}

/// The file is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostObjectReply {
    /// The MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Option<Crc64>,
    /// Its version, if versioning is enabled.
    pub version_id: Option<VersionId>,
    /// Where the object is, or where its sender is sent on to.
    pub location: String,
    /// How it is encrypted.
    pub encrypted_with: Option<EncryptedWith>,
    /// How it is told.
    pub told: Told,
}

/// The forms of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// 204.
    NoContent,
    /// 200.
    Ok,
    /// 201, with the names once more.
    Created {
        /// The bucket.
        bucket: BucketName,
        /// The key.
        key: ObjectKey,
    },
    /// 303.
    SeeOther,
}

impl OnSuccess {
    fn read(form: &Form) -> Result<Self, Error> {
        if let Some(page) = form.get(REDIRECT).or(form.get(OLD_REDIRECT)) {
            let uri = page.parse::<Uri>().ok();
            let is_page = uri.is_some_and(|uri| {
                matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some()
            });
            if !is_page {
                let words = format!("The form's field {REDIRECT} is not the URL of a page.");
                return Err(Error::argument(words));
            }
            return Ok(Self::Redirect(page.to_owned()));
        }
        // A status that is none of these means the default, as in the services.
        Ok(match form.get(STATUS) {
            Some("200") => Self::Ok,
            Some("201") => Self::Created,
            _ => Self::NoContent,
        })
    }

    /// The fields of a form that say so.
    fn fields(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::NoContent => None,
            Self::Ok => Some((STATUS, "200")),
            Self::Created => Some((STATUS, "201")),
            Self::Redirect(page) => Some((REDIRECT, page)),
        }
    }
}

impl PostObject {
    /// The fields of the form but the signature's, in their order: what a policy must allow.
    pub fn fields(&self, dialect: Dialect) -> Vec<(String, Vec<u8>)> {
        let headers = HeaderWriter::new(dialect)
            .with_metadata(&self.metadata)
            .with_some(Field::StorageClass, self.storage_class)
            .with_acl(&self.acl)
            .with_tags(&self.tags)
            .with_md5(self.content_md5)
            .with_flag(Field::ForbidOverwrite, self.forbid_overwrite)
            .with_encryption(self.encryption.as_ref())
            .done();
        let mut fields = vec![(KEY.to_owned(), self.key.as_str().as_bytes().to_vec())];
        for (name, value) in &headers {
            fields.push((name.as_str().to_owned(), value.as_bytes().to_vec()));
        }
        if let Some((name, value)) = self.on_success.fields() {
            fields.push((name.to_owned(), value.as_bytes().to_vec()));
        }
        fields
    }
}

impl Message for PostObject {
    const NAME: OperationName = OperationName::PostObject;
    type Reply = PostObjectReply;

    /// What stands before the file is the request's document; the file and what closes the form
    /// ([`crate::form::closing`]) follow it.
    fn encode(&self, dialect: Dialect) -> Request {
        let mut form = FormWriter::new(&self.boundary);
        for (name, value) in self.fields(dialect) {
            form.field(&name, &value);
        }
        for (name, value) in &self.signature {
            form.field(name, value.as_bytes());
        }
        // A key that holds the place of a file's name keeps it as it is.
        let holds_name = self.key.as_str().contains(FILE_NAME);
        let opening = form.file(if holds_name { FILE_NAME } else { "file" });
        let kind = format!("multipart/form-data; boundary=\"{}\"", self.boundary);
        let headers = HeaderWriter::new(dialect).with_plain(CONTENT_TYPE, kind);
        let mut request =
            Request::of_bucket(Method::POST, &self.bucket, Query::new(), headers.done());
        request.payload = Some(opening);
        request
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let bucket = request.bucket()?;
        let opening = request.payload.clone().unwrap_or_default();
        let form = FormReader::read_opening(&request.headers, opening)?;
        let key = form
            .key()
            .ok_or_else(|| Error::argument("The form has no field key."))?;
        let headers = form.headers(dialect)?;
        let headers = HeaderReader::new(&headers, dialect);
        headers.refuse_on_encrypted_write(EncryptionHeaders::Target)?;
        let tags = match form.get(TAGGING) {
            Some(document) => super::tagging::of_document(document.as_bytes())?,
            None => headers.tags()?,
        };
        Ok(Self {
            bucket,
            key: read_key(&key, dialect)?,
            metadata: headers.metadata()?,
            storage_class: headers.parse(Field::StorageClass)?,
            acl: headers.acl_of_object()?,
            tags,
            content_md5: headers.content_md5()?,
            forbid_overwrite: headers.flag(Field::ForbidOverwrite)?,
            encryption: headers.encryption()?,
            on_success: OnSuccess::read(&form)?,
            signature: signature(&form),
            boundary: FormReader::of(&request.headers)?.into_boundary(),
        })
    }

    fn encode_reply(reply: &PostObjectReply, dialect: Dialect) -> Reply {
        let status = match reply.told {
            Told::NoContent => StatusCode::NO_CONTENT,
            Told::Ok => StatusCode::OK,
            Told::Created { .. } => StatusCode::CREATED,
            Told::SeeOther => StatusCode::SEE_OTHER,
        };
        let headers = HeaderWriter::new(dialect)
            .with_plain(ETAG, &reply.etag)
            .with_plain(LOCATION, &reply.location)
            .with_some(Field::HashCrc64, reply.crc64)
            .with_some(Field::VersionId, reply.version_id.as_ref())
            .with_encrypted_with(reply.encrypted_with.as_ref());
        let Told::Created { bucket, key } = &reply.told else {
            return Reply::empty(status, headers.done());
        };
        let document = Writer::document_in(dialect, "PostResponse", |root| {
            root.text("Location", &reply.location);
            root.text("Bucket", bucket);
            root.text("Key", key);
            root.etag(&reply.etag);
        });
        let mut reply = Reply::document(document, headers);
        reply.status = status;
        reply
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<PostObjectReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        let told = match reply.status {
            StatusCode::CREATED => {
                let root = reply.root("PostResponse")?;
                Told::Created {
                    bucket: root.bucket("Bucket")?,
                    key: root.key("Key")?,
                }
            }
            StatusCode::SEE_OTHER => Told::SeeOther,
            StatusCode::OK => Told::Ok,
            _ => Told::NoContent,
        };
        Ok(PostObjectReply {
            etag: headers.etag()?,
            crc64: headers.parse(Field::HashCrc64)?,
            version_id: headers.version_id()?.filter(|id| !id.is_null()),
            encrypted_with: headers.encrypted_with()?,
            location: headers
                .text_of(LOCATION.as_str())?
                .unwrap_or_default()
                .to_owned(),
            told,
        })
    }
}

/// A page with what it is told of the object.
pub fn redirect(page: &str, bucket: &BucketName, key: &ObjectKey, etag: &ETag) -> String {
    let (page, fragment) = match page.split_once('#') {
        Some((page, fragment)) => (page, Some(fragment)),
        None => (page, None),
    };
    let mut url = page.to_owned();
    url.push(if page.contains('?') { '&' } else { '?' });
    url.push_str(&format!(
        "bucket={bucket}&key={}&etag={}",
        percent::encode(key.as_str()),
        percent::encode(&etag.to_string())
    ));
    if let Some(fragment) = fragment {
        url.push('#');
        url.push_str(fragment);
    }
    url
}

/// The fields that sign a form.
fn signature(form: &Form) -> Vec<(String, String)> {
    form.fields()
        .filter(|(name, _)| is_of_signature(&name.to_ascii_lowercase()))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
