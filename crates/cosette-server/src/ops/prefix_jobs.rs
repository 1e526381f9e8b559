//! Begins, shows and stops prefix jobs. What does their work is in `prefix_jobs`.

use cosette_proto::ErrorCode;
use cosette_proto::ops::{
    CancelPrefixJob, GetPrefixJob, ListPrefixJobs, PrefixJob, PrefixJobKind, PrefixJobLeft,
    PrefixJobState, PrefixJobWish, StartPrefixJob,
};
use cosette_store::{self as kept, NewPrefixJob, Store};
use cosette_types::{BucketName, Text, limits};

use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn start(
    store: &Store,
    permit: &Permit,
    op: StartPrefixJob,
) -> Result<PrefixJob, Error> {
    let Some(owner) = permit.caller().user().cloned() else {
        // There would be nobody to ask the rights of later.
        let words = "A prefix job needs a signed request.";
        return Err(Error::with(ErrorCode::AccessDenied, words));
    };
    if permit.caller().expires().is_some() {
        // The job works as the user, after this request: it would neither be narrowed as the
        // credentials are, nor end with them.
        let words =
            "A prefix job needs a permanent key: temporary credentials may be narrowed, and end.";
        return Err(Error::with(ErrorCode::AccessDenied, words));
    }
    let request = NewPrefixJob {
        kind: match op.wish.kind {
            PrefixJobKind::Copy => kept::PrefixJobKind::Copy,
            PrefixJobKind::Move => kept::PrefixJobKind::Move,
        },
        owner,
        source_bucket: op.wish.source_bucket,
        source_prefix: op.wish.source_prefix,
        target_bucket: op.bucket,
        target_prefix: op.wish.target_prefix,
        forbid_overwrite: op.wish.forbid_overwrite,
        client_token: op.client_token.as_ref().map(Text::to_text),
    };
    Ok(shown(store.start_prefix_job(request).await?))
}

pub(super) async fn get(
    store: &Store,
    permit: &Permit,
    op: &GetPrefixJob,
) -> Result<PrefixJob, Error> {
    let job = own(store, permit, &op.bucket, &op.id).await?;
    let (from, most) = (
        op.left_marker.unwrap_or_default(),
        usize::from(limits::LIST_ENTRIES_MAX),
    );
    let left = store.prefix_job_left(&op.id, from, most).await?;
    let left = left.into_iter().map(|left| PrefixJobLeft {
        number: left.number,
        key: left.key,
        code: left.code,
    });
    Ok(PrefixJob {
        left: left.collect(),
        ..shown(job)
    })
}

pub(super) async fn list(
    store: &Store,
    permit: &Permit,
    op: &ListPrefixJobs,
) -> Result<Vec<PrefixJob>, Error> {
    let jobs = store.prefix_jobs().await?.into_iter();
    let own = |job: &kept::PrefixJob| permit.caller().owns(&job.owner);
    let jobs = jobs.filter(|job| job.target_bucket == op.bucket && own(job));
    Ok(jobs.map(shown).collect())
}

pub(super) async fn cancel(
    store: &Store,
    permit: &Permit,
    op: &CancelPrefixJob,
) -> Result<PrefixJob, Error> {
    own(store, permit, &op.bucket, &op.id).await?;
    Ok(shown(store.cancel_prefix_job(&op.id).await?))
}

/// A job is asked for at the bucket that it writes to, by who began it, and by nobody else: it tells
/// keys of its source.
async fn own(
    store: &Store,
    permit: &Permit,
    bucket: &BucketName,
    id: &str,
) -> Result<kept::PrefixJob, Error> {
    let job = store.prefix_job(id).await?;
    if job.target_bucket == *bucket && permit.caller().owns(&job.owner) {
        Ok(job)
    } else {
        Err(cosette_store::Error::NoSuchJob.into())
    }
}

fn shown(job: kept::PrefixJob) -> PrefixJob {
    PrefixJob {
        id: job.id,
        wish: PrefixJobWish {
            kind: match job.kind {
                kept::PrefixJobKind::Copy => PrefixJobKind::Copy,
                kept::PrefixJobKind::Move => PrefixJobKind::Move,
            },
            source_bucket: job.source_bucket,
            source_prefix: job.source_prefix,
            target_prefix: job.target_prefix,
            forbid_overwrite: job.forbid_overwrite,
        },
        state: match job.state {
            kept::PrefixJobState::Running => PrefixJobState::Running,
            kept::PrefixJobState::Done => PrefixJobState::Done,
            kept::PrefixJobState::Cancelled => PrefixJobState::Cancelled,
            kept::PrefixJobState::Failed => PrefixJobState::Failed,
        },
        why: job.why,
        created: job.created,
        ended: job.ended,
        done: job.done,
        done_bytes: job.done_bytes,
        failed: job.failed,
        left: Vec::new(),
    }
}
