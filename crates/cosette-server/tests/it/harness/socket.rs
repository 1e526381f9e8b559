//! Connections and answers, as they stand on the wire.

use std::collections::BTreeMap;
use std::time::Duration;

use cosette_proto::xml::Element;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that bytes are written on.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was read and belongs to no answer yet.
    read: Vec<u8>,
}

/// Longest wait for bytes that must come; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

impl Connection {
    pub(crate) const fn of(stream: TcpStream) -> Self {
        Self {
            stream,
            read: Vec::new(),
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        // A server that has refused already need not take the rest.
        let _ = self.stream.write_all(bytes).await;
    }

    /// Writes all of it; whether the server took it.
    pub(crate) async fn delivers(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn finish_writing(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Reads some more; `false` at the end.
    async fn more(&mut self) -> bool {
        let mut some = vec![0; 64 << 10];
        let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut some)).await;
        let count = read.expect("bytes in time").unwrap_or(0);
        self.read.extend_from_slice(&some[..count]);
        count > 0
    }

    /// Everything up to these bytes, with them; `None` when the connection ends before.
    pub(crate) async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            let found = self
                .read
                .windows(end.len())
                .position(|window| window == end);
            if let Some(at) = found {
                let rest = self.read.split_off(at + end.len());
                return Some(std::mem::replace(&mut self.read, rest));
            }
            if !self.more().await {
                return None;
            }
        }
    }

    async fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.read.len() < count {
            if !self.more().await {
                return None;
            }
        }
        let rest = self.read.split_off(count);
        Some(std::mem::replace(&mut self.read, rest))
    }

    /// Whether the server closed the connection, with nothing more to read.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.read.is_empty() && !self.more().await
    }

    /// Reads the next answer, however it is framed.
    pub(crate) async fn answer(&mut self, method: &str) -> Option<Answer> {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await?).unwrap();
        let mut answer = Answer::of_head(&head);
        let bodyless = method == "HEAD" || matches!(answer.status, 100..200 | 204 | 304);
        if bodyless {
            return Some(answer);
        }
        if answer.header("Transfer-Encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await? {
                answer.body.extend_from_slice(&chunk);
            }
        } else if let Some(length) = answer.header("Content-Length") {
            answer.body = self.exactly(length.parse().unwrap()).await?;
        } else {
            while self.more().await {}
            answer.body = std::mem::take(&mut self.read);
        }
        Some(answer)
    }

    /// As [`Connection::answer`]; an answer that is cut short is none, however it ends.
    pub(crate) async fn whole_answer(&mut self, method: &str) -> Option<Answer> {
        loop {
            let answer = self.answer(method).await?;
            if answer.status != 100 {
                let framed = ["Content-Length", "Transfer-Encoding"];
                let is_framed = framed.iter().any(|name| answer.header(name).is_some());
                let bodyless = method == "HEAD" || matches!(answer.status, 204 | 304);
                return (is_framed || bodyless).then_some(answer);
            }
        }
    }

    /// Reads a head.
    pub(crate) async fn answer_head(&mut self) -> Option<Answer> {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await?).unwrap();
        Some(Answer::of_head(&head))
    }

    /// Reads one chunk; `Some(None)` is the last one.
    pub(crate) async fn chunk(&mut self) -> Option<Option<Vec<u8>>> {
        let size = String::from_utf8(self.until(b"\r\n").await?).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = self.exactly(size + 2).await?;
        chunk.truncate(size);
        Some((size > 0).then_some(chunk))
    }
}

/// An answer as it stood on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn of_head(head: &str) -> Self {
        let mut lines = head.trim_end().split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_owned(), value.trim().to_owned())
        });
        Self {
            status,
            headers: headers.collect(),
            body: Vec::new(),
        }
    }

    /// A header by its exact spelling.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(sent, _)| sent == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn etag(&self) -> String {
        self.header("ETag").expect("an ETag").to_owned()
    }

    pub(crate) fn version(&self) -> String {
        self.header("x-cos-version-id")
            .expect("a version id")
            .to_owned()
    }

    /// The headers that belong to the object, not to the answer.
    pub(crate) fn properties(&self) -> BTreeMap<String, String> {
        let of_answer = [
            "Date",
            "Last-Modified",
            "x-cos-request-id",
            "Connection",
            "Server",
        ];
        let headers = self
            .headers
            .iter()
            .filter(|(name, _)| !of_answer.contains(&name.as_str()));
        headers.cloned().collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn xml(&self) -> Element {
        Element::parse(&self.body).unwrap_or_else(|error| panic!("{error:?}: {}", self.text()))
    }

    pub(crate) fn value(&self, name: &str) -> String {
        self.xml()
            .value(name)
            .unwrap_or_else(|| panic!("no {name}: {}", self.text()))
            .to_owned()
    }

    /// The code of an error; empty when this is none.
    pub(crate) fn code(&self) -> String {
        Element::parse(&self.body)
            .ok()
            .filter(|root| root.name == "Error")
            .and_then(|root| root.value("Code").map(str::to_owned))
            .unwrap_or_default()
    }
}
