//! Ranges of bytes: of a copy's source, of a read, and as resolved against a size.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Why};

/// A run of bytes of a known object: `start` inclusive, `end` exclusive, `start <= end <= size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u64,
    /// Offset after the last byte.
    pub end: u64,
}

impl Span {
    /// The whole of an object of `size` bytes.
    pub const fn whole(size: u64) -> Self {
        Self {
            start: 0,
            end: size,
        }
    }

    /// How many bytes.
    pub const fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it holds no byte.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// The range of a part copy: `bytes=first-last`, both given, counted from 0, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    first: u64,
    last: u64,
}

impl ByteRange {
    /// From the first and the last byte's offset.
    ///
    /// # Errors
    /// When `last` is before `first`, or is the last number there is.
    pub fn new(first: u64, last: u64) -> Result<Self, Error> {
        if last < first || last == u64::MAX {
            return Err(Error::new("byte range", Why::OutOfRange));
        }
        Ok(Self { first, last })
    }

    /// The first byte's offset.
    pub const fn first(self) -> u64 {
        self.first
    }

    /// The last byte's offset.
    pub const fn last(self) -> u64 {
        self.last
    }

    /// The same bytes of an object of `size` bytes; `None` when it reaches beyond the end.
    pub const fn within(self, size: u64) -> Option<Span> {
        if self.last < size {
            Some(Span {
                start: self.first,
                end: self.last + 1,
            })
        } else {
            None
        }
    }
}

const COPY_FORM: &str = "bytes=first-last, both given and counted from 0, such as bytes=0-9";

impl FromStr for ByteRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || Error::malformed("byte range", COPY_FORM);
        let (first, last) = text
            .strip_prefix("bytes=")
            .and_then(|r| r.split_once('-'))
            .ok_or_else(malformed)?;
        let first = digits(first).ok_or_else(malformed)?;
        let last = digits(last).ok_or_else(malformed)?;
        Self::new(first, last)
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes={}-{}", self.first, self.last)
    }
}

/// The single range of a read: `bytes=a-b`, `bytes=a-` or `bytes=-n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadRange {
    /// From the first to the last offset, both included.
    FromTo(u64, u64),
    /// From an offset to the end.
    From(u64),
    /// The last so many bytes.
    Last(u64),
}

impl ReadRange {
    /// The bytes it means of an object of `size` bytes; `None` when it means none of them.
    pub fn within(self, size: u64) -> Option<Span> {
        match self {
            Self::FromTo(first, last) if first < size => Some(Span {
                start: first,
                end: last.saturating_add(1).min(size),
            }),
            Self::From(first) if first < size => Some(Span {
                start: first,
                end: size,
            }),
            Self::Last(count) if count > 0 && size > 0 => Some(Span {
                start: size.saturating_sub(count),
                end: size,
            }),
            _ => None,
        }
    }
}

impl FromStr for ReadRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || Error::malformed("Range", "bytes=a-b, bytes=a- or bytes=-n");
        let (first, last) = text
            .strip_prefix("bytes=")
            .and_then(|r| r.split_once('-'))
            .ok_or_else(malformed)?;
        let (first, last) = (first.trim(), last.trim());
        match (first.is_empty(), last.is_empty()) {
            (true, false) => digits(last).map(Self::Last).ok_or_else(malformed),
            (false, true) => digits(first).map(Self::From).ok_or_else(malformed),
            _ => {
                let first = digits(first).ok_or_else(malformed)?;
                let last = digits(last).ok_or_else(malformed)?;
                if last < first {
                    Err(malformed())
                } else {
                    Ok(Self::FromTo(first, last))
                }
            }
        }
    }
}

impl fmt::Display for ReadRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromTo(first, last) => write!(f, "bytes={first}-{last}"),
            Self::From(first) => write!(f, "bytes={first}-"),
            Self::Last(count) => write!(f, "bytes=-{count}"),
        }
    }
}

fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_ranges_need_both_ends() {
        let range: ByteRange = "bytes=0-9".parse().unwrap();
        assert_eq!(range.within(10).map(Span::len), Some(10));
        assert_eq!(range.within(9), None);
        for bad in [
            "bytes=5-",
            "bytes=-5",
            "0-9",
            "bytes=a-b",
            "bytes=9-0",
            "",
            "bytes=0-9,20-29",
            "bytes=0-18446744073709551615",
            "bytes= 0-9",
            "bytes=+1-2",
        ] {
            assert!(bad.parse::<ByteRange>().is_err(), "{bad}");
        }
    }

    #[test]
    fn read_ranges_are_cut_at_the_end() {
        let span = |text: &str, size| text.parse::<ReadRange>().unwrap().within(size);
        assert_eq!(span("bytes=2-100", 10), Some(Span { start: 2, end: 10 }));
        assert_eq!(span("bytes=2-", 10), Some(Span { start: 2, end: 10 }));
        assert_eq!(span("bytes=-3", 10), Some(Span { start: 7, end: 10 }));
        assert_eq!(span("bytes=-30", 10), Some(Span { start: 0, end: 10 }));
        for none in [
            span("bytes=10-", 10),
            span("bytes=-0", 10),
            span("bytes=0-0", 0),
        ] {
            assert_eq!(none, None);
        }
    }
}
