//! Secrets at rest: sealed with a key that lies in a file of its own, readable by its owner only.
//!
//! A request's signature can only be verified with the secret itself, so a digest of it would not
//! do. What is sealed can be read by who has both the rows and the file: a backup of the rows, or a
//! listing of them in a log, gives no secret away.

use cosette_proto::sign::SecretKey;
use cosette_types::checksum::hex;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;

/// A key that seals.
pub(crate) struct Seal(LessSafeKey);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

impl Seal {
    pub(crate) fn new(key: &[u8; KEY_BYTES]) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key);
        Self(LessSafeKey::new(
            key.expect("a key of this length is one of this algorithm"),
        ))
    }

    /// Seals something for one purpose: what was sealed for another does not open.
    pub(crate) fn close(&self, purpose: &str, plain: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut sealed = plain.to_vec();
        let at = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(at, Aad::from(purpose), &mut sealed)
            .ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for this purpose; `None` for anything else.
    pub(crate) fn open(&self, purpose: &str, sealed: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut plain = zeroize::Zeroizing::new(rest.to_vec());
        let at = Nonce::assume_unique_for_key(*nonce);
        let length = self
            .0
            .open_in_place(at, Aad::from(purpose), &mut plain)
            .ok()?
            .len();
        plain.truncate(length);
        Some(plain)
    }

    /// Opens a secret key.
    pub(crate) fn open_key(&self, purpose: &str, sealed: &[u8]) -> Option<SecretKey> {
        let plain = self.open(purpose, sealed)?;
        std::str::from_utf8(&plain).ok().map(SecretKey::new)
    }
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}

/// Random bytes as text.
pub(crate) fn random_hex<const N: usize>() -> Option<String> {
    random::<N>().map(|bytes| hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_purpose_with_its_key_and_unchanged() {
        let seal = Seal::new(&[7; KEY_BYTES]);
        let sealed = seal.close("key AKID1", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(
            seal.open_key("key AKID1", &sealed).unwrap().expose(),
            "secret"
        );
        assert!(seal.open("key AKID2", &sealed).is_none());
        assert!(
            Seal::new(&[8; KEY_BYTES])
                .open("key AKID1", &sealed)
                .is_none()
        );
        assert!(seal.open("key AKID1", &[]).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(seal.open("key AKID1", &changed).is_none(), "{at}");
        }
        assert_ne!(seal.close("p", b"x"), seal.close("p", b"x"));
        assert_eq!(format!("{seal:?}"), "Seal(…)");
    }
}
