//! What rows say of encryption: of an object, how it is encrypted; of a run of bytes, its key, wrapped.

use crate::codec::{Damaged, Decoder, Encoder, Record};
use crate::encryption::KeyId;

/// How an object, or what is uploaded, is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EncryptionRecord {
    /// With a key of the store.
    Managed,
    /// With a customer's key.
    Customer(KeyCheck),
}

/// Tells the right key of a customer from a wrong one, and nothing else of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyCheck {
    pub(crate) salt: [u8; 16],
    /// The salt's keyed hash under the key.
    pub(crate) hash: [u8; 32],
}

/// The key of a run of bytes, wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealRecord {
    pub(crate) wrapped_by: WrappedBy,
    /// A nonce, the encrypted key, its tag.
    pub(crate) wrapped: Vec<u8>,
}

/// Which key wraps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrappedBy {
    /// A key of the store.
    Store(KeyId),
    /// The customer's.
    Customer,
}

const MANAGED: u8 = 1;
const CUSTOMER: u8 = 2;

impl Encoder {
    pub(crate) fn encryption(&mut self, record: &EncryptionRecord) {
        match record {
            EncryptionRecord::Managed => self.byte(MANAGED),
            EncryptionRecord::Customer(check) => {
                self.byte(CUSTOMER);
                self.fixed(&check.salt);
                self.bytes(&check.hash);
            }
        }
    }
}

impl Decoder<'_> {
    pub(crate) fn encryption(&mut self) -> Result<EncryptionRecord, Damaged> {
        match self.byte()? {
            MANAGED => Ok(EncryptionRecord::Managed),
            CUSTOMER => Ok(EncryptionRecord::Customer(KeyCheck {
                salt: self.fixed()?,
                hash: array(self.bytes()?)?,
            })),
            _ => Err(Damaged("encrypted in an unknown way")),
        }
    }
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Damaged> {
    bytes
        .try_into()
        .map_err(|_| Damaged("a field of another length"))
}

impl Record for SealRecord {
    const WHAT: &'static str = "seal";

    fn encode(&self, to: &mut Encoder) {
        match self.wrapped_by {
            WrappedBy::Store(id) => {
                to.byte(MANAGED);
                to.bytes(&id.0);
            }
            WrappedBy::Customer => to.byte(CUSTOMER),
        }
        to.bytes(&self.wrapped);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            wrapped_by: match from.byte()? {
                MANAGED => WrappedBy::Store(KeyId(array(from.bytes()?)?)),
                CUSTOMER => WrappedBy::Customer,
                _ => return Err(Damaged("encrypted in an unknown way")),
            },
            wrapped: from.bytes()?.to_vec(),
        })
    }
}
