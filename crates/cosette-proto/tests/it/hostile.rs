//! Texts that were tampered with: reading them never panics, and what is still read means the same
//! when it is sent again.
//!
//! The texts are those of `tests/wire` with bytes changed, cut, doubled and moved. This is no
//! replacement for a fuzzer that sees the branches it takes, but it runs with every test.

use std::fmt;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cosette_proto::route::resolve;
use cosette_proto::sign::Presented;
use cosette_proto::xml::Element;
use cosette_proto::{
    Dialect, ErrorDocument, Head, Hosts, OperationName, Reply, Request, copy_source, date,
};
use md5::{Digest, Md5};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::samples::{Sample, for_operation};
use crate::text;

const CASES: u32 = 1_500;

/// What is put into a text: bytes with a meaning somewhere.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"%",
    b"%00",
    b"%zz",
    b"%2F",
    b"&",
    b"=",
    b"?",
    b"/",
    b"//",
    b"..",
    b"\"",
    b"'",
    b";",
    b",",
    b":",
    b"<",
    b">",
    b"</",
    b"/>",
    b"<a>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"<?",
    b"&lt;",
    b"&#0;",
    b"&#x110000;",
    b"&x;",
    b"<!DOCTYPE a>",
    b"\r",
    b"\t",
    b"\xff",
    b"\xc3",
    b"\xe2\x80",
    b"-",
    b"-1",
    b"18446744073709551616",
    b"99999999999999999999",
    b"0",
    b"null",
    b"true",
    b"W/",
    b"bytes=",
    b"id=\"",
    b"uploadId=",
    b"partNumber=",
    b"versionId=",
    b"acl",
    b"delete",
    b"rename",
    b"q-sign-algorithm=sha1&q-ak=a&q-sign-time=1;2&q-key-time=1;2&q-header-list=&q-signature=",
    b"x-cos-copy-source: ",
    b"x-cos-rename-source: /",
    b"x-cos-meta-",
    b"Range: ",
];

/// A text that is shown readably when a test fails.
struct Text(Vec<u8>);

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

#[derive(Debug, Clone)]
enum Change {
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Double(Index, Index, usize),
    Cut(Index),
}

impl Change {
    fn make(&self, text: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let len = text.len();
        match self {
            Self::Flip(at, bits) => text[at.index(len)] ^= bits,
            Self::Insert(at, piece) => {
                let at = at.index(len);
                text.splice(at..at, piece.iter().copied());
            }
            Self::Remove(at, bytes) => {
                let at = at.index(len);
                text.drain(at..(at + bytes).min(len));
            }
            Self::Double(from, to, bytes) => {
                let from = from.index(len);
                let piece = text[from..(from + bytes).min(len)].to_vec();
                let to = to.index(len);
                text.splice(to..to, piece);
            }
            Self::Cut(at) => text.truncate(at.index(len)),
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(at, bits)| Change::Flip(at, bits)),
        4 => (at(), proptest::sample::select(PIECES))
            .prop_map(|(at, piece)| Change::Insert(at, piece.to_vec())),
        2 => (at(), 1..40_usize).prop_map(|(at, bytes)| Change::Remove(at, bytes)),
        2 => (at(), at(), 1..200_usize).prop_map(|(from, to, bytes)| Change::Double(from, to, bytes)),
        1 => at().prop_map(Change::Cut),
    ]
}

/// Texts of that kind, tampered with.
fn texts(kind: &str) -> impl Strategy<Value = Text> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| fs::read_dir(entry.unwrap().path()).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(kind))
        .collect();
    files.sort();
    let texts: Vec<Vec<u8>> = files.iter().map(|path| fs::read(path).unwrap()).collect();
    (proptest::sample::select(texts), vec(change(), 0..6)).prop_map(|(mut text, changes)| {
        for change in changes {
            change.make(&mut text);
        }
        Text(text)
    })
}

fn request_again<M: Sample>(request: &Request) {
    if let Ok(message) = M::decode(request, Dialect::Cos) {
        let again = M::decode(&message.encode(Dialect::Cos), Dialect::Cos);
        assert_eq!(again.as_ref(), Ok(&message));
    }
}

fn reply_again<M: Sample>(reply: &Reply) {
    if let Ok(message) = M::decode_reply(reply, Dialect::Cos) {
        let again = M::decode_reply(&M::encode_reply(&message, Dialect::Cos), Dialect::Cos);
        assert_eq!(again.as_ref(), Ok(&message));
    }
}

/// What a server does with a request, then every operation's reading of it, whatever routing says.
fn serve(text: &[u8]) {
    let Some((parts, body)) = text::parse(text) else {
        return;
    };
    let Ok(head) = Head::decode(&parts, &Hosts::new(["localhost"])) else {
        return;
    };
    let _ = resolve(&head);
    let _ = Presented::find(&head);
    let _ = head.resource();
    for payload in [None, Some(Bytes::new()), Some(body)] {
        let Ok(mut request) = head.request(payload) else {
            return;
        };
        // The digest of the changed document, so that it gets past the door.
        if let Some(document) = &request.payload {
            let digest = STANDARD.encode(Md5::digest(document));
            request
                .headers
                .insert("content-md5", digest.parse().unwrap());
        }
        for name in OperationName::ALL {
            for_operation!(*name, request_again, &request);
        }
    }
}

fn read(text: &[u8]) {
    let Some(reply) = text::parse_reply(text) else {
        return;
    };
    ErrorDocument::read(reply.payload.as_deref().unwrap_or_default());
    for name in OperationName::ALL {
        for_operation!(*name, reply_again, &reply);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_request_is_too_strange(text in texts(".request.http")) {
        serve(&text.0);
    }

    #[test]
    fn no_reply_is_too_strange(text in texts(".reply.http")) {
        read(&text.0);
    }

    #[test]
    fn no_document_is_too_strange(text in texts(".http"), bytes in vec(any::<u8>(), 0..200)) {
        let text = text.0;
        let _ = Element::parse(&text);
        let _ = Element::parse(&bytes);
        let body = text.windows(2).position(|pair| pair == b"\n\n").map_or(0, |at| at + 2);
        let _ = Element::parse(&text[body..]);
    }

    #[test]
    fn no_word_is_too_strange(
        text in "(\\PC{0,20}|sourcebucket-1250000000.cos.ap-x.myqcloud.com/)[%?/.:a-zA-Z0-9=\\PC]{0,40}"
    ) {
        if let Ok(source) = copy_source::parse(&text) {
            let printed = copy_source::print(&source, "myqcloud.com");
            prop_assert_eq!(copy_source::parse(&printed), Ok(source));
        }
        let _ = date::parse(&text);
    }
}
