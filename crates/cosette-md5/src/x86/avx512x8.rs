//! Eight streams, with instructions that rotate and mix at once.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_rol_epi32, _mm256_set_m128i, _mm256_set1_epi32,
    _mm256_ternarylogic_epi32, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32,
    _mm256_unpacklo_epi64,
};
use std::mem::transmute;

use super::{BLOCK, Lane, SINES, sixteen, steps};

conversions!(8, __m256i);
compress!(8, "avx512f,avx512vl");

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn splat(word: u32) -> V {
    _mm256_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn add(one: V, other: V) -> V {
    _mm256_add_epi32(one, other)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn rotate<const LEFT: i32, const RIGHT: i32>(word: V) -> V {
    _mm256_rol_epi32::<LEFT>(word)
}

/// `b` chooses `c` or `d`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn f(b: V, c: V, d: V) -> V {
    _mm256_ternarylogic_epi32::<0xca>(b, c, d)
}

/// `d` chooses `b` or `c`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn g(b: V, c: V, d: V) -> V {
    _mm256_ternarylogic_epi32::<0xca>(d, b, c)
}

/// All three.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn h(b: V, c: V, d: V) -> V {
    _mm256_ternarylogic_epi32::<0x96>(b, c, d)
}

/// `c` against `b` or the opposite of `d`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn i(b: V, c: V, d: V) -> V {
    _mm256_ternarylogic_epi32::<0x39>(b, c, d)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn quarter(rows: &[&[u8; BLOCK]; 8], quarter: usize) -> [V; 4] {
    // Streams 4 to 7 in the upper halves, since the instructions below work on halves.
    let [l0, l1, l2, l3, h0, h1, h2, h3] = rows.map(|row| sixteen(row, quarter));
    let (r0, r1) = (_mm256_set_m128i(h0, l0), _mm256_set_m128i(h1, l1));
    let (r2, r3) = (_mm256_set_m128i(h2, l2), _mm256_set_m128i(h3, l3));
    let (low01, high01) = (_mm256_unpacklo_epi32(r0, r1), _mm256_unpackhi_epi32(r0, r1));
    let (low23, high23) = (_mm256_unpacklo_epi32(r2, r3), _mm256_unpackhi_epi32(r2, r3));
    [
        _mm256_unpacklo_epi64(low01, low23),
        _mm256_unpackhi_epi64(low01, low23),
        _mm256_unpacklo_epi64(high01, high23),
        _mm256_unpackhi_epi64(high01, high23),
    ]
}
