//! `cat`: objects to standard output.

use crate::args::CatArgs;
use crate::connect::Connection;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::transfer::download::{self, Read};

pub(super) async fn run(connection: &Connection, args: CatArgs, output: &Output) -> Result<()> {
    if args.version_id.is_some() && args.names.len() > 1 {
        return Err(Failure::usage(
            "--version-id is about one object; name only that one",
        ));
    }
    let customer_key = args.key.key(output)?;
    for name in &args.names {
        let read = Read {
            client: connection.client_of(name)?,
            name: name.clone(),
            version_id: args.version_id.clone().or_else(|| name.version_id.clone()),
            range: args.range,
            conditions: cosette_types::Preconditions::default(),
            customer_key: customer_key.clone(),
        };
        let silent = output.no_progress();
        download::each_chunk(&read, &silent, |bytes| output.raw(bytes)).await?;
    }
    Ok(())
}
