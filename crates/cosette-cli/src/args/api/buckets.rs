//! `api` operations about buckets: what each takes.

use std::path::PathBuf;

use clap::Args;
use cosette::PrefixJobKind;
use cosette_types::{BucketName, CannedAcl, ObjectKey, Text, VersionId};

use super::{BucketArgs, GrantArgs, TagArgs};
use crate::args::values;

/// A document that a bucket gets.
#[derive(Debug, Args)]
pub(crate) struct PutBucketDocumentArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
    /// File with the XML document of the COS documents; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Start a prefix job.
#[derive(Debug, Args)]
pub(crate) struct StartPrefixJobArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
    /// Move or Copy
    #[arg(long, value_name = "KIND", value_parser = values::job_kind)]
    pub(crate) kind: PrefixJobKind,
    /// Bucket that the objects are in
    #[arg(long, value_name = "BUCKET")]
    pub(crate) source_bucket: BucketName,
    /// What their keys begin with
    #[arg(long, value_name = "PREFIX", default_value = "")]
    pub(crate) source_prefix: String,
    /// What takes that beginning's place
    #[arg(long, value_name = "PREFIX", default_value = "")]
    pub(crate) target_prefix: String,
    /// Leave objects where they are whose target exists
    #[arg(long)]
    pub(crate) forbid_overwrite: bool,
    /// The same token again finds the same job again
    #[arg(long, value_name = "TEXT")]
    pub(crate) client_token: Option<Text>,
}

/// A prefix job.
#[derive(Debug, Args)]
pub(crate) struct PrefixJobArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
    /// The job's id
    #[arg(long, value_name = "ID")]
    pub(crate) id: String,
    /// What was left, from this number on
    #[arg(long, value_name = "N")]
    pub(crate) left_marker: Option<u64>,
}

/// OPTIONS Object.
#[derive(Debug, Args)]
pub(crate) struct OptionsArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
    /// Object key; without one the request is about the bucket
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<ObjectKey>,
    /// Where the page is from
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: String,
    /// The method it would use
    #[arg(long, value_name = "METHOD")]
    pub(crate) method: String,
    /// A header it would send; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) header: Vec<String>,
}

/// PUT Bucket tagging.
#[derive(Debug, Args)]
pub(crate) struct PutBucketTaggingArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
    #[command(flatten)]
    pub(crate) tags: TagArgs,
}

/// What every listing of a bucket has.
#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// Bucket, named <BucketName-APPID>
    #[arg(long, value_name = "BUCKET")]
    pub(crate) bucket: BucketName,
    /// Only keys that begin so
    #[arg(long, value_name = "TEXT")]
    pub(crate) prefix: Option<String>,
    /// Fold keys that hold this character after the prefix
    #[arg(long, value_name = "CHARACTER")]
    pub(crate) delimiter: Option<char>,
}

/// GET Bucket.
#[derive(Debug, Args)]
pub(crate) struct ListObjectsArgs {
    #[command(flatten)]
    pub(crate) page: PageArgs,
    /// Only what comes after this key
    #[arg(long, value_name = "KEY")]
    pub(crate) marker: Option<String>,
    /// Most entries in the answer [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) max_keys: Option<u16>,
}

/// GET Bucket Object versions.
#[derive(Debug, Args)]
pub(crate) struct ListVersionsArgs {
    #[command(flatten)]
    pub(crate) page: PageArgs,
    /// Only what comes after this key
    #[arg(long, value_name = "KEY")]
    pub(crate) key_marker: Option<String>,
    /// With --key-marker: its versions after this one too
    #[arg(long, value_name = "ID")]
    pub(crate) version_id_marker: Option<VersionId>,
    /// Most entries in the answer [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) max_keys: Option<u16>,
}

/// ACL of a bucket: a preset and grants.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NewBucketAclArgs {
    /// Preset ACL [default: private]
    #[arg(long, value_name = "ACL", value_parser = values::bucket_acl())]
    pub(crate) acl: Option<CannedAcl>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
}

/// PUT Bucket acl.
#[derive(Debug, Args)]
pub(crate) struct BucketAclArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
    #[command(flatten)]
    pub(crate) acl: NewBucketAclArgs,
}

/// PUT Bucket.
#[derive(Debug, Args)]
pub(crate) struct PutBucketArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
    #[command(flatten)]
    pub(crate) acl: NewBucketAclArgs,
    #[command(flatten)]
    pub(crate) tags: TagArgs,
}

/// PUT Bucket versioning.
#[derive(Debug, Args)]
pub(crate) struct VersioningArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
    /// Enabled or Suspended
    #[arg(long, value_name = "STATUS", value_parser = ["Enabled", "Suspended"])]
    pub(crate) status: String,
}

/// PUT Bucket policy.
#[derive(Debug, Args)]
pub(crate) struct PutPolicyArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
    /// File with the policy, a JSON document of the COS or the S3 dialect; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
}

/// GET Service.
#[derive(Debug, Args)]
pub(crate) struct ListBucketsArgs {
    /// Only buckets after this name
    #[arg(long, value_name = "BUCKET")]
    pub(crate) marker: Option<String>,
    /// Most buckets in the answer
    #[arg(long, value_name = "N")]
    pub(crate) max_keys: Option<u16>,
}
