//! `fsck`, `scrub`, `export` and `import`: what keeps a folder's store sound. If somebody serves the
//! folder, they do it, asked over the socket in it.

use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use cosette::{Body, HttpTransport, Transport};
use cosette_server::admin::{self, ImportError};
use cosette_server::{Embedded, Opened};
use futures_util::{Stream, stream};
use http::{Request, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::args::{ExportArgs, FsckArgs, Global, ImportArgs, ScrubArgs};
use crate::config;
use crate::connect::of_a_command;
use crate::failure::{Failure, Kind, Result};
use crate::files::Sink;
use crate::output::{Output, bytes};
use crate::transfer::standard_input;

/// Longest report that is read.
const REPORT_BYTES_MAX: usize = 64 << 20;
/// Bytes of a file that are read at once.
const READ_BYTES: usize = 1 << 20;

/// Whoever has the folder.
enum Keeper {
    Us(Box<Embedded>),
    Them(Box<HttpTransport>),
}

/// A folder's store, to be looked after.
struct Store {
    folder: PathBuf,
    keeper: Keeper,
}

pub(super) async fn fsck(global: &Global, args: &FsckArgs, output: &Output) -> Result<()> {
    let store = Store::open(global, "fsck").await?;
    let parameter = if args.read_bytes { "?read-bytes" } else { "" };
    let report = store.report(&format!("{}{parameter}", admin::FSCK)).await;
    let folder = store.close().await?;
    let report = report?;
    let number = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
    let problems = list(&report, "problems");
    for problem in &problems {
        output.line(problem.as_str().unwrap_or_default())?;
    }
    let read = match number("bodiesRead") {
        bodies if args.read_bytes => format!(", {bodies} bodies read"),
        _ => String::new(),
    };
    let clean = format!("{folder} is clean: {} rows{read}", number("rows"));
    let broken = format!("{folder}: {} problems", problems.len());
    settle(output, &folder, report, &clean, broken)
}

pub(super) async fn scrub(global: &Global, args: &ScrubArgs, output: &Output) -> Result<()> {
    let store = Store::open(global, "scrub").await?;
    let parameter = args.rate.map(|rate| format!("?rate={rate}"));
    let path = format!("{}{}", admin::SCRUB, parameter.unwrap_or_default());
    let report = store.report(&path).await;
    let folder = store.close().await?;
    let report = report?;
    let number = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
    for damage in list(&report, "damages") {
        output.line(
            damage
                .get("what")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        )?;
        for holder in list(&damage, "holders") {
            output.line(&format!("  {}", holder_text(&holder)))?;
        }
    }
    let (extents, read) = (number("extents"), bytes(number("bytes")));
    let clean = format!("{folder} is sound: {extents} extents, {read} read");
    let broken = format!(
        "{folder}: {} of {extents} extents are damaged",
        number("damaged")
    );
    settle(output, &folder, report, &clean, broken)
}

fn holder_text(holder: &Value) -> String {
    let text = |name: &str| holder.get(name).and_then(Value::as_str);
    match (text("key"), holder.get("part")) {
        (Some(key), _) => {
            let bucket = text("bucket").unwrap_or("?");
            let version = text("versionId").unwrap_or("null");
            format!("cos://{bucket}/{key} version {version}")
        }
        (None, Some(part)) => format!("part {part} of an unfinished upload"),
        (None, None) => holder.to_string(),
    }
}

/// Prints a report; one that is not clean is a failure.
fn settle(
    output: &Output,
    folder: &str,
    mut report: Value,
    clean: &str,
    broken: String,
) -> Result<()> {
    let is_clean = report
        .get("clean")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    if let Some(fields) = report.as_object_mut() {
        fields.insert("folder".to_owned(), json!(folder));
    }
    if is_clean {
        output.result(clean, &report)
    } else {
        Err(Failure::new(Kind::Failed, broken).with_report(report))
    }
}

pub(super) async fn export(global: &Global, args: &ExportArgs, output: &Output) -> Result<()> {
    let store = Store::open(global, "export").await?;
    let exported = store.export(&args.output_file, output).await;
    let folder = store.close().await?;
    let written = exported?;
    let (text, value) = (
        format!("{folder} exported: {}", bytes(written)),
        json!({"folder": folder, "bytes": written}),
    );
    if args.output_file.as_os_str() == "-" {
        output.aside(&value);
        return Ok(());
    }
    output.result(&text, &value)
}

pub(super) async fn import(global: &Global, args: &ImportArgs, output: &Output) -> Result<()> {
    let folder = folder(global, "import")?;
    let told = |why: &dyn std::fmt::Display| Failure::local(folder.display(), why);
    let imported = if args.file.as_os_str() == "-" {
        admin::import(&folder, standard_input::chunks()).await
    } else {
        let file = tokio::fs::File::open(&args.file).await;
        let file = file.map_err(|why| Failure::local(args.file.display(), why))?;
        admin::import(&folder, pieces(file)).await
    };
    let moved = imported.map_err(|why| match why {
        ImportError::NotAnExport | ImportError::Damaged { .. } | ImportError::Stream(_) => {
            Failure::local(args.file.display(), why)
        }
        ImportError::NotEmpty | ImportError::Store(_) => told(&why),
    })?;
    let value = json!({
        "folder": folder.display().to_string(),
        "rows": moved.rows,
        "extents": moved.extents,
        "bytes": moved.bytes,
    });
    let text = format!(
        "{} holds it: {} rows, {} in {} extents; `cosette fsck` checks it",
        folder.display(),
        moved.rows,
        bytes(moved.bytes),
        moved.extents
    );
    output.result(&text, &value)
}

/// What comes from a file, piece by piece.
fn pieces(
    from: impl AsyncRead + Unpin + Send,
) -> impl Stream<Item = std::result::Result<Bytes, std::io::Error>> + Send {
    stream::try_unfold(from, |mut from| async move {
        let mut piece = BytesMut::with_capacity(READ_BYTES);
        let count = from.read_buf(&mut piece).await?;
        Ok((count > 0).then(|| (piece.freeze(), from)))
    })
}

fn folder(global: &Global, command: &str) -> Result<PathBuf> {
    if global.endpoint.is_some() || global.profile.is_some() {
        return Err(Failure::usage(format!(
            "{command} is about a folder; it takes --data, not --endpoint or --profile"
        )));
    }
    Ok(config::data_folder(global, &config::process_env))
}

fn list(value: &Value, name: &str) -> Vec<Value> {
    let list = value.get(name).and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}

impl Store {
    async fn open(global: &Global, command: &str) -> Result<Self> {
        let folder = folder(global, command)?;
        if !folder.is_dir() {
            return Err(Failure::local(folder.display(), "there is no such folder"));
        }
        let opened = Embedded::open(&folder, of_a_command(), None).await;
        let keeper = match opened.map_err(|why| Failure::local(folder.display(), why))? {
            Opened::Here(embedded) => Keeper::Us(embedded),
            Opened::Elsewhere { socket } => {
                Keeper::Them(Box::new(HttpTransport::unix_socket(socket)))
            }
        };
        Ok(Self { folder, keeper })
    }

    async fn ask(&self, path: &str) -> Result<Response<Body>> {
        let told = |why: &dyn std::fmt::Display| Failure::local(self.folder.display(), why);
        let request = Request::post(format!("http://localhost{path}")).body(Body::empty());
        let request = request.map_err(|why| told(&why))?;
        match &self.keeper {
            Keeper::Us(embedded) => Ok(embedded.administer(&request).await.map(Body::new)),
            Keeper::Them(socket) => socket.call(request).await.map_err(|why| told(&why)),
        }
    }

    async fn report(&self, path: &str) -> Result<Value> {
        let told = |why: &dyn std::fmt::Display| Failure::local(self.folder.display(), why);
        let response = self.ask(path).await?;
        let fine = response.status().is_success();
        let text = response.into_body().bytes(REPORT_BYTES_MAX).await?;
        let report: Value = serde_json::from_slice(&text).map_err(|why| told(&why))?;
        if fine {
            return Ok(report);
        }
        let error = report.get("error").and_then(Value::as_str);
        Err(told(&error.unwrap_or("it could not be done")))
    }

    /// Writes the export; says how many bytes it has.
    async fn export(&self, to: &Path, output: &Output) -> Result<u64> {
        let mut sink = Sink::open(to, output)?;
        let mut body = self.ask(admin::EXPORT).await?.into_body();
        let mut written = 0;
        while let Some(piece) = body.chunk().await? {
            sink.write(&piece)?;
            written += piece.len() as u64;
        }
        sink.finish()?;
        Ok(written)
    }

    /// Lets go of the folder; gives its name.
    async fn close(self) -> Result<String> {
        let folder = self.folder.display().to_string();
        if let Keeper::Us(embedded) = self.keeper {
            embedded
                .close()
                .await
                .map_err(|why| Failure::local(&folder, why))?;
        }
        Ok(folder)
    }
}
