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

/// A request that botocore 1.43 signed with `S3SigV4Auth`, and the signature that it made.
struct Botocore {
    method: Method,
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    token: Option<&'static str>,
    signature: &'static str,
}

impl Botocore {
    fn check(&self) {
        // 2013-05-24T00:00:00Z
        let now = cosette::Timestamp::from_secs(1_369_353_600);
        let mut headers = HeaderMap::new();
        let host = HeaderValue::from_static("photos.s3.eu-west-1.amazonaws.com");
        headers.insert("host", host);
        for (name, value) in self.headers {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let pairs = self.query.iter();
        let query: Query = pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let credentials = sign::Credentials {
            secret_id: "AKIDexample".to_owned(),
            secret_key: SecretKey::new(KEY),
            token: self.token.map(str::to_owned),
        };
        let signable = Signable {
            method: &self.method,
            path: self.path,
            query: &query,
            headers: &headers,
        };
        let hash = sign::payload_hash(self.body.as_bytes());
        let signed = sign::authorize(&credentials, &signable, "eu-west-1", Some(&hash), now);
        let ours = signed["authorization"].to_str().unwrap();
        let ours = ours.split("Signature=").nth(1).unwrap();
        assert_eq!(ours, self.signature, "{} {}", self.method, self.path);
    }
}

#[test]
fn botocore_makes_the_same_signatures() {
    let plain = |method, path, signature| Botocore {
        method,
        path,
        query: &[],
        headers: &[],
        body: "",
        token: None,
        signature,
    };
    for vector in [
        plain(
            Method::GET,
            "/k",
            "7fd105b89dceea15e2d53cd826d9329bdaa451a0ae7ef59c4260f1a107d88a39",
        ),
        Botocore {
            query: &[("versionId", "MTg0/+=")],
            ..plain(
                Method::HEAD,
                "/a b/\u{4e2d}+%.jpg",
                "184375620c217d5bdc7dd732b2cf09375edb0860cbb85aaa9fffc1e6f8a046e2",
            )
        },
        Botocore {
            headers: &[
                ("x-amz-copy-source", "photos/a%20b/1.jpg?versionId=MTg0"),
                (
                    "x-amz-copy-source-if-match",
                    "\"ee8de918d05640145b18f70f4c3aa602\"",
                ),
                ("x-amz-metadata-directive", "REPLACE"),
                ("x-amz-meta-one", "a  b;c=d"),
            ],
            ..plain(
                Method::PUT,
                "/b/1.jpg",
                "767d8aa02566a1515644a33d6cd5a4e582c7282e49f36a62836d1260442767f1",
            )
        },
        Botocore {
            query: &[("uploads", "")],
            headers: &[("x-amz-acl", "private")],
            ..plain(
                Method::POST,
                "/k",
                "1d89f64480ae9631f589776ef10e4b33b14dc62c3d087fe004154beb3a736db4",
            )
        },
        Botocore {
            query: &[("partNumber", "1"), ("uploadId", "U/+=")],
            headers: &[("content-md5", "7o3pGNBWQBRbGPcPTDqmAg==")],
            body: "fish",
            token: Some("token/+="),
            ..plain(
                Method::PUT,
                "/k",
                "3cb56d9329c5a6a517392f97b70900a76be863c43df17c5b0c735d389b8389f8",
            )
        },
        Botocore {
            query: &[
                ("prefix", "a/\u{4e2d} +&="),
                ("delimiter", "/"),
                ("max-keys", "7"),
            ],
            headers: &[("range", "bytes=0-9")],
            ..plain(
                Method::GET,
                "/",
                "18f414bd22fbf849cffd0441219350d7fa4cafd9bf8811eb0d6d8dcd500a1c6e",
            )
        },
    ] {
        vector.check();
    }
}
