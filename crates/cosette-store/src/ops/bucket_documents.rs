//! Documents that a bucket's owner leaves with it: kept and given back byte for byte, never read here.

use bytes::{Bytes, BytesMut};
use cosette_types::BucketName;

use crate::error::Error;
use crate::limits;
use crate::store::{Core, Store};
use crate::tables::{self, BucketId};
use crate::txn::{Plan, Turns, Txn};

/// What a document is about. A bucket has at most one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BucketDocument {
    /// Its tags.
    Tagging,
    /// Who may read it from pages of other origins.
    Cors,
    /// What becomes of its objects with time.
    Lifecycle,
    /// How new objects are encrypted.
    Encryption,
}

impl BucketDocument {
    /// In the keys of rows: never to be changed.
    const fn code(self) -> u8 {
        match self {
            Self::Tagging => 1,
            Self::Cors => 2,
            Self::Lifecycle => 3,
            Self::Encryption => 4,
        }
    }

    /// Writes the pieces of a document that the bucket has no piece of.
    pub(crate) fn write(
        self,
        txn: &mut Txn,
        bucket: BucketId,
        document: &[u8],
    ) -> Result<(), Error> {
        let limit = limits::BUCKET_DOCUMENT_BYTES_MAX;
        if document.len() > limit {
            return Err(Error::SettingTooLarge { limit });
        }
        let pieces = document.chunks(limits::BUCKET_DOCUMENT_PIECE_BYTES);
        for (number, piece) in (0..).zip(pieces) {
            let row = tables::setting(bucket, self.code(), number);
            txn.put_value(row, Bytes::copy_from_slice(piece));
        }
        Ok(())
    }
}

impl Store {
    /// A document of a bucket, if it has one.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub async fn bucket_document(
        &self,
        bucket: &BucketName,
        about: BucketDocument,
    ) -> Result<Option<Bytes>, Error> {
        let mut txn = self.core.begin().await?;
        let bucket = txn.bucket(bucket).await?;
        let mut document = BytesMut::new();
        // Row by row, since rows of this table stay in memory where a scan would go to the engine:
        // every PUT asks how its bucket encrypts.
        for number in 0.. {
            let row = tables::setting(bucket.id, about.code(), number);
            let piece = txn.snapshot().get(&row).await?.unwrap_or_default();
            document.extend_from_slice(&piece);
            if piece.len() < limits::BUCKET_DOCUMENT_PIECE_BYTES {
                break;
            }
        }
        if document.is_empty() {
            return Ok(None);
        }
        Ok(Some(document.freeze()))
    }

    /// Replaces a document of a bucket, or removes it. An empty document is none.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`]; [`Error::SettingTooLarge`] above [`limits::BUCKET_DOCUMENT_BYTES_MAX`].
    pub async fn set_bucket_document(
        &self,
        bucket: &BucketName,
        about: BucketDocument,
        document: Option<Bytes>,
    ) -> Result<(), Error> {
        let change = Change {
            bucket: bucket.clone(),
            about,
            document,
        };
        self.detached(|core| async move { core.run(&change).await })
            .await
    }
}

#[derive(Debug)]
struct Change {
    bucket: BucketName,
    about: BucketDocument,
    document: Option<Bytes>,
}

impl Core {
    /// Removes what was left with a bucket that goes. Nothing can be added any more: it is being
    /// deleted.
    pub(crate) async fn remove_documents(txn: &mut Txn, bucket: BucketId) -> Result<(), Error> {
        let prefix = tables::settings(bucket);
        for (row, _) in txn.scan(&prefix, prefix.clone(), limits::SCAN_ROWS).await? {
            txn.delete(row);
        }
        Ok(())
    }
}

impl Plan for Change {
    type Made = ();

    async fn plan(&self, _: &Core, txn: &mut Txn) -> Result<(), Error> {
        let bucket = txn.live_bucket(&self.bucket).await?;
        let kind = self.about.code();
        // Two changes of one document meet at its first piece: a scan is not checked.
        let first = txn.get_value(tables::setting(bucket.id, kind, 0)).await?;
        if first.is_some() {
            let prefix = tables::setting_pieces(bucket.id, kind);
            for (row, _) in txn.scan(&prefix, prefix.clone(), limits::SCAN_ROWS).await? {
                txn.delete(row);
            }
        }
        let document = self.document.as_deref().unwrap_or_default();
        self.about.write(txn, bucket.id, document)
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}
