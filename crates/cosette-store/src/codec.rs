//! How a record becomes bytes and is read back: a version byte, then its fields in order.
//!
//! Numbers are variable-length (seven bits a byte, lowest first), ids have 16 bytes, texts and lists
//! begin with their length, an option with 0 or 1. `docs/format.md` describes each record.

use bytes::Bytes;

use crate::error::Error;

/// The format version of every record written by this code.
const VERSION: u8 = 1;

/// A thing kept in a row.
pub(crate) trait Record: Sized {
    /// What it is, for the words of an error.
    const WHAT: &'static str;

    /// Appends its fields.
    fn encode(&self, to: &mut Encoder);

    /// Reads its fields.
    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged>;

    /// The row's value.
    fn to_value(&self) -> Bytes {
        let mut to = Encoder(vec![VERSION]);
        self.encode(&mut to);
        to.0.into()
    }

    /// Reads a row's value.
    fn from_value(value: &[u8]) -> Result<Self, Error> {
        let damaged = |Damaged(why)| Error::corrupt(format!("{}: {why}", Self::WHAT));
        let mut from = Decoder { rest: value };
        if from.byte().map_err(damaged)? != VERSION {
            return Err(damaged(Damaged("written by a later version")));
        }
        let record = Self::decode(&mut from).map_err(damaged)?;
        if from.is_empty() {
            Ok(record)
        } else {
            Err(damaged(Damaged("longer than it should be")))
        }
    }
}

/// Why a value is no such record.
#[derive(Debug)]
pub(crate) struct Damaged(pub(crate) &'static str);

/// Appends fields.
#[derive(Debug, Default)]
pub(crate) struct Encoder(Vec<u8>);

impl Encoder {
    /// Begins a value that consists of records appended one by one.
    pub(crate) fn list() -> Self {
        Self(vec![VERSION])
    }

    pub(crate) fn into_value(self) -> Bytes {
        self.0.into()
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.byte(u8::from(flag));
    }

    pub(crate) fn number(&mut self, mut number: u64) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                self.byte(low & 0x7f);
                return;
            }
            self.byte(low | 0x80);
        }
    }

    pub(crate) fn fixed(&mut self, bytes: &[u8; 16]) {
        self.0.extend_from_slice(bytes);
    }

    /// A number whose every value is equally likely: eight bytes, highest first.
    pub(crate) fn long(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn option<T>(&mut self, value: Option<T>, encode: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            encode(self, value);
        }
    }
}

/// Reads fields.
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Begins to read what [`Encoder::list`] began.
    pub(crate) fn list(value: &'a [u8]) -> Result<Self, Damaged> {
        let mut from = Self { rest: value };
        if from.byte()? == VERSION {
            Ok(from)
        } else {
            Err(Damaged("written by a later version"))
        }
    }

    /// Begins to read fields without a version byte before them.
    pub(crate) const fn rows(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(Damaged("shorter than it should be"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self
            .rest
            .split_first()
            .ok_or(Damaged("shorter than it should be"))?;
        self.rest = rest;
        Ok(*first)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Damaged> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Damaged("a flag that is neither 0 nor 1")),
        }
    }

    pub(crate) fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged("a number too large"))
    }

    pub(crate) fn fixed(&mut self) -> Result<[u8; 16], Damaged> {
        let bytes = self.take(16)?;
        bytes
            .try_into()
            .map_err(|_| Damaged("shorter than it should be"))
    }

    pub(crate) fn long(&mut self) -> Result<u64, Damaged> {
        let bytes = self.take(8)?.try_into();
        bytes
            .map(u64::from_be_bytes)
            .map_err(|_| Damaged("shorter than it should be"))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let count = usize::try_from(self.number()?).map_err(|_| Damaged("a length too large"))?;
        self.take(count)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damaged("a text that is not UTF-8"))
    }

    /// A text that is one of the protocol's words.
    pub(crate) fn parse<T: std::str::FromStr>(&mut self) -> Result<T, Damaged> {
        self.text()?
            .parse()
            .map_err(|_| Damaged("a word that is not what it should be"))
    }

    pub(crate) fn option<T>(
        &mut self,
        decode: impl FnOnce(&mut Self) -> Result<T, Damaged>,
    ) -> Result<Option<T>, Damaged> {
        if self.flag()? {
            decode(self).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A list that begins with its length. The length is not trusted for reserving memory.
    pub(crate) fn list_of<T>(
        &mut self,
        mut decode: impl FnMut(&mut Self) -> Result<T, Damaged>,
    ) -> Result<Vec<T>, Damaged> {
        let mut list = Vec::new();
        for _ in 0..self.number()? {
            list.push(decode(self)?);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut to = Encoder::default();
            to.number(number);
            let mut from = Decoder { rest: &to.0 };
            assert_eq!(from.number().unwrap(), number);
            assert!(from.is_empty());
        }
        let mut endless = Decoder { rest: &[0xff; 11] };
        assert!(endless.number().is_err());
    }
}
