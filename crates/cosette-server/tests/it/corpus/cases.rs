//! What a case is.

use crate::harness::Call;

/// One request of the corpus.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) is_head: bool,
    /// Any success would be wrong, even one that changes nothing.
    pub(super) is_refused: bool,
    /// Nothing more is sent after these bytes.
    pub(super) is_cut: bool,
    /// The connection may end without an answer: there was no request.
    pub(super) may_be_silent: bool,
}

impl Case {
    /// Bytes as they are.
    pub(super) fn raw(name: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        Self {
            name: name.into(),
            is_head: bytes.starts_with(b"HEAD "),
            is_refused: true,
            is_cut: false,
            may_be_silent: false,
            bytes,
        }
    }

    /// A request that is signed and must be refused.
    pub(super) fn refused(name: impl Into<String>, call: &Call<'_>) -> Self {
        Self::raw(name, call.written())
    }

    /// A request that may be answered as the server likes, if it changes nothing.
    pub(super) fn harmless(name: impl Into<String>, call: &Call<'_>) -> Self {
        Self {
            is_refused: false,
            ..Self::raw(name, call.written())
        }
    }

    /// The connection ends after these bytes.
    pub(super) fn cut(name: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Self {
            is_cut: true,
            may_be_silent: true,
            ..Self::raw(name, bytes)
        }
    }
}
