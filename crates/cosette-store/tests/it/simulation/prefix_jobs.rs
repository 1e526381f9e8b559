//! A prefix job whose power goes: again and again, at every place, and every object arrives once.

use cosette_store::disk::simulated::{Fault, FaultKind};
use cosette_store::{
    Candidate, Error, NewPrefixJob, PrefixJob, PrefixJobKind, PrefixJobState, Store, Verdict,
};

use super::operation::is_of_the_disk;
use super::run::Run;
use crate::common::{self, bucket, content, get, owner};

/// More than one transaction takes.
const OBJECTS: usize = 90;
fn wish() -> NewPrefixJob {
    NewPrefixJob {
        kind: PrefixJobKind::Move,
        owner: owner(),
        source_bucket: bucket("b"),
        source_prefix: "from/".to_owned(),
        target_bucket: bucket("b"),
        target_prefix: "to/".to_owned(),
        forbid_overwrite: false,
        client_token: Some("once".to_owned()),
    }
}

/// Goes on with the job until it is done, beginning it if need be; how many objects it moved.
async fn work(store: &Store) -> Result<u64, Error> {
    let mut job = store.start_prefix_job(wish()).await?;
    while job.state == PrefixJobState::Running {
        let batch = store.prefix_batch(&job.id).await?;
        let go = |candidate: Candidate| (candidate, Verdict::Go);
        let batch = batch.into_iter().map(go).collect();
        job = store.advance_prefix_job(&job.id, batch).await?;
    }
    assert_eq!((job.state, job.failed), (PrefixJobState::Done, 0));
    Ok(job.done)
}

/// One or the other, in the middle: of a job that has moved some of its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Cancelled,
    Failed,
}

impl End {
    async fn of(self, store: &Store, id: &str) -> Result<PrefixJob, Error> {
        match self {
            Self::Cancelled => store.cancel_prefix_job(id).await,
            Self::Failed => store.fail_prefix_job(id, "why").await,
        }
    }

    fn is_seen_in(self, job: &PrefixJob) -> bool {
        let (state, why) = match self {
            Self::Cancelled => (PrefixJobState::Cancelled, ""),
            Self::Failed => (PrefixJobState::Failed, "why"),
        };
        (job.state, job.why.as_str()) == (state, why)
    }
}

fn prepared() -> Run {
    let run = Run::new(77);
    run.life().wait(async {
        let store = &run.life().store;
        for n in 0..OBJECTS {
            // Tiny ones, and some in extents of their own.
            let size = if n % 10 == 0 { 3000 } else { 20 };
            common::put(store, &format!("from/{n:03}"), &content(n as u64, size)).await;
        }
        common::put(store, "from", &content(1000, 10)).await;
        common::put(store, "to/007", &content(1001, 10)).await;
    });
    run
}

async fn arrived(store: &Store) {
    for n in 0..OBJECTS {
        let size = if n % 10 == 0 { 3000 } else { 20 };
        let bytes = get(store, &format!("to/{n:03}"), None).await.unwrap();
        assert_eq!(bytes, content(n as u64, size), "{n}");
        let gone = get(store, &format!("from/{n:03}"), None).await;
        assert_eq!(gone.err(), Some(Error::NoSuchKey), "{n}");
    }
    assert_eq!(get(store, "from", None).await.unwrap(), content(1000, 10));
}

fn cut_after(run: &Run, after: u64) {
    run.disk.prepare(Fault {
        kind: FaultKind::PowerCut,
        after,
        sticky: false,
    });
}

#[test]
fn every_object_arrives_once_wherever_the_power_goes() {
    let base = prepared();
    let (mut after, mut cuts) = (0, 0);
    loop {
        let mut run = base.copy(after + 1);
        cut_after(&run, after);
        let first = run.life().wait(work(&run.life().store));
        let finished = run.disk.is_powered();
        if let Err(error) = &first {
            assert!(is_of_the_disk(error), "{error:?}");
        }
        if finished {
            // What was prepared and did not happen must not happen to the checks.
            run.disk.heal();
        } else {
            cuts += 1;
            run.restart_after_cut();
        }
        let life = run.life();
        let moved = life.wait(work(&life.store)).unwrap();
        assert_eq!(moved, OBJECTS as u64, "cut after {after}");
        life.wait(arrived(&life.store));
        life.wait(common::sound(&life.store));
        if finished {
            break;
        }
        after += 1;
    }
    assert!(
        cuts > 20,
        "only {cuts} cuts: the job is too short to be cut"
    );
}

/// However it ends, it has ended or it goes on; and what has ended stays as it ended.
// catches: EndedJobEndsAgain
#[test]
fn a_job_ends_wholly_wherever_the_power_goes() {
    let base = prepared();
    let id = base.life().wait(async {
        let store = &base.life().store;
        let job = store.start_prefix_job(wish()).await.unwrap();
        let mut batch = store.prefix_batch(&job.id).await.unwrap();
        batch.truncate(10);
        let batch = batch.into_iter().map(|one| (one, Verdict::Go)).collect();
        let job = store.advance_prefix_job(&job.id, batch).await.unwrap();
        assert_eq!((job.state, job.done), (PrefixJobState::Running, 10));
        job.id
    });
    for (end, other) in [(End::Cancelled, End::Failed), (End::Failed, End::Cancelled)] {
        let mut cuts = 0;
        for after in 0.. {
            let mut run = base.copy(after + 1);
            cut_after(&run, after);
            let ended = run.life().wait(end.of(&run.life().store, &id));
            let finished = run.disk.is_powered();
            match &ended {
                Ok(job) => assert!(end.is_seen_in(job), "{job:?}"),
                Err(error) => assert!(!finished && is_of_the_disk(error), "{error:?}"),
            }
            run.restart_after_cut();
            let life = run.life();
            let found = life.wait(life.store.prefix_job(&id)).unwrap();
            let goes_on = found.state == PrefixJobState::Running && ended.is_err();
            assert!(
                goes_on || end.is_seen_in(&found),
                "{ended:?}, then {found:?}"
            );
            assert_eq!(found.done, 10);
            life.wait(end.of(&life.store, &id)).unwrap();
            let stays = life.wait(other.of(&life.store, &id)).unwrap();
            assert!(end.is_seen_in(&stays), "{stays:?}");
            // Nothing is moved for it any more.
            let batch = life.wait(life.store.prefix_batch(&id)).unwrap();
            let batch = batch.into_iter().map(|one| (one, Verdict::Go)).collect();
            let later = life
                .wait(life.store.advance_prefix_job(&id, batch))
                .unwrap();
            assert_eq!(later.done, 10);
            life.wait(common::sound(&life.store));
            if finished {
                break;
            }
            cuts += 1;
        }
        assert!(cuts > 3, "only {cuts} cuts");
    }
}
