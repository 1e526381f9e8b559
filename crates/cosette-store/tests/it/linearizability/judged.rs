//! The checker, checked: histories that are known to be good or bad, mutated ones, and small random
//! ones against a second checker that tries every order.

use super::checker::{
    Answer, Call, KEYS_MAX, Kind, Op, State, Value, check, content_of, kept_as, tagged_as,
};
use crate::common::TestRandom;
use std::sync::atomic::AtomicU64;

fn kind(word: &str) -> Kind {
    match word {
        "managed" => Kind::Managed,
        "one" => Kind::One,
        "two" => Kind::Two,
        other => panic!("{other}"),
    }
}

/// `1` is in the open, `1~one` is encrypted.
fn value(word: &str) -> Value {
    let (content, word) = word.split_once('~').unwrap_or((word, ""));
    let kind = if word.is_empty() {
        Kind::Open
    } else {
        kind(word)
    };
    kept_as(content.parse().unwrap(), kind)
}

/// Reads `begun-ended what`: `0-1 put a 1`, `new a 1 = ok` (or `= no`), `get a = 1` (`-` for
/// nothing, `1+2` with a tag), `look a = 1`, `del a`, `delif a 1 = ok`, `tag a 2` (`= -`), `copy a b = 1`,
/// `copyif a 1 b = 1` (`= no` if refused), `move a b = -`, and `list = 1 - 2` for what the first keys
/// hold. `0-? …` was never answered; `0-?5 …` neither, and whoever was asked was gone at 5.
///
/// `1~one` is encrypted so; `get a with 1`, `look a with 1` and `copy a b with 1 as two` tell the
/// customer's key that is given and how the copy is to be encrypted.
fn read(text: &str) -> Call {
    let (asked, told) = text.split_once(" = ").unwrap_or((text, ""));
    let words: Vec<&str> = asked.split(' ').collect();
    let key = |at: usize| usize::from(words[at].as_bytes()[0] - b'a');
    let number = |at: usize| value(words[at]);
    let after = |word: &str| {
        let at = words.iter().position(|one| *one == word)?;
        Some(words[at + 1])
    };
    let with = after("with").map(|number| number.parse().unwrap());
    let kept = after("as").map_or(Kind::Open, kind);
    // `1` is a content, `1+2` the same with a tag.
    let held = |word: &str| {
        let (content, tag) = word.split_once('+').unwrap_or((word, "0"));
        (word != "-").then(|| tagged_as(value(content), tag.parse().unwrap()))
    };
    let op = match words[1] {
        "put" => Op::Put {
            key: key(2),
            value: number(3),
        },
        "new" => Op::New {
            key: key(2),
            value: number(3),
        },
        "get" => Op::Get { key: key(2), with },
        "look" => Op::Look { key: key(2), with },
        "del" => Op::Delete { key: key(2) },
        "delif" => Op::DeleteIf {
            key: key(2),
            value: number(3),
        },
        "tag" => Op::Tag {
            key: key(2),
            tag: words[3].parse().unwrap(),
        },
        "copy" => Op::Copy {
            from: key(2),
            with,
            to: key(3),
            kept,
        },
        "copyif" => Op::CopyIf {
            from: key(2),
            with,
            value: number(3),
            to: key(4),
            kept,
        },
        "move" => Op::Move {
            from: key(2),
            to: key(3),
        },
        "list" => Op::List,
        other => panic!("{other}"),
    };
    let answer = match (op, told) {
        (_, "no") => Answer::Refused,
        (Op::Tag { tag, .. }, "") => Answer::Held(Some(tagged_as(0, tag))),
        (Op::Put { .. } | Op::New { .. } | Op::Delete { .. } | Op::DeleteIf { .. }, _) => {
            Answer::Done
        }
        (Op::List, told) => {
            let mut state = State::default();
            for (key, word) in told.split(' ').enumerate() {
                state[key] = held(word);
            }
            Answer::Listed(state)
        }
        (_, told) => Answer::Held(held(told)),
    };
    let (begun, ended) = words[0].split_once('-').unwrap();
    Call {
        op,
        begun: begun.parse().unwrap(),
        ended: ended.parse().ok().map(|ended| (ended, answer)),
        gone: ended.strip_prefix('?').and_then(|gone| gone.parse().ok()),
    }
}

const BAD: [(&str, &[&str]); 54] = [
    (
        "read without its key",
        &["0-1 put a 1~one", "2-3 get a = 1~one"],
    ),
    (
        "read with another key",
        &["0-1 put a 1~one", "2-3 get a with 2 = 1~one"],
    ),
    (
        "the right key is refused",
        &["0-1 put a 1~one", "2-3 get a with 1 = no"],
    ),
    (
        "a needless key is taken",
        &["0-1 put a 1~managed", "2-3 get a with 1 = 1~managed"],
    ),
    (
        "an encryption that is lost",
        &["0-1 put a 1~managed", "2-3 get a = 1"],
    ),
    (
        "a part of what its key did not open",
        &["0-1 put a 1~one", "2-3 look a with 2 = 1"],
    ),
    (
        "a copy of what its key did not open",
        &["0-1 put a 1~one", "2-3 copy a b with 2 as two = 1"],
    ),
    (
        "a refused key, and yet a copy",
        &[
            "0-1 put a 1~one",
            "2-3 copy a b with 2 as two = no",
            "4-5 get b with 2 = 1~two",
        ],
    ),
    (
        "a copy that keeps its source's key",
        &[
            "0-1 put a 1~one",
            "2-3 copy a b with 1 as two = 1",
            "4-5 get b with 1 = 1~one",
        ],
    ),
    (
        "a copy of what was there before, under the key of what came after",
        &[
            "0-1 put a 1~one",
            "2-3 put a 2~two",
            "4-5 copy a b with 2 as one = 1",
        ],
    ),
    (
        "a move that changes the key",
        &[
            "0-1 put a 1~one",
            "2-3 move a b = 1",
            "4-5 get b with 2 = 1~two",
        ],
    ),
    (
        "a call of a life that is over happens",
        &["0-?3 put a 1", "4-5 get a = -", "6-7 get a = 1"],
    ),
    (
        "a call of a life that is over is undone",
        &["0-?5 put a 1", "1-2 get a = 1", "6-7 get a = -"],
    ),
    (
        "a delete of something else",
        &["0-1 put a 1", "2-3 put a 2", "4-5 delif a 1 = ok"],
    ),
    (
        "a condition refused though it held, of a delete",
        &["0-1 put a 1", "2-3 delif a 1 = no"],
    ),
    (
        "a tag that is lost",
        &["0-1 put a 1", "2-3 tag a 7", "4-5 get a = 1"],
    ),
    (
        "a tag of what was overwritten",
        &[
            "0-1 put a 1",
            "2-3 tag a 7",
            "4-5 put a 2",
            "6-7 get a = 2+7",
        ],
    ),
    (
        "a tag that a copy leaves behind",
        &[
            "0-1 put a 1",
            "2-3 tag a 7",
            "4-5 copy a b = 1",
            "6-7 get b = 1",
        ],
    ),
    ("a value from nowhere", &["0-1 get a = 7"]),
    (
        "a stale read",
        &["0-1 put a 1", "2-3 put a 2", "4-5 get a = 1"],
    ),
    ("a put that is lost", &["0-1 put a 1", "2-3 get a = -"]),
    (
        "a delete that is lost",
        &["0-1 put a 1", "2-3 del a", "4-5 get a = 1"],
    ),
    ("a read from the future", &["0-1 get a = 1", "2-3 put a 1"]),
    (
        "two readers see two orders",
        &[
            "0-20 put a 1",
            "0-20 put a 2",
            "1-2 get a = 1",
            "3-4 get a = 2",
            "5-6 get a = 1",
        ],
    ),
    (
        "two orders at the same time",
        &[
            "0-20 put a 1",
            "0-20 put b 2",
            "1-2 get a = 1",
            "3-4 get b = -",
            "5-6 get b = 2",
            "7-8 get a = -",
        ],
    ),
    (
        "an overwritten value comes back",
        &[
            "0-9 put a 1",
            "0-9 put a 2",
            "1-2 get a = 2",
            "10-11 get a = 1",
            "12-13 get a = 2",
        ],
    ),
    ("two winners", &["0-9 new a 1 = ok", "0-9 new a 2 = ok"]),
    ("no winner", &["0-9 new a 1 = no", "0-9 new a 2 = no"]),
    ("refused over nothing", &["0-1 del a", "2-3 new a 1 = no"]),
    (
        "a winner over something",
        &["0-1 put a 1", "2-3 new a 2 = ok"],
    ),
    (
        "the loser's value is there",
        &["0-9 new a 1 = ok", "0-9 new a 2 = no", "10-11 get a = 2"],
    ),
    ("a copy of nothing", &["0-1 copy a b = 1"]),
    (
        "a copy does not find what is there",
        &["0-1 put a 1", "2-3 copy a b = -"],
    ),
    (
        "a copy of what was overwritten",
        &["0-1 put a 1", "2-3 put a 2", "4-5 copy a b = 1"],
    ),
    (
        "a copy that is lost",
        &["0-1 put a 1", "2-3 copy a b = 1", "4-5 get b = -"],
    ),
    (
        "a copy of something else",
        &[
            "0-1 put a 1",
            "2-3 put a 2",
            "4-5 copy a b = 2",
            "6-7 get b = 1",
        ],
    ),
    (
        "a copy follows its source",
        &[
            "0-1 put a 1",
            "2-3 copy a b = 1",
            "4-5 put a 2",
            "6-7 get b = 2",
        ],
    ),
    (
        "a chain of copies out of order",
        &[
            "0-1 put a 1",
            "2-3 put b 2",
            "4-5 copy a b = 1",
            "6-7 copy b c = 2",
        ],
    ),
    (
        "a copy of a mix",
        &[
            "0-1 put a 1",
            "2-3 put b 2",
            "4-9 copy a c = 1",
            "4-9 copy b c = 2",
            "10-11 get c = 1",
            "12-13 get c = 2",
        ],
    ),
    (
        "a condition held by what was not there",
        &["0-1 put a 1", "2-3 copyif a 2 b = 2"],
    ),
    (
        "a condition refused though it held",
        &["0-1 put a 1", "2-3 copyif a 1 b = no"],
    ),
    (
        "a refused copy happened",
        &["0-1 put a 1", "2-3 copyif a 9 b = no", "4-5 get b = 1"],
    ),
    (
        "a source after its move",
        &["0-1 put a 1", "2-3 move a b = 1", "4-5 get a = 1"],
    ),
    (
        "a target without its move",
        &["0-1 put a 1", "2-3 move a b = 1", "4-5 get b = -"],
    ),
    (
        "two moves of one object",
        &["0-1 put a 1", "2-9 move a b = 1", "2-9 move a c = 1"],
    ),
    (
        "a move seen half done: both",
        &["0-1 put a 1", "2-9 move a b = 1", "3-4 list = 1 1"],
    ),
    (
        "a move seen half done: neither",
        &["0-1 put a 1", "2-9 move a b = 1", "3-4 list = - -"],
    ),
    (
        "a move seen from target to source",
        &[
            "0-1 put a 1",
            "2-9 move a b = 1",
            "3-4 get b = 1",
            "5-6 get a = 1",
        ],
    ),
    (
        "a move seen as a gap",
        &[
            "0-1 put a 1",
            "2-9 move a b = 1",
            "3-4 get a = -",
            "5-6 get b = -",
        ],
    ),
    (
        "a list of a state that never was",
        &["0-1 put a 1", "2-3 put b 2", "4-9 list = - 2"],
    ),
    (
        "a list of two moments",
        &[
            "0-1 put a 1",
            "2-3 put b 2",
            "4-5 put a 3",
            "6-7 put b 4",
            "4-9 list = 1 4",
        ],
    ),
    (
        "seen, then gone, though its answer was lost",
        &["0-? put a 1", "2-3 get a = 1", "4-5 get a = -"],
    ),
    (
        "a lost call happens twice",
        &[
            "0-? put a 1",
            "2-3 get a = 1",
            "4-5 put a 2",
            "6-7 get a = 2",
            "8-9 get a = 1",
        ],
    ),
    (
        "an acknowledged put is gone after a crash",
        &[
            "0-1 put a 1",
            "2-? put b 2",
            "4-5 get b = 2",
            "6-7 get a = -",
        ],
    ),
];

const GOOD: [(&str, &[&str]); 17] = [
    ("nothing", &[]),
    (
        "keys open what they closed, copies get others, and moves and tags need none",
        &[
            "0-1 put a 1~one",
            "2-3 get a = no",
            "4-5 get a with 2 = no",
            "6-7 get a with 1 = 1~one",
            "8-9 tag a 7",
            "10-11 copyif a 1 b with 1 as two = 1",
            "12-13 get b with 2 = 1~two+7",
            "14-15 copy b b with 2 as managed = 1",
            "16-17 get b = 1~managed+7",
            "18-19 move a c = 1",
            "20-21 look c with 1 = 1",
            "22-23 list = - 1 1",
            "24-25 delif c 1 = ok",
        ],
    ),
    (
        "a key that was right at some time is",
        &[
            "0-1 put a 1~one",
            "2-9 put a 2~two",
            "3-8 copy a b with 1 as managed = 1",
            "3-8 get a with 1 = no",
        ],
    ),
    (
        "one after the other",
        &["0-1 put a 1", "2-3 get a = 1", "4-5 del a", "6-7 get a = -"],
    ),
    (
        "a read during a put may see it",
        &["0-9 put a 1", "1-2 get a = 1"],
    ),
    (
        "a read during a put may miss it",
        &["0-9 put a 1", "1-2 get a = -"],
    ),
    (
        "two puts in either order",
        &["0-9 put a 1", "0-9 put a 2", "10-11 get a = 1"],
    ),
    (
        "one of two wins",
        &["0-9 new a 1 = no", "0-9 new a 2 = ok", "10-11 get a = 2"],
    ),
    (
        "a copy during a put takes the old one",
        &[
            "0-1 put a 1",
            "2-9 put a 2",
            "3-4 copy a b = 1",
            "5-6 get b = 1",
        ],
    ),
    (
        "a move beside a list",
        &[
            "0-1 put a 1",
            "2-9 move a b = 1",
            "3-4 list = 1 -",
            "5-6 list = - 1",
        ],
    ),
    (
        "a lost call never happened",
        &["0-? put a 1", "2-3 get a = -", "4-5 get a = -"],
    ),
    (
        "a call of a life that is over had happened",
        &["0-?3 put a 1", "4-5 get a = 1", "6-7 get a = 1"],
    ),
    (
        "a call of a life that is over never happened",
        &["0-?3 put a 1", "0-?3 del a", "4-5 get a = -"],
    ),
    (
        "tags go with what they are of",
        &[
            "0-1 put a 1",
            "2-3 tag a 7",
            "4-5 look a = 1",
            "6-7 copy a b = 1",
            "8-9 list = 1 1",
            "10-11 get b = 1+7",
            "12-13 delif b 1 = ok",
            "14-15 tag b 8 = -",
        ],
    ),
    (
        "a lost call happens late",
        &[
            "0-? put a 1",
            "2-3 get a = -",
            "4-5 get a = 1",
            "6-7 get a = 1",
        ],
    ),
    (
        "a lost move",
        &[
            "0-1 put a 1",
            "2-? move a b = 1",
            "4-5 get a = 1",
            "6-7 get b = 1",
            "8-9 get a = -",
        ],
    ),
    (
        "a copy onto itself",
        &["0-1 put a 1", "2-3 copy a a = 1", "4-5 get a = 1"],
    ),
];

fn history(lines: &[&str]) -> Vec<Call> {
    lines.iter().map(|line| read(line)).collect()
}

#[test]
fn bad_histories_are_rejected() {
    for (what, lines) in BAD {
        assert!(check(&history(lines)).is_err(), "{what}");
        assert!(!by_every_order(&history(lines)), "{what}");
    }
}

#[test]
fn good_histories_are_accepted() {
    for (what, lines) in GOOD {
        check(&history(lines)).unwrap_or_else(|bad| panic!("{what}: {bad:?}"));
        assert!(by_every_order(&history(lines)), "{what}");
    }
}

/// Whether some order explains a history, tried one by one: slow, and too simple to be wrong.
fn by_every_order(history: &[Call]) -> bool {
    fn go(history: &[Call], done: &mut Vec<bool>, state: State) -> bool {
        if (0..history.len()).all(|at| done[at] || history[at].ended.is_none()) {
            return true;
        }
        // Whoever ended before another began comes first.
        let open = || (0..history.len()).filter(|at| !done[*at]);
        let first_end = open()
            .filter_map(|at| history[at].ended)
            .map(|(end, _)| end);
        let first_end = first_end.min().unwrap_or(u64::MAX);
        let ready: Vec<usize> = open().filter(|at| history[*at].begun < first_end).collect();
        ready.into_iter().any(|at| {
            let too_late = |call: &Call| history[at].gone.is_some_and(|gone| call.begun > gone);
            if (0..history.len()).any(|other| done[other] && too_late(&history[other])) {
                return false;
            }
            let (answer, after) = history[at].op.happen(&state);
            if history[at].ended.is_some_and(|(_, told)| told != answer) {
                return false;
            }
            done[at] = true;
            let found = go(history, done, after);
            done[at] = false;
            found
        })
    }
    go(history, &mut vec![false; history.len()], State::default())
}

/// A history as clients of a perfect store would see it.
fn perfect(random: &TestRandom, calls: usize, clients: usize, keys: usize) -> Vec<Call> {
    let mut state = State::default();
    let mut open: Vec<Call> = Vec::new();
    let mut history = Vec::new();
    let mut values = 0;
    for now in 0.. {
        let begins = open.len() < clients && history.len() + open.len() < calls;
        if begins && (open.is_empty() || random.below(2) == 0) {
            values += 1;
            open.push(Call {
                op: random_op(random, keys, values),
                begun: now,
                ended: None,
                gone: None,
            });
            continue;
        }
        if open.is_empty() {
            return history;
        }
        let at = random.below(open.len());
        match open[at].ended {
            // It has its effect, and is told later.
            None => {
                let (answer, after) = open[at].op.happen(&state);
                state = after;
                open[at].ended = Some((0, answer));
            }
            Some((_, answer)) => {
                let mut call = open.swap_remove(at);
                let told = random.below(30) > 0;
                call.ended = told.then_some((now, answer));
                call.gone = (!told && random.below(2) == 0).then_some(now);
                history.push(call);
            }
        }
    }
    unreachable!()
}

pub(crate) fn random_op(random: &TestRandom, keys: usize, value: u64) -> Op {
    let (key, to) = (random.below(keys), random.below(keys));
    let any_kind = || Kind::ALL[[0, 0, 1, 2, 3][random.below(5)]];
    let (with, kept) = (any_kind().key(), any_kind());
    let content = value;
    let value = kept_as(value, any_kind());
    match random.below(23) {
        0..4 => Op::Put { key, value },
        4..6 => Op::New { key, value },
        6..11 => Op::Get { key, with },
        11..13 => Op::Delete { key },
        13..16 => Op::Copy {
            from: key,
            with,
            to,
            kept,
        },
        16..17 => Op::CopyIf {
            from: key,
            with,
            value: 1 + random.below(usize::try_from(content).unwrap()) as u64,
            to,
            kept,
        },
        17..19 if key != to => Op::Move { from: key, to },
        19..20 => Op::DeleteIf {
            key,
            value: 1 + random.below(usize::try_from(content).unwrap()) as u64,
        },
        20..21 => Op::Tag {
            key,
            tag: u32::try_from(content).unwrap(),
        },
        21..22 => Op::Look { key, with },
        _ => Op::List,
    }
}

#[test]
fn small_histories_are_judged_as_by_every_order() {
    let random = TestRandom(AtomicU64::new(11));
    let (mut good, mut bad) = (0, 0);
    for _ in 0..3_000 {
        let mut history = perfect(&random, 7, 3, 2);
        if random.below(3) > 0 {
            // Something else is told than what happened.
            let at = random.below(history.len());
            let held = (random.below(3) > 0).then(|| 1 + random.below(7) as u64);
            if let Some((_, answer)) = &mut history[at].ended {
                *answer = match *answer {
                    Answer::Held(_) => Answer::Held(held),
                    Answer::Listed(mut state) => {
                        state[random.below(2)] = held;
                        Answer::Listed(state)
                    }
                    Answer::Done => Answer::Refused,
                    Answer::Refused => Answer::Done,
                };
            }
        }
        let wanted = by_every_order(&history);
        assert_eq!(check(&history).is_ok(), wanted, "{history:#?}");
        *(if wanted { &mut good } else { &mut bad }) += 1;
    }
    assert!(good > 500 && bad > 500, "{good} good, {bad} bad");
}

#[test]
fn long_good_histories_pass_and_mutated_ones_do_not() {
    let random = TestRandom(AtomicU64::new(12));
    let mut mutated = 0;
    for _ in 0..10 {
        let history = perfect(&random, 300, 8, KEYS_MAX);
        check(&history).unwrap_or_else(|bad| panic!("{bad:#?}"));
        for _ in 0..40 {
            let mut history = history.clone();
            let at = random.below(history.len());
            let (begun, op) = (history[at].begun, history[at].op);
            let Some((_, Answer::Held(Some(held)))) = history[at].ended else {
                continue;
            };
            // Of a value that is nobody's, or of one that is written after the answer.
            let end = history[at].ended.unwrap().0;
            let later = history.iter().find_map(|call| match call.op {
                Op::Put { value, .. } if call.begun > end => Some(value),
                _ => None,
            });
            let wrong = later.filter(|_| random.below(2) == 0).unwrap_or(1_000_000);
            if content_of(held) == 0 {
                // The answer to a tag that was set tells of no content.
                continue;
            }
            history[at].ended = Some((end, Answer::Held(Some(wrong))));
            assert!(
                check(&history).is_err(),
                "{begun}: {op:?} with {wrong}, not {held}"
            );
            mutated += 1;
        }
    }
    assert!(mutated > 30, "{mutated}");
}
