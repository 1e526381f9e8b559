//! What a plan will ask of the service, counted before anything is done: requests of each kind, sources
//! that must be restored first, bytes that pass through this machine, and what that costs at given prices.

use std::str::FromStr;

use cosette::StorageClass;
use cosette::transfer::{Entry, PlanHead, PlanReader, Work};
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

/// How a plan's objects are cut.
#[derive(Debug, Clone, Copy)]
struct Cut {
    slice: u64,
    part: Option<u64>,
    apart: bool,
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

/// Counts entry by entry.
#[derive(Debug)]
pub(crate) struct Counting {
    cut: Cut,
    pub(crate) tally: Tally,
}

impl Counting {
    pub(crate) fn new(head: &PlanHead) -> Result<Self> {
        let options = Options::of(head)?;
        Ok(Self {
            cut: Cut {
                slice: options.slice_size.unwrap_or(limits::SLICE_BYTES_DEFAULT),
                part: options.chunk_size,
                apart: options.from_profile.is_some(),
            },
            tally: Tally::default(),
        })
    }

    pub(crate) fn add(&mut self, entry: &Entry) {
        let size = entry.seen.size;
        let is_read = matches!(
            entry.work,
            Work::Copy { .. } | Work::Move { .. } | Work::Download { .. }
        );
        let archived = entry
            .seen
            .storage_class
            .is_some_and(StorageClass::is_archived);
        self.tally.archived += u64::from(is_read && archived);
        let removes = entry.removes();
        match entry.work {
            Work::Copy { .. } | Work::Move { .. } => self.copied(size),
            Work::Download { .. } => {
                let ranges = pieces(size, self.cut.part.unwrap_or(RANGE_BYTES)).max(1);
                self.tally.requests.get += ranges;
                self.tally.requests.head += u64::from(ranges > 1);
                self.through_here(size);
            }
            Work::Upload { .. } => {
                self.sent(size, self.cut.part.unwrap_or(UPLOAD_PART_BYTES));
                self.through_here(size);
                // The object is looked at before its file goes.
                self.tally.requests.head += u64::from(removes);
                return;
            }
            Work::Mark { .. } => {
                self.tally.requests.get += 1;
                self.tally.requests.delete += 1 + u64::from(removes);
                return;
            }
            Work::Delete { .. } => {}
        }
        if removes {
            // Both ends are looked at before a source goes, and what a plan removes.
            let looks = if matches!(entry.work, Work::Move { .. }) {
                2
            } else {
                1
            };
            self.tally.requests.head += looks;
            self.tally.requests.delete += 1;
        }
    }

    fn copied(&mut self, size: u64) {
        self.tally.requests.head += 1;
        if self.cut.apart {
            self.tally.requests.get += pieces(size, STREAM_RANGE_BYTES);
            self.sent(size, self.cut.part.unwrap_or(STREAM_PART_BYTES));
            self.through_here(size);
        } else if size <= self.cut.slice {
            self.tally.requests.copy += 1;
        } else {
            let part = self.cut.part.unwrap_or(limits::CHUNK_BYTES_DEFAULT);
            self.tally.requests.parts += 2 + parts(size, part);
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
        let mut head = PlanHead::new("cp");
        head.options = options.to_json();
        let mut counting = Counting::new(&head).unwrap();
        let seen = Seen {
            size,
            ..Seen::default()
        };
        counting.add(&Entry::new(work, seen));
        counting.tally.requests
    }

    #[test]
    fn requests_are_counted_by_their_kinds() {
        let copy = || Work::Copy {
            source: place("a"),
            target: place("b"),
        };
        let plain = Options::default;
        let none = Requests::default();
        let one = Requests { head: 1, ..none };
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
        let moved = Work::Move {
            source: place("a"),
            target: place("b"),
        };
        let wanted = Requests {
            head: 3,
            copy: 1,
            delete: 1,
            ..none
        };
        assert_eq!(counted(moved, 7, plain()), wanted);
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
