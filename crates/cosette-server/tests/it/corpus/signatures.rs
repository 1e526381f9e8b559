//! Signatures that are none.

use super::cases::Case;
use crate::harness::{BUCKET, START, SUFFIX, Server, root, second};

pub(super) fn add(server: &Server, cases: &mut Vec<Case>) {
    let host = format!("{BUCKET}.{SUFFIX}");
    let (start, end) = (START - 60, START + 900);
    let zeros = "0".repeat(40);
    let whole = format!(
        "q-sign-algorithm=sha1&q-ak=AKIDroot&q-sign-time={start};{end}&q-key-time={start};{end}&q-header-list=host&q-url-param-list=&q-signature={zeros}"
    );
    let mut values: Vec<String> = [
        "", "x", "Basic", "Basic dXNlcjpwYXNz", "Bearer x", "Digest username=\"x\"", "AWS AKID:sig", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=x",
        "AWS4-HMAC-SHA256 Credential=AKIDroot/20240506/ap-guangzhou/s3/aws4_request, SignedHeaders=host, Signature=x", "q-", "q-sign-algorithm", "q-sign-algorithm=",
        "q-sign-algorithm=sha1", "q-sign-algorithm=md5", "q-ak=AKIDroot", "q-signature=", "&&&&", "====", "q-ak=%zz", "\u{e9}", "q-sign-algorithm=sha1&q-ak=", "null", "undefined",
    ]
    .map(str::to_owned)
    .to_vec();
    // Each field missing, empty, doubled, or with another value.
    let fields: Vec<&str> = whole.split('&').collect();
    for (n, field) in fields.iter().enumerate() {
        let name = field.split('=').next().unwrap();
        let with = |other: Option<String>| {
            let mut fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
            match other {
                Some(other) => fields[n] = other,
                None => drop(fields.remove(n)),
            }
            fields.join("&")
        };
        values.push(with(None));
        values.push(with(Some(format!("{field}&{field}"))));
        values.push(with(Some(name.to_uppercase())));
        for value in [
            "",
            "x",
            "%00",
            "-1;-1",
            "1;0",
            "0;99999999999999999999",
            "a;b",
            ";",
            "1",
            "1;2;3",
            "host;host",
            "é",
            "sha256",
            "none",
        ] {
            values.push(with(Some(format!("{name}={value}"))));
        }
        values.push(with(Some(format!("{name}={}", "9".repeat(9000)))));
    }
    values.push(whole);
    for (n, value) in values.iter().enumerate() {
        for (method, path) in [("PUT", "/new"), ("DELETE", "/k"), ("GET", "/k")] {
            let body = if method == "PUT" {
                "Content-Length: 1\r\n\r\nx"
            } else {
                "\r\n"
            };
            // An empty header is one that is absent, and who is nobody may do none of these.
            let head = format!(
                "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {value}\r\n{body}"
            );
            cases.push(Case::raw(
                format!("{method} authorization {n} {value:.40}"),
                head,
            ));
        }
        if value.is_ascii() && !value.contains(' ') && !value.contains('%') && !value.is_empty() {
            let head =
                format!("PUT /new?{value} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n\r\nx");
            cases.push(Case::raw(format!("query {n} {value:.40}"), head));
        }
    }
    others(server, cases);
}

/// Good signatures of something else.
fn others(server: &Server, cases: &mut Vec<Case>) {
    for (name, call) in [
        (
            "by an account that may not",
            server.put("/new", "x").by(second()),
        ),
        (
            "too late",
            server.put("/new", "x").valid(START - 10_000, START - 5_000),
        ),
        (
            "too early",
            server.put("/new", "x").valid(START + 5_000, START + 10_000),
        ),
        (
            "backwards",
            server.put("/new", "x").valid(START + 60, START - 60),
        ),
        (
            "with a token",
            server.put("/new", "x").header("x-cos-security-token", "x"),
        ),
        (
            "with a header unsigned",
            server.put("/new", "x").unsigned("x-cos-meta-a", "b"),
        ),
        (
            "with a source unsigned",
            server.put("/new", "x").unsigned("x-cos-copy-source", "a/b"),
        ),
        (
            "with a length unsigned and wrong",
            server.put("/new", "x").unsigned("Range", "bytes=0-1"),
        ),
    ] {
        cases.push(Case::refused(name, &call));
    }
    // A link to read used for something else.
    let link = server.get("/k").presigned();
    for (method, path) in [
        ("PUT", link.clone()),
        ("DELETE", link.clone()),
        ("POST", format!("{link}&uploads")),
        ("GET", format!("{link}&acl")),
        ("GET", format!("{link}&versionId=null")),
        ("GET", link.replace("/k?", "/a/b?")),
        ("GET", link.replace("AKIDroot", "AKIDsecond")),
        ("GET", link.replace("q-signature=", "q-signature=0")),
    ] {
        let call = server.call(method, &path).anonymous().body("");
        cases.push(Case::refused(
            format!("a link used for {method} {path:.30}"),
            &call,
        ));
    }
    assert_eq!(root().secret_id, "AKIDroot");
}
