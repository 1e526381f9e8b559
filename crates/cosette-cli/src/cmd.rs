//! From a command line to what is done: settings, a connection, the command, and the connection's
//! end.

mod acl;
mod api;
mod around;
mod bench;
mod buckets;
mod bulk;
mod cat;
mod cp;
mod demo;
mod du;
mod fit;
mod ls;
mod maintain;
mod man;
mod mv;
mod prefix_jobs;
mod rm;
mod serve;
mod settings;
mod stat;
mod user;

pub(crate) use serve::keys::loopback_address;

use cosette::RetryPolicy;

use crate::args::{Cli, Command, CompletionsArgs, Global};
use crate::config::{self, Settings};
use crate::connect::Connection;
use crate::failure::{Failure, Result};
use crate::output::Output;

pub(crate) async fn run(cli: Cli, output: &Output) -> Result<()> {
    let global = cli.global;
    fit::check(&cli.command)?;
    match cli.command {
        Command::Completions(args) => completions(&args, output),
        Command::Man(args) => man::run(&args, output),
        Command::Config(args) => settings::run(&global, args, output),
        Command::Bench(args) => bench::run(&global, *args, output).await,
        Command::Serve(args) => serve::serve(&global, args, output).await,
        Command::Fsck(args) => maintain::fsck(&global, &args, output).await,
        Command::Scrub(args) => maintain::scrub(&global, &args, output).await,
        Command::Export(args) => maintain::export(&global, &args, output).await,
        Command::Import(args) => maintain::import(&global, &args, output).await,
        Command::Cp(args) if args.recursive || args.bulk.is_given() => {
            bulk::copy(&global, *args, output).await
        }
        Command::Mv(args) if args.recursive || args.bulk.is_given() => {
            bulk::moving(&global, *args, output).await
        }
        Command::Rm(args) if args.dry_run => bulk::remove(&global, args, output).await,
        Command::Sync(args) => bulk::sync(&global, *args, output).await,
        Command::Plan(args) => bulk::plan(&global, args, output).await,
        Command::Apply(args) => bulk::apply(&global, args, output).await,
        Command::Resume(args) => bulk::resume(&global, args, output).await,
        Command::Undo(args) => bulk::undo(&global, args, output).await,
        Command::Jobs(args) => bulk::list(&args, output),
        Command::User(args) => user::run(&global, args, output).await,
        command => with_connection(&global, command, output).await,
    }
}

/// Runs a command that talks to a store. The connection is closed whatever becomes of the command:
/// who joined us must be let finish.
async fn with_connection(global: &Global, command: Command, output: &Output) -> Result<()> {
    let settings = settings_of(global, output)?;
    // The raw commands send exactly one request, also when it fails.
    let retry = match command {
        Command::Api { .. } => RetryPolicy::never(),
        _ => RetryPolicy::default(),
    };
    let connection = Connection::open(&settings, retry).await?;
    let done = interruptible(&connection, global, command, output).await;
    let closed = connection.close().await;
    done.and(closed)
}

/// Runs a command until it ends, or Ctrl-C. A copy is let clear up what it has begun.
async fn interruptible(
    connection: &Connection,
    global: &Global,
    command: Command,
    output: &Output,
) -> Result<()> {
    let clears_up = matches!(command, Command::Cp(_) | Command::Mv(_));
    let mut running = std::pin::pin!(dispatch(connection, global, command, output));
    let interrupted = tokio::select! {
        done = &mut running => return done,
        signal = tokio::signal::ctrl_c() => interruption(signal),
    };
    if !clears_up {
        return Err(interrupted);
    }
    connection.stop();
    output.note("ending what is under way; Ctrl-C again ends at once");
    tokio::select! {
        // It may have come to its end all the same.
        done = running => done.map_err(|_| interrupted),
        _ = tokio::signal::ctrl_c() => Err(interrupted.leaving_parts()),
    }
}

fn interruption(signal: std::io::Result<()>) -> Failure {
    match signal {
        Ok(()) => Failure::interrupted(),
        Err(why) => Failure::local("waiting for Ctrl-C", why),
    }
}

async fn dispatch(
    connection: &Connection,
    global: &Global,
    command: Command,
    output: &Output,
) -> Result<()> {
    match command {
        Command::Demo(args) => demo::run(connection, args, output).await,
        Command::Cp(args) => cp::run((connection, global), *args, output).await,
        Command::Mv(args) => mv::run(connection, *args, output).await,
        Command::Ls(args) => ls::run(connection, args, output).await,
        Command::Rm(args) => rm::run(connection, args, output).await,
        Command::Du(args) => du::run(connection, args, output).await,
        Command::Stat(args) => stat::run(connection, args, output).await,
        Command::Cat(args) => cat::run(connection, args, output).await,
        Command::Acl(args) => acl::run(connection, args, output).await,
        Command::Versions(args) => ls::versions_of(connection, args, output).await,
        Command::Tag(args) => around::tag(connection, args, output).await,
        Command::Restore(args) => around::restore(connection, args, output).await,
        Command::Presign(args) => around::presign(connection, args, output),
        Command::PrefixJobs(args) => prefix_jobs::run(connection, args, output).await,
        Command::Mb(args) => buckets::make(connection, args, output).await,
        Command::Rb(args) => buckets::remove(connection, args, output).await,
        Command::Api { operation } => api::run(connection, *operation, output).await,
        // Those that need no connection were answered before.
        Command::Apply(_)
        | Command::Bench(_)
        | Command::Completions(_)
        | Command::Config(_)
        | Command::Export(_)
        | Command::Fsck(_)
        | Command::Import(_)
        | Command::Scrub(_)
        | Command::Jobs(_)
        | Command::Man(_)
        | Command::Plan(_)
        | Command::Resume(_)
        | Command::Serve(_)
        | Command::Sync(_)
        | Command::Undo(_)
        | Command::User(_) => Ok(()),
    }
}

fn settings_of(global: &Global, output: &Output) -> Result<Settings> {
    let settings = config::resolve(global, &config::process_env)?;
    for warning in &settings.warnings {
        output.note(warning);
    }
    Ok(settings)
}

fn completions(args: &CompletionsArgs, output: &Output) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut crate::args::command(),
        "cosette",
        &mut script,
    );
    output.raw(&script)
}
