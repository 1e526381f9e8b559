//! What can be made to go wrong with a simulated disk, and when.

use std::io::{self, ErrorKind};

/// A fault at the n-th access that it can happen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many accesses that it could happen to go well before.
    pub after: u64,
    /// Whether it happens ever after, until the disk is healed, or once.
    pub sticky: bool,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Any access fails.
    Io,
    /// What would take room fails.
    NoSpace,
    /// Of a write, the first half is written before it fails.
    Short,
    /// A sync fails, and what it was to make durable may be lost.
    Sync,
    /// Any access is interrupted by a signal, and did nothing.
    Interrupted,
    /// The power goes. What was asked for may still happen.
    PowerCut,
    /// The power goes at what changes something, the same way.
    PowerCutInChange,
}

impl FaultKind {
    /// All that a disk with power may suffer.
    pub const POWERED: [Self; 5] = [
        Self::Io,
        Self::NoSpace,
        Self::Short,
        Self::Sync,
        Self::Interrupted,
    ];

    fn can_happen_to(self, access: Access) -> bool {
        match self {
            Self::Io | Self::Interrupted | Self::PowerCut => true,
            Self::PowerCutInChange => !matches!(access, Access::Look | Access::Read),
            Self::NoSpace => matches!(access, Access::Write | Access::Create),
            Self::Short => access == Access::Write,
            Self::Sync => access == Access::Sync,
        }
    }
}

impl Fault {
    pub(super) fn judge(&mut self, access: Access) -> Verdict {
        if !self.kind.can_happen_to(access) {
            return Verdict::Fine;
        }
        if let Some(left) = self.after.checked_sub(1) {
            self.after = left;
            return Verdict::Fine;
        }
        if !self.sticky {
            // Never reached again.
            self.after = u64::MAX;
        }
        match self.kind {
            FaultKind::Io | FaultKind::Sync => Verdict::Io,
            FaultKind::NoSpace => Verdict::NoSpace,
            FaultKind::Short => Verdict::Short,
            FaultKind::Interrupted => Verdict::Interrupted,
            FaultKind::PowerCut | FaultKind::PowerCutInChange => Verdict::PowerCut,
        }
    }
}

/// What is asked of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Look = 1,
    Create,
    Remove,
    Read,
    Write,
    Punch,
    Sync,
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    Io,
    NoSpace,
    Short,
    Interrupted,
    PowerCut,
}

impl Verdict {
    /// Whether a change is made, whatever is said about it.
    pub(super) fn happens(self) -> bool {
        matches!(self, Self::Fine | Self::PowerCut)
    }

    pub(super) fn check(self) -> io::Result<()> {
        match self {
            Self::Fine => Ok(()),
            _ => Err(self.error()),
        }
    }

    pub(super) fn error(self) -> io::Error {
        match self {
            Self::NoSpace | Self::Short => {
                io::Error::new(ErrorKind::StorageFull, "no space left (simulated)")
            }
            Self::Interrupted => ErrorKind::Interrupted.into(),
            Self::PowerCut => io::Error::other("the power was cut (simulated)"),
            Self::Fine | Self::Io => io::Error::other("the disk failed (simulated)"),
        }
    }
}
