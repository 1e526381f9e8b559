//! Known bugs, to be planted on purpose: each is a way in which a store like this one has lost or
//! mixed up somebody's data. `cargo xtask planted` runs the tests that claim to catch one
//! (`// catches: Name`) with that bug in place, and fails if they pass.
//!
//! None of it exists outside such a run: without the feature `planted` the question is a constant
//! `false`, and with it a build without debug assertions is refused.

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("the feature `planted` is for tests only");

/// Defines the bugs. `docs/testing.md` is made from this list: what a bug does, then the incidents
/// that it stands for.
macro_rules! bugs {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A known bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Bug {
            $($(#[$doc])* $name,)*
        }

        #[cfg(feature = "planted")]
        const ALL: &[Bug] = &[$(Bug::$name,)*];
    };
}

bugs! {
    /// A change does not check its key's head row, nor take its turn at the key. (R79, R82)
    NoHeadCheck,
    /// A transaction is not validated against the earlier members of its batch. (R79, R80)
    BlindToBatch,
    /// A commit is answered, and seen, before it is synced. (R73)
    AnswerBeforeSync,
    /// A commit is answered when it is handed in. (R34)
    AnswerAtEnqueue,
    /// A read sees the engine's latest state, whatever its snapshot is. (R34)
    ReadAtLatest,
    /// A batch is written in two halves. (R72)
    TornBatch,
    /// Extents are not synced before the rows that name them. (R73, R36)
    NoExtentSync,
    /// A new file's directory is not synced. (R73, R77)
    NoDirectorySync,
    /// Writing goes on after a failed sync. (R73)
    FailedSyncForgotten,
    /// A failed sync of object bytes stops object bytes only, not the rows that go with them. (R73)
    BytesPoisonOnlyBytes,
    /// An unknown outcome is taken for a failure. (R30)
    UnknownIsFailure,
    /// What is being completed leaves no pending row. (R13, R33)
    NoPendingRow,
    /// Opening after a crash keeps extents that were never published. (R13, R33)
    RecoveryKeepsUnpublished,
    /// The sweep frees a body that somebody reads. (R16)
    FreeUnderLease,
    /// The sweep does not wait for those who hold an older snapshot. (R16)
    NoBarrier,
    /// The sweep frees what had no reference a while ago, without a second look. (R11)
    NoSecondLook,
    /// The sweep frees an extent with the first body that goes, though others have slices of it. (R11, R14, R15)
    FreeSharedExtent,
    /// Giving back one attempt's bytes takes those that were published. (R26)
    CleanupTakesPublished,
    /// A copy onto itself gives its own body back. (R01, R05)
    SelfCopyFreesItself,
    /// A copy onto itself has no reference of its own. (R09, R10, R04)
    SelfCopySharesReference,
    /// A reference that goes leaves no mark, so nothing is ever freed. (R02, R03, R06, R18, R20, R21)
    NoMark,
    /// Reading a live object queues it to be freed. (R07)
    ReadFrees,
    /// New metadata on a copy loses the data. (R17)
    ReplaceLosesData,
    /// A copy of a deleted key copies what was deleted. (R60)
    MarkerReadsAsData,
    /// A second complete enters while the first is at work. (R22, R23, R28)
    SecondCompleteEnters,
    /// Abort does not wait for the complete under way. (R24, R31)
    AbortDoesNotWait,
    /// Abort of a completed upload gives the object's data back. (R12)
    AbortFreesCompleted,
    /// A part may be replaced while the upload is being completed. (R25, R27)
    LatePartReplaces,
    /// A repeated complete is told that there is no such upload. (R30)
    NoAnswerKept,
    /// A part sent again stays what it first was. (R37)
    FirstTryKept,
    /// A part sent again keeps the checksum of what it first was. (R37)
    ChecksumOfOldPart,
    /// An object may be moved onto itself. (R39)
    SelfMoveDeletes,
    /// A repeated move with the same token is a new move. (R30)
    TokenForgotten,
    /// A slice of a slice begins at its start. (R56)
    CutAtWrongOffset,
    /// The last byte of a range is left out. (R57)
    RangeEndExclusive,
    /// A range beyond the end is cut to what is there. (R58)
    RangeSilentlyCut,
    /// Fewer bytes than announced are taken for all. (R69, R70)
    ShortBodyStored,
    /// A copy to an object that is encrypted otherwise shares the bytes. (R50, R55)
    SharedAcrossKeys,
    /// What a copy wrote again is taken for the bytes of whatever its source is by then. (R44)
    RewriteOfAnother,
    /// A prefix job copies encrypted objects as if they were not. (R55)
    JobForgetsEncryption,
    /// A job that has ended is ended once more, as something else.
    EndedJobEndsAgain,
    /// What is to be encrypted is kept as it came. (R50)
    StoredInTheOpen,
    /// Encrypted chunks are not bound to their place.
    ChunksUncounted,
    /// Blocks are not compared with their checksums. (R75)
    ChecksumIgnored,
    /// A clean close forgets bytes that were written and refused, so that nobody looks for them. (R38)
    CloseForgetsRefused,
    /// Nothing at all is written on a full disk, deletes included. (R76)
    FullDiskRefusesDeletes,
    /// Object bytes are taken in until there is no room for what gives room back. (R76)
    GrowsToTheEnd,
    /// The room that is kept for a full disk is never given back. (R76)
    BallastKept,
    /// A rule removes a version that is not the one it judged.
    AgesWhatItNeverSaw,
    /// Version times follow the clock backwards.
    ClockRunsBack,
    /// After a crash, version times begin again where they were when the store was last closed.
    TimesNotProvided,
    /// A stretch of keys that is remembered as empty stays so when a row is put there.
    GapOutlivesPut,
    /// Rows kept in memory outlive a batch that writes them.
    StaleHotRow,
    /// An append gives back what was there before it. (R08)
    AppendFreesEarlier,
    /// A bucket goes by what was seen before writers were kept out of it. (R77)
    BucketGoesUnseen,
    /// New tags lose the object's ACL. (R80)
    TagsLoseAcl,
    /// Rows of the directory change, whatever they were seen to be. (R79, R80)
    DirectoryUnchecked,
}

impl Bug {
    /// Whether this run is with this bug in place.
    #[cfg(not(feature = "planted"))]
    #[inline(always)]
    pub(crate) const fn is_planted(self) -> bool {
        false
    }

    /// Whether this run is with this bug in place; tells that it was reached.
    #[cfg(feature = "planted")]
    pub(crate) fn is_planted(self) -> bool {
        use std::io::Write as _;
        use std::sync::{Once, OnceLock};
        static PLANTED: OnceLock<Option<Bug>> = OnceLock::new();
        static REACHED: Once = Once::new();
        let planted = PLANTED.get_or_init(|| {
            let name = std::env::var("COSETTE_PLANTED").ok()?;
            let bug = ALL.iter().find(|bug| format!("{bug:?}") == name);
            Some(*bug.expect("COSETTE_PLANTED names a bug of this list"))
        });
        let here = *planted == Some(self);
        if here {
            // The runner asks for it. Not by a macro: what a test that passes prints is lost.
            REACHED.call_once(|| {
                let _ = writeln!(std::io::stderr(), "planted: {self:?} was reached");
            });
        }
        here
    }
}

/// Takes all references of a body away, as if nothing needed it.
#[cfg(feature = "planted")]
pub(crate) async fn lose_references(
    core: &crate::store::Core,
    body: crate::tables::BodyId,
) -> Result<(), crate::Error> {
    use crate::codec::Record;
    use crate::{records::Marker, tables, txn};
    let prefix = tables::references(body);
    let snapshot = core.meta.snapshot().await?;
    let rows = txn::scan(snapshot.as_ref(), &prefix, prefix.clone(), 10).await?;
    let mut writes: Vec<_> = rows.into_iter().map(|(row, _)| (row, None)).collect();
    let link = tables::LinkId(core.new_id()?);
    writes.push((tables::free_body(body, link), Some(Marker.to_value())));
    core.write(&writes).await
}
