//! The proof by trace: for every acknowledged change, a sync of the journal has returned between the
//! journal's last write and the bytes of the answer. Seen from outside, in the system calls.

use std::collections::HashMap;
use std::path::PathBuf;

use cosette::Client;

use crate::Result;
use crate::content::Content;
use crate::server::Program;
use crate::tally::Tally;
use crate::worker::{BUCKET, part_number, source};

const CALLS: &str = "trace=openat,close,write,writev,pwrite64,pwritev,fsync,fdatasync,sendto,sendmsg,accept4,accept";

/// Why nothing can be traced here; `None` if it can.
pub(crate) async fn missing() -> Option<String> {
    crate::tools::missing("strace -V", "strace").await
}

/// Each of the operations is one test.
pub(crate) async fn run(program: &Program) -> Tally {
    let mut tally = Tally::new("syncs before answers");
    let folder = std::env::temp_dir().join(format!("cosette-box-{}-trace", std::process::id()));
    match traced(program, &folder, &mut tally).await {
        Ok(()) => {
            // A folder of ours that stays is seen by whoever cleans up there.
            let _ = std::fs::remove_dir_all(&folder);
        }
        Err(why) => tally.failed(&format!("{why}; the trace is in {}", folder.display())),
    }
    tally
}

async fn traced(program: &Program, folder: &PathBuf, tally: &mut Tally) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let trace = folder.join("trace");
    let mut program = program.clone();
    program.under = ["strace", "-f", "-ttt", "-y", "-s", "64", "-e", CALLS, "-o"]
        .map(str::to_owned)
        .to_vec();
    program.under.push(trace.display().to_string());
    let server = program.serve(&folder.join("store")).await?;
    let asked = ask(&server.client()?).await?;
    server.stop_traced().await?;
    let text = std::fs::read_to_string(&trace)?;
    let answers = answers(&text);
    if answers.len() < asked.len() {
        return Err(format!("{} answers for {} requests", answers.len(), asked.len()).into());
    }
    for (what, verdict) in asked.into_iter().zip(answers) {
        tally.check(what, verdict.map_err(Into::into));
    }
    Ok(())
}

/// Every kind of change, one after the other; gives their names.
async fn ask(client: &Client) -> Result<Vec<&'static str>> {
    client.put_bucket().bucket(BUCKET).send().await?;
    let body = || Content::new(1, 900).bytes();
    let mut asked = vec!["put bucket"];
    client
        .put_object()
        .bucket(BUCKET)
        .key("a")
        .body(body())
        .send()
        .await?;
    asked.push("put");
    let large = Content::new(2, 300_000).bytes();
    client
        .put_object()
        .bucket(BUCKET)
        .key("large")
        .body(large)
        .send()
        .await?;
    asked.push("put of a file");
    let copy = client.put_object_copy().bucket(BUCKET).key("b");
    copy.copy_source(source("a")).send().await?;
    asked.push("copy");
    client
        .rename_object()
        .bucket(BUCKET)
        .key("c")
        .source_key("b")
        .send()
        .await?;
    asked.push("rename");
    let upload = client
        .multipart_init()
        .bucket(BUCKET)
        .key("d")
        .send()
        .await?;
    asked.push("begin an upload");
    let id = upload.upload_id.clone();
    let part = client
        .multipart_upload()
        .bucket(BUCKET)
        .key("d")
        .upload_id(id.clone());
    let part = part.part_number(part_number(1)).body(body()).send().await?;
    asked.push("part");
    let complete = client
        .multipart_complete()
        .bucket(BUCKET)
        .key("d")
        .upload_id(id);
    complete
        .part(part_number(1), part.etag.clone())
        .send()
        .await?;
    asked.push("complete");
    client
        .delete_object()
        .bucket(BUCKET)
        .key("c")
        .send()
        .await?;
    asked.push("delete");
    Ok(asked)
}

/// What the trace says of each answer with a status of success, in order.
fn answers(trace: &str) -> Vec<std::result::Result<(), String>> {
    let mut verdicts = Vec::new();
    // Written and not yet synced, by file.
    let mut dirty: HashMap<String, usize> = HashMap::new();
    let mut written = 0;
    // A call that another thread interrupted in the trace: its thread, and what it is.
    let mut unfinished: HashMap<&str, String> = HashMap::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.trim_start().split_once(' ') else {
            continue;
        };
        let rest = rest
            .trim_start()
            .split_once(' ')
            .map_or("", |(_, call)| call);
        let (call, ended) = if let Some(head) = rest.strip_suffix("<unfinished ...>") {
            unfinished.insert(thread, head.to_owned());
            (head.to_owned(), false)
        } else if rest.starts_with("<...") {
            (unfinished.remove(thread).unwrap_or_default(), true)
        } else {
            (rest.to_owned(), true)
        };
        let begun = !rest.starts_with("<...");
        let name = call.split('(').next().unwrap_or_default();
        let file = between(&call, '<', '>').unwrap_or_default();
        let in_store = file.contains("/store/meta/") || file.contains("/store/extents/");
        match name {
            // Counted where it begins: what is written while a sync is under way is not synced by it.
            "write" | "writev" | "pwrite64" | "pwritev" if in_store && begun => {
                *dirty.entry(file.to_owned()).or_default() += 1;
                written += 1;
            }
            "fsync" | "fdatasync" if in_store && ended && rest.ends_with("= 0") => {
                dirty.remove(file);
            }
            "write" | "writev" | "sendto" | "sendmsg"
                if begun
                    && (file.starts_with("TCP") || file.starts_with("socket:"))
                    && call.contains("HTTP/1.1 2") =>
            {
                let journal = |(file, _): &(&String, &usize)| {
                    file.ends_with(".jnl") || file.ends_with(".segment")
                };
                let unsynced = dirty.iter().find(journal);
                verdicts.push(match unsynced {
                    Some((file, count)) => {
                        Err(format!("answered with {count} writes to {file} not synced"))
                    }
                    None if written == 0 => Err("answered without writing anything".to_owned()),
                    None => Ok(()),
                });
                written = 0;
            }
            _ => {}
        }
    }
    verdicts
}

fn between(text: &str, open: char, close: char) -> Option<&str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(inner, _)| inner)
}

#[cfg(test)]
mod tests {
    use super::answers;

    const WRITE: &str = "7 1.0 pwrite64(5</x/store/meta/0.jnl>, \"..\", 10, 0) = 10\n";
    const SYNC: &str = "7 1.1 fdatasync(5</x/store/meta/0.jnl>) = 0\n";
    const ANSWER: &str = "8 1.2 writev(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base=\"HTTP/1.1 200 OK\"}], 2) = 100\n";

    fn check(lines: &[&str], good: bool) {
        let answers = answers(&lines.concat());
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].is_ok(), good, "{answers:?}");
    }

    #[test]
    fn an_answer_before_its_sync_is_seen() {
        check(&[WRITE, SYNC, ANSWER], true);
        check(&[WRITE, ANSWER, SYNC], false);
        check(&[ANSWER], false);
        let begun = "7 1.1 fdatasync(5</x/store/meta/0.jnl> <unfinished ...>\n";
        let ended = "7 1.3 <... fdatasync resumed>) = 0\n";
        check(&[WRITE, begun, ended, ANSWER], true);
        check(&[WRITE, begun, ANSWER, ended], false);
        let failed = "7 1.1 fdatasync(5</x/store/meta/0.jnl>) = -1 EIO (Input/output error)\n";
        check(&[WRITE, failed, ANSWER], false);
    }
}
