//! Our signatures beside those of a signer that others wrote: the same request, the same text.

use cosette_proto::sign::{self, SecretKey, Signable, Validity};
use cosette_proto::{Query, percent};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use reqsign_core::{Context, SignRequest};
use reqsign_tencent_cos::{Credential, RequestSigner};

const HOST: &str = "examplebucket-1250000000.cos.ap-beijing.myqcloud.com";
const KEY: &str = "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz";

async fn check(method: Method, path: &str, query: &[(&str, &str)], headers: &[(&str, &str)]) {
    let mut map = HeaderMap::new();
    map.insert("host", HeaderValue::from_static(HOST));
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    let pairs: Vec<_> = query
        .iter()
        .map(|(name, value)| format!("{}={}", percent::encode(name), percent::encode(value)))
        .collect();
    let mark = if pairs.is_empty() { "" } else { "?" };
    let uri = format!(
        "https://{HOST}{}{mark}{}",
        percent::encode_path(path),
        pairs.join("&")
    );
    let request = Request::builder().method(method.clone()).uri(uri);
    let mut parts = request.body(()).unwrap().into_parts().0;
    parts.headers = map.clone();
    let credential = Credential {
        secret_id: "AKIDexample".to_owned(),
        secret_key: KEY.to_owned(),
        ..Credential::default()
    };
    let theirs = RequestSigner::new();
    theirs
        .sign_request(&Context::new(), &mut parts, Some(&credential), None)
        .await
        .unwrap();
    let theirs = parts.headers["authorization"].to_str().unwrap();
    let time = theirs
        .split("q-sign-time=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let (start, end) = time.split_once(';').unwrap();
    let validity = Validity {
        start: start.parse().unwrap(),
        end: end.parse().unwrap(),
    };
    let ours = sign::Credentials {
        secret_id: "AKIDexample".to_owned(),
        secret_key: SecretKey::new(KEY),
        token: None,
    };
    let query: Query = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let signable = Signable {
        method: &method,
        path,
        query: &query,
        headers: &map,
    };
    assert_eq!(
        sign::authorization(&ours, &signable, validity),
        theirs,
        "{path}"
    );
}

#[tokio::test]
async fn an_independent_signer_makes_the_same_signatures() {
    let source =
        "sourcebucket-1250000000.cos.ap-beijing.myqcloud.com/a%20b/%E4%B8%AD?versionId=MTg0";
    check(Method::GET, "/exampleobject", &[], &[]).await;
    check(
        Method::HEAD,
        "/a b/\u{4e2d}+%.jpg",
        &[("versionId", "MTg0")],
        &[],
    )
    .await;
    check(
        Method::GET,
        "/",
        &[
            ("prefix", "a/\u{4e2d} +&="),
            ("delimiter", "/"),
            ("max-keys", "7"),
        ],
        &[],
    )
    .await;
    check(Method::DELETE, "/k", &[("versionId", "MTg0/+=")], &[]).await;
    check(
        Method::POST,
        "/k",
        &[("uploads", "")],
        &[("x-cos-acl", "private")],
    )
    .await;
    check(
        Method::PUT,
        "/b/1.jpg",
        &[],
        &[
            ("x-cos-copy-source", source),
            (
                "x-cos-copy-source-if-match",
                "\"ee8de918d05640145b18f70f4c3aa602\"",
            ),
            ("x-cos-metadata-directive", "Replaced"),
            ("x-cos-meta-one", "a b;c=d"),
            ("x-cos-storage-class", "STANDARD_IA"),
        ],
    )
    .await;
    check(
        Method::PUT,
        "/b/1.jpg",
        &[("partNumber", "1"), ("uploadId", "1585130821cbb7df")],
        &[
            ("x-cos-copy-source", source),
            ("x-cos-copy-source-range", "bytes=0-1048575"),
        ],
    )
    .await;
}
