//! Giving space back: what is freed, and what a crash left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::blocking;
use super::files::segment_header;
use super::format::{ExtentHeader, PAGE, Place, SegmentHeader};
use super::reader::{Occupant, occupant};
use super::space::{Space, failed};
use super::walk::{self, Found};
use crate::disk::DiskFile;
use crate::extents::{ExtentError, ExtentId};
use crate::meta::Boxed;
use crate::planted::Bug;

/// Extents asked about at the same time.
const QUESTIONS: usize = 64;

type Live<'a> = &'a (dyn Fn(ExtentId) -> Boxed<'a, Result<bool, ExtentError>> + Send + Sync);

/// A segment's file, and the header it begins with.
type Opened = (Arc<dyn DiskFile>, SegmentHeader);

/// Gives extents back for good. One that is not there any more is no error.
pub(super) fn free(space: &Space, addresses: &[Place]) -> Result<(), ExtentError> {
    space.check()?;
    let mut by_segment: BTreeMap<u64, Vec<Place>> = BTreeMap::new();
    for address in addresses {
        by_segment
            .entry(address.segment)
            .or_default()
            .push(*address);
    }
    for (number, places) in by_segment {
        let Some((file, segment)) = open(space, number)? else {
            continue;
        };
        let mut changed = false;
        for place in places {
            let gone = occupant(file.as_ref(), place, segment)
                .and_then(|occupant| give_back(space, file.as_ref(), place, occupant));
            changed |= gone.map_err(|error| failed("free", &error))?;
        }
        if changed {
            file.sync_all().map_err(|error| {
                space.poison();
                failed("sync", &error)
            })?;
        }
        space
            .remove_if_dead(number)
            .map_err(|error| failed("free", &error))?;
    }
    Ok(())
}

/// The file and header of a segment; `None` if it is gone, or so damaged that nothing in it can be
/// told from anything else.
fn open(space: &Space, number: u64) -> Result<Option<Opened>, ExtentError> {
    let file = match space.folder.segment(number) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", &error)),
    };
    let header = segment_header(file.as_ref(), number).map_err(|error| failed("read", &error))?;
    Ok(header.map(|header| (file, header)))
}

/// Whether anything was changed.
fn give_back(space: &Space, file: &dyn DiskFile, place: Place, what: Occupant) -> io::Result<bool> {
    if what == Occupant::Nothing {
        return Ok(false);
    }
    if space.folder.punch(file, place.offset, place.taken())? {
        return Ok(true);
    }
    // No holes here: the mark lets the segment be removed once all its extents carry it.
    if let Occupant::Itself(mut header) = what {
        header.freed = true;
        file.write_at(&header.encode(), place.offset)?;
        return Ok(true);
    }
    Ok(false)
}

/// Looks through the segments that a crash left open, keeps what `live` knows and gives the rest
/// back: unpublished extents, torn writes, and ranges whose writer never came to an end.
pub(super) async fn recover(space: &Arc<Space>, live: Live<'_>) -> Result<(), ExtentError> {
    for number in space.unclean() {
        let opened = Arc::clone(space);
        let found = blocking(space.folder.waits(), move || look_through(&opened, number)).await?;
        let mut questions = Vec::new();
        for extent in found {
            questions.push(async move { Ok((extent, live(extent.place.id).await?)) });
        }
        let answers: Vec<(Found, bool)> = stream::iter(questions)
            .buffer_unordered(QUESTIONS)
            .try_collect::<Vec<_>>()
            .await?;
        let settled = Arc::clone(space);
        blocking(space.folder.waits(), move || {
            settle(&settled, number, &answers)
        })
        .await?;
    }
    let done = Arc::clone(space);
    blocking(space.folder.waits(), move || {
        done.mark_clean().map_err(|error| failed("recover", &error))
    })
    .await
}

fn look_through(space: &Space, number: u64) -> Result<Vec<Found>, ExtentError> {
    let Some((file, header)) = open(space, number)? else {
        return Ok(Vec::new());
    };
    let found = walk::extents(file.as_ref(), header).map_err(|error| failed("recover", &error))?;
    Ok(found.into_iter().filter(|extent| !extent.freed).collect())
}

fn settle(space: &Space, number: u64, answers: &[(Found, bool)]) -> Result<(), ExtentError> {
    let failed = |error: io::Error| failed("recover", &error);
    let Some((file, segment)) = open(space, number)? else {
        return forget_unmade(space, number).map_err(failed);
    };
    let mut kept: BTreeSet<(u64, u64)> = BTreeSet::new();
    for (extent, live) in answers {
        if *live || Bug::RecoveryKeepsUnpublished.is_planted() {
            kept.insert((
                extent.place.offset,
                extent.place.offset + extent.place.taken(),
            ));
        }
    }
    let length = file.length().map_err(failed)?;
    let mut at = PAGE;
    for (start, end) in kept {
        if start > at {
            space
                .folder
                .punch(file.as_ref(), at, start - at)
                .map_err(failed)?;
        }
        at = at.max(end);
    }
    // The file stays as long as it is: a range behind the last that is kept may have had an
    // address, which is freed once more later, and must not be given to another extent.
    if length > at {
        space
            .folder
            .punch(file.as_ref(), at, length.next_multiple_of(PAGE) - at)
            .map_err(failed)?;
    }
    if !space.folder.punches() {
        mark_freed(file.as_ref(), segment, answers).map_err(failed)?;
    }
    file.sync_all().map_err(failed)?;
    space.remove_if_dead(number).map_err(failed)
}

/// A crash while a segment was being made leaves a file without a header, which holds nothing.
fn forget_unmade(space: &Space, number: u64) -> io::Result<()> {
    let file = match space.folder.segment(number) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if file.length()? <= PAGE {
        space.folder.remove(number)?;
    }
    Ok(())
}

fn mark_freed(
    file: &dyn DiskFile,
    segment: SegmentHeader,
    answers: &[(Found, bool)],
) -> io::Result<()> {
    for (extent, _) in answers.iter().filter(|(_, live)| !live) {
        if let Some(header) = walk::header_at(file, segment, extent.place.offset)? {
            let header = ExtentHeader {
                freed: true,
                ..header
            };
            file.write_at(&header.encode(), extent.place.offset)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::extents::segments::SegmentExtents;
    use crate::extents::{Address, ExtentError, ExtentId, Extents};

    async fn open_without_holes(folder: &std::path::Path) -> SegmentExtents {
        let extents = SegmentExtents::open(folder.to_owned()).await.unwrap();
        extents.space.folder.pretend_not_to_punch();
        extents
    }

    async fn write(extents: &SegmentExtents, number: u8) -> Address {
        let mut writer = extents.begin(ExtentId([number; 16]), None).await.unwrap();
        writer
            .append(Bytes::from(vec![number; 100_000]))
            .await
            .unwrap();
        let address = writer.finish().await.unwrap();
        extents.sync(std::slice::from_ref(&address)).await.unwrap();
        address
    }

    #[tokio::test]
    async fn without_holes_a_segment_goes_when_all_of_it_is_freed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("0000000000000001.segment");
        let extents = open_without_holes(folder.path()).await;
        let mut addresses = Vec::new();
        for number in 1..=4 {
            addresses.push(write(&extents, number).await);
        }
        let [first, second, third, lost] = &addresses[..] else {
            unreachable!()
        };
        extents.free(std::slice::from_ref(first)).await.unwrap();
        assert!(matches!(
            extents.read(first, 0, 1).await,
            Err(ExtentError::Corrupt(_))
        ));
        assert_eq!(extents.read(second, 0, 2).await.unwrap(), [2, 2][..]);
        // A crash: the fourth was never published.
        drop(extents);
        let extents = open_without_holes(folder.path()).await;
        let published = |id: ExtentId| {
            assert_ne!(id.0[0], 1, "freed before");
            Box::pin(std::future::ready(Ok(id.0[0] != 4))) as crate::meta::Boxed<'_, _>
        };
        extents.recover(&published).await.unwrap();
        assert!(matches!(
            extents.read(lost, 0, 1).await,
            Err(ExtentError::Corrupt(_))
        ));
        extents.free(std::slice::from_ref(second)).await.unwrap();
        assert!(file.exists());
        assert_eq!(extents.read(third, 99_999, 1).await.unwrap(), [3][..]);
        extents.free(std::slice::from_ref(third)).await.unwrap();
        assert!(!file.exists());
    }
}
