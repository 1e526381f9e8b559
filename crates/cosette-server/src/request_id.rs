//! The ids that name one request in replies and logs, in the forms of COS.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cosette_types::Timestamp;
use cosette_types::checksum::hex;

/// Makes the ids of one server's requests.
#[derive(Debug)]
pub(crate) struct RequestIds {
    /// Stands where COS puts the address of its machine; random, since ours is nobody's business.
    server: u32,
    process: u32,
    count: AtomicU64,
}

/// The ids of one request.
#[derive(Debug, Clone)]
pub(crate) struct RequestId {
    /// Base64 of `<time>_<server>_<process>_<count>`, all hexadecimal.
    pub(crate) id: String,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        Self {
            server: getrandom::u32().unwrap_or_default(),
            process: std::process::id(),
            count: AtomicU64::new(0),
        }
    }

    pub(crate) fn next(&self, now: Timestamp) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let plain = format!(
            "{:08x}_{:08x}_{:x}_{count:x}",
            now.secs(),
            self.server,
            self.process
        );
        RequestId {
            id: STANDARD.encode(plain),
        }
    }
}

impl RequestId {
    /// The id that a failed request has beside its own: base64 of 128 hexadecimal digits.
    pub(crate) fn trace(&self) -> String {
        let mut random = [0; 64];
        // Without randomness the id is still unique together with the request's.
        let _ = getrandom::fill(&mut random);
        STANDARD.encode(hex(&random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_documented_forms() {
        let ids = RequestIds::new();
        let now = Timestamp::from_secs(0x5e90_b8ee);
        let (one, two) = (ids.next(now), ids.next(now));
        assert_ne!(one.id, two.id);
        let plain = String::from_utf8(STANDARD.decode(&one.id).unwrap()).unwrap();
        let fields: Vec<&str> = plain.split('_').collect();
        assert_eq!((fields.len(), fields[0]), (4, "5e90b8ee"));
        assert!(
            fields
                .iter()
                .all(|field| u64::from_str_radix(field, 16).is_ok())
        );
        let trace = STANDARD.decode(one.trace()).unwrap();
        assert_eq!(trace.len(), 128);
        assert!(
            trace
                .iter()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        );
    }
}
