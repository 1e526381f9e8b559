//! What a plan will ask of the service, counted before anything is done: requests of each kind, sources
//! that must be restored first, bytes that pass through this machine, and what that costs at given prices.

use std::str::FromStr;

use cosette::transfer::{
    Entry, Place, PlanHead, PlanReader, Wanted, WantedAcl, WantedEncryption, WantedMetadata,
    WantedTags, Work,
};
use cosette::{Capability, ETag, StorageClass};
use cosette_types::limits;
use serde_json::{Value, json};

use super::options::Options;
use crate::failure::Result;

/// Bytes of a part of an upload when nothing else is said.
const UPLOAD_PART_BYTES: u64 = 16 << 20;
/// Bytes of a part, and of a range, of what is streamed from one store to another.
const STREAM_PART_BYTES: u64 = 8 << 20;
const STREAM_RANGE_BYTES: u64 = 4 << 20;
/// Bytes of a range of a download.
const RANGE_BYTES: u64 = 8 << 20;
/// Up to this size an object that was listed is downloaded without being looked at before.
const SMALL_BYTES: u64 = 8 << 20;

/// What requests cost, by ten thousand, in whatever currency.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Prices {
    write: f64,
    read: f64,
    delete: f64,
}

/// Requests by their kinds, as services charge them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Requests {
    head: u64,
    get: u64,
    put: u64,
    copy: u64,
    /// Parts of uploads, sent or copied, and the requests that begin and complete an upload.
    parts: u64,
    delete: u64,
}

/// The sum of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Tally {
    pub(crate) requests: Requests,
    pub(crate) archived: u64,
    pub(crate) bytes_through_here: u64,
}

impl FromStr for Prices {
    type Err = String;

    /// One price for all, or `write=P,read=P,delete=P`; what is left out is free.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let price = |text: &str| {
            let price = text.trim().parse::<f64>().ok();
            price
                .filter(|price| price.is_finite() && *price >= 0.0)
                .ok_or_else(|| {
                    format!("`{text}` is no price; write 0.01, or write=0.05,read=0.004")
                })
        };
        if !text.contains('=') {
            let all = price(text)?;
            return Ok(Self {
                write: all,
                read: all,
                delete: all,
            });
        }
        let mut prices = Self::default();
        for part in text.split(',') {
            let (kind, value) = part.split_once('=').unwrap_or((part, ""));
            let place = match kind.trim() {
                "write" => &mut prices.write,
                "read" => &mut prices.read,
                "delete" => &mut prices.delete,
                other => return Err(format!("`{other}` is none of write, read, delete")),
            };
            *place = price(value)?;
        }
        Ok(prices)
    }
}

impl Requests {
    fn total(self) -> u64 {
        let kinds = [
            self.head,
            self.get,
            self.put,
            self.copy,
            self.parts,
            self.delete,
        ];
        kinds.into_iter().fold(0, u64::saturating_add)
    }

    fn named(self) -> [(&'static str, u64); 6] {
        [
            ("HEAD", self.head),
            ("GET", self.get),
            ("PUT", self.put),
            ("copy", self.copy),
            ("part", self.parts),
            ("DELETE", self.delete),
        ]
    }

    fn charge(self, prices: Prices) -> f64 {
        let of = |count: u64, price: f64| count as f64 * price / 10_000.0;
        of(self.head.saturating_add(self.get), prices.read)
            + of(
                self.put
                    .saturating_add(self.copy)
                    .saturating_add(self.parts),
                prices.write,
            )
            + of(self.delete, prices.delete)
    }
}

/// What decides how many requests an object takes: how it is cut, and what the services can.
#[derive(Debug, Clone)]
struct Ways {
    slice: u64,
    part: Option<u64>,
    apart: bool,
    able: Able,
    wanted: Wanted,
}

/// What the services could when the plan was made.
#[derive(Debug, Clone, Copy, Default)]
struct Able {
    rename: bool,
    rename_acl: bool,
    copy_encryption: bool,
    conditional_delete: bool,
}

/// How one object gets to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Rename,
    OneRequest,
    Parts,
    Streamed,
}

impl Able {
    fn of(options: &Options) -> Self {
        let has = |one: Capability| options.able.iter().any(|name| name == one.as_str());
        Self {
            rename: has(Capability::Rename) && !options.copy_delete,
            rename_acl: has(Capability::RenameAcl),
            copy_encryption: has(Capability::CopyEncryption),
            conditional_delete: has(Capability::ConditionalDelete),
        }
    }
}

impl Tally {
    /// Counts a whole plan.
    pub(crate) fn of(mut plan: PlanReader) -> Result<Self> {
        let mut counting = Counting::new(plan.head())?;
        while let Some((_, entry)) = plan.next_entry()? {
            counting.add(&entry);
        }
        Ok(counting.tally)
    }

    /// The requests in words: how many, of which kinds, and what they cost.
    pub(crate) fn sentence(&self, prices: Option<Prices>) -> String {
        let named = self
            .requests
            .named()
            .into_iter()
            .filter(|(_, count)| *count > 0);
        let kinds: Vec<String> = named
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        let mut text = format!(
            "up to {} requests: {}",
            self.requests.total(),
            kinds.join(", ")
        );
        if self.archived > 0 {
            text.push_str(&format!("; {} archived sources", self.archived));
        }
        if let Some(prices) = prices {
            text.push_str(&format!(
                "; {:.4} for requests",
                self.requests.charge(prices)
            ));
        }
        text
    }

    /// The same for programs, put into the summary of a plan.
    pub(crate) fn put_into(&self, summary: &mut Value, prices: Option<Prices>) {
        let Some(summary) = summary.as_object_mut() else {
            return;
        };
        let kinds = self.requests.named().into_iter();
        let kinds: serde_json::Map<String, Value> = kinds
            .map(|(name, count)| (name.to_ascii_lowercase(), json!(count)))
            .collect();
        summary.insert("requests".to_owned(), json!(self.requests.total()));
        summary.insert("requestsByKind".to_owned(), Value::Object(kinds));
        summary.insert("archived".to_owned(), json!(self.archived));
        summary.insert(
            "bytesThroughHere".to_owned(),
            json!(self.bytes_through_here),
        );
        if let Some(prices) = prices {
            let charge = self.requests.charge(prices);
            summary.insert("chargeForRequests".to_owned(), json!(charge));
        }
    }
}

/// Counts entry by entry, as the engine of the SDK carries them out.
#[derive(Debug)]
pub(crate) struct Counting {
    ways: Ways,
    pub(crate) tally: Tally,
}

impl Counting {
    pub(crate) fn new(head: &PlanHead) -> Result<Self> {
        let options = Options::of(head)?;
        Ok(Self {
            ways: Ways {
                slice: options.slice_size.unwrap_or(limits::SLICE_BYTES_DEFAULT),
                part: options.chunk_size,
                apart: options.from_profile.is_some(),
                able: Able::of(&options),
                wanted: head.wanted.clone(),
            },
            tally: Tally::default(),
        })
    }

    pub(crate) fn add(&mut self, entry: &Entry) {
        let (size, removes) = (entry.seen.size, entry.removes());
        match &entry.work {
            Work::Copy { source, target } | Work::Move { source, target } => {
                let way = self.ways.of(entry, (source, target));
                self.archived(entry, way);
                self.copied(entry, way);
                // The copy is looked at before its source goes.
                if removes && way != Way::Rename {
                    self.tally.requests.head += 1;
                    self.removed();
                }
            }
            Work::Download { .. } => {
                self.archived(entry, Way::Streamed);
                let part = self.ways.part.unwrap_or(RANGE_BYTES);
                self.tally.requests.get += pieces(size, part).max(1);
                // A small one is pinned by its tag, and not looked at before.
                let small = size <= part.min(SMALL_BYTES) && entry.seen.etag.is_some();
                self.tally.requests.head += u64::from(!small);
                self.through_here(size);
                if removes {
                    self.removed();
                }
            }
            Work::Upload { .. } => {
                self.sent(size, self.ways.part.unwrap_or(UPLOAD_PART_BYTES));
                self.through_here(size);
                // The object is looked at before its file goes.
                self.tally.requests.head += u64::from(removes);
            }
            Work::Mark { .. } => {
                self.tally.requests.get += 1;
                self.tally.requests.delete += 1 + u64::from(removes);
            }
            Work::Delete { .. } => self.removed(),
        }
    }

    /// A removal: looked at right before, where the service does not judge what is removed.
    fn removed(&mut self) {
        self.tally.requests.head += u64::from(!self.ways.able.conditional_delete);
        self.tally.requests.delete += 1;
    }

    /// Counts a source that must be restored before it can be read.
    fn archived(&mut self, entry: &Entry, way: Way) {
        let class = entry.seen.storage_class;
        let archived = way != Way::Rename && class.is_some_and(StorageClass::is_archived);
        self.tally.archived += u64::from(archived);
    }

    fn copied(&mut self, entry: &Entry, way: Way) {
        let size = entry.seen.size;
        let wanted = self.ways.wanted_of(entry);
        let keeps_acl = wanted.acl == WantedAcl::Keep;
        if way == Way::Rename {
            // Where it cannot be told which ACL the target has, the source's is asked for.
            let asks = wanted.acl == WantedAcl::Inherit && !self.ways.able.rename_acl;
            self.tally.requests.get += u64::from(asks);
            self.tally.requests.copy += 1;
            return;
        }
        self.tally.requests.head += u64::from(!self.ways.as_seen(entry, way));
        self.tally.requests.get += u64::from(keeps_acl);
        self.tally.requests.put += u64::from(keeps_acl);
        match way {
            Way::OneRequest | Way::Rename => self.tally.requests.copy += 1,
            Way::Parts => {
                let part = self.ways.part.unwrap_or(limits::CHUNK_BYTES_DEFAULT);
                self.tally.requests.parts += 2 + parts(size, part);
            }
            Way::Streamed => {
                self.tally.requests.get += pieces(size, STREAM_RANGE_BYTES);
                self.sent(size, self.ways.part.unwrap_or(STREAM_PART_BYTES));
                self.through_here(size);
            }
        }
    }

    fn sent(&mut self, size: u64, part: u64) {
        if size <= part {
            self.tally.requests.put += 1;
        } else {
            self.tally.requests.parts += 2 + parts(size, part);
        }
    }

    fn through_here(&mut self, size: u64) {
        self.tally.bytes_through_here = self.tally.bytes_through_here.saturating_add(size);
    }
}

impl Ways {
    fn wanted_of<'a>(&'a self, entry: &'a Entry) -> &'a Wanted {
        entry.wanted.as_ref().unwrap_or(&self.wanted)
    }

    fn of(&self, entry: &Entry, (source, target): (&Place, &Place)) -> Way {
        if self.is_a_rename(entry, (source, target)) {
            Way::Rename
        } else if self.apart {
            Way::Streamed
        } else if entry.seen.size <= self.slice {
            Way::OneRequest
        } else {
            Way::Parts
        }
    }

    /// Whether nothing but the key and the ACL changes, and the service can do that at one instant.
    fn is_a_rename(&self, entry: &Entry, (source, target): (&Place, &Place)) -> bool {
        let wanted = self.wanted_of(entry);
        let class = wanted.storage_class;
        self.able.rename
            && !self.apart
            && matches!(entry.work, Work::Move { .. })
            && source.bucket == target.bucket
            && source.version_id.is_none()
            && entry.seen.etag.is_some()
            && wanted.metadata == WantedMetadata::Keep
            && (self.able.rename_acl || !matches!(wanted.acl, WantedAcl::Set(_)))
            && wanted.tags != WantedTags::Without
            && wanted.encryption == WantedEncryption::Keep
            && (class.is_none() || class == entry.seen.storage_class)
    }

    /// Whether the request itself is refused if the source is not what was listed, so that nobody has to
    /// look at it before.
    fn as_seen(&self, entry: &Entry, way: Way) -> bool {
        let (seen, wanted) = (&entry.seen, self.wanted_of(entry));
        let whole = |etag: &ETag| etag.part_count().is_none();
        let encrypted_as_wanted = wanted.encryption != WantedEncryption::Keep
            || (self.able.copy_encryption && wanted.source_key.is_none());
        way == Way::OneRequest
            && seen.etag.as_ref().is_some_and(whole)
            && seen.last_modified.is_some()
            && wanted.storage_class.or(seen.storage_class).is_some()
            && wanted.acl != WantedAcl::Keep
            && !matches!(wanted.metadata, WantedMetadata::Edit(_))
            && encrypted_as_wanted
    }
}

/// Parts grow so that 10,000 suffice.
fn parts(size: u64, part: u64) -> u64 {
    let part = part.max(limits::CHUNK_BYTES_MIN);
    pieces(size, part).min(u64::from(limits::PART_NUMBER_MAX))
}

const fn pieces(size: u64, bytes: u64) -> u64 {
    size.div_ceil(if bytes == 0 { 1 } else { bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cosette::transfer::{Place, Seen};

    fn place(key: &str) -> Place {
        Place::new("b-1250000000".parse().unwrap(), key.parse().unwrap())
    }

    fn counted(work: Work, size: u64, options: Options) -> Requests {
        counted_as(work, size, options, Wanted::default())
    }

    fn counted_as(work: Work, size: u64, options: Options, wanted: Wanted) -> Requests {
        let mut head = PlanHead::new("cp");
        head.options = options.to_json();
        head.wanted = wanted;
        let mut counting = Counting::new(&head).unwrap();
        // As a listing tells it.
        let seen = Seen {
            size,
            etag: Some("\"0123456789abcdef0123456789abcdef\"".parse().unwrap()),
            last_modified: Some(cosette_types::Timestamp::from_secs(1)),
            storage_class: Some(StorageClass::Standard),
            ..Seen::default()
        };
        counting.add(&Entry::new(work, seen));
        counting.tally.requests
    }

    fn able(able: &[Capability]) -> Options {
        Options {
            able: able.iter().map(|one| one.as_str().to_owned()).collect(),
            ..Options::default()
        }
    }

    const NONE: Requests = Requests {
        head: 0,
        get: 0,
        put: 0,
        copy: 0,
        parts: 0,
        delete: 0,
    };

    fn copy() -> Work {
        Work::Copy {
            source: place("a"),
            target: place("b"),
        }
    }

    fn moving() -> Work {
        Work::Move {
            source: place("a"),
            target: place("b"),
        }
    }

    #[test]
    fn requests_are_counted_by_their_kinds() {
        let plain = Options::default;
        let one = Requests { head: 1, ..NONE };
        assert_eq!(counted(copy(), 7, plain()), Requests { copy: 1, ..one });
        let gib = 1 << 30;
        let parts = counted(copy(), 6 * gib, plain());
        assert_eq!(parts, Requests { parts: 6146, ..one });
        let most = counted(copy(), 40_000 * gib, plain());
        assert_eq!(
            most,
            Requests {
                parts: 10_002,
                ..one
            }
        );
        let apart = Options {
            from_profile: Some("other".to_owned()),
            ..plain()
        };
        let streamed = counted(copy(), 9 << 20, apart);
        let wanted = Requests {
            get: 3,
            parts: 4,
            ..one
        };
        assert_eq!(streamed, wanted);
        let wanted = Requests {
            head: 3,
            copy: 1,
            delete: 1,
            ..NONE
        };
        assert_eq!(counted(moving(), 7, plain()), wanted);
        let download = |size| Work::Download {
            source: place("a"),
            target: format!("/tmp/{size}").into(),
            remove_source: false,
        };
        let small = counted(download(7), 7, plain());
        assert_eq!(small, Requests { get: 1, ..NONE });
        let large = counted(download(9 << 20), 9 << 20, plain());
        assert_eq!(large, Requests { get: 2, ..one });
    }

    #[test]
    fn what_the_service_can_spares_requests() {
        use Capability::{ConditionalDelete, CopyEncryption, Rename, RenameAcl};
        let of = |work, has: &[Capability]| counted(work, 7, able(has));
        let copied = Requests { copy: 1, ..NONE };
        assert_eq!(of(copy(), &[CopyEncryption]), copied);
        let removed = Requests {
            head: 1,
            copy: 1,
            delete: 1,
            ..NONE
        };
        let judging = [ConditionalDelete, CopyEncryption];
        assert_eq!(of(moving(), &judging), removed);
        let delete = || Work::Delete { source: place("a") };
        let deleted = Requests { delete: 1, ..NONE };
        assert_eq!(of(delete(), &judging), deleted);
        let looked = Requests { head: 1, ..deleted };
        assert_eq!(of(delete(), &[]), looked);
        assert_eq!(of(moving(), &[Rename, RenameAcl]), copied);
        let asked = Requests { get: 1, ..copied };
        assert_eq!(of(moving(), &[Rename]), asked);
        // What a rename cannot do is a copy and a delete.
        let other_class = Wanted {
            storage_class: Some(StorageClass::Archive),
            ..Wanted::default()
        };
        let all = [Rename, RenameAcl, ConditionalDelete, CopyEncryption];
        let changed = counted_as(moving(), 7, able(&all), other_class);
        assert_eq!(changed, removed);
        let forbidden = Options {
            copy_delete: true,
            ..able(&all)
        };
        assert_eq!(counted(moving(), 7, forbidden), removed);
    }

    #[test]
    fn prices_are_one_or_one_for_each_kind() {
        let requests = Requests {
            head: 5_000,
            copy: 10_000,
            delete: 10_000,
            ..Requests::default()
        };
        let charge = |text: &str| requests.charge(text.parse().unwrap());
        assert!((charge("2") - 5.0).abs() < 1e-9);
        assert!((charge("write=0.05,read=0.004") - 0.052).abs() < 1e-9);
        for wrong in ["", "x", "-1", "inf", "write=", "list=1", "NaN"] {
            assert!(wrong.parse::<Prices>().is_err(), "{wrong}");
        }
    }
}
