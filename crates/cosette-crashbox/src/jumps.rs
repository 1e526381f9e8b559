//! T13: the machine's clock jumps by years, back and forth, while the real program runs and from one of
//! its lives to the next. Whatever it says: nothing is lost, versions stand in the order in which they
//! were made, no id is given out twice, and a signature of another time is refused.
//!
//! The program is told the time by a library of others, `libfaketime`, and monotonic clocks are left
//! alone: timers are not what is tried here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cosette::{
    BoxFuture, Client, Clock, SystemClock, Timestamp, VersionEntry, VersionId, VersionItem,
    VersioningStatus,
};
use tokio::process::Command;

use crate::Result;
use crate::content::Content;
use crate::server::{Program, Server};
use crate::tally::Tally;
use crate::tools;
use crate::worker::{BUCKET, source};

/// Where the clock goes: what it says from then on, against what it is.
const JUMPS: [&str; 7] = ["+10y", "-10y", "-1h", "+0d", "-10y", "+1h", "+0d"];
const TEN_YEARS_SECS: u64 = 10 * 365 * 24 * 60 * 60;
/// The key that has many versions, one that always is a copy of it, and one that never stays.
const KEY: &str = "versions";
const COPY: &str = "copies";
const GONE: &str = "gone";
/// What is refused.
const REFUSED: &str = "refused";
const SKEWED: (u16, &str) = (403, "RequestTimeTooSkewed");

/// Why the program cannot be told another time; `None` if it can.
pub(crate) async fn missing() -> Option<String> {
    tools::missing("command -v faketime", "faketime").await
}

/// A clock that is ten years on whenever somebody looks: there is no learning from it.
#[derive(Debug, Default)]
struct Fleeting(AtomicU64);

impl Clock for Fleeting {
    fn now(&self) -> Timestamp {
        let looks = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let far = looks.saturating_mul(TEN_YEARS_SECS);
        Timestamp::from_secs(SystemClock.now().secs().saturating_add(far))
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        SystemClock.sleep(time)
    }
}

/// What was made, and in which order.
#[derive(Debug, Default)]
struct Made {
    /// Versions of the key, the newest last; a delete marker has no content.
    versions: Vec<(VersionId, Option<Content>)>,
    copies: Vec<VersionId>,
    /// Every id that was ever given.
    ids: BTreeSet<String>,
}

/// A store whose machine does not know what time it is.
struct Jumping {
    program: Program,
    store: PathBuf,
    /// What the program is told.
    when: PathBuf,
    made: Made,
}

/// Each jump is one test.
pub(crate) async fn run(program: &Program, jumps: u64) -> Tally {
    let mut tally = Tally::new("clock");
    let folder = std::env::temp_dir().join(format!("cosette-box-{}-clock", std::process::id()));
    if let Err(why) = all(program, &folder, jumps, &mut tally).await {
        tally.failed(&why.to_string());
    }
    // A folder of ours that stays is seen by whoever cleans up there.
    let _ = std::fs::remove_dir_all(&folder);
    tally
}

async fn all(program: &Program, folder: &Path, jumps: u64, tally: &mut Tally) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut jumping = Jumping::new(program, folder).await?;
    let mut server = jumping.program.serve(&jumping.store).await?;
    let client = server.client()?;
    client.put_bucket().bucket(BUCKET).send().await?;
    let status = VersioningStatus::Enabled;
    let versioning = client.put_bucket_versioning().bucket(BUCKET);
    versioning.status(status).send().await?;
    for jump in 0..jumps {
        let place = usize::try_from(jump).unwrap_or_default() % JUMPS.len();
        let to = JUMPS.get(place).copied().unwrap_or_default();
        // While it runs, while it is down, and after it was killed.
        server = match jump % 3 {
            0 => {
                jumping.set(to)?;
                server
            }
            1 => {
                server.stop().await?;
                jumping.set(to)?;
                jumping.program.serve(&jumping.store).await?
            }
            _ => {
                server.kill().await?;
                jumping.set(to)?;
                jumping.program.serve(&jumping.store).await?
            }
        };
        let what = format!("jump {jump}, to {to}");
        let done = jumping.after_a_jump(&server, jump).await;
        tally.check(
            &what,
            done.map_err(|why| format!("{why}\n{}", server.log()).into()),
        );
    }
    jumping.set("+0d")?;
    let found = jumping.made.found(&server.client()?).await;
    tally.check("all versions", found);
    tally.say(&format!(
        "{} versions and {} copies in order after {jumps} jumps of the clock",
        jumping.made.versions.len(),
        jumping.made.copies.len()
    ));
    server.stop().await?;
    program.fsck(&jumping.store).await
}

impl Jumping {
    async fn new(program: &Program, folder: &Path) -> Result<Self> {
        // The tool knows where its library is.
        let mut asked = Command::new("faketime");
        let asked = asked.args(["-f", "+0d", "sh", "-c", "printf %s \"$LD_PRELOAD\""]);
        let library = crate::disk::tool(asked).await?;
        let when = folder.join("when");
        let mut program = program.clone();
        for (name, value) in [
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", when.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            // As versions before 0.9.8 call it.
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ] {
            program.env.push((name.to_owned(), value));
        }
        let jumping = Self {
            program,
            store: folder.join("store"),
            when,
            made: Made::default(),
        };
        jumping.set("+0d")?;
        Ok(jumping)
    }

    /// At one instant: whoever asks meanwhile is told the one or the other.
    fn set(&self, to: &str) -> Result<()> {
        let new = self.when.with_extension("new");
        std::fs::write(&new, format!("{to}\n"))?;
        Ok(std::fs::rename(new, &self.when)?)
    }

    async fn after_a_jump(&mut self, server: &Server, jump: u64) -> Result<()> {
        let put = |client: Client, key: &str| client.put_object().bucket(BUCKET).key(key);
        let lost = put(server.client_at(Fleeting::default())?, REFUSED);
        match lost.body(vec![1; 10]).send().await {
            Err(why) if (why.status(), why.code()) == (Some(SKEWED.0), Some(SKEWED.1)) => {}
            Err(why) => return Err(format!("not {SKEWED:?}: {why}").into()),
            Ok(_) => return Err("a signature of another time was taken".into()),
        }
        // It learns the server's time from the first refusal.
        let client = server.client()?;
        let made = &mut self.made;
        for (nth, size) in [(0, 900), (1, 120_000)] {
            let content = Content::new(1 + 2 * jump + nth, size);
            let sent = put(client.clone(), KEY)
                .body(content.bytes())
                .send()
                .await?;
            let id = made.new_id(sent.version_id.clone())?;
            made.versions.push((id, Some(content)));
            let copy = client.put_object_copy().bucket(BUCKET).key(COPY);
            let copied = copy.copy_source(source(KEY)).send().await?;
            let id = made.new_id(copied.version_id.clone())?;
            made.copies.push(id);
        }
        if jump % 4 == 1 {
            let delete = client.delete_object().bucket(BUCKET).key(KEY);
            let deleted = delete.send().await?;
            let id = made.new_id(deleted.version_id.clone())?;
            made.versions.push((id, None));
        }
        // Of a key that is no more, nothing is left that would know which ids it had.
        let sent = put(client.clone(), GONE).body(vec![2; 300]).send().await?;
        let id = made.new_id(sent.version_id.clone())?;
        let delete = client.delete_object().bucket(BUCKET).key(GONE);
        delete.version_id(id).send().await?;
        made.in_order(&client).await
    }
}

impl Made {
    /// An id, which must not have been given before.
    fn new_id(&mut self, id: Option<VersionId>) -> Result<VersionId> {
        let id = id.ok_or("no version id")?;
        if !self.ids.insert(id.to_string()) {
            return Err(format!("the version id {id} was given out twice").into());
        }
        Ok(id)
    }

    /// Both keys are listed with all their versions, the newest first, and nothing else is there.
    async fn in_order(&self, client: &Client) -> Result<()> {
        let list = client.list_object_versions().bucket(BUCKET);
        let listed = list.send().await?.value.items;
        let copies = self.copies.iter().rev().map(|id| (COPY, id));
        let versions = self.versions.iter().rev().map(|(id, _)| (KEY, id));
        let due = copies.chain(versions);
        let due: Vec<_> = due.map(|(key, id)| (key.to_owned(), id.clone())).collect();
        let found: Vec<_> = listed.iter().filter_map(name_of).collect();
        if due != found {
            return Err(format!("{found:?} are listed instead of {due:?}").into());
        }
        let latest = listed.iter().filter(|item| is_latest(item)).count();
        if latest != 2 {
            return Err(format!("{latest} versions of two keys are the latest").into());
        }
        Ok(())
    }

    /// Every version reads back.
    async fn found(&self, client: &Client) -> Result<()> {
        self.in_order(client).await?;
        for (id, content) in &self.versions {
            let Some(content) = content else { continue };
            let get = client.get_object().bucket(BUCKET).key(KEY);
            let got = get.version_id(id.clone()).send().await?;
            let bytes = got.value.body.bytes(1 << 20).await?;
            if let Some(problem) = content.differs(&bytes) {
                return Err(format!("version {id}: {problem}").into());
            }
        }
        Ok(())
    }
}

fn name_of(item: &VersionItem) -> Option<(String, VersionId)> {
    let (key, id) = match item {
        VersionItem::Version(VersionEntry {
            key, version_id, ..
        }) => (key, version_id),
        VersionItem::DeleteMarker(marker) => (&marker.key, &marker.version_id),
    };
    Some((key.to_string(), id.clone()?))
}

const fn is_latest(item: &VersionItem) -> bool {
    match item {
        VersionItem::Version(version) => version.is_latest,
        VersionItem::DeleteMarker(marker) => marker.is_latest,
    }
}
