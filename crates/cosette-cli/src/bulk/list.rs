//! Objects that a file names: a list of names, or a manifest as COS's batch jobs and inventories write.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use cosette::transfer::{Place, Seen};
use cosette::{ObjectKey, Region, VersionId};

use super::source::Item;
use crate::failure::{Failure, Result};
use crate::transfer::map::Under;

/// Longest line of a list: far more than any key has.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// Version ids of digits have at least so many; sizes never.
const VERSION_DIGITS_MIN: usize = 16;
/// What gzip's files begin with, as inventories are.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Opens a file, or standard input for `-`.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let told = |why| Failure::local(path.display(), why);
    let file = fs::OpenOptions::new().read(true).open(path).map_err(told)?;
    let mut file = BufReader::new(file);
    if file.fill_buf().map_err(told)?.starts_with(&GZIP) {
        let shown = path.display();
        return Err(Failure::usage(format!(
            "{shown} is compressed; unpack it on the way: gunzip -c {shown} | cosette … with - for the file"
        )));
    }
    Ok(Box::new(file))
}

/// One name below SOURCE a line; empty lines are passed over. Nothing is trimmed but the line's end.
pub(super) struct Names<'a> {
    lines: Box<dyn BufRead + Send>,
    shown: String,
    number: u64,
    under: &'a Under,
    region: Option<Region>,
}

impl<'a> Names<'a> {
    pub(super) fn new(path: &Path, under: &'a Under, region: Option<Region>) -> Result<Self> {
        Ok(Self {
            lines: open(path)?,
            shown: path.display().to_string(),
            number: 0,
            under,
            region,
        })
    }

    fn refused(&self, why: impl std::fmt::Display) -> Failure {
        Failure::usage(format!("{}, line {}: {why}", self.shown, self.number))
    }

    fn line(&mut self) -> Result<Option<String>> {
        loop {
            self.number += 1;
            let mut line = Vec::new();
            let read = (&mut self.lines)
                .take(LINE_BYTES_MAX)
                .read_until(b'\n', &mut line)
                .map_err(|why| Failure::local(&self.shown, why))?;
            if read == 0 {
                return Ok(None);
            }
            let line = String::from_utf8(line).map_err(|_| self.refused("it is not UTF-8"))?;
            let name = line.strip_suffix('\n').unwrap_or(&line);
            let name = name.strip_suffix('\r').unwrap_or(name);
            if !name.is_empty() {
                return Ok(Some(name.to_owned()));
            }
        }
    }
}

impl Iterator for Names<'_> {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.line().transpose()?;
        Some(name.and_then(|name| {
            let key = format!("{}{name}", self.under.folder());
            item(self.under, &key, None, self.region.clone()).map_err(|why| self.refused(why))
        }))
    }
}

/// Rows of `Bucket,Key[,VersionId]`, or of what a first row of names says; keys are percent-encoded, as COS
/// writes them.
pub(super) struct Manifest<'a> {
    columns: Columns,
    rows: csv::StringRecordsIntoIter<Box<dyn BufRead + Send>>,
    shown: String,
    number: u64,
    under: &'a Under,
    region: Option<Region>,
}

impl<'a> Manifest<'a> {
    pub(super) fn new(path: &Path, under: &'a Under, region: Option<Region>) -> Result<Self> {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(open(path)?);
        Ok(Self {
            columns: Columns::default(),
            rows: reader.into_records(),
            shown: path.display().to_string(),
            number: 0,
            under,
            region,
        })
    }

    fn item(&self, row: &csv::StringRecord) -> std::result::Result<Item, String> {
        let field = |at: usize| row.get(at).unwrap_or_default();
        let bucket = field(self.columns.bucket);
        if bucket != self.under.bucket.as_str() {
            let own = &self.under.bucket;
            return Err(format!("bucket `{bucket}` is not SOURCE's, {own}"));
        }
        let key = crate::name::unescape(field(self.columns.key));
        let key = key.ok_or("the key is not percent-encoded UTF-8")?;
        let version = match self.columns.version.map_or("", field) {
            "" => None,
            size if size.bytes().all(|byte| byte.is_ascii_digit())
                && size.len() < VERSION_DIGITS_MIN =>
            {
                return Err(format!(
                    "`{size}` is no version id; if there are other columns, let a first row name them, as in \
                     Bucket,Key,Size"
                ));
            }
            version => Some(
                version
                    .parse::<VersionId>()
                    .map_err(|why| why.to_string())?,
            ),
        };
        if !self.under.takes(&key) || !key.starts_with(&self.under.prefix) {
            return Err(format!("`{key}` does not lie under SOURCE"));
        }
        item(self.under, &key, version, self.region.clone())
    }
}

/// Where the fields of a row are.
#[derive(Debug)]
struct Columns {
    bucket: usize,
    key: usize,
    version: Option<usize>,
    /// Whether the version is a delete marker, of which nothing can be copied.
    marker: Option<usize>,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            bucket: 0,
            key: 1,
            version: Some(2),
            marker: None,
        }
    }
}

impl Columns {
    /// What a row of names says, as inventories name their fields; other fields are passed over.
    fn of(row: &csv::StringRecord) -> Option<Self> {
        let at = |name: &str| {
            let mut fields = row.iter();
            fields.position(|field| field.trim().eq_ignore_ascii_case(name))
        };
        Some(Self {
            bucket: at("Bucket")?,
            key: at("Key")?,
            version: at("VersionId"),
            marker: at("IsDeleteMarker"),
        })
    }
}

impl Iterator for Manifest<'_> {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = loop {
            let row = self.rows.next()?;
            self.number += 1;
            let Ok(read) = &row else { break row };
            let named = Columns::of(read).filter(|_| self.number == 1);
            let marker = self.columns.marker.and_then(|at| read.get(at));
            if let Some(columns) = named {
                self.columns = columns;
            } else if !marker.is_some_and(|marker| marker.eq_ignore_ascii_case("true")) {
                break row;
            }
        };
        let read = row.map_err(|why| why.to_string());
        let item = read.and_then(|row| self.item(&row));
        let told = |why| Failure::usage(format!("{}, row {}: {why}", self.shown, self.number));
        Some(item.map_err(told))
    }
}

fn item(
    under: &Under,
    key: &str,
    version_id: Option<VersionId>,
    region: Option<Region>,
) -> std::result::Result<Item, String> {
    let parsed: ObjectKey = key.parse().map_err(|why| format!("`{key}`: {why}"))?;
    Ok(Item {
        relative: under.relative(key).to_owned(),
        place: Place {
            bucket: under.bucket.clone(),
            region,
            key: parsed,
            version_id,
        },
        seen: Seen::default(),
    })
}
