//! What every call answers with beside its value.

use std::ops::Deref;

use cosette_proto::{Dialect, Field};
use http::HeaderMap;

/// A successful reply: its status and headers, and the value that the operation answers with.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Output<T> {
    /// The HTTP status: 200, 204, 206 or 304.
    pub status: u16,
    /// The reply's headers.
    pub headers: HeaderMap,
    /// The request's id, for the service's people.
    pub request_id: Option<String>,
    /// What the operation answers with; its fields can be reached through the output itself.
    pub value: T,
}

impl<T> Output<T> {
    pub(crate) fn new(status: u16, headers: HeaderMap, value: T) -> Self {
        let request_id = request_id(&headers).map(str::to_owned);
        Self {
            status,
            headers,
            request_id,
            value,
        }
    }

    /// The same reply with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Output<U> {
        let Self {
            status,
            headers,
            request_id,
            value,
        } = self;
        Output {
            status,
            headers,
            request_id,
            value: change(value),
        }
    }
}

impl<T> Deref for Output<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let id = |dialect: Dialect| headers.get(dialect.name(Field::RequestId))?.to_str().ok();
    Dialect::ALL.into_iter().find_map(id)
}
