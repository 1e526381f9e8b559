//! MD5 of many streams at once.
//!
//! Each block of a stream depends on the block before it, so one stream cannot be hashed faster than
//! a processor goes through that chain of additions. But the units for vectors are idle meanwhile:
//! with a stream in each of their lanes, sixteen take hardly longer than one.
//!
//! [`Md5`] is one stream; [`update_many`] takes bytes of several streams in, side by side; [`Pool`]
//! gathers streams from all over a program into lanes. MD5 protects against nothing: it is here
//! because tags of objects are made of it.
//!
//! This crate knows nothing of stores and requests. It is the one place of the workspace with unsafe
//! code, all of it in `x86`; what is computed there is compared with the portable twin in `scalar`
//! for every width that the machine has.

mod many;
mod pool;
mod scalar;
mod stream;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use many::{Piece, update_many};
pub use pool::{Feed, Pool};
pub use stream::Md5;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;

/// The four words that a stream is reduced to.
pub(crate) type State = [u32; 4];

/// The state before the first block.
pub(crate) const INITIAL: State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The constants of the 64 steps: the sines of 1 to 64, as the standard has it.
pub(crate) const SINES: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];

/// Writes out all 64 steps: `$step!(round, target, x, y, z, word, rotation, number)`.
macro_rules! steps {
    ($step:ident, $a:ident, $b:ident, $c:ident, $d:ident) => {
        steps!(@four $step, f, $a, $b, $c, $d, [7, 12, 17, 22], [0, 1, 2, 3], 0);
        steps!(@four $step, f, $a, $b, $c, $d, [7, 12, 17, 22], [4, 5, 6, 7], 4);
        steps!(@four $step, f, $a, $b, $c, $d, [7, 12, 17, 22], [8, 9, 10, 11], 8);
        steps!(@four $step, f, $a, $b, $c, $d, [7, 12, 17, 22], [12, 13, 14, 15], 12);
        steps!(@four $step, g, $a, $b, $c, $d, [5, 9, 14, 20], [1, 6, 11, 0], 16);
        steps!(@four $step, g, $a, $b, $c, $d, [5, 9, 14, 20], [5, 10, 15, 4], 20);
        steps!(@four $step, g, $a, $b, $c, $d, [5, 9, 14, 20], [9, 14, 3, 8], 24);
        steps!(@four $step, g, $a, $b, $c, $d, [5, 9, 14, 20], [13, 2, 7, 12], 28);
        steps!(@four $step, h, $a, $b, $c, $d, [4, 11, 16, 23], [5, 8, 11, 14], 32);
        steps!(@four $step, h, $a, $b, $c, $d, [4, 11, 16, 23], [1, 4, 7, 10], 36);
        steps!(@four $step, h, $a, $b, $c, $d, [4, 11, 16, 23], [13, 0, 3, 6], 40);
        steps!(@four $step, h, $a, $b, $c, $d, [4, 11, 16, 23], [9, 12, 15, 2], 44);
        steps!(@four $step, i, $a, $b, $c, $d, [6, 10, 15, 21], [0, 7, 14, 5], 48);
        steps!(@four $step, i, $a, $b, $c, $d, [6, 10, 15, 21], [12, 3, 10, 1], 52);
        steps!(@four $step, i, $a, $b, $c, $d, [6, 10, 15, 21], [8, 15, 6, 13], 56);
        steps!(@four $step, i, $a, $b, $c, $d, [6, 10, 15, 21], [4, 11, 2, 9], 60);
    };
    (@four $step:ident, $round:ident, $a:ident, $b:ident, $c:ident, $d:ident,
     [$r0:literal, $r1:literal, $r2:literal, $r3:literal],
     [$w0:literal, $w1:literal, $w2:literal, $w3:literal], $first:literal) => {
        $step!($round, $a, $b, $c, $d, $w0, $r0, $first);
        $step!($round, $d, $a, $b, $c, $w1, $r1, $first + 1);
        $step!($round, $c, $d, $a, $b, $w2, $r2, $first + 2);
        $step!($round, $b, $c, $d, $a, $w3, $r3, $first + 3);
    };
}
pub(crate) use steps;
