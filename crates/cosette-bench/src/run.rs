//! A whole run: prepare, measure in slices that take turns, clean up, report.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use crate::error::Error;
use crate::objects::Objects;
use crate::payload::Noise;
use crate::plan::{Op, Plan};
use crate::prepare;
use crate::process::Usage;
use crate::random::Random;
use crate::raw::{self, Hello, Raw};
use crate::site::Site;
use crate::slice::{self, Slice};
use crate::stop::Stop;
use crate::tally::Tally;
use crate::worker::{Gate, Shared};

/// Longest that one of the raw limits is measured in a round.
const RAW_TIME_MAX: Duration = Duration::from_secs(2);

/// Everything that a run needs to know.
#[derive(Debug)]
pub struct Job {
    /// What is done.
    pub plan: Plan,
    /// The server.
    pub site: Site,
    /// Its process, if it runs on this machine and its usage is wanted.
    pub process: Option<u32>,
    /// Another server that takes turns with it.
    pub versus: Option<Site>,
    /// A folder of the file system whose raw limits are measured too, beside a bare server.
    pub baseline: Option<PathBuf>,
}

/// How a run's stops are told: the first ends the measurement, the second the cleaning up.
#[derive(Debug, Clone, Default)]
pub struct Stops {
    /// Ends the measurement.
    pub measuring: Stop,
    /// Ends the cleaning up, and leaves what is left.
    pub cleaning: Stop,
}

/// Which server a part of a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The one that is measured.
    Server,
    /// The one that it is compared with.
    Versus,
    /// The bare server.
    Hello,
}

impl Role {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Versus => "vs",
            Self::Hello => "hello",
        }
    }
}

/// What was measured of one server.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// Which.
    pub role: Role,
    /// Scheme, host and port.
    pub address: String,
    /// What was measured.
    pub tally: Tally,
    /// What its process used.
    pub usage: Option<Usage>,
}

/// What a run has found out.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was done.
    pub plan: Plan,
    /// The servers, in the order in which they took turns.
    pub measurements: Vec<Measurement>,
    /// The raw limits, if they were wanted.
    pub raw: Option<Raw>,
    /// Whether it was ended before its time.
    pub interrupted: bool,
    /// What the keys begin with that were kept.
    pub kept: Option<String>,
    /// What could not be removed.
    pub not_cleaned: Vec<String>,
}

/// A server in a run under way.
struct Subject {
    measurement: Measurement,
    site: Arc<Site>,
    objects: Arc<Objects>,
    process: Option<u32>,
    bucket_made: bool,
}

/// Does it. `say` is told what happens before and after the measurement.
///
/// # Errors
/// When the plan contradicts itself, or when nothing could be measured.
pub async fn run(job: Job, stops: &Stops, say: &dyn Fn(&str)) -> Result<Report, Error> {
    job.plan.check().map_err(Error::new)?;
    let plan = Arc::new(job.plan);
    let mut random = Random::seeded();
    let (noise, name) = (
        Noise::new(&mut random),
        format!("{:08x}", random.next() >> 32),
    );
    let mut subjects = vec![Subject::new(Role::Server, job.site, &plan, &name)?];
    if let Some(subject) = subjects.first_mut() {
        subject.process = job.process;
    }
    if let Some(site) = job.versus {
        subjects.push(Subject::new(Role::Versus, site, &plan, &name)?);
    }
    let measured = measure(&plan, &mut subjects, job.baseline, &noise, stops, say).await;
    let mut not_cleaned = Vec::new();
    if !plan.keep {
        say("cleaning up");
        for subject in &subjects {
            not_cleaned.extend(subject.clean(&stops.cleaning).await);
        }
    }
    let kept = subjects.first().map(|one| one.objects.prefix().to_owned());
    let raw = match measured {
        Ok(raw) => raw,
        Err(error) => {
            for left in not_cleaned {
                say(&left);
            }
            return Err(error);
        }
    };
    Ok(Report {
        kept: kept.filter(|_| plan.keep),
        plan: Plan::clone(&plan),
        measurements: subjects.into_iter().map(|one| one.measurement).collect(),
        raw,
        interrupted: stops.measuring.is_stopped(),
        not_cleaned,
    })
}

async fn measure(
    plan: &Arc<Plan>,
    subjects: &mut Vec<Subject>,
    baseline: Option<PathBuf>,
    noise: &Noise,
    stops: &Stops,
    say: &dyn Fn(&str),
) -> Result<Option<Raw>, Error> {
    for subject in subjects.iter_mut() {
        subject.prepare(plan, noise, &stops.measuring, say).await?;
    }
    let hello = match &baseline {
        Some(_) => Some(Hello::start().await?),
        None => None,
    };
    if let (Some(hello), Some(first)) = (&hello, subjects.first()) {
        let site = first.site.hollow_at(hello.uri());
        subjects.push(Subject::new(Role::Hello, site, plan, "hello")?);
    }
    let compared = subjects.len() > 1;
    let rounds = if compared { plan.rounds } else { 1 };
    let mut raw = baseline.as_ref().map(|_| Raw::default());
    say("measuring");
    for round in 0..rounds {
        let size = subjects.len();
        for turn in 0..size {
            // Nobody is always first after a pause.
            let at = (turn + usize::try_from(round).unwrap_or(0)) % size;
            if let Some(subject) = subjects
                .get_mut(at)
                .filter(|_| !stops.measuring.is_stopped())
            {
                let share = share(plan, rounds, round);
                subject
                    .measure(plan, share, noise, &stops.measuring)
                    .await?;
            }
        }
        if let (Some(folder), Some(so_far)) = (&baseline, raw.take()) {
            let time = (plan.time() / rounds).min(RAW_TIME_MAX);
            raw = Some(
                raw_limits(so_far, folder.clone(), plan, noise, time, &stops.measuring).await?,
            );
        }
    }
    Ok(raw)
}

/// The time and the number of operations of one round.
fn share(plan: &Plan, rounds: u32, round: u32) -> (Duration, u64) {
    let rounds_wide = u64::from(rounds);
    let count = plan.count.map_or(u64::MAX, |count| {
        count / rounds_wide + u64::from(u64::from(round) < count % rounds_wide)
    });
    (plan.time() / rounds, count)
}

async fn raw_limits(
    mut raw: Raw,
    folder: PathBuf,
    plan: &Plan,
    noise: &Noise,
    time: Duration,
    stop: &Stop,
) -> Result<Raw, Error> {
    let (bytes, noise, stop) = (plan.size.min(1 << 30), noise.clone(), stop.clone());
    blocking(move || {
        raw::append_and_sync(&mut raw, &folder, bytes, &noise, time, &stop)?;
        raw::md5(&mut raw, &noise, time / 2, &stop);
        Ok(raw)
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(why) => Err(Error::new(format!("a thread of the measurement: {why}"))),
    }
}

impl Subject {
    fn new(role: Role, site: Site, plan: &Plan, run: &str) -> Result<Self, Error> {
        let weights = plan.workload.weights();
        let moves = weights
            .iter()
            .any(|(op, _)| matches!(op, Op::Move | Op::Rename));
        Ok(Self {
            measurement: Measurement {
                role,
                address: site.address(),
                tally: Tally::default(),
                usage: None,
            },
            objects: Arc::new(Objects::new(plan, run, moves)?),
            site: Arc::new(site),
            process: None,
            bucket_made: false,
        })
    }

    async fn prepare(
        &mut self,
        plan: &Plan,
        noise: &Noise,
        stop: &Stop,
        say: &dyn Fn(&str),
    ) -> Result<(), Error> {
        self.bucket_made = prepare::bucket(&self.site).await?;
        let only_puts = plan.workload.alone() == Some(Op::Put);
        if plan.reuse.is_some() || only_puts {
            return Ok(());
        }
        let (count, address) = (plan.objects, &self.measurement.address);
        say(&format!("preparing {count} objects on {address}"));
        prepare::objects(&self.site, plan, &self.objects, noise, stop).await
    }

    async fn measure(
        &mut self,
        plan: &Arc<Plan>,
        (time, count): (Duration, u64),
        noise: &Noise,
        stop: &Stop,
    ) -> Result<(), Error> {
        let gate = Gate {
            time,
            left: AtomicU64::new(count),
            stop: stop.clone(),
        };
        let shared = Shared {
            plan: Arc::clone(plan),
            site: Arc::clone(&self.site),
            objects: Arc::clone(&self.objects),
            gate: Arc::new(gate),
            noise: noise.clone(),
        };
        let process = self.process;
        let measured = blocking(move || slice::measure(&shared, process)).await;
        let Slice { tally, usage } =
            measured.map_err(|why| why.during(&self.measurement.address))?;
        self.measurement.tally.append(&tally);
        if let Some(usage) = usage {
            self.measurement.usage.get_or_insert_default().append(usage);
        }
        Ok(())
    }

    /// Removes what the run has made; says what is left if that cannot be done.
    async fn clean(&self, stop: &Stop) -> Option<String> {
        if self.site.hollow {
            return None;
        }
        let cleaned = prepare::clean(&self.site, &self.objects, self.bucket_made, stop).await;
        cleaned.err().map(|error| error.to_string())
    }
}
