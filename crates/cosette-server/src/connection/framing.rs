//! Where the body of a request ends on the wire, so that the next head is known for one.

/// How many of the next bytes belong to a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes are still to come.
    Length(u64),
    /// Chunks, to the last one's end.
    Chunked(Chunks),
}

/// What the next byte of a chunked body must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
    /// A digit of a chunk's size, after so many digits.
    Size { digits: u8, size: u64 },
    /// A chunk's extension: whatever, up to the line's end.
    Extension { size: u64 },
    /// The end of the line with the size.
    SizeEnd { size: u64 },
    /// Bytes of the chunk.
    Data { left: u64 },
    /// The line's end after the bytes of a chunk.
    DataReturn,
    /// Its second half.
    DataEnd,
    /// The first byte of a line of the trailer, or of the end.
    TrailerStart,
    /// The rest of a line of the trailer.
    Trailer,
    /// The second half of that line's end.
    TrailerEnd,
    /// The last byte.
    LastEnd,
    /// All was read.
    Done,
}

/// These bytes are not chunks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotChunks;

/// Digits of the largest size of a chunk.
const SIZE_DIGITS_MAX: u8 = 15;

impl Framing {
    pub(super) const CHUNKED: Self = Self::Chunked(Chunks::Size { digits: 0, size: 0 });

    /// Whether the body is over.
    pub(super) const fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunks::Done))
    }

    /// Goes over bytes as they came; gives how many of them are the body's.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, NotChunks> {
        match self {
            Self::Length(left) => {
                let taken = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                *left -= taken as u64;
                Ok(taken)
            }
            Self::Chunked(chunks) => {
                let mut rest = bytes;
                while let Some((&first, after)) = rest.split_first() {
                    match chunks {
                        Chunks::Done => break,
                        Chunks::Data { left } => {
                            let taken =
                                usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                            *left -= taken as u64;
                            rest = rest.get(taken..).unwrap_or_default();
                            if *left == 0 {
                                *chunks = Chunks::DataReturn;
                            }
                        }
                        _ => {
                            *chunks = chunks.after(first)?;
                            rest = after;
                        }
                    }
                }
                Ok(bytes.len() - rest.len())
            }
        }
    }
}

impl Chunks {
    /// After one more byte that is none of a chunk's own.
    fn after(self, byte: u8) -> Result<Self, NotChunks> {
        let next = match (self, byte) {
            (Self::Size { digits, size }, _) if byte.is_ascii_hexdigit() => {
                if digits == SIZE_DIGITS_MAX {
                    return Err(NotChunks);
                }
                let digit = char::from(byte).to_digit(16).ok_or(NotChunks)?;
                Self::Size {
                    digits: digits + 1,
                    size: size * 16 + u64::from(digit),
                }
            }
            (Self::Size { digits: 1.., size }, b'\r') => Self::SizeEnd { size },
            (Self::Size { digits: 1.., size }, b';' | b' ' | b'\t') => Self::Extension { size },
            (Self::Extension { size }, b'\r') => Self::SizeEnd { size },
            (Self::Extension { size }, _) if byte != b'\n' => Self::Extension { size },
            (Self::SizeEnd { size: 0 }, b'\n') => Self::TrailerStart,
            (Self::SizeEnd { size }, b'\n') => Self::Data { left: size },
            (Self::DataReturn, b'\r') => Self::DataEnd,
            (Self::DataEnd, b'\n') => Self::Size { digits: 0, size: 0 },
            (Self::TrailerStart, b'\r') => Self::LastEnd,
            (Self::Trailer, b'\r') => Self::TrailerEnd,
            (Self::TrailerStart | Self::Trailer, _) if byte != b'\n' => Self::Trailer,
            (Self::TrailerEnd, b'\n') => Self::TrailerStart,
            (Self::LastEnd, b'\n') => Self::Done,
            _ => return Err(NotChunks),
        };
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body's end, with the bytes coming in pieces of every size.
    fn end_of(bytes: &[u8]) -> Result<Option<usize>, NotChunks> {
        let mut ends = Vec::new();
        for piece in 1..=bytes.len() {
            let mut framing = Framing::CHUNKED;
            let mut read = 0;
            for bytes in bytes.chunks(piece) {
                read += framing.advance(bytes)?;
                if framing.is_done() {
                    break;
                }
            }
            ends.push(framing.is_done().then_some(read));
        }
        ends.dedup();
        assert_eq!(ends.len(), 1, "pieces do not matter");
        Ok(ends[0])
    }

    #[test]
    fn chunks_end_where_they_say() {
        for (body, end) in [
            ("0\r\n\r\nGET", Some(5)),
            ("3\r\nabc\r\n0\r\n\r\n", Some(13)),
            (
                "3;x=\"y\"\r\nabc\r\n00\r\na: b\r\nc: d\r\n\r\nrest",
                Some(32),
            ),
            ("3\r\nabc\r\n0\r\n", None),
            ("A\r\n0\r\n\r\n01234\r\n0\r\n\r\n", Some(20)),
        ] {
            assert_eq!(end_of(body.as_bytes()), Ok(end), "{body:?}");
        }
    }

    #[test]
    fn what_is_not_chunks_is_told() {
        for body in [
            "\r\n",
            "x\r\n",
            "3\nabc\r\n",
            "3\r\nabcd\r\n",
            "3\r\nabc\n",
            "0\r\n\n",
            "-1\r\n",
            " 3\r\n",
            "0x3\r\nabc\r\n",
            "1234567890123456\r\n",
            "0\r\na: b\n\r\n",
        ] {
            assert_eq!(end_of(body.as_bytes()), Err(NotChunks), "{body:?}");
        }
    }

    #[test]
    fn a_length_is_counted_down() {
        let mut framing = Framing::Length(5);
        assert_eq!(framing.advance(b"abc"), Ok(3));
        assert!(!framing.is_done());
        assert_eq!(framing.advance(b"defg"), Ok(2));
        assert!(framing.is_done());
    }
}
