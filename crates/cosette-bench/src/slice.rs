//! One slice of a measurement: the workers of one server, on threads of their own, for a time.
//!
//! Each thread has a runtime of its own and keeps it busy with nothing else, so that what a request
//! costs here is small against what it costs the server, and the same for every server.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Barrier, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use crate::clock::Moment;
use crate::error::Error;
use crate::process::{Sample, Usage};
use crate::tally::Tally;
use crate::worker::{Ready, Shared, Worker};

/// How long operations under way may go on after a run was told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// What a slice has measured.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    pub(crate) tally: Tally,
    /// What the server's process used meanwhile, where that is looked at.
    pub(crate) usage: Option<Usage>,
}

/// Measures one slice; blocks until it is over.
pub(crate) fn measure(shared: &Shared, process: Option<u32>) -> Result<Slice, Error> {
    let threads = shared.plan.threads;
    // Everybody begins at once, and so does the look at the server's process.
    let (begin, end) = (Barrier::new(threads + 1), Barrier::new(threads + 1));
    let outcome: Mutex<Result<Tally, Error>> = Mutex::new(Ok(Tally::default()));
    let mut usage = None;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (begin, end, outcome) = (&begin, &end, &outcome);
            scope.spawn(move || {
                let done = thread_of_workers(shared, thread, begin, end);
                let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
                match (outcome.as_mut(), done) {
                    (Ok(tally), Ok(own)) => tally.join(&own),
                    (Ok(_), Err(error)) => *outcome = Err(error),
                    (Err(_), _) => {}
                }
            });
        }
        begin.wait();
        let before = process.and_then(Sample::take);
        end.wait();
        let after = process.and_then(Sample::take);
        usage = before.zip(after).map(|(before, after)| after.since(before));
    });
    let tally = outcome
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)?;
    Ok(Slice { tally, usage })
}

fn thread_of_workers(
    shared: &Shared,
    thread: usize,
    begin: &Barrier,
    end: &Barrier,
) -> Result<Tally, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let prepared = runtime.map_err(|why| Error::new(format!("a runtime: {why}")));
    let prepared = prepared.and_then(|runtime| {
        let ready = Rc::new(Ready::of(shared));
        let numbers = (thread..shared.plan.concurrency).step_by(shared.plan.threads);
        let workers = numbers.map(|number| {
            let number = u64::try_from(number).unwrap_or(0);
            let tally = Rc::new(RefCell::new(Tally::default()));
            let worker = Worker::new(shared.clone(), Rc::clone(&ready), Rc::clone(&tally), number);
            (worker, tally)
        });
        let (mut workers, tallies): (Vec<_>, Vec<_>) = workers.unzip();
        let preparing = join_all(workers.iter_mut().map(Worker::prepare));
        let prepared: Result<Vec<()>, _> = runtime.block_on(preparing).into_iter().collect();
        prepared.map_err(Error::from)?;
        Ok((runtime, workers, tallies))
    });
    // The barriers are passed whatever happened: others wait at them.
    begin.wait();
    let worked = prepared.map(|(runtime, mut workers, tallies)| {
        let begun = Moment::now();
        runtime.block_on(async {
            let working = join_all(workers.iter_mut().map(|worker| worker.work(begun)));
            tokio::select! {
                _ = working => {}
                () = async {
                    shared.gate.stop.told().await;
                    tokio::time::sleep(GRACE).await;
                } => {}
            }
        });
        (runtime, workers, tallies)
    });
    end.wait();
    worked.map(|(runtime, mut workers, tallies)| {
        runtime.block_on(join_all(workers.iter_mut().map(Worker::finish)));
        let mut all = Tally::default();
        for tally in tallies {
            all.join(&tally.borrow());
        }
        all
    })
}
