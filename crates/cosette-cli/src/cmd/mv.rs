//! `mv` of one object: it is deleted only where its copy is proved. What lies under a name is a job.

use crate::args::{MoveArgs, SourceConditionArgs};
use crate::connect::Connection;
use crate::failure::Result;
use crate::output::Output;
use crate::transfer::IGNORED_METADATA;
use crate::transfer::map;
use crate::transfer::single::{Source, Transfer};
use crate::transfer::wishes::Wishes;

pub(super) async fn run(connection: &Connection, args: MoveArgs, output: &Output) -> Result<()> {
    let wishes = Wishes {
        copy_delete: args.copy_delete,
        ..Wishes::new(
            args.properties,
            SourceConditionArgs::default(),
            args.keys.read(output)?,
            &args.tuning,
        )?
    };
    connection.accepts_class(wishes.storage_class)?;
    let transfer = Transfer {
        connection,
        wishes: &wishes,
        options: None,
    };
    if wishes.are_ignored() {
        output.note(IGNORED_METADATA);
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
