//! The paths that `same_outcome.rs` has not, in both dialects: renames, jobs that are killed and taken up,
//! and a source that is an older version. The same comes out of them.

use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use cosette::Client;
use cosette::transfer::{Engine, Entry, Event, Job, PlanHead, PlanWriter, Seen, Strategy, Work};
use tokio::sync::Notify;

use crate::able::asking;
use crate::house::{EXAMPLE, House, SOURCE, source};
use crate::jobs::{place, seen};
use crate::kills::{Killing, reopen};
use crate::s3::{s3, s3_over};
use crate::same_outcome::{ENCODED, KEY, MIB, elsewhere, everything, outcome, wanted};

/// A job of one entry that keeps everything.
fn planned(house: &House, name: &str, work: Work, seen: Seen) -> PathBuf {
    let plan = house.folder().join(format!("{name}.plan"));
    let mut head = PlanHead::new("mv");
    head.wanted = wanted();
    let mut writer = PlanWriter::create(&plan, &head).unwrap();
    writer.add(&Entry::new(work, seen)).unwrap();
    writer.finish().unwrap();
    let folder = house.folder().join(format!("{name}.job"));
    Job::create(&folder, &plan).unwrap();
    folder
}

/// A key of a bucket, as copies of a dialect name it.
fn named(who: &str, bucket: &str, encoded: &str) -> String {
    match who {
        "cos" => source(bucket, encoded),
        _ => format!("{bucket}/{encoded}"),
    }
}

#[tokio::test]
async fn a_rename_gives_the_same_properties_in_both_dialects() {
    let house = House::new().await;
    everything(&house).await;
    let whole = outcome(&house, SOURCE, KEY).await;
    for (who, client) in [("cos", asking(&house)), ("s3", s3(&house))] {
        let copied = async |key: &str| {
            let call = house.client().slice_copy().bucket(EXAMPLE).key(key);
            let call = call.copy_source(source(SOURCE, ENCODED));
            let call = call.keep_acl().keep_storage_class();
            call.send().await.unwrap();
        };
        let [from, to] = ["a", "b"].map(|key| format!("{who}/{key}"));
        copied(&from).await;
        let call = client.move_object().bucket(EXAMPLE).key(&to);
        let call = call.copy_source(named(who, EXAMPLE, &from)).keep_acl();
        let moved = call.send().await.unwrap();
        assert!(moved.is_moved());
        assert_eq!(moved.copied().strategy, Strategy::Rename, "{who}");
        assert!(outcome(&house, EXAMPLE, &to).await == whole, "{who}");
        // As an entry of a plan.
        copied(&from).await;
        let (there, to) = (house.head(EXAMPLE, &from).await, format!("{who}/c"));
        let work = Work::Move {
            source: place(EXAMPLE, &from),
            target: place(EXAMPLE, &to),
        };
        let folder = planned(&house, who, work, seen(&there));
        let ways = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&ways);
        let engine = Engine::new(client).on_event(move |event| {
            if let Event::Strategy { strategy, .. } = event {
                told.lock().unwrap().push(*strategy);
            }
        });
        let summary = engine.run(Job::open(&folder).unwrap()).await.unwrap();
        assert_eq!((summary.done, summary.failed), (1, 0), "{who}");
        assert_eq!(*ways.lock().unwrap(), [Strategy::Rename], "{who}");
        assert!(outcome(&house, EXAMPLE, &to).await == whole, "{who}");
        assert!(!house.exists(EXAMPLE, &from).await);
    }
}

/// Runs a copy in parts until its process dies at its `at`th request; false if it did not come to that.
async fn dies(house: &House, who: &str, folder: &std::path::Path, at: usize) -> bool {
    let killing = Killing {
        house: house.clone(),
        left: Arc::new(AtomicUsize::new(at)),
        acts: true,
        dead: Arc::new(Notify::new()),
    };
    let client = match who {
        "cos" => house.client_over(killing.clone()),
        _ => s3_over(house, killing.clone()),
    };
    let engine = in_parts(client);
    let job = reopen(folder).await;
    tokio::select! {
        ended = engine.run(job) => {
            ended.unwrap();
            false
        }
        () = killing.dead.notified() => true,
    }
}

fn in_parts(client: Client) -> Engine {
    Engine::new(client).slice_size(0).part_size(MIB as u64)
}

#[tokio::test]
async fn a_job_that_is_killed_anywhere_and_taken_up_gives_the_same_properties_in_both_dialects() {
    let house = House::new().await;
    let object = everything(&house).await;
    let whole = outcome(&house, SOURCE, KEY).await;
    for (who, client) in [("cos", house.client()), ("s3", s3(&house))] {
        let mut taken_up = 0;
        for at in 1.. {
            let key = format!("{who}/{at}");
            let work = Work::Copy {
                source: place(SOURCE, KEY),
                target: place(EXAMPLE, &key),
            };
            let folder = planned(&house, &format!("{who}-{at}"), work, seen(&object));
            let died = dies(&house, who, &folder, at).await;
            if died {
                house.forget();
                let engine = in_parts(client.clone());
                let summary = engine.run(reopen(&folder).await).await.unwrap();
                assert_eq!(summary.done, 1, "{key}");
                taken_up += usize::from((1..4).contains(&house.count("UploadPartCopy")));
            }
            assert!(outcome(&house, EXAMPLE, &key).await == whole, "{key}");
            if !died {
                break;
            }
        }
        assert!(taken_up > 0, "{who}: no run found parts that were there");
    }
    assert_eq!(house.uploads(EXAMPLE).await, 0);
}

#[tokio::test]
async fn an_older_version_gives_the_same_properties_on_every_path_in_both_dialects() {
    let house = House::new().await;
    house.versioning(SOURCE, "Enabled").await;
    let object = everything(&house).await;
    let whole = outcome(&house, SOURCE, KEY).await;
    let version = object.version_id.clone().unwrap();
    house.put(SOURCE, KEY, "newer").await;
    for (who, client, other) in [
        ("cos", house.client(), elsewhere(&house)),
        ("s3", s3(&house), house.client()),
    ] {
        let from = format!("{}?versionId={version}", named(who, SOURCE, ENCODED));
        let copy = |key: &str| {
            let call = client.slice_copy().bucket(EXAMPLE);
            let call = call.key(format!("{who}/{key}")).copy_source(&from);
            call.keep_acl().keep_storage_class().chunk_size(MIB as u64)
        };
        let one = copy("one").send().await.unwrap();
        assert_eq!(one.strategy, Strategy::OneRequest);
        let parts = copy("parts").slice_size(0).send().await.unwrap();
        assert_eq!((parts.strategy, parts.parts), (Strategy::Parts, 4));
        let streamed = copy("streamed").source_client(&other).send().await.unwrap();
        assert_eq!((streamed.strategy, streamed.parts), (Strategy::Streamed, 4));
        for (key, engine) in [
            ("plan-one", Engine::new(client.clone())),
            ("plan-parts", in_parts(client.clone())),
            (
                "plan-streamed",
                Engine::new(client.clone()).source_client(other.clone()),
            ),
        ] {
            let mut older = place(SOURCE, KEY);
            older.version_id = Some(version.clone());
            let work = Work::Copy {
                source: older,
                target: place(EXAMPLE, &format!("{who}/{key}")),
            };
            let folder = planned(&house, &format!("{who}-{key}"), work, seen(&object));
            let summary = engine.run(Job::open(&folder).unwrap()).await.unwrap();
            assert_eq!((summary.done, summary.failed), (1, 0), "{who}/{key}");
        }
        for key in [
            "one",
            "parts",
            "streamed",
            "plan-one",
            "plan-parts",
            "plan-streamed",
        ] {
            let key = format!("{who}/{key}");
            assert!(outcome(&house, EXAMPLE, &key).await == whole, "{key}");
        }
    }
    assert_eq!(house.uploads(EXAMPLE).await, 0);
}
