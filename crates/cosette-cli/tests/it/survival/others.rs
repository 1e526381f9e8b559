//! Somebody else writes to sources and targets, at the worst moment: the copy is proved, the proof is on
//! the disk, and the source is about to go.

use std::fs::OpenOptions;
use std::process::Command;

use super::{HALTED, Mover, Things, cos};

const OBJECTS: usize = 6;
/// What a run says when some objects were not moved.
const PARTIAL: i32 = 7;

/// What somebody else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    WriteSource,
    DeleteSource,
    WriteTarget,
    DeleteTarget,
}

impl Deed {
    const ALL: [Self; 4] = [
        Self::WriteSource,
        Self::DeleteSource,
        Self::WriteTarget,
        Self::DeleteTarget,
    ];

    /// Does it to the object of a number; what must be somewhere from now on.
    fn to(self, mover: &mut Mover, number: usize, wanted: &mut Things) {
        let (source, target) = (format!("p/{number:03}"), format!("q/{number:03}"));
        let bytes = format!("somebody else's, {self:?}").into_bytes();
        match self {
            Self::WriteSource => mover.put(&source, bytes, 100),
            Self::DeleteSource => mover.delete(&source),
            Self::WriteTarget => mover.put(&target, bytes, 100),
            Self::DeleteTarget => mover.delete(&target),
        }
        let now = mover.things();
        if let Some(thing) = now.get(&source) {
            wanted.insert(source, thing.clone());
        }
        if self == Self::WriteTarget {
            wanted.insert(target.clone(), now.get(&target).unwrap().clone());
        }
    }
}

/// Each of `wanted` is somewhere in the bucket.
fn assert_all_is_there(mover: &mut Mover, wanted: &Things, what: &str) {
    let now = mover.things();
    for (key, thing) in wanted {
        let there = now.values().any(|now| now == thing);
        assert!(there, "{key} is lost: {what}");
    }
}

/// The number of the entry whose proof is the journal's last record.
fn proved_last(mover: &Mover) -> usize {
    let journal = std::fs::read_to_string(mover.journal().unwrap()).unwrap();
    let last = journal.lines().last().unwrap();
    let record: serde_json::Value =
        serde_json::from_str(last.get(last.find('{').unwrap()..).unwrap()).unwrap();
    assert_eq!(record["step"], "verified", "{record}");
    usize::try_from(record["entry"].as_u64().unwrap()).unwrap()
}

/// The end of a job whose object of a number was touched.
fn assert_end(mover: &mut Mover, deed: Deed, number: usize, codes: [i32; 2], wanted: &Things) {
    let what = format!("{deed:?}, {codes:?}");
    assert_all_is_there(mover, wanted, &what);
    let now = mover.things();
    let (source, target) = (format!("p/{number:03}"), format!("q/{number:03}"));
    match deed {
        // Both are kept: the source is another object by now, the target the copy of the old one.
        Deed::WriteSource => assert!(now.contains_key(&source) && now.contains_key(&target)),
        // Whoever removed the source wanted that; its copy stays.
        Deed::DeleteSource => assert!(now.contains_key(&target)),
        // The source stays where its copy is not there any more.
        Deed::WriteTarget | Deed::DeleteTarget => assert!(now.contains_key(&source), "{what}"),
    }
    if deed != Deed::DeleteSource {
        assert_eq!(codes[0], PARTIAL, "{what}");
    }
    // All the others are moved.
    let left: Vec<_> = now.keys().filter(|key| key.starts_with("p/")).collect();
    assert!(left.len() <= 1, "{left:?}");
}

#[test]
fn what_somebody_writes_between_copy_and_removal_stays() {
    for deed in Deed::ALL {
        let mut mover = Mover::new(OBJECTS, 0);
        let mut wanted = mover.things();
        let fifo = mover.world.path("hold");
        assert!(
            Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .unwrap()
                .success()
        );
        let (source, target) = (cos("p/"), cos("q/"));
        let words = [
            "mv",
            "-r",
            "--copy-delete",
            &source,
            &target,
            "--parallel",
            "1",
        ];
        let mut child = mover
            .command(&words)
            .env("COSETTE_HALT", format!("hold:3:{}", fifo.display()))
            .spawn()
            .unwrap();
        // This waits until the program does.
        let held = OpenOptions::new().write(true).open(&fifo).unwrap();
        let number = proved_last(&mover);
        deed.to(&mut mover, number, &mut wanted);
        drop(held);
        let code = child.wait().unwrap().code().unwrap();
        let again = mover.run(&["resume"], None);
        assert_end(&mut mover, deed, number, [code, again], &wanted);
    }
}

#[test]
fn what_somebody_writes_while_a_killed_move_waits_stays() {
    for deed in Deed::ALL {
        let mut mover = Mover::new(OBJECTS, 0);
        let mut wanted = mover.things();
        let (source, target) = (cos("p/"), cos("q/"));
        let words = [
            "mv",
            "-r",
            "--copy-delete",
            &source,
            &target,
            "--parallel",
            "1",
        ];
        assert_eq!(mover.run(&words, Some("after:3")), HALTED);
        let number = proved_last(&mover);
        deed.to(&mut mover, number, &mut wanted);
        let codes = [(); 2].map(|()| mover.run(&["resume"], None));
        assert_end(&mut mover, deed, number, codes, &wanted);
    }
}
