//! Writes a body's bytes again, because they are to be encrypted otherwise: the one case in which a
//! copy writes bytes. In bounded memory, whatever the size.

use std::sync::Arc;

use cosette_types::{Crc64, CustomerKey, Span};
use futures_util::TryStreamExt;

use super::read::read_body;
use super::stage::{Intake, Staged};
use crate::body::{BodyBuilder, ReadyBody};
use crate::encryption::Protection;
use crate::error::Error;
use crate::lease::Lease;
use crate::limits;
use crate::records::Pending;
use crate::store::Core;
use crate::tables::BodyId;
use crate::txn::Txn;

/// Bytes that were written again and belong to nobody yet.
#[derive(Debug)]
pub(crate) enum Rewritten {
    /// Few: the publishing commit writes their rows.
    Staged(Staged),
    /// Many: their rows are there, under a pending row.
    Body(ReadyBody),
}

impl Rewritten {
    /// Writes what publishes the bytes as a body.
    pub(crate) async fn publish(&self, core: &Core, txn: &mut Txn) -> Result<BodyId, Error> {
        match self {
            Self::Staged(staged) => staged.publish(core, txn),
            Self::Body(body) => {
                body.publish(txn);
                txn.end_pending(core.epoch, body.id).await?;
                Ok(body.id)
            }
        }
    }

    /// Of all its bytes.
    pub(crate) fn crc64(&self) -> Crc64 {
        match self {
            Self::Staged(staged) => staged.crc64(),
            Self::Body(body) => body.record.crc64,
        }
    }

    pub(crate) fn committing(&self) {
        if let Self::Staged(staged) = self {
            staged.committing();
        }
    }

    pub(crate) fn refused(&self) {
        if let Self::Staged(staged) = self {
            staged.refused();
        }
    }

    /// Gives back what nobody published, for certain.
    pub(crate) async fn give_up(self, core: &Core) -> Result<(), Error> {
        match self {
            Self::Staged(_) => Ok(()),
            Self::Body(body) => core.discard_begun(core.epoch, body.id).await,
        }
    }
}

/// What is to be written again.
pub(crate) struct Old<'a> {
    pub(crate) body: BodyId,
    pub(crate) span: Span,
    /// Keeps it readable.
    pub(crate) lease: &'a Arc<Lease>,
    pub(crate) customer_key: Option<&'a CustomerKey>,
}

/// Writes bytes again, to be kept as `protection` says.
pub(crate) async fn rewrite(
    core: &Arc<Core>,
    old: &Old<'_>,
    protection: &Protection,
) -> Result<Rewritten, Error> {
    rewrite_in_steps(core, old, protection, limits::REWRITE_STEP_BYTES).await
}

async fn rewrite_in_steps(
    core: &Arc<Core>,
    old: &Old<'_>,
    protection: &Protection,
    step_bytes: u64,
) -> Result<Rewritten, Error> {
    if old.span.len() <= step_bytes {
        let intake = Intake::new(core, Some(old.span.len()), protection.clone());
        let staged = stage_again(core, old, old.span, intake).await?;
        return Ok(Rewritten::Staged(staged));
    }
    let id = BodyId(core.new_id()?);
    let mut builder = BodyBuilder::new(core, id, Some(Pending::Body));
    let built = async {
        let mut start = old.span.start;
        while start < old.span.end {
            let end = old.span.end.min(start + step_bytes);
            let intake = Intake::new(core, Some(end - start), protection.clone()).never_tiny();
            let staged = stage_again(core, old, Span { start, end }, intake).await?;
            builder.staged(&staged).await?;
            start = end;
        }
        builder.finish(None).await
    };
    let built = built.await;
    if built.is_err() {
        // What this cannot give back, the next open does.
        let _ = builder.give_up().await;
    }
    built.map(Rewritten::Body)
}

/// Writes so much of it again that one commit can publish it.
pub(crate) async fn stage_again(
    core: &Arc<Core>,
    old: &Old<'_>,
    span: Span,
    mut intake: Intake<'_>,
) -> Result<Staged, Error> {
    let key = old.customer_key.cloned();
    let bytes = read_body(Arc::clone(core), old.body, span, Arc::clone(old.lease), key);
    let mut bytes = std::pin::pin!(bytes);
    while let Some(bytes) = bytes.try_next().await? {
        intake.take(bytes).await?;
    }
    let staged = intake.end().await?;
    if staged.size() == span.len() {
        Ok(staged)
    } else {
        Err(Error::corrupt("a body's bytes end before it does"))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use cosette_types::Encryption;
    use futures_util::stream;

    use super::*;
    use crate::encryption::EncryptionKeys;
    use crate::environment::SystemRandom;
    use crate::extents::memory::MemoryExtents;
    use crate::meta::memory::MemoryMeta;
    use crate::ops::stage::StageLimits;
    use crate::{NewBucket, Options, PutObject, Store};

    /// As a copy of more than a gigabyte is, with steps of a hundred bytes.
    #[tokio::test]
    async fn a_body_written_again_in_many_steps_is_whole_or_given_back() {
        let line = EncryptionKeys::new_line(&SystemRandom).unwrap();
        let options = Options {
            tiny_body_bytes_max: 64,
            background_sweep: false,
            encryption_keys: Arc::new(EncryptionKeys::parse(&line).unwrap()),
            ..Options::default()
        };
        let extents = MemoryExtents::new();
        let drivers = (Arc::new(MemoryMeta::new()), Arc::new(extents.clone()));
        let store = Store::with_drivers(drivers.0, drivers.1, options).await;
        let store = store.unwrap();
        let bytes: Bytes = (0..1050u32).map(|at| at.to_le_bytes()[0]).collect();
        let version = put(&store, &bytes).await;
        let core = &store.core;
        let protection = core.protection(Some(&Encryption::Managed)).await.unwrap();
        let old = Old {
            body: version.body,
            span: Span::whole(version.size),
            lease: &version.lease,
            customer_key: None,
        };
        let rewritten = rewrite_in_steps(core, &old, &protection, 100).await;
        let Rewritten::Body(body) = rewritten.unwrap() else {
            panic!("few steps")
        };
        assert_eq!((body.record.size, body.record.crc64), (1050, version.crc64));
        assert_ne!(version.crc64, Crc64::EMPTY);
        assert!(body.is_begun());
        // Nobody published it: all of it goes, and nothing else.
        core.discard_begun(core.epoch, body.id).await.unwrap();
        store.sweep_now().await.unwrap();
        let report = store.fsck(true).await.unwrap();
        assert!(report.problems.is_empty(), "{report}");
        drop(version);
    }

    async fn put(store: &Store, bytes: &Bytes) -> crate::ObjectVersion {
        let (bucket, key) = ("b-1250000000".parse().unwrap(), "k".parse().unwrap());
        let owner = cosette_types::Owner::root("100000000001").unwrap();
        let new = NewBucket {
            name: cosette_types::BucketName::clone(&bucket),
            region: "ap-guangzhou".parse().unwrap(),
            owner: owner.clone(),
            acl: Vec::new(),
            documents: Vec::new(),
        };
        store.create_bucket(new).await.unwrap();
        let limits = StageLimits {
            expected_bytes: None,
            bytes_max: u64::MAX,
        };
        let one = stream::iter([Ok::<_, Infallible>(bytes.clone())]);
        let staged = store.stage(one, limits).await.unwrap();
        let request = PutObject {
            bucket: cosette_types::BucketName::clone(&bucket),
            key: cosette_types::ObjectKey::clone(&key),
            owner,
            metadata: Default::default(),
            storage_class: Default::default(),
            acl: None,
            tags: Default::default(),
            forbid_overwrite: false,
            target_preconditions: Default::default(),
        };
        store.put_object(request, staged).await.unwrap();
        store.object(&bucket, &key, None).await.unwrap()
    }
}
