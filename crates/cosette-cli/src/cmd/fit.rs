//! Flags that do not fit what a command is about. Who gives a flag expects that it does something: where it
//! could do nothing the command is refused before anything is sent.

use crate::args::{
    BulkArgs, Command, CopyArgs, MoveArgs, PlanCommand, RemoveArgs, SelectArgs, SyncArgs,
};
use crate::failure::{Failure, Result};
use crate::name::Name;

/// Refuses a command with a flag that would do nothing.
pub(super) fn check(command: &Command) -> Result<()> {
    match command {
        Command::Cp(args) => copy(args),
        Command::Mv(args) => moving(args),
        Command::Rm(args) => removal(args),
        Command::Sync(args) => sync(args),
        Command::Plan(args) => match &args.what {
            Some(PlanCommand::Cp(args)) => copy(args),
            Some(PlanCommand::Mv(args)) => moving(args),
            Some(PlanCommand::Sync(args)) => sync(args),
            Some(PlanCommand::Rm(args)) if !args.recursive => Err(Failure::usage(
                "a plan of removals is about all that is under NAME; give -r",
            )),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn copy(args: &CopyArgs) -> Result<()> {
    one_or_many(args.recursive, &args.bulk)
}

fn moving(args: &MoveArgs) -> Result<()> {
    one_or_many(args.recursive, &args.bulk)
}

fn sync(args: &SyncArgs) -> Result<()> {
    let bulk = &args.bulk;
    if args.delete && !matches!(args.target, Name::Cos(_)) {
        return Err(Failure::usage(
            "--delete is about objects: files on this machine are never removed; leave it out, and remove by hand \
             what TARGET has too much. Nothing was done",
        ));
    }
    // A list is in its own order and tells nothing of what it does not name.
    if args.delete && (bulk.names_from.is_some() || bulk.manifest.is_some()) {
        return Err(Failure::usage(
            "--delete compares all of SOURCE with TARGET; leave out --names-from and --manifest",
        ));
    }
    Ok(())
}

fn removal(args: &RemoveArgs) -> Result<()> {
    match args.recursive {
        true => Ok(()),
        false => unselected(&args.select),
    }
}

/// What is named by itself is not chosen from anything.
fn one_or_many(recursive: bool, bulk: &BulkArgs) -> Result<()> {
    if recursive || bulk.names_from.is_some() || bulk.manifest.is_some() {
        return Ok(());
    }
    unselected(&bulk.select)
}

/// A filter that is passed over would remove or move what it was to protect.
fn unselected(select: &SelectArgs) -> Result<()> {
    match select.flag() {
        None => Ok(()),
        Some(flag) => Err(Failure::usage(format!(
            "{flag} chooses among what is under a name, and without -r there is nothing to choose from; give -r, \
             or leave {flag} out. Nothing was done"
        ))),
    }
}
