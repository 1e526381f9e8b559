//! A new ACL while it is being put together.

use cosette_proto::ops::{AclDocument, NewAcl};
use cosette_types::AclHeaders;

/// Headers, or a document; headers win.
#[derive(Debug, Default)]
pub(super) struct AclParts {
    pub(super) headers: AclHeaders,
    pub(super) document: Option<AclDocument>,
}

impl From<AclParts> for NewAcl {
    fn from(parts: AclParts) -> Self {
        match parts.document {
            Some(document) if parts.headers.is_empty() => Self::Document(document),
            _ => Self::Headers(parts.headers),
        }
    }
}
