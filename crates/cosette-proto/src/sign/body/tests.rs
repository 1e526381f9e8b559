//! Bodies without signatures of their own: hashes, trailers, checksums.

use super::super::v4::Signed;
use super::*;
use crate::host::Hosts;

fn head(headers: &[(&str, &str)]) -> Head {
    let mut request = http::Request::builder().method("PUT").uri("/b/k");
    request = request.header("host", "127.0.0.1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let mut head = Head::decode(&parts, &Hosts::default()).unwrap();
    head.dialect = Dialect::S3;
    head
}

type Read = Result<(Vec<u8>, Option<Checksum>), ErrorCode>;

fn read(headers: &[(&str, &str)], body: &[u8]) -> Read {
    let code = |error: Error| error.code;
    let check = BodyCheck::of(&head(headers), &Signed::head_only(), true).map_err(code)?;
    let Some(mut check) = check else {
        return Ok((body.to_vec(), None));
    };
    let mut content = Vec::new();
    for piece in body.chunks(5) {
        let piece = Bytes::copy_from_slice(piece);
        content.extend_from_slice(&check.feed(piece).map_err(code)?);
    }
    Ok((content, check.finish().map_err(code)?))
}

const TRAILER: (&str, &str) = ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
const NINE: (&str, &str) = ("x-amz-decoded-content-length", "9");
const DIGITS: &[u8] = b"123456789";

fn crc32() -> Option<Checksum> {
    let value = "y/Q5Jg==".to_owned();
    Some(Checksum::of_all(ChecksumAlgorithm::Crc32, value))
}

#[test]
fn a_checksum_may_follow_the_body() {
    let named = ("x-amz-trailer", "x-amz-checksum-crc32");
    let all = [TRAILER, NINE, named];
    let good = Ok((DIGITS.to_vec(), crc32()));
    for body in [
        "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n",
        "4\r\n1234\r\n5;ext=1\r\n56789\r\n0\r\nX-Amz-Checksum-CRC32: y/Q5Jg==\r\n\r\n",
        "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n",
        "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\n\r\n",
    ] {
        assert_eq!(read(&all, body.as_bytes()), good, "{body:?}");
    }
    use ErrorCode as Code;
    let long = format!("9\r\n123456789\r\n0\r\n{}", "a".repeat(600));
    let many = format!("9\r\n123456789\r\n0\r\n{}\r\n", "a:b\r\n".repeat(17));
    for (body, wanted) in [
        (
            "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
            Code::BadDigest,
        ),
        (
            "9\r\n123456780\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n",
            Code::BadDigest,
        ),
        ("9\r\n123456789\r\n0\r\n\r\n", Code::InvalidRequest),
        (
            "9\r\n123456789\r\n0\r\nx-amz-checksum-sha1:y/Q5Jg==\r\n\r\n",
            Code::InvalidRequest,
        ),
        ("9\r\n123456789\r\n", Code::IncompleteBody),
        ("9\r\n12345", Code::IncompleteBody),
        ("", Code::IncompleteBody),
        ("9\r\n1234567890\r\n", Code::InvalidRequest),
        ("z\r\n", Code::InvalidRequest),
        ("\r\n", Code::InvalidRequest),
        ("-1\r\n", Code::InvalidRequest),
        ("11111111111111111\r\n", Code::InvalidRequest),
        (&long, Code::InvalidRequest),
        (&many, Code::InvalidRequest),
    ] {
        assert_eq!(read(&all, body.as_bytes()), Err(wanted), "{body:?}");
    }
}

#[test]
fn a_checksum_may_be_in_the_head() {
    let value = ("x-amz-checksum-crc32", "y/Q5Jg==");
    assert_eq!(read(&[value], DIGITS), Ok((DIGITS.to_vec(), crc32())));
    assert_eq!(read(&[value], b"12345678"), Err(ErrorCode::BadDigest));
    for bad in ["", "y/Q5", "y/Q5Jg", "y/Q5JgAA", "?"] {
        assert_eq!(
            read(&[("x-amz-checksum-crc32", bad)], DIGITS),
            Err(ErrorCode::InvalidRequest),
            "{bad}"
        );
    }
    let other = ("x-amz-checksum-crc32c", "4waSgw==");
    assert!(read(&[other], DIGITS).is_ok());
    assert_eq!(
        read(&[value, other], DIGITS),
        Err(ErrorCode::InvalidRequest)
    );
}

#[test]
fn the_hash_of_the_head_is_held_against_the_body() {
    let hash = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
    let named = [("x-amz-content-sha256", hash)];
    assert_eq!(read(&named, DIGITS), Ok((DIGITS.to_vec(), None)));
    assert_eq!(
        read(&named, b"12345678"),
        Err(ErrorCode::XAmzContentSHA256Mismatch)
    );
}

#[test]
fn forms_that_nobody_knows() {
    for bad in [
        "",
        "streaming-unsigned-payload-trailer",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
        "15e2b0d3",
    ] {
        assert_eq!(
            read(&[("x-amz-content-sha256", bad)], DIGITS),
            Err(ErrorCode::InvalidArgument),
            "{bad}"
        );
    }
    let signed = ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    assert_eq!(
        read(&[signed, NINE], DIGITS),
        Err(ErrorCode::InvalidRequest)
    );
    assert_eq!(
        read(&[TRAILER], DIGITS),
        Err(ErrorCode::MissingContentLength)
    );
    let named = ("x-amz-trailer", "x-amz-checksum-md9");
    assert_eq!(
        read(&[TRAILER, NINE, named], DIGITS),
        Err(ErrorCode::InvalidRequest)
    );
    assert_eq!(
        read(&[("x-amz-content-sha256", UNSIGNED)], DIGITS),
        Ok((DIGITS.to_vec(), None))
    );
}

#[test]
fn a_signed_trailer_is_verified() {
    use super::super::v4::tests_support::chunk_key;
    let lines = "x-amz-checksum-crc32:y/Q5Jg==\n";
    let body = |trailer_signature: &str| {
        let mut key = chunk_key();
        let one = key.sign_chunk(DIGITS);
        let last = key.sign_chunk(b"");
        let made = key.sign_trailer(lines);
        let signature = trailer_signature.replace("RIGHT", &made);
        format!(
            "9;chunk-signature={one}\r\n123456789\r\n0;chunk-signature={last}\r\n\
             x-amz-checksum-crc32:y/Q5Jg==\r\n{signature}\r\n\r\n"
        )
    };
    let run = |text: &str| {
        let mut chunks = Chunked::new(Some(chunk_key()), true);
        let mut content = Vec::new();
        chunks
            .feed(Bytes::copy_from_slice(text.as_bytes()), &mut content)
            .map_err(|error| error.code)?;
        chunks.finish().map_err(|error| error.code)
    };
    assert_eq!(run(&body("x-amz-trailer-signature:RIGHT")), Ok(crc32()));
    assert_eq!(
        run(&body("x-amz-trailer-signature:0IGHT")),
        Err(ErrorCode::SignatureDoesNotMatch)
    );
    assert_eq!(run(&body("")), Err(ErrorCode::SignatureDoesNotMatch));
}
