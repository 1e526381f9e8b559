//! A move of many objects that is killed, again and again, never loses one: whatever stands at the old
//! or the new names, every content is there, and at the end all of it is at the new ones.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use crate::world::{Server, World, cos, text};

const OBJECTS: usize = 200;
/// Kills of one run of the test. The programme asks for each step of the journal, about 40, and 60 at random.
const KILLS: usize = 100;

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

struct Mover {
    world: World,
    server: Option<Server>,
    keys: (String, String),
}

impl Mover {
    fn new() -> Self {
        let world = World::with_bucket();
        for number in 0..OBJECTS {
            world.file(&format!("tree/{number:03}"), format!("content {number}"));
        }
        world.ok(&["cp", "-r", "tree", &cos("p/"), "-q"]);
        let root = std::fs::read(world.data().join("root-key.json")).unwrap();
        let root: serde_json::Value = serde_json::from_slice(&root).unwrap();
        let keys = (
            text(&root, "secret_id").to_owned(),
            text(&root, "secret_key").to_owned(),
        );
        let server = Some(world.serve());
        Self {
            world,
            server,
            keys,
        }
    }

    fn start(&self, args: &[&str]) -> Child {
        let url = &self.server.as_ref().unwrap().url;
        let mut command = self
            .world
            .command(&[args, &["--endpoint", url, "-q"]].concat());
        command
            .env("COSETTE_SECRET_ID", &self.keys.0)
            .env("COSETTE_SECRET_KEY", &self.keys.1)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn run(&self, args: &[&str]) -> String {
        let url = &self.server.as_ref().unwrap().url;
        let mut command = self.world.command(&[args, &["--endpoint", url]].concat());
        command
            .env("COSETTE_SECRET_ID", &self.keys.0)
            .env("COSETTE_SECRET_KEY", &self.keys.1);
        let ran = command.output().unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        String::from_utf8(ran.stdout).unwrap()
    }

    /// Name below the prefix, and tag, of each object there.
    fn contents(&self, prefix: &str) -> BTreeMap<String, String> {
        let listed = self.run(&["ls", "-r", &cos(prefix), "--output", "json"]);
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        let entry = |entry: &serde_json::Value| {
            let name = text(entry, "Key").strip_prefix(prefix).unwrap();
            (name.to_owned(), text(entry, "ETag").to_owned())
        };
        listed.as_array().unwrap().iter().map(entry).collect()
    }

    /// The journal of the job that is under way.
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

    fn steps(&self) -> usize {
        let read = self.journal().and_then(|path| std::fs::read(path).ok());
        read.map_or(0, |bytes| {
            bytes.iter().filter(|byte| **byte == b'\n').count()
        })
    }

    /// Runs until the journal has so many more steps, and kills it; whether it was still running.
    fn killed_after(&self, args: &[&str], steps: usize) -> bool {
        let from = if args.first() == Some(&"resume") {
            self.steps()
        } else {
            0
        };
        let mut child = self.start(args);
        loop {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if self.steps() >= from + steps {
                break;
            }
            std::thread::yield_now();
        }
        child.kill().unwrap();
        !child.wait().unwrap().success()
    }

    fn kill_server(&mut self) {
        // Dropping one kills it.
        self.server = None;
        self.server = Some(self.world.serve());
    }
}

#[test]
fn a_move_that_is_killed_at_any_step_of_its_journal_loses_nothing() {
    let mut mover = Mover::new();
    let wanted = mover.contents("p/");
    assert_eq!(wanted.len(), OBJECTS);
    let mut chance = Chance(0x9e37_79b9);
    let (mut kills, mut from, mut to) = (0, "p/", "q/");
    while kills < KILLS {
        let (source, target) = (cos(from), cos(to));
        let first = [
            "mv",
            "-r",
            source.as_str(),
            target.as_str(),
            "--parallel",
            "4",
        ];
        let mut args: &[&str] = &first;
        loop {
            let steps = 1 + chance.below(24);
            if !mover.killed_after(args, steps) {
                break;
            }
            // Before the job was begun there is nothing to carry on.
            args = if mover.steps() > 0 {
                &["resume"]
            } else {
                &first
            };
            kills += 1;
            if kills % 10 == 0 {
                mover.kill_server();
            }
            if kills % 5 == 0 {
                let (old, new) = (mover.contents(from), mover.contents(to));
                for (name, tag) in &wanted {
                    let there = [&old, &new].iter().any(|side| side.get(name) == Some(tag));
                    assert!(there, "{name} is lost after {kills} kills");
                }
            }
        }
        assert_eq!(mover.contents(to), wanted, "after {kills} kills");
        assert!(mover.contents(from).is_empty());
        let uploads = mover.run(&["ls", "--uploads", &cos(""), "--output", "json"]);
        assert_eq!(uploads.trim(), "[]");
        let job = mover.journal().unwrap();
        std::fs::remove_dir_all(job.parent().unwrap()).unwrap();
        (from, to) = (to, from);
    }
    println!("survival: {kills} kills");
}

#[test]
fn what_somebody_writes_while_a_move_is_under_way_stays() {
    let mover = Mover::new();
    let mut latest = mover.contents("p/");
    let mut chance = Chance(0x51_7cc1);
    let (source, target) = (cos("p/"), cos("q/"));
    let mut args: &[&str] = &["mv", "-r", &source, &target, "--parallel", "4"];
    let mut written = 0;
    while mover.killed_after(args, 10 + chance.below(30)) {
        args = &["resume"];
        for _ in 0..3 {
            let name = format!("{:03}", chance.below(OBJECTS));
            let file = mover.world.file("new", format!("written since {written}"));
            mover.run(&["cp", &file, &cos(&format!("p/{name}"))]);
            let stat = mover.run(&["stat", &cos(&format!("p/{name}")), "--output", "json"]);
            let stat: serde_json::Value = serde_json::from_str(&stat).unwrap();
            latest.insert(name, text(&stat, "ETag").to_owned());
            written += 1;
        }
        let (old, new) = (mover.contents("p/"), mover.contents("q/"));
        for (name, tag) in &latest {
            let there = [&old, &new].iter().any(|side| side.get(name) == Some(tag));
            assert!(there, "{name} is lost");
        }
    }
    assert!(written > 0);
    let (old, new) = (mover.contents("p/"), mover.contents("q/"));
    for (name, tag) in &latest {
        let there = [&old, &new].iter().any(|side| side.get(name) == Some(tag));
        assert!(there, "{name} is lost at the end");
    }
}
