//! `cp` of named sources: plans what goes where, then does it. What lies under a name is a job.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use futures_util::stream;

use crate::args::{CopyArgs, Global, SourceArgs};
use crate::bulk::options::Options;
use crate::connect::Connection;
use crate::failure::{Failure, Result};
use crate::name::{self, CosName, Name};
use crate::output::Output;
use crate::transfer::map;
use crate::transfer::single::{Done, From, Source, Transfer};
use crate::transfer::wishes::Wishes;
use crate::transfer::{IGNORED_METADATA, local, many};

/// One source and its target.
#[derive(Debug)]
pub(super) enum Job {
    Upload(From, CosName),
    Download {
        source: Source,
        folder: PathBuf,
        place: PathBuf,
    },
    Print(Source),
    Copy(Source, CosName),
}

pub(super) async fn run(
    (connection, global): (&Connection, &Global),
    args: CopyArgs,
    output: &Output,
) -> Result<()> {
    let options = Options::new(global, &args.tuning, None).with_key_files(&args.keys.files);
    let keys = args.keys.read(output)?;
    let objects = args
        .sources
        .iter()
        .any(|source| matches!(source, Name::Cos(_)));
    keys.fit(objects, matches!(args.target, Name::Cos(_)))?;
    let wishes = Wishes::new(args.properties, args.conditions, keys, &args.tuning)?;
    if matches!(args.target, Name::Cos(_)) {
        connection.accepts_class(wishes.storage_class)?;
    }
    let transfer = Transfer {
        connection,
        wishes: &wishes,
        options: Some(&options),
    };
    let between_objects = matches!(args.target, Name::Cos(_))
        && args
            .sources
            .iter()
            .any(|source| matches!(source, Name::Cos(_)));
    if between_objects && wishes.are_ignored() {
        output.note(IGNORED_METADATA);
    }
    let jobs = plan(&args.sources, &args.target, &args.source)?;
    match <[Job; 1]>::try_from(jobs) {
        Ok([job]) => one(&transfer, job, output).await,
        Err(jobs) => {
            let quiet = output.no_progress();
            let jobs = stream::iter(jobs.into_iter().map(Ok));
            let tally = many::run(jobs, wishes.parallel, output, |job| {
                let quiet = quiet.clone();
                async move { transfer.job(job, output, &quiet).await }
            });
            tally.await?.end("copied", output)
        }
    }
}

impl Transfer<'_> {
    async fn job(
        &self,
        job: Job,
        output: &Output,
        progress: &crate::output::Progress,
    ) -> Result<Done> {
        match job {
            Job::Upload(from, target) => self.upload(&from, &target, progress).await,
            Job::Copy(source, target) => self.copy(&source, &target, progress).await,
            Job::Download {
                source,
                folder,
                place,
            } => self.download(&source, &folder, &place, progress).await,
            Job::Print(source) => {
                self.print(&source, output, progress).await?;
                Ok(Done::empty(String::new()))
            }
        }
    }
}

async fn one(transfer: &Transfer<'_>, job: Job, output: &Output) -> Result<()> {
    let shown = match &job {
        Job::Upload(from, _) => from.to_string(),
        Job::Download { source, .. } | Job::Print(source) | Job::Copy(source, _) => {
            source.name.to_string()
        }
    };
    let to_stdout = matches!(job, Job::Print(_));
    let done = transfer.job(job, output, &output.progress(&shown)).await?;
    match (to_stdout, output.is_json()) {
        // Standard output is the object's.
        (true, _) => Ok(()),
        (false, true) => output.json(&done.json),
        (false, false) => output.done(&done.text),
    }
}

fn plan(sources: &[Name], target: &Name, flags: &SourceArgs) -> Result<Vec<Job>> {
    if flags.version_id.is_some() && sources.len() > 1 {
        return Err(Failure::usage(
            "--version-id is about one object; name only that one",
        ));
    }
    let many = sources.len() > 1;
    let jobs = sources.iter().map(|source| match (source, target) {
        (Name::Cos(source), Name::Cos(target)) => {
            needs_folder(many, target.is_prefix(), target)?;
            let target = map::single_target(&source.key, target)?;
            Ok(Job::Copy(described(source, flags), target))
        }
        (Name::Cos(source), Name::Local(path)) => {
            needs_folder(many, is_folder(path), path.display())?;
            download(described(source, flags), path)
        }
        (Name::Cos(source), Name::Standard) if !many => Ok(Job::Print(described(source, flags))),
        (Name::Local(path), Name::Cos(target)) => {
            needs_folder(many, target.is_prefix(), target)?;
            upload(path, target)
        }
        (Name::Web(web), Name::Cos(target)) => {
            needs_folder(many, target.is_prefix(), target)?;
            let name = web.last_name().filter(|_| target.is_prefix());
            let target = match name {
                Some(name) => target.with_key(format!("{}{name}", target.key)),
                None if target.is_prefix() => {
                    return Err(Failure::usage(format!(
                        "{web} has no last name to keep; name the target's key"
                    )));
                }
                None => target.clone(),
            };
            Ok(Job::Upload(From::Web(web.clone()), target))
        }
        (Name::Standard, Name::Cos(target)) if target.is_prefix() => Err(Failure::usage(format!(
            "standard input has no name; give the target's key, as in {}/name",
            name::bucket(&target.bucket)
        ))),
        (Name::Standard, Name::Cos(target)) => Ok(Job::Upload(From::Stdin, target.clone())),
        (Name::Cos(_), Name::Standard) => Err(Failure::usage(
            "several objects to standard output: use cosette cat",
        )),
        (_, Name::Web(_)) => Err(Failure::usage(
            "an address of the web is only ever a source; targets begin with cos:// or s3://",
        )),
        (_, Name::Local(_) | Name::Standard) => Err(Failure::usage(
            "neither side is a COS name; COS names begin with cos://",
        )),
    });
    let jobs: Vec<Job> = jobs.collect::<Result<_>>()?;
    refuse_meeting(&jobs)?;
    Ok(jobs)
}

fn needs_folder(many: bool, folder: bool, target: impl std::fmt::Display) -> Result<()> {
    if many && !folder {
        let told = format!(
            "several sources go under one name only if it ends in / or is a folder: {target}"
        );
        return Err(Failure::usage(told));
    }
    Ok(())
}

/// Two sources with one target: the last would win and the others be lost.
fn refuse_meeting(jobs: &[Job]) -> Result<()> {
    let mut seen = HashSet::new();
    for job in jobs {
        let target = match job {
            Job::Upload(_, target) | Job::Copy(_, target) => target.to_string(),
            Job::Download { place, .. } => place.display().to_string(),
            Job::Print(_) => continue,
        };
        if !seen.insert(target.clone()) {
            return Err(Failure::usage(format!("two sources would become {target}")));
        }
    }
    Ok(())
}

fn described(name: &CosName, flags: &SourceArgs) -> Source {
    Source {
        name: name.clone(),
        region: flags.source_region.clone().or_else(|| name.region.clone()),
        version_id: flags.version_id.clone().or_else(|| name.version_id.clone()),
    }
}

fn is_folder(path: &Path) -> bool {
    path.is_dir()
        || path
            .as_os_str()
            .to_string_lossy()
            .ends_with(std::path::is_separator)
}

fn download(source: Source, path: &Path) -> Result<Job> {
    if !is_folder(path) {
        // The place was named letter by letter: it may be anywhere, also behind a link.
        let linked = path.is_symlink().then(|| std::fs::canonicalize(path).ok());
        let place = linked.flatten().unwrap_or_else(|| path.to_owned());
        let folder = place.parent().unwrap_or(Path::new("")).to_owned();
        return Ok(Job::Download {
            source,
            folder,
            place,
        });
    }
    let name = map::last_name(&source.name.key).ok_or_else(|| {
        Failure::usage(format!(
            "{} has no last name to keep; give -r, or name the file",
            source.name
        ))
    })?;
    let place = local::path_below(path, name).map_err(Failure::usage)?;
    Ok(Job::Download {
        source,
        folder: path.to_owned(),
        place,
    })
}

fn upload(path: &Path, target: &CosName) -> Result<Job> {
    local::regular(path)?;
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let target = map::single_target(name, target)?;
    Ok(Job::Upload(From::File(path.to_owned()), target))
}
