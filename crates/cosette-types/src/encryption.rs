//! How an object's bytes are encrypted where they are kept, and the key that a customer brings along.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::Error;

/// The one algorithm of the protocol.
pub const ENCRYPTION_ALGORITHM: &str = "AES256";

/// Bytes of a key.
pub const ENCRYPTION_KEY_BYTES: usize = 32;

/// A key that a customer keeps and sends along with each request. It is never stored and never shown;
/// it is overwritten in memory when it is dropped.
#[derive(Clone)]
pub struct CustomerKey(Zeroizing<[u8; ENCRYPTION_KEY_BYTES]>);

impl CustomerKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; ENCRYPTION_KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A key of these bytes, if they are as many as a key has.
    ///
    /// # Errors
    /// When they are more or fewer.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = bytes.try_into();
        bytes.map(Self::new).map_err(|_| not_a_key())
    }

    /// A key as it travels: in base64.
    ///
    /// # Errors
    /// When it is not base64 of as many bytes as a key has.
    pub fn from_base64(text: &[u8]) -> Result<Self, Error> {
        let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| not_a_key())?);
        Self::from_slice(&bytes)
    }

    /// The key itself. Whoever asks must not let it go further than to a cipher or a connection.
    pub fn expose(&self) -> &[u8; ENCRYPTION_KEY_BYTES] {
        &self.0
    }
}

fn not_a_key() -> Error {
    Error::malformed("customer key", "base64 of 32 bytes")
}

/// Takes as long whatever the difference is.
impl PartialEq for CustomerKey {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(other.0.iter());
        std::hint::black_box(pairs.fold(0, |all, (one, two)| all | (one ^ two))) == 0
    }
}

impl Eq for CustomerKey {}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey(…)")
    }
}

/// How bytes are to be encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// With a key that the store keeps (SSE-COS, SSE-S3).
    Managed,
    /// With the customer's own key (SSE-C).
    Customer(CustomerKey),
}

impl Encryption {
    /// The customer's key, if it is that.
    pub const fn customer_key(&self) -> Option<&CustomerKey> {
        match self {
            Self::Managed => None,
            Self::Customer(key) => Some(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown_and_has_its_length() {
        let key = CustomerKey::new([7; 32]);
        assert_eq!(format!("{key:?}"), "CustomerKey(…)");
        let asked = Encryption::Customer(key.clone());
        assert_eq!(format!("{asked:?}"), "Customer(CustomerKey(…))");
        let text = STANDARD.encode([7; 32]);
        assert_eq!(CustomerKey::from_base64(text.as_bytes()).unwrap(), key);
        assert_ne!(CustomerKey::new([8; 32]), key);
        for wrong in [
            "",
            "AAAA",
            "?",
            &STANDARD.encode([7; 31]),
            &STANDARD.encode([7; 33]),
        ] {
            let error = CustomerKey::from_base64(wrong.as_bytes()).unwrap_err();
            assert!(wrong.is_empty() || !error.to_string().contains(wrong));
        }
    }
}
