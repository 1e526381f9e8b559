//! Sets and tells the ACLs of buckets and objects.

use cosette_proto::ErrorCode;
use cosette_proto::ops::{
    AclDocument, GetAclReply, GetBucketAcl, GetObjectAcl, NewAcl, PutBucketAcl, PutObjectAcl,
};
use cosette_store::Store;
use cosette_types::{Grant, Grantee, Owner, Permission, limits};

use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn put_bucket(
    store: &Store,
    permit: &Permit,
    op: PutBucketAcl,
) -> Result<(), Error> {
    let owner = &permit.bucket()?.owner;
    let acl = match op.acl {
        NewAcl::Headers(headers) => headers.for_bucket(owner)?,
        NewAcl::Document(document) => bounded(document, owner)?,
    };
    Ok(store.set_bucket_acl(&op.bucket, acl).await?)
}

pub(super) async fn put_object(
    store: &Store,
    permit: &Permit,
    op: PutObjectAcl,
) -> Result<(), Error> {
    let acl = match op.acl {
        NewAcl::Headers(headers) => headers.for_object(&permit.bucket()?.owner)?,
        NewAcl::Document(document) => {
            let grants = bounded(document, &permit.object()?.owner)?;
            if grants
                .iter()
                .any(|grant| grant.permission == Permission::Write)
            {
                let words =
                    "Objects have no permission WRITE; WRITE_ACP is the right to their ACL.";
                return Err(Error::with(ErrorCode::InvalidArgument, words));
            }
            Some(grants)
        }
    };
    Ok(store
        .set_object_acl(&op.bucket, &op.key, op.version_id.as_ref(), acl)
        .await?)
}

pub(super) fn get_bucket(permit: &Permit, _: &GetBucketAcl) -> Result<GetAclReply, Error> {
    let bucket = permit.bucket()?;
    Ok(GetAclReply {
        acl: document(&bucket.owner, &bucket.acl),
        inherits: false,
    })
}

pub(super) fn get_object(permit: &Permit, _: &GetObjectAcl) -> Result<GetAclReply, Error> {
    let object = permit.object()?;
    let grants = object.acl.as_deref().unwrap_or_default();
    Ok(GetAclReply {
        acl: document(&object.owner, grants),
        inherits: object.acl.is_none(),
    })
}

/// The owner's rights are shown with the others', though they are no grant and cannot be taken away.
fn document(owner: &Owner, grants: &[Grant]) -> AclDocument {
    let own = own_grant(owner);
    let others = grants.iter().filter(|grant| **grant != own).cloned();
    AclDocument {
        owner: owner.clone(),
        grants: std::iter::once(own.clone()).chain(others).collect(),
    }
}

fn own_grant(owner: &Owner) -> Grant {
    Grant {
        grantee: Grantee::User(owner.clone()),
        permission: Permission::FullControl,
    }
}

/// The grants of a document, without the owner's own. Whose the resource is, no document changes.
fn bounded(document: AclDocument, owner: &Owner) -> Result<Vec<Grant>, Error> {
    if document.owner != *owner {
        let words = "The document names another owner; an owner cannot be changed.";
        return Err(Error::with(ErrorCode::InvalidArgument, words));
    }
    let own = own_grant(owner);
    let mut grants: Vec<Grant> = Vec::new();
    for grant in document.grants {
        if grant != own && !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    if grants.len() > limits::GRANTS_MAX {
        let words = "The ACL has more than 100 grants.";
        return Err(Error::with(ErrorCode::InvalidArgument, words));
    }
    Ok(grants)
}
