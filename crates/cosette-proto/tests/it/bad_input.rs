//! What is refused, with the code that the caller gets. Nothing of it reaches a store.

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

use ErrorCode::{
    BadDigest, InvalidArgument, InvalidDelimiter, InvalidDigest, InvalidObjectName, InvalidPart,
    InvalidRequest, InvalidURI, KeyTooLong, ListPartUploadIdIsEmpty, MalformedXML,
    MissingRequestBodyError, NoSuchUpload, NotImplemented, SSEHeaderNotAllowed,
};

#[test]
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
            "x-cos-copy-source-if-unmodified-since: 2020-04-10T18:20:30Z",
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
        ("x-cos-tagging: a=b", NotImplemented),
        ("x-cos-tagging-directive: Perhaps", InvalidArgument),
        ("x-cos-server-side-encryption: AES256", NotImplemented),
        (
            "x-cos-copy-source-server-side-encryption-customer-key: a",
            NotImplemented,
        ),
        ("x-cos-traffic-limit: 1", InvalidArgument),
        ("If-None-Match: *", NotImplemented),
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
        ("PUT /k", "x-cos-tagging: a=b", "", NotImplemented),
        ("PUT /k", "If-Match: \"a\"", "", NotImplemented),
        ("POST /k?uploads", "x-cos-tagging: a=b", "", NotImplemented),
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
            SSEHeaderNotAllowed,
        ),
        ("GET /k?x-cos-traffic-limit=fast", "", "", InvalidArgument),
        ("GET /k?response-expires=a%0D%0Ab", "", "", InvalidArgument),
        ("GET /k?versionId=a%20b", "", "", InvalidArgument),
        ("DELETE /k?versionId=%E4%B8%AD", "", "", InvalidArgument),
        ("DELETE /k", "If-Match: \"a\"", "", NotImplemented),
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

#[test]
fn completes() {
    let one = |inner: &str| format!("<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>");
    let line = "POST /k?uploadId=u";
    let parts = |inner: &str, wanted| {
        check(&[(line, "", &one(&format!("<Part>{inner}</Part>")), wanted)]);
    };
    parts("<PartNumber>0</PartNumber><ETag>a</ETag>", InvalidArgument);
    parts(
        "<PartNumber>10001</PartNumber><ETag>a</ETag>",
        InvalidArgument,
    );
    parts("<PartNumber>x</PartNumber><ETag>a</ETag>", InvalidArgument);
    parts("<ETag>a</ETag>", InvalidArgument);
    parts("<PartNumber>1</PartNumber>", InvalidPart);
    parts("<PartNumber>1</PartNumber><ETag/>", InvalidPart);
    parts("<PartNumber>1</PartNumber><ETag>a b</ETag>", InvalidPart);
    let many = "<Part><PartNumber>1</PartNumber><ETag>a</ETag></Part>".repeat(10_001);
    check(&[
        (line, "", "", MissingRequestBodyError),
        (line, "", &one(""), MalformedXML),
        (line, "", &one(&many), MalformedXML),
        (line, "", "<Complete/>", MalformedXML),
        (line, "", "<CompleteMultipartUpload>", MalformedXML),
        (
            line,
            "",
            "<!DOCTYPE a><CompleteMultipartUpload/>",
            MalformedXML,
        ),
        (line, &digest("other"), &one(""), BadDigest),
        ("POST /k?uploadId=", "", &one(""), NoSuchUpload),
    ]);
}

#[test]
fn deletes_of_many() {
    let line = "POST /?delete";
    let signed = |body: &str, wanted| check(&[(line, &digest(body), body, wanted)]);
    let objects = |count| {
        format!(
            "<Delete>{}</Delete>",
            "<Object><Key>k</Key></Object>".repeat(count)
        )
    };
    assert_eq!(refusal(line, &digest(&objects(1000)), &objects(1000)), None);
    let error = refusal(line, &digest(&objects(1001)), &objects(1001)).unwrap();
    assert_eq!(
        error,
        Error::with(MalformedXML, "delete key size is greater than 1000")
    );
    let error = refusal(line, "", &objects(1)).unwrap();
    let words = "Missing required header for this request: Content-MD5";
    assert_eq!(error, Error::with(InvalidRequest, words));
    check(&[
        (
            line,
            "Content-MD5: 5QB9RCTbhQvJGjL8Mr3CHQ==",
            &objects(1),
            BadDigest,
        ),
        (line, "Content-MD5: 5QB9", &objects(1), InvalidDigest),
    ]);
    signed("", MissingRequestBodyError);
    signed("<Delete/>", MalformedXML);
    signed("<Delete><Quiet>true</Quiet></Delete>", MalformedXML);
    signed("<Delete><Object/></Delete>", MalformedXML);
    signed(
        "<Delete><Quiet>perhaps</Quiet><Object><Key>k</Key></Object></Delete>",
        MalformedXML,
    );
    signed(
        "<Delete><Object><Key>k</Key><VersionId>a b</VersionId></Object></Delete>",
        InvalidArgument,
    );
    signed(
        "<Deletes><Object><Key>k</Key></Object></Deletes>",
        MalformedXML,
    );
}

#[test]
fn listings() {
    let long = format!("GET /?prefix={}", "p".repeat(1024));
    let bad = |parameter: &str, wanted| {
        for kind in ["", "versions&", "uploads&"] {
            check(&[(&format!("GET /?{kind}{parameter}"), "", "", wanted)]);
        }
    };
    bad("delimiter=ab", InvalidDelimiter);
    bad("delimiter=%00", InvalidDelimiter);
    bad("encoding-type=gzip", InvalidArgument);
    bad("prefix=a%00", InvalidURI);
    check(&[
        (&long, "", "", InvalidURI),
        ("GET /?max-keys=1001", "", "", InvalidArgument),
        ("GET /?max-keys=-1", "", "", InvalidArgument),
        ("GET /?max-keys=+1", "", "", InvalidArgument),
        ("GET /?max-keys=many", "", "", InvalidArgument),
        ("GET /?versions&max-keys=1001", "", "", InvalidArgument),
        (
            "GET /?versions&version-id-marker=a%20b",
            "",
            "",
            InvalidArgument,
        ),
        ("GET /?uploads&max-uploads=1001", "", "", InvalidArgument),
        ("GET /k?uploadId=u&max-parts=0", "", "", InvalidArgument),
        ("GET /k?uploadId=u&max-parts=1001", "", "", InvalidArgument),
        (
            "GET /k?uploadId=u&part-number-marker=x",
            "",
            "",
            InvalidArgument,
        ),
        ("GET /k?uploadId=", "", "", ListPartUploadIdIsEmpty),
    ]);
    assert_eq!(refusal("GET /?max-keys=0", "", ""), None);
}

#[test]
fn buckets_and_acls() {
    let maz = "<CreateBucketConfiguration><BucketAZConfig>MAZ</BucketAZConfig>\
               </CreateBucketConfiguration>";
    let acl = |grants: &str| {
        format!(
            "<AccessControlPolicy><Owner><ID>1</ID></Owner><AccessControlList>{grants}\
             </AccessControlList></AccessControlPolicy>"
        )
    };
    let grant = |grantee: &str, permission: &str| {
        acl(&format!(
            "<Grant><Grantee>{grantee}</Grantee><Permission>{permission}</Permission></Grant>"
        ))
    };
    let many =
        "<Grant><Grantee><ID>1</ID></Grantee><Permission>READ</Permission></Grant>".repeat(101);
    check(&[
        ("PUT /", "x-cos-acl: default", "", InvalidArgument),
        ("PUT /", "x-cos-tagging: a=b", "", NotImplemented),
        ("PUT /", "", maz, NotImplemented),
        ("PUT /", "", "<Other/>", MalformedXML),
        ("PUT /?versioning", "", "", MissingRequestBodyError),
        (
            "PUT /?versioning",
            "",
            "<VersioningConfiguration/>",
            InvalidArgument,
        ),
        (
            "PUT /?versioning",
            "",
            "<VersioningConfiguration><Status>Off</Status></VersioningConfiguration>",
            InvalidArgument,
        ),
        ("PUT /?acl", "", "", MissingRequestBodyError),
        (
            "PUT /?acl",
            "x-cos-acl: bucket-owner-read",
            "",
            InvalidArgument,
        ),
        (
            "PUT /k?acl",
            "x-cos-acl: public-read-write",
            "",
            InvalidArgument,
        ),
        ("PUT /k?acl", "", "<AccessControlPolicy/>", MalformedXML),
        (
            "PUT /k?acl",
            "",
            &grant("<ID>x</ID>", "READ"),
            InvalidArgument,
        ),
        (
            "PUT /k?acl",
            "",
            &grant("<ID>1</ID>", "READING"),
            InvalidArgument,
        ),
        (
            "PUT /k?acl",
            "",
            &grant("<ID>1</ID>", "WRITE"),
            InvalidArgument,
        ),
        (
            "PUT /k?acl",
            "",
            &grant("<URI>http://x</URI>", "READ"),
            InvalidArgument,
        ),
        ("PUT /k?acl", "", &grant("", "READ"), MalformedXML),
        ("PUT /k?acl", "", &acl(&many), InvalidArgument),
    ]);
}

#[test]
fn filters_of_the_service_that_we_do_not_have() {
    let text = b"GET /?tagkey=a&tagvalue=b HTTP/1.1\nHost: service.cos.myqcloud.com\n\n";
    let (name, request) = text::receive(text).unwrap();
    let error = Operation::decode(name, &request, Dialect::Cos).unwrap_err();
    assert_eq!(error.code, NotImplemented);
}
