//! `mv`: moves objects between COS names; each is deleted only where its copy is proved.

use crate::args::{MoveArgs, SourceConditionArgs};
use crate::connect::Connection;
use crate::failure::{Failure, Kind, Result};
use crate::output::Output;
use crate::transfer::map::{self, PrefixMap};
use crate::transfer::single::{Source, Transfer};
use crate::transfer::wishes::Wishes;
use crate::transfer::{IGNORED_METADATA, many};

use super::cp;

pub(super) async fn run(connection: &Connection, args: MoveArgs, output: &Output) -> Result<()> {
    let wishes = Wishes::new(
        args.properties,
        SourceConditionArgs::default(),
        &args.tuning,
    )?;
    let transfer = Transfer {
        connection,
        wishes: &wishes,
    };
    if wishes.are_ignored() {
        output.note(IGNORED_METADATA);
    }
    if args.recursive {
        if args.source.version_id.is_some() {
            return Err(Failure::usage(
                "--version-id is about one object; leave out -r",
            ));
        }
        let map = PrefixMap::new(&args.source_name, &args.target)?;
        if map.in_place {
            let told = format!(
                "{}: source and target are one place; nothing was done",
                args.target
            );
            return Err(Failure::usage(told));
        }
        let found = cp::keys(connection, &args.source_name, &args.source, &map.from)?;
        let quiet = &output.no_progress();
        let (map, transfer) = (&map, &transfer);
        let work = |source: Source| async move {
            let target = map.target(&source.name.key)?;
            transfer.move_object(&source, &target, quiet).await
        };
        let tally = many::run(found, wishes.parallel, output, work).await?;
        if tally.is_empty() {
            let told = format!("{}: there is nothing under it", args.source_name);
            return Err(Failure::new(Kind::NotFound, told));
        }
        return tally.end("moved", output);
    }
    let target = map::single_target(&args.source_name.key, &args.target)?;
    let source = Source {
        region: args
            .source
            .source_region
            .or_else(|| args.source_name.region.clone()),
        version_id: args
            .source
            .version_id
            .or_else(|| args.source_name.version_id.clone()),
        name: args.source_name,
    };
    let progress = output.progress(&source.name.to_string());
    let done = transfer.move_object(&source, &target, &progress).await?;
    if output.is_json() {
        output.json(&done.json)
    } else {
        output.done(&done.text)
    }
}
