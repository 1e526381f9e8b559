//! The keys that the store encrypts with: several, so that a new one can take over. The last is what
//! is encrypted with; what an older one encrypted is still read with it.
//!
//! As text it is a line for each key, `<id> <key>`, 16 and 64 hexadecimal digits, the newest last.
//! Empty lines and those that begin with `#` are passed over. Where the text is kept is not said here.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use cosette_types::checksum::hex;
use zeroize::Zeroizing;

use crate::environment::Random;
use crate::error::Error;
use crate::limits;

/// The name of a key, random and no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyId(pub(crate) [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A key.
pub(crate) struct StoreKey {
    pub(crate) id: KeyId,
    pub(crate) secret: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreKey({}, …)", self.id)
    }
}

/// The keys of a store.
#[derive(Debug, Default)]
pub struct EncryptionKeys(RwLock<Vec<Arc<StoreKey>>>);

impl EncryptionKeys {
    /// Reads keys from their text.
    ///
    /// # Errors
    /// With the number of the line that is none; never with what stands in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys: Vec<Arc<StoreKey>> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let number = number + 1;
            let key = read(line).ok_or_else(|| {
                format!("line {number} is not a key: 16 hexadecimal digits, a blank, 64 more")
            })?;
            if keys.iter().any(|other| other.id == key.id) {
                return Err(format!("line {number} repeats the id {}", key.id));
            }
            if keys.len() >= limits::ENCRYPTION_KEYS_MAX {
                let most = limits::ENCRYPTION_KEYS_MAX;
                return Err(format!("more than {most} keys"));
            }
            keys.push(Arc::new(key));
        }
        Ok(Self(RwLock::new(keys)))
    }

    /// A new key, as a line of the text.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new_line(random: &dyn Random) -> Result<Zeroizing<String>, Error> {
        let (mut id, mut secret) = ([0; 8], Zeroizing::new([0; 32]));
        random.fill(&mut id)?;
        random.fill(secret.as_mut_slice())?;
        let mut line = Zeroizing::new(String::with_capacity(82));
        line.push_str(&KeyId(id).to_string());
        line.push(' ');
        for byte in secret.iter() {
            for digit in [byte >> 4, byte & 15] {
                line.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        line.push('\n');
        Ok(line)
    }

    /// Takes the keys of another value in place of these.
    pub fn replace(&self, other: Self) {
        let keys = other.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.newest().is_none()
    }

    /// The ids of the keys, the newest last.
    pub fn ids(&self) -> Vec<String> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().map(|key| key.id.to_string()).collect()
    }

    pub(crate) fn newest(&self) -> Option<Arc<StoreKey>> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.last().cloned()
    }

    pub(crate) fn find(&self, id: KeyId) -> Option<Arc<StoreKey>> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|key| key.id == id).cloned()
    }
}

fn read(line: &str) -> Option<StoreKey> {
    let (id, secret) = line.split_once([' ', '\t'])?;
    let mut key = StoreKey {
        id: KeyId([0; 8]),
        secret: Zeroizing::new([0; 32]),
    };
    digits(id, &mut key.id.0)?;
    digits(secret.trim_start(), key.secret.as_mut_slice())?;
    Some(key)
}

fn digits(text: &str, to: &mut [u8]) -> Option<()> {
    if text.len() != to.len() * 2 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in to.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::SystemRandom;

    #[test]
    fn the_last_key_encrypts_and_all_are_found() {
        let one = EncryptionKeys::new_line(&SystemRandom).unwrap();
        let two = EncryptionKeys::new_line(&SystemRandom).unwrap();
        let text = format!("# keys\n\n{}  {}", *one, *two);
        let keys = EncryptionKeys::parse(&text).unwrap();
        assert_eq!(keys.ids().len(), 2);
        assert!(two.starts_with(&keys.newest().unwrap().id.to_string()));
        let older = EncryptionKeys::parse(&one).unwrap().newest().unwrap();
        assert_eq!(keys.find(older.id).unwrap().secret, older.secret);
        assert!(keys.find(KeyId([0; 8])).is_none());
        assert!(!format!("{keys:?}").contains(&one[17..81]));
        let none = EncryptionKeys::parse("# none\n").unwrap();
        assert!(none.is_empty());
        none.replace(keys);
        assert_eq!(none.ids().len(), 2);
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        let good = EncryptionKeys::new_line(&SystemRandom).unwrap();
        let words = EncryptionKeys::parse(&format!("{}{}", *good, *good)).unwrap_err();
        assert!(words.starts_with("line 2 repeats"), "{words}");
        for wrong in [
            "x",
            &good[..80],
            &good[1..],
            &format!("{}0", good.trim()),
            "00 00",
            "é é",
        ] {
            let words = EncryptionKeys::parse(wrong).unwrap_err();
            assert!(words.starts_with("line 1 is not a key"), "{words}");
            assert!(wrong.len() < 9 || !words.contains(wrong));
        }
        let line = |at: usize| format!("{at:016x} {}\n", "0".repeat(64));
        let many = |count: usize| (0..count).map(line).collect::<String>();
        let most = limits::ENCRYPTION_KEYS_MAX;
        assert!(EncryptionKeys::parse(&many(most)).is_ok());
        assert!(EncryptionKeys::parse(&many(most + 1)).is_err());
    }
}
