use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::Arc;

use super::{Fault, FaultKind, SimulatedDisk};
use crate::disk::{Directory, DiskFile};

fn file(directory: &Arc<dyn Directory>) -> Arc<dyn DiskFile> {
    let file = directory.create("file").unwrap();
    file.write_at(&[1; 2048], 0).unwrap();
    file.sync_all().unwrap();
    directory.sync().unwrap();
    file
}

/// What the next life finds in the file: its length, and the first byte of each sector.
fn found(disk: &SimulatedDisk) -> Option<(u64, Vec<u8>)> {
    disk.crash();
    let file = disk.directory("d").open("file").ok()?;
    let length = file.length().unwrap();
    let sectors = (0..length / 512).map(|sector| {
        let mut bytes = [0; 512];
        file.read_at(&mut bytes, sector * 512).unwrap();
        assert_eq!(bytes, [bytes[0]; 512], "a sector is whole");
        bytes[0]
    });
    Some((length, sectors.collect()))
}

/// What crashes of different seeds make of the same work.
fn outcomes(work: impl Fn(&SimulatedDisk)) -> BTreeSet<Option<(u64, Vec<u8>)>> {
    let mut outcomes = BTreeSet::new();
    for seed in 0..300 {
        let disk = SimulatedDisk::new(seed);
        work(&disk);
        outcomes.insert(found(&disk));
    }
    outcomes
}

#[test]
fn what_is_synced_stays_and_what_is_not_may_be_kept_lost_or_torn() {
    let synced = outcomes(|disk| drop(file(&disk.directory("d"))));
    assert_eq!(synced, [Some((2048, vec![1; 4]))].into());
    let written = outcomes(|disk| {
        let file = file(&disk.directory("d"));
        // Closing syncs nothing.
        file.write_at(&[2; 1024], 512).unwrap();
    });
    let sectors = [vec![1, 1, 1, 1], vec![1, 2, 2, 1], vec![1, 2, 1, 1]];
    for sectors in sectors.into_iter().chain([vec![1, 1, 2, 1]]) {
        assert!(
            written.contains(&Some((2048, sectors.clone()))),
            "{sectors:?}"
        );
    }
    assert_eq!(written.len(), 4);
    let grown = outcomes(|disk| {
        let file = file(&disk.directory("d"));
        file.set_length(2560).unwrap();
        file.write_at(&[3; 512], 2560).unwrap();
    });
    let lengths: Vec<u64> = grown.into_iter().map(|one| one.unwrap().0).collect();
    assert_eq!(lengths, [2048, 2560, 3072], "in no particular order");
}

#[test]
fn entries_need_a_sync_of_their_own() {
    let made = outcomes(|disk| {
        let file = disk.directory("d").create("file").unwrap();
        file.write_at(&[1; 512], 0).unwrap();
        file.sync_all().unwrap();
    });
    assert_eq!(made, [None, Some((512, vec![1]))].into());
    let removed = outcomes(|disk| {
        let directory = disk.directory("d");
        let file = file(&directory);
        directory.remove("file").unwrap();
        // Open files outlive their names.
        file.write_at(&[2; 512], 0).unwrap();
        assert_eq!(
            directory.open("file").unwrap_err().kind(),
            ErrorKind::NotFound
        );
        assert_eq!(directory.names().unwrap(), [""; 0]);
    });
    assert!(removed.contains(&None) && removed.len() > 1, "{removed:?}");
}

#[test]
fn a_failed_sync_says_so_once() {
    let failed = outcomes(|disk| {
        let file = file(&disk.directory("d"));
        file.write_at(&[2; 512], 0).unwrap();
        disk.prepare(Fault {
            kind: FaultKind::Sync,
            after: 0,
            sticky: false,
        });
        assert!(file.sync_data().is_err());
        // Nothing is left to do; what was written looks as if it were there.
        file.sync_data().unwrap();
        let mut byte = [0];
        file.read_at(&mut byte, 0).unwrap();
        assert_eq!(byte, [2]);
    });
    let lost = Some((2048, vec![1, 1, 1, 1]));
    assert!(failed.contains(&lost) && failed.len() == 2, "{failed:?}");
}

#[test]
fn faults_happen_at_the_access_asked_for() {
    let check = |kind, sticky, after, expected: [bool; 4]| {
        let disk = SimulatedDisk::new(1);
        let file = file(&disk.directory("d"));
        disk.prepare(Fault {
            kind,
            after,
            sticky,
        });
        let write = |offset| file.write_at(&[2; 512], offset).is_ok();
        let ends = [write(0), file.sync_data().is_ok(), write(512), write(1024)];
        assert_eq!(ends, expected, "{kind:?} {sticky} {after}");
    };
    check(FaultKind::Io, false, 1, [true, false, true, true]);
    check(FaultKind::Io, true, 1, [true, false, false, false]);
    check(FaultKind::NoSpace, false, 1, [true, true, false, true]);
    check(FaultKind::Sync, true, 0, [true, false, true, true]);
    check(FaultKind::PowerCut, false, 2, [true, true, false, false]);
    check(FaultKind::Short, false, 0, [false, true, true, true]);
}

#[test]
fn the_same_seed_gives_the_same_end() {
    let run = |seed| {
        let disk = SimulatedDisk::new(seed);
        let file = file(&disk.directory("d"));
        for number in 0..16 {
            file.write_at(&[number; 1024], u64::from(number % 5) * 512)
                .unwrap();
        }
        (found(&disk), disk.trace(), disk.accesses())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let disk = SimulatedDisk::new(3);
    drop(file(&disk.directory("d")));
    let copy = disk.copy(4);
    copy.directory("d").remove("file").unwrap();
    copy.directory("d").sync().unwrap();
    assert_eq!(found(&copy), None);
    assert!(found(&disk).is_some(), "a copy is a disk of its own");
}

#[test]
fn a_crash_keeps_what_it_is_told_to() {
    let kept = |bits| {
        let disk = SimulatedDisk::new(1);
        let file = file(&disk.directory("d"));
        file.write_at(&[2; 512], 0).unwrap();
        file.write_at(&[3; 512], 512).unwrap();
        disk.directory("d").create("other").unwrap();
        assert_eq!(disk.unsynced(), 3);
        disk.crash_keeping(bits);
        assert_eq!(disk.unsynced(), 0);
        let directory = disk.directory("d");
        let mut bytes = [0; 1024];
        let file = directory.open("file").unwrap();
        file.read_at(&mut bytes, 0).unwrap();
        (directory.open("other").is_ok(), bytes[0], bytes[512])
    };
    assert_eq!(kept(0b000), (false, 1, 1));
    assert_eq!(kept(0b001), (true, 1, 1));
    assert_eq!(kept(0b010), (false, 2, 1));
    assert_eq!(kept(0b111), (true, 2, 3));
}
