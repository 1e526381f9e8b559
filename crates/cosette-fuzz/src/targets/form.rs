//! Forms of browsers, whose border is `b`: read in pieces they say what they say as a whole, within
//! their bounds; a policy means the same when it is written and read again; and no form is signed by
//! somebody whose key it does not have.

use bytes::Bytes;
use cosette_proto::form::{Form, FormReader, PostPolicy};
use cosette_proto::limits::{FORM_BYTES_MAX, FORM_FIELD_BYTES_MAX, FORM_FIELDS_MAX};
use cosette_proto::sign::{PresentedForm, SecretKey};
use cosette_proto::{ErrorCode, Message, Request, Target, ops::PostObject};
use cosette_types::Timestamp;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// See the module.
pub fn holds(data: &[u8]) {
    let whole = read(data, data.len().max(1));
    for piece in [1, 7, 64] {
        assert_eq!(read(data, piece), whole, "in pieces of {piece}");
    }
    if let Ok(policy) = PostPolicy::read(data) {
        let again = PostPolicy::read(policy.document().as_bytes());
        assert_eq!(again, Ok(policy));
    }
    let Ok((form, opening, _)) = whole else {
        return;
    };
    let fields: Vec<_> = form.fields().collect();
    assert!(fields.len() <= FORM_FIELDS_MAX && opening.len() <= FORM_BYTES_MAX);
    assert!(
        fields
            .iter()
            .all(|(_, value)| value.len() <= FORM_FIELD_BYTES_MAX)
    );
    if let Ok(Some(presented)) = PresentedForm::find(&form) {
        let verified = presented.verify(&form, "b-1", &SecretKey::new("not the signer's"), NOW);
        assert!(verified.is_err(), "{form:?}");
    }
    let dialect = form.dialect().unwrap_or_default();
    let request = Request {
        method: Method::POST,
        target: Target::Bucket("b-1250000000".parse().expect("the name of a bucket")),
        query: cosette_proto::Query::new(),
        headers: headers(),
        payload: Some(opening),
    };
    // Refused or not: it ends, and does not break.
    let _ = PostObject::decode(&request, dialect);
}

fn headers() -> HeaderMap {
    let kind = HeaderValue::from_static("multipart/form-data; boundary=b");
    HeaderMap::from_iter([(CONTENT_TYPE, kind)])
}

/// The form, what stands before its file, and the file.
fn read(data: &[u8], piece: usize) -> Result<(Form, Bytes, Vec<u8>), ErrorCode> {
    let mut reader = FormReader::of(&headers()).map_err(|error| error.code)?;
    let mut pieces = data.chunks(piece).map(Bytes::copy_from_slice);
    let opened = loop {
        let next = pieces.next().ok_or(ErrorCode::IncompleteBody)?;
        match reader.feed(next).map_err(|error| error.code)? {
            Ok(opened) => break opened,
            Err(more) => reader = more,
        }
    };
    let (mut file, mut bytes) = (opened.file, Vec::new());
    for next in opened.arrived.into_iter().chain(pieces) {
        bytes.extend_from_slice(&file.feed(next).map_err(|error| error.code)?);
    }
    file.finish().map_err(|error| error.code)?;
    Ok((opened.form, opened.opening, bytes))
}
