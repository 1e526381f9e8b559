//! Encryption in jobs: it goes along on every path as with single copies, and no file has a key.

use std::path::{Path, PathBuf};

use cosette::transfer::{
    Engine, Entry, Job, PlanHead, PlanWriter, Seen, Summary, Wanted, WantedEncryption, Work,
};
use cosette::{
    Capability, CustomerKey, EncryptedWith, Encryption, EncryptionConfiguration, ErrorKind,
    ObjectReply, Output, Timestamp,
};

use crate::house::{EXAMPLE, Fault, House, SOURCE};
use crate::jobs::{place, seen};

const MIB: usize = 1 << 20;
const KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
const KEY_BASE64: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn key() -> CustomerKey {
    CustomerKey::new(KEY)
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| u8::try_from(at * 31 % 251).unwrap())
        .collect()
}

/// An object of each kind: as the bucket says, with the service's key, with a customer's.
fn kinds() -> [Option<Encryption>; 3] {
    [
        None,
        Some(Encryption::Managed),
        Some(Encryption::Customer(key())),
    ]
}

async fn put(house: &House, name: &str, size: usize, how: Option<&Encryption>) -> Seen {
    let client = house.client();
    let call = client.put_object().bucket(SOURCE).key(name);
    let call = call.body(bytes(size));
    let call = match how {
        Some(how) => call.server_side_encryption(how.clone()),
        None => call,
    };
    call.send().await.unwrap();
    seen(&head(house, SOURCE, name, how).await)
}

async fn head(
    house: &House,
    bucket: &str,
    name: &str,
    how: Option<&Encryption>,
) -> Output<ObjectReply> {
    let client = house.client();
    let call = client.head_object().bucket(bucket).key(name);
    let call = match how.and_then(Encryption::customer_key) {
        Some(key) => call.customer_key(key.clone()),
        None => call,
    };
    call.send().await.unwrap()
}

/// It is encrypted so, and has the bytes.
async fn assert_is(house: &House, name: &str, size: usize, how: Option<&Encryption>) {
    let found = head(house, EXAMPLE, name, how).await;
    let wanted = how.map(EncryptedWith::of);
    assert_eq!(found.encrypted_with, wanted, "{name} {how:?}");
    let client = house.client();
    let call = client.download().bucket(EXAMPLE).key(name);
    let call = match how.and_then(Encryption::customer_key) {
        Some(key) => call.customer_key(key.clone()),
        None => call,
    };
    let mut read = Vec::new();
    call.to_writer(&mut read).await.unwrap();
    assert!(read == bytes(size), "{name} {how:?}");
}

fn of_source(how: Option<&Encryption>) -> Wanted {
    match how.and_then(Encryption::customer_key) {
        Some(key) => Wanted::default().source_encrypted_with(key),
        None => Wanted::default(),
    }
}

/// A job of one entry, in a folder of its own.
fn job(house: &House, name: &str, wanted: Wanted, work: Work, seen: Seen) -> PathBuf {
    let plan = house.folder().join(format!("{name}.plan"));
    let mut head = PlanHead::new("cp");
    head.wanted = wanted;
    let mut writer = PlanWriter::create(&plan, &head).unwrap();
    writer.add(&Entry::new(work, seen)).unwrap();
    writer.finish().unwrap();
    let folder = house.folder().join(format!("{name}.job"));
    drop(Job::create(&folder, &plan).unwrap());
    folder
}

async fn run(engine: Engine, folder: &Path) -> Summary {
    let job = Job::open(folder).unwrap();
    let ran = tokio::spawn(async move { engine.run(job).await });
    ran.await.unwrap().unwrap()
}

/// The same store under another name, as another service is.
fn streaming(house: &House, engine: Engine) -> Engine {
    let elsewhere = house
        .builder()
        .credentials(house.root())
        .endpoint("http://127.0.0.1:1".parse().unwrap());
    engine.source_client(elsewhere.build().unwrap())
}

#[tokio::test]
async fn every_path_of_a_job_keeps_how_the_source_is_encrypted() {
    let house = House::new().await;
    let client = house.client().without(Capability::Rename);
    let engine = || {
        let engine = Engine::new(client.clone()).part_size(MIB as u64);
        engine.source_customer_key(key())
    };
    for (nth, how) in kinds().iter().enumerate() {
        let how = how.as_ref();
        for (path, size, engine) in [
            ("small", 5, engine()),
            ("parts", 3 * MIB + 1, engine().slice_size(0)),
            ("streamed", 3 * MIB + 1, streaming(&house, engine())),
        ] {
            for moves in [false, true] {
                let name = format!("{path}-{nth}-{moves}");
                let seen = put(&house, &name, size, how).await;
                let (source, target) = (place(SOURCE, &name), place(EXAMPLE, &name));
                let work = match moves {
                    true => Work::Move { source, target },
                    false => Work::Copy { source, target },
                };
                let folder = job(&house, &name, of_source(how), work, seen);
                let summary = run(engine.clone(), &folder).await;
                assert_eq!((summary.done, summary.failed), (1, 0), "{name}");
                assert_is(&house, &name, size, how).await;
                assert_eq!(keys_of(&house, SOURCE).await.contains(&name), !moves);
            }
        }
        // Cut between two parts, and taken up.
        let name = format!("resumed-{nth}");
        let seen = put(&house, &name, 3 * MIB + 1, how).await;
        let (source, target) = (place(SOURCE, &name), place(EXAMPLE, &name));
        let work = Work::Move { source, target };
        let folder = job(&house, &name, of_source(how), work, seen);
        house.faults(|asked| match asked.query.get("partNumber") {
            Some("3") => Fault::Answer(403, "AccessDenied"),
            _ => Fault::None,
        });
        assert_eq!(run(engine().slice_size(0), &folder).await.failed, 1);
        house.no_faults();
        assert_eq!(run(engine().slice_size(0), &folder).await.done, 1);
        assert_is(&house, &name, 3 * MIB + 1, how).await;
    }
    assert_eq!(house.uploads(EXAMPLE).await, 0);
}

async fn keys_of(house: &House, bucket: &str) -> Vec<String> {
    let listed = house.client().get_bucket().bucket(bucket).send().await;
    let listed = listed.unwrap();
    let keys = listed.contents.iter().map(|entry| entry.key.to_string());
    keys.collect()
}

#[tokio::test]
async fn a_plan_says_how_targets_are_encrypted() {
    let house = House::new().await;
    let other = CustomerKey::new([8; 32]);
    for (nth, how) in kinds().iter().enumerate() {
        let how = how.as_ref();
        for (wishes, (wish, wanted)) in [
            (WantedEncryption::AsBucket, None),
            (WantedEncryption::Managed, Some(Encryption::Managed)),
            (
                WantedEncryption::with(&other),
                Some(Encryption::Customer(other.clone())),
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let name = format!("{nth}-{wishes}");
            let seen = put(&house, &name, 7, how).await;
            // Within a bucket, too: nothing is renamed that shall be another.
            let target = place(SOURCE, &format!("moved/{name}"));
            let copied = place(EXAMPLE, &name);
            let source = place(SOURCE, &name);
            for work in [
                Work::Copy {
                    source: source.clone(),
                    target: copied,
                },
                Work::Move { source, target },
            ] {
                let wished = Wanted {
                    encryption: wish,
                    ..of_source(how)
                };
                let of = format!("{}-{nth}-{}", work.name(), wishes);
                let folder = job(&house, &of, wished, work, seen.clone());
                let engine = Engine::new(house.client()).customer_key(other.clone());
                let summary = run(engine.source_customer_key(key()), &folder).await;
                assert_eq!((summary.done, summary.failed), (1, 0), "{name}");
            }
            assert_is(&house, &name, 7, wanted.as_ref()).await;
            let moved = head(&house, SOURCE, &format!("moved/{name}"), wanted.as_ref()).await;
            assert_eq!(
                moved.encrypted_with,
                wanted.as_ref().map(EncryptedWith::of),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_job_has_no_key_in_its_files_and_does_nothing_without_it() {
    let house = House::new().await;
    let how = Encryption::Customer(key());
    let seen = put(&house, "a", 9, Some(&how)).await;
    let (source, target) = (place(SOURCE, "a"), place(EXAMPLE, "a"));
    let work = Work::Move { source, target };
    let wanted = Wanted {
        encryption: WantedEncryption::with(&key()),
        ..of_source(Some(&how))
    };
    let folder = job(&house, "j", wanted, work, seen);
    let bare = || Engine::new(house.client());
    let other = CustomerKey::new([8; 32]);
    house.forget();
    for engine in [
        bare(),
        bare().customer_key(key()),
        bare().source_customer_key(key()),
        bare().customer_key(key()).source_customer_key(other),
    ] {
        let refused = engine.run(Job::open(&folder).unwrap()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused}");
        assert!(refused.to_string().contains("MD5"), "{refused}");
    }
    assert_eq!(house.operations(), [""; 0]);
    let engine = bare().customer_key(key()).source_customer_key(key());
    assert!(!format!("{engine:?}").contains("49, 50"));
    // It fails half-way: the journal has an upload, and no key.
    assert_eq!(run(engine, &folder).await.done, 1);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let read = std::fs::read(entry.unwrap().path()).unwrap();
        let has = |what: &[u8]| read.windows(what.len()).any(|found| found == what);
        assert!(!has(&KEY) && !has(KEY_BASE64.as_bytes()));
    }
}

#[tokio::test]
async fn files_go_up_and_come_down_with_keys() {
    let house = House::new().await;
    let how = Encryption::Customer(key());
    let engine = || {
        let engine = Engine::new(house.client()).part_size(MIB as u64);
        engine.customer_key(key()).source_customer_key(key())
    };
    for (size, name) in [(11, "few"), (3 * MIB + 1, "many")] {
        let file = house.folder().join(name);
        std::fs::write(&file, bytes(size)).unwrap();
        let since = std::fs::metadata(&file).unwrap().modified().unwrap();
        let since = since.duration_since(std::time::UNIX_EPOCH).unwrap();
        let seen = Seen {
            size: size as u64,
            last_modified: Some(Timestamp::from_micros(
                u64::try_from(since.as_micros()).unwrap(),
            )),
            ..Seen::default()
        };
        let wanted = Wanted {
            encryption: WantedEncryption::with(&key()),
            ..Wanted::default()
        };
        let work = Work::Upload {
            source: file.clone(),
            target: place(EXAMPLE, name),
            remove_source: true,
        };
        let folder = job(&house, &format!("up-{name}"), wanted, work, seen);
        assert_eq!(run(engine(), &folder).await.done, 1, "{name}");
        assert!(!file.exists());
        assert_is(&house, name, size, Some(&how)).await;
        let object = head(&house, EXAMPLE, name, Some(&how)).await;
        let work = Work::Download {
            source: place(EXAMPLE, name),
            target: file.clone(),
            remove_source: true,
        };
        let wanted = of_source(Some(&how));
        let seen = crate::jobs::seen(&object);
        let folder = job(&house, &format!("down-{name}"), wanted, work, seen);
        assert_eq!(run(engine(), &folder).await.done, 1, "{name}");
        assert!(std::fs::read(&file).unwrap() == bytes(size));
        assert!(!house.exists(EXAMPLE, name).await);
    }
}

#[tokio::test]
async fn where_the_bucket_encrypts_everything_no_source_is_looked_at_for_it() {
    let house = House::new().await;
    let copy = async |name: &str, how: Option<&Encryption>| {
        let seen = put(&house, name, 5, how).await;
        let (source, target) = (place(SOURCE, name), place(EXAMPLE, name));
        let work = Work::Copy { source, target };
        let folder = job(&house, name, of_source(how), work, seen);
        house.forget();
        let engine = Engine::new(house.client()).source_customer_key(key());
        assert_eq!(run(engine, &folder).await.done, 1);
        house.operations()
    };
    let asked = copy("a", None).await;
    assert_eq!(
        asked,
        ["GetBucketEncryption", "HeadObject", "PutObjectCopy"]
    );
    let call = house.client().put_bucket_encryption().bucket(EXAMPLE);
    let call = call.configuration(EncryptionConfiguration::Managed);
    call.send().await.unwrap();
    for (name, how) in [("b", None), ("c", Some(&Encryption::Managed))] {
        let asked = copy(name, how).await;
        assert_eq!(asked, ["GetBucketEncryption", "PutObjectCopy"]);
        assert_is(&house, name, 5, Some(&Encryption::Managed)).await;
    }
    // A customer's key is kept there, too: the bucket's is for what has none.
    let own = Encryption::Customer(key());
    assert_eq!(copy("d", Some(&own)).await, ["HeadObject", "PutObjectCopy"]);
    assert_is(&house, "d", 5, Some(&own)).await;
}

#[tokio::test]
async fn where_the_service_keeps_encryption_no_source_is_looked_at_for_it() {
    let house = House::new().await;
    for client in [crate::able::asking(&house), crate::s3::s3(&house)] {
        let dialect = client.dialect();
        let client = client.without(Capability::Rename);
        let plan = async |kind: &str, moves: bool| {
            let path = house.folder().join(format!("{dialect:?}-{kind}.plan"));
            let mut writer = PlanWriter::create(&path, &PlanHead::new("cp")).unwrap();
            for name in ["a", "b", "c", "d"] {
                let how = (name > "b").then_some(Encryption::Managed);
                let seen = put(&house, name, 5, how.as_ref()).await;
                let (source, target) = (place(SOURCE, name), place(EXAMPLE, name));
                let work = match moves {
                    true => Work::Move { source, target },
                    false => Work::Copy { source, target },
                };
                writer.add(&Entry::new(work, seen)).unwrap();
            }
            writer.finish().unwrap();
            let folder = path.with_extension("job");
            drop(Job::create(&folder, &path).unwrap());
            house.forget();
            folder
        };
        let are_kept = async || {
            for name in ["a", "b", "c", "d"] {
                let how = (name > "b").then_some(Encryption::Managed);
                assert_is(&house, name, 5, how.as_ref()).await;
            }
        };
        for (kind, moves) in [("copies", false), ("moves", true)] {
            let folder = plan(kind, moves).await;
            assert_eq!(run(Engine::new(client.clone()), &folder).await.done, 4);
            // A move looks at its target before the source goes, as ever.
            let looks = if moves { 4 } else { 0 };
            let asked = house.asked();
            let heads = asked.iter().filter(|one| one.operation == "HeadObject");
            let of = heads.map(|one| format!("{:?}{}", one.host, one.path));
            let of: Vec<_> = of.collect();
            assert_eq!(of.len(), looks, "{dialect:?}: {of:?}");
            assert!(of.iter().all(|place| place.contains(EXAMPLE)), "{of:?}");
            assert_eq!(house.count("GetBucketEncryption"), 0);
            assert_eq!(house.count("PutObjectCopy"), 4);
            are_kept().await;
        }
        // As it was, where the service cannot.
        let folder = plan("looks", false).await;
        let engine = Engine::new(client.without(Capability::CopyEncryption));
        assert_eq!(run(engine, &folder).await.done, 4);
        assert_eq!(house.count("HeadObject"), 4);
        are_kept().await;
    }
}
