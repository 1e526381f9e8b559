//! The same client for programs that do not wait in futures.
//!
//! Every call is there, put together by the same builder: a closure makes it, and the façade waits.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
//! # fn main() { example(|client| async move { tokio::task::spawn_blocking(move || {
//! let client = cosette::blocking::Client::new(client)?;
//! let copied = client.send(|cos| {
//!     cos.put_object_copy()
//!         .bucket("examplebucket-1250000000")
//!         .key("b/1.jpg")
//!         .copy_source("sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg")
//!         .send()
//! })?;
//! println!("{}", copied.etag);
//! for object in client.list(|cos| cos.get_bucket().bucket("examplebucket-1250000000").objects()) {
//!     println!("{}", object?.key);
//! }
//! # Ok(()) }).await.unwrap() }) }
//! ```

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::error::Error;
use crate::list::Listing;

/// A client whose calls return when they are done. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Client {
    client: crate::Client,
    runtime: Arc<Runtime>,
}

/// A listing, entry by entry. Pages are asked for as they are needed.
#[derive(Debug)]
pub struct Entries<T> {
    listing: Listing<T>,
    runtime: Arc<Runtime>,
}

impl Client {
    /// The same client, and a thread of its own for its connections.
    ///
    /// # Errors
    /// [`ErrorKind::Local`](crate::ErrorKind::Local) when there can be no thread.
    pub fn new(client: crate::Client) -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("cosette-blocking")
            .enable_all()
            .build()
            .map_err(|why| Error::local("no thread for connections", why))?;
        Ok(Self {
            client,
            runtime: Arc::new(runtime),
        })
    }

    /// Makes a call and waits for what it answers.
    ///
    /// # Errors
    /// What the call meets.
    ///
    /// # Panics
    /// Within an asynchronous task, which must not wait: there the other client is at hand.
    pub fn send<F, T>(&self, call: impl FnOnce(&crate::Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        wait(&self.runtime, call(&self.client))
    }

    /// Lists, entry by entry or page by page.
    pub fn list<T>(&self, call: impl FnOnce(&crate::Client) -> Listing<T>) -> Entries<T> {
        Entries {
            listing: call(&self.client),
            runtime: self.runtime.clone(),
        }
    }

    /// The client that does the work.
    pub fn inner(&self) -> &crate::Client {
        &self.client
    }
}

impl<T> Iterator for Entries<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        wait(&self.runtime, self.listing.next()).transpose()
    }
}

fn wait<T>(runtime: &Runtime, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    runtime.block_on(future)
}
