//! Requests that carry their signature in the URL, for others to send.

use std::time::Duration;

use cosette_proto::dialect::amz;
use cosette_proto::sign::{self, Signable, Validity};
use cosette_proto::{Dialect, Message, percent};
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Method};

use crate::calls::{
    DeleteObject, GetObject, HeadObject, MultipartUpload, PutObject, PutObjectCopy,
};
use crate::draft::Draft;
use crate::error::Error;

/// A request that anybody can send until it expires.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Presigned {
    /// The HTTP method.
    pub method: Method,
    /// The URL, with its signature.
    pub url: String,
    /// Headers that must be sent as they are: the signature covers them.
    pub headers: HeaderMap,
}

/// Whether a URL brings its own signature along, of either dialect: it is to be asked for as it is.
pub fn is_presigned(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        ["q-signature", "sign", amz::QUERY_SIGNATURE].contains(&name)
    })
}

fn presign<M: Message>(
    prepared: Result<(Draft, M), Error>,
    valid: Duration,
) -> Result<Presigned, Error> {
    let (draft, message) = prepared?;
    let client = &draft.client;
    let credentials = client
        .credentials()
        .ok_or_else(|| Error::missing("credentials"))?;
    let mut request = message.encode(client.dialect());
    request.headers.extend(draft.context.headers.clone());
    let region = draft.region_in_force()?;
    let address = client.endpoint().address(&request.target, Some(&region))?;
    let raw = request.path_and_query(address.style);
    let path = raw
        .split('?')
        .next()
        .and_then(percent::decode)
        .unwrap_or_default();
    let host = HeaderValue::from_str(address.authority.as_str())
        .map_err(|why| Error::invalid("endpoint", why))?;
    let mut signed = request.headers.clone();
    signed.insert(HOST, host);
    let signable = Signable {
        method: &request.method,
        path: &path,
        query: &request.query,
        headers: &signed,
    };
    let (now, secs) = (client.service_time(), valid.as_secs());
    let pairs = match client.dialect() {
        Dialect::Cos => {
            let validity = Validity::lasting(now, secs);
            sign::presign(credentials.signer(), &signable, validity)
        }
        Dialect::S3 => {
            sign::presign_v4(credentials.signer(), &signable, region.as_str(), now, secs)
        }
    };
    for (name, value) in pairs {
        request.query = request.query.with(&name, value);
    }
    let path_and_query = request.path_and_query(address.style);
    Ok(Presigned {
        url: format!("{}://{}{path_and_query}", address.scheme, address.authority),
        method: request.method,
        headers: request.headers,
    })
}

/// `presign()` for calls on one object.
macro_rules! presigns {
    ($($call:ident)*) => {$(
        impl $call {
            /// The request with its signature in the URL, good for `valid` from now on. Nothing is
            /// sent.
            ///
            /// # Errors
            /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when something is missing or not
            /// legal, and for a client without credentials.
            pub fn presign(self, valid: Duration) -> Result<Presigned, Error> {
                presign(self.into_message(), valid)
            }
        }
    )*};
}

presigns!(GetObject HeadObject PutObject DeleteObject MultipartUpload PutObjectCopy);
