//! What a plan is made from: objects as a listing or a list names them, and files.

use std::path::Path;

use cosette::transfer::{Place, Seen};
use cosette::{CustomerKey, Preconditions, Region, Timestamp};
use cosette_types::Facts;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};

use crate::connect::Connection;
use crate::failure::{Failure, Result};
use crate::name::{self, CosName};
use crate::output::Output;
use crate::select::{Candidate, Selection};
use crate::transfer::local;
use crate::transfer::map::Under;

/// An object that is a source.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) place: Place,
    /// Its name below the source, as it goes to the target.
    pub(crate) relative: String,
    pub(crate) seen: Seen,
}

impl Item {
    pub(crate) fn modified(&self) -> Timestamp {
        self.seen.last_modified.unwrap_or_default()
    }
}

/// Every object under a name that is meant, in the order of keys.
pub(crate) fn listed<'a>(
    connection: &Connection,
    name: &CosName,
    region: Option<Region>,
    under: &'a Under,
    selection: &'a Selection,
) -> Result<BoxStream<'a, Result<Item>>> {
    let client = connection.client(region.as_ref().or(name.region.as_ref()))?;
    let listing = client
        .get_bucket()
        .bucket(&under.bucket)
        .prefix(&under.prefix)
        .objects();
    let items = listing.filter_map(move |entry| {
        let item = entry.map_err(Failure::from).map(|entry| {
            let key = entry.key.as_str();
            let relative = under.relative(key).to_owned();
            let candidate = Candidate {
                name: &relative,
                size: entry.size,
                modified: entry.last_modified,
            };
            let meant = under.takes(key) && selection.takes(&candidate);
            meant.then(|| Item {
                relative,
                seen: Seen {
                    size: entry.size,
                    etag: Some(entry.etag),
                    last_modified: Some(entry.last_modified),
                    storage_class: Some(entry.storage_class),
                    ..Seen::default()
                },
                place: Place {
                    bucket: under.bucket.clone(),
                    region: region.clone(),
                    key: entry.key,
                    version_id: None,
                },
            })
        });
        std::future::ready(item.transpose())
    });
    Ok(items.boxed())
}

/// Leaves out the objects of which the conditions do not hold.
pub(crate) fn holding<'a>(
    items: BoxStream<'a, Result<Item>>,
    conditions: &'a Preconditions,
) -> BoxStream<'a, Result<Item>> {
    if conditions.is_empty() {
        return items;
    }
    let holds = |item: &Item| match &item.seen.etag {
        Some(etag) => conditions.hold(&Facts {
            etag: etag.clone(),
            last_modified: item.modified(),
        }),
        None => true,
    };
    let kept = items.filter(move |item| {
        let keep = match item {
            Ok(item) => holds(item),
            Err(_) => true,
        };
        std::future::ready(keep)
    });
    kept.boxed()
}

/// Every file below a folder that is meant, in the order of names; and what was passed over, which is told.
pub(crate) fn files(
    connection: &Connection,
    folder: &Path,
    selection: &Selection,
    output: &Output,
) -> Result<(Vec<local::Found>, Vec<local::Passed>)> {
    local::is_folder(folder)?;
    // The store's own folder holds its keys, and grows while it is read.
    let own = |path: &Path, _: &str| connection.is_folder(path);
    let (mut found, passed) = local::walk(folder, &own)?;
    found.retain(|file| {
        selection.takes(&Candidate {
            name: &file.relative,
            size: file.size,
            modified: file.modified,
        })
    });
    for passed in &passed {
        output.note(&format!("passed over: {}", passed.told));
    }
    Ok((found, passed))
}

/// The facts of objects that were only named; each is asked for.
pub(crate) fn looked_up<'a>(
    connection: &'a Connection,
    names: impl Iterator<Item = Result<Item>> + Send + 'a,
    selection: &'a Selection,
    (parallel, key): (usize, Option<&'a CustomerKey>),
) -> BoxStream<'a, Result<Item>> {
    let asked = stream::iter(names).map(move |item| async move {
        let mut item = item?;
        let client = connection.client(item.place.region.as_ref())?;
        let mut call = client
            .head_object()
            .bucket(&item.place.bucket)
            .key(&item.place.key);
        if let Some(version) = &item.place.version_id {
            call = call.version_id(version);
        }
        if let Some(key) = key {
            call = call.customer_key(key.clone());
        }
        let named = name::shown(&item.place.to_string());
        let reply = call
            .send()
            .await
            .map_err(|why| Failure::from(why).during(named))?;
        item.seen = Seen {
            size: reply.value.size(),
            etag: Some(reply.value.etag.clone()),
            crc64: reply.value.crc64,
            last_modified: Some(reply.value.last_modified),
            version_id: reply.value.version_id.clone(),
            storage_class: Some(reply.value.storage_class),
        };
        Ok(item)
    });
    let meant = asked.buffered(parallel).filter(move |item| {
        let keep = match item {
            Ok(item) => selection.takes(&Candidate {
                name: &item.relative,
                size: item.seen.size,
                modified: item.modified(),
            }),
            Err(_) => true,
        };
        std::future::ready(keep)
    });
    meant.boxed()
}
