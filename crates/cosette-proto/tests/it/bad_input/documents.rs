//! What has a document, and listings.

use cosette_proto::ErrorCode::{
    BadDigest, InvalidArgument, InvalidDelimiter, InvalidDigest, InvalidPart, InvalidRequest,
    InvalidTag, InvalidURI, ListPartUploadIdIsEmpty, MalformedXML, MissingRequestBodyError,
    NoSuchUpload, NotImplemented,
};
use cosette_proto::{Dialect, Error, Operation};

use super::{check, digest, refusal};
use crate::text;

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
    let long = format!("GET /?prefix={}", "p".repeat(1025));
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
        ("PUT /", "x-cos-tagging: a=1&a=2", "", InvalidTag),
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
