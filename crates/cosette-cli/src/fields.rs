//! What operations answer, under the names that the COS documents and the JavaScript SDK give the
//! fields. What the service did not return is absent.

mod lifecycle;

use cosette::date;
use cosette::{
    AppendObjectReply, BucketEntry, Capabilities, CompleteUploadReply, CopyObjectReply,
    CorsConfiguration, CorsRule, DeleteMarkerEntry, DeleteObjectReply, DeleteObjectsReply,
    EncryptedWith, EncryptionConfiguration, GetAclReply, GetBucketPolicyReply,
    GetObjectTaggingReply, HeadBucketReply, InitiateUploadReply, ListBucketsReply,
    ListObjectsReply, ListPartsReply, ListUploadsReply, ListVersionsReply, MoveObjectReply,
    ObjectEntry, ObjectReply, ObjectTaggingReply, OptionsObjectReply, PartEntry, PrefixJob,
    PutObjectReply, RestoreObjectReply, UploadEntry, UploadPartCopyReply, UploadPartReply,
    VersionEntry, VersionItem, VersioningStatus,
};
use cosette_types::{Grant, Grantee, Metadata, Owner, Region, Tags, Text, Timestamp};
use http::HeaderMap;
use serde_json::{Map, Value, json};

/// A JSON object in the making.
#[derive(Debug, Default)]
pub(crate) struct Object(Map<String, Value>);

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// A field whose value prints as text.
    pub(crate) fn text(self, name: &str, value: impl std::fmt::Display) -> Self {
        self.with(name, value.to_string())
    }

    /// The same, absent without a value.
    pub(crate) fn some(self, name: &str, value: Option<impl std::fmt::Display>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// The fields of another object after these.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(crate) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// A reply's headers as an object; a header that is there twice is a list.
pub(crate) fn headers(map: &HeaderMap) -> Value {
    let mut object = Object::new();
    for name in map.keys() {
        let values = map.get_all(name).iter();
        let mut texts: Vec<Value> = values
            .map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned().into())
            .collect();
        let value = if texts.len() == 1 {
            texts.pop().unwrap_or_default()
        } else {
            texts.into()
        };
        object = object.with(name.as_str(), value);
    }
    object.done()
}

/// A time as listings and copies write it.
pub(crate) fn time(time: Timestamp) -> String {
    date::iso(time)
}

/// A reply whose fields have names.
pub(crate) trait Fields {
    /// The fields.
    fn fields(&self) -> Object;
}

/// Replies without fields of their own.
impl Fields for () {
    fn fields(&self) -> Object {
        Object::new()
    }
}

impl Fields for CopyObjectReply {
    fn fields(&self) -> Object {
        Object::new()
            .text("ETag", &self.etag)
            .text("LastModified", time(self.last_modified))
            .some("VersionId", self.version_id.as_ref())
            .some("SourceVersionId", self.source_version_id.as_ref())
            .some("CRC64", self.crc64)
    }
}

impl Fields for InitiateUploadReply {
    fn fields(&self) -> Object {
        Object::new()
            .text("Bucket", &self.bucket)
            .text("Key", &self.key)
            .text("UploadId", &self.upload_id)
    }
}

impl Fields for UploadPartReply {
    fn fields(&self) -> Object {
        Object::new()
            .text("ETag", &self.etag)
            .some("CRC64", self.crc64)
    }
}

impl Fields for UploadPartCopyReply {
    fn fields(&self) -> Object {
        Object::new()
            .text("ETag", &self.etag)
            .text("LastModified", time(self.last_modified))
            .some("SourceVersionId", self.source_version_id.as_ref())
            .some("CRC64", self.crc64)
    }
}

impl Fields for CompleteUploadReply {
    fn fields(&self) -> Object {
        Object::new()
            .text("Location", &self.location)
            .text("Bucket", &self.bucket)
            .text("Key", &self.key)
            .text("ETag", &self.etag)
            .some("VersionId", self.version_id.as_ref())
            .some("CRC64", self.crc64)
    }
}

impl Fields for PutObjectReply {
    fn fields(&self) -> Object {
        Object::new()
            .text("ETag", &self.etag)
            .some("VersionId", self.version_id.as_ref())
            .some("CRC64", self.crc64)
    }
}

impl Fields for MoveObjectReply {
    fn fields(&self) -> Object {
        Object::new()
            .some("ETag", self.etag.as_ref())
            .some("VersionId", self.version_id.as_ref())
    }
}

fn tag_set(tags: &Tags) -> Object {
    let tag = |(key, value)| Object::new().text("Key", key).text("Value", value).done();
    Object::new().with("TagSet", tags.iter().map(tag).collect::<Vec<_>>())
}

impl Fields for Capabilities {
    fn fields(&self) -> Object {
        let has = self.has.iter().map(|one| one.as_str());
        Object::new()
            .some("Version", self.version.as_ref())
            .with("Capability", has.collect::<Vec<_>>())
    }
}

impl Fields for CorsConfiguration {
    fn fields(&self) -> Object {
        let rule = |rule: &CorsRule| {
            let methods = rule.allowed_methods.iter().map(|method| method.as_str());
            Object::new()
                .some("ID", rule.id.as_ref())
                .with("AllowedOrigin", rule.allowed_origins.clone())
                .with("AllowedMethod", methods.collect::<Vec<_>>())
                .with("AllowedHeader", rule.allowed_headers.clone())
                .with("ExposeHeader", rule.expose_headers.clone())
                .some("MaxAgeSeconds", rule.max_age_secs)
                .done()
        };
        Object::new().with("CORSRules", self.rules.iter().map(rule).collect::<Vec<_>>())
    }
}

impl Fields for OptionsObjectReply {
    fn fields(&self) -> Object {
        let methods = self.allow_methods.iter().map(|method| method.as_str());
        Object::new()
            .text("AccessControlAllowOrigin", &self.allow_origin)
            .with("AccessControlAllowMethods", methods.collect::<Vec<_>>())
            .with("AccessControlAllowHeaders", self.allow_headers.clone())
            .with("AccessControlExposeHeaders", self.expose_headers.clone())
            .some("AccessControlMaxAge", self.max_age_secs)
    }
}

impl Fields for AppendObjectReply {
    fn fields(&self) -> Object {
        Object::new()
            .text("ETag", &self.etag)
            .text("NextAppendPosition", self.next_position)
            .some("CRC64", self.crc64)
    }
}

impl Fields for RestoreObjectReply {
    fn fields(&self) -> Object {
        Object::new()
    }
}

impl Fields for PrefixJob {
    fn fields(&self) -> Object {
        let left = self.left.iter().map(|left| {
            Object::new()
                .with("Number", left.number)
                .text("Key", &left.key)
                .text("Code", &left.code)
                .done()
        });
        Object::new()
            .text("Id", &self.id)
            .text("State", self.state.as_str())
            .some("Why", Some(&self.why).filter(|why| !why.is_empty()))
            .text("Kind", self.wish.kind.as_str())
            .text("SourceBucket", &self.wish.source_bucket)
            .text("SourcePrefix", &self.wish.source_prefix)
            .text("TargetPrefix", &self.wish.target_prefix)
            .with("ForbidOverwrite", self.wish.forbid_overwrite)
            .text("Created", time(self.created))
            .some("Ended", self.ended.map(time))
            .with("Done", self.done)
            .with("DoneBytes", self.done_bytes)
            .with("Failed", self.failed)
            .with("Left", left.collect::<Vec<_>>())
    }
}

impl Fields for Vec<PrefixJob> {
    fn fields(&self) -> Object {
        let jobs = self.iter().map(|job| job.fields().done());
        Object::new().with("PrefixJob", jobs.collect::<Vec<_>>())
    }
}

impl Fields for Tags {
    fn fields(&self) -> Object {
        tag_set(self)
    }
}

impl Fields for GetObjectTaggingReply {
    fn fields(&self) -> Object {
        tag_set(&self.tags).some("VersionId", self.version_id.as_ref())
    }
}

impl Fields for ObjectTaggingReply {
    fn fields(&self) -> Object {
        Object::new().some("VersionId", self.version_id.as_ref())
    }
}

impl Fields for DeleteObjectReply {
    fn fields(&self) -> Object {
        let object = Object::new().some("VersionId", self.version_id.as_ref());
        if self.delete_marker {
            object.with("DeleteMarker", true)
        } else {
            object
        }
    }
}

impl Fields for DeleteObjectsReply {
    fn fields(&self) -> Object {
        let deleted = self.deleted.iter().map(|entry| {
            let object = Object::new()
                .text("Key", &entry.key)
                .some("VersionId", entry.version_id.as_ref())
                .some(
                    "DeleteMarkerVersionId",
                    entry.delete_marker_version_id.as_ref(),
                );
            if entry.delete_marker {
                object.with("DeleteMarker", true)
            } else {
                object
            }
            .done()
        });
        let failed = self.failed.iter().map(|entry| {
            Object::new()
                .text("Key", &entry.key)
                .some("VersionId", entry.version_id.as_ref())
                .text("Code", &entry.code)
                .text("Message", &entry.message)
                .done()
        });
        Object::new()
            .with("Deleted", deleted.collect::<Vec<_>>())
            .with("Error", failed.collect::<Vec<_>>())
    }
}

impl Fields for ObjectReply {
    fn fields(&self) -> Object {
        let range = self.content_range;
        let object = Object::new()
            .text("ETag", &self.etag)
            .text("LastModified", time(self.last_modified))
            .with("Size", self.size())
            .with("ContentLength", self.content_length)
            .some(
                "ContentRange",
                range.map(|r| format!("bytes {}-{}/{}", r.first, r.last, r.size)),
            )
            .text("StorageClass", self.storage_class)
            .some("CRC64", self.crc64)
            .some("VersionId", self.version_id.as_ref())
            .some("Restore", self.restore.as_ref())
            .and(encrypted(self.encrypted_with.as_ref()))
            .and(metadata(&self.metadata));
        if self.not_modified {
            object.with("NotModified", true)
        } else {
            object
        }
    }
}

/// How an object is encrypted.
fn encrypted(with: Option<&EncryptedWith>) -> Object {
    match with {
        None => Object::new(),
        Some(EncryptedWith::Managed) => Object::new().with("ServerSideEncryption", "AES256"),
        Some(EncryptedWith::Customer(_)) => Object::new().with("SSECustomerAlgorithm", "AES256"),
        Some(EncryptedWith::Other(name)) => Object::new().text("ServerSideEncryption", name),
    }
}

impl Fields for EncryptionConfiguration {
    fn fields(&self) -> Object {
        Object::new().with("SSEAlgorithm", "AES256")
    }
}

/// Content headers, and user metadata in an object of its own.
fn metadata(metadata: &Metadata) -> Object {
    let content = &metadata.content;
    let mut object = Object::new();
    let headers: [(&str, &Option<Text>); 6] = [
        ("CacheControl", &content.cache_control),
        ("ContentDisposition", &content.content_disposition),
        ("ContentEncoding", &content.content_encoding),
        ("ContentLanguage", &content.content_language),
        ("ContentType", &content.content_type),
        ("Expires", &content.expires),
    ];
    for (name, value) in headers {
        object = object.some(name, value.as_ref());
    }
    if metadata.user.is_empty() {
        return object;
    }
    let user = metadata
        .user
        .iter()
        .fold(Object::new(), |all, (name, value)| all.text(name, value));
    object.with("Metadata", user.done())
}

impl Fields for GetAclReply {
    fn fields(&self) -> Object {
        let grants = self.acl.grants.iter().map(grant).collect::<Vec<_>>();
        let object = Object::new()
            .with("Owner", owner(&self.acl.owner))
            .with("Grants", grants);
        if self.inherits {
            object.with("ACL", "default")
        } else {
            object
        }
    }
}

fn grant(grant: &Grant) -> Value {
    let grantee = match (&grant.grantee, grant.grantee.group_uri()) {
        (_, Some(uri)) => json!({ "URI": uri }),
        (Grantee::User(user), None) => owner(user),
        (Grantee::AllUsers | Grantee::AuthenticatedUsers, None) => Value::Null,
    };
    json!({"Grantee": grantee, "Permission": grant.permission.as_str()})
}

fn owner(owner: &Owner) -> Value {
    json!({"ID": owner.to_string(), "DisplayName": owner.sub_uin()})
}

impl Fields for GetBucketPolicyReply {
    fn fields(&self) -> Object {
        Object::new().text("Policy", String::from_utf8_lossy(&self.policy))
    }
}

impl Fields for HeadBucketReply {
    fn fields(&self) -> Object {
        Object::new().some("Region", self.region.as_ref())
    }
}

impl Fields for Region {
    fn fields(&self) -> Object {
        Object::new().text("LocationConstraint", self)
    }
}

impl Fields for Option<VersioningStatus> {
    fn fields(&self) -> Object {
        Object::new().some("Status", self.map(versioning))
    }
}

/// A versioning status as documents write it.
pub(crate) fn versioning(status: VersioningStatus) -> &'static str {
    match status {
        VersioningStatus::Enabled => "Enabled",
        VersioningStatus::Suspended => "Suspended",
    }
}

impl Fields for ListBucketsReply {
    fn fields(&self) -> Object {
        let buckets = self.buckets.iter().map(|bucket| bucket.fields().done());
        Object::new()
            .with("Owner", owner(&self.owner))
            .with("Buckets", buckets.collect::<Vec<_>>())
            .some("NextMarker", self.next_marker.as_ref())
    }
}

impl Fields for BucketEntry {
    fn fields(&self) -> Object {
        Object::new()
            .text("Name", &self.name)
            .text("Location", &self.location)
            .text("CreationDate", date::iso_seconds(self.creation_date))
    }
}

fn prefixes(folded: &[String]) -> Vec<Value> {
    folded
        .iter()
        .map(|prefix| json!({ "Prefix": prefix }))
        .collect()
}

impl Fields for ListObjectsReply {
    fn fields(&self) -> Object {
        let contents = self.contents.iter().map(|entry| entry.fields().done());
        Object::new()
            .text("Name", &self.bucket)
            .text("Prefix", &self.prefix)
            .some("Delimiter", self.delimiter)
            .text("Marker", &self.marker)
            .with("MaxKeys", self.max_keys)
            .with("IsTruncated", self.next_marker.is_some())
            .some("NextMarker", self.next_marker.as_ref())
            .with("CommonPrefixes", prefixes(&self.common_prefixes))
            .with("Contents", contents.collect::<Vec<_>>())
    }
}

impl Fields for ObjectEntry {
    fn fields(&self) -> Object {
        Object::new()
            .text("Key", &self.key)
            .text("LastModified", time(self.last_modified))
            .text("ETag", &self.etag)
            .with("Size", self.size)
            .text("StorageClass", self.storage_class)
    }
}

impl Fields for ListVersionsReply {
    fn fields(&self) -> Object {
        let (mut versions, mut markers) = (Vec::new(), Vec::new());
        for item in &self.items {
            match item {
                VersionItem::Version(version) => versions.push(version.fields().done()),
                VersionItem::DeleteMarker(marker) => markers.push(marker.fields().done()),
            }
        }
        Object::new()
            .text("Name", &self.bucket)
            .text("Prefix", &self.prefix)
            .some("Delimiter", self.delimiter)
            .text("KeyMarker", &self.key_marker)
            .some("VersionIdMarker", self.version_id_marker.as_ref())
            .with("MaxKeys", self.max_keys)
            .with("IsTruncated", self.is_truncated)
            .some("NextKeyMarker", self.next_key_marker.as_ref())
            .some("NextVersionIdMarker", self.next_version_id_marker.as_ref())
            .with("CommonPrefixes", prefixes(&self.common_prefixes))
            .with("Versions", versions)
            .with("DeleteMarkers", markers)
    }
}

impl Fields for VersionEntry {
    fn fields(&self) -> Object {
        Object::new()
            .text("Key", &self.key)
            .some("VersionId", self.version_id.as_ref())
            .with("IsLatest", self.is_latest)
            .text("LastModified", time(self.last_modified))
            .text("ETag", &self.etag)
            .with("Size", self.size)
            .text("StorageClass", self.storage_class)
    }
}

impl Fields for DeleteMarkerEntry {
    fn fields(&self) -> Object {
        Object::new()
            .text("Key", &self.key)
            .some("VersionId", self.version_id.as_ref())
            .with("IsLatest", self.is_latest)
            .text("LastModified", time(self.last_modified))
    }
}

impl Fields for ListUploadsReply {
    fn fields(&self) -> Object {
        let uploads = self.uploads.iter().map(|entry| entry.fields().done());
        Object::new()
            .text("Bucket", &self.bucket)
            .text("Prefix", &self.prefix)
            .some("Delimiter", self.delimiter)
            .text("KeyMarker", &self.key_marker)
            .some("UploadIdMarker", self.upload_id_marker.as_ref())
            .with("MaxUploads", self.max_uploads)
            .with("IsTruncated", self.is_truncated)
            .some("NextKeyMarker", self.next_key_marker.as_ref())
            .some("NextUploadIdMarker", self.next_upload_id_marker.as_ref())
            .with("CommonPrefixes", prefixes(&self.common_prefixes))
            .with("Upload", uploads.collect::<Vec<_>>())
    }
}

impl Fields for UploadEntry {
    fn fields(&self) -> Object {
        Object::new()
            .text("Key", &self.key)
            .text("UploadId", &self.upload_id)
            .text("StorageClass", self.storage_class)
            .text("Initiated", time(self.initiated))
            .and(self.initiator.as_ref().map_or_else(Object::new, |who| {
                Object::new().with("Initiator", owner(who))
            }))
    }
}

impl Fields for ListPartsReply {
    fn fields(&self) -> Object {
        let parts = self.parts.iter().map(|entry| entry.fields().done());
        Object::new()
            .text("Bucket", &self.bucket)
            .text("Key", &self.key)
            .text("UploadId", &self.upload_id)
            .text("StorageClass", self.storage_class)
            .with("PartNumberMarker", self.part_number_marker)
            .with("MaxParts", self.max_parts)
            .with("IsTruncated", self.next_part_number_marker.is_some())
            .some("NextPartNumberMarker", self.next_part_number_marker)
            .with("Part", parts.collect::<Vec<_>>())
    }
}

impl Fields for PartEntry {
    fn fields(&self) -> Object {
        Object::new()
            .text("PartNumber", self.part_number)
            .text("LastModified", time(self.last_modified))
            .text("ETag", &self.etag)
            .with("Size", self.size)
    }
}
