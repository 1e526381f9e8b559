//! Tiny runs against the server itself: everything is measured, nothing fails, nothing is left.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the lints spare what is marked as a test, not the helpers beside it"
)]

use std::path::Path;

use cosette_bench::{Credentials, Error, Job, Measured, Op, Plan, Report, Role, Site, Stops, run};
use cosette_server::{Config, Embedded, Listener, Opened};
use cosette_types::BucketName;
use tempfile::TempDir;

const BUCKET: &str = "bench-1250000000";

struct House {
    embedded: Box<Embedded>,
    address: String,
    folder: TempDir,
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let opened = Embedded::open(&data, Config::default(), None)
            .await
            .unwrap();
        let Opened::Here(mut embedded) = opened else {
            panic!("nobody else knows this folder")
        };
        let listener = Listener::tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = format!("http://{}", listener.address().unwrap());
        embedded.serve_on(listener);
        Self {
            embedded,
            address,
            folder,
        }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn site(&self) -> Site {
        let keys = self.embedded.root();
        let credentials = Credentials {
            secret_id: keys.secret_id.clone(),
            secret_key: keys.secret_key.clone(),
            token: None,
        };
        let endpoint = self.address.parse().unwrap();
        Site::new(&endpoint, None, BUCKET.parse().unwrap(), Some(credentials)).unwrap()
    }

    async fn run(&self, plan: Plan) -> Report {
        self.try_run(plan, &Stops::default()).await.unwrap()
    }

    async fn try_run(&self, plan: Plan, stops: &Stops) -> Result<Report, Error> {
        let job = Job {
            plan,
            site: self.site(),
            process: None,
            versus: None,
            baseline: None,
        };
        run(job, stops, &|_| {}).await
    }

    /// Every bucket that is there: a run removes the one it has made, and it can do so only when
    /// nothing is left in it.
    async fn buckets(&self) -> Vec<BucketName> {
        let client = cosette::Client::builder()
            .endpoint(self.address.parse().unwrap())
            .region("ap-guangzhou")
            .credentials(cosette::Credentials::new(
                &self.embedded.root().secret_id,
                self.embedded.root().secret_key.expose(),
            ))
            .build()
            .unwrap();
        let reply = client.get_service().send().await.unwrap();
        reply
            .value
            .buckets
            .into_iter()
            .map(|entry| entry.name)
            .collect()
    }
}

fn plan(workload: &str, count: u64) -> Plan {
    Plan {
        workload: workload.parse().unwrap(),
        objects: 12,
        count: Some(count),
        concurrency: 3,
        ..Plan::default()
    }
}

fn only(report: &Report) -> (Op, &Measured) {
    let tally = &report.measurements[0].tally;
    assert_eq!(tally.first_error, None);
    assert_eq!(tally.operations.len(), 1, "{tally:?}");
    let (op, measured) = tally.operations.iter().next().unwrap();
    (*op, measured)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_measured_and_leaves_nothing() {
    let house = House::open().await;
    for op in Op::ALL {
        let parts = matches!(op, Op::PartCopy | Op::SliceCopy);
        let plan = Plan {
            size: if parts { 3 << 20 } else { 4096 },
            part_size: 1 << 20,
            objects: if parts { 1 } else { 12 },
            ..plan(op.as_str(), 12)
        };
        let report = house.run(plan).await;
        let (measured_op, measured) = only(&report);
        assert_eq!((measured_op, measured.latency.count()), (op, 12));
        assert_eq!(report.not_cleaned, [""; 0]);
        let bytes = match op {
            Op::Put | Op::Get | Op::Copy | Op::Move | Op::Rename => 12 * 4096,
            Op::PartCopy => 12 << 20,
            Op::SliceCopy => 36 << 20,
            Op::List => measured.bytes.max(1),
            Op::Head | Op::Delete => 0,
        };
        assert_eq!(measured.bytes, bytes, "{op}");
        assert_eq!(house.buckets().await, [], "{op}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_may_cut_across_and_listings_may_fold() {
    let house = House::open().await;
    let large = Plan {
        size: 3 << 20,
        part_size: 1 << 20,
        unaligned: true,
        objects: 1,
        ..plan("slice-copy", 2)
    };
    assert_eq!(only(&house.run(large.clone()).await).1.bytes, 6 << 20);
    let workload = "part-copy".parse().unwrap();
    assert_eq!(
        only(&house.run(Plan { workload, ..large }).await).1.bytes,
        2 << 20
    );
    let folded = Plan {
        folded: true,
        ..plan("list", 3)
    };
    assert_eq!(only(&house.run(folded).await).1.latency.count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn mixed_operations_fail_nowhere() {
    let house = House::open().await;
    let report = house.run(plan("mixed", 200)).await;
    let tally = &report.measurements[0].tally;
    assert_eq!(
        (tally.count(), tally.failures()),
        (200, 0),
        "{:?}",
        tally.first_error
    );
    assert!(tally.operations.len() >= 4);
    assert_eq!(house.buckets().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_object_is_deleted_once() {
    let house = House::open().await;
    // More are asked for than there are.
    let report = house.run(plan("delete", 100)).await;
    assert_eq!(only(&report).1.latency.count(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_can_be_used_again_and_stays() {
    let house = House::open().await;
    let keep = Plan {
        keep: true,
        ..plan("head", 5)
    };
    let kept = house.run(keep).await.kept.unwrap();
    for _ in 0..2 {
        let again = Plan {
            reuse: Some(kept.clone()),
            ..plan("copy", 5)
        };
        assert_eq!(only(&house.run(again).await).1.latency.count(), 5);
    }
    assert_eq!(house.buckets().await, [BUCKET.parse().unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_take_turns_beside_the_raw_limits() {
    let (one, two) = (House::open().await, House::open().await);
    let job = Job {
        plan: Plan {
            rounds: 3,
            duration: Some(std::time::Duration::from_millis(300)),
            ..plan("copy", 10)
        },
        site: one.site(),
        process: Some(std::process::id()),
        versus: Some(two.site()),
        baseline: Some(one.folder().to_owned()),
    };
    let report = run(job, &Stops::default(), &|_| {}).await.unwrap();
    let roles: Vec<Role> = report.measurements.iter().map(|one| one.role).collect();
    assert_eq!(roles, [Role::Server, Role::Versus, Role::Hello]);
    for one in &report.measurements {
        // A slow machine may not do all of them in its time; it never does more, and none fails.
        assert!((1..=10).contains(&one.tally.count()), "{:?}", one.role);
        assert_eq!(one.tally.first_error, None);
    }
    let raw = report.raw.unwrap();
    assert!(raw.append_sync.count() > 0 && raw.md5_bytes > 0);
    assert_eq!(
        report.measurements[0].usage.is_some(),
        cfg!(target_os = "linux")
    );
    assert_eq!((one.buckets().await, two.buckets().await), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_counted_by_code_and_not_repeated() {
    let house = House::open().await;
    let absent = Plan {
        reuse: Some("no/such/run/".to_owned()),
        ..plan("copy", 6)
    };
    let report = house.run(absent).await;
    let tally = &report.measurements[0].tally;
    assert_eq!((tally.count(), tally.failures()), (0, 6));
    assert_eq!(tally.operations[&Op::Copy].errors["NoSuchKey"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_a_run_with_what_was_measured() {
    let house = House::open().await;
    let (stops, plan) = (Stops::default(), plan("head", u64::MAX));
    let told = stops.clone();
    let job = Job {
        plan,
        site: house.site(),
        process: None,
        versus: None,
        baseline: None,
    };
    // Told when the measurement begins: an hour would follow.
    let say = move |what: &str| {
        if what == "measuring" {
            told.measuring.stop();
        }
    };
    let report = run(job, &stops, &say).await.unwrap();
    assert!(report.interrupted);
    assert_eq!(house.buckets().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_an_error_that_says_so() {
    let house = House::open().await;
    let site = house.site();
    house.embedded.close().await.unwrap();
    let job = Job {
        plan: plan("head", 5),
        site,
        process: None,
        versus: None,
        baseline: None,
    };
    let error = run(job, &Stops::default(), &|_| {}).await.unwrap_err();
    assert!(error.to_string().contains("cannot connect"), "{error}");
}
