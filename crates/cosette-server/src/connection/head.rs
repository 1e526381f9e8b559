//! Heads that no two programs read alike are refused before anybody reads them.
//!
//! What the HTTP library would refuse by itself is refused here first: its answer would have neither
//! an id nor an error document.

use cosette_proto::ErrorCode;

use super::framing::Framing;
use crate::limits::Limits;

/// Why a head is not read, and whether its sender may read a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) words: &'static str,
    /// Answers to HEAD have no body.
    pub(crate) is_head: bool,
}

impl Refusal {
    fn new(code: ErrorCode, words: &'static str) -> Self {
        Self {
            code,
            words,
            is_head: false,
        }
    }

    fn request(words: &'static str) -> Self {
        Self::new(ErrorCode::InvalidRequest, words)
    }
}

/// How much of a head is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Not all of it.
    Part,
    /// All of it, so many bytes; and what follows.
    Whole(usize, Framing),
    /// It is none, or is too large to be one.
    Refused(Refusal),
}

/// Looks for a head at the beginning of these bytes.
pub(super) fn find(bytes: &[u8], limits: &Limits) -> Found {
    let refused = |refusal: Refusal| {
        Found::Refused(Refusal {
            is_head: start_of(bytes).starts_with(b"HEAD "),
            ..refusal
        })
    };
    if let Err(refusal) = lines_are_lines(bytes) {
        return refused(refusal);
    }
    let skipped = bytes.len() - start_of(bytes).len();
    let end = memchr::memmem::find(start_of(bytes), b"\r\n\r\n");
    let length = end.map_or(bytes.len(), |end| skipped + end + 4);
    if length > limits.head_bytes_max {
        return refused(Refusal::new(
            ErrorCode::RequestHeaderTooLarge,
            ErrorCode::RequestHeaderTooLarge.message(),
        ));
    }
    if end.is_none() {
        return match start_of(bytes).first() {
            // A handshake of TLS, for one: there is no line to wait for.
            Some(first) if !first.is_ascii_graphic() && *first != b'\r' => refused(NOT_HTTP),
            _ => Found::Part,
        };
    }
    match judge(bytes.get(..length).unwrap_or_default(), limits) {
        Ok(framing) => Found::Whole(length, framing),
        Err(refusal) => refused(refusal),
    }
}

const NOT_HTTP: Refusal = Refusal {
    code: ErrorCode::InvalidRequest,
    words: "This is no request of HTTP/1.1.",
    is_head: false,
};

/// Without the empty lines that some clients send after a body.
fn start_of(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some(after) = rest.strip_prefix(b"\r\n") {
        rest = after;
    }
    rest
}

/// Each carriage return is followed by a line feed, and none stands alone. Of a head that is not
/// whole yet, the last byte may be the first half; what is behind the head is not looked at.
fn lines_are_lines(bytes: &[u8]) -> Result<(), Refusal> {
    let mut before = 0_u8;
    let mut line_bytes = 0_usize;
    let mut any_line = false;
    for &byte in bytes {
        match (before, byte) {
            (b'\r', b'\n') => {
                // The empty line behind a line that is not: the head's end.
                if line_bytes == 0 && any_line {
                    return Ok(());
                }
                any_line |= line_bytes > 0;
                line_bytes = 0;
            }
            (b'\r', _) => return Err(Refusal::request("A carriage return stands alone.")),
            (_, b'\n') => return Err(Refusal::request("A line feed stands alone.")),
            (_, b'\r') => {}
            (_, b' ' | b'\t') if line_bytes == 0 && any_line => {
                return Err(Refusal::request("A header is folded into several lines."));
            }
            _ => line_bytes += 1,
        }
        before = byte;
    }
    Ok(())
}

fn judge(head: &[u8], limits: &Limits) -> Result<Framing, Refusal> {
    let lines = memchr::memchr_iter(b'\n', head).count();
    let mut headers = vec![httparse::EMPTY_HEADER; lines.min(limits.headers_max)];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(NOT_HTTP),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Refusal::new(
                ErrorCode::RequestHeaderTooLarge,
                "There are too many headers.",
            ));
        }
        Err(httparse::Error::HeaderName) => return Err(Refusal::request("A header has no name.")),
        Err(httparse::Error::HeaderValue) => {
            return Err(Refusal::request(
                "A header holds a character that none may hold.",
            ));
        }
        Err(httparse::Error::Version) => {
            return Err(Refusal::request("The version of HTTP is not 1.0 or 1.1."));
        }
        Err(_) => return Err(NOT_HTTP),
    }
    if request.method == Some("CONNECT") {
        return Err(Refusal::new(
            ErrorCode::MethodNotAllowed,
            ErrorCode::MethodNotAllowed.message(),
        ));
    }
    let target = request.path.unwrap_or_default();
    if target.parse::<http::Uri>().is_err() {
        return Err(Refusal::new(
            ErrorCode::InvalidURI,
            ErrorCode::InvalidURI.message(),
        ));
    }
    framing(request.headers, request.version == Some(1))
}

/// How the body is framed: in one way, said once.
fn framing(headers: &[httparse::Header<'_>], is_1_1: bool) -> Result<Framing, Refusal> {
    let all = |name: &'static str| {
        headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    };
    let (mut lengths, mut codings) = (all("content-length"), all("transfer-encoding"));
    match (lengths.next(), codings.next()) {
        (None, None) => Ok(Framing::Length(0)),
        (Some(_), Some(_)) => Err(Refusal::request(
            "Content-Length and Transfer-Encoding are both given.",
        )),
        (Some(length), None) => {
            if lengths.next().is_some() {
                return Err(Refusal::request("Content-Length is given more than once."));
            }
            let digits = length.iter().all(u8::is_ascii_digit);
            std::str::from_utf8(length)
                .ok()
                .filter(|_| digits)
                .and_then(|text| text.parse().ok())
                // The library keeps two numbers for itself.
                .filter(|length| *length < u64::MAX - 2)
                .map(Framing::Length)
                .ok_or_else(|| {
                    Refusal::new(
                        ErrorCode::InvalidArgument,
                        "The Content-Length is no number.",
                    )
                })
        }
        (None, Some(coding)) => {
            if codings.next().is_some() || !coding.eq_ignore_ascii_case(b"chunked") {
                return Err(Refusal::request("The Transfer-Encoding is not chunked."));
            }
            if !is_1_1 {
                return Err(Refusal::request("HTTP/1.0 knows no Transfer-Encoding."));
            }
            Ok(Framing::CHUNKED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Found {
        find(text.as_bytes(), &Limits::default())
    }

    fn code(text: &str) -> Option<ErrorCode> {
        match found(text) {
            Found::Refused(refusal) => Some(refusal.code),
            Found::Part | Found::Whole(..) => None,
        }
    }

    #[test]
    fn a_head_is_found_when_it_is_whole() {
        let text = "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\n\r";
        for length in 0..text.len() {
            let wanted = if length < 46 {
                Found::Part
            } else {
                Found::Whole(46, Framing::Length(3))
            };
            assert_eq!(found(&text[..length]), wanted, "{length}");
        }
        let chunked = "\r\n\r\nPUT /a HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n";
        assert_eq!(
            found(chunked),
            Found::Whole(chunked.len(), Framing::CHUNKED)
        );
        assert_eq!(
            found("GET / HTTP/1.0\r\n\r\n"),
            Found::Whole(18, Framing::Length(0))
        );
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        for head in [
            "PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            "PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\nHost: h\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\rx: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\n\tfolded: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
            "GET / HTTP/1.1\r\n: h\r\n\r\n",
            "GET / HTTP/1.1\r\nx: a\0b\r\n\r\n",
            "GET / HTTP/2.0\r\n\r\n",
            "GET /\r\n\r\n",
            "\u{16}\u{3}\u{1}",
        ] {
            assert_eq!(code(head), Some(ErrorCode::InvalidRequest), "{head:?}");
        }
        for length in [
            "",
            "-1",
            "+1",
            "1 1",
            "0x1",
            "1,1",
            "18446744073709551616",
            "1e3",
        ] {
            let head = format!("PUT / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n");
            assert_eq!(code(&head), Some(ErrorCode::InvalidArgument), "{head:?}");
        }
        assert_eq!(
            code("CONNECT a:1 HTTP/1.1\r\n\r\n"),
            Some(ErrorCode::MethodNotAllowed)
        );
        assert_eq!(
            code("GET http:// HTTP/1.1\r\n\r\n"),
            Some(ErrorCode::InvalidURI)
        );
    }

    #[test]
    fn heads_are_bounded_in_bytes_and_in_number() {
        let limits = Limits::default();
        let long = |bytes: usize| {
            let plain = "GET / HTTP/1.1\r\nx: \r\n\r\n".len();
            format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "v".repeat(bytes - plain))
        };
        let bytes = limits.head_bytes_max;
        assert_eq!(code(&long(bytes)), None);
        assert_eq!(
            code(&long(bytes + 1)),
            Some(ErrorCode::RequestHeaderTooLarge)
        );
        assert_eq!(
            code(&long(bytes * 1000)),
            Some(ErrorCode::RequestHeaderTooLarge)
        );
        // Without an end it is refused, too, as soon as it cannot be one any more.
        assert_eq!(
            code(&long(bytes + 1)[..bytes + 1]),
            Some(ErrorCode::RequestHeaderTooLarge)
        );
        let many = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "a:\r\n".repeat(count));
        assert_eq!(code(&many(limits.headers_max)), None);
        assert_eq!(
            code(&many(limits.headers_max + 1)),
            Some(ErrorCode::RequestHeaderTooLarge)
        );
        assert_eq!(
            code(&many(limits.headers_max * 1000)),
            Some(ErrorCode::RequestHeaderTooLarge)
        );
    }

    #[test]
    fn who_asks_for_a_head_gets_no_body() {
        let refusal = |head: &str| match found(head) {
            Found::Refused(refusal) => refusal.is_head,
            other => panic!("{other:?}"),
        };
        assert!(refusal("HEAD / HTTP/1.1\r\nContent-Length: x\r\n\r\n"));
        assert!(!refusal("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"));
    }
}
