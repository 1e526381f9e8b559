//! T11: many clients for a while: no error, no growing number of open files, and how memory went.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::Result;
use crate::acks::Acks;
use crate::clock;
use crate::memory::resident;
use crate::server::Program;
use crate::tally::Tally;
use crate::worker::{Shift, Worker};

const CLIENTS: u64 = 64;
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
    let shift = Arc::new(Shift {
        until: clock::now() + time,
        cut: AtomicBool::new(false),
        answers_count: true,
    });
    let begun = clock::now();
    let mut working = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, shift, acks) = (client.clone(), Arc::clone(&shift), Arc::clone(&acks));
        working.spawn(async move {
            let mut worker = Worker::new(number, seed);
            let done = worker.work(&client, &shift, &acks).await;
            (worker, done)
        });
    }
    let mut looks = Vec::new();
    let looking = async {
        while clock::now() < shift.until {
            clock::pause(Duration::from_secs(1)).await;
            looks.push((begun.elapsed().as_secs_f64(), resident(pid), files(pid)));
        }
    };
    let (workers, ()) = tokio::join!(working.join_all(), looking);
    let mut acked = 0;
    for (mut worker, done) in workers {
        let done = match done {
            Ok(()) => worker.verify(&client).await,
            Err(why) => Err(why),
        };
        acked += worker.acked;
        tally.check("a client", done);
    }
    let secs = begun.elapsed().as_secs_f64();
    tally.say(&format!(
        "{acked} changes in {secs:.0} s, {:.0} a second",
        acked as f64 / secs
    ));
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
    acks.remove();
    server.stop().await?;
    program.fsck(&store).await
}

fn files(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}
