//! Forms that a browser may send: POST Object with a policy, signed.

use std::ops::RangeInclusive;
use std::time::Duration;

use cosette_proto::form::{PostPolicy, Sizes};
use cosette_proto::sign::{self, Validity};
use cosette_proto::{Query, Request, Target};
use cosette_types::{BucketName, Timestamp};
use http::{HeaderMap, Method};

use crate::argument::Argument;
use crate::calls::common_setters;
use crate::client::Client;
use crate::draft::Draft;
use crate::error::Error;

const BUCKET: &str = "bucket";
const KEY: &str = "key";
/// What stands in a key for the name of the file that a browser sends.
const FILE_NAME: &str = "${filename}";

/// A form, being put together. See [`Client::presign_post`].
#[derive(Debug)]
#[must_use = "a form does nothing until it is signed"]
pub struct PresignPost {
    draft: Draft,
    bucket: Option<BucketName>,
    key: Option<String>,
    fields: Vec<(String, String)>,
    begins: Vec<(String, String)>,
    sizes: Option<Sizes>,
}

/// A form that anybody can send until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresignedPost {
    /// Where it is posted to, as `multipart/form-data`.
    pub url: String,
    /// The fields that it must have, signature included. The field `file` comes after them, last.
    pub fields: Vec<(String, String)>,
}

impl Client {
    /// A form for a page, with which a browser stores one object without keys of its own: URL and
    /// fields, signed with a policy that allows these fields and no others. Nothing is sent.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(|client| async move {
    /// use std::time::Duration;
    /// let form = client
    ///     .presign_post()
    ///     .bucket("examplebucket-1250000000")
    ///     .key("inbox/${filename}")
    ///     .field("success_action_status", "201")
    ///     .sizes(1..=10 << 20)
    ///     .presign(Duration::from_secs(600))?;
    /// println!("<form action=\"{}\" method=\"post\" enctype=\"multipart/form-data\">", form.url);
    /// for (name, value) in &form.fields {
    ///     println!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
    /// }
    /// println!("<input type=\"file\" name=\"file\"><input type=\"submit\"></form>");
    /// # Ok(()) }) }
    /// ```
    #[doc(alias = "generate_presigned_post")]
    #[doc(alias = "postObject")]
    pub fn presign_post(&self) -> PresignPost {
        PresignPost {
            draft: Draft::new(self),
            bucket: None,
            key: None,
            fields: Vec::new(),
            begins: Vec::new(),
            sizes: None,
        }
    }
}

impl PresignPost {
    common_setters!();

    /// The bucket.
    pub fn bucket(mut self, bucket: impl Argument<BucketName>) -> Self {
        if let Some(bucket) = self.draft.take(BUCKET, bucket) {
            self.bucket = Some(bucket);
        }
        self
    }

    /// The key. Where `${filename}` stands in it comes the name of the browser's file: then any key is
    /// allowed that begins with what stands before it.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// A field with this value, such as `Content-Type`, `acl`, `success_action_redirect`, or a header
    /// of user metadata.
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Allows a field whose value begins so; the page sets it.
    pub fn field_starts_with(mut self, name: impl Into<String>, prefix: impl Into<String>) -> Self {
        self.begins.push((name.into(), prefix.into()));
        self
    }

    /// How large the file may be, in bytes; of any size when not given.
    pub fn sizes(mut self, bytes: RangeInclusive<u64>) -> Self {
        let (min, max) = bytes.into_inner();
        self.sizes = Some(Sizes { min, max });
        self
    }

    /// The form, good for `valid` from now on.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when something is missing or not legal, and
    /// for a client without credentials.
    pub fn presign(self, valid: Duration) -> Result<PresignedPost, Error> {
        self.draft.check()?;
        if !self.draft.context.headers.is_empty() {
            let words = "a form has no headers; give them as fields";
            return Err(Error::invalid("header", words));
        }
        let bucket = self.bucket.ok_or_else(|| Error::missing(BUCKET))?;
        let key = self.key.filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| Error::missing(KEY))?;
        let region = self.draft.region_in_force()?;
        let client = &self.draft.client;
        let credentials = client
            .credentials()
            .ok_or_else(|| Error::missing("credentials"))?;
        let (now, secs) = (client.service_time(), valid.as_secs());
        let expires = Timestamp::from_secs(now.secs().saturating_add(secs));
        let policy = PostPolicy::until(expires).equals(BUCKET, bucket.as_str());
        let policy = match key.split_once(FILE_NAME) {
            Some((prefix, _)) => policy.starts_with(KEY, prefix),
            None => policy.equals(KEY, key.as_str()),
        };
        let policy = self.fields.iter().fold(policy, |policy, (name, value)| {
            policy.equals(name, value.as_str())
        });
        let policy = self.begins.iter().fold(policy, |policy, (name, prefix)| {
            policy.starts_with(name, prefix.as_str())
        });
        let policy = match self.sizes {
            Some(sizes) => policy.sizes(sizes),
            None => policy,
        };
        let signature = sign::sign_form(
            credentials.signer(),
            policy,
            client.dialect(),
            region.as_str(),
            (Validity::lasting(now, secs), now),
        );
        let request = Request {
            method: Method::POST,
            target: Target::Bucket(bucket),
            query: Query::new(),
            headers: HeaderMap::new(),
            payload: None,
        };
        let address = client.endpoint().address(&request.target, Some(&region))?;
        let path = request.path_and_query(address.style);
        let mut fields = vec![(KEY.to_owned(), key)];
        fields.extend(self.fields);
        fields.extend(signature);
        Ok(PresignedPost {
            url: format!("{}://{}{path}", address.scheme, address.authority),
            fields,
        })
    }
}
