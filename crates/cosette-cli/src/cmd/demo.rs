//! `demo`: the main job in one command, on real bytes, with nothing configured.
//!
//! Everything goes the way that the other commands go, and every result is looked at again: its
//! CRC-64 must be that of the bytes that were read from the files.

mod files;
mod report;

use std::path::PathBuf;

use cosette::{Body, MoveOutcome};
use cosette_types::{Crc64, Directive, Metadata, StorageClass, Text};

use crate::args::DemoArgs;
use crate::clock::Stopwatch;
use crate::connect::Connection;
use crate::failure::{Failure, Kind, Result};
use crate::name::CosName;
use crate::output::Output;
use crate::transfer::media_type;
use crate::transfer::single::{From, Source, Transfer};
use crate::transfer::wishes::Wishes;

use files::Subject;
use report::{Report, Row};

/// Where the demo happens.
const BUCKET: &str = "cos://demo-1250000000";
/// Parts of the large object when it is copied.
const CHUNK_BYTES: u64 = 4 << 20;
/// Parts of the large object when it is sent.
const PART_BYTES: u64 = 8 << 20;
/// The class that objects change to.
const CLASS: StorageClass = StorageClass::StandardIa;

/// An object of the demo and the checksum that all copies of it must have.
#[derive(Debug, Clone)]
struct Known {
    name: CosName,
    crc64: Crc64,
    bytes: u64,
}

/// The demo under way.
struct Stage<'a> {
    connection: &'a Connection,
    output: &'a Output,
    report: Report,
}

pub(super) async fn run(connection: &Connection, args: DemoArgs, output: &Output) -> Result<()> {
    let subjects = files::choose(connection, &args.files)?;
    let mut stage = Stage {
        connection,
        output,
        report: Report::new(),
    };
    stage.make_bucket().await?;
    let originals = stage.upload(&subjects).await?;
    let large = stage.upload_large(&subjects, &originals).await?;
    let copies = stage.copy(&originals).await?;
    stage.change_metadata(&copies).await?;
    stage.change_class(&copies).await?;
    stage.copy_in_parts(&large).await?;
    let moved = stage.move_away(&copies).await?;
    let first = moved.first().unwrap_or(&large).name.clone();
    stage.report.show(connection, &large.name, &first, output)
}

fn name(key: &str) -> Result<CosName> {
    format!("{BUCKET}/{key}").parse().map_err(Failure::usage)
}

fn source(known: &Known) -> Source {
    Source {
        name: known.name.clone(),
        region: None,
        version_id: None,
    }
}

fn text(words: &str) -> Result<Text> {
    Ok(words.parse()?)
}

impl Stage<'_> {
    /// Runs one step, counts what it takes, and then verifies what it made.
    async fn step<F>(&mut self, what: String, work: F) -> Result<Vec<Known>>
    where
        F: Future<Output = Result<(Vec<Known>, Wanted)>>,
    {
        let (begun, before) = (Stopwatch::start(), self.connection.requests());
        let (made, wanted) = work.await.map_err(|why| why.during(&what))?;
        let (time, requests) = (begun.elapsed(), self.connection.requests() - before);
        for known in &made {
            self.verify(known, &wanted)
                .await
                .map_err(|why| why.during(&what))?;
        }
        let bytes = made.iter().map(|known| known.bytes).sum();
        let (objects, verified) = (made.len(), made.len());
        self.report.add(Row {
            what,
            objects,
            bytes,
            requests,
            time,
            verified,
        });
        Ok(made)
    }

    async fn make_bucket(&mut self) -> Result<()> {
        let bucket: CosName = BUCKET.parse().map_err(Failure::usage)?;
        let client = self.connection.client_of(&bucket)?;
        let work = async move {
            match client.put_bucket().bucket(&bucket.bucket).send().await {
                Ok(_) => {}
                // A run before this one made it.
                Err(why) if why.code() == Some("BucketAlreadyOwnedByYou") => {}
                Err(why) => return Err(why.into()),
            }
            client.head_bucket().bucket(&bucket.bucket).send().await?;
            Ok((Vec::new(), Wanted::default()))
        };
        self.step("make the bucket".to_owned(), work)
            .await
            .map(|_| ())
    }

    async fn upload(&mut self, subjects: &[Subject]) -> Result<Vec<Known>> {
        let (connection, wishes) = (self.connection, Wishes::default());
        let quiet = self.output.no_progress();
        let work = async {
            let transfer = Transfer {
                connection,
                wishes: &wishes,
                options: None,
            };
            let mut made = Vec::new();
            for subject in subjects {
                let name = name(&format!("originals/{}", subject.key))?;
                let file = From::File(subject.path.clone());
                let done = transfer.upload(&file, &name, &quiet).await?;
                made.push(known(name, done.crc64, done.bytes)?);
            }
            Ok((made, Wanted::default()))
        };
        self.step("upload files".to_owned(), work).await
    }

    /// The largest of the files if it is large enough for parts, else one made of their bytes.
    async fn upload_large(&mut self, subjects: &[Subject], originals: &[Known]) -> Result<Known> {
        let largest = originals.iter().max_by_key(|known| known.bytes);
        if let Some(large) = largest.filter(|known| known.bytes >= files::LARGE_BYTES) {
            return Ok(large.clone());
        }
        let paths: Vec<PathBuf> = subjects
            .iter()
            .map(|subject| subject.path.clone())
            .collect();
        let bytes = files::concatenation(&paths)?;
        let parts = (bytes.len() as u64).div_ceil(PART_BYTES);
        let (name, progress) = (
            name("large.bin")?,
            self.output.progress("upload of a large object"),
        );
        let client = self.connection.client_of(&name)?;
        let work = async {
            let shown = progress.clone();
            let stored = client
                .upload()
                .bucket(&name.bucket)
                .key(name.object_key().map_err(Failure::usage)?)
                .part_size(PART_BYTES)
                .body(Body::from(bytes))
                .on_progress(move |step| shown.step(step))
                .send()
                .await?;
            Ok((
                vec![known(name, Some(stored.crc64), stored.size)?],
                Wanted::default(),
            ))
        };
        let made = self
            .step(format!("upload a large object in {parts} parts"), work)
            .await;
        progress.end();
        let missing = || Failure::new(Kind::Failed, "the large object was not made");
        made?.into_iter().next().ok_or_else(missing)
    }

    async fn copy(&mut self, originals: &[Known]) -> Result<Vec<Known>> {
        self.each(
            originals,
            "copy",
            Wishes::default(),
            Wanted::default(),
            |known| name(&known.name.key.replacen("originals/", "copies/", 1)),
        )
        .await
    }

    async fn change_metadata(&mut self, copies: &[Known]) -> Result<()> {
        let mut metadata = Metadata::default();
        metadata.content.cache_control = Some(text("max-age=60")?);
        metadata.user.insert("demo", text("changed in place")?)?;
        let wishes = Wishes {
            directive: Some(Directive::Replaced),
            metadata: metadata.clone(),
            ..Wishes::default()
        };
        let wanted = Wanted {
            metadata: Some(metadata),
            ..Wanted::default()
        };
        let same = |known: &Known| Ok(known.name.clone());
        self.each(copies, "change metadata in place", wishes, wanted, same)
            .await
            .map(|_| ())
    }

    async fn change_class(&mut self, copies: &[Known]) -> Result<()> {
        let wishes = Wishes {
            storage_class: Some(CLASS),
            ..Wishes::default()
        };
        let wanted = Wanted {
            class: Some(CLASS),
            ..Wanted::default()
        };
        let what = format!("change the class in place to {CLASS}");
        let same = |known: &Known| Ok(known.name.clone());
        self.each(copies, &what, wishes, wanted, same)
            .await
            .map(|_| ())
    }

    /// Copies each object to where `to` says.
    async fn each(
        &mut self,
        from: &[Known],
        what: &str,
        wishes: Wishes,
        wanted: Wanted,
        to: impl Fn(&Known) -> Result<CosName>,
    ) -> Result<Vec<Known>> {
        let (connection, quiet) = (self.connection, self.output.no_progress());
        let work = async {
            let mut made = Vec::new();
            for known in from {
                let name = to(known)?;
                let mut wishes = wishes.clone();
                if wishes.directive == Some(Directive::Replaced) {
                    // What is replaced is gone: the type must be said again.
                    wishes.metadata.content.content_type =
                        Some(text(media_type::of_name(&name.key))?);
                }
                let transfer = Transfer {
                    connection,
                    wishes: &wishes,
                    options: None,
                };
                transfer.copy(&source(known), &name, &quiet).await?;
                made.push(Known {
                    name,
                    ..known.clone()
                });
            }
            Ok((made, wanted))
        };
        self.step(what.to_owned(), work).await
    }

    async fn copy_in_parts(&mut self, large: &Known) -> Result<()> {
        let wishes = Wishes {
            slice_size: Some(0),
            chunk_size: Some(CHUNK_BYTES),
            ..Wishes::default()
        };
        let parts = large.bytes.div_ceil(CHUNK_BYTES);
        let (connection, progress) = (self.connection, self.output.progress("copy in parts"));
        let target = name("large-copy.bin")?;
        let work = async {
            let transfer = Transfer {
                connection,
                wishes: &wishes,
                options: None,
            };
            transfer.copy(&source(large), &target, &progress).await?;
            Ok((
                vec![Known {
                    name: target,
                    ..large.clone()
                }],
                Wanted::default(),
            ))
        };
        self.step(format!("copy it in {parts} parts"), work)
            .await
            .map(|_| ())
    }

    async fn move_away(&mut self, copies: &[Known]) -> Result<Vec<Known>> {
        let connection = self.connection;
        let work = async {
            let mut made = Vec::new();
            for known in copies {
                let target = name(&known.name.key.replacen("copies/", "moved/", 1))?;
                let client = connection.client_of(&target)?;
                let outcome = client
                    .move_object()
                    .bucket(&target.bucket)
                    .key(target.object_key().map_err(Failure::usage)?)
                    .copy_source(connection.copy_source(&known.name, None, None)?)
                    .send()
                    .await?;
                if !matches!(outcome, MoveOutcome::Moved { .. }) {
                    let told = format!("{} was copied but is still there", known.name);
                    return Err(Failure::new(Kind::Partial, told));
                }
                gone(connection, &known.name).await?;
                made.push(Known {
                    name: target,
                    ..known.clone()
                });
            }
            Ok((
                made,
                Wanted {
                    class: Some(CLASS),
                    ..Wanted::default()
                },
            ))
        };
        self.step("move".to_owned(), work).await
    }

    async fn verify(&self, known: &Known, wanted: &Wanted) -> Result<()> {
        let name = &known.name;
        let client = self.connection.client_of(name)?;
        let key = name.object_key().map_err(Failure::usage)?;
        let found = client
            .head_object()
            .bucket(&name.bucket)
            .key(key)
            .send()
            .await?;
        let wrong = |what: String| Err(Failure::new(Kind::Failed, format!("{name}: {what}")));
        if found.crc64 != Some(known.crc64) {
            return wrong(format!("its CRC-64 is not {}", known.crc64));
        }
        if wanted
            .class
            .is_some_and(|class| class != found.storage_class)
        {
            return wrong(format!("its class is {}", found.storage_class));
        }
        match &wanted.metadata {
            Some(metadata)
                if metadata.user != found.metadata.user
                    || metadata.content.cache_control != found.metadata.content.cache_control =>
            {
                wrong("its metadata is not what was asked for".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// What a result must be beside whole.
#[derive(Debug, Default)]
struct Wanted {
    class: Option<StorageClass>,
    metadata: Option<Metadata>,
}

fn known(name: CosName, crc64: Option<Crc64>, bytes: u64) -> Result<Known> {
    let missing = || Failure::new(Kind::Failed, format!("{name}: the store told no CRC-64"));
    let crc64 = crc64.ok_or_else(missing)?;
    Ok(Known { name, crc64, bytes })
}

/// The object that was moved is not at its old place.
async fn gone(connection: &Connection, name: &CosName) -> Result<()> {
    let key = name.object_key().map_err(Failure::usage)?;
    let head = connection
        .client_of(name)?
        .head_object()
        .bucket(&name.bucket)
        .key(key);
    match head.send().await {
        Err(why) if why.status() == Some(404) => Ok(()),
        Err(why) => Err(why.into()),
        Ok(_) => Err(Failure::new(
            Kind::Partial,
            format!("{name} was moved but is still there"),
        )),
    }
}
