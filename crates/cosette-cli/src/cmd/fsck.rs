//! `fsck`: every link of a store that nobody else has, followed from both ends.

use cosette_server::{Config, Embedded, Opened, admin};
use serde_json::json;

use crate::args::{FsckArgs, Global};
use crate::config;
use crate::connect::refuse_held;
use crate::failure::{Failure, Kind, Result};
use crate::output::Output;

pub(super) async fn run(global: &Global, args: FsckArgs, output: &Output) -> Result<()> {
    if global.endpoint.is_some() || global.profile.is_some() {
        return Err(Failure::usage(
            "fsck is about a folder; it takes --data, not --endpoint or --profile",
        ));
    }
    let folder = config::data_folder(global, &config::process_env);
    let told = |why: &dyn std::fmt::Display| Failure::local(folder.display(), why);
    if !folder.is_dir() {
        return Err(told(&"there is no such folder"));
    }
    let opened = Embedded::open(&folder, Config::default(), None)
        .await
        .map_err(|why| told(&why))?;
    let Opened::Here(embedded) = opened else {
        return Err(refuse_held(&folder));
    };
    let checked = admin::fsck(&embedded, args.read_bytes).await;
    let closed = embedded.close().await;
    let report = checked.map_err(|why| told(&why))?;
    closed.map_err(|why| told(&why))?;
    let rows: usize = report.rows.values().sum();
    let value = json!({
        "folder": folder.display().to_string(),
        "clean": report.is_clean(),
        "rows": rows,
        "bodiesRead": report.bodies_read,
        "problems": report.problems,
    });
    if !report.is_clean() {
        for problem in &report.problems {
            output.line(problem)?;
        }
        let told = format!("{}: {} problems", folder.display(), report.problems.len());
        return Err(Failure::new(Kind::Failed, told).with_report(value));
    }
    let read = if args.read_bytes {
        format!(", {} bodies read", report.bodies_read)
    } else {
        String::new()
    };
    output.result(
        &format!("{} is clean: {rows} rows{read}", folder.display()),
        &value,
    )
}
