//! A plan on disk: what shall be done, in order, made once and never changed.
//!
//! The file is a head, the entries, and an end that counts them. Without its end a plan is not
//! finished and nobody carries it out: a listing that stopped half-way removes nothing. Entries are
//! written and read one at a time, so a plan may be as long as the disk allows.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::entry::{Entry, Wanted};
use super::limits;
use super::log::{Appender, Records};
use super::wire::{EntryForm, WantedForm};
use crate::error::{Error, ErrorKind};

/// The version of the format that is written.
const FORMAT: u32 = 1;
/// How the JSON of an entry begins.
const ENTRY: &[u8] = br#"{"record":"entry","#;
/// Bytes that are gathered before the file is written to.
const FLUSH_BYTES: usize = 256 << 10;

/// What a plan says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanHead {
    /// What is asked for, in a word: `cp`, `mv`, `sync`, `rm`.
    pub kind: String,
    /// What entries without wishes of their own want.
    pub wanted: Wanted,
    /// Whatever the maker of the plan wants to find again. Not read here.
    pub options: serde_json::Value,
}

/// How much a plan asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanSummary {
    /// Entries.
    pub entries: u64,
    /// Bytes of all sources.
    pub bytes: u64,
    /// Entries that remove something.
    pub removals: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Form {
    Plan {
        format: u32,
        kind: String,
        #[serde(default)]
        wanted: Box<WantedForm>,
        #[serde(default)]
        options: serde_json::Value,
    },
    Entry(Box<EntryForm>),
    End(PlanSummary),
}

/// Writes a plan.
#[derive(Debug)]
pub struct PlanWriter {
    log: Appender,
    summary: PlanSummary,
}

/// Reads a plan that is finished.
#[derive(Debug)]
pub struct PlanReader {
    records: Records,
    head: PlanHead,
    summary: PlanSummary,
    next: u64,
    json: Vec<u8>,
}

impl PlanHead {
    /// A plan of a kind, without wishes.
    pub fn new(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            wanted: Wanted::default(),
            options: serde_json::Value::Null,
        }
    }
}

fn encode(form: &Form) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(form).map_err(|why| Error::invalid("plan", why))
}

impl PlanWriter {
    /// A new file.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when the file exists or cannot be written.
    pub fn create(path: impl AsRef<Path>, head: &PlanHead) -> Result<Self, Error> {
        let mut log = Appender::create(path.as_ref())?;
        log.append(&encode(&Form::Plan {
            format: FORMAT,
            kind: head.kind.clone(),
            wanted: Box::new(WantedForm::of(&head.wanted)),
            options: head.options.clone(),
        })?)?;
        Ok(Self {
            log,
            summary: PlanSummary::default(),
        })
    }

    /// Adds an entry; gives back its number, from 0 on.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when the file cannot be written, [`ErrorKind::Invalid`] when the entry
    /// cannot be written down.
    pub fn add(&mut self, entry: &Entry) -> Result<u64, Error> {
        let number = self.summary.entries;
        if number >= limits::ENTRIES_MAX {
            return Err(Error::invalid("plan", "it has too many entries"));
        }
        let form = EntryForm::of(entry).map_err(|why| Error::invalid("entry", why))?;
        self.log.append(&encode(&Form::Entry(Box::new(form)))?)?;
        if self.log.waiting() > FLUSH_BYTES {
            self.log.flush()?;
        }
        self.summary.entries += 1;
        self.summary.bytes = self.summary.bytes.saturating_add(entry.seen.size);
        self.summary.removals += u64::from(entry.removes());
        Ok(number)
    }

    /// How much was added so far.
    pub fn summary(&self) -> PlanSummary {
        self.summary
    }

    /// Ends the plan and makes it durable. A plan that is dropped without cannot be carried out.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when the file cannot be written.
    pub fn finish(mut self) -> Result<PlanSummary, Error> {
        self.log.append(&encode(&Form::End(self.summary))?)?;
        self.log.sync()?;
        Ok(self.summary)
    }
}

impl PlanReader {
    /// Opens a plan and reads all of it once, to know that it is whole and undamaged.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when it is not as it was written, [`ErrorKind::Invalid`] when it was
    /// never finished or is no plan, [`ErrorKind::Local`] when it cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let mut records = Records::open(path.as_ref())?;
        let mut json = Vec::new();
        let head = head(&mut records, &mut json)?;
        let mut found = PlanSummary::default();
        let summary = loop {
            match read(&mut records, &mut json)? {
                Some(Form::Entry(form)) => {
                    let entry = form.read().map_err(|why| records.damaged(&why))?;
                    found.entries += 1;
                    found.bytes = found.bytes.saturating_add(entry.seen.size);
                    found.removals += u64::from(entry.removes());
                }
                Some(Form::End(summary)) if summary == found => break summary,
                Some(_) => return Err(records.damaged("it does not belong here")),
                None => return Err(unfinished(&mut records)),
            }
        };
        if records.next(&mut json)? || records.is_cut()? {
            return Err(records.damaged("there is more after the end"));
        }
        let mut reader = Self {
            records,
            head,
            summary,
            next: 0,
            json,
        };
        reader.rewind()?;
        Ok(reader)
    }

    /// The first entries of a plan, at most so many: for a look at a long one without reading all of it.
    /// Whether it is whole is not known then.
    ///
    /// # Errors
    /// As [`PlanReader::open`], of what is read.
    pub fn first_entries(path: impl AsRef<Path>, most: usize) -> Result<Vec<Entry>, Error> {
        let mut records = Records::open(path.as_ref())?;
        let mut json = Vec::new();
        head(&mut records, &mut json)?;
        let mut entries = Vec::new();
        while entries.len() < most {
            match read(&mut records, &mut json)? {
                Some(Form::Entry(form)) => {
                    entries.push(form.read().map_err(|why| records.damaged(&why))?);
                }
                Some(Form::End(_)) => break,
                Some(Form::Plan { .. }) => return Err(records.damaged("it does not belong here")),
                None => return Err(unfinished(&mut records)),
            }
        }
        Ok(entries)
    }

    /// What the plan says of itself.
    pub fn head(&self) -> &PlanHead {
        &self.head
    }

    /// How much it asks for.
    pub fn summary(&self) -> PlanSummary {
        self.summary
    }

    /// From the first entry again.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when the file cannot be read.
    pub fn rewind(&mut self) -> Result<(), Error> {
        self.records.rewind()?;
        self.next = 0;
        read(&mut self.records, &mut self.json).map(|_head| ())
    }

    /// The next entry and its number; `None` at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when it is not as it was written, [`ErrorKind::Local`] when it cannot
    /// be read.
    pub fn next_entry(&mut self) -> Result<Option<(u64, Entry)>, Error> {
        if self.next >= self.summary.entries {
            return Ok(None);
        }
        match read(&mut self.records, &mut self.json)? {
            Some(Form::Entry(form)) => {
                let entry = form.read().map_err(|why| self.records.damaged(&why))?;
                let number = self.next;
                self.next += 1;
                Ok(Some((number, entry)))
            }
            // It was whole when it was opened.
            _ => Err(self.records.damaged("an entry is gone")),
        }
    }
}

impl Iterator for PlanReader {
    type Item = Result<(u64, Entry), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_entry().transpose()
    }
}

fn head(records: &mut Records, json: &mut Vec<u8>) -> Result<PlanHead, Error> {
    match read(records, json)? {
        Some(Form::Plan { format, .. }) if format > FORMAT => {
            let words = format!("its format is {format}, which this version does not know");
            Err(Error::invalid("plan", words))
        }
        Some(Form::Plan {
            kind,
            wanted,
            options,
            ..
        }) => Ok(PlanHead {
            kind,
            wanted: wanted.read().map_err(|why| records.damaged(&why))?,
            options,
        }),
        Some(_) => Err(records.damaged("it is no head of a plan")),
        None => Err(unfinished(records)),
    }
}

fn read(records: &mut Records, json: &mut Vec<u8>) -> Result<Option<Form>, Error> {
    if !records.next(json)? {
        return Ok(None);
    }
    // Nearly all records are entries, and say so first. The general way would read each of them twice.
    let form = match json.starts_with(ENTRY) {
        true => serde_json::from_slice(json).map(Form::Entry),
        false => serde_json::from_slice(json),
    };
    form.map(Some)
        .map_err(|why| records.damaged(&why.to_string()))
}

fn unfinished(records: &mut Records) -> Error {
    match records.is_cut() {
        Ok(true) => records.damaged("it is damaged, or was cut off"),
        Ok(false) => {
            let words = format!(
                "{}: the plan was never finished; make it again",
                records.path().display()
            );
            Error::new(ErrorKind::Invalid, words)
        }
        Err(error) => error,
    }
}
