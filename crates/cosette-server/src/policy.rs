//! Who may do what. Every operation says here what it touches, and is asked here and nowhere else.
//!
//! An account owns the buckets it made and may do everything in them; the root account may do
//! everything. Others may do what an ACL grants them: the object's own, or its bucket's where it has
//! none. There are no bucket policies and no rights of sub-accounts by themselves yet.

use cosette_proto::ErrorCode;
use cosette_proto::ops::{Operation, PrefixJobKind, ResponseOverrides};
use cosette_store::{Bucket, ObjectVersion, Store};
use cosette_types::{
    BucketName, CopySource, ETag, Grant, Grantee, ObjectKey, Owner, Permission, Region, VersionId,
};

use crate::auth::Caller;
use crate::error::{About, Error};

/// An operation that its caller may do. Only [`permit`] makes one, and `ops` takes nothing else.
#[derive(Debug)]
pub(crate) struct Permitted {
    operation: Operation,
    permit: Permit,
}

impl Permitted {
    pub(crate) fn into_parts(self) -> (Operation, Permit) {
        (self.operation, self.permit)
    }
}

/// The proof that an operation was permitted, and the facts that it was permitted by: what is read
/// is the version that was judged, not whatever stands there later.
#[derive(Debug)]
pub(crate) struct Permit {
    caller: Caller,
    bucket: Option<Bucket>,
    object: Option<ObjectVersion>,
    source: Option<Source>,
}

#[derive(Debug)]
struct Source {
    version: ObjectVersion,
    /// Whether every version of the source's bucket is the caller's to read.
    any_version: bool,
}

/// What an operation touches.
enum Touch<'a> {
    /// The list of buckets.
    Buckets,
    /// A bucket that is to be made.
    NewBucket(&'a BucketName),
    /// A bucket that is there; `None` is for its owner only.
    Bucket(&'a BucketName, Option<Permission>),
    /// An object that is there.
    Object(
        &'a BucketName,
        &'a ObjectKey,
        Option<&'a VersionId>,
        Permission,
    ),
    /// A version that is to be removed for good.
    Version(&'a BucketName, &'a ObjectKey, &'a VersionId),
    /// What a copy reads.
    Source(&'a CopySource),
    /// What a move reads, and removes.
    Moved(&'a BucketName, &'a ObjectKey),
}

/// The table: what each operation touches, and which permission that takes.
fn touches(operation: &Operation) -> Vec<Touch<'_>> {
    use Operation as Op;
    use Permission::{Read, ReadAcp, Write, WriteAcp};
    use Touch as T;
    match operation {
        Op::ListBuckets(_) => vec![T::Buckets],
        Op::PutBucket(op) => vec![T::NewBucket(&op.bucket)],
        Op::HeadBucket(op) => vec![T::Bucket(&op.bucket, Some(Read))],
        Op::DeleteBucket(op) => vec![T::Bucket(&op.bucket, None)],
        Op::GetBucketLocation(op) => vec![T::Bucket(&op.bucket, Some(Read))],
        Op::PutBucketVersioning(op) => vec![T::Bucket(&op.bucket, None)],
        Op::GetBucketVersioning(op) => vec![T::Bucket(&op.bucket, None)],
        Op::PutBucketAcl(op) => vec![T::Bucket(&op.bucket, Some(WriteAcp))],
        Op::GetBucketAcl(op) => vec![T::Bucket(&op.bucket, Some(ReadAcp))],
        // A browser asks before it has a signature, and gets to know a rule and nothing else.
        Op::OptionsObject(_) | Op::GetCapabilities(_) => Vec::new(),
        // Each object's own rights are asked for when the job comes to it.
        Op::StartPrefixJob(op) => {
            let source = &op.wish.source_bucket;
            let mut touches = vec![T::Bucket(source, Some(Read))];
            if op.wish.kind == PrefixJobKind::Move {
                touches.push(T::Bucket(source, Some(Write)));
            }
            touches.push(T::Bucket(&op.bucket, Some(Write)));
            touches
        }
        Op::GetPrefixJob(op) => vec![T::Bucket(&op.bucket, Some(Write))],
        Op::ListPrefixJobs(op) => vec![T::Bucket(&op.bucket, Some(Write))],
        Op::CancelPrefixJob(op) => vec![T::Bucket(&op.bucket, Some(Write))],
        Op::PutBucketCors(op) => vec![T::Bucket(&op.bucket, None)],
        Op::GetBucketCors(op) => vec![T::Bucket(&op.bucket, None)],
        Op::DeleteBucketCors(op) => vec![T::Bucket(&op.bucket, None)],
        // Tags are the bucket owner's to set: they may decide who reads what.
        Op::PutBucketTagging(op) => vec![T::Bucket(&op.bucket, None)],
        Op::GetBucketTagging(op) => vec![T::Bucket(&op.bucket, None)],
        Op::DeleteBucketTagging(op) => vec![T::Bucket(&op.bucket, None)],
        Op::PutObjectTagging(op) => object(&op.bucket, &op.key, op.version_id.as_ref(), Write),
        Op::GetObjectTagging(op) => object(&op.bucket, &op.key, op.version_id.as_ref(), Read),
        Op::DeleteObjectTagging(op) => object(&op.bucket, &op.key, op.version_id.as_ref(), Write),
        Op::ListObjects(op) => vec![T::Bucket(&op.bucket, Some(Read))],
        Op::ListObjectsV2(op) => vec![T::Bucket(&op.bucket, Some(Read))],
        Op::ListVersions(op) => vec![T::Bucket(&op.bucket, Some(Read))],
        Op::ListUploads(op) => vec![T::Bucket(&op.bucket, Some(Read))],
        Op::DeleteObjects(op) => vec![T::Bucket(&op.bucket, Some(Write))],
        Op::PutObject(op) => vec![T::Bucket(&op.bucket, Some(Write))],
        Op::AppendObject(op) => vec![T::Bucket(&op.bucket, Some(Write))],
        Op::RestoreObject(op) => object(&op.bucket, &op.key, op.version_id.as_ref(), Write),
        Op::CopyObject(op) => {
            vec![T::Bucket(&op.bucket, Some(Write)), T::Source(&op.source)]
        }
        // Source and target are in one bucket, and the right to write there is the right to delete.
        Op::MoveObject(op) => {
            vec![
                T::Bucket(&op.bucket, Some(Write)),
                T::Moved(&op.bucket, &op.source_key),
            ]
        }
        Op::GetObject(op) => vec![T::Object(&op.bucket, &op.key, op.version_id.as_ref(), Read)],
        Op::HeadObject(op) => vec![T::Object(&op.bucket, &op.key, op.version_id.as_ref(), Read)],
        Op::GetObjectAttributes(op) => {
            vec![T::Object(&op.bucket, &op.key, op.version_id.as_ref(), Read)]
        }
        Op::DeleteObject(op) => {
            let mut touches = vec![T::Bucket(&op.bucket, Some(Write))];
            if let Some(version_id) = &op.version_id {
                touches.push(T::Version(&op.bucket, &op.key, version_id));
            }
            touches
        }
        Op::PutObjectAcl(op) => object(&op.bucket, &op.key, op.version_id.as_ref(), WriteAcp),
        Op::GetObjectAcl(op) => object(&op.bucket, &op.key, op.version_id.as_ref(), ReadAcp),
        Op::InitiateUpload(op) => vec![T::Bucket(&op.bucket, Some(Write))],
        Op::UploadPart(op) => vec![T::Bucket(&op.bucket, Some(Write))],
        Op::UploadPartCopy(op) => {
            vec![T::Bucket(&op.bucket, Some(Write)), T::Source(&op.source)]
        }
        Op::CompleteUpload(op) => vec![T::Bucket(&op.bucket, Some(Write))],
        Op::AbortUpload(op) => vec![T::Bucket(&op.bucket, Some(Write))],
        Op::ListParts(op) => vec![T::Bucket(&op.bucket, Some(Write))],
    }
}

fn object<'a>(
    bucket: &'a BucketName,
    key: &'a ObjectKey,
    version_id: Option<&'a VersionId>,
    wanted: Permission,
) -> Vec<Touch<'a>> {
    vec![Touch::Object(bucket, key, version_id, wanted)]
}

/// Asks whether the caller may do all that the operation does, and finds what that is decided by.
///
/// # Errors
/// `AccessDenied`. A bucket that does not exist, or is not of the region that the request's host
/// names, is `NoSuchBucket`. Whether an object exists is told only to those who may list its bucket.
pub(crate) async fn permit(
    store: &Store,
    region: Option<&Region>,
    caller: Caller,
    operation: Operation,
) -> Result<Permitted, Error> {
    refuse_overrides(&caller, &operation)?;
    let mut permit = Permit {
        caller,
        bucket: None,
        object: None,
        source: None,
    };
    for touch in touches(&operation) {
        permit.touch(store, region, touch).await?;
    }
    Ok(Permitted { operation, permit })
}

/// Only who signs may have the headers of a reply changed: anybody could otherwise make a public
/// object look like something else under its owner's name.
fn refuse_overrides(caller: &Caller, operation: &Operation) -> Result<(), Error> {
    let Operation::GetObject(op) = operation else {
        return Ok(());
    };
    if caller.user().is_none() && op.overrides != ResponseOverrides::default() {
        let words = "Parameters that change the reply's headers need a signed request.";
        return Err(Error::with(ErrorCode::InvalidRequest, words));
    }
    Ok(())
}

fn denied() -> Error {
    Error::new(ErrorCode::AccessDenied)
}

impl Permit {
    async fn touch(
        &mut self,
        store: &Store,
        region: Option<&Region>,
        touch: Touch<'_>,
    ) -> Result<(), Error> {
        match touch {
            Touch::Buckets => allow(self.caller.user().is_some_and(Owner::is_root_account)),
            Touch::NewBucket(name) => allow(self.caller.makes_bucket(name)),
            Touch::Bucket(name, wanted) => {
                let bucket = found(store, region, name).await?;
                let allowed = owns(&self.caller, &bucket.owner)
                    || wanted.is_some_and(|wanted| grants(&bucket.acl, &self.caller, wanted));
                self.bucket = Some(bucket);
                allow(allowed)
            }
            Touch::Object(name, key, version_id, wanted) => {
                let bucket = found(store, region, name).await?;
                let version = self
                    .look(store, &bucket, key, version_id, About::Target)
                    .await?;
                let allowed = object_grants(&bucket, &version, &self.caller, wanted);
                self.bucket = Some(bucket);
                self.object = Some(version);
                allow(allowed)
            }
            Touch::Version(name, key, version_id) => {
                let bucket = found(store, region, name).await?;
                if owns(&self.caller, &bucket.owner) {
                    return Ok(());
                }
                allow(!is_marker(store, name, key, version_id).await?)
            }
            Touch::Source(source) => self.touch_source(store, source).await,
            Touch::Moved(bucket, key) => {
                let source = CopySource {
                    bucket: bucket.clone(),
                    region: None,
                    key: key.clone(),
                    version_id: None,
                };
                match self.touch_source(store, &source).await {
                    // It may have been moved by this very request, sent before: the store knows.
                    Err(error) if error.code() == ErrorCode::NoSuchKey => Ok(()),
                    result => result,
                }
            }
        }
    }

    /// The source's host is looked up, never dialled: it must name a bucket of ours, and rightly.
    async fn touch_source(&mut self, store: &Store, source: &CopySource) -> Result<(), Error> {
        let bucket = store.bucket(&source.bucket).await?;
        if source
            .region
            .as_ref()
            .is_some_and(|region| *region != bucket.region)
        {
            let words = format!(
                "The copy source names region {}, where there is no bucket {}.",
                source
                    .region
                    .as_ref()
                    .map(Region::as_str)
                    .unwrap_or_default(),
                source.bucket
            );
            return Err(Error::with(ErrorCode::InvalidArgument, words));
        }
        let named = source.version_id.as_ref();
        let version = self
            .look(store, &bucket, &source.key, named, About::Source)
            .await?;
        let any_version = owns(&self.caller, &bucket.owner);
        let allowed = object_grants(&bucket, &version, &self.caller, Permission::Read);
        self.source = Some(Source {
            version,
            any_version,
        });
        allow(allowed)
    }

    /// Finds an object. That there is none is told only to those who could see it in a listing.
    async fn look(
        &self,
        store: &Store,
        bucket: &Bucket,
        key: &ObjectKey,
        version_id: Option<&VersionId>,
        about: About,
    ) -> Result<ObjectVersion, Error> {
        let fact = match store.object(&bucket.name, key, version_id).await {
            Ok(version) => return Ok(version),
            Err(fact) => Error::of_store(fact, about),
        };
        let tells = fact.code().status().is_client_error();
        if tells && !may(&self.caller, bucket, Permission::Read) {
            return Err(denied());
        }
        Err(fact)
    }

    /// Who asks.
    pub(crate) const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The bucket that the request is about.
    pub(crate) fn bucket(&self) -> Result<&Bucket, Error> {
        self.bucket
            .as_ref()
            .ok_or_else(|| Error::internal("no bucket was permitted"))
    }

    /// The version that the request reads.
    pub(crate) fn object(&self) -> Result<&ObjectVersion, Error> {
        self.object
            .as_ref()
            .ok_or_else(|| Error::internal("no object was permitted"))
    }

    /// Whose what the caller writes is: his, or the bucket owner's where nobody signed.
    pub(crate) fn writer(&self) -> Result<Owner, Error> {
        match self.caller.user() {
            Some(user) => Ok(user.clone()),
            None => Ok(self.bucket()?.owner.clone()),
        }
    }

    /// The version that a copy was permitted to read, where another one of the same key might be
    /// none of the caller's business. `None` where he may read them all.
    pub(crate) fn source_permitted(&self) -> Option<(&ObjectVersion, &ETag)> {
        let source = self.source.as_ref().filter(|source| !source.any_version)?;
        Some((&source.version, &source.version.etag))
    }

    /// As the rule for one version that is to be removed for good, for each entry of a list.
    pub(crate) async fn removes(
        &self,
        store: &Store,
        bucket: &BucketName,
        key: &ObjectKey,
        version_id: Option<&VersionId>,
    ) -> Result<(), Error> {
        match version_id {
            Some(version_id) if !owns(&self.caller, &self.bucket()?.owner) => {
                allow(!is_marker(store, bucket, key, version_id).await?)
            }
            _ => Ok(()),
        }
    }
}

fn allow(allowed: bool) -> Result<(), Error> {
    if allowed { Ok(()) } else { Err(denied()) }
}

/// A bucket, as seen through the request's host: from another region it does not exist.
async fn found(store: &Store, region: Option<&Region>, name: &BucketName) -> Result<Bucket, Error> {
    let bucket = store.bucket(name).await?;
    match region {
        Some(region) if *region != bucket.region => Err(Error::new(ErrorCode::NoSuchBucket)),
        _ => Ok(bucket),
    }
}

/// To bring a deleted object back is the bucket owner's right.
async fn is_marker(
    store: &Store,
    bucket: &BucketName,
    key: &ObjectKey,
    version_id: &VersionId,
) -> Result<bool, Error> {
    match store.object(bucket, key, Some(version_id)).await {
        Err(cosette_store::Error::VersionIsDeleteMarker { .. }) => Ok(true),
        Ok(_) => Ok(false),
        Err(fact) => {
            let error = Error::from(fact);
            if error.code().status().is_client_error() {
                Ok(false)
            } else {
                Err(error)
            }
        }
    }
}

fn owns(caller: &Caller, owner: &Owner) -> bool {
    caller.is_root() || caller.user() == Some(owner)
}

fn may(caller: &Caller, bucket: &Bucket, wanted: Permission) -> bool {
    owns(caller, &bucket.owner) || grants(&bucket.acl, caller, wanted)
}

/// An object's own ACL decides; without one, who may read the bucket may read the object.
fn object_grants(
    bucket: &Bucket,
    version: &ObjectVersion,
    caller: &Caller,
    wanted: Permission,
) -> bool {
    if owns(caller, &bucket.owner) || owns(caller, &version.owner) {
        return true;
    }
    match &version.acl {
        Some(acl) => grants(acl, caller, wanted),
        None => wanted == Permission::Read && grants(&bucket.acl, caller, wanted),
    }
}

fn grants(acl: &[Grant], caller: &Caller, wanted: Permission) -> bool {
    acl.iter().any(|grant| {
        let meant = match &grant.grantee {
            Grantee::AllUsers => true,
            Grantee::AuthenticatedUsers => caller.user().is_some(),
            Grantee::User(user) => caller.user() == Some(user),
        };
        meant && grant.permission.allows(wanted)
    })
}
