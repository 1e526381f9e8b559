//! Extents in memory: the driver of tests, of the model and of simulated crashes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};

use super::{
    Address, EXTENT_BYTES_MAX, ExtentError, ExtentId, ExtentWriter, Extents, READ_BYTES_MAX,
};
use crate::meta::Boxed;

/// Extents in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryExtents {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    written_bytes: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Extents by the number in their address.
    extents: BTreeMap<u64, Extent>,
    last: u64,
    poisoned: bool,
}

#[derive(Debug, Clone)]
struct Extent {
    id: ExtentId,
    content: Bytes,
    synced: bool,
}

impl MemoryExtents {
    /// No extents.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The extents as the next process finds them after a crash at this moment: what was synced,
    /// and what was not if `unsynced_kept`. This one takes no more writes.
    #[must_use]
    pub fn crash(&self, unsynced_kept: bool) -> Self {
        let mut state = self.lock();
        state.poisoned = true;
        let survives = |extent: &Extent| extent.synced || unsynced_kept;
        let extents = state.extents.iter().filter(|(_, extent)| survives(extent));
        let next = Self::new();
        *next.lock() = State {
            extents: extents
                .map(|(number, extent)| (*number, extent.clone()))
                .collect(),
            last: state.last,
            poisoned: false,
        };
        next
    }

    /// Flips a bit of the byte at this place of every extent that is so long: what a disk without
    /// checksums may do.
    pub fn flip_bit(&self, at: usize) {
        for extent in self.lock().extents.values_mut() {
            let mut bytes = extent.content.to_vec();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1;
            }
            extent.content = bytes.into();
        }
    }

    /// Fails the next sync, and so every later write.
    pub fn fail_sync(&self) {
        self.lock().poisoned = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self) -> Result<(), ExtentError> {
        if self.poisoned {
            Err(ExtentError::Poisoned)
        } else {
            Ok(())
        }
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> Boxed<'a, T> {
    Box::pin(std::future::ready(value))
}

fn number_in(address: &Address) -> Result<u64, ExtentError> {
    let number = address.0.as_ref().try_into().map(u64::from_be_bytes);
    number.map_err(|_| ExtentError::Corrupt("an address of another driver".into()))
}

impl Extents for MemoryExtents {
    fn begin(
        &self,
        id: ExtentId,
        expected_bytes: Option<u64>,
    ) -> Boxed<'_, Result<Box<dyn ExtentWriter>, ExtentError>> {
        let writer = self.lock().check().map(|()| {
            let limit = expected_bytes
                .unwrap_or(EXTENT_BYTES_MAX)
                .min(EXTENT_BYTES_MAX);
            let shared = Arc::clone(&self.shared);
            Box::new(MemoryWriter {
                shared,
                id,
                limit,
                content: BytesMut::new(),
            }) as Box<_>
        });
        ready(writer)
    }

    fn sync<'a>(&'a self, addresses: &'a [Address]) -> Boxed<'a, Result<(), ExtentError>> {
        let mut state = self.lock();
        let synced = state.check().and_then(|()| {
            for address in addresses {
                // One that is not there was freed meanwhile, and the caller is at fault; what
                // counts is that nothing that is there is left unsynced.
                if let Some(extent) = state.extents.get_mut(&number_in(address)?) {
                    extent.synced = true;
                }
            }
            Ok(())
        });
        ready(synced)
    }

    fn read<'a>(
        &'a self,
        address: &'a Address,
        offset: u64,
        length: u64,
    ) -> Boxed<'a, Result<Bytes, ExtentError>> {
        let read = || {
            if length > READ_BYTES_MAX {
                return Err(ExtentError::Io(
                    "a read of more than one call may ask for".into(),
                ));
            }
            let number = number_in(address)?;
            let gone = || ExtentError::Corrupt(format!("extent {number} is not there").into());
            let content = self
                .lock()
                .extents
                .get(&number)
                .ok_or_else(gone)?
                .content
                .clone();
            let end = offset
                .checked_add(length)
                .filter(|end| *end <= content.len() as u64);
            let beyond = || {
                ExtentError::Corrupt(
                    format!(
                        "extent {number} has {} bytes, not {offset}+{length}",
                        content.len()
                    )
                    .into(),
                )
            };
            let range = |end: u64| Some(usize::try_from(offset).ok()?..usize::try_from(end).ok()?);
            Ok(content.slice(end.and_then(range).ok_or_else(beyond)?))
        };
        ready(read())
    }

    fn free<'a>(&'a self, addresses: &'a [Address]) -> Boxed<'a, Result<(), ExtentError>> {
        let mut state = self.lock();
        let freed = state.check().and_then(|()| {
            for address in addresses {
                state.extents.remove(&number_in(address)?);
            }
            Ok(())
        });
        ready(freed)
    }

    fn recover<'a>(
        &'a self,
        live: &'a (dyn Fn(ExtentId) -> Boxed<'a, Result<bool, ExtentError>> + Send + Sync),
    ) -> Boxed<'a, Result<(), ExtentError>> {
        Box::pin(async move {
            let found: Vec<(u64, ExtentId)> = self
                .lock()
                .extents
                .iter()
                .map(|(number, extent)| (*number, extent.id))
                .collect();
            for (number, id) in found {
                if !live(id).await? {
                    self.lock().extents.remove(&number);
                }
            }
            Ok(())
        })
    }

    fn allocated_bytes(&self) -> Boxed<'_, Result<u64, ExtentError>> {
        let sum = self
            .lock()
            .extents
            .values()
            .map(|extent| extent.content.len() as u64)
            .sum();
        ready(Ok(sum))
    }

    fn written_bytes(&self) -> u64 {
        self.shared.written_bytes.load(Ordering::Relaxed)
    }

    fn is_poisoned(&self) -> bool {
        self.lock().poisoned
    }

    fn close(&self) -> Boxed<'_, Result<(), ExtentError>> {
        ready(self.lock().check())
    }
}

#[derive(Debug)]
struct MemoryWriter {
    shared: Arc<Shared>,
    id: ExtentId,
    limit: u64,
    content: BytesMut,
}

impl ExtentWriter for MemoryWriter {
    fn append(&mut self, bytes: Bytes) -> Boxed<'_, Result<(), ExtentError>> {
        let room = self.limit - self.content.len() as u64;
        if bytes.len() as u64 > room {
            return ready(Err(ExtentError::Io(
                "an extent longer than announced".into(),
            )));
        }
        self.content.extend_from_slice(&bytes);
        self.shared
            .written_bytes
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        ready(Ok(()))
    }

    fn finish(self: Box<Self>) -> Boxed<'static, Result<Address, ExtentError>> {
        let Self {
            shared,
            id,
            content,
            ..
        } = *self;
        let mut state = shared.lock();
        let finished = state.check().map(|()| {
            state.last += 1;
            let number = state.last;
            let extent = Extent {
                id,
                content: content.freeze(),
                synced: false,
            };
            state.extents.insert(number, extent);
            Address(Bytes::copy_from_slice(&number.to_be_bytes()))
        });
        drop(state);
        ready(finished)
    }
}
