//! `rm`: removing objects, one or all under a prefix.

use cosette::{Client, ObjectToDelete, VersionItem};
use cosette_types::{BucketName, VersionId};
use futures_util::TryStreamExt;

use crate::args::RemoveArgs;
use crate::connect::Connection;
use crate::failure::{Answer, Failure, Kind, Result};
use crate::fields::{Fields, Object};
use crate::name::{self, CosName};
use crate::output::Output;
use crate::select::{Candidate, Selection};
use crate::transfer::map::Under;

/// Most objects that one request removes.
const BATCH: usize = 1000;

pub(super) async fn run(connection: &Connection, args: RemoveArgs, output: &Output) -> Result<()> {
    if args.version_id.is_some() && args.names.len() > 1 {
        return Err(Failure::usage(
            "--version-id is about one object; name only that one",
        ));
    }
    let (mut removed, mut failed) = (Vec::new(), 0);
    for name in &args.names {
        if args.recursive {
            let client = connection.client_of(name)?;
            let (done, left) = remove_under(&client, name, &args, output).await?;
            removed.push(
                Object::new()
                    .text("under", name)
                    .with("removed", done)
                    .done(),
            );
            failed += left;
            output.done(&format!("removed {done} objects under {name}"))?;
        } else if args.versions {
            let client = connection.client_of(name)?;
            let (done, left) = remove_history(&client, name, output).await?;
            let json = Object::new().text("name", name).with("removed", done);
            removed.push(json.done());
            failed += left;
            output.done(&format!("removed {done} versions of {name} for good"))?;
        } else {
            removed.push(remove_one(connection, name, &args, output).await?);
        }
    }
    if failed > 0 {
        let told = format!("{failed} objects were not removed; see above");
        return Err(Failure::new(Kind::Partial, told).with_report(removed.into()));
    }
    if output.is_json() {
        output.json(&removed.into())?;
    }
    Ok(())
}

async fn remove_one(
    connection: &Connection,
    name: &CosName,
    args: &RemoveArgs,
    output: &Output,
) -> Result<serde_json::Value> {
    let key = name.object_key().map_err(|why| {
        Failure::usage(format!(
            "{why}; to remove all that is under it give -r, to remove the bucket: cosette rb"
        ))
    })?;
    let mut call = connection
        .client_of(name)?
        .delete_object()
        .bucket(&name.bucket)
        .key(key);
    if let Some(version) = args.version_id.as_ref().or(name.version_id.as_ref()) {
        call = call.version_id(version);
    }
    let reply = call.send().await?.value;
    let what = match (&args.version_id, reply.delete_marker) {
        (Some(version), _) => format!("removed version {version} of {name} for good"),
        (None, true) => format!("removed {name}; its versions stay under a delete marker"),
        (None, false) => format!("removed {name}"),
    };
    output.done(&what)?;
    Ok(Object::new()
        .text("Bucket", &name.bucket)
        .text("Key", &name.key)
        .and(reply.fields())
        .done())
}

/// Removes all that is under a name: how much was removed, and how much could not be.
async fn remove_under(
    client: &Client,
    name: &CosName,
    args: &RemoveArgs,
    output: &Output,
) -> Result<(u64, u64)> {
    let under = Under::of(name)?;
    let selection = Selection::new(&args.select, crate::clock::now())?;
    let (mut removed, mut failed) = (0, 0);
    let mut after = (None, None);
    loop {
        let (objects, next) = if args.versions {
            version_page(client, &under, &selection, after).await?
        } else {
            page(client, &under, &selection, after.0).await?
        };
        let count = u64::try_from(objects.len()).unwrap_or(u64::MAX);
        if count > 0 {
            let left = remove_batch(client, &under.bucket, objects, output).await?;
            removed += count.saturating_sub(left);
            failed += left;
        }
        match next {
            Some(next) => after = next,
            None => return Ok((removed, failed)),
        }
    }
}

/// Removes every version and delete marker of one key: how many were removed, and how many could not be.
async fn remove_history(client: &Client, name: &CosName, output: &Output) -> Result<(u64, u64)> {
    let key = name
        .object_key()
        .map_err(|why| Failure::usage(format!("{why}; for all that is under it give -r")))?;
    let listing = client
        .list_object_versions()
        .bucket(&name.bucket)
        .prefix(key.as_str());
    let mut items = listing.versions();
    let (mut removed, mut failed, mut batch) = (0, 0, Vec::new());
    loop {
        let object = match items.try_next().await? {
            Some(VersionItem::Version(entry)) => Some((entry.key, entry.version_id)),
            Some(VersionItem::DeleteMarker(entry)) => Some((entry.key, entry.version_id)),
            None => None,
        };
        // The key itself comes before all that begin with it.
        let object = object.filter(|(found, _)| *found == key);
        let ended = object.is_none();
        batch.extend(object.map(|(key, version)| ObjectToDelete {
            key: key.to_string(),
            version_id: Some(version.unwrap_or_else(VersionId::null)),
            if_match: None,
        }));
        if batch.len() == BATCH || (ended && !batch.is_empty()) {
            let objects = std::mem::take(&mut batch);
            let count = u64::try_from(objects.len()).unwrap_or(u64::MAX);
            let left = remove_batch(client, &name.bucket, objects, output).await?;
            removed += count.saturating_sub(left);
            failed += left;
        }
        if ended {
            return Ok((removed, failed));
        }
    }
}

/// Where the next page begins.
type Next = (Option<String>, Option<VersionId>);

async fn page(
    client: &Client,
    under: &Under,
    selection: &Selection,
    after: Option<String>,
) -> Result<(Vec<ObjectToDelete>, Option<Next>)> {
    let mut call = client
        .get_bucket()
        .bucket(&under.bucket)
        .prefix(&under.prefix);
    if let Some(after) = after {
        call = call.marker(after);
    }
    let page = call.send().await?.value;
    let meant = page.contents.iter().filter(|entry| {
        let key = entry.key.as_str();
        let candidate = Candidate {
            name: under.relative(key),
            size: entry.size,
            modified: entry.last_modified,
        };
        under.takes(key) && selection.takes(&candidate)
    });
    let objects = meant.map(|entry| ObjectToDelete {
        key: entry.key.to_string(),
        ..ObjectToDelete::default()
    });
    Ok((
        objects.collect(),
        page.next_marker.map(|marker| (Some(marker), None)),
    ))
}

async fn version_page(
    client: &Client,
    under: &Under,
    selection: &Selection,
    after: Next,
) -> Result<(Vec<ObjectToDelete>, Option<Next>)> {
    let mut call = client
        .list_object_versions()
        .bucket(&under.bucket)
        .prefix(&under.prefix);
    if let Some(key) = after.0 {
        call = call.key_marker(key);
    }
    if let Some(version) = after.1 {
        call = call.version_id_marker(version);
    }
    let page = call.send().await?.value;
    let meant = page.items.iter().filter_map(|item| {
        let (key, version_id, size, modified) = match item {
            VersionItem::Version(entry) => (
                &entry.key,
                &entry.version_id,
                entry.size,
                entry.last_modified,
            ),
            // A marker has no bytes; sizes and ages are asked of it all the same.
            VersionItem::DeleteMarker(entry) => {
                (&entry.key, &entry.version_id, 0, entry.last_modified)
            }
        };
        let candidate = Candidate {
            name: under.relative(key.as_str()),
            size,
            modified,
        };
        let meant = under.takes(key.as_str()) && selection.takes(&candidate);
        meant.then(|| ObjectToDelete {
            key: key.to_string(),
            version_id: version_id.clone(),
            if_match: None,
        })
    });
    let next = page
        .is_truncated
        .then_some((page.next_key_marker, page.next_version_id_marker));
    Ok((meant.collect(), next))
}

/// Removes up to a page of objects and reports each that could not be; gives back how many.
pub(super) async fn remove_batch(
    client: &Client,
    bucket: &BucketName,
    objects: Vec<ObjectToDelete>,
    output: &Output,
) -> Result<u64> {
    let reply = client
        .delete_multiple_object()
        .bucket(bucket)
        .objects(objects)
        .quiet(true);
    let reply = reply.send().await?.value;
    for failure in &reply.failed {
        let told = format!(
            "{}/{}: {}: {}",
            name::bucket(bucket),
            failure.key,
            failure.code,
            failure.message
        );
        let answer = Answer {
            code: Some(failure.code.clone()),
            message: Some(failure.message.clone()),
            ..Answer::default()
        };
        output.failure(&Failure::new(Kind::Failed, told).with_answer(answer));
    }
    Ok(u64::try_from(reply.failed.len()).unwrap_or(u64::MAX))
}
