//! The tables: which rows there are and what their keys look like. `docs/format.md` tells the same
//! byte for byte.
//!
//! A key begins with its table's byte. Object keys hold no NUL, so a NUL ends them and keeps the byte
//! order of keys: all rows of `a` come before those of `ab`.

use bytes::Bytes;
use cosette_types::{BucketName, ObjectKey, PartNumber, Timestamp, UploadId, VersionTime};

use crate::extents::ExtentId;

/// Declares an id of 16 random bytes.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub(crate) [u8; 16]);
    };
}

id!(
    /// A bucket's own id: a bucket made again under an old name shares nothing with the old one.
    BucketId
);
id!(
    /// A body.
    BodyId
);
id!(
    /// One reference to a body: the internal id of a version or part.
    LinkId
);
id!(
    /// An upload's own id, shorter than the one clients see.
    UploadRef
);

id!(
    /// A prefix job.
    JobId
);

/// A kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Table {
    /// `m`: format version and epoch; one row.
    Format,
    /// `b` name → bucket.
    Bucket,
    /// `h` bucket, key → head: what is current.
    Head,
    /// `v` bucket, key, NUL, inverted time → version or delete marker.
    Version,
    /// `d` body → size, digests, list of parts and slices.
    Body,
    /// `c` body, number → more of that list.
    Chain,
    /// `r` body, link → who refers to the body.
    Reference,
    /// `e` extent → where it is.
    Extent,
    /// `x` extent → the bytes of a tiny one. The byte must never change.
    Tiny,
    /// `l` extent, body → nothing: the body has slices of the extent.
    Slice,
    /// `u` bucket, key, NUL, upload id → unfinished upload.
    Upload,
    /// `p` upload, number → part.
    Part,
    /// `k` bucket, key, NUL, upload id → the answer to a completed upload.
    Answer,
    /// `y` bucket, token → the answer to a move.
    Token,
    /// `n` body, start, end → digests of that range.
    Digest,
    /// `z` epoch, body → what is under way and not yet published.
    Pending,
    /// `w` upload → nothing: its parts are to be given back.
    Leftover,
    /// `g` body, link → nothing: a reference went; the body may be free.
    FreeBody,
    /// `f` extent, body → whether it is tiny: a body went; the extent may be free.
    FreeExtent,
    /// `j` extent → address: no row refers to it; its space is to be given back.
    Punch,
    /// `t` time, random → the key of a row that is no longer needed from then on.
    Expiry,
    /// `o` name → what the server keeps there: users, keys, policies.
    Directory,
    /// `s` bucket, kind, number → a piece of one of the bucket's settings documents.
    Setting,
    /// `a` job → a prefix job, and how far it is.
    Job,
    /// `q` job, number → an object that the job left where it was.
    JobFailure,
    /// `i` transaction → nothing: it happened, or never will (see `txn`).
    Outcome,
}

/// How the rows of a table travel from one store to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Travels {
    /// Every row, unchanged.
    AsItIs,
    /// Every row, changed where it speaks of this process.
    Changed,
    /// After all others: nothing is visible before.
    Last,
    /// Those of bodies that something refers to.
    WithBody,
    /// Those of extents that such a body has slices of; the bytes are what travels.
    WithExtent,
    /// None: it is about this process or this disk, or is made again from others.
    Never,
}

impl Table {
    /// Tables that nearly every request reads and hardly any writes, by the first bytes of
    /// their keys.
    pub(crate) const HOT: &[u8] = &[
        Self::Format.byte(),
        Self::Bucket.byte(),
        Self::Directory.byte(),
        Self::Setting.byte(),
    ];

    /// Tables that listings walk, by the first bytes of their keys.
    pub(crate) const LISTED: &[u8] =
        &[Self::Head.byte(), Self::Version.byte(), Self::Upload.byte()];

    /// Tables with rows for each object, or more: an engine that merges what is new into what lies
    /// around it should keep each by itself.
    pub(crate) const APART: [Self; 6] = [
        Self::Head,
        Self::Version,
        Self::Body,
        Self::Reference,
        Self::Extent,
        Self::Slice,
    ];

    pub(crate) const ALL: [Self; 26] = [
        Self::Format,
        Self::Bucket,
        Self::Head,
        Self::Version,
        Self::Body,
        Self::Chain,
        Self::Reference,
        Self::Extent,
        Self::Tiny,
        Self::Slice,
        Self::Upload,
        Self::Part,
        Self::Answer,
        Self::Token,
        Self::Digest,
        Self::Pending,
        Self::Leftover,
        Self::FreeBody,
        Self::FreeExtent,
        Self::Punch,
        Self::Expiry,
        Self::Directory,
        Self::Setting,
        Self::Job,
        Self::JobFailure,
        Self::Outcome,
    ];

    /// The first byte of its keys.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Format => b'm',
            Self::Bucket => b'b',
            Self::Head => b'h',
            Self::Version => b'v',
            Self::Body => b'd',
            Self::Chain => b'c',
            Self::Reference => b'r',
            Self::Extent => b'e',
            Self::Tiny => b'x',
            Self::Slice => b'l',
            Self::Upload => b'u',
            Self::Part => b'p',
            Self::Answer => b'k',
            Self::Token => b'y',
            Self::Digest => b'n',
            Self::Pending => b'z',
            Self::Leftover => b'w',
            Self::FreeBody => b'g',
            Self::FreeExtent => b'f',
            Self::Punch => b'j',
            Self::Expiry => b't',
            Self::Directory => b'o',
            Self::Setting => b's',
            Self::Job => b'a',
            Self::JobFailure => b'q',
            Self::Outcome => b'i',
        }
    }

    /// How its rows travel from one store to another. A new table says so here, and whatever is not
    /// remade by the store that takes it is part of the backup.
    pub(crate) const fn travels(self) -> Travels {
        match self {
            Self::Head
            | Self::Version
            | Self::Reference
            | Self::Part
            | Self::Answer
            | Self::Token
            | Self::Leftover
            | Self::Setting
            | Self::Directory => Travels::AsItIs,
            Self::Bucket => Travels::Last,
            Self::Upload | Self::Expiry => Travels::Changed,
            Self::Body | Self::Chain | Self::Digest => Travels::WithBody,
            Self::Extent | Self::Tiny => Travels::WithExtent,
            Self::Format
            | Self::Slice
            | Self::Pending
            | Self::FreeBody
            | Self::FreeExtent
            | Self::Punch
            // What was under way in one store is not begun again in another.
            | Self::Job
            | Self::JobFailure
            | Self::Outcome => Travels::Never,
        }
    }

    /// A key of this table, or the prefix of several, made of these pieces.
    pub(crate) fn key(self, pieces: &[&[u8]]) -> Bytes {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        let mut key = Vec::with_capacity(length + 1);
        key.push(self.byte());
        for piece in pieces {
            key.extend_from_slice(piece);
        }
        key.into()
    }
}

/// The first key after all that begin with `prefix`; `None` if there is none.
pub(crate) fn after_prefix(prefix: &[u8]) -> Option<Bytes> {
    let kept = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut after = prefix.get(..=kept)?.to_vec();
    if let Some(last) = after.last_mut() {
        *last += 1;
    }
    Some(after.into())
}

/// The first key after this one.
pub(crate) fn after(key: &[u8]) -> Bytes {
    let mut after = Vec::with_capacity(key.len() + 1);
    after.extend_from_slice(key);
    after.push(0);
    after.into()
}

pub(crate) fn format() -> Bytes {
    Table::Format.key(&[])
}

/// There while an import is under way: what is in the store is not whole.
pub(crate) fn importing() -> Bytes {
    Table::Format.key(&[b"import"])
}

pub(crate) fn bucket(name: &BucketName) -> Bytes {
    Table::Bucket.key(&[name.as_str().as_bytes()])
}

pub(crate) fn head(bucket: BucketId, key: &ObjectKey) -> Bytes {
    Table::Head.key(&[&bucket.0, key.as_str().as_bytes()])
}

/// The prefix of all versions of a key; newer ones sort first.
pub(crate) fn versions(bucket: BucketId, key: &ObjectKey) -> Bytes {
    Table::Version.key(&[&bucket.0, key.as_str().as_bytes(), &[0]])
}

pub(crate) fn version(bucket: BucketId, key: &ObjectKey, time: VersionTime) -> Bytes {
    let inverse = (u64::MAX - time.0).to_be_bytes();
    Table::Version.key(&[&bucket.0, key.as_str().as_bytes(), &[0], &inverse])
}

/// The key and the time in the key of a version row, after the bucket's id.
pub(crate) fn parse_version(rest: &[u8]) -> Option<(&str, VersionTime)> {
    let (key, inverse) = rest.split_last_chunk::<8>()?;
    let key = std::str::from_utf8(key.strip_suffix(&[0])?).ok()?;
    Some((key, VersionTime(u64::MAX - u64::from_be_bytes(*inverse))))
}

pub(crate) fn body(body: BodyId) -> Bytes {
    Table::Body.key(&[&body.0])
}

pub(crate) fn chain(body: BodyId, number: u32) -> Bytes {
    Table::Chain.key(&[&body.0, &number.to_be_bytes()])
}

pub(crate) fn chains(body: BodyId) -> Bytes {
    Table::Chain.key(&[&body.0])
}

pub(crate) fn reference(body: BodyId, link: LinkId) -> Bytes {
    Table::Reference.key(&[&body.0, &link.0])
}

pub(crate) fn references(body: BodyId) -> Bytes {
    Table::Reference.key(&[&body.0])
}

pub(crate) fn extent(extent: ExtentId) -> Bytes {
    Table::Extent.key(&[&extent.0])
}

pub(crate) fn tiny(extent: ExtentId) -> Bytes {
    Table::Tiny.key(&[&extent.0])
}

pub(crate) fn slice(extent: ExtentId, body: BodyId) -> Bytes {
    Table::Slice.key(&[&extent.0, &body.0])
}

pub(crate) fn slices(extent: ExtentId) -> Bytes {
    Table::Slice.key(&[&extent.0])
}

pub(crate) fn upload(bucket: BucketId, key: &ObjectKey, upload: &UploadId) -> Bytes {
    in_upload(Table::Upload, bucket, key, upload)
}

pub(crate) fn answer(bucket: BucketId, key: &ObjectKey, upload: &UploadId) -> Bytes {
    in_upload(Table::Answer, bucket, key, upload)
}

fn in_upload(table: Table, bucket: BucketId, key: &ObjectKey, upload: &UploadId) -> Bytes {
    let (key, upload) = (key.as_str().as_bytes(), upload.as_str().as_bytes());
    table.key(&[&bucket.0, key, &[0], upload])
}

/// The key and the upload id in the key of an upload row, after the bucket's id.
pub(crate) fn parse_upload(rest: &[u8]) -> Option<(&str, &str)> {
    let nul = rest.iter().position(|byte| *byte == 0)?;
    let (key, upload) = rest.split_at_checked(nul)?;
    let upload = upload.strip_prefix(&[0])?;
    Some((
        std::str::from_utf8(key).ok()?,
        std::str::from_utf8(upload).ok()?,
    ))
}

pub(crate) fn part(upload: UploadRef, number: PartNumber) -> Bytes {
    Table::Part.key(&[&upload.0, &number.get().to_be_bytes()])
}

pub(crate) fn parts(upload: UploadRef) -> Bytes {
    Table::Part.key(&[&upload.0])
}

pub(crate) fn token(bucket: BucketId, token: &str) -> Bytes {
    Table::Token.key(&[&bucket.0, token.as_bytes()])
}

/// A piece of a settings document of a bucket.
pub(crate) fn setting(bucket: BucketId, kind: u8, piece: u16) -> Bytes {
    Table::Setting.key(&[&bucket.0, &[kind], &piece.to_be_bytes()])
}

/// All pieces of one settings document.
pub(crate) fn setting_pieces(bucket: BucketId, kind: u8) -> Bytes {
    Table::Setting.key(&[&bucket.0, &[kind]])
}

/// All settings documents of a bucket.
pub(crate) fn settings(bucket: BucketId) -> Bytes {
    Table::Setting.key(&[&bucket.0])
}

pub(crate) fn job(job: JobId) -> Bytes {
    Table::Job.key(&[&job.0])
}

pub(crate) fn job_failure(job: JobId, number: u64) -> Bytes {
    Table::JobFailure.key(&[&job.0, &number.to_be_bytes()])
}

pub(crate) fn job_failures(job: JobId) -> Bytes {
    Table::JobFailure.key(&[&job.0])
}

pub(crate) fn digest(body: BodyId, start: u64, end: u64) -> Bytes {
    Table::Digest.key(&[&body.0, &start.to_be_bytes(), &end.to_be_bytes()])
}

pub(crate) fn digests(body: BodyId) -> Bytes {
    Table::Digest.key(&[&body.0])
}

pub(crate) fn pending(epoch: u64, body: BodyId) -> Bytes {
    Table::Pending.key(&[&epoch.to_be_bytes(), &body.0])
}

pub(crate) fn leftover(upload: UploadRef) -> Bytes {
    Table::Leftover.key(&[&upload.0])
}

pub(crate) fn free_body(body: BodyId, link: LinkId) -> Bytes {
    Table::FreeBody.key(&[&body.0, &link.0])
}

pub(crate) fn free_bodies(body: BodyId) -> Bytes {
    Table::FreeBody.key(&[&body.0])
}

pub(crate) fn free_extent(extent: ExtentId, body: BodyId) -> Bytes {
    Table::FreeExtent.key(&[&extent.0, &body.0])
}

pub(crate) fn punch(extent: ExtentId) -> Bytes {
    Table::Punch.key(&[&extent.0])
}

pub(crate) fn expiry(secs: u64, random: [u8; 16]) -> Bytes {
    Table::Expiry.key(&[&secs.to_be_bytes(), &random])
}

pub(crate) fn directory(name: &[u8]) -> Bytes {
    Table::Directory.key(&[name])
}

pub(crate) fn outcome(transaction: [u8; 16]) -> Bytes {
    Table::Outcome.key(&[&transaction])
}

/// An id that begins with the time, so that the rows of what is written together lie together,
/// behind those of before, and the engine seldom rewrites old rows to put new ones between them.
pub(crate) fn id_of(now: Timestamp, random: [u8; 16]) -> [u8; 16] {
    let mut id = random;
    let [_, _, millis @ ..] = (now.micros() / 1_000).to_be_bytes();
    for (byte, of_time) in id.iter_mut().zip(millis) {
        *byte = of_time;
    }
    id
}

/// The 16 bytes at `from` in a key, after its table's byte.
pub(crate) fn id_at(key: &[u8], from: usize) -> Option<[u8; 16]> {
    key.get(1 + from..)?.first_chunk::<16>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_a_byte_of_its_own() {
        let mut bytes: Vec<u8> = Table::ALL.map(Table::byte).to_vec();
        bytes.sort_unstable();
        bytes.dedup();
        assert_eq!(bytes.len(), Table::ALL.len());
    }

    #[test]
    fn ids_sort_by_time_and_differ_within_it() {
        let id = |millis: u64, random| id_of(Timestamp::from_micros(millis * 1_000), [random; 16]);
        assert!(id(1_795_000_000_000, 0xff) < id(1_795_000_000_001, 0));
        assert!(id(255, 9) < id(256, 0), "big-endian");
        assert_ne!(id(7, 1), id(7, 2));
        let [_, _, _, _, _, _, random @ ..] = id(7, 1);
        assert_eq!(random, [1; 10]);
    }

    #[test]
    fn versions_sort_by_key_then_newest_first() {
        let bucket = BucketId([7; 16]);
        let row = |key: &str, time| version(bucket, &key.parse().unwrap(), VersionTime(time));
        let sorted = [row("a", 9), row("a", 3), row("a/b", 5), row("ab", 9)];
        assert!(sorted.is_sorted());
        let [_, row, ..] = sorted;
        assert_eq!(parse_version(&row[17..]), Some(("a", VersionTime(3))));
    }

    #[test]
    fn the_end_of_a_prefix() {
        assert_eq!(after_prefix(b"ab").as_deref(), Some(&b"ac"[..]));
        assert_eq!(after_prefix(b"a\xff\xff").as_deref(), Some(&b"b"[..]));
        assert_eq!(after_prefix(b"\xff"), None);
        assert_eq!(&after(b"a")[..], b"a\0");
    }
}
