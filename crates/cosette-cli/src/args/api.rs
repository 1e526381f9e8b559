//! `api <operation>`: the raw requests, with every parameter of the COS documents as a flag.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cosette_types::{
    BucketName, ByteRange, CannedAcl, Directive, ETag, ETagMatch, Grantee, ObjectKey, PartNumber,
    ReadRange, Region, StorageClass, Tags, Text, Timestamp, UploadId, VersionId,
};

use cosette::RestoreTier;

use super::encryption::{CustomerKeyArgs, EncryptionArgs, SourceKeyArgs};
use super::values;
use crate::name::CosName;

mod buckets;

use buckets::PageArgs;
pub(crate) use buckets::{
    BucketAclArgs, ListBucketsArgs, ListObjectsArgs, ListVersionsArgs, NewBucketAclArgs,
    OptionsArgs, PrefixJobArgs, PutBucketArgs, PutBucketDocumentArgs, PutBucketTaggingArgs,
    PutPolicyArgs, StartPrefixJobArgs, VersioningArgs,
};

pub(super) const EXAMPLES: &str = "\
Each command sends one request and prints what the service answered, with --output json as one object:
statusCode, headers and the operation's own fields (ETag, LastModified, VersionId, UploadId, …); what the
service does not return is absent. An error is one object on stderr: statusCode, headers, code, message,
requestId, kind. --region is the bucket's region.

Examples:
  cosette api put-object-copy --bucket examplebucket-1250000000 --region ap-beijing --key b/1.jpg \\
      --copy-source examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg
  cosette api multipart-init --bucket examplebucket-1250000000 --key 1.jpg --output json
  cosette api upload-part-copy --bucket examplebucket-1250000000 --key 1.jpg --upload-id ID --part-number 1 \\
      --copy-source cos://sourcebucket-1250000000/sourceObject --copy-source-range bytes=0-1048575
  cosette api multipart-complete --bucket examplebucket-1250000000 --key 1.jpg --upload-id ID --part 1:ETAG
  cosette api delete-object --bucket examplebucket-1250000000 --key a/1.jpg";

/// The operations, by their names in the COS documents.
#[derive(Debug, Subcommand)]
pub(crate) enum ApiCommand {
    /// PUT Object - Copy: copy an object, or change one in place
    PutObjectCopy(Box<CopyObjectArgs>),
    /// Initiate Multipart Upload: begin an object that is put together from parts
    #[command(visible_alias = "initiate-multipart-upload")]
    MultipartInit(Box<InitArgs>),
    /// Upload Part: send a part
    #[command(visible_alias = "multipart-upload")]
    UploadPart(UploadPartArgs),
    /// Upload Part - Copy: make a part from an object
    UploadPartCopy(Box<PartCopyArgs>),
    /// Complete Multipart Upload: make the object from its parts
    #[command(visible_alias = "complete-multipart-upload")]
    MultipartComplete(CompleteArgs),
    /// Abort Multipart Upload: give up an upload and its parts
    #[command(visible_alias = "abort-multipart-upload")]
    MultipartAbort(AbortArgs),
    /// List Parts: the parts that an upload has
    #[command(visible_alias = "multipart-list-part")]
    ListParts(ListPartsArgs),
    /// List Multipart Uploads: the uploads that are open
    #[command(visible_alias = "multipart-list")]
    ListMultipartUploads(ListUploadsArgs),
    /// PUT Object: store an object
    PutObject(Box<PutObjectArgs>),
    /// GET Object: read an object; its bytes go to --file
    GetObject(Box<ReadArgs>),
    /// HEAD Object: an object's properties
    HeadObject(Box<ReadArgs>),
    /// DELETE Object: remove an object, or a version for good
    DeleteObject(DeleteObjectArgs),
    /// DELETE Multiple Objects: remove up to 1,000 objects
    #[command(visible_alias = "delete-multiple-object")]
    DeleteMultipleObjects(DeleteObjectsArgs),
    /// PUT Object acl: replace an object's ACL
    PutObjectAcl(Box<AclArgs>),
    /// GET Object acl: an object's ACL
    GetObjectAcl(VersionArgs),
    /// APPEND Object: add bytes to the end of an object, or begin one
    AppendObject(Box<AppendArgs>),
    /// POST Object restore: make an archived object readable for some days
    RestoreObject(RestoreObjectArgs),
    /// PUT Object tagging: replace an object's tags
    PutObjectTagging(PutTaggingArgs),
    /// GET Object tagging: an object's tags
    GetObjectTagging(VersionArgs),
    /// DELETE Object tagging: remove an object's tags
    DeleteObjectTagging(VersionArgs),
    /// PUT Object (rename): move an object in one request; an extension that not every store has
    RenameObject(Box<RenameArgs>),
    /// GET Service: your buckets
    GetService(ListBucketsArgs),
    /// PUT Bucket: make a bucket
    PutBucket(Box<PutBucketArgs>),
    /// HEAD Bucket: whether a bucket is there, and in which region
    HeadBucket(BucketArgs),
    /// DELETE Bucket: remove an empty bucket
    DeleteBucket(BucketArgs),
    /// GET Bucket: list objects
    GetBucket(ListObjectsArgs),
    /// GET Bucket Object versions: list versions
    ListObjectVersions(ListVersionsArgs),
    /// PUT Bucket acl: replace a bucket's ACL
    PutBucketAcl(Box<BucketAclArgs>),
    /// GET Bucket acl: a bucket's ACL
    GetBucketAcl(BucketArgs),
    /// PUT Bucket versioning: switch versioning on, or suspend it
    PutBucketVersioning(VersioningArgs),
    /// GET Bucket versioning: whether versions are kept
    GetBucketVersioning(BucketArgs),
    /// PUT Bucket policy: set a bucket's policy
    PutBucketPolicy(PutPolicyArgs),
    /// GET Bucket policy: a bucket's policy as it was written
    GetBucketPolicy(BucketArgs),
    /// DELETE Bucket policy: remove a bucket's policy
    DeleteBucketPolicy(BucketArgs),
    /// What the store can do that COS cannot; an extension that not every store has
    GetCapabilities,
    /// Start a prefix job: the server moves or copies everything below a prefix; an extension
    StartPrefixJob(StartPrefixJobArgs),
    /// GET prefix job: how far one is
    GetPrefixJob(PrefixJobArgs),
    /// List prefix jobs: those into a bucket
    ListPrefixJobs(BucketArgs),
    /// Cancel a prefix job; what was done stays done
    CancelPrefixJob(PrefixJobArgs),
    /// PUT Bucket lifecycle: replace a bucket's rules for what becomes of its objects with time
    PutBucketLifecycle(PutBucketDocumentArgs),
    /// GET Bucket lifecycle: a bucket's lifecycle rules
    GetBucketLifecycle(BucketArgs),
    /// DELETE Bucket lifecycle: remove a bucket's lifecycle rules
    DeleteBucketLifecycle(BucketArgs),
    /// PUT Bucket cors: replace a bucket's rules for pages of other origins
    PutBucketCors(PutBucketDocumentArgs),
    /// GET Bucket cors: a bucket's rules for pages of other origins
    GetBucketCors(BucketArgs),
    /// DELETE Bucket cors: remove a bucket's rules for pages of other origins
    DeleteBucketCors(BucketArgs),
    /// OPTIONS Object: ask, as a browser does, whether a page of an origin may send a request
    OptionsObject(OptionsArgs),
    /// PUT Bucket tagging: replace a bucket's tags
    PutBucketTagging(PutBucketTaggingArgs),
    /// GET Bucket tagging: a bucket's tags
    GetBucketTagging(BucketArgs),
    /// DELETE Bucket tagging: remove a bucket's tags
    DeleteBucketTagging(BucketArgs),
    /// PUT Bucket encryption: how objects are encrypted that are put without a word about it
    PutBucketEncryption(BucketArgs),
    /// GET Bucket encryption: a bucket's default encryption
    GetBucketEncryption(BucketArgs),
    /// DELETE Bucket encryption: remove a bucket's default encryption; objects stay as they are
    DeleteBucketEncryption(BucketArgs),
    /// GET Bucket location: the region a bucket was made in
    GetBucketLocation(BucketArgs),
}

/// A bucket.
#[derive(Debug, Args)]
pub(crate) struct BucketArgs {
    /// Bucket, named <BucketName-APPID>
    #[arg(long, value_name = "BUCKET")]
    pub(crate) bucket: BucketName,
}

/// An object.
#[derive(Debug, Args)]
pub(crate) struct ObjectArgs {
    /// Bucket, named <BucketName-APPID>
    #[arg(long, value_name = "BUCKET")]
    pub(crate) bucket: BucketName,
    /// Object key, written plainly
    #[arg(long, value_name = "KEY")]
    pub(crate) key: ObjectKey,
}

/// An object, or a version of it.
#[derive(Debug, Args)]
pub(crate) struct VersionArgs {
    #[command(flatten)]
    pub(crate) object: ObjectArgs,
    /// Version [default: the current one]
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<VersionId>,
}

/// An upload.
#[derive(Debug, Args)]
pub(crate) struct UploadArgs {
    #[command(flatten)]
    pub(crate) object: ObjectArgs,
    /// The id that multipart-init answered
    #[arg(long, value_name = "ID")]
    pub(crate) upload_id: UploadId,
}

/// Content headers that are stored with an object.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ContentArgs {
    /// Cache-Control, stored with the object
    #[arg(long, value_name = "TEXT")]
    pub(crate) cache_control: Option<Text>,
    /// Content-Disposition, stored with the object
    #[arg(long, value_name = "TEXT")]
    pub(crate) content_disposition: Option<Text>,
    /// Content-Encoding, stored with the object; bytes are not recoded
    #[arg(long, value_name = "TEXT")]
    pub(crate) content_encoding: Option<Text>,
    /// Content-Language, stored with the object
    #[arg(long, value_name = "TEXT")]
    pub(crate) content_language: Option<Text>,
    /// Content-Type, stored with the object
    #[arg(long, value_name = "TEXT")]
    pub(crate) content_type: Option<Text>,
    /// Expires, stored with the object: until when caches may keep it
    #[arg(long, value_name = "TEXT")]
    pub(crate) expires: Option<Text>,
}

/// User metadata.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct MetaArgs {
    /// User metadata, name:value; may be given several times, 2 KB in all
    #[arg(long, value_name = "NAME:VALUE", value_parser = values::meta)]
    pub(crate) meta: Vec<(String, Text)>,
}

/// Tags that an object or a bucket gets.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TagArgs {
    /// Tag, key=value; may be given several times, 10 for an object, 50 for a bucket
    #[arg(long, value_name = "KEY=VALUE", value_parser = values::tag)]
    pub(crate) tag: Vec<(String, String)>,
}

impl TagArgs {
    /// The tags, each key once.
    pub(crate) fn tags(self) -> Result<Tags, cosette_types::Error> {
        let mut tags = Tags::new();
        for (key, value) in self.tag {
            tags.insert(&key, &value)?;
        }
        Ok(tags)
    }
}

/// Conditions on what a write replaces or removes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TargetConditionArgs {
    /// Only if what is replaced or removed has this ETag, else 412; an extension that not every
    /// store has
    #[arg(long, value_name = "ETAG")]
    pub(crate) if_match: Option<ETagMatch>,
    /// Only if there is nothing (`*`), or something with another ETag, else 412; an extension that
    /// not every store has
    #[arg(long, value_name = "ETAG")]
    pub(crate) if_none_match: Option<ETagMatch>,
}

/// APPEND Object.
#[derive(Debug, Args)]
pub(crate) struct AppendArgs {
    #[command(flatten)]
    pub(crate) object: ObjectArgs,
    /// How long the object is now
    #[arg(long, value_name = "BYTES")]
    pub(crate) position: u64,
    /// File with the bytes; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    #[command(flatten)]
    pub(crate) acl: NewAclArgs,
    /// Storage class of an object that is begun [default: STANDARD]
    #[arg(long, value_name = "CLASS", value_parser = values::storage_class(), ignore_case = true)]
    pub(crate) storage_class: Option<StorageClass>,
    #[command(flatten)]
    pub(crate) meta: MetaArgs,
    #[command(flatten)]
    pub(crate) tags: TagArgs,
    #[command(flatten)]
    pub(crate) encryption: EncryptionArgs,
}

/// POST Object restore.
#[derive(Debug, Args)]
pub(crate) struct RestoreObjectArgs {
    #[command(flatten)]
    pub(crate) object: VersionArgs,
    /// For how many days, 1 to 365
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: u16,
    /// How soon: Expedited, Standard or Bulk [default: Standard]
    #[arg(long, value_name = "TIER", value_parser = values::restore_tier)]
    pub(crate) tier: Option<RestoreTier>,
}

/// PUT Object tagging.
#[derive(Debug, Args)]
pub(crate) struct PutTaggingArgs {
    #[command(flatten)]
    pub(crate) object: VersionArgs,
    #[command(flatten)]
    pub(crate) tags: TagArgs,
}

/// DELETE Object.
#[derive(Debug, Args)]
pub(crate) struct DeleteObjectArgs {
    #[command(flatten)]
    pub(crate) object: VersionArgs,
    #[command(flatten)]
    pub(crate) conditions: TargetConditionArgs,
}

/// ACL of an object: a preset and grants.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NewAclArgs {
    /// Preset ACL [default: default, which means the bucket's]
    #[arg(long, value_name = "ACL", value_parser = values::object_acl())]
    pub(crate) acl: Option<CannedAcl>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
}

/// Grants.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GrantArgs {
    /// Who may read: id="<OwnerUin>" or id="qcs::cam::uin/<OwnerUin>:uin/<SubUin>", several
    /// separated by commas or by giving the flag again
    #[arg(long, value_name = "GRANTEES", value_parser = values::grantees)]
    pub(crate) grant_read: Vec<Vec<Grantee>>,
    /// Who may write; on an object: who may write its ACL
    #[arg(long, value_name = "GRANTEES", value_parser = values::grantees)]
    pub(crate) grant_write: Vec<Vec<Grantee>>,
    /// Who may do everything
    #[arg(long, value_name = "GRANTEES", value_parser = values::grantees)]
    pub(crate) grant_full_control: Vec<Vec<Grantee>>,
    /// Who may read the ACL
    #[arg(long, value_name = "GRANTEES", value_parser = values::grantees)]
    pub(crate) grant_read_acp: Vec<Vec<Grantee>>,
    /// Who may write the ACL
    #[arg(long, value_name = "GRANTEES", value_parser = values::grantees)]
    pub(crate) grant_write_acp: Vec<Vec<Grantee>>,
}

/// Conditions on a copy's source.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConditionArgs {
    /// Copy only if the source was modified after this time, else 412; goes with
    /// --copy-source-if-none-match, other combinations may conflict
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) copy_source_if_modified_since: Option<Timestamp>,
    /// Copy only if the source was not modified since this time, else 412; goes with
    /// --copy-source-if-match, other combinations may conflict
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) copy_source_if_unmodified_since: Option<Timestamp>,
    /// Copy only if the source's ETag is this one, else 412
    #[arg(long, value_name = "ETAG")]
    pub(crate) copy_source_if_match: Option<ETagMatch>,
    /// Copy only if the source's ETag is another one, else 412
    #[arg(long, value_name = "ETAG")]
    pub(crate) copy_source_if_none_match: Option<ETagMatch>,
}

/// PUT Object - Copy.
#[derive(Debug, Args)]
pub(crate) struct CopyObjectArgs {
    #[command(flatten)]
    pub(crate) object: ObjectArgs,
    /// Source: cos://bucket-appid/key, or bucket-appid.cos.region.myqcloud.com/key[?versionId=ID]
    /// with the key escaped
    #[arg(long, value_name = "NAME")]
    pub(crate) copy_source: CosName,
    /// Version of a source written as cos://
    #[arg(long, value_name = "ID")]
    pub(crate) copy_source_version_id: Option<VersionId>,
    /// Region of a source written as cos:// [default: --region]
    #[arg(long, value_name = "REGION")]
    pub(crate) source_region: Option<Region>,
    #[command(flatten)]
    pub(crate) acl: NewAclArgs,
    /// Copy: the source's metadata goes along and what is given here is ignored. Replaced: the
    /// target has what is given here [default: Copy]
    #[arg(long, value_name = "DIRECTIVE", value_parser = values::directive(), ignore_case = true)]
    pub(crate) metadata_directive: Option<Directive>,
    #[command(flatten)]
    pub(crate) conditions: ConditionArgs,
    /// Storage class [default: STANDARD, whatever the source's is]
    #[arg(long, value_name = "CLASS", value_parser = values::storage_class(), ignore_case = true)]
    pub(crate) storage_class: Option<StorageClass>,
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    #[command(flatten)]
    pub(crate) meta: MetaArgs,
    /// Copy: the source's tags go along. Replaced: the target has those given here [default: Copy]
    #[arg(long, value_name = "DIRECTIVE", value_parser = values::directive(), ignore_case = true)]
    pub(crate) tagging_directive: Option<Directive>,
    #[command(flatten)]
    pub(crate) tags: TagArgs,
    /// Fail if the target is there already
    #[arg(long)]
    pub(crate) forbid_overwrite: bool,
    #[command(flatten)]
    pub(crate) target_conditions: TargetConditionArgs,
    #[command(flatten)]
    pub(crate) encryption: EncryptionArgs,
    /// Copy: where the target's bucket says nothing, the target is encrypted with a key of the service
    /// if the source is, and not if the source is not (an extension of our own server)
    #[arg(long, value_name = "DIRECTIVE", value_parser = values::copy_directive(), ignore_case = true,
          conflicts_with_all = ["sse", "sse_c_key_file"], help_heading = "Encryption")]
    pub(crate) sse_directive: Option<Directive>,
    #[command(flatten)]
    pub(crate) source_key: SourceKeyArgs,
}

/// Initiate Multipart Upload.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    pub(crate) object: ObjectArgs,
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    #[command(flatten)]
    pub(crate) acl: NewAclArgs,
    /// Storage class [default: STANDARD]
    #[arg(long, value_name = "CLASS", value_parser = values::storage_class(), ignore_case = true)]
    pub(crate) storage_class: Option<StorageClass>,
    #[command(flatten)]
    pub(crate) meta: MetaArgs,
    #[command(flatten)]
    pub(crate) tags: TagArgs,
    #[command(flatten)]
    pub(crate) encryption: EncryptionArgs,
}

/// Upload Part.
#[derive(Debug, Args)]
pub(crate) struct UploadPartArgs {
    #[command(flatten)]
    pub(crate) upload: UploadArgs,
    /// Number of the part, 1 to 10000
    #[arg(long, value_name = "N")]
    pub(crate) part_number: PartNumber,
    /// File with the bytes of the part; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) customer_key: CustomerKeyArgs,
}

/// Upload Part - Copy.
#[derive(Debug, Args)]
pub(crate) struct PartCopyArgs {
    #[command(flatten)]
    pub(crate) upload: UploadArgs,
    /// Number of the part, 1 to 10000
    #[arg(long, value_name = "N")]
    pub(crate) part_number: PartNumber,
    /// Source: cos://bucket-appid/key, or bucket-appid.cos.region.myqcloud.com/key[?versionId=ID]
    /// with the key escaped
    #[arg(long, value_name = "NAME")]
    pub(crate) copy_source: CosName,
    /// Version of a source written as cos://
    #[arg(long, value_name = "ID")]
    pub(crate) copy_source_version_id: Option<VersionId>,
    /// Region of a source written as cos:// [default: --region]
    #[arg(long, value_name = "REGION")]
    pub(crate) source_region: Option<Region>,
    /// Bytes of the source, bytes=first-last, counted from 0 [default: all of them]
    #[arg(long, value_name = "RANGE")]
    pub(crate) copy_source_range: Option<ByteRange>,
    #[command(flatten)]
    pub(crate) conditions: ConditionArgs,
    #[command(flatten)]
    pub(crate) customer_key: CustomerKeyArgs,
    #[command(flatten)]
    pub(crate) source_key: SourceKeyArgs,
}

/// Complete Multipart Upload.
#[derive(Debug, Args)]
pub(crate) struct CompleteArgs {
    #[command(flatten)]
    pub(crate) upload: UploadArgs,
    /// A part, NUMBER:ETAG (with or without quotes); give the flag for each
    #[arg(long, value_name = "N:ETAG", value_parser = part, required_unless_present = "parts_json")]
    pub(crate) part: Vec<(PartNumber, ETag)>,
    /// File with the parts as JSON, [{"PartNumber":"1","ETag":"…"},…]; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "part")]
    pub(crate) parts_json: Option<PathBuf>,
    /// Fail if the target is there already
    #[arg(long)]
    pub(crate) forbid_overwrite: bool,
    #[command(flatten)]
    pub(crate) target_conditions: TargetConditionArgs,
}

/// Abort Multipart Upload.
#[derive(Debug, Args)]
pub(crate) struct AbortArgs {
    #[command(flatten)]
    pub(crate) upload: UploadArgs,
}

/// List Parts.
#[derive(Debug, Args)]
pub(crate) struct ListPartsArgs {
    #[command(flatten)]
    pub(crate) upload: UploadArgs,
    /// Only parts after this number
    #[arg(long, value_name = "N")]
    pub(crate) part_number_marker: Option<u16>,
    /// Most parts in the answer [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) max_parts: Option<u16>,
}

/// List Multipart Uploads.
#[derive(Debug, Args)]
pub(crate) struct ListUploadsArgs {
    #[command(flatten)]
    pub(crate) page: PageArgs,
    /// Only keys after this one
    #[arg(long, value_name = "KEY")]
    pub(crate) key_marker: Option<String>,
    /// With --key-marker: its uploads after this one too
    #[arg(long, value_name = "ID")]
    pub(crate) upload_id_marker: Option<UploadId>,
    /// Most entries in the answer [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) max_uploads: Option<u16>,
}

/// PUT Object.
#[derive(Debug, Args)]
pub(crate) struct PutObjectArgs {
    #[command(flatten)]
    pub(crate) object: ObjectArgs,
    /// File with the bytes; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    #[command(flatten)]
    pub(crate) acl: NewAclArgs,
    /// Storage class [default: STANDARD]
    #[arg(long, value_name = "CLASS", value_parser = values::storage_class(), ignore_case = true)]
    pub(crate) storage_class: Option<StorageClass>,
    #[command(flatten)]
    pub(crate) meta: MetaArgs,
    #[command(flatten)]
    pub(crate) tags: TagArgs,
    /// Fail if the object is there already
    #[arg(long)]
    pub(crate) forbid_overwrite: bool,
    #[command(flatten)]
    pub(crate) target_conditions: TargetConditionArgs,
    #[command(flatten)]
    pub(crate) encryption: EncryptionArgs,
}

/// GET and HEAD Object.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) object: VersionArgs,
    /// Bytes to read: bytes=0-9, bytes=10- or bytes=-10
    #[arg(long, value_name = "RANGE")]
    pub(crate) range: Option<ReadRange>,
    /// File that gets the bytes; - for standard output [default: they are read and counted]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Only if the ETag is this one, else 412
    #[arg(long, value_name = "ETAG")]
    pub(crate) if_match: Option<ETagMatch>,
    /// Only if the ETag is another one, else 304
    #[arg(long, value_name = "ETAG")]
    pub(crate) if_none_match: Option<ETagMatch>,
    /// Only if modified after this time, else 304
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) if_modified_since: Option<Timestamp>,
    /// Only if not modified after this time, else 412
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) if_unmodified_since: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) customer_key: CustomerKeyArgs,
}

/// DELETE Multiple Objects.
#[derive(Debug, Args)]
pub(crate) struct DeleteObjectsArgs {
    /// Bucket, named <BucketName-APPID>
    #[arg(long, value_name = "BUCKET")]
    pub(crate) bucket: BucketName,
    /// Key to remove; give the flag for each
    #[arg(long, value_name = "KEY", required_unless_present = "objects_json")]
    pub(crate) key: Vec<String>,
    /// File with the objects as JSON, [{"Key":"a","VersionId":"…"},…]; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub(crate) objects_json: Option<PathBuf>,
    /// Report failures only
    #[arg(long)]
    pub(crate) quiet_reply: bool,
}

/// PUT Object acl.
#[derive(Debug, Args)]
pub(crate) struct AclArgs {
    #[command(flatten)]
    pub(crate) object: VersionArgs,
    #[command(flatten)]
    pub(crate) acl: NewAclArgs,
}

/// PUT Object (rename).
#[derive(Debug, Args)]
pub(crate) struct RenameArgs {
    #[command(flatten)]
    pub(crate) object: ObjectArgs,
    /// The key that it has now, in the same bucket
    #[arg(long, value_name = "KEY")]
    pub(crate) rename_source: ObjectKey,
    /// Fail if the target is there already
    #[arg(long)]
    pub(crate) forbid_overwrite: bool,
    /// Preset ACL; `default` leaves the source's own behind [default: the source's own goes along]
    #[arg(long, value_name = "ACL", value_parser = values::object_acl())]
    pub(crate) acl: Option<CannedAcl>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    #[command(flatten)]
    pub(crate) target_conditions: TargetConditionArgs,
}

/// `1:"etag"`, with or without quotes.
fn part(text: &str) -> Result<(PartNumber, ETag), String> {
    let (number, etag) = text
        .split_once(':')
        .ok_or_else(|| format!("`{text}` is not of the form NUMBER:ETAG"))?;
    let number = number
        .parse()
        .map_err(|why: cosette_types::Error| why.to_string())?;
    Ok((
        number,
        etag.parse()
            .map_err(|why: cosette_types::Error| why.to_string())?,
    ))
}
