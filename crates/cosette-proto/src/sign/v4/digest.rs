//! SHA-256 and its HMAC, as bytes and as digits.

use cosette_types::checksum::hex;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Digest;

pub(in crate::sign) use sha2::Sha256;

/// 32 bytes.
pub(super) type Digest32 = [u8; 32];

pub(super) fn hmac(key: &[u8], text: &[u8]) -> Digest32 {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
