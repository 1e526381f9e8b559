//! The table: what each operation touches, and which action that takes. A new operation has its row
//! here, and is asked for nowhere else.

use cosette_proto::ops::{ObjectToDelete, Operation, PrefixJobKind};
use cosette_types::{
    AclHeaders, Action, BucketName, CopySource, Directive, ObjectKey, Tags, VersionId,
};

/// What an operation touches.
#[derive(Debug)]
pub(super) enum Touch<'a> {
    /// The list of buckets.
    Buckets,
    /// A bucket that is to be made, or what it is to have from the beginning.
    NewBucket(&'a BucketName, Action),
    /// A bucket that is there.
    Bucket(&'a BucketName, Action),
    /// An object that is there: its ACL may grant the action. On a named version it is the action of
    /// versions.
    Object(&'a BucketName, &'a ObjectKey, Option<&'a VersionId>, Action),
    /// The place of an object, whether or not there is one: to write there, to remove what is there.
    Key(&'a BucketName, &'a ObjectKey, Action),
    /// Somewhere below a prefix, where an object's own right is asked for later.
    Below(&'a BucketName, &'a str, Action),
    /// The ACL of an object that this request makes.
    NewAcl(&'a BucketName, &'a ObjectKey),
    /// A version that is to be removed for good.
    Version(&'a BucketName, &'a ObjectKey, &'a VersionId),
    /// Each entry of a list of deletes, judged by itself.
    Each(&'a BucketName, &'a [ObjectToDelete]),
    /// What a copy reads.
    Source(&'a CopySource),
    /// The tags of its source, which it carries along to this place.
    CarriedTags(&'a CopySource, &'a BucketName, &'a ObjectKey),
    /// What a move reads, and removes.
    Moved(&'a BucketName, &'a ObjectKey),
}

/// The row of an operation.
#[expect(clippy::too_many_lines, reason = "one row for each operation")]
pub(super) fn touches(operation: &Operation) -> Vec<Touch<'_>> {
    use Action as A;
    use Operation as Op;
    use Touch as T;
    match operation {
        Op::ListBuckets(_) => vec![T::Buckets],
        Op::PutBucket(op) => {
            let mut touches = vec![T::NewBucket(&op.bucket, A::PutBucket)];
            if !op.tags.is_empty() {
                touches.push(T::NewBucket(&op.bucket, A::PutBucketTagging));
            }
            touches
        }
        Op::HeadBucket(op) => vec![T::Bucket(&op.bucket, A::HeadBucket)],
        Op::DeleteBucket(op) => vec![T::Bucket(&op.bucket, A::DeleteBucket)],
        Op::GetBucketLocation(op) => vec![T::Bucket(&op.bucket, A::GetBucketLocation)],
        Op::PutBucketVersioning(op) => vec![T::Bucket(&op.bucket, A::PutBucketVersioning)],
        Op::GetBucketVersioning(op) => vec![T::Bucket(&op.bucket, A::GetBucketVersioning)],
        Op::PutBucketAcl(op) => vec![T::Bucket(&op.bucket, A::PutBucketAcl)],
        Op::GetBucketAcl(op) => vec![T::Bucket(&op.bucket, A::GetBucketAcl)],
        Op::PutBucketPolicy(op) => vec![T::Bucket(&op.bucket, A::PutBucketPolicy)],
        Op::GetBucketPolicy(op) => vec![T::Bucket(&op.bucket, A::GetBucketPolicy)],
        Op::DeleteBucketPolicy(op) => vec![T::Bucket(&op.bucket, A::DeleteBucketPolicy)],
        // A browser asks before it has a signature, and gets to know a rule and nothing else.
        Op::OptionsObject(_) | Op::GetCapabilities(_) => Vec::new(),
        // Each object's own rights are asked for when the job comes to it.
        Op::StartPrefixJob(op) => {
            let source = &op.wish.source_bucket;
            let mut touches = vec![T::Bucket(source, A::GetBucket)];
            if op.wish.kind == PrefixJobKind::Move {
                touches.push(T::Below(
                    source,
                    op.wish.source_prefix.as_str(),
                    A::DeleteObject,
                ));
            }
            touches.push(T::Below(
                &op.bucket,
                op.wish.target_prefix.as_str(),
                A::PutObject,
            ));
            touches
        }
        Op::GetPrefixJob(op) => vec![T::Bucket(&op.bucket, A::GetBucket)],
        Op::ListPrefixJobs(op) => vec![T::Bucket(&op.bucket, A::GetBucket)],
        Op::CancelPrefixJob(op) => vec![T::Below(&op.bucket, "", A::PutObject)],
        Op::PutBucketCors(op) => vec![T::Bucket(&op.bucket, A::PutBucketCors)],
        Op::GetBucketCors(op) => vec![T::Bucket(&op.bucket, A::GetBucketCors)],
        Op::DeleteBucketCors(op) => vec![T::Bucket(&op.bucket, A::DeleteBucketCors)],
        Op::PutBucketLifecycle(op) => vec![T::Bucket(&op.bucket, A::PutBucketLifecycle)],
        Op::GetBucketLifecycle(op) => vec![T::Bucket(&op.bucket, A::GetBucketLifecycle)],
        Op::DeleteBucketLifecycle(op) => vec![T::Bucket(&op.bucket, A::DeleteBucketLifecycle)],
        Op::PutBucketEncryption(op) => vec![T::Bucket(&op.bucket, A::PutBucketEncryption)],
        Op::GetBucketEncryption(op) => vec![T::Bucket(&op.bucket, A::GetBucketEncryption)],
        Op::DeleteBucketEncryption(op) => vec![T::Bucket(&op.bucket, A::DeleteBucketEncryption)],
        Op::PutBucketTagging(op) => vec![T::Bucket(&op.bucket, A::PutBucketTagging)],
        Op::GetBucketTagging(op) => vec![T::Bucket(&op.bucket, A::GetBucketTagging)],
        Op::DeleteBucketTagging(op) => vec![T::Bucket(&op.bucket, A::DeleteBucketTagging)],
        Op::PutObjectTagging(op) => {
            let version_id = op.version_id.as_ref();
            vec![T::Object(
                &op.bucket,
                &op.key,
                version_id,
                A::PutObjectTagging,
            )]
        }
        Op::GetObjectTagging(op) => {
            let version_id = op.version_id.as_ref();
            vec![T::Object(
                &op.bucket,
                &op.key,
                version_id,
                A::GetObjectTagging,
            )]
        }
        Op::DeleteObjectTagging(op) => {
            let version_id = op.version_id.as_ref();
            vec![T::Object(
                &op.bucket,
                &op.key,
                version_id,
                A::DeleteObjectTagging,
            )]
        }
        Op::RestoreObject(op) => {
            let version_id = op.version_id.as_ref();
            vec![T::Object(&op.bucket, &op.key, version_id, A::RestoreObject)]
        }
        Op::AppendObject(op) => writes((&op.bucket, &op.key), A::AppendObject, &op.acl, &op.tags),
        Op::ListObjects(op) => vec![T::Bucket(&op.bucket, A::GetBucket)],
        Op::ListObjectsV2(op) => vec![T::Bucket(&op.bucket, A::GetBucket)],
        Op::ListVersions(op) => vec![T::Bucket(&op.bucket, A::GetBucketObjectVersions)],
        Op::ListUploads(op) => vec![T::Bucket(&op.bucket, A::ListMultipartUploads)],
        Op::DeleteObjects(op) => vec![T::Each(&op.bucket, &op.objects)],
        Op::DeleteObject(op) => match &op.version_id {
            Some(version_id) => vec![T::Version(&op.bucket, &op.key, version_id)],
            None => vec![T::Key(&op.bucket, &op.key, A::DeleteObject)],
        },
        Op::GetObject(op) => {
            let version_id = op.version_id.as_ref();
            vec![T::Object(&op.bucket, &op.key, version_id, A::GetObject)]
        }
        Op::GetObjectAttributes(op) => {
            let version_id = op.version_id.as_ref();
            vec![T::Object(&op.bucket, &op.key, version_id, A::GetObject)]
        }
        Op::HeadObject(op) => {
            let version_id = op.version_id.as_ref();
            vec![T::Object(&op.bucket, &op.key, version_id, A::HeadObject)]
        }
        Op::PutObjectAcl(op) => {
            let version_id = op.version_id.as_ref();
            vec![T::Object(&op.bucket, &op.key, version_id, A::PutObjectAcl)]
        }
        Op::GetObjectAcl(op) => {
            let version_id = op.version_id.as_ref();
            vec![T::Object(&op.bucket, &op.key, version_id, A::GetObjectAcl)]
        }
        Op::PutObject(op) => writes((&op.bucket, &op.key), A::PutObject, &op.acl, &op.tags),
        Op::PostObject(op) => writes((&op.bucket, &op.key), A::PostObject, &op.acl, &op.tags),
        Op::CopyObject(op) => {
            const NO_TAGS: &Tags = &Tags::new();
            // Without that directive the tags of the request mean nothing.
            let replaces = op.tagging_directive == Some(Directive::Replaced);
            let tags = if replaces { &op.tags } else { NO_TAGS };
            let mut touches = writes((&op.bucket, &op.key), A::PutObject, &op.acl, tags);
            touches.push(T::Source(&op.source));
            if !replaces {
                touches.push(T::CarriedTags(&op.source, &op.bucket, &op.key));
            }
            touches
        }
        Op::MoveObject(op) => {
            const NO_ACL: &AclHeaders = &AclHeaders::NONE;
            const NO_TAGS: &Tags = &Tags::new();
            // To leave the source's own ACL behind takes no more than a copy and a delete do.
            let bare = op.acl == AclHeaders::DEFAULT_ACL;
            let acl = if bare { NO_ACL } else { &op.acl };
            let mut touches = writes((&op.bucket, &op.key), A::PutObject, acl, NO_TAGS);
            touches.push(T::Key(&op.bucket, &op.source_key, A::DeleteObject));
            touches.push(T::Moved(&op.bucket, &op.source_key));
            touches
        }
        Op::InitiateUpload(op) => writes(
            (&op.bucket, &op.key),
            A::InitiateMultipartUpload,
            &op.acl,
            &op.tags,
        ),
        Op::UploadPart(op) => vec![T::Key(&op.bucket, &op.key, A::UploadPart)],
        Op::UploadPartCopy(op) => vec![
            T::Key(&op.bucket, &op.key, A::UploadPartCopy),
            T::Source(&op.source),
        ],
        Op::CompleteUpload(op) => vec![T::Key(&op.bucket, &op.key, A::CompleteMultipartUpload)],
        Op::AbortUpload(op) => vec![T::Key(&op.bucket, &op.key, A::AbortMultipartUpload)],
        Op::ListParts(op) => vec![T::Key(&op.bucket, &op.key, A::ListParts)],
    }
}

/// A write of an object; to say who may do what with it takes a right of its own, and so do tags.
fn writes<'a>(
    (bucket, key): (&'a BucketName, &'a ObjectKey),
    action: Action,
    acl: &AclHeaders,
    tags: &Tags,
) -> Vec<Touch<'a>> {
    let mut touches = vec![Touch::Key(bucket, key, action)];
    if !acl.is_empty() {
        touches.push(Touch::NewAcl(bucket, key));
    }
    if !tags.is_empty() {
        touches.push(Touch::Key(bucket, key, Action::PutObjectTagging));
    }
    touches
}
