//! What the service can do beyond COS: asked once, remembered, and forbidden at will.
//!
//! A service that does not know the question answers it with something else, or refuses it: then it
//! can do what COS can, and everything is done by the requests that COS has. The public COS is not
//! asked, since its answer is known.

use std::collections::BTreeSet;
use std::sync::Arc;

use cosette_proto::ops::{Capabilities, Capability, GetCapabilities};
use cosette_types::Region;
use tokio::sync::OnceCell;

use crate::client::Client;
use crate::retry::RetryPolicy;
use crate::send::Context;

/// How often the question is sent: whoever asks can do without the answer.
const ATTEMPTS_MAX: u32 = 2;

/// What is known of a service, and what is not to be used of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Able {
    /// Shared by all clones of a client.
    told: Arc<OnceCell<Capabilities>>,
    forbidden: BTreeSet<Capability>,
}

impl Able {
    /// What need not be asked.
    pub(crate) fn known(has: Capabilities) -> Self {
        Self {
            told: Arc::new(OnceCell::new_with(Some(has))),
            forbidden: BTreeSet::new(),
        }
    }

    fn allowed(&self, told: &Capabilities) -> Capabilities {
        Capabilities {
            version: told.version.clone(),
            has: told.has.difference(&self.forbidden).copied().collect(),
        }
    }
}

impl Client {
    /// What the service can do beyond COS, less what was forbidden. It is asked once; the answer is
    /// shared by all clones. A service that cannot answer can do nothing more than COS; one that
    /// cannot be reached is asked again the next time.
    ///
    /// Moves, deletes and copies of more than 5 GiB use what it has by themselves: a move within a
    /// bucket is one request (which says, too, that an ACL stays behind), a source is deleted only if it still is what was copied, judged by the
    /// service at one instant, a copy of any size is one request, and jobs need not look at small
    /// objects for how they are encrypted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(|client| async move {
    /// use cosette::Capability;
    /// if client.capabilities().await.has.contains(&Capability::Rename) {
    ///     println!("moves within a bucket are one request");
    /// }
    /// # Ok(()) }) }
    /// ```
    pub async fn capabilities(&self) -> Capabilities {
        self.capabilities_in(None).await
    }

    /// The same; `region` is one of the service's, for a client that has none and a host that names one.
    pub(crate) async fn capabilities_in(&self, region: Option<&Region>) -> Capabilities {
        let able = self.able();
        let told = able.told.get_or_try_init(|| self.ask(region)).await;
        told.map_or_else(|()| Capabilities::default(), |told| able.allowed(told))
    }

    /// The same client, which does without something that the service has: as if it had it not.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(|client| async move {
    /// use cosette::Capability;
    /// // Copied, proved and then deleted, also within a bucket.
    /// client
    ///     .without(Capability::Rename)
    ///     .move_object()
    ///     .bucket("sourcebucket-1250000000")
    ///     .key("b/1.jpg")
    ///     .copy_source("sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg")
    ///     .send()
    ///     .await?;
    /// # Ok(()) }) }
    /// ```
    #[must_use]
    pub fn without(&self, capability: Capability) -> Self {
        let mut able = self.able().clone();
        able.forbidden.insert(capability);
        self.with_able(able)
    }

    pub(crate) async fn can(&self, capability: Capability, region: Option<&Region>) -> bool {
        self.capabilities_in(region).await.has.contains(&capability)
    }

    async fn ask(&self, region: Option<&Region>) -> Result<Capabilities, ()> {
        let asking = self.retrying(RetryPolicy {
            attempts_max: self.retry().attempts_max.min(ATTEMPTS_MAX),
            ..self.retry().clone()
        });
        let nameless = self.region().is_none() && !self.endpoint().has_service_host();
        let nowhere = Context {
            region: region.filter(|_| nameless).cloned(),
            ..Context::default()
        };
        match asking.perform(&nowhere, &GetCapabilities, None).await {
            Ok(told) => Ok(told.value),
            Err(failed) => match failed.error.status() {
                // It says no: it does not know the question, or we may not ask.
                Some(status) if status < 500 && status != 429 || status == 501 => {
                    Ok(Capabilities::default())
                }
                _ => {
                    tracing::debug!(error = %failed.error, "what the service can is not known");
                    Err(())
                }
            },
        }
    }
}
