//! T5 and T6: clients work, the process or the power goes, and afterwards everything that was
//! acknowledged is there, whole; what was not, is there wholly or not at all.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cosette::Client;
use tokio::task::JoinSet;

use crate::Result;
use crate::acks::Acks;
use crate::clock;
use crate::content::{Content, Random};
use crate::disk::{Disk, FLUSH_LOG, FileSystem, LOSE_LOG};
use crate::server::{Program, Server};
use crate::tally::Tally;
use crate::worker::{BUCKET, SHARED, Shift, Worker, read};

const CLIENTS: u64 = 8;
/// The engine's journals alone may take 128 MiB.
const DISK_MIB: u64 = 1024;

/// How it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The process is killed; the kernel keeps what it wrote.
    Kill,
    /// The power goes.
    PowerCut(FileSystem),
}

/// Where the store is.
enum Place {
    Folder(PathBuf),
    Disk(Box<Disk>),
}

/// A store that crashes again and again.
struct Crashing<'a> {
    program: &'a Program,
    place: Place,
    acks: Arc<Acks>,
    random: Random,
    workers: Vec<Worker>,
    cuts: u32,
}

/// Crashes so many times; every cycle is one test.
pub(crate) async fn run(program: &Program, end: End, cycles: u64, seed: u64) -> Tally {
    let name = match end {
        End::Kill => "kills",
        End::PowerCut(FileSystem::Ext4) => "power cuts",
        End::PowerCut(FileSystem::Xfs) => "power cuts on XFS",
    };
    let mut tally = Tally::new(name);
    let begun = Crashing::begin(program, end, seed).await;
    let mut crashing = match begun {
        Ok(crashing) => crashing,
        Err(why) => {
            tally.failed(&format!("seed {seed}: {why}"));
            return tally;
        }
    };
    let done = crashing.cycles(cycles, &mut tally).await;
    let acked: u64 = crashing.workers.iter().map(|worker| worker.acked).sum();
    let doubts: u64 = crashing.workers.iter().map(|worker| worker.in_doubt).sum();
    tally.say(&format!(
        "{acked} changes acknowledged and found again, {doubts} in doubt and found whole or not at all"
    ));
    match done {
        Ok(()) => crashing.acks.remove(),
        Err(why) => tally.failed(&format!(
            "seed {seed}: {why}\nwhat was begun and answered: {}",
            crashing.acks.path().display()
        )),
    }
    if let Place::Folder(folder) = &crashing.place {
        // A folder of ours that stays is seen by whoever cleans up there.
        let _ = std::fs::remove_dir_all(folder);
    }
    tally
}

impl<'a> Crashing<'a> {
    async fn begin(program: &'a Program, end: End, seed: u64) -> Result<Self> {
        let (place, name) = match end {
            End::Kill => {
                let name = format!("cosette-box-{}-kills", std::process::id());
                let folder = std::env::temp_dir().join(name);
                std::fs::create_dir_all(&folder)?;
                (Place::Folder(folder), "kills")
            }
            End::PowerCut(kind) => {
                let disk = Disk::new("cuts", kind, DISK_MIB).await?;
                (Place::Disk(Box::new(disk)), "cuts")
            }
        };
        Ok(Self {
            program,
            place,
            acks: Arc::new(Acks::new(name)?),
            random: Random(seed),
            workers: (0..CLIENTS).map(|n| Worker::new(n, seed)).collect(),
            cuts: 0,
        })
    }

    fn folder(&self) -> PathBuf {
        match &self.place {
            Place::Folder(folder) => folder.join("store"),
            Place::Disk(disk) => disk.root().join("store"),
        }
    }

    async fn cycles(&mut self, cycles: u64, tally: &mut Tally) -> Result<()> {
        let folder = self.folder();
        let mut server = self.program.serve(&folder).await?;
        prepare(&server.client()?).await?;
        for cycle in 0..cycles {
            self.work_and_crash(server).await?;
            if self.random.below(4) == 0 {
                self.crash_while_recovering(&folder).await?;
            }
            server = self.program.serve(&folder).await?;
            self.verify(&server.client()?).await?;
            // The one who serves the folder checks it.
            self.program.fsck(&folder).await?;
            if cycle % 10 == 9 || cycle + 1 == cycles {
                server.stop().await?;
                self.program.fsck(&folder).await?;
                server = self.program.serve(&folder).await?;
            }
            tally.passed();
        }
        server.kill().await
    }

    async fn work_and_crash(&mut self, server: Server) -> Result<()> {
        let client = server.client()?;
        self.acks.note("server", &format!("{:?}", server.pid()))?;
        let time = Duration::from_millis(20 + self.random.below(100));
        let shift = Arc::new(Shift {
            until: clock::now() + time * 4,
            cut: AtomicBool::new(false),
            answers_count: matches!(self.place, Place::Folder(_)),
            pace: None,
        });
        let workers = std::mem::take(&mut self.workers);
        let acks = Arc::clone(&self.acks);
        let crash = async {
            clock::pause(time).await;
            shift.cut.store(true, Ordering::SeqCst);
            self.cuts += 1;
            if let Place::Disk(disk) = &mut self.place {
                let flag = if self.cuts.is_multiple_of(2) {
                    FLUSH_LOG
                } else {
                    LOSE_LOG
                };
                self.acks.note("power", &format!("goes, flag {flag}"))?;
                disk.cut(flag).await?;
                // Whoever lives on for a moment must not acknowledge anything any more.
                clock::pause(Duration::from_millis(self.random.below(8))).await;
            }
            let log = server.log();
            server.kill().await.map(|()| log)
        };
        let work = async {
            let mut working = JoinSet::new();
            for mut worker in workers {
                let (client, shift) = (client.clone(), Arc::clone(&shift));
                let acks = Arc::clone(&acks);
                working.spawn(async move {
                    let done = worker.work(&client, &shift, &acks).await;
                    (worker, done)
                });
            }
            working.join_all().await
        };
        let (crashed, worked) = tokio::join!(crash, work);
        let log = crashed?;
        let mut problem = None;
        for (worker, done) in worked {
            problem = problem.or(done.err());
            self.workers.push(worker);
        }
        if let Some(problem) = problem {
            return Err(format!("{problem}\nthe server's log:\n{log}").into());
        }
        self.power_on().await
    }

    async fn power_on(&mut self) -> Result<()> {
        if let Place::Disk(disk) = &mut self.place {
            disk.unmount().await?;
            disk.mount().await?;
        }
        Ok(())
    }

    /// Opening a store after a crash is work, too, and may be interrupted.
    async fn crash_while_recovering(&mut self, folder: &Path) -> Result<()> {
        let mut child = self.program.begin(folder)?;
        clock::pause(Duration::from_millis(self.random.below(40))).await;
        self.acks.note("recovery", "is interrupted")?;
        if let Place::Disk(disk) = &mut self.place {
            disk.cut(LOSE_LOG).await?;
        }
        child.start_kill()?;
        child.wait().await?;
        self.power_on().await
    }

    async fn verify(&mut self, client: &Client) -> Result<()> {
        let mut verifying = JoinSet::new();
        for mut worker in std::mem::take(&mut self.workers) {
            let client = client.clone();
            verifying.spawn(async move {
                let done = worker.verify(&client).await;
                (worker, done)
            });
        }
        let mut problems = Vec::new();
        for (worker, done) in verifying.join_all().await {
            problems.extend(done.err().map(|problem| problem.to_string()));
            self.workers.push(worker);
        }
        if !problems.is_empty() {
            return Err(problems.join("\n").into());
        }
        let place = usize::try_from(self.random.below(3)).unwrap_or_default();
        let (key, stream, len) = SHARED.get(place).copied().unwrap_or_default();
        let bytes = read(client, key)
            .await?
            .ok_or_else(|| format!("{key} is gone"))?;
        if let Some(problem) = Content::new(stream, len).differs(&bytes) {
            return Err(format!("{key}: {problem}").into());
        }
        let listed = client.get_bucket().bucket(BUCKET).send().await?;
        let listed: BTreeSet<String> = listed.contents.iter().map(|o| o.key.to_string()).collect();
        let mut expected: BTreeSet<String> = self.workers.iter().flat_map(Worker::keys).collect();
        expected.extend(SHARED.iter().map(|(key, ..)| (*key).to_owned()));
        if listed != expected {
            let odd: Vec<_> = listed.symmetric_difference(&expected).collect();
            return Err(format!("listed is not what can be read: {odd:?}").into());
        }
        Ok(())
    }
}

pub(crate) async fn prepare(client: &Client) -> Result<()> {
    client.put_bucket().bucket(BUCKET).send().await?;
    for (key, stream, len) in SHARED {
        let body = Content::new(stream, len).bytes();
        let call = client.put_object().bucket(BUCKET).key(key);
        call.body(body).send().await?;
    }
    Ok(())
}
