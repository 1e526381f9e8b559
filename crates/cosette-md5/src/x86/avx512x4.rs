//! Four streams, with instructions that rotate and mix at once.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_rol_epi32, _mm_set1_epi32, _mm_ternarylogic_epi32,
    _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi32, _mm_unpacklo_epi64,
};
use std::mem::transmute;

use super::{BLOCK, Lane, SINES, sixteen, steps};

conversions!(4, __m128i);
compress!(4, "avx512f,avx512vl");

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn splat(word: u32) -> V {
    _mm_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn add(one: V, other: V) -> V {
    _mm_add_epi32(one, other)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn rotate<const LEFT: i32, const RIGHT: i32>(word: V) -> V {
    _mm_rol_epi32::<LEFT>(word)
}

/// `b` chooses `c` or `d`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn f(b: V, c: V, d: V) -> V {
    _mm_ternarylogic_epi32::<0xca>(b, c, d)
}

/// `d` chooses `b` or `c`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn g(b: V, c: V, d: V) -> V {
    _mm_ternarylogic_epi32::<0xca>(d, b, c)
}

/// All three.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn h(b: V, c: V, d: V) -> V {
    _mm_ternarylogic_epi32::<0x96>(b, c, d)
}

/// `c` against `b` or the opposite of `d`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn i(b: V, c: V, d: V) -> V {
    _mm_ternarylogic_epi32::<0x39>(b, c, d)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
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
