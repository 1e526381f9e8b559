//! Deletes several objects or versions, each by itself: one that fails is reported, the others go.

use cosette_proto::Dialect;
use cosette_proto::head::read_key;
use cosette_proto::ops::{
    DeleteFailure, DeleteObjects, DeleteObjectsReply, DeletedEntry, ObjectToDelete,
};
use cosette_store::{Deleted, Store};
use cosette_types::Preconditions;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;

use crate::error::Error;
use crate::limits::DELETES_AT_ONCE;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: DeleteObjects,
    dialect: Dialect,
) -> Result<DeleteObjectsReply, Error> {
    // Together, so that they share the syncs of one commit; in order, as the answer has them. Begun one
    // by one: a thousand that wait to be begun would be megabytes.
    let mut under_way = FuturesOrdered::new();
    let mut outcomes = Vec::with_capacity(op.objects.len());
    for (number, entry) in op.objects.iter().enumerate() {
        if under_way.len() == DELETES_AT_ONCE {
            outcomes.extend(under_way.next().await);
        }
        under_way.push_back(one(store, permit, &op, (number, entry), dialect));
    }
    while let Some(outcome) = under_way.next().await {
        outcomes.push(outcome);
    }
    drop(under_way);
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
    (number, entry): (usize, &ObjectToDelete),
    dialect: Dialect,
) -> Result<Deleted, Error> {
    let key = read_key(&entry.key, dialect)?;
    let version_id = entry.version_id.as_ref();
    permit.removes(number)?;
    let only_if = Preconditions {
        if_match: entry.if_match.clone(),
        ..Preconditions::default()
    };
    let deleting = store.delete_object_if(&op.bucket, &key, version_id, only_if);
    Ok(deleting.await?)
}

fn deleted(entry: ObjectToDelete, done: Deleted) -> DeletedEntry {
    DeletedEntry {
        key: entry.key,
        version_id: entry.version_id,
        delete_marker: done.delete_marker,
        delete_marker_version_id: done.version_id.filter(|_| done.delete_marker),
    }
}
