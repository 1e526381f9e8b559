//! Maintenance of the store that a process holds: check, scrub, export; and import into one that
//! nobody holds.
//!
//! Whoever may open the folder may do this, so it is answered on the socket in the folder only,
//! never on a port: below a path that no bucket can have.

use std::path::Path;

use bytes::Bytes;
use cosette_store::{Damage, Holder, Options, Store};
use futures_util::{Stream, TryStreamExt};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

pub use cosette_store::{ImportError, Report, ScrubReport, Transferred};

use crate::body::Body;
use crate::embedded::Embedded;

/// What the paths of maintenance begin with.
const PREFIX: &str = "/-/";
/// Checks that everything adds up; with the parameter `read-bytes`, every stored byte, too.
pub const FSCK: &str = "/-/fsck";
/// Reads every stored byte; the parameter `rate` is the most bytes a second.
pub const SCRUB: &str = "/-/scrub";
/// Gives the whole store as a stream.
pub const EXPORT: &str = "/-/export";

/// Checks that everything in the store adds up: what refers to what, in both directions, and with
/// `read_bytes` every stored byte against its digests. It may run while the store is in use.
///
/// # Errors
/// When the store cannot be read; what is wrong with what it holds is in the report.
pub async fn fsck(embedded: &Embedded, read_bytes: bool) -> Result<Report, cosette_store::Error> {
    embedded.store().fsck(read_bytes).await
}

/// Makes a whole store of an export, in a folder that has none yet.
///
/// # Errors
/// [`ImportError`]. After a damaged export, or one that stopped coming, the folder holds a store that
/// does not open.
pub async fn import<S, E>(folder: &Path, export: S) -> Result<Transferred, ImportError<E>>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Send,
{
    let options = Options {
        background_sweep: false,
        ..Options::default()
    };
    let store = Store::open(folder, options).await?;
    let imported = store.import(export).await;
    let closed = store.close().await;
    let imported = imported?;
    closed?;
    Ok(imported)
}

/// Whether a request is about maintenance.
pub(crate) fn is_about<B>(request: &Request<B>) -> bool {
    request.uri().path().starts_with(PREFIX)
}

/// Answers a request about maintenance.
pub(crate) async fn answer<B>(store: &Store, request: &Request<B>) -> Response<Body> {
    if request.method() != Method::POST {
        return told(
            StatusCode::METHOD_NOT_ALLOWED,
            &json!({"error": "ask with POST"}),
        );
    }
    let parameter = |name: &str| {
        let query = request.uri().query().unwrap_or_default();
        let mut pairs = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    };
    match request.uri().path() {
        FSCK => {
            let report = store.fsck(parameter("read-bytes").is_some()).await;
            settled(report.map(|report| fsck_json(&report)))
        }
        SCRUB => match parameter("rate").map(str::parse).transpose() {
            Ok(rate) => settled(store.scrub(rate).await.map(|report| scrub_json(&report))),
            Err(_) => told(
                StatusCode::BAD_REQUEST,
                &json!({"error": "the rate is a number"}),
            ),
        },
        EXPORT => {
            let export = store.export().map_err(Into::into);
            Response::new(Body::stream(export, None))
        }
        path => told(
            StatusCode::NOT_FOUND,
            &json!({"error": format!("there is no maintenance called {path}")}),
        ),
    }
}

fn settled(outcome: Result<Value, cosette_store::Error>) -> Response<Body> {
    match outcome {
        Ok(report) => told(StatusCode::OK, &report),
        Err(error) => {
            let error = json!({"error": error.to_string()});
            told(StatusCode::INTERNAL_SERVER_ERROR, &error)
        }
    }
}

fn told(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::whole(value.to_string().into()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn fsck_json(report: &Report) -> Value {
    json!({
        "clean": report.is_clean(),
        "rows": report.rows.values().sum::<usize>(),
        "bodiesRead": report.bodies_read,
        "problems": report.problems,
    })
}

fn scrub_json(report: &ScrubReport) -> Value {
    let damages: Vec<Value> = report.damages.iter().map(damage_json).collect();
    json!({
        "clean": report.is_clean(),
        "extents": report.extents,
        "bytes": report.bytes,
        "damaged": report.damaged,
        "damages": damages,
    })
}

fn damage_json(damage: &Damage) -> Value {
    let holder = |holder: &Holder| match holder {
        Holder::Version {
            bucket,
            key,
            version_id,
        } => json!({
            "bucket": bucket.as_ref().map(ToString::to_string),
            "key": key.as_str(),
            "versionId": version_id.as_str(),
        }),
        Holder::Part { number } => json!({"part": number.get()}),
    };
    let holders: Vec<Value> = damage.holders.iter().map(holder).collect();
    json!({"what": damage.what, "holders": holders})
}
