//! Whole histories: every version of a key in the order in which they were written, and its delete
//! markers in their places.

use cosette::transfer::{Entry, Place, Seen, Work};
use cosette::{VersionId, VersionItem, VersioningStatus};
use futures_util::TryStreamExt;

use super::Sides;
use super::plan::{Planner, Request, Verb};
use crate::failure::{Failure, Result};
use crate::name::CosName;
use crate::select::{Candidate, Selection};
use crate::transfer::map::{self, PrefixMap, Under};

/// Most versions of one key that are put in order: they are held in memory meanwhile.
const VERSIONS_MAX: usize = 200_000;

/// Refuses what cannot be done to a history without changing what it is.
pub(super) fn check(request: &Request) -> Result<()> {
    let bulk = &request.bulk;
    let select = &bulk.select;
    let picks = select.min_size.is_some()
        || select.max_size.is_some()
        || select.newer_than.is_some()
        || select.older_than.is_some();
    let told = if picks {
        "--all-versions takes whole histories: versions are not chosen by size or time"
    } else if bulk.names_from.is_some() || bulk.manifest.is_some() {
        "--all-versions lists the versions itself; leave out --names-from and --manifest"
    } else if bulk.no_overwrite {
        "with --all-versions nothing is overwritten: versions are added; leave out --no-overwrite"
    } else if bulk.rename.is_some() {
        "--all-versions keeps names below SOURCE; leave out --rename"
    } else {
        return Ok(());
    };
    Err(Failure::usage(told))
}

/// Where the versions of keys go.
enum Target<'a> {
    One(&'a CosName, CosName),
    Map(Box<PrefixMap>),
}

/// Plans the histories of all keys under a name, or of one.
pub(super) async fn plan(
    sides: Sides<'_>,
    request: &Request,
    (source, target): (&CosName, &CosName),
    selection: &Selection,
    planner: &mut Planner,
) -> Result<()> {
    let said = request.flags.source_region.clone();
    let region = match said {
        Some(region) => Some(region),
        None => sides.source.region_of(source).await?,
    };
    let target_region = sides.target.region_of(target).await?;
    keeps_versions(sides, target).await?;
    let (prefix, to) = if request.single {
        let name = map::single_target(&source.key, target)?;
        if !sides.apart && name.bucket == source.bucket && name.key == source.key {
            return Err(in_place(target));
        }
        (source.key.clone(), Target::One(source, name))
    } else {
        let map = if sides.apart {
            PrefixMap::apart(source, target)?
        } else {
            PrefixMap::new(source, target)?
        };
        if map.in_place {
            return Err(in_place(target));
        }
        (map.from.prefix.clone(), Target::Map(Box::new(map)))
    };
    let client = sides
        .source
        .client(region.as_ref().or(source.region.as_ref()))?;
    let listing = client
        .list_object_versions()
        .bucket(&source.bucket)
        .prefix(&prefix);
    let mut items = listing.versions();
    let mut history: Vec<VersionItem> = Vec::new();
    loop {
        let item = items.try_next().await?;
        let ends = match (&item, history.last()) {
            (Some(item), Some(last)) => key_of(item) != key_of(last),
            (None, _) => true,
            (Some(_), None) => false,
        };
        if ends && let Some(first) = history.first() {
            let key = key_of(first).to_owned();
            if let Some(target) = to.of(&key, selection)? {
                let place = Place {
                    bucket: target.bucket.clone(),
                    region: target.region.clone().or_else(|| target_region.clone()),
                    key: target.object_key().map_err(Failure::usage)?,
                    version_id: None,
                };
                // Listings have the newest first.
                for item in history.drain(..).rev() {
                    let from = (source, region.clone());
                    planner.add(&entry(request.verb, from, &place, item))?;
                }
            }
            history.clear();
        }
        match item {
            Some(item) if history.len() < VERSIONS_MAX => history.push(item),
            Some(item) => {
                return Err(Failure::usage(format!(
                    "{}: it has more than {VERSIONS_MAX} versions, and their order cannot be held",
                    source.with_key(key_of(&item))
                )));
            }
            None => return Ok(()),
        }
    }
}

impl Target<'_> {
    /// The target of a key; `None` if it is not meant.
    fn of(&self, key: &str, selection: &Selection) -> Result<Option<CosName>> {
        match self {
            Self::One(source, target) => Ok((key == source.key).then(|| target.clone())),
            Self::Map(map) => {
                let under: &Under = &map.from;
                let name = under.relative(key);
                // Only names are asked: sizes and times were refused.
                let candidate = Candidate {
                    name,
                    size: 0,
                    modified: cosette::Timestamp::default(),
                };
                if !under.takes(key) || !selection.takes(&candidate) {
                    return Ok(None);
                }
                map.target(key, name).map(Some)
            }
        }
    }
}

fn entry(
    verb: Verb,
    (source, region): (&CosName, Option<cosette::Region>),
    target: &Place,
    item: VersionItem,
) -> Entry {
    let place = |key, version: Option<VersionId>| Place {
        bucket: source.bucket.clone(),
        region: region.clone(),
        key,
        version_id: Some(version.unwrap_or_else(VersionId::null)),
    };
    let moves = verb == Verb::Move;
    let target = target.clone();
    match item {
        VersionItem::Version(version) => {
            let seen = Seen {
                size: version.size,
                etag: Some(version.etag),
                last_modified: Some(version.last_modified),
                storage_class: Some(version.storage_class),
                ..Seen::default()
            };
            let source = place(version.key, version.version_id);
            let work = if moves {
                Work::Move { source, target }
            } else {
                Work::Copy { source, target }
            };
            Entry::new(work, seen)
        }
        VersionItem::DeleteMarker(marker) => {
            let seen = Seen {
                last_modified: Some(marker.last_modified),
                ..Seen::default()
            };
            let work = Work::Mark {
                source: place(marker.key, marker.version_id),
                target,
                remove_source: moves,
            };
            Entry::new(work, seen)
        }
    }
}

fn key_of(item: &VersionItem) -> &str {
    match item {
        VersionItem::Version(version) => version.key.as_str(),
        VersionItem::DeleteMarker(marker) => marker.key.as_str(),
    }
}

fn in_place(target: &CosName) -> Failure {
    Failure::usage(format!(
        "{target}: source and target are one place; a history would be put on top of itself"
    ))
}

/// A history needs a bucket that keeps it.
async fn keeps_versions(sides: Sides<'_>, target: &CosName) -> Result<()> {
    let client = sides.target.client_of(target)?;
    let asked = client.get_bucket_versioning().bucket(&target.bucket).send();
    if asked.await?.value == Some(VersioningStatus::Enabled) {
        return Ok(());
    }
    let bucket = &target.bucket;
    Err(Failure::usage(format!(
        "{}: it keeps no versions, and a history would become one object; first: \
         cosette api put-bucket-versioning --bucket {bucket} --status Enabled",
        crate::name::bucket(bucket)
    )))
}

/// Said once here, for `undo` refuses it too.
pub(crate) const NOT_UNDONE: &str = "a move of whole histories is taken back by moving them the other way: \
     cosette mv -r --all-versions TARGET SOURCE";
