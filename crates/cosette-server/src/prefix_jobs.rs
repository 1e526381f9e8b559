//! Does the work of prefix jobs, one step of each after the other, also those that an earlier process
//! left. For every object it asks what a request by the one who began the job would be asked: a job
//! can do nothing that its owner could not do by hand, now.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cosette_proto::ops::{CopyObject, MoveObject, Operation};
use cosette_proto::{Dialect, ErrorCode};
use cosette_store::{Candidate, Clock, PrefixJob, PrefixJobKind, PrefixJobState, Store, Verdict};
use cosette_types::{AclHeaders, CopySource, Metadata, ObjectKey, Preconditions, Tags};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access::Access;
use crate::auth::Caller;
use crate::error::Error;
use crate::policy::{self, Circumstances, Court};

/// The pause before a step is tried again that failed for a reason which may pass.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Tells the worker that there may be work. It ends when this goes.
#[derive(Debug)]
pub(crate) struct Jobs {
    /// Whether the worker is to end.
    end: watch::Sender<bool>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Jobs {
    /// Begins to work, in the background, for as long as this lives. What an earlier process left is
    /// gone on with at once.
    pub(crate) fn begin(store: &Store, access: &Arc<Access>, clock: &Arc<dyn Clock>) -> Self {
        let (end, told) = watch::channel(false);
        let worker = Worker {
            store: store.clone(),
            access: Arc::clone(access),
            clock: Arc::clone(clock),
        };
        let worker = tokio::spawn(worker.run(told));
        Self {
            end,
            worker: Mutex::new(Some(worker)),
        }
    }

    /// There is a new job.
    pub(crate) fn tell(&self) {
        self.end.send_modify(|_| {});
    }

    /// Ends the worker, after the step that it is at: from then on it holds nothing of the store.
    pub(crate) async fn end(&self) {
        self.end.send_replace(true);
        let worker = self.worker.lock();
        let worker = worker.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker {
            // It never panics on purpose; if it did, there is nothing left to wait for.
            let _ = worker.await;
        }
    }
}

struct Worker {
    store: Store,
    access: Arc<Access>,
    clock: Arc<dyn Clock>,
}

impl Worker {
    async fn run(self, mut told: watch::Receiver<bool>) {
        loop {
            // Marked as seen before looking, so that a job begun meanwhile is not missed.
            if *told.borrow_and_update() {
                return;
            }
            let found = self.round().await;
            if told.has_changed().is_err() {
                return;
            }
            match found {
                Ok(true) => {}
                Ok(false) => {
                    if told.changed().await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a prefix job could not go on; it will try again");
                    tokio::select! {
                        () = tokio::time::sleep(RETRY_PAUSE) => {}
                        _ = told.changed() => {}
                    }
                }
            }
        }
    }

    /// One step of every job; whether there was one.
    async fn round(&self) -> Result<bool, Error> {
        let jobs = self.store.prefix_jobs().await?.into_iter();
        let running = jobs.filter(|job| job.state == PrefixJobState::Running);
        let mut any = false;
        for job in running {
            any = true;
            match self.step(&job).await {
                Ok(()) => {}
                Err(error) if error.code().status().is_client_error() => {
                    let why = format!("{}: {}", error.code(), error.message());
                    self.store.fail_prefix_job(&job.id, &why).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(any)
    }

    async fn step(&self, job: &PrefixJob) -> Result<(), Error> {
        let caller = Caller::again(&self.access, &job.owner).ok_or_else(|| {
            let words = "Who began the job has no key any more.";
            Error::with(ErrorCode::AccessDenied, words)
        })?;
        let mut judged = Vec::new();
        for candidate in self.store.prefix_batch(&job.id).await? {
            let verdict = self.judge(&caller, job, &candidate).await?;
            judged.push((candidate, verdict));
        }
        match self.store.advance_prefix_job(&job.id, judged).await {
            Ok(_) => Ok(()),
            // Others write the same keys just now: looked at again, later.
            Err(cosette_store::Error::Conflict) => Ok(()),
            Err(fact) => Err(fact.into()),
        }
    }

    async fn judge(
        &self,
        caller: &Caller,
        job: &PrefixJob,
        candidate: &Candidate,
    ) -> Result<Verdict, Error> {
        let Some(target) = &candidate.target else {
            return Ok(Verdict::Stay(ErrorCode::InvalidObjectName.to_string()));
        };
        let circumstances = Circumstances::of_job(self.clock.now());
        let region = self.store.bucket(&job.target_bucket).await?.region.clone();
        let court = Court {
            store: &self.store,
            access: &self.access,
            host_region: None,
            dialect: Dialect::Cos,
            region: &region,
            circumstances: &circumstances,
        };
        for operation in operations(job, &candidate.key, target) {
            match policy::permit(court, caller.clone(), operation).await {
                Ok(_) => {}
                Err(error) if error.code().status().is_client_error() => {
                    return Ok(Verdict::Stay(error.code().to_string()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Verdict::Go)
    }
}

/// The requests that would do the same by hand.
fn operations(job: &PrefixJob, key: &ObjectKey, target: &ObjectKey) -> Vec<Operation> {
    let copy = Operation::CopyObject(CopyObject {
        bucket: job.target_bucket.clone(),
        key: target.clone(),
        source: CopySource {
            bucket: job.source_bucket.clone(),
            region: None,
            key: key.clone(),
            version_id: None,
        },
        source_preconditions: Preconditions::default(),
        directive: None,
        metadata: Metadata::default(),
        storage_class: None,
        acl: AclHeaders::default(),
        tagging_directive: None,
        tags: Tags::new(),
        forbid_overwrite: job.forbid_overwrite,
        target_preconditions: Preconditions::default(),
        encryption: None,
        keep_encryption: false,
        source_key: None,
    });
    match job.kind {
        PrefixJobKind::Copy => vec![copy],
        PrefixJobKind::Move if job.source_bucket == job.target_bucket => {
            vec![Operation::MoveObject(MoveObject {
                bucket: job.target_bucket.clone(),
                key: target.clone(),
                source_key: key.clone(),
                source_preconditions: Preconditions::default(),
                forbid_overwrite: job.forbid_overwrite,
                target_preconditions: Preconditions::default(),
                acl: AclHeaders::default(),
                client_token: None,
            })]
        }
        PrefixJobKind::Move => {
            let delete = cosette_proto::ops::DeleteObject {
                bucket: job.source_bucket.clone(),
                key: key.clone(),
                version_id: None,
                preconditions: Preconditions::default(),
            };
            vec![copy, Operation::DeleteObject(delete)]
        }
    }
}
