//! The bytes of a simulated file: pages, shared between copies until one of them is written to.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Holes are made of whole pages.
const PAGE: u64 = 4 << 10;
const PAGE_BYTES: usize = 4 << 10;
/// What a power cut leaves whole of a write.
const SECTOR: u64 = 512;

/// The bytes of a file at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Image {
    pages: BTreeMap<u64, Arc<[u8; PAGE_BYTES]>>,
    length: u64,
}

/// One change to a file.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Length(u64),
    Punch { offset: u64, bytes: u64 },
}

impl Change {
    /// What may happen to it on its own: a write falls into sectors, all else is one piece.
    pub(super) fn pieces(self) -> Vec<Self> {
        let Self::Write { offset, bytes } = self else {
            return vec![self];
        };
        let mut pieces = Vec::new();
        let mut at = offset;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let room = size(SECTOR - at % SECTOR).min(rest.len());
            let (piece, behind) = rest.split_at(room);
            pieces.push(Self::Write {
                offset: at,
                bytes: piece.to_vec(),
            });
            at += piece.len() as u64;
            rest = behind;
        }
        pieces
    }
}

impl Image {
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn allocated_bytes(&self) -> u64 {
        self.pages.len() as u64 * PAGE
    }

    /// The first byte at or after `offset` that is not in a hole.
    pub(super) fn next_data(&self, offset: u64) -> Option<u64> {
        let (page, _) = self.pages.range(offset / PAGE..).next()?;
        let found = offset.max(page * PAGE);
        (found < self.length).then_some(found)
    }

    /// Flips a bit of a page, chosen by a random number; flipping it again undoes it.
    pub(super) fn flip_bit(&mut self, random: u64) {
        let at = usize::try_from(random >> 32).unwrap_or_default() % self.pages.len().max(1);
        let within = size(random % PAGE);
        let page = self.pages.values_mut().nth(at);
        if let Some(byte) = page.and_then(|page| Arc::make_mut(page).get_mut(within)) {
            *byte ^= 1 << (random >> 20 & 7);
        }
    }

    /// Fills `bytes`, or says that the file ends before.
    pub(super) fn read(&self, bytes: &mut [u8], offset: u64) -> bool {
        if offset + bytes.len() as u64 > self.length {
            return false;
        }
        let mut at = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            let within = size(at % PAGE);
            let (piece, behind) = rest.split_at_mut((PAGE_BYTES - within).min(rest.len()));
            let page = self.pages.get(&(at / PAGE));
            match page.and_then(|page| page.get(within..within + piece.len())) {
                Some(stored) => piece.copy_from_slice(stored),
                None => piece.fill(0),
            }
            at += piece.len() as u64;
            rest = behind;
        }
        true
    }

    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Write { offset, bytes } => self.write(*offset, bytes),
            Change::Length(length) => {
                if *length < self.length {
                    self.zero(*length, self.length);
                }
                self.length = *length;
            }
            Change::Punch { offset, bytes } => {
                self.zero(*offset, offset.saturating_add(*bytes).min(self.length));
            }
        }
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) {
        let mut at = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            let within = size(at % PAGE);
            let (piece, behind) = rest.split_at((PAGE_BYTES - within).min(rest.len()));
            let page = self.pages.entry(at / PAGE);
            let page = page.or_insert_with(|| Arc::new([0; PAGE_BYTES]));
            if let Some(place) = Arc::make_mut(page).get_mut(within..within + piece.len()) {
                place.copy_from_slice(piece);
            }
            at += piece.len() as u64;
            rest = behind;
        }
        self.length = self.length.max(at);
    }

    /// Whole pages go; what is left of others becomes zeros.
    fn zero(&mut self, start: u64, end: u64) {
        let mut at = start;
        while at < end {
            let next = (at / PAGE + 1) * PAGE;
            let whole = at.is_multiple_of(PAGE) && (next <= end || end >= self.length);
            if whole {
                self.pages.remove(&(at / PAGE));
            } else if let Some(page) = self.pages.get_mut(&(at / PAGE)) {
                let range = size(at % PAGE)..size(at % PAGE) + size(next.min(end) - at);
                if let Some(place) = Arc::make_mut(page).get_mut(range) {
                    place.fill(0);
                }
            }
            at = next;
        }
    }
}

/// A length that is at most that of a page, or of a write.
fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Change, Image};

    fn write(offset: u64, bytes: &[u8]) -> Change {
        Change::Write {
            offset,
            bytes: bytes.to_vec(),
        }
    }

    fn read(image: &Image, offset: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![9; length];
        image.read(&mut bytes, offset).then_some(bytes)
    }

    #[test]
    fn it_behaves_as_a_file_with_holes() {
        let mut image = Image::default();
        image.apply(&write(4090, b"across two"));
        assert_eq!((image.length(), image.allocated_bytes()), (4100, 8192));
        assert_eq!(read(&image, 4088, 6).unwrap(), *b"\0\0acro");
        assert_eq!(read(&image, 4096, 5), None, "beyond the end");
        image.apply(&Change::Length(20_000));
        assert_eq!(image.next_data(0), Some(0));
        assert_eq!(image.next_data(5000), Some(5000));
        assert_eq!(image.next_data(8192), None);
        let before = image.clone();
        image.apply(&Change::Punch {
            offset: 0,
            bytes: 4096,
        });
        assert_eq!(image.next_data(0), Some(4096));
        assert_eq!(read(&image, 4094, 6).unwrap(), *b"\0\0 two");
        assert_eq!(read(&before, 4094, 6).unwrap(), *b"ss two");
        image.apply(&Change::Length(4097));
        image.apply(&Change::Length(8192));
        assert_eq!(read(&image, 4096, 3).unwrap(), *b" \0\0");
    }

    #[test]
    fn writes_fall_into_sectors() {
        let lengths = |change: Change| -> Vec<(u64, usize)> {
            let parts = change.pieces().into_iter().map(|piece| match piece {
                Change::Write { offset, bytes } => (offset, bytes.len()),
                other => panic!("{other:?}"),
            });
            parts.collect()
        };
        assert_eq!(
            lengths(write(500, &[1; 600])),
            [(500, 12), (512, 512), (1024, 76)]
        );
        assert_eq!(lengths(write(512, &[1; 512])), [(512, 512)]);
        assert_eq!(lengths(write(7, &[])), []);
    }
}
