//! What is to be done: the operations, how large, how many at once, for how long; and which of these
//! go together.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Most connections at once.
pub const CONCURRENCY_MAX: usize = 4096;
/// Longest run.
pub(crate) const DURATION_MAX: Duration = Duration::from_secs(24 * 3600);
/// A run that is bounded by a count ends after this time all the same.
pub(crate) const COUNT_TIME_MAX: Duration = Duration::from_secs(3600);
/// Most prepared objects.
pub(crate) const OBJECTS_MAX: u64 = 100_000_000;
/// Largest object: 10,000 parts of 5 GiB.
const SIZE_MAX: u64 = 10_000 * (5 << 30);
/// Larger objects cannot be put in one request, and are not.
pub(crate) const WHOLE_BYTES_MAX: u64 = 1 << 30;
/// Least and most bytes of a part that is not the last.
const PART_BYTES: std::ops::RangeInclusive<u64> = (1 << 20)..=(5 << 30);
/// Most parts of an object.
const PARTS_MAX: u64 = 10_000;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// PUT Object, each to a key of its own.
    Put,
    /// GET Object, all of it.
    Get,
    /// HEAD Object.
    Head,
    /// GET Bucket: a page of 1,000 keys, beginning anywhere.
    List,
    /// DELETE Object, each prepared object once.
    Delete,
    /// PUT Object - Copy, each to a key of its own.
    Copy,
    /// Upload Part - Copy of one part of a source.
    PartCopy,
    /// A whole object by HEAD, initiate, Upload Part - Copy for each part, and complete.
    SliceCopy,
    /// Copy, then delete of the source.
    Move,
    /// Move in one request.
    Rename,
}

impl Op {
    /// All operations.
    pub const ALL: [Self; 10] = [
        Self::Put,
        Self::Get,
        Self::Head,
        Self::List,
        Self::Delete,
        Self::Copy,
        Self::PartCopy,
        Self::SliceCopy,
        Self::Move,
        Self::Rename,
    ];

    /// Its name on command lines and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Get => "get",
            Self::Head => "head",
            Self::List => "list",
            Self::Delete => "delete",
            Self::Copy => "copy",
            Self::PartCopy => "part-copy",
            Self::SliceCopy => "slice-copy",
            Self::Move => "move",
            Self::Rename => "rename",
        }
    }

    /// Whether it takes prepared objects away or renames them.
    const fn uses_up(self) -> bool {
        matches!(self, Self::Delete | Self::Move | Self::Rename)
    }

    /// Whether its sources are made of parts.
    const fn needs_parts(self) -> bool {
        matches!(self, Self::PartCopy | Self::SliceCopy)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One operation, or several by weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    name: String,
    weights: Vec<(Op, u32)>,
}

impl Workload {
    /// Operations that may be mixed: a delete there removes what the same worker has put or copied.
    const MIXABLE: [Op; 6] = [Op::Put, Op::Get, Op::Head, Op::List, Op::Delete, Op::Copy];

    /// One operation.
    pub fn one(op: Op) -> Self {
        Self {
            name: op.to_string(),
            weights: vec![(op, 1)],
        }
    }

    /// What a busy bucket sees: mostly reads, some writes and copies.
    pub fn mixed() -> Self {
        Self {
            name: "mixed".to_owned(),
            weights: vec![
                (Op::Get, 45),
                (Op::Head, 25),
                (Op::Put, 12),
                (Op::Copy, 10),
                (Op::Delete, 5),
                (Op::List, 3),
            ],
        }
    }

    /// Its operations and their weights.
    pub fn weights(&self) -> &[(Op, u32)] {
        &self.weights
    }

    /// The operation, if it is one alone.
    pub fn alone(&self) -> Option<Op> {
        match self.weights.as_slice() {
            [(op, _)] => Some(*op),
            _ => None,
        }
    }

    /// The operation that a number below the sum of weights stands for.
    pub(crate) fn pick(&self, number: u64) -> Op {
        let mut left = number;
        for (op, weight) in &self.weights {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return *op,
            }
        }
        self.weights.last().map_or(Op::Head, |(op, _)| *op)
    }

    pub(crate) fn weight(&self) -> u64 {
        self.weights
            .iter()
            .map(|(_, weight)| u64::from(*weight))
            .sum()
    }

    fn has(&self, what: impl Fn(Op) -> bool) -> bool {
        self.weights.iter().any(|(op, _)| what(*op))
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for Workload {
    type Err = String;

    /// The name of an operation, `mixed`, or weights such as `get=70,put=20,copy=10`.
    fn from_str(text: &str) -> Result<Self, String> {
        let named = |name: &str| Op::ALL.into_iter().find(|op| op.as_str() == name);
        if text == "mixed" {
            return Ok(Self::mixed());
        }
        if let Some(op) = named(text) {
            return Ok(Self::one(op));
        }
        if !text.contains('=') {
            let all = Op::ALL.map(Op::as_str).join(", ");
            return Err(format!("`{text}` is none of: {all}, mixed"));
        }
        let mut weights = Vec::new();
        for part in text.split(',') {
            let form = || format!("`{part}`: write weights as in get=70,put=20,copy=10");
            let (name, weight) = part.split_once('=').ok_or_else(form)?;
            let op = named(name.trim()).ok_or_else(form)?;
            let weight: u32 = weight.trim().parse().map_err(|_| form())?;
            if !Self::MIXABLE.contains(&op) {
                let able = Self::MIXABLE.map(Op::as_str).join(", ");
                return Err(format!("{op} cannot be mixed; these can: {able}"));
            }
            if weight == 0 || weights.iter().any(|(known, _)| *known == op) {
                return Err(format!(
                    "{op}: give each operation once, with a weight above 0"
                ));
            }
            weights.push((op, weight));
        }
        let name = text.to_owned();
        Ok(Self { name, weights })
    }
}

/// A whole run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is done.
    pub workload: Workload,
    /// Bytes of each object.
    pub size: u64,
    /// Objects prepared before the measurement.
    pub objects: u64,
    /// Whether all workers read one and the same object.
    pub hot: bool,
    /// Connections, each with one request at a time.
    pub concurrency: usize,
    /// Threads that the connections are spread over.
    pub threads: usize,
    /// How long it is measured.
    pub duration: Option<Duration>,
    /// How many operations are measured.
    pub count: Option<u64>,
    /// Bytes of a part.
    pub part_size: u64,
    /// Whether ranges of part copies cut across the source's parts.
    pub unaligned: bool,
    /// Whether listings fold keys at the delimiter.
    pub folded: bool,
    /// Slices that each server's share is cut into when servers are compared.
    pub rounds: u32,
    /// What the names of all keys begin with, before a name of the run.
    pub prefix: String,
    /// The sources of an earlier run that was kept: its whole prefix.
    pub reuse: Option<String>,
    /// Whether everything stays where it is.
    pub keep: bool,
    /// How long one request may take, answer included.
    pub timeout: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            workload: Workload::mixed(),
            size: 4096,
            objects: 1000,
            hot: false,
            concurrency: 1,
            threads: 1,
            duration: None,
            count: None,
            part_size: 64 << 20,
            unaligned: false,
            folded: false,
            rounds: 5,
            prefix: String::new(),
            reuse: None,
            keep: false,
            timeout: Duration::from_secs(300),
        }
    }
}

impl Plan {
    /// Whether the parts of it go together.
    ///
    /// # Errors
    /// In words for the one who wrote the command line.
    pub fn check(&self) -> Result<(), String> {
        let must = |holds: bool, words: &str| if holds { Ok(()) } else { Err(words.to_owned()) };
        let most = format!("the concurrency must be 1 to {CONCURRENCY_MAX}");
        must((1..=CONCURRENCY_MAX).contains(&self.concurrency), &most)?;
        let few = "there must be at least one thread, and not more threads than connections";
        must((1..=self.concurrency).contains(&self.threads), few)?;
        must(
            self.duration
                .is_none_or(|time| !time.is_zero() && time <= DURATION_MAX),
            "the duration must be above zero and at most 24 hours",
        )?;
        must(self.count != Some(0), "a count of 0 measures nothing")?;
        must(
            (1..=OBJECTS_MAX).contains(&self.objects),
            "the number of objects must be 1 to 100000000",
        )?;
        must(self.size <= SIZE_MAX, "no object can be that large")?;
        must(
            (1..=1000).contains(&self.rounds),
            "the number of rounds must be 1 to 1000",
        )?;
        must(!self.timeout.is_zero(), "a request needs time")?;
        self.check_parts()?;
        let uses_up = self.workload.alone().is_some_and(Op::uses_up);
        must(
            !(self.reuse.is_some() && uses_up),
            "this operation would take away the objects of the earlier run: prepare new ones",
        )?;
        must(
            !(self.hot && uses_up),
            "this operation changes each object once, so none can be hot",
        )?;
        must(
            !self.folded || self.workload.has(|op| op == Op::List),
            "only listings can be folded",
        )
    }

    fn check_parts(&self) -> Result<(), String> {
        let parts = self.workload.has(Op::needs_parts);
        if !self.makes_parts() {
            return match (parts, self.unaligned) {
                (true, _) => Err("a part copy needs sources of at least one byte".to_owned()),
                (false, true) => {
                    Err("only part copies and slice copies can be unaligned".to_owned())
                }
                (false, false) => Ok(()),
            };
        }
        if !PART_BYTES.contains(&(self.part_size + u64::from(self.unaligned))) {
            return Err("a part has 1 MiB to 5 GiB".to_owned());
        }
        if self.size.div_ceil(self.part_size) > PARTS_MAX {
            return Err("that makes more than 10,000 parts: give larger ones".to_owned());
        }
        if self.unaligned && (!parts || self.size < 2 * self.part_size) {
            return Err(
                "unaligned ranges need part copies of sources of at least two parts".to_owned(),
            );
        }
        Ok(())
    }

    /// Whether sources are put part by part.
    pub(crate) fn makes_parts(&self) -> bool {
        self.size > WHOLE_BYTES_MAX || (self.workload.has(Op::needs_parts) && self.size > 0)
    }

    /// How long one server is measured at most.
    pub(crate) fn time(&self) -> Duration {
        match (self.duration, self.count) {
            (Some(time), _) => time,
            (None, Some(_)) => COUNT_TIME_MAX,
            (None, None) => Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(workload: &str) -> Plan {
        Plan {
            workload: workload.parse().unwrap(),
            ..Plan::default()
        }
    }

    #[test]
    fn workloads_are_operations_or_weights() {
        assert_eq!(
            "part-copy".parse::<Workload>().unwrap().alone(),
            Some(Op::PartCopy)
        );
        let mixed: Workload = "get=70, put=20,copy=10".parse().unwrap();
        assert_eq!((mixed.weight(), mixed.alone()), (100, None));
        let picked = [0, 69, 70, 89, 90, 99].map(|number| mixed.pick(number));
        assert_eq!(
            picked,
            [Op::Get, Op::Get, Op::Put, Op::Put, Op::Copy, Op::Copy]
        );
        for bad in [
            "",
            "gets",
            "get=",
            "get=0",
            "get=1,get=2",
            "rename=5",
            "get=1;put=2",
            "x=1",
        ] {
            assert!(bad.parse::<Workload>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let refused = |plan: Plan| plan.check().is_err();
        assert_eq!(Plan::default().check(), Ok(()));
        assert!(refused(Plan {
            concurrency: 0,
            ..of("get")
        }));
        assert!(refused(Plan {
            concurrency: CONCURRENCY_MAX + 1,
            ..of("get")
        }));
        assert!(refused(Plan {
            threads: 2,
            ..of("get")
        }));
        assert!(refused(Plan {
            duration: Some(Duration::ZERO),
            ..of("get")
        }));
        assert!(refused(Plan {
            count: Some(0),
            ..of("get")
        }));
        assert!(refused(Plan {
            objects: 0,
            ..of("get")
        }));
        assert!(refused(Plan {
            rounds: 0,
            ..of("get")
        }));
        assert!(refused(Plan {
            reuse: Some("p/".into()),
            ..of("rename")
        }));
        assert!(refused(Plan {
            hot: true,
            ..of("delete")
        }));
        assert!(refused(Plan {
            folded: true,
            ..of("get")
        }));
        assert!(refused(Plan {
            unaligned: true,
            ..of("copy")
        }));
        assert!(refused(Plan {
            size: 0,
            ..of("part-copy")
        }));
        assert!(refused(Plan {
            size: 64 << 20,
            unaligned: true,
            ..of("part-copy")
        }));
        assert!(refused(Plan {
            size: 1 << 40,
            part_size: 1 << 20,
            ..of("slice-copy")
        }));
        let fine = Plan {
            size: 5 << 30,
            unaligned: true,
            ..of("part-copy")
        };
        assert_eq!(fine.check(), Ok(()));
    }

    #[test]
    fn a_run_is_bounded_whatever_bounds_it() {
        let time = |plan: Plan| plan.time();
        assert_eq!(time(of("get")), Duration::from_secs(10));
        assert_eq!(
            time(Plan {
                count: Some(5),
                ..of("get")
            }),
            COUNT_TIME_MAX
        );
        let second = Duration::from_secs(1);
        assert_eq!(
            time(Plan {
                count: Some(5),
                duration: Some(second),
                ..of("get")
            }),
            second
        );
    }
}
