//! A move of many objects that is cut off in every way never loses one: whatever stands at the old or
//! the new names, every content is there with its properties, and at the end all of it is at the new
//! ones.
//!
//! `COSETTE_SURVIVAL_RUNS` asks for more than the few cuts of a usual run (`cargo xtask survival --long`).

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cosette::{Credentials, ErrorKind, blocking};
use cosette_types::{Metadata, StorageClass, Timestamp};

use crate::world::{BUCKET, Server, World, cos, text};

mod full;
mod others;
mod random;
mod steps;

/// The exit code of a program that ended at the record of its journal that a test named.
const HALTED: i32 = 99;
/// What `resume` says when no job waits.
const NO_JOB: i32 = 3;
/// Bytes of the objects that are copied in parts.
const LARGE_BYTES: usize = 3 << 20;

/// How many cuts one test makes: its usual number, or its half of what was asked for.
fn cuts(usual: usize) -> usize {
    let asked = std::env::var("COSETTE_SURVIVAL_RUNS").ok();
    asked.map_or(usual, |asked| asked.parse::<usize>().unwrap().div_ceil(2))
}

/// A fixed sequence of numbers that looks like none.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Content and properties of an object, without what names one upload of it.
type Thing = String;
/// Things by key.
type Things = BTreeMap<String, Thing>;

/// Objects in a bucket, the program that moves them, and somebody else at the same server.
struct Mover {
    world: World,
    server: Option<Server>,
    /// Secret id and secret key.
    keys: [String; 2],
    client: Option<blocking::Client>,
    /// What a key's object was when its tag and time were these.
    known: HashMap<(String, String, Timestamp), Thing>,
}

impl Mover {
    /// So many objects below `p/`, each unlike any other, the first `large` of them in parts.
    fn new(objects: usize, large: usize) -> Self {
        let world = World::with_bucket();
        let root = std::fs::read(world.data().join("root-key.json")).unwrap();
        let root: serde_json::Value = serde_json::from_slice(&root).unwrap();
        let keys = ["secret_id", "secret_key"].map(|name| text(&root, name).to_owned());
        let mut mover = Self {
            world,
            server: None,
            keys,
            client: None,
            known: HashMap::new(),
        };
        mover.serve();
        for number in 0..objects {
            let mut bytes = format!("content {number}").into_bytes();
            if number < large {
                bytes.resize(LARGE_BYTES, u8::try_from(number).unwrap());
            }
            mover.put(&format!("p/{number:03}"), bytes, number);
        }
        mover
    }

    /// Starts the server, or starts it again after a kill.
    fn serve(&mut self) {
        // Dropping one kills it.
        self.server = None;
        let server = self.world.serve();
        let [id, key] = &self.keys;
        let client = cosette::Client::builder()
            .credentials(Credentials::new(id, key))
            .region("ap-guangzhou")
            .endpoint(server.url.parse().unwrap())
            .build()
            .unwrap();
        self.client = Some(blocking::Client::new(client).unwrap());
        self.server = Some(server);
    }

    fn client(&self) -> &blocking::Client {
        self.client.as_ref().unwrap()
    }

    /// Somebody else writes an object. Properties go by the number.
    fn put(&self, key: &str, bytes: Vec<u8>, number: usize) {
        let mut metadata = Metadata::default();
        metadata.content.content_type = Some(format!("kind/{}", number % 7).parse().unwrap());
        let class = match number % 3 {
            0 => StorageClass::StandardIa,
            _ => StorageClass::Standard,
        };
        let put = |client: &cosette::Client| {
            client
                .put_object()
                .bucket(BUCKET)
                .key(key)
                .body(bytes)
                .metadata(metadata)
                .meta("number", number.to_string())
                .storage_class(class)
                .send()
        };
        self.client().send(put).unwrap();
    }

    /// Somebody else removes an object.
    fn delete(&self, key: &str) {
        let delete =
            |client: &cosette::Client| client.delete_object().bucket(BUCKET).key(key).send();
        self.client().send(delete).unwrap();
    }

    /// Everything that is in the bucket.
    fn things(&mut self) -> Things {
        loop {
            // The last request of a program that was killed may be carried out while we look.
            if let Some(things) = self.looked() {
                return things;
            }
        }
    }

    /// Everything that was listed, unless something of it is gone before it is looked at.
    fn looked(&mut self) -> Option<Things> {
        let client = self.client.clone().unwrap();
        let listed = client.list(|client| client.get_bucket().bucket(BUCKET).objects());
        let mut things = Things::new();
        for entry in listed {
            let entry = entry.unwrap();
            let key = entry.key.to_string();
            let seen = (key.clone(), entry.etag.to_string(), entry.last_modified);
            if !self.known.contains_key(&seen) {
                let head =
                    |client: &cosette::Client| client.head_object().bucket(BUCKET).key(&key).send();
                let found = match client.send(head) {
                    Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) => return None,
                    found => found.unwrap(),
                };
                let thing = format!(
                    "{} bytes, {:?}, {:?}, {:?}, {} tags",
                    found.content_length,
                    found.crc64.unwrap(),
                    found.storage_class,
                    found.metadata,
                    found.tagging_count
                );
                self.known.insert(seen.clone(), thing);
            }
            things.insert(key, self.known.get(&seen).unwrap().clone());
        }
        Some(things)
    }

    /// Whether each of `wanted` is at its old or its new name, with all its properties; nothing else
    /// may stand at a new name.
    fn assert_nothing_is_lost(&mut self, wanted: &Things, (from, to): (&str, &str), when: &str) {
        let now = self.things();
        for (key, thing) in wanted {
            let moved = renamed(key, from, to);
            let there = [key, &moved].iter().any(|key| now.get(*key) == Some(thing));
            assert!(there, "{key} is lost {when}");
            if !now.contains_key(key) {
                assert_eq!(
                    now.get(&moved),
                    Some(thing),
                    "{key} went before its copy was whole {when}"
                );
            }
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let url = &self.server.as_ref().unwrap().url;
        let mut command = self
            .world
            .command(&[args, &["--endpoint", url, "-q"]].concat());
        command
            .env("COSETTE_SECRET_ID", &self.keys[0])
            .env("COSETTE_SECRET_KEY", &self.keys[1])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs to the end, or to the record of the journal that `halt` names: the exit code.
    fn run(&self, args: &[&str], halt: Option<&str>) -> i32 {
        let mut command = self.command(args);
        command.envs(halt.map(|halt| ("COSETTE_HALT", halt)));
        command.status().unwrap().code().unwrap_or(-1)
    }

    /// The journal of the newest job.
    fn journal(&self) -> Option<PathBuf> {
        let jobs = self.world.path(".local/state/cosette/jobs");
        let mut found: Vec<PathBuf> = std::fs::read_dir(jobs)
            .ok()?
            .map(|entry| entry.unwrap().path())
            .filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'))
            .collect();
        found.sort();
        found.pop().map(|job| job.join("journal"))
    }

    /// How many whole records the journal has after its head.
    fn steps(&self) -> usize {
        let read = self.journal().and_then(|path| std::fs::read(path).ok());
        let lines = read.map_or(0, |bytes| {
            bytes.iter().filter(|byte| **byte == b'\n').count()
        });
        lines.saturating_sub(1)
    }

    /// The end of a move: all of `wanted` is at the new names, nothing at the old ones, and no upload is
    /// left. Forgets the job.
    fn assert_moved(&mut self, wanted: &Things, (from, to): (&str, &str)) -> Things {
        let now = self.things();
        let moved = wanted.iter();
        let moved: Things = moved
            .map(|(key, thing)| (renamed(key, from, to), thing.clone()))
            .collect();
        assert_eq!(now, moved);
        let uploads = self
            .client()
            .list(|client| client.multipart_list().bucket(BUCKET).uploads());
        assert_eq!(uploads.count(), 0);
        let job = self.journal().unwrap();
        std::fs::remove_dir_all(job.parent().unwrap()).unwrap();
        // The same names come again, perhaps within a second.
        self.known.clear();
        moved
    }
}

/// The words of a move of everything by copies, large ones in parts: what any service can.
fn move_words<'w>(source: &'w str, target: &'w str) -> Vec<&'w str> {
    let parts = ["--slice-size", "1MiB", "--chunk-size", "1MiB"];
    let words = rename_words(source, target);
    [&words[..], &["--copy-delete"], &parts].concat()
}

/// The words of a move of everything by renames.
fn rename_words<'w>(source: &'w str, target: &'w str) -> Vec<&'w str> {
    vec!["mv", "-r", source, target, "--parallel", "4"]
}

fn renamed(key: &str, from: &str, to: &str) -> String {
    format!("{to}{}", key.strip_prefix(from).unwrap())
}
