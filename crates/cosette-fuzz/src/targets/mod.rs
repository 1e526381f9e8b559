//! The bodies of the targets.

pub mod copy_source;
pub mod documents;
pub mod form;
mod glob;
mod naive_v4;
pub mod policy;
pub mod q_sign;
pub mod range;
pub mod reply;
pub mod service;
pub mod sig_v4;
pub mod uri;

use http::request::Parts;

/// A request written as text: its line without a version, headers, an empty line, its body.
pub(crate) fn request(data: &[u8]) -> Option<(Parts, Vec<u8>)> {
    let end = data.windows(2).position(|window| window == b"\n\n");
    let (head, body) = match end {
        Some(end) => (data.get(..end)?, data.get(end + 2..)?),
        None => (data, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = std::str::from_utf8(lines.next()?).ok()?;
    let (method, uri) = line.split_once(' ')?;
    let mut request = http::Request::builder().method(method).uri(uri);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let value = line.get(colon + 1..)?.trim_ascii();
        request = request.header(line.get(..colon)?, value);
    }
    let (parts, ()) = request.body(()).ok()?.into_parts();
    Some((parts, body.to_vec()))
}
