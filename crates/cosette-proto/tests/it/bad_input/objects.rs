//! Objects: copies, parts, puts, reads, moves.

use cosette_proto::ErrorCode::{
    InvalidArgument, InvalidDigest, InvalidObjectName, InvalidRequest, InvalidTag, KeyTooLong,
    NoSuchUpload, NotImplemented, SSEHeaderNotAllowed,
};

use super::{SOURCE, check, refusal};

#[test]
#[expect(clippy::too_many_lines, reason = "a table of requests")]
fn copies() {
    let source = |more: &str| format!("{SOURCE}|{more}");
    for (header, wanted) in [
        ("x-cos-metadata-directive: Replacing", InvalidArgument),
        ("x-cos-storage-class: GLACIER", InvalidArgument),
        ("x-cos-acl: public", InvalidArgument),
        ("x-cos-acl: public-read-write", InvalidArgument),
        ("x-cos-grant-read: 100000000001", InvalidArgument),
        ("x-cos-grant-write: id=\"x\"", InvalidArgument),
        ("x-cos-forbid-overwrite: yes", InvalidArgument),
        ("x-cos-copy-source-if-match: \"\"", InvalidArgument),
        (
            "x-cos-copy-source-if-modified-since: yesterday",
            InvalidArgument,
        ),
        (
            "x-cos-copy-source-if-unmodified-since: 2020-04-10T18:20:30+08:00",
            InvalidArgument,
        ),
        (
            "x-cos-copy-source-if-unmodified-since: \u{ff}",
            InvalidArgument,
        ),
        (
            "x-cos-copy-source: b-1.cos.ap-x.myqcloud.com/b",
            InvalidArgument,
        ),
        (
            "x-cos-tagging-directive: Replaced|x-cos-tagging: a?=b",
            InvalidTag,
        ),
        ("x-cos-tagging-directive: Perhaps", InvalidArgument),
        ("x-cos-server-side-encryption: cos/kms", NotImplemented),
        (
            "x-cos-server-side-encryption-cos-kms-key-id: a",
            NotImplemented,
        ),
        ("x-cos-server-side-encryption: AES128", InvalidArgument),
        (
            "x-cos-server-side-encryption-directive: Replaced",
            InvalidArgument,
        ),
        (
            "x-cos-server-side-encryption-directive: keep",
            InvalidArgument,
        ),
        (
            "x-cos-server-side-encryption-directive: Copy|x-cos-server-side-encryption: AES256",
            InvalidRequest,
        ),
        (
            "x-cos-copy-source-server-side-encryption-customer-key: a",
            InvalidArgument,
        ),
        ("x-cos-traffic-limit: 1", InvalidArgument),
        (
            "If-Modified-Since: Fri, 10 Apr 2020 18:20:30 GMT",
            NotImplemented,
        ),
        ("If-Unmodified-Since: today", InvalidArgument),
    ] {
        check(&[("PUT /k", &source(header), "", wanted)]);
    }
    let large = format!(
        "x-cos-metadata-directive: Replaced|x-cos-meta-a: {}",
        "v".repeat(2048)
    );
    let long = format!(
        "x-cos-metadata-directive: Replaced|Expires: {}",
        "v".repeat(1025)
    );
    check(&[
        ("PUT /k", "x-cos-copy-source:", "", InvalidArgument),
        (
            "PUT /k",
            "x-cos-copy-source: http://b-1.cos.ap-x.myqcloud.com/k",
            "",
            InvalidArgument,
        ),
        (
            "PUT /k",
            "x-cos-copy-source: b-1.cos.ap-x.myqcloud.com/%zz",
            "",
            InvalidArgument,
        ),
        ("PUT /k", "x-cos-copy-source: bucket/k", "", InvalidArgument),
        ("PUT /k", &source(&large), "", KeyTooLong),
        ("PUT /k", &source(&long), "", InvalidArgument),
        (
            "PUT /k?partNumber=1&uploadId=u",
            "x-cos-copy-source:",
            "",
            InvalidArgument,
        ),
    ]);
}

#[test]
fn part_copies() {
    for range in [
        "bytes=5-",
        "bytes=-5",
        "0-9",
        "bytes=9-0",
        "bytes=a-b",
        "bytes=0-9,11-12",
    ] {
        let headers = format!("{SOURCE}|x-cos-copy-source-range: {range}");
        check(&[(
            "PUT /k?partNumber=1&uploadId=u",
            &headers,
            "",
            InvalidArgument,
        )]);
    }
    let directive = "x-cos-server-side-encryption-directive: Copy";
    check(&[(
        "PUT /k?partNumber=1&uploadId=u",
        &format!("{SOURCE}|{directive}"),
        "",
        NotImplemented,
    )]);
    for number in ["0", "10001", "-1", "one", "", "1.0", "+1"] {
        let line = format!("PUT /k?partNumber={number}&uploadId=u");
        check(&[
            (&line, "", "", InvalidArgument),
            (&line, SOURCE, "", InvalidArgument),
        ]);
    }
    let twice =
        format!("{SOURCE}|x-cos-copy-source-range: bytes=0-1|x-cos-copy-source-range: bytes=0-2");
    let long = format!("PUT /k?partNumber=1&uploadId={}", "u".repeat(300));
    check(&[
        (
            "PUT /k?partNumber=1&uploadId=u",
            &twice,
            "",
            InvalidArgument,
        ),
        ("PUT /k?partNumber=1", SOURCE, "", InvalidArgument),
        ("PUT /k?partNumber=1&uploadId=", SOURCE, "", NoSuchUpload),
        (&long, SOURCE, "", NoSuchUpload),
    ]);
}

#[test]
fn objects() {
    let (long, much) = (format!("PUT /{}", "k".repeat(851)), "v".repeat(2048));
    let (full, over) = (
        format!("x-cos-meta-a: {}", "v".repeat(2047)),
        format!("x-cos-meta-a: {much}"),
    );
    assert_eq!(refusal("PUT /k", &full, ""), None);
    assert_eq!(refusal("POST /k?uploads", &full, ""), None);
    check(&[
        (&long, "", "", KeyTooLong),
        ("PUT /%1B", "", "", InvalidObjectName),
        ("PUT //k", "", "", InvalidObjectName),
        ("PUT /%5Ck", "", "", InvalidObjectName),
        ("PUT /k", &over, "", KeyTooLong),
        ("POST /k?uploads", &over, "", KeyTooLong),
        (
            "PUT /k",
            "x-cos-meta-a: 1|x-cos-meta-a: 2",
            "",
            InvalidArgument,
        ),
        (
            "PUT /k",
            "Content-Type: a/b|Content-Type: a/c",
            "",
            InvalidArgument,
        ),
        ("PUT /k", "Content-MD5: abc", "", InvalidDigest),
        ("PUT /k", "Content-MD5: YWJj", "", InvalidDigest),
        ("PUT /k", "x-cos-storage-class: COLD", "", InvalidArgument),
        (
            "PUT /k",
            "x-cos-traffic-limit: 838860801",
            "",
            InvalidArgument,
        ),
        (
            "PUT /k",
            "x-cos-server-side-encryption: cos/kms",
            "",
            NotImplemented,
        ),
        ("PUT /k", "x-cos-tagging: a=%zz", "", InvalidTag),
        ("PUT /k", "If-Match: \"a", "", InvalidArgument),
        ("POST /k?uploads", "x-cos-tagging: =b", "", InvalidTag),
        ("POST /k?uploads", "If-Match: \"a\"", "", NotImplemented),
        (
            "GET /k",
            "x-cos-server-side-encryption: AES256",
            "",
            SSEHeaderNotAllowed,
        ),
        (
            "HEAD /k",
            "x-cos-server-side-encryption-customer-key: a",
            "",
            InvalidArgument,
        ),
        ("GET /k?x-cos-traffic-limit=fast", "", "", InvalidArgument),
        ("GET /k?response-expires=a%0D%0Ab", "", "", InvalidArgument),
        ("GET /k?versionId=a%20b", "", "", InvalidArgument),
        ("DELETE /k?versionId=%E4%B8%AD", "", "", InvalidArgument),
        ("DELETE /k", "If-Match: \"a", "", InvalidArgument),
    ]);
}

#[test]
fn moves() {
    for header in [
        "",
        "x-cos-rename-source:",
        "x-cos-rename-source: a",
        "x-cos-rename-source: /",
        "x-cos-rename-source: /%zz",
        "x-cos-rename-source: /a?versionId=b",
        "x-cos-rename-source: /a|x-cos-rename-source: /b",
        "x-cos-rename-source: /a|x-cos-client-token: a b",
        "x-cos-rename-source: /a|x-cos-copy-source-if-modified-since: now",
    ] {
        check(&[("PUT /k?rename", header, "", InvalidArgument)]);
    }
    let long = format!("x-cos-rename-source: /{}", "k".repeat(851));
    check(&[
        ("PUT /k?rename", &long, "", KeyTooLong),
        (
            "PUT /k?rename",
            "x-cos-rename-source: //a",
            "",
            InvalidObjectName,
        ),
    ]);
}
