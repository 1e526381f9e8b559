//! Which uploads this process is completing just now, so that others can wait for the end of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::error::Error;
use crate::records::{Pending, UploadRecord, UploadState};
use crate::store::Core;
use crate::tables::{self, BodyId};
use crate::txn::Txn;
use crate::uploads::Busy;

/// The uploads being completed, by the body that each is to have.
#[derive(Debug, Default)]
pub(crate) struct Completions {
    running: Arc<Mutex<HashMap<BodyId, watch::Receiver<()>>>>,
}

/// One of them; over when dropped.
#[derive(Debug)]
pub(crate) struct Completing {
    running: Arc<Mutex<HashMap<BodyId, watch::Receiver<()>>>>,
    body: BodyId,
    _over: watch::Sender<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Completions {
    /// Call before the upload's row says so.
    pub(crate) fn begin(&self, body: BodyId) -> Completing {
        let (over, waiting) = watch::channel(());
        lock(&self.running).insert(body, waiting);
        Completing {
            running: Arc::clone(&self.running),
            body,
            _over: over,
        }
    }

    /// Waits for the end; `false` if nobody here is completing it.
    async fn wait(&self, body: BodyId) -> bool {
        let waiting = lock(&self.running).get(&body).cloned();
        let Some(mut waiting) = waiting else {
            return false;
        };
        // The sender never sends; it goes when the completing is over.
        let _ = waiting.changed().await;
        true
    }
}

impl Drop for Completing {
    fn drop(&mut self) {
        lock(&self.running).remove(&self.body);
    }
}

impl Core {
    /// Waits until an upload seen as being completed is something else. One that nobody completes
    /// any more is opened again.
    pub(crate) async fn until_completed(&self, busy: &Busy) -> Result<(), Error> {
        let (epoch, body) = busy.completing;
        if epoch == self.epoch && self.completions.wait(body).await {
            return Ok(());
        }
        self.reopen_upload(&busy.row, epoch, body).await
    }

    /// Opens an upload again whose completing will not go on, and gives back what that had written.
    pub(crate) async fn reopen_upload(
        &self,
        row: &bytes::Bytes,
        epoch: u64,
        body: BodyId,
    ) -> Result<(), Error> {
        loop {
            let mut txn: Txn = self.begin().await?;
            let pending = tables::pending(epoch, body);
            match txn.get::<UploadRecord>(row.clone()).await? {
                Some(mut upload) if upload.state == UploadState::Completing(epoch, body) => {
                    upload.state = UploadState::Open;
                    txn.put(row.clone(), &upload);
                    txn.put(pending, &Pending::Body);
                    if !self.commit(txn).await? {
                        continue;
                    }
                }
                // Completed after all, or opened again by somebody else.
                _ if txn.get::<Pending>(pending).await?.is_none() => return Ok(()),
                _ => {}
            }
            return self.discard_begun(epoch, body).await;
        }
    }
}
