//! The program is killed at each record of its journal, exactly: before it, within it, and after it.

use super::{HALTED, Mover, NO_JOB, Things, cos, cuts, move_words, rename_words};

const OBJECTS: usize = 200;
/// Objects of the moves that are killed once.
const FEW: usize = 6;
/// Kills of one usual run of the test: one move of all objects, by copies, has about as many.
const KILLS: usize = 390;

#[test]
fn a_move_that_is_killed_at_each_step_of_its_journal_loses_nothing() {
    let mut mover = Mover::new(OBJECTS, 0);
    let mut wanted = mover.things();
    assert_eq!(wanted.len(), OBJECTS);
    let (mut kills, mut sides) = (0, ("p/", "q/"));
    while kills < cuts(KILLS) {
        kills += one_move(&mut mover, &wanted, sides);
        wanted = mover.assert_moved(&wanted, sides);
        sides = (sides.1, sides.0);
    }
    println!("survival result: exact steps: {kills} passed; 0 failed; 0 skipped");
}

/// Moves all, and is killed at each record on the way: how many there were.
fn one_move(mover: &mut Mover, wanted: &Things, sides: (&str, &str)) -> usize {
    let (source, target) = (cos(sides.0), cos(sides.1));
    let words = move_words(&source, &target);
    let code = mover.run(&words, Some("after:1"));
    assert_eq!(code, HALTED);
    let mut kills = 1;
    loop {
        assert_eq!(mover.steps(), kills, "each process adds one record");
        let when = format!("after {kills} kills");
        mover.assert_nothing_is_lost(wanted, sides, &when);
        if kills % 40 == 0 {
            mover.serve();
        }
        match mover.run(&["resume"], Some(&halts(1)[kills % 3])) {
            HALTED => kills += 1,
            // The last record was written, by a process that was killed or by one that was not.
            0 | NO_JOB => return kills,
            other => panic!("the exit code is {other} {when}"),
        }
    }
}

/// Ends when so many records are whole: before the next is written, when half of it is, or before
/// anybody hears of the last.
fn halts(records: usize) -> [String; 3] {
    let next = records + 1;
    [
        format!("before:{next}"),
        format!("torn:{next}"),
        format!("after:{records}"),
    ]
}

#[test]
fn a_move_that_is_killed_once_at_any_step_is_carried_on_by_one_resume() {
    let kills = killed_once(move_words, 3 * 2 * FEW);
    println!("survival result: single kills: {kills} passed; 0 failed; 0 skipped");
}

/// A rename leaves nothing half done, but its answer may be lost with the program.
#[test]
fn a_move_by_renames_that_is_killed_once_at_any_step_is_carried_on_by_one_resume() {
    let kills = killed_once(rename_words, 3 * FEW);
    println!("survival result: single kills of renames: {kills} passed; 0 failed; 0 skipped");
}

/// How often it was killed.
fn killed_once(words: for<'w> fn(&'w str, &'w str) -> Vec<&'w str>, least: usize) -> usize {
    let mut mover = Mover::new(FEW, 1);
    let mut wanted = mover.things();
    let (mut sides, mut kills) = (("p/", "q/"), 0);
    for records in 1.. {
        let mut halted = false;
        for halt in halts(records) {
            let (source, target) = (cos(sides.0), cos(sides.1));
            let words = words(&source, &target);
            let when = format!("by {halt}");
            match mover.run(&words, Some(&halt)) {
                HALTED => {
                    (kills, halted) = (kills + 1, true);
                    mover.assert_nothing_is_lost(&wanted, sides, &when);
                    let code = mover.run(&["resume"], None);
                    assert!(code == 0 || code == NO_JOB, "{code} {when}");
                }
                code => assert_eq!(code, 0, "{when}"),
            }
            wanted = mover.assert_moved(&wanted, sides);
            sides = (sides.1, sides.0);
        }
        if !halted {
            break;
        }
    }
    assert!(kills >= least, "{kills}");
    kills
}
