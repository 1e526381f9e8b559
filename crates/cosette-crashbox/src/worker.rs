//! One client: it changes keys of its own, knows what each change would make of them, and writes down
//! what it was told. After a crash it is asked what must be there.
//!
//! Its changes follow each other, so at most one is in doubt when the power goes: the keys are then
//! all as before it or all as after it, and nothing in between.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use cosette::{Client, ErrorKind, PartNumber, UploadId};

use crate::Result;
use crate::acks::Acks;
use crate::clock;
use crate::content::{Content, Piece, Random};
use crate::pace::Pace;

pub(crate) const BUCKET: &str = "crash-1250000000";
/// Objects that everybody copies from, and what they hold.
pub(crate) const SHARED: [(&str, u64, u64); 3] = [
    ("shared/large", 0xa11, 4 << 20),
    ("shared/small", 0xa12, 90_000),
    ("shared/tiny", 0xa13, 700),
];
const KEYS: u64 = 6;
const PART: u64 = 1 << 20;

/// A client and what it knows.
#[derive(Debug)]
pub(crate) struct Worker {
    number: u64,
    random: Random,
    streams: u64,
    /// What was acknowledged.
    state: BTreeMap<String, Content>,
    upload: Option<Upload>,
    doubt: Option<Change>,
    pub(crate) acked: u64,
    pub(crate) in_doubt: u64,
}

/// An upload under way.
#[derive(Debug, Clone)]
struct Upload {
    id: UploadId,
    key: String,
    parts: Vec<(u16, String, Piece)>,
}

/// What an operation makes of the keys.
#[derive(Debug, Clone, Default)]
struct Change {
    keys: Vec<(String, Option<Content>)>,
    ends_upload: bool,
    words: String,
}

enum Step {
    Change(Change, Request),
    Begin(String),
    Part(u16, Piece),
}

enum Request {
    Put(String, Content),
    Copy(String, String),
    Move(String, String),
    Delete(String),
    Complete(Upload),
}

/// When to stop, and whether failures have a reason.
#[derive(Debug)]
pub(crate) struct Shift {
    pub(crate) until: Instant,
    /// Set just before the end comes.
    pub(crate) cut: AtomicBool,
    /// Whether what is answered after that counts: the kernel of a killed process keeps what it was
    /// told. A power cut is another matter. With the real one nobody hears an answer any more; with
    /// the file system's shutdown, a sync that is under way says that it was done and was not. (Tried
    /// with ext4 of Linux 6.18 and a program of one thread: 10 of 21 such syncs, and none before.)
    pub(crate) answers_count: bool,
    /// When each change is due; without it, as soon as the one before is done.
    pub(crate) pace: Option<Pace>,
}

impl Shift {
    /// Nothing happens but the end of the time.
    pub(crate) fn until(until: Instant, pace: Option<Pace>) -> Self {
        Self {
            until,
            cut: AtomicBool::new(false),
            answers_count: true,
            pace,
        }
    }

    fn is_too_late(&self) -> bool {
        !self.answers_count && self.cut.load(Ordering::SeqCst)
    }
}

impl Worker {
    pub(crate) fn new(number: u64, seed: u64) -> Self {
        Self {
            number,
            random: Random(seed ^ (number + 1).wrapping_mul(0x5851_f42d_4c95_7f2d)),
            streams: 0,
            state: BTreeMap::new(),
            upload: None,
            doubt: None,
            acked: 0,
            in_doubt: 0,
        }
    }

    /// Changes things until the shift is over or something fails.
    ///
    /// # Errors
    /// A failure without a reason, as words: the power was on when it was answered.
    pub(crate) async fn work(&mut self, client: &Client, shift: &Shift, acks: &Acks) -> Result<()> {
        let goes_on = || clock::now() < shift.until && !shift.cut.load(Ordering::SeqCst);
        for nth in 0.. {
            let due = match &shift.pace {
                Some(pace) => Some(pace.wait(self.number, nth).await),
                None => None,
            };
            if !goes_on() {
                break;
            }
            let step = self.step();
            let words = format!("{} {} {}", self.number, self.acked, step.words());
            acks.note("started", &words)?;
            let done = self.take(client, step, shift).await;
            let told = match &done {
                Ok(()) if shift.is_too_late() => "answered too late".to_owned(),
                Ok(()) => "acked".to_owned(),
                Err(why) => format!("unknown ({why})"),
            };
            acks.note(&told, &words)?;
            if let Err(why) = done {
                // Only now: whoever saw a failure before the cut would see the flag unset.
                return if shift.cut.load(Ordering::SeqCst) {
                    Ok(())
                } else {
                    Err(format!("refused with the power on: {words}: {why}").into())
                };
            }
            self.acked += 1;
            if let (Some(pace), Some(due)) = (&shift.pace, due) {
                pace.done(due);
            }
        }
        Ok(())
    }

    fn step(&mut self) -> Step {
        match self.random.below(100) {
            0..30 => {
                let len = self.random.below(4096);
                self.put(len)
            }
            30..40 => {
                let len = 20_000 + self.random.below(200_000);
                self.put(len)
            }
            40..42 => self.put(1_200_000),
            42..66 => self.copy(),
            66..76 => self.relocate(),
            76..84 => {
                let key = self.any_key();
                let change = Change {
                    keys: vec![(key.clone(), None)],
                    ..Change::default()
                };
                Step::Change(change, Request::Delete(key))
            }
            _ => self.multipart(),
        }
    }

    fn any_key(&mut self) -> String {
        format!("{}/{}", self.number, self.random.below(KEYS))
    }

    fn new_stream(&mut self) -> u64 {
        self.streams += 1;
        (self.number + 1) << 40 | self.streams
    }

    fn put(&mut self, len: u64) -> Step {
        let (key, content) = (self.any_key(), Content::new(self.new_stream(), len));
        let change = Change {
            keys: vec![(key.clone(), Some(content.clone()))],
            ..Change::default()
        };
        Step::Change(change, Request::Put(key, content))
    }

    fn copy(&mut self) -> Step {
        let target = self.any_key();
        let own = self.any_key();
        let (source, content) = match self.state.get(&own) {
            // A copy onto itself that changes nothing is refused, which is not what is looked for.
            Some(content) if own != target => (own, content.clone()),
            _ => {
                let place = usize::try_from(self.random.below(3)).unwrap_or_default();
                let (key, stream, len) = SHARED.get(place).copied().unwrap_or_default();
                (key.to_owned(), Content::new(stream, len))
            }
        };
        let change = Change {
            keys: vec![(target.clone(), Some(content))],
            ..Change::default()
        };
        Step::Change(change, Request::Copy(source, target))
    }

    fn relocate(&mut self) -> Step {
        let (source, target) = (self.any_key(), self.any_key());
        match self.state.get(&source) {
            Some(content) if source != target => {
                let keys = vec![
                    (source.clone(), None),
                    (target.clone(), Some(content.clone())),
                ];
                let change = Change {
                    keys,
                    ..Change::default()
                };
                Step::Change(change, Request::Move(source, target))
            }
            _ => self.copy(),
        }
    }

    /// The next step of an upload: begun, a copied part, a small last one, completed.
    fn multipart(&mut self) -> Step {
        let Some(upload) = self.upload.clone() else {
            return Step::Begin(self.any_key());
        };
        match upload.parts.len() {
            0 => {
                let start = self.random.below(2 << 20);
                let stream = 0xa11;
                Step::Part(
                    1,
                    Piece {
                        stream,
                        start,
                        len: PART,
                    },
                )
            }
            1 => {
                let (stream, len) = (self.new_stream(), 1 + self.random.below(60_000));
                let start = 0;
                Step::Part(2, Piece { stream, start, len })
            }
            _ => {
                let content = Content(upload.parts.iter().map(|(_, _, piece)| *piece).collect());
                let change = Change {
                    keys: vec![(upload.key.clone(), Some(content))],
                    ends_upload: true,
                    ..Change::default()
                };
                Step::Change(change, Request::Complete(upload))
            }
        }
    }

    async fn take(
        &mut self,
        client: &Client,
        step: Step,
        shift: &Shift,
    ) -> std::result::Result<(), cosette::Error> {
        match step {
            Step::Change(change, request) => {
                let words = request.words();
                let done = request.send(client).await;
                if done.is_ok() && !shift.is_too_late() {
                    self.apply(change);
                } else {
                    self.in_doubt += 1;
                    self.doubt = Some(Change { words, ..change });
                }
                done
            }
            Step::Begin(key) => {
                let call = client.multipart_init().bucket(BUCKET).key(key.as_str());
                let id = call.send().await?.upload_id.clone();
                let parts = Vec::new();
                if !shift.is_too_late() {
                    self.upload = Some(Upload { id, key, parts });
                }
                Ok(())
            }
            Step::Part(number, piece) => {
                self.part(client, number, piece).await?;
                if let Some(upload) = self.upload.as_mut().filter(|_| shift.is_too_late()) {
                    // It is sent again, whether it is there or not.
                    upload.parts.pop();
                }
                Ok(())
            }
        }
    }

    async fn part(
        &mut self,
        client: &Client,
        number: u16,
        piece: Piece,
    ) -> std::result::Result<(), cosette::Error> {
        let Some(upload) = &mut self.upload else {
            return Ok(());
        };
        let part = u64::from(number);
        let etag = if number == 1 {
            let (last, key) = (piece.start + piece.len - 1, "shared/large");
            let range = format!("bytes={}-{last}", piece.start);
            let call = client
                .upload_part_copy()
                .bucket(BUCKET)
                .key(upload.key.as_str());
            let call = call
                .upload_id(upload.id.clone())
                .part_number(part_number(part));
            let call = call
                .copy_source(source(key))
                .copy_source_range(range.as_str());
            call.send().await?.etag.to_string()
        } else {
            let body = Content(vec![piece]).bytes();
            let call = client
                .multipart_upload()
                .bucket(BUCKET)
                .key(upload.key.as_str());
            let call = call
                .upload_id(upload.id.clone())
                .part_number(part_number(part));
            call.body(body).send().await?.etag.to_string()
        };
        upload.parts.push((number, etag, piece));
        Ok(())
    }

    fn apply(&mut self, change: Change) {
        for (key, content) in change.keys {
            match content {
                Some(content) => self.state.insert(key, content),
                None => self.state.remove(&key),
            };
        }
        if change.ends_upload {
            self.upload = None;
        }
    }

    /// Compares the store with what was acknowledged, and learns what became of what was in doubt.
    ///
    /// # Errors
    /// What is lost, mixed or half done.
    pub(crate) async fn verify(&mut self, client: &Client) -> Result<()> {
        let mut found = BTreeMap::new();
        for number in 0..KEYS {
            let key = format!("{}/{number}", self.number);
            found.insert(key.clone(), read(client, &key).await?);
        }
        let doubt = self.doubt.take();
        let as_before = self.problems(&found);
        let Some(change) = doubt else {
            if let Some(problem) = as_before {
                return Err(format!("client {}: {problem}", self.number).into());
            }
            return self.verify_upload(client).await;
        };
        if let Some(problem) = as_before {
            let upload = self.upload.clone();
            let words = change.words.clone();
            self.apply(change);
            if let Some(also) = self.problems(&found) {
                let told = format!(
                    "client {}: neither before nor after `{words}`: {problem}; {also}; upload {upload:?}",
                    self.number
                );
                return Err(told.into());
            }
        }
        self.verify_upload(client).await
    }

    /// What of the keys is not as acknowledged.
    fn problems(&self, found: &BTreeMap<String, Option<Vec<u8>>>) -> Option<String> {
        found.iter().find_map(|(key, found)| {
            let problem = match (self.state.get(key), found) {
                (None, None) => None,
                (None, Some(bytes)) => Some(format!("{} bytes where none should be", bytes.len())),
                (Some(_), None) => Some("gone".to_owned()),
                (Some(content), Some(bytes)) => content.differs(bytes),
            };
            problem.map(|problem| format!("{key}: {problem}"))
        })
    }

    /// Every part that was acknowledged is there, with its ETag and size.
    async fn verify_upload(&mut self, client: &Client) -> Result<()> {
        let Some(upload) = &self.upload else {
            return Ok(());
        };
        let call = client
            .multipart_list_part()
            .bucket(BUCKET)
            .key(upload.key.as_str());
        let listed = call.upload_id(upload.id.clone()).send().await;
        let listed = listed.map_err(|why| format!("client {}: its upload: {why}", self.number))?;
        for (number, etag, piece) in &upload.parts {
            let there = listed.parts.iter().any(|part| {
                part.part_number.get() == *number
                    && part.etag.to_string() == *etag
                    && part.size == piece.len
            });
            if !there {
                return Err(format!("client {}: part {number} is lost", self.number).into());
            }
        }
        Ok(())
    }

    /// Bytes of all that it has.
    pub(crate) fn bytes(&self) -> u64 {
        self.state.values().map(Content::len).sum()
    }

    /// The keys that must be listed.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> + '_ {
        self.state.keys().cloned()
    }
}

impl Step {
    fn words(&self) -> String {
        match self {
            Self::Change(_, request) => request.words(),
            Self::Begin(key) => format!("begin {key}"),
            Self::Part(number, piece) => format!("part {number} {piece:?}"),
        }
    }
}

impl Request {
    fn words(&self) -> String {
        match self {
            Self::Put(key, content) => format!("put {key} {content:?}"),
            Self::Copy(from, to) => format!("copy {from} {to}"),
            Self::Move(from, to) => format!("move {from} {to}"),
            Self::Delete(key) => format!("delete {key}"),
            Self::Complete(upload) => format!("complete {} {}", upload.key, upload.id),
        }
    }

    async fn send(self, client: &Client) -> std::result::Result<(), cosette::Error> {
        match self {
            Self::Put(key, content) => {
                let call = client.put_object().bucket(BUCKET).key(key.as_str());
                call.body(content.bytes()).send().await.map(drop)
            }
            Self::Copy(from, to) => {
                let call = client.put_object_copy().bucket(BUCKET).key(to.as_str());
                call.copy_source(source(&from)).send().await.map(drop)
            }
            Self::Move(from, to) => {
                let call = client.rename_object().bucket(BUCKET).key(to.as_str());
                call.source_key(from.as_str()).send().await.map(drop)
            }
            Self::Delete(key) => {
                let call = client.delete_object().bucket(BUCKET).key(key.as_str());
                call.send().await.map(drop)
            }
            Self::Complete(upload) => {
                let call = client
                    .multipart_complete()
                    .bucket(BUCKET)
                    .key(upload.key.as_str());
                let mut call = call.upload_id(upload.id.clone());
                for (number, etag, _) in &upload.parts {
                    call = call.part(part_number(u64::from(*number)), etag.as_str());
                }
                call.send().await.map(drop)
            }
        }
    }
}

pub(crate) fn source(key: &str) -> String {
    format!("{BUCKET}.cos.ap-guangzhou.myqcloud.com/{key}")
}

pub(crate) fn part_number(number: u64) -> PartNumber {
    PartNumber::try_from(number).expect("the box makes few parts")
}

/// The bytes of an object; `None` if there is none.
pub(crate) async fn read(client: &Client, key: &str) -> Result<Option<Vec<u8>>> {
    match client.get_object().bucket(BUCKET).key(key).send().await {
        Err(why) if matches!(why.kind(), ErrorKind::NotFound(_)) => Ok(None),
        Err(why) => Err(format!("{key} cannot be read: {why}").into()),
        Ok(got) => {
            let bytes = got.value.body.bytes(64 << 20).await;
            let bytes = bytes.map_err(|why| format!("{key} cannot be read to its end: {why}"))?;
            Ok(Some(bytes.to_vec()))
        }
    }
}
