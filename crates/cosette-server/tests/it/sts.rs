//! Temporary credentials over HTTP, asked for as Tencent Cloud's own clients ask.

use cosette_proto::sign::Credentials;
use ring::{digest, hmac};

use crate::harness::{BUCKET, Server, root, second};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// 2024-05-06, the day on which the harness's clock stands.
const DATE: &str = "2024-05-06";

struct Ask<'a> {
    by: &'a Credentials,
    body: &'a str,
    time: u64,
    action: &'a str,
}

fn plain<'a>(by: &'a Credentials, body: &'a str, time: u64) -> Ask<'a> {
    Ask {
        by,
        body,
        time,
        action: "GetFederationToken",
    }
}

async fn ask(server: &Server, ask: Ask<'_>) -> serde_json::Value {
    let Ask {
        by,
        body,
        time,
        action,
    } = ask;
    let signed = "content-type;host";
    let headers = "content-type:application/json\nhost:sts.localhost\n";
    let canonical = format!("POST\n/\n\n{headers}\n{signed}\n{}", sha256(body));
    let text = format!(
        "TC3-HMAC-SHA256\n{time}\n{DATE}/sts/tc3_request\n{}",
        sha256(&canonical)
    );
    let mut key = format!("TC3{}", by.secret_key.expose()).into_bytes();
    for piece in [DATE, "sts", "tc3_request", &text] {
        let next = hmac::Key::new(hmac::HMAC_SHA256, &key);
        key = hmac::sign(&next, piece.as_bytes()).as_ref().to_vec();
    }
    let authorization = format!(
        "TC3-HMAC-SHA256 Credential={}/{DATE}/sts/tc3_request, SignedHeaders={signed}, Signature={}",
        by.secret_id,
        hex(&key)
    );
    let call = server.post("/", body).host("sts.localhost").anonymous();
    let answer = call
        .header("Content-Type", "application/json")
        .header("X-TC-Action", action)
        .header("X-TC-Version", "2018-08-13")
        .header("X-TC-Timestamp", time.to_string())
        .header("X-TC-Region", "ap-guangzhou")
        .header("Authorization", authorization)
        .ok()
        .await;
    let mut answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    answer["Response"].take()
}

fn body(policy: &str, secs: u64) -> String {
    let policy = cosette_proto::percent::encode(policy);
    format!(r#"{{"Name":"uploader","Policy":"{policy}","DurationSeconds":{secs}}}"#)
}

// security: S16
#[tokio::test]
async fn credentials_for_a_while_and_for_a_purpose() {
    let server = Server::start().await;
    server.put("/in/k", "abc").ok().await;
    server.put("/out/k", "abc").ok().await;
    let policy = format!(
        r#"{{"version":"2.0","statement":[{{"effect":"allow","action":["name/cos:GetObject"],
        "resource":["qcs::cos:ap-guangzhou:uid/1250000000:{BUCKET}/in/*"]}}]}}"#
    );
    let (by, text, time) = (root(), body(&policy, 600), server.now());
    let given = ask(&server, plain(&by, &text, time)).await;
    let credentials = &given["Credentials"];
    assert_eq!(given["ExpiredTime"], server.now() + 600, "{given}");
    let session = Credentials {
        secret_id: credentials["TmpSecretId"].as_str().unwrap().to_owned(),
        secret_key: cosette_proto::sign::SecretKey::new(
            credentials["TmpSecretKey"].as_str().unwrap(),
        ),
        token: None,
    };
    let token = credentials["Token"].as_str().unwrap();
    let get = |path: &str| {
        let call = server.get(path).by(session.clone());
        call.header("x-cos-security-token", token)
    };
    assert_eq!(get("/in/k").ok().await.body, b"abc");
    get("/out/k").refused(403, "AccessDenied").await;
    // Temporary credentials give out none.
    let refused = async |ask_for: Ask<'_>, code: &str| {
        let answer = ask(&server, ask_for).await;
        assert_eq!(answer["Error"]["Code"], code, "{answer}");
        assert!(answer["Credentials"].is_null());
    };
    refused(plain(&session, &text, time), "AuthFailure.SecretIdNotFound").await;
    let guessed = Credentials {
        secret_key: second().secret_key,
        ..root()
    };
    refused(plain(&guessed, &text, time), "AuthFailure.SignatureFailure").await;
    refused(plain(&by, &text, time - 301), "AuthFailure.SignatureExpire").await;
    refused(plain(&by, &body(&policy, 7201), time), "InvalidParameter").await;
    refused(plain(&by, &body(&policy, 59), time), "InvalidParameter").await;
    refused(plain(&by, &body("{}", 600), time), "InvalidParameter").await;
    refused(plain(&by, "{}", time), "InvalidParameter").await;
    let other = Ask {
        by: &by,
        body: &text,
        time,
        action: "AssumeRole",
    };
    refused(other, "InvalidAction").await;
    server.advance(601);
    get("/in/k").refused(400, "ExpiredToken").await;
    server.end().await;
}
