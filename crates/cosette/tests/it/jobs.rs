//! Plans and jobs against a store: what is done stays done, what cannot be read is refused.

use cosette::transfer::{
    Ended, Engine, Entry, Job, Place, PlanHead, PlanReader, PlanWriter, Seen, Skip, Work,
};
use cosette::{ErrorKind, ObjectReply, Output};

use crate::house::{EXAMPLE, Fault, House, SOURCE};

pub(crate) fn place(bucket: &str, key: &str) -> Place {
    Place::new(bucket.parse().unwrap(), key.parse().unwrap())
}

pub(crate) fn seen(object: &Output<ObjectReply>) -> Seen {
    Seen {
        size: object.size(),
        etag: Some(object.etag.clone()),
        crc64: object.crc64,
        last_modified: Some(object.last_modified),
        version_id: object.version_id.clone(),
        storage_class: Some(object.storage_class),
    }
}

/// Moves of `keys` from one bucket to the other, as a job.
pub(crate) async fn moves(house: &House, name: &str, keys: &[&str]) -> Job {
    let plan = house.folder().join(format!("{name}.plan"));
    let mut writer = PlanWriter::create(&plan, &PlanHead::new("mv")).unwrap();
    for key in keys {
        let source = place(SOURCE, key);
        let target = place(EXAMPLE, key);
        let object = house.head(SOURCE, key).await;
        let entry = Entry::new(Work::Move { source, target }, seen(&object));
        writer.add(&entry).unwrap();
    }
    writer.finish().unwrap();
    Job::create(house.folder().join(name), &plan).unwrap()
}

#[tokio::test]
async fn a_job_moves_what_its_plan_says_and_runs_again_without_doing_it_twice() {
    let house = House::new().await;
    for key in ["a", "b", "c"] {
        house.put(SOURCE, key, key.to_owned()).await;
    }
    let job = moves(&house, "j1", &["a", "b", "c"]).await;
    let folder = job.folder().to_owned();
    let summary = Engine::new(house.client()).run(job).await.unwrap();
    assert_eq!((summary.done, summary.failed), (3, 0));
    for key in ["a", "b", "c"] {
        assert_eq!(house.bytes(EXAMPLE, key).await, key);
        assert!(!house.exists(SOURCE, key).await);
    }
    house.forget();
    let job = Job::open(&folder).unwrap();
    assert!(job.state().is_finished());
    let summary = Engine::new(house.client()).run(job).await.unwrap();
    assert!(summary.is_complete());
    assert_eq!(house.asked().len(), 0);
}

#[tokio::test]
async fn a_source_that_is_not_the_one_the_plan_saw_is_left_alone_and_reported() {
    let house = House::new().await;
    for key in ["a", "b"] {
        house.put(SOURCE, key, "old").await;
    }
    let job = moves(&house, "j1", &["a", "b"]).await;
    let folder = job.folder().to_owned();
    house.put(SOURCE, "b", "newer").await;
    let summary = Engine::new(house.client()).run(job).await.unwrap();
    assert_eq!((summary.done, summary.failed), (1, 1));
    assert_eq!(house.bytes(SOURCE, "b").await, "newer");
    assert!(!house.exists(EXAMPLE, "b").await);
    let mut report = Vec::new();
    let state = Job::report(&folder, |number, entry, ended| {
        report.push((number, entry.subject(), ended.clone()));
    })
    .unwrap();
    assert_eq!((state.done, report.len()), (1, 1));
    let (number, subject, ended) = &report[0];
    assert_eq!(
        (*number, subject.as_str()),
        (1, "sourcebucket-1250000000/b")
    );
    let Ended::Failed(failure) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(failure.kind, "precondition_failed");
}

#[tokio::test]
async fn nobody_carries_out_a_plan_that_was_never_finished() {
    let house = House::new().await;
    let plan = house.folder().join("p");
    let mut writer = PlanWriter::create(&plan, &PlanHead::new("rm")).unwrap();
    let source = place(SOURCE, "k");
    let entry = Entry::new(Work::Delete { source }, Seen::default());
    writer.add(&entry).unwrap();
    drop(writer);
    let folder = house.folder().join("j");
    let refused = Job::create(&folder, &plan).unwrap_err();
    assert!(
        matches!(
            refused.kind(),
            ErrorKind::Invalid | ErrorKind::Local | ErrorKind::Damaged
        ),
        "{refused}"
    );
    // It is told of the file that was named, and nothing is left of the job.
    let named = plan.display().to_string();
    assert!(refused.to_string().contains(&named), "{refused}");
    assert!(!folder.exists());
    // A folder that is there already is somebody's.
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("theirs"), "x").unwrap();
    assert_eq!(
        Job::create(&folder, &plan).unwrap_err().kind(),
        ErrorKind::Local
    );
    assert!(folder.join("theirs").exists());
}

#[tokio::test]
async fn the_first_entries_of_a_plan_are_told_without_the_rest() {
    let house = House::new().await;
    let plan = house.folder().join("p");
    let mut writer = PlanWriter::create(&plan, &PlanHead::new("rm")).unwrap();
    let entries: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|key| {
            let source = place(SOURCE, key);
            Entry::new(Work::Delete { source }, Seen::default())
        })
        .collect();
    for entry in &entries {
        writer.add(entry).unwrap();
    }
    writer.finish().unwrap();
    let first = |most| PlanReader::first_entries(&plan, most);
    assert_eq!(first(0).unwrap(), []);
    assert_eq!(first(2).unwrap(), entries[..2]);
    assert_eq!(first(9).unwrap(), entries);
    // What is read is as it was written.
    let mut bytes = std::fs::read(&plan).unwrap();
    let line = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    bytes[line + 30] ^= 1;
    std::fs::write(&plan, bytes).unwrap();
    assert_eq!(first(1).unwrap_err().kind(), ErrorKind::Damaged);
}

#[tokio::test]
async fn a_plan_with_a_byte_changed_is_refused() {
    let house = House::new().await;
    let plan = house.folder().join("p");
    let mut writer = PlanWriter::create(&plan, &PlanHead::new("rm")).unwrap();
    for key in ["a", "b"] {
        let source = place(SOURCE, key);
        writer
            .add(&Entry::new(Work::Delete { source }, Seen::default()))
            .unwrap();
    }
    let written = writer.finish().unwrap();
    assert_eq!(PlanReader::open(&plan).unwrap().summary(), written);
    let bytes = std::fs::read(&plan).unwrap();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        std::fs::write(&plan, &bad).unwrap();
        let refused = PlanReader::open(&plan).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::Damaged | ErrorKind::Invalid),
            "{at}: {refused}"
        );
    }
}

#[tokio::test]
async fn two_cannot_work_on_one_job() {
    let house = House::new().await;
    house.put(SOURCE, "a", "a").await;
    let job = moves(&house, "j1", &["a"]).await;
    let second = Job::open(job.folder()).unwrap_err();
    assert_eq!(second.kind(), ErrorKind::Busy);
    let folder = job.folder().to_owned();
    drop(job);
    Job::open(&folder).unwrap();
}

#[tokio::test]
async fn removing_what_is_gone_is_skipped_and_what_changed_is_kept() {
    let house = House::new().await;
    house.put(SOURCE, "changed", "old").await;
    house.put(SOURCE, "same", "old").await;
    let plan = house.folder().join("p");
    let mut writer = PlanWriter::create(&plan, &PlanHead::new("rm")).unwrap();
    for key in ["changed", "same"] {
        let object = house.head(SOURCE, key).await;
        let source = place(SOURCE, key);
        writer
            .add(&Entry::new(Work::Delete { source }, seen(&object)))
            .unwrap();
    }
    let source = place(SOURCE, "gone");
    writer
        .add(&Entry::new(Work::Delete { source }, Seen::default()))
        .unwrap();
    writer.finish().unwrap();
    house.put(SOURCE, "changed", "new").await;
    let job = Job::create(house.folder().join("j"), &plan).unwrap();
    let folder = job.folder().to_owned();
    let summary = Engine::new(house.client()).run(job).await.unwrap();
    assert_eq!((summary.done, summary.skipped, summary.failed), (1, 1, 1));
    assert_eq!(house.bytes(SOURCE, "changed").await, "new");
    assert!(!house.exists(SOURCE, "same").await);
    let mut skipped = Vec::new();
    Job::report(&folder, |number, _, ended| {
        if let Ended::Skipped(why) = ended {
            skipped.push((number, *why));
        }
    })
    .unwrap();
    assert_eq!(skipped, [(2, Skip::SourceGone)]);
}

#[tokio::test]
async fn a_move_within_a_bucket_is_one_request_where_the_service_renames() {
    let house = House::new().await;
    house.put(EXAMPLE, "a", "a").await;
    house.put(EXAMPLE, "b", "b").await;
    let plan = house.folder().join("p");
    let mut writer = PlanWriter::create(&plan, &PlanHead::new("mv")).unwrap();
    for key in ["a", "b"] {
        let object = house.head(EXAMPLE, key).await;
        let (source, target) = (place(EXAMPLE, key), place(EXAMPLE, &format!("to/{key}")));
        let entry = Entry::new(Work::Move { source, target }, seen(&object));
        writer.add(&entry).unwrap();
    }
    writer.finish().unwrap();
    let job = Job::create(house.folder().join("j"), &plan).unwrap();
    let folder = job.folder().to_owned();
    house.forget();
    // One is renamed, and nobody hears of it.
    house.faults(|asked| match asked.path.ends_with("/b") {
        true => Fault::AnswerLost,
        false => Fault::None,
    });
    let engine = Engine::new(house.client()).atomic_rename();
    let summary = engine.run(job).await.unwrap();
    assert_eq!((summary.done, summary.failed), (1, 1));
    house.no_faults();
    let summary = engine.run(Job::open(&folder).unwrap()).await.unwrap();
    assert_eq!((summary.done, summary.failed), (2, 0));
    assert!(house.operations().iter().all(|one| *one == "RenameObject"));
    for key in ["a", "b"] {
        assert_eq!(house.bytes(EXAMPLE, &format!("to/{key}")).await, key);
        assert!(!house.exists(EXAMPLE, key).await);
    }
}

#[tokio::test]
async fn a_failure_is_tried_again_by_the_next_run() {
    let house = House::new().await;
    house.put(SOURCE, "a", "a").await;
    house.put(SOURCE, "b", "b").await;
    let job = moves(&house, "j1", &["a", "b"]).await;
    let folder = job.folder().to_owned();
    house.faults(
        |asked| match (asked.operation, asked.path.ends_with("/a")) {
            ("PutObjectCopy", true) => Fault::Answer(403, "AccessDenied"),
            _ => Fault::None,
        },
    );
    let summary = Engine::new(house.client()).run(job).await.unwrap();
    assert_eq!((summary.done, summary.failed), (1, 1));
    assert!(house.exists(SOURCE, "a").await);
    house.no_faults();
    let summary = Engine::new(house.client())
        .run(Job::open(&folder).unwrap())
        .await
        .unwrap();
    assert_eq!((summary.done, summary.failed), (2, 0));
    assert_eq!(house.bytes(EXAMPLE, "a").await, "a");
    assert!(!house.exists(SOURCE, "a").await);
}
