//! Each operation with each of its accesses to the disk gone wrong: the power goes there, or the
//! disk fails. Afterwards the store is opened again and holds what it held before, or what it would
//! hold after; what was acknowledged is there; the check finds nothing; and nothing is left behind
//! once everything is deleted.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::AtomicU64;

use cosette_store::disk::Room;
use cosette_store::disk::simulated::{Fault, FaultKind};
use cosette_store::{Error, Versioning};
use cosette_types::VersionId;

use crate::common::{self, TestRandom, content};
use crate::operation::{Operation, Place, Upload};
use crate::run::Run;

/// How a power cut is settled is left to chance: so often it is tried at each access.
const SEEDS: u64 = 2;
/// Of the stores that survived a fault, one of so many is emptied to see what is left.
const EMPTIED: u64 = 5;

/// Bits that go bad, one by one.
const FLIPS: u64 = 200;
/// A little less than there are.
const POWER_CUTS_MIN: u64 = 450;
const FAULTS_MIN: u64 = 1_100;

fn at(bucket: &'static str, key: &'static str) -> Place {
    Place { bucket, key }
}

/// A store with some of everything, at rest.
fn prepared() -> Run {
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
        Operation::Append {
            to: at("b", "log"),
            bytes: content(9, 60),
        },
        Operation::Initiate { at: at("b", "a/2") },
        // Work for the sweep.
        put("b", "b/1", 4000),
        put("b", "b/1", 20),
        put("b", "b/1", 4100),
    ];
    for operation in first {
        assert!(run.run(&[operation]).is_empty());
    }
    let upload = upload(&run);
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

fn upload(run: &Run) -> Upload {
    run.model.bucket("b").uploads.keys().next().unwrap().clone()
}

/// Every kind of operation, and the ways it can go that touch the disk differently.
fn operations(run: &Run) -> Vec<Operation> {
    let bucket = "b";
    let upload = upload(run);
    let oldest: Option<VersionId> = run.model.bucket("c").keys["a"][0].id.clone();
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
    let delete = |at, version| Operation::Delete { at, version };
    vec![
        put(at("b", "a"), 30),
        put(at("c", "b"), 2000),
        put(at("b", "b"), 140_000),
        copy(at("b", "a/1"), at("c", "a"), false),
        copy(at("b", "b"), at("b", "b"), true),
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
        delete(at("b", "a/1"), None),
        delete(at("c", "a"), None),
        delete(at("c", "a"), oldest),
        Operation::Versioning {
            bucket,
            to: Versioning::Suspended,
        },
        Operation::Initiate { at: at("c", "a") },
        put_part(2, 3500),
        put_part(4, 12),
        copy_part(at("b", "b"), Some((10, 65_000))),
        copy_part(at("b", "a/1"), None),
        Operation::Complete {
            bucket,
            upload: upload.clone(),
            parts: vec![1, 2, 3],
        },
        Operation::Abort {
            bucket,
            upload: upload.clone(),
        },
        Operation::Sweep,
        Operation::Restart,
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

// incident: R14
#[test]
fn the_power_may_go_at_every_access_of_every_operation() {
    let prepared = prepared();
    let mut cases = 0;
    let operations = operations(&prepared);
    for operation in &operations {
        let fault = Fault {
            kind: FaultKind::PowerCut,
            after: 0,
            sticky: false,
        };
        cases += at_every_access(&prepared, operation, fault, common::times(SEEDS));
    }
    println!("{} operations, {cases} power cuts", operations.len());
    assert!(cases >= POWER_CUTS_MIN, "{cases}");
}

#[test]
fn the_disk_may_fail_at_every_access_of_every_operation() {
    let prepared = prepared();
    let mut cases = 0;
    let operations = operations(&prepared);
    for operation in &operations {
        for kind in FaultKind::POWERED {
            // Syncs are few, and what a failed one loses is left to chance.
            let seeds = if kind == FaultKind::Sync { 4 } else { 1 };
            let fault = |sticky| Fault {
                kind,
                after: 0,
                sticky,
            };
            cases += at_every_access(&prepared, operation, fault(false), seeds);
            if kind == FaultKind::Io {
                cases += at_every_access(&prepared, operation, fault(true), 1);
            }
        }
    }
    println!("{} operations, {cases} faults", operations.len());
    assert!(cases >= FAULTS_MIN, "{cases}");
}

/// Growth is refused while there is still room for what gives room back.
// incident: R76
// catches: FullDiskRefusesDeletes
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
    for operation in operations(&prepared) {
        let mut run = prepared.copy(1);
        run.disk.set_room(Room::new(8 << 20, 200 << 20));
        // What is copied is shared, and takes no room.
        let grows = matches!(
            operation,
            Operation::Put { .. } | Operation::Append { .. } | Operation::PutPart { .. }
        );
        if grows {
            refused(&mut run, &operation);
            run.disk.set_room(Room::new(100 << 20, 200 << 20));
        }
        assert!(run.run(std::slice::from_ref(&operation)).is_empty());
        run.settle(&[]);
        run.disk.set_room(Room::new(0, 200 << 20));
        let last = Operation::Delete {
            at: at("b", "a"),
            version: None,
        };
        refused(&mut run, &last);
        run.disk.set_room(Room::new(8 << 20, 200 << 20));
        run.end();
    }
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
                        common::read(store, &object).await
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
    assert!(noticed >= flips / 4, "{noticed}");
}
