//! Who may do what. Every operation says in [`touches`] what it touches, and is asked here and
//! nowhere else; [`judge`] says in which order policies, ownership and ACLs decide.

mod facts;
mod judge;
mod touches;

use std::sync::Arc;

use cosette_proto::head::read_key;
use cosette_proto::ops::{ObjectToDelete, Operation, ResponseOverrides};
use cosette_proto::{Dialect, ErrorCode};
use cosette_store::{Bucket, ObjectVersion, Store};
use cosette_types::policy::{Facts, Resource};
use cosette_types::{
    Action, BucketName, CopySource, ETag, ObjectKey, Owner, Permission, Region, VersionId,
};

use crate::access::Access;
use crate::auth::Caller;
use crate::error::{About, Error};
pub(crate) use facts::{Circumstances, Peer};
use judge::{ByAcl, Case, Place, by_acl, grants};
use touches::{Touch, touches};

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
    place: Option<Arc<Place>>,
    object: Option<ObjectVersion>,
    source: Option<Source>,
    /// Of a list of deletes: whether each entry may be removed.
    each: Vec<bool>,
}

#[derive(Debug)]
struct Source {
    version: ObjectVersion,
    /// Whether every version of the source's key is the caller's to read.
    any_version: bool,
}

/// What decides beside the caller and the operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Court<'a> {
    pub(crate) store: &'a Store,
    pub(crate) access: &'a Access,
    /// The region that the request's host names, if it names one.
    pub(crate) host_region: Option<&'a Region>,
    pub(crate) dialect: Dialect,
    /// The region of buckets that are made through a host that names none.
    pub(crate) region: &'a Region,
    pub(crate) circumstances: &'a Circumstances<'a>,
}

/// Asks whether the caller may do all that the operation does, and finds what that is decided by.
///
/// # Errors
/// `AccessDenied`. A bucket that does not exist, or is not of the region that the request's host
/// names, is `NoSuchBucket`. Whether an object exists is told only to those who may list its bucket.
pub(crate) async fn permit(
    court: Court<'_>,
    caller: Caller,
    operation: Operation,
) -> Result<Permitted, Error> {
    refuse_overrides(&caller, &operation)?;
    refuse_job_of_session(&caller, &operation)?;
    let mut permit = Permit {
        caller,
        place: None,
        object: None,
        source: None,
        each: Vec::new(),
    };
    for touch in touches(&operation) {
        permit.touch(court, touch).await?;
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

/// A job goes on when credentials that end have ended, and asks for each object as its user: what the
/// credentials were narrowed to would be forgotten.
fn refuse_job_of_session(caller: &Caller, operation: &Operation) -> Result<(), Error> {
    if matches!(operation, Operation::StartPrefixJob(_)) && caller.expires().is_some() {
        let words = "A prefix job is begun with permanent keys: it may outlive temporary ones.";
        return Err(Error::with(ErrorCode::AccessDenied, words));
    }
    Ok(())
}

fn denied() -> Error {
    Error::new(ErrorCode::AccessDenied)
}

fn allow(allowed: bool) -> Result<(), Error> {
    if allowed { Ok(()) } else { Err(denied()) }
}

impl Court<'_> {
    /// The request's bucket, as seen through its host: from another region it does not exist.
    async fn found(&self, name: &BucketName) -> Result<Arc<Place>, Error> {
        let place = self.anywhere(name).await?;
        match self.host_region {
            Some(region) if *region != place.bucket.region => {
                Err(Error::new(ErrorCode::NoSuchBucket))
            }
            _ => Ok(place),
        }
    }

    /// A bucket of any region.
    async fn anywhere(&self, name: &BucketName) -> Result<Arc<Place>, Error> {
        let bucket = self.store.bucket(name).await?;
        let policy = self.access.bucket_policy(&bucket).await?;
        Ok(Arc::new(Place { bucket, policy }))
    }

    fn facts(&self) -> &dyn Facts {
        self.circumstances
    }
}

impl Permit {
    async fn touch(&mut self, court: Court<'_>, touch: Touch<'_>) -> Result<(), Error> {
        match touch {
            Touch::Buckets => {
                let by_right = self.caller.user().is_some_and(Owner::is_root_account);
                let case = self.case(Action::GetService, Resource::Service, court.facts());
                allow(case.of_account(by_right, true))
            }
            Touch::NewBucket(name, action) => {
                let region = court.host_region.unwrap_or(court.region);
                let resource = Resource::Bucket(name, region);
                let case = self.case(action, resource, court.facts());
                let by_right = self.caller.makes_bucket(name);
                let own = self.caller.may_name(name);
                allow(case.of_account(by_right, own))
            }
            Touch::Bucket(name, action) => {
                let place = self.enter(court, name).await?;
                allow(self.may_with_bucket(&place, action, court.facts()))
            }
            Touch::Object(name, key, version_id, action) => {
                let place = self.enter(court, name).await?;
                let wanted = Wanted {
                    key,
                    version_id,
                    action: match version_id {
                        Some(_) => action.of_version(),
                        None => action,
                    },
                    about: About::Target,
                };
                let version = self.look(court, &place, wanted, court.facts()).await?;
                self.object = Some(version);
                Ok(())
            }
            Touch::Key(name, key, action) => {
                let place = self.enter(court, name).await?;
                allow(self.may_at_key(&place, key, action, court.facts()))
            }
            Touch::Below(name, prefix, action) => {
                let place = self.enter(court, name).await?;
                let granted = || self.granted_by_bucket(&place, action);
                let case = self.at(&place, prefix, action, court.facts());
                allow(case.in_bucket(&place).or(granted))
            }
            Touch::NewAcl(name, key) => {
                let place = self.enter(court, name).await?;
                let case = self.at(&place, key.as_str(), Action::PutObjectAcl, court.facts());
                // Who may write by an ACL will own what he writes, unless he is nobody.
                let owner_to_be = || {
                    let acl = &place.bucket.acl;
                    self.caller.user().is_some() && grants(acl, &self.caller, Permission::Write)
                };
                allow(case.in_bucket(&place).or(owner_to_be))
            }
            Touch::Version(name, key, version_id) => {
                let place = self.enter(court, name).await?;
                let facts = court.facts();
                allow(
                    self.may_remove(court, &place, key, Some(version_id), facts)
                        .await?,
                )
            }
            Touch::Each(name, entries) => self.touch_each(court, name, entries).await,
            Touch::Source(source) => self.touch_source(court, source).await,
            Touch::CarriedTags(source, name, key) => {
                self.touch_carried_tags(court, source, (name, key)).await
            }
            Touch::Moved(bucket, key) => {
                let source = CopySource {
                    bucket: bucket.clone(),
                    region: None,
                    key: key.clone(),
                    version_id: None,
                };
                match self.touch_source(court, &source).await {
                    // It may have been moved by this very request, sent before: the store knows.
                    Err(error) if error.code() == ErrorCode::NoSuchKey => Ok(()),
                    result => result,
                }
            }
        }
    }

    /// The bucket that the request is about, looked up once.
    async fn enter(&mut self, court: Court<'_>, name: &BucketName) -> Result<Arc<Place>, Error> {
        if let Some(place) = self.place.as_ref().filter(|p| p.bucket.name == *name) {
            return Ok(Arc::clone(place));
        }
        let place = court.found(name).await?;
        self.place = Some(Arc::clone(&place));
        Ok(place)
    }

    /// Judges each entry. Who may remove nothing is refused as a whole.
    async fn touch_each(
        &mut self,
        court: Court<'_>,
        name: &BucketName,
        entries: &[ObjectToDelete],
    ) -> Result<(), Error> {
        let place = self.enter(court, name).await?;
        let (mut each, mut any) = (Vec::with_capacity(entries.len()), false);
        for entry in entries {
            // A key that can be none is answered in its own entry, like one that is not there.
            let Ok(key) = read_key(&entry.key, court.dialect) else {
                each.push(true);
                any = true;
                continue;
            };
            let version_id = entry.version_id.as_ref();
            let facts = court.circumstances.of_version(version_id);
            let allowed = self
                .may_remove(court, &place, &key, version_id, &facts)
                .await?;
            // Who may remove the object, but not this marker, is told so entry by entry.
            any |= allowed || self.may_at_key(&place, &key, Action::DeleteObject, &facts);
            each.push(allowed);
        }
        self.each = each;
        allow(any)
    }

    /// The source's host is looked up, never dialled: it must name a bucket of ours, and rightly.
    /// The question is that of a GET of this version, by the same caller.
    async fn touch_source(&mut self, court: Court<'_>, source: &CopySource) -> Result<(), Error> {
        let place = match &self.place {
            Some(place) if place.bucket.name == source.bucket => Arc::clone(place),
            _ => court.anywhere(&source.bucket).await?,
        };
        if let Some(region) = &source.region
            && *region != place.bucket.region
        {
            let words = format!(
                "The copy source names region {region}, where there is no bucket {}.",
                source.bucket
            );
            return Err(Error::with(ErrorCode::InvalidArgument, words));
        }
        let version_id = source.version_id.as_ref();
        let facts = court.circumstances.of_version(version_id);
        let action = match version_id {
            Some(_) => Action::GetObjectVersion,
            None => Action::GetObject,
        };
        let wanted = Wanted {
            key: &source.key,
            version_id,
            action,
            about: About::Source,
        };
        let case = self.at(&place, source.key.as_str(), action, &facts);
        let reads_all = case.in_bucket(&place) == judge::Verdict::Allowed;
        let lists = || {
            let facts = court.circumstances.of_version(None);
            self.may_with_bucket(&place, Action::GetBucket, &facts)
        };
        // The object decides nothing then, and whether there is one may be told: the store will. S3
        // asks for more if it has tags.
        if reads_all && court.dialect == Dialect::Cos && lists() {
            return Ok(());
        }
        let any_version = reads_all || self.caller.owns(&place.bucket.owner);
        let version = self.look(court, &place, wanted, &facts).await?;
        self.source = Some(Source {
            version,
            any_version,
        });
        Ok(())
    }

    /// S3 asks for the right to read tags where they come from, and to write them where they go, if
    /// there are any; COS knows of no such right for copies.
    async fn touch_carried_tags(
        &mut self,
        court: Court<'_>,
        source: &CopySource,
        (name, key): (&BucketName, &ObjectKey),
    ) -> Result<(), Error> {
        let found = self.source.as_ref();
        let has_tags = found.is_some_and(|source| !source.version.tags.is_empty());
        if court.dialect != Dialect::S3 || !has_tags {
            return Ok(());
        }
        let version_id = source.version_id.as_ref();
        let facts = court.circumstances.of_version(version_id);
        let action = match version_id {
            Some(_) => Action::GetObjectTagging.of_version(),
            None => Action::GetObjectTagging,
        };
        let from = court.anywhere(&source.bucket).await?;
        allow(self.may_at_key(&from, &source.key, action, &facts))?;
        let to = self.enter(court, name).await?;
        allow(self.may_at_key(&to, key, Action::PutObjectTagging, court.facts()))
    }

    fn case<'a>(
        &'a self,
        action: Action,
        resource: Resource<'a>,
        facts: &'a dyn Facts,
    ) -> Case<'a> {
        Case {
            caller: &self.caller,
            action,
            resource,
            facts,
        }
    }

    fn at<'a>(
        &'a self,
        place: &'a Place,
        key: &'a str,
        action: Action,
        facts: &'a dyn Facts,
    ) -> Case<'a> {
        let bucket = &place.bucket;
        self.case(
            action,
            Resource::Object(&bucket.name, &bucket.region, key),
            facts,
        )
    }

    fn may_with_bucket(&self, place: &Place, action: Action, facts: &dyn Facts) -> bool {
        let bucket = &place.bucket;
        let resource = Resource::Bucket(&bucket.name, &bucket.region);
        let granted = || self.granted_by_bucket(place, action);
        self.case(action, resource, facts)
            .in_bucket(place)
            .or(granted)
    }

    fn may_at_key(
        &self,
        place: &Place,
        key: &ObjectKey,
        action: Action,
        facts: &dyn Facts,
    ) -> bool {
        let granted = || self.granted_by_bucket(place, action);
        self.at(place, key.as_str(), action, facts)
            .in_bucket(place)
            .or(granted)
    }

    fn granted_by_bucket(&self, place: &Place, action: Action) -> bool {
        match by_acl(action) {
            ByAcl::OfBucket(wanted) => grants(&place.bucket.acl, &self.caller, wanted),
            ByAcl::OfObject(_) | ByAcl::None => false,
        }
    }

    /// An object's own ACL decides; without one, who may read the bucket may read the object. Its
    /// owner may do with it what an ACL can grant, whoever owns the bucket.
    fn granted_by_object(&self, place: &Place, version: &ObjectVersion, action: Action) -> bool {
        let ByAcl::OfObject(wanted) = by_acl(action) else {
            return false;
        };
        if self.caller.owns(&version.owner) {
            return true;
        }
        match &version.acl {
            Some(acl) => grants(acl, &self.caller, wanted),
            None => wanted == Permission::Read && grants(&place.bucket.acl, &self.caller, wanted),
        }
    }

    /// Finds an object that the caller may do something with. That there is none is told only to
    /// those who could see it in a listing.
    async fn look(
        &self,
        court: Court<'_>,
        place: &Place,
        wanted: Wanted<'_>,
        facts: &dyn Facts,
    ) -> Result<ObjectVersion, Error> {
        let case = self.at(place, wanted.key.as_str(), wanted.action, facts);
        let verdict = case.in_bucket(place);
        if verdict == judge::Verdict::Denied {
            return Err(denied());
        }
        let bucket = &place.bucket.name;
        let found = court
            .store
            .object(bucket, wanted.key, wanted.version_id)
            .await;
        match found {
            Ok(version) => {
                let granted = || self.granted_by_object(place, &version, wanted.action);
                allow(verdict.or(granted))?;
                Ok(version)
            }
            Err(fact) => {
                let error = Error::of_store(fact, wanted.about);
                let tells = error.code().status().is_client_error();
                let lists = || {
                    let facts = court.circumstances.of_version(None);
                    self.may_with_bucket(place, Action::GetBucket, &facts)
                };
                if tells && !lists() {
                    Err(denied())
                } else {
                    Err(error)
                }
            }
        }
    }

    /// Whether an object, or a version for good, may be removed. By an ACL no delete marker may be:
    /// to bring a deleted object back is the bucket owner's right, or a policy's.
    async fn may_remove(
        &self,
        court: Court<'_>,
        place: &Place,
        key: &ObjectKey,
        version_id: Option<&VersionId>,
        facts: &dyn Facts,
    ) -> Result<bool, Error> {
        let Some(version_id) = version_id else {
            return Ok(self.may_at_key(place, key, Action::DeleteObject, facts));
        };
        let action = Action::DeleteObjectVersion;
        let case = self.at(place, key.as_str(), action, facts);
        let verdict = case.in_bucket(place);
        if verdict != judge::Verdict::IfGranted {
            return Ok(verdict == judge::Verdict::Allowed);
        }
        if !self.granted_by_bucket(place, action) {
            return Ok(false);
        }
        Ok(!is_marker(court.store, &place.bucket.name, key, version_id).await?)
    }

    /// Who asks.
    pub(crate) const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The bucket that the request is about.
    pub(crate) fn bucket(&self) -> Result<&Bucket, Error> {
        let place = self.place.as_ref();
        place
            .map(|place| &place.bucket)
            .ok_or_else(|| Error::internal("no bucket was permitted"))
    }

    /// The version that the request reads.
    pub(crate) fn object(&self) -> Result<&ObjectVersion, Error> {
        self.object
            .as_ref()
            .ok_or_else(|| Error::internal("no object was permitted"))
    }

    /// Whose what the caller writes is: his account's, or the bucket owner's where nobody signed.
    pub(crate) fn writer(&self) -> Result<Owner, Error> {
        match self.caller.account() {
            Some(account) => Ok(account),
            None => Ok(self.bucket()?.owner.clone()),
        }
    }

    /// The version that a copy was permitted to read, where another one of the same key might be
    /// none of the caller's business. `None` where he may read them all.
    pub(crate) fn source_permitted(&self) -> Option<(&ObjectVersion, &ETag)> {
        let source = self.source.as_ref().filter(|source| !source.any_version)?;
        Some((&source.version, &source.version.etag))
    }

    /// Whether this entry of a list of deletes may be removed.
    ///
    /// # Errors
    /// `AccessDenied`.
    pub(crate) fn removes(&self, entry: usize) -> Result<(), Error> {
        allow(self.each.get(entry).copied().unwrap_or_default())
    }
}

/// What is looked for, and why.
struct Wanted<'a> {
    key: &'a ObjectKey,
    version_id: Option<&'a VersionId>,
    action: Action,
    about: About,
}

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
