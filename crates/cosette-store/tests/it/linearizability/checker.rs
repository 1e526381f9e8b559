//! Whether what clients were told could have happened one after the other, each call at one instant
//! between its beginning and its end, over a plain map of keys.
//!
//! After Wing, Gong and Lowe: walk through beginnings and ends in time; keep every state that the
//! calls ended so far allow, with the calls under way that have had their effect in it; when a call
//! ends, those states live on in which it has, or can have, had its effect with the answer it gave.
//! Equal ones are kept once. A call whose answer nobody got may have its effect at any later time, or
//! never; but before the next life, if its own was ended. Keys that no call joins are checked apart.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// A key's number.
pub(crate) type Key = usize;
/// What a key holds: its content in the lower half, of which each is written by one call only, with
/// how it is encrypted in the two highest bits of that half; and its tag in the upper half, of which
/// each is set by one call only.
pub(crate) type Value = u64;

/// Where the lower half tells how a content is encrypted.
const KIND_BIT: u32 = 30;

/// How a content is encrypted: not at all, with the system's key, or with one of two customers'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Open,
    Managed,
    One,
    Two,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Open, Self::Managed, Self::One, Self::Two];

    /// The customer's key that must be given whenever it is read.
    pub(crate) fn key(self) -> Option<u8> {
        match self {
            Self::Open | Self::Managed => None,
            Self::One => Some(1),
            Self::Two => Some(2),
        }
    }
}

/// The content alone, which is what tags of objects and listings tell.
pub(crate) fn content_of(value: Value) -> Value {
    value & ((1 << KIND_BIT) - 1)
}

pub(crate) fn kind_of(value: Value) -> Kind {
    let kinds = Kind::ALL.into_iter();
    let mut kinds = kinds.filter(|kind| kept_as(value, *kind) == value);
    kinds.next().expect("two bits have four values")
}

/// The same, encrypted like this.
pub(crate) fn kept_as(value: Value, kind: Kind) -> Value {
    value & !(3 << KIND_BIT) | (kind as u64) << KIND_BIT
}

/// The content, encrypted as it is, with a tag set; without one if it is 0.
pub(crate) fn tagged_as(content: Value, tag: u32) -> Value {
    content & u64::from(u32::MAX) | u64::from(tag) << 32
}

/// Whether this customer's key, or none, is what it takes to read it.
fn opens(with: Option<u8>, held: Value) -> bool {
    kind_of(held).key() == with
}

/// Most keys of one history.
pub(crate) const KEYS_MAX: usize = 6;
/// Most calls under way at the same time, those without an answer included.
const OPEN_MAX: usize = 64;

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    /// Puts an object, or completes an upload.
    Put {
        key: Key,
        value: Value,
    },
    /// Puts an object where none is.
    New {
        key: Key,
        value: Value,
    },
    /// Reads a key with a customer's key or without.
    Get {
        key: Key,
        with: Option<u8>,
    },
    /// Copies a key into a part: only its content.
    Look {
        key: Key,
        with: Option<u8>,
    },
    Delete {
        key: Key,
    },
    /// Deletes a key if it has this content.
    DeleteIf {
        key: Key,
        value: Value,
    },
    /// Sets the tag of a key.
    Tag {
        key: Key,
        tag: u32,
    },
    /// Reads with a customer's key or without, and keeps the copy encrypted like this.
    Copy {
        from: Key,
        with: Option<u8>,
        to: Key,
        kept: Kind,
    },
    /// Copies if the source holds this.
    CopyIf {
        from: Key,
        with: Option<u8>,
        value: Value,
        to: Key,
        kept: Kind,
    },
    Move {
        from: Key,
        to: Key,
    },
    /// Lists all keys.
    List,
}

/// What a client was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    /// What was read, copied or moved; nothing if there was no such key.
    Held(Option<Value>),
    /// A condition did not hold, or the key was not the one.
    Refused,
    Listed(State),
}

/// What each key holds.
pub(crate) type State = [Option<Value>; KEYS_MAX];

/// One call of a client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) op: Op,
    pub(crate) begun: u64,
    /// When it ended and what it answered; `None` if nobody was told.
    pub(crate) ended: Option<(u64, Answer)>,
    /// When whoever could have done it was gone for certain: without an answer, it has had its
    /// effect before, or never has.
    pub(crate) gone: Option<u64>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { op, begun, .. } = self;
        match (self.ended, self.gone) {
            (Some((end, answer)), _) => write!(f, "{begun}-{end} {op:?}: {answer:?}"),
            (None, Some(gone)) => write!(f, "{begun}-?{gone} {op:?}"),
            (None, None) => write!(f, "{begun}-? {op:?}"),
        }
    }
}

impl Call {
    /// When it is not under way any more.
    fn over(&self) -> Option<u64> {
        self.ended.map(|(end, _)| end).or(self.gone)
    }

    /// Whether its answer says that it changed nothing, in whatever state.
    fn only_read(&self) -> bool {
        let told = self.ended.map(|(_, answer)| answer);
        matches!(self.op, Op::Get { .. } | Op::Look { .. } | Op::List)
            || matches!(told, Some(Answer::Held(None) | Answer::Refused))
    }
}

/// Why a history is impossible: the call whose answer no order explains, and those around it.
pub(crate) struct Impossible {
    call: Box<Call>,
    around: Vec<Call>,
}

impl fmt::Debug for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}\namong", self.call)?;
        let mut calls = self.around.iter();
        calls.try_for_each(|call| writeln!(f, "  {call:?}"))
    }
}

impl Op {
    /// The answer in a state, and the state after it.
    pub(crate) fn happen(self, state: &State) -> (Answer, State) {
        let mut after = *state;
        let answer = match self {
            Self::Put { key, value } => {
                after[key] = Some(value);
                Answer::Done
            }
            Self::New { key, .. } if state[key].is_some() => Answer::Refused,
            Self::New { key, value } => {
                after[key] = Some(value);
                Answer::Done
            }
            Self::Get { key, with } | Self::Look { key, with }
                if state[key].is_some_and(|held| !opens(with, held)) =>
            {
                Answer::Refused
            }
            Self::Get { key, .. } => Answer::Held(state[key]),
            Self::Look { key, .. } => Answer::Held(state[key].map(content_of)),
            Self::Delete { key } => {
                after[key] = None;
                Answer::Done
            }
            Self::DeleteIf { key, value } if state[key].map(content_of) != Some(value) => {
                Answer::Refused
            }
            Self::DeleteIf { key, .. } => {
                after[key] = None;
                Answer::Done
            }
            Self::Tag { key, tag } => {
                after[key] = state[key].map(|held| tagged_as(held, tag));
                Answer::Held(state[key].map(|_| tagged_as(0, tag)))
            }
            Self::CopyIf { from, value, .. }
                if state[from].is_some_and(|held| content_of(held) != value) =>
            {
                Answer::Refused
            }
            Self::Copy { from, with, .. } | Self::CopyIf { from, with, .. }
                if state[from].is_some_and(|held| !opens(with, held)) =>
            {
                Answer::Refused
            }
            Self::Copy { from, to, kept, .. } | Self::CopyIf { from, to, kept, .. } => {
                let copy = state[from].map(|held| kept_as(held, kept));
                after[to] = copy.or(after[to]);
                Answer::Held(state[from].map(content_of))
            }
            Self::Move { from, to } => {
                if state[from].is_some() {
                    after[to] = state[from];
                    after[from] = None;
                }
                Answer::Held(state[from].map(content_of))
            }
            Self::List => Answer::Listed(state.map(|held| held.map(content_of))),
        };
        (answer, after)
    }

    /// The keys that it looks at or changes.
    fn keys(self) -> Vec<Key> {
        match self {
            Self::Put { key, .. }
            | Self::New { key, .. }
            | Self::Get { key, .. }
            | Self::Look { key, .. }
            | Self::DeleteIf { key, .. }
            | Self::Tag { key, .. }
            | Self::Delete { key } => vec![key],
            Self::Copy { from, to, .. }
            | Self::CopyIf { from, to, .. }
            | Self::Move { from, to } => vec![from, to],
            Self::List => (0..KEYS_MAX).collect(),
        }
    }
}

/// Checks a history that begins with no keys at all.
pub(crate) fn check(history: &[Call]) -> Result<(), Impossible> {
    groups(history)
        .iter()
        .try_for_each(|group| check_group(group))
}

/// The calls, apart by groups of keys that no call joins.
fn groups(history: &[Call]) -> Vec<Vec<Call>> {
    let mut group_of: [usize; KEYS_MAX] = std::array::from_fn(|key| key);
    for call in history {
        let keys = call.op.keys();
        let target = group_of[keys[0]];
        for key in &keys {
            let joined = group_of[*key];
            for group in &mut group_of {
                if *group == joined {
                    *group = target;
                }
            }
        }
    }
    let mut groups = vec![Vec::new(); KEYS_MAX];
    for call in history {
        groups[group_of[call.op.keys()[0]]].push(*call);
    }
    groups
}

/// A way in which things may have gone so far.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Way {
    state: State,
    /// Which of the calls under way have had their effect.
    done: u64,
}

impl Hash for Way {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let fold = |sum: u64, held: Option<Value>| {
            let mixed = (sum ^ held.unwrap_or(u64::MAX)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            mixed ^ (mixed >> 29)
        };
        hasher.write_u64(self.state.into_iter().fold(self.done, fold));
    }
}

/// Takes what is mixed well already: judging is mostly looking up ways.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only ways are hashed, each as one number");
    }

    fn write_u64(&mut self, mixed: u64) {
        self.0 = mixed;
    }
}

type Ways = HashSet<Way, BuildHasherDefault<Mixed>>;

fn check_group(history: &[Call]) -> Result<(), Impossible> {
    let mut events: Vec<(u64, bool, usize)> = Vec::new();
    for (index, call) in history.iter().enumerate() {
        events.push((call.begun, false, index));
        if let Some(over) = call.over() {
            assert!(over > call.begun, "{call:?}");
            events.push((over, true, index));
        }
    }
    events.sort_unstable();
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut ways = Ways::default();
    ways.insert(Way {
        state: State::default(),
        done: 0,
    });
    for (_, is_end, index) in events {
        if !is_end {
            match open.iter_mut().find(|slot| slot.is_none()) {
                Some(free) => *free = Some(index),
                None => open.push(Some(index)),
            }
            assert!(open.len() <= OPEN_MAX, "too many calls under way");
            continue;
        }
        let slot = open.iter().position(|one| *one == Some(index)).unwrap();
        let never = without_effect(&history[index], &ways, slot);
        ways = with_effect(history, &open, &ways, slot);
        ways.extend(never);
        if ways.is_empty() {
            let near = |call: &&Call| {
                let at = history[index];
                call.begun <= at.over().unwrap_or(u64::MAX)
                    && call.over().is_none_or(|over| over + 12 > at.begun)
            };
            return Err(Impossible {
                call: Box::new(history[index]),
                around: history.iter().filter(near).copied().collect(),
            });
        }
        open[slot] = None;
    }
    Ok(())
}

/// Calls that only read, and can have their answer in this state, may as well have had it now:
/// whatever else can happen then, can happen after them.
fn with_reads(history: &[Call], open: &[Option<usize>], state: &State, mut done: u64) -> u64 {
    for (slot, index) in open.iter().enumerate() {
        if let Some(index) = index.filter(|_| done & (1 << slot) == 0) {
            let call = history[index];
            let told = call.ended.map(|(_, answer)| answer);
            if call.only_read() && told == Some(call.op.happen(state).0) {
                done |= 1 << slot;
            }
        }
    }
    done
}

/// The ways in which the call in `slot`, which nobody was told of, has had no effect by its end and
/// so never has.
fn without_effect(call: &Call, ways: &Ways, slot: usize) -> Vec<Way> {
    let not_yet = |way: &&Way| call.ended.is_none() && way.done & (1 << slot) == 0;
    ways.iter().filter(not_yet).copied().collect()
}

/// The ways in which the call in `slot` has had its effect, and is not under way any more.
fn with_effect(history: &[Call], open: &[Option<usize>], ways: &Ways, slot: usize) -> Ways {
    let bit = |slot: usize| 1u64 << slot;
    let mut after = Ways::default();
    let mut seen = ways.clone();
    let mut left: Vec<Way> = ways.iter().copied().collect();
    while let Some(Way { state, done }) = left.pop() {
        let done = with_reads(history, open, &state, done);
        if done & bit(slot) != 0 {
            after.insert(Way {
                state,
                done: done & !bit(slot),
            });
            continue;
        }
        for (other, index) in open.iter().enumerate() {
            let Some(index) = index.filter(|_| done & bit(other) == 0) else {
                continue;
            };
            let call = history[index];
            let (answer, next) = call.op.happen(&state);
            let possible = match call.ended {
                Some((_, told)) => told == answer,
                // Without any effect it may as well not have happened.
                None => next != state,
            };
            let way = Way {
                state: next,
                done: done | bit(other),
            };
            if possible && seen.insert(way) {
                left.push(way);
            }
        }
    }
    after
}
