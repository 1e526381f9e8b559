//! From a command line to a plan: every source is found, gets its target, and is written down before
//! anything is done to any.

use std::path::Path;

use cosette::transfer::{
    Entry, Place, PlanHead, PlanReader, PlanSummary, PlanWriter, Seen, Wanted, WantedAcl,
    WantedMetadata, WantedTags, Work,
};
use cosette::{Capability, Directive, Preconditions, Text};
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;

use super::history;
use super::list::{Manifest, Names};
use super::meeting::Meetings;
use super::options::Options;
use super::source::{self, Item};
use super::tally::Counting;
use super::{Sides, sync};
use crate::args::{BulkArgs, CopyTags, SourceArgs, SyncArgs};
use crate::failure::{Failure, Kind, Result};
use crate::files::absolute;
use crate::name::{self, CosName, Name};
use crate::output::Output;
use crate::select::{Rename, Selection};
use crate::transfer::map::{PrefixMap, Under};
use crate::transfer::wishes::Wishes;
use crate::transfer::{local, map, media_type};

/// Names that are asked for at a time when a list gives no facts.
const LOOKUPS: usize = 32;

/// What is done to each source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Copy,
    Move,
    Remove,
    Sync,
}

impl Verb {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Copy => "cp",
            Self::Move => "mv",
            Self::Remove => "rm",
            Self::Sync => "sync",
        }
    }

    /// The verb of a plan, by its word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::Copy, Self::Move, Self::Remove, Self::Sync]
            .into_iter()
            .find(|verb| verb.word() == word)
    }

    /// As in "1,204 objects copied".
    pub(crate) const fn done(self) -> &'static str {
        match self {
            Self::Copy => "copied",
            Self::Move => "moved",
            Self::Remove => "removed",
            Self::Sync => "brought up to date",
        }
    }
}

/// What a command line asks for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) verb: Verb,
    pub(crate) source: Name,
    /// Absent for a removal.
    pub(crate) target: Option<Name>,
    /// One object or file, not what lies under a name.
    pub(crate) single: bool,
    pub(crate) flags: SourceArgs,
    pub(crate) bulk: BulkArgs,
    pub(crate) wishes: Wishes,
    /// Of `sync` only.
    pub(crate) sync: Option<SyncArgs>,
    pub(crate) options: Options,
}

/// Writes entries, and remembers what only the whole plan can tell.
pub(super) struct Planner {
    writer: PlanWriter,
    meetings: Option<Meetings>,
    counting: Counting,
    pub(super) left: Left,
}

/// A plan that is written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) summary: PlanSummary,
    pub(crate) left: Left,
}

/// Sources that a plan does not have; each was told.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// What cannot be done, whatever is tried: a key that is no name of a file.
    pub(crate) refused: Vec<Failure>,
    /// How many were passed over: what lies in a folder and is no regular file.
    pub(crate) passed: u64,
}

impl Left {
    pub(super) fn pass(&mut self, passed: &[local::Passed]) {
        let count = u64::try_from(passed.len()).unwrap_or(u64::MAX);
        self.passed = self.passed.saturating_add(count);
    }
}

impl Planner {
    pub(super) fn add(&mut self, entry: &Entry) -> Result<()> {
        self.counting.add(entry);
        if let Some(meetings) = &mut self.meetings {
            if let Some(target) = entry.target() {
                meetings.target(&target);
            }
            meetings.source(&entry.subject());
        }
        self.writer.add(entry)?;
        Ok(())
    }

    /// A source that a rule leaves where it is: nothing else may come there.
    fn stays(&mut self, place: &Place) {
        if let Some(meetings) = &mut self.meetings {
            meetings.source(&place.to_string());
        }
    }

    /// An object that becomes a file; a key that stands for a folder does not: files bring their
    /// folders along.
    pub(super) fn download(
        &mut self,
        request: &Request,
        item: Item,
        name: &str,
        folder: &Path,
        output: &Output,
    ) -> Result<()> {
        if name.is_empty() || (name.ends_with('/') && item.seen.size == 0) {
            return Ok(());
        }
        let place = match local::path_below(folder, name) {
            Ok(place) if !name.ends_with('/') => place,
            told => {
                let why = told
                    .err()
                    .unwrap_or_else(|| "a file's name does not end in /".into());
                let failure = Failure::new(
                    Kind::Local,
                    format!("{}: {why}", name::shown(&item.place.to_string())),
                );
                output.failure(&failure);
                self.left.refused.push(failure);
                return Ok(());
            }
        };
        let work = Work::Download {
            source: item.place,
            target: absolute(&place),
            remove_source: request.verb == Verb::Move,
        };
        self.add(&Entry::new(work, item.seen))
    }
}

/// Writes the plan of a request into a new file.
pub(crate) async fn write(
    sides: Sides<'_>,
    request: &Request,
    path: &Path,
    output: &Output,
) -> Result<Written> {
    if let Name::Cos(name) = &request.source {
        sides.source.accepts(name)?;
    }
    if let Some(Name::Cos(name)) = &request.target {
        sides.target.accepts(name)?;
        sides.target.accepts_class(request.wishes.storage_class)?;
    }
    let selection = Selection::new(&request.bulk.select, crate::clock::now())?;
    let mut head = PlanHead::new(request.verb.word());
    head.wanted = wanted(&request.wishes, &request.bulk);
    let mut options = request.options.clone();
    options.all_versions = request.bulk.all_versions;
    options.able = able(sides, request).await?;
    if let Some(Name::Local(folder)) = &request.target {
        options.folder = Some(std::path::absolute(folder).unwrap_or_else(|_| folder.clone()));
    }
    head.options = options.to_json();
    let mut planner = Planner {
        writer: PlanWriter::create(path, &head)?,
        // Only a rule or a list can give two sources one target; a prefix cannot.
        meetings: request.bulk.may_meet().then(Meetings::default),
        counting: Counting::new(&head)?,
        left: Left::default(),
    };
    entries(sides, request, &selection, &mut planner, output).await?;
    let archived = planner.counting.tally.archived;
    if archived > 0 {
        output.note(&format!(
            "{archived} sources are in an archive class; those that were not restored will fail"
        ));
    }
    let summary = planner.writer.finish()?;
    if let Some(meetings) = planner.meetings {
        meetings.check(|| Ok(PlanReader::open(path)?))?;
    }
    Ok(Written {
        summary,
        left: planner.left,
    })
}

/// What the services can of what decides how many requests a plan takes, by its names: the target's, and
/// the source's where it is another store.
async fn able(sides: Sides<'_>, request: &Request) -> Result<Vec<String>> {
    let between = matches!(
        (&request.source, &request.target),
        (Name::Cos(_), Some(Name::Cos(_)))
    );
    let removes = matches!(request.verb, Verb::Move | Verb::Remove)
        || request.sync.as_ref().is_some_and(|sync| sync.delete);
    if !between && !removes {
        return Ok(Vec::new());
    }
    let target = sides.target.any_client()?.capabilities().await.has;
    let source = match sides.apart {
        true => sides.source.any_client()?.capabilities().await.has,
        false => target.clone(),
    };
    let names = [
        (&target, Capability::Rename),
        (&target, Capability::RenameAcl),
        (&target, Capability::CopyEncryption),
        (&source, Capability::ConditionalDelete),
    ];
    let has = names.into_iter().filter(|(has, one)| has.contains(one));
    Ok(has.map(|(_, one)| one.as_str().to_owned()).collect())
}

async fn entries(
    sides: Sides<'_>,
    request: &Request,
    selection: &Selection,
    planner: &mut Planner,
    output: &Output,
) -> Result<()> {
    match (&request.source, &request.target) {
        (Name::Cos(source), Some(Name::Cos(target)))
            if request.bulk.all_versions && request.sync.is_none() =>
        {
            history::check(request)?;
            history::plan(sides, request, (source, target), selection, planner).await
        }
        _ if request.bulk.all_versions => Err(Failure::usage(
            "--all-versions is for cp and mv between buckets",
        )),
        _ if request.sync.is_some() => sync::plan(sides, request, selection, planner, output).await,
        (Name::Cos(source), Some(Name::Cos(target))) if request.single => {
            one(sides, request, source, target, planner).await
        }
        (Name::Local(path), Some(Name::Cos(target))) if request.single => {
            let file = local::found(path)?;
            let target = map::single_target(&file.relative, target)?;
            planner.add(&upload(request, file, &target)?)
        }
        _ if request.single => Err(Failure::usage(
            "these flags are for many objects, or for one that goes to COS; give -r",
        )),
        (Name::Cos(source), Some(Name::Cos(target))) => {
            between(sides, request, source, target, selection, planner).await
        }
        (Name::Cos(source), None) => {
            let under = Under::of(source)?;
            let mut items = items(sides, request, source, &under, selection).await?;
            while let Some(item) = items.try_next().await? {
                let work = Work::Delete { source: item.place };
                planner.add(&Entry::new(work, item.seen))?;
            }
            Ok(())
        }
        (Name::Local(folder), Some(Name::Cos(target))) => {
            let (found, passed) = source::files(sides.target, folder, selection, output)?;
            planner.left.pass(&passed);
            let prefix = map::target_prefix(target)?;
            let rename = rename(&request.bulk)?;
            for file in found {
                let name = renamed(rename.as_ref(), &file.relative)?;
                let target = target.with_key(format!("{prefix}{name}"));
                planner.add(&upload(request, file, &target)?)?;
            }
            Ok(())
        }
        (Name::Cos(source), Some(Name::Local(folder))) => {
            let under = Under::of(source)?;
            let rename = rename(&request.bulk)?;
            let mut items = items(sides, request, source, &under, selection).await?;
            while let Some(item) = items.try_next().await? {
                let name = renamed(rename.as_ref(), &item.relative)?;
                planner.download(request, item, &name, folder, output)?;
            }
            Ok(())
        }
        _ => Err(Failure::usage("-r is for COS names and folders")),
    }
}

/// The sources that a request names: listed, or named by a file.
pub(super) async fn items<'a>(
    sides: Sides<'a>,
    request: &'a Request,
    name: &'a CosName,
    under: &'a Under,
    selection: &'a Selection,
) -> Result<BoxStream<'a, Result<Item>>> {
    let said = request.flags.source_region.clone();
    let region = match said {
        Some(region) => Some(region),
        None => sides.source.region_of(name).await?,
    };
    let conditions: &Preconditions = &request.wishes.conditions;
    let key = request.wishes.keys.source.as_ref();
    let items = match (&request.bulk.names_from, &request.bulk.manifest) {
        (Some(path), _) => {
            let names = Names::new(path, under, region)?;
            source::looked_up(sides.source, names, selection, (LOOKUPS, key))
        }
        (None, Some(path)) => {
            let rows = Manifest::new(path, under, region)?;
            source::looked_up(sides.source, rows, selection, (LOOKUPS, key))
        }
        (None, None) => source::listed(sides.source, name, region, under, selection)?,
    };
    Ok(source::holding(items, conditions))
}

/// One object under one name.
async fn one(
    sides: Sides<'_>,
    request: &Request,
    source: &CosName,
    target: &CosName,
    planner: &mut Planner,
) -> Result<()> {
    let everything = Selection::default();
    let region = match request.flags.source_region.clone() {
        Some(region) => Some(region),
        None => sides.source.region_of(source).await?,
    };
    let item = Item {
        relative: source.key.clone(),
        place: Place {
            bucket: source.bucket.clone(),
            region,
            key: source.object_key().map_err(Failure::usage)?,
            version_id: source.version_id.clone(),
        },
        seen: Seen::default(),
    };
    let name = map::single_target(&source.key, target)?;
    let target = Place {
        bucket: name.bucket.clone(),
        region: sides.target.region_of(target).await?,
        key: name.object_key().map_err(Failure::usage)?,
        version_id: None,
    };
    let (names, key) = (
        std::iter::once(Ok(item)),
        request.wishes.keys.source.as_ref(),
    );
    let items = source::looked_up(sides.source, names, &everything, (1, key));
    let mut items = source::holding(items, &request.wishes.conditions);
    while let Some(item) = items.try_next().await? {
        let stays = target.key == item.place.key && target.bucket == item.place.bucket;
        if stays && !sides.apart && request.verb == Verb::Move {
            return refuse_in_place(request, &name);
        }
        let (source, target) = (item.place, target.clone());
        let work = match request.verb {
            Verb::Move => Work::Move { source, target },
            _ => Work::Copy { source, target },
        };
        planner.add(&Entry::new(work, item.seen))?;
    }
    Ok(())
}

async fn between(
    sides: Sides<'_>,
    request: &Request,
    source: &CosName,
    target: &CosName,
    selection: &Selection,
    planner: &mut Planner,
) -> Result<()> {
    let rename = rename(&request.bulk)?;
    // Two stores may each have a bucket of one name: nothing of one lies in the other.
    let map = if sides.apart {
        PrefixMap::apart(source, target)?
    } else {
        PrefixMap::new(source, target)?
    };
    if map.in_place && rename.is_none() {
        refuse_in_place(request, target)?;
    }
    let target_region = sides.target.region_of(target).await?;
    let mut items = items(sides, request, source, &map.from, selection).await?;
    while let Some(item) = items.try_next().await? {
        let name = renamed(rename.as_ref(), &item.relative)?;
        let key = map.target(item.place.key.as_str(), &name)?;
        let place = Place {
            bucket: key.bucket.clone(),
            region: key.region.clone().or_else(|| target_region.clone()),
            key: key.object_key().map_err(Failure::usage)?,
            version_id: None,
        };
        // A rule that does not touch a name leaves the object where it is.
        let stays = !sides.apart
            && place.key == item.place.key
            && place.bucket == item.place.bucket
            && item.place.version_id.is_none();
        if stays && rename.is_some() {
            planner.stays(&item.place);
            continue;
        }
        let (source, target) = (item.place, place);
        let work = match request.verb {
            Verb::Move => Work::Move { source, target },
            _ => Work::Copy { source, target },
        };
        planner.add(&Entry::new(work, item.seen))?;
    }
    Ok(())
}

fn refuse_in_place(request: &Request, target: &CosName) -> Result<()> {
    match request.verb {
        Verb::Move => Err(Failure::usage(format!(
            "{target}: source and target are one place; nothing was done"
        ))),
        _ if !request.wishes.change_in_place() && request.bulk.edit.edits().is_empty() => {
            Err(Failure::usage(format!(
                "{target}: the objects would be copied onto themselves; give --set-meta, --metadata-directive Replaced, --storage-class or --encryption"
            )))
        }
        _ => Ok(()),
    }
}

pub(super) fn upload(request: &Request, file: local::Found, target: &CosName) -> Result<Entry> {
    let work = Work::Upload {
        target: Place {
            bucket: target.bucket.clone(),
            region: target.region.clone(),
            key: target.object_key().map_err(Failure::usage)?,
            version_id: None,
        },
        remove_source: request.verb == Verb::Move,
        source: absolute(&file.path),
    };
    let seen = Seen {
        size: file.size,
        last_modified: Some(file.modified),
        ..Seen::default()
    };
    let mut entry = Entry::new(work, seen);
    let mut wanted = wanted(&request.wishes, &request.bulk);
    let mut metadata = request.wishes.metadata.clone();
    if metadata.content.content_type.is_none() {
        let told = media_type::of_name(&file.relative);
        metadata.content.content_type = Some(told.parse::<Text>()?);
    }
    // A file brings nothing along that could be kept: what is set is what the object gets.
    for edit in request.bulk.edit.edits() {
        edit.apply(&mut metadata)?;
    }
    wanted.metadata = WantedMetadata::Replace(metadata);
    entry.wanted = Some(wanted);
    Ok(entry)
}

fn rename(bulk: &BulkArgs) -> Result<Option<Rename>> {
    bulk.rename.as_deref().map(Rename::new).transpose()
}

fn renamed(rename: Option<&Rename>, relative: &str) -> Result<String> {
    let Some(rename) = rename else {
        return Ok(relative.to_owned());
    };
    let name = rename.apply(relative);
    if name.is_empty() && !relative.is_empty() {
        return Err(Failure::usage(format!(
            "the rule leaves nothing of the name `{relative}`"
        )));
    }
    Ok(name.into_owned())
}

/// What flags wish, as the engine takes it.
fn wanted(wishes: &Wishes, bulk: &BulkArgs) -> Wanted {
    let edits = bulk.edit.edits();
    let metadata = match wishes.directive {
        Some(Directive::Replaced) => WantedMetadata::Replace(wishes.metadata.clone()),
        _ if !edits.is_empty() => WantedMetadata::Edit(edits),
        _ => WantedMetadata::Keep,
    };
    let acl = match () {
        () if bulk.edit.copy_acl => WantedAcl::Keep,
        () if wishes.acl == cosette::AclHeaders::default() => WantedAcl::Inherit,
        () => WantedAcl::Set(wishes.acl.clone()),
    };
    wishes.keys.of_plan(Wanted {
        storage_class: wishes.storage_class,
        metadata,
        acl,
        tags: match bulk.edit.copy_tags {
            CopyTags::Auto => WantedTags::Auto,
            CopyTags::Require => WantedTags::Require,
            CopyTags::None => WantedTags::Without,
        },
        forbid_overwrite: bulk.no_overwrite,
        ..Wanted::default()
    })
}
