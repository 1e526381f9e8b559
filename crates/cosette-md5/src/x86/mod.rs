//! Several streams side by side in vectors: the only unsafe code of the workspace.
//!
//! There are two kinds of it. Vectors are made of arrays and turned back by [`transmute`], which is
//! sound because both sides are plain bits of one size. And a function compiled for instructions that
//! not every processor has may be called only where they are: [`widths`] asks the processor, and
//! nobody else makes a [`Width`].

use std::mem::transmute;
use std::sync::OnceLock;

use crate::{BLOCK, SINES, State, steps};

/// A stream in a lane: whole blocks of it are taken in.
#[derive(Debug)]
pub(crate) struct Lane<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) blocks: &'a [[u8; BLOCK]],
}

/// A way to take several streams in at once, on this processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Width(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sse2x4,
    Avx2x8,
    Avx512x4,
    Avx512x8,
    Avx512x16,
}

impl Width {
    /// Most streams at once.
    pub(crate) const fn lanes(self) -> usize {
        match self.0 {
            Kind::Sse2x4 | Kind::Avx512x4 => 4,
            Kind::Avx2x8 | Kind::Avx512x8 => 8,
            Kind::Avx512x16 => 16,
        }
    }

    /// From how many streams on this is quicker than one after the other.
    pub(crate) const fn least(self) -> usize {
        match self.0 {
            Kind::Sse2x4 | Kind::Avx2x8 => 3,
            // Rotating and mixing in one instruction each, the chain is shorter even for one.
            Kind::Avx512x4 | Kind::Avx512x8 | Kind::Avx512x16 => 1,
        }
    }

    /// Takes in as many blocks of each lane as all of them have; says how many. There are no more
    /// lanes than [`Self::lanes`].
    pub(crate) fn compress(self, lanes: &mut [Lane<'_>]) -> usize {
        debug_assert!(lanes.len() <= self.lanes());
        // SAFETY: a `Width` is made by `widths` alone, which has asked the processor for the
        // instructions of the function that is called.
        #[expect(unsafe_code, reason = "instructions that the processor was asked for")]
        unsafe {
            match self.0 {
                Kind::Sse2x4 => sse2x4::compress(lanes),
                Kind::Avx2x8 => avx2x8::compress(lanes),
                Kind::Avx512x4 => avx512x4::compress(lanes),
                Kind::Avx512x8 => avx512x8::compress(lanes),
                Kind::Avx512x16 => avx512x16::compress(lanes),
            }
        }
    }
}

/// What this processor can do, from narrow to wide; each is the best of its width.
pub(crate) fn widths() -> &'static [Width] {
    static FOUND: OnceLock<Vec<Width>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let kinds: &[Kind] =
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                &[Kind::Avx512x4, Kind::Avx512x8, Kind::Avx512x16]
            } else if is_x86_feature_detected!("avx2") {
                &[Kind::Sse2x4, Kind::Avx2x8]
            } else {
                &[Kind::Sse2x4]
            };
        kinds.iter().copied().map(Width).collect()
    })
}

/// All kinds that this processor has instructions for, the slower ones too.
#[cfg(test)]
pub(crate) fn all_widths() -> Vec<Width> {
    let mut all = vec![Width(Kind::Sse2x4)];
    if is_x86_feature_detected!("avx2") {
        all.push(Width(Kind::Avx2x8));
    }
    all.extend(
        widths()
            .iter()
            .filter(|width| !all.contains(width))
            .copied()
            .collect::<Vec<_>>(),
    );
    all
}

/// Makes the function that takes in blocks, of the vector operations in scope: `V`, `of`, `parts`,
/// `splat`, `add`, `rotate`, `f`, `g`, `h`, `i`, and `quarter`, which gives four words of all lanes.
macro_rules! compress {
    ($lanes:literal, $features:literal) => {
        #[target_feature(enable = $features)]
        #[expect(
            clippy::indexing_slicing,
            reason = "arrays as long as there are lanes or words, and slices cut to one length"
        )]
        pub(super) fn compress(lanes: &mut [Lane<'_>]) -> usize {
            let Some(count) = lanes.iter().map(|lane| lane.blocks.len()).min() else {
                return 0;
            };
            // Lanes without a stream go along with the first; what comes of it is dropped.
            let spare = lanes[0].blocks;
            let streams: [&[[u8; BLOCK]]; $lanes] = std::array::from_fn(|at| {
                let blocks = lanes.get(at).map_or(spare, |lane| lane.blocks);
                &blocks[..count]
            });
            let mut columns = [[0; $lanes]; 4];
            for (at, lane) in lanes.iter().enumerate() {
                for (column, word) in columns.iter_mut().zip(*lane.state) {
                    column[at] = word;
                }
            }
            let [a, b, c, d] = columns;
            let (mut a, mut b, mut c, mut d) = (of(a), of(b), of(c), of(d));
            for at in 0..count {
                let rows: [&[u8; BLOCK]; $lanes] = std::array::from_fn(|lane| &streams[lane][at]);
                let words = [quarter(&rows, 0), quarter(&rows, 1), quarter(&rows, 2), quarter(&rows, 3)];
                let before = (a, b, c, d);
                macro_rules! step {
                    ($round:ident, $a:ident, $b:ident, $c:ident, $d:ident, $word:expr, $turn:literal, $number:expr) => {
                        let sum = add(add($a, words[$word / 4][$word % 4]), splat(SINES[$number]));
                        let sum = add(sum, $round($b, $c, $d));
                        $a = add(rotate::<$turn, { 32 - $turn }>(sum), $b);
                    };
                }
                steps!(step, a, b, c, d);
                a = add(a, before.0);
                b = add(b, before.1);
                c = add(c, before.2);
                d = add(d, before.3);
            }
            for (at, lane) in lanes.iter_mut().enumerate() {
                *lane.state = [parts(a)[at], parts(b)[at], parts(c)[at], parts(d)[at]];
                lane.blocks = &lane.blocks[count..];
            }
            count
        }
    };
}

/// Arrays as vectors and back.
macro_rules! conversions {
    ($lanes:literal, $vector:ty) => {
        type V = $vector;

        #[inline(always)]
        fn of(words: [u32; $lanes]) -> V {
            // SAFETY: plain bits of one size.
            #[expect(unsafe_code, reason = "plain bits of one size")]
            unsafe {
                transmute::<[u32; $lanes], V>(words)
            }
        }

        #[inline(always)]
        fn parts(vector: V) -> [u32; $lanes] {
            // SAFETY: plain bits of one size.
            #[expect(unsafe_code, reason = "plain bits of one size")]
            unsafe {
                transmute::<V, [u32; $lanes]>(vector)
            }
        }
    };
}

/// Sixteen bytes of a block.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "a block has four quarters")]
fn sixteen(row: &[u8; BLOCK], quarter: usize) -> std::arch::x86_64::__m128i {
    let bytes = row.as_chunks::<16>().0[quarter];
    // SAFETY: plain bits of one size.
    #[expect(unsafe_code, reason = "plain bits of one size")]
    unsafe {
        transmute::<[u8; 16], std::arch::x86_64::__m128i>(bytes)
    }
}

mod avx2x8;
mod avx512x16;
mod avx512x4;
mod avx512x8;
mod sse2x4;
