//! Objects of the web as sources: one GET, streamed on, with bounds on redirects and on silence.
//!
//! Whoever runs the command chose the address: private hosts are as good as any. An address may hold a
//! signature in its query, so what is shown of one ends before it.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use cosette::{Body, Crc64, HttpTransport, Text, Transport};
use futures_util::{Stream, StreamExt, stream};
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, LOCATION, USER_AGENT};
use http::{HeaderMap, Request, Response, StatusCode, Uri};

use super::map;
use crate::failure::{Failure, Kind, Result};
use crate::name::unescape;

/// Longest address, also of a redirect.
const ADDRESS_BYTES_MAX: usize = 8 << 10;
/// Redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// How long nothing may be heard of a source.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Where stores of COS tell the CRC-64 of an object.
const CRC64_ENDING: &str = "-hash-crc64ecma";

/// An address of the web.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebName(Uri);

impl fmt::Display for WebName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or("https");
        let host = self.0.authority().map_or("", |host| host.as_str());
        write!(f, "{scheme}://{host}{}", self.0.path())
    }
}

impl fmt::Debug for WebName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for WebName {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(format!("an address has at most {ADDRESS_BYTES_MAX} bytes"));
        }
        let bare = text.split('#').next().unwrap_or_default();
        let wrong = || format!("`{shown}` is no address of the web");
        let uri: Uri = escaped(bare).parse().map_err(|_| wrong())?;
        let host = uri.authority().ok_or_else(wrong)?;
        if host.as_str().contains('@') {
            return Err(
                "an address with a password in it: every user of this machine could see it"
                    .to_owned(),
            );
        }
        match uri.scheme_str() {
            Some("http" | "https") => Ok(Self(uri)),
            _ => Err(wrong()),
        }
    }
}

/// Characters beyond ASCII as they travel; what is escaped already stays so.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A source that answers.
pub(crate) struct Source {
    pub(crate) body: Body,
    pub(crate) content_type: Option<Text>,
    /// What the source says of its bytes.
    pub(crate) crc64: Option<Crc64>,
}

impl WebName {
    /// The last part of its path, unescaped, for a target that keeps it.
    pub(crate) fn last_name(&self) -> Option<String> {
        unescape(map::last_name(self.0.path())?)
    }

    /// Asks for it. What comes back reads as it is sent on.
    pub(crate) async fn open(&self) -> Result<Source> {
        let transport = HttpTransport::new();
        let mut at = self.clone();
        for _ in 0..=REDIRECTS_MAX {
            let reply = at.ask(&transport).await?;
            let status = reply.status();
            if status == StatusCode::OK {
                return Ok(self.source(reply));
            }
            if !is_redirect(status) {
                return Err(self.refused(status));
            }
            at = at.next(reply.headers())?;
        }
        let told = format!("{self}: more than {REDIRECTS_MAX} redirects");
        Err(Failure::new(Kind::Failed, told))
    }

    async fn ask(&self, transport: &HttpTransport) -> Result<Response<Body>> {
        let host = self.0.authority().map_or("", |host| host.as_str());
        let request = Request::get(self.0.clone())
            .header(HOST, host)
            .header(USER_AGENT, concat!("cosette/", env!("CARGO_PKG_VERSION")))
            // The bytes of the object, and not a rendering of them.
            .header(ACCEPT_ENCODING, "identity")
            .body(Body::empty())
            .map_err(|why| Failure::usage(format!("{self}: {why}")))?;
        match tokio::time::timeout(SILENCE_MAX, transport.call(request)).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(why)) => Err(Failure::new(Kind::Network, format!("{self}: {why}"))),
            Err(_) => Err(Failure::new(Kind::Network, self.silent())),
        }
    }

    fn silent(&self) -> String {
        format!("{self}: nothing was heard for {} s", SILENCE_MAX.as_secs())
    }

    fn refused(&self, status: StatusCode) -> Failure {
        let kind = match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Kind::NotFound,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Kind::Denied,
            _ => Kind::Failed,
        };
        Failure::new(kind, format!("{self}: the source answered {status}"))
    }

    /// Where a redirect leads. From https to http it leads nowhere.
    fn next(&self, headers: &HeaderMap) -> Result<Self> {
        let wrong = |why: &str| Failure::new(Kind::Failed, format!("{self}: a redirect {why}"));
        let told = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let told = told.ok_or_else(|| wrong("that says not where to"))?;
        let scheme = self.0.scheme_str().unwrap_or("https");
        let host = self.0.authority().map_or("", |host| host.as_str());
        let text = if told.contains("://") {
            told.to_owned()
        } else if told.starts_with("//") {
            format!("{scheme}:{told}")
        } else if told.starts_with('/') {
            format!("{scheme}://{host}{told}")
        } else {
            let folder = self
                .0
                .path()
                .rsplit_once('/')
                .map_or("", |(folder, _)| folder);
            format!("{scheme}://{host}{folder}/{told}")
        };
        let next: Self = text
            .parse()
            .map_err(|why: String| wrong(&format!("to no address: {why}")))?;
        if scheme == "https" && next.0.scheme_str() != Some("https") {
            return Err(wrong("from https to http, which is not followed"));
        }
        Ok(next)
    }

    fn source(&self, reply: Response<Body>) -> Source {
        let (head, body) = reply.into_parts();
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let length = text(CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        let content_type = text(CONTENT_TYPE).and_then(|kind| kind.parse().ok());
        let crc64 = head.headers.iter().find_map(|(name, value)| {
            let told = name.as_str().ends_with(CRC64_ENDING);
            value.to_str().ok().filter(|_| told)?.parse().ok()
        });
        let chunks = self.chunks(body);
        Source {
            body: match length {
                Some(length) => Body::sized(length, chunks),
                None => Body::stream(chunks),
            },
            content_type,
            crc64,
        }
    }

    fn chunks(&self, body: Body) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static + use<> {
        let name = self.clone();
        let chunks = stream::unfold(Some(body), move |body| {
            let name = name.clone();
            async move {
                let mut body = body?;
                match tokio::time::timeout(SILENCE_MAX, body.chunk()).await {
                    Ok(Ok(Some(chunk))) => Some((Ok(chunk), Some(body))),
                    Ok(Ok(None)) => None,
                    Ok(Err(why)) => Some((Err(io::Error::other(format!("{name}: {why}"))), None)),
                    Err(_) => Some((Err(io::Error::other(name.silent())), None)),
                }
            }
        });
        // Who reads a body may ask again after its end.
        chunks.fuse()
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn web(text: &str) -> WebName {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_shown_ends_before_the_query() {
        let name = web("https://h.example:8443/a%20b/c.jpg?sign=hush#top");
        assert_eq!(name.to_string(), "https://h.example:8443/a%20b/c.jpg");
        assert_eq!(format!("{name:?}"), name.to_string());
        assert_eq!(
            web("http://h/a/%E4%B8%AD%201.jpg?x").last_name().as_deref(),
            Some("中 1.jpg")
        );
        assert_eq!(
            web("http://h/中.jpg").last_name().as_deref(),
            Some("中.jpg")
        );
        assert_eq!(web("http://h/a/").last_name(), None);
        assert_eq!(web("http://h").last_name(), None);
    }

    #[test]
    fn addresses_are_bounded_and_hold_no_password() {
        let long = |bytes: usize| format!("http://h/{}", "a".repeat(bytes - "http://h/".len()));
        assert!(long(ADDRESS_BYTES_MAX).parse::<WebName>().is_ok());
        assert!(long(ADDRESS_BYTES_MAX + 1).parse::<WebName>().is_err());
        for bad in ["http://id:hush@h/a", "ftp://h/a", "http://", "http:///a"] {
            let told = bad.parse::<WebName>().unwrap_err();
            assert!(!told.contains("hush"), "{told}");
        }
    }

    #[test]
    fn redirects_lead_where_they_say_but_not_out_of_https() {
        let next = |from: &str, to: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, HeaderValue::from_str(to).unwrap());
            web(from).next(&headers).ok().map(|name| name.0.to_string())
        };
        for (from, to, wanted) in [
            ("http://h/a/b", "c?d", Some("http://h/a/c?d")),
            ("http://h/a/b", "/c", Some("http://h/c")),
            ("https://h/a", "//i/c", Some("https://i/c")),
            ("http://h/a", "https://i/c", Some("https://i/c")),
            ("https://h/a", "http://h/c", None),
            ("https://h/a", "ftp://h/c", None),
        ] {
            assert_eq!(next(from, to).as_deref(), wanted, "{from} {to}");
        }
    }
}
