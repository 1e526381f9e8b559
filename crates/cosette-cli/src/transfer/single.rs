//! One source to one target: a file up, an object down, an object to an object.

use std::path::{Path, PathBuf};

use cosette::transfer::WantedEncryption;
use cosette::{Body, Capability, MoveOutcome, ObjectReply, Proof, Upload, Uploaded};
use cosette_types::{CopySource, Crc64, Region, StorageClass, Text, VersionId};
use serde_json::Value;

use super::download::{self, Read};
use super::given::{given, with_acl, with_source_conditions};
use super::local::{self, NewFile};
use super::web::WebName;
use super::wishes::Wishes;
use super::{LENGTH_ONLY, STARTED_OVER, media_type, standard_input};
use crate::bulk::options::Options;
use crate::connect::Connection;
use crate::failure::{Failure, Kind, Result};
use crate::fields::{self, Fields, Object};
use crate::name::CosName;
use crate::output::{Output, Progress};

/// Something that was done, for people and for programs.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) text: String,
    pub(crate) json: Value,
    pub(crate) bytes: u64,
    /// The CRC-64 of the bytes, if it is known.
    pub(crate) crc64: Option<Crc64>,
}

impl Done {
    /// Something that moved no bytes.
    pub(crate) fn empty(text: String) -> Self {
        Self {
            text,
            json: Object::new().done(),
            bytes: 0,
            crc64: None,
        }
    }
}

/// An object as a source: its name, and what flags say beside it.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) name: CosName,
    pub(crate) region: Option<Region>,
    pub(crate) version_id: Option<VersionId>,
}

/// Where an upload's bytes come from.
#[derive(Debug, Clone)]
pub(crate) enum From {
    File(PathBuf),
    Stdin,
    /// What answers at an address.
    Web(WebName),
}

impl std::fmt::Display for From {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("standard input"),
            Self::Web(name) => name.fmt(f),
        }
    }
}

/// Makes copies as flags wish them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transfer<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) wishes: &'a Wishes,
    /// What another run needs to go on with an upload that is cut; without it none is kept.
    pub(crate) options: Option<&'a Options>,
}

impl Transfer<'_> {
    fn parallel(&self) -> Option<usize> {
        self.wishes.parallel.map(usize::from)
    }

    pub(crate) async fn upload(
        &self,
        from: &From,
        target: &CosName,
        progress: &Progress,
    ) -> Result<Done> {
        let what = from.to_string();
        let key = target.object_key().map_err(Failure::usage)?;
        let mut metadata = self.wishes.metadata.clone();
        let (mut told_type, mut told_crc64) = (None, None);
        let body = match from {
            From::File(_) => None,
            From::Stdin => {
                let stopped = self.connection.stopped();
                Some(Body::stream(standard_input::until(stopped)))
            }
            From::Web(name) => {
                let source = name.open().await?;
                (told_type, told_crc64) = (source.content_type, source.crc64);
                Some(source.body)
            }
        };
        if metadata.content.content_type.is_none() {
            let named = match from {
                From::File(path) => path.to_string_lossy().into_owned(),
                From::Stdin | From::Web(_) => target.key.clone(),
            };
            let guessed = || media_type::of_name(&named).parse::<Text>();
            metadata.content.content_type = Some(match told_type {
                Some(told) => told,
                None => guessed()?,
            });
        }
        let client = self.connection.client_of(target)?;
        let stored = match from {
            From::File(path) if self.is_in_parts(path) => {
                let file = (path.as_path(), metadata);
                self.upload_in_parts(&client, file, target, progress)
                    .await?
            }
            _ => {
                let call = client.upload().bucket(&target.bucket).key(key);
                let call = match (from, body) {
                    (From::File(path), _) => call.file(path),
                    (_, body) => call.body(body.unwrap_or_else(Body::empty)),
                };
                let sent = self.send(call.metadata(metadata), progress).await;
                sent.map_err(|why| Failure::from(why).during(&what))?
            }
        };
        if let Some(wanted) = told_crc64.filter(|wanted| *wanted != stored.crc64) {
            return Err(Failure::new(
                Kind::Failed,
                format!(
                    "{what}: the source tells the CRC-64 {wanted}, and what arrived at {target} has {}; look at both",
                    stored.crc64
                ),
            ));
        }
        let json = Object::new()
            .with("statusCode", stored.status)
            .with("headers", fields::headers(&stored.headers))
            .text("Source", &what)
            .text("Location", &stored.location)
            .text("Bucket", &stored.bucket)
            .text("Key", &stored.key)
            .text("ETag", &stored.etag)
            .some("VersionId", stored.version_id.as_ref())
            .text("CRC64", stored.crc64)
            .with("Size", stored.size)
            .with("Parts", stored.parts)
            .with("Resumed", stored.resumed_bytes);
        Ok(Done {
            text: format!("{what} -> {target}"),
            json: json.done(),
            bytes: stored.size,
            crc64: Some(stored.crc64),
        })
    }

    /// Uploads as flags wish it.
    async fn send(
        &self,
        call: Upload,
        progress: &Progress,
    ) -> std::result::Result<cosette::Output<Uploaded>, cosette::Error> {
        let call = with_acl!(call, self.wishes.acl.clone());
        let call = given!(
            call,
            storage_class = self.wishes.storage_class,
            server_side_encryption = self.wishes.keys.asked(),
            part_size = self.wishes.chunk_size,
            parallel = self.parallel()
        );
        let shown = progress.clone();
        let sent = call.on_progress(move |step| shown.step(step)).send().await;
        progress.end();
        sent
    }

    /// Brings an object to a file. `folder` is what the file may not lie outside of.
    pub(crate) async fn download(
        &self,
        source: &Source,
        folder: &Path,
        place: &Path,
        progress: &Progress,
    ) -> Result<Done> {
        local::make_way(folder, place)?;
        if self.wishes.conditions.is_empty() {
            return self.fetch(source, place, progress).await;
        }
        let file = NewFile::begin(place)?;
        let facts = {
            let mut writer = file.writer()?;
            let write = |bytes: &[u8]| {
                use std::io::Write;
                writer
                    .write_all(bytes)
                    .map_err(|why| Failure::local(place.display(), why))
            };
            download::each_chunk(&self.read(source)?, progress, write).await?
        };
        file.finish()?;
        Ok(downloaded(source, place, &facts, facts.fields()))
    }

    /// Sends an object's bytes to standard output.
    pub(crate) async fn print(
        &self,
        source: &Source,
        output: &Output,
        progress: &Progress,
    ) -> Result<()> {
        let printed =
            download::each_chunk(&self.read(source)?, progress, |bytes| output.raw(bytes)).await;
        progress.end();
        printed.map(|_| ())
    }

    fn read(&self, source: &Source) -> Result<Read> {
        let region = source.region.as_ref().or(source.name.region.as_ref());
        Ok(Read {
            client: self.connection.client(region)?,
            name: source.name.clone(),
            version_id: source.version_id.clone(),
            range: None,
            conditions: self.wishes.conditions.clone(),
            customer_key: self.wishes.keys.source.clone(),
        })
    }

    async fn fetch(&self, source: &Source, place: &Path, progress: &Progress) -> Result<Done> {
        let read = self.read(source)?;
        let key = source.name.object_key().map_err(Failure::usage)?;
        let call = read.client.download().bucket(&source.name.bucket).key(key);
        let call = given!(
            call,
            version_id = read.version_id,
            customer_key = read.customer_key,
            part_size = self.wishes.chunk_size,
            parallel = self.parallel()
        );
        let shown = progress.clone();
        let got = call
            .on_progress(move |step| shown.step(step))
            .resumable(true)
            .to_file(place)
            .await;
        progress.end();
        let got = got?.value;
        let json = got.object.fields();
        let json = json.with("Resumed", got.resumed_bytes);
        let json = json.with("StartedOver", got.started_over);
        let json = json.with("Proof", serde_json::to_value(got.proof).unwrap_or_default());
        let mut done = downloaded(source, place, &got.object, json);
        for (told, words) in [
            (got.started_over, STARTED_OVER),
            (got.proof == Proof::None, LENGTH_ONLY),
        ] {
            if told {
                done.text = format!("{}: {words}", done.text);
            }
        }
        Ok(done)
    }

    /// The source as copies name it.
    async fn copy_source(&self, source: &Source) -> Result<CopySource> {
        let region = match &source.region {
            Some(region) => Some(region.clone()),
            None => self.connection.region_of(&source.name).await?,
        };
        self.connection
            .copy_source(&source.name, region, source.version_id.clone())
    }

    /// The class that the target gets: as wished, else the source's.
    async fn class_of(&self, source: &CopySource) -> Result<StorageClass> {
        if let Some(class) = self.wishes.storage_class {
            return Ok(class);
        }
        let client = self.connection.client(source.region.as_ref())?;
        let call = client.head_object().bucket(&source.bucket).key(&source.key);
        let call = given!(
            call,
            version_id = source.version_id.as_ref(),
            customer_key = self.wishes.keys.source.clone()
        );
        Ok(call.send().await?.value.storage_class)
    }

    pub(crate) async fn copy(
        &self,
        source: &Source,
        target: &CosName,
        progress: &Progress,
    ) -> Result<Done> {
        let during = format!("{} -> {target}", source.name);
        let from = self.copy_source(source).await?;
        let key = target.object_key().map_err(Failure::usage)?;
        let in_place = from.bucket == target.bucket && from.key == key;
        if in_place && from.version_id.is_none() && !self.wishes.change_in_place() {
            return Err(Failure::usage(format!(
                "{target}: source and target are one object; to change its metadata the directive must be Replaced \
                 (--metadata-directive Replaced --meta name:value), to change its class give --storage-class, \
                 to change how it is encrypted --encryption or --customer-key-file"
            )));
        }
        let class = self
            .class_of(&from)
            .await
            .map_err(|why| why.during(&during))?;
        let client = self.connection.client_of(target)?;
        let call = client
            .slice_copy()
            .bucket(&target.bucket)
            .key(key)
            .copy_source(&from)
            .metadata(self.wishes.metadata.clone())
            .storage_class(class);
        let call = with_acl!(call, self.wishes.acl.clone());
        let call = with_source_conditions!(call, self.wishes.conditions.clone());
        let call = given!(
            call,
            metadata_directive = self.wishes.directive,
            server_side_encryption = self.wishes.keys.asked(),
            source_customer_key = self.wishes.keys.source.clone(),
            slice_size = self.wishes.slice_size,
            chunk_size = self.wishes.chunk_size,
            parallel = self.parallel()
        );
        let call = if self.wishes.keys.encryption == WantedEncryption::AsBucket {
            call.encrypt_as_bucket()
        } else {
            call
        };
        let shown = progress.clone();
        let sent = call.on_progress(move |step| shown.step(step)).send().await;
        progress.end();
        let copied = sent.map_err(|why| Failure::from(why).during(&during))?;
        let json = copied_fields(&copied)
            .text("Source", &source.name)
            .text("StorageClass", class);
        Ok(Done {
            text: during,
            json: json.done(),
            bytes: copied.size,
            crc64: copied.crc64,
        })
    }

    pub(crate) async fn move_object(
        &self,
        source: &Source,
        target: &CosName,
        progress: &Progress,
    ) -> Result<Done> {
        let during = format!("{} -> {target}", source.name);
        let from = self.copy_source(source).await?;
        let key = target.object_key().map_err(Failure::usage)?;
        if from.bucket == target.bucket && from.key == key {
            return Err(Failure::usage(format!(
                "{target}: source and target are one object; moving it would delete it, and nothing was done"
            )));
        }
        let client = self.connection.client_of(target)?;
        let client = match self.wishes.copy_delete {
            true => client.without(Capability::Rename),
            false => client,
        };
        let call = client
            .move_object()
            .bucket(&target.bucket)
            .key(key)
            .copy_source(&from)
            .metadata(self.wishes.metadata.clone());
        let call = with_acl!(call, self.wishes.acl.clone());
        let call = given!(
            call,
            metadata_directive = self.wishes.directive,
            server_side_encryption = self.wishes.keys.asked(),
            source_customer_key = self.wishes.keys.source.clone(),
            storage_class = self.wishes.storage_class,
            slice_size = self.wishes.slice_size,
            chunk_size = self.wishes.chunk_size,
            parallel = self.parallel()
        );
        let call = if self.wishes.keys.encryption == WantedEncryption::AsBucket {
            call.encrypt_as_bucket()
        } else {
            call
        };
        let shown = progress.clone();
        let sent = call.on_progress(move |step| shown.step(step)).send().await;
        progress.end();
        let outcome = sent.map_err(|why| Failure::from(why).during(&during))?;
        moved(outcome, during, source)
    }
}

fn downloaded(source: &Source, place: &Path, facts: &ObjectReply, json: Object) -> Done {
    let json = json
        .text("Source", &source.name)
        .text("Path", place.display());
    Done {
        text: format!("{} -> {}", source.name, place.display()),
        json: json.done(),
        bytes: facts.size(),
        crc64: facts.crc64,
    }
}

/// Where the source is after a move: what is not gone from its old place is not a success.
fn moved(outcome: MoveOutcome, during: String, source: &Source) -> Result<Done> {
    let copied = copied_fields(outcome.copied()).text("Source", &source.name);
    let (bytes, crc64) = (outcome.copied().size, outcome.copied().crc64);
    match outcome {
        MoveOutcome::Moved { deleted, .. } => {
            let marker = deleted.value.delete_marker.then(|| deleted.value.version_id.clone());
            let json = copied
                .with("Moved", true)
                .some("SourceDeleteMarker", marker.flatten());
            Ok(Done { text: during, json: json.done(), bytes, crc64 })
        }
        MoveOutcome::CopiedButNotDeleted { error, .. } => {
            let failure = Failure::from(error).of_kind(Kind::Partial);
            Err(failure
                .during(format!("{during}: copied, but the source is still there, and both are whole"))
                .with_report(copied.with("Moved", false).done()))
        }
        _ => Err(Failure::new(
            Kind::Partial,
            format!(
                "{during}: copied, but the source was changed meanwhile by somebody else and was left alone; \
                 look at both"
            ),
        )
        .with_report(copied.with("Moved", false).done())),
    }
}

fn copied_fields(copied: &cosette::Output<cosette::SliceCopied>) -> Object {
    Object::new()
        .with("statusCode", copied.status)
        .with("headers", fields::headers(&copied.headers))
        .text("Location", &copied.location)
        .text("Bucket", &copied.bucket)
        .text("Key", &copied.key)
        .text("ETag", &copied.etag)
        .some("VersionId", copied.version_id.as_ref())
        .some("CRC64", copied.crc64)
        .with("Size", copied.size)
        .with("Parts", copied.parts)
}
