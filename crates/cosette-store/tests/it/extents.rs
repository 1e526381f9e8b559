//! What every driver of the extents seam promises, run over each of them; and what segment files
//! promise beyond that: damage is found, space comes back, a crash leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Mutex;

use bytes::Bytes;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::extents::segments::SegmentExtents;
use cosette_store::extents::{
    Address, BLOCK_BYTES, EXTENT_BYTES_MAX, ExtentError, ExtentId, Extents, READ_BYTES_MAX,
};
use futures_util::future::join_all;
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use tempfile::TempDir;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

enum Driver {
    Memory(MemoryExtents),
    Segments {
        extents: SegmentExtents,
        folder: TempDir,
    },
}

impl Driver {
    async fn all() -> [Self; 2] {
        [Self::Memory(MemoryExtents::new()), Self::segments().await]
    }

    async fn segments() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::Segments {
            extents: open(folder.path()).await,
            folder,
        }
    }

    fn extents(&self) -> &dyn Extents {
        match self {
            Self::Memory(extents) => extents,
            Self::Segments { extents, .. } => extents,
        }
    }

    /// Closes and opens again.
    async fn reopen(self) -> Self {
        self.extents().close().await.unwrap();
        self.crash().await
    }

    /// Opens again what a killed process left.
    async fn crash(self) -> Self {
        match self {
            Self::Memory(extents) => Self::Memory(extents.crash(true)),
            Self::Segments { extents, folder } => {
                drop(extents);
                Self::Segments {
                    extents: open(folder.path()).await,
                    folder,
                }
            }
        }
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Memory(_) => panic!("memory has no folder"),
            Self::Segments { folder, .. } => folder.path(),
        }
    }
}

async fn open(folder: &Path) -> SegmentExtents {
    SegmentExtents::open(folder.to_owned()).await.unwrap()
}

/// Bytes that look random and differ from extent to extent.
fn content(number: u64, length: usize) -> Bytes {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&words.next().unwrap());
    }
    bytes.truncate(length);
    bytes.into()
}

fn id(number: u64) -> ExtentId {
    ExtentId(
        u128::from(number)
            .wrapping_mul(0x0123_4567_89ab_cdef_1357_9bdf_0246_8ace)
            .to_be_bytes(),
    )
}

/// Writes an extent in pieces, without syncing it.
async fn write_in(
    extents: &dyn Extents,
    number: u64,
    bytes: &Bytes,
    piece: usize,
    announced: bool,
) -> Address {
    let expected = announced.then_some(bytes.len() as u64);
    let mut writer = extents.begin(id(number), expected).await.unwrap();
    for start in (0..bytes.len()).step_by(piece) {
        writer
            .append(bytes.slice(start..bytes.len().min(start + piece)))
            .await
            .unwrap();
    }
    writer.finish().await.unwrap()
}

async fn write(extents: &dyn Extents, number: u64, length: usize) -> Address {
    let address = write_in(extents, number, &content(number, length), 100 * KIB, true).await;
    extents.sync(std::slice::from_ref(&address)).await.unwrap();
    address
}

async fn read_all(
    extents: &dyn Extents,
    address: &Address,
    length: usize,
) -> Result<Bytes, ExtentError> {
    let mut bytes = Vec::new();
    let step = usize::try_from(READ_BYTES_MAX).unwrap();
    for start in (0..length as u64).step_by(step) {
        let piece = READ_BYTES_MAX.min(length as u64 - start);
        bytes.extend_from_slice(&extents.read(address, start, piece).await?);
    }
    Ok(bytes.into())
}

#[track_caller]
fn assert_same(found: &Bytes, expected: &Bytes, what: &str) {
    // Without printing megabytes.
    assert!(found == expected, "{what}: other bytes than were written");
}

#[tokio::test]
async fn bytes_come_back_as_they_were_written() {
    let lengths = [
        0,
        1,
        4095,
        64 * KIB - 1,
        64 * KIB,
        64 * KIB + 1,
        MIB,
        MIB + 1,
        3 * MIB + 5,
    ];
    for driver in Driver::all().await {
        let extents = driver.extents();
        let mut number = 0;
        for length in lengths {
            for (piece, announced) in [(7 * KIB, false), (8 * MIB, true), (MIB, false)] {
                number += 1;
                let bytes = content(number, length);
                let address = write_in(extents, number, &bytes, piece, announced).await;
                let what = format!("{length} bytes in pieces of {piece}");
                assert_same(
                    &read_all(extents, &address, length).await.unwrap(),
                    &bytes,
                    &what,
                );
                extents.sync(std::slice::from_ref(&address)).await.unwrap();
                assert_same(
                    &read_all(extents, &address, length).await.unwrap(),
                    &bytes,
                    &what,
                );
            }
        }
        let all: usize = lengths.iter().sum();
        assert_eq!(extents.written_bytes(), 3 * all as u64);
    }
}

#[tokio::test]
async fn any_range_can_be_read() {
    let length = 3 * 64 * KIB + 100;
    for driver in Driver::all().await {
        let extents = driver.extents();
        let bytes = content(1, length);
        let address = write(extents, 1, length).await;
        let edges = [
            0,
            1,
            4096,
            64 * KIB - 1,
            64 * KIB,
            64 * KIB + 1,
            length - 1,
            length,
        ];
        for start in edges {
            for end in edges.into_iter().filter(|end| *end >= start) {
                let found = extents
                    .read(&address, start as u64, (end - start) as u64)
                    .await
                    .unwrap();
                assert_same(&found, &bytes.slice(start..end), &format!("{start}..{end}"));
            }
        }
    }
}

#[tokio::test]
async fn limits_are_held() {
    for driver in Driver::all().await {
        let extents = driver.extents();
        let mut writer = extents.begin(id(1), Some(10)).await.unwrap();
        writer.append(content(1, 10)).await.unwrap();
        assert!(matches!(
            writer.append(content(1, 1)).await,
            Err(ExtentError::Io(_))
        ));

        let mut writer = extents.begin(id(2), None).await.unwrap();
        let most = usize::try_from(EXTENT_BYTES_MAX).unwrap();
        let bytes = content(2, most);
        writer.append(bytes.clone()).await.unwrap();
        let address = writer.finish().await.unwrap();
        assert_same(
            &read_all(extents, &address, most).await.unwrap(),
            &bytes,
            "the longest",
        );
        let mut writer = extents.begin(id(3), None).await.unwrap();
        writer.append(bytes).await.unwrap();
        assert!(matches!(
            writer.append(content(1, 1)).await,
            Err(ExtentError::Io(_))
        ));

        let address = write(extents, 4, 100).await;
        for (offset, length) in [(0, 101), (100, 1), (u64::MAX, 2), (200, 0)] {
            let end = extents.read(&address, offset, length).await;
            assert!(
                matches!(end, Err(ExtentError::Corrupt(_))),
                "{offset}+{length}"
            );
        }
        let end = extents.read(&address, 0, READ_BYTES_MAX + 1).await;
        assert!(matches!(end, Err(ExtentError::Io(_))));
    }
}

#[tokio::test]
async fn an_address_of_nobody_reads_as_damage() {
    for driver in Driver::all().await {
        let extents = driver.extents();
        let address = write(extents, 1, 100).await;
        for wrong in [
            Bytes::new(),
            Bytes::from_static(b"nonsense, and long enough to be anything"),
        ] {
            let end = extents.read(&Address(wrong), 0, 1).await;
            assert!(matches!(end, Err(ExtentError::Corrupt(_))));
        }
        extents.free(std::slice::from_ref(&address)).await.unwrap();
        let end = extents.read(&address, 0, 100).await;
        assert!(matches!(end, Err(ExtentError::Corrupt(_))), "{end:?}");
        extents.free(std::slice::from_ref(&address)).await.unwrap();
    }
}

#[tokio::test]
async fn a_clean_close_leaves_nothing_to_ask_about() {
    let mut driver = Driver::segments().await;
    let mut written = Vec::new();
    for round in 0..4 {
        for length in [20 * KIB, 2 * MIB] {
            let number = round * 2 + u64::from(length > MIB);
            written.push((
                number,
                length,
                write(driver.extents(), number, length).await,
            ));
        }
        driver = driver.reopen().await;
        driver
            .extents()
            .recover(&|id| panic!("asked about {id:?}"))
            .await
            .unwrap();
        for (number, length, address) in &written {
            let found = read_all(driver.extents(), address, *length).await.unwrap();
            assert_same(&found, &content(*number, *length), "after reopening");
        }
    }
    // Later sessions go on in the files of earlier ones.
    assert_eq!(segment_files(driver.folder()).len(), 2);
}

fn segment_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "segment"))
        .collect();
    files.sort();
    files
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<bool, ExtentError>> + Send + 'a>>;

/// Recovers with `live` as the published extents; the ids that were asked about.
async fn recover(extents: &dyn Extents, live: &BTreeSet<ExtentId>) -> BTreeSet<ExtentId> {
    let asked = Mutex::new(BTreeSet::new());
    let answer = |id: ExtentId| -> Answer<'_> {
        asked.lock().unwrap().insert(id);
        Box::pin(std::future::ready(Ok(live.contains(&id))))
    };
    extents.recover(&answer).await.unwrap();
    asked.into_inner().unwrap()
}

// catches: RecoveryKeepsUnpublished
#[tokio::test]
async fn a_crash_keeps_what_was_published_and_frees_the_rest() {
    for mut driver in Driver::all().await {
        let mut published = BTreeMap::new();
        for number in 0..12 {
            let length = if number % 3 == 0 { 2 * MIB } else { 30 * KIB };
            let address = write(driver.extents(), number, length).await;
            if number % 2 == 0 {
                published.insert(number, (length, address));
            }
        }
        let live: BTreeSet<_> = published.keys().map(|number| id(*number)).collect();
        driver = driver.crash().await;
        let asked = recover(driver.extents(), &live).await;
        assert_eq!(
            asked,
            (0..12).map(id).collect(),
            "every extent is asked about"
        );
        let kept: usize = published.values().map(|(length, _)| *length).sum();
        let allocated = driver.extents().allocated_bytes().await.unwrap();
        assert!(allocated >= kept as u64, "{allocated} < {kept}");
        assert!(
            allocated < kept as u64 + 200 * KIB as u64,
            "{allocated} for {kept}"
        );
        // The store goes on, and what is new does not touch what was kept.
        for number in 100..110 {
            published.insert(
                number,
                (50 * KIB, write(driver.extents(), number, 50 * KIB).await),
            );
        }
        for (number, (length, address)) in &published {
            let found = read_all(driver.extents(), address, *length).await.unwrap();
            assert_same(
                &found,
                &content(*number, *length),
                &format!("extent {number}"),
            );
        }
    }
}

#[tokio::test]
async fn a_freed_address_is_harmless_even_after_a_crash() {
    let mut driver = Driver::segments().await;
    let first = write(driver.extents(), 1, 30 * KIB).await;
    let freed = write(driver.extents(), 2, 30 * KIB).await;
    driver
        .extents()
        .free(std::slice::from_ref(&freed))
        .await
        .unwrap();
    driver = driver.crash().await;
    recover(driver.extents(), &BTreeSet::from([id(1)])).await;
    // As long as the freed one was, and written where the segment now ends.
    let next = write(driver.extents(), 3, 30 * KIB).await;
    driver
        .extents()
        .free(std::slice::from_ref(&freed))
        .await
        .unwrap();
    for (number, address) in [(1, &first), (3, &next)] {
        let found = read_all(driver.extents(), address, 30 * KIB).await.unwrap();
        assert_same(
            &found,
            &content(number, 30 * KIB),
            &format!("extent {number}"),
        );
    }
    // All dead: the file goes, and its number is used again. The old addresses stay harmless.
    driver.extents().free(&[first.clone(), next]).await.unwrap();
    driver = driver.crash().await;
    recover(driver.extents(), &BTreeSet::new()).await;
    assert_eq!(segment_files(driver.folder()).len(), 0);
    let again = write(driver.extents(), 4, 30 * KIB).await;
    driver
        .extents()
        .free(&[first.clone(), freed])
        .await
        .unwrap();
    let found = read_all(driver.extents(), &again, 30 * KIB).await.unwrap();
    assert_same(&found, &content(4, 30 * KIB), "the new segment");
    let end = driver.extents().read(&first, 0, 1).await;
    assert!(matches!(end, Err(ExtentError::Corrupt(_))));
}

#[tokio::test]
async fn torn_ends_are_tolerated() {
    let driver = Driver::segments().await;
    let kept = write(driver.extents(), 1, 200 * KIB).await;
    let torn = write(driver.extents(), 2, 200 * KIB).await;
    let file = segment_files(driver.folder()).remove(0);
    let whole = std::fs::read(&file).unwrap();
    let Driver::Segments { extents, folder } = driver else {
        unreachable!()
    };
    drop(extents);
    let second_begins = 4 * KIB + 4 * KIB + 200 * KIB;
    // Cut anywhere in the second extent, or followed by garbage.
    let cuts = [
        second_begins,
        second_begins + 100,
        second_begins + 5 * KIB,
        whole.len() - 1,
    ];
    let mut variants: Vec<Vec<u8>> = cuts.iter().map(|cut| whole[..*cut].to_vec()).collect();
    let mut garbage = whole[..second_begins].to_vec();
    garbage.extend_from_slice(&content(9, 70 * KIB));
    variants.push(garbage);
    let mut zeroed_header = whole.clone();
    zeroed_header[second_begins..second_begins + 4 * KIB].fill(0);
    variants.push(zeroed_header);
    for (index, variant) in variants.iter().enumerate() {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(
            folder.path().join("open-segments"),
            copy.path().join("open-segments"),
        )
        .unwrap();
        std::fs::write(copy.path().join(file.file_name().unwrap()), variant).unwrap();
        let extents = open(copy.path()).await;
        recover(&extents, &BTreeSet::from([id(1)])).await;
        let found = read_all(&extents, &kept, 200 * KIB).await.unwrap();
        assert_same(&found, &content(1, 200 * KIB), &format!("variant {index}"));
        assert!(
            read_all(&extents, &torn, 200 * KIB).await.is_err(),
            "variant {index}"
        );
        let allocated = extents.allocated_bytes().await.unwrap();
        assert!(
            allocated <= 220 * KIB as u64,
            "variant {index}: {allocated}"
        );
        let next = write(&extents, 3, 300 * KIB).await;
        let found = read_all(&extents, &next, 300 * KIB).await.unwrap();
        assert_same(&found, &content(3, 300 * KIB), &format!("variant {index}"));
    }
    // A torn entry of the list stands for a segment that was never written to.
    let list = folder.path().join("open-segments");
    let mut entries = std::fs::read(&list).unwrap();
    entries.extend_from_slice(&[1, 2, 3]);
    std::fs::write(&list, entries).unwrap();
    let extents = open(folder.path()).await;
    write(&extents, 5, 2 * MIB).await;
    drop(extents);
    let asked = recover(&open(folder.path()).await, &BTreeSet::from([id(1)])).await;
    assert_eq!(asked, BTreeSet::from([id(1), id(2), id(5)]));
}

/// A user may store a copy of a segment file. After a crash in the middle of that, its bytes are
/// walked over, and must not pass for headers.
#[tokio::test]
async fn object_bytes_do_not_pass_for_headers() {
    let driver = Driver::segments().await;
    let address = write(driver.extents(), 1, 100 * KIB).await;
    let file = segment_files(driver.folder()).remove(0);
    let stolen = Bytes::from(std::fs::read(&file).unwrap());
    driver.extents().free(&[address]).await.unwrap();
    let mut writer = driver.extents().begin(id(2), None).await.unwrap();
    writer
        .append(Bytes::from(vec![7; MIB - 4 * KIB]))
        .await
        .unwrap();
    writer.append(stolen).await.unwrap();
    // Enough to push the stolen bytes out of the writer's memory.
    writer.append(Bytes::from(vec![7; MIB])).await.unwrap();
    // Its range is being written when the process is killed: leaked, so that nothing tidies up.
    std::mem::forget(writer);
    let asked = recover(driver.crash().await.extents(), &BTreeSet::new()).await;
    assert_eq!(asked, BTreeSet::new());
}

// catches: ChecksumIgnored
#[tokio::test]
async fn damage_is_found_and_never_returned() {
    let driver = Driver::segments().await;
    let length = 5 * 64 * KIB;
    let address = write(driver.extents(), 1, length).await;
    let bytes = content(1, length);
    let path = segment_files(driver.folder()).remove(0);
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let flip = |at: u64| {
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    };
    let content_begins = 8 * KIB as u64;
    for block in 0..5 {
        let at = content_begins + block * BLOCK_BYTES + 17 * block;
        flip(at);
        for other in 0..5 {
            let end = driver
                .extents()
                .read(&address, other * BLOCK_BYTES + 5, 100)
                .await;
            if other == block {
                assert!(
                    matches!(end, Err(ExtentError::Corrupt(_))),
                    "block {block}: {end:?}"
                );
            } else {
                let start = usize::try_from(other * BLOCK_BYTES).unwrap() + 5;
                assert_same(
                    &end.unwrap(),
                    &bytes.slice(start..start + 100),
                    "an intact block",
                );
            }
        }
        flip(at);
    }
    // The header: its magic, its id, its checksums, its padding.
    for at in [4096, 4096 + 9, 4096 + 64, 4096 + 4000] {
        flip(at);
        let end = driver.extents().read(&address, 0, 10).await;
        assert!(
            matches!(end, Err(ExtentError::Corrupt(_))),
            "byte {at}: {end:?}"
        );
        flip(at);
    }
    assert_same(
        &read_all(driver.extents(), &address, length).await.unwrap(),
        &bytes,
        "repaired",
    );
    // A damaged extent can be freed like any other.
    flip(4096 + 64);
    driver
        .extents()
        .free(std::slice::from_ref(&address))
        .await
        .unwrap();
    assert!(driver.extents().allocated_bytes().await.unwrap() < 20 * KIB as u64);
}

#[tokio::test]
async fn freed_space_comes_back() {
    for driver in Driver::all().await {
        let extents = driver.extents();
        let kept = write(extents, 1, 100 * KIB).await;
        let before = extents.allocated_bytes().await.unwrap();
        let mut freed = Vec::new();
        for number in 2..10 {
            freed.push(write(extents, number, 700 * KIB).await);
        }
        let also = write(extents, 10, 100 * KIB).await;
        let full = extents.allocated_bytes().await.unwrap();
        assert!(full >= before + 8 * 700 * KIB as u64, "{before} {full}");
        extents.free(&freed).await.unwrap();
        let after = extents.allocated_bytes().await.unwrap();
        assert!(
            after <= before + 150 * KIB as u64,
            "{before} {full} {after}"
        );
        for (number, address) in [(1, &kept), (10, &also)] {
            let found = read_all(extents, address, 100 * KIB).await.unwrap();
            assert_same(&found, &content(number, 100 * KIB), "a neighbour");
        }
    }
}

#[tokio::test]
async fn an_unfinished_extent_gives_its_space_back() {
    let driver = Driver::segments().await;
    let extents = driver.extents();
    let kept = write(extents, 1, 2 * MIB).await;
    let before = extents.allocated_bytes().await.unwrap();
    let mut writer = extents.begin(id(2), None).await.unwrap();
    writer.append(content(2, 5 * MIB)).await.unwrap();
    let during = extents.allocated_bytes().await.unwrap();
    assert!(during >= before + 4 * MIB as u64, "{before} {during}");
    drop(writer);
    assert!(extents.allocated_bytes().await.unwrap() <= before + 64 * KIB as u64);
    let next = write(extents, 3, 3 * MIB).await;
    assert_same(
        &read_all(extents, &kept, 2 * MIB).await.unwrap(),
        &content(1, 2 * MIB),
        "kept",
    );
    assert_same(
        &read_all(extents, &next, 3 * MIB).await.unwrap(),
        &content(3, 3 * MIB),
        "next",
    );
}

/// Extents of unknown length take a wide range each, so segments fill up without many bytes.
#[tokio::test]
async fn many_writers_at_once_and_dead_segments_go() {
    let driver = Driver::segments().await;
    let extents = driver.extents();
    let writers = (0..80).map(|number| async move {
        let length = 2 * MIB - usize::try_from(number).unwrap() * 1000;
        let mut writer = extents.begin(id(number), None).await.unwrap();
        let bytes = content(number, length);
        writer.append(bytes.slice(..MIB + 1)).await.unwrap();
        (number, length, bytes, writer)
    });
    // All have their range before the first ends.
    let begun = join_all(writers).await;
    let ends = begun
        .into_iter()
        .map(|(number, length, bytes, mut writer)| async move {
            writer.append(bytes.slice(MIB + 1..)).await.unwrap();
            let address = writer.finish().await.unwrap();
            extents.sync(std::slice::from_ref(&address)).await.unwrap();
            (number, length, address)
        });
    let written = join_all(ends).await;
    let full = segment_files(driver.folder());
    assert!(full.len() > 4, "{full:?}");
    for (number, length, address) in &written {
        let found = read_all(extents, address, *length).await.unwrap();
        assert_same(
            &found,
            &content(*number, *length),
            &format!("extent {number}"),
        );
    }
    let addresses: Vec<_> = written
        .iter()
        .map(|(_, _, address)| address.clone())
        .collect();
    extents.free(&addresses).await.unwrap();
    let left = segment_files(driver.folder());
    assert!(
        left.len() <= 4,
        "only those still written to stay: {left:?}"
    );
    assert!(extents.allocated_bytes().await.unwrap() < 64 * KIB as u64);
}

#[tokio::test]
async fn concurrent_small_writers_share_a_segment() {
    for driver in Driver::all().await {
        let extents = driver.extents();
        let one = |number: u64| async move {
            let length = 17 * KIB + usize::try_from(number).unwrap() * 321;
            (number, length, write(extents, number, length).await)
        };
        let written = join_all((0..64).map(one)).await;
        for (number, length, address) in &written {
            let found = read_all(extents, address, *length).await.unwrap();
            assert_same(
                &found,
                &content(*number, *length),
                &format!("extent {number}"),
            );
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Write {
        length: usize,
        announced: bool,
        published: bool,
    },
    /// Begun, and dropped after so many bytes.
    Abandon(usize),
    /// Frees one of those published.
    Free(prop::sample::Index),
    Reopen,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let length = || prop_oneof![3 => 0..200 * KIB, 1 => 0..3 * MIB];
    prop_oneof![
        6 => (length(), any::<bool>(), prop::bool::weighted(0.8)).prop_map(
            |(length, announced, published)| Step::Write { length, announced, published }
        ),
        1 => length().prop_map(Step::Abandon),
        4 => any::<prop::sample::Index>().prop_map(Step::Free),
        1 => prop::bool::ANY.prop_map(|clean| if clean { Step::Reopen } else { Step::Crash }),
    ]
}

async fn replay(steps: Vec<Step>) {
    let mut driver = Driver::segments().await;
    let mut published: BTreeMap<u64, (usize, Address)> = BTreeMap::new();
    let mut unpublished: Vec<Address> = Vec::new();
    for (number, step) in (0..).zip(steps) {
        let extents = driver.extents();
        match step {
            Step::Write {
                length,
                announced,
                published: publish,
            } => {
                let bytes = content(number, length);
                let address = write_in(extents, number, &bytes, 300 * KIB, announced).await;
                if publish {
                    extents.sync(std::slice::from_ref(&address)).await.unwrap();
                    published.insert(number, (length, address));
                } else {
                    unpublished.push(address);
                }
            }
            Step::Abandon(length) => {
                let mut writer = extents.begin(id(number), None).await.unwrap();
                writer.append(content(number, length)).await.unwrap();
            }
            Step::Free(index) if !published.is_empty() => {
                let number = *published.keys().nth(index.index(published.len())).unwrap();
                let (_, address) = published.remove(&number).unwrap();
                extents.free(&[address]).await.unwrap();
            }
            Step::Free(_) => {}
            Step::Reopen => {
                extents
                    .free(&std::mem::take(&mut unpublished))
                    .await
                    .unwrap();
                driver = driver.reopen().await;
            }
            Step::Crash => {
                unpublished.clear();
                driver = driver.crash().await;
                let live = published.keys().map(|number| id(*number)).collect();
                recover(driver.extents(), &live).await;
            }
        }
    }
    driver.extents().free(&unpublished).await.unwrap();
    for (number, (length, address)) in &published {
        let found = read_all(driver.extents(), address, *length).await.unwrap();
        assert_same(
            &found,
            &content(*number, *length),
            &format!("extent {number}"),
        );
    }
    // Nothing leaked: each extent in whole pages with its header, and a page for each segment.
    let page = 4 * KIB as u64;
    let pages = |(length, _): &(usize, Address)| (*length as u64).next_multiple_of(page) + 2 * page;
    let expected: u64 = published.values().map(pages).sum();
    let files = segment_files(driver.folder()).len() as u64;
    let allocated = driver.extents().allocated_bytes().await.unwrap();
    assert!(
        allocated <= expected + files * 8 * page,
        "{allocated} for {expected}"
    );
}

proptest! {
    // A failure prints the shortest history that shows it, and the seed to run it again.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn random_histories_in_segments(steps in prop::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(replay(steps));
    }
}
