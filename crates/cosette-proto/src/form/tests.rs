//! Frames cut at every place, limits at the limit and beyond, and policies.

use super::*;
use crate::limits::{FORM_FIELD_BYTES_MAX, FORM_FIELDS_MAX, FORM_PART_HEAD_BYTES_MAX};
use crate::sign::{Credentials, PresentedForm, SecretKey, Validity, sign_form};
use cosette_types::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn headers(boundary: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let kind = format!("multipart/form-data; boundary={boundary}");
    headers.insert(CONTENT_TYPE, kind.parse().unwrap());
    headers
}

/// Reads a whole form that arrives in pieces of so many bytes.
fn read(body: &[u8], piece: usize) -> Result<(Form, Vec<u8>), Error> {
    let mut reader = FormReader::of(&headers("b"))?;
    let mut pieces = body.chunks(piece.max(1));
    let opened = loop {
        let next = pieces.next().ok_or_else(|| malformed("cut"))?;
        match reader.feed(Bytes::copy_from_slice(next))? {
            Ok(opened) => break opened,
            Err(more) => reader = more,
        }
    };
    let (mut file, mut found) = (opened.file, Vec::new());
    for bytes in opened.arrived {
        found.extend_from_slice(&file.feed(bytes)?);
    }
    for next in pieces {
        found.extend_from_slice(&file.feed(Bytes::copy_from_slice(next))?);
    }
    file.finish()?;
    Ok((opened.form, found))
}

fn code(body: &[u8]) -> Option<ErrorCode> {
    read(body, 7).err().map(|error| error.code)
}

/// A form with these fields and a file.
fn form(fields: &[(&str, &str)], file: &[u8]) -> Vec<u8> {
    let mut writer = FormWriter::new("b");
    for (name, value) in fields {
        writer.field(name, value.as_bytes());
    }
    let mut body = writer
        .file("a \"b\".txt".replace('"', "%22").as_str())
        .to_vec();
    body.extend_from_slice(file);
    body.extend_from_slice(&closing("b"));
    body
}

#[test]
fn however_it_is_cut_the_same_is_read() {
    let file = b"\r\n--\r\n\r\r\n--a\r\n-\r\n--".as_slice();
    let body = form(&[("key", "k"), ("Empty", ""), ("x", "1\r\n2")], file);
    for piece in 1..=body.len() {
        let (form, found) = read(&body, piece).unwrap();
        assert_eq!(found, file, "in pieces of {piece}");
        let fields: Vec<_> = form.fields().collect();
        assert_eq!(fields, [("key", "k"), ("Empty", ""), ("x", "1\r\n2")]);
        assert_eq!((form.get("KEY"), form.get("empty")), (Some("k"), None));
    }
    // A body that ends anywhere before its last border is never whole.
    let last = body.len() - closing("b").len() + "\r\n--b".len();
    for end in 0..last {
        assert!(read(&body[..end], 5).is_err(), "cut at {end}");
    }
}

#[test]
fn frames_as_clients_write_them() {
    let plain = "--b\r\nContent-Disposition: form-data; name=key\r\n\r\nk\r\n\
                 --b\r\ncontent-type: text/plain\r\ncontent-disposition: form-data; \
                 filename=\"C:\\up\\a.txt\"; name=\"file\"\r\n\r\nbytes\r\n--b--";
    let (read_form, file) = read(plain.as_bytes(), 3).unwrap();
    assert_eq!(
        (read_form.get("key"), file.as_slice()),
        (Some("k"), b"bytes".as_slice())
    );
    let with_preamble = format!("hello\r\n{}", plain.replace("--b\r\n", "--b \t\r\n"));
    assert_eq!(read(with_preamble.as_bytes(), 4).unwrap().0, read_form);
    let named = form(&[("key", "a/${filename}/${filename}")], b"");
    assert_eq!(
        read(&named, 9).unwrap().0.key().unwrap(),
        "a/a %22b%22.txt/a %22b%22.txt"
    );
    // What follows the file has no meaning.
    let more = String::from_utf8(form(&[("key", "k")], b"f")).unwrap();
    let more = more.replace("--b--", "--b\r\nContent-Disposition: form-data; name=key");
    assert_eq!(read(more.as_bytes(), 4).unwrap().0.get("key"), Some("k"));
}

#[test]
fn what_is_no_form() {
    let part = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n";
    for body in [
        "--bx".to_owned(),
        "--b\r\n\r\n\r\n".to_owned(),
        "--b\r\nContent-Disposition: attachment; name=a\r\n\r\n".to_owned(),
        "--b\r\nContent-Disposition: form-data\r\n\r\n".to_owned(),
        "--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n".to_owned(),
        "--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n".to_owned(),
        "--b\r\nno header\r\n\r\n".to_owned(),
        format!("{part}{part}"),
        format!("{part}{}", part.replace("key", "KEY")),
    ] {
        assert_eq!(
            code(body.as_bytes()),
            Some(ErrorCode::MalformedPOSTRequest),
            "{body:?}"
        );
    }
    let none = format!("{part}--b--\r\n");
    assert_eq!(
        code(none.as_bytes()),
        Some(ErrorCode::IncorrectNumberOfFilesInPostRequest)
    );
    let not_text = [
        part.as_bytes(),
        b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--b",
    ]
    .concat();
    assert_eq!(code(&not_text), Some(ErrorCode::MalformedPOSTRequest));
    for kind in [
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=\"\"",
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        assert!(FormReader::of(&headers).is_err(), "{kind}");
    }
}

#[test]
fn bounds_of_a_form() {
    assert!(FormReader::of(&headers(&"b".repeat(FORM_BOUNDARY_BYTES_MAX))).is_ok());
    assert!(FormReader::of(&headers(&"b".repeat(FORM_BOUNDARY_BYTES_MAX + 1))).is_err());
    let names: Vec<_> = (0..=FORM_FIELDS_MAX).map(|n| format!("n{n}")).collect();
    let all: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    assert_eq!(code(&form(&all[1..], b"f")), None);
    assert_eq!(
        code(&form(&all, b"f")),
        Some(ErrorCode::MalformedPOSTRequest)
    );
    let long = "v".repeat(FORM_FIELD_BYTES_MAX);
    assert_eq!(code(&form(&[("a", &long)], b"f")), None);
    let longer = format!("{long}v");
    assert_eq!(
        code(&form(&[("a", &longer)], b"f")),
        Some(ErrorCode::MalformedPOSTRequest)
    );
    // The head of a part, without the lines around it.
    let head = |bytes: usize| {
        let fixed = "Content-Disposition: form-data; name=\"\"".len();
        let name = "n".repeat(bytes - fixed);
        code(&form(&[(&name, "")], b"f"))
    };
    assert_eq!(head(FORM_PART_HEAD_BYTES_MAX), None);
    assert_eq!(
        head(FORM_PART_HEAD_BYTES_MAX + 1),
        Some(ErrorCode::MalformedPOSTRequest)
    );
    // All that stands before the file.
    let before = |bytes: usize| {
        let empty = form(&[("a", &long), ("b", "")], b"");
        let opening = empty.len() - closing("b").len();
        let rest = "v".repeat(bytes - opening);
        code(&form(&[("a", &long), ("b", &rest)], b"f"))
    };
    assert_eq!(before(FORM_BYTES_MAX), None);
    assert_eq!(
        before(FORM_BYTES_MAX + 1),
        Some(ErrorCode::MaxPostPreDataLengthExceededError)
    );
    let endless = [b"--b\r\n".as_slice(), &vec![b'a'; FORM_BYTES_MAX * 20]].concat();
    assert!(code(&endless).is_some());
    let behind = |bytes: usize| {
        let mut body = form(&[], b"f");
        // The border and its end count.
        body.resize(body.len() - closing("b").len() + bytes, b' ');
        code(&body)
    };
    assert_eq!(behind(FORM_EPILOGUE_BYTES_MAX), None);
    assert_eq!(
        behind(FORM_EPILOGUE_BYTES_MAX + 1),
        Some(ErrorCode::MalformedPOSTRequest)
    );
}

fn with(fields: &[(&str, &str)]) -> Form {
    read(&form(fields, b"f"), 64).unwrap().0
}

fn permits(policy: &str, fields: &[(&str, &str)]) -> Result<Sizes, ErrorCode> {
    let document = format!("{{\"expiration\":\"2023-11-15T00:00:00Z\",\"conditions\":{policy}}}");
    let policy = PostPolicy::read(document.as_bytes()).map_err(|error| error.code)?;
    let permits = policy.permits(&with(fields), "b-1", Dialect::S3, NOW);
    permits.map_err(|error| error.code)
}

// security: S13
#[test]
fn a_policy_covers_every_field_or_the_form_is_refused() {
    let denied = Err(ErrorCode::AccessDenied);
    let any = Ok(Sizes::ALL);
    let one = [("key", "up/a")];
    for (policy, fields, wanted) in [
        (r#"[]"#, &one[..], denied),
        (r#"[{"key":"up/a"}]"#, &one, any),
        (r#"[{"KEY":"up/a"}]"#, &one, any),
        (r#"[{"key":"up/b"}]"#, &one, denied),
        (r#"[["eq","$key","up/a"]]"#, &one, any),
        (r#"[["eq","$Key","up/"]]"#, &one, denied),
        (r#"[["starts-with","$key","up/"]]"#, &one, any),
        (r#"[["starts-with","$key","/up"]]"#, &one, denied),
        (r#"[["starts-with","$key",""]]"#, &one, any),
        (r#"[{"key":"up/a"},{"bucket":"b-1"}]"#, &one, any),
        (r#"[{"key":"up/a"},{"bucket":"b-2"}]"#, &one, denied),
        (r#"[{"key":"up/a"},{"acl":"private"}]"#, &one, denied),
        (r#"[{"key":"up/a"},["starts-with","$acl",""]]"#, &one, any),
        (r#"[{"key":"up/a"},{"key":"up/b"}]"#, &one, denied),
        (
            r#"[{"key":"up/a"}]"#,
            &[("key", "up/a"), ("acl", "private")],
            denied,
        ),
        (
            r#"[{"key":"up/a"}]"#,
            &[("key", "up/a"), ("x-amz-meta-a", "")],
            denied,
        ),
        (
            r#"[{"key":"up/a"}]"#,
            &[("key", "up/a"), ("x-ignore-a", "b"), ("policy", "p")],
            any,
        ),
        // The name of the file is in its place before the condition is asked.
        (
            r#"[["starts-with","$key","a "]]"#,
            &[("key", "${filename}")],
            any,
        ),
        (
            r#"[["eq","$key","${filename}"]]"#,
            &[("key", "${filename}")],
            denied,
        ),
        (
            r#"[{"key":"up/a"},["content-length-range",1,"10"],["content-length-range",2,20]]"#,
            &one,
            Ok(Sizes { min: 2, max: 10 }),
        ),
    ] {
        assert_eq!(permits(policy, fields), wanted, "{policy} {fields:?}");
    }
}

#[test]
fn policies_that_are_none() {
    for policy in [
        "",
        "x",
        "[]",
        "{}",
        "1",
        r#"{"expiration":"2023-11-15T00:00:00Z"}"#,
        r#"{"conditions":[]}"#,
        r#"{"expiration":"tomorrow","conditions":[]}"#,
        r#"{"expiration":"2023-11-15T00:00:00Z","conditions":{}}"#,
        r#"{"expiration":"2023-11-15T00:00:00Z","conditions":[],"more":1}"#,
        r#"{"expiration":"2023-11-15T00:00:00Z","conditions":[],"Conditions":[]}"#,
        r#"{"expiration":"2023-11-15T00:00:00Z","conditions":[1]}"#,
        r#"{"expiration":"2023-11-15T00:00:00Z","conditions":[{"a":1}]}"#,
        r#"{"expiration":"2023-11-15T00:00:00Z","conditions":[["eq","$a"]]}"#,
        r#"{"expiration":"2023-11-15T00:00:00Z","conditions":[["eq","a","b"]]}"#,
        r#"{"expiration":"2023-11-15T00:00:00Z","conditions":[["ends-with","$a","b"]]}"#,
        r#"{"expiration":"2023-11-15T00:00:00Z","conditions":[["content-length-range",2,1]]}"#,
        r#"{"expiration":"2023-11-15T00:00:00Z","conditions":[["content-length-range",-1,1]]}"#,
    ] {
        let read = PostPolicy::read(policy.as_bytes()).map_err(|error| error.code);
        assert_eq!(read, Err(ErrorCode::InvalidPolicyDocument), "{policy}");
    }
    let many = |count: usize| {
        let conditions = vec![r#"{"a":"b"}"#; count].join(",");
        let text =
            format!("{{\"expiration\":\"2023-11-15T00:00:00Z\",\"conditions\":[{conditions}]}}");
        PostPolicy::read(text.as_bytes()).is_ok()
    };
    let max = crate::limits::POST_POLICY_CONDITIONS_MAX;
    assert!(many(max) && !many(max + 1));
    assert!(PostPolicy::of_field("not base64!").is_err());
}

fn credentials(token: Option<&str>) -> Credentials {
    Credentials {
        secret_id: "AKID".to_owned(),
        secret_key: SecretKey::new("secret"),
        token: token.map(str::to_owned),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of forms")]
fn what_is_signed_is_verified_and_nothing_else() {
    for dialect in Dialect::ALL {
        let policy = PostPolicy::until(Timestamp::from_secs(NOW.secs() + 600))
            .equals("bucket", "b-1")
            .equals("Key", "up/\"a\"")
            .starts_with("content-type", "image/")
            .sizes(Sizes { min: 1, max: 9 });
        let validity = Validity::lasting(NOW, 600);
        let signed = sign_form(
            &credentials(Some("t")),
            policy.clone(),
            dialect,
            "x",
            (validity, NOW),
        );
        let mut fields = vec![("key", "up/\"a\""), ("Content-Type", "image/png")];
        fields.extend(
            signed
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let verify = |fields: &[(&str, &str)], bucket: &str, secret: &str, now: u64| {
            let form = with(fields);
            let presented = PresentedForm::find(&form).unwrap().unwrap();
            assert_eq!(
                (presented.secret_id(), presented.token()),
                ("AKID", Some("t"))
            );
            let now = Timestamp::from_secs(now);
            presented
                .verify(&form, bucket, &SecretKey::new(secret), now)
                .map_err(|error| error.code)
        };
        let now = NOW.secs();
        let sizes = Sizes { min: 1, max: 9 };
        assert_eq!(verify(&fields, "b-1", "secret", now), Ok(sizes));
        assert_eq!(verify(&fields, "b-1", "secret", now + 600), Ok(sizes));
        let denied = Err(ErrorCode::AccessDenied);
        assert_eq!(verify(&fields, "b-1", "secret", now + 601), denied);
        assert_eq!(verify(&fields, "b-2", "secret", now), denied);
        assert_eq!(
            verify(&fields, "b-1", "another", now),
            Err(ErrorCode::SignatureDoesNotMatch)
        );
        let mut other = fields.clone();
        other[1].1 = "text/html";
        assert_eq!(verify(&other, "b-1", "secret", now), denied);
        let mut more = fields.clone();
        more.push(("acl", "public-read"));
        assert_eq!(verify(&more, "b-1", "secret", now), denied);
        // Another policy under the same signature.
        let wider = policy.starts_with("acl", "").document();
        let wider = {
            use base64::Engine;
            base64::engine::general_purpose::STANDARD.encode(wider)
        };
        let swapped: Vec<_> = fields
            .iter()
            .map(|(name, value)| {
                (
                    *name,
                    if *name == "policy" {
                        wider.as_str()
                    } else {
                        *value
                    },
                )
            })
            .collect();
        assert_eq!(
            verify(&swapped, "b-1", "secret", now),
            Err(ErrorCode::SignatureDoesNotMatch)
        );
        // Without any one of its fields it is none.
        for (name, _) in &signed {
            if name.ends_with("-token") {
                continue;
            }
            let rest: Vec<_> = fields
                .iter()
                .filter(|(field, _)| field != name)
                .copied()
                .collect();
            let form = with(&rest);
            assert!(
                PresentedForm::find(&form).is_err(),
                "{dialect:?} without {name}"
            );
        }
    }
    assert!(
        PresentedForm::find(&with(&[("key", "k")]))
            .unwrap()
            .is_none()
    );
    assert!(PresentedForm::find(&with(&[("policy", "e30=")])).is_err());
}

/// The vector of the protocol's sheet, made by an official SDK's arithmetic.
#[test]
fn the_published_vector() {
    let policy = r#"{"expiration":"2023-11-14T23:13:20.000Z","conditions":[{"bucket":"examplebucket-1250000000"},["starts-with","$key","up/"],{"q-sign-algorithm":"sha1"},{"q-ak":"AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q"},{"q-sign-time":"1700000000;1700003600"}]}"#;
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(policy);
    let form = with(&[
        ("key", "up/a"),
        ("policy", &encoded),
        ("q-sign-algorithm", "sha1"),
        ("q-ak", "AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q"),
        ("q-key-time", "1700000000;1700003600"),
        ("q-signature", "9750b3cbd6fa2810f2c94db73a57793e51ca0312"),
    ]);
    let presented = PresentedForm::find(&form).unwrap().unwrap();
    let key = SecretKey::new("BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz");
    let bucket = "examplebucket-1250000000";
    assert_eq!(presented.verify(&form, bucket, &key, NOW), Ok(Sizes::ALL));
    let ours = PostPolicy::read(policy.as_bytes()).unwrap().document();
    assert_eq!(ours, policy);
}
