//! Flags that do not fit what a command is about. Who gives a flag expects that it does something: where it
//! could do nothing the command is refused before anything is sent.

use crate::args::{BulkArgs, Command, CopyArgs, MoveArgs, PlanCommand, RemoveArgs, SelectArgs};
use crate::failure::{Failure, Result};

/// Refuses a command with a flag that would do nothing.
pub(super) fn check(command: &Command) -> Result<()> {
    match command {
        Command::Cp(args) => copy(args),
        Command::Mv(args) => moving(args),
        Command::Rm(args) => removal(args),
        Command::Plan(args) => match &args.what {
            Some(PlanCommand::Cp(args)) => copy(args),
            Some(PlanCommand::Mv(args)) => moving(args),
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
