//! Sixteen streams.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_castsi128_si512, _mm512_inserti32x4, _mm512_rol_epi32,
    _mm512_set1_epi32, _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};
use std::mem::transmute;

use super::{BLOCK, Lane, SINES, sixteen, steps};

conversions!(16, __m512i);
compress!(16, "avx512f");

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(word: u32) -> V {
    _mm512_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(one: V, other: V) -> V {
    _mm512_add_epi32(one, other)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate<const LEFT: i32, const RIGHT: i32>(word: V) -> V {
    _mm512_rol_epi32::<LEFT>(word)
}

/// `b` chooses `c` or `d`.
#[inline]
#[target_feature(enable = "avx512f")]
fn f(b: V, c: V, d: V) -> V {
    _mm512_ternarylogic_epi32::<0xca>(b, c, d)
}

/// `d` chooses `b` or `c`.
#[inline]
#[target_feature(enable = "avx512f")]
fn g(b: V, c: V, d: V) -> V {
    _mm512_ternarylogic_epi32::<0xca>(d, b, c)
}

/// All three.
#[inline]
#[target_feature(enable = "avx512f")]
fn h(b: V, c: V, d: V) -> V {
    _mm512_ternarylogic_epi32::<0x96>(b, c, d)
}

/// `c` against `b` or the opposite of `d`.
#[inline]
#[target_feature(enable = "avx512f")]
fn i(b: V, c: V, d: V) -> V {
    _mm512_ternarylogic_epi32::<0x39>(b, c, d)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn quarter(rows: &[&[u8; BLOCK]; 16], quarter: usize) -> [V; 4] {
    // Every fourth stream together, since the instructions below work on quarters.
    #[expect(
        clippy::indexing_slicing,
        reason = "four of sixteen, and the three after each fourth"
    )]
    let gathered = |first: usize| {
        let part = |at: usize| sixteen(rows[first + 4 * at], quarter);
        let low = _mm512_castsi128_si512(part(0));
        let low = _mm512_inserti32x4::<1>(low, part(1));
        let high = _mm512_inserti32x4::<2>(low, part(2));
        _mm512_inserti32x4::<3>(high, part(3))
    };
    let (r0, r1, r2, r3) = (gathered(0), gathered(1), gathered(2), gathered(3));
    let (low01, high01) = (_mm512_unpacklo_epi32(r0, r1), _mm512_unpackhi_epi32(r0, r1));
    let (low23, high23) = (_mm512_unpacklo_epi32(r2, r3), _mm512_unpackhi_epi32(r2, r3));
    [
        _mm512_unpacklo_epi64(low01, low23),
        _mm512_unpackhi_epi64(low01, low23),
        _mm512_unpacklo_epi64(high01, high23),
        _mm512_unpackhi_epi64(high01, high23),
    ]
}
