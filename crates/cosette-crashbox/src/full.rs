//! T20: a disk filled to its last block and its last file. Whatever grows the store is refused with
//! the one code for that, whatever was stored is read, deletes make room, and a store opens.

use std::path::{Path, PathBuf};

use crate::Result;
use crate::content::Content;
use crate::disk::{Disk, FileSystem};
use crate::server::{Program, Server};
use crate::tally::Tally;
use crate::worker::{BUCKET, read, source};

/// The engine's journals alone may take 128 MiB before they are given back.
const DISK_MIB: u64 = 320;
/// Objects that are there before the disk is full.
const OBJECTS: u64 = 40;
/// The answer to whatever would grow the store.
const FULL: (u16, &str) = (503, "InsufficientStorage");

/// Every scenario is one test.
pub(crate) async fn run(program: &Program, scenarios: u64) -> Tally {
    let mut tally = Tally::new("full disk");
    for scenario in 0..scenarios {
        let by_files = scenario % 2 == 1;
        let what = if by_files {
            "no files left"
        } else {
            "no blocks left"
        };
        tally.check(what, one(program, by_files, scenario).await);
    }
    tally
}

async fn one(program: &Program, by_files: bool, scenario: u64) -> Result<()> {
    let disk = Disk::new("full", FileSystem::Ext4, DISK_MIB).await?;
    let (root, folder) = (disk.root(), disk.root().join("store"));
    let mut server = program.serve(&folder).await?;
    let client = server.client()?;
    client.put_bucket().bucket(BUCKET).send().await?;
    for number in 0..OBJECTS {
        let call = client.put_object().bucket(BUCKET).key(key(number));
        call.body(content(number).bytes()).send().await?;
    }
    // Somebody else takes all there is, at different moments.
    let reopen = scenario % 4 >= 2;
    if reopen {
        server.stop().await?;
        fill(&root, by_files)?;
        server = program.serve(&folder).await?;
    } else {
        fill(&root, by_files)?;
    }
    refused_and_read(&server, by_files).await?;
    // Opening works while the disk is full, after a crash as well.
    server.kill().await?;
    let server = program.serve(&folder).await?;
    refused_and_read(&server, by_files).await?;
    let client = server.client()?;
    for number in 0..OBJECTS / 2 {
        let call = client.delete_object().bucket(BUCKET).key(key(number));
        let deleted = call.send().await;
        deleted.map_err(|why| format!("delete {number} on a full disk: {why}"))?;
    }
    server.kill().await?;
    let server = program.serve(&folder).await?;
    let client = server.client()?;
    for number in 0..OBJECTS {
        let (found, key) = (read(&client, &key(number)).await?, key(number));
        match found {
            None if number < OBJECTS / 2 => {}
            Some(bytes) if number >= OBJECTS / 2 => {
                if let Some(problem) = content(number).differs(&bytes) {
                    return Err(format!("{key}: {problem}").into());
                }
            }
            found => return Err(format!("{key}: {:?} bytes", found.map(|b| b.len())).into()),
        }
    }
    // When the others have gone, everything works again.
    empty(&root)?;
    let call = client.put_object().bucket(BUCKET).key("after");
    call.body(content(1000).bytes()).send().await?;
    let status = server.stop().await?;
    if !status.success() {
        return Err(format!("it did not end well: {status}").into());
    }
    program.fsck(&folder).await
}

/// What grows is refused with one code; what is there can be read.
async fn refused_and_read(server: &Server, by_files: bool) -> Result<()> {
    // One for each request: the server may close a connection on which it has refused a body.
    let client = || server.client();
    for size in [1000, 3 << 20] {
        let call = client()?.put_object().bucket(BUCKET).key("more");
        let body = Content::new(7, size).bytes();
        match call.body(body).send().await {
            // A tiny body needs no file, and little room may be left where files ran out.
            Ok(_) if by_files => {}
            Ok(_) => return Err(format!("{size} bytes were stored on a full disk").into()),
            Err(why) if (why.status(), why.code()) == (Some(FULL.0), Some(FULL.1)) => {}
            Err(why) => return Err(format!("not {FULL:?}: {why}").into()),
        }
    }
    let call = client()?.put_object_copy().bucket(BUCKET).key("copy");
    match call.copy_source(source(&key(OBJECTS - 1))).send().await {
        Ok(_) => {}
        Err(why) if (why.status(), why.code()) == (Some(FULL.0), Some(FULL.1)) => {}
        Err(why) => return Err(format!("copy on a full disk: {why}").into()),
    }
    for number in [OBJECTS - 1, OBJECTS - 2] {
        let bytes = read(&client()?, &key(number))
            .await?
            .ok_or("an object is gone")?;
        if let Some(problem) = content(number).differs(&bytes) {
            return Err(problem.into());
        }
    }
    Ok(())
}

fn key(number: u64) -> String {
    format!("object/{number}")
}

/// Every fourth is large enough for a file of its own kind; others are rows.
fn content(number: u64) -> Content {
    let len = if number.is_multiple_of(4) {
        700_000
    } else {
        900
    };
    Content::new(number + 1, len)
}

fn filler(root: &Path) -> PathBuf {
    root.join("others")
}

/// Takes up everything: the last block, or the last file.
fn fill(root: &Path, by_files: bool) -> Result<()> {
    let folder = filler(root);
    std::fs::create_dir_all(&folder)?;
    if by_files {
        for number in 0_u64.. {
            if std::fs::File::create(folder.join(number.to_string())).is_err() {
                return Ok(());
            }
        }
    }
    use std::io::Write;
    let mut file = std::fs::File::create(folder.join("blocks"))?;
    for size in [1 << 20, 64 << 10, 4 << 10, 1] {
        let piece = vec![1; size];
        while file.write(&piece).is_ok_and(|count| count > 0) {}
    }
    // That it cannot be synced whole is what was wanted.
    let _ = file.sync_all();
    Ok(())
}

fn empty(root: &Path) -> Result<()> {
    std::fs::remove_dir_all(filler(root))?;
    Ok(())
}
