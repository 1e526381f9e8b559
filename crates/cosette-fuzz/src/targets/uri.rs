//! Path and query: decoded once and never cleaned, as a second reader that knows nothing of the
//! first decodes them.

use cosette_proto::{Head, Hosts, Place, route};

const HOST: &str = "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com";

/// See the module.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for (host, is_path_style) in [(HOST, false), ("127.0.0.1:9000", true)] {
        for method in ["GET", "PUT", "POST", "DELETE"] {
            let request = http::Request::builder()
                .method(method)
                .uri(text)
                .header("Host", host);
            let Ok(request) = request.body(()) else {
                return;
            };
            let (parts, ()) = request.into_parts();
            let Ok(head) = Head::decode(&parts, &Hosts::default()) else {
                continue;
            };
            agrees(
                &head,
                parts.uri.path(),
                parts.uri.query().unwrap_or_default(),
                is_path_style,
            );
            // Which operation it is may be refused, for any reason.
            let _ = route::resolve(&head);
        }
    }
}

fn agrees(head: &Head, path: &str, query: &str, is_path_style: bool) {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let (bucket, key) = match (is_path_style, rest.split_once('/')) {
        (false, _) => (None, rest),
        (true, Some((bucket, key))) => (Some(bucket), key),
        (true, None) => (Some(rest), ""),
    };
    let key = decoded(key, false).expect("what was read can be decoded");
    let read = match &head.place {
        Place::Service => (String::new(), String::new()),
        Place::Bucket(bucket) => (bucket.clone(), String::new()),
        Place::Object(bucket, key) => (bucket.clone(), key.clone()),
    };
    assert_eq!(read.1.as_bytes(), key, "the key of {path:?}");
    if let Some(bucket) = bucket {
        assert_eq!(
            Some(read.0.into_bytes()),
            decoded(bucket, false),
            "the bucket of {path:?}"
        );
    }
    let pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let both = decoded(name, true).zip(decoded(value, true));
            both.expect("what was read can be decoded")
        })
        .collect();
    let read: Vec<_> = head
        .query
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    assert_eq!(read, pairs, "the parameters of {query:?}");
}

/// Byte by byte, as the standard says.
fn decoded(text: &str, plus_is_blank: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            b'+' if plus_is_blank => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    Some(bytes)
}
