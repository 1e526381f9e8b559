//! Ranges of one object, each asked for again from where a connection was lost.

use std::future::Future;

use bytes::{Bytes, BytesMut};
use cosette_proto::ops::{GetObject, HeadObject, ObjectReply, ResponseOverrides};
use cosette_types::{
    BucketName, CustomerKey, ETag, ObjectKey, Preconditions, ReadRange, VersionId,
};

use crate::body::Body;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::reply::Output;
use crate::send::Context;

/// Reads ranges of one object.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) client: Client,
    pub(crate) context: Context,
    pub(crate) bucket: BucketName,
    pub(crate) key: ObjectKey,
    pub(crate) version_id: Option<VersionId>,
    /// The customer's key that the object is encrypted with, if it is.
    pub(crate) customer_key: Option<CustomerKey>,
    pub(crate) pinned: Preconditions,
}

/// Where bytes go as they come.
pub(crate) trait Sink: Send {
    /// Takes some.
    fn take(&mut self, bytes: Bytes) -> impl Future<Output = Result<(), Error>> + Send;
}

impl Sink for BytesMut {
    async fn take(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.extend_from_slice(&bytes);
        Ok(())
    }
}

impl Reader {
    pub(crate) fn subject(&self) -> String {
        format!("{}/{}", self.bucket, self.key)
    }

    /// From here on only this object is read.
    pub(crate) fn pin(&mut self, etag: &ETag) {
        self.pinned.if_match = Some(etag.clone().into());
    }

    /// The properties of the object.
    pub(crate) async fn head(&self) -> Result<Output<ObjectReply>, Error> {
        let message = HeadObject {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            version_id: self.version_id.clone(),
            range: None,
            preconditions: Preconditions::default(),
            customer_key: self.customer_key.clone(),
        };
        Ok(self.client.perform(&self.context, &message, None).await?)
    }

    /// The bytes of a range.
    pub(crate) async fn range(&self, first: u64, last: u64) -> Result<Bytes, Error> {
        let mut bytes = BytesMut::new();
        self.take((first, last), None, &mut bytes).await?;
        Ok(bytes.freeze())
    }

    /// Gives the bytes of a range to a sink, in order and each once. `begun` is the answer to a
    /// request for them that was made already.
    pub(crate) async fn take<S: Sink>(
        &self,
        (first, last): (u64, u64),
        mut begun: Option<Body>,
        sink: &mut S,
    ) -> Result<(), Error> {
        let mut at = first;
        let mut attempt = 1;
        loop {
            let lost = match self.pour((&mut at, last), begun.take(), sink).await {
                Ok(()) if at > last => return Ok(()),
                Ok(()) => Error::new(ErrorKind::Network, "the body ended early"),
                Err(error) => error,
            };
            let again = matches!(lost.kind(), ErrorKind::Network | ErrorKind::Timeout);
            // What failed before the first byte was retried as every request is.
            if !again || lost.attempts() > 0 || attempt >= self.client.retry().attempts_max {
                return Err(lost.about(&self.subject()));
            }
            self.client
                .clock()
                .sleep(self.client.retry().delay(attempt, None))
                .await;
            attempt += 1;
        }
    }

    async fn pour<S: Sink>(
        &self,
        (at, last): (&mut u64, u64),
        begun: Option<Body>,
        sink: &mut S,
    ) -> Result<(), Error> {
        let mut body = match begun {
            Some(body) => body,
            None => self.ask_for(*at, last).await?,
        };
        while let Some(chunk) = body.chunk().await? {
            let next = *at + chunk.len() as u64;
            if next > last + 1 {
                let words = "the service sent more bytes than asked for";
                return Err(Error::new(ErrorKind::Unreadable, words));
            }
            sink.take(chunk).await?;
            *at = next;
        }
        Ok(())
    }

    async fn ask_for(&self, first: u64, last: u64) -> Result<Body, Error> {
        let (reply, body) = self.get(Some(ReadRange::FromTo(first, last))).await?;
        // A store that knows no ranges sends the whole object, which is right only if it was asked for.
        let sent = match reply.content_range {
            Some(range) => (range.first, range.last),
            None => (0, reply.content_length.saturating_sub(1)),
        };
        if sent != (first, last) {
            let words = "the service sent another range than was asked for";
            return Err(Error::new(ErrorKind::Unreadable, words));
        }
        Ok(body)
    }

    /// The object, or a range of it, as it begins to come.
    pub(crate) async fn get(
        &self,
        range: Option<ReadRange>,
    ) -> Result<(Output<ObjectReply>, Body), Error> {
        let message = GetObject {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            version_id: self.version_id.clone(),
            range,
            preconditions: self.pinned.clone(),
            overrides: ResponseOverrides::default(),
            customer_key: self.customer_key.clone(),
        };
        self.client.fetch(&self.context, &message).await
    }
}
