//! Replies, as the SDK reads them: a failure in a 200 is a failure, what is cut or too long is none
//! the less an answer of some kind, and no call breaks or waits.

use std::convert::Infallible;

use bytes::Bytes;
use cosette::{Body, Client, Credentials, RetryPolicy, transport};
use cosette_proto::ErrorDocument;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

/// Longest body of an object that is read here.
const BODY_BYTES_MAX: usize = 1 << 20;
const BUCKET: &str = "examplebucket-1250000000";
const SOURCE: &str = "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a";

/// See the module.
pub fn holds(data: &[u8]) {
    let Some(reply) = Scripted::read(data) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(asked(reply));
}

#[derive(Debug, Clone)]
struct Scripted {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Scripted {
    /// A status, lines of headers, an empty line, a body.
    fn read(data: &[u8]) -> Option<Self> {
        let end = data.windows(2).position(|window| window == b"\n\n")?;
        let mut lines = data.get(..end)?.split(|byte| *byte == b'\n');
        let status = StatusCode::from_bytes(lines.next()?).ok()?;
        let mut headers = HeaderMap::new();
        for line in lines {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = HeaderName::from_bytes(line.get(..colon)?).ok()?;
            let value = HeaderValue::from_bytes(line.get(colon + 1..)?.trim_ascii()).ok()?;
            headers.append(name, value);
        }
        let body = Bytes::copy_from_slice(data.get(end + 2..)?);
        Some(Self {
            status,
            headers,
            body,
        })
    }
}

async fn asked(reply: Scripted) {
    let scripted = reply.clone();
    let answering = transport::from_fn(move |_request: http::Request<Body>| {
        let Scripted {
            status,
            headers,
            body,
        } = scripted.clone();
        let mut response = Response::new(http_body_util::Full::new(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        async move { Ok::<_, Infallible>(response) }
    });
    let client = Client::builder()
        .credentials(Credentials::new("AKID", "secret"))
        .region("ap-guangzhou")
        .transport(answering)
        .retry(RetryPolicy::never())
        .build()
        .expect("all that is needed is given");
    let is_error = !reply.status.is_success() || ErrorDocument::read(&reply.body).is_some();
    let told = |what: &str, is_ok: bool| {
        assert!(
            !(is_ok && is_error),
            "{what} takes a failure for success: {reply:?}"
        );
    };
    let copied = client
        .put_object_copy()
        .bucket(BUCKET)
        .key("b")
        .copy_source(SOURCE)
        .send()
        .await;
    told("copy", copied.is_ok());
    let part = client
        .upload_part_copy()
        .bucket(BUCKET)
        .key("b")
        .upload_id("u")
        .part_number(1)
        .copy_source(SOURCE)
        .send()
        .await;
    told("part copy", part.is_ok());
    let begun = client.multipart_init().bucket(BUCKET).key("b").send().await;
    told("begin", begun.is_ok());
    let listed = client.get_bucket().bucket(BUCKET).send().await;
    told("list", listed.is_ok());
    let versions = client.list_object_versions().bucket(BUCKET).send().await;
    told("versions", versions.is_ok());
    let parts = client
        .multipart_list_part()
        .bucket(BUCKET)
        .key("b")
        .upload_id("u")
        .send()
        .await;
    told("parts", parts.is_ok());
    let acl = client.get_object_acl().bucket(BUCKET).key("b").send().await;
    told("acl", acl.is_ok());
    asked_of_bytes(&client, &reply).await;
}

/// Calls whose reply has no document.
async fn asked_of_bytes(client: &Client, reply: &Scripted) {
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key("b")
        .body("x")
        .send()
        .await;
    assert!(put.is_err() || reply.status.is_success(), "{reply:?}");
    let deleted = client.delete_object().bucket(BUCKET).key("b").send().await;
    assert!(deleted.is_err() || reply.status.is_success(), "{reply:?}");
    let head = client.head_object().bucket(BUCKET).key("b").send().await;
    let unchanged = reply.status == StatusCode::NOT_MODIFIED;
    assert!(
        head.is_err() || reply.status.is_success() || unchanged,
        "{reply:?}"
    );
    if let Ok(got) = client.get_object().bucket(BUCKET).key("b").send().await {
        // An object may well be the document of an error; what is read is what came, or a failure.
        if let Ok(bytes) = got.value.body.bytes(BODY_BYTES_MAX).await {
            assert_eq!(bytes, reply.body);
        }
    }
}
