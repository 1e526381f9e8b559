//! What is measured: an endpoint, a bucket, keys to sign with; and how a message becomes a request
//! for it.

use std::sync::Arc;

use cosette::Endpoint;
use cosette_proto::sign::{self, Credentials, Signable, Validity};
use cosette_proto::{Dialect, Field, Message, Request, Style, Target};
use cosette_types::{BucketName, ObjectKey, Region};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Uri};

use crate::clock;
use crate::error::Error;
use crate::payload::Payload;

/// How long a signature is good.
const SIGNATURE_SECS: u64 = 3600;
/// The region that S3 clients sign for when none is given.
const REGION_OF_S3: &str = "us-east-1";
const AGENT: &str = concat!("cosette-bench/", env!("CARGO_PKG_VERSION"));

/// A bucket of a service, and who asks.
#[derive(Debug, Clone)]
pub struct Site {
    /// What connections are opened to: scheme, host and port only.
    pub(crate) dial: Uri,
    pub(crate) bucket: BucketName,
    pub(crate) region: Option<Region>,
    /// The dialect and its signature.
    pub(crate) dialect: Dialect,
    /// Whether it answers everything with nothing: the bare server that is the baseline.
    pub(crate) hollow: bool,
    host: HeaderValue,
    style: Style,
    credentials: Option<Arc<Credentials>>,
}

impl Site {
    /// A bucket of a service. Without credentials requests are not signed.
    ///
    /// # Errors
    /// When the endpoint needs a region and there is none, or makes no address.
    pub fn new(
        endpoint: &Endpoint,
        region: Option<Region>,
        bucket: BucketName,
        credentials: Option<Credentials>,
    ) -> Result<Self, Error> {
        let probe: ObjectKey = "x".parse().expect("a letter is a key");
        let any: Region = "region".parse().expect("a word is a region");
        let location = |region: &Region| endpoint.location(&bucket, region, &probe);
        let address = location(region.as_ref().unwrap_or(&any));
        if region.is_none() && address != location(&"other".parse().expect("a word is a region")) {
            return Err(Error::new("this endpoint's hosts name a region: give one"));
        }
        let uri: Uri = address
            .parse()
            .map_err(|why| Error::new(format!("{address}: {why}")))?;
        let bad = || Error::new(format!("{address} names no host"));
        let authority = uri.authority().ok_or_else(bad)?;
        let style = match uri.path() {
            "/x" => Style::VirtualHosted,
            _ => Style::Path,
        };
        let dial = Uri::builder()
            .scheme(uri.scheme_str().unwrap_or("https"))
            .authority(authority.as_str())
            .path_and_query("/")
            .build();
        Ok(Self {
            dial: dial.map_err(|why| Error::new(why.to_string()))?,
            host: HeaderValue::from_str(authority.as_str()).map_err(|_| bad())?,
            bucket,
            region,
            dialect: Dialect::Cos,
            hollow: false,
            style,
            credentials: credentials.map(Arc::new),
        })
    }

    /// The same site, spoken to in that dialect.
    #[must_use]
    pub fn speaking(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// The same requests, signed as for this site, sent to a server that answers nothing.
    pub(crate) fn hollow_at(&self, dial: Uri) -> Self {
        Self {
            dial,
            hollow: true,
            ..self.clone()
        }
    }

    /// Scheme, host and port.
    pub(crate) fn address(&self) -> String {
        let text = self.dial.to_string();
        text.trim_end_matches('/').to_owned()
    }

    /// A message as an HTTP request, signed, with the bytes that go with it. A message with a document
    /// of its own brings that instead.
    pub(crate) fn request<M: Message>(
        &self,
        message: &M,
        body: Payload,
    ) -> Result<http::Request<Payload>, Error> {
        let mut encoded = message.encode(self.dialect);
        let body = match encoded.payload.take() {
            Some(document) => Payload::document(document),
            None => body,
        };
        let path_and_query = encoded.path_and_query(self.style);
        let headers = &mut encoded.headers;
        headers.insert(HOST, self.host.clone());
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        if encoded.method == Method::PUT || encoded.method == Method::POST {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        self.sign(&mut encoded)?;
        let uri = path_and_query
            .parse::<Uri>()
            .map_err(|why| Error::new(format!("{path_and_query}: {why}")))?;
        let mut request = http::Request::new(body);
        *request.method_mut() = encoded.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = encoded.headers;
        Ok(request)
    }

    fn sign(&self, request: &mut Request) -> Result<(), Error> {
        let Some(credentials) = &self.credentials else {
            return Ok(());
        };
        let secret = |text: &str| {
            let value = HeaderValue::from_str(text);
            let mut value = value.map_err(|_| Error::new("the credentials are not text"))?;
            value.set_sensitive(true);
            Ok::<_, Error>(value)
        };
        if let Some(token) = &credentials.token {
            let name = HeaderName::from_static(self.dialect.name(Field::SecurityToken));
            request.headers.insert(name, secret(token)?);
        }
        let path = match (&request.target, self.style) {
            (Target::Service, _) | (Target::Bucket(_), Style::VirtualHosted) => "/".to_owned(),
            (Target::Bucket(bucket), Style::Path) => format!("/{bucket}/"),
            (Target::Object(_, key), Style::VirtualHosted) => format!("/{key}"),
            (Target::Object(bucket, key), Style::Path) => format!("/{bucket}/{key}"),
        };
        let signable = Signable {
            method: &request.method,
            path: &path,
            query: &request.query,
            headers: &request.headers,
        };
        match self.dialect {
            Dialect::Cos => {
                let validity = Validity::lasting(clock::wall(), SIGNATURE_SECS);
                let signature = sign::authorization(credentials, &signable, validity);
                request.headers.insert(AUTHORIZATION, secret(&signature)?);
            }
            // The bytes are not signed: to hash them would measure this machine's processor.
            Dialect::S3 => {
                let region = self.region.as_ref().map_or(REGION_OF_S3, Region::as_str);
                let now = clock::wall();
                let added = sign::authorize(credentials, &signable, region, None, now);
                request.headers.extend(added);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(endpoint: &str, region: Option<&str>) -> Result<Site, Error> {
        let region = region.map(|region| region.parse().unwrap());
        let bucket = "b-1250000000".parse().unwrap();
        Site::new(&endpoint.parse().unwrap(), region, bucket, None)
    }

    #[test]
    fn the_endpoint_decides_host_and_style() {
        let plain = site("http://127.0.0.1:9000", None).unwrap();
        assert_eq!(plain.address(), "http://127.0.0.1:9000");
        assert_eq!(
            (plain.style, plain.host.to_str().unwrap()),
            (Style::Path, "127.0.0.1:9000")
        );
        let hosts = "https://{bucket}.cos.{region}.example.com";
        let named = site(hosts, Some("ap-x")).unwrap();
        assert_eq!(named.address(), "https://b-1250000000.cos.ap-x.example.com");
        assert_eq!(named.style, Style::VirtualHosted);
        assert!(site(hosts, None).is_err());
    }

    #[test]
    fn requests_carry_host_length_and_signature() {
        let mut site = site("http://127.0.0.1:9000", None).unwrap();
        site.credentials = Some(Arc::new(Credentials {
            secret_id: "AKID".to_owned(),
            secret_key: sign::SecretKey::new("secret"),
            token: None,
        }));
        let message = cosette_proto::ops::DeleteBucket {
            bucket: site.bucket.clone(),
        };
        let request = site.request(&message, Payload::empty()).unwrap();
        assert_eq!(request.uri(), "/b-1250000000/");
        let value = |name| request.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(value(HOST), "127.0.0.1:9000");
        assert!(value(AUTHORIZATION).contains("q-ak=AKID"));
        assert!(request.headers().get(CONTENT_LENGTH).is_none());
        let request = site
            .speaking(Dialect::S3)
            .request(&message, Payload::empty())
            .unwrap();
        let signed = request.headers().get(AUTHORIZATION).unwrap();
        let signed = signed.to_str().unwrap();
        assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"));
        assert!(signed.contains("/us-east-1/s3/aws4_request"));
    }
}
