//! The HTTP client that both libraries are given: a connection for each request, to the one server,
//! whatever host the request names.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use opendal::{Buffer, ErrorKind, HttpBody, HttpTransport};

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire(pub(crate) SocketAddr);

impl Wire {
    /// Sends a request as it is, its host in a header.
    pub(crate) async fn send(self, request: Request<Bytes>) -> Result<Response<Bytes>, Failure> {
        let (mut parts, body) = request.into_parts();
        if let Some(host) = parts.uri.authority() {
            let host = host.as_str().parse()?;
            parts.headers.entry(header::HOST).or_insert(host);
        }
        // Of a bucket some write the parameters right behind the host.
        let query = parts.uri.query().map(|query| format!("?{query}"));
        let path = format!("{}{}", parts.uri.path(), query.unwrap_or_default());
        parts.uri = path.parse::<Uri>()?;
        let stream = tokio::net::TcpStream::connect(self.0).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::from_parts(parts, Full::new(body));
        let (parts, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(
            parts,
            body.collect().await?.to_bytes(),
        ))
    }

    /// An address that carries its signature, as whoever it was given to opens it.
    pub(crate) async fn visit(self, method: &str, url: &str, body: &[u8]) -> Response<Bytes> {
        let request = Request::builder().method(method).uri(url);
        let body = Bytes::copy_from_slice(body);
        self.send(request.body(body).unwrap()).await.unwrap()
    }
}

#[async_trait::async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let failed = |why: Failure| HttpError::new_boxed(HttpErrorKind::Connect, why);
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|why| failed(Box::new(why)))?;
        let request = Request::from_parts(parts, body.to_bytes());
        let (parts, body) = self.send(request).await.map_err(failed)?.into_parts();
        let body = Full::new(body).map_err(|never| match never {});
        Ok(Response::from_parts(parts, HttpResponseBody::new(body)))
    }
}

impl HttpConnector for Wire {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(*self))
    }
}

impl HttpTransport for Wire {
    async fn fetch(&self, request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, body.to_bytes());
        let answer = self
            .send(request)
            .await
            .map_err(|why| opendal::Error::new(ErrorKind::Unexpected, why.to_string()))?;
        let (parts, body) = answer.into_parts();
        let size = u64::try_from(body.len()).ok();
        let body = futures_util::stream::iter([Ok(Buffer::from(body))]);
        // A HEAD says how long the body would be.
        let size = size.filter(|size| *size > 0);
        Ok(Response::from_parts(parts, HttpBody::new(body, size)))
    }
}
