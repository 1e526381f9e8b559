//! Eight streams.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256, _mm256_or_si256,
    _mm256_set_m128i, _mm256_set1_epi32, _mm256_slli_epi32, _mm256_srli_epi32,
    _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};
use std::mem::transmute;

use super::{BLOCK, Lane, SINES, sixteen, steps};

conversions!(8, __m256i);
compress!(8, "avx2");

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u32) -> V {
    _mm256_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(one: V, other: V) -> V {
    _mm256_add_epi32(one, other)
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate<const LEFT: i32, const RIGHT: i32>(word: V) -> V {
    _mm256_or_si256(
        _mm256_slli_epi32::<LEFT>(word),
        _mm256_srli_epi32::<RIGHT>(word),
    )
}

#[inline]
#[target_feature(enable = "avx2")]
fn f(b: V, c: V, d: V) -> V {
    _mm256_xor_si256(_mm256_and_si256(b, _mm256_xor_si256(c, d)), d)
}

#[inline]
#[target_feature(enable = "avx2")]
fn g(b: V, c: V, d: V) -> V {
    _mm256_or_si256(_mm256_andnot_si256(d, c), _mm256_and_si256(d, b))
}

#[inline]
#[target_feature(enable = "avx2")]
fn h(b: V, c: V, d: V) -> V {
    _mm256_xor_si256(_mm256_xor_si256(c, d), b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn i(b: V, c: V, d: V) -> V {
    let ones = _mm256_set1_epi32(-1);
    _mm256_xor_si256(c, _mm256_or_si256(b, _mm256_xor_si256(d, ones)))
}

#[inline]
#[target_feature(enable = "avx2")]
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
