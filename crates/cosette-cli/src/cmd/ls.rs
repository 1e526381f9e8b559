//! `ls`: buckets, keys, versions and open uploads.

use cosette::{ListObjectsReply, ListUploadsReply, ListVersionsReply, VersionItem};
use serde_json::Value;

use crate::args::{ListArgs, VersionsArgs};
use crate::connect::Connection;
use crate::failure::{Failure, Kind, Result};
use crate::fields::{self, Fields};
use crate::name::CosName;
use crate::output::{Output, Table, bytes};
use crate::transfer::map::Under;

/// A listing under way: text goes out page by page, JSON is one array at the end.
struct Listing<'a> {
    output: &'a Output,
    long: bool,
    entries: Vec<Value>,
}

/// Which keys a listing is about.
struct Range {
    prefix: String,
    delimiter: Option<char>,
    /// Only this name: not everything that begins so.
    exactly: Option<String>,
    /// Only what a pattern takes.
    under: Option<Under>,
}

impl Range {
    fn of(name: &CosName, recursive: bool) -> Result<Self> {
        let delimiter = (!recursive).then_some('/');
        let folder = name.is_prefix() || name.key.contains('*');
        if folder || recursive {
            let under = Under::of(name)?;
            return Ok(Self {
                prefix: under.prefix.clone(),
                // A star in the middle may stand for a slash: nothing is folded there.
                delimiter: delimiter.filter(|_| !under.is_pattern()),
                exactly: None,
                under: Some(under),
            });
        }
        Ok(Self {
            prefix: name.key.clone(),
            delimiter,
            exactly: Some(name.key.clone()),
            under: None,
        })
    }

    fn shows(&self, key: &str) -> bool {
        let named = self
            .exactly
            .as_ref()
            .is_none_or(|name| key == name || key.strip_suffix('/') == Some(name));
        named && self.under.as_ref().is_none_or(|under| under.takes(key))
    }

    /// Whether nothing after this key can be shown: the listing need not go on.
    fn ends_at(&self, marker: &str) -> bool {
        self.exactly
            .as_ref()
            .is_some_and(|name| marker > format!("{name}/").as_str())
    }
}

pub(super) async fn run(connection: &Connection, args: ListArgs, output: &Output) -> Result<()> {
    let mut listing = Listing {
        output,
        long: args.long,
        entries: Vec::new(),
    };
    match &args.name {
        None if args.uploads || args.versions => {
            return Err(Failure::usage(
                "name a bucket, such as cos://examplebucket-1250000000",
            ));
        }
        None => buckets(connection, &mut listing).await?,
        Some(name) => {
            let range = Range::of(name, args.recursive)?;
            if args.versions {
                versions(connection, name, &range, &mut listing).await?;
            } else if args.uploads {
                uploads(connection, name, &range, &mut listing).await?;
            } else {
                let found = objects(connection, name, &range, &mut listing).await?;
                if !found && range.exactly.is_some() {
                    let told =
                        format!("{name}: there is no such object, and nothing under {name}/");
                    return Err(Failure::new(Kind::NotFound, told));
                }
            }
        }
    }
    if output.is_json() {
        output.json(&Value::Array(listing.entries))?;
    }
    Ok(())
}

/// What `ls --versions` lists, under a name of its own.
pub(super) async fn versions_of(
    connection: &Connection,
    args: VersionsArgs,
    output: &Output,
) -> Result<()> {
    let args = ListArgs {
        name: Some(args.name),
        recursive: args.recursive,
        long: true,
        versions: true,
        uploads: false,
    };
    run(connection, args, output).await
}

impl Listing<'_> {
    fn entry(&mut self, value: impl Fields) {
        if self.output.is_json() {
            self.entries.push(value.fields().done());
        }
    }

    fn folded(&mut self, prefix: &str) {
        if self.output.is_json() {
            self.entries.push(serde_json::json!({ "Prefix": prefix }));
        }
    }

    fn show(&self, table: &Table) -> Result<()> {
        let text = table.text();
        if text.is_empty() {
            Ok(())
        } else {
            self.output.line(text.trim_end_matches('\n'))
        }
    }
}

async fn buckets(connection: &Connection, listing: &mut Listing<'_>) -> Result<()> {
    let client = connection.service()?;
    let mut marker = None;
    loop {
        let mut call = client.get_service();
        if let Some(region) = connection.region() {
            call = call.in_region(region);
        }
        if let Some(marker) = marker.take() {
            call = call.marker(marker);
        }
        let page = call.send().await?.value;
        let mut table = Table::plain("<<<");
        for bucket in page.buckets {
            let name = crate::name::bucket(&bucket.name);
            let made = fields::time(bucket.creation_date);
            if listing.long {
                table.row([name, bucket.location.to_string(), made]);
            } else {
                table.row([name]);
            }
            listing.entry(bucket);
        }
        listing.show(&table)?;
        match page.next_marker {
            Some(next) => marker = Some(next),
            None => return Ok(()),
        }
    }
}

async fn objects(
    connection: &Connection,
    name: &CosName,
    range: &Range,
    listing: &mut Listing<'_>,
) -> Result<bool> {
    let client = connection.client_of(name)?;
    let (mut marker, mut found) = (None::<String>, false);
    loop {
        let mut call = client
            .get_bucket()
            .bucket(&name.bucket)
            .prefix(&range.prefix);
        if let Some(delimiter) = range.delimiter {
            call = call.delimiter(delimiter);
        }
        if let Some(marker) = &marker {
            call = call.marker(marker);
        }
        let page = call.send().await?.value;
        found |= object_page(&page, range, listing)?;
        marker = page.next_marker.map(|next| past_exact(&next, range));
        match &marker {
            Some(next) if !range.ends_at(next) => {}
            _ => return Ok(found),
        }
    }
}

/// Of one name only itself and its folder are shown: what sorts between them need not be listed.
fn past_exact(next: &str, range: &Range) -> String {
    match &range.exactly {
        // The greatest text that sorts before `name/` is at least `name.` with anything after it.
        Some(name) if next < format!("{name}.\u{10ffff}").as_str() => format!("{name}.\u{10ffff}"),
        _ => next.to_owned(),
    }
}

fn object_page(page: &ListObjectsReply, range: &Range, listing: &mut Listing<'_>) -> Result<bool> {
    let mut table = Table::plain(if listing.long { "><<<<" } else { "<" });
    // Keys and folded prefixes in one order, as they stand in the bucket.
    let mut folded = page
        .common_prefixes
        .iter()
        .filter(|prefix| range.shows(prefix))
        .peekable();
    for entry in page
        .contents
        .iter()
        .filter(|entry| range.shows(entry.key.as_str()))
    {
        while let Some(prefix) = folded.next_if(|prefix| prefix.as_str() < entry.key.as_str()) {
            folder_row(&mut table, prefix, listing);
        }
        if listing.long {
            let time = fields::time(entry.last_modified);
            let class = entry.storage_class.to_string();
            table.row([
                bytes(entry.size),
                time,
                class,
                entry.etag.to_string(),
                entry.key.to_string(),
            ]);
        } else {
            table.row([entry.key.to_string()]);
        }
        listing.entry(entry.clone());
    }
    for prefix in folded {
        folder_row(&mut table, prefix, listing);
    }
    listing.show(&table)?;
    Ok(!table.is_empty())
}

fn folder_row(table: &mut Table, prefix: &str, listing: &mut Listing<'_>) {
    if listing.long {
        table.row(["", "", "", "", prefix]);
    } else {
        table.row([prefix]);
    }
    listing.folded(prefix);
}

async fn versions(
    connection: &Connection,
    name: &CosName,
    range: &Range,
    listing: &mut Listing<'_>,
) -> Result<()> {
    let client = connection.client_of(name)?;
    let mut after = None;
    loop {
        let mut call = client
            .list_object_versions()
            .bucket(&name.bucket)
            .prefix(&range.prefix);
        if let Some(delimiter) = range.delimiter {
            call = call.delimiter(delimiter);
        }
        if let Some((key, version)) = after.take() {
            call = call.key_marker(key);
            if let Some(version) = version {
                call = call.version_id_marker(version);
            }
        }
        let page = call.send().await?.value;
        version_page(&page, range, listing)?;
        match (page.is_truncated, page.next_key_marker) {
            (true, Some(next)) if !range.ends_at(&next) => {
                after = Some((next, page.next_version_id_marker));
            }
            _ => return Ok(()),
        }
    }
}

fn version_page(page: &ListVersionsReply, range: &Range, listing: &mut Listing<'_>) -> Result<()> {
    let mut table = Table::plain("<<><<<");
    for prefix in page
        .common_prefixes
        .iter()
        .filter(|prefix| range.shows(prefix))
    {
        table.row(["", "", "", "", "", prefix]);
        listing.folded(prefix);
    }
    for item in &page.items {
        match item {
            VersionItem::Version(entry) if range.shows(entry.key.as_str()) => {
                let current = if entry.is_latest { "current" } else { "" };
                table.row([
                    id(entry.version_id.as_ref()),
                    current.to_owned(),
                    bytes(entry.size),
                    fields::time(entry.last_modified),
                    entry.storage_class.to_string(),
                    entry.key.to_string(),
                ]);
                listing.entry(entry.clone());
            }
            VersionItem::DeleteMarker(entry) if range.shows(entry.key.as_str()) => {
                let current = if entry.is_latest { "current" } else { "" };
                table.row([
                    id(entry.version_id.as_ref()),
                    current.to_owned(),
                    "deleted".to_owned(),
                    fields::time(entry.last_modified),
                    String::new(),
                    entry.key.to_string(),
                ]);
                listing.marker(entry.clone());
            }
            VersionItem::Version(_) | VersionItem::DeleteMarker(_) => {}
        }
    }
    listing.show(&table)
}

impl Listing<'_> {
    fn marker(&mut self, entry: cosette::DeleteMarkerEntry) {
        if self.output.is_json() {
            self.entries
                .push(entry.fields().with("DeleteMarker", true).done());
        }
    }
}

fn id(version: Option<&cosette_types::VersionId>) -> String {
    version.map_or_else(|| "null".to_owned(), ToString::to_string)
}

async fn uploads(
    connection: &Connection,
    name: &CosName,
    range: &Range,
    listing: &mut Listing<'_>,
) -> Result<()> {
    let client = connection.client_of(name)?;
    let mut after = None;
    loop {
        let mut call = client
            .multipart_list()
            .bucket(&name.bucket)
            .prefix(&range.prefix);
        if let Some((key, upload)) = after.take() {
            call = call.key_marker(key);
            if let Some(upload) = upload {
                call = call.upload_id_marker(upload);
            }
        }
        let page = call.send().await?.value;
        upload_page(&page, listing)?;
        match (page.is_truncated, page.next_key_marker) {
            (true, Some(next)) => after = Some((next, page.next_upload_id_marker)),
            _ => return Ok(()),
        }
    }
}

fn upload_page(page: &ListUploadsReply, listing: &mut Listing<'_>) -> Result<()> {
    let mut table = Table::plain("<<<");
    for upload in &page.uploads {
        let begun = fields::time(upload.initiated);
        table.row([begun, upload.upload_id.to_string(), upload.key.to_string()]);
        listing.entry(upload.clone());
    }
    listing.show(&table)
}
