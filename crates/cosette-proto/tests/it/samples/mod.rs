//! For each operation: random requests and replies, and the examples that stand as files in
//! `tests/wire`. An operation without these does not compile.

mod acl;
mod append;
mod buckets;
mod copies;
mod cors;
mod deletes;
mod encryption;
mod lifecycle;
mod listings;
mod objects;
mod policy;
mod post;
mod prefix_jobs;
mod s3_only;
mod tagging;
mod uploads;

use std::fmt::Debug;

use cosette_proto::Message;
use cosette_types::{BucketName, ETag, ObjectKey, Text, Timestamp, UploadId, VersionId};
use proptest::prelude::BoxedStrategy;

/// An operation that can be tried out.
pub(crate) trait Sample:
    Message<Reply: Debug + PartialEq + 'static> + Debug + PartialEq + 'static
{
    /// Random requests.
    fn requests() -> BoxedStrategy<Self>;
    /// Random replies.
    fn replies() -> BoxedStrategy<Self::Reply>;
    /// Named exchanges, after the samples of the protocol's documents.
    fn examples() -> Vec<Example<Self>>;
}

/// One exchange.
pub(crate) struct Example<M: Message> {
    /// Names its files.
    pub(crate) name: &'static str,
    /// What is asked.
    pub(crate) request: M,
    /// What is answered.
    pub(crate) reply: M::Reply,
}

/// Calls a generic function for the operation of a name: a new operation must be added here.
macro_rules! for_operation {
    ($name:expr, $function:ident $(, $argument:expr)?) => {
        $crate::samples::for_operation!(
            @ $name, $function, ($($argument)?):
            ListBuckets PutBucket HeadBucket DeleteBucket GetBucketLocation PutBucketVersioning
            PutBucketPolicy GetBucketPolicy DeleteBucketPolicy
            GetBucketVersioning GetCapabilities StartPrefixJob GetPrefixJob
            ListPrefixJobs CancelPrefixJob PutBucketCors GetBucketCors DeleteBucketCors
            PutBucketLifecycle GetBucketLifecycle DeleteBucketLifecycle
            PutBucketEncryption GetBucketEncryption DeleteBucketEncryption
            OptionsObject PutBucketTagging GetBucketTagging DeleteBucketTagging
            AppendObject RestoreObject PutObjectTagging GetObjectTagging DeleteObjectTagging PutBucketAcl GetBucketAcl ListObjects ListVersions ListUploads
            DeleteObjects PutObject PostObject CopyObject GetObject HeadObject DeleteObject MoveObject
            PutObjectAcl GetObjectAcl ListObjectsV2 GetObjectAttributes InitiateUpload UploadPart UploadPartCopy CompleteUpload
            AbortUpload ListParts
        )
    };
    (@ $name:expr, $function:ident, $arguments:tt: $($operation:ident)*) => {
        match $name {
            $(cosette_proto::OperationName::$operation => {
                $function::<cosette_proto::ops::$operation>$arguments
            })*
        }
    };
}
pub(crate) use for_operation;

fn bucket() -> BucketName {
    "examplebucket-1250000000".parse().unwrap()
}

fn key(text: &str) -> ObjectKey {
    text.parse().unwrap()
}

fn text(text: &str) -> Option<Text> {
    Some(text.parse().unwrap())
}

fn etag(text: &str) -> ETag {
    text.parse().unwrap()
}

fn version(text: &str) -> Option<VersionId> {
    Some(text.parse().unwrap())
}

fn upload_id() -> UploadId {
    "1585130821cbb7df1d11846c073ad648e8f33b087cec2381df437acdc833cf654b9ecc6361"
        .parse()
        .unwrap()
}

/// 2020-04-10T18:20:30Z
fn april() -> Timestamp {
    Timestamp::from_secs(1_586_542_830)
}
