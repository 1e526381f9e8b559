//! Deletes several objects or versions, each by itself: one that fails is reported, the others go.

use cosette_proto::Dialect;
use cosette_proto::head::read_key;
use cosette_proto::ops::{
    DeleteFailure, DeleteObjects, DeleteObjectsReply, DeletedEntry, ObjectToDelete,
};
use cosette_store::{Deleted, Store};
use futures_util::StreamExt;

use crate::error::Error;
use crate::limits::DELETES_AT_ONCE;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: DeleteObjects,
    dialect: Dialect,
) -> Result<DeleteObjectsReply, Error> {
    // Together, so that they share the syncs of one commit; in order, as the answer has them.
    let each: Vec<_> = op
        .objects
        .iter()
        .map(|entry| one(store, permit, &op, entry, dialect))
        .collect();
    let outcomes: Vec<_> = futures_util::stream::iter(each)
        .buffered(DELETES_AT_ONCE)
        .collect()
        .await;
    let mut reply = DeleteObjectsReply::default();
    for (entry, outcome) in op.objects.into_iter().zip(outcomes) {
        match outcome {
            Ok(_) if op.quiet => {}
            Ok(done) => reply.deleted.push(deleted(entry, done)),
            Err(error) => reply.failed.push(DeleteFailure {
                key: entry.key,
                version_id: entry.version_id,
                code: error.spelled(dialect).0.to_owned(),
                message: error.message().to_owned(),
            }),
        }
    }
    Ok(reply)
}

async fn one(
    store: &Store,
    permit: &Permit,
    op: &DeleteObjects,
    entry: &ObjectToDelete,
    dialect: Dialect,
) -> Result<Deleted, Error> {
    let key = read_key(&entry.key, dialect)?;
    let version_id = entry.version_id.as_ref();
    permit.removes(store, &op.bucket, &key, version_id).await?;
    Ok(store.delete_object(&op.bucket, &key, version_id).await?)
}

fn deleted(entry: ObjectToDelete, done: Deleted) -> DeletedEntry {
    DeletedEntry {
        key: entry.key,
        version_id: entry.version_id,
        delete_marker: done.delete_marker,
        delete_marker_version_id: done.version_id.filter(|_| done.delete_marker),
    }
}
