//! Memory that request bodies may take together: each takes its share before a byte of it is read,
//! so that many clients at once wait, or come again, instead of filling the machine.

use std::sync::Arc;

use cosette_proto::ErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Duration, timeout};

use crate::error::Error;
use crate::limits::{self, Limits};

/// The room for all bodies.
#[derive(Debug)]
pub(crate) struct BodyMemory {
    room: Arc<Semaphore>,
    units: u32,
    wait: Duration,
}

/// One body's share; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    _room: Option<OwnedSemaphorePermit>,
}

/// What shares are counted in.
const UNIT_BYTES: usize = 1 << 10;

impl BodyMemory {
    pub(crate) fn new(limits: &Limits) -> Self {
        let most = Semaphore::MAX_PERMITS.min(u32::MAX as usize);
        let units = limits.body_memory_bytes_max.div_ceil(UNIT_BYTES).min(most);
        Self {
            room: Arc::new(Semaphore::new(units)),
            units: u32::try_from(units).unwrap_or(u32::MAX),
            wait: limits.body_memory_wait,
        }
    }

    /// The share of a body that streams, of so many bytes if that is known.
    ///
    /// # Errors
    /// `SlowDown` when there was no room for some time.
    pub(crate) async fn stream(&self, expected: Option<u64>) -> Result<Share, Error> {
        let most = limits::STREAM_SHARE_BYTES;
        let bytes = expected.and_then(|bytes| usize::try_from(bytes).ok());
        self.take(bytes.unwrap_or(most).min(most)).await
    }

    /// The share of a document of at most so many bytes.
    ///
    /// # Errors
    /// `SlowDown` when there was no room for some time.
    pub(crate) async fn document(&self, bytes: usize) -> Result<Share, Error> {
        self.take(bytes.saturating_mul(limits::DOCUMENT_SHARE))
            .await
    }

    /// Bytes that are taken now.
    pub(crate) fn taken_bytes(&self) -> usize {
        (self.units as usize).saturating_sub(self.room.available_permits()) * UNIT_BYTES
    }

    async fn take(&self, bytes: usize) -> Result<Share, Error> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        // A body larger than all the room comes when it has the room for itself.
        let units = units.min(self.units);
        if units == 0 {
            return Ok(Share { _room: None });
        }
        let taking = Arc::clone(&self.room).acquire_many_owned(units);
        match timeout(self.wait, taking).await {
            Ok(Ok(room)) => Ok(Share { _room: Some(room) }),
            _ => Err(Error::with(
                ErrorCode::SlowDown,
                "Too many bodies are on their way at once. Please try again.",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn room(bytes: usize) -> BodyMemory {
        BodyMemory::new(&Limits {
            body_memory_bytes_max: bytes,
            ..Limits::default()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_share_the_room_and_wait_for_it() {
        let memory = room(limits::STREAM_SHARE_BYTES * 2);
        let one = memory.stream(None).await.unwrap();
        let other = memory.stream(Some(u64::MAX)).await.unwrap();
        assert_eq!(memory.taken_bytes(), limits::STREAM_SHARE_BYTES * 2);
        let began = Instant::now();
        let error = memory.stream(Some(1)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::SlowDown);
        assert_eq!(began.elapsed(), limits::BODY_MEMORY_WAIT);
        // Nothing needs no room.
        assert!(memory.stream(Some(0)).await.is_ok());
        drop(one);
        assert!(memory.stream(Some(1)).await.is_ok());
        assert!(memory.document(1000).await.is_ok());
        drop(other);
        assert_eq!(memory.taken_bytes(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_larger_than_the_room_has_it_alone() {
        let memory = room(1000);
        let share = memory.document(1000 * 1000).await.unwrap();
        assert!(memory.document(1).await.is_err());
        drop(share);
        assert!(memory.document(1).await.is_ok());
    }
}
