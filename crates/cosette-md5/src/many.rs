//! Several streams side by side.

use crate::{BLOCK, Md5, State, scalar};

/// Blocks from which on one stream is worth a vector, where there are vectors for one.
const ALONE_BLOCKS_MIN: usize = 8;

/// The next bytes of a stream.
#[derive(Debug)]
pub struct Piece<'a> {
    /// The stream.
    pub md5: &'a mut Md5,
    /// Its next bytes.
    pub bytes: &'a [u8],
}

/// Takes the next bytes of each stream in: as if each were updated alone, but several at once.
pub fn update_many(pieces: &mut [Piece<'_>]) {
    let mut blocks = Vec::with_capacity(pieces.len());
    for Piece { md5, bytes } in pieces.iter_mut() {
        *bytes = md5.top_up(bytes);
        let (whole, rest) = bytes.as_chunks::<BLOCK>();
        md5.count(whole.len());
        md5.keep(rest);
        blocks.push(whole);
    }
    let states = pieces.iter_mut().map(|piece| &mut piece.md5.state);
    let mut left: Vec<_> = states.zip(blocks).collect();
    side_by_side(&mut left);
    for (state, blocks) in left {
        scalar::compress(state, blocks);
    }
}

/// Takes in the blocks of one stream, the quickest way there is.
pub(crate) fn compress_alone(state: &mut State, blocks: &[[u8; BLOCK]]) {
    let mut left = vec![(state, blocks)];
    // Going back and forth between words and vectors is worth it for more than a few blocks.
    if blocks.len() >= ALONE_BLOCKS_MIN {
        side_by_side(&mut left);
    }
    for (state, blocks) in left {
        scalar::compress(state, blocks);
    }
}

/// What remains of each stream to be taken in.
type Left<'a> = (&'a mut State, &'a [[u8; BLOCK]]);

#[cfg(target_arch = "x86_64")]
fn side_by_side(left: &mut Vec<Left<'_>>) {
    use crate::x86::{Lane, widths};
    loop {
        left.retain(|(_, blocks)| !blocks.is_empty());
        // The narrowest that takes all, or the widest there is.
        let fits = widths().iter().find(|width| width.lanes() >= left.len());
        let Some(width) = fits.or(widths().last()) else {
            return;
        };
        if left.len() < width.least() {
            return;
        }
        for group in left
            .chunks_mut(width.lanes())
            .filter(|group| group.len() >= width.least())
        {
            let lanes = group
                .iter_mut()
                .map(|(state, blocks)| Lane { state, blocks });
            let mut lanes: Vec<_> = lanes.collect();
            let taken = width.compress(&mut lanes);
            for (_, blocks) in group.iter_mut() {
                *blocks = blocks.get(taken..).unwrap_or_default();
            }
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn side_by_side(_: &mut Vec<Left<'_>>) {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn every_width_computes_what_one_stream_alone_does() {
        use crate::x86::{Lane, all_widths};
        let mut noise = 1_u32;
        let mut byte = || {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.to_be_bytes()[0]
        };
        for width in all_widths() {
            for count in 1..=width.lanes() {
                // Each stream from another state, and one that is longer than the others.
                let mut states: Vec<_> = (0..4 * 16).map(|_| u32::from(byte()) << 13).collect();
                let blocks: Vec<Vec<[u8; BLOCK]>> = (0..count)
                    .map(|at| {
                        let length = if at == 0 { 9 } else { 5 };
                        (0..length)
                            .map(|_| std::array::from_fn(|_| byte()))
                            .collect()
                    })
                    .collect();
                let mut expected = states.clone();
                let states = states.as_chunks_mut::<4>().0;
                let mut lanes: Vec<_> = states
                    .iter_mut()
                    .zip(&blocks)
                    .map(|(state, blocks)| Lane { state, blocks })
                    .collect();
                let taken = width.compress(&mut lanes);
                assert_eq!(taken, if count == 1 { 9 } else { 5 });
                let expected = expected.as_chunks_mut::<4>().0;
                for (state, blocks) in expected.iter_mut().zip(&blocks) {
                    scalar::compress(state, &blocks[..taken]);
                }
                assert_eq!(states, expected, "{width:?}, {count} streams");
            }
        }
    }

    proptest! {
        #[test]
        fn streams_of_any_lengths_side_by_side(
            streams in prop::collection::vec(prop::collection::vec(0_usize..700, 0..4), 0..40)
        ) {
            let bytes: Vec<u8> = (0..=255).cycle().take(4000).collect();
            let mut many = vec![Md5::new(); streams.len()];
            let mut alone = many.clone();
            for round in 0..4 {
                let mut pieces: Vec<_> = many
                    .iter_mut()
                    .enumerate()
                    .map(|(at, md5)| {
                        let length = streams[at].get(round).copied().unwrap_or(0);
                        Piece { md5, bytes: &bytes[at..][..length] }
                    })
                    .collect();
                update_many(&mut pieces);
                for (at, md5) in alone.iter_mut().enumerate() {
                    md5.update(&bytes[at..][..streams[at].get(round).copied().unwrap_or(0)]);
                }
            }
            for (one, other) in many.into_iter().zip(alone) {
                prop_assert_eq!(one.finish(), other.finish());
            }
        }
    }
}
