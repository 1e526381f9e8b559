//! What services answer that issue temporary keys.

use cosette_types::Timestamp;
use serde::Deserialize;

use super::{Issued, KEYS_BYTES_MAX, without};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};

/// The fields of all known answers; each uses some.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    #[serde(rename = "Response")]
    response: Option<Box<Answer>>,
    #[serde(rename = "Error")]
    error: Option<Refusal>,
    #[serde(alias = "Credentials")]
    credentials: Option<Pair>,
    #[serde(alias = "ExpiredTime")]
    #[serde(rename = "expiredTime")]
    expired_time: Option<u64>,
    #[serde(rename = "Code")]
    code: Option<String>,
    #[serde(flatten)]
    pair: Pair,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "Code")]
    code: String,
    #[serde(rename = "Message", default)]
    message: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Pair {
    #[serde(alias = "TmpSecretId", rename = "tmpSecretId")]
    id: Option<String>,
    #[serde(alias = "TmpSecretKey", rename = "tmpSecretKey")]
    key: Option<String>,
    #[serde(alias = "Token", alias = "token", rename = "sessionToken")]
    token: Option<String>,
}

/// Temporary keys from the answer of STS (`AssumeRole`, `GetFederationToken` and their like), of
/// the vendor's helper libraries, or of an instance's metadata service.
///
/// # Errors
/// [`ErrorKind::Denied`] when the answer is a refusal, [`ErrorKind::Unreadable`] when it is none of
/// these.
pub fn temporary_keys(answer: &[u8]) -> Result<Issued, Error> {
    if answer.len() > KEYS_BYTES_MAX {
        return Err(without("the answer is too long"));
    }
    // The words of the parser could hold a part of a key.
    let unreadable = || Error::new(ErrorKind::Unreadable, "the answer holds no temporary keys");
    let outer: Answer = serde_json::from_slice(answer).map_err(|_| unreadable())?;
    let answer = outer.response.map_or(
        Answer {
            response: None,
            ..outer
        },
        |inner| *inner,
    );
    if let Some(refusal) = answer.error {
        return Err(without(&format!("{} {}", refusal.code, refusal.message)));
    }
    if let Some(code) = answer.code.filter(|code| code != "Success") {
        return Err(without(&code));
    }
    let pair = answer.credentials.unwrap_or(answer.pair);
    match (pair.id, pair.key, pair.token) {
        (Some(id), Some(key), Some(token)) => Ok(Issued {
            credentials: Credentials::new(id, key).with_token(token),
            expires: answer.expired_time.map(Timestamp::from_secs),
        }),
        _ => Err(unreadable()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_answer_is_read() {
        for text in [
            r#"{"Response":{"Credentials":{"Token":"t","TmpSecretId":"AKIDx","TmpSecretKey":"k"},
                "ExpiredTime":1543914376,"Expiration":"2018-12-04T09:06:16Z","RequestId":"r"}}"#,
            r#"{"expiredTime":1543914376,"startTime":1543910000,"requestId":"r","credentials":
                {"sessionToken":"t","tmpSecretId":"AKIDx","tmpSecretKey":"k"}}"#,
            r#"{"TmpSecretId":"AKIDx","TmpSecretKey":"k","ExpiredTime":1543914376,
                "Expiration":"2018-12-04T09:06:16Z","Token":"t","Code":"Success"}"#,
        ] {
            let issued = temporary_keys(text.as_bytes()).unwrap();
            let keys = (issued.credentials.secret_id(), issued.credentials.token());
            assert_eq!(keys, ("AKIDx", Some("t")), "{text}");
            assert_eq!(issued.expires, Some(Timestamp::from_secs(1_543_914_376)));
        }
    }

    #[test]
    fn a_refusal_says_why_and_nothing_else_shows_a_key() {
        let refused = r#"{"Response":{"Error":{"Code":"AuthFailure","Message":"no"}}}"#;
        let error = temporary_keys(refused.as_bytes()).unwrap_err();
        assert!(error.message().contains("AuthFailure"), "{error}");
        assert_eq!(error.kind(), ErrorKind::Denied);
        let failed = r#"{"Code":"Failed"}"#;
        assert!(temporary_keys(failed.as_bytes()).is_err());
        for bad in [
            "",
            "hush",
            r#"{"TmpSecretKey":"hush"}"#,
            r#"{"TmpSecretKey":["hush"]}"#,
        ] {
            let error = temporary_keys(bad.as_bytes()).unwrap_err();
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
