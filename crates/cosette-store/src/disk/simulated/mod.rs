//! A disk in memory that can lose its power.
//!
//! It keeps what was synced apart from what was only written. At a crash, each change that was not
//! synced is kept, lost or torn on its own, and in no particular order, be it to a file's bytes, to
//! its length, or to a directory: closing a file syncs nothing. A sync that fails drops what it was
//! to make durable and says so once; asked again, it has nothing left to do and succeeds.
//!
//! One number decides everything, so a run can be repeated. It never waits, so drivers over it work
//! in the task that calls them.

mod faults;
mod image;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::faults::{Access, Verdict};
pub use self::faults::{Fault, FaultKind};
use self::image::{Change, Image};
use super::{Directory, DiskFile, Room};

/// A disk in memory that can lose its power. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone)]
struct State {
    random: u64,
    /// Grows with each crash: what was opened before is of no use any more.
    life: u64,
    powered: bool,
    fault: Option<Fault>,
    fired: bool,
    accesses: u64,
    trace: u64,
    room: Room,
    files: BTreeMap<u64, FileState>,
    entries: Entries,
    synced_entries: Entries,
    changed_entries: Vec<EntryChange>,
}

/// The files by directory and name.
type Entries = BTreeMap<(String, String), u64>;

#[derive(Debug, Clone)]
struct EntryChange {
    at: (String, String),
    /// The file that the name is given to; none if the name goes.
    file: Option<u64>,
}

#[derive(Debug, Clone, Default)]
struct FileState {
    synced: Image,
    seen: Image,
    changes: Vec<Change>,
}

impl SimulatedDisk {
    /// An empty disk whose crashes are decided by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = State {
            random: seed,
            life: 0,
            powered: true,
            fault: None,
            fired: false,
            accesses: 0,
            trace: 0xcbf2_9ce4_8422_2325,
            room: Room::new(1 << 40, 1 << 41),
            files: BTreeMap::new(),
            entries: Entries::new(),
            synced_entries: Entries::new(),
            changed_entries: Vec::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// A disk of its own that holds the same, and whose crashes are decided by `seed`.
    #[must_use]
    pub fn copy(&self, seed: u64) -> Self {
        let mut state = self.lock().clone();
        state.random = seed;
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// One of its directories; all are there from the beginning.
    #[must_use]
    pub fn directory(&self, name: &str) -> Arc<dyn Directory> {
        Arc::new(SimulatedDirectory {
            life: self.lock().life,
            name: name.to_owned(),
            disk: self.clone(),
        })
    }

    /// Prepares a fault, in the place of any earlier one.
    pub fn prepare(&self, fault: Fault) {
        let mut state = self.lock();
        state.fault = Some(fault);
        state.fired = false;
    }

    /// Ends all faults, and forgets them.
    pub fn heal(&self) {
        let mut state = self.lock();
        state.fault = None;
        state.fired = false;
    }

    /// Says how much room there is left from now on.
    pub fn set_room(&self, room: Room) {
        self.lock().room = room;
    }

    /// Flips one bit of what a directory's files hold, chosen by a random number; flipping it again
    /// undoes it.
    pub fn flip_bit(&self, directory: &str, random: u64) {
        let mut state = self.lock();
        let here = state
            .entries
            .iter()
            .filter(|((in_, _), _)| in_ == directory);
        let files: Vec<u64> = here.map(|(_, file)| *file).collect();
        let nth = usize::try_from(random >> 8).unwrap_or_default() % files.len().max(1);
        let file = files.get(nth).and_then(|id| state.files.get_mut(id));
        if let Some(file) = file {
            file.seen.flip_bit(random);
            file.synced.flip_bit(random);
        }
    }

    /// Whether a fault has happened since one was prepared.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.lock().fired
    }

    /// Whether it has power.
    #[must_use]
    pub fn is_powered(&self) -> bool {
        self.lock().powered
    }

    /// How often it was read, written or synced.
    #[must_use]
    pub fn accesses(&self) -> u64 {
        self.lock().accesses
    }

    /// A number that tells two different runs apart.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.lock().trace
    }

    /// Cuts the power, if it is still there, and gives it back: what the next life finds.
    pub fn crash(&self) {
        let mut state = self.lock();
        let state = &mut *state;
        state.begin_life();
        let odds = Odds::draw(&mut state.random);
        for change in std::mem::take(&mut state.changed_entries) {
            if odds.keeps(&mut state.random) {
                change.apply(&mut state.synced_entries);
            }
        }
        state.drop_unlinked();
        for file in state.files.values_mut() {
            file.settle(odds, &mut state.random);
            file.seen = file.synced.clone();
        }
    }

    /// How many changes were not synced, so that a crash decides about them.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        let state = self.lock();
        let of_files: usize = state.files.values().map(|file| file.changes.len()).sum();
        state.changed_entries.len() + of_files
    }

    /// As [`Self::crash`], but of the unsynced changes, counted always in the same order, exactly those
    /// are kept whose bits are set.
    pub fn crash_keeping(&self, kept: u64) {
        let mut state = self.lock();
        let state = &mut *state;
        state.begin_life();
        let mut nth = 0;
        let mut is_kept = || {
            nth += 1;
            kept.checked_shr(nth - 1).is_some_and(|bits| bits & 1 == 1)
        };
        for change in std::mem::take(&mut state.changed_entries) {
            if is_kept() {
                change.apply(&mut state.synced_entries);
            }
        }
        for file in state.files.values_mut() {
            for change in std::mem::take(&mut file.changes) {
                if is_kept() {
                    file.synced.apply(&change);
                }
            }
            file.seen = file.synced.clone();
        }
        state.drop_unlinked();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, for an access in the life of whoever asks, and what comes of it.
    fn access(
        &self,
        life: u64,
        access: Access,
        facts: &[u64],
    ) -> io::Result<(MutexGuard<'_, State>, Verdict)> {
        let mut state = self.lock();
        state.check(life)?;
        state.accesses += 1;
        state.note(&[access as u64]);
        state.note(facts);
        let verdict = match state.fault.as_mut() {
            Some(fault) => fault.judge(access),
            None => Verdict::Fine,
        };
        state.fired |= verdict != Verdict::Fine;
        if verdict == Verdict::PowerCut {
            state.powered = false;
        }
        Ok((state, verdict))
    }
}

/// How a crash treats what was not synced.
#[derive(Debug, Clone, Copy)]
struct Odds {
    /// Of 256 changes, how many are kept, and how many are torn.
    kept: u64,
    torn: u64,
}

impl Odds {
    /// Some crashes lose everything, some nothing, most a part.
    fn draw(random: &mut u64) -> Self {
        match next(random) % 8 {
            0 => Self { kept: 0, torn: 0 },
            1 => Self { kept: 256, torn: 0 },
            2 => Self { kept: 32, torn: 32 },
            3 => Self {
                kept: 192,
                torn: 32,
            },
            4 => Self { kept: 0, torn: 256 },
            _ => Self {
                kept: 104,
                torn: 48,
            },
        }
    }

    fn keeps(self, random: &mut u64) -> bool {
        next(random) % 256 < self.kept + self.torn / 2
    }
}

impl State {
    fn begin_life(&mut self) {
        self.life += 1;
        self.powered = true;
        self.fault = None;
        self.note(&[0xdead, self.life]);
    }

    /// What has no name after a crash is gone.
    fn drop_unlinked(&mut self) {
        self.entries = self.synced_entries.clone();
        let linked: Vec<u64> = self.entries.values().copied().collect();
        self.files.retain(|id, _| linked.contains(id));
    }

    fn check(&self, life: u64) -> io::Result<()> {
        if self.powered && self.life == life {
            Ok(())
        } else {
            Err(io::Error::other("the disk has no power"))
        }
    }

    fn note(&mut self, facts: &[u64]) {
        for fact in facts {
            self.trace = (self.trace ^ fact).wrapping_mul(0x0000_0100_0000_01b3);
            self.trace ^= self.trace >> 29;
        }
    }

    fn file(&mut self, id: u64) -> io::Result<&mut FileState> {
        // Files go in a crash only, and then nobody asks for them any more.
        self.files
            .get_mut(&id)
            .ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl FileState {
    fn change(&mut self, change: Change) {
        self.seen.apply(&change);
        self.changes.push(change);
    }

    fn sync(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            self.synced.apply(&change);
        }
    }

    /// Decides what becomes of each change that was not synced.
    fn settle(&mut self, odds: Odds, random: &mut u64) {
        for change in std::mem::take(&mut self.changes) {
            let fate = next(random) % 256;
            if fate < odds.kept {
                self.synced.apply(&change);
            } else if fate < odds.kept + odds.torn {
                for piece in change.pieces() {
                    if next(random).is_multiple_of(2) {
                        self.synced.apply(&piece);
                    }
                }
            }
        }
    }
}

impl EntryChange {
    fn apply(&self, entries: &mut Entries) {
        match self.file {
            Some(file) => entries.insert(self.at.clone(), file),
            None => entries.remove(&self.at),
        };
    }
}

/// The next random number: SplitMix64.
fn next(random: &mut u64) -> u64 {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *random;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn sum(bytes: &[u8]) -> u64 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes)
}

#[derive(Debug)]
struct SimulatedDirectory {
    disk: SimulatedDisk,
    life: u64,
    name: String,
}

impl SimulatedDirectory {
    fn at(&self, name: &str) -> (String, String) {
        (self.name.clone(), name.to_owned())
    }

    fn file(&self, id: u64) -> Arc<dyn DiskFile> {
        Arc::new(SimulatedFile {
            disk: self.disk.clone(),
            life: self.life,
            id,
        })
    }

    fn access(&self, access: Access, name: &str) -> io::Result<(MutexGuard<'_, State>, Verdict)> {
        let facts = [sum(self.name.as_bytes()), sum(name.as_bytes())];
        self.disk.access(self.life, access, &facts)
    }
}

impl Directory for SimulatedDirectory {
    fn waits(&self) -> bool {
        false
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let (state, verdict) = self.access(Access::Look, name)?;
        verdict.check()?;
        let id = state.entries.get(&self.at(name)).copied();
        Ok(self.file(id.ok_or(ErrorKind::NotFound)?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let (mut state, verdict) = self.access(Access::Create, name)?;
        let at = self.at(name);
        if state.entries.contains_key(&at) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        if verdict.happens() {
            let id = state.accesses;
            state.files.insert(id, FileState::default());
            state.entries.insert(at.clone(), id);
            let file = Some(id);
            state.changed_entries.push(EntryChange { at, file });
            verdict.check()?;
            return Ok(self.file(id));
        }
        Err(verdict.error())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let (mut state, verdict) = self.access(Access::Remove, name)?;
        let at = self.at(name);
        if !state.entries.contains_key(&at) {
            return Err(ErrorKind::NotFound.into());
        }
        if verdict.happens() {
            state.entries.remove(&at);
            state.changed_entries.push(EntryChange { at, file: None });
        }
        verdict.check()
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let (state, verdict) = self.access(Access::Look, "")?;
        verdict.check()?;
        let here = state.entries.keys().filter(|(in_, _)| *in_ == self.name);
        Ok(here.map(|(_, name)| name.clone()).collect())
    }

    fn sync(&self) -> io::Result<()> {
        let (mut state, verdict) = self.access(Access::Sync, "")?;
        let state = &mut *state;
        if verdict == Verdict::PowerCut {
            return Err(verdict.error());
        }
        let odds = Odds::draw(&mut state.random);
        let (mine, others) = std::mem::take(&mut state.changed_entries)
            .into_iter()
            .partition(|change| change.at.0 == self.name);
        state.changed_entries = others;
        let mine: Vec<EntryChange> = mine;
        for change in mine {
            if verdict == Verdict::Fine || odds.keeps(&mut state.random) {
                change.apply(&mut state.synced_entries);
            }
        }
        verdict.check()
    }

    fn room(&self) -> io::Result<Room> {
        let state = self.disk.lock();
        state.check(self.life)?;
        Ok(state.room)
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    life: u64,
    id: u64,
}

impl SimulatedFile {
    fn look<T>(&self, look: impl FnOnce(&Image) -> T) -> io::Result<T> {
        let mut state = self.disk.lock();
        state.check(self.life)?;
        Ok(look(&state.file(self.id)?.seen))
    }

    fn access(
        &self,
        access: Access,
        offset: u64,
        bytes: u64,
        sum: u64,
    ) -> io::Result<(MutexGuard<'_, State>, Verdict)> {
        let facts = [self.id, offset, bytes, sum];
        self.disk.access(self.life, access, &facts)
    }

    fn change(&self, access: Access, change: Change, facts: (u64, u64, u64)) -> io::Result<()> {
        let (mut state, verdict) = self.access(access, facts.0, facts.1, facts.2)?;
        let file = state.file(self.id)?;
        match (verdict, change) {
            (Verdict::Short, Change::Write { offset, mut bytes }) => {
                bytes.truncate(bytes.len() / 2);
                file.change(Change::Write { offset, bytes });
            }
            (verdict, change) if verdict.happens() => file.change(change),
            _ => {}
        }
        verdict.check()
    }

    fn sync(&self) -> io::Result<()> {
        let (mut state, verdict) = self.access(Access::Sync, 0, 0, 0)?;
        let state = &mut *state;
        let odds = Odds::draw(&mut state.random);
        let mut random = state.random;
        let file = state.file(self.id)?;
        match verdict {
            Verdict::Fine => file.sync(),
            // It may have come to its end, or the crash decides.
            Verdict::PowerCut if next(&mut random).is_multiple_of(3) => file.sync(),
            Verdict::PowerCut => {}
            _ => file.settle(odds, &mut random),
        }
        state.random = random;
        verdict.check()
    }
}

impl DiskFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        self.look(Image::length)
    }

    fn allocated_bytes(&self) -> io::Result<u64> {
        self.look(Image::allocated_bytes)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let (mut state, verdict) = self.access(Access::Read, offset, bytes.len() as u64, 0)?;
        verdict.check()?;
        if state.file(self.id)?.seen.read(bytes, offset) {
            Ok(())
        } else {
            Err(ErrorKind::UnexpectedEof.into())
        }
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let facts = (offset, bytes.len() as u64, sum(bytes));
        let bytes = bytes.to_vec();
        self.change(Access::Write, Change::Write { offset, bytes }, facts)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.change(Access::Write, Change::Length(length), (length, 0, 1))
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        self.look(|image| image.next_data(offset))
    }

    fn punch(&self, offset: u64, bytes: u64) -> io::Result<bool> {
        let change = Change::Punch { offset, bytes };
        self.change(Access::Punch, change, (offset, bytes, 2))?;
        Ok(true)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync()
    }
}
