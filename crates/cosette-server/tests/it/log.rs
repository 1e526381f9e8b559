//! What is written down of requests, and what never is.

use std::path::Path;

use cosette_server::Config;
use serde_json::Value;

use crate::harness::{BUCKET, SUFFIX, Server};

/// The lines of an access log.
pub(crate) fn entries(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn one_line_for_each_request_and_no_secret_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let config = Config {
        access_log: Some(path.clone()),
        ..Config::default()
    };
    let server = Server::configured(config).await;
    let put = server.put("/a%20b", "abc").ok().await;
    let presigned = server.get("/a%20b").presigned();
    server.get(&presigned).anonymous().ok().await;
    server
        .get("/none?x-cos-security-token=tok-en")
        .anonymous()
        .send()
        .await;
    let lines = entries(&path);
    assert_eq!(lines.len(), 4);
    assert_eq!(
        lines[1]["request_id"].as_str(),
        put.header("x-cos-request-id")
    );
    for (name, value) in [
        ("time", "2024-05-06T07:08:09.000Z"),
        ("method", "PUT"),
        ("host", &format!("{BUCKET}.{SUFFIX}")),
        ("path", "/a%20b"),
        ("query", ""),
        ("operation", "PutObject"),
        ("caller", "qcs::cam::uin/100000000001:uin/100000000001"),
    ] {
        assert_eq!(lines[1][name].as_str(), Some(value), "{name}");
    }
    assert_eq!(lines[1]["status"].as_u64(), Some(200));
    assert_eq!(lines[2]["bytes"].as_u64(), Some(3));
    assert!(lines[2]["duration_ms"].as_u64().is_some());
    assert_eq!(lines[3]["caller"].as_str(), Some("anonymous"));
    let text = std::fs::read_to_string(&path).unwrap();
    let signature = presigned
        .split("q-signature=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    assert_eq!(signature.len(), 40);
    for secret in [signature, "secret of", "tok-en"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    server.end().await;
}
