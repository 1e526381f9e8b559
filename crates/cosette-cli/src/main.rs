//! `cosette`: copies and moves objects in COS and in COS-compatible stores, and serves them.

mod args;
mod bulk;
mod clock;
mod cmd;
mod config;
mod connect;
mod failure;
mod fields;
mod files;
mod keys;
mod log;
mod name;
mod output;
mod select;
mod transfer;

use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind;
use tokio::runtime::Builder;

use crate::args::{Cli, Command};
use crate::config::Place;
use crate::failure::Failure;
use crate::output::Output;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(refused) => return refuse(&refused),
    };
    if !matches!(cli.command, Command::Serve(_) | Command::Bench(_)) {
        use_small_pages();
    }
    let mut runtime = if only_asks(&cli) {
        // What a command does it does in one task; connections on other threads would wake it, and it
        // them, for every answer: a quarter more processor time in a copy of many objects.
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    let output = Output::new(&cli.global);
    let ended = runtime
        .enable_all()
        .build()
        .map_err(|why| Failure::local("starting", why))
        .and_then(|runtime| runtime.block_on(cmd::run(cli, &output)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_silent() => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.kind().exit_code())
        }
    }
}

/// Whether a command is one that sends many requests, and does nothing else. One that has a store's folder
/// serves others who come to it, also while it waits for whoever reads its output.
fn only_asks(cli: &Cli) -> bool {
    let many = matches!(
        cli.command,
        Command::Cp(_)
            | Command::Mv(_)
            | Command::Sync(_)
            | Command::Rm(_)
            | Command::Plan(_)
            | Command::Ls(_)
            | Command::Du(_)
    );
    // What is wrong with the settings is told where they are used.
    many && config::resolve(&cli.global, &config::process_env)
        .is_ok_and(|settings| !matches!(settings.place, Place::Folder(_)))
}

fn parse() -> Result<Cli, clap::Error> {
    let mut command = args::command();
    let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|refused| refused.format(&mut command))
}

/// Gives huge pages up: a server is quicker with them, but to a command, of which each thread needs a few
/// buffers only, they cost more than half of its memory (100 MiB instead of 40 for an upload of many files).
fn use_small_pages() {
    // Where the system has no such setting nothing is lost but memory.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// A command line that is none, or that asks for help.
fn refuse(refused: &clap::Error) -> ExitCode {
    let wants_help = matches!(
        refused.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if !wants_help && output::asked_for_json(std::env::args()) {
        let told = refused.to_string();
        let sentence = told.strip_prefix("error: ").unwrap_or(&told).trim_end();
        let failure = Failure::usage(sentence);
        Output::json_only().failure(&failure);
        return ExitCode::from(failure.kind().exit_code());
    }
    // If the text cannot be written there is nobody to tell.
    let _ = refused.print();
    if wants_help {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(failure::Kind::Usage.exit_code())
    }
}
