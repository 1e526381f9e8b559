//! Each operation with each of its accesses to the disk gone wrong: the power goes there, or the
//! disk fails. Afterwards the store is opened again and holds what it held before, or what it would
//! hold after; what was acknowledged is there; the check finds nothing; and nothing is left behind
//! once everything is deleted.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::AtomicU64;

use cosette_store::disk::Room;
use cosette_store::disk::simulated::{Fault, FaultKind};
use cosette_store::{Aging, Error, Versioning};
use cosette_types::{StorageClass, VersionId};

use super::model::content_of;
use super::operation::{Operation, Place, Upload, read};
use super::run::Run;
use crate::common::{self, TestRandom, content};

/// Where what a power cut leaves is left to chance, and also torn: so often it is tried at each access.
const SEEDS: u64 = 2;
/// Of the stores that survived a fault, one of so many is emptied to see what is left.
const EMPTIED: u64 = 5;

/// Up to so many unsynced changes, every subset of them is tried at a cut; above, so many samples: as the programme
/// asks. It guesses that these are half a million states; they are 13,900, since syncs follow soon.
const ALL_OF: usize = 10;
const SAMPLES: u64 = 1_024;
/// Of the pairs of operations, one of so many is tried by the suite; the long run tries all.
const PAIRS_SKIPPED: usize = 11;
/// Of the triples, one of so many, and in the long run: there are some 30,000, each with some twelve cuts, and
/// a cut takes 9 ms of a core with what goes before it.
const TRIPLES_SKIPPED: usize = 101;
const TRIPLES_SKIPPED_LONG: usize = 20;

/// Bits that go bad, one by one.
const FLIPS: u64 = 2_000;

fn is_long() -> bool {
    common::times(1) > 1
}

pub(crate) fn at(bucket: &'static str, key: &'static str) -> Place {
    Place { bucket, key }
}

/// A store with some of everything, at rest.
pub(crate) fn prepared() -> Run {
    let mut run = Run::new(7);
    let mut seed = 0;
    let mut put = |bucket, key, size| {
        seed += 1;
        Operation::Put {
            to: at(bucket, key),
            bytes: content(seed, size),
        }
    };
    let first = [
        put("b", "a", 50),
        put("b", "a/1", 3000),
        put("b", "b", 70_000),
        Operation::Versioning {
            bucket: "c",
            to: Versioning::Enabled,
        },
        put("c", "a", 60),
        put("c", "a", 5000),
        put("c", "b/1", 100),
        Operation::Delete {
            at: at("c", "b/1"),
            version: None,
        },
        // A delete marker with nothing behind it.
        Operation::Delete {
            at: at("c", "gone"),
            version: None,
        },
        Operation::Append {
            to: at("b", "log"),
            bytes: content(9, 60),
        },
        Operation::Initiate { at: at("b", "a/2") },
        Operation::Archive {
            to: at("c", "ice"),
            bytes: content(10, 2500),
        },
        Operation::Document {
            bucket: "c",
            bytes: content(11, 70_000),
        },
        // Work for the sweep.
        put("b", "b/1", 4000),
        put("b", "b/1", 20),
        put("b", "b/1", 4100),
    ];
    for operation in first {
        assert!(run.run(&[operation]).is_empty());
    }
    let upload = upload(&run).unwrap();
    for (part, size) in [(1, 40), (2, 3000), (3, 66_000)] {
        let operation = Operation::PutPart {
            bucket: "b",
            upload: upload.clone(),
            part,
            bytes: content(100 + part, size),
        };
        assert!(run.run(&[operation]).is_empty());
    }
    run.close();
    run
}

fn upload(run: &Run) -> Option<Upload> {
    run.model.bucket("b").uploads.keys().next().cloned()
}

/// Every kind of operation, and the ways it can go that touch the disk differently.
#[expect(clippy::too_many_lines, reason = "one entry for each operation")]
pub(crate) fn operations(run: &Run) -> Vec<Operation> {
    let bucket = "b";
    let versions = run.model.bucket("c").keys.get("a");
    let oldest: Option<VersionId> = versions.and_then(|versions| versions.first()?.id.clone());
    let put = |to, size| Operation::Put {
        to,
        bytes: content(200, size),
    };
    let copy = |from, to, replaced| Operation::Copy {
        from,
        version: None,
        to,
        replaced,
    };
    let delete = |at, version| Operation::Delete { at, version };
    let age = |at, version, aging| Operation::Age {
        at,
        version,
        aging,
        stale: false,
    };
    let etag = run.model.etag(&at("b", "a"), None);
    let mut operations = vec![
        put(at("b", "a"), 30),
        put(at("c", "b"), 2000),
        put(at("b", "b"), 140_000),
        copy(at("b", "a/1"), at("c", "a"), false),
        copy(at("b", "b"), at("b", "b"), true),
        // Encrypted otherwise: its bytes are written again.
        copy(at("b", "b"), at("c", "b"), true),
        Operation::Move {
            from: at("b", "b"),
            version: None,
            to: at("c", "b/1"),
        },
        Operation::Append {
            to: at("b", "log"),
            bytes: content(202, 70),
        },
        Operation::Append {
            to: at("b", "new"),
            bytes: content(203, 2000),
        },
        Operation::Tag {
            at: at("b", "b"),
            version: None,
            tag: "new".to_owned(),
        },
        Operation::Acl {
            at: at("b", "b"),
            version: None,
            open: true,
        },
        Operation::BucketAcl {
            bucket: "c",
            open: true,
        },
        delete(at("b", "a/1"), None),
        delete(at("c", "a"), None),
        delete(at("c", "a"), oldest.clone()),
        age(at("b", "a/1"), None, Aging::Expire),
        age(at("c", "a"), None, Aging::Expire),
        age(at("c", "a"), oldest, Aging::Expire),
        age(at("c", "gone"), None, Aging::RemoveLoneMarker),
        age(at("b", "b"), None, Aging::Move(StorageClass::StandardIa)),
        Operation::DeleteIf {
            at: at("b", "a"),
            version: None,
            etag: etag.unwrap_or_else(|| content_of(&content(1, 1)).etag),
        },
        Operation::Archive {
            to: at("c", "ice"),
            bytes: content(204, 2100),
        },
        Operation::Restore {
            at: at("c", "ice"),
            version: None,
        },
        Operation::Document {
            bucket: "c",
            bytes: content(205, 65_000),
        },
        Operation::Versioning {
            bucket,
            to: Versioning::Suspended,
        },
        Operation::Initiate { at: at("c", "a") },
        Operation::Sweep,
        Operation::Restart,
    ];
    let parts = upload(run).map(|upload| (run.model.bucket("b").uploads[&upload].len(), upload));
    if let Some((parts, upload)) = parts {
        operations.extend(in_upload(&upload, parts));
    }
    operations
}

/// Those of an upload with so many parts.
fn in_upload(upload: &Upload, parts: usize) -> Vec<Operation> {
    let bucket = "b";
    let put_part = |part, size| Operation::PutPart {
        bucket,
        upload: upload.clone(),
        part,
        bytes: content(201, size),
    };
    let copy_part = |from, range| Operation::CopyPart {
        bucket,
        upload: upload.clone(),
        part: 2,
        from,
        range,
    };
    vec![
        put_part(2, 3500),
        put_part(4, 12),
        copy_part(at("b", "b"), Some((10, 20_000))),
        copy_part(at("b", "a/1"), None),
        Operation::Complete {
            bucket,
            upload: upload.clone(),
            parts: (1..=parts.min(3) as u64).collect(),
        },
        Operation::Abort {
            bucket,
            upload: upload.clone(),
        },
    ]
}

/// Runs an operation with a fault; whether the fault happened.
fn survives(prepared: &Run, operation: &Operation, fault: Fault, seed: u64) -> bool {
    let mut run = prepared.copy(seed);
    let end = catch_unwind(AssertUnwindSafe(|| {
        run.disk.prepare(fault);
        let mut together = vec![operation.clone()];
        if fault.kind == FaultKind::Sync && !operation.is_alone() {
            // It shares syncs, and must not be told that one worked which did not.
            together.push(bystander(0));
        }
        let mut unanswered = run.run(&together);
        let happened = run.disk.has_failed() || run.faulted;
        if happened {
            if run.disk.has_failed() && run.disk.is_powered() {
                // Life may go on after a fault, but only as the store allows.
                unanswered.extend(run.run(&[bystander(1)]));
            }
            run.crash(&unanswered);
            if seed.is_multiple_of(EMPTIED) {
                run.end();
            }
        }
        happened
    }));
    end.unwrap_or_else(|failure| {
        println!(
            "{operation:?} with {fault:?}, seed {seed}:\n{}",
            run.story()
        );
        resume_unwind(failure)
    })
}

/// An operation that none of the others sees.
fn bystander(nth: usize) -> Operation {
    let keys = ["a/1", "a/2"];
    Operation::Put {
        to: at("c", keys[nth]),
        bytes: content(300 + nth as u64, 2500),
    }
}

/// Tries a fault at each access that it can happen to; how many there were.
fn at_every_access(prepared: &Run, operation: &Operation, fault: Fault, seeds: u64) -> u64 {
    let mut after = 0;
    loop {
        let fault = Fault { after, ..fault };
        for seed in 0..seeds {
            if !survives(prepared, operation, fault, after * seeds + seed) {
                return after * seeds;
            }
        }
        after += 1;
    }
}

const POWER_CUT: Fault = Fault {
    kind: FaultKind::PowerCut,
    after: 0,
    sticky: false,
};

// incident: R14
#[test]
fn the_power_may_go_at_every_access_of_every_operation() {
    let prepared = prepared();
    let operations = operations(&prepared);
    let cases = common::on_all_cores(&operations, |operation| {
        at_every_access(&prepared, operation, POWER_CUT, SEEDS)
    });
    common::tell_count("T3 torn power cuts", cases.into_iter().sum());
}

/// Whatever of the unsynced changes is there after a cut at any change: each subset by itself.
#[test]
fn a_power_cut_may_leave_any_subset_of_what_was_not_synced() {
    let prepared = prepared();
    let operations: Vec<_> = operations(&prepared)
        .into_iter()
        // A restart ends with a crash of its own.
        .filter(|operation| !matches!(operation, Operation::Restart))
        .collect();
    let states = common::on_all_cores(&operations, |operation| {
        let mut states = 0;
        for after in 0.. {
            let Some(more) = subsets_of(&prepared, operation, after) else {
                break;
            };
            states += more;
        }
        states
    });
    common::tell_count("T3 operations", operations.len() as u64);
    common::tell_count("T3 states", states.into_iter().sum());
}

/// Tries what a cut at one change of an operation may leave; how many states, or `None` if it does
/// not make so many changes.
fn subsets_of(prepared: &Run, operation: &Operation, after: u64) -> Option<u64> {
    let mut run = prepared.copy(after + 1);
    run.disk.prepare(Fault {
        kind: FaultKind::PowerCutInChange,
        after,
        sticky: false,
    });
    let unanswered = run.run(std::slice::from_ref(operation));
    if !run.disk.has_failed() {
        return None;
    }
    let unsynced = run.disk.unsynced();
    let random = TestRandom(AtomicU64::new(after));
    let all = (unsynced <= ALL_OF).then(|| 1 << unsynced);
    let states = all.unwrap_or(SAMPLES);
    for nth in 0..states {
        let kept = match (all, nth) {
            (Some(_), nth) => nth,
            (None, 0) => 0,
            (None, 1) => u64::MAX,
            (None, _) => random.next(),
        };
        let end = catch_unwind(AssertUnwindSafe(|| {
            let mut run = run.copy_after_cut(1_000_000 + after, kept);
            run.settle(&unanswered);
        }));
        if let Err(failure) = end {
            println!("{operation:?}, cut at change {after}, kept {kept:b} of {unsynced}");
            resume_unwind(failure);
        }
    }
    Some(states)
}

/// What one operation leaves for the next: both, and the power going in the second.
#[test]
fn the_power_may_go_in_the_second_of_two_operations() {
    let prepared = prepared();
    let first = operations(&prepared);
    let skipped = if is_long() { 1 } else { PAIRS_SKIPPED };
    let numbers: Vec<usize> = (0..first.len()).collect();
    let cases = common::on_all_cores(&numbers, |number| {
        let mut run = prepared.copy(2_000 + *number as u64);
        let left = run.run(std::slice::from_ref(&first[*number]));
        assert!(left.is_empty(), "{left:?}");
        run.close();
        let (mut pairs, mut cuts) = (0, 0);
        for (nth, second) in operations(&run).iter().enumerate() {
            if (nth + number).is_multiple_of(skipped) {
                pairs += 1;
                cuts += at_every_access(&run, second, POWER_CUT, 1);
            }
        }
        (pairs, cuts)
    });
    common::tell_count("T3 pairs", cases.iter().map(|(pairs, _)| pairs).sum());
    common::tell_count("T3 cuts in pairs", cases.iter().map(|(_, cuts)| cuts).sum());
}

/// What two operations leave for a third: all three, and the power going in the last.
#[test]
fn the_power_may_go_in_the_third_of_three_operations() {
    let prepared = prepared();
    let first = operations(&prepared);
    let skipped = if is_long() {
        TRIPLES_SKIPPED_LONG
    } else {
        TRIPLES_SKIPPED
    };
    let many = first.len();
    let pairs: Vec<usize> = (0..many * many).collect();
    let cases = common::on_all_cores(&pairs, |pair| {
        let tried = |third: &usize| (pair * many + third).is_multiple_of(skipped);
        let tried: Vec<usize> = (0..many).filter(tried).collect();
        if tried.is_empty() {
            return (0, 0);
        }
        let mut run = prepared.copy(4_000 + *pair as u64);
        let left = run.run(std::slice::from_ref(&first[pair / many]));
        assert!(left.is_empty(), "{left:?}");
        // An upload that has ended has no operations any more.
        let Some(second) = operations(&run).get(pair % many).cloned() else {
            return (0, 0);
        };
        let left = run.run(&[second]);
        assert!(left.is_empty(), "{left:?}");
        run.close();
        let third = operations(&run);
        let third: Vec<_> = tried.iter().filter_map(|nth| third.get(*nth)).collect();
        let cuts = third
            .iter()
            .map(|third| at_every_access(&run, third, POWER_CUT, 1));
        (third.len() as u64, cuts.sum())
    });
    common::tell_count("T3 triples", cases.iter().map(|(triples, _)| triples).sum());
    common::tell_count(
        "T3 cuts in triples",
        cases.iter().map(|(_, cuts)| cuts).sum(),
    );
}

#[test]
fn the_disk_may_fail_at_every_access_of_every_operation() {
    let prepared = prepared();
    let operations = operations(&prepared);
    let cases = common::on_all_cores(&operations, |operation| {
        let mut cases = 0;
        for kind in FaultKind::POWERED {
            // What a failed sync loses is left to chance, and so are ids and batches.
            let seeds = if kind == FaultKind::Sync { 6 } else { 3 };
            for sticky in [false, true] {
                let fault = Fault {
                    kind,
                    after: 0,
                    sticky,
                };
                cases += at_every_access(&prepared, operation, fault, seeds);
            }
        }
        cases
    });
    common::tell_count("T4 faults", cases.into_iter().sum());
}

/// Growth is refused while there is still room for what gives room back.
// incident: R76
// catches: FullDiskRefusesDeletes, GrowsToTheEnd
#[test]
fn a_full_disk_takes_all_that_does_not_grow() {
    let prepared = prepared();
    let refused = |run: &mut Run, operation: &Operation| {
        let end = run
            .life()
            .wait(operation.run(&run.life().store, &run.model));
        assert_eq!(end.err(), Some(Error::Full), "{operation:?}");
        run.settle(&[]);
    };
    let mut copied = 0;
    for operation in operations(&prepared) {
        let mut run = prepared.copy(1);
        run.disk.set_room(Room::new(8 << 20, 200 << 20));
        // What is copied is shared, and takes no room, unless it is to be encrypted otherwise.
        let copies_bytes = run.model.writes_again(&operation);
        copied += u64::from(copies_bytes);
        let grows = matches!(
            operation,
            Operation::Put { .. }
                | Operation::Append { .. }
                | Operation::Archive { .. }
                | Operation::PutPart { .. }
        ) || copies_bytes;
        if grows {
            refused(&mut run, &operation);
            run.disk.set_room(Room::new(100 << 20, 200 << 20));
        }
        assert!(run.run(std::slice::from_ref(&operation)).is_empty());
        run.settle(&[]);
        run.disk.set_room(Room::new(0, 200 << 20));
        let last = Operation::Delete {
            at: at("b", "log"),
            version: None,
        };
        refused(&mut run, &last);
        run.disk.set_room(Room::new(8 << 20, 200 << 20));
        run.end();
    }
    assert!(copied >= 2, "{copied} copies that are encrypted otherwise");
}

/// Whatever bit of the segments goes bad, what is read is what was written, or an error; and the
/// check finds every error that a reader would meet.
// catches: ChecksumIgnored
#[test]
fn a_flipped_bit_is_never_served() {
    let prepared = prepared();
    let random = TestRandom(AtomicU64::new(5));
    let mut noticed = 0;
    let flips = common::times(FLIPS);
    for seed in 0..flips {
        let flip = random.next();
        prepared.disk.flip_bit("extents", flip);
        let run = prepared.copy(seed);
        prepared.disk.flip_bit("extents", flip);
        let store = &run.life().store;
        let report = run.life().wait(store.fsck(true)).unwrap();
        noticed += u64::from(!report.is_clean());
        for (name, bucket) in &run.model.0 {
            for (key, versions) in &bucket.keys {
                for (id, content) in versions.iter().map(|one| (&one.id, &one.content)) {
                    let Some(content) = content else { continue };
                    let (name, key) = (common::bucket(name), common::key(key));
                    let read = run.life().wait(async {
                        let object = store.object(&name, &key, id.as_ref()).await?;
                        read(store, &object).await
                    });
                    match read {
                        Ok(bytes) => assert_eq!(bytes, content.bytes, "flip {flip}"),
                        Err(Error::Corrupt { .. }) => assert!(!report.is_clean(), "{report}"),
                        Err(error) => panic!("flip {flip}: {error:?}"),
                    }
                }
            }
        }
    }
    println!("{noticed} of {flips} flips hit something that is in use");
    common::tell_count("T15 flips", flips);
    assert!(noticed >= flips / 4, "{noticed}");
}
