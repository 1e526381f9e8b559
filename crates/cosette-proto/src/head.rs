//! The head of a request as it arrives: what it is about, its parameters, what was sent literally.

use bytes::Bytes;
use cosette_types::{BucketName, ObjectKey, Region, Why};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request};

use crate::dialect::{Dialect, Field, stands_for_header};
use crate::error::{Error, ErrorCode};
use crate::fields::not_implemented;
use crate::form::Form;
use crate::host::{Hosts, Meaning, Style, without_port};
use crate::message::{Query, Request, Target};
use crate::percent;

/// What a request is about, as text that nothing has judged yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The service.
    Service,
    /// A bucket.
    Bucket(String),
    /// An object: bucket and decoded key.
    Object(String, String),
}

impl Place {
    /// The bucket's name as sent.
    pub fn bucket(&self) -> Option<&str> {
        match self {
            Self::Service => None,
            Self::Bucket(name) | Self::Object(name, _) => Some(name),
        }
    }

    /// The dialect that has such a place, where nothing else tells it.
    fn dialect(&self) -> Dialect {
        match self {
            Self::Bucket(name) | Self::Object(name, _)
                if name.parse::<BucketName>().is_err() && BucketName::parse_s3(name).is_ok() =>
            {
                Dialect::S3
            }
            _ => Dialect::Cos,
        }
    }
}

/// A request's head, decoded once.
#[derive(Debug, Clone)]
pub struct Head {
    /// The HTTP method.
    pub method: Method,
    /// The host as sent, with its port; of the request line if that names one, else of the header.
    pub host: String,
    /// The path as sent.
    pub raw_path: String,
    /// The path decoded once, with its leading slash: what signatures are over.
    pub path: String,
    /// The parameters.
    pub query: Query,
    /// The headers.
    pub headers: HeaderMap,
    /// What it is about.
    pub place: Place,
    /// The region that the host names.
    pub region: Option<Region>,
    /// How the bucket was named.
    pub style: Style,
    /// Which dialect it speaks.
    pub dialect: Dialect,
    /// Its copy source, where that names a host of our own, as everybody else would write it.
    plain_source: Option<HeaderValue>,
}

impl Head {
    /// Reads a head.
    ///
    /// # Errors
    /// `InvalidURI` for a path or query that cannot be decoded, `InvalidRequest` for hosts that
    /// contradict each other or are missing.
    pub fn decode(parts: &request::Parts, hosts: &Hosts) -> Result<Self, Error> {
        let host = host_of(parts)?;
        let raw_path = match parts.uri.path() {
            "" => "/",
            path => path,
        };
        let bad_path = || {
            Error::with(
                ErrorCode::InvalidURI,
                "The path has a bad escape, or is not UTF-8.",
            )
        };
        let path = percent::decode(raw_path).ok_or_else(bad_path)?;
        let query = parse_query(parts.uri.query().unwrap_or_default())?;
        let told = Dialect::told(&parts.headers, &query);
        let meaning = match told.unwrap_or_default() {
            Dialect::Cos => hosts.meaning(&host),
            // S3 clients keep whatever region they were set up with; names of buckets are global.
            Dialect::S3 => Meaning {
                bucket: hosts.bucket_of_s3(&host),
                region: None,
            },
        };
        let style = if meaning.bucket.is_some() {
            Style::VirtualHosted
        } else {
            Style::Path
        };
        let rest = path.strip_prefix('/').ok_or_else(bad_path)?;
        let place = match meaning.bucket {
            Some(bucket) => place(bucket, rest),
            // The border between bucket and key is sought before decoding, so `%2F` cannot be one.
            None => match raw_path
                .strip_prefix('/')
                .unwrap_or_default()
                .split_once('/')
            {
                None if rest.is_empty() => Place::Service,
                None => Place::Bucket(rest.to_owned()),
                Some((bucket, key)) => {
                    let bucket = percent::decode(bucket).ok_or_else(bad_path)?;
                    place(bucket, &percent::decode(key).ok_or_else(bad_path)?)
                }
            },
        };
        // A public object is fetched without any sign of a dialect but its bucket's name.
        let dialect = told.unwrap_or_else(|| place.dialect());
        Ok(Self {
            plain_source: plain_source(&parts.headers, hosts, dialect),
            method: parts.method.clone(),
            raw_path: raw_path.to_owned(),
            path,
            query,
            headers: parts.headers.clone(),
            place,
            region: meaning.region,
            style,
            dialect,
            host,
        })
    }

    /// The request as an operation reads it, with its document if it has one.
    ///
    /// # Errors
    /// `InvalidBucketName`, `KeyTooLong` or `InvalidObjectName` for names that cannot be.
    pub fn request(&self, payload: Option<Bytes>) -> Result<Request, Error> {
        let bucket = |name: &str| {
            let name = match self.dialect {
                Dialect::Cos => name.parse(),
                Dialect::S3 => BucketName::parse_s3(name),
            };
            name.map_err(|error| Error::with(ErrorCode::InvalidBucketName, format!("{error}.")))
        };
        let target = match &self.place {
            Place::Service => Target::Service,
            Place::Bucket(name) => Target::Bucket(bucket(name)?),
            Place::Object(name, key) => Target::Object(bucket(name)?, read_key(key, self.dialect)?),
        };
        Ok(Request {
            method: self.method.clone(),
            target,
            query: self.query.clone(),
            headers: self.headers_of_content(),
            payload,
        })
    }

    /// The head of a PUT that says in its headers what a form says in its fields.
    ///
    /// # Errors
    /// `MalformedPOSTRequest` for a field that no header can be.
    pub fn with_form(&self, form: &Form) -> Result<Self, Error> {
        let mut head = self.clone();
        head.headers.remove(header::CONTENT_TYPE);
        head.headers.remove(header::CONTENT_LENGTH);
        for (name, value) in &form.headers(self.dialect)? {
            head.headers.insert(name, value.clone());
        }
        Ok(head)
    }

    /// Takes what stands among the parameters for the headers that it is: clients of S3 put into a
    /// presigned address what they would otherwise send, down to the source of a copy. That counts if
    /// the signature covers it, as those of S3 do; to pass over it would make another object.
    ///
    /// # Errors
    /// `NotImplemented` for one that nobody signed, on a request that changes something, and for
    /// customers' keys, which would stand in logs; `InvalidArgument` for one that no header can be, or
    /// that contradicts a header.
    pub fn take_parameters(&mut self, are_signed: bool) -> Result<(), Error> {
        let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&self.method);
        if self.dialect != Dialect::S3 || (reads && !are_signed) {
            return Ok(());
        }
        for (name, value) in self.query.iter() {
            let lower = name.to_ascii_lowercase();
            if !stands_for_header(&lower) || value.is_empty() {
                continue;
            }
            if !are_signed || lower.contains("-customer-") {
                return Err(not_implemented(&format!("The parameter {name}")));
            }
            let header = HeaderName::from_bytes(lower.as_bytes()).ok();
            let Some(header) = header.zip(HeaderValue::from_bytes(value.as_bytes()).ok()) else {
                let words = format!("The parameter {name} cannot be a header.");
                return Err(Error::argument(words));
            };
            match self.headers.get(&header.0) {
                Some(sent) if *sent == header.1 => {}
                Some(_) => {
                    let words = format!("{name} is given twice, and differently.");
                    return Err(Error::argument(words));
                }
                None => {
                    self.headers.insert(header.0, header.1);
                }
            }
        }
        Ok(())
    }

    /// The bucket that it is about, if there can be one of that name.
    pub fn bucket_name(&self) -> Option<BucketName> {
        match &self.place {
            Place::Service => None,
            Place::Bucket(bucket) | Place::Object(bucket, _) => bucket.parse().ok(),
        }
    }

    /// The headers without what only says how the body was sent.
    fn headers_of_content(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        if let Some(source) = &self.plain_source {
            let name = HeaderName::from_static(self.dialect.name(Field::CopySource));
            headers.insert(name, source.clone());
        }
        if self.dialect == Dialect::S3
            && let Some(codings) = headers.remove(header::CONTENT_ENCODING)
        {
            let kept: Vec<&[u8]> = codings
                .as_bytes()
                .split(|byte| *byte == b',')
                .map(<[u8]>::trim_ascii)
                .filter(|coding| !coding.eq_ignore_ascii_case(b"aws-chunked"))
                .collect();
            let all = codings.as_bytes().split(|byte| *byte == b',').count();
            // Left byte for byte where nothing is taken out.
            let kept = match all == kept.len() {
                true => Ok(codings),
                false => HeaderValue::from_bytes(&kept.join(&b","[..])),
            };
            if let Ok(kept) = kept {
                headers.insert(header::CONTENT_ENCODING, kept);
            }
        }
        headers
    }

    /// Host and path without scheme and query: the `<Resource>` of error documents.
    pub fn resource(&self) -> String {
        format!("{}{}", self.host, self.path)
    }
}

/// Reads a key of a dialect.
///
/// # Errors
/// `KeyTooLong` or `InvalidObjectName`.
pub fn read_key(text: &str, dialect: Dialect) -> Result<ObjectKey, Error> {
    let key = match dialect {
        Dialect::Cos => text.parse(),
        Dialect::S3 => ObjectKey::parse_s3(text),
    };
    key.map_err(|error: cosette_types::Error| {
        let code = match error.why {
            Why::TooLong { .. } => ErrorCode::KeyTooLong,
            _ => ErrorCode::InvalidObjectName,
        };
        Error::with(code, format!("{error}."))
    })
}

/// The copy source of a request without the host of our own that it names, if it names one.
fn plain_source(headers: &HeaderMap, hosts: &Hosts, dialect: Dialect) -> Option<HeaderValue> {
    if dialect != Dialect::Cos {
        return None;
    }
    let mut sent = headers.get_all(dialect.name(Field::CopySource)).iter();
    // More than one is refused where it is read.
    let (Some(one), None) = (sent.next(), sent.next()) else {
        return None;
    };
    let text = std::str::from_utf8(one.as_bytes()).ok()?;
    let plain = hosts.plain_source(text.trim())?;
    HeaderValue::from_bytes(plain.as_bytes()).ok()
}

fn place(bucket: String, key: &str) -> Place {
    if key.is_empty() {
        Place::Bucket(bucket)
    } else {
        Place::Object(bucket, key.to_owned())
    }
}

/// The host that a request is for. A host in the request line (a client that takes us for a proxy)
/// and one in the header must be the same, or one of them would pass unsigned.
fn host_of(parts: &request::Parts) -> Result<String, Error> {
    let refuse = |words: &str| Err(Error::with(ErrorCode::InvalidRequest, words));
    let mut sent = parts.headers.get_all(header::HOST).iter();
    let header = match (sent.next(), sent.next()) {
        (Some(one), None) => match one.to_str() {
            Ok(host) => Some(host),
            Err(_) => return refuse("The Host header is not text."),
        },
        (None, _) => None,
        (Some(_), Some(_)) => return refuse("There is more than one Host header."),
    };
    match (parts.uri.authority(), header) {
        (Some(line), Some(header)) => {
            let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
            let port = |host: &str| {
                host.get(without_port(host).len()..)
                    .unwrap_or_default()
                    .to_owned()
            };
            let default = |port: String| if port == ":80" { String::new() } else { port };
            let agree = same(without_port(line.as_str()), without_port(header))
                && default(port(line.as_str())) == default(port(header));
            if agree {
                Ok(header.to_owned())
            } else {
                refuse("The request line and the Host header name different hosts.")
            }
        }
        (Some(line), None) => Ok(line.as_str().to_owned()),
        (None, Some(header)) => Ok(header.to_owned()),
        (None, None) => refuse("The Host header is missing."),
    }
}

fn parse_query(raw: &str) -> Result<Query, Error> {
    raw.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            percent::decode_query(name).zip(percent::decode_query(value))
        })
        .collect::<Option<Query>>()
        .ok_or_else(|| {
            Error::with(
                ErrorCode::InvalidURI,
                "The query has a bad escape, or is not UTF-8.",
            )
        })
}

impl Request {
    /// Path and query as a client sends them.
    pub fn path_and_query(&self, style: Style) -> String {
        let mut text = match (&self.target, style) {
            (Target::Service, _) | (Target::Bucket(_), Style::VirtualHosted) => "/".to_owned(),
            (Target::Bucket(bucket), Style::Path) => format!("/{bucket}/"),
            (Target::Object(_, key), Style::VirtualHosted) => {
                format!("/{}", percent::encode_path(key.as_str()))
            }
            (Target::Object(bucket, key), Style::Path) => {
                format!("/{bucket}/{}", percent::encode_path(key.as_str()))
            }
        };
        let mut separator = '?';
        for (name, value) in self.query.iter() {
            text.push(separator);
            text.push_str(&percent::encode(name));
            if !value.is_empty() {
                text.push('=');
                text.push_str(&percent::encode(value));
            }
            separator = '&';
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(uri: &str, host: Option<&str>) -> Result<Head, Error> {
        let mut request = http::Request::builder().method("GET").uri(uri);
        if let Some(host) = host {
            request = request.header("Host", host);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Head::decode(&parts, &Hosts::new(["localhost"]))
    }

    fn object(bucket: &str, key: &str) -> Place {
        Place::Object(bucket.to_owned(), key.to_owned())
    }

    #[test]
    fn keys_are_decoded_once_and_never_cleaned() {
        let host = Some("b-1.cos.ap-x.myqcloud.com");
        for (path, key) in [
            ("/a%2Fb/%E4%B8%AD+%20", "a/b/中+ "),
            ("/a//b", "a//b"),
            ("/../a/./b", "../a/./b"),
            ("/.%2Fa", "./a"),
            ("/%2541", "%41"),
        ] {
            assert_eq!(
                head(path, host).unwrap().place,
                object("b-1", key),
                "{path}"
            );
        }
        assert_eq!(
            head("/", host).unwrap().place,
            Place::Bucket("b-1".to_owned())
        );
        assert_eq!(head("/%zz", host).unwrap_err().code, ErrorCode::InvalidURI);
    }

    #[test]
    fn path_style_splits_before_decoding() {
        let host = Some("127.0.0.1:9000");
        assert_eq!(head("/b-1/a/b", host).unwrap().place, object("b-1", "a/b"));
        assert_eq!(
            head("/b-1", host).unwrap().place,
            Place::Bucket("b-1".to_owned())
        );
        assert_eq!(
            head("/b-1/", host).unwrap().place,
            Place::Bucket("b-1".to_owned())
        );
        assert_eq!(
            head("/b-1%2Fa", host).unwrap().place,
            Place::Bucket("b-1/a".to_owned())
        );
        assert_eq!(head("/", host).unwrap().place, Place::Service);
    }

    #[test]
    fn the_signature_tells_the_dialect_else_a_header_else_the_bucket() {
        let dialect = |uri: &str, headers: &[(&str, &str)]| {
            let mut request = http::Request::builder()
                .uri(uri)
                .header("host", "127.0.0.1");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            Head::decode(&parts, &Hosts::default()).unwrap().dialect
        };
        let (v4, amz) = (("authorization", "AWS4-HMAC-SHA256 x"), ("x-amz-acl", "a"));
        let (q_sign, cos) = (
            ("authorization", "q-sign-algorithm=sha1"),
            ("x-cos-acl", "a"),
        );
        for (uri, headers, wanted) in [
            ("/b-1/k", &[v4, cos][..], Dialect::S3),
            ("/photos/k", &[q_sign, amz][..], Dialect::Cos),
            ("/b-1/k?X-Amz-Signature=a", &[][..], Dialect::S3),
            ("/b-1/k?AWSAccessKeyId=a", &[][..], Dialect::S3),
            ("/photos/k?q-signature=a", &[amz][..], Dialect::Cos),
            ("/b-1/k", &[amz][..], Dialect::S3),
            ("/b-1/k", &[("amz-sdk-request", "a")][..], Dialect::S3),
            ("/photos/k", &[amz, cos][..], Dialect::Cos),
            ("/photos/k", &[][..], Dialect::S3),
            ("/photos/k", &[("authorization", "")][..], Dialect::S3),
            ("/b-1/k", &[][..], Dialect::Cos),
            ("/No_bucket/k", &[][..], Dialect::Cos),
            ("/", &[][..], Dialect::Cos),
        ] {
            assert_eq!(dialect(uri, headers), wanted, "{uri} {headers:?}");
        }
    }

    #[test]
    fn how_a_body_was_sent_is_not_stored() {
        let coding = |sent: &str| {
            let request = http::Request::builder()
                .method("PUT")
                .uri("/photos/k")
                .header("host", "127.0.0.1")
                .header("content-encoding", sent);
            let (parts, ()) = request.body(()).unwrap().into_parts();
            let head = Head::decode(&parts, &Hosts::default()).unwrap();
            let kept = head.request(None).unwrap().headers;
            let kept = kept.get("content-encoding");
            kept.map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(coding("aws-chunked").as_deref(), Some(""));
        assert_eq!(coding("aws-chunked, gzip").as_deref(), Some("gzip"));
        assert_eq!(coding("gzip,aws-chunked").as_deref(), Some("gzip"));
        assert_eq!(coding("br, gzip").as_deref(), Some("br, gzip"));
        assert_eq!(coding(",").as_deref(), Some(","));
    }

    #[test]
    fn the_request_line_may_name_the_host() {
        let uri = "http://b-1.cos.ap-x.myqcloud.com/k?a=b+c&d&e=%2B;f";
        let read = head(uri, Some("b-1.cos.ap-x.myqcloud.com")).unwrap();
        assert_eq!(
            (read.place, read.raw_path.as_str()),
            (object("b-1", "k"), "/k")
        );
        let pairs: Vec<_> = read.query.iter().collect();
        assert_eq!(pairs, [("a", "b c"), ("d", ""), ("e", "+;f")]);
        assert!(head(uri, None).is_ok());
        assert!(head(uri, Some("b-1.cos.ap-x.myqcloud.com:80")).is_ok());
        assert!(head(uri, Some("c-1.cos.ap-x.myqcloud.com")).is_err());
        assert!(head("/k", None).is_err());
    }
}
