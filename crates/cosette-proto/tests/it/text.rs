//! HTTP as text, with plain line ends: what goes over the socket between encode and decode.

use bytes::Bytes;
use cosette_proto::error::Error;
use cosette_proto::route::{PayloadKind, resolve};
use cosette_proto::{Dialect, Head, Hosts, OperationName, Reply, Request, Style, Target};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, request};

/// The host that a request is sent to.
fn host(target: &Target, style: Style) -> String {
    match (target, style) {
        (_, Style::Path) => "127.0.0.1:9000".to_owned(),
        (Target::Service, _) => "service.cos.myqcloud.com".to_owned(),
        (Target::Bucket(bucket) | Target::Object(bucket, _), _) => {
            format!("{bucket}.cos.ap-guangzhou.myqcloud.com")
        }
    }
}

/// A request as sent.
pub(crate) fn of_request(request: &Request, style: Style) -> Vec<u8> {
    let host = host(&request.target, style);
    let line = format!(
        "{} {} HTTP/1.1",
        request.method,
        request.path_and_query(style)
    );
    let first = format!("{line}\nHost: {host}\n");
    message(first, &request.headers, request.payload.as_ref())
}

/// A reply as sent.
pub(crate) fn of_reply(reply: &Reply) -> Vec<u8> {
    let first = format!("HTTP/1.1 {}\n", reply.status);
    message(first, &reply.headers, reply.payload.as_ref())
}

fn message(first: String, headers: &HeaderMap, payload: Option<&Bytes>) -> Vec<u8> {
    let mut text = first.into_bytes();
    let mut lines: Vec<_> = headers.iter().collect();
    lines.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in lines {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    text.push(b'\n');
    if let Some(payload) = payload {
        text.extend_from_slice(payload);
    }
    text
}

/// First line, headers and body; `None` where HTTP itself would refuse the text.
fn split(text: &[u8]) -> Option<(String, HeaderMap, Bytes)> {
    let end = text.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, body) = text.split_at(end);
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = String::from_utf8(lines.next()?.to_vec()).ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        headers.append(name, value);
    }
    Some((first, headers, Bytes::copy_from_slice(&body[2..])))
}

/// The head of a request's text, and its body.
pub(crate) fn parse(text: &[u8]) -> Option<(request::Parts, Bytes)> {
    let (line, headers, body) = split(text)?;
    let mut words = line.split(' ');
    let builder = http::Request::builder().method(words.next()?);
    let mut request = builder.uri(words.next()?).body(()).ok()?;
    *request.headers_mut() = headers;
    Some((request.into_parts().0, body))
}

/// What a server makes of a request's text.
pub(crate) fn receive(text: &[u8]) -> Result<(OperationName, Request), Error> {
    receive_in(Dialect::Cos, text)
}

/// What a server makes of a request's text whose signature, left out here, tells the dialect.
pub(crate) fn receive_in(dialect: Dialect, text: &[u8]) -> Result<(OperationName, Request), Error> {
    let (parts, body) = parse(text).expect("a request of HTTP");
    let mut head = Head::decode(&parts, &Hosts::default())?;
    head.dialect = dialect;
    let name = resolve(&head)?;
    let document = matches!(
        name.payload(),
        PayloadKind::Document { .. } | PayloadKind::Form
    );
    Ok((name, head.request(document.then_some(body))?))
}

/// A reply's text, read; `None` where HTTP itself would refuse it.
pub(crate) fn parse_reply(text: &[u8]) -> Option<Reply> {
    let (line, headers, body) = split(text)?;
    let status = StatusCode::from_bytes(line.split(' ').nth(1)?.as_bytes()).ok()?;
    Some(Reply {
        status,
        headers,
        payload: Some(body).filter(|body| !body.is_empty()),
    })
}

/// A reply's text, read.
pub(crate) fn read_reply(text: &[u8]) -> Reply {
    parse_reply(text).expect("a reply of HTTP")
}
