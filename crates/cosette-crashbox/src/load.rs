//! T11: many clients for a while, at 70 % of what they can reach, whether the server keeps up or not: no
//! error, no growing number of open files, and how memory and waiting went.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cosette::Client;
use tokio::task::JoinSet;

use crate::Result;
use crate::acks::Acks;
use crate::clock;
use crate::memory::resident;
use crate::pace::Pace;
use crate::server::Program;
use crate::tally::Tally;
use crate::worker::{Shift, Worker};

const CLIENTS: u64 = 64;
/// How long the clients go as fast as they can, to know what that is.
const PEAK_TIME: Duration = Duration::from_secs(10);
/// What they ask for after that.
const SHARE_OF_PEAK: f64 = 0.7;
/// Open files may differ by so many between two looks: tables come and go.
const FILES_SLACK: usize = 200;

pub(crate) async fn run(program: &Program, time: Duration, seed: u64) -> Tally {
    let mut tally = Tally::new("load");
    let folder = std::env::temp_dir().join(format!("cosette-box-{}-load", std::process::id()));
    let done = all(program, &folder, time, seed, &mut tally).await;
    if let Err(why) = done {
        tally.failed(&format!("seed {seed}: {why}"));
    }
    // A folder of ours that stays is seen by whoever cleans up there.
    let _ = std::fs::remove_dir_all(&folder);
    tally
}

async fn all(
    program: &Program,
    folder: &PathBuf,
    time: Duration,
    seed: u64,
    tally: &mut Tally,
) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let store = folder.join("store");
    let server = program.serve(&store).await?;
    let client = server.client()?;
    crate::crashes::prepare(&client).await?;
    let pid = server.pid().ok_or("no server")?;
    let acks = Arc::new(Acks::new("load")?);
    let workers = (0..CLIENTS).map(|number| Worker::new(number, seed));
    let shift = Shift::until(clock::now() + PEAK_TIME, None);
    let begun = clock::now();
    let (workers, acked) = worked(workers.collect(), &client, &acks, &Arc::new(shift)).await?;
    let peak = acked as f64 / begun.elapsed().as_secs_f64();
    tally.say(&format!("at the peak {peak:.0} changes a second"));

    let pace = Pace::new(CLIENTS, peak * SHARE_OF_PEAK);
    let shift = Arc::new(Shift::until(clock::now() + time, Some(pace)));
    let begun = clock::now();
    let mut looks = Vec::new();
    let looking = async {
        while clock::now() < shift.until {
            clock::pause(Duration::from_secs(1)).await;
            looks.push((begun.elapsed().as_secs_f64(), resident(pid), files(pid)));
        }
    };
    let (worked, ()) = tokio::join!(worked(workers, &client, &acks, &shift), looking);
    let (mut workers, acked) = worked?;
    let secs = begun.elapsed().as_secs_f64();
    for worker in &mut workers {
        tally.check("a client", worker.verify(&client).await);
    }
    tally.say(&format!(
        "{acked} changes in {secs:.0} s, {:.0} a second",
        acked as f64 / secs
    ));
    if let Some((first, last)) = shift.pace.as_ref().and_then(Pace::p99_of_thirds) {
        tally.say(&format!(
            "99 of 100 done {:.0} ms after they were due in the first third, {:.0} ms in the last",
            first.as_secs_f64() * 1000.0,
            last.as_secs_f64() * 1000.0
        ));
    }
    let (early, late) = (looks.get(looks.len() / 3), looks.last());
    if let (Some((from, Some(rss), fds)), Some((to, Some(rss_late), fds_late))) = (early, late) {
        let grown = (*rss_late as f64 - *rss as f64) / f64::from(1 << 20);
        let slope = grown / (to - from).max(1.0) * 600.0;
        tally.say(&format!(
            "resident memory {} MiB at the end, {slope:+.1} MiB in ten minutes; {fds_late} open files"
        , rss_late >> 20));
        let steady = if *fds_late > fds + FILES_SLACK {
            Err(format!("{fds} open files became {fds_late}").into())
        } else {
            Ok(())
        };
        tally.check("open files", steady);
    }
    let held: u64 = workers.iter().map(Worker::bytes).sum();
    tally.say(&format!(
        "{} MiB on the disk for {} MiB in objects",
        taken(&store)? >> 20,
        held >> 20
    ));
    acks.remove();
    server.stop().await?;
    program.fsck(&store).await
}

/// Clients that have worked, none of which was refused anything, and how many changes they made.
async fn worked(
    workers: Vec<Worker>,
    client: &Client,
    acks: &Arc<Acks>,
    shift: &Arc<Shift>,
) -> Result<(Vec<Worker>, u64)> {
    let before: u64 = workers.iter().map(|worker| worker.acked).sum();
    let mut working = JoinSet::new();
    for mut worker in workers {
        let (client, shift, acks) = (client.clone(), Arc::clone(shift), Arc::clone(acks));
        working.spawn(async move {
            let done = worker.work(&client, &shift, &acks).await;
            done.map(|()| worker)
        });
    }
    let workers = working.join_all().await;
    let workers: Vec<Worker> = workers.into_iter().collect::<Result<_>>()?;
    let after: u64 = workers.iter().map(|worker| worker.acked).sum();
    Ok((workers, after - before))
}

/// Bytes that a folder takes up on its disk.
fn taken(folder: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // What has gone meanwhile takes no room.
        let Ok(about) = entry.metadata() else {
            continue;
        };
        bytes += if about.is_dir() {
            taken(&entry.path())?
        } else {
            about.blocks() * 512
        };
    }
    Ok(bytes)
}

fn files(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}
