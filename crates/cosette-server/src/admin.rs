//! Maintenance of the store that a process holds.

pub use cosette_store::Report;

use crate::embedded::Embedded;

/// Checks that everything in the store adds up: what refers to what, in both directions, and with
/// `read_bytes` every stored byte against its digests. It may run while the store is in use.
///
/// # Errors
/// When the store cannot be read; what is wrong with what it holds is in the report.
pub async fn fsck(embedded: &Embedded, read_bytes: bool) -> Result<Report, cosette_store::Error> {
    embedded.store().fsck(read_bytes).await
}
