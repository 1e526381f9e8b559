//! Carries a job out: entry by entry, many at a time, each step journalled.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use cosette_proto::ops::Capability;
use cosette_types::{CustomerKey, Region};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, watch};

use super::chain::{Chain, Turn};
use super::entry::{Entry, Place, Wanted, Work};
use super::event::{Event, Summary};
use super::job::Job;
use super::journal::{Recorder, Replayed};
use super::keys::{Given, Keys};
use super::limits;
use super::names::{self, Names, SyncFolder};
use super::patience::Patience;
use super::plan::PlanReader;
use super::work::{Able, Defaults, Finish, Listener, Worker};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::pace::Pace;
use crate::remove;

/// Entries under way at a time when nothing else is said.
const ENTRIES_DEFAULT: usize = 64;

/// Runs jobs.
///
/// Dropping the future of [`Engine::run`] is safe: what was under way stands in the journal, and
/// running the job again takes it up.
#[derive(Clone)]
#[must_use]
pub struct Engine {
    source: Option<Client>,
    target: Client,
    settings: Settings,
    listener: Listener,
    stop: Stop,
    sync_folder: SyncFolder,
}

/// How entries are carried out.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) concurrency: usize,
    pub(super) requests_per_second: Option<u32>,
    pub(super) bytes_per_second: Option<u64>,
    pub(super) part_size: Option<u64>,
    pub(super) slice_size: Option<u64>,
    pub(super) parallel_parts: Option<usize>,
    pub(super) rename: bool,
    pub(super) keys: Given,
}

/// Ends a run early: entries under way are finished, no more are begun. Clones share it.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Begins no more entries.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was asked for.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    async fn asked(&self) {
        let mut asked = self.0.subscribe();
        if asked.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending().await
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("target", &self.target)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine whose sources and targets are reached by one client.
    pub fn new(client: Client) -> Self {
        Self {
            source: None,
            target: client,
            settings: Settings {
                concurrency: ENTRIES_DEFAULT,
                requests_per_second: None,
                bytes_per_second: None,
                part_size: None,
                slice_size: None,
                parallel_parts: None,
                rename: false,
                keys: Given::default(),
            },
            listener: Arc::new(|_| {}),
            stop: Stop::new(),
            sync_folder: names::on_disk(),
        }
    }

    /// Over a disk that a test made.
    #[cfg(test)]
    pub(super) fn syncing(mut self, sync_folder: SyncFolder) -> Self {
        self.sync_folder = sync_folder;
        self
    }

    /// Sources are read, and removed, by another client: another account, or another service.
    pub fn source_client(mut self, client: Client) -> Self {
        self.source = Some(client);
        self
    }

    /// Most requests at a time, 64 when not given. Fewer are sent while the service asks for less
    /// or grows slow.
    pub fn concurrency(mut self, most: usize) -> Self {
        self.settings.concurrency = most.clamp(1, limits::CONCURRENCY_MAX);
        self
    }

    /// Most requests in a second; without bound when not given.
    pub fn requests_per_second(mut self, most: u32) -> Self {
        self.settings.requests_per_second = Some(most.max(1));
        self
    }

    /// Most bytes in a second that travel through this process; without bound when not given. What
    /// the service copies by itself does not count.
    pub fn bytes_per_second(mut self, most: u64) -> Self {
        self.settings.bytes_per_second = Some(most.max(1));
        self
    }

    /// Bytes of each part; chosen by size when not given.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.settings.part_size = Some(bytes);
        self
    }

    /// Parts of one file that are sent at a time, 4 when not given.
    pub fn parallel_parts(mut self, most: usize) -> Self {
        self.settings.parallel_parts = Some(most.max(1));
        self
    }

    /// Largest size that is copied in one request, 5 GiB when not given.
    pub fn slice_size(mut self, bytes: u64) -> Self {
        self.settings.slice_size = Some(bytes);
        self
    }

    /// Moves within a bucket are renames without asking the service whether it has them: for buckets
    /// with metadata acceleration. Another service that has none may take the request for something
    /// else. An object's own ACL goes along, unless the service says that it can be told otherwise.
    ///
    /// Without this a service that says that it has renames is used so wherever that makes no other
    /// target than a copy ([`Client::capabilities`]); [`Client::without`] forbids it.
    pub fn atomic_rename(mut self) -> Self {
        self.settings.rename = true;
        self
    }

    /// The key that targets get which the plan wants encrypted with a customer's key (SSE-C). A plan
    /// has only its MD5, and no file ever has it.
    pub fn customer_key(mut self, key: CustomerKey) -> Self {
        self.settings.keys.target = Some(key);
        self
    }

    /// The customer's key that the sources are encrypted with, where the plan says that they are.
    pub fn source_customer_key(mut self, key: CustomerKey) -> Self {
        self.settings.keys.source = Some(key);
        self
    }

    /// Is told what happens. It is called between requests and should be quick.
    pub fn on_event(mut self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.listener = Arc::new(listener);
        self
    }

    /// Ends a run of this engine early.
    pub fn stop_handle(&self) -> Stop {
        self.stop.clone()
    }

    /// Runs a job to its end: what earlier runs did stays done, what failed is tried again.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when the plan wants customers' keys that were not given: then nothing was
    /// done. [`ErrorKind::Local`] when plan or journal cannot be read or written any more. Entries that
    /// fail are no error: they are events, they are counted, and the journal says why. When all fail since
    /// the service is gone, or refuses the keys, the run ends with that error.
    pub async fn run(&self, mut job: Job) -> Result<Summary, Error> {
        Keys::of(&job.head().wanted, &self.settings.keys)?;
        let plan = job.summary();
        let finished_before = job.replayed.done + job.replayed.skipped;
        (self.listener)(&Event::Began {
            job: job.id().to_owned(),
            kind: job.head().kind.clone(),
            entries: plan.entries,
            bytes: plan.bytes,
            finished_before,
        });
        let wanted = job.head().wanted.clone();
        let first = job.first_entry()?.map(|entry| entry.work);
        // Only copies, and what removes something, can use what it is asked for.
        let copies = matches!(first, Some(Work::Copy { .. }));
        let able = match plan.removals {
            0 if !copies => Able::default(),
            _ => self.able(&places(first.as_ref())).await,
        };
        let mut summary = Summary {
            entries: plan.entries,
            done: job.replayed.done,
            skipped: job.replayed.skipped,
            ..Summary::default()
        };
        let (plan, replayed, recorder, writing) = job.begin()?;
        let ran = self
            .drive((plan, replayed, recorder), (&wanted, able), &mut summary)
            .await;
        // Whatever happened, what was noted is on the disk before anybody hears of the end.
        let written = writing.end().await;
        ran.and(written)?;
        (self.listener)(&Event::Ended(summary));
        Ok(summary)
    }

    /// What the services can that copies, moves and deletes use.
    async fn able(&self, (from, to): &(Option<Region>, Option<Region>)) -> Able {
        let source = self.source.as_ref().unwrap_or(&self.target);
        let (from, to) = (from.as_ref(), to.as_ref());
        Able {
            rename: self.target.can(Capability::Rename, to).await,
            rename_acl: self.target.can(Capability::RenameAcl, to).await,
            copy_of_any_size: self.target.can(Capability::CopyOfAnySize, to).await,
            copy_encryption: self.target.can(Capability::CopyEncryption, to).await,
            conditional_delete: remove::is_conditional(source, from).await,
        }
    }

    async fn drive(
        &self,
        (plan, mut replayed, recorder): (PlanReader, Replayed, Recorder),
        (wanted, able): (&Wanted, Able),
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let target = self.paced(&self.target);
        let source = match &self.source {
            Some(client) => self.paced(client),
            None => target.clone(),
        };
        let token = std::mem::take(&mut replayed.token);
        let carried_on = replayed.carried_on;
        let streams = Semaphore::new(limits::STREAMS_MAX);
        let files = Semaphore::new(limits::FILES_MAX);
        let names = Names::new(Arc::clone(&self.sync_folder));
        let defaults = Defaults::default();
        let worker = &Worker {
            source: &source,
            target: &target,
            settings: &self.settings,
            recorder: &recorder,
            listener: &self.listener,
            token: &token,
            carried_on,
            streams: &streams,
            files: &files,
            names: &names,
            defaults: &defaults,
            able,
        };
        let mut ahead = Ahead::new(plan);
        let mut running = FuturesUnordered::new();
        let (mut chain, mut waiting) = (Chain::default(), None);
        let mut asked = std::pin::pin!(self.stop.asked());
        let mut patience = Patience::new(self.settings.concurrency);
        loop {
            while running.len() < self.settings.concurrency && !summary.stopped {
                let next = match waiting.take() {
                    Some(next) => Some(next),
                    None => ahead.next().await?,
                };
                let Some((number, entry)) = next else {
                    break;
                };
                if replayed.is_finished(number) {
                    continue;
                }
                let turn = chain.turn(number, &entry);
                if turn == Turn::Later {
                    waiting = Some((number, entry));
                    break;
                }
                let standing = replayed.standing(number);
                running.push(async move {
                    let wanted = entry.wanted.as_ref().unwrap_or(wanted);
                    let finish = match turn {
                        Turn::Never => worker.leave(number, &entry).await,
                        _ => worker.perform(number, &entry, wanted, standing).await,
                    };
                    (number, entry, finish)
                });
            }
            let (number, entry, finish) = tokio::select! {
                biased;
                () = &mut asked, if !summary.stopped => {
                    summary.stopped = true;
                    continue;
                }
                ended = running.next() => match ended {
                    Some(ended) => ended,
                    None => break,
                },
            };
            let finish = finish?;
            let hopeless = patience.see(&finish);
            chain.ended(number, matches!(finish, Finish::Failed(_)));
            self.count(number, &entry, finish, summary);
            if let Some(why) = hopeless {
                // What is under way stands in the journal, and would fail as well.
                return Err(why);
            }
        }
        // Stopped too late to have left anything is not stopped.
        summary.stopped &= summary.done + summary.skipped + summary.failed < summary.entries;
        Ok(())
    }

    /// A client whose requests keep to the bounds of this engine. Each service has its own.
    fn paced(&self, client: &Client) -> Client {
        let listener = self.listener.clone();
        let pace = Pace::new(
            self.settings.concurrency,
            self.settings.requests_per_second.map(u64::from),
            self.settings.bytes_per_second,
            client.shared_clock(),
            move |concurrency, throttled| {
                listener(&Event::Paced {
                    concurrency,
                    throttled,
                });
            },
        );
        client.paced(pace)
    }

    fn count(&self, entry: u64, what: &Entry, finish: Finish, summary: &mut Summary) {
        let event = match finish {
            Finish::Done => {
                summary.done += 1;
                summary.bytes = summary.bytes.saturating_add(what.seen.size);
                Event::Done {
                    entry,
                    size: what.seen.size,
                }
            }
            Finish::Skipped(why) => {
                summary.skipped += 1;
                Event::Skipped { entry, why }
            }
            Finish::Failed(failure) => {
                summary.failed += 1;
                Event::Failed {
                    entry,
                    source: what.subject(),
                    failure,
                }
            }
        };
        (self.listener)(&event);
    }
}

/// The regions of the first entry's source and target: services whose hosts name a region are asked
/// there what they can.
fn places(first: Option<&Work>) -> (Option<Region>, Option<Region>) {
    let region = |place: &Place| place.region.clone();
    first.map_or((None, None), |work| match work {
        Work::Copy { source, target }
        | Work::Move { source, target }
        | Work::Mark { source, target, .. } => (region(source), region(target)),
        Work::Delete { source } | Work::Download { source, .. } => (region(source), None),
        Work::Upload { target, .. } => (None, region(target)),
    })
}

/// Reads a plan a few entries ahead, away from the threads that must not wait.
struct Ahead {
    plan: Option<PlanReader>,
    entries: VecDeque<(u64, Entry)>,
}

impl Ahead {
    fn new(plan: PlanReader) -> Self {
        Self {
            plan: Some(plan),
            entries: VecDeque::new(),
        }
    }

    async fn next(&mut self) -> Result<Option<(u64, Entry)>, Error> {
        if self.entries.is_empty()
            && let Some(plan) = self.plan.take()
        {
            let read = tokio::task::spawn_blocking(move || read_ahead(plan)).await;
            let failed = |why| Error::new(ErrorKind::Local, format!("the plan: {why}"));
            let (plan, entries) = read.map_err(failed)??;
            self.plan = Some(plan).filter(|_| !entries.is_empty());
            self.entries = entries;
        }
        Ok(self.entries.pop_front())
    }
}

fn read_ahead(mut plan: PlanReader) -> Result<(PlanReader, VecDeque<(u64, Entry)>), Error> {
    let mut entries = VecDeque::with_capacity(limits::ENTRIES_AHEAD);
    while entries.len() < limits::ENTRIES_AHEAD {
        match plan.next_entry()? {
            Some(entry) => entries.push_back(entry),
            None => break,
        }
    }
    Ok((plan, entries))
}
