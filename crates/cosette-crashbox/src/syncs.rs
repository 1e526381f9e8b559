//! A sync that fails: nobody knows then what is on the disk, and asking again would not tell. So
//! nothing is acknowledged any more, however well later syncs go, until the store is opened anew; what
//! is there can be read, and the log says why. It makes no difference whether rows or the bytes of
//! objects could not be synced.

use std::path::Path;

use tokio::process::Command;

use crate::Result;
use crate::content::Content;
use crate::server::Program;
use crate::tally::Tally;
use crate::worker::{BUCKET, read, source};

/// What is made to fail, and how many bytes are put meanwhile: rows alone, or a file as well.
const SCENARIOS: [(&str, u64); 3] = [
    ("posix/io/sync/fdatasync", ROWS_ALONE),
    ("posix/io/sync/fdatasync", 300_000),
    ("posix/io/sync/*", 300_000),
];
/// A body that becomes a row.
const ROWS_ALONE: u64 = 900;
/// A bucket that must not come to be.
const LATER_BUCKET: &str = "later-1250000000";
/// What the log says.
const WORDS: &str = "until the store is reopened";

/// Why calls cannot be made to fail here; `None` if they can.
pub(crate) async fn missing() -> Option<String> {
    crate::tools::missing("command -v fiu-run && command -v fiu-ctrl", "fiu-utils").await
}

pub(crate) const fn scenarios() -> u64 {
    SCENARIOS.len() as u64
}

/// Each scenario is one test.
pub(crate) async fn run(program: &Program) -> Tally {
    let mut tally = Tally::new("failed syncs");
    let folder = std::env::temp_dir().join(format!("cosette-box-{}-syncs", std::process::id()));
    for (number, (call, size)) in SCENARIOS.into_iter().enumerate() {
        let folder = folder.join(number.to_string());
        tally.check(call, one(program, &folder, call, size).await);
    }
    // A folder of ours that stays is seen by whoever cleans up there.
    let _ = std::fs::remove_dir_all(&folder);
    tally
}

async fn one(program: &Program, folder: &Path, call: &str, size: u64) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let store = folder.join("store");
    let mut failing = program.clone();
    failing.under = ["fiu-run", "-x"].map(str::to_owned).to_vec();
    let server = failing.serve(&store).await?;
    let pid = server.pid().ok_or("no server")?;
    let client = || server.client();
    client()?.put_bucket().bucket(BUCKET).send().await?;
    let kept = Content::new(1, size);
    let put = client()?.put_object().bucket(BUCKET).key("kept");
    put.body(kept.bytes()).send().await?;

    control(pid, &format!("enable name={call}")).await?;
    let put = client()?.put_object().bucket(BUCKET).key("doubtful");
    refused(
        "the put",
        put.body(Content::new(2, size).bytes()).send().await,
    )?;
    control(pid, &format!("disable name={call}")).await?;
    // Syncs work again, and nobody may believe them.
    let put = client()?.put_object().bucket(BUCKET).key("later");
    refused(
        "a later put",
        put.body(Content::new(3, size).bytes()).send().await,
    )?;
    let copy = client()?.put_object_copy().bucket(BUCKET).key("copy");
    refused(
        "a later copy",
        copy.copy_source(source("kept")).send().await,
    )?;
    let delete = client()?.delete_object().bucket(BUCKET).key("kept");
    refused("a later delete", delete.send().await)?;
    let bucket = client()?.put_bucket().bucket(LATER_BUCKET);
    refused("a later bucket", bucket.send().await)?;
    same(&kept, read(&client()?, "kept").await?)?;
    if !server.log().contains(WORDS) {
        return Err(format!("the log does not say `{WORDS}`:\n{}", server.log()).into());
    }
    server.kill().await?;

    let server = program.serve(&store).await?;
    let client = server.client()?;
    same(&kept, read(&client, "kept").await?)?;
    for gone in ["later", "copy"] {
        if read(&client, gone).await?.is_some() {
            return Err(format!("{gone} was refused and is there").into());
        }
    }
    if let Some(bytes) = read(&client, "doubtful").await? {
        same(&Content::new(2, size), Some(bytes))?;
    }
    let put = client.put_object().bucket(BUCKET).key("later");
    put.body(kept.bytes()).send().await?;
    server.stop().await?;
    program.fsck(&store).await
}

fn refused<T>(what: &str, outcome: std::result::Result<T, cosette::Error>) -> Result<()> {
    match outcome {
        Err(why) if why.status().is_some_and(|status| status >= 500) => Ok(()),
        Err(why) => Err(format!("{what} failed otherwise: {why}").into()),
        Ok(_) => Err(format!("{what} was acknowledged").into()),
    }
}

fn same(expected: &Content, found: Option<Vec<u8>>) -> Result<()> {
    let found = found.ok_or("what was acknowledged is gone")?;
    match expected.differs(&found) {
        Some(problem) => Err(problem.into()),
        None => Ok(()),
    }
}

/// Tells the library that makes calls fail.
async fn control(pid: u32, command: &str) -> Result<()> {
    let mut ctrl = Command::new("fiu-ctrl");
    crate::disk::tool(ctrl.args(["-c", command, &pid.to_string()])).await?;
    Ok(())
}
