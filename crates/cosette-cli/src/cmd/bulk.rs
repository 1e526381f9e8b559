//! The commands about many objects: each becomes a plan, and, unless it is only looked at, a job.

use std::path::{Path, PathBuf};

use cosette::RetryPolicy;
use cosette::transfer::{
    Entry, Job, Place, PlanHead, PlanReader, PlanSummary, PlanWriter, Seen, Wanted,
    WantedEncryption, Work,
};
use serde_json::{Value, json};

use crate::args::{
    ApplyArgs, BulkArgs, CopyArgs, Global, JobsArgs, MoveArgs, PlanArgs, PlanCommand, PropertyArgs,
    RemoveArgs, ResumeArgs, SourceArgs, SourceConditionArgs, SyncArgs, TuningArgs, UndoArgs,
};
use crate::bulk::jobs::Jobs;
use crate::bulk::options::Options;
use crate::bulk::preflight::{self, Check};
use crate::bulk::review::{self, Beside};
use crate::bulk::tally::Tally;
use crate::bulk::{Left, Request, Sides, Verb, history, plan, run};
use crate::config::{self, Settings};
use crate::connect::Connection;
use crate::failure::{Failure, Kind, Result};
use crate::keys::TransferKeys;
use crate::name::Name;
use crate::output::{Output, Table};
use crate::transfer::IGNORED_METADATA;
use crate::transfer::wishes::Wishes;

/// Where a plan goes.
enum Then {
    Run,
    /// Printed, and nothing done.
    Print,
    /// Kept in a file.
    Keep(PathBuf),
}

pub(super) async fn copy(global: &Global, args: CopyArgs, output: &Output) -> Result<()> {
    let then = then(args.bulk.dry_run);
    start(global, copy_request(output, global, args)?, then, output).await
}

pub(super) async fn moving(global: &Global, args: MoveArgs, output: &Output) -> Result<()> {
    let then = then(args.bulk.dry_run);
    start(global, move_request(output, global, args)?, then, output).await
}

pub(super) async fn sync(global: &Global, args: SyncArgs, output: &Output) -> Result<()> {
    let then = then(args.bulk.dry_run);
    start(global, sync_request(output, global, args)?, then, output).await
}

pub(super) async fn remove(global: &Global, args: RemoveArgs, output: &Output) -> Result<()> {
    start(global, remove_request(global, args)?, Then::Print, output).await
}

pub(super) async fn plan(global: &Global, args: PlanArgs, output: &Output) -> Result<()> {
    if let Some(path) = &args.show {
        let beside = Beside {
            prices: args.price_per_10000,
            ..Beside::default()
        };
        return review::print(review::open(path)?, &beside, output);
    }
    let (Some(path), Some(what)) = (args.out, args.what) else {
        return Err(Failure::usage(
            "give -o FILE and a command, as in: cosette plan -o move.plan mv -r SOURCE TARGET",
        ));
    };
    let request = match what {
        PlanCommand::Cp(args) => copy_request(output, global, *args)?,
        PlanCommand::Mv(args) => move_request(output, global, *args)?,
        PlanCommand::Sync(args) => sync_request(output, global, *args)?,
        PlanCommand::Rm(args) => remove_request(global, *args)?,
    };
    start(global, request, Then::Keep(path), output).await
}

pub(super) async fn apply(global: &Global, args: ApplyArgs, output: &Output) -> Result<()> {
    let plan = review::open(&args.plan)?;
    let mut options = Options::of(plan.head())?;
    options.from_profile = args.from_profile.or(options.from_profile);
    let options = options.with_key_files(&args.keys);
    // Before there is a job: one that can never be carried out is none.
    let keys = options.keys(&plan.head().wanted, output)?;
    let kind = plan.head().kind.clone();
    let stores = Stores::of(global, &options, output).await?;
    let done = async {
        if !args.no_preflight {
            let checks = preflight::look(stores.sides(), &args.plan, keys.source.as_ref()).await?;
            checks.iter().try_for_each(Check::holds)?;
        }
        let job = jobs()?.create(&kind, &args.plan)?;
        run::run(stores.sides(), job, &keys, &Left::default(), output).await
    };
    let done = done.await;
    let closed = stores.close().await;
    done.and(closed)
}

pub(super) async fn resume(global: &Global, args: ResumeArgs, output: &Output) -> Result<()> {
    let jobs = jobs()?;
    let id = match args.job {
        Some(id) => id,
        None => jobs.unfinished()?,
    };
    let job = Job::open(jobs.place(&id)?)?;
    let options = Options::of(job.head())?.with_key_files(&args.keys);
    if job.state().is_finished() {
        return output.done(&format!("job {id} is finished; nothing is left to do"));
    }
    output.note(&format!("job {id}: {}", options.command));
    carry_on(global, &options, job, output).await
}

pub(super) fn list(args: &JobsArgs, output: &Output) -> Result<()> {
    let jobs = jobs()?;
    if let Some(id) = &args.forget {
        jobs.remove(id)?;
        return output.done(&format!("job {id} is forgotten"));
    }
    match &args.job {
        Some(id) => show(&jobs, id, output),
        None => list_all(&jobs, output),
    }
}

pub(super) async fn undo(global: &Global, args: UndoArgs, output: &Output) -> Result<()> {
    let jobs = jobs()?;
    let place = jobs.place(&args.job)?;
    // For as long as this runs nobody carries it on: what is moved meanwhile would be taken back by nobody.
    let _held = Job::open(&place)?;
    once(&jobs, &args.job)?;
    let folder = temporary(&jobs)?;
    let back = folder.path().join("plan");
    let done = reverse((&args.job, &place), &back)?;
    if done == 0 {
        return Err(Failure::new(
            Kind::NotFound,
            format!("job {}: nothing of it can be taken back", args.job),
        ));
    }
    if args.dry_run {
        return review::print(PlanReader::open(&back)?, &Beside::default(), output);
    }
    let job = jobs.create(Verb::Move.word(), &back)?;
    let options = Options::of(job.head())?;
    carry_on(global, &options, job, output).await
}

/// Refuses to take a job back that another one takes back already: what it moved is not there any more.
fn once(jobs: &Jobs, undone: &str) -> Result<()> {
    for id in jobs.ids()? {
        // A job that cannot be read is told by `jobs`. Only heads are: journals may be long.
        let Ok(plan) = Job::plan_of(&jobs.place(&id)?) else {
            continue;
        };
        if Options::of(plan.head())?.undoes.as_deref() == Some(undone) {
            let then = if jobs.look(&id)?.state.is_finished() {
                format!("cosette undo {id} moves everything forward again")
            } else {
                format!("cosette resume {id} carries it on")
            };
            return Err(Failure::usage(format!(
                "job {undone}: job {id} takes it back already; {then}"
            )));
        }
    }
    Ok(())
}

/// Makes the plan that takes a job's moves back: how many there are.
fn reverse((id, place): (&str, &Path), back: &Path) -> Result<u64> {
    let head = Job::plan_of(place)?.head().clone();
    let mut reversed = PlanHead::new(Verb::Move.word());
    let mut options = Options::of(&head)?;
    options.command = format!("undo of: {}", options.command);
    options.undoes = Some(id.to_owned());
    if options.all_versions {
        return Err(Failure::usage(history::NOT_UNDONE));
    }
    if options.from_profile.is_some() {
        return Err(Failure::usage(
            "a move between two stores is taken back by moving the other way: cosette mv --from-profile",
        ));
    }
    reverse_keys(&head.wanted, &mut options, &mut reversed.wanted);
    reversed.options = options.to_json();
    // What stands at the old names by now is somebody's.
    reversed.wanted.forbid_overwrite = true;
    let mut plan = PlanWriter::create(back, &reversed)?;
    let mut failed = Ok(());
    Job::each_done(place, |_, entry, copied| {
        let (Work::Move { source, target }, Some(copied)) = (&entry.work, copied) else {
            return;
        };
        let seen = Seen {
            size: entry.seen.size,
            etag: copied.etag.clone(),
            crc64: copied.crc64,
            version_id: copied.version_id.clone(),
            ..Seen::default()
        };
        let work = Work::Move {
            source: target.clone(),
            target: Place {
                version_id: None,
                ..source.clone()
            },
        };
        if failed.is_ok() {
            failed = plan.add(&Entry::new(work, seen)).map(|_| ());
        }
    })?;
    failed?;
    Ok(plan.finish()?.entries)
}

/// What the move encrypted with a customer's key is read with it, and gets back the key that it had.
fn reverse_keys(moved: &Wanted, options: &mut Options, back: &mut Wanted) {
    let source = options.source_customer_key_file.take();
    let target = options.customer_key_file.take();
    match (moved.encryption, moved.source_key) {
        (WantedEncryption::Keep, key) => {
            back.source_key = key;
            options.source_customer_key_file = source;
        }
        (how, key) => {
            if let WantedEncryption::Customer(md5) = how {
                back.source_key = Some(md5);
                options.source_customer_key_file = target;
                back.encryption = WantedEncryption::AsBucket;
            }
            if let Some(md5) = key {
                back.encryption = WantedEncryption::Customer(md5);
                options.customer_key_file = source;
            }
        }
    }
}

fn show(jobs: &Jobs, id: &str, output: &Output) -> Result<()> {
    let job = jobs.look(id)?;
    let mut entries = Vec::new();
    run::report(&jobs.place(id)?, |entry| {
        if output.is_json() {
            entries.push(entry);
            Ok(())
        } else {
            output.line(&entry.to_string())
        }
    })?;
    let sum = described(&job)?;
    let versions = became(&jobs.place(id)?, &job.head, output)?;
    if output.is_json() {
        return output.json(&json!({ "job": sum, "notDone": entries, "versions": versions }));
    }
    output.line(&sentence(&job)?)
}

/// Of a job of whole histories: which version became which.
fn became(place: &Path, head: &PlanHead, output: &Output) -> Result<Vec<Value>> {
    if !Options::of(head)?.all_versions {
        return Ok(Vec::new());
    }
    let (mut all, mut told) = (Vec::new(), Ok(()));
    Job::each_done(place, |_, entry, copied| {
        let (Some(target), Some(made)) = (review::target(entry), copied) else {
            return;
        };
        let id = made
            .version_id
            .as_ref()
            .map_or_else(|| "null".to_owned(), ToString::to_string);
        let source = review::source(entry);
        if output.is_json() {
            all.push(json!({ "source": source, "target": target, "VersionId": id }));
        } else if told.is_ok() {
            told = output.line(&format!("{source} -> {target} (version {id})"));
        }
    })?;
    told.map(|()| all)
}

fn list_all(jobs: &Jobs, output: &Output) -> Result<()> {
    let (mut table, mut all) = (Table::plain("<<><"), Vec::new());
    for id in jobs.ids()? {
        match jobs.look(&id) {
            Ok(job) => {
                let state = if job.state.is_finished() {
                    "done"
                } else {
                    "open"
                };
                let counts = format!(
                    "{}/{}",
                    job.state.done + job.state.skipped,
                    job.state.entries
                );
                table.row([
                    id,
                    state.to_owned(),
                    counts,
                    Options::of(&job.head)?.command,
                ]);
                all.push(described(&job)?);
            }
            Err(why) => output.failure(&why.during(format!("job {id}"))),
        }
    }
    output.result(&table.text(), &Value::Array(all))
}

fn described(job: &crate::bulk::jobs::Listed) -> Result<Value> {
    Ok(json!({
        "job": job.id,
        "kind": job.head.kind,
        "command": Options::of(&job.head)?.command,
        "entries": job.state.entries,
        "done": job.state.done,
        "skipped": job.state.skipped,
        "finished": job.state.is_finished(),
    }))
}

fn sentence(job: &crate::bulk::jobs::Listed) -> Result<String> {
    let state = job.state;
    Ok(format!(
        "{}: {} of {} done, {} left alone; {}",
        job.id,
        state.done,
        state.entries,
        state.skipped,
        Options::of(&job.head)?.command
    ))
}

const fn then(dry_run: bool) -> Then {
    if dry_run { Then::Print } else { Then::Run }
}

fn jobs() -> Result<Jobs> {
    Jobs::find(&config::process_env)
}

fn temporary(jobs: &Jobs) -> Result<tempfile::TempDir> {
    let folder = jobs.folder()?;
    tempfile::Builder::new()
        .prefix(".plan-")
        .tempdir_in(folder)
        .map_err(|why| Failure::local(folder.display(), why))
}

/// Plans a request; then it is run, printed or kept.
async fn start(global: &Global, request: Request, then: Then, output: &Output) -> Result<()> {
    if request.wishes.are_ignored()
        && matches!(
            (&request.source, &request.target),
            (Name::Cos(_), Some(Name::Cos(_)))
        )
    {
        output.note(IGNORED_METADATA);
    }
    let from_profile = request.options.from_profile.clone();
    let stores = Stores::open(global, from_profile.as_deref(), output).await?;
    let mut request = request;
    request.options.remember(&stores.settings);
    let done = planned(&stores, &request, then, output).await;
    let closed = stores.close().await;
    done.and(closed)
}

async fn planned(stores: &Stores, request: &Request, then: Then, output: &Output) -> Result<()> {
    let jobs = jobs()?;
    let folder = temporary(&jobs)?;
    let path = folder.path().join("plan");
    let plan::Written { summary, left } = tokio::select! {
        written = plan::write(stores.sides(), request, &path, output) => written?,
        signal = tokio::signal::ctrl_c() => return Err(super::interruption(signal)),
    };
    if summary.entries == 0 && left.refused.is_empty() {
        if request.verb == Verb::Sync {
            let sum = json!({ "done": 0, "skipped": left.passed, "bytes": 0, "failed": 0, "failures": [] });
            let text = match left.passed {
                0 => "nothing to do: the target has what the source has".to_owned(),
                passed => format!(
                    "nothing to do: the target has what the source has, {passed} left alone"
                ),
            };
            return if output.is_json() {
                output.json(&sum)
            } else {
                output.done(&text)
            };
        }
        let told = format!("{}: there is nothing under it", request.source);
        return Err(Failure::new(Kind::NotFound, told));
    }
    let key = request.wishes.keys.source.as_ref();
    let checks = match request.bulk.no_preflight {
        true => Vec::new(),
        false => preflight::look(stores.sides(), &path, key).await?,
    };
    let prices = request.bulk.price_per_10000;
    match then {
        Then::Print => {
            let beside = Beside { prices, checks };
            review::print(PlanReader::open(&path)?, &beside, output)
        }
        Then::Keep(place) => keep((&path, &place), summary, Beside { prices, checks }, output),
        Then::Run => {
            checks.iter().try_for_each(Check::holds)?;
            let job = jobs.create(request.verb.word(), &path)?;
            drop(folder);
            run::run(stores.sides(), job, &request.wishes.keys, &left, output).await
        }
    }
}

/// Puts a plan where it was asked for.
fn keep(
    (path, place): (&Path, &Path),
    summary: PlanSummary,
    beside: Beside,
    output: &Output,
) -> Result<()> {
    if place.exists() {
        return Err(Failure::local(
            place.display(),
            "it exists; a plan never overwrites",
        ));
    }
    std::fs::copy(path, place).map_err(|why| Failure::local(place.display(), why))?;
    let tally = Tally::of(PlanReader::open(path)?)?;
    let mut sum = json!({
        "plan": place.display().to_string(),
        "entries": summary.entries,
        "bytes": summary.bytes,
        "removals": summary.removals,
        "preflight": beside.checks.iter().map(Check::to_json).collect::<Vec<_>>(),
    });
    tally.put_into(&mut sum, beside.prices);
    review::warn(&beside.checks, output);
    let text = format!(
        "{}: {}. Look: cosette plan --show {0}. Do it: cosette apply {0}",
        place.display(),
        review::sentence(summary, tally, beside.prices)
    );
    output.result(&text, &sum)
}

/// Runs a job with what its plan remembers.
async fn carry_on(global: &Global, options: &Options, job: Job, output: &Output) -> Result<()> {
    let keys = options.keys(&job.head().wanted, output)?;
    let stores = Stores::of(global, options, output).await?;
    let done = run::run(stores.sides(), job, &keys, &Left::default(), output).await;
    let closed = stores.close().await;
    done.and(closed)
}

/// The stores of a command: the target's, and the source's where it is another.
struct Stores {
    /// Of the target.
    settings: Settings,
    target: Connection,
    source: Option<Connection>,
}

impl Stores {
    async fn open(global: &Global, from_profile: Option<&str>, output: &Output) -> Result<Self> {
        let settings = super::settings_of(global, output)?;
        let target = Connection::open(&settings, RetryPolicy::default()).await?;
        let source = match from_profile {
            None => None,
            Some(profile) => {
                let global = Global {
                    profile: Some(profile.to_owned()),
                    config: global.config.clone(),
                    ..Global::default()
                };
                let settings = super::settings_of(&global, output)?;
                Some(Connection::open(&settings, RetryPolicy::default()).await?)
            }
        };
        Ok(Self {
            settings,
            target,
            source,
        })
    }

    /// Those that a plan remembers.
    async fn of(global: &Global, options: &Options, output: &Output) -> Result<Self> {
        let global = options.over(global)?;
        let stores = Self::open(&global, options.from_profile.as_deref(), output).await?;
        if let Some(told) = options.elsewhere(&stores.settings) {
            output.note(&told);
        }
        Ok(stores)
    }

    fn sides(&self) -> Sides<'_> {
        Sides::new(&self.target, self.source.as_ref())
    }

    async fn close(self) -> Result<()> {
        let source = match self.source {
            Some(source) => source.close().await,
            None => Ok(()),
        };
        self.target.close().await.and(source)
    }
}

fn copy_request(output: &Output, global: &Global, args: CopyArgs) -> Result<Request> {
    let [source] = <[Name; 1]>::try_from(args.sources).map_err(|_| {
        Failure::usage("with -r give one SOURCE; its names must not meet another's")
    })?;
    if args.source.version_id.is_some() {
        return Err(Failure::usage(
            "--version-id is about one object; leave out -r",
        ));
    }
    let keys = args.keys.read(output)?;
    keys.fit(source.is_object(), args.target.is_object())?;
    let wishes = Wishes::new(args.properties, args.conditions, keys, &args.tuning)?;
    let from = args.bulk.from_profile.as_deref();
    let options = Options::new(global, &args.tuning, from).with_key_files(&args.keys.files);
    Ok(Request {
        verb: Verb::Copy,
        source,
        target: Some(args.target),
        single: args.bulk.is_single(args.recursive),
        flags: args.source,
        bulk: args.bulk,
        wishes,
        sync: None,
        options,
    })
}

fn move_request(output: &Output, global: &Global, args: MoveArgs) -> Result<Request> {
    if args.source.version_id.is_some() {
        return Err(Failure::usage(
            "--version-id is about one object; leave out -r",
        ));
    }
    let conditions = SourceConditionArgs::default();
    let keys = args.keys.read(output)?;
    let wishes = Wishes::new(args.properties, conditions, keys, &args.tuning)?;
    let from = args.bulk.from_profile.as_deref();
    let options = Options {
        copy_delete: args.copy_delete,
        ..Options::new(global, &args.tuning, from).with_key_files(&args.keys.files)
    };
    Ok(Request {
        verb: Verb::Move,
        source: Name::Cos(args.source_name),
        target: Some(Name::Cos(args.target)),
        single: args.bulk.is_single(args.recursive),
        flags: args.source,
        bulk: args.bulk,
        wishes,
        sync: None,
        options,
    })
}

fn sync_request(output: &Output, global: &Global, args: SyncArgs) -> Result<Request> {
    let properties = args.properties.clone();
    let keys = args.keys.read(output)?;
    keys.fit(args.source_name.is_object(), args.target.is_object())?;
    let wishes = Wishes::new(
        properties,
        SourceConditionArgs::default(),
        keys,
        &args.tuning,
    )?;
    let from = args.bulk.from_profile.as_deref();
    let options = Options::new(global, &args.tuning, from).with_key_files(&args.keys.files);
    Ok(Request {
        verb: Verb::Sync,
        source: args.source_name.clone(),
        target: Some(args.target.clone()),
        single: false,
        flags: args.source.clone(),
        bulk: args.bulk.clone(),
        wishes,
        sync: Some(args),
        options,
    })
}

fn remove_request(global: &Global, args: RemoveArgs) -> Result<Request> {
    if args.versions || args.version_id.is_some() {
        return Err(Failure::usage(
            "a plan of removals is about current objects; leave out --all-versions and --version-id",
        ));
    }
    let [source] = <[_; 1]>::try_from(args.names)
        .map_err(|_| Failure::usage("a plan of removals is about one NAME"))?;
    let tuning = TuningArgs::default();
    let wishes = Wishes::new(
        PropertyArgs::default(),
        SourceConditionArgs::default(),
        TransferKeys::default(),
        &tuning,
    )?;
    Ok(Request {
        verb: Verb::Remove,
        source: Name::Cos(source),
        target: None,
        single: false,
        flags: SourceArgs::default(),
        bulk: BulkArgs {
            select: args.select,
            ..BulkArgs::default()
        },
        wishes,
        sync: None,
        options: Options::new(global, &tuning, None),
    })
}
