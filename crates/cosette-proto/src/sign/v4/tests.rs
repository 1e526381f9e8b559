//! The examples of the published documents, and what is refused.

use super::super::{BodyCheck, Presented};
use super::*;
use crate::host::Hosts;

const NOW: Timestamp = Timestamp::from_secs(1_369_353_600);
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const HOST: &str = "examplebucket.s3.amazonaws.com";

fn credentials() -> Credentials {
    Credentials {
        secret_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_key: SecretKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        token: None,
    }
}

fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Head {
    let mut request = http::Request::builder().method(method).uri(uri);
    if headers.iter().all(|(name, _)| *name != "host") {
        request = request.header("host", HOST);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    Head::decode(&parts, &Hosts::new(["s3.amazonaws.com"])).unwrap()
}

fn authorization(names: &str, signature: &str) -> String {
    format!(
        "{ALGORITHM} Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
         SignedHeaders={names},Signature={signature}"
    )
}

fn verify_at(head: &Head, now: Timestamp) -> Result<Signed, ErrorCode> {
    let presented = Presented::find(head)
        .map_err(|error| error.code)?
        .expect("a signature");
    assert_eq!(presented.secret_id(), "AKIAIOSFODNN7EXAMPLE");
    presented
        .verify(head, &credentials().secret_key, now)
        .map_err(|error| error.code)
}

fn verify(head: &Head) -> Result<(), ErrorCode> {
    verify_at(head, NOW).map(drop)
}

#[test]
fn published_examples_of_headers() {
    let plain = "host;x-amz-content-sha256;x-amz-date";
    let time = ("x-amz-date", "20130524T000000Z");
    let empty = ("x-amz-content-sha256", EMPTY);
    let welcome = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    let put = [
        ("date", "Fri, 24 May 2013 00:00:00 GMT"),
        time,
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", welcome),
    ];
    for (method, uri, names, headers, signature) in [
        (
            "GET",
            "/test.txt",
            "host;range;x-amz-content-sha256;x-amz-date",
            &[("range", "bytes=0-9"), empty, time][..],
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test$file.text",
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            &put[..],
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            "/?lifecycle",
            plain,
            &[empty, time][..],
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            "/?max-keys=2&prefix=J",
            plain,
            &[empty, time][..],
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        let value = authorization(names, signature);
        let mut all = vec![("authorization", value.as_str())];
        all.extend_from_slice(headers);
        assert_eq!(verify(&head(method, uri, &all)), Ok(()), "{method} {uri}");
    }
}

#[test]
fn published_example_of_a_presigned_address() {
    let signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let query = format!(
        "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1\
         %2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400\
         &X-Amz-SignedHeaders=host&X-Amz-Signature={signature}"
    );
    let presigned = head("GET", &format!("/test.txt?{query}"), &[]);
    assert_eq!(verify(&presigned), Ok(()));
    let plain = head("GET", "/test.txt", &[]);
    let request = Signable {
        method: &plain.method,
        path: &plain.path,
        query: &plain.query,
        headers: &plain.headers,
    };
    let pairs = presign_v4(&credentials(), &request, "us-east-1", NOW, 86_400);
    assert_eq!(
        pairs.last(),
        Some(&("X-Amz-Signature".to_owned(), signature.to_owned()))
    );
}

/// The example of signed chunks: 65,536 and 1,024 letters.
fn published_chunks() -> (Head, Vec<u8>) {
    let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    let names = "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;\
                 x-amz-decoded-content-length;x-amz-storage-class";
    let head = head(
        "PUT",
        "/examplebucket/chunkObject.txt",
        &[
            ("host", "s3.amazonaws.com"),
            ("authorization", &authorization(names, seed)),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            ("content-encoding", "aws-chunked"),
            ("x-amz-decoded-content-length", "66560"),
            ("content-length", "66824"),
        ],
    );
    let mut body = Vec::new();
    for (bytes, signature) in [
        (
            65_536,
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        ),
        (
            1024,
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        ),
        (
            0,
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        ),
    ] {
        body.extend_from_slice(format!("{bytes:x};chunk-signature={signature}\r\n").as_bytes());
        body.extend_from_slice(&vec![b'a'; bytes]);
        body.extend_from_slice(b"\r\n");
    }
    assert_eq!(body.len(), 66_824);
    (head, body)
}

/// Feeds a body in pieces of one size.
fn read(head: &Head, body: &[u8], piece: usize) -> Result<Vec<u8>, ErrorCode> {
    let signed = verify_at(head, NOW)?;
    let mut check = BodyCheck::of(head, &signed, true)
        .map_err(|error| error.code)?
        .expect("something to check");
    let mut content = Vec::new();
    for piece in body.chunks(piece) {
        let piece = bytes::Bytes::copy_from_slice(piece);
        content.extend_from_slice(&check.feed(piece).map_err(|error| error.code)?);
    }
    check.finish().map_err(|error| error.code)?;
    Ok(content)
}

#[test]
fn published_example_of_signed_chunks() {
    let (head, body) = published_chunks();
    for piece in [1, 7, 100, 4096, 70_000] {
        assert_eq!(read(&head, &body, piece), Ok(vec![b'a'; 66_560]), "{piece}");
    }
}

#[test]
fn a_chunk_that_was_touched_is_refused_and_a_lost_one_missed() {
    let (head, body) = published_chunks();
    for at in [100, 65_536 / 2, 65_720, 66_000, body.len() - 20] {
        let mut forged = body.clone();
        forged[at] ^= 1;
        let refused = read(&head, &forged, 4096).unwrap_err();
        let known = [ErrorCode::SignatureDoesNotMatch, ErrorCode::InvalidRequest];
        assert!(known.contains(&refused), "{at}: {refused}");
    }
    // Without the chunk in the middle the next signature does not follow.
    let second = 65_536 + 87 + 2;
    let mut shorter = body.clone();
    shorter.drain(second..second + 1024 + 85 + 2);
    assert_eq!(
        read(&head, &shorter, 4096),
        Err(ErrorCode::SignatureDoesNotMatch)
    );
    for cut in [1, 50, 70_000 / 2, 66_700] {
        assert_eq!(
            read(&head, &body[..cut], 4096),
            Err(ErrorCode::IncompleteBody),
            "{cut}"
        );
    }
    let mut longer = body;
    longer.extend_from_slice(b"x");
    assert_eq!(read(&head, &longer, 4096), Err(ErrorCode::InvalidRequest));
}

fn signed(method: &str, uri: &str, headers: &[(&str, &str)], payload: Option<&str>) -> Head {
    let mut plain = head(method, uri, headers);
    let request = Signable {
        method: &plain.method,
        path: &plain.path,
        query: &plain.query,
        headers: &plain.headers,
    };
    let added = authorize(&credentials(), &request, "ap-guangzhou", payload, NOW);
    plain.headers.extend(added);
    plain.dialect = Dialect::S3;
    plain
}

#[test]
fn what_is_signed_is_verified() {
    let good = signed(
        "PUT",
        "/a%20b/%E4%B8%AD+'()*!?x=1+2&acl&b=%2F",
        &[("x-amz-acl", "private"), ("content-md5", " a   b ")],
        None,
    );
    assert_eq!(verify(&good), Ok(()));
    for change in [
        |head: &mut Head| head.method = http::Method::DELETE,
        |head: &mut Head| {
            head.path.push('x');
            head.raw_path.push('x');
        },
        |head: &mut Head| head.host = "c.s3.amazonaws.com".to_owned(),
        |head: &mut Head| head.query = head.query.clone().with("versionId", "1"),
        |head: &mut Head| {
            drop(
                head.headers
                    .insert("x-amz-acl", "public-read".parse().unwrap()),
            );
        },
        |head: &mut Head| {
            drop(
                head.headers
                    .insert("x-amz-content-sha256", EMPTY.parse().unwrap()),
            );
        },
    ] {
        let mut changed = good.clone();
        change(&mut changed);
        assert_eq!(verify(&changed), Err(ErrorCode::SignatureDoesNotMatch));
    }
}

#[test]
fn nothing_with_a_meaning_may_be_added() {
    let plain = head("PUT", "/k", &[]);
    let request = Signable {
        method: &plain.method,
        path: &plain.path,
        query: &plain.query,
        headers: &plain.headers,
    };
    let mut presigned = plain.clone();
    for (name, value) in presign_v4(&credentials(), &request, "x", NOW, 60) {
        presigned.query = presigned.query.with(&name, value);
    }
    presigned.dialect = Dialect::S3;
    for good in [presigned, signed("PUT", "/k", &[], None)] {
        assert_eq!(verify(&good), Ok(()));
        for (name, value, wanted) in [
            (
                "x-amz-copy-source",
                "/b-1/secret",
                Err(ErrorCode::AccessDenied),
            ),
            ("x-amz-acl", "public-read", Err(ErrorCode::AccessDenied)),
            ("x-cos-copy-source", "/b-1/s", Err(ErrorCode::AccessDenied)),
            ("content-type", "text/plain", Ok(())),
            ("range", "bytes=0-1", Ok(())),
        ] {
            let mut more = good.clone();
            more.headers.insert(name, value.parse().unwrap());
            assert_eq!(verify(&more), wanted, "{name}");
        }
    }
}

#[test]
fn times_are_kept() {
    let plain = signed("GET", "/k", &[], None);
    let at = |head: &Head, secs: i64| {
        let now = NOW.secs().saturating_add_signed(secs);
        verify_at(head, Timestamp::from_secs(now)).map(drop)
    };
    assert_eq!(at(&plain, 900), Ok(()));
    assert_eq!(at(&plain, -900), Ok(()));
    assert_eq!(at(&plain, 901), Err(ErrorCode::RequestTimeTooSkewed));
    assert_eq!(at(&plain, -901), Err(ErrorCode::RequestTimeTooSkewed));
    let presigned = |secs: &str| {
        let query = format!(
            "/k?X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fx\
             %2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires={secs}\
             &X-Amz-SignedHeaders=host&X-Amz-Signature=0"
        );
        head("GET", &query, &[])
    };
    for bad in ["0", "-1", "604801", "x", ""] {
        let refused = at(&presigned(bad), 0);
        assert_eq!(
            refused,
            Err(ErrorCode::AuthorizationQueryParametersError),
            "{bad}"
        );
    }
    let week = presigned("604800");
    assert_eq!(at(&week, 604_800), Err(ErrorCode::SignatureDoesNotMatch));
    assert_eq!(at(&week, 604_801), Err(ErrorCode::AccessDenied));
    assert_eq!(at(&week, -901), Err(ErrorCode::AccessDenied));
}

#[test]
fn signatures_that_cannot_be_read() {
    use ErrorCode as Code;
    let scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
    let with = |text: &str| format!("{ALGORITHM} {text}");
    for (value, wanted) in [
        (
            "AWS AKIAIOSFODNN7EXAMPLE:abc".to_owned(),
            Code::InvalidRequest,
        ),
        (
            "AWS4-ECDSA-P256-SHA256 Credential=a".to_owned(),
            Code::InvalidRequest,
        ),
        (with(""), Code::AuthorizationHeaderMalformed),
        (
            with("Credential=a/b,SignedHeaders=host,Signature=c"),
            Code::AuthorizationHeaderMalformed,
        ),
        (
            with(&format!(
                "Credential={},SignedHeaders=host,Signature=c",
                scope.replace("s3", "iam")
            )),
            Code::AuthorizationHeaderMalformed,
        ),
        (
            with(&format!(
                "Credential={},SignedHeaders=host,Signature=c",
                scope.replace("0524", "0523")
            )),
            Code::AuthorizationHeaderMalformed,
        ),
        (
            with(&format!(
                "Credential={scope},SignedHeaders=x-amz-date,Signature=c"
            )),
            Code::AuthorizationHeaderMalformed,
        ),
        (
            with(&format!(
                "Credential={scope},SignedHeaders=host,Signature=c"
            )),
            Code::SignatureDoesNotMatch,
        ),
    ] {
        let headers = [
            ("authorization", value.as_str()),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-content-sha256", EMPTY),
        ];
        assert_eq!(verify(&head("GET", "/k", &headers)), Err(wanted), "{value}");
    }
    let value = authorization("host", "c");
    for (headers, wanted) in [
        (&[("x-amz-content-sha256", EMPTY)][..], Code::AccessDenied),
        (
            &[("x-amz-date", "20130524T000000Z")][..],
            Code::InvalidRequest,
        ),
        (
            &[("x-amz-date", "yesterday"), ("x-amz-content-sha256", EMPTY)][..],
            Code::AccessDenied,
        ),
    ] {
        let mut all = vec![("authorization", value.as_str())];
        all.extend_from_slice(headers);
        assert_eq!(verify(&head("GET", "/k", &all)), Err(wanted));
    }
}
