//! Four streams, with what every processor of this architecture has.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_and_si128, _mm_andnot_si128, _mm_or_si128, _mm_set1_epi32,
    _mm_slli_epi32, _mm_srli_epi32, _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi32,
    _mm_unpacklo_epi64, _mm_xor_si128,
};
use std::mem::transmute;

use super::{BLOCK, Lane, SINES, sixteen, steps};

conversions!(4, __m128i);
compress!(4, "sse2");

#[inline]
#[target_feature(enable = "sse2")]
fn splat(word: u32) -> V {
    _mm_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "sse2")]
fn add(one: V, other: V) -> V {
    _mm_add_epi32(one, other)
}

#[inline]
#[target_feature(enable = "sse2")]
fn rotate<const LEFT: i32, const RIGHT: i32>(word: V) -> V {
    _mm_or_si128(_mm_slli_epi32::<LEFT>(word), _mm_srli_epi32::<RIGHT>(word))
}

#[inline]
#[target_feature(enable = "sse2")]
fn f(b: V, c: V, d: V) -> V {
    _mm_xor_si128(_mm_and_si128(b, _mm_xor_si128(c, d)), d)
}

#[inline]
#[target_feature(enable = "sse2")]
fn g(b: V, c: V, d: V) -> V {
    _mm_or_si128(_mm_andnot_si128(d, c), _mm_and_si128(d, b))
}

#[inline]
#[target_feature(enable = "sse2")]
fn h(b: V, c: V, d: V) -> V {
    _mm_xor_si128(_mm_xor_si128(c, d), b)
}

#[inline]
#[target_feature(enable = "sse2")]
fn i(b: V, c: V, d: V) -> V {
    let ones = _mm_set1_epi32(-1);
    _mm_xor_si128(c, _mm_or_si128(b, _mm_xor_si128(d, ones)))
}

#[inline]
#[target_feature(enable = "sse2")]
fn quarter(rows: &[&[u8; BLOCK]; 4], quarter: usize) -> [V; 4] {
    let [r0, r1, r2, r3] = rows.map(|row| sixteen(row, quarter));
    let (low01, high01) = (_mm_unpacklo_epi32(r0, r1), _mm_unpackhi_epi32(r0, r1));
    let (low23, high23) = (_mm_unpacklo_epi32(r2, r3), _mm_unpackhi_epi32(r2, r3));
    [
        _mm_unpacklo_epi64(low01, low23),
        _mm_unpackhi_epi64(low01, low23),
        _mm_unpacklo_epi64(high01, high23),
        _mm_unpackhi_epi64(high01, high23),
    ]
}
