//! Header names as COS spells them on the wire.
//!
//! Official clients index replies by exact name: `ETag`, `Content-Length`, `Last-Modified` beside
//! lower-case `x-cos-…`. hyper writes names in lower case, or all in title case, unless a message
//! carries the private map that its parser makes when asked to preserve letter case. So a reply's
//! head with the right spelling is parsed once, and every response gets a copy of what that left:
//! of all names, or of those few that nearly every reply makes do with, since a copy costs by the name.

use http::Extensions;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Names of nearly every reply that are not all lower case on the wire.
const USUAL: &[&str] = &[
    "Accept-Ranges",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "ETag",
    "Last-Modified",
    "Server",
    "Transfer-Encoding",
];
/// The others.
const RARE: &[&str] = &[
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "Allow",
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Range",
    "Expires",
    "Location",
    "Retry-After",
    "Vary",
];

/// What a response must carry so that hyper spells its headers as COS does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spelling {
    usual: Extensions,
    all: Extensions,
}

impl Spelling {
    /// Has hyper parse a reply that is spelled right.
    pub(crate) async fn learn() -> Self {
        // A failure would spell all names in lower case, which HTTP allows: serving goes on.
        Self {
            usual: from_parser(&[USUAL]).await.unwrap_or_default(),
            all: from_parser(&[USUAL, RARE]).await.unwrap_or_default(),
        }
    }

    /// Spells the headers of a response.
    pub(crate) fn apply<B>(&self, response: &mut http::Response<B>) {
        let rare = |name: &str| RARE.iter().any(|rare| rare.eq_ignore_ascii_case(name));
        let any_rare = response.headers().keys().any(|name| rare(name.as_str()));
        let spelling = if any_rare { &self.all } else { &self.usual };
        response.extensions_mut().extend(spelling.clone());
    }
}

/// What the parser leaves of a reply with these names.
async fn from_parser(names: &[&[&str]]) -> Option<Extensions> {
    let (ours, mut theirs) = tokio::io::duplex(8 << 10);
    let (mut sender, connection) = http1::Builder::new()
        .preserve_header_case(true)
        .handshake(TokioIo::new(ours))
        .await
        .ok()?;
    let request = http::Request::new(Empty::<bytes::Bytes>::new());
    let answering = async {
        // Nothing stands in the request that the answer would depend on.
        theirs.read_u8().await.ok()?;
        theirs.write_all(head(names).as_bytes()).await.ok()
    };
    let exchange = async {
        let (response, answered) = tokio::join!(sender.send_request(request), answering);
        answered?;
        Some(response.ok()?.into_parts().0.extensions)
    };
    tokio::select! {
        biased;
        learnt = exchange => learnt,
        _ = connection => None,
    }
}

/// A reply with these names in it. The values only have to parse.
fn head(names: &[&[&str]]) -> String {
    let mut head = String::from("HTTP/1.1 200 OK\r\n");
    for name in names.iter().copied().flatten() {
        let value = match *name {
            // Beside chunks a length means nothing, but its name is learnt.
            "Content-Length" => "0",
            "Transfer-Encoding" => "chunked",
            _ => "x",
        };
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hyper_leaves_something_to_copy() {
        let learnt = Spelling::learn().await;
        assert!(!learnt.usual.is_empty() && !learnt.all.is_empty());
    }
}
