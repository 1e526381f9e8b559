//! What happened, how long it took, and what to try next.

use std::time::Duration;

use serde_json::json;

use crate::connect::Connection;
use crate::failure::Result;
use crate::name::CosName;
use crate::output::{Output, Table, bytes, duration};

/// One step.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) what: String,
    pub(super) objects: usize,
    pub(super) bytes: u64,
    pub(super) requests: u64,
    pub(super) time: Duration,
    pub(super) verified: usize,
}

/// All steps.
#[derive(Debug)]
pub(super) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(super) const fn new() -> Self {
        Self { rows: Vec::new() }
    }

    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn show(
        &self,
        connection: &Connection,
        large: &CosName,
        first: &CosName,
        output: &Output,
    ) -> Result<()> {
        let folder = connection
            .folder()
            .map(|folder| folder.path().display().to_string());
        let next = next(connection, large, first);
        let steps = self.rows.iter().map(|row| {
            json!({
                "step": row.what,
                "objects": row.objects,
                "bytes": row.bytes,
                "requests": row.requests,
                "milliseconds": u64::try_from(row.time.as_millis()).unwrap_or(u64::MAX),
                "verified": row.verified,
            })
        });
        let json = json!({
            "bucket": large.bucket.as_str(),
            "folder": folder,
            "steps": steps.collect::<Vec<_>>(),
            "next": next,
        });
        let kept = folder.map_or_else(String::new, |folder| {
            format!("The store stays in {folder}.\n")
        });
        let text = format!(
            "{}\nEach object's CRC-64 was compared with that of the bytes that were read.\n{kept}\n\
             Try next (from a checkout: cargo run --release -- …):\n{}",
            self.table(),
            next.iter()
                .map(|line| format!("  {line}\n"))
                .collect::<String>(),
        );
        output.result(&text, &json)
    }

    fn table(&self) -> String {
        let mut table = Table::plain("<>>>>>");
        table.row(["step", "objects", "bytes", "requests", "time", "verified"]);
        for row in &self.rows {
            table.row([
                row.what.clone(),
                if row.objects == 0 {
                    String::new()
                } else {
                    row.objects.to_string()
                },
                if row.objects == 0 {
                    String::new()
                } else {
                    bytes(row.bytes)
                },
                row.requests.to_string(),
                duration(row.time),
                if row.objects == 0 {
                    String::new()
                } else {
                    format!("{} of {}", row.verified, row.objects)
                },
            ]);
        }
        let sum = |value: fn(&Row) -> u64| self.rows.iter().map(value).sum::<u64>();
        let time = self.rows.iter().map(|row| row.time).sum();
        table.row([
            "all".to_owned(),
            String::new(),
            String::new(),
            sum(|row| row.requests).to_string(),
            duration(time),
            String::new(),
        ]);
        table.text()
    }
}

/// Commands that work on what the demo left.
fn next(connection: &Connection, large: &CosName, first: &CosName) -> Vec<String> {
    let bucket = &large.bucket;
    let at = connection.folder_flag();
    [
        format!("cosette ls -l -r cos://{bucket}/{at}"),
        format!("cosette stat {}{at}", quoted(first)),
        format!("cosette cp {} cos://{bucket}/again.bin --slice-size 8MiB{at}", quoted(large)),
        format!("cosette mv cos://{bucket}/again.bin cos://{bucket}/archive/ --storage-class ARCHIVE{at}"),
        format!("cosette cat {}{at}", quoted(first)),
        format!("cosette serve --listen 127.0.0.1:9000{at}"),
    ]
    .to_vec()
}

/// A name as a shell takes it.
fn quoted(name: &CosName) -> String {
    let text = name.to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._-+@".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
