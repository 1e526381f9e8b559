//! What operators and their machines ask of a server, on a port of its own: is it alive, may it be
//! sent requests, what has it counted. Nothing here tells of keys or objects, and nothing can be
//! changed; all the same it belongs on a port that strangers do not reach.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::limits;
use crate::listen::Stop;
use crate::service::Service;

/// Connections served at once; the next ones wait.
const CONNECTIONS_MAX: usize = 32;

/// Answers `GET /metrics`, `/health/live` and `/health/ready` until told to stop.
pub async fn serve_admin(listener: TcpListener, service: Service, mut stop: Stop) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepting = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = stop.wait() => break,
            accepted = accepting => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let (service, stop) = (service.clone(), stop.clone());
                connections.spawn(async move {
                    connection(stream, service, stop).await;
                    drop(place);
                });
            }
            Err(error) => tracing::warn!(%error, "an admin connection cannot be accepted"),
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, service: Service, mut stop: Stop) {
    let answer = hyper::service::service_fn(move |request: Request<Incoming>| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(answer(&request, &service).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD_READ_TIMEOUT)
        .serve_connection(TokioIo::new(stream), answer);
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        biased;
        ended = serving.as_mut() => ended,
        () = stop.wait() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an admin connection ended early");
    }
}

async fn answer<B>(request: &Request<B>, service: &Service) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    match request.uri().path() {
        "/health/live" => text(StatusCode::OK, "alive\n"),
        "/health/ready" => match service.not_ready().await {
            None => text(StatusCode::OK, "ready\n"),
            Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, &format!("{why}\n")),
        },
        "/metrics" => {
            let mut response = text(StatusCode::OK, &service.metrics_text().await);
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        _ => text(
            StatusCode::NOT_FOUND,
            "there are /metrics, /health/live and /health/ready\n",
        ),
    }
}

fn text(status: StatusCode, words: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(words.as_bytes())));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
