//! `bench`: measures a server and tells what was measured, as a table, as JSON, as a page.

mod html;
mod json;
mod table;

use cosette_bench::{Credentials, Job, Plan, Report, SecretKey, Site, Stops};

use crate::args::{BenchArgs, Global};
use crate::config::{self, Keys, Place, Settings};
use crate::connect;
use crate::failure::{Failure, Kind, Result};
use crate::files::Sink;
use crate::output::Output;

/// Keys for the second server, if they are not those of the first.
const VS_KEYS: [&str; 2] = ["COSETTE_VS_SECRET_ID", "COSETTE_VS_SECRET_KEY"];

pub(super) async fn run(global: &Global, args: BenchArgs, output: &Output) -> Result<()> {
    let settings = config::resolve(global, &config::process_env)?;
    for warning in &settings.warnings {
        output.note(warning);
    }
    if !args.bucket.key.is_empty() {
        let hint = "give the bucket alone; --target-prefix says what keys begin with";
        return Err(Failure::usage(format!("{}: {hint}", args.bucket)));
    }
    let html = args.html.clone();
    let job = job(&settings, args)?;
    job.plan.check().map_err(Failure::usage)?;
    let stops = Stops::default();
    let listening = tokio::spawn(listen(stops.clone(), output.clone()));
    let done = cosette_bench::run(job, &stops, &|what| output.note(what)).await;
    listening.abort();
    let report = done.map_err(|why| failed(&stops, &why))?;
    output.result(&table::text(&report), &json::value(&report))?;
    if let Some(path) = html {
        let mut sink = Sink::open(&path, output)?;
        sink.write(html::page(&report).as_bytes())?;
        sink.finish()?;
    }
    verdict(&report)
}

/// Ctrl-C ends the measurement; a second one the cleaning up.
async fn listen(stops: Stops, output: Output) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stops.measuring.stop();
        output.note("ending; once more leaves what is not cleaned up yet");
        if tokio::signal::ctrl_c().await.is_ok() {
            stops.cleaning.stop();
        }
    }
}

fn failed(stops: &Stops, why: &cosette_bench::Error) -> Failure {
    let kind = if stops.measuring.is_stopped() {
        Kind::Interrupted
    } else {
        Kind::Failed
    };
    Failure::new(kind, why.to_string())
}

/// Whether all was done: what was measured has been told already.
fn verdict(report: &Report) -> Result<()> {
    if let Some(left) = report.not_cleaned.first() {
        return Err(Failure::new(Kind::Partial, left));
    }
    if report.interrupted {
        let words = "ended by Ctrl-C; the report is about what was measured until then";
        return Err(Failure::new(Kind::Interrupted, words));
    }
    let failures = report.measurements.iter().map(|one| one.tally.failures());
    match failures.sum::<u64>() {
        0 => Ok(()),
        some => {
            let first = report
                .measurements
                .iter()
                .find_map(|one| one.tally.first_error.clone());
            let first = first.unwrap_or_default();
            Err(Failure::new(
                Kind::Partial,
                format!("{some} operations failed; the first: {first}"),
            ))
        }
    }
}

fn job(settings: &Settings, args: BenchArgs) -> Result<Job> {
    let keys = settings.keys.as_ref();
    let site = site(&settings.place, settings, &args, keys)?;
    let versus = match &args.vs {
        Some(url) => {
            let place = config::endpoint_place(url)?;
            let own = versus_keys()?;
            Some(site_of(&place, settings, &args, own.as_ref().or(keys))?)
        }
        None => None,
    };
    Ok(Job {
        site,
        versus,
        process: args.process,
        baseline: args.baseline,
        plan: Plan {
            workload: args.workload,
            size: args.size,
            objects: args.objects,
            hot: args.hot,
            concurrency: args.concurrency,
            threads: args.threads,
            duration: args.duration,
            count: args.count,
            part_size: args.part_size,
            unaligned: args.unaligned,
            folded: args.folded,
            rounds: args.rounds,
            prefix: args.target_prefix,
            reuse: args.reuse,
            keep: args.keep,
            timeout: args.timeout,
        },
    })
}

fn site(place: &Place, settings: &Settings, args: &BenchArgs, keys: Option<&Keys>) -> Result<Site> {
    if matches!(place, Place::Folder(_)) {
        return Err(Failure::usage(
            "bench measures a server: give --endpoint, such as http://127.0.0.1:9000 (cosette serve starts one)",
        ));
    }
    site_of(place, settings, args, keys)
}

fn site_of(
    place: &Place,
    settings: &Settings,
    args: &BenchArgs,
    keys: Option<&Keys>,
) -> Result<Site> {
    let endpoint = connect::endpoint_of(place)?;
    let region = args
        .bucket
        .region
        .clone()
        .or_else(|| settings.region.clone());
    let credentials = keys.map(|keys| Credentials {
        secret_id: keys.secret_id.clone(),
        secret_key: SecretKey::new(keys.secret_key.as_str()),
        token: keys.token.clone(),
    });
    Site::new(&endpoint, region, args.bucket.bucket.clone(), credentials)
        .map(|site| site.speaking(settings.dialect))
        .map_err(|why| Failure::usage(why.to_string()))
}

fn versus_keys() -> Result<Option<Keys>> {
    let [id, key] = VS_KEYS;
    match (config::process_env(id), config::process_env(key)) {
        (Some(secret_id), Some(secret_key)) => Ok(Some(Keys {
            secret_id,
            secret_key,
            token: None,
            found_in: format!("{id} and {key}"),
        })),
        (None, None) => Ok(None),
        _ => Err(Failure::usage(format!("{id} and {key} go together"))),
    }
}
