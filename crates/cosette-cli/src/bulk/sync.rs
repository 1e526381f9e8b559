//! `sync`: what is missing or other at the target is copied, and with `--delete` what is too much there
//! is removed. Both sides are listed in the order of names and compared as they come: nothing is held.

use std::collections::{HashSet, VecDeque};

use cosette::transfer::{Entry, Place, Seen, Work};
use cosette::{Crc64, CustomerKey, Timestamp};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Sides;
use super::plan::{self, Planner, Request};
use super::source::{self, Item};
use crate::args::SyncArgs;
use crate::connect::Connection;
use crate::failure::{Failure, Kind, Result};
use crate::name::{CosName, Name};
use crate::output::Output;
use crate::select::Selection;
use crate::transfer::given::given;
use crate::transfer::local;
use crate::transfer::map::{self, PrefixMap, Under};

/// One side's object or file.
#[derive(Debug)]
struct Here {
    name: String,
    size: u64,
    modified: Timestamp,
    what: What,
}

#[derive(Debug)]
enum What {
    Object(Box<Item>),
    File(local::Found),
}

/// Writes the plan of a sync.
pub(super) async fn plan(
    sides: Sides<'_>,
    request: &Request,
    selection: &Selection,
    planner: &mut Planner,
    output: &Output,
) -> Result<()> {
    let (Some(args), Some(target)) = (&request.sync, &request.target) else {
        return Err(Failure::usage("sync needs SOURCE and TARGET"));
    };
    let everything = Selection::default();
    let source_under = under(&request.source)?;
    let target_under = match target {
        Name::Cos(target) => Some(Under::of(&folder_of(target)?)?),
        _ => None,
    };
    if let (Name::Cos(source), Name::Cos(target)) = (&request.source, target) {
        let map = if sides.apart {
            PrefixMap::apart(source, target)?
        } else {
            PrefixMap::new(source, target)?
        };
        if map.in_place {
            return Err(Failure::usage(format!(
                "{target}: source and target are one place"
            )));
        }
    }
    let mut kept = HashSet::new();
    let sources = match (&request.source, &source_under) {
        (Name::Cos(name), Some(under)) => {
            objects(plan::items(sides, request, name, under, selection).await?)
        }
        (Name::Local(folder), _) => {
            let (found, passed) = source::files(sides.target, folder, selection, output)?;
            planner.left.pass(&passed);
            kept.extend(passed.into_iter().map(|passed| passed.relative));
            files(found)
        }
        _ => return Err(Failure::usage("sync is between COS names and folders")),
    };
    let targets = match (target, &target_under) {
        (Name::Cos(name), Some(under)) => {
            let region = sides.target.region_of(name).await?;
            objects(source::listed(
                sides.target,
                name,
                region,
                under,
                &everything,
            )?)
        }
        (Name::Local(folder), _) if folder.is_dir() => {
            files(source::files(sides.target, folder, &everything, output)?.0)
        }
        (Name::Local(_), _) => stream::empty().boxed(),
        _ => return Err(Failure::usage("sync is between COS names and folders")),
    };
    let mut comparing = Comparing {
        sides,
        request,
        args,
        selection,
        kept,
        spared: 0,
        removals: 0,
        output,
        planner,
    };
    comparing.walk(sources, targets).await?;
    if comparing.spared > 0 {
        output.note(&format!(
            "{} objects at the target are kept: where they would come from, something was passed over",
            comparing.spared
        ));
    }
    Ok(())
}

fn under(name: &Name) -> Result<Option<Under>> {
    match name {
        Name::Cos(name) => Under::of(name).map(Some),
        _ => Ok(None),
    }
}

/// The target as a folder: `cos://b/p` and `cos://b/p/` alike.
fn folder_of(target: &CosName) -> Result<CosName> {
    Ok(target.with_key(map::target_prefix(target)?))
}

fn objects(items: BoxStream<'_, Result<Item>>) -> BoxStream<'_, Result<Here>> {
    let here = items.map_ok(|item| Here {
        name: item.relative.clone(),
        size: item.seen.size,
        modified: item.modified(),
        what: What::Object(Box::new(item)),
    });
    here.boxed()
}

fn files<'a>(found: Vec<local::Found>) -> BoxStream<'a, Result<Here>> {
    let here: VecDeque<Result<Here>> = found
        .into_iter()
        .map(|file| {
            Ok(Here {
                name: file.relative.clone(),
                size: file.size,
                modified: file.modified,
                what: What::File(file),
            })
        })
        .collect();
    stream::iter(here).boxed()
}

struct Comparing<'a> {
    sides: Sides<'a>,
    request: &'a Request,
    args: &'a SyncArgs,
    selection: &'a Selection,
    /// Names of what was passed over at the source: what the target has there is not known to be too much.
    kept: HashSet<String>,
    spared: u64,
    removals: u64,
    output: &'a Output,
    planner: &'a mut Planner,
}

impl Comparing<'_> {
    /// Both sides are in the order of their names' bytes.
    async fn walk(
        &mut self,
        mut sources: BoxStream<'_, Result<Here>>,
        mut targets: BoxStream<'_, Result<Here>>,
    ) -> Result<()> {
        let mut source = sources.try_next().await?;
        if source.is_none() && self.args.delete {
            return Err(self.empty_source());
        }
        let mut target = targets.try_next().await?;
        loop {
            let order = match (&source, &target) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(source), Some(target)) => source.name.cmp(&target.name),
            };
            match (order, source.take(), target.take()) {
                (std::cmp::Ordering::Less, Some(here), kept) => {
                    self.copy(here)?;
                    (source, target) = (sources.try_next().await?, kept);
                }
                (std::cmp::Ordering::Greater, kept, Some(there)) => {
                    self.surplus(there)?;
                    (source, target) = (kept, targets.try_next().await?);
                }
                (_, Some(here), Some(there)) => {
                    if self.differs(&here, &there).await? {
                        self.copy(here)?;
                    }
                    (source, target) = (sources.try_next().await?, targets.try_next().await?);
                }
                _ => return Ok(()),
            }
        }
    }

    /// A mistyped prefix and a disk that is not mounted look like this, and everything at the target would go.
    fn empty_source(&self) -> Failure {
        let (source, target) = (&self.request.source, &self.args.target);
        let (chosen, same) = match self.request.bulk.select.is_given() {
            true => (" that the flags choose", " with the same flags"),
            false => ("", ""),
        };
        let told = format!(
            "{source}: there is nothing under it{chosen}, and --delete would remove everything{chosen} under {target}; \
             nothing was done. If that is what shall be: cosette rm -r {target}{same}"
        );
        Failure::new(Kind::NotFound, told)
    }

    async fn differs(&self, here: &Here, there: &Here) -> Result<bool> {
        if here.size != there.size {
            return Ok(true);
        }
        if self.args.size_only {
            return Ok(false);
        }
        if self.args.checksum {
            let keys = &self.request.wishes.keys;
            let of_target = keys.target.as_ref().or(keys.source.as_ref());
            let ours = self.crc64(self.sides.source, here, keys.source.as_ref());
            let ours = ours.await?;
            let theirs = self.crc64(self.sides.target, there, of_target).await?;
            // What has no checksum cannot be shown to be equal.
            return Ok(ours.is_none() || ours != theirs);
        }
        // Listings tell whole seconds; what was written in the same second counts as written after.
        Ok(here.modified.secs() > there.modified.secs())
    }

    async fn crc64(
        &self,
        connection: &Connection,
        here: &Here,
        key: Option<&CustomerKey>,
    ) -> Result<Option<Crc64>> {
        match &here.what {
            What::File(file) => {
                let path = file.path.clone();
                let read = tokio::task::spawn_blocking(move || local::crc64(&path));
                let read = read
                    .await
                    .map_err(|why| Failure::local(file.path.display(), why))?;
                read.map(Some)
            }
            What::Object(item) => {
                let client = connection.client(item.place.region.as_ref())?;
                let call = client
                    .head_object()
                    .bucket(&item.place.bucket)
                    .key(&item.place.key);
                let call = given!(call, customer_key = key.cloned());
                Ok(call.send().await?.value.crc64)
            }
        }
    }

    fn copy(&mut self, here: Here) -> Result<()> {
        let entry = match (here.what, &self.request.target) {
            (What::Object(item), Some(Name::Cos(target))) => {
                let name = target.with_key(format!("{}{}", map::target_prefix(target)?, here.name));
                let work = Work::Copy {
                    target: Place {
                        bucket: name.bucket.clone(),
                        region: name.region.clone(),
                        key: name.object_key().map_err(Failure::usage)?,
                        version_id: None,
                    },
                    source: item.place,
                };
                Some(Entry::new(work, item.seen))
            }
            (What::Object(item), Some(Name::Local(folder))) => {
                let (request, output) = (self.request, self.output);
                return self
                    .planner
                    .download(request, *item, &here.name, folder, output);
            }
            (What::File(file), Some(Name::Cos(target))) => {
                let name = target.with_key(format!("{}{}", map::target_prefix(target)?, here.name));
                Some(plan::upload(self.request, file, &name)?)
            }
            _ => None,
        };
        match entry {
            Some(entry) => self.planner.add(&entry),
            None => Ok(()),
        }
    }

    /// Something at the target that the source has not.
    fn surplus(&mut self, there: Here) -> Result<()> {
        // What the flags leave out is none of this command's business on either side.
        let candidate = crate::select::Candidate {
            name: &there.name,
            size: there.size,
            modified: there.modified,
        };
        if !self.args.delete || !self.selection.takes(&candidate) {
            return Ok(());
        }
        let What::Object(item) = there.what else {
            return Ok(());
        };
        if self.is_kept(&there.name) {
            self.spared += 1;
            return Ok(());
        }
        self.removals += 1;
        if self.removals > self.args.max_delete {
            return Err(Failure::usage(format!(
                "more than {} objects at the target are not at the source; nothing was done. Look with --dry-run; \
                 if they shall go, give a larger --max-delete",
                self.args.max_delete
            )));
        }
        let seen = Seen { ..item.seen };
        self.planner
            .add(&Entry::new(Work::Delete { source: item.place }, seen))
    }

    /// Whether something of this name, or of a folder above it, was passed over.
    fn is_kept(&self, name: &str) -> bool {
        let folders = name.match_indices('/').filter_map(|(at, _)| name.get(..at));
        folders.chain([name]).any(|above| self.kept.contains(above))
    }
}
