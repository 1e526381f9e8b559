//! The operations. Each file runs one of them with one call of the store, and takes a [`Permit`],
//! which only `policy` makes: to forget to ask does not compile.

mod abort_upload;
mod acl;
mod append_object;
mod buckets;
mod capabilities;
mod complete_upload;
mod copy_object;
pub(crate) mod cors;
mod delete_object;
mod delete_objects;
mod encryption;
mod get_object;
mod get_object_attributes;
mod initiate_upload;
pub(crate) mod lifecycle;
mod list_buckets;
mod list_objects;
mod list_objects_v2;
mod list_parts;
mod list_uploads;
mod list_versions;
mod move_object;
mod policy;
mod post_object;
mod prefix_jobs;
mod put_object;
mod restore_object;
mod tagging;
mod upload_part;
mod upload_part_copy;
mod versioning;

use std::time::Duration;

use cosette_proto::ops::{self as wire, Operation};
use cosette_proto::{Dialect, Head, Message, Reply, Style, percent};
use cosette_store::Store;
use cosette_types::{AppId, BucketName, Metadata, ObjectKey, Region, limits};

use crate::access::Access;
use crate::body::Body;
use crate::error::Error;
use crate::keep_alive::Long;
use crate::payload::{ObjectBytes, Payload};
use crate::policy::{Permit, Permitted};
use crate::prefix_jobs::Jobs;
use crate::quota::Quotas;

/// What operations may use beside their request.
pub(crate) struct Context<'a> {
    pub(crate) store: &'a Store,
    pub(crate) access: &'a Access,
    pub(crate) head: &'a Head,
    /// The region of buckets made through a host that names none.
    pub(crate) region: &'a Region,
    /// How long a restore of an archived object takes.
    pub(crate) restore_delay: Duration,
    /// What does the work of prefix jobs.
    pub(crate) jobs: &'a Jobs,
    /// How much a bucket and an account may hold.
    pub(crate) quotas: &'a Quotas,
}

/// What an operation answers with.
pub(crate) enum Answer {
    /// A reply that is settled.
    Reply(Reply),
    /// A reply with the bytes of an object.
    Bytes(Reply, Body),
    /// A reply that may take long, and is worked at whether or not somebody waits.
    Long(Long),
}

/// Runs a permitted operation.
///
/// Those that take bytes are boxed: every request would have to be as large as they are, and a request is
/// moved into its place as a whole.
pub(crate) async fn run(
    cx: &Context<'_>,
    permitted: Permitted,
    payload: Payload,
) -> Result<Answer, Error> {
    let (operation, permit) = permitted.into_parts();
    let (store, permit) = (cx.store, &permit);
    let dialect = cx.head.dialect;
    match operation {
        Operation::CopyObject(op) => Ok(copy_object::answer(cx, permit, op)),
        Operation::UploadPartCopy(op) => Ok(upload_part_copy::answer(cx, permit, op)),
        Operation::CompleteUpload(op) => Ok(complete_upload::answer(cx, permit, op)),
        Operation::GetObject(op) => get_object::get(cx, permit, &op).await,
        Operation::HeadObject(op) => get_object::head(cx, permit, &op).await,
        Operation::PutObject(op) => {
            let bytes = object_bytes(payload)?;
            reply::<wire::PutObject>(
                Box::pin(put_object::run(store, permit, op, bytes)).await,
                dialect,
            )
        }
        Operation::PostObject(op) => {
            let bytes = object_bytes(payload)?;
            reply::<wire::PostObject>(
                Box::pin(post_object::run(cx, permit, op, bytes)).await,
                dialect,
            )
        }
        Operation::AppendObject(op) => {
            let bytes = object_bytes(payload)?;
            let done = Box::pin(append_object::run(store, permit, op, bytes)).await;
            reply::<wire::AppendObject>(done, dialect)
        }
        Operation::RestoreObject(op) => {
            let done = restore_object::run(store, permit, op, cx.restore_delay).await;
            reply::<wire::RestoreObject>(done, dialect)
        }
        Operation::UploadPart(op) => {
            let bytes = object_bytes(payload)?;
            reply::<wire::UploadPart>(
                Box::pin(upload_part::run(store, permit, op, bytes)).await,
                dialect,
            )
        }
        Operation::MoveObject(op) => {
            reply::<wire::MoveObject>(move_object::run(store, permit, op).await, dialect)
        }
        Operation::DeleteObject(op) => {
            reply::<wire::DeleteObject>(delete_object::run(store, permit, op).await, dialect)
        }
        Operation::DeleteObjects(op) => {
            let done = delete_objects::run(store, permit, op, dialect).await;
            reply::<wire::DeleteObjects>(done, dialect)
        }
        Operation::InitiateUpload(op) => {
            reply::<wire::InitiateUpload>(initiate_upload::run(cx, permit, op).await, dialect)
        }
        Operation::AbortUpload(op) => {
            reply::<wire::AbortUpload>(abort_upload::run(store, permit, op).await, dialect)
        }
        Operation::ListParts(op) => {
            reply::<wire::ListParts>(list_parts::run(store, permit, op).await, dialect)
        }
        operation => Box::pin(run_on_bucket(cx, permit, operation)).await,
    }
}

async fn run_on_bucket(
    cx: &Context<'_>,
    permit: &Permit,
    operation: Operation,
) -> Result<Answer, Error> {
    let (store, dialect) = (cx.store, cx.head.dialect);
    match operation {
        Operation::ListBuckets(op) => {
            reply::<wire::ListBuckets>(list_buckets::run(cx, permit, op).await, dialect)
        }
        Operation::PutBucket(op) => {
            let region = cx.head.region.as_ref().unwrap_or(cx.region);
            reply::<wire::PutBucket>(buckets::put(cx, permit, region, op).await, dialect)
        }
        Operation::HeadBucket(op) => reply::<wire::HeadBucket>(buckets::head(permit, &op), dialect),
        Operation::DeleteBucket(op) => {
            reply::<wire::DeleteBucket>(buckets::delete(store, permit, &op, dialect).await, dialect)
        }
        Operation::GetBucketLocation(op) => {
            reply::<wire::GetBucketLocation>(buckets::location(permit, &op), dialect)
        }
        Operation::PutBucketVersioning(op) => {
            reply::<wire::PutBucketVersioning>(versioning::put(store, permit, &op).await, dialect)
        }
        Operation::GetBucketVersioning(op) => {
            reply::<wire::GetBucketVersioning>(versioning::get(permit, &op), dialect)
        }
        Operation::PutBucketAcl(op) => {
            reply::<wire::PutBucketAcl>(acl::put_bucket(store, permit, op).await, dialect)
        }
        Operation::GetBucketAcl(op) => {
            reply::<wire::GetBucketAcl>(acl::get_bucket(permit, &op), dialect)
        }
        Operation::PutBucketPolicy(op) => {
            reply::<wire::PutBucketPolicy>(policy::put(cx, permit, op).await, dialect)
        }
        Operation::GetBucketPolicy(op) => {
            reply::<wire::GetBucketPolicy>(policy::get(cx, permit, &op).await, dialect)
        }
        Operation::DeleteBucketPolicy(op) => {
            reply::<wire::DeleteBucketPolicy>(policy::delete(cx, permit, &op).await, dialect)
        }
        Operation::PutObjectAcl(op) => {
            reply::<wire::PutObjectAcl>(acl::put_object(store, permit, op).await, dialect)
        }
        Operation::GetObjectAcl(op) => {
            reply::<wire::GetObjectAcl>(acl::get_object(permit, &op), dialect)
        }
        Operation::PutObjectTagging(op) => {
            reply::<wire::PutObjectTagging>(tagging::put_object(store, permit, op).await, dialect)
        }
        Operation::GetObjectTagging(op) => {
            reply::<wire::GetObjectTagging>(tagging::get_object(permit, &op), dialect)
        }
        Operation::DeleteObjectTagging(op) => {
            let done = tagging::delete_object(store, permit, op).await;
            reply::<wire::DeleteObjectTagging>(done, dialect)
        }
        Operation::ListObjects(op) => {
            reply::<wire::ListObjects>(list_objects::run(store, permit, op).await, dialect)
        }
        Operation::ListObjectsV2(op) => {
            reply::<wire::ListObjectsV2>(list_objects_v2::run(store, permit, op).await, dialect)
        }
        Operation::GetObjectAttributes(op) => {
            let told = get_object_attributes::run(store, permit, op).await;
            reply::<wire::GetObjectAttributes>(told, dialect)
        }
        Operation::ListVersions(op) => {
            reply::<wire::ListVersions>(list_versions::run(store, permit, op).await, dialect)
        }
        Operation::ListUploads(op) => {
            reply::<wire::ListUploads>(list_uploads::run(store, permit, op).await, dialect)
        }
        operation => run_around(cx, permit, operation).await,
    }
}

/// What stands around buckets and objects: documents that are left with a bucket, jobs, and what the
/// store can do.
async fn run_around(
    cx: &Context<'_>,
    permit: &Permit,
    operation: Operation,
) -> Result<Answer, Error> {
    let (store, dialect) = (cx.store, cx.head.dialect);
    match operation {
        Operation::GetCapabilities(op) => {
            reply::<wire::GetCapabilities>(Ok(capabilities::get(permit, op)), dialect)
        }
        Operation::StartPrefixJob(op) => {
            let started = prefix_jobs::start(store, permit, op).await;
            cx.jobs.tell();
            reply::<wire::StartPrefixJob>(started, dialect)
        }
        Operation::GetPrefixJob(op) => {
            reply::<wire::GetPrefixJob>(prefix_jobs::get(store, permit, &op).await, dialect)
        }
        Operation::ListPrefixJobs(op) => {
            reply::<wire::ListPrefixJobs>(prefix_jobs::list(store, permit, &op).await, dialect)
        }
        Operation::CancelPrefixJob(op) => {
            reply::<wire::CancelPrefixJob>(prefix_jobs::cancel(store, permit, &op).await, dialect)
        }
        Operation::PutBucketCors(op) => {
            reply::<wire::PutBucketCors>(cors::put(store, permit, &op).await, dialect)
        }
        Operation::GetBucketCors(op) => {
            reply::<wire::GetBucketCors>(cors::get(store, permit, &op).await, dialect)
        }
        Operation::DeleteBucketCors(op) => {
            reply::<wire::DeleteBucketCors>(cors::delete(store, permit, &op).await, dialect)
        }
        Operation::PutBucketLifecycle(op) => {
            let done = lifecycle::put(store, permit, &op).await;
            reply::<wire::PutBucketLifecycle>(done, dialect)
        }
        Operation::GetBucketLifecycle(op) => {
            let done = lifecycle::get(store, permit, &op).await;
            reply::<wire::GetBucketLifecycle>(done, dialect)
        }
        Operation::DeleteBucketLifecycle(op) => {
            let done = lifecycle::delete(store, permit, &op).await;
            reply::<wire::DeleteBucketLifecycle>(done, dialect)
        }
        Operation::PutBucketEncryption(op) => {
            let done = encryption::put(store, permit, &op).await;
            reply::<wire::PutBucketEncryption>(done, dialect)
        }
        Operation::GetBucketEncryption(op) => {
            let done = encryption::get(store, permit, &op).await;
            reply::<wire::GetBucketEncryption>(done, dialect)
        }
        Operation::DeleteBucketEncryption(op) => {
            let done = encryption::delete(store, permit, &op).await;
            reply::<wire::DeleteBucketEncryption>(done, dialect)
        }
        Operation::OptionsObject(op) => {
            reply::<wire::OptionsObject>(cors::options(store, permit, &op).await, dialect)
        }
        Operation::PutBucketTagging(op) => {
            reply::<wire::PutBucketTagging>(tagging::put_bucket(store, permit, &op).await, dialect)
        }
        Operation::GetBucketTagging(op) => {
            reply::<wire::GetBucketTagging>(tagging::get_bucket(store, permit, &op).await, dialect)
        }
        Operation::DeleteBucketTagging(op) => {
            let done = tagging::delete_bucket(store, permit, &op).await;
            reply::<wire::DeleteBucketTagging>(done, dialect)
        }
        other => Err(Error::internal(format!(
            "{} is not run anywhere",
            other.name()
        ))),
    }
}

fn reply<M: Message>(result: Result<M::Reply, Error>, dialect: Dialect) -> Result<Answer, Error> {
    result.map(|reply| Answer::Reply(M::encode_reply(&reply, dialect)))
}

fn object_bytes(payload: Payload) -> Result<ObjectBytes, Error> {
    match payload {
        Payload::Object(bytes) | Payload::Form { bytes, .. } => Ok(bytes),
        Payload::None | Payload::Document { .. } => Err(Error::internal("an object without bytes")),
    }
}

/// What is stored when the client does not say what the bytes are.
fn with_content_type(mut metadata: Metadata) -> Metadata {
    if metadata.content.content_type.is_none() {
        metadata.content.content_type = "application/octet-stream".parse().ok();
    }
    metadata
}

/// Whom listings name as the owner: the number in the bucket's name, or of the account where the name
/// has none.
fn listed_owner(permit: &Permit) -> Result<Option<AppId>, Error> {
    let bucket = permit.bucket()?;
    let account = || bucket.owner.owner_uin().parse().ok();
    Ok(bucket.name.app_id().or_else(account))
}

/// The size of a page: as asked for, within the bound.
fn page(asked: Option<u16>) -> u16 {
    asked
        .unwrap_or(limits::LIST_ENTRIES_MAX)
        .min(limits::LIST_ENTRIES_MAX)
}

/// Where an object can be fetched: the host as addressed, and the encoded key.
fn location(head: &Head, bucket: &BucketName, key: &ObjectKey) -> String {
    let (host, key) = (&head.host, percent::encode_path(key.as_str()));
    match head.style {
        Style::VirtualHosted => format!("http://{host}/{key}"),
        Style::Path => format!("http://{host}/{bucket}/{key}"),
    }
}

/// A key that the store keeps; it can only be none if what is kept is damaged.
fn kept_key(key: &str) -> Result<ObjectKey, Error> {
    ObjectKey::parse_s3(key).map_err(|error| Error::internal(format!("a listed key: {error}")))
}
