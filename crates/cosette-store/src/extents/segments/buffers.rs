//! Memory that reads go into, used again and again.
//!
//! New memory of that size comes from the system in zeroed pages, one fault for each: a good part of
//! what it costs to read it at all.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::extents::{BLOCK_BYTES, READ_BYTES_MAX};

/// What one buffer holds: the longest read, which may begin and end within a block.
const BUFFER_BYTES: usize = 640 << 10;
const _: () = assert!(BUFFER_BYTES as u64 == READ_BYTES_MAX + 2 * BLOCK_BYTES);
/// A shorter read has memory of its own, no longer than itself.
const SHORT_BYTES: usize = 192 << 10;
/// Buffers kept for the next reads.
const KEPT_MAX: usize = 12;

/// Buffers that nobody uses at present.
#[derive(Debug, Default)]
pub(super) struct Buffers(Mutex<Vec<Vec<u8>>>);

/// A buffer in use; it goes back when the bytes in it are dropped.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    used: Range<usize>,
    home: Arc<Buffers>,
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.bytes.len())
    }
}

impl Buffers {
    /// A buffer for a read of about so many bytes.
    pub(super) fn take(self: &Arc<Self>, bytes: usize) -> Buffer {
        let kept = (bytes > SHORT_BYTES).then(|| self.lock().pop()).flatten();
        let new = || {
            // Zeroed pages as they come from the system, without being written to.
            let room = if bytes > SHORT_BYTES { BUFFER_BYTES } else { 0 };
            vec![0; room]
        };
        Buffer {
            bytes: kept.unwrap_or_else(new),
            used: 0..0,
            home: Arc::clone(self),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// What was read, without a copy.
    pub(super) fn lend(mut self, used: Range<usize>) -> Bytes {
        self.used = used;
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(self.used.clone()).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut kept = self.home.lock();
        if bytes.len() == BUFFER_BYTES && kept.len() < KEPT_MAX {
            kept.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_buffers_come_back_and_no_more_than_a_few_are_kept() {
        let home = Arc::new(Buffers::default());
        let mut buffer = home.take(SHORT_BYTES + 1);
        buffer.bytes()[7] = 5;
        let lent = buffer.lend(6..8);
        assert_eq!((lent.as_ref(), home.lock().len()), (&[0, 5][..], 0));
        drop(lent);
        assert_eq!(home.lock().len(), 1);
        let many: Vec<_> = (0..2 * KEPT_MAX).map(|_| home.take(BUFFER_BYTES)).collect();
        assert_eq!(home.lock().len(), 0);
        drop(many);
        assert_eq!(home.lock().len(), KEPT_MAX);
        drop(home.take(1));
        assert_eq!(home.lock().len(), KEPT_MAX);
    }
}
