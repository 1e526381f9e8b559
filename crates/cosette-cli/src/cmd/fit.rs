//! Flags that do not fit what a command is about. Who gives a flag expects that it does something: where it
//! could do nothing the command is refused before anything is sent.

use crate::args::{
    BulkArgs, Command, CopyArgs, CopyTags, EditArgs, MoveArgs, PlanCommand, PropertyArgs,
    RemoveArgs, SelectArgs, SourceArgs, SyncArgs,
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
    one_or_many(args.recursive, &args.bulk)?;
    let objects = args.sources.iter().all(Name::is_object);
    if !objects {
        let conditions = &args.conditions;
        only_objects_have(&[
            ("--if-match", conditions.if_match.is_some()),
            ("--if-none-match", conditions.if_none_match.is_some()),
            (
                "--if-modified-since",
                conditions.if_modified_since.is_some(),
            ),
            (
                "--if-unmodified-since",
                conditions.if_unmodified_since.is_some(),
            ),
        ])?;
        of_objects(&args.source, &args.bulk)?;
        streamed(&args.sources, &args.bulk.edit)?;
    }
    match args.target.is_object() {
        true => Ok(()),
        false => of_files(&args.properties, &args.bulk.edit),
    }
}

fn moving(args: &MoveArgs) -> Result<()> {
    one_or_many(args.recursive, &args.bulk)
}

fn sync(args: &SyncArgs) -> Result<()> {
    let bulk = &args.bulk;
    if args.source.version_id.is_some() {
        return Err(Failure::usage(
            "--version-id is about one object; sync is about all under a name",
        ));
    }
    if bulk.rename.is_some() {
        return Err(Failure::usage(
            "sync compares by name and gives no other; to write names otherwise: cosette cp -r --rename",
        ));
    }
    if !args.source_name.is_object() {
        of_objects(&args.source, bulk)?;
    }
    if !args.target.is_object() {
        of_files(&args.properties, &bulk.edit)?;
    }
    if args.delete && !args.target.is_object() {
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
    if !bulk.is_single(recursive) {
        return Ok(());
    }
    if bulk.rename.is_some() {
        return Err(Failure::usage(
            "--rename is a rule for what is under a name; of one object TARGET is the new name. To rename many give -r",
        ));
    }
    unselected(&bulk.select)
}

/// Of a source that is no object: what only objects have.
fn of_objects(source: &SourceArgs, bulk: &BulkArgs) -> Result<()> {
    only_objects_have(&[
        ("--version-id", source.version_id.is_some()),
        ("--source-region", source.source_region.is_some()),
        ("--names-from", bulk.names_from.is_some()),
        ("--manifest", bulk.manifest.is_some()),
    ])?;
    only_objects_have(&brought(&bulk.edit))
}

/// What an object brings along, or not.
fn brought(edit: &EditArgs) -> [(&'static str, bool); 4] {
    [
        ("--remove-header", !edit.remove_header.is_empty()),
        ("--remove-meta", !edit.remove_meta.is_empty()),
        ("--copy-acl", edit.copy_acl),
        ("--copy-tags", edit.copy_tags != CopyTags::Auto),
    ]
}

fn only_objects_have(flags: &[(&str, bool)]) -> Result<()> {
    match first(flags) {
        None => Ok(()),
        Some(flag) => Err(Failure::usage(format!(
            "{flag} is about a source that is an object in COS, and SOURCE is none; leave {flag} out"
        ))),
    }
}

/// What has no name that is looked at first goes up in one go, and not as a job, which makes such changes.
fn streamed(sources: &[Name], edit: &EditArgs) -> Result<()> {
    let streamed = sources
        .iter()
        .any(|source| matches!(source, Name::Standard | Name::Web(_)));
    let flag = first(&[
        ("--set-header", !edit.set_header.is_empty()),
        ("--set-meta", !edit.set_meta.is_empty()),
    ]);
    match flag {
        Some(flag) if streamed => Err(Failure::usage(format!(
            "{flag} changes what a file or an object would bring along; for standard input and addresses of the web \
             give --meta, --cache-control and the like"
        ))),
        _ => Ok(()),
    }
}

/// Of a target that is a file: what only objects have.
fn of_files(properties: &PropertyArgs, edit: &EditArgs) -> Result<()> {
    let acl = &properties.acl;
    let flag = first(&[
        (
            "--metadata-directive",
            properties.metadata_directive.is_some(),
        ),
        ("--meta", !properties.meta.is_empty()),
        ("--cache-control", properties.cache_control.is_some()),
        (
            "--content-disposition",
            properties.content_disposition.is_some(),
        ),
        ("--content-encoding", properties.content_encoding.is_some()),
        ("--content-language", properties.content_language.is_some()),
        ("--content-type", properties.content_type.is_some()),
        ("--expires", properties.expires.is_some()),
        ("--storage-class", properties.storage_class.is_some()),
        ("--acl", acl.acl.is_some()),
        ("--grant-read", !acl.grant_read.is_empty()),
        ("--grant-write", !acl.grant_write.is_empty()),
        ("--grant-full-control", !acl.grant_full_control.is_empty()),
        ("--grant-read-acp", !acl.grant_read_acp.is_empty()),
        ("--grant-write-acp", !acl.grant_write_acp.is_empty()),
        ("--set-header", !edit.set_header.is_empty()),
        ("--set-meta", !edit.set_meta.is_empty()),
    ]);
    match flag.or_else(|| first(&brought(edit))) {
        None => Ok(()),
        Some(flag) => Err(Failure::usage(format!(
            "{flag} is about a target in COS, and a file has nothing of the kind; leave {flag} out"
        ))),
    }
}

/// The first flag that was given.
fn first<'a>(flags: &[(&'a str, bool)]) -> Option<&'a str> {
    flags
        .iter()
        .find_map(|(flag, given)| given.then_some(*flag))
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
