//! What is refused, with the code that the caller gets. Nothing of it reaches a store.

mod documents;
mod objects;

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cosette_proto::{Dialect, Error, ErrorCode, Operation};
use md5::{Digest, Md5};

use crate::text;

const HOST: &str = "Host: examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com";
const SOURCE: &str = "x-cos-copy-source: sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a";

fn refusal(line: &str, headers: &str, body: &str) -> Option<Error> {
    let mut text = format!("{line} HTTP/1.1\n{HOST}\n");
    for header in headers.split('|').filter(|header| !header.is_empty()) {
        writeln!(text, "{header}").unwrap();
    }
    write!(text, "\n{body}").unwrap();
    let read = text::receive(text.as_bytes())
        .and_then(|(name, request)| Operation::decode(name, &request, Dialect::Cos));
    read.err()
}

fn check(cases: &[(&str, &str, &str, ErrorCode)]) {
    for (line, headers, body, wanted) in cases {
        let error = refusal(line, headers, body);
        let code = error.as_ref().map(|error| error.code);
        assert_eq!(
            code,
            Some(*wanted),
            "{line} {headers:.80} {body:.80}: {error:?}"
        );
        assert!(error.is_some_and(|error| !error.message.is_empty()));
    }
}

fn digest(body: &str) -> String {
    format!(
        "Content-MD5: {}",
        STANDARD.encode(Md5::digest(body.as_bytes()))
    )
}
