//! One stream, with nothing but the language: what runs where there is no better, and what all else
//! is compared with.

use crate::{BLOCK, SINES, State, steps};

/// Takes in whole blocks.
pub(crate) fn compress(state: &mut State, blocks: &[[u8; BLOCK]]) {
    for block in blocks {
        compress_one(state, block);
    }
}

/// The mixing functions, each as two halves that are added: what does not depend on the newest word
/// is ready before that word is.
macro_rules! mixed {
    (f, $sum:expr, $b:ident, $c:ident, $d:ident) => {
        $sum.wrapping_add(($b & ($c ^ $d)) ^ $d)
    };
    (g, $sum:expr, $b:ident, $c:ident, $d:ident) => {
        // The halves share no bit, so adding them is the same as combining them.
        $sum.wrapping_add(!$d & $c).wrapping_add($d & $b)
    };
    (h, $sum:expr, $b:ident, $c:ident, $d:ident) => {
        $sum.wrapping_add(($c ^ $d) ^ $b)
    };
    (i, $sum:expr, $b:ident, $c:ident, $d:ident) => {
        $sum.wrapping_add($c ^ ($b | !$d))
    };
}

fn compress_one(state: &mut State, block: &[u8; BLOCK]) {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let [mut a, mut b, mut c, mut d] = *state;
    macro_rules! step {
        ($round:ident, $a:ident, $b:ident, $c:ident, $d:ident, $word:expr, $turn:literal, $number:expr) => {
            let sum = $a.wrapping_add(SINES[$number]).wrapping_add(words[$word]);
            $a = mixed!($round, sum, $b, $c, $d)
                .rotate_left($turn)
                .wrapping_add($b);
        };
    }
    steps!(step, a, b, c, d);
    for (word, added) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(added);
    }
}
