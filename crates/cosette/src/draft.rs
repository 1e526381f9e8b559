//! What every call that is being put together has in common.

use cosette_types::Region;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue};

use crate::argument::Argument;
use crate::body::Body;
use crate::client::Client;
use crate::error::Error;
use crate::send::Context;

/// A call before it is sent: where it goes, and the first argument that cannot be right.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) client: Client,
    pub(crate) context: Context,
    /// The bytes of an object, for the calls that send some.
    pub(crate) body: Option<Body>,
    invalid: Option<(&'static str, String)>,
}

impl Draft {
    pub(crate) fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            context: Context::default(),
            body: None,
            invalid: None,
        }
    }

    /// The value of an argument; `None` if it is not legal, which is kept for [`Draft::check`].
    pub(crate) fn take<T>(&mut self, argument: &'static str, value: impl Argument<T>) -> Option<T> {
        match value.into_argument_in(self.client.dialect()) {
            Ok(value) => Some(value),
            Err(why) => {
                self.invalid.get_or_insert((argument, why));
                None
            }
        }
    }

    pub(crate) fn refuse(&mut self, argument: &'static str, why: impl ToString) {
        self.invalid
            .get_or_insert_with(|| (argument, why.to_string()));
    }

    pub(crate) fn region(&mut self, region: impl Argument<Region>) {
        if let Some(region) = self.take("region", region) {
            self.context.region = Some(region);
        }
    }

    pub(crate) fn header(&mut self, name: &str, value: &str) {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|why| why.to_string())
            .and_then(|name| match HeaderValue::from_str(value) {
                Ok(value) => Ok((name, value)),
                Err(why) => Err(why.to_string()),
            });
        match parsed {
            // These decide where a request goes, whose it is, and where it ends.
            Ok((HOST | AUTHORIZATION | CONTENT_LENGTH | TRANSFER_ENCODING, _)) => {
                self.refuse("header", format!("{name} is the client's own"));
            }
            Ok((name, value)) => {
                self.context.headers.append(name, value);
            }
            Err(why) => self.refuse("header", why),
        }
    }

    /// The region of the call, or of the client.
    pub(crate) fn region_in_force(&self) -> Result<Region, Error> {
        let region = self.context.region.as_ref().or(self.client.region());
        region.cloned().ok_or_else(|| Error::missing("region"))
    }

    /// # Errors
    /// The first argument that is not legal.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.invalid {
            Some((argument, why)) => Err(Error::invalid(argument, why)),
            None => Ok(()),
        }
    }
}
