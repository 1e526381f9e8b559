//! `prefix-jobs`: the server moves or copies by itself; here it is told to, and watched.

use std::time::Duration;

use cosette::{Client, PrefixJob, PrefixJobKind, PrefixJobState, PrefixJobWish};

use crate::args::{PrefixJobsArgs, PrefixJobsCommand, StartJobArgs};
use crate::connect::Connection;
use crate::failure::{Failure, Kind, Result};
use crate::fields::{Fields, Object};
use crate::output::Output;
use crate::transfer::given::given;

/// The pause between two looks at a job.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(
    connection: &Connection,
    args: PrefixJobsArgs,
    output: &Output,
) -> Result<()> {
    match args.command {
        PrefixJobsCommand::Move(args) => start(connection, args, PrefixJobKind::Move, output).await,
        PrefixJobsCommand::Copy(args) => start(connection, args, PrefixJobKind::Copy, output).await,
        PrefixJobsCommand::List(args) => {
            let client = connection.client_of(&args.bucket)?;
            let call = client.list_prefix_jobs().bucket(&args.bucket.bucket);
            let jobs = call.send().await?.value;
            let lines: Vec<_> = jobs.iter().map(line).collect();
            let json: Vec<_> = jobs.iter().map(|job| job.fields().done()).collect();
            output.result(
                &lines.join("\n"),
                &Object::new().with("PrefixJob", json).done(),
            )
        }
        PrefixJobsCommand::Show(args) => {
            let client = connection.client_of(&args.bucket)?;
            let call = client.get_prefix_job().bucket(&args.bucket.bucket);
            show(&call.id(args.id).send().await?.value, output)
        }
        PrefixJobsCommand::Cancel(args) => {
            let client = connection.client_of(&args.bucket)?;
            let call = client.cancel_prefix_job().bucket(&args.bucket.bucket);
            show(&call.id(args.id).send().await?.value, output)
        }
    }
}

async fn start(
    connection: &Connection,
    args: StartJobArgs,
    kind: PrefixJobKind,
    output: &Output,
) -> Result<()> {
    let client = connection.client_of(&args.target)?;
    let wish = PrefixJobWish {
        kind,
        source_bucket: args.source.bucket,
        source_prefix: args.source.key,
        target_prefix: args.target.key,
        forbid_overwrite: args.forbid_overwrite,
    };
    let call = client
        .start_prefix_job()
        .bucket(&args.target.bucket)
        .wish(wish);
    let call = given!(call, client_token = args.client_token);
    let mut job = call.send().await?.value;
    if args.wait {
        job = ended(&client, &args.target.bucket, job).await?;
    }
    show(&job, output)?;
    match job.state {
        PrefixJobState::Running | PrefixJobState::Done if job.failed == 0 => Ok(()),
        PrefixJobState::Running | PrefixJobState::Done => Err(Failure::new(
            Kind::Partial,
            format!("{} objects stay where they were", job.failed),
        )),
        PrefixJobState::Cancelled => Err(Failure::new(Kind::Partial, "the job was cancelled")),
        PrefixJobState::Failed => Err(Failure::new(
            Kind::Partial,
            format!("the job failed: {}", job.why),
        )),
    }
}

async fn ended(
    client: &Client,
    bucket: &cosette_types::BucketName,
    mut job: PrefixJob,
) -> Result<PrefixJob> {
    while job.state == PrefixJobState::Running {
        tokio::time::sleep(LOOK_EVERY).await;
        let call = client.get_prefix_job().bucket(bucket);
        job = call.id(job.id.as_str()).send().await?.value;
    }
    Ok(job)
}

fn show(job: &PrefixJob, output: &Output) -> Result<()> {
    let mut text = line(job);
    for left in &job.left {
        text.push_str(&format!("\n  {}: {}", left.key, left.code));
    }
    output.result(&text, &job.fields().done())
}

fn line(job: &PrefixJob) -> String {
    let wish = &job.wish;
    let why = if job.why.is_empty() {
        String::new()
    } else {
        format!(" ({})", job.why)
    };
    format!(
        "{}  {}{why}  {} cos://{}/{} to {}: {} done, {} left",
        job.id,
        job.state.as_str(),
        wish.kind.as_str(),
        wish.source_bucket,
        wish.source_prefix,
        wish.target_prefix,
        job.done,
        job.failed,
    )
}
